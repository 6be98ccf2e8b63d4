/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413 as a server: section 4.1.2, a cookie is the SipHash of both
 * addresses under a secret that is replaced from time to time; section 5.1, a
 * listener takes only so many connections that may be forged.
 */
#include "host/fast_open.h"

#include <string.h>

#include "base/assert.h"
#include "host/host.h"
#include "wire/octets.h"

#define RESET_COUNTS_NS (60 * CN_NS_PER_SEC)

void fast_init(struct cn_host *host, uint64_t now)
{
	struct fast_open *fast = &host->fast;

	fast->secret[0] = random_key(&host->random);
	fast->secret[1] = random_key(&host->random);
	fast->secret_at = now;
	map_init(&fast->peers, host->set.pool);
	list_init(&fast->age);
}

/* --------------------------------------------------------------- cookies -- */

static uint64_t get64le(const uint8_t *p)
{
	uint64_t x = 0;

	for (unsigned i = 0; i < 8; i++)
		x |= (uint64_t)p[i] << 8 * i;
	return x;
}

/* What the administrator has set is as he set it. */
static void set_secrets(struct cn_host *host)
{
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *key = host->set.fastopen_key[i];

		host->fast.secret[i].k0 = get64le(key);
		host->fast.secret[i].k1 = get64le(key + 8);
	}
	if (host->set.fastopen_key_n < 2)
		host->fast.secret[1] = host->fast.secret[0];
}

static void turn_over(struct cn_host *host, uint64_t now)
{
	struct fast_open *fast = &host->fast;
	uint64_t life = host->set.fastopen_key_ns;

	if (host->set.fastopen_key_n)
		set_secrets(host);
	if (host->set.fastopen_key_n || !life || now - fast->secret_at < life)
		return;
	fast->secret[1] = now - fast->secret_at < 2 * life ?
				  fast->secret[0] :
				  random_key(&host->random);
	fast->secret[0] = random_key(&host->random);
	fast->secret_at = now;
}

/* As Linux, so that a farm of both kinds shares cookies: the client's address
 * and the server's, the low end of the hash first. */
static void make_cookie(const struct sip_key *secret, const struct tuple *tuple,
			uint8_t cookie[FAST_COOKIE_LEN])
{
	unsigned from = cn_addr_is_v4(&tuple->peer) ? 12 : 0, len = 16 - from;
	uint8_t text[2 * sizeof(struct cn_addr)];
	uint64_t hash;

	memcpy(text, tuple->peer.octet + from, len);
	memcpy(text + len, tuple->local.octet + from, len);
	hash = siphash24(secret, text, 2 * (size_t)len);
	for (unsigned i = 0; i < FAST_COOKIE_LEN; i++)
		cookie[i] = (uint8_t)(hash >> 8 * i);
}

void fast_cookie(struct cn_host *host, const struct tuple *tuple,
		 uint8_t cookie[FAST_COOKIE_LEN], uint64_t now)
{
	turn_over(host, now);
	make_cookie(&host->fast.secret[0], tuple, cookie);
}

static bool is_cookie(const struct cn_host *host, unsigned which,
		      const struct arriving *in)
{
	uint8_t cookie[FAST_COOKIE_LEN];

	make_cookie(&host->fast.secret[which], &in->tuple, cookie);
	return in->seg->fastopen_len == FAST_COOKIE_LEN &&
	       !memcmp(in->seg->fastopen, cookie, FAST_COOKIE_LEN);
}

/* ----------------------------------------------------------------- limit -- */

static uint32_t limit_of(const struct listener *listener)
{
	const struct tcp_tune *tune = listener->sock->tcb.tune;
	uint16_t flags = sock_host(listener->sock)->set.fastopen;

	if (tune && tune->fastopen_max)
		return tune->fastopen_max;
	return flags & CN_FASTOPEN_ALL_LISTENERS ? listener->backlog : 0;
}

static void forget_reset(struct cn_host *host, struct listener *listener)
{
	struct fast_reset *reset = listener->reset_first;

	listener->reset_first = reset->next;
	if (!reset->next)
		listener->reset_last = NULL;
	listener->fast_n--;
	budget_refund(&host->budget, sizeof(*reset));
	pool_release(host->set.pool, reset, sizeof(*reset));
}

/* As Linux: a place that a reset left behind is given away when its minute is
 * over and somebody wants it. */
static bool has_room(struct cn_host *host, struct listener *listener,
		     uint64_t now)
{
	if (listener->fast_n < limit_of(listener))
		return true;
	if (listener->reset_first && listener->reset_first->until <= now)
		forget_reset(host, listener);
	if (listener->fast_n < limit_of(listener))
		return true;
	host->count.fastopen_listen_overflow++;
	return false;
}

enum fast_verdict fast_judge(struct cn_host *host, struct listener *listener,
			     const struct arriving *in, uint64_t now)
{
	const struct tcp_seg *seg = in->seg;
	bool asks = seg->options & TCP_OPT_FASTOPEN;
	uint16_t flags = host->set.fastopen;

	if (asks && !seg->fastopen_len)
		host->count.fastopen_cookie_reqd++;
	if (!asks && !seg->data_len)
		return FAST_NO;
	if (!(flags & CN_FASTOPEN_SERVER) || !limit_of(listener) ||
	    listener->sock->hold || !has_room(host, listener, now))
		return FAST_NO;
	if (flags & CN_FASTOPEN_SERVER_NO_COOKIE || listener->sock->fast_free)
		return FAST_OPEN;
	if (!asks)
		return FAST_NO;
	if (!seg->fastopen_len)
		return FAST_GIVE;
	turn_over(host, now);
	if (is_cookie(host, 0, in))
		return FAST_OPEN;
	if (is_cookie(host, 1, in)) {
		host->count.fastopen_passive_alt_key++;
		return FAST_OPEN_GIVE;
	}
	/* RFC 7413 section 4.2.2: the data are not taken, and a good cookie
	 * goes back. */
	host->count.fastopen_passive_fail++;
	return FAST_GIVE;
}

/* -------------------------------------------------------------- children -- */

void fast_begin(struct cn_sock *sock, struct listener *listener)
{
	struct cn_host *host = sock_host(sock);

	host->count.fastopen_passive++;
	host->fast.child_n++;
	listener->fast_n++;
	sock->fast_pending = true;
}

static void remember_reset(struct cn_host *host, struct listener *listener,
			   uint64_t now)
{
	struct fast_reset *reset = pool_alloc(host->set.pool, sizeof(*reset));

	if (!reset) {
		listener->fast_n--;
		return;
	}
	budget_charge(&host->budget, sizeof(*reset));
	reset->next = NULL;
	reset->until = now + RESET_COUNTS_NS;
	if (listener->reset_last)
		listener->reset_last->next = reset;
	else
		listener->reset_first = reset;
	listener->reset_last = reset;
}

void fast_over(struct cn_sock *sock, uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	const struct tuple *tuple = &sock->flow.tuple;
	struct listener *listener = listener_find(
		host, &tuple->local, tuple->local_port, flow_hash(host, tuple));

	sock->fast_pending = false;
	host->fast.child_n--;
	if (!listener || !listener->fast_n)
		return;
	if (sock->tcb.state == CN_CLOSED && sock->tcb.err == CN_E_CONNRESET)
		remember_reset(host, listener, now);
	else
		listener->fast_n--;
}

static void count_resets(void *object, void *ctx)
{
	struct port *port = object;

	(void)ctx;
	for (struct listener *i = port->listeners; i; i = i->next) {
		i->fast_n = 0;
		for (struct fast_reset *j = i->reset_first; j; j = j->next)
			i->fast_n++;
	}
}

static void count_child(void *object, void *ctx)
{
	const struct cn_sock *sock = object;
	const struct tuple *tuple = &sock->flow.tuple;
	struct cn_host *host = ctx;
	struct listener *listener;

	if (sock->flow.kind != FLOW_CONN || !sock->fast_pending)
		return;
	listener = listener_find(host, &tuple->local, tuple->local_port,
				 flow_hash(host, tuple));
	if (listener)
		listener->fast_n++;
}

void fast_recount(struct cn_host *host)
{
	if (!host->fast.child_n)
		return;
	map_each(&host->ports, count_resets, NULL);
	map_each(&host->flows, count_child, host);
}

void fast_unlisten(struct cn_host *host, struct listener *listener)
{
	while (listener->reset_first)
		forget_reset(host, listener);
}
