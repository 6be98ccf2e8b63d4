/* SPDX-License-Identifier: MIT */
/*
 * docs/drop.md: rules are separated by ';', their words by space, in any
 * order.
 *
 *	rule  = *( direction / kinds / '#' range / 'total'
 *		   / field SP range )
 *	kinds = both *( '|' both )	both = kind *( '+' kind )
 *	range = N / N '-' M / N '+'
 *	field = 'len' / 'octet' / 'conn' / 'port' / 'sport' / 'dport'
 */
#include "link/drop_parse.h"

#include <string.h>

#include <catenet/link.h>

struct word {
	const char *p;
	size_t len;
};

struct reader {
	const char *text, *p;
	struct drop_error *error;
};

static const char *const kind_word[] = {
#define CN_X(name, word) word,
	DROP_KINDS(CN_X)
#undef CN_X
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool word_is(const struct word *word, const char *text)
{
	return word->len == strlen(text) && !memcmp(word->p, text, word->len);
}

static bool fail(struct reader *reader, const struct word *word,
		 const char *why)
{
	reader->error->at = (size_t)(word->p - reader->text);
	reader->error->len = word->len;
	reader->error->why = why;
	return false;
}

/* The next word of this rule; its length is 0 at the rule's end. */
static struct word next_word(struct reader *reader)
{
	struct word word;

	while (is_space(*reader->p))
		reader->p++;
	word.p = reader->p;
	while (*reader->p && *reader->p != ';' && !is_space(*reader->p))
		reader->p++;
	word.len = (size_t)(reader->p - word.p);
	return word;
}

/* At most nine digits, so that no sum of two overflows. */
static bool read_number(struct word *rest, uint32_t *number)
{
	unsigned digit_n = 0;

	*number = 0;
	while (rest->len && is_digit(*rest->p)) {
		if (++digit_n > 9)
			return false;
		*number = *number * 10 + (uint32_t)(*rest->p - '0');
		rest->p++;
		rest->len--;
	}
	return digit_n > 0;
}

static bool read_range(struct word rest, struct drop_range *range)
{
	if (!read_number(&rest, &range->first))
		return false;
	range->last = range->first;
	if (!rest.len)
		return true;
	if (rest.len == 1 && *rest.p == '+') {
		range->last = UINT32_MAX;
		return true;
	}
	if (*rest.p != '-')
		return false;
	rest.p++;
	rest.len--;
	return read_number(&rest, &range->last) && !rest.len &&
	       range->first <= range->last;
}

static uint16_t kind_bit(const char *p, size_t len)
{
	const struct word word = {p, len};
	unsigned i;

	for (i = 0; i < DROP_BIT_N; i++)
		if (word_is(&word, kind_word[i]))
			return (uint16_t)(1u << i);
	return 0;
}

/* "fin+data|rst": false when a part is no kind. */
static bool read_kinds(const struct word *word, struct drop_rule *rule)
{
	const char *p = word->p, *end = p + word->len;

	rule->kind_n = 0;
	rule->kind[0] = 0;
	for (;;) {
		const char *from = p;
		uint16_t bit;

		while (p < end && *p != '+' && *p != '|')
			p++;
		bit = kind_bit(from, (size_t)(p - from));
		if (!bit || rule->kind_n == DROP_KINDS_MAX)
			return false;
		rule->kind[rule->kind_n] |= bit;
		if (p < end && *p++ == '+')
			continue;
		rule->kind_n++;
		if (p[-1] != '|')
			return true;
		if (rule->kind_n < DROP_KINDS_MAX)
			rule->kind[rule->kind_n] = 0;
	}
}

static struct drop_range *field_named(struct drop_rule *rule,
				      const struct word *word)
{
	if (word_is(word, "len"))
		return &rule->len;
	if (word_is(word, "octet"))
		return &rule->octet;
	if (word_is(word, "conn"))
		return &rule->connection;
	if (word_is(word, "port"))
		return &rule->port;
	if (word_is(word, "sport"))
		return &rule->src_port;
	if (word_is(word, "dport"))
		return &rule->dst_port;
	return NULL;
}

static bool is_said(const struct drop_range *range)
{
	return range->first != 0 || range->last != UINT32_MAX;
}

static bool read_field(struct reader *reader, const struct word *name,
		       struct drop_rule *rule, struct drop_range *range)
{
	struct word word;

	if (is_said(range))
		return fail(reader, name, "said twice in one rule: keep one");
	word = next_word(reader);
	if (!word.len)
		return fail(reader, name,
			    "needs a number after it, as in 'len 100', 'len "
			    "100-200' or 'len 100+'");
	if (!read_range(word, range))
		return fail(reader, &word,
			    "is no number or range of numbers: write 100, "
			    "100-200 or 100+");
	if ((range == &rule->port || range == &rule->src_port ||
	     range == &rule->dst_port) &&
	    range->first > UINT16_MAX)
		return fail(reader, &word, "is no port: ports end at 65535");
	if ((range == &rule->octet || range == &rule->connection) &&
	    !range->first)
		return fail(reader, &word, "counts from 1: write 1 or more");
	return true;
}

static bool read_nth(struct reader *reader, struct word *word,
		     struct drop_rule *rule)
{
	struct word number = {word->p + 1, word->len - 1};

	if (is_said(&rule->nth))
		return fail(reader, word,
			    "is a second '#' in one rule: write two rules, "
			    "as in 'syn #1; syn #3'");
	if (!read_range(number, &rule->nth))
		return fail(reader, word,
			    "is no occurrence: write #1, #2-4 or #3+");
	if (!rule->nth.first)
		return fail(reader, word,
			    "counts from 1: the first packet is #1");
	return true;
}

static bool read_word(struct reader *reader, struct word *word,
		      struct drop_rule *rule)
{
	struct drop_range *field;

	if (word_is(word, "up") || word_is(word, "down")) {
		if (rule->direction)
			return fail(reader, word,
				    "is a second direction in one rule: leave "
				    "both out to mean both");
		rule->direction = *word->p;
		return true;
	}
	if (word_is(word, "any"))
		return true;
	if (word_is(word, "total")) {
		rule->is_total = true;
		return true;
	}
	if (*word->p == '#')
		return read_nth(reader, word, rule);
	field = field_named(rule, word);
	if (field)
		return read_field(reader, word, rule, field);
	if (rule->kind_n)
		return fail(reader, word,
			    "is not understood here: a rule names its kinds in "
			    "one word, as in 'fin+data' (both) or 'syn|synack' "
			    "(either)");
	if (!read_kinds(word, rule))
		return fail(reader, word,
			    "is no word of a rule: use up, down, any, syn, "
			    "synack, ack, data, fin, rst, psh, urg, tcp, udp, "
			    "icmp, #N, total, len N, octet N, conn N, port N, "
			    "sport N or dport N");
	return true;
}

/* The rule up to ';' or the end; *empty when it has no word. */
static bool read_rule(struct reader *reader, struct drop_rule *rule,
		      bool *empty)
{
	const struct drop_range all = {0, UINT32_MAX};
	struct word word = next_word(reader);

	memset(rule, 0, sizeof(*rule));
	rule->nth = rule->len = rule->octet = rule->connection = all;
	rule->port = rule->src_port = rule->dst_port = all;
	*empty = !word.len;
	for (; word.len; word = next_word(reader))
		if (!read_word(reader, &word, rule))
			return false;
	if (*reader->p == ';')
		reader->p++;
	return true;
}

bool drop_parse(const char *text, struct drop_rule rule[DROP_RULES_MAX],
		unsigned *n, struct drop_error *error)
{
	struct reader reader = {text, text, error};

	*n = 0;
	while (*reader.p) {
		const struct word start = {reader.p, strlen(reader.p)};
		struct drop_rule one;
		bool empty;

		if (!read_rule(&reader, &one, &empty))
			return false;
		if (empty)
			continue;
		if (*n == DROP_RULES_MAX)
			return fail(&reader, &start,
				    "is one rule too many: there may be 32");
		rule[(*n)++] = one;
	}
	return true;
}

/* Text into a bounded buffer, always ended by NUL. */
struct sentence {
	char *p, *end;
};

static void say(struct sentence *sentence, const char *text, size_t len)
{
	size_t room = (size_t)(sentence->end - sentence->p);
	size_t n = len < room ? len : room;

	memcpy(sentence->p, text, n);
	sentence->p += n;
	*sentence->p = '\0';
}

static void say_number(struct sentence *sentence, size_t number)
{
	char digit[24];
	size_t n = sizeof(digit);

	do {
		digit[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	say(sentence, digit + n, sizeof(digit) - n);
}

/* What someone else's text brings along must not reach a terminal raw. */
static void say_quoted(struct sentence *sentence, const char *text, size_t len)
{
	size_t i, shown = len < 32 ? len : 32;

	say(sentence, "'", 1);
	for (i = 0; i < shown; i++) {
		char c = text[i] >= ' ' && text[i] < 127 ? text[i] : '?';

		say(sentence, &c, 1);
	}
	if (shown < len)
		say(sentence, "...", 3);
	say(sentence, "'", 1);
}

bool cn_drop_error(const char *rules, size_t *error_at, char *text,
		   size_t text_size)
{
	struct drop_rule rule[DROP_RULES_MAX];
	struct drop_error error;
	struct sentence sentence;
	unsigned n;

	if (drop_parse(rules, rule, &n, &error))
		return false;
	if (error_at)
		*error_at = error.at;
	if (!text || !text_size)
		return true;
	sentence.p = text;
	sentence.end = text + text_size - 1;
	say(&sentence, "drop rule, at character ", 24);
	say_number(&sentence, error.at + 1);
	say(&sentence, ": ", 2);
	say_quoted(&sentence, rules + error.at, error.len);
	say(&sentence, " ", 1);
	say(&sentence, error.why, strlen(error.why));
	return true;
}
