/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/wheel.h"
#include <catenet/base.h>

#define TICK (UINT64_C(1) << WHEEL_TICK_SHIFT)
#define DAY (86400 * CN_NS_PER_SEC)
#define NODES 48 /* fewer than WHEEL_WALK_MAX: deadlines are exact */

static struct wheel wheel;

static void empty_wheel_waits_for_nothing(void **state)
{
	(void)state;
	wheel_init(&wheel, 123456789);
	assert_int_equal(wheel_deadline(&wheel), CN_NEVER);
	assert_null(wheel_expire(&wheel, 123456789));
	assert_null(wheel_expire(&wheel, CN_NEVER - 1));
}

static void fires_at_its_instant_and_not_before(void **state)
{
	static const uint64_t start[] = {0, 1, TICK - 1, 12345678901,
					 400 * DAY};
	static const uint64_t wait[] = {
		0,
		1,
		TICK - 1,
		TICK,
		TICK + 1,
		63 * TICK,
		64 * TICK,
		65 * TICK + 7,
		CN_NS_PER_SEC,
		60 * CN_NS_PER_SEC,
		4096 * TICK - 1,
		DAY,
		365 * DAY,
		20000 * DAY,
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(start) / sizeof(start[0]); i++) {
		for (unsigned j = 0; j < sizeof(wait) / sizeof(wait[0]); j++) {
			uint64_t at = start[i] + wait[j];
			struct wheel_node node = {0};

			wheel_init(&wheel, start[i]);
			wheel_set(&wheel, &node, at);
			assert_int_equal(wheel_deadline(&wheel), at);
			if (wait[j] > 0)
				assert_null(wheel_expire(&wheel, at - 1));
			assert_int_equal(wheel_deadline(&wheel), at);
			assert_ptr_equal(wheel_expire(&wheel, at), &node);
			assert_null(wheel_expire(&wheel, at));
			assert_int_equal(wheel_deadline(&wheel), CN_NEVER);
		}
	}
}

static void past_fires_at_once(void **state)
{
	struct wheel_node node = {0};

	(void)state;
	wheel_init(&wheel, 5 * DAY);
	wheel_set(&wheel, &node, 3);
	assert_int_equal(wheel_deadline(&wheel), 3);
	assert_ptr_equal(wheel_expire(&wheel, 5 * DAY), &node);
}

static void never_cancels(void **state)
{
	struct wheel_node node = {0};

	(void)state;
	wheel_init(&wheel, 0);
	wheel_set(&wheel, &node, 5);
	wheel_set(&wheel, &node, CN_NEVER);
	assert_int_equal(wheel_deadline(&wheel), CN_NEVER);
	wheel_cancel(&wheel, &node);
	assert_null(wheel_expire(&wheel, DAY));
}

static void latest_instant_there_is(void **state)
{
	struct wheel_node node = {0};

	(void)state;
	wheel_init(&wheel, 0);
	wheel_set(&wheel, &node, CN_NEVER - 1);
	assert_int_equal(wheel_deadline(&wheel), CN_NEVER - 1);
	assert_null(wheel_expire(&wheel, CN_NEVER - 2));
	assert_ptr_equal(wheel_expire(&wheel, CN_NEVER - 1), &node);
}

static void same_instant_in_the_order_set(void **state)
{
	struct wheel_node node[100] = {0};

	(void)state;
	wheel_init(&wheel, 0);
	for (int i = 0; i < 100; i++)
		wheel_set(&wheel, &node[i], DAY);
	for (int i = 0; i < 100; i++)
		assert_ptr_equal(wheel_expire(&wheel, DAY), &node[i]);
}

static void set_while_expiring_keeps_the_order(void **state)
{
	struct wheel_node a = {0}, b = {0}, c = {0}, d = {0};

	(void)state;
	wheel_init(&wheel, 0);
	wheel_set(&wheel, &a, 10);
	wheel_set(&wheel, &c, 30);
	assert_ptr_equal(wheel_expire(&wheel, 40), &a);
	wheel_set(&wheel, &b, 20);
	wheel_set(&wheel, &d, 41);
	assert_ptr_equal(wheel_expire(&wheel, 40), &b);
	assert_ptr_equal(wheel_expire(&wheel, 40), &c);
	assert_null(wheel_expire(&wheel, 40));
	assert_int_equal(wheel_deadline(&wheel), 41);
	assert_ptr_equal(wheel_expire(&wheel, 41), &d);
}

/* The oracle: an unordered array, searched whole. */
struct oracle {
	uint64_t at[NODES], stamp[NODES];
	uint64_t stamps;
};

static int oracle_first(const struct oracle *oracle)
{
	int best = -1;

	for (int i = 0; i < NODES; i++) {
		if (oracle->at[i] == CN_NEVER)
			continue;
		if (best < 0 || oracle->at[i] < oracle->at[best] ||
		    (oracle->at[i] == oracle->at[best] &&
		     oracle->stamp[i] < oracle->stamp[best]))
			best = i;
	}
	return best;
}

static uint64_t oracle_deadline(const struct oracle *oracle)
{
	int first = oracle_first(oracle);

	return first < 0 ? CN_NEVER : oracle->at[first];
}

/* Mostly short, sometimes years; often equal to another's. */
static uint64_t random_wait(struct random *random)
{
	uint64_t wait = random_u64(random) >> (8 + random_below(random, 56));

	return random_below(random, 4) ? wait : wait & ~(TICK * 64 - 1);
}

static void check_expire(struct oracle *oracle, struct wheel_node *node,
			 uint64_t now)
{
	for (;;) {
		int first = oracle_first(oracle);
		struct wheel_node *got = wheel_expire(&wheel, now);

		if (first < 0 || oracle->at[first] > now) {
			assert_null(got);
			return;
		}
		assert_ptr_equal(got, &node[first]);
		assert_false(list_is_linked(&got->node));
		oracle->at[first] = CN_NEVER;
	}
}

static void random_operations(uint64_t label, int ops)
{
	static const uint8_t seed[16] = {42};
	struct wheel_node node[NODES] = {0};
	struct oracle oracle = {.stamps = 0};
	struct random random;
	uint64_t now;

	random_init(&random, seed, label);
	now = random_u64(&random) >> (8 + random_below(&random, 40));
	wheel_init(&wheel, now);
	for (int i = 0; i < NODES; i++)
		oracle.at[i] = CN_NEVER;
	for (int op = 0; op < ops; op++) {
		uint32_t i = random_below(&random, NODES);
		uint32_t what = random_below(&random, 10);

		if (what < 6) {
			uint64_t wait = random_wait(&random);

			if (wait > CN_NEVER / 4 - now)
				wait = 1;
			oracle.at[i] = now + wait;
			if (random_below(&random, 20) == 0)
				oracle.at[i] = now - (now < wait ? now : wait);
			oracle.stamp[i] = oracle.stamps++;
			wheel_set(&wheel, &node[i], oracle.at[i]);
		} else if (what < 7) {
			oracle.at[i] = CN_NEVER;
			wheel_cancel(&wheel, &node[i]);
		} else if (what < 9) {
			uint64_t next = oracle_deadline(&oracle);

			/* Just before, and at, the next deadline. */
			if (next == CN_NEVER || next <= now)
				next = now + 1;
			now = next - random_below(&random, 2);
			check_expire(&oracle, node, now);
		} else {
			now += random_wait(&random) >> 10;
			if (now > CN_NEVER / 4)
				break;
			check_expire(&oracle, node, now);
		}
		assert_int_equal(wheel_deadline(&wheel),
				 oracle_deadline(&oracle));
	}
}

static void against_an_oracle(void **state)
{
	(void)state;
	for (uint64_t label = 0; label < 200; label++)
		random_operations(label, 1000);
}

/* With more nodes than are walked the deadline may be early, never late. */
static void crowded_slots_fire_in_order(void **state)
{
	enum { CROWD = 20000 };
	static const uint8_t seed[16] = {43};
	struct wheel_node *node = calloc(CROWD, sizeof(*node));
	struct random random;
	uint64_t now = 7 * DAY, last = 0;
	unsigned fired = 0, wakes = 0;

	(void)state;
	assert_non_null(node);
	random_init(&random, seed, 0);
	wheel_init(&wheel, now);
	for (unsigned i = 0; i < CROWD; i++)
		wheel_set(&wheel, &node[i],
			  now + random_below(&random, UINT32_MAX));
	for (unsigned i = 0; i < 3 * CROWD; i++)
		wheel_set(&wheel, &node[random_below(&random, CROWD)],
			  now + random_below(&random, UINT32_MAX));
	while (wheel_deadline(&wheel) != CN_NEVER) {
		struct wheel_node *got;

		assert_true(wheel_deadline(&wheel) >= now);
		now = wheel_deadline(&wheel);
		wakes++;
		while ((got = wheel_expire(&wheel, now))) {
			assert_int_equal(got->at, now);
			assert_true(got->at >= last);
			last = got->at;
			fired++;
		}
	}
	assert_int_equal(fired, CROWD);
	assert_true(wakes < CROWD + CROWD / 4);
	free(node);
}

/* After a crowd has gone, a slot that fills anew is exact again. */
static void exact_again_after_a_crowd(void **state)
{
	enum { CROWD = 200 };
	struct wheel_node node[CROWD] = {0};

	(void)state;
	wheel_init(&wheel, 0);
	for (unsigned i = 0; i < CROWD; i++)
		wheel_set(&wheel, &node[i], DAY + i);
	/* The earliest leaves: a lower bound stays. */
	wheel_cancel(&wheel, &node[0]);
	assert_in_range(wheel_deadline(&wheel), DAY, DAY + 1);
	/* A new earliest is known, and so is the next when there are few. */
	wheel_set(&wheel, &node[0], DAY - 5);
	assert_int_equal(wheel_deadline(&wheel), DAY - 5);
	for (unsigned i = 10; i < CROWD; i++)
		wheel_cancel(&wheel, &node[i]);
	wheel_cancel(&wheel, &node[0]);
	assert_int_equal(wheel_deadline(&wheel), DAY + 1);
	for (unsigned i = 1; i < 10; i++)
		wheel_cancel(&wheel, &node[i]);
	assert_int_equal(wheel_deadline(&wheel), CN_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_wheel_waits_for_nothing),
		cmocka_unit_test(fires_at_its_instant_and_not_before),
		cmocka_unit_test(past_fires_at_once),
		cmocka_unit_test(never_cancels),
		cmocka_unit_test(latest_instant_there_is),
		cmocka_unit_test(same_instant_in_the_order_set),
		cmocka_unit_test(set_while_expiring_keeps_the_order),
		cmocka_unit_test(against_an_oracle),
		cmocka_unit_test(exact_again_after_a_crowd),
		cmocka_unit_test(crowded_slots_fire_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
