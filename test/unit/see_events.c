/* SPDX-License-Identifier: MIT */
/* Lines of JSON are whole, however many hosts and whatever their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/network/plan.h"
#include "see/events.h"

struct heard {
	char text[1 << 16];
	size_t n;
};

static void hear(void *ctx, const char *text, size_t len)
{
	struct heard *heard = ctx;

	assert_true(heard->n + len < sizeof(heard->text));
	memcpy(heard->text + heard->n, text, len);
	heard->n += len;
	heard->text[heard->n] = '\0';
}

/* As many hosts as a world may have, with names as long as they may be. */
static void the_largest_world_has_all_its_hosts(void **state)
{
	static char name[PLAN_NODES][PLAN_NAME];
	static struct heard heard;
	const char *host[PLAN_NODES], *at = heard.text;
	struct see_events_config config = {
		.host = host,
		.host_n = PLAN_NODES,
		.write = hear,
		.ctx = &heard,
	};

	(void)state;
	for (unsigned i = 0; i < PLAN_NODES; i++) {
		memset(name[i], 'x', sizeof(name[i]) - 1);
		snprintf(name[i] + PLAN_NAME - 4, 4, "%03u", i);
		host[i] = name[i];
	}
	see_events_free(see_events_new(&config));
	for (unsigned i = 0; i < PLAN_NODES; i++) {
		at = strstr(at, name[i]);
		assert_non_null(at);
		assert_int_equal(at[-1], '"');
		assert_int_equal(at[PLAN_NAME - 1], '"');
	}
	assert_string_equal(at + PLAN_NAME, "]}\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_world_has_all_its_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
