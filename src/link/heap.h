/* SPDX-License-Identifier: MIT */
/* The C library's memory for those who need no other. */
#ifndef LINK_HEAP_H
#define LINK_HEAP_H

#include <catenet/base.h>

/* malloc and free. */
extern const struct cn_alloc heap_memory;

/*
 * Whole pages that are free go back to the kernel, those between blocks in use
 * too, where the C library can do that (glibc's malloc_trim); some milliseconds
 * for a large heap.
 */
void heap_trim(void);

#endif
