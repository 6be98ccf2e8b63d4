/* SPDX-License-Identifier: MIT */
/* What a supervisor has for itself in a world: ports of this machine that lead
 * to its programs, and the summary of its connections. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/world/session_parts.h"

void session_own_begin(struct session *session)
{
	tally_init(&session->tally, world_now(session->all->config.world));
	session->owner = (struct wowner){.tally = &session->tally,
					 .publish = session->publish};
}

void session_own_end(struct session *session)
{
	for (unsigned i = 0; i < session->owner.publish_n; i++)
		udp_publish_end(session->udp[i]);
	wsocks_disown(session->all->config.world, &session->owner);
	tally_deinit(&session->tally);
}

/* NULL, or what is wrong. */
static const char *publish(struct session *session, const struct talk *talk)
{
	struct world *world = session->all->config.world;
	struct world_publish *to = &session->publish[session->owner.publish_n];
	int err;

	if (!world->gateway)
		return "that world is by itself; begin it with --gateway NODE";
	if (session->owner.publish_n == SESSION_PORTS)
		return "too many ports";
	memset(to, 0, sizeof(*to));
	memcpy(&to->host, talk->data, sizeof(to->host));
	to->port = (uint16_t)talk->number;
	to->udp = talk->extra;
	err = to->udp ? udp_publish(world, session->on, to,
				    session->udp[session->owner.publish_n]) :
			publish_try(world, &to->host);
	if (err)
		return strerror(err);
	session->owner.publish_n++;
	return NULL;
}

static void do_publish(struct session *session, struct talk *talk)
{
	const char *wrong;

	if (talk->len != sizeof(struct cn_endpoint) || !talk->number ||
	    talk->number > UINT16_MAX || talk->extra < 0 || talk->extra > 1) {
		session_refuse(session);
		return;
	}
	wrong = publish(session, talk);
	talk_text(talk, wrong ? wrong : "");
	session_answer(session, talk, wrong ? -EADDRNOTAVAIL : 0);
}

static void do_summary(struct session *session, struct talk *talk)
{
	struct world *world = session->all->config.world;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	wsocks_count(world, &session->owner);
	if (out && talk->extra == TALK_SUMMARY_PEOPLE)
		tally_print(&session->tally, NULL, out, world_now(world));
	else if (out)
		tally_json(&session->tally, NULL, NULL, out, world_now(world));
	if (!out || fclose(out))
		session_answer_bare(session, talk, -ENOMEM);
	else
		session_answer_long(session, talk, 0, text, len);
	free(text);
}

void session_own(struct session *session, struct talk *talk, int fd)
{
	if (fd >= 0) {
		close(fd);
		session_refuse(session);
	} else if (talk->kind == TALK_PUBLISH) {
		do_publish(session, talk);
	} else {
		do_summary(session, talk);
	}
}
