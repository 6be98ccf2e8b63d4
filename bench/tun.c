/* SPDX-License-Identifier: MIT */
/*
 * bench-tun CPU NAME PORT BUSY_POLL_US: catenet's side of the benches over a
 * TUN interface, which is made in the network namespace that the program is
 * started in: the kernel is 10.9.0.1, we are 10.9.0.2.  The four servers are
 * those of bench/load.c; the pump is the one that products use
 * (src/loop/pump.c).  Serves until it is killed.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <catenet/socket.h>

#include "link/heap.h"
#include "link/netlink.h"
#include "loop/pump.h"

#define MESSAGE 64
#define CHUNK (128u << 10)
#define SUPER 65160
#define PIECES 32

enum work { SWALLOW, POUR, ANSWER, ANSWER_ONCE, WORKS };

struct party {
	struct cn_sock *sock;
	struct server *server;
	enum work work;
	bool listens;
};

struct server {
	struct cn_pool *pool;
	struct cn_host *host;
	struct tun tun;
	struct pump pump;
	struct party listener[WORKS];
	char chunk[CHUNK];
};

static void must(int err, const char *what, const char *why)
{
	if (err) {
		fprintf(stderr, "bench-tun: %s: %s\n", what, why);
		exit(1);
	}
}

/* ------------------------------------------------------------- the work -- */

/* In borrowed slices: no copy is made. */
static void swallow(struct party *party, uint64_t now)
{
	struct cn_slice slice[PIECES];
	int n;

	while ((n = cn_sock_recv_view(party->sock, slice, PIECES)) > 0) {
		size_t len = 0;

		for (int i = 0; i < n; i++)
			len += slice[i].len;
		must(cn_sock_recv_take(party->sock, len, now), "take", "");
	}
}

/* From one buffer, as any program: one copy into the send buffer. */
static void pour(struct party *party, uint64_t now)
{
	while (cn_sock_send(party->sock, party->server->chunk, CHUNK, 0, now) >
	       0)
		;
}

/* True when the connection has had its answer. */
static bool answer(struct party *party, uint64_t now)
{
	char *message = party->server->chunk;
	int64_t n = cn_sock_recv(party->sock, message, MESSAGE, 0, now);

	if (n <= 0)
		return n == 0;
	cn_sock_send(party->sock, message, MESSAGE, 0, now);
	return party->work == ANSWER_ONCE;
}

static void party_end(struct party *party, uint64_t now)
{
	cn_sock_set_tag(party->sock, NULL);
	cn_sock_close(party->sock, now);
	free(party);
}

static void serve(struct party *party, uint64_t now)
{
	unsigned ready = cn_sock_ready(party->sock);
	bool over = ready & (CN_READY_ERR | CN_READY_HUP | CN_READY_RDHUP);

	if (party->work == SWALLOW)
		swallow(party, now);
	else if (party->work == POUR && !over)
		pour(party, now);
	else if (party->work >= ANSWER && (ready & CN_READY_IN))
		over |= answer(party, now);
	if (over)
		party_end(party, now);
}

static void accept_all(struct party *listener, uint64_t now)
{
	struct cn_sock *sock;

	while (cn_sock_accept(listener->sock, &sock, now) == CN_OK) {
		struct party *party = calloc(1, sizeof(*party));

		must(!party, "a connection", "no memory");
		party->sock = sock;
		party->work = listener->work;
		party->server = listener->server;
		cn_sock_set_tag(sock, party);
		must(cn_sock_set(sock, CN_OPT_NODELAY, party->work >= ANSWER,
				 now),
		     "nodelay", "");
		serve(party, now);
	}
}

static bool drain_events(void *ctx, uint64_t now)
{
	struct server *server = ctx;
	struct cn_event event;
	bool any = false;

	while (cn_host_event(server->host, &event)) {
		struct party *party = event.tag;

		any = true;
		if (event.kind != CN_EVENT_READY || !party)
			continue;
		if (party->listens)
			accept_all(party, now);
		else
			serve(party, now);
	}
	return any;
}

/* ---------------------------------------------------------------- start -- */

static void start_interface(struct server *server, const char *name)
{
	struct cn_addr kernel = cn_addr_v4(10, 9, 0, 1);
	char error[TUN_ERROR] = "";
	struct netlink netlink;

	must(tun_open(&server->tun, name, 0, error), name, error);
	must(netlink_open(&netlink) ||
		     netlink_up(&netlink, server->tun.name, 1500) ||
		     netlink_addr_add(&netlink, server->tun.name, &kernel, 24),
	     name, netlink.error);
	netlink_close(&netlink);
}

static void start_host(struct server *server, uint64_t now)
{
	struct cn_link_config link = {
		.name = "tun", .mtu = 1500, .tx_csum = true, .tx_super = SUPER};
	struct cn_addr us = cn_addr_v4(10, 9, 0, 2);
	struct cn_settings set;
	int number;

	server->pool = cn_pool_new(&heap_memory);
	must(!server->pool, "pool", "no memory");
	cn_settings_default(&set);
	set.pool = server->pool;
	set.seeded = getrandom(set.seed, sizeof(set.seed), 0) > 0;
	set.memory_limit = (size_t)2 << 30; /* as catenet services */
	must(cn_host_new(&set, now, &server->host), "host", "");
	must(cn_host_link_add(server->host, &link, &number), "link", "");
	must(cn_host_addr_add(server->host, number, &us, 24), "address", "");
	server->pump.link = number;
}

static void listen_at(struct server *server, enum work work, uint16_t port,
		      uint64_t now)
{
	struct party *party = &server->listener[work];
	struct cn_endpoint at = {cn_addr_v4(0, 0, 0, 0), port};

	party->listens = true;
	party->work = work;
	party->server = server;
	must(cn_sock_new(server->host, 4, &party->sock) ||
		     cn_sock_bind(party->sock, &at) ||
		     cn_sock_listen(party->sock, 4096, now),
	     "listen", "refused");
	cn_sock_set_tag(party->sock, party);
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity", "");
}

int main(int argc, char **argv)
{
	static struct server server;
	struct loop *loop = loop_new();

	must(argc != 5, "usage", "bench-tun CPU NAME PORT BUSY_POLL_US");
	must(!loop, "loop", "no memory");
	pin(atoi(argv[1]));
	memset(server.chunk, 'x', sizeof(server.chunk));
	start_interface(&server, argv[2]);
	start_host(&server, loop_now(loop));
	for (unsigned work = 0; work < WORKS; work++)
		listen_at(&server, work, (uint16_t)(atoi(argv[3]) + (int)work),
			  loop_now(loop));
	server.pump.loop = loop;
	server.pump.host = server.host;
	server.pump.pool = server.pool;
	server.pump.tun = &server.tun;
	server.pump.busy_poll_ns = (uint64_t)atoi(argv[4]) * CN_NS_PER_US;
	server.pump.events = drain_events;
	server.pump.ctx = &server;
	must(pump_begin(&server.pump), "pump", "no epoll");
	printf("ready\n");
	fflush(stdout);
	while (!loop_round(loop, CN_NEVER))
		;
	return 1;
}
