/* SPDX-License-Identifier: MIT */
/* RFC 9293 section 3.10.7.4, "second, check the RST bit"; RFC 5961 section 3. */
#include "spec.h"

static void established_rst_exact_resets(void)
{
	at(CN_ESTABLISHED);
	in("R", 1, 0, 0);
	silent();
	state(CN_CLOSED);
	error(CN_E_CONNRESET);
	deadline(NEVER);
}

static void established_rst_inside_challenges(void)
{
	at(CN_ESTABLISHED);
	in("R", 2, 0, 0);
	out("A", 1, 1, 0);
	silent();
	state(CN_ESTABLISHED);
	dropped(CN_DROP_TCP_RST_INEXACT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_rule(established_rst_exact_resets),
		cmocka_unit_test_rule(established_rst_inside_challenges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
