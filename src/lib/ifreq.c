/* SPDX-License-Identifier: MIT */
/*
 * The interfaces of a stack as netdevice(7) tells them: "lo", number 1, and
 * its links from number 2 on.  They can be asked and not changed.
 */
#include "lib/ifreq.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

#define LO 1
#define LO_MTU 65535
#define FIRST_LINK 2

/* The link of a number; NULL: lo, or none. */
static const struct hub_link *link_of(const struct cn_stack *stack, int index)
{
	int i = index - FIRST_LINK;

	return i >= 0 && i < STACK_LINKS && stack->link[i].name[0] ?
		       &stack->link[i] :
		       NULL;
}

static int index_of(const struct cn_stack *stack, const char *name)
{
	if (!strncmp(name, "lo", IFNAMSIZ))
		return LO;
	for (int i = 0; i < STACK_LINKS; i++)
		if (stack->link[i].name[0] &&
		    !strncmp(name, stack->link[i].name, IFNAMSIZ))
			return i + FIRST_LINK;
	return 0;
}

static void put_name(const struct cn_stack *stack, int index, char *name)
{
	const struct hub_link *link = link_of(stack, index);

	memset(name, 0, IFNAMSIZ);
	if (link)
		memcpy(name, link->name, sizeof(link->name));
	else
		memcpy(name, "lo", 3);
}

int ifreq_index_of_link(int link)
{
	if (link < 0)
		return 0;
	return link == CN_LINK_LOOPBACK ? LO : link + FIRST_LINK;
}

int ifreq_link_of_index(const struct cn_stack *stack, int index)
{
	if (index == LO)
		return CN_LINK_LOOPBACK;
	return link_of(stack, index) ? index - FIRST_LINK : -1;
}

int ifreq_link_of_v4(const struct cn_stack *stack, uint32_t addr)
{
	if (addr >> 24 == IN_LOOPBACKNET)
		return CN_LINK_LOOPBACK;
	for (int i = 0; i < STACK_LINKS; i++)
		if (stack->link[i].name[0] && stack->link[i].v4 == addr)
			return i;
	return -1;
}

int ifreq_link_of_name(const struct cn_stack *stack, const char *name)
{
	return ifreq_link_of_index(stack, index_of(stack, name));
}

void ifreq_name_of_link(const struct cn_stack *stack, int link, char *name)
{
	memset(name, 0, IFNAMSIZ);
	if (link >= 0)
		put_name(stack, ifreq_index_of_link(link), name);
}

/* A sockaddr_in of four octets. */
static void put_in(struct sockaddr *to, uint32_t addr)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	in.sin_addr.s_addr = htonl(addr);
	memcpy(to, &in, sizeof(in));
}

static uint32_t mask_of(unsigned prefix_len)
{
	return prefix_len ? UINT32_MAX << (32 - prefix_len) : 0;
}

struct v4 {
	uint32_t addr;
	unsigned prefix_len;
};

/* 0: it has none. */
static struct v4 v4_of(const struct hub_link *link)
{
	struct v4 lo = {INADDR_LOOPBACK, 8};

	return link ? (struct v4){link->v4, link->v4_len} : lo;
}

static int ask_addr(const struct hub_link *link, unsigned long request,
		    struct ifreq *ifr)
{
	struct v4 v4 = v4_of(link);
	uint32_t mask = mask_of(v4.prefix_len);

	if (!v4.addr)
		return EADDRNOTAVAIL;
	if (request == SIOCGIFADDR)
		put_in(&ifr->ifr_addr, v4.addr);
	else if (request == SIOCGIFNETMASK)
		put_in(&ifr->ifr_netmask, mask);
	else
		put_in(&ifr->ifr_broadaddr, link ? v4.addr | ~mask : 0);
	return 0;
}

static int ask(const struct cn_stack *stack, unsigned long request,
	       struct ifreq *ifr)
{
	int index = index_of(stack, ifr->ifr_name);
	const struct hub_link *link = link_of(stack, index);

	if (!index)
		return ENODEV;
	switch (request) {
	case SIOCGIFINDEX:
		ifr->ifr_ifindex = index;
		return 0;
	case SIOCGIFMTU:
		ifr->ifr_mtu = link ? (int)link->mtu : LO_MTU;
		return 0;
	case SIOCGIFFLAGS:
		ifr->ifr_flags = IFF_UP | IFF_RUNNING;
		if (!link)
			ifr->ifr_flags |= IFF_LOOPBACK;
		else
			ifr->ifr_flags |= IFF_POINTOPOINT | IFF_NOARP;
		return 0;
	default:
		return ask_addr(link, request, ifr);
	}
}

static int ask_name(const struct cn_stack *stack, struct ifreq *ifr)
{
	int index = ifr->ifr_ifindex;

	if (index != LO && !link_of(stack, index))
		return ENODEV;
	put_name(stack, index, ifr->ifr_name);
	return 0;
}

/* All that have an IPv4 address; without a buffer, how much they take. */
static int list(const struct cn_stack *stack, struct ifconf *conf)
{
	int room = conf->ifc_len / (int)sizeof(struct ifreq), n = 0;

	for (int index = LO; index < FIRST_LINK + STACK_LINKS; index++) {
		const struct hub_link *link = link_of(stack, index);
		struct ifreq *ifr = conf->ifc_req + n;

		if ((index != LO && !link) || !v4_of(link).addr)
			continue;
		if (conf->ifc_req && n == room)
			break;
		n++;
		if (!conf->ifc_req)
			continue;
		memset(ifr, 0, sizeof(*ifr));
		put_name(stack, index, ifr->ifr_name);
		put_in(&ifr->ifr_addr, v4_of(link).addr);
	}
	conf->ifc_len = n * (int)sizeof(struct ifreq);
	return 0;
}

int ifreq_ioctl(const struct cn_stack *stack, unsigned long request, void *arg)
{
	switch (request) {
	case SIOCGIFCONF:
		return list(stack, arg);
	case SIOCGIFNAME:
		return ask_name(stack, arg);
	case SIOCGIFINDEX:
	case SIOCGIFMTU:
	case SIOCGIFFLAGS:
	case SIOCGIFADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFBRDADDR:
		return ask(stack, request, arg);
	default:
		return ENOTTY;
	}
}
