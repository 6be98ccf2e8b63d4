/* SPDX-License-Identifier: MIT */
/* catenet ss: the sockets of running worlds, in the columns of ss(8). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/columns.h"
#include "cli/command.h"
#include "cli/counters.h"
#include "cli/filter.h"
#include "cli/worlds.h"
#include "run/world/udp_list.h"

enum key { KEY_JSON = 256, KEY_WATCH };

static const struct cli_option table[] = {
	{'t', "tcp", NULL, "TCP sockets; with neither or both: all", "Which"},
	{'u', "udp", NULL, "UDP sockets of the programs' own network", NULL},
	{'l', "listening", NULL, "listening (UDP: unconnected) sockets alone",
	 NULL},
	{'a', "all", NULL, "listening and not, SYN-RECV and TIME-WAIT too",
	 NULL},
	{'n', "numeric", NULL, "numbers, as always", NULL},
	{'i', "info", NULL, "what TCP knows of each connection", "What"},
	{'m', "memory", NULL, "what the buffers hold and may hold", NULL},
	{'o', "options", NULL, "the timer that runs", NULL},
	{'p', "processes", NULL,
	 "the processes that hold the socket, and by what number", NULL},
	{'s', "summary", NULL,
	 "what the worlds have counted: segments, SYN cookies, drops and why",
	 NULL},
	{KEY_JSON, "json", NULL, "a JSON object a line", NULL},
	{KEY_WATCH, "watch", NULL, "again every second", NULL},
};

static const struct cli_example examples[] = {
	{"catenet ss -tano", "every socket, with its timer"},
	{"catenet ss -tulnp", "who listens, for connections or datagrams"},
	{"catenet ss state time-wait", "what waits for 2MSL to pass"},
	{"catenet ss -i 'dport = :443'", "connections to that port, in detail"},
};

struct line {
	struct columns columns;
	struct filter filter;
	struct holders holders;
	bool holders_known, all, listening, tcp, udp, summary, json, watch;
};

static bool take(void *ctx, int key, const char *value);

static const char *word(size_t i)
{
	static const char *const words[] = {"state", "exclude", "sport",
					    "dport"};
	const size_t n = sizeof(words) / sizeof(words[0]);

	return i < n ? words[i] : filter_states[i - n];
}

static const struct cli_values values[] = {{0, word}};

const struct cli_command cli_ss_command = {
	.name = "ss",
	.usage = "[OPTION...] [state STATE] [sport|dport OP PORT] [PID|PORT]",
	.what = "lists the sockets of running worlds, as ss does",
	.example = examples,
	.example_n = sizeof(examples) / sizeof(examples[0]),
	.option = table,
	.option_n = sizeof(table) / sizeof(table[0]),
	.values = values,
	.values_n = sizeof(values) / sizeof(values[0]),
	.anywhere = true,
	.take = take,
};

static bool take(void *ctx, int key, const char *value)
{
	struct line *line = ctx;

	(void)value;
	switch (key) {
	case 't':
		line->tcp = true;
		break;
	case 'u':
		line->udp = true;
		break;
	case 'l':
		line->listening = true;
		break;
	case 'a':
		line->all = true;
		break;
	case 'i':
		line->columns.info = true;
		break;
	case 'm':
		line->columns.memory = true;
		break;
	case 'o':
		line->columns.timers = true;
		break;
	case 'p':
		line->columns.processes = true;
		break;
	case 's':
		line->summary = true;
		break;
	case KEY_JSON:
		line->json = true;
		break;
	case KEY_WATCH:
		line->watch = true;
		break;
	default:
		break;
	}
	return true;
}

/* What ss shows when neither is named. */
static void choose_states(struct line *line)
{
	line->columns.one_state =
		line->filter.states_said &&
		!(line->filter.states & (line->filter.states - 1));
	if (!line->filter.states_said)
		filter_choose(&line->filter, line->all, line->listening);
	line->columns.one_kind = line->tcp != line->udp;
	line->filter.no_tcp = line->udp && !line->tcp;
	line->filter.no_udp = line->tcp && !line->udp;
}

static void on_row(void *ctx, const struct row *row)
{
	struct line *line = ctx;

	if (line->summary)
		return;
	/* Later than what the world said: who holds it now. */
	if (!line->holders_known &&
	    (line->columns.processes || line->json || line->filter.number)) {
		holders_read(&line->holders);
		line->holders_known = true;
	}
	if (!filter_wants(&line->filter, row, &line->holders))
		return;
	if (line->json)
		columns_json(row, &line->holders);
	else
		columns_row(&line->columns, row, &line->holders);
}

/* Whoever has a filter may have wanted one of those. */
static void on_more(void *ctx, const char *host)
{
	const struct line *line = ctx;

	if (!line->filter.no_udp && !line->summary)
		fprintf(stderr,
			"catenet ss: of the UDP sockets%s%s there are more "
			"than the %d that are told\n",
			*host ? " of " : "", host, UDP_LIST_MAX);
}

static void show(struct line *line)
{
	struct cn_counters sum = {0};
	struct worlds worlds = {
		.command = cli_ss_command.name,
		.row = on_row,
		.more = on_more,
		.sum = &sum,
		.ctx = line,
	};

	if (!line->json && !line->summary)
		columns_head(&line->columns);
	worlds_ask(&worlds);
	if (!worlds.found)
		fprintf(stderr, "catenet ss: no world is running; catenet run "
				"starts one\n");
	if (line->summary && line->json)
		counters_json(&sum);
	else if (line->summary)
		counters_print(&sum);
	holders_free(&line->holders);
	line->holders_known = false;
}

int cli_ss(int argc, char **argv)
{
	struct line line;
	const char *why;
	int rest, code;

	memset(&line, 0, sizeof(line));
	code = cli_parse(&cli_ss_command, argc, argv, &line, &rest);
	if (code >= 0)
		return code;
	why = filter_take(&line.filter, argc - rest, argv + rest);
	if (why) {
		fprintf(stderr, "catenet ss: %s\n", why);
		return EXIT_CATENET;
	}
	choose_states(&line);
	do {
		show(&line);
		if (fflush(stdout))
			return EXIT_CATENET;
	} while (line.watch && !sleep(1));
	return 0;
}
