/* SPDX-License-Identifier: MIT */
/*
 * Whether a socket that we have no descriptor of still exists somewhere.
 */
#ifndef RUN_GONE_H
#define RUN_GONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gone {
	int netlink; /* -1: by /proc/net/unix */
	uint64_t *inode; /* the latter, between begin and end */
	size_t n, room;
	bool known; /* the list is whole */
};

void gone_init(struct gone *gone, bool no_diag);
void gone_deinit(struct gone *gone);

void gone_begin(struct gone *gone);
/* False also when it cannot be told. */
bool gone_check(struct gone *gone, uint64_t inode, uint64_t cookie);
void gone_end(struct gone *gone);
/* Somebody holds it; false also when it cannot be told.  Not between begin and
 * end. */
bool gone_is_held(struct gone *gone, uint64_t inode, uint64_t cookie);

#endif
