/* SPDX-License-Identifier: MIT */
/* The sentences in the reader's language. */
#ifndef SEE_LANG_H
#define SEE_LANG_H

#include <stdbool.h>
#include <stddef.h>

#include <catenet/base.h>

#include "see/sentences.h"

enum see_lang { SEE_EN, SEE_ZH, SEE_LANG_N };

#define SEE_ARGS 3
#define SEE_ARG_MAX 48
/* Octets that every sentence fits in, arguments included. */
#define SEE_SENTENCE_MAX 400

/* "en", "zh_CN.UTF-8", "zh" ...; false: no language of ours. */
bool see_lang_parse(const char *text, enum see_lang *lang);

/* The bare text with its places, static. */
const char *see_text(enum see_lang lang, enum see_key key);
/* Filled in; returns its length. */
size_t see_say(enum see_lang lang, enum see_key key,
	       char arg[SEE_ARGS][SEE_ARG_MAX], char *out, size_t size);
/* Why a segment was not used. */
const char *see_drop_text(enum see_lang lang, enum cn_drop drop);
/* "RFC 9293 section 3.5" as it stands in a sentence: "RFC 9293 §3.5". */
size_t see_rule(const char *rule, char *out, size_t size);

#endif
