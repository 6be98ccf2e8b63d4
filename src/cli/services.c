/* SPDX-License-Identifier: MIT */
/*
 * catenet services: the small servers of RFC 862 (echo), RFC 863 (discard)
 * and RFC 864 (chargen) on our stack, over a TUN device, so that any client
 * of the kernel's can measure us.
 */
#include "cli/services.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <catenet/catenet.h>

#include "cli/units.h"
#include "link/netlink.h"
#include "link/tun.h"
#include "loop/loop.h"

#define BURST 64 /* frames read before output is drained */
#define ADDRS_MAX 8
#define PORTS_MAX 16

enum service { ECHO, DISCARD, CHARGEN };

struct port {
	enum service service;
	uint16_t number;
	struct cn_sock *listener[2]; /* IPv4, IPv6 */
};

struct prefix {
	struct cn_addr addr;
	unsigned len;
};

struct settings {
	const char *tun;
	struct prefix addr[ADDRS_MAX];
	struct prefix via[ADDRS_MAX];
	unsigned addr_n, via_n;
	struct port port[PORTS_MAX];
	unsigned port_n;
	unsigned mtu;
	bool no_offload, quiet;
};

/* One connection; its address is the socket's tag. */
struct talk {
	enum service service;
	struct cn_sock *sock;
	uint32_t at; /* chargen: octets given so far, modulo the pattern */
};

struct server {
	struct settings *set;
	struct loop *loop;
	struct cn_pool *pool;
	struct cn_host *host;
	struct tun tun;
	struct loop_watch tun_watch, signal_watch;
	struct loop_timer timer;
	int link;
	struct cn_frame stuck; /* did not fit into the device */
	bool is_stuck, stop;
	uint64_t accepted;
};

/* RFC 864 section 2: 72 of the 95 printing characters, each line one on. */
#define CHARGEN_LINE 74
#define CHARGEN_PERIOD (95 * CHARGEN_LINE)

static uint8_t chargen[CHARGEN_PERIOD];

static void chargen_fill(void)
{
	unsigned line, i;

	for (line = 0; line < 95; line++) {
		uint8_t *p = chargen + line * CHARGEN_LINE;

		for (i = 0; i < 72; i++)
			p[i] = (uint8_t)(' ' + (line + i) % 95);
		p[72] = '\r';
		p[73] = '\n';
	}
}

/* --------------------------------------------------------- the talking -- */

static void talk_end(struct talk *talk, uint64_t now)
{
	cn_sock_close(talk->sock, now);
	free(talk);
}

/* What came in goes out again; what does not fit waits where it is, and the
 * window closes by itself. */
static bool echo(struct talk *talk, uint64_t now)
{
	struct cn_slice slice[16];
	int64_t sent;
	int n, i;

	for (;;) {
		size_t done = 0;

		n = cn_sock_recv_view(talk->sock, slice, 16);
		for (i = 0; i < n; i++) {
			sent = cn_sock_send(talk->sock, slice[i].data,
					    slice[i].len, 0, now);
			if (sent < 0 && sent != CN_E_AGAIN)
				return false;
			if (sent <= 0)
				break;
			done += (size_t)sent;
			if ((size_t)sent < slice[i].len)
				break;
		}
		if (!done)
			break;
		if (cn_sock_recv_take(talk->sock, done, now))
			return false;
	}
	return !(cn_sock_peer_closed(talk->sock) &&
		 !cn_sock_readable(talk->sock));
}

static bool discard(struct talk *talk, uint64_t now)
{
	while (cn_sock_readable(talk->sock))
		if (cn_sock_recv_take(talk->sock, cn_sock_readable(talk->sock),
				      now))
			return false;
	return !cn_sock_peer_closed(talk->sock);
}

static bool generate(struct talk *talk, uint64_t now)
{
	int64_t sent;

	if (!discard(talk, now))
		return false;
	do {
		sent = cn_sock_send(talk->sock, chargen + talk->at,
				    sizeof(chargen) - talk->at, 0, now);
		if (sent > 0)
			talk->at = (talk->at + (uint32_t)sent) % CHARGEN_PERIOD;
	} while (sent > 0);
	return sent == CN_E_AGAIN;
}

static void talk_go_on(struct talk *talk, uint64_t now)
{
	bool more = false;

	if (!(cn_sock_ready(talk->sock) & CN_READY_ERR)) {
		switch (talk->service) {
		case ECHO:
			more = echo(talk, now);
			break;
		case DISCARD:
			more = discard(talk, now);
			break;
		case CHARGEN:
			more = generate(talk, now);
			break;
		}
	}
	if (!more)
		talk_end(talk, now);
}

static void accept_all(struct server *server, struct cn_sock *listener,
		       const struct port *port, uint64_t now)
{
	struct cn_sock *sock;

	while (cn_sock_accept(listener, &sock, now) == CN_OK) {
		struct talk *talk = calloc(1, sizeof(*talk));

		if (!talk) {
			cn_sock_abort(sock, now);
			continue;
		}
		talk->service = port->service;
		talk->sock = sock;
		cn_sock_set_tag(sock, talk);
		server->accepted++;
		talk_go_on(talk, now);
	}
}

static const struct port *port_of(const struct server *server,
				  const struct cn_sock *sock)
{
	unsigned i;

	for (i = 0; i < server->set->port_n; i++) {
		const struct port *port = &server->set->port[i];

		if (port->listener[0] == sock || port->listener[1] == sock)
			return port;
	}
	return NULL;
}

/* ---------------------------------------------------------- the driver -- */

static void hear_events(struct server *server, uint64_t now)
{
	struct cn_event event;

	while (cn_host_event(server->host, &event)) {
		const struct port *port;

		if (event.kind != CN_EVENT_READY)
			continue;
		port = port_of(server, event.sock);
		if (port)
			accept_all(server, event.sock, port, now);
		else if (event.tag)
			talk_go_on(event.tag, now);
	}
}

/* False: the device takes no more now. */
static bool send_frame(struct server *server)
{
	int err = tun_write(&server->tun, &server->stuck);

	if (err == CN_E_AGAIN)
		return false;
	cn_frame_release(&server->stuck);
	server->is_stuck = false;
	return true;
}

static void drain_output(struct server *server, uint64_t now)
{
	if (server->is_stuck && !send_frame(server))
		return;
	while (cn_host_output(server->host, server->link, &server->stuck,
			      now)) {
		server->is_stuck = true;
		if (!send_frame(server))
			break;
	}
}

static void after_verbs(struct server *server, uint64_t now)
{
	hear_events(server, now);
	drain_output(server, now);
	/* Sending may have made room that a program waits for. */
	hear_events(server, now);
	drain_output(server, now);
	loop_watch(server->loop, &server->tun_watch,
		   server->is_stuck ? EPOLLIN | EPOLLOUT : EPOLLIN);
	loop_at(server->loop, &server->timer, cn_host_deadline(server->host));
}

static void tun_ready(void *ctx, uint32_t events)
{
	struct server *server = ctx;
	uint64_t now = loop_refresh(server->loop);
	unsigned i;

	(void)events;
	for (i = 0; i < BURST; i++) {
		struct cn_frame frame;
		int err = tun_read(&server->tun, server->pool, &frame);

		if (err == CN_E_NETDOWN)
			server->stop = true;
		if (err)
			break;
		cn_host_input(server->host, server->link, &frame, now);
		cn_frame_release(&frame);
	}
	after_verbs(server, now);
}

static void time_passed(void *ctx, uint64_t now)
{
	struct server *server = ctx;

	cn_host_advance(server->host, now);
	after_verbs(server, now);
}

static void signalled(void *ctx, uint32_t events)
{
	struct server *server = ctx;

	(void)events;
	server->stop = true;
}

/* ----------------------------------------------------------- beginning -- */

static void *heap_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void heap_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "catenet services: %s: %s\n", what, cn_err_text(err));
	return 125;
}

static int host_begin(struct server *server, uint64_t now)
{
	static const struct cn_alloc alloc = {heap_alloc, heap_free, NULL};
	struct cn_link_config link = {.name = server->set->tun};
	struct cn_settings settings;
	unsigned i;
	int err;

	server->pool = cn_pool_new(&alloc);
	cn_settings_default(&settings);
	settings.pool = server->pool;
	settings.name = "services";
	settings.memory_limit = (size_t)1 << 30;
	settings.seeded = getrandom(settings.seed, sizeof(settings.seed), 0) ==
			  (ssize_t)sizeof(settings.seed);
	if (!server->pool)
		return fail("pool", CN_E_NOMEM);
	err = cn_host_new(&settings, now, &server->host);
	if (err)
		return fail("host", err);
	link.mtu = server->set->mtu;
	link.tx_csum = !server->set->no_offload;
	link.tx_super = server->set->no_offload ? 0 : 65000;
	err = cn_host_link_add(server->host, &link, &server->link);
	if (err)
		return fail("link", err);
	for (i = 0; i < server->set->addr_n; i++) {
		const struct prefix *p = &server->set->addr[i];

		err = cn_host_addr_add(server->host, server->link, &p->addr,
				       p->len);
		if (err)
			return fail("--addr", err);
	}
	for (i = 0; i < 2; i++) {
		struct cn_addr any = i ? (struct cn_addr){{0}} :
					 cn_addr_v4(0, 0, 0, 0);

		err = cn_host_route_add(server->host, server->link, &any, 0);
		if (err)
			return fail("default route", err);
	}
	return 0;
}

static int listen_on(struct server *server, struct port *port, int family,
		     uint64_t now)
{
	struct cn_endpoint local = {{{0}}, port->number};
	struct cn_sock *sock;
	int err;

	if (family == 4)
		local.addr = cn_addr_v4(0, 0, 0, 0);
	err = cn_sock_new(server->host, family, &sock);
	if (err)
		return err;
	port->listener[family == 6] = sock;
	if (family == 6)
		err = cn_sock_set(sock, CN_OPT_V6ONLY, 1, now);
	if (!err)
		err = cn_sock_bind(sock, &local);
	if (!err)
		err = cn_sock_listen(sock, 4096, now);
	return err;
}

static int ports_open(struct server *server, uint64_t now)
{
	unsigned i;

	for (i = 0; i < server->set->port_n; i++) {
		struct port *port = &server->set->port[i];
		int err = listen_on(server, port, 4, now);

		if (!err)
			err = listen_on(server, port, 6, now);
		if (err) {
			fprintf(stderr,
				"catenet services: port %u: %s; give each "
				"service a port of its own\n",
				port->number, cn_err_text(err));
			return 125;
		}
	}
	return 0;
}

static int device_begin(struct server *server)
{
	const struct settings *set = server->set;
	char error[TUN_ERROR];
	struct netlink netlink;
	unsigned i;
	int err;

	err = tun_open(&server->tun, set->tun, set->no_offload ? TUN_PLAIN : 0,
		       error);
	if (err) {
		fprintf(stderr, "catenet services: %s\n", error);
		return 125;
	}
	err = netlink_open(&netlink);
	if (!err)
		err = netlink_up(&netlink, server->tun.name, set->mtu);
	for (i = 0; !err && i < set->via_n; i++)
		err = netlink_addr_add(&netlink, server->tun.name,
				       &set->via[i].addr, set->via[i].len);
	for (i = 0; !err && !set->via_n && i < set->addr_n; i++)
		err = netlink_route_add(&netlink, server->tun.name,
					&set->addr[i].addr, set->addr[i].len,
					NULL);
	if (err)
		fprintf(stderr, "catenet services: %s: %s\n", server->tun.name,
			netlink.error);
	netlink_close(&netlink);
	return err ? 125 : 0;
}

static int signals_begin(struct server *server)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	server->signal_watch =
		(struct loop_watch){signalled, server, fd, false};
	return loop_watch(server->loop, &server->signal_watch, EPOLLIN);
}

static void say_ready(const struct server *server)
{
	static const char *const name[] = {"echo", "discard", "chargen"};
	const struct settings *set = server->set;
	char text[CN_ADDR_TEXT];
	unsigned i;

	if (set->quiet)
		return;
	printf("%s up", server->tun.name);
	for (i = 0; i < set->addr_n; i++) {
		cn_addr_format(&set->addr[i].addr, text);
		printf(", %s", text);
	}
	for (i = 0; i < set->port_n; i++)
		printf(", %s %u", name[set->port[i].service],
		       set->port[i].number);
	printf("\n");
	fflush(stdout);
}

static int serve(struct settings *set)
{
	struct server *server = calloc(1, sizeof(*server));
	uint64_t now;
	int rc;

	if (!server)
		return fail("memory", CN_E_NOMEM);
	server->set = set;
	server->loop = loop_new();
	if (!server->loop)
		return fail("event loop", CN_E_NOMEM);
	now = loop_now(server->loop);
	rc = signals_begin(server) ? 125 : 0;
	if (!rc)
		rc = device_begin(server);
	if (!rc)
		rc = host_begin(server, now);
	if (!rc)
		rc = ports_open(server, now);
	if (rc)
		return rc;
	server->tun_watch =
		(struct loop_watch){tun_ready, server, server->tun.fd, false};
	server->timer.fire = time_passed;
	server->timer.ctx = server;
	server->timer.at = CN_NEVER;
	after_verbs(server, now);
	say_ready(server);
	while (!server->stop && loop_round(server->loop, CN_NEVER) == 0)
		;
	if (server->is_stuck)
		cn_frame_release(&server->stuck);
	cn_host_free(server->host);
	tun_close(&server->tun);
	cn_pool_free(server->pool);
	loop_free(server->loop);
	free(server);
	return 0;
}

/* ------------------------------------------------------------- options -- */

enum {
	OPT_TUN = 1000,
	OPT_ADDR,
	OPT_VIA,
	OPT_ECHO,
	OPT_DISCARD,
	OPT_CHARGEN,
	OPT_MTU,
	OPT_NO_OFFLOAD
};

static const struct argp_option options[] = {
	{"tun", OPT_TUN, "NAME", 0, "TUN device, made if it is not there", 0},
	{"addr", OPT_ADDR, "A/N", 0,
	 "an address of ours and its prefix; may be repeated", 0},
	{"via", OPT_VIA, "B", 0,
	 "the kernel's address on the device; may be repeated", 0},
	{"echo", OPT_ECHO, "PORT", 0, "RFC 862: sends back what it gets", 0},
	{"discard", OPT_DISCARD, "PORT", 0, "RFC 863: reads and forgets", 0},
	{"chargen", OPT_CHARGEN, "PORT", 0, "RFC 864: sends lines without end",
	 0},
	{"mtu", OPT_MTU, "N", 0, "of the device (1500)", 0},
	{"no-offload", OPT_NO_OFFLOAD, NULL, 0,
	 "no super-segments, every checksum by us", 0},
	{"quiet", 'q', NULL, 0, "say nothing on standard output", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static void read_prefix(struct argp_state *state, const char *option,
			const char *text, bool may_lack_len,
			struct prefix *prefix)
{
	char copy[64], *slash, *end;
	unsigned long len, most;

	snprintf(copy, sizeof(copy), "%s", text);
	slash = strchr(copy, '/');
	if (slash)
		*slash = 0;
	if (strlen(text) >= sizeof(copy) || !cn_addr_parse(copy, &prefix->addr))
		argp_error(state,
			   "--%s %s: not an address; write 10.9.0.2/24 "
			   "or fd00:9::2/64",
			   option, text);
	most = cn_addr_is_v4(&prefix->addr) ? 32 : 128;
	len = most == 32 ? 24 : 64;
	if (!slash && !may_lack_len)
		argp_error(state,
			   "--%s %s: the prefix length is missing; write "
			   "%s/%lu",
			   option, text, text, len);
	if (slash) {
		len = strtoul(slash + 1, &end, 10);
		if (*end || end == slash + 1 || len > most)
			argp_error(state,
				   "--%s %s: the prefix length is 0 to %lu",
				   option, text, most);
	}
	prefix->len = (unsigned)len;
}

static void add_port(struct argp_state *state, const char *option,
		     const char *text, enum service service)
{
	struct settings *set = state->input;
	uint64_t number = 0;
	const char *why = units_count(text, 1, 65535, &number);

	if (why)
		argp_error(state, "--%s %s: %s", option, text, why);
	if (set->port_n == PORTS_MAX)
		argp_error(state, "--%s: at most %u services", option,
			   PORTS_MAX);
	set->port[set->port_n].service = service;
	set->port[set->port_n].number = (uint16_t)number;
	set->port_n++;
}

static void check(struct argp_state *state)
{
	struct settings *set = state->input;
	unsigned i, k;

	if (!set->tun)
		argp_error(state, "--tun NAME is needed, as in --tun cat0");
	if (!set->addr_n)
		argp_error(state, "--addr A/N is needed, as in --addr "
				  "10.9.0.2/24");
	if (!set->port_n) {
		add_port(state, "echo", "7", ECHO);
		add_port(state, "discard", "9", DISCARD);
		add_port(state, "chargen", "19", CHARGEN);
	}
	/* --via without a length has that of our address of its family. */
	for (i = 0; i < set->via_n; i++)
		for (k = 0; k < set->addr_n; k++)
			if (cn_addr_is_v4(&set->via[i].addr) ==
			    cn_addr_is_v4(&set->addr[k].addr))
				set->via[i].len = set->addr[k].len;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *set = state->input;
	uint64_t number = 0;
	const char *why;

	switch (key) {
	case OPT_TUN:
		set->tun = arg;
		break;
	case OPT_ADDR:
		if (set->addr_n == ADDRS_MAX)
			argp_error(state, "--addr: at most %u", ADDRS_MAX);
		read_prefix(state, "addr", arg, false,
			    &set->addr[set->addr_n++]);
		break;
	case OPT_VIA:
		if (set->via_n == ADDRS_MAX)
			argp_error(state, "--via: at most %u", ADDRS_MAX);
		read_prefix(state, "via", arg, true, &set->via[set->via_n++]);
		break;
	case OPT_ECHO:
		add_port(state, "echo", arg, ECHO);
		break;
	case OPT_DISCARD:
		add_port(state, "discard", arg, DISCARD);
		break;
	case OPT_CHARGEN:
		add_port(state, "chargen", arg, CHARGEN);
		break;
	case OPT_MTU:
		why = units_count(arg, 576, 65535, &number);
		if (why)
			argp_error(state, "--mtu %s: %s", arg, why);
		set->mtu = (unsigned)number;
		break;
	case OPT_NO_OFFLOAD:
		set->no_offload = true;
		break;
	case 'q':
		set->quiet = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: no argument is expected here", arg);
		break;
	case ARGP_KEY_END:
		check(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int services_main(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse,
		NULL,
		"Echo, discard and chargen on catenet's TCP over a TUN "
		"device.\v"
		"Examples:\n"
		"  catenet services --tun cat0 --addr 10.9.0.2/24 "
		"--via 10.9.0.1\n"
		"  nc 10.9.0.2 7\n",
		NULL,
		NULL,
		NULL};
	struct settings set = {.mtu = 1500};

	argp_err_exit_status = 125;
	argp_parse(&argp, argc, argv, 0, NULL, &set);
	chargen_fill();
	return serve(&set);
}
