/* SPDX-License-Identifier: MIT */
/*
 * Whoever looks at a world that has a name, from another process: a capture of
 * its packets, the ladder of one host, or its events, written to a socket.
 *
 * The world waits for nobody: what the onlooker does not take is kept for it, up
 * to a limit, beyond which it is cut off.  Looking changes no octet and no
 * decision.
 */
#ifndef RUN_WORLD_LOOK_H
#define RUN_WORLD_LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <catenet/engine.h>
#include <catenet/link.h>

struct looks;
struct loop;
struct network;
struct network_sight;

enum look_kind { LOOK_PCAPNG, LOOK_LADDER, LOOK_EVENTS };

/* What is asked for, as it travels. */
struct look_ask {
	uint32_t kind; /* enum look_kind */
	uint16_t width; /* of the ladder, columns */
	uint8_t lang; /* enum see_lang */
	uint8_t colour, ascii; /* true or false */
	/* A node; of a capture also a link; "": everything. */
	char place[64];
};

/* NULL: no memory. */
struct looks *looks_new(struct loop *loop, unsigned nodes);
/* Once the network is there. */
void looks_begin(struct looks *looks, struct network *network);
void looks_free(struct looks *looks);

/* For the settings of a node's host, which tells of connections only while
 * somebody looks. */
const struct cn_dgram_sink *looks_dgrams(struct looks *looks, int node);
/* The network's functions of these names; ctx is the looks. */
void looks_packet(struct looks *looks, const struct network_sight *sight,
		  const struct cn_frame *frame, enum cn_fate fate,
		  uint64_t now);
void looks_comment(struct looks *looks, const struct cn_frame *frame,
		   enum cn_fate fate, char *text, size_t size);

/* Writes what was seen; after each turn of the network. */
void looks_flush(struct looks *looks);

/*
 * Begins, and owns the descriptor, a stream socket, from then on.  Who looks has
 * enough when it shuts its own direction down: then it is given what is left,
 * and the end.  NULL, or a sentence in why, of size octets, that says what is
 * wrong.
 */
const char *look_new(struct looks *looks, const struct look_ask *ask, int fd,
		     uint64_t now, char *why, size_t size);
/* The same into a file of this process, until looks_free, which closes it. */
const char *look_here(struct looks *looks, const struct look_ask *ask,
		      FILE *file, uint64_t now, char *why, size_t size);

#endif
