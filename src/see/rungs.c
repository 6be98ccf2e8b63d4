/* SPDX-License-Identifier: MIT */
/*
 *	   seconds client       arrows                      server
 *	  0.000000 SYN-SENT     -- SYN seq 0 win 65535 -->  SYN-RECEIVED
 *		   words under it, or where there is room beside it
 */
#include "see/rungs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wire/tcp_seg.h"

#define TIME_COLS 11u
#define STATE_COLS 12u
#define LEFT_COLS 80u /* of the arrows' part, where words are beside it */
#define WIDE 130u /* from here on they are */
#define NARROW 60u
#define LINE_OCTETS 2048

/* A line under way: octets, and the columns that they take. */
struct line {
	char text[LINE_OCTETS];
	size_t n;
	unsigned at;
};

enum paint { PLAIN, FAINT, BOLD, RED, YELLOW, CYAN };

static void put_raw(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (line->n + len + 1 > sizeof(line->text))
		len = sizeof(line->text) - 1 - line->n;
	memcpy(line->text + line->n, text, len);
	line->n += len;
}

static void put(const struct rungs *rungs, struct line *line, enum paint paint,
		const char *text)
{
	static const char *const codes[] = {"",		"\x1b[2m",  "\x1b[1m",
					    "\x1b[31m", "\x1b[33m", "\x1b[36m"};

	if (!*text)
		return;
	if (rungs->config->colour && paint)
		put_raw(line, codes[paint]);
	put_raw(line, text);
	if (rungs->config->colour && paint)
		put_raw(line, "\x1b[0m");
	line->at += text_width(text);
}

static void pad(struct line *line, unsigned to)
{
	while (line->at < to) {
		put_raw(line, " ");
		line->at++;
	}
}

static void end_line(const struct rungs *rungs, struct line *line)
{
	while (line->n && line->text[line->n - 1] == ' ')
		line->n--;
	line->text[line->n++] = '\n';
	rungs->config->write(rungs->config->ctx, line->text, line->n);
	line->n = 0;
	line->at = 0;
}

/* Signs, where the terminal knows no UTF-8. */
static void ascii(char *text)
{
	static const struct {
		const char *sign, *plain;
	} signs[] = {
		{"→", "->"}, {"─", "-"}, {"▶", ">"},   {"◀", "<"},
		{"╳", "x"},  {"┄", "."}, {"…", "..."}, {"§", "sec. "},
	};
	char out[LINE_OCTETS];
	size_t n = 0, len;

	for (const char *at = text; *at && n + 8 < sizeof(out);) {
		const char *as = NULL;

		for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
			if (!strncmp(at, signs[i].sign,
				     strlen(signs[i].sign))) {
				as = signs[i].plain;
				at += strlen(signs[i].sign);
				break;
			}
		if (!as) {
			out[n++] = *at++;
			continue;
		}
		len = strlen(as);
		memcpy(out + n, as, len);
		n += len;
	}
	out[n] = '\0';
	memcpy(text, out, n + 1);
}

static const char *sign(const struct rungs *rungs, const char *utf8,
			const char *plain)
{
	return rungs->config->ascii ? plain : utf8;
}

/* ---------------------------------------------------------------- words -- */

void rung_say(struct rung *rung, int side, uint64_t at,
	      const struct see_tale *tale, uint8_t from, uint8_t to)
{
	struct saying *saying;

	if (rung->saying_n == RUNG_SAYINGS)
		return;
	saying = &rung->saying[rung->saying_n++];
	saying->side = side;
	saying->at = at;
	saying->has_tale = tale != NULL;
	if (tale)
		saying->tale = *tale;
	saying->from = from;
	saying->to = to;
}

static const char *state_name(uint8_t state)
{
	return cn_tcp_state_name((enum cn_tcp_state)state);
}

/* NULL: it has no name. */
static const char *host_of(const struct rungs *rungs,
			   const struct see_conn *conn, unsigned end)
{
	int host = conn->end[end].host;

	return host >= 0 && (unsigned)host < rungs->config->host_n ?
		       rungs->config->host[host] :
		       NULL;
}

static const char *name_of(const struct rungs *rungs,
			   const struct see_conn *conn, unsigned side)
{
	enum see_lang lang = rungs->config->lang;
	unsigned end;

	if (rungs->name[side][0] && !(conn && conn->loopback))
		return rungs->name[side];
	if (!conn)
		return see_text(lang, side ? SEE_SERVER : SEE_CLIENT);
	end = side ? !conn->left : conn->left;
	if (!conn->loopback && host_of(rungs, conn, end))
		return host_of(rungs, conn, end);
	return see_text(lang, end == conn->opener ? SEE_CLIENT : SEE_SERVER);
}

static void words_of(const struct rungs *rungs, const struct see_conn *conn,
		     const struct saying *saying, char *out, size_t size)
{
	const char *colon = rungs->config->lang == SEE_ZH ? "：" : ": ";
	size_t n = 0;

	*out = '\0';
	if (saying->side >= 0)
		n += (size_t)snprintf(
			out, size, "%s%s",
			name_of(rungs, conn, (unsigned)saying->side), colon);
	if (saying->from != saying->to)
		n += (size_t)snprintf(out + n, size - n, "%s → %s%s",
				      state_name(saying->from),
				      state_name(saying->to),
				      saying->has_tale ? colon : "");
	if (saying->has_tale)
		see_tale_text(rungs->config->lang, &saying->tale, out + n,
			      size - n);
	if (rungs->config->ascii)
		ascii(out);
}

static void put_time(const struct rungs *rungs, struct line *line, uint64_t at)
{
	char text[32];
	uint64_t us = (at - rungs->config->start) / CN_NS_PER_US;

	snprintf(text, sizeof(text), "%4" PRIu64 ".%06" PRIu64, us / 1000000,
		 us % 1000000);
	put(rungs, line, FAINT, text);
}

/* Words from column to the edge, over as many lines as they need. */
static void put_words(const struct rungs *rungs, struct line *line,
		      const char *words, unsigned column)
{
	unsigned indent = 0;

	while (*words) {
		char part[LINE_OCTETS];
		size_t len = text_break(words, rungs->width - column - indent);

		pad(line, column + indent);
		memcpy(part, words, len);
		part[len] = '\0';
		put(rungs, line, PLAIN, part);
		words += len;
		while (*words == ' ')
			words++;
		if (*words)
			end_line(rungs, line);
		indent = 2;
	}
	end_line(rungs, line);
}

/* --------------------------------------------------------------- arrows -- */

static void label_of(const struct rung *rung, unsigned room, char *out,
		     size_t size)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = {
		{TCP_SYN, "SYN "}, {TCP_FIN, "FIN "}, {TCP_RST, "RST "},
		{TCP_PSH, "PSH "}, {TCP_URG, "URG "}, {TCP_ACK, "ACK "},
		{TCP_ECE, "ECE "}, {TCP_CWR, "CWR "},
	};
	size_t n;

	/* What does not fit goes in this order: PSH, MSS and ACE, the window,
	 * the end. */
	for (unsigned less = 0; less < 4; less++) {
		n = 0;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (rung->flags & names[i].flag &&
			    !(less && names[i].flag == TCP_PSH))
				n += (size_t)snprintf(out + n, size - n, "%s",
						      names[i].name);
		if (rung->ae)
			n += (size_t)snprintf(out + n, size - n, "AE ");
		n += (size_t)snprintf(out + n, size - n, "seq %" PRIu32,
				      rung->seq);
		if (rung->len && less < 3)
			n += (size_t)snprintf(out + n, size - n, ":%" PRIu32,
					      rung->seq + rung->len);
		if (rung->flags & TCP_ACK)
			n += (size_t)snprintf(out + n, size - n,
					      " ack %" PRIu32, rung->ack);
		if (!(rung->flags & TCP_RST) && less < 2)
			n += (size_t)snprintf(out + n, size - n,
					      " win %" PRIu32, rung->wnd);
		if (rung->has_ace && !less)
			n += (size_t)snprintf(out + n, size - n, " ace %u",
					      rung->ace);
		if (rung->mss && !less)
			n += (size_t)snprintf(out + n, size - n,
					      " mss %" PRIu32, rung->mss);
		if (n <= room)
			return;
	}
	out[room] = '\0';
}

static enum paint paint_of(const struct rung *rung)
{
	if (rung->kind == RUNG_LOST || rung->flags & TCP_RST)
		return RED;
	if (rung->again)
		return YELLOW;
	return rung->flags & (TCP_SYN | TCP_FIN) ? CYAN : PLAIN;
}

static void repeat(const struct rungs *rungs, struct line *line,
		   enum paint paint, const char *what, unsigned n)
{
	char text[LINE_OCTETS];
	size_t len = strlen(what), at = 0;

	while (n-- && at + len < sizeof(text)) {
		memcpy(text + at, what, len);
		at += len;
	}
	text[at] = '\0';
	put(rungs, line, paint, text);
}

/*
 * The sender's end of the shaft, the label, the receiver's end.  What did not
 * yet arrive, or left earlier, is dotted.
 */
static void put_arrow(const struct rungs *rungs, struct line *line,
		      const struct rung *rung)
{
	const char *shaft = sign(rungs, "─", "-");
	const char *dots = sign(rungs, "┄", ".");
	const char *near = rung->kind == RUNG_ARRIVES ? dots : shaft;
	const char *far = rung->kind == RUNG_LEAVES ? dots : shaft;
	enum paint paint = paint_of(rung);
	unsigned lane = rungs->lane, used, before, after;
	char text[128], label[132];

	label_of(rung, lane - 8, text, sizeof(text));
	snprintf(label, sizeof(label), " %s ", text);
	used = text_width(label);
	/* The label stands nearer to the sender. */
	before = (lane - used - 1) / 3;
	if (before < 2)
		before = 2;
	after = lane - used - 1 - before;
	if (!rung->from) {
		repeat(rungs, line, paint, near, before);
		put(rungs, line, paint, label);
		if (rung->kind == RUNG_LOST) {
			repeat(rungs, line, paint, shaft, (after + 1) / 2);
			put(rungs, line, paint, sign(rungs, "╳", "x"));
			return;
		}
		repeat(rungs, line, paint, far, after);
		put(rungs, line, paint,
		    rung->kind == RUNG_LEAVES ? dots : sign(rungs, "▶", ">"));
		return;
	}
	if (rung->kind == RUNG_LOST) {
		pad(line, line->at + after - (after + 1) / 2);
		put(rungs, line, paint, sign(rungs, "╳", "x"));
		repeat(rungs, line, paint, shaft, (after + 1) / 2);
	} else {
		put(rungs, line, paint,
		    rung->kind == RUNG_LEAVES ? dots : sign(rungs, "◀", "<"));
		repeat(rungs, line, paint, far, after);
	}
	put(rungs, line, paint, label);
	repeat(rungs, line, paint, near, before);
}

static void put_right(const struct rungs *rungs, struct line *line,
		      enum paint paint, const char *text)
{
	unsigned width = text_width(text);

	pad(line, rungs->left > width ? rungs->left - width : 0);
	put(rungs, line, paint, text);
}

static void put_left_part(const struct rungs *rungs, struct line *line,
			  const struct rung *rung)
{
	bool states = rung->state[0] || rung->state[1];

	if (!rung->no_time)
		put_time(rungs, line, rung->at);
	if (rung->kind == RUNG_WORDS && !states)
		return;
	pad(line, TIME_COLS + 1);
	if (rung->state[0])
		put(rungs, line, BOLD, state_name(rung->state[0]));
	pad(line, TIME_COLS + 1 + STATE_COLS + 1);
	if (rung->kind != RUNG_WORDS)
		put_arrow(rungs, line, rung);
	if (rung->state[1])
		put_right(rungs, line, BOLD, state_name(rung->state[1]));
}

static void put_title(struct rungs *rungs);

void rungs_draw(struct rungs *rungs, const struct see_conn *conn,
		const struct rung *rung)
{
	bool wide = rungs->width >= WIDE;
	unsigned column = wide ? rungs->left + 2 : TIME_COLS + 1;
	struct line line = {.n = 0};
	uint64_t told_at = rung->at;
	char words[SEE_SENTENCE_MAX + 128];

	put_title(rungs);
	put_left_part(rungs, &line, rung);
	if (!wide && line.at > TIME_COLS)
		end_line(rungs, &line);
	for (unsigned i = 0; i < rung->saying_n; i++) {
		const struct saying *saying = &rung->saying[i];

		if (saying->at != told_at && !line.at) {
			put_time(rungs, &line, saying->at);
			told_at = saying->at;
		} else if (saying->at != told_at) {
			end_line(rungs, &line);
			put_time(rungs, &line, saying->at);
			told_at = saying->at;
		}
		words_of(rungs, conn, saying, words, sizeof(words));
		put_words(rungs, &line, words, column);
	}
	if (line.at)
		end_line(rungs, &line);
}

/* ------------------------------------------------------------- headings -- */

/* "10.0.0.1:80", with the host's name before it where hosts have names. */
static void endpoint(char *out, size_t size, const struct rungs *rungs,
		     const struct see_conn *conn, unsigned end)
{
	const struct cn_endpoint *at = &conn->end[end].at;
	const char *host = host_of(rungs, conn, end);
	bool v4 = cn_addr_is_v4(&at->addr);
	char addr[CN_ADDR_TEXT];

	cn_addr_format(&at->addr, addr);
	snprintf(out, size, "%.40s%s%s%s%s:%u", host ? host : "",
		 host ? " " : "", v4 ? "" : "[", addr, v4 ? "" : "]", at->port);
}

/* The columns' names, once. */
static void put_title(struct rungs *rungs)
{
	struct line line = {.n = 0};
	const char *seconds = see_text(rungs->config->lang, SEE_SECONDS);

	if (rungs->begun)
		return;
	rungs->begun = true;
	pad(&line, TIME_COLS - text_width(seconds));
	put(rungs, &line, FAINT, seconds);
	pad(&line, TIME_COLS + 1);
	put(rungs, &line, BOLD, name_of(rungs, NULL, 0));
	put_right(rungs, &line, BOLD, name_of(rungs, NULL, 1));
	end_line(rungs, &line);
}

void rungs_heading(struct rungs *rungs, const struct see_conn *conn)
{
	const char *shaft = sign(rungs, "─", "-");
	struct line line = {.n = 0};
	char text[2][120], number[16];
	unsigned left = conn->left, width;

	put_title(rungs);
	endpoint(text[0], sizeof(text[0]), rungs, conn, left);
	endpoint(text[1], sizeof(text[1]), rungs, conn, !left);
	snprintf(number, sizeof(number), "#%u", conn->number);
	put(rungs, &line, FAINT, number);
	pad(&line, TIME_COLS + 1);
	put(rungs, &line, BOLD, text[0]);
	put(rungs, &line, FAINT, " ");
	width = line.at + text_width(text[1]) + 1;
	if (width < rungs->left)
		repeat(rungs, &line, FAINT, shaft, rungs->left - width);
	put(rungs, &line, FAINT, " ");
	put(rungs, &line, BOLD, text[1]);
	end_line(rungs, &line);
}

void rungs_init(struct rungs *rungs, const struct see_ladder_config *config)
{
	memset(rungs, 0, sizeof(*rungs));
	rungs->config = config;
	rungs->width = config->width < NARROW ? NARROW : config->width;
	rungs->left = rungs->width >= WIDE ? LEFT_COLS : rungs->width;
	if (rungs->left > 100)
		rungs->left = 100;
	rungs->lane = rungs->left - TIME_COLS - 2 * STATE_COLS - 3;
	for (int i = 0; i < 2; i++)
		if (config->name[i])
			text_escape(config->name[i], rungs->name[i],
				    sizeof(rungs->name[i]));
}
