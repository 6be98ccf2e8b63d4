/* SPDX-License-Identifier: MIT */
/*
 * Several frames at once: data segments of one flow that follow each other
 * become one super-segment, as a device that joins them would have made it,
 * and so pass the map, the eight steps and the receive queue once.
 *
 * They are joined only where nothing is lost by it: all header fields equal,
 * the acknowledgement, the window and every octet of options among them; in
 * sequence; no flag but ACK and those of ECN; equal in length.  A shorter one or one with PSH is
 * the last.  Both checksums are verified before.  Whatever is different goes
 * the ordinary way, in its place.
 */
#include <string.h>

#include "host/host.h"
#include "wire/octets.h"

#define PACKET_MAX 65535u
#define IP4_FRAGMENT 0x3fff /* more fragments, or an offset */
/* PSH may end a train; the others all cars have, or none (RFC 9768: they are a
 * count). */
#define FREE_FLAGS (TCP_PSH | TCP_ECE | TCP_CWR)

/* A frame that could be part of a train. */
struct car {
	const struct cn_frame *frame;
	const uint8_t *ip, *tcp;
	uint32_t ip_len, tcp_len; /* headers */
	uint32_t data_len;
};

struct train {
	struct car first;
	uint32_t n; /* cars */
	uint32_t next_seq;
	bool whole; /* nothing can follow */
	bool wide; /* sum_is_wide */
	struct checksum ip_sum, tcp_sum; /* what all have in common */
	struct cn_frame frame; /* of two or more */
};

/* --------------------------------------------------------------- one car -- */

static bool ip_is_plain(struct car *car, uint32_t n)
{
	const uint8_t *p = car->ip;
	uint32_t len = cn_frame_len(car->frame);

	if (n >= IP4_HEADER_LEN && p[0] == 0x45) {
		car->ip_len = IP4_HEADER_LEN;
		return p[9] == IP_TCP && get16(p + 2) == len &&
		       !(get16(p + 6) & IP4_FRAGMENT);
	}
	if (n >= IP6_HEADER_LEN && p[0] >> 4 == 6) {
		car->ip_len = IP6_HEADER_LEN;
		return p[6] == IP_TCP &&
		       get16(p + 4) + (uint32_t)IP6_HEADER_LEN == len;
	}
	return false;
}

/* All headers are in one piece, and that holds nothing else if it is the
 * frame's own. */
static bool car_is_fit(struct car *car, const struct cn_frame *frame)
{
	uint32_t n = frame->header_len, headers;

	car->frame = frame;
	car->ip = frame->header;
	if (!n && frame->slice_n) {
		car->ip = frame->slice[0].data;
		n = frame->slice[0].len;
	}
	if (frame->seg_size || !ip_is_plain(car, n) ||
	    n < car->ip_len + TCP_HEADER_LEN)
		return false;
	car->tcp = car->ip + car->ip_len;
	car->tcp_len = (uint32_t)(car->tcp[12] >> 4) * 4;
	headers = car->ip_len + car->tcp_len;
	if (car->tcp_len < TCP_HEADER_LEN || headers > n ||
	    headers > CN_HEADER_MAX ||
	    (frame->header_len && frame->header_len != headers))
		return false;
	car->data_len = cn_frame_len(frame) - headers;
	return car->data_len > 0 && (car->tcp[13] & ~FREE_FLAGS) == TCP_ACK;
}

/* The car's data in slice i of its frame. */
static struct cn_slice car_slice(const struct car *car, unsigned i)
{
	struct cn_slice slice = car->frame->slice[i];
	uint32_t skip = 0;

	if (i == 0 && !car->frame->header_len)
		skip = car->ip_len + car->tcp_len;
	slice.data += skip;
	slice.len -= skip;
	return slice;
}

/* ---------------------------------------------------------------- a train -- */

static bool same_ip(const struct car *a, const struct car *b)
{
	if (a->ip_len != b->ip_len)
		return false;
	if (a->ip_len == IP6_HEADER_LEN)
		return !memcmp(a->ip, b->ip, 4) &&
		       !memcmp(a->ip + 6, b->ip + 6, IP6_HEADER_LEN - 6);
	/* All but length, identification and checksum. */
	return !memcmp(a->ip, b->ip, 2) && !memcmp(a->ip + 6, b->ip + 6, 4) &&
	       !memcmp(a->ip + 12, b->ip + 12, 8);
}

/* All but sequence number, PSH and checksum; without URG its pointer says
 * nothing. */
static bool same_tcp(const struct car *a, const struct car *b)
{
	return a->tcp_len == b->tcp_len && !memcmp(a->tcp, b->tcp, 4) &&
	       !memcmp(a->tcp + 8, b->tcp + 8, 4) && a->tcp[12] == b->tcp[12] &&
	       !((a->tcp[13] ^ b->tcp[13]) & ~TCP_PSH) &&
	       !memcmp(a->tcp + 14, b->tcp + 14, 2) &&
	       !memcmp(a->tcp + TCP_HEADER_LEN, b->tcp + TCP_HEADER_LEN,
		       a->tcp_len - TCP_HEADER_LEN);
}

/* ------------------------------------------------------------- checksums -- */

/* What all cars have in common is summed once: with the fields of the frame's
 * headers at zero in which they differ. */
static void sum_common(struct train *train)
{
	const struct car *car = &train->first;
	struct checksum *tcp_sum = &train->tcp_sum;
	uint8_t *ip = train->frame.header, *tcp = ip + car->ip_len;
	const uint8_t protocol[4] = {0, 0, 0, IP_TCP};

	train->ip_sum = (struct checksum){0};
	train->tcp_sum = (struct checksum){.wide = train->wide};
	/* RFC 9293 section 3.1, RFC 8200 section 8.1: addresses as they lie in
	 * the header. */
	checksum_add4(tcp_sum, protocol);
	if (car->ip_len == IP4_HEADER_LEN) {
		memset(ip + 2, 0, 4);
		memset(ip + 10, 0, 2);
		checksum_add(&train->ip_sum, ip, IP4_HEADER_LEN);
		checksum_add(tcp_sum, ip + 12, 8);
	} else {
		checksum_add(tcp_sum, ip + 8, 32);
	}
	memset(tcp + 12, 0, 2);
	memset(tcp + 4, 0, 4);
	memset(tcp + 16, 0, 2);
	checksum_add(tcp_sum, tcp, car->tcp_len);
	memcpy(tcp + 4, car->tcp + 4, 4);
	memcpy(tcp + 12, car->tcp + 12, 2);
}

/* What net_input and net_packet_checksum_ok ask. */
static bool car_is_sound(const struct train *train, const struct car *car)
{
	struct checksum ip = train->ip_sum, tcp = train->tcp_sum;
	uint8_t len[4];

	if (car->ip_len == IP4_HEADER_LEN) {
		checksum_add4(&ip, car->ip + 2);
		checksum_add2(&ip, car->ip + 10);
		if (checksum_finish(&ip))
			return false;
	}
	if (car->frame->csum != CN_CSUM_NONE)
		return true;
	put32(len, car->tcp_len + car->data_len);
	checksum_add4(&tcp, len);
	checksum_add4(&tcp, car->tcp + 4);
	checksum_add2(&tcp, car->tcp + 12);
	checksum_add2(&tcp, car->tcp + 16);
	for (unsigned i = 0; i < car->frame->slice_n; i++) {
		struct cn_slice slice = car_slice(car, i);

		checksum_add(&tcp, slice.data, slice.len);
	}
	return checksum_finish(&tcp) == 0; /* MUST-2, MUST-3 */
}

/* ---------------------------------------------------------------- joining -- */

/* The slices of a car behind those that are there; false: too many. */
static bool add_slices(struct cn_frame *frame, const struct car *car)
{
	unsigned n = frame->slice_n;

	for (unsigned i = 0; i < car->frame->slice_n; i++) {
		struct cn_slice slice = car_slice(car, i);
		struct cn_slice *last = n ? &frame->slice[n - 1] : NULL;

		if (last && slice.buf && last->buf == slice.buf &&
		    last->data + last->len == slice.data) {
			last->len += slice.len;
			continue;
		}
		if (n == CN_SLICES_MAX)
			return false;
		frame->slice[n++] = slice;
	}
	frame->slice_n = (uint8_t)n;
	frame->payload_len += car->data_len;
	return true;
}

static void train_begin(struct train *train, const struct car *car)
{
	train->first = *car;
	train->n = 1;
	train->next_seq = get32(car->tcp + 4) + car->data_len;
	train->whole = car->tcp[13] & TCP_PSH;
}

/* A second car: the first one's headers are those of all. */
static bool train_couple(struct train *train)
{
	const struct car *car = &train->first;
	struct cn_frame *frame = &train->frame;

	frame->header_len = (uint16_t)(car->ip_len + car->tcp_len);
	memcpy(frame->header, car->ip, frame->header_len);
	sum_common(train);
	if (!car_is_sound(train, car))
		return false;
	frame->seg_size = (uint16_t)car->data_len;
	frame->csum = CN_CSUM_VALID;
	frame->csum_start = 0;
	frame->csum_offset = 0;
	frame->slice_n = 0;
	frame->payload_len = 0;
	return add_slices(frame, car);
}

static bool train_takes(struct train *train, const struct car *car)
{
	const struct car *first = &train->first;

	if (train->whole || get32(car->tcp + 4) != train->next_seq ||
	    car->data_len > first->data_len || !same_ip(first, car) ||
	    !same_tcp(first, car))
		return false;
	if (train->n > 1 &&
	    cn_frame_len(&train->frame) + car->data_len > PACKET_MAX)
		return false;
	if (train->n == 1 && !train_couple(train))
		return false;
	if (!car_is_sound(train, car) || !add_slices(&train->frame, car))
		return false;
	train->n++;
	train->next_seq += car->data_len;
	train->whole = car->data_len < first->data_len ||
		       car->tcp[13] & TCP_PSH;
	train->frame.header[first->ip_len + 13] |= car->tcp[13];
	return true;
}

static void train_arrives(struct train *train, struct cn_host *host, int link,
			  uint64_t now)
{
	struct cn_frame *frame = &train->frame;
	uint8_t *ip = frame->header;
	struct checksum sum = {0};

	if (train->n == 1)
		host_input(host, link, train->first.frame, now);
	if (train->n > 1 && train->first.ip_len == IP4_HEADER_LEN) {
		put16(ip + 2, (uint16_t)cn_frame_len(frame));
		put16(ip + 10, 0);
		checksum_add(&sum, ip, IP4_HEADER_LEN);
		put16(ip + 10, checksum_finish(&sum));
	} else if (train->n > 1) {
		put16(ip + 4, (uint16_t)(cn_frame_len(frame) - IP6_HEADER_LEN));
	}
	if (train->n > 1)
		host_input(host, link, frame, now);
	train->n = 0;
}

void host_inputs(struct cn_host *host, int link, const struct cn_frame *frame,
		 unsigned n, uint64_t now)
{
	bool ether = host->net.routes.link[link].ether;
	struct train train;

	train.n = 0;
	train.wide = host->net.wide;
	for (unsigned i = 0; i < n; i++) {
		struct car car;

		/* What has an Ethernet header goes the ordinary way. */
		if (ether || !car_is_fit(&car, &frame[i])) {
			train_arrives(&train, host, link, now);
			host_input(host, link, &frame[i], now);
			continue;
		}
		if (train.n && train_takes(&train, &car))
			continue;
		train_arrives(&train, host, link, now);
		train_begin(&train, &car);
	}
	train_arrives(&train, host, link, now);
}
