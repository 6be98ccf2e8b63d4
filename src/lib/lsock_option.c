/* SPDX-License-Identifier: MIT */
/* getsockopt, setsockopt, ioctl, fcntl and dup. */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/errq.h"
#include "lib/ifreq.h"
#include "lib/linux_err.h"
#include "lib/lsock.h"
#include "lib/lsock_dgram.h"

/* --------------------------------------------- options of this side only -- */

/* Where the option is kept that catenet run leaves to the kernel's connection,
 * or cannot have; NULL: linux_opt knows. */
static int *own_option(struct lsock *sock, int level, int opt, int *inq)
{
	if (level == IPPROTO_TCP && opt == TCP_INQ)
		return inq;
	/* Nothing here is routed or queued by them. */
	if (level == SOL_SOCKET && opt == SO_MARK)
		return &sock->mark;
	if (level == SOL_SOCKET && opt == SO_PRIORITY)
		return &sock->priority;
	if ((level == IPPROTO_IP && opt == IP_MTU_DISCOVER) ||
	    (level == IPPROTO_IPV6 && opt == IPV6_MTU_DISCOVER &&
	     sock->ls.domain == AF_INET6))
		return &sock->discover;
	return NULL;
}

/* Every segment is sent whole: with DF, as WANT and DO have it, or, over IPv4,
 * without as DONT.  The other ways the engine does not know. */
static int set_discover(struct lsock *sock, int level, int value)
{
	bool dont = level == IPPROTO_IP && value == IP_PMTUDISC_DONT;

	if (!dont && value != IP_PMTUDISC_WANT && value != IP_PMTUDISC_DO)
		return ENOPROTOOPT;
	sock->discover = value;
	return linux_errno(cn_sock_set(sock->ls.sock, CN_OPT_FRAGMENT, dont,
				       sock->file.hub->now));
}

static int set_own(struct lsock *sock, int level, int *at, int value)
{
	if (at == &sock->discover)
		return set_discover(sock, level, value);
	if (at != &sock->mark && at != &sock->priority &&
	    (value < 0 || value > 1))
		return EINVAL;
	*at = value;
	return 0;
}

/* IP's own options may be one octet long. */
static int int_of(int level, const void *val, socklen_t len, int *value)
{
	const uint8_t *octet = val;

	if (len >= sizeof(*value))
		memcpy(value, val, sizeof(*value));
	else if (level == IPPROTO_IP && len)
		*value = octet[0];
	else
		return EINVAL;
	return 0;
}

/* Of a socket of its own, the engine's. */
static bool is_freebind(const struct lsock *sock, int level, int opt)
{
	return (level == IPPROTO_IP && opt == IP_FREEBIND) ||
	       (level == IPPROTO_IPV6 && opt == IPV6_FREEBIND &&
		sock->ls.domain == AF_INET6);
}

static bool is_errq(int level, int opt)
{
	return level == SOL_SOCKET &&
	       (opt == SO_ZEROCOPY || opt == SO_TIMESTAMPING);
}

static int set_option(struct lsock *sock, int level, int opt, const void *val,
		      socklen_t len)
{
	int inq = sock->inq, value, rc;
	int *at = own_option(sock, level, opt, &inq);

	if (sock->dgram)
		return lsock_dgram_set(sock, level, opt, val, len);
	if (!at && !is_errq(level, opt) && !is_freebind(sock, level, opt))
		return linux_opt_set(&sock->ls, level, opt, val, len,
				     sock->file.hub->now);
	rc = int_of(level, val, len, &value);
	if (rc)
		return rc;
	if (is_freebind(sock, level, opt))
		return linux_errno(cn_sock_set(sock->ls.sock, CN_OPT_FREEBIND,
					       value != 0,
					       sock->file.hub->now));
	if (!at)
		return errq_set(sock, opt, value);
	rc = set_own(sock, level, at, value);
	sock->inq = inq;
	return rc;
}

static int get_option(struct lsock *sock, int level, int opt, void *val,
		      socklen_t *len)
{
	int inq = sock->inq;
	const int *at = own_option(sock, level, opt, &inq);
	int64_t on = 0;
	int queue = 0;

	if (sock->dgram)
		return lsock_dgram_get(sock, level, opt, val, len);
	if (is_errq(level, opt)) {
		queue = errq_get(sock, opt);
		at = &queue;
	}
	if (is_freebind(sock, level, opt)) {
		(void)cn_sock_get(sock->ls.sock, CN_OPT_FREEBIND, &on);
		queue = (int)on;
		at = &queue;
	}
	if (!at)
		return linux_opt_get(&sock->ls, level, opt, val, len,
				     sock->file.hub->now);
	if ((int)*len < 0)
		return EINVAL;
	if (*len > sizeof(*at))
		*len = sizeof(*at);
	memcpy(val, at, *len);
	return 0;
}

/* As Linux's sk_write_space(), which a new size calls whatever it is: who asks
 * for edges hears of the room again. */
static void tell_room(struct lsock *sock)
{
	if (!(sock->file.ops->ready(&sock->file) & POLLOUT))
		return;
	sock->nospace = false;
	file_wake(&sock->file, POLLOUT | POLLWRNORM | POLLWRBAND);
}

static bool is_send_buffer(int level, int opt)
{
	return level == SOL_SOCKET &&
	       (opt == SO_SNDBUF || opt == SO_SNDBUFFORCE);
}

/* ---------------------------------------------------------------- calls -- */

int cn_setsockopt(int fd, int level, int opt, const void *val, socklen_t len)
{
	struct lsock *sock;
	int rc = lsock_enter(fd, &sock);

	if (rc)
		return lsock_fail(rc);
	if ((int)len < 0)
		rc = EINVAL;
	else if (!val && len)
		rc = EFAULT;
	else
		rc = set_option(sock, level, opt, val, len);
	if (!rc && is_send_buffer(level, opt))
		tell_room(sock);
	lsock_leave(sock);
	return rc ? lsock_fail(rc) : 0;
}

int cn_getsockopt(int fd, int level, int opt, void *val, socklen_t *len)
{
	struct lsock *sock;
	int rc = lsock_enter(fd, &sock);

	if (rc)
		return lsock_fail(rc);
	if (!len || (!val && *len))
		rc = EFAULT;
	else
		rc = get_option(sock, level, opt, val, len);
	lsock_leave(sock);
	return rc ? lsock_fail(rc) : 0;
}

/* --------------------------------------------------------------- ioctl -- */

static int count(size_t octets)
{
	return octets > INT32_MAX ? INT32_MAX : (int)octets;
}

static int unsent(const struct lsock *sock)
{
	struct cn_tcp_info info;

	return cn_sock_info(sock->ls.sock, &info) ? 0 : count(info.unsent);
}

static int at_mark(const struct lsock *sock)
{
	int64_t mark = 0;

	(void)cn_sock_get(sock->ls.sock, CN_OPT_ATMARK, &mark);
	return mark != 0;
}

static int ask_dgram(const struct lsock *sock, unsigned long request,
		     int *value)
{
	if (request == FIONREAD)
		*value = count(cn_dgram_readable(sock->dgram));
	else if (request == TIOCOUTQ)
		*value = count(cn_dgram_unsent(sock->dgram));
	else
		return ENOTTY;
	return 0;
}

/* 0 or an errno. */
static int ask_stream(const struct lsock *sock, unsigned long request,
		      int *value)
{
	bool listens = cn_sock_state(sock->ls.sock) == CN_LISTEN;

	switch (request) {
	case FIONREAD: /* SIOCINQ */
		*value = count(cn_sock_inq(sock->ls.sock));
		return listens ? EINVAL : 0;
	case TIOCOUTQ: /* SIOCOUTQ */
		*value = count(cn_sock_unacked(sock->ls.sock));
		return listens ? EINVAL : 0;
	case SIOCOUTQNSD:
		*value = unsent(sock);
		return listens ? EINVAL : 0;
	case SIOCATMARK:
		*value = at_mark(sock);
		return 0;
	default:
		return ENOTTY;
	}
}

static int set_nonblocking(struct file *file, bool on)
{
	file->flags = on ? file->flags | O_NONBLOCK : file->flags & ~O_NONBLOCK;
	return 0;
}

static int status_flags(int fd, bool set, int flags)
{
	struct file *file = file_get(fd);
	int now;

	if (!file)
		return lsock_fail(EBADF);
	hub_enter(file->hub);
	if (set)
		set_nonblocking(file, flags & O_NONBLOCK);
	now = O_RDWR | file->flags;
	hub_leave(file->hub);
	file_put(file);
	return set ? 0 : now;
}

int cn_ioctl(int fd, unsigned long request, void *arg)
{
	struct lsock *sock;
	int value = 0;
	int rc = lsock_enter(fd, &sock);

	if (rc == ENOTSOCK && request == FIONBIO && arg)
		return status_flags(fd, true,
				    *(const int *)arg ? O_NONBLOCK : 0);
	if (rc)
		return lsock_fail(rc == ENOTSOCK ? ENOTTY : rc);
	if (!arg)
		rc = EFAULT;
	else if (request == FIONBIO)
		rc = set_nonblocking(&sock->file, *(const int *)arg != 0);
	else
		rc = ifreq_ioctl(sock->stack, request, arg);
	if (rc == ENOTTY) {
		rc = sock->dgram ? ask_dgram(sock, request, &value) :
				   ask_stream(sock, request, &value);
		if (!rc)
			memcpy(arg, &value, sizeof(value));
	}
	lsock_leave(sock);
	return rc ? lsock_fail(rc) : 0;
}

/* --------------------------------------------------------- fcntl and dup -- */

static int duplicate(int fd, int from, bool cloexec)
{
	struct file *file = file_get(fd);
	int copy;

	if (!file)
		return lsock_fail(EBADF);
	copy = file_install(file, from, cloexec);
	if (copy >= 0)
		return copy;
	file_put(file);
	return lsock_fail(-copy);
}

int cn_dup(int fd)
{
	return duplicate(fd, CN_FD_FIRST, false);
}

int cn_fcntl(int fd, int cmd, int arg)
{
	int flags;

	switch (cmd) {
	case F_GETFL:
		return status_flags(fd, false, 0);
	case F_SETFL:
		return status_flags(fd, true, arg);
	case F_GETFD:
		flags = file_fd_flags(fd, -1);
		return flags < 0 ? lsock_fail(EBADF) : flags;
	case F_SETFD:
		flags = file_fd_flags(fd, arg & FD_CLOEXEC);
		return flags < 0 ? lsock_fail(EBADF) : 0;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return duplicate(fd, arg < CN_FD_FIRST ? CN_FD_FIRST : arg,
				 cmd == F_DUPFD_CLOEXEC);
	default:
		return lsock_fail(EINVAL);
	}
}
