/* SPDX-License-Identifier: MIT */
/*
 * The kernel's list of a network's UDP sockets, /proc/net/udp or udp6
 * (proc(5)), by a descriptor that was opened in that network.
 */
#ifndef RUN_WORLD_UDP_LIST_H
#define RUN_WORLD_UDP_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include <catenet/frame.h>

/* Sockets of one list that are looked at: programs may open as many as they
 * like, and nobody shall wait for them. */
#define UDP_LIST_MAX 2048

struct udp_listed {
	struct cn_endpoint local, peer;
	bool is_connected;
	uint32_t recv_q, send_q; /* octets of memory, as the kernel counts */
	uint32_t drops, uid;
	uint64_t inode;
};

enum udp_list_end {
	UDP_LIST_FAILED, /* nobody knows */
	UDP_LIST_WHOLE,
	UDP_LIST_LONGER, /* than UDP_LIST_MAX */
	UDP_LIST_STOPPED, /* by each */
};

/* Whether it is such a descriptor, or may as well be: a regular file of the
 * proc filesystem, which never lets a reader wait. */
bool udp_list_is(int fd);
/* each says whether to go on.  fd may be -1: failed. */
enum udp_list_end udp_list_each(int fd,
				bool (*each)(void *ctx,
					     const struct udp_listed *listed),
				void *ctx);
/* One line of it, for tests; false: it is none. */
bool udp_list_read(const char *line, struct udp_listed *listed);

#endif
