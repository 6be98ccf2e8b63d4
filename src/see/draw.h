/* SPDX-License-Identifier: MIT */
/* Drawings of a run (sketch.h), in SVG. */
#ifndef SEE_DRAW_H
#define SEE_DRAW_H

#include "see/sketch.h"
#include "see/svg.h"

/* X(name, function, what): what catenet explain --svg takes. */
#define SEE_DRAWINGS(X)                                                        \
	X("ladder", draw_ladder, "the segments in time")                       \
	X("calls", draw_calls, "the programs' calls, and what they cause")     \
	X("states", draw_states, "the eleven states, and the arrows taken")    \
	X("header", draw_header, "the octets of a header")                     \
	X("window", draw_window, "the send window at one moment")

#define SEE_X(name, function, what)                                            \
	void function(const struct sketch *sketch, const struct svg *svg,      \
		      const char *title, enum see_lang lang);
SEE_DRAWINGS(SEE_X)
#undef SEE_X

#endif
