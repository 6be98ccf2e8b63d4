/* SPDX-License-Identifier: MIT */
/*
 * The life of a socket as a program sees it.  States and errors are Linux's;
 * where a call would block there, it says CN_E_AGAIN here.
 */
#include "sock/sock.h"
#include "base/assert.h"

int cn_sock_new(struct cn_host *host, int family, struct cn_sock **out)
{
	struct cn_sock *sock;
	struct cn_addr any;
	struct tuple tuple;

	if (family != 4 && family != 6)
		return CN_E_AFNOSUPPORT;
	sock = sock_alloc(host);
	if (!sock)
		return CN_E_NOMEM;
	sock->family6 = family == 6;
	sock->owned = true;
	any = sock_any(sock);
	tuple = sock->flow.tuple;
	tuple.local = any;
	sock_rekey(sock, &tuple, FLOW_SOCK);
	*out = sock;
	return CN_OK;
}

int sock_take_err(struct cn_sock *sock)
{
	int err = sock->err;

	sock->err = 0;
	return err;
}

int cn_sock_error(struct cn_sock *sock)
{
	return sock_take_err(sock);
}

/* ------------------------------------------------------------- connect -- */

/* The SYN that has waited for these octets; it goes, whatever it can take. */
static int64_t send_with_syn(struct cn_sock *sock, const void *data, size_t len,
			     uint64_t now)
{
	int64_t n = tcp_fast_send(&sock->tcb, data, len, now);

	sock_settle(sock, now);
	return n;
}

/* Linux: the wildcard as a destination means this host. */
static void destination(const struct cn_endpoint *peer,
			struct cn_endpoint *real)
{
	struct cn_addr loopback6 = {.octet = {[15] = 1}};

	*real = *peer;
	if (!cn_addr_is_any(&peer->addr))
		return;
	real->addr = cn_addr_is_v4(&peer->addr) ? cn_addr_v4(127, 0, 0, 1) :
						  loopback6;
}

static int connect_new(struct cn_sock *sock, const struct cn_endpoint *peer,
		       bool fast, uint64_t now)
{
	struct cn_endpoint real;
	int err = sock_check_family(sock, &peer->addr);

	if (err)
		return err == CN_E_INVAL ? CN_E_NETUNREACH : err;
	sock_forget_connection(sock);
	destination(peer, &real);
	err = host_connect(sock, &real, fast, now);
	return err ? err : CN_E_INPROGRESS;
}

/* The second call learns how the first attempt went. */
static int connect_again(struct cn_sock *sock)
{
	int err;

	if (sock_is_opening(sock))
		return sock->tcb.fast_defer ? CN_E_ISCONN : CN_E_ALREADY;
	if (sock_is_live(sock)) {
		sock->phase = SOCK_CONNECTED;
		return CN_OK;
	}
	/* The error is told, and nothing is left of the attempt. */
	err = sock_take_err(sock);
	sock->phase = SOCK_NEW;
	sock_forget_connection(sock);
	return err ? err : CN_E_CONNABORTED;
}

int cn_sock_connect(struct cn_sock *sock, const struct cn_endpoint *peer,
		    uint64_t now)
{
	int err;

	switch ((enum sock_phase)sock->phase) {
	case SOCK_NEW:
		if (!peer)
			return CN_E_AFNOSUPPORT;
		err = connect_new(sock, peer, sock->fast_connect, now);
		/* As Linux: it has a cookie, the first send will connect. */
		if (err == CN_E_INPROGRESS && sock->tcb.fast_defer)
			return CN_OK;
		return err;
	case SOCK_CONNECTING:
		return connect_again(sock);
	case SOCK_CONNECTED:
	case SOCK_LISTENING:
		return sock->stuck ? CN_E_INVAL : CN_E_ISCONN;
	}
	return CN_E_INVAL;
}

static int64_t begun(int64_t n)
{
	return n ? n : CN_E_INPROGRESS;
}

int64_t cn_sock_connect_send(struct cn_sock *sock,
			     const struct cn_endpoint *peer, const void *data,
			     size_t len, uint64_t now)
{
	int err;

	if (!(sock_host(sock)->set.fastopen & CN_FASTOPEN_CLIENT))
		return CN_E_OPNOTSUPP;
	switch ((enum sock_phase)sock->phase) {
	case SOCK_NEW:
		break;
	case SOCK_CONNECTING:
		if (sock->tcb.fast_defer)
			return begun(send_with_syn(sock, data, len, now));
		/* Whoever has not asked yet how it went learns it now. */
		err = connect_again(sock);
		return err ? err : cn_sock_send(sock, data, len, 0, now);
	case SOCK_CONNECTED:
	case SOCK_LISTENING:
		return CN_E_ISCONN;
	}
	err = connect_new(sock, peer, true, now);
	if (err != CN_E_INPROGRESS || !sock->tcb.fast_defer)
		return err;
	return begun(send_with_syn(sock, data, len, now));
}

void cn_sock_will_send(struct cn_sock *sock)
{
	if (sock->tcb.state == CN_SYN_SENT)
		sock->tcb.quick_n = 0;
}

bool cn_sock_defers(const struct cn_sock *sock)
{
	return sock_is_live(sock) && sock->tcb.fast_defer;
}

int cn_sock_connect_hold(struct cn_sock *sock, bool hold, uint64_t now)
{
	if (!sock_is_live(sock) || sock->tcb.state != CN_SYN_SENT)
		return CN_E_INVAL;
	tcp_hold(&sock->tcb, hold, now);
	sock_settle(sock, now);
	return CN_OK;
}

int cn_sock_accept(struct cn_sock *sock, struct cn_sock **out, uint64_t now)
{
	struct cn_sock *child;

	(void)now;
	if (sock->phase != SOCK_LISTENING)
		return CN_E_INVAL;
	child = listener_pop(sock->listener);
	if (!child)
		return CN_E_AGAIN;
	child->owned = true;
	sock_tell(child);
	*out = child;
	return CN_OK;
}

/* ---------------------------------------------------------------- send -- */

/* Linux's sk_stream_wait_connect and sk_stream_error. */
static int may_send(struct cn_sock *sock)
{
	if (sock->err)
		return sock_take_err(sock);
	if (sock->wr_shut || !sock_is_live(sock))
		return CN_E_PIPE;
	return sock_is_opening(sock) ? CN_E_AGAIN : CN_OK;
}

int64_t cn_sock_send(struct cn_sock *sock, const void *data, size_t len,
		     unsigned flags, uint64_t now)
{
	int err;
	int64_t n;

	sock_fetch(sock);
	err = may_send(sock);
	if (err == CN_E_AGAIN && sock->tcb.fast_defer) {
		n = send_with_syn(sock, data, len, now);
		return n || !len ? n : CN_E_AGAIN;
	}
	if (err)
		return err;
	n = tcp_send(&sock->tcb, data, len, flags, now);
	sock_settle(sock, now);
	return n;
}

int cn_sock_send_reserve(struct cn_sock *sock, size_t want,
			 struct cn_span *span, int n, uint64_t now)
{
	int err = may_send(sock);

	(void)now;
	return err ? err : tcp_send_reserve(&sock->tcb, want, span, n);
}

int cn_sock_send_commit(struct cn_sock *sock, size_t len, unsigned flags,
			uint64_t now)
{
	int err = may_send(sock);

	if (err)
		return err;
	err = tcp_send_commit(&sock->tcb, len, flags, now);
	sock_settle(sock, now);
	return err;
}

/* ------------------------------------------------------------- receive -- */

/* Nothing to read: why? */
static int64_t recv_nothing(struct cn_sock *sock)
{
	if (sock->tcb.fin_rcvd)
		return 0;
	/* MUST-12: it was aborted, not closed. */
	if (sock->err)
		return sock_take_err(sock);
	if (sock->tcb.rd_shut || sock->over)
		return 0;
	return sock_is_live(sock) ? CN_E_AGAIN : CN_E_NOTCONN;
}

int64_t cn_sock_recv(struct cn_sock *sock, void *data, size_t len,
		     unsigned flags, uint64_t now)
{
	int64_t n;

	if (sock->phase == SOCK_LISTENING)
		return CN_E_NOTCONN;
	if (!(flags & CN_MSG_OOB) && !sock->tcb.rcv_queued) {
		/* As Linux: who reads at the mark leaves it behind. */
		if (tcp_at_mark(&sock->tcb) && len && !(flags & CN_MSG_PEEK))
			tcp_pass_mark(&sock->tcb);
		return len ? recv_nothing(sock) : 0;
	}
	n = tcp_recv(&sock->tcb, data, len, flags, now);
	sock_settle(sock, now);
	return n;
}

int cn_sock_recv_view(struct cn_sock *sock, struct cn_slice *slice, int n)
{
	if (sock->phase == SOCK_LISTENING)
		return CN_E_NOTCONN;
	return tcp_recv_view(&sock->tcb, slice, n);
}

int cn_sock_recv_take(struct cn_sock *sock, size_t len, uint64_t now)
{
	int err;

	if (sock->phase == SOCK_LISTENING)
		return CN_E_NOTCONN;
	err = tcp_recv_take(&sock->tcb, len, now);
	sock_settle(sock, now);
	return err;
}

/* ------------------------------------------------- shutdown and close -- */

static int shutdown_listener(struct cn_sock *sock, enum cn_shut how,
			     uint64_t now)
{
	if (how & CN_SHUT_RD)
		sock_unlisten(sock, now);
	return CN_OK;
}

/* Linux's tcp_disconnect: as if it had never been tried, but for the error:
 * what whoever still waits is told, or nobody has asked about yet. */
static int disconnect(struct cn_sock *sock, uint64_t now)
{
	int err = sock->err;

	if (sock_is_live(sock)) {
		tcp_abort(&sock->tcb, 0, now);
		sock_settle(sock, now);
		err = CN_E_CONNRESET;
	}
	sock->phase = SOCK_NEW;
	sock->wr_shut = sock->tcb.rd_shut = sock->stuck = false;
	sock_forget_connection(sock);
	sock->err = err;
	return CN_OK;
}

int cn_sock_disconnect(struct cn_sock *sock, uint64_t now)
{
	if (sock->phase != SOCK_LISTENING)
		return disconnect(sock, now);
	sock_unlisten(sock, now);
	return CN_OK;
}

int cn_sock_shutdown(struct cn_sock *sock, enum cn_shut how, uint64_t now)
{
	if (how < CN_SHUT_RD || how > CN_SHUT_RDWR)
		return CN_E_INVAL;
	if (sock->phase == SOCK_LISTENING)
		return shutdown_listener(sock, how, now);
	if (sock_is_opening(sock))
		return disconnect(sock, now);
	/* Linux's SS_DISCONNECTING: of an attempt that failed nothing is told
	 * any more, and only cn_sock_disconnect helps. */
	if (sock->phase == SOCK_CONNECTING) {
		sock->phase = SOCK_CONNECTED;
		sock->stuck = !sock_is_live(sock);
	}
	/* As Linux: it fails, and the socket is shut all the same, when it is
	 * connected later too. */
	if (how & CN_SHUT_RD)
		sock->tcb.rd_shut = true;
	if (how & CN_SHUT_WR)
		sock->wr_shut = true;
	if (!sock_is_live(sock))
		return CN_E_NOTCONN;
	if (how & CN_SHUT_WR)
		tcp_close(&sock->tcb, now);
	sock_tell(sock);
	sock_settle(sock, now);
	return CN_OK;
}

/* The application lets go; an event will tell how it ended. */
static void let_go(struct cn_sock *sock, bool abort, uint64_t now)
{
	sock->owned = false;
	sock->orphan = true;
	if (!sock_is_live(sock)) {
		sock_tell(sock);
		sock_free(sock);
		return;
	}
	if (abort) {
		tcp_abort(&sock->tcb, 0, now);
	} else {
		tcp_close(&sock->tcb, now);
		/* MAY-1: what the peer still sends, nobody will read. */
		tcp_orphan(&sock->tcb, now);
	}
	sock_settle(sock, now);
}

static void close_sock(struct cn_sock *sock, bool abort, uint64_t now)
{
	switch ((enum sock_phase)sock->phase) {
	case SOCK_LISTENING:
		sock_unlisten(sock, now);
		sock_free(sock);
		break;
	case SOCK_NEW:
		sock_free(sock);
		break;
	case SOCK_CONNECTING:
	case SOCK_CONNECTED:
		let_go(sock, abort, now);
		break;
	}
}

void cn_sock_close(struct cn_sock *sock, uint64_t now)
{
	bool abort = sock->linger == 0;

	/* SHLD-3: data that nobody will read is lost; the peer must learn
	 * it.  An urgent octet counts until something after it is read. */
	if (sock->tcb.rcv_queued > 0 || sock->tcb.rcv_mark != UINT32_MAX)
		abort = true;
	close_sock(sock, abort, now);
}

void cn_sock_abort(struct cn_sock *sock, uint64_t now)
{
	close_sock(sock, true, now);
}

/* --------------------------------------------------------------- names -- */

void cn_sock_name(const struct cn_sock *sock, struct cn_endpoint *local)
{
	local->addr = sock->flow.tuple.local;
	local->port = sock->flow.tuple.local_port;
}

int cn_sock_peer(const struct cn_sock *sock, struct cn_endpoint *peer)
{
	if (!sock_is_live(sock) || sock->tcb.state == CN_SYN_SENT)
		return CN_E_NOTCONN;
	return cn_sock_accepted_peer(sock, peer);
}

int cn_sock_accepted_peer(const struct cn_sock *sock, struct cn_endpoint *peer)
{
	if (!sock->flow.tuple.peer_port)
		return CN_E_NOTCONN;
	peer->addr = sock->flow.tuple.peer;
	peer->port = sock->flow.tuple.peer_port;
	return CN_OK;
}

void cn_sock_set_tag(struct cn_sock *sock, void *tag)
{
	sock->tag = tag;
}

void *cn_sock_tag(const struct cn_sock *sock)
{
	return sock->tag;
}
