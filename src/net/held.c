/* SPDX-License-Identifier: MIT */
/* Frames that the host keeps for a while: charged with the buffers that they
 * hold, since those cannot go before them. */
#include <string.h>

#include "net/net.h"

static uint32_t true_size(const struct cn_frame *frame)
{
	uint32_t octets = (uint32_t)sizeof(struct net_held);

	for (unsigned i = 0; i < frame->slice_n; i++)
		if (frame->slice[i].buf)
			octets += buf_true_size(frame->slice[i].buf);
	return octets;
}

bool held_push(struct net *net, struct net_queue *queue, struct cn_frame *frame)
{
	uint32_t charge = true_size(frame);
	struct net_held *held = NULL;

	if (!budget_is_over(net->budget, charge))
		held = pool_alloc(net->pool, sizeof(*held));
	if (!held) {
		net_drop(net, CN_DROP_MEMORY);
		cn_frame_release(frame);
		return false;
	}
	held->charge = charge;
	held->frame = *frame;
	budget_charge(net->budget, charge);
	if (queue->last)
		queue->last->next = held;
	else
		queue->first = held;
	queue->last = held;
	queue->n++;
	return true;
}

bool held_pop(struct net *net, struct net_queue *queue, struct cn_frame *frame)
{
	struct net_held *held = queue->first;

	if (!held)
		return false;
	queue->first = held->next;
	if (!queue->first)
		queue->last = NULL;
	queue->n--;
	*frame = held->frame;
	budget_refund(net->budget, held->charge);
	pool_release(net->pool, held, sizeof(*held));
	return true;
}

void held_drop_all(struct net *net, struct net_queue *queue)
{
	struct cn_frame frame;

	while (held_pop(net, queue, &frame))
		cn_frame_release(&frame);
}
