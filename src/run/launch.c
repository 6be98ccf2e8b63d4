/* SPDX-License-Identifier: MIT */
/*
 * fork, filter, exec.  The child hands the filter's listener to us and becomes
 * the program; if it cannot, it says what failed over the same socket, which
 * its exec closes.  Nothing of ours is left in it: descriptors are all
 * close-on-exec, the environment is untouched, the signal mask is restored.
 */
#include "run/launch.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/filter.h"
#include "run/netns/netns.h"
#include "run/supervisor.h"

enum stage { STAGE_NETNS, STAGE_FILTER, STAGE_EXEC };

struct failure {
	enum stage stage;
	int err;
};

/* ------------------------------------------------------------ foreign ABI */

static bool is_foreign(const char *path)
{
	unsigned char head[20] = {0};
	uint16_t machine;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, head, sizeof(head));
	close(fd);
	if (n < (ssize_t)sizeof(head) || memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&machine, head + 18, sizeof(machine));
	return head[EI_CLASS] == ELFCLASS32 &&
	       (machine == EM_386 || machine == EM_X86_64 || machine == EM_ARM);
}

/* Where execvp would find it; false: nowhere that can be told. */
static bool find_program(const char *name, char *path, size_t room)
{
	const char *dirs = getenv("PATH"), *end;

	if (strchr(name, '/'))
		return snprintf(path, room, "%s", name) < (int)room;
	for (; dirs && *dirs; dirs = *end ? end + 1 : end) {
		end = strchr(dirs, ':');
		if (!end)
			end = dirs + strlen(dirs);
		if (snprintf(path, room, "%.*s/%s", (int)(end - dirs), dirs,
			     name) < (int)room &&
		    access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* ----------------------------------------------------------------- child */

static void send_failure(int sock, enum stage stage, int err)
{
	const struct failure failure = {.stage = stage, .err = err};

	(void)!write(sock, &failure, sizeof(failure));
}

/* By sendmmsg: sendmsg may be notified already, and nobody listens yet. */
static bool send_listener(int sock, int listener)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	char octet = 0;
	struct iovec iov = {.iov_base = &octet, .iov_len = 1};
	struct mmsghdr msg = {
		.msg_hdr = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.space,
			    .msg_controllen = sizeof(control.space)},
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &listener, sizeof(listener));
	return sendmmsg(sock, &msg, 1, 0) == 1;
}

/* A name that is resolved elsewhere is a lesser evil than no program. */
static void go_in(const struct launch *launch, int sock)
{
	int err;

	if (!launch->netns)
		return;
	err = netns_enter(launch->netns);
	if (err) {
		send_failure(sock, STAGE_NETNS, -err);
		_exit(125);
	}
	if (launch->hostname[0]) {
		err = netns_private_name(launch->hostname);
		if (err && launch->verbose)
			say("the host's name stays the machine's: %s",
			    strerror(-err));
	}
	if (!launch->resolv[0] && !launch->hosts)
		return;
	err = netns_private_files(launch->resolv, launch->hosts);
	/* Its name servers are then asked past our resolver, but by the path:
	 * those of the machine's loopback too. */
	if (err && launch->verbose)
		say("/etc/resolv.conf stays the machine's: %s", strerror(-err));
}

static _Noreturn void become_program(const struct launch *launch, int sock)
{
	int listener;

	go_in(launch, sock);
	listener = filter_install(launch->force_nnp, launch->watch_sendmsg);
	if (listener < 0) {
		send_failure(sock, STAGE_FILTER, -listener);
		_exit(125);
	}
	if (!send_listener(sock, listener))
		_exit(125);
	close(listener);
	if (launch->ignore_child)
		signal(SIGCHLD, SIG_IGN);
	sigprocmask(SIG_SETMASK, launch->mask, NULL);
	execvp(launch->argv[0], launch->argv);
	send_failure(sock, STAGE_EXEC, errno);
	_exit(errno == ENOENT ? 127 : 126);
}

/* ---------------------------------------------------------------- parent */

/* The listener, or -1 with what failed. */
static int take_listener(int sock, struct failure *failure)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = failure, .iov_len = sizeof(*failure)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	const struct cmsghdr *cmsg;
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	int fd;

	cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS) {
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
		return fd;
	}
	if (n != (ssize_t)sizeof(*failure))
		*failure = (struct failure){STAGE_FILTER, ECHILD};
	return -1;
}

static int tell(const struct launch *launch, const struct failure *failure)
{
	if (failure->stage == STAGE_EXEC) {
		say("%s: %s", launch->argv[0], strerror(failure->err));
		return failure->err == ENOENT ? 127 : 126;
	}
	if (failure->stage == STAGE_NETNS) {
		say("cannot enter the program's network: %s",
		    strerror(failure->err));
		return 125;
	}
	if (failure->err == EBUSY)
		say("another supervisor (a container, or catenet run itself) "
		    "already watches these system calls; they cannot be "
		    "watched twice");
	else
		say("cannot watch the program's system calls: %s",
		    strerror(failure->err));
	return 125;
}

static int failed(struct launch *launch, const struct failure *failure)
{
	(void)waitpid(launch->pid, NULL, 0);
	if (launch->listener >= 0)
		close(launch->listener);
	return tell(launch, failure);
}

int launch(struct launch *launch)
{
	struct failure failure;
	char path[PATH_MAX];
	int pair[2], code = 0;

	if (find_program(launch->argv[0], path, sizeof(path)) &&
	    is_foreign(path)) {
		say("%s is a 32-bit program, which catenet run cannot carry",
		    launch->argv[0]);
		return 126;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		say("socketpair: %s", strerror(errno));
		return 125;
	}
	launch->pid = fork();
	if (launch->pid < 0) {
		say("fork: %s", strerror(errno));
		close(pair[0]);
		close(pair[1]);
		return 125;
	}
	if (launch->pid == 0) {
		close(pair[0]);
		become_program(launch, pair[1]);
	}
	close(pair[1]);
	launch->listener = take_listener(pair[0], &failure);
	if (launch->listener < 0 ||
	    read(pair[0], &failure, sizeof(failure)) > 0)
		code = failed(launch, &failure);
	close(pair[0]);
	return code;
}
