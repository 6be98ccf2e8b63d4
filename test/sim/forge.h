/* SPDX-License-Identifier: MIT */
/* Segments made by hand, as an attacker or a strange peer makes them, and the
 * reading of those that a host sends. */
#ifndef TEST_FORGE_H
#define TEST_FORGE_H

#include <catenet/frame.h>

#include "wire/ip.h"
#include "wire/tcp_seg.h"

/* The packet of seg with data_len octets of data (NULL: zeros), its checksum
 * right.  False without memory. */
bool forge(struct cn_pool *pool, const struct cn_endpoint *from,
	   const struct cn_endpoint *to, const struct tcp_seg *seg,
	   const void *data, struct cn_frame *frame);
/* Any octets as one packet. */
bool forge_raw(struct cn_pool *pool, const void *octets, size_t len,
	       struct cn_frame *frame);

/* The TCP segment in a frame (without its data); false when there is none. */
bool forge_read(const struct cn_frame *frame, struct cn_endpoint *from,
		struct cn_endpoint *to, struct tcp_seg *seg);

#endif
