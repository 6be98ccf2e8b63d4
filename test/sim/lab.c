/* SPDX-License-Identifier: MIT */
/* A described network under a virtual clock. */
#include "lab.h"
#include "link/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void lab_init(struct lab *lab, const char *text)
{
	struct plan *plan = plan_new();
	struct network_config config = {.seed = {7}, .settings = lab->settings};
	char why[PLAN_WHY];

	lab->pool = cn_pool_new(&heap_memory);
	lab->now = LAB_START;
	config.pool = lab->pool;
	plan_text(plan, "lab", text);
	if (!plan_finish(plan))
		fail_msg("%s", plan_mistake(plan, 0));
	if (network_new(&config, plan, LAB_START, &lab->network, why))
		fail_msg("%s", why);
}

void lab_deinit(struct lab *lab)
{
	network_free(lab->network);
	assert_int_equal(cn_pool_in_use(lab->pool), 0);
	cn_pool_free(lab->pool);
}

void lab_settle(struct lab *lab)
{
	unsigned n = 0;

	while (network_step(lab->network, lab->now))
		assert_true(n++ < 100000);
}

void lab_pass(struct lab *lab, uint64_t ns)
{
	uint64_t until = lab->now + ns;

	for (;;) {
		uint64_t at;

		lab_settle(lab);
		at = network_deadline(lab->network);
		if (at > until)
			break;
		assert_true(at >= lab->now);
		lab->now = at;
	}
	lab->now = until;
}

struct cn_host *lab_host(const struct lab *lab, const char *name)
{
	int node = network_find(lab->network, name);

	assert_true(node >= 0);
	return network_host(lab->network, node);
}

struct cn_endpoint lab_at(const struct lab *lab, const char *name, int family,
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

void lab_change(struct lab *lab, const char *statement)
{
	char why[PLAN_WHY];

	if (network_change(lab->network, statement, why))
		fail_msg("%s", why);
}

uint64_t lab_drops(const struct lab *lab, const char *name, enum cn_drop drop)
{
	return cn_host_counters(lab_host(lab, name))->drop[drop];
}

/* ------------------------------------------------------------------ TCP -- */

void call_begin(struct lab *lab, struct call *call, const char *from,
		const char *to, int family, uint32_t total)
{
	struct cn_endpoint any = {.port = 7000};
	struct cn_endpoint far = lab_at(lab, to, family, 7000);

	memset(call, 0, sizeof(*call));
	call->total = total;
	if (family == 4)
		any.addr = cn_addr_v4(0, 0, 0, 0);
	assert_int_equal(
		cn_sock_new(lab_host(lab, to), family, &call->listener), 0);
	assert_int_equal(cn_sock_bind(call->listener, &any), 0);
	assert_int_equal(cn_sock_listen(call->listener, 8, lab->now), 0);
	assert_int_equal(
		cn_sock_new(lab_host(lab, from), family, &call->client), 0);
	assert_int_equal(cn_sock_connect(call->client, &far, lab->now),
			 CN_E_INPROGRESS);
}

/* One turn of both programs. */
void call_turn(struct lab *lab, struct call *call)
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

void call_run(struct lab *lab, struct call *call, uint64_t ns)
{
	uint64_t until = lab->now + ns;

	while (lab->now < until && call->received < call->total) {
		uint64_t next;

		/* A handshake on the loopback takes no time. */
		for (unsigned idle = 0; idle < 3; idle++) {
			uint32_t before = call->received + call->sent;

			call_turn(lab, call);
			lab_settle(lab);
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

void call_end(struct lab *lab, struct call *call)
{
	cn_sock_close(call->client, lab->now);
	if (call->server)
		cn_sock_close(call->server, lab->now);
	cn_sock_close(call->listener, lab->now);
	lab_settle(lab);
}
