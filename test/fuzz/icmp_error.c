/* SPDX-License-Identifier: MIT */
/*
 * attacks.md row 11: ICMP and ICMPv6 messages with a right checksum around any
 * octets.  What is handed up is about us, no path MTU falls below its floor,
 * and what is answered is a sound packet.
 */
#include "net_host.h"

#include "wire/checksum.h"
#include "wire/octets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct net_host h;
static uint8_t packet_octets[2048];

/* The inner packet of an error, as one of ours might begin. */
static uint32_t put_quote(struct tape *tape, uint8_t *p, bool v6)
{
	struct ip_hdr ip = {
		.src = address(v6 ? "2001:db8::1" : "192.0.2.1"),
		.dst = address(v6 ? "fd00::8" : "8.8.8.8"),
		.protocol = tape_octet(tape),
		.payload_len = tape_word(tape),
	};
	uint32_t len = (uint32_t)ip_emit(p, &ip);

	/* One octet of the header may be wrong. */
	if (tape_octet(tape) & 1)
		p[tape_octet(tape) % len] = tape_octet(tape);
	return len;
}

static uint32_t put_message(struct tape *tape, uint8_t *p, bool v6)
{
	uint8_t how = tape_octet(tape);
	uint32_t len = 8, more = tape_octet(tape);

	for (int i = 0; i < 8; i++)
		p[i] = tape_octet(tape);
	if (how & 1)
		p[0] = (uint8_t)(v6 ? 1 + how / 2 % 4 : 3 + how / 2 % 3 * 4);
	if (how & 0x80)
		len += put_quote(tape, p + len, v6);
	while (more-- > 0)
		p[len++] = tape_octet(tape);
	return len;
}

static void finish(uint8_t *p, const struct ip_hdr *ip, bool v6)
{
	struct checksum sum = {0};

	put16(p + 2, 0);
	if (v6)
		checksum_add_pseudo(&sum, &ip->src, &ip->dst, IP_ICMP6,
				    ip->payload_len);
	checksum_add(&sum, p, ip->payload_len);
	put16(p + 2, checksum_finish(&sum));
}

static void judge(const struct net_error *error)
{
	const struct ip_hdr *ip = &error->quote.ip;
	bool hard;

	MUST(net_is_local(&h.net, &ip->src));
	MUST(!net_is_to_many(&h.net, &ip->dst));
	(void)net_error_meaning(error, &hard);
	if (error->kind != ICMP_PACKET_TOO_BIG)
		return;
	MUST(error->mtu > 0);
	net_pmtu_lower(&h.net, &ip->dst, error->mtu, h.now);
	MUST(net_pmtu(&h.net, &ip->dst, h.now) >=
	     (cn_addr_is_v4(&ip->dst) ? 552 : 1280));
}

static void message(struct tape *tape)
{
	bool v6 = tape_octet(tape) & 1;
	struct ip_hdr ip = {
		.src = address(v6 ? "2001:db8::9" : "192.0.2.9"),
		.dst = address(v6 ? "2001:db8::1" : "192.0.2.1"),
		.protocol = v6 ? IP_ICMP6 : IP_ICMP,
		.ttl = 9,
	};
	uint32_t head = v6 ? IP6_HEADER_LEN : IP4_HEADER_LEN;
	struct net_packet packet;

	ip.payload_len = put_message(tape, packet_octets + head, v6);
	ip_emit(packet_octets, &ip);
	finish(packet_octets + head, &ip, v6);
	switch (host_input(&h, packet_octets, head + ip.payload_len, &packet)) {
	case NET_ERROR:
		judge(&packet.error);
		net_packet_done(&packet);
		break;
	case NET_PACKET:
		abort();
	case NET_DONE:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tape tape = {data, len};

	host_open(&h);
	while (tape.len > 0) {
		message(&tape);
		h.now += tape_octet(&tape) * CN_NS_PER_MS;
		host_drain(&h);
	}
	host_close(&h);
	return 0;
}
