/* SPDX-License-Identifier: MIT */
/*
 * The walker runs short programs of socket calls and tells each answer, so that
 * those of the kernel's sockets and of ours can be laid side by side.
 *
 * A program is one call a line, "connect b lo@a": a verb, the descriptors' names
 * (a to h), and words.  Ports are told by their role, descriptors not at all.
 */
#ifndef WALK_WALKER_H
#define WALK_WALKER_H

#include "../lib/sides.h"

#define SLOT_N 8
#define WORD_MAX 8

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage room;
};

struct slot {
	int fd;
	/* Where it was bound when it last was: what "@a" means. */
	union address name;
	bool is_named;
};

struct words {
	char *word[WORD_MAX];
	int n;
};

/* How long the sides may take for what they do, and a call may wait. */
extern unsigned settle_ms, timeout_ms;
extern struct slot slots[SLOT_N];

/* ------------------------------------------------------- words, names -- */

/* The descriptor of that name; -1: there is none. */
int fd_of(const char *name);
struct slot *slot_of(const char *name);
/* Words that are missing are empty. */
const char *word(const struct words *words, int i);
long number(const char *word);
/* "lo", "lo@a", "@a", "any6", ...; false: NULL is meant. */
bool address_of(const char *word, union address *addr, socklen_t *len);
/* Letters, "-" for none. */
int flags_of(const char *word);
/* The number of an option by name; false: there is none. */
struct option {
	const char *name;
	int level, opt;
};
const struct option *option_of(const char *name);
unsigned events_of_word(const char *word);

/* What is said of an address, a port by its role: "127.0.0.1:P1". */
const char *tell_address(const union address *addr, socklen_t len);
/* Octets in quotes, or how many and a sum. */
const char *tell_data(const void *data, size_t len);
/* No port has a role yet. */
void forget_ports(void);

/* --------------------------------------------------------------- verbs -- */

struct verb {
	const char *name;
	void (*call)(const struct words *words);
};

extern const struct verb verbs[];
/* The data begins with "a" again. */
void verbs_begin(void);

#endif
