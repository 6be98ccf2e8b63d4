/* SPDX-License-Identifier: MIT */
/*
 * The kernel's network inside.  Three kinds of packets of the kernel's do not
 * travel: TCP (no program has a socket of the kernel's TCP; raw sockets of root
 * could send it), what is for many (nobody routes groups, and the kernel's own
 * reports come when they please, so that no seed would replay a run), and what
 * comes from an address that the namespace was not given.
 */
#include "run/world/inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run/netns/netns.h"
#include "run/netns/side.h"
#include "run/world/parts.h"
#include "run/world/resolver.h"
#include "wire/glance.h"
#include "wire/icmp.h"
#include "wire/octets.h"
#include "wire/offload.h"
#include "wire/udp.h"

#define TURN 64

struct inner {
	struct world *world;
	struct netns_side side;
};

/* ------------------------------------------------------------- looks -- */

static bool is_link_local(const struct cn_addr *addr)
{
	const uint8_t *p = addr->octet;

	if (cn_addr_is_v4(addr))
		return p[12] == 169 && p[13] == 254;
	return p[0] == 0xfe && (p[1] & 0xc0) == 0x80;
}

static void add_addr(struct netns_config *config, const struct cn_addr *addr,
		     unsigned prefix_len)
{
	if (config->addr_n == NETNS_ADDRS)
		return;
	config->addr[config->addr_n++] =
		(struct netns_addr){.addr = *addr, .prefix_len = prefix_len};
	if (is_link_local(addr))
		return;
	if (cn_addr_is_v4(addr))
		config->has_default4 = true;
	else
		config->has_default6 = true;
}

static bool has_family(const struct machine *machine, bool v4)
{
	for (size_t i = 0; i < machine->addr_n; i++)
		if (cn_addr_is_v4(&machine->addr[i].addr) == v4)
			return true;
	return false;
}

void inner_config(struct world *world, struct netns_config *config)
{
	const struct machine *machine = &world->machine;
	struct cn_addr own = alias_own(&world->alias);

	memset(config, 0, sizeof(*config));
	config->gateway4 = alias_gateway(&world->alias, true);
	config->src4 = world->primary4;
	config->src6 = world->primary6;
	config->interface_n = 1;
	strcpy(config->interface[0].name, NETNS_INTERFACE);
	config->interface[0].mtu = world->options->mtu;
	config->has_ports = true;
	config->port_low = machine->port_low;
	config->port_high = machine->port_high;
	config->port_unprivileged = machine->port_unprivileged;
	for (size_t i = 0; i < machine->addr_n; i++)
		add_addr(config, &machine->addr[i].addr,
			 machine->addr[i].prefix_len);
	/* A machine without an address has none to send from. */
	if (!has_family(machine, true))
		config->addr[config->addr_n++] =
			(struct netns_addr){.addr = own, .prefix_len = 32};
	if (has_family(machine, false))
		config->gateway6 = alias_gateway(&world->alias, false);
	/* Its family counts where it says nothing else. */
	if (cn_addr_is_any(&config->src4))
		config->src4 = cn_addr_v4(0, 0, 0, 0);
	resolver_file(world, config->resolv, sizeof(config->resolv));
}

/* --------------------------------------------------------------- life -- */

static void wake(void *ctx)
{
	world_touch(ctx);
}

int inner_new(struct world *world, struct netns *ns)
{
	struct inner *inner = calloc(1, sizeof(*inner));
	int rc;

	if (!inner)
		return -ENOMEM;
	inner->world = world;
	inner->side.wake = wake;
	inner->side.ctx = world;
	rc = netns_side_open(&inner->side, world->loop, &ns->link[0]);
	if (rc)
		free(inner);
	else
		world->inner = inner;
	return rc;
}

void inner_free(struct world *world)
{
	struct inner *inner = world->inner;

	if (!inner)
		return;
	netns_side_close(&inner->side, world->loop);
	free(inner);
	world->inner = NULL;
}

/* --------------------------------------------------------------- names -- */

/*
 * 127.0.0.1 of the kernel's network does not travel: on the path it is
 * 192.0.2.2 where it answers, as for TCP, and another name where it asks
 * (udp_ports.c).  The frame becomes one that owns all its octets, complete.
 */
static bool make_own(struct world *world, struct cn_frame *frame)
{
	uint32_t len = cn_frame_len(frame);
	struct cn_buf *buf = cn_buf_new(world->pool, len);

	if (!buf)
		return false;
	(void)cn_frame_copy(frame, 0, buf->data, len);
	if (offload_is_partial(frame))
		offload_complete_octets(frame, buf->data, len);
	cn_frame_release(frame);
	memset(frame, 0, offsetof(struct cn_frame, slice));
	frame->slice[0] = (struct cn_slice){buf, buf->data, len};
	frame->slice_n = 1;
	frame->payload_len = len;
	return true;
}

/* RFC 1624: a sum of which two words have changed. */
static void adjust(uint8_t *sum, const uint8_t *before, const uint8_t *after)
{
	uint32_t x = (uint16_t)~get16(sum);

	for (int i = 0; i < 4; i += 2)
		x += (uint16_t)~get16(before + i) + (uint32_t)get16(after + i);
	x = (x & 0xffff) + (x >> 16);
	x = (x & 0xffff) + (x >> 16);
	put16(sum, (uint16_t)~x);
}

/* An address of an own frame, at off of its IPv4 header.  The glance is an
 * older one: only its numbers hold. */
static void put_name(struct cn_frame *frame, const struct glance *glance,
		     unsigned off, const struct cn_addr *addr)
{
	uint8_t *p = frame->slice[0].buf->data;
	uint8_t *sum = p + glance->upper + UDP_CHECKSUM_OFF;

	adjust(p + 10, p + off, addr->octet + 12);
	if (glance->has_upper && glance->protocol == IP_UDP && get16(sum)) {
		adjust(sum, p + off, addr->octet + 12);
		if (!get16(sum))
			put16(sum, 0xffff);
	}
	memcpy(p + off, addr->octet + 12, 4);
}

#define SRC 12
#define DST 16

static bool rename_source(struct world *world, struct cn_frame *frame,
			  const struct glance *glance)
{
	struct cn_addr name = alias_program(&world->alias, true);

	if (glance->version != 4 || glance->protocol != IP_UDP ||
	    !make_own(world, frame))
		return false;
	put_name(frame, glance, SRC, &name);
	return true;
}

/* False: it is lost. */
static bool rename_both(struct world *world, struct cn_frame *frame)
{
	const struct cn_addr local = cn_addr_v4(127, 0, 0, 1);
	struct cn_addr program = alias_program(&world->alias, true);
	struct cn_addr client = alias_client(&world->alias);
	struct glance glance;
	struct cn_addr src, dst;

	glance_at(&glance, frame);
	dst = glance_dst(&glance);
	src = glance_src(&glance);
	src = alias_real(&world->alias, &src);
	if (!cn_addr_equal(&dst, &program) && !cn_addr_equal(&dst, &client))
		return true;
	if (!make_own(world, frame))
		return false;
	put_name(frame, &glance, DST, &local);
	if (cn_addr_equal(&dst, &client) && cn_addr_is_loopback(&src))
		put_name(frame, &glance, SRC, &src);
	return true;
}

/* ----------------------------------------------------------------- out -- */

static bool may_travel(struct inner *inner, struct cn_frame *frame)
{
	struct tally_datagrams *count = &inner->world->tally.datagrams;
	struct glance glance;
	struct cn_addr src, dst;

	glance_at(&glance, frame);
	if (!glance.version)
		return false;
	if (glance.protocol == IP_TCP) {
		count->tcp_dropped++;
		return false;
	}
	src = glance_src(&glance);
	dst = glance_dst(&glance);
	if (cn_addr_is_multicast(&dst) ||
	    (cn_addr_is_v4(&dst) && dst.octet[12] == 255)) {
		count->many_dropped++;
		return false;
	}
	/* What is published on the loopback alone answers from there. */
	if (cn_addr_is_loopback(&src))
		return rename_source(inner->world, frame, &glance);
	return !cn_addr_is_any(&src) && !cn_addr_is_loopback(&dst);
}

bool inner_move(struct world *world, uint64_t now)
{
	struct inner *inner = world->inner;
	struct cn_frame frame;
	int n = 0;

	while (inner && n < TURN &&
	       netns_side_read(&inner->side, world->pool, &frame)) {
		if (may_travel(inner, &frame)) {
			world->tally.datagrams.out++;
			lane_send(&world->up, &frame, now);
		} else {
			cn_frame_release(&frame);
		}
		n++;
	}
	return n > 0;
}

/* ------------------------------------------------------------------ in -- */

/* An ICMP message about a segment of our TCP is our TCP's. */
static bool is_about_tcp(const struct cn_frame *frame, const struct glance *g)
{
	uint8_t octet[8 + IP6_HEADER_LEN] = {0};
	uint32_t n = cn_frame_copy(frame, g->upper, octet, sizeof(octet));
	bool error = g->version == 4 ?
			     octet[0] == 3 || octet[0] == 4 || octet[0] == 11 ||
				     octet[0] == 12 :
			     octet[0] < 128;
	struct ip_hdr ip;

	return n > 8 && error && ip_parse_quoted(octet + 8, n - 8, &ip) &&
	       ip.protocol == IP_TCP;
}

static bool is_ours(const struct cn_frame *frame)
{
	struct glance glance;

	glance_at(&glance, frame);
	if (!glance.version || glance.protocol == IP_TCP)
		return true;
	if (glance.protocol != IP_ICMP && glance.protocol != IP_ICMP6)
		return false;
	return glance.has_upper && is_about_tcp(frame, &glance);
}

bool inner_catch(void *ctx, struct cn_frame *frame, uint64_t now)
{
	struct world *world = ctx;
	struct inner *inner = world->inner;

	(void)now;
	if (!inner || is_ours(frame))
		return false;
	if (!rename_both(world, frame)) {
		cn_frame_release(frame);
		return true;
	}
	if (netns_side_write(&inner->side, frame))
		world->tally.datagrams.in++;
	else
		world->tally.datagrams.in_dropped++;
	cn_frame_release(frame);
	return true;
}
