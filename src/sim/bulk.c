/* SPDX-License-Identifier: MIT */
/* Bulk transfers: two hosts, one wire, a program at each end of each flow. */
#include "sim/bulk.h"

#include <stdlib.h>
#include <string.h>

#include <catenet/socket.h>

#include "sim/sim.h"
#include "tcp/cc.h"

#define PORT 5001
#define SPANS 8
#define CHUNK 65536u

struct bulk;

/* A program: it sends, or it receives. */
struct end {
	struct sim_app app;
	struct bulk *bulk;
	unsigned flow;
	struct cn_sock *sock;
	bool over;
};

struct bulk {
	const struct bulk_plan *plan;
	struct bulk_result *result;
	const struct bulk_watch *watch;
	struct sim *sim;
	struct sim_app listener, gate; /* gate: outages */
	struct cn_sock *listening;
	struct end sender[BULK_FLOWS], receiver[BULK_FLOWS];
	uint64_t queued[BULK_FLOWS]; /* octets that were written */
	unsigned to_go; /* flows not over */
	unsigned outage; /* the next one, or the one under way */
	bool cut;
	uint64_t looked_at; /* at the queue */
	double queue_area;
	uint64_t queue_now;
	struct cn_trace_sink sink[2];
	struct bulk_side {
		struct bulk *bulk;
		int host;
	} side[2];
};

/* --------------------------------------------------------------- flows -- */

static void account(struct end *end, uint64_t now)
{
	struct bulk_flow *flow = &end->bulk->result->flow[end->flow];
	struct cn_tcp_info info;

	if (!end->sock || cn_sock_info(end->sock, &info))
		return;
	flow->segs = info.segs_out;
	flow->segs_again = info.segs_retransmitted;
	flow->timeouts = info.timeouts;
	flow->recoveries = info.fast_recoveries;
	if (info.srtt)
		flow->srtt_ns = info.srtt;
	(void)now;
}

static void end_flow(struct bulk *bulk, unsigned n, uint64_t now)
{
	struct bulk_flow *flow = &bulk->result->flow[n];

	account(&bulk->sender[n], now);
	flow->ns = now - BULK_START - n * bulk->plan->stagger_ns;
	if (!--bulk->to_go)
		sim_stop(bulk->sim);
}

static void fail(struct end *end, int err, uint64_t now)
{
	struct bulk_flow *flow = &end->bulk->result->flow[end->flow];

	if (end->over)
		return;
	end->over = true;
	if (!flow->err && !flow->done) {
		flow->err = err;
		end_flow(end->bulk, end->flow, now);
	}
}

static void begin(struct end *end, uint64_t now)
{
	struct bulk *bulk = end->bulk;
	struct cn_endpoint local = {sim_addr(0, 0, 4),
				    (uint16_t)(BULK_PORT + end->flow)};
	struct cn_endpoint peer = {sim_addr(0, 1, 4), PORT};
	int err = cn_sock_new(sim_host(bulk->sim, 0), 4, &end->sock);

	if (!err) {
		cn_sock_set_tag(end->sock, &end->app);
		err = cn_sock_set(end->sock, CN_OPT_CONGESTION,
				  bulk->plan->cc[end->flow], now);
	}
	if (!err)
		err = cn_sock_bind(end->sock, &local);
	if (!err)
		err = cn_sock_connect(end->sock, &peer, now);
	if (err && err != CN_E_INPROGRESS)
		fail(end, err, now);
}

/* Octets whose content matters to nobody but who captures them; the memory has
 * some already, the same each time (heap_alloc). */
static void write_on(struct end *end, uint64_t now)
{
	struct bulk *bulk = end->bulk;
	uint64_t *queued = &bulk->queued[end->flow];
	uint64_t most = bulk->plan->octets ? bulk->plan->octets : UINT64_MAX;
	struct cn_span span[SPANS];

	while (*queued < most) {
		size_t want = most - *queued < CHUNK ? most - *queued : CHUNK;
		size_t len = 0;
		int n = cn_sock_send_reserve(end->sock, want, span, SPANS, now);

		if (n < 0 && n != CN_E_AGAIN)
			fail(end, n, now);
		if (n <= 0)
			return;
		for (int i = 0; i < n; i++) {
			if (bulk->watch && bulk->watch->packet)
				memset(span[i].data, 'c', span[i].len);
			len += span[i].len;
		}
		if (cn_sock_send_commit(end->sock, len, 0, now))
			return;
		*queued += len;
	}
	if (!end->over) {
		end->over = true;
		(void)cn_sock_shutdown(end->sock, CN_SHUT_WR, now);
	}
}

static void send_on(struct sim_app *app, uint64_t now)
{
	struct end *end = CN_CONTAINER(app, struct end, app);
	int err;

	if (!end->sock) {
		begin(end, now);
		return;
	}
	err = cn_sock_error(end->sock);
	if (err)
		fail(end, err, now);
	else if (!end->over)
		write_on(end, now);
}

/* Nothing to view: nothing yet, or nothing ever. */
static void at_end(struct end *end, uint64_t now)
{
	uint8_t octet;
	int64_t n = cn_sock_recv(end->sock, &octet, 1, CN_MSG_PEEK, now);

	if (n < 0 && n != CN_E_AGAIN)
		fail(end, (int)n, now);
	if (n)
		return;
	end->over = true;
	end->bulk->result->flow[end->flow].done = true;
	end_flow(end->bulk, end->flow, now);
}

static void receive_on(struct sim_app *app, uint64_t now)
{
	struct end *end = CN_CONTAINER(app, struct end, app);
	struct bulk_flow *flow = &end->bulk->result->flow[end->flow];
	struct cn_slice slice[SPANS];

	while (!end->over) {
		size_t len = 0;
		int n = cn_sock_recv_view(end->sock, slice, SPANS);

		if (n < 0) {
			if (n != CN_E_AGAIN)
				fail(end, n, now);
			return;
		}
		if (!n) {
			at_end(end, now);
			return;
		}
		for (int i = 0; i < n; i++)
			len += slice[i].len;
		flow->octets += len;
		if (cn_sock_recv_take(end->sock, len, now))
			return;
	}
}

/* Whose flow it is says the port that it comes from. */
static void accept_on(struct sim_app *app, uint64_t now)
{
	struct bulk *bulk = CN_CONTAINER(app, struct bulk, listener);
	struct cn_sock *sock;
	struct cn_endpoint peer;

	while (cn_sock_accept(bulk->listening, &sock, now) == CN_OK) {
		unsigned n;

		if (cn_sock_peer(sock, &peer) ||
		    (n = peer.port - BULK_PORT) >= bulk->plan->flows ||
		    bulk->receiver[n].sock) {
			cn_sock_close(sock, now);
			continue;
		}
		bulk->receiver[n].sock = sock;
		cn_sock_set_tag(sock, &bulk->receiver[n].app);
		sim_wake(&bulk->receiver[n].app);
	}
}

/* ------------------------------------------------------------ the path -- */

static bool set_wire(struct bulk *bulk, bool cut)
{
	struct cn_impair up = bulk->plan->up, down = bulk->plan->down;

	if (cut) {
		up.loss = 1;
		down.loss = 1;
	}
	return !sim_wire_set(bulk->sim, 0, 1, &up) &&
	       !sim_wire_set(bulk->sim, 0, 0, &down);
}

static void on_gate(struct sim_app *app, uint64_t now)
{
	struct bulk *bulk = CN_CONTAINER(app, struct bulk, gate);
	const struct bulk_outage *outage = &bulk->plan->outage[bulk->outage];
	uint64_t at;

	if (bulk->outage == bulk->plan->outage_n)
		return;
	at = BULK_START + outage->at_ns + (bulk->cut ? outage->for_ns : 0);
	if (now < at) {
		sim_wake_at(app, at);
		return;
	}
	bulk->cut = !bulk->cut;
	(void)set_wire(bulk, bulk->cut);
	if (!bulk->cut)
		bulk->outage++;
	sim_wake_at(app, now);
}

static void look_at_queue(void *ctx, uint64_t now)
{
	struct bulk *bulk = ctx;
	struct cn_path_stats stats;

	bulk->queue_area += (double)bulk->queue_now *
			    (double)(now - bulk->looked_at);
	bulk->looked_at = now;
	sim_wire_stats(bulk->sim, 0, 1, &stats);
	bulk->queue_now = stats.waiting;
	if (stats.waiting > bulk->result->queue_max)
		bulk->result->queue_max = stats.waiting;
}

static void on_packet(void *ctx, int wire, int toward,
		      const struct cn_frame *frame, enum cn_fate fate,
		      uint64_t now)
{
	const struct bulk *bulk = ctx;

	(void)wire;
	bulk->watch->packet(bulk->watch->ctx, toward, frame, fate, now);
}

static void on_trace(void *ctx, const struct cn_trace *trace)
{
	const struct bulk_side *side = ctx;
	const struct bulk_watch *watch = side->bulk->watch;

	watch->event(watch->ctx, side->host, trace);
}

/* -------------------------------------------------------------- the run -- */

static int build_hosts(struct bulk *bulk)
{
	const struct bulk_plan *plan = bulk->plan;
	struct cn_settings set = *plan->set;
	struct sim_wire wire = {
		.mtu = plan->mtu,
		.tx_csum = true,
		.rx_shared = true,
		.impair = {plan->down, plan->up},
		.drop = {plan->drop, plan->drop},
	};

	for (int i = 0; i < 2; i++) {
		bulk->side[i] = (struct bulk_side){bulk, i};
		bulk->sink[i].trace = on_trace;
		bulk->sink[i].ctx = &bulk->side[i];
		set.trace = bulk->watch && bulk->watch->event ? &bulk->sink[i] :
								NULL;
		if (sim_host_add(bulk->sim, &set) != i)
			return CN_E_NOMEM;
	}
	return sim_wire_add(bulk->sim, 0, 1, &wire) ? CN_E_INVAL : CN_OK;
}

static int build(struct bulk *bulk)
{
	const struct bulk_plan *plan = bulk->plan;
	struct cn_endpoint local = {sim_addr(0, 1, 4), PORT};
	int err = build_hosts(bulk);

	sim_app_init(bulk->sim, &bulk->listener, accept_on);
	sim_app_init(bulk->sim, &bulk->gate, on_gate);
	if (!err)
		err = cn_sock_new(sim_host(bulk->sim, 1), 4, &bulk->listening);
	if (err)
		return err;
	cn_sock_set_tag(bulk->listening, &bulk->listener);
	err = cn_sock_bind(bulk->listening, &local);
	if (!err)
		err = cn_sock_listen(bulk->listening, BULK_FLOWS, BULK_START);
	for (unsigned i = 0; i < plan->flows; i++) {
		bulk->sender[i].bulk = bulk;
		bulk->sender[i].flow = i;
		bulk->receiver[i].bulk = bulk;
		bulk->receiver[i].flow = i;
		sim_app_init(bulk->sim, &bulk->sender[i].app, send_on);
		sim_app_init(bulk->sim, &bulk->receiver[i].app, receive_on);
		sim_app_stays(&bulk->sender[i].app, 0);
		sim_app_stays(&bulk->receiver[i].app, 1);
		sim_wake_at(&bulk->sender[i].app,
			    BULK_START + i * plan->stagger_ns);
		bulk->result->flow[i].cc = plan->cc[i];
	}
	sim_wake_at(&bulk->gate, BULK_START);
	bulk->to_go = plan->flows;
	return err;
}

static void sum_up(struct bulk *bulk)
{
	struct bulk_result *result = bulk->result;
	const struct cn_counters *count =
		cn_host_counters(sim_host(bulk->sim, 1));
	struct cn_path_stats stats;
	uint64_t now = sim_now(bulk->sim),
		 twice = count->drop[CN_DROP_TCP_DUPLICATE];

	result->ns = now - BULK_START;
	look_at_queue(bulk, now);
	result->queue_mean =
		result->ns ? bulk->queue_area / (double)result->ns : 0;
	sim_wire_stats(bulk->sim, 0, 1, &stats);
	result->packets = stats.packets;
	result->lost = stats.lost + stats.rule_drops;
	result->queue_drops = stats.queue_drops;
	result->again = twice > stats.duplicated ? twice - stats.duplicated : 0;
	for (unsigned i = 0; i < result->flows; i++) {
		struct bulk_flow *flow = &result->flow[i];

		if (flow->done || flow->err)
			continue;
		account(&bulk->sender[i], now);
		if (result->ns > i * bulk->plan->stagger_ns)
			flow->ns = result->ns - i * bulk->plan->stagger_ns;
	}
}

static void *heap_alloc(void *ctx, size_t size)
{
	void *p = malloc(size);

	(void)ctx;
	return p ? memset(p, 'c', size) : NULL;
}

static void heap_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

static bool play(struct bulk *bulk, struct cn_pool *pool)
{
	struct sim_watch watch = {
		.settled = look_at_queue,
		.looks_only = true,
		.packet = bulk->watch && bulk->watch->packet ? on_packet : NULL,
		.ctx = bulk,
	};
	enum sim_end end;
	bool good;

	bulk->looked_at = BULK_START;
	bulk->sim = sim_new(pool, bulk->plan->seed, BULK_START, &watch);
	if (!bulk->sim)
		return false;
	good = build(bulk) == CN_OK;
	if (good) {
		end = sim_run(bulk->sim, BULK_START + bulk->plan->time_ns);
		bulk->result->stuck = end == SIM_STUCK || end == SIM_IDLE;
		sum_up(bulk);
	}
	sim_free(bulk->sim);
	return good;
}

bool bulk_run(const struct bulk_plan *plan, const struct bulk_watch *watch,
	      struct bulk_result *result)
{
	static const struct cn_alloc alloc = {heap_alloc, heap_free, NULL};
	struct cn_pool *pool = cn_pool_new(&alloc);
	struct bulk *bulk = calloc(1, sizeof(*bulk));
	bool good = false;

	memset(result, 0, sizeof(*result));
	result->seed = plan->seed;
	result->flows = plan->flows;
	if (pool && bulk && plan->flows && plan->flows <= BULK_FLOWS) {
		bulk->plan = plan;
		bulk->watch = watch;
		bulk->result = result;
		good = play(bulk, pool);
	}
	free(bulk);
	if (pool)
		cn_pool_free(pool);
	return good;
}

double bulk_goodput(const struct bulk_flow *flow)
{
	return flow->ns ? (double)flow->octets * 8 * CN_NS_PER_SEC /
				  (double)flow->ns :
			  0;
}

double bulk_fairness(const struct bulk_result *result)
{
	double sum = 0, squares = 0;

	for (unsigned i = 0; i < result->flows; i++) {
		double x = bulk_goodput(&result->flow[i]);

		sum += x;
		squares += x * x;
	}
	return squares > 0 ? sum * sum / (result->flows * squares) : 0;
}

const char *bulk_cc_name(size_t i)
{
	return i < CN_CC_N ? cc_ops((enum cn_cc)i)->name : NULL;
}
