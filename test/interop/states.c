/* SPDX-License-Identifier: MIT */
/*
 * All eleven states of RFC 9293 with the Linux kernel as the peer: a host of
 * ours and sockets of the kernel's in one process, joined by a TUN device
 * whose frames the test lets through when it wants, so that both ends open
 * or close at once. Notes: rows 22, 27, 36, 38.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <catenet/catenet.h>

#include "link/heap.h"
#include "link/netlink.h"
#include "link/tun.h"

#define QUIET_MS 80 /* a delayed ACK of the kernel: 40 */

struct rig {
	struct cn_pool *pool;
	struct cn_host *host;
	struct tun tun;
	int link;
	unsigned seen; /* bit per enum cn_tcp_state */
	int family; /* 4 or 6 */
};

static int test_n, failed_n;

static void ok(bool good, const char *what, int family)
{
	printf("%sok %d - IPv%d: %s\n", good ? "" : "not ", ++test_n, family,
	       what);
	failed_n += !good;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CN_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void see(void *ctx, const struct cn_trace *trace)
{
	struct rig *rig = ctx;

	if (trace->kind == CN_TRACE_STATE)
		rig->seen |= 1u << trace->from | 1u << trace->to;
}

/* ------------------------------------------------------ moving frames -- */

static void let_out(struct rig *rig)
{
	struct cn_frame frame;

	while (cn_host_output(rig->host, rig->link, &frame, now_ns())) {
		if (tun_write(&rig->tun, &frame))
			fprintf(stderr, "tun_write failed\n");
		cn_frame_release(&frame);
	}
}

static bool let_in(struct rig *rig)
{
	struct cn_frame frame;
	bool any = false;

	while (tun_read(&rig->tun, rig->pool, &frame) == CN_OK) {
		cn_host_input(rig->host, rig->link, &frame, now_ns());
		cn_frame_release(&frame);
		any = true;
	}
	return any;
}

/* Both ways, until nothing has moved for a while. */
static void settle(struct rig *rig)
{
	struct pollfd poll_fd = {rig->tun.fd, POLLIN, 0};
	struct cn_event event;

	do {
		cn_host_advance(rig->host, now_ns());
		let_in(rig);
		while (cn_host_event(rig->host, &event))
			;
		let_out(rig);
	} while (poll(&poll_fd, 1, QUIET_MS) > 0);
	cn_host_advance(rig->host, now_ns());
	let_out(rig);
}

/* ----------------------------------------------------------- endpoints -- */

static struct cn_endpoint ours(const struct rig *rig, uint16_t port)
{
	struct cn_endpoint e = {cn_addr_v4(10, 9, 0, 2), port};

	if (rig->family == 6)
		cn_addr_parse("fd00:9::2", &e.addr);
	return e;
}

static struct cn_endpoint theirs(const struct rig *rig, uint16_t port)
{
	struct cn_endpoint e = {cn_addr_v4(10, 9, 0, 1), port};

	if (rig->family == 6)
		cn_addr_parse("fd00:9::1", &e.addr);
	return e;
}

static socklen_t kernel_addr(const struct cn_endpoint *e, int family,
			     struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	if (family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(e->port);
		memcpy(&v4->sin_addr, e->addr.octet + 12, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(e->port);
	memcpy(&v6->sin6_addr, e->addr.octet, 16);
	return sizeof(*v6);
}

static int kernel_socket(const struct rig *rig, uint16_t port)
{
	int fd = socket(rig->family == 4 ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct cn_endpoint e = theirs(rig, port);
	struct sockaddr_storage addr;
	socklen_t len = kernel_addr(&e, rig->family, &addr);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (port && bind(fd, (struct sockaddr *)&addr, len))
		perror("bind");
	return fd;
}

static void kernel_connect(const struct rig *rig, int fd, uint16_t port)
{
	struct cn_endpoint e = ours(rig, port);
	struct sockaddr_storage addr;
	socklen_t len = kernel_addr(&e, rig->family, &addr);

	if (connect(fd, (struct sockaddr *)&addr, len) && errno != EINPROGRESS)
		perror("connect");
}

static bool octets_pass(struct rig *rig, struct cn_sock *sock, int fd)
{
	char data[8] = "";

	if (cn_sock_send(sock, "to you", 6, 0, now_ns()) != 6)
		return false;
	settle(rig);
	if (recv(fd, data, sizeof(data), 0) != 6 || memcmp(data, "to you", 6))
		return false;
	if (send(fd, "to me", 5, 0) != 5)
		return false;
	settle(rig);
	return cn_sock_recv(sock, data, sizeof(data), 0, now_ns()) == 5 &&
	       !memcmp(data, "to me", 5);
}

static struct cn_sock *our_socket(struct rig *rig, uint16_t port)
{
	struct cn_endpoint e = ours(rig, port);
	struct cn_sock *sock;

	if (cn_sock_new(rig->host, rig->family, &sock) ||
	    (port && cn_sock_bind(sock, &e)))
		abort();
	return sock;
}

/* ----------------------------------------------------------- situations -- */

#define BIT(state) (1u << CN_##state)

static bool went_through(const struct rig *rig, unsigned states)
{
	return (rig->seen & states) == states;
}

static void passive_and_closed_by_the_kernel(struct rig *rig)
{
	struct cn_sock *listener = our_socket(rig, 1000), *sock = NULL;
	int fd = kernel_socket(rig, 0);

	rig->seen = 0;
	ok(!cn_sock_listen(listener, 5, now_ns()) &&
		   cn_sock_state(listener) == CN_LISTEN,
	   "LISTEN", rig->family);
	kernel_connect(rig, fd, 1000);
	settle(rig);
	ok(!cn_sock_accept(listener, &sock, now_ns()) &&
		   octets_pass(rig, sock, fd),
	   "passive open, octets both ways", rig->family);
	close(fd);
	settle(rig);
	ok(cn_sock_state(sock) == CN_CLOSE_WAIT, "CLOSE-WAIT", rig->family);
	cn_sock_close(sock, now_ns());
	settle(rig);
	ok(went_through(rig, BIT(SYN_RECEIVED) | BIT(ESTABLISHED) |
				     BIT(CLOSE_WAIT) | BIT(LAST_ACK) |
				     BIT(CLOSED)),
	   "SYN-RECEIVED, ESTABLISHED, CLOSE-WAIT, LAST-ACK, CLOSED",
	   rig->family);
	cn_sock_close(listener, now_ns());
}

static struct cn_sock *active_open(struct rig *rig, uint16_t port, int *fd)
{
	struct cn_endpoint peer = theirs(rig, port);
	struct cn_sock *sock = our_socket(rig, 0);
	int listener = kernel_socket(rig, port);

	listen(listener, 1);
	if (cn_sock_connect(sock, &peer, now_ns()) != CN_E_INPROGRESS)
		fprintf(stderr, "connect did not start\n");
	settle(rig);
	*fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	close(listener);
	return sock;
}

static void active_and_closed_by_us(struct rig *rig)
{
	struct cn_sock *sock;
	int fd;

	rig->seen = 0;
	sock = active_open(rig, 2000, &fd);
	ok(fd >= 0 && octets_pass(rig, sock, fd),
	   "active open, octets both ways", rig->family);
	cn_sock_shutdown(sock, CN_SHUT_WR, now_ns());
	settle(rig);
	ok(cn_sock_state(sock) == CN_FIN_WAIT_2, "FIN-WAIT-2", rig->family);
	close(fd);
	settle(rig);
	ok(went_through(rig, BIT(SYN_SENT) | BIT(ESTABLISHED) |
				     BIT(FIN_WAIT_1) | BIT(FIN_WAIT_2) |
				     BIT(TIME_WAIT)),
	   "SYN-SENT, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT",
	   rig->family);
	cn_sock_close(sock, now_ns());
}

static void closed_by_both_at_once(struct rig *rig)
{
	struct cn_sock *sock;
	int fd;

	rig->seen = 0;
	sock = active_open(rig, 3000, &fd);
	/* Our FIN is made before the kernel's is read, and the kernel's is
	 * sent before ours arrives there. */
	close(fd);
	cn_sock_close(sock, now_ns());
	let_out(rig);
	let_in(rig);
	ok(went_through(rig, BIT(FIN_WAIT_1) | BIT(CLOSING)),
	   "CLOSING, when both close at once", rig->family);
	settle(rig);
	ok(went_through(rig, BIT(TIME_WAIT)), "CLOSING to TIME-WAIT",
	   rig->family);
}

static void opened_by_both_at_once(struct rig *rig)
{
	struct cn_sock *sock = our_socket(rig, 4000);
	struct cn_endpoint peer = theirs(rig, 4001);
	int fd = kernel_socket(rig, 4001);

	rig->seen = 0;
	kernel_connect(rig, fd, 4000);
	if (cn_sock_connect(sock, &peer, now_ns()) != CN_E_INPROGRESS)
		fprintf(stderr, "connect did not start\n");
	let_out(rig);
	settle(rig);
	ok(went_through(rig,
			BIT(SYN_SENT) | BIT(SYN_RECEIVED) | BIT(ESTABLISHED)),
	   "SYN-SENT to SYN-RECEIVED, when both open at once", rig->family);
	ok(octets_pass(rig, sock, fd), "octets both ways after it",
	   rig->family);
	close(fd);
	cn_sock_close(sock, now_ns());
	settle(rig);
}

/* ------------------------------------------------------------- the rig -- */

static void skip(const char *why)
{
	printf("%s\n", why);
	exit(77);
}

static void rig_begin(struct rig *rig)
{
	static struct cn_trace_sink sink;
	struct cn_link_config link = {.name = "cat0",
				      .mtu = 1500,
				      .tx_csum = true,
				      .tx_super = 65000};
	struct cn_settings set;
	struct netlink netlink;
	char error[TUN_ERROR];
	struct cn_addr v6us, v6kernel;
	struct cn_addr v4us = cn_addr_v4(10, 9, 0, 2);
	struct cn_addr v4kernel = cn_addr_v4(10, 9, 0, 1);

	cn_addr_parse("fd00:9::2", &v6us);
	cn_addr_parse("fd00:9::1", &v6kernel);
	if (tun_open(&rig->tun, "cat0", 0, error))
		skip(error);
	if (netlink_open(&netlink) || netlink_up(&netlink, "cat0", 1500) ||
	    netlink_addr_add(&netlink, "cat0", &v4kernel, 24) ||
	    netlink_addr_add(&netlink, "cat0", &v6kernel, 64)) {
		fprintf(stderr, "%s\n", netlink.error);
		exit(1);
	}
	netlink_close(&netlink);
	sink.trace = see;
	sink.ctx = rig;
	rig->pool = cn_pool_new(&heap_memory);
	cn_settings_default(&set);
	set.pool = rig->pool;
	set.trace = &sink;
	set.seeded = getrandom(set.seed, sizeof(set.seed), 0) ==
		     (ssize_t)sizeof(set.seed);
	if (cn_host_new(&set, now_ns(), &rig->host) ||
	    cn_host_link_add(rig->host, &link, &rig->link) ||
	    cn_host_addr_add(rig->host, rig->link, &v4us, 24) ||
	    cn_host_addr_add(rig->host, rig->link, &v6us, 64))
		exit(1);
	/* Duplicate address detection: the kernel's IPv6 address is not to be
	 * used for its first second. */
	for (int i = 0; i < 300; i++) {
		int fd;

		rig->family = 6;
		fd = socket(AF_INET6, SOCK_STREAM, 0);
		struct cn_endpoint e = theirs(rig, 0);
		struct sockaddr_storage addr;
		socklen_t len = kernel_addr(&e, 6, &addr);
		bool good = !bind(fd, (struct sockaddr *)&addr, len);

		close(fd);
		settle(rig);
		if (good)
			break;
	}
}

int main(void)
{
	static const int family[] = {4, 6};
	static struct rig rig;
	unsigned i;

	if (geteuid())
		skip("needs root, for a network namespace and a TUN device");
	if (access("/dev/net/tun", R_OK | W_OK))
		skip("there is no /dev/net/tun");
	if (unshare(CLONE_NEWNET))
		skip("no network namespace can be made here");
	rig_begin(&rig);
	for (i = 0; i < 2; i++) {
		rig.family = family[i];
		passive_and_closed_by_the_kernel(&rig);
		active_and_closed_by_us(&rig);
		closed_by_both_at_once(&rig);
		opened_by_both_at_once(&rig);
	}
	cn_host_free(rig.host);
	tun_close(&rig.tun);
	cn_pool_free(rig.pool);
	return failed_n ? 1 : 0;
}
