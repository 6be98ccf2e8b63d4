/* SPDX-License-Identifier: MIT */
/*
 * Looking changes no octet and no decision: every staged situation, with
 * nobody looking, with a bare ear, and with all views at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "see/comment.h"
#include "see/events.h"
#include "see/ladder.h"
#include "see/limits.h"
#include "see/text.h"
#include "sim/scenario.h"

struct looker {
	uint64_t events, packets; /* digests */
	size_t lines, comments, packet_n;
	bool views;
	struct see_ladder *ladder;
	struct see_events *json;
	struct see_comments *comment;
	struct see_limits *limits;
	char first_comment[600];
};

static void mix(uint64_t *digest, uint64_t x)
{
	*digest = (*digest ^ x) * UINT64_C(0x100000001b3);
	*digest ^= *digest >> 29;
}

static void on_event(void *ctx, int host, const struct cn_trace *t)
{
	struct looker *looker = ctx;

	mix(&looker->events, t->at);
	mix(&looker->events, (uint64_t)t->kind << 56 | (uint64_t)host << 48 |
				     (uint64_t)t->from << 40 |
				     (uint64_t)t->to << 32 |
				     (uint64_t)t->drop << 24 |
				     (uint64_t)t->timer << 16 | t->flags);
	mix(&looker->events, (uint64_t)t->seq << 32 | t->ack);
	mix(&looker->events, (uint64_t)t->cwnd << 32 | t->flight);
	mix(&looker->events, (uint64_t)t->snd_wnd << 32 | t->unsent);
	if (!looker->views)
		return;
	see_ladder_event(looker->ladder, host, t);
	see_events_event(looker->json, host, t);
	see_comments_event(looker->comment, host, t);
	see_limits_event(looker->limits, host, t);
}

static void on_fate(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		    uint64_t now)
{
	struct looker *looker = ctx;
	uint8_t octet[2048];
	uint32_t len = cn_frame_copy(frame, 0, octet, sizeof(octet));
	char comment[600];

	mix(&looker->packets, now);
	mix(&looker->packets, (uint64_t)fate);
	for (uint32_t i = 0; i < len; i++)
		mix(&looker->packets, octet[i]);
	looker->packet_n++;
	if (!looker->views)
		return;
	see_ladder_fate(looker->ladder, frame, fate, now);
	see_events_fate(looker->json, frame, fate, now);
	/* Every packet has its sentence. */
	assert_true(see_comment(looker->comment, frame, fate, comment,
				sizeof(comment)) > 0);
	if (!looker->comments++)
		strcpy(looker->first_comment, comment);
}

/* A line of JSON: one object, its quotes in pairs, nothing to obey. */
static void on_line(void *ctx, const char *text, size_t len)
{
	struct looker *looker = ctx;
	bool quoted = false;
	int depth = 0;

	looker->lines++;
	assert_int_equal(text[0], '{');
	assert_int_equal(text[len - 1], '\n');
	for (size_t i = 0; i + 1 < len; i++) {
		assert_true((unsigned char)text[i] >= 0x20);
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted)
			depth += strchr("{[", text[i]) ? 1 :
				 strchr("}]", text[i]) ? -1 :
							 0;
	}
	assert_false(quoted);
	assert_int_equal(depth, 0);
}

static void nowhere(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)text;
	(void)len;
}

static void watch_it(size_t i, struct looker *looker, bool ear, bool views)
{
	struct scenario_watch watch = {ear ? on_event : NULL, on_fate, NULL,
				       looker};
	struct see_ladder_config ladder = {.width = 80, .write = nowhere};
	struct see_events_config json = {
		.name = {"a \"client\"\x1b", "server"},
		.start = SCENARIO_START,
		.write = on_line,
		.ctx = looker,
	};

	memset(looker, 0, sizeof(*looker));
	looker->views = views;
	if (views) {
		looker->ladder = see_ladder_new(&ladder);
		looker->json = see_events_new(&json);
		looker->comment = see_comments_new(SEE_EN);
		looker->limits = see_limits_new();
	}
	assert_true(scenario_play(scenario_at(i), 1, &watch));
	if (!views)
		return;
	see_ladder_free(looker->ladder);
	see_events_free(looker->json);
	see_comments_free(looker->comment);
	see_limits_free(looker->limits);
}

static void looking_changes_nothing(void **state)
{
	static struct looker nobody, ear, all;

	(void)state;
	for (size_t i = 0; i < scenario_count(); i++) {
		watch_it(i, &nobody, false, false);
		watch_it(i, &ear, true, false);
		watch_it(i, &all, true, true);
		assert_true(nobody.packet_n > 0);
		assert_true(nobody.packets == ear.packets);
		assert_true(nobody.packets == all.packets);
		assert_true(ear.events == all.events);
		assert_true(all.lines > nobody.packet_n);
		assert_int_equal(all.comments, all.packet_n);
	}
}

static void a_comment_says_why_and_what_became_of_it(void **state)
{
	static struct looker looker;
	size_t i = 0;

	(void)state;
	while (scenario_at(i) != scenario_find("lost-syn"))
		i++;
	watch_it(i, &looker, true, true);
	assert_string_equal(looker.first_comment,
			    "asks to open: the SYN carries its initial "
			    "sequence number (RFC 9293 §3.10.1); SYN-SENT; "
			    "dropped by a rule");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looking_changes_nothing),
		cmocka_unit_test(a_comment_says_why_and_what_became_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
