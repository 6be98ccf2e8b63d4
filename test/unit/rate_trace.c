/* SPDX-License-Identifier: MIT */
/* A rate that varies: who may pass when, and files that say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <catenet/link.h>

#include "link/heap.h"
#include "link/rate_trace.h"

#define MS CN_NS_PER_MS
#define START (5 * CN_NS_PER_SEC)

static const uint32_t ms[] = {0, 5, 5, 20};
static const struct cn_rate_trace trace = {ms, 4};

struct rig {
	struct cn_pool *pool;
	struct cn_path *path;
};

static void set_up_by(struct rig *rig, uint32_t queue,
		      const struct cn_rate_trace *by)
{
	struct cn_path_config config = {
		.impair = {.rate_trace = by, .queue = queue}};

	rig->pool = cn_pool_new(&heap_memory);
	config.pool = rig->pool;
	assert_int_equal(cn_path_new(&config, NULL, &rig->path, NULL), CN_OK);
}

static void set_up(struct rig *rig, uint32_t queue)
{
	set_up_by(rig, queue, &trace);
}

static void tear_down(struct rig *rig)
{
	cn_path_free(rig->path);
	cn_pool_free(rig->pool);
}

static void give_packet(struct rig *rig, uint32_t len, uint64_t now)
{
	static const uint8_t octets[3000];
	struct cn_frame frame = {0};

	frame.slice[0] = (struct cn_slice){NULL, octets, len};
	frame.slice_n = 1;
	frame.payload_len = len;
	assert_int_equal(cn_path_send(rig->path, &frame, now), CN_OK);
}

/* The millisecond at which the next one comes. */
static uint64_t next_ms(struct rig *rig)
{
	uint64_t at = cn_path_deadline(rig->path);
	struct cn_frame frame;

	assert_true(at >= START);
	assert_true(cn_path_recv(rig->path, &frame, at));
	cn_frame_release(&frame);
	assert_int_equal(at % MS, 0);
	return (at - START) / MS;
}

static void a_packet_an_opportunity(void **state)
{
	static const uint64_t want[] = {0, 5, 5, 20, 20, 25, 25, 40};
	struct rig rig;

	(void)state;
	set_up(&rig, 100);
	for (int i = 0; i < 8; i++)
		give_packet(&rig, 1500, START);
	for (int i = 0; i < 8; i++)
		assert_int_equal(next_ms(&rig), want[i]);
	tear_down(&rig);
}

static void small_ones_share_a_long_one_takes_two(void **state)
{
	static const uint64_t want[] = {0, 0, 5, 5, 20};
	struct rig rig;

	(void)state;
	set_up(&rig, 100);
	give_packet(&rig, 700, START);
	give_packet(&rig, 800, START);
	give_packet(&rig, 1000, START);
	give_packet(&rig, 2000, START);
	give_packet(&rig, 1, START);
	for (int i = 0; i < 5; i++)
		assert_int_equal(next_ms(&rig), want[i]);
	tear_down(&rig);
}

static void what_nobody_uses_is_gone(void **state)
{
	struct rig rig;

	(void)state;
	set_up(&rig, 100);
	give_packet(&rig, 100, START);
	assert_int_equal(next_ms(&rig), 0);
	/* 1400 octets were left at 0, 3000 passed by at 5. */
	give_packet(&rig, 100, START + 6 * MS);
	assert_int_equal(next_ms(&rig), 20);
	/* Many rounds later. */
	give_packet(&rig, 100, START + 1001 * MS);
	assert_int_equal(next_ms(&rig), 1005);
	/* At the very instant. */
	give_packet(&rig, 1500, START + 2020 * MS);
	assert_int_equal(next_ms(&rig), 2020);
	tear_down(&rig);
}

/* Rounds that do not begin at once: the last of one is there for who comes just
 * before it, in the first round and later. */
static void the_last_of_a_round(void **state)
{
	static const uint32_t late[] = {5, 20, 20};
	static const struct cn_rate_trace of = {late, 3};
	struct rig rig;

	(void)state;
	set_up_by(&rig, 100, &of);
	give_packet(&rig, 1500, START);
	assert_int_equal(next_ms(&rig), 5);
	give_packet(&rig, 1500, START + 19 * MS + 1);
	give_packet(&rig, 1500, START + 19 * MS + 1);
	give_packet(&rig, 1500, START + 19 * MS + 1);
	assert_int_equal(next_ms(&rig), 20);
	assert_int_equal(next_ms(&rig), 20);
	assert_int_equal(next_ms(&rig), 25);
	give_packet(&rig, 1500, START + 2000 * MS);
	assert_int_equal(next_ms(&rig), 2000);
	tear_down(&rig);
}

static void the_queue_is_bounded(void **state)
{
	struct cn_path_stats stats;
	struct rig rig;

	(void)state;
	set_up(&rig, 2);
	for (int i = 0; i < 5; i++)
		give_packet(&rig, 1500, START);
	cn_path_stats(rig.path, &stats);
	/* One at once, two wait. */
	assert_int_equal(stats.queue_drops, 2);
	assert_int_equal(stats.waiting, 2);
	tear_down(&rig);
}

static void both_are_refused(void **state)
{
	struct cn_impair impair = {.rate = 1000, .rate_trace = &trace};
	static const struct cn_rate_trace never = {ms, 1};

	(void)state;
	assert_non_null(cn_impair_error(&impair));
	impair.rate = 0;
	assert_null(cn_impair_error(&impair));
	impair.rate_trace = &never;
	assert_non_null(cn_impair_error(&impair));
}

static void write_file(const char *name, const void *octets, size_t len)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(octets, 1, len, file), len);
	fclose(file);
}

/* A link made faster is so at once, for what waits too; and nothing is kept of
 * what waited by the slow one's clock. */
static void another_rate_while_packets_wait(void **state)
{
	static const uint32_t slow_ms[] = {0, 1000000}, fast_ms[] = {1};
	static const struct cn_rate_trace slow = {slow_ms, 2},
					  fast = {fast_ms, 1};
	const struct cn_impair change[] = {
		{.rate_trace = &fast, .queue = 100},
		{.rate = 12000000, .queue = 100},
		{.queue = 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		struct cn_path_stats stats;
		struct rig rig;
		uint64_t before = 0;

		set_up_by(&rig, 100, &slow);
		for (int k = 0; k < 5; k++)
			give_packet(&rig, 1500, START);
		assert_int_equal(next_ms(&rig), 0);
		assert_int_equal(cn_path_set(rig.path, &change[i]), CN_OK);
		for (int k = 0; k < 5; k++)
			give_packet(&rig, 1500, START + MS);
		for (int k = 0; k < 9; k++) {
			uint64_t ms_at = next_ms(&rig);

			assert_true(ms_at >= before && ms_at <= 12);
			before = ms_at;
			give_packet(&rig, 1500, START + ms_at * MS);
		}
		cn_path_stats(rig.path, &stats);
		assert_true(stats.waiting <= 10);
		assert_int_equal(stats.queue_drops, 0);
		tear_down(&rig);
	}
}

static const char *read_octets(const void *octets, size_t len,
			       const struct cn_rate_trace **to)
{
	static char name[64];
	static int n;
	const char *why;

	snprintf(name, sizeof(name), "/tmp/catenet-trace-%d-%d", getpid(), n++);
	write_file(name, octets, len);
	why = rate_trace_read(name, to);
	unlink(name);
	return why;
}

static const char *read_text(const char *text, const struct cn_rate_trace **to)
{
	return read_octets(text, strlen(text), to);
}

static void files(void **state)
{
	const struct cn_rate_trace *got = NULL;

	(void)state;
	assert_null(read_text("0\n5\n5\n\n20\r\n", &got));
	assert_int_equal(got->n, 4);
	assert_memory_equal(got->at_ms, ms, sizeof(ms));
	assert_non_null(read_text("", &got));
	assert_non_null(read_text("0\n0\n", &got));
	assert_non_null(read_text("5\n4\n", &got));
	assert_non_null(read_text("5\n-4\n", &got));
	assert_non_null(read_text("5\nsix\n", &got));
	assert_non_null(read_text("5 6x\n9zz\n", &got));
	assert_non_null(read_text("99999999999\n", &got));
	/* A line that is longer than any number is not two. */
	assert_non_null(read_text("0000000000000000000000000000000000000000"
				  "00000000000000000000000000000000000012\n",
				  &got));
	assert_non_null(rate_trace_read("/nonexistent", &got));
	assert_non_null(rate_trace_read("/tmp", &got));
	assert_non_null(rate_trace_read("/dev/zero", &got));
}

/* An octet 0 would hide what follows in its line, and a second column is no
 * trace of Mahimahi's. */
static void nothing_is_passed_over(void **state)
{
	static const char hidden[] = "1\0x\n3\n", empty[] = "1\n\0\n3\n",
			  at_end[] = "1\n3\0", blank[] = "1\n \0 \n3\n";
	const struct cn_rate_trace *got = NULL;

	(void)state;
	assert_non_null(read_octets(hidden, sizeof(hidden) - 1, &got));
	assert_non_null(read_octets(empty, sizeof(empty) - 1, &got));
	assert_non_null(read_octets(at_end, sizeof(at_end) - 1, &got));
	assert_non_null(read_octets(blank, sizeof(blank) - 1, &got));
	assert_non_null(read_text("1 2\n3\n", &got));
	assert_null(read_text("1 \t\n3", &got));
	assert_int_equal(got->n, 2);
}

static void mistakes_have_their_line(void **state)
{
	const struct cn_rate_trace *got = NULL;

	(void)state;
	assert_ptr_equal(strstr(read_text("5\n\n4\n", &got), "line 3: "),
			 read_text("5\n\n4\n", &got));
	assert_non_null(strstr(read_text("", &got), "no line"));
	assert_non_null(strstr(read_text("0\n", &got), "after millisecond 0"));
}

/* Whoever writes to the file and names it again means what is in it now. */
static void what_was_written_again(void **state)
{
	const struct cn_rate_trace *got = NULL, *again = NULL, *more = NULL;
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "/tmp/catenet-trace-%d", getpid());
	write_file(name, "1\n2\n", 4);
	assert_null(rate_trace_read(name, &got));
	assert_null(rate_trace_read(name, &again));
	assert_ptr_equal(got, again);
	write_file(name, "1\n2\n7\n", 6);
	assert_null(rate_trace_read(name, &more));
	assert_int_equal(more->n, 3);
	assert_int_equal(got->n, 2);
	unlink(name);
}

static void so_many_are_kept(void **state)
{
	const struct cn_rate_trace *got = NULL;
	unsigned n = 0;

	(void)state;
	rate_trace_forget();
	while (n < 1000 && !read_text("1\n2\n", &got))
		n++;
	assert_int_equal(n, RATE_TRACES);
	rate_trace_forget();
	assert_null(read_text("1\n2\n", &got));
	assert_string_not_equal(rate_trace_name(got), "");
	rate_trace_forget();
	assert_string_equal(rate_trace_name(got), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_an_opportunity),
		cmocka_unit_test(small_ones_share_a_long_one_takes_two),
		cmocka_unit_test(what_nobody_uses_is_gone),
		cmocka_unit_test(the_last_of_a_round),
		cmocka_unit_test(the_queue_is_bounded),
		cmocka_unit_test(another_rate_while_packets_wait),
		cmocka_unit_test(both_are_refused),
		cmocka_unit_test(files),
		cmocka_unit_test(nothing_is_passed_over),
		cmocka_unit_test(mistakes_have_their_line),
		cmocka_unit_test(what_was_written_again),
		cmocka_unit_test(so_many_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
