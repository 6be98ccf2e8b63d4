/* SPDX-License-Identifier: MIT */
/*
 * catenet ss: the sockets of running worlds, in the columns of ss(8).
 * catenet why: for each of them one sentence on what it waits for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <catenet/catenet.h>

#include "cli/command.h"
#include "cli/screen.h"
#include "run/control.h"
#include "see/text.h"
#include "see/why.h"

#define PREFIX "@catenet/"
#define FIELDS_MAX 40

enum key { KEY_JSON = 256, KEY_WATCH, KEY_LANG };

struct row {
	const char *pid, *parent, *program, *local, *peer;
#define ROW_X(name, format, value) uint64_t name;
	CONTROL_COLUMNS(ROW_X)
#undef ROW_X
};

struct query {
	bool all, listening, info, timers, processes, memory, json, watch, why;
	int state; /* 0: any */
	const char *word; /* a pid, a port or a state */
	struct screen screen;
	bool printed; /* a row was */
};

/* ------------------------------------------------------------ the rows -- */

static bool is_wanted(const struct query *q, const struct row *row)
{
	size_t n;

	if (q->state && row->state != (uint64_t)q->state)
		return false;
	if (q->word && strcmp(q->word, row->pid) != 0 &&
	    strcmp(q->word, row->parent) != 0) {
		/* A port, of either end. */
		const char *const end[] = {row->local, row->peer};
		bool found = false;

		for (n = 0; n < 2; n++) {
			const char *colon = strrchr(end[n], ':');

			found |= colon && !strcmp(colon + 1, q->word);
		}
		if (!found)
			return false;
	}
	if (q->state || q->all || q->why)
		return true;
	return q->listening == (row->state == CN_LISTEN) &&
	       row->state != CN_TIME_WAIT;
}

static const char *timer_name(uint64_t timer)
{
	switch ((enum cn_timer_kind)timer) {
	case CN_TIMER_RTO:
		return "on";
	case CN_TIMER_PERSIST:
		return "persist";
	case CN_TIMER_KEEPALIVE:
		return "keepalive";
	case CN_TIMER_TIME_WAIT:
		return "timewait";
	case CN_TIMER_DELACK:
		return "delack";
	case CN_TIMER_FIN_WAIT_2:
		return "finwait2";
	case CN_TIMER_USER_TIMEOUT:
		return "usertimeout";
	case CN_TIMER_SWS:
		return "cork";
	case CN_TIMER_N:
		break;
	}
	return "?";
}

static const char *ss_state(uint64_t state)
{
	switch ((enum cn_tcp_state)state) {
	case CN_ESTABLISHED:
		return "ESTAB";
	case CN_SYN_RECEIVED:
		return "SYN-RECV";
	case CN_CLOSED:
		return "UNCONN";
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_TIME_WAIT:
	case CN_CLOSE_WAIT:
	case CN_LAST_ACK:
	case CN_CLOSING:
		break;
	}
	return cn_tcp_state_name((enum cn_tcp_state)state);
}

static void print_text(const struct query *q, const struct row *row)
{
	printf("%-11s%-7llu%-7llu%25s %25s", ss_state(row->state),
	       (unsigned long long)row->recv_q, (unsigned long long)row->send_q,
	       row->local, row->peer);
	if (q->processes)
		printf(" users:((\"%s\",pid=%s))", row->program, row->pid);
	if (q->timers && row->timer_in_ns != CN_NEVER)
		printf(" timer:(%s,%.3fs,%llu)", timer_name(row->timer),
		       (double)row->timer_in_ns / 1e9,
		       (unsigned long long)row->retransmits);
	if (q->memory && row->sndbuf)
		printf(" skmem:(rb%llu,tb%llu)",
		       (unsigned long long)row->rcvbuf,
		       (unsigned long long)row->sndbuf);
	if (q->info && row->mss)
		printf("\n\t %s rto:%.0f rtt:%.3f/%.3f mss:%llu cwnd:%llu "
		       "bytes_sent:%llu bytes_acked:%llu "
		       "bytes_received:%llu bytes_retrans:%llu unacked:%llu "
		       "notsent:%llu snd_wnd:%llu rcv_wnd:%llu",
		       row->cc == CN_CC_RENO ? "reno" : "cubic",
		       (double)row->rto_us / 1e3, (double)row->rtt_us / 1e3,
		       (double)row->rttvar_us / 1e3,
		       (unsigned long long)row->mss,
		       (unsigned long long)(row->cwnd / row->mss),
		       (unsigned long long)row->octets_sent,
		       (unsigned long long)row->octets_acked,
		       (unsigned long long)row->octets_received,
		       (unsigned long long)row->octets_retransmitted,
		       (unsigned long long)row->flight,
		       (unsigned long long)row->unsent,
		       (unsigned long long)row->snd_wnd,
		       (unsigned long long)row->rcv_wnd);
	if (q->info && row->mss && row->ssthresh < UINT32_MAX)
		printf(" ssthresh:%llu",
		       (unsigned long long)(row->ssthresh / row->mss));
	putchar('\n');
}

static void print_json(const struct row *row)
{
	char program[300];
	size_t i, n = 0;

	/* The name was made harmless by its world; JSON wants two more. */
	for (i = 0; row->program[i] && n < sizeof(program) - 3; i++) {
		if (row->program[i] == '"' || row->program[i] == '\\')
			program[n++] = '\\';
		program[n++] = row->program[i];
	}
	program[n] = 0;
	printf("{\"pid\":%s,\"program\":\"%s\",\"local\":\"%s\","
	       "\"peer\":\"%s\",\"state_name\":\"%s\"",
	       row->pid, program, row->local, row->peer,
	       cn_tcp_state_name((enum cn_tcp_state)row->state));
#define ROW_X(name, format, value)                                             \
	if (row->name == CN_NEVER)                                             \
		printf(",\"" #name "\":null");                                 \
	else                                                                   \
		printf(",\"" #name "\":%llu", (unsigned long long)row->name);
	CONTROL_COLUMNS(ROW_X)
#undef ROW_X
	printf("}\n");
}

static void print_why(const struct query *q, const struct row *row)
{
	struct see_facts facts = {
		.state = (uint8_t)row->state,
		.recv_q = row->recv_q,
		.send_q = row->send_q,
		.timer_in_ns = row->timer_in_ns,
		.quiet_ns = row->quiet_ns,
		.snd_wnd = (uint32_t)row->snd_wnd,
		.rcv_wnd = (uint32_t)row->rcv_wnd,
		.mss = (uint32_t)row->mss,
		.cwnd = (uint32_t)row->cwnd,
		.flight = (uint32_t)row->flight,
		.unsent = (uint32_t)row->unsent,
		.retransmits = (unsigned)row->retransmits,
	};
	char sentence[SEE_SENTENCE_MAX];

	see_why(&facts, q->screen.lang, sentence, sizeof(sentence));
	printf("%s %s -> %s (%s, pid %s): %s\n",
	       cn_tcp_state_name((enum cn_tcp_state)row->state), row->local,
	       row->peer, row->program, row->pid, sentence);
}

static void take_line(struct query *q, char *line)
{
	char *field[FIELDS_MAX];
	char text[3][200];
	struct row row;
	unsigned n = 0, i = 5;
	char *p;

	for (p = line; p && n < FIELDS_MAX; n++) {
		field[n] = p;
		p = strchr(p, '\t');
		if (p)
			*p++ = 0;
	}
	memset(&row, 0, sizeof(row));
	if (n < i)
		return;
	/* Whoever answers under a world's name: nothing of it is obeyed by the
	 * terminal. */
	row.pid = field[0];
	row.parent = field[1];
	if (strspn(row.pid, "0123456789") != strlen(row.pid))
		return;
	text_escape(field[2], text[0], sizeof(text[0]));
	text_escape(field[3], text[1], sizeof(text[1]));
	text_escape(field[4], text[2], sizeof(text[2]));
	row.program = text[0];
	row.local = text[1];
	row.peer = text[2];
#define ROW_X(name, format, value)                                             \
	row.name = i < n ? strtoull(field[i], NULL, 10) : 0;                   \
	i++;
	CONTROL_COLUMNS(ROW_X)
#undef ROW_X
	if (!is_wanted(q, &row))
		return;
	q->printed = true;
	if (q->json)
		print_json(&row);
	else if (q->why)
		print_why(q, &row);
	else
		print_text(q, &row);
}

/* ----------------------------------------------------------- the worlds -- */

static void ask_world(struct query *q, const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len = strlen(name), room = 0;
	struct timeval patience = {2, 0};
	char *line = NULL;
	FILE *in;
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || len >= sizeof(addr.sun_path))
		return;
	/* One that never answers does not hold us for ever. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience));
	/* "@name" in /proc/net/unix is an abstract one. */
	memcpy(addr.sun_path + 1, name + 1, len - 1);
	if (connect(fd, (struct sockaddr *)&addr,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				len)) ||
	    !(in = fdopen(fd, "r"))) {
		close(fd);
		return;
	}
	while ((n = getline(&line, &room, in)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		take_line(q, line);
	}
	free(line);
	fclose(in);
}

/* Worlds of this user, or all of them for root. */
static bool is_askable(const char *name)
{
	unsigned long uid;
	long pid;

	if (sscanf(name, PREFIX "%lu/%ld", &uid, &pid) != 2)
		return false;
	return geteuid() == 0 || uid == geteuid();
}

static unsigned ask_worlds(struct query *q)
{
	FILE *list = fopen("/proc/net/unix", "r");
	char line[512], *name;
	unsigned worlds = 0;

	if (!list)
		return 0;
	while (fgets(line, sizeof(line), list)) {
		name = strstr(line, PREFIX);
		/* Listening ones have the flag __SO_ACCEPTCON. */
		if (!name || !strstr(line, " 00010000 "))
			continue;
		name[strcspn(name, "\n")] = 0;
		if (!is_askable(name))
			continue;
		worlds++;
		ask_world(q, name);
	}
	fclose(list);
	return worlds;
}

/* ------------------------------------------------------------- options -- */

static const struct cli_option ss_table[] = {
	{'t', "tcp", NULL, "TCP sockets: there are no others yet", "Which"},
	{'l', "listening", NULL, "listening sockets", NULL},
	{'a', "all", NULL, "listening and not, TIME-WAIT too", NULL},
	{'n', "numeric", NULL, "numbers, as always", NULL},
	{'i', "info", NULL, "what TCP knows of each connection", "What"},
	{'m', "memory", NULL, "sizes of the buffers", NULL},
	{'o', "options", NULL, "the timer that runs", NULL},
	{'p', "processes", NULL, "the world's program and process", NULL},
	{KEY_JSON, "json", NULL, "a JSON object a line", NULL},
	{KEY_WATCH, "watch", NULL, "again every second", NULL},
};

static const struct cli_example ss_examples[] = {
	{"catenet ss -tano", "every socket, with its timer"},
	{"catenet ss state time-wait", "what waits for 2MSL to pass"},
	{"catenet ss -i 8080", "connections of that port, in detail"},
};

static bool ss_take(void *ctx, int key, const char *value);

const struct cli_command cli_ss_command = {
	.name = "ss",
	.usage = "[OPTION...] [state STATE] [PID|PORT]",
	.what = "lists the sockets of running worlds, as ss does",
	.example = ss_examples,
	.example_n = sizeof(ss_examples) / sizeof(ss_examples[0]),
	.option = ss_table,
	.option_n = sizeof(ss_table) / sizeof(ss_table[0]),
	.take = ss_take,
};

static const struct cli_option why_table[] = {
	{KEY_LANG, "lang", "LANG", "en or zh; by the locale unless said",
	 "How it reads"},
};

static const struct cli_example why_examples[] = {
	{"catenet why", "one sentence for every connection"},
	{"catenet why 8080", "for those of that port"},
};

static bool why_take(void *ctx, int key, const char *value);

const struct cli_command cli_why_command = {
	.name = "why",
	.usage = "[OPTION...] [PID|PORT]",
	.what = "says what each connection waits for, and what would cure it",
	.example = why_examples,
	.example_n = sizeof(why_examples) / sizeof(why_examples[0]),
	.option = why_table,
	.option_n = sizeof(why_table) / sizeof(why_table[0]),
	.take = why_take,
};

static bool ss_take(void *ctx, int key, const char *value)
{
	struct query *q = ctx;

	(void)value;
	switch (key) {
	case 'l':
		q->listening = true;
		break;
	case 'a':
		q->all = true;
		break;
	case 'i':
		q->info = true;
		break;
	case 'm':
		q->memory = true;
		break;
	case 'o':
		q->timers = true;
		break;
	case 'p':
		q->processes = true;
		break;
	case KEY_JSON:
		q->json = true;
		break;
	case KEY_WATCH:
		q->watch = true;
		break;
	default:
		break;
	}
	return true;
}

static bool why_take(void *ctx, int key, const char *value)
{
	struct query *q = ctx;
	const char *why = NULL;

	if (key == KEY_LANG)
		why = screen_take_lang(&q->screen, value);
	return !why || cli_wrong(&cli_why_command, "lang", value, why);
}

/* "established", "syn-recv", "time-wait" ... as ss spells them, or as the RFC
 * does. */
static int state_by_name(const char *name)
{
	int state;

	for (state = CN_ESTABLISHED; state <= CN_CLOSING; state++)
		if (!strcasecmp(name,
				cn_tcp_state_name((enum cn_tcp_state)state)) ||
		    !strcasecmp(name, ss_state((uint64_t)state)))
			return state;
	return 0;
}

static int take_words(struct query *q, const char *command, int argc,
		      char **argv, int i)
{
	for (; i < argc; i++) {
		if (!q->why && !strcmp(argv[i], "state") && i + 1 < argc) {
			q->state = state_by_name(argv[++i]);
			if (q->state)
				continue;
			fprintf(stderr,
				"catenet %s: %s is no state; established, "
				"listening (listen), syn-sent, syn-recv, "
				"fin-wait-1, fin-wait-2, time-wait, "
				"close-wait, last-ack, closing are\n",
				command, argv[i]);
			return EXIT_CATENET;
		}
		if (strspn(argv[i], "0123456789") != strlen(argv[i]) ||
		    q->word) {
			fprintf(stderr,
				"catenet %s: %s: a process or a port is "
				"expected, a number\n",
				command, argv[i]);
			return EXIT_CATENET;
		}
		q->word = argv[i];
	}
	return 0;
}

static int answer(struct query *q, const char *command)
{
	unsigned worlds;

	do {
		q->printed = false;
		if (!q->json && !q->why)
			printf("%-11s%-7s%-7s%25s %25s%s\n", "State", "Recv-Q",
			       "Send-Q", "Local Address:Port",
			       "Peer Address:Port",
			       q->processes ? " Process" : "");
		worlds = ask_worlds(q);
		if (!worlds)
			fprintf(stderr,
				"catenet %s: no world is running; catenet run "
				"starts one\n",
				command);
		else if (!q->printed && q->why)
			fprintf(stderr, "catenet why: no such socket\n");
		fflush(stdout);
	} while (q->watch && !sleep(1));
	return 0;
}

static int query(const struct cli_command *command, bool why, int argc,
		 char **argv)
{
	struct query q = {.why = why};
	int rest, rc;

	screen_init(&q.screen, stdout);
	rc = cli_parse(command, argc, argv, &q, &rest);
	if (rc >= 0)
		return rc;
	rc = take_words(&q, command->name, argc, argv, rest);
	return rc ? rc : answer(&q, command->name);
}

int cli_ss(int argc, char **argv)
{
	return query(&cli_ss_command, false, argc, argv);
}

int cli_why(int argc, char **argv)
{
	return query(&cli_why_command, true, argc, argv);
}
