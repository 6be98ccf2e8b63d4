/* SPDX-License-Identifier: MIT */
/* catenet sim: bulk transfers over a described path, in virtual time. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catenet/host.h>

#include "cli/command.h"
#include "cli/host_options.h"
#include "cli/outputs.h"
#include "cli/path_line.h"
#include "cli/screen.h"
#include "cli/sim_look.h"
#include "cli/sim_table.h"
#include "link/units.h"

#define JOBS_MAX 256
/* No line of a run is as long as that. */
#define LINE_ROOM (1 << 20)
#define TIME_NS (10 * CN_NS_PER_SEC)
#define TIME_MAX_NS (UINT64_C(3600) * CN_NS_PER_SEC)

enum key {
	KEY_OUTAGE = 256,
	KEY_FLOWS,
	KEY_CC,
	KEY_BYTES,
	KEY_TIME,
	KEY_STAGGER,
	KEY_SNDBUF,
	KEY_RCVBUF,
	KEY_TCP_ECN,
	KEY_SEED,
	KEY_SEEDS,
	KEY_PART,
	KEY_JOBS,
	KEY_MERGE,
	KEY_JSON,
	KEY_PCAPNG,
	KEY_EVENTS,
	KEY_PLOT,
	KEY_LANG,
};

static const struct cli_option table[] = {
	PATH_OPTIONS("toward the receiver", "back to the sender"),
	{KEY_OUTAGE, "outage", "AT+TIME",
	 "nothing passes from AT on for TIME: 5s+2s; up to eight of them",
	 NULL},
	{KEY_FLOWS, "flows", "N",
	 "transfers at once; 1 unless said, at most 64", "The transfers"},
	{KEY_CC, "cc", "NAME[,NAME...]",
	 "congestion control; several take turns over the flows", NULL},
	{KEY_BYTES, "bytes", "SIZE", "each transfer is so long", NULL},
	{KEY_TIME, "time", "TIME",
	 "the run is so long, 10s unless said; with --bytes it ends here at "
	 "the latest, one hour unless said",
	 NULL},
	{KEY_STAGGER, "stagger", "TIME", "each begins so much after the last",
	 NULL},
	{KEY_SNDBUF, "sndbuf", "SIZE", "largest send buffer", NULL},
	{KEY_RCVBUF, "rcvbuf", "SIZE", "largest receive buffer", NULL},
	{KEY_TCP_ECN, "tcp-ecn", "0|1|2|3|4|5",
	 "explicit congestion notification, as Linux's tcp_ecn; 2 unless said, "
	 "3 (accurate ECN) where the path marks",
	 NULL},
	{KEY_SEED, "seed", "N", "of all chance; 1 unless said", "Runs"},
	{KEY_SEEDS, "seeds", "A..B", "a run for each, on all cores", NULL},
	{KEY_PART, "part", "I/N", "of the seeds only every N-th, from the I-th",
	 NULL},
	{KEY_JOBS, "jobs", "N",
	 "runs at once; as many as there are cores "
	 "unless said",
	 NULL},
	{KEY_MERGE, "merge", NULL,
	 "runs nothing: makes one table of the files that --json wrote", NULL},
	{KEY_JSON, "json", NULL, "a line of JSON for each run, no table",
	 "Seeing"},
	{KEY_PLOT, "plot", "FILE",
	 "draws the first flow as SVG: windows, round trip, and a "
	 "time-sequence graph; - is standard output, here and below",
	 NULL},
	{KEY_PCAPNG, "pcapng", "FILE", "captures every packet, with its fate",
	 NULL},
	{KEY_EVENTS, "events", "FILE",
	 "every event of TCP as a line of JSON (docs/events.md)", NULL},
	{KEY_LANG, "lang", "LANG",
	 "of the words, en or zh; by the locale "
	 "unless said",
	 NULL},
};

static const struct cli_example examples[] = {
	{"catenet sim --rate 10mbit --rtt 100ms --loss 1% --plot cwnd.svg",
	 "ten seconds of one transfer, drawn"},
	{"catenet sim --rate 50mbit --rtt 40ms --queue 100 --flows 8 --cc "
	 "cubic,reno",
	 "eight flows share a bottleneck, the controllers in turn"},
	{"catenet sim --net lte --bytes 1mb --seeds 1..1000",
	 "how long a megabyte takes, a thousand times"},
	{"catenet sim --net lte --bytes 1mb --seeds 1..1000 --part 2/8 --json "
	 "> part2",
	 "the second of eight machines; catenet sim --merge part* joins them"},
};

struct line {
	struct path_line path;
	struct bulk_plan plan;
	struct cn_settings set;
	struct screen screen;
	struct sim_look_config look;
	uint8_t cc[BULK_FLOWS];
	bool has_ecn; /* it was said */
	unsigned cc_n;
	uint64_t first, last; /* seeds */
	uint64_t part, parts;
	uint64_t jobs;
	bool json, merge, many, timed, one, parted;
	const char *runs; /* an option that only a run takes */
};

static bool take(void *ctx, int key, const char *value);

static const struct cli_values values[] = {
	{PATH_NET, path_net_name},
	{KEY_CC, bulk_cc_name},
	{KEY_LANG, screen_lang_name},
};

const struct cli_command cli_sim_command = {
	.name = "sim",
	.usage = "[OPTION...] [FILE...]",
	.what = "simulates transfers over a path that you describe, in virtual "
		"time",
	.example = examples,
	.example_n = sizeof(examples) / sizeof(examples[0]),
	.option = table,
	.option_n = sizeof(table) / sizeof(table[0]),
	.values = values,
	.values_n = sizeof(values) / sizeof(values[0]),
	.take = take,
};

/* -------------------------------------------------------------- options -- */

static const char *take_cc(struct line *line, const char *value)
{
	static char names[96];

	line->cc_n = 0;
	while (line->cc_n < BULK_FLOWS) {
		size_t len = strcspn(value, ","), kind = 0, n = 0;

		while (bulk_cc_name(kind) &&
		       (strlen(bulk_cc_name(kind)) != len ||
			strncmp(bulk_cc_name(kind), value, len) != 0))
			kind++;
		if (!bulk_cc_name(kind)) {
			n = (size_t)snprintf(names, sizeof(names), "there are");
			for (size_t i = 0; bulk_cc_name(i); i++)
				n += (size_t)snprintf(names + n,
						      sizeof(names) - n,
						      i ? ", %s" : " %s",
						      bulk_cc_name(i));
			return names;
		}
		line->cc[line->cc_n++] = (uint8_t)kind;
		if (!value[len])
			break;
		value += len + 1;
	}
	return NULL;
}

/* Two parts around a separator of len characters; false: there is none. */
static bool split(const char *value, const char *sign, char first[32],
		  char second[32])
{
	const char *at = strstr(value, sign);

	if (!at || (size_t)(at - value) > 31 || strlen(at + strlen(sign)) > 31)
		return false;
	memcpy(first, value, (size_t)(at - value));
	first[at - value] = '\0';
	strcpy(second, at + strlen(sign));
	return true;
}

static const char *take_outage(struct bulk_plan *plan, const char *value)
{
	struct bulk_outage *outage = &plan->outage[plan->outage_n];
	char at[32], lasts[32];
	const char *why;

	if (plan->outage_n == BULK_OUTAGES)
		return "eight outages are the most";
	if (!split(value, "+", at, lasts))
		return "write AT+TIME, for example 5s+2s";
	why = units_time(at, &outage->at_ns);
	if (!why)
		why = units_time(lasts, &outage->for_ns);
	if (!why && !outage->for_ns)
		why = "an outage of no time; write for example 5s+2s";
	if (!why && plan->outage_n &&
	    outage->at_ns < outage[-1].at_ns + outage[-1].for_ns)
		why = "begins before the one before it is over";
	if (!why)
		plan->outage_n++;
	return why;
}

static const char *take_seeds(struct line *line, const char *value)
{
	char first[32], last[32];

	if (!split(value, "..", first, last) ||
	    units_count(first, 0, UINT32_MAX, &line->first) ||
	    units_count(last, line->first, UINT32_MAX, &line->last))
		return "write A..B with A not above B, for example 1..1000";
	line->many = true;
	return NULL;
}

static const char *take_part(struct line *line, const char *value)
{
	char part[32], parts[32];

	if (!split(value, "/", part, parts) ||
	    units_count(parts, 1, 1000000, &line->parts) ||
	    units_count(part, 1, line->parts, &line->part))
		return "write I/N with I from 1 to N, for example 2/8";
	line->parted = true;
	return NULL;
}

static const char *take_ecn(struct line *line, const char *value)
{
	uint64_t number = 0;
	const char *why = units_count(value, 0, 5, &number);

	line->has_ecn = true;
	line->set.ecn = (uint8_t)number;
	return why;
}

static const char *take_transfer(struct line *line, int key, const char *value)
{
	struct bulk_plan *plan = &line->plan;
	uint32_t number = 0;
	const char *why;

	switch (key) {
	case KEY_OUTAGE:
		return take_outage(plan, value);
	case KEY_FLOWS:
		why = host_option_count(value, 1, BULK_FLOWS, &number);
		plan->flows = number;
		return why;
	case KEY_CC:
		return take_cc(line, value);
	case KEY_BYTES:
		why = units_size(value, &plan->octets);
		return why ? why : plan->octets ? NULL : "at least one octet";
	case KEY_TIME:
		line->timed = true;
		why = units_time(value, &plan->time_ns);
		return why ? why : plan->time_ns ? NULL : "longer than nothing";
	case KEY_STAGGER:
		return units_time(value, &plan->stagger_ns);
	case KEY_SNDBUF:
		return host_option_buffer(value, &line->set.sndbuf);
	case KEY_RCVBUF:
		return host_option_buffer(value, &line->set.rcvbuf);
	case KEY_TCP_ECN:
		return take_ecn(line, value);
	case KEY_SEED:
		why = host_option_count(value, 0, UINT32_MAX, &number);
		line->first = line->last = number;
		line->one = true;
		return why;
	case KEY_SEEDS:
		return take_seeds(line, value);
	case KEY_PART:
		return take_part(line, value);
	default:
		why = host_option_count(value, 1, JOBS_MAX, &number);
		line->jobs = number;
		return why;
	}
}

static bool take(void *ctx, int key, const char *value)
{
	struct line *line = ctx;
	const char *why = NULL;

	if (key != KEY_MERGE && key != KEY_JSON && key != KEY_LANG)
		line->runs = cli_name_of(&cli_sim_command, key);
	switch (key) {
	case KEY_MERGE:
		line->merge = true;
		break;
	case KEY_JSON:
		line->json = true;
		break;
	case KEY_PCAPNG:
		line->look.pcapng = value;
		break;
	case KEY_EVENTS:
		line->look.events = value;
		break;
	case KEY_PLOT:
		line->look.plot = value;
		break;
	case KEY_LANG:
		why = screen_take_lang(&line->screen, value);
		break;
	default:
		why = key >= PATH_NET ?
			      path_take(&line->path, key,
					cli_name_of(&cli_sim_command, key),
					value) :
			      take_transfer(line, key, value);
		break;
	}
	return !why ||
	       cli_wrong(&cli_sim_command, cli_name_of(&cli_sim_command, key),
			 value, why);
}

/* ----------------------------------------------------------------- runs -- */

static bool out_of_memory(void)
{
	fprintf(stderr, "catenet sim: out of memory\n");
	return false;
}

static bool run_one(const struct line *line, uint64_t seed,
		    const struct bulk_watch *watch, struct bulk_result *result)
{
	struct bulk_plan plan = line->plan;

	plan.seed = seed;
	plan.set = &line->set;
	return bulk_run(&plan, watch, result) || out_of_memory();
}

/* A worker: every jobs-th of the seeds, results in binary to the pipe. */
static int work(const struct line *line, uint64_t from, uint64_t step, int fd)
{
	FILE *out = fdopen(fd, "w");
	struct bulk_result result;

	for (uint64_t seed = from; out && seed <= line->last; seed += step) {
		if (!run_one(line, seed, NULL, &result) ||
		    fwrite(&result, sizeof(result), 1, out) != 1)
			return EXIT_CATENET;
		if (fflush(out))
			return EXIT_CATENET;
	}
	return !out || fclose(out) ? EXIT_CATENET : 0;
}

struct crew {
	FILE *from[JOBS_MAX];
	pid_t pid[JOBS_MAX];
	uint64_t n;
};

static bool not_hired(uint64_t i)
{
	fprintf(stderr,
		"catenet sim: job %llu cannot begin: %s; say fewer "
		"--jobs\n",
		(unsigned long long)i + 1, strerror(errno));
	return false;
}

static bool hire(struct crew *crew, const struct line *line)
{
	for (uint64_t i = 0; i < line->jobs; i++) {
		int fd[2];
		pid_t pid;

		if (pipe(fd))
			return not_hired(i);
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			close(fd[0]);
			_exit(work(line,
				   line->first + line->part - 1 +
					   i * line->parts,
				   line->jobs * line->parts, fd[1]));
		}
		if (pid < 0) {
			not_hired(i);
			close(fd[0]);
			close(fd[1]);
			return false;
		}
		close(fd[1]);
		crew->pid[i] = pid;
		crew->from[i] = fdopen(fd[0], "r");
		crew->n = i + 1;
		if (!crew->from[i]) {
			close(fd[0]);
			return out_of_memory();
		}
	}
	return true;
}

/* good: they come to their end by themselves. */
static bool dismiss(struct crew *crew, bool good)
{
	for (uint64_t i = 0; i < crew->n; i++) {
		int status;

		if (crew->from[i])
			fclose(crew->from[i]);
		if (!good)
			(void)kill(crew->pid[i], SIGTERM);
		while (waitpid(crew->pid[i], &status, 0) < 0 && errno == EINTR)
			;
		good &= WIFEXITED(status) && !WEXITSTATUS(status);
	}
	return good;
}

static bool tell(const struct line *line, const struct bulk_result *result,
		 struct sim_table *to)
{
	if (line->json)
		sim_json_write(result, stdout);
	else if (!sim_table_add(to, result))
		return out_of_memory();
	return true;
}

static void progress(const struct line *line, uint64_t n)
{
	uint64_t all =
		(line->last - line->first - (line->part - 1)) / line->parts + 1;

	if (isatty(STDERR_FILENO) && (n % 16 == 0 || n == all))
		fprintf(stderr, n == all ? "\r\x1b[K" : "\r%llu of %llu runs",
			(unsigned long long)n, (unsigned long long)all);
}

/* In the order of the seeds, whoever ran them. */
static int run_many(struct line *line, struct sim_table *to)
{
	struct crew crew = {.n = 0};
	struct bulk_result result;
	uint64_t seed = line->first + line->part - 1, n = 0;
	bool good;

	if (!hire(&crew, line)) {
		(void)dismiss(&crew, false);
		return EXIT_CATENET;
	}
	for (good = true; good && seed <= line->last;
	     seed += line->parts, n++) {
		good = fread(&result, sizeof(result), 1,
			     crew.from[n % line->jobs]) == 1 &&
		       tell(line, &result, to);
		if (!good)
			break;
		progress(line, n + 1);
	}
	if (!dismiss(&crew, good)) {
		fprintf(stderr, "catenet sim: not all runs came to their end; "
				"nothing is told of the others\n");
		return EXIT_CATENET;
	}
	return 0;
}

static int run_single(struct line *line, struct sim_table *to)
{
	bool looks = line->look.pcapng || line->look.events || line->look.plot;
	struct sim_look *look = NULL;
	struct bulk_result result = {0};
	char title[128];
	bool good;

	line->look.lang = line->screen.lang;
	if (looks) {
		look = sim_look_open(&line->look);
		if (!look)
			return EXIT_CATENET;
	}
	good = run_one(line, line->first, look ? sim_look_watch(look) : NULL,
		       &result) &&
	       tell(line, &result, to);
	snprintf(title, sizeof(title), "%s, seed %llu: %.3f Mbit/s",
		 bulk_cc_name(line->plan.cc[0]),
		 (unsigned long long)line->first,
		 good ? bulk_goodput(&result.flow[0]) / 1e6 : 0);
	if (look && !sim_look_close(look, title, &result))
		good = false;
	return good ? 0 : EXIT_CATENET;
}

/* A run that was told of: its seed, and a mark of its flows' controllers. */
struct told {
	uint64_t seed, flows;
};

struct told_all {
	struct told *told;
	size_t n, room;
};

static bool remember(struct told_all *all, const struct bulk_result *result)
{
	struct told told = {.seed = result->seed, .flows = result->flows};

	if (all->n == all->room) {
		size_t room = all->room ? all->room * 2 : 256;
		void *more = realloc(all->told, room * sizeof(*all->told));

		if (!more)
			return out_of_memory();
		all->told = more;
		all->room = room;
	}
	for (unsigned i = 0; i < result->flows; i++)
		told.flows = told.flows * 31 + result->flow[i].cc + 1u;
	all->told[all->n++] = told;
	return true;
}

static int by_seed(const void *a, const void *b)
{
	const struct told *x = a, *y = b;

	if (x->seed != y->seed)
		return x->seed < y->seed ? -1 : 1;
	return (x->flows > y->flows) - (x->flows < y->flows);
}

/* One seed is one run: twice it would count for two. */
static bool are_different(struct told_all *all)
{
	if (all->n)
		qsort(all->told, all->n, sizeof(*all->told), by_seed);
	for (size_t i = 1; i < all->n; i++)
		if (!by_seed(&all->told[i - 1], &all->told[i])) {
			fprintf(stderr,
				"catenet sim: seed %llu is there twice, of the "
				"same controllers; name each part once\n",
				(unsigned long long)all->told[i].seed);
			return false;
		}
	return true;
}

static bool merge_lines(const char *name, FILE *file, const struct line *line,
			struct sim_table *to, struct told_all *all)
{
	struct bulk_result result;
	unsigned long number = 0;
	const char *why = NULL;
	char *text = malloc(LINE_ROOM);
	bool good = text || out_of_memory();

	while (good && !why && fgets(text, LINE_ROOM, file)) {
		why = sim_json_read(text, &result);
		number++;
		good = why ||
		       (tell(line, &result, to) && remember(all, &result));
	}
	free(text);
	if (good && !number && !ferror(file)) {
		number = 1;
		why = "no run is in it; did the one that wrote it come to its "
		      "end?";
	}
	if (why)
		fprintf(stderr, "catenet sim: %s:%lu: %s\n", name, number, why);
	else if (ferror(file))
		fprintf(stderr, "catenet sim: %s: %s\n", name, strerror(errno));
	return good && !why && !ferror(file);
}

static int merge(char **files, int n, const struct line *line,
		 struct sim_table *to)
{
	struct told_all all = {.told = NULL};
	bool good = true;

	for (int i = 0; i < n && good; i++) {
		FILE *file = fopen(files[i], "re");

		good = file && merge_lines(files[i], file, line, to, &all);
		if (file)
			fclose(file);
		else
			fprintf(stderr, "catenet sim: %s: %s\n", files[i],
				strerror(errno));
	}
	good = good && are_different(&all);
	free(all.told);
	return good ? 0 : EXIT_CATENET;
}

/* --------------------------------------------------- all of it at once -- */

/* Where a packet takes no time, no number of them does; one that overtakes the
 * others takes none. */
static bool takes_time(const struct cn_impair *impair)
{
	return impair->rate || impair->rate_trace ||
	       (impair->delay_ns &&
		(impair->reorder < 1 || impair->reorder_ns));
}

/* What does nothing, or cannot be, beside something else. */
static const char *check_runs(const struct line *line)
{
	if (line->one && line->many)
		return "--seed and --seeds: say one of them";
	if (line->parted && !line->many)
		return "--part needs --seeds A..B, of which it is a part";
	if (line->cc_n > line->plan.flows)
		return "--cc has more controllers than there are flows, and "
		       "they take turns: say --flows too";
	if (line->plan.stagger_ns && line->plan.flows == 1)
		return "--stagger is between flows, and there is one: say "
		       "--flows too";
	if (line->jobs && !line->many)
		return "--jobs needs --seeds A..B: one run is one job";
	return NULL;
}

static uint64_t time_of(const struct line *line)
{
	return line->timed	 ? line->plan.time_ns :
	       line->plan.octets ? TIME_MAX_NS :
				   TIME_NS;
}

/* What would come after the end. */
static const char *check_times(const struct line *line)
{
	const struct bulk_plan *plan = &line->plan;

	if (plan->outage_n &&
	    plan->outage[plan->outage_n - 1].at_ns >= time_of(line))
		return "an --outage begins when the run is over: say --time "
		       "too";
	if ((plan->flows - 1) * plan->stagger_ns >= time_of(line))
		return "with that --stagger a flow begins when the run is "
		       "over: say --time too";
	return NULL;
}

static const char *check_together(struct line *line, int files)
{
	bool looks = line->look.pcapng || line->look.events || line->look.plot;
	const struct cn_impair *up = &line->path.up, *down = &line->path.down;
	const char *why = path_check(&line->path);

	if (!why)
		why = check_runs(line);
	if (!why)
		why = check_times(line);
	if (why)
		return why;
	if (sim_look_on_stdout(&line->look) + line->json > 1)
		return "one thing alone can be written to standard output";
	if (!line->has_ecn && (up->ecn || up->mark || down->ecn || down->mark))
		line->set.ecn = 3;
	if (files)
		return "it takes files only with --merge";
	if (!takes_time(&line->path.up) && !takes_time(&line->path.down))
		return "packets on this path take no time: say --rtt or --rate";
	if (line->many && looks)
		return "--plot, --pcapng and --events look at one run: write "
		       "--seed in place of --seeds";
	if (line->first + line->part - 1 > line->last)
		return "this --part has none of the seeds";
	return NULL;
}

static const char *check_merge(const struct line *line, int files)
{
	static char why[96];

	if (!files)
		return "--merge needs the files that it joins";
	if (!line->runs)
		return NULL;
	snprintf(why, sizeof(why), "--%s: not with --merge, which runs nothing",
		 line->runs);
	return why;
}

/*
 * It is a network that is simulated, and no lack of memory: as much as the
 * buffers of all flows may become (base/pool.h: at twice their octets) is what
 * the host's shares leave them (tcp/tune.c).
 */
static void give_memory(struct cn_settings *set, unsigned flows)
{
	size_t most = set->sndbuf ? set->sndbuf : set->wmem.most;
	size_t rcvbuf = set->rcvbuf ? set->rcvbuf : set->rmem.most;
	size_t need;

	if (rcvbuf > most)
		most = rcvbuf;
	need = most * 2 * (4 + flows) / 3 * 4;
	if (need > set->memory_limit)
		set->memory_limit = need;
}

static void settle(struct line *line)
{
	struct bulk_plan *plan = &line->plan;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t seeds = line->last - line->first + 1;

	plan->up = line->path.up;
	plan->down = line->path.down;
	plan->mtu = line->path.mtu;
	plan->drop = line->path.drop;
	for (unsigned i = 0; i < plan->flows; i++)
		plan->cc[i] = line->cc_n ? line->cc[i % line->cc_n] :
					   line->set.cc;
	give_memory(&line->set, plan->flows);
	plan->time_ns = time_of(line);
	if (!line->jobs)
		line->jobs = cores > 0 ? (uint64_t)cores : 1;
	if (line->jobs > JOBS_MAX)
		line->jobs = JOBS_MAX;
	if (line->jobs > seeds)
		line->jobs = seeds;
}

int cli_sim(int argc, char **argv)
{
	static struct line line;
	struct cli_output output[] = {
		{"plot", NULL}, {"pcapng", NULL}, {"events", NULL}};
	struct sim_table *to = sim_table_new();
	const char *why;
	int rest, code;

	line.plan.flows = 1;
	path_line_init(&line.path);
	line.first = line.last = line.part = line.parts = 1;
	cn_settings_default(&line.set);
	screen_init(&line.screen, stdout);
	code = cli_parse(&cli_sim_command, argc, argv, &line, &rest);
	if (code >= 0 || !to) {
		sim_table_free(to);
		return to ? code : EXIT_CATENET;
	}
	output[0].file = line.look.plot;
	output[1].file = line.look.pcapng;
	output[2].file = line.look.events;
	why = line.merge ? check_merge(&line, argc - rest) :
			   check_together(&line, argc - rest);
	if (why) {
		fprintf(stderr, "catenet sim: %s\n", why);
		code = EXIT_CATENET;
	} else if (!outputs_check("sim", output,
				  sizeof(output) / sizeof(output[0]))) {
		code = EXIT_CATENET;
	} else {
		settle(&line);
		code = line.merge ? merge(argv + rest, argc - rest, &line, to) :
		       line.many  ? run_many(&line, to) :
				    run_single(&line, to);
	}
	if (!code && !line.json)
		sim_table_print(to, sim_look_on_stdout(&line.look) ? stderr :
								     stdout);
	sim_table_free(to);
	return code;
}
