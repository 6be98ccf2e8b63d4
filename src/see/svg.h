/* SPDX-License-Identifier: MIT */
/* A drawing in SVG 1.1: lines, boxes and words, in classes that one style
 * sheet colours for light and for dark pages. */
#ifndef SEE_SVG_H
#define SEE_SVG_H

#include <stddef.h>

struct svg {
	void (*write)(void *ctx, const char *text, size_t len);
	void *ctx;
};

/* Classes, joined by spaces, of shapes: left right (whose it is), lost, again,
 * control (SYN, FIN), axis, plain (not passed, not reached), break, and of
 * words: name, small, mid, end (where their place is: at the start unless
 * said). */
void svg_begin(const struct svg *svg, double width, double height,
	       const char *title);
void svg_end(const struct svg *svg);

void svg_line(const struct svg *svg, const char *class, double x1, double y1,
	      double x2, double y2);
/* A line with a head at its second end. */
void svg_arrow(const struct svg *svg, const char *class, double x1, double y1,
	       double x2, double y2);
void svg_box(const struct svg *svg, const char *class, double x, double y,
	     double width, double height);
/* The text may hold anything: it is escaped. */
void svg_text(const struct svg *svg, const char *class, double x, double y,
	      const char *text);
/* ... turned about its place, degrees clockwise. */
void svg_text_turned(const struct svg *svg, const char *class, double x,
		     double y, double degrees, const char *text);
/* A line through points: between begin and end, each point in its turn. */
void svg_curve_begin(const struct svg *svg, const char *class);
void svg_curve_point(const struct svg *svg, double x, double y);
void svg_curve_end(const struct svg *svg);
void svg_dot(const struct svg *svg, const char *class, double x, double y,
	     double radius);

#endif
