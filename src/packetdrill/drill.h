/* SPDX-License-Identifier: MIT */
/*
 * The stack that a script drives, and its clock.
 *
 * Time is virtual and moves only where packetdrill lets it: a microsecond with
 * every look at the clock, as far as it sleeps, and as far as it waits for a
 * packet.  A thread that was blocked in a call and is woken holds the clock
 * until it has looked at it, so that what packetdrill notes of its end is when
 * it happened.
 */
#ifndef PACKETDRILL_DRILL_H
#define PACKETDRILL_DRILL_H

#include <pthread.h>

#include <catenet/posix.h>

#include "base/list.h"

/* A descriptor of the kernel's and the socket that it stands for. */
#define DRILL_FDS 1024

/* A packet that has left. */
struct drill_packet {
	struct list node;
	uint64_t left_at;
	uint32_t len;
	uint8_t octet[];
};

/* A file for a script's shell steps. */
struct drill_file {
	char name[256]; /* "": none */
	char *shown; /* what is in it now */
};

struct drill {
	struct cn_stack *stack;
	struct cn_settings set; /* before what the sysctls say */
	int link;
	pthread_t driver; /* the thread that runs the script */
	int caller; /* the other thread, which waits in calls; 0: none yet */
	bool returning; /* its call has ended, and it may have more to do */
	struct list packets;
	int fd[DRILL_FDS]; /* of catenet/posix.h, 0: none */
	char ip4[64], ip6[64];
	uint32_t mtu;
	bool blocked, cuts; /* tun0's queue holds nothing; it cuts (netdev.c) */
	struct drill_file status, netstat;
};

/* The one of this process. */
extern struct drill drill_the;

/* Makes it: when packetdrill loads the object. */
struct drill *drill_open(const char *flags);
/* A look at the clock.  Another thread than the driver's that has been woken
 * reads it as it stands, and lets it go. */
uint64_t drill_clock(struct drill *drill);
void drill_sleep(struct drill *drill, uint64_t ns);
/* The next packet that leaves within two seconds, or NULL. */
struct drill_packet *drill_next(struct drill *drill);
int drill_input(struct drill *drill, const void *packet, size_t len);

/* fds.c: a descriptor of the kernel's for one of ours, which is closed where
 * there is none (-1 and errno); the other way, -1 and EBADF: it is none of
 * ours. */
int drill_fd_new(struct drill *drill, int ours);
int drill_fd(struct drill *drill, int fd);
int drill_fd_close(struct drill *drill, int fd);

/* sysctl.c: what /proc/sys/net says now is from now on what the host does. */
void drill_sysctls(struct drill *drill);

/* netdev.c: what tun0 of the namespace is like now. */
void drill_netdev(struct drill *drill);

/* status.c: the files of the sockets and of the counters (netstat.c), if they
 * say something else by now.  The text is the callee's. */
void drill_status(struct drill *drill);
void drill_show(struct drill_file *file, char *text);
void drill_netstat(struct drill *drill);

/* splice.c */
ssize_t drill_splice(struct drill *drill, int in, int out, size_t len);
ssize_t drill_sendfile(struct drill *drill, int out, int in, off64_t *at,
		       size_t len);

#endif
