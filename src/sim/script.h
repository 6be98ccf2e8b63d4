/* SPDX-License-Identifier: MIT */
/* How a scenario is written down (scenarios.c), for the stage (scenario.c). */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include "sim/scenario.h"

#define SCRIPT_STEPS 16
#define SCRIPT_SOCKS 4
#define SCRIPT_PORT 80
#define SCRIPT_CLIENT_PORT 40001

enum verb {
	END,
	LISTEN, /* arg: backlog; accepts and reads by itself */
	LISTEN_ONLY, /* ... accepts only when told */
	ACCEPT,
	CONNECT,
	CONNECT_SEND, /* sendto(MSG_FASTOPEN); arg: octets */
	SEND, /* arg: octets; what does not fit follows when it does */
	READ, /* arg: octets; 0: from now on all that comes */
	SHUT, /* shutdown(SHUT_WR) */
	CLOSE,
};

enum who { CLIENT, SERVER };

struct step {
	uint32_t at_ms;
	uint8_t who; /* enum who */
	uint8_t verb; /* enum verb */
	uint8_t sock; /* number of the socket at that side */
	uint32_t arg;
};

struct scenario {
	const char *name;
	const char *title[SEE_LANG_N], *about[SEE_LANG_N];
	const char *up, *down; /* what the wire drops, docs/drop.md */
	uint32_t buffer; /* of both programs, both ways; 0: as by default */
	uint32_t rcvbuf; /* of the server's program; 0: as above */
	bool lazy; /* programs read only when told */
	bool fast_open; /* listeners allow it */
	uint32_t until_ms;
	struct step step[SCRIPT_STEPS];
};

extern const struct scenario scenarios[];
extern const size_t scenarios_n;

#endif
