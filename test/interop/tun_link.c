/* SPDX-License-Identifier: MIT */
/*
 * The TUN link against the kernel, in a network namespace of its own: set-up
 * by netlink, super-segments and partial checksums both ways, and both again
 * without the virtio header.  The other end of each connection is a few lines
 * of TCP here, so that the link is tested and nothing else.
 *
 * Prints TAP; exit 77: cannot be run here, the last line says why.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/heap.h"
#include "link/netlink.h"
#include "link/tun.h"
#include "wire/checksum.h"
#include "wire/glance.h"
#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/offload.h"
#include "wire/tcp_seg.h"

#define TOTAL 1000000u
#define KERNEL_4 "10.99.0.1"
#define OURS_4 "10.99.0.2"
#define KERNEL_6 "fd99::1"
#define OURS_6 "fd99::2"
#define WAIT_MS 20000

static unsigned test_n;
static int failed;

static void result(bool ok, const char *what, const char *how)
{
	failed |= !ok;
	printf("%sok %u - %s%s\n", ok ? "" : "not ", ++test_n, what, how);
}

static void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n%s\n", why, why);
	exit(77);
}

/* Our end of one connection. */
struct end {
	struct tun *tun;
	struct cn_pool *pool;
	struct cn_addr ours, kernel;
	struct tcp_ports ports;
	unsigned version;
	uint32_t snd_nxt, rcv_nxt;
	uint32_t first; /* sequence number of the kernel's first octet */
	uint32_t packets, supers, largest;
	bool bad; /* something was not as it must be */
};

static uint8_t octet_at(uint32_t n)
{
	return (uint8_t)(n * 2654435761u >> 23);
}

static bool wait_for(int fd, short events)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};

	return poll(&poll_fd, 1, WAIT_MS) == 1;
}

/* data_len octets of the pattern from position from. */
static void emit(struct end *end, uint8_t flags, uint32_t from,
		 uint32_t data_len, uint16_t seg_size)
{
	static uint8_t data[66000];
	struct cn_frame frame = {0};
	struct checksum sum = {0};
	struct tcp_seg seg = {0};
	struct ip_hdr ip = {0};
	size_t tcp_len;
	uint32_t i;

	seg.seq = end->snd_nxt;
	seg.ack = end->rcv_nxt;
	seg.flags = flags;
	seg.wnd = 65535;
	if (flags & TCP_SYN) {
		seg.options = TCP_OPT_MSS | TCP_OPT_WSCALE;
		seg.mss = 1400;
		seg.wscale = 7;
	}
	tcp_len = tcp_header_len(&seg);
	ip.version = (uint8_t)end->version;
	ip.src = end->ours;
	ip.dst = end->kernel;
	ip.protocol = IP_TCP;
	ip.ttl = 64;
	ip.df = true;
	ip.payload_len = (uint32_t)tcp_len + data_len;
	frame.csum_start = (uint16_t)ip_emit(frame.header, &ip);
	tcp_emit_header(frame.header + frame.csum_start, &end->ports, &seg);
	frame.header_len = (uint16_t)(frame.csum_start + tcp_len);
	checksum_add_pseudo(&sum, &ip.src, &ip.dst, IP_TCP, ip.payload_len);
	put16(frame.header + frame.csum_start + 16, checksum_fold(&sum));
	frame.csum = CN_CSUM_PARTIAL;
	frame.csum_offset = 16;
	frame.seg_size = seg_size;
	for (i = 0; i < data_len; i++)
		data[i] = octet_at(from + i);
	if (data_len) {
		frame.slice[0].data = data;
		frame.slice[0].len = data_len;
		frame.payload_len = data_len;
		frame.slice_n = 1;
	}
	if (tun_write(end->tun, &frame) != CN_OK)
		end->bad = true;
	end->snd_nxt += data_len + !!(flags & (TCP_SYN | TCP_FIN));
}

/* The whole packet, its checksum complete and verified. */
static bool verify(const struct cn_frame *frame, const struct glance *g)
{
	static uint8_t packet[70000];
	uint32_t len = cn_frame_copy(frame, 0, packet, sizeof(packet));
	struct cn_addr src = glance_src(g), dst = glance_dst(g);
	struct checksum sum = {0};

	if (offload_is_partial(frame))
		offload_complete_octets(frame, packet, len);
	checksum_add_pseudo(&sum, &src, &dst, IP_TCP, len - g->upper);
	checksum_add(&sum, packet + g->upper, len - g->upper);
	return checksum_finish(&sum) == 0;
}

static bool pattern_holds(const struct cn_frame *frame, const struct glance *g,
			  uint32_t from)
{
	static uint8_t data[70000];
	uint32_t i, n = cn_frame_copy(frame, g->data, data, sizeof(data));

	for (i = 0; i < n; i++)
		if (data[i] != octet_at(from + i))
			return false;
	return true;
}

/* The next segment of our connection; others are let go. */
static bool take(struct end *end, struct cn_frame *frame, struct glance *g)
{
	for (;;) {
		int err = tun_read(end->tun, end->pool, frame);

		if (err == CN_E_AGAIN)
			return false;
		if (err != CN_OK) {
			end->bad = true;
			return false;
		}
		glance_at(g, frame);
		if (glance_is_tcp(g) && g->version == end->version &&
		    g->dst_port == end->ports.src &&
		    (!end->ports.dst || g->src_port == end->ports.dst))
			return true;
		cn_frame_release(frame);
	}
}

static void count(struct end *end, const struct cn_frame *frame)
{
	uint32_t len = cn_frame_len(frame);

	end->packets++;
	end->supers += frame->seg_size > 0;
	if (len > end->largest)
		end->largest = len;
	/* A small packet holds no more than a small buffer. */
	if (len <= CN_BUF_SMALL &&
	    (frame->slice_n != 1 || frame->slice[0].buf->size != CN_BUF_SMALL))
		end->bad = true;
}

/* What the kernel sends until it pauses; acknowledges each.  Where this process
 * was not run for the kernel's retransmission timeout, octets come again. */
static void drain(struct end *end, uint32_t *got)
{
	struct cn_frame frame;
	struct glance g;

	while (take(end, &frame, &g)) {
		count(end, &frame);
		if (!verify(&frame, &g))
			end->bad = true;
		if (g.data_len) {
			uint32_t from = g.seq - end->first;
			uint32_t had = end->rcv_nxt - end->first;
			uint32_t has = from + g.data_len;

			if (from > had || !pattern_holds(&frame, &g, from))
				end->bad = true;
			else if (has > had) {
				end->rcv_nxt += has - had;
				*got += has - had;
			}
			emit(end, TCP_ACK, 0, 0, 0);
		}
		cn_frame_release(&frame);
	}
}

static int kernel_connect(const struct end *end)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
				   .sin6_port = htons(80)};
	int fd = socket(end->version == 4 ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	memcpy(&in.sin_addr, end->ours.octet + 12, 4);
	memcpy(&in6.sin6_addr, end->ours.octet, 16);
	if (end->version == 4)
		err = connect(fd, (struct sockaddr *)&in, sizeof(in));
	else
		err = connect(fd, (struct sockaddr *)&in6, sizeof(in6));
	if (err < 0 && errno != EINPROGRESS) {
		printf("# connect: %s\n", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static bool handshake(struct end *end, int fd)
{
	struct cn_frame frame;
	struct glance g;

	end->ports.src = 80;
	do /* the kernel has other things to say, too */
		if (!wait_for(end->tun->fd, POLLIN))
			return false;
	while (!take(end, &frame, &g));
	if (g.flags != TCP_SYN && g.flags != (TCP_SYN | TCP_ECE | TCP_CWR))
		end->bad = true;
	if (!verify(&frame, &g))
		end->bad = true;
	end->ports.dst = g.src_port;
	end->first = end->rcv_nxt = g.seq + 1;
	end->snd_nxt = 0xffff0000;
	cn_frame_release(&frame);
	emit(end, TCP_SYN | TCP_ACK, 0, 0, 0);
	return wait_for(fd, POLLOUT);
}

static bool kernel_sends(struct end *end, int fd)
{
	static uint8_t data[TOTAL];
	uint32_t sent = 0, got = 0, i;

	for (i = 0; i < TOTAL; i++)
		data[i] = octet_at(i);
	while (got < TOTAL && !end->bad) {
		ssize_t n = send(fd, data + sent, TOTAL - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (uint32_t)n;
		if (!wait_for(end->tun->fd, POLLIN))
			return false;
		drain(end, &got);
	}
	return got == TOTAL && !end->bad;
}

static bool kernel_receives(struct end *end, int fd)
{
	static uint8_t data[65536];
	uint32_t got = 0, none = 0;
	ssize_t i, n;

	while (got < TOTAL && !end->bad) {
		uint32_t len = TOTAL - got < 42000 ? TOTAL - got : 42000, more;

		emit(end, TCP_ACK | TCP_PSH, got, len, 1400);
		for (more = 0; more < len; more += (uint32_t)n) {
			if (!wait_for(fd, POLLIN))
				return false;
			n = recv(fd, data, sizeof(data), 0);
			if (n <= 0)
				return false;
			for (i = 0; i < n; i++)
				if (data[i] !=
				    octet_at(got + more + (uint32_t)i))
					return false;
		}
		got += len;
		drain(end, &none);
	}
	return got == TOTAL && !end->bad;
}

static void run_one(struct tun *tun, struct cn_pool *pool, unsigned version)
{
	struct end end = {.tun = tun, .pool = pool, .version = version};
	char how[80];
	int fd;

	if (!cn_addr_parse(version == 4 ? KERNEL_4 : KERNEL_6, &end.kernel) ||
	    !cn_addr_parse(version == 4 ? OURS_4 : OURS_6, &end.ours))
		abort();
	snprintf(how, sizeof(how), " (IPv%u, %s)", version,
		 tun->is_plain ? "plain" : "offload");
	fd = kernel_connect(&end);
	result(fd >= 0 && handshake(&end, fd), "the kernel connects", how);
	result(kernel_sends(&end, fd), "what the kernel sends arrives", how);
	printf("# %u frames, %u of them super-segments, largest %u octets\n",
	       end.packets, end.supers, end.largest);
	if (tun->is_plain)
		result(end.supers == 0 && end.largest <= 1500,
		       "packets are single", how);
	else
		result(end.supers > 0 && end.largest > 20000,
		       "super-segments come whole", how);
	result(kernel_receives(&end, fd), "what is sent reaches the kernel",
	       how);
	if (fd >= 0)
		close(fd);
	cn_buf_unref(tun->super);
	tun->super = NULL;
	result(cn_pool_in_use(pool) == 0, "no buffer is left behind", how);
}

static void set_up(struct netlink *netlink, const char *name)
{
	struct cn_addr v4, v6, net;
	bool ok = netlink_up(netlink, name, 1500) == 0;

	if (!cn_addr_parse(KERNEL_4, &v4) || !cn_addr_parse(KERNEL_6, &v6) ||
	    !cn_addr_parse("192.0.2.0", &net))
		abort();
	ok = ok && netlink_addr_add(netlink, name, &v4, 24) == 0 &&
	     netlink_addr_add(netlink, name, &v6, 64) == 0 &&
	     netlink_route_add(netlink, name, &net, 24, NULL) == 0;
	if (!ok)
		printf("# %s\n", netlink->error);
	result(ok, "interface is set up", "");
	result(netlink_addr_add(netlink, name, &v4, 24) == -EEXIST &&
		       strstr(netlink->error, "already there"),
	       "the same address again is an error", "");
	result(netlink_up(netlink, "nosuch0", 0) == -ENODEV &&
		       strstr(netlink->error, "no such interface"),
	       "an interface that is not there is named", "");
}

static void says(const char *name, unsigned flags, int want, const char *text)
{
	char error[TUN_ERROR] = "";
	struct tun tun;
	int err = tun_open(&tun, name, flags, error);
	bool ok = err == want && strstr(error, text);

	if (!ok)
		printf("# %d: %s\n", err, error);
	result(ok, "tun_open names the cure: ", text);
	if (!err)
		tun_close(&tun);
}

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

int main(void)
{
	struct cn_pool *pool = cn_pool_new(&heap_memory);
	struct netlink netlink;
	unsigned plain;

	if (!pool)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	enter_namespace();
	if (netlink_open(&netlink) < 0) {
		printf("# %s\n", netlink.error);
		return 1;
	}
	for (plain = 0; plain < 2; plain++) {
		char error[TUN_ERROR] = "";
		struct tun tun;

		if (tun_open(&tun, "cntun%d", plain ? TUN_PLAIN : 0, error)) {
			printf("# %s\n", error);
			result(false, "tun_open", "");
			break;
		}
		set_up(&netlink, tun.name);
		says(tun.name, 0, -EBUSY, "choose another name");
		run_one(&tun, pool, 4);
		run_one(&tun, pool, 6);
		tun_close(&tun);
	}
	says("a-name-of-sixteen", 0, -ENAMETOOLONG, "at most 15 characters");
	says("lo", 0, -EINVAL, "choose another name");
	netlink_close(&netlink);
	cn_pool_free(pool);
	printf("1..%u\n", test_n);
	return failed;
}
