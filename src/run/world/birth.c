/* SPDX-License-Identifier: MIT */
/*
 * How a world is put together, and taken apart: its hosts, their links and
 * addresses, the lanes between them, who looks at them, what they are beside
 * TCP; every seed derived from one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/linux_err.h"
#include "link/heap.h"
#include "run/run.h"
#include "run/world/beyond.h"
#include "run/world/control.h"
#include "run/world/hosts.h"
#include "run/world/inner.h"
#include "run/world/parts.h"
#include "run/world/progress.h"
#include "run/world/resolver.h"
#include "run/world/tun.h"
#include "run/world/twins.h"
#include "run/world/udp_ports.h"
#include "run/world/udp_publish.h"

/* Largest payload of a super-segment. */
#define SUPER 65160
#define LOOPBACK_MTU 65535

void world_options_default(struct world_options *options)
{
	struct cn_settings set;

	cn_settings_default(&set);
	memset(options, 0, sizeof(*options));
	options->rmem = set.rmem;
	options->wmem = set.wmem;
	options->mtu = 1500;
	options->syn_retries = -1;
	options->cc = -1;
	options->ecn = -1;
}

/* Every host and lane has a seed of its own, derived from one. */
static void seed_for(const struct world *world, uint8_t number,
		     uint8_t seed[16])
{
	memcpy(seed, world->options->seed, 16);
	seed[15] ^= number;
}

void world_guard(const struct world *world, struct cn_settings *set)
{
	const struct world_options *opt = world->options;

	set->max_per_client = opt->max_per_client;
	if (opt->client_prefix)
		set->client_prefix_v6 = (uint8_t)opt->client_prefix;
	set->idle_timeout_ns = opt->idle_timeout_ns;
}

void world_settle(const struct world *world, struct cn_settings *set)
{
	const struct world_options *opt = world->options;

	set->memory_limit = (size_t)1 << 30;
	/* Between two hosts of ours there is nobody to protect from answers. */
	set->icmp_rate = 1000000;
	set->port_low = world->machine.port_low;
	set->port_high = world->machine.port_high;
	if (world->machine.somaxconn < UINT16_MAX)
		set->somaxconn = (uint16_t)world->machine.somaxconn;
	set->syn_retries = (uint8_t)(opt->syn_retries >= 0 ?
					     (uint32_t)opt->syn_retries :
					     world->machine.syn_retries);
	if (opt->cc >= 0)
		set->cc = (uint8_t)opt->cc;
	if (opt->ecn >= 0)
		set->ecn = (uint8_t)opt->ecn;
	else if (opt->up.ecn || opt->down.ecn || opt->up.mark || opt->down.mark)
		set->ecn = 1;
	set->sndbuf = opt->sndbuf;
	set->rcvbuf = opt->rcvbuf;
	set->rmem = opt->rmem;
	set->wmem = opt->wmem;
}

static int host_new(struct world *world, const char *name, uint8_t number,
		    struct cn_host **host)
{
	const struct world_options *opt = world->options;
	struct cn_settings set;

	cn_settings_default(&set);
	world_settle(world, &set);
	seed_for(world, number, set.seed);
	set.seeded = world->options->seeded;
	set.pool = world->pool;
	set.name = name;
	if (number == 0)
		world_guard(world, &set);
	set.any_addr = number == 1;
	set.trace = watch_trace(world->watch, number);
	set.dgram_trace = watch_dgrams(world->watch, number);
	if (number == 0 && (world->watch || opt->pcapng))
		set.loopback_tap = &world->loopback_sink;
	return cn_host_new(&set, world_now(world), host);
}

static int path_link(struct world *world, struct cn_host *host, int *link)
{
	struct cn_addr any4 = cn_addr_v4(0, 0, 0, 0);
	struct cn_addr any6 = {{0}};
	struct cn_link_config config = {
		.name = "path",
		.mtu = world->options->mtu,
		.tx_csum = true,
		.tx_super = SUPER,
	};
	int rc = cn_host_link_add(host, &config, link);

	if (!rc)
		rc = cn_host_route_add(host, *link, &any4, 0);
	if (!rc)
		rc = cn_host_route_add(host, *link, &any6, 0);
	return rc;
}

static int loopback_link(struct world *world)
{
	struct cn_addr local4 = cn_addr_v4(127, 0, 0, 1);
	struct cn_addr local6 = {{[15] = 1}};
	struct cn_link_config config = {
		.name = "lo",
		.mtu = LOOPBACK_MTU,
		.tx_csum = true,
		.loopback = true,
	};
	int rc = cn_host_link_add(world->program, &config, &world->program_lo);

	if (!rc)
		rc = cn_host_addr_add(world->program, world->program_lo,
				      &local4, 8);
	if (!rc)
		rc = cn_host_addr_add(world->program, world->program_lo,
				      &local6, 128);
	return rc;
}

/* A refusal is harmless: the host has no room for so many addresses, and
 * bind() to the rest gives EADDRNOTAVAIL. */
static void bear_one(struct world *world, const struct cn_addr *addr)
{
	int rc = cn_host_addr_add(world->program, world->program_path, addr,
				  cn_addr_is_v4(addr) ? 32 : 128);

	if (rc && world->verbose)
		fprintf(stderr, "catenet: an address of this machine: %s\n",
			cn_err_text(rc));
}

/* The address that the machine sends from, where it sends at all. */
static void primary_of(struct world *world, bool v4)
{
	struct cn_endpoint far = {.port = 53};
	struct cn_addr *primary = v4 ? &world->primary4 : &world->primary6;

	/* Any address that is surely not on a local network. */
	if (!cn_addr_parse(v4 ? "9.9.9.9" : "2620:fe::fe", &far.addr))
		return;
	if (machine_probe(&world->machine, &far, 0, primary))
		*primary = v4 ? cn_addr_v4(0, 0, 0, 0) : (struct cn_addr){{0}};
	else if (!cn_addr_is_any(primary))
		bear_one(world, primary);
}

void world_bear(struct world *world)
{
	for (; world->borne < world->machine.addr_n; world->borne++) {
		const struct machine_addr *own =
			&world->machine.addr[world->borne];

		bear_one(world, &own->addr);
	}
}

/* A name on the path for the program's host, or for the gateway. */
static int bear_alias(const struct world *world, struct cn_host *host, int link,
		      bool gateway)
{
	struct cn_addr a4 = gateway ? alias_gateway(&world->alias, true) :
				      alias_program(&world->alias, true);
	struct cn_addr a6 = gateway ? alias_gateway(&world->alias, false) :
				      alias_program(&world->alias, false);
	int rc = cn_host_addr_add(host, link, &a4, 24);

	return rc ? rc : cn_host_addr_add(host, link, &a6, 64);
}

static int make_hosts(struct world *world)
{
	int rc = host_new(world, "program", 0, &world->program);

	world->only = (struct whost){.host = world->program, .name = ""};
	if (!rc)
		rc = path_link(world, world->program, &world->program_path);
	if (!rc)
		rc = loopback_link(world);
	if (rc)
		return rc;
	if (world->options->tun)
		return wtun_address(world);
	primary_of(world, true);
	primary_of(world, false);
	rc = bear_alias(world, world->program, world->program_path, false);
	if (rc)
		return rc;
	world_bear(world);
	rc = host_new(world, "gateway", 1, &world->gateway);
	if (!rc)
		rc = path_link(world, world->gateway, &world->gateway_path);
	if (!rc)
		rc = bear_alias(world, world->gateway, world->gateway_path,
				true);
	return rc;
}

static int make_lane(struct world *world, struct lane *lane, char direction,
		     const struct cn_impair *impair, struct watch_lane *looks)
{
	struct lane_config config = {
		.pool = world->pool,
		.options = world->options,
		.impair = impair,
		.alias = &world->alias,
		.direction = direction,
		.mtu = direction == 'l' ? LOOPBACK_MTU : world->options->mtu,
	};

	seed_for(world, (uint8_t)direction, config.seed);
	looks->watch = world->watch;
	looks->sender = direction == 'u' ? 0 : direction == 'd' ? 1 : -1;
	looks->tap.loopback = direction == 'l';
	looks->tap.way = direction == 'd' ? PCAPNG_IN : PCAPNG_OUT;
	if (world->options->pcapng)
		looks->tap.tap = &world->tap;
	if (world->options->pcapng || world->watch) {
		config.sink.packet = watch_packet;
		config.sink.ctx = looks;
		config.sink.whole = true;
	}
	return lane_init(lane, &config);
}

static int make_lanes(struct world *world)
{
	static const struct cn_impair clean;
	const struct world_options *opt = world->options;
	int rc = make_lane(world, &world->up, 'u', &opt->up, &world->watch_up);

	if (!rc)
		rc = make_lane(world, &world->down, 'd', &opt->down,
			       &world->watch_down);
	if (!rc)
		rc = make_lane(world, &world->lo, 'l',
			       opt->impair_loopback ? &opt->up : &clean,
			       &world->watch_lo);
	return rc;
}

int world_say(const char *what, int rc)
{
	if (rc)
		fprintf(stderr, "catenet: %s: %s\n", what,
			rc > 0 ? strerror(rc) : cn_err_text(rc));
	return rc;
}

/* What is seen on standard output is alone there: what the program prints goes
 * to standard error. */
static int leave_stdout(const char *name)
{
	return !strcmp(name, "-") && dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ?
		       errno :
		       0;
}

static int open_tap(struct world *world)
{
	const char *name = world->options->pcapng;
	int rc = -tap_open(&world->tap, world->pool, name);

	return rc ? rc : leave_stdout(name);
}

static int open_summary(struct world *world)
{
	const char *name = world->options->summary;
	int err;

	world->summary = capture_file_text(name, &err);
	return world->summary ? leave_stdout(name) : err;
}

/* Whether there will be a summary. */
static bool sums_up(const struct world *world)
{
	return world->options->summary ||
	       (!world->quiet && (world->verbose || isatty(STDERR_FILENO)));
}

/* Datagrams and pings to what is nobody's in the world. */
static int make_beyond(struct world *world)
{
	int rc = resolver_new(world);

	if (!rc)
		rc = udp_relay_new(world);
	if (!rc)
		rc = echoes_new(world);
	if (!rc)
		cn_host_twin(world->gateway, CN_TWIN_BEYOND);
	return rc;
}

static int make_lab(struct world *world)
{
	int rc = hosts_new(world, &world->hosts);

	if (!rc && world->gateway)
		rc = world_say("the gateway", gateway_start(world));
	if (!rc && world->gateway)
		rc = world_say("the gateway", make_beyond(world));
	if (rc)
		return rc;
	world->twins = twins_new(world);
	if (!world->twins)
		return world_say("the world", ENOMEM);
	rc = publish_check(world);
	return rc ? rc : udp_publish_all(world);
}

static int make(struct world *world)
{
	const struct world_options *opt = world->options;
	int rc;

	world->pool = cn_pool_new(&heap_memory);
	ebb_init(&world->ebb, world->loop, world->pool);
	if (!world->pool)
		return world_say("the world", ENOMEM);
	rc = world_say("the machine's addresses",
		       machine_init(&world->machine));
	if (rc)
		return rc;
	alias_init(&world->alias, &world->machine);
	world->limits = (struct linux_limits){
		.rmem_max = world->machine.rmem_max,
		.wmem_max = world->machine.wmem_max,
		.admin = world->machine.admin,
	};
	if (opt->lab) {
		/* Rows are for those who ask for a summary at the end. */
		world->tally.row_n = TALLY_ROWS;
		return make_lab(world);
	}
	if (opt->tun) {
		rc = wtun_open(world);
		if (rc)
			return rc;
	}
	world->loopback_sink.frame = watch_loopback;
	world->loopback_sink.ctx = &world->watch_lo;
	rc = world_say(opt->events ? opt->events : "looking",
		       watch_open(opt, sums_up(world), world_now(world),
				  &world->watch));
	if (!rc && opt->events)
		rc = world_say(opt->events, leave_stdout(opt->events));
	if (!rc)
		rc = world_say("the world's hosts", make_hosts(world));
	if (!rc)
		rc = world_say("the world's paths", make_lanes(world));
	if (!rc && opt->pcapng)
		rc = world_say(opt->pcapng, open_tap(world));
	if (!rc && opt->summary)
		rc = world_say(opt->summary, open_summary(world));
	if (!rc && !opt->tun)
		rc = world_say("the gateway", gateway_start(world));
	if (!rc && !opt->tun)
		rc = publish_check(world);
	return rc;
}

static const struct world_ops near_ops = {
	.free = near_free,
	.event = near_event,
	.netns = near_netns,
	.hold = near_hold,
	.udp_bound = near_udp_bound,
	.udp_wanted = near_udp_wanted,
	.socket = near_socket,
	.is_idle = near_is_idle,
	.finish = near_finish,
	.bind = near_bind,
	.listen = near_listen,
	.connect = near_connect,
	.is_connected = near_is_connected,
	.accept = near_accept,
	.set_tag = near_set_tag,
	.set_inode = near_set_inode,
	.attach = near_attach,
	.shutdown = near_shutdown,
	.more = near_more,
	.close = near_close,
	.name = near_name,
	.peer = near_peer,
	.setsockopt = near_setsockopt,
	.getsockopt = near_getsockopt,
	.outq = near_outq,
	.unsent = near_unsent,
};

/* Fewer octets than asked for are no seed (row 7 of the attacks). */
static bool find_seed(struct world_options *own)
{
	ssize_t n;

	if (own->seeded)
		return true;
	n = getrandom(own->seed, sizeof(own->seed), 0);
	own->seeded = n == (ssize_t)sizeof(own->seed);
	if (!own->seeded)
		world_say("a seed from the kernel", n < 0 ? errno : EIO);
	return own->seeded;
}

struct world *near_new(struct loop *loop, const struct run_options *options)
{
	struct world *world = calloc(1, sizeof(*world));
	struct world_options *own;

	if (!world)
		return NULL;
	own = malloc(sizeof(*own));
	if (!own) {
		free(world);
		return NULL;
	}
	if (options->path)
		memcpy(own, options->path, sizeof(*own));
	else
		world_options_default(own);
	world->face.ops = &near_ops;
	world->options = own;
	world->loop = loop;
	world->quiet = options->quiet;
	world->verbose = options->verbose;
	world_timers(world);
	list_init(&world->socks);
	list_init(&world->news);
	list_init(&world->flows);
	list_init(&world->connecting);
	list_init(&world->listeners);
	list_init(&world->pending);
	list_init(&world->published);
	list_init(&world->orphans);
	list_init(&world->due);
	list_init(&world->due_flows);
	tally_init(&world->tally, loop_now(loop));
	world->owner.tally = &world->tally;
	if (!find_seed(own) || make(world)) {
		near_free(world);
		return NULL;
	}
	/* Nobody may be able to ask; the world runs all the same. */
	world->control = control_new(loop, world,
				     options->argv ? options->argv[0] : "?");
	if (!own->lab)
		world->progress = progress_new(world);
	return world;
}

bool near_netns(struct world *world, struct netns_config *config)
{
	if (world_is_apart(world) || resolver_new(world))
		return false;
	inner_config(world, config);
	return true;
}

int near_hold(struct world *world, struct netns *ns)
{
	int rc = udp_relay_new(world);

	if (!rc)
		rc = echoes_new(world);
	if (rc)
		return -linux_errno(rc);
	world->up.catch = echo_catch;
	world->up.catch_ctx = world;
	world->down.catch = inner_catch;
	world->down.catch_ctx = world;
	rc = inner_new(world, ns);
	return rc ? rc : udp_ports_new(world, ns);
}

void near_free(struct world *world)
{
	struct list *node;

	if (!world)
		return;
	control_free(world->control);
	progress_free(world->progress);
	while ((node = list_first(&world->socks)))
		wsock_drop(CN_CONTAINER(node, struct wsock, node));
	while ((node = list_first(&world->flows))) {
		struct flow *flow = CN_CONTAINER(node, struct flow, node);

		/* What it has sent and ended reaches the real peer. */
		flow_free(flow, !flow->relay.out_over);
	}
	world_end_orphans(world);
	while ((node = list_first(&world->published)))
		publish_drop(CN_CONTAINER(node, struct published, node));
	loop_cancel(world->loop, &world->timer);
	loop_cancel(world->loop, &world->poll);
	ebb_deinit(&world->ebb);
	udp_ports_free(world);
	udp_relay_free(world);
	twins_free(world->twins);
	if (world->hosts)
		world->gateway = NULL; /* it is one of those */
	hosts_free(world->hosts);
	if (world->gateway)
		cn_host_free(world->gateway);
	if (world->program)
		cn_host_free(world->program);
	if (world->summary)
		(void)fclose(world->summary);
	inner_free(world);
	echoes_free(world);
	resolver_free(world);
	lane_deinit(&world->up);
	lane_deinit(&world->down);
	lane_deinit(&world->lo);
	tap_close(&world->tap);
	watch_close(world->watch);
	wtun_close(world);
	machine_deinit(&world->machine);
	alias_deinit(&world->alias);
	tally_deinit(&world->tally);
	if (world->pool)
		cn_pool_free(world->pool);
	free((void *)(uintptr_t)world->options);
	free(world);
}
