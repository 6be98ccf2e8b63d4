/* SPDX-License-Identifier: MIT */
/* catenet run: what was typed becomes options of the world. */
#include "run/run.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <catenet/engine.h>

#include "cli/command.h"
#include "cli/host_options.h"
#include "cli/outputs.h"
#include "cli/path_line.h"
#include "cli/screen.h"
#include "link/impair.h"
#include "link/profile.h"
#include "link/units.h"
#include "run/world/options.h"

#define PUBLISH_MAX 64
#define MTU_MIN 576

enum key {
	KEY_NET = 256,
	KEY_DELAY,
	KEY_RTT,
	KEY_JITTER,
	KEY_LOSS,
	KEY_BURST_LOSS,
	KEY_REORDER,
	KEY_DUPLICATE,
	KEY_CORRUPT,
	KEY_RATE,
	KEY_TRACE,
	KEY_QUEUE,
	KEY_MARK,
	KEY_ECN,
	KEY_TCP_ECN,
	KEY_DROP,
	KEY_MTU,
	KEY_SEED,
	KEY_UP,
	KEY_DOWN,
	KEY_ONLY,
	KEY_IMPAIR_LOOPBACK,
	KEY_SYN_RETRIES,
	KEY_PCAPNG,
	KEY_SUMMARY,
	KEY_EXPLAIN,
	KEY_EVENTS,
	KEY_LANG,
	KEY_ISOLATED,
	KEY_DNS,
	KEY_NO_NAMESPACE,
	KEY_WATCH_SENDMSG,
	KEY_TUN,
	KEY_ADDR,
	KEY_VIA,
	KEY_WORLD,
	KEY_HOST,
	KEY_WITHOUT,
};

static const struct cli_option table[] = {
	{KEY_NET, "net", "NAME",
	 "a path that has a name, for example dsl-bad or satellite; the other "
	 "options change it; without a name they are listed with their "
	 "figures and sources",
	 "The path (each option both ways)"},
	{KEY_DELAY, "delay", "TIME", "every packet takes so long, each way",
	 NULL},
	{KEY_RTT, "rtt", "TIME", "the same for there and back: half each way",
	 NULL},
	{KEY_JITTER, "jitter", "TIME[,KIND]",
	 "the delay varies by so much; KIND is uniform, normal, pareto or "
	 "paretonormal, and ordered keeps packets in order",
	 NULL},
	{KEY_LOSS, "loss", "SHARE", "packets are lost, each on its own", NULL},
	{KEY_BURST_LOSS, "burst-loss", "ENTER[,LEAVE[,BAD[,GOOD]]]",
	 "packets are lost in bursts (Gilbert-Elliott): shares that enter and "
	 "leave a bad state, and that are lost in the bad and the good one",
	 NULL},
	{KEY_REORDER, "reorder", "SHARE[,TIME]",
	 "packets overtake the others, or come TIME later than they", NULL},
	{KEY_DUPLICATE, "duplicate", "SHARE", "packets arrive twice", NULL},
	{KEY_CORRUPT, "corrupt", "SHARE", "one bit of a packet is flipped",
	 NULL},
	{KEY_RATE, "rate", "RATE", "bits of IP packets a second", NULL},
	{KEY_TRACE, "trace", "FILE",
	 "a rate that varies as it was recorded, in Mahimahi's format; of one "
	 "direction: --up 'trace FILE'",
	 NULL},
	{KEY_QUEUE, "queue", "PACKETS|SIZE",
	 "what may wait for the rate; 1000 packets unless said", NULL},
	{KEY_MARK, "mark", "PACKETS",
	 "so many wait for the rate, and more are marked, where their sender "
	 "knows ECN",
	 NULL},
	{KEY_ECN, "ecn", NULL,
	 "what loss would take is marked instead, where its sender knows ECN",
	 NULL},
	{KEY_DROP, "drop", "RULES",
	 "drops exactly these packets, for example 'up syn #1' "
	 "(docs/drop.md)",
	 NULL},
	{KEY_MTU, "mtu", "OCTETS", "largest IP packet; 1500 unless said", NULL},
	{KEY_SEED, "seed", "TEXT", "the same chance again in the next run",
	 NULL},
	{KEY_UP, "up", "WORDS",
	 "one direction alone, from the program: 'loss 5% rate 1mbit'",
	 "One direction, one destination"},
	{KEY_DOWN, "down", "WORDS", "the same, to the program", NULL},
	{KEY_ONLY, "only", "HOST[:PORT]", "impairs only this destination",
	 NULL},
	{KEY_IMPAIR_LOOPBACK, "impair-loopback", NULL,
	 "impairs also what programs inside say to each other", NULL},
	{'p', "publish", "[IP:]HOSTPORT:PORT[/udp]",
	 "what listens inside at PORT is reachable at HOSTPORT of this "
	 "machine; without IP from everywhere",
	 "Reachability"},
	{KEY_ISOLATED, "isolated", NULL,
	 "nothing inside is reachable from this machine's loopback, nor that "
	 "from inside",
	 NULL},
	{KEY_DNS, "dns", "ADDRESS[:PORT]",
	 "the name server that names inside are asked of; this machine's own "
	 "unless said",
	 NULL},
	{KEY_NO_NAMESPACE, "no-namespace", NULL,
	 "the program stays in this machine's network: UDP, ping and names go "
	 "past the path",
	 NULL},
	{KEY_WATCH_SENDMSG, "watch-sendmsg", NULL,
	 "every sendmsg is looked at, for an address in it, which TCP ignores "
	 "and by which UDP reaches this machine's loopback; a call then takes "
	 "some ten microseconds more",
	 NULL},
	{KEY_SYN_RETRIES, "syn-retries", "N",
	 "how often a SYN is sent again before connect gives up", "TCP"},
	HOST_CC_OPTION(NULL),
	{KEY_TCP_ECN, "tcp-ecn", "0|1|2|3|4|5",
	 "explicit congestion notification, as Linux's tcp_ecn: never, asked "
	 "for, or taken where it is asked for; accurate ECN (RFC 9768) asked "
	 "for, taken beside asking for the other, or taken alone; 2 unless "
	 "said, 1 with --ecn",
	 NULL},
	HOST_BUFFER_OPTIONS,
	HOST_GUARD_OPTIONS("inside", "what listens inside"),
	{KEY_EXPLAIN, "explain", NULL,
	 "draws every segment on standard error, and says what it did and why",
	 "Seeing"},
	{KEY_LANG, "lang", "LANG",
	 "of the words of ladder, events and captures, en or zh; by the "
	 "locale unless said",
	 NULL},
	{KEY_EVENTS, "events", "FILE",
	 "writes every event of TCP as a line of JSON (docs/events.md); - is "
	 "standard output (then the program's goes to standard error)",
	 NULL},
	{KEY_PCAPNG, "pcapng", "FILE",
	 "captures every packet, before the path harms it; - is standard "
	 "output (then the program's goes to standard error)",
	 NULL},
	{KEY_SUMMARY, "summary", "FILE",
	 "writes the summary as JSON; - is standard output (then the program's "
	 "goes to standard error)",
	 NULL},
	{'q', "quiet", NULL, "no summary, no remarks", NULL},
	{'v', "verbose", NULL,
	 "the summary also where there is no terminal; where there is one, a "
	 "line of progress every second",
	 NULL},
	{KEY_TUN, "tun", "NAME",
	 "real packets to the kernel through this TUN interface, in place of "
	 "the gateway (privileged)",
	 "A real interface"},
	{KEY_ADDR, "addr", "ADDRESS/BITS", "the program's address on it", NULL},
	{KEY_VIA, "via", "ADDRESS", "the kernel's address on it", NULL},
	{KEY_WORLD, "world", "NAME",
	 "joins the world of that name, which catenet world keeps; the path "
	 "is described there",
	 "A world that others share"},
	{KEY_HOST, "host", "NAME", "the host of it that the program is on",
	 NULL},
	/* For tests: as on a kernel without that feature. */
	{KEY_WITHOUT, "without", "FEATURE", NULL, NULL},
};

static const struct cli_example examples[] = {
	{"catenet run --delay 20ms --loss 1% -- curl -O http://example.org/f",
	 "a download over a slow and lossy path"},
	{"catenet run -- python3 -m http.server 8000",
	 "a server on catenet's TCP, reachable at 127.0.0.1:8000"},
	{"catenet run --net satellite --pcapng out.pcapng -- ssh host",
	 "a path that has a name, captured for Wireshark; catenet run --net "
	 "lists them"},
	{"catenet run --explain --drop 'up syn #1' -- nc 127.0.0.1 7",
	 "the first SYN is lost, always; each segment is drawn and explained"},
};

struct line {
	struct run_options run;
	struct world_options world;
	struct world_publish publish[PUBLISH_MAX];
	const char *only;
	const char *net; /* NULL: none, or while it is looked for */
	bool looking_for_net, via;
	unsigned said; /* path_said's */
	const char *alone; /* an option that no world of others takes */
	struct screen screen;
};

static bool take(void *ctx, int key, const char *value);

static const char *net_name(size_t i)
{
	return i < profile_count() ? profile_at(i)->name : NULL;
}

static const struct cli_values values[] = {
	{KEY_NET, net_name},
	{HOST_CC, host_option_cc},
	{KEY_LANG, screen_lang_name},
};

const struct cli_command cli_run_command = {
	.name = "run",
	.usage = "[OPTION...] [--] PROGRAM [ARGUMENT...]",
	.what = "runs a program, and all that it starts, on catenet's TCP over "
		"a path that you describe",
	.example = examples,
	.example_n = sizeof(examples) / sizeof(examples[0]),
	.option = table,
	.option_n = sizeof(table) / sizeof(table[0]),
	.values = values,
	.values_n = sizeof(values) / sizeof(values[0]),
	.take = take,
};

/* "[IP:]HOSTPORT:PORT"; an IPv6 address in brackets. */
static const char *take_publish(struct line *line, const char *value)
{
	static const char form[] =
		"write [IP:]HOSTPORT:PORT, for example 8080:80, "
		"127.0.0.1:8080:80 or 5353:53/udp";
	struct world_publish *to = &line->publish[line->world.publish_n];
	char text[96], *port, *host_port, *addr = NULL;
	uint64_t number;

	if (line->world.publish_n == PUBLISH_MAX)
		return "too many ports";
	if (strlen(value) >= sizeof(text))
		return form;
	memset(to, 0, sizeof(*to));
	strcpy(text, value);
	port = strrchr(text, '/');
	if (port) {
		to->udp = !strcmp(port, "/udp");
		if (!to->udp && strcmp(port, "/tcp") != 0)
			return form;
		*port = '\0';
	}
	port = strrchr(text, ':');
	if (!port)
		return form;
	*port++ = '\0';
	host_port = strrchr(text, ':');
	if (host_port) {
		*host_port++ = '\0';
		addr = text;
	} else {
		host_port = text;
	}
	if (addr && *addr == '[' && addr[strlen(addr) - 1] == ']') {
		addr[strlen(addr) - 1] = '\0';
		addr++;
	}
	if (addr && !cn_addr_parse(addr, &to->host.addr))
		return form;
	if (units_count(host_port, 1, 65535, &number))
		return form;
	to->host.port = (uint16_t)number;
	if (units_count(port, 1, 65535, &number))
		return form;
	to->port = (uint16_t)number;
	line->world.publish = line->publish;
	line->world.publish_n++;
	return NULL;
}

/* "ADDRESS", "ADDRESS:PORT"; IPv6 with a port in brackets. */
static const char *take_dns(struct world_options *world, const char *value)
{
	static const char form[] =
		"write ADDRESS or ADDRESS:PORT, for example 9.9.9.9 or "
		"[::1]:5353";
	char text[96], *addr = text, *end;
	uint64_t port = 53;

	if (strlen(value) >= sizeof(text))
		return form;
	strcpy(text, value);
	end = strrchr(text, ':');
	if (*addr == '[' && (end = strchr(addr, ']'))) {
		*end++ = '\0';
		addr++;
		if (*end && *end != ':')
			return form;
		end = *end ? end : NULL;
	} else if (end != strchr(text, ':')) {
		end = NULL;
	}
	if (end) {
		*end++ = '\0';
		if (units_count(end, 1, 65535, &port))
			return form;
	}
	if (!cn_addr_parse(addr, &world->dns.addr))
		return form;
	world->dns.port = (uint16_t)port;
	world->has_dns = true;
	return NULL;
}

static const char *take_addr(struct world_options *world, const char *value)
{
	char text[64];
	char *slash;
	uint64_t bits;

	if (strlen(value) >= sizeof(text))
		return "write ADDRESS/BITS, for example 10.9.0.2/24";
	strcpy(text, value);
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (!slash || !cn_addr_parse(text, &world->tun_addr) ||
	    units_count(slash + 1, 1,
			cn_addr_is_v4(&world->tun_addr) ? 32 : 128, &bits))
		return "write ADDRESS/BITS, for example 10.9.0.2/24";
	if (cn_addr_is_any(&world->tun_addr) ||
	    cn_addr_is_loopback(&world->tun_addr) ||
	    cn_addr_is_multicast(&world->tun_addr))
		return "no address that an interface may have; write for "
		       "example 10.9.0.2/24";
	world->tun_prefix = (unsigned)bits;
	return NULL;
}

static const char *take_without(struct run_options *run, const char *value)
{
	static const struct {
		const char *name;
		unsigned bit;
	} features[] = {
		{"pidfd-thread", RUN_WITHOUT_PIDFD_THREAD},
		{"sync-wake-up", RUN_WITHOUT_SYNC_WAKE_UP},
		{"unix-diag", RUN_WITHOUT_UNIX_DIAG},
		{"cap-filter", RUN_WITHOUT_CAP_FILTER},
		{"tun", RUN_WITHOUT_TUN},
		{"namespace", RUN_WITHOUT_NAMESPACE},
	};

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (!strcmp(features[i].name, value)) {
			run->without |= features[i].bit;
			return NULL;
		}
	return "there are pidfd-thread, sync-wake-up, unix-diag, cap-filter, tun "
	       "and namespace";
}

static const char *take_both(struct line *line, int key, const char *value)
{
	const char *name = cli_name_of(&cli_run_command, key);
	const char *why = path_said(&line->said, name);

	if (!why)
		why = units_impair(name, value, &line->world.up);
	return why ? why : units_impair(name, value, &line->world.down);
}

static const char *take_value(struct line *line, int key, const char *value)
{
	struct world_options *world = &line->world;

	switch (key) {
	case KEY_UP:
		return path_take_words(value, &world->up);
	case KEY_DOWN:
		return path_take_words(value, &world->down);
	case KEY_DROP:
		return path_take_drop(value, &world->drop);
	case KEY_MTU:
		return host_option_count(value, MTU_MIN, 65535, &world->mtu);
	case KEY_ONLY:
		line->only = value;
		return NULL;
	case 'p':
		return take_publish(line, value);
	case KEY_SEED:
	case KEY_SYN_RETRIES:
	case HOST_CC:
	case KEY_TCP_ECN:
	case HOST_RMEM:
	case HOST_WMEM:
	case HOST_SNDBUF:
	case HOST_RCVBUF:
	case HOST_MAX_PER_CLIENT:
	case HOST_CLIENT_PREFIX:
	case HOST_IDLE_TIMEOUT:
		return host_option(cli_name_of(&cli_run_command, key), value,
				   world);
	case KEY_PCAPNG:
		world->pcapng = value;
		return NULL;
	case KEY_EVENTS:
		world->events = value;
		return NULL;
	case KEY_LANG:
		return screen_take_lang(&line->screen, value);
	case KEY_SUMMARY:
		world->summary = value;
		return NULL;
	case KEY_WORLD:
		line->run.world = value;
		return NULL;
	case KEY_HOST:
		line->run.host = value;
		return NULL;
	case KEY_WITHOUT:
		return take_without(&line->run, value);
	case KEY_DNS:
		return take_dns(world, value);
	case KEY_TUN:
		world->tun = value;
		return *value ? NULL : "write a name, for example cat0";
	case KEY_ADDR:
		return take_addr(world, value);
	case KEY_VIA:
		line->via = true;
		return cn_addr_parse(value, &world->tun_via) ?
			       NULL :
			       "not an address; write for example 10.9.0.1";
	default:
		return take_both(line, key, value);
	}
}

/* What a program may say of itself in a world that others have described. */
static bool is_for_worlds(int key)
{
	switch (key) {
	case KEY_WORLD:
	case KEY_HOST:
	case KEY_PCAPNG:
	case KEY_EXPLAIN:
	case KEY_EVENTS:
	case KEY_LANG:
	case KEY_SUMMARY:
	case KEY_NO_NAMESPACE:
	case KEY_WITHOUT:
	case 'p':
	case 'q':
	case 'v':
		return true;
	default:
		return false;
	}
}

static bool take(void *ctx, int key, const char *value)
{
	struct line *line = ctx;
	const char *why;

	if (!is_for_worlds(key))
		line->alone = cli_name_of(&cli_run_command, key);

	if (line->looking_for_net || key == KEY_NET) {
		if (key == KEY_NET)
			line->net = value;
		return true;
	}
	switch (key) {
	case KEY_EXPLAIN:
		line->world.explain = true;
		return true;
	case KEY_ECN:
		line->world.up.ecn = true;
		line->world.down.ecn = true;
		return true;
	case KEY_IMPAIR_LOOPBACK:
		line->world.impair_loopback = true;
		return true;
	case KEY_ISOLATED:
		line->world.isolated = true;
		return true;
	case KEY_NO_NAMESPACE:
		line->run.no_namespace = true;
		return true;
	case KEY_WATCH_SENDMSG:
		line->run.watch_sendmsg = true;
		return true;
	case 'q':
		line->run.quiet = true;
		return true;
	case 'v':
		line->run.verbose = true;
		return true;
	default:
		break;
	}
	why = take_value(line, key, value);
	return !why ||
	       cli_wrong(&cli_run_command, cli_name_of(&cli_run_command, key),
			 value, why);
}

/* ----------------------------------------------------- all of it at once -- */

static void only_add(struct world_options *world, const struct addrinfo *info)
{
	struct sockaddr_storage ss;
	struct cn_addr addr;
	const uint8_t *octet = (const uint8_t *)&ss;

	if (world->only_n == WORLD_ONLY_MAX)
		return;
	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, info->ai_addr, info->ai_addrlen);
	if (info->ai_family == AF_INET)
		addr = cn_addr_v4(octet[4], octet[5], octet[6], octet[7]);
	else if (info->ai_family == AF_INET6)
		memcpy(addr.octet, octet + 8, 16);
	else
		return;
	world->only_addr[world->only_n++] = addr;
}

/* "HOST", "HOST:PORT", "[::1]:PORT" */
static const char *find_only(struct world_options *world, const char *value)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	char text[256];
	char *host = text, *port = NULL, *end;
	uint64_t number = 0;

	if (strlen(value) >= sizeof(text))
		return "write HOST or HOST:PORT";
	strcpy(text, value);
	if (*host == '[' && (end = strchr(host, ']'))) {
		*end = '\0';
		host++;
		if (end[1] && end[1] != ':')
			return "write HOST or HOST:PORT, for example "
			       "[::1]:80";
		port = end[1] ? end + 2 : NULL;
	} else if ((end = strrchr(host, ':')) && end == strchr(host, ':')) {
		*end = '\0';
		port = end + 1;
	}
	if (port && units_count(port, 1, 65535, &number))
		return "not a port; write HOST:PORT";
	if (getaddrinfo(host, NULL, &hints, &list))
		return "no such host";
	for (const struct addrinfo *info = list; info; info = info->ai_next)
		only_add(world, info);
	freeaddrinfo(list);
	world->only = true;
	world->only_port = (uint16_t)number;
	return NULL;
}

static bool is_clean(const struct world_options *world)
{
	struct world_options usual;

	world_options_default(&usual);
	return impair_is_clean(&world->up) && impair_is_clean(&world->down) &&
	       !world->drop && world->mtu == usual.mtu;
}

/* Options that do nothing without another, or beside one. */
static const char *check_places(const struct line *line)
{
	const struct world_options *world = &line->world;

	if (world->impair_loopback && is_clean(world))
		return "--impair-loopback: nothing is impaired there; say how, "
		       "for example --delay 50ms";
	if (world->tun && !world->tun_prefix)
		return "--tun needs --addr ADDRESS/BITS, the program's address "
		       "on it";
	if (!world->tun && (world->tun_prefix || line->via))
		return "--addr and --via need --tun NAME";
	if (world->has_dns && (line->run.no_namespace || world->tun))
		return "--dns: names are this machine's with --no-namespace "
		       "and --tun; leave one out";
	return NULL;
}

static bool check_together(struct line *line)
{
	struct world_options *world = &line->world;
	const struct cli_output output[] = {
		{"events", world->events},
		{"pcapng", world->pcapng},
		{"summary", world->summary},
	};
	const char *why = path_pair_check(&world->up, &world->down);

	if (!why)
		why = host_options_check(world);
	if (!why)
		why = check_places(line);
	if (why) {
		fprintf(stderr, "catenet run: %s\n", why);
		return false;
	}
	if (line->only) {
		why = find_only(world, line->only);
		if (!why && is_clean(world))
			why = "nothing is impaired there; say how, for example "
			      "--delay 50ms";
		if (why)
			return cli_wrong(&cli_run_command, "only", line->only,
					 why);
	}
	return outputs_check("run", output, sizeof(output) / sizeof(output[0]));
}

/* In a world of others the network is described by whoever keeps it. */
static bool check_world(const struct line *line)
{
	if (!line->run.world && line->run.host) {
		fprintf(stderr, "catenet run: --host needs --world NAME\n");
		return false;
	}
	if (!line->run.world || !line->alone)
		return true;
	fprintf(stderr,
		"catenet run: --%s: not with --world, where hosts and network "
		"are the world's: what catenet world has of it is said when it "
		"begins; catenet world set %s LINK delay 50ms changes a link\n",
		line->alone, line->run.world);
	return false;
}

#define NET_LIST "list"

/*
 * --net comes before all other options, wherever it stands: they change what
 * it says.  -1: go on; else the exit code.
 */
static int take_net(struct line *line, int argc, char **argv)
{
	static char list[] = NET_LIST;
	char **words = calloc((size_t)argc + 2, sizeof(*words));
	const struct profile *profile;
	int rest, code;

	if (!words)
		return EXIT_CATENET;
	/* Without a name it would lack its value.  After a program the word
	 * more is none of ours. */
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	words[argc] = list;
	line->looking_for_net = true;
	code = cli_parse(&cli_run_command, argc + 1, words, line, &rest);
	line->looking_for_net = false;
	free(words);
	if (code >= 0 || !line->net)
		return code;
	if (!strcmp(line->net, NET_LIST)) {
		profile_list(stdout);
		return 0;
	}
	profile = profile_find(line->net);
	if (!profile) {
		(void)cli_wrong(&cli_run_command, "net", line->net,
				"no such path; catenet run --net lists them");
		return EXIT_CATENET;
	}
	profile_apply(profile, &line->world.up, &line->world.down);
	return -1;
}

int cli_run(int argc, char **argv)
{
	struct line line;
	int rest, code;

	memset(&line, 0, sizeof(line));
	world_options_default(&line.world);
	screen_init(&line.screen, stderr);
	code = take_net(&line, argc, argv);
	if (code >= 0)
		return code;
	code = cli_parse(&cli_run_command, argc, argv, &line, &rest);
	if (code >= 0)
		return code;
	if (rest == argc) {
		fprintf(stderr, "catenet run: no program to run; write "
				"catenet run [OPTION...] -- PROGRAM\n");
		return EXIT_CATENET;
	}
	if (!check_world(&line) || !check_together(&line))
		return EXIT_CATENET;
	line.run.argv = argv + rest;
	line.world.screen = (struct world_screen){
		.width = line.screen.width,
		.lang = (uint8_t)line.screen.lang,
		.colour = line.screen.colour,
		.ascii = line.screen.ascii,
	};
	line.run.path = &line.world;
	return run_main(&line.run);
}
