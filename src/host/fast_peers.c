/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413 as a client, section 4.1.3: the cookies of the servers that were
 * met, with what they announced as MSS, in a bounded cache; and when to leave
 * Fast Open alone, because SYNs with data do not come through.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"

/* As older Linux: a server whose SYNs with data were lost twice is spared for
 * a minute, doubled with each loss. */
#define SPARE_NS (60 * CN_NS_PER_SEC)
#define SPARE_AFTER 2
#define SPARE_DOUBLINGS_MAX 10
/* As Linux (tcp_fastopen_blackhole_timeout_sec). */
#define OFF_DOUBLINGS_MAX 6u

struct fast_peer {
	struct list age;
	struct cn_addr addr;
	uint64_t lost_at;
	uint16_t mss;
	uint8_t lost_n; /* SYNs with data, in a row */
	uint8_t cookie_len; /* 0: none */
	bool cookie_exp; /* it came by the experimental option */
	/* Without a cookie: 0 the option was not answered yet, 1 nor the
	 * standard one, so the experimental one may be; 2 nor that. */
	uint8_t try_exp;
	uint8_t cookie[TCP_FAST_COOKIE_MAX];
};

static bool peer_match(const void *object, const void *key)
{
	return cn_addr_equal(&((const struct fast_peer *)object)->addr, key);
}

static uint32_t peer_hash(const struct cn_host *host,
			  const struct cn_addr *addr)
{
	return (uint32_t)siphash24(&host->flow_key, addr, sizeof(*addr));
}

static struct fast_peer *peer_find(const struct cn_host *host,
				   const struct cn_addr *addr)
{
	return map_find(&host->fast.peers, peer_hash(host, addr), peer_match,
			addr);
}

static void peer_free(struct cn_host *host, struct fast_peer *peer)
{
	map_remove(&host->fast.peers, peer_hash(host, &peer->addr), peer);
	list_del(&peer->age);
	budget_refund(&host->budget, sizeof(*peer));
	pool_release(host->set.pool, peer, sizeof(*peer));
}

static struct fast_peer *peer_new(struct cn_host *host,
				  const struct cn_addr *addr)
{
	struct fast_peer *peer;

	if (host->fast.peers.n >= host->set.fastopen_cache) {
		struct list *oldest = list_first(&host->fast.age);

		if (!oldest)
			return NULL;
		peer_free(host, CN_CONTAINER(oldest, struct fast_peer, age));
	}
	peer = pool_alloc(host->set.pool, sizeof(*peer));
	if (!peer)
		return NULL;
	peer->addr = *addr;
	if (map_insert(&host->fast.peers, peer_hash(host, addr), peer)) {
		pool_release(host->set.pool, peer, sizeof(*peer));
		return NULL;
	}
	budget_charge(&host->budget, sizeof(*peer));
	list_add_tail(&host->fast.age, &peer->age);
	return peer;
}

static void peer_used(struct cn_host *host, struct fast_peer *peer)
{
	list_del(&peer->age);
	list_add_tail(&host->fast.age, &peer->age);
}

void fast_deinit(struct cn_host *host)
{
	struct list *node;

	while ((node = list_first(&host->fast.age)))
		peer_free(host, CN_CONTAINER(node, struct fast_peer, age));
	map_deinit(&host->fast.peers);
}

unsigned fast_cookies_known(const struct cn_host *host)
{
	const struct list *age = &host->fast.age;
	unsigned n = 0;

	for (struct list *i = age->next; i != age; i = i->next)
		n += CN_CONTAINER(i, struct fast_peer, age)->cookie_len > 0;
	return n;
}

static bool is_spared(const struct fast_peer *peer, uint64_t now)
{
	unsigned n = peer->lost_n;

	if (n < SPARE_AFTER)
		return false;
	if (n > SPARE_DOUBLINGS_MAX)
		n = SPARE_DOUBLINGS_MAX;
	return now < peer->lost_at + (SPARE_NS << n);
}

void fast_connect(struct cn_sock *sock, uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	struct fast_peer *peer = peer_find(host, &sock->flow.tuple.peer);

	if (!(host->set.fastopen & 1) || now < host->fast.off_until ||
	    (peer && is_spared(peer, now)))
		return;
	if (peer)
		peer_used(host, peer);
	sock->fast_bare = host->set.fastopen & CN_FASTOPEN_CLIENT_NO_COOKIE ||
			  sock->fast_free;
	sock->fast_exp = peer && (peer->cookie_len ? peer->cookie_exp :
						     peer->try_exp == 1);
	tcp_fast_connect(&sock->tcb, peer ? peer->mss : 0,
			 sock->fast_bare || (peer && peer->cookie_len));
}

/* RFC 7413 section 4.1.3: a cookie is kept with the MSS that came last. */
static struct fast_peer *learn(struct cn_sock *sock, const struct tcp_seg *seg,
			       bool gave)
{
	struct cn_host *host = sock_host(sock);
	const struct cn_addr *addr = &sock->flow.tuple.peer;
	struct fast_peer *peer = peer_find(host, addr);

	if (!peer)
		peer = peer_new(host, addr);
	if (!peer)
		return NULL;
	peer->mss = sock->tcb.peer_mss;
	if (!gave)
		return peer;
	memcpy(peer->cookie, seg->fastopen, seg->fastopen_len);
	peer->cookie_len = seg->fastopen_len;
	peer->cookie_exp = seg->fastopen_exp;
	return peer;
}

/* As Linux: who does not answer the option is asked by the experimental one
 * the next time, and if he does not know that either, never again so. */
static void try_other(struct fast_peer *peer, bool was_exp)
{
	uint8_t next = was_exp ? 2 : 1;

	if (!peer->cookie_len && next > peer->try_exp)
		peer->try_exp = next;
}

void fast_answered(struct cn_sock *sock, const struct tcp_seg *seg,
		   uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	const struct tcb *tcb = &sock->tcb;
	bool gave = seg->options & TCP_OPT_FASTOPEN && seg->fastopen_len &&
		    !sock->fast_bare;
	struct fast_peer *peer;

	if (tcb->state != CN_ESTABLISHED && tcb->state != CN_CLOSE_WAIT)
		return;
	peer = learn(sock, seg, gave);
	if (tcb->fast_acked)
		host->fast.off_times = 0;
	if (peer && !gave && !tcb->fast_data && !tcb->syn_rexmitted)
		try_other(peer, sock->fast_exp);
	if (!peer || !tcb->fast_data)
		return;
	/* Only the plain SYN came through: either the other or its answer was
	 * lost. */
	if (tcb->syn_rexmitted && !tcb->fast_acked && !gave) {
		peer->lost_n += peer->lost_n < UINT8_MAX;
		peer->lost_at = now;
	} else {
		peer->lost_n = 0;
	}
}

/* As Linux: two timeouts of a SYN that is fast, or the end of its tries. */
void fast_waited(struct cn_sock *sock, uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	const struct tcb *tcb = &sock->tcb;
	uint64_t period = host->set.fastopen_blackhole_ns;
	unsigned n = host->fast.off_times;

	if (!tcb->fast_data || !period || now < host->fast.off_until)
		return;
	if (tcb->state == CN_SYN_SENT ?
		    tcb->rexmit_n != 2 :
		    (tcb->state != CN_CLOSED || tcb->err != CN_E_TIMEDOUT))
		return;
	host->count.fastopen_blackhole++;
	host->fast.off_until =
		now +
		(period << (n < OFF_DOUBLINGS_MAX ? n : OFF_DOUBLINGS_MAX));
	host->fast.off_times++;
}

void fast_fill(struct cn_sock *sock, struct tcp_seg *seg,
	       uint8_t octet[FAST_COOKIE_LEN], uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	const struct fast_peer *peer;

	seg->fastopen_exp = sock->fast_exp;
	if (seg->flags & TCP_ACK) {
		fast_cookie(host, &sock->flow.tuple, octet, now);
		seg->fastopen = octet;
		seg->fastopen_len = FAST_COOKIE_LEN;
		return;
	}
	seg->fastopen_len = 0;
	if (sock->fast_bare)
		seg->options &= (uint8_t)~TCP_OPT_FASTOPEN;
	peer = peer_find(host, &sock->flow.tuple.peer);
	if (!peer || !sock->tcb.fast_data)
		return;
	seg->fastopen = peer->cookie;
	seg->fastopen_len = peer->cookie_len;
}
