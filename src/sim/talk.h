/* SPDX-License-Identifier: MIT */
/*
 * A conversation: one TCP connection between two simulated hosts, both ends of
 * which send a stream of known octets, read the other's and compare, each at
 * its own pace and in its own manner.
 */
#ifndef SIM_TALK_H
#define SIM_TALK_H

#include <catenet/socket.h>

#include "sim/sim.h"

enum talk_finish {
	TALK_SHUT, /* half-close when all is sent, close after the peer's end */
	TALK_ANSWER, /* half-close only after the peer's end: one side at most
		      */
	TALK_CLOSE, /* close when all is sent and all that is expected read */
};

/* What a program sets while it talks. */
struct talk_tweak {
	uint32_t at; /* octets sent and received by then; 0: from the start */
	uint8_t opt; /* enum cn_opt */
	int64_t value;
};
#define TALK_TWEAKS 4

/* How one side behaves.  All zero is a plain, eager program that says nothing.
 */
struct talk_side {
	uint32_t octets; /* to send */
	uint32_t write_max, read_max; /* per call; 0: 64 KiB */
	uint8_t finish; /* enum talk_finish */
	bool nodelay, cork, keepalive;
	bool spans; /* reserve and commit, view and take, where it can */
	bool peek; /* looks before it reads, now and then */
	bool urgent; /* the last octet of some writes is urgent */
	uint16_t pause; /* chance of a pause after a call, in 1/1000 */
	uint64_t pause_ns; /* at most */
	uint32_t stall_at; /* stops reading once this much is read ... */
	uint64_t stall_ns; /* ... for so long; 0: never */
	uint32_t abort_at; /* sent and read together; 0: never */
	/* SO_LINGER in seconds and one more; 0: none, 1: its close resets. */
	uint16_t linger;
	uint32_t user_timeout_ms; /* TCP_USER_TIMEOUT; 0: none */
	int64_t sndbuf, rcvbuf; /* 0: the host's */
	uint8_t tweak_n;
	struct talk_tweak tweak[TALK_TWEAKS];
	bool fast; /* a client that opens fast, if it can (RFC 7413) */
};

struct talk_plan {
	uint64_t seed; /* of octets and habits */
	uint8_t family; /* 4 or 6 */
	bool simultaneous; /* both connect */
	uint16_t port; /* of the server; simultaneous: of both */
	uint16_t client_port; /* 0: any */
	uint64_t start_at;
	struct talk_side side[2]; /* client, server */
};

enum talk_phase {
	TALK_WAITING, /* for its time, or to be accepted */
	TALK_CONNECTING,
	TALK_OPEN,
	TALK_DONE,
};

struct talk;
struct talk_end {
	struct sim_app app;
	struct talk *talk;
	int side;
	uint8_t phase; /* enum talk_phase */
	bool eof, shut, aborted, stalled;
	uint8_t tweaked; /* a bit for each tweak that was made */
	int err; /* enum cn_err: what ended it, CN_OK when it went well */
	const char *fault; /* what must not happen and did; static */
	struct cn_sock *sock;
	struct random random;
	uint32_t sent, received;
	uint64_t write_at, read_at; /* not before */
	uint64_t opened_at, done_at;
};

struct talk {
	struct talk_plan plan;
	struct sim *sim;
	int wire;
	int host[2]; /* of client and server */
	int wire_end[2]; /* where they are on the wire */
	uint16_t client_port;
	struct talk_end end[2];
};

/* Listens for the conversations of one port. */
struct talk_server {
	struct sim_app app;
	struct cn_sock *listener;
	struct talk **talk;
	int talk_n;
	const char *fault;
	bool fast; /* some may open fast */
};

/* client: the wire's end (0: a, 1: b) that connects. */
void talk_init(struct talk *talk, const struct talk_plan *plan, struct sim *sim,
	       int wire, const int host[2], int client);
void talk_deinit(struct talk *talk);
bool talk_is_done(const struct talk *talk);
/* One of its ends may give up what the other has not got. */
bool talk_may_end_early(const struct talk *talk);

/* talk: conversations that may come in; borrowed. */
int talk_server_init(struct talk_server *server, struct sim *sim, int host,
		     int family, uint16_t port, struct talk **talk, int n);
/* RFC 7413: its clients may open fast. */
int talk_server_takes_fast(struct talk_server *server);
void talk_server_deinit(struct talk_server *server);

/* The stream of a seed. */
void talk_fill(uint64_t seed, uint32_t off, uint8_t *out, size_t len);
bool talk_matches(uint64_t seed, uint32_t off, const uint8_t *data, size_t len);

#endif
