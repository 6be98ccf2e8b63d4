/* SPDX-License-Identifier: MIT */
/*
 * The network of a world under a virtual clock: hosts that are described talk
 * to each other, and what is changed while they run is felt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"
#include "link/capture_file.h"

#define MS CN_NS_PER_MS
#define SEC CN_NS_PER_SEC

static const char chain[] = "host alice 192.168.0.1\nhost bob 192.168.0.223\n"
			    "router r1\nrouter r2\n"
			    "link alice r1 delay 10ms\nlink r1 r2\n"
			    "link r2 bob delay 5ms rate 100mbit\n";
static const char lan[] = "host alice\nhost bob\nhost carol\nrouter r\n"
			  "segment lan alice bob r delay 1ms\nlink r carol\n";

static void hosts_talk(void **state)
{
	static const struct {
		const char *text, *from, *to;
	} cases[] = {
		{chain, "alice", "bob"}, {chain, "bob", "alice"},
		{chain, "alice", "r2"},	 {lan, "alice", "bob"},
		{lan, "alice", "carol"}, {lan, "carol", "bob"},
		{lan, "bob", "bob"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int family = 4; family <= 6; family += 2) {
			struct lab lab = {0};
			struct call call;

			lab_init(&lab, cases[i].text);
			call_begin(&lab, &call, cases[i].from, cases[i].to,
				   family, 1000000);
			call_run(&lab, &call, 60 * SEC);
			if (call.received != 1000000)
				fail_msg("%s to %s, IPv%d: %u octets",
					 cases[i].from, cases[i].to, family,
					 call.received);
			call_end(&lab, &call);
			lab_deinit(&lab);
		}
}

/* What the handshake takes is the path there and back. */
static void delays_are_the_links(void **state)
{
	struct lab lab = {0};
	struct call call;
	struct cn_tcp_info info;

	(void)state;
	lab_init(&lab, "host a\nrouter r\nhost b\n"
		       "link a r delay 10ms from r delay 30ms\n"
		       "link r b delay 5ms\n");
	call_begin(&lab, &call, "a", "b", 4, 1);
	call_run(&lab, &call, SEC);
	assert_int_equal(call.received, 1);
	assert_int_equal(cn_sock_info(call.client, &info), 0);
	assert_int_equal(info.handshake, 50 * MS);
	call_end(&lab, &call);
	lab_deinit(&lab);
}

/* A cut takes effect at once and ends at once; what is unknown is told. */
static void links_are_changed(void **state)
{
	struct lab lab = {0};
	struct call call;
	struct cn_path_stats stats;
	char why[PLAN_WHY];
	const struct plan_link *link;

	(void)state;
	lab_init(&lab, chain);
	call_begin(&lab, &call, "alice", "bob", 4, 100000000);
	call_run(&lab, &call, 200 * MS);
	assert_true(call.received > 0);
	assert_null(network_change(lab.network, "set r1-r2 down", why));
	lab_pass(&lab, 100 * MS);
	call_turn(&lab, &call);
	call.total = call.received;
	lab_pass(&lab, 3 * SEC);
	call_turn(&lab, &call);
	assert_int_equal(call.total, call.received);
	link = plan_link(network_plan(lab.network), 1);
	network_stats(lab.network, &link->end[0], &stats);
	assert_true(stats.lost > 0);
	assert_null(network_change(lab.network, "set r1-r2 up delay 1ms", why));
	call.total = call.received + 1000000;
	call_run(&lab, &call, 20 * SEC);
	assert_true(call.received >= call.total);
	assert_non_null(network_change(lab.network, "set r1-r9 up", why));
	assert_non_null(network_change(lab.network, "set r1-r2 dwon", why));
	assert_non_null(network_change(lab.network, "route r1 bob", why));
	assert_non_null(network_change(lab.network, "", why));
	call_end(&lab, &call);
	lab_deinit(&lab);
}

/* One seed is one run. */
static void runs_repeat(void **state)
{
	static const char lossy[] = "host a\nrouter r\nhost b\n"
				    "link a r delay 10ms jitter 3ms loss 2%\n"
				    "link r b loss 1% reorder 2%,3ms\n";
	uint64_t ended[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct lab lab = {0};
		struct call call;

		lab_init(&lab, lossy);
		call_begin(&lab, &call, "a", "b", 4, 500000);
		call_run(&lab, &call, 120 * SEC);
		assert_int_equal(call.received, 500000);
		ended[i] = lab.now;
		call_end(&lab, &call);
		lab_deinit(&lab);
	}
	assert_int_equal(ended[0], ended[1]);
}

static char *printed(const struct lab *lab,
		     void (*print)(const struct network *network, FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	print(lab->network, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void it_prints(void **state)
{
	static const char small[] = "host alice 192.168.0.1\nhost bob\n"
				    "router r\n"
				    "link alice r delay 10ms from r loss 1%\n"
				    "link r bob rate 1mbit\n"
				    "route r 10.0.2.2 via bob\n";
	struct lab lab = {0};
	char *text;

	(void)state;
	lab_init(&lab, small);
	text = printed(&lab, network_print);
	assert_string_equal(
		text,
		"NODE   KIND    IFACE  LINK     ADDRESSES\n"
		"alice  host    eth0   alice-r  192.168.0.1/32  "
		"fd00:0:0:1::1/64\n"
		"bob    host    eth0   r-bob    10.0.2.2/24  "
		"fd00:0:0:2::2/64\n"
		"r      router  eth0   alice-r  10.0.1.2/24  "
		"fd00:0:0:1::2/64\n"
		"               eth1   r-bob    10.0.2.1/24  "
		"fd00:0:0:2::1/64\n"
		"\n"
		"LINK     FROM   TO       PACKETS     LOST  IMPAIRMENT\n"
		"alice-r  alice  r              0        0  delay 10ms\n"
		"         r      alice          0        0  delay 10ms loss 1%\n"
		"r-bob    r      bob            0        0  rate 1mbit\n"
		"         bob    r              0        0  rate 1mbit\n"
		"\n"
		"NODE   ROUTE               OUT\n"
		"r      10.0.2.2/32         eth1 to bob\n");
	free(text);
	text = printed(&lab, network_names);
	assert_string_equal(text, "192.168.0.1\talice\nfd00:0:0:1::1\talice\n"
				  "10.0.2.2\tbob\nfd00:0:0:2::2\tbob\n"
				  "10.0.1.2\tr\nfd00:0:0:1::2\tr\n"
				  "10.0.2.1\tr\nfd00:0:0:2::1\tr\n");
	free(text);
	text = printed(&lab, network_json);
	assert_non_null(
		strstr(text, "{\"node\": \"r\", \"kind\": \"router\"}\n"));
	assert_non_null(strstr(text, "\"impairment\": \"delay 10ms loss 1%\""));
	assert_non_null(strstr(text, "{\"route\": \"10.0.2.2/32\","));
	free(text);
	lab_deinit(&lab);
}

/* How often these octets stand in the file. */
static unsigned count_in(FILE *file, const void *what, size_t len)
{
	static uint8_t all[1 << 20];
	unsigned n = 0;
	size_t size;

	rewind(file);
	size = fread(all, 1, sizeof(all), file);
	for (size_t i = 0; i + len <= size; i++)
		n += !memcmp(all + i, what, len);
	return n;
}

/* Each packet of the host once, its interfaces by their names, and in a
 * segment the frames as they are. */
static void captures_are_made(void **state)
{
	static const uint8_t syn_and_acks[] = {192, 168, 0, 1, 10, 0, 2, 2};
	static const uint8_t arp[] = {8, 6, 0, 1, 8, 0, 6, 4};
	struct capture_file to = {.fd = -1};
	struct network_tap_config config = {
		.node = "alice", .write = capture_file_write, .ctx = &to};
	struct network_tap *tap;
	struct lab lab = {0};
	struct call call;
	char why[PLAN_WHY];
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	lab_init(&lab, "host alice 192.168.0.1\nrouter r\nhost bob\n"
		       "link alice r\nsegment lan r bob\n");
	to.fd = fileno(file);
	assert_null(network_tap_open(lab.network, &config, &tap, why));
	call_begin(&lab, &call, "alice", "bob", 4, 1);
	call_run(&lab, &call, SEC);
	assert_int_equal(call.received, 1);
	assert_int_equal(network_tap_close(tap), 0);
	/* SYN, ACK, data */
	assert_int_equal(count_in(file, syn_and_acks, 8), 3);
	assert_int_equal(count_in(file, arp, 8), 0);
	assert_int_equal(count_in(file, "eth0", 4), 1);
	assert_int_equal(count_in(file, "alice on alice-r", 16), 1);
	(void)fclose(file);
	call_end(&lab, &call);
	lab_deinit(&lab);

	file = tmpfile();
	assert_non_null(file);
	lab_init(&lab, "host alice 192.168.0.1\nrouter r\nhost bob\n"
		       "link alice r\nsegment lan r bob\n");
	config.node = NULL;
	config.link = "lan";
	to.fd = fileno(file);
	assert_null(network_tap_open(lab.network, &config, &tap, why));
	call_begin(&lab, &call, "alice", "bob", 4, 1);
	call_run(&lab, &call, SEC);
	assert_int_equal(network_tap_close(tap), 0);
	assert_int_equal(count_in(file, arp, 8), 2);
	assert_int_equal(count_in(file, "bob:eth0", 8), 1);
	(void)fclose(file);
	config.node = "carol";
	assert_non_null(network_tap_open(lab.network, &config, &tap, why));
	assert_string_equal(why, "no host or router is called carol");
	call_end(&lab, &call);
	lab_deinit(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_talk),
		cmocka_unit_test(delays_are_the_links),
		cmocka_unit_test(links_are_changed),
		cmocka_unit_test(runs_repeat),
		cmocka_unit_test(it_prints),
		cmocka_unit_test(captures_are_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
