/* SPDX-License-Identifier: MIT */
/*
 * What a view reads of packets that are not TCP (row 48 of the attacks): any
 * octets, half of them behind a sound IP header.  What is read lies within the
 * packet, and its sentence is one that a terminal can be given.
 */
#include <stdlib.h>
#include <string.h>

#include <catenet/frame.h>

#include "see/packet.h"
#include "see/text.h"
#include "wire/ip.h"

#define HOLDS(x) ((x) ? (void)0 : abort())
#define ROOM 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The first octet says what stands before the others; returns how many. */
static uint32_t put_header(uint8_t *p, uint8_t how, uint32_t len)
{
	static const uint8_t protocols[] = {IP_ICMP, IP_ICMP6, IP_UDP, 47};
	struct ip_hdr ip = {
		.src = cn_addr_v4(192, 0, 2, 1),
		.dst = cn_addr_v4(192, 0, 2, 2),
		.protocol = protocols[how >> 2 & 3],
		.ttl = how,
		.payload_len = len,
	};

	if (how & 2)
		ip.src.octet[0] = ip.dst.octet[0] = 0x20;
	return how & 1 ? (uint32_t)ip_emit(p, &ip) : 0;
}

static void tell(const struct see_packet *packet, enum see_lang lang)
{
	struct see_tale tale;
	char text[1024];
	size_t len, octets;

	see_packet_tell(packet, "h1", "h2", &tale);
	len = see_tale_text(lang, &tale, text, sizeof(text));
	HOLDS(len > 0 && len < sizeof(text) && text[len] == '\0');
	for (size_t i = 0; i < len; i += octets)
		HOLDS(text_char(text + i, &octets) >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t octets[ROOM];
	struct cn_frame frame;
	struct see_packet packet;
	uint32_t n;

	if (len < 1 || len > ROOM - 60)
		return 0;
	n = put_header(octets, data[0], (uint32_t)len - 1);
	memcpy(octets + n, data + 1, len - 1);
	n += (uint32_t)len - 1;
	memset(&frame, 0, sizeof(frame));
	frame.slice[0] = (struct cn_slice){NULL, octets, n};
	frame.slice_n = 1;
	frame.payload_len = n;
	if (!see_packet_read(&frame, 0, &packet))
		return 0;
	HOLDS(packet.version == 4 || packet.version == 6);
	HOLDS(packet.protocol != IP_TCP);
	HOLDS(packet.len <= 65535);
	HOLDS(!(packet.is_error && (packet.is_request || packet.is_reply)));
	HOLDS(see_packet_icmp(&packet) && see_packet_protocol(packet.protocol));
	tell(&packet, SEE_EN);
	tell(&packet, SEE_ZH);
	return 0;
}
