/* SPDX-License-Identifier: MIT */
/*
 * A glance at a packet: as much of its headers as a link needs to cut it, to
 * match it with a rule or to describe it to a device.  Nothing is validated
 * here beyond staying inside the packet; that is the receiver's work.
 */
#ifndef WIRE_GLANCE_H
#define WIRE_GLANCE_H

#include <catenet/frame.h>

struct glance {
	const uint8_t *octet; /* the first octets of the packet */
	uint32_t octet_n; /* how many of them lie together at octet */
	uint32_t data_len; /* octets after all headers that are known */
	uint32_t seq, ack; /* TCP */
	uint16_t upper; /* where the header after IP begins */
	uint16_t data; /* where the data begins */
	uint16_t src_port, dst_port; /* TCP, UDP; else 0 */
	uint16_t urgent; /* TCP: the field */
	uint8_t version; /* 4, 6, or 0: not IP, and nothing else is set */
	uint8_t protocol; /* of the header at upper */
	uint8_t flags; /* TCP */
	bool has_upper; /* the header at upper is there and whole */
	uint8_t scratch[CN_HEADER_MAX];
};

/* glance points into frame, which must outlive it. */
void glance_at(struct glance *glance, const struct cn_frame *frame);
bool glance_is_tcp(const struct glance *glance);
/* The addresses, of a packet that is IP. */
struct cn_addr glance_src(const struct glance *glance);
struct cn_addr glance_dst(const struct glance *glance);

#endif
