/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heap.h"
#include <catenet/frame.h>

/* "abc" in the header, then "", "defg", "h". */
static struct cn_frame frame_of_pieces(void)
{
	static const uint8_t text[] = "defgh";
	struct cn_frame frame = {.header_len = 3, .slice_n = 3};

	memcpy(frame.header, "abc", 3);
	frame.slice[0] = (struct cn_slice){NULL, text, 0};
	frame.slice[1] = (struct cn_slice){NULL, text, 4};
	frame.slice[2] = (struct cn_slice){NULL, text + 4, 1};
	frame.payload_len = 5;
	return frame;
}

static void copy_gathers(void **state)
{
	static const struct {
		uint32_t off, len;
		const char *want;
	} row[] = {
		{0, 8, "abcdefgh"},  {0, 100, "abcdefgh"}, {0, 0, ""},
		{2, 3, "cde"},	     {3, 4, "defg"},	   {3, 5, "defgh"},
		{7, 1, "h"},	     {7, 9, "h"},	   {8, 1, ""},
		{9, 1, ""},	     {0, 3, "abc"},	   {6, 2, "gh"},
		{UINT32_MAX, 4, ""},
	};
	struct cn_frame frame = frame_of_pieces();

	(void)state;
	assert_int_equal(cn_frame_len(&frame), 8);
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char out[9] = {0};
		uint32_t n = cn_frame_copy(&frame, row[i].off, out, row[i].len);

		assert_int_equal(n, strlen(row[i].want));
		assert_string_equal(out, row[i].want);
	}
}

static void copy_without_a_header(void **state)
{
	struct cn_frame frame = frame_of_pieces();
	char out[9] = {0};

	(void)state;
	frame.header_len = 0;
	frame.slice[0] = frame.slice[2];
	frame.payload_len = 6;
	assert_int_equal(cn_frame_copy(&frame, 0, out, 9), 6);
	assert_string_equal(out, "hdefgh");
}

static void release_drops_every_reference(void **state)
{
	struct heap heap = {0};
	struct cn_alloc words = heap_words(&heap);
	struct cn_pool *pool = cn_pool_new(&words);
	struct cn_frame frame = frame_of_pieces();
	struct cn_buf *a = cn_buf_new(pool, 1), *b = cn_buf_new(pool, 1);

	(void)state;
	frame.slice[1].buf = a;
	frame.slice[2].buf = cn_buf_ref(b);
	cn_frame_release(&frame);
	assert_int_equal(cn_pool_in_use(pool), 1);
	assert_int_equal(b->refs, 1);
	assert_int_equal(frame.slice_n, 0);
	assert_int_equal(cn_frame_len(&frame), 0);
	cn_frame_release(&frame);
	cn_buf_unref(b);
	cn_pool_free(pool);
	assert_int_equal(heap.blocks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copy_gathers),
		cmocka_unit_test(copy_without_a_header),
		cmocka_unit_test(release_drops_every_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
