/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash that an attacker
 * without the key can neither predict nor make collide; and the random stream
 * made of it.
 */
#include "base/random.h"

#include "base/assert.h"

static inline uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

/* The paper reads little-endian words; compilers make one load of this. */
static inline uint64_t load_le64(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
	       (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
	       (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

static inline void store_le64(uint8_t *p, uint64_t x)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(x >> 8 * i);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t siphash24(const struct sip_key *key, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t last = (uint64_t)(len & 0xff) << 56;
	uint64_t v[4] = {
		key->k0 ^ 0x736f6d6570736575u,
		key->k1 ^ 0x646f72616e646f6du,
		key->k0 ^ 0x6c7967656e657261u,
		key->k1 ^ 0x7465646279746573u,
	};

	for (; len >= 8; len -= 8, p += 8)
		sip_word(v, load_le64(p));
	for (size_t i = 0; i < len; i++)
		last |= (uint64_t)p[i] << 8 * i;
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void random_init(struct random *random, const uint8_t seed[16], uint64_t label)
{
	struct sip_key root = {load_le64(seed), load_le64(seed + 8)};
	uint8_t text[9];

	store_le64(text, label);
	text[8] = 0;
	random->key.k0 = siphash24(&root, text, sizeof(text));
	text[8] = 1;
	random->key.k1 = siphash24(&root, text, sizeof(text));
	random->counter = 0;
}

uint64_t random_u64(struct random *random)
{
	uint8_t text[8];

	store_le64(text, random->counter++);
	return siphash24(&random->key, text, sizeof(text));
}

/*
 * Lemire (2019): the high half of a 32 x 32 product is uniform once the few
 * low halves that fall short of 2^32 mod n are thrown again.
 */
uint32_t random_below(struct random *random, uint32_t n)
{
	uint64_t product;

	CN_ASSERT(n > 0);
	product = (random_u64(random) >> 32) * n;
	if ((uint32_t)product < n) {
		uint32_t short_of = -n % n;

		while ((uint32_t)product < short_of)
			product = (random_u64(random) >> 32) * n;
	}
	return (uint32_t)(product >> 32);
}

struct sip_key random_key(struct random *random)
{
	struct sip_key key;

	key.k0 = random_u64(random);
	key.k1 = random_u64(random);
	return key;
}
