/* SPDX-License-Identifier: MIT */
/*
 * The parts of a world, for the files that make it up:
 *
 *	birth.c		how hosts and paths are put together, and its end
 *	world.c		the pump between them
 *	sock.c		the program's sockets (world.h's calls), with
 *			listen.c, connect.c, sock_relay.c, option.c
 *	gateway.c	the gateway's connections to the real network
 *	inner.c		the kernel's network inside: UDP, ICMP
 *	udp_relay.c	the gateway's datagrams to the real network, with
 *			echo.c, beyond.c and resolver.c
 *	publish.c	listeners of the real machine for what listens inside
 *	tally.c		what the summary tells
 */
#ifndef RUN_WORLD_PARTS_H
#define RUN_WORLD_PARTS_H

#include <stdio.h>

#include <catenet/socket.h>

#include "base/list.h"
#include "lib/linux_opt.h"
#include "loop/loop.h"
#include "run/world/alias.h"
#include "run/world/ebb.h"
#include "run/world/lane.h"
#include "run/world/machine.h"
#include "run/world/ops.h"
#include "run/world/relay.h"
#include "run/world/tally.h"
#include "run/world/tap.h"
#include "run/world/watch.h"
#include "run/world/world.h"

struct echoes;
struct flow;
struct inner;
struct published;
struct resolver;
struct twins;
struct udp_ports;
struct udp_relay;

/* Ports of the machine that lead to one listener. */
#define PUBLISHED_MAX 8

/* The tag of every socket of ours: who is to learn of its events. */
struct ear {
	void (*ready)(struct ear *ear);
};

/* The tag of a connection that the program has left to us, until its end. */
struct orphan {
	struct ear ear; /* deaf */
	struct list node; /* world->orphans */
	struct tally_row *row;
	uint64_t again; /* segments sent again that are counted already */
};

enum wsock_phase {
	WSOCK_IDLE, /* new, bound, or failed */
	WSOCK_CONNECTING,
	WSOCK_CONNECTED, /* waits for world_attach */
	WSOCK_RELAY,
	WSOCK_LISTENING,
	WSOCK_OVER, /* WORLD_ENDED was given */
};

/* A host that programs are on.  The only one of catenet run; as many as were
 * described in a world that has a name. */
struct whost {
	struct cn_host *host;
	const char *name; /* "": it has none */
	int node; /* of the network */
};

/* Whose sockets they are, and what he has asked for: the program, or one of
 * those that have joined. */
struct wowner {
	struct tally *tally;
	const struct world_publish *publish;
	unsigned publish_n;
};

/* A socket of the program. */
struct wsock {
	struct world_face face;
	struct ear ear;
	struct world *world;
	const struct whost *on;
	const struct wowner *owner;
	struct list node; /* world->socks */
	struct list kind; /* world->connecting or world->listeners */
	struct list news; /* world->news, when there is an event to give */
	void *tag;
	uint64_t inode; /* of the program's descriptor; 0: not known */
	struct linux_sock ls; /* .sock is the engine's */
	enum wsock_phase phase;
	bool closed; /* the supervisor has let go */
	bool wrote_all; /* and a reset is all that is left to send */

	/* What the program sees.  bound: by its own bind(). */
	bool bound;
	struct cn_endpoint bound_to; /* port 0 never stays 0 */
	bool chose_port; /* it named the port itself */
	struct cn_endpoint seen_local, seen_peer; /* when sock is NULL */
	struct cn_endpoint to; /* connect()'s destination, as it was given */
	struct cn_endpoint far; /* and as the path has it */
	uint32_t scope; /* of a link-local destination */
	bool oob_inline; /* kept here: the end does it */
	int rcvlowat;

	/* A listener on a loopback address has a second one at the edge of the
	 * path, for what comes from outside. */
	struct cn_sock *edge;
	struct ear edge_ear;
	struct published *published[PUBLISHED_MAX];
	unsigned published_n;

	/* The kernel's options of this socket, and the port that it holds on
	 * the machine; -1: none. */
	int kernel_fd;
	int reserved_fd;
	struct flow *flow; /* at the gateway, for what goes out */
	int kernel_errno; /* what the kernel said of it */

	struct end *end;
	struct relay relay;
	struct tally_row *row;

	/* Events not yet given */
	bool news_connected, news_failed, news_acceptable, news_ended;
	bool ended_gone, ended_reset;
	int news_err;
};

enum flow_phase {
	FLOW_ASKING, /* the kernel's connect() is under way, the SYN is held */
	FLOW_ANSWERED, /* the SYN-ACK may go; the last ACK is awaited */
	FLOW_COMING, /* in-bound: our connect() to the program's host */
	FLOW_RELAY,
	FLOW_DRAINING, /* only the kernel's socket is left */
};

/* A connection at the gateway: a kernel socket and one of the engine. */
struct flow {
	struct ear ear;
	struct world *world;
	struct list node; /* world->flows */
	struct list pending; /* world->pending, until it is relayed */
	enum flow_phase phase;
	struct loop_watch watch; /* the kernel's socket, while asking */
	struct cn_sock *sock;
	uint64_t syn;
	struct cn_endpoint program, far; /* as the path has them */
	struct wsock *origin; /* NULL: in-bound, or it was closed */
	struct published *published; /* in-bound, until it is accepted */
	struct relay relay;
	struct tally_row *row;
	/* Of the end of the run: what the real peer had not acknowledged, and
	 * since when it has been that. */
	uint64_t outq;
	uint64_t outq_at;
};

struct world {
	struct world_face face;
	struct loop *loop;
	const struct world_options *options;
	bool quiet, verbose;
	struct cn_pool *pool;
	struct cn_host *program, *gateway; /* gateway NULL: over TUN */
	struct whost only; /* the program's, as a host of many */
	struct hosts *hosts; /* NULL: the world of one program */
	int program_path, program_lo, gateway_path; /* links */
	struct machine machine;
	size_t borne; /* how many of machine's addresses the host bears */
	struct cn_addr primary4, primary6; /* what the host sends from */
	struct alias_table alias;
	struct linux_limits limits;
	struct lane up, down, lo;
	struct tap tap;
	struct watch *watch; /* NULL: nobody looks */
	struct watch_lane watch_up, watch_down, watch_lo;
	struct cn_frame_sink loopback_sink;
	struct cn_sock *holder4, *holder6; /* the gateway's listeners */
	struct ear holder_ear;
	struct loop_timer timer, poll;
	struct ebb ebb;
	bool pumping;
	bool changed; /* a call was made: pump before the next event */
	struct list socks, news, connecting, listeners;
	struct list flows, pending, published, orphans;
	struct list due; /* relays */
	struct list due_flows; /* relays of flows */
	struct tally tally;
	struct wowner owner; /* of what is nobody's else */
	FILE *summary; /* --summary, or NULL */
	struct wtun *tun;
	struct inner *inner; /* NULL: the programs have no namespace */
	struct twins *twins; /* of a world that has a name */
	/* NULL: there is no gateway, or nothing but TCP comes to it. */
	struct udp_relay *udp_relay;
	struct udp_ports *udp_ports;
	struct echoes *echoes;
	struct resolver *resolver;
	struct control *control;
	struct progress *progress;
	uint64_t cookie;
};

/* ------------------------------------------------------------ world.c -- */

uint64_t world_now(const struct world *world);
/* Whether ports and addresses are nobody's but the world's: the machine has no
 * part in them. */
bool world_is_apart(const struct world *world);
/* The gateway's own name, as the path has it. */
struct cn_addr world_gateway(const struct world *world, bool v4);
/* Something was done to a host: frames and events are to be moved. */
void world_touch(struct world *world);
/* Lets the program's host bear addresses of the machine that it lacks. */
void world_bear(struct world *world);
/* Something happened at a host. */
void world_take(struct world *world, const struct cn_host *host,
		const struct cn_event *event);
/* How the program sees an endpoint of the path. */
struct cn_endpoint world_seen(const struct world *world,
			      const struct cn_endpoint *ep);
/* Its timers turn the pump; none is set yet. */
void world_timers(struct world *world);
/* Those connections that the program left to us are over. */
void world_end_orphans(struct world *world);

/* ------------------------------------------------------------ birth.c -- */

/* Tells on stderr that this failed, where rc (a positive errno or an error of
 * the engine) is not 0; returns rc. */
int world_say(const char *what, int rc);
/* What every host of it has in common. */
void world_settle(const struct world *world, struct cn_settings *set);
/* What guards the listeners of programs. */
void world_guard(const struct world *world, struct cn_settings *set);

/* --------------------------- sock.c, listen.c, connect.c, sock_relay.c -- */

/* Without a socket of the engine yet. */
struct wsock *wsock_new(struct world *world, const struct whost *on, int domain,
			void *tag);
/* A stream socket there, as world_socket. */
int wsock_open(struct world *world, const struct whost *on, int family,
	       void *tag, struct wsock **sock);
/* The engine's socket is released or gone before. */
void wsock_free(struct wsock *sock);
/* A socket of the engine for it, heard by ear. */
int wsock_engine(struct wsock *sock, struct ear *ear, struct cn_sock **engine);
/* Nobody listens to it any more. */
void wsock_release(struct cn_sock *engine, bool reset, uint64_t now);
/* Options that were changed go to the socket that takes over. */
void wsock_copy_options(struct cn_sock *from, struct cn_sock *to, uint64_t now);
/* A new socket of the engine in place of the one it has; local NULL: not
 * bound. */
int wsock_renew(struct wsock *sock, const struct cn_endpoint *local);
/* It has an event to give. */
void wsock_news(struct wsock *sock);
bool wsock_v6only(const struct wsock *sock);
/* Is it this machine that is meant? */
bool wsock_is_here(const struct world *world, const struct cn_addr *addr);
/* Ports are also the machine's. */
bool wsock_is_shared(const struct world *world);
/* 0 or -errno. */
int wsock_bind(struct wsock *sock, const struct cn_endpoint *wanted);
/* As the program sees them; false: there is no peer. */
struct cn_endpoint wsock_local(const struct wsock *sock);
bool wsock_peer(const struct wsock *sock, struct cn_endpoint *ep);
/* It listens no more, and is closed. */
void wsock_unlisten(struct wsock *sock);
/* An attempt or a listener is over; still bound where it was. */
void wsock_to_idle(struct wsock *sock);
/* The attempt has an outcome. */
void wsock_connect_ready(struct wsock *sock);
void wsock_ready(struct ear *ear);
void wsock_edge_ready(struct ear *ear);

/* The socket of the program that is on its way from `program` to `far`. */
struct wsock *wsock_find_connecting(struct world *world,
				    const struct cn_endpoint *program,
				    const struct cn_endpoint *far);
/* A listener inside that would take a connection to this endpoint. */
struct wsock *wsock_find_listener(struct world *world,
				  const struct cn_endpoint *to);
/* The attempt failed with this errno, now. */
void wsock_fail(struct wsock *sock, int err);
/* Sockets of this owner are the world's own from now on. */
void wsocks_disown(struct world *world, const struct wowner *owner);
/* What is still connected counts as far as it has come. */
void wsocks_count(struct world *world, const struct wowner *owner);
/* What the relay of a socket came to. */
void wsock_relay(struct wsock *sock, bool *moved, uint64_t now);
/* An orphan has ended. */
/* What its host counted by now, and the end. */
void orphan_count(struct world *world, struct orphan *orphan, uint64_t segs_out,
		  uint64_t segs_retransmitted);
void orphan_done(struct orphan *orphan, uint64_t now);
/* Frees all of it, at the end of the world. */
void wsock_drop(struct wsock *sock);

/* ---------------------------------------------------------- gateway.c -- */

int gateway_start(struct world *world);
void gateway_syn(struct world *world, const struct cn_event *event);
void gateway_syn_gone(struct world *world, const struct cn_event *event);
void flow_relay(struct flow *flow, bool *moved, uint64_t now);
/* Its program's socket is gone: what is under way is cancelled. */
void flow_orphan(struct flow *flow);
/* kill: the real peer sees a reset. */
void flow_free(struct flow *flow, bool kill);
/* In-bound: the kernel's accepted socket, to be connected to `to` inside. */
void flow_inbound(struct published *published, const struct wsock *listener,
		  int fd, const struct cn_endpoint *from,
		  const struct cn_endpoint *to);
/* Options that the real connection shall have too. */
void flow_set(struct flow *flow, int level, int name, const void *value,
	      socklen_t len);
/* Octets for the real peer that it has not acknowledged.  *given_up: nothing
 * has moved for as long as an orphan may last. */
uint64_t flow_outq(struct flow *flow, bool *given_up);

/* ---------------------------------------------------------- publish.c -- */

/* A port of the machine for what listens inside, shared by those who share it
 * inside. */
struct published {
	struct list node; /* world->published */
	struct world *world;
	struct loop_watch watch; /* .fd: the kernel's listener */
	struct cn_endpoint host; /* where the machine listens */
	unsigned users; /* listeners inside */
	unsigned coming; /* not yet in the accept queue */
	bool full; /* not watched: no room inside */
	struct loop_timer rest; /* not watched: no descriptors */
};

/* A kernel socket bound to this port of the machine, to keep it for a listener
 * inside; *port 0: any free one, which becomes known.  -errno, or the
 * descriptor. */
int publish_reserve(struct world *world, const struct cn_endpoint *bound,
		    bool v6only, uint16_t *port);
/* The listener listens, or (again) with another backlog. */
void publish_listen(struct wsock *listener, int backlog);
/* It does not any more. */
void publish_unlisten(struct wsock *listener);
/* The accept queues inside may have room again. */
void publish_room(struct world *world);
/* -p: tried when the world begins; 0 or a positive errno, told on stderr. */
int publish_check(struct world *world);
/* Whether that port of the machine could be had; 0 or a positive errno. */
int publish_try(const struct world *world, const struct cn_endpoint *host);
void publish_drop(struct published *published);

/* ------------------------------------------------ the calls of world.h -- */

void near_free(struct world *world);
bool near_event(struct world *world, struct world_event *event);
bool near_netns(struct world *world, struct netns_config *config);
int near_hold(struct world *world, struct netns *ns);
void near_udp_bound(struct world *world, const struct sockaddr *addr,
		    socklen_t len, bool v6only, bool privileged);
void near_udp_wanted(struct world *world, const struct sockaddr *addr,
		     socklen_t len);
int near_socket(struct world *world, int family, void *tag,
		struct wsock **sock);
bool near_is_idle(struct world *world, uint64_t *octets);
void near_finish(struct world *world);
int near_bind(struct wsock *sock, const struct sockaddr *addr, socklen_t len,
	      bool privileged);
int near_listen(struct wsock *sock, int backlog);
int near_connect(struct wsock *sock, const struct sockaddr *addr,
		 socklen_t len);
bool near_is_connected(struct wsock *sock);
int near_accept(struct wsock *listener, void *tag, struct wsock **sock);
void near_set_tag(struct wsock *sock, void *tag);
void near_set_inode(struct wsock *sock, uint64_t inode);
void near_attach(struct wsock *sock, struct end *end);
int near_shutdown(struct wsock *sock, int how, int a);
void near_more(struct wsock *sock, size_t coming);
void near_close(struct wsock *sock, bool reset);
int near_name(const struct wsock *sock, struct sockaddr *addr, socklen_t *len);
int near_peer(const struct wsock *sock, struct sockaddr *addr, socklen_t *len);
int near_setsockopt(struct wsock *sock, int level, int name, const void *value,
		    socklen_t len);
int near_getsockopt(struct wsock *sock, int level, int name, void *value,
		    socklen_t *len);
uint64_t near_outq(const struct wsock *sock);
uint64_t near_unsent(const struct wsock *sock);

#endif
