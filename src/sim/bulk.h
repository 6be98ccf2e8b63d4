/* SPDX-License-Identifier: MIT */
/*
 * Bulk transfers over one described path, under the virtual clock: who gets
 * how much, in what time, and at which cost.  One seed is one run.
 */
#ifndef SIM_BULK_H
#define SIM_BULK_H

#include <catenet/engine.h>
#include <catenet/link.h>

#define BULK_FLOWS 64
#define BULK_OUTAGES 8
/* Virtual time begins here: it is 0 of no clock. */
#define BULK_START (UINT64_C(1000) * CN_NS_PER_SEC)
/* Flow i comes from this port and i. */
#define BULK_PORT 40000

/* From at on nothing passes, either way, for so long. */
struct bulk_outage {
	uint64_t at_ns, for_ns;
};

/* What may watch; each may be NULL.  host: 0 sends, 1 receives. */
struct bulk_watch {
	void (*event)(void *ctx, int host, const struct cn_trace *trace);
	/* before: as it was before the path harmed it */
	void (*packet)(void *ctx, int toward, const struct cn_frame *before,
		       enum cn_fate fate, uint64_t now);
	void *ctx;
};

struct bulk_plan {
	uint64_t seed;
	const struct cn_settings *set; /* of both hosts; trace is ignored */
	unsigned flows; /* 1 .. BULK_FLOWS */
	uint8_t cc[BULK_FLOWS]; /* enum cn_cc, of each flow */
	uint64_t octets; /* of each flow; 0: as much as goes in time_ns */
	uint64_t time_ns; /* the run ends here at the latest */
	uint64_t stagger_ns; /* each flow begins so much after the last */
	struct cn_impair up, down; /* toward the receiver, and back */
	uint32_t mtu;
	const char *drop; /* docs/drop.md; up: toward the receiver */
	struct bulk_outage outage[BULK_OUTAGES];
	unsigned outage_n;
};

struct bulk_flow {
	uint8_t cc;
	bool done; /* all octets have arrived */
	int err; /* enum cn_err: what ended it */
	uint64_t octets; /* delivered to the receiving program */
	uint64_t ns; /* from connect to the last octet, or to the end */
	uint64_t segs, segs_again; /* sent, and of them sent before */
	uint64_t timeouts, recoveries;
	uint64_t srtt_ns;
};

struct bulk_result {
	uint64_t seed;
	unsigned flows;
	struct bulk_flow flow[BULK_FLOWS];
	uint64_t ns; /* virtual time of the run */
	uint64_t again; /* segments with data that the receiver had already,
			   copies made by the path not counted */
	uint64_t packets, lost, queue_drops; /* toward the receiver */
	double queue_mean; /* packets that waited for the rate, over time */
	uint64_t queue_max;
	bool stuck; /* a defect of ours: nothing happens any more */
};

/* False: no memory, or the plan is not possible. */
bool bulk_run(const struct bulk_plan *plan, const struct bulk_watch *watch,
	      struct bulk_result *result);

/* Of a flow, in bit/s. */
double bulk_goodput(const struct bulk_flow *flow);
/* Jain's index of the flows' goodput: 1 is equal, 1/n is one for all. */
double bulk_fairness(const struct bulk_result *result);
/* "cubic", "reno" ...; NULL: none. */
const char *bulk_cc_name(size_t i);

#endif
