/* SPDX-License-Identifier: MIT */
/*
 * RFC 1191, RFC 8201: what is known of path MTUs.
 *
 * A table of fixed size, allocated when the first path turns out to be narrow.
 * A destination may stand in one of four places, found by keyed hash; the one
 * not used for longest makes room.  So nobody can make it grow, nor push out a
 * destination of his choice.  Entries expire, and are looked at only when they
 * are needed: no timer.
 *
 * It believes what it is told: that the message quotes something in flight is
 * for the host to check (RFC 5927 section 7).
 */
#include "net/net.h"

#include <string.h>

#define PMTU_SETS 256
#define PMTU_WAYS 4
#define PMTU_MIN_V6 1280u /* RFC 8200 section 5 */

struct pmtu_entry {
	struct cn_addr dst;
	uint32_t mtu; /* 0: empty */
	uint64_t expires_at;
	uint64_t used_at;
};

#define PMTU_OCTETS (PMTU_SETS * PMTU_WAYS * sizeof(struct pmtu_entry))

void pmtu_deinit(struct net *net)
{
	if (!net->pmtu.entry)
		return;
	pool_release(net->pool, net->pmtu.entry, PMTU_OCTETS);
	budget_refund(net->budget, PMTU_OCTETS);
	net->pmtu.entry = NULL;
}

uint32_t pmtu_plateau(uint32_t len)
{
	static const uint16_t plateau[] = {
		32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296,
	};

	for (size_t i = 0; i < sizeof(plateau) / sizeof(plateau[0]); i++) {
		if (plateau[i] < len)
			return plateau[i];
	}
	return 68;
}

static struct pmtu_entry *set_of(struct net *net, const struct cn_addr *dst)
{
	uint64_t hash = siphash24(&net->key, dst->octet, 16);

	return net->pmtu.entry + hash % PMTU_SETS * PMTU_WAYS;
}

static struct pmtu_entry *find(struct net *net, const struct cn_addr *dst,
			       uint64_t now)
{
	struct pmtu_entry *set = set_of(net, dst);

	for (int i = 0; i < PMTU_WAYS; i++) {
		if (set[i].mtu && set[i].expires_at > now &&
		    cn_addr_equal(&set[i].dst, dst))
			return &set[i];
	}
	return NULL;
}

/* The place of dst, an empty one, or that of the least recently used. */
static struct pmtu_entry *take_place(struct net *net, const struct cn_addr *dst,
				     uint64_t now)
{
	struct pmtu_entry *set = set_of(net, dst), *worst = set;

	for (int i = 0; i < PMTU_WAYS; i++) {
		if (set[i].mtu && cn_addr_equal(&set[i].dst, dst))
			return &set[i];
	}
	for (int i = 0; i < PMTU_WAYS; i++) {
		if (!set[i].mtu || set[i].expires_at <= now)
			return &set[i];
		if (set[i].used_at < worst->used_at)
			worst = &set[i];
	}
	return worst;
}

static uint32_t link_mtu(const struct net *net, const struct cn_addr *dst)
{
	int link = net_route(net, dst);

	return link < 0 ? PMTU_MIN_V6 : net->routes.link[link].mtu;
}

uint32_t net_pmtu(struct net *net, const struct cn_addr *dst, uint64_t now)
{
	uint32_t mtu = link_mtu(net, dst);
	struct pmtu_entry *entry;

	if (!net->pmtu.entry)
		return mtu;
	entry = find(net, dst, now);
	if (!entry)
		return mtu;
	entry->used_at = now;
	return entry->mtu < mtu ? entry->mtu : mtu;
}

static bool allocate(struct net *net)
{
	if (net->pmtu.entry)
		return true;
	if (budget_is_over(net->budget, PMTU_OCTETS))
		return false;
	net->pmtu.entry = pool_alloc(net->pool, PMTU_OCTETS);
	if (!net->pmtu.entry)
		return false;
	budget_charge(net->budget, PMTU_OCTETS);
	return true;
}

bool net_pmtu_lower(struct net *net, const struct cn_addr *dst, uint32_t mtu,
		    uint64_t now)
{
	uint32_t floor = cn_addr_is_v4(dst) ? net->set->min_pmtu_v4 :
					      PMTU_MIN_V6;
	struct pmtu_entry *entry;

	if (mtu < floor)
		mtu = floor;
	if (mtu >= net_pmtu(net, dst, now))
		return false;
	if (!allocate(net)) {
		net_drop(net, CN_DROP_MEMORY);
		return false;
	}
	entry = take_place(net, dst, now);
	entry->dst = *dst;
	entry->mtu = mtu;
	entry->expires_at = now + net->set->pmtu_expire_ns;
	entry->used_at = now;
	net->count->pmtu_lowered++;
	return true;
}
