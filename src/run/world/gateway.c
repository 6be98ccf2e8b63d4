/* SPDX-License-Identifier: MIT */
/*
 * The gateway: where the path ends and the real network begins.
 *
 * Out-bound, a SYN is held until the kernel's own connect() to the real
 * destination has an answer; then SYN-ACK, RST or ICMP goes back, and the
 * errno itself beside it, so that the program sees exactly the kernel's.
 * In-bound, a connection that the kernel has accepted for a published port is
 * opened across the path to the program's host.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "lib/linux_addr.h"
#include "lib/linux_err.h"
#include "run/world/hosts.h"
#include "run/world/parts.h"
#include "run/world/resolver.h"
#include "run/world/spare.h"

/* Codes of ICMP destination unreachable (RFC 792, RFC 1812). */
#define UNREACHABLE_NET 0
#define UNREACHABLE_HOST 1
#define UNREACHABLE_PROHIBITED 13
#define USUAL_TTL 64
/* Linux gives up an orphan whose peer takes nothing after about this long
 * (tcp_orphan_retries). */
#define ORPHAN_NS (100 * CN_NS_PER_SEC)

static void flow_ready(struct ear *ear);
static void asked(void *ctx, uint32_t events);
static void holder_ready(struct ear *ear);

/* ------------------------------------------------------------- holders -- */

static int holder_new(struct world *world, int family, struct cn_sock **holder)
{
	uint64_t now = world_now(world);
	int rc = cn_sock_new(world->gateway, family, holder);

	if (rc)
		return rc;
	cn_sock_set_tag(*holder, &world->holder_ear);
	if (family == 6)
		rc = cn_sock_set(*holder, CN_OPT_V6ONLY, 1, now);
	if (!rc)
		rc = cn_sock_set(*holder, CN_OPT_HOLD, 1, now);
	if (!rc)
		rc = cn_sock_set(*holder, CN_OPT_ANY_PORT, 1, now);
	if (!rc)
		rc = cn_sock_listen(*holder, UINT16_MAX, now);
	return rc;
}

int gateway_start(struct world *world)
{
	int rc;

	world->holder_ear.ready = holder_ready;
	rc = holder_new(world, 4, &world->holder4);
	return rc ? rc : holder_new(world, 6, &world->holder6);
}

/* --------------------------------------------------------------- flows -- */

static struct flow *flow_new(struct world *world, int fd)
{
	struct flow *flow = calloc(1, sizeof(*flow));

	if (!flow)
		return NULL;
	flow->ear.ready = flow_ready;
	flow->world = world;
	flow->watch.fd = fd;
	flow->watch.ready = asked;
	flow->watch.ctx = flow;
	list_add_tail(&world->flows, &flow->node);
	list_add_tail(&world->pending, &flow->pending);
	return flow;
}

/* A reset, whatever is still to be sent. */
static void kill_fd(int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void release_sock(struct flow *flow, bool kill)
{
	struct world *world = flow->world;
	struct cn_tcp_info info;

	if (!flow->sock)
		return;
	if (cn_sock_info(flow->sock, &info) == CN_OK)
		tally_other(&world->tally, flow->row, &info);
	if (kill)
		cn_sock_abort(flow->sock, world_now(world));
	else
		cn_sock_close(flow->sock, world_now(world));
	flow->sock = NULL;
	world_touch(world);
}

void flow_free(struct flow *flow, bool kill)
{
	struct world *world = flow->world;

	relay_stop(&flow->relay, true);
	loop_forget(world->loop, &flow->watch);
	if (flow->watch.fd >= 0) {
		if (kill)
			kill_fd(flow->watch.fd);
		close(flow->watch.fd);
	}
	release_sock(flow, kill);
	if (flow->origin)
		flow->origin->flow = NULL;
	if (flow->published)
		flow->published->coming--;
	tally_unref(flow->row);
	list_del(&flow->pending);
	list_del(&flow->node);
	world_touch(world);
	free(flow);
}

void flow_orphan(struct flow *flow)
{
	flow->origin->flow = NULL;
	flow->origin = NULL;
	if (flow->phase != FLOW_ASKING)
		return;
	(void)cn_syn_answer(flow->world->gateway, flow->syn, CN_SYN_DROP, 0,
			    world_now(flow->world));
	flow_free(flow, true);
}

static bool same(const struct cn_endpoint *a, const struct cn_endpoint *b)
{
	return a->port == b->port && cn_addr_equal(&a->addr, &b->addr);
}

static struct flow *find_pending(struct world *world,
				 const struct cn_endpoint *program,
				 const struct cn_endpoint *far)
{
	for (struct list *node = world->pending.next; node != &world->pending;
	     node = node->next) {
		struct flow *flow = CN_CONTAINER(node, struct flow, pending);

		if (same(&flow->program, program) && same(&flow->far, far))
			return flow;
	}
	return NULL;
}

/* ------------------------------------------------- the kernel is asked -- */

static void set_int(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

static void carry(const struct wsock *origin, enum cn_opt opt, int fd,
		  int level, int name)
{
	int64_t value;

	if (cn_sock_get(origin->ls.sock, opt, &value) == CN_OK && value > 0)
		set_int(fd, level, name, (int)value);
}

/* How real packets are marked, and how far they go. */
static void carry_ip(const struct cn_sock *sock, int fd, int family)
{
	bool v4 = family == AF_INET;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	int64_t value;

	if (cn_sock_get(sock, CN_OPT_TOS, &value) == CN_OK && value)
		set_int(fd, level, v4 ? IP_TOS : IPV6_TCLASS, (int)value);
	if (cn_sock_get(sock, CN_OPT_TTL, &value) == CN_OK &&
	    value != USUAL_TTL)
		set_int(fd, level, v4 ? IP_TTL : IPV6_UNICAST_HOPS, (int)value);
}

/*
 * A program that asked for small buffers shall meet small ones all the way to
 * the real peer: what one host sends the other receives.
 */
static void carry_buffers(struct flow *flow, const struct linux_sock *ls)
{
	uint64_t now = world_now(flow->world);

	if (ls->sndbuf) {
		(void)cn_sock_set(flow->sock, CN_OPT_RCVBUF, ls->sndbuf / 2,
				  now);
		set_int(flow->watch.fd, SOL_SOCKET, SO_SNDBUF,
			(int)(ls->sndbuf / 2));
	}
	if (ls->rcvbuf) {
		(void)cn_sock_set(flow->sock, CN_OPT_SNDBUF, ls->rcvbuf / 2,
				  now);
		set_int(flow->watch.fd, SOL_SOCKET, SO_RCVBUF,
			(int)(ls->rcvbuf / 2));
	}
}

/* The real connection keeps watch and gives up as the program asked. */
static void carry_options(const struct wsock *origin, int fd, int family)
{
	const struct world *world = origin->world;
	const struct cn_sock *sock = origin->ls.sock;
	int64_t value;

	if (cn_sock_get(sock, CN_OPT_SYNCNT, &value) == CN_OK &&
	    value != world->machine.syn_retries)
		carry(origin, CN_OPT_SYNCNT, fd, IPPROTO_TCP, TCP_SYNCNT);
	carry(origin, CN_OPT_USER_TIMEOUT, fd, IPPROTO_TCP, TCP_USER_TIMEOUT);
	carry_ip(sock, fd, family);
	if (cn_sock_get(sock, CN_OPT_KEEPALIVE, &value) || !value)
		return;
	carry(origin, CN_OPT_KEEPALIVE, fd, SOL_SOCKET, SO_KEEPALIVE);
	carry(origin, CN_OPT_KEEPIDLE, fd, IPPROTO_TCP, TCP_KEEPIDLE);
	carry(origin, CN_OPT_KEEPINTVL, fd, IPPROTO_TCP, TCP_KEEPINTVL);
	carry(origin, CN_OPT_KEEPCNT, fd, IPPROTO_TCP, TCP_KEEPCNT);
}

/* The kernel's socket for this attempt: the program's own, if it has set
 * options that only the kernel keeps. */
static int fresh_fd(struct wsock *origin, const struct cn_endpoint *real,
		    int *family)
{
	int fd = origin->kernel_fd;

	*family = cn_addr_is_v4(&real->addr) ? AF_INET : AF_INET6;
	if (fd >= 0) {
		*family = origin->ls.domain;
		origin->kernel_fd = -1;
		return fd;
	}
	return socket(*family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static socklen_t kernel_addr(int family, const struct cn_endpoint *ep,
			     uint32_t scope, struct sockaddr_storage *ss)
{
	socklen_t len = linux_addr_out(family, ep, ss);
	struct sockaddr_in6 in6;

	if (family == AF_INET6) {
		memcpy(&in6, ss, sizeof(in6));
		in6.sin6_scope_id = scope;
		memcpy(ss, &in6, sizeof(in6));
	}
	return len;
}

/* What the program bound means something to the real network where it is an
 * address of the machine's own, or a port that it chose. */
static int carry_bind(const struct wsock *origin, int fd, int family)
{
	struct cn_endpoint ep = origin->bound_to;
	struct sockaddr_storage ss;
	int64_t reuse = 0;
	socklen_t len;

	if (!origin->bound)
		return 0;
	if (!origin->chose_port)
		ep.port = 0;
	if (!ep.port && cn_addr_is_any(&ep.addr))
		return 0;
	if (cn_sock_get(origin->ls.sock, CN_OPT_REUSEADDR, &reuse) == CN_OK)
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, (int)reuse);
	len = kernel_addr(family, &ep, origin->scope, &ss);
	return bind(fd, (struct sockaddr *)&ss, len) ? errno : 0;
}

/* A connection that was made in spite of ICMP begins without its errors. */
static void forget_hints(int fd)
{
	struct msghdr msg = {0};

	while (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
		;
}

/*
 * What an attempt has come to, by how its socket polls: 0, an errno, or
 * EINPROGRESS.
 *
 * An error alone says nothing yet.  What ICMP says of a SYN over IPv4 is queued
 * on every TCP socket, IP_RECVERR or not, and whoever polls is woken for that
 * before the attempt has failed; where a call holds the socket just then, it
 * does not fail at all, and the SYN is sent again.  SO_ERROR says 0 meanwhile,
 * or takes away what the attempt would end with.
 */
static int outcome(int fd, uint32_t events)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (events & EPOLLHUP) {
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
			err = errno;
		return err ? err : ECONNABORTED;
	}
	if (!(events & EPOLLOUT))
		return EINPROGRESS;
	if (events & EPOLLERR)
		forget_hints(fd);
	return 0;
}

/* On this machine the answer has come before the call returns. */
static int begin(int fd, const struct sockaddr_storage *ss, socklen_t len)
{
	struct pollfd look = {.fd = fd, .events = POLLOUT};

	if (!connect(fd, (const struct sockaddr *)ss, len))
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	return poll(&look, 1, 0) == 1 ? outcome(fd, (uint32_t)look.revents) :
					EINPROGRESS;
}

static int ask(struct flow *flow, struct wsock *origin,
	       const struct cn_endpoint *real)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int family, rc;
	int fd = -1;

	errno = EMFILE;
	if (spare_has(1))
		fd = fresh_fd(origin, real, &family);
	if (fd < 0)
		return errno;
	flow->watch.fd = fd;
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	carry_options(origin, fd, family);
	rc = carry_bind(origin, fd, family);
	if (rc)
		return rc;
	len = kernel_addr(family, real, origin->scope, &ss);
	rc = begin(fd, &ss, len);
	if (rc != EINPROGRESS)
		return rc;
	/* Each change of its state is a readiness of its own: an error that
	 * stays queued is told once. */
	rc = -loop_watch(flow->world->loop, &flow->watch, EPOLLOUT | EPOLLET);
	return rc ? rc : EINPROGRESS;
}

static void answered(struct flow *flow, int err);

void gateway_syn(struct world *world, const struct cn_event *event)
{
	struct wsock *origin =
		wsock_find_connecting(world, &event->peer, &event->local);
	struct cn_endpoint real = world_seen(world, &event->local);
	struct flow *flow = NULL;
	int rc;

	(void)resolver_stream(world, &event->local, &real);
	if (origin && !origin->flow)
		flow = flow_new(world, -1);
	if (!flow) {
		(void)cn_syn_answer(world->gateway, event->syn, CN_SYN_DROP, 0,
				    world_now(world));
		return;
	}
	flow->phase = FLOW_ASKING;
	flow->syn = event->syn;
	flow->program = event->peer;
	flow->far = event->local;
	flow->origin = origin;
	origin->flow = flow;
	(void)cn_sock_connect_hold(origin->ls.sock, true, world_now(world));
	rc = ask(flow, origin, &real);
	if (rc != EINPROGRESS)
		answered(flow, rc);
}

/* ------------------------------------------------ the kernel's answers -- */

static enum cn_syn_verdict verdict_for(int err, uint8_t *code)
{
	*code = 0;
	switch (err) {
	case 0:
		return CN_SYN_ACCEPT;
	case EHOSTUNREACH:
		*code = UNREACHABLE_HOST;
		return CN_SYN_UNREACHABLE;
	case ENETUNREACH:
		*code = UNREACHABLE_NET;
		return CN_SYN_UNREACHABLE;
	case EACCES:
	case EPERM:
		*code = UNREACHABLE_PROHIBITED;
		return CN_SYN_UNREACHABLE;
	case ETIMEDOUT:
		return CN_SYN_DROP;
	default:
		return CN_SYN_RESET;
	}
}

static void answered(struct flow *flow, int err)
{
	struct world *world = flow->world;
	uint64_t now = world_now(world);
	struct wsock *origin = flow->origin;
	uint8_t code;
	enum cn_syn_verdict verdict = verdict_for(err, &code);
	int rc;

	loop_unwatch(world->loop, &flow->watch);
	origin->kernel_errno = err;
	(void)cn_sock_connect_hold(origin->ls.sock, false, now);
	rc = cn_syn_answer(world->gateway, flow->syn, verdict, code, now);
	world_touch(world);
	if (!err && !rc) {
		flow->phase = FLOW_ANSWERED;
		return;
	}
	flow_free(flow, true);
	/* Nothing will come back across the path: the kernel has waited for
	 * as long as TCP does. */
	if (verdict == CN_SYN_DROP)
		wsock_fail(origin, err);
}

/* The real peer has acknowledged all, our FIN included. */
static bool has_all(const struct flow *flow)
{
	int unacked = 0;

	return ioctl(flow->watch.fd, SIOCOUTQ, &unacked) || !unacked;
}

static void asked(void *ctx, uint32_t events)
{
	struct flow *flow = ctx;
	int err;

	if (flow->phase == FLOW_DRAINING) {
		if ((events & EPOLLERR) || has_all(flow))
			flow_free(flow, false);
		return;
	}
	err = outcome(flow->watch.fd, events);
	if (err != EINPROGRESS)
		answered(flow, err);
}

void gateway_syn_gone(struct world *world, const struct cn_event *event)
{
	struct flow *flow = find_pending(world, &event->peer, &event->local);

	if (flow && flow->syn == event->syn && !flow->sock)
		flow_free(flow, true);
}

/* --------------------------------------------------------------- relay -- */

/* What the real peer sends has been through its own TCP's Nagle algorithm; a
 * second one here would hold back what the peer wanted sent. */
static void start_relay(struct flow *flow)
{
	struct world *world = flow->world;

	(void)cn_sock_set(flow->sock, CN_OPT_NODELAY, 1, world_now(world));
	list_del(&flow->pending);
	flow->phase = FLOW_RELAY;
	if (flow->published)
		flow->published->coming--;
	flow->published = NULL;
	if (relay_start(&flow->relay, world->loop, &world->due_flows,
			flow->sock, NULL, flow->watch.fd))
		flow_free(flow, true);
}

static void holder_accept(struct world *world, struct cn_sock *holder)
{
	struct cn_endpoint program, far;
	struct cn_sock *sock;
	struct flow *flow;

	while (cn_sock_accept(holder, &sock, world_now(world)) == CN_OK) {
		cn_sock_name(sock, &far);
		flow = NULL;
		if (cn_sock_peer(sock, &program) == CN_OK)
			flow = find_pending(world, &program, &far);
		if (!flow || flow->sock) {
			cn_sock_abort(sock, world_now(world));
			continue;
		}
		flow->sock = sock;
		cn_sock_set_tag(sock, &flow->ear);
		if (flow->origin)
			carry_buffers(flow, &flow->origin->ls);
		start_relay(flow);
	}
}

static void holder_ready(struct ear *ear)
{
	struct world *world = CN_CONTAINER(ear, struct world, holder_ear);

	holder_accept(world, world->holder4);
	holder_accept(world, world->holder6);
}

/* Both directions are over.  The kernel's socket stays until the real peer has
 * acknowledged all, of which a change of its state tells: the run waits for
 * that. */
static void drain(struct flow *flow)
{
	if (has_all(flow)) {
		flow_free(flow, false);
		return;
	}
	relay_stop(&flow->relay, false);
	release_sock(flow, false);
	flow->phase = FLOW_DRAINING;
	if (loop_watch(flow->world->loop, &flow->watch, EPOLLET))
		flow_free(flow, false);
}

void flow_relay(struct flow *flow, bool *moved, uint64_t now)
{
	enum relay_state state = relay_run(&flow->relay, moved, now);

	switch (state) {
	case RELAY_ON:
	case RELAY_GONE: /* only of the program's side */
		break;
	case RELAY_BOTH:
		*moved = true;
		drain(flow);
		break;
	case RELAY_DEAD:
		*moved = true;
		if (flow->relay.by_descriptor && flow->origin)
			flow->origin->kernel_errno = flow->relay.err;
		flow_free(flow, true);
		break;
	}
}

/* ------------------------------------------------------------- in-bound -- */

/* Under which address the peer is known inside: its own, where it is not this
 * machine's. */
static void name_inside(struct world *world, const struct cn_endpoint *from,
			struct cn_endpoint *ep)
{
	*ep = *from;
	if (world->hosts) {
		/* This machine is the gateway, as seen from inside. */
		if (cn_addr_is_loopback(&ep->addr) ||
		    machine_find(&world->machine, &ep->addr))
			(void)hosts_gateway_addr(world->hosts,
						 cn_addr_is_v4(&from->addr),
						 &ep->addr);
	} else if ((cn_addr_is_loopback(&ep->addr) ||
		    machine_find(&world->machine, &ep->addr)) &&
		   !alias_of_peer(&world->alias, &from->addr, &ep->addr)) {
		world->tally.crowded.names++;
		ep->addr = alias_gateway(&world->alias,
					 cn_addr_is_v4(&from->addr));
	}
}

/* A connection to the program from ep, of any port if that is 0. */
static int come_from(struct flow *flow, const struct wsock *listener,
		     const struct cn_endpoint *ep)
{
	struct world *world = flow->world;
	uint64_t now = world_now(world);
	int rc = cn_sock_new(world->gateway, cn_addr_is_v4(&ep->addr) ? 4 : 6,
			     &flow->sock);

	if (rc)
		return rc;
	cn_sock_set_tag(flow->sock, &flow->ear);
	carry_buffers(flow, &listener->ls);
	(void)cn_sock_set(flow->sock, CN_OPT_REUSEADDR, 1, now);
	rc = cn_sock_bind(flow->sock, ep);
	return rc ? rc : cn_sock_connect(flow->sock, &flow->program, now);
}

void flow_inbound(struct published *published, const struct wsock *listener,
		  int fd, const struct cn_endpoint *from,
		  const struct cn_endpoint *to)
{
	struct world *world = published->world;
	struct flow *flow = flow_new(world, fd);
	struct cn_endpoint ep;
	int rc;

	if (!flow) {
		kill_fd(fd);
		close(fd);
		return;
	}
	flow->phase = FLOW_COMING;
	flow->far = *from;
	flow->program = *to;
	flow->published = published;
	published->coming++;
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	name_inside(world, from, &ep);
	rc = come_from(flow, listener, &ep);
	/* The peer's port is kept if it can be had.  What the kernel has long
	 * forgotten may still be on the path: a FIN that is lost, a client that
	 * left before its connection was made. */
	if (flow->sock && (rc == CN_E_ADDRINUSE || rc == CN_E_ADDRNOTAVAIL)) {
		cn_sock_abort(flow->sock, world_now(world));
		flow->sock = NULL;
		ep.port = 0;
		rc = come_from(flow, listener, &ep);
	}
	world_touch(world);
	if (rc && rc != CN_E_INPROGRESS)
		flow_free(flow, true);
}

static void coming_ready(struct flow *flow)
{
	switch (cn_sock_state(flow->sock)) {
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
		break;
	case CN_CLOSED:
		flow_free(flow, true);
		break;
	case CN_ESTABLISHED:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_TIME_WAIT:
	case CN_CLOSE_WAIT:
	case CN_LAST_ACK:
	case CN_LISTEN:
	case CN_CLOSING:
		start_relay(flow);
		break;
	}
}

static void flow_ready(struct ear *ear)
{
	struct flow *flow = CN_CONTAINER(ear, struct flow, ear);

	switch (flow->phase) {
	case FLOW_COMING:
		coming_ready(flow);
		break;
	case FLOW_RELAY:
		relay_touch(&flow->relay);
		break;
	case FLOW_ASKING:
	case FLOW_ANSWERED:
	case FLOW_DRAINING:
		break;
	}
}

/* --------------------------------------------------------------- other -- */

void flow_set(struct flow *flow, int level, int name, const void *value,
	      socklen_t len)
{
	bool carried = level == SOL_SOCKET && name == SO_KEEPALIVE;

	if (level == SOL_SOCKET && flow->sock && flow->origin &&
	    (name == SO_SNDBUF || name == SO_RCVBUF))
		carry_buffers(flow, &flow->origin->ls);
	if (level == IPPROTO_IP && flow->origin)
		carried = name == IP_TOS || name == IP_TTL;
	if (level == IPPROTO_TCP)
		carried = name == TCP_KEEPIDLE || name == TCP_KEEPINTVL ||
			  name == TCP_KEEPCNT || name == TCP_USER_TIMEOUT ||
			  name == TCP_SYNCNT;
	if (carried)
		(void)setsockopt(flow->watch.fd, level, name, value, len);
}

uint64_t flow_outq(struct flow *flow, bool *given_up)
{
	uint64_t now = world_now(flow->world);
	uint64_t outq;
	int unacked = 0;

	*given_up = false;
	if (flow->phase != FLOW_RELAY && flow->phase != FLOW_DRAINING)
		return 0;
	if (ioctl(flow->watch.fd, SIOCOUTQ, &unacked))
		unacked = 0;
	outq = (uint64_t)unacked +
	       (flow->sock ? cn_sock_readable(flow->sock) : 0);
	if (outq != flow->outq || !flow->outq_at) {
		flow->outq = outq;
		flow->outq_at = now;
	}
	*given_up = now - flow->outq_at > ORPHAN_NS;
	return outq;
}
