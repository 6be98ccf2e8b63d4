/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 figure 5: the eleven states and the arrows between them; those
 * that the two ends took in this run are in their colours.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "see/draw.h"

#define WIDTH 860.0
#define BOX_W 144.0
#define BOX_H 34.0
#define APART 5.0 /* of two arrows between the same boxes */
/* CLOSED is drawn where connections begin and where they end. */
#define THE_END 12
#define PLACES 13

static const struct {
	double x, y; /* the middle */
} places[PLACES] = {
	[CN_CLOSED] = {430, 70},	[CN_LISTEN] = {430, 160},
	[CN_SYN_RECEIVED] = {190, 250}, [CN_SYN_SENT] = {670, 250},
	[CN_ESTABLISHED] = {430, 340},	[CN_FIN_WAIT_1] = {190, 430},
	[CN_CLOSE_WAIT] = {670, 430},	[CN_CLOSING] = {430, 520},
	[CN_FIN_WAIT_2] = {190, 610},	[CN_LAST_ACK] = {670, 520},
	[CN_TIME_WAIT] = {430, 610},	[THE_END] = {670, 610},
};

/* What leads from one to the next: event / what is sent. */
static const struct route {
	uint8_t from, to;
	const char *why;
	double dx, dy; /* the words, from the arrow's middle */
} routes[] = {
	{CN_CLOSED, CN_LISTEN, "listen()", -36, 4},
	{CN_CLOSED, CN_SYN_SENT, "connect() / SYN", 76, -4},
	{CN_LISTEN, CN_SYN_RECEIVED, "SYN / SYN,ACK", -66, -8},
	{CN_LISTEN, CN_CLOSED, "close()", 32, 12},
	{CN_SYN_SENT, CN_SYN_RECEIVED, "SYN / SYN,ACK", -60, -8},
	{CN_SYN_SENT, CN_ESTABLISHED, "SYN,ACK / ACK", 66, 10},
	{CN_SYN_RECEIVED, CN_ESTABLISHED, "ACK", 22, -8},
	{CN_SYN_RECEIVED, CN_FIN_WAIT_1, "close() / FIN", -44, 4},
	{CN_ESTABLISHED, CN_FIN_WAIT_1, "close() / FIN", -52, -8},
	{CN_ESTABLISHED, CN_CLOSE_WAIT, "FIN / ACK", 46, -8},
	{CN_FIN_WAIT_1, CN_FIN_WAIT_2, "ACK", -20, 4},
	{CN_FIN_WAIT_1, CN_CLOSING, "FIN / ACK", 40, -8},
	{CN_FIN_WAIT_1, CN_TIME_WAIT, "FIN,ACK / ACK", -64, 38},
	{CN_FIN_WAIT_2, CN_TIME_WAIT, "FIN / ACK", 0, 16},
	{CN_CLOSING, CN_TIME_WAIT, "ACK", 20, 4},
	{CN_CLOSE_WAIT, CN_LAST_ACK, "close() / FIN", 46, 4},
	{CN_LAST_ACK, THE_END, "ACK", 20, 4},
	{CN_TIME_WAIT, THE_END, "2MSL", 0, 16},
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

struct passed {
	unsigned route[ROUTES][2]; /* how often, by each side */
	bool state[PLACES][2];
};

static bool is_route(const struct route *route, uint8_t from, uint8_t to)
{
	return route->from == from &&
	       (route->to == to || (route->to == THE_END && to == CN_CLOSED));
}

/* False: figure 5 has no such arrow (a reset, an abort). */
static bool take(struct passed *passed, unsigned side, uint8_t from, uint8_t to)
{
	for (size_t i = 0; i < ROUTES; i++)
		if (is_route(&routes[i], from, to)) {
			passed->route[i][side]++;
			passed->state[routes[i].from][side] = true;
			passed->state[routes[i].to][side] = true;
			return true;
		}
	if (from < PLACES)
		passed->state[from][side] = true;
	return false;
}

/* From (ox, oy) beside a box's middle to its rim. */
static double rim(double ox, double oy, double dx, double dy)
{
	double w = BOX_W / 2 + 1, h = BOX_H / 2 + 1;

	return fmin(dx ? (w - copysign(ox, ox * dx)) / fabs(dx) : HUGE_VAL,
		    dy ? (h - copysign(oy, oy * dy)) / fabs(dy) : HUGE_VAL);
}

/* The arrow from the rim of one box to that of the other. */
static void put_arrow(const struct svg *svg, const struct route *route,
		      const char *class, double apart)
{
	double x1 = places[route->from].x, y1 = places[route->from].y;
	double x2 = places[route->to].x, y2 = places[route->to].y;
	double len = hypot(x2 - x1, y2 - y1);
	double dx = (x2 - x1) / len, dy = (y2 - y1) / len;
	double ox, oy, begin, end;

	/* There and back are beside one another. */
	if ((route->from == CN_LISTEN && route->to == CN_CLOSED) ||
	    (route->from == CN_CLOSED && route->to == CN_LISTEN))
		apart += 9;
	ox = -dy * apart;
	oy = dx * apart;
	begin = rim(ox, oy, dx, dy);
	end = rim(ox, oy, -dx, -dy);
	svg_arrow(svg, class, x1 + ox + dx * begin, y1 + oy + dy * begin,
		  x2 + ox - dx * end, y2 + oy - dy * end);
}

static void put_route(const struct svg *svg, const struct passed *passed,
		      size_t i)
{
	const struct route *route = &routes[i];
	const unsigned *n = passed->route[i];
	bool both = n[0] && n[1];
	double aside = both && places[route->from].y == places[route->to].y ?
			       copysign(APART, route->dy) :
			       0;

	if (!n[0] && !n[1])
		put_arrow(svg, route, "plain", 0);
	for (unsigned side = 0; side < 2; side++)
		if (n[side])
			put_arrow(svg, route,
				  side ? "control right" : "control left",
				  both ? (side ? APART : -APART) : 0);
	svg_text(svg, n[0] || n[1] ? "mid" : "small mid",
		 (places[route->from].x + places[route->to].x) / 2 + route->dx,
		 (places[route->from].y + places[route->to].y) / 2 + route->dy +
			 aside,
		 route->why);
}

static void put_state(const struct svg *svg, const struct passed *passed,
		      uint8_t place)
{
	uint8_t state = place == THE_END ? CN_CLOSED : place;
	double x = places[place].x, y = places[place].y;
	const bool *by = passed->state[place];

	svg_box(svg,
		by[0] ? "left" :
		by[1] ? "right" :
			"plain",
		x - BOX_W / 2, y - BOX_H / 2, BOX_W, BOX_H);
	for (unsigned side = 0; side < 2; side++)
		if (by[side])
			svg_dot(svg, side ? "right" : "left",
				x + (side ? 1 : -1) * (BOX_W / 2 - 9), y, 4);
	svg_text(svg, "name mid", x, y + 4,
		 cn_tcp_state_name((enum cn_tcp_state)state));
}

void draw_states(const struct sketch *sketch, const struct svg *svg,
		 const char *title, enum see_lang lang)
{
	struct passed passed;
	char arg[SEE_ARGS][SEE_ARG_MAX], text[SEE_SENTENCE_MAX];
	double y = 668;

	memset(&passed, 0, sizeof(passed));
	svg_begin(svg, WIDTH, 740, title);
	svg_text(svg, "name mid", WIDTH / 2, 24, title);
	svg_dot(svg, "left", 40, 60, 4);
	svg_text(svg, "left", 50, 64, see_text(lang, SEE_DRAW_CLIENT));
	svg_dot(svg, "right", 40, 80, 4);
	svg_text(svg, "right", 50, 84, see_text(lang, SEE_DRAW_SERVER));
	svg_text(svg, "small", 40, y, see_text(lang, SEE_DRAW_TAKEN));
	for (unsigned i = 0; i < sketch_n(sketch); i++) {
		const struct sketch_item *item = sketch_at(sketch, i);

		if (item->kind != SKETCH_STATE)
			continue;
		/* What leaves LISTEN had come there. */
		if (item->from == CN_LISTEN)
			take(&passed, item->side, CN_CLOSED, CN_LISTEN);
		if (take(&passed, item->side, item->from, item->to) || y > 730)
			continue;
		snprintf(arg[0], SEE_ARG_MAX, "%s",
			 cn_tcp_state_name((enum cn_tcp_state)item->from));
		snprintf(arg[1], SEE_ARG_MAX, "%s",
			 cn_tcp_state_name((enum cn_tcp_state)item->to));
		snprintf(arg[2], SEE_ARG_MAX, "%s",
			 see_text(lang, item->side ? SEE_DRAW_SERVER :
						     SEE_DRAW_CLIENT));
		see_say(lang, SEE_DRAW_ALSO, arg, text, sizeof(text));
		y += 18;
		svg_text(svg, item->side ? "right" : "left", 40, y, text);
	}
	for (size_t i = 0; i < ROUTES; i++)
		put_route(svg, &passed, i);
	for (uint8_t place = 1; place < PLACES; place++)
		put_state(svg, &passed, place);
	svg_end(svg);
}
