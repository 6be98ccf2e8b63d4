/* SPDX-License-Identifier: MIT */
/*
 * Two networks have the kernel's UDP, the machine's and the programs', and a
 * program expects one loopback.
 *
 * In: a program binds.  A socket of this machine's at the same port of its
 * loopback takes datagrams for it (udp_relay.c); they come out of the interface
 * for 127.0.0.1, which it may receive there (inner.c).  Nobody says when the
 * program closes: while anything is published, the namespace's list of sockets
 * is looked through twice a second.
 *
 * Out: a program addresses a port of 127/8 where nothing inside listens, but
 * something of this machine does.  A socket of the namespace is bound there in
 * its place, a mirror; what it hears travels the path, and the answer comes out
 * of the interface.
 */
#include "run/world/udp_ports.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/linux_addr.h"
#include "run/netns/netns.h"
#include "run/world/beyond.h"
#include "run/world/parts.h"
#include "run/world/udp_list.h"
#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/udp.h"

#define SWEEP_NS (500 * CN_NS_PER_MS)
#define TURN 64
#define DATAGRAM_MAX 65535
/* The lists are long where there are thousands of sockets: to read them for
 * each datagram would take all of our time, and not a tenth of it. */
#define SETTLED 256
#define SETTLED_TIMES 10
/* A list that takes more than one read leaves a line out where a socket before
 * it is closed in between: what is not found is looked for so often. */
#define LOOKS 3

struct published_udp {
	struct list node;
	struct udp_flow *flow;
	struct cn_endpoint bound; /* inside, as the program said */
	struct cn_endpoint host; /* on this machine */
	uint64_t since;
	bool seen; /* by the sweep: it is still bound */
};

struct mirror {
	struct udp_ports *ports;
	struct loop_watch watch; /* .fd -1: used up */
	struct cn_endpoint at; /* port 0: spare */
};

/* Where a program has sent, and nothing was to be done for it. */
struct settled {
	struct cn_endpoint at;
	uint64_t until;
};

struct udp_ports {
	struct world *world;
	struct settled settled[SETTLED];
	struct list published;
	unsigned n;
	struct loop_timer sweep;
	int list_fd[2], machine_fd[2]; /* /proc/net/udp, udp6 */
	struct mirror mirror[NETNS_SPARE];
	uint16_t ident; /* of datagrams in fragments */
	uint8_t octets[IP4_HEADER_LEN + UDP_HEADER_LEN + DATAGRAM_MAX];
};

/* ---------------------------------------------------------------- lists -- */

static bool is_met(const struct cn_endpoint *one, const struct cn_endpoint *ep)
{
	return one->port == ep->port &&
	       (cn_addr_is_any(&one->addr) || cn_addr_is_any(&ep->addr) ||
		cn_addr_equal(&one->addr, &ep->addr));
}

/* Goes on while it is another's. */
static bool is_other(void *ctx, const struct udp_listed *one)
{
	return !is_met(&one->local, ctx);
}

/* Whether anything is bound that would take a datagram to ep. */
static bool is_in(int fd, const struct cn_endpoint *ep)
{
	struct cn_endpoint wanted = *ep;

	return udp_list_each(fd, is_other, &wanted) == UDP_LIST_STOPPED;
}

/* An IPv6 socket may take what is for IPv4. */
static bool is_taken(const int fd[2], const struct cn_endpoint *ep, int looks)
{
	while (looks-- > 0)
		if ((cn_addr_is_v4(&ep->addr) && is_in(fd[0], ep)) ||
		    is_in(fd[1], ep))
			return true;
	return false;
}

/* ------------------------------------------------------------ published -- */

static void drop(struct udp_ports *ports, struct published_udp *pub)
{
	udp_unpin(pub->flow);
	list_del(&pub->node);
	ports->n--;
	free(pub);
}

/* A socket of IPv6 may be bound for IPv4 too. */
static bool see_published(void *ctx, const struct udp_listed *one)
{
	struct udp_ports *ports = ctx;
	struct list *all = &ports->published;

	for (struct list *node = all->next; node != all; node = node->next) {
		struct published_udp *pub =
			CN_CONTAINER(node, struct published_udp, node);

		pub->seen |= is_met(&one->local, &pub->bound);
	}
	return true;
}

/* What the lists do not tell of is dropped, where they tell of all: v4, v6. */
static void drop_unseen(struct udp_ports *ports, const bool known[2],
			uint64_t now)
{
	struct list *next;

	for (struct list *node = ports->published.next;
	     node != &ports->published; node = next) {
		struct published_udp *pub =
			CN_CONTAINER(node, struct published_udp, node);
		bool v4 = cn_addr_is_v4(&pub->bound.addr);

		next = node->next;
		/* The call itself comes after it was said. */
		if (known[!v4] && !pub->seen &&
		    now - pub->since >= SWEEP_NS / 2)
			drop(ports, pub);
	}
}

static bool all_seen(const struct udp_ports *ports)
{
	const struct list *all = &ports->published;

	for (const struct list *node = all->next; node != all;
	     node = node->next)
		if (!CN_CONTAINER(node, struct published_udp, node)->seen)
			return false;
	return true;
}

/* Each list is read once, however many are published; again only where one was
 * not seen. */
static void on_sweep(void *ctx, uint64_t now)
{
	struct udp_ports *ports = ctx;
	struct list *all = &ports->published;
	enum udp_list_end end[2];
	bool known[2];
	int looks = 0;

	for (struct list *node = all->next; node != all; node = node->next)
		CN_CONTAINER(node, struct published_udp, node)->seen = false;
	do {
		for (int i = 0; i < 2; i++)
			end[i] = udp_list_each(ports->list_fd[i], see_published,
					       ports);
	} while (++looks < LOOKS && !all_seen(ports));
	known[1] = end[1] == UDP_LIST_WHOLE;
	/* Where there is no IPv6 there is no list of it. */
	known[0] = end[0] == UDP_LIST_WHOLE && end[1] != UDP_LIST_LONGER;
	drop_unseen(ports, known, now);
	if (ports->n)
		(void)loop_at(ports->world->loop, &ports->sweep,
			      now + SWEEP_NS);
}

static struct cn_addr localhost(bool v4)
{
	struct cn_addr addr = {{[15] = 1}};

	return v4 ? cn_addr_v4(127, 0, 0, 1) : addr;
}

/* Who is meant inside: its loopback by the name that it has on the path; IPv6's
 * cannot come out of an interface, so an address of the interface's. */
static bool inner_of(const struct world *world, const struct cn_endpoint *bound,
		     struct cn_endpoint *inner)
{
	const struct machine *machine = &world->machine;
	bool v4 = cn_addr_is_v4(&bound->addr);

	inner->port = bound->port;
	inner->addr = bound->addr;
	if (machine_find(machine, &bound->addr))
		return true;
	if (v4) {
		inner->addr = alias_program(&world->alias, true);
		return cn_addr_is_any(&bound->addr) ||
		       bound->addr.octet[15] == 1;
	}
	for (size_t i = 0; i < machine->addr_n; i++)
		if (!cn_addr_is_v4(&machine->addr[i].addr) &&
		    !machine->addr[i].scope) {
			inner->addr = machine->addr[i].addr;
			return cn_addr_is_any(&bound->addr);
		}
	return false;
}

static bool is_published(struct udp_ports *ports,
			 const struct cn_endpoint *host)
{
	for (struct list *node = ports->published.next;
	     node != &ports->published; node = node->next) {
		struct published_udp *pub =
			CN_CONTAINER(node, struct published_udp, node);

		if (pub->host.port == host->port &&
		    cn_addr_equal(&pub->host.addr, &host->addr)) {
			pub->since = world_now(ports->world);
			return true;
		}
	}
	return false;
}

static bool is_asked_for(const struct world *world, uint16_t port)
{
	const struct world_options *opt = world->options;

	for (unsigned i = 0; i < opt->publish_n; i++)
		if (opt->publish[i].udp && opt->publish[i].port == port)
			return true;
	return false;
}

static void publish(struct udp_ports *ports, const struct cn_endpoint *bound)
{
	struct world *world = ports->world;
	struct published_udp *pub;
	struct cn_endpoint inner;
	struct cn_endpoint host = *bound;

	if (!inner_of(world, bound, &inner) || ports->n == UDP_PUBLISHED)
		return;
	if (cn_addr_is_any(&bound->addr))
		host.addr = localhost(cn_addr_is_v4(&bound->addr));
	if (is_published(ports, &host))
		return;
	pub = calloc(1, sizeof(*pub));
	if (!pub)
		return;
	if (udp_pin(world, &host, &inner, NULL, &pub->flow)) {
		if (world->verbose)
			fprintf(stderr,
				"catenet: UDP port %u of this machine is "
				"taken; -p HOSTPORT:%u/udp publishes it "
				"elsewhere\n",
				host.port, bound->port);
		free(pub);
		return;
	}
	pub->bound = *bound;
	pub->host = host;
	pub->since = world_now(world);
	list_add_tail(&ports->published, &pub->node);
	if (!ports->n++)
		(void)loop_at(world->loop, &ports->sweep,
			      pub->since + SWEEP_NS);
}

static void give_way(struct udp_ports *ports, const struct cn_endpoint *bound);

/* What the kernel will refuse inside is not taken from the machine by us, who
 * may be root where the program is not. */
void near_udp_bound(struct world *world, const struct sockaddr *addr,
		    socklen_t len, bool v6only, bool privileged)
{
	struct udp_ports *ports = world->udp_ports;
	struct sockaddr_storage ss;
	struct cn_endpoint bound;

	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, addr, len < sizeof(ss) ? len : sizeof(ss));
	if (!ports || !linux_addr_from_kernel(&ss, &bound) || !bound.port ||
	    (!privileged && bound.port < world->machine.port_unprivileged))
		return;
	give_way(ports, &bound);
	if (world->options->isolated || is_asked_for(world, bound.port))
		return;
	publish(ports, &bound);
	if (!cn_addr_is_v4(&bound.addr) && cn_addr_is_any(&bound.addr) &&
	    !v6only) {
		bound.addr = cn_addr_v4(0, 0, 0, 0);
		publish(ports, &bound);
	}
}

/* -p: for as long as the world is. */
static int publish_asked(struct world *world, const struct world_publish *asked)
{
	struct cn_endpoint host = asked->host;
	struct cn_endpoint bound = {.port = asked->port}, inner;
	struct udp_flow *flow;
	char text[CN_ADDR_TEXT];
	int err;

	/* Everywhere, or at the address that was said. */
	if (cn_addr_is_any(&host.addr) && !cn_addr_is_v4(&host.addr)) {
		if (inner_of(world, &bound, &inner))
			(void)udp_pin(world, &host, &inner, NULL, &flow);
		host.addr = cn_addr_v4(0, 0, 0, 0);
	}
	if (cn_addr_is_v4(&host.addr))
		bound.addr = cn_addr_v4(0, 0, 0, 0);
	err = inner_of(world, &bound, &inner) ?
		      udp_pin(world, &host, &inner, NULL, &flow) :
		      EADDRNOTAVAIL;
	if (err) {
		cn_addr_format(&host.addr, text);
		fprintf(stderr,
			"catenet: -p: UDP port %u of %s cannot be had: %s\n",
			host.port, text, strerror(err));
	}
	return err;
}

/* --------------------------------------------------------------- mirrors -- */

static void mirror_close(struct mirror *mirror)
{
	struct loop *loop = mirror->ports->world->loop;

	if (mirror->watch.fd < 0)
		return;
	loop_unwatch(loop, &mirror->watch);
	close(mirror->watch.fd);
	mirror->watch.fd = -1;
}

/* A program wants the port for itself. */
static void give_way(struct udp_ports *ports, const struct cn_endpoint *bound)
{
	for (int i = 0; i < NETNS_SPARE; i++)
		if (ports->mirror[i].at.port == bound->port)
			mirror_close(&ports->mirror[i]);
}

/* A datagram of 127/8 to `at`, onto the path. */
static void send_up(struct mirror *mirror, const struct cn_endpoint *from,
		    uint32_t len)
{
	struct udp_ports *ports = mirror->ports;
	struct world *world = ports->world;
	uint32_t whole = UDP_HEADER_LEN + len, mtu = world->options->mtu;
	uint32_t step = (mtu - IP4_HEADER_LEN) & ~7u, off;
	uint8_t *p = ports->octets;
	struct udp_hdr udp = {from->port, mirror->at.port, len, true};
	struct ip_hdr ip = {
		.src = alias_client(&world->alias),
		.version = 4,
		.protocol = IP_UDP,
		.ttl = 64,
	};
	struct checksum sum = {0};

	if (!alias_of(&world->alias, &mirror->at.addr, &ip.dst))
		return;
	(void)udp_emit(p, &udp);
	checksum_add_pseudo(&sum, &ip.src, &ip.dst, IP_UDP, whole);
	checksum_add(&sum, p, whole);
	put16(p + UDP_CHECKSUM_OFF, checksum_finish(&sum));
	if (!get16(p + UDP_CHECKSUM_OFF))
		put16(p + UDP_CHECKSUM_OFF, 0xffff);
	if (whole <= mtu - IP4_HEADER_LEN)
		step = whole;
	ip.df = step == whole;
	ip.is_fragment = !ip.df;
	ip.id = ip.df ? 0 : ++ports->ident;
	for (off = 0; off < whole; off += step) {
		struct cn_buf *buf;
		struct cn_frame frame;
		size_t at;

		ip.frag_off = (uint16_t)off;
		ip.payload_len = whole - off < step ? whole - off : step;
		ip.more = off + step < whole;
		buf = cn_buf_new(world->pool, IP4_HEADER_LEN + ip.payload_len);
		if (!buf)
			return;
		at = ip_emit(buf->data, &ip);
		memcpy(buf->data + at, p + off, ip.payload_len);
		memset(&frame, 0, offsetof(struct cn_frame, slice));
		frame.payload_len = (uint32_t)at + ip.payload_len;
		frame.slice[0] =
			(struct cn_slice){buf, buf->data, frame.payload_len};
		frame.slice_n = 1;
		world->tally.datagrams.out++;
		lane_send(&world->up, &frame, world_now(world));
	}
	world_touch(world);
}

static void mirror_ready(void *ctx, uint32_t events)
{
	struct mirror *mirror = ctx;
	struct udp_ports *ports = mirror->ports;
	struct sockaddr_storage ss;
	struct cn_endpoint from;

	(void)events;
	for (int i = 0; i < TURN; i++) {
		socklen_t len = sizeof(ss);
		ssize_t n;

		memset(&ss, 0, sizeof(ss));
		n = recvfrom(mirror->watch.fd, ports->octets + UDP_HEADER_LEN,
			     DATAGRAM_MAX, MSG_DONTWAIT, (struct sockaddr *)&ss,
			     &len);
		if (n < 0)
			return;
		/* Only what is of the loopback: nothing is passed round. */
		if (linux_addr_from_kernel(&ss, &from) &&
		    cn_addr_is_loopback(&from.addr))
			send_up(mirror, &from, (uint32_t)n);
	}
}

static struct mirror *spare(struct udp_ports *ports)
{
	for (int i = 0; i < NETNS_SPARE; i++)
		if (ports->mirror[i].watch.fd >= 0 && !ports->mirror[i].at.port)
			return &ports->mirror[i];
	return NULL;
}

static bool is_mirrored(const struct udp_ports *ports,
			const struct cn_endpoint *ep)
{
	for (int i = 0; i < NETNS_SPARE; i++)
		if (ports->mirror[i].watch.fd >= 0 &&
		    ports->mirror[i].at.port == ep->port)
			return true;
	return false;
}

static void set_up_mirror(struct udp_ports *ports, const struct cn_endpoint *ep)
{
	struct mirror *mirror = spare(ports);
	struct sockaddr_storage ss;
	socklen_t len = linux_addr_kernel(ep, &ss);

	if (!mirror ||
	    bind(mirror->watch.fd, (const struct sockaddr *)&ss, len))
		return;
	mirror->at = *ep;
	(void)loop_watch(ports->world->loop, &mirror->watch, EPOLLIN);
}

static struct settled *settled_of(struct udp_ports *ports,
				  const struct cn_endpoint *ep)
{
	return &ports->settled[ep->port % SETTLED];
}

static bool is_settled(struct udp_ports *ports, const struct cn_endpoint *ep,
		       uint64_t now)
{
	const struct settled *settled = settled_of(ports, ep);

	return settled->at.port == ep->port &&
	       cn_addr_equal(&settled->at.addr, &ep->addr) &&
	       now < settled->until;
}

/* For as long as it is worth, by how long it has taken to find out: nobody
 * waits who has few sockets. */
static void settle(struct udp_ports *ports, const struct cn_endpoint *ep,
		   uint64_t since)
{
	const uint64_t now = loop_refresh(ports->world->loop);

	*settled_of(ports, ep) = (struct settled){
		.at = *ep,
		.until = now + SETTLED_TIMES * (now - since),
	};
}

void near_udp_wanted(struct world *world, const struct sockaddr *addr,
		     socklen_t len)
{
	struct udp_ports *ports = world->udp_ports;
	struct sockaddr_storage ss;
	struct cn_endpoint ep;
	uint64_t since;

	memset(&ss, 0, sizeof(ss));
	memcpy(&ss, addr, len < sizeof(ss) ? len : sizeof(ss));
	if (!ports || world->options->isolated ||
	    !linux_addr_from_kernel(&ss, &ep) || !ep.port ||
	    !cn_addr_is_v4(&ep.addr) || !cn_addr_is_loopback(&ep.addr))
		return;
	since = loop_refresh(world->loop);
	if (is_mirrored(ports, &ep) || udp_is_ours(world, ep.port) ||
	    is_settled(ports, &ep, since))
		return;
	/* One inside that is left out would keep the mirror from its port. */
	if (is_taken(ports->list_fd, &ep, 1) ||
	    !is_taken(ports->machine_fd, &ep, LOOKS))
		settle(ports, &ep, since);
	else
		set_up_mirror(ports, &ep);
}

/* ----------------------------------------------------------------- whole -- */

int udp_ports_list(const struct udp_ports *ports, bool v4)
{
	return ports->list_fd[!v4];
}

bool udp_ports_has(const struct udp_ports *ports, uint64_t inode)
{
	struct stat file;

	for (int i = 0; i < NETNS_SPARE; i++)
		if (ports->mirror[i].watch.fd >= 0 &&
		    ports->mirror[i].at.port &&
		    !fstat(ports->mirror[i].watch.fd, &file) &&
		    file.st_ino == inode)
			return true;
	return false;
}

int udp_ports_new(struct world *world, struct netns *ns)
{
	struct udp_ports *ports = calloc(1, sizeof(*ports));
	const struct world_options *opt = world->options;
	int err = 0;

	if (!ports)
		return -ENOMEM;
	ports->world = world;
	world->udp_ports = ports;
	list_init(&ports->published);
	ports->sweep.fire = on_sweep;
	ports->sweep.ctx = ports;
	ports->machine_fd[0] = open("/proc/self/net/udp", O_RDONLY | O_CLOEXEC);
	ports->machine_fd[1] =
		open("/proc/self/net/udp6", O_RDONLY | O_CLOEXEC);
	memcpy(ports->list_fd, ns->list_fd, sizeof(ports->list_fd));
	ns->list_fd[0] = ns->list_fd[1] = -1;
	for (int i = 0; i < NETNS_SPARE; i++) {
		struct mirror *mirror = &ports->mirror[i];

		mirror->ports = ports;
		mirror->watch.fd = ns->spare_fd[i];
		mirror->watch.ready = mirror_ready;
		mirror->watch.ctx = mirror;
		ns->spare_fd[i] = -1;
	}
	for (unsigned i = 0; i < opt->publish_n && !err; i++)
		if (opt->publish[i].udp)
			err = publish_asked(world, &opt->publish[i]);
	return -err;
}

void udp_ports_free(struct world *world)
{
	struct udp_ports *ports = world->udp_ports;
	struct list *node;

	if (!ports)
		return;
	while ((node = list_first(&ports->published)))
		drop(ports, CN_CONTAINER(node, struct published_udp, node));
	for (int i = 0; i < NETNS_SPARE; i++)
		mirror_close(&ports->mirror[i]);
	loop_cancel(world->loop, &ports->sweep);
	for (int i = 0; i < 2; i++) {
		if (ports->list_fd[i] >= 0)
			close(ports->list_fd[i]);
		if (ports->machine_fd[i] >= 0)
			close(ports->machine_fd[i]);
	}
	free(ports);
	world->udp_ports = NULL;
}
