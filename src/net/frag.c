/* SPDX-License-Identifier: MIT */
/*
 * Reassembly: RFC 791 section 3.2, RFC 815, RFC 8200 section 4.5, with the
 * lessons of RFC 1858, 3128, 5722, 6946 and 7112.
 *
 * Fragments are kept as copies of just their octets, each charged at its true
 * size, in a tree by offset: neither a hostile order nor a hostile number makes
 * one fragment dearer than O(log n) (CVE-2018-5391).  All memory is bounded by
 * settings.frag_memory, a quarter of it for one source; what is oldest goes
 * first.
 *
 * Two fragments that disagree about one octet cannot both be honest, so an
 * overlap discards the datagram, IPv4 too, and what still comes of it; a
 * fragment that came twice is no overlap.
 */
#include "net/net.h"

#include <string.h>

#include "base/tree.h"

#define SOURCE_SHARE 4 /* a quarter of frag_memory */

enum {
	TCP_HEADER_MIN = 20,
	OTHER_HEADER_MIN = 8,
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_DESTINATION = 60,
};

enum {
	ECN_MASK = 3,
	ECN_CE = 3,
};

struct frag_piece {
	struct tree_node node; /* by offset */
	uint32_t len;
	uint8_t data[];
};

struct frag_key {
	struct cn_addr src, dst;
	uint32_t id;
	uint8_t version;
	uint8_t protocol; /* IPv4 alone: RFC 791 has it in the identity */
};

struct frag_datagram {
	struct list age, source;
	struct frag_key key;
	struct tree pieces;
	struct ip_hdr first; /* of the fragment at offset 0 */
	uint64_t expires_at;
	uint32_t hash;
	uint32_t charge; /* octets charged, this record included */
	uint32_t got; /* octets here */
	uint32_t total; /* 0: the last has not come */
	uint8_t ecn_seen; /* bit per code point */
	uint8_t link;
	uint8_t source_slot;
	bool refused; /* an overlap: the rest is discarded as it comes */
};

void frag_init(struct frag_table *frag, struct cn_pool *pool)
{
	memset(frag, 0, sizeof(*frag));
	map_init(&frag->map, pool);
	list_init(&frag->age[0]);
	list_init(&frag->age[1]);
	for (int i = 0; i < FRAG_SOURCES; i++)
		list_init(&frag->source[i]);
}

static void charge(struct net *net, struct frag_datagram *gram, uint32_t octets)
{
	gram->charge += octets;
	net->frag.octets += octets;
	net->frag.source_octets[gram->source_slot] += octets;
	budget_charge(net->budget, octets);
}

static void refund(struct net *net, struct frag_datagram *gram, uint32_t octets)
{
	gram->charge -= octets;
	net->frag.octets -= octets;
	net->frag.source_octets[gram->source_slot] -= octets;
	budget_refund(net->budget, octets);
}

static uint32_t piece_size(uint32_t len)
{
	return (uint32_t)sizeof(struct frag_piece) + len;
}

static struct frag_piece *piece_of(struct tree_node *node)
{
	return node ? CN_CONTAINER(node, struct frag_piece, node) : NULL;
}

static void release_pieces(struct net *net, struct frag_datagram *gram)
{
	struct tree_node *node;

	while ((node = tree_first(&gram->pieces))) {
		uint32_t size = piece_size(piece_of(node)->len);

		tree_remove(&gram->pieces, node);
		refund(net, gram, size);
		pool_release(net->pool, piece_of(node), size);
	}
}

static void forget(struct net *net, struct frag_datagram *gram)
{
	release_pieces(net, gram);
	list_del(&gram->age);
	list_del(&gram->source);
	map_remove(&net->frag.map, gram->hash, gram);
	refund(net, gram, gram->charge);
	pool_release(net->pool, gram, sizeof(*gram));
}

static struct frag_datagram *of_age(struct list *node)
{
	return node ? CN_CONTAINER(node, struct frag_datagram, age) : NULL;
}

void frag_deinit(struct net *net)
{
	for (int i = 0; i < 2; i++) {
		while (!list_is_empty(&net->frag.age[i]))
			forget(net, of_age(list_first(&net->frag.age[i])));
	}
	map_deinit(&net->frag.map);
}

/* ------------------------------------------------------------ identity -- */

static bool match_key(const void *object, const void *key)
{
	const struct frag_datagram *gram = object;
	const struct frag_key *want = key;

	return gram->key.id == want->id && gram->key.version == want->version &&
	       gram->key.protocol == want->protocol &&
	       cn_addr_equal(&gram->key.src, &want->src) &&
	       cn_addr_equal(&gram->key.dst, &want->dst);
}

static struct frag_key key_of(const struct ip_hdr *ip)
{
	struct frag_key key = {
		.src = ip->src,
		.dst = ip->dst,
		.id = ip->id,
		.version = ip->version,
		.protocol = ip->version == 4 ? ip->protocol : 0,
	};

	return key;
}

static uint32_t hash_of(const struct net *net, const struct frag_key *key)
{
	uint8_t text[38];

	memcpy(text, key->src.octet, 16);
	memcpy(text + 16, key->dst.octet, 16);
	memcpy(text + 32, &key->id, 4);
	text[36] = key->version;
	text[37] = key->protocol;
	return (uint32_t)siphash24(&net->key, text, sizeof(text));
}

/* ------------------------------------------------------------- limits -- */

static struct frag_datagram *older(struct frag_datagram *a,
				   struct frag_datagram *b)
{
	if (!a || !b)
		return a ? a : b;
	return a->expires_at <= b->expires_at ? a : b;
}

static struct frag_datagram *oldest(struct net *net)
{
	return older(of_age(list_first(&net->frag.age[0])),
		     of_age(list_first(&net->frag.age[1])));
}

/*
 * Makes room for octets of a source, at the cost of what is oldest: of the
 * same source when its share is used up, else of all.  False: octets would
 * never fit, or the host has no memory.
 */
static bool make_room(struct net *net, uint8_t slot, uint32_t octets)
{
	struct frag_table *frag = &net->frag;
	uint32_t limit = net->set->frag_memory;

	if (octets > limit / SOURCE_SHARE ||
	    budget_is_over(net->budget, octets))
		return false;
	while (frag->source_octets[slot] + octets > limit / SOURCE_SHARE) {
		struct list *node = list_first(&frag->source[slot]);

		net_drop(net, CN_DROP_FRAG_LIMIT);
		forget(net, CN_CONTAINER(node, struct frag_datagram, source));
	}
	while (frag->octets + octets > limit) {
		net_drop(net, CN_DROP_FRAG_LIMIT);
		forget(net, oldest(net));
	}
	return true;
}

static struct frag_datagram *start(struct net *net, const struct frag_key *key,
				   uint32_t hash, int link, uint64_t now)
{
	struct frag_datagram *gram;
	uint8_t slot = (uint8_t)siphash24(&net->key, key->src.octet, 16);
	bool v6 = key->version == 6;

	if (!make_room(net, slot, sizeof(*gram)))
		return NULL;
	gram = pool_alloc(net->pool, sizeof(*gram));
	if (!gram)
		return NULL;
	if (map_insert(&net->frag.map, hash, gram)) {
		pool_release(net->pool, gram, sizeof(*gram));
		return NULL;
	}
	gram->key = *key;
	gram->hash = hash;
	gram->source_slot = slot;
	gram->link = (uint8_t)link;
	gram->expires_at = now + net->set->frag_timeout_ns * (v6 ? 2 : 1);
	list_add_tail(&net->frag.age[v6], &gram->age);
	list_add_tail(&net->frag.source[slot], &gram->source);
	charge(net, gram, sizeof(*gram));
	return gram;
}

/* -------------------------------------------------------------- checks -- */

/*
 * RFC 7112: walks the IPv6 headers that lie in the fragmentable part.  Returns
 * the octets up to and with the least of the upper layer's header, or 0 when
 * len octets do not hold them.
 */
static uint32_t header_chain(const uint8_t *p, uint32_t len, uint8_t kind)
{
	uint32_t off = 0, least;

	while (kind == EXT_DESTINATION || kind == EXT_ROUTING ||
	       kind == EXT_HOP_BY_HOP) {
		if (len - off < 8)
			return 0;
		kind = p[off];
		off += 8 + (uint32_t)p[off + 1] * 8;
		if (off > len)
			return 0;
	}
	least = kind == IP_TCP ? TCP_HEADER_MIN : OTHER_HEADER_MIN;
	if (kind == IP_NONE)
		least = 0;
	return len - off < least ? 0 : off + least;
}

/*
 * RFC 1858 and 3128: a first fragment without the whole transport header, or a
 * second that writes into it, exists to pass filters.
 */
static bool is_tiny(const struct net_packet *packet)
{
	const struct ip_hdr *ip = &packet->ip;
	uint32_t len = packet->upper_len, chain;

	if (ip->frag_off > 0)
		return ip->protocol == IP_TCP && ip->frag_off < TCP_HEADER_MIN;
	if (ip->version == 6) {
		chain = header_chain(packet->upper, len, ip->protocol);
		return chain == 0 && ip->protocol != IP_NONE;
	}
	if (ip->protocol == IP_TCP)
		return len < TCP_HEADER_MIN ||
		       len < (uint32_t)(packet->upper[12] >> 4) * 4;
	return len < OTHER_HEADER_MIN;
}

enum fit { FIT, FIT_TWICE, FIT_OVERLAP };

/* Compares a piece with the fragment's octets, wherever these lie. */
static bool same_octets(const struct frag_piece *piece,
			const struct net_packet *packet)
{
	uint32_t off = 0;

	for (unsigned i = 0; i < packet->slice_n; i++) {
		const struct cn_slice *slice = &packet->slice[i];

		if (memcmp(piece->data + off, slice->data, slice->len) != 0)
			return false;
		off += slice->len;
	}
	return true;
}

static enum fit fit(const struct frag_datagram *gram,
		    const struct net_packet *packet)
{
	uint32_t off = packet->ip.frag_off;
	uint32_t end = off + packet->ip.payload_len;
	struct frag_piece *before, *after;

	before = piece_of(tree_floor(&gram->pieces, off));
	if (before && before->node.key == off &&
	    before->len == packet->ip.payload_len &&
	    packet->ip.more == (gram->total != end))
		return same_octets(before, packet) ? FIT_TWICE : FIT_OVERLAP;
	if (before && before->node.key + before->len > off)
		return FIT_OVERLAP;
	after = piece_of(before ? tree_next(&before->node) :
				  tree_first(&gram->pieces));
	if (after && after->node.key < end)
		return FIT_OVERLAP;
	/* What lies beyond the end, or a second end, contradicts as well. */
	if (gram->total && (end > gram->total || !packet->ip.more))
		return FIT_OVERLAP;
	if (!packet->ip.more) {
		struct frag_piece *last = piece_of(tree_last(&gram->pieces));

		if (last && last->node.key + last->len > end)
			return FIT_OVERLAP;
	}
	return FIT;
}

/* ------------------------------------------------------------- keeping -- */

static bool keep(struct net *net, struct frag_datagram *gram,
		 const struct net_packet *packet)
{
	const struct ip_hdr *ip = &packet->ip;
	struct frag_piece *piece =
		pool_alloc(net->pool, piece_size(ip->payload_len));
	uint32_t off = 0;

	if (!piece)
		return false;
	charge(net, gram, piece_size(ip->payload_len));
	piece->len = ip->payload_len;
	for (unsigned i = 0; i < packet->slice_n; i++) {
		const struct cn_slice *slice = &packet->slice[i];

		memcpy(piece->data + off, slice->data, slice->len);
		off += slice->len;
	}
	tree_insert(&gram->pieces, &piece->node, ip->frag_off,
		    (uint32_t)random_u64(net->random));
	gram->got += ip->payload_len;
	gram->ecn_seen |= (uint8_t)(1 << (ip->tos & ECN_MASK));
	if (!ip->more)
		gram->total = ip->frag_off + ip->payload_len;
	if (ip->frag_off == 0)
		gram->first = *ip;
	return true;
}

/* RFC 3168 section 5.3: one mark marks the datagram; but a mark on what partly
 * says that it cannot be marked is false. */
static bool join_ecn(const struct frag_datagram *gram, uint8_t *tos)
{
	if (!(gram->ecn_seen & 1 << ECN_CE))
		return true;
	*tos |= ECN_CE;
	return !(gram->ecn_seen & 1);
}

/* One buffer with a plain header and every octet. */
static struct cn_buf *assemble(struct net *net, struct frag_datagram *gram,
			       uint32_t *len)
{
	struct ip_hdr ip = gram->first;
	size_t header_len = ip.version == 4 ? IP4_HEADER_LEN : IP6_HEADER_LEN;
	struct tree_node *node;
	struct cn_buf *buf;

	if (!join_ecn(gram, &ip.tos)) {
		net_drop(net, CN_DROP_FRAG_BAD);
		return NULL;
	}
	buf = cn_buf_new(net->pool, header_len + gram->total);
	if (!buf) {
		net_drop(net, CN_DROP_MEMORY);
		return NULL;
	}
	ip.is_fragment = false;
	ip.more = false;
	ip.payload_len = gram->total;
	ip_emit(buf->data, &ip);
	for (node = tree_first(&gram->pieces); node; node = tree_next(node))
		memcpy(buf->data + header_len + node->key, piece_of(node)->data,
		       piece_of(node)->len);
	*len = (uint32_t)header_len + gram->total;
	return buf;
}

static struct frag_datagram *find_or_start(struct net *net,
					   const struct net_packet *packet,
					   uint64_t now)
{
	struct frag_key key = key_of(&packet->ip);
	uint32_t hash = hash_of(net, &key);
	struct frag_datagram *gram;

	gram = map_find(&net->frag.map, hash, match_key, &key);
	return gram ? gram : start(net, &key, hash, packet->link, now);
}

/* Room for this fragment: false when it, or its own datagram, had to go. */
static bool admit(struct net *net, struct frag_datagram **gram,
		  const struct net_packet *packet, uint64_t now)
{
	uint32_t size = piece_size(packet->ip.payload_len);

	*gram = find_or_start(net, packet, now);
	if (!*gram)
		return false;
	if ((*gram)->refused)
		return true;
	if (!make_room(net, (*gram)->source_slot,
		       size + (uint32_t)sizeof(**gram)))
		return false;
	/* It may itself have been the oldest. */
	*gram = find_or_start(net, packet, now);
	return *gram && !budget_is_over(net->budget, size);
}

bool frag_input(struct net *net, struct net_packet *packet, uint32_t *len,
		uint64_t now)
{
	struct frag_datagram *gram;

	if (is_tiny(packet)) {
		net_drop(net, CN_DROP_FRAG_BAD);
		return false;
	}
	if (!admit(net, &gram, packet, now)) {
		net_drop(net, CN_DROP_FRAG_LIMIT);
		return false;
	}
	if (gram->refused) {
		net_drop(net, CN_DROP_FRAG_OVERLAP);
		return false;
	}
	switch (fit(gram, packet)) {
	case FIT_TWICE:
		return false;
	case FIT_OVERLAP:
		net_drop(net, CN_DROP_FRAG_OVERLAP);
		release_pieces(net, gram);
		gram->refused = true;
		return false;
	case FIT:
		break;
	}
	if (!keep(net, gram, packet)) {
		net_drop(net, CN_DROP_MEMORY);
		return false;
	}
	if (gram->got != gram->total)
		return false;
	packet->own = assemble(net, gram, len);
	forget(net, gram);
	if (packet->own)
		net->count->frag_reassembled++;
	return packet->own;
}

/* ---------------------------------------------------------------- time -- */

uint64_t frag_deadline(const struct net *net)
{
	uint64_t at = CN_NEVER;

	for (int i = 0; i < 2; i++) {
		struct frag_datagram *gram =
			of_age(list_first(&net->frag.age[i]));

		if (gram && gram->expires_at < at)
			at = gram->expires_at;
	}
	return at;
}

/* RFC 1122 section 3.3.2: the sender is told, if we can say of what. */
static void expire(struct net *net, struct frag_datagram *gram, uint64_t now)
{
	struct frag_piece *first = piece_of(tree_first(&gram->pieces));

	net_drop(net, CN_DROP_FRAG_TIMEOUT);
	if (first && first->node.key == 0)
		net_icmp_send_about(net, ICMP_TIME_EXCEEDED, 1, gram->link,
				    &gram->first, first->data, first->len, now);
	forget(net, gram);
}

void frag_advance(struct net *net, uint64_t now)
{
	for (int i = 0; i < 2; i++) {
		struct frag_datagram *gram;

		while ((gram = of_age(list_first(&net->frag.age[i]))) &&
		       gram->expires_at <= now)
			expire(net, gram, now);
	}
}
