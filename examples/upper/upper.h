/* SPDX-License-Identifier: MIT */
/* What the three servers do for one client: answer in upper case, until the
 * client ends. */
#ifndef EXAMPLES_UPPER_H
#define EXAMPLES_UPPER_H

#include <ctype.h>

#include "../net.h"

/* Octets answered, or -1 with errno. */
static inline long serve_upper(int fd)
{
	char piece[4096];
	long total = 0;
	ssize_t n;

	for (;;) {
		n = recv(fd, piece, sizeof(piece), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -1 : total;
		for (ssize_t i = 0; i < n; i++)
			piece[i] = (char)toupper((unsigned char)piece[i]);
		if (send_all(fd, piece, (size_t)n) < 0)
			return -1;
		total += n;
	}
}

#endif
