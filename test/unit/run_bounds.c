/* SPDX-License-Identifier: MIT */
/* Nobody holds up the one thread of a supervisor, nor writes to its terminal:
 * strangers at the listener of its pairs, packets of other kinds, names. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <catenet/base.h>

#include "link/heap.h"
#include "run/netns/side.h"
#include "run/task.h"
#include "run/world/end.h"

/* ------------------------------------------- strangers at the listener -- */

#define STRANGERS 2
#define JOINS 4

static struct {
	struct sockaddr_un addr;
	socklen_t len;
	atomic_bool over;
} hub;

/* A fresh end is joined to a listener of the supervisor's, whose name its peer
 * tells. */
static void learn_name(void)
{
	int a = end_fresh();
	struct end *end = end_join(a);

	assert_non_null(end);
	hub.len = sizeof(hub.addr);
	assert_int_equal(getpeername(a, (struct sockaddr *)&hub.addr, &hub.len),
			 0);
	end_free(end);
	close(a);
}

static void *knock(void *ctx)
{
	while (!atomic_load(&hub.over)) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

		(void)!connect(fd, (struct sockaddr *)&hub.addr, hub.len);
		close(fd);
	}
	return ctx;
}

static void strangers_do_not_hold_up_a_join(void **state)
{
	pthread_t stranger[STRANGERS];
	struct timeval limit = {.tv_sec = 7}, same = {0};
	socklen_t len = sizeof(same);
	unsigned joined = 0;

	(void)state;
	learn_name();
	atomic_store(&hub.over, false);
	for (int i = 0; i < STRANGERS; i++)
		assert_int_equal(
			pthread_create(&stranger[i], NULL, knock, NULL), 0);
	alarm(60);
	for (int i = 0; i < JOINS; i++) {
		int a = end_fresh();
		struct end *end;

		assert_int_equal(setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &limit,
					    sizeof(limit)),
				 0);
		end = end_join(a);
		assert_int_equal(
			getsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &same, &len), 0);
		assert_int_equal(same.tv_sec, limit.tv_sec);
		joined += end != NULL;
		end_free(end);
		close(a);
	}
	atomic_store(&hub.over, true);
	for (int i = 0; i < STRANGERS; i++)
		pthread_join(stranger[i], NULL);
	alarm(0);
	assert_in_range(joined, 1, JOINS);
}

/* ----------------------------------------------- packets of other kinds -- */

static void woken(void *ctx)
{
	++*(unsigned *)ctx;
}

static void other_packets_do_not_hold_up_a_turn(void **state)
{
	const unsigned sent = 200;
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct loop *loop = loop_new();
	struct netns_side side = {.wake = woken};
	struct netns_link link = {.index = 1};
	unsigned wakes = 0, left = 0;
	struct cn_frame frame;
	int pair[2], room = 1 << 20;
	char octet;

	(void)state;
	/* What comes by no packet socket is of no protocol. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
				    pair),
			 0);
	(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	for (unsigned i = 0; i < sent; i++)
		assert_int_equal(send(pair[1], "x", 1, 0), 1);
	side.ctx = &wakes;
	link.fd = pair[0];
	assert_int_equal(netns_side_open(&side, loop, &link), 0);
	side.readable = true;
	assert_false(netns_side_read(&side, pool, &frame));
	assert_int_equal(wakes, 1);
	while (recv(pair[0], &octet, 1, 0) == 1)
		left++;
	assert_in_range(left, 1, sent - 1);
	netns_side_close(&side, loop);
	close(pair[1]);
	loop_free(loop);
	cn_pool_free(pool);
}

/* ---------------------------------------------------------------- names -- */

static void a_name_is_harmless_for_a_terminal(void **state)
{
	char name[32], was[16];

	(void)state;
	assert_int_equal(prctl(PR_GET_NAME, was), 0);
	assert_int_equal(prctl(PR_SET_NAME, "a\033[2J\007b"), 0);
	task_name((pid_t)syscall(SYS_gettid), name, sizeof(name));
	(void)prctl(PR_SET_NAME, was);
	assert_string_equal(name, "a?[2J?b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_do_not_hold_up_a_join),
		cmocka_unit_test(other_packets_do_not_hold_up_a_turn),
		cmocka_unit_test(a_name_is_harmless_for_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
