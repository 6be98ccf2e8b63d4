/* SPDX-License-Identifier: MIT */
/*
 * The gateway for what is not TCP: datagrams and echoes of the programs go on
 * by sockets of this machine, and what comes back of them, errors too, goes
 * down the path.
 */
#ifndef RUN_WORLD_BEYOND_H
#define RUN_WORLD_BEYOND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <catenet/frame.h>

struct cn_dgram_msg;
struct cn_frame;
struct echoes;
struct icmp_msg;
struct ip_hdr;
struct udp_relay;
struct whost;
struct world;

/* Inner sources of UDP, and echoes under way, at most; the one that is idle
 * for longest makes room. */
#define UDP_FLOWS 1024
#define ECHO_FLOWS 256

/* 0 or a negative error of the engine. */
int udp_relay_new(struct world *world);
void udp_relay_free(struct world *world);
/* Sends a datagram down: from `far`, which is on the path, to msg's peer. */
void udp_answer(struct world *world, const struct cn_endpoint *far,
		const struct cn_endpoint *to, const void *data, uint32_t len);

/*
 * A socket of this machine's at `host` for the datagrams of `inner`, which is
 * on the path (on: a host of a world that has a name, else NULL); it stays
 * until it is unpinned, or the relay is freed.  0 or a positive errno.
 */
struct udp_flow;
int udp_pin(struct world *world, const struct cn_endpoint *host,
	    const struct cn_endpoint *inner, const struct whost *on,
	    struct udp_flow **flow);
void udp_unpin(struct udp_flow *flow);
/* Is this port of the machine's held by the relay? */
bool udp_is_ours(struct world *world, uint16_t port);

int echoes_new(struct world *world);
void echoes_free(struct world *world);

/* A frame at the gateway's end of the path: true when it was an echo request
 * for the real network, and is gone. */
bool echo_catch(void *world, struct cn_frame *frame, uint64_t now);
/* The same of a world that has a name: those that have come to its gateway;
 * true: there were some. */
bool beyond_move(struct world *world, uint64_t now);

/* --------------------------------------------------------- beyond.c -- */

/* What a packet of the programs' was, as far as an error quotes it. */
struct beyond_about {
	struct cn_addr src, dst; /* as the path has them */
	uint8_t protocol; /* IP_UDP, IP_ICMP or IP_ICMP6 */
	uint8_t ttl, tos;
	uint8_t head[8]; /* of its UDP or ICMP header */
	const uint8_t *data; /* what followed it */
	uint32_t data_len;
};

/* How far the real network is to be told that it goes; no answer. */
socklen_t beyond_kernel(const struct world *world,
			const struct cn_endpoint *real,
			struct sockaddr_storage *ss);
/* What the path calls a real address; false: it has no name left. */
bool beyond_name(struct world *world, const struct cn_addr *real,
		 struct cn_addr *far);
/* An ICMP message of that type and code (of the family of about->src) goes
 * down; from: NULL: the gateway says so.  word: an MTU, or 0. */
void beyond_error(struct world *world, const struct beyond_about *about,
		  uint8_t type, uint8_t code, uint32_t word,
		  const struct cn_addr *from);
/* The same for what a call of the kernel's has failed with. */
void beyond_errno(struct world *world, const struct beyond_about *about,
		  int err);
/* An ICMP message that answers goes down. */
void beyond_icmp(struct world *world, const struct cn_addr *from,
		 const struct cn_addr *to, const struct icmp_msg *msg,
		 uint8_t ttl, uint8_t tos);
/* The next entry of a socket's queue of errors (IP_RECVERR): its octets, at
 * most room, or -1.  to: where it had been sent. */
struct beyond_failure {
	uint8_t origin, type, code;
	int err;
	uint32_t info;
	struct cn_endpoint to;
	bool has_offender;
	struct cn_addr offender;
};
long beyond_next_failure(int fd, struct beyond_failure *failure, void *data,
			 size_t room);
/* What the kernel says of a packet is told to its sender. */
void beyond_tell(struct world *world, const struct beyond_about *about,
		 const struct beyond_failure *failure);
/* IP_TTL, IP_TOS and their kin as ancillary data of one packet. */
#define BEYOND_CONTROL 64
size_t beyond_marks(bool v4, int ttl, int tos, void *control);
/* The same of a packet received; what is not there is left as it is. */
struct msghdr;
void beyond_read_marks(struct msghdr *msg, int *ttl, int *tos);
/* A socket that tells errors, time to live and type of service. */
void beyond_ears(int fd, bool v4);

#endif
