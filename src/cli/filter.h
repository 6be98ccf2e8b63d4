/* SPDX-License-Identifier: MIT */
/* Which rows are wanted: states and ports, in the words of ss(8). */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include "cli/holders.h"
#include "cli/row.h"

#define FILTER_PORTS 8

struct filter_port {
	bool local;
	char op; /* '=' '!' '<' '>' 'l' (at most) 'g' (at least) */
	unsigned port;
};

struct filter {
	unsigned states; /* 1 << enum cn_tcp_state */
	unsigned udp_states; /* of sockets for datagrams, likewise */
	bool states_said;
	bool no_tcp, no_udp;
	struct filter_port port[FILTER_PORTS];
	unsigned port_n;
	unsigned long number; /* of a process or a port; 0: any */
};

/* Adds what the words say; NULL, or what is wrong with them, static. */
const char *filter_take(struct filter *filter, int argc, char **argv);
/* What ss shows where no state was named. */
void filter_choose(struct filter *filter, bool all, bool listening);
/* holders may be NULL. */
bool filter_wants(const struct filter *filter, const struct row *row,
		  const struct holders *holders);
/* The states and groups that there are, for completion; NULL at the end. */
extern const char *const filter_states[];

#endif
