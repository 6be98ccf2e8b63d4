/* SPDX-License-Identifier: MIT */
/*
 * DNS messages: a query that is taken can be asked in another case and refused;
 * an answer that is passed on has the query's question, and lies within its
 * octets.  The first octet says how much of the input is the query.
 */
#include <stdlib.h>
#include <string.h>

#include "run/world/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void ask(const uint8_t *data, size_t size)
{
	uint8_t *p = malloc(size + 1);
	struct dns_question question, again;
	uint8_t bits[32];
	int rcode = dns_query(data, size, &question);

	check(p != NULL);
	memcpy(p, data, size);
	if (!rcode) {
		check(question.end <= size && question.name_len <= 255);
		memset(bits, 0xa5, sizeof(bits));
		dns_mix_case(p, &question, bits);
		check(!dns_query(p, size, &again) && again.end == question.end);
	}
	if (rcode >= 0)
		check(dns_refuse(p, size, &question, DNS_SERVFAIL) <= size);
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_question question;
	size_t first;

	if (!size)
		return 0;
	first = data[0] < size ? data[0] : size - 1;
	ask(data + 1, first);
	ask(data + 1, size - 1);
	if (!dns_query(data + 1, first, &question))
		(void)dns_answers(data + 1 + first, size - 1 - first, data + 1,
				  &question, data[0] & 1);
	return 0;
}
