/* SPDX-License-Identifier: MIT */
/*
 * One connection as its sender saw it, over time: windows, round trip, and a
 * time-sequence graph as W. R. Stevens drew them.  Gathered from the events of
 * the sender's host; drawn as SVG when the run is over.
 */
#ifndef SEE_PLOT_H
#define SEE_PLOT_H

#include <catenet/engine.h>

#include "see/lang.h"
#include "see/svg.h"

struct plot;

/* Of the connection whose local port it is; NULL: no memory. */
struct plot *plot_new(uint16_t port, uint64_t start);
void plot_free(struct plot *plot);
void plot_event(struct plot *plot, const struct cn_trace *trace);
/* end: where the time axis ends. */
void plot_draw(const struct plot *plot, const struct svg *svg,
	       const char *title, enum see_lang lang, uint64_t end);

#endif
