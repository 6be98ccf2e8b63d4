/* SPDX-License-Identifier: MIT */
/*
 * One world: the program's host, a path up and a path down, and the gateway's
 * host, all on the real clock; or, with --tun, a real interface in place of
 * the gateway.
 *
 * The pump moves what can be moved without waiting: events of the hosts to
 * their sockets' owners, octets through the relays, frames from host to path
 * to host.  It runs whenever something was done to a host, and when the
 * earliest deadline of hosts and paths has come.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/assert.h"
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

/* Frames that one host may send before the other has its turn, and rounds of
 * the pump before the descriptors have theirs. */
#define FRAMES_TURN 64
#define PUMP_ROUNDS 64
/* Largest payload of a super-segment. */
#define SUPER 65160
#define LOOPBACK_MTU 65535
#define POLL_NS (10 * CN_NS_PER_MS)

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

uint64_t world_now(const struct world *world)
{
	return loop_now(world->loop);
}

bool world_is_apart(const struct world *world)
{
	return world->hosts || world->options->tun;
}

void world_touch(struct world *world)
{
	world->changed = true;
}

struct cn_endpoint world_seen(const struct world *world,
			      const struct cn_endpoint *ep)
{
	struct cn_endpoint seen = *ep;

	if (!world->hosts)
		seen.addr = alias_real(&world->alias, &ep->addr);
	return seen;
}

/* ------------------------------------------------------------- making -- */

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

static int say(const char *what, int rc)
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
static bool world_sums_up(const struct world *world)
{
	return world->options->summary ||
	       (!world->quiet && (world->verbose || isatty(STDERR_FILENO)));
}

struct cn_addr world_gateway(const struct world *world, bool v4)
{
	struct cn_addr addr = v4 ? cn_addr_v4(0, 0, 0, 0) :
				   (struct cn_addr){{0}};

	if (!world->hosts)
		return alias_gateway(&world->alias, v4);
	(void)hosts_gateway_addr(world->hosts, v4, &addr);
	return addr;
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
		rc = say("the gateway", gateway_start(world));
	if (!rc && world->gateway)
		rc = say("the gateway", make_beyond(world));
	if (rc)
		return rc;
	world->twins = twins_new(world);
	if (!world->twins)
		return say("the world", ENOMEM);
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
		return say("the world", ENOMEM);
	rc = say("the machine's addresses", machine_init(&world->machine));
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
	rc = say(opt->events ? opt->events : "looking",
		 watch_open(opt, world_sums_up(world), world_now(world),
			    &world->watch));
	if (!rc && opt->events)
		rc = say(opt->events, leave_stdout(opt->events));
	if (!rc)
		rc = say("the world's hosts", make_hosts(world));
	if (!rc)
		rc = say("the world's paths", make_lanes(world));
	if (!rc && opt->pcapng)
		rc = say(opt->pcapng, open_tap(world));
	if (!rc && opt->summary)
		rc = say(opt->summary, open_summary(world));
	if (!rc && !opt->tun)
		rc = say("the gateway", gateway_start(world));
	if (!rc && !opt->tun)
		rc = publish_check(world);
	return rc;
}

static void pump_timer(void *ctx, uint64_t now);
static void poll_timer(void *ctx, uint64_t now);

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
		say("a seed from the kernel", n < 0 ? errno : EIO);
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
	world->timer.fire = pump_timer;
	world->timer.ctx = world;
	world->poll.fire = poll_timer;
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

/* Their last octet is acknowledged; only the peer's FIN may be missing. */
static void end_orphans(struct world *world)
{
	struct list *node;

	while ((node = list_first(&world->orphans)))
		orphan_done(CN_CONTAINER(node, struct orphan, node),
			    world_now(world));
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
	end_orphans(world);
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

/* --------------------------------------------------------------- pump -- */

void world_take(struct world *world, const struct cn_host *host,
		const struct cn_event *event)
{
	struct ear *ear = event->tag;

	switch ((enum cn_event_kind)event->kind) {
	case CN_EVENT_READY:
		if (ear)
			ear->ready(ear);
		break;
	case CN_EVENT_SYN:
		gateway_syn(world, event);
		break;
	case CN_EVENT_SYN_GONE:
		gateway_syn_gone(world, event);
		break;
	case CN_EVENT_ORPHAN_DONE:
		if (host == world->gateway)
			break;
		if (event->err)
			world->tally.abandoned += event->octets;
		if (ear)
			orphan_done(event->tag, world_now(world));
		break;
	}
}

static bool drain_events(struct world *world, struct cn_host *host)
{
	struct cn_event event;
	bool any = false;

	while (cn_host_event(host, &event)) {
		any = true;
		world_take(world, host, &event);
	}
	return any;
}

static void run_relays(struct world *world, bool *moved, uint64_t now)
{
	/* Those that are touched while they run wait for the next round. */
	struct list todo, *node;

	list_init(&todo);
	while ((node = list_first(&world->due))) {
		list_del(node);
		list_add_tail(&todo, node);
	}
	while ((node = list_first(&todo))) {
		list_del(node);
		wsock_relay(CN_CONTAINER(node, struct wsock, relay.node), moved,
			    now);
	}
	while ((node = list_first(&world->due_flows))) {
		list_del(node);
		list_add_tail(&todo, node);
	}
	while ((node = list_first(&todo))) {
		list_del(node);
		flow_relay(CN_CONTAINER(node, struct flow, relay.node), moved,
			   now);
	}
}

static bool emit(struct cn_host *host, int link, struct lane *lane,
		 uint64_t now)
{
	struct cn_frame frame;
	int n = 0;

	while (n < FRAMES_TURN && cn_host_output(host, link, &frame, now)) {
		lane_send(lane, &frame, now);
		n++;
	}
	return n > 0;
}

/*
 * After each frame the host says what it has to say, so that an ACK is sent for
 * every second segment and not one for all that came in this turn: a single
 * one, lost, would cost a retransmission timeout.
 */
static bool deliver(struct lane *lane, struct cn_host *host, int link,
		    struct lane *back, uint64_t now)
{
	struct cn_frame frame;
	int n = 0;

	while (n < FRAMES_TURN && lane_recv(lane, &frame, now)) {
		cn_host_input(host, link, &frame, now);
		cn_frame_release(&frame);
		if (back)
			(void)emit(host, link, back, now);
		n++;
	}
	return n > 0;
}

static bool move_frames(struct world *world, uint64_t now)
{
	struct lane *up = world->gateway ? &world->up : NULL;
	bool any = emit(world->program, world->program_path, &world->up, now);

	any |= emit(world->program, world->program_lo, &world->lo, now);
	any |= inner_move(world, now);
	if (world->gateway) {
		any |= deliver(&world->up, world->gateway, world->gateway_path,
			       &world->down, now);
		any |= emit(world->gateway, world->gateway_path, &world->down,
			    now);
	} else {
		any |= wtun_move(world, now);
	}
	any |= deliver(&world->down, world->program, world->program_path, up,
		       now);
	any |= deliver(&world->lo, world->program, world->program_lo,
		       &world->lo, now);
	return any;
}

static void advance(struct cn_host *host, uint64_t now)
{
	if (host && cn_host_deadline(host) <= now)
		cn_host_advance(host, now);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t deadline(const struct world *world)
{
	uint64_t at;

	if (world->hosts)
		return hosts_deadline(world->hosts);
	at = cn_host_deadline(world->program);
	if (world->gateway)
		at = sooner(at, cn_host_deadline(world->gateway));
	if (!wtun_is_blocked(world))
		at = sooner(at, lane_deadline(&world->up));
	at = sooner(at, lane_deadline(&world->down));
	return sooner(at, lane_deadline(&world->lo));
}

static bool has_due(const struct world *world)
{
	return !list_is_empty(&world->due) || !list_is_empty(&world->due_flows);
}

static bool drain_all(struct world *world)
{
	bool any = drain_events(world, world->program);

	if (world->gateway)
		any |= drain_events(world, world->gateway);
	return any;
}

static void pump(struct world *world)
{
	bool moved = true;

	if (world->pumping)
		return;
	world->pumping = true;
	for (int i = 0; i < PUMP_ROUNDS && moved; i++) {
		uint64_t now = loop_refresh(world->loop);

		world->changed = false;
		moved = false;
		if (!world->hosts) {
			advance(world->program, now);
			advance(world->gateway, now);
			moved |= drain_all(world);
		}
		run_relays(world, &moved, now);
		moved |= world->hosts ? hosts_move(world->hosts, now) :
					move_frames(world, now);
		moved |= world->changed;
		if (moved)
			ebb_moved(&world->ebb);
	}
	publish_room(world);
	world->pumping = false;
	world->changed = false;
	if (moved || has_due(world))
		(void)loop_at(world->loop, &world->timer, world_now(world));
	else
		(void)loop_at(world->loop, &world->timer, deadline(world));
	tap_flush(&world->tap, world_now(world));
}

static void pump_timer(void *ctx, uint64_t now)
{
	(void)now;
	pump(ctx);
}

/* It is enough that the loop has turned. */
static void poll_timer(void *ctx, uint64_t now)
{
	(void)ctx;
	(void)now;
}

/* ------------------------------------------------------------- events -- */

/* One event of those that a socket has to give. */
static bool take_news(struct wsock *sock, struct world_event *event)
{
	memset(event, 0, sizeof(*event));
	event->sock = sock;
	event->tag = sock->tag;
	if (sock->news_connected) {
		sock->news_connected = false;
		event->kind = WORLD_CONNECTED;
	} else if (sock->news_failed) {
		sock->news_failed = false;
		event->kind = WORLD_FAILED;
		event->err = sock->news_err;
	} else if (sock->news_acceptable) {
		sock->news_acceptable = false;
		event->kind = WORLD_ACCEPTABLE;
		event->n = cn_sock_pending(sock->ls.sock, NULL);
		if (sock->edge)
			event->n += cn_sock_pending(sock->edge, NULL);
	} else if (sock->news_ended) {
		sock->news_ended = false;
		event->kind = WORLD_ENDED;
		event->err = sock->news_err;
		event->gone = sock->ended_gone;
		event->reset = sock->ended_reset;
	} else {
		return false;
	}
	return true;
}

bool near_event(struct world *world, struct world_event *event)
{
	struct list *node;

	if (world->changed || has_due(world))
		pump(world);
	while ((node = list_first(&world->news))) {
		struct wsock *sock = CN_CONTAINER(node, struct wsock, news);

		if (take_news(sock, event))
			return true;
		list_del(&sock->news);
	}
	return false;
}

bool near_is_connected(struct wsock *sock)
{
	pump(sock->world);
	if (!sock->news_connected)
		return false;
	sock->news_connected = false;
	return true;
}

/* ---------------------------------------------------------------- end -- */

/* Connections that the program has left to us. */
static void see_orphan(void *ctx, const struct cn_sock_row *row)
{
	uint64_t *octets = ctx;

	if (row->sock)
		return;
	switch ((enum cn_tcp_state)row->state) {
	case CN_FIN_WAIT_1:
	case CN_CLOSING:
	case CN_LAST_ACK:
		/* The FIN counts as one. */
		*octets += row->send_q ? row->send_q : 1;
		break;
	case CN_ESTABLISHED:
	case CN_SYN_SENT:
	case CN_SYN_RECEIVED:
	case CN_FIN_WAIT_2:
	case CN_TIME_WAIT:
	case CN_CLOSED:
	case CN_CLOSE_WAIT:
	case CN_LISTEN:
		break;
	}
}

bool near_is_idle(struct world *world, uint64_t *octets)
{
	struct cn_path_stats up;
	uint64_t left = 0, lost = 0;

	cn_host_each(world->program, see_orphan, &left);
	for (const struct list *node = world->socks.next; node != &world->socks;
	     node = node->next) {
		const struct wsock *sock =
			CN_CONTAINER(node, struct wsock, node);

		if (sock->phase == WSOCK_RELAY)
			left += near_outq(sock) + 1;
	}
	for (struct list *node = world->flows.next; node != &world->flows;
	     node = node->next) {
		bool given_up;
		uint64_t outq = flow_outq(CN_CONTAINER(node, struct flow, node),
					  &given_up);

		if (given_up)
			lost += outq;
		else
			left += outq;
	}
	*octets = left + lost;
	/* A reset is not acknowledged: it shall at least have arrived. */
	lane_stats(&world->up, &up);
	if (!left && !up.queued)
		return true;
	/* The kernel tells nobody when the last octet is acknowledged. */
	(void)loop_at(world->loop, &world->poll, world_now(world) + POLL_NS);
	return false;
}

void near_finish(struct world *world)
{
	struct tally_path path;
	uint64_t left = 0;

	pump(world);
	(void)near_is_idle(world, &left);
	world->tally.abandoned += left;
	end_orphans(world);
	lane_stats(&world->up, &path.up);
	lane_stats(&world->down, &path.down);
	progress_free(world->progress);
	world->progress = NULL;
	watch_flush(world->watch);
	tally_limits(&world->tally, world->watch, world_now(world));
	if (world->summary) {
		tally_json(&world->tally, &path,
			   cn_host_counters(world->program), world->summary,
			   world_now(world));
		if (fclose(world->summary))
			say(world->options->summary, errno);
		world->summary = NULL;
	}
	if (!world->quiet && (world->verbose || isatty(STDERR_FILENO)))
		tally_print(&world->tally, &path, stderr, world_now(world));
	tap_close(&world->tap);
}
