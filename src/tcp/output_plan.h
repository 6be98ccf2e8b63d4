/* SPDX-License-Identifier: MIT */
/* What output.c asks of output_plan.c. */
#ifndef TCP_OUTPUT_PLAN_H
#define TCP_OUTPUT_PLAN_H

#include "tcp/accecn.h"
#include "tcp/sent.h"
#include "tcp/tcb.h"

/* An ACK is owed, for whichever reason: any segment pays. */
#define OWE_ACKS                                                               \
	(TCP_OWE_ACK | TCP_OWE_CHALLENGE | TCP_OWE_DSACK | TCP_OWE_PURE_ACK)
#define TS_OPTION_LEN 12u

enum plan {
	PLAN_NONE,
	PLAN_RST,
	PLAN_RST_BAD,
	PLAN_SYN,
	PLAN_REXMIT,
	PLAN_TLP, /* the last segment again, to hear of it */
	PLAN_DATA, /* new data, a FIN perhaps */
	PLAN_ACK,
	PLAN_PROBE,
	PLAN_KEEPALIVE,
};

/* What goes next; of what is lost, which stretch.  Moves the cursor of that
 * search, and notes whether it is pacing that something waits for. */
enum plan output_plan(struct tcb *tcb, struct sent_stretch *stretch,
		      uint64_t now);
/* Data octets per segment of that use. */
uint32_t output_mss_for(const struct tcb *tcb, enum accecn_use use);
/* New octets that may go now, of all segments together. */
uint32_t output_new_len(const struct tcb *tcb);
/* Octets the peer's window leaves; none where it has shrunk. */
uint32_t output_window_left(const struct tcb *tcb);

#endif
