/* SPDX-License-Identifier: MIT */
/* catenet why: one sentence on what each connection waits for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/filter.h"
#include "cli/screen.h"
#include "cli/worlds.h"
#include "see/why.h"

enum key { KEY_LANG = 256 };

static const struct cli_option table[] = {
	{KEY_LANG, "lang", "LANG", "en or zh; by the locale unless said",
	 "How it reads"},
};

static const struct cli_example examples[] = {
	{"catenet why", "one sentence for every connection"},
	{"catenet why 8080", "for those of that port"},
};

/* Of so many ends it is remembered whether they are jammed, so many jammed ones
 * wait to be told of until the other end is known. */
#define ENDS_MAX (1u << 20)
#define KEPT_MAX 4096u
#define NO_SUCH 1

struct end {
	uint64_t mark; /* of its two endpoints */
	bool jammed;
};

struct line {
	struct end *end;
	size_t end_n, end_room;
	struct row *kept;
	size_t kept_n;
	struct screen screen;
	struct filter filter;
	struct holders holders;
	bool holders_known, printed;
};

static bool take(void *ctx, int key, const char *value);

static const char *word(size_t i)
{
	static const char *const words[] = {"state", "exclude", "sport",
					    "dport"};
	const size_t n = sizeof(words) / sizeof(words[0]);

	return i < n ? words[i] : filter_states[i - n];
}

static const struct cli_values values[] = {
	{0, word},
	{KEY_LANG, screen_lang_name},
};

const struct cli_command cli_why_command = {
	.name = "why",
	.usage = "[OPTION...] [PID|PORT]",
	.what = "says what each connection waits for, and what would cure it",
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
	const char *why = NULL;

	if (key == KEY_LANG)
		why = screen_take_lang(&line->screen, value);
	return !why || cli_wrong(&cli_why_command, "lang", value, why);
}

static struct see_facts facts_of_row(const struct row *row)
{
	return (struct see_facts){
		.state = (uint8_t)row->state,
		.hold = (uint8_t)row->hold,
		.retransmits = (uint8_t)row->retransmits,
		.probes = (uint8_t)row->probes,
		.last_try = row->last_try,
		.held = row->held,
		.queued = row->queued,
		.orphan = row->orphan,
		.no_room = row->no_room,
		.deferred = row->deferred,
		.gap = row->gap,
		.fin_sent = row->fin_sent,
		.full = row->full,
		.more_in = row->more_in,
		.recv_q = (uint32_t)row->recv_q,
		.send_q = (uint32_t)row->send_q,
		.snd_wnd = (uint32_t)row->snd_wnd,
		.rcv_wnd = (uint32_t)row->rcv_wnd,
		.mss = (uint32_t)row->mss,
		.cwnd = (uint32_t)row->cwnd,
		.flight = (uint32_t)row->flight,
		.unsent = (uint32_t)row->unsent,
		.timer_in_ns = row->timer_in_ns,
		.rexmit_in_ns = row->rexmit_in_ns,
		.rto_ns = row->rto_us * 1000,
		.quiet_ns = row->quiet_ns,
		.closed_ns = row->closed_ns,
		.waits_ns = row->waits_ns,
	};
}

/*
 * The first process that holds the socket, as ss -p has it; what nobody holds
 * (TIME-WAIT, a FIN on its way) is called after the program that is run.
 */
static void print_whose(const struct row *row, const struct holders *holders)
{
	const struct holder *holder;
	char name[256];
	size_t n;

	holder = holders_find(holders, row->inode, &n);
	for (size_t i = 0; i < n; i++) {
		if ((uint64_t)holder[i].pid == row->pid ||
		    (uint64_t)holder[i].pid == row->world)
			continue;
		holder_name(holder[i].pid, name, sizeof(name));
		printf(" (%s, pid %d)", name, (int)holder[i].pid);
		return;
	}
	if (strcmp(row->program, "-") != 0)
		printf(" (%s)", row->program);
}

static void print_sentence(const struct line *line, const struct row *row,
			   enum see_peer peer)
{
	struct see_facts facts = facts_of_row(row);
	char sentence[SEE_SENTENCE_MAX], local[ROW_LOCAL_MAX];

	see_why(&facts, peer, line->screen.lang, sentence, sizeof(sentence));
	row_local(row, local);
	printf("%s %s -> %s", cn_tcp_state_name((enum cn_tcp_state)row->state),
	       local, row->peer);
	print_whose(row, &line->holders);
	printf(": %s\n", sentence);
}

/* ------------------------------------------------------------ both ends -- */

/* FNV-1a; of two ends of one world's connection in that order. */
static uint64_t mark_of(uint64_t pid, const char *local, const char *peer)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ pid;
	const char *const end[] = {local, " ", peer};

	for (size_t i = 0; i < 3; i++)
		for (const char *p = end[i]; *p; p++)
			hash = (hash ^ (unsigned char)*p) *
			       UINT64_C(0x100000001b3);
	return hash;
}

static bool remember(struct line *line, const struct row *row, bool jammed)
{
	struct end *end;

	if (line->end_n == line->end_room) {
		size_t room = line->end_room ? line->end_room * 2 : 256;

		end = room <= ENDS_MAX ?
			      realloc(line->end, room * sizeof(*end)) :
			      NULL;
		if (!end)
			return false;
		line->end = end;
		line->end_room = room;
	}
	line->end[line->end_n++] = (struct end){
		mark_of(row->world, row->local, row->peer), jammed};
	return true;
}

/* A deadlock is sure only when the other end is known, and that may come
 * later. */
static bool postpone(struct line *line, const struct row *row)
{
	struct row *kept;

	if (line->kept_n == KEPT_MAX)
		return false;
	kept = realloc(line->kept, (line->kept_n + 1) * sizeof(*kept));
	if (!kept)
		return false;
	line->kept = kept;
	kept[line->kept_n++] = *row;
	return true;
}

static int by_mark(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	return (x->mark > y->mark) - (x->mark < y->mark);
}

static void print_postponed(struct line *line)
{
	if (line->end_n)
		qsort(line->end, line->end_n, sizeof(*line->end), by_mark);
	for (size_t i = 0; i < line->kept_n; i++) {
		const struct row *row = &line->kept[i];
		struct end want = {mark_of(row->world, row->peer, row->local),
				   false};
		const struct end *found = bsearch(&want, line->end, line->end_n,
						  sizeof(want), by_mark);

		print_sentence(line, row,
			       !found	     ? SEE_PEER_UNKNOWN :
			       found->jammed ? SEE_PEER_JAMMED :
					       SEE_PEER_MOVES);
	}
	free(line->kept);
	free(line->end);
}

static void on_row(void *ctx, const struct row *row)
{
	struct line *line = ctx;
	struct see_facts facts = facts_of_row(row);
	bool jammed = see_is_jammed(&facts);

	if (row->udp) /* it waits for nothing that could be told */
		return;
	if (!line->holders_known) {
		holders_read(&line->holders);
		line->holders_known = true;
	}
	(void)remember(line, row, jammed);
	if (!filter_wants(&line->filter, row, &line->holders))
		return;
	line->printed = true;
	if (!jammed || !postpone(line, row))
		print_sentence(line, row, SEE_PEER_UNKNOWN);
}

int cli_why(int argc, char **argv)
{
	static char all[] = "state all";
	char *every[] = {all};
	struct line line;
	struct worlds worlds = {
		.command = cli_why_command.name,
		.row = on_row,
		.ctx = &line,
	};
	const char *why;
	int rest, code;

	memset(&line, 0, sizeof(line));
	screen_init(&line.screen, stdout);
	code = cli_parse(&cli_why_command, argc, argv, &line, &rest);
	if (code >= 0)
		return code;
	why = filter_take(&line.filter, argc - rest, argv + rest);
	if (why) {
		fprintf(stderr, "catenet why: %s\n", why);
		return EXIT_CATENET;
	}
	if (!line.filter.states_said)
		(void)filter_take(&line.filter, 1, every);
	worlds_ask(&worlds);
	print_postponed(&line);
	if (!worlds.found)
		fprintf(stderr, "catenet why: no world is running; catenet run "
				"starts one\n");
	else if (!line.printed)
		fprintf(stderr, "catenet why: %s\n",
			rest < argc ? "no such socket" : "no socket is open");
	holders_free(&line.holders);
	/* As grep(1): who asks for one wants to know. */
	return worlds.found && !line.printed && rest < argc ? NO_SUCH : 0;
}
