/* SPDX-License-Identifier: MIT */
/* From a pipe or a file to a socket, and from a socket to a pipe. */
#include <errno.h>
#include <linux/sockios.h>
#include <unistd.h>

#include "packetdrill/drill.h"

/* What a pipe takes at once. */
#define CHUNK 65536

/* As Linux: an urgent octet alone, which is not for reading, is no reason to
 * wait.  Whoever reads on has lost it, so the mark is looked at before. */
static ssize_t from_socket(int fd, uint8_t *data, size_t len)
{
	int mark = 0;
	ssize_t n;

	if (cn_ioctl(fd, SIOCATMARK, &mark))
		mark = 0;
	n = cn_recv(fd, data, len, MSG_DONTWAIT);
	if (n >= 0 || errno != EAGAIN)
		return n;
	return mark ? 0 : cn_recv(fd, data, len, 0);
}

ssize_t drill_splice(struct drill *drill, int in, int out, size_t len)
{
	uint8_t data[CHUNK];
	int from = drill_fd(drill, in), to = drill_fd(drill, out);
	ssize_t n;

	if (len > sizeof(data))
		len = sizeof(data);
	if (from >= 0 && to >= 0) {
		errno = EINVAL;
		return -1;
	}
	n = from >= 0 ? from_socket(from, data, len) : read(in, data, len);
	if (n <= 0)
		return n;
	return to >= 0 ? cn_send(to, data, (size_t)n, 0) :
			 write(out, data, (size_t)n);
}

ssize_t drill_sendfile(struct drill *drill, int out, int in, off64_t *at,
		       size_t len)
{
	uint8_t data[CHUNK];
	int to = drill_fd(drill, out);
	ssize_t sum = 0;

	while (len) {
		size_t want = len < sizeof(data) ? len : sizeof(data);
		ssize_t n = at ? pread64(in, data, want, *at) :
				 read(in, data, want);
		ssize_t sent;

		if (n <= 0)
			return sum ? sum : n;
		sent = cn_send(to, data, (size_t)n,
			       (size_t)n < len ? MSG_MORE : 0);
		if (sent < 0)
			return sum ? sum : -1;
		if (at)
			*at += sent;
		sum += sent;
		len -= (size_t)sent;
		if (sent < n)
			break;
	}
	return sum;
}
