/* SPDX-License-Identifier: MIT */
/*
 * Frames taken together are frames taken one by one: two worlds get the same
 * frames, spoiled in the same ways, one through cn_host_inputs and the other
 * through cn_host_input.  What each says, counts and lets the program read is
 * the same.
 */
#include "../pair.h"

#include "host/host.h"

#define BATCH 24
#define FLAT 2048

/* A packet as octets: what a driver would have. */
struct flat {
	uint8_t octet[FLAT];
	uint32_t len, ip_len, tcp_len;
	uint32_t parts; /* slices it is handed over in; 0: header block */
	uint8_t csum;
};

static uint32_t below(uint64_t *dice, uint32_t n)
{
	*dice = *dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((*dice >> 33) * n >> 31);
}

/* ---------------------------------------------------------------- packets -- */

static void flat_measure(struct flat *flat)
{
	flat->ip_len = flat->octet[0] >> 4 == 4 ? 20 : 40;
	flat->tcp_len = (uint32_t)(flat->octet[flat->ip_len + 12] >> 4) * 4;
}

/* Right lengths and checksums again. */
static void flat_seal(struct flat *flat)
{
	uint8_t *tcp = flat->octet + flat->ip_len;
	struct checksum sum = {0};
	struct ip_hdr ip;
	uint32_t len = flat->len - flat->ip_len;

	if (flat->ip_len == 20) {
		put16(flat->octet + 2, (uint16_t)flat->len);
		put16(flat->octet + 10, 0);
		checksum_add(&sum, flat->octet, 20);
		put16(flat->octet + 10, checksum_finish(&sum));
	} else {
		put16(flat->octet + 4, (uint16_t)len);
	}
	assert_int_equal(ip_parse(flat->octet, flat->len, &ip), 0);
	sum.sum = 0;
	put16(tcp + 16, 0);
	checksum_add_pseudo(&sum, &ip.src, &ip.dst, IP_TCP, len);
	checksum_add(&sum, tcp, len);
	put16(tcp + 16, checksum_finish(&sum));
}

/* The first `data` octets of data stay; the rest becomes *rest. */
static void flat_split(struct flat *flat, struct flat *rest, uint32_t data)
{
	uint32_t headers = flat->ip_len + flat->tcp_len;

	*rest = *flat;
	memmove(rest->octet + headers, flat->octet + headers + data,
		flat->len - headers - data);
	rest->len -= data;
	put32(rest->octet + rest->ip_len + 4,
	      get32(flat->octet + flat->ip_len + 4) + data);
	flat->len = headers + data;
	flat->octet[flat->ip_len + 13] &= (uint8_t)~TCP_PSH;
	flat_seal(flat);
	flat_seal(rest);
}

/* A frame in buffers of its own, in so many slices of uneven lengths. */
static void flat_frame(const struct flat *flat, struct cn_pool *pool,
		       struct cn_frame *frame)
{
	uint32_t headers = flat->ip_len + flat->tcp_len, at = 0;
	struct cn_buf *buf = cn_buf_new(pool, flat->len);
	uint32_t parts = flat->parts;

	memset(frame, 0, sizeof(*frame));
	frame->csum = flat->csum;
	memcpy(buf->data, flat->octet, flat->len);
	if (!parts) {
		memcpy(frame->header, flat->octet, headers);
		frame->header_len = (uint16_t)headers;
		at = headers;
		parts = 2;
	}
	while (at < flat->len) {
		struct cn_slice *slice = &frame->slice[frame->slice_n];
		uint32_t len = flat->len - at;

		if (frame->slice_n + 1u < parts && len > 400)
			len = (at ? 0 : headers) + 101;
		slice->buf = frame->slice_n ? cn_buf_ref(buf) : buf;
		slice->data = buf->data + at;
		slice->len = len;
		frame->slice_n++;
		frame->payload_len += len;
		at += len;
	}
	if (!frame->slice_n)
		cn_buf_unref(buf);
}

/* ------------------------------------------------------------ what spoils -- */

enum spoil {
	SPOIL_DATA, /* wrong TCP checksum */
	SPOIL_IP, /* wrong IP checksum, or another flow label */
	SPOIL_PSH,
	SPOIL_URG,
	SPOIL_WINDOW,
	SPOIL_ACK,
	SPOIL_TS, /* one back */
	SPOIL_TOS,
	SPOIL_ID, /* no harm */
	SPOIL_SWAP,
	SPOIL_LOSE,
	SPOIL_TWICE,
	SPOIL_SPLIT, /* odd lengths */
	SPOIL_SLICES,
	SPOIL_VOUCH,
	SPOIL_EMPTY, /* a bare ACK in between */
	SPOIL_CUT, /* shorter than its header says */
	SPOIL_FIN,
	SPOIL_RST_BAD,
	SPOIL_N,
};

static void spoil_header(struct flat *flat, enum spoil spoil)
{
	uint8_t *tcp = flat->octet + flat->ip_len;

	if (spoil == SPOIL_PSH)
		tcp[13] |= TCP_PSH;
	if (spoil == SPOIL_URG) {
		tcp[13] |= TCP_URG;
		put16(tcp + 18, 7);
	}
	if (spoil == SPOIL_WINDOW)
		put16(tcp + 14, (uint16_t)(get16(tcp + 14) - 1));
	if (spoil == SPOIL_ACK)
		put32(tcp + 8, get32(tcp + 8) - 1);
	if (spoil == SPOIL_TS && flat->tcp_len == 32)
		put32(tcp + 24, get32(tcp + 24) - 1);
	if (spoil == SPOIL_TOS)
		flat->octet[1] ^= 0x20;
	if (spoil == SPOIL_ID && flat->ip_len == 20)
		put16(flat->octet + 4, 0x1234);
	if (spoil == SPOIL_FIN)
		tcp[13] |= TCP_FIN;
	if (spoil == SPOIL_RST_BAD) {
		tcp[13] |= TCP_RST;
		put32(tcp + 4, get32(tcp + 4) + 9);
	}
	flat_seal(flat);
}

/* One of n packets at i; returns how many there are then. */
static unsigned spoil_one(struct flat *flat, unsigned n, unsigned i,
			  enum spoil spoil, uint32_t dice)
{
	uint32_t headers = flat[i].ip_len + flat[i].tcp_len;
	struct flat other;

	switch (spoil) {
	case SPOIL_DATA:
		flat[i].octet[flat[i].len - 1] ^= 0x10;
		return n;
	case SPOIL_IP:
		flat[i].octet[flat[i].ip_len == 20 ? 8 : 3] ^= 0x01;
		return n;
	case SPOIL_SWAP:
		other = flat[i];
		flat[i] = flat[n - 1];
		flat[n - 1] = other;
		return n;
	case SPOIL_LOSE:
		flat[i] = flat[n - 1];
		return n - 1;
	case SPOIL_TWICE:
		flat[n] = flat[i];
		return n + 1;
	case SPOIL_SPLIT:
		if (flat[i].len < headers + 300)
			return n;
		flat_split(&flat[i], &other, 1 + dice % 299);
		memmove(&flat[i + 2], &flat[i + 1],
			(n - i - 1) * sizeof(*flat));
		flat[i + 1] = other;
		return n + 1;
	case SPOIL_SLICES:
		flat[i].parts = 1 + dice % 5;
		return n;
	case SPOIL_VOUCH:
		flat[i].octet[headers - 1] ^= 0;
		flat[i].csum = CN_CSUM_VALID;
		return n;
	case SPOIL_EMPTY:
		flat[n] = flat[i];
		flat[n].len = headers;
		flat_seal(&flat[n]);
		return n + 1;
	case SPOIL_CUT:
		if (flat[i].len > headers + 2)
			flat[i].len -= 2;
		return n;
	case SPOIL_PSH:
	case SPOIL_URG:
	case SPOIL_WINDOW:
	case SPOIL_ACK:
	case SPOIL_TS:
	case SPOIL_TOS:
	case SPOIL_ID:
	case SPOIL_FIN:
	case SPOIL_RST_BAD:
	case SPOIL_N:
		spoil_header(&flat[i], spoil);
		return n;
	}
	return n;
}

/* ----------------------------------------------------------------- worlds -- */

struct world {
	struct pair pair;
	struct duo duo;
	bool together;
};

static void open_v6(struct pair *pair, struct duo *duo)
{
	struct cn_endpoint to = {pair_addr6(1), 81};
	struct cn_endpoint at = {.port = 81};

	assert_int_equal(cn_sock_new(pair->host[1], 6, &duo->listener), 0);
	assert_int_equal(cn_sock_bind(duo->listener, &at), 0);
	assert_int_equal(cn_sock_listen(duo->listener, 5, pair->now), 0);
	assert_int_equal(cn_sock_new(pair->host[0], 6, &duo->client), 0);
	assert_int_equal(cn_sock_connect(duo->client, &to, pair->now),
			 CN_E_INPROGRESS);
	pair_run(pair);
	duo->server = accept_from(pair, duo->listener);
}

static void world_begin(struct world *world, bool v6, bool together)
{
	world->together = together;
	pair_init(&world->pair, pair_roomy);
	if (v6)
		open_v6(&world->pair, &world->duo);
	else
		world->duo = pair_connect(&world->pair, 80);
	pair_after(&world->pair, S);
}

static void arrive(struct world *world, int host, const struct flat *flat,
		   unsigned n)
{
	static struct cn_frame frame[BATCH * 2];
	unsigned i;

	for (i = 0; i < n; i++)
		flat_frame(&flat[i], world->pair.pool, &frame[i]);
	if (world->together)
		cn_host_inputs(world->pair.host[host], 0, frame, n,
			       world->pair.now);
	for (i = 0; i < n && !world->together; i++)
		cn_host_input(world->pair.host[host], 0, &frame[i],
			      world->pair.now);
	for (i = 0; i < n; i++)
		cn_frame_release(&frame[i]);
}

/* Which blocks a SACK option names, and in which order, may depend on how many
 * segments came between two ACKs. */
static void same_answer(const struct flat *a, const struct flat *b)
{
	const uint8_t *p = a->octet + a->ip_len, *q = b->octet + b->ip_len;

	assert_memory_equal(p, q, 12); /* ports and numbers */
	assert_int_equal(p[13], q[13]); /* flags */
	assert_int_equal(get16(p + 14), get16(q + 14)); /* window */
}

/* What a host of both worlds says, the same; at most max packets.  Either
 * sender then hears the first world's receiver, so that they stay the same. */
static unsigned depart(struct world w[2], int host, struct flat *flat,
		       unsigned max)
{
	struct cn_frame frame[BATCH];
	static struct flat other;
	unsigned n[2], i;

	for (int k = 0; k < 2; k++) {
		n[k] = cn_host_outputs(w[k].pair.host[host], 0, frame, max,
				       w[k].pair.now);
		for (i = 0; i < n[k]; i++) {
			struct flat *to = k ? &other : &flat[i];

			memset(to, 0, sizeof(*to));
			to->len = cn_frame_copy(&frame[i], 0, to->octet, FLAT);
			cn_frame_release(&frame[i]);
			flat_measure(to);
			if (k == 0)
				continue;
			if (host == 0) {
				assert_int_equal(to->len, flat[i].len);
				assert_memory_equal(to->octet, flat[i].octet,
						    to->len);
			} else {
				same_answer(to, &flat[i]);
			}
		}
	}
	assert_int_equal(n[0], n[1]);
	return n[0];
}

static void read_both(struct world w[2], size_t len)
{
	static uint8_t octet[2][100000];
	int64_t n[2];

	for (int i = 0; i < 2; i++)
		n[i] = cn_sock_recv(w[i].duo.server, octet[i], len, 0,
				    w[i].pair.now);
	assert_int_equal(n[0], n[1]);
	if (n[0] > 0)
		assert_memory_equal(octet[0], octet[1], (size_t)n[0]);
}

static void send_both(struct world w[2], size_t len)
{
	static uint8_t octets[40000];

	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)(i * 11 + len);
	for (int i = 0; i < 2; i++)
		(void)cn_sock_send(w[i].duo.client, octets, len, 0,
				   w[i].pair.now);
}

static void time_passes(struct world w[2], uint64_t ns)
{
	for (int i = 0; i < 2; i++) {
		w[i].pair.now += ns;
		cn_host_advance(w[i].pair.host[0], w[i].pair.now);
		cn_host_advance(w[i].pair.host[1], w[i].pair.now);
	}
}

/* All but octets, since SACK options may differ in length, and duplicates: a
 * train is one only when all of it is. */
static struct cn_counters counters(const struct world *world, int host)
{
	struct cn_counters count = *cn_host_counters(world->pair.host[host]);

	count.octets_in = 0;
	count.octets_out = 0;
	count.drop[CN_DROP_TCP_DUPLICATE] = 0;
	count.drop[CN_DROP_TCP_SEQUENCE] = 0;
	return count;
}

static void compare(struct world w[2])
{
	const struct tcb *tcb[2];

	for (int i = 0; i < 2; i++) {
		struct cn_counters a = counters(&w[0], i);
		struct cn_counters b = counters(&w[1], i);

		assert_memory_equal(&a, &b, sizeof(a));
		tcb[i] = &w[i].duo.server->tcb;
	}
	assert_int_equal(tcb[0]->rcv_nxt - tcb[0]->irs,
			 tcb[1]->rcv_nxt - tcb[1]->irs);
	assert_int_equal(tcb[0]->stat.segs_in, tcb[1]->stat.segs_in);
}

static void one_seed(uint64_t dice, bool v6, uint32_t spoils)
{
	static struct flat flat[BATCH * 2];
	struct world w[2];

	world_begin(&w[0], v6, true);
	world_begin(&w[1], v6, false);
	for (int turn = 0; turn < 80; turn++) {
		uint32_t kinds = below(&dice, 4);
		unsigned n;

		send_both(w, 1 + below(&dice, 40000));
		n = depart(w, 0, flat, 1 + below(&dice, BATCH));
		while (n && kinds-- && n < 2 * BATCH - 1) {
			unsigned spoil = below(&dice, SPOIL_N);

			if (spoils >> spoil & 1)
				n = spoil_one(flat, n, below(&dice, n),
					      (enum spoil)spoil,
					      (uint32_t)dice);
		}
		for (int i = 0; i < 2; i++)
			arrive(&w[i], 1, flat, n);
		compare(w);
		read_both(w, below(&dice, 100000));
		n = depart(w, 1, flat, BATCH);
		for (int i = 0; i < 2; i++)
			arrive(&w[i], 0, flat, n);
		if (below(&dice, 2))
			time_passes(w, below(&dice, 30) * MS);
	}
	compare(w);
	pair_deinit(&w[0].pair);
	pair_deinit(&w[1].pair);
}

#define BIT(spoil) (UINT32_C(1) << (spoil))
#define ENDS (BIT(SPOIL_FIN) | BIT(SPOIL_RST_BAD))

static void spoiled_packets_are_found_in_a_train(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 40; seed++)
		one_seed(seed * 991, seed & 1, ~ENDS & (BIT(SPOIL_N) - 1));
}

static void an_end_in_a_train_is_an_end(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 40; seed++)
		one_seed(seed * 1237, seed & 1, BIT(SPOIL_N) - 1);
}

/* One kind at a time, so that none hides another. */
static void each_kind_alone(void **state)
{
	unsigned spoil;

	(void)state;
	for (spoil = 0; spoil < SPOIL_N; spoil++) {
		one_seed(spoil + 5, false, BIT(spoil));
		one_seed(spoil + 50, true, BIT(spoil));
	}
}

/* -------------------------------------------------------- what is joined -- */

/* Segments of 1 000 octets in order, as the sender cuts them. */
static unsigned batch_of(struct world *world, struct flat *flat, unsigned n)
{
	static uint8_t octets[BATCH * 1448];
	struct cn_frame frame[BATCH];

	cn_sock_send(world->duo.client, octets, n * 1448, 0, world->pair.now);
	n = cn_host_outputs(world->pair.host[0], 0, frame, n, world->pair.now);
	for (unsigned i = 0; i < n; i++) {
		memset(&flat[i], 0, sizeof(flat[i]));
		flat[i].len = cn_frame_copy(&frame[i], 0, flat[i].octet, FLAT);
		flat_measure(&flat[i]);
		cn_frame_release(&frame[i]);
	}
	return n;
}

struct ear {
	unsigned in_n;
	uint32_t len[BATCH], size[BATCH];
};

static struct ear ear;

static void hear(void *ctx, const struct cn_trace *trace)
{
	struct ear *to = ctx;

	if (trace->kind != CN_TRACE_IN || !trace->len || to->in_n == BATCH)
		return;
	to->len[to->in_n] = trace->len;
	to->size[to->in_n++] = trace->seg_size;
}

static void listen_in(struct cn_settings *set, int host)
{
	static const struct cn_trace_sink sink = {hear, &ear};

	if (host == 1)
		set->trace = &sink;
}

static void joins(unsigned n, unsigned at, enum spoil spoil, unsigned want)
{
	static struct flat flat[BATCH * 2];
	struct world world = {.together = true};

	pair_init(&world.pair, listen_in);
	world.duo = pair_connect(&world.pair, 80);
	pair_after(&world.pair, S);
	memset(&ear, 0, sizeof(ear));
	n = batch_of(&world, flat, n);
	if (spoil != SPOIL_N)
		n = spoil_one(flat, n, at, spoil, 100);
	arrive(&world, 1, flat, n);
	assert_int_equal(ear.in_n, want);
	pair_run(&world.pair);
	pair_deinit(&world.pair);
}

static void what_follows_itself_is_one(void **state)
{
	(void)state;
	joins(8, 0, SPOIL_N, 1);
	assert_int_equal(ear.len[0], 8 * 1448);
	assert_int_equal(ear.size[0], 1448);
	/* A PSH in the middle is the last of its train. */
	joins(8, 2, SPOIL_PSH, 2);
	assert_int_equal(ear.len[0], 3 * 1448);
	/* What is different goes alone, and so parts what is around it. */
	joins(8, 2, SPOIL_URG, 3);
	joins(8, 2, SPOIL_WINDOW, 3);
	joins(8, 2, SPOIL_TOS, 3);
	joins(8, 2, SPOIL_TS, 3);
	/* The identification says nothing of what is whole. */
	joins(8, 2, SPOIL_ID, 1);
	/* A broken one is not heard of at all. */
	joins(8, 2, SPOIL_DATA, 2);
	assert_int_equal(ear.len[0], 2 * 1448);
	assert_int_equal(ear.len[1], 5 * 1448);
	joins(8, 0, SPOIL_DATA, 1);
	/* Shorter ends it, longer begins another. */
	joins(8, 3, SPOIL_SPLIT, 3);
	assert_int_equal(ear.len[0], 3 * 1448 + 101);
	assert_int_equal(ear.len[1], 1448 - 101);
	/* One that comes in pieces is joined all the same. */
	joins(8, 3, SPOIL_SLICES, 1);
	/* A bare ACK of the same number is not of the train. */
	joins(4, 0, SPOIL_EMPTY, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spoiled_packets_are_found_in_a_train),
		cmocka_unit_test(an_end_in_a_train_is_an_end),
		cmocka_unit_test(each_kind_alone),
		cmocka_unit_test(what_follows_itself_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
