/* SPDX-License-Identifier: MIT */
/*
 * Datagram sockets from the inside: UDP (RFC 768, RFC 1122 section 4.1), and
 * ICMP echo, whose identifier takes the place of a port.
 *
 * A connected socket is found by one keyed probe of both endpoints; failing
 * that, the sockets of the port that are not connected are scored.  So however
 * many peers a server has connected sockets for, a stranger's datagram looks
 * at none of them.
 */
#ifndef HOST_DGRAM_H
#define HOST_DGRAM_H

#include "base/list.h"
#include "base/map.h"
#include "host/flow.h"
#include "net/net.h"

struct cn_host;
struct cn_event;

enum dgram_protocol { DGRAM_UDP, DGRAM_PING, DGRAM_PROTOCOLS };

/* IP_MTU_DISCOVER, by Linux's numbers. */
enum dgram_discover {
	DISCOVER_DONT, /* fragments as the path needs; never DF */
	DISCOVER_WANT, /* DF on what is whole, fragments when it is too long */
	DISCOVER_DO, /* DF always: what is too long is refused */
	DISCOVER_PROBE, /* DF always, whatever the path MTU is believed to be */
	DISCOVER_INTERFACE, /* the link's MTU, no DF, no fragments */
	DISCOVER_OMIT, /* the link's MTU, no DF, fragments */
};

/* A datagram that waits to be read: in its own octets, or in the buffer that
 * it came in when that holds little else. */
struct dgram_in {
	struct dgram_in *next;
	struct cn_dgram_msg msg;
	struct cn_buf *buf;
	const uint8_t *data;
	uint32_t charge; /* octets that it truly costs */
	uint32_t size; /* of this record */
	uint8_t octet[];
};

struct dgram_in_queue {
	struct dgram_in *first, *last;
};

/* A datagram on its way out: the buffer has its UDP or ICMP header and data,
 * and is sent whole, or a fragment at each turn. */
struct dgram_out {
	struct dgram_out *next;
	struct cn_dgram *from; /* NULL: its socket is gone */
	struct cn_buf *buf;
	struct ip_hdr ip;
	uint32_t len; /* upper layer, header included */
	uint32_t off; /* of the next fragment */
	uint32_t step; /* upper-layer octets in each fragment; 0: whole */
	uint32_t charge;
	uint8_t csum; /* enum cn_csum of a whole one */
};

struct dgram_failure {
	struct dgram_failure *next;
	struct cn_dgram_error error;
	uint32_t charge;
	uint8_t octet[];
};

#define DGRAM_GROUPS 20 /* of one socket, Linux's igmp_max_memberships */

struct dgram_group {
	struct cn_addr addr;
	uint8_t link;
};

struct cn_dgram {
	struct cn_host *host;
	struct list all; /* of the host's */
	struct tuple tuple;
	struct cn_dgram *port_next; /* bound, or connected, at the same port */
	struct cn_dgram *any_next; /* takes every port */
	struct cn_dgram *event_next;
	void *tag;

	uint8_t protocol; /* enum dgram_protocol */
	int8_t err; /* SO_ERROR: pending, told once */
	uint8_t discover; /* enum dgram_discover */
	uint8_t ttl, tos; /* ttl 0: the host's */
	uint8_t many_ttl;
	int8_t link; /* SO_BINDTODEVICE, -1: none */
	int8_t many_link; /* IP_MULTICAST_IF, -1: by the route */

	bool family6 : 1;
	bool v6only : 1;
	bool reuseaddr : 1, reuseport : 1;
	bool broadcast : 1;
	bool many_loop : 1, many_all : 1;
	bool recverr : 1;
	bool connected : 1;
	bool port_held : 1;
	bool port_bound : 1; /* by bind(): kept on disconnect */
	bool addr_bound : 1;
	bool any_port : 1;
	bool rd_shut : 1, wr_shut : 1;
	bool event_queued : 1;
	bool dead : 1; /* closed; freed when the event queue lets go */

	uint32_t rcvbuf, sndbuf;
	uint32_t rcv_used, snd_used; /* octets, true sizes */
	struct dgram_in_queue in;
	struct dgram_failure *fail_first, *fail_last;
	uint64_t sent_to; /* a Bloom filter of whom it sent to */
	uint64_t drops; /* for want of room */

	uint8_t group_n;
	struct dgram_group *group; /* DGRAM_GROUPS of them, or NULL */
};

struct dgram_port {
	uint16_t number;
	struct cn_dgram *bound; /* not connected; the latest first */
	struct cn_dgram *connected;
};

/* The ports of one protocol. */
struct dgram_space {
	struct map ports; /* of struct dgram_port */
	struct map conns; /* of connected sockets, by tuple */
	struct cn_dgram *any; /* those that take every port */
};

struct dgram_link {
	struct dgram_out *first, *last;
};

struct dgram_table {
	struct dgram_space space[DGRAM_PROTOCOLS];
	struct list all;
	struct dgram_link out[NET_LINKS];
	struct cn_dgram *event_first, *event_last;
};

/* dgram.c ---------------------------------------------------------------- */

void dgrams_init(struct cn_host *host);
void dgrams_deinit(struct cn_host *host);
/* NULL without memory. */
struct cn_dgram *dgram_alloc(struct cn_host *host, enum dgram_protocol protocol,
			     bool family6);
/* Out of every table; what it had queued still goes out. */
void dgram_free(struct cn_dgram *dgram);
struct dgram_port *dgram_port_find(const struct dgram_space *space,
				   uint16_t number);
/* Takes the port on the socket's present address: CN_E_ADDRINUSE by Linux's
 * rules.  strict: reuse is no excuse. */
int dgram_take_port(struct cn_dgram *dgram, uint16_t number, bool strict)
	CN_MUST_CHECK;
/* One that nobody uses (RFC 6056). */
int dgram_take_any_port(struct cn_dgram *dgram) CN_MUST_CHECK;
void dgram_drop_port(struct cn_dgram *dgram);
/* A port that it has: under the peer's name too, or no more. */
int dgram_connect(struct cn_dgram *dgram, const struct tuple *tuple)
	CN_MUST_CHECK;
void dgram_disconnect(struct cn_dgram *dgram);
/* The way to a peer from where the socket is bound: *src and *link. */
int dgram_way(const struct cn_dgram *dgram, const struct cn_addr *peer,
	      struct cn_addr *src, int *link) CN_MUST_CHECK;
/* Tells the application, once, that cn_dgram_ready may say more. */
void dgram_tell(struct cn_dgram *dgram);
/* The next event of a datagram socket. */
bool dgrams_event(struct cn_host *host, struct cn_event *event);
uint64_t dgram_mark(const struct cn_dgram *dgram, const struct cn_addr *peer);

/* dgram_in.c ------------------------------------------------------------- */

/* A packet of UDP or an echo reply, to its socket or sockets. */
void dgram_input(struct cn_host *host, const struct net_packet *packet,
		 uint64_t now);
/* Whose a datagram with these endpoints is, or NULL. */
struct cn_dgram *dgram_find(struct cn_host *host, enum dgram_protocol protocol,
			    const struct tuple *tuple, int link);
/* To those of this host that a datagram to many is for.  data is contiguous
 * and buf, which may be NULL, holds it. */
struct dgram_arriving {
	enum dgram_protocol protocol;
	struct tuple tuple;
	struct cn_dgram_msg msg; /* what the sockets are told */
	struct cn_slice slice[CN_SLICES_MAX];
	unsigned slice_n;
	uint32_t len;
};
void dgram_to_many(struct cn_host *host, const struct dgram_arriving *in);
void dgram_in_drop(struct cn_dgram *dgram);
void dgram_in_drop_all(struct cn_dgram *dgram);

/* dgram_error.c ---------------------------------------------------------- */

/* An ICMP error about a datagram of ours: false when it is nobody's. */
bool dgram_icmp(struct cn_host *host, const struct net_error *error, int link,
		uint64_t now);
/* The next of the error queue goes, and of what is left the error shows. */
void dgram_failure_drop(struct cn_dgram *dgram);
/* This host refused to send it. */
void dgram_fail_local(struct cn_dgram *dgram, const struct cn_endpoint *to,
		      int err, uint32_t info, uint64_t now);

/* Tells the sink, if there is one. */
struct dgram_tale {
	enum cn_dgram_trace_kind kind;
	uint8_t protocol; /* enum dgram_protocol */
	uint8_t ttl;
	bool to_many;
	enum cn_drop drop;
	int err;
	uint32_t len, fragments;
	const char *rule;
	const struct tuple *tuple;
	const struct cn_dgram *dgram; /* NULL: nobody's */
};
void dgram_trace(const struct cn_host *host, const struct dgram_tale *tale,
		 uint64_t now);

/* dgram_out.c ------------------------------------------------------------ */

/* What is to be sent, the addresses settled. */
struct dgram_sending {
	struct tuple tuple;
	int link;
	uint8_t ttl, tos;
	bool to_many;
	const struct cn_slice *piece;
	unsigned piece_n;
	uint32_t len;
};
int dgram_send(struct cn_dgram *dgram, const struct dgram_sending *what,
	       uint64_t now) CN_MUST_CHECK;
/* The longest datagram that the path takes whole: octets of IP packet. */
uint32_t dgram_path_mtu(const struct cn_dgram *dgram,
			const struct cn_addr *peer, int link, uint64_t now);
bool dgram_output(struct cn_host *host, int link, struct cn_frame *frame,
		  uint64_t now);
void dgram_out_drop_all(struct cn_host *host);
/* The socket is gone; its datagrams are nobody's. */
void dgram_out_disown(struct cn_dgram *dgram);

#endif
