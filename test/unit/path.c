/* SPDX-License-Identifier: MIT */
/* A path does to packets what its description says, and nothing else. */
#include "packets.h"

#define MS CN_NS_PER_MS
#define US CN_NS_PER_US
#define MILLION 1000000u
#define FATES CN_FATE_N

static const struct packet small = {.data_len = 60};

struct seen {
	uint64_t n[FATES];
	uint64_t hash; /* of all fates in order */
	uint64_t octets;
	uint16_t longest;
};

static void see(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		uint64_t now)
{
	struct seen *seen = ctx;
	uint32_t len = cn_frame_len(frame);

	seen->n[fate]++;
	seen->hash = (seen->hash ^ (fate + now)) * UINT64_C(1099511628211);
	seen->octets += len;
	if (len > seen->longest)
		seen->longest = (uint16_t)len;
	assert_int_equal(frame->seg_size, 0);
}

static struct cn_path *open_path(struct cn_pool *pool,
				 const struct cn_impair *impair, uint8_t seed,
				 struct seen *seen)
{
	struct cn_path_config config = {.pool = pool, .mtu = 1500};
	const struct cn_path_sink sink = {.packet = see, .ctx = seen};
	struct cn_path *path;

	config.impair = *impair;
	config.seed[0] = seed;
	assert_int_equal(cn_path_new(&config, seen ? &sink : NULL, &path, NULL),
			 CN_OK);
	return path;
}

static int give(struct cn_path *path, struct cn_pool *pool,
		const struct packet *packet, uint64_t now)
{
	struct cn_frame frame = make_packet(pool, packet);

	return cn_path_send(path, &frame, now);
}

static void every_packet_is_accounted_for(const struct cn_path *path)
{
	struct cn_path_stats s;

	cn_path_stats(path, &s);
	assert_int_equal(s.packets + s.duplicated,
			 s.delivered + s.queued + s.lost + s.queue_drops +
				 s.rule_drops + s.too_big);
}

/* Sends n packets, gap apart, with seq 0, 1, 2 ...; got(ctx, seq, due) for
 * what arrives, in order of arrival. */
static void stream(struct cn_path *path, struct cn_pool *pool, uint32_t n,
		   uint64_t gap,
		   void (*got)(void *ctx, uint32_t seq, uint64_t at), void *ctx)
{
	struct cn_frame frame = make_packet(pool, &small), in, out;
	uint64_t now = 0, at;
	uint32_t i;

	for (i = 0; i <= n; i++) {
		while ((at = cn_path_deadline(path)) <= now || i == n) {
			if (at == CN_NEVER)
				break;
			assert_true(cn_path_recv(path, &out, at));
			if (got && out.header_len)
				got(ctx, get32(out.header + 24), at);
			cn_frame_release(&out);
		}
		if (i == n)
			break;
		in = frame;
		cn_buf_ref(in.slice[0].buf);
		put32(in.header + 24, i);
		assert_int_equal(cn_path_send(path, &in, now), CN_OK);
		now += gap;
	}
	cn_frame_release(&frame);
}

/* |n - mean| within 3 sigma of a binomial of a million. */
static void within_3_sigma(uint64_t n, double total, double p)
{
	double off = (double)n - total * p;

	assert_true(off * off <= 9 * total * p * (1 - p));
}

/* ------------------------------------------------------------- clean -- */

static void clean_path_passes_super_segments_whole(void **state)
{
	const struct packet super = {
		.data_len = 60000, .seg_size = 1448, .options_len = 12};
	const struct cn_impair none = {0};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &none, 1, NULL);
	struct cn_path_stats stats;
	struct cn_frame frame;

	(void)state;
	assert_int_equal(cn_path_deadline(path), CN_NEVER);
	assert_false(cn_path_recv(path, &frame, 5));
	assert_int_equal(give(path, pool, &super, 5), CN_OK);
	assert_int_equal(cn_path_deadline(path), 5);
	assert_false(cn_path_recv(path, &frame, 4));
	assert_true(cn_path_recv(path, &frame, 5));
	assert_int_equal(frame.seg_size, 1448);
	assert_int_equal(frame.payload_len, 60000);
	assert_int_equal(frame.csum, CN_CSUM_VALID);
	cn_path_stats(path, &stats);
	assert_int_equal(stats.packets, 42);
	assert_int_equal(stats.delivered, 42);
	cn_frame_release(&frame);
	cn_path_free(path);
	pool_is_empty(pool);
}

static void watched_or_impaired_path_carries_single_packets(void **state)
{
	const struct packet super = {
		.data_len = 60000, .seg_size = 1448, .options_len = 12};
	const struct cn_impair impair[] = {{0}, {.delay_ns = MS}};
	struct seen seen = {0};
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct cn_pool *pool = test_pool();
		struct cn_path *path =
			open_path(pool, &impair[i], 1, i == 0 ? &seen : NULL);
		struct cn_frame frame;
		uint32_t seq = 0;

		assert_int_equal(give(path, pool, &super, 0), CN_OK);
		while (cn_path_recv(path, &frame, MS)) {
			const uint8_t *data;
			struct tcp_seg seg;
			struct ip_hdr ip;

			assert_int_equal(frame.seg_size, 0);
			assert_int_equal(frame.csum, CN_CSUM_VALID);
			assert_true(is_correct(&frame, &ip, &seg, &data));
			assert_int_equal(seg.seq, seq);
			seq += seg.data_len;
			cn_frame_release(&frame);
		}
		assert_int_equal(seq, 60000);
		every_packet_is_accounted_for(path);
		cn_path_free(path);
		pool_is_empty(pool);
	}
	assert_int_equal(seen.n[CN_FATE_SENT], 42);
	assert_int_equal(seen.longest, 1500);
}

static void too_long_is_refused_and_the_sender_told(void **state)
{
	static const struct {
		uint32_t data_len;
		uint16_t seg_size;
		int want;
	} row[] = {
		{1460, 0, CN_OK},
		{1461, 0, CN_E_MSGSIZE},
		{14600, 1460, CN_OK},
		{14600, 1461, CN_E_MSGSIZE},
	};
	const struct cn_impair impair[] = {{0}, {.loss = 1e-9}};
	unsigned i, j;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct cn_pool *pool = test_pool();
		struct cn_path *path = open_path(pool, &impair[i], 1, NULL);
		struct cn_path_stats stats;

		for (j = 0; j < sizeof(row) / sizeof(*row); j++) {
			const struct packet p = {.data_len = row[j].data_len,
						 .seg_size = row[j].seg_size};

			assert_int_equal(give(path, pool, &p, 0), row[j].want);
		}
		every_packet_is_accounted_for(path);
		cn_path_stats(path, &stats);
		assert_in_range(stats.too_big, 10, 11);
		cn_path_free(path);
		pool_is_empty(pool);
	}
}

static void complete_checksums_are_not_vouched_for(void **state)
{
	const struct packet packet = {.data_len = 60, .is_complete = true};
	const struct cn_impair none = {0};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &none, 1, NULL);
	struct cn_frame frame;

	(void)state;
	assert_int_equal(give(path, pool, &packet, 0), CN_OK);
	assert_true(cn_path_recv(path, &frame, 0));
	assert_int_equal(frame.csum, CN_CSUM_NONE);
	cn_frame_release(&frame);
	cn_path_free(path);
	pool_is_empty(pool);
}

/* The caller may reuse octets that belong to no buffer. */
static void lent_octets_are_copied(void **state)
{
	struct cn_impair impair = {.delay_ns = MS};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &impair, 1, NULL);
	struct cn_frame frame = make_packet(pool, &small);
	uint8_t lent[60], out[60];

	(void)state;
	memcpy(lent, frame.slice[0].data, sizeof(lent));
	cn_frame_release(&frame);
	frame = make_packet(pool, &small);
	cn_buf_unref(frame.slice[0].buf);
	frame.slice[0].buf = NULL;
	frame.slice[0].data = lent;
	assert_int_equal(cn_path_send(path, &frame, 0), CN_OK);
	memset(lent, 0xee, sizeof(lent));
	assert_true(cn_path_recv(path, &frame, MS));
	assert_int_equal(cn_frame_copy(&frame, 40, out, 60), 60);
	assert_int_equal(out[7], pattern(7));
	cn_frame_release(&frame);
	cn_path_free(path);
	pool_is_empty(pool);
}

/* -------------------------------------------------------------- time -- */

static void exact_delay(void *ctx, uint32_t seq, uint64_t at)
{
	uint32_t *next = ctx;

	assert_int_equal(seq, *next);
	assert_int_equal(at, (uint64_t)seq * 777 + 12345678);
	++*next;
}

static void delay_is_exact_in_virtual_time(void **state)
{
	struct cn_impair impair = {.delay_ns = 12345678};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &impair, 1, NULL);
	uint32_t next = 0;

	(void)state;
	stream(path, pool, 100000, 777, exact_delay, &next);
	assert_int_equal(next, 100000);
	cn_path_free(path);
	pool_is_empty(pool);
}

static void last_at(void *ctx, uint32_t seq, uint64_t at)
{
	(void)seq;
	*(uint64_t *)ctx = at;
}

/* A million packets of 100 octets take 8e8 bits / rate, to the nanosecond,
 * whether or not one packet takes a whole number of them. */
static void rate_is_exact(void **state)
{
	static const uint64_t rate[] = {100000,	   10000000, 7777777,
					999999937, 56000,    30000000000};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rate) / sizeof(*rate); i++) {
		struct cn_impair impair = {.rate = rate[i],
					   .queue = 2 * MILLION};
		struct cn_pool *pool = test_pool();
		struct cn_path *path = open_path(pool, &impair, 1, NULL);
		uint32_t n = i ? 100000 : MILLION;
		uint64_t bits = n * UINT64_C(800), last = 0;

		stream(path, pool, n, 0, last_at, &last);
		assert_int_equal(last, bits / rate[i] * CN_NS_PER_SEC +
					       bits % rate[i] * CN_NS_PER_SEC /
						       rate[i]);
		every_packet_is_accounted_for(path);
		cn_path_free(path);
		pool_is_empty(pool);
	}
}

static void idle_time_is_not_saved_up(void **state)
{
	/* 100 octets at 1 Mbit/s: 800 us each */
	struct cn_impair impair = {.rate = 1000000};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &impair, 1, NULL);
	struct cn_frame frame;

	(void)state;
	give(path, pool, &small, 0);
	assert_true(cn_path_recv(path, &frame, 800 * US));
	cn_frame_release(&frame);
	give(path, pool, &small, 5000 * US);
	give(path, pool, &small, 5000 * US);
	assert_int_equal(cn_path_deadline(path), 5800 * US);
	assert_true(cn_path_recv(path, &frame, 5800 * US));
	cn_frame_release(&frame);
	assert_int_equal(cn_path_deadline(path), 6600 * US);
	cn_path_free(path);
	pool_is_empty(pool);
}

static void queue_holds_its_limit_of_waiting_packets(void **state)
{
	struct cn_impair impair = {.rate = 1000000, .queue = 3};
	struct cn_pool *pool = test_pool();
	struct seen seen = {0};
	struct cn_path *path = open_path(pool, &impair, 1, &seen);
	unsigned i;

	(void)state;
	assert_int_equal(cn_path_room(path, 0), 4);
	for (i = 0; i < 6; i++)
		give(path, pool, &small, 0);
	/* One is being sent, three wait, two found no room. */
	assert_int_equal(seen.n[CN_FATE_SENT], 4);
	assert_int_equal(seen.n[CN_FATE_QUEUE], 2);
	assert_int_equal(cn_path_room(path, 0), 0);
	assert_int_equal(cn_path_room_at(path), 800 * US);
	assert_int_equal(cn_path_room(path, 800 * US - 1), 0);
	assert_int_equal(cn_path_room(path, 800 * US), 1);
	give(path, pool, &small, 800 * US);
	assert_int_equal(seen.n[CN_FATE_SENT], 5);
	assert_int_equal(cn_path_room(path, 10000 * US), 4);
	every_packet_is_accounted_for(path);
	cn_path_free(path);
	pool_is_empty(pool);
}

static void queue_is_limited_in_octets_too(void **state)
{
	struct cn_impair impair = {.rate = 1000000, .queue_octets = 250};
	struct cn_pool *pool = test_pool();
	struct seen seen = {0};
	struct cn_path *path = open_path(pool, &impair, 1, &seen);
	unsigned i;

	(void)state;
	for (i = 0; i < 6; i++)
		give(path, pool, &small, 0);
	assert_int_equal(seen.n[CN_FATE_SENT], 3);
	assert_int_equal(seen.n[CN_FATE_QUEUE], 3);
	cn_path_free(path);
	pool_is_empty(pool);
}

/* ------------------------------------------------------------ chance -- */

static void loss_within_3_sigma(void **state)
{
	static const double loss[] = {0.0001, 0.01, 0.3, 1};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(loss) / sizeof(*loss); i++) {
		struct cn_impair impair = {.loss = loss[i]};
		struct cn_pool *pool = test_pool();
		struct cn_path *path = open_path(pool, &impair, 3, NULL);
		struct cn_path_stats stats;

		stream(path, pool, MILLION, 1000, NULL, NULL);
		cn_path_stats(path, &stats);
		within_3_sigma(stats.lost, MILLION, loss[i]);
		assert_int_equal(stats.delivered + stats.lost, MILLION);
		cn_path_free(path);
		pool_is_empty(pool);
	}
}

struct bursts {
	uint32_t next, runs;
};

static void count_bursts(void *ctx, uint32_t seq, uint64_t at)
{
	struct bursts *bursts = ctx;

	(void)at;
	if (seq != bursts->next)
		bursts->runs++;
	bursts->next = seq + 1;
}

/* Loss p/(p+r) in bursts of mean length 1/r. */
static void bursty_loss_has_its_share_and_length(void **state)
{
	struct cn_impair impair = {
		.burst_p = 0.005, .burst_r = 0.2, .burst_bad = 1};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &impair, 3, NULL);
	struct bursts bursts = {0, 0};
	struct cn_path_stats stats;
	double share = 0.005 / 0.205;

	(void)state;
	stream(path, pool, MILLION, 1000, count_bursts, &bursts);
	cn_path_stats(path, &stats);
	/* Bursts make the spread (2 - p - r) / (p + r) times as wide. */
	assert_true((double)stats.lost > MILLION * share * 0.94);
	assert_true((double)stats.lost < MILLION * share * 1.06);
	assert_true((double)stats.lost / bursts.runs > 4.7);
	assert_true((double)stats.lost / bursts.runs < 5.3);
	cn_path_free(path);
	pool_is_empty(pool);
}

static void count_back(void *ctx, uint32_t seq, uint64_t at)
{
	uint32_t *last = ctx; /* highest + 1, then how many came late */

	(void)at;
	if (seq < last[0])
		last[1]++;
	else
		last[0] = seq + 1;
}

static void duplicates_within_3_sigma(void **state)
{
	struct cn_impair impair = {.duplicate = 0.02};
	struct cn_pool *pool = test_pool();
	struct seen seen = {0};
	struct cn_path *path = open_path(pool, &impair, 3, &seen);
	struct cn_path_stats stats;
	uint32_t last[2] = {0, 0};

	(void)state;
	stream(path, pool, MILLION, 1000, count_back, last);
	cn_path_stats(path, &stats);
	within_3_sigma(stats.duplicated, MILLION, 0.02);
	assert_int_equal(stats.delivered, MILLION + stats.duplicated);
	assert_int_equal(seen.n[CN_FATE_DUPLICATE], stats.duplicated);
	assert_int_equal(last[1], stats.duplicated);
	cn_path_free(path);
	pool_is_empty(pool);
}

/* By every one of the three ways a packet chosen is seen out of order. */
static void reordering_within_3_sigma(void **state)
{
	static const struct {
		uint64_t delay_ns, reorder_ns;
		bool early;
	} row[] = {
		{0, 0, false},
		{20 * MS, 5 * MS, false},
		{20 * MS, 0, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct cn_impair impair = {.delay_ns = row[i].delay_ns,
					   .reorder_ns = row[i].reorder_ns,
					   .reorder = 0.02};
		struct cn_pool *pool = test_pool();
		struct seen seen = {0};
		struct cn_path *path = open_path(pool, &impair, 4, &seen);
		struct cn_path_stats stats;
		uint32_t last[2] = {0, 0};

		stream(path, pool, MILLION, 100 * US, count_back, last);
		cn_path_stats(path, &stats);
		within_3_sigma(stats.reordered, MILLION, 0.02);
		assert_int_equal(seen.n[CN_FATE_REORDER], stats.reordered);
		assert_int_equal(stats.delivered, MILLION);
		if (!row[i].early) /* but for two chosen in a row */
			assert_in_range(last[1], stats.reordered * 97 / 100,
					stats.reordered);
		else /* those that were overtaken */
			assert_true(last[1] > stats.reordered);
		cn_path_free(path);
		pool_is_empty(pool);
	}
}

static unsigned bits_that_differ(const uint8_t *a, const uint8_t *b,
				 uint32_t len)
{
	unsigned n = 0;
	uint32_t i;

	for (i = 0; i < len; i++)
		n += (unsigned)__builtin_popcount(a[i] ^ b[i]);
	return n;
}

static void corruption_flips_one_bit_of_a_copy(void **state)
{
	const struct packet packet = {.data_len = 600, .slice_n = 3};
	struct cn_impair impair = {.corrupt = 0.5};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &impair, 3, NULL);
	struct cn_frame frame = make_packet(pool, &packet), in, out;
	struct cn_path_stats stats;
	uint8_t sent[700], got[700];
	unsigned i, bad = 0;

	(void)state;
	assert_int_equal(wire_octets(&frame, sent), 640);
	for (i = 0; i < 20000; i++) {
		unsigned j, n;

		in = frame;
		for (j = 0; j < 3; j++)
			cn_buf_ref(in.slice[j].buf);
		assert_int_equal(cn_path_send(path, &in, 0), CN_OK);
		assert_true(cn_path_recv(path, &out, 0));
		assert_int_equal(wire_octets(&out, got), 640);
		n = bits_that_differ(sent, got, 640);
		assert_true(n <= 1);
		assert_int_equal(out.csum, n ? CN_CSUM_NONE : CN_CSUM_VALID);
		bad += n;
		cn_frame_release(&out);
	}
	/* No octet that is shared was touched. */
	wire_octets(&frame, got);
	assert_memory_equal(sent, got, 640);
	cn_path_stats(path, &stats);
	assert_int_equal(stats.corrupted, bad);
	within_3_sigma(bad, 20000, 0.5);
	cn_frame_release(&frame);
	cn_path_free(path);
	pool_is_empty(pool);
}

/* ------------------------------------------------------------ jitter -- */

struct moments {
	double mean, square;
	uint64_t least, most, base;
	uint32_t beyond; /* of two deviations above */
	uint32_t n;
};

static void add_moment(void *ctx, uint32_t seq, uint64_t at)
{
	struct moments *m = ctx;
	uint64_t delay = at - (uint64_t)seq * 1000;
	double x = ((double)delay - (double)m->base) / 1e6;

	m->n++;
	m->mean += x;
	m->square += x * x;
	if (delay < m->least)
		m->least = delay;
	if (delay > m->most)
		m->most = delay;
	if (x > 2)
		m->beyond++;
}

static void jitter_has_the_shape_asked_for(void **state)
{
	static const struct {
		enum cn_jitter jitter;
		double variance, slack;
		double least, most; /* in deviations */
		double beyond; /* share above two deviations */
	} row[] = {
		{CN_JITTER_UNIFORM, 1 / 3., 0.01, -1, 1, 0},
		{CN_JITTER_NORMAL, 1, 0.02, -5.9, 5.9, 0.0224},
		{CN_JITTER_PARETO, 1, 0.2, -0.6, 33, 0.0300},
		{CN_JITTER_PARETO_NORMAL, 0.625, 0.2, -3, 26, 0.0188},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct cn_impair impair = {.delay_ns = 100 * MS,
					   .jitter_ns = MS,
					   .jitter = row[i].jitter};
		struct cn_pool *pool = test_pool();
		struct cn_path *path = open_path(pool, &impair, 3, NULL);
		struct moments m = {.least = UINT64_MAX, .base = 100 * MS};
		double variance;

		stream(path, pool, 400000, 1000, add_moment, &m);
		m.mean /= m.n;
		variance = m.square / m.n - m.mean * m.mean;
		assert_true(m.mean > -0.01 && m.mean < 0.01);
		assert_true(variance > row[i].variance - row[i].slack);
		assert_true(variance < row[i].variance + row[i].slack);
		assert_true((double)m.least >= (100 + row[i].least) * MS);
		assert_true((double)m.most <= (100 + row[i].most) * MS);
		assert_true((double)m.beyond / m.n >= row[i].beyond * 0.93);
		assert_true((double)m.beyond / m.n <= row[i].beyond * 1.07);
		cn_path_free(path);
		pool_is_empty(pool);
	}
}

static void jitter_reorders_unless_order_is_kept(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct cn_impair impair = {.delay_ns = 10 * MS,
					   .jitter_ns = 20 * MS,
					   .keep_order = i};
		struct cn_pool *pool = test_pool();
		struct cn_path *path = open_path(pool, &impair, 3, NULL);
		uint32_t last[2] = {0, 0};

		stream(path, pool, 20000, MS, count_back, last);
		if (i)
			assert_int_equal(last[1], 0);
		else
			assert_true(last[1] > 5000);
		cn_path_free(path);
		pool_is_empty(pool);
	}
}

/* ------------------------------------------------------------- seeds -- */

static const struct cn_impair everything = {
	.delay_ns = 10 * MS,
	.jitter_ns = 3 * MS,
	.jitter = CN_JITTER_PARETO_NORMAL,
	.loss = 0.03,
	.burst_p = 0.01,
	.burst_r = 0.3,
	.burst_bad = 0.7,
	.burst_good = 0.001,
	.reorder = 0.05,
	.duplicate = 0.02,
	.corrupt = 0.01,
	.rate = 10000000,
	.queue = 20,
};

struct trace {
	uint64_t hash;
};

static void add_to_trace(void *ctx, uint32_t seq, uint64_t at)
{
	struct trace *trace = ctx;

	trace->hash = (trace->hash ^ (at + seq)) * UINT64_C(1099511628211);
}

static uint64_t run_everything(uint8_t seed, struct seen *seen)
{
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &everything, seed, seen);
	struct trace trace = {1};
	struct cn_path_stats s;
	unsigned i;
	uint64_t sum = 0;

	stream(path, pool, 100000, 78 * US, add_to_trace, &trace);
	every_packet_is_accounted_for(path);
	cn_path_stats(path, &s);
	assert_true(s.lost && s.queue_drops && s.duplicated && s.corrupted &&
		    s.reordered);
	for (i = 0; i < FATES; i++)
		sum += seen->n[i];
	assert_int_equal(sum, s.packets + s.duplicated);
	cn_path_free(path);
	pool_is_empty(pool);
	return trace.hash;
}

static void one_seed_replays_exactly(void **state)
{
	struct seen seen[4] = {0};

	(void)state;
	assert_true(run_everything(1, &seen[0]) == run_everything(1, &seen[1]));
	assert_true(seen[0].hash == seen[1].hash);
	assert_true(run_everything(2, &seen[2]) != run_everything(1, &seen[3]));
	assert_true(seen[0].hash != seen[2].hash);
}

static void same_losses(void *ctx, uint32_t seq, uint64_t at)
{
	(void)at;
	((uint8_t *)ctx)[seq] = 1;
}

/* The packets that are lost stay the same when something else is added. */
static void each_chance_has_its_own_stream(void **state)
{
	static uint8_t arrived[2][10000];
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct cn_impair impair = {.loss = 0.1,
					   .jitter_ns = i * MS,
					   .delay_ns = i * MS,
					   .duplicate = i * 0.1,
					   .reorder = i * 0.1};
		struct cn_pool *pool = test_pool();
		struct cn_path *path = open_path(pool, &impair, 9, NULL);

		stream(path, pool, 10000, 1000, same_losses, arrived[i]);
		cn_path_free(path);
		pool_is_empty(pool);
	}
	assert_memory_equal(arrived[0], arrived[1], sizeof(arrived[0]));
}

static void settings_change_while_it_runs(void **state)
{
	struct cn_impair impair = {.delay_ns = 10 * MS, .rate = 1000000};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &impair, 1, NULL);
	struct cn_frame frame;

	(void)state;
	give(path, pool, &small, 0);
	give(path, pool, &small, 0);
	impair.delay_ns = 0;
	impair.rate = 0;
	assert_int_equal(cn_path_set(path, &impair), CN_OK);
	give(path, pool, &small, 0);
	/* The second waited for the rate; the first had its time. */
	for (int i = 0; i < 2; i++) {
		assert_true(cn_path_recv(path, &frame, 0));
		cn_frame_release(&frame);
	}
	assert_int_equal(cn_path_deadline(path), 10800 * US);
	impair.loss = 2;
	assert_int_equal(cn_path_set(path, &impair), CN_E_INVAL);
	impair.loss = 1;
	assert_int_equal(cn_path_set(path, &impair), CN_OK);
	give(path, pool, &small, 0);
	every_packet_is_accounted_for(path);
	cn_path_free(path);
	pool_is_empty(pool);
}

/* An hour of delay, by mistake, is no longer than that for who came by then. */
static void order_is_kept_within_one_setting(void **state)
{
	struct cn_impair impair = {.delay_ns = 3600000 * MS,
				   .jitter_ns = 1 * MS,
				   .keep_order = true};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &impair, 1, NULL);
	struct cn_frame frame;

	(void)state;
	give(path, pool, &small, 0);
	impair.delay_ns = 5 * MS;
	assert_int_equal(cn_path_set(path, &impair), CN_OK);
	give(path, pool, &small, 1 * MS);
	assert_true(cn_path_deadline(path) <= 7 * MS);
	assert_true(cn_path_recv(path, &frame, 7 * MS));
	cn_frame_release(&frame);
	assert_true(cn_path_deadline(path) >= 3599999 * MS);
	every_packet_is_accounted_for(path);
	cn_path_free(path);
	pool_is_empty(pool);
}

static void what_is_out_of_range_is_named(void **state)
{
	static const struct {
		struct cn_impair impair;
		const char *names;
	} row[] = {
		{{.loss = 1.01}, "loss"},
		{{.loss = -0.01}, "loss"},
		{{.burst_r = 2}, "bursty"},
		{{.reorder = 2}, "reorder"},
		{{.duplicate = 2}, "duplicate"},
		{{.corrupt = 2}, "corrupt"},
		{{.jitter = 9}, "jitter"},
		{{.delay_ns = UINT64_MAX}, "delay"},
		{{.rate = UINT64_MAX}, "rate"},
	};
	struct cn_pool *pool = test_pool();
	size_t i;

	(void)state;
	assert_null(cn_impair_error(&everything));
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct cn_path_config config = {.pool = pool,
						.impair = row[i].impair};
		const char *text = cn_impair_error(&row[i].impair);
		struct cn_path *path;
		size_t at = 0;

		assert_non_null(text);
		assert_non_null(strstr(text, row[i].names));
		assert_int_equal(cn_path_new(&config, NULL, &path, &at),
				 CN_E_INVAL);
		assert_true(at == SIZE_MAX);
		assert_null(path);
	}
	pool_is_empty(pool);
}

/* ------------------------------------------------------------ memory -- */

static void *limited_alloc(void *ctx, size_t size)
{
	unsigned *left = ctx;

	if (!*left)
		return NULL;
	--*left;
	return malloc(size);
}

/* Whatever allocation fails, the packet is accounted for and the rest goes
 * on. */
static void failing_memory_is_a_full_queue(void **state)
{
	unsigned i, left;

	(void)state;
	for (i = 2; i < 40; i++) {
		struct cn_path_config config = {
			.mtu = 1500, .impair = everything, .drop = "fin"};
		struct cn_alloc alloc = {limited_alloc, heap_free, &left};
		struct cn_pool *lender = test_pool();
		struct cn_path *path;
		struct cn_pool *pool;
		unsigned n;
		int err;

		left = i;
		pool = cn_pool_new(&alloc);
		assert_non_null(pool);
		config.pool = pool;
		config.impair.corrupt = 0.5;
		err = cn_path_new(&config, NULL, &path, NULL);
		if (err) {
			assert_int_equal(err, CN_E_NOMEM);
			assert_null(path);
		} else {
			for (n = 0; n < 50; n++)
				give(path, lender, &small, n * MS);
			every_packet_is_accounted_for(path);
		}
		cn_path_free(path);
		pool_is_empty(pool);
		pool_is_empty(lender);
	}
}

static void room_is_counted_in_octets_too(void **state)
{
	struct cn_impair impair = {.rate = 1000000, .queue_octets = 4000};
	struct cn_pool *pool = test_pool();
	struct cn_path *path = open_path(pool, &impair, 1, NULL);
	unsigned i;

	(void)state;
	assert_int_equal(cn_path_room(path, 0), 3); /* one is sent at once */
	for (i = 0; i < 12; i++)
		give(path, pool, &small, 0);
	/* 1100 octets wait: one of 1500 finds room, two would not */
	assert_int_equal(cn_path_room(path, 0), 1);
	for (i = 0; i < 15; i++)
		give(path, pool, &small, 0);
	assert_int_equal(cn_path_room(path, 0), 0);
	impair.rate = 0;
	assert_int_equal(cn_path_set(path, &impair), CN_OK);
	assert_true(cn_path_room(path, 0) == UINT32_MAX);
	cn_path_free(path);
	pool_is_empty(pool);
}

static void every_fate_has_a_text(void **state)
{
	unsigned fate, drops = 0;

	(void)state;
	for (fate = 0; fate < CN_FATE_N; fate++) {
		assert_true(strlen(cn_fate_text((enum cn_fate)fate)) > 5);
		drops += cn_fate_is_drop((enum cn_fate)fate);
	}
	assert_int_equal(drops, 4);
	assert_string_equal(cn_fate_text(CN_FATE_N), "unknown fate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_path_passes_super_segments_whole),
		cmocka_unit_test(
			watched_or_impaired_path_carries_single_packets),
		cmocka_unit_test(too_long_is_refused_and_the_sender_told),
		cmocka_unit_test(complete_checksums_are_not_vouched_for),
		cmocka_unit_test(lent_octets_are_copied),
		cmocka_unit_test(delay_is_exact_in_virtual_time),
		cmocka_unit_test(rate_is_exact),
		cmocka_unit_test(idle_time_is_not_saved_up),
		cmocka_unit_test(queue_holds_its_limit_of_waiting_packets),
		cmocka_unit_test(queue_is_limited_in_octets_too),
		cmocka_unit_test(loss_within_3_sigma),
		cmocka_unit_test(bursty_loss_has_its_share_and_length),
		cmocka_unit_test(duplicates_within_3_sigma),
		cmocka_unit_test(reordering_within_3_sigma),
		cmocka_unit_test(corruption_flips_one_bit_of_a_copy),
		cmocka_unit_test(jitter_has_the_shape_asked_for),
		cmocka_unit_test(jitter_reorders_unless_order_is_kept),
		cmocka_unit_test(one_seed_replays_exactly),
		cmocka_unit_test(each_chance_has_its_own_stream),
		cmocka_unit_test(settings_change_while_it_runs),
		cmocka_unit_test(order_is_kept_within_one_setting),
		cmocka_unit_test(what_is_out_of_range_is_named),
		cmocka_unit_test(failing_memory_is_a_full_queue),
		cmocka_unit_test(room_is_counted_in_octets_too),
		cmocka_unit_test(every_fate_has_a_text),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
