/* SPDX-License-Identifier: MIT */
/*
 * What the ladder tells and what it holds back.  How it looks is rungs.c's
 * affair.
 */
#include "see/ladder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "see/packet.h"
#include "see/strand.h"
#include "wire/tcp_seg.h"

/* Packets alike, by a hash of what they have in common: where two kinds share
 * a place they are folded a little less, or a little more. */
#define ALIKE 256

struct see_ladder {
	struct see_ladder_config config;
	struct rungs rungs;
	struct see_conns conns;
	const struct see_conn *shown; /* whose lines are being drawn */
	struct list restless; /* strands, the one not heard of longest first */
	struct {
		uint32_t hash, n;
	} alike[ALIKE];
};

static struct strand *strand_of(struct see_conn *conn)
{
	struct strand *strand = conn->user;

	if (!strand)
		conn->user = strand = calloc(1, sizeof(*strand));
	if (strand)
		strand->conn = conn;
	return strand;
}

static unsigned side_of(const struct see_conn *conn, unsigned end)
{
	return end != conn->left;
}

/* -------------------------------------------------------------- drawing -- */

static void heading(struct see_ladder *ladder, const struct see_conn *conn)
{
	if (ladder->shown == conn)
		return;
	rungs_heading(&ladder->rungs, conn);
	ladder->shown = conn;
}

static void draw(struct see_ladder *ladder, const struct see_conn *conn,
		 const struct rung *rung)
{
	heading(ladder, conn);
	rungs_draw(&ladder->rungs, conn, rung);
}

static void flush_fold(struct see_ladder *ladder, const struct see_conn *conn,
		       struct strand *strand)
{
	struct fold *fold = &strand->fold;
	struct rung rung = {.kind = RUNG_WORDS, .at = fold->at};
	struct see_tale tale = {.key = SEE_FOLDED};

	strand->has_folded = false;
	if (!fold->data && !fold->acks && !fold->dups)
		return;
	rung.no_time = true;
	if (fold->data) {
		tale.key = fold->data == 1 ? SEE_FOLDED_ONE : SEE_FOLDED;
		snprintf(tale.arg[0], SEE_ARG_MAX, "%u", fold->data);
		snprintf(tale.arg[1], SEE_ARG_MAX, "%" PRIu64, fold->octets);
		snprintf(tale.arg[2], SEE_ARG_MAX, "%u", fold->lost);
		rung_say(&rung, -1, fold->at, &tale, 0, 0);
	}
	if (fold->acks) {
		tale.key = fold->acks == 1 ? SEE_FOLDED_ACK : SEE_FOLDED_ACKS;
		snprintf(tale.arg[0], SEE_ARG_MAX, "%u", fold->acks);
		rung_say(&rung, -1, fold->at, &tale, 0, 0);
	}
	if (fold->dups) {
		tale.key = fold->dups == 1 ? SEE_FOLDED_DUP : SEE_FOLDED_DUPS;
		snprintf(tale.arg[0], SEE_ARG_MAX, "%u", fold->dups);
		rung_say(&rung, -1, fold->at, &tale, 0, 0);
	}
	draw(ladder, conn, &rung);
	memset(fold, 0, sizeof(*fold));
}

/* The segment left, and nothing is known of its arrival. */
static void flush_pending(struct see_ladder *ladder,
			  const struct see_conn *conn, struct strand *strand)
{
	struct see_tale tale = {.key = SEE_LOST_SOME};

	if (!strand->has_pending)
		return;
	strand->has_pending = false;
	if (strand->lost) {
		snprintf(tale.arg[0], SEE_ARG_MAX, "%u", strand->lost);
		snprintf(tale.arg[1], SEE_ARG_MAX, "%u", strand->packets);
		rung_say(&strand->pending, -1, strand->pending.at, &tale, 0, 0);
	}
	/* Where nobody watches the other end, an arrow is a whole one. */
	if (conn->end[!strand->pending_end].host < 0)
		strand->pending.kind = RUNG_WHOLE;
	else
		strand_await(strand, strand->pending_end,
			     &strand->pending_trace);
	draw(ladder, conn, &strand->pending);
}

static void flush_held(struct see_ladder *ladder, const struct see_conn *conn,
		       struct strand *strand)
{
	for (unsigned i = 0; i < strand->held_n; i++) {
		const struct held *held = &strand->held[i];
		struct rung rung = {.kind = RUNG_WORDS, .at = held->trace.at};
		int side = (int)side_of(conn, held->end);

		if (!held->told && held->trace.kind != CN_TRACE_STATE)
			continue;
		if (held->trace.kind == CN_TRACE_STATE) {
			rung.state[side] = held->trace.to;
			rung_say(&rung, side, rung.at,
				 held->told ? &held->tale : NULL,
				 held->trace.from, held->trace.to);
		} else {
			rung_say(&rung, side, rung.at, &held->tale, 0, 0);
		}
		draw(ladder, conn, &rung);
	}
	strand->held_n = 0;
}

static void flush_strand(struct see_ladder *ladder, const struct see_conn *conn,
			 struct strand *strand)
{
	list_del(&strand->restless);
	flush_pending(ladder, conn, strand);
	flush_fold(ladder, conn, strand);
	flush_held(ladder, conn, strand);
}

/* What was held back for this segment: sentences of its own. */
static void take_held(const struct see_conn *conn, struct strand *strand,
		      unsigned end, struct rung *rung,
		      const struct cn_trace *trace)
{
	int side = (int)side_of(conn, end);

	for (unsigned i = 0; i < strand->held_n; i++) {
		const struct held *held = &strand->held[i];

		if (held->trace.kind == CN_TRACE_STATE) {
			rung->state[side] = held->trace.to;
			/* An arriving segment tells its arrow itself. */
			if (trace->kind == CN_TRACE_IN &&
			    held->trace.to == trace->to)
				continue;
			/* ... and a reset says why by itself, unless it was
			 * time that ended the connection. */
			rung_say(rung, side, trace->at,
				 held->told && (!(trace->flags & TCP_RST) ||
						held->trace.err ==
							CN_E_TIMEDOUT) ?
					 &held->tale :
					 NULL,
				 held->trace.from, held->trace.to);
		} else if (held->told) {
			rung_say(rung, side, trace->at, &held->tale, 0, 0);
		}
	}
	strand->held_n = 0;
}

/* ------------------------------------------------------------- segments -- */

static void label(const struct see_conn *conn, unsigned from,
		  const struct cn_trace *trace, struct rung *rung)
{
	rung->flags = see_flags(trace);
	rung->has_ace = trace->has_ace;
	rung->ace = trace->ace;
	rung->ae = trace->ae;
	rung->seq = see_rel(&conn->end[from], trace->seq);
	rung->ack = see_rel(&conn->end[!from], trace->ack);
	if (trace->flags & TCP_SYN)
		rung->seq = 0;
	rung->len = trace->len;
	rung->wnd = trace->wnd;
	rung->mss = trace->mss;
	rung->again = trace->retransmit;
	rung->from = side_of(conn, from);
}

static bool quiet_enough(struct see_ladder *ladder, struct strand *strand,
			 enum see_quiet quiet, bool *first)
{
	unsigned n = ++strand->quiet_n[quiet];

	*first = n == 1;
	return quiet != SEE_LOUD && n > ladder->config.quiet_max;
}

/* The kind of what is sent, for folding: a duplicate ACK is one, data is data.
 */
static void on_out(struct see_ladder *ladder, struct see_conn *conn,
		   struct strand *strand, unsigned end,
		   const struct cn_trace *trace)
{
	enum see_quiet quiet = strand->held_n ? SEE_LOUD :
						see_quiet(conn, end, trace);
	struct rung rung = {.kind = RUNG_LEAVES, .at = trace->at};
	struct see_tale tale;
	bool first;

	if (quiet_enough(ladder, strand, quiet, &first)) {
		flush_pending(ladder, conn, strand);
		strand_fold(strand, quiet, trace);
		strand->folded = *trace;
		strand->folded_end = end;
		strand->has_folded = true;
		return;
	}
	if (quiet == SEE_LOUD)
		strand_loud(strand);
	flush_pending(ladder, conn, strand);
	flush_fold(ladder, conn, strand);
	if (!strand_held_are_for(strand, end, trace))
		flush_held(ladder, conn, strand);
	take_held(conn, strand, end, &rung, trace);
	if (see_tell(conn, end, trace, &tale))
		rung_say(&rung, (int)side_of(conn, end), trace->at, &tale, 0,
			 0);
	label(conn, end, trace, &rung);
	strand->pending = rung;
	strand->pending_trace = *trace;
	strand->pending_end = end;
	strand->has_pending = true;
	strand->lost = 0;
	strand->packets = 1;
	if (trace->seg_size && trace->len)
		strand->packets = (trace->len + trace->seg_size - 1) /
				  trace->seg_size;
}

static void on_in(struct see_ladder *ladder, struct see_conn *conn,
		  struct strand *strand, unsigned end,
		  const struct cn_trace *trace)
{
	enum see_quiet quiet = strand->held_n ? SEE_LOUD :
						see_quiet(conn, end, trace);
	bool watched = conn->end[!end].host >= 0, first;
	bool awaited = strand_expects(strand, end, trace);
	bool whole = !awaited && strand_is_arrival(strand, end, trace);
	struct rung rung = {.kind = RUNG_ARRIVES, .at = trace->at};
	int side = (int)side_of(conn, end);
	struct see_tale tale;
	bool told;

	/* What was folded when it left is not drawn arriving either. */
	if (quiet != SEE_LOUD && !whole) {
		if (watched && !awaited)
			return;
		if (!watched && quiet_enough(ladder, strand, quiet, &first)) {
			strand_fold(strand, quiet, trace);
			return;
		}
	}
	if (quiet == SEE_LOUD)
		strand_loud(strand);
	if (!strand_held_are_for(strand, end, trace))
		flush_held(ladder, conn, strand);
	told = see_tell(conn, end, trace, &tale);
	if (whole) {
		strand->has_pending = false;
		rung = strand->pending;
		rung.kind = RUNG_WHOLE;
	} else {
		flush_pending(ladder, conn, strand);
		flush_fold(ladder, conn, strand);
		if (!watched)
			rung.kind = RUNG_WHOLE;
		label(conn, !end, trace, &rung);
	}
	if (trace->from != trace->to)
		rung.state[side] = trace->to;
	if (told)
		rung_say(&rung, side, trace->at, &tale, trace->from, trace->to);
	take_held(conn, strand, end, &rung, trace);
	if (trace->from != trace->to)
		rung.state[side] = trace->to;
	draw(ladder, conn, &rung);
}

static void hold(struct see_ladder *ladder, struct see_conn *conn,
		 struct strand *strand, unsigned end,
		 const struct cn_trace *trace)
{
	struct held *held;

	if (!strand_held_are_for(strand, end, trace) ||
	    strand->held_n == HELD_MAX)
		flush_held(ladder, conn, strand);
	held = &strand->held[strand->held_n];
	held->trace = *trace;
	held->end = end;
	held->told = see_tell(conn, end, trace, &held->tale);
	/* A growing window is no news. */
	if (!held->told && trace->kind != CN_TRACE_STATE)
		return;
	/* Of a cookie the ACK that brings it back tells all. */
	if (trace->from == CN_LISTEN && conn->end[end].cookie)
		return;
	strand->held_n++;
}

void see_ladder_event(struct see_ladder *ladder, int host,
		      const struct cn_trace *trace)
{
	unsigned end;
	struct see_conn *conn = see_conn_of(&ladder->conns, host, trace, &end);
	struct strand *strand = conn ? strand_of(conn) : NULL;

	if (!strand)
		return;
	switch ((enum cn_trace_kind)trace->kind) {
	case CN_TRACE_OUT:
		on_out(ladder, conn, strand, end, trace);
		break;
	case CN_TRACE_IN:
		on_in(ladder, conn, strand, end, trace);
		break;
	case CN_TRACE_STATE:
	case CN_TRACE_CC:
	case CN_TRACE_MTU:
		hold(ladder, conn, strand, end, trace);
		break;
	case CN_TRACE_TIMER:
	case CN_TRACE_WINDOW:
	case CN_TRACE_N:
		break;
	}
	list_del(&strand->restless);
	if (strand_is_restless(strand))
		list_add_tail(&ladder->restless, &strand->restless);
	see_conn_follow(conn, end, trace);
}

/* ----------------------------------------------------------------- fate -- */

static bool fate_key(enum cn_fate fate, enum see_key *key)
{
	static const struct {
		enum cn_fate fate;
		enum see_key key;
	} keys[] = {
		{CN_FATE_LOSS, SEE_LOST_PATH},
		{CN_FATE_QUEUE, SEE_LOST_QUEUE},
		{CN_FATE_RULE, SEE_LOST_RULE},
		{CN_FATE_DUPLICATE, SEE_TWICE},
		{CN_FATE_CORRUPT, SEE_CORRUPTED},
		{CN_FATE_REORDER, SEE_OVERTAKEN},
		{CN_FATE_MARK, SEE_MARKED},
		{CN_FATE_TOO_BIG, SEE_LOST_TOO_BIG},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].fate == fate) {
			*key = keys[i].key;
			return true;
		}
	return false;
}

/* Folded, and lost: worth a line of its own after all. */
static void unfold(struct see_ladder *ladder, struct see_conn *conn,
		   struct strand *strand)
{
	struct rung rung = {.kind = RUNG_LEAVES, .at = strand->folded.at};
	const struct cn_trace *trace = &strand->folded;

	if (trace->len && strand->fold.data) {
		strand->fold.data--;
		strand->fold.octets -= trace->len;
	} else if (!trace->len && strand->fold.acks) {
		strand->fold.acks--;
	} else if (!trace->len && strand->fold.dups) {
		strand->fold.dups--;
	}
	flush_fold(ladder, conn, strand);
	label(conn, strand->folded_end, trace, &rung);
	strand->pending = rung;
	strand->pending_trace = *trace;
	strand->pending_end = strand->folded_end;
	strand->has_pending = true;
	strand->lost = 0;
	strand->packets = 1;
}

static void lose(struct see_ladder *ladder, struct see_conn *conn,
		 struct strand *strand, enum see_key key, uint64_t now)
{
	struct see_tale tale = {.key = key};

	if (strand->packets > 1) {
		strand->lost++;
		return;
	}
	strand->has_pending = false;
	strand->pending.kind = RUNG_LOST;
	rung_say(&strand->pending, -1, now, &tale, 0, 0);
	strand_loud(strand);
	draw(ladder, conn, &strand->pending);
}

void see_ladder_fate(struct see_ladder *ladder, const struct cn_frame *frame,
		     enum cn_fate fate, uint64_t now)
{
	struct see_conn *conn;
	struct strand *strand;
	struct glance glance;
	struct see_tale tale = {.key = SEE_TWICE};
	unsigned end;

	if (!fate_key(fate, &tale.key))
		return;
	conn = see_conn_of_frame(&ladder->conns, frame, &glance, &end);
	if (!conn || !conn->user)
		return;
	strand = conn->user;
	if (cn_fate_is_drop(fate) && !strand->has_pending &&
	    strand->has_folded && strand->folded_end == end &&
	    strand_holds(&strand->folded, glance.seq)) {
		if (strand->folded.len > glance.data_len) {
			strand->fold.lost++;
			return;
		}
		unfold(ladder, conn, strand);
	}
	if (!strand->has_pending || strand->pending_end != end ||
	    !strand_holds(&strand->pending_trace, glance.seq))
		return;
	if (cn_fate_is_drop(fate))
		lose(ladder, conn, strand, tale.key, now);
	else if (fate != CN_FATE_REORDER)
		rung_say(&strand->pending, -1, now, &tale, 0, 0);
}

/* -------------------------------------------------- what is not TCP -- */

static uint32_t mix(uint32_t hash, const void *data, size_t len)
{
	const uint8_t *octet = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ octet[i]) * 16777619u;
	return hash;
}

/* The how many of its kind it is. */
static uint32_t count_alike(struct see_ladder *ladder,
			    const struct see_packet *packet, enum cn_fate fate)
{
	const uint8_t kind[] = {packet->protocol, packet->type, packet->code,
				packet->is_fragment, (uint8_t)fate};
	uint32_t hash = mix(2166136261u, kind, sizeof(kind));
	unsigned at;

	hash = mix(hash, &packet->src.addr, sizeof(packet->src.addr));
	hash = mix(hash, &packet->dst.addr, sizeof(packet->dst.addr));
	hash = mix(hash, &packet->dst.port, sizeof(packet->dst.port));
	hash = mix(hash, &packet->src.port, sizeof(packet->src.port));
	at = hash % ALIKE;
	if (ladder->alike[at].hash != hash) {
		ladder->alike[at].hash = hash;
		ladder->alike[at].n = 0;
	}
	return ++ladder->alike[at].n;
}

static const char *named(const struct see_ladder *ladder, int host)
{
	return host >= 0 && (unsigned)host < ladder->config.host_n ?
		       ladder->config.host[host] :
		       NULL;
}

void see_ladder_packet(struct see_ladder *ladder, int sender, int receiver,
		       const struct cn_frame *frame, uint32_t skip,
		       enum cn_fate fate, uint64_t now)
{
	struct rung rung = {.kind = RUNG_WORDS, .at = now};
	const bool two = !ladder->config.host_n;
	struct see_tale tale, more = {.key = SEE_PACKET_SO_FAR};
	struct see_packet packet;
	uint32_t n;

	if (!see_packet_read(frame, skip, &packet))
		return;
	n = count_alike(ladder, &packet, fate);
	if (n > ladder->config.quiet_max && (n & (n - 1)))
		return;
	see_packet_tell(&packet, named(ladder, sender), named(ladder, receiver),
			&tale);
	see_ladder_flush(ladder);
	rung_say(&rung, two ? sender : -1, now, &tale, 0, 0);
	memset(&tale, 0, sizeof(tale));
	if (fate_key(fate, &tale.key))
		rung_say(&rung, -1, now, &tale, 0, 0);
	if (n > ladder->config.quiet_max) {
		snprintf(more.arg[0], SEE_ARG_MAX, "%" PRIu32, n);
		rung_say(&rung, -1, now, &more, 0, 0);
	}
	rungs_draw(&ladder->rungs, NULL, &rung);
}

/* ----------------------------------------------------------- everything -- */

void see_ladder_flush(struct see_ladder *ladder)
{
	struct list *node;

	while ((node = list_first(&ladder->restless))) {
		struct strand *strand =
			CN_CONTAINER(node, struct strand, restless);

		flush_strand(ladder, strand->conn, strand);
	}
}

void see_ladder_call(struct see_ladder *ladder, unsigned side, const char *text,
		     uint64_t now)
{
	struct rung rung = {.kind = RUNG_WORDS, .at = now};
	struct see_tale tale = {.key = SEE_CALLS};

	text_escape(text, tale.arg[0], SEE_ARG_MAX);
	/* A segment that left at this instant stays whole. */
	for (struct list *node = ladder->restless.next;
	     node != &ladder->restless; node = node->next) {
		struct strand *strand =
			CN_CONTAINER(node, struct strand, restless);

		if (strand->has_pending && strand->pending_trace.at == now) {
			rung_say(&strand->pending, (int)side, now, &tale, 0, 0);
			return;
		}
	}
	see_ladder_flush(ladder);
	rung_say(&rung, (int)side, now, &tale, 0, 0);
	rungs_draw(&ladder->rungs, NULL, &rung);
}

static void forget(void *ctx, struct see_conn *conn)
{
	struct see_ladder *ladder = ctx;

	if (conn->user)
		flush_strand(ladder, conn, conn->user);
	if (ladder->shown == conn)
		ladder->shown = NULL;
	free(conn->user);
	conn->user = NULL;
}

struct see_ladder *see_ladder_new(const struct see_ladder_config *config)
{
	struct see_ladder *ladder = calloc(1, sizeof(*ladder));

	if (!ladder)
		return NULL;
	ladder->config = *config;
	rungs_init(&ladder->rungs, &ladder->config);
	see_conns_init(&ladder->conns);
	list_init(&ladder->restless);
	ladder->conns.opener_left = config->host_n > 0;
	ladder->conns.forget = forget;
	ladder->conns.ctx = ladder;
	return ladder;
}

void see_ladder_free(struct see_ladder *ladder)
{
	if (!ladder)
		return;
	see_ladder_flush(ladder);
	see_conns_deinit(&ladder->conns);
	free(ladder);
}
