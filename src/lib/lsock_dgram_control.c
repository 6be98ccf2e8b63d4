/* SPDX-License-Identifier: MIT */
/* Control messages of datagrams: ip(7), ipv6(7), and the error queue. */
#include "lib/lsock_dgram.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#include "lib/ifreq.h"
#include "lib/linux_addr.h"
#include "lib/linux_err.h"

/* ------------------------------------------------------------------ put -- */

/* A walk over the room that the caller has given. */
struct control {
	struct msghdr *msg;
	size_t used;
};

static void put(struct control *control, int level, int type, const void *data,
		size_t len)
{
	struct msghdr *msg = control->msg;
	struct cmsghdr head = {.cmsg_len = CMSG_LEN(len),
			       .cmsg_level = level,
			       .cmsg_type = type};
	uint8_t *at = (uint8_t *)msg->msg_control + control->used;

	if (!msg->msg_control ||
	    msg->msg_controllen - control->used < CMSG_LEN(len)) {
		msg->msg_flags |= MSG_CTRUNC;
		return;
	}
	memcpy(at, &head, sizeof(head));
	memcpy(at + CMSG_LEN(0), data, len);
	control->used += CMSG_SPACE(len);
	if (control->used > msg->msg_controllen)
		control->used = msg->msg_controllen;
}

static void put_int(struct control *control, int level, int type, int value)
{
	put(control, level, type, &value, sizeof(value));
}

static void put_info4(struct control *control, const struct cn_dgram_msg *from)
{
	struct in_pktinfo info = {
		.ipi_ifindex = ifreq_index_of_link(from->link)};

	memcpy(&info.ipi_addr, from->local.addr.octet + 12, 4);
	info.ipi_spec_dst = info.ipi_addr;
	put(control, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void put_info6(struct control *control, const struct cn_dgram_msg *from)
{
	struct in6_pktinfo info = {
		.ipi6_ifindex = (unsigned)ifreq_index_of_link(from->link)};

	memcpy(&info.ipi6_addr, from->local.addr.octet, 16);
	put(control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void put_all4(struct control *control, uint32_t bits,
		     const struct cn_dgram_msg *from)
{
	uint8_t tos = (uint8_t)from->tos;

	if (bits & LINUX_BIT_PKTINFO)
		put_info4(control, from);
	if (bits & LINUX_BIT_RECVTTL)
		put_int(control, IPPROTO_IP, IP_TTL, from->ttl);
	if (bits & LINUX_BIT_RECVTOS)
		put(control, IPPROTO_IP, IP_TOS, &tos, 1);
}

static void put_all6(struct control *control, uint32_t bits,
		     const struct cn_dgram_msg *from)
{
	if (bits & LINUX_BIT_PKTINFO6)
		put_info6(control, from);
	if (bits & LINUX_BIT_RECVHOPS6)
		put_int(control, IPPROTO_IPV6, IPV6_HOPLIMIT, from->ttl);
	if (bits & LINUX_BIT_RECVCLASS6)
		put_int(control, IPPROTO_IPV6, IPV6_TCLASS, from->tos);
}

void dgram_control_put(const struct lsock *sock, struct msghdr *msg,
		       const struct cn_dgram_msg *from)
{
	struct control control = {msg, 0};
	uint32_t bits = sock->ls.bits;

	if (cn_addr_is_v4(&from->local.addr))
		put_all4(&control, bits, from);
	if (sock->ls.domain == AF_INET6)
		put_all6(&control, bits, from);
	msg->msg_controllen = control.used;
}

void dgram_control_error(const struct lsock *sock, struct msghdr *msg,
			 const struct cn_dgram_error *error)
{
	struct {
		struct sock_extended_err ee;
		struct sockaddr_in6 offender;
	} told;
	bool v4 = sock->ls.domain == AF_INET;
	struct cn_endpoint offender = {error->offender, 0};
	struct control control = {msg, 0};
	struct sockaddr_storage full;
	socklen_t len = linux_addr_out(sock->ls.domain, &offender, &full);

	memset(&told, 0, sizeof(told));
	told.ee.ee_errno = (uint32_t)linux_errno(error->err);
	told.ee.ee_origin = error->origin;
	told.ee.ee_type = error->type;
	told.ee.ee_code = error->code;
	told.ee.ee_info = error->info;
	if (error->origin != CN_DGRAM_LOCAL)
		memcpy(&told.offender, &full, len);
	put(&control, v4 ? IPPROTO_IP : IPPROTO_IPV6,
	    v4 ? IP_RECVERR : IPV6_RECVERR, &told, sizeof(told.ee) + len);
	msg->msg_controllen = control.used;
}

/* ----------------------------------------------------------------- take -- */

/* Of an int, from..to; Linux takes an octet for IP_TOS as well. */
static int take_int(const struct cmsghdr *cmsg, int low, int high,
		    int16_t *value)
{
	size_t len = cmsg->cmsg_len - CMSG_LEN(0);
	int whole = 0;
	uint8_t octet;

	if (len == sizeof(whole)) {
		memcpy(&whole, CMSG_DATA(cmsg), sizeof(whole));
	} else if (len == 1 && cmsg->cmsg_type == IP_TOS) {
		memcpy(&octet, CMSG_DATA(cmsg), 1);
		whole = octet;
	} else {
		return EINVAL;
	}
	if (whole < low || whole > high)
		return EINVAL;
	*value = (int16_t)whole;
	return 0;
}

static int take_link(const struct lsock *sock, int index,
		     struct cn_dgram_msg *to)
{
	if (!index)
		return 0;
	to->link = (int16_t)ifreq_link_of_index(sock->stack, index);
	return to->link < 0 ? ENODEV : 0;
}

static int take_info4(const struct lsock *sock, const struct cmsghdr *cmsg,
		      struct cn_dgram_msg *to)
{
	struct in_pktinfo info;
	uint8_t b[4];

	if (cmsg->cmsg_len != CMSG_LEN(sizeof(info)))
		return EINVAL;
	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	memcpy(b, &info.ipi_spec_dst, 4);
	to->local.addr = cn_addr_v4(b[0], b[1], b[2], b[3]);
	return take_link(sock, info.ipi_ifindex, to);
}

static int take_info6(const struct lsock *sock, const struct cmsghdr *cmsg,
		      struct cn_dgram_msg *to)
{
	struct in6_pktinfo info;

	if (cmsg->cmsg_len < CMSG_LEN(sizeof(info)))
		return EINVAL;
	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	memcpy(to->local.addr.octet, &info.ipi6_addr, 16);
	return take_link(sock, (int)info.ipi6_ifindex, to);
}

static int take_ip(const struct lsock *sock, const struct cmsghdr *cmsg,
		   struct cn_dgram_msg *to)
{
	switch (cmsg->cmsg_type) {
	case IP_PKTINFO:
		return take_info4(sock, cmsg, to);
	case IP_TTL:
		return take_int(cmsg, 1, 255, &to->ttl);
	case IP_TOS:
		return take_int(cmsg, 0, 255, &to->tos);
	default:
		return EINVAL;
	}
}

static int take_ip6(const struct lsock *sock, const struct cmsghdr *cmsg,
		    struct cn_dgram_msg *to)
{
	switch (cmsg->cmsg_type) {
	case IPV6_PKTINFO:
		return take_info6(sock, cmsg, to);
	case IPV6_HOPLIMIT:
		return take_int(cmsg, -1, 255, &to->ttl);
	case IPV6_TCLASS:
		return take_int(cmsg, -1, 255, &to->tos);
	default:
		return EINVAL;
	}
}

int dgram_control_take(const struct lsock *sock, const struct msghdr *msg,
		       struct cn_dgram_msg *to)
{
	size_t off = 0;
	int rc = 0;

	while (!rc && msg->msg_control &&
	       msg->msg_controllen - off >= sizeof(struct cmsghdr)) {
		const uint8_t *at = (const uint8_t *)msg->msg_control + off;
		const struct cmsghdr *cmsg = (const void *)at;

		if (cmsg->cmsg_len < CMSG_LEN(0) ||
		    cmsg->cmsg_len > msg->msg_controllen - off)
			return EINVAL;
		if (cmsg->cmsg_level == IPPROTO_IP)
			rc = take_ip(sock, cmsg, to);
		else if (cmsg->cmsg_level == IPPROTO_IPV6 &&
			 sock->ls.domain == AF_INET6)
			rc = take_ip6(sock, cmsg, to);
		off += CMSG_ALIGN(cmsg->cmsg_len);
		if (off > msg->msg_controllen)
			break;
	}
	return rc;
}
