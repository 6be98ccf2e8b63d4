/* SPDX-License-Identifier: MIT */
/*
 * RFC 8985 section 7, TLP: when the last segments of a flight are lost, no ACK
 * tells of it.  After two round trips of silence one segment more, new or the
 * last one again, asks for one, and RACK does the rest; so a tail does not
 * wait for the retransmission timer, nor a thin stream for three duplicates.
 */
#include "base/assert.h"
#include "tcp/busy.h"
#include "tcp/output.h"
#include "tcp/rack.h"
#include "tcp/sent.h"
#include "tcp/trace.h"

/* Linux's TCP_TIMEOUT_MIN, two of its ticks. */
#define GRAIN_NS (2 * CN_NS_PER_MS)

/*
 * Section 7.2.  Deviation: as Linux, a receiver may hold the ACK of a single
 * segment for as long as the smallest RTO, and of more for two ticks.
 */
uint64_t tlp_timeout_ns(const struct tcb *tcb)
{
	uint64_t pto = 2 * (uint64_t)tcb->rtt.srtt_us * CN_NS_PER_US;

	if (!tcb->sack_ok || !tcb->rtt.srtt_us || !tcb->sent || tcb->sacked ||
	    tcb->in_recovery || tcb->in_loss || tcb->lost ||
	    tcb->env->set->early_retrans < CN_EARLY_TLP ||
	    seq_le(tcb->snd_una, tcb->iss))
		return CN_NEVER;
	if (tcb->sent->n == 1 && sent_at(tcb->sent, 0)->n == 1)
		return pto + tcb->env->set->rto_min_ns;
	return pto + GRAIN_NS;
}

void tlp_fires(struct tcb *tcb, uint64_t now)
{
	/* One at a time; and without memory the timeout does it all. */
	if (tcb->tlp_out || !tcp_busy(tcb, now))
		return;
	tcb->owe |= TCP_OWE_TLP;
}

void tlp_sent(struct tcb *tcb, bool again, uint64_t now)
{
	struct tcp_busy *busy = tcp_busy(tcb, now);

	tcb->owe &= (uint16_t)~TCP_OWE_TLP;
	if (!busy)
		return;
	tcb->env->count->tcp_loss_probes++;
	tcb->tlp_out = true;
	/* What comes after this flight tells whether it was needed. */
	busy->keep |= BUSY_KEEP_RECOVERY;
	busy->rec.tlp_again = again;
	busy->rec.tlp_high = tcb->snd_nxt;
}

/* Section 7.4.2: the probe filled a hole, so there was a loss, and congestion
 * perhaps. */
static void repaired(struct tcb *tcb, uint64_t now)
{
	tcb->env->count->tcp_loss_probe_recovery++;
	recovery_reduce(tcb, now);
	tcb->cc.cwnd = tcb->cc.cwnd < tcb->cc.ssthresh ? tcb->cc.cwnd :
							 tcb->cc.ssthresh;
	trace_cc(tcb, "RFC 8985 section 7.4.2", now);
}

void tlp_ack(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	const struct tcp_recovery *rec = &tcb->busy->rec;

	if (seq_lt(tcb->snd_una, rec->tlp_high))
		return;
	if (rec->tlp_again) {
		/* Both came: nothing was lost. */
		bool both = news->dsack && news->dsack_right == rec->tlp_high;

		if (!both && seq_gt(tcb->snd_una, rec->tlp_high)) {
			tcb->tlp_out = false;
			repaired(tcb, now);
			return;
		}
		if (!both && !(news->dup && !news->sacked))
			return;
	}
	tcb->tlp_out = false;
}
