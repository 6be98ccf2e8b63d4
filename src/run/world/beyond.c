/* SPDX-License-Identifier: MIT */
/*
 * What the gateway's relays of datagrams and echoes have in common: names of
 * addresses, marks of packets, and errors, which the kernel tells beside a
 * socket (IP_RECVERR) and the programs' kernel expects as ICMP (RFC 792, RFC
 * 4443).
 */
#include "run/world/beyond.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/errqueue.h>

#include "lib/linux_addr.h"
#include "run/world/parts.h"
#include "wire/icmp.h"
#include "wire/ip.h"

#define USUAL_TTL 64
/* As much of a packet as an error quotes (RFC 1812 section 4.3.2.3, RFC 4443
 * section 2.4 (c)), its IP header and the error's own off. */
#define QUOTE4 (576u - 20 - 8)
#define QUOTE6 (1280u - 40 - 8)

enum {
	UNREACHABLE4 = 3,
	UNREACHABLE6 = 1,
	TOO_BIG6 = 2,
	NET4 = 0,
	HOST4 = 1,
	PORT4 = 3,
	TOO_BIG4 = 4,
	PROHIBITED4 = 13,
	NET6 = 0,
	PROHIBITED6 = 1,
	HOST6 = 3,
	PORT6 = 4,
};

/* ----------------------------------------------------------- addresses -- */

socklen_t beyond_kernel(const struct world *world,
			const struct cn_endpoint *real,
			struct sockaddr_storage *ss)
{
	socklen_t len = linux_addr_kernel(real, ss);
	struct sockaddr_in6 in6;

	if (ss->ss_family != AF_INET6)
		return len;
	memcpy(&in6, ss, sizeof(in6));
	in6.sin6_scope_id = machine_scope(&world->machine, &real->addr);
	memcpy(ss, &in6, sizeof(in6));
	return len;
}

bool beyond_name(struct world *world, const struct cn_addr *real,
		 struct cn_addr *far)
{
	*far = *real;
	if (world->hosts)
		return !cn_addr_is_loopback(real);
	if (!cn_addr_is_loopback(real) && !machine_find(&world->machine, real))
		return true;
	if (alias_of_peer(&world->alias, real, far))
		return true;
	world->tally.crowded.names++;
	return false;
}

/* -------------------------------------------------------- what goes down -- */

static void send_down(struct world *world, struct cn_buf *buf, uint32_t len)
{
	struct cn_frame frame;

	memset(&frame, 0, offsetof(struct cn_frame, slice));
	frame.slice[0] = (struct cn_slice){buf, buf->data, len};
	frame.slice_n = 1;
	frame.payload_len = len;
	if (world->hosts) {
		cn_host_twin_input(world->gateway, 0, &frame, world_now(world));
		cn_frame_release(&frame);
	} else {
		lane_send(&world->down, &frame, world_now(world));
	}
	world_touch(world);
}

static struct ip_hdr header(const struct cn_addr *src,
			    const struct cn_addr *dst, uint32_t len)
{
	bool v4 = cn_addr_is_v4(src);

	return (struct ip_hdr){
		.src = *src,
		.dst = *dst,
		.version = v4 ? 4 : 6,
		.protocol = v4 ? IP_ICMP : IP_ICMP6,
		.ttl = USUAL_TTL,
		.df = true,
		.payload_len = len,
	};
}

void beyond_icmp(struct world *world, const struct cn_addr *from,
		 const struct cn_addr *to, const struct icmp_msg *msg,
		 uint8_t ttl, uint8_t tos)
{
	uint32_t len = 8 + msg->body_len;
	struct ip_hdr ip = header(from, to, len);
	uint32_t own = ip.version == 4 ? IP4_HEADER_LEN : IP6_HEADER_LEN;
	struct cn_buf *buf;
	size_t at;

	/* An answer is no longer than its question, which came whole. */
	if (own + len > world->options->mtu)
		return;
	buf = cn_buf_new(world->pool, own + len);
	if (!buf)
		return;
	ip.ttl = ttl;
	ip.tos = tos;
	at = ip_emit(buf->data, &ip);
	(void)icmp_emit(buf->data + at, &ip, msg);
	send_down(world, buf, own + len);
}

/* The packet as it was sent, as far as it is known. */
static uint32_t quote(const struct beyond_about *about, uint8_t *p)
{
	struct ip_hdr ip =
		header(&about->src, &about->dst, 8 + about->data_len);
	uint32_t most = ip.version == 4 ? QUOTE4 : QUOTE6, n = about->data_len;
	size_t at;

	ip.protocol = about->protocol;
	ip.ttl = about->ttl;
	ip.tos = about->tos;
	at = ip_emit(p, &ip);
	memcpy(p + at, about->head, 8);
	at += 8;
	if (n > most - at)
		n = most - (uint32_t)at;
	if (n)
		memcpy(p + at, about->data, n);
	return (uint32_t)at + n;
}

void beyond_error(struct world *world, const struct beyond_about *about,
		  uint8_t type, uint8_t code, uint32_t word,
		  const struct cn_addr *from)
{
	uint8_t octet[QUOTE6];
	struct cn_addr gateway =
		world_gateway(world, cn_addr_is_v4(&about->src));
	struct icmp_msg msg = {
		.type = type,
		.code = code,
		.body = octet,
		.body_len = quote(about, octet),
	};

	msg.kind = ICMP_UNREACHABLE;
	if (word)
		msg.kind = ICMP_PACKET_TOO_BIG;
	msg.mtu = word;
	beyond_icmp(world, from ? from : &gateway, &about->src, &msg, USUAL_TTL,
		    0);
}

/* ---------------------------------------------------------------- errors -- */

void beyond_errno(struct world *world, const struct beyond_about *about,
		  int err)
{
	bool v4 = cn_addr_is_v4(&about->src);
	uint8_t type = v4 ? UNREACHABLE4 : UNREACHABLE6;

	switch (err) {
	case ENETUNREACH:
		beyond_error(world, about, type, v4 ? NET4 : NET6, 0, NULL);
		break;
	case EHOSTUNREACH:
	case EHOSTDOWN:
		beyond_error(world, about, type, v4 ? HOST4 : HOST6, 0, NULL);
		break;
	case ECONNREFUSED:
		beyond_error(world, about, type, v4 ? PORT4 : PORT6, 0,
			     &about->dst);
		break;
	case EACCES:
	case EPERM:
		beyond_error(world, about, type, v4 ? PROHIBITED4 : PROHIBITED6,
			     0, NULL);
		break;
	default: /* no room, too long: lost, as on any path */
		world->tally.datagrams.out_dropped++;
		break;
	}
}

/* The kernel's control messages lie where they are well aligned. */
static void read_extended(const struct cmsghdr *cmsg,
			  struct beyond_failure *failure)
{
	struct sock_extended_err ee;
	struct sockaddr_storage ss;
	struct cn_endpoint ep;
	size_t len = cmsg->cmsg_len - CMSG_LEN(0);

	if (len < sizeof(ee))
		return;
	memcpy(&ee, CMSG_DATA(cmsg), sizeof(ee));
	failure->err = (int)ee.ee_errno;
	failure->origin = ee.ee_origin;
	failure->type = ee.ee_type;
	failure->code = ee.ee_code;
	failure->info = ee.ee_info;
	memset(&ss, 0, sizeof(ss));
	len -= sizeof(ee);
	if (len > sizeof(struct sockaddr_in6))
		len = sizeof(struct sockaddr_in6);
	memcpy(&ss, CMSG_DATA(cmsg) + sizeof(ee), len);
	failure->has_offender = ss.ss_family != AF_UNSPEC &&
				linux_addr_from_kernel(&ss, &ep);
	if (failure->has_offender)
		failure->offender = ep.addr;
}

long beyond_next_failure(int fd, struct beyond_failure *failure, void *data,
			 size_t room)
{
	union {
		char space[512];
		struct cmsghdr align;
	} control;
	struct sockaddr_storage to;
	struct iovec iov = {.iov_base = data, .iov_len = room};
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	ssize_t n;

	memset(failure, 0, sizeof(*failure));
	memset(&to, 0, sizeof(to));
	n = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (n < 0)
		return -1;
	(void)linux_addr_from_kernel(&to, &failure->to);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c))
		if ((c->cmsg_level == IPPROTO_IP &&
		     c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
		     c->cmsg_type == IPV6_RECVERR))
			read_extended(c, failure);
	return (long)n;
}

void beyond_tell(struct world *world, const struct beyond_about *about,
		 const struct beyond_failure *failure)
{
	bool v4 = cn_addr_is_v4(&about->src);
	struct cn_addr from;

	if (failure->origin == SO_EE_ORIGIN_LOCAL) {
		beyond_errno(world, about, failure->err);
		return;
	}
	if (failure->origin != SO_EE_ORIGIN_ICMP &&
	    failure->origin != SO_EE_ORIGIN_ICMP6)
		return;
	/* This machine's kernel cuts what is too long for a path. */
	if (failure->type == (v4 ? UNREACHABLE4 : TOO_BIG6) &&
	    (!v4 || failure->code == TOO_BIG4))
		return;
	from = about->dst;
	if (failure->has_offender &&
	    !beyond_name(world, &failure->offender, &from))
		from = about->dst;
	beyond_error(world, about, failure->type, failure->code, 0, &from);
}

bool beyond_move(struct world *world, uint64_t now)
{
	struct cn_frame frame;
	bool any = false;
	int link;

	while (world->echoes &&
	       cn_host_twin_output(world->gateway, &link, &frame)) {
		if (!echo_catch(world, &frame, now))
			cn_frame_release(&frame);
		any = true;
	}
	return any;
}

/* ----------------------------------------------------------------- marks -- */

static struct cmsghdr *put_mark(struct cmsghdr *at, int level, int type,
				int value)
{
	at->cmsg_level = level;
	at->cmsg_type = type;
	at->cmsg_len = CMSG_LEN(sizeof(value));
	memcpy(CMSG_DATA(at), &value, sizeof(value));
	return (struct cmsghdr *)(void *)((char *)at +
					  CMSG_SPACE(sizeof(value)));
}

size_t beyond_marks(bool v4, int ttl, int tos, void *control)
{
	struct cmsghdr *at = control;
	int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;

	memset(control, 0, BEYOND_CONTROL);
	if (ttl > 0 && ttl != USUAL_TTL)
		at = put_mark(at, level, v4 ? IP_TTL : IPV6_HOPLIMIT, ttl);
	if (tos > 0)
		at = put_mark(at, level, v4 ? IP_TOS : IPV6_TCLASS, tos);
	return (size_t)((char *)at - (char *)control);
}

void beyond_read_marks(struct msghdr *msg, int *ttl, int *tos)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c;
	     c = CMSG_NXTHDR(msg, c)) {
		bool v4 = c->cmsg_level == IPPROTO_IP;

		if (!v4 && c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == (v4 ? IP_TTL : IPV6_HOPLIMIT))
			memcpy(ttl, CMSG_DATA(c), sizeof(*ttl));
		else if (v4 && c->cmsg_type == IP_TOS)
			*tos = *CMSG_DATA(c);
		else if (!v4 && c->cmsg_type == IPV6_TCLASS)
			memcpy(tos, CMSG_DATA(c), sizeof(*tos));
	}
}

void beyond_ears(int fd, bool v4)
{
	static const int names4[] = {IP_RECVERR, IP_RECVTTL, IP_RECVTOS};
	static const int names6[] = {IPV6_RECVERR, IPV6_RECVHOPLIMIT,
				     IPV6_RECVTCLASS};
	const int on = 1;

	for (int i = 0; i < 3; i++)
		(void)setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
				 v4 ? names4[i] : names6[i], &on, sizeof(on));
}
