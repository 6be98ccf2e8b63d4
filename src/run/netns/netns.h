/* SPDX-License-Identifier: MIT */
/*
 * The network namespace of the programs: a network that has one interface
 * besides its loopback, or several, and whoever holds their other sides
 * decides what becomes of every packet.
 *
 * An ordinary user gets it inside a user namespace, in which nobody but that
 * user exists.  Started as root it is a network namespace alone, so that
 * programs may change their user.
 */
#ifndef RUN_NETNS_NETNS_H
#define RUN_NETNS_NETNS_H

#include <catenet/frame.h>

#define NETNS_INTERFACE "catenet0"
#define NETNS_INTERFACES 14
#define NETNS_ADDRS 64
#define NETNS_ROUTES 128
#define NETNS_ERROR 320
#define NETNS_RESOLV 2048
#define NETNS_HOSTNAME 65
/* Sockets of the namespace that are handed out unbound. */
#define NETNS_SPARE 16

struct netns_addr {
	struct cn_addr addr;
	unsigned prefix_len;
	unsigned on; /* number of the interface */
};

struct netns_route {
	struct cn_addr prefix;
	struct cn_addr router; /* any: on the link itself */
	unsigned prefix_len;
	unsigned on;
};

struct netns_interface {
	char name[16];
	uint32_t mtu;
};

/* What it shall look like from inside. */
struct netns_config {
	struct netns_interface interface[NETNS_INTERFACES];
	unsigned interface_n;
	struct netns_addr addr[NETNS_ADDRS];
	unsigned addr_n;
	/* Besides those that come with addresses; one that is there already is
	 * passed over. */
	struct netns_route route[NETNS_ROUTES];
	unsigned route_n;
	/* Whoever answers for this machine; beyond the first interface,
	 * whatever the other routes say.  An any-address: nobody. */
	struct cn_addr gateway4, gateway6;
	/* Where everything else leads; has_... false: nowhere, as on this
	 * machine.  An any-address: sent from whichever fits. */
	bool has_default4, has_default6;
	struct cn_addr src4, src6;
	/* Limits of this machine that are each network's own. */
	uint16_t port_low, port_high, port_unprivileged;
	bool has_ports; /* with sockets to hand out */
	bool no_tun; /* a pair of interfaces, also where a TUN could be had */
	bool no_namespace; /* fail as where it is forbidden */
	char resolv[NETNS_RESOLV]; /* of /etc/resolv.conf; "": as it is */
	char hostname[NETNS_HOSTNAME]; /* "": the machine's */
};

/* The held side of an interface. */
struct netns_link {
	int fd; /* of a TUN with virtio headers, or a packet socket */
	int index; /* of the packet socket's interface; 0: it is a TUN */
};

/* Ethernet address of the programs' side, where it has one. */
extern const uint8_t netns_mac[CN_MAC_LEN];

struct netns {
	int user_fd; /* -1: none of its own */
	int net_fd;
	int ask_fd; /* a datagram socket of the namespace, for questions */
	/* Its /proc/net/udp and udp6, to be read again and again; empty where
	 * there is none. */
	int list_fd[2];
	int spare_fd[NETNS_SPARE]; /* UDP over IPv4, non-blocking */
	/* Two TCP sockets of the kernel's, of which netns_tcp makes others. */
	int twin_fd[2];
	struct netns_link link[NETNS_INTERFACES];
};

/*
 * Makes one, by a child that is gone afterwards; this process stays where it
 * is.  0, or -errno with a sentence in why.
 */
int netns_make(struct netns *ns, const struct netns_config *config,
	       char why[NETNS_ERROR]) CN_MUST_CHECK;
/* Without anything in it. */
void netns_init(struct netns *ns);
/* Closes what nobody has taken: a descriptor that is -1 is somebody's. */
void netns_release(struct netns *ns);

/*
 * Another TCP socket of the kernel's in that namespace, closed, of IPv6 where
 * the kernel has it: whoever may no longer enter the namespace gets one by
 * accept, since what is accepted is where its listener is.  A descriptor, or
 * -errno.
 */
int netns_tcp(const int twin[2]) CN_MUST_CHECK;
/* One of the two, of this process's network: a descriptor, or -1 (errno). */
int twin_open(void) CN_MUST_CHECK;

/*
 * This process, single-threaded, goes in; there is no way back.  0 or
 * -errno, in which case it must not go on.
 */
int netns_enter(const struct netns *ns) CN_MUST_CHECK;

/*
 * inside.c: files that name resolvers and hosts become ours, for this process
 * and its children alone; hosts NULL or "": /etc/hosts stays, and resolv
 * likewise.  0, or -errno and everything is as it was.
 */
int netns_private_files(const char *resolv, const char *hosts) CN_MUST_CHECK;
/* The same of the name of the host. */
int netns_private_name(const char *hostname) CN_MUST_CHECK;

#endif
