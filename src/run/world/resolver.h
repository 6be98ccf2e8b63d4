/* SPDX-License-Identifier: MIT */
/*
 * The resolver at the gateway: it answers at port 53 of the gateway's own name,
 * by asking the machine's name servers (or --dns).
 */
#ifndef RUN_WORLD_RESOLVER_H
#define RUN_WORLD_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include <catenet/frame.h>

struct cn_dgram_msg;
struct resolver;
struct world;

/* Questions under way at most; the oldest makes room. */
#define RESOLVER_ASKING 256

int resolver_new(struct world *world);
void resolver_free(struct world *world);
/* What /etc/resolv.conf shall say inside; "": as it is. */
void resolver_file(struct world *world, char *text, size_t room);
/* True when the datagram was for the resolver. */
bool resolver_query(struct world *world, const struct cn_dgram_msg *msg,
		    const struct cn_slice *slice);
/* DNS over TCP to the gateway: the name server that is meant; false: it is no
 * such connection. */
bool resolver_stream(const struct world *world, const struct cn_endpoint *far,
		     struct cn_endpoint *real);

#endif
