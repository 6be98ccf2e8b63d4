/* SPDX-License-Identifier: MIT */
/*
 * Sleeping on a futex, and not on a condition variable: a signal then ends the
 * wait by the rules of signal(7), SA_RESTART included, as it would end recv().
 */
#include "lib/wait.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <catenet/base.h>

int wait_sleep(struct waiter *waiter, uint64_t until)
{
	struct timespec ts = {
		.tv_sec = (time_t)(until / CN_NS_PER_SEC),
		.tv_nsec = (long)(until % CN_NS_PER_SEC),
	};

	while (atomic_load(&waiter->end) == WAIT_ON) {
		long rc = syscall(SYS_futex, &waiter->end,
				  FUTEX_WAIT_BITSET_PRIVATE, WAIT_ON,
				  until == CN_NEVER ? NULL : &ts, NULL,
				  FUTEX_BITSET_MATCH_ANY);

		if (rc < 0 && (errno == ETIMEDOUT || errno == EINTR))
			return errno;
	}
	return 0;
}

bool wait_end(struct waiter *waiter, enum wait_end end)
{
	uint32_t on = WAIT_ON;

	if (!atomic_compare_exchange_strong(&waiter->end, &on, (uint32_t)end))
		return false;
	syscall(SYS_futex, &waiter->end, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	return true;
}
