/* SPDX-License-Identifier: MIT */
/* Whoever looks at one simulated run: a capture, events, a plot. */
#ifndef CLI_SIM_LOOK_H
#define CLI_SIM_LOOK_H

#include "see/lang.h"
#include "sim/bulk.h"

struct sim_look;

struct sim_look_config {
	const char *pcapng, *events, *plot; /* files, or "-"; or NULL */
	enum see_lang lang;
};

/* How many of them are standard output. */
unsigned sim_look_on_stdout(const struct sim_look_config *config);
/* NULL: it said on standard error why not. */
struct sim_look *sim_look_open(const struct sim_look_config *config);
const struct bulk_watch *sim_look_watch(const struct sim_look *look);
/* The run is over; title is the plot's.  False: a file is not whole, and that
 * was said. */
bool sim_look_close(struct sim_look *look, const char *title,
		    const struct bulk_result *result);

#endif
