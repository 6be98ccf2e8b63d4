/* SPDX-License-Identifier: MIT */
/* RFC 9293 figures 3 and 4: the sequence numbers of one direction, at one
 * moment of a run. */
#include <inttypes.h>
#include <stdio.h>

#include "see/draw.h"
#include "see/tale.h"
#include "see/text.h"

#define WIDTH 860.0
#define HEIGHT 300.0
#define X0 40.0
#define LONG 780.0
#define Y0 100.0
#define BAR 40.0

struct scale {
	const struct svg *svg;
	enum see_lang lang;
	double first, past; /* sequence numbers at the ends */
};

static double x_of(const struct scale *scale, double seq)
{
	return X0 + LONG * (seq - scale->first) / (scale->past - scale->first);
}

static void piece(const struct scale *scale, double from, double to, double y,
		  const char *class, enum see_key key, uint32_t octets)
{
	char arg[SEE_ARGS][SEE_ARG_MAX], text[SEE_SENTENCE_MAX];
	double x = x_of(scale, from), width;

	if (to <= from)
		return;
	snprintf(arg[0], SEE_ARG_MAX, "%" PRIu32, octets);
	see_say(scale->lang, key, arg, text, sizeof(text));
	svg_box(scale->svg, class, x, y, x_of(scale, to) - x, BAR);
	width = x_of(scale, to) - x;
	/* Beside its box where it is too long for it. */
	svg_text(scale->svg, "mid", x + width / 2,
		 y + (text_width(text) * 7.0 < width ? 24 : BAR + 14), text);
}

static void mark(const struct scale *scale, double seq, double y,
		 const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "%s = %.0f", name, seq);
	svg_line(scale->svg, "axis", x_of(scale, seq), Y0 - 8, x_of(scale, seq),
		 y + 4);
	svg_text(scale->svg,
		 x_of(scale, seq) > WIDTH - 120 ? "small end" : "small mid",
		 x_of(scale, seq), y, text);
}

static void bar(const struct scale *scale, const struct sketch_window *w)
{
	double una = (double)w->nxt - w->flight, nxt = w->nxt;
	double edge = una + w->wnd, end = nxt + w->unsent;
	double may = edge < una + w->cwnd ? edge : una + w->cwnd;
	double ready = may < end ? may : end;
	char arg[SEE_ARGS][SEE_ARG_MAX], text[SEE_SENTENCE_MAX];

	if (ready < nxt)
		ready = nxt;
	piece(scale, scale->first, una, Y0, "plain", SEE_DRAW_ACKED, 0);
	piece(scale, una, nxt, Y0, "left", SEE_DRAW_FLIGHT, w->flight);
	piece(scale, nxt, ready, Y0, "again", SEE_DRAW_MAY,
	      (uint32_t)(ready - nxt));
	piece(scale, ready, end, Y0, "lost", SEE_DRAW_WAITS,
	      (uint32_t)(end - ready));
	mark(scale, una, Y0 - 12, "SND.UNA");
	mark(scale, nxt, Y0 - 28, "SND.NXT");
	mark(scale, edge, Y0 - 44, "SND.UNA + SND.WND");
	piece(scale, w->rcv_nxt, (double)w->rcv_nxt + w->rcv_wnd, Y0 + 76,
	      "right", SEE_DRAW_TAKES, w->rcv_wnd);
	snprintf(arg[0], SEE_ARG_MAX, "%" PRIu32, w->cwnd);
	see_say(scale->lang, SEE_DRAW_CWND, arg, text, sizeof(text));
	svg_text(scale->svg, "small", X0, Y0 + 160, text);
}

void draw_window(const struct sketch *sketch, const struct svg *svg,
		 const char *title, enum see_lang lang)
{
	const struct sketch_window *w = sketch_window(sketch);
	double una = (double)w->nxt - w->flight;
	double past = (double)w->nxt + w->unsent, before;
	struct scale scale = {.svg = svg, .lang = lang};
	uint64_t start = sketch_n(sketch) ? sketch_at(sketch, 0)->at : 0;
	char arg[SEE_ARGS][SEE_ARG_MAX], text[SEE_SENTENCE_MAX];

	svg_begin(svg, WIDTH, HEIGHT, title);
	svg_text(svg, "name mid", WIDTH / 2, 20, title);
	if (!w->any) {
		svg_text(svg, "mid", WIDTH / 2, HEIGHT / 2,
			 see_text(lang, SEE_DRAW_NONE));
		svg_end(svg);
		return;
	}
	if (una + w->wnd > past && w->wnd < 4 * w->flight)
		past = una + w->wnd;
	/* As much of what is acknowledged as leaves room for its name. */
	before = (past - una) / 5;
	scale.first = una > before ? una - before : 0;
	scale.past = past;
	see_duration(w->at - start, arg[0], SEE_ARG_MAX);
	see_say(lang, SEE_DRAW_MOMENT, arg, text, sizeof(text));
	svg_text(svg, "mid", WIDTH / 2, 40, text);
	bar(&scale, w);
	svg_end(svg);
}
