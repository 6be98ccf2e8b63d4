/* SPDX-License-Identifier: MIT */
/* catenet is attacked: the flood comes out of a packet socket, the honest are
 * the kernel's sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flood.h"
#include "loop/pump.h"

/* ------------------------------------------------------------ the victim -- */

struct victim {
	struct pump pump;
	struct tun tun;
	struct cn_pool *pool;
	struct cn_host *host;
	struct cn_sock *listener;
};

/* What the child tells at its end. */
struct account {
	struct cn_counters count;
	uint64_t peak, in_use;
};

static void serve(struct victim *victim, struct cn_sock *sock, uint64_t now)
{
	char octet[64];
	int64_t n;

	while ((n = cn_sock_recv(sock, octet, sizeof(octet), 0, now)) > 0)
		(void)cn_sock_send(sock, octet, (size_t)n, 0, now);
	if (n != CN_E_AGAIN)
		cn_sock_close(sock, now);
	(void)victim;
}

static bool victim_events(void *ctx, uint64_t now)
{
	struct victim *victim = ctx;
	struct cn_sock *sock;
	struct cn_event event;
	bool any = false;

	while (cn_host_event(victim->host, &event)) {
		any = true;
		if (event.kind != CN_EVENT_READY)
			continue;
		if (event.sock != victim->listener) {
			serve(victim, event.sock, now);
			continue;
		}
		while (!cn_sock_accept(victim->listener, &sock, now))
			;
	}
	return any;
}

static volatile sig_atomic_t told_to_end;

static void on_term(int number)
{
	(void)number;
	told_to_end = 1;
}

/* A child: serves until it is told to end. */
static void be_victim(const struct tun *tun, int report)
{
	static struct victim victim;
	struct cn_endpoint here = {.addr = cn_addr_v4(0, 0, 0, 0),
				   .port = PORT};
	struct account account;
	size_t peak;

	signal(SIGTERM, on_term);
	victim.tun = *tun;
	victim.pool = pool_new();
	victim.host = host_on(victim.pool, &victim.pump.link);
	must(!cn_sock_new(victim.host, 4, &victim.listener) &&
		     !cn_sock_bind(victim.listener, &here) &&
		     !cn_sock_listen(victim.listener, BACKLOG, now_ns()),
	     "listen");
	victim.pump.loop = loop_new();
	victim.pump.host = victim.host;
	victim.pump.pool = victim.pool;
	victim.pump.tun = &victim.tun;
	victim.pump.events = victim_events;
	victim.pump.ctx = &victim;
	must(victim.pump.loop && !pump_begin(&victim.pump), "pump");
	must(write(report, "r", 1) == 1, "report");
	while (!told_to_end)
		(void)loop_round(victim.pump.loop,
				 loop_refresh(victim.pump.loop) +
					 100 * CN_NS_PER_MS);
	memset(&account, 0, sizeof(account));
	account.count = *cn_host_counters(victim.host);
	account.in_use = cn_host_memory(victim.host, &peak);
	account.peak = peak;
	must(write(report, &account, sizeof(account)) == sizeof(account),
	     "report");
	_exit(0);
}

struct kernel_client {
	int fd;
	uint64_t at;
	bool asked; /* an octet is on its way */
};

static struct kernel_client kernel_client[HONEST_MAX];

static bool kernel_begin(struct kernel_client *c, uint64_t now)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(PORT)};
	struct linger linger = {1, 0};

	inet_pton(AF_INET, "10.97.0.2", &to.sin_addr);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	c->at = now;
	c->asked = false;
	must(c->fd >= 0, "socket");
	/* No TIME-WAIT: there are many of them. */
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return !connect(c->fd, (struct sockaddr *)&to, sizeof(to)) ||
	       errno == EINPROGRESS;
}

static void kernel_end(struct kernel_client *c, struct honest *honest,
		       bool good, uint64_t now)
{
	close(c->fd);
	c->fd = -1;
	if (good)
		honest_done(honest, now - c->at);
	else
		honest->failed++;
}

/* One step of one client: connected, asked, answered. */
static void kernel_step(struct kernel_client *c, short events,
			struct honest *honest, uint64_t now)
{
	char octet = 'x';

	if (!c->asked && events & POLLOUT) {
		c->asked = write(c->fd, &octet, 1) == 1;
		if (!c->asked)
			kernel_end(c, honest, false, now);
	} else if (events & POLLIN) {
		kernel_end(c, honest, read(c->fd, &octet, 1) == 1, now);
	} else if (events & (POLLERR | POLLHUP) || now - c->at > GIVE_UP_NS) {
		kernel_end(c, honest, false, now);
	}
}

static void kernel_clients(struct honest *honest, uint64_t now)
{
	static struct pollfd poll_fd[HONEST_MAX];
	static unsigned which[HONEST_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < honest->begun; i++) {
		struct kernel_client *c = &kernel_client[i];

		if (c->fd < 0)
			continue;
		poll_fd[n].fd = c->fd;
		poll_fd[n].events = c->asked ? POLLIN : POLLOUT;
		which[n++] = i;
	}
	if (poll(poll_fd, n, 0) <= 0)
		return;
	for (unsigned i = 0; i < n; i++)
		if (poll_fd[i].revents)
			kernel_step(&kernel_client[which[i]],
				    poll_fd[i].revents, honest, now);
}

static int packet_socket(struct sockaddr_ll *to)
{
	int one = 1, fd = socket(AF_PACKET, SOCK_DGRAM, 0);

	must(fd >= 0, "packet socket");
	memset(to, 0, sizeof(*to));
	to->sll_family = AF_PACKET;
	to->sll_protocol = htons(ETH_P_IP);
	to->sll_ifindex = (int)if_nametoindex(DEVICE);
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	return fd;
}

/* SYNs into the interface, as many as are due, some at a time. */
static void flood_packets(struct flood *flood, int fd, struct sockaddr_ll *to,
			  uint64_t now)
{
	static uint8_t packet[32][SYN_LEN];
	static struct mmsghdr message[32];
	static struct iovec piece[32];
	const struct cn_addr victim = ours();
	uint64_t due = flood_due(flood, now);
	unsigned n = due < 32 ? (unsigned)due : 32;
	int sent;

	for (unsigned i = 0; i < n; i++) {
		piece[i].iov_base = packet[i];
		piece[i].iov_len = flood_syn(flood, &victim, packet[i]);
		message[i].msg_hdr.msg_name = to;
		message[i].msg_hdr.msg_namelen = sizeof(*to);
		message[i].msg_hdr.msg_iov = &piece[i];
		message[i].msg_hdr.msg_iovlen = 1;
	}
	sent = n ? sendmmsg(fd, message, n, 0) : 0;
	/* The interface's queue is full: so is a real one's. */
	flood->refused += sent < (int)n ? n - (unsigned)(sent < 0 ? 0 : sent) :
					  0;
	flood->sent += n;
}

static void judge(const struct account *account, unsigned honest_n)
{
	const struct cn_counters *count = &account->count;
	char text[200];

	printf("# catenet: %llu entries, %llu cookies sent, %llu came back, "
	       "%llu wrong; at most %llu octets\n",
	       (unsigned long long)count->tcp_syn_cached,
	       (unsigned long long)count->syncookies_sent,
	       (unsigned long long)count->syncookies_recv,
	       (unsigned long long)count->syncookies_failed,
	       (unsigned long long)account->peak);
	/* A full SYN queue, the replies of one link, what the honest hold. */
	snprintf(
		text, sizeof(text),
		"catenet: the flood costs no more memory than its queues (%llu "
		"octets)",
		(unsigned long long)account->peak);
	result(account->peak < (BACKLOG + 1 + 1024) * 64ull + 256 * 1024 +
				       honest_n * 8192ull,
	       text);
	result(count->tcp_syn_cached > BACKLOG && count->syncookies_sent > 0,
	       "catenet: its queue was full, and answered by cookies");
}

uint64_t attack_catenet(const struct tun *tun, const struct plan *plan)
{
	struct sockaddr_ll to;
	struct honest honest = {0};
	struct account account;
	struct flood flood;
	int report[2], fd = packet_socket(&to);
	uint64_t now, end, next, before, dropped;
	char ready;
	pid_t child;

	must(!pipe(report), "pipe");
	child = fork();
	must(child >= 0, "fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be_victim(tun, report[1]);
	}
	must(read(report[0], &ready, 1) == 1, "victim");
	before = tun_drops();
	now = now_ns();
	end = now + plan->seconds * CN_NS_PER_SEC;
	next = now + HONEST_EVERY_NS;
	flood_init(&flood, plan, now);
	while (now < end || honest_wait(&honest)) {
		if (now < end)
			flood_packets(&flood, fd, &to, now);
		if (now < end && now >= next && honest.begun < HONEST_MAX) {
			must(kernel_begin(&kernel_client[honest.begun], now),
			     "connect");
			honest.begun++;
			next += HONEST_EVERY_NS;
		}
		kernel_clients(&honest, now);
		if (!flood_due(&flood, now_ns()) || now >= end)
			usleep(200);
		now = now_ns();
	}
	kill(child, SIGTERM);
	must(read(report[0], &account, sizeof(account)) == sizeof(account),
	     "account");
	waitpid(child, NULL, 0);
	close(fd);
	dropped = tun_drops() - before + flood.refused;
	honest_say("catenet", &honest, &flood, dropped);
	if (!plan->is_trial)
		judge(&account, honest.begun);
	return dropped;
}
