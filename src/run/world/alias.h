/* SPDX-License-Identifier: MIT */
/*
 * Names on the path for what is this machine itself.
 *
 * A packet to 127.0.0.1 must not travel, nor one to an address that both
 * hosts bear.  So the gateway has addresses of its own for them, out of the
 * ranges that are set aside for documentation and never routed: 192.0.2.1 is
 * the machine's 127.0.0.1, 192.0.2.2 is the program's host; 2001:db8::1 and
 * 2001:db8::2 likewise; others are given out as they are first used.  Where
 * the machine itself lives in such a range another is taken.
 */
#ifndef RUN_WORLD_ALIAS_H
#define RUN_WORLD_ALIAS_H

#include <catenet/frame.h>

struct machine;

struct alias_table {
	struct cn_addr base4, base6; /* of the ranges: /24 and /64 */
	/* real[i] is number 3 + i */
	struct cn_addr *real;
	size_t n, room;
};

void alias_init(struct alias_table *table, const struct machine *machine);
void alias_deinit(struct alias_table *table);

/* The program's host, and the gateway as the machine's 127.0.0.1 or ::1. */
struct cn_addr alias_program(const struct alias_table *table, bool v4);
struct cn_addr alias_gateway(const struct alias_table *table, bool v4);

/* Of the kernel's network inside: its loopback, when it asks the machine's; and
 * the address of its interface, where the machine has none. */
struct cn_addr alias_client(const struct alias_table *table);
struct cn_addr alias_own(const struct alias_table *table);

/* The name of a loopback address or of one that the machine bears; false
 * when there is none left. */
bool alias_of(struct alias_table *table, const struct cn_addr *real,
	      struct cn_addr *alias);
/* The same for one who comes from there: half of the names are left to what the
 * programs ask for, however many addresses of 127/8 somebody sends from. */
bool alias_of_peer(struct alias_table *table, const struct cn_addr *real,
		   struct cn_addr *alias);
/* What an address on the path means: *addr itself if it is no alias. */
struct cn_addr alias_real(const struct alias_table *table,
			  const struct cn_addr *addr);

#endif
