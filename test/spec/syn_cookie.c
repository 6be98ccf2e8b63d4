/* SPDX-License-Identifier: MIT */
/*
 * RFC 4987 section 3.6: SYN cookies, as Linux makes them where a listener's
 * SYN queue is full, and what a forger can do about them.
 */
#include "../pair.h"

#include "host/host.h"

#define MINUTE (60 * S)

static void always(struct cn_settings *settings, int host)
{
	(void)host;
	settings->syncookies = 2;
}

static void never(struct cn_settings *settings, int host)
{
	(void)host;
	settings->syncookies = 0;
}

static const struct cn_counters *count(const struct pair *pair)
{
	return cn_host_counters(pair->host[1]);
}

static struct cn_endpoint stranger(unsigned n)
{
	return (struct cn_endpoint){cn_addr_v4(10, 0, 0,
					       (uint8_t)(100 + n % 100)),
				    (uint16_t)(1024 + n)};
}

static const struct tcp_seg plain_syn = {
	.seq = 7000, .flags = TCP_SYN, .wnd = 1000, .len = 1};

struct rows {
	unsigned syn_received, established;
};

static void count_row(void *ctx, const struct cn_sock_row *row)
{
	struct rows *rows = ctx;

	rows->syn_received += row->state == CN_SYN_RECEIVED;
	rows->established += row->state == CN_ESTABLISHED;
}

static struct rows rows_of(struct pair *pair, int host)
{
	struct rows rows = {0, 0};

	cn_host_each(pair->host[host], count_row, &rows);
	return rows;
}

/* A SYN from the stranger, and the SYN-ACK that it gets. */
static struct tcp_seg ask(struct pair *pair, struct cn_endpoint from,
			  const struct tcp_seg *syn)
{
	struct tcp_seg reply;

	inject(pair, 1, from, pair_at(1, 80), syn);
	assert_true(take_segment(pair, 1, &reply, NULL));
	assert_int_equal(reply.flags, TCP_SYN | TCP_ACK);
	assert_int_equal(reply.ack, syn->seq + 1);
	return reply;
}

static struct tcp_seg ack_of(const struct tcp_seg *syn,
			     const struct tcp_seg *reply)
{
	struct tcp_seg ack = {
		.seq = syn->seq + 1,
		.ack = reply->seq + 1,
		.flags = TCP_ACK,
		.wnd = 500,
	};

	if (reply->options & TCP_OPT_TS) {
		ack.options = TCP_OPT_TS;
		ack.tsval = syn->tsval + 1;
		ack.tsecr = reply->tsval;
	}
	return ack;
}

static void give(struct pair *pair, struct cn_endpoint from,
		 const struct tcp_seg *ack)
{
	inject(pair, 1, from, pair_at(1, 80), ack);
}

/* The ACK was refused as LISTEN refuses one (RFC 9293 section 3.10.7.2). */
static void expect_reset(struct pair *pair, const struct tcp_seg *ack)
{
	struct tcp_seg reply;

	assert_true(take_segment(pair, 1, &reply, NULL));
	assert_int_equal(reply.flags, TCP_RST);
	assert_int_equal(reply.seq, ack->ack);
}

/* -------------------------------------------------------- when, and what -- */

/* 9 SYN-RECEIVED, cookies on or off; and whoever answers gets in all the same.
 * Notes: row 87.
 */
static void listen_8_holds_nine_and_the_honest_connect(void **state)
{
	struct cn_sock *listener, *client, *server;
	struct pair pair;
	struct tcp_seg seg;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 8);
	for (unsigned i = 0; i < 500; i++) {
		inject(&pair, 1, stranger(i), pair_at(1, 80), &plain_syn);
		assert_true(take_segment(&pair, 1, &seg, NULL));
		assert_int_equal(seg.flags, TCP_SYN | TCP_ACK);
	}
	assert_int_equal(rows_of(&pair, 1).syn_received, 9);
	assert_int_equal(count(&pair)->syncookies_sent, 491);
	assert_int_equal(drops(&pair, 1, CN_DROP_TCP_SYN_QUEUE), 0);
	for (unsigned i = 0; i < 20; i++) {
		client = connect_from(&pair, 0, pair_at(1, 80));
		pair_run(&pair);
		assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
		server = accept_from(&pair, listener);
		send_text(&pair, client, "by cookie");
		expect_text(&pair, server, "by cookie");
		send_text(&pair, server, "both ways");
		expect_text(&pair, client, "both ways");
	}
	assert_int_equal(rows_of(&pair, 1).syn_received, 9);
	assert_int_equal(count(&pair)->syncookies_recv, 20);
	assert_int_equal(count(&pair)->syncookies_failed, 0);
	pair_deinit(&pair);
}

/* Measured: listen(1000) with tcp_max_syn_backlog 64 holds 500 where cookies
 * are allowed. */
static void backlog_64(struct cn_settings *settings, int host)
{
	(void)host;
	settings->syn_backlog = 64;
}

static void syn_backlog_is_of_no_account_with_cookies(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, backlog_64);
	listener_on(&pair, 1, 80, 1000);
	for (unsigned i = 0; i < 500; i++)
		inject(&pair, 1, stranger(i), pair_at(1, 80), &plain_syn);
	assert_int_equal(rows_of(&pair, 1).syn_received, 500);
	assert_int_equal(count(&pair)->syncookies_sent, 0);
	pair_deinit(&pair);
}

static void cache_of_100(struct cn_settings *settings, int host)
{
	(void)host;
	settings->syn_cache_max = 100;
}

static void full_cache_falls_back_to_cookies(void **state)
{
	struct pair pair;

	(void)state;
	pair_init(&pair, cache_of_100);
	listener_on(&pair, 1, 80, 1000);
	listener_on(&pair, 1, 81, 1000);
	for (unsigned i = 0; i < 200; i++)
		inject(&pair, 1, stranger(i), pair_at(1, 80), &plain_syn);
	/* The last quarter is for the others. */
	assert_int_equal(rows_of(&pair, 1).syn_received, 76);
	assert_int_equal(count(&pair)->syncookies_sent, 124);
	for (unsigned i = 0; i < 200; i++)
		inject(&pair, 1, stranger(i), pair_at(1, 81), &plain_syn);
	assert_int_equal(rows_of(&pair, 1).syn_received, 100);
	pair_deinit(&pair);
}

static void never_means_never(void **state)
{
	struct pair pair;
	struct tcp_seg ack = {.seq = 1, .ack = 2, .flags = TCP_ACK};

	(void)state;
	pair_init(&pair, never);
	listener_on(&pair, 1, 80, 0);
	for (unsigned i = 0; i < 10; i++)
		inject(&pair, 1, stranger(i), pair_at(1, 80), &plain_syn);
	assert_int_equal(count(&pair)->syncookies_sent, 0);
	assert_int_equal(drops(&pair, 1, CN_DROP_TCP_SYN_QUEUE), 9);
	give(&pair, stranger(50), &ack);
	assert_int_equal(count(&pair)->syncookies_failed, 0);
	pair_deinit(&pair);
}

static void always_keeps_nothing(void **state)
{
	struct cn_sock *listener;
	struct pair pair;
	struct tcp_seg seg;
	uint64_t deadline;
	size_t memory;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	deadline = cn_host_deadline(pair.host[1]);
	memory = cn_host_memory(pair.host[1], NULL);
	for (unsigned i = 0; i < 10000; i++)
		ask(&pair, stranger(i), &plain_syn);
	assert_int_equal(rows_of(&pair, 1).syn_received, 0);
	assert_int_equal(cn_host_memory(pair.host[1], NULL), memory);
	/* No timer: a cookie is never sent again by itself. */
	assert_true(cn_host_deadline(pair.host[1]) == deadline);
	pair_after(&pair, 5 * S);
	assert_false(take_segment(&pair, 1, &seg, NULL));
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	pair_deinit(&pair);
}

/* The same question within a turn gets the same answer. */
static void repeated_syn_gets_the_same_cookie(void **state)
{
	struct pair pair;
	struct tcp_seg a, b;

	(void)state;
	pair_init(&pair, always);
	listener_on(&pair, 1, 80, 8);
	a = ask(&pair, stranger(0), &plain_syn);
	pair.now += 100 * MS;
	b = ask(&pair, stranger(0), &plain_syn);
	assert_int_equal(a.seq, b.seq);
	/* To another it is another. */
	b = ask(&pair, stranger(1), &plain_syn);
	assert_int_not_equal(a.seq, b.seq);
	pair_deinit(&pair);
}

static bool held_is_dropped(struct pair *pair)
{
	struct tcp_seg seg;

	return !take_segment(pair, 1, &seg, NULL);
}

/* A gateway's SYN waits for its verdict: no cookie can. */
static void holding_listener_sends_none(void **state)
{
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 1);
	assert_int_equal(cn_sock_set(listener, CN_OPT_HOLD, 1, pair.now), 0);
	for (unsigned i = 0; i < 10; i++)
		inject(&pair, 1, stranger(i), pair_at(1, 80), &plain_syn);
	assert_true(held_is_dropped(&pair));
	assert_int_equal(count(&pair)->syncookies_sent, 0);
	pair_deinit(&pair);
}

/* ------------------------------------------------------------- the options -- */

struct options_row {
	uint8_t options;
	uint16_t mss;
	uint8_t wscale;
	/* what comes of it */
	uint16_t got_mss;
	uint8_t got; /* of TS, SACK, WSCALE */
};

static const struct options_row options_rows[] = {
	{0, 0, 0, 536, 0},
	{TCP_OPT_MSS, 1460, 0, 1460, 0},
	{TCP_OPT_MSS, 1459, 0, 1440, 0},
	{TCP_OPT_MSS, 1400, 0, 1360, 0},
	{TCP_OPT_MSS, 1300, 0, 1220, 0},
	{TCP_OPT_MSS, 1000, 0, 536, 0},
	{TCP_OPT_MSS, 535, 0, 48, 0},
	{TCP_OPT_MSS, 9000, 0, 8940, 0},
	/* Without timestamps nothing else can be carried. */
	{TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_WSCALE, 1460, 7, 1460, 0},
	{TCP_OPT_MSS | TCP_OPT_TS, 1460, 0, 1460, TCP_OPT_TS},
	{TCP_OPT_MSS | TCP_OPT_TS | TCP_OPT_SACK_OK, 1460, 0, 1460,
	 TCP_OPT_TS | TCP_OPT_SACK_OK},
	{TCP_OPT_MSS | TCP_OPT_TS | TCP_OPT_WSCALE, 1460, 0, 1460,
	 TCP_OPT_TS | TCP_OPT_WSCALE},
	{TCP_OPT_MSS | TCP_OPT_TS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK, 1460, 14,
	 1460, TCP_OPT_TS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK},
	{TCP_OPT_MSS | TCP_OPT_TS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK, 1420, 7,
	 1420, TCP_OPT_TS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK},
};

static void round_trip(const struct options_row *row)
{
	struct tcp_seg syn = {.seq = 0xfffffff0u,
			      .flags = TCP_SYN,
			      .wnd = 1000,
			      .len = 1,
			      .tsval = 4242,
			      .options = row->options,
			      .mss = row->mss,
			      .wscale = row->wscale};
	struct cn_sock *listener, *server;
	struct tcp_seg reply, ack;
	struct cn_tcp_info info;
	struct pair pair;
	const struct tcb *tcb;

	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	reply = ask(&pair, stranger(3), &syn);
	assert_int_equal(reply.options & (TCP_OPT_TS | TCP_OPT_SACK_OK |
					  TCP_OPT_WSCALE),
			 row->got);
	pair.now += 30 * S;
	ack = ack_of(&syn, &reply);
	give(&pair, stranger(3), &ack);
	server = accept_from(&pair, listener);
	assert_int_equal(cn_sock_state(server), CN_ESTABLISHED);
	assert_int_equal(cn_sock_info(server, &info), 0);
	tcb = &server->tcb;
	assert_int_equal(tcb->peer_mss, row->got_mss);
	assert_int_equal(info.has_ts, !!(row->got & TCP_OPT_TS));
	assert_int_equal(info.has_sack, !!(row->got & TCP_OPT_SACK_OK));
	assert_int_equal(info.has_wscale, !!(row->got & TCP_OPT_WSCALE));
	if (info.has_wscale) {
		assert_int_equal(info.snd_wscale, row->wscale);
		assert_int_equal(info.rcv_wscale, reply.wscale);
	}
	if (info.has_ts)
		assert_int_equal(tcb->ts_recent, ack.tsval);
	assert_int_equal(info.snd_wnd, 500u << info.snd_wscale);
	assert_int_equal(tcb->rcv_nxt, syn.seq + 1);
	assert_int_equal(tcb->snd_nxt, reply.seq + 1);
	assert_int_equal(tcb->rcv_wnd, reply.wnd);
	pair_deinit(&pair);
}

static void options_come_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(options_rows) / sizeof(options_rows[0]);
	     i++)
		round_trip(&options_rows[i]);
}

/* The timestamp bears the options and is a clock all the same. */
static void timestamp_runs_and_never_ahead(void **state)
{
	struct tcp_seg syn = {.seq = 1,
			      .flags = TCP_SYN,
			      .len = 1,
			      .options = TCP_OPT_TS | TCP_OPT_WSCALE,
			      .wscale = 9};
	struct pair pair;
	uint32_t last = 0, off;

	(void)state;
	pair_init(&pair, always);
	listener_on(&pair, 1, 80, 8);
	off = ask(&pair, stranger(0), &syn).tsval - (uint32_t)(pair.now / MS);
	for (unsigned i = 0; i < 300; i++) {
		uint32_t clock = (uint32_t)(pair.now / MS), value;

		value = ask(&pair, stranger(0), &syn).tsval - off;
		/* Within 64 ms of the true clock, as far as the first was. */
		assert_true((int32_t)(value - clock) > -128 &&
			    (int32_t)(value - clock) < 128);
		if (i)
			assert_true((int32_t)(value - last) >= 0);
		last = value;
		pair.now += 7 * MS;
	}
	pair_deinit(&pair);
}

static struct cn_endpoint at6(int host, uint16_t port)
{
	return (struct cn_endpoint){pair_addr6(host), port};
}

static void ipv6_connects_by_cookie(void **state)
{
	struct cn_endpoint here = {.port = 80}, there = at6(1, 80);
	struct cn_sock *listener, *client, *server;
	struct cn_tcp_info info;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	assert_int_equal(cn_sock_new(pair.host[1], 6, &listener), 0);
	assert_int_equal(cn_sock_bind(listener, &here), 0);
	assert_int_equal(cn_sock_listen(listener, 8, pair.now), 0);
	assert_int_equal(cn_sock_new(pair.host[0], 6, &client), 0);
	assert_int_equal(cn_sock_connect(client, &there, pair.now),
			 CN_E_INPROGRESS);
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	server = accept_from(&pair, listener);
	send_text(&pair, client, "six");
	expect_text(&pair, server, "six");
	assert_int_equal(cn_sock_info(server, &info), 0);
	assert_int_equal(info.snd_mss, 1440);
	assert_true(info.has_ts && info.has_sack && info.has_wscale);
	assert_int_equal(count(&pair)->syncookies_recv, 1);
	pair_deinit(&pair);
}

/* ------------------------------------------------------------ the last ACK -- */

static bool lose_bare_ack(struct pair *pair, int from,
			  const struct cn_frame *frame)
{
	(void)pair;
	return from == 0 && !frame->payload_len && frame->header_len < 60;
}

static void the_first_data_bring_the_cookie_too(void **state)
{
	struct cn_sock *listener, *client;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	client = connect_from(&pair, 0, pair_at(1, 80));
	assert_true(pair_move(&pair, 0));
	pair.lose = lose_bare_ack;
	pair_run(&pair);
	assert_int_equal(cn_sock_state(client), CN_ESTABLISHED);
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	pair.lose = NULL;
	send_text(&pair, client, "late");
	expect_text(&pair, accept_from(&pair, listener), "late");
	pair_deinit(&pair);
}

static void fin_with_the_cookie_is_taken(void **state)
{
	struct cn_sock *listener, *server;
	struct tcp_seg reply, ack;
	struct pair pair;
	char octet;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	reply = ask(&pair, stranger(0), &plain_syn);
	ack = ack_of(&plain_syn, &reply);
	ack.flags |= TCP_FIN;
	give(&pair, stranger(0), &ack);
	server = accept_from(&pair, listener);
	assert_int_equal(cn_sock_state(server), CN_CLOSE_WAIT);
	assert_int_equal(cn_sock_recv(server, &octet, 1, 0, pair.now), 0);
	pair_deinit(&pair);
}

/* The connection comes only if there is room for it; the ACK is not refused. */
static void full_accept_queue_takes_no_cookie(void **state)
{
	struct tcp_seg reply[2], ack;
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 0);
	for (unsigned i = 0; i < 2; i++)
		reply[i] = ask(&pair, stranger(i), &plain_syn);
	ack = ack_of(&plain_syn, &reply[0]);
	give(&pair, stranger(0), &ack);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	ack = ack_of(&plain_syn, &reply[1]);
	give(&pair, stranger(1), &ack);
	expect_silence(&pair, 1);
	assert_int_equal(drops(&pair, 1, CN_DROP_TCP_BACKLOG), 1);
	assert_int_equal(rows_of(&pair, 1).established, 1);
	/* Nor is a SYN answered now. */
	inject(&pair, 1, stranger(2), pair_at(1, 80), &plain_syn);
	expect_silence(&pair, 1);
	cn_sock_close(accept_from(&pair, listener), pair.now);
	while (take_segment(&pair, 1, &reply[0], NULL))
		;
	give(&pair, stranger(1), &ack);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	pair_deinit(&pair);
}

/* Its segment will come again; those behind it, which bear no cookie, are no
 * reason for a reset until then. */
static void full_accept_queue_resets_no_flight(void **state)
{
	static uint8_t octets[6000];
	struct cn_sock *listener, *client[2], *server;
	struct tcp_seg stray = {
		.seq = 1, .ack = 1, .flags = TCP_ACK | TCP_FIN, .len = 1};
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 0);
	for (unsigned i = 0; i < 2; i++)
		client[i] = connect_from(&pair, 0, pair_at(1, 80));
	for (unsigned i = 0; i < 4; i++)
		assert_true(pair_move(&pair, i >= 2));
	pair_run(&pair);
	assert_int_equal(drops(&pair, 1, CN_DROP_TCP_BACKLOG), 1);
	assert_int_equal(cn_sock_send(client[1], octets, sizeof(octets), 0,
				      pair.now),
			 sizeof(octets));
	pair_run(&pair);
	assert_true(drops(&pair, 1, CN_DROP_TCP_BACKLOG) > 4);
	assert_int_equal(count(&pair)->tcp_rst_out, 0);
	assert_int_equal(cn_sock_state(client[1]), CN_ESTABLISHED);
	accept_from(&pair, listener);
	pair_after(&pair, 2 * S);
	server = accept_from(&pair, listener);
	assert_int_equal(cn_sock_readable(server), sizeof(octets));
	/* It is over when nothing is waited for any more. */
	pair_after(&pair, 2 * S);
	give(&pair, stranger(0), &stray);
	expect_reset(&pair, &stray);
	pair_deinit(&pair);
}

/* A cookie was sent, then there was room: the ACK of the cookie counts. */
static void cookie_and_entry_of_one_peer(void **state)
{
	struct cn_sock *listener;
	struct tcp_seg cookie, entry, ack;
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener = listener_on(&pair, 1, 80, 0);
	ask(&pair, stranger(9), &plain_syn);
	cookie = ask(&pair, stranger(0), &plain_syn);
	assert_int_equal(count(&pair)->syncookies_sent, 1);
	assert_int_equal(cn_sock_listen(listener, 8, pair.now), 0);
	entry = ask(&pair, stranger(0), &plain_syn);
	assert_int_not_equal(entry.seq, cookie.seq);
	assert_int_equal(rows_of(&pair, 1).syn_received, 2);
	ack = ack_of(&plain_syn, &cookie);
	give(&pair, stranger(0), &ack);
	assert_int_equal(rows_of(&pair, 1).syn_received, 1);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	pair_deinit(&pair);
}

/* ------------------------------------------------------------- the forger -- */

static void wrong_cookies_are_reset(void **state)
{
	struct tcp_seg syn = plain_syn, reply, ack, good;
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	syn.options = TCP_OPT_TS | TCP_OPT_SACK_OK | TCP_OPT_WSCALE;
	syn.wscale = 2;
	reply = ask(&pair, stranger(0), &syn);
	good = ack_of(&syn, &reply);
	/* Every bit of it counts, and so do both numbers and all of the
	 * endpoints. */
	for (unsigned bit = 0; bit < 32; bit++) {
		ack = good;
		ack.ack = ((good.ack - 1) ^ 1u << bit) + 1;
		give(&pair, stranger(0), &ack);
		expect_reset(&pair, &ack);
		ack = good;
		ack.seq ^= 1u << bit;
		give(&pair, stranger(0), &ack);
		expect_reset(&pair, &ack);
	}
	give(&pair, stranger(1), &good);
	expect_reset(&pair, &good);
	inject(&pair, 1, stranger(0), pair_at(1, 81), &good);
	expect_reset(&pair, &good);
	/* A timestamp that was never sent: too old, ahead, or a bit that we do
	 * not set. */
	ack = good;
	ack.tsecr -= 200000;
	give(&pair, stranger(0), &ack);
	expect_reset(&pair, &ack);
	ack = good;
	ack.tsecr += 1000;
	give(&pair, stranger(0), &ack);
	expect_reset(&pair, &ack);
	/* The clock's low bits are the pair's offset away from these. */
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	assert_int_equal(count(&pair)->syncookies_recv, 0);
	give(&pair, stranger(0), &good);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	pair_deinit(&pair);
}

/* A reset or a SYN-ACK with the right numbers is no last ACK. */
static void only_an_ack_completes_it(void **state)
{
	struct tcp_seg reply, ack;
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	reply = ask(&pair, stranger(0), &plain_syn);
	ack = ack_of(&plain_syn, &reply);
	ack.flags = TCP_ACK | TCP_RST;
	give(&pair, stranger(0), &ack);
	expect_silence(&pair, 1);
	ack.flags = TCP_ACK | TCP_SYN;
	ack.len = 1;
	give(&pair, stranger(0), &ack);
	expect_reset(&pair, &ack);
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	pair_deinit(&pair);
}

static void cookie_is_good_for_a_minute_at_least(void **state)
{
	struct tcp_seg reply, ack;
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	pair.now += 17 * S;
	reply = ask(&pair, stranger(0), &plain_syn);
	pair.now += MINUTE;
	ack = ack_of(&plain_syn, &reply);
	give(&pair, stranger(0), &ack);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	pair_deinit(&pair);
}

/* Replayed when both secrets have turned over, it is no cookie any more; and
 * that others are being sent meanwhile changes nothing. */
static void old_cookie_is_refused(void **state)
{
	struct tcp_seg reply, ack;
	struct cn_sock *listener;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	reply = ask(&pair, stranger(0), &plain_syn);
	ack = ack_of(&plain_syn, &reply);
	for (unsigned i = 1; i <= 4; i++) {
		pair.now += MINUTE / 2;
		ask(&pair, stranger(i), &plain_syn);
	}
	give(&pair, stranger(0), &ack);
	expect_reset(&pair, &ack);
	assert_int_equal(count(&pair)->syncookies_failed, 1);
	/* Long after the last one nobody even looks. */
	pair.now += 10 * MINUTE;
	give(&pair, stranger(0), &ack);
	expect_reset(&pair, &ack);
	assert_int_equal(count(&pair)->syncookies_failed, 1);
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	pair_deinit(&pair);
}

/* Where no cookie was sent none is believed. */
static void unasked_cookie_is_not_looked_at(void **state)
{
	struct tcp_seg ack = {.seq = 5, .ack = 9, .flags = TCP_ACK};
	struct pair pair;

	(void)state;
	pair_init(&pair, NULL);
	listener_on(&pair, 1, 80, 8);
	give(&pair, stranger(0), &ack);
	expect_reset(&pair, &ack);
	assert_int_equal(count(&pair)->syncookies_failed, 0);
	pair_deinit(&pair);
}

/* A message about a SYN-ACK that is remembered nowhere changes nothing. */
static void icmp_about_a_cookie_is_ignored(void **state)
{
	struct tcp_seg reply, ack;
	struct cn_sock *listener;
	struct cn_frame frame;
	struct pair pair;
	struct icmp_quote {
		uint8_t octet[28 + 20 + 8];
	} icmp = {{0}};
	struct checksum sum = {0};
	struct ip_hdr ip = {.version = 4, .protocol = 1, .ttl = 64};
	struct cn_endpoint here = pair_at(1, 80), there = stranger(0);
	size_t n;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	reply = ask(&pair, there, &plain_syn);
	/* Port unreachable, quoting the SYN-ACK. */
	ip.src = there.addr;
	ip.dst = here.addr;
	ip.payload_len = 8 + 28;
	n = ip_emit(icmp.octet, &ip);
	icmp.octet[n] = 3;
	icmp.octet[n + 1] = 3;
	ip.src = here.addr;
	ip.dst = there.addr;
	ip.protocol = IP_TCP;
	ip.payload_len = 20;
	ip_emit(icmp.octet + n + 8, &ip);
	put16(icmp.octet + n + 28, here.port);
	put16(icmp.octet + n + 30, there.port);
	put32(icmp.octet + n + 32, reply.seq);
	checksum_add(&sum, icmp.octet + n, 36);
	put16(icmp.octet + n + 2, checksum_finish(&sum));
	memset(&frame, 0, sizeof(frame));
	frame.header_len = (uint16_t)(n + 36);
	memcpy(frame.header, icmp.octet, n + 36);
	cn_host_input(pair.host[1], 0, &frame, pair.now);
	assert_int_equal(drops(&pair, 1, CN_DROP_ICMP_UNMATCHED), 1);
	ack = ack_of(&plain_syn, &reply);
	give(&pair, there, &ack);
	assert_int_equal(cn_sock_pending(listener, NULL), 1);
	pair_deinit(&pair);
}

/* Row 13 of the attacks.  One guess in 2^28 is right: of a million, with this
 * seed, none. */
static void a_million_guesses_are_worth_nothing(void **state)
{
	uint8_t seed[16] = {13};
	struct tcp_seg ack = {.flags = TCP_ACK, .wnd = 1000}, reply;
	struct cn_sock *listener;
	struct random random;
	struct pair pair;

	(void)state;
	random_init(&random, seed, 1);
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	ask(&pair, stranger(0), &plain_syn);
	for (unsigned i = 0; i < 1000000; i++) {
		uint64_t guess = random_u64(&random);

		ack.seq = (uint32_t)guess;
		ack.ack = (uint32_t)(guess >> 32);
		give(&pair, stranger(i & 1023), &ack);
		while (take_segment(&pair, 1, &reply, NULL))
			assert_int_equal(reply.flags, TCP_RST);
	}
	assert_int_equal(count(&pair)->syncookies_failed, 1000000);
	assert_int_equal(count(&pair)->syncookies_recv, 0);
	assert_int_equal(cn_sock_pending(listener, NULL), 0);
	/* Resets are limited as ever: the guesses were not worth one each. */
	assert_true(count(&pair)->tcp_rst_out < 10000);
	pair_deinit(&pair);
}

/* What a cookie looks like tells nothing: every bit is set half of the
 * time. */
static void cookies_look_random(void **state)
{
	unsigned set[32] = {0};
	struct tcp_seg syn = plain_syn;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener_on(&pair, 1, 80, 8);
	for (unsigned i = 0; i < 4096; i++) {
		uint32_t seq;

		syn.seq = i * 77777;
		seq = ask(&pair, stranger(i), &syn).seq;
		for (unsigned bit = 0; bit < 32; bit++)
			set[bit] += seq >> bit & 1;
	}
	/* 2 048 and six standard deviations of 32. */
	for (unsigned bit = 0; bit < 32; bit++)
		assert_in_range(set[bit], 2048 - 192, 2048 + 192);
	pair_deinit(&pair);
}

/* RFC 9768 section 5.1: nothing is kept, and the count in the ACK tells what
 * was agreed on; also where no timestamp could bear it. */
static void accurate(struct cn_settings *settings, int host)
{
	always(settings, host);
	settings->ecn = 3;
}

static void accurate_without_timestamps(struct cn_settings *settings, int host)
{
	accurate(settings, host);
	settings->timestamps = false;
}

static void accurate_asks_classic(struct cn_settings *settings, int host)
{
	always(settings, host);
	settings->ecn = host ? 2 : 3;
}

static void listen_cookie_remembers_accurate_ecn(void **state)
{
	static void (*const table[])(struct cn_settings *, int) = {
		accurate, accurate_without_timestamps, accurate_asks_classic};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct cn_sock *listener, *client, *server;
		struct cn_tcp_info info;
		struct pair pair;

		pair_init(&pair, table[i]);
		listener = listener_on(&pair, 1, 80, 8);
		client = connect_from(&pair, 0, pair_at(1, 80));
		pair_run(&pair);
		server = accept_from(&pair, listener);
		assert_int_equal(count(&pair)->syncookies_recv, 1);
		assert_int_equal(cn_sock_info(client, &info), CN_OK);
		assert_int_equal(info.has_ecn, true);
		assert_int_equal(info.has_accecn, i < 2);
		assert_int_equal(cn_sock_info(server, &info), CN_OK);
		assert_int_equal(info.has_ecn, true);
		assert_int_equal(info.has_accecn, i < 2);
		send_text(&pair, client, "by cookie");
		expect_text(&pair, server, "by cookie");
		assert_int_equal(count(&pair)->accecn_meddled, 0);
		pair_deinit(&pair);
	}
}

/* Who knows RFC 3168 alone makes nothing of such a count. */
static void listen_cookie_of_rfc_3168_takes_no_count(void **state)
{
	struct cn_tcp_info info;
	struct cn_sock *listener;
	struct tcp_seg ack;
	struct pair pair;

	(void)state;
	pair_init(&pair, always);
	listener = listener_on(&pair, 1, 80, 8);
	ack = ask(&pair, stranger(1), &plain_syn);
	ack = ack_of(&plain_syn, &ack);
	tcp_set_ace(&ack, 5);
	give(&pair, stranger(1), &ack);
	assert_int_equal(cn_sock_info(accept_from(&pair, listener), &info),
			 CN_OK);
	assert_int_equal(info.has_ecn, false);
	pair_deinit(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_8_holds_nine_and_the_honest_connect),
		cmocka_unit_test(syn_backlog_is_of_no_account_with_cookies),
		cmocka_unit_test(full_cache_falls_back_to_cookies),
		cmocka_unit_test(never_means_never),
		cmocka_unit_test(always_keeps_nothing),
		cmocka_unit_test(repeated_syn_gets_the_same_cookie),
		cmocka_unit_test(holding_listener_sends_none),
		cmocka_unit_test(options_come_back),
		cmocka_unit_test(timestamp_runs_and_never_ahead),
		cmocka_unit_test(ipv6_connects_by_cookie),
		cmocka_unit_test(the_first_data_bring_the_cookie_too),
		cmocka_unit_test(fin_with_the_cookie_is_taken),
		cmocka_unit_test(full_accept_queue_takes_no_cookie),
		cmocka_unit_test(full_accept_queue_resets_no_flight),
		cmocka_unit_test(cookie_and_entry_of_one_peer),
		cmocka_unit_test(wrong_cookies_are_reset),
		cmocka_unit_test(only_an_ack_completes_it),
		cmocka_unit_test(cookie_is_good_for_a_minute_at_least),
		cmocka_unit_test(old_cookie_is_refused),
		cmocka_unit_test(unasked_cookie_is_not_looked_at),
		cmocka_unit_test(icmp_about_a_cookie_is_ignored),
		cmocka_unit_test(a_million_guesses_are_worth_nothing),
		cmocka_unit_test(cookies_look_random),
		cmocka_unit_test(listen_cookie_remembers_accurate_ecn),
		cmocka_unit_test(listen_cookie_of_rfc_3168_takes_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
