/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's side, B, of an AF_UNIX stream pair whose other side, A, is
 * what the program has in place of a TCP socket.  Everything that makes A look
 * like TCP is here, so that the supervisor (which sets A up) and the relay
 * (which moves octets) need not know how.
 *
 * An end does no waiting: watch end->fd with level-triggered epoll for
 * EPOLLIN | EPOLLRDHUP while octets are wanted from the program, EPOLLOUT
 * while the last end_write was short, EPOLLPRI always (set end->pri when it
 * comes).  EPOLLHUP comes unasked and stays: take the watch off then, ask
 * end_is_gone, and go on with end_read alone until it returns 0, as fast as
 * the stack takes the octets.
 */
#ifndef RUN_WORLD_END_H
#define RUN_WORLD_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct end {
	int fd; /* B; -1 once closed */
	bool shut_wr; /* the program's SHUT_WR: a marker ends its octets */
	bool shut_rd; /* the program's SHUT_RD: octets to it are swallowed */
	bool eof_in; /* end_read has told 0 or -ECONNRESET */
	bool eof_out; /* end_eof was called */
	bool gone; /* A has no descriptor any more, as end_is_gone found */
	bool roomy; /* B's send buffer is not the kernel's default any more */
	bool pri; /* EPOLLPRI has come: urgent octets are looked for */
	bool cut; /* the last read ended behind octets that a descriptor came
		     with: there may be more */
	/* Another process holds B too, and raises what must be raised on A:
	 * end_reset only asks for it. */
	bool shared, raise;
	uint64_t left; /* with shut_wr: octets before the marker */
	uint32_t junk; /* octets that fill A while it is not connected */
	int sndbuf; /* A's own, while it is filled */
	/* Makes a descriptor of A again, or -1 (the program is gone, or cannot
	 * be looked into); set by the supervisor, valid until
	 * world_close. */
	int (*borrow)(void *ctx);
	/* Whether the program still holds A: asked when it has shut both
	 * directions down, which looks like its close. */
	bool (*is_held)(void *ctx);
	void *ctx;
};

/* ------------------------------------------------------ for the relay -- */

/*
 * Octets from the program: how many, or 0 (shut down or closed: no more will
 * come), -EAGAIN, or -ECONNRESET (closed while it had octets unread: what it
 * wrote last is lost, as with TCP).  *urgent is set when the last octet
 * returned was sent with MSG_OOB; a read never passes over one.
 */
ssize_t end_read(struct end *end, const struct iovec *iov, int n, bool *urgent);
/*
 * Octets for the program: how many were taken, or -EAGAIN, or -EPIPE (closed:
 * TCP answers with RST).  After SHUT_RD they are taken and thrown away.
 */
ssize_t end_write(struct end *end, const struct iovec *iov, int n);
/* One urgent octet; -EAGAIN as above. */
int end_write_urgent(struct end *end, uint8_t octet);
/* The peer's FIN: the program reads its end after what was written. */
void end_eof(struct end *end);
/*
 * The connection has died: after what was written the program sees ECONNRESET
 * (the only error that can be raised; SO_ERROR tells the true one, through
 * WORLD_ENDED); after end_eof it goes on to read its end.  Closes B.
 */
void end_reset(struct end *end);
/* On EPOLLHUP: the program has closed its last descriptor.  False: it has shut
 * its own direction down after end_eof, or both, and may hold it yet. */
bool end_is_gone(struct end *end);
/* The program has closed its last descriptor; the supervisor is asked no
 * more. */
void end_let_go(struct end *end);
/* Octets written and not yet read by the program, roughly (the kernel counts
 * its own bookkeeping too). */
size_t end_unread(const struct end *end);
/* How much end_write may run ahead of the program, as the program's SO_RCVBUF
 * asks; 0: as much as is good for long streams, once one has filled the
 * kernel's default. */
void end_set_room(struct end *end, size_t octets);
/* Closes B (the program sees its end, or ECONNRESET where it has written
 * octets that nobody read) and frees.  NULL is allowed. */
void end_free(struct end *end);

/* An end of a B that another process has made, and holds too.  NULL: fd (closed
 * then) is not one, or there is no memory. */
struct end *end_adopt(int fd);
/* The program is no more, as far as A is concerned: what it wrote is still
 * read, then end_read says 0.  True: it has left octets unread, so that its
 * close is a reset. */
bool end_cut(struct end *end);

/* ------------------------------------------------- for the supervisor -- */

/* Descriptors called a are of A, made for the length of the call. */

/* A pair for a connection that is accepted; *a is what the program gets. */
struct end *end_pair(int *a);
/* What socket() gives: not connected, so that poll and errors say so. */
int end_fresh(void);
/*
 * A fresh A is connecting, or listening: neither readable nor writable from
 * now on, and its close can be seen.  NULL: no descriptors left (errno).
 */
struct end *end_fill(int a);
/* A fresh A whose connection is established already.  NULL as above. */
struct end *end_join(int a);
/* The connection is established: writable, and octets flow. */
void end_open(struct end *end, int a);
/* A non-blocking connect failed: A polls as a failed TCP socket does, and the
 * end is freed. */
void end_fail(struct end *end);
/* A listener has n connections waiting: A is readable or not. */
void end_tokens(struct end *end, int a, unsigned had, unsigned want);

/* The program's shutdown; octets sent before arrive, then end_read says 0. */
int end_shut_wr(struct end *end, int a);
int end_shut_rd(struct end *end, int a);
/* Octets that the program has sent and the relay has not taken. */
size_t end_unsent(const struct end *end);

#endif
