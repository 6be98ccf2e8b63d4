/* SPDX-License-Identifier: MIT */
/* Instructions of a child process, counted one by one. */
#ifndef TEST_STEPS_H
#define TEST_STEPS_H

#include <stdint.h>

/* In the child, around what is counted. */
void steps_begin(void);
void steps_end(void);
/* Runs that in a child and counts what it does in each of n such stretches; fails
 * with the child, and skips the test where the machine does not let us count. */
void steps_of(void (*run)(void), uint64_t *counts, int n);

#endif
