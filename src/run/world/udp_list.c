/* SPDX-License-Identifier: MIT */
/* Reading /proc/net/udp.  See udp_list.h. */
#include "run/world/udp_list.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

/* A line is 128 octets, of IPv6 some 180. */
#define ROOM 4096

bool udp_list_is(int fd)
{
	struct statfs system;
	struct stat file;

	return !fstatfs(fd, &system) && system.f_type == PROC_SUPER_MAGIC &&
	       !fstat(fd, &file) && S_ISREG(file.st_mode);
}

/* Words in this machine's order. */
static bool read_end(const char *word, unsigned port, struct cn_endpoint *ep)
{
	struct cn_addr addr = cn_addr_v4(0, 0, 0, 0);
	size_t n = strlen(word) / 8;
	unsigned value;

	if ((n != 1 && n != 4) || port > UINT16_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (sscanf(word + 8 * i, "%8x", &value) != 1)
			return false;
		memcpy(addr.octet + (n == 1 ? 12 : 4 * i), &value, 4);
	}
	ep->addr = addr;
	ep->port = (uint16_t)port;
	return true;
}

bool udp_list_read(const char *line, struct udp_listed *listed)
{
	char local[33], peer[33];
	unsigned port[2], state;
	unsigned long long inode;
	int at = 0;

	memset(listed, 0, sizeof(*listed));
	if (sscanf(line,
		   " %*u: %32[0-9A-F]:%x %32[0-9A-F]:%x %x %x:%x %*x:%*x %*x "
		   "%u %*u %llu %n",
		   local, &port[0], peer, &port[1], &state, &listed->send_q,
		   &listed->recv_q, &listed->uid, &inode, &at) != 9)
		return false;
	/* Then come references, an address of the kernel's, and drops. */
	(void)sscanf(line + at, "%*u %*s %u", &listed->drops);
	listed->is_connected = state == 1;
	listed->inode = inode;
	return read_end(local, port[0], &listed->local) &&
	       read_end(peer, port[1], &listed->peer);
}

enum udp_list_end udp_list_each(int fd,
				bool (*each)(void *ctx,
					     const struct udp_listed *listed),
				void *ctx)
{
	char text[ROOM + 1];
	size_t len = 0;
	unsigned n = 0;
	ssize_t got;

	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return UDP_LIST_FAILED;
	while ((got = read(fd, text + len, ROOM - len)) > 0) {
		char *line = text, *end;

		len += (size_t)got;
		text[len] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			struct udp_listed one;

			*end = '\0';
			if (!udp_list_read(line, &one))
				continue;
			if (n++ == UDP_LIST_MAX)
				return UDP_LIST_LONGER;
			if (!each(ctx, &one))
				return UDP_LIST_STOPPED;
		}
		len = strlen(line);
		memmove(text, line, len + 1);
		if (len == ROOM)
			return UDP_LIST_FAILED;
	}
	/* An empty file has not even its first line. */
	return got < 0 || lseek(fd, 0, SEEK_CUR) <= 0 ? UDP_LIST_FAILED :
							UDP_LIST_WHOLE;
}
