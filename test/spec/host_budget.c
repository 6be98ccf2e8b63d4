/* SPDX-License-Identifier: MIT */
/*
 * One host, one budget: writers that queue whatever they may and readers that
 * take their time share it.  It is never exceeded, none is cut off, none waits
 * for ever, and every octet arrives.
 */
#include "../pair.h"

#define MANY 1000
#define STEP (10 * MS)

static size_t limit[2];

struct row {
	const char *name;
	unsigned n; /* connections */
	int short_of; /* the host whose memory is short: 0 writes, 1 reads */
	size_t memory;
	uint32_t total; /* octets of each connection */
	uint32_t pace; /* that each reader takes in a step */
	unsigned steps; /* that all of it takes at most */
};

static const struct row rows[] = {
	{"64 eager writers", 64, 0, 8 << 20, 1000000, 10000, 400},
	{"1000 eager writers", 1000, 0, 16 << 20, 60000, 2000, 400},
	{"64 slow readers", 64, 1, 8 << 20, 1000000, 10000, 400},
	{"1000 slow readers", 1000, 1, 16 << 20, 60000, 2000, 400},
};

static void little_memory(struct cn_settings *settings, int host)
{
	if (limit[host])
		settings->memory_limit = limit[host];
}

struct lane {
	struct cn_sock *from, *to;
	uint32_t sent, got;
};

static void write_all(struct pair *pair, struct lane *lane, uint32_t total)
{
	static const uint8_t octets[65536];

	while (lane->sent < total) {
		uint32_t len = total - lane->sent;
		int64_t n;

		if (len > sizeof(octets))
			len = sizeof(octets);
		n = cn_sock_send(lane->from, octets, len, 0, pair->now);
		if (n == CN_E_AGAIN)
			return;
		assert_in_range(n, 1, len);
		lane->sent += (uint32_t)n;
	}
}

static void read_some(struct pair *pair, struct lane *lane, uint32_t pace)
{
	static uint8_t octets[65536];
	int64_t n = cn_sock_recv(lane->to, octets, pace, 0, pair->now);

	if (n == CN_E_AGAIN)
		return;
	assert_in_range(n, 1, pace);
	lane->got += (uint32_t)n;
}

static bool step(struct pair *pair, struct lane *lane, const struct row *row)
{
	bool done = true;

	for (unsigned i = 0; i < row->n; i++) {
		write_all(pair, &lane[i], row->total);
		read_some(pair, &lane[i], row->pace);
		assert_int_equal(cn_sock_state(lane[i].from), CN_ESTABLISHED);
		assert_int_equal(cn_sock_state(lane[i].to), CN_ESTABLISHED);
		done = done && lane[i].got == row->total;
	}
	pair_after(pair, STEP);
	assert_true(cn_host_memory(pair->host[row->short_of], NULL) <=
		    row->memory);
	return done;
}

static void check(const struct row *row)
{
	static struct lane lane[MANY];
	struct cn_sock *listener;
	struct pair pair;
	unsigned steps = 0;

	limit[row->short_of] = row->memory;
	limit[!row->short_of] = 0;
	pair_init(&pair, little_memory);
	listener = listener_on(&pair, 1, 80, MANY);
	memset(lane, 0, sizeof(lane));
	for (unsigned i = 0; i < row->n; i++) {
		lane[i].from = connect_from(&pair, 0, pair_at(1, 80));
		pair_run(&pair);
		lane[i].to = accept_from(&pair, listener);
	}
	while (!step(&pair, lane, row))
		assert_true(++steps < row->steps);
	print_message("# %s: %u steps\n", row->name, steps);
	pair_deinit(&pair);
}

static void a_budget_is_shared(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_budget_is_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
