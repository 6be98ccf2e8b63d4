/* SPDX-License-Identifier: MIT */
/* What a connection waits for.  See why.h. */
#include "see/why.h"

#include <stdio.h>
#include <string.h>

#define DEAD_AFTER 3 /* timeouts in a row */

/* ------------------------------------------------------------- answers -- */

static struct see_answer say(enum see_ailment ailment, enum see_key key,
			     uint64_t n)
{
	return (struct see_answer){.ailment = ailment, .key = key, .n = n};
}

/* ... with the time until the timer acts, and whether that is the end. */
static struct see_answer say_next(const struct see_facts *f,
				  enum see_ailment ailment, enum see_key key,
				  uint64_t n)
{
	struct see_answer answer = say(ailment, key, n);

	answer.ns = f->rexmit_in_ns;
	answer.then = f->last_try ? SEE_THEN_OVER : SEE_THEN_NEXT;
	return answer;
}

static struct see_answer say_since(enum see_ailment ailment, enum see_key key,
				   uint64_t n, uint64_t ns)
{
	struct see_answer answer = say(ailment, key, n);

	answer.ns = ns;
	return answer;
}

/* -------------------------------------------------------------- states -- */

static struct see_answer listening(const struct see_facts *f)
{
	if (f->recv_q >= f->send_q + 1)
		return say(SEE_QUEUE_FULL, SEE_WHY_QUEUE_FULL, f->recv_q);
	if (f->recv_q)
		return say(SEE_WELL, SEE_WHY_TO_ACCEPT, f->recv_q);
	return say(SEE_WELL, SEE_WHY_LISTENS, 0);
}

static struct see_answer opening(const struct see_facts *f)
{
	if (f->held)
		return say_since(SEE_SYN_UNANSWERED, SEE_WHY_SYN_HELD, 0,
				 f->waits_ns);
	if (f->retransmits)
		return say_next(f, SEE_SYN_UNANSWERED, SEE_WHY_SYN_AGAIN,
				f->retransmits);
	return say(SEE_WELL, SEE_WHY_SYN, 0);
}

static struct see_answer opened_by_peer(const struct see_facts *f)
{
	if (f->held)
		return say(SEE_WELL, SEE_WHY_GATEWAY, 0);
	if (f->no_room)
		return say(SEE_QUEUE_FULL, SEE_WHY_NO_ROOM, 0);
	if (f->deferred)
		return say(SEE_WELL, SEE_WHY_DEFERRED, 0);
	return say(SEE_WELL, SEE_WHY_LAST_ACK, 0);
}

bool see_is_jammed(const struct see_facts *f)
{
	return f->full && f->hold == CN_HOLD_WINDOW && !f->snd_wnd &&
	       f->recv_q && !f->rcv_wnd;
}

/*
 * Nothing was heard since the last timeout but one.  That was an RTO, as it
 * was then, before the last, which was an RTO before the next; or else nothing
 * was heard for as long as the oldest octet has waited.
 */
static bool is_silent(const struct see_facts *f)
{
	uint64_t rto = f->rto_ns;

	return f->quiet_ns >= f->waits_ns ||
	       (f->rexmit_in_ns <= rto &&
		f->quiet_ns >= rto - f->rexmit_in_ns + rto);
}

static struct see_answer window_is_zero(const struct see_facts *f)
{
	if (f->probes >= DEAD_AFTER)
		return say_next(f, SEE_PATH_DEAD, SEE_WHY_PROBES_LOST,
				f->probes);
	if (!f->send_q)
		return say_since(SEE_PEER_WINDOW, SEE_WHY_PEER_WINDOW_FIN, 0,
				 f->closed_ns);
	return say_since(SEE_PEER_WINDOW, SEE_WHY_PEER_WINDOW, f->unsent,
			 f->closed_ns);
}

static struct see_answer held_back(const struct see_facts *f)
{
	struct see_answer answer = say(SEE_WELL, SEE_WHY_ACK, f->send_q);

	answer.m = f->unsent;
	switch ((enum cn_hold)f->hold) {
	case CN_HOLD_CWND:
		answer.key = SEE_WHY_CWND;
		answer.n = f->cwnd;
		break;
	case CN_HOLD_WINDOW:
		answer.key = SEE_WHY_RWND;
		answer.n = f->snd_wnd;
		break;
	case CN_HOLD_SMALL:
		answer.key = SEE_WHY_SMALL_WINDOW;
		answer.n = f->snd_wnd;
		break;
	case CN_HOLD_NAGLE:
		answer.key = SEE_WHY_NAGLE;
		break;
	case CN_HOLD_CORK:
		answer.key = SEE_WHY_CORK;
		break;
	case CN_HOLD_PACE:
		answer.key = SEE_WHY_PACE;
		break;
	case CN_HOLD_LINK:
		answer.key = SEE_WHY_LINK;
		break;
	case CN_HOLD_NOTHING:
	case CN_HOLD_N:
		break;
	}
	return answer;
}

static struct see_answer sending(const struct see_facts *f, enum see_peer peer)
{
	struct see_answer answer;

	if (f->retransmits >= DEAD_AFTER && is_silent(f))
		return say_next(f, SEE_PATH_DEAD, SEE_WHY_PATH_DEAD,
				f->retransmits);
	if (see_is_jammed(f) && peer != SEE_PEER_MOVES)
		return say_since(SEE_DEADLOCK,
				 peer == SEE_PEER_JAMMED ?
					 SEE_WHY_DEADLOCK :
					 SEE_WHY_DEADLOCK_HERE,
				 f->recv_q, f->closed_ns);
	if (f->hold == CN_HOLD_WINDOW && !f->snd_wnd)
		return window_is_zero(f);
	if (!f->retransmits)
		return held_back(f);
	answer = say_next(f, SEE_RETRANSMITTING, SEE_WHY_RETRANSMITS,
			  f->retransmits);
	answer.m = f->send_q - f->unsent;
	return answer;
}

/* A FIN has come: no window of ours matters any more. */
static struct see_answer to_close(const struct see_facts *f)
{
	if (f->recv_q || f->more_in)
		return say(SEE_NOT_CLOSED, SEE_WHY_NOT_CLOSED_UNREAD,
			   f->recv_q);
	return say(SEE_NOT_CLOSED, SEE_WHY_NOT_CLOSED, 0);
}

static struct see_answer not_read(const struct see_facts *f)
{
	struct see_answer answer =
		say(SEE_NOT_READ,
		    f->rcv_wnd ? SEE_WHY_NOT_READ_SMALL : SEE_WHY_NOT_READ,
		    f->recv_q);

	answer.m = f->rcv_wnd;
	return answer;
}

static struct see_answer established(const struct see_facts *f,
				     enum see_peer peer)
{
	if (f->queued)
		return say(SEE_NOT_ACCEPTED, SEE_WHY_UNACCEPTED, f->recv_q);
	if (f->send_q)
		return sending(f, peer);
	if (f->state == CN_CLOSE_WAIT)
		return to_close(f);
	if (f->recv_q && f->rcv_wnd < f->mss)
		return not_read(f);
	if (f->recv_q)
		return say(SEE_WELL, SEE_WHY_TO_READ, f->recv_q);
	if (f->more_in)
		return say(SEE_WELL, SEE_WHY_TO_READ_MORE, 0);
	if (f->gap)
		return say(SEE_WELL, SEE_WHY_GAP, 0);
	if (f->probes)
		return say(SEE_WELL, SEE_WHY_KEEPALIVE, f->probes);
	return say(SEE_WELL, SEE_WHY_IDLE, 0);
}

/* The program has closed its sending side; the FIN is not acknowledged. */
static struct see_answer closing(const struct see_facts *f, enum see_peer peer)
{
	if (f->send_q)
		return sending(f, peer);
	if (!f->fin_sent)
		return f->hold == CN_HOLD_WINDOW && !f->snd_wnd ?
			       window_is_zero(f) :
			       say(SEE_WELL, SEE_WHY_FIN_QUEUED, 0);
	if (f->retransmits)
		return say_next(f, SEE_FIN_AGAIN, SEE_WHY_FIN_AGAIN,
				f->retransmits);
	return say(SEE_WELL, SEE_WHY_FIN, 0);
}

static struct see_answer half_closed(const struct see_facts *f)
{
	if (f->orphan)
		return say_since(SEE_WELL, SEE_WHY_PEER_FIN_ORPHAN, 0,
				 f->timer_in_ns);
	if (f->recv_q && f->rcv_wnd < f->mss)
		return not_read(f);
	if (f->recv_q)
		return say(SEE_WELL, SEE_WHY_TO_READ, f->recv_q);
	return say(SEE_WELL, SEE_WHY_PEER_FIN, 0);
}

struct see_answer see_why_answer(const struct see_facts *f, enum see_peer peer)
{
	switch ((enum cn_tcp_state)f->state) {
	case CN_LISTEN:
		return listening(f);
	case CN_SYN_SENT:
		return opening(f);
	case CN_SYN_RECEIVED:
		return opened_by_peer(f);
	case CN_ESTABLISHED:
	case CN_CLOSE_WAIT:
		return established(f, peer);
	case CN_FIN_WAIT_1:
	case CN_CLOSING:
	case CN_LAST_ACK:
		return closing(f, peer);
	case CN_FIN_WAIT_2:
		return half_closed(f);
	case CN_TIME_WAIT:
		return say_since(SEE_TIME_WAIT, SEE_WHY_TIME_WAIT, 0,
				 f->timer_in_ns);
	case CN_CLOSED:
		break;
	}
	return say(SEE_WELL, SEE_WHY_CLOSED, 0);
}

/* --------------------------------------------------------------- words -- */

static void time_text(uint64_t ns, char *out, size_t size)
{
	double s = (double)ns / 1e9;

	if (ns == CN_NEVER)
		snprintf(out, size, "?");
	else if (s < 0.9995)
		snprintf(out, size, "%.0f ms", s * 1e3);
	else if (s < 9.95)
		snprintf(out, size, "%.1f s", s);
	else
		snprintf(out, size, "%.0f s", s);
}

void see_why_words(const struct see_answer *answer, enum see_lang lang,
		   char *out, size_t size)
{
	char arg[SEE_ARGS][SEE_ARG_MAX], then[SEE_ARGS][SEE_ARG_MAX];

	memset(arg, 0, sizeof(arg));
	memset(then, 0, sizeof(then));
	snprintf(arg[0], sizeof(arg[0]), "%llu", (unsigned long long)answer->n);
	snprintf(arg[2], sizeof(arg[2]), "%llu", (unsigned long long)answer->m);
	time_text(answer->ns, then[0], sizeof(then[0]));
	switch ((enum see_then)answer->then) {
	case SEE_THEN_TIME:
		memcpy(arg[1], then[0], sizeof(arg[1]));
		break;
	case SEE_THEN_NEXT:
		see_say(lang, SEE_WHY_NEXT, then, arg[1], sizeof(arg[1]));
		break;
	case SEE_THEN_OVER:
		see_say(lang, SEE_WHY_OVER, then, arg[1], sizeof(arg[1]));
		break;
	}
	see_say(lang, answer->key, arg, out, size);
}

enum see_ailment see_why(const struct see_facts *facts, enum see_peer peer,
			 enum see_lang lang, char *out, size_t size)
{
	struct see_answer answer = see_why_answer(facts, peer);

	see_why_words(&answer, lang, out, size);
	return answer.ailment;
}
