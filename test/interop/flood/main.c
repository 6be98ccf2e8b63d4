/* SPDX-License-Identifier: MIT */
/*
 * Row 13 of the attacks, in real time: a flood of SYNs from addresses that do
 * not answer, while honest clients connect, exchange an octet and close.  The
 * victim is catenet over a TUN interface, then the kernel at the other end of
 * the same one; each time the honest clients are the other's sockets.
 *
 * SECONDS=2 and RATE=100000 SYNs a second; LONG=1: for a minute, and then both
 * again at the highest rate that the interface passes on without dropping.  It
 * asserts that 99.9 % of the honest connect within the default tries of a SYN,
 * and that the memory of the host under attack is bounded; how fast it went is
 * told.
 *
 * Prints TAP; exit 77: cannot be run here, the last line says why.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "flood.h"
#include "link/heap.h"
#include "link/netlink.h"
#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/tcp_seg.h"

static unsigned test_n;
static int failed;

void result(bool ok, const char *what)
{
	failed |= !ok;
	printf("%sok %u - %s\n", ok ? "" : "not ", ++test_n, what);
	fflush(stdout);
}

static void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n%s\n", why, why);
	exit(77);
}

void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CN_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

struct cn_addr ours(void)
{
	return cn_addr_v4(10, 97, 0, 2);
}

struct cn_addr kernels(void)
{
	return cn_addr_v4(10, 97, 0, 1);
}

struct cn_pool *pool_new(void)
{
	return cn_pool_new(&heap_memory);
}

uint64_t tun_drops(void)
{
	unsigned long long n = 0;
	FILE *file =
		fopen("/sys/class/net/" DEVICE "/statistics/tx_dropped", "r");

	if (file) {
		if (fscanf(file, "%llu", &n) != 1)
			n = 0;
		fclose(file);
	}
	return n;
}

struct cn_host *host_on(struct cn_pool *pool, int *link)
{
	struct cn_link_config config = {
		.name = DEVICE,
		.mtu = 1500,
		.tx_csum = true,
		.tx_super = 65160,
	};
	struct cn_addr addr = ours(), any = cn_addr_v4(0, 0, 0, 0);
	struct cn_settings set;
	struct cn_host *host;

	cn_settings_default(&set);
	set.pool = pool;
	set.seeded = getrandom(set.seed, sizeof(set.seed), 0) ==
		     (ssize_t)sizeof(set.seed);
	must(!cn_host_new(&set, now_ns(), &host) &&
		     !cn_host_link_add(host, &config, link) &&
		     !cn_host_addr_add(host, *link, &addr, 24) &&
		     !cn_host_route_add(host, *link, &any, 0),
	     "cn_host_new");
	return host;
}

/* ---------------------------------------------------------------- the flood -- */

void flood_init(struct flood *flood, const struct plan *plan, uint64_t now)
{
	static const uint8_t seed[16] = "flood";

	memset(flood, 0, sizeof(*flood));
	flood->plan = plan;
	random_init(&flood->random, seed, 13);
	flood->begun = now;
}

uint64_t flood_due(const struct flood *flood, uint64_t now)
{
	uint64_t due = (now - flood->begun) * flood->plan->rate / CN_NS_PER_SEC;

	return due > flood->sent ? due - flood->sent : 0;
}

size_t flood_syn(struct flood *flood, const struct cn_addr *to,
		 uint8_t packet[SYN_LEN])
{
	uint64_t chance = random_u64(&flood->random);
	struct tcp_ports ports = {(uint16_t)(1024 + (chance & 0x7fff)), PORT};
	struct tcp_seg seg = {
		.seq = (uint32_t)(chance >> 32),
		.flags = TCP_SYN,
		.wnd = 64240,
		.mss = 1460,
		.wscale = 7,
		.tsval = (uint32_t)chance,
		.options = TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_TS |
			   TCP_OPT_WSCALE,
	};
	struct ip_hdr ip = {
		.src = cn_addr_v4(198, (uint8_t)(18 + (chance >> 15 & 1)),
				  (uint8_t)(chance >> 16),
				  (uint8_t)(chance >> 24)),
		.dst = *to,
		.version = 4,
		.protocol = IP_TCP,
		.ttl = 64,
		.df = true,
		.payload_len = SYN_LEN - IP4_HEADER_LEN,
	};
	struct checksum sum = {0};
	size_t ip_len = ip_emit(packet, &ip);
	size_t len = tcp_emit_header(packet + ip_len, &ports, &seg);

	checksum_add_pseudo(&sum, &ip.src, &ip.dst, IP_TCP, (uint32_t)len);
	checksum_add(&sum, packet + ip_len, len);
	put16(packet + ip_len + 16, checksum_finish(&sum));
	return ip_len + len;
}

/* ------------------------------------------------------------ honest clients -- */

bool honest_wait(const struct honest *honest)
{
	return honest->done + honest->failed < honest->begun;
}

void honest_done(struct honest *honest, uint64_t took)
{
	honest->done++;
	honest->sum_ns += took;
	if (took > honest->longest_ns)
		honest->longest_ns = took;
	honest->late += took > CN_NS_PER_SEC;
}

void honest_say(const char *victim, const struct honest *honest,
		const struct flood *flood, uint64_t drops)
{
	char text[200];

	if (flood->plan->is_trial)
		return;

	printf("# %s: %llu SYNs in %u s (%.0f a second), %llu dropped before "
	       "it; honest: %u of %u, %u of them after a repeated SYN, mean "
	       "%.2f ms, longest %.2f s\n",
	       victim, (unsigned long long)flood->sent, flood->plan->seconds,
	       (double)flood->sent / flood->plan->seconds,
	       (unsigned long long)drops, honest->done, honest->begun,
	       honest->late,
	       honest->done ? (double)honest->sum_ns / honest->done / 1e6 : 0.0,
	       (double)honest->longest_ns / 1e9);
	snprintf(text, sizeof(text),
		 "%s: 99.9 %% of the honest connect through the flood", victim);
	result(honest->begun > 0 &&
		       honest->done * 1000ull >= honest->begun * 999ull,
	       text);
}

/* ------------------------------------------------------------------- main -- */

static void set_up(struct tun *tun)
{
	struct cn_addr addr = kernels(), flood = cn_addr_v4(198, 18, 0, 0);
	char error[TUN_ERROR];
	struct netlink netlink;

	if (geteuid())
		skip_all(
			"needs root, for a network namespace and a TUN device");
	if (access("/dev/net/tun", R_OK | W_OK))
		skip_all("there is no /dev/net/tun");
	if (unshare(CLONE_NEWNET))
		skip_all("no network namespace can be made here");
	if (tun_open(tun, DEVICE, 0, error))
		skip_all(error);
	if (netlink_open(&netlink) || netlink_up(&netlink, DEVICE, 1500) ||
	    netlink_addr_add(&netlink, DEVICE, &addr, 24) ||
	    netlink_route_add(&netlink, DEVICE, &flood, 15, NULL)) {
		fprintf(stderr, "%s\n", netlink.error);
		exit(1);
	}
	netlink_close(&netlink);
}

static unsigned number(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	long n = text ? strtol(text, NULL, 10) : 0;

	return n > 0 && n < 100000000 ? (unsigned)n : otherwise;
}

/* As fast as the interface passes everything on. */
static unsigned find_rate(const struct tun *tun)
{
	static const unsigned rates[] = {400000, 300000, 200000, 150000, 100000,
					 75000,	 50000,	 35000,	 25000,	 15000};
	struct plan plan = {.seconds = 2, .is_trial = true};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		plan.rate = rates[i];
		if (!attack_catenet(tun, &plan))
			return rates[i];
	}
	return 10000;
}

int main(void)
{
	struct plan plan;
	struct tun tun;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	memset(&plan, 0, sizeof(plan));
	plan.seconds = number("SECONDS", getenv("LONG") ? 60 : 2);
	plan.rate = number("RATE", 100000);
	set_up(&tun);
	(void)attack_catenet(&tun, &plan);
	attack_kernel(&tun, &plan);
	if (getenv("LONG")) {
		plan.rate = find_rate(&tun);
		(void)attack_catenet(&tun, &plan);
		attack_kernel(&tun, &plan);
	}
	tun_close(&tun);
	printf("1..%u\n", test_n);
	return failed;
}
