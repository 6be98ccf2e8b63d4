/* SPDX-License-Identifier: MIT */
/*
 * What a drawing needs of a run: who sent what when, when it arrived, what the
 * programs called and which states the ends passed through.  Gathered from
 * the events of both hosts; drawn when the run is over.
 */
#ifndef SEE_SKETCH_H
#define SEE_SKETCH_H

#include <catenet/engine.h>
#include <catenet/link.h>

#include "see/lang.h"

/* More are counted, and said, but not drawn. */
#define SKETCH_MAX 400u
#define SKETCH_OCTETS 120u

enum sketch_kind { SKETCH_SEGMENT, SKETCH_ARRIVAL, SKETCH_CALL, SKETCH_STATE };

/* Something that happened at one side, in the order of time. */
struct sketch_item {
	enum sketch_kind kind;
	unsigned side; /* 0 left, 1 right */
	uint64_t at;
	char text[64]; /* of a call */
	uint8_t from, to; /* of a change of state */
	/* Of a segment that leaves or arrives. */
	uint32_t seq, ack, len, wnd, mss; /* relative */
	uint32_t seq_abs, ack_abs; /* as they travel */
	uint32_t arrived; /* of what left: octets, SYN and FIN counted */
	uint8_t flags;
	bool again;
	bool lost;
	unsigned sent_as; /* of an arrival: the item that left; or SKETCH_MAX */
};

/* A moment of one end: what it may send, and what its peer takes. */
struct sketch_window {
	uint64_t at;
	uint32_t nxt; /* SND.NXT, relative */
	uint32_t flight, wnd, cwnd, unsent;
	uint32_t rcv_nxt, rcv_wnd; /* of the peer, as it last said */
	bool any;
};

struct sketch_octets {
	uint8_t octet[SKETCH_OCTETS]; /* of the TCP header */
	unsigned n;
	uint32_t data_len;
};

struct sketch;

struct sketch *sketch_new(void); /* NULL: no memory */
void sketch_free(struct sketch *sketch);

/* As the ladder hears it (ladder.h). */
void sketch_event(struct sketch *sketch, int host,
		  const struct cn_trace *trace);
void sketch_fate(struct sketch *sketch, const struct cn_frame *frame,
		 enum cn_fate fate, uint64_t now);
void sketch_call(struct sketch *sketch, unsigned side, const char *text,
		 uint64_t now);

unsigned sketch_n(const struct sketch *sketch);
const struct sketch_item *sketch_at(const struct sketch *sketch, unsigned i);
unsigned sketch_left_out(const struct sketch *sketch);
/* The left end's most telling moment: data in flight and data that wait. */
const struct sketch_window *sketch_window(const struct sketch *sketch);
/* The first SYN, and the first segment with data; n 0: there was none. */
const struct sketch_octets *sketch_syn(const struct sketch *sketch);
const struct sketch_octets *sketch_data(const struct sketch *sketch);

#endif
