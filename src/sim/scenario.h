/* SPDX-License-Identifier: MIT */
/*
 * Staged situations: two programs on two hosts, a wire that loses exactly what
 * the script says, and the virtual clock.  The same script, the same events.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include <catenet/engine.h>
#include <catenet/link.h>

#include "see/lang.h"

struct scenario;

/* What may watch; each may be NULL. */
struct scenario_watch {
	void (*event)(void *ctx, int host, const struct cn_trace *trace);
	void (*fate)(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		     uint64_t now);
	/* side: 0 the client, 1 the server */
	void (*call)(void *ctx, unsigned side, const char *text, uint64_t now);
	void *ctx;
};

/* Virtual time begins here: it is 0 of no clock. */
#define SCENARIO_START (UINT64_C(1000) * CN_NS_PER_SEC)

size_t scenario_count(void);
const struct scenario *scenario_at(size_t i);
const struct scenario *scenario_find(const char *name); /* or NULL */
const char *scenario_name(const struct scenario *scenario);
/* One line, and the paragraph that says what there is to see. */
const char *scenario_title(const struct scenario *scenario, enum see_lang lang);
const char *scenario_about(const struct scenario *scenario, enum see_lang lang);

/* false: out of memory, or the script does not play. */
bool scenario_play(const struct scenario *scenario, uint64_t seed,
		   const struct scenario_watch *watch);

#endif
