/* SPDX-License-Identifier: MIT */
/* docs/drop.md: which packets a rule drops, and what is said of a bad one. */
#include "packets.h"

#include <stdio.h>

#include "link/drop_rule.h"

static struct cn_path *open_path(struct cn_pool *pool, const char *rules,
				 char direction)
{
	struct cn_path_config config = {
		.pool = pool, .drop = rules, .direction = direction};
	struct cn_path *path;

	assert_int_equal(cn_path_new(&config, NULL, &path, NULL), CN_OK);
	return path;
}

/* One letter per packet sent: what arrives of "sSadfrp..." is a dot when it
 * was dropped. s SYN, S SYN-ACK, a pure ACK, d data, f FIN with data, F FIN
 * alone, r RST, R RST-ACK, 2 and 3 change the connection, 1 changes back. */
static void send_letters(const char *rules, char direction, const char *letters,
			 char *arrived)
{
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, rules, direction);
	struct packet p = {.seq = 1000, .src_port = 1001};

	for (; *letters; letters++) {
		struct packet one = p;
		struct cn_frame frame;

		if (*letters >= '1' && *letters <= '9') {
			p.src_port = (uint16_t)(1000 + *letters - '0');
			continue;
		}
		switch (*letters) {
		case 's':
			one.flags = TCP_SYN;
			break;
		case 'S':
			one.flags = TCP_SYN | TCP_ACK;
			break;
		case 'd':
			one.data_len = 100;
			one.flags = TCP_ACK | TCP_PSH;
			break;
		case 'f':
			one.data_len = 50;
			one.flags = TCP_FIN | TCP_ACK;
			break;
		case 'F':
			one.flags = TCP_FIN | TCP_ACK;
			break;
		case 'r':
			one.flags = TCP_RST;
			break;
		case 'R':
			one.flags = TCP_RST | TCP_ACK;
			break;
		}
		frame = make_packet(pool, &one);
		assert_int_equal(cn_path_send(path, &frame, 0), CN_OK);
		*arrived = '.';
		if (cn_path_recv(path, &frame, 0)) {
			*arrived = *letters;
			cn_frame_release(&frame);
		}
		arrived++;
	}
	*arrived = '\0';
	cn_path_free(path);
	pool_is_empty(pool);
}

static void rules_drop_what_they_describe(void **state)
{
	static const struct {
		const char *rules;
		char direction;
		const char *sent, *want;
	} row[] = {
		{"", 'u', "sadfr", "sadfr"},
		{" ; ;", 'u', "sadfr", "sadfr"},
		{"any", 'u', "sadfr", "....."},
		{"up", 'u', "sadfr", "....."},
		{"down", 'u', "sadfr", "sadfr"},
		{"down", 'd', "sadfr", "....."},
		{"down", 0, "sadfr", "....."},
		{"syn", 'u', "sSadfFrR", ".SadfFrR"},
		{"synack", 'u', "sSadfFrR", "s.adfFrR"},
		{"ack", 'u', "sSadfFrR", "sS.dfFrR"},
		{"data", 'u', "sSadfFrR", "sSa..FrR"},
		{"fin", 'u', "sSadfFrR", "sSad..rR"},
		{"rst", 'u', "sSadfFrR", "sSadfF.."},
		{"psh", 'u', "sSadfFrR", "sSa.fFrR"},
		{"urg", 'u', "sSadfFrR", "sSadfFrR"},
		{"tcp", 'u', "sSadfFrR", "........"},
		{"udp|icmp", 'u', "sSadfFrR", "sSadfFrR"},
		{"fin+data", 'u', "sSadfFrR", "sSad.FrR"},
		{"syn|rst", 'u', "sSadfFrR", ".SadfF.."},
		{"syn|fin+data|ack", 'u', "sSadfFrR", ".S.d.FrR"},
		{"syn #1", 'u', "ssss", ".sss"},
		{"syn #2-3", 'u', "ssss", "s..s"},
		{"syn #3+", 'u', "ssss", "ss.."},
		{"#2 syn up", 'u', "ssss", "s.ss"},
		{"data #1; data #3", 'u', "dddd", ".d.d"},
		/* Each rule counts all that it fits, dropped or not. */
		{"data #1-2; data #2-3", 'u', "dddd", "...d"},
		{"len 100", 'u', "adf", "a.f"},
		{"len 0", 'u', "adf", ".df"},
		{"len 50-99", 'u', "adf", "ad."},
		{"len 50+", 'u', "adf", "a.."},
		{"port 80", 'u', "adf", "..."},
		{"port 1001", 'u', "ad2ad", "..ad"},
		{"sport 1002", 'u', "ad2ad", "ad.."},
		{"dport 80", 'u', "ad", ".."},
		{"dport 1001", 'u', "ad", "ad"},
		{"port 1-1023", 'u', "ad", ".."},
		/* Occurrences count for each connection on its own. */
		{"syn #1", 'u', "ss2ss1s", ".s.ss"},
		{"syn #1 total", 'u', "ss2ss1s", ".ssss"},
		{"syn conn 2", 'u', "ss2ss3ss1s", "ss..sss"},
		{"up syn #1; down fin #1-2", 'u', "ssFF", ".sFF"},
		{"up syn #1; down fin #1-2", 'd', "ssFF", "ss.."},
		{"\tup\n syn  #1 ;", 'u', "ss", ".s"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		char arrived[32];

		send_letters(row[i].rules, row[i].direction, row[i].sent,
			     arrived);
		if (strcmp(arrived, row[i].want))
			fprintf(stderr, "# rule '%s'\n", row[i].rules);
		assert_string_equal(arrived, row[i].want);
	}
}

static bool passes(struct cn_path *path, struct cn_pool *pool,
		   const struct packet *packet)
{
	struct cn_frame frame = make_packet(pool, packet);

	assert_int_equal(cn_path_send(path, &frame, 0), CN_OK);
	if (!cn_path_recv(path, &frame, 0))
		return false;
	cn_frame_release(&frame);
	return true;
}

/* Counted from the SYN, over the wrap of sequence numbers, and by overlap. */
static void octet_names_a_place_in_the_stream(void **state)
{
	const uint32_t iss = 0xffffff00;
	const struct packet syn = {.flags = TCP_SYN, .seq = iss};
	static const struct {
		uint32_t first, len;
		bool want;
	} row[] = {
		{1, 999, true},	   {1, 1000, false},  {1000, 1, false},
		{900, 500, false}, {1001, 100, true}, {1000, 0, true},
	};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, "octet 1000", 'u');
	size_t i;

	(void)state;
	assert_true(passes(path, pool, &syn));
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		const struct packet p = {.seq = iss + row[i].first,
					 .data_len = row[i].len};

		assert_int_equal(passes(path, pool, &p), row[i].want);
	}
	cn_path_free(path);
	pool_is_empty(pool);
}

static void retransmission_is_the_next_occurrence(void **state)
{
	const struct packet first = {.seq = 1, .data_len = 10};
	const struct packet second = {.seq = 11, .data_len = 10};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, "octet 11 #1-2", 'u');

	(void)state;
	assert_true(passes(path, pool, &first));
	assert_false(passes(path, pool, &second));
	assert_false(passes(path, pool, &second));
	assert_true(passes(path, pool, &second));
	cn_path_free(path);
	pool_is_empty(pool);
}

/* Neither has flags; each has a count of its own, and a port is a TCP or UDP
 * port. */
static void other_protocols_are_told_apart(void **state)
{
	static const struct {
		const char *rules, *want; /* t TCP, u UDP, i ICMP, n no IP */
	} row[] = {
		{"udp", "t.in"},      {"icmp", "tu.n"},	   {"udp|icmp", "t..n"},
		{"any", "...n"},      {"port 80", "..in"}, {"#1", "...n"},
		{"#1 total", ".uin"}, {"len 100", "...n"}, {"octet 1+", ".uin"},
		{"conn 1", ".uin"},
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		static const char kind[] = "tuin";
		struct cn_pool *pool = test_pool();
		struct cn_path *path = open_path(pool, row[i].rules, 'u');
		struct packet p = {.seq = 1, .data_len = 100};
		char got[5] = "....";

		for (j = 0; j < 4; j++) {
			struct cn_frame frame = make_packet(pool, &p);

			/* UDP's header is 12 octets shorter, ICMP's is data */
			if (kind[j] == 'u')
				frame.payload_len = frame.slice[0].len = 88;
			if (kind[j] == 'i')
				frame.payload_len = frame.slice[0].len = 80;
			if (kind[j] == 'u')
				frame.header[9] = IP_UDP;
			if (kind[j] == 'i')
				frame.header[9] = IP_ICMP;
			if (kind[j] == 'n')
				frame.header[0] = 0x10;
			assert_int_equal(cn_path_send(path, &frame, 0), CN_OK);
			if (cn_path_recv(path, &frame, 0)) {
				got[j] = kind[j];
				cn_frame_release(&frame);
			}
		}
		if (strcmp(got, row[i].want))
			fprintf(stderr, "# rule '%s'\n", row[i].rules);
		assert_string_equal(got, row[i].want);
		cn_path_free(path);
		pool_is_empty(pool);
	}
}

/* The same SYN again is the same connection; another one begins anew. */
static void new_initial_sequence_number_begins_a_new_count(void **state)
{
	const struct packet syn = {.flags = TCP_SYN, .seq = 5};
	const struct packet other = {.flags = TCP_SYN, .seq = 6};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, "syn #1", 'u');

	(void)state;
	assert_false(passes(path, pool, &syn));
	assert_true(passes(path, pool, &syn));
	assert_false(passes(path, pool, &other));
	assert_true(passes(path, pool, &other));
	cn_path_free(path);
	pool_is_empty(pool);
}

static void super_segments_are_judged_packet_by_packet(void **state)
{
	const struct packet super = {
		.data_len = 5000, .seg_size = 1000, .flags = TCP_ACK | TCP_FIN};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, "data #2; fin", 'u');
	struct cn_frame frame = make_packet(pool, &super);
	struct cn_path_stats stats;

	(void)state;
	assert_int_equal(cn_path_send(path, &frame, 0), CN_OK);
	cn_path_stats(path, &stats);
	assert_int_equal(stats.packets, 5);
	assert_int_equal(stats.rule_drops, 2);
	assert_int_equal(stats.queued, 3);
	cn_path_free(path);
	pool_is_empty(pool);
}

/* Memory does not grow with the number of connections ever seen. */
static void connections_remembered_are_bounded(void **state)
{
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, "syn #1", 'u');
	size_t in_use = 0;
	uint32_t i;

	(void)state;
	for (i = 0; i < 3 * DROP_CONNECTIONS; i++) {
		const struct packet syn = {.flags = TCP_SYN,
					   .src_port = (uint16_t)(1000 + i)};

		assert_false(passes(path, pool, &syn));
		if (i == DROP_CONNECTIONS)
			in_use = cn_pool_in_use(pool);
	}
	assert_int_equal(cn_pool_in_use(pool), in_use);
	cn_path_free(path);
	pool_is_empty(pool);
}

static void errors_name_the_place_and_the_fix(void **state)
{
	static const struct {
		const char *rules;
		size_t at;
		const char *says;
	} row[] = {
		{"sny", 0, "'sny' is no word of a rule: use up, down"},
		{"up syn #1; down fim #1", 16, "'fim' is no word"},
		{"up down", 3, "leave both out to mean both"},
		{"syn #", 4, "write #1, #2-4 or #3+"},
		{"syn #0", 4, "the first packet is #1"},
		{"syn #x", 4, "write #1"},
		{"syn #3-2", 4, "write #1"},
		{"syn #1-", 4, "write #1"},
		{"syn #1+2", 4, "write #1"},
		{"syn #12345678901", 4, "write #1"},
		{"syn #1 #3", 7, "write two rules"},
		{"syn fin", 4, "'fin+data' (both) or 'syn|synack' (either)"},
		{"syn+", 0, "is no word"},
		{"syn|", 0, "is no word"},
		{"syn|fin|rst|ack|data|syn|fin|rst|ack", 0, "is no word"},
		{"data len", 5, "needs a number after it"},
		{"data len ; syn", 5, "needs a number after it"},
		{"data len ten", 9, "write 100, 100-200 or 100+"},
		{"len 1 len 2", 6, "keep one"},
		{"port 65536", 5, "ports end at 65535"},
		{"octet 0", 6, "counts from 1"},
		{"conn 0", 5, "counts from 1"},
		{"\x1b[31m", 0, "'?[31m'"},
	};
	struct cn_pool *pool = test_pool();
	char text[CN_DROP_ERROR];
	size_t i, at;

	(void)state;
	assert_false(cn_drop_error("up syn #1", &at, text, sizeof(text)));
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct cn_path_config config = {.pool = pool,
						.drop = row[i].rules};
		struct cn_path *path;

		assert_true(
			cn_drop_error(row[i].rules, &at, text, sizeof(text)));
		assert_int_equal(at, row[i].at);
		if (!strstr(text, row[i].says))
			fprintf(stderr, "# '%s' says: %s\n", row[i].rules,
				text);
		assert_non_null(strstr(text, row[i].says));
		at = 999;
		assert_int_equal(cn_path_new(&config, NULL, &path, &at),
				 CN_E_INVAL);
		assert_int_equal(at, row[i].at);
		assert_null(path);
	}
	pool_is_empty(pool);
}

static void longest_error_fits_its_room(void **state)
{
	const char *rules =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char text[CN_DROP_ERROR], little[10];

	(void)state;
	assert_true(cn_drop_error(rules, NULL, text, sizeof(text)));
	assert_true(strlen(text) < sizeof(text) - 1);
	assert_true(cn_drop_error(rules, NULL, little, sizeof(little)));
	assert_string_equal(little, "drop rule");
	assert_true(cn_drop_error(rules, NULL, NULL, 0));
}

static void rules_are_limited_in_number(void **state)
{
	char rules[200] = "", text[CN_DROP_ERROR];
	unsigned i;
	size_t at;

	(void)state;
	for (i = 0; i < DROP_RULES_MAX; i++)
		strcat(rules, "syn;");
	assert_false(cn_drop_error(rules, &at, text, sizeof(text)));
	strcat(rules, "fin");
	assert_true(cn_drop_error(rules, &at, text, sizeof(text)));
	assert_int_equal(at, 128);
	assert_non_null(strstr(text, "there may be 32"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_drop_what_they_describe),
		cmocka_unit_test(other_protocols_are_told_apart),
		cmocka_unit_test(octet_names_a_place_in_the_stream),
		cmocka_unit_test(retransmission_is_the_next_occurrence),
		cmocka_unit_test(
			new_initial_sequence_number_begins_a_new_count),
		cmocka_unit_test(super_segments_are_judged_packet_by_packet),
		cmocka_unit_test(connections_remembered_are_bounded),
		cmocka_unit_test(errors_name_the_place_and_the_fix),
		cmocka_unit_test(longest_error_fits_its_room),
		cmocka_unit_test(rules_are_limited_in_number),
	};

	return cmocka_run_group_tests_name("drop_rule", tests, NULL, NULL);
}
