/* SPDX-License-Identifier: MIT */
/*
 * RFC 4987 section 3.6: SYN cookies.  Where the SYN queue is full, all that
 * an entry would hold is told to the peer in the SYN-ACK and believed when it
 * comes back.
 */
#ifndef HOST_SYN_COOKIE_H
#define HOST_SYN_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

struct arriving;
struct cn_host;
struct listener;
struct tcp_seg;
struct tcp_syn;
struct tuple;

/* A secret is used for so long to make cookies, and as long again to believe
 * them: a cookie is good for one to two minutes, as Linux's. */
#define COOKIE_TURN_NS (60 * CN_NS_PER_SEC)

struct syn_cookies {
	struct sip_key secret[2]; /* of this turn and the one before, by the
				     turn's last bit */
	uint64_t turn; /* of the newest secret */
	uint64_t sent_at; /* the last cookie; 0: none yet */
	/* The last good one that no connection could come of, and why. */
	uint64_t put_off_at;
	uint8_t put_off_for; /* enum cn_drop; CN_DROP_NONE: never yet */
};

void cookies_init(struct cn_host *host, uint64_t now);
/* The SYN is answered and nothing is kept of it. */
void cookie_answer(struct cn_host *host, const struct listener *listener,
		   const struct arriving *in, uint64_t now);
/* Does the segment bring back a cookie of ours?  Then *syn is what the entry
 * would have held. */
bool cookie_check(struct cn_host *host, const struct listener *listener,
		  const struct arriving *in, struct tcp_syn *syn, uint64_t now);

#endif
