/* SPDX-License-Identifier: MIT */
/* catenet world: keeps a world with a name, shows and changes those that run,
 * ends one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <catenet/engine.h>

#include "cli/command.h"
#include "cli/host_options.h"
#include "cli/outputs.h"
#include "cli/screen.h"
#include "cli/world_plan.h"
#include "link/units.h"
#include "run/keep.h"
#include "run/world/door.h"
#include "run/world/look.h"
#include "run/world/options.h"
#include "run/world/talk.h"

enum key {
	KEY_HOST = 256,
	KEY_ROUTER,
	KEY_LINK,
	KEY_SEGMENT,
	KEY_ROUTE,
	KEY_TUN,
	KEY_GATEWAY,
	KEY_TIME_WAIT,
	KEY_SEED,
	KEY_JSON,
	KEY_EXPLAIN,
	KEY_EVENTS,
	KEY_PCAPNG,
	KEY_LANG,
};

static const struct cli_option table[] = {
	{'f', "file", "FILE",
	 "a description of the network, catenet-world(5); - is standard input",
	 "The network (each option is a statement of catenet-world(5))"},
	{KEY_HOST, "host", "'NAME [ADDRESS]...'",
	 "a host that programs can be on; hosts without a link are joined to "
	 "one another",
	 NULL},
	{KEY_ROUTER, "router", "'NAME [ADDRESS]...'",
	 "a host that passes on what is for others", NULL},
	{KEY_LINK, "link", "'NAME NAME [WORDS]'",
	 "a link between two, with its path: 'alice r1 delay 10ms loss 1%'",
	 NULL},
	{KEY_SEGMENT, "segment", "'NAME STATION... [WORDS]'",
	 "an Ethernet with any number of stations", NULL},
	{KEY_ROUTE, "route", "'NODE DESTINATION via ROUTER'",
	 "a route; the shortest ways are there without", NULL},
	{KEY_TUN, "tun", "'NAME [ADDRESS] [device DEVICE]'",
	 "the kernel, as a node, through a TUN interface (privileged)", NULL},
	{KEY_SEED, "seed", "TEXT", "the same chance again in the next run",
	 NULL},
	{KEY_GATEWAY, "gateway", "NODE",
	 "joins NODE to the real network: what is nobody's in the world is "
	 "asked of this machine; without it a world is by itself",
	 "Reachability"},
	{'p', "publish", "[IP:]HOSTPORT:NODE:PORT[/udp]",
	 "what listens on NODE at PORT is reachable at HOSTPORT of this "
	 "machine, through the gateway; without IP from everywhere",
	 NULL},
	{KEY_TIME_WAIT, "time-wait", "TIME",
	 "how long who closed first waits in TIME-WAIT; 60s unless said",
	 "TCP"},
	HOST_CC_OPTION(NULL),
	HOST_BUFFER_OPTIONS,
	HOST_GUARD_OPTIONS("of a host", "what listens"),
	{'d', "detach", NULL, "runs in the background, once it is ready",
	 "The process"},
	{'q', "quiet", NULL, "no remarks", NULL},
	{KEY_EXPLAIN, "explain", NULL,
	 "draws every segment of every connection on standard error, and says "
	 "what it did and why",
	 "Seeing (catenet run --world has the same, for its host)"},
	{KEY_EVENTS, "events", "FILE",
	 "writes every event of TCP as a line of JSON (docs/events.md); - is "
	 "standard output",
	 NULL},
	{KEY_PCAPNG, "pcapng", "FILE",
	 "captures every packet of every link; - is standard output", NULL},
	{KEY_LANG, "lang", "LANG",
	 "of the words of ladder, events and captures, en or zh; by the "
	 "locale unless said",
	 NULL},
	{KEY_JSON, "json", NULL, "show writes JSON lines", NULL},
};

static const struct cli_example examples[] = {
	{"catenet world lab --host alice --host bob",
	 "a world called lab, with two hosts, until Ctrl-C"},
	{"catenet run --world lab --host alice -- python3 -m http.server 80",
	 "a program on one of them; others join from other terminals"},
	{"catenet world lab -f lab.net --gateway r1 -p 8080:alice:80",
	 "a network that a file describes, with a way out and one in"},
	{"catenet world set lab alice-bob delay 200ms loss 5%",
	 "changes a link while it runs; catenet world show lab names them"},
	{"catenet world capture lab alice-bob - | wireshark -k -i -",
	 "what is sent on a link, live"},
	{"catenet world ls; catenet world stop lab",
	 "who is there; and the end, which resets what is connected"},
};

struct line {
	struct keep_options keep;
	struct world_options world;
	struct world_lab lab;
	struct world_plan plan;
	struct world_publish publish[WORLD_PLAN_PORTS];
	bool json;
	const char *begins; /* an option that only a world that begins takes */
	struct screen screen;
};

static bool take(void *ctx, int key, const char *value);

static const char *word(size_t i)
{
	static const char *const words[] = {"ls",  "stop",  "show",    "names",
					    "set", "route", "capture", NULL};

	return words[i];
}

static const struct cli_values values[] = {
	{0, word}, {HOST_CC, host_option_cc}, {KEY_LANG, screen_lang_name}};

const struct cli_command cli_world_command = {
	.name = "world",
	.usage =
		"NAME [OPTION...] | ls [NAME] | show NAME | names NAME | "
		"set NAME LINK WORD... | route NAME WORD... | capture NAME [NODE|LINK] FILE "
		"| stop NAME",
	.what = "keeps a world of several hosts, which programs join with "
		"catenet run --world",
	.example = examples,
	.example_n = sizeof(examples) / sizeof(examples[0]),
	.option = table,
	.option_n = sizeof(table) / sizeof(table[0]),
	.values = values,
	.values_n = sizeof(values) / sizeof(values[0]),
	.take = take,
};

static const char *take_publish(struct line *line, const char *value)
{
	const char *why;

	if (line->world.publish_n == WORLD_PLAN_PORTS)
		return "too many ports";
	why = world_plan_port(value, &line->publish[line->world.publish_n]);
	if (!why)
		line->world.publish_n++;
	line->world.publish = line->publish;
	return why;
}

static bool take(void *ctx, int key, const char *value)
{
	struct line *line = ctx;
	const char *why = NULL;

	if (key != KEY_JSON && key != KEY_LANG)
		line->begins = cli_name_of(&cli_world_command, key);
	switch (key) {
	case 'f':
		why = world_plan_file(&line->plan, value);
		break;
	case KEY_HOST:
	case KEY_ROUTER:
	case KEY_LINK:
	case KEY_SEGMENT:
	case KEY_ROUTE:
	case KEY_TUN:
		why = world_plan_add(&line->plan,
				     cli_name_of(&cli_world_command, key),
				     value);
		break;
	case KEY_GATEWAY:
		line->lab.gateway = value;
		break;
	case 'p':
		why = take_publish(line, value);
		break;
	case KEY_TIME_WAIT:
		why = units_time(value, &line->lab.msl2_ns);
		if (!why && line->lab.msl2_ns < CN_NS_PER_MS)
			why = "too short; at least 1ms";
		break;
	case KEY_SEED:
	case HOST_CC:
	case HOST_RMEM:
	case HOST_WMEM:
	case HOST_SNDBUF:
	case HOST_RCVBUF:
	case HOST_MAX_PER_CLIENT:
	case HOST_CLIENT_PREFIX:
	case HOST_IDLE_TIMEOUT:
		why = host_option(cli_name_of(&cli_world_command, key), value,
				  &line->world);
		break;
	case KEY_LANG:
		why = screen_take_lang(&line->screen, value);
		break;
	case KEY_JSON:
		line->json = true;
		break;
	case KEY_EXPLAIN:
		line->world.explain = true;
		break;
	case KEY_EVENTS:
		line->world.events = value;
		break;
	case KEY_PCAPNG:
		line->world.pcapng = value;
		break;
	case 'd':
		line->keep.background = true;
		break;
	case 'q':
		line->keep.quiet = true;
		break;
	default:
		break;
	}
	return !why ||
	       cli_wrong(&cli_world_command,
			 cli_name_of(&cli_world_command, key), value, why);
}

static int misused(const char *why)
{
	fprintf(stderr, "catenet world: %s\n", why);
	return EXIT_CATENET;
}

static void list_one(void *ctx, const char *name)
{
	int *code = ctx;

	*code |= keep_list(name, TALK_LIST_LINES);
}

static int list(int argc, char **argv)
{
	int code = 0;

	if (argc > 2)
		return misused("write ls or ls NAME");
	if (argc > 1)
		return keep_list(argv[1], TALK_LIST_LINES);
	door_each(list_one, &code);
	return code;
}

/* The world may run in another folder: a file's name is of this one. */
static size_t add_file(char *text, size_t size, const char *name)
{
	char quote = strchr(name, '\'') ? '"' : '\'';
	char folder[1024] = "";

	if (*name != '/' && !getcwd(folder, sizeof(folder) - 1))
		*folder = '\0';
	if (*folder)
		strcat(folder, "/");
	return (size_t)snprintf(text, size, " %c%s%s%c", quote, folder, name,
				quote);
}

/* "set LINK WORDS ..." of the words that were typed. */
static int change(int argc, char **argv)
{
	char text[TALK_DATA];
	size_t at = (size_t)snprintf(text, sizeof(text), "%s", argv[0]);

	if (argc < 4)
		return misused(!strcmp(argv[0], "set") ?
				       "write set NAME LINK WORD..., for "
				       "example set lab alice-bob loss 2%" :
				       "write route NAME NODE DESTINATION via "
				       "ROUTER");
	for (int i = 2; i < argc && at < sizeof(text); i++)
		at += i > 3 && !strcmp(argv[i - 1], "trace") ?
			      add_file(text + at, sizeof(text) - at, argv[i]) :
			      (size_t)snprintf(text + at, sizeof(text) - at,
					       " %s", argv[i]);
	if (at >= sizeof(text))
		return misused("too many words");
	return keep_change(argv[1], text);
}

static int keep(struct line *line, int argc, char **argv)
{
	const struct cli_output *output;
	const char *why;
	int rest, code;

	line->keep.name = argv[0];
	if (!door_is_name(argv[0]))
		return misused("a world's name is of letters, digits, - and _");
	code = cli_parse(&cli_world_command, argc, argv, line, &rest);
	if (code >= 0)
		return code;
	if (rest < argc)
		return misused("one name; the network is described by options");
	if (line->json)
		return misused("--json: show alone writes JSON lines");
	why = host_options_check(&line->world);
	if (why)
		return misused(why);
	output = (const struct cli_output[]){
		{"events", line->world.events},
		{"pcapng", line->world.pcapng},
	};
	if (!outputs_check("world", output, 2))
		return EXIT_CATENET;
	if (!world_plan_finish(&line->plan, line->lab.gateway, line->publish,
			       line->world.publish_n))
		return EXIT_CATENET;
	line->lab.plan = line->plan.plan;
	line->plan.plan = NULL;
	line->world.lab = &line->lab;
	line->world.screen = (struct world_screen){
		.width = line->screen.width,
		.lang = (uint8_t)line->screen.lang,
		.colour = line->screen.colour,
		.ascii = line->screen.ascii,
	};
	line->keep.world = &line->world;
	code = keep_main(&line->keep);
	line->plan.plan = line->lab.plan; /* if it was not taken */
	return code;
}

static int begins_alone(const struct line *line)
{
	fprintf(stderr,
		"catenet world: --%s is of a world that begins: catenet world "
		"NAME --%s ...\n",
		line->begins, line->begins);
	return EXIT_CATENET;
}

static int show(struct line *line, int argc, char **argv)
{
	bool names = !strcmp(argv[0], "names");
	int which = names ? TALK_LIST_NAMES : TALK_LIST_SHOW, rest, code;
	const char *name = argv[1]; /* the parser puts another there */

	if (argc < 2)
		return misused("write show NAME or names NAME");
	code = cli_parse(&cli_world_command, argc - 1, argv + 1, line, &rest);
	if (code >= 0)
		return code;
	if (rest < argc - 1)
		return misused("write show NAME or names NAME");
	if (line->begins)
		return begins_alone(line);
	if (line->json && names)
		return misused("--json: show alone writes JSON lines");
	if (line->json)
		which = TALK_LIST_JSON;
	return keep_list(name, which);
}

/* capture NAME [PLACE] FILE */
static int capture(const struct line *line, int argc, char **argv)
{
	struct look_ask ask = {.kind = LOOK_PCAPNG};

	if (argc < 3 || argc > 4)
		return misused("write capture NAME [NODE|LINK] FILE; FILE - is "
			       "standard output");
	if (argc == 4 && strlen(argv[2]) < sizeof(ask.place))
		strcpy(ask.place, argv[2]);
	else if (argc == 4)
		return misused("no node or link has such a name");
	ask.lang = (uint8_t)line->screen.lang;
	return keep_capture(argv[1], argv[argc - 1], &ask);
}

static bool is_verb_name(const char *name)
{
	for (size_t i = 0; word(i); i++)
		if (!strcmp(word(i), name))
			return true;
	return false;
}

static int verb(struct line *line, int argc, char **argv, bool *is_verb)
{
	*is_verb = is_verb_name(argv[0]);
	if (!*is_verb)
		return 0;
	if (line->begins)
		return begins_alone(line);
	if (!strcmp(argv[0], "show") || !strcmp(argv[0], "names"))
		return show(line, argc, argv);
	if (line->json)
		return misused("--json: show alone writes JSON lines");
	if (!strcmp(argv[0], "ls"))
		return list(argc, argv);
	if (!strcmp(argv[0], "stop"))
		return argc == 2 ? keep_stop(argv[1]) :
				   misused("write stop NAME");
	if (!strcmp(argv[0], "capture"))
		return capture(line, argc, argv);
	return change(argc, argv);
}

int cli_world(int argc, char **argv)
{
	struct line *line = calloc(1, sizeof(*line));
	bool is_verb;
	int rest, code;

	if (!line || !world_plan_init(&line->plan)) {
		free(line);
		return misused("no memory");
	}
	world_options_default(&line->world);
	screen_init(&line->screen, stderr);
	/* The first word is a verb or the name. */
	code = cli_parse(&cli_world_command, argc, argv, line, &rest);
	if (code < 0 && rest == argc)
		code = misused("say its name, or ls, or stop NAME");
	if (code < 0) {
		code = verb(line, argc - rest, argv + rest, &is_verb);
		if (!is_verb)
			code = keep(line, argc - rest, argv + rest);
	}
	world_plan_deinit(&line->plan);
	free(line);
	return code;
}
