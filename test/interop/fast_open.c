/* SPDX-License-Identifier: MIT */
/*
 * Fast Open (RFC 7413) against the kernel over a TUN interface, both ways and
 * in both families: a first connection gets a cookie, the second has its octets
 * in the SYN, and a server that has forgotten its secret gets them again.
 *
 * Prints TAP; exit 77: cannot be run here, the last line says why.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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

#include "host/host.h"
#include "link/heap.h"
#include "link/netlink.h"
#include "link/tun.h"

/* The kernel's, whose header has flags of the same names as ours. */
#define TCP_INFO 11
#define TCP_FASTOPEN 23
#define TCPI_OPTIONS_AT 5 /* of struct tcp_info */
#define TCPI_OPT_SYN_DATA 32

#define DEVICE "fast0"
#define PORT 80
#define PATIENCE_NS (10 * CN_NS_PER_SEC)

struct rig {
	struct tun tun;
	struct cn_pool *pool;
	struct cn_host *host;
	int link;
	int family; /* 4, 6 */
};

static unsigned test_n;
static int failed;

static void result(bool ok, const char *what, int family)
{
	failed |= !ok;
	printf("%sok %u - IPv%d: %s\n", ok ? "" : "not ", ++test_n, family,
	       what);
	fflush(stdout);
}

static void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n%s\n", why, why);
	exit(77);
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CN_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* --------------------------------------------------------------- the rig -- */

static struct cn_addr addr_of(int family, unsigned last)
{
	struct cn_addr addr = {.octet = {0xfd, 0x96, [15] = (uint8_t)last}};

	return family == 4 ? cn_addr_v4(10, 96, 0, (uint8_t)last) : addr;
}

static socklen_t kernel_addr(int family, unsigned last,
			     struct sockaddr_storage *to)
{
	struct cn_addr addr = addr_of(family, last);
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(PORT);
		memcpy(&v4->sin_addr, addr.octet + 12, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(PORT);
	memcpy(&v6->sin6_addr, addr.octet, 16);
	return sizeof(*v6);
}

static void rig_output(struct rig *rig)
{
	struct cn_frame frame;

	while (cn_host_output(rig->host, rig->link, &frame, now_ns())) {
		must(!tun_write(&rig->tun, &frame), "tun_write");
		cn_frame_release(&frame);
	}
}

/* Frames from the kernel into the host; what the host says stays with it. */
static void rig_input(struct rig *rig)
{
	struct cn_frame frame;

	while (!tun_read(&rig->tun, rig->pool, &frame)) {
		cn_host_input(rig->host, rig->link, &frame, now_ns());
		cn_frame_release(&frame);
	}
}

static void rig_step(struct rig *rig)
{
	struct pollfd poll_fd = {rig->tun.fd, POLLIN, 0};

	rig_output(rig);
	(void)poll(&poll_fd, 1, 5);
	rig_input(rig);
	cn_host_advance(rig->host, now_ns());
	rig_output(rig);
}

static struct cn_sock *rig_accept(struct rig *rig, struct cn_sock *listener)
{
	uint64_t until = now_ns() + PATIENCE_NS;
	struct cn_sock *sock = NULL;

	while (cn_sock_accept(listener, &sock, now_ns()) && now_ns() < until)
		rig_step(rig);
	return sock;
}

/* The text, from our socket or the kernel's. */
static bool reads(struct rig *rig, struct cn_sock *sock, int fd,
		  const char *want)
{
	uint64_t until = now_ns() + PATIENCE_NS;
	size_t have = 0, len = strlen(want);
	char got[64];

	while (have < len && now_ns() < until) {
		int64_t n = sock ? cn_sock_recv(sock, got + have,
						sizeof(got) - have, 0,
						now_ns()) :
				   recv(fd, got + have, sizeof(got) - have,
					MSG_DONTWAIT);

		if (n > 0)
			have += (size_t)n;
		else if (n == 0)
			break;
		else
			rig_step(rig);
	}
	return have == len && !memcmp(got, want, len);
}

static bool syn_data(int fd)
{
	uint8_t info[128] = {0};
	socklen_t len = sizeof(info);

	return !getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) &&
	       info[TCPI_OPTIONS_AT] & TCPI_OPT_SYN_DATA;
}

/* ------------------------------------------------- the kernel calls us -- */

/* What sendto() said comes back in *sent. */
static int kernel_sends(struct rig *rig, const char *text, ssize_t *sent)
{
	struct sockaddr_storage to;
	socklen_t len = kernel_addr(rig->family, 2, &to);
	int fd = socket(rig->family == 4 ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_NONBLOCK, 0);

	must(fd >= 0, "socket");
	*sent = sendto(fd, text, strlen(text), MSG_FASTOPEN,
		       (struct sockaddr *)&to, len);
	if (*sent < 0)
		*sent = -errno;
	return fd;
}

static struct cn_sock *our_listener(struct rig *rig)
{
	struct cn_endpoint here = {.port = PORT};
	struct cn_sock *listener;

	here.addr = rig->family == 4 ? cn_addr_v4(0, 0, 0, 0) : here.addr;
	must(!cn_sock_new(rig->host, rig->family, &listener) &&
		     !cn_sock_set(listener, CN_OPT_REUSEADDR, 1, now_ns()) &&
		     !cn_sock_bind(listener, &here) &&
		     !cn_sock_listen(listener, 8, now_ns()) &&
		     !cn_sock_set(listener, CN_OPT_FASTOPEN, 8, now_ns()),
	     "listener");
	return listener;
}

static void connected(int fd)
{
	struct pollfd poll_fd = {fd, POLLOUT, 0};

	(void)poll(&poll_fd, 1, 0);
}

static void kernel_calls(struct rig *rig)
{
	struct cn_sock *listener = our_listener(rig), *server;
	ssize_t sent;
	int fd = kernel_sends(rig, "first", &sent);

	server = rig_accept(rig, listener);
	connected(fd);
	result(sent == -EINPROGRESS && server,
	       "the kernel's first connection asks for a cookie", rig->family);
	close(fd);
	rig_step(rig);
	cn_sock_close(server, now_ns());
	rig_step(rig);

	fd = kernel_sends(rig, "second", &sent);
	rig_input(rig);
	server = rig_accept(rig, listener);
	result(sent == 6 && server &&
		       cn_sock_state(server) == CN_SYN_RECEIVED &&
		       reads(rig, server, -1, "second"),
	       "its second is read before anything was answered", rig->family);
	must(server && cn_sock_send(server, "answer", 6, 0, now_ns()) == 6,
	     "answer");
	result(reads(rig, NULL, fd, "answer") && syn_data(fd),
	       "it takes the answer, and knows that its SYN's data arrived",
	       rig->family);
	close(fd);
	cn_sock_close(server, now_ns());
	rig_step(rig);

	/* The server forgets. */
	rig->host->fast.secret[0].k0 ^= 1;
	fd = kernel_sends(rig, "third", &sent);
	rig_input(rig);
	server = NULL;
	result(sent == 5 && cn_sock_accept(listener, &server, now_ns()),
	       "an old cookie opens nothing", rig->family);
	server = rig_accept(rig, listener);
	result(server && reads(rig, server, -1, "third") && !syn_data(fd),
	       "it sends the octets again", rig->family);
	close(fd);
	cn_sock_abort(server, now_ns());
	cn_sock_close(listener, now_ns());
	rig_step(rig);
}

/* ------------------------------------------------- we call the kernel -- */

static int kernel_listener(const struct rig *rig)
{
	struct sockaddr_storage here;
	socklen_t len = kernel_addr(rig->family, 1, &here);
	int fd = socket(rig->family == 4 ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_NONBLOCK, 0);
	int one = 1, queue = 8;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(!bind(fd, (struct sockaddr *)&here, len) && !listen(fd, 8) &&
		     !setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue,
				 sizeof(queue)),
	     "kernel listener");
	return fd;
}

static int kernel_accept(struct rig *rig, int listener)
{
	uint64_t until = now_ns() + PATIENCE_NS;
	int fd;

	while ((fd = accept(listener, NULL, NULL)) < 0 && now_ns() < until)
		rig_step(rig);
	return fd;
}

/* What the kernel has without anything being read of it. */
static int kernel_accept_now(int listener)
{
	struct pollfd poll_fd = {listener, POLLIN, 0};

	(void)poll(&poll_fd, 1, PATIENCE_NS / CN_NS_PER_MS);
	return accept(listener, NULL, NULL);
}

static struct cn_sock *we_send(struct rig *rig, const char *text, int64_t *sent)
{
	struct cn_endpoint to = {addr_of(rig->family, 1), PORT};
	struct cn_sock *sock;

	must(!cn_sock_new(rig->host, rig->family, &sock), "cn_sock_new");
	*sent = cn_sock_connect_send(sock, &to, text, strlen(text), now_ns());
	return sock;
}

static void new_key(int family)
{
	FILE *file = fopen("/proc/sys/net/ipv4/tcp_fastopen_key", "w");

	must(file && fprintf(file, "0102030%d-05060708-090a0b0c-0d0e0f10\n",
			     family) > 0,
	     "tcp_fastopen_key");
	must(!fclose(file), "tcp_fastopen_key");
}

static void end_both(struct rig *rig, struct cn_sock *sock, int fd)
{
	cn_sock_close(sock, now_ns());
	rig_step(rig);
	close(fd);
	rig_step(rig);
}

static void we_call(struct rig *rig)
{
	int listener = kernel_listener(rig), fd;
	struct cn_sock *client;
	struct cn_tcp_info info;
	int64_t sent;

	client = we_send(rig, "first", &sent);
	fd = kernel_accept(rig, listener);
	result(sent == CN_E_INPROGRESS && fd >= 0 &&
		       rig->host->fast.peers.n > 0,
	       "the kernel gives us a cookie", rig->family);
	end_both(rig, client, fd);

	client = we_send(rig, "second", &sent);
	rig_output(rig);
	/* The kernel has our SYN, and we have read nothing of it. */
	fd = kernel_accept_now(listener);
	result(sent == 6 && fd >= 0 && reads(rig, NULL, fd, "second") &&
		       syn_data(fd),
	       "it reads the octets of our SYN", rig->family);
	must(fd >= 0 && write(fd, "answer", 6) == 6, "write");
	result(reads(rig, client, -1, "answer") &&
		       !cn_sock_info(client, &info) && info.has_syn_data,
	       "we take its answer, and know that they arrived", rig->family);
	end_both(rig, client, fd);

	new_key(rig->family);
	client = we_send(rig, "third", &sent);
	rig_output(rig);
	fd = accept(listener, NULL, NULL);
	result(sent == 5 && fd < 0, "with a new secret it takes none",
	       rig->family);
	fd = kernel_accept(rig, listener);
	result(fd >= 0 && reads(rig, NULL, fd, "third") &&
		       !cn_sock_info(client, &info) && !info.has_syn_data,
	       "we send them again", rig->family);
	end_both(rig, client, fd);

	client = we_send(rig, "fourth", &sent);
	rig_output(rig);
	fd = kernel_accept_now(listener);
	result(sent == 6 && fd >= 0, "the new cookie is good", rig->family);
	if (fd >= 0)
		end_both(rig, client, fd);
	close(listener);
}

/* ------------------------------------------------------------------- main -- */

static void rig_begin(struct rig *rig)
{
	struct cn_link_config link = {.name = DEVICE,
				      .mtu = 1500,
				      .tx_csum = true,
				      .tx_super = 65160};
	struct cn_settings set;
	struct netlink netlink;
	char error[TUN_ERROR];
	FILE *file;

	if (tun_open(&rig->tun, DEVICE, 0, error))
		skip_all(error);
	must(!netlink_open(&netlink) && !netlink_up(&netlink, DEVICE, 1500),
	     "netlink");
	rig->pool = cn_pool_new(&heap_memory);
	cn_settings_default(&set);
	set.pool = rig->pool;
	set.seeded = getrandom(set.seed, sizeof(set.seed), 0) ==
		     (ssize_t)sizeof(set.seed);
	must(!cn_host_new(&set, now_ns(), &rig->host) &&
		     !cn_host_link_add(rig->host, &link, &rig->link),
	     "host");
	for (int family = 4; family <= 6; family += 2) {
		struct cn_addr us = addr_of(family, 2), it = addr_of(family, 1);
		unsigned bits = family == 4 ? 24 : 64;

		must(!netlink_addr_add(&netlink, DEVICE, &it, bits) &&
			     !cn_host_addr_add(rig->host, rig->link, &us, bits),
		     netlink.error);
	}
	netlink_close(&netlink);
	file = fopen("/proc/sys/net/ipv4/tcp_fastopen", "w");
	if (!file || fprintf(file, "3\n") < 0 || fclose(file))
		skip_all("net.ipv4.tcp_fastopen cannot be set here");
}

/* Duplicate address detection holds the kernel's address back at first. */
static void wait_for_addr(struct rig *rig)
{
	struct sockaddr_storage here;
	socklen_t len = kernel_addr(rig->family, 1, &here);
	int bad = 1;

	for (int i = 0; bad && i < 600; i++) {
		int fd = socket(rig->family == 4 ? AF_INET : AF_INET6,
				SOCK_STREAM, 0);

		bad = bind(fd, (struct sockaddr *)&here, len);
		close(fd);
		rig_step(rig);
	}
}

int main(void)
{
	static struct rig rig;

	if (geteuid())
		skip_all(
			"needs root, for a network namespace and a TUN device");
	if (access("/dev/net/tun", R_OK | W_OK))
		skip_all("there is no /dev/net/tun");
	if (unshare(CLONE_NEWNET))
		skip_all("no network namespace can be made here");
	rig_begin(&rig);
	for (rig.family = 4; rig.family <= 6; rig.family += 2) {
		wait_for_addr(&rig);
		kernel_calls(&rig);
		we_call(&rig);
	}
	cn_host_free(rig.host);
	tun_close(&rig.tun);
	cn_pool_free(rig.pool);
	printf("1..%u\n", test_n);
	return failed;
}
