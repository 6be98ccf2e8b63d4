/* SPDX-License-Identifier: MIT */
/* Row 7 of the attacks: no entropy, no host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <catenet/host.h>

#include "heap.h"

static void row_07_the_defaults_hold_no_seed(void **state)
{
	struct cn_settings set;
	unsigned i;

	(void)state;
	memset(&set, 0xff, sizeof(set));
	cn_settings_default(&set);
	assert_false(set.seeded);
	for (i = 0; i < sizeof(set.seed); i++)
		assert_int_equal(set.seed[i], 0);
}

static void row_07_without_a_seed_a_host_refuses_to_start(void **state)
{
	struct heap heap = {.fail_after = -1};
	struct cn_alloc alloc = heap_words(&heap);
	struct cn_pool *pool = cn_pool_new(&alloc);
	struct cn_host *host = NULL;
	struct cn_settings set;

	(void)state;
	cn_settings_default(&set);
	set.pool = pool;
	assert_int_equal(cn_host_new(&set, 0, &host), CN_E_NOENTROPY);
	assert_null(host);
	/* Octets without the caller's word that they are random do not do. */
	memset(set.seed, 0x5a, sizeof(set.seed));
	assert_int_equal(cn_host_new(&set, 0, &host), CN_E_NOENTROPY);
	set.seeded = true;
	assert_int_equal(cn_host_new(&set, 0, &host), CN_OK);
	cn_host_free(host);
	cn_pool_free(pool);
	assert_int_equal(heap.blocks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_07_the_defaults_hold_no_seed),
		cmocka_unit_test(row_07_without_a_seed_a_host_refuses_to_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
