/* SPDX-License-Identifier: MIT */
/*
 * RFC 3168 section 6.1: ECN for TCP (SHLD-8); RFC 9768 section 3.1: what SYNs
 * agree on.
 *
 * Deviation: as Linux, the window falls by what the controller takes for a
 * loss, which is CUBIC's beta for CUBIC (section 6.1.2 says half).
 */
#include "tcp/ecn.h"

#include "tcp/accecn.h"
#include "tcp/arrive.h"
#include "tcp/recovery.h"
#include "tcp/trace.h"

/* ------------------------------------------------------- what is agreed -- */

/* AE, CWR and ECE of SYNs. */
enum {
	ACE_NONE = 0,
	ACE_CLASSIC_ANSWER = 1,
	ACE_CLASSIC = 3,
	ACE_RESERVED = 5,
	ACE_ACCURATE = 7
};

/* Linux's tcp_ecn: 3 asks for RFC 9768, 1 and 4 for RFC 3168; 3, 4 and 5 take
 * the one, all but 0 the other. */
static bool takes_accurate(const struct cn_settings *set)
{
	return set->ecn >= 3;
}

static bool asks_accurate(const struct cn_settings *set)
{
	return set->ecn == 3;
}

static bool asks_classic(const struct cn_settings *set)
{
	return set->ecn == 1 || set->ecn == 4;
}

/*
 * Section 6.1.1 for a SYN with both flags, whatever the third is to a TCP that
 * knows no more.  One that can be marked is none of a TCP that knows ECN
 * (RFC 3168 section 6.1.1 forbids it): the path has broken the field, so it is
 * not used, as in Linux.
 */
static uint8_t classic_of_syn(const struct tcp_seg *seg)
{
	if ((tcp_ace(seg) & ACE_CLASSIC) != ACE_CLASSIC ||
	    (seg->tos & ECN_MASK) != ECN_NOT_ECT)
		return ECN_AGREED_NONE;
	return ECN_AGREED_CLASSIC;
}

/* RFC 9768 sections 3.1.2 and 3.1.3: what is not defined is as if all three
 * were set. */
uint8_t ecn_of_syn(const struct cn_settings *set, const struct tcp_seg *seg)
{
	unsigned ace = tcp_ace(seg);

	if (!set->ecn || ace == ACE_NONE)
		return ECN_AGREED_NONE;
	if (ace == ACE_CLASSIC || !takes_accurate(set))
		return classic_of_syn(seg);
	return (uint8_t)(ECN_AGREED_ACCURATE | (seg->tos & ECN_MASK));
}

/* RFC 9768 section 3.1.5: the mode stays; the latest SYN is what is told of,
 * but a plain one, which its sender may have repeated because nothing came. */
bool ecn_of_syn_again(const struct cn_settings *set, uint8_t *agreed,
		      const struct tcp_seg *seg)
{
	unsigned ace = tcp_ace(seg);

	if (!ecn_is_accurate(*agreed))
		/* Who knows RFC 3168 alone sees no difference. */
		return !takes_accurate(set) || *agreed != ECN_AGREED_CLASSIC ||
		       ace != ACE_ACCURATE;
	if (ace == ACE_CLASSIC)
		return false;
	*agreed = (uint8_t)((*agreed & ~ECN_MASK) | (seg->tos & ECN_MASK));
	if (ace == ACE_NONE)
		*agreed |= ECN_AGREED_PLAIN_SYN;
	return true;
}

/*
 * Section 6.1.1.1: a SYN that has to be repeated asks for nothing, since
 * something on the path may not let it pass; RFC 9768 section 3.1.4.1: the
 * second time.
 */
void ecn_ask(struct tcb *tcb, struct tcp_seg *seg)
{
	const struct cn_settings *set = tcb->env->set;

	if (tcb->state == CN_SYN_RECEIVED && tcb->accecn)
		ecn_agree(seg,
			  (uint8_t)(ECN_AGREED_ACCURATE |
				    accecn_syn_point(tcb)),
			  tcb->syn_rexmitted, tcb->rexmit_n);
	else if (tcb->state == CN_SYN_RECEIVED)
		ecn_agree(seg, tcb->ecn_ok, false, 0);
	else if (asks_accurate(set) && tcb->rexmit_n <= 1)
		tcp_set_ace(seg, ACE_ACCURATE);
	else if (asks_classic(set) && !tcb->syn_rexmitted)
		tcp_set_ace(seg, ACE_CLASSIC);
}

/* RFC 9768 section 3.2.3.2.2: in case the path does not let the option pass,
 * or the flags. */
void ecn_agree(struct tcp_seg *seg, uint8_t agreed, bool again,
	       unsigned rexmit_n)
{
	if (!ecn_is_accurate(agreed)) {
		tcp_set_ace(seg, agreed ? ACE_CLASSIC_ANSWER : ACE_NONE);
		return;
	}
	if (rexmit_n > 1)
		return;
	accecn_syn_flags(seg, agreed);
	if (!again && !rexmit_n)
		accecn_syn_option(seg);
}

/* Without memory nothing is agreed on after all: the peer finds our counts to
 * be nought, and does without (RFC 9768 section 3.2.2.1). */
void ecn_begin(struct tcb *tcb, uint8_t agreed, unsigned rexmit_n)
{
	tcb->ecn_ok = agreed == ECN_AGREED_CLASSIC;
	if (!ecn_is_accurate(agreed) || !accecn_begin(tcb, agreed))
		return;
	/* RFC 9768 section 3.1.5: the client may have entered another mode. */
	if (agreed & ECN_AGREED_PLAIN_SYN || rexmit_n > 1)
		accecn_no_ect(tcb);
}

bool ecn_syn_again(struct tcb *tcb, const struct tcp_seg *seg)
{
	uint8_t agreed = tcb->ecn_ok;
	bool ok;

	if (tcb->accecn)
		agreed = ECN_AGREED_ACCURATE;
	ok = ecn_of_syn_again(tcb->env->set, &agreed, seg);
	if (ok && tcb->accecn)
		accecn_syn_again(tcb, agreed);
	return ok;
}

/* RFC 9768 table 2, the answer to a SYN that asked for it.  All flags are those
 * of our own SYN, reflected by a TCP that does not know them. */
static void accurate_answered(struct tcb *tcb, const struct tcp_seg *seg)
{
	unsigned ace = tcp_ace(seg);

	if (ace == ACE_CLASSIC_ANSWER)
		tcb->ecn_ok = true;
	else if (ace != ACE_NONE && ace != ACE_ACCURATE &&
		 accecn_begin(tcb, seg->tos))
		accecn_answered(tcb, seg);
}

/* Both flags in the answer are those of our own SYN, reflected by a TCP that
 * does not know them.  The first SYN asked, whichever it is that is
 * answered. */
void ecn_answered(struct tcb *tcb, const struct tcp_seg *seg)
{
	const struct cn_settings *set = tcb->env->set;

	tcb->ecn_ok = false;
	if (!(seg->flags & TCP_ACK))
		/* Both open at once. */
		ecn_begin(tcb, ecn_of_syn(set, seg), 0);
	else if (asks_accurate(set))
		accurate_answered(tcb, seg);
	else if (asks_classic(set))
		tcb->ecn_ok = (tcp_ace(seg) & ACE_CLASSIC) ==
			      ACE_CLASSIC_ANSWER;
}

/* ------------------------------------------------------ marks and echoes -- */

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
	tcb->ecn_seen |= (seg->tos & ECN_MASK) != ECN_NOT_ECT;
	if (seg->flags & TCP_CWR) {
		tcb->ecn_echo = false;
		tcb->owe |= TCP_OWE_ACK;
	}
	if ((seg->tos & ECN_MASK) != ECN_CE)
		return;
	tcb->env->count->ecn_ce_in++;
	TCP_MISHAP(tcb, ce_in);
	tcb->ecn_echo = true;
	if (!before)
		tcb->owe |= TCP_OWE_ACK;
}

static bool is_reduced(const struct tcb *tcb)
{
	return tcb->in_recovery || tcb->in_loss || tcb->in_cwr;
}

/* As Linux: what an ACK delivers that echoes a mark was all delivered so. */
static void note_echo(struct tcb *tcb, const struct ack_news *news)
{
	struct tcp_mishaps *mishaps = news->delivered ? tcp_mishaps(tcb) : NULL;

	if (mishaps)
		mishaps->ce_delivered += (news->delivered + tcb->snd_mss - 1) /
					 tcb->snd_mss;
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
	/* What was sent before the reduction has no say: CWR is on its way. */
	if (tcb->in_cwr && seq_gt(tcb->snd_una, tcb->recover))
		tcb->in_cwr = false;
	if (tcb->accecn) {
		accecn_ack(tcb, seg, news, now);
		return;
	}
	if (!tcb->ecn_ok || !(seg->flags & TCP_ECE))
		return;
	note_echo(tcb, news);
	if (is_reduced(tcb) || !news->flight)
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
	if (!seg->data_len || !(tcb->ecn_ok || accecn_may_ect(tcb)))
		return;
	seg->tos |= ECN_ECT_0;
	/* After a rest this is another flight than the one that was marked. */
	if (!tcp_flight(tcb))
		tcb->in_cwr = false;
	if (!tcb->ecn_cwr)
		return;
	seg->flags |= TCP_CWR;
	tcb->ecn_cwr = false;
}

void ecn_info(const struct tcb *tcb, struct cn_tcp_info *info)
{
	const struct tcp_mishaps *mishaps = tcp_mishaps_of(tcb);

	info->has_ecn = tcb->ecn_ok || tcb->accecn;
	info->has_ecn_seen = tcb->ecn_seen;
	info->received_ce = mishaps->ce_in;
	info->delivered_ce = mishaps->ce_delivered;
	if (tcb->accecn)
		accecn_info(tcb, info);
}
