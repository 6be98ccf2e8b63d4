/* SPDX-License-Identifier: MIT */
/* A connection over time, drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "see/plot.h"

#define PORT 40001
#define START CN_NS_PER_SEC

struct paper {
	char text[65536];
	size_t len;
};

static void write_on(void *ctx, const char *text, size_t len)
{
	struct paper *paper = ctx;

	assert_true(paper->len + len < sizeof(paper->text));
	memcpy(paper->text + paper->len, text, len);
	paper->len += len;
	paper->text[paper->len] = '\0';
}

/* Segments and their ACKs, one every 100 ms, the window offered with each. */
static void draw(struct paper *paper, const uint32_t *wnd, int n)
{
	struct plot *plot = plot_new(PORT, START);
	struct svg svg = {write_on, paper};
	struct cn_trace trace = {.local = {.port = PORT},
				 .from = CN_ESTABLISHED,
				 .iss = 1000,
				 .cwnd = 10000};

	paper->len = 0;
	assert_non_null(plot);
	for (int i = 0; i < n; i++) {
		trace.at = START + (uint64_t)i * 100 * CN_NS_PER_MS;
		trace.kind = CN_TRACE_OUT;
		trace.seq = 1000 + (uint32_t)i * 100;
		trace.len = 100;
		plot_event(plot, &trace);
		trace.kind = CN_TRACE_IN;
		trace.ack = trace.seq + 100;
		trace.snd_wnd = wnd[i];
		plot_event(plot, &trace);
	}
	plot_draw(plot, &svg, "a <title>", SEE_EN, START + CN_NS_PER_SEC);
	plot_free(plot);
}

/* Of the first panel: how often the class has a curve before the next name. */
static unsigned curves(const char *text, const char *class)
{
	const char *end = strstr(text, "smoothed round trip");
	unsigned n = 0;

	assert_non_null(end);
	while ((text = strstr(text, class)) && text < end) {
		text++;
		n++;
	}
	return n;
}

static void a_window_beyond_the_panel_has_no_line(void **state)
{
	static const uint32_t far[] = {1 << 20, 1 << 20, 1 << 20, 1 << 20};
	static const uint32_t comes[] = {5000, 5000, 1 << 20, 1 << 20,
					 5000, 6000, 7000};
	static const uint32_t near[] = {9000, 12000, 9000};
	static struct paper paper;

	(void)state;
	draw(&paper, far, 4);
	assert_int_equal(curves(paper.text, "polyline class=\"right\""), 0);
	assert_non_null(strstr(paper.text, "beyond the top"));
	draw(&paper, comes, 7);
	assert_int_equal(curves(paper.text, "polyline class=\"right\""), 2);
	assert_non_null(strstr(paper.text, "beyond the top"));
	draw(&paper, near, 3);
	assert_int_equal(curves(paper.text, "polyline class=\"right\""), 1);
	assert_null(strstr(paper.text, "beyond the top"));
}

static void nothing_at_all_is_a_drawing(void **state)
{
	static struct paper paper;

	(void)state;
	draw(&paper, NULL, 0);
	assert_non_null(strstr(paper.text, "a &lt;title&gt;"));
	assert_non_null(strstr(paper.text, "</svg>\n"));
	assert_null(strstr(paper.text, "nan"));
	assert_null(strstr(paper.text, "inf\""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_beyond_the_panel_has_no_line),
		cmocka_unit_test(nothing_at_all_is_a_drawing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
