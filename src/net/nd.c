/* SPDX-License-Identifier: MIT */
/*
 * Neighbour discovery (RFC 4861 section 7) and the detection of duplicate
 * addresses (RFC 4862 section 5.4).  Routers are configured, not discovered:
 * their advertisements are counted and ignored, and so are redirects.
 */
#include <string.h>

#include "net/net.h"

#define ICMP_LEN 8

static const struct cn_addr all_nodes = {.octet = {0xff, 0x02, [15] = 1}};

static void send(struct net *net, int link, const struct cn_addr *src,
		 const struct cn_addr *dst, const struct nd_msg *nd,
		 uint64_t now)
{
	struct ip_hdr ip = {
		.src = *src,
		.dst = *dst,
		.version = 6,
		.protocol = IP_ICMP6,
		.ttl = ND_HOP_LIMIT,
	};
	struct cn_buf *buf = cn_buf_new(net->pool, CN_BUF_SMALL);
	struct icmp_msg icmp;
	size_t len;

	if (!buf) {
		net_drop(net, CN_DROP_MEMORY);
		return;
	}
	nd_emit(nd, &icmp, buf->data + ICMP_LEN);
	len = icmp_emit(buf->data, &ip, &icmp);
	if (icmp_push(net, link, &ip, buf, (uint32_t)len, now))
		net->count->icmp_out++;
}

static void put_mac(const struct net *net, int link, struct nd_msg *nd)
{
	nd->has_mac = true;
	memcpy(nd->mac, net->routes.link[link].mac, CN_MAC_LEN);
}

void nd_ask(struct net *net, int link, const struct cn_addr *addr, bool unicast,
	    uint64_t now)
{
	struct nd_msg nd = {.type = ND_NEIGHBOUR_SOLICIT, .target = *addr};
	struct cn_addr group = net_solicited_node(addr), src;

	/* Without an address one may not ask. */
	if (net_source_on(net, link, addr, &src))
		return;
	put_mac(net, link, &nd);
	send(net, link, &src, unicast ? addr : &group, &nd, now);
}

static void advertise(struct net *net, int link, const struct cn_addr *own,
		      const struct cn_addr *to, uint64_t now)
{
	struct nd_msg nd = {
		.type = ND_NEIGHBOUR_ADVERT,
		.router = net->set->forward,
		.solicited = !cn_addr_is_any(to),
		.override = true,
		.target = *own,
	};

	put_mac(net, link, &nd);
	send(net, link, own, nd.solicited ? to : &all_nodes, &nd, now);
}

/* ------------------------------------------------------------------ dad -- */

static struct net_address *tentative(struct net *net, int link,
				     const struct cn_addr *addr)
{
	for (unsigned i = 0; i < net->routes.address_n; i++) {
		struct net_address *own = &net->routes.address[i];

		if (own->link == link && own->dad == DAD_TRYING &&
		    cn_addr_equal(&own->addr, addr))
			return own;
	}
	return NULL;
}

static void is_taken(struct net *net, struct net_address *own)
{
	own->dad = DAD_DUPLICATE;
	net->count->dad_failed++;
}

static void try_again(struct net *net, struct net_address *own, uint64_t now)
{
	static const struct cn_addr nobody;
	struct nd_msg nd = {.type = ND_NEIGHBOUR_SOLICIT, .target = own->addr};
	struct cn_addr group = net_solicited_node(&own->addr);

	if (!own->dad_left) {
		own->dad = DAD_DONE;
		net->judged.known = false;
		return;
	}
	own->dad_left--;
	own->dad_at = now + net->set->neigh_retrans_ns;
	send(net, own->link, &nobody, &group, &nd, now);
}

uint64_t dad_deadline(const struct net *net)
{
	uint64_t at = CN_NEVER;

	for (unsigned i = 0; net->neigh && i < net->routes.address_n; i++) {
		const struct net_address *own = &net->routes.address[i];

		if (own->dad == DAD_TRYING && own->dad_at < at)
			at = own->dad_at;
	}
	return at;
}

void dad_advance(struct net *net, uint64_t now)
{
	for (unsigned i = 0; net->neigh && i < net->routes.address_n; i++) {
		struct net_address *own = &net->routes.address[i];

		if (own->dad == DAD_TRYING && own->dad_at <= now)
			try_again(net, own, now);
	}
}

/* ------------------------------------------------------------------- in -- */

static void solicited(struct net *net, int link, const struct ip_hdr *ip,
		      const struct nd_msg *nd, uint64_t now)
{
	struct net_address *own = tentative(net, link, &nd->target);
	bool by_nobody = cn_addr_is_any(&ip->src);

	if (own) {
		/* Somebody tries it as well: neither has it. */
		if (by_nobody)
			is_taken(net, own);
		return;
	}
	if (!net_is_on_link(net, link, &nd->target)) {
		net_drop(net, CN_DROP_ND_IGNORED);
		return;
	}
	if (nd->has_mac && !by_nobody)
		neigh_learn(net, link, &ip->src, nd->mac, NEIGH_QUESTION, now);
	advertise(net, link, &nd->target, &ip->src, now);
}

/* An answer to a probe need not repeat the address. */
static void told(struct net *net, int link, const struct nd_msg *nd,
		 uint64_t now)
{
	const struct neigh *neigh = neigh_find(net, link, &nd->target);
	uint8_t mac[CN_MAC_LEN];

	if (!neigh || (!nd->has_mac && neigh->state == NEIGH_INCOMPLETE))
		return;
	memcpy(mac, nd->has_mac ? nd->mac : neigh->mac, CN_MAC_LEN);
	neigh_learn(net, link, &nd->target, mac,
		    nd->solicited ? NEIGH_ANSWER : NEIGH_RUMOUR, now);
}

static void advertised(struct net *net, int link, const struct nd_msg *nd,
		       uint64_t now)
{
	struct net_address *own = tentative(net, link, &nd->target);

	if (own)
		is_taken(net, own);
	else if (net_is_on_link(net, link, &nd->target))
		net_drop(net, CN_DROP_NEIGH_CONTRADICTS);
	else
		told(net, link, nd, now);
}

void nd_input(struct net *net, int link, const struct ip_hdr *ip,
	      const struct icmp_msg *icmp, uint64_t now)
{
	struct nd_msg nd;
	enum cn_drop drop = nd_parse(ip, icmp, &nd);

	if (drop) {
		net_drop(net, drop);
		return;
	}
	if (nd.type == ND_NEIGHBOUR_SOLICIT)
		solicited(net, link, ip, &nd, now);
	else if (nd.type == ND_NEIGHBOUR_ADVERT)
		advertised(net, link, &nd, now);
	else
		net_drop(net, CN_DROP_ND_IGNORED);
}
