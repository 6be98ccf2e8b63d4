/* SPDX-License-Identifier: MIT */
/*
 * RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 (f): token buckets for what is
 * sent because of what someone else sent.
 *
 * What one bucket has left tells anybody who may drain it how much others have
 * used: that is how a global limit on ICMP errors gave away open UDP ports
 * (CVE-2020-25705).  So what an answer costs is random, one token on average.
 */
#include "net/net.h"

#define RATE_SHARE 4 /* one peer's part: a quarter */

bool rate_take(struct rate *rate, uint64_t cost_ns, uint64_t now)
{
	uint64_t start = rate->until > now ? rate->until : now;

	if (start - now + cost_ns > CN_NS_PER_SEC)
		return false;
	rate->until = start + cost_ns;
	return true;
}

/* Peers are told apart by what one of them commands: a /24, or a /64. */
static struct rate *rate_of_peer(struct net *net, struct rate_pair *pair,
				 const struct cn_addr *peer)
{
	size_t prefix_len = cn_addr_is_v4(peer) ? 15 : 8;
	uint64_t hash = siphash24(&net->key, peer->octet, prefix_len);

	return &pair->peer[hash % RATE_PEERS];
}

/* A rate of one or two per second still lets one through. */
static uint64_t at_most_all(uint64_t cost_ns)
{
	return cost_ns < CN_NS_PER_SEC ? cost_ns : CN_NS_PER_SEC;
}

bool rate_pair_take(struct net *net, struct rate_pair *pair, uint32_t per_sec,
		    const struct cn_addr *peer, uint64_t now)
{
	struct rate *share = rate_of_peer(net, pair, peer);
	struct rate before = *share;
	uint64_t token_ns, cost_ns;

	if (per_sec == 0)
		return false;
	token_ns = CN_NS_PER_SEC / per_sec;
	cost_ns = token_ns / 2 +
		  random_below(net->random, (uint32_t)token_ns + 1);
	if (!rate_take(share, at_most_all(token_ns * RATE_SHARE), now))
		return false;
	if (rate_take(&pair->all, at_most_all(cost_ns), now))
		return true;
	*share = before;
	return false;
}

bool net_rst_allowed(struct net *net, int link, const struct cn_addr *peer,
		     uint64_t now)
{
	if (route_link_is_loopback(net, link) ||
	    rate_pair_take(net, &net->rst_rate, net->set->icmp_rate, peer, now))
		return true;
	net_drop(net, CN_DROP_RST_RATE);
	return false;
}
