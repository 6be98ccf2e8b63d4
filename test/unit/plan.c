/* SPDX-License-Identifier: MIT */
/* Descriptions of networks: what they come to, and what is said of mistakes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/network/plan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct plan *plan_of(const char *text)
{
	struct plan *plan = plan_new();

	assert_non_null(plan);
	plan_text(plan, "lab", text);
	if (!plan_finish(plan))
		fail_msg("%s", plan_mistake(plan, 0));
	return plan;
}

/* The addresses of a node: "eth0 10.0.1.1/24 fd00:0:0:1::1/64 eth1 ..." */
static void addresses(const struct plan *plan, const char *name, char *out,
		      size_t size)
{
	int number = plan_find_node(plan, name);
	const struct plan_node *node;
	size_t len = 0;

	assert_true(number >= 0);
	node = plan_node(plan, (unsigned)number);
	out[0] = '\0';
	for (unsigned e = 0; e < node->end_n; e++) {
		char text[CN_ADDR_TEXT];

		plan_interface(node->end[e], text);
		len += (size_t)snprintf(out + len, size - len, "%s%s",
					len ? " " : "", text);
		for (unsigned i = 0; i < node->end[e]->addrs.n; i++) {
			const struct plan_addr *addr =
				&node->end[e]->addrs.at[i];

			cn_addr_format(&addr->addr, text);
			len += (size_t)snprintf(out + len, size - len, " %s/%u",
						text, addr->prefix_len);
		}
	}
}

static void addresses_are_given(void **state)
{
	static const struct {
		const char *text, *name, *want;
	} cases[] = {
		{"host alice\nhost bob\nlink alice bob", "alice",
		 "eth0 10.0.1.1/24 fd00:0:0:1::1/64"},
		{"host alice\nhost bob\nlink alice bob", "bob",
		 "eth0 10.0.1.2/24 fd00:0:0:1::2/64"},
		{"link alice r1\nlink r1 bob\nhost alice 192.168.0.1\n"
		 "host bob\nrouter r1",
		 "r1",
		 "eth0 10.0.1.2/24 fd00:0:0:1::2/64 "
		 "eth1 10.0.2.1/24 fd00:0:0:2::1/64"},
		{"host alice 192.168.0.1\nhost bob\nlink alice bob", "alice",
		 "eth0 192.168.0.1/32 fd00:0:0:1::1/64"},
		{"host a 192.168.0.1 fd11::1\nhost b\nsegment lan a b", "a",
		 "eth0 192.168.0.1/24 fd11::1/64"},
		{"host a\nhost b\nlink a 172.16.0.1/30 b 172.16.0.2/30 mtu 576",
		 "b", "eth0 172.16.0.2/30"},
		{"host a 10.0.1.7\nhost b\nlink a b", "b",
		 "eth0 10.0.2.2/24 fd00:0:0:2::2/64"},
		{"host a\nhost b\nhost c\nsegment lan a b c", "c",
		 "eth0 10.0.1.3/24 fd00:0:0:1::3/64"},
		{"host alone 192.168.0.223", "alone",
		 "eth0 192.168.0.223/24 fd00:0:0:1::1/64"},
		{"host a\nhost b 10.3.0.1", "a",
		 "eth0 10.0.1.1/24 fd00:0:0:1::1/64"},
		{"host a 192.168.0.1\nhost b\nhost c", "c",
		 "eth0 10.0.1.3/24 fd00:0:0:1::3/64"},
		/* A host that was given one keeps to it on every interface. */
		{"host a 10.9.0.1\nrouter b\nrouter c\nlink a b\nlink a c", "a",
		 "eth0 10.9.0.1/32 fd00:0:0:1::1/64 eth1 fd00:0:0:2::1/64"},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct plan *plan = plan_of(cases[i].text);

		addresses(plan, cases[i].name, text, sizeof(text));
		assert_string_equal(text, cases[i].want);
		plan_free(plan);
	}
}

static void links_have_properties(void **state)
{
	struct plan *plan = plan_of(
		"host a\nhost b\nhost c # the third\n"
		"link a b delay 10ms loss 1% from b rate 1mbit mtu 1400 "
		"name wire drop 'up syn #1' \\\n  both queue 10 from a ecn\n"
		"link b, c down net dsl\n"
		"link b c\n");
	const struct plan_link *link = plan_link(plan, 0);

	(void)state;
	assert_int_equal(plan_link_n(plan), 3);
	assert_string_equal(link->name, "wire");
	assert_string_equal(link->drop, "up syn #1");
	assert_int_equal(link->mtu, 1400);
	assert_int_equal(link->end[0].impair.delay_ns, 10000000);
	assert_int_equal(link->end[1].impair.delay_ns, 10000000);
	assert_true(link->end[0].impair.loss > 0.0099);
	assert_int_equal(link->end[0].impair.rate, 0);
	assert_int_equal(link->end[1].impair.rate, 1000000);
	assert_int_equal(link->end[0].impair.queue, 10);
	assert_true(link->end[0].impair.ecn);
	assert_false(link->end[1].impair.ecn);
	link = plan_link(plan, 1);
	assert_true(link->down);
	assert_string_equal(link->name, "b-c");
	assert_int_equal(link->end[0].impair.rate, 820000);
	assert_int_equal(link->end[1].impair.rate, 5660000);
	assert_string_equal(plan_link(plan, 2)->name, "b-c.2");
	plan_free(plan);
}

/* One sentence for each, with its place and its cure. */
static void mistakes_are_told(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"hots alice",
		 "lab: hots: a statement begins with host, router, tun, link, "
		 "segment or route; did you mean host?"},
		{"host", "lab: a name is missing; write for example 'host "
			 "alice'"},
		{"\n\nhost a!\n", "lab:3: a!: a name is made of letters, "
				  "digits, '-', '_' and '.'"},
		{"host 10.0.0.1\n",
		 "lab:1: 10.0.0.1: a name comes first, then the address"},
		{"host link\n", "lab:1: link: that is a word of the language; "
				"choose another name"},
		{"host a\nrouter a\n", "lab:2: a is described already (lab:1); "
				       "choose another name"},
		{"host a 10.0.0.300\n",
		 "lab:1: 10.0.0.300: not an address; write for example "
		 "192.168.0.1, 192.168.0.1/24 or fd00::1/64"},
		{"host a 10.0.0.3/33\n", "lab:1: 10.0.0.3/33: after '/' comes "
					 "a length of 0 to 32"},
		{"host a 10.0.0.3\nhost b 10.0.0.3\n",
		 "lab:2: 10.0.0.3 is the address of a already (lab:1); each "
		 "address is one node's"},
		{"host a 127.0.0.1\n",
		 "lab:1: 127.0.0.1 is no address of an interface; write one "
		 "of 192.168.0.0/16, 172.16.0.0/12, 10.0.0.0/8 or fd00::/8, "
		 "or any other"},
		{"host a delay\n", "lab:1: delay: after the name come "
				   "addresses, for example 192.168.0.1"},
		{"host alice\nhost bob\nlink alice bbo\n",
		 "lab:3: no host or router is called bbo; did you mean bob?"},
		{"host alice\nlink alice zzz\n",
		 "lab:2: no host or router is called zzz; write 'host NAME' "
		 "first"},
		{"host a\nlink a\n", "lab:2: a link joins two; write for "
				     "example 'link alice bob delay 10ms'"},
		{"host a\nhost b\nhost c\nlink a b c\n",
		 "lab:4: a link joins two; for more write 'segment NAME alice "
		 "bob carol', or see the spelling of what follows"},
		{"host a\nlink a a\n",
		 "lab:2: a is joined to itself; name another node"},
		{"host a\nhost b\nlink a b delay 10\n",
		 "lab:3: delay 10: a time needs a unit: 50ms, 1s, 200us"},
		{"host a\nhost b\nlink a b delay\n",
		 "lab:3: delay: its value is missing; write for example "
		 "'delay 10ms loss 1%'"},
		{"host a\nhost b\nlink a b drop 'up foo'\n", NULL},
		{"host a\nhost b\nlink a b from c loss 1%\n",
		 "lab:3: from c: the link does not join c; after 'from' comes "
		 "one of those that it joins"},
		{"host a\nhost b\nlink a b mtu 12\n",
		 "lab:3: 12: not an MTU; write 576 to 65535, for example "
		 "1400"},
		{"host a\nhost b\nlink a b net isdn\n",
		 "lab:3: isdn: no such path; catenet run --net list names "
		 "them"},
		{"host a\nhost b\nlink a b name x\nlink a b name x\n",
		 "lab:4: a link is called x already (lab:3); choose another "
		 "name"},
		{"host a\nhost b\nlink a b drop 'up\n",
		 "lab:3: a quote is opened and not closed"},
		{"host a\nroute a default via b\n",
		 "lab:2: b: no host or router is called that"},
		{"host a\nhost b\nhost c\nlink a b\nlink b c\n"
		 "route a default via c\n",
		 "lab:6: c is no neighbour of a: no link joins them; a route "
		 "names the next router on the way"},
		{"host a\nroute a default\n",
		 "lab:2: route: write for example 'route r1 default via r2' "
		 "or 'route r1 10.0.3.0/24 via r2'"},
		{"host a\nrouter b\nlink a b\nroute a b via 10.3.3.3\n",
		 "lab:4: 10.3.3.3: nobody has that address"},
		{"host a\nhost b\nlink a b\nroute a default via b\n",
		 "lab:4: b is a host and passes nothing on; describe it as "
		 "'router b'"},
		{"host a\nhost b\nlink 10.0.0.1 a b\n",
		 "lab:3: 10.0.0.1: an address follows the node that has it: "
		 "'link alice 10.1.0.1 bob 10.1.0.2'"},
		{"host a\nhost b\nlink a 10.2.0.1 b 10.2.0.1\n",
		 "lab:3: 10.2.0.1: each address is one node's"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct plan *plan = plan_new();

		plan_text(plan, "lab", cases[i].text);
		assert_false(plan_finish(plan));
		assert_int_equal(plan_mistake_n(plan), 1);
		if (cases[i].want)
			assert_string_equal(plan_mistake(plan, 0),
					    cases[i].want);
		plan_free(plan);
	}
}

static void mistakes_come_in_order(void **state)
{
	struct plan *plan = plan_new();

	(void)state;
	plan_text(plan, "lab",
		  "link a b\nhost a 1.2.3.4.5\nfoo\nhost b\nroute a b via x");
	assert_false(plan_finish(plan));
	assert_int_equal(plan_mistake_n(plan), 3);
	assert_memory_equal(plan_mistake(plan, 0), "lab:2:", 6);
	assert_memory_equal(plan_mistake(plan, 1), "lab:3:", 6);
	assert_memory_equal(plan_mistake(plan, 2), "lab:5:", 6);
	plan_free(plan);
}

/* ----------------------------------------------------------- the routes -- */

static int put_hop(void *ctx, const struct plan_hop *hop)
{
	char **text = ctx, prefix[CN_ADDR_TEXT], router[CN_ADDR_TEXT];
	char name[16];

	/* IPv6 goes the same ways. */
	if (!cn_addr_is_v4(&hop->prefix))
		return 0;
	cn_addr_format(&hop->prefix, prefix);
	cn_addr_format(&hop->router, router);
	plan_interface(hop->end, name);
	*text += sprintf(*text, "%s/%u %s", prefix, hop->prefix_len, name);
	if (!cn_addr_is_any(&hop->router))
		*text += sprintf(*text, " %s", router);
	*text += sprintf(*text, "; ");
	return 0;
}

static void ways_are_shortest(void **state)
{
	static const char chain[] = "host a 192.168.0.1\nhost b\nrouter r1\n"
				    "router r2\nlink a r1\nlink r1 r2\n"
				    "link r2 b\n";
	static const char lan[] = "host a\nhost b\nrouter r\nhost c\n"
				  "segment lan a b r\nlink r c\n";
	static const struct {
		const char *text, *more, *name, *want;
	} cases[] = {
		{chain, "", "a", "0.0.0.0/0 eth0; 10.0.1.0/24 eth0; "},
		{chain, "", "r1", "192.168.0.1/32 eth0; 10.0.3.0/24 eth1; "},
		{chain, "", "r2", "192.168.0.1/32 eth0; 10.0.1.0/24 eth0; "},
		{chain, "route r2 b via b\nroute r2 default via r1", "r2",
		 "192.168.0.1/32 eth0; 10.0.1.0/24 eth0; 10.0.3.2/32 eth1; "
		 "0.0.0.0/0 eth0; "},
		{lan, "", "a", "0.0.0.0/0 eth0 10.0.1.3; "},
		{lan, "", "c", "0.0.0.0/0 eth0; "},
		{lan, "", "r", ""},
		/* The ring's short side, whatever the order. */
		{"router x\nrouter y\nrouter z\nlink x y\nlink y z\nlink z x",
		 "", "x", "10.0.2.0/24 eth0; "},
		{"router x static\nhost y 10.7.0.1\nhost z\nlink x y\n"
		 "link y z",
		 "", "x", "10.7.0.1/32 eth0; "},
	};
	char text[2048], out[2048], *at;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct plan *plan;

		snprintf(text, sizeof(text), "%s%s", cases[i].text,
			 cases[i].more);
		plan = plan_of(text);
		at = out;
		*at = '\0';
		assert_int_equal(
			plan_routes(plan, plan_find_node(plan, cases[i].name),
				    put_hop, &at),
			0);
		assert_string_equal(out, cases[i].want);
		plan_free(plan);
	}
}

/* A description may come from anywhere. */
static void mistakes_are_harmless_for_a_terminal(void **state)
{
	struct plan *plan = plan_new();

	(void)state;
	plan_text(plan, "lab", "host \x1b[31mbob\nhost a\xc2\x9b\n");
	assert_false(plan_finish(plan));
	assert_string_equal(plan_mistake(plan, 0),
			    "lab:1: \\x1b[31mbob: a name is made of letters, "
			    "digits, '-', '_' and '.'");
	assert_non_null(strstr(plan_mistake(plan, 1), "a\\x9b: "));
	plan_free(plan);
}

/* However long a word is: its reason is told. */
static void reasons_are_not_cut_off(void **state)
{
	static const char *const lines[] = {
		"host %s", "host a\nhost b\nlink a b loss 1%% %s",
		"host a\nhost b\nlink a b delay %s", "host a\nlink a %s",
		"host a\nhost b\nlink a b from %s loss 1%%"};
	static const char *const reasons[] = {"has at most 63", "no property",
					      "not a time", "write 'host",
					      "one of those that it joins"};
	char word[3000], text[4000];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct plan *plan = plan_new();

		snprintf(text, sizeof(text), lines[i], word);
		plan_text(plan, "lab", text);
		assert_false(plan_finish(plan));
		assert_true(strlen(plan_mistake(plan, 0)) < 500);
		assert_non_null(strstr(plan_mistake(plan, 0), reasons[i]));
		plan_free(plan);
	}
}

/* The plan of a file of these octets; *rc: what reading it returned. */
static struct plan *plan_of_file(const void *octets, size_t len, int *rc)
{
	char name[] = "/tmp/catenet-plan-XXXXXX";
	struct plan *plan = plan_new();
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), len);
	close(fd);
	*rc = plan_file(plan, name);
	unlink(name);
	return plan;
}

static void files_are_text(void **state)
{
	static const char hidden[] = "host a\n\0host b\n",
			  marked[] = "\xef\xbb\xbfhost a\r\nhost b\r\n";
	struct plan *plan;
	int rc;

	(void)state;
	plan = plan_of_file(hidden, sizeof(hidden) - 1, &rc);
	assert_int_equal(rc, -EILSEQ);
	plan_free(plan);
	plan = plan_of_file(marked, sizeof(marked) - 1, &rc);
	assert_int_equal(rc, 0);
	assert_true(plan_finish(plan));
	assert_int_equal(plan_node_n(plan), 2);
	plan_free(plan);
}

/* --------------------------------------------------------------- changes -- */

static void links_are_changed_whole_or_not(void **state)
{
	struct plan *plan = plan_of("host a\nhost b\nlink a b delay 5ms");
	const struct plan_link *link = plan_link(plan, 0);
	char why[PLAN_WHY];

	(void)state;
	assert_null(plan_set(plan, 0, "delay 50ms from b loss 2% down", why));
	assert_int_equal(link->end[0].impair.delay_ns, 50000000);
	assert_true(link->end[1].impair.loss > 0.019);
	assert_true(link->end[0].impair.loss == 0);
	assert_true(link->down);
	assert_non_null(plan_set(plan, 0, "delay 7ms loss x", why));
	assert_string_equal(why, "loss x: not a share; write for example 1%");
	assert_int_equal(link->end[0].impair.delay_ns, 50000000);
	/* What the path would refuse is refused here, and is not kept. */
	assert_non_null(plan_set(plan, 0, "rate 5tbit", why));
	assert_int_equal(link->end[0].impair.rate, 0);
	assert_non_null(plan_set(plan, 0, "mtu 1400", why));
	assert_non_null(plan_set(plan, 0, "", why));
	assert_null(plan_set(plan, 0, "up", why));
	assert_false(link->down);
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_given),
		cmocka_unit_test(links_have_properties),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(mistakes_come_in_order),
		cmocka_unit_test(ways_are_shortest),
		cmocka_unit_test(links_are_changed_whole_or_not),
		cmocka_unit_test(mistakes_are_harmless_for_a_terminal),
		cmocka_unit_test(files_are_text),
		cmocka_unit_test(reasons_are_not_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
