/* SPDX-License-Identifier: MIT */
/*
 * The gateway's UDP.  One socket of our engine takes every datagram that has
 * come up the path; for each of the programs' sources there is one of the
 * kernel's, not connected, so that whoever may answer natively may answer here
 * (RFC 4787, REQ-1 and REQ-8: mapping and filtering independent of the
 * endpoint).  It has the source's own port where that is free.
 *
 * The table is bounded, and a flow that is idle for two minutes ends (RFC 4787,
 * REQ-5).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/linux_addr.h"
#include "run/world/beyond.h"
#include "run/world/hosts.h"
#include "run/world/parts.h"
#include "run/world/resolver.h"
#include "run/world/udp_peers.h"
#include "wire/ip.h"
#include "wire/udp.h"

#define IDLE_NS (120 * CN_NS_PER_SEC)
#define BUCKETS 256
#define TURN 64
#define DATAGRAM_MAX 65536
#define QUEUE (4 << 20)
#define CODE_PORT 3

struct udp_flow {
	struct list bucket, order; /* of the relay's; the idlest first */
	struct udp_relay *relay;
	struct loop_watch watch; /* the kernel's socket */
	struct cn_endpoint inner;
	uint64_t used_at;
	bool pinned; /* published: neither idle nor in a bucket */
	struct cn_endpoint host; /* then: where on this machine */
	const struct whost *on; /* and of a world's host: which */
	struct udp_peers *peers; /* and who of this machine's loopback asks */
};

struct udp_relay {
	struct ear ear;
	struct world *world;
	struct cn_dgram *any;
	struct list bucket[BUCKETS], order, pinned;
	unsigned n;
	struct loop_timer idle;
	uint8_t octets[DATAGRAM_MAX];
};

/* ---------------------------------------------------------------- flows -- */

static void flow_free_udp(struct udp_flow *flow)
{
	list_del(&flow->bucket);
	list_del(&flow->order);
	if (!flow->pinned)
		flow->relay->n--;
	loop_unwatch(flow->relay->world->loop, &flow->watch);
	close(flow->watch.fd);
	free(flow->peers);
	free(flow);
}

static void on_idle(void *ctx, uint64_t now)
{
	struct udp_relay *relay = ctx;
	struct list *node;

	while ((node = list_first(&relay->order))) {
		struct udp_flow *flow =
			CN_CONTAINER(node, struct udp_flow, order);

		if (flow->used_at + IDLE_NS > now) {
			(void)loop_at(relay->world->loop, &relay->idle,
				      flow->used_at + IDLE_NS);
			return;
		}
		flow_free_udp(flow);
	}
}

static void use(struct udp_flow *flow)
{
	flow->used_at = world_now(flow->relay->world);
	if (flow->pinned)
		return;
	list_del(&flow->order);
	list_add_tail(&flow->relay->order, &flow->order);
}

static struct list *bucket_of(struct udp_relay *relay,
			      const struct cn_endpoint *inner)
{
	return &relay->bucket[inner->port % BUCKETS];
}

static struct udp_flow *find(struct udp_relay *relay,
			     const struct cn_endpoint *inner)
{
	struct list *bucket = bucket_of(relay, inner);

	for (struct list *node = bucket->next; node != bucket;
	     node = node->next) {
		struct udp_flow *flow =
			CN_CONTAINER(node, struct udp_flow, bucket);

		if (flow->inner.port == inner->port &&
		    cn_addr_equal(&flow->inner.addr, &inner->addr))
			return flow;
	}
	return NULL;
}

/* Not where anybody else is; those of ours that come later may. */
static int udp_bind(int fd, const struct sockaddr_storage *ss, socklen_t len)
{
	const int on = 1;

	if (bind(fd, (const struct sockaddr *)ss, len))
		return errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return 0;
}

/* The first that is published for this port inside. */
static struct udp_flow *udp_published(struct udp_relay *relay, uint16_t port)
{
	for (struct list *node = relay->pinned.next; node != &relay->pinned;
	     node = node->next) {
		struct udp_flow *flow =
			CN_CONTAINER(node, struct udp_flow, order);

		if (flow->inner.port == port)
			return flow;
	}
	return NULL;
}

/* The port is the program's own where nobody has it; the address, where it is
 * one that the kernel would not choose by itself. */
static void bind_like(const struct world *world, int fd,
		      const struct cn_endpoint *inner)
{
	struct cn_endpoint ep = *inner;
	bool v4 = cn_addr_is_v4(&ep.addr);
	const struct cn_addr *usual = v4 ? &world->primary4 : &world->primary6;
	struct sockaddr_storage ss;
	const int on = 1;
	socklen_t len;

	if (cn_addr_equal(&ep.addr, usual) ||
	    !machine_find(&world->machine, &ep.addr))
		ep.addr = v4 ? cn_addr_v4(0, 0, 0, 0) : (struct cn_addr){{0}};
	len = beyond_kernel(world, &ep, &ss);
	if (!udp_bind(fd, &ss, len))
		return;
	/* It is a published one's, which is at one address and ours: in a world
	 * perhaps another host's. */
	if (!world->hosts && udp_published(world->udp_relay, inner->port) &&
	    !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	    !bind(fd, (const struct sockaddr *)&ss, len))
		return;
	ep.port = 0;
	len = beyond_kernel(world, &ep, &ss);
	(void)bind(fd, (const struct sockaddr *)&ss, len);
}

static void kernel_ready(void *ctx, uint32_t events);

/* A quarter of the descriptors: TCP needs them too. */
static unsigned most(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur / 4 > UDP_FLOWS)
		return UDP_FLOWS;
	return limit.rlim_cur / 4 ? (unsigned)(limit.rlim_cur / 4) : 1;
}

static struct udp_flow *flow_new_udp(struct udp_relay *relay,
				     const struct cn_endpoint *inner)
{
	bool v4 = cn_addr_is_v4(&inner->addr);
	struct udp_flow *flow = calloc(1, sizeof(*flow));
	const int on = 1;

	if (!flow)
		return NULL;
	flow->watch.fd = socket(v4 ? AF_INET : AF_INET6,
				SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (flow->watch.fd < 0) {
		free(flow);
		return NULL;
	}
	if (!v4)
		(void)setsockopt(flow->watch.fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
				 sizeof(on));
	(void)setsockopt(flow->watch.fd, SOL_SOCKET, SO_BROADCAST, &on,
			 sizeof(on));
	beyond_ears(flow->watch.fd, v4);
	bind_like(relay->world, flow->watch.fd, inner);
	flow->relay = relay;
	flow->inner = *inner;
	flow->watch.ready = kernel_ready;
	flow->watch.ctx = flow;
	list_add_tail(bucket_of(relay, inner), &flow->bucket);
	list_add_tail(&relay->order, &flow->order);
	if (++relay->n > most()) {
		flow_free_udp(CN_CONTAINER(list_first(&relay->order),
					   struct udp_flow, order));
		relay->world->tally.crowded.udp++;
	}
	if (relay->n == 1)
		(void)loop_at(relay->world->loop, &relay->idle,
			      world_now(relay->world) + IDLE_NS);
	(void)loop_watch(relay->world->loop, &flow->watch, EPOLLIN);
	return flow;
}

/* ------------------------------------------------------------------ out -- */

static struct beyond_about about_of(const struct cn_endpoint *inner,
				    const struct cn_endpoint *far,
				    const void *data, uint32_t len)
{
	struct udp_hdr udp = {
		.src_port = inner->port,
		.dst_port = far->port,
		.data_len = len,
	};
	struct beyond_about about = {
		.src = inner->addr,
		.dst = far->addr,
		.protocol = IP_UDP,
		.ttl = 64,
		.data = data,
		.data_len = len,
	};

	udp_emit(about.head, &udp);
	return about;
}

static int send_on(struct udp_flow *flow, const struct cn_endpoint *real,
		   const struct cn_dgram_msg *msg, const struct cn_slice *slice)
{
	union {
		char space[BEYOND_CONTROL];
		struct cmsghdr align;
	} control;
	struct sockaddr_storage ss;
	struct iovec iov = {.iov_len = slice->len};
	struct msghdr out = {
		.msg_name = &ss,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t n;

	memcpy(&iov.iov_base, &slice->data, sizeof(iov.iov_base));
	out.msg_namelen = beyond_kernel(flow->relay->world, real, &ss);
	out.msg_controllen = beyond_marks(cn_addr_is_v4(&real->addr), msg->ttl,
					  msg->tos, control.space);
	if (out.msg_controllen)
		out.msg_control = control.space;
	n = sendmsg(flow->watch.fd, &out, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* The error of an earlier one is told in its own place. */
	if (n < 0 && (errno == ECONNREFUSED || errno == EHOSTUNREACH))
		n = sendmsg(flow->watch.fd, &out, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n < 0 ? errno : 0;
}

static bool is_here(struct udp_relay *relay, const struct cn_dgram_msg *msg)
{
	const struct world *world = relay->world;
	struct cn_endpoint real = world_seen(world, &msg->local);

	return !cn_addr_equal(&real.addr, &msg->local.addr);
}

/* What is published answers from where it is published: to this machine's
 * loopback if it is there, else to everybody. */
static bool is_of(const struct udp_flow *flow, const struct cn_endpoint *inner)
{
	return flow->inner.port == inner->port &&
	       (!flow->on ||
		hosts_bears(flow->relay->world->hosts, flow->on, &inner->addr));
}

static struct udp_flow *find_pinned(struct udp_relay *relay,
				    const struct cn_endpoint *inner,
				    const struct cn_endpoint *real)
{
	for (struct list *node = relay->pinned.next; node != &relay->pinned;
	     node = node->next) {
		struct udp_flow *flow =
			CN_CONTAINER(node, struct udp_flow, order);
		const struct cn_addr *host = &flow->host.addr;

		if (is_of(flow, inner) &&
		    cn_addr_is_v4(host) == cn_addr_is_v4(&real->addr) &&
		    (!cn_addr_is_loopback(host) ||
		     cn_addr_is_loopback(&real->addr)))
			return flow;
	}
	return NULL;
}

static bool is_gateways(const struct world *world, const struct cn_addr *addr)
{
	struct cn_addr own = world_gateway(world, cn_addr_is_v4(addr));

	return cn_addr_equal(addr, &own);
}

/* To the gateway itself: an answer to somebody of this machine's loopback, who
 * has asked a published port; or to nobody. */
static struct udp_flow *find_asker(struct udp_relay *relay,
				   const struct cn_dgram_msg *msg,
				   struct cn_endpoint *real)
{
	const bool v4 = cn_addr_is_v4(&msg->local.addr);

	for (struct list *node = relay->pinned.next; node != &relay->pinned;
	     node = node->next) {
		struct udp_flow *flow =
			CN_CONTAINER(node, struct udp_flow, order);

		if (is_of(flow, &msg->peer) && flow->peers &&
		    udp_peers_find(flow->peers, v4, msg->local.port, real,
				   world_now(relay->world)))
			return flow;
	}
	return NULL;
}

static void relay_one(struct udp_relay *relay, const struct cn_dgram_msg *msg,
		      const struct cn_slice *slice)
{
	struct world *world = relay->world;
	struct cn_endpoint real = world_seen(world, &msg->local);
	struct udp_flow *flow = NULL;
	int err;

	if (world->hosts && is_gateways(world, &msg->local.addr))
		flow = find_asker(relay, msg, &real);
	if (!flow && resolver_query(world, msg, slice))
		return;
	if (world->hosts && !flow && is_gateways(world, &msg->local.addr)) {
		(void)cn_dgram_refuse(relay->any, msg, CODE_PORT,
				      world_now(world));
		return;
	}
	if (world->options->isolated && is_here(relay, msg)) {
		(void)cn_dgram_refuse(relay->any, msg, CODE_PORT,
				      world_now(world));
		return;
	}
	if (!flow)
		flow = find_pinned(relay, &msg->peer, &real);
	if (!flow)
		flow = find(relay, &msg->peer);
	if (!flow)
		flow = flow_new_udp(relay, &msg->peer);
	if (!flow) {
		world->tally.datagrams.out_dropped++;
		return;
	}
	use(flow);
	err = send_on(flow, &real, msg, slice);
	if (err) {
		const struct beyond_about about = about_of(
			&msg->peer, &msg->local, slice->data, slice->len);

		beyond_errno(world, &about, err);
	}
}

static void engine_ready(struct ear *ear)
{
	struct udp_relay *relay = CN_CONTAINER(ear, struct udp_relay, ear);
	struct cn_dgram_msg msg;
	struct cn_slice slice;
	int rc;

	while ((rc = cn_dgram_recv_view(relay->any, &slice, &msg)) != 0) {
		if (rc == CN_E_AGAIN)
			break;
		if (rc < 0)
			continue; /* an error of its own, told once */
		relay_one(relay, &msg, &slice);
		cn_dgram_recv_take(relay->any);
	}
	world_touch(relay->world);
}

/* ------------------------------------------------------------------- in -- */

static void answer(struct udp_relay *relay, const struct cn_dgram_msg *msg,
		   const void *data, uint32_t len)
{
	struct world *world = relay->world;
	const struct cn_slice piece = {.data = data, .len = len};

	if (cn_dgram_send_msg(relay->any, msg, &piece, 1, world_now(world)) < 0)
		world->tally.datagrams.in_dropped++;
	world_touch(world);
}

void udp_answer(struct world *world, const struct cn_endpoint *far,
		const struct cn_endpoint *to, const void *data, uint32_t len)
{
	struct cn_dgram_msg msg = CN_DGRAM_MSG;

	msg.local = *far;
	msg.peer = *to;
	answer(world->udp_relay, &msg, data, len);
}

/* What the far end of it is called inside; false: it has no name. */
static bool name_inside(struct udp_flow *flow, const struct cn_endpoint *real,
			struct cn_endpoint *far)
{
	struct world *world = flow->relay->world;

	far->port = real->port;
	if (!flow->peers || !cn_addr_is_loopback(&real->addr))
		return beyond_name(world, &real->addr, &far->addr);
	far->addr = world_gateway(world, cn_addr_is_v4(&real->addr));
	return !cn_addr_is_any(&far->addr);
}

static bool receive(struct udp_flow *flow)
{
	struct udp_relay *relay = flow->relay;
	union {
		char space[256];
		struct cmsghdr align;
	} control;
	struct sockaddr_storage from;
	struct iovec iov = {
		.iov_base = relay->octets,
		.iov_len = sizeof(relay->octets),
	};
	struct msghdr in = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cn_dgram_msg msg = CN_DGRAM_MSG;
	struct cn_endpoint real;
	int ttl = -1, tos = -1;
	ssize_t n;

	memset(&from, 0, sizeof(from));
	n = recvmsg(flow->watch.fd, &in, MSG_DONTWAIT);
	if (n < 0)
		return errno != EAGAIN && errno != EINTR;
	if (!linux_addr_from_kernel(&from, &real) ||
	    !name_inside(flow, &real, &msg.local))
		return true;
	if (flow->peers && cn_addr_is_loopback(&real.addr))
		udp_peers_note(flow->peers, &real, world_now(relay->world));
	beyond_read_marks(&in, &ttl, &tos);
	msg.peer = flow->inner;
	msg.ttl = (int16_t)ttl;
	msg.tos = (int16_t)tos;
	use(flow);
	answer(relay, &msg, relay->octets, (uint32_t)n);
	return true;
}

static bool fail_one(struct udp_flow *flow)
{
	struct udp_relay *relay = flow->relay;
	struct beyond_failure failure;
	struct beyond_about about;
	struct cn_endpoint far;
	long n = beyond_next_failure(flow->watch.fd, &failure, relay->octets,
				     sizeof(relay->octets));

	if (n < 0)
		return false;
	if (!name_inside(flow, &failure.to, &far))
		return true;
	about = about_of(&flow->inner, &far, relay->octets, (uint32_t)n);
	beyond_tell(relay->world, &about, &failure);
	return true;
}

static void kernel_ready(void *ctx, uint32_t events)
{
	struct udp_flow *flow = ctx;
	int n = 0;

	if (events & EPOLLERR)
		while (n++ < TURN && fail_one(flow))
			;
	n = 0;
	while (n++ < TURN && receive(flow))
		;
}

/* ------------------------------------------------------------ published -- */

int udp_pin(struct world *world, const struct cn_endpoint *host,
	    const struct cn_endpoint *inner, const struct whost *on,
	    struct udp_flow **out)
{
	struct udp_relay *relay = world->udp_relay;
	bool v4 = cn_addr_is_v4(&host->addr);
	struct udp_flow *flow = calloc(1, sizeof(*flow));
	struct sockaddr_storage ss;
	socklen_t len = beyond_kernel(world, host, &ss);
	const int only = 1;
	int err;

	if (!flow)
		return ENOMEM;
	flow->on = on;
	flow->peers = on ? calloc(1, sizeof(*flow->peers)) : NULL;
	if (on && !flow->peers) {
		free(flow);
		return ENOMEM;
	}
	flow->pinned = true;
	flow->relay = relay;
	flow->inner = *inner;
	flow->host = *host;
	flow->watch.ready = kernel_ready;
	flow->watch.ctx = flow;
	flow->watch.fd = socket(v4 ? AF_INET : AF_INET6,
				SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err = flow->watch.fd < 0 ? errno : 0;
	if (!err && !v4)
		(void)setsockopt(flow->watch.fd, IPPROTO_IPV6, IPV6_V6ONLY,
				 &only, sizeof(only));
	if (!err)
		err = udp_bind(flow->watch.fd, &ss, len);
	if (!err) {
		beyond_ears(flow->watch.fd, v4);
		err = -loop_watch(world->loop, &flow->watch, EPOLLIN);
	}
	if (err) {
		if (flow->watch.fd >= 0)
			close(flow->watch.fd);
		free(flow->peers);
		free(flow);
		return err;
	}
	list_add_tail(&relay->pinned, &flow->order);
	*out = flow;
	return 0;
}

void udp_unpin(struct udp_flow *flow)
{
	flow_free_udp(flow);
}

bool udp_is_ours(struct world *world, uint16_t port)
{
	struct udp_relay *relay = world->udp_relay;
	struct list *bucket = &relay->bucket[port % BUCKETS];

	if (udp_published(relay, port))
		return true;
	for (struct list *node = bucket->next; node != bucket;
	     node = node->next)
		if (CN_CONTAINER(node, struct udp_flow, bucket)->inner.port ==
		    port)
			return true;
	return false;
}

/* ----------------------------------------------------------------- whole -- */

int udp_relay_new(struct world *world)
{
	struct udp_relay *relay = calloc(1, sizeof(*relay));
	int rc;

	if (!relay)
		return CN_E_NOMEM;
	relay->ear.ready = engine_ready;
	relay->world = world;
	relay->idle.fire = on_idle;
	relay->idle.ctx = relay;
	list_init(&relay->order);
	list_init(&relay->pinned);
	for (int i = 0; i < BUCKETS; i++)
		list_init(&relay->bucket[i]);
	world->udp_relay = relay;
	rc = cn_dgram_new(world->gateway, 6, CN_DGRAM_UDP, &relay->any);
	if (rc)
		return rc;
	cn_dgram_set_tag(relay->any, &relay->ear);
	rc = cn_dgram_set(relay->any, CN_DGRAM_OPT_ANY_PORT, 1);
	if (!rc)
		rc = cn_dgram_set(relay->any, CN_DGRAM_OPT_RCVBUF, QUEUE);
	if (!rc)
		rc = cn_dgram_set(relay->any, CN_DGRAM_OPT_SNDBUF, QUEUE);
	return rc;
}

void udp_relay_free(struct world *world)
{
	struct udp_relay *relay = world->udp_relay;
	struct list *node;

	if (!relay)
		return;
	while ((node = list_first(&relay->order)))
		flow_free_udp(CN_CONTAINER(node, struct udp_flow, order));
	while ((node = list_first(&relay->pinned)))
		flow_free_udp(CN_CONTAINER(node, struct udp_flow, order));
	loop_cancel(world->loop, &relay->idle);
	if (relay->any)
		cn_dgram_close(relay->any);
	free(relay);
	world->udp_relay = NULL;
}
