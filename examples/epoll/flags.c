/* SPDX-License-Identifier: MIT */
/*
 * What epoll says of a connection in each phase of its life (notes 004:67).
 *
 *	flags
 *
 * EPOLLRDHUP: the peer sends no more, its FIN has come. EPOLLHUP: both
 * directions have ended. EPOLLERR: there is an error to fetch (SO_ERROR), a
 * reset among them. The program is its own peer, over loopback.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>

#include "../net.h"

static void pair(int fd[2])
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&addr, len) < 0 ||
	    listen(listener, 1) < 0)
		fail("listen");
	getsockname(listener, (struct sockaddr *)&addr, &len);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd[0], (struct sockaddr *)&addr, len) < 0)
		fail("connect");
	fd[1] = accept(listener, NULL, NULL);
	if (fd[1] < 0)
		fail("accept");
	close(listener);
}

/* What the other end did has arrived when these are there. */
static void await(int fd, int bits)
{
	struct pollfd wait = {.fd = fd, .events = (short)bits};

	while (poll(&wait, 1, 10000) > 0 && (wait.revents & bits) != bits)
		usleep(1000);
}

static void tell(const char *phase, int fd, int bits)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{EPOLLIN, "IN"},
		     {EPOLLOUT, "OUT"},
		     {EPOLLRDHUP, "RDHUP"},
		     {EPOLLHUP, "HUP"},
		     {EPOLLERR, "ERR"}};
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP};
	int ep = epoll_create1(0);
	const char *bar = "";

	await(fd, bits);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
	printf("%-34s", phase);
	if (epoll_wait(ep, &event, 1, 0) == 1) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (event.events & names[i].bit) {
				printf("%s%s", bar, names[i].name);
				bar = "|";
			}
	} else {
		printf("nothing");
	}
	putchar('\n');
	fflush(stdout);
	close(ep);
}

static void end(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	const struct linger now = {1, 0};
	int fd[2], fresh = socket(AF_INET, SOCK_STREAM, 0);
	int err;
	socklen_t len = sizeof(err);

	tell("fresh socket", fresh, POLLHUP);
	close(fresh);
	pair(fd);
	tell("idle", fd[0], POLLOUT);
	send(fd[1], "x", 1, 0);
	tell("octets to read", fd[0], POLLIN);
	recv(fd[0], &err, 1, 0);
	shutdown(fd[1], SHUT_WR);
	tell("peer's FIN", fd[0], POLLRDHUP);
	shutdown(fd[0], SHUT_WR);
	tell("peer's FIN, own SHUT_WR", fd[0], POLLHUP);
	end(fd);
	pair(fd);
	shutdown(fd[0], SHUT_RD);
	tell("own SHUT_RD", fd[0], POLLRDHUP);
	end(fd);
	pair(fd);
	shutdown(fd[0], SHUT_WR);
	tell("own SHUT_WR", fd[0], POLLOUT);
	end(fd);
	pair(fd);
	shutdown(fd[0], SHUT_RDWR);
	tell("own SHUT_RDWR", fd[0], POLLHUP);
	end(fd);
	pair(fd);
	setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd[1]);
	tell("peer's RST", fd[0], POLLERR);
	getsockopt(fd[0], SOL_SOCKET, SO_ERROR, &err, &len);
	printf("%-34s%s\n", "and SO_ERROR", strerror(err));
	close(fd[0]);
	return 0;
}
