/* SPDX-License-Identifier: MIT */
/*
 * RFC 768, RFC 1122 section 4.1.3: a datagram arrives, and one keyed probe or
 * the best score says whose it is.
 *
 * What waits to be read is charged at what it truly costs, so that a thousand
 * datagrams of one octet cannot hold a thousand buffers: what would waste its
 * buffer is copied out of it.
 */
#include <string.h>

#include "base/assert.h"
#include "host/dgram.h"
#include "host/host.h"
#include "wire/checksum.h"
#include "wire/udp.h"

#define CODE_PORT_UNREACHABLE 3

/* --------------------------------------------------------------- queue -- */

static uint32_t octets_of(const struct dgram_arriving *in, uint8_t *p)
{
	uint32_t len = 0;

	for (unsigned i = 0; i < in->slice_n; i++) {
		memcpy(p + len, in->slice[i].data, in->slice[i].len);
		len += in->slice[i].len;
	}
	return len;
}

/* One slice of a buffer of which it uses at least half stays where it is. */
static bool may_stay(const struct dgram_arriving *in)
{
	const struct cn_slice *slice = &in->slice[0];

	return in->slice_n == 1 && slice->buf && slice->len == in->len &&
	       in->len >= slice->buf->size / 2;
}

static struct dgram_in *keep(struct cn_dgram *dgram,
			     const struct dgram_arriving *in)
{
	struct cn_pool *pool = dgram->host->set.pool;
	bool stays = may_stay(in);
	uint32_t size = (uint32_t)sizeof(struct dgram_in);
	struct dgram_in *kept;

	if (!stays)
		size += in->len;
	kept = pool_alloc(pool, size);
	if (!kept)
		return NULL;
	kept->size = size;
	kept->charge = size;
	kept->msg = in->msg;
	if (stays) {
		kept->buf = cn_buf_ref(in->slice[0].buf);
		kept->data = in->slice[0].data;
		kept->charge += buf_true_size(kept->buf);
	} else {
		octets_of(in, kept->octet);
		kept->data = kept->octet;
	}
	return kept;
}

static void tell(const struct cn_host *host, const struct dgram_arriving *in,
		 const struct cn_dgram *dgram, enum cn_drop why)
{
	const struct dgram_tale tale = {
		.kind = CN_DGRAM_TRACE_IN,
		.protocol = (uint8_t)in->protocol,
		.ttl = (uint8_t)in->msg.ttl,
		.to_many = in->msg.to_many,
		.drop = why,
		.len = in->len,
		.rule = why == CN_DROP_UDP_NO_PORT ?
				"RFC 1122 section 4.1.3.1" :
			in->protocol == DGRAM_PING ?
				"RFC 1122 section 3.2.2.6" :
				"RFC 768",
		.tuple = &in->tuple,
		.dgram = dgram,
	};

	dgram_trace(host, &tale, in->msg.at);
}

static void refuse(struct cn_dgram *dgram, const struct dgram_arriving *in,
		   enum cn_drop why)
{
	dgram->drops++;
	dgram->host->count.drop[why]++;
	dgram->host->count.udp_errors++;
	tell(dgram->host, in, dgram, why);
}

/* As Linux: what fits an empty queue fits, however long it is. */
static void deliver(struct cn_dgram *dgram, const struct dgram_arriving *in)
{
	struct cn_host *host = dgram->host;
	struct dgram_in *kept;

	if (dgram->rcv_used > dgram->rcvbuf) {
		refuse(dgram, in, CN_DROP_UDP_RCVBUF);
		return;
	}
	kept = budget_is_over(&host->budget, in->len) ? NULL : keep(dgram, in);
	if (!kept) {
		refuse(dgram, in, CN_DROP_MEMORY);
		return;
	}
	budget_charge(&host->budget, kept->charge);
	dgram->rcv_used += kept->charge;
	if (dgram->in.last)
		dgram->in.last->next = kept;
	else
		dgram->in.first = kept;
	dgram->in.last = kept;
	if (dgram->protocol == DGRAM_UDP)
		host->count.udp_in++;
	tell(host, in, dgram, CN_DROP_NONE);
	dgram_tell(dgram);
}

void dgram_in_drop(struct cn_dgram *dgram)
{
	struct dgram_in *kept = dgram->in.first;

	dgram->in.first = kept->next;
	if (!dgram->in.first)
		dgram->in.last = NULL;
	dgram->rcv_used -= kept->charge;
	budget_refund(&dgram->host->budget, kept->charge);
	cn_buf_unref(kept->buf);
	pool_release(dgram->host->set.pool, kept, kept->size);
}

void dgram_in_drop_all(struct cn_dgram *dgram)
{
	while (dgram->in.first)
		dgram_in_drop(dgram);
}

/* ---------------------------------------------------------- who gets it -- */

static bool conn_match(const void *object, const void *key)
{
	const struct cn_dgram *dgram = object;
	const struct tuple *tuple = key;

	return dgram->tuple.local_port == tuple->local_port &&
	       dgram->tuple.peer_port == tuple->peer_port &&
	       cn_addr_equal(&dgram->tuple.peer, &tuple->peer) &&
	       cn_addr_equal(&dgram->tuple.local, &tuple->local);
}

/*
 * How well a socket that is not connected fits, as Linux's compute_score: the
 * address itself before a wildcard, for IPv4 the IPv4 wildcard before the dual
 * one, and a socket of this link before one of any.  0: not at all.
 */
static unsigned score(const struct cn_dgram *dgram, const struct cn_addr *addr,
		      int link)
{
	const struct cn_addr *local = &dgram->tuple.local;
	bool v4 = cn_addr_is_v4(addr);
	unsigned points = dgram->link >= 0 ? 5 : 0;

	if (dgram->link >= 0 && dgram->link != link)
		return 0;
	if (cn_addr_equal(local, addr))
		return points + 4;
	if (!cn_addr_is_any(local))
		return 0;
	if (cn_addr_is_v4(local))
		return v4 ? points + 3 : 0;
	if (v4)
		return dgram->v6only ? 0 : points + 2;
	return points + 3;
}

struct choice {
	struct cn_dgram *best;
	unsigned score;
	uint32_t n; /* that share the port with the best */
};

static struct choice best_of(struct cn_dgram *list, const struct cn_addr *addr,
			     int link)
{
	struct choice choice = {NULL, 0, 0};

	for (struct cn_dgram *i = list; i; i = i->port_next) {
		unsigned points = score(i, addr, link);

		if (points > choice.score) {
			choice.best = i;
			choice.score = points;
			choice.n = 1;
		} else if (points && points == choice.score && i->reuseport &&
			   choice.best->reuseport) {
			choice.n++;
		}
	}
	return choice;
}

/* The keyed hash of both endpoints spreads peers evenly over the group, and
 * keeps each with one socket. */
static struct cn_dgram *pick(struct choice choice, const struct cn_addr *addr,
			     int link, uint32_t hash)
{
	uint32_t skip = (uint32_t)((uint64_t)hash * choice.n >> 32);
	struct cn_dgram *i = choice.best;

	for (; skip; skip--)
		do
			i = i->port_next;
		while (score(i, addr, link) != choice.score || !i->reuseport);
	return i;
}

static struct cn_dgram *any_port(const struct dgram_space *space,
				 const struct cn_addr *addr, int link)
{
	for (struct cn_dgram *i = space->any; i; i = i->any_next)
		if (score(i, addr, link))
			return i;
	return NULL;
}

struct cn_dgram *dgram_find(struct cn_host *host, enum dgram_protocol protocol,
			    const struct tuple *tuple, int link)
{
	const struct dgram_space *space = &host->dgrams.space[protocol];
	uint32_t hash = flow_hash(host, tuple);
	struct cn_dgram *dgram =
		map_find(&space->conns, hash, conn_match, tuple);
	struct choice choice = {NULL, 0, 0};
	const struct dgram_port *port;

	if (dgram && (dgram->link < 0 || dgram->link == link))
		return dgram;
	port = dgram_port_find(space, tuple->local_port);
	if (port)
		choice = best_of(port->bound, &tuple->local, link);
	if (choice.best)
		return pick(choice, &tuple->local, link, hash);
	return any_port(space, &tuple->local, link);
}

/* ------------------------------------------------------------- to many -- */

/* Linux's ip_mc_sf_allow: a socket that has joined no such group hears it all
 * the same if another made the host join, unless IP_MULTICAST_ALL is off. */
static bool hears(const struct cn_dgram *dgram, const struct cn_addr *group,
		  int link)
{
	if (!cn_addr_is_multicast(group))
		return true;
	for (unsigned i = 0; i < dgram->group_n; i++)
		if (dgram->group[i].link == link &&
		    cn_addr_equal(&dgram->group[i].addr, group))
			return true;
	return dgram->many_all;
}

static void each_of(struct cn_dgram *list, const struct dgram_arriving *in)
{
	const struct tuple *to = &in->tuple;

	for (struct cn_dgram *i = list; i; i = i->port_next) {
		if (!score(i, &to->local, in->msg.link))
			continue;
		if (i->connected && (i->tuple.peer_port != to->peer_port ||
				     !cn_addr_equal(&i->tuple.peer, &to->peer)))
			continue;
		if (hears(i, &to->local, in->msg.link))
			deliver(i, in);
	}
}

void dgram_to_many(struct cn_host *host, const struct dgram_arriving *in)
{
	const struct dgram_space *space = &host->dgrams.space[in->protocol];
	const struct dgram_port *port =
		dgram_port_find(space, in->tuple.local_port);

	if (!port) {
		host->count.drop[CN_DROP_UDP_NO_PORT]++;
		return;
	}
	each_of(port->bound, in);
	each_of(port->connected, in);
}

/* ------------------------------------------------------------------- in -- */

/* The packet's upper layer from off on, len octets of it. */
static void slice(struct dgram_arriving *in, const struct net_packet *packet,
		  uint32_t off, uint32_t len)
{
	uint32_t left = len;
	unsigned n = net_packet_slices(packet, off, in->slice);

	in->len = len;
	for (in->slice_n = 0; in->slice_n < n && left; in->slice_n++) {
		struct cn_slice *at = &in->slice[in->slice_n];

		if (at->len > left)
			at->len = left;
		left -= at->len;
	}
	in->len -= left;
}

static bool checksum_ok(const struct net_packet *packet,
			const struct udp_hdr *udp)
{
	uint32_t len = UDP_HEADER_LEN + udp->data_len;
	struct dgram_arriving whole;
	struct checksum sum = {0};

	if (!udp->has_checksum || packet->csum != CN_CSUM_NONE)
		return true;
	slice(&whole, packet, 0, len);
	checksum_add_pseudo(&sum, &packet->ip.src, &packet->ip.dst, IP_UDP,
			    len);
	for (unsigned i = 0; i < whole.slice_n; i++)
		checksum_add(&sum, whole.slice[i].data, whole.slice[i].len);
	return checksum_finish(&sum) == 0;
}

static enum cn_drop read_udp(struct dgram_arriving *in,
			     const struct net_packet *packet)
{
	struct udp_hdr udp;
	enum cn_drop drop = udp_parse_header(&packet->ip, packet->upper,
					     packet->upper_len, &udp);

	if (drop)
		return drop;
	if (!checksum_ok(packet, &udp))
		return CN_DROP_UDP_CHECKSUM;
	in->protocol = DGRAM_UDP;
	in->tuple.local_port = udp.dst_port;
	in->tuple.peer_port = udp.src_port;
	slice(in, packet, UDP_HEADER_LEN, udp.data_len);
	return CN_DROP_NONE;
}

/* net/ has read it already; the identifier is our port. */
static void read_echo(struct dgram_arriving *in,
		      const struct net_packet *packet)
{
	in->protocol = DGRAM_PING;
	in->tuple.local_port =
		(uint16_t)(packet->upper[4] << 8 | packet->upper[5]);
	slice(in, packet, 0, packet->ip.payload_len);
}

static void describe(struct dgram_arriving *in, const struct net_packet *packet,
		     uint64_t now)
{
	struct cn_dgram_msg *msg = &in->msg;

	msg->peer.addr = in->tuple.peer;
	msg->peer.port = in->tuple.peer_port;
	msg->local.addr = in->tuple.local;
	msg->local.port = in->tuple.local_port;
	msg->link = packet->link;
	msg->ttl = packet->ip.ttl;
	msg->tos = packet->ip.tos;
	msg->to_many = packet->to_many;
	msg->len = in->len;
	msg->at = now;
}

/* RFC 1122 section 4.1.3.1: nobody is here. */
static void no_port(struct cn_host *host, const struct net_packet *packet,
		    const struct dgram_arriving *in, uint64_t now)
{
	if (in->protocol == DGRAM_PING) {
		host->count.drop[CN_DROP_ICMP_IGNORED]++;
		return;
	}
	host->count.drop[CN_DROP_UDP_NO_PORT]++;
	host->count.udp_no_port++;
	tell(host, in, NULL, CN_DROP_UDP_NO_PORT);
	net_icmp_send(&host->net, ICMP_UNREACHABLE, CODE_PORT_UNREACHABLE,
		      packet, now);
}

void dgram_input(struct cn_host *host, const struct net_packet *packet,
		 uint64_t now)
{
	struct dgram_arriving in;
	struct cn_dgram *dgram;
	enum cn_drop drop = CN_DROP_NONE;

	memset(&in, 0, offsetof(struct dgram_arriving, slice));
	in.tuple.local = packet->ip.dst;
	in.tuple.peer = packet->ip.src;
	if (packet->ip.protocol == IP_UDP)
		drop = read_udp(&in, packet);
	else
		read_echo(&in, packet);
	if (drop) {
		host->count.drop[drop]++;
		host->count.udp_errors++;
		return;
	}
	describe(&in, packet, now);
	if (packet->to_many) {
		dgram_to_many(host, &in);
		return;
	}
	dgram = dgram_find(host, in.protocol, &in.tuple, packet->link);
	if (dgram)
		deliver(dgram, &in);
	else
		no_port(host, packet, &in, now);
}
