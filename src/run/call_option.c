/* SPDX-License-Identifier: MIT */
/*
 * Names, options and questions.  The supervisor answers what is a fact of the
 * descriptor; the world answers what is a fact of the connection.
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/sockios.h>

#include "run/supervisor.h"
#include "run/world/end.h"
#include "run/world/world.h"

#ifndef SO_RCVTIMEO_NEW
#define SO_RCVTIMEO_NEW 66
#define SO_SNDTIMEO_NEW 67
#endif

/* As much as any option takes (a Fast Open key, a congestion control name, a
 * filter is refused by its number). */
#define OPTION_MAX 4096
/* The highest of SO_PRIORITY that anybody may set. */
#define PRIORITY_FREE 6
/* Some four hundred interfaces. */
#define IFCONF_MAX 16384

long copy_out(pid_t tid, uint64_t at, uint64_t len_at, const void *value,
	      uint32_t len)
{
	int32_t room;
	long err = task_read(tid, len_at, &room, sizeof(room));

	if (err < 0)
		return err;
	if (room < 0)
		return -EINVAL;
	err = task_write(tid, at, value,
			 (uint32_t)room < len ? (uint32_t)room : len);
	if (err < 0)
		return err;
	return task_write(tid, len_at, &len, sizeof(len));
}

long call_getsockname(struct call *call)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	long err =
		world_name(call->psock->sock, (struct sockaddr *)&addr, &len);

	if (err < 0)
		return err;
	return copy_out(call->tid, call->args[1], call->args[2], &addr, len);
}

long call_getpeername(struct call *call)
{
	const struct psock *psock = call->psock;
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	long err;

	if (psock->state != PSOCK_OPEN && psock->state != PSOCK_OVER)
		return -ENOTCONN;
	err = world_peer(psock->sock, (struct sockaddr *)&addr, &len);
	if (err < 0)
		return err;
	return copy_out(call->tid, call->args[1], call->args[2], &addr, len);
}

/* -------------------------------------------------------------- options */

static bool is_native(int name)
{
	switch (name) {
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
	case SO_RCVTIMEO_NEW:
	case SO_SNDTIMEO_NEW:
	case SO_PEEK_OFF:
		return true;
	default:
		return false;
	}
}

/* A's own queue stands before the stack's: it may not be larger than what the
 * program asked of the whole. */
static void set_sndbuf(struct call *call, int octets)
{
	struct end *end = call->psock->end;

	if (octets < 2048)
		octets = 2048;
	if (octets > INT32_MAX / 4)
		octets = INT32_MAX / 4;
	if (end && end->sndbuf > 0)
		end->sndbuf = 2 * octets; /* when it is no longer filled */
	else
		(void)setsockopt(call->a, SOL_SOCKET, SO_SNDBUF, &octets,
				 sizeof(octets));
}

/* Interfaces are those of the programs' network: those that lead out, by which
 * all goes that is not the loopback's, and the loopback. */
static long check_device(const struct call *call, const char *value,
			 socklen_t len)
{
	struct ifreq req;

	memset(&req, 0, sizeof(req));
	memcpy(req.ifr_name, value, len < IFNAMSIZ ? len : IFNAMSIZ - 1);
	if (call->sup->ask < 0 || !req.ifr_name[0] ||
	    !strcmp(req.ifr_name, "lo"))
		return CALL_CONTINUE;
	return ioctl(call->sup->ask, SIOCGIFINDEX, &req) < 0 ? -ENODEV : 0;
}

/*
 * What only an administrator may set (socket(7)) the kernel would ask of us, who
 * may be root where the program is not: so it is asked of the task.  SO_MARK
 * and SO_PRIORITY are for CAP_NET_RAW too since Linux 5.17.
 */
static bool may_set(const struct call *call, int name, const void *value,
		    socklen_t len)
{
	char device[IFNAMSIZ];
	int number = 0;

	if (len >= sizeof(number))
		memcpy(&number, value, sizeof(number));
	switch (name) {
	case SO_PRIORITY:
		if (number >= 0 && number <= PRIORITY_FREE)
			return true;
		break;
	case SO_BINDTODEVICE:
		/* Once it is bound, whoever may use raw sockets. */
		len = sizeof(device);
		return world_getsockopt(call->psock->sock, SOL_SOCKET, name,
					device, &len) < 0 ||
		       !len || task_is_capable(call->tid, CAP_NET_RAW);
	case SO_MARK:
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		break;
	default:
		return true;
	}
	return task_is_capable(call->tid, CAP_NET_ADMIN) ||
	       ((name == SO_MARK || name == SO_PRIORITY) &&
		task_is_capable(call->tid, CAP_NET_RAW));
}

static long set_socket_option(struct call *call, int name, const void *value,
			      socklen_t len)
{
	int number = 0;
	long err;

	if (len < sizeof(number) && name != SO_BINDTODEVICE)
		return -EINVAL;
	switch (name) {
	case SO_TYPE:
	case SO_DOMAIN:
	case SO_PROTOCOL:
	case SO_ACCEPTCONN:
	case SO_ERROR:
	case SO_COOKIE:
	case SO_PEERCRED:
		return -ENOPROTOOPT;
	default:
		break;
	}
	if (is_native(name)) {
		if (setsockopt(call->a, SOL_SOCKET, name, value, len) < 0)
			return -errno;
		if (name == SO_RCVTIMEO_NEW)
			name = SO_RCVTIMEO;
		else if (name == SO_SNDTIMEO_NEW)
			name = SO_SNDTIMEO;
		psock_note_native(call->psock, call->a, name);
		return 0;
	}
	if (!may_set(call, name, value, len))
		return -EPERM;
	if (name == SO_BINDTODEVICE) {
		err = check_device(call, value, len);
		if (err != CALL_CONTINUE)
			return err;
	}
	err = world_setsockopt(call->psock->sock, SOL_SOCKET, name, value, len);
	if (err < 0)
		return err;
	if (len >= sizeof(number))
		memcpy(&number, value, sizeof(number));
	if (name == SO_SNDBUF || name == SO_SNDBUFFORCE)
		set_sndbuf(call, number);
	else if ((name == SO_OOBINLINE || name == SO_RCVLOWAT) &&
		 setsockopt(call->a, SOL_SOCKET, name, value, len) == 0)
		psock_note_native(call->psock, call->a, name);
	return 0;
}

long call_setsockopt(struct call *call)
{
	const int level = (int)call->args[1], name = (int)call->args[2];
	const int len = (int)call->args[4];
	char value[OPTION_MAX];
	long err;

	if (len < 0 || len > OPTION_MAX)
		return -EINVAL;
	err = task_read(call->tid, call->args[3], value, (size_t)len);
	if (err < 0)
		return err;
	if (level == SOL_SOCKET)
		return set_socket_option(call, name, value, (socklen_t)len);
	if (groups_option(call->psock, level, name))
		return groups_set(call->psock, level, name, value,
				  (socklen_t)len);
	err = world_setsockopt(call->psock->sock, level, name, value,
			       (socklen_t)len);
	if (err == 0 && level == IPPROTO_IPV6 && name == IPV6_ADDRFORM)
		call->psock->family = AF_INET;
	return err;
}

/*
 * A's own error says whether there is one, and reading it clears it, as the
 * program's read or write would have; which one it is, the world has told.
 * After the peer's end A has none (end_reset), and that of TCP is EPIPE; nor
 * has one that is new because the socket was disconnected.
 */
int take_error(struct psock *psock, int a)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(a, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return errno;
	if (psock->err != 0 &&
	    (err != 0 || psock->err == EPIPE || psock->state == PSOCK_CLOSED))
		err = psock->err;
	psock->err = 0;
	return err;
}

static long get_socket_option(struct call *call, int name, void *value,
			      socklen_t *len)
{
	struct psock *psock = call->psock;
	const struct {
		int32_t pid, uid, gid;
	} nobody = {0, -1, -1};
	int number;

	switch (name) {
	case SO_TYPE:
		number = SOCK_STREAM;
		break;
	case SO_DOMAIN:
		number = psock->family;
		break;
	case SO_PROTOCOL:
		number = IPPROTO_TCP;
		break;
	case SO_ACCEPTCONN:
		number = psock->state == PSOCK_LISTENING;
		break;
	case SO_ERROR:
		number = take_error(psock, call->a);
		call->once = number != 0;
		call->grace = number != 0;
		break;
	case SO_COOKIE:
		memcpy(value, &psock->cookie, sizeof(psock->cookie));
		*len = sizeof(psock->cookie);
		return 0;
	case SO_PEERCRED:
		memcpy(value, &nobody, sizeof(nobody));
		*len = sizeof(nobody);
		return 0;
	default:
		if (!is_native(name))
			return world_getsockopt(psock->sock, SOL_SOCKET, name,
						value, len);
		return getsockopt(call->a, SOL_SOCKET, name, value, len) < 0 ?
			       -errno :
			       0;
	}
	memcpy(value, &number, sizeof(number));
	*len = sizeof(number);
	return 0;
}

static bool is_level(int level)
{
	return level == IPPROTO_IP || level == IPPROTO_IPV6 ||
	       level == IPPROTO_TCP;
}

long call_getsockopt(struct call *call)
{
	const int level = (int)call->args[1], name = (int)call->args[2];
	char value[OPTION_MAX] = {0};
	int32_t room;
	socklen_t len;
	long err = task_read(call->tid, call->args[4], &room, sizeof(room));

	if (err < 0)
		return err;
	if (room < 0)
		return -EINVAL;
	len = room > OPTION_MAX ? OPTION_MAX : (socklen_t)room;
	if (level == SOL_SOCKET)
		err = get_socket_option(call, name, value, &len);
	else if (!is_level(level)) /* as the kernel's two families say it */
		err = call->psock->family == AF_INET ? -EOPNOTSUPP :
						       -ENOPROTOOPT;
	else if (groups_option(call->psock, level, name))
		err = groups_get(call->psock, level, name, value, &len);
	else
		err = world_getsockopt(call->psock->sock, level, name, value,
				       &len);
	if (err < 0)
		return err;
	/* The length told back is that of what was written. */
	if (len > (socklen_t)room)
		len = (socklen_t)room;
	err = task_write(call->tid, call->args[3], value, len);
	if (err < 0)
		return err;
	return task_write(call->tid, call->args[4], &len, sizeof(len));
}

/* --------------------------------------------------------------- ioctls */

/* Questions about interfaces that the kernel answers only to its own internet
 * sockets. */
static long ask_interface(struct call *call, unsigned long cmd)
{
	struct ifreq req;
	long err = task_read(call->tid, call->args[2], &req, sizeof(req));
	int fd;

	if (err < 0)
		return err;
	fd = call->sup->ask;
	if (fd < 0)
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = ioctl(fd, cmd, &req) < 0 ? -errno : 0;
	if (fd != call->sup->ask)
		close(fd);
	if (err < 0)
		return err;
	return task_write(call->tid, call->args[2], &req, sizeof(req));
}

/* The list of interfaces, into a buffer of the program's; without one, how long
 * it would be. */
static long list_interfaces(struct call *call)
{
	struct ifconf conf, own;
	char list[IFCONF_MAX];
	long err = task_read(call->tid, call->args[2], &conf, sizeof(conf));

	if (err < 0)
		return err;
	own.ifc_len = conf.ifc_len;
	own.ifc_buf = conf.ifc_buf ? list : NULL;
	if (own.ifc_len < 0)
		return -EINVAL;
	if (own.ifc_len > IFCONF_MAX)
		own.ifc_len = IFCONF_MAX;
	if (ioctl(call->sup->ask, SIOCGIFCONF, &own) < 0)
		return -errno;
	if (conf.ifc_buf) {
		err = task_write(call->tid, (uint64_t)(uintptr_t)conf.ifc_buf,
				 list, (size_t)own.ifc_len);
		if (err < 0)
			return err;
	}
	conf.ifc_len = own.ifc_len;
	return task_write(call->tid, call->args[2], &conf, sizeof(conf));
}

/*
 * A is a socket of our network, whose interfaces are not the program's: what
 * the kernel would tell of any socket is asked of one that is of theirs, and
 * nothing is set.
 */
static long ask_theirs(struct call *call, uint32_t cmd)
{
	switch (cmd) {
	case SIOCGIFCONF:
		return list_interfaces(call);
	case SIOCGIFNAME:
	case SIOCGIFFLAGS:
	case SIOCGIFMETRIC:
	case SIOCGIFMTU:
	case SIOCGIFHWADDR:
	case SIOCGIFINDEX:
	case SIOCGIFTXQLEN:
	case SIOCGIFMAP:
		return ask_interface(call, cmd);
	case SIOCSIFNAME:
	case SIOCSIFFLAGS:
	case SIOCSIFADDR:
	case SIOCSIFDSTADDR:
	case SIOCSIFBRDADDR:
	case SIOCSIFNETMASK:
	case SIOCSIFMETRIC:
	case SIOCSIFMTU:
	case SIOCSIFHWADDR:
	case SIOCSIFHWBROADCAST:
	case SIOCSIFTXQLEN:
	case SIOCSIFMAP:
	case SIOCADDMULTI:
	case SIOCDELMULTI:
		return -EPERM;
	default: /* of drivers */
		return cmd >= SIOCETHTOOL ? -EOPNOTSUPP : CALL_CONTINUE;
	}
}

static long ask_queue(struct call *call, bool unsent)
{
	const struct psock *psock = call->psock;
	uint64_t octets;
	int n;

	if (psock->state == PSOCK_LISTENING)
		return -EINVAL;
	octets = unsent ? world_unsent(psock->sock) : world_outq(psock->sock);
	n = octets > INT32_MAX ? INT32_MAX : (int)octets;
	return task_write(call->tid, call->args[2], &n, sizeof(n));
}

long call_ioctl(struct call *call)
{
	switch ((uint32_t)call->args[1]) {
	case SIOCOUTQ:
		return ask_queue(call, false);
	case SIOCOUTQNSD:
		return ask_queue(call, true);
	case SIOCGIFADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFDSTADDR:
		return ask_interface(call, (uint32_t)call->args[1]);
	default:
		return call->sup->ask < 0 ?
			       CALL_CONTINUE :
			       ask_theirs(call, (uint32_t)call->args[1]);
	}
}
