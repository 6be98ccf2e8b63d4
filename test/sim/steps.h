/* SPDX-License-Identifier: MIT */
/* Instructions of a child process, counted one by one. */
#ifndef TEST_STEPS_H
#define TEST_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

/* In the child, first of all; and around what is counted. */
void steps_let_count(void);
void steps_begin(void);
void steps_end(void);
/* In the parent: what the child did in each of n such stretches.  False: this
 * machine does not let us, or the child failed. */
bool steps_count(pid_t child, uint64_t *counts, int n);

#endif
