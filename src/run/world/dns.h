/* SPDX-License-Identifier: MIT */
/*
 * DNS messages (RFC 1035 section 4), as far as a forwarder looks into them: who
 * asks what, and whether an answer is one to that question and well formed.
 * Pure: octets in, facts out.
 */
#ifndef RUN_WORLD_DNS_H
#define RUN_WORLD_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_HEADER_LEN 12
#define DNS_NAME_MAX 255 /* octets, lengths of labels and the root included */

enum dns_rcode {
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NOTIMP = 4,
};

struct dns_question {
	uint16_t id;
	uint16_t type, class;
	uint16_t name_len; /* octets of the name at DNS_HEADER_LEN */
	uint16_t end; /* where the question ends */
};

/*
 * A query with one question, whose name is not compressed: 0, or the rcode
 * that it deserves, or -1: it deserves none (no header, or an answer).
 */
int dns_query(const uint8_t *p, size_t len, struct dns_question *question);

/*
 * An answer to the query of these octets: the same identifier and the same
 * question, every letter of its name in the same case unless any_case.  All
 * its records lie within it, and no name of theirs loops, is longer than 255
 * octets or has a label of more than 63.
 */
bool dns_answers(const uint8_t *p, size_t len, const uint8_t *query,
		 const struct dns_question *question, bool any_case);

/* Letters of the question's name take the case that the bits say (draft
 * "0x20"): an attacker who cannot see the query has to guess them. */
void dns_mix_case(uint8_t *p, const struct dns_question *question,
		  const uint8_t bits[32]);

/* The query becomes an answer that says only rcode; returns its length. */
size_t dns_refuse(uint8_t *p, size_t len, const struct dns_question *question,
		  int rcode);

#endif
