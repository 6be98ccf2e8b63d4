/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: answers the notified calls of all supervised tasks, with the
 * world behind it.
 *
 * A psock is what the supervisor knows of one TCP socket of a program.  It is
 * found by the cookie of A, the AF_UNIX socket that the program holds (never
 * by process and number: descriptors are duplicated, inherited and passed).
 * It lives until no descriptor of A is left anywhere.
 */
#ifndef RUN_SUPERVISOR_H
#define RUN_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>

#include <linux/seccomp.h>

#include "base/list.h"
#include "base/map.h"
#include "loop/loop.h"
#include "run/gone.h"
#include "run/task.h"

struct end;
struct world;
struct wsock;

/* Options that A itself has, which an accepted socket inherits. */
enum {
	NATIVE_RCVTIMEO,
	NATIVE_SNDTIMEO,
	NATIVE_RCVLOWAT,
	NATIVE_OOBINLINE,
	NATIVE_N
};

enum psock_state {
	PSOCK_CLOSED, /* as TCP's CLOSED: fresh, bound, or back from a failure */
	PSOCK_CONNECTING,
	PSOCK_LISTENING,
	PSOCK_OPEN, /* connected; the end is the world's */
	PSOCK_OVER, /* was connected; the end is gone */
	PSOCK_FAILED, /* a connect failed and nobody has been told yet */
};

struct psock {
	struct supervisor *sup;
	uint64_t cookie, inode; /* of A */
	int family;
	enum psock_state state;
	struct wsock *sock;
	struct end *end; /* NULL while A is loose, and when it is over */
	struct loop_watch watch; /* of the end while it is ours: A's close */
	struct list loose; /* A's whose close no end tells */
	struct list waiters;
	pid_t tid; /* who used it last, and by what number */
	int fd;
	unsigned native; /* 1 << NATIVE_...: was set */
	struct timeval native_time[NATIVE_RCVLOWAT];
	int native_number[NATIVE_N]; /* RCVLOWAT, OOBINLINE */
	int err; /* what SO_ERROR tells instead of ECONNRESET; while CLOSED,
		    what a connection that was dissolved left to be told */
	bool dead; /* A's pair is broken: another A must take its place */
	bool told; /* connect() has returned 0 once */
	bool shut_wr, shut_rd;
	bool shut; /* the program has shut both directions down */
	bool named; /* B has a name, which recvfrom would show */
	unsigned pending, tokens; /* listener */
	struct list ready; /* accepted, but not delivered: a signal came */
	int ready_a; /* on that list: A */
	int groups; /* the kernel's socket that is a member for it, or -1 */
	struct list in_ready;
};

/* A notified call that cannot be answered yet. */
enum waiter_kind { WAIT_CONNECT, WAIT_ACCEPT, WAIT_SEND, WAIT_RECEIVE };

struct waiter {
	struct list node; /* of psock->waiters */
	struct list by_task;
	struct psock *psock;
	enum waiter_kind kind;
	uint64_t id;
	pid_t tid;
	int nr;
	uint64_t args[6];
	struct loop_timer timer;
	bool limited; /* by SO_RCVTIMEO or SO_SNDTIMEO */
	struct loop_watch watch; /* SEND and RECEIVE: on a copy of A */
	uint32_t events;
};

/*
 * The result of a call that may not be done twice, kept until the task's next
 * call.  A signal may keep it from the task, which then makes the call again:
 * we are told so (ENOENT) or, in a window of a microsecond, we are not; then
 * the task's stack tells (restart.h).
 */
struct undelivered {
	pid_t tid; /* 0: none */
	int nr;
	uint64_t args[6];
	long result;
	uint64_t until; /* CN_NEVER: it was not delivered; else it may not have
			   been, if the call comes again before */
};

/* One for each task, whose numbers are found by what is left of them; two that
 * share a place are rare, and the later one has it. */
#define SUP_UNDELIVERED 4096
#define SUP_TASK_HASH 256

struct supervisor {
	struct loop *loop;
	struct world *world;
	struct tasks tasks;
	struct gone gone;
	int notify;
	int ask; /* a datagram socket of the programs' network, or -1: they are
		    in ours */
	int twin[2]; /* netns_tcp's, of that network, or -1 */
	struct loop_watch notify_watch;
	struct seccomp_notif *req;
	struct seccomp_notif_resp *resp;
	size_t req_size, resp_size;
	struct cn_pool *pool;
	struct map socks;
	struct list loose;
	unsigned loose_n;
	struct loop_timer sweep;
	struct list waiters[SUP_TASK_HASH];
	struct undelivered undelivered[SUP_UNDELIVERED];
	bool over; /* no supervised task is left */
	bool said_blind, said_foreign;
};

/* ---------------------------------------------------------- the calls -- */

struct call {
	struct supervisor *sup;
	uint64_t id;
	pid_t tid;
	int nr;
	const uint64_t *args; /* a copy */
	struct psock *psock; /* of the first argument; NULL for socket */
	int a; /* a copy of A, closed after the call */
	bool once; /* may not be done twice: remember an undelivered result */
	bool grace; /* and a delivered one that says success, for a moment */
	bool cut_short; /* it waited with a time limit, and comes again */
	bool tells; /* delivered, it tells that connect succeeded */
};

/* What a call may return besides a result or -errno. */
enum {
	CALL_CONTINUE = -100001, /* natively: nothing was decided on it */
	CALL_LATER = -100002, /* a waiter will answer */
	CALL_DONE = -100003, /* answered, or given up */
};

typedef long call_fn(struct call *call);

/* NULL: not one of ours. */
call_fn *call_of(int nr);
long call_socket(struct call *call);

/* call_stream.c: the life of a connection */
call_fn call_bind, call_listen, call_connect, call_accept, call_accept4,
	call_shutdown;
/* call_option.c: names, options, questions */
call_fn call_getsockname, call_getpeername, call_setsockopt, call_getsockopt,
	call_ioctl;
/* The error of a socket, told once: SO_ERROR, or sending and receiving. */
int take_error(struct psock *psock, int a);
/* call_data.c: the rare forms of sending and receiving */
call_fn call_sendto, call_recvfrom, call_sendmsg, call_recvmsg, call_sendmmsg,
	call_recvmmsg;

/* A sendmsg that has neither an address nor flags of interest: natively right,
 * whatever socket it is of. */
bool sendmsg_is_plain(const struct call *call);

/* udp_calls.c: a call on a socket that is not ours. */
long udp_call(struct call *call);

/* Copies a sockaddr in: 0 or -errno; *len is at most sizeof(*addr). */
struct sockaddr_storage;
long copy_addr_in(const struct call *call, uint64_t at, uint64_t len,
		  struct sockaddr_storage *addr);
/* Whether the task may bind the port that is named there. */
bool may_bind(const struct call *call, const struct sockaddr_storage *addr);
/* Copies a value and its length out, as much as the room at len_at allows. */
long copy_out(pid_t tid, uint64_t at, uint64_t len_at, const void *value,
	      uint32_t len);
bool is_nonblocking(int fd);

/* Answers.  0, or -ENOENT when a signal or death took the call away. */
int sup_reply(struct supervisor *sup, uint64_t id, long result);
/* Gives a copy of fd as the result of the call. */
int sup_reply_fd(struct supervisor *sup, uint64_t id, int fd, bool cloexec);
bool sup_is_valid(const struct supervisor *sup, uint64_t id);
void sup_remember(struct supervisor *sup, pid_t tid, int nr,
		  const uint64_t args[6], long result, bool delivered);
/* Takes what the world has to tell. */
void sup_world_events(struct supervisor *sup);
/* One line on standard error, "catenet: " before it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ------------------------------------------------------------- psock.c -- */

void psocks_init(struct supervisor *sup);
void psocks_deinit(struct supervisor *sup);
struct psock *psock_find(struct supervisor *sup, uint64_t cookie);
/* Makes one for a and the world's sock; NULL: no memory. */
struct psock *psock_new(struct supervisor *sup, int family, int a);
/* Ends it: nobody holds A any more, or it never reached the program. */
void psock_free(struct psock *psock);
/* Notes that a native option of a has been set. */
void psock_note_native(struct psock *psock, int a, int name);
/* Gives a the native options of psock. */
void psock_set_native(const struct psock *psock, int a);
/* A copy of A, or -1. */
int psock_borrow(struct psock *psock);
/* Gives the psock an end of A, and watches it.  0 or -errno. */
int psock_fill(struct psock *psock, int a);
/* The same where the connection is established already; the psock is open from
 * then on. */
int psock_join(struct psock *psock, int a);
/* Hands its end to the world: octets flow from now on. */
void psock_open(struct psock *psock);
/* Before connect or listen on a broken A: puts a new one in its place. */
int psock_renew(struct call *call);
/* The end is over or given away: A's close is found by looking for it. */
void psock_let_loose(struct psock *psock);
void psock_set_tokens(struct psock *psock, int a);
void psock_connected(struct psock *psock);
void psock_failed(struct psock *psock, int err);
void psock_acceptable(struct psock *psock, unsigned n);
void psock_ended(struct psock *psock, int err, bool gone);
/* Ends what is loose and gone: at most n are looked at. */
void psocks_sweep(struct supervisor *sup, unsigned n);

/* ------------------------------------------------------------ groups.c -- */

/* Whether the option is about multicast: then groups_set and groups_get. */
bool groups_option(const struct psock *psock, int level, int name);
long groups_set(struct psock *psock, int level, int name, const void *value,
		socklen_t len);
long groups_get(struct psock *psock, int level, int name, void *value,
		socklen_t *len);

/* ------------------------------------------------------------ waiter.c -- */

/* timeout in ns, CN_NEVER: none.  CALL_LATER or -ENOMEM. */
long wait_for(struct call *call, enum waiter_kind kind, uint64_t timeout);
/* The same until A has one of events. */
long wait_for_a(struct call *call, enum waiter_kind kind, uint64_t timeout,
		uint32_t events);
/* Answers and frees; as sup_reply. */
int waiter_reply(struct waiter *waiter, long result);
void waiter_free(struct waiter *waiter);
struct waiter *waiter_first(const struct psock *psock, enum waiter_kind kind);
/* Answers all of a kind. */
void waiters_reply(struct psock *psock, enum waiter_kind kind, long result);
/* A task that calls has no other call under way.  True: the one that it had is
 * this one, and was limited. */
bool waiters_drop(const struct call *call);
/* The program's SO_RCVTIMEO or SO_SNDTIMEO, ns. */
uint64_t socket_timeout(int a, int name);

/* Accepts for a waiter or a call: CALL_DONE when the call was answered or is
 * no more, -EAGAIN when there is no connection. */
long accept_one(struct psock *listener, uint64_t id, pid_t tid, int nr,
		const uint64_t args[6]);
/* Tries again what a waiter waits for. */
long send_again(struct waiter *waiter);
long receive_again(struct waiter *waiter);

/* -------------------------------------------------------- supervisor.c -- */

/* listener: as filter_install gave it; it is the supervisor's from now on. */
struct supervisor *sup_new(struct loop *loop, struct world *world, int listener,
			   unsigned without);
void sup_free(struct supervisor *sup);

#endif
