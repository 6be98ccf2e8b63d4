/* SPDX-License-Identifier: MIT */
/* The kernel is attacked: the flood is written into the TUN interface, the
 * honest are catenet's sockets. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flood.h"

static void be_kernel_server(int report)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_port = htons(PORT)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	static struct pollfd poll_fd[HONEST_MAX];
	unsigned n = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(!bind(listener, (struct sockaddr *)&here, sizeof(here)) &&
		     !listen(listener, BACKLOG),
	     "kernel listen");
	poll_fd[0] = (struct pollfd){listener, POLLIN, 0};
	must(write(report, "r", 1) == 1, "report");
	for (;;) {
		(void)poll(poll_fd, n, -1);
		for (unsigned i = n; i-- > 1;) {
			char octet[64];
			ssize_t got;

			if (!poll_fd[i].revents)
				continue;
			got = read(poll_fd[i].fd, octet, sizeof(octet));
			if (got > 0 &&
			    write(poll_fd[i].fd, octet, (size_t)got) == got)
				continue;
			close(poll_fd[i].fd);
			poll_fd[i] = poll_fd[--n];
		}
		if (poll_fd[0].revents && n < HONEST_MAX)
			poll_fd[n++] = (struct pollfd){
				accept(listener, NULL, NULL), POLLIN, 0};
	}
}

struct our_client {
	uint64_t at;
	bool asked;
};

static struct our_client our_client[HONEST_MAX];

static void our_events(struct cn_host *host, struct honest *honest,
		       uint64_t now)
{
	struct cn_event event;
	char octet = 'x';

	while (cn_host_event(host, &event)) {
		struct our_client *c = event.tag;
		int64_t n;

		if (event.kind != CN_EVENT_READY || !c)
			continue;
		if (!c->asked && cn_sock_state(event.sock) == CN_ESTABLISHED)
			c->asked = cn_sock_send(event.sock, &octet, 1, 0,
						now) == 1;
		n = cn_sock_recv(event.sock, &octet, 1, 0, now);
		if (n == CN_E_AGAIN)
			continue;
		if (n == 1)
			honest_done(honest, now - c->at);
		else
			honest->failed++;
		cn_sock_set_tag(event.sock, NULL);
		cn_sock_abort(event.sock, now);
	}
}

/* What the kernel sends: to us, or to the flood's addresses and so nowhere. */
static bool our_input(struct tun *tun, struct cn_pool *pool,
		      struct cn_host *host, int link)
{
	struct cn_frame frame;
	bool any = false;

	for (int i = 0; i < 64 && !tun_read(tun, pool, &frame); i++) {
		uint8_t to[20];

		any = true;
		if (cn_frame_copy(&frame, 0, to, 20) == 20 && to[16] == 10)
			cn_host_input(host, link, &frame, now_ns());
		cn_frame_release(&frame);
	}
	return any;
}

static void our_output(struct tun *tun, struct cn_host *host, int link)
{
	struct cn_frame frame;

	while (cn_host_output(host, link, &frame, now_ns())) {
		/* What the interface does not take is lost, as on a wire. */
		if (tun_write(tun, &frame))
			tun->dropped_n++;
		cn_frame_release(&frame);
	}
}

static void flood_frames(struct flood *flood, struct tun *tun,
			 struct cn_pool *pool, uint64_t now)
{
	const struct cn_addr victim = kernels();
	uint64_t due = flood_due(flood, now);
	unsigned n = due < 32 ? (unsigned)due : 32;

	for (unsigned i = 0; i < n; i++) {
		struct cn_buf *buf = cn_buf_new(pool, SYN_LEN);
		struct cn_frame frame = {.slice_n = 1};
		uint32_t len;

		must(buf != NULL, "buffer");
		len = (uint32_t)flood_syn(flood, &victim, buf->data);
		frame.slice[0] = (struct cn_slice){buf, buf->data, len};
		frame.payload_len = len;
		flood->refused += tun_write(tun, &frame) != 0;
		cn_frame_release(&frame);
	}
	flood->sent += n;
}

static void our_begin(struct cn_host *host, struct honest *honest, uint64_t now)
{
	struct cn_endpoint to = {kernels(), PORT};
	struct our_client *c = &our_client[honest->begun++];
	struct cn_sock *sock;
	int err;

	c->at = now;
	c->asked = false;
	must(!cn_sock_new(host, 4, &sock), "cn_sock_new");
	cn_sock_set_tag(sock, c);
	err = cn_sock_connect(sock, &to, now);
	must(err == CN_E_INPROGRESS, cn_err_text(err));
}

void attack_kernel(struct tun *tun, const struct plan *plan)
{
	struct cn_pool *pool = pool_new();
	struct honest honest = {0};
	struct cn_host *host;
	struct flood flood;
	uint64_t now, end, next, before = tun_drops();
	int report[2], link;
	char ready;
	pid_t child;

	must(!pipe(report), "pipe");
	child = fork();
	must(child >= 0, "fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		be_kernel_server(report[1]);
	}
	must(read(report[0], &ready, 1) == 1, "kernel server");
	host = host_on(pool, &link);
	now = now_ns();
	end = now + plan->seconds * CN_NS_PER_SEC;
	next = now + HONEST_EVERY_NS;
	flood_init(&flood, plan, now);
	while (now < end || honest_wait(&honest)) {
		if (now < end)
			flood_frames(&flood, tun, pool, now);
		if (now < end && now >= next && honest.begun < HONEST_MAX) {
			our_begin(host, &honest, now);
			next += HONEST_EVERY_NS;
		}
		if (!our_input(tun, pool, host, link) &&
		    (now >= end || !flood_due(&flood, now_ns())))
			usleep(100);
		now = now_ns();
		cn_host_advance(host, now);
		our_events(host, &honest, now);
		our_output(tun, host, link);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* What it dropped are its own SYN-ACKs, on their way back. */
	honest_say("Linux", &honest, &flood, tun_drops() - before);
	cn_host_free(host);
	/* The next frame's buffer is the pool's. */
	cn_buf_unref(tun->super);
	tun->super = NULL;
	cn_pool_free(pool);
}
