/* SPDX-License-Identifier: MIT */
/* Events as JSON lines (RFC 8259). */
#include "see/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "see/dgram.h"
#include "see/json.h"
#include "see/packet.h"
#include "see/tale.h"
#include "see/text.h"
#include "wire/ip.h"
#include "wire/tcp_seg.h"

struct see_events {
	struct see_events_config config;
	char name[2][32];
	struct see_conns conns;
	struct json json;
};

/* ---------------------------------------------------------------- values -- */

static void endpoint(struct json *json, const char *name,
		     const struct cn_endpoint *at)
{
	char addr[CN_ADDR_TEXT], text[64];

	cn_addr_format(&at->addr, addr);
	snprintf(text, sizeof(text),
		 cn_addr_is_v4(&at->addr) ? "%s:%u" : "[%s]:%u", addr,
		 at->port);
	json_string(json, name, text);
}

static void flags(struct json *json, unsigned set)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK",
					    "URG", "ECE", "CWR", "AE"};
	const char *comma = "";

	json_key(json, "flags");
	json_put(json, "[");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(set & 1u << i))
			continue;
		json_put(json, comma);
		json_put_string(json, names[i]);
		comma = ", ";
	}
	json_put(json, "]");
}

static void end(struct see_events *e)
{
	json_end(&e->json);
	e->config.write(e->config.ctx, e->json.line, e->json.n);
}

/* ---------------------------------------------------------------- events -- */

static const char *state_name(uint8_t state)
{
	return cn_tcp_state_name((enum cn_tcp_state)state);
}

/* Enumerations and their texts come from one list, in one order. */
#define TEXT_X(name, text) text,
static const char *const kind_name[] = {CN_TRACES(TEXT_X)};
static const char *const timer_name[] = {CN_TIMERS(TEXT_X)};
static const char *const undo_name[] = {CN_UNDOS(TEXT_X)};
static const char *const bbr_name[] = {CN_BBRS(TEXT_X)};
static const char *const why_name[] = {CN_SENDS(TEXT_X)};
static const char *const fastopen_name[] = {CN_FASTOPENS(TEXT_X)};
static const char *const recovery_name[] = {CN_RECOVERIES(TEXT_X)};
static const char *const dgram_name[] = {CN_DGRAM_TRACES(TEXT_X)};
#undef TEXT_X

static void sack(struct json *json, const struct see_end *peer,
		 const struct cn_trace *t)
{
	char text[40];

	json_key(json, "sack");
	json_put(json, "[");
	for (unsigned i = 0; i < t->sack_n; i++) {
		snprintf(text, sizeof(text), "%s[%" PRIu32 ", %" PRIu32 "]",
			 i ? ", " : "", see_rel(peer, t->sack[i][0]),
			 see_rel(peer, t->sack[i][1]));
		json_put(json, text);
	}
	json_put(json, "]");
}

static void segment(struct json *json, const struct see_conn *conn,
		    unsigned local, const struct cn_trace *t)
{
	unsigned from = t->kind == CN_TRACE_OUT ? local : !local;
	const struct see_end *sender = &conn->end[from];
	const struct see_end *other = &conn->end[!from];

	flags(json, see_flags(t) | (unsigned)t->ae << 8);
	json_number(json, "seq",
		    t->flags & TCP_SYN ? 0 : see_rel(sender, t->seq));
	if (t->flags & TCP_ACK)
		json_number(json, "ack", see_rel(other, t->ack));
	json_number(json, "len", t->len);
	json_number(json, "win", t->wnd);
	if (t->has_ace)
		json_number(json, "ace", t->ace);
	if (t->mss)
		json_number(json, "mss", t->mss);
	if (t->fastopen)
		json_string(json, "fastopen", fastopen_name[t->fastopen]);
	if (t->seg_size)
		json_number(json, "seg_size", t->seg_size);
	if (t->sack_n)
		sack(json, other, t);
	if (t->kind == CN_TRACE_OUT) {
		json_string(json, "why", why_name[t->why]);
		json_bool(json, "retransmit", t->retransmit);
	} else if (t->drop) {
		json_string(json, "drop", cn_drop_name((enum cn_drop)t->drop));
	}
}

/* Entries without a connection have none. */
static void situation(struct json *json, const struct cn_trace *t)
{
	if (!t->cwnd)
		return;
	json_number(json, "cwnd", t->cwnd);
	json_number(json, "ssthresh", t->ssthresh);
	json_number(json, "flight", t->flight);
	json_number(json, "snd_wnd", t->snd_wnd);
	json_number(json, "unsent", t->unsent);
	json_string(json, "recovery", recovery_name[t->recovery]);
	if (t->srtt_ns)
		json_seconds(json, "srtt", t->srtt_ns);
	json_seconds(json, "rto", t->rto_ns);
}

static void body(struct json *json, const struct see_conn *conn, unsigned local,
		 const struct cn_trace *t)
{
	switch ((enum cn_trace_kind)t->kind) {
	case CN_TRACE_STATE:
		json_string(json, "from", state_name(t->from));
		json_string(json, "to", state_name(t->to));
		if (t->err)
			json_string(json, "err", cn_err_name(t->err));
		break;
	case CN_TRACE_IN:
		json_string(json, "from", state_name(t->from));
		json_string(json, "to", state_name(t->to));
		segment(json, conn, local, t);
		break;
	case CN_TRACE_OUT:
		json_string(json, "state", state_name(t->to));
		segment(json, conn, local, t);
		break;
	case CN_TRACE_TIMER:
		json_string(json, "state", state_name(t->to));
		json_string(json, "timer", timer_name[t->timer]);
		break;
	case CN_TRACE_CC:
		json_string(json, "state", state_name(t->to));
		if (t->undo)
			json_string(json, "undo", undo_name[t->undo]);
		if (t->bbr)
			json_string(json, "bbr", bbr_name[t->bbr]);
		break;
	case CN_TRACE_WINDOW:
		json_string(json, "state", state_name(t->to));
		json_number(json, "win", t->wnd);
		break;
	case CN_TRACE_MTU:
		json_string(json, "state", state_name(t->to));
		json_number(json, "mss", t->mss);
		break;
	case CN_TRACE_N:
		break;
	}
}

static const char *host_name(const struct see_events *e, int host)
{
	if (host >= 0 && (unsigned)host < e->config.host_n)
		return e->config.host[host];
	return e->name[host > 0];
}

void see_events_event(struct see_events *e, int host, const struct cn_trace *t)
{
	unsigned local;
	struct see_conn *conn = see_conn_of(&e->conns, host, t, &local);
	struct see_tale tale;
	char text[SEE_SENTENCE_MAX];

	if (!conn)
		return;
	json_begin(&e->json);
	json_seconds(&e->json, "t", t->at - e->config.start);
	json_string(&e->json, "host", host_name(e, host));
	json_string(&e->json, "kind", kind_name[t->kind]);
	json_number(&e->json, "conn", conn->number);
	endpoint(&e->json, "local", &t->local);
	endpoint(&e->json, "peer", &t->peer);
	body(&e->json, conn, local, t);
	situation(&e->json, t);
	if (t->rule)
		json_string(&e->json, "rule", t->rule);
	if (see_tell(conn, local, t, &tale)) {
		tale.rule = NULL;
		see_tale_text(e->config.lang, &tale, text, sizeof(text));
		json_string(&e->json, "text", text);
	}
	end(e);
	see_conn_follow(conn, local, t);
}

void see_events_dgram(struct see_events *e, int host,
		      const struct cn_dgram_trace *t)
{
	char text[SEE_SENTENCE_MAX];
	struct see_tale tale;

	json_begin(&e->json);
	json_seconds(&e->json, "t", t->at - e->config.start);
	json_string(&e->json, "host", host_name(e, host));
	json_string(&e->json, "kind", dgram_name[t->kind]);
	json_string(&e->json, "protocol",
		    t->protocol == IP_UDP ? "udp" : "icmp");
	endpoint(&e->json, "local", &t->local);
	endpoint(&e->json, "peer", &t->peer);
	json_number(&e->json, "len", t->len);
	if (t->fragments)
		json_number(&e->json, "fragments", t->fragments);
	if (t->drop)
		json_string(&e->json, "drop",
			    cn_drop_name((enum cn_drop)t->drop));
	if (t->err)
		json_string(&e->json, "err", cn_err_name(t->err));
	json_string(&e->json, "rule", t->rule);
	see_tell_dgram(t, &tale);
	tale.rule = NULL;
	see_tale_text(e->config.lang, &tale, text, sizeof(text));
	json_string(&e->json, "text", text);
	end(e);
}

static const char *const fate_name[CN_FATE_N] = {
#define CN_X(name, text) [CN_FATE_##name] = #name,
	CN_FATES(CN_X)
#undef CN_X
};

static void put_about(struct json *json, const struct see_packet *packet)
{
	if (packet->is_error || packet->is_request || packet->is_reply)
		json_string(json, "icmp", see_packet_icmp(packet));
	if (packet->is_request || packet->is_reply)
		json_number(json, "echo", packet->echo_seq);
	if (packet->mtu)
		json_number(json, "mtu", packet->mtu);
	if (packet->has_about) {
		json_string(json, "about",
			    see_packet_protocol(packet->about_protocol));
		endpoint(json, "about_local", &packet->about_src);
		endpoint(json, "about_peer", &packet->about_dst);
	}
	if (packet->is_fragment) {
		json_number(json, "fragment_id", packet->id);
		json_number(json, "fragment_at", packet->frag_off);
		json_bool(json, "fragment_more", packet->more);
	}
}

void see_events_packet(struct see_events *e, int sender,
		       const struct cn_frame *frame, uint32_t skip,
		       enum cn_fate fate, uint64_t now)
{
	char text[SEE_SENTENCE_MAX];
	struct see_packet packet;
	struct see_tale tale;

	if (!see_packet_read(frame, skip, &packet))
		return;
	json_begin(&e->json);
	json_seconds(&e->json, "t", now - e->config.start);
	json_string(&e->json, "host", "path");
	json_string(&e->json, "kind", "packet");
	if (sender >= 0)
		json_string(&e->json, "sender", host_name(e, sender));
	json_string(&e->json, "protocol", see_packet_protocol(packet.protocol));
	endpoint(&e->json, "local", &packet.src);
	endpoint(&e->json, "peer", &packet.dst);
	json_number(&e->json, "len", packet.len);
	json_number(&e->json, "ttl", packet.ttl);
	put_about(&e->json, &packet);
	json_string(&e->json, "fate", fate_name[fate]);
	see_packet_tell(&packet, NULL, NULL, &tale);
	if (tale.rule)
		json_string(&e->json, "rule", tale.rule);
	tale.rule = NULL;
	see_tale_text(e->config.lang, &tale, text, sizeof(text));
	json_string(&e->json, "text", text);
	end(e);
}

void see_events_fate(struct see_events *e, const struct cn_frame *frame,
		     enum cn_fate fate, uint64_t now)
{
	const struct see_conn *conn;
	struct glance glance;
	unsigned from;

	if (fate == CN_FATE_SENT)
		return;
	conn = see_conn_of_frame(&e->conns, frame, &glance, &from);
	if (!conn)
		return;
	json_begin(&e->json);
	json_seconds(&e->json, "t", now - e->config.start);
	json_string(&e->json, "host", "path");
	json_string(&e->json, "kind", "fate");
	json_number(&e->json, "conn", conn->number);
	endpoint(&e->json, "local", &conn->end[from].at);
	endpoint(&e->json, "peer", &conn->end[!from].at);
	json_string(&e->json, "fate", fate_name[fate]);
	json_number(&e->json, "seq", see_rel(&conn->end[from], glance.seq));
	json_number(&e->json, "len", glance.data_len);
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
		if (config->name[i])
			text_escape(config->name[i], e->name[i],
				    sizeof(e->name[i]));
	json_begin(&e->json);
	json_string(&e->json, "kind", "begin");
	json_number(&e->json, "version", SEE_EVENTS_VERSION);
	json_key(&e->json, "hosts");
	json_put(&e->json, "[");
	for (unsigned i = 0; i < (config->host_n ? config->host_n : 2); i++) {
		if (i)
			json_put(&e->json, ", ");
		json_put_string(&e->json, host_name(e, (int)i));
	}
	json_put(&e->json, "]");
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
