/* SPDX-License-Identifier: MIT */
/* What worlds have counted, summed over those that were asked. */
#ifndef CLI_COUNTERS_H
#define CLI_COUNTERS_H

#include <catenet/catenet.h>

/* Adds a line of a world's answer, "#", name and number with tabs between.
 * False: it is none. */
bool counters_take(struct cn_counters *sum, const char *line);
/* Those that are not nought, with what they count. */
void counters_print(const struct cn_counters *sum);
/* All of them, as one JSON object. */
void counters_json(const struct cn_counters *sum);

#endif
