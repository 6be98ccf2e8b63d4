/* SPDX-License-Identifier: MIT */
/*
 * The machine that a world copies.  Nothing here changes it: addresses by
 * getifaddrs, limits from /proc/sys, and routes by connecting a UDP socket,
 * which sends nothing and yet gives a missing or prohibited route's errno.
 */
#include "run/world/machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/capability.h>

#include "lib/linux_addr.h"

/* The first number of /proc/sys/NAME into *a, a second into *b if b is not
 * NULL; what cannot be read is left as it is. */
static void sysctl_read(const char *name, unsigned *a, unsigned *b)
{
	char path[96];
	FILE *file;
	unsigned one, two;
	int n;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	file = fopen(path, "re");
	if (!file)
		return;
	n = fscanf(file, "%u %u", &one, &two);
	fclose(file);
	if (n >= 1)
		*a = one;
	if (n == 2 && b)
		*b = two;
}

static uint64_t capabilities(void)
{
	char line[128];
	unsigned long long caps = 0;
	FILE *file = fopen("/proc/self/status", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	fclose(file);
	return caps;
}

static void read_limits(struct machine *machine)
{
	unsigned syn_retries = 6, somaxconn = 4096, rmem = 212992;
	unsigned wmem = 212992, low = 32768, high = 60999, start = 1024;
	uint64_t caps = capabilities();

	sysctl_read("net/ipv4/tcp_syn_retries", &syn_retries, NULL);
	sysctl_read("net/core/somaxconn", &somaxconn, NULL);
	sysctl_read("net/core/rmem_max", &rmem, NULL);
	sysctl_read("net/core/wmem_max", &wmem, NULL);
	sysctl_read("net/ipv4/ip_local_port_range", &low, &high);
	sysctl_read("net/ipv4/ip_unprivileged_port_start", &start, NULL);
	machine->syn_retries = syn_retries;
	machine->somaxconn = somaxconn;
	machine->rmem_max = rmem;
	machine->wmem_max = wmem;
	machine->port_low = (uint16_t)low;
	machine->port_high = (uint16_t)high;
	machine->port_unprivileged = (uint16_t)(start < 65536 ? start : 65535);
	machine->may_low_ports = caps & (1ull << CAP_NET_BIND_SERVICE);
	machine->admin = caps & (1ull << CAP_NET_ADMIN);
}

static int probe_socket(int family)
{
	return socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int machine_init(struct machine *machine)
{
	memset(machine, 0, sizeof(*machine));
	read_limits(machine);
	machine->probe4 = probe_socket(AF_INET);
	machine->probe6 = probe_socket(AF_INET6);
	return machine_refresh(machine);
}

void machine_deinit(struct machine *machine)
{
	if (machine->probe4 >= 0)
		close(machine->probe4);
	if (machine->probe6 >= 0)
		close(machine->probe6);
	free(machine->addr);
}

const struct machine_addr *machine_find(const struct machine *machine,
					const struct cn_addr *addr)
{
	for (size_t i = 0; i < machine->addr_n; i++)
		if (cn_addr_equal(&machine->addr[i].addr, addr))
			return &machine->addr[i];
	return NULL;
}

static bool is_link_local6(const struct cn_addr *addr)
{
	return addr->octet[0] == 0xfe && (addr->octet[1] & 0xc0) == 0x80;
}

uint32_t machine_scope(const struct machine *machine,
		       const struct cn_addr *addr)
{
	const struct machine_addr *own = machine_find(machine, addr);

	if (!is_link_local6(addr))
		return 0;
	if (own)
		return own->scope;
	/* A neighbour's: where there is one such interface, it is that one. */
	for (size_t i = 0; i < machine->addr_n; i++)
		if (machine->addr[i].scope)
			return machine->addr[i].scope;
	return 0;
}

static int add_addr(struct machine *machine, const struct machine_addr *addr)
{
	if (machine_find(machine, &addr->addr))
		return 0;
	if (machine->addr_n == machine->addr_room) {
		size_t room = machine->addr_room ? machine->addr_room * 2 : 16;
		void *more =
			realloc(machine->addr, room * sizeof(machine->addr[0]));

		if (!more)
			return ENOMEM;
		machine->addr = more;
		machine->addr_room = room;
	}
	machine->addr[machine->addr_n++] = *addr;
	return 0;
}

static unsigned prefix_of(const struct sockaddr *mask)
{
	struct sockaddr_storage ss;
	struct cn_endpoint ep;
	unsigned n = 0, first = 0, last = 16;

	memset(&ss, 0, sizeof(ss));
	if (!mask)
		return 128;
	memcpy(&ss, mask,
	       mask->sa_family == AF_INET ? sizeof(struct sockaddr_in) :
					    sizeof(struct sockaddr_in6));
	if (!linux_addr_from_kernel(&ss, &ep))
		return 128;
	if (ss.ss_family == AF_INET)
		first = 12;
	for (unsigned i = first; i < last; i++)
		for (uint8_t bit = 0x80; bit; bit = (uint8_t)(bit >> 1)) {
			if (!(ep.addr.octet[i] & bit))
				return n;
			n++;
		}
	return n;
}

static int take_ifaddr(struct machine *machine, const struct ifaddrs *ifa)
{
	struct sockaddr_storage ss;
	struct sockaddr_in6 in6;
	struct machine_addr own = {.prefix_len = 0};
	struct cn_endpoint ep;

	if (!ifa->ifa_addr || (ifa->ifa_addr->sa_family != AF_INET &&
			       ifa->ifa_addr->sa_family != AF_INET6))
		return 0;
	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, ifa->ifa_addr,
	       ifa->ifa_addr->sa_family == AF_INET ?
		       sizeof(struct sockaddr_in) :
		       sizeof(struct sockaddr_in6));
	if (!linux_addr_from_kernel(&ss, &ep) || cn_addr_is_loopback(&ep.addr))
		return 0;
	own.addr = ep.addr;
	own.prefix_len = prefix_of(ifa->ifa_netmask);
	if (ss.ss_family == AF_INET6 && is_link_local6(&ep.addr)) {
		memcpy(&in6, &ss, sizeof(in6));
		own.scope = in6.sin6_scope_id;
	}
	return add_addr(machine, &own);
}

int machine_refresh(struct machine *machine)
{
	struct ifaddrs *list;
	int rc = 0;

	if (getifaddrs(&list))
		return errno;
	for (const struct ifaddrs *ifa = list; ifa && !rc; ifa = ifa->ifa_next)
		rc = take_ifaddr(machine, ifa);
	freeifaddrs(list);
	return rc;
}

/* UDP may not reach a broadcast address unasked (EACCES); TCP has no route to
 * one. */
static int probe_error(int fd, const struct sockaddr_storage *ss, socklen_t len,
		       int err)
{
	int on = 1, off = 0;

	if (err != EACCES ||
	    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)))
		return err;
	if (!connect(fd, (const struct sockaddr *)ss, len))
		err = ENETUNREACH;
	(void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &off, sizeof(off));
	return err;
}

int machine_probe(struct machine *machine, const struct cn_endpoint *to,
		  uint32_t scope, struct cn_addr *source)
{
	static const struct sockaddr unspec = {.sa_family = AF_UNSPEC};
	bool v4 = cn_addr_is_v4(&to->addr);
	int fd = v4 ? machine->probe4 : machine->probe6;
	struct sockaddr_storage ss;
	struct cn_endpoint ep = *to;
	struct cn_endpoint own;
	socklen_t len;

	if (fd < 0)
		return v4 ? ENETUNREACH : EAFNOSUPPORT;
	if (!ep.port)
		ep.port = 1; /* routes do not look at it */
	len = linux_addr_kernel(&ep, &ss);
	if (!v4 && scope) {
		struct sockaddr_in6 in6;

		memcpy(&in6, &ss, sizeof(in6));
		in6.sin6_scope_id = scope;
		memcpy(&ss, &in6, sizeof(in6));
	}
	/* The address of the probe before sticks until it is undone. */
	(void)connect(fd, &unspec, sizeof(unspec));
	if (connect(fd, (const struct sockaddr *)&ss, len))
		return probe_error(fd, &ss, len, errno);
	len = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &len) ||
	    !linux_addr_from_kernel(&ss, &own))
		return EADDRNOTAVAIL;
	*source = own.addr;
	return 0;
}
