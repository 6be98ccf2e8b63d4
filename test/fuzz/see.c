/* SPDX-License-Identifier: MIT */
/*
 * Events of every kind in every order, made sense or not, into every view:
 * what comes out are whole lines, never wider than the terminal, without a
 * character that a terminal would obey (row 48), and JSON with its quotes and
 * brackets in pairs.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "see/comment.h"
#include "see/events.h"
#include "see/ladder.h"
#include "see/limits.h"
#include "see/text.h"

#define HOLDS(x) ((x) ? (void)0 : abort())
#define EVENT_OCTETS 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct input {
	const uint8_t *at, *end;
};

static uint8_t octet(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* Near to each other more often than not. */
static uint32_t word(struct input *in)
{
	uint8_t how = octet(in);
	uint32_t small = octet(in);

	if (how < 128)
		return small * 100;
	return (uint32_t)how << 24 | small << 13 | small;
}

static void is_clean(const char *text, size_t len)
{
	size_t octets;

	HOLDS(len > 0 && text[len - 1] == '\n');
	for (size_t i = 0; i + 1 < len; i += octets) {
		uint32_t c = text_char(text + i, &octets);

		HOLDS(c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0));
		HOLDS(c != 0xfffd || octets == 3);
	}
}

static void ladder_line(void *ctx, const char *text, size_t len)
{
	char line[4096];

	HOLDS(len < sizeof(line));
	is_clean(text, len);
	memcpy(line, text, len - 1);
	line[len - 1] = '\0';
	HOLDS(text_width(line) <= *(const unsigned *)ctx);
}

static void json_line(void *ctx, const char *text, size_t len)
{
	bool quoted = false;
	int depth = 0;

	(void)ctx;
	is_clean(text, len);
	for (size_t i = 0; i + 1 < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']'))
			depth--;
		HOLDS(depth >= 0);
	}
	HOLDS(!quoted && depth == 0);
}

static struct cn_endpoint place(unsigned n)
{
	return (struct cn_endpoint){
		.addr = cn_addr_v4(10, 0, 0, (uint8_t)(1 + (n & 1))),
		.port = (uint16_t)(80 + (n >> 1 & 1)),
	};
}

static void make(struct input *in, uint64_t now, struct cn_trace *t, int *host)
{
	uint8_t who = octet(in), what = octet(in), states = octet(in);

	memset(t, 0, sizeof(*t));
	*host = who & 1;
	t->at = now;
	t->kind = what % CN_TRACE_N;
	t->from = 1 + states % 11;
	t->to = 1 + states / 16 % 11;
	t->flags = octet(in);
	t->drop = (what & 64) ? octet(in) % CN_DROP_N : 0;
	t->why = states % CN_SEND_N;
	t->timer = states % CN_TIMER_N;
	t->recovery = (what >> 4) % CN_RECOVERY_N;
	t->retransmit = what & 128;
	t->seq = word(in);
	t->ack = word(in);
	t->len = word(in) % 65536;
	t->wnd = word(in) % (1u << 30);
	t->flight = word(in);
	t->cwnd = word(in);
	t->unsent = octet(in);
	t->snd_mss = 1460;
	t->sack_n = who >> 4 & 3;
	t->fastopen = who % CN_FASTOPEN_N;
	for (unsigned i = 0; i < t->sack_n; i++) {
		t->sack[i][0] = t->ack + i;
		t->sack[i][1] = t->seq;
	}
	t->err = states & 1 ? (int8_t) - (states % 47) : 0;
	t->rule = what & 32 ? "RFC 9293 section 3.10.7.4" : NULL;
	t->local = place(who >> 1);
	t->peer = place((who >> 1) ^ 1);
}

/* A packet that may be of the segment told last. */
static void pack(const struct cn_trace *t, struct cn_frame *frame)
{
	uint8_t *p = frame->header;

	memset(frame, 0, sizeof(*frame));
	frame->header_len = 40;
	p[0] = 0x45;
	p[3] = 40;
	p[8] = 64;
	p[9] = 6;
	memcpy(p + 12, t->local.addr.octet + 12, 4);
	memcpy(p + 16, t->peer.addr.octet + 12, 4);
	p[20] = (uint8_t)(t->local.port >> 8);
	p[21] = (uint8_t)t->local.port;
	p[22] = (uint8_t)(t->peer.port >> 8);
	p[23] = (uint8_t)t->peer.port;
	for (int i = 0; i < 4; i++)
		p[24 + i] = (uint8_t)(t->seq >> (24 - 8 * i));
	p[32] = 0x50;
	p[33] = t->flags;
}

/* What comes between the events of connections: a packet that is no TCP, a call
 * of a program, or an end for now. */
static void look_elsewhere(struct see_ladder *ladder, struct see_events *events,
			   struct cn_frame *frame, uint8_t how,
			   const char *text, uint64_t now)
{
	switch (how % 4) {
	case 0:
		see_ladder_flush(ladder);
		break;
	case 1:
		see_ladder_call(ladder, how / 4 % 2, text, now);
		break;
	default:
		frame->header[9] = how & 1 ? 17 : 1;
		see_ladder_packet(ladder, how / 4 % 3 - 1, how / 8 % 3 - 1,
				  frame, 0, how % CN_FATE_N, now);
		see_events_packet(events, how / 4 % 3 - 1, frame, 0,
				  how % CN_FATE_N, now);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, data + len};
	uint8_t how = octet(&in);
	unsigned width = 60 + how % 160;
	char name[3] = {(char)octet(&in), (char)octet(&in), '\0'};
	struct see_ladder_config look = {
		.width = width,
		.lang = how & 1 ? SEE_ZH : SEE_EN,
		.ascii = (how & 5) == 4,
		.name = {name, how & 2 ? name : NULL},
		.quiet_max = how & 3,
		.write = ladder_line,
		.ctx = &width,
	};
	struct see_events_config json = {
		.lang = how & 1 ? SEE_ZH : SEE_EN,
		.name = {name, "b"},
		.write = json_line,
	};
	struct see_ladder *ladder = see_ladder_new(&look);
	struct see_events *events = see_events_new(&json);
	struct see_comments *comments = see_comments_new(json.lang);
	struct see_limits *limits = see_limits_new();
	uint64_t now = 0;

	HOLDS(ladder && events && comments && limits);
	while (in.at + EVENT_OCTETS <= in.end) {
		struct cn_trace trace;
		struct cn_frame frame;
		char text[600];
		uint8_t fate;
		int host;

		now += octet(&in) * CN_NS_PER_US * 100;
		make(&in, now, &trace, &host);
		see_ladder_event(ladder, host, &trace);
		see_events_event(events, host, &trace);
		see_comments_event(comments, host, &trace);
		see_limits_event(limits, host, &trace);
		fate = octet(&in) % (2 * CN_FATE_N);
		pack(&trace, &frame);
		if (fate >= CN_FATE_N)
			look_elsewhere(ladder, events, &frame, fate, name, now);
		if (trace.kind != CN_TRACE_OUT || fate >= CN_FATE_N)
			continue;
		see_ladder_fate(ladder, &frame, fate, now);
		see_events_fate(events, &frame, fate, now);
		(void)see_comment(comments, &frame, fate, text, sizeof(text));
		HOLDS(strlen(text) < sizeof(text));
	}
	see_ladder_free(ladder);
	see_events_free(events);
	see_comments_free(comments);
	see_limits_free(limits);
	return 0;
}
