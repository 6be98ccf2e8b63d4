/* SPDX-License-Identifier: MIT */
/* Two things in one file would be neither. */
#include "cli/outputs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "link/rate_trace.h"

/* A file that is both things' at once; what is no regular file (/dev/null, a
 * terminal) may be, and the user's own pipe too. */
static bool is_one_file(const char *a, const char *b)
{
	struct stat of_a, of_b;
	bool same = !strcmp(a, b);

	if (stat(a, &of_a) || stat(b, &of_b))
		return same;
	return S_ISREG(of_a.st_mode) && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

static bool pair_check(const char *command, const struct cli_output *a,
		       const struct cli_output *b)
{
	bool out = !strcmp(a->file, "-");

	if (out != !strcmp(b->file, "-") ||
	    (!out && !is_one_file(a->file, b->file)))
		return true;
	fprintf(stderr,
		"catenet %s: --%s %s and --%s %s: one thing alone can be "
		"written to %s; name %s file for the other\n",
		command, a->option, a->file, b->option, b->file,
		out ? "standard output" : "one file", out ? "a" : "another");
	return false;
}

bool outputs_check(const char *command, const struct cli_output *output,
		   size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!output[i].file)
			continue;
		if (!*output[i].file) {
			fprintf(stderr,
				"catenet %s: --%s: the name of a file is "
				"missing\n",
				command, output[i].option);
			return false;
		}
		if (rate_trace_is_file(output[i].file)) {
			fprintf(stderr,
				"catenet %s: --%s %s: a rate is read from "
				"there; name another file\n",
				command, output[i].option, output[i].file);
			return false;
		}
		for (size_t k = 0; k < i; k++)
			if (output[k].file &&
			    !pair_check(command, &output[k], &output[i]))
				return false;
	}
	return true;
}
