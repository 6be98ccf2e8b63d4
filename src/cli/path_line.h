/* SPDX-License-Identifier: MIT */
/* The options of commands that take one path and nothing else of a world. */
#ifndef CLI_PATH_LINE_H
#define CLI_PATH_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include <catenet/link.h>

struct path_line {
	struct cn_impair up, down; /* there, and back */
	uint32_t mtu;
	const char *drop;
	unsigned said; /* path_said's */
	bool changed; /* by an option that --net would undo */
};

enum path_key {
	PATH_NET = 1024,
	PATH_DELAY,
	PATH_RTT,
	PATH_JITTER,
	PATH_LOSS,
	PATH_BURST_LOSS,
	PATH_REORDER,
	PATH_DUPLICATE,
	PATH_CORRUPT,
	PATH_RATE,
	PATH_TRACE,
	PATH_QUEUE,
	PATH_MARK,
	PATH_DROP,
	PATH_MTU,
	PATH_UP,
	PATH_DOWN,
	PATH_KEYS,
};

/* The first rows of a struct cli_option table; there and back: what --up and
 * --down mean. */
#define PATH_OPTIONS(there, back)                                               \
	{PATH_NET, "net", "NAME",                                               \
	 "a path that has a name; catenet run --net lists them; options after " \
	 "it change it",                                                        \
	 "The path (each option both ways)"},                                   \
		{PATH_DELAY, "delay", "TIME",                                   \
		 "every packet takes so long, each way", NULL},                 \
		{PATH_RTT, "rtt", "TIME",                                       \
		 "the same for there and back: half each way", NULL},           \
		{PATH_JITTER, "jitter", "TIME[,KIND]",                          \
		 "the delay varies by so much", NULL},                          \
		{PATH_LOSS, "loss", "SHARE",                                    \
		 "packets are lost, each on its own", NULL},                    \
		{PATH_BURST_LOSS, "burst-loss", "ENTER[,LEAVE[,BAD[,GOOD]]]",   \
		 "packets are lost in bursts (Gilbert-Elliott)", NULL},         \
		{PATH_REORDER, "reorder", "SHARE[,TIME]",                       \
		 "packets overtake the others, or come TIME later than they",   \
		 NULL},                                                         \
		{PATH_DUPLICATE, "duplicate", "SHARE", "packets arrive twice",  \
		 NULL},                                                         \
		{PATH_CORRUPT, "corrupt", "SHARE",                              \
		 "one bit of a packet is flipped", NULL},                       \
		{PATH_RATE, "rate", "RATE", "bits of IP packets a second",      \
		 NULL},                                                         \
		{PATH_TRACE, "trace", "FILE",                                   \
		 "a rate that varies as it was recorded, in Mahimahi's "        \
		 "format; of one direction: --up 'trace FILE'",                 \
		 NULL},                                                         \
		{PATH_QUEUE, "queue", "PACKETS|SIZE",                           \
		 "what may wait for the rate; 1000 packets unless said",        \
		 NULL},                                                         \
		{PATH_MARK, "mark", "PACKETS",                                  \
		 "so many wait for the rate, and more are marked (ECN)",        \
		 NULL},                                                         \
		{PATH_DROP, "drop", "RULES",                                    \
		 "drops exactly these packets (docs/drop.md)", NULL},           \
		{PATH_MTU, "mtu", "OCTETS",                                     \
		 "largest IP packet; 1500 unless said", NULL},                  \
		{PATH_UP, "up", "WORDS",                                        \
		 there " alone: 'loss 5% rate 1mbit ecn'", NULL},               \
	{                                                                       \
		PATH_DOWN, "down", "WORDS", back " alone", NULL                 \
	}

/* An impairment by its option's name, both ways.  NULL, or which one said before
 * is the same thing: one of the two would do nothing.  *said: 0 at first. */
const char *path_said(unsigned *said, const char *name);
/* NULL, or which of the impairments can do nothing as it stands. */
const char *path_pair_check(const struct cn_impair *up,
			    const struct cn_impair *down);
/* What --drop, --up and --down hold; NULL, or what is wrong with it. */
const char *path_take_drop(const char *value, const char **drop);
const char *path_take_words(const char *value, struct cn_impair *impair);
void path_line_init(struct path_line *line);
/* NULL, or why not; key is one of the above, name its option's. */
const char *path_take(struct path_line *line, int key, const char *name,
		      const char *value);
/* What is wrong with all of it together, or NULL. */
const char *path_check(const struct path_line *line);
/* For completion. */
const char *path_net_name(size_t i);

#endif
