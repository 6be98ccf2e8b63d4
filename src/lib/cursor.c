/* SPDX-License-Identifier: MIT */
#include "lib/cursor.h"

#include <errno.h>
#include <limits.h>

/* What one call moves at most: Linux's MAX_RW_COUNT. */
#define MOVE_MAX ((size_t)INT_MAX & ~(size_t)4095)

int cursor_init(struct cursor *cursor, const struct iovec *iov, size_t n)
{
	size_t sum = 0;

	if (n > IOV_MOST)
		return EMSGSIZE;
	if (n && !iov)
		return EFAULT;
	for (size_t i = 0; i < n; i++) {
		if (iov[i].iov_len > (size_t)SSIZE_MAX - sum)
			return EINVAL;
		if (iov[i].iov_len && !iov[i].iov_base)
			return EFAULT;
		sum += iov[i].iov_len;
	}
	*cursor = (struct cursor){
		.iov = iov, .n = n, .left = sum < MOVE_MAX ? sum : MOVE_MAX};
	return 0;
}

uint8_t *cursor_piece(struct cursor *cursor, size_t *len)
{
	while (cursor->n && cursor->off == cursor->iov->iov_len) {
		cursor->iov++;
		cursor->n--;
		cursor->off = 0;
	}
	if (!cursor->n || !cursor->left) {
		*len = 0;
		return NULL;
	}
	*len = cursor->iov->iov_len - cursor->off;
	if (*len > cursor->left)
		*len = cursor->left;
	return (uint8_t *)cursor->iov->iov_base + cursor->off;
}

void cursor_pass(struct cursor *cursor, size_t len)
{
	cursor->off += len;
	cursor->left -= len;
}
