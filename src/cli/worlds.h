/* SPDX-License-Identifier: MIT */
/*
 * Finds the running worlds and asks each what sockets it has.
 *
 * Root asks everybody's, and anybody may pose as a world: what is answered is
 * not believed further than row.h does, and nobody is waited for longer than a
 * few seconds.
 */
#ifndef CLI_WORLDS_H
#define CLI_WORLDS_H

#include "cli/row.h"

struct worlds {
	const char *command; /* for complaints on standard error */
	void (*row)(void *ctx, const struct row *row);
	/* Datagram sockets of a host ("": of the only one) that are not told;
	 * NULL: nobody asks. */
	void (*more)(void *ctx, const char *host);
	struct cn_counters *sum; /* of what they have counted, or NULL */
	void *ctx;
	unsigned found; /* that answered, or should have */
};

void worlds_ask(struct worlds *worlds);

#endif
