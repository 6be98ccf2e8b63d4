/* SPDX-License-Identifier: MIT */
/*
 * Neighbours on links of kind Ethernet: who has which address, as ARP (RFC
 * 826) and neighbour discovery (RFC 4861 section 7) tell, and the packets that
 * wait to know.  Both protocols move the same states.
 *
 * Whoever is on the link can say anything, so (rows 24 and 25 of the attacks):
 * only an answer to a question of ours makes a neighbour known; whatever
 * contradicts what is known makes the host ask the old address, and only its
 * silence undoes it.  Neighbours of whom nothing but their own question is
 * known go first when there is no room, and those that have not answered take
 * a quarter of the table at most (RFC 6583).
 */
#ifndef NET_NEIGH_H
#define NET_NEIGH_H

#include "base/list.h"
#include "base/map.h"
#include "base/wheel.h"
#include "wire/arp.h"
#include "wire/ether.h"
#include "wire/nd.h"

struct net;

#define NEIGH_HELD 3 /* packets that wait for one neighbour's address */
#define NEIGH_ARPS 64 /* ARP messages on their way out */

/* RFC 4861 section 7.3.2. */
enum neigh_state {
	NEIGH_INCOMPLETE,
	NEIGH_REACHABLE,
	NEIGH_STALE,
	NEIGH_DELAY,
	NEIGH_PROBE,
};

/* Where a neighbour stands in the order of leaving. */
enum neigh_age {
	NEIGH_UNASKED, /* it asked us, and we never sent it anything */
	NEIGH_WAITED, /* INCOMPLETE */
	NEIGH_USED,
	NEIGH_AGES,
};

/* A frame that the host keeps for a while, with its references. */
struct net_held {
	struct net_held *next;
	uint32_t charge;
	struct cn_frame frame;
};

struct net_queue {
	struct net_held *first, *last;
	uint32_t n;
};

struct neigh {
	struct list age;
	struct wheel_node timer;
	struct cn_addr addr;
	uint32_t hash;
	uint8_t link;
	uint8_t state; /* enum neigh_state */
	uint8_t asked_n; /* questions since the last answer */
	uint8_t order; /* enum neigh_age */
	uint8_t mac[CN_MAC_LEN]; /* but for INCOMPLETE */
	struct net_queue held;
};

struct arp_frame {
	uint8_t link;
	uint8_t octet[ETHER_HEADER_LEN + ARP_LEN];
};

struct neigh_table {
	struct map map; /* of struct neigh */
	struct wheel wheel;
	struct list age[NEIGH_AGES]; /* the least recently used first */
	uint32_t n, incomplete_n;
	struct arp_frame arp[NEIGH_ARPS];
	uint16_t arp_first, arp_n;
};

/* How one hears of a neighbour's address. */
enum neigh_word {
	NEIGH_ANSWER, /* it answers, and says that it was asked */
	NEIGH_QUESTION, /* it asks us */
	NEIGH_RUMOUR, /* it says so unasked */
};

/* For the first link of kind Ethernet; CN_E_NOMEM. */
int neigh_open(struct net *net, uint64_t now) CN_MUST_CHECK;
void neigh_deinit(struct net *net);
struct neigh *neigh_find(const struct net *net, int link,
			 const struct cn_addr *addr);
/* A frame for that neighbour: true when mac says where it goes; else it has
 * been kept, or dropped, and is the caller's no more. */
bool neigh_resolve(struct net *net, int link, const struct cn_addr *addr,
		   struct cn_frame *frame, uint8_t mac[CN_MAC_LEN],
		   uint64_t now);
void neigh_learn(struct net *net, int link, const struct cn_addr *addr,
		 const uint8_t mac[CN_MAC_LEN], enum neigh_word word,
		 uint64_t now);
uint64_t neigh_deadline(const struct net *net);
void neigh_advance(struct net *net, uint64_t now);

/* arp.c: asks for an IPv4 neighbour; mac NULL: everybody. */
void arp_ask(struct net *net, int link, const struct cn_addr *addr,
	     const uint8_t *mac);
void arp_input(struct net *net, int link, const uint8_t *p, size_t len,
	       uint64_t now);
/* The next ARP message for the link, complete; false: none. */
bool arp_output(struct net *net, int link, struct cn_frame *frame);

/* nd.c: asks for an IPv6 neighbour; unicast: the one whose address is known.
 */
void nd_ask(struct net *net, int link, const struct cn_addr *addr, bool unicast,
	    uint64_t now);
void nd_input(struct net *net, int link, const struct ip_hdr *ip,
	      const struct icmp_msg *icmp, uint64_t now);
/* RFC 4862 section 5.4: of the addresses that are being tried. */
uint64_t dad_deadline(const struct net *net);
void dad_advance(struct net *net, uint64_t now);

/* held.c: frames that are kept.  Taking one moves its references; without
 * memory it is released, and false. */
bool held_push(struct net *net, struct net_queue *queue,
	       struct cn_frame *frame);
bool held_pop(struct net *net, struct net_queue *queue, struct cn_frame *frame);
void held_drop_all(struct net *net, struct net_queue *queue);

#endif
