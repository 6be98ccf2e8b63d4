/* SPDX-License-Identifier: MIT */
/* bind() and listen(), with Linux's conditions and errors. */
#include "sock/sock.h"

struct cn_addr sock_any(const struct cn_sock *sock)
{
	static const struct cn_addr any6;

	return sock->family6 ? any6 : cn_addr_v4(0, 0, 0, 0);
}

int sock_check_family(const struct cn_sock *sock, const struct cn_addr *addr)
{
	if (!cn_addr_is_v4(addr))
		return sock->family6 ? CN_OK : CN_E_AFNOSUPPORT;
	return sock->family6 && sock->v6only ? CN_E_INVAL : CN_OK;
}

/* The address is the host's, or the host stands for every address. */
static bool addr_is_here(const struct cn_host *host, const struct cn_addr *addr)
{
	return cn_addr_is_any(addr) || host->set.any_addr ||
	       net_is_local(&host->net, addr);
}

/* Linux lets a socket bear the IPv4 address of a group or of all; what it
 * sends has another source. */
static bool addr_is_many(const struct cn_host *host, const struct cn_addr *addr)
{
	return cn_addr_is_v4(addr) && net_is_to_many(&host->net, addr);
}

static void set_name(struct cn_sock *sock, const struct cn_addr *addr,
		     uint16_t port)
{
	struct tuple tuple = sock->flow.tuple;

	tuple.local = *addr;
	tuple.local_port = port;
	sock_rekey(sock, &tuple, FLOW_SOCK);
}

/* Counts the socket as a user of the port, which must be free for it. */
static int take(struct cn_sock *sock, uint16_t number)
{
	int err = sock_take_port(sock, number, true);

	if (!err)
		set_name(sock, &sock->flow.tuple.local, number);
	return err;
}

static int take_if_free(struct cn_sock *sock, uint16_t number, bool strict)
{
	const struct port *port = port_find(sock_host(sock), number);

	if (port && port_conflicts(port, &sock->flow.tuple.local,
				   port_class_of(sock), strict))
		return CN_E_ADDRINUSE;
	return take(sock, number);
}

int sock_bind_any_port(struct cn_sock *sock)
{
	struct port_walk walk;
	uint16_t number;
	int err = CN_E_ADDRINUSE;

	port_walk_begin(sock_host(sock), &walk);
	while (err == CN_E_ADDRINUSE && port_walk_next(&walk, &number))
		err = take_if_free(sock, number, true);
	return err;
}

int cn_sock_bind(struct cn_sock *sock, const struct cn_endpoint *local)
{
	struct cn_addr before = sock->flow.tuple.local;
	bool v6only = sock->v6only;
	bool bound = sock_is_live(sock) || sock->port_held ||
		     sock->phase == SOCK_LISTENING;
	int err;

	/* Linux looks at the state before the address for IPv6, else after
	 * it. */
	if (bound && sock->family6)
		return CN_E_INVAL;
	err = sock_check_family(sock, &local->addr);
	if (err)
		return err;
	if (!addr_is_here(sock_host(sock), &local->addr) && !sock->freebind &&
	    !addr_is_many(sock_host(sock), &local->addr))
		return CN_E_ADDRNOTAVAIL;
	if (bound)
		return CN_E_INVAL;
	set_name(sock, &local->addr, 0);
	/* Linux: what bears an IPv6 address speaks IPv6 alone, and says so. */
	if (!cn_addr_is_v4(&local->addr) && !cn_addr_is_any(&local->addr))
		sock->v6only = true;
	if (local->port)
		err = take_if_free(sock, local->port, false);
	else
		err = sock_bind_any_port(sock);
	if (err) {
		sock->v6only = v6only;
		set_name(sock, &before, 0);
		return err;
	}
	sock->port_bound = local->port != 0;
	sock->addr_bound = !cn_addr_is_any(&local->addr) &&
			   !addr_is_many(sock_host(sock), &local->addr);
	return CN_OK;
}

/* Linux asks again: among those that share a port by SO_REUSEADDR only one
 * may listen. */
static int become_listener(struct cn_sock *sock)
{
	uint16_t number = sock->flow.tuple.local_port;
	int err;

	sock_drop_port(sock);
	sock->phase = SOCK_LISTENING;
	err = take_if_free(sock, number, false);
	if (!err)
		return CN_OK;
	sock->phase = SOCK_NEW;
	if (sock_take_port(sock, number, true))
		return CN_E_NOMEM;
	return err;
}

/* The address was the connection's; a port that bind() named stays, and counts
 * for no address again. */
static void forget_address(struct cn_sock *sock)
{
	uint16_t number = sock->flow.tuple.local_port;
	struct cn_addr any = sock_any(sock);
	bool held = sock->port_held;

	sock_drop_port(sock);
	set_name(sock, &any, number);
	if (held && sock_take_port(sock, number, true))
		sock->port_bound = false;
}

void sock_forget_connection(struct cn_sock *sock)
{
	sock->err = 0;
	if (!sock->over)
		return;
	out_forget(sock);
	sock_renew_tcb(sock);
	if (!sock->addr_bound)
		forget_address(sock);
}

static int start_listening(struct cn_sock *sock, uint32_t backlog, uint64_t now)
{
	int pending = sock->err;
	int err = CN_OK;

	sock_forget_connection(sock);
	/* Linux leaves what nobody has asked about yet. */
	sock->err = pending;
	if (sock->any_port)
		sock->phase = SOCK_LISTENING;
	else if (!sock->port_held)
		err = sock_bind_any_port(sock);
	if (!err && !sock->any_port)
		err = become_listener(sock);
	if (err)
		return err;
	err = listener_open(sock, backlog, now);
	if (!err)
		return CN_OK;
	/* The way back: not a listener in the port table either. */
	sock_drop_port(sock);
	sock->phase = SOCK_NEW;
	if (!sock->any_port &&
	    sock_take_port(sock, sock->flow.tuple.local_port, true))
		return CN_E_NOMEM;
	return err;
}

int cn_sock_listen(struct cn_sock *sock, int backlog, uint64_t now)
{
	uint32_t limit = sock_host(sock)->set.somaxconn;

	if (backlog >= 0 && (uint32_t)backlog < limit)
		limit = (uint32_t)backlog;
	switch ((enum sock_phase)sock->phase) {
	case SOCK_LISTENING:
		sock->listener->backlog = limit;
		return CN_OK;
	case SOCK_NEW:
		return start_listening(sock, limit, now);
	case SOCK_CONNECTING:
	case SOCK_CONNECTED:
		return CN_E_INVAL;
	}
	return CN_E_INVAL;
}

/* A port that bind() named stays the socket's. */
void sock_unlisten(struct cn_sock *sock, uint64_t now)
{
	uint16_t number = sock->flow.tuple.local_port;

	listener_close(sock, now);
	sock_drop_port(sock);
	sock->phase = SOCK_NEW;
	sock->wr_shut = sock->tcb.rd_shut = false;
	if (sock->port_bound && sock_take_port(sock, number, true))
		sock->port_bound = false;
}
