/* SPDX-License-Identifier: MIT */
/*
 * catenet run.  Three processes: the front (front.c), its child the
 * supervisor, which holds the world and the loop, and the supervisor's child
 * the program.  The supervisor stays the ancestor of all that the program
 * starts and reaps what is orphaned, so that it may look into them, and ends
 * when the last has ended and what they sent is acknowledged.
 */
#include "run/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catenet/base.h>

#include "loop/loop.h"
#include "run/family.h"
#include "run/front.h"
#include "run/harden.h"
#include "run/launch.h"
#include "run/netns/netns.h"
#include "run/supervisor.h"
#include "run/world/world.h"

/* Who was told to end gets this long before the next step, and what was sent
 * this long to be acknowledged. */
#define GRACE_NS (2 * CN_NS_PER_SEC)
/* The program itself ends in its own time, up to what services usually get
 * (systemd's DefaultTimeoutStopSec); what it left behind in this. */
#define PATIENCE_NS (90 * CN_NS_PER_SEC)
#define REST_NS (5 * CN_NS_PER_SEC)
/* The same signal within this time is one that came two ways. */
#define ECHO_NS (200 * CN_NS_PER_MS)

/* How far SIGTERM has come. */
enum ending {
	ENDING_NOT,
	ENDING_FIRST, /* the program was told, as natively */
	ENDING_REST, /* it has ended: the heads of what it left were told */
	ENDING_ALL /* every process was told; SIGKILL is next */
};

struct run {
	struct loop *loop;
	struct world *world;
	struct supervisor *sup;
	struct netns netns;
	pid_t front, first;
	int code; /* of the first program */
	bool first_ended, draining, abandoned;
	enum ending ending;
	unsigned interrupts;
	uint64_t term_at;
	struct loop_watch signals;
	struct loop_timer grace;
};

/* ------------------------------------------------------------- signals -- */

/* A program that stops takes the front with it, for the shell to see. */
static void first_changed(struct run *run, int status)
{
	if (WIFSTOPPED(status)) {
		(void)kill(run->front, SIGSTOP);
		return;
	}
	if (WIFEXITED(status))
		run->code = WEXITSTATUS(status);
	else if (WIFSIGNALED(status))
		run->code = 128 + WTERMSIG(status);
	else
		return;
	run->first_ended = true;
}

/*
 * A program that is told to end stops its workers in its own order, and may
 * have things to write: as long as it lives it alone is told, as natively. Of
 * what it leaves behind the heads are told, daemons that do the same for
 * theirs; then all, and what is left is killed: SIGTERM leaves no process.
 */
static void end_step(struct run *run, enum ending step, uint64_t now)
{
	uint64_t wait = GRACE_NS;

	run->ending = step;
	switch (step) {
	case ENDING_NOT:
		return;
	case ENDING_FIRST:
		(void)kill(run->first, SIGTERM);
		wait = PATIENCE_NS;
		break;
	case ENDING_REST:
		(void)family_signal_children(SIGTERM);
		wait = REST_NS;
		break;
	case ENDING_ALL:
		(void)family_signal(SIGTERM);
		break;
	}
	(void)family_signal(SIGCONT);
	(void)loop_at(run->loop, &run->grace, now + wait);
}

static void reap(struct run *run)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid == run->first && !run->first_ended)
			first_changed(run, status);
	}
	if (run->first_ended && run->ending == ENDING_FIRST)
		end_step(run, ENDING_REST, loop_refresh(run->loop));
}

static void on_grace(void *ctx, uint64_t now)
{
	struct run *run = ctx;

	if (run->draining) {
		run->abandoned = true;
		return;
	}
	if (run->ending != ENDING_ALL) {
		end_step(run, ENDING_ALL, now);
		return;
	}
	/* Until none is left: they may be forking. */
	(void)family_signal(SIGKILL);
	(void)loop_at(run->loop, &run->grace, now + 20 * CN_NS_PER_MS);
}

/* Each SIGTERM after the first is impatience: it goes to the next step. */
static void terminate(struct run *run)
{
	const uint64_t now = loop_refresh(run->loop);

	if (run->ending && now - run->term_at < ECHO_NS)
		return;
	run->term_at = now;
	if (run->ending || run->draining)
		on_grace(run, now);
	else
		end_step(run, run->first_ended ? ENDING_REST : ENDING_FIRST,
			 now);
}

static void interrupt(struct run *run)
{
	uint64_t octets;

	run->interrupts++;
	if (!run->draining)
		return;
	if (run->interrupts > 1) {
		run->abandoned = true;
		return;
	}
	if (!world_is_idle(run->world, &octets))
		say("waiting until %" PRIu64 " %s acknowledged; "
		    "Ctrl-C again abandons %s",
		    octets, octets == 1 ? "octet is" : "octets are",
		    octets == 1 ? "it" : "them");
}

static void take_signal(struct run *run, const struct signalfd_siginfo *info)
{
	const int sig = (int)info->ssi_signo;
	const bool pass_on = (pid_t)info->ssi_pid == run->front &&
			     info->ssi_code == SI_QUEUE &&
			     info->ssi_int == FRONT_SENT && !run->first_ended;

	switch (sig) {
	case SIGCHLD:
		reap(run);
		break;
	case SIGTERM:
		terminate(run);
		break;
	case SIGCONT:
		if (!run->first_ended && process_is_stopped(run->first))
			(void)kill(run->first, SIGCONT);
		break;
	case SIGINT:
		interrupt(run);
		if (pass_on)
			(void)kill(run->first, sig);
		break;
	case SIGPIPE:
		break;
	default:
		if (pass_on)
			(void)kill(run->first, sig);
		break;
	}
}

static void on_signal(void *ctx, uint32_t events)
{
	struct run *run = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(run->signals.fd, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info))
		take_signal(run, &info);
}

static int watch_signals(struct run *run)
{
	sigset_t all;

	sigfillset(&all);
	run->signals.fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signals.fd < 0)
		return -errno;
	run->signals.ready = on_signal;
	run->signals.ctx = run;
	run->grace.fire = on_grace;
	run->grace.ctx = run;
	return loop_watch(run->loop, &run->signals, EPOLLIN);
}

/* ---------------------------------------------------------- descriptors -- */

struct inherited {
	int *fd;
	size_t n;
};

/* What we were started with, before anything of ours is opened. */
static void list_inherited(struct inherited *list)
{
	const struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");

	*list = (struct inherited){.fd = NULL};
	while (dir && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name), *more;

		if (fd <= STDERR_FILENO || fd == dirfd(dir))
			continue;
		more = realloc(list->fd, (list->n + 1) * sizeof(*more));
		if (!more)
			break;
		list->fd = more;
		list->fd[list->n++] = fd;
	}
	if (dir)
		closedir(dir);
}

/* They are the program's: its peers shall see them end. */
static void give_up_inherited(struct inherited *list)
{
	for (size_t i = 0; i < list->n; i++)
		close(list->fd[i]);
	free(list->fd);
	give_up_standard();
}

/* A descriptor or two for each connection; the program keeps its own limit. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* ------------------------------------------------------------------ run -- */

static void turn(struct run *run)
{
	int err = loop_round(run->loop, CN_NEVER);

	if (err < 0) {
		say("the loop failed: %s", strerror(-err));
		run->abandoned = true;
	}
	sup_world_events(run->sup);
}

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ||
	       errno != ECHILD;
}

static void drain(struct run *run)
{
	uint64_t octets = 0;

	run->draining = true;
	if (run->ending)
		(void)loop_at(run->loop, &run->grace,
			      loop_refresh(run->loop) + GRACE_NS);
	else
		loop_cancel(run->loop, &run->grace);
	while (!world_is_idle(run->world, &octets) && !run->abandoned)
		turn(run);
	if (run->abandoned && !world_is_idle(run->world, &octets))
		say("abandoned: %" PRIu64 " %s not acknowledged", octets,
		    octets == 1 ? "octet was" : "octets were");
}

static void supervise(struct run *run)
{
	while (!run->abandoned && !run->sup->over)
		turn(run);
	/* All are gone; the last may be waiting to be reaped. */
	reap(run);
	while (!run->first_ended && has_children() && !run->abandoned)
		turn(run);
	drain(run);
	world_finish(run->world);
}

/*
 * Where it may not be had, one line says what is not there: all else is as it
 * would be.
 */
static int make_network(struct run *run, const struct run_options *options,
			struct launch *program, struct netns_config *config)
{
	char why[NETNS_ERROR];

	netns_init(&run->netns);
	if (options->no_namespace || !world_netns(run->world, config))
		return 0;
	config->no_tun = options->without & RUN_WITHOUT_TUN;
	config->no_namespace = options->without & RUN_WITHOUT_NAMESPACE;
	if (!world_shared(run->world, &run->netns) &&
	    netns_make(&run->netns, config, why)) {
		if (!options->quiet)
			say("UDP, ping and the resolver stay this machine's, "
			    "outside of the %s: %s",
			    options->world ? "world" : "path", why);
		return 0;
	}
	if (world_hold(run->world, &run->netns)) {
		netns_release(&run->netns);
		return 125;
	}
	program->netns = &run->netns;
	program->resolv = config->resolv;
	program->hostname = config->hostname;
	program->hosts = world_hosts_file(run->world);
	program->verbose = options->verbose;
	return 0;
}

static int supervise_program(struct run *run, const struct run_options *options,
			     struct launch *program)
{
	struct netns_config network;
	struct inherited inherited;
	int code;

	list_inherited(&inherited);
	run->loop = loop_new();
	if (!run->loop) {
		say("epoll: %s", strerror(errno));
		return 125;
	}
	run->world = world_new(run->loop, options);
	if (!run->world)
		return 125;
	code = make_network(run, options, program, &network);
	if (!code)
		code = launch(program);
	if (code != 0)
		return code;
	run->first = program->pid;
	(void)setsid(); /* the program stays in the front's: front.c */
	raise_limit();
	give_up_inherited(&inherited);
	harden();
	/* Packets are due at their instant; the program keeps the usual 50 us
	 * by which the kernel may be late. */
	(void)prctl(PR_SET_TIMERSLACK, 1);
	run->sup = sup_new(run->loop, run->world, program->listener,
			   options->without);
	if (run->sup) {
		run->sup->ask = run->netns.ask_fd;
		run->netns.ask_fd = -1;
		for (int i = 0; i < 2; i++) {
			run->sup->twin[i] = run->netns.twin_fd[i];
			run->netns.twin_fd[i] = -1;
		}
	}
	netns_release(&run->netns);
	if (!run->sup || watch_signals(run) < 0) {
		say("out of memory or descriptors");
		(void)family_signal(SIGKILL);
		return 125;
	}
	reap(run);
	supervise(run);
	sup_free(run->sup);
	world_free(run->world);
	loop_free(run->loop);
	return run->code;
}

/* The supervisor does not outlive the front, and no program of the same user
 * may look into it. */
static void settle(pid_t front)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != front)
		_exit(125);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)prctl(PR_SET_NAME, "catenet-world");
}

int run_main(const struct run_options *options)
{
	struct launch program = {
		.argv = options->argv,
		.force_nnp = options->without & RUN_WITHOUT_CAP_FILTER,
		.watch_sendmsg = options->watch_sendmsg,
		.listener = -1,
	};
	struct run run = {.code = 125, .front = getpid()};
	sigset_t all, mask;
	pid_t supervisor;

	program.ignore_child = signal(SIGCHLD, SIG_DFL) == SIG_IGN;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	program.mask = &mask;
	supervisor = fork();
	if (supervisor < 0) {
		say("fork: %s", strerror(errno));
		return 125;
	}
	if (supervisor > 0)
		return front_stand(supervisor);
	settle(run.front);
	_exit(supervise_program(&run, options, &program));
}
