/* SPDX-License-Identifier: MIT */
/* A capture of a world that runs, until Ctrl-C or the world's end. */
#include "run/keep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "run/world/door.h"
#include "run/world/onlooker.h"
#include "run/world/talk.h"
#include "see/text.h"

#define FAILED 125
#define PATIENCE_S 5

static int ask(int fd, const char *name, const struct look_ask *look, int pass)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct talk talk = {.kind = TALK_LOOK, .serial = 1};
	char safe[2 * TALK_DATA];
	int with, rc;

	/* A world that hangs is not waited for, nor Ctrl-C in vain. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			 sizeof(patience));

	memcpy(talk.data, look, sizeof(*look));
	talk.len = sizeof(*look);
	rc = talk_send(fd, &talk, pass, 0);
	if (!rc)
		rc = talk_recv(fd, &talk, &with, 0);
	if (rc <= 0 || talk.kind != TALK_ANSWER) {
		door_complain(name, rc < 0 ? -rc : ECONNRESET);
		return FAILED;
	}
	if (!talk.result)
		return 0;
	text_escape(talk_is_text(&talk) ? (const char *)talk.data : "refused",
		    safe, sizeof(safe));
	fprintf(stderr, "catenet world: %s\n", safe);
	return FAILED;
}

/* Somebody has had enough. */
static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void copy(struct onlooker *onlooker, int signals)
{
	struct pollfd fds[2] = {{.fd = onlooker->watch.fd, .events = POLLIN},
				{.fd = signals, .events = POLLIN}};

	while (!onlooker->failed) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents || !onlooker_copy(onlooker))
			break;
	}
	onlooker_close(onlooker);
}

int keep_capture(const char *name, const char *file,
		 const struct look_ask *look)
{
	struct onlooker onlooker;
	int fd = door_knock(name), pass, code, signals;

	if (fd < 0) {
		door_complain(name, -fd);
		return FAILED;
	}
	pass = onlooker_open(&onlooker, NULL, file);
	if (pass < 0) {
		fprintf(stderr, "catenet world: %s: %s\n", file,
			strerror(-pass));
		close(fd);
		return FAILED;
	}
	signals = watch_signals();
	code = ask(fd, name, look, pass);
	close(pass);
	if (!code) {
		copy(&onlooker, signals);
		code = onlooker.failed ? FAILED : 0;
	} else {
		onlooker_close(&onlooker);
	}
	close(fd);
	return code;
}
