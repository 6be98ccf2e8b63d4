/* SPDX-License-Identifier: MIT */
/* Numbers with units as people type them, in the words of tc-netem(8). */
#ifndef LINK_UNITS_H
#define LINK_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include <catenet/engine.h>
#include <catenet/link.h>

/* Each returns NULL, or why the text is wrong and what would be right:
 * static, to follow "--name TEXT: ". */
const char *units_time(const char *text, uint64_t *ns);
const char *units_share(const char *text, double *share);
const char *units_rate(const char *text, uint64_t *bits);
const char *units_size(const char *text, uint64_t *octets);
/* "LEAST,FIRST,MOST" of a buffer, as Linux's tcp_rmem; or MOST alone. */
const char *units_mem(const char *text, struct cn_mem *mem);
const char *units_count(const char *text, uint64_t low, uint64_t high,
			uint64_t *count);

/* "10ms", "10ms,normal", "10ms,pareto,ordered" */
const char *units_jitter(const char *text, struct cn_impair *impair);
/* "ENTER[,LEAVE[,BAD[,GOOD]]]": netem's gemodel p, r, 1-h, 1-k */
const char *units_burst(const char *text, struct cn_impair *impair);
/* "5%" or "5%,20ms" */
const char *units_reorder(const char *text, struct cn_impair *impair);
/* "100" packets or "64kb" */
const char *units_queue(const char *text, struct cn_impair *impair);

/*
 * One impairment by its word: "delay", "loss", "rate" ...  NULL, or what is
 * wrong; units_unknown when there is no such word.
 */
extern const char units_unknown[];
const char *units_impair(const char *word, const char *value,
			 struct cn_impair *impair);
/* Several: "delay 50ms loss 1% rate 10mbit". */
const char *units_impair_list(const char *text, struct cn_impair *impair);
/* The other way round, into text of UNITS_IMPAIR_TEXT octets; "": clean.  Of the
 * name of a trace that is longer than UNITS_NAME_SHOWN, its end. */
#define UNITS_NAME_SHOWN 255
#define UNITS_IMPAIR_TEXT (UNITS_NAME_SHOWN + 449)
void units_impair_text(const struct cn_impair *impair,
		       char text[UNITS_IMPAIR_TEXT]);

#endif
