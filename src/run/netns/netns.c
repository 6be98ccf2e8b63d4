/* SPDX-License-Identifier: MIT */
/*
 * namespaces(7).  A child makes them and hands their descriptors back, so that
 * this process never leaves its own network; where it may not, it says which
 * step was refused.
 *
 * /dev/net/tun may be closed to users.  Then there are two network namespaces:
 * the programs', and one for us, joined by a pair of Ethernet interfaces.  In
 * ours there is nothing but our end and a packet socket on it, which keeps
 * both alive.
 */
#include "run/netns/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

#include "link/netlink.h"
#include "link/packet.h"
#include "link/tun.h"

/* Our end of an interface: "held0". */
#define HELD "held"

/* Locally administered. */
const uint8_t netns_mac[CN_MAC_LEN] = {0x02, 0xca, 0x7e, 0, 0, 1};

/* What the child hands back, as far as there is any. */
enum {
	FD_NET,
	FD_USER,
	FD_ASK,
	FD_LIST4,
	FD_LIST6,
	FD_TWIN,
	FD_SPARE = FD_TWIN + 2,
	FD_LINK = FD_SPARE + NETNS_SPARE,
	FD_N = FD_LINK + NETNS_INTERFACES,
};

struct answer {
	int err; /* positive errno, and why */
	int index[NETNS_INTERFACES]; /* of the packet sockets' interfaces */
	unsigned n; /* descriptors that come with it, and which they are */
	uint8_t which[FD_N];
	char why[NETNS_ERROR];
};

struct maker {
	const struct netns_config *config;
	struct answer answer;
	int fd[FD_N];
};

static int failed(struct maker *maker, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int failed(struct maker *maker, int err, const char *format, ...)
{
	va_list args;

	maker->answer.err = err < 0 ? -err : err;
	va_start(args, format);
	vsnprintf(maker->answer.why, sizeof(maker->answer.why), format, args);
	va_end(args);
	return -1;
}

/* ------------------------------------------------------ user namespace -- */

static int put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	err = n < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* The user keeps the own number; nobody else has one. */
static int map_self(uid_t uid, gid_t gid)
{
	char text[64];
	int err = put_file("/proc/self/setgroups", "deny");

	if (err && err != -ENOENT)
		return err;
	snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	err = put_file("/proc/self/uid_map", text);
	if (err)
		return err;
	snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	return put_file("/proc/self/gid_map", text);
}

/* ENOSPC is no disk: as many as the administrator allows, often none. */
static const char *refusal(int err)
{
	return err == ENOSPC ? "no more are allowed (sysctl "
			       "user.max_user_namespaces, "
			       "user.max_net_namespaces)" :
			       strerror(err);
}

static int make_user(struct maker *maker)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	int err;

	if (uid == 0)
		return 0;
	/* The supervisor does not let itself be looked into, and neither may
	 * this child write of itself unless it does. */
	(void)prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER) < 0)
		return failed(maker, errno, "a user namespace is refused: %s",
			      refusal(errno));
	err = map_self(uid, gid);
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (err)
		return failed(maker, err,
			      "the user cannot be named in a user namespace: "
			      "%s",
			      strerror(-err));
	maker->fd[FD_USER] = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	if (maker->fd[FD_USER] < 0)
		return failed(maker, errno, "/proc/self/ns/user: %s",
			      strerror(errno));
	return 0;
}

/* ----------------------------------------------------------- interface -- */

static int new_network(struct maker *maker, int *fd)
{
	if (unshare(CLONE_NEWNET) < 0)
		return failed(maker, errno,
			      "a network namespace is refused: %s",
			      refusal(errno));
	*fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return failed(maker, errno, "/proc/self/ns/net: %s",
			      strerror(errno));
	return 0;
}

static bool take_tuns(struct maker *maker)
{
	const struct netns_config *config = maker->config;
	struct tun tun;

	if (config->no_tun)
		return false;
	for (unsigned i = 0; i < config->interface_n; i++) {
		if (tun_open(&tun, config->interface[i].name, 0, NULL))
			return false;
		maker->fd[FD_LINK + i] = tun.fd;
	}
	return true;
}

static int make_pair(struct maker *maker, unsigned i, int far)
{
	const struct netns_interface *interface = &maker->config->interface[i];
	struct netlink netlink;
	int rc = netlink_open(&netlink);
	char held[16], path[64];

	snprintf(held, sizeof(held), HELD "%u", i);
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
		 held);
	if (!rc)
		rc = netlink_veth_add(&netlink, held, interface->name, far,
				      netns_mac);
	/* Nothing of the kernel's own speaks or listens on our end. */
	(void)put_file(path, "1");
	if (!rc)
		rc = netlink_up(&netlink, held, interface->mtu);
	if (rc)
		(void)failed(maker, rc, "%s", netlink.error);
	netlink_close(&netlink);
	if (rc)
		return rc;
	maker->fd[FD_LINK + i] = packet_open(held, &maker->answer.index[i]);
	if (maker->fd[FD_LINK + i] < 0)
		return failed(maker, maker->fd[FD_LINK + i],
			      "a packet socket: %s",
			      strerror(-maker->fd[FD_LINK + i]));
	return 0;
}

/* The kernel completes checksums and cuts: what comes out is as on a wire. */
static void no_offload(const char *interface)
{
	struct ethtool_value value = {.cmd = ETHTOOL_STXCSUM, .data = 0};
	struct ifreq ifreq;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	memset(&ifreq, 0, sizeof(ifreq));
	snprintf(ifreq.ifr_name, sizeof(ifreq.ifr_name), "%s", interface);
	ifreq.ifr_data = (char *)&value;
	(void)ioctl(fd, SIOCETHTOOL, &ifreq);
	close(fd);
}

/* From our network, in which we are, to the programs'. */
static int take_pairs(struct maker *maker, int ours)
{
	const unsigned n = maker->config->interface_n;

	if (new_network(maker, &maker->fd[FD_NET]))
		return -1;
	if (setns(ours, CLONE_NEWNET) < 0)
		return failed(maker, errno, "back to a network namespace: %s",
			      strerror(errno));
	for (unsigned i = 0; i < n; i++)
		if (make_pair(maker, i, maker->fd[FD_NET]))
			return -1;
	if (setns(maker->fd[FD_NET], CLONE_NEWNET) < 0)
		return failed(maker, errno, "into a network namespace: %s",
			      strerror(errno));
	for (unsigned i = 0; i < n; i++)
		no_offload(maker->config->interface[i].name);
	return 0;
}

static int make_interfaces(struct maker *maker)
{
	int ours, rc;

	if (new_network(maker, &ours))
		return -1;
	if (take_tuns(maker)) {
		maker->fd[FD_NET] = ours;
		return 0;
	}
	rc = take_pairs(maker, ours);
	close(ours);
	return rc;
}

/* ------------------------------------------------- what it looks like -- */

static void settings_of(const char *interface)
{
	static const char *const ours[][3] = {
		{"ipv6", "accept_ra", "0"},
		{"ipv6", "router_solicitations", "0"},
		{"ipv6", "addr_gen_mode", "1"},
		{"ipv6", "accept_dad", "0"},
		{"ipv4", "rp_filter", "0"},
		/* Loopback addresses that the world has translated. */
		{"ipv4", "route_localnet", "1"},
		/* Whom a packet did not reach is told by the own host. */
		{"ipv4", "accept_local", "1"},
	};
	char path[96];

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s",
			 ours[i][0], interface, ours[i][1]);
		(void)put_file(path, ours[i][2]);
	}
}

/* What cannot be set is left: a folder of settings may be read-only. */
static void settings(const struct netns_config *config)
{
	char text[64];

	for (unsigned i = 0; i < config->interface_n; i++)
		settings_of(config->interface[i].name);
	(void)put_file("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	/* Whoever may ping on no machine may ping here. */
	snprintf(text, sizeof(text), "%u %u", geteuid() ? getegid() : 0,
		 geteuid() ? getegid() : 2147483647u);
	(void)put_file("/proc/sys/net/ipv4/ping_group_range", text);
	snprintf(text, sizeof(text), "%u %u", config->port_low,
		 config->port_high);
	(void)put_file("/proc/sys/net/ipv4/ip_local_port_range", text);
	snprintf(text, sizeof(text), "%u", config->port_unprivileged);
	(void)put_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", text);
}

/* IPv6 may be missing here, or the MTU too small for it. */
static int forgive6(int rc, const struct cn_addr *addr)
{
	return cn_addr_is_v4(addr) ? rc : 0;
}

static int add_gateway(struct netlink *netlink, const char *interface,
		       const struct cn_addr *gateway)
{
	bool v4 = cn_addr_is_v4(gateway);

	if (cn_addr_is_any(gateway))
		return 0;
	return forgive6(netlink_route_add(netlink, interface, gateway,
					  v4 ? 32 : 128, NULL),
			gateway);
}

static int add_default(struct netlink *netlink, const char *interface, bool has,
		       const struct cn_addr *src)
{
	if (!has)
		return 0;
	return forgive6(netlink_default_add(netlink, interface, src), src);
}

static int add_addrs(struct netlink *netlink, const struct netns_config *config)
{
	int rc = 0;

	for (unsigned i = 0; i < config->addr_n && !rc; i++) {
		const struct netns_addr *own = &config->addr[i];

		rc = forgive6(netlink_addr_add(netlink,
					       config->interface[own->on].name,
					       &own->addr, own->prefix_len),
			      &own->addr);
	}
	return rc;
}

/* The world's routes decide; these say by which interface, and which address a
 * packet is sent from. */
static void add_routes(struct netlink *netlink,
		       const struct netns_config *config)
{
	for (unsigned i = 0; i < config->route_n; i++) {
		const struct netns_route *route = &config->route[i];
		const char *name = config->interface[route->on].name;
		bool via = !cn_addr_is_any(&route->router);

		if (netlink_route_add(netlink, name, &route->prefix,
				      route->prefix_len,
				      via ? &route->router : NULL) &&
		    via)
			(void)!netlink_route_add(netlink, name, &route->prefix,
						 route->prefix_len, NULL);
	}
}

static int furnish_by(struct netlink *netlink,
		      const struct netns_config *config)
{
	const char *first = config->interface[0].name;
	int rc = netlink_up(netlink, "lo", 0);

	for (unsigned i = 0; i < config->interface_n && !rc; i++)
		rc = netlink_up(netlink, config->interface[i].name,
				config->interface[i].mtu);
	if (!rc)
		rc = add_addrs(netlink, config);
	if (!rc)
		rc = add_gateway(netlink, first, &config->gateway4);
	if (!rc)
		rc = add_gateway(netlink, first, &config->gateway6);
	if (!rc)
		rc = add_default(netlink, first, config->has_default4,
				 &config->src4);
	if (!rc)
		rc = add_default(netlink, first, config->has_default6,
				 &config->src6);
	if (!rc)
		add_routes(netlink, config);
	return rc;
}

static int open_socket(struct maker *maker, int which)
{
	maker->fd[which] =
		socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (maker->fd[which] < 0)
		return failed(maker, errno, "a socket: %s", strerror(errno));
	return 0;
}

/* What can be made only in there. */
static int leave_behind(struct maker *maker)
{
	static const char *const lists[] = {"/proc/self/net/udp",
					    "/proc/self/net/udp6"};

	if (open_socket(maker, FD_ASK))
		return -1;
	for (int i = 0; i < 2; i++) {
		int *fd = &maker->fd[FD_LIST4 + i];

		*fd = open(lists[i], O_RDONLY | O_CLOEXEC);
		if (*fd < 0)
			*fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (*fd < 0)
			return failed(maker, errno, "/dev/null: %s",
				      strerror(errno));
	}
	for (int i = 0; i < NETNS_SPARE && maker->config->has_ports; i++)
		if (open_socket(maker, FD_SPARE + i))
			return -1;
	for (int i = 0; i < 2; i++) {
		maker->fd[FD_TWIN + i] = twin_open();
		if (maker->fd[FD_TWIN + i] < 0)
			return failed(maker, errno, "a socket: %s",
				      strerror(errno));
	}
	return 0;
}

static int furnish(struct maker *maker)
{
	struct netlink netlink;
	int rc = netlink_open(&netlink);

	settings(maker->config);
	if (!rc)
		rc = furnish_by(&netlink, maker->config);
	if (rc)
		(void)failed(maker, rc, "%s", netlink.error);
	netlink_close(&netlink);
	if (rc)
		return rc;
	return leave_behind(maker);
}

/* ------------------------------------------------------------ hand-over -- */

#define CONTROL_LEN CMSG_SPACE(FD_N * sizeof(int))

static void hand_over(const struct maker *maker, int sock)
{
	union {
		char space[CONTROL_LEN];
		struct cmsghdr align;
	} control;
	struct answer answer = maker->answer;
	struct iovec iov = {.iov_base = &answer, .iov_len = sizeof(answer)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int fd[FD_N];
	size_t n = 0;

	for (uint8_t i = 0; i < FD_N; i++) {
		if (maker->fd[i] < 0)
			continue;
		fd[n] = maker->fd[i];
		answer.which[n++] = i;
	}
	answer.n = (unsigned)n;
	if (!answer.err) {
		memset(&control, 0, sizeof(control));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fd, n * sizeof(int));
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	}
	(void)sendmsg(sock, &msg, MSG_NOSIGNAL);
}

static _Noreturn void be_maker(const struct netns_config *config, int sock)
{
	struct maker maker = {.config = config};

	for (int i = 0; i < FD_N; i++)
		maker.fd[i] = -1;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (config->no_namespace)
		(void)failed(&maker, EPERM, "a user namespace is refused: %s",
			     strerror(EPERM));
	else if (!make_user(&maker) && !make_interfaces(&maker))
		(void)furnish(&maker);
	hand_over(&maker, sock);
	_exit(0);
}

static int take(struct netns *ns, int sock, char *why)
{
	union {
		char space[CONTROL_LEN];
		struct cmsghdr align;
	} control;
	struct answer answer = {.err = 0};
	struct iovec iov = {.iov_base = &answer, .iov_len = sizeof(answer)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	int fd[FD_N], found;
	const struct cmsghdr *cmsg;
	size_t n;

	for (int i = 0; i < FD_N; i++)
		fd[i] = -1;
	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(answer)) {
		snprintf(why, NETNS_ERROR, "its maker has ended");
		return -ECHILD;
	}
	memcpy(why, answer.why, NETNS_ERROR);
	if (answer.err)
		return -answer.err;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS) {
		snprintf(why, NETNS_ERROR, "no room for its descriptors");
		return -EMFILE;
	}
	n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < n && i < answer.n; i++) {
		memcpy(&found, CMSG_DATA(cmsg) + i * sizeof(int),
		       sizeof(found));
		fd[answer.which[i]] = found;
	}
	ns->net_fd = fd[FD_NET];
	for (int i = 0; i < NETNS_INTERFACES; i++)
		ns->link[i] =
			(struct netns_link){fd[FD_LINK + i], answer.index[i]};
	ns->ask_fd = fd[FD_ASK];
	memcpy(ns->list_fd, fd + FD_LIST4, sizeof(ns->list_fd));
	memcpy(ns->twin_fd, fd + FD_TWIN, sizeof(ns->twin_fd));
	memcpy(ns->spare_fd, fd + FD_SPARE, sizeof(ns->spare_fd));
	ns->user_fd = fd[FD_USER];
	if (n == answer.n)
		return 0;
	netns_release(ns);
	snprintf(why, NETNS_ERROR, "no room for its descriptors");
	return -EMFILE;
}

int netns_make(struct netns *ns, const struct netns_config *config,
	       char why[NETNS_ERROR])
{
	pid_t pid;
	int pair[2], rc;

	netns_init(ns);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    (pid = fork()) < 0) {
		rc = -errno;
		snprintf(why, NETNS_ERROR, "%s", strerror(-rc));
		return rc;
	}
	if (pid == 0) {
		close(pair[0]);
		be_maker(config, pair[1]);
	}
	close(pair[1]);
	rc = take(ns, pair[0], why);
	close(pair[0]);
	(void)waitpid(pid, NULL, 0);
	return rc;
}

static void give_up(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void netns_init(struct netns *ns)
{
	*ns = (struct netns){
		.user_fd = -1,
		.net_fd = -1,
		.ask_fd = -1,
		.list_fd = {-1, -1},
		.twin_fd = {-1, -1},
	};
	for (int i = 0; i < NETNS_INTERFACES; i++)
		ns->link[i].fd = -1;
	for (int i = 0; i < NETNS_SPARE; i++)
		ns->spare_fd[i] = -1;
}

void netns_release(struct netns *ns)
{
	give_up(&ns->user_fd);
	give_up(&ns->net_fd);
	give_up(&ns->ask_fd);
	for (int i = 0; i < NETNS_INTERFACES; i++)
		give_up(&ns->link[i].fd);
	give_up(&ns->list_fd[0]);
	give_up(&ns->list_fd[1]);
	give_up(&ns->twin_fd[0]);
	give_up(&ns->twin_fd[1]);
	for (int i = 0; i < NETNS_SPARE; i++)
		give_up(&ns->spare_fd[i]);
}

int netns_enter(const struct netns *ns)
{
	if (ns->user_fd >= 0 && setns(ns->user_fd, CLONE_NEWUSER) < 0)
		return -errno;
	return setns(ns->net_fd, CLONE_NEWNET) < 0 ? -errno : 0;
}
