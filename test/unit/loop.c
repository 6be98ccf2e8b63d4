/* SPDX-License-Identifier: MIT */
/* The real loop: descriptors, instants, and changes made by callbacks in the
 * middle of a round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catenet/base.h>

#include "loop/loop.h"

#define MS CN_NS_PER_MS
#define N 3

struct bench {
	struct loop *loop;
	int fd[N][2];
	struct loop_watch watch[N];
	struct loop_timer timer[N];
	uint32_t events[N]; /* last seen */
	unsigned called;
	unsigned order[8];
	unsigned fired;
};

static void setup_bench(struct bench *bench)
{
	unsigned i;

	memset(bench, 0, sizeof(*bench));
	bench->loop = loop_new();
	assert_non_null(bench->loop);
	for (i = 0; i < N; i++) {
		assert_int_equal(
			socketpair(AF_UNIX, SOCK_STREAM, 0, bench->fd[i]), 0);
		bench->watch[i].fd = bench->fd[i][0];
		bench->watch[i].ctx = bench;
		bench->timer[i].ctx = bench;
	}
}

static void teardown_bench(struct bench *bench)
{
	unsigned i;

	loop_free(bench->loop);
	for (i = 0; i < N; i++) {
		close(bench->fd[i][0]);
		close(bench->fd[i][1]);
	}
}

static void ready_0(void *ctx, uint32_t events)
{
	struct bench *bench = ctx;

	bench->events[0] = events;
	bench->called++;
}

static void ready_1(void *ctx, uint32_t events)
{
	struct bench *bench = ctx;

	bench->events[1] = events;
	bench->called++;
}

static void readiness_is_told_as_wanted(void **state)
{
	struct bench b;

	(void)state;
	setup_bench(&b);
	b.watch[0].ready = ready_0;
	b.watch[1].ready = ready_1;
	assert_int_equal(loop_watch(b.loop, &b.watch[0], EPOLLIN), 0);
	assert_int_equal(loop_watch(b.loop, &b.watch[1], EPOLLOUT), 0);
	assert_int_equal(write(b.fd[0][1], "x", 1), 1);
	assert_int_equal(loop_round(b.loop, CN_NEVER), 0);
	assert_int_equal(b.events[0], EPOLLIN);
	assert_int_equal(b.events[1], EPOLLOUT);
	assert_int_equal(loop_watch(b.loop, &b.watch[0], 0), 0);
	assert_int_equal(loop_round(b.loop, 0), 0);
	assert_int_equal(b.called, 3);
	teardown_bench(&b);
}

static void hang_up_is_told_unasked(void **state)
{
	struct bench b;

	(void)state;
	setup_bench(&b);
	b.watch[0].ready = ready_0;
	assert_int_equal(loop_watch(b.loop, &b.watch[0], 0), 0);
	assert_int_equal(shutdown(b.fd[0][1], SHUT_RDWR), 0);
	assert_int_equal(loop_round(b.loop, CN_NEVER), 0);
	assert_int_equal(b.events[0], EPOLLHUP);
	teardown_bench(&b);
}

static void remove_all(void *ctx, uint32_t events)
{
	struct bench *b = ctx;
	unsigned i;

	(void)events;
	b->called++;
	for (i = 0; i < N; i++)
		loop_unwatch(b->loop, &b->watch[i]);
	/* As if freed: nothing may look at them any more. */
	memset(b->watch, 0xee, sizeof(b->watch));
}

static void removed_watch_is_not_called_in_the_same_round(void **state)
{
	struct bench b;
	unsigned i;

	(void)state;
	setup_bench(&b);
	for (i = 0; i < N; i++) {
		b.watch[i].ready = remove_all;
		assert_int_equal(loop_watch(b.loop, &b.watch[i], EPOLLOUT), 0);
	}
	assert_int_equal(loop_round(b.loop, CN_NEVER), 0);
	assert_int_equal(loop_round(b.loop, 0), 0);
	assert_int_equal(b.called, 1);
	teardown_bench(&b);
}

static void what_cannot_be_watched_is_an_error(void **state)
{
	struct loop_watch one = {.ready = ready_0, .fd = -1};
	struct bench b;

	(void)state;
	setup_bench(&b);
	assert_int_equal(loop_watch(b.loop, &one, EPOLLIN), -EBADF);
	loop_unwatch(b.loop, &one);
	teardown_bench(&b);
}

static void fire(struct bench *b, unsigned i)
{
	b->order[b->fired++] = i;
}

static void fire_0(void *ctx, uint64_t now)
{
	(void)now;
	fire(ctx, 0);
}

static void fire_1(void *ctx, uint64_t now)
{
	(void)now;
	fire(ctx, 1);
}

static void fire_2(void *ctx, uint64_t now)
{
	(void)now;
	fire(ctx, 2);
}

static void set_timers(struct bench *b, uint64_t at0, uint64_t at1,
		       uint64_t at2)
{
	b->timer[0].fire = fire_0;
	b->timer[1].fire = fire_1;
	b->timer[2].fire = fire_2;
	assert_int_equal(loop_at(b->loop, &b->timer[0], at0), 0);
	assert_int_equal(loop_at(b->loop, &b->timer[1], at1), 0);
	assert_int_equal(loop_at(b->loop, &b->timer[2], at2), 0);
}

static void timers_fire_in_order_and_never_early(void **state)
{
	struct bench b;
	uint64_t start;

	(void)state;
	setup_bench(&b);
	start = loop_refresh(b.loop);
	set_timers(&b, start + 30 * MS, start + 10 * MS, start + 20 * MS);
	while (b.fired < 3) {
		unsigned before = b.fired;

		assert_int_equal(loop_round(b.loop, CN_NEVER), 0);
		if (b.fired > before)
			assert_true(loop_now(b.loop) >=
				    start + b.fired * 10 * MS);
	}
	assert_int_equal(b.order[0], 1);
	assert_int_equal(b.order[1], 2);
	assert_int_equal(b.order[2], 0);
	/* a busy machine, not a wrong unit */
	assert_true(loop_now(b.loop) < start + 1000 * MS);
	teardown_bench(&b);
}

static void timer_may_move_and_be_cancelled(void **state)
{
	struct bench b;
	uint64_t start;

	(void)state;
	setup_bench(&b);
	start = loop_refresh(b.loop);
	set_timers(&b, start + 5 * MS, start + 10 * MS, start + 20 * MS);
	assert_int_equal(loop_at(b.loop, &b.timer[0], start + 30 * MS), 0);
	loop_cancel(b.loop, &b.timer[1]);
	loop_cancel(b.loop, &b.timer[1]);
	assert_int_equal(loop_at(b.loop, &b.timer[2], CN_NEVER), 0);
	while (!b.fired)
		assert_int_equal(loop_round(b.loop, CN_NEVER), 0);
	assert_int_equal(b.order[0], 0);
	assert_true(loop_now(b.loop) >= start + 30 * MS);
	assert_int_equal(loop_round(b.loop, 0), 0);
	assert_int_equal(b.fired, 1);
	teardown_bench(&b);
}

static void set_again(void *ctx, uint64_t now)
{
	struct bench *b = ctx;

	fire(b, 0);
	assert_int_equal(loop_at(b->loop, &b->timer[0], now), 0);
	loop_cancel(b->loop, &b->timer[1]);
}

/* One that is due at once again does not keep descriptors waiting, and one
 * that is cancelled in the same round does not fire. */
static void timer_set_anew_waits_for_the_next_round(void **state)
{
	struct bench b;
	uint64_t now;

	(void)state;
	setup_bench(&b);
	now = loop_refresh(b.loop);
	set_timers(&b, now - 2, now - 1, CN_NEVER);
	b.timer[0].fire = set_again;
	assert_int_equal(loop_round(b.loop, CN_NEVER), 0);
	assert_int_equal(b.fired, 1);
	assert_int_equal(loop_round(b.loop, CN_NEVER), 0);
	assert_int_equal(b.fired, 2);
	teardown_bench(&b);
}

static void round_waits_no_longer_than_asked(void **state)
{
	struct bench b;
	uint64_t start;

	(void)state;
	setup_bench(&b);
	start = loop_refresh(b.loop);
	assert_int_equal(loop_round(b.loop, start + 10 * MS), 0);
	assert_true(loop_now(b.loop) >= start + 10 * MS);
	assert_true(loop_now(b.loop) < start + 1000 * MS);
	teardown_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readiness_is_told_as_wanted),
		cmocka_unit_test(hang_up_is_told_unasked),
		cmocka_unit_test(removed_watch_is_not_called_in_the_same_round),
		cmocka_unit_test(what_cannot_be_watched_is_an_error),
		cmocka_unit_test(timers_fire_in_order_and_never_early),
		cmocka_unit_test(timer_may_move_and_be_cancelled),
		cmocka_unit_test(timer_set_anew_waits_for_the_next_round),
		cmocka_unit_test(round_waits_no_longer_than_asked),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
