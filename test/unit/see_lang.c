/* SPDX-License-Identifier: MIT */
/* Every sentence in every language, with the same places to fill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "see/lang.h"
#include "see/text.h"
#include "sim/scenario.h"

static unsigned places(const char *text)
{
	unsigned set = 0;

	for (; *text; text++)
		if (*text == '%' && text[1] >= '1' && text[1] <= '3')
			set |= 1u << (text[1] - '0');
	return set;
}

/* No character that is broken: UTF-8 throughout. */
static void is_text(const char *text)
{
	char out[2048];

	assert_non_null(text);
	assert_true(*text);
	text_escape(text, out, sizeof(out));
	assert_string_equal(out, text);
}

static void every_sentence_is_there_in_every_language(void **state)
{
	(void)state;
	for (int key = 0; key < SEE_KEY_N; key++)
		for (int lang = 0; lang < SEE_LANG_N; lang++) {
			const char *text = see_text((enum see_lang)lang,
						    (enum see_key)key);

			is_text(text);
			assert_int_equal(
				places(text),
				places(see_text(SEE_EN, (enum see_key)key)));
			assert_in_range(strlen(text), 1,
					SEE_SENTENCE_MAX -
						SEE_ARGS * SEE_ARG_MAX);
		}
}

static void every_reason_is_there_in_every_language(void **state)
{
	(void)state;
	for (int drop = 0; drop < CN_DROP_N; drop++) {
		is_text(see_drop_text(SEE_EN, (enum cn_drop)drop));
		is_text(see_drop_text(SEE_ZH, (enum cn_drop)drop));
		assert_string_not_equal(
			see_drop_text(SEE_ZH, (enum cn_drop)drop),
			see_drop_text(SEE_EN, (enum cn_drop)drop));
	}
}

static void every_situation_is_told_in_every_language(void **state)
{
	(void)state;
	assert_true(scenario_count() >= 12);
	for (size_t i = 0; i < scenario_count(); i++) {
		const struct scenario *scenario = scenario_at(i);

		assert_ptr_equal(scenario_find(scenario_name(scenario)),
				 scenario);
		for (int lang = 0; lang < SEE_LANG_N; lang++) {
			is_text(scenario_title(scenario, (enum see_lang)lang));
			is_text(scenario_about(scenario, (enum see_lang)lang));
		}
	}
	assert_null(scenario_find("nothing"));
}

static void languages_are_read_from_locales(void **state)
{
	static const struct {
		const char *text;
		bool good;
		enum see_lang lang;
	} rows[] = {
		{"en", true, SEE_EN},
		{"zh", true, SEE_ZH},
		{"zh_CN.UTF-8", true, SEE_ZH},
		{"en_GB@euro", true, SEE_EN},
		{"zh-Hant", true, SEE_ZH},
		{"C", false, SEE_EN},
		{"de_DE.UTF-8", false, SEE_EN},
		{"zhx", false, SEE_EN},
		{"", false, SEE_EN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum see_lang lang = SEE_EN;

		assert_int_equal(see_lang_parse(rows[i].text, &lang),
				 rows[i].good);
		assert_int_equal(lang, rows[i].lang);
	}
}

static void one_is_not_many(void **state)
{
	char arg[SEE_ARGS][SEE_ARG_MAX] = {"1", "0", "1"};
	char out[SEE_SENTENCE_MAX];

	(void)state;
	see_say(SEE_EN, SEE_OUT_DATA, arg, out, sizeof(out));
	assert_string_equal(out, "sends 1 octet");
	see_say(SEE_EN, SEE_IN_ACK, arg, out, sizeof(out));
	assert_string_equal(out, "1 octet is acknowledged, 0 still in flight");
	strcpy(arg[0], "11");
	see_say(SEE_EN, SEE_WHY_RWND, arg, out, sizeof(out));
	assert_string_equal(out, "the peer's window is full (11 octets): 1 "
				 "octet waits");
	for (int key = 0; key < SEE_KEY_N; key++)
		for (int lang = 0; lang < SEE_LANG_N; lang++) {
			see_say((enum see_lang)lang, (enum see_key)key, arg,
				out, sizeof(out));
			assert_null(strpbrk(out, "{|}"));
		}
}

static void places_are_filled_and_rules_shortened(void **state)
{
	char arg[SEE_ARGS][SEE_ARG_MAX] = {"7", "2:9", ""};
	char out[SEE_SENTENCE_MAX], small[8];

	(void)state;
	see_say(SEE_EN, SEE_OUT_ACK_SACK, arg, out, sizeof(out));
	assert_string_equal(out, "still waits for 7, but has 2:9 (SACK)");
	assert_int_equal(see_say(SEE_EN, SEE_OUT_ACK_SACK, arg, small,
				 sizeof(small)),
			 7);
	see_rule("RFC 9293 section 3.5", out, sizeof(out));
	assert_string_equal(out, "RFC 9293 §3.5");
	see_rule("Linux listen(2)", out, sizeof(out));
	assert_string_equal(out, "Linux listen(2)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sentence_is_there_in_every_language),
		cmocka_unit_test(every_reason_is_there_in_every_language),
		cmocka_unit_test(every_situation_is_told_in_every_language),
		cmocka_unit_test(languages_are_read_from_locales),
		cmocka_unit_test(one_is_not_many),
		cmocka_unit_test(places_are_filled_and_rules_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
