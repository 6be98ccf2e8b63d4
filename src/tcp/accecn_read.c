/* SPDX-License-Identifier: MIT */
/*
 * RFC 9768 as Data Sender: what the peer counted, and how SYNs arrived.
 *
 * The answer to marks is once in a round trip what a loss would be to the
 * controller, as that to an echo of RFC 3168: nothing here can make a window
 * larger, whatever a peer tells.
 */
#include "tcp/accecn.h"

#include "tcp/recovery.h"
#include "tcp/sendq.h"
#include "tcp/trace.h"

/* As Linux: an ACK of more segments than that is the peer's habit, and not
 * the trace of ACKs that were lost. */
#define MEAN_SHIFT 6
#define MEAN_HABIT (4u << MEAN_SHIFT)

/* Sections 3.2.2.3, 3.2.2.4 and 3.2.3.2.5. */
static void path_meddles(struct tcb *tcb, bool no_answer)
{
	struct tcp_accecn *own = accecn_of(tcb);

	if (!own->no_ect || (no_answer && !own->no_answer))
		tcb->env->count->accecn_meddled++;
	own->no_ect = true;
	own->no_answer |= no_answer;
}

/* ----------------------------------------------------- the peer's counts -- */

static uint32_t field_at(const struct tcp_seg *seg, unsigned i)
{
	return seg->accecn[i] & TCP_ACCECN_FIELD_MASK;
}

/* Section 3.2.3.2.4: an initial count that is 0 was cleared on the way. */
static void first_option(struct tcb *tcb, const struct tcp_seg *seg)
{
	struct tcp_accecn *own = accecn_of(tcb);

	if (!(seg->options & TCP_OPT_ACCECN))
		return;
	for (unsigned i = 0; i < seg->accecn_n; i++) {
		unsigned counter = accecn_counter(seg->accecn_order, i);

		if (counter == ACCECN_CE || field_at(seg, i))
			continue;
		own->option_deaf = true;
		tcb->env->count->accecn_refused++;
		return;
	}
}

/* What an option says of the octets that were marked. */
struct told {
	bool has_ce; /* it has that field */
	bool has_octets; /* ... or has not, since it never moved */
	uint32_t octets; /* more than before */
};

/* Half of a field's values lie behind: such an option has been overtaken. */
#define FIELD_HALF ((TCP_ACCECN_FIELD_MASK + 1) / 2)

/* False: it has been overtaken, or tells of more octets than could have come
 * of all that was ever sent, even if the path makes copies; whoever told that
 * is not listened to any more. */
static bool is_believed(struct tcb *tcb, const uint32_t moved[], unsigned n)
{
	uint64_t sent = tcp_octets_sent(tcb) + tcb->stat.octets_retransmitted;

	for (unsigned i = 0; i < n; i++) {
		if (moved[i] >= FIELD_HALF)
			return false;
		if (moved[i] <= 2 * sent)
			continue;
		accecn_of(tcb)->option_deaf = true;
		tcb->env->count->accecn_refused++;
		return false;
	}
	return true;
}

/* Section 3.2.3.1. */
static struct told take_option(struct tcb *tcb, const struct tcp_seg *seg)
{
	struct tcp_accecn *own = accecn_of(tcb);
	bool order = seg->accecn_order;
	uint32_t moved[TCP_ACCECN_FIELDS];
	struct told told = {0};
	unsigned i, n = seg->accecn_n;

	if (!(seg->options & TCP_OPT_ACCECN) || own->option_deaf)
		return told;
	for (i = 0; i < n; i++)
		moved[i] = (field_at(seg, i) -
			    accecn_field(own->s_octets,
					 accecn_counter(order, i))) &
			   TCP_ACCECN_FIELD_MASK;
	if (!is_believed(tcb, moved, n))
		return told;
	for (i = 0; i < n; i++) {
		own->s_octets[accecn_counter(order, i)] += moved[i];
		if (accecn_counter(order, i) != ACCECN_CE)
			continue;
		told.has_ce = true;
		told.octets = moved[i];
	}
	told.has_octets = told.has_ce || !own->s_octets[ACCECN_CE];
	return told;
}

/* How many segments the ACK tells of for the first time; those that are small
 * count as whole where SACK has told of some before. */
static uint32_t segments_told(const struct tcb *tcb,
			      const struct ack_news *news)
{
	bool overlaps = news->delivered != news->acked + news->sacked;
	uint32_t octets = overlaps ? news->delivered : news->sacked;

	return (overlaps ? 0 : news->sent->segs) +
	       (octets + tcb->snd_mss - 1) / tcb->snd_mss;
}

/*
 * Section 3.2.2.5.2 and appendix A.2: how far the ACE field has moved.  With
 * the octets that were marked it is certain; without, an ACK that tells of
 * more segments than the field can count is read as the worst that it may
 * mean, unless the peer's ACKs are so by habit.
 */
static uint32_t marks_told(const struct tcb *tcb, const struct tcp_seg *seg,
			   uint32_t segs, const struct told *told)
{
	const struct tcp_accecn *own = accecn_of(tcb);
	uint32_t least = (tcp_ace(seg) - own->s_cep) & (ACCECN_TURN - 1);
	uint32_t most, before = own->s_cep - own->cep_told;

	if (segs < ACCECN_TURN)
		return least;
	most = segs - ((segs - least) & (ACCECN_TURN - 1));
	if (!told->has_octets)
		return own->acked_mean > MEAN_HABIT ? least : most;
	if (told->octets > (uint64_t)(before + least) * tcb->snd_mss)
		return most;
	return least;
}

static void note_habit(struct tcp_accecn *own, uint32_t segs)
{
	uint32_t now = segs < 512 ? segs << MEAN_SHIFT : 512u << MEAN_SHIFT;

	if (!own->acked_mean)
		own->acked_mean = (uint16_t)now;
	else
		own->acked_mean = (uint16_t)(own->acked_mean -
					     (own->acked_mean >> MEAN_SHIFT) +
					     (now >> MEAN_SHIFT));
}

static bool is_reduced(const struct tcb *tcb)
{
	return tcb->in_recovery || tcb->in_loss || tcb->in_cwr;
}

static void answer(struct tcb *tcb, const struct ack_news *news, uint64_t now)
{
	tcb->in_cwr = true;
	tcb->recover = tcb->snd_nxt;
	tcb->env->count->ecn_reductions++;
	recovery_marked(tcb, news, now);
	trace_cc(tcb, "RFC 9768 section 3.2.2", now);
}

/* Section 3.2.2.4: the first count that comes is not 0, unless so many marks
 * came before it. */
static bool is_cleared(struct tcp_accecn *own, const struct tcp_seg *seg,
		       uint32_t segs)
{
	bool first = !own->heard;

	own->heard = true;
	return first && !tcp_ace(seg) &&
	       segs < ACCECN_TURN - ACCECN_CEP_INITIAL;
}

/* An ACK that brings nothing new may be older than the last that did
 * (appendix A.1): its counts are not read. */
void accecn_ack(struct tcb *tcb, const struct tcp_seg *seg,
		const struct ack_news *news, uint64_t now)
{
	struct tcp_accecn *own = accecn_of(tcb);
	uint32_t segs, marks;
	struct told told;

	if (!news->acked && !news->sacked)
		return;
	segs = segments_told(tcb, news);
	if (is_cleared(own, seg, segs))
		path_meddles(tcb, true);
	told = take_option(tcb, seg);
	marks = marks_told(tcb, seg, segs, &told);
	note_habit(own, segs);
	own->s_cep += marks;
	tcb->env->count->accecn_ce_told += marks;
	/* Section 3.2.3.2.5: octets were marked, but no packet. */
	if (told.octets && own->s_cep == own->cep_told && segs < ACCECN_TURN)
		path_meddles(tcb, false);
	if (told.has_ce)
		own->cep_told = own->s_cep;
	if (marks && !own->no_answer && news->flight && !is_reduced(tcb))
		answer(tcb, news, now);
}

/* ----------------------------------------------------------- handshake -- */

static bool is_handshake(const struct tcp_seg *seg)
{
	return !seg->data_len && !(seg->flags & (TCP_SYN | TCP_FIN)) &&
	       !(seg->options & TCP_OPT_SACK);
}

#define ACE_CE 6

/* Our SYNs and SYN-ACKs cannot be marked, so that any other answer tells of a
 * path that has changed the field; those that mean nothing tell nothing. */
static bool tells_of_change(unsigned ace)
{
	return ace == 3 || ace == 4 || ace == ACE_CE;
}

void accecn_answered(struct tcb *tcb, const struct tcp_seg *seg)
{
	struct tcp_accecn *own = accecn_of(tcb);

	own->option_first_ack = true;
	own->option_first_data = true;
	if (tells_of_change(tcp_ace(seg)))
		path_meddles(tcb, false);
	first_option(tcb, seg);
	accecn_syn_ack_again(tcb, seg);
	accecn_count_octets(tcb, seg);
}

/* Sections 3.2.2.1 and 3.2.2.2: each is answered as it came, and counted
 * once. */
void accecn_syn_ack_again(struct tcb *tcb, const struct tcp_seg *seg)
{
	struct tcp_accecn *own = accecn_of(tcb);

	/* It goes by itself, before data that are there. */
	own->handshake = true;
	tcb->owe |= TCP_OWE_PURE_ACK;
	own->syn_point = seg->tos & ECN_MASK;
	if (own->syn_point != ECN_CE || own->ce_syn_ack)
		return;
	own->ce_syn_ack = true;
	own->r_cep++;
	tcb->env->count->ecn_ce_in++;
}

void accecn_syn_again(struct tcb *tcb, uint8_t agreed)
{
	struct tcp_accecn *own = accecn_of(tcb);

	own->syn_point = agreed & ECN_MASK;
	own->no_ect |= (agreed & ECN_AGREED_PLAIN_SYN) != 0;
}

/* The window is the initial one, and nothing in flight: as after a mark. */
static void begin_small(struct tcb *tcb, uint64_t now)
{
	static const struct ack_news none;

	tcb->env->count->ecn_reductions++;
	recovery_marked(tcb, &none, now);
	trace_cc(tcb, "RFC 9768 section 3.2.2.2", now);
}

void accecn_syn_acked(struct tcb *tcb, const struct tcp_seg *seg, uint64_t now)
{
	if (tcp_ace(seg) == ACE_CE)
		begin_small(tcb, now);
}

/* Table 4.  With data it is a count like any other. */
void accecn_third_ack(struct tcb *tcb, const struct tcp_seg *seg, uint64_t now)
{
	struct tcp_accecn *own = accecn_of(tcb);
	unsigned ace = tcp_ace(seg);

	first_option(tcb, seg);
	if (!is_handshake(seg)) {
		own->heard = true;
		if (!ace)
			path_meddles(tcb, true);
		else if (ace == ACCECN_CEP_INITIAL + 1)
			own->s_cep++;
	} else if (!ace) {
		path_meddles(tcb, true);
	} else if (tells_of_change(ace)) {
		path_meddles(tcb, false);
		own->s_cep += ace == ACE_CE;
	}
	own->cep_told = own->s_cep;
	if (own->s_cep != ACCECN_CEP_INITIAL)
		begin_small(tcb, now);
}
