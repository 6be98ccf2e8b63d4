/* SPDX-License-Identifier: MIT */
/* catenet bridge: two interfaces joined by an impaired path. */
#include "loop/bridge.h"
#include "link/heap.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/path_line.h"
#include "link/units.h"
#include "see/text.h"

/* Of what is under way: a second of 4 Gbit/s each way. */
#define MEMORY_LIMIT ((size_t)1 << 30)

enum key { KEY_SEED = 256 };

static const struct cli_option table[] = {
	PATH_OPTIONS("from the first interface to the second",
		     "from the second to the first"),
	{KEY_SEED, "seed", "N", "the same chance again", "The rest"},
	{'q', "quiet", NULL, "no remarks, no summary", NULL},
};

static const struct cli_example examples[] = {
	{"catenet bridge va vb --rate 100mbit --rtt 20ms --loss 0.1%",
	 "joins the outer ends of two veth pairs"},
	{"catenet bridge tap0 tap1 --up 'rate 1mbit' --down 'rate 20mbit'",
	 "two TAP devices, a path that is not the same both ways"},
};

struct line {
	struct path_line path;
	uint64_t seed;
	bool seeded, quiet;
};

static bool take(void *ctx, int key, const char *value);

static const struct cli_values values[] = {
	{PATH_NET, path_net_name},
};

const struct cli_command cli_bridge_command = {
	.name = "bridge",
	.usage = "[OPTION...] INTERFACE INTERFACE",
	.what = "joins two Ethernet interfaces by a path that you describe "
		"(privileged)",
	.example = examples,
	.example_n = sizeof(examples) / sizeof(examples[0]),
	.option = table,
	.option_n = sizeof(table) / sizeof(table[0]),
	.values = values,
	.values_n = sizeof(values) / sizeof(values[0]),
	.take = take,
};

static bool take(void *ctx, int key, const char *value)
{
	struct line *line = ctx;
	const char *why = NULL;

	if (key == 'q') {
		line->quiet = true;
	} else if (key == KEY_SEED) {
		line->seeded = true;
		why = units_count(value, 0, UINT64_MAX, &line->seed);
	} else {
		why = path_take(&line->path, key,
				cli_name_of(&cli_bridge_command, key), value);
	}
	return !why ||
	       cli_wrong(&cli_bridge_command,
			 cli_name_of(&cli_bridge_command, key), value, why);
}

/* ------------------------------------------------------------ the bridge -- */

struct running {
	const struct line *line;
	struct bridge bridge;
	struct station station[2];
	struct loop_watch signals;
	bool over;
};

static void on_signal(void *ctx, uint32_t events)
{
	struct running *running = ctx;
	struct signalfd_siginfo info;

	(void)events;
	if (read(running->signals.fd, &info, sizeof(info)) > 0)
		running->over = true;
}

static int watch_signals(struct running *running)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	running->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	running->signals.ready = on_signal;
	running->signals.ctx = running;
	return running->signals.fd < 0 ? -1 :
					 loop_watch(running->bridge.loop,
						    &running->signals, EPOLLIN);
}

/* Who looks at packets gets packets: without it a path that harms nothing
 * would pass super-segments whole, which an interface does not take. */
static void on_packet(void *ctx, const struct cn_frame *frame,
		      enum cn_fate fate, uint64_t now)
{
	(void)ctx;
	(void)frame;
	(void)fate;
	(void)now;
}

static int make_path(struct running *running, int from)
{
	static const struct cn_path_sink sink = {.packet = on_packet};
	const struct path_line *line = &running->line->path;
	uint64_t seed = running->line->seed;
	struct cn_path_config config = {
		.pool = running->bridge.pool,
		.impair = from ? line->down : line->up,
		.mtu = line->mtu,
		.drop = line->drop,
		.direction = from ? 'd' : 'u',
		.head = STATION_HEAD,
	};

	if (!running->line->seeded &&
	    getentropy(config.seed, sizeof(config.seed)))
		return CN_E_NOENTROPY;
	if (running->line->seeded) {
		memcpy(config.seed, &seed, sizeof(seed));
		config.seed[15] = (uint8_t)from;
	}
	return cn_path_new(&config, &sink, &running->bridge.path[from], NULL);
}

static bool say_error(const char *what)
{
	char safe[4 * STATION_ERROR];

	text_escape(what, safe, sizeof(safe));
	fprintf(stderr, "catenet bridge: %s\n", safe);
	return false;
}

static bool build(struct running *running, char **name)
{
	struct bridge *bridge = &running->bridge;
	char error[STATION_ERROR];

	running->signals.fd = -1;
	running->station[0].fd = running->station[1].fd = -1;
	bridge->loop = loop_new();
	bridge->pool = cn_pool_new(&heap_memory);
	bridge->memory_limit = MEMORY_LIMIT;
	if (!bridge->loop || !bridge->pool)
		return say_error("no memory, or no descriptors left");
	for (int i = 0; i < 2; i++) {
		bridge->station[i] = &running->station[i];
		if (station_open(&running->station[i], name[i], error))
			return say_error(error);
		if (make_path(running, i))
			return say_error("no path: no memory, or no random "
					 "numbers");
	}
	if (watch_signals(running) || bridge_begin(bridge))
		return say_error("the interfaces cannot be waited for");
	return true;
}

/* How many frames an interface did not take, and why. */
static void say_refused(const struct station *to)
{
	fprintf(stderr, "  %" PRIu64 " were not taken by %s, the last because ",
		to->refused_n, to->name);
	switch (to->refused_err) {
	case ENETDOWN:
	case EIO:
		fprintf(stderr, "it is down; ip link set dev %s up\n",
			to->name);
		break;
	case EMSGSIZE:
		fprintf(stderr,
			"it is longer than the MTU; ip link set dev %s mtu "
			"OCTETS\n",
			to->name);
		break;
	case ENOBUFS:
		fprintf(stderr, "the queue was full\n");
		break;
	default:
		fprintf(stderr, "of: %s\n", strerror(to->refused_err));
		break;
	}
}

static void say(struct running *running)
{
	for (int i = 0; i < 2; i++) {
		struct station *from = &running->station[i];
		struct station *to = &running->station[!i];
		struct cn_path_stats stats;

		cn_path_stats(running->bridge.path[i], &stats);
		fprintf(stderr,
			"%s to %s: %" PRIu64 " packets, %" PRIu64
			" octets of IP; %" PRIu64 " lost, %" PRIu64
			" dropped by the queue, %" PRIu64 " by a rule, %" PRIu64
			" too big, %" PRIu64 " marked\n",
			from->name, to->name, stats.packets, stats.octets,
			stats.lost, stats.queue_drops, stats.rule_drops,
			stats.too_big, stats.marked);
		if (running->bridge.side[i].full_n)
			fprintf(stderr,
				"  %" PRIu64 " came while a gibibyte was under "
				"way, and were dropped: a shorter delay or "
				"queue holds less\n",
				running->bridge.side[i].full_n);
		if (stats.too_big)
			fprintf(stderr,
				"  the path's MTU is %" PRIu32 "; --mtu OCTETS "
				"says another\n",
				running->line->path.mtu);
		if (to->refused_n)
			say_refused(to);
		if (from->odd_n)
			fprintf(stderr,
				"  %" PRIu64 " of %s were passed over: "
				"offload other than TCP's; ethtool -K switches "
				"it off\n",
				from->odd_n, from->name);
	}
}

static void say_missed(struct running *running)
{
	for (int i = 0; i < 2; i++) {
		uint64_t n = station_missed(&running->station[i]);

		if (n)
			fprintf(stderr,
				"  the kernel dropped %" PRIu64 " frames of %s "
				"before they were read: this machine is too "
				"slow for them\n",
				n, running->station[i].name);
	}
}

static void finish(struct running *running)
{
	struct bridge *bridge = &running->bridge;

	if (bridge->loop && bridge->side[0].bridge)
		bridge_end(bridge);
	for (int i = 0; i < 2; i++) {
		cn_path_free(bridge->path[i]);
		station_close(&running->station[i]);
	}
	if (running->signals.fd >= 0)
		close(running->signals.fd);
	if (bridge->pool)
		cn_pool_free(bridge->pool);
	loop_free(bridge->loop);
}

static void say_lost(const struct station *station)
{
	char now[IF_NAMESIZE];

	if (if_indextoname(station->index, now))
		fprintf(stderr,
			"catenet bridge: %s is down; ip link set dev %s up\n",
			station->name, now);
	else
		fprintf(stderr, "catenet bridge: %s has gone\n", station->name);
}

static int run(struct running *running)
{
	struct bridge *bridge = &running->bridge;

	/* Packets leave at their instant, not 50 us later. */
	(void)prctl(PR_SET_TIMERSLACK, 1);
	if (!running->line->quiet)
		fprintf(stderr, "joins %s and %s; Ctrl-C ends it\n",
			running->station[0].name, running->station[1].name);
	while (!running->over && !bridge->err)
		if (loop_round(bridge->loop, CN_NEVER))
			bridge->err = -1;
	if (!running->line->quiet) {
		say(running);
		say_missed(running);
	}
	if (!bridge->err)
		return 0;
	for (int i = 0; i < 2; i++)
		if (running->station[i].is_lost)
			say_lost(&running->station[i]);
	if (!running->station[0].is_lost && !running->station[1].is_lost)
		(void)say_error("the interfaces cannot be waited for");
	return EXIT_CATENET;
}

/* Whose own frames would come back for ever; it may have two names. */
static bool is_one(const char *a, const char *b)
{
	unsigned index = if_nametoindex(a);

	return !strcmp(a, b) || (index && index == if_nametoindex(b));
}

/* Options may stand before the interfaces and behind them.  -1: go on; else
 * the exit code. */
static int read_line(int argc, char **argv, struct line *line, char **name)
{
	int rest, more, code;
	const char *why = NULL;

	code = cli_parse(&cli_bridge_command, argc, argv, line, &rest);
	if (code >= 0)
		return code;
	if (argc - rest < 2)
		why = "it joins two interfaces: write catenet bridge IF IF";
	for (int i = 0; i < 2 && rest + i < argc; i++)
		name[i] = argv[rest + i];
	if (argc - rest > 2) {
		/* The second name stands where the command's would. */
		code = cli_parse(&cli_bridge_command, argc - rest - 1,
				 argv + rest + 1, line, &more);
		if (code >= 0)
			return code;
		if (more < argc - rest - 1)
			why = "it joins two interfaces, not more";
	}
	if (!why && is_one(name[0], name[1]))
		why = "it joins two different interfaces";
	if (!why)
		why = path_check(&line->path);
	if (why) {
		fprintf(stderr, "catenet bridge: %s\n", why);
		return EXIT_CATENET;
	}
	return -1;
}

int cli_bridge(int argc, char **argv)
{
	struct running running;
	struct line line;
	char *name[2];
	int code;

	memset(&running, 0, sizeof(running));
	memset(&line, 0, sizeof(line));
	path_line_init(&line.path);
	running.line = &line;
	code = read_line(argc, argv, &line, name);
	if (code >= 0)
		return code;
	code = build(&running, name) ? run(&running) : EXIT_CATENET;
	finish(&running);
	return code;
}
