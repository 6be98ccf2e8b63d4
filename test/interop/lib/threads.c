/* SPDX-License-Identifier: MIT */
/*
 * Many threads on two stacks under the real clock: servers by thread and by
 * epoll, clients, one that looks at everything, copies made and closed, and at
 * last the stacks go while calls wait.  Run as it is, and by lib_tsan under
 * ThreadSanitizer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <catenet/posix.h>

#define CLIENTS 4
#define ROUNDS 25
#define WORDS 2000

static struct cn_stack *near, *far;
static atomic_int failures, served, stop;

static void check(bool good, const char *what)
{
	if (good)
		return;
	printf("# %s: %s\n", what, strerror(errno));
	atomic_fetch_add(&failures, 1);
}

static struct sockaddr_in at(const char *host, int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, host, &in.sin_addr);
	return in;
}

static int serve(int port)
{
	struct sockaddr_in in = at("10.0.0.2", port);
	int fd = cn_socket(far, AF_INET, SOCK_STREAM, 0);

	check(!cn_bind(fd, (struct sockaddr *)&in, sizeof(in)), "bind");
	check(!cn_listen(fd, 64), "listen");
	return fd;
}

/* ------------------------------------------------------------- servers -- */

static void *echo_one(void *ctx)
{
	int fd = (int)(intptr_t)ctx;
	char data[1000];
	ssize_t n;

	while ((n = cn_read(fd, data, sizeof(data))) > 0)
		check(!cn_send_all(fd, data, (size_t)n), "echo");
	cn_close(fd);
	atomic_fetch_add(&served, 1);
	return NULL;
}

static void *serve_by_threads(void *ctx)
{
	int lst = (int)(intptr_t)ctx, fd;
	pthread_t thread;

	while ((fd = cn_accept(lst, NULL, NULL)) >= 0) {
		pthread_create(&thread, NULL, echo_one, (void *)(intptr_t)fd);
		pthread_detach(thread);
	}
	return NULL;
}

static void echo_ready(int fd)
{
	char data[1000];
	ssize_t n = cn_recv(fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0) {
		check(!cn_send_all(fd, data, (size_t)n), "echo");
	} else if (n == 0 || errno != EAGAIN) {
		cn_close(fd);
		atomic_fetch_add(&served, 1);
	}
}

/* Two threads wait on one instance. */
static int lst_of_epoll, ep;

static void *serve_by_epoll(void *ctx)
{
	struct epoll_event event;

	(void)ctx;
	while (!atomic_load(&stop)) {
		if (cn_epoll_wait(ep, &event, 1, 100) < 1)
			continue;
		if (event.data.fd == lst_of_epoll) {
			int fd = cn_accept4(lst_of_epoll, NULL, NULL,
					    SOCK_NONBLOCK);

			event.events = EPOLLIN | (uint32_t)EPOLLONESHOT;
			event.data.fd = fd;
			if (fd >= 0)
				cn_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
			continue;
		}
		echo_ready(event.data.fd);
		event.events = EPOLLIN | (uint32_t)EPOLLONESHOT;
		cn_epoll_ctl(ep, EPOLL_CTL_MOD, event.data.fd, &event);
	}
	return NULL;
}

/* ------------------------------------------------------------- clients -- */

static void one_round(int port)
{
	struct sockaddr_in to = at("10.0.0.2", port);
	int fd = cn_socket(near, AF_INET, SOCK_STREAM, 0);
	char out[WORDS], in[WORDS];
	int copy;

	check(!cn_connect(fd, (struct sockaddr *)&to, sizeof(to)), "connect");
	for (size_t i = 0; i < WORDS; i++)
		out[i] = (char)rand();
	copy = cn_dup(fd);
	cn_close(fd);
	check(!cn_send_all(copy, out, WORDS), "send");
	check(cn_recv_exact(copy, in, WORDS) == WORDS, "recv");
	check(!memcmp(out, in, WORDS), "octets");
	cn_shutdown(copy, SHUT_WR);
	check(cn_recv_exact(copy, in, 1) == 0, "end");
	cn_close(copy);
}

static void *client(void *ctx)
{
	int port = (int)(intptr_t)ctx;

	for (int i = 0; i < ROUNDS; i++)
		one_round(port);
	return NULL;
}

/* Looks at every descriptor there may be. */
static void *looker(void *ctx)
{
	struct tcp_info info;
	socklen_t len;

	(void)ctx;
	while (!atomic_load(&stop)) {
		for (int fd = CN_FD_FIRST; fd < CN_FD_FIRST + 32; fd++) {
			struct pollfd p = {fd, POLLIN, 0};

			len = sizeof(info);
			cn_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
			cn_poll(&p, 1, 0);
			cn_fcntl(fd, F_GETFL, 0);
		}
		cn_stack_sleep(far, CN_NS_PER_MS);
	}
	return NULL;
}

/* -------------------------------------------------------------- the end -- */

struct waits {
	pthread_t thread;
	int fd, flags;
};

static void *wait_for_ever(void *ctx)
{
	const struct waits *waits = ctx;
	char octet[8];

	check(cn_recv(waits->fd, octet, sizeof(octet), waits->flags) == -1 &&
		      errno == ENETDOWN,
	      "recv when the stack goes");
	cn_close(waits->fd);
	return NULL;
}

static void *accept_for_ever(void *ctx)
{
	const struct waits *waits = ctx;

	check(cn_accept(waits->fd, NULL, NULL) == -1 && errno == ENETDOWN,
	      "accept when the stack goes");
	return NULL;
}

static void *send_for_ever(void *ctx)
{
	static const char octets[1 << 16];
	const struct waits *waits = ctx;

	while (cn_send(waits->fd, octets, sizeof(octets), MSG_NOSIGNAL) > 0)
		;
	check(errno == ENETDOWN, "send when the stack goes");
	cn_close(waits->fd);
	return NULL;
}

static int dial(void)
{
	struct sockaddr_in to = at("10.0.0.2", 9);
	int fd = cn_socket(near, AF_INET, SOCK_STREAM, 0);

	check(!cn_connect(fd, (struct sockaddr *)&to, sizeof(to)), "connect");
	return fd;
}

static void open_stacks(void)
{
	const struct cn_join join = {
		.impair = {{.delay_ns = 200000}, {.delay_ns = 200000}},
		.addr = {"10.0.0.1/24", "10.0.0.2/24"},
	};
	struct cn_stack_config config = {NULL, NULL, false, false};

	if (cn_stack_new(&config, &near))
		abort();
	config.with = near;
	if (cn_stack_new(&config, &far) ||
	    cn_stack_join(near, far, &join, NULL))
		abort();
}

static void run(void)
{
	pthread_t clients[CLIENTS], servers[3], look;
	struct epoll_event event = {.events = EPOLLIN};
	int lst = serve(7);

	lst_of_epoll = serve(8);
	cn_fcntl(lst_of_epoll, F_SETFL, O_NONBLOCK);
	ep = cn_epoll_create1(far, 0);
	event.data.fd = lst_of_epoll;
	cn_epoll_ctl(ep, EPOLL_CTL_ADD, lst_of_epoll, &event);
	pthread_create(&servers[0], NULL, serve_by_threads,
		       (void *)(intptr_t)lst);
	pthread_create(&servers[1], NULL, serve_by_epoll, NULL);
	pthread_create(&servers[2], NULL, serve_by_epoll, NULL);
	pthread_create(&look, NULL, looker, NULL);
	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&clients[i], NULL, client,
			       (void *)(intptr_t)(7 + i % 2));
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	for (int i = 0; i < 1000 && atomic_load(&served) < CLIENTS * ROUNDS;
	     i++)
		cn_stack_sleep(near, 10 * CN_NS_PER_MS);
	atomic_store(&stop, 1);
	cn_shutdown(lst, SHUT_RD);
	for (int i = 0; i < 3; i++)
		pthread_join(servers[i], NULL);
	pthread_join(look, NULL);
	cn_close(lst);
	cn_close(lst_of_epoll);
	cn_close(ep);
}

/* Threads that wait in every way, when their stacks go. */
static void end(void)
{
	struct waits waits[] = {
		{.flags = 0},	     {.flags = MSG_WAITALL},
		{.flags = MSG_PEEK}, {.flags = MSG_PEEK | MSG_WAITALL},
		{.flags = 0},	     {.flags = 0},
	};
	enum { N = sizeof(waits) / sizeof(waits[0]), RECV = N - 2 };
	int lst = serve(9);

	for (int i = 0; i < N; i++) {
		waits[i].fd = i < N - 1 ? dial() : serve(10);
		pthread_create(&waits[i].thread, NULL,
			       i < RECV	 ? wait_for_ever :
			       i == RECV ? send_for_ever :
					   accept_for_ever,
			       &waits[i]);
	}
	cn_stack_sleep(near, 200 * CN_NS_PER_MS);
	cn_stack_free(near);
	cn_stack_free(far);
	for (int i = 0; i < N; i++)
		pthread_join(waits[i].thread, NULL);
	cn_close(waits[N - 1].fd);
	cn_close(lst);
}

int main(void)
{
	open_stacks();
	run();
	check(atomic_load(&served) == CLIENTS * ROUNDS, "all were served");
	end();
	printf("%sok 1 - %d connections in %d threads\n1..1\n",
	       failures ? "not " : "", CLIENTS * ROUNDS, CLIENTS);
	return failures != 0;
}
