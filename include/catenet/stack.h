/* SPDX-License-Identifier: MIT */
/*
 * catenet/stack.h - a whole stack for a program to link: a host, the links
 * that carry its packets, a clock and a thread that keeps it going, under one
 * lock.  The calls of catenet/posix.h make sockets on it.
 *
 * Functions return 0 (or a number) on success, else -1 and errno, unless they
 * say otherwise.  All are safe to call from any thread.
 */
#ifndef CATENET_STACK_H
#define CATENET_STACK_H

#include <catenet/host.h>
#include <catenet/link.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cn_stack;

struct cn_stack_config {
	/* Copied; NULL: every setting at its default.  seed is filled from the
	 * system where settings->seeded is false; pool is the stack's own. */
	const struct cn_settings *settings;
	/*
	 * Shares clock, thread and lock with that stack.  Only such stacks can
	 * be joined by a memory link; and only descriptors of such stacks can
	 * be waited for by one cn_poll, cn_select or epoll instance.
	 */
	struct cn_stack *with;
	/*
	 * No thread and no real clock: time stands still while any thread that
	 * uses the stack runs, and passes at once to the next instant at which
	 * something happens when all of them wait.  A wait of a minute takes
	 * no time.  A wait that nothing can end fails with EDEADLK.  Ignored
	 * where with is given.
	 */
	bool virtual_clock;
	/* A send on a connection that cannot send any more also raises SIGPIPE
	 * in the calling thread, as in Linux, unless MSG_NOSIGNAL is given.
	 * Without it such a send fails with EPIPE and no more. */
	bool sigpipe;
};

/* config may be NULL.  The stack has 127.0.0.0/8 and ::1 and no other address
 * until a link brings some. */
CN_API int cn_stack_new(const struct cn_stack_config *config,
			struct cn_stack **stack) CN_MUST_CHECK;
/*
 * As if the machine were switched off: connections end without a word, and
 * calls on descriptors of the stack fail with ENETDOWN, also those that wait
 * now.  The descriptors remain to be closed.
 */
CN_API void cn_stack_free(struct cn_stack *stack);

/* ------------------------------------------------------------- links -- */

/* A link in memory between two stacks of which one was made with the other.
 */
struct cn_join {
	uint32_t mtu; /* of IP packets; 0: 1500 */
	/* From the first stack to the second, and back.  Chance is drawn anew
	 * each time; on a virtual clock it is the same in every run. */
	struct cn_impair impair[2];
	/* Rules of docs/drop.md for either way, or NULL. */
	const char *drop[2];
	/* What either end is called there: "10.0.0.1/24", or several,
	 * separated by spaces; NULL: cn_stack_addr will tell. */
	const char *addr[2];
};

/* Numbers of the link in both stacks to link[0] and link[1] (may be NULL).
 * EINVAL: a is not with b, or a value is out of range. */
CN_API int cn_stack_join(struct cn_stack *a, struct cn_stack *b,
			 const struct cn_join *join, int link[2]);
/* Changes the impairment of the link, seen from the stack: of what it sends
 * there. */
CN_API int cn_stack_impair(struct cn_stack *stack, int link,
			   const struct cn_impair *impair);
/*
 * A TUN interface of that name, as cn_tun_open: returns the number of the
 * link.  On failure errno, and in why (size octets, may be NULL) what would
 * cure it.  EINVAL: the clock is virtual.
 */
CN_API int cn_stack_tun(struct cn_stack *stack, const char *name, char *why,
			size_t size);
/* An address with its prefix length on that link, "10.9.0.2/24" or
 * "fd00::2/64"; or several, separated by spaces. */
CN_API int cn_stack_addr(struct cn_stack *stack, int link, const char *addr);
/* The way to a prefix, "0.0.0.0/0" for all of IPv4, is that link. */
CN_API int cn_stack_route(struct cn_stack *stack, int link, const char *prefix);

/* -------------------------------------------------------------- time -- */

/* What the stack's clock says, ns; a virtual one does not begin at 0. */
CN_API uint64_t cn_stack_now(struct cn_stack *stack);
/* Waits so long, by the stack's clock.  EINTR as nanosleep. */
CN_API int cn_stack_sleep(struct cn_stack *stack, uint64_t ns);
/*
 * Of a virtual clock: so many more threads (fewer, when negative) use the
 * stack and must wait before time passes.  At first there is one.  Count a
 * thread before it is started, and take it off as the last thing it does.
 */
CN_API void cn_stack_threads(struct cn_stack *stack, int more);

/* ------------------------------------------------------------- inside -- */

/*
 * The host itself, locked: for cn_host_each, cn_host_counters and other looks.
 * The thread must not call anything else of catenet/stack.h and
 * catenet/posix.h until it has given the host back.
 */
CN_API struct cn_host *cn_stack_lock(struct cn_stack *stack);
CN_API void cn_stack_unlock(struct cn_stack *stack);

#ifdef __cplusplus
}
#endif

#endif
