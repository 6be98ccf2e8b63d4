/* SPDX-License-Identifier: MIT */
/*
 * The virtual clock and its one loop.  The order within an instant is fixed
 * (wires, hosts, applications, each by number), which is what makes a run
 * depend on its seed and on nothing else.
 */
#include "sim/sim.h"

#include <catenet/socket.h>

#include <stdlib.h>
#include <string.h>

#include "wire/icmp.h"

/* A host that wants the time again and again without doing anything with it;
 * an instant that never ends. */
#define IDLE_ROUNDS_MAX 8
#define ROUNDS_MAX 10000000

struct wire {
	struct sim *sim;
	int host[2]; /* a, b */
	int link[2]; /* the wire's number on each */
	bool ring;
	uint32_t path_mtu[2];
	uint32_t swallows[2]; /* what is longer; 0: nothing */
	uint64_t routed[2]; /* packets that a router gave */
	struct cn_path *path[2]; /* toward a, toward b */
	struct toward {
		struct wire *wire;
		int end;
	} toward[2];
};

struct sim {
	struct cn_pool *pool;
	uint8_t seed[16];
	uint64_t now;
	struct sim_watch watch;
	int host_n, wire_n;
	bool stop;
	bool touched; /* somebody outside may have called a host */
	bool has_ring; /* a wire whose hosts wait for room */
	struct cn_host *host[SIM_HOSTS];
	/* When each host wants the time; asked again only of those that were
	 * called since. */
	uint64_t host_at[SIM_HOSTS];
	uint32_t asked; /* a bit for each host: host_at is what it says */
	struct wire wire[SIM_WIRES];
	struct wheel wheel;
	struct list woken;
};

enum label { LABEL_HOST = 1 << 16, LABEL_PATH = 2 << 16, LABEL_USER = 3 << 16 };

static void derive_seed(const struct sim *sim, uint64_t label, uint8_t seed[16])
{
	struct random random;

	random_init(&random, sim->seed, label);
	for (int i = 0; i < 2; i++) {
		uint64_t word = random_u64(&random);

		memcpy(seed + 8 * i, &word, 8);
	}
}

struct sim *sim_new(struct cn_pool *pool, uint64_t seed, uint64_t start,
		    const struct sim_watch *watch)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (!sim)
		return NULL;
	sim->pool = pool;
	for (int i = 0; i < 8; i++)
		sim->seed[i] = (uint8_t)(seed >> 8 * i);
	sim->now = start;
	if (watch)
		sim->watch = *watch;
	wheel_init(&sim->wheel, start);
	list_init(&sim->woken);
	return sim;
}

void sim_free(struct sim *sim)
{
	if (!sim)
		return;
	for (int i = 0; i < sim->host_n; i++)
		cn_host_free(sim->host[i]);
	for (int i = 0; i < sim->wire_n; i++) {
		cn_path_free(sim->wire[i].path[0]);
		cn_path_free(sim->wire[i].path[1]);
	}
	free(sim);
}

uint64_t sim_now(const struct sim *sim)
{
	return sim->now;
}

void sim_stop(struct sim *sim)
{
	sim->stop = true;
}

void sim_random(const struct sim *sim, struct random *random, uint64_t label)
{
	random_init(random, sim->seed, LABEL_USER + label);
}

/* ------------------------------------------------------ hosts and wires -- */

int sim_host_add(struct sim *sim, const struct cn_settings *settings)
{
	struct cn_settings set = *settings;
	int n = sim->host_n, err;

	if (n == SIM_HOSTS)
		return CN_E_RANGE;
	set.pool = sim->pool;
	set.seeded = true;
	derive_seed(sim, LABEL_HOST + (unsigned)n, set.seed);
	err = cn_host_new(&set, sim->now, &sim->host[n]);
	if (err)
		return err;
	sim->host_n++;
	return n;
}

struct cn_host *sim_host(const struct sim *sim, int host)
{
	return sim->host[host];
}

struct cn_addr sim_addr(int wire, int end, int family)
{
	struct cn_addr addr = {{0xfd, 0, 0, (uint8_t)wire}};

	if (family == 4)
		return cn_addr_v4(10, (uint8_t)wire, 0, (uint8_t)(end + 1));
	addr.octet[15] = (uint8_t)(end + 1);
	return addr;
}

/* How much of a packet an error quotes: the minimum MTUs less headers. */
#define QUOTE_V4 548u
#define QUOTE_V6 1232u

/* RFC 1191 section 4, RFC 4443 section 3.2: the router where it is narrow. */
static void say_too_big(struct wire *wire, int toward,
			const struct cn_frame *frame, uint64_t now)
{
	int n = (int)(wire - wire->sim->wire);
	bool six = frame->header[0] >> 4 == 6;
	struct ip_hdr ip = {
		.src = sim_addr(n, 252, six ? 6 : 4),
		.dst = sim_addr(n, !toward, six ? 6 : 4),
		.protocol = six ? IP_ICMP6 : IP_ICMP,
		.ttl = 64,
	};
	struct icmp_msg msg = {
		.type = six ? 2 : 3,
		.code = six ? 0 : 4,
		.mtu = wire->path_mtu[toward],
	};
	uint8_t quote[QUOTE_V6];
	struct cn_frame error = {0};
	struct cn_buf *buf = cn_buf_new(wire->sim->pool, CN_BUF_SMALL);
	size_t head;

	if (!buf)
		return;
	msg.body = quote;
	msg.body_len =
		cn_frame_copy(frame, 0, quote, six ? QUOTE_V6 : QUOTE_V4);
	ip.payload_len = 8 + msg.body_len;
	head = ip_emit(buf->data, &ip);
	icmp_emit(buf->data + head, &ip, &msg);
	error.payload_len = (uint32_t)head + ip.payload_len;
	error.slice[0] = (struct cn_slice){buf, buf->data, error.payload_len};
	error.slice_n = 1;
	wire->routed[!toward]++;
	cn_path_send(wire->path[!toward], &error, now);
}

static void on_packet(void *ctx, const struct cn_frame *frame,
		      enum cn_fate fate, uint64_t now)
{
	const struct toward *toward = ctx;
	const struct sim *sim = toward->wire->sim;

	if (fate == CN_FATE_TOO_BIG)
		say_too_big(toward->wire, toward->end, frame, now);
	if (sim->watch.packet)
		sim->watch.packet(sim->watch.ctx,
				  (int)(toward->wire - sim->wire), toward->end,
				  frame, fate, now);
}

static int add_path(struct sim *sim, int n, int end,
		    const struct sim_wire *config)
{
	struct wire *wire = &sim->wire[n];
	struct cn_path_config path = {
		.pool = sim->pool,
		.impair = config->impair[end],
		.mtu = wire->path_mtu[end],
		.drop = config->drop[end],
	};
	struct cn_path_sink sink = {
		.packet = on_packet,
		.ctx = &wire->toward[end],
	};
	bool looks = sim->watch.packet || wire->path_mtu[end] < config->mtu;

	wire->toward[end] = (struct toward){wire, end};
	derive_seed(sim, LABEL_PATH + 2 * (unsigned)n + (unsigned)end,
		    path.seed);
	return cn_path_new(&path, looks ? &sink : NULL, &wire->path[end], NULL);
}

static int add_link(struct sim *sim, int n, int end,
		    const struct sim_wire *config)
{
	struct wire *wire = &sim->wire[n];
	struct cn_host *host = sim->host[wire->host[end]];
	struct cn_link_config link = {
		.name = "wire",
		.mtu = config->mtu,
		.tx_csum = config->tx_csum,
		.rx_shared = config->rx_shared,
		.tx_super = config->tx_super,
	};
	struct cn_addr v4 = sim_addr(n, end, 4), v6 = sim_addr(n, end, 6);
	int err = cn_host_link_add(host, &link, &wire->link[end]);

	if (!err)
		err = cn_host_addr_add(host, wire->link[end], &v4, 24);
	if (!err && config->mtu >= 1280)
		err = cn_host_addr_add(host, wire->link[end], &v6, 64);
	return err;
}

int sim_wire_add(struct sim *sim, int a, int b, const struct sim_wire *config)
{
	int n = sim->wire_n, err = CN_OK;
	struct wire *wire = &sim->wire[n];

	if (n == SIM_WIRES)
		return CN_E_RANGE;
	*wire = (struct wire){
		.sim = sim,
		.host = {a, b},
		.ring = config->ring,
	};
	for (int end = 0; end < 2; end++)
		wire->path_mtu[end] = config->path_mtu[end] ?
					      config->path_mtu[end] :
					      config->mtu;
	for (int end = 0; end < 2 && !err; end++) {
		err = add_path(sim, n, end, config);
		if (!err)
			err = add_link(sim, n, end, config);
	}
	if (err) {
		cn_path_free(wire->path[0]);
		cn_path_free(wire->path[1]);
		return err;
	}
	sim->wire_n++;
	sim->has_ring |= config->ring;
	return n;
}

void sim_wire_stats(const struct sim *sim, int wire, int toward,
		    struct cn_path_stats *stats)
{
	cn_path_stats(sim->wire[wire].path[toward], stats);
}

uint64_t sim_wire_routed(const struct sim *sim, int wire, int toward)
{
	return sim->wire[wire].routed[toward];
}

int sim_wire_set(struct sim *sim, int wire, int toward,
		 const struct cn_impair *impair)
{
	return cn_path_set(sim->wire[wire].path[toward], impair);
}

void sim_wire_swallow(struct sim *sim, int wire, int toward, uint32_t longer)
{
	sim->wire[wire].swallows[toward] = longer;
}

int sim_wire_link(const struct sim *sim, int wire, int end)
{
	return sim->wire[wire].link[end];
}

/* --------------------------------------------------------- applications -- */

void sim_app_init(struct sim *sim, struct sim_app *app,
		  void (*run)(struct sim_app *app, uint64_t now))
{
	*app = (struct sim_app){.run = run, .sim = sim, .host = -1};
	list_init(&app->timer.node);
	list_init(&app->woken);
}

void sim_app_stays(struct sim_app *app, int host)
{
	app->host = host;
}

void sim_wake(struct sim_app *app)
{
	if (!list_is_linked(&app->woken))
		list_add_tail(&app->sim->woken, &app->woken);
}

void sim_wake_at(struct sim_app *app, uint64_t at)
{
	wheel_set(&app->sim->wheel, &app->timer, at);
}

void sim_app_deinit(struct sim_app *app)
{
	wheel_cancel(&app->sim->wheel, &app->timer);
	list_del(&app->woken);
}

/* ------------------------------------------------------------- the loop -- */

static void send(struct wire *wire, int toward, struct cn_frame *frame,
		 uint64_t now)
{
	uint32_t longest = wire->swallows[toward];

	if (longest && !frame->seg_size && cn_frame_len(frame) > longest)
		cn_frame_release(frame);
	else
		cn_path_send(wire->path[toward], frame, now);
}

static bool may_send(const struct wire *wire, int toward, uint64_t now)
{
	return !wire->ring || cn_path_room(wire->path[toward], now) > 0;
}

/* What the host has to send, onto its wires; what it has to tell, to the
 * applications.  Whoever called the host calls this after. */
static bool drain(struct sim *sim, int host)
{
	struct cn_frame frame;
	struct cn_event event;
	bool progress = false;

	sim->asked &= ~(UINT32_C(1) << host);
	for (int i = 0; i < sim->wire_n; i++) {
		struct wire *wire = &sim->wire[i];

		for (int end = 0; end < 2; end++) {
			if (wire->host[end] != host)
				continue;
			while (may_send(wire, !end, sim->now) &&
			       cn_host_output(sim->host[host], wire->link[end],
					      &frame, sim->now)) {
				send(wire, !end, &frame, sim->now);
				progress = true;
			}
		}
	}
	while (cn_host_event(sim->host[host], &event)) {
		progress = true;
		if (event.kind == CN_EVENT_READY && event.tag)
			sim_wake(event.tag);
		else if (sim->watch.event)
			sim->watch.event(sim->watch.ctx, host, &event);
	}
	return progress;
}

void sim_inject(struct sim *sim, int wire, int toward,
		const struct cn_frame *frame)
{
	const struct wire *w = &sim->wire[wire];

	cn_host_input(sim->host[w->host[toward]], w->link[toward], frame,
		      sim->now);
	drain(sim, w->host[toward]);
}

static bool deliver(struct sim *sim, struct wire *wire, int end)
{
	struct cn_frame frame;
	bool progress = false;

	while (cn_path_recv(wire->path[end], &frame, sim->now)) {
		cn_host_input(sim->host[wire->host[end]], wire->link[end],
			      &frame, sim->now);
		cn_frame_release(&frame);
		drain(sim, wire->host[end]);
		progress = true;
	}
	return progress;
}

static bool run_woken(struct sim *sim)
{
	struct wheel_node *node;
	struct list *first;
	bool progress = false;
	int host;

	while ((node = wheel_expire(&sim->wheel, sim->now)))
		sim_wake(CN_CONTAINER(node, struct sim_app, timer));
	while ((first = list_first(&sim->woken))) {
		struct sim_app *app =
			CN_CONTAINER(first, struct sim_app, woken);

		list_del(first);
		host = app->host;
		app->run(app, sim->now);
		for (int i = 0; i < sim->host_n; i++)
			if (host < 0 || host == i)
				drain(sim, i);
		progress = true;
	}
	return progress;
}

static uint64_t wants_at(struct sim *sim, int host)
{
	uint32_t bit = UINT32_C(1) << host;

	if (!(sim->asked & bit)) {
		sim->asked |= bit;
		sim->host_at[host] = cn_host_deadline(sim->host[host]);
	}
	return sim->host_at[host];
}

/* A host that waits for room in the queue goes on then. */
static uint64_t room_at(const struct wire *wire, int toward, uint64_t now)
{
	return may_send(wire, toward, now) ?
		       CN_NEVER :
		       cn_path_room_at(wire->path[toward]);
}

static uint64_t next_instant(struct sim *sim)
{
	uint64_t next = wheel_deadline(&sim->wheel);

	for (int i = 0; i < sim->host_n; i++) {
		uint64_t at = wants_at(sim, i);

		if (at < next)
			next = at;
	}
	for (int i = 0; i < sim->wire_n; i++)
		for (int end = 0; end < 2; end++) {
			uint64_t at = cn_path_deadline(sim->wire[i].path[end]);

			if (at < next)
				next = at;
			at = room_at(&sim->wire[i], end, sim->now);
			if (at < next)
				next = at;
		}
	return next;
}

/* One round of an instant: 0 nothing happened, 1 only hosts were told the
 * time, 2 something happened. */
static int go_round(struct sim *sim)
{
	bool touched = sim->touched;
	int happened = 0;

	sim->touched = false;
	for (int i = 0; i < sim->wire_n; i++) {
		touched |= sim->wire[i].ring;
		for (int end = 0; end < 2; end++)
			if (deliver(sim, &sim->wire[i], end))
				happened = 2;
	}
	/* Whoever was given a frame, or called by a program, was asked then. */
	for (int i = 0; i < sim->host_n; i++) {
		bool late = wants_at(sim, i) <= sim->now;

		if (late) {
			cn_host_advance(sim->host[i], sim->now);
			if (!happened)
				happened = 1;
		}
		if ((late || touched) && drain(sim, i))
			happened = 2;
	}
	if (run_woken(sim))
		happened = 2;
	return happened;
}

/* Rounds until nothing more happens at this instant, which is when nobody wants
 * it any more: *next is what comes after. */
static bool settle(struct sim *sim, uint64_t *next)
{
	int idle = 0;

	for (long rounds = 0; rounds < ROUNDS_MAX; rounds++) {
		int happened = go_round(sim);

		*next = next_instant(sim);
		if (!happened || (*next > sim->now && !sim->has_ring)) {
			if (sim->watch.settled)
				sim->watch.settled(sim->watch.ctx, sim->now);
			return true;
		}
		idle = happened == 1 ? idle + 1 : 0;
		if (idle > IDLE_ROUNDS_MAX)
			return false;
	}
	return false;
}

/* Somebody who is not the loop may have called hosts, or changed wires. */
static void touch(struct sim *sim)
{
	sim->touched = true;
	sim->asked = 0;
}

enum sim_end sim_run(struct sim *sim, uint64_t until)
{
	sim->stop = false;
	touch(sim);
	for (;;) {
		uint64_t next;

		if (!settle(sim, &next))
			return SIM_STUCK;
		if (sim->watch.settled && !sim->watch.looks_only) {
			touch(sim);
			next = next_instant(sim);
		}
		if (sim->stop)
			return SIM_STOPPED;
		if (next == CN_NEVER)
			return SIM_IDLE;
		if (next > until) {
			sim->now = until;
			return SIM_UNTIL;
		}
		if (next > sim->now)
			sim->now = next;
	}
}

bool sim_pass(struct sim *sim, uint64_t ns)
{
	uint64_t until = sim->now + ns;

	switch (sim_run(sim, until)) {
	case SIM_IDLE:
	case SIM_UNTIL:
		sim->now = until;
		return true;
	case SIM_STOPPED:
		return true;
	case SIM_STUCK:
		break;
	}
	return false;
}
