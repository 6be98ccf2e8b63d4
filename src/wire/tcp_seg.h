/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.1: the TCP header, its options (RFC 7323, 2018, 9768),
 * and the segment as the rooms above see it, in host byte order.
 */
#ifndef WIRE_TCP_SEG_H
#define WIRE_TCP_SEG_H

#include <catenet/frame.h>

#define TCP_HEADER_LEN 20
#define TCP_OPTIONS_MAX 40

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

enum tcp_opt {
	TCP_OPT_MSS = 1 << 0,
	TCP_OPT_WSCALE = 1 << 1,
	TCP_OPT_SACK_OK = 1 << 2,
	TCP_OPT_TS = 1 << 3,
	TCP_OPT_SACK = 1 << 4,
	TCP_OPT_FASTOPEN = 1 << 5,
	TCP_OPT_ACCECN = 1 << 6,
};

struct tcp_block {
	uint32_t left, right; /* right: first octet not in the block */
};

#define TCP_SACK_MAX 4
/* RFC 7413 section 4.1.1: a cookie has 4 to 16 octets, an even number. */
#define TCP_FAST_COOKIE_MIN 4
#define TCP_FAST_COOKIE_MAX 16

/* RFC 9768 section 3.2.3: the option has up to three counters of 24 bits. */
#define TCP_ACCECN_FIELDS 3
#define TCP_ACCECN_FIELD_MASK 0xffffffu

/*
 * One segment.  len is SEG.LEN: data plus one for each of SYN and FIN.
 * A super-segment has seg_size > 0: on the way out the link cuts data_len
 * into packets of seg_size (FIN and PSH go on the last only); on the way in
 * it tells how many packets were joined.
 */
struct tcp_seg {
	uint32_t seq, ack;
	uint32_t len;
	uint32_t data_len;
	uint32_t tsval, tsecr;
	uint16_t wnd; /* the raw field */
	uint16_t up; /* the urgent pointer field */
	uint16_t mss;
	uint16_t seg_size;
	uint8_t flags; /* enum tcp_flag */
	uint8_t options; /* enum tcp_opt: which of the below are present */
	uint8_t wscale;
	uint8_t sack_n;
	uint8_t slice_n;
	uint8_t tos; /* in: as received; out: what to send */
	uint8_t fastopen_len; /* of the cookie; 0: one is asked for */
	bool fastopen_exp; /* by the experimental option of RFC 6994 */
	bool ae; /* the flag above CWR (RFC 9768) */
	uint8_t accecn_n; /* fields of the AccECN option */
	bool accecn_order; /* order 1, not 0 */
	uint32_t accecn[TCP_ACCECN_FIELDS]; /* as they follow each other */
	bool is_shared; /* in: the sender keeps the buffers of the data too */
	const uint8_t *fastopen; /* borrowed: in, of the header; out, of the
				    caller's */
	struct tcp_block sack[TCP_SACK_MAX];
	struct cn_slice slice[CN_SLICES_MAX]; /* the data */
};

/* RFC 9768 section 3.2.2: AE, CWR and ECE as one number of three bits. */
static inline unsigned tcp_ace(const struct tcp_seg *seg)
{
	return (unsigned)seg->ae << 2 | seg->flags >> 6;
}

static inline void tcp_set_ace(struct tcp_seg *seg, unsigned ace)
{
	seg->ae = ace >> 2 & 1;
	seg->flags = (uint8_t)((seg->flags & 0x3f) | (ace & 3) << 6);
}

struct tcp_ports {
	uint16_t src, dst;
};

/*
 * Reads header and options from the len octets at p (header and data).  Fills
 * all but slices, seg_size and is_shared; *data_off is where the data begins.  Does not
 * verify the checksum.  Options: unknown kinds are skipped by their length
 * (MUST-6), a bad length ends the reading and keeps what came before
 * (MUST-7), the first of duplicates counts; MSS, window scale,
 * SACK-permitted and Fast Open are taken from SYN segments only, AccECN from
 * all but first SYNs.
 */
enum cn_drop tcp_parse(const uint8_t *p, size_t len, struct tcp_ports *ports,
		       struct tcp_seg *seg, uint32_t *data_off) CN_MUST_CHECK;

/* Octets that the header of seg takes, options included (multiple of 4). */
size_t tcp_header_len(const struct tcp_seg *seg);

/*
 * Writes the header with a zero checksum; returns its length.  Order of
 * options as Linux: MSS, SACK-permitted with timestamps, window scale, Fast
 * Open; then AccECN; padding is NOP and zero (MUST-69).
 */
size_t tcp_emit_header(uint8_t *p, const struct tcp_ports *ports,
		       const struct tcp_seg *seg);

/* Octets that an AccECN option with n fields takes, padding included. */
static inline unsigned tcp_accecn_len(unsigned n)
{
	return (2 + 3 * n + 3) & ~3u;
}

/* tcp_header_len of the options alone: what timestamps and SACK cost. */
size_t tcp_options_len(const struct tcp_seg *seg);

#endif
