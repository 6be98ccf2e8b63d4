/* SPDX-License-Identifier: MIT */
/*
 * Three kinds of object answer to a pair of endpoints: a connection, an entry
 * of the SYN cache and one of TIME-WAIT.  Each begins with a struct flow, and
 * one probe of the map, keyed by SipHash, finds whichever there is.
 */
#ifndef HOST_FLOW_H
#define HOST_FLOW_H

#include <catenet/frame.h>

/* A connection as this host sees it; also the octets that are hashed. */
struct tuple {
	struct cn_addr local, peer;
	uint16_t local_port, peer_port;
};

enum flow_kind {
	FLOW_SOCK, /* a socket that no segment finds; the map merely owns it */
	FLOW_CONN,
	FLOW_SYN,
	FLOW_TIME_WAIT,
};

struct flow {
	uint8_t kind : 4; /* enum flow_kind */
	uint8_t ecn : 4; /* the kind's own: enum ecn_agreed, or an ACE field */
	uint8_t mark; /* the kind's own */
	struct tuple tuple;
};

#endif
