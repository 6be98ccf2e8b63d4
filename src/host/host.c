/* SPDX-License-Identifier: MIT */
/*
 * The four verbs, and what a host is made of.  Whoever drives a host needs no
 * more than this file's functions; docs/architecture.md walks through them.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"

#define LOOPBACK_MTU 65535

static const char *const state_names[] = {
	[CN_ESTABLISHED] = "ESTABLISHED",
	[CN_SYN_SENT] = "SYN-SENT",
	[CN_SYN_RECEIVED] = "SYN-RECEIVED",
	[CN_FIN_WAIT_1] = "FIN-WAIT-1",
	[CN_FIN_WAIT_2] = "FIN-WAIT-2",
	[CN_TIME_WAIT] = "TIME-WAIT",
	[CN_CLOSED] = "CLOSED",
	[CN_CLOSE_WAIT] = "CLOSE-WAIT",
	[CN_LAST_ACK] = "LAST-ACK",
	[CN_LISTEN] = "LISTEN",
	[CN_CLOSING] = "CLOSING",
};

const char *cn_tcp_state_name(enum cn_tcp_state state)
{
	if (state < CN_ESTABLISHED || state > CN_CLOSING)
		return "UNKNOWN";
	return state_names[state];
}

/* ------------------------------------------------------------ settings -- */

static void default_ip(struct cn_settings *set)
{
	set->ttl = 64;
	set->frag_memory = 1 << 20;
	set->frag_timeout_ns = 30 * CN_NS_PER_SEC;
	set->icmp_rate = 1000;
	set->min_pmtu_v4 = 552;
	set->pmtu_expire_ns = 600 * CN_NS_PER_SEC;
	set->forward_queue = 1000;
	set->neigh_max = 1024;
	set->neigh_reachable_ns = 30 * CN_NS_PER_SEC;
	set->neigh_retrans_ns = CN_NS_PER_SEC;
	set->neigh_delay_ns = 5 * CN_NS_PER_SEC;
	set->neigh_probes = 3;
	set->dad_probes = 1;
}

static void default_ports(struct cn_settings *set)
{
	set->port_low = 32768;
	set->port_high = 60999;
	set->somaxconn = 4096;
	set->syn_backlog = 4096;
	set->syn_cache_max = 16384;
	set->syncookies = 1;
	set->client_prefix_v4 = 32;
	set->client_prefix_v6 = 64;
	set->fastopen = 3;
	set->fastopen_cache = 1024;
	set->fastopen_key_ns = 24 * 3600 * CN_NS_PER_SEC;
	set->time_wait_max = 262144;
	set->syn_retries = 6;
	set->synack_retries = 5;
}

static void default_tcp(struct cn_settings *set)
{
	set->msl2_ns = 60 * CN_NS_PER_SEC;
	set->fin_wait2_ns = 60 * CN_NS_PER_SEC;
	set->rto_initial_ns = CN_NS_PER_SEC;
	set->rto_min_ns = 200 * CN_NS_PER_MS;
	set->rto_max_ns = 120 * CN_NS_PER_SEC;
	set->delack_ns = 40 * CN_NS_PER_MS;
	set->retries1 = 3; /* SHLD-10 */
	set->retries2 = 15; /* SHLD-11 */
	set->recovery = CN_RECOVERY_RACK;
	set->early_retrans = CN_EARLY_TLP;
	set->frto = 2;
	set->prr = true;
	set->orphan_retries = 8;
	set->keepalive_idle_ns = 7200 * CN_NS_PER_SEC; /* MUST-28 */
	set->keepalive_interval_ns = 75 * CN_NS_PER_SEC;
	set->keepalive_probes = 9;
	set->rmem = (struct cn_mem){4096, 131072, 6291456};
	set->wmem = (struct cn_mem){4096, 16384, 4194304};
	set->min_snd_mss = 48;
	set->mtu_probing = 1;
	set->base_mss = 1024;
	set->mtu_probe_floor = 48;
	set->mtu_probe_interval_ns = 600 * CN_NS_PER_SEC;
	set->initial_window = 10;
	set->ooo_max = 4096;
	set->challenge_interval_ns = 500 * CN_NS_PER_MS;
	set->timestamps = true;
	set->sack = true;
	set->window_scaling = true;
	set->cc = CN_CC_CUBIC;
	set->pacing = true;
	set->slow_start_after_idle = true;
	set->ecn = 2;
}

static void default_dgram(struct cn_settings *set)
{
	set->dgram_sndbuf = 212992;
	set->dgram_rcvbuf = 212992;
}

void cn_settings_default(struct cn_settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->memory_limit = 256 << 20;
	default_ip(settings);
	default_ports(settings);
	default_tcp(settings);
	default_dgram(settings);
}

static bool mem_is_good(const struct cn_mem *mem)
{
	return mem->least >= 2048 && mem->least <= mem->initial &&
	       mem->initial <= mem->most && mem->most <= 1u << 30;
}

static int settings_check(const struct cn_settings *set)
{
	if (!set->seeded)
		return CN_E_NOENTROPY;
	if (!set->pool || (set->forward && set->any_addr))
		return CN_E_INVAL;
	if (!set->port_low || set->port_low > set->port_high)
		return CN_E_RANGE;
	if (set->neigh_max < 4 || !set->neigh_retrans_ns || !set->neigh_probes)
		return CN_E_RANGE;
	if (!set->ttl || set->cc >= CN_CC_N || set->ecn > 5)
		return CN_E_RANGE;
	if (!set->syn_backlog || !set->syn_cache_max || set->syncookies > 2)
		return CN_E_RANGE;
	if (set->client_prefix_v4 > 32 || set->client_prefix_v6 > 128)
		return CN_E_RANGE;
	if (!mem_is_good(&set->rmem) || !mem_is_good(&set->wmem))
		return CN_E_RANGE;
	/* Connections keep milliseconds in 32 bits. */
	if (set->idle_timeout_ns > INT32_MAX * CN_NS_PER_MS)
		return CN_E_RANGE;
	/* Entries keep microseconds in 32 bits. */
	if (set->msl2_ns > 3600 * CN_NS_PER_SEC || !set->rto_initial_ns)
		return CN_E_RANGE;
	return CN_OK;
}

/* ------------------------------------------------------- host and links -- */

static void host_init_env(struct cn_host *host)
{
	host->env.set = &host->set;
	host->env.pool = host->set.pool;
	host->env.budget = &host->budget;
	host->env.random = &host->random;
	host->env.count = &host->count;
	host->env.trace = host->set.trace ? host_trace : NULL;
}

static void host_init_net(struct cn_host *host, uint64_t now)
{
	const struct net_config config = {
		.set = &host->set,
		.pool = host->set.pool,
		.budget = &host->budget,
		.random = &host->random,
		.count = &host->count,
	};

	net_init(&host->net, &config, now);
}

static int link_add(struct cn_host *host, int number,
		    const struct cn_link_config *config)
{
	struct host_link *link = &host->link[number];
	size_t i = 0;
	int err;

	err = net_link_add(&host->net, number, config->mtu, config->loopback);
	if (!err && config->ethernet)
		err = net_link_ether(&host->net, number, config->mac,
				     host->born_at);
	if (err)
		return err;
	for (; config->name && config->name[i] && i < 15; i++)
		link->name[i] = config->name[i];
	link->mtu = config->mtu;
	host->net.routes.link[number].tx_csum = config->tx_csum;
	host->net.routes.link[number].tx_super = config->tx_super;
	link->tx_csum = config->tx_csum;
	link->rx_shared = config->rx_shared;
	link->tx_super = config->tx_super;
	link->used = true;
	return CN_OK;
}

static int add_loopback(struct cn_host *host)
{
	const struct cn_link_config config = {
		.name = "lo",
		.mtu = LOOPBACK_MTU,
		.tx_csum = true,
		.loopback = true,
	};

	const struct cn_addr v4 = cn_addr_v4(127, 0, 0, 1);
	const struct cn_addr v6 = {.octet = {[15] = 1}};
	int err = link_add(host, CN_LINK_LOOPBACK, &config);

	if (!err)
		err = net_addr_add(&host->net, CN_LINK_LOOPBACK, &v4, 8);
	if (!err)
		err = net_addr_add(&host->net, CN_LINK_LOOPBACK, &v6, 128);
	return err;
}

int cn_host_new(const struct cn_settings *settings, uint64_t now,
		struct cn_host **out)
{
	struct cn_host *host;
	int err = settings_check(settings);

	if (err)
		return err;
	host = pool_alloc(settings->pool, sizeof(*host));
	if (!host)
		return CN_E_NOMEM;
	host->set = *settings;
	/* What queues may fill; the rest is for new connections. */
	host->budget.limit = settings->memory_limit -
			     settings->memory_limit / 8;
	host_init_env(host);
	random_init(&host->random, host->set.seed, 0x686f7374);
	host->flow_key = random_key(&host->random);
	host->hashed_to = flow_hash(host, &host->hashed);
	host->isn_key = random_key(&host->random);
	host->ts_key = random_key(&host->random);
	map_init(&host->flows, host->set.pool);
	map_init(&host->ports, host->set.pool);
	map_init(&host->clients, host->set.pool);
	wheel_init(&host->wheel, now);
	host->born_at = now;
	dgrams_init(host);
	host->work_at = CN_NEVER;
	syns_init(host);
	cookies_init(host, now);
	fast_init(host, now);
	tws_init(host);
	host_init_net(host, now);
	err = add_loopback(host);
	if (err) {
		cn_host_free(host);
		return err;
	}
	*out = host;
	return CN_OK;
}

int cn_host_link_add(struct cn_host *host, const struct cn_link_config *config,
		     int *link)
{
	int err;

	for (int i = 0; i < CN_LINK_LOOPBACK; i++) {
		if (host->link[i].used)
			continue;
		err = link_add(host, i, config);
		if (!err)
			*link = i;
		return err;
	}
	return CN_E_RANGE;
}

static bool has_link(const struct cn_host *host, int link)
{
	return link >= 0 && link < NET_LINKS && host->link[link].used;
}

int cn_host_addr_add(struct cn_host *host, int link, const struct cn_addr *addr,
		     unsigned prefix_len)
{
	if (!has_link(host, link))
		return CN_E_NOLINK;
	return net_addr_add(&host->net, link, addr, prefix_len);
}

int cn_host_route_add(struct cn_host *host, int link,
		      const struct cn_addr *prefix, unsigned prefix_len)
{
	if (!has_link(host, link))
		return CN_E_NOLINK;
	return net_route_add(&host->net, link, prefix, prefix_len);
}

int cn_host_route_via(struct cn_host *host, int link,
		      const struct cn_addr *prefix, unsigned prefix_len,
		      const struct cn_addr *router)
{
	if (!has_link(host, link))
		return CN_E_NOLINK;
	return net_route_via(&host->net, link, prefix, prefix_len, router);
}

enum cn_addr_state cn_host_addr_state(const struct cn_host *host,
				      const struct cn_addr *addr)
{
	return net_addr_state(&host->net, addr);
}

/* ---------------------------------------------------------------- free -- */

static void free_flow(void *object, void *ctx)
{
	struct flow *flow = object;
	struct cn_host *host = ctx;
	struct cn_sock *sock;

	if (flow->kind != FLOW_SOCK && flow->kind != FLOW_CONN)
		return;
	sock = object;
	if (sock->phase == SOCK_LISTENING) {
		fast_unlisten(host, sock->listener);
		pool_release(host->set.pool, sock->listener,
			     sizeof(struct listener));
	}
	sock_unmake(sock);
}

static void free_port(void *object, void *ctx)
{
	struct port *port = object;
	struct cn_host *host = ctx;

	while (port->user.next) {
		struct port_user *user = port->user.next;

		port->user.next = user->next;
		pool_release(host->set.pool, user, sizeof(*user));
	}
	pool_release(host->set.pool, port, sizeof(*port));
}

static struct cn_sock *event_pop(struct cn_host *host)
{
	struct cn_sock *sock = host->event_first;

	if (!sock)
		return NULL;
	host->event_first = sock->event_next;
	if (!host->event_first)
		host->event_last = NULL;
	sock->event_next = NULL;
	sock->event_queued = false;
	return sock;
}

int cn_host_retune(struct cn_host *host, const struct cn_settings *settings)
{
	const struct cn_settings old = host->set;
	struct cn_settings set = *settings;
	int err;

	memcpy(set.seed, old.seed, sizeof(old.seed));
	set.seeded = old.seeded;
	set.pool = old.pool;
	err = settings_check(&set);
	if (err)
		return err;
	host->set = set;
	host->set.memory_limit = old.memory_limit;
	host->set.name = old.name;
	host->set.trace = old.trace;
	host->set.dgram_trace = old.dgram_trace;
	host->set.loopback_tap = old.loopback_tap;
	host->set.neigh_max = old.neigh_max;
	host->set.syn_cache_max = old.syn_cache_max;
	host->set.syn_backlog = old.syn_backlog;
	host->set.time_wait_max = old.time_wait_max;
	host->set.fastopen_cache = old.fastopen_cache;
	/* Connections are counted, and will be uncounted, by these. */
	host->set.client_prefix_v4 = old.client_prefix_v4;
	host->set.client_prefix_v6 = old.client_prefix_v6;
	/* Which addresses are ours may have changed (any_addr). */
	host->net.judged.known = false;
	return CN_OK;
}

void cn_host_trace_to(struct cn_host *host, const struct cn_trace_sink *sink)
{
	host->set.trace = sink;
	host->env.trace = sink ? host_trace : NULL;
}

void cn_host_free(struct cn_host *host)
{
	struct cn_sock *sock;

	if (!host)
		return;
	out_drop_all(host);
	while ((sock = event_pop(host)))
		sock_let_go(sock);
	dgrams_deinit(host);
	map_each(&host->flows, free_flow, host);
	map_each(&host->ports, free_port, host);
	map_deinit(&host->flows);
	map_deinit(&host->ports);
	clients_deinit(host);
	syns_deinit(host);
	fast_deinit(host);
	tws_deinit(host);
	net_deinit(&host->net);
	pool_release(host->set.pool, host, sizeof(*host));
}

/* ---------------------------------------------------------- four verbs -- */

static uint32_t frame_packets(const struct cn_frame *frame)
{
	if (!frame->seg_size || frame->payload_len <= frame->seg_size)
		return 1;
	return (frame->payload_len + frame->seg_size - 1) / frame->seg_size;
}

static void count_in(struct cn_host *host, const struct cn_frame *frame)
{
	host->count.frames_in++;
	host->count.ip_in += frame_packets(frame);
	host->count.octets_in += cn_frame_len(frame);
}

void cn_host_input(struct cn_host *host, int link, const struct cn_frame *frame,
		   uint64_t now)
{
	CN_ASSERT(has_link(host, link));
	count_in(host, frame);
	host_input(host, link, frame, now);
}

void cn_host_inputs(struct cn_host *host, int link,
		    const struct cn_frame *frame, unsigned n, uint64_t now)
{
	CN_ASSERT(has_link(host, link));
	for (unsigned i = 0; i < n; i++)
		count_in(host, &frame[i]);
	if (n == 1)
		host_input(host, link, frame, now);
	else
		host_inputs(host, link, frame, n, now);
}

bool cn_host_output(struct cn_host *host, int link, struct cn_frame *frame,
		    uint64_t now)
{
	return cn_host_outputs(host, link, frame, 1, now) == 1;
}

unsigned cn_host_outputs(struct cn_host *host, int link, struct cn_frame *frame,
			 unsigned n, uint64_t now)
{
	CN_ASSERT(has_link(host, link));
	if (host->work_at != CN_NEVER)
		loopback_run(host, now);
	if (link == CN_LINK_LOOPBACK)
		return 0;
	return host_outputs(host, link, frame, n, now);
}

/* --------------------------------------------------------------- twin -- */

void cn_host_twin(struct cn_host *host, enum cn_twin what)
{
	host->net.twin_takes = (uint8_t)what;
}

void cn_host_twin_input(struct cn_host *host, int link,
			const struct cn_frame *frame, uint64_t now)
{
	CN_ASSERT(has_link(host, link));
	host_relieve(host, now);
	net_twin_input(&host->net, link, frame, now);
	if (net_has_output(&host->net, CN_LINK_LOOPBACK))
		loopback_wants(host, CN_LINK_LOOPBACK, now);
}

bool cn_host_twin_output(struct cn_host *host, int *link,
			 struct cn_frame *frame)
{
	return net_twin_output(&host->net, link, frame);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t cn_host_deadline(const struct cn_host *host)
{
	uint64_t at = wheel_deadline(&host->wheel);

	at = earlier(at, syns_deadline(host));
	at = earlier(at, tws_deadline(host));
	at = earlier(at, net_deadline(&host->net));
	return earlier(at, host->work_at);
}

void cn_host_advance(struct cn_host *host, uint64_t now)
{
	struct wheel_node *node;

	while ((node = wheel_expire(&host->wheel, now))) {
		struct cn_sock *sock =
			CN_CONTAINER(node, struct cn_sock, timer);

		sock_fetch(sock);
		tcp_advance(&sock->tcb, now);
		if (sock->tcb.fast)
			fast_waited(sock, now);
		sock_settle(sock, now);
	}
	syns_advance(host, now);
	tws_advance(host, now);
	net_advance(&host->net, now);
	/* A neighbour that does not answer is told to our own sockets. */
	if (net_has_output(&host->net, CN_LINK_LOOPBACK))
		loopback_wants(host, CN_LINK_LOOPBACK, now);
	host_relieve(host, now);
	if (host->work_at != CN_NEVER)
		loopback_run(host, now);
}

/* -------------------------------------------------------------- events -- */

static void fill_orphan_done(const struct cn_sock *sock, struct cn_event *event)
{
	const struct tcb *tcb = &sock->tcb;
	const struct tuple *tuple = &sock->flow.tuple;

	event->kind = CN_EVENT_ORPHAN_DONE;
	event->local.addr = tuple->local;
	event->local.port = tuple->local_port;
	event->peer.addr = tuple->peer;
	event->peer.port = tuple->peer_port;
	if (seq_gt(tcb->snd_end, tcb->snd_una) && tcb->snd_una != tcb->iss)
		event->octets = tcb->snd_end - tcb->snd_una;
	event->err = tcb->err;
	event->segs_out = tcb->stat.segs_out;
	event->segs_retransmitted = tcb->stat.segs_retransmitted;
	if (!event->err && event->octets)
		event->err = CN_E_CONNABORTED;
}

/* One list, told in two rooms. */
_Static_assert((int)CN_NEWS_IN == (int)TCP_NEWS_IN &&
		       (int)CN_NEWS_OUT == (int)TCP_NEWS_OUT &&
		       (int)CN_NEWS_STATE == (int)TCP_NEWS_STATE &&
		       (int)CN_NEWS_PRI == (int)TCP_NEWS_PRI,
	       "enum cn_news is enum tcp_news");

bool cn_host_event(struct cn_host *host, struct cn_event *event)
{
	struct cn_sock *sock;

	while ((sock = event_pop(host))) {
		if (sock->dead && !sock->orphan) {
			sock_let_go(sock);
			continue;
		}
		memset(event, 0, sizeof(*event));
		event->tag = sock->tag;
		if (sock->dead) {
			fill_orphan_done(sock, event);
			sock_let_go(sock);
			return true;
		}
		/* An orphan's end comes later; its readiness interests no
		 * one. */
		if (sock->orphan)
			continue;
		event->kind = CN_EVENT_READY;
		event->news = sock->told;
		sock->told = 0;
		event->sock = sock;
		return true;
	}
	return dgrams_event(host, event) || syns_event(host, event);
}

const struct cn_counters *cn_host_counters(const struct cn_host *host)
{
	return &host->count;
}

size_t cn_host_memory(const struct cn_host *host, size_t *peak)
{
	if (peak)
		*peak = host->budget.peak;
	return host->budget.used;
}
