/* SPDX-License-Identifier: MIT */
/* What supervisors, and catenet world, ask of a whole world. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/world/hosts.h"
#include "run/world/look.h"
#include "run/world/session_parts.h"
#include "see/text.h"

static void do_join(struct session *session, struct talk *talk)
{
	const struct world *world = session->all->config.world;
	char text[TALK_DATA];
	const char *host, *program;

	if (session->on || !talk_is_text(talk)) {
		session_refuse(session);
		return;
	}
	if (talk->extra != TALK_VERSION) {
		talk_text(talk, "that world is kept by another version of "
				"catenet");
		session_answer(session, talk, -EPROTO);
		return;
	}
	host = (const char *)talk->data;
	program = memchr(talk->data, 0, talk->len - 1);
	program = program ? program + 1 : "?";
	if (strrchr(program, '/'))
		program = strrchr(program, '/') + 1;
	text_escape(program, session->program, sizeof(session->program));
	session->parent = (long)talk->number;
	/* Rows are for those who ask for a summary at the end. */
	if (talk->result != 1)
		session->tally.row_n = TALLY_ROWS;
	session->on = hosts_find(world, host, text, sizeof(text));
	talk_text(talk, session->on ? session->on->name : text);
	session_answer(session, talk, session->on ? 0 : -ENOENT);
}

static void list_one(const struct session *session, FILE *out)
{
	if (session->on)
		fprintf(out, "program\t%s\t%d\t%s\n", session->on->name,
			session->pid, session->program);
}

static void list_lines(const struct sessions *all, FILE *out)
{
	fprintf(out, "world\t%s\t%ld\t%llu\n", all->config.name, (long)getpid(),
		all->refused + 0ull);
	hosts_list(all->config.world, out);
	for (const struct list *node = all->list.next; node != &all->list;
	     node = node->next)
		list_one(CN_CONTAINER(node, struct session, node), out);
}

/* In as many answers as it takes. */
static void do_list(struct session *session, struct talk *talk)
{
	const struct sessions *all = session->all;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out) {
		if (talk->extra == TALK_LIST_LINES)
			list_lines(all, out);
		else
			hosts_show(all->config.world, talk->extra, out);
	}
	if (!out || fclose(out)) {
		free(text);
		session_answer_bare(session, talk, -ENOMEM);
		return;
	}
	session_answer_long(session, talk, 0, text, len);
	free(text);
}

static void do_change(struct session *session, struct talk *talk)
{
	char sentence[TALK_DATA];
	int rc;

	if (!talk_is_text(talk)) {
		session_refuse(session);
		return;
	}
	rc = hosts_change(session->all->config.world, (const char *)talk->data,
			  sentence, sizeof(sentence));
	talk_text(talk, sentence);
	session_answer(session, talk, -rc);
}

static void do_look(struct session *session, struct talk *talk, int fd)
{
	char sentence[TALK_DATA];
	struct look_ask ask;
	const char *wrong;

	if (fd < 0 || talk->len != sizeof(ask)) {
		if (fd >= 0)
			close(fd);
		session_refuse(session);
		return;
	}
	memcpy(&ask, talk->data, sizeof(ask));
	ask.place[sizeof(ask.place) - 1] = '\0';
	wrong = hosts_look(session->all->config.world, &ask, fd, sentence,
			   sizeof(sentence));
	talk_text(talk, wrong ? wrong : "");
	session_answer(session, talk, wrong ? -ENOENT : 0);
}

/* False: it is about a socket. */
static bool serve(struct session *session, struct talk *talk)
{
	switch (talk->kind) {
	case TALK_JOIN:
		do_join(session, talk);
		return true;
	case TALK_LIST:
		do_list(session, talk);
		return true;
	case TALK_BYE:
		session_answer_bare(session, talk, 0);
		return true;
	case TALK_STOP:
		session->all->over = true;
		session_answer_bare(session, talk, 0);
		return true;
	case TALK_CHANGE:
		do_change(session, talk);
		return true;
	default:
		break;
	}
	/* Only who has joined has sockets. */
	if (!session->on)
		session_refuse(session);
	return !session->on;
}

static bool is_ours(const struct session *session, const struct talk *talk)
{
	return !session->on || talk->kind == TALK_JOIN ||
	       talk->kind == TALK_LIST || talk->kind == TALK_BYE ||
	       talk->kind == TALK_STOP || talk->kind == TALK_CHANGE;
}

bool session_world(struct session *session, struct talk *talk, int fd)
{
	if (talk->kind == TALK_LOOK) {
		do_look(session, talk, fd);
		return true;
	}
	if (session->on &&
	    (talk->kind == TALK_PUBLISH || talk->kind == TALK_SUMMARY)) {
		session_own(session, talk, fd);
		return true;
	}
	if (session->on && talk->kind >= TALK_TWIN &&
	    talk->kind <= TALK_TWIN_DONE) {
		session_twin(session, talk, fd);
		return true;
	}
	if (fd < 0)
		return serve(session, talk);
	if (!is_ours(session, talk))
		return false;
	/* None of these has a descriptor with it. */
	close(fd);
	session_refuse(session);
	return true;
}
