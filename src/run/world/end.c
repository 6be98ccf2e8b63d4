/* SPDX-License-Identifier: MIT */
/*
 * How an AF_UNIX stream socket A is made to look like a TCP socket from the
 * other side B of its pair.  Linux's af_unix gives the means:
 *
 *  - A that was never connected polls OUT | HUP, as a fresh TCP socket.
 *  - A whose queue to B is full is not writable; with nothing from B it is not
 *    readable: a socket that connects or listens.
 *  - B closed with octets unread raises ECONNRESET on A, after A has read what
 *    B wrote: a reset, or a connect that failed.
 *  - A closed with octets unread raises ECONNRESET on B: TCP sends RST then.
 */
#include "run/world/end.h"
#include "run/world/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/sockios.h>

#define END_IOV_MAX 64
#define HUB_QUEUE 4096
/* Each costs no more than a queue of strangers. */
#define HUB_TRIES 8
/* The least the kernel grants is enough to be full at once. */
#define END_FULL_SNDBUF 1
/* Asked for when the marker finds no room; the kernel caps it. */
#define END_MORE_SNDBUF (4 << 20)
/* Twice this much at most waits for a program that takes a long stream: it and
 * we wake one another less often. */
#define END_ROOM (512 << 10)

/*
 * A fresh A is connected late, by a listener of ours.  It is in the abstract
 * name space, where anyone may connect: what did not come from this process
 * is thrown away.
 */
static struct {
	int listener;
	int mark; /* the descriptor that marks a marker */
	pid_t self; /* whose connects are ours */
	struct sockaddr_un addr;
	socklen_t addr_len;
} hub = {.listener = -1, .mark = -1};

static int hub_open(void)
{
	const sa_family_t family = AF_UNIX;
	int fd;

	if (hub.listener >= 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	hub.addr.sun_family = AF_UNIX;
	hub.addr_len = sizeof(hub.addr);
	/* A length of the family alone asks for a name of the kernel's. */
	if (bind(fd, (const struct sockaddr *)&hub.addr, sizeof(family)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&hub.addr, &hub.addr_len) < 0 ||
	    listen(fd, HUB_QUEUE) < 0) {
		int err = errno;

		close(fd);
		return -err;
	}
	hub.listener = fd;
	hub.self = getpid();
	return 0;
}

static int hub_mark(void)
{
	if (hub.mark < 0)
		hub.mark = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return hub.mark;
}

static int hub_accept(void)
{
	return accept4(hub.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static bool is_own(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	       cred.pid == hub.self;
}

/* Strangers that are in the queue, as many as it has room for; how many. */
static unsigned hub_clear(void)
{
	unsigned n = 0;
	int b;

	while (n < HUB_QUEUE && (b = hub_accept()) >= 0) {
		close(b);
		n++;
	}
	return n;
}

static int hub_connect(int a)
{
	return connect(a, (const struct sockaddr *)&hub.addr, hub.addr_len) <
			       0 ?
		       -errno :
		       0;
}

/*
 * Strangers who fill the queue again and again shall not make us wait for an
 * accept of our own: a waits a moment at most, and what it had been told of
 * waiting is as it was.
 */
static int hub_connect_among_strangers(int a)
{
	const struct timeval moment = {.tv_usec = 1000};
	struct timeval was = {0};
	socklen_t len = sizeof(was);
	int err;

	(void)getsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &was, &len);
	(void)setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof(moment));
	err = hub_connect(a);
	for (int i = 0; i < HUB_TRIES && err == -EAGAIN; i++) {
		(void)hub_clear();
		err = hub_connect(a);
	}
	(void)setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &was, sizeof(was));
	return err;
}

/* Connects a to a new B, which is returned, or -errno. */
static int hub_join(int a)
{
	int err = hub_open(), b;

	if (err < 0)
		return err;
	err = hub_clear() ? hub_connect_among_strangers(a) : hub_connect(a);
	if (err < 0)
		return err;
	/* It stands behind no more than a queue of strangers. */
	for (;;) {
		b = hub_accept();
		if (b < 0)
			return -errno;
		if (is_own(b))
			return b;
		close(b);
	}
}

static struct end *end_new(int b)
{
	struct end *end = calloc(1, sizeof(*end));
	const int on = 1;

	if (!end) {
		close(b);
		return NULL;
	}
	end->fd = b;
	/* Urgent octets stay at their place in the stream. */
	setsockopt(b, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	return end;
}

static size_t queued(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
}

/* ---------------------------------------------------------- the relay -- */

/* Copies iov so that it holds at most limit octets. */
static int iov_limit(struct iovec *out, const struct iovec *iov, int n,
		     uint64_t limit)
{
	int used = 0;

	if (n > END_IOV_MAX)
		n = END_IOV_MAX;
	while (used < n && limit > 0) {
		out[used] = iov[used];
		if (out[used].iov_len > limit)
			out[used].iov_len = limit;
		limit -= out[used].iov_len;
		used++;
	}
	return used;
}

static ssize_t end_is_over(struct end *end, ssize_t result)
{
	end->eof_in = true;
	return result;
}

ssize_t end_read(struct end *end, const struct iovec *iov, int n, bool *urgent)
{
	struct iovec some[END_IOV_MAX];
	uint64_t limit = end->shut_wr ? end->left : UINT64_MAX;
	struct msghdr msg = {0};
	ssize_t got;
	int at_mark = 0;

	*urgent = false;
	if (end->eof_in || end->fd < 0)
		return 0;
	if (end->pri && ioctl(end->fd, SIOCATMARK, &at_mark) == 0 && at_mark &&
	    limit > 0)
		limit = 1;
	if (limit == 0)
		return end_is_over(end, 0);
	n = iov_limit(some, iov, n, limit);
	msg.msg_iov = some;
	msg.msg_iovlen = (size_t)n;
	/* Whoever shares B could make it wait. */
	got = recvmsg(end->fd, &msg, MSG_DONTWAIT);
	if (got > 0) {
		/* No room was made for it: it is gone, as over TCP. */
		end->cut = msg.msg_flags & MSG_CTRUNC;
		if (end->shut_wr && end->left != UINT64_MAX)
			end->left -= (uint64_t)got;
		if (at_mark) {
			*urgent = true;
			end->pri = false;
		}
		return got;
	}
	if (got == 0)
		return end_is_over(end, 0);
	if (errno == EAGAIN || errno == EINTR || errno == ENOMEM)
		return -EAGAIN;
	return end_is_over(end, -ECONNRESET);
}

static ssize_t refused(const struct end *end, size_t octets)
{
	if (errno == EPIPE && end->shut_rd)
		return (ssize_t)octets;
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
		return -EPIPE;
	return -EAGAIN;
}

ssize_t end_write(struct end *end, const struct iovec *iov, int n)
{
	const struct msghdr msg = {
		.msg_iov = (struct iovec *)iov,
		.msg_iovlen = (size_t)(n > END_IOV_MAX ? END_IOV_MAX : n),
	};
	size_t octets = 0;
	ssize_t put;

	for (size_t i = 0; i < msg.msg_iovlen; i++)
		octets += iov[i].iov_len;
	if (end->fd < 0)
		return -EPIPE;
	put = sendmsg(end->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (put > 0 && (size_t)put < octets && !end->roomy)
		end_set_room(end, END_ROOM);
	return put >= 0 ? put : refused(end, octets);
}

int end_write_urgent(struct end *end, uint8_t octet)
{
	ssize_t put;

	if (end->fd < 0)
		return -EPIPE;
	put = send(end->fd, &octet, 1, MSG_OOB | MSG_NOSIGNAL | MSG_DONTWAIT);
	if (put < 0 && errno == EOPNOTSUPP) /* a kernel without urgent octets */
		put = send(end->fd, &octet, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (put < 0)
		put = refused(end, 1);
	return put < 0 ? (int)put : 0;
}

void end_eof(struct end *end)
{
	if (end->fd >= 0 && !end->eof_out)
		shutdown(end->fd, SHUT_WR);
	end->eof_out = true;
}

/* The close of B shall leave no error: nothing may be unread. */
static void close_quietly(struct end *end)
{
	char trash[4096];

	shutdown(end->fd, SHUT_RDWR);
	while (recv(end->fd, trash, sizeof(trash), MSG_DONTWAIT) > 0)
		;
	close(end->fd);
	end->fd = -1;
}

void end_reset(struct end *end)
{
	int a = -1;

	if (end->fd < 0)
		return;
	if (end->eof_out) {
		close_quietly(end);
		return;
	}
	if (end->shared) {
		end->raise = true;
		return;
	}
	/* Only octets that nobody read make a reset of a close. */
	if (queued(end->fd) == 0 && end->borrow)
		a = end->borrow(end->ctx);
	if (a >= 0)
		(void)!send(a, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(end->fd);
	end->fd = -1;
	if (a >= 0)
		close(a);
}

/*
 * B hangs up when nothing can pass either way: after A's close, after the
 * program's SHUT_RDWR, and after its SHUT_WR and our end_eof, when both
 * directions have come to their end by themselves.
 */
bool end_is_gone(struct end *end)
{
	if (end->gone)
		return true;
	if (end->shut_wr && end->shut_rd)
		end->gone = !end->is_held || !end->is_held(end->ctx);
	else if (!(end->shut_wr && end->eof_out))
		end->gone = true;
	return end->gone;
}

void end_let_go(struct end *end)
{
	end->gone = true;
	end->borrow = NULL;
	end->is_held = NULL;
}

size_t end_unread(const struct end *end)
{
	int n = 0;

	if (end->fd < 0 || ioctl(end->fd, SIOCOUTQ, &n) < 0 || n < 0)
		return 0;
	return (size_t)n;
}

void end_set_room(struct end *end, size_t octets)
{
	int n = octets > INT32_MAX / 2 ? INT32_MAX / 2 : (int)octets;

	if (n <= 0 || end->fd < 0)
		return;
	end->roomy = true;
	setsockopt(end->fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
}

void end_free(struct end *end)
{
	char marker;

	if (!end)
		return;
	if (end->fd >= 0) {
		/* A marker that stays unread would make this a reset. */
		if (end->shut_wr && end->left == 0 && !end->raise)
			(void)!read(end->fd, &marker, 1);
		close(end->fd);
	}
	free(end);
}

static int number_of(int fd, int name)
{
	socklen_t len = sizeof(int);
	int n = -1;

	return getsockopt(fd, SOL_SOCKET, name, &n, &len) < 0 ? -1 : n;
}

struct end *end_adopt(int fd)
{
	struct end *end;

	if (number_of(fd, SO_DOMAIN) != AF_UNIX ||
	    number_of(fd, SO_TYPE) != SOCK_STREAM ||
	    number_of(fd, SO_ACCEPTCONN) != 0) {
		close(fd);
		return NULL;
	}
	end = end_new(fd);
	if (end)
		end->shared = true;
	return end;
}

bool end_cut(struct end *end)
{
	const bool unread = end_unread(end) > 0;

	if (end->fd >= 0)
		shutdown(end->fd, SHUT_RDWR);
	end_let_go(end);
	return unread;
}

/* ----------------------------------------------------- the supervisor -- */

struct end *end_pair(int *a)
{
	struct end *end;
	int pair[2];

	if (!spare_has(2)) {
		errno = EMFILE;
		return NULL;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return NULL;
	/* A's flags are the program's affair. */
	end = fcntl(pair[1], F_SETFL, O_NONBLOCK) == 0 ? end_new(pair[1]) :
							 NULL;
	if (!end) {
		close(pair[0]);
		return NULL;
	}
	*a = pair[0];
	return end;
}

int end_fresh(void)
{
	int a = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return a < 0 ? -errno : a;
}

static void set_sndbuf(int fd, int octets)
{
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets));
}

struct end *end_join(int a)
{
	int b = spare_has(1) ? hub_join(a) : -EMFILE;

	if (b >= 0)
		return end_new(b);
	errno = -b;
	return NULL;
}

struct end *end_fill(int a)
{
	static const char junk[2048];
	socklen_t len = sizeof(int);
	struct end *end = end_join(a);
	ssize_t put;

	if (!end)
		return NULL;
	if (getsockopt(a, SOL_SOCKET, SO_SNDBUF, &end->sndbuf, &len) < 0)
		end->sndbuf = 0;
	set_sndbuf(a, END_FULL_SNDBUF);
	while ((put = send(a, junk, sizeof(junk),
			   MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		end->junk += (uint32_t)put;
	return end;
}

void end_open(struct end *end, int a)
{
	char junk[4096];

	/* Room first: what wakes the program is the junk that goes. */
	if (a >= 0 && end->sndbuf > 0) {
		set_sndbuf(a, end->sndbuf / 2); /* the kernel doubles it */
		end->sndbuf = 0;
	}
	while (end->junk > 0) {
		size_t want = end->junk < sizeof(junk) ? end->junk :
							 sizeof(junk);
		ssize_t got = recv(end->fd, junk, want, MSG_DONTWAIT);

		if (got <= 0)
			break;
		end->junk -= (uint32_t)got;
	}
}

void end_fail(struct end *end)
{
	end->shut_wr = false;
	end_free(end);
}

void end_tokens(struct end *end, int a, unsigned had, unsigned want)
{
	char token[64];

	for (; had < want; had++)
		(void)!send(end->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (had > want && a >= 0) {
		size_t n = had - want < sizeof(token) ? had - want :
							sizeof(token);
		ssize_t got = recv(a, token, n, MSG_DONTWAIT);

		if (got <= 0)
			break;
		had -= (unsigned)got;
	}
}

/* One octet with a descriptor in its company, which tells it from data. */
static ssize_t send_marker(int a)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	char octet = 0;
	struct iovec iov = {.iov_base = &octet, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	const int mark = hub_mark();

	if (mark >= 0) {
		struct cmsghdr *cmsg = &control.align;

		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &mark, sizeof(mark));
	}
	return sendmsg(a, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Another thread wrote while the marker went in.  A look at the queue stops
 * behind octets that carry a descriptor. */
static uint64_t find_marker(int b, size_t total)
{
	char *all = malloc(total);
	ssize_t got;

	if (!all)
		return total - 1;
	got = recv(b, all, total, MSG_PEEK | MSG_DONTWAIT);
	free(all);
	return got > 0 ? (uint64_t)got - 1 : total - 1;
}

/*
 * SHUT_WR, with a marker behind the octets that the program has sent.  The
 * marker stays in B's queue as long as B is open, so that a reset can still be
 * raised: nothing can be written through A any more.
 */
int end_shut_wr(struct end *end, int a)
{
	size_t before, after;
	ssize_t put;

	if (end->shut_wr)
		return 0;
	before = queued(end->fd);
	put = send_marker(a);
	if (put < 0 && errno == EAGAIN) {
		set_sndbuf(a, END_MORE_SNDBUF);
		put = send_marker(a);
	}
	if (shutdown(a, SHUT_WR) < 0)
		return -errno;
	end->shut_wr = true;
	after = queued(end->fd);
	if (put != 1)
		end->left = UINT64_MAX; /* the kernel's own end will do */
	else if (after == before + 1)
		end->left = before;
	else
		end->left = find_marker(end->fd, after);
	return 0;
}

/* The program reads its end; what still comes is taken and thrown away, as
 * the peer of a Linux host sees it. */
int end_shut_rd(struct end *end, int a)
{
	end->shut_rd = true;
	return shutdown(a, SHUT_RD) < 0 ? -errno : 0;
}

size_t end_unsent(const struct end *end)
{
	size_t n = end->fd >= 0 ? queued(end->fd) : 0;

	if (end->shut_wr && end->left != UINT64_MAX)
		return end->left;
	return n > end->junk ? n - end->junk : 0;
}
