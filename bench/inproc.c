/* SPDX-License-Identifier: MIT */
/*
 * Two hosts in one thread, frames handed over directly: what the engine costs
 * without any device.  Each rate stands beside memcpy measured in the same
 * run, since machines differ.
 *
 *	bench-inproc [--quick] [--rows] [name ...]
 *	bench-inproc --octets connections ...
 *
 * --rows prints one line a row, "name value unit against ratio", separated by
 * tabs.  A name, or the beginning of several, chooses rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rig.h"

#define PATTERN (1u << 20)
#define RECYCLED (256u << 10)

/* Of this thread: what else the machine does is not counted. */
static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ------------------------------------------------------------- the work -- */

static double memcpy_rate(void)
{
	uint8_t *from = malloc(PATTERN), *to = malloc(RECYCLED);
	double begun;
	unsigned i, k, rounds = 4000;

	memset(from, 7, PATTERN);
	memset(to, 0, RECYCLED);
	begun = seconds();
	for (i = 0; i < rounds; i++)
		for (k = 0; k < PATTERN; k += RECYCLED) {
			memcpy(to, from + k, RECYCLED);
			__asm__ volatile("" : : "r"(to) : "memory");
		}
	begun = seconds() - begun;
	free(from);
	free(to);
	return (double)rounds * PATTERN / begun;
}

static double transfer_rate(bool super, uint64_t total)
{
	struct rig rig;
	struct cn_sock *listener, *a, *b;
	uint8_t *pattern = malloc(PATTERN);
	struct cn_slice slice[32];
	uint64_t got = 0;
	size_t off = 0;
	double begun;

	memset(pattern, 5, PATTERN);
	rig_begin(&rig, super);
	listener = rig_listen(&rig, 80);
	rig_connect(&rig, listener, 80, &a, &b);
	begun = seconds();
	while (got < total) {
		size_t want = 256u << 10;
		int64_t sent;
		int n, i;

		if (want > PATTERN - off)
			want = PATTERN - off;
		sent = cn_sock_send(a, pattern + off, want, 0, rig.now);
		if (sent > 0)
			off = (off + (size_t)sent) % PATTERN;
		rig_carry(&rig);
		while ((n = cn_sock_recv_view(b, slice, 32)) > 0) {
			size_t len = 0;

			for (i = 0; i < n; i++)
				len += slice[i].len;
			must(cn_sock_recv_take(b, len, rig.now), "take");
			got += len;
		}
		rig.now += 20 * CN_NS_PER_US;
	}
	begun = seconds() - begun;
	rig_end(&rig);
	free(pattern);
	return (double)got / begun;
}

static double request_ns(unsigned pairs, unsigned requests, size_t *octets)
{
	struct rig rig;
	struct cn_sock **a = calloc(pairs, sizeof(*a));
	struct cn_sock **b = calloc(pairs, sizeof(*b));
	uint32_t dice = 1;
	size_t base;
	char data[64] = "";
	double begun;
	unsigned i;

	rig_begin(&rig, false);
	base = rig.octets;
	for (i = 0; i < pairs; i++) {
		static struct cn_sock *listener;

		/* 60 000 client ports for each of the server's. */
		if (i % 60000 == 0)
			listener = rig_listen(&rig, (uint16_t)(80 + i / 60000));
		rig_connect(&rig, listener, (uint16_t)(80 + i / 60000), &a[i],
			    &b[i]);
	}
	/* Delayed acknowledgements and the like are over. */
	rig.now += CN_NS_PER_SEC;
	for (i = 0; i < 2; i++)
		cn_host_advance(rig.host[i], rig.now);
	rig_carry(&rig);
	/* All that both hosts have from the allocator, maps included. */
	*octets = (rig.octets - base) / 2 / pairs;
	begun = seconds();
	for (i = 0; i < requests; i++) {
		unsigned k;

		dice = dice * 1664525u + 1013904223u;
		k = (unsigned)((uint64_t)dice * pairs >> 32);
		cn_sock_send(a[k], data, sizeof(data), 0, rig.now);
		rig_carry(&rig);
		if (cn_sock_recv(b[k], data, sizeof(data), 0, rig.now) != 64)
			must(CN_E_INVAL, "request");
		cn_sock_send(b[k], data, sizeof(data), 0, rig.now);
		rig_carry(&rig);
		if (cn_sock_recv(a[k], data, sizeof(data), 0, rig.now) != 64)
			must(CN_E_INVAL, "reply");
		rig.now += 10 * CN_NS_PER_US;
		cn_host_advance(rig.host[0], rig.now);
		cn_host_advance(rig.host[1], rig.now);
	}
	begun = seconds() - begun;
	rig_end(&rig);
	free(a);
	free(b);
	return requests ? begun / requests * 1e9 : 0;
}

/* --------------------------------------------------------------- the rows */

static bool quick, rows;

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_row(const char *name, double value, const char *unit,
		      const char *against, double ratio)
{
	if (rows)
		printf("%s\t%.4g\t%s\t%s\t%.4g\n", name, value, unit, against,
		       ratio);
	else
		printf("%-16s %9.4g %-7s %7.4g of %s\n", name, value, unit,
		       ratio, against);
	fflush(stdout);
}

/* The median of runs that alternate with memcpy. */
static void rate_row(const char *name, bool super, uint64_t total)
{
	double ratio[5], rate[5];
	int i, n = quick ? 3 : 5;

	for (i = 0; i < n; i++) {
		rate[i] = transfer_rate(super, quick ? total / 4 : total);
		ratio[i] = rate[i] / memcpy_rate();
	}
	qsort(rate, (size_t)n, sizeof(rate[0]), by_value);
	qsort(ratio, (size_t)n, sizeof(ratio[0]), by_value);
	print_row(name, rate[n / 2] / 1e9, "GB/s", "memcpy", ratio[n / 2]);
}

static void row_mtu1500(void)
{
	rate_row("inproc_mtu1500", false, UINT64_C(2) << 30);
}

static void row_super(void)
{
	rate_row("inproc_super", true, UINT64_C(8) << 30);
}

/* A request and its reply, us; the median of runs that alternate with those
 * on ten pairs. */
static void pairs_row(const char *name, unsigned pairs)
{
	unsigned requests = quick ? 50000 : 200000;
	double ratio[3], us[3];
	size_t octets;
	int i, n = quick && pairs > 100000 ? 1 : 3;

	for (i = 0; i < n; i++) {
		us[i] = request_ns(pairs, requests, &octets) / 1e3;
		ratio[i] = us[i] / request_ns(10, requests, &octets) * 1e3;
	}
	qsort(us, (size_t)n, sizeof(us[0]), by_value);
	qsort(ratio, (size_t)n, sizeof(ratio[0]), by_value);
	print_row(name, us[n / 2], "us", "pairs_10", ratio[n / 2]);
}

static void row_pairs_10(void)
{
	pairs_row("pairs_10", 10);
}

static void row_pairs_1k(void)
{
	pairs_row("pairs_1k", 1000);
}

static void row_pairs_10k(void)
{
	pairs_row("pairs_10k", 10000);
}

static void row_pairs_1m(void)
{
	pairs_row("pairs_1m", 1000000);
}

/* The worst of several numbers: some lie just beyond a growth of the maps. */
static void row_idle(void)
{
	static const unsigned number[] = {1000,	 1025,	1537,  6145, 10000,
					  12289, 24577, 49153, 98305};
	size_t octets, most = 0, i;

	for (i = 0; i < sizeof(number) / sizeof(number[0]); i++) {
		(void)request_ns(number[i], 0, &octets);
		if (octets > most)
			most = octets;
	}
	print_row("idle_octets", (double)most, "octets", "512",
		  (double)most / 512);
}

static const struct row {
	const char *name;
	void (*run)(void);
} row_list[] = {
	{"inproc_mtu1500", row_mtu1500}, {"inproc_super", row_super},
	{"pairs_10", row_pairs_10},	 {"pairs_1k", row_pairs_1k},
	{"pairs_10k", row_pairs_10k},	 {"pairs_1m", row_pairs_1m},
	{"idle_octets", row_idle},
};

#define ROW_N (sizeof(row_list) / sizeof(row_list[0]))

static bool is_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strncmp(name, argv[i], strlen(argv[i])))
			return true;
	return argc == 0;
}

/* Octets of an idle established connection, for each number of them. */
static int print_octets(int argc, char **argv)
{
	size_t octets;
	int i;

	for (i = 0; i < argc; i++) {
		(void)request_ns((unsigned)strtoul(argv[i], NULL, 0), 0,
				 &octets);
		printf("%s %zu\n", argv[i], octets);
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t i;

	for (argv++, argc--; argc && !strncmp(argv[0], "--", 2);
	     argv++, argc--) {
		if (!strcmp(argv[0], "--octets"))
			return print_octets(argc - 1, argv + 1);
		if (!strcmp(argv[0], "--quick"))
			quick = true;
		else if (!strcmp(argv[0], "--rows"))
			rows = true;
		else
			must(CN_E_INVAL, argv[0]);
	}
	for (i = 0; i < ROW_N; i++)
		if (is_wanted(row_list[i].name, argc, argv))
			row_list[i].run();
	return 0;
}
