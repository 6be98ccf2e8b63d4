/* SPDX-License-Identifier: MIT */
/*
 * A life of two hosts in which the n-th allocation fails, and all after it for
 * a while, for each n: nothing crashes, nothing is lost, and once there is
 * memory again a new connection works.
 */
#include "../pair.h"
#include "heap.h"

static void *failing_alloc(void *ctx, size_t size)
{
	return heap_alloc(ctx, size);
}

static void open_pair(struct pair *pair, struct heap *heap)
{
	const struct cn_alloc alloc = {failing_alloc, heap_free, heap};
	struct cn_settings settings;

	memset(pair, 0, sizeof(*pair));
	heap->fail_after = -1;
	pair->now = 1000 * S;
	pair->pool = cn_pool_new(&alloc);
	for (int i = 0; i < 2; i++) {
		pair_settings(pair, &settings, i);
		pair_host(pair, i, &settings);
	}
}

static void poll_events(struct pair *pair)
{
	struct cn_event event;

	for (int i = 0; i < 2; i++)
		while (cn_host_event(pair->host[i], &event))
			;
}

/* Whatever fails, fails with an error; what is there is closed. */
static void live_through_it(struct pair *pair, uint16_t port)
{
	struct cn_endpoint at = any_at(port), to = pair_at(1, port);
	struct cn_sock *listener = NULL, *client = NULL, *server = NULL;
	uint8_t octets[3000] = {0};

	if (!cn_sock_new(pair->host[1], 4, &listener)) {
		(void)!cn_sock_set(listener, CN_OPT_KEEPIDLE, 10, pair->now);
		if (!cn_sock_bind(listener, &at))
			(void)!cn_sock_listen(listener, 5, pair->now);
	}
	if (!cn_sock_new(pair->host[0], 4, &client))
		(void)!cn_sock_connect(client, &to, pair->now);
	pair_after(pair, 4 * S);
	if (listener)
		(void)!cn_sock_accept(listener, &server, pair->now);
	if (client)
		cn_sock_send(client, octets, sizeof(octets), 0, pair->now);
	pair_after(pair, S);
	if (server) {
		cn_sock_recv(server, octets, sizeof(octets), 0, pair->now);
		cn_sock_close(server, pair->now);
	}
	pair_after(pair, S);
	if (client)
		cn_sock_close(client, pair->now);
	if (listener)
		cn_sock_close(listener, pair->now);
	pair_after(pair, S);
	poll_events(pair);
}

static void every_allocation_may_fail(void **state)
{
	struct heap heap = {0};
	struct pair pair;
	size_t calls;

	(void)state;
	open_pair(&pair, &heap);
	calls = heap.calls;
	live_through_it(&pair, 80);
	calls = heap.calls - calls;
	assert_true(calls > 10);
	pair_deinit(&pair);
	for (size_t n = 0; n < calls; n++) {
		struct duo duo;

		open_pair(&pair, &heap);
		heap.fail_after = (long)n;
		live_through_it(&pair, 80);
		heap.fail_after = -1;
		pair_after(&pair, 300 * S);
		poll_events(&pair);
		duo = pair_connect(&pair, 81);
		send_text(&pair, duo.client, "well again");
		expect_text(&pair, duo.server, "well again");
		pair_deinit(&pair);
	}
	assert_int_equal(heap.octets, 0);
}

/* The n-th request of its making is refused: there is no host, or one without
 * a link, an address or a route, and whoever asked is told. */
static void each_part_of_a_host_may_be_refused(void **state)
{
	const struct cn_link_config config = {
		.name = "eth",
		.mtu = 1500,
		.ethernet = true,
		.mac = {2, 0, 0, 0, 0, 1},
	};
	struct cn_addr addr = pair_addr6(0), any = {{0}};
	struct cn_settings settings;
	bool more = true;
	size_t n;

	(void)state;
	for (n = 1; more; n++) {
		struct heap heap = {0};
		const struct cn_alloc alloc = heap_words(&heap);
		struct pair pair = {.pool = cn_pool_new(&alloc)};
		int link = 0, err;

		pair_settings(&pair, &settings, 0);
		heap.refuse_after = n;
		heap.refuse_n = 1;
		err = cn_host_new(&settings, S, &pair.host[0]);
		if (!err) {
			err = cn_host_link_add(pair.host[0], &config, &link);
			if (!err)
				err = cn_host_addr_add(pair.host[0], link,
						       &addr, 64);
			if (!err)
				err = cn_host_route_add(pair.host[0], link,
							&any, 0);
			cn_host_free(pair.host[0]);
		}
		more = heap.refuse_n == 0;
		assert_int_equal(err, more ? CN_E_NOMEM : CN_OK);
		assert_int_equal(cn_pool_in_use(pair.pool), 0);
		cn_pool_free(pair.pool);
		assert_int_equal(heap.octets, 0);
	}
	assert_true(n > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(each_part_of_a_host_may_be_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
