/* SPDX-License-Identifier: MIT */
/*
 * catenet/frame.h - addresses, endpoints and the frame that passes between a
 * host and a link.
 *
 * A frame is a header block, borrowed slices of payload, and offload facts.
 * No octet of payload is copied to make one.
 */
#ifndef CATENET_FRAME_H
#define CATENET_FRAME_H

#include <catenet/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An IPv6 address, or an IPv4 address mapped as ::ffff:a.b.c.d. */
struct cn_addr {
	uint8_t octet[16];
};

/* Port in host byte order. */
struct cn_endpoint {
	struct cn_addr addr;
	uint16_t port;
};

CN_API struct cn_addr cn_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
CN_API bool cn_addr_is_v4(const struct cn_addr *addr);
/* 0.0.0.0 or :: */
CN_API bool cn_addr_is_any(const struct cn_addr *addr);
/* 127/8 or ::1 */
CN_API bool cn_addr_is_loopback(const struct cn_addr *addr);
/* 224/4 or ff00::/8 */
CN_API bool cn_addr_is_multicast(const struct cn_addr *addr);
CN_API bool cn_addr_equal(const struct cn_addr *a, const struct cn_addr *b);
/* Reads "10.0.0.1" or "fd00::1"; false, and *addr untouched, when it is no
 * address.  The text ends at its NUL. */
CN_API bool cn_addr_parse(const char *text, struct cn_addr *addr);
/* Writes the usual text (RFC 5952) and its NUL; returns its length. */
#define CN_ADDR_TEXT 46
CN_API size_t cn_addr_format(const struct cn_addr *addr,
			     char text[CN_ADDR_TEXT]);

/* Octets of an Ethernet address. */
#define CN_MAC_LEN 6

/* A piece of payload inside a buffer.  buf may be NULL for octets that the
 * caller guarantees for the length of the call. */
struct cn_slice {
	struct cn_buf *buf;
	const uint8_t *data;
	uint32_t len;
};

/* Room for IPv6 with one extension header and TCP with 40 octets of options. */
#define CN_HEADER_MAX 128
#define CN_SLICES_MAX 20

/* What is known of the transport checksum. */
enum cn_csum {
	CN_CSUM_NONE, /* out: complete in the frame; in: must be verified */
	CN_CSUM_PARTIAL, /* the field holds the pseudo-header's sum; the device
			    completes it from csum_start to the end */
	CN_CSUM_VALID, /* in: the link vouches for it */
};

/*
 * One IP packet (on a link of kind Ethernet: an Ethernet frame), or one
 * super-segment: TCP octets that stand for several packets of seg_size
 * payload octets each.  On the way in the whole packet may be in one slice
 * with header_len 0.
 *
 * A frame owns one reference to the buf of each slice: whoever takes the
 * frame releases it with cn_frame_release.
 */
struct cn_frame {
	uint8_t header[CN_HEADER_MAX];
	uint16_t header_len;
	uint16_t seg_size; /* 0: a single packet */
	uint8_t csum; /* enum cn_csum */
	uint8_t slice_n;
	uint16_t csum_start; /* from the first octet of the packet */
	uint16_t csum_offset; /* of the field, from csum_start */
	uint32_t payload_len; /* sum of the slices */
	struct cn_slice slice[CN_SLICES_MAX];
};

/* Octets of the whole packet. */
static inline uint32_t cn_frame_len(const struct cn_frame *frame)
{
	return frame->header_len + frame->payload_len;
}

/* Drops the references; the frame is empty afterwards. */
CN_API void cn_frame_release(struct cn_frame *frame);
/* Gathers len octets from offset off of the packet into out; returns how many
 * there were. */
CN_API uint32_t cn_frame_copy(const struct cn_frame *frame, uint32_t off,
			      void *out, uint32_t len);

/* Whoever looks at frames that pass: the frame is not to be kept. */
struct cn_frame_sink {
	void (*frame)(void *ctx, int link, const struct cn_frame *frame,
		      uint64_t now);
	void *ctx;
};

#ifdef __cplusplus
}
#endif

#endif
