/* SPDX-License-Identifier: MIT */
/* The small services by datagrams. */
#ifndef CLI_SERVICES_UDP_H
#define CLI_SERVICES_UDP_H

#include <catenet/socket.h>

enum service { ECHO, DISCARD, CHARGEN, DAYTIME, SERVICES };

struct services_udp {
	enum service kind;
	struct cn_dgram *dgram;
	const uint8_t *pattern; /* CHARGEN: pattern_len octets, twice over */
	uint32_t pattern_len;
	uint32_t at;
	uint64_t served;
	const uint16_t *port; /* of all services here; borrowed */
	unsigned port_n;
};

/* A dual-stack socket at that port, its tag the services_udp. */
int services_udp_open(struct services_udp *udp, struct cn_host *host,
		      enum service kind, uint16_t port);
/* Everything that waits is served. */
void services_udp_serve(struct services_udp *udp, uint64_t now);
/* RFC 867: the time of day, at most size octets; returns how many. */
size_t services_daytime(char *text, size_t size);

#endif
