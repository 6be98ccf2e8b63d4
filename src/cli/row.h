/* SPDX-License-Identifier: MIT */
/* What a world tells of one socket (run/world/control.h). */
#ifndef CLI_ROW_H
#define CLI_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include <catenet/catenet.h>

#include "run/world/control.h"

#define ROW_NAME_MAX 300

struct row {
	bool udp; /* CONTROL_DATAGRAM_COLUMNS alone; the timer is CN_NEVER */
	uint64_t pid, parent; /* of the supervisor */
	char program[ROW_NAME_MAX], host[ROW_NAME_MAX]; /* "": no name */
	char local[ROW_NAME_MAX], peer[ROW_NAME_MAX];
#define ROW_X(name, format, value) uint64_t name;
	CONTROL_COLUMNS(ROW_X)
#undef ROW_X
	uint64_t drops, uid;
};

/* Takes the line apart (and to pieces).  Names come out harmless for a
 * terminal.  False: it is no row. */
bool row_parse(struct row *row, char *line);
/* 0: none. */
unsigned row_local_port(const struct row *row);
unsigned row_peer_port(const struct row *row);
#define ROW_LOCAL_MAX (2 * ROW_NAME_MAX)
/* The local end with the host's name at its address, as ss writes an
 * interface's. */
void row_local(const struct row *row, char text[ROW_LOCAL_MAX]);
/* What it carries, as ss spells it. */
const char *row_netid(const struct row *row);
/* As ss spells it. */
const char *row_state_name(uint64_t state);

#endif
