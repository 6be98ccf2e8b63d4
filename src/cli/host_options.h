/* SPDX-License-Identifier: MIT */
/* What catenet run says of its program's host, and catenet world of all of its
 * hosts: how TCP is set, how listeners are guarded, and the seed of chance. */
#ifndef CLI_HOST_OPTIONS_H
#define CLI_HOST_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

struct cn_mem;
struct world_options;

enum host_key {
	HOST_CC = 2048,
	HOST_RMEM,
	HOST_WMEM,
	HOST_SNDBUF,
	HOST_RCVBUF,
	HOST_MAX_PER_CLIENT,
	HOST_CLIENT_PREFIX,
	HOST_IDLE_TIMEOUT,
};

/* Rows of a struct cli_option table that several commands have. */
#define HOST_CC_OPTION(group)                                                  \
	{                                                                      \
		HOST_CC, "cc", "NAME",                                         \
			"congestion control: cubic, reno or bbr", group        \
	}
#define HOST_BUFFER_OPTIONS                                                    \
	{HOST_RMEM, "rmem", "LEAST,FIRST,MOST",                                \
	 "between what receive buffers tune themselves, as Linux's tcp_rmem; " \
	 "4096,131072,6291456 unless said; MOST alone will do",                \
	 NULL},                                                                \
		{HOST_WMEM, "wmem", "LEAST,FIRST,MOST",                        \
		 "the same for send buffers; 4096,16384,4194304 unless said",  \
		 NULL},                                                        \
		{HOST_SNDBUF, "sndbuf", "SIZE",                                \
		 "send buffers of that size, untuned", NULL},                  \
	{                                                                      \
		HOST_RCVBUF, "rcvbuf", "SIZE",                                 \
			"receive buffers of that size, untuned", NULL          \
	}
/* inside: where it listens; to_it: what listens there. */
#define HOST_GUARD_OPTIONS(inside, to_it)                                      \
	{HOST_MAX_PER_CLIENT, "max-per-client", "N",                           \
	 "connections that one client address may have to each port " inside   \
	 "; the next is reset",                                                \
	 "Guarding what listens"},                                             \
		{HOST_CLIENT_PREFIX, "client-prefix", "BITS",                  \
		 "of IPv6, a client is a network of so many bits; 64 unless "  \
		 "said",                                                       \
		 NULL},                                                        \
	{                                                                      \
		HOST_IDLE_TIMEOUT, "idle-timeout", "TIME",                     \
			"resets a connection to " to_it                        \
			" when no octet has come or gone for so long",         \
			NULL                                                   \
	}

/* One option by its name, without dashes: NULL, or what is wrong with the
 * value, to follow "--name VALUE: ".  No other name is asked for. */
const char *host_option(const char *name, const char *value,
			struct world_options *options);
/* A count from low to high, or what is wrong with it, the range said. */
const char *host_option_count(const char *value, uint64_t low, uint64_t high,
			      uint32_t *to);
/* NULL, or which two of them make no sense together. */
const char *host_options_check(const struct world_options *options);
/* The same of buffers: those that tune themselves, and of one size. */
const char *host_buffers_check(const struct cn_mem *rmem,
			       const struct cn_mem *wmem, uint32_t rcvbuf,
			       uint32_t sndbuf);
/* The size of a buffer, or what is wrong with it. */
const char *host_option_buffer(const char *value, uint32_t *to);
/* For completion: NULL after the last. */
const char *host_option_cc(size_t i);

#endif
