/* SPDX-License-Identifier: MIT */
/*
 * socket, bind, listen, connect, accept, shutdown: what they do in which
 * state, as Linux's net/ipv4/af_inet.c does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catenet/base.h>

#include "run/supervisor.h"
#include "run/world/end.h"
#include "run/world/spare.h"
#include "run/world/world.h"

#define CAP_NET_BIND_SERVICE 10
#define PRIVILEGED_PORTS 1024
/* Loose sockets beyond this many are looked for, one at each new one, beyond
 * the next several. */
#define LOOSE_EASY 64
#define LOOSE_MANY 4096

/* Natively it is here that there are too many: a socket that is connected needs
 * one, what it is connected to another, and we one or two for a moment. */
static bool has_descriptors(struct supervisor *sup)
{
	if (spare_has(2 * (sup->loose_n + 2)))
		return true;
	psocks_sweep(sup, sup->loose_n);
	return spare_has(2 * (sup->loose_n + 2));
}

long call_socket(struct call *call)
{
	struct supervisor *sup = call->sup;
	const int family = (int)call->args[0], type = (int)call->args[1];
	struct psock *psock;
	long err;
	int a, fd;

	if (type & ~(0xf | SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	if (sup->loose_n > LOOSE_EASY)
		psocks_sweep(sup, sup->loose_n > LOOSE_MANY ? 4 : 1);
	if (!has_descriptors(sup))
		return -EMFILE;
	a = end_fresh();
	if (a < 0)
		return a;
	if (type & SOCK_NONBLOCK)
		(void)fcntl(a, F_SETFL, O_NONBLOCK);
	psock = psock_new(sup, family, a);
	err = psock ? world_socket(sup->world, family, psock, &psock->sock) :
		      -ENOBUFS;
	if (err < 0) {
		if (psock)
			psock_free(psock);
		close(a);
		return err;
	}
	world_set_inode(psock->sock, psock->inode);
	psock->tid = call->tid;
	psock_let_loose(psock);
	fd = sup_reply_fd(sup, call->id, a, type & SOCK_CLOEXEC);
	close(a);
	psock->fd = fd;
	if (fd >= 0)
		return CALL_DONE;
	psock_free(psock);
	return fd == -ENOENT ? CALL_DONE : fd;
}

long copy_addr_in(const struct call *call, uint64_t at, uint64_t len,
		  struct sockaddr_storage *addr)
{
	int n = (int)len;

	if (n < 0 || (size_t)n > sizeof(*addr))
		return -EINVAL;
	memset(addr, 0, sizeof(*addr));
	return task_read(call->tid, at, addr, (size_t)n);
}

bool may_bind(const struct call *call, const struct sockaddr_storage *addr)
{
	unsigned port = 0;

	if (addr->ss_family == AF_INET || addr->ss_family == AF_UNSPEC)
		port = ntohs(((const struct sockaddr_in *)(const void *)addr)
				     ->sin_port);
	else if (addr->ss_family == AF_INET6)
		port = ntohs(((const struct sockaddr_in6 *)(const void *)addr)
				     ->sin6_port);
	return port == 0 || port >= PRIVILEGED_PORTS ||
	       task_is_capable(call->tid, CAP_NET_BIND_SERVICE);
}

long call_bind(struct call *call)
{
	struct psock *psock = call->psock;
	struct sockaddr_storage addr;
	bool may;
	long err = copy_addr_in(call, call->args[1], call->args[2], &addr);

	if (err < 0)
		return err;
	/* For others the world has only errors. */
	if (psock->state == PSOCK_CLOSED || psock->state == PSOCK_FAILED) {
		call->once = true;
		call->grace = true;
	}
	may = may_bind(call, &addr);
	err = world_bind(psock->sock, (struct sockaddr *)&addr,
			 (socklen_t)call->args[2], may);
	if (err != -EADDRINUSE)
		return err;
	/* It may be held by a socket that nobody has any more. */
	psocks_sweep(call->sup, call->sup->loose_n);
	return world_bind(psock->sock, (struct sockaddr *)&addr,
			  (socklen_t)call->args[2], may);
}

long call_listen(struct call *call)
{
	struct psock *psock = call->psock;
	long err;

	if (psock->state == PSOCK_LISTENING)
		return world_listen(psock->sock, (int)call->args[1]);
	if (psock->state != PSOCK_CLOSED)
		return -EINVAL;
	if (psock->dead && (err = psock_renew(call)) < 0)
		return err;
	/* Before A becomes a listener's: where it may not listen it stays what
	 * it is. */
	err = world_listen(psock->sock, (int)call->args[1]);
	if (err == -EADDRINUSE) {
		psocks_sweep(call->sup, call->sup->loose_n);
		err = world_listen(psock->sock, (int)call->args[1]);
	}
	if (err < 0)
		return err;
	err = psock_fill(psock, call->a);
	if (err < 0) {
		(void)world_shutdown(psock->sock, SHUT_RDWR, -1);
		return err;
	}
	psock->state = PSOCK_LISTENING;
	psock->pending = 0;
	psock->tokens = 0;
	return 0;
}

/* --------------------------------------------------- no longer connected */

/* The error that the close of B leaves on A is not one of TCP's here. */
static void clear_error(int a)
{
	int err;
	socklen_t len = sizeof(err);

	(void)getsockopt(a, SOL_SOCKET, SO_ERROR, &err, &len);
}

/* Linux disconnects a listener, or a socket that is connecting: it wakes who
 * waits, the first of whom hears of the reset, and stays bound. */
static long shutdown_unconnected(struct call *call, int how)
{
	struct psock *psock = call->psock;
	const bool listened = psock->state == PSOCK_LISTENING;
	struct waiter *waiter;
	long err;

	if (listened && how == SHUT_WR)
		return 0;
	err = world_shutdown(psock->sock, how, -1);
	if (err < 0)
		return err;
	psock->state = PSOCK_CLOSED;
	psock->err = listened ? 0 : ECONNRESET;
	psock->pending = 0;
	psock->tokens = 0;
	loop_unwatch(psock->sup->loop, &psock->watch);
	end_fail(psock->end);
	psock->end = NULL;
	psock->dead = true;
	psock_let_loose(psock);
	clear_error(call->a);
	while (psock->err && (waiter = waiter_first(psock, WAIT_CONNECT)))
		if (waiter_reply(waiter, -psock->err) == 0)
			psock->err = 0;
	waiters_reply(psock, WAIT_CONNECT, -ECONNABORTED);
	waiters_reply(psock, WAIT_ACCEPT, -EINVAL);
	return 0;
}

/* -------------------------------------------------------------- connect */

/* The connection is reset, and another socket takes its place; where there is
 * none to be had (the world may have ended) the old one stays. */
static long start_over(struct psock *psock)
{
	struct wsock *fresh;
	long err =
		world_socket(psock->sup->world, psock->family, psock, &fresh);

	if (err < 0)
		return err;
	world_close(psock->sock, true);
	psock->sock = fresh;
	psock->end = NULL;
	return 0;
}

/* connect(AF_UNSPEC): a connection is reset, and the socket is as new, but for
 * what is to be told of it. */
static long disconnect(struct call *call)
{
	struct psock *psock = call->psock;
	int left = 0;
	long err;

	switch (psock->state) {
	case PSOCK_CLOSED:
		return psock->dead ? psock_renew(call) : 0;
	case PSOCK_LISTENING:
	case PSOCK_CONNECTING:
		err = shutdown_unconnected(call, SHUT_RDWR);
		return err < 0 ? err : psock_renew(call);
	case PSOCK_OPEN:
		left = ECONNRESET;
		break;
	case PSOCK_OVER:
	case PSOCK_FAILED:
		left = take_error(psock, call->a);
		break;
	}
	if (psock->state != PSOCK_FAILED) {
		err = start_over(psock);
		if (err < 0)
			return err;
	}
	psock->state = PSOCK_CLOSED;
	psock->dead = true;
	psock->err = left;
	psock_let_loose(psock);
	return psock_renew(call);
}

static long wait_connected(struct call *call, long otherwise)
{
	if (is_nonblocking(call->a))
		return otherwise;
	return wait_for(call, WAIT_CONNECT,
			socket_timeout(call->a, SO_SNDTIMEO));
}

/* The path is so short that the connection is established.  As natively, a
 * call that does not wait says that it does not know. */
static long join(struct call *call)
{
	long err = psock_join(call->psock, call->a);

	if (err < 0) {
		(void)start_over(call->psock);
		return err;
	}
	if (is_nonblocking(call->a))
		return -EINPROGRESS;
	call->tells = true;
	call->grace = true;
	return 0;
}

static long connect_anew(struct call *call, const struct sockaddr *addr,
			 socklen_t len)
{
	struct psock *psock = call->psock;
	long err = 0;

	if (psock->dead)
		err = psock_renew(call);
	if (err == 0)
		err = world_connect(psock->sock, addr, len);
	if (err != -EINPROGRESS)
		return err;
	psock->told = false;
	psock->err = 0;
	if (!psock->end && world_is_connected(psock->sock))
		return join(call);
	err = psock_fill(psock, call->a);
	if (err < 0) {
		(void)world_shutdown(psock->sock, SHUT_RDWR, -1);
		return err;
	}
	psock->state = PSOCK_CONNECTING;
	return wait_connected(call, -EINPROGRESS);
}

long call_connect(struct call *call)
{
	struct psock *psock = call->psock;
	struct sockaddr_storage addr;
	socklen_t len = (socklen_t)call->args[2];
	long err = copy_addr_in(call, call->args[1], call->args[2], &addr);

	if (err < 0)
		return err;
	if (len < sizeof(addr.ss_family))
		return -EINVAL;
	if (addr.ss_family == AF_UNSPEC)
		return disconnect(call);
	switch (psock->state) {
	case PSOCK_CLOSED:
		return connect_anew(call, (struct sockaddr *)&addr, len);
	case PSOCK_CONNECTING:
		return wait_connected(call, -EALREADY);
	case PSOCK_OPEN:
	case PSOCK_OVER:
		/* The first call after a success in the background says so. */
		call->tells = !psock->told;
		call->once = call->tells;
		call->grace = call->tells;
		return psock->told ? -EISCONN : 0;
	case PSOCK_LISTENING:
		return -EISCONN;
	case PSOCK_FAILED:
		psock->state = PSOCK_CLOSED;
		err = psock->err ? -psock->err : -ECONNABORTED;
		psock->err = 0;
		clear_error(call->a);
		call->once = true;
		return err;
	}
	return -EINVAL;
}

/* --------------------------------------------------------------- accept */

/* The next connection with its A and its end, or NULL and *err. */
static struct psock *take_next(struct psock *listener, long *err)
{
	struct supervisor *sup = listener->sup;
	struct list *first = list_first(&listener->ready);
	struct wsock *sock;
	struct psock *psock;
	struct end *end;
	int a;

	if (first) {
		psock = CN_CONTAINER(first, struct psock, in_ready);
		list_del(&psock->in_ready);
		return psock;
	}
	end = end_pair(&a);
	if (!end) {
		*err = errno == EMFILE || errno == ENFILE ? -errno : -ENOBUFS;
		return NULL;
	}
	*err = world_accept(listener->sock, NULL, &sock);
	if (*err < 0) {
		end_free(end);
		close(a);
		return NULL;
	}
	psock = psock_new(sup, listener->family, a);
	if (!psock) {
		world_close(sock, true);
		end_free(end);
		close(a);
		*err = -ENOBUFS;
		return NULL;
	}
	world_set_tag(sock, psock);
	psock->native = listener->native;
	memcpy(psock->native_time, listener->native_time,
	       sizeof(psock->native_time));
	memcpy(psock->native_number, listener->native_number,
	       sizeof(psock->native_number));
	psock_set_native(psock, a);
	psock->sock = sock;
	world_set_inode(sock, psock->inode);
	psock->end = end;
	psock->ready_a = a;
	psock->told = true;
	psock->state = PSOCK_CONNECTING; /* until it is delivered */
	return psock;
}

static void put_back(struct psock *listener, struct psock *psock)
{
	psock->in_ready.prev = &listener->ready;
	psock->in_ready.next = listener->ready.next;
	listener->ready.next->prev = &psock->in_ready;
	listener->ready.next = &psock->in_ready;
	listener->pending++;
}

static long tell_peer(const struct psock *psock, pid_t tid,
		      const uint64_t args[6])
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (!args[1])
		return 0;
	if (world_peer(psock->sock, (struct sockaddr *)&addr, &len) < 0)
		return -ECONNABORTED;
	return copy_out(tid, args[1], args[2], &addr, len);
}

/*
 * Tokens are taken before the program runs again: it would see a stale one.
 * A connection that a signal kept from its accept waits for the next.
 */
long accept_one(struct psock *listener, uint64_t id, pid_t tid, int nr,
		const uint64_t args[6])
{
	const int flags = nr == SYS_accept4 ? (int)args[3] : 0;
	struct supervisor *sup = listener->sup;
	struct psock *psock;
	long err;
	int fd;

	psock = take_next(listener, &err);
	if (!psock) {
		if (err == -EAGAIN)
			listener->pending = 0;
		return err;
	}
	if (listener->pending > 0)
		listener->pending--;
	err = tell_peer(psock, tid, args);
	if (err < 0) {
		psock_free(psock);
		return err;
	}
	(void)fcntl(psock->ready_a, F_SETFL,
		    flags & SOCK_NONBLOCK ? O_NONBLOCK : 0);
	psock->tid = tid;
	fd = sup_reply_fd(sup, id, psock->ready_a, flags & SOCK_CLOEXEC);
	if (fd < 0) {
		put_back(listener, psock);
		return fd == -ENOENT ? CALL_DONE : fd;
	}
	psock->fd = fd;
	close(psock->ready_a);
	psock->ready_a = -1;
	psock_open(psock);
	return CALL_DONE;
}

static long accept_call(struct call *call, int flags)
{
	struct psock *psock = call->psock;
	unsigned tokens;
	long result;

	if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
		return -EINVAL;
	if (psock->state != PSOCK_LISTENING)
		return -EINVAL;
	if (psock->pending == 0 && list_is_empty(&psock->ready)) {
		if (is_nonblocking(call->a))
			return -EAGAIN;
		return wait_for(call, WAIT_ACCEPT,
				socket_timeout(call->a, SO_RCVTIMEO));
	}
	/* One fewer before the answer; what is wrong then is put right. */
	tokens = psock->pending - 1;
	if (tokens < psock->tokens) {
		end_tokens(psock->end, call->a, psock->tokens, tokens);
		psock->tokens = tokens;
	}
	result = accept_one(psock, call->id, call->tid, call->nr, call->args);
	psock_set_tokens(psock, call->a);
	return result;
}

long call_accept(struct call *call)
{
	return accept_call(call, 0);
}

long call_accept4(struct call *call)
{
	return accept_call(call, (int)call->args[3]);
}

/* ------------------------------------------------------------- shutdown */

long call_shutdown(struct call *call)
{
	struct psock *psock = call->psock;
	const int how = (int)call->args[1];
	long err;

	if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
		return -EINVAL;
	switch (psock->state) {
	case PSOCK_CLOSED:
	case PSOCK_OVER:
	case PSOCK_FAILED:
		return -ENOTCONN;
	case PSOCK_LISTENING:
	case PSOCK_CONNECTING:
		return shutdown_unconnected(call, how);
	case PSOCK_OPEN:
		break;
	}
	err = world_shutdown(psock->sock, how, call->a);
	if (err < 0)
		return err;
	psock->shut_wr |= how != SHUT_RD;
	psock->shut_rd |= how != SHUT_WR;
	psock->shut = psock->shut_wr && psock->shut_rd;
	/* B has hung up: that A is closed must be looked for. */
	if (psock->shut)
		psock_let_loose(psock);
	return err;
}
