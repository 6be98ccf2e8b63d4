/* SPDX-License-Identifier: MIT */
/*
 * The sockets of programs: their table, their A's, and what the world's events
 * make of them.  A change is complete before anyone is told of it: the program
 * runs on another processor and looks at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catenet/base.h>

#include "link/heap.h"
#include "run/interest.h"
#include "run/supervisor.h"
#include "run/world/end.h"
#include "run/world/world.h"

/* Tokens in A at most: more would not wake anyone earlier. */
#define TOKENS_MAX 64
#define SWEEP_NS CN_NS_PER_SEC
#define SWEEP_N 64

static uint32_t hash_of(uint64_t cookie)
{
	return (uint32_t)((cookie * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static bool is_cookie(const void *object, const void *key)
{
	const struct psock *psock = object;

	return psock->cookie == *(const uint64_t *)key;
}

struct psock *psock_find(struct supervisor *sup, uint64_t cookie)
{
	return map_find(&sup->socks, hash_of(cookie), is_cookie, &cookie);
}

/* ----------------------------------------------- A's that are on their own */

static void sweep_later(struct supervisor *sup)
{
	if (!sup->sweep.place && !list_is_empty(&sup->loose))
		(void)loop_at(sup->loop, &sup->sweep,
			      loop_now(sup->loop) + SWEEP_NS);
}

void psock_let_loose(struct psock *psock)
{
	struct supervisor *sup = psock->sup;

	if (list_is_linked(&psock->loose))
		return;
	list_add_tail(&sup->loose, &psock->loose);
	sup->loose_n++;
	sweep_later(sup);
}

static void hold(struct psock *psock)
{
	if (!list_is_linked(&psock->loose))
		return;
	list_del(&psock->loose);
	psock->sup->loose_n--;
}

void psocks_sweep(struct supervisor *sup, unsigned n)
{
	if (n > sup->loose_n)
		n = sup->loose_n;
	gone_begin(&sup->gone);
	while (n-- > 0) {
		struct psock *psock = CN_CONTAINER(list_first(&sup->loose),
						   struct psock, loose);

		/* Behind the others: a round robin. */
		list_del(&psock->loose);
		list_add_tail(&sup->loose, &psock->loose);
		if (gone_check(&sup->gone, psock->inode, psock->cookie))
			psock_free(psock);
	}
	gone_end(&sup->gone);
}

static void on_sweep(void *ctx, uint64_t now)
{
	struct supervisor *sup = ctx;

	(void)now;
	psocks_sweep(sup, SWEEP_N);
	sweep_later(sup);
}

/* --------------------------------------------------------------- A and B */

int psock_borrow(struct psock *psock)
{
	struct tasks *tasks = &psock->sup->tasks;
	int a = task_getfd(tasks, psock->tid, psock->fd);

	if (a >= 0 && fd_cookie(a) == psock->cookie)
		return a;
	if (a >= 0)
		close(a);
	return task_find_socket(tasks, psock->inode);
}

static int borrow(void *ctx)
{
	return psock_borrow(ctx);
}

static void unwatch(struct psock *psock)
{
	loop_unwatch(psock->sup->loop, &psock->watch);
}

/* While the end is ours, B has nothing for us but A's close. */
static void on_end(void *ctx, uint32_t events)
{
	struct psock *psock = ctx;

	if (events & (EPOLLHUP | EPOLLERR))
		psock_free(psock);
}

static void watch(struct psock *psock)
{
	psock->watch.ready = on_end;
	psock->watch.ctx = psock;
	psock->watch.fd = psock->end->fd;
	(void)loop_watch(psock->sup->loop, &psock->watch, 0);
}

static int take_end(struct psock *psock, struct end *end)
{
	if (!end)
		return errno == EMFILE || errno == ENFILE ? -errno : -ENOBUFS;
	psock->end = end;
	psock->named = true;
	hold(psock);
	return 0;
}

int psock_fill(struct psock *psock, int a)
{
	int err;

	if (psock->end)
		return 0;
	err = take_end(psock, end_fill(a));
	if (err == 0)
		watch(psock);
	return err;
}

static bool is_held(void *ctx)
{
	const struct psock *psock = ctx;

	return gone_is_held(&psock->sup->gone, psock->inode, psock->cookie);
}

void psock_open(struct psock *psock)
{
	psock->end->borrow = borrow;
	psock->end->is_held = is_held;
	psock->end->ctx = psock;
	psock->state = PSOCK_OPEN;
	world_attach(psock->sock, psock->end);
}

int psock_join(struct psock *psock, int a)
{
	int err = take_end(psock, end_join(a));

	if (err == 0)
		psock_open(psock);
	return err;
}

static void drop_end(struct psock *psock)
{
	unwatch(psock);
	end_fail(psock->end);
	psock->end = NULL;
	psock->dead = true;
	psock_let_loose(psock);
}

static bool identify(struct psock *psock, int a)
{
	struct stat st;

	psock->cookie = fd_cookie(a);
	if (psock->cookie == 0 || fstat(a, &st) < 0)
		return false;
	psock->inode = st.st_ino;
	return map_insert(&psock->sup->socks, hash_of(psock->cookie), psock) ==
	       CN_OK;
}

struct psock *psock_new(struct supervisor *sup, int family, int a)
{
	struct psock *psock = calloc(1, sizeof(*psock));

	if (!psock)
		return NULL;
	psock->sup = sup;
	psock->family = family;
	psock->fd = -1;
	psock->ready_a = -1;
	psock->groups = -1;
	list_init(&psock->loose);
	list_init(&psock->waiters);
	list_init(&psock->ready);
	list_init(&psock->in_ready);
	if (!identify(psock, a)) {
		free(psock);
		return NULL;
	}
	return psock;
}

void psock_free(struct psock *psock)
{
	struct supervisor *sup = psock->sup;
	struct list *node;

	while ((node = list_first(&psock->waiters)))
		waiter_reply(CN_CONTAINER(node, struct waiter, node), -EBADF);
	while ((node = list_first(&psock->ready)))
		psock_free(CN_CONTAINER(node, struct psock, in_ready));
	list_del(&psock->in_ready);
	hold(psock);
	unwatch(psock);
	if (psock->end && psock->state != PSOCK_OPEN)
		end_fail(psock->end);
	if (psock->sock)
		world_close(psock->sock, false);
	if (psock->ready_a >= 0)
		close(psock->ready_a);
	if (psock->groups >= 0)
		close(psock->groups);
	(void)map_remove(&sup->socks, hash_of(psock->cookie), psock);
	free(psock);
}

static int native_of(int name)
{
	switch (name) {
	case SO_RCVTIMEO:
		return NATIVE_RCVTIMEO;
	case SO_SNDTIMEO:
		return NATIVE_SNDTIMEO;
	case SO_RCVLOWAT:
		return NATIVE_RCVLOWAT;
	case SO_OOBINLINE:
		return NATIVE_OOBINLINE;
	default:
		return -1;
	}
}

static const int native_name[NATIVE_N] = {SO_RCVTIMEO, SO_SNDTIMEO, SO_RCVLOWAT,
					  SO_OOBINLINE};

void psock_note_native(struct psock *psock, int a, int name)
{
	const int which = native_of(name);
	socklen_t len = sizeof(struct timeval);

	if (which < 0)
		return;
	psock->native |= 1u << which;
	if (which < NATIVE_RCVLOWAT) {
		(void)getsockopt(a, SOL_SOCKET, name,
				 &psock->native_time[which], &len);
		return;
	}
	len = sizeof(int);
	(void)getsockopt(a, SOL_SOCKET, name, &psock->native_number[which],
			 &len);
}

void psock_set_native(const struct psock *psock, int a)
{
	for (int i = 0; psock->native >> i != 0; i++) {
		if (!(psock->native >> i & 1))
			continue;
		if (i < NATIVE_RCVLOWAT)
			(void)setsockopt(a, SOL_SOCKET, native_name[i],
					 &psock->native_time[i],
					 sizeof(psock->native_time[i]));
		else
			(void)setsockopt(a, SOL_SOCKET, native_name[i],
					 &psock->native_number[i],
					 sizeof(psock->native_number[i]));
	}
}

/*
 * AF_UNIX cannot be disconnected: the calling task gets a new A at the same
 * number, and its epoll instances hear of the new one.  Copies under other
 * numbers stay broken (docs/limits.md).
 */
int psock_renew(struct call *call)
{
	struct psock *psock = call->psock;
	struct supervisor *sup = call->sup;
	const uint64_t old = psock->cookie, old_inode = psock->inode;
	struct seccomp_notif_addfd add = {
		.id = call->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.newfd = (uint32_t)call->args[0],
		.newfd_flags = task_is_cloexec(call->tid, (int)call->args[0]) ?
				       O_CLOEXEC :
				       0,
	};
	int a = end_fresh();

	if (a < 0)
		return a;
	(void)fcntl(a, F_SETFL, fcntl(call->a, F_GETFL));
	psock_set_native(psock, a);
	add.srcfd = (uint32_t)a;
	/* Under both for a moment: nothing that fails loses it. */
	if (!identify(psock, a) ||
	    ioctl(sup->notify, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0) {
		(void)map_remove(&sup->socks, hash_of(psock->cookie), psock);
		psock->cookie = old;
		psock->inode = old_inode;
		close(a);
		return -ENOBUFS;
	}
	(void)map_remove(&sup->socks, hash_of(old), psock);
	interest_move(&sup->tasks, call->tid, old_inode, call->a, a);
	close(call->a);
	call->a = a;
	world_set_inode(psock->sock, psock->inode);
	psock->dead = false;
	psock->named = false;
	psock->told = false;
	psock->shut_wr = false;
	psock->shut_rd = false;
	psock->shut = false;
	return 0;
}

/* --------------------------------------------------------------- events */

void psock_connected(struct psock *psock)
{
	struct waiter *waiter;
	int a;

	if (psock->state != PSOCK_CONNECTING)
		return;
	a = psock_borrow(psock);
	unwatch(psock);
	end_open(psock->end, a);
	if (a >= 0)
		close(a);
	psock_open(psock);
	while ((waiter = waiter_first(psock, WAIT_CONNECT))) {
		if (waiter_reply(waiter, 0) == 0)
			psock->told = true;
	}
}

/*
 * Who waited in connect has a socket as it was before: it polls OUT and HUP,
 * and reading from it does not wait.  Without that the old A stays, which the
 * next connect takes; so it does where another thread has closed the number
 * meanwhile, which may stand for something else now.
 */
static void renew_for(const struct waiter *waiter)
{
	struct psock *psock = waiter->psock;
	struct end *end = psock->end;
	struct call call = {
		.sup = psock->sup,
		.id = waiter->id,
		.tid = waiter->tid,
		.nr = waiter->nr,
		.args = waiter->args,
		.psock = psock,
		.a = task_getfd(&psock->sup->tasks, waiter->tid,
				(int)waiter->args[0]),
	};

	if (call.a < 0)
		return;
	/* No end: it was renewed for another, who did not hear of it. */
	if (!end || fd_cookie(call.a) != psock->cookie) {
		close(call.a);
		return;
	}
	if (psock_renew(&call) == 0) {
		unwatch(psock);
		end_fail(end);
		psock->end = NULL;
		psock_let_loose(psock);
	}
	close(call.a);
}

/*
 * A blocking connect tells its error itself and leaves the socket as it was.
 * Otherwise A shows it, and SO_ERROR or the next connect tells.
 */
void psock_failed(struct psock *psock, int err)
{
	struct waiter *waiter;
	bool told = false;

	/* It may have come too late: there was no descriptor for the end. */
	if (psock->state != PSOCK_CONNECTING)
		return;
	psock->state = PSOCK_CLOSED;
	while ((waiter = waiter_first(psock, WAIT_CONNECT))) {
		if (!told)
			renew_for(waiter);
		if (waiter_reply(waiter, told ? -ECONNABORTED : -err) == 0)
			told = true;
	}
	if (told)
		return;
	psock->state = PSOCK_FAILED;
	psock->err = err;
	/* None where a signal came between the new A and the answer. */
	if (psock->end)
		drop_end(psock);
}

/* A token for each connection that no waiter takes; a is needed to take some
 * away, -1: it is borrowed. */
void psock_set_tokens(struct psock *psock, int a)
{
	unsigned want = psock->pending < TOKENS_MAX ? psock->pending :
						      TOKENS_MAX;
	bool borrowed = false;

	if (want == psock->tokens || !psock->end)
		return;
	if (want < psock->tokens && a < 0) {
		a = psock_borrow(psock);
		borrowed = a >= 0;
	}
	end_tokens(psock->end, a, psock->tokens, want);
	if (want > psock->tokens || a >= 0)
		psock->tokens = want;
	if (borrowed)
		close(a);
}

void psock_acceptable(struct psock *psock, unsigned n)
{
	struct waiter *waiter;

	if (psock->state != PSOCK_LISTENING)
		return;
	psock->pending = n;
	for (struct list *node = psock->ready.next; node != &psock->ready;
	     node = node->next)
		psock->pending++;
	while (psock->pending > 0 &&
	       (waiter = waiter_first(psock, WAIT_ACCEPT))) {
		long result;

		/* A signal took it away: where the peer's name was to be
		 * written may be something else by now. */
		if (!sup_is_valid(psock->sup, waiter->id)) {
			waiter_reply(waiter, -EINTR);
			continue;
		}
		result = accept_one(psock, waiter->id, waiter->tid, waiter->nr,
				    waiter->args);
		if (result == -EAGAIN)
			break;
		if (result == CALL_DONE)
			waiter_free(waiter);
		else
			waiter_reply(waiter, result);
	}
	psock_set_tokens(psock, -1);
}

void psock_ended(struct psock *psock, int err, bool gone)
{
	psock->end = NULL;
	psock->state = PSOCK_OVER;
	psock->dead = true;
	if (err)
		psock->err = err;
	/* After SHUT_RDWR the program may hold A yet. */
	if (gone && !psock->shut)
		psock_free(psock);
	else
		psock_let_loose(psock);
}

/* ---------------------------------------------------------------- memory */

void psocks_init(struct supervisor *sup)
{
	sup->pool = cn_pool_new(&heap_memory);
	map_init(&sup->socks, sup->pool);
	list_init(&sup->loose);
	sup->sweep.fire = on_sweep;
	sup->sweep.ctx = sup;
}

static void free_one(void *object, void *ctx)
{
	(void)ctx;
	psock_free(object);
}

void psocks_deinit(struct supervisor *sup)
{
	map_each(&sup->socks, free_one, NULL);
	loop_cancel(sup->loop, &sup->sweep);
	map_deinit(&sup->socks);
	cn_pool_free(sup->pool);
}
