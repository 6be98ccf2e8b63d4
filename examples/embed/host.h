/* SPDX-License-Identifier: MIT */
/* What every example needs before the first frame: memory, a seed, a host. */
#ifndef EXAMPLE_HOST_H
#define EXAMPLE_HOST_H

#include <catenet/catenet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static void *example_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void example_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

static inline struct cn_pool *example_pool(void)
{
	static const struct cn_alloc alloc = {example_alloc, example_free,
					      NULL};

	return cn_pool_new(&alloc);
}

static inline uint64_t example_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CN_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* A host with one link (number 0) and one address on it. */
static inline struct cn_host *example_host(struct cn_pool *pool,
					   const char *address, unsigned prefix,
					   bool offload, uint64_t now)
{
	struct cn_link_config link;
	struct cn_settings settings;
	struct cn_host *host;
	struct cn_addr addr;
	int number;

	cn_settings_default(&settings);
	settings.pool = pool;
	settings.seeded = getrandom(settings.seed, sizeof(settings.seed), 0) ==
			  (ssize_t)sizeof(settings.seed);
	memset(&link, 0, sizeof(link));
	link.name = "wire";
	link.mtu = 1500;
	link.tx_csum = offload;
	link.tx_super = offload ? CN_TUN_SUPER : 0;
	if (!pool || !cn_addr_parse(address, &addr) ||
	    cn_host_new(&settings, now, &host) ||
	    cn_host_link_add(host, &link, &number) ||
	    cn_host_addr_add(host, number, &addr, prefix)) {
		fprintf(stderr, "no host at %s/%u\n", address, prefix);
		exit(1);
	}
	return host;
}

#endif
