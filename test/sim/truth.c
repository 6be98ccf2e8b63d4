/* SPDX-License-Identifier: MIT */
/* Sentences of catenet why, one by one. */
#include "truth.h"

#include "base/seq.h"

#define MS CN_NS_PER_MS

#define WRONG_UNLESS(x)                                                        \
	do {                                                                   \
		if (!(x))                                                      \
			return #x;                                             \
	} while (0)

/* ------------------------------------------------------ what is so, now -- */

static const struct talk_end *program(const struct truth *t)
{
	return t->talk ? &t->talk->end[t->side] : NULL;
}

static const struct talk_end *peer_program(const struct truth *t)
{
	return t->talk ? &t->talk->end[!t->side] : NULL;
}

/* Octets that the program gave and the peer's TCP has not acknowledged. */
static uint32_t unacked(const struct truth *t)
{
	uint32_t acked = t->own->una - t->own->iss - 1;

	if (t->own->fin_out && seq_gt(t->own->una, t->own->fin_seq))
		acked--;
	return program(t)->sent - acked;
}

static uint32_t unsent(const struct truth *t)
{
	uint32_t out = t->own->max - t->own->iss - 1;

	if (t->own->fin_out)
		out--;
	return program(t)->sent - out;
}

static uint32_t in_flight(const struct mind *mind)
{
	return mind->max - mind->una;
}

/* Octets in order and unread: exact, but where the engine may have given up
 * what lay beyond a gap. */
static bool is_lax(const struct truth *t)
{
	return t->own->lax || t->scene->set[t->side].ooo_max != 0;
}

static uint32_t unread_least(const struct truth *t)
{
	uint32_t in = t->own->acked_out - t->own->irs - 1;
	uint32_t most = t->own->next - t->own->irs - 1;

	/* A FIN is acknowledged, too. */
	if (in > most || !is_lax(t))
		in = most;
	return in > program(t)->received ? in - program(t)->received : 0;
}

static uint32_t unread_most(const struct truth *t)
{
	uint32_t past = is_lax(t) ? t->own->got : t->own->next;

	return past - t->own->irs - 1 - program(t)->received;
}

static const char *unread_is(const struct truth *t, uint64_t n)
{
	WRONG_UNLESS(n >= unread_least(t));
	WRONG_UNLESS(n <= unread_most(t));
	return NULL;
}

/* The window that is left of what was offered. */
static bool window_is(const struct truth *t, uint32_t n)
{
	uint32_t edge = t->own->edge;

	return seq_ge(edge, t->own->acked_out + n) &&
	       seq_le(edge, t->own->got + 1 + n);
}

static bool has_closed(const struct talk_end *end)
{
	return end->shut || end->phase == TALK_DONE;
}

static const char *next_is(const struct truth *t)
{
	const struct see_answer *answer = t->answer;
	const struct talk_end *end = program(t);

	WRONG_UNLESS(answer->ns != CN_NEVER);
	WRONG_UNLESS(answer->then != SEE_THEN_TIME);
	mind_promise(t->own, t->now + answer->ns, 0,
		     answer->then == SEE_THEN_OVER, end ? end->phase : -1);
	return NULL;
}

static bool within(uint64_t a, uint64_t b, uint64_t slack)
{
	return a <= b + slack && b <= a + slack;
}

/* ---------------------------------------------------------- listeners -- */

static const char *of_listener(const struct truth *t)
{
	switch ((unsigned)t->answer->key) {
	case SEE_WHY_LISTENS:
		WRONG_UNLESS(t->queued == 0);
		return NULL;
	case SEE_WHY_TO_ACCEPT:
		WRONG_UNLESS(t->queued == t->answer->n);
		WRONG_UNLESS(t->queued <= t->backlog);
		return NULL;
	case SEE_WHY_QUEUE_FULL:
		WRONG_UNLESS(t->queued == t->answer->n);
		WRONG_UNLESS(t->queued == t->backlog + 1);
		return NULL;
	default:
		return "no sentence for a listener";
	}
}

/* ----------------------------------------------------------- handshakes -- */

static const char *of_handshake(const struct truth *t)
{
	switch ((unsigned)t->answer->key) {
	case SEE_WHY_SYN:
		WRONG_UNLESS(t->own->state == CN_SYN_SENT);
		WRONG_UNLESS(in_flight(t->own) == 1 || t->scene->wire.ring);
		WRONG_UNLESS(t->own->timeouts == 0);
		return NULL;
	case SEE_WHY_SYN_AGAIN:
		WRONG_UNLESS(t->own->state == CN_SYN_SENT);
		WRONG_UNLESS(!t->own->has_wnd);
		WRONG_UNLESS(t->own->timeouts == t->answer->n);
		return next_is(t);
	case SEE_WHY_LAST_ACK:
		WRONG_UNLESS(t->own->state == CN_SYN_RECEIVED);
		WRONG_UNLESS(t->own->una == t->own->iss);
		return NULL;
	case SEE_WHY_NO_ROOM:
		WRONG_UNLESS(t->own->state == CN_SYN_RECEIVED);
		WRONG_UNLESS(t->queued == t->backlog + 1);
		return NULL;
	case SEE_WHY_DEFERRED:
		WRONG_UNLESS(t->own->state == CN_SYN_RECEIVED);
		/* The other end has sent the last ACK, and no octets came. */
		WRONG_UNLESS(t->peer);
		WRONG_UNLESS(t->peer->acked_out == t->own->iss + 1);
		WRONG_UNLESS(t->own->got == t->own->irs + 1);
		return NULL;
	case SEE_WHY_UNACCEPTED:
		WRONG_UNLESS(t->own->state == CN_ESTABLISHED ||
			     t->own->state == CN_CLOSE_WAIT);
		WRONG_UNLESS(t->own->passive);
		WRONG_UNLESS(!program(t) || program(t)->phase == TALK_WAITING);
		return NULL;
	default:
		return "no sentence for a handshake";
	}
}

/* -------------------------------------------------------------- sending -- */

/* Nothing has come since the timeout before the last. */
static bool is_silent(const struct mind *mind)
{
	unsigned before = (mind->timeouts - 2) % MIND_TIMEOUTS;

	return mind->heard_at <= mind->timeout_at[before];
}

static const char *of_lost_path(const struct truth *t)
{
	if (t->answer->key == SEE_WHY_PROBES_LOST) {
		WRONG_UNLESS(t->own->has_wnd && t->own->wnd == 0);
		WRONG_UNLESS(t->own->probes >= 3);
		WRONG_UNLESS(t->own->probes == t->answer->n);
		return next_is(t);
	}
	WRONG_UNLESS(t->own->timeouts >= 3);
	WRONG_UNLESS(t->own->timeouts == t->answer->n);
	WRONG_UNLESS(is_silent(t->own));
	WRONG_UNLESS(in_flight(t->own) > 0);
	return next_is(t);
}

static const char *zero_window(const struct truth *t)
{
	WRONG_UNLESS(t->own->has_wnd && t->own->wnd == 0);
	WRONG_UNLESS(within(t->answer->ns, t->now - t->own->zero_at, MS));
	/* Octets lay there unread when it said so. */
	WRONG_UNLESS(!t->peer || t->peer->zero_by_reading);
	return NULL;
}

static const char *blocked(const struct truth *t)
{
	const struct talk_end *end = program(t);

	WRONG_UNLESS(end->sock);
	WRONG_UNLESS(cn_sock_writable(end->sock) == 0);
	WRONG_UNLESS(unsent(t) > 0);
	WRONG_UNLESS(t->own->has_wnd && t->own->wnd == 0);
	WRONG_UNLESS(unread_most(t) > 0);
	WRONG_UNLESS(window_is(t, 0));
	return NULL;
}

static const char *of_deadlock(const struct truth *t)
{
	struct truth other = *t;
	const char *wrong = blocked(t);

	if (wrong)
		return wrong;
	wrong = unread_is(t, t->answer->n);
	if (wrong || t->answer->key == SEE_WHY_DEADLOCK_HERE)
		return wrong ? wrong : zero_window(t);
	WRONG_UNLESS(t->peer);
	other.own = (struct mind *)(uintptr_t)t->peer;
	other.peer = t->own;
	other.side = !t->side;
	return blocked(&other);
}

static const char *of_peer_window(const struct truth *t)
{
	if (t->answer->key == SEE_WHY_PEER_WINDOW_FIN) {
		WRONG_UNLESS(has_closed(program(t)));
		WRONG_UNLESS(unacked(t) == 0);
		WRONG_UNLESS(!t->own->fin_out);
		return zero_window(t);
	}
	WRONG_UNLESS(unsent(t) == t->answer->n);
	WRONG_UNLESS(t->answer->n > 0 || has_closed(program(t)));
	return zero_window(t);
}

static bool window_told(const struct mind *mind, uint64_t n)
{
	return mind->wnd == n ||
	       (mind->wnd_of_syn && mind->wnd > n && mind->wnd - n < 1u << 14);
}

static const char *of_windows(const struct truth *t)
{
	uint32_t flight = in_flight(t->own), wait = unsent(t);

	WRONG_UNLESS(wait == t->answer->m);
	switch ((unsigned)t->answer->key) {
	case SEE_WHY_CWND:
		WRONG_UNLESS(t->own->cwnd == t->answer->n);
		WRONG_UNLESS(wait > 0);
		WRONG_UNLESS(t->own->recovery ||
			     flight + t->own->again +
					     (wait < t->own->mss ?
						      wait :
						      t->own->mss) >
				     t->own->cwnd);
		return NULL;
	case SEE_WHY_RWND:
		WRONG_UNLESS(window_told(t->own, t->answer->n));
		WRONG_UNLESS(flight >= t->own->wnd);
		return NULL;
	case SEE_WHY_SMALL_WINDOW:
		WRONG_UNLESS(window_told(t->own, t->answer->n));
		WRONG_UNLESS(flight < t->own->wnd);
		WRONG_UNLESS(t->own->wnd - flight < t->own->mss);
		WRONG_UNLESS(t->own->wnd - flight < wait);
		return NULL;
	case SEE_WHY_PACE:
		WRONG_UNLESS(wait > 0);
		WRONG_UNLESS(flight < t->own->wnd);
		return NULL;
	case SEE_WHY_NAGLE:
		WRONG_UNLESS(wait > 0 && wait < t->own->mss);
		WRONG_UNLESS(seq_gt(t->own->small_end, t->own->una));
		WRONG_UNLESS(!t->talk->plan.side[t->side].nodelay);
		return NULL;
	case SEE_WHY_CORK:
		WRONG_UNLESS(wait > 0 && wait < t->own->mss);
		WRONG_UNLESS(!has_closed(program(t)));
		return NULL;
	default:
		return "no sentence for windows";
	}
}

static const char *of_sending(const struct truth *t)
{
	switch ((unsigned)t->answer->key) {
	case SEE_WHY_RETRANSMITS:
		WRONG_UNLESS(t->own->timeouts == t->answer->n);
		WRONG_UNLESS(t->own->timeouts > 0);
		WRONG_UNLESS(unacked(t) - unsent(t) == t->answer->m);
		WRONG_UNLESS(t->answer->m > 0);
		return next_is(t);
	case SEE_WHY_ACK:
		WRONG_UNLESS(unacked(t) == t->answer->n);
		WRONG_UNLESS(unsent(t) == 0);
		WRONG_UNLESS(t->answer->n > 0);
		WRONG_UNLESS(t->own->timeouts == 0);
		return NULL;
	case SEE_WHY_LINK:
	case SEE_WHY_FIN_QUEUED:
		WRONG_UNLESS(t->scene->wire.ring || t->scene->fail_one_in);
		return NULL;
	default:
		return "no sentence for a sender";
	}
}

/* --------------------------------------------------- reading and closing -- */

static const char *of_reading(const struct truth *t)
{
	switch ((unsigned)t->answer->key) {
	case SEE_WHY_NOT_READ:
		WRONG_UNLESS(window_is(t, 0));
		WRONG_UNLESS(t->answer->n > 0);
		return unread_is(t, t->answer->n);
	case SEE_WHY_NOT_READ_SMALL:
		WRONG_UNLESS(t->answer->m > 0);
		WRONG_UNLESS(window_is(t, (uint32_t)t->answer->m));
		return unread_is(t, t->answer->n);
	case SEE_WHY_TO_READ:
		WRONG_UNLESS(t->own->state != CN_CLOSE_WAIT);
		WRONG_UNLESS(t->answer->n > 0);
		return unread_is(t, t->answer->n);
	case SEE_WHY_GAP:
		WRONG_UNLESS(seq_gt(t->own->got, t->own->next));
		return NULL;
	case SEE_WHY_NOT_CLOSED_UNREAD:
	case SEE_WHY_NOT_CLOSED:
		WRONG_UNLESS(has_closed(peer_program(t)));
		WRONG_UNLESS(!has_closed(program(t)));
		WRONG_UNLESS(unacked(t) == 0);
		WRONG_UNLESS((program(t)->received < peer_program(t)->sent) ==
			     (t->answer->key == SEE_WHY_NOT_CLOSED_UNREAD));
		return NULL;
	default:
		return "no sentence for a reader";
	}
}

static const char *of_idling(const struct truth *t)
{
	if (t->answer->key == SEE_WHY_KEEPALIVE) {
		WRONG_UNLESS(t->own->probes == t->answer->n);
		WRONG_UNLESS(t->own->probes > 0);
	}
	WRONG_UNLESS(t->own->state != CN_CLOSE_WAIT);
	WRONG_UNLESS(unacked(t) == 0);
	WRONG_UNLESS(unread_least(t) == 0);
	WRONG_UNLESS(unread_most(t) == 0 || is_lax(t));
	return NULL;
}

static const char *of_closing(const struct truth *t)
{
	WRONG_UNLESS(has_closed(program(t)));
	switch ((unsigned)t->answer->key) {
	case SEE_WHY_FIN:
		WRONG_UNLESS(t->own->fin_out);
		WRONG_UNLESS(t->own->una == t->own->fin_seq);
		WRONG_UNLESS(t->own->timeouts == 0);
		return NULL;
	case SEE_WHY_FIN_AGAIN:
		WRONG_UNLESS(t->own->fin_out);
		WRONG_UNLESS(t->own->una == t->own->fin_seq);
		WRONG_UNLESS(t->own->timeouts == t->answer->n);
		WRONG_UNLESS(t->own->timeouts > 0);
		return next_is(t);
	case SEE_WHY_PEER_FIN:
	case SEE_WHY_PEER_FIN_ORPHAN:
		WRONG_UNLESS(t->own->una == t->own->fin_seq + 1);
		WRONG_UNLESS(t->own->state == CN_FIN_WAIT_2);
		if (t->answer->key == SEE_WHY_PEER_FIN)
			return NULL;
		WRONG_UNLESS(program(t)->phase == TALK_DONE);
		mind_promise(t->own, t->now + t->answer->ns, 0, true,
			     program(t)->phase);
		return NULL;
	case SEE_WHY_TIME_WAIT:
		WRONG_UNLESS(t->own->state == CN_TIME_WAIT);
		mind_promise(t->own, t->now + t->answer->ns, 1000, true,
			     program(t)->phase);
		return NULL;
	default:
		return "no sentence for the end";
	}
}

const char *truth_of(const struct truth *t)
{
	switch ((unsigned)t->answer->key) {
	case SEE_WHY_LISTENS:
	case SEE_WHY_TO_ACCEPT:
	case SEE_WHY_QUEUE_FULL:
		return of_listener(t);
	case SEE_WHY_CLOSED:
		return NULL;
	default:
		break;
	}
	if (!t->own)
		return "of a connection that nobody has seen";
	if (t->own->queued &&
	    (t->own->state == CN_ESTABLISHED || t->own->state == CN_CLOSE_WAIT))
		WRONG_UNLESS(t->answer->key == SEE_WHY_UNACCEPTED);
	switch ((unsigned)t->answer->key) {
	case SEE_WHY_SYN:
	case SEE_WHY_SYN_AGAIN:
	case SEE_WHY_LAST_ACK:
	case SEE_WHY_NO_ROOM:
	case SEE_WHY_DEFERRED:
	case SEE_WHY_UNACCEPTED:
		return of_handshake(t);
	default:
		break;
	}
	if (!t->talk)
		return "of a connection that no program has made";
	switch ((unsigned)t->answer->key) {
	case SEE_WHY_PATH_DEAD:
	case SEE_WHY_PROBES_LOST:
		return of_lost_path(t);
	case SEE_WHY_DEADLOCK:
	case SEE_WHY_DEADLOCK_HERE:
		return of_deadlock(t);
	case SEE_WHY_PEER_WINDOW:
	case SEE_WHY_PEER_WINDOW_FIN:
		return of_peer_window(t);
	case SEE_WHY_CWND:
	case SEE_WHY_RWND:
	case SEE_WHY_SMALL_WINDOW:
	case SEE_WHY_PACE:
	case SEE_WHY_NAGLE:
	case SEE_WHY_CORK:
		return of_windows(t);
	case SEE_WHY_RETRANSMITS:
	case SEE_WHY_ACK:
	case SEE_WHY_LINK:
	case SEE_WHY_FIN_QUEUED:
		return of_sending(t);
	case SEE_WHY_NOT_READ:
	case SEE_WHY_NOT_READ_SMALL:
	case SEE_WHY_TO_READ:
	case SEE_WHY_GAP:
	case SEE_WHY_NOT_CLOSED:
	case SEE_WHY_NOT_CLOSED_UNREAD:
		return of_reading(t);
	case SEE_WHY_IDLE:
	case SEE_WHY_KEEPALIVE:
		return of_idling(t);
	case SEE_WHY_FIN:
	case SEE_WHY_FIN_AGAIN:
	case SEE_WHY_PEER_FIN:
	case SEE_WHY_PEER_FIN_ORPHAN:
	case SEE_WHY_TIME_WAIT:
		return of_closing(t);
	default:
		return "a sentence that nobody can judge";
	}
}
