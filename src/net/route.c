/* SPDX-License-Identifier: MIT */
/*
 * Addresses of this host, routes, and the choice of a source address (RFC 1122
 * section 3.3.1, RFC 6724).  Tables are small and sorted: hosts have few routes
 * and the answer is kept by each connection.
 *
 * Prefix lengths are counted in the 128 bits of a mapped address within, so
 * that one comparison serves both families.  A route is of one family: ::/0
 * does not take IPv4 along.
 */
#include "net/net.h"

#include <string.h>

#include "base/assert.h"

#define MTU_MIN 68
#define MTU_MAX 65535

void route_init(struct route_table *routes)
{
	memset(routes, 0, sizeof(*routes));
}

bool route_link_is_loopback(const struct net *net, int link)
{
	return link >= 0 && link < NET_LINKS && net->routes.link[link].loopback;
}

static bool is_link(const struct net *net, int link)
{
	return link >= 0 && link < NET_LINKS && net->routes.link[link].used;
}

int net_link_add(struct net *net, int link, uint32_t mtu, bool loopback)
{
	if (link < 0 || link >= NET_LINKS)
		return CN_E_NOLINK;
	if (mtu < MTU_MIN || mtu > MTU_MAX)
		return CN_E_RANGE;
	net->routes.link[link].mtu = mtu;
	net->routes.link[link].loopback = loopback;
	net->routes.link[link].used = true;
	net->judged.known = false;
	return CN_OK;
}

/* How many leading bits two addresses share. */
static unsigned common_bits(const struct cn_addr *a, const struct cn_addr *b)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned diff = a->octet[i] ^ b->octet[i];

		if (diff)
			return i * 8 + (unsigned)__builtin_clz(diff) - 24;
	}
	return 128;
}

static bool in_prefix(const struct cn_addr *addr, const struct cn_addr *prefix,
		      unsigned bits)
{
	return cn_addr_is_v4(addr) == cn_addr_is_v4(prefix) &&
	       common_bits(addr, prefix) >= bits;
}

/* The length in 128 bits, or -1 when the family has no such length. */
static int mapped_bits(const struct cn_addr *addr, unsigned prefix_len)
{
	if (cn_addr_is_v4(addr))
		return prefix_len <= 32 ? (int)prefix_len + 96 : -1;
	return prefix_len <= 128 ? (int)prefix_len : -1;
}

static struct cn_addr prefix_of(const struct cn_addr *addr, unsigned bits)
{
	struct cn_addr prefix = *addr;

	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits > i * 8 ? bits - i * 8 : 0;

		if (keep < 8)
			prefix.octet[i] &= (uint8_t)(0xff00 >> keep);
	}
	return prefix;
}

static struct net_route *find_route(struct route_table *routes,
				    const struct cn_addr *prefix, unsigned bits)
{
	for (unsigned i = 0; i < routes->route_n; i++) {
		struct net_route *route = &routes->route[i];

		if (route->bits == bits &&
		    cn_addr_equal(&route->prefix, prefix) &&
		    cn_addr_is_v4(&route->prefix) == cn_addr_is_v4(prefix))
			return route;
	}
	return NULL;
}

/* Behind all that are as long or longer. */
static void insert_route(struct route_table *routes,
			 const struct net_route *new)
{
	unsigned at = routes->route_n;

	while (at > 0 && routes->route[at - 1].bits < new->bits) {
		routes->route[at] = routes->route[at - 1];
		at--;
	}
	routes->route[at] = *new;
	routes->route_n++;
}

int net_route_add(struct net *net, int link, const struct cn_addr *prefix,
		  unsigned prefix_len)
{
	static const struct cn_addr none;

	return net_route_via(net, link, prefix, prefix_len, &none);
}

int net_route_via(struct net *net, int link, const struct cn_addr *prefix,
		  unsigned prefix_len, const struct cn_addr *router)
{
	int bits = mapped_bits(prefix, prefix_len);
	struct net_route new, *old;

	if (!is_link(net, link))
		return CN_E_NOLINK;
	if (bits < 0)
		return CN_E_RANGE;
	new.prefix = prefix_of(prefix, (unsigned)bits);
	new.bits = (uint8_t)bits;
	new.link = (uint8_t)link;
	new.router = *router;
	if (!cn_addr_is_any(router) &&
	    cn_addr_is_v4(router) != cn_addr_is_v4(prefix))
		return CN_E_INVAL;
	old = find_route(&net->routes, &new.prefix, new.bits);
	if (old) {
		*old = new;
		return CN_OK;
	}
	if (net->routes.route_n == NET_ROUTES)
		return CN_E_NOBUFS;
	insert_route(&net->routes, &new);
	return CN_OK;
}

static struct net_address *find_address(const struct route_table *routes,
					const struct cn_addr *addr)
{
	for (unsigned i = 0; i < routes->address_n; i++) {
		if (cn_addr_equal(&routes->address[i].addr, addr))
			return (struct net_address *)&routes->address[i];
	}
	return NULL;
}

/* The highest address of an IPv4 prefix that has room for one (RFC 3021 leaves
 * /31 and /32 without). */
static void set_broadcast(struct net_address *own)
{
	memset(own->broadcast, 0, sizeof(own->broadcast));
	if (!cn_addr_is_v4(&own->addr) || own->bits > 126)
		return;
	for (unsigned i = 0; i < 4; i++) {
		unsigned before = (12 + i) * 8;
		unsigned keep = own->bits > before ? own->bits - before : 0;

		own->broadcast[i] = own->addr.octet[12 + i];
		if (keep < 8)
			own->broadcast[i] |= (uint8_t)(0xff >> keep);
	}
}

/* RFC 4862 section 5.4: first, nobody else must have it. */
static void begin_dad(const struct net *net, int link,
		      const struct cn_addr *addr, struct net_address *own)
{
	memset(own, 0, sizeof(*own));
	own->dad_left = net->set->dad_probes;
	if (own->dad_left && net->routes.link[link].ether &&
	    !cn_addr_is_v4(addr))
		own->dad = DAD_TRYING;
}

int net_addr_add(struct net *net, int link, const struct cn_addr *addr,
		 unsigned prefix_len)
{
	struct route_table *routes = &net->routes;
	int bits = mapped_bits(addr, prefix_len);
	struct net_address *own = find_address(routes, addr);
	int err;

	if (!is_link(net, link))
		return CN_E_NOLINK;
	if (bits < 0)
		return CN_E_RANGE;
	if (cn_addr_is_any(addr) || cn_addr_is_multicast(addr))
		return CN_E_INVAL;
	if (!own && routes->address_n == NET_ADDRS)
		return CN_E_NOBUFS;
	err = net_route_add(net, link, addr, prefix_len);
	if (err)
		return err;
	if (!own) {
		own = &routes->address[routes->address_n++];
		begin_dad(net, link, addr, own);
	}
	own->addr = *addr;
	own->link = (uint8_t)link;
	own->bits = (uint8_t)bits;
	set_broadcast(own);
	net->judged.known = false;
	return CN_OK;
}

static const struct net_address *find_usable(const struct route_table *routes,
					     const struct cn_addr *addr)
{
	const struct net_address *own = find_address(routes, addr);

	return own && own->dad == DAD_DONE ? own : NULL;
}

static int loopback_link(const struct net *net)
{
	for (int i = 0; i < NET_LINKS; i++) {
		if (net->routes.link[i].loopback)
			return i;
	}
	return CN_E_NETUNREACH;
}

bool net_is_local(const struct net *net, const struct cn_addr *addr)
{
	if (cn_addr_is_loopback(addr))
		return loopback_link(net) >= 0;
	return find_usable(&net->routes, addr);
}

bool net_is_on_link(const struct net *net, int link, const struct cn_addr *addr)
{
	const struct net_address *own = find_usable(&net->routes, addr);

	return own && own->link == link;
}

enum cn_addr_state net_addr_state(const struct net *net,
				  const struct cn_addr *addr)
{
	const struct net_address *own = find_address(&net->routes, addr);

	if (!own)
		return CN_ADDR_NONE;
	if (own->dad == DAD_TRYING)
		return CN_ADDR_TENTATIVE;
	return own->dad == DAD_DONE ? CN_ADDR_READY : CN_ADDR_DUPLICATE;
}

bool net_is_broadcast(const struct net *net, int link,
		      const struct cn_addr *addr)
{
	static const uint8_t ones[4] = {255, 255, 255, 255};

	if (!cn_addr_is_v4(addr))
		return false;
	if (memcmp(addr->octet + 12, ones, 4) == 0)
		return true;
	for (unsigned i = 0; i < net->routes.address_n; i++) {
		const struct net_address *own = &net->routes.address[i];

		if (memcmp(addr->octet + 12, own->broadcast, 4) == 0 &&
		    (link < 0 || own->link == link) && !cn_addr_is_any(addr))
			return true;
	}
	return false;
}

/* MUST-46 */
bool net_is_to_many(const struct net *net, const struct cn_addr *addr)
{
	return cn_addr_is_multicast(addr) || net_is_broadcast(net, -1, addr);
}

int net_route(const struct net *net, const struct cn_addr *dst)
{
	if (net_is_local(net, dst))
		return loopback_link(net);
	for (unsigned i = 0; i < net->routes.route_n; i++) {
		const struct net_route *route = &net->routes.route[i];

		if (in_prefix(dst, &route->prefix, route->bits))
			return route->link;
	}
	return CN_E_NETUNREACH;
}

struct cn_addr net_next_hop(const struct net *net, int link,
			    const struct cn_addr *dst)
{
	for (unsigned i = 0; i < net->routes.route_n; i++) {
		const struct net_route *route = &net->routes.route[i];

		if (route->link == link &&
		    in_prefix(dst, &route->prefix, route->bits))
			return cn_addr_is_any(&route->router) ? *dst :
								route->router;
	}
	return *dst;
}

int net_first_link(const struct net *net, const struct cn_addr *family)
{
	for (unsigned i = 0; i < net->routes.address_n; i++) {
		const struct net_address *own = &net->routes.address[i];

		if (!net->routes.link[own->link].loopback &&
		    cn_addr_is_v4(&own->addr) == cn_addr_is_v4(family))
			return own->link;
	}
	return CN_E_NETUNREACH;
}

bool net_is_link_local(const struct cn_addr *addr)
{
	if (cn_addr_is_v4(addr))
		return addr->octet[12] == 169 && addr->octet[13] == 254;
	return addr->octet[0] == 0xfe && (addr->octet[1] & 0xc0) == 0x80;
}

/* What speaks for an address as source: first that it is the link's, then that
 * it reaches as far as dst does, then how much of dst it shares.  0: never. */
static unsigned source_rank(const struct net_address *own, int link,
			    const struct cn_addr *dst)
{
	unsigned rank = 1 + common_bits(&own->addr, dst);

	if (cn_addr_is_v4(&own->addr) != cn_addr_is_v4(dst))
		return 0;
	if (cn_addr_is_loopback(&own->addr) && own->link != link)
		return 0;
	if (own->dad != DAD_DONE)
		return 0;
	if (net_is_link_local(&own->addr) == net_is_link_local(dst))
		rank += 256;
	if (own->link == link)
		rank += 512;
	return rank;
}

int net_source_on(const struct net *net, int link, const struct cn_addr *dst,
		  struct cn_addr *src)
{
	const struct net_address *best = NULL;
	unsigned best_rank = 0;

	for (unsigned i = 0; i < net->routes.address_n; i++) {
		const struct net_address *own = &net->routes.address[i];
		unsigned rank = source_rank(own, link, dst);

		if (rank > best_rank) {
			best_rank = rank;
			best = own;
		}
	}
	if (best)
		*src = best->addr;
	else if (cn_addr_is_loopback(dst))
		*src = *dst;
	else
		return CN_E_ADDRNOTAVAIL;
	return CN_OK;
}

/* MUST-44 */
int net_source(const struct net *net, const struct cn_addr *dst,
	       struct cn_addr *src, int *link)
{
	*link = net_route(net, dst);
	if (*link < 0)
		return *link;
	if (find_usable(&net->routes, dst)) {
		*src = *dst;
		return CN_OK;
	}
	return net_source_on(net, *link, dst, src);
}
