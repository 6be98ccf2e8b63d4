/* SPDX-License-Identifier: MIT */
/* The files that a command writes, before it opens the first of them. */
#ifndef CLI_OUTPUTS_H
#define CLI_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

struct cli_output {
	const char *option; /* without its dashes */
	const char *file; /* "-": standard output; NULL: not asked for */
};

/* Whether each has a place of its own; if not, it was said what to write. */
bool outputs_check(const char *command, const struct cli_output *output,
		   size_t n);

#endif
