/* SPDX-License-Identifier: MIT */
/*
 * One host, from the inside: what demultiplexing finds, and who may queue
 * what for whom.  The rooms above see sockets; the rooms below see segments.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <catenet/host.h>

#include "base/map.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/wheel.h"
#include "host/clients.h"
#include "host/dgram.h"
#include "host/fast_open.h"
#include "host/flow.h"
#include "host/shelf.h"
#include "host/syn_cache.h"
#include "host/syn_cookie.h"
#include "net/net.h"
#include "tcp/tcb.h"
#include "wire/checksum.h"

/* ------------------------------------------------------------- sockets -- */

enum sock_phase {
	SOCK_NEW, /* never connected, or free to try again */
	SOCK_CONNECTING,
	SOCK_CONNECTED,
	SOCK_LISTENING,
};

/* enum port_class, below: how a socket counts against a bind. */

/*
 * A socket and its connection.  It is in the map from birth to death: under
 * its tuple once that is whole, before that under a serial number in the
 * place of the peer's address.
 */
struct cn_sock {
	struct flow flow;
	uint8_t link; /* the connection's way out */
	int8_t err; /* SO_ERROR: pending, told once */
	struct tcb tcb;
	struct wheel_node timer;
	union {
		struct cn_sock *out_next; /* ready to send on its link */
		struct listener *listener; /* SOCK_LISTENING */
	};
	union {
		struct cn_sock *event_next;
		struct cn_sock *accept_next; /* in a listener's queue */
	};
	void *tag;

	unsigned phase : 2; /* enum sock_phase */
	bool family6 : 1;
	bool v6only : 1;
	bool reuseaddr : 1, reuseport : 1;
	bool port_held : 1; /* counted in the port table */
	bool port_bound : 1; /* by bind(): kept when the connection ends */
	bool addr_bound : 1; /* the address came by bind() too */
	bool owned : 1; /* the application has it */
	bool orphan : 1; /* it had it, and closed it */
	bool over : 1; /* had a connection, which has ended */
	bool wr_shut : 1; /* shutdown(SHUT_WR) */
	bool stuck : 1; /* shut after a connect that failed, as Linux has it */
	bool hold : 1, any_port : 1; /* listeners for a gateway */
	bool out_queued : 1;
	bool event_queued : 1;
	unsigned told : 4; /* enum tcp_news that the event is about */
	bool dead : 1; /* freed when the queues let go of it */
	bool aside : 1; /* in the map away from its tuple's flows */
	bool fast_connect : 1; /* TCP_FASTOPEN_CONNECT */
	bool fast_free : 1; /* Fast Open without a cookie */
	bool fast_bare : 1; /* this connection's SYN: nor with the option */
	bool fast_exp : 1; /* its option is the experimental one */
	bool fast_pending : 1; /* accepted by Fast Open, handshake under way */
	bool client_counted : 1; /* against its client's limit */
	bool freebind : 1; /* IP_FREEBIND */
	bool may_fragment : 1; /* its IPv4 packets are sent without DF */
	int16_t linger; /* seconds, -1: off */
	/* TCP_DEFER_ACCEPT: as set, and in SYN-ACKs. */
	uint8_t defer_s, defer_n;
};

/* With its share of the map of flows. */
_Static_assert(sizeof(struct cn_sock) + MAP_SHARE <= 472,
	       "an idle established connection, and 40 for a client's port");

/* ----------------------------------------------------------- listeners -- */

struct listener {
	struct listener *next; /* of the same port, or for any port */
	struct cn_sock *sock;
	struct cn_sock *first, *last; /* accept queue */
	uint32_t queued; /* in it */
	uint32_t backlog; /* both queues hold one more */
	uint32_t syn_n; /* entries of the SYN cache */
	uint32_t fast_n; /* connections by Fast Open that may be forged */
	struct fast_reset *reset_first, *reset_last; /* among them */
};

/* -------------------------------------------------------------- ports -- */

/* How a user of a port counts when another wants it. */
enum port_class {
	PORT_REUSEADDR = 1,
	PORT_REUSEPORT = 2,
	PORT_LISTENS = 4,
	PORT_V6ONLY = 8,
};

/* So many sockets and TIME-WAIT entries of one kind on one address. */
struct port_user {
	struct port_user *next;
	struct cn_addr addr;
	uint32_t n;
	uint16_t number; /* of the port */
	uint8_t class; /* enum port_class */
	bool by_bind; /* the first user's: the port is none that connect() may
			 share */
};

/* The first user is the port's own: a client's port has no other, and there is
 * one for each connection. */
struct port {
	struct port_user user;
	struct listener *listeners;
};

/* ----------------------------------------------------------- TIME-WAIT -- */

/* flow.mark of a TIME-WAIT entry: enum port_class in the low four bits. */
#define TW_CLASS_MASK 0x07
#define TW_TS 0x08
#define TW_WSCALE_SHIFT 4
/* flow.ecn of an entry: the ACE field, and that there is one. */
#define TW_ACE_MASK 7
#define TW_HAS_ACE 8
/* The entry counts as a user of its port. */
#define TW_COUNTED 0x8000
#define TW_AGE_MAX 0x7fff

/* What tcp_tw holds, packed, and two ring links of 24 bits. */
struct tw_entry {
	struct flow flow;
	uint16_t rcv_wnd; /* as in a header */
	uint32_t snd_nxt, rcv_nxt, ts_recent;
	uint32_t at_us; /* when 2MSL began, modulo 2^32 */
	uint16_t ts_age_s; /* of ts_recent at that time; and TW_COUNTED */
	uint8_t next[3], prev[3];
};
_Static_assert(sizeof(struct tw_entry) == SHELF_ENTRY, "a TIME-WAIT entry");

struct tw_table {
	struct shelf shelf;
	uint32_t first, last; /* oldest first */
	uint64_t clock_us; /* the latest at_us, whole */
};

/* --------------------------------------------------------------- output -- */

/* A segment without data that belongs to no connection. */
struct reply {
	struct reply *next;
	uint8_t header_len;
	uint8_t csum;
	uint8_t csum_start;
	uint8_t octet[CN_HEADER_MAX];
};
#define REPLIES_MAX 256 /* of one link */

struct host_link {
	char name[16];
	uint32_t mtu;
	uint32_t tx_super;
	bool used, tx_csum, rx_shared;
	uint8_t turn; /* connections, datagrams, what is passed on */
	uint16_t reply_n;
	struct reply *reply_first, *reply_last;
	struct cn_sock *out_first, *out_last;
};

/*
 * Segments of one connection that follow each other on its link and differ in
 * sequence number alone: the headers of the first are kept and patched.
 */
struct burst {
	struct cn_sock *sock; /* NULL: there is none */
	uint64_t now; /* it lasts for an instant */
	uint32_t left;
	uint8_t header_len, csum_start;
	uint8_t csum; /* enum cn_csum */
	struct checksum sum; /* without sequence number and data */
	uint8_t header[CN_HEADER_MAX];
	struct tcp_seg seg;
};

/* ----------------------------------------------------------------- host -- */

struct cn_host {
	struct tcp_env env; /* env.set is &set, and so on */
	struct cn_settings set;
	struct budget budget;
	struct random random;
	struct cn_counters count;
	struct net net;

	struct map flows;
	struct sip_key flow_key, isn_key, ts_key;
	/* Of the flow that spoke last: often it speaks next. */
	struct tuple hashed;
	uint32_t hashed_to;
	uint64_t serial; /* of sockets */
	uint64_t born_at;
	struct map ports;
	struct listener *any_port;
	struct map clients; /* of ports that limit them */
	struct syn_cache syns;
	struct syn_cookies cookies;
	struct fast_open fast;
	struct tw_table tws;
	struct wheel wheel;
	struct dgram_table dgrams;

	struct host_link link[NET_LINKS];
	struct burst burst;
	uint64_t work_at; /* loopback has something to carry: since when */
	uint64_t relieve_at; /* memory pressure is not acted on before */
	uint32_t relieve_from; /* the flow that is looked at first */
	struct cn_sock *event_first, *event_last;
};

static inline struct cn_host *sock_host(const struct cn_sock *sock)
{
	return CN_CONTAINER(sock->tcb.env, struct cn_host, env);
}

/*
 * All lines of a socket at once.  Of a million connections the next is in no
 * cache, and a call touches most of its lines one after the other: asked for
 * together they cost little more than one.
 */
static inline void sock_fetch(const struct cn_sock *sock)
{
	for (size_t off = 0; off < sizeof(*sock); off += 64)
		__builtin_prefetch((const char *)sock + off, 1);
}

/* Linux's test for both queues: one more than the backlog fits. */
static inline bool listener_is_full(const struct listener *listener)
{
	return listener->queued > listener->backlog;
}

/* demux.c ---------------------------------------------------------------- */

uint32_t flow_hash(const struct cn_host *host, const struct tuple *tuple);
/* Connection, SYN entry or TIME-WAIT entry; NULL when there is none. */
struct flow *flow_find(const struct cn_host *host, uint32_t hash,
		       const struct tuple *tuple);
/* Frame in: TCP to its flow or listener, all else answered. */
void host_input(struct cn_host *host, int link, const struct cn_frame *frame,
		uint64_t now);
/* What LISTEN does with a segment; isn_floor: NULL, or the number that the
 * initial sequence number must be above. */
struct arriving;
void listen_arrives(struct cn_host *host, const struct arriving *in,
		    const uint32_t *isn_floor, uint64_t now);
/* RFC 9293 section 3.10.7.1: nobody is here. */
void closed_arrives(struct cn_host *host, const struct arriving *in,
		    uint64_t now);

/* A segment on its way in. */
struct arriving {
	struct tuple tuple;
	uint32_t hash;
	uint8_t link;
	const struct net_packet *packet;
	const struct tcp_seg *seg;
};

/* flow.c ----------------------------------------------------------------- */

/* A socket outside the map, and its end. */
struct cn_sock *sock_make(struct cn_host *host);
void sock_unmake(struct cn_sock *sock);
/* A socket in the map, CLOSED; NULL without memory. */
struct cn_sock *sock_alloc(struct cn_host *host);
/* Out of map, timer and port; memory goes when the queues let go. */
void sock_free(struct cn_sock *sock);
/* A queue has let go of it. */
void sock_let_go(struct cn_sock *sock);
/* A new tuple and kind: moves it within the map. */
void sock_rekey(struct cn_sock *sock, const struct tuple *tuple,
		enum flow_kind kind);
/* A fresh TCB with the application's options as they were. */
void sock_renew_tcb(struct cn_sock *sock);
/* What a connection has from its listener. */
bool sock_inherit(struct cn_sock *sock, const struct cn_sock *listener);
/* After every tcp_ call: timer, output, news, the end. */
void sock_settle(struct cn_sock *sock, uint64_t now);
/* Its timer alone. */
void sock_arm(struct cn_sock *sock);
/* Its connection is gone from the map: ports, events, and an orphan's end. */
void sock_finish(struct cn_sock *sock);
/* Tells the application, once, that cn_sock_ready may say more. */
void sock_tell(struct cn_sock *sock);
/* The same, of that news (enum tcp_news) alone. */
void sock_tell_of(struct cn_sock *sock, unsigned news);
/* The MSS that the path to the peer leaves, and what to announce. */
void sock_set_path(struct cn_sock *sock, uint64_t now);
uint32_t host_path_mss(struct cn_host *host, const struct cn_addr *peer,
		       uint64_t now);
/* Of IP and TCP, without options. */
uint32_t host_headers_len(const struct cn_addr *peer);
uint32_t host_adv_mss(struct cn_host *host, const struct cn_addr *peer);
/* RFC 9293 section 3.4.1 and RFC 7323 section 5.4. */
uint32_t host_isn(const struct cn_host *host, const struct tuple *tuple,
		  uint64_t now);
uint32_t host_ts_off(const struct cn_host *host, const struct tuple *tuple);
/* The memory budget is used up: the worst holder goes. */
void host_relieve(struct cn_host *host, uint64_t now);

/* train.c ---------------------------------------------------------------- */

/* Frames in: what follows itself is taken as one. */
void host_inputs(struct cn_host *host, int link, const struct cn_frame *frame,
		 unsigned n, uint64_t now);

/* connect.c -------------------------------------------------------------- */

/* RFC 9293 section 3.10.1, active: address, route, port, SYN. */
/* fast: by Fast Open if it may; then tcb.fast_defer says whether the SYN waits
 * for data. */
int host_connect(struct cn_sock *sock, const struct cn_endpoint *peer,
		 bool fast, uint64_t now) CN_MUST_CHECK;

/* listener.c ------------------------------------------------------------- */

/* The listener for a SYN to this address and port, or NULL.  hash picks one
 * of several that share the port. */
struct listener *listener_find(const struct cn_host *host,
			       const struct cn_addr *addr, uint16_t port,
			       uint32_t hash);
/* What its SYN-ACKs announce to that peer. */
uint32_t listener_adv_mss(struct cn_host *host, const struct listener *listener,
			  const struct cn_addr *peer);
int listener_open(struct cn_sock *sock, uint32_t backlog, uint64_t now)
	CN_MUST_CHECK;
/* Unaccepted connections are reset, SYN entries forgotten. */
void listener_close(struct cn_sock *sock, uint64_t now);
/* The accept queue: first in, first out. */
void listener_push(struct listener *listener, struct cn_sock *child);
struct cn_sock *listener_pop(struct listener *listener);

/* ports.c ---------------------------------------------------------------- */

uint8_t port_class_of(const struct cn_sock *sock);
/* Do two local addresses overlap?  0.0.0.0 covers IPv4, :: covers IPv6 and,
 * unless it is V6ONLY, IPv4 as well. */
bool port_addr_overlaps(const struct cn_addr *a, bool a_v6only,
			const struct cn_addr *b, bool b_v6only);
struct port *port_find(const struct cn_host *host, uint16_t number);
/* Would that user of the port be refused, as on Linux? strict: reuse is no
 * excuse (a port that bind() itself picks). */
bool port_conflicts(const struct port *port, const struct cn_addr *addr,
		    uint8_t class, bool strict);
int port_add(struct cn_host *host, uint16_t number, const struct cn_addr *addr,
	     uint8_t class, bool by_bind) CN_MUST_CHECK;
void port_remove(struct cn_host *host, uint16_t number,
		 const struct cn_addr *addr, uint8_t class);
/* The socket's own share; from tuple.local and its options. */
int sock_take_port(struct cn_sock *sock, uint16_t number, bool by_bind)
	CN_MUST_CHECK;
void sock_drop_port(struct cn_sock *sock);
/* RFC 6056: a walk over all ephemeral ports from a random start by a random
 * step. */
struct port_walk {
	uint32_t left, at, step, n;
	uint16_t low;
};
void port_walk_begin(struct cn_host *host, struct port_walk *walk);
/* False when every port has been visited. */
bool port_walk_next(struct port_walk *walk, uint16_t *number);

/* time_wait.c ------------------------------------------------------------ */

void tws_init(struct cn_host *host);
void tws_deinit(struct cn_host *host);
/* The connection has reached TIME-WAIT: an entry takes its place. */
void tw_enter(struct cn_sock *sock, uint64_t now);
void tw_segment(struct cn_host *host, struct tw_entry *entry,
		const struct arriving *in, uint64_t now);
/* May connect() take over this tuple?  named: the application bound the port.
 * If so the entry is gone and *isn is where to begin. */
bool tw_give_way(struct cn_host *host, struct tw_entry *entry, bool named,
		 uint32_t *isn, uint64_t now);
void tws_advance(struct cn_host *host, uint64_t now);
uint64_t tws_deadline(const struct cn_host *host);
uint64_t tw_ends_at(const struct cn_host *host, const struct tw_entry *entry);

/* out.c ------------------------------------------------------------------ */

/* Queues a segment without data on the way to the tuple's peer. */
void reply_push(struct cn_host *host, const struct tuple *tuple,
		const struct tcp_seg *seg, uint8_t ttl, uint64_t now);
/* The same, and counted and traced, for segments that no TCB emitted. */
void reply_send(struct cn_host *host, const struct tuple *tuple,
		const struct tcp_seg *seg, uint8_t state, uint64_t now);
/* A SYN-ACK, which bears what the listener says of TTL. */
void reply_of_listener(const struct listener *listener,
		       const struct tuple *tuple, const struct tcp_seg *seg,
		       uint64_t now);
void out_ready(struct cn_sock *sock, uint64_t now);
/* What was queued is less by what went out: TCP_NOTSENT_LOWAT's writer may
 * have waited for that. */
void out_tell_writer(struct cn_sock *sock, const struct tcp_seg *seg);
void out_forget(struct cn_sock *sock);
/* All that the TCB still has to say goes to the replies. */
void out_last_words(struct cn_sock *sock, uint64_t now);
/* At most n frames, to one link; returns how many. */
unsigned host_outputs(struct cn_host *host, int link, struct cn_frame *frame,
		      unsigned n, uint64_t now);
void out_drop_all(struct cn_host *host);

/* burst.c ---------------------------------------------------------------- */

/* The frame holds seg, which sock has just sent: what follows it? */
void burst_begin(struct cn_sock *sock, const struct tcp_seg *seg,
		 const struct cn_frame *frame, uint64_t now);
/* The next frames of the burst on that link, at most n; returns how many. */
unsigned burst_go_on(struct cn_host *host, int link, struct cn_frame *frame,
		     unsigned n, uint64_t now);
/* Something else happened to the connection: what it sends is to be decided
 * anew. */
static inline void burst_end(struct cn_sock *sock)
{
	struct cn_host *host = sock_host(sock);

	if (host->burst.sock == sock)
		host->burst.sock = NULL;
}

/* loopback.c ------------------------------------------------------------- */

/* Carries what the host has for itself, a bounded number of frames. */
void loopback_run(struct cn_host *host, uint64_t now);
/* Something waits on that link: should it be the built-in one, who asks for
 * the deadline must hear of it. */
void loopback_wants(struct cn_host *host, int link, uint64_t now);

/* trace.c ---------------------------------------------------------------- */

void host_trace(const struct tcp_env *env, const struct tcb *tcb,
		struct cn_trace *trace);
void flow_trace_state(const struct cn_host *host, const struct tuple *tuple,
		      uint8_t from, uint8_t to, const char *rule, uint64_t now);
void flow_trace_seg(const struct cn_host *host, const struct tuple *tuple,
		    enum cn_trace_kind kind, uint8_t state,
		    const struct tcp_seg *seg, enum cn_drop drop, uint64_t now);
/* A segment that a record of TIME-WAIT drops, or answers with. */
void flow_trace_time_wait(const struct cn_host *host, const struct tuple *tuple,
			  enum cn_trace_kind kind, const struct tcp_seg *seg,
			  const struct tcp_tw *tw, uint64_t now);
/* A SYN, and the cookie that answers it: the listener goes on. */
void flow_trace_cookie(const struct cn_host *host, const struct arriving *in,
		       const struct tcp_seg *reply, uint64_t now);

#endif
