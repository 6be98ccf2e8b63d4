/* SPDX-License-Identifier: MIT */
/*
 * The network of a world under a virtual clock: hosts that are described talk
 * to each other, and what is changed while they run is felt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <catenet/socket.h>

#include "run/network/network.h"

#define MS CN_NS_PER_MS
#define SEC CN_NS_PER_SEC
#define START (UINT64_C(1000) * SEC)

struct lab {
	struct cn_pool *pool;
	struct network *network;
	uint64_t now;
};

static void *heap_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void heap_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

static void lab_init(struct lab *lab, const char *text)
{
	static const struct cn_alloc alloc = {heap_alloc, heap_free, NULL};
	struct plan *plan = plan_new();
	struct network_config config = {.seed = {7}};
	char why[PLAN_WHY];

	lab->pool = cn_pool_new(&alloc);
	lab->now = START;
	config.pool = lab->pool;
	plan_text(plan, "lab", text);
	if (!plan_finish(plan))
		fail_msg("%s", plan_mistake(plan, 0));
	if (network_new(&config, plan, START, &lab->network, why))
		fail_msg("%s", why);
}

static void lab_deinit(struct lab *lab)
{
	network_free(lab->network);
	assert_int_equal(cn_pool_in_use(lab->pool), 0);
	cn_pool_free(lab->pool);
}

static void settle(struct lab *lab)
{
	unsigned n = 0;

	while (network_step(lab->network, lab->now))
		assert_true(n++ < 100000);
}

static void pass(struct lab *lab, uint64_t ns)
{
	uint64_t until = lab->now + ns;

	for (;;) {
		uint64_t at;

		settle(lab);
		at = network_deadline(lab->network);
		if (at > until)
			break;
		assert_true(at >= lab->now);
		lab->now = at;
	}
	lab->now = until;
}

static struct cn_host *host_of(struct lab *lab, const char *name)
{
	int node = network_find(lab->network, name);

	assert_true(node >= 0);
	return network_host(lab->network, node);
}

static struct cn_endpoint at(struct lab *lab, const char *name, int family,
			     uint16_t port)
{
	struct cn_endpoint ep = {.port = port};
	const struct cn_addr *addr =
		plan_addr_of(network_plan(lab->network),
			     network_find(lab->network, name), family);

	assert_non_null(addr);
	ep.addr = *addr;
	return ep;
}

/* ------------------------------------------------------------------ TCP -- */

struct call {
	struct cn_sock *listener, *client, *server;
	uint32_t sent, received, total;
};

static void call_begin(struct lab *lab, struct call *call, const char *from,
		       const char *to, int family, uint32_t total)
{
	struct cn_endpoint any = {.port = 7000};
	struct cn_endpoint far = at(lab, to, family, 7000);

	memset(call, 0, sizeof(*call));
	call->total = total;
	if (family == 4)
		any.addr = cn_addr_v4(0, 0, 0, 0);
	assert_int_equal(cn_sock_new(host_of(lab, to), family, &call->listener),
			 0);
	assert_int_equal(cn_sock_bind(call->listener, &any), 0);
	assert_int_equal(cn_sock_listen(call->listener, 8, lab->now), 0);
	assert_int_equal(cn_sock_new(host_of(lab, from), family, &call->client),
			 0);
	assert_int_equal(cn_sock_connect(call->client, &far, lab->now),
			 CN_E_INPROGRESS);
}

/* One turn of both programs. */
static void call_turn(struct lab *lab, struct call *call)
{
	static const uint8_t octets[16384];
	uint8_t got[16384];
	int64_t n;

	if (!call->server &&
	    cn_sock_accept(call->listener, &call->server, lab->now))
		call->server = NULL;
	while (call->sent < call->total) {
		uint32_t left = call->total - call->sent;

		n = cn_sock_send(call->client, octets,
				 left < sizeof(octets) ? left : sizeof(octets),
				 0, lab->now);
		if (n <= 0)
			break;
		call->sent += (uint32_t)n;
	}
	while (call->server && (n = cn_sock_recv(call->server, got, sizeof(got),
						 0, lab->now)) > 0)
		call->received += (uint32_t)n;
}

static void call_run(struct lab *lab, struct call *call, uint64_t ns)
{
	uint64_t until = lab->now + ns;

	while (lab->now < until && call->received < call->total) {
		uint64_t next;

		/* A handshake on the loopback takes no time. */
		for (unsigned idle = 0; idle < 3; idle++) {
			uint32_t before = call->received + call->sent;

			call_turn(lab, call);
			settle(lab);
			if (call->received + call->sent != before)
				idle = 0;
		}
		next = network_deadline(lab->network);
		if (next > until)
			next = until;
		if (next > lab->now)
			lab->now = next;
	}
	call_turn(lab, call);
}

static void call_end(struct lab *lab, struct call *call)
{
	cn_sock_close(call->client, lab->now);
	if (call->server)
		cn_sock_close(call->server, lab->now);
	cn_sock_close(call->listener, lab->now);
	settle(lab);
}

static const char chain[] = "host alice 192.168.0.1\nhost bob 192.168.0.223\n"
			    "router r1\nrouter r2\n"
			    "link alice r1 delay 10ms\nlink r1 r2\n"
			    "link r2 bob delay 5ms rate 100mbit\n";
static const char lan[] = "host alice\nhost bob\nhost carol\nrouter r\n"
			  "segment lan alice bob r delay 1ms\nlink r carol\n";

static void hosts_talk(void **state)
{
	static const struct {
		const char *text, *from, *to;
	} cases[] = {
		{chain, "alice", "bob"}, {chain, "bob", "alice"},
		{chain, "alice", "r2"},	 {lan, "alice", "bob"},
		{lan, "alice", "carol"}, {lan, "carol", "bob"},
		{lan, "bob", "bob"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int family = 4; family <= 6; family += 2) {
			struct lab lab;
			struct call call;

			lab_init(&lab, cases[i].text);
			call_begin(&lab, &call, cases[i].from, cases[i].to,
				   family, 1000000);
			call_run(&lab, &call, 60 * SEC);
			if (call.received != 1000000)
				fail_msg("%s to %s, IPv%d: %u octets",
					 cases[i].from, cases[i].to, family,
					 call.received);
			call_end(&lab, &call);
			lab_deinit(&lab);
		}
}

/* What the handshake takes is the path there and back. */
static void delays_are_the_links(void **state)
{
	struct lab lab;
	struct call call;
	struct cn_tcp_info info;

	(void)state;
	lab_init(&lab, "host a\nrouter r\nhost b\n"
		       "link a r delay 10ms from r delay 30ms\n"
		       "link r b delay 5ms\n");
	call_begin(&lab, &call, "a", "b", 4, 1);
	call_run(&lab, &call, SEC);
	assert_int_equal(call.received, 1);
	assert_int_equal(cn_sock_info(call.client, &info), 0);
	assert_int_equal(info.handshake, 50 * MS);
	call_end(&lab, &call);
	lab_deinit(&lab);
}

/* A cut takes effect at once and ends at once; what is unknown is told. */
static void links_are_changed(void **state)
{
	struct lab lab;
	struct call call;
	struct cn_path_stats stats;
	char why[PLAN_WHY];
	const struct plan_link *link;

	(void)state;
	lab_init(&lab, chain);
	call_begin(&lab, &call, "alice", "bob", 4, 100000000);
	call_run(&lab, &call, 200 * MS);
	assert_true(call.received > 0);
	assert_null(network_change(lab.network, "set r1-r2 down", why));
	pass(&lab, 100 * MS);
	call_turn(&lab, &call);
	call.total = call.received;
	pass(&lab, 3 * SEC);
	call_turn(&lab, &call);
	assert_int_equal(call.total, call.received);
	link = plan_link(network_plan(lab.network), 1);
	network_stats(lab.network, &link->end[0], &stats);
	assert_true(stats.lost > 0);
	assert_null(network_change(lab.network, "set r1-r2 up delay 1ms", why));
	call.total = call.received + 1000000;
	call_run(&lab, &call, 20 * SEC);
	assert_true(call.received >= call.total);
	assert_non_null(network_change(lab.network, "set r1-r9 up", why));
	assert_non_null(network_change(lab.network, "set r1-r2 dwon", why));
	assert_non_null(network_change(lab.network, "route r1 bob", why));
	assert_non_null(network_change(lab.network, "", why));
	call_end(&lab, &call);
	lab_deinit(&lab);
}

/* One seed is one run. */
static void runs_repeat(void **state)
{
	static const char lossy[] = "host a\nrouter r\nhost b\n"
				    "link a r delay 10ms jitter 3ms loss 2%\n"
				    "link r b loss 1% reorder 2%,3ms\n";
	uint64_t ended[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct lab lab;
		struct call call;

		lab_init(&lab, lossy);
		call_begin(&lab, &call, "a", "b", 4, 500000);
		call_run(&lab, &call, 120 * SEC);
		assert_int_equal(call.received, 500000);
		ended[i] = lab.now;
		call_end(&lab, &call);
		lab_deinit(&lab);
	}
	assert_int_equal(ended[0], ended[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_talk),
		cmocka_unit_test(delays_are_the_links),
		cmocka_unit_test(links_are_changed),
		cmocka_unit_test(runs_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
