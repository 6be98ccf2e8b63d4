/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.1 and 3.2: the TCP header; options of RFC 7323 and 2018.
 * The reader never looks past the data offset and always moves forward; what
 * is wrong in the options costs the sender his options, not us.
 */
#include "wire/tcp_seg.h"

#include <string.h>

#include "base/assert.h"
#include "wire/octets.h"

/* RFC 7413 appendix: Fast Open before it had an option of its own. */
#define FASTOPEN_MAGIC 0xf989

enum {
	KIND_END = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_OK = 4,
	KIND_SACK = 5,
	KIND_TS = 8,
	KIND_FASTOPEN = 34,
	KIND_ACCECN0 = 172,
	KIND_ACCECN1 = 174,
	KIND_EXPERIMENT = 254, /* RFC 6994: two octets say whose */
};

enum {
	LEN_MSS = 4,
	LEN_WSCALE = 3,
	LEN_SACK_OK = 2,
	LEN_TS = 10,
	LEN_BLOCK = 8,
	LEN_COUNTER = 3, /* of AccECN */
};

#define WSCALE_MAX 14

static void parse_mss(struct tcp_seg *seg, const uint8_t *p, unsigned len)
{
	/* An MSS of 0 says nothing; the default applies as if absent. */
	if (len != LEN_MSS || !(seg->flags & TCP_SYN) || get16(p + 2) == 0 ||
	    seg->options & TCP_OPT_MSS)
		return;
	seg->options |= TCP_OPT_MSS;
	seg->mss = get16(p + 2);
}

/* RFC 7323 section 2.3: a shift count above 14 is used as 14. */
static void parse_wscale(struct tcp_seg *seg, const uint8_t *p, unsigned len)
{
	if (len != LEN_WSCALE || !(seg->flags & TCP_SYN) ||
	    seg->options & TCP_OPT_WSCALE)
		return;
	seg->options |= TCP_OPT_WSCALE;
	seg->wscale = p[2] > WSCALE_MAX ? WSCALE_MAX : p[2];
}

static void parse_ts(struct tcp_seg *seg, const uint8_t *p, unsigned len)
{
	if (len != LEN_TS || seg->options & TCP_OPT_TS)
		return;
	seg->options |= TCP_OPT_TS;
	seg->tsval = get32(p + 2);
	seg->tsecr = get32(p + 6);
}

static void parse_sack(struct tcp_seg *seg, const uint8_t *p, unsigned len)
{
	unsigned n = (len - 2) / LEN_BLOCK;

	if (n == 0 || n > TCP_SACK_MAX || len != 2 + n * LEN_BLOCK ||
	    seg->options & TCP_OPT_SACK)
		return;
	seg->options |= TCP_OPT_SACK;
	seg->sack_n = (uint8_t)n;
	for (unsigned i = 0; i < n; i++) {
		seg->sack[i].left = get32(p + 2 + LEN_BLOCK * i);
		seg->sack[i].right = get32(p + 6 + LEN_BLOCK * i);
	}
}

/* RFC 7413 section 4.1.1; a length that no cookie has is no option. */
static void parse_fastopen(struct tcp_seg *seg, const uint8_t *p, unsigned len,
			   unsigned head)
{
	unsigned cookie = len - head;

	if (!(seg->flags & TCP_SYN) || seg->options & TCP_OPT_FASTOPEN ||
	    cookie & 1 || cookie > TCP_FAST_COOKIE_MAX ||
	    (cookie && cookie < TCP_FAST_COOKIE_MIN))
		return;
	seg->options |= TCP_OPT_FASTOPEN;
	seg->fastopen_len = (uint8_t)cookie;
	seg->fastopen = p + head;
	seg->fastopen_exp = head != 2;
}

/*
 * RFC 9768 section 3.2.3: of any length as many whole fields as there are, the
 * rest is padding; on a first SYN it is ignored (section 3.2.3.2.1).
 */
static void parse_accecn(struct tcp_seg *seg, const uint8_t *p, unsigned len)
{
	unsigned n = (len - 2) / LEN_COUNTER;

	if ((seg->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN ||
	    seg->options & TCP_OPT_ACCECN)
		return;
	if (n > TCP_ACCECN_FIELDS)
		n = TCP_ACCECN_FIELDS;
	seg->options |= TCP_OPT_ACCECN;
	seg->accecn_n = (uint8_t)n;
	seg->accecn_order = p[0] == KIND_ACCECN1;
	for (unsigned i = 0; i < n; i++)
		seg->accecn[i] = get24(p + 2 + LEN_COUNTER * i);
}

/* One option of len octets, all there. */
static void parse_option(struct tcp_seg *seg, const uint8_t *p, unsigned len)
{
	switch (p[0]) {
	case KIND_MSS:
		parse_mss(seg, p, len);
		break;
	case KIND_WSCALE:
		parse_wscale(seg, p, len);
		break;
	case KIND_SACK_OK:
		if (len == LEN_SACK_OK && seg->flags & TCP_SYN)
			seg->options |= TCP_OPT_SACK_OK;
		break;
	case KIND_SACK:
		parse_sack(seg, p, len);
		break;
	case KIND_TS:
		parse_ts(seg, p, len);
		break;
	case KIND_FASTOPEN:
		parse_fastopen(seg, p, len, 2);
		break;
	case KIND_ACCECN0:
	case KIND_ACCECN1:
		parse_accecn(seg, p, len);
		break;
	case KIND_EXPERIMENT:
		if (len >= 4 && get16(p + 2) == FASTOPEN_MAGIC)
			parse_fastopen(seg, p, len, 4);
		break;
	default: /* MUST-6: unknown, skipped */
		break;
	}
}

/*
 * MUST-4, MUST-5, MUST-64: options begin at any octet.  MUST-7: a length below 2 or
 * past the header ends the reading.
 */
static void parse_options(struct tcp_seg *seg, const uint8_t *p, size_t len)
{
	while (len > 0 && p[0] != KIND_END) {
		size_t option_len = 1;

		if (p[0] != KIND_NOP) {
			/* MUST-68: all others carry a length. */
			if (len < 2 || p[1] < 2 || p[1] > len)
				return;
			option_len = p[1];
			parse_option(seg, p, p[1]);
		}
		p += option_len;
		len -= option_len;
	}
}

enum cn_drop tcp_parse(const uint8_t *p, size_t len, struct tcp_ports *ports,
		       struct tcp_seg *seg, uint32_t *data_off)
{
	size_t header_len;

	if (len < TCP_HEADER_LEN)
		return CN_DROP_TCP_TRUNCATED;
	header_len = (size_t)(p[12] >> 4) * 4;
	if (header_len < TCP_HEADER_LEN)
		return CN_DROP_TCP_HEADER;
	if (header_len > len)
		return CN_DROP_TCP_TRUNCATED;
	ports->src = get16(p);
	ports->dst = get16(p + 2);
	seg->seq = get32(p + 4);
	seg->ack = get32(p + 8);
	seg->flags = p[13];
	seg->ae = p[12] & 1;
	seg->wnd = get16(p + 14);
	seg->up = get16(p + 18);
	seg->data_len = (uint32_t)(len - header_len);
	seg->len = seg->data_len + !!(seg->flags & TCP_SYN) +
		   !!(seg->flags & TCP_FIN);
	seg->options = 0;
	seg->mss = 0;
	seg->wscale = 0;
	seg->tsval = 0;
	seg->tsecr = 0;
	seg->sack_n = 0;
	seg->fastopen_len = 0;
	seg->fastopen_exp = false;
	seg->fastopen = NULL;
	seg->accecn_n = 0;
	seg->accecn_order = false;
	*data_off = (uint32_t)header_len;
	parse_options(seg, p + TCP_HEADER_LEN, header_len - TCP_HEADER_LEN);
	return CN_DROP_NONE;
}

static unsigned fastopen_head(const struct tcp_seg *seg)
{
	return seg->fastopen_exp ? 4 : 2;
}

/* What all options but SACK take, each padded to a multiple of 4. */
static size_t fixed_options_len(const struct tcp_seg *seg)
{
	size_t len = 0;

	if (seg->options & TCP_OPT_MSS)
		len += LEN_MSS;
	if (seg->options & TCP_OPT_TS)
		len += 2 + LEN_TS;
	else if (seg->options & TCP_OPT_SACK_OK)
		len += 2 + LEN_SACK_OK;
	if (seg->options & TCP_OPT_WSCALE)
		len += 1 + LEN_WSCALE;
	if (seg->options & TCP_OPT_FASTOPEN)
		len += (fastopen_head(seg) + seg->fastopen_len + 3) & ~3u;
	if (seg->options & TCP_OPT_ACCECN)
		len += tcp_accecn_len(seg->accecn_n);
	return len;
}

/* As many SACK blocks as there is room for: three beside timestamps. */
static unsigned sack_blocks(const struct tcp_seg *seg)
{
	size_t room = TCP_OPTIONS_MAX - fixed_options_len(seg);
	unsigned n = seg->options & TCP_OPT_SACK ? seg->sack_n : 0;

	while (n > 0 && 4 + n * LEN_BLOCK > room)
		n--;
	return n;
}

size_t tcp_options_len(const struct tcp_seg *seg)
{
	unsigned n = sack_blocks(seg);

	return fixed_options_len(seg) + (n ? 4 + n * LEN_BLOCK : 0);
}

size_t tcp_header_len(const struct tcp_seg *seg)
{
	return TCP_HEADER_LEN + tcp_options_len(seg);
}

static uint8_t *put_kind(uint8_t *p, uint8_t kind, uint8_t len)
{
	p[0] = kind;
	p[1] = len;
	return p + 2;
}

/* Timestamps and SACK-permitted share one group of 12 octets. */
static uint8_t *put_ts(uint8_t *p, const struct tcp_seg *seg)
{
	if (seg->options & TCP_OPT_SACK_OK)
		p = put_kind(p, KIND_SACK_OK, LEN_SACK_OK);
	else
		p = put_kind(p, KIND_NOP, KIND_NOP);
	p = put_kind(p, KIND_TS, LEN_TS);
	put32(p, seg->tsval);
	put32(p + 4, seg->tsecr);
	return p + 8;
}

static uint8_t *put_sack(uint8_t *p, const struct tcp_seg *seg)
{
	unsigned n = sack_blocks(seg);

	if (n == 0)
		return p;
	p = put_kind(p, KIND_NOP, KIND_NOP);
	p = put_kind(p, KIND_SACK, (uint8_t)(2 + n * LEN_BLOCK));
	for (unsigned i = 0; i < n; i++, p += LEN_BLOCK) {
		put32(p, seg->sack[i].left);
		put32(p + 4, seg->sack[i].right);
	}
	return p;
}

static uint8_t *put_fastopen(uint8_t *p, const struct tcp_seg *seg)
{
	unsigned len = seg->fastopen_len, head = fastopen_head(seg);

	CN_ASSERT(len <= TCP_FAST_COOKIE_MAX && !(len & 1));
	p = put_kind(p, seg->fastopen_exp ? KIND_EXPERIMENT : KIND_FASTOPEN,
		     (uint8_t)(head + len));
	if (seg->fastopen_exp) {
		put16(p, FASTOPEN_MAGIC);
		p += 2;
	}
	if (len)
		memcpy(p, seg->fastopen, len);
	p += len;
	return (head + len) & 2 ? put_kind(p, KIND_NOP, KIND_NOP) : p;
}

static uint8_t *put_accecn(uint8_t *p, const struct tcp_seg *seg)
{
	unsigned len = 2 + LEN_COUNTER * seg->accecn_n;
	unsigned pad = tcp_accecn_len(seg->accecn_n) - len;

	CN_ASSERT(seg->accecn_n <= TCP_ACCECN_FIELDS);
	while (pad--)
		*p++ = KIND_NOP;
	p = put_kind(p, seg->accecn_order ? KIND_ACCECN1 : KIND_ACCECN0,
		     (uint8_t)len);
	for (unsigned i = 0; i < seg->accecn_n; i++, p += LEN_COUNTER)
		put24(p, seg->accecn[i]);
	return p;
}

static uint8_t *put_options(uint8_t *p, const struct tcp_seg *seg)
{
	if (seg->options & TCP_OPT_MSS) {
		p = put_kind(p, KIND_MSS, LEN_MSS);
		put16(p, seg->mss);
		p += 2;
	}
	if (seg->options & TCP_OPT_TS) {
		p = put_ts(p, seg);
	} else if (seg->options & TCP_OPT_SACK_OK) {
		p = put_kind(p, KIND_NOP, KIND_NOP);
		p = put_kind(p, KIND_SACK_OK, LEN_SACK_OK);
	}
	if (seg->options & TCP_OPT_WSCALE) {
		p = put_kind(p, KIND_NOP, KIND_WSCALE);
		p[0] = LEN_WSCALE;
		p[1] = seg->wscale;
		p += 2;
	}
	if (seg->options & TCP_OPT_FASTOPEN)
		p = put_fastopen(p, seg);
	if (seg->options & TCP_OPT_ACCECN)
		p = put_accecn(p, seg);
	return put_sack(p, seg);
}

size_t tcp_emit_header(uint8_t *p, const struct tcp_ports *ports,
		       const struct tcp_seg *seg)
{
	size_t len = tcp_header_len(seg);

	CN_ASSERT(seg->sack_n <= TCP_SACK_MAX);
	put16(p, ports->src);
	put16(p + 2, ports->dst);
	put32(p + 4, seg->seq);
	put32(p + 8, seg->ack);
	p[12] = (uint8_t)(len / 4 << 4 | seg->ae);
	p[13] = seg->flags;
	put16(p + 14, seg->wnd);
	put16(p + 16, 0);
	put16(p + 18, seg->up);
	CN_ASSERT(put_options(p + TCP_HEADER_LEN, seg) == p + len);
	return len;
}
