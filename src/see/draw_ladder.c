/* SPDX-License-Identifier: MIT */
/*
 * Time runs down, a line for each end, an arrow for each segment from the
 * instant it leaves to the instant it arrives.  Long waits are shortened, and
 * marked.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "see/draw.h"
#include "see/text.h"
#include "wire/tcp_seg.h"

#define WIDTH 880.0
#define LEFT 270.0 /* the ends' lines */
#define RIGHT 670.0
#define WORDS 0.28 /* of the way: where the middle of an arrow's words is */
#define TOP 66.0
#define LABEL 14.0 /* between lines of text */
#define BOXED 5.0 /* more, where a call has a box */
#define WAIT_MAX 64.0
#define PER_MS 1.2
#define SHORT_NS (50 * CN_NS_PER_MS) /* longer waits are shortened */
#define FALL 24.0 /* of an arrow that has no other to be like */

static const char *const side_class[] = {"left", "right"};

struct paper {
	const struct sketch *sketch;
	const struct svg *svg;
	enum see_lang lang;
	bool calls; /* what the programs do is the matter */
	double y[SKETCH_MAX];
	double bottom;
};

/* --------------------------------------------------------------- places -- */

static double wait_of(uint64_t ns)
{
	double y;

	if (!ns)
		return 0;
	y = 10 + (double)ns / CN_NS_PER_MS * PER_MS;
	return y < WAIT_MAX ? y : WAIT_MAX;
}

/* Nothing may cover what stands at the same side. */
static void place(struct paper *paper)
{
	double label[2] = {0, 0}, out[2] = {0, 0}, in[2] = {0, 0};
	double y = TOP;
	uint64_t before = 0;

	for (unsigned i = 0; i < sketch_n(paper->sketch); i++) {
		const struct sketch_item *item = sketch_at(paper->sketch, i);
		unsigned side = item->side;

		if (i)
			y += wait_of(item->at - before);
		before = item->at;
		switch (item->kind) {
		case SKETCH_SEGMENT:
			y = fmax(y, fmax(out[side] + LABEL + 2, in[side] + 5));
			out[side] = y;
			break;
		case SKETCH_ARRIVAL:
			y = fmax(y, in[side] + LABEL - 2);
			in[side] = y;
			break;
		case SKETCH_CALL:
		case SKETCH_STATE:
			/* Calls are in boxes where they are the matter. */
			y = fmax(y, label[side] + LABEL + 1 +
					    (paper->calls ? BOXED : 0));
			label[side] = y;
			break;
		}
		paper->y[i] = y;
	}
	paper->bottom = y + 24;
}

/* ---------------------------------------------------------------- words -- */

static void label_of(const struct paper *paper, const struct sketch_item *item,
		     char *out, size_t size)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = {
		{TCP_SYN, "SYN "}, {TCP_FIN, "FIN "}, {TCP_RST, "RST "},
		{TCP_URG, "URG "}, {TCP_ACK, "ACK "},
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (item->flags & names[i].flag)
			n += (size_t)snprintf(out + n, size - n, "%s",
					      names[i].name);
	if (paper->calls) {
		if (item->len)
			snprintf(out + n, size - n, "+ %" PRIu32, item->len);
		return;
	}
	n += (size_t)snprintf(out + n, size - n, "seq %" PRIu32, item->seq);
	if (item->len)
		n += (size_t)snprintf(out + n, size - n, ":%" PRIu32,
				      item->seq + item->len);
	if (item->flags & TCP_ACK)
		n += (size_t)snprintf(out + n, size - n, " ack %" PRIu32,
				      item->ack);
	if (!(item->flags & TCP_RST))
		snprintf(out + n, size - n, " win %" PRIu32, item->wnd);
}

static void outside(const struct paper *paper, unsigned side, const char *more,
		    double y, const char *text)
{
	char class[32];

	snprintf(class, sizeof(class), "%s%s", more, side ? "" : " end");
	svg_text(paper->svg, class, side ? RIGHT + 12 : LEFT - 12, y + 4, text);
}

static void put_item_words(const struct paper *paper,
			   const struct sketch_item *item, double y)
{
	const char *class = side_class[item->side];
	double x = item->side ? RIGHT : LEFT;

	if (item->kind == SKETCH_CALL) {
		double width = 14 + 7.4 * text_width(item->text);

		if (paper->calls)
			svg_box(paper->svg, class,
				item->side ? RIGHT + 6 : LEFT - 6 - width,
				y - 8, width, 16);
		outside(paper, item->side, "name", y, item->text);
	} else if (item->kind == SKETCH_STATE) {
		svg_dot(paper->svg, class, x, y, 3.5);
		outside(paper, item->side, item->side ? "right" : "left", y,
			cn_tcp_state_name((enum cn_tcp_state)item->to));
	}
}

static void put_times(const struct paper *paper, uint64_t start)
{
	double last = 0;

	for (unsigned i = 0; i < sketch_n(paper->sketch); i++) {
		const struct sketch_item *item = sketch_at(paper->sketch, i);
		uint64_t before = i ? sketch_at(paper->sketch, i - 1)->at : 0;
		char text[32];

		if ((i && item->at == before) || paper->y[i] < last + LABEL - 2)
			continue;
		snprintf(text, sizeof(text), "%.3f s",
			 (double)(item->at - start) / CN_NS_PER_SEC);
		svg_text(paper->svg, "small end", 62, paper->y[i] + 4, text);
		last = paper->y[i];
		if (!i || item->at - before <= SHORT_NS)
			continue;
		/* Between them more time passes than the paper shows. */
		for (unsigned side = 0; side < 2; side++)
			svg_line(paper->svg, "break", side ? RIGHT : LEFT,
				 paper->y[i - 1] + 12, side ? RIGHT : LEFT,
				 paper->y[i] - 12);
	}
}

/* Where time is shortened the line is dotted: not drawn here. */
static void put_life(const struct paper *paper)
{
	double from = TOP - 12;

	for (unsigned i = 1; i <= sketch_n(paper->sketch); i++) {
		bool last = i == sketch_n(paper->sketch);
		double to = last ? paper->bottom : paper->y[i - 1] + 12;

		if (!last &&
		    sketch_at(paper->sketch, i)->at -
				    sketch_at(paper->sketch, i - 1)->at <=
			    SHORT_NS)
			continue;
		svg_line(paper->svg, "axis", LEFT, from, LEFT, to);
		svg_line(paper->svg, "axis", RIGHT, from, RIGHT, to);
		if (!last)
			from = paper->y[i] - 12;
	}
}

/* --------------------------------------------------------------- arrows -- */

static const char *class_of(const struct sketch_item *item, bool lost)
{
	if (lost || item->flags & TCP_RST)
		return "lost";
	if (item->again)
		return "again";
	if (item->flags & (TCP_SYN | TCP_FIN))
		return item->side ? "control right" : "control left";
	return item->side ? "right" : "left";
}

/*
 * Words stand in the middle of the sender's half: arrows that cross do so in
 * the middle of all, and no words of one side reach those of the other.
 */
static void put_words(const struct paper *paper, const struct sketch_item *item,
		      double y1, double y2, unsigned alike)
{
	double x1 = item->side ? RIGHT : LEFT, x2 = item->side ? LEFT : RIGHT;
	double degrees = atan((y2 - y1) / (x2 - x1)) * 180 / 3.14159265358979;
	char label[96], text[112];

	label_of(paper, item, label, sizeof(label));
	if (alike > 1)
		snprintf(text, sizeof(text), "%u × %s", alike, label);
	else
		snprintf(text, sizeof(text), "%s", label);
	svg_text_turned(paper->svg, "small mid", x1 + (x2 - x1) * WORDS,
			y1 + (y2 - y1) * WORDS - 3, degrees, text);
}

static void put_arrow(const struct paper *paper, const struct sketch_item *item,
		      double y1, double y2, bool lost)
{
	double x1 = item->side ? RIGHT : LEFT, x2 = item->side ? LEFT : RIGHT;

	if (lost) {
		x2 = x1 + (x2 - x1) * 0.62;
		y2 = y1 + (y2 - y1) * 0.62;
	}
	svg_arrow(paper->svg, class_of(item, lost), x1, y1, x2, y2);
	if (lost) {
		svg_text(paper->svg, "lost name mid",
			 x2 + (item->side ? -9 : 9), y2 + 5, "✕");
		svg_text(paper->svg, item->side ? "lost end" : "lost",
			 x2 + (item->side ? -18 : 18), y2 + 5,
			 see_text(paper->lang, SEE_DRAW_LOST));
	}
}

static bool is_alike(const struct sketch_item *a, const struct sketch_item *b)
{
	return a->kind == b->kind && a->side == b->side && a->at == b->at &&
	       a->flags == b->flags && a->len == b->len && a->lost == b->lost &&
	       a->again == b->again;
}

/*
 * How many segments the words beside the arrow of segment i stand for: where
 * calls are the matter, a burst of many alike has them once, at its first; the
 * others have 0.
 */
static unsigned alike_of(const struct paper *paper, unsigned i)
{
	const struct sketch_item *item = sketch_at(paper->sketch, i);
	unsigned n = 1;

	if (!paper->calls)
		return 1;
	if (i && is_alike(sketch_at(paper->sketch, i - 1), item))
		return 0;
	while (i + n < sketch_n(paper->sketch) &&
	       is_alike(sketch_at(paper->sketch, i + n), item))
		n++;
	return n;
}

/* Where the arrow of segment i ends; 0 where it is none or has not arrived. */
static double end_of(const struct paper *paper, unsigned i)
{
	for (unsigned k = i + 1; k < sketch_n(paper->sketch); k++)
		if (sketch_at(paper->sketch, k)->kind == SKETCH_ARRIVAL &&
		    sketch_at(paper->sketch, k)->sent_as == i)
			return paper->y[k];
	return 0;
}

/* What is lost lies between what left before and after it at that instant, so
 * that it crosses neither. */
static double end_of_lost(const struct paper *paper, unsigned i)
{
	const struct sketch *sketch = paper->sketch;
	unsigned side = sketch_at(sketch, i)->side, k;
	uint64_t at = sketch_at(sketch, i)->at;
	double end = 0, next = 0, fall = FALL;

	for (k = i; end <= 0 && k-- > 0 && sketch_at(sketch, k)->at == at;)
		if (sketch_at(sketch, k)->side == side) {
			end = end_of(paper, k);
			fall = end > 0 ? end - paper->y[k] : fall;
		}
	for (k = i; next <= 0 && ++k < sketch_n(sketch) &&
		    sketch_at(sketch, k)->at == at;)
		if (sketch_at(sketch, k)->side == side) {
			next = end_of(paper, k);
			fall = next > 0 ? next - paper->y[k] : fall;
		}
	return end > 0 && next > 0 ? (end + next) / 2 : paper->y[i] + fall;
}

/* All arrows, or all that is written at them: nothing is drawn over words. */
static void put_arrows(const struct paper *paper, bool words)
{
	for (unsigned i = 0; i < sketch_n(paper->sketch); i++) {
		struct sketch_item item = *sketch_at(paper->sketch, i);
		double y1 = paper->y[i], y2 = y1;
		bool lost = item.kind == SKETCH_SEGMENT && item.lost;
		unsigned alike = 1;

		if (lost) {
			y2 = end_of_lost(paper, i);
			alike = alike_of(paper, i);
		} else if (item.kind != SKETCH_ARRIVAL) {
			continue;
		} else if (item.sent_as < SKETCH_MAX) {
			const struct sketch_item *sent =
				sketch_at(paper->sketch, item.sent_as);

			y1 = paper->y[item.sent_as];
			alike = alike_of(paper, item.sent_as);
			item.side = sent->side;
			item.again = sent->again;
			/* TIME-WAIT knows no scale. */
			item.wnd = sent->wnd;
		} else {
			/* From nobody of these two. */
			y1 -= FALL;
			item.side = !item.side;
			item.again = true;
		}
		if (!words)
			put_arrow(paper, &item, y1, y2, lost);
		else if (alike)
			put_words(paper, &item, y1, y2, alike);
	}
}

static void draw(const struct sketch *sketch, const struct svg *svg,
		 const char *title, enum see_lang lang, bool calls)
{
	struct paper *paper = calloc(1, sizeof(*paper));
	uint64_t start = sketch_n(sketch) ? sketch_at(sketch, 0)->at : 0;
	char arg[SEE_ARGS][SEE_ARG_MAX], text[SEE_SENTENCE_MAX];

	if (!paper)
		return;
	*paper = (struct paper){
		.sketch = sketch,
		.svg = svg,
		.lang = lang,
		.calls = calls,
	};
	place(paper);
	svg_begin(svg, WIDTH, paper->bottom + 28, title);
	svg_text(svg, "name mid", WIDTH / 2, 20, title);
	svg_text(svg, "name mid left", LEFT, TOP - 20,
		 see_text(lang, SEE_DRAW_CLIENT));
	svg_text(svg, "name mid right", RIGHT, TOP - 20,
		 see_text(lang, SEE_DRAW_SERVER));
	put_life(paper);
	put_times(paper, start);
	put_arrows(paper, false);
	put_arrows(paper, true);
	for (unsigned i = 0; i < sketch_n(sketch); i++)
		put_item_words(paper, sketch_at(sketch, i), paper->y[i]);
	if (sketch_left_out(sketch)) {
		snprintf(arg[0], sizeof(arg[0]), "%u", sketch_left_out(sketch));
		see_say(lang, SEE_DRAW_MORE, arg, text, sizeof(text));
		svg_text(svg, "small mid", WIDTH / 2, paper->bottom + 16, text);
	}
	svg_end(svg);
	free(paper);
}

void draw_ladder(const struct sketch *sketch, const struct svg *svg,
		 const char *title, enum see_lang lang)
{
	draw(sketch, svg, title, lang, false);
}

void draw_calls(const struct sketch *sketch, const struct svg *svg,
		const char *title, enum see_lang lang)
{
	draw(sketch, svg, title, lang, true);
}
