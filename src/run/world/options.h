/* SPDX-License-Identifier: MIT */
/* What the person at the terminal asked of the world: run_options.path points
 * to one.  world_options_default, then change what was said. */
#ifndef RUN_WORLD_OPTIONS_H
#define RUN_WORLD_OPTIONS_H

#include <catenet/engine.h>
#include <catenet/link.h>

#define WORLD_ONLY_MAX 32

/* -p [IP:]HOSTPORT:[NODE:]PORT */
struct world_publish {
	struct cn_endpoint host; /* an any-address is as said */
	const char *node; /* of a world that has a name */
	uint16_t port;
	bool udp;
};

/* How standard error looks. */
struct world_screen {
	unsigned width; /* columns */
	uint8_t lang; /* enum see_lang */
	bool colour, ascii;
};

struct plan;

/* Hosts, and the network between them. */
struct world_lab {
	struct plan *plan; /* finished; the world takes it */
	/* The node that is joined to the real network; NULL: none is. */
	const char *gateway;
	uint64_t msl2_ns; /* 0: the engine's default */
};

/* The node that is the real network, where there is one. */
#define WORLD_INTERNET "internet"

struct world_options {
	struct cn_impair up, down;
	const char *drop; /* rules of docs/drop.md, or NULL */
	uint32_t mtu;
	bool seeded;
	uint8_t seed[16];
	/* Impair only what goes to or comes from there; only_port 0: any. */
	bool only;
	struct cn_addr only_addr[WORLD_ONLY_MAX];
	unsigned only_n;
	uint16_t only_port;
	bool impair_loopback;

	int syn_retries; /* -1: the machine's */
	int cc; /* enum cn_cc; -1: the engine's default */
	int ecn; /* as cn_settings.ecn; -1: 1 on a path that marks, else 2 */
	uint32_t sndbuf, rcvbuf; /* 0: they tune themselves */
	struct cn_mem rmem, wmem;

	/* For what listens inside; 0: no limit, 64, never. */
	uint32_t max_per_client;
	uint32_t client_prefix; /* of IPv6 */
	uint64_t idle_timeout_ns;

	const struct world_publish *publish;
	unsigned publish_n;
	bool isolated;

	bool has_dns; /* the name server that the gateway's resolver asks */
	struct cn_endpoint dns;

	const char *pcapng; /* a file, "-" for standard output, or NULL */
	const char *summary; /* a file for JSON, or NULL */
	bool explain; /* the ladder on standard error */
	const char *events; /* a file for JSON lines, or NULL */
	struct world_screen screen;

	/* Of a world that has a name; NULL: that of one program. */
	struct world_lab *lab;

	/* Real frames to the kernel instead of a gateway; tun NULL: off. */
	const char *tun;
	struct cn_addr tun_addr, tun_via;
	unsigned tun_prefix;
};

void world_options_default(struct world_options *options);

#endif
