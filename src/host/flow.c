/* SPDX-License-Identifier: MIT */
/*
 * The life of a socket's connection within its host: birth, the settling
 * after each call into tcp/, the end.  sock_settle is the one place where the
 * TCB's wishes become timers, turns to send, and events.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"
#include "tcp/accecn.h"
#include "tcp/recvq.h"

/* Memory pressure is acted upon no more often than this; and when nobody was
 * to blame, the search is not soon made again. */
#define RELIEVE_EVERY_NS (10 * CN_NS_PER_MS)
#define RELIEVE_REST_NS CN_NS_PER_SEC
/* So many flows are looked at each time: with more of them, to look at all
 * would take longer than the time between two looks. */
#define RELIEVE_LOOKS 8192u

/* ------------------------------------------------------ birth and death -- */

struct cn_sock *sock_make(struct cn_host *host)
{
	struct cn_sock *sock;

	if (host->budget.used + sizeof(*sock) > host->set.memory_limit)
		return NULL;
	sock = pool_alloc(host->set.pool, sizeof(*sock));
	if (!sock)
		return NULL;
	budget_charge(&host->budget, sizeof(*sock));
	tcb_init(&sock->tcb, &host->env);
	sock->linger = -1;
	return sock;
}

/*
 * Where it is in the map.  A connection that has ended keeps its tuple to be
 * asked for, and there may be many of the same that nobody has accepted or
 * closed yet: each lies where it lies, so that no segment finds them all in
 * its way (row 22 of the attacks).
 */
static uint32_t sock_hash(const struct cn_sock *sock)
{
	uint32_t hash = flow_hash(sock_host(sock), &sock->flow.tuple);

	if (sock->aside)
		hash ^= (uint32_t)((uintptr_t)sock / 8) * 0x9e3779b1u | 1;
	return hash;
}

static void sock_move(struct cn_sock *sock, const struct tuple *tuple,
		      bool aside)
{
	struct map *flows = &sock_host(sock)->flows;
	int err;

	map_remove(flows, sock_hash(sock), sock);
	sock->flow.tuple = *tuple;
	sock->aside = aside;
	/* It takes the room that it has just left. */
	err = map_insert(flows, sock_hash(sock), sock);
	CN_ASSERT(!err);
}

static void sock_release(struct cn_sock *sock)
{
	struct cn_host *host = sock_host(sock);

	budget_refund(&host->budget, sizeof(*sock));
	pool_release(host->set.pool, sock, sizeof(*sock));
}

/* Of a socket that never was in the map. */
void sock_unmake(struct cn_sock *sock)
{
	tcb_deinit(&sock->tcb);
	sock_release(sock);
}

struct cn_sock *sock_alloc(struct cn_host *host)
{
	struct cn_sock *sock = sock_make(host);
	struct tuple *tuple;

	if (!sock)
		return NULL;
	tuple = &sock->flow.tuple;
	memcpy(tuple->peer.octet, &host->serial, sizeof(host->serial));
	host->serial++;
	if (map_insert(&host->flows, flow_hash(host, tuple), sock)) {
		sock_unmake(sock);
		return NULL;
	}
	return sock;
}

void sock_let_go(struct cn_sock *sock)
{
	if (sock->dead && !sock->out_queued && !sock->event_queued)
		sock_release(sock);
}

void sock_free(struct cn_sock *sock)
{
	struct cn_host *host = sock_host(sock);

	burst_end(sock);
	sock_drop_port(sock);
	client_remove(sock);
	if (sock->fast_pending)
		fast_over(sock, 0);
	wheel_cancel(&host->wheel, &sock->timer);
	map_remove(&host->flows, sock_hash(sock), sock);
	sock->flow.kind = FLOW_SOCK;
	tcb_deinit(&sock->tcb);
	sock->dead = true;
	sock_let_go(sock);
}

void sock_rekey(struct cn_sock *sock, const struct tuple *tuple,
		enum flow_kind kind)
{
	sock_move(sock, tuple, false);
	sock->flow.kind = (uint8_t)kind;
}

/* ------------------------------------------------------------- options -- */

static void tcb_copy_options(struct tcb *to, const struct tcb *from)
{
	to->nodelay = from->nodelay;
	to->cork = from->cork;
	to->keepalive = from->keepalive;
	to->oobinline = from->oobinline;
	to->tos = from->tos;
	to->ttl = from->ttl;
	/* What was tuned was another connection's. */
	if (from->sndbuf_fixed)
		tcp_set_sndbuf(to, from->sndbuf);
	if (from->rcvbuf_fixed)
		tcp_set_rcvbuf(to, from->rcvbuf);
	/* Not yet under way: no memory is needed. */
	if (to->cc_kind != from->cc_kind)
		(void)tcp_set_cc(to, (enum cn_cc)from->cc_kind, 0);
}

bool sock_inherit(struct cn_sock *sock, const struct cn_sock *listener)
{
	const struct tcp_tune *tune = listener->tcb.tune;
	struct tcp_tune *own;

	tcb_copy_options(&sock->tcb, &listener->tcb);
	sock->family6 = listener->family6;
	sock->v6only = listener->v6only;
	sock->reuseaddr = listener->reuseaddr;
	sock->reuseport = listener->reuseport;
	sock->linger = listener->linger;
	/* The address outlives the connection where bind() named it. */
	sock->addr_bound = listener->addr_bound;
	if (!tune)
		return true;
	own = tcp_tune(&sock->tcb);
	if (own)
		*own = *tune;
	return own != NULL;
}

void sock_renew_tcb(struct cn_sock *sock)
{
	struct tcb *tcb = &sock->tcb;
	struct tcp_tune *tune = tcb->tune;
	struct tcb old;

	accecn_free(tcb);
	tcb->tune = NULL;
	tcb_deinit(tcb);
	old = *tcb;
	tcb_init(tcb, old.env);
	tcb->tune = tune;
	tcb_copy_options(tcb, &old);
	sock->over = false;
	sock->wr_shut = false;
	sock->err = 0;
}

/* ---------------------------------------------------- numbers and paths -- */

uint32_t host_isn(const struct cn_host *host, const struct tuple *tuple,
		  uint64_t now)
{
	/* MUST-8: a clock of 4 us, so that the numbers of one pair rise. */
	uint32_t clock = (uint32_t)(now / (4 * CN_NS_PER_US));
	/* MUST-9, SHLD-1: those of another pair tell nothing about them. */
	uint64_t hash = siphash24(&host->isn_key, tuple, sizeof(*tuple));

	return clock + (uint32_t)hash;
}

uint32_t host_ts_off(const struct cn_host *host, const struct tuple *tuple)
{
	return (uint32_t)siphash24(&host->ts_key, tuple,
				   2 * sizeof(struct cn_addr));
}

uint32_t host_headers_len(const struct cn_addr *peer)
{
	return (cn_addr_is_v4(peer) ? IP4_HEADER_LEN : IP6_HEADER_LEN) +
	       TCP_HEADER_LEN;
}

uint32_t host_path_mss(struct cn_host *host, const struct cn_addr *peer,
		       uint64_t now)
{
	return net_pmtu(&host->net, peer, now) - host_headers_len(peer);
}

/* MUST-67: from what the link can take in, whatever the path. */
uint32_t host_adv_mss(struct cn_host *host, const struct cn_addr *peer)
{
	int link = net_route(&host->net, peer);
	uint32_t mtu = link < 0 ? 1280 : host->link[link].mtu;

	return mtu - host_headers_len(peer);
}

void sock_set_path(struct cn_sock *sock, uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	const struct cn_addr *peer = &sock->flow.tuple.peer;

	/* MUST-15: what a silent peer takes. */
	tcp_set_path(&sock->tcb, host_path_mss(host, peer, now),
		     host_adv_mss(host, peer),
		     cn_addr_is_v4(peer) ? 536 : 1220);
}

/* ------------------------------------------------------------ settling -- */

void sock_tell_of(struct cn_sock *sock, unsigned news)
{
	struct cn_host *host = sock_host(sock);

	if (!sock->owned && !sock->orphan)
		return;
	sock->told |= news & 15;
	if (sock->event_queued)
		return;
	sock->event_queued = true;
	sock->event_next = NULL;
	if (host->event_last)
		host->event_last->event_next = sock;
	else
		host->event_first = sock;
	host->event_last = sock;
}

void sock_tell(struct cn_sock *sock)
{
	sock_tell_of(sock, TCP_NEWS_STATE);
}

void sock_finish(struct cn_sock *sock)
{
	struct cn_host *host = sock_host(sock);
	struct tuple tuple;

	wheel_cancel(&host->wheel, &sock->timer);
	sock->flow.kind = FLOW_SOCK;
	sock->over = true;
	client_remove(sock);
	if (!sock->port_bound)
		sock_drop_port(sock);
	sock_tell(sock);
	if (sock->orphan) {
		sock_free(sock);
		return;
	}
	tuple = sock->flow.tuple;
	sock_move(sock, &tuple, true);
}

/* CLOSED: nothing finds it any more, and whoever holds it must know. */
static void sock_end(struct cn_sock *sock, uint64_t now)
{
	struct tcb *tcb = &sock->tcb;

	out_last_words(sock, now);
	if (sock->phase == SOCK_CONNECTING && tcb->snd_una == tcb->iss)
		sock_host(sock)->count.tcp_failed++;
	if (tcb->err)
		sock->err = tcb->err;
	sock_finish(sock);
}

void sock_arm(struct cn_sock *sock)
{
	struct cn_host *host = sock_host(sock);
	uint64_t at = tcp_deadline(&sock->tcb);

	if (at == CN_NEVER)
		wheel_cancel(&host->wheel, &sock->timer);
	else if (!list_is_linked(&sock->timer.node) || sock->timer.at != at)
		wheel_set(&host->wheel, &sock->timer, at);
}

void sock_settle(struct cn_sock *sock, uint64_t now)
{
	struct tcb *tcb = &sock->tcb;
	uint8_t news = tcb->news;

	burst_end(sock);
	tcb->news = 0;
	if (sock->flow.kind != FLOW_CONN)
		return;
	if (news & TCP_NEWS_DOUBT)
		net_doubt(&sock_host(sock)->net, sock->link,
			  &sock->flow.tuple.peer, now);
	news &= (uint8_t)~TCP_NEWS_DOUBT;
	if (sock->fast_pending && tcb->state != CN_SYN_RECEIVED)
		fast_over(sock, now);
	if (tcb->state == CN_CLOSED) {
		sock_end(sock, now);
		return;
	}
	if (tcb->state == CN_TIME_WAIT) {
		tw_enter(sock, now);
		return;
	}
	/* Whether pacing holds something back is known once it is asked. */
	out_ready(sock, now);
	sock_arm(sock);
	if (news && !sock->orphan)
		sock_tell_of(sock, news);
}

/* -------------------------------------------------------------- memory -- */

struct holder {
	struct cn_sock *sock;
	uint64_t octets;
	bool behind_gaps;
};

/*
 * Octets that a connection holds for a peer that does not take them.  What
 * flows is not counted, however much it is, nor what this host's own
 * application has not read: there the window does its work.
 */
static uint64_t sock_holds_in_vain(const struct cn_sock *sock)
{
	const struct tcb *tcb = &sock->tcb;
	uint64_t octets;

	if (!tcb->backoff || seq_le(tcb->snd_end, tcb->snd_una))
		return 0;
	octets = tcb->snd_end - tcb->snd_una;
	/* For an orphan nobody waits. */
	return sock->orphan ? octets * 2 : octets;
}

/* What a peer has sent behind a gap: nobody can read it, and it was not
 * acknowledged. */
static uint64_t sock_holds_behind_gaps(const struct cn_sock *sock)
{
	const struct tcb *tcb = &sock->tcb;
	uint32_t octets = recvq_true_size(tcb);

	if (!recvq_has_gap(tcb))
		return 0;
	return octets > tcb->rcv_queued ? octets - tcb->rcv_queued : 0;
}

static void find_worst(void *object, void *ctx)
{
	struct flow *flow = object;
	struct holder *worst = ctx;
	uint64_t in_vain, behind;

	if (flow->kind != FLOW_CONN)
		return;
	in_vain = sock_holds_in_vain(object);
	behind = sock_holds_behind_gaps(object);
	if (in_vain <= worst->octets && behind <= worst->octets)
		return;
	worst->sock = object;
	worst->behind_gaps = behind > in_vain;
	worst->octets = worst->behind_gaps ? behind : in_vain;
}

/* The worst of those that are looked at now; true: none has been found, and
 * there are no more. */
static bool look_for_worst(struct cn_host *host, struct holder *worst)
{
	const struct map *flows = &host->flows;

	if (host->relieve_from >= flows->n)
		host->relieve_from = 0;
	map_some(flows, host->relieve_from, RELIEVE_LOOKS, find_worst, worst);
	host->relieve_from += RELIEVE_LOOKS;
	return !worst->sock && host->relieve_from >= flows->n;
}

/*
 * Rows 14 and 18 of the attacks (sockstress): peers that open connections and
 * never take their data, or leave a gap before all that they send, must not
 * starve the others.  When the queues have used up nearly all of their part of
 * the budget, the worst of them goes, or what it has behind its gaps (RFC 2018
 * section 8 allows it, and the sender heeds it).
 */
void host_relieve(struct cn_host *host, uint64_t now)
{
	struct holder worst = {NULL, 0, false};
	bool in_vain;

	if (!budget_is_over(&host->budget, host->budget.limit / 16) ||
	    now < host->relieve_at)
		return;
	in_vain = look_for_worst(host, &worst);
	host->relieve_at = now + (in_vain ? RELIEVE_REST_NS : RELIEVE_EVERY_NS);
	if (!worst.sock)
		return;
	host->count.drop[CN_DROP_MEMORY]++;
	if (worst.behind_gaps) {
		recvq_free_gaps(&worst.sock->tcb);
		return;
	}
	tcp_abort(&worst.sock->tcb, CN_E_CONNABORTED, now);
	sock_settle(worst.sock, now);
}
