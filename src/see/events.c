/* SPDX-License-Identifier: MIT */
/* Events as JSON lines (RFC 8259). */
#include "see/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/glance.h"
#include "see/tale.h"
#include "see/text.h"
#include "wire/tcp_seg.h"

#define LINE_OCTETS 2048

struct see_events {
	struct see_events_config config;
	char name[2][32];
	struct see_conns conns;
	char line[LINE_OCTETS];
	size_t n;
};

/* ---------------------------------------------------------------- values -- */

static void put(struct see_events *e, const char *text)
{
	size_t len = strlen(text);

	if (e->n + len + 4 > sizeof(e->line))
		return;
	memcpy(e->line + e->n, text, len);
	e->n += len;
}

static void key(struct see_events *e, const char *name)
{
	if (e->line[e->n - 1] != '{')
		put(e, ", ");
	put(e, "\"");
	put(e, name);
	put(e, "\": ");
}

/* Quotes and backslashes; controls do not reach here (text_escape). */
static void put_string(struct see_events *e, const char *text)
{
	char one[2] = {0};

	put(e, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			put(e, "\\");
		one[0] = *text;
		put(e, one);
	}
	put(e, "\"");
}

static void string(struct see_events *e, const char *name, const char *text)
{
	key(e, name);
	put_string(e, text);
}

static void number(struct see_events *e, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	key(e, name);
	put(e, text);
}

static void flag(struct see_events *e, const char *name, bool value)
{
	key(e, name);
	put(e, value ? "true" : "false");
}

static void seconds(struct see_events *e, const char *name, uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 ".%09" PRIu64,
		 ns / CN_NS_PER_SEC, ns % CN_NS_PER_SEC);
	key(e, name);
	put(e, text);
}

static void endpoint(struct see_events *e, const char *name,
		     const struct cn_endpoint *at)
{
	char addr[CN_ADDR_TEXT], text[64];

	cn_addr_format(&at->addr, addr);
	snprintf(text, sizeof(text),
		 cn_addr_is_v4(&at->addr) ? "%s:%u" : "[%s]:%u", addr,
		 at->port);
	string(e, name, text);
}

static void flags(struct see_events *e, uint8_t set)
{
	static const char *const names[8] = {"FIN", "SYN", "RST", "PSH",
					     "ACK", "URG", "ECE", "CWR"};
	const char *comma = "";

	key(e, "flags");
	put(e, "[");
	for (int i = 0; i < 8; i++) {
		if (!(set & 1u << i))
			continue;
		put(e, comma);
		put_string(e, names[i]);
		comma = ", ";
	}
	put(e, "]");
}

static void begin(struct see_events *e)
{
	e->n = 0;
	put(e, "{");
}

static void end(struct see_events *e)
{
	e->line[e->n++] = '}';
	e->line[e->n++] = '\n';
	e->config.write(e->config.ctx, e->line, e->n);
}

/* ---------------------------------------------------------------- events -- */

static const char *state_name(uint8_t state)
{
	return cn_tcp_state_name((enum cn_tcp_state)state);
}

static const char *kind_name(uint8_t kind)
{
	static const char *const names[CN_TRACE_N] = {
#define CN_X(name, text) [CN_TRACE_##name] = text,
		CN_TRACES(CN_X)
#undef CN_X
	};

	return names[kind];
}

static const char *timer_name(uint8_t timer)
{
	static const char *const names[CN_TIMER_N] = {
#define CN_X(name, text) [CN_TIMER_##name] = text,
		CN_TIMERS(CN_X)
#undef CN_X
	};

	return names[timer];
}

static const char *why_name(uint8_t why)
{
	static const char *const names[CN_SEND_N] = {
#define CN_X(name, text) [CN_SEND_##name] = text,
		CN_SENDS(CN_X)
#undef CN_X
	};

	return names[why];
}

static const char *recovery_name(uint8_t recovery)
{
	static const char *const names[CN_RECOVERY_N] = {
#define CN_X(name, text) [CN_RECOVERY_##name] = text,
		CN_RECOVERIES(CN_X)
#undef CN_X
	};

	return names[recovery];
}

static void sack(struct see_events *e, const struct see_end *peer,
		 const struct cn_trace *t)
{
	char text[40];

	key(e, "sack");
	put(e, "[");
	for (unsigned i = 0; i < t->sack_n; i++) {
		snprintf(text, sizeof(text), "%s[%" PRIu32 ", %" PRIu32 "]",
			 i ? ", " : "", see_rel(peer, t->sack[i][0]),
			 see_rel(peer, t->sack[i][1]));
		put(e, text);
	}
	put(e, "]");
}

static void segment(struct see_events *e, const struct see_conn *conn,
		    unsigned local, const struct cn_trace *t)
{
	unsigned from = t->kind == CN_TRACE_OUT ? local : !local;
	const struct see_end *sender = &conn->end[from];
	const struct see_end *other = &conn->end[!from];

	flags(e, t->flags);
	number(e, "seq", t->flags & TCP_SYN ? 0 : see_rel(sender, t->seq));
	if (t->flags & TCP_ACK)
		number(e, "ack", see_rel(other, t->ack));
	number(e, "len", t->len);
	number(e, "win", t->wnd);
	if (t->mss)
		number(e, "mss", t->mss);
	if (t->seg_size)
		number(e, "seg_size", t->seg_size);
	if (t->sack_n)
		sack(e, other, t);
	if (t->kind == CN_TRACE_OUT) {
		string(e, "why", why_name(t->why));
		flag(e, "retransmit", t->retransmit);
	} else if (t->drop) {
		string(e, "drop", cn_drop_name((enum cn_drop)t->drop));
	}
}

/* Entries without a connection have none. */
static void situation(struct see_events *e, const struct cn_trace *t)
{
	if (!t->cwnd)
		return;
	number(e, "cwnd", t->cwnd);
	number(e, "ssthresh", t->ssthresh);
	number(e, "flight", t->flight);
	number(e, "snd_wnd", t->snd_wnd);
	number(e, "unsent", t->unsent);
	string(e, "recovery", recovery_name(t->recovery));
	if (t->srtt_ns)
		seconds(e, "srtt", t->srtt_ns);
	seconds(e, "rto", t->rto_ns);
}

static void body(struct see_events *e, const struct see_conn *conn,
		 unsigned local, const struct cn_trace *t)
{
	switch ((enum cn_trace_kind)t->kind) {
	case CN_TRACE_STATE:
		string(e, "from", state_name(t->from));
		string(e, "to", state_name(t->to));
		if (t->err)
			string(e, "err", cn_err_name(t->err));
		break;
	case CN_TRACE_IN:
		string(e, "from", state_name(t->from));
		string(e, "to", state_name(t->to));
		segment(e, conn, local, t);
		break;
	case CN_TRACE_OUT:
		string(e, "state", state_name(t->to));
		segment(e, conn, local, t);
		break;
	case CN_TRACE_TIMER:
		string(e, "state", state_name(t->to));
		string(e, "timer", timer_name(t->timer));
		break;
	case CN_TRACE_CC:
		string(e, "state", state_name(t->to));
		break;
	case CN_TRACE_WINDOW:
		string(e, "state", state_name(t->to));
		number(e, "win", t->wnd);
		break;
	case CN_TRACE_N:
		break;
	}
}

void see_events_event(struct see_events *e, int host, const struct cn_trace *t)
{
	unsigned local;
	struct see_conn *conn = see_conn_of(&e->conns, host, t, &local);
	struct see_tale tale;
	char text[SEE_SENTENCE_MAX];

	if (!conn)
		return;
	begin(e);
	seconds(e, "t", t->at - e->config.start);
	string(e, "host", e->name[host > 0]);
	string(e, "kind", kind_name(t->kind));
	number(e, "conn", conn->number);
	endpoint(e, "local", &t->local);
	endpoint(e, "peer", &t->peer);
	body(e, conn, local, t);
	situation(e, t);
	if (t->rule)
		string(e, "rule", t->rule);
	if (see_tell(conn, local, t, &tale)) {
		tale.rule = NULL;
		see_tale_text(e->config.lang, &tale, text, sizeof(text));
		string(e, "text", text);
	}
	end(e);
	see_conn_follow(conn, local, t);
}

void see_events_fate(struct see_events *e, const struct cn_frame *frame,
		     enum cn_fate fate, uint64_t now)
{
	static const char *const names[CN_FATE_N] = {
#define CN_X(name, text) [CN_FATE_##name] = #name,
		CN_FATES(CN_X)
#undef CN_X
	};
	struct cn_endpoint src, dst;
	struct see_conn *conn;
	struct glance glance;
	unsigned from;

	if (fate == CN_FATE_SENT)
		return;
	glance_at(&glance, frame);
	if (!glance_is_tcp(&glance))
		return;
	src.addr = glance_src(&glance);
	src.port = glance.src_port;
	dst.addr = glance_dst(&glance);
	dst.port = glance.dst_port;
	conn = see_conn_find(&e->conns, &src, &dst, &from);
	if (!conn)
		return;
	begin(e);
	seconds(e, "t", now - e->config.start);
	string(e, "host", "path");
	string(e, "kind", "fate");
	number(e, "conn", conn->number);
	endpoint(e, "local", &src);
	endpoint(e, "peer", &dst);
	string(e, "fate", names[fate]);
	number(e, "seq", see_rel(&conn->end[from], glance.seq));
	number(e, "len", glance.data_len);
	end(e);
}

struct see_events *see_events_new(const struct see_events_config *config)
{
	struct see_events *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->config = *config;
	see_conns_init(&e->conns);
	for (int i = 0; i < 2; i++)
		text_escape(config->name[i], e->name[i], sizeof(e->name[i]));
	begin(e);
	string(e, "kind", "begin");
	number(e, "version", SEE_EVENTS_VERSION);
	key(e, "hosts");
	put(e, "[");
	put_string(e, e->name[0]);
	put(e, ", ");
	put_string(e, e->name[1]);
	put(e, "]");
	end(e);
	return e;
}

void see_events_free(struct see_events *e)
{
	if (!e)
		return;
	see_conns_deinit(&e->conns);
	free(e);
}
