/* SPDX-License-Identifier: MIT */
/* The ladder: its columns, its colours, what it folds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "see/conn.h"
#include "see/ladder.h"
#include "see/text.h"
#include "sim/scenario.h"
#include "wire/tcp_seg.h"

struct page {
	char text[400000];
	size_t n;
};

static struct page pages[2];

static void keep(void *ctx, const char *text, size_t len)
{
	struct page *page = ctx;

	assert_true(page->n + len < sizeof(page->text));
	memcpy(page->text + page->n, text, len);
	page->n += len;
	page->text[page->n] = '\0';
	/* Whole lines. */
	assert_int_equal(text[len - 1], '\n');
}

static struct see_ladder *ladder_on(struct page *page, unsigned width,
				    enum see_lang lang)
{
	struct see_ladder_config config = {
		.width = width,
		.lang = lang,
		.quiet_max = 2,
		.write = keep,
		.ctx = page,
	};

	page->n = 0;
	page->text[0] = '\0';
	return see_ladder_new(&config);
}

/* --------------------------------------------------- staged situations -- */

static void on_event(void *ctx, int host, const struct cn_trace *trace)
{
	see_ladder_event(ctx, host, trace);
}

static void on_fate(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		    uint64_t now)
{
	see_ladder_fate(ctx, frame, fate, now);
}

static void on_call(void *ctx, unsigned side, const char *text, uint64_t now)
{
	see_ladder_call(ctx, side, text, now);
}

static void play(size_t i, struct page *page,
		 const struct see_ladder_config *how)
{
	struct see_ladder_config config = *how;
	struct scenario_watch watch = {on_event, on_fate, on_call, NULL};

	page->n = 0;
	page->text[0] = '\0';
	config.write = keep;
	config.ctx = page;
	config.quiet_max = 8;
	config.start = SCENARIO_START;
	watch.ctx = see_ladder_new(&config);
	assert_non_null(watch.ctx);
	assert_true(scenario_play(scenario_at(i), 1, &watch));
	see_ladder_free(watch.ctx);
	assert_true(page->n > 0);
}

static unsigned widest(char *text)
{
	unsigned most = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned width = text_width(line);

		if (width > most)
			most = width;
	}
	return most;
}

static void no_line_is_longer_than_the_terminal(void **state)
{
	static const unsigned widths[] = {60, 80, 100, 129, 130, 200};

	(void)state;
	for (size_t i = 0; i < scenario_count(); i++)
		for (size_t w = 0; w < 6; w++)
			for (int lang = 0; lang < SEE_LANG_N; lang++) {
				struct see_ladder_config how = {
					.width = widths[w],
					.lang = (enum see_lang)lang,
				};

				play(i, &pages[0], &how);
				assert_in_range(widest(pages[0].text), 50,
						widths[w]);
			}
}

static void strip(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\x1b')
			while (*text != 'm')
				text++;
		else
			*to++ = *text;
	}
	*to = '\0';
}

static void colour_changes_nothing_but_colour(void **state)
{
	struct see_ladder_config how = {.width = 80};

	(void)state;
	for (size_t i = 0; i < scenario_count(); i++) {
		how.colour = false;
		play(i, &pages[0], &how);
		assert_null(strchr(pages[0].text, '\x1b'));
		how.colour = true;
		play(i, &pages[1], &how);
		assert_non_null(strchr(pages[1].text, '\x1b'));
		strip(pages[1].text);
		assert_string_equal(pages[0].text, pages[1].text);
	}
}

static void plain_signs_where_there_is_no_utf8(void **state)
{
	struct see_ladder_config how = {.width = 80, .ascii = true};

	(void)state;
	for (size_t i = 0; i < scenario_count(); i++) {
		play(i, &pages[0], &how);
		for (size_t k = 0; k < pages[0].n; k++)
			assert_in_range((unsigned char)pages[0].text[k], 1,
					126);
	}
}

static void the_same_situation_is_drawn_the_same(void **state)
{
	struct see_ladder_config how = {.width = 80};

	(void)state;
	for (size_t i = 0; i < scenario_count(); i++) {
		play(i, &pages[0], &how);
		play(i, &pages[1], &how);
		assert_string_equal(pages[0].text, pages[1].text);
	}
}

/* ------------------------------------------------------- made-up events -- */

#define ISS 1000u
#define IRS 5000u

static struct cn_trace event(enum cn_trace_kind kind, bool client, uint64_t at)
{
	struct cn_trace trace = {
		.at = at,
		.kind = (uint8_t)kind,
		.from = CN_ESTABLISHED,
		.to = CN_ESTABLISHED,
		.wnd = 65535,
		.iss = client ? ISS : IRS,
		.irs = client ? IRS : ISS,
		.flight = 1,
		.cwnd = 14600,
		.flags = TCP_ACK,
	};

	trace.local.addr = cn_addr_v4(10, 0, 0, client ? 1 : 2);
	trace.peer.addr = cn_addr_v4(10, 0, 0, client ? 2 : 1);
	trace.local.port = client ? 40000 : 80;
	trace.peer.port = client ? 80 : 40000;
	return trace;
}

static void shake_hands(struct see_ladder *ladder)
{
	struct cn_trace t = event(CN_TRACE_OUT, true, 0);

	t.flags = TCP_SYN;
	t.seq = ISS;
	t.why = CN_SEND_SYN;
	see_ladder_event(ladder, 0, &t);
	t = event(CN_TRACE_OUT, false, 1);
	t.flags = TCP_SYN | TCP_ACK;
	t.seq = IRS;
	t.ack = ISS + 1;
	t.why = CN_SEND_SYN;
	see_ladder_event(ladder, 1, &t);
}

/* One segment of the client's, and its arrival. */
static void send_one(struct see_ladder *ladder, unsigned i)
{
	struct cn_trace t = event(CN_TRACE_OUT, true, 1000 + 10 * i);

	t.seq = ISS + 1 + i * 1000;
	t.ack = IRS + 1;
	t.len = 1000;
	t.why = CN_SEND_DATA;
	see_ladder_event(ladder, 0, &t);
	t.kind = CN_TRACE_IN;
	t.at += 5;
	t.local = event(CN_TRACE_IN, false, 0).local;
	t.peer = event(CN_TRACE_IN, false, 0).peer;
	see_ladder_event(ladder, 1, &t);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		n++;
		text += strlen(what);
	}
	return n;
}

/* RFC 9768: a SYN that asks for it has three flags, on the line of one. */
static void a_syn_has_ae(void **state)
{
	struct see_ladder *ladder = ladder_on(&pages[0], 100, SEE_EN);
	struct cn_trace t = event(CN_TRACE_OUT, true, 0);

	(void)state;
	t.flags = TCP_SYN | TCP_ECE | TCP_CWR;
	t.ae = true;
	t.seq = ISS;
	t.why = CN_SEND_SYN;
	see_ladder_event(ladder, 0, &t);
	see_ladder_free(ladder);
	assert_non_null(strstr(pages[0].text, "SYN ECE CWR AE seq 0 "));
}

/* RFC 9768: what was ECE and CWR is part of a number, once both agreed; and
 * as quiet as any other data. */
static void ace_is_a_number(void **state)
{
	struct see_ladder *ladder = ladder_on(&pages[0], 100, SEE_EN);
	struct cn_trace t = event(CN_TRACE_OUT, true, 1000);

	(void)state;
	shake_hands(ladder);
	t.flags = TCP_ACK | TCP_ECE | TCP_PSH;
	t.seq = ISS + 1;
	t.ack = IRS + 1;
	t.len = 100;
	t.why = CN_SEND_DATA;
	see_ladder_event(ladder, 0, &t);
	t.seq += 100;
	t.has_ace = true;
	t.ace = 5;
	see_ladder_event(ladder, 0, &t);
	see_ladder_free(ladder);
	assert_non_null(strstr(pages[0].text, "ECE seq 1:101 "));
	assert_null(strstr(pages[0].text, "ECE seq 101:201 "));
	assert_non_null(strstr(pages[0].text, " ace 5"));
	t.kind = CN_TRACE_IN;
	assert_int_equal(see_flags(&t), TCP_ACK | TCP_PSH);
}

static void many_alike_are_folded_into_a_count(void **state)
{
	struct see_ladder *ladder = ladder_on(&pages[0], 80, SEE_EN);
	struct cn_trace fin = event(CN_TRACE_OUT, true, 9000000);

	(void)state;
	shake_hands(ladder);
	for (unsigned i = 0; i < 414; i++)
		send_one(ladder, i);
	fin.flags = TCP_FIN | TCP_ACK;
	fin.seq = ISS + 1 + 414000;
	fin.ack = IRS + 1;
	fin.why = CN_SEND_DATA;
	see_ladder_event(ladder, 0, &fin);
	see_ladder_free(ladder);
	assert_non_null(
		strstr(pages[0].text,
		       "… 412 more data segments (412000 octets), 0 lost"));
	assert_int_equal(count(pages[0].text, "client: sends 1000 octets"), 2);
	assert_non_null(strstr(pages[0].text, "FIN ACK seq 414001 ack 1"));
}

/* What left as one comes in packets: an ACK is not drawn without what it is
 * for. */
static void of_many_packets_two_are_drawn_arriving(void **state)
{
	struct see_ladder *ladder = ladder_on(&pages[0], 100, SEE_EN);
	struct cn_trace t = event(CN_TRACE_OUT, true, 1000);

	(void)state;
	shake_hands(ladder);
	t.seq = ISS + 1;
	t.ack = IRS + 1;
	t.len = 3500;
	t.seg_size = 1000;
	t.why = CN_SEND_DATA;
	see_ladder_event(ladder, 0, &t);
	/* Something happens before any of it arrives. */
	t = event(CN_TRACE_OUT, false, 1500);
	t.seq = IRS + 1;
	t.ack = ISS + 1;
	t.len = 7;
	t.why = CN_SEND_DATA;
	see_ladder_event(ladder, 1, &t);
	for (uint32_t off = 0; off < 3500; off += 1000) {
		t = event(CN_TRACE_IN, false, 2000 + off);
		t.seq = ISS + 1 + off;
		t.ack = IRS + 1;
		t.len = off < 3000 ? 1000 : 500;
		see_ladder_event(ladder, 1, &t);
	}
	see_ladder_free(ladder);
	assert_int_equal(count(pages[0].text, "seq 1:3501 "), 1);
	assert_int_equal(count(pages[0].text, "seq 1:1001 "), 1);
	assert_int_equal(count(pages[0].text, "seq 1001:2001 "), 0);
	assert_int_equal(count(pages[0].text, "seq 2001:3001 "), 0);
	assert_int_equal(count(pages[0].text, "seq 3001:3501 "), 1);
}

static void a_closed_window_is_never_folded(void **state)
{
	struct see_ladder *ladder = ladder_on(&pages[0], 80, SEE_EN);

	(void)state;
	shake_hands(ladder);
	for (unsigned i = 0; i < 5; i++) {
		struct cn_trace t = event(CN_TRACE_IN, true, 1000 + i);

		t.seq = IRS + 1;
		t.ack = ISS + 1;
		t.wnd = 0;
		see_ladder_event(ladder, 0, &t);
	}
	see_ladder_free(ladder);
	assert_null(strstr(pages[0].text, "…"));
	assert_int_equal(count(pages[0].text, "window is still closed"), 4);
}

/* Row 48: a name from outside reaches the terminal only escaped. */
static void names_are_escaped(void **state)
{
	struct see_ladder_config config = {
		.width = 80,
		.name = {"a\x1b[2Jb", "c\xc2\x9b"},
		.write = keep,
		.ctx = &pages[0],
	};
	struct see_ladder *ladder;

	(void)state;
	pages[0].n = 0;
	ladder = see_ladder_new(&config);
	shake_hands(ladder);
	see_ladder_call(ladder, 0, "exec(\x1b]0;x\a)", 5);
	see_ladder_free(ladder);
	assert_null(strchr(pages[0].text, '\x1b'));
	assert_null(strstr(pages[0].text, "\xc2\x9b"));
	assert_non_null(strstr(pages[0].text, "a\\x1b[2Jb"));
	assert_non_null(strstr(pages[0].text, "exec(\\x1b]0;x\\x07)"));
}

static void each_connection_has_its_heading(void **state)
{
	struct see_ladder *ladder = ladder_on(&pages[0], 80, SEE_EN);

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		struct cn_trace t = event(CN_TRACE_OUT, true, i);

		t.flags = TCP_SYN;
		t.seq = ISS;
		t.why = CN_SEND_SYN;
		t.local.port = (uint16_t)(40000 + i % 2);
		see_ladder_event(ladder, 0, &t);
		see_ladder_flush(ladder);
	}
	see_ladder_free(ladder);
	assert_int_equal(count(pages[0].text, "#1 "), 2);
	assert_int_equal(count(pages[0].text, "#2 "), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_line_is_longer_than_the_terminal),
		cmocka_unit_test(colour_changes_nothing_but_colour),
		cmocka_unit_test(plain_signs_where_there_is_no_utf8),
		cmocka_unit_test(the_same_situation_is_drawn_the_same),
		cmocka_unit_test(a_syn_has_ae),
		cmocka_unit_test(ace_is_a_number),
		cmocka_unit_test(many_alike_are_folded_into_a_count),
		cmocka_unit_test(of_many_packets_two_are_drawn_arriving),
		cmocka_unit_test(a_closed_window_is_never_folded),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(each_connection_has_its_heading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
