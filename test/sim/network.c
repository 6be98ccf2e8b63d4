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

#include "base/random.h"
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

/* ------------------------------------------------- any network at all -- */

#define RANDOM_NODES 14

struct draw {
	struct random random;
	char text[8192];
	size_t len;
	unsigned node_n;
	bool is_router[RANDOM_NODES];
	unsigned end_n[RANDOM_NODES];
};

static void say(struct draw *draw, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct draw *draw, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	draw->len += (size_t)vsnprintf(draw->text + draw->len,
				       sizeof(draw->text) - draw->len, format,
				       args);
	va_end(args);
	assert_true(draw->len < sizeof(draw->text));
}

/* Some have addresses of their own, of which some are of one network. */
static void draw_address(struct draw *draw, unsigned node)
{
	switch (random_below(&draw->random, 6)) {
	case 0:
		say(draw, " 192.168.0.%u", node + 1);
		break;
	case 1:
		say(draw, " 172.16.%u.1/24 fd11:%u::1", node, node);
		break;
	case 2:
		say(draw, " fd12::%x", node + 1);
		break;
	default:
		break;
	}
}

/* One that is joined already, through which others can be reached. */
static unsigned draw_joined(struct draw *draw, unsigned before)
{
	unsigned node;

	do
		node = random_below(&draw->random, before);
	while (!draw->is_router[node] || draw->end_n[node] > 10);
	return node;
}

/* Every node is joined to a router before it: all can reach all. */
static void draw_network(struct draw *draw, uint64_t seed)
{
	uint8_t key[16] = {(uint8_t)seed, (uint8_t)(seed >> 8)};

	memset(draw, 0, sizeof(*draw));
	random_init(&draw->random, key, 1);
	draw->node_n = 4 + random_below(&draw->random, RANDOM_NODES - 4);
	for (unsigned i = 0; i < draw->node_n; i++) {
		draw->is_router[i] = !i || random_below(&draw->random, 2);
		say(draw, "%s n%u", draw->is_router[i] ? "router" : "host", i);
		draw_address(draw, i);
		say(draw, "\n");
	}
	for (unsigned i = 1; i < draw->node_n; i++) {
		unsigned to = draw_joined(draw, i);

		draw->end_n[i]++;
		draw->end_n[to]++;
		if (random_below(&draw->random, 3))
			say(draw, "link n%u n%u delay 1ms\n", i, to);
		else
			say(draw, "segment s%u n%u n%u\n", i, to, i);
	}
	/* And some more, so that there are rings. */
	for (unsigned i = 0; i < draw->node_n / 3; i++) {
		unsigned a = draw_joined(draw, draw->node_n);
		unsigned b = draw_joined(draw, draw->node_n);

		if (a == b)
			continue;
		draw->end_n[a]++;
		draw->end_n[b]++;
		say(draw, "link n%u n%u\n", a, b);
	}
}

static struct cn_dgram *speak(struct lab *lab, unsigned node, int family)
{
	struct cn_endpoint any = {.port = 5000};
	struct cn_dgram *dgram;
	char name[16];

	snprintf(name, sizeof(name), "n%u", node);
	if (family == 4)
		any.addr = cn_addr_v4(0, 0, 0, 0);
	assert_int_equal(cn_dgram_new(lab_host(lab, name), family, CN_DGRAM_UDP,
				      &dgram),
			 0);
	assert_int_equal(cn_dgram_bind(dgram, &any), 0);
	return dgram;
}

/* To each address of that family that a node has. */
static unsigned call_all(struct lab *lab, struct cn_dgram *from,
			 const struct plan_node *to, int family)
{
	unsigned n = 0;

	for (unsigned e = 0; e < to->end_n; e++)
		for (unsigned a = 0; a < to->end[e]->addrs.n; a++) {
			struct cn_endpoint far = {
				.addr = to->end[e]->addrs.at[a].addr,
				.port = 5000,
			};

			if (cn_addr_is_v4(&far.addr) != (family == 4))
				continue;
			assert_int_equal(
				cn_dgram_send(from, "x", 1, &far, lab->now), 1);
			/* A neighbour that is not known yet keeps few waiting. */
			lab_pass(lab, 20 * MS);
			n++;
		}
	return n;
}

static void everybody_reaches_everybody(struct lab *lab, int family,
					uint64_t seed, unsigned node_n)
{
	struct cn_dgram *dgram[RANDOM_NODES];
	const struct plan *plan = network_plan(lab->network);
	char got[4];

	for (unsigned i = 0; i < node_n; i++)
		dgram[i] = speak(lab, i, family);
	for (unsigned i = 0; i < node_n; i++)
		for (unsigned j = 0; j < node_n; j++) {
			unsigned n, came = 0;

			if (!plan_addr_of(plan, (int)i, family))
				continue;
			n = call_all(lab, dgram[i], plan_node(plan, j), family);
			while (cn_dgram_recv(dgram[j], got, sizeof(got), 0,
					     NULL) > 0)
				came++;
			if (came != n)
				fail_msg("seed %llu, IPv%d: n%u reached %u of "
					 "%u addresses of n%u",
					 seed + 0ull, family, i, came, n, j);
		}
	for (unsigned i = 0; i < node_n; i++)
		cn_dgram_close(dgram[i]);
}

static void any_network_is_connected(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct lab lab = {0};
		struct draw draw;

		draw_network(&draw, seed);
		lab_init(&lab, draw.text);
		everybody_reaches_everybody(&lab, 4, seed, draw.node_n);
		everybody_reaches_everybody(&lab, 6, seed, draw.node_n);
		lab_deinit(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_talk),
		cmocka_unit_test(delays_are_the_links),
		cmocka_unit_test(links_are_changed),
		cmocka_unit_test(runs_repeat),
		cmocka_unit_test(any_network_is_connected),
		cmocka_unit_test(it_prints),
		cmocka_unit_test(captures_are_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
