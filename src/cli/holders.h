/* SPDX-License-Identifier: MIT */
/*
 * Which processes hold which socket, out of /proc: after fork, dup and passing
 * a socket may have many holders, and one process it under many numbers.  Only
 * processes that this one may look into are seen, as with ss.
 */
#ifndef CLI_HOLDERS_H
#define CLI_HOLDERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct holder {
	uint64_t inode;
	pid_t pid;
	int fd;
};

struct holders {
	struct holder *one; /* by inode, process and number */
	size_t n;
};

/* What is held now.  Short of memory: not all of it. */
void holders_read(struct holders *holders);
void holders_free(struct holders *holders);
/* The first that holds it, and how many follow, itself among them. */
const struct holder *holders_find(const struct holders *holders, uint64_t inode,
				  size_t *n);
/* The name of a process, harmless for a terminal; "?" when it is gone. */
void holder_name(pid_t pid, char *name, size_t size);

#endif
