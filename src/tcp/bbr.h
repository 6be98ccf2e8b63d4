/* SPDX-License-Identifier: MIT */
/*
 * draft-ietf-ccwg-bbr: BBR, version 3.  Names are the draft's in lower case;
 * it is cited by the titles of its sections, since their numbers still move.
 *
 * cc_bbr.c moves the states, bbr_model.c keeps the model of the path,
 * bbr_control.c makes rate and window of it.
 *
 * Rates are octets a second, volumes octets, gains hundredths; C.delivered is
 * modulo 2^32.
 */
#ifndef TCP_BBR_H
#define TCP_BBR_H

#include "tcp/cc.h"
#include "tcp/rate.h"

#define BBR_INFINITE UINT32_MAX
#define BBR_RATE_INFINITE UINT64_MAX

/* What the ACKs that come now tell of the last probe for bandwidth. */
enum bbr_acks {
	BBR_ACKS_INIT, /* nothing */
	BBR_ACKS_REFILLING, /* the pipe is filled at the rate that is known */
	BBR_ACKS_PROBE_STARTING, /* more is sent, no ACK of it has come */
	BBR_ACKS_PROBE_FEEDBACK,
	BBR_ACKS_PROBE_STOPPING, /* no more is sent, but ACKs of it come */
};

struct bbr {
	uint64_t pacing_rate;
	uint64_t max_bw[2]; /* of the probing cycle before, and of this one */
	uint64_t bw_shortterm; /* or BBR_RATE_INFINITE */
	uint64_t bw; /* what it believes now */
	uint64_t bw_latest; /* of this round trip */
	uint64_t full_bw;
	uint64_t undo_bw_shortterm;

	uint64_t cycle_stamp, bw_probe_wait_ns;
	uint64_t min_rtt_stamp, probe_rtt_min_stamp;
	uint64_t probe_rtt_done_stamp; /* 0: not to be seen yet */
	uint64_t extra_acked_interval_start;
	uint32_t min_rtt_us, probe_rtt_min_us; /* or BBR_INFINITE */

	uint32_t inflight_longterm, inflight_shortterm; /* or BBR_INFINITE */
	uint32_t inflight_latest;
	uint32_t lost_in_round; /* octets */
	uint32_t undo_inflight_longterm, undo_inflight_shortterm;
	uint32_t extra_acked[2]; /* of five rounds before, of these five */
	uint32_t extra_acked_delivered;
	uint32_t extra_acked_round; /* in which these five began */
	uint32_t prior_cwnd;
	uint32_t send_quantum;

	uint32_t next_round_delivered, loss_round_delivered;
	uint32_t first_delivered;
	uint32_t round_count, drain_start_round, recovery_start_round;
	uint32_t rounds_since_probe_up;
	uint32_t probe_up_acked_per_inc; /* or BBR_INFINITE */
	uint32_t bw_probe_up_acked;
	uint8_t bw_probe_up_rounds;
	uint8_t full_bw_count;
	uint8_t loss_events; /* of this round trip */

	uint8_t state; /* enum cn_bbr */
	uint8_t undo_state; /* the same; CN_BBR_NONE: none */
	uint8_t ack_phase; /* enum bbr_acks */
	uint8_t cwnd_gain; /* hundredths */
	bool round_start, loss_round_start;
	bool full_bw_reached, full_bw_now;
	bool is_loss_in_round, is_mark_in_round;
	bool is_bw_probe_sample;
	bool prev_probe_too_high, prev_probe_precautionary;
	bool probe_rtt_round_done, probe_rtt_expired;
	bool idle_restart;
	bool recovering; /* as the ACK before left it */
};

/* One ACK: both never NULL. */
struct bbr_ack {
	const struct cc_event *e;
	const struct rate_sample *rs;
	struct cc *cc;
};

/* cc_bbr.c ---------------------------------------------------------------- */

bool bbr_is_probing_bw_state(const struct bbr *bbr); /* ProbeBW_* */
void bbr_enter_startup(struct bbr *bbr);
void bbr_start_down(struct bbr *bbr, const struct cc_event *e);
void bbr_start_refill(struct bbr *bbr, const struct cc_event *e);

/* bbr_model.c ------------------------------------------------------------- */

void bbr_start_round(struct bbr *bbr, const struct cc_event *e);
void bbr_reset_full_bw(struct bbr *bbr);
void bbr_reset_congestion_signals(struct bbr *bbr);
void bbr_reset_shortterm_model(struct bbr *bbr);
uint64_t bbr_max_bw(const struct bbr *bbr);
void bbr_advance_max_bw(struct bbr *bbr);
void bbr_update_latest_signals(struct bbr *bbr, const struct bbr_ack *a);
void bbr_update_congestion_signals(struct bbr *bbr, const struct bbr_ack *a);
void bbr_update_ack_aggregation(struct bbr *bbr, const struct bbr_ack *a);
void bbr_check_full_bw(struct bbr *bbr, const struct bbr_ack *a);
void bbr_update_min_rtt(struct bbr *bbr, const struct bbr_ack *a);
void bbr_advance_latest_signals(struct bbr *bbr, const struct bbr_ack *a);
void bbr_bound_bw(struct bbr *bbr);
bool bbr_is_inflight_too_high(const struct cc_event *e, uint32_t lost,
			      uint32_t in_flight);
void bbr_save_state_upon_loss(struct bbr *bbr, struct cc *cc);
void bbr_note_loss(struct bbr *bbr, struct cc *cc, const struct cc_lost *lost);
uint32_t bbr_inflight_at_loss(const struct cc_lost *lost);

/* bbr_control.c ----------------------------------------------------------- */

#define BBR_MIN_PIPE_SEGS 4u

void bbr_init_pacing_rate(struct bbr *bbr, const struct cc_event *e);
void bbr_set_pacing_rate(struct bbr *bbr, uint32_t gain);
uint32_t bbr_pacing_gain(const struct bbr *bbr);
/* bdp * gain, hundredths */
uint32_t bbr_bdp(const struct bbr *bbr, uint64_t bw, uint32_t gain,
		 const struct cc_event *e);
uint32_t bbr_inflight(const struct bbr *bbr, uint64_t bw, uint32_t gain,
		      const struct cc_event *e);
uint32_t bbr_inflight_with_headroom(const struct bbr *bbr, uint32_t smss);
uint32_t bbr_target_inflight(const struct bbr *bbr, const struct cc *cc,
			     const struct cc_event *e);
uint32_t bbr_probe_rtt_cwnd(const struct bbr *bbr, const struct cc_event *e);
void bbr_save_cwnd(struct bbr *bbr, const struct cc *cc);
void bbr_restore_cwnd(const struct bbr *bbr, struct cc *cc);
void bbr_set_cwnd(struct bbr *bbr, const struct bbr_ack *a);

#endif
