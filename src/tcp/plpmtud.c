/* SPDX-License-Identifier: MIT */
/*
 * RFC 4821 within TCP, as Linux's tcp_mtu_probing.  After R1 timeouts in a row
 * with segments that may be too long the MSS falls to base_mss, and by half at
 * each timeout of the same run.  Once octets flow again, one segment longer than the
 * others is a probe, halfway between what arrives and what may: if it is
 * acknowledged the MSS grows, if it has to be sent again it does not, and the
 * network was not congested by that.  After an interval the search goes on.
 *
 * What is found holds for this connection alone, as in Linux.  ICMP messages
 * are believed as ever, by the checks of RFC 5927.
 */
#include "tcp/plpmtud.h"

#include "tcp/options.h"
#include "tcp/output.h"
#include "tcp/recovery.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"
#include "tcp/trace.h"
#include "tcp/undo.h"

/* Linux's tcp_probe_threshold: what is nearer than this is not worth it. */
#define NEAR 8u
/* RFC 8200 section 5: 1280 octets pass everywhere, so that no MSS less than this
 * makes anything arrive. */
#define MSS6_LEAST 1220u
/* Segments behind a probe, which tell soon that it was lost. */
#define BEHIND 3u

static struct tcp_mtu *mtu_of(const struct tcb *tcb)
{
	return tcb->tune && tcb->tune->mtu.low ? &tcb->tune->mtu : NULL;
}

static bool is_found(const struct tcp_mtu *mtu)
{
	return mtu->high < mtu->low + NEAR;
}

/* Halfway between what arrives and what may; but no more than twice as long as
 * that, or a window that has become as small as its segments never has room. */
static uint32_t size_of(const struct tcp_mtu *mtu)
{
	uint32_t halfway = (mtu->low + mtu->high + 1u) / 2;

	return halfway < 2u * mtu->low ? halfway : 2u * mtu->low;
}

/* Nothing longer is tried for a while. */
static void rest(struct tcb *tcb, struct tcp_mtu *mtu, uint64_t now)
{
	mtu->next_ms = ms_of(now + tcb->env->set->mtu_probe_interval_ns);
}

void plpmtud_open(struct tcb *tcb, uint64_t now)
{
	const struct cn_settings *set = tcb->env->set;
	struct tcp_tune *tune;

	if (set->mtu_probing < 2 || tcb->snd_mss < set->base_mss + NEAR)
		return;
	tune = tcp_tune(tcb);
	if (!tune)
		return;
	tune->mtu.high = tcb->snd_mss;
	tune->mtu.low = set->base_mss;
	tune->mtu.next_ms = ms_of(now);
	options_update_mss(tcb);
}

/* Deviation: Linux has one floor for both families. */
static uint32_t floor_of(const struct tcb *tcb)
{
	const struct cn_settings *set = tcb->env->set;

	if (tcb->default_mss == MSS6_LEAST)
		return MSS6_LEAST;
	return set->mtu_probe_floor > set->min_snd_mss ? set->mtu_probe_floor :
							 set->min_snd_mss;
}

/* Is what waits longest longer than a segment of that size?  If not, length
 * is not what keeps it. */
static bool waits_for_length(const struct tcb *tcb, uint32_t mss)
{
	const struct sent *first =
		tcb->sent && tcb->sent->n ? sent_at(tcb->sent, 0) : NULL;

	return first && first->cut > mss && first->end - first->seq > mss;
}

/*
 * Where it falls to: the base; below it only when, in the same run of timeouts,
 * not even that came through.  Where something did, the next silence has another
 * cause than length (Deviation: Linux goes down by half at each, and a path that
 * loses much ends with segments of 48 octets).
 */
static uint32_t fall_of(const struct tcb *tcb, const struct tcp_mtu *mtu)
{
	const struct cn_settings *set = tcb->env->set;
	uint32_t low = set->base_mss, floor = floor_of(tcb);

	if (mtu && mtu->low < low)
		low = mtu->low;
	if (mtu && tcb->rexmit_n > set->retries1)
		low = mtu->low / 2u < low ? mtu->low / 2u : low;
	return low > floor ? low : floor;
}

void plpmtud_timeout(struct tcb *tcb, uint64_t now)
{
	const struct cn_settings *set = tcb->env->set;
	struct tcp_mtu *mtu = mtu_of(tcb);
	struct tcp_tune *tune;
	uint32_t low = fall_of(tcb, mtu);

	if (mtu)
		mtu->probe = 0;
	if (!set->mtu_probing || tcb->rexmit_n < set->retries1)
		return;
	if (low >= tcb->snd_mss || !waits_for_length(tcb, low))
		return;
	tune = tcp_tune(tcb);
	if (!tune)
		return;
	mtu = &tune->mtu;
	/* As Linux: silence may also be an outage, so the search is over all
	 * that the path has carried, and begins as soon as something passes. */
	mtu->high = (uint16_t)options_mss_max(tcb);
	mtu->low = (uint16_t)low;
	mtu->next_ms = ms_of(now);
	tcb->env->count->tcp_mtu_fallbacks++;
	tcp_path_mss(tcb, tcb->path_mss, now);
	trace_mtu(tcb, tcb->snd_mss, "RFC 4821 section 7.7", now);
}

/* The interval is over: all that the path may carry is to be tried again. */
static void look_again(const struct tcb *tcb, struct tcp_mtu *mtu, uint64_t now)
{
	uint32_t most = options_mss_max(tcb);

	if (mtu->high > most)
		mtu->high = (uint16_t)most;
	if (is_found(mtu) && seq_ge(ms_of(now), mtu->next_ms))
		mtu->high = (uint16_t)most;
}

uint32_t plpmtud_probe(const struct tcb *tcb, uint32_t window, uint64_t now)
{
	struct tcp_mtu *mtu = mtu_of(tcb);
	uint32_t size, len, need;

	if (!mtu || mtu->probe || tcb->in_recovery || tcb->in_loss ||
	    tcb->lost || tcb->sacked || tcb->owe & TCP_OWE_TLP)
		return 0;
	look_again(tcb, mtu, now);
	if (is_found(mtu) || seq_lt(ms_of(now), mtu->next_ms))
		return 0;
	size = size_of(mtu);
	len = size - (tcb->snd_mss - output_mss(tcb));
	need = len + BEHIND * output_mss(tcb);
	/* Where the window is full an ACK makes room for a segment or two: who
	 * waited for room for all of them would never probe (as Linux, whose
	 * probe needs room for two of the short ones). */
	if (window < need || tcb->cc.cwnd < need ||
	    tcb->snd_end - tcb->snd_nxt < need)
		return 0;
	return len;
}

void plpmtud_sent(struct tcb *tcb, uint32_t seq, uint32_t len)
{
	struct tcp_mtu *mtu = mtu_of(tcb);

	/* As plpmtud_probe chose it: what options it bears is settled since,
	 * and they may be fewer now. */
	mtu->probe = (uint16_t)size_of(mtu);
	mtu->seq = seq;
	mtu->end = seq + len;
	tcb->env->count->tcp_mtu_probes++;
}

void plpmtud_acked(struct tcb *tcb, uint64_t now)
{
	struct tcp_mtu *mtu = mtu_of(tcb);

	if (!mtu || !mtu->probe || seq_lt(tcb->snd_una, mtu->end))
		return;
	mtu->low = mtu->probe;
	mtu->probe = 0;
	if (is_found(mtu))
		rest(tcb, mtu, now);
	tcp_path_mss(tcb, tcb->path_mss, now);
	trace_mtu(tcb, tcb->snd_mss, "RFC 4821 section 7.6.1", now);
}

/*
 * RFC 4821 section 7.6.2: the probe was lost, and it alone: that says nothing
 * of congestion.
 */
void plpmtud_rexmit(struct tcb *tcb, uint32_t seq, uint64_t now)
{
	struct tcp_mtu *mtu = mtu_of(tcb);

	if (!mtu || !mtu->probe || seq_lt(seq, mtu->seq) ||
	    seq_ge(seq, mtu->end))
		return;
	mtu->high = (uint16_t)(mtu->probe - 1);
	mtu->probe = 0;
	tcb->env->count->tcp_mtu_probes_lost++;
	if (is_found(mtu))
		rest(tcb, mtu, now);
	if (!tcb->in_recovery || tcb->lost > mtu->end - mtu->seq)
		return;
	undo_reduction(tcb, now);
	trace_cc(tcb, "RFC 4821 section 7.6.2", now);
}
