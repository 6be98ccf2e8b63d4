/* SPDX-License-Identifier: MIT */
/*
 * Two stacks in one process, joined in memory, on a virtual clock: the walk
 * through the calls, and waits of minutes that take no time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include <catenet/posix.h>

#define S CN_NS_PER_SEC
#define MS CN_NS_PER_MS

struct lab {
	struct cn_stack *a, *b;
	int link[2];
};

static void open_lab(struct lab *lab, const struct cn_impair *impair)
{
	struct cn_join join = {
		.addr = {"10.0.0.1/24 fd00::1/64", "10.0.0.2/24 fd00::2/64"}};
	struct cn_stack_config config = {.virtual_clock = true};

	if (impair) {
		join.impair[0] = *impair;
		join.impair[1] = *impair;
	}
	assert_int_equal(cn_stack_new(&config, &lab->a), 0);
	config.with = lab->a;
	assert_int_equal(cn_stack_new(&config, &lab->b), 0);
	assert_int_equal(cn_stack_join(lab->a, lab->b, &join, lab->link), 0);
}

static void close_lab(struct lab *lab)
{
	cn_stack_free(lab->a);
	cn_stack_free(lab->b);
}

static struct sockaddr_in at(const char *host, int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, host, &in.sin_addr);
	return in;
}

static int dial(struct cn_stack *stack, const char *host, int port)
{
	struct sockaddr_in to = at(host, port);
	int fd = cn_socket(stack, AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= CN_FD_FIRST);
	if (cn_connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	cn_close(fd);
	return -1;
}

static int serve(struct cn_stack *stack, const char *host, int port)
{
	struct sockaddr_in to = at(host, port);
	int fd = cn_socket(stack, AF_INET, SOCK_STREAM, 0);

	if (cn_bind(fd, (struct sockaddr *)&to, sizeof(to))) {
		cn_close(fd);
		return -1;
	}
	assert_int_equal(cn_listen(fd, 8), 0);
	return fd;
}

static void make_pair(struct lab *lab, int fd[2])
{
	int lst = serve(lab->b, "10.0.0.2", 80);

	assert_true(lst >= 0);
	fd[0] = dial(lab->a, "10.0.0.2", 80);
	assert_true(fd[0] >= 0);
	fd[1] = cn_accept(lst, NULL, NULL);
	assert_true(fd[1] >= 0);
	cn_close(lst);
}

static double now_s(struct lab *lab)
{
	return (double)cn_stack_now(lab->a) / 1e9;
}

static void set_int(int fd, int level, int opt, int value)
{
	assert_int_equal(cn_setsockopt(fd, level, opt, &value, sizeof(value)),
			 0);
}

/* --------------------------------------------------------------- walk -- */

static void the_walk(void **state)
{
	struct sockaddr_in who;
	socklen_t len = sizeof(who);
	struct lab lab;
	char text[16] = "";
	int p[2];

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	assert_int_equal(cn_getpeername(p[1], (struct sockaddr *)&who, &len),
			 0);
	assert_int_equal(who.sin_addr.s_addr, inet_addr("10.0.0.1"));
	assert_int_equal(cn_send_all(p[0], "sixteen octets..", 16), 0);
	assert_int_equal(cn_recv_exact(p[1], text, 16), 16);
	assert_memory_equal(text, "sixteen octets..", 16);
	assert_int_equal(cn_shutdown(p[0], SHUT_WR), 0);
	assert_int_equal(cn_recv_exact(p[1], text, 16), 0);
	assert_int_equal(cn_close(p[0]), 0);
	assert_int_equal(cn_close(p[1]), 0);
	assert_int_equal(cn_close(p[1]), -1);
	assert_int_equal(errno, EBADF);
	close_lab(&lab);
}

/* The next of the error queue; when: by SCM_TIMESTAMPING, or NULL. */
static struct sock_extended_err next_notice(int fd, double *when)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct msghdr msg = {.msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct sock_extended_err ee = {0};

	assert_int_equal(cn_recvmsg(fd, &msg, MSG_ERRQUEUE), 0);
	assert_true(msg.msg_flags & MSG_ERRQUEUE);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c)) {
		struct scm_timestamping at;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR)
			memcpy(&ee, CMSG_DATA(c), sizeof(ee));
		if (c->cmsg_level != SOL_SOCKET || !when)
			continue;
		memcpy(&at, CMSG_DATA(c), sizeof(at));
		*when = (double)at.ts[0].tv_sec +
			(double)at.ts[0].tv_nsec / 1e9;
	}
	return ee;
}

/* MSG_ZEROCOPY: told when the peer has it all, and ranges joined. */
static void zero_copy_is_told_when_it_arrived(void **state)
{
	struct sock_extended_err ee;
	struct pollfd pfd = {.events = POLLOUT};
	struct msghdr none = {0};
	struct lab lab;
	char data[4000] = "";
	int p[2];

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	set_int(p[0], SOL_SOCKET, SO_ZEROCOPY, 1);
	assert_int_equal(cn_recvmsg(p[0], &none, MSG_ERRQUEUE), -1);
	assert_int_equal(errno, EAGAIN);
	for (int i = 0; i < 3; i++)
		assert_int_equal(cn_send(p[0], data, sizeof(data),
					 i == 1 ? 0 : MSG_ZEROCOPY),
				 sizeof(data));
	cn_stack_sleep(lab.a, CN_NS_PER_SEC);
	pfd.fd = p[0];
	assert_int_equal(cn_poll(&pfd, 1, 0), 1);
	assert_int_equal(pfd.revents, POLLOUT | POLLERR);
	ee = next_notice(p[0], NULL);
	assert_int_equal(ee.ee_errno, 0);
	assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	assert_int_equal(ee.ee_code, SO_EE_CODE_ZEROCOPY_COPIED);
	assert_int_equal(ee.ee_info, 0);
	assert_int_equal(ee.ee_data, 1);
	assert_int_equal(cn_poll(&pfd, 1, 0), 1);
	assert_int_equal(pfd.revents, POLLOUT);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* SO_TIMESTAMPING: scheduled and sent now, acknowledged a round trip later. */
static void stamps_of_what_was_sent(void **state)
{
	static const uint32_t kind[] = {SCM_TSTAMP_SCHED, SCM_TSTAMP_SND,
					SCM_TSTAMP_ACK};
	double before, when[3];
	struct lab lab;
	int p[2];

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING,
		SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE |
			SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE |
			SOF_TIMESTAMPING_OPT_ID);
	before = now_s(&lab);
	assert_int_equal(cn_send(p[0], "sixteen octets..", 16, 0), 16);
	cn_stack_sleep(lab.a, CN_NS_PER_SEC);
	for (unsigned i = 0; i < 3; i++) {
		struct sock_extended_err ee = next_notice(p[0], &when[i]);

		assert_int_equal(ee.ee_errno, ENOMSG);
		assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
		assert_int_equal(ee.ee_info, kind[i]);
		assert_int_equal(ee.ee_data, 15);
	}
	assert_true(when[0] == before && when[1] == before);
	assert_true(when[2] >= before && when[2] < before + 1);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* More than there is room for is no acknowledgement of what went before. */
static void a_stamp_waits_for_its_ack(void **state)
{
	static uint8_t many[8 << 20];
	struct cn_impair slow = {.delay_ns = 100 * MS};
	double before, when;
	struct lab lab;
	int p[2];

	(void)state;
	open_lab(&lab, &slow);
	make_pair(&lab, p);
	set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING,
		SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE |
			SOF_TIMESTAMPING_OPT_ID);
	before = now_s(&lab);
	assert_int_equal(cn_send(p[0], many, 16, 0), 16);
	assert_in_range(cn_send(p[0], many, sizeof(many), MSG_DONTWAIT), 1,
			sizeof(many) - 1);
	cn_stack_sleep(lab.a, S);
	assert_int_equal(next_notice(p[0], &when).ee_data, 15);
	assert_true(when > before + 0.199);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* Nobody reads the notices: they end somewhere, and zero copy says so. */
static void notices_that_nobody_reads(void **state)
{
	struct msghdr none = {0};
	struct lab lab;
	int p[2], sent = 0, told = 0;
	char octet;

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	set_int(p[0], SOL_SOCKET, SO_ZEROCOPY, 1);
	set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING,
		SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	while (sent < 100000 && cn_send(p[0], "a", 1, MSG_ZEROCOPY) == 1) {
		assert_int_equal(cn_recv(p[1], &octet, 1, 0), 1);
		sent++;
	}
	assert_int_equal(errno, ENOBUFS);
	assert_in_range(sent, 1000, 10000);
	assert_int_equal(cn_send(p[0], "a", 1, 0), 1);
	while (cn_recvmsg(p[0], &none, MSG_ERRQUEUE) == 0)
		told++;
	assert_in_range(told, sent, 2 * sent);
	assert_int_equal(cn_send(p[0], "a", 1, MSG_ZEROCOPY), 1);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* MSG_FASTOPEN and TCP_FASTOPEN_CONNECT: the first connection gets a cookie,
 * the next are read before their handshake is complete. */
static void fast_open_as_in_linux(void **state)
{
	static const char text[] = "sixteen octets..";
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct lab lab;
	char got[17];
	int lst;

	(void)state;
	open_lab(&lab, NULL);
	to.sin_addr.s_addr = inet_addr("10.0.0.2");
	lst = serve(lab.b, "10.0.0.2", 80);
	set_int(lst, IPPROTO_TCP, TCP_FASTOPEN, 5);
	for (unsigned i = 0; i < 3; i++) {
		int fd = cn_socket(lab.a, AF_INET, SOCK_STREAM, 0), server;
		struct tcp_info info;
		socklen_t len = sizeof(info);

		if (i == 2) {
			set_int(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
			assert_int_equal(cn_connect(fd, (struct sockaddr *)&to,
						    sizeof(to)),
					 0);
			assert_int_equal(cn_send(fd, text, 16, 0), 16);
		} else {
			assert_int_equal(cn_sendto(fd, text, 16, MSG_FASTOPEN,
						   (struct sockaddr *)&to,
						   sizeof(to)),
					 16);
		}
		server = cn_accept(lst, NULL, NULL);
		assert_true(server >= 0);
		assert_int_equal(cn_recv_exact(server, got, 16), 16);
		assert_memory_equal(got, text, 16);
		assert_int_equal(cn_send_all(server, "yes", 3), 0);
		assert_int_equal(cn_recv_exact(fd, got, 3), 3);
		assert_int_equal(cn_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info,
					       &len),
				 0);
		assert_int_equal(!!(info.tcpi_options & 32), i > 0);
		assert_int_equal(cn_sendto(fd, text, 16, MSG_FASTOPEN,
					   (struct sockaddr *)&to, sizeof(to)),
				 -1);
		assert_int_equal(errno, EISCONN);
		cn_close(fd);
		cn_close(server);
	}
	/* One that does not wait, and nobody there to give a cookie. */
	{
		int fd = cn_socket(lab.a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
				   0);

		to.sin_addr.s_addr = inet_addr("10.0.0.77");
		assert_int_equal(cn_sendto(fd, text, 16, MSG_FASTOPEN,
					   (struct sockaddr *)&to, sizeof(to)),
				 -1);
		assert_int_equal(errno, EINPROGRESS);
		assert_int_equal(cn_sendto(fd, text, 16, MSG_FASTOPEN,
					   (struct sockaddr *)&to, sizeof(to)),
				 -1);
		assert_int_equal(errno, EALREADY);
		assert_int_equal(cn_sendto(fd, text, 16, MSG_FASTOPEN, NULL, 0),
				 -1);
		assert_int_equal(errno, EINVAL);
		cn_close(fd);
	}
	cn_close(lst);
	close_lab(&lab);
}

/* The kernel's calls do not know our descriptors, nor ours the kernel's. */
static void descriptors_are_told_apart(void **state)
{
	struct lab lab;
	char octet;
	int p[2];

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	assert_int_equal(read(p[0], &octet, 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(cn_read(0, &octet, 1), -1);
	assert_int_equal(errno, EBADF);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* ---------------------------------------------------------------- time -- */

/* Notes: rows 51, 106. */
static void time_wait_ends_after_a_minute(void **state)
{
	struct lab lab;
	int p[2], lst;
	char octet;

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	cn_close(p[1]); /* the server first */
	assert_int_equal(cn_recv(p[0], &octet, 1, 0), 0);
	cn_close(p[0]);
	cn_stack_sleep(lab.a, 59 * S);
	assert_int_equal(serve(lab.b, "10.0.0.2", 80), -1);
	assert_int_equal(errno, EADDRINUSE);
	cn_stack_sleep(lab.a, 2 * S);
	lst = serve(lab.b, "10.0.0.2", 80);
	assert_true(lst >= 0);
	cn_close(lst);
	close_lab(&lab);
}

static void connect_to_nobody_gives_up(void **state)
{
	struct lab lab;
	double begun;

	(void)state;
	open_lab(&lab, NULL);
	begun = now_s(&lab);
	assert_int_equal(dial(lab.a, "10.0.0.77", 80), -1);
	assert_int_equal(errno, ETIMEDOUT);
	/* 1 + 2 + 4 + 8 + 16 + 32 + 64 */
	assert_int_equal((int)(now_s(&lab) - begun), 127);
	assert_int_equal(dial(lab.a, "10.0.0.2", 80), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(dial(lab.a, "192.0.2.1", 80), -1);
	assert_int_equal(errno, ENETUNREACH);
	close_lab(&lab);
}

static void a_minute_of_patience(void **state)
{
	const struct timeval minute = {60, 0};
	struct pollfd poll_fd;
	struct lab lab;
	double begun;
	char octet;
	int p[2];

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	cn_setsockopt(p[0], SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
	begun = now_s(&lab);
	assert_int_equal(cn_recv(p[0], &octet, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal((int)(now_s(&lab) - begun), 60);
	poll_fd = (struct pollfd){p[0], POLLIN, 0};
	assert_int_equal(cn_poll(&poll_fd, 1, 60000), 0);
	assert_int_equal((int)(now_s(&lab) - begun), 120);
	/* Nothing is left that could ever wake it. */
	assert_int_equal(cn_recv(p[1], &octet, 1, 0), -1);
	assert_int_equal(errno, EDEADLK);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* One round trip for the handshake, one for what is asked and answered.
 * Notes: row 8. */
static void sixteen_octets_cost_two_round_trips(void **state)
{
	struct lab lab;
	char text[16];
	uint64_t begun;
	int p[2], lst;

	(void)state;
	open_lab(&lab, &(struct cn_impair){.delay_ns = 10 * MS});
	lst = serve(lab.b, "10.0.0.2", 80);
	begun = cn_stack_now(lab.a);
	p[0] = dial(lab.a, "10.0.0.2", 80);
	assert_int_equal(cn_stack_now(lab.a) - begun, 20 * MS);
	assert_int_equal(cn_send_all(p[0], "Hi there, server", 16), 0);
	p[1] = cn_accept(lst, NULL, NULL);
	assert_int_equal(cn_recv_exact(p[1], text, 16), 16);
	assert_int_equal(cn_send_all(p[1], "Farewell, client", 16), 0);
	assert_int_equal(cn_recv_exact(p[0], text, 16), 16);
	assert_int_equal(cn_stack_now(lab.a) - begun, 40 * MS);
	cn_close(lst);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* An end that vanished never reads as a 0. Notes: row 144. */
static void a_vanished_peer(void **state)
{
	const struct cn_impair gone = {.loss = 1};
	struct lab lab;
	double begun;
	char octet;
	int p[2];

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	set_int(p[0], SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(p[0], IPPROTO_TCP, TCP_KEEPIDLE, 30);
	set_int(p[0], IPPROTO_TCP, TCP_KEEPINTVL, 10);
	set_int(p[0], IPPROTO_TCP, TCP_KEEPCNT, 3);
	assert_int_equal(cn_stack_impair(lab.b, lab.link[1], &gone), 0);
	begun = now_s(&lab);
	assert_int_equal(cn_recv(p[0], &octet, 1, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal((int)(now_s(&lab) - begun), 60);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

static void lingering_close(void **state)
{
	const struct cn_impair far = {.delay_ns = 250 * MS};
	const struct linger wait = {1, 60};
	struct lab lab;
	double begun;
	int p[2];

	(void)state;
	open_lab(&lab, &far);
	make_pair(&lab, p);
	cn_setsockopt(p[0], SOL_SOCKET, SO_LINGER, &wait, sizeof(wait));
	assert_int_equal(cn_send_all(p[0], "words", 5), 0);
	begun = now_s(&lab);
	cn_close(p[0]);
	/* One round trip: until the last of it is acknowledged. */
	assert_true(now_s(&lab) - begun >= 0.5);
	assert_true(now_s(&lab) - begun < 1);
	cn_close(p[1]);
	/* The peer is gone: so long, and no longer. */
	make_pair(&lab, p);
	cn_stack_impair(lab.b, lab.link[1], &(struct cn_impair){.loss = 1});
	cn_setsockopt(p[0], SOL_SOCKET, SO_LINGER, &wait, sizeof(wait));
	assert_int_equal(cn_send_all(p[0], "words", 5), 0);
	begun = now_s(&lab);
	cn_close(p[0]);
	assert_int_equal((int)(now_s(&lab) - begun), 60);
	cn_close(p[1]);
	close_lab(&lab);
}

/* ------------------------------------------------------------- threads -- */

#define MUCH 3000000

struct job {
	struct cn_stack *stack;
	int fd;
	size_t done;
};

static char much[MUCH];

static void *send_much(void *ctx)
{
	struct job *job = ctx;

	for (size_t i = 0; i < MUCH; i++)
		much[i] = (char)(i * 7 + i / 251);
	assert_int_equal(cn_send_all(job->fd, much, MUCH), 0);
	cn_shutdown(job->fd, SHUT_WR);
	cn_stack_threads(job->stack, -1);
	return NULL;
}

static void *echo(void *ctx)
{
	struct job *job = ctx;
	char data[4096];
	ssize_t n;

	while ((n = cn_recv(job->fd, data, sizeof(data), 0)) > 0) {
		assert_int_equal(cn_send_all(job->fd, data, (size_t)n), 0);
		job->done += (size_t)n;
	}
	cn_shutdown(job->fd, SHUT_WR);
	cn_stack_threads(job->stack, -1);
	return NULL;
}

/* Through loss, delay and small buffers, both ways at once.
 * Notes: rows 2, 3, 5, 79, 80. */
static void octets_arrive_over_a_bad_path(void **state)
{
	const struct cn_impair bad = {.delay_ns = 10 * MS, .loss = 0.01};
	static char back[MUCH];
	pthread_t thread[2];
	struct job job[2];
	struct lab lab;
	int p[2];

	(void)state;
	open_lab(&lab, &bad);
	make_pair(&lab, p);
	job[0] = (struct job){lab.a, p[0], 0};
	job[1] = (struct job){lab.a, p[1], 0};
	set_int(p[0], SOL_SOCKET, SO_SNDBUF, 20000);
	set_int(p[1], SOL_SOCKET, SO_SNDBUF, 20000);
	cn_stack_threads(lab.a, 2);
	pthread_create(&thread[0], NULL, send_much, &job[0]);
	pthread_create(&thread[1], NULL, echo, &job[1]);
	assert_int_equal(cn_recv_exact(p[0], back, MUCH), MUCH);
	assert_int_equal(cn_recv_exact(p[0], back, 1), 0);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	assert_memory_equal(much + 1, back + 1, MUCH - 1);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* --------------------------------------------------------------- stdio -- */

static void stdio_over_a_connection(void **state)
{
	struct lab lab;
	char line[64];
	FILE *a, *b;
	int p[2];

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	a = cn_fdopen(p[0], "r+");
	b = cn_fdopen(p[1], "r+");
	assert_non_null(a);
	assert_non_null(b);
	for (int i = 0; i < 3; i++) {
		fprintf(a, "GET %d\n", 42);
		fflush(a);
		assert_non_null(fgets(line, sizeof(line), b));
		assert_string_equal(line, "GET 42\n");
		fprintf(b, "OK\n");
		fflush(b);
		assert_non_null(fgets(line, sizeof(line), a));
		assert_string_equal(line, "OK\n");
	}
	assert_int_equal(fclose(a), 0);
	assert_null(fgets(line, sizeof(line), b));
	assert_true(feof(b));
	assert_int_equal(fclose(b), 0);
	assert_null(cn_fdopen(p[0], "r"));
	close_lab(&lab);
}

/* One stream to read and one to write know nothing of each other. */
static void two_streams(void **state)
{
	struct lab lab;
	char line[64];
	FILE *in, *out;
	int p[2];

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	in = cn_fdopen(cn_dup(p[1]), "r");
	out = cn_fdopen(p[1], "w");
	assert_int_equal(cn_send_all(p[0], "one\ntwo\n", 8), 0);
	assert_non_null(fgets(line, sizeof(line), in));
	fprintf(out, "first");
	assert_int_equal(fclose(out), 0);
	assert_int_equal(cn_recv_exact(p[0], line, 5), 5);
	assert_non_null(fgets(line, sizeof(line), in));
	assert_string_equal(line, "two\n");
	fclose(in);
	assert_int_equal(cn_recv_exact(p[0], line, 5), 0);
	cn_close(p[0]);
	close_lab(&lab);
}

static void non_blocking_ends_wait_here(void **state)
{
	struct lab lab;
	pthread_t thread;
	struct job job;
	static char back[MUCH];
	int p[2];

	(void)state;
	open_lab(&lab, &(struct cn_impair){.delay_ns = 5 * MS});
	make_pair(&lab, p);
	cn_fcntl(p[0], F_SETFL, O_NONBLOCK);
	cn_fcntl(p[1], F_SETFL, O_NONBLOCK);
	job = (struct job){lab.a, p[0], 0};
	cn_stack_threads(lab.a, 1);
	pthread_create(&thread, NULL, send_much, &job);
	assert_int_equal(cn_recv_exact(p[1], back, MUCH), MUCH);
	pthread_join(thread, NULL);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* ----------------------------------------------------------- all of it -- */

static void an_instance_tells_the_kernel(void **state)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct pollfd poll_fd;
	struct lab lab;
	char text[8];
	int p[2], ep;

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	ep = cn_epoll_create1(lab.a, 0);
	assert_int_equal(cn_epoll_ctl(ep, EPOLL_CTL_ADD, p[1], &event), 0);
	poll_fd = (struct pollfd){cn_epoll_fileno(ep), POLLIN, 0};
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	cn_send(p[0], "x", 1, 0);
	assert_int_equal(poll(&poll_fd, 1, 0), 1);
	assert_int_equal(cn_epoll_wait(ep, &event, 1, 0), 1);
	assert_int_equal(cn_recv(p[1], text, 8, 0), 1);
	assert_int_equal(cn_epoll_wait(ep, &event, 1, 0), 0);
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	cn_close(ep);
	cn_close(p[0]);
	cn_close(p[1]);
	close_lab(&lab);
}

/* A ping and a name, over 20 ms each way. */
static void datagrams(void **state)
{
	static const uint8_t request[] = {8, 0, 0, 0, 0, 0, 0, 1, 'h', 'i'};
	struct sockaddr_in to = at("10.0.0.2", 53), from;
	socklen_t len = sizeof(from);
	struct lab lab;
	uint8_t data[64];
	double begun;
	int ping, a, b;

	(void)state;
	open_lab(&lab, &(struct cn_impair){.delay_ns = 20 * MS});
	ping = cn_socket(lab.a, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	a = cn_socket(lab.a, AF_INET, SOCK_DGRAM, 0);
	b = cn_socket(lab.b, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	assert_int_equal(cn_bind(b, (struct sockaddr *)&to, sizeof(to)), 0);
	begun = now_s(&lab);
	assert_int_equal(cn_sendto(ping, request, sizeof(request), 0,
				   (struct sockaddr *)&to, sizeof(to)),
			 sizeof(request));
	assert_int_equal(cn_recv(ping, data, sizeof(data), 0), sizeof(request));
	assert_int_equal(data[0], 0);
	assert_memory_equal(data + 8, "hi", 2);
	assert_int_equal((now_s(&lab) - begun) * 1000 + 0.5, 40);
	assert_int_equal(cn_connect(a, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(cn_send(a, "name?", 5, 0), 5);
	assert_int_equal(cn_recvfrom(b, data, sizeof(data), 0,
				     (struct sockaddr *)&from, &len),
			 5);
	assert_int_equal(from.sin_addr.s_addr, inet_addr("10.0.0.1"));
	assert_int_equal(
		cn_sendto(b, "here", 4, 0, (struct sockaddr *)&from, len), 4);
	assert_int_equal(cn_recv(a, data, sizeof(data), 0), 4);
	cn_close(b);
	/* The port is closed: the network says so. */
	assert_int_equal(cn_send(a, "name?", 5, 0), 5);
	assert_int_equal(cn_recv(a, data, sizeof(data), 0), -1);
	assert_int_equal(errno, ECONNREFUSED);
	cn_close(a);
	cn_close(ping);
	close_lab(&lab);
}

static void strangers_do_not_mix(void **state)
{
	struct cn_stack_config config = {.virtual_clock = true};
	struct epoll_event event = {.events = EPOLLIN};
	struct cn_stack *a, *b;
	struct pollfd poll_fd[2];
	int fd[2], ep;

	(void)state;
	assert_int_equal(cn_stack_new(&config, &a), 0);
	assert_int_equal(cn_stack_new(&config, &b), 0);
	fd[0] = cn_socket(a, AF_INET, SOCK_STREAM, 0);
	fd[1] = cn_socket(b, AF_INET6, SOCK_STREAM, 0);
	for (int i = 0; i < 2; i++)
		poll_fd[i] = (struct pollfd){fd[i], POLLIN, 0};
	assert_int_equal(cn_poll(poll_fd, 2, 0), -1);
	assert_int_equal(errno, EINVAL);
	ep = cn_epoll_create1(a, 0);
	assert_int_equal(cn_epoll_ctl(ep, EPOLL_CTL_ADD, fd[1], &event), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(cn_stack_join(a, b, NULL, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(cn_stack_tun(a, "cat0", NULL, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(cn_stack_addr(a, 3, "10.0.0.1/24"), -1);
	assert_int_equal(errno, ENODEV);
	cn_close(ep);
	cn_close(fd[0]);
	cn_close(fd[1]);
	cn_stack_free(a);
	cn_stack_free(b);
}

static void bad_joins(void **state)
{
	struct cn_stack_config config = {.virtual_clock = true};
	static const char *const bad[] = {"10.0.0.1/33", "x", "10.0.0.1/",
					  "10.0.0.1/2x", "",  "fd00::1/129"};
	struct cn_join join;
	struct cn_stack *a, *b;

	(void)state;
	assert_int_equal(cn_stack_new(&config, &a), 0);
	config.with = a;
	assert_int_equal(cn_stack_new(&config, &b), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&join, 0, sizeof(join));
		join.addr[1] = bad[i];
		assert_int_equal(cn_stack_join(a, b, &join, NULL), -1);
		assert_int_equal(errno, EINVAL);
	}
	memset(&join, 0, sizeof(join));
	join.drop[0] = "nonsense";
	assert_int_equal(cn_stack_join(a, b, &join, NULL), -1);
	assert_int_equal(cn_stack_join(a, a, NULL, NULL), -1);
	cn_stack_free(a);
	cn_stack_free(b);
	cn_stack_free(NULL);
}

static void a_stack_that_goes(void **state)
{
	struct lab lab;
	char octet;
	int p[2];

	(void)state;
	open_lab(&lab, NULL);
	make_pair(&lab, p);
	cn_stack_free(lab.b);
	assert_int_equal(cn_recv(p[1], &octet, 1, 0), -1);
	assert_int_equal(errno, ENETDOWN);
	assert_int_equal(cn_close(p[1]), 0);
	/* The other lives on. */
	assert_int_equal(cn_send(p[0], "x", 1, 0), 1);
	assert_int_equal(cn_close(p[0]), 0);
	cn_stack_free(lab.a);
}

/* Nothing arrives before its delay, and all descriptors can be had again. */
static void many(void **state)
{
	enum { N = 300 };
	struct lab lab;
	int fd[N], lst, one;

	(void)state;
	open_lab(&lab, &(struct cn_impair){.delay_ns = MS});
	lst = serve(lab.b, "10.0.0.2", 80);
	for (int i = 0; i < N; i++) {
		fd[i] = dial(lab.a, "10.0.0.2", 80);
		assert_true(fd[i] >= 0);
		one = cn_accept(lst, NULL, NULL);
		cn_close(one);
	}
	for (int i = 0; i < N; i++)
		cn_close(fd[i]);
	assert_int_equal(cn_dup(lst), lst + 1);
	cn_close(lst + 1);
	cn_close(lst);
	close_lab(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_walk),
		cmocka_unit_test(fast_open_as_in_linux),
		cmocka_unit_test(descriptors_are_told_apart),
		cmocka_unit_test(time_wait_ends_after_a_minute),
		cmocka_unit_test(connect_to_nobody_gives_up),
		cmocka_unit_test(a_minute_of_patience),
		cmocka_unit_test(sixteen_octets_cost_two_round_trips),
		cmocka_unit_test(a_vanished_peer),
		cmocka_unit_test(lingering_close),
		cmocka_unit_test(octets_arrive_over_a_bad_path),
		cmocka_unit_test(stdio_over_a_connection),
		cmocka_unit_test(two_streams),
		cmocka_unit_test(non_blocking_ends_wait_here),
		cmocka_unit_test(an_instance_tells_the_kernel),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(strangers_do_not_mix),
		cmocka_unit_test(bad_joins),
		cmocka_unit_test(a_stack_that_goes),
		cmocka_unit_test(many),
		cmocka_unit_test(zero_copy_is_told_when_it_arrived),
		cmocka_unit_test(stamps_of_what_was_sent),
		cmocka_unit_test(a_stamp_waits_for_its_ack),
		cmocka_unit_test(notices_that_nobody_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
