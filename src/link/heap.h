/* SPDX-License-Identifier: MIT */
/* The C library's memory for those who need no other. */
#ifndef LINK_HEAP_H
#define LINK_HEAP_H

#include <catenet/base.h>

/* malloc and free. */
extern const struct cn_alloc heap_memory;

#endif
