/* SPDX-License-Identifier: MIT */
/* Amounts as people read them, decimal. */
#ifndef RUN_WORLD_AMOUNT_H
#define RUN_WORLD_AMOUNT_H

#include <stdint.h>

#define AMOUNT_TEXT 64

/* "9 octets", "12.3 MB" */
void amount_octets(char text[AMOUNT_TEXT], uint64_t octets);
/* "12.3 ms" */
void amount_time(char text[AMOUNT_TEXT], uint64_t ns);
/* "12.3 Mbit/s": so many octets in so long. */
void amount_rate(char text[AMOUNT_TEXT], uint64_t octets, uint64_t ns);

#endif
