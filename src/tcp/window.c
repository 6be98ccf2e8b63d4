/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.8.6: the window we offer. */
#include "tcp/window.h"

#include "tcp/tune.h"

#define WINDOW_SHIFT_MAX 14u

/* A buffer of the size that tuning begins with may become the largest. */
uint8_t window_scale_for(const struct cn_settings *set, uint32_t rcvbuf)
{
	bool tunes = !set->rcvbuf && rcvbuf == tune_initial_rcvbuf(set);
	uint32_t most = tunes ? set->rmem.most : rcvbuf;
	uint8_t shift = 0;

	while (shift < WINDOW_SHIFT_MAX && most >> shift > 65535)
		shift++;
	return shift;
}

/* Of so many octets, as many as the window's field can tell. */
static uint32_t within_field(const struct tcb *tcb, uint32_t octets)
{
	uint32_t most = UINT32_C(65535) << tcb->rcv_wscale;

	return octets < most ? octets : most;
}

/* What a buffer of that size has room for. */
static uint32_t room(const struct tcb *tcb, uint32_t limit)
{
	return within_field(
		tcb, limit > tcb->rcv_queued ? limit - tcb->rcv_queued : 0);
}

/*
 * The receiver's half of silly-window avoidance.
 */
static bool worth_moving(const struct tcb *tcb, uint32_t limit, uint32_t space)
{
	/* A segment may be as long as an unscaled window. */
	uint32_t step = within_field(tcb, limit) / 2;

	if (tcb->adv_mss < step)
		step = tcb->adv_mss;
	/* MUST-39, SHLD-14: the right edge moves by a full segment or by half
	 * the buffer, or not at all; and never to the left. */
	return space >= tcb->rcv_wnd && space - tcb->rcv_wnd >= step;
}

uint16_t window_offer(struct tcb *tcb, bool syn)
{
	uint32_t limit = tune_rcvbuf(tcb), space = room(tcb, limit), field;
	uint8_t shift = syn ? 0 : tcb->rcv_wscale;

	if (worth_moving(tcb, limit, space))
		tcb->rcv_wnd = space;
	/* Rounded up, or the edge would creep left by the octets that the
	 * scale cannot tell. */
	field = (tcb->rcv_wnd + (UINT32_C(1) << shift) - 1) >> shift;
	if (field > 65535)
		field = 65535;
	if (!syn)
		tcb->rcv_wnd = field << shift;
	else if (tcb->rcv_wnd > field)
		tcb->rcv_wnd = field;
	return (uint16_t)field;
}

/*
 * Deviation: as Linux, an update goes out once the window can at least
 * double; RFC 9293 asks only that the edge does not move by less than a
 * segment, which would mean an update for every second read.
 */
bool window_wants_update(const struct tcb *tcb)
{
	uint32_t limit = tune_rcvbuf(tcb), space = room(tcb, limit);

	return space / 2 >= tcb->rcv_wnd && worth_moving(tcb, limit, space);
}
