/* SPDX-License-Identifier: MIT */
/*
 * RFC 8985 section 6, RACK: a segment is lost when one that was sent well
 * after it has been delivered.  "Well" is a window for reordering that begins
 * at nothing and adapts: sent.h says who was sent when, this file what that
 * means.
 *
 * Deviation: as Linux, where no reordering was seen the window is nothing in
 * recovery and from the third segment SACKed on, and a quarter of the smallest
 * RTT before; and retransmissions are told from their originals by the
 * smallest RTT alone.
 */
#include "tcp/rack.h"

#include "tcp/busy.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"

/* D-SACK-free recoveries until the window shrinks (section 6.2 step 4). */
#define REO_PERSIST 16u

static void advance(struct tcp_recovery *rec, uint32_t us, uint32_t end)
{
	rec->rack_news = true;
	if (rec->rack_has && !sent_after(us, end, rec->rack_us, rec->rack_end))
		return;
	rec->rack_has = true;
	rec->rack_us = us;
	rec->rack_end = end;
}

/*
 * Whatever was delivered last left before anything of the flight that begins,
 * and the instant itself is of no more use.  Left as it was, it would seem to
 * lie ahead after half of the 71 minutes that microseconds tell apart.
 */
void rack_flight_begins(struct tcb *tcb, uint64_t now)
{
	struct tcp_recovery *rec = tcb->busy ? &tcb->busy->rec : NULL;

	if (!rec || !rec->rack_has)
		return;
	rec->rack_us = us_of(now) - 1;
	rec->rack_end = tcb->snd_una;
}

/* As Linux, net.ipv4.tcp_max_reordering. */
#define REORDERING_MAX 300u

uint32_t rack_reordering(const struct tcb *tcb)
{
	uint32_t segs = tcb->busy ? tcb->busy->rec.reordering : 0;

	return segs > DUP_THRESH ? segs : DUP_THRESH;
}

/* Section 6.2 step 3: delivered late and sent once.  As Linux, how late in
 * segments is kept: so many SACKed do not end a wait. */
static void see_reordering(struct tcb *tcb, struct tcp_recovery *rec,
			   uint32_t lowest)
{
	uint32_t fack = tcb->sent ? tcb->sent->fack : tcb->snd_una;
	uint32_t segs = (fack - lowest + tcb->snd_mss - 1) / tcb->snd_mss;

	tcb->env->count->tcp_sack_reorder++;
	TCP_MISHAP(tcb, reord_seen);
	if (segs > REORDERING_MAX)
		segs = REORDERING_MAX;
	if (segs > rec->reordering)
		rec->reordering = (uint16_t)segs;
	rec->reordered = true;
	tcb->busy->keep |= BUSY_KEEP_RECOVERY;
}

/*
 * Section 6.2 step 4: each round trip that brings a D-SACK widens the window
 * by a quarter of the smallest RTT.  Row 31 of the attacks: not for D-SACKs of
 * what was never sent again, nor before reordering was seen, and never beyond
 * one SRTT.
 */
static void widen(struct tcb *tcb, struct tcp_recovery *rec,
		  const struct ack_news *news)
{
	if (rec->reo_round && seq_ge(tcb->snd_una, rec->reo_round_end))
		rec->reo_round = false;
	if (!rec->reordered || rec->reo_round ||
	    (tcb->tlp_out && news->dsack_right == rec->tlp_high))
		return;
	rec->reo_round = true;
	rec->reo_round_end = tcb->snd_nxt;
	if (rec->reo_more < UINT8_MAX)
		rec->reo_more++;
	rec->reo_persist = REO_PERSIST;
}

/* Faster than the path is the original's ACK. */
static bool is_credible(const struct tcb *tcb, uint32_t again_us, uint64_t now)
{
	return us_of(now) - again_us >= tcb->rtt.min_us;
}

/*
 * Step 2.  RACK.rtt is that of the last segment that the ACK delivers, in the
 * order of the sequence, not of the one sent last: where a retransmission and
 * what it had waited for come together, it is the longer one.
 */
void rack_update(struct tcb *tcb, const struct ack_news *news, bool dsack,
		 uint64_t now)
{
	struct tcp_recovery *rec = &tcb->busy->rec;
	const struct sent_acked *sent = news->sent;

	if (sent->has_once) {
		rec->rack_rtt_us = us_of(now) - sent->once_us;
		advance(rec, sent->once_us, sent->once_end);
	}
	if (sent->has_again && is_credible(tcb, sent->again_us, now)) {
		rec->rack_rtt_us = us_of(now) - sent->again_us;
		advance(rec, sent->again_us, sent->again_end);
	}
	if (sent->has_last &&
	    (!sent->last_again || is_credible(tcb, sent->last_us, now)))
		rec->rack_rtt_us = us_of(now) - sent->last_us;
	if (sent->reordered)
		see_reordering(tcb, rec, sent->lowest);
	if (dsack)
		widen(tcb, rec, news);
}

void rack_recovered(struct tcb *tcb)
{
	struct tcp_recovery *rec = &tcb->busy->rec;

	if (rec->reo_persist && !--rec->reo_persist)
		rec->reo_more = 0;
}

uint32_t rack_reo_wnd(const struct tcb *tcb)
{
	const struct tcp_recovery *rec = &tcb->busy->rec;
	uint8_t how = tcb->env->set->recovery;
	uint64_t us;

	if (!rec->reordered) {
		if (tcb->in_recovery || tcb->in_loss)
			return 0;
		if (tcb->sent && tcb->sent->sacked_n >= rack_reordering(tcb) &&
		    !(how & CN_RECOVERY_NO_DUPTHRESH))
			return 0;
	}
	us = tcb->rtt.min_us / 4;
	if (!(how & CN_RECOVERY_STATIC_REO_WND))
		us *= 1u + rec->reo_more;
	return us < tcb->rtt.srtt_us ? (uint32_t)us : tcb->rtt.srtt_us;
}

bool rack_has_news(const struct tcb *tcb)
{
	return tcb->busy->rec.rack_news;
}

struct sent_rack rack_detect(struct tcb *tcb, uint64_t now)
{
	struct tcp_recovery *rec = &tcb->busy->rec;
	struct sent_rack rack = {.us = rec->rack_us, .end = rec->rack_end};
	uint32_t span_us = rec->rack_rtt_us + rack_reo_wnd(tcb);

	rec->rack_news = false;
	if (!rec->rack_has)
		return rack;
	rack.before_us = us_of(now) - span_us;
	sent_rack(tcb, &rack);
	if (rack.lost_again)
		tcb->env->count->tcp_lost_retransmit++;
	/* By then all that it overtook is over. */
	if (rack.waits)
		timeout_reorder(
			tcb,
			now + (uint64_t)(rack.us + span_us - us_of(now) + 1) *
					CN_NS_PER_US,
			now);
	return rack;
}
