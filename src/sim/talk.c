/* SPDX-License-Identifier: MIT */
/*
 * The application of the simulator.  It follows the readiness of its socket
 * as a careful program would, and notes as a fault whatever a socket may not
 * do; whether an error may happen is for the scenario to say.
 */
#include "sim/talk.h"

#include <string.h>

#define CHUNK 65536u
/* Calls in one run: a program is not alone on its machine. */
#define CALLS_MAX 64
#define SPANS 4

/* -------------------------------------------------------------- stream -- */

static uint64_t word_at(uint64_t seed, uint32_t index)
{
	uint64_t x = (seed + index) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 29;
}

void talk_fill(uint64_t seed, uint32_t off, uint8_t *out, size_t len)
{
	while (len > 0) {
		uint64_t word = word_at(seed, off / 8);
		uint8_t octets[8];
		size_t skip = off % 8, n = 8 - skip;

		memcpy(octets, &word, 8);
		if (n > len)
			n = len;
		memcpy(out, octets + skip, n);
		out += n;
		off += (uint32_t)n;
		len -= n;
	}
}

bool talk_matches(uint64_t seed, uint32_t off, const uint8_t *data, size_t len)
{
	while (len > 0) {
		uint8_t want[8];
		size_t n = 8 - off % 8;

		if (n > len)
			n = len;
		talk_fill(seed, off, want, n);
		if (memcmp(data, want, n) != 0)
			return false;
		data += n;
		off += (uint32_t)n;
		len -= n;
	}
	return true;
}

static uint64_t seed_of(const struct talk *talk, int side)
{
	return talk->plan.seed + (uint64_t)side * UINT64_C(0x100000000);
}

/* ----------------------------------------------------------------- end -- */

static const struct talk_side *habits(const struct talk_end *end)
{
	return &end->talk->plan.side[end->side];
}

static const struct talk_side *peer_habits(const struct talk_end *end)
{
	return &end->talk->plan.side[!end->side];
}

static void finish(struct talk_end *end, int err, uint64_t now)
{
	if (end->sock) {
		cn_sock_set_tag(end->sock, NULL);
		cn_sock_close(end->sock, now);
	}
	end->sock = NULL;
	end->err = err;
	end->phase = TALK_DONE;
	end->done_at = now;
	sim_app_deinit(&end->app);
}

static void fault(struct talk_end *end, const char *text, uint64_t now)
{
	if (!end->fault)
		end->fault = text;
	finish(end, CN_E_PROTO, now);
}

/* Memory was short: a program waits a little and tries again. */
#define SHORT_NS (20 * CN_NS_PER_MS)

static bool is_short(int64_t n)
{
	return n == CN_E_NOMEM || n == CN_E_NOBUFS;
}

/* Without memory the default has to do. */
static void option(struct talk_end *end, enum cn_opt opt, int64_t value,
		   uint64_t now)
{
	int err;

	if (!end->sock)
		return;
	err = cn_sock_set(end->sock, opt, value, now);
	if (err && !is_short(err))
		fault(end, "an option was refused", now);
}

/* An option that the state does not allow is not taken, as by any program. */
static void tweak(struct talk_end *end, uint64_t now)
{
	const struct talk_side *side = habits(end);

	for (unsigned i = 0; i < side->tweak_n && end->sock; i++) {
		const struct talk_tweak *tweak = &side->tweak[i];

		if (end->tweaked >> i & 1 ||
		    end->sent + end->received < tweak->at)
			continue;
		end->tweaked |= (uint8_t)(1u << i);
		option(end, (enum cn_opt)tweak->opt, tweak->value, now);
	}
}

static void take_options(struct talk_end *end, uint64_t now)
{
	const struct talk_side *side = habits(end);

	tweak(end, now);
	if (side->nodelay)
		option(end, CN_OPT_NODELAY, 1, now);
	if (side->cork)
		option(end, CN_OPT_CORK, 1, now);
	if (side->sndbuf)
		option(end, CN_OPT_SNDBUF, side->sndbuf, now);
	if (side->rcvbuf)
		option(end, CN_OPT_RCVBUF, side->rcvbuf, now);
	if (side->linger)
		option(end, CN_OPT_LINGER, side->linger - 1, now);
	if (side->user_timeout_ms)
		option(end, CN_OPT_USER_TIMEOUT, side->user_timeout_ms, now);
	if (peer_habits(end)->urgent)
		option(end, CN_OPT_OOBINLINE, 1, now);
	if (side->keepalive) {
		option(end, CN_OPT_KEEPIDLE, 60, now);
		option(end, CN_OPT_KEEPINTVL, 10, now);
		option(end, CN_OPT_KEEPCNT, 12, now);
		option(end, CN_OPT_KEEPALIVE, 1, now);
	}
}

static struct cn_endpoint endpoint(const struct talk *talk, int side,
				   uint16_t port)
{
	return (struct cn_endpoint){
		.addr = sim_addr(talk->wire, talk->wire_end[side],
				 talk->plan.family),
		.port = port,
	};
}

static void try_again(struct talk_end *end, uint64_t now)
{
	if (end->sock)
		cn_sock_close(end->sock, now);
	end->sock = NULL;
	end->phase = TALK_WAITING;
	sim_wake_at(&end->app, now + SHORT_NS);
}

/* The SYN waits for the first octets, if there are any. */
static int open_fast(struct talk_end *end, const struct cn_endpoint *peer,
		     uint64_t now)
{
	const struct talk_side *side = habits(end);
	uint32_t len = side->octets < 3000 ? side->octets : 3000;
	uint8_t data[3000];
	int64_t n;

	talk_fill(seed_of(end->talk, end->side), 0, data, len);
	n = cn_sock_connect_send(end->sock, peer, data, len, now);
	if (n < 0)
		return (int)n;
	end->sent = (uint32_t)n;
	return CN_OK;
}

static int open_socket(struct talk_end *end, uint64_t now)
{
	struct talk *talk = end->talk;
	const struct talk_plan *plan = &talk->plan;
	const struct talk_side *side = habits(end);
	struct cn_endpoint local = endpoint(talk, end->side, plan->port);
	struct cn_endpoint peer = endpoint(talk, !end->side, plan->port);
	int err = cn_sock_new(sim_host(talk->sim, talk->host[end->side]),
			      plan->family, &end->sock);

	if (err)
		return err;
	cn_sock_set_tag(end->sock, &end->app);
	end->phase = TALK_CONNECTING;
	take_options(end, now);
	if (end->fault)
		return CN_OK;
	if (plan->client_port)
		local.port = plan->client_port;
	if (plan->simultaneous || plan->client_port)
		err = cn_sock_bind(end->sock, &local);
	if (!err && side->fast && !plan->simultaneous) {
		err = cn_sock_set(end->sock, CN_OPT_FASTOPEN_CONNECT, 1, now);
		/* The host does not: it connects as ever. */
		if (err == CN_E_OPNOTSUPP || is_short(err))
			err = CN_OK;
	}
	if (!err)
		err = cn_sock_connect(end->sock, &peer, now);
	if (err && err != CN_E_INPROGRESS)
		return err;
	if (cn_sock_defers(end->sock))
		err = open_fast(end, &peer, now);
	cn_sock_name(end->sock, &local);
	if (end->side == 0)
		talk->client_port = local.port;
	return err == CN_E_INPROGRESS ? CN_OK : err;
}

static void start(struct talk_end *end, uint64_t now)
{
	int err = open_socket(end, now);

	if (is_short(err))
		try_again(end, now);
	else if (err)
		finish(end, err, now);
}

/* The time until which this direction rests after a call. */
static uint64_t rest(struct talk_end *end, uint64_t now)
{
	const struct talk_side *side = habits(end);

	if (!side->pause || random_below(&end->random, 1000) >= side->pause)
		return now;
	return now + 1 + random_u64(&end->random) % (side->pause_ns + 1);
}

static uint32_t how_much(struct talk_end *end, uint32_t most, uint32_t left)
{
	uint32_t n;

	if (most == 0 || most > CHUNK)
		most = CHUNK;
	n = 1 + random_below(&end->random, most);
	if (n < most / 2) /* mostly what fits, often less */
		n = most;
	return n < left ? n : left;
}

static int64_t send_spans(struct talk_end *end, uint32_t want, uint64_t now)
{
	struct cn_span span[SPANS];
	size_t len = 0;
	int n = cn_sock_send_reserve(end->sock, want, span, SPANS, now), err;

	if (n <= 0)
		return n ? n : CN_E_AGAIN;
	for (int i = 0; i < n && len < want; i++) {
		size_t part = span[i].len;

		if (part > want - len)
			part = want - len;
		talk_fill(seed_of(end->talk, end->side),
			  end->sent + (uint32_t)len, span[i].data, part);
		len += part;
	}
	err = cn_sock_send_commit(end->sock, len, 0, now);
	return err ? err : (int64_t)len;
}

static int64_t send_octets(struct talk_end *end, uint32_t want, uint64_t now)
{
	const struct talk_side *side = habits(end);
	uint8_t data[CHUNK];
	unsigned flags = 0;

	talk_fill(seed_of(end->talk, end->side), end->sent, data, want);
	if (side->urgent && random_below(&end->random, 8) == 0)
		flags = CN_MSG_OOB;
	else if (want < side->octets - end->sent &&
		 random_below(&end->random, 8) == 0)
		flags = CN_MSG_MORE;
	return cn_sock_send(end->sock, data, want, flags, now);
}

/* True when a call went through. */
static bool write_some(struct talk_end *end, uint64_t now)
{
	const struct talk_side *side = habits(end);
	uint32_t want =
		how_much(end, side->write_max, side->octets - end->sent);
	int64_t n;

	if (end->shut || end->sent == side->octets || now < end->write_at)
		return false;
	n = side->spans ? send_spans(end, want, now) :
			  send_octets(end, want, now);
	if (is_short(n))
		end->write_at = now + SHORT_NS;
	if (n == CN_E_AGAIN || is_short(n))
		return false;
	if (n < 0) {
		finish(end, (int)n, now);
		return false;
	}
	if (n == 0 || n > want) {
		fault(end, "send took an impossible number of octets", now);
		return false;
	}
	end->sent += (uint32_t)n;
	end->write_at = rest(end, now);
	return true;
}

static void got(struct talk_end *end, const uint8_t *data, size_t len,
		uint64_t now)
{
	if (len > peer_habits(end)->octets - end->received)
		fault(end, "more octets than were sent", now);
	else if (!talk_matches(seed_of(end->talk, !end->side), end->received,
			       data, len))
		fault(end, "octets differ", now);
	else
		end->received += (uint32_t)len;
}

/* Octets read, or as cn_sock_recv. */
static int64_t read_view(struct talk_end *end, uint32_t want, uint64_t now)
{
	struct cn_slice slice[SPANS];
	int64_t sum = 0;
	int n = cn_sock_recv_view(end->sock, slice, SPANS);

	if (n <= 0)
		return n;
	for (int i = 0; i < n && want > 0 && !end->fault; i++) {
		uint32_t len = slice[i].len < want ? slice[i].len : want;

		got(end, slice[i].data, len, now);
		want -= len;
		sum += len;
	}
	if (!end->fault &&
	    cn_sock_recv_take(end->sock, (size_t)sum, now) != CN_OK)
		fault(end, "take refused what view had shown", now);
	return sum;
}

static int64_t read_octets(struct talk_end *end, uint32_t want, uint64_t now)
{
	uint8_t data[CHUNK], ahead[64];
	int64_t peeked = 0, n;

	if (habits(end)->peek && random_below(&end->random, 4) == 0)
		peeked = cn_sock_recv(end->sock, ahead, sizeof(ahead),
				      CN_MSG_PEEK, now);
	/* A pending error is told once. */
	if (peeked < 0 && peeked != CN_E_AGAIN)
		return peeked;
	n = cn_sock_recv(end->sock, data, want, 0, now);
	if (n > 0) {
		size_t both = (size_t)(peeked < n ? peeked : n);

		if (peeked > 0 && memcmp(ahead, data, both) != 0)
			fault(end, "a peek saw other octets", now);
		else
			got(end, data, (size_t)n, now);
	}
	return n;
}

static void peer_ended(struct talk_end *end, uint64_t now)
{
	end->eof = true;
	if (end->received != peer_habits(end)->octets &&
	    !peer_habits(end)->abort_at)
		fault(end, "the stream ended early", now);
}

static bool read_some(struct talk_end *end, uint64_t now)
{
	const struct talk_side *side = habits(end);
	uint32_t want = how_much(end, side->read_max, CHUNK);
	int64_t n = 0;

	if (end->eof || now < end->read_at)
		return false;
	if (side->spans)
		n = read_view(end, want, now);
	if (n == 0)
		n = read_octets(end, want, now);
	if (is_short(n))
		end->read_at = now + SHORT_NS;
	if (end->phase == TALK_DONE || n == CN_E_AGAIN || is_short(n))
		return false;
	if (n < 0) {
		finish(end, (int)n, now);
		return false;
	}
	if (n == 0) {
		peer_ended(end, now);
		return false;
	}
	end->read_at = rest(end, now);
	if (side->stall_ns && !end->stalled &&
	    end->received >= side->stall_at) {
		end->stalled = true;
		end->read_at = now + side->stall_ns;
	}
	return true;
}

static void shut(struct talk_end *end, uint64_t now)
{
	int err = cn_sock_shutdown(end->sock, CN_SHUT_WR, now);

	end->shut = true;
	if (err && err != CN_E_NOTCONN)
		fault(end, "shutdown refused", now);
}

static void maybe_close(struct talk_end *end, uint64_t now)
{
	const struct talk_side *side = habits(end);
	bool all_sent = end->sent == side->octets;
	bool all_read = end->received == peer_habits(end)->octets;

	if (side->abort_at && end->sent + end->received >= side->abort_at) {
		end->aborted = true;
		cn_sock_set_tag(end->sock, NULL);
		cn_sock_abort(end->sock, now);
		end->sock = NULL;
		finish(end, CN_OK, now);
		return;
	}
	if (all_sent && side->finish == TALK_CLOSE && all_read) {
		finish(end, CN_OK, now);
		return;
	}
	if (all_sent && !end->shut && (side->finish == TALK_SHUT || end->eof)) {
		shut(end, now);
		if (end->phase == TALK_DONE)
			return;
	}
	if (end->shut && end->eof)
		finish(end, CN_OK, now);
}

static bool becomes_open(struct talk_end *end, uint64_t now)
{
	unsigned ready = cn_sock_ready(end->sock);
	int err;

	if (end->phase == TALK_OPEN)
		return true;
	if (ready & CN_READY_ERR) {
		err = cn_sock_error(end->sock);
		if (err == CN_OK)
			fault(end, "ready for an error that is not there", now);
		else
			finish(end, err, now);
		return false;
	}
	if (!(ready & CN_READY_OUT))
		return false;
	end->phase = TALK_OPEN;
	end->opened_at = now;
	return true;
}

static void set_alarm(struct talk_end *end, uint64_t now)
{
	uint64_t at = CN_NEVER;

	if (end->write_at > now)
		at = end->write_at;
	if (end->read_at > now && end->read_at < at)
		at = end->read_at;
	if (at != CN_NEVER)
		sim_wake_at(&end->app, at);
}

static void run_end(struct sim_app *app, uint64_t now)
{
	struct talk_end *end = CN_CONTAINER(app, struct talk_end, app);
	bool more = true;

	if (end->phase == TALK_WAITING && !end->sock)
		start(end, now);
	if (end->phase == TALK_DONE || !end->sock || !becomes_open(end, now))
		return;
	for (int calls = 0; more && calls < CALLS_MAX; calls++) {
		more = write_some(end, now);
		if (end->phase == TALK_OPEN)
			more |= read_some(end, now);
		if (end->phase == TALK_OPEN)
			tweak(end, now);
		if (end->phase == TALK_OPEN)
			maybe_close(end, now);
		if (end->phase != TALK_OPEN)
			return;
	}
	if (more)
		sim_wake(&end->app);
	set_alarm(end, now);
}

/* ------------------------------------------------------------- the talk -- */

void talk_init(struct talk *talk, const struct talk_plan *plan, struct sim *sim,
	       int wire, const int host[2], int client)
{
	memset(talk, 0, sizeof(*talk));
	talk->plan = *plan;
	talk->sim = sim;
	talk->wire = wire;
	for (int i = 0; i < 2; i++) {
		struct talk_end *end = &talk->end[i];

		talk->wire_end[i] = i == 0 ? client : !client;
		talk->host[i] = host[talk->wire_end[i]];
		end->talk = talk;
		end->side = i;
		sim_app_init(sim, &end->app, run_end);
		sim_random(sim, &end->random, plan->seed * 2 + (unsigned)i);
	}
	sim_wake_at(&talk->end[0].app, plan->start_at);
	if (plan->simultaneous)
		sim_wake_at(&talk->end[1].app, plan->start_at);
}

void talk_deinit(struct talk *talk)
{
	for (int i = 0; i < 2; i++)
		if (talk->end[i].phase != TALK_DONE)
			finish(&talk->end[i], CN_E_CONNABORTED,
			       sim_now(talk->sim));
}

/* A server that never saw its client is done when the client is. */
bool talk_is_done(const struct talk *talk)
{
	return talk->end[0].phase == TALK_DONE &&
	       (talk->end[1].phase == TALK_DONE || !talk->end[1].sock);
}

bool talk_may_end_early(const struct talk *talk)
{
	for (int i = 0; i < 2; i++) {
		const struct talk_side *side = &talk->plan.side[i];

		if (side->abort_at || side->linger == 1 ||
		    side->user_timeout_ms)
			return true;
	}
	return false;
}

/* ----------------------------------------------------------- the server -- */

/* A client that gave up leaves its port to another. */
static struct talk *whose(const struct talk_server *server, uint16_t port)
{
	struct talk *gone = NULL;

	for (int i = 0; i < server->talk_n; i++) {
		struct talk *talk = server->talk[i];

		if (talk->client_port != port || talk->plan.simultaneous ||
		    talk->end[1].phase != TALK_WAITING)
			continue;
		if (talk->end[0].phase != TALK_DONE)
			return talk;
		gone = talk;
	}
	return gone;
}

static bool is_over(int err)
{
	return err == CN_E_CONNRESET || err == CN_E_CONNABORTED;
}

static void run_server(struct sim_app *app, uint64_t now)
{
	struct talk_server *server = CN_CONTAINER(app, struct talk_server, app);
	struct cn_sock *sock;

	while (cn_sock_accept(server->listener, &sock, now) == CN_OK) {
		struct cn_endpoint peer;
		struct talk *talk = NULL;

		/* Reset, or let go for want of memory, before it was accepted:
		 * nobody's any more. */
		if (cn_sock_peer(sock, &peer) == CN_E_NOTCONN &&
		    is_over(cn_sock_error(sock))) {
			cn_sock_close(sock, now);
			continue;
		}
		if (cn_sock_peer(sock, &peer) == CN_OK)
			talk = whose(server, peer.port);
		/* RFC 7413 section 2.1: a SYN that came twice may do that. */
		if (!talk && server->fast) {
			cn_sock_abort(sock, now);
			continue;
		}
		if (!talk) {
			server->fault = "accepted what nobody had sent";
			cn_sock_abort(sock, now);
			continue;
		}
		talk->end[1].sock = sock;
		talk->end[1].phase = TALK_OPEN;
		talk->end[1].opened_at = now;
		cn_sock_set_tag(sock, &talk->end[1].app);
		take_options(&talk->end[1], now);
		if (talk->end[1].phase == TALK_OPEN)
			sim_wake(&talk->end[1].app);
	}
}

int talk_server_init(struct talk_server *server, struct sim *sim, int host,
		     int family, uint16_t port, struct talk **talk, int n)
{
	struct cn_endpoint local = {.port = port};
	int err;

	*server = (struct talk_server){.talk = talk, .talk_n = n};
	if (family == 4)
		local.addr = cn_addr_v4(0, 0, 0, 0);
	sim_app_init(sim, &server->app, run_server);
	err = cn_sock_new(sim_host(sim, host), family, &server->listener);
	if (err)
		return err;
	cn_sock_set_tag(server->listener, &server->app);
	err = cn_sock_bind(server->listener, &local);
	/* Urgent octets may come before accept(). */
	if (!err)
		err = cn_sock_set(server->listener, CN_OPT_OOBINLINE, 1,
				  sim_now(sim));
	if (!err)
		err = cn_sock_listen(server->listener, 1024, sim_now(sim));
	return err;
}

int talk_server_takes_fast(struct talk_server *server)
{
	server->fast = true;
	return cn_sock_set(server->listener, CN_OPT_FASTOPEN, 1024,
			   sim_now(server->app.sim));
}

void talk_server_deinit(struct talk_server *server)
{
	sim_app_deinit(&server->app);
	if (server->listener)
		cn_sock_close(server->listener, sim_now(server->app.sim));
	server->listener = NULL;
}
