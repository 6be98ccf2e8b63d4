/* SPDX-License-Identifier: MIT */
/*
 * Paths that have names, for --net: each is what --up and --down would say,
 * and where its figures were published.
 */
#ifndef LINK_PROFILE_H
#define LINK_PROFILE_H

#include <stdio.h>

#include <catenet/link.h>

struct profile {
	const char *name;
	const char *what; /* a phrase for people */
	const char *down, *up; /* in the words of units_impair_list */
	const char *source; /* who published the figures, and where */
	const char *ours; /* which figures are not from there; or NULL */
};

size_t profile_count(void);
const struct profile *profile_at(size_t i);
const struct profile *profile_find(const char *name); /* NULL: none */
/* Both directions of the path as the profile has them; what it does not name
 * stays. */
void profile_apply(const struct profile *profile, struct cn_impair *up,
		   struct cn_impair *down);
/* All of them, with their figures and sources. */
void profile_list(FILE *out);

#endif
