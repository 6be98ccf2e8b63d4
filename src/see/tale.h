/* SPDX-License-Identifier: MIT */
/*
 * From an event to its sentence: what was done, why, and the section that
 * says so.  Every view tells the same tale.
 */
#ifndef SEE_TALE_H
#define SEE_TALE_H

#include "see/conn.h"
#include "see/lang.h"

struct see_tale {
	enum see_key key;
	char arg[SEE_ARGS][SEE_ARG_MAX];
	/* The last %1 is a reason of CN_DROPS, told in the reader's language;
	 * or CN_DROP_NONE. */
	enum cn_drop drop;
	const char *rule; /* static, or NULL */
};

/* False: there is nothing to say about this one (a change that the segment
 * after it tells).  Before see_conn_follow. */
bool see_tell(const struct see_conn *conn, unsigned end,
	      const struct cn_trace *trace, struct see_tale *tale);

/* Whether it is one of many alike, which a reader may skip. */
enum see_quiet { SEE_LOUD, SEE_QUIET_DATA, SEE_QUIET_ACK, SEE_QUIET_DUP };
enum see_quiet see_quiet(const struct see_conn *conn, unsigned end,
			 const struct cn_trace *trace);

/* The sentence, with its rule in brackets; returns its length. */
size_t see_tale_text(enum see_lang lang, const struct see_tale *tale, char *out,
		     size_t size);

/* "1.000 s", "40 ms", "120 us" */
void see_duration(uint64_t ns, char *out, size_t size);

#endif
