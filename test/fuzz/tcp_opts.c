/* SPDX-License-Identifier: MIT */
/*
 * attacks.md row 34: TCP headers and options.  The first octet is the flags;
 * the rest is read as a whole segment, and its first 40 octets again as the
 * options of a segment.  Holds: the data begins within the segment; options
 * that count on SYN segments only are on no other; what was read comes back
 * from emit.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/tcp_seg.h"

#define HOLDS(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void same_options(const struct tcp_seg *a, const struct tcp_seg *b)
{
	HOLDS(a->options == b->options && a->sack_n == b->sack_n);
	HOLDS(a->mss == b->mss && a->wscale == b->wscale);
	HOLDS(a->tsval == b->tsval && a->tsecr == b->tsecr);
	HOLDS(!memcmp(a->sack, b->sack, a->sack_n * sizeof(a->sack[0])));
}

static void check(const struct tcp_ports *ports, struct tcp_seg *seg)
{
	uint8_t octet[TCP_HEADER_LEN + TCP_OPTIONS_MAX];
	size_t len = tcp_header_len(seg);
	struct tcp_ports ports_back;
	struct tcp_seg back;
	uint32_t data_off;

	if (!(seg->flags & TCP_SYN))
		HOLDS(!(seg->options &
			(TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK)));
	HOLDS(seg->sack_n <= TCP_SACK_MAX);
	HOLDS((seg->sack_n > 0) == !!(seg->options & TCP_OPT_SACK));
	HOLDS((seg->mss > 0) == !!(seg->options & TCP_OPT_MSS));
	HOLDS(seg->wscale <= 14);
	HOLDS(len <= sizeof(octet) && len % 4 == 0);
	HOLDS(tcp_options_len(seg) == len - TCP_HEADER_LEN);
	HOLDS(tcp_emit_header(octet, ports, seg) == len);
	HOLDS(!tcp_parse(octet, len, &ports_back, &back, &data_off));
	HOLDS(data_off == len && back.data_len == 0);
	HOLDS(ports->src == ports_back.src && ports->dst == ports_back.dst);
	HOLDS(seg->seq == back.seq && seg->ack == back.ack);
	HOLDS(seg->flags == back.flags && seg->wnd == back.wnd);
	HOLDS(seg->up == back.up);
	/* Padding may cost a block that was there unpadded. */
	if (back.sack_n < seg->sack_n) {
		seg->sack_n = back.sack_n;
		if (!back.sack_n)
			seg->options &= (uint8_t)~TCP_OPT_SACK;
	}
	same_options(seg, &back);
}

static void segment(const uint8_t *p, size_t len)
{
	struct tcp_ports ports;
	struct tcp_seg seg;
	uint32_t data_off;

	if (tcp_parse(p, len, &ports, &seg, &data_off))
		return;
	HOLDS(data_off >= TCP_HEADER_LEN && data_off <= len);
	HOLDS(data_off + seg.data_len == len);
	check(&ports, &seg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t header[TCP_HEADER_LEN] = {0};
	size_t header_len;
	uint8_t *p;

	if (len < 1)
		return 0;
	segment(data + 1, len - 1);
	header[13] = data[0];
	len = len - 1 > TCP_OPTIONS_MAX ? TCP_OPTIONS_MAX : len - 1;
	len -= len % 4;
	header_len = TCP_HEADER_LEN + len;
	header[12] = (uint8_t)(header_len / 4 << 4);
	p = malloc(header_len);
	HOLDS(p);
	memcpy(p, header, TCP_HEADER_LEN);
	memcpy(p + TCP_HEADER_LEN, data + 1, len);
	segment(p, header_len);
	free(p);
	return 0;
}
