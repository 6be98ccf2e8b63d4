/* SPDX-License-Identifier: MIT */
/* Linux's addresses and errors, and the engine's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>

#include "lib/linux_addr.h"
#include "lib/linux_err.h"
#include "run/world/alias.h"
#include "run/world/machine.h"

static struct sockaddr_in in4(const char *text, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons(port)};

	assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
	return in;
}

static struct sockaddr_in6 in6(const char *text, uint16_t port)
{
	struct sockaddr_in6 in = {.sin6_family = AF_INET6,
				  .sin6_port = htons(port)};

	assert_int_equal(inet_pton(AF_INET6, text, &in.sin6_addr), 1);
	return in;
}

static void errors(void **state)
{
	(void)state;
	assert_int_equal(linux_errno(CN_OK), 0);
	assert_int_equal(linux_errno(CN_E_CONNREFUSED), ECONNREFUSED);
	assert_int_equal(linux_errno(CN_E_NETDOWN), ENETUNREACH);
	assert_int_equal(linux_errno(-9999), EIO);
	assert_int_equal(linux_err_from(EADDRINUSE), CN_E_ADDRINUSE);
	assert_int_equal(linux_err_from(ENETUNREACH), CN_E_NETUNREACH);
	/* Every error has a number of Linux's. */
#define CN_X(name, number, kind, text)                                         \
	assert_int_not_equal(linux_errno(CN_E_##name), EIO);
	CN_ERRORS(CN_X)
#undef CN_X
}

static void bind_ipv4(void **state)
{
	struct sockaddr_in in = in4("10.1.2.3", 80);
	struct cn_addr want = cn_addr_v4(10, 1, 2, 3);
	struct cn_endpoint ep;

	(void)state;
	assert_int_equal(linux_addr_bind(AF_INET, false, &in, sizeof(in), &ep),
			 0);
	assert_true(cn_addr_equal(&ep.addr, &want));
	assert_int_equal(ep.port, 80);
	assert_int_equal(linux_addr_bind(AF_INET, false, &in, 15, &ep), EINVAL);
	in.sin_family = AF_INET6;
	assert_int_equal(linux_addr_bind(AF_INET, false, &in, sizeof(in), &ep),
			 EAFNOSUPPORT);
	/* An old habit: AF_UNSPEC and the any-address. */
	in.sin_family = AF_UNSPEC;
	assert_int_equal(linux_addr_bind(AF_INET, false, &in, sizeof(in), &ep),
			 EAFNOSUPPORT);
	in.sin_addr.s_addr = 0;
	assert_int_equal(linux_addr_bind(AF_INET, false, &in, sizeof(in), &ep),
			 0);
}

static void bind_ipv6(void **state)
{
	struct sockaddr_in6 in = in6("2001:db8::5", 443);
	struct cn_endpoint ep;

	(void)state;
	assert_int_equal(linux_addr_bind(AF_INET6, true, &in, sizeof(in), &ep),
			 0);
	assert_int_equal(ep.port, 443);
	assert_int_equal(linux_addr_bind(AF_INET6, true, &in, 24, &ep), 0);
	assert_int_equal(linux_addr_bind(AF_INET6, true, &in, 23, &ep), EINVAL);
	in = in6("::ffff:10.0.0.1", 1);
	assert_int_equal(linux_addr_bind(AF_INET6, false, &in, sizeof(in), &ep),
			 0);
	assert_true(cn_addr_is_v4(&ep.addr));
	assert_int_equal(linux_addr_bind(AF_INET6, true, &in, sizeof(in), &ep),
			 EINVAL);
	in = in6("ff02::1", 1);
	assert_int_equal(linux_addr_bind(AF_INET6, false, &in, sizeof(in), &ep),
			 EINVAL);
	in = in6("fe80::1", 1);
	assert_int_equal(linux_addr_bind(AF_INET6, false, &in, sizeof(in), &ep),
			 EINVAL);
	in.sin6_scope_id = 2;
	assert_int_equal(linux_addr_bind(AF_INET6, false, &in, sizeof(in), &ep),
			 0);
}

static void connect_rules(void **state)
{
	struct sockaddr_in in = in4("0.0.0.0", 80);
	struct sockaddr_in6 six = in6("::", 80);
	struct cn_endpoint ep;

	(void)state;
	assert_int_equal(
		linux_addr_connect(AF_INET, false, &in, sizeof(in), &ep), 0);
	assert_true(cn_addr_is_loopback(&ep.addr));
	assert_int_equal(
		linux_addr_connect(AF_INET6, false, &six, sizeof(six), &ep), 0);
	assert_true(cn_addr_is_loopback(&ep.addr));
	assert_false(cn_addr_is_v4(&ep.addr));
	in = in4("224.0.0.1", 80);
	assert_int_equal(linux_addr_connect(AF_INET, false, &in, sizeof(in),
					    &ep),
			 ENETUNREACH);
	in = in4("255.255.255.255", 80);
	assert_int_equal(linux_addr_connect(AF_INET, false, &in, sizeof(in),
					    &ep),
			 ENETUNREACH);
	six = in6("::ffff:1.2.3.4", 80);
	assert_int_equal(linux_addr_connect(AF_INET6, true, &six, sizeof(six),
					    &ep),
			 ENETUNREACH);
}

static void there_and_back(void **state)
{
	struct cn_endpoint ep = {.port = 4242}, back;
	struct sockaddr_storage ss;

	(void)state;
	assert_true(cn_addr_parse("2001:db8::77", &ep.addr));
	assert_int_equal(linux_addr_kernel(&ep, &ss),
			 sizeof(struct sockaddr_in6));
	assert_true(linux_addr_from_kernel(&ss, &back));
	assert_true(cn_addr_equal(&ep.addr, &back.addr));
	assert_int_equal(back.port, 4242);
	ep.addr = cn_addr_v4(9, 8, 7, 6);
	assert_int_equal(linux_addr_kernel(&ep, &ss),
			 sizeof(struct sockaddr_in));
	assert_true(linux_addr_from_kernel(&ss, &back));
	assert_true(cn_addr_equal(&ep.addr, &back.addr));
	/* In an IPv6 socket's words it is a mapped one. */
	assert_int_equal(linux_addr_out(AF_INET6, &ep, &ss),
			 sizeof(struct sockaddr_in6));
	assert_true(linux_addr_from_kernel(&ss, &back));
	assert_true(cn_addr_equal(&ep.addr, &back.addr));
	ss.ss_family = AF_UNIX;
	assert_false(linux_addr_from_kernel(&ss, &back));
}

static void aliases(void **state)
{
	struct machine_addr own[2] = {{.prefix_len = 24}, {.prefix_len = 24}};
	struct machine machine = {.addr = own, .addr_n = 1};
	struct cn_addr local = cn_addr_v4(127, 0, 0, 1);
	struct cn_addr other = cn_addr_v4(127, 0, 0, 53), name, want;
	struct alias_table table;

	(void)state;
	own[0].addr = cn_addr_v4(10, 0, 0, 1);
	alias_init(&table, &machine);
	assert_true(alias_of(&table, &local, &name));
	want = cn_addr_v4(192, 0, 2, 1);
	assert_true(cn_addr_equal(&name, &want));
	assert_true(alias_of(&table, &other, &name));
	want = alias_real(&table, &name);
	assert_true(cn_addr_equal(&want, &other));
	want = alias_real(&table, &own[0].addr);
	assert_true(cn_addr_equal(&want, &own[0].addr));
	for (unsigned i = 0; i < 300; i++) {
		other = cn_addr_v4(127, 1, (uint8_t)(i >> 8), (uint8_t)i);
		assert_int_equal(alias_of(&table, &other, &name), i < 249);
	}
	alias_deinit(&table);
	/* Peers, whoever they say that they are, leave half of the names. */
	alias_init(&table, &machine);
	for (unsigned i = 0; i < 300; i++) {
		other = cn_addr_v4(127, 2, (uint8_t)(i >> 8), (uint8_t)i);
		assert_int_equal(alias_of_peer(&table, &other, &name), i < 125);
	}
	other = cn_addr_v4(127, 2, 0, 1);
	assert_true(alias_of_peer(&table, &other, &name));
	other = cn_addr_v4(127, 0, 0, 53);
	assert_true(alias_of(&table, &other, &name));
	alias_deinit(&table);
	/* A machine that lives in that range gets another. */
	own[1].addr = cn_addr_v4(192, 0, 2, 77);
	machine.addr_n = 2;
	alias_init(&table, &machine);
	name = alias_program(&table, true);
	want = cn_addr_v4(198, 51, 100, 2);
	assert_true(cn_addr_equal(&name, &want));
	alias_deinit(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors),
		cmocka_unit_test(bind_ipv4),
		cmocka_unit_test(bind_ipv6),
		cmocka_unit_test(connect_rules),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
