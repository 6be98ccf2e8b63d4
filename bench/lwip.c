/* SPDX-License-Identifier: MIT */
/*
 * lwIP as Debian builds it, doing the work of inproc_mtu1500: two interfaces
 * of one stack joined by a queue in memory, in one thread, written from a
 * 1 MiB pattern (one copy), read in place, every octet checksummed at both
 * ends.  The payload of a packet is handed over by reference, its headers are
 * copied, since lwIP changes them as it reads.  Built by bench/peer_rows.
 *
 *	bench-lwip [--quick]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>

#define PATTERN (1u << 20)
#define RECYCLED (256u << 10)
#define QUEUE 4096u
#define PORT 80

/* What the receiving interface sees of a payload that the sender keeps. */
struct view {
	struct pbuf_custom custom; /* first: pbuf_free gives it back */
	struct pbuf *of;
	struct view *next;
};

static struct {
	struct pbuf *packet[QUEUE];
	struct netif *to[QUEUE];
	unsigned first, n;
} wire;
static struct netif side[2];
static struct view *idle;
static unsigned char pattern[PATTERN];
static size_t at;
static unsigned long long got;

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void must(int good, const char *what)
{
	if (!good) {
		fprintf(stderr, "bench-lwip: %s\n", what);
		exit(1);
	}
}

/* -------------------------------------------------------------- the wire */

static void view_free(struct pbuf *p)
{
	struct view *view = (struct view *)(void *)p;

	pbuf_free(view->of);
	view->next = idle;
	idle = view;
}

static struct pbuf *view_new(struct pbuf *p, u16_t off, u16_t len)
{
	struct view *view = idle;

	if (view)
		idle = view->next;
	else
		view = malloc(sizeof(*view));
	must(view != NULL, "memory");
	pbuf_ref(p);
	view->of = p;
	view->custom.custom_free_function = view_free;
	return pbuf_alloced_custom(PBUF_RAW, len, PBUF_REF, &view->custom,
				   (unsigned char *)p->payload + off, len);
}

/* Octets of the IPv4 and TCP headers. */
static u16_t header_len(const struct pbuf *p)
{
	const unsigned char *octet = p->payload;
	unsigned ip = (octet[0] & 15u) * 4;

	return (u16_t)(ip + (octet[ip + 12] >> 4) * 4u);
}

static struct pbuf *hand_over(struct pbuf *p)
{
	u16_t len = header_len(p);
	struct pbuf *head;

	if (p->len != p->tot_len || p->len == len)
		return pbuf_clone(PBUF_RAW, PBUF_RAM, p);
	head = pbuf_alloc(PBUF_RAW, len, PBUF_RAM);
	must(head != NULL, "memory");
	memcpy(head->payload, p->payload, len);
	pbuf_cat(head, view_new(p, len, (u16_t)(p->len - len)));
	return head;
}

static err_t output(struct netif *from, struct pbuf *p, const ip4_addr_t *to)
{
	unsigned last = (wire.first + wire.n) % QUEUE;
	struct pbuf *copy;

	(void)to;
	if (wire.n == QUEUE)
		return ERR_MEM;
	copy = hand_over(p);
	must(copy != NULL, "memory");
	wire.packet[last] = copy;
	wire.to[last] = &side[from == &side[0]];
	wire.n++;
	return ERR_OK;
}

static void carry(void)
{
	while (wire.n) {
		struct pbuf *p = wire.packet[wire.first];
		struct netif *to = wire.to[wire.first];

		wire.first = (wire.first + 1) % QUEUE;
		wire.n--;
		if (to->input(p, to) != ERR_OK)
			pbuf_free(p);
	}
}

static err_t begin(struct netif *netif)
{
	netif->name[0] = 'w';
	netif->name[1] = 'i';
	netif->mtu = 1500;
	netif->output = output;
	return ERR_OK;
}

/* ----------------------------------------------------------- the programs */

static err_t on_data(void *ctx, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	(void)ctx;
	(void)err;
	if (!p)
		return ERR_OK;
	got += p->tot_len;
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	return ERR_OK;
}

static err_t on_accept(void *ctx, struct tcp_pcb *pcb, err_t err)
{
	(void)ctx;
	(void)err;
	tcp_recv(pcb, on_data);
	return ERR_OK;
}

static void pour(struct tcp_pcb *pcb)
{
	size_t want = tcp_sndbuf(pcb);

	if (want > PATTERN - at)
		want = PATTERN - at;
	if (want && tcp_write(pcb, pattern + at, (u16_t)want,
			      TCP_WRITE_FLAG_COPY) == ERR_OK)
		at = (at + want) % PATTERN;
	tcp_output(pcb);
}

static err_t on_connected(void *ctx, struct tcp_pcb *pcb, err_t err)
{
	(void)pcb;
	*(int *)ctx = err == ERR_OK;
	return ERR_OK;
}

static struct tcp_pcb *open_pair(void)
{
	struct tcp_pcb *listener = tcp_new(), *pcb = tcp_new();
	ip_addr_t to = IPADDR4_INIT_BYTES(10, 0, 0, 2);
	static int is_open;

	must(tcp_bind(listener, &to, PORT) == ERR_OK, "bind");
	tcp_bind_netif(listener, &side[1]);
	listener = tcp_listen(listener);
	must(listener != NULL, "listen");
	tcp_accept(listener, on_accept);
	tcp_bind_netif(pcb, &side[0]);
	tcp_arg(pcb, &is_open);
	must(tcp_connect(pcb, &to, PORT, on_connected) == ERR_OK, "connect");
	carry();
	must(is_open, "connect");
	return pcb;
}

static double transfer_rate(struct tcp_pcb *pcb, unsigned long long total)
{
	double begun = seconds();

	got = 0;
	while (got < total) {
		pour(pcb);
		carry();
		sys_check_timeouts();
	}
	return (double)got / (seconds() - begun);
}

/* As bench/inproc.c has it. */
static double memcpy_rate(void)
{
	unsigned char *to = malloc(RECYCLED);
	unsigned i, k, rounds = 4000;
	double begun;

	must(to != NULL, "memory");
	memset(to, 0, RECYCLED);
	begun = seconds();
	for (i = 0; i < rounds; i++)
		for (k = 0; k < PATTERN; k += RECYCLED) {
			memcpy(to, pattern + k, RECYCLED);
			__asm__ volatile("" : : "r"(to) : "memory");
		}
	begun = seconds() - begun;
	free(to);
	return (double)rounds * PATTERN / begun;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int quick = argc > 1 && !strcmp(argv[1], "--quick");
	int n = quick ? 3 : 5, i;
	double rate[5], ratio[5];
	struct tcp_pcb *pcb;

	memset(pattern, 5, sizeof(pattern));
	lwip_init();
	for (i = 0; i < 2; i++) {
		ip4_addr_t addr, mask, none;

		IP4_ADDR(&addr, 10, 0, 0, (u8_t)(1 + i));
		IP4_ADDR(&mask, 255, 255, 255, 0);
		ip4_addr_set_zero(&none);
		must(netif_add(&side[i], &addr, &mask, &none, NULL, begin,
			       netif_input) != NULL,
		     "interface");
		netif_set_up(&side[i]);
		netif_set_link_up(&side[i]);
	}
	pcb = open_pair();
	for (i = 0; i < n; i++) {
		rate[i] = transfer_rate(pcb, quick ? 200000000 : 1000000000);
		ratio[i] = rate[i] / memcpy_rate();
	}
	qsort(rate, (size_t)n, sizeof(rate[0]), by_value);
	qsort(ratio, (size_t)n, sizeof(ratio[0]), by_value);
	printf("peer_lwip_inproc\t%.4g\tGB/s\tmemcpy\t%.4g\n",
	       rate[n / 2] / 1e9, ratio[n / 2]);
	return 0;
}
