/* SPDX-License-Identifier: MIT */
/*
 * attacks.md row 11: ICMP messages and the packets that they quote.  The first
 * octet chooses the version; the checksum is made right.  Holds: body and
 * quote lie within the message; a message comes back from emit, and the very
 * octets where the second word has no reserved part.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/checksum.h"
#include "wire/icmp.h"
#include "wire/octets.h"

#define HOLDS(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_quote(const struct icmp_msg *msg)
{
	struct icmp_quote quote;

	if (!icmp_parse_quote(msg, &quote))
		return;
	HOLDS(quote.ip.version == msg->version);
	HOLDS(quote.ip.header_len + 8u <= msg->body_len);
	HOLDS(quote.ip.frag_off == 0);
	HOLDS(cn_addr_is_v4(&quote.ip.src) == (msg->version == 4));
}

static void check_emit(const struct ip_hdr *ip, const struct icmp_msg *msg,
		       const uint8_t *octet, size_t len)
{
	uint8_t *p = malloc(len);
	struct icmp_msg back;

	HOLDS(p);
	HOLDS(icmp_emit(p, ip, msg) == len);
	HOLDS(icmp_parse(ip, p, len, &back) == CN_DROP_NONE);
	HOLDS(back.kind == msg->kind && back.type == msg->type);
	HOLDS(back.code == msg->code && back.version == msg->version);
	HOLDS(back.mtu == msg->mtu && back.pointer == msg->pointer);
	HOLDS(back.echo_id == msg->echo_id && back.echo_seq == msg->echo_seq);
	if (msg->kind == ICMP_ECHO_REQUEST || msg->kind == ICMP_ECHO_REPLY ||
	    msg->kind == ICMP_OTHER) {
		HOLDS(!memcmp(p, octet, 2));
		HOLDS(!memcmp(p + 4, octet + 4, len - 4));
	}
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ip_hdr ip = {.version = 4};
	struct checksum sum = {0};
	struct icmp_msg msg;
	uint8_t *p;

	if (len < 1)
		return 0;
	ip.src = cn_addr_v4(192, 0, 2, 1);
	ip.dst = cn_addr_v4(192, 0, 2, 2);
	if (data[0] & 1) {
		ip.version = 6;
		ip.src.octet[0] = 0xfd;
		ip.dst.octet[0] = 0xfd;
	}
	len--;
	p = malloc(len ? len : 1);
	HOLDS(p);
	memcpy(p, data + 1, len);
	if (len >= 4) {
		put16(p + 2, 0);
		if (ip.version == 6)
			checksum_add_pseudo(&sum, &ip.src, &ip.dst, IP_ICMP6,
					    (uint32_t)len);
		checksum_add(&sum, p, len);
		put16(p + 2, checksum_finish(&sum));
	}
	if (icmp_parse(&ip, p, len, &msg) == CN_DROP_NONE) {
		HOLDS(msg.body == p + 8 && msg.body_len == len - 8);
		check_quote(&msg);
		check_emit(&ip, &msg, p, len);
	} else {
		HOLDS(len < 8);
	}
	free(p);
	return 0;
}
