/* SPDX-License-Identifier: MIT */
/*
 * What a packet that is not TCP says, and its sentence: datagrams, echoes,
 * fragments, and ICMP errors with what they answer.  The kernel's of programs
 * have no host of ours that could tell of them, so that they are read on their
 * way.
 */
#ifndef SEE_PACKET_H
#define SEE_PACKET_H

#include <catenet/frame.h>

#include "see/tale.h"

struct see_packet {
	struct cn_endpoint src, dst; /* ports of UDP; else 0 */
	uint8_t version, protocol, ttl;
	bool is_fragment, more;
	bool is_error; /* ICMP, but no echo */
	bool is_request, is_reply; /* of an echo */
	uint16_t frag_off, echo_seq;
	uint32_t id; /* of its fragments */
	uint32_t len; /* octets after the headers that are known */
	uint8_t type, code; /* ICMP */
	uint32_t mtu; /* ICMP, too big; 0: not told */
	/* What the error answers. */
	bool has_about;
	uint8_t about_protocol;
	struct cn_endpoint about_src, about_dst;
};

/* skip: octets before its IP header.  False: TCP, or nothing to be read. */
bool see_packet_read(const struct cn_frame *frame, uint32_t skip,
		     struct see_packet *packet);
/* src_name, dst_name: of the hosts, harmless for a terminal; or NULL. */
void see_packet_tell(const struct see_packet *packet, const char *src_name,
		     const char *dst_name, struct see_tale *tale);
/* "udp", "icmp", "tcp", or "other" */
const char *see_packet_protocol(uint8_t protocol);
/* "echo-request", "port-unreachable" ... */
const char *see_packet_icmp(const struct see_packet *packet);

#endif
