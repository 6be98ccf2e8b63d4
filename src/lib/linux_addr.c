/* SPDX-License-Identifier: MIT */
/*
 * Socket addresses of Linux and endpoints of the engine, with the errors
 * that Linux's inet_bind, inet6_bind, tcp_v4_connect and tcp_v6_connect give
 * for a wrong one.
 */
#include "lib/linux_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static struct cn_addr addr_from_in(struct in_addr in)
{
	uint8_t b[4];

	memcpy(b, &in.s_addr, 4);
	return cn_addr_v4(b[0], b[1], b[2], b[3]);
}

static int take_in(const void *sa, socklen_t len, bool bind,
		   struct cn_endpoint *ep)
{
	struct sockaddr_in in;

	if (len < sizeof(in))
		return EINVAL;
	memcpy(&in, sa, sizeof(in));
	/* A bind with AF_UNSPEC to the any-address is an old habit that Linux
	 * forgives. */
	if (in.sin_family != AF_INET &&
	    !(bind && in.sin_family == AF_UNSPEC && in.sin_addr.s_addr == 0))
		return EAFNOSUPPORT;
	ep->addr = addr_from_in(in.sin_addr);
	ep->port = ntohs(in.sin_port);
	return 0;
}

static int take_in6(const void *sa, socklen_t len, struct cn_endpoint *ep)
{
	struct sockaddr_in6 in6;

	if (len < SIN6_SHORT)
		return EINVAL;
	memset(&in6, 0, sizeof(in6));
	memcpy(&in6, sa, len < sizeof(in6) ? len : sizeof(in6));
	if (in6.sin6_family != AF_INET6)
		return EAFNOSUPPORT;
	memcpy(ep->addr.octet, &in6.sin6_addr, 16);
	ep->port = ntohs(in6.sin6_port);
	/* A link-local address says nothing without its interface. */
	if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr) && !in6.sin6_scope_id)
		return EINVAL;
	return 0;
}

int linux_addr_take(int family, const void *sa, socklen_t len,
		    struct cn_endpoint *ep)
{
	sa_family_t said = AF_UNSPEC;

	/* An IPv6 socket may be told an IPv4 address as such, says Linux. */
	if (len >= sizeof(said))
		memcpy(&said, sa, sizeof(said));
	return family == AF_INET || said == AF_INET ?
		       take_in(sa, len, true, ep) :
		       take_in6(sa, len, ep);
}

int linux_addr_check(const void *sa, socklen_t len)
{
	if ((int)len < 0 || len > sizeof(struct sockaddr_storage))
		return EINVAL;
	return len && !sa ? EFAULT : 0;
}

static bool is_broadcast(const struct cn_addr *addr)
{
	static const uint8_t ones[4] = {255, 255, 255, 255};

	return cn_addr_is_v4(addr) && !memcmp(addr->octet + 12, ones, 4);
}

int linux_addr_bind(int family, bool v6only, const void *sa, socklen_t len,
		    struct cn_endpoint *ep)
{
	int rc;

	if (family == AF_INET)
		return take_in(sa, len, true, ep);
	rc = take_in6(sa, len, ep);
	if (rc)
		return rc;
	if (cn_addr_is_multicast(&ep->addr))
		return EINVAL;
	if (cn_addr_is_v4(&ep->addr) && v6only)
		return EINVAL;
	return 0;
}

int linux_addr_connect(int family, bool v6only, const void *sa, socklen_t len,
		       struct cn_endpoint *ep)
{
	int rc;

	rc = family == AF_INET ? take_in(sa, len, false, ep) :
				 take_in6(sa, len, ep);
	if (rc)
		return rc;
	/* "Connect to any" has always meant this machine. */
	if (cn_addr_is_any(&ep->addr)) {
		if (cn_addr_is_v4(&ep->addr))
			ep->addr = cn_addr_v4(127, 0, 0, 1);
		else
			ep->addr.octet[15] = 1;
	}
	if (cn_addr_is_multicast(&ep->addr) || is_broadcast(&ep->addr))
		return ENETUNREACH;
	if (family == AF_INET6 && v6only && cn_addr_is_v4(&ep->addr))
		return ENETUNREACH;
	return 0;
}

socklen_t linux_addr_out(int family, const struct cn_endpoint *ep,
			 struct sockaddr_storage *sa)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	memset(sa, 0, sizeof(*sa));
	if (family == AF_INET) {
		in.sin_port = htons(ep->port);
		memcpy(&in.sin_addr, ep->addr.octet + 12, 4);
		memcpy(sa, &in, sizeof(in));
		return sizeof(in);
	}
	in6.sin6_port = htons(ep->port);
	memcpy(&in6.sin6_addr, ep->addr.octet, 16);
	memcpy(sa, &in6, sizeof(in6));
	return sizeof(in6);
}

socklen_t linux_addr_kernel(const struct cn_endpoint *ep,
			    struct sockaddr_storage *sa)
{
	return linux_addr_out(cn_addr_is_v4(&ep->addr) ? AF_INET : AF_INET6, ep,
			      sa);
}

bool linux_addr_from_kernel(const struct sockaddr_storage *sa,
			    struct cn_endpoint *ep)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->ss_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		ep->addr = addr_from_in(in.sin_addr);
		ep->port = ntohs(in.sin_port);
		return true;
	}
	if (sa->ss_family != AF_INET6)
		return false;
	memcpy(&in6, sa, sizeof(in6));
	memcpy(ep->addr.octet, &in6.sin6_addr, 16);
	ep->port = ntohs(in6.sin6_port);
	return true;
}
