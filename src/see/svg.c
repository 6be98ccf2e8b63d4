/* SPDX-License-Identifier: MIT */
/* Drawings in SVG. */
#include "see/svg.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "see/text.h"

#define HEAD 7.0

/* Written out twice: not every reader of SVG knows variables. */
#define COLOURS(ink, pale, fill, left, right, bad, new)                                                        \
	"text,circle,polygon{fill:" ink "}"                                                                    \
	"line,polyline,rect{stroke:" ink "}rect{fill:" fill "}"                                                \
	".small{fill:" pale "}"                                                                                \
	"line.axis,polyline.axis,line.break,line.plain,rect.plain{stroke:" pale                                \
	"}polygon.plain{fill:" pale "}"                                                                        \
	"text.left,circle.left,polygon.left{fill:" left "}"                                                    \
	"text.right,circle.right,polygon.right{fill:" right "}"                                                \
	"text.lost,circle.lost,polygon.lost{fill:" bad "}"                                                     \
	"text.again,circle.again,polygon.again{fill:" new "}"                                                  \
							  "line.left,polyline.left,rect.left{stroke:" left     \
							  "}"                                                  \
							  "line.right,polyline.right,rect.right{stroke:" right \
							  "}"                                                  \
							  "line.lost,polyline.lost,rect.lost{stroke:" bad      \
							  "}"                                                  \
							  "line.again,polyline.again,rect.again{stroke:" new "}"

static const char style[] =
	"<style>\n"
	"text{font:12px sans-serif}text.small{font-size:10.5px}"
	"text.name{font-weight:600}text.mid{text-anchor:middle}"
	"text.end{text-anchor:end}\n"
	"line,polyline{stroke-width:1.3;fill:none}rect{stroke-width:1}"
	"line.axis{stroke-width:1}line.control{stroke-width:2.2}"
	"line.lost{stroke-dasharray:5 3}line.again{stroke-dasharray:7 2}"
	"line.break{stroke-dasharray:2 4}\n" COLOURS(
		"#1b1f24", "#6e7781", "#f3f5f8", "#0b62c4", "#b3541e",
		"#c4162a",
		"#8250df") "\n"
			   "@media(prefers-color-scheme:dark){svg{background:#0d1117}" COLOURS(
				   "#e6edf3", "#8b949e", "#161b22", "#58a6ff",
				   "#f0883e", "#ff7b72",
				   "#d2a8ff") "}\n"
					      "</style>\n";

static void put(const struct svg *svg, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(const struct svg *svg, const char *format, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n > 0)
		svg->write(svg->ctx, text,
			   (size_t)n < sizeof(text) ? (size_t)n :
						      sizeof(text) - 1);
}

static void put_escaped(const struct svg *svg, const char *text)
{
	char clean[512];
	size_t n = text_escape(text, clean, sizeof(clean)), from = 0;

	for (size_t i = 0; i <= n; i++) {
		const char *entity = clean[i] == '&' ? "&amp;" :
				     clean[i] == '<' ? "&lt;" :
				     clean[i] == '>' ? "&gt;" :
				     clean[i] == '"' ? "&quot;" :
						       NULL;

		if (!entity && i < n)
			continue;
		svg->write(svg->ctx, clean + from, i - from);
		from = i + 1;
		if (entity)
			svg->write(svg->ctx, entity, strlen(entity));
	}
}

void svg_begin(const struct svg *svg, double width, double height,
	       const char *title)
{
	put(svg,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
	    "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>",
	    width, height, width, height);
	put_escaped(svg, title);
	put(svg, "</title>\n");
	svg->write(svg->ctx, style, sizeof(style) - 1);
}

void svg_end(const struct svg *svg)
{
	put(svg, "</svg>\n");
}

void svg_line(const struct svg *svg, const char *class, double x1, double y1,
	      double x2, double y2)
{
	put(svg,
	    "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
	    "y2=\"%.1f\"/>\n",
	    class, x1, y1, x2, y2);
}

/* The head is a shape of its own: markers cannot take the line's colour
 * everywhere. */
void svg_arrow(const struct svg *svg, const char *class, double x1, double y1,
	       double x2, double y2)
{
	double len = hypot(x2 - x1, y2 - y1);
	double dx = len > 0 ? (x2 - x1) / len : 1,
	       dy = len > 0 ? (y2 - y1) / len : 0;
	double x = x2 - HEAD * dx, y = y2 - HEAD * dy;

	svg_line(svg, class, x1, y1, x, y);
	put(svg,
	    "<polygon class=\"%s\" points=\"%.1f,%.1f %.1f,%.1f "
	    "%.1f,%.1f\"/>\n",
	    class, x2, y2, x - HEAD / 2 * dy, y + HEAD / 2 * dx,
	    x + HEAD / 2 * dy, y - HEAD / 2 * dx);
}

void svg_box(const struct svg *svg, const char *class, double x, double y,
	     double width, double height)
{
	put(svg,
	    "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
	    "height=\"%.1f\"/>\n",
	    class, x, y, width, height);
}

void svg_text(const struct svg *svg, const char *class, double x, double y,
	      const char *text)
{
	put(svg, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	put_escaped(svg, text);
	put(svg, "</text>\n");
}

void svg_text_turned(const struct svg *svg, const char *class, double x,
		     double y, double degrees, const char *text)
{
	put(svg,
	    "<text class=\"%s\" transform=\"translate(%.1f %.1f) "
	    "rotate(%.1f)\">",
	    class, x, y, degrees);
	put_escaped(svg, text);
	put(svg, "</text>\n");
}

void svg_curve_begin(const struct svg *svg, const char *class)
{
	put(svg, "<polyline class=\"%s\" points=\"", class);
}

void svg_curve_point(const struct svg *svg, double x, double y)
{
	put(svg, "%.1f,%.1f ", x, y);
}

void svg_curve_end(const struct svg *svg)
{
	put(svg, "\"/>\n");
}

void svg_dot(const struct svg *svg, const char *class, double x, double y,
	     double radius)
{
	put(svg, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n",
	    class, x, y, radius);
}
