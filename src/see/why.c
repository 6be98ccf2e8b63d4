/* SPDX-License-Identifier: MIT */
/* What a connection waits for.  See why.h. */
#include "see/why.h"

#include <stdio.h>
#include <string.h>

#define DEAD_AFTER 3 /* timeouts in a row */

struct answer {
	enum see_ailment ailment;
	enum see_key key;
	uint64_t n; /* %1, a number */
	uint64_t ns; /* %2, a time */
};

static void time_text(uint64_t ns, char *out, size_t size)
{
	double s = (double)ns / 1e9;

	if (ns == CN_NEVER)
		snprintf(out, size, "?");
	else if (s < 1)
		snprintf(out, size, "%.0f ms", s * 1e3);
	else
		snprintf(out, size, "%.0f s", s);
}

static struct answer say(enum see_ailment ailment, enum see_key key, uint64_t n,
			 uint64_t ns)
{
	struct answer answer = {ailment, key, n, ns};

	return answer;
}

static struct answer listening(const struct see_facts *f)
{
	if (f->recv_q >= f->send_q + 1)
		return say(SEE_QUEUE_FULL, SEE_WHY_QUEUE_FULL, f->recv_q, 0);
	if (f->recv_q)
		return say(SEE_WELL, SEE_WHY_TO_ACCEPT, f->recv_q, 0);
	return say(SEE_WELL, SEE_WHY_LISTENS, 0, 0);
}

/* Both buffers of this end are full, and the peer's window too: each program
 * is in send() and neither in recv(). */
static bool is_deadlock(const struct see_facts *f)
{
	return f->unsent && f->snd_wnd < f->mss && f->recv_q &&
	       f->rcv_wnd < f->mss;
}

static struct answer sending(const struct see_facts *f)
{
	if (f->retransmits >= DEAD_AFTER)
		return say(SEE_PATH_DEAD, SEE_WHY_PATH_DEAD, f->retransmits,
			   f->timer_in_ns);
	if (is_deadlock(f))
		return say(SEE_DEADLOCK, SEE_WHY_DEADLOCK, f->recv_q,
			   f->quiet_ns);
	if (f->unsent && f->snd_wnd < f->mss && !f->flight)
		return say(SEE_PEER_WINDOW, SEE_WHY_PEER_WINDOW, f->unsent,
			   f->quiet_ns);
	if (f->retransmits)
		return say(SEE_RETRANSMITTING, SEE_WHY_RETRANSMITS, f->flight,
			   f->timer_in_ns);
	if (f->unsent && f->flight + f->mss > f->cwnd)
		return say(SEE_WELL, SEE_WHY_CWND, f->cwnd, 0);
	if (f->unsent && f->flight + f->mss > f->snd_wnd)
		return say(SEE_WELL, SEE_WHY_RWND, f->snd_wnd, 0);
	return say(SEE_WELL, SEE_WHY_ACK, f->flight, 0);
}

static struct answer established(const struct see_facts *f)
{
	if (f->flight || f->unsent)
		return sending(f);
	if (f->recv_q && f->rcv_wnd < f->mss)
		return say(SEE_NOT_READ, SEE_WHY_NOT_READ, f->recv_q, 0);
	if (f->state == CN_CLOSE_WAIT)
		return say(SEE_NOT_CLOSED, SEE_WHY_NOT_CLOSED, 0, 0);
	if (f->recv_q)
		return say(SEE_WELL, SEE_WHY_TO_READ, f->recv_q, 0);
	return say(SEE_WELL, SEE_WHY_IDLE, 0, 0);
}

/* Our FIN is queued or sent, and not acknowledged. */
static struct answer closing(const struct see_facts *f)
{
	if (f->unsent > 1 || f->flight > 1)
		return sending(f);
	if (f->retransmits)
		return say(SEE_FIN_AGAIN, SEE_WHY_FIN_AGAIN, f->retransmits,
			   f->timer_in_ns);
	return say(SEE_WELL, SEE_WHY_FIN, 0, 0);
}

static struct answer answer_of(const struct see_facts *f)
{
	switch ((enum cn_tcp_state)f->state) {
	case CN_LISTEN:
		return listening(f);
	case CN_SYN_SENT:
		if (f->retransmits)
			return say(SEE_SYN_UNANSWERED, SEE_WHY_SYN_AGAIN,
				   f->retransmits, f->timer_in_ns);
		return say(SEE_WELL, SEE_WHY_SYN, 0, 0);
	case CN_SYN_RECEIVED:
		return say(SEE_WELL, SEE_WHY_LAST_ACK, 0, 0);
	case CN_ESTABLISHED:
	case CN_CLOSE_WAIT:
		return established(f);
	case CN_FIN_WAIT_1:
	case CN_CLOSING:
	case CN_LAST_ACK:
		return closing(f);
	case CN_FIN_WAIT_2:
		return say(SEE_WELL, SEE_WHY_PEER_FIN, 0, 0);
	case CN_TIME_WAIT:
		return say(SEE_TIME_WAIT, SEE_WHY_TIME_WAIT, 0, f->timer_in_ns);
	case CN_CLOSED:
		break;
	}
	return say(SEE_WELL, SEE_WHY_CLOSED, 0, 0);
}

enum see_ailment see_why(const struct see_facts *facts, enum see_lang lang,
			 char *out, size_t size)
{
	struct answer answer = answer_of(facts);
	char arg[SEE_ARGS][SEE_ARG_MAX];

	memset(arg, 0, sizeof(arg));
	snprintf(arg[0], sizeof(arg[0]), "%llu", (unsigned long long)answer.n);
	time_text(answer.ns, arg[1], sizeof(arg[1]));
	see_say(lang, answer.key, arg, out, size);
	return answer.ailment;
}
