/* SPDX-License-Identifier: MIT */
/*
 * draft-ietf-ccwg-bbr, "Delivery Rate Samples" (before that
 * draft-cheng-iccrg-delivery-rate-estimation): how fast octets arrive at the
 * peer, from what each record of the sent ring remembers of the time when it
 * was sent.
 *
 * C.delivered is not kept: it is SND.UNA and what is SACKed beyond it, modulo
 * 2^32.  Instants are microseconds modulo 2^32.
 */
#ifndef TCP_RATE_H
#define TCP_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct sent;
struct tcb;

/* The connection as it was when a record was sent (the draft's P). */
struct rate_tx {
	uint32_t delivered, lost; /* C.delivered and C.lost */
	uint32_t in_flight; /* with the record itself */
	uint32_t delivered_us, first_us; /* C.delivered_time, first_send_time */
	bool is_known; /* false: there was no memory to know it by */
	bool is_app_limited;
};

/* What one ACK tells (the draft's RS). */
struct rate_sample {
	uint64_t rate; /* octets/s; 0: too short a time to tell */
	uint32_t rtt_us; /* of the newest record delivered; 0: none */
	uint32_t delivered; /* while that record was on its way */
	uint32_t newly_acked, newly_lost; /* SACKed octets counted */
	uint32_t prior_delivered; /* C.delivered when it was sent */
	uint32_t in_flight, lost; /* when it was sent; since then */
	bool has_data; /* false: only newly_acked and newly_lost count */
	bool is_app_limited;
};

/* Of a busy connection (busy.h). */
struct tcp_rate {
	uint32_t delivered_us, first_us;
	uint32_t lost; /* ever marked */
	uint32_t app_limited; /* C.delivered when the gap will have passed */
	bool is_app_limited;
	/* The window was full at some time of this round trip, which ends at
	 * round_end of C.delivered, or of the one before. */
	bool is_cwnd_limited, was_cwnd_limited;
	uint32_t round_end;
	/* The window as it was used, until usage_end is acknowledged: so much
	 * was in flight at most (0: nothing yet); all that it let go was; data
	 * have left since that was looked at. */
	uint32_t usage_end, usage_most;
	bool usage_full, usage_sent;
	/* Since decay_ms the window was never in use, and so much of it was. */
	uint32_t decay_ms, decay_most;
	/* The ACK, or the timeout, that is being worked on. */
	uint64_t ack_at;
	uint32_t ack_delivered, ack_lost;
	uint64_t pick_at;
	bool has_pick;
	struct rate_tx pick;
	/* The last sample: for who asks. */
	uint64_t bw;
	bool bw_is_app_limited;
};

/* C.delivered */
uint32_t rate_delivered(const struct tcb *tcb);
/* A record goes out, of which len octets are new; nothing is counted yet. */
void rate_sent(struct tcb *tcb, struct sent *rec, uint32_t len, uint64_t now);
/* ... and grows. */
void rate_sent_more(struct tcb *tcb);
/* The block is new: it begins with what is delivered by now. */
void rate_init(struct tcb *tcb, uint64_t now);
/* An ACK, or a timeout, begins; segments of a record are delivered by it (again:
 * they were sent twice, and say nothing); it ends. */
void rate_ack(struct tcb *tcb, uint64_t now);
void rate_pick(struct tcb *tcb, const struct sent *rec);
void rate_finish(struct tcb *tcb, struct rate_sample *sample, uint64_t now);
/* Nothing more leaves now: is it for want of data, or of window? */
void rate_rests(struct tcb *tcb);
/* RFC 7661, RFC 5681 section 3.1: the window is in use, and may grow. */
bool rate_uses_window(const struct tcb *tcb);
/* RFC 7661 section 4.4: how much of the window was used in the last timeout,
 * flight octets now, if it was not in use in all that time; or 0. */
uint32_t rate_unused(struct tcb *tcb, uint32_t flight, uint64_t now);
/* As if the application limited what is in flight now. */
void rate_limited_by_app(struct tcb *tcb);

#endif
