/* SPDX-License-Identifier: MIT */
#ifndef LIB_SIDES_H
#define LIB_SIDES_H

#include <catenet/posix.h>

#include "same.h"

extern const struct api kernel_side, virtual_side, real_side;

/* The stack that both linked sides speak to. */
void linked_open(bool virtual_clock);
void linked_close(void);

#endif
