/* SPDX-License-Identifier: MIT */
/* What both attacks share: the flood, the honest, and how they are told. */
#ifndef TEST_FLOOD_H
#define TEST_FLOOD_H

#include <catenet/socket.h>

#include "base/random.h"
#include "link/tun.h"

#define DEVICE "flood0"
#define PORT 80
#define BACKLOG 511
#define HONEST_EVERY_NS (10 * CN_NS_PER_MS)
#define HONEST_MAX 8192
/* What Linux waits in all for the answer to a SYN by default. */
#define GIVE_UP_NS (127 * CN_NS_PER_SEC)
#define SYN_LEN 60

struct plan {
	unsigned seconds;
	unsigned rate; /* SYNs a second */
	bool is_trial; /* nothing is told, nothing asserted */
};

void result(bool ok, const char *what);
void must(bool good, const char *what);
uint64_t now_ns(void);
struct cn_pool *pool_new(void);
struct cn_addr ours(void);
struct cn_addr kernels(void);
/* Frames that the interface had no room for. */
uint64_t tun_drops(void);
/* Our host at the end of the interface that programs read. */
struct cn_host *host_on(struct cn_pool *pool, int *link);

struct flood {
	const struct plan *plan;
	struct random random;
	uint64_t begun, sent, refused;
};

void flood_init(struct flood *flood, const struct plan *plan, uint64_t now);
/* SYNs that should have been sent by now. */
uint64_t flood_due(const struct flood *flood, uint64_t now);
/* A SYN as Linux would send it, from anywhere in 198.18.0.0/15. */
size_t flood_syn(struct flood *flood, const struct cn_addr *to,
		 uint8_t packet[SYN_LEN]);

struct honest {
	unsigned begun, done, failed;
	uint64_t longest_ns, sum_ns;
	unsigned late; /* after more than a second: a SYN was repeated */
};

void honest_done(struct honest *honest, uint64_t took);
bool honest_wait(const struct honest *honest);
void honest_say(const char *victim, const struct honest *honest,
		const struct flood *flood, uint64_t drops);

/* Frames dropped before the victim. */
uint64_t attack_catenet(const struct tun *tun, const struct plan *plan);
void attack_kernel(struct tun *tun, const struct plan *plan);

#endif
