/* SPDX-License-Identifier: MIT */
/*
 * One table of questions, asked of the kernel's sockets on its loopback and of
 * the library's: what either says is to be the same, word for word.
 */
#ifndef LIB_SAME_H
#define LIB_SAME_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

/* The calls of one side. */
struct api {
	const char *name;
	int (*socket)(int domain, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *addr, socklen_t len);
	int (*listen)(int fd, int backlog);
	int (*accept4)(int fd, struct sockaddr *addr, socklen_t *len,
		       int flags);
	int (*connect)(int fd, const struct sockaddr *addr, socklen_t len);
	int (*shutdown)(int fd, int how);
	int (*close)(int fd);
	int (*dup)(int fd);
	int (*getsockname)(int fd, struct sockaddr *addr, socklen_t *len);
	int (*getpeername)(int fd, struct sockaddr *addr, socklen_t *len);
	int (*getsockopt)(int fd, int level, int opt, void *val,
			  socklen_t *len);
	int (*setsockopt)(int fd, int level, int opt, const void *val,
			  socklen_t len);
	ssize_t (*send)(int fd, const void *data, size_t len, int flags);
	ssize_t (*recv)(int fd, void *data, size_t len, int flags);
	ssize_t (*sendto)(int fd, const void *data, size_t len, int flags,
			  const struct sockaddr *addr, socklen_t alen);
	ssize_t (*recvfrom)(int fd, void *data, size_t len, int flags,
			    struct sockaddr *addr, socklen_t *alen);
	ssize_t (*sendmsg)(int fd, const struct msghdr *msg, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *msg, int flags);
	ssize_t (*readv)(int fd, const struct iovec *iov, int n);
	ssize_t (*writev)(int fd, const struct iovec *iov, int n);
	int (*ioctl)(int fd, unsigned long request, void *arg);
	int (*fcntl)(int fd, int cmd, int arg);
	int (*poll)(struct pollfd *fds, nfds_t n, int ms);
	/* Of one descriptor: bits 1 in, 2 out, 4 except; no waiting. */
	int (*select)(int fd);
	int (*epoll_create1)(int flags);
	int (*epoll_ctl)(int epfd, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(int epfd, struct epoll_event *events, int n, int ms);
	/* So long, by the side's clock. */
	void (*pause_ms)(unsigned ms);
	/* A thread of this side more or less. */
	void (*threads)(int more);
	bool signals; /* a signal can interrupt it */
};

/* The side that is asked now. */
extern const struct api *S;

/* Adds to the answer. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A result: its number, or the name of errno. */
const char *res(long rc);
/* "IN|OUT" */
const char *bits(unsigned events);

/* Everything that is on its way arrives. */
void settle(void);

/* ------------------------------------------------- what questions need -- */

int fresh(void);
int fresh6(void);
int nonblocking(int fd);
/* 127.0.0.x, port in host byte order. */
struct sockaddr_in at(int host, int port);
int bind_to(int fd, int host, int port);
int connect_to(int fd, int host, int port);
int port_of(int fd);
/* On 127.0.0.1, any port. */
int listener(int backlog);
int set_int(int fd, int level, int opt, int value);
int get_int(int fd, int level, int opt);
/* SO_ERROR by name. */
const char *error_of(int fd);
/* poll with every bit, no waiting. */
const char *events_of(int fd);
/* What recv gets, as text in quotes, or errno's name. */
const char *read_text(int fd, size_t len, int flags);
int send_text(int fd, const char *text, int flags);
/* A connection: [0] connected, [1] accepted. */
void make_pair(int fd[2]);
void close_pair(const int fd[2]);
/* With SO_LINGER 0. */
void reset(int fd);
void set_linger(int fd, int on, int seconds);
void set_time(int fd, int opt, long us);
/* A port on which nobody listens. */
int dead_port(void);

/* Runs it in another thread after so many ms. */
struct later;
struct later *later(unsigned ms, void (*run)(int fd), int fd);
void later_join(struct later *later);

/* -------------------------------------------------------- the questions -- */

struct question {
	const char *name;
	void (*ask)(void);
	bool needs_signals;
};

extern const struct question bind_questions[];
extern const struct question connect_questions[];
extern const struct question data_questions[];
extern const struct question close_questions[];
extern const struct question epoll_questions[];
extern const struct question option_questions[];
extern const struct question dgram_questions[];

#endif
