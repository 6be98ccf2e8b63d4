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
#include <string.h>
#include <unistd.h>

#include "run/world/hosts.h"
#include "run/world/inner.h"
#include "run/world/parts.h"
#include "run/world/progress.h"
#include "run/world/tun.h"

/* Frames that one host may send before the other has its turn, and rounds of
 * the pump before the descriptors have theirs. */
#define FRAMES_TURN 64
#define PUMP_ROUNDS 64
#define POLL_NS (10 * CN_NS_PER_MS)

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

struct cn_addr world_gateway(const struct world *world, bool v4)
{
	struct cn_addr addr = v4 ? cn_addr_v4(0, 0, 0, 0) :
				   (struct cn_addr){{0}};

	if (!world->hosts)
		return alias_gateway(&world->alias, v4);
	(void)hosts_gateway_addr(world->hosts, v4, &addr);
	return addr;
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
		if (!ear)
			break;
		orphan_count(world, event->tag, event->segs_out,
			     event->segs_retransmitted);
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

void world_timers(struct world *world)
{
	world->timer.fire = pump_timer;
	world->timer.ctx = world;
	world->poll.fire = poll_timer;
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

/* Their last octet is acknowledged; only the peer's FIN may be missing. */
void world_end_orphans(struct world *world)
{
	struct list *node;

	while ((node = list_first(&world->orphans)))
		orphan_done(CN_CONTAINER(node, struct orphan, node),
			    world_now(world));
}

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

/* An orphan whose peer has yet to say FIN has counted all the same. */
static void count_orphan(void *ctx, const struct cn_sock_row *row)
{
	struct cn_tcp_info info;

	if (row->note == CN_ROW_ORPHAN && row->tag && cn_row_info(row, &info))
		orphan_count(ctx, row->tag, info.segs_out,
			     info.segs_retransmitted);
}

void near_finish(struct world *world)
{
	struct tally_path path;
	uint64_t left = 0;

	pump(world);
	(void)near_is_idle(world, &left);
	world->tally.abandoned += left;
	cn_host_each(world->program, count_orphan, world);
	world_end_orphans(world);
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
			world_say(world->options->summary, errno);
		world->summary = NULL;
	}
	if (!world->quiet && (world->verbose || isatty(STDERR_FILENO)))
		tally_print(&world->tally, &path, stderr, world_now(world));
	tap_close(&world->tap);
}
