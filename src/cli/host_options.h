/* SPDX-License-Identifier: MIT */
/* What catenet run says of its program's host, and catenet world of all of its
 * hosts: how TCP is set, how listeners are guarded, and the seed of chance. */
#ifndef CLI_HOST_OPTIONS_H
#define CLI_HOST_OPTIONS_H

#include <stddef.h>

struct world_options;

/* One option by its name, without dashes: NULL, or what is wrong with the
 * value, to follow "--name VALUE: ".  No other name is asked for. */
const char *host_option(const char *name, const char *value,
			struct world_options *options);
/* For completion: NULL after the last. */
const char *host_option_cc(size_t i);

#endif
