/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012) as keyed hash, and the random
 * stream made of it: the hash of a counter under the caller's seed.  One seed
 * replays a run exactly.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct sip_key {
	uint64_t k0, k1;
};

uint64_t siphash24(const struct sip_key *key, const void *data, size_t len);

struct random {
	struct sip_key key;
	uint64_t counter;
};

/* seed: 16 octets.  Streams of one seed with different labels are unrelated. */
void random_init(struct random *random, const uint8_t seed[16], uint64_t label);
uint64_t random_u64(struct random *random);
/* Uniform in 0 .. n - 1 without modulo bias; n > 0. */
uint32_t random_below(struct random *random, uint32_t n);
/* A fresh key out of the stream. */
struct sip_key random_key(struct random *random);

#endif
