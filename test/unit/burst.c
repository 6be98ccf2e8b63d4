/* SPDX-License-Identifier: MIT */
/*
 * A burst is what tcp_emit would have said: two worlds with the same seed, the
 * same calls and the same losses, one of which forgets each burst as soon as
 * it has begun.  Every frame and every counter is the same.
 */
#include "../pair.h"

#include "base/random.h"
#include "host/host.h"
#include "tcp/sent.h"

struct world {
	struct pair pair;
	struct duo duo;
	bool plain;
};

static uint32_t below(uint64_t *dice, uint32_t n)
{
	*dice = *dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((*dice >> 33) * n >> 31);
}

static struct cn_sock *open_v6(struct pair *pair, struct duo *duo)
{
	struct cn_endpoint to = {pair_addr6(1), 81};
	struct cn_endpoint at = {.port = 81};

	assert_int_equal(cn_sock_new(pair->host[1], 6, &duo->listener), 0);
	assert_int_equal(cn_sock_bind(duo->listener, &at), 0);
	assert_int_equal(cn_sock_listen(duo->listener, 5, pair->now), 0);
	assert_int_equal(cn_sock_new(pair->host[0], 6, &duo->client), 0);
	assert_int_equal(cn_sock_connect(duo->client, &to, pair->now),
			 CN_E_INPROGRESS);
	pair_run(pair);
	return accept_from(pair, duo->listener);
}

static void world_begin(struct world *world, bool v6, bool plain)
{
	world->plain = plain;
	pair_init(&world->pair, NULL);
	if (v6)
		world->duo.server = open_v6(&world->pair, &world->duo);
	else
		world->duo = pair_connect(&world->pair, 80);
}

static bool next_frame(struct world *world, int host, struct cn_frame *frame)
{
	if (world->plain)
		world->pair.host[host]->burst.sock = NULL;
	return cn_host_output(world->pair.host[host], 0, frame,
			      world->pair.now);
}

/* One frame from a host of both worlds, the same; lost in both or in none. */
static bool step(struct world w[2], int from, bool lost, unsigned *bursts)
{
	static uint8_t octet[2][2048];
	struct cn_frame frame[2];
	uint32_t len[2];
	bool any[2];

	for (int i = 0; i < 2; i++) {
		*bursts += i == 0 && w[0].pair.host[from]->burst.sock;
		any[i] = next_frame(&w[i], from, &frame[i]);
		if (!any[i])
			continue;
		len[i] = cn_frame_copy(&frame[i], 0, octet[i], 2048);
	}
	assert_int_equal(any[0], any[1]);
	if (!any[0])
		return false;
	assert_int_equal(len[0], len[1]);
	assert_memory_equal(octet[0], octet[1], len[0]);
	for (int i = 0; i < 2; i++) {
		if (!lost)
			cn_host_input(w[i].pair.host[!from], 0, &frame[i],
				      w[i].pair.now);
		cn_frame_release(&frame[i]);
	}
	return true;
}

static void time_passes(struct world w[2], uint64_t ns)
{
	for (int i = 0; i < 2; i++) {
		w[i].pair.now += ns;
		cn_host_advance(w[i].pair.host[0], w[i].pair.now);
		cn_host_advance(w[i].pair.host[1], w[i].pair.now);
	}
}

static void send_both(struct world w[2], size_t len, unsigned flags)
{
	static uint8_t octets[100000];
	int64_t n[2];

	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)(i * 7 + len);
	for (int i = 0; i < 2; i++)
		n[i] = cn_sock_send(w[i].duo.client, octets, len, flags,
				    w[i].pair.now);
	assert_int_equal(n[0], n[1]);
}

static void read_both(struct world w[2], size_t len)
{
	static uint8_t octet[2][100000];
	int64_t n[2];

	for (int i = 0; i < 2; i++)
		n[i] = cn_sock_recv(w[i].duo.server, octet[i], len, 0,
				    w[i].pair.now);
	assert_int_equal(n[0], n[1]);
	if (n[0] > 0)
		assert_memory_equal(octet[0], octet[1], (size_t)n[0]);
}

static void one_seed(uint64_t dice, bool v6, unsigned *bursts)
{
	struct world w[2];
	uint32_t loss = below(&dice, 8);

	world_begin(&w[0], v6, false);
	world_begin(&w[1], v6, true);
	for (int turn = 0; turn < 150; turn++) {
		uint32_t n = below(&dice, 100);

		if (below(&dice, 3))
			send_both(w, 1 + below(&dice, 60000),
				  below(&dice, 40) ? 0 : CN_MSG_OOB);
		while (n-- && step(w, 0, below(&dice, 100) < loss, bursts))
			;
		/* In the middle of a burst, perhaps. */
		n = below(&dice, 40);
		while (n-- && step(w, 1, below(&dice, 100) < loss, bursts))
			;
		read_both(w, below(&dice, 100000));
		if (below(&dice, 2))
			time_passes(w, below(&dice, 20) * MS);
	}
	assert_memory_equal(cn_host_counters(w[0].pair.host[0]),
			    cn_host_counters(w[1].pair.host[0]),
			    sizeof(struct cn_counters));
	pair_deinit(&w[0].pair);
	pair_deinit(&w[1].pair);
}

static void frames_are_those_of_single_segments(void **state)
{
	unsigned bursts = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++)
		one_seed(seed * 77777, seed & 1, &bursts);
	/* It was worth it. */
	assert_true(bursts > 10000);
}

/* All that goes at one instant is one record; the last octet bears PSH. */
static void a_burst_is_one_record_and_ends_with_the_data(void **state)
{
	struct pair pair;
	struct duo duo;
	struct cn_frame frame;
	uint8_t octets[10 * 1448];
	unsigned n = 0;

	(void)state;
	memset(octets, 1, sizeof(octets));
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	pair_after(&pair, S);
	cn_sock_send(duo.client, octets, sizeof(octets), 0, pair.now);
	while (cn_host_output(pair.host[0], 0, &frame, pair.now)) {
		bool last = ++n == 10;
		unsigned flags = TCP_ACK | (last ? TCP_PSH : 0);

		assert_int_equal(frame.header[33], flags);
		assert_int_equal(frame.payload_len, 1448);
		cn_host_input(pair.host[1], 0, &frame, pair.now);
		cn_frame_release(&frame);
	}
	assert_int_equal(n, 10);
	assert_int_equal(duo.client->tcb.sent->n, 1);
	assert_int_equal(cn_sock_readable(duo.server), sizeof(octets));
	pair_deinit(&pair);
}

/* Whatever touches the connection ends its burst: here its window opens for
 * a reader, so that the next segment tells another window. */
static void a_call_in_between_is_seen(void **state)
{
	struct pair pair;
	struct duo duo;
	struct cn_frame frame;
	uint8_t octets[8 * 1448];

	(void)state;
	memset(octets, 1, sizeof(octets));
	pair_init(&pair, NULL);
	duo = pair_connect(&pair, 80);
	cn_sock_send(duo.server, octets, sizeof(octets), 0, pair.now);
	pair_run(&pair);
	pair_after(&pair, S);
	cn_sock_send(duo.client, octets, sizeof(octets), 0, pair.now);
	assert_true(cn_host_output(pair.host[0], 0, &frame, pair.now));
	cn_frame_release(&frame);
	assert_ptr_equal(pair.host[0]->burst.sock, duo.client);
	assert_int_equal(cn_sock_recv(duo.client, octets, sizeof(octets), 0,
				      pair.now),
			 sizeof(octets));
	assert_null(pair.host[0]->burst.sock);
	assert_true(cn_host_output(pair.host[0], 0, &frame, pair.now));
	cn_frame_release(&frame);
	/* Nor does a burst outlive its socket or its instant. */
	assert_ptr_equal(pair.host[0]->burst.sock, duo.client);
	assert_true(cn_host_output(pair.host[0], 0, &frame, pair.now + 1));
	cn_frame_release(&frame);
	cn_sock_abort(duo.client, pair.now + 1);
	assert_null(pair.host[0]->burst.sock);
	pair_run(&pair);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_those_of_single_segments),
		cmocka_unit_test(a_burst_is_one_record_and_ends_with_the_data),
		cmocka_unit_test(a_call_in_between_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
