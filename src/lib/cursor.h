/* SPDX-License-Identifier: MIT */
/* A walk over the pieces of an iovec. */
#ifndef LIB_CURSOR_H
#define LIB_CURSOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define IOV_MOST 1024 /* UIO_MAXIOV */

struct cursor {
	const struct iovec *iov;
	size_t n;
	size_t off; /* in the first */
	size_t left; /* octets in all */
};

/* 0 or an errno. */
int cursor_init(struct cursor *cursor, const struct iovec *iov, size_t n);
/* The piece where it stands; NULL at the end. */
uint8_t *cursor_piece(struct cursor *cursor, size_t *len);
/* So many octets of it are done. */
void cursor_pass(struct cursor *cursor, size_t len);

/* The calls that only read say so by type; a msghdr cannot. */
static inline void *unconst(const void *p)
{
	return (void *)(uintptr_t)p;
}

#endif
