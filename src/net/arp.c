/* SPDX-License-Identifier: MIT */
/*
 * ARP (RFC 826): asks for neighbours and answers for this host's addresses on
 * the link where it was asked.  It announces nothing and takes nothing from
 * announcements.
 */
#include <string.h>

#include "net/net.h"

static const uint8_t everybody[CN_MAC_LEN] = {255, 255, 255, 255, 255, 255};

static struct arp_frame *at(struct neigh_table *table, unsigned i)
{
	return &table->arp[(table->arp_first + i) % NEIGH_ARPS];
}

static void send(struct net *net, int link, const struct arp_msg *arp,
		 const uint8_t to[CN_MAC_LEN])
{
	struct neigh_table *table = net->neigh;
	struct ether_hdr ether = {.type = ETHER_ARP};
	struct arp_frame *frame;

	if (table->arp_n == NEIGH_ARPS) {
		net_drop(net, CN_DROP_NEIGH_LIMIT);
		return;
	}
	frame = at(table, table->arp_n);
	table->arp_n++;
	memcpy(ether.dst, to, CN_MAC_LEN);
	memcpy(ether.src, net->routes.link[link].mac, CN_MAC_LEN);
	frame->link = (uint8_t)link;
	ether_emit(frame->octet, &ether);
	arp_emit(frame->octet + ETHER_HEADER_LEN, arp);
	net->count->arp_out++;
}

bool arp_output(struct net *net, int link, struct cn_frame *frame)
{
	struct neigh_table *table = net->neigh;
	unsigned i = 0;

	while (i < table->arp_n && at(table, i)->link != link)
		i++;
	if (i == table->arp_n)
		return false;
	memset(frame, 0, offsetof(struct cn_frame, slice));
	memcpy(frame->header, at(table, i)->octet, sizeof(at(table, i)->octet));
	frame->header_len = sizeof(at(table, i)->octet);
	/* The order of the others stays. */
	for (; i > 0; i--)
		*at(table, i) = *at(table, i - 1);
	table->arp_first = (table->arp_first + 1) % NEIGH_ARPS;
	table->arp_n--;
	return true;
}

void arp_ask(struct net *net, int link, const struct cn_addr *addr,
	     const uint8_t *mac)
{
	struct arp_msg arp = {.op = ARP_REQUEST, .target = *addr};

	/* A link without an address of its own asks as nobody. */
	if (net_source_on(net, link, addr, &arp.sender))
		arp.sender = cn_addr_v4(0, 0, 0, 0);
	memcpy(arp.sender_mac, net->routes.link[link].mac, CN_MAC_LEN);
	send(net, link, &arp, mac ? mac : everybody);
}

static void answer(struct net *net, int link, const struct arp_msg *request)
{
	struct arp_msg arp = {
		.op = ARP_REPLY,
		.sender = request->target,
		.target = request->sender,
	};

	memcpy(arp.sender_mac, net->routes.link[link].mac, CN_MAC_LEN);
	memcpy(arp.target_mac, request->sender_mac, CN_MAC_LEN);
	send(net, link, &arp, request->sender_mac);
}

/* Who may be named as the sender: somebody, alone, and not us. */
static bool is_neighbour(const struct net *net, const struct cn_addr *addr)
{
	return !cn_addr_is_any(addr) && !net_is_to_many(net, addr) &&
	       !cn_addr_is_loopback(addr) && !net_is_local(net, addr);
}

static void take(struct net *net, int link, const struct arp_msg *arp,
		 uint64_t now)
{
	bool for_us = net_is_on_link(net, link, &arp->target);
	enum neigh_word word = NEIGH_RUMOUR;

	if (for_us)
		word = arp->op == ARP_REPLY ? NEIGH_ANSWER : NEIGH_QUESTION;
	if (is_neighbour(net, &arp->sender))
		neigh_learn(net, link, &arp->sender, arp->sender_mac, word,
			    now);
	if (for_us && arp->op == ARP_REQUEST)
		answer(net, link, arp);
	else if (!for_us)
		net_drop(net, CN_DROP_ARP_IGNORED);
}

void arp_input(struct net *net, int link, const uint8_t *p, size_t len,
	       uint64_t now)
{
	struct arp_msg arp;
	enum cn_drop drop = arp_parse(p, len, &arp);

	net->count->arp_in++;
	if (!drop && ether_equal(arp.sender_mac, net->routes.link[link].mac))
		drop = CN_DROP_ARP_IGNORED;
	/* RFC 5227 section 2.4: somebody else has an address of ours.  It is
	 * counted; this host neither gives it up nor fights. */
	else if (!drop && net_is_on_link(net, link, &arp.sender))
		drop = CN_DROP_NEIGH_CONTRADICTS;
	if (drop)
		net_drop(net, drop);
	else
		take(net, link, &arp, now);
}
