/* SPDX-License-Identifier: MIT */
/*
 * Neighbours on Ethernet: ARP (RFC 826), neighbour discovery (RFC 4861 section
 * 7), duplicate addresses (RFC 4862 section 5.4), and rows 24 and 25 of the
 * attacks.
 */
#include "ether.h"

static const uint8_t stranger[CN_MAC_LEN] = {2, 0, 0, 0, 0, 0x66};

static struct cn_addr addr(const char *text)
{
	struct cn_addr a;

	assert_true(cn_addr_parse(text, &a));
	return a;
}

/* ------------------------------------------------------------ resolution -- */

static void first_packet_asks_and_waits_for_the_answer(void **state)
{
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, true);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	say(&pair, a, pair_at(1, 2000), "one");
	hears(b, "one");
	assert_int_equal(COUNTED(&pair, 0, arp_out), 1);
	assert_int_equal(COUNTED(&pair, 1, arp_out), 1);
	/* Known on both sides now: the question told who asked. */
	say(&pair, a, pair_at(1, 2000), "two");
	hears(b, "two");
	say(&pair, b, pair_at(0, 1000), "back");
	hears(a, "back");
	assert_int_equal(COUNTED(&pair, 0, arp_out), 1);
	assert_int_equal(COUNTED(&pair, 1, arp_out), 1);
	pair_deinit(&pair);
}

static void ipv6_neighbour_is_discovered(void **state)
{
	struct cn_endpoint to = {pair_addr6(1), 2000}, at = {.port = 2000};
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, true);
	a = dgram_on(&pair, 0, 6);
	b = dgram_on(&pair, 1, 6);
	assert_int_equal(cn_dgram_bind(b, &at), 0);
	say(&pair, a, to, "six");
	hears(b, "six");
	assert_int_equal(COUNTED(&pair, 0, arp_out), 0);
	pair_deinit(&pair);
}

static void tcp_over_ethernet(void **state)
{
	struct pair pair;
	struct duo duo;

	(void)state;
	ether_init(&pair, NULL, true);
	duo = pair_connect(&pair, 80);
	send_text(&pair, duo.client, "hello");
	expect_text(&pair, duo.server, "hello");
	pair_deinit(&pair);
}

/* The question is a broadcast from our own address for the target's. */
static void arp_request_has_the_right_octets(void **state)
{
	static const uint8_t all[CN_MAC_LEN] = {255, 255, 255, 255, 255, 255};
	struct cn_endpoint to = pair_at(1, 2000);
	struct ether_hdr ether;
	struct arp_msg arp;
	struct cn_addr want;
	uint8_t mac[CN_MAC_LEN];
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, true);
	assert_int_equal(cn_dgram_send(bound_on(&pair, 0, 1000), "x", 1, &to,
				       pair.now),
			 1);
	expect_arp(&pair, &ether, &arp);
	mac_of(0, mac);
	assert_memory_equal(ether.dst, all, CN_MAC_LEN);
	assert_memory_equal(ether.src, mac, CN_MAC_LEN);
	assert_int_equal(arp.op, ARP_REQUEST);
	assert_memory_equal(arp.sender_mac, mac, CN_MAC_LEN);
	want = pair_addr4(0);
	assert_true(cn_addr_equal(&arp.sender, &want));
	want = pair_addr4(1);
	assert_true(cn_addr_equal(&arp.target, &want));
	expect_no_frame(&pair);
	pair_deinit(&pair);
}

/* RFC 4861 section 7.2.2: three questions, a second apart; then whoever sent
 * what waited is told, and of the packets the three latest had been kept. */
static void silent_neighbour_is_asked_thrice_and_given_up(void **state)
{
	struct cn_endpoint to = pair_at(7, 2000);
	uint64_t begun;
	struct cn_dgram_error error;
	struct ether_hdr ether;
	struct arp_msg arp;
	struct cn_dgram *a;
	struct pair pair;
	char got[8];

	(void)state;
	ether_init(&pair, NULL, true);
	a = bound_on(&pair, 0, 1000);
	dgram_opt(a, CN_DGRAM_OPT_RECVERR, 1);
	begun = pair.now;
	for (char c = 'a'; c < 'f'; c++) {
		assert_int_equal(cn_dgram_send(a, &c, 1, &to, pair.now), 1);
		if (c == 'a')
			expect_arp(&pair, &ether, &arp);
		expect_no_frame(&pair);
	}
	assert_int_equal(drops(&pair, 0, CN_DROP_NEIGH_LIMIT), 2);
	for (int i = 0; i < 2; i++) {
		alone_until_deadline(&pair);
		expect_arp(&pair, &ether, &arp);
	}
	alone_until_deadline(&pair);
	assert_int_equal(pair.now - begun, 3 * S);
	expect_no_frame(&pair);
	assert_int_equal(COUNTED(&pair, 0, neigh_failed), 1);
	assert_int_equal(drops(&pair, 0, CN_DROP_NEIGH_FAILED), 3);
	for (char c = 'c'; c < 'f'; c++) {
		assert_int_equal(cn_dgram_recv_error(a, got, 8, &error), 1);
		assert_int_equal(got[0], c);
		assert_int_equal(error.err, CN_E_HOSTUNREACH);
		assert_int_equal(error.to.port, 2000);
	}
	pair_deinit(&pair);
}

/* Linux: a connect to an address where nobody is fails after three seconds. */
static void tcp_connect_learns_that_nobody_is_there(void **state)
{
	struct cn_sock *sock;
	struct pair pair;
	uint64_t begun;

	(void)state;
	ether_init(&pair, NULL, true);
	begun = pair.now;
	sock = connect_from(&pair, 0, pair_at(7, 80));
	while (!(cn_sock_ready(sock) & CN_READY_ERR) &&
	       pair.now < begun + 10 * S)
		pair_after(&pair, S / 2);
	assert_int_equal(cn_sock_error(sock), CN_E_HOSTUNREACH);
	assert_in_range(pair.now - begun, 3 * S, 4 * S);
	pair_deinit(&pair);
}

static void route_by_way_of_a_router(void **state)
{
	struct cn_addr any = cn_addr_v4(0, 0, 0, 0), hop = pair_addr4(1);
	struct cn_endpoint to = {cn_addr_v4(192, 0, 2, 1), 2000};
	struct ether_hdr ether;
	struct arp_msg arp;
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, true);
	assert_int_equal(cn_host_route_via(pair.host[0], 0, &any, 0, &hop), 0);
	assert_int_equal(cn_dgram_send(bound_on(&pair, 0, 1000), "x", 1, &to,
				       pair.now),
			 1);
	expect_arp(&pair, &ether, &arp);
	assert_true(cn_addr_equal(&arp.target, &hop));
	hop = pair_addr6(1);
	assert_int_equal(cn_host_route_via(pair.host[0], 0, &any, 0, &hop),
			 CN_E_INVAL);
	pair_deinit(&pair);
}

static void groups_and_broadcast_ask_nobody(void **state)
{
	struct cn_endpoint group = {cn_addr_v4(239, 129, 2, 3), 2000};
	struct cn_endpoint net = {cn_addr_v4(10, 0, 0, 255), 2000};
	static const uint8_t group_mac[CN_MAC_LEN] = {1, 0, 0x5e, 1, 2, 3};
	static const uint8_t all[CN_MAC_LEN] = {255, 255, 255, 255, 255, 255};
	struct ether_hdr ether;
	uint8_t octet[2048];
	struct cn_dgram *a;
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, true);
	a = bound_on(&pair, 0, 1000);
	dgram_opt(a, CN_DGRAM_OPT_BROADCAST, 1);
	assert_int_equal(cn_dgram_send(a, "x", 1, &group, pair.now), 1);
	assert_int_not_equal(take_frame(&pair, &ether, octet), 0);
	assert_memory_equal(ether.dst, group_mac, CN_MAC_LEN);
	assert_int_equal(cn_dgram_send(a, "x", 1, &net, pair.now), 1);
	assert_int_not_equal(take_frame(&pair, &ether, octet), 0);
	assert_memory_equal(ether.dst, all, CN_MAC_LEN);
	pair_deinit(&pair);
}

/* --------------------------------------------------------- reachability -- */

/* RFC 4861 section 7.3.3: what is in use is asked again by and by, by itself,
 * and what is not in use is left alone. */
static void neighbour_in_use_is_confirmed(void **state)
{
	struct cn_dgram *a, *b;
	struct pair pair;
	uint64_t asked;

	(void)state;
	ether_init(&pair, NULL, true);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	say(&pair, a, pair_at(1, 2000), "x");
	pair_after(&pair, 3600 * S);
	assert_int_equal(COUNTED(&pair, 0, arp_out), 1);
	for (int i = 0; i < 100; i++) {
		say(&pair, a, pair_at(1, 2000), "x");
		pair_after(&pair, S);
	}
	asked = COUNTED(&pair, 0, arp_out) - 1;
	assert_in_range(asked, 2, 6);
	/* Each time by unicast: the answers came and nothing was lost. */
	assert_int_equal(COUNTED(&pair, 1, udp_in), 101);
	assert_int_equal(drops(&pair, 0, CN_DROP_NEIGH_FAILED), 0);
	(void)b;
	pair_deinit(&pair);
}

/* --------------------------------------------------------------- spoofing -- */

/* What is sent to the neighbour's address there never arrives. */
static bool lose_ip(struct pair *pair, int from, const struct cn_frame *frame)
{
	struct ether_hdr ether;

	(void)pair;
	return from == 0 &&
	       ether_parse(frame->header, frame->header_len, &ether) ==
		       CN_DROP_NONE &&
	       ether.type == ETHER_IP4;
}

/* At R1, after three timeouts, the way is in doubt: the neighbour, heard
 * of a moment ago, is asked at once, and not after 30 s. */
static void stream_unanswered_three_times_asks_for_its_neighbour(void **state)
{
	struct cn_tcp_info info;
	struct pair pair;
	struct duo duo;
	uint64_t asked;

	(void)state;
	ether_init(&pair, NULL, true);
	duo = pair_connect(&pair, 80);
	send_text(&pair, duo.client, "hello");
	expect_text(&pair, duo.server, "hello");
	asked = COUNTED(&pair, 0, arp_out);
	pair.lose = lose_ip;
	send_text(&pair, duo.client, "is there anybody?");
	do {
		assert_int_equal(COUNTED(&pair, 0, arp_out), asked);
		pair_after(&pair, 50 * MS);
		assert_int_equal(cn_sock_info(duo.client, &info), 0);
	} while (info.timeouts < 3);
	assert_int_equal(COUNTED(&pair, 0, arp_out), asked + 1);
	/* It is there: no reason to give up, and none to ask again. */
	pair_after(&pair, 3 * S);
	assert_int_equal(COUNTED(&pair, 0, arp_out), asked + 1);
	assert_int_equal(COUNTED(&pair, 0, neigh_failed), 0);
	pair.lose = NULL;
	pair_after(&pair, 10 * S);
	expect_text(&pair, duo.server, "is there anybody?");
	pair_deinit(&pair);
}

static struct arp_msg forged(int op, const char *target)
{
	struct arp_msg arp = {.op = (uint8_t)op, .sender = pair_addr4(1)};

	memcpy(arp.sender_mac, stranger, CN_MAC_LEN);
	arp.target = addr(target);
	mac_of(0, arp.target_mac);
	return arp;
}

/* Whoever claims a neighbour's address, in any way, only makes the host ask
 * the neighbour, who answers. */
static void forged_arp_does_not_move_a_neighbour(void **state)
{
	static const struct {
		int op;
		const char *target;
	} row[] = {
		{ARP_REPLY, "10.0.0.1"},
		{ARP_REQUEST, "10.0.0.1"},
		{ARP_REQUEST, "10.0.0.2"}, /* gratuitous */
		{ARP_REPLY, "10.0.0.2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct arp_msg arp = forged(row[i].op, row[i].target);
		struct cn_dgram *a, *b;
		struct pair pair;

		ether_init(&pair, NULL, true);
		a = bound_on(&pair, 0, 1000);
		b = bound_on(&pair, 1, 2000);
		say(&pair, a, pair_at(1, 2000), "before");
		hears(b, "before");
		/* While it is reachable, and again when that is long ago. */
		for (int k = 0; k < 2; k++) {
			put_arp(&pair, &arp);
			assert_true(drops(&pair, 0, CN_DROP_NEIGH_CONTRADICTS) >
				    0);
			say(&pair, a, pair_at(1, 2000), "after");
			hears(b, "after");
			pair_after(&pair, 300 * S);
		}
		pair_deinit(&pair);
	}
}

/* A neighbour that really moved is found again, once the old one is silent. */
static void moved_neighbour_is_found_again(void **state)
{
	struct arp_msg arp = forged(ARP_REQUEST, "10.0.0.2");
	struct cn_endpoint to = pair_at(1, 2000);
	struct ether_hdr ether;
	struct arp_msg asked;
	struct cn_dgram *a;
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, true);
	a = bound_on(&pair, 0, 1000);
	(void)bound_on(&pair, 1, 2000);
	say(&pair, a, to, "before");
	put_arp(&pair, &arp);
	for (int i = 0; i < 3; i++) {
		expect_arp(&pair, &ether, &asked);
		assert_int_equal(ether.dst[5], 2);
		alone_until_deadline(&pair);
	}
	assert_int_equal(cn_dgram_send(a, "x", 1, &to, pair.now), 1);
	expect_arp(&pair, &ether, &asked);
	assert_int_equal(ether.dst[0], 0xff);
	/* Now the new one answers. */
	arp = forged(ARP_REPLY, "10.0.0.1");
	put_arp(&pair, &arp);
	{
		uint8_t octet[2048];

		assert_int_not_equal(take_frame(&pair, &ether, octet), 0);
		assert_memory_equal(ether.dst, stranger, CN_MAC_LEN);
	}
	pair_deinit(&pair);
}

/* Row 24: words that nobody asked for make no entries; questions make some, but
 * they push out nobody who is in use. */
static void flood_of_strangers_does_not_push_out_neighbours(void **state)
{
	struct cn_dgram *a, *b;
	size_t before, after;
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, true);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	say(&pair, a, pair_at(1, 2000), "x");
	hears(b, "x");
	for (unsigned i = 0; i < 4000; i++) {
		struct arp_msg arp =
			forged(i & 1 ? ARP_REQUEST : ARP_REPLY, "10.0.0.1");
		struct ether_hdr ether;
		uint8_t octet[2048];

		arp.sender = cn_addr_v4(10, 0, (uint8_t)(1 + i / 200),
					(uint8_t)(1 + i % 200));
		put_arp(&pair, &arp);
		while (take_frame(&pair, &ether, octet))
			;
		if (i == 2100)
			before = cn_host_memory(pair.host[0], NULL);
	}
	after = cn_host_memory(pair.host[0], NULL);
	assert_int_equal(after, before);
	say(&pair, a, pair_at(1, 2000), "still");
	hears(b, "still");
	assert_int_equal(COUNTED(&pair, 0, neigh_failed), 0);
	pair_deinit(&pair);
}

/* Row 24 and RFC 6583: a scan of a network where nobody answers takes a
 * quarter of the table. */
static void scan_does_not_push_out_neighbours(void **state)
{
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, true);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	say(&pair, a, pair_at(1, 2000), "x");
	hears(b, "x");
	for (unsigned i = 0; i < 250 * 8; i++) {
		struct cn_endpoint to = pair_at(3 + (int)(i % 250), 9);
		struct cn_addr wide = cn_addr_v4(10, 0, (uint8_t)(i / 250), 0);

		assert_int_equal(cn_host_route_add(pair.host[0], 0, &wide, 24),
				 0);
		to.addr.octet[14] = (uint8_t)(i / 250);
		say(&pair, a, to, "?");
	}
	assert_true(cn_host_memory(pair.host[0], NULL) < 2 << 20);
	assert_true(drops(&pair, 0, CN_DROP_NEIGH_LIMIT) >= 2000 - 256);
	say(&pair, a, pair_at(1, 2000), "still");
	hears(b, "still");
	pair_after(&pair, 10 * S);
	pair_deinit(&pair);
}

/* RFC 4861 section 7.1.2 and 11.1: nobody beyond the link can speak. */
static void forged_advertisements_are_refused(void **state)
{
	struct nd_msg nd = {
		.type = ND_NEIGHBOUR_ADVERT,
		.solicited = true,
		.override = true,
		.has_mac = true,
		.target = pair_addr6(1),
	};
	struct cn_endpoint to = {pair_addr6(1), 2000}, at = {.port = 2000};
	struct cn_addr own = pair_addr6(0), peer = pair_addr6(1);
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	memcpy(nd.mac, stranger, CN_MAC_LEN);
	ether_init(&pair, NULL, true);
	a = dgram_on(&pair, 0, 6);
	b = dgram_on(&pair, 1, 6);
	assert_int_equal(cn_dgram_bind(b, &at), 0);
	say(&pair, a, to, "before");
	hears(b, "before");
	put_nd(&pair, stranger, &peer, &own, &nd, 254);
	assert_int_equal(drops(&pair, 0, CN_DROP_ND_BAD), 1);
	put_nd(&pair, stranger, &peer, &own, &nd, 255);
	assert_int_equal(drops(&pair, 0, CN_DROP_NEIGH_CONTRADICTS), 1);
	say(&pair, a, to, "after");
	hears(b, "after");
	/* A question with a false address is no better. */
	nd.type = ND_NEIGHBOUR_SOLICIT;
	nd.target = own;
	put_nd(&pair, stranger, &peer, &own, &nd, 255);
	say(&pair, a, to, "again");
	hears(b, "again");
	pair_deinit(&pair);
}

/* RFC 6980 section 5: in fragments, be it but one, they could pass whoever
 * guards the link. */
static void discovery_in_fragments_is_refused(void **state)
{
	struct nd_msg nd = {
		.type = ND_NEIGHBOUR_SOLICIT,
		.has_mac = true,
		.target = pair_addr6(0),
	};
	struct ip_hdr ip = {
		.src = pair_addr6(1),
		.dst = pair_addr6(0),
		.version = 6,
		.protocol = IP_ICMP6,
		.ttl = 255,
		.is_fragment = true,
		.id = 7,
	};
	uint8_t octet[256], body[ND_BODY_MAX], whole[64], to[CN_MAC_LEN];
	struct icmp_msg icmp;
	struct pair pair;
	uint32_t len, n;

	(void)state;
	memcpy(nd.mac, stranger, CN_MAC_LEN);
	mac_of(0, to);
	ether_init(&pair, NULL, true);
	nd_emit(&nd, &icmp, body);
	len = (uint32_t)icmp_emit(whole, &ip, &icmp);
	/* One that is whole, then two. */
	for (uint32_t step = 64; step; step = step == 64 ? 16 : 0) {
		for (uint32_t off = 0; off < len; off += step) {
			ip.payload_len = len - off < step ? len - off : step;
			ip.frag_off = (uint16_t)off;
			ip.more = off + step < len;
			n = (uint32_t)ip_emit(octet, &ip);
			memcpy(octet + n, whole + off, ip.payload_len);
			put_frame(&pair, stranger, to, ETHER_IP6, octet,
				  n + ip.payload_len);
		}
		ip.id++;
	}
	assert_int_equal(drops(&pair, 0, CN_DROP_ND_BAD), 2);
	expect_silence(&pair, 0);
	pair_deinit(&pair);
}

/* RFC 4291 section 2.5.2: nobody has that address, so nobody is answered at
 * it, nor believed. */
static void nobody_is_neither_answered_nor_believed(void **state)
{
	static const struct cn_addr nobody;
	struct ip_hdr ip = {
		.dst = pair_addr6(0),
		.version = 6,
		.protocol = IP_ICMP6,
		.ttl = 64,
		.payload_len = 8,
	};
	uint8_t octet[128], to[CN_MAC_LEN];
	struct pair pair;
	size_t n;

	(void)state;
	mac_of(0, to);
	ether_init(&pair, NULL, true);
	/* An echo request, and an error. */
	for (uint8_t type = 128; type; type = type == 128 ? 1 : 0) {
		struct icmp_msg icmp = {.type = type, .kind = ICMP_OTHER};

		ip.src = nobody;
		n = ip_emit(octet, &ip);
		n += icmp_emit(octet + n, &ip, &icmp);
		put_frame(&pair, stranger, to, ETHER_IP6, octet, (uint32_t)n);
	}
	assert_int_equal(drops(&pair, 0, CN_DROP_IP_SOURCE), 2);
	assert_int_equal(COUNTED(&pair, 0, icmp_echo_replies), 0);
	expect_silence(&pair, 0);
	pair_deinit(&pair);
}

/* ------------------------------------------------------ duplicate addresses -- */

static void address_is_tentative_for_a_second(void **state)
{
	struct cn_addr own = pair_addr6(0);
	struct cn_endpoint at = {own, 2000};
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, false);
	assert_int_equal(cn_host_addr_state(pair.host[0], &own),
			 CN_ADDR_TENTATIVE);
	assert_int_equal(cn_dgram_bind(dgram_on(&pair, 0, 6), &at),
			 CN_E_ADDRNOTAVAIL);
	pair_after(&pair, S - 1);
	assert_int_equal(cn_host_addr_state(pair.host[0], &own),
			 CN_ADDR_TENTATIVE);
	pair_after(&pair, 1);
	assert_int_equal(cn_host_addr_state(pair.host[0], &own), CN_ADDR_READY);
	assert_int_equal(cn_dgram_bind(dgram_on(&pair, 0, 6), &at), 0);
	pair_deinit(&pair);
}

/* An owner answers, and another that tries it too spoils it for both. */
static void duplicate_address_is_not_used(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		static const struct cn_addr nobody;
		struct cn_addr own = pair_addr6(0), all = addr("ff02::1");
		struct cn_addr group = addr("ff02::1:ff00:1"), peer;
		struct nd_msg nd = {
			.type = how ? ND_NEIGHBOUR_SOLICIT :
				      ND_NEIGHBOUR_ADVERT,
			.override = true,
			.target = own,
		};
		struct pair pair;

		ether_init(&pair, NULL, false);
		peer = addr("fe80::66");
		put_nd(&pair, stranger, how ? &nobody : &peer,
		       how ? &group : &all, &nd, 255);
		/* Before the question was sent it is no answer; after it, it
		 * is. */
		pair_after(&pair, S / 2);
		put_nd(&pair, stranger, how ? &nobody : &peer,
		       how ? &group : &all, &nd, 255);
		pair_after(&pair, 5 * S);
		assert_int_equal(cn_host_addr_state(pair.host[0], &own),
				 CN_ADDR_DUPLICATE);
		assert_int_equal(COUNTED(&pair, 0, dad_failed), 1);
		pair_deinit(&pair);
	}
}

static void same_addresses(struct cn_settings *settings, int host)
{
	(void)host;
	settings->dad_probes = 0;
}

static void without_probes_addresses_are_ready_at_once(void **state)
{
	struct cn_addr own = pair_addr6(0);
	struct pair pair;

	(void)state;
	ether_init(&pair, same_addresses, false);
	assert_int_equal(cn_host_addr_state(pair.host[0], &own), CN_ADDR_READY);
	pair_deinit(&pair);
}

/* ------------------------------------------------------------- framing -- */

static void frames_that_are_not_for_us_are_dropped(void **state)
{
	static const uint8_t other[CN_MAC_LEN] = {2, 0, 0, 0, 0, 9};
	static const uint8_t group[CN_MAC_LEN] = {1, 0, 0x5e, 0, 0, 1};
	uint8_t body[28] = {0x45}, own[CN_MAC_LEN];
	struct cn_frame frame;
	struct pair pair;

	(void)state;
	ether_init(&pair, NULL, true);
	mac_of(0, own);
	put_frame(&pair, stranger, other, ETHER_IP4, body, 28);
	assert_int_equal(drops(&pair, 0, CN_DROP_ETHER_OTHER), 1);
	put_frame(&pair, group, own, ETHER_IP4, body, 28);
	assert_int_equal(drops(&pair, 0, CN_DROP_ETHER_BAD), 1);
	put_frame(&pair, stranger, own, 0x8100, body, 28);
	put_frame(&pair, stranger, own, ETHER_IP6, body, 28);
	assert_int_equal(drops(&pair, 0, CN_DROP_ETHER_TYPE), 2);
	put_frame(&pair, stranger, own, ETHER_ARP, body, 27);
	assert_int_equal(drops(&pair, 0, CN_DROP_ARP_BAD), 1);
	memset(&frame, 0, sizeof(frame));
	frame.header_len = 13;
	cn_host_input(pair.host[0], 0, &frame, pair.now);
	assert_int_equal(drops(&pair, 0, CN_DROP_ETHER_BAD), 2);
	pair_deinit(&pair);
}

/* RFC 1122 section 3.3.6: a packet for one in a frame for all is refused. */
static void broadcast_frame_with_a_packet_for_one_is_dropped(void **state)
{
	static const uint8_t all[CN_MAC_LEN] = {255, 255, 255, 255, 255, 255};
	struct ip_hdr ip = {
		.src = pair_addr4(1),
		.dst = pair_addr4(0),
		.protocol = IP_ICMP,
		.ttl = 64,
		.payload_len = 8,
	};
	struct icmp_msg echo = {.type = 8};
	uint8_t body[28];
	struct pair pair;
	uint64_t before;

	(void)state;
	ether_init(&pair, NULL, true);
	ip_emit(body, &ip);
	icmp_emit(body + 20, &ip, &echo);
	before = drops(&pair, 0, CN_DROP_IP_NOT_OURS);
	put_frame(&pair, stranger, all, ETHER_IP4, body, 28);
	assert_int_equal(drops(&pair, 0, CN_DROP_IP_NOT_OURS), before + 1);
	assert_int_equal(COUNTED(&pair, 0, icmp_echo_replies), 0);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_packet_asks_and_waits_for_the_answer),
		cmocka_unit_test(ipv6_neighbour_is_discovered),
		cmocka_unit_test(tcp_over_ethernet),
		cmocka_unit_test(arp_request_has_the_right_octets),
		cmocka_unit_test(silent_neighbour_is_asked_thrice_and_given_up),
		cmocka_unit_test(tcp_connect_learns_that_nobody_is_there),
		cmocka_unit_test(route_by_way_of_a_router),
		cmocka_unit_test(groups_and_broadcast_ask_nobody),
		cmocka_unit_test(neighbour_in_use_is_confirmed),
		cmocka_unit_test(
			stream_unanswered_three_times_asks_for_its_neighbour),
		cmocka_unit_test(forged_arp_does_not_move_a_neighbour),
		cmocka_unit_test(moved_neighbour_is_found_again),
		cmocka_unit_test(
			flood_of_strangers_does_not_push_out_neighbours),
		cmocka_unit_test(scan_does_not_push_out_neighbours),
		cmocka_unit_test(forged_advertisements_are_refused),
		cmocka_unit_test(discovery_in_fragments_is_refused),
		cmocka_unit_test(nobody_is_neither_answered_nor_believed),
		cmocka_unit_test(address_is_tentative_for_a_second),
		cmocka_unit_test(duplicate_address_is_not_used),
		cmocka_unit_test(without_probes_addresses_are_ready_at_once),
		cmocka_unit_test(frames_that_are_not_for_us_are_dropped),
		cmocka_unit_test(
			broadcast_frame_with_a_packet_for_one_is_dropped),
	};

	return cmocka_run_group_tests_name("neighbour", tests, NULL, NULL);
}
