/* SPDX-License-Identifier: MIT */
/*
 * attacks.md rows 21 and 40: fragments in any order, with any offset, length,
 * overlap and pause, of a few datagrams at once; and raw packets between them.
 * Whatever is made whole has the octets that were sent, and memory is bounded.
 */
#include "net_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct net_host h;
static uint8_t packet_octets[70000];

/* The octet of a datagram at off; its TCP header has no options. */
static uint8_t octet_at(uint32_t id, uint32_t off)
{
	if (off == 12)
		return 5 << 4;
	return (uint8_t)(((id + 1) * 2654435761u + off * 40503u) >> 7);
}

static void check_whole(const struct net_packet *packet)
{
	const uint8_t *p = packet->own->data + packet->ip.header_len;

	for (uint32_t off = 0; off < packet->ip.payload_len; off++)
		MUST(p[off] == octet_at(packet->ip.id, off));
}

static void fragment(struct tape *tape)
{
	uint8_t how = tape_octet(tape);
	struct ip_hdr ip = {
		.src = address(how & 1 ? "2001:db8::9" : "192.0.2.9"),
		.dst = address(how & 1 ? "2001:db8::1" : "192.0.2.1"),
		.protocol = how & 2 ? IP_UDP : IP_TCP,
		.ttl = 9,
		.is_fragment = true,
		.more = how & 4,
		.id = how >> 4,
	};
	uint32_t len = how & 8 ? tape_word(tape) % 1500 : tape_octet(tape);
	struct net_packet packet;
	size_t head;

	ip.frag_off = tape_word(tape) & 0xfff8;
	if (how & 8)
		ip.frag_off &= 0x3ff8;
	else
		ip.frag_off &= 0x1f8;
	if (ip.more)
		len = len & ~7u;
	if (!ip.more && ip.frag_off == 0)
		return;
	ip.payload_len = len;
	head = ip_emit(packet_octets, &ip);
	for (uint32_t i = 0; i < len; i++)
		packet_octets[head + i] = octet_at(ip.id, ip.frag_off + i);
	if (host_input(&h, packet_octets, (uint32_t)head + len, &packet) ==
	    NET_PACKET) {
		/* The identification of IPv6 is gone from the header. */
		packet.ip.id = ip.id;
		check_whole(&packet);
		net_packet_done(&packet);
	}
}

static void raw(struct tape *tape)
{
	uint32_t len = tape_octet(tape);
	struct net_packet packet;

	len = len < tape->len ? len : (uint32_t)tape->len;
	if (host_input(&h, tape->p, len, &packet) != NET_DONE)
		net_packet_done(&packet);
	tape->p += len;
	tape->len -= len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tape tape = {data, len};

	host_open(&h);
	while (tape.len > 0) {
		uint8_t what = tape_octet(&tape);

		if (what % 16 == 0) {
			raw(&tape);
		} else if (what % 16 == 1) {
			h.now += tape_word(&tape) * CN_NS_PER_MS;
			net_advance(&h.net, h.now);
			MUST(net_deadline(&h.net) > h.now);
		} else {
			fragment(&tape);
		}
		MUST(h.net.frag.octets <= h.set.frag_memory);
		MUST(h.budget.used >= h.net.frag.octets);
		host_drain(&h);
	}
	host_close(&h);
	return 0;
}
