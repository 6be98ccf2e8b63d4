/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413: the cookies of Fast Open.  As a server the host makes them of its
 * clients' addresses and remembers nothing; as a client it remembers those of
 * the servers it met.
 */
#ifndef HOST_FAST_OPEN_H
#define HOST_FAST_OPEN_H

#include <catenet/host.h>

#include "base/list.h"
#include "base/map.h"
#include "base/random.h"
#include "wire/tcp_seg.h"

struct arriving;
struct listener;
struct tuple;

/* What this host's own cookies have. */
#define FAST_COOKIE_LEN 8

struct fast_open {
	/* Server: the present secret and the one before. */
	struct sip_key secret[2];
	uint64_t secret_at;
	uint32_t child_n; /* connections whose handshake is not complete */
	/* Client: one entry for each server, least recently used first. */
	struct map peers;
	struct list age;
	/* Something on the way swallows SYNs with data: not before. */
	uint64_t off_until;
	unsigned off_times;
};

/* A connection that its client reset before the handshake was complete still
 * counts for a minute (RFC 7413 section 5.1). */
struct fast_reset {
	struct fast_reset *next;
	uint64_t until;
};

void fast_init(struct cn_host *host, uint64_t now);
void fast_deinit(struct cn_host *host);

/* server ----------------------------------------------------------------- */

enum fast_verdict {
	FAST_NO, /* a SYN like any other */
	FAST_GIVE, /* the same, but its SYN-ACK bears a cookie */
	FAST_OPEN, /* its data are good */
	FAST_OPEN_GIVE, /* ... and its cookie is old: here is a new one */
};
/* The option of a SYN-ACK, none or the form of the SYN's. */
enum fast_option { FAST_OPTION_NONE, FAST_OPTION_PLAIN, FAST_OPTION_EXP };
/* What the option of a SYN for the listener is worth. */
enum fast_verdict fast_judge(struct cn_host *host, struct listener *listener,
			     const struct arriving *in, uint64_t now);
/* The cookie for the tuple's peer. */
void fast_cookie(struct cn_host *host, const struct tuple *tuple,
		 uint8_t cookie[FAST_COOKIE_LEN], uint64_t now);
/* The connection has begun before its handshake is complete ... */
void fast_begin(struct cn_sock *sock, struct listener *listener);
/* ... and the handshake is over, one way or the other. */
void fast_over(struct cn_sock *sock, uint64_t now);
/* Listeners came or went. */
void fast_recount(struct cn_host *host);
void fast_unlisten(struct cn_host *host, struct listener *listener);

/* client ----------------------------------------------------------------- */

/* The connection is to open fast, if it may. */
void fast_connect(struct cn_sock *sock, uint64_t now);
/* Its SYN has been answered, or a timer has fired. */
void fast_answered(struct cn_sock *sock, const struct tcp_seg *seg,
		   uint64_t now);
void fast_waited(struct cn_sock *sock, uint64_t now);

/* Servers whose cookie is known. */
unsigned fast_cookies_known(const struct cn_host *host);

/* The option of a segment about to leave; octet: where a cookie may be put. */
void fast_fill(struct cn_sock *sock, struct tcp_seg *seg,
	       uint8_t octet[FAST_COOKIE_LEN], uint64_t now);

#endif
