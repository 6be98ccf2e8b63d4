/* SPDX-License-Identifier: MIT */
/*
 * RFC 4987 section 3.4: the store of connections in SYN-RECEIVED, and the
 * handshake of a listening end, which lives on it.
 */
#ifndef HOST_SYN_CACHE_H
#define HOST_SYN_CACHE_H

#include <catenet/host.h>

#include "host/fast_open.h"
#include "host/flow.h"
#include "host/shelf.h"

struct arriving;
struct listener;
struct net_error;
struct tcp_seg;
struct tcp_syn;

/* Entries wait in rings, oldest first, one for each kind of waiting. */
enum syn_ring {
	SYN_RING_SENT, /* + rexmit_n: SYN-ACK on its way */
	SYN_LEVELS = 16,
	SYN_RING_NEWS = SYN_LEVELS, /* held, the application not told yet */
	SYN_RING_HELD,
	SYN_RING_REFUSED, /* a verdict remembered */
	SYN_RING_GONE, /* only the application must still be told */
	SYN_RINGS,
};

#define SYN_NONE UINT16_MAX

/* flow.mark: the ring in the low five bits, and SYN_ACKED. */
#define SYN_RING_MASK 0x1f
#define SYN_ACKED 0x20 /* a bare ACK came and was deferred */
#define SYN_TOLD 0x40 /* the application knows of it */
#define SYN_AGAIN 0x80 /* the SYN came again */

/* SYN-RECEIVED: what tcp_syn holds, packed, and two ring links. */
struct syn_entry {
	struct flow flow;
	uint16_t next, prev;
	uint16_t peer_mss;
	uint32_t irs, iss;
	uint32_t ts_recent;
	uint32_t at_us; /* when it entered its ring, modulo 2^32 */
	uint16_t rcv_wnd; /* REFUSED: the verdict and the ICMP code */
	uint8_t wscales; /* peer's, and ours << 4 */
	uint8_t bits; /* enum tcp_opt but for TCP_OPT_MSS, which peer_mss
			 tells; and rexmit_n << 4 */
};
_Static_assert(sizeof(struct syn_entry) == SHELF_ENTRY, "a SYN entry");

struct syn_ring_head {
	uint16_t first, last;
};

struct syn_cache {
	struct shelf shelf;
	struct syn_ring_head ring[SYN_RINGS];
	uint32_t open_n; /* entries that are not remembered verdicts */
	uint32_t refused_n;
	uint64_t clock_us; /* the latest at_us, whole */
};

/* syn_cache.c ------------------------------------------------------------ */

void syns_init(struct cn_host *host);
void syns_deinit(struct cn_host *host);
/* Listeners came or went: every entry finds its own again, or goes. */
void syns_recount(struct cn_host *host, uint64_t now);
void syns_advance(struct cn_host *host, uint64_t now);
uint64_t syns_deadline(const struct cn_host *host);
uint64_t syn_row_timer(const struct cn_host *host,
		       const struct syn_entry *entry);
/* What the handshake of an entry waits for. */
enum syn_wait {
	SYN_WAITS_NOT, /* refused: a verdict that is remembered */
	SYN_WAITS_ACK,
	SYN_WAITS_ROOM, /* in the accept queue */
	SYN_WAITS_DATA, /* TCP_DEFER_ACCEPT */
	SYN_WAITS_GATEWAY,
};
enum syn_wait syn_waits(const struct cn_host *host,
			const struct syn_entry *entry);

/* Microseconds, rounded up: what entries keep of an instant. */
uint64_t syn_us(uint64_t now);
void syn_unpack(const struct syn_entry *entry, struct tcp_syn *syn);
void syn_pack(struct syn_entry *entry, const struct tcp_syn *syn);
unsigned syn_rexmit_n(const struct syn_entry *entry);
struct syn_entry *syn_at(const struct cn_host *host, uint32_t number);
uint16_t syn_number(const struct cn_host *host, const struct syn_entry *entry);
unsigned syn_ring_of(const struct syn_entry *entry);
bool syn_is_held(const struct syn_entry *entry);
/* Into another ring: with the time it had, or as one that begins to wait in it
 * now. */
void syn_move(struct cn_host *host, unsigned ring, struct syn_entry *entry);
void syn_enter(struct cn_host *host, unsigned ring, struct syn_entry *entry,
	       uint64_t now);
/* An entry in store, ring and map; NULL when there is no room. */
struct syn_entry *syn_new(struct cn_host *host, const struct arriving *in,
			  unsigned ring, uint64_t now);
struct listener *syn_listener(const struct cn_host *host,
			      const struct syn_entry *entry);
/* It counts no more against its listener. */
void syn_uncount(struct cn_host *host, struct syn_entry *entry);
/* Out of ring and store; the map is the caller's affair. */
void syn_discard(struct cn_host *host, struct syn_entry *entry);
/* It ends without a connection; who was told of it is told that too. */
void syn_forget(struct cn_host *host, struct syn_entry *entry, uint64_t now);
/* The oldest remembered refusal makes room. */
void syn_evict_verdict(struct cn_host *host, uint64_t now);

/* syn_admission.c -------------------------------------------------------- */

void syn_arrives(struct cn_host *host, struct listener *listener,
		 const struct arriving *in, const uint32_t *isn_floor,
		 uint64_t now);
/* The SYN-ACK of an entry, the first or again; with a Fast Open cookie. */
void syn_send_ack(struct cn_host *host, const struct syn_entry *entry,
		  enum fast_option option, uint64_t now);
/* A segment was not used, in that state; in LISTEN. */
void syn_drop_in(struct cn_host *host, const struct arriving *in, uint8_t state,
		 enum cn_drop why, uint64_t now);
void syn_drop(struct cn_host *host, const struct arriving *in, enum cn_drop why,
	      uint64_t now);
/* Its client has as many connections as it may. */
void syn_refuse_client(struct cn_host *host, const struct arriving *in,
		       uint8_t state, uint64_t now);

/* handshake.c ------------------------------------------------------------ */

/* Any segment for an entry. */
void syn_segment(struct cn_host *host, struct syn_entry *entry,
		 const struct arriving *in, uint64_t now);
bool syn_icmp(struct cn_host *host, struct syn_entry *entry,
	      const struct net_error *error, uint64_t now);
/* A segment for a listener that brings back a cookie; false: it does not. */
bool cookie_arrives(struct cn_host *host, struct listener *listener,
		    const struct arriving *in, uint64_t now);
/* A connection of a SYN whose Fast Open cookie is good, in SYN-RECEIVED and
 * the accept queue; its SYN-ACK may bear a new cookie.  False: no memory. */
bool half_fast(struct cn_host *host, struct listener *listener,
	       const struct tcp_syn *syn, const struct arriving *in,
	       enum fast_option cookie, uint64_t now);
/* A SYN and nothing that would make it something else. */
bool syn_is_first(const struct tcp_seg *seg);

/* syn_held.c ------------------------------------------------------------- */

bool syns_event(struct cn_host *host, struct cn_event *event);
/* A segment for an entry that is held, or was refused. */
void syn_held_segment(struct cn_host *host, struct syn_entry *entry,
		      const struct arriving *in, uint64_t now);
void syn_refused_segment(struct cn_host *host, struct syn_entry *entry,
			 const struct arriving *in, uint64_t now);

#endif
