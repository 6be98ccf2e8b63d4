/* SPDX-License-Identifier: MIT */
/* The real loop: descriptors, the deadline, signals, and changes made by
 * callbacks in the middle of a turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"

#define MS UINT64_C(1000000)

struct bench {
	struct loop *loop;
	struct loop_watch watch[3];
	int fd[3][2];
	unsigned ready[3]; /* last seen */
	unsigned called[3];
	unsigned idle;
	int signo;
	uint64_t rang_at;
};

static void setup_bench(struct bench *bench)
{
	unsigned i;

	memset(bench, 0, sizeof(*bench));
	assert_int_equal(loop_new(&bench->loop), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(
			socketpair(AF_UNIX, SOCK_STREAM, 0, bench->fd[i]), 0);
}

static void teardown_bench(struct bench *bench)
{
	unsigned i;

	loop_free(bench->loop);
	for (i = 0; i < 3; i++) {
		close(bench->fd[i][0]);
		if (bench->fd[i][1] >= 0)
			close(bench->fd[i][1]);
	}
}

static void note(struct bench *bench, unsigned i, unsigned ready)
{
	bench->ready[i] = ready;
	bench->called[i]++;
}

static void ready_0(void *ctx, unsigned ready)
{
	note(ctx, 0, ready);
}

static void ready_1(void *ctx, unsigned ready)
{
	note(ctx, 1, ready);
}

static void stop_when_idle(void *ctx)
{
	struct bench *bench = ctx;

	if (bench->idle++)
		loop_stop(bench->loop);
}

static void watch(struct bench *bench, unsigned i, unsigned wanted,
		  void (*ready)(void *ctx, unsigned ready))
{
	assert_int_equal(loop_watch(bench->loop, &bench->watch[i],
				    bench->fd[i][0], wanted, ready, bench),
			 0);
}

static void readiness_is_told_as_wanted(void **state)
{
	struct bench bench;

	(void)state;
	setup_bench(&bench);
	watch(&bench, 0, LOOP_READ, ready_0);
	watch(&bench, 1, LOOP_WRITE, ready_1);
	assert_int_equal(write(bench.fd[0][1], "x", 1), 1);
	assert_int_equal(loop_turn(bench.loop), 0);
	assert_int_equal(bench.ready[0], LOOP_READ);
	assert_int_equal(bench.ready[1], LOOP_WRITE);
	assert_int_equal(loop_want(bench.loop, &bench.watch[0], 0), 0);
	assert_int_equal(loop_turn(bench.loop), 0);
	assert_int_equal(bench.called[0], 1);
	assert_int_equal(bench.called[1], 2);
	teardown_bench(&bench);
}

static void hang_up_is_told_unasked(void **state)
{
	struct bench bench;

	(void)state;
	setup_bench(&bench);
	watch(&bench, 0, 0, ready_0);
	watch(&bench, 1, LOOP_READ_HUP, ready_1);
	close(bench.fd[0][1]);
	bench.fd[0][1] = -1;
	assert_int_equal(shutdown(bench.fd[1][1], SHUT_WR), 0);
	assert_int_equal(loop_turn(bench.loop), 0);
	assert_int_equal(bench.ready[0], LOOP_HUP);
	assert_int_equal(bench.ready[1], LOOP_READ_HUP);
	teardown_bench(&bench);
}

static void ring(void *ctx)
{
	struct bench *bench = ctx;

	if (bench->idle++ == 0)
		return;
	if (loop_now(bench->loop) >= bench->rang_at)
		loop_stop(bench->loop);
}

static void deadline_wakes_on_time_and_never_early(void **state)
{
	struct bench bench;
	uint64_t late;

	(void)state;
	setup_bench(&bench);
	loop_on_idle(bench.loop, ring, &bench);
	bench.rang_at = loop_clock() + 20 * MS;
	loop_set_deadline(bench.loop, bench.rang_at);
	assert_int_equal(loop_run(bench.loop), 0);
	late = loop_clock() - bench.rang_at;
	assert_true(late < 500 * MS); /* a busy machine, not a wrong unit */
	assert_int_equal(bench.idle, 2);
	teardown_bench(&bench);
}

/* Moved away and back: what counts is the last word. */
static void deadline_may_move_both_ways(void **state)
{
	struct bench bench;
	uint64_t start = loop_clock();

	(void)state;
	setup_bench(&bench);
	loop_on_idle(bench.loop, ring, &bench);
	bench.rang_at = start + 40 * MS;
	loop_set_deadline(bench.loop, start + 10 * MS);
	loop_wake(bench.loop);
	assert_int_equal(loop_turn(bench.loop), 0);
	loop_set_deadline(bench.loop, UINT64_MAX);
	loop_set_deadline(bench.loop, bench.rang_at);
	assert_int_equal(loop_run(bench.loop), 0);
	assert_true(loop_clock() >= bench.rang_at);
	/* begin, wake, the early ring at 10 ms, and the one that counts */
	assert_in_range(bench.idle, 2, 5);
	teardown_bench(&bench);
}

static void deadline_in_the_past_does_not_wait(void **state)
{
	struct bench bench;

	(void)state;
	setup_bench(&bench);
	loop_set_deadline(bench.loop, 0);
	assert_int_equal(loop_turn(bench.loop), 0);
	teardown_bench(&bench);
}

static void remove_the_others(void *ctx, unsigned ready)
{
	struct bench *bench = ctx;
	unsigned i;

	(void)ready;
	bench->called[0]++;
	for (i = 0; i < 3; i++)
		loop_unwatch(bench->loop, &bench->watch[i]);
	/* As if freed: nothing may look at them any more. */
	memset(bench->watch, 0xee, sizeof(bench->watch));
}

static void removed_watch_is_not_called_in_the_same_turn(void **state)
{
	struct bench bench;
	unsigned i;

	(void)state;
	setup_bench(&bench);
	for (i = 0; i < 3; i++)
		watch(&bench, i, LOOP_WRITE, remove_the_others);
	assert_int_equal(loop_turn(bench.loop), 0);
	assert_int_equal(bench.called[0], 1);
	loop_set_deadline(bench.loop, 0);
	assert_int_equal(loop_turn(bench.loop), 0);
	assert_int_equal(bench.called[0], 1);
	teardown_bench(&bench);
}

static void caught(void *ctx, int signo)
{
	((struct bench *)ctx)->signo = signo;
}

static void signals_come_in_a_turn(void **state)
{
	struct bench bench;
	sigset_t mask;

	(void)state;
	setup_bench(&bench);
	assert_int_equal(loop_signal(bench.loop, SIGUSR1, caught, &bench), 0);
	assert_int_equal(loop_signal(bench.loop, SIGUSR2, caught, &bench), 0);
	assert_int_equal(kill(getpid(), SIGUSR2), 0);
	assert_int_equal(bench.signo, 0);
	assert_int_equal(loop_turn(bench.loop), 0);
	assert_int_equal(bench.signo, SIGUSR2);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(loop_turn(bench.loop), 0);
	assert_int_equal(bench.signo, SIGUSR1);
	loop_unblock_signals(bench.loop);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGUSR1), 0);
	teardown_bench(&bench);
}

static void idle_comes_after_every_turn(void **state)
{
	struct bench bench;

	(void)state;
	setup_bench(&bench);
	loop_on_idle(bench.loop, stop_when_idle, &bench);
	loop_wake(bench.loop);
	assert_int_equal(loop_run(bench.loop), 0);
	assert_int_equal(bench.idle, 2);
	teardown_bench(&bench);
}

static void what_cannot_be_watched_is_an_error(void **state)
{
	struct loop_watch one = {0};
	struct bench bench;

	(void)state;
	setup_bench(&bench);
	assert_int_equal(loop_watch(bench.loop, &one, -1, LOOP_READ, ready_0,
				    &bench),
			 -EBADF);
	loop_unwatch(bench.loop, &one);
	assert_int_equal(loop_signal(bench.loop, 9999, caught, &bench),
			 -EINVAL);
	teardown_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readiness_is_told_as_wanted),
		cmocka_unit_test(hang_up_is_told_unasked),
		cmocka_unit_test(deadline_wakes_on_time_and_never_early),
		cmocka_unit_test(deadline_may_move_both_ways),
		cmocka_unit_test(deadline_in_the_past_does_not_wait),
		cmocka_unit_test(removed_watch_is_not_called_in_the_same_turn),
		cmocka_unit_test(signals_come_in_a_turn),
		cmocka_unit_test(idle_comes_after_every_turn),
		cmocka_unit_test(what_cannot_be_watched_is_an_error),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
