/* SPDX-License-Identifier: MIT */
/*
 * The notifications: one is received, its arguments are copied once, the task
 * is asked whether it still waits, the call is done on the copies, and the
 * answer is given.  A call on a descriptor that is not ours is the kernel's
 * affair (CONTINUE): nothing was decided on it, and were the descriptor
 * exchanged for one of ours meanwhile, the program would only reach an AF_UNIX
 * socket of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catenet/base.h>

#include "run/filter.h"
#include "run/restart.h"
#include "run/run.h"
#include "run/supervisor.h"
#include "run/world/world.h"

/* How soon after its answer a call that comes again is taken for the same where
 * nothing tells whether it is. */
#define RESTART_NS (200 * CN_NS_PER_MS)

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

void say(const char *format, ...)
{
	char line[512];
	va_list args;
	int n = snprintf(line, sizeof(line), "catenet: ");

	va_start(args, format);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, (size_t)n);
}

bool is_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & O_NONBLOCK);
}

/* -------------------------------------------------------------- answers */

static int send_resp(struct supervisor *sup, uint64_t id, long result,
		     uint32_t flags)
{
	struct seccomp_notif_resp *resp = sup->resp;

	memset(resp, 0, sup->resp_size);
	resp->id = id;
	resp->flags = flags;
	if (result < 0)
		resp->error = (int32_t)result;
	else
		resp->val = result;
	return ioctl(sup->notify, SECCOMP_IOCTL_NOTIF_SEND, resp) < 0 ?
		       -ENOENT :
		       0;
}

int sup_reply(struct supervisor *sup, uint64_t id, long result)
{
	return send_resp(sup, id, result, 0);
}

int sup_reply_fd(struct supervisor *sup, uint64_t id, int fd, bool cloexec)
{
	struct seccomp_notif_addfd add = {
		.id = id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int got = ioctl(sup->notify, SECCOMP_IOCTL_NOTIF_ADDFD, &add);

	if (got >= 0)
		return got;
	return errno == EMFILE || errno == ENFILE ? -errno : -ENOENT;
}

bool sup_is_valid(const struct supervisor *sup, uint64_t id)
{
	return ioctl(sup->notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* ---------------------------------------------------------- undelivered */

void sup_remember(struct supervisor *sup, pid_t tid, int nr,
		  const uint64_t args[6], long result, bool delivered)
{
	struct undelivered *one =
		&sup->undelivered[(unsigned)tid % SUP_UNDELIVERED];

	one->tid = tid;
	one->nr = nr;
	memcpy(one->args, args, sizeof(one->args));
	one->result = result;
	one->until = delivered ? loop_refresh(sup->loop) + RESTART_NS :
				 CN_NEVER;
}

/* How many arguments a call has.  What the other registers hold is nobody's, and
 * something else when a program makes the call once more because of EINTR. */
static size_t arguments_of(int nr)
{
	switch (nr) {
	case SYS_listen:
	case SYS_shutdown:
		return 2;
	case SYS_socket:
	case SYS_bind:
	case SYS_accept:
	case SYS_connect:
	case SYS_getsockname:
	case SYS_getpeername:
	case SYS_ioctl:
	case SYS_sendmsg:
	case SYS_recvmsg:
		return 3;
	case SYS_accept4:
	case SYS_sendmmsg:
		return 4;
	case SYS_setsockopt:
	case SYS_getsockopt:
	case SYS_recvmmsg:
		return 5;
	default:
		return 6;
	}
}

static bool is_restart(const struct undelivered *one, const struct call *call)
{
	const size_t n = arguments_of(call->nr);
	enum restart look;

	if (one->nr != call->nr ||
	    memcmp(one->args, call->args, n * sizeof(one->args[0])) != 0)
		return false;
	if (one->until == CN_NEVER && one->result != -EINTR)
		return true;
	look = restart_look(call->tid, call->nr, call->args);
	/* Only the kernel has to be told so: the program has been. */
	if (one->result == -EINTR)
		return look != RESTART_TOLD;
	if (look != RESTART_UNKNOWN)
		return look != RESTART_NO;
	return loop_refresh(call->sup->loop) < one->until;
}

/* True, with the result: the call has been done, but a signal took the task
 * away from its answer. */
static bool was_done(struct supervisor *sup, const struct call *call,
		     long *result)
{
	struct undelivered *one =
		&sup->undelivered[(unsigned)call->tid % SUP_UNDELIVERED];
	bool found;

	if (one->tid != call->tid)
		return false;
	found = is_restart(one, call);
	*result = one->result;
	/* The task has gone on: it is of no use any more. */
	one->tid = 0;
	return found;
}

/* ------------------------------------------------------------- one call */

call_fn *call_of(int nr)
{
	switch (nr) {
	case SYS_bind:
		return call_bind;
	case SYS_listen:
		return call_listen;
	case SYS_accept:
		return call_accept;
	case SYS_accept4:
		return call_accept4;
	case SYS_connect:
		return call_connect;
	case SYS_shutdown:
		return call_shutdown;
	case SYS_getsockname:
		return call_getsockname;
	case SYS_getpeername:
		return call_getpeername;
	case SYS_setsockopt:
		return call_setsockopt;
	case SYS_getsockopt:
		return call_getsockopt;
	case SYS_ioctl:
		return call_ioctl;
	case SYS_sendto:
		return call_sendto;
	case SYS_recvfrom:
		return call_recvfrom;
	case SYS_sendmsg:
		return call_sendmsg;
	case SYS_recvmsg:
		return call_recvmsg;
	case SYS_sendmmsg:
		return call_sendmmsg;
	case SYS_recvmmsg:
		return call_recvmmsg;
	default:
		return NULL;
	}
}

/* Another ABI's calls cannot be told from one another here: the program ends,
 * rather than reach the network past us. */
static void refuse_foreign(struct supervisor *sup, const struct call *call)
{
	const pid_t pid = task_process(call->tid);
	char name[32];

	if (!sup_is_valid(sup, call->id) || pid <= 0)
		return;
	task_name(call->tid, name, sizeof(name));
	if (!sup->said_foreign)
		say("%s (process %d) makes system calls of another ABI "
		    "(32-bit?), which catenet run cannot carry; it is ended",
		    name, (int)pid);
	sup->said_foreign = true;
	(void)kill(pid, SIGKILL);
}

static bool is_known_as(const struct supervisor *sup, pid_t tid, int fd);

/*
 * The task does not let itself be looked into (it is not dumpable, and we are
 * not root).  Its Unix sockets and datagrams are natively right; a TCP socket
 * of ours, as far as one can tell by its number, is refused.
 */
static long call_blind(struct call *call)
{
	struct supervisor *sup = call->sup;
	char name[32];

	if (!is_known_as(sup, call->tid, (int)call->args[0]))
		return CALL_CONTINUE;
	if (!sup->said_blind) {
		task_name(call->tid, name, sizeof(name));
		say("%s (process %d) has made itself unreadable "
		    "(PR_SET_DUMPABLE): its TCP calls fail; run catenet as "
		    "root for it",
		    name, (int)call->tid);
	}
	sup->said_blind = true;
	return -EPERM;
}

struct known_as {
	pid_t tid, pid;
	int fd;
	bool found;
};

static void compare_one(void *object, void *ctx)
{
	const struct psock *psock = object;
	struct known_as *known = ctx;

	if (psock->fd == known->fd && (psock->tid == known->tid ||
				       task_process(psock->tid) == known->pid))
		known->found = true;
}

static bool is_known_as(const struct supervisor *sup, pid_t tid, int fd)
{
	struct known_as known = {
		.tid = tid, .pid = task_process(tid), .fd = fd};

	map_each((struct map *)&sup->socks, compare_one, &known);
	return known.found;
}

static long do_call(struct call *call)
{
	struct supervisor *sup = call->sup;
	call_fn *fn = call_of(call->nr);
	long result;

	if (was_done(sup, call, &result)) {
		call->once = true; /* this answer may be lost as well */
		call->grace = true;
		return result;
	}
	if (call->nr == SYS_socket)
		return call_socket(call);
	if (!fn || (call->nr == SYS_sendmsg && sendmsg_is_plain(call)))
		return CALL_CONTINUE;
	call->a = task_getfd(&sup->tasks, call->tid, (int)call->args[0]);
	if (call->a == -EPERM || call->a == -EACCES)
		return call_blind(call);
	if (call->a < 0)
		return CALL_CONTINUE;
	call->psock = psock_find(sup, fd_cookie(call->a));
	if (!call->psock)
		return udp_call(call);
	/* All that is looked at from here on is of this task. */
	if (!sup_is_valid(sup, call->id))
		return CALL_DONE;
	call->psock->tid = call->tid;
	call->psock->fd = (int)call->args[0];
	return fn(call);
}

static void answer(struct call *call, long result)
{
	struct supervisor *sup = call->sup;
	int err;

	if (result == CALL_LATER || result == CALL_DONE)
		return;
	if (result == CALL_CONTINUE) {
		(void)send_resp(sup, call->id, 0,
				SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		return;
	}
	err = sup_reply(sup, call->id, result);
	if (err == 0 && call->tells)
		call->psock->told = true;
	if ((call->once && err < 0) || (call->grace && result == 0))
		sup_remember(sup, call->tid, call->nr, call->args, result,
			     err == 0);
}

static void on_notify(void *ctx, uint32_t events)
{
	struct supervisor *sup = ctx;
	uint64_t args[6];
	struct call call = {.sup = sup, .args = args, .a = -1};

	if (!(events & EPOLLIN)) {
		if (events & (EPOLLHUP | EPOLLERR)) {
			loop_unwatch(sup->loop, &sup->notify_watch);
			sup->over = true;
		}
		return;
	}
	memset(sup->req, 0, sup->req_size);
	if (ioctl(sup->notify, SECCOMP_IOCTL_NOTIF_RECV, sup->req) < 0)
		return; /* a signal took it away */
	call.id = sup->req->id;
	call.tid = (pid_t)sup->req->pid;
	call.nr = sup->req->data.nr;
	for (int i = 0; i < 6; i++)
		args[i] = sup->req->data.args[i];
	if (sup->req->data.arch != FILTER_ARCH) {
		refuse_foreign(sup, &call);
		return;
	}
	/* An end that the world has freed is not looked at any more. */
	sup_world_events(sup);
	call.cut_short = waiters_drop(&call);
	answer(&call, do_call(&call));
	if (call.a >= 0)
		close(call.a);
	sup_world_events(sup);
}

void sup_world_events(struct supervisor *sup)
{
	struct world_event event;

	while (world_event(sup->world, &event)) {
		struct psock *psock = event.tag;

		switch (event.kind) {
		case WORLD_CONNECTED:
			psock_connected(psock);
			break;
		case WORLD_FAILED:
			psock_failed(psock, event.err);
			break;
		case WORLD_ACCEPTABLE:
			psock_acceptable(psock, event.n);
			break;
		case WORLD_ENDED:
			psock_ended(psock, event.err, event.gone);
			break;
		}
	}
}

/* ---------------------------------------------------------------- whole */

static bool take_sizes(struct supervisor *sup)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return false;
	sup->req_size = sizes.seccomp_notif > sizeof(*sup->req) ?
				sizes.seccomp_notif :
				sizeof(*sup->req);
	sup->resp_size = sizes.seccomp_notif_resp > sizeof(*sup->resp) ?
				 sizes.seccomp_notif_resp :
				 sizeof(*sup->resp);
	sup->req = calloc(1, sup->req_size);
	sup->resp = calloc(1, sup->resp_size);
	return sup->req && sup->resp;
}

struct supervisor *sup_new(struct loop *loop, struct world *world, int listener,
			   unsigned without)
{
	struct supervisor *sup = calloc(1, sizeof(*sup));

	if (!sup)
		return NULL;
	sup->loop = loop;
	sup->world = world;
	sup->notify = listener;
	sup->ask = -1;
	sup->twin[0] = -1;
	sup->twin[1] = -1;
	psocks_init(sup);
	for (int i = 0; i < SUP_TASK_HASH; i++)
		list_init(&sup->waiters[i]);
	tasks_init(&sup->tasks, without & RUN_WITHOUT_PIDFD_THREAD);
	gone_init(&sup->gone, without & RUN_WITHOUT_UNIX_DIAG);
	sup->notify_watch.ready = on_notify;
	sup->notify_watch.ctx = sup;
	sup->notify_watch.fd = listener;
	/* What the programs wrote and closed before a call comes before it. */
	sup->notify_watch.last = true;
	if (!take_sizes(sup) ||
	    loop_watch(loop, &sup->notify_watch, EPOLLIN) < 0) {
		sup_free(sup);
		return NULL;
	}
	/* The task is woken on our processor: it is we who sleep next. */
	if (!(without & RUN_WITHOUT_SYNC_WAKE_UP))
		(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
			    SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return sup;
}

void sup_free(struct supervisor *sup)
{
	if (!sup)
		return;
	psocks_deinit(sup);
	loop_unwatch(sup->loop, &sup->notify_watch);
	close(sup->notify);
	if (sup->ask >= 0)
		close(sup->ask);
	for (int i = 0; i < 2; i++) {
		if (sup->twin[i] >= 0)
			close(sup->twin[i]);
	}
	tasks_deinit(&sup->tasks);
	gone_deinit(&sup->gone);
	free(sup->req);
	free(sup->resp);
	free(sup);
}
