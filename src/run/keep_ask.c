/* SPDX-License-Identifier: MIT */
/* What catenet world asks of a world that runs. */
#include "run/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "run/world/door.h"
#include "run/world/talk.h"
#include "see/text.h"

#define FAILED 125
#define PATIENCE_S 5
/* Two hundred nodes with all their counters and routes come to some ten
 * mebibytes; more is no answer. */
#define TEXT_MAX (1u << 26)
/* A host and all addresses that it may have. */
#define FIELDS_MAX 128

static int knock(const char *name)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = door_knock(name);

	if (fd < 0) {
		door_complain(name, -fd);
		return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			 sizeof(patience));
	return fd;
}

/* The next answer; false: there was none, and it was said. */
static bool hear(int fd, const char *name, struct talk *talk)
{
	int with, rc = talk_recv(fd, talk, &with, 0);

	if (with >= 0)
		close(with);
	if (rc > 0 && talk->kind == TALK_ANSWER)
		return true;
	door_complain(name, rc == -EAGAIN || rc > 0 ? EAGAIN :
			    rc			    ? -rc :
						      ECONNRESET);
	return false;
}

static bool ask(int fd, const char *name, struct talk *talk)
{
	int rc;

	talk->serial = 1;
	rc = talk_send(fd, talk, -1, 0);
	if (!rc)
		return hear(fd, name, talk);
	door_complain(name, -rc);
	return false;
}

int keep_stop(const char *name)
{
	struct talk talk = {.kind = TALK_STOP};
	int fd = knock(name), with;
	bool told;

	if (fd < 0)
		return FAILED;
	told = ask(fd, name, &talk);
	/* Its end of the line goes when all of it has gone. */
	while (told && talk_recv(fd, &talk, &with, 0) > 0)
		if (with >= 0)
			close(with);
	close(fd);
	return told ? 0 : FAILED;
}

int keep_change(const char *name, const char *text)
{
	struct talk talk = {.kind = TALK_CHANGE};
	char safe[2 * TALK_DATA];
	int fd = knock(name), code = FAILED;

	if (fd < 0)
		return FAILED;
	talk_text(&talk, text);
	if (ask(fd, name, &talk)) {
		code = talk.result ? FAILED : 0;
		if (talk_is_text(&talk) && *talk.data) {
			text_escape((const char *)talk.data, safe,
				    sizeof(safe));
			fprintf(code ? stderr : stdout, "%s%s\n",
				code ? "catenet world: " : "", safe);
		}
	}
	close(fd);
	return code;
}

/* All pieces of its answer, or NULL. */
static char *ask_list(int fd, const char *name, int which)
{
	struct talk talk = {.kind = TALK_LIST, .extra = which};
	char *text = NULL, *more;
	size_t len = 0, room = 0;

	if (!ask(fd, name, &talk))
		return NULL;
	for (;;) {
		if (len + talk.len >= room) {
			room = 2 * room + talk.len + 1;
			more = room <= TEXT_MAX ? realloc(text, room) : NULL;
			if (!more)
				break;
			text = more;
		}
		memcpy(text + len, talk.data, talk.len);
		len += talk.len;
		text[len] = 0;
		if (!talk.extra)
			return text;
		if (!hear(fd, name, &talk)) {
			free(text);
			return NULL;
		}
	}
	fprintf(stderr, "catenet world: %s: its answer is too long\n", name);
	free(text);
	return NULL;
}

static unsigned split(char *line, char *field[], unsigned room)
{
	unsigned n = 0;

	for (char *p = line; p && n < room; n++) {
		field[n] = p;
		p = strchr(p, '\t');
		if (p)
			*p++ = '\0';
	}
	return n;
}

/* "world NAME PID REFUSED", "host NAME ADDRESS...", "program HOST PID NAME" */
static void print_people(char *line)
{
	char safe[1024];
	char *field[FIELDS_MAX];
	unsigned n = split(line, field, FIELDS_MAX);

	for (unsigned i = 0; i < n; i++) {
		text_escape(field[i], safe, sizeof(safe));
		if (i == 0 && !strcmp(safe, "world"))
			continue;
		if (i == 0)
			printf("  %s", safe);
		else if (i == 2 && !strcmp(field[0], "world"))
			printf("  (pid %s)", safe);
		else if (i == 2 && !strcmp(field[0], "program"))
			printf("  pid %s", safe);
		else if (i == 3 && !strcmp(field[0], "world") &&
			 !strcmp(safe, "0"))
			continue;
		else if (i == 3 && !strcmp(field[0], "world"))
			printf("  refused %s", safe);
		else
			printf("%s%s", i == 1 && *field[0] == 'w' ? "" : "  ",
			       safe);
	}
	putchar('\n');
}

/* Line by line, harmless for a terminal. */
static void print_plain(char *text)
{
	char safe[8192];
	char *line, *next;

	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		for (char *tab; (tab = strchr(line, '\t')); line = tab + 1) {
			*tab = 0;
			text_escape(line, safe, sizeof(safe));
			printf("%s\t", safe);
		}
		text_escape(line, safe, sizeof(safe));
		puts(safe);
	}
}

int keep_list(const char *name, int which)
{
	int fd = knock(name);
	char *text, *line, *next;

	if (fd < 0)
		return FAILED;
	text = ask_list(fd, name, which);
	close(fd);
	if (!text)
		return FAILED;
	if (which != TALK_LIST_LINES) {
		print_plain(text);
		free(text);
		return 0;
	}
	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		print_people(line);
	}
	free(text);
	return 0;
}
