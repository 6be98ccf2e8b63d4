/* SPDX-License-Identifier: MIT */
/*
 * The world, as the supervisor of unmodified programs sees it: a place that
 * has stream sockets.  The supervisor knows what the program asked; the world
 * knows TCP.  Between them pass the calls below, events, and one end of an
 * AF_UNIX pair for each connection (end.h).
 *
 * Addresses and options travel in Linux's ABI, results are 0 (or a count) or
 * -errno with Linux's numbers.  Single-threaded, on one loop; nothing blocks,
 * and no function of the world calls the supervisor: what happens later is an
 * event, polled with world_event.
 *
 * Life of a handle: world_socket, or world_accept, gives it; world_close takes
 * it back, exactly once, whatever happened to it in between.  After
 * world_close no event names it, though the connection may live on in the
 * world as an orphan.
 */
#ifndef RUN_WORLD_WORLD_H
#define RUN_WORLD_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Two things stand behind it (ops.h): a world in this process, and one that a
 * process of its own keeps and several supervisors join (run/world/far.h).
 */
struct end;
struct loop;
struct netns;
struct netns_config;
struct run_options;
struct world;
struct wsock;

/* NULL when it cannot be made; it has then said why on stderr.  Called before
 * the program is started. */
struct world *world_new(struct loop *loop, const struct run_options *options);
/*
 * What a network namespace for the programs shall look like; false: this world
 * has no use for one.  It is known before the program is started.
 */
bool world_netns(struct world *world, struct netns_config *config);
/* Other programs have made it before, and *ns is theirs; false: it is to be
 * made. */
bool world_shared(struct world *world, struct netns *ns);
/* What /etc/hosts shall say in there, which stays the world's; NULL: it stays
 * as it is. */
const char *world_hosts_file(struct world *world);
/* The held side of its interfaces is the world's: what comes out of them
 * travels the path.  Also of one that is shared.  0 or -errno. */
int world_hold(struct world *world, struct netns *ns);
/*
 * Programs bind and address datagram sockets of that namespace by themselves;
 * these say so, before (bound: or after) the kernel does it.  privileged: the
 * program may bind any port.
 */
void world_udp_bound(struct world *world, const struct sockaddr *addr,
		     socklen_t len, bool v6only, bool privileged);
void world_udp_wanted(struct world *world, const struct sockaddr *addr,
		      socklen_t len);
/* Everything still alive is abandoned. */
void world_free(struct world *world);

enum world_event_kind {
	/* world_connect succeeded: names are known, world_attach may follow. */
	WORLD_CONNECTED,
	/* world_connect failed with err; the socket is as before the attempt
	 * (bound or not) and may try again. */
	WORLD_FAILED,
	/* A listener has n connections to accept; given whenever one is added
	 * or has gone without being accepted. */
	WORLD_ACCEPTABLE,
	/* The world has closed the end it was given and will not touch it
	 * again.  gone: because the program has closed its last descriptor.
	 * Otherwise the program may still hold it (both directions are over,
	 * or err, the errno that SO_ERROR shall tell: ECONNRESET, ETIMEDOUT
	 * ...) and may still ask names and options. */
	WORLD_ENDED,
};

struct world_event {
	enum world_event_kind kind;
	struct wsock *sock;
	void *tag; /* as given with the socket */
	int err; /* positive errno */
	unsigned n;
	bool gone;
	/* ENDED, of an end that is shared (end.h): it is to be reset. */
	bool reset;
};

/* The next event, false: none.  The supervisor drains them after every round
 * of the loop and after its own calls. */
bool world_event(struct world *world, struct world_event *event);

/* A stream socket of AF_INET or AF_INET6. */
int world_socket(struct world *world, int family, void *tag,
		 struct wsock **sock);
/* privileged: the program may bind ports that are closed to users. */
int world_bind(struct wsock *sock, const struct sockaddr *addr, socklen_t len,
	       bool privileged);
/* Also on a listener (backlog changes); binds a socket that is not bound. */
int world_listen(struct wsock *sock, int backlog);
/*
 * -EINPROGRESS: CONNECTED or FAILED follows, perhaps at once; or the errno
 * that the kernel gives at once.  addr is never AF_UNSPEC.  While the attempt
 * is under way or after it succeeded, the supervisor does not call again.
 */
int world_connect(struct wsock *sock, const struct sockaddr *addr,
		  socklen_t len);
/* After -EINPROGRESS: true when the answer is already there and is yes; then
 * no CONNECTED follows. */
bool world_is_connected(struct wsock *sock);
/* The next connection of a listener, or -EAGAIN. */
int world_accept(struct wsock *listener, void *tag, struct wsock **sock);
void world_set_tag(struct wsock *sock, void *tag);
/* The inode of the descriptor that programs have of it, by which catenet ss
 * finds who they are. */
void world_set_inode(struct wsock *sock, uint64_t inode);

/*
 * Hands over the supervisor's side of the pair whose other side the program
 * has, once the socket is connected or accepted: octets flow from now on.  The
 * end is the world's from then on (end_free).
 *
 * What the relay owes:
 *  - end_read returned 0: the program has shut down or closed: FIN.
 *  - end_read returned -ECONNRESET: it closed with octets unread: RST.
 *  - the peer's FIN, when all before it is written: end_eof.
 *  - the connection died: end_reset with the errno.
 *  - all over (end_is_gone and drained, or both directions have ended):
 *    end_free, then WORLD_ENDED.
 * SO_LINGER is the world's: {1, 0} makes a RST of the program's close.
 */
void world_attach(struct wsock *sock, struct end *end);

/*
 * shutdown.  A listener, or a socket that is connecting (Linux: it becomes
 * closed and stays bound; pending connections are reset): a is not looked at.
 * Attached: a is the program's side of the pair, lent for the call; what was
 * written before still arrives.
 */
int world_shutdown(struct wsock *sock, int how, int a);

/*
 * Attached: the octets that the program has written until now, and `coming` that
 * it is about to write, are to be followed by more (MSG_MORE).  0: those that
 * were said to come have been written, as far as there was room.
 */
void world_more(struct wsock *sock, size_t coming);

/*
 * The program has no descriptor of it any more.  Not attached: whatever was
 * under way is cancelled, a listener stops, a connection not yet attached is
 * reset.  Attached: the relay goes on by itself (FIN, what is unsent, orphan).
 * reset: the connection is reset and the end freed, without an event.
 */
void world_close(struct wsock *sock, bool reset);

/* sizeof(struct sockaddr_in6) octets of room in *len; *len becomes the true
 * length.  world_peer: -ENOTCONN when there is none. */
int world_name(const struct wsock *sock, struct sockaddr *addr, socklen_t *len);
int world_peer(const struct wsock *sock, struct sockaddr *addr, socklen_t *len);

/*
 * Options, as the program gave them.  The supervisor keeps to itself SO_TYPE,
 * SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN, SO_ERROR, SO_COOKIE, SO_PEERCRED,
 * SO_RCVTIMEO, SO_SNDTIMEO and SO_PEEK_OFF; the world gets all others (of
 * SO_OOBINLINE and SO_RCVLOWAT both are told).  An option that the world does
 * not know is -ENOPROTOOPT.  getsockopt: *len is the room, becomes the length.
 */
int world_setsockopt(struct wsock *sock, int level, int name, const void *value,
		     socklen_t len);
int world_getsockopt(struct wsock *sock, int level, int name, void *value,
		     socklen_t *len);

/* Octets that the program has written and the peer has not yet acknowledged
 * (SIOCOUTQ). */
uint64_t world_outq(const struct wsock *sock);
/* Of these, not yet sent (SIOCOUTQNSD). */
uint64_t world_unsent(const struct wsock *sock);

/* Everything that programs have sent has been acknowledged by the real peer,
 * or given up; *octets is what is left.  Where it is not, the loop turns again
 * soon, to ask again. */
bool world_is_idle(struct world *world, uint64_t *octets);
/* The summary at exit and the closing of files; no program is left. */
void world_finish(struct world *world);

#endif
