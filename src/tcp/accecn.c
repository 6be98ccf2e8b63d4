/* SPDX-License-Identifier: MIT */
/*
 * RFC 9768 section 3.2 as Data Receiver: what is counted of what comes, and
 * what of it goes on each segment that leaves.
 */
#include "tcp/accecn.h"

#define BIT_OF(counter) (1u << (counter))
/* Section 3.2.2.5.1, increment-triggered ACKs: marks until one is owed. */
#define MARKS_WITH_DATA 2
#define MARKS_WITHOUT 3

bool accecn_begin(struct tcb *tcb, unsigned syn_point)
{
	struct tcp_tune *tune = tcp_tune(tcb);
	struct tcp_accecn *own = NULL;

	if (tune && !tune->accecn)
		tune->accecn = pool_alloc(tcb->env->pool, sizeof(*own));
	if (!tune || !tune->accecn)
		return false;
	own = tune->accecn;
	*own = (struct tcp_accecn){
		.r_cep = ACCECN_CEP_INITIAL,
		.s_cep = ACCECN_CEP_INITIAL,
		.cep_told = ACCECN_CEP_INITIAL,
		.syn_point = syn_point & ECN_MASK,
	};
	tcb->accecn = true;
	tcb->env->count->accecn_opens++;
	return true;
}

void accecn_free(struct tcb *tcb)
{
	if (!tcb->accecn)
		return;
	pool_release(tcb->env->pool, tcb->tune->accecn,
		     sizeof(*tcb->tune->accecn));
	tcb->tune->accecn = NULL;
	tcb->accecn = false;
}

/* --------------------------------------------------------- what came -- */

static uint32_t packets_in(const struct tcp_seg *seg)
{
	if (!seg->seg_size || seg->data_len <= seg->seg_size)
		return 1;
	return (seg->data_len + seg->seg_size - 1) / seg->seg_size;
}

/* Section 3.2.2.5.1: both rules for an ACK; of a train one ACK tells all. */
static void owe_for_marks(struct tcb *tcb, const struct tcp_seg *seg,
			  bool is_ce)
{
	struct tcp_accecn *own = accecn_of(tcb);
	bool waits = seg->data_len || tcb->rcv_nxt != tcb->last_ack_sent;

	if ((is_ce && !own->was_ce && seg->data_len) ||
	    own->ce_new >= (waits ? MARKS_WITH_DATA : MARKS_WITHOUT))
		tcb->owe |= TCP_OWE_ACK;
	own->was_ce = is_ce;
}

void accecn_count_octets(struct tcb *tcb, const struct tcp_seg *seg)
{
	struct tcp_accecn *own = accecn_of(tcb);
	unsigned point = seg->tos & ECN_MASK;

	if (point == ECN_NOT_ECT || !seg->data_len)
		return;
	/* ECT(1) is 1, ECT(0) 2, CE 3. */
	own->r_octets[point - 1] += seg->data_len;
	own->changed |= BIT_OF(point - 1) & 7;
	own->option_due = true;
}

void accecn_received(struct tcb *tcb, const struct tcp_seg *seg)
{
	struct tcp_accecn *own = accecn_of(tcb);
	unsigned point = seg->tos & ECN_MASK;
	uint32_t marks;

	if (point == ECN_NOT_ECT) {
		own->was_ce = false;
		return;
	}
	tcb->ecn_seen = true;
	accecn_count_octets(tcb, seg);
	if (point == ECN_CE) {
		marks = packets_in(seg);
		tcb->env->count->ecn_ce_in += marks;
		own->r_cep += marks;
		marks += own->ce_new;
		own->ce_new = (uint8_t)(marks < UINT8_MAX ? marks : UINT8_MAX);
	}
	owe_for_marks(tcb, seg, point == ECN_CE);
}

/* --------------------------------------------------------- what leaves -- */

/* Tables 2 and 3: how a SYN or SYN-ACK arrived. */
static unsigned handshake_ace(unsigned point)
{
	static const uint8_t ace[] = {
		[ECN_NOT_ECT] = 2,
		[ECN_ECT_1] = 3,
		[ECN_ECT_0] = 4,
		[ECN_CE] = 6,
	};

	return ace[point & ECN_MASK];
}

/* Section 3.2.3.3: a field for each counter that ever moved, and for those
 * before it; all three where nothing has. */
static unsigned shape(const struct tcp_accecn *own, bool *order)
{
	bool e0 = own->changed & BIT_OF(ACCECN_E0);
	bool e1 = own->changed & BIT_OF(ACCECN_E1);

	*order = e1 && !e0;
	if (!own->changed || (e0 && e1))
		return 3;
	return own->changed & BIT_OF(ACCECN_CE) ? 2 : 1;
}

/* Section 3.2.3.2: the first ones try the path; what is sent again goes
 * without, in case that was why it was lost. */
static bool is_due(const struct tcp_accecn *own, enum accecn_use use)
{
	if (use == ACCECN_ON_REXMIT)
		return false;
	return own->option_due ||
	       (use == ACCECN_ON_ACK ? own->option_first_ack :
				       own->option_first_data);
}

/* ... whose place losses take (18 octets, padded 20): of two blocks at
 * most. */
uint32_t accecn_option_len(const struct tcb *tcb, enum accecn_use use,
			   uint32_t others, unsigned *sack_n)
{
	const struct tcp_accecn *own = accecn_of(tcb);
	unsigned keep = *sack_n < 2 ? *sack_n : 2;
	uint32_t len;
	bool order;

	if (!is_due(own, use))
		return 0;
	len = tcp_accecn_len(shape(own, &order));
	if (keep)
		others += 4;
	if (others + 8 * keep + len > TCP_OPTIONS_MAX)
		return 0;
	while (others + 8 * *sack_n + len > TCP_OPTIONS_MAX)
		--*sack_n;
	return len;
}

static void put_fields(struct tcp_seg *seg, const uint32_t octets[], unsigned n,
		       bool order)
{
	seg->options |= TCP_OPT_ACCECN;
	seg->accecn_n = (uint8_t)n;
	seg->accecn_order = order;
	for (unsigned i = 0; i < n; i++)
		seg->accecn[i] = accecn_field(octets, accecn_counter(order, i));
}

void accecn_syn_flags(struct tcp_seg *seg, unsigned point)
{
	tcp_set_ace(seg, handshake_ace(point));
}

void accecn_no_ect(struct tcb *tcb)
{
	accecn_of(tcb)->no_ect = true;
}

uint8_t accecn_ace(const struct tcb *tcb)
{
	return accecn_of(tcb)->r_cep & (ACCECN_TURN - 1);
}

void accecn_syn_option(struct tcp_seg *seg)
{
	static const uint32_t none[ACCECN_OCTETS];
	unsigned n = TCP_ACCECN_FIELDS;
	size_t room;

	seg->options &= (uint8_t)~TCP_OPT_ACCECN;
	room = TCP_OPTIONS_MAX - tcp_options_len(seg);
	while (n && tcp_accecn_len(n) > room)
		n--;
	if (tcp_accecn_len(n) <= room)
		put_fields(seg, none, n, false);
}

void accecn_build(struct tcb *tcb, struct tcp_seg *seg, uint32_t len,
		  enum accecn_use use)
{
	struct tcp_accecn *own = accecn_of(tcb);
	bool is_ack = use == ACCECN_ON_ACK, order;
	unsigned n;

	if (own->handshake && is_ack && !(seg->options & TCP_OPT_SACK)) {
		tcp_set_ace(seg, handshake_ace(own->syn_point));
		own->handshake = false;
	} else {
		tcp_set_ace(seg, own->r_cep & (ACCECN_TURN - 1));
		own->ce_new = 0;
	}
	if (is_ack)
		own->option_first_ack = false;
	else
		own->option_first_data = false;
	if (!len)
		return;
	n = shape(own, &order);
	put_fields(seg, own->r_octets, n, order);
	own->option_due = false;
}

void accecn_info(const struct tcb *tcb, struct cn_tcp_info *info)
{
	const struct tcp_accecn *own = accecn_of(tcb);

	info->has_accecn = true;
	info->received_ce = own->r_cep - ACCECN_CEP_INITIAL;
	info->delivered_ce = own->s_cep - ACCECN_CEP_INITIAL;
	info->received_e1_octets = own->r_octets[ACCECN_E1];
	info->received_e0_octets = own->r_octets[ACCECN_E0];
	info->received_ce_octets = own->r_octets[ACCECN_CE];
	info->delivered_e1_octets = own->s_octets[ACCECN_E1];
	info->delivered_e0_octets = own->s_octets[ACCECN_E0];
	info->delivered_ce_octets = own->s_octets[ACCECN_CE];
}
