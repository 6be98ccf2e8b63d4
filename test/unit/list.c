/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

static void list_links_and_unlinks(void **state)
{
	struct list head, a = {0}, b = {0};

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	assert_null(list_first(&head));
	list_del(&a);
	assert_false(list_is_linked(&a));
	list_add_tail(&head, &a);
	list_add_tail(&head, &b);
	assert_true(list_is_linked(&a) && list_is_linked(&b));
	assert_ptr_equal(list_first(&head), &a);
	list_del(&a);
	list_del(&a);
	assert_ptr_equal(list_first(&head), &b);
	list_del(&b);
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_links_and_unlinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
