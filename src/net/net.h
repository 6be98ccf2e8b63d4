/* SPDX-License-Identifier: MIT */
/*
 * RFC 1122 section 3, RFC 4443, RFC 8200: the internet layer of one host.
 * Frames come in, validated packets for the transport go up; addresses,
 * routes, reassembly, path MTUs, ICMP and the limits on what is answered.
 *
 * It knows no ports and no connections: an ICMP error about a packet of ours
 * is handed up with what it quotes, and only the host can say whether it is to
 * be believed (RFC 5927).  A host that is a router passes packets on.  A link
 * is its own next hop, or carries Ethernet, and then neighbours are found by
 * ARP and neighbour discovery.
 *
 * Counting: this room counts what it drops, reassembles and answers itself;
 * frames, packets and octets are the host's to count.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <catenet/engine.h>

#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/random.h"
#include "net/neigh.h"
#include "wire/icmp.h"
#include "wire/ip.h"

#define NET_LINKS 16
#define NET_ADDRS 64
#define NET_ROUTES 128
/* Packets that wait in the reply queue, and their octets at most. */
#define NET_REPLIES 64
#define NET_REPLY_OCTETS (256u * 1024)
/* Octets of IPv6 headers that ip_parse may read, and a TCP header. */
#define NET_LINEAR 640

/* ------------------------------------------------------------ limits -- */

/*
 * A token bucket with one second's worth, kept as an instant: until when the
 * answers given so far would have lasted at the even rate.
 */
struct rate {
	uint64_t until;
};

#define RATE_PEERS 64

/* All answers of one kind, and each peer's share of them: a quarter, so that
 * one peer cannot use up the answers of all. */
struct rate_pair {
	struct rate all;
	struct rate peer[RATE_PEERS]; /* by keyed hash of the peer's prefix */
};

/* ------------------------------------------------------------- parts -- */

struct net_link {
	uint32_t mtu;
	bool used;
	bool loopback;
	bool ether;
	uint8_t mac[CN_MAC_LEN];
	/* What it can do for a packet that is passed on. */
	bool tx_csum;
	uint32_t tx_super;
};

enum dad_state { DAD_DONE, DAD_TRYING, DAD_DUPLICATE };

struct net_address {
	struct cn_addr addr;
	uint8_t link;
	uint8_t bits; /* prefix length, of 128: IPv4 is mapped */
	uint8_t broadcast[4]; /* of the prefix; 0.0.0.0: it has none */
	uint8_t dad; /* enum dad_state: whether it may be used */
	uint8_t dad_left; /* questions still to be sent */
	uint64_t dad_at; /* when the next one, or the verdict, is due */
};

struct net_route {
	struct cn_addr prefix;
	struct cn_addr router; /* any: the destination is on the link */
	uint8_t link;
	uint8_t bits;
};

/* Sorted by falling length of prefix: the first that fits is the route. */
struct route_table {
	uint16_t address_n, route_n;
	struct net_link link[NET_LINKS];
	struct net_address address[NET_ADDRS];
	struct net_route route[NET_ROUTES];
};

struct pmtu_entry;

struct pmtu_cache {
	struct pmtu_entry *entry; /* NULL until the first is lowered */
};

#define FRAG_SOURCES 256

struct frag_table {
	struct map map; /* of struct frag_datagram */
	struct list age[2]; /* oldest first: IPv4, IPv6 */
	struct list source[FRAG_SOURCES]; /* by keyed hash of the source */
	uint32_t source_octets[FRAG_SOURCES];
	uint32_t octets;
};

#define NET_GROUPS 256

/* A multicast group of one link, and how many sockets are in it. */
struct net_group {
	struct cn_addr addr;
	uint8_t link;
	uint32_t refs;
};

struct group_table {
	uint16_t n;
	struct net_group group[NET_GROUPS];
};

#define IDENT_SLOTS 256

struct net_reply {
	struct cn_buf *buf;
	const uint8_t *data;
	uint32_t data_len;
	uint8_t header[IP6_HEADER_LEN + 8];
	uint32_t charge; /* to be refunded when it leaves */
	uint8_t header_len;
	uint8_t link;
};

struct net {
	const struct cn_settings *set;
	struct cn_pool *pool;
	struct budget *budget;
	struct random *random;
	struct cn_counters *count;

	struct sip_key key;
	struct route_table routes;
	struct pmtu_cache pmtu;
	struct frag_table frag;
	struct group_table groups;
	/* Somebody waits for echo replies: they are handed up. */
	uint32_t echo_ears;
	bool wide; /* sum_is_wide */
	struct neigh_table *neigh; /* NULL: no link is Ethernet */
	struct net_queue ready[NET_LINKS]; /* frames that waited, complete */
	struct net_queue transit[NET_LINKS]; /* packets to be passed on */
	struct net_queue twin[NET_LINKS]; /* for another stack, twin.c */
	uint8_t twin_takes; /* enum cn_twin */
	uint32_t ident[IDENT_SLOTS];
	struct rate_pair icmp_rate, echo_rate, rst_rate;

	struct net_reply reply[NET_REPLIES];
	uint16_t reply_first, reply_n;
	uint32_t reply_octets;

	/* The addresses of the last packet that was found to be from one, for
	 * one of ours, and on which link; forgotten when ours change. */
	struct net_judged {
		struct cn_addr src, dst;
		uint8_t link;
		bool known;
	} judged;

	struct cn_frame inner; /* what an Ethernet frame carried */
	uint8_t linear[NET_LINEAR]; /* headers that were not contiguous */
};

/* set, pool, budget, random and count must outlive the net. */
struct net_config {
	const struct cn_settings *set;
	struct cn_pool *pool;
	struct budget *budget;
	struct random *random;
	struct cn_counters *count;
};

void net_init(struct net *net, const struct net_config *config, uint64_t now);
void net_deinit(struct net *net);

/* ------------------------------------------------ addresses, route.c -- */

/* Number `link` (below NET_LINKS) is the host's; CN_E_RANGE when the MTU is
 * below 68 or above 65535. */
int net_link_add(struct net *net, int link, uint32_t mtu, bool loopback)
	CN_MUST_CHECK;
/* As cn_host_addr_add and cn_host_route_add.  The same address or route again
 * replaces what was there. */
int net_addr_add(struct net *net, int link, const struct cn_addr *addr,
		 unsigned prefix_len) CN_MUST_CHECK;
int net_route_add(struct net *net, int link, const struct cn_addr *prefix,
		  unsigned prefix_len) CN_MUST_CHECK;

/* The link is one of Ethernet, with that address of ours. */
int net_link_ether(struct net *net, int link, const uint8_t mac[CN_MAC_LEN],
		   uint64_t now) CN_MUST_CHECK;
int net_route_via(struct net *net, int link, const struct cn_addr *prefix,
		  unsigned prefix_len, const struct cn_addr *router)
	CN_MUST_CHECK;
/* Where a packet for dst goes on that link: a router, or dst itself. */
struct cn_addr net_next_hop(const struct net *net, int link,
			    const struct cn_addr *dst);
/* RFC 9293 SHLD-9: nothing that is sent to dst is answered.  Whoever passes it
 * on is asked whether he is still there. */
void net_doubt(struct net *net, int link, const struct cn_addr *dst,
	       uint64_t now);
/* One of this host's own addresses, on that link. */
bool net_is_on_link(const struct net *net, int link,
		    const struct cn_addr *addr);
enum cn_addr_state net_addr_state(const struct net *net,
				  const struct cn_addr *addr);
/* RFC 4291 section 2.5.6, RFC 3927: no router passes it on. */
bool net_is_link_local(const struct cn_addr *addr);

/* One of this host's own addresses (127/8 and ::1 too where a loopback link
 * exists).  any_addr is not considered. */
bool net_is_local(const struct net *net, const struct cn_addr *addr);
/* 255.255.255.255, or the broadcast address of one of our prefixes on that
 * link (-1: on any). */
bool net_is_broadcast(const struct net *net, int link,
		      const struct cn_addr *addr);
/* Multicast, 255.255.255.255 or the broadcast address of one of our prefixes:
 * nothing that TCP may speak to (MUST-46, MUST-57). */
bool net_is_to_many(const struct net *net, const struct cn_addr *addr);

/* The first link, not the loopback, with an address of that family: for a
 * group that no route leads to.  CN_E_NETUNREACH. */
int net_first_link(const struct net *net, const struct cn_addr *family);
/* The link towards dst, or CN_E_NETUNREACH.  Our own addresses are reached by
 * the loopback link. */
int net_route(const struct net *net, const struct cn_addr *dst);
/*
 * MUST-44: the source address for dst, and its link.  The address of the link
 * whose prefix shares most with dst, scopes agreeing (RFC 6724 rules 1, 2, 8);
 * a link without address borrows another's.  CN_OK, CN_E_NETUNREACH, or
 * CN_E_ADDRNOTAVAIL.
 */
int net_source(const struct net *net, const struct cn_addr *dst,
	       struct cn_addr *src, int *link) CN_MUST_CHECK;
/* The same for a packet that leaves by a link that is known, whatever the
 * routes say. */
int net_source_on(const struct net *net, int link, const struct cn_addr *dst,
		  struct cn_addr *src) CN_MUST_CHECK;

/* ---------------------------------------------------- groups, group.c -- */

/* One more, or one fewer, on this host is in the group.  CN_E_NOLINK, INVAL
 * (no multicast address), NOBUFS. */
int net_group_join(struct net *net, int link, const struct cn_addr *group)
	CN_MUST_CHECK;
void net_group_leave(struct net *net, int link, const struct cn_addr *group);
bool net_is_member(const struct net *net, int link,
		   const struct cn_addr *group);
/* RFC 4291 section 2.7.1. */
struct cn_addr net_solicited_node(const struct cn_addr *addr);

/* ---------------------------------------------------- path MTU, pmtu.c -- */

/* Octets of IP packet that are believed to reach dst: the link's MTU, or less
 * while a verified message says so; 1280 without a route. */
uint32_t net_pmtu(struct net *net, const struct cn_addr *dst, uint64_t now);
/*
 * A message that the host has verified says that mtu fits.  Never raises, and
 * never goes below settings.min_pmtu_v4 or 1280 (rows 11 and 24 of the table
 * of attacks).  True when the path MTU of dst changed.
 */
bool net_pmtu_lower(struct net *net, const struct cn_addr *dst, uint32_t mtu,
		    uint64_t now);

/* ------------------------------------------------------- in, input.c -- */

/* An ICMP error about something that claims to be a packet of ours. */
struct net_error {
	uint8_t kind; /* enum icmp_kind */
	uint8_t code; /* as in the packet */
	uint32_t mtu; /* PACKET_TOO_BIG: never 0, a plateau of RFC 1191 where
			 the router did not say */
	struct cn_addr from; /* who reports it */
	struct icmp_quote quote; /* ip.src is ours, ip.dst the peer */
};

/*
 * A packet for the transport.  Pointers and slices are borrowed until
 * net_packet_done; slices whose buf is not NULL may be referenced and kept.
 */
struct net_packet {
	struct ip_hdr ip;
	const uint8_t *header; /* the IP header, ip.header_len octets */
	/* The upper layer's first upper_len octets in one piece: all of the
	 * TCP header with its options, 8 octets of anything else, or all that
	 * there is. */
	const uint8_t *upper;
	uint32_t upper_len;
	uint16_t seg_size; /* as in the frame */
	uint8_t csum; /* enum cn_csum */
	uint8_t link;
	bool wide; /* as its net */
	bool to_many; /* broadcast, or a group that this host belongs to */
	bool to_station_group; /* the frame was, whatever the packet is */
	bool in_transit; /* for somebody else: a router passes it on */
	uint8_t slice_n;
	struct cn_slice slice[CN_SLICES_MAX + 1]; /* the upper layer, whole */
	struct cn_buf *own; /* a reassembled datagram's */
	struct net_error error; /* NET_ERROR alone */
};

enum net_verdict {
	NET_DONE, /* dropped and counted, kept, or answered */
	NET_PACKET, /* TCP to an address of ours, UDP to one or to many, or an
		       echo reply that somebody waits for: ip.protocol says
		       which */
	NET_ERROR, /* an ICMP error: packet->error; count CN_DROP_ICMP_UNMATCHED
		      when no flow has sent what it quotes */
};

/* The frame stays the caller's.  Call net_packet_done after NET_PACKET and
 * NET_ERROR. */
enum net_verdict net_input(struct net *net, int link,
			   const struct cn_frame *frame,
			   struct net_packet *packet, uint64_t now);
void net_packet_done(struct net_packet *packet);

/* The transport checksum with its pseudo-header; true at once when the link
 * vouches for it. */
bool net_packet_checksum_ok(const struct net_packet *packet);
/* Slices of the upper layer from octet off on, without references; returns how
 * many.  This is a segment's data, given the parser's data offset. */
unsigned net_packet_slices(const struct net_packet *packet, uint32_t off,
			   struct cn_slice slice[CN_SLICES_MAX]);

/* What an ICMP error means to a connection: a CN_E_ number, or CN_OK when it
 * is not about reachability (PACKET_TOO_BIG).  *hard: RFC 1122 section
 * 4.2.3.9 and Linux's table. */
int net_error_meaning(const struct net_error *error, bool *hard);

/* ------------------------------------------------------ ICMP, icmp.c -- */

/*
 * An ICMP error about a packet, if RFC 1122 section 3.2.2 and RFC 4443 section
 * 2.4 allow one: never about an ICMP error, a fragment but the first, anything
 * sent to or from many, or no one; and within settings.icmp_rate and the
 * peer's share.  code of ICMP_UNREACHABLE is IPv4's and is mapped for IPv6
 * (protocol unreachable becomes Parameter Problem).
 */
void net_icmp_send(struct net *net, enum icmp_kind kind, uint8_t code,
		   const struct net_packet *about, uint64_t now);
/* The same about a packet that is gone: its header as it had been received,
 * and the first head_len (at least 8) octets of its transport header. */
void net_icmp_send_about(struct net *net, enum icmp_kind kind, uint8_t code,
			 int link, const struct ip_hdr *ip, const uint8_t *head,
			 size_t head_len, uint64_t now);
/* May a RST without a connection be sent to this peer?  Takes a token; counts
 * CN_DROP_RST_RATE when it says no.  Loopback links are not limited. */
bool net_rst_allowed(struct net *net, int link, const struct cn_addr *peer,
		     uint64_t now);

/* ------------------------------------------------------------- ident.c -- */

/*
 * The IP identification of a datagram that may be fragmented; what is sent
 * with DF and whole is atomic and has 0 (RFC 6864 section 4.1).  Unrelated
 * between destinations, not repeated soon for one (row 12, RFC 7739).
 */
uint32_t net_ident(struct net *net, const struct cn_addr *src,
		   const struct cn_addr *dst, uint8_t protocol);

/* ---------------------------------------------------- out, and time -- */

/* The next of our own packets (echo replies, ICMP errors) for this link, or
 * false. */
bool net_output(struct net *net, int link, struct cn_frame *frame);
/* Nothing of this room waits for that link. */
static inline bool net_is_idle(const struct net *net, int link)
{
	return !net->reply_n && !net->transit[link].first &&
	       !net->ready[link].first && !(net->neigh && net->neigh->arp_n);
}

/* Would net_output have one? */
bool net_has_output(const struct net *net, int link);
/* On a link of kind Ethernet: the next frame that is complete, or false. */
bool net_ether_ready(struct net *net, int link, struct cn_frame *frame);
/* A packet gets its Ethernet header: true.  False: it waits for its
 * neighbour's address, or was dropped; the frame is the caller's no more. */
bool net_ether_output(struct net *net, int link, struct cn_frame *frame,
		      uint64_t now);
/* The next packet to be passed on, or false. */
bool net_transit_output(struct net *net, int link, struct cn_frame *frame);
/* ------------------------------------------------------------- twin.c -- */

/* A packet of the twin's, and the next one for it. */
void net_twin_input(struct net *net, int link, const struct cn_frame *frame,
		    uint64_t now);
bool net_twin_output(struct net *net, int *link, struct cn_frame *frame);

/* Reassembly, neighbours and new addresses wait for time. */
uint64_t net_deadline(const struct net *net);
void net_advance(struct net *net, uint64_t now);

/* ----------------------------------------------------- within the room -- */

void route_init(struct route_table *routes);
bool route_link_is_loopback(const struct net *net, int link);

void pmtu_deinit(struct net *net);
/* RFC 1191 section 7.1: the plateau below len. */
uint32_t pmtu_plateau(uint32_t len);

/* Takes cost_ns of the second that the bucket holds, if it is there. */
bool rate_take(struct rate *rate, uint64_t cost_ns, uint64_t now);
/* One answer to this peer, of per_sec to all. */
bool rate_pair_take(struct net *net, struct rate_pair *pair, uint32_t per_sec,
		    const struct cn_addr *peer, uint64_t now);

void frag_init(struct frag_table *frag, struct cn_pool *pool);
void frag_deinit(struct net *net);
/* Keeps the fragment.  True: packet->own holds the whole datagram, headers and
 * all, of *len octets. */
bool frag_input(struct net *net, struct net_packet *packet, uint32_t *len,
		uint64_t now);
uint64_t frag_deadline(const struct net *net);
void frag_advance(struct net *net, uint64_t now);

/* True: *inner is the packet, borrowed from the frame. */
bool ether_input(struct net *net, int link, const struct cn_frame *frame,
		 struct cn_frame *inner, bool *to_group, uint64_t now);
void ether_put(const struct net *net, int link, struct cn_frame *frame,
	       const uint8_t mac[CN_MAC_LEN]);

/* The upper layer of the frame, of which the header is known; no further than
 * that says. */
void net_packet_slice(struct net_packet *packet, const struct cn_frame *frame);
/* What arrived is the twin's, and has been given to it. */
bool twin_take(struct net *net, const struct net_packet *packet,
	       const struct cn_frame *frame);
/* May what is sent to many be the twin's? */
bool twin_hears(const struct net *net, const struct ip_hdr *ip);

/* A frame of its own, of the first len octets of another, with the headers in
 * the header block.  False: no memory. */
bool forward_copy(struct net *net, const struct cn_frame *from, uint32_t len,
		  struct cn_frame *to);
/* A packet leaves by that link: as it is or in fragments, or its sender is told
 * the MTU. */
void forward_by(struct net *net, const struct net_packet *packet,
		const struct cn_frame *frame, int link, uint64_t now);
/* The packet is for somebody else: passed on, answered, or dropped. */
void forward(struct net *net, struct net_packet *packet,
	     const struct cn_frame *frame, uint64_t now);
void forward_deinit(struct net *net);

/* An ICMP message of len octets at the front of buf, whose reference it
 * takes, on its way. */
bool icmp_push(struct net *net, int link, struct ip_hdr *ip, struct cn_buf *buf,
	       uint32_t len, uint64_t now);
/* To whoever sent a packet that found nobody on the link. */
void icmp_send_unresolved(struct net *net, const struct cn_frame *frame,
			  uint64_t now);
/* The packet does not fit where it should go. */
void icmp_send_too_big(struct net *net, uint32_t mtu,
		       const struct net_packet *about, uint64_t now);
enum net_verdict icmp_input(struct net *net, struct net_packet *packet,
			    uint64_t now);
/* RFC 8200 section 4 and RFC 1122 section 3.2.1: ip->problem_off and
 * problem_code say what is wrong with the frame's headers. */
void icmp_send_problem(struct net *net, int link, const struct ip_hdr *ip,
		       const struct cn_frame *frame, uint64_t now);
void icmp_deinit(struct net *net);

static inline void net_drop(struct net *net, enum cn_drop drop)
{
	net->count->drop[drop]++;
}

#endif
