/* SPDX-License-Identifier: MIT */
/* RFC 1035 section 4, and row 42 of the attacks: what a forwarder takes for a
 * question, and what for its answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "run/world/dns.h"

struct message {
	uint8_t octet[1024];
	size_t len;
};

static void add(struct message *m, const void *p, size_t len)
{
	memcpy(m->octet + m->len, p, len);
	m->len += len;
}

#define ADD(m, text) add(m, text, sizeof(text) - 1)

static struct message query(void)
{
	struct message m = {.len = 0};

	ADD(&m, "\x12\x34\1\0\0\1\0\0\0\0\0\0");
	ADD(&m, "\3www\7Example\0\0\1\0\1");
	return m;
}

static struct message answer(void)
{
	struct message m = query();

	m.octet[2] = 0x81;
	m.octet[7] = 1;
	ADD(&m, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3");
	return m;
}

static bool answers(const struct message *a, bool any_case)
{
	const struct message q = query();
	struct dns_question question;

	assert_int_equal(dns_query(q.octet, q.len, &question), 0);
	return dns_answers(a->octet, a->len, q.octet, &question, any_case);
}

static void question_is_read(void **state)
{
	struct message q = query();
	struct dns_question question;

	(void)state;
	assert_int_equal(dns_query(q.octet, q.len, &question), 0);
	assert_int_equal(question.id, 0x1234);
	assert_int_equal(question.name_len, 13);
	assert_int_equal(question.type, 1);
	assert_int_equal(question.class, 1);
	assert_int_equal(question.end, 29);
}

static void queries_that_deserve_no_question(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		int want;
	} rows[] = {
		{2, 0x81, -1}, /* an answer */
		{2, 0x28, DNS_NOTIMP}, /* an update */
		{5, 2, DNS_FORMERR}, /* two questions */
		{5, 0, DNS_FORMERR},   {12, 0xc0, DNS_FORMERR}, /* compressed */
		{12, 64, DNS_FORMERR}, /* a label of 64 */
		{16, 60, DNS_FORMERR}, /* beyond the end */
	};
	struct dns_question question;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message q = query();

		q.octet[rows[i].at] = rows[i].value;
		assert_int_equal(dns_query(q.octet, q.len, &question),
				 rows[i].want);
	}
	for (size_t len = 0; len < 12; len++)
		assert_int_equal(dns_query(query().octet, len, &question), -1);
	for (size_t len = 12; len < 29; len++)
		assert_int_equal(dns_query(query().octet, len, &question),
				 DNS_FORMERR);
}

/* Three labels of 63 octets with their lengths, one of `last`, the root. */
static int name_of(size_t last)
{
	struct message q = {.len = 0};
	struct dns_question question;
	uint8_t label[64];

	memset(label, 'a', sizeof(label));
	ADD(&q, "\x12\x34\1\0\0\1\0\0\0\0\0\0");
	label[0] = 63;
	for (int i = 0; i < 3; i++)
		add(&q, label, 64);
	label[0] = (uint8_t)last;
	add(&q, label, 1 + last);
	ADD(&q, "\0\0\1\0\1");
	return dns_query(q.octet, q.len, &question);
}

static void name_of_255_octets_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(name_of(61), 0); /* 3 * 64 + 62 + 1 = 255 */
	assert_int_equal(name_of(62), DNS_FORMERR);
}

static void answer_is_the_questions(void **state)
{
	static const size_t differ[] = {0, 1, 13, 17, 26, 28};
	struct message a = answer();

	(void)state;
	assert_true(answers(&a, false));
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++) {
		a = answer();
		a.octet[differ[i]] ^= 1;
		assert_false(answers(&a, true));
	}
	a = query();
	assert_false(answers(&a, true));
	a = answer();
	a.octet[14] ^= 0x20;
	assert_false(answers(&a, false));
	assert_true(answers(&a, true));
}

static void records_lie_within(void **state)
{
	struct message a = answer();

	(void)state;
	for (size_t len = 0; len < answer().len; len++) {
		a = answer();
		a.len = len;
		assert_false(answers(&a, true));
	}
	a = answer();
	a.octet[7] = 2; /* one more than there are */
	assert_false(answers(&a, true));
	a = answer();
	a.octet[a.len - 5] = 5; /* data beyond the end */
	assert_false(answers(&a, true));
}

static void pointers_lead_backwards(void **state)
{
	struct message a = answer();
	const uint8_t at = (uint8_t)query().len;

	(void)state;
	a.octet[at + 1] = at; /* to itself */
	assert_false(answers(&a, true));
	a.octet[at + 1] = at + 2; /* forwards */
	assert_false(answers(&a, true));
	a.octet[at + 1] = 3; /* into the header */
	assert_false(answers(&a, true));
	a.octet[at + 1] = 16; /* to "Example" */
	assert_true(answers(&a, true));
}

static void case_is_mixed_of_letters_alone(void **state)
{
	struct message q = query();
	struct dns_question question;
	uint8_t bits[32];

	(void)state;
	memset(bits, 0xff, sizeof(bits));
	assert_int_equal(dns_query(q.octet, q.len, &question), 0);
	dns_mix_case(q.octet, &question, bits);
	assert_memory_equal(q.octet + 12, "\3WWW\7eXAMPLE\0\0\1\0\1", 17);
}

static void refusal_has_the_question_alone(void **state)
{
	struct message a = answer();
	struct dns_question question;

	(void)state;
	a.octet[2] = 1;
	assert_int_equal(dns_query(a.octet, a.len, &question), 0);
	assert_int_equal(dns_refuse(a.octet, a.len, &question, DNS_SERVFAIL),
			 29);
	assert_memory_equal(a.octet + 2, "\x81\x82\0\1\0\0\0\0\0\0", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_is_read),
		cmocka_unit_test(queries_that_deserve_no_question),
		cmocka_unit_test(name_of_255_octets_and_no_more),
		cmocka_unit_test(answer_is_the_questions),
		cmocka_unit_test(records_lie_within),
		cmocka_unit_test(pointers_lead_backwards),
		cmocka_unit_test(case_is_mixed_of_letters_alone),
		cmocka_unit_test(refusal_has_the_question_alone),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
