/* SPDX-License-Identifier: MIT */
/* What catenet ss reads of a world's answer, and which rows its words want. */
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/filter.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void line_of(char *line, size_t size, const char *head, unsigned state,
		    unsigned inode)
{
	unsigned n = 0;

	snprintf(line, size, "%s", head);
#define ROW_X(name, format, value)                                             \
	n = (unsigned)strlen(line);                                            \
	snprintf(line + n, size - n, "\t%u",                                   \
		 !strcmp(#name, "state") ? state :                             \
		 !strcmp(#name, "inode") ? inode :                             \
					   0);
	CONTROL_COLUMNS(ROW_X)
#undef ROW_X
}

static struct row row_of(unsigned state, const char *local, const char *peer)
{
	char line[CONTROL_LINE_MAX], head[256];
	struct row row;

	snprintf(head, sizeof(head), "100\t99\tcurl\t\t%s\t%s", local, peer);
	line_of(line, sizeof(line), head, state, 5);
	assert_true(row_parse(&row, line));
	return row;
}

static void rows(void **state)
{
	static const char *const bad[] = {
		"", "x", "1\t2\t3\t4\t5", "\t\t\t\t", "1\t2\t3\t4\t5\t6",
	};
	struct row row = row_of(CN_ESTABLISHED, "[::1]:80", "0.0.0.0:*");
	char line[CONTROL_LINE_MAX];

	(void)state;
	assert_int_equal(row.pid, 100);
	assert_int_equal(row.parent, 99);
	assert_int_equal(row.inode, 5);
	assert_string_equal(row.program, "curl");
	assert_int_equal(row_local_port(&row), 80);
	assert_int_equal(row_peer_port(&row), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		strcpy(line, bad[i]);
		assert_false(row_parse(&row, line));
	}
	line_of(line, sizeof(line), "1\t-2\tp\t\ta:1\tb:2", 1, 0);
	assert_false(row_parse(&row, line));
	line_of(line, sizeof(line), "1\t2\tp\t\ta:1\tb:2", 99, 0);
	assert_false(row_parse(&row, line));
	line_of(line, sizeof(line), "1\t2\t\033[2J\th\ta:1\tb:2", 1, 0);
	assert_true(row_parse(&row, line));
	assert_string_equal(row.program, "\\x1b[2J");
	strcat(line, "\t0");
	assert_false(row_parse(&row, line));
}

static void words(void **state)
{
	static const struct {
		const char *words;
		bool listening, established, time_wait;
	} table[] = {
		{"state listening", true, false, false},
		{"state LISTEN", true, false, false},
		{"state estab state time-wait", false, true, true},
		{"exclude established", true, false, true},
		{"state connected", false, true, true},
		{"state big", true, true, false},
		{"state all exclude bucket", true, true, false},
		{"state all sport = :80", true, true, false},
		{"state all sport :80", true, true, false},
		{"state all sport eq http", true, true, false},
		{"state all ( sport != :80 )", false, false, true},
		{"state all dport ge :443", false, true, true},
		{"state all dport > 443 and sport < 90", false, false, true},
		{"state all 443", false, true, false},
		{"state all 100", true, true, true},
		{"state all 4711", true, false, false},
	};
	static const char *const bad[] = {
		"state",    "state nonsense",	    "sport", "sport = ",
		"dport :0", "dport = :99999",	    "1 2",   "-1",
		"x",	    "sport :1 or sport :2",
	};
	static struct holder one = {5, 4711, 3};
	const struct holders holders = {&one, 1};
	struct row row[3] = {
		row_of(CN_LISTEN, "0.0.0.0:80", "0.0.0.0:*"),
		row_of(CN_ESTABLISHED, "10.0.0.1:80", "10.0.0.2:443"),
		row_of(CN_TIME_WAIT, "10.0.0.1:81", "10.0.0.2:5000"),
	};

	(void)state;
	row[1].inode = row[2].inode = 0;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct filter filter = {.states = 0};
		char text[80], *word = text;

		/* Names of ports are the machine's, which may have none. */
		if (strstr(table[i].words, "http") &&
		    !getservbyname("http", "tcp"))
			continue;
		strcpy(text, table[i].words);
		assert_null(filter_take(&filter, 1, &word));
		assert_int_equal(filter_wants(&filter, &row[0], &holders),
				 table[i].listening);
		assert_int_equal(filter_wants(&filter, &row[1], &holders),
				 table[i].established);
		assert_int_equal(filter_wants(&filter, &row[2], &holders),
				 table[i].time_wait);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct filter filter = {.states = 0};
		char text[80], *word = text;

		strcpy(text, bad[i]);
		assert_non_null(filter_take(&filter, 1, &word));
	}
	for (size_t i = 0; filter_states[i]; i++) {
		struct filter filter = {.states = 0};
		char text[80], *word = text;

		snprintf(text, sizeof(text), "state %s", filter_states[i]);
		assert_null(filter_take(&filter, 1, &word));
	}
}

static struct row datagrams(unsigned state)
{
	char line[CONTROL_LINE_MAX];
	struct row row;

	snprintf(line, sizeof(line),
		 "udp\t7\t6\tdig\talice\t10.0.0.1:53\t0.0.0.0:*\t%u\t768\t0\t"
		 "3\t1000\t99\t7",
		 state);
	assert_true(row_parse(&row, line));
	return row;
}

/* Of datagrams ss shows by itself what is connected, and as listening what is
 * not. */
static void udp(void **state)
{
	static const struct {
		bool all, listening;
		const char *words;
		bool unconnected, connected;
	} table[] = {
		{false, false, NULL, false, true},
		{false, true, NULL, true, false},
		{true, false, NULL, true, true},
		{false, false, "state unconnected", true, false},
		{false, false, "state established", false, true},
		{false, false, "state listening", false, false},
		{false, false, "exclude unconnected", false, true},
		{false, false, "state all sport = :53", true, true},
		{false, false, "state all sport = :54", false, false},
	};
	static const char *const bad[] = {
		"udp",
		"udp\t",
		"udp\t7\t6\tdig\talice\ta:1\tb:2",
		"udp\t7\t6\tdig\t\ta:1\tb:2\t10\t0\t0\t0\t0\t9\t7",
		"udp\t7\t6\tdig\t\ta:1\tb:2\t7\t0\t0\t0\t0\t9\t7\t1",
		"udp\t7\t6\tdig\t\ta:1\tb:2\t7\t0\t-1\t0\t0\t9\t7",
	};
	struct row row = datagrams(CN_CLOSED);
	struct row to = datagrams(CN_ESTABLISHED);

	(void)state;
	assert_true(row.udp);
	assert_string_equal(row_netid(&row), "udp");
	assert_string_equal(row_state_name(row.state), "UNCONN");
	assert_string_equal(row_state_name(to.state), "ESTAB");
	assert_int_equal(row.pid, 7);
	assert_string_equal(row.host, "alice");
	assert_int_equal(row.recv_q, 768);
	assert_int_equal(row.drops, 3);
	assert_int_equal(row.uid, 1000);
	assert_int_equal(row.inode, 99);
	assert_int_equal(row_local_port(&row), 53);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct filter filter = {.states = 0};
		char text[80], *word = text;

		if (table[i].words) {
			strcpy(text, table[i].words);
			assert_null(filter_take(&filter, 1, &word));
		} else {
			filter_choose(&filter, table[i].all,
				      table[i].listening);
		}
		assert_int_equal(filter_wants(&filter, &row, NULL),
				 table[i].unconnected);
		assert_int_equal(filter_wants(&filter, &to, NULL),
				 table[i].connected);
		filter.no_udp = true;
		assert_false(filter_wants(&filter, &row, NULL));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		char line[CONTROL_LINE_MAX];

		strcpy(line, bad[i]);
		assert_false(row_parse(&row, line));
	}
}

/* A socket may have many holders, and a process hold it by many numbers. */
static void found(void **state)
{
	static struct holder list[] = {
		{3, 10, 4}, {5, 7, 3}, {5, 7, 9}, {5, 8, 3}, {9, 1, 1},
	};
	const struct holders holders = {list, COUNT(list)};
	const struct holders none = {NULL, 0};
	size_t n;

	(void)state;
	assert_ptr_equal(holders_find(&holders, 5, &n), &list[1]);
	assert_int_equal(n, 3);
	assert_ptr_equal(holders_find(&holders, 9, &n), &list[4]);
	assert_int_equal(n, 1);
	assert_null(holders_find(&holders, 4, &n));
	assert_null(holders_find(&holders, 0, &n));
	assert_null(holders_find(&none, 5, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(words),
		cmocka_unit_test(udp),
		cmocka_unit_test(found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
