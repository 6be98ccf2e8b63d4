/* SPDX-License-Identifier: MIT */
/*
 * What the summary tells: a row for every connection of the program, and
 * totals.  Rows beyond TALLY_ROWS are only in the totals.
 */
#ifndef RUN_WORLD_TALLY_H
#define RUN_WORLD_TALLY_H

#include <stdio.h>

#include <catenet/link.h>
#include <catenet/socket.h>

#include "base/list.h"
#include "run/world/watch.h"

#define TALLY_ROWS 10000
#define TALLY_SHOWN 5 /* on a terminal */

struct tally_row {
	struct list node;
	unsigned refs; /* holders: the sockets at both ends, the list */
	struct cn_endpoint local, peer; /* as the program sees them */
	bool incoming, inside;
	int err; /* positive errno that it ended with, or 0 */
	uint64_t began_at, ended_at; /* 0: still under way */
	uint64_t handshake_ns;
	uint64_t octets_out, octets_in; /* of the program */
	/* Segments sent a second time: by the program's host, by the other. */
	uint64_t retrans_out, retrans_in;
	uint64_t segments_out, segments_in;
	uint64_t rtt_min, rtt_avg, rtt_max;
	struct cn_endpoint path_local, path_peer; /* as the path has them */
	/* What limited each way; all 0: nobody looked. */
	struct see_share limits_out, limits_in;
};

/* Packets of the kernel's network inside. */
struct tally_datagrams {
	uint64_t out, in; /* onto the path, off it */
	uint64_t out_dropped, in_dropped; /* beyond the path, before the
					     interface */
	uint64_t tcp_dropped, many_dropped; /* do not travel (inner.c) */
};

/* Who had to make room for another: tables are bounded. */
struct tally_crowded {
	uint64_t udp, echo; /* sources of datagrams, of echo requests */
	uint64_t dns; /* questions */
	uint64_t askers; /* of catenet ss, and those that did not read */
	uint64_t names; /* refused: addresses of the machine (alias.h) */
};

struct tally {
	struct list rows;
	unsigned row_n;
	uint64_t began_at;
	uint64_t connections, failed;
	uint64_t octets_out, octets_in, retrans_out, retrans_in;
	uint64_t abandoned; /* octets that were never acknowledged */
	struct tally_datagrams datagrams;
	struct tally_crowded crowded;
};

void tally_init(struct tally *tally, uint64_t now);
void tally_deinit(struct tally *tally);
/* NULL: no memory; the totals miss it. */
struct tally_row *tally_open(struct tally *tally, uint64_t now);
struct tally_row *tally_ref(struct tally_row *row); /* NULL is allowed */
void tally_unref(struct tally_row *row);
/* What the program's host knows of it, for the last time; octets that the
 * program wrote and that were written to it. */
void tally_program(struct tally *tally, struct tally_row *row,
		   const struct cn_tcp_info *info, uint64_t out, uint64_t in,
		   uint64_t now);
/* What the other host knows. */
void tally_other(struct tally *tally, struct tally_row *row,
		 const struct cn_tcp_info *info);

/* What limited each, as far as somebody looked. */
void tally_limits(struct tally *tally, struct watch *watch, uint64_t now);

struct tally_path {
	struct cn_path_stats up, down;
};
/* For people.  path NULL: it is not this tally's alone, and nothing is said of
 * it. */
void tally_print(const struct tally *tally, const struct tally_path *path,
		 FILE *out, uint64_t now);
/* JSON (catenet-run(1)); path and count NULL: likewise. */
void tally_json(const struct tally *tally, const struct tally_path *path,
		const struct cn_counters *count, FILE *out, uint64_t now);

#endif
