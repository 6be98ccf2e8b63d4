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

/* NULL, or what is wrong with the file: static.  What was read is kept until
 * the program ends; the same name is read once. */
const char *rate_trace_read(const char *file,
			    const struct cn_rate_trace **trace);
/* Of one that was read; "" if it was not. */
const char *rate_trace_name(const struct cn_rate_trace *trace);

#endif
