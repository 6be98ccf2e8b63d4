/* SPDX-License-Identifier: MIT */
/*
 * getsockopt(TCP_INFO): a connection as Linux's struct tcp_info tells it, with
 * times in microseconds or milliseconds and windows in segments.
 */
#ifndef LIB_LINUX_INFO_H
#define LIB_LINUX_INFO_H

#include <catenet/socket.h>

/* Of Linux 6.18: programs that know of later fields find them 0. */
#define LINUX_TCP_INFO_LEN 280

/* A socket that was never connected has a state and nothing else. */
void linux_tcp_info(struct cn_sock *sock, uint8_t info[LINUX_TCP_INFO_LEN],
		    uint64_t now);

#endif
