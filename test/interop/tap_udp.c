/* SPDX-License-Identifier: MIT */
/*
 * Ethernet, ARP, neighbour discovery, UDP and ping against the kernel, over a
 * TAP interface in a network namespace of its own.  A child runs one catenet
 * host; the kernel's sockets here are its peers.
 *
 * Prints TAP; exit 77: cannot be run here, the last line says why.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <catenet/catenet.h>

#include "link/heap.h"
#include "link/netlink.h"
#include "link/tun.h"

#define KERNEL_4 "10.98.0.1"
#define OURS_4 "10.98.0.2"
#define KERNEL_6 "fd98::1"
#define OURS_6 "fd98::2"
#define GROUP_4 "239.98.1.2"
#define ECHO_PORT 7
#define CONTROL_PORT 9
#define CLOSED_PORT 4
#define KERNEL_PORT 5000
#define WAIT_MS 10000

static const uint8_t our_mac[CN_MAC_LEN] = {2, 0, 0x98, 0, 0, 2};
static unsigned test_n;
static int failed;

static void result(bool ok, const char *what, const char *how)
{
	failed |= !ok;
	printf("%sok %u - %s%s%s\n", ok ? "" : "not ", ++test_n, what,
	       *how ? " " : "", how);
}

static void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n%s\n", why, why);
	exit(77);
}

/* ------------------------------------------------------------- our host -- */

struct station {
	struct tun tun;
	struct cn_pool *pool;
	struct cn_host *host;
	struct cn_dgram *echo, *control, *asking;
	struct cn_endpoint asker; /* of the command under way */
	int link;
};

static uint64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CN_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static struct cn_addr address(const char *text)
{
	struct cn_addr addr;

	if (!cn_addr_parse(text, &addr))
		abort();
	return addr;
}

static void must(int err, const char *what)
{
	if (err >= 0)
		return;
	printf("# %s: %s\n", what, cn_err_text(err));
	exit(1);
}

static struct cn_dgram *service(struct station *station, uint16_t port)
{
	const struct cn_endpoint at = {.port = port};
	struct cn_dgram *dgram;

	must(cn_dgram_new(station->host, 6, CN_DGRAM_UDP, &dgram), "new");
	must(cn_dgram_bind(dgram, &at), "bind");
	return dgram;
}

static void station_start(struct station *station)
{
	struct cn_link_config config = {
		.name = "tap",
		.mtu = 1500,
		.tx_csum = true,
		.ethernet = true,
	};
	struct cn_addr a4 = address(OURS_4), a6 = address(OURS_6);
	struct cn_settings set;

	station->pool = cn_pool_new(&heap_memory);
	cn_settings_default(&set);
	set.seeded = true;
	memset(set.seed, 7, sizeof(set.seed));
	set.pool = station->pool;
	memcpy(config.mac, our_mac, CN_MAC_LEN);
	must(cn_host_new(&set, clock_now(), &station->host), "host");
	must(cn_host_link_add(station->host, &config, &station->link), "link");
	must(cn_host_addr_add(station->host, station->link, &a4, 24), "addr");
	must(cn_host_addr_add(station->host, station->link, &a6, 64), "addr");
	station->echo = service(station, ECHO_PORT);
	station->control = service(station, CONTROL_PORT);
}

static void answer(struct station *station, const char *text)
{
	must((int)cn_dgram_send(station->control, text, strlen(text),
				&station->asker, clock_now()),
	     "answer");
}

static struct cn_dgram *ask(struct station *station, char family,
			    enum cn_dgram_protocol protocol)
{
	must(cn_dgram_new(station->host, family == '6' ? 6 : 4, protocol,
			  &station->asking),
	     "new");
	return station->asking;
}

static void ping(struct station *station, char family, uint64_t now)
{
	struct cn_endpoint to = {address(family == '6' ? KERNEL_6 : KERNEL_4),
				 0};
	uint8_t request[64] = {family == '6' ? 128 : 8};

	must((int)cn_dgram_send(ask(station, family, CN_DGRAM_PING), request,
				sizeof(request), &to, now),
	     "ping");
}

static void refused(struct station *station, char family, uint64_t now)
{
	struct cn_endpoint to = {address(family == '6' ? KERNEL_6 : KERNEL_4),
				 CLOSED_PORT};
	struct cn_dgram *dgram = ask(station, family, CN_DGRAM_UDP);

	must(cn_dgram_connect(dgram, &to), "connect");
	must((int)cn_dgram_send(dgram, "x", 1, NULL, now), "send");
}

static void to_group(struct station *station, uint64_t now)
{
	struct cn_endpoint to = {address(GROUP_4), KERNEL_PORT};

	must((int)cn_dgram_send(ask(station, '4', CN_DGRAM_UDP), "group", 5,
				&to, now),
	     "group");
}

/* "p4": ping over IPv4; "r6": what a closed port of the kernel says; "m4": a
 * datagram to the group. */
static void obey(struct station *station, uint64_t now)
{
	struct cn_dgram_msg msg;
	char command[2] = {0};

	if (cn_dgram_recv(station->control, command, 2, 0, &msg) != 2)
		return;
	station->asker = msg.peer;
	if (command[0] == 'p')
		ping(station, command[1], now);
	else if (command[0] == 'r')
		refused(station, command[1], now);
	else
		to_group(station, now);
}

static void hear(struct station *station)
{
	uint8_t reply[64];
	int64_t n =
		cn_dgram_recv(station->asking, reply, sizeof(reply), 0, NULL);

	if (n == CN_E_AGAIN)
		return;
	answer(station, n > 0 ? "reply" : cn_err_name((int)n));
	cn_dgram_close(station->asking);
	station->asking = NULL;
}

static void serve(struct station *station, uint64_t now)
{
	static uint8_t octet[65536];
	struct cn_dgram_msg msg;
	struct cn_event event;
	int64_t n;

	while (cn_host_event(station->host, &event))
		;
	while ((n = cn_dgram_recv(station->echo, octet, sizeof(octet), 0,
				  &msg)) >= 0)
		(void)cn_dgram_send(station->echo, octet, (size_t)n, &msg.peer,
				    now);
	obey(station, now);
	if (station->asking)
		hear(station);
}

static void output(struct station *station, uint64_t now)
{
	struct cn_frame frame;

	while (cn_host_output(station->host, station->link, &frame, now)) {
		if (tun_write(&station->tun, &frame) != CN_OK)
			printf("# a frame was not taken\n");
		cn_frame_release(&frame);
	}
}

static void input(struct station *station, uint64_t now)
{
	struct cn_frame frame;

	while (tun_read(&station->tun, station->pool, &frame) == CN_OK) {
		cn_host_input(station->host, station->link, &frame, now);
		cn_frame_release(&frame);
	}
}

/* Until it is killed. */
static void station_run(struct station *station)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	station_start(station);
	for (;;) {
		struct pollfd fd = {.fd = station->tun.fd, .events = POLLIN};
		uint64_t now = clock_now(), at;

		cn_host_advance(station->host, now);
		serve(station, now);
		output(station, now);
		at = cn_host_deadline(station->host);
		at = at > now ? (at - now) / CN_NS_PER_MS + 1 : 0;
		poll(&fd, 1, at < 1000 ? (int)at : 1000);
		input(station, clock_now());
	}
}

/* ---------------------------------------------------------- kernel's side -- */

static struct sockaddr_in6 at6(const char *text, uint16_t port)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6,
				  .sin6_port = htons(port)};

	inet_pton(AF_INET6, text, &at.sin6_addr);
	return at;
}

/* IPv4 as mapped, so that one function serves both. */
static struct sockaddr_in6 ours(char family, uint16_t port)
{
	return at6(family == '6' ? OURS_6 : "::ffff:" OURS_4, port);
}

static int udp(char family, uint16_t port)
{
	struct sockaddr_in6 to = ours(family, port);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, WAIT_MS) == 1;
}

static bool echoes(int fd, size_t len)
{
	static uint8_t out[65536], in[65536];

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(i * 31 + len);
	if (send(fd, out, len, 0) != (ssize_t)len || !readable(fd))
		return false;
	return recv(fd, in, sizeof(in), 0) == (ssize_t)len &&
	       memcmp(in, out, len) == 0;
}

static void echo_every_size(char family)
{
	static const size_t len[] = {1,	   2,	 100,  1432,  1452,  1453,
				     1472, 1473, 4000, 20000, 65000, 65507};
	int fd = udp(family, ECHO_PORT), buf = 1 << 20;
	char what[64], how[32] = "";
	bool ok = fd >= 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buf, sizeof(buf));
	for (size_t i = 0; ok && i < sizeof(len) / sizeof(len[0]); i++) {
		ok = echoes(fd, len[i]);
		if (!ok)
			snprintf(how, sizeof(how), "at %zu octets", len[i]);
	}
	if (ok && family == '6') {
		ok = echoes(fd, 65527);
		if (!ok)
			snprintf(how, sizeof(how), "at 65527 octets");
	}
	snprintf(what, sizeof(what), "UDP echo over IPv%c, 1 to 655xx octets",
		 family);
	result(ok, what, how);
	close(fd);
}

static void refuses(char family)
{
	int fd = udp(family, CLOSED_PORT);
	char what[64], octet;
	bool ok;

	ok = send(fd, "x", 1, 0) == 1 && readable(fd) &&
	     recv(fd, &octet, 1, 0) < 0 && errno == ECONNREFUSED;
	snprintf(what, sizeof(what),
		 "the kernel learns of a closed port, IPv%c", family);
	result(ok, what, "");
	close(fd);
}

static uint16_t sum16(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The kernel asks, catenet answers; raw sockets, since ping's are often
 * forbidden. */
static void kernel_pings(char family)
{
	bool v6 = family == '6';
	int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_RAW,
			v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	uint8_t request[64] = {v6 ? 128 : 8, [5] = 1, [7] = 2}, reply[2048];
	struct sockaddr_in6 to6 = at6(OURS_6, 0);
	struct sockaddr_in to4 = {.sin_family = AF_INET};
	bool ok = false;
	char what[64];

	inet_pton(AF_INET, OURS_4, &to4.sin_addr);
	if (!v6) {
		uint16_t sum = sum16(request, sizeof(request));

		request[2] = (uint8_t)(sum >> 8);
		request[3] = (uint8_t)sum;
	}
	sendto(fd, request, sizeof(request), 0,
	       v6 ? (struct sockaddr *)&to6 : (struct sockaddr *)&to4,
	       v6 ? sizeof(to6) : sizeof(to4));
	while (!ok && readable(fd)) {
		ssize_t n = recv(fd, reply, sizeof(reply), 0);
		size_t skip = v6 ? 0 : 20;

		ok = n == (ssize_t)(sizeof(request) + skip) &&
		     reply[skip] == (v6 ? 129 : 0);
	}
	snprintf(what, sizeof(what), "the kernel pings, IPv%c", family);
	result(ok, what, "");
	close(fd);
}

/* Has the host do something, and hears how it went. */
static void command(const char *text, const char *want, const char *what)
{
	int fd = udp('4', CONTROL_PORT);
	char got[64] = "";

	if (send(fd, text, 2, 0) == 2 && readable(fd))
		recv(fd, got, sizeof(got) - 1, 0);
	result(strcmp(got, want) == 0, what, got);
	close(fd);
}

static void hears_group(const char *interface)
{
	struct ip_mreqn mreq = {.imr_ifindex = (int)if_nametoindex(interface)};
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(KERNEL_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int control = udp('4', CONTROL_PORT);
	char got[8] = "";

	inet_pton(AF_INET, GROUP_4, &mreq.imr_multiaddr);
	setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq));
	bind(fd, (struct sockaddr *)&at, sizeof(at));
	if (send(control, "m4", 2, 0) == 2 && readable(fd))
		recv(fd, got, sizeof(got) - 1, 0);
	result(strcmp(got, "group") == 0, "the kernel hears a group", got);
	close(fd);
	close(control);
}

static void kernel_knows_our_address(void)
{
	char line[256];
	bool ok = false;
	FILE *file = fopen("/proc/net/arp", "r");

	while (file && fgets(line, sizeof(line), file))
		ok |= strstr(line, OURS_4) && strstr(line, "02:00:98:00:00:02");
	if (file)
		fclose(file);
	result(ok, "the kernel has our address by ARP", "");
}

/* ---------------------------------------------------------------- set-up -- */

static void enter_namespace(void)
{
	if (access("/dev/net/tun", F_OK) < 0)
		skip_all("no /dev/net/tun");
	if (geteuid() == 0 ? unshare(CLONE_NEWNET) :
			     unshare(CLONE_NEWUSER | CLONE_NEWNET))
		skip_all("no network namespace of our own: not root");
	if (access("/dev/net/tun", R_OK | W_OK) < 0)
		skip_all("no permission to open /dev/net/tun: not root");
}

/* The kernel's own address is ready at once. */
static void no_dad(const char *interface)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_dad",
		 interface);
	fd = open(path, O_WRONLY);
	if (fd >= 0 && write(fd, "0", 1) != 1)
		printf("# %s is not writable\n", path);
	if (fd >= 0)
		close(fd);
}

static bool set_up(const char *interface)
{
	struct cn_addr a4 = address(KERNEL_4), a6 = address(KERNEL_6);
	struct netlink netlink;
	int rc = netlink_open(&netlink);

	no_dad(interface);
	if (!rc)
		rc = netlink_addr_add(&netlink, interface, &a4, 24);
	if (!rc)
		rc = netlink_addr_add(&netlink, interface, &a6, 64);
	if (!rc)
		rc = netlink_up(&netlink, interface, 1500);
	if (rc)
		printf("# %s\n", netlink.error);
	netlink_close(&netlink);
	return rc == 0;
}

int main(void)
{
	struct station station = {0};
	char error[TUN_ERROR] = "";
	pid_t child;

	setvbuf(stdout, NULL, _IOLBF, 0);
	enter_namespace();
	if (tun_open(&station.tun, "cntap%d", TUN_ETHERNET, error)) {
		printf("# %s\n", error);
		return 1;
	}
	if (!set_up(station.tun.name))
		return 1;
	child = fork();
	if (child == 0)
		station_run(&station);
	for (const char *family = "46"; *family; family++) {
		const char command_ping[3] = {'p', *family, 0};
		const char command_refused[3] = {'r', *family, 0};

		kernel_pings(*family);
		echo_every_size(*family);
		refuses(*family);
		command(command_ping, "reply", "catenet pings the kernel");
		command(command_refused, "CONNREFUSED",
			"catenet learns of the kernel's closed port");
	}
	kernel_knows_our_address();
	hears_group(station.tun.name);
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	tun_close(&station.tun);
	printf("1..%u\n", test_n);
	return failed;
}
