/* SPDX-License-Identifier: MIT */
/* What drawings are made of, and that nothing in them is markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "see/draw.h"
#include "sim/scenario.h"
#include "wire/tcp_seg.h"

static char text[200000];
static size_t text_n;

static void keep(void *ctx, const char *part, size_t len)
{
	(void)ctx;
	assert_true(text_n + len < sizeof(text));
	memcpy(text + text_n, part, len);
	text_n += len;
	text[text_n] = '\0';
}

static const struct svg svg = {keep, NULL};

static void on_event(void *ctx, int host, const struct cn_trace *trace)
{
	sketch_event(ctx, host, trace);
}

static void on_fate(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		    uint64_t now)
{
	sketch_fate(ctx, frame, fate, now);
}

static void on_call(void *ctx, unsigned side, const char *words, uint64_t now)
{
	sketch_call(ctx, side, words, now);
}

static struct sketch *sketch_of(const char *situation)
{
	struct sketch *sketch = sketch_new();
	struct scenario_watch watch = {on_event, on_fate, on_call, sketch};

	assert_non_null(sketch);
	assert_true(scenario_play(scenario_find(situation), 1, &watch));
	return sketch;
}

/* Every arrival left before, as the same octets, and once. */
static void arrivals_have_left(void **state)
{
	(void)state;
	for (size_t k = 0; k < scenario_count(); k++) {
		const char *name = scenario_name(scenario_at(k));
		struct sketch *sketch = sketch_of(name);

		for (unsigned i = 0; i < sketch_n(sketch); i++) {
			const struct sketch_item *in = sketch_at(sketch, i);
			const struct sketch_item *out;

			if (in->kind != SKETCH_ARRIVAL)
				continue;
			assert_in_range(in->sent_as, 0, SKETCH_MAX - 1);
			out = sketch_at(sketch, in->sent_as);
			assert_int_equal(out->kind, SKETCH_SEGMENT);
			assert_int_not_equal(out->side, in->side);
			assert_int_equal(out->seq_abs, in->seq_abs);
			/* The wire is 20 ms long. */
			assert_int_equal(in->at - out->at, 20 * CN_NS_PER_MS);
			for (unsigned j = 0; j < i; j++)
				assert_int_not_equal(
					sketch_at(sketch, j)->sent_as,
					sketch_at(sketch, j)->kind ==
							SKETCH_ARRIVAL ?
						in->sent_as :
						SKETCH_MAX + 1);
		}
		sketch_free(sketch);
	}
}

/* A call of send(N) is followed by N octets, whichever connection it is of. */
static void what_programs_send_leaves(void **state)
{
	(void)state;
	for (size_t k = 0; k < scenario_count(); k++) {
		const char *name = scenario_name(scenario_at(k));
		struct sketch *sketch = sketch_of(name);
		uint32_t asked[2] = {0, 0}, left[2] = {0, 0};

		for (unsigned i = 0; i < sketch_n(sketch); i++) {
			const struct sketch_item *item = sketch_at(sketch, i);
			unsigned octets;

			if (item->kind == SKETCH_SEGMENT && !item->again)
				left[item->side] += item->len;
			else if (item->kind == SKETCH_CALL &&
				 (sscanf(item->text, "send(%u", &octets) == 1 ||
				  sscanf(item->text, "sendto(%u", &octets) ==
					  1))
				asked[item->side] += octets;
		}
		/* Neither reads there, so most of it never leaves. */
		if (strcmp(name, "deadlock") != 0) {
			assert_int_equal(left[0], asked[0]);
			assert_int_equal(left[1], asked[1]);
		}
		sketch_free(sketch);
	}
}

static void what_is_lost_never_arrives(void **state)
{
	struct sketch *sketch = sketch_of("lost-syn");
	const struct sketch_item *lost = NULL;

	(void)state;
	for (unsigned i = 0; i < sketch_n(sketch); i++)
		if (sketch_at(sketch, i)->lost) {
			assert_null(lost);
			lost = sketch_at(sketch, i);
		}
	assert_non_null(lost);
	assert_int_equal(lost->flags, TCP_SYN);
	assert_int_equal(lost->arrived, 0);
	sketch_free(sketch);
}

static void the_header_is_the_segments_own(void **state)
{
	struct sketch *sketch = sketch_of("conversation");
	const struct sketch_octets *syn = sketch_syn(sketch);
	const struct sketch_octets *data = sketch_data(sketch);

	(void)state;
	assert_int_equal(syn->n, (syn->octet[12] >> 4) * 4);
	assert_int_equal(syn->octet[13], TCP_SYN);
	assert_int_equal(data->n, (data->octet[12] >> 4) * 4);
	assert_int_equal(data->data_len, 16);
	sketch_free(sketch);
}

/* A conversation takes its ten states and no other. */
static void states_that_were_passed(void **state)
{
	struct sketch *sketch = sketch_of("conversation");
	uint32_t passed = 0, ten = 0;

	(void)state;
	for (unsigned i = 0; i < sketch_n(sketch); i++)
		if (sketch_at(sketch, i)->kind == SKETCH_STATE)
			passed |= 1u << sketch_at(sketch, i)->from |
				  1u << sketch_at(sketch, i)->to;
	for (unsigned s = CN_ESTABLISHED; s < CN_CLOSING; s++)
		ten |= 1u << s;
	assert_int_equal(passed, ten);
	sketch_free(sketch);
}

static void a_run_too_long_says_so(void **state)
{
	struct sketch *sketch = sketch_new();

	(void)state;
	for (unsigned i = 0; i < SKETCH_MAX + 7; i++)
		sketch_call(sketch, i % 2, "send(1)", i * CN_NS_PER_SEC);
	assert_int_equal(sketch_n(sketch), SKETCH_MAX);
	assert_int_equal(sketch_left_out(sketch), 7);
	text_n = 0;
	draw_ladder(sketch, &svg, "long", SEE_EN);
	assert_non_null(strstr(text, "7 more that are not drawn"));
	sketch_free(sketch);
}

static void an_empty_run_is_drawn(void **state)
{
	struct sketch *sketch = sketch_new();

	(void)state;
#define SEE_X(name, function, what)                                            \
	text_n = 0;                                                            \
	function(sketch, &svg, "nothing", SEE_EN);                             \
	assert_non_null(strstr(text, "</svg>"));
	SEE_DRAWINGS(SEE_X)
#undef SEE_X
	sketch_free(sketch);
}

static void nothing_in_it_is_markup(void **state)
{
	struct sketch *sketch = sketch_new();

	(void)state;
	sketch_call(sketch, 0, "<script>&\"\x1b[31m", 0);
	text_n = 0;
	draw_calls(sketch, &svg, "</title><b>", SEE_EN);
	assert_null(strstr(text, "<script>"));
	assert_null(strstr(text, "</title><b>"));
	assert_null(strchr(text, '\x1b'));
	assert_non_null(
		strstr(text, "&lt;script&gt;&amp;&quot;\\x1b[31m</text>"));
	sketch_free(sketch);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrivals_have_left),
		cmocka_unit_test(what_programs_send_leaves),
		cmocka_unit_test(what_is_lost_never_arrives),
		cmocka_unit_test(the_header_is_the_segments_own),
		cmocka_unit_test(states_that_were_passed),
		cmocka_unit_test(a_run_too_long_says_so),
		cmocka_unit_test(an_empty_run_is_drawn),
		cmocka_unit_test(nothing_in_it_is_markup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
