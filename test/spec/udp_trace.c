/* SPDX-License-Identifier: MIT */
/* What is told of datagrams: events, JSON lines and sentences. */
#include "udp.h"

#include <stdio.h>

#include "see/dgram.h"
#include "see/events.h"

#define LOG_MAX 16

struct log {
	struct cn_dgram_trace trace[LOG_MAX];
	unsigned n;
};

static struct log logs[2];

static void note(void *ctx, const struct cn_dgram_trace *trace)
{
	struct log *log = ctx;

	assert_true(log->n < LOG_MAX);
	log->trace[log->n++] = *trace;
}

static const struct cn_dgram_sink sinks[2] = {{note, &logs[0]},
					      {note, &logs[1]}};

static void listen_to(struct cn_settings *settings, int host)
{
	settings->dgram_trace = &sinks[host];
	logs[host].n = 0;
}

static const struct cn_dgram_trace *told(int host, unsigned i, int kind)
{
	assert_true(i < logs[host].n);
	assert_int_equal(logs[host].trace[i].kind, kind);
	return &logs[host].trace[i];
}

static void sentence(const struct cn_dgram_trace *trace, const char *en,
		     const char *zh)
{
	char text[SEE_SENTENCE_MAX];
	struct see_tale tale;

	see_tell_dgram(trace, &tale);
	see_tale_text(SEE_EN, &tale, text, sizeof(text));
	assert_string_equal(text, en);
	see_tale_text(SEE_ZH, &tale, text, sizeof(text));
	assert_string_equal(text, zh);
}

static void datagram_is_told_by_both_hosts(void **state)
{
	const struct cn_dgram_trace *trace;
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	pair_init(&pair, listen_to);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	cn_dgram_set_tag(a, &pair);
	say(&pair, a, pair_at(1, 2000), "hello");
	trace = told(0, 0, CN_DGRAM_TRACE_OUT);
	assert_int_equal(trace->len, 5);
	assert_int_equal(trace->local.port, 1000);
	assert_int_equal(trace->peer.port, 2000);
	assert_int_equal(trace->protocol, 17);
	assert_int_equal(trace->fragments, 0);
	assert_ptr_equal(trace->tag, &pair);
	assert_int_equal(trace->at, pair.now);
	sentence(trace, "sends a datagram of 5 octets (RFC 768)",
		 "发送 5 字节的数据报（RFC 768）");
	trace = told(1, 0, CN_DGRAM_TRACE_IN);
	assert_int_equal(trace->len, 5);
	assert_int_equal(trace->local.port, 2000);
	assert_int_equal(trace->drop, CN_DROP_NONE);
	sentence(trace, "takes a datagram of 5 octets (RFC 768)",
		 "收到 5 字节的数据报（RFC 768）");
	(void)b;
	pair_deinit(&pair);
}

static void fragments_and_drops_are_told(void **state)
{
	static uint8_t data[4000];
	struct cn_endpoint to = pair_at(1, 2000);
	const struct cn_dgram_trace *trace;
	struct cn_dgram *a, *b;
	struct pair pair;

	(void)state;
	pair_init(&pair, listen_to);
	a = bound_on(&pair, 0, 1000);
	b = bound_on(&pair, 1, 2000);
	dgram_opt(b, CN_DGRAM_OPT_RCVBUF, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cn_dgram_send(a, data, 4000, &to, pair.now),
				 4000);
		pair_run(&pair);
	}
	trace = told(0, 0, CN_DGRAM_TRACE_OUT);
	assert_int_equal(trace->fragments, 3);
	sentence(trace,
		 "sends a datagram of 4000 octets in 3 fragments: it is longer "
		 "than the path takes (RFC 768)",
		 "把 4000 字节的数据报分成 3 片发送：超过了路径能承载的长度"
		 "（RFC 768）");
	trace = told(1, 1, CN_DGRAM_TRACE_IN);
	assert_int_equal(trace->drop, CN_DROP_UDP_RCVBUF);
	sentence(
		trace,
		"the socket's buffer is full: 4000 octets are lost, and nobody "
		"is told (RFC 768)",
		"套接字缓冲区已满：丢失 4000 字节，且不告知任何一方（RFC 768）");
	pair_deinit(&pair);
}

static void refusal_is_told_by_both_hosts(void **state)
{
	struct cn_endpoint to = pair_at(1, 7);
	const struct cn_dgram_trace *trace;
	struct cn_dgram *a;
	struct pair pair;

	(void)state;
	pair_init(&pair, listen_to);
	a = dgram_on(&pair, 0, 4);
	assert_int_equal(cn_dgram_connect(a, &to), 0);
	assert_int_equal(cn_dgram_send(a, "x", 1, NULL, pair.now), 1);
	pair_run(&pair);
	trace = told(1, 0, CN_DGRAM_TRACE_IN);
	assert_int_equal(trace->drop, CN_DROP_UDP_NO_PORT);
	assert_null(trace->tag);
	trace = told(0, 1, CN_DGRAM_TRACE_ERROR);
	assert_int_equal(trace->err, CN_E_CONNREFUSED);
	assert_int_equal(trace->peer.port, 7);
	pair_deinit(&pair);
}

/* One line each, with the fields of docs/events.md. */
static void collect(void *ctx, const char *text, size_t len)
{
	char *all = ctx;

	assert_true(strlen(all) + len < 2048);
	strncat(all, text, len);
}

static void json_line_of_a_datagram(void **state)
{
	static char all[2048];
	struct see_events_config config = {
		.lang = SEE_EN,
		.name = {"left", "right"},
		.start = 0,
		.write = collect,
		.ctx = all,
	};
	const struct cn_dgram_trace trace = {
		.at = 1500 * MS,
		.kind = CN_DGRAM_TRACE_IN,
		.protocol = 17,
		.drop = CN_DROP_UDP_NO_PORT,
		.len = 3,
		.rule = "RFC 1122 section 4.1.3.1",
		.local = pair_at(0, 53),
		.peer = pair_at(1, 1000),
	};
	struct see_events *events = see_events_new(&config);

	(void)state;
	all[0] = '\0';
	see_events_dgram(events, 1, &trace);
	assert_non_null(strstr(
		all,
		"{\"t\": 1.500000000, \"host\": \"right\", \"kind\": "
		"\"datagram-in\", \"protocol\": \"udp\", \"local\": "
		"\"10.0.0.1:53\", \"peer\": \"10.0.0.2:1000\", \"len\": 3, "
		"\"drop\": \"UDP_NO_PORT\", \"rule\": \"RFC 1122 section "
		"4.1.3.1\", \"text\": \"nobody is at that port: 3 octets are "
		"dropped, and ICMP says so\"}\n"));
	see_events_free(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagram_is_told_by_both_hosts),
		cmocka_unit_test(fragments_and_drops_are_told),
		cmocka_unit_test(refusal_is_told_by_both_hosts),
		cmocka_unit_test(json_line_of_a_datagram),
	};

	return cmocka_run_group_tests_name("udp_trace", tests, NULL, NULL);
}
