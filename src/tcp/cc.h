/* SPDX-License-Identifier: MIT */
/*
 * Congestion control: how much may be in flight, never what.  A controller
 * sees events and its own state; it never sees the connection.  One const
 * table of operations, one file per algorithm.
 */
#ifndef TCP_CC_H
#define TCP_CC_H

#include <stdbool.h>
#include <stdint.h>

#include <catenet/engine.h>

struct cc_cubic { /* RFC 9438 */
	uint64_t epoch_at; /* 0: no epoch */
	uint32_t w_max, w_est; /* octets */
	uint32_t origin; /* octets: cwnd at the plateau */
	uint32_t k_ms;
	uint32_t cwnd_frac; /* octets of credit towards the next increase */
};

struct cc_reno {
	uint32_t acked; /* RFC 3465: octets counted towards one segment */
};

struct cc {
	uint32_t cwnd, ssthresh; /* octets */
	uint32_t prior_cwnd; /* before the last reduction */
	union {
		struct cc_cubic cubic;
		struct cc_reno reno;
	} own;
};

/* What happened. */
struct cc_event {
	uint64_t now;
	uint32_t smss;
	uint32_t acked; /* octets newly acknowledged (cumulatively) */
	uint32_t flight; /* octets outstanding before the event */
	uint32_t srtt_us; /* 0: unknown */
	bool limited; /* the window was what held us back */
};

struct cc_ops {
	const char *name;
	void (*init)(struct cc *cc);
	/* New data acknowledged outside recovery. */
	void (*ack)(struct cc *cc, const struct cc_event *event);
	/* Loss found by duplicate ACKs or SACK: sets ssthresh; cwnd follows. */
	void (*loss)(struct cc *cc, const struct cc_event *event);
	/* Retransmission timeout, the first of a series. */
	void (*timeout)(struct cc *cc, const struct cc_event *event);
	/* Idle for longer than an RTO: restart (RFC 5681 section 4.1). */
	void (*idle)(struct cc *cc, const struct cc_event *event,
		     uint32_t initial_window);
};

extern const struct cc_ops cc_reno_ops, cc_cubic_ops;
const struct cc_ops *cc_ops(enum cn_cc kind);

#endif
