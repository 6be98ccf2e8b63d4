/* SPDX-License-Identifier: MIT */
/*
 * catenet services: the small servers that every client can be tried on -
 * echo (RFC 862), discard (RFC 863), chargen (RFC 864), daytime (RFC 867) - on
 * catenet's TCP and UDP, over a TUN interface, for thousands of connections at
 * once.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <catenet/socket.h>

#include "cli/command.h"
#include "cli/host_options.h"
#include "cli/services_udp.h"
#include "link/heap.h"
#include "link/netlink.h"
#include "link/units.h"
#include "loop/pump.h"

#define ADDR_MAX 8
#define IP6_MTU_MIN 1280 /* RFC 8200 section 5 */
#define SERVICE_MAX 16
#define PIECES 16
#define TURN (256u * 1024)
#define SUPER 65160
#define BACKLOG 4096
/* Seventy-two of the ninety-five characters, and a new line, each line one
 * character further. */
#define CHARGEN_LINE 74
#define CHARGEN_LEN (95 * CHARGEN_LINE)

enum key {
	KEY_TUN = 256,
	KEY_ADDR,
	KEY_VIA,
	KEY_ECHO,
	KEY_DISCARD,
	KEY_CHARGEN,
	KEY_DAYTIME,
	KEY_MTU,
	KEY_TCP_ECN,
	KEY_PLAIN,
	KEY_BUSY_POLL,
};

static const struct cli_option table[] = {
	{KEY_TUN, "tun", "NAME",
	 "the interface; it is made if there is none of that name",
	 "The interface"},
	{KEY_ADDR, "addr", "ADDRESS/BITS",
	 "catenet's address on it; may be given again", NULL},
	{KEY_VIA, "via", "ADDRESS/BITS",
	 "the kernel's address on it; may be given again", NULL},
	{KEY_MTU, "mtu", "OCTETS",
	 "its largest packet; 1500 unless "
	 "said",
	 NULL},
	{KEY_PLAIN, "plain", NULL, "without checksum and segmentation offload",
	 NULL},
	{KEY_ECHO, "echo", "PORT",
	 "sends back what it gets; 7, with the other three, where no service "
	 "is named",
	 "Services"},
	{KEY_DISCARD, "discard", "PORT", "swallows what it gets", NULL},
	{KEY_CHARGEN, "chargen", "PORT",
	 "sends characters without end; by UDP as many as it was sent", NULL},
	{KEY_DAYTIME, "daytime", "PORT", "tells the time of day", NULL},
	HOST_CC_OPTION("TCP"),
	{KEY_TCP_ECN, "tcp-ecn", "0|1|2|3|4|5",
	 "explicit congestion notification, as Linux's tcp_ecn; 2 unless said",
	 NULL},
	HOST_BUFFER_OPTIONS,
	{KEY_BUSY_POLL, "busy-poll", "TIME",
	 "how long to look for the next frame before sleeping: takes a core "
	 "while there is traffic, and spares wake-ups; 50us unless said, 0 "
	 "sleeps at once",
	 "Program"},
	{'q', "quiet", NULL, "no remarks", NULL},
};

static const struct cli_example examples[] = {
	{"sudo catenet services --tun cat0 --addr 10.9.0.2/24 --via "
	 "10.9.0.1/24",
	 "echo, discard, chargen and daytime at 10.9.0.2, for this machine's "
	 "clients"},
	{"nc 10.9.0.2 7", "what you type comes back, over catenet's TCP"},
	{"nc -u 10.9.0.2 7", "the same over its UDP"},
};

/* What a tag points to. */
struct party {
	bool listens;
	enum service kind;
	struct cn_sock *sock;
	uint32_t at; /* CHARGEN: place in the pattern */
};

struct net_addr {
	struct cn_addr addr;
	unsigned bits;
};

struct services {
	struct net_addr addr[ADDR_MAX], via[ADDR_MAX];
	unsigned addr_n, via_n;
	const char *name;
	uint32_t mtu, sndbuf, rcvbuf;
	struct cn_mem rmem, wmem;
	uint16_t port[SERVICE_MAX];
	struct party listener[SERVICE_MAX * 2];
	struct services_udp udp[SERVICE_MAX];
	unsigned port_n, listener_n, udp_n;
	enum service kind[SERVICE_MAX];
	bool quiet, plain, stop;
	uint8_t cc, ecn;

	struct loop *loop;
	struct cn_pool *pool;
	struct cn_host *host;
	int link;
	struct tun tun;
	struct pump pump;
	struct loop_watch signals;
	uint64_t busy_poll_ns;
	uint64_t accepted;
	uint8_t pattern[CHARGEN_LEN];
};

static bool take(void *ctx, int key, const char *value);

static const struct cli_values values[] = {{HOST_CC, host_option_cc}};

const struct cli_command cli_services_command = {
	.name = "services",
	.usage = "--tun NAME --addr ADDRESS/BITS [OPTION...]",
	.what = "serves echo, discard, chargen and daytime on catenet's TCP "
		"and UDP over a TUN interface",
	.example = examples,
	.example_n = sizeof(examples) / sizeof(examples[0]),
	.option = table,
	.option_n = sizeof(table) / sizeof(table[0]),
	.values = values,
	.values_n = sizeof(values) / sizeof(values[0]),
	.take = take,
};

/* ------------------------------------------------------------- options -- */

/* The network's own address, or its broadcast (RFC 1122 section 3.2.1.3). */
static bool is_of_all(const struct cn_addr *addr, unsigned bits)
{
	const uint8_t *octet = addr->octet + 12;
	uint32_t number = (uint32_t)octet[0] << 24 | (uint32_t)octet[1] << 16 |
			  (uint32_t)octet[2] << 8 | octet[3];
	uint32_t host = bits < 31 ? UINT32_MAX >> bits : 0;

	return cn_addr_is_v4(addr) &&
	       (number == UINT32_MAX ||
		(host && (!(number & host) || (number & host) == host)));
}

static const char *take_addr(const char *value, struct net_addr *list,
			     unsigned *n)
{
	static const char form[] =
		"write ADDRESS/BITS, for example 10.9.0.2/24";
	char text[64];
	char *slash;
	uint64_t bits;

	if (*n == ADDR_MAX)
		return "too many addresses";
	if (strlen(value) >= sizeof(text))
		return form;
	strcpy(text, value);
	slash = strchr(text, '/');
	if (!slash)
		return form;
	*slash = '\0';
	if (!cn_addr_parse(text, &list[*n].addr) ||
	    units_count(slash + 1, 1, cn_addr_is_v4(&list[*n].addr) ? 32 : 128,
			&bits))
		return form;
	if (cn_addr_is_any(&list[*n].addr) ||
	    cn_addr_is_loopback(&list[*n].addr) ||
	    cn_addr_is_multicast(&list[*n].addr) ||
	    is_of_all(&list[*n].addr, (unsigned)bits))
		return "no address that an interface may have; write for "
		       "example 10.9.0.2/24";
	for (unsigned i = 0; i < *n; i++)
		if (cn_addr_equal(&list[i].addr, &list[*n].addr))
			return "said twice; once is enough";
	list[(*n)++].bits = (unsigned)bits;
	return NULL;
}

static const char *take_service(struct services *services, enum service kind,
				const char *value)
{
	uint64_t port;
	const char *why = units_count(value, 1, 65535, &port);

	if (!why && services->port_n == SERVICE_MAX)
		why = "too many services";
	if (why)
		return why;
	services->kind[services->port_n] = kind;
	services->port[services->port_n++] = (uint16_t)port;
	return NULL;
}

static const char *take_value(struct services *services, int key,
			      const char *value)
{
	uint64_t number;
	const char *why;

	switch (key) {
	case KEY_TUN:
		services->name = value;
		return *value ? NULL : "write a name, for example cat0";
	case KEY_ADDR:
		return take_addr(value, services->addr, &services->addr_n);
	case KEY_VIA:
		return take_addr(value, services->via, &services->via_n);
	case KEY_MTU:
		why = units_count(value, 576, 65535, &number);
		if (!why)
			services->mtu = (uint32_t)number;
		return why;
	case KEY_ECHO:
		return take_service(services, ECHO, value);
	case KEY_DISCARD:
		return take_service(services, DISCARD, value);
	case KEY_CHARGEN:
		return take_service(services, CHARGEN, value);
	case KEY_DAYTIME:
		return take_service(services, DAYTIME, value);
	case KEY_TCP_ECN:
		why = units_count(value, 0, 5, &number);
		if (!why)
			services->ecn = (uint8_t)number;
		return why;
	case HOST_RMEM:
		return units_mem(value, &services->rmem);
	case HOST_WMEM:
		return units_mem(value, &services->wmem);
	case HOST_SNDBUF:
		return host_option_buffer(value, &services->sndbuf);
	case HOST_RCVBUF:
		return host_option_buffer(value, &services->rcvbuf);
	case KEY_BUSY_POLL:
		return units_time(value, &services->busy_poll_ns);
	default: /* HOST_CC */
		services->cc = CN_CC_RENO;
		if (!strcmp(value, "cubic"))
			services->cc = CN_CC_CUBIC;
		else if (!strcmp(value, "bbr"))
			services->cc = CN_CC_BBR;
		else if (strcmp(value, "reno") != 0)
			return "there are cubic, reno and bbr";
		return NULL;
	}
}

static bool take(void *ctx, int key, const char *value)
{
	struct services *services = ctx;
	const char *why;

	if (key == 'q') {
		services->quiet = true;
		return true;
	}
	if (key == KEY_PLAIN) {
		services->plain = true;
		return true;
	}
	why = take_value(services, key, value);
	if (!why)
		return true;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].key == key)
			return cli_wrong(&cli_services_command, table[i].name,
					 value, why);
	return false;
}

/* ------------------------------------------------------------- services -- */

static void party_end(struct party *party, uint64_t now)
{
	cn_sock_set_tag(party->sock, NULL);
	cn_sock_close(party->sock, now);
	free(party);
}

/* Sends what it got, without a copy on the way in; false: nothing moved. */
static bool echo(struct party *party, uint64_t now)
{
	struct cn_slice slice[PIECES];
	size_t moved = 0;
	int n = cn_sock_recv_view(party->sock, slice, PIECES);

	for (int i = 0; i < n; i++) {
		int64_t sent = cn_sock_send(party->sock, slice[i].data,
					    slice[i].len, 0, now);

		if (sent > 0)
			moved += (size_t)sent;
		if (sent != slice[i].len)
			break;
	}
	if (moved)
		(void)cn_sock_recv_take(party->sock, moved, now);
	return moved > 0;
}

static bool discard(struct party *party, uint64_t now)
{
	size_t readable = cn_sock_readable(party->sock);

	if (readable)
		(void)cn_sock_recv_take(party->sock, readable, now);
	return readable > 0;
}

static bool chargen(const struct services *services, struct party *party,
		    uint64_t now)
{
	struct cn_span span[PIECES];
	size_t len = 0;
	int n = cn_sock_send_reserve(party->sock, TURN, span, PIECES, now);

	for (int i = 0; i < n; i++) {
		for (size_t at = 0; at < span[i].len;) {
			size_t part = CHARGEN_LEN - party->at;

			if (part > span[i].len - at)
				part = span[i].len - at;
			memcpy(span[i].data + at, services->pattern + party->at,
			       part);
			party->at = (party->at + (uint32_t)part) % CHARGEN_LEN;
			at += part;
		}
		len += span[i].len;
	}
	if (len)
		(void)cn_sock_send_commit(party->sock, len, 0, now);
	return len > 0;
}

/* RFC 867: the time, and the end. */
static bool daytime(struct party *party, uint64_t now)
{
	char text[64];
	size_t len = services_daytime(text, sizeof(text));

	party->at = 1;
	(void)cn_sock_send(party->sock, text, len, 0, now);
	(void)cn_sock_shutdown(party->sock, CN_SHUT_WR, now);
	return true;
}

static void serve(const struct services *services, struct party *party,
		  uint64_t now)
{
	unsigned ready = cn_sock_ready(party->sock);
	bool more = true;

	while (more && !(ready & CN_READY_ERR)) {
		more = false;
		if (party->kind == ECHO)
			more = echo(party, now);
		else
			more = discard(party, now);
		if (party->kind == DAYTIME && !party->at)
			more = daytime(party, now);
		if (party->kind == CHARGEN)
			more |= chargen(services, party, now);
		ready = cn_sock_ready(party->sock);
	}
	if ((ready & (CN_READY_ERR | CN_READY_HUP)) ||
	    (cn_sock_peer_closed(party->sock) &&
	     !cn_sock_readable(party->sock)))
		party_end(party, now);
}

static void accept_all(struct services *services, struct party *listener,
		       uint64_t now)
{
	struct cn_sock *sock;

	while (cn_sock_accept(listener->sock, &sock, now) == CN_OK) {
		struct party *party = calloc(1, sizeof(*party));

		if (!party) {
			cn_sock_abort(sock, now);
			continue;
		}
		services->accepted++;
		party->kind = listener->kind;
		party->sock = sock;
		cn_sock_set_tag(sock, party);
		serve(services, party, now);
	}
}

static bool drain_events(void *ctx, uint64_t now)
{
	struct services *services = ctx;
	struct cn_event event;
	bool any = false;

	while (cn_host_event(services->host, &event)) {
		struct party *party = event.tag;

		any = true;
		if (event.dgram)
			services_udp_serve(event.tag, now);
		if (event.kind != CN_EVENT_READY || event.dgram || !party)
			continue;
		if (party->listens)
			accept_all(services, party, now);
		else
			serve(services, party, now);
	}
	return any;
}

static void on_signal(void *ctx, uint32_t events)
{
	struct services *services = ctx;

	(void)events;
	services->stop = true;
}

/* ---------------------------------------------------------------- start -- */

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "catenet services: %s: %s\n", what, why);
	return EXIT_CATENET;
}

/* One of the kernel's addresses has a network in which it is. */
static bool is_in_reach(const struct services *services,
			const struct cn_addr *addr)
{
	for (unsigned i = 0; i < services->via_n; i++) {
		const struct net_addr *via = &services->via[i];
		unsigned bits = via->bits + (cn_addr_is_v4(addr) ? 96 : 0);
		unsigned whole = bits / 8, rest = 8 - bits % 8;

		if (cn_addr_is_v4(&via->addr) != cn_addr_is_v4(addr) ||
		    memcmp(&via->addr, addr, whole) != 0)
			continue;
		if (whole == sizeof(addr->octet) ||
		    via->addr.octet[whole] >> rest ==
			    addr->octet[whole] >> rest)
			return true;
	}
	return false;
}

static int start_interface(struct services *services)
{
	char error[TUN_ERROR] = "";
	struct netlink netlink;
	int rc = tun_open(&services->tun, services->name,
			  services->plain ? TUN_PLAIN : 0, error);

	if (rc)
		return fail("--tun", error);
	rc = netlink_open(&netlink);
	if (!rc)
		rc = netlink_up(&netlink, services->tun.name, services->mtu);
	for (unsigned i = 0; i < services->via_n && !rc; i++)
		rc = netlink_addr_add(&netlink, services->tun.name,
				      &services->via[i].addr,
				      services->via[i].bits);
	for (unsigned i = 0; i < services->addr_n && !rc; i++)
		if (!is_in_reach(services, &services->addr[i].addr))
			rc = netlink_route_add(
				&netlink, services->tun.name,
				&services->addr[i].addr,
				cn_addr_is_v4(&services->addr[i].addr) ? 32 :
									 128,
				NULL);
	if (rc)
		fail("--tun", netlink.error);
	netlink_close(&netlink);
	return rc;
}

static int start_link(struct services *services)
{
	struct cn_addr any4 = cn_addr_v4(0, 0, 0, 0);
	struct cn_addr any6 = {{0}};
	struct cn_link_config config = {
		.name = services->tun.name,
		.mtu = services->mtu,
		.tx_csum = !services->plain,
		.tx_super = services->plain ? 0 : SUPER,
	};
	int rc = cn_host_link_add(services->host, &config, &services->link);

	if (!rc)
		rc = cn_host_route_add(services->host, services->link, &any4,
				       0);
	if (!rc)
		rc = cn_host_route_add(services->host, services->link, &any6,
				       0);
	for (unsigned i = 0; i < services->addr_n && !rc; i++)
		rc = cn_host_addr_add(services->host, services->link,
				      &services->addr[i].addr,
				      services->addr[i].bits);
	return rc;
}

static int start_host(struct services *services)
{
	struct cn_settings set;
	int rc;

	cn_settings_default(&set);
	if (getrandom(set.seed, sizeof(set.seed), 0) != sizeof(set.seed))
		return fail("a seed", strerror(errno));
	set.seeded = true;
	set.pool = services->pool;
	set.name = "services";
	set.memory_limit = (size_t)2 << 30;
	set.sndbuf = services->sndbuf;
	set.rcvbuf = services->rcvbuf;
	set.rmem = services->rmem;
	set.wmem = services->wmem;
	set.cc = services->cc;
	set.ecn = services->ecn;
	rc = cn_host_new(&set, loop_now(services->loop), &services->host);
	if (!rc)
		rc = start_link(services);
	return rc ? fail("the host", cn_err_text(rc)) : 0;
}

static int listen_at(struct services *services, enum service kind,
		     uint16_t port)
{
	struct party *party = &services->listener[services->listener_n];
	struct cn_endpoint any = {.port = port};
	uint64_t now = loop_now(services->loop);
	char number[16];
	int rc = cn_sock_new(services->host, 6, &party->sock);

	if (rc)
		return fail("a listener", cn_err_text(rc));
	party->listens = true;
	party->kind = kind;
	services->listener_n++;
	cn_sock_set_tag(party->sock, party);
	rc = cn_sock_bind(party->sock, &any);
	if (!rc)
		rc = cn_sock_listen(party->sock, BACKLOG, now);
	if (!rc)
		return 0;
	snprintf(number, sizeof(number), "port %u", port);
	return fail(number, cn_err_text(rc));
}

static int open_udp(struct services *services, enum service kind, uint16_t port)
{
	struct services_udp *udp = &services->udp[services->udp_n++];
	char number[24];
	int rc;

	udp->pattern = services->pattern;
	udp->pattern_len = CHARGEN_LEN;
	udp->port = services->port;
	udp->port_n = services->port_n;
	rc = services_udp_open(udp, services->host, kind, port);
	if (!rc)
		return 0;
	snprintf(number, sizeof(number), "UDP port %u", port);
	return fail(number, cn_err_text(rc));
}

static int start_services(struct services *services)
{
	static const uint16_t usual[] = {
		[ECHO] = 7, [DISCARD] = 9, [CHARGEN] = 19, [DAYTIME] = 13};
	int rc = 0;

	if (!services->port_n)
		for (int kind = ECHO; kind < SERVICES; kind++) {
			services->kind[services->port_n] = (enum service)kind;
			services->port[services->port_n++] = usual[kind];
		}
	for (unsigned i = 0; i < services->port_n && !rc; i++)
		rc = listen_at(services, services->kind[i], services->port[i]);
	for (unsigned i = 0; i < services->port_n && !rc; i++)
		rc = open_udp(services, services->kind[i], services->port[i]);
	for (int line = 0; line < 95; line++) {
		uint8_t *to = services->pattern + line * CHARGEN_LINE;

		for (int i = 0; i < CHARGEN_LINE - 2; i++)
			to[i] = (uint8_t)(' ' + (line + i) % 95);
		memcpy(to + CHARGEN_LINE - 2, "\r\n", 2);
	}
	return rc;
}

static int watch(struct services *services)
{
	sigset_t set;
	int rc;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	services->signals.fd = signalfd(-1, &set, SFD_CLOEXEC);
	services->signals.ready = on_signal;
	services->signals.ctx = services;
	services->pump.loop = services->loop;
	services->pump.host = services->host;
	services->pump.pool = services->pool;
	services->pump.tun = &services->tun;
	services->pump.link = services->link;
	services->pump.busy_poll_ns = services->busy_poll_ns;
	services->pump.events = drain_events;
	services->pump.ctx = services;
	rc = loop_watch(services->loop, &services->signals, EPOLLIN);
	return rc ? fail("the loop", strerror(-rc)) : 0;
}

static int run(struct services *services)
{
	int rc = start_interface(services);

	if (!rc)
		rc = start_host(services);
	if (!rc)
		rc = start_services(services);
	if (!rc)
		rc = watch(services);
	if (rc)
		return EXIT_CATENET;
	if (!services->quiet) {
		fprintf(stderr, "catenet services: serving over %s\n",
			services->tun.name);
		fflush(stderr);
	}
	rc = pump_begin(&services->pump);
	while (!services->stop && !services->pump.gone && !rc)
		rc = loop_round(services->loop, CN_NEVER);
	if (services->pump.gone)
		rc = -ENODEV;
	if (!services->quiet)
		fprintf(stderr, "catenet services: %llu connections served\n",
			(unsigned long long)services->accepted);
	return rc ? fail(services->tun.name, strerror(-rc)) : 0;
}

static void finish(struct services *services)
{
	pump_end(&services->pump);
	if (services->host)
		cn_host_free(services->host);
	if (services->tun.name[0])
		tun_close(&services->tun);
	if (services->pool)
		cn_pool_free(services->pool);
	loop_free(services->loop);
	free(services);
}

static bool has_ip6(const struct net_addr *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!cn_addr_is_v4(&list[i].addr))
			return true;
	return false;
}

/* -1: go on; else the exit code. */
static int check_together(const struct services *services)
{
	const char *why = host_buffers_check(&services->rmem, &services->wmem,
					     services->rcvbuf,
					     services->sndbuf);

	if (why) {
		fprintf(stderr, "catenet services: %s\n", why);
		return EXIT_CATENET;
	}
	if (services->mtu < IP6_MTU_MIN &&
	    (has_ip6(services->addr, services->addr_n) ||
	     has_ip6(services->via, services->via_n)))
		return fail("--mtu", "IPv6 needs 1280 at least");
	for (unsigned i = 0; i < services->addr_n; i++)
		for (unsigned k = 0; k < services->via_n; k++)
			if (cn_addr_equal(&services->addr[i].addr,
					  &services->via[k].addr))
				return fail("--addr and --via",
					    "are one address; the kernel's is "
					    "another, for example 10.9.0.1/24");
	return -1;
}

int cli_services(int argc, char **argv)
{
	struct services *services = calloc(1, sizeof(*services));
	struct cn_settings set;
	int rest, code;

	if (!services)
		return fail("memory", strerror(ENOMEM));
	cn_settings_default(&set);
	services->rmem = set.rmem;
	services->wmem = set.wmem;
	services->ecn = set.ecn;
	services->busy_poll_ns = PUMP_BUSY_POLL_NS;
	services->mtu = 1500;
	services->signals.fd = -1;
	code = cli_parse(&cli_services_command, argc, argv, services, &rest);
	if (code < 0 && rest < argc)
		code = fail(argv[rest], "is no option");
	if (code < 0 && (!services->name || !services->addr_n))
		code = fail("--tun and --addr",
			    "are needed; for example --tun cat0 --addr "
			    "10.9.0.2/24 --via 10.9.0.1/24");
	if (code < 0)
		code = check_together(services);
	if (code < 0) {
		services->loop = loop_new();
		services->pool = cn_pool_new(&heap_memory);
		code = services->loop && services->pool ?
			       run(services) :
			       fail("memory", strerror(ENOMEM));
	}
	if (services->loop)
		finish(services);
	else
		free(services);
	return code;
}
