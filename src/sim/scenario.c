/* SPDX-License-Identifier: MIT */
/* The stage: plays a script with two hosts and one wire. */
#include "sim/scenario.h"
#include "link/heap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/script.h"
#include "sim/talk.h"

#define DELAY_MS 20
#define CHUNK 4096u

/* One program's socket. */
struct actor {
	struct sim_app app;
	struct stage *stage;
	unsigned who, number;
	struct cn_sock *sock, *listener;
	bool accepts, reads;
	uint32_t sent, to_send;
	uint32_t to_read;
};

struct stage {
	const struct scenario *scenario;
	struct sim *sim;
	struct sim_app clock;
	unsigned next; /* step */
	struct actor actor[2][SCRIPT_SOCKS];
	const struct scenario_watch *watch;
	struct cn_trace_sink sink[2];
	struct side {
		struct stage *stage;
		int host;
	} side[2];
	bool failed;
};

static void call(struct actor *actor, uint64_t now, const char *format,
		 uint32_t arg)
{
	const struct scenario_watch *watch = actor->stage->watch;
	char text[64];

	if (!watch->call)
		return;
	snprintf(text, sizeof(text), format, arg);
	watch->call(watch->ctx, actor->who, text, now);
}

static void check(struct actor *actor, int rc)
{
	if (rc && rc != CN_E_INPROGRESS)
		actor->stage->failed = true;
}

/* ------------------------------------------------------------ the actor -- */

static void write_on(struct actor *actor, uint64_t now)
{
	uint8_t data[CHUNK];

	while (actor->sock && actor->sent < actor->to_send) {
		uint32_t want = actor->to_send - actor->sent;
		int64_t n;

		if (want > CHUNK)
			want = CHUNK;
		talk_fill(1, actor->sent, data, want);
		n = cn_sock_send(actor->sock, data, want, 0, now);
		if (n <= 0)
			return;
		actor->sent += (uint32_t)n;
	}
}

static void read_on(struct actor *actor, uint64_t now)
{
	uint8_t data[CHUNK];

	while (actor->sock && (actor->reads || actor->to_read)) {
		uint32_t want = CHUNK;
		int64_t n;

		if (!actor->reads && want > actor->to_read)
			want = actor->to_read;
		n = cn_sock_recv(actor->sock, data, want, 0, now);
		if (n <= 0)
			return;
		if (!actor->reads)
			actor->to_read -= (uint32_t)n;
	}
}

static void set_up(struct actor *actor, struct cn_sock *sock, uint64_t now)
{
	uint32_t buffer = actor->stage->scenario->buffer;
	uint32_t rcvbuf = actor->stage->scenario->rcvbuf;

	if (rcvbuf && actor->who == SERVER)
		check(actor, cn_sock_set(sock, CN_OPT_RCVBUF, rcvbuf, now));
	if (buffer) {
		check(actor, cn_sock_set(sock, CN_OPT_SNDBUF, buffer, now));
		check(actor, cn_sock_set(sock, CN_OPT_RCVBUF, buffer, now));
	}
	check(actor, cn_sock_set(sock, CN_OPT_REUSEADDR, 1, now));
}

/* Connections go to the sockets of the server in order. */
static void accept_one(struct actor *listener, uint64_t now)
{
	struct stage *stage = listener->stage;
	struct cn_sock *sock;

	while (cn_sock_accept(listener->listener, &sock, now) == CN_OK) {
		struct actor *actor = NULL;

		for (unsigned i = 0; i < SCRIPT_SOCKS && !actor; i++)
			if (!stage->actor[SERVER][i].sock)
				actor = &stage->actor[SERVER][i];
		if (!actor) {
			cn_sock_close(sock, now);
			continue;
		}
		actor->sock = sock;
		cn_sock_set_tag(sock, &actor->app);
		call(listener, now, "accept()", 0);
		sim_wake(&actor->app);
		if (!listener->accepts)
			return;
	}
}

static void act(struct sim_app *app, uint64_t now)
{
	struct actor *actor = CN_CONTAINER(app, struct actor, app);

	if (actor->listener && actor->accepts)
		accept_one(actor, now);
	read_on(actor, now);
	write_on(actor, now);
}

static struct cn_endpoint address(unsigned who, uint16_t port)
{
	return (struct cn_endpoint){
		.addr = sim_addr(0, (int)who, 4),
		.port = port,
	};
}

static struct cn_sock *socket_of(struct actor *actor, uint64_t now)
{
	struct cn_sock *sock;
	int rc = cn_sock_new(sim_host(actor->stage->sim, (int)actor->who), 4,
			     &sock);

	check(actor, rc);
	if (rc)
		return NULL;
	cn_sock_set_tag(sock, &actor->app);
	set_up(actor, sock, now);
	return sock;
}

static void do_listen(struct actor *actor, const struct step *step,
		      uint64_t now)
{
	struct cn_endpoint local = address(actor->who, SCRIPT_PORT);

	actor->listener = socket_of(actor, now);
	actor->accepts = step->verb == LISTEN;
	if (!actor->listener)
		return;
	if (actor->stage->scenario->fast_open)
		check(actor,
		      cn_sock_set(actor->listener, CN_OPT_FASTOPEN, 8, now));
	check(actor, cn_sock_bind(actor->listener, &local));
	check(actor, cn_sock_listen(actor->listener, (int)step->arg, now));
	call(actor, now, "listen(%u)", step->arg);
}

/* The first octets with the SYN, if there is a cookie; the rest, or all, as
 * ever. */
static void connect_send(struct actor *actor, const struct cn_endpoint *peer,
			 uint32_t octets, uint64_t now)
{
	uint8_t data[CHUNK];
	int64_t n;

	if (octets > CHUNK)
		octets = CHUNK;
	talk_fill(1, 0, data, octets);
	call(actor, now, "sendto(%u, MSG_FASTOPEN)", octets);
	n = cn_sock_connect_send(actor->sock, peer, data, octets, now);
	actor->to_send += octets;
	if (n > 0)
		actor->sent += (uint32_t)n;
	else
		check(actor, (int)n);
}

static void do_connect(struct actor *actor, const struct step *step,
		       uint64_t now)
{
	uint16_t own = (uint16_t)(actor->who == SERVER ?
					  SCRIPT_PORT :
					  SCRIPT_CLIENT_PORT + actor->number);
	struct cn_endpoint local = address(actor->who, own);
	struct cn_endpoint peer =
		address(!actor->who, actor->who == SERVER ? SCRIPT_CLIENT_PORT :
							    SCRIPT_PORT);

	actor->sock = socket_of(actor, now);
	if (!actor->sock)
		return;
	check(actor, cn_sock_bind(actor->sock, &local));
	if (step->verb == CONNECT_SEND) {
		connect_send(actor, &peer, step->arg, now);
		return;
	}
	call(actor, now, "connect()", 0);
	check(actor, cn_sock_connect(actor->sock, &peer, now));
}

static void do_step(struct stage *stage, const struct step *step, uint64_t now)
{
	struct actor *actor = &stage->actor[step->who][step->sock];

	switch ((enum verb)step->verb) {
	case LISTEN:
	case LISTEN_ONLY:
		do_listen(actor, step, now);
		return;
	case CONNECT:
	case CONNECT_SEND:
		do_connect(actor, step, now);
		return;
	case ACCEPT:
		accept_one(actor, now);
		return;
	case END:
		return;
	case SEND:
	case READ:
	case SHUT:
	case CLOSE:
		break;
	}
	if (!actor->sock) {
		stage->failed = true;
		return;
	}
	switch ((enum verb)step->verb) {
	case SEND:
		call(actor, now, "send(%u)", step->arg);
		actor->to_send += step->arg;
		write_on(actor, now);
		break;
	case READ:
		call(actor, now, step->arg ? "recv(%u)" : "recv()", step->arg);
		actor->to_read += step->arg;
		actor->reads = !step->arg;
		read_on(actor, now);
		break;
	case SHUT:
		call(actor, now, "shutdown(SHUT_WR)", 0);
		check(actor, cn_sock_shutdown(actor->sock, CN_SHUT_WR, now));
		break;
	case CLOSE:
		call(actor, now, "close()", 0);
		cn_sock_set_tag(actor->sock, NULL);
		cn_sock_close(actor->sock, now);
		/* The next connection begins with nothing to do. */
		actor->sock = NULL;
		actor->to_send = actor->sent = actor->to_read = 0;
		break;
	case LISTEN:
	case LISTEN_ONLY:
	case CONNECT:
	case CONNECT_SEND:
	case ACCEPT:
	case END:
		break;
	}
}

static void tick(struct sim_app *app, uint64_t now)
{
	struct stage *stage = CN_CONTAINER(app, struct stage, clock);
	const struct step *step = &stage->scenario->step[stage->next];
	uint64_t at = SCENARIO_START + step->at_ms * CN_NS_PER_MS;

	if (stage->next == SCRIPT_STEPS || step->verb == END)
		return;
	if (at > now) {
		sim_wake_at(app, at);
		return;
	}
	stage->next++;
	do_step(stage, step, now);
	/* The host speaks before the next program does. */
	sim_wake_at(app, now);
}

/* ------------------------------------------------------------- the stage -- */

static void on_trace(void *ctx, const struct cn_trace *trace)
{
	const struct side *side = ctx;
	const struct scenario_watch *watch = side->stage->watch;

	watch->event(watch->ctx, side->host, trace);
}

static void on_packet(void *ctx, int wire, int toward,
		      const struct cn_frame *frame, enum cn_fate fate,
		      uint64_t now)
{
	const struct stage *stage = ctx;

	(void)wire;
	(void)toward;
	if (stage->watch->fate)
		stage->watch->fate(stage->watch->ctx, frame, fate, now);
}

static bool build(struct stage *stage)
{
	const struct scenario *scenario = stage->scenario;
	struct sim_wire wire = {
		.mtu = 1500,
		.drop = {scenario->down, scenario->up},
	};
	struct cn_settings set;

	cn_settings_default(&set);
	for (int i = 0; i < 2; i++) {
		wire.impair[i].delay_ns = DELAY_MS * CN_NS_PER_MS;
		stage->side[i] = (struct side){stage, i};
		stage->sink[i].trace = on_trace;
		stage->sink[i].ctx = &stage->side[i];
		if (stage->watch->event)
			set.trace = &stage->sink[i];
		if (sim_host_add(stage->sim, &set) != i)
			return false;
	}
	if (sim_wire_add(stage->sim, 0, 1, &wire) != 0)
		return false;
	for (unsigned who = 0; who < 2; who++)
		for (unsigned i = 0; i < SCRIPT_SOCKS; i++) {
			struct actor *actor = &stage->actor[who][i];

			sim_app_init(stage->sim, &actor->app, act);
			actor->stage = stage;
			actor->who = who;
			actor->number = i;
			actor->reads = !scenario->lazy;
		}
	sim_app_init(stage->sim, &stage->clock, tick);
	sim_wake_at(&stage->clock, SCENARIO_START);
	return true;
}

static bool play(struct stage *stage, struct cn_pool *pool, uint64_t seed)
{
	struct sim_watch watch = {.packet = on_packet, .ctx = stage};
	uint64_t until = SCENARIO_START +
			 stage->scenario->until_ms * CN_NS_PER_MS;
	bool good;

	stage->sim = sim_new(pool, seed, SCENARIO_START, &watch);
	if (!stage->sim)
		return false;
	good = build(stage) && sim_run(stage->sim, until) != SIM_STUCK &&
	       !stage->failed;
	sim_free(stage->sim);
	return good;
}

bool scenario_play(const struct scenario *scenario, uint64_t seed,
		   const struct scenario_watch *watch)
{
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct stage *stage = calloc(1, sizeof(*stage));
	bool good = false;

	if (pool && stage) {
		stage->scenario = scenario;
		stage->watch = watch;
		good = play(stage, pool, seed);
	}
	free(stage);
	if (pool)
		cn_pool_free(pool);
	return good;
}

/* ------------------------------------------------------------ the table -- */

size_t scenario_count(void)
{
	return scenarios_n;
}

const struct scenario *scenario_at(size_t i)
{
	return &scenarios[i];
}

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < scenarios_n; i++)
		if (!strcmp(scenarios[i].name, name))
			return &scenarios[i];
	return NULL;
}

const char *scenario_name(const struct scenario *scenario)
{
	return scenario->name;
}

const char *scenario_title(const struct scenario *scenario, enum see_lang lang)
{
	return scenario->title[lang];
}

const char *scenario_about(const struct scenario *scenario, enum see_lang lang)
{
	return scenario->about[lang];
}
