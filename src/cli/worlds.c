/* SPDX-License-Identifier: MIT */
/* Asking worlds, or those who pose as worlds (attacks.md row 48). */
#include "cli/worlds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/counters.h"
#include "run/world/control_dir.h"
#include "see/text.h"

/* Between two octets, and for the whole answer. */
#define SILENCE_MS 2000
#define PATIENCE_MS 5000
/* For all that another user has: who asks as root waits for nobody's many. */
#define FOLDER_MS 5000

struct answer {
	struct worlds *worlds;
	const char *dir, *name;
	int fd;
	int64_t until_ms;
	char text[2 * CONTROL_LINE_MAX];
	size_t len;
	bool begun, ended;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void complain(const struct worlds *worlds, const char *dir,
		     const char *name, const char *what)
{
	char safe[2][512];

	text_escape(dir, safe[0], sizeof(safe[0]));
	text_escape(name, safe[1], sizeof(safe[1]));
	fprintf(stderr, "catenet %s: %s/%s: %s\n", worlds->command, safe[0],
		safe[1], what);
}

/* NULL, or what is wrong with it. */
static const char *take_line(struct answer *answer, char *line)
{
	struct cn_counters nobodys = {0};
	struct row row;

	if (!answer->begun) {
		if (strcmp(line, CONTROL_HEAD) != 0)
			return strncmp(line, CONTROL_HEAD,
				       strcspn(CONTROL_HEAD, " ") + 1) ?
				       "it does not answer as a world does" :
				       "it is a world of another version";
		answer->begun = true;
	} else if (!strcmp(line, CONTROL_END)) {
		answer->ended = true;
	} else if (*line == '#') {
		struct cn_counters *sum = answer->worlds->sum;

		if (!counters_take(sum ? sum : &nobodys, line))
			return "it says what no world says";
	} else if (line[0] == '+' && line[1] == '\t') {
		text_escape(line + 2, row.host, sizeof(row.host));
		if (answer->worlds->more)
			answer->worlds->more(answer->worlds->ctx, row.host);
	} else if (row_parse(&row, line)) {
		answer->worlds->row(answer->worlds->ctx, &row);
	} else {
		return "it says what no world says";
	}
	return NULL;
}

/* Whole lines of what has come; the rest stays. */
static const char *take_lines(struct answer *answer)
{
	const char *why = NULL;
	char *at = answer->text, *end;
	size_t left = answer->len;

	while (!why && !answer->ended && (end = memchr(at, '\n', left))) {
		*end++ = '\0';
		/* An octet 0 hides nothing: the line ends there, too short. */
		why = take_line(answer, at);
		left -= (size_t)(end - at);
		at = end;
	}
	memmove(answer->text, at, left);
	answer->len = left;
	if (!why && left >= CONTROL_LINE_MAX)
		why = "it does not answer as a world does";
	return why;
}

static const char *read_some(struct answer *answer)
{
	struct pollfd poll_fd = {.fd = answer->fd, .events = POLLIN};
	int64_t left = answer->until_ms - now_ms();
	ssize_t n;

	if (left <= 0)
		return "it does not come to an end";
	if (left > SILENCE_MS)
		left = SILENCE_MS;
	if (poll(&poll_fd, 1, (int)left) == 0)
		return left == SILENCE_MS ? "it does not answer" : NULL;
	n = read(answer->fd, answer->text + answer->len,
		 sizeof(answer->text) - answer->len);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? NULL :
							   strerror(errno);
	if (n == 0)
		return answer->begun ? "it broke off" :
				       "it does not answer as a world does";
	answer->len += (size_t)n;
	return take_lines(answer);
}

static void hear(struct answer *answer)
{
	const char *why = NULL;

	answer->until_ms = now_ms() + PATIENCE_MS;
	while (!why && !answer->ended)
		why = read_some(answer);
	if (why)
		complain(answer->worlds, answer->dir, answer->name, why);
}

static void ask(struct worlds *worlds, int dir_fd, const char *dir,
		const char *name, uid_t uid)
{
	struct answer *answer;
	int fd = control_dir_connect(dir_fd, name, uid);

	if (fd == -ECONNREFUSED || fd == -ENOENT) {
		/* It was killed, or has just ended. */
		control_dir_sweep(dir_fd, name);
		return;
	}
	worlds->found++;
	if (fd < 0) {
		complain(worlds, dir, name,
			 fd == -EPERM  ? "it is not the folder's owner's" :
			 fd == -EAGAIN ? "it does not answer" :
					 strerror(-fd));
		return;
	}
	answer = calloc(1, sizeof(*answer));
	if (answer) {
		answer->worlds = worlds;
		answer->dir = dir;
		answer->name = name;
		answer->fd = fd;
		hear(answer);
	}
	free(answer);
	close(fd);
}

static void ask_folder(void *ctx, const char *path, uid_t uid)
{
	const int64_t until_ms = now_ms() + FOLDER_MS;
	const struct dirent *entry;
	DIR *dir;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		if (uid != geteuid() && now_ms() > until_ms) {
			complain(ctx, path, entry->d_name,
				 "this and what follows is not asked: too long "
				 "for the others there");
			break;
		}
		ask(ctx, fd, path, entry->d_name, uid);
	}
	closedir(dir);
}

void worlds_ask(struct worlds *worlds)
{
	worlds->found = 0;
	control_dir_each(ask_folder, worlds);
}
