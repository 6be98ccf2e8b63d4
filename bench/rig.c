/* SPDX-License-Identifier: MIT */
/*
 * Two hosts in one thread, frames handed over directly; see rig.h.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *heap_alloc(void *ctx, size_t size)
{
	struct rig *rig = ctx;

	rig->octets += size;
	rig->allocs++;
	return malloc(size);
}

static void heap_free(void *ctx, void *p, size_t size)
{
	struct rig *rig = ctx;

	rig->octets -= size;
	free(p);
}

void must(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "bench: %s: %s\n", what, cn_err_text(err));
		exit(1);
	}
}

void rig_begin(struct rig *rig, bool super)
{
	const struct cn_alloc alloc = {heap_alloc, heap_free, rig};
	struct cn_link_config link = {.name = "wire", .mtu = 1500};
	struct cn_settings set;
	int i;

	rig->octets = 0;
	rig->allocs = 0;
	rig->pool = cn_pool_new(&alloc);
	rig->now = CN_NS_PER_SEC;
	link.tx_csum = super;
	link.tx_super = super ? 65000 : 0;
	for (i = 0; i < 2; i++) {
		struct cn_addr addr = cn_addr_v4(10, 0, 0, (uint8_t)(1 + i));

		cn_settings_default(&set);
		set.pool = rig->pool;
		set.seeded = true;
		set.seed[0] = (uint8_t)i;
		set.memory_limit = (size_t)8 << 30;
		set.port_low = 1024;
		set.port_high = 65535;
		must(cn_host_new(&set, rig->now, &rig->host[i]), "host");
		must(cn_host_link_add(rig->host[i], &link, &rig->link[i]),
		     "link");
		must(cn_host_addr_add(rig->host[i], rig->link[i], &addr, 8),
		     "address");
	}
}

void rig_end(struct rig *rig)
{
	cn_host_free(rig->host[0]);
	cn_host_free(rig->host[1]);
	cn_pool_free(rig->pool);
}

#define BATCH 32

/* What one host has to say now, a batch of it. */
static unsigned carry_batch(struct rig *rig, int from)
{
	struct cn_frame frame[BATCH];
	unsigned n, i;

	n = cn_host_outputs(rig->host[from], rig->link[from], frame, BATCH,
			    rig->now);
	if (!n)
		return 0;
	/* A link in memory loses nothing. */
	for (i = 0; i < n; i++)
		if (frame[i].csum == CN_CSUM_PARTIAL)
			frame[i].csum = CN_CSUM_VALID;
	cn_host_inputs(rig->host[!from], rig->link[!from], frame, n, rig->now);
	for (i = 0; i < n; i++)
		cn_frame_release(&frame[i]);
	return n;
}

uint64_t rig_carry(struct rig *rig)
{
	uint64_t frames = 0, before;
	struct cn_event event;
	unsigned n, i, k;

	do {
		before = frames;
		for (i = 0; i < 2; i++)
			for (k = 0; k < 64; k += n) {
				n = carry_batch(rig, (int)i);
				frames += n;
				if (n < BATCH)
					break;
			}
	} while (frames != before);
	for (i = 0; i < 2; i++)
		while (cn_host_event(rig->host[i], &event))
			;
	return frames;
}

void rig_connect(struct rig *rig, struct cn_sock *listener, uint16_t port,
		 struct cn_sock **a, struct cn_sock **b)
{
	struct cn_endpoint to = {cn_addr_v4(10, 0, 0, 2), port};

	must(cn_sock_new(rig->host[0], 4, a), "socket");
	if (cn_sock_connect(*a, &to, rig->now) != CN_E_INPROGRESS)
		must(CN_E_INVAL, "connect");
	rig_carry(rig);
	must(cn_sock_accept(listener, b, rig->now), "accept");
}

struct cn_sock *rig_listen(struct rig *rig, uint16_t port)
{
	struct cn_endpoint at = {cn_addr_v4(0, 0, 0, 0), port};
	struct cn_sock *listener;

	must(cn_sock_new(rig->host[1], 4, &listener), "socket");
	must(cn_sock_bind(listener, &at), "bind");
	must(cn_sock_listen(listener, 1000, rig->now), "listen");
	return listener;
}
