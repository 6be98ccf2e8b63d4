/* SPDX-License-Identifier: MIT */
/*
 * RFC 3168 section 6.1: ECN for TCP.
 *
 * Deviation: as Linux, the window falls by what the controller takes for a
 * loss, which is CUBIC's beta for CUBIC (section 6.1.2 says half).
 */
#include "tcp/ecn.h"

#include "tcp/arrive.h"
#include "tcp/recovery.h"
#include "tcp/trace.h"

/*
 * Section 6.1.1.  A SYN that can be marked is none of a TCP that knows ECN
 * (RFC 3168 section 6.1.1 forbids it): the path has broken the field, so it is
 * not used, as in Linux.
 */
uint8_t ecn_of_syn(const struct cn_settings *set, const struct tcp_seg *seg)
{
	uint8_t both = TCP_ECE | TCP_CWR;

	if (!set->ecn || (seg->flags & both) != both ||
	    (seg->tos & ECN_MASK) != ECN_NOT_ECT)
		return 0;
	return TCP_OPT_ECN;
}

/* Section 6.1.1.1: a SYN that has to be repeated asks for nothing, since
 * something on the path may not let it pass. */
void ecn_ask(struct tcb *tcb, struct tcp_seg *seg)
{
	if (tcb->state == CN_SYN_RECEIVED)
		ecn_agree(seg, tcb->ecn_ok);
	else if (tcb->env->set->ecn == 1 && !tcb->syn_rexmitted)
		seg->flags |= TCP_ECE | TCP_CWR;
}

void ecn_agree(struct tcp_seg *seg, bool agreed)
{
	if (agreed)
		seg->flags |= TCP_ECE;
}

/* Both flags in the answer are those of our own SYN, reflected by a TCP that
 * does not know them. */
void ecn_answered(struct tcb *tcb, const struct tcp_seg *seg)
{
	/* The first SYN asked, whichever it is that is answered. */
	bool asked = tcb->env->set->ecn == 1;

	if (!(seg->flags & TCP_ACK)) {
		/* Both open at once. */
		tcb->ecn_ok = ecn_of_syn(tcb->env->set, seg) != 0;
		return;
	}
	tcb->ecn_ok = asked && (seg->flags & TCP_ECE) &&
		      !(seg->flags & TCP_CWR);
}

/*
 * Section 6.1.3: from a mark on every acknowledgement echoes it, until the
 * sender says that its window is smaller.  A change of either is told at once:
 * the sender's window may be down to what only an acknowledgement lets go.
 */
void ecn_text(struct tcb *tcb, const struct tcp_seg *seg)
{
	bool before = tcb->ecn_echo;

	if (!tcb->ecn_ok)
		return;
	if (seg->flags & TCP_CWR) {
		tcb->ecn_echo = false;
		tcb->owe |= TCP_OWE_ACK;
	}
	if ((seg->tos & ECN_MASK) != ECN_CE)
		return;
	tcb->env->count->ecn_ce_in++;
	tcb->ecn_echo = true;
	if (!before)
		tcb->owe |= TCP_OWE_ACK;
}

static bool is_reduced(const struct tcb *tcb)
{
	return tcb->in_recovery || tcb->in_loss || tcb->in_cwr;
}

/*
 * Section 6.1.2: the first echo of a round trip means what a loss would, but
 * that nothing is sent again.  Row 32 of the attacks: who lies by echoing too
 * much slows down what he gets; who does not echo at all gains what any
 * receiver gains that hides losses.
 */
void ecn_ack(struct tcb *tcb, const struct tcp_seg *seg,
	     const struct ack_news *news, uint64_t now)
{
	if (tcb->in_cwr && seq_ge(tcb->snd_una, tcb->recover))
		tcb->in_cwr = false;
	if (!tcb->ecn_ok || !(seg->flags & TCP_ECE) || is_reduced(tcb) ||
	    !news->flight)
		return;
	tcb->in_cwr = true;
	tcb->recover = tcb->snd_nxt;
	tcb->env->count->ecn_reductions++;
	recovery_marked(tcb, news, now);
	ecn_reduced(tcb);
	trace_cc(tcb, "RFC 3168 section 6.1.2", now);
}

void ecn_build(const struct tcb *tcb, struct tcp_seg *seg)
{
	if (tcb->ecn_echo)
		seg->flags |= TCP_ECE;
}

/* Sections 6.1.2, 6.1.4 to 6.1.6: new data alone, no retransmission, no bare
 * acknowledgement, no probe. */
void ecn_new_data(struct tcb *tcb, struct tcp_seg *seg)
{
	if (!tcb->ecn_ok || !seg->data_len)
		return;
	seg->tos |= ECN_ECT_0;
	if (!tcb->ecn_cwr)
		return;
	seg->flags |= TCP_CWR;
	tcb->ecn_cwr = false;
}
