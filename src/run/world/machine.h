/* SPDX-License-Identifier: MIT */
/*
 * The machine that a world copies: its addresses, what its administrator has
 * set, and what its routes say to a destination.
 */
#ifndef RUN_WORLD_MACHINE_H
#define RUN_WORLD_MACHINE_H

#include <netinet/in.h>

#include <catenet/frame.h>

struct machine_addr {
	struct cn_addr addr;
	unsigned prefix_len;
	uint32_t scope; /* interface number of a link-local address, else 0 */
};

struct machine {
	struct machine_addr *addr; /* loopback ones are left out */
	size_t addr_n, addr_room;
	int probe4, probe6; /* UDP sockets that ask the routes; -1: none */
	/* sysctls */
	uint32_t syn_retries, somaxconn, rmem_max, wmem_max;
	uint16_t port_low, port_high, port_unprivileged;
	bool may_low_ports, admin; /* capabilities of this process */
};

/* 0 or a positive errno. */
int machine_init(struct machine *machine);
void machine_deinit(struct machine *machine);
/* Reads the addresses again; those that are gone stay known. */
int machine_refresh(struct machine *machine);
/* NULL: not an address of this machine (loopback ones never are). */
const struct machine_addr *machine_find(const struct machine *machine,
					const struct cn_addr *addr);
/* The interface number that a link-local address was last seen with. */
uint32_t machine_scope(const struct machine *machine,
		       const struct cn_addr *addr);

/*
 * Asks the kernel's routes, at once: 0 and the source address that the machine
 * would use, or the errno that connect() gives without sending anything.
 */
int machine_probe(struct machine *machine, const struct cn_endpoint *to,
		  uint32_t scope, struct cn_addr *source);

#endif
