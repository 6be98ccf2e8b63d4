/* SPDX-License-Identifier: MIT */
/* Datagram sockets on a pair of hosts. */
#ifndef SPEC_UDP_H
#define SPEC_UDP_H

#include "../pair.h"
#include "wire/icmp.h"
#include "wire/udp.h"

static inline struct cn_dgram *dgram_on(struct pair *pair, int host, int family)
{
	struct cn_dgram *dgram;

	assert_int_equal(cn_dgram_new(pair->host[host], family, CN_DGRAM_UDP,
				      &dgram),
			 0);
	return dgram;
}

static inline struct cn_dgram *bound_on(struct pair *pair, int host,
					uint16_t port)
{
	struct cn_dgram *dgram = dgram_on(pair, host, 4);
	struct cn_endpoint at = any_at(port);

	assert_int_equal(cn_dgram_bind(dgram, &at), 0);
	return dgram;
}

static inline void say(struct pair *pair, struct cn_dgram *dgram,
		       struct cn_endpoint to, const char *text)
{
	assert_int_equal(cn_dgram_send(dgram, text, strlen(text), &to,
				       pair->now),
			 strlen(text));
	pair_run(pair);
}

static inline void hears(struct cn_dgram *dgram, const char *text)
{
	char got[256] = {0};
	int64_t n = cn_dgram_recv(dgram, got, sizeof(got) - 1, 0, NULL);

	assert_int_equal(n, strlen(text));
	assert_string_equal(got, text);
}

static inline void hears_nothing(struct cn_dgram *dgram)
{
	assert_int_equal(cn_dgram_recv(dgram, NULL, 0, 0, NULL), CN_E_AGAIN);
}

static inline uint16_t port_of(const struct cn_dgram *dgram)
{
	struct cn_endpoint name;

	cn_dgram_name(dgram, &name);
	return name.port;
}

static inline void dgram_opt(struct cn_dgram *dgram, enum cn_dgram_opt opt,
			     int64_t value)
{
	assert_int_equal(cn_dgram_set(dgram, opt, value), 0);
}

#endif
