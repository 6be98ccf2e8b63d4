/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.1, active OPEN, with what the host adds: the way, the
 * source address, the port (RFC 6056) and the first numbers.
 */
#include "base/assert.h"
#include "host/host.h"

struct attempt {
	struct tuple tuple;
	int link;
	bool named; /* the port, by bind() */
	bool isn_given; /* by a TIME-WAIT entry that gave way */
	uint32_t isn;
};

static int choose_way(struct cn_sock *sock, struct attempt *attempt)
{
	struct cn_host *host = sock_host(sock);
	struct tuple *tuple = &attempt->tuple;

	/* MUST-46: to a broadcast or multicast address there is no
	 * connection. */
	if (net_is_to_many(&host->net, &tuple->peer))
		return CN_E_NETUNREACH;
	/* MUST-43: the address that the application named. */
	tuple->local = sock->flow.tuple.local;
	/* MUST-44: it named none, the route does. */
	if (!sock->addr_bound)
		return net_source(&host->net, &tuple->peer, &tuple->local,
				  &attempt->link);
	if (cn_addr_is_v4(&tuple->local) != cn_addr_is_v4(&tuple->peer))
		return CN_E_NETUNREACH;
	attempt->link = net_route(&host->net, &tuple->peer);
	if (attempt->link < 0)
		return attempt->link;
	/* 127/8 never travels (RFC 1122 section 3.2.1.3 (g)). */
	if (cn_addr_is_loopback(&tuple->local) &&
	    !host->net.routes.link[attempt->link].loopback)
		return CN_E_INVAL;
	return CN_OK;
}

/* Is the pair of endpoints free, or held by a TIME-WAIT that gives way? */
static bool tuple_is_free(struct cn_host *host, struct attempt *attempt,
			  uint64_t now)
{
	struct flow *flow = flow_find(host, flow_hash(host, &attempt->tuple),
				      &attempt->tuple);

	attempt->isn_given = false;
	if (!flow)
		return true;
	if (flow->kind != FLOW_TIME_WAIT ||
	    !tw_give_way(host, (struct tw_entry *)flow, attempt->named,
			 &attempt->isn, now))
		return false;
	attempt->isn_given = true;
	return true;
}

static int choose_port(struct cn_sock *sock, struct attempt *attempt,
		       uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	struct port_walk walk;

	attempt->named = sock->port_held;
	if (sock->port_held) {
		attempt->tuple.local_port = sock->flow.tuple.local_port;
		return tuple_is_free(host, attempt, now) ? CN_OK :
							   CN_E_ADDRNOTAVAIL;
	}
	port_walk_begin(host, &walk);
	while (port_walk_next(&walk, &attempt->tuple.local_port)) {
		struct port *port = port_find(host, attempt->tuple.local_port);

		if (port && port->user.by_bind)
			continue;
		if (tuple_is_free(host, attempt, now))
			return CN_OK;
	}
	return CN_E_ADDRNOTAVAIL;
}

/* The socket's share of the port moves to its concrete address. */
static int take_tuple(struct cn_sock *sock, const struct attempt *attempt)
{
	struct cn_host *host = sock_host(sock);
	const struct tuple *tuple = &attempt->tuple;
	int err = port_add(host, tuple->local_port, &tuple->local,
			   port_class_of(sock), false);

	if (err)
		return err;
	sock_drop_port(sock);
	sock_rekey(sock, tuple, FLOW_CONN);
	sock->port_held = true;
	sock->link = (uint8_t)attempt->link;
	return CN_OK;
}

int host_connect(struct cn_sock *sock, const struct cn_endpoint *peer,
		 bool fast, uint64_t now)
{
	struct cn_host *host = sock_host(sock);
	struct attempt attempt = {
		.tuple = {.peer = peer->addr, .peer_port = peer->port},
	};
	int err;

	err = choose_way(sock, &attempt);
	if (!err)
		err = choose_port(sock, &attempt, now);
	if (!err)
		err = take_tuple(sock, &attempt);
	if (err)
		return err;
	if (!attempt.isn_given)
		attempt.isn = host_isn(host, &attempt.tuple, now);
	sock->phase = SOCK_CONNECTING;
	host->count.tcp_active_opens++;
	sock_set_path(sock, now);
	if (fast)
		fast_connect(sock, now);
	tcp_open(&sock->tcb, attempt.isn, host_ts_off(host, &attempt.tuple),
		 now);
	sock_settle(sock, now);
	return CN_OK;
}
