/* SPDX-License-Identifier: MIT */
/* A connection over time. */
#include "see/plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 1000.0
#define X0 76.0
#define LONG (WIDTH - X0 - 20)
#define PANEL 210.0
#define GAP 62.0
#define TOP 66.0
/* More points than this are thinned before they are drawn. */
#define POINTS_MAX 4000u

enum series {
	CWND, /* congestion window */
	FLIGHT,
	WND, /* the receiver's window */
	RTT, /* smoothed */
	SENT, /* the end of each new segment */
	AGAIN, /* segments that were sent again */
	ACKED, /* SND.UNA */
	EDGE, /* SND.UNA + SND.WND */
	SERIES_N
};

struct point {
	double t, y;
};

struct plot {
	uint16_t port;
	uint64_t start;
	bool begun;
	uint32_t at; /* absolute sequence number of the last position */
	double position; /* of it, in octets from the first */
	struct series_points {
		struct point *point;
		size_t n, room;
	} of[SERIES_N];
	bool full; /* no memory for more */
};

static void add(struct plot *plot, enum series series, uint64_t at, double y)
{
	struct series_points *of = &plot->of[series];
	double t = (double)(at - plot->start) / CN_NS_PER_SEC;

	/* A line that stays as it was needs its last point alone. */
	if (series < SENT && of->n > 1 && of->point[of->n - 1].y == y &&
	    of->point[of->n - 2].y == y) {
		of->point[of->n - 1].t = t;
		return;
	}
	if (of->n == of->room) {
		size_t room = of->room ? of->room * 2 : 256;
		struct point *point = realloc(of->point, room * sizeof(*point));

		if (!point) {
			plot->full = true;
			return;
		}
		of->point = point;
		of->room = room;
	}
	of->point[of->n++] = (struct point){t, y};
}

/* Octets from the first one; more than 4 GiB count on. */
static double position(struct plot *plot, uint32_t seq)
{
	plot->position += (int32_t)(seq - plot->at);
	plot->at = seq;
	return plot->position;
}

void plot_event(struct plot *plot, const struct cn_trace *trace)
{
	if (trace->local.port != plot->port)
		return;
	if (!plot->begun) {
		plot->begun = true;
		plot->at = trace->iss;
	}
	if (trace->kind == CN_TRACE_OUT && trace->len) {
		add(plot, trace->retransmit ? AGAIN : SENT, trace->at,
		    position(plot, trace->seq + trace->len));
		add(plot, FLIGHT, trace->at, trace->flight);
		add(plot, CWND, trace->at, trace->cwnd);
	} else if (trace->kind == CN_TRACE_IN &&
		   trace->from == CN_ESTABLISHED) {
		double acked = position(plot, trace->ack);

		add(plot, ACKED, trace->at, acked);
		add(plot, EDGE, trace->at, acked + trace->snd_wnd);
		add(plot, FLIGHT, trace->at, trace->flight);
		add(plot, CWND, trace->at, trace->cwnd);
		add(plot, WND, trace->at, trace->snd_wnd);
		if (trace->srtt_ns)
			add(plot, RTT, trace->at,
			    (double)trace->srtt_ns / CN_NS_PER_MS);
	} else if (trace->kind == CN_TRACE_CC) {
		add(plot, CWND, trace->at, trace->cwnd);
	}
}

/* -------------------------------------------------------------- drawing -- */

struct panel {
	const struct svg *svg;
	double y, t_max, y_max;
};

static double x_at(const struct panel *panel, double t)
{
	return X0 + LONG * t / panel->t_max;
}

static double y_at(const struct panel *panel, double y)
{
	return panel->y + PANEL - PANEL * fmin(y, panel->y_max) / panel->y_max;
}

/* 1, 2 or 5 times a power of ten, so that some five of them fit. */
static double step_of(double most)
{
	double power = pow(10, floor(log10(most / 5)));
	double n = most / 5 / power;

	return power * (n <= 1 ? 1 : n <= 2 ? 2 : n <= 5 ? 5 : 10);
}

static void put_number(const struct svg *svg, const char *class, double x,
		       double y, double number)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", number);
	svg_text(svg, class, x, y, text);
}

static void put_axes(const struct panel *panel, const char *what)
{
	double step = step_of(panel->y_max);

	svg_text(panel->svg, "name", X0, panel->y - 10, what);
	svg_line(panel->svg, "axis", X0, panel->y, X0, panel->y + PANEL);
	svg_line(panel->svg, "axis", X0, panel->y + PANEL, X0 + LONG,
		 panel->y + PANEL);
	for (double y = 0; y <= panel->y_max; y += step) {
		svg_line(panel->svg, "break", X0, y_at(panel, y), X0 + LONG,
			 y_at(panel, y));
		put_number(panel->svg, "small end", X0 - 6, y_at(panel, y) + 4,
			   y);
	}
	step = step_of(panel->t_max);
	for (double t = 0; t <= panel->t_max; t += step)
		put_number(panel->svg, "small mid", x_at(panel, t),
			   panel->y + PANEL + 16, t);
}

static void put_curve(const struct panel *panel, const struct series_points *of,
		      const char *class, double unit)
{
	size_t every = of->n / POINTS_MAX + 1;
	bool begun = false;
	double y = 0;

	for (size_t i = 0; i < of->n; i += every) {
		double x = x_at(panel, of->point[i].t);

		/* Values hold until they change: steps. */
		if (begun)
			svg_curve_point(panel->svg, x, y_at(panel, y));
		y = of->point[i].y / unit;
		if (!begun && y <= panel->y_max)
			svg_curve_begin(panel->svg, class);
		if (begun || y <= panel->y_max)
			svg_curve_point(panel->svg, x, y_at(panel, y));
		/* Beyond the panel there is no line along its edge. */
		if (begun && y > panel->y_max)
			svg_curve_end(panel->svg);
		begun = y <= panel->y_max;
	}
	if (begun)
		svg_curve_end(panel->svg);
}

static void put_dots(const struct panel *panel, const struct series_points *of,
		     const char *class, double radius, double unit)
{
	/* What was sent again is never thinned. */
	size_t every = radius > 1.5 ? 1 : of->n / POINTS_MAX + 1;

	for (size_t i = 0; i < of->n; i += every)
		svg_dot(panel->svg, class, x_at(panel, of->point[i].t),
			y_at(panel, of->point[i].y / unit), radius);
}

static double most_of(const struct series_points *of)
{
	double most = 0;

	for (size_t i = 0; i < of->n; i++)
		most = fmax(most, of->point[i].y);
	return most;
}

static double put_key(const struct svg *svg, double x, double y,
		      const char *class, bool dot, const char *name)
{
	if (dot)
		svg_dot(svg, class, x + 10, y - 4, 3);
	else
		svg_line(svg, class, x, y - 4, x + 20, y - 4);
	svg_text(svg, "small", x + 26, y, name);
	return x + 34 + 6.5 * (double)strlen(name);
}

static void put_windows(struct panel *panel, const struct plot *plot,
			enum see_lang lang)
{
	double most =
		fmax(most_of(&plot->of[CWND]), most_of(&plot->of[FLIGHT]));
	double x = X0 + 260;

	/* A window that is never reached does not press the others flat. */
	if (most_of(&plot->of[WND]) < 2 * most)
		most = fmax(most, most_of(&plot->of[WND]));
	panel->y_max = fmax(1, most * 1.05 / 1000);
	put_axes(panel, see_text(lang, SEE_PLOT_WINDOWS));
	put_curve(panel, &plot->of[WND], "right", 1000);
	put_curve(panel, &plot->of[FLIGHT], "axis", 1000);
	put_curve(panel, &plot->of[CWND], "left", 1000);
	x = put_key(panel->svg, x, panel->y - 10, "left", false, "cwnd");
	x = put_key(panel->svg, x, panel->y - 10, "axis", false,
		    see_text(lang, SEE_PLOT_FLIGHT));
	put_key(panel->svg, x, panel->y - 10, "right", false,
		see_text(lang, most_of(&plot->of[WND]) / 1000 > panel->y_max ?
				       SEE_PLOT_WND_ABOVE :
				       SEE_PLOT_WND));
}

static void put_sequence(struct panel *panel, const struct plot *plot,
			 enum see_lang lang)
{
	double x = X0 + 260;

	panel->y_max = fmax(1, most_of(&plot->of[SENT]) * 1.05 / 1000);
	put_axes(panel, see_text(lang, SEE_PLOT_SEQUENCE));
	put_curve(panel, &plot->of[EDGE], "right", 1000);
	put_dots(panel, &plot->of[SENT], "left", 1.2, 1000);
	put_curve(panel, &plot->of[ACKED], "axis", 1000);
	put_dots(panel, &plot->of[AGAIN], "lost", 2.4, 1000);
	x = put_key(panel->svg, x, panel->y - 10, "left", true,
		    see_text(lang, SEE_PLOT_SENT));
	x = put_key(panel->svg, x, panel->y - 10, "lost", true,
		    see_text(lang, SEE_PLOT_AGAIN));
	x = put_key(panel->svg, x, panel->y - 10, "axis", false,
		    see_text(lang, SEE_PLOT_ACKED));
	put_key(panel->svg, x, panel->y - 10, "right", false,
		see_text(lang, SEE_PLOT_EDGE));
}

void plot_draw(const struct plot *plot, const struct svg *svg,
	       const char *title, enum see_lang lang, uint64_t end)
{
	struct panel panel = {.svg = svg, .y = TOP};

	panel.t_max = (double)(end - plot->start) / CN_NS_PER_SEC;
	if (panel.t_max <= 0)
		panel.t_max = 1;
	svg_begin(svg, WIDTH, TOP + 3 * (PANEL + GAP), title);
	svg_text(svg, "name mid", WIDTH / 2, 22, title);
	put_windows(&panel, plot, lang);
	panel.y += PANEL + GAP;
	panel.y_max = fmax(0.1, most_of(&plot->of[RTT]) * 1.1);
	put_axes(&panel, see_text(lang, SEE_PLOT_RTT));
	put_curve(&panel, &plot->of[RTT], "left", 1);
	panel.y += PANEL + GAP;
	put_sequence(&panel, plot, lang);
	svg_text(svg, "small end", X0 + LONG, panel.y + PANEL + 34,
		 see_text(lang, plot->full ? SEE_PLOT_FULL : SEE_PLOT_TIME));
	svg_end(svg);
}

struct plot *plot_new(uint16_t port, uint64_t start)
{
	struct plot *plot = calloc(1, sizeof(*plot));

	if (plot) {
		plot->port = port;
		plot->start = start;
	}
	return plot;
}

void plot_free(struct plot *plot)
{
	if (!plot)
		return;
	for (int i = 0; i < SERIES_N; i++)
		free(plot->of[i].point);
	free(plot);
}
