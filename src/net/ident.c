/* SPDX-License-Identifier: MIT */
/*
 * RFC 7739, RFC 6864: identifications of datagrams that may be fragmented.
 *
 * A keyed offset per (source, destination, protocol) plus a counter shared by
 * few: one destination sees a sequence that does not soon repeat, and nothing
 * of another's.  The counter moves by a random step, so that those who share it
 * by chance cannot count each other's datagrams (CVE-2020-36516).
 */
#include "net/net.h"

#include <string.h>

#define IDENT_STEP 8

uint32_t net_ident(struct net *net, const struct cn_addr *src,
		   const struct cn_addr *dst, uint8_t protocol)
{
	uint8_t text[34];
	uint64_t hash;
	uint32_t *counter;

	memcpy(text, src->octet, 16);
	memcpy(text + 16, dst->octet, 16);
	text[32] = protocol;
	text[33] = 'i';
	hash = siphash24(&net->key, text, sizeof(text));
	counter = &net->ident[hash >> 32 & (IDENT_SLOTS - 1)];
	*counter += 1 + random_below(net->random, IDENT_STEP);
	return (uint32_t)hash + *counter;
}
