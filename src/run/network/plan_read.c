/* SPDX-License-Identifier: MIT */
/*
 * From text to statements: files to lines, lines to words.  A word may stand in
 * quotes, either kind; '#' begins a comment; a line that ends in '\' goes on in
 * the next.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run/network/plan_parts.h"

/* Longer is no description of a network that anybody wrote. */
#define FILE_MAX (1 << 20)

/* Commas belong to words ("5%,10ms"), but for those at their ends. */
static bool is_gap(const char *at)
{
	return strchr(" \t\r#", *at) ||
	       (*at == ',' && (!at[1] || strchr(" \t\r", at[1])));
}

bool words_cut(char *line, struct words *words)
{
	char *to = line;

	words->n = 0;
	for (;;) {
		line += strspn(line, " \t\r,");
		if (!*line || *line == '#')
			return true;
		if (words->n == WORDS_MAX)
			return false;
		words->at[words->n++] = to;
		for (char quote = 0; *line; line++) {
			if (quote && *line == quote)
				quote = 0;
			else if (!quote && strchr("'\"", *line))
				quote = *line;
			else if (!quote && is_gap(line))
				break;
			else
				*to++ = *line;
			if (quote && !line[1])
				return false;
		}
		if (*line && *line != '#')
			line++;
		else if (*line == '#')
			*line = '\0';
		*to++ = '\0';
	}
}

static bool is_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

bool words_addr(const char *word, struct plan_addr *addr, const char **why)
{
	size_t len = strcspn(word, "/");
	char text[CN_ADDR_TEXT];
	unsigned long max;

	*why = NULL;
	memset(addr, 0, sizeof(*addr));
	addr->given = true;
	addr->prefix_len = PREFIX_UNSAID;
	if (!strchr(word, ':') && word[strspn(word, "0123456789./")])
		return false;
	if (!strchr(word, ':') && !strchr(word, '.'))
		return false;
	*why = "not an address; write for example 192.168.0.1, "
	       "192.168.0.1/24 or fd00::1/64";
	if (len >= sizeof(text))
		return true;
	memcpy(text, word, len);
	text[len] = '\0';
	if (!cn_addr_parse(text, &addr->addr))
		return true;
	*why = NULL;
	if (!word[len])
		return true;
	max = cn_addr_is_v4(&addr->addr) ? 32 : 128;
	if (!is_digits(word + len + 1) || strlen(word + len + 1) > 3 ||
	    strtoul(word + len + 1, NULL, 10) > max)
		*why = max == 32 ? "after '/' comes a length of 0 to 32" :
				   "after '/' comes a length of 0 to 128";
	else
		addr->prefix_len = (uint8_t)strtoul(word + len + 1, NULL, 10);
	return true;
}

const char *words_name(const char *word)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char *const reserved[] = {
		"host",	 "router",  "tun",  "link",   "segment",
		"route", "default", "via",  "static", "name",
		"mtu",	 "drop",    "from", "net",    "up",
		"down",	 "device",  "both", "set",    "localhost",
	};
	struct plan_addr addr;
	const char *why;

	if (!*word || word[strspn(word, "-_.abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789")])
		return "a name is made of letters, digits, '-', '_' and '.'";
	if (strlen(word) >= PLAN_NAME)
		return "a name has at most 63 letters";
	if (!strchr(letters, word[0]))
		return "a name begins with a letter or a digit";
	for (unsigned i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (!strcmp(word, reserved[i]))
			return "that is a word of the language; choose another "
			       "name";
	if (plan_is_link_word(word))
		return "that is a word of the language; choose another name";
	if (words_addr(word, &addr, &why))
		return "a name comes first, then the address";
	return NULL;
}

/* ---------------------------------------------------------- statements -- */

static bool add_place(struct plan *plan, const char *where, unsigned line)
{
	struct place *place =
		plan_grow(plan, plan->place, plan->place_n + 1, sizeof(*place));

	if (!place)
		return false;
	plan->place = place;
	place[plan->place_n++] = (struct place){where, line};
	return true;
}

static void add_statement(struct plan *plan, const char *line, size_t len,
			  const char *where, unsigned number)
{
	struct statement *list;
	struct words words;
	char *text;

	if (!add_place(plan, where, number))
		return;
	list = plan_grow(plan, plan->statement, plan->statement_n + 1,
			 sizeof(*list));
	text = malloc(len + 2);
	if (!list || !text) {
		plan->no_memory = true;
		free(text);
		return;
	}
	plan->statement = list;
	memcpy(text, line, len);
	text[len] = '\0';
	text[len + 1] = '\0';
	list[plan->statement_n++] = (struct statement){text, plan->place_n - 1};
	/* Whether it can be cut is found out with a copy. */
	text = strdup(text);
	if (!text)
		plan->no_memory = true;
	else if (!words_cut(text, &words))
		plan_wrong(plan, plan->place_n - 1,
			   words.n == WORDS_MAX ?
				   "too many words in one statement" :
				   "a quote is opened and not closed");
	free(text);
}

static const char *keep_where(struct plan *plan, const char *where)
{
	char **list =
		plan_grow(plan, plan->where, plan->where_n + 1, sizeof(*list));
	char *copy = strdup(where);

	if (!list || !copy) {
		plan->no_memory = true;
		free(copy);
		return NULL;
	}
	plan->where = list;
	list[plan->where_n++] = copy;
	return copy;
}

/* Joins lines that end in '\'; numbers are of the first. */
void plan_text(struct plan *plan, const char *where, const char *text)
{
	bool one = !strchr(text, '\n');
	unsigned line = 0;
	char *joined;

	where = keep_where(plan, where);
	joined = malloc(strlen(text) + 1);
	if (!where || !joined) {
		plan->no_memory = true;
		free(joined);
		return;
	}
	while (*text && !plan->no_memory) {
		unsigned first = ++line;
		size_t len = 0;

		for (;;) {
			size_t n = strcspn(text, "\n");
			bool more = n && text[n - 1] == '\\' && text[n];

			memcpy(joined + len, text, n);
			len += n;
			text += n + (text[n] != '\0');
			if (!more)
				break;
			joined[len - 1] = ' ';
			line++;
		}
		joined[len] = '\0';
		if (joined[strspn(joined, " \t\r,")] &&
		    joined[strspn(joined, " \t\r,")] != '#')
			add_statement(plan, joined, len, where,
				      one ? 0 : first);
	}
	free(joined);
}

/* Editors of some systems put a mark before the first letter. */
static const char *skip_mark(const char *text)
{
	static const char mark[] = "\xef\xbb\xbf";

	return strncmp(text, mark, strlen(mark)) ? text : text + strlen(mark);
}

int plan_file(struct plan *plan, const char *name)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	char *text = malloc(FILE_MAX + 2);
	size_t len;
	int rc = 0;

	if (!file || !text) {
		rc = file ? -ENOMEM : -errno;
		free(text);
		if (file && file != stdin)
			(void)fclose(file);
		return rc;
	}
	errno = 0;
	len = fread(text, 1, FILE_MAX, file);
	if (ferror(file))
		rc = errno ? -errno : -EIO;
	else if (len == FILE_MAX)
		rc = -EFBIG;
	else if (memchr(text, 0, len)) /* no text, and hides what follows */
		rc = -EILSEQ;
	if (file != stdin)
		(void)fclose(file);
	if (!rc) {
		/* One line in a file has a number all the same. */
		text[len] = '\n';
		text[len + 1] = '\0';
		plan_text(plan, strcmp(name, "-") ? name : "standard input",
			  skip_mark(text));
	}
	free(text);
	return rc;
}
