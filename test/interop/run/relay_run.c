/* SPDX-License-Identifier: MIT */
/*
 * catenet run over relay_world.c: relay_run [-w BITS] program args...
 * BITS is enum run_without.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/run.h"

int main(int argc, char **argv)
{
	struct run_options options = {.quiet = true};
	int opt;

	while ((opt = getopt(argc, argv, "+w:")) != -1) {
		if (opt != 'w')
			return 125;
		options.without = (unsigned)strtoul(optarg, NULL, 0);
	}
	if (optind == argc) {
		fputs("usage: relay_run [-w BITS] program args...\n", stderr);
		return 125;
	}
	options.argv = argv + optind;
	return run_main(&options);
}
