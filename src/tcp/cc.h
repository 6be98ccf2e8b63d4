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
#include <string.h>

#include <catenet/engine.h>

struct cc_hystart { /* RFC 9406 */
	uint32_t window_end; /* sequence number that ends the round */
	union {
		uint32_t last_us; /* least RTT of the round before */
		uint32_t round_us; /* Linux's: when this one began */
	};
	uint32_t least_us; /* least RTT of this */
	union {
		/* Conservative slow start began with it; 0: not in it. */
		uint32_t base_us;
		uint32_t ack_us; /* Linux's: when the train was last seen */
	};
	uint32_t ever_us; /* least RTT of all rounds */
	uint8_t samples; /* of this round */
	uint8_t css_rounds;
};

struct cc_cubic { /* RFC 9438 */
	uint32_t last_ms; /* the last ACK of the epoch; 0: no epoch */
	uint32_t w_max; /* octets */
	union {
		/* An epoch, from its first ACK on. */
		struct {
			/* Milliseconds, modulo 2^32, as the curve counts. */
			uint32_t epoch_ms; /* moved on while the window does
					      not limit */
			uint32_t w_est; /* octets */
			uint32_t origin; /* octets: cwnd at the plateau */
			uint32_t k_ms;
			/* cwnd-ths of an octet of the next increase; the same
			 * for w_est */
			uint32_t cwnd_frac, est_frac;
		};
		/* The first slow start, which comes before any. */
		struct cc_hystart hystart;
	};
};

struct cc_reno {
	uint32_t acked; /* RFC 3465: octets counted towards one segment */
	bool after_timeout; /* slow start after an RTO: one segment an ACK */
};

struct cc {
	uint32_t cwnd, ssthresh; /* octets */
	uint32_t prior_cwnd; /* before the last reduction */
	union {
		struct cc_cubic cubic;
		struct cc_reno reno;
		/* A pointer, kept in words so that it costs no padding. */
		uint32_t block[sizeof(void *) / sizeof(uint32_t)];
	} own;
};

/* The memory of a controller that has a block of its own, or NULL. */
static inline void *cc_block(const struct cc *cc)
{
	void *block;

	memcpy(&block, cc->own.block, sizeof(block));
	return block;
}

static inline void cc_set_block(struct cc *cc, void *block)
{
	memcpy(cc->own.block, &block, sizeof(block));
}

/* What happened. */
struct cc_event {
	uint64_t now;
	uint32_t smss;
	uint32_t acked; /* octets newly acknowledged (cumulatively) */
	uint32_t flight; /* octets outstanding before the event */
	uint32_t srtt_us; /* 0: unknown */
	uint32_t rtt_us; /* the sample of this ACK; 0: none */
	uint32_t una, nxt; /* SND.UNA and SND.NXT after it: they mark rounds */
	bool limited; /* the window was what held us back */
	uint8_t hystart; /* enum cn_hystart */
	bool is_mark; /* with loss: an echo of RFC 3168, nothing is lost */
	/* What a model of the path asks for besides. */
	uint32_t pipe; /* octets in the network, after the event */
	uint32_t delivered; /* C.delivered (rate.h) */
	uint32_t initial_window;
	uint32_t random;
	bool recovering; /* losses are being mended */
	bool cwnd_limited; /* within the last round trip */
	bool sack;
};

/* A part of one record of what is in flight is taken for lost. */
struct cc_lost {
	const struct cc_event *event;
	uint32_t size;
	uint32_t delivered; /* C.delivered now */
	uint32_t lost; /* since it was sent, this included */
	uint32_t in_flight; /* when it was sent */
	bool is_app_limited; /* ... the application held us back */
};

struct rate_sample;

struct cc_ops {
	const char *name;
	void (*init)(struct cc *cc);
	/*
	 * A controller that models the path has a block of the pool of its own
	 * (cc.own), and these: when it begins, with a connection or while one
	 * lives; after every ACK, when all else has been done (true: what is in
	 * flight now is no measure of the path); for each part of a record
	 * that is taken for lost; its rate, octets a second; and the name of
	 * its state, for who looks.
	 */
	uint32_t size;
	void (*start)(struct cc *cc, const struct cc_event *event);
	bool (*model)(struct cc *cc, const struct cc_event *event,
		      const struct rate_sample *sample);
	void (*lost)(struct cc *cc, const struct cc_lost *lost);
	uint64_t (*pacing_rate)(const struct cc *cc);
	uint8_t (*state)(const struct cc *cc); /* enum cn_bbr */
	/* New data acknowledged outside recovery; NULL with a model. */
	void (*ack)(struct cc *cc, const struct cc_event *event);
	/* Loss found by duplicate ACKs or SACK: sets ssthresh; cwnd follows. */
	void (*loss)(struct cc *cc, const struct cc_event *event);
	/* Retransmission timeout, the first of a series. */
	void (*timeout)(struct cc *cc, const struct cc_event *event);
	/* The last reduction was for nothing (RFC 4015, RFC 5682): the window
	 * is prior_cwnd again. */
	void (*undo)(struct cc *cc, const struct cc_event *event);
	/* The controller says what cwnd is while losses are mended: no PRR. */
	bool own_recovery;
	/* Idle for longer than an RTO: restart (RFC 5681 section 4.1). */
	void (*idle)(struct cc *cc, const struct cc_event *event,
		     uint32_t initial_window);
};

extern const struct cc_ops cc_reno_ops, cc_cubic_ops, cc_bbr_ops;
const struct cc_ops *cc_ops(enum cn_cc kind);

/* ------------------------------------------------ for the controllers -- */

/* A window larger than this could not be used (RFC 7323 section 2.3). */
#define CC_CWND_MAX (UINT32_C(1) << 30)

/*
 * Slow start (RFC 5681 section 3.1, octets counted as in RFC 3465): cwnd
 * grows by what was acknowledged, by no more than most, and stops at ssthresh.
 * Returns the acknowledged octets that are left for congestion avoidance.
 */
uint32_t cc_slow_start(struct cc *cc, const struct cc_event *event,
		       uint32_t most);
/* ssthresh was never set: the first slow start (RFC 5681 section 3.1). */
static inline bool cc_is_fresh(const struct cc *cc)
{
	return cc->ssthresh == UINT32_MAX;
}
/*
 * RFC 9406 section 4.2, an ACK in slow start: what of the acknowledged octets
 * cwnd may grow by.  Sets ssthresh when slow start is over.
 */
uint32_t hystart_ack(struct cc_hystart *hystart, struct cc *cc,
		     const struct cc_event *event);
/* cwnd grows by octets. */
void cc_grow(struct cc *cc, uint32_t octets);
/* octets, but at least two segments: ssthresh never falls below. */
uint32_t cc_floor(uint32_t octets, uint32_t smss);
/* prior_cwnd, if that is more. */
void cc_undo(struct cc *cc, const struct cc_event *event);
/* The application used no more of it for a while (RFC 7661). */
void cc_decay(struct cc *cc, uint32_t used);
/* Restart after idle (RFC 5681 section 4.1). */
void cc_restart(struct cc *cc, uint32_t initial_window);

#endif
