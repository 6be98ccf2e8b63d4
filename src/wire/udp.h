/* SPDX-License-Identifier: MIT */
/* UDP (RFC 768) header. */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include "wire/ip.h"

#define UDP_HEADER_LEN 8

struct udp_hdr {
	uint16_t src_port, dst_port;
	uint32_t data_len;
	bool has_checksum; /* parsed: the sender made one */
};

/* The offset of the checksum within the header. */
#define UDP_CHECKSUM_OFF 6

/*
 * The header alone, of which at least len octets are at p; the rest may lie
 * elsewhere.  Validates the length against ip->payload_len; the checksum is
 * the caller's to verify, over UDP_HEADER_LEN + data_len octets, when there is
 * one.
 */
enum cn_drop udp_parse_header(const struct ip_hdr *ip, const uint8_t *p,
			      size_t len, struct udp_hdr *udp) CN_MUST_CHECK;

/* Validates length and checksum (zero allowed on IPv4 only). */
enum cn_drop udp_parse(const struct ip_hdr *ip, const uint8_t *p, size_t len,
		       struct udp_hdr *udp) CN_MUST_CHECK;

/* Writes the 8 octets; the checksum over header and data must be added by the
 * caller's frame (field zero). Returns 8. */
size_t udp_emit(uint8_t *p, const struct udp_hdr *udp);

#endif
