/* SPDX-License-Identifier: MIT */
/*
 * Rates that vary as they were recorded: files in Mahimahi's format, a line
 * for each packet of 1500 octets that the link can carry, with the millisecond
 * at which it can; behind the last line it begins again.
 */
#ifndef LINK_RATE_TRACE_H
#define LINK_RATE_TRACE_H

#include <catenet/link.h>

/* Lines of a file that are taken. */
#define RATE_TRACE_MAX 4000000u
/* Files, and lines of all of them, that are kept: a world that runs can be told
 * to take another, and links may still use those that it had. */
#define RATE_TRACES 64u
#define RATE_TRACE_ALL (4u * RATE_TRACE_MAX)

/* NULL, or what is wrong with the file, and in which line: until the next call.
 * What was read is kept until rate_trace_forget; the same name is read once, and
 * again when somebody has written to the file. */
const char *rate_trace_read(const char *file,
			    const struct cn_rate_trace **trace);
/* All of them; no path uses one any more. */
void rate_trace_forget(void);
/* One of them was read from that file, by whatever name. */
bool rate_trace_is_file(const char *file);
/* Of one that was read; "" if it was not. */
const char *rate_trace_name(const struct cn_rate_trace *trace);

#endif
