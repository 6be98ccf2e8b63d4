/* SPDX-License-Identifier: MIT */
/*
 * Another stack beside a host's own, with the same addresses: whose is what
 * arrives, and how what it sends leaves (catenet/host.h, enum cn_twin).
 */
#include "udp.h"

/* A packet from one address to another, upper_len octets after the header. */
static void make(struct cn_frame *frame, struct cn_addr src, struct cn_addr dst,
		 uint8_t protocol, const void *upper, uint32_t upper_len)
{
	struct ip_hdr ip = {
		.src = src,
		.dst = dst,
		.protocol = protocol,
		.ttl = 9,
		.df = true,
		.payload_len = upper_len,
	};

	memset(frame, 0, sizeof(*frame));
	frame->header_len = (uint16_t)ip_emit(frame->header, &ip);
	frame->slice_n = 1;
	frame->slice[0].data = upper;
	frame->slice[0].len = upper_len;
	frame->payload_len = upper_len;
}

static const uint8_t datagram[] = {0, 9, 0, 7, 0, 12, 0, 0, 'a', 'b', 'c', 'd'};
static const uint8_t echo4[] = {8, 0, 0xf7, 0xfe, 0, 1, 0, 0};

static void init(struct pair *pair)
{
	pair_init(pair, NULL);
	cn_host_twin(pair->host[0], CN_TWIN_KERNEL);
	cn_host_twin(pair->host[1], CN_TWIN_KERNEL);
}

/* The twin of that host gets a packet of that protocol, or nothing. */
static void gets(struct pair *pair, int host, uint8_t protocol, int link)
{
	struct cn_frame frame;
	int came;

	if (!protocol) {
		assert_false(
			cn_host_twin_output(pair->host[host], &came, &frame));
		return;
	}
	assert_true(cn_host_twin_output(pair->host[host], &came, &frame));
	assert_int_equal(frame.header[9], protocol);
	assert_int_equal(came, link);
	cn_frame_release(&frame);
}

static void sends(struct pair *pair, struct cn_addr src, struct cn_addr dst,
		  uint8_t protocol, const void *upper, uint32_t upper_len)
{
	struct cn_frame frame;

	make(&frame, src, dst, protocol, upper, upper_len);
	cn_host_twin_input(pair->host[0], 0, &frame, pair->now);
	pair_run(pair);
}

static void datagrams_and_echoes_go_from_twin_to_twin(void **state)
{
	struct pair pair;

	(void)state;
	init(&pair);
	sends(&pair, pair_addr4(0), pair_addr4(1), IP_UDP, datagram, 12);
	/* It is a packet of the host's own: the TTL stays. */
	assert_int_equal(pair.last[0][8], 9);
	gets(&pair, 1, IP_UDP, 0);
	sends(&pair, pair_addr4(0), pair_addr4(1), IP_ICMP, echo4, 8);
	gets(&pair, 1, IP_ICMP, 0);
	gets(&pair, 1, 0, 0);
	/* Of protocols that nobody here knows, too. */
	sends(&pair, pair_addr4(0), pair_addr4(1), 132, datagram, 12);
	gets(&pair, 1, 132, 0);
	pair_deinit(&pair);
}

static void tcp_stays_ours(void **state)
{
	static const uint8_t syn[20] = {0, 9, 0, 7, [12] = 0x50, [13] = 2};
	struct pair pair;

	(void)state;
	init(&pair);
	sends(&pair, pair_addr4(0), pair_addr4(1), IP_TCP, syn, 20);
	assert_int_equal(pair.moved[0], 0);
	assert_int_equal(
		cn_host_counters(pair.host[0])->drop[CN_DROP_IP_FORWARD], 1);
	gets(&pair, 1, 0, 0);
	pair_deinit(&pair);
}

static void false_sources_do_not_leave(void **state)
{
	struct pair pair;

	(void)state;
	init(&pair);
	sends(&pair, cn_addr_v4(10, 0, 0, 77), pair_addr4(1), IP_UDP, datagram,
	      12);
	sends(&pair, cn_addr_v4(127, 0, 0, 1), pair_addr4(1), IP_UDP, datagram,
	      12);
	sends(&pair, pair_addr4(0), cn_addr_v4(127, 0, 0, 1), IP_UDP, datagram,
	      12);
	assert_int_equal(pair.moved[0], 0);
	pair_deinit(&pair);
}

static void what_is_for_many_is_datagrams_alone(void **state)
{
	static const uint8_t report[8] = {0x16};
	struct pair pair;

	(void)state;
	init(&pair);
	sends(&pair, pair_addr4(0), cn_addr_v4(239, 1, 2, 3), IP_UDP, datagram,
	      12);
	gets(&pair, 1, IP_UDP, 0);
	sends(&pair, pair_addr4(0), cn_addr_v4(10, 0, 0, 255), IP_UDP, datagram,
	      12);
	gets(&pair, 1, IP_UDP, 0);
	sends(&pair, pair_addr4(0), cn_addr_v4(224, 0, 0, 22), 2, report, 8);
	assert_int_equal(pair.moved[0], 2);
	pair_deinit(&pair);
}

static void what_has_no_route_comes_back(void **state)
{
	struct pair pair;

	(void)state;
	init(&pair);
	sends(&pair, pair_addr4(0), cn_addr_v4(172, 16, 0, 1), IP_UDP, datagram,
	      12);
	assert_int_equal(pair.moved[0], 0);
	gets(&pair, 0, IP_ICMP, CN_LINK_LOOPBACK);
	pair_deinit(&pair);
}

static void what_is_too_long_comes_back(void **state)
{
	static uint8_t longer[2000] = {0, 9, 0, 7, 7, 0xd0};
	struct pair pair;

	(void)state;
	init(&pair);
	sends(&pair, pair_addr4(0), pair_addr4(1), IP_UDP, longer, 2000);
	assert_int_equal(pair.moved[0], 0);
	gets(&pair, 0, IP_ICMP, CN_LINK_LOOPBACK);
	pair_deinit(&pair);
}

/* An error about a segment is for the connection that sent it. */
static void errors_about_tcp_stay_ours(void **state)
{
	uint8_t error[8 + 28] = {3, 3};
	struct ip_hdr quoted = {
		.src = pair_addr4(1),
		.dst = pair_addr4(0),
		.protocol = IP_TCP,
		.ttl = 9,
		.payload_len = 20,
	};
	struct pair pair;

	(void)state;
	init(&pair);
	ip_emit(error + 8, &quoted);
	sends(&pair, pair_addr4(0), pair_addr4(1), IP_ICMP, error,
	      sizeof(error));
	gets(&pair, 1, 0, 0);
	error[8 + 9] = IP_UDP;
	sends(&pair, pair_addr4(0), pair_addr4(1), IP_ICMP, error,
	      sizeof(error));
	gets(&pair, 1, IP_ICMP, 0);
	pair_deinit(&pair);
}

static void any_address(struct cn_settings *settings, int host)
{
	settings->any_addr = host == 1;
}

static void a_gateways_twin_has_echoes_to_others_alone(void **state)
{
	struct cn_addr far = cn_addr_v4(198, 51, 100, 7);
	struct cn_addr any = cn_addr_v4(0, 0, 0, 0);
	struct cn_frame frame;
	struct pair pair;

	(void)state;
	pair_init(&pair, any_address);
	assert_int_equal(cn_host_route_add(pair.host[0], 0, &any, 0), 0);
	cn_host_twin(pair.host[0], CN_TWIN_KERNEL);
	cn_host_twin(pair.host[1], CN_TWIN_BEYOND);
	sends(&pair, pair_addr4(0), far, IP_ICMP, echo4, 8);
	gets(&pair, 1, IP_ICMP, 0);
	sends(&pair, pair_addr4(0), far, IP_UDP, datagram, 12);
	gets(&pair, 1, 0, 0);
	while (cn_host_twin_output(pair.host[0], &(int){0}, &frame))
		cn_frame_release(&frame); /* nobody listens there */
	/* It may speak for those beyond. */
	make(&frame, far, pair_addr4(0), IP_ICMP, echo4, 8);
	cn_host_twin_input(pair.host[1], 0, &frame, pair.now);
	pair_run(&pair);
	gets(&pair, 0, IP_ICMP, 0);
	pair_deinit(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_and_echoes_go_from_twin_to_twin),
		cmocka_unit_test(tcp_stays_ours),
		cmocka_unit_test(false_sources_do_not_leave),
		cmocka_unit_test(what_is_for_many_is_datagrams_alone),
		cmocka_unit_test(what_has_no_route_comes_back),
		cmocka_unit_test(what_is_too_long_comes_back),
		cmocka_unit_test(errors_about_tcp_stay_ours),
		cmocka_unit_test(a_gateways_twin_has_echoes_to_others_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
