/* SPDX-License-Identifier: MIT */
/* The text of drop rules (docs/drop.md) to structs. */
#ifndef LINK_DROP_PARSE_H
#define LINK_DROP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DROP_RULES_MAX 32
#define DROP_KINDS_MAX 8

/* What a packet can be; one packet is often several. */
#define DROP_KINDS(X)                                                          \
	X(SYN, "syn") /* without ACK */                                        \
	X(SYNACK, "synack")                                                    \
	X(ACK, "ack") /* no data, no SYN, FIN or RST */                        \
	X(DATA, "data")                                                        \
	X(FIN, "fin")                                                          \
	X(RST, "rst")                                                          \
	X(PSH, "psh")                                                          \
	X(URG, "urg")                                                          \
	X(TCP, "tcp")                                                          \
	X(UDP, "udp")                                                          \
	X(ICMP, "icmp") /* and ICMPv6 */

enum drop_kind_bit {
#define CN_X(name, word) DROP_BIT_##name,
	DROP_KINDS(CN_X)
#undef CN_X
		DROP_BIT_N
};

enum drop_kind {
#define CN_X(name, word) DROP_##name = 1 << DROP_BIT_##name,
	DROP_KINDS(CN_X)
#undef CN_X
};

/* Both ends belong to it. */
struct drop_range {
	uint32_t first, last;
};

struct drop_rule {
	char direction; /* 'u', 'd', or 0: both */
	uint8_t kind_n; /* 0: any kind */
	bool is_total; /* occurrences of all connections together */
	uint16_t kind[DROP_KINDS_MAX]; /* one of them, with all its bits */
	struct drop_range nth, len, octet, connection;
	struct drop_range port, src_port, dst_port;
};

struct drop_error {
	size_t at; /* offset of the offending word */
	size_t len;
	const char *why; /* static */
};

/* False with *error; else *n rules. */
bool drop_parse(const char *text, struct drop_rule rule[DROP_RULES_MAX],
		unsigned *n, struct drop_error *error);

#endif
