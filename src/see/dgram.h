/* SPDX-License-Identifier: MIT */
/* The sentence of a datagram. */
#ifndef SEE_DGRAM_H
#define SEE_DGRAM_H

#include "see/tale.h"

void see_tell_dgram(const struct cn_dgram_trace *trace, struct see_tale *tale);

#endif
