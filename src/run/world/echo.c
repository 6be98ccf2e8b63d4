/* SPDX-License-Identifier: MIT */
/*
 * The gateway's pings (RFC 792, RFC 4443 section 4).  An echo request for the
 * real network goes on by a socket of this machine, one for each destination
 * and identifier: a ping socket (net.ipv4.ping_group_range), a raw one where
 * that is refused and this is root.  Where neither may be had the sender is
 * told so: administratively prohibited.
 *
 * What is for the gateway itself our engine answers.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/linux_addr.h"
#include "run/world/beyond.h"
#include "run/world/parts.h"
#include "wire/glance.h"
#include "wire/icmp.h"
#include "wire/octets.h"
#include "wire/offload.h"

#define TURN 64
#define ECHO_MAX 65536
#define IP4_LONGEST 60u
#define IDLE_NS (60 * CN_NS_PER_SEC)

enum { REQUEST4 = 8, REPLY4 = 0, REQUEST6 = 128, REPLY6 = 129 };

struct echo_flow {
	struct list order;
	struct echoes *echoes;
	struct loop_watch watch;
	bool raw, v4;
	uint16_t own_id; /* of a raw socket's requests */
	struct cn_addr inner, far; /* as the path has them */
	uint16_t inner_id;
	uint64_t used_at;
};

struct echoes {
	struct world *world;
	struct list order; /* the idlest first */
	unsigned n;
	struct loop_timer idle;
	uint8_t octets[ECHO_MAX];
};

static void flow_free_echo(struct echo_flow *flow)
{
	list_del(&flow->order);
	flow->echoes->n--;
	loop_unwatch(flow->echoes->world->loop, &flow->watch);
	close(flow->watch.fd);
	free(flow);
}

static void on_idle(void *ctx, uint64_t now)
{
	struct echoes *echoes = ctx;
	struct list *node;

	while ((node = list_first(&echoes->order))) {
		struct echo_flow *flow =
			CN_CONTAINER(node, struct echo_flow, order);

		if (flow->used_at + IDLE_NS > now) {
			(void)loop_at(echoes->world->loop, &echoes->idle,
				      flow->used_at + IDLE_NS);
			return;
		}
		flow_free_echo(flow);
	}
}

static struct echo_flow *find(const struct echoes *echoes,
			      const struct ip_hdr *ip, uint16_t id)
{
	for (struct list *node = echoes->order.next; node != &echoes->order;
	     node = node->next) {
		struct echo_flow *flow =
			CN_CONTAINER(node, struct echo_flow, order);

		if (flow->inner_id == id &&
		    cn_addr_equal(&flow->inner, &ip->src) &&
		    cn_addr_equal(&flow->far, &ip->dst))
			return flow;
	}
	return NULL;
}

static int open_socket(bool v4, bool *raw)
{
	int family = v4 ? AF_INET : AF_INET6;
	int protocol = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(family, SOCK_DGRAM | flags, protocol);

	*raw = fd < 0;
	return fd >= 0 ? fd : socket(family, SOCK_RAW | flags, protocol);
}

static int connect_to(const struct world *world, int fd,
		      const struct cn_addr *far)
{
	const struct cn_endpoint ep = {.addr = *far};
	struct cn_endpoint real = world_seen(world, &ep);
	struct sockaddr_storage ss;
	socklen_t len = beyond_kernel(world, &real, &ss);

	return connect(fd, (const struct sockaddr *)&ss, len) ? errno : 0;
}

static void kernel_ready(void *ctx, uint32_t events);

/* A positive errno when there is no way. */
static int flow_new_echo(struct echoes *echoes, const struct ip_hdr *ip,
			 uint16_t id, struct echo_flow **out)
{
	struct world *world = echoes->world;
	struct echo_flow *flow = calloc(1, sizeof(*flow));
	int err;

	if (!flow)
		return ENOMEM;
	flow->v4 = ip->version == 4;
	flow->watch.fd = open_socket(flow->v4, &flow->raw);
	err = flow->watch.fd < 0 ? EACCES :
				   connect_to(world, flow->watch.fd, &ip->dst);
	if (!err && flow->raw &&
	    getrandom(&flow->own_id, sizeof(flow->own_id), 0) !=
		    (ssize_t)sizeof(flow->own_id))
		err = EIO;
	if (err) {
		if (flow->watch.fd >= 0)
			close(flow->watch.fd);
		free(flow);
		return err;
	}
	beyond_ears(flow->watch.fd, flow->v4);
	flow->echoes = echoes;
	flow->inner = ip->src;
	flow->far = ip->dst;
	flow->inner_id = id;
	flow->watch.ready = kernel_ready;
	flow->watch.ctx = flow;
	list_add_tail(&echoes->order, &flow->order);
	if (++echoes->n > ECHO_FLOWS) {
		flow_free_echo(CN_CONTAINER(list_first(&echoes->order),
					    struct echo_flow, order));
		world->tally.crowded.echo++;
	}
	if (echoes->n == 1)
		(void)loop_at(world->loop, &echoes->idle,
			      world_now(world) + IDLE_NS);
	(void)loop_watch(world->loop, &flow->watch, EPOLLIN);
	*out = flow;
	return 0;
}

static void use(struct echo_flow *flow)
{
	flow->used_at = world_now(flow->echoes->world);
	list_del(&flow->order);
	list_add_tail(&flow->echoes->order, &flow->order);
}

/* ------------------------------------------------------------------ out -- */

static struct beyond_about about_of(const struct echo_flow *flow,
				    const uint8_t *p, uint32_t len)
{
	struct beyond_about about = {
		.src = flow->inner,
		.dst = flow->far,
		.protocol = flow->v4 ? IP_ICMP : IP_ICMP6,
		.ttl = 64,
		.data = p + 8,
		.data_len = len - 8,
	};

	memcpy(about.head, p, 8);
	put16(about.head + 4, flow->inner_id);
	return about;
}

/* The kernel writes identifier and checksum of a ping socket's, and the
 * checksum of a raw one of IPv6. */
static int send_on(struct echo_flow *flow, const struct ip_hdr *ip, uint8_t *p,
		   uint32_t len)
{
	union {
		char space[BEYOND_CONTROL];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = p, .iov_len = len};
	struct msghdr out = {.msg_iov = &iov, .msg_iovlen = 1};
	const struct icmp_msg msg = {
		.type = flow->v4 ? REQUEST4 : REQUEST6,
		.kind = ICMP_ECHO_REQUEST,
		.echo_id = flow->own_id,
		.echo_seq = get16(p + 6),
		.body = p + 8,
		.body_len = len - 8,
	};

	if (flow->raw)
		(void)icmp_emit(p, ip, &msg);
	out.msg_controllen =
		beyond_marks(flow->v4, ip->ttl, ip->tos, control.space);
	if (out.msg_controllen)
		out.msg_control = control.space;
	if (sendmsg(flow->watch.fd, &out, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	/* The error of an earlier one is told in its own place. */
	return sendmsg(flow->watch.fd, &out, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ?
		       errno :
		       0;
}

static void request(struct echoes *echoes, const struct ip_hdr *ip, uint8_t *p,
		    uint32_t len)
{
	uint16_t id = get16(p + 4);
	struct echo_flow *flow = find(echoes, ip, id), unknown = {.v4 = false};
	int err = 0;

	if (!flow)
		err = flow_new_echo(echoes, ip, id, &flow);
	if (!err) {
		use(flow);
		err = send_on(flow, ip, p, len);
	} else {
		unknown.v4 = ip->version == 4;
		unknown.inner = ip->src;
		unknown.far = ip->dst;
		unknown.inner_id = id;
		flow = &unknown;
	}
	if (err) {
		const struct beyond_about about = about_of(flow, p, len);

		beyond_errno(echoes->world, &about, err);
	}
}

/* A whole echo request, not for the gateway itself. */
static bool is_request(const struct world *world, const uint8_t *p, size_t len,
		       struct ip_hdr *ip)
{
	struct icmp_msg msg;
	struct cn_addr gateway;

	if (ip_parse(p, len, ip) || ip->is_fragment ||
	    ip->protocol != (ip->version == 4 ? IP_ICMP : IP_ICMP6))
		return false;
	gateway = world_gateway(world, ip->version == 4);
	if (cn_addr_equal(&ip->dst, &gateway))
		return false;
	return !icmp_parse(ip, p + ip->header_len, ip->payload_len, &msg) &&
	       msg.kind == ICMP_ECHO_REQUEST;
}

bool echo_catch(void *ctx, struct cn_frame *frame, uint64_t now)
{
	struct world *world = ctx;
	struct echoes *echoes = world->echoes;
	struct glance glance;
	struct ip_hdr ip;
	uint32_t len;

	(void)now;
	glance_at(&glance, frame);
	if (!echoes || !glance.version ||
	    (glance.protocol != IP_ICMP && glance.protocol != IP_ICMP6))
		return false;
	len = cn_frame_copy(frame, 0, echoes->octets, ECHO_MAX);
	if (offload_is_partial(frame))
		offload_complete_octets(frame, echoes->octets, len);
	if (!is_request(world, echoes->octets, len, &ip))
		return false;
	request(echoes, &ip, echoes->octets + ip.header_len, ip.payload_len);
	cn_frame_release(frame);
	return true;
}

/* ------------------------------------------------------------------- in -- */

static void reply(struct echo_flow *flow, const uint8_t *p, uint32_t len,
		  int ttl, int tos)
{
	struct icmp_msg msg = {
		.type = flow->v4 ? REPLY4 : REPLY6,
		.kind = ICMP_ECHO_REPLY,
		.echo_id = flow->inner_id,
		.body = p + 8,
	};

	if (len < 8 || p[0] != msg.type ||
	    (flow->raw && get16(p + 4) != flow->own_id))
		return;
	msg.echo_seq = get16(p + 6);
	msg.body_len = len - 8;
	use(flow);
	beyond_icmp(flow->echoes->world, &flow->far, &flow->inner, &msg,
		    (uint8_t)(ttl > 0 ? ttl : 64),
		    (uint8_t)(tos > 0 ? tos : 0));
}

static bool receive(struct echo_flow *flow)
{
	struct echoes *echoes = flow->echoes;
	union {
		char space[256];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = echoes->octets, .iov_len = ECHO_MAX};
	struct msghdr in = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	int ttl = -1, tos = -1;
	uint32_t skip = 0;
	ssize_t n = recvmsg(flow->watch.fd, &in, MSG_DONTWAIT);

	if (n < 0)
		return errno != EAGAIN && errno != EINTR;
	beyond_read_marks(&in, &ttl, &tos);
	/* A raw socket of IPv4 shows the packet with its header. */
	if (flow->raw && flow->v4 && n)
		skip = (echoes->octets[0] & 15) * 4u;
	if (skip <= (uint32_t)n)
		reply(flow, echoes->octets + skip, (uint32_t)n - skip, ttl,
		      tos);
	return true;
}

/* What is quoted is the request that was sent: with another identifier. */
static bool fail_one(struct echo_flow *flow)
{
	struct echoes *echoes = flow->echoes;
	struct beyond_failure failure;
	struct beyond_about about;
	long n = beyond_next_failure(flow->watch.fd, &failure, echoes->octets,
				     ECHO_MAX);

	if (n < 0)
		return false;
	if (n < 8 || (flow->raw && get16(echoes->octets + 4) != flow->own_id))
		return true;
	about = about_of(flow, echoes->octets, (uint32_t)n);
	beyond_tell(echoes->world, &about, &failure);
	return true;
}

static void kernel_ready(void *ctx, uint32_t events)
{
	struct echo_flow *flow = ctx;
	int n = 0;

	if (events & EPOLLERR)
		while (n++ < TURN && fail_one(flow))
			;
	n = 0;
	while (n++ < TURN && receive(flow))
		;
}

/* ----------------------------------------------------------------- whole -- */

int echoes_new(struct world *world)
{
	struct echoes *echoes = calloc(1, sizeof(*echoes));

	if (!echoes)
		return CN_E_NOMEM;
	echoes->world = world;
	echoes->idle.fire = on_idle;
	echoes->idle.ctx = echoes;
	list_init(&echoes->order);
	world->echoes = echoes;
	return CN_OK;
}

void echoes_free(struct world *world)
{
	struct echoes *echoes = world->echoes;
	struct list *node;

	if (!echoes)
		return;
	while ((node = list_first(&echoes->order)))
		flow_free_echo(CN_CONTAINER(node, struct echo_flow, order));
	loop_cancel(world->loop, &echoes->idle);
	free(echoes);
	world->echoes = NULL;
}
