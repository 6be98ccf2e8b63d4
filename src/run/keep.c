/* SPDX-License-Identifier: MIT */
/*
 * The process that keeps a world: no program is its child, no terminal is
 * asked of it.  It ends when it is told to (catenet world stop, SIGTERM,
 * Ctrl-C), and then resets what is still connected.
 */
#include "run/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <catenet/base.h>

#include "loop/loop.h"
#include "run/front.h"
#include "run/harden.h"
#include "run/run.h"
#include "run/supervisor.h"
#include "run/world/door.h"
#include "run/world/session.h"
#include "run/world/world.h"

struct keep {
	const struct keep_options *options;
	struct loop *loop;
	struct world *world;
	struct sessions *sessions;
	struct door door;
	struct loop_watch signals;
	bool over;
};

static void on_signal(void *ctx, uint32_t events)
{
	struct keep *keep = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(keep->signals.fd, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info))
		keep->over = true;
}

static int watch_signals(struct keep *keep)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	keep->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (keep->signals.fd < 0)
		return errno;
	keep->signals.ready = on_signal;
	keep->signals.ctx = keep;
	return -loop_watch(keep->loop, &keep->signals, EPOLLIN);
}

static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool begin_world(struct keep *keep)
{
	char *const argv[] = {(char *)(uintptr_t)keep->options->name, NULL};
	const struct run_options run = {
		.argv = argv,
		.quiet = keep->options->quiet,
		.verbose = keep->options->verbose,
		.path = keep->options->world,
	};

	keep->world = world_new(keep->loop, &run);
	return keep->world != NULL;
}

static bool begin(struct keep *keep)
{
	struct sessions_config config = {.name = keep->options->name};
	int err;

	keep->loop = loop_new();
	if (!keep->loop) {
		say("epoll: %s", strerror(errno));
		return false;
	}
	err = door_open(&keep->door, keep->options->name);
	if (err) {
		say(err == EEXIST ? "a world called %s is running; catenet "
				    "world stop %s ends it" :
				    "the world %s cannot have its name: %s",
		    keep->options->name,
		    err == EEXIST ? keep->options->name : strerror(err));
		return false;
	}
	raise_limit();
	if (!begin_world(keep))
		return false;
	config.loop = keep->loop;
	config.world = keep->world;
	config.fd = keep->door.fd;
	keep->sessions = sessions_new(&config);
	if (!keep->sessions || watch_signals(keep)) {
		say("out of memory or descriptors");
		return false;
	}
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)prctl(PR_SET_NAME, "catenet-world");
	(void)prctl(PR_SET_TIMERSLACK, 1);
	harden();
	return true;
}

static void end(struct keep *keep)
{
	door_close(&keep->door);
	sessions_free(keep->sessions);
	world_free(keep->world);
	if (keep->signals.fd > 0) {
		loop_unwatch(keep->loop, &keep->signals);
		close(keep->signals.fd);
	}
	loop_free(keep->loop);
}

/* True in the process that goes on; the other tells how it began. */
static bool go_background(int *ready)
{
	char byte = 0;
	int line[2];
	pid_t pid;

	if (pipe2(line, O_CLOEXEC) < 0)
		return true; /* it stays in front */
	pid = fork();
	if (pid > 0) {
		close(line[1]);
		_exit(read(line[0], &byte, 1) == 1 ? 0 : 125);
	}
	close(line[0]);
	*ready = line[1];
	(void)setsid();
	return true;
}

int keep_main(const struct keep_options *options)
{
	struct keep keep = {.options = options, .door = {.fd = -1}};
	int ready = -1;

	if (options->background)
		(void)go_background(&ready);
	if (!begin(&keep)) {
		end(&keep);
		return 125;
	}
	if (!options->quiet)
		say("the world %s runs; catenet run --world %s --host HOST -- "
		    "PROGRAM joins it",
		    options->name, options->name);
	if (ready >= 0) {
		(void)!write(ready, "", 1);
		close(ready);
		give_up_standard();
	}
	while (!keep.over && !sessions_are_over(keep.sessions)) {
		int err = loop_round(keep.loop, CN_NEVER);

		if (err < 0) {
			say("the loop failed: %s", strerror(-err));
			break;
		}
		sessions_serve(keep.sessions);
	}
	end(&keep);
	return 0;
}
