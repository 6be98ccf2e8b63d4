/* SPDX-License-Identifier: MIT */
/* Comments of a capture: the sender's sentence and the packet's fate. */
#include "see/comment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/seq.h"
#include "see/tale.h"
#include "wire/glance.h"
#include "wire/tcp_seg.h"

struct said {
	struct see_tale tale;
	struct cn_trace trace;
	bool told;
};

struct see_comments {
	struct see_conns conns;
	enum see_lang lang;
};

static void forget(void *ctx, struct see_conn *conn)
{
	(void)ctx;
	free(conn->user);
	conn->user = NULL;
}

struct see_comments *see_comments_new(enum see_lang lang)
{
	struct see_comments *comments = calloc(1, sizeof(*comments));

	if (!comments)
		return NULL;
	see_conns_init(&comments->conns);
	comments->conns.forget = forget;
	comments->lang = lang;
	return comments;
}

void see_comments_free(struct see_comments *comments)
{
	if (!comments)
		return;
	see_conns_deinit(&comments->conns);
	free(comments);
}

void see_comments_event(struct see_comments *comments, int host,
			const struct cn_trace *trace)
{
	unsigned end;
	struct see_conn *conn =
		see_conn_of(&comments->conns, host, trace, &end);
	struct said *said;

	if (!conn)
		return;
	if (!conn->user)
		conn->user = calloc(2, sizeof(struct said));
	said = conn->user;
	if (said && trace->kind == CN_TRACE_OUT) {
		said[end].told = see_tell(conn, end, trace, &said[end].tale);
		said[end].trace = *trace;
	}
	see_conn_follow(conn, end, trace);
}

static size_t add(char *out, size_t size, size_t n, const char *text)
{
	int more = snprintf(out + n, size - n, "%s%s", n ? "; " : "", text);

	return more > 0 && n + (size_t)more < size ? n + (size_t)more : n;
}

/* A packet of a super-segment bears only its own octets, and the last one
 * alone the FIN. */
static void retell(const struct see_conn *conn, unsigned from,
		   const struct said *said, const struct glance *glance,
		   struct see_tale *tale)
{
	struct cn_trace one = said->trace;

	if (glance->data_len >= one.len ||
	    (one.why != CN_SEND_DATA && one.why != CN_SEND_REXMIT &&
	     one.why != CN_SEND_TLP))
		return;
	one.seq = glance->seq;
	one.len = glance->data_len;
	one.flags = glance->flags;
	if (one.why == CN_SEND_DATA && !(one.flags & TCP_FIN))
		one.rule = "RFC 9293 section 3.10.2";
	(void)see_tell(conn, from, &one, tale);
}

size_t see_comment(const struct see_comments *comments,
		   const struct cn_frame *frame, enum cn_fate fate, char *out,
		   size_t size)
{
	const struct see_conn *conn;
	const struct said *said;
	struct glance glance;
	struct see_tale tale;
	char text[SEE_SENTENCE_MAX];
	size_t n = 0;
	unsigned from;

	*out = '\0';
	conn = see_conn_of_frame(&comments->conns, frame, &glance, &from);
	said = conn ? conn->user : NULL;
	if (said && said[from].told &&
	    glance.seq - said[from].trace.seq <= said[from].trace.len) {
		tale = said[from].tale;
		retell(conn, from, &said[from], &glance, &tale);
		see_tale_text(comments->lang, &tale, text, sizeof(text));
		n = add(out, size, n, text);
		if (conn->end[from].state)
			n = add(out, size, n,
				cn_tcp_state_name(
					(enum cn_tcp_state)conn->end[from]
						.state));
	}
	if (fate != CN_FATE_SENT)
		n = add(out, size, n, cn_fate_text(fate));
	return n;
}
