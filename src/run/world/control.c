/* SPDX-License-Identifier: MIT */
/* A snapshot of the world's sockets for catenet ss.  See control.h. */
#include "run/world/control.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/world/control_dir.h"
#include "run/world/end.h"
#include "run/world/facts.h"
#include "run/world/hosts.h"
#include "run/world/parts.h"
#include "run/world/rest.h"
#include "run/world/session.h"
#include "run/world/twins.h"
#include "run/world/udp_list.h"
#include "run/world/udp_ports.h"
#include "see/text.h"

#define ASKERS_MAX 8
/* One who asked and takes nothing for so long is told no more. */
#define PATIENCE_NS (5 * CN_NS_PER_SEC)

/* One who asked and has not yet been told all. */
struct asker {
	struct control *control;
	struct loop_watch watch;
	struct loop_timer patience;
	uint64_t took_at; /* when it took something last */
	char *text;
	size_t len, done;
};

struct control {
	struct loop *loop;
	struct world *world;
	struct loop_watch watch;
	struct rest rest;
	struct sockaddr_un name;
	char program[64]; /* harmless for a terminal */
	struct asker asker[ASKERS_MAX];
};

struct snapshot {
	struct control *control;
	const char *host;
	FILE *out;
};

static void put_endpoint(FILE *out, const struct cn_endpoint *ep)
{
	char text[CN_ADDR_TEXT];
	bool v4 = cn_addr_is_v4(&ep->addr);

	cn_addr_format(&ep->addr, text);
	if (ep->port)
		fprintf(out, v4 ? "\t%s:%u" : "\t[%s]:%u", text, ep->port);
	else
		fprintf(out, v4 ? "\t%s:*" : "\t[%s]:*", text);
}

/* The program's socket; NULL: an orphan's, or none yet. */
static const struct wsock *wsock_of(const struct cn_sock_row *row)
{
	const struct ear *ear = row->sock ? row->tag : NULL;

	return ear && ear->ready == wsock_ready ?
		       CN_CONTAINER(ear, struct wsock, ear) :
		       NULL;
}

/* A listener's second socket, at the edge of the path, is no business of the
 * program's; nor are the gateway's. */
static bool is_edge(const struct cn_sock_row *row)
{
	const struct ear *ear = row->tag;

	return row->state == CN_LISTEN && ear && ear->ready == wsock_edge_ready;
}

static uint64_t inode_of(const struct cn_sock_row *row)
{
	const struct wsock *sock = wsock_of(row);

	return sock ? sock->inode : 0;
}

/* Between the engine's socket and the program lies an AF_UNIX pair, which
 * holds octets too. */
static void add_pair(const struct cn_sock_row *row, struct see_facts *facts)
{
	const struct wsock *sock = wsock_of(row);

	if (!sock || !sock->end)
		return;
	facts->more_in = end_unread(sock->end) > 0;
	facts->full &= end_unsent(sock->end) > 0;
}

/* The parent is what the person who started it knows (front.c).  What nobody
 * has any more is the world's. */
static struct session_who who_has(const struct control *control,
				  const struct cn_sock_row *row)
{
	struct session_who who = {.pid = (long)getpid(),
				  .parent = (long)getppid(),
				  .program = control->program};
	const struct wsock *sock = wsock_of(row);

	if (!control->world->hosts)
		return who;
	if (!sock || !session_of(sock, &who))
		who.program = "-";
	return who;
}

static void put_row(void *ctx, const struct cn_sock_row *row)
{
	struct snapshot *snapshot = ctx;
	struct world *world = snapshot->control->world;
	struct cn_endpoint local = world_seen(world, &row->local);
	struct cn_endpoint peer = world_seen(world, &row->peer);
	struct see_facts facts;
	struct cn_tcp_info info;
	struct session_who who;
	FILE *out = snapshot->out;

	if (is_edge(row))
		return;
	if (!peer.port && cn_addr_is_v4(&local.addr))
		peer.addr = cn_addr_v4(0, 0, 0, 0);
	facts_of(row, &info, &facts, world_now(world));
	add_pair(row, &facts);
	who = who_has(snapshot->control, row);
	fprintf(out, "%ld\t%ld\t%s\t%s", who.pid, who.parent, who.program,
		snapshot->host);
	put_endpoint(out, &local);
	put_endpoint(out, &peer);
#define CONTROL_X(name, format, value) fprintf(out, "\t" format, value);
	CONTROL_COLUMNS(CONTROL_X)
#undef CONTROL_X
	fputc('\n', out);
}

/* One of the kernel's, in the programs' namespace: who of them has it, its
 * inode tells whoever may look. */
static bool put_datagrams(void *ctx, const struct udp_listed *listed)
{
	struct snapshot *snapshot = ctx;
	const struct control *control = snapshot->control;
	const struct world *world = control->world;
	FILE *out = snapshot->out;

	if (world->udp_ports && udp_ports_has(world->udp_ports, listed->inode))
		return true;
	fprintf(out, "udp\t%ld\t%ld\t%s\t%s", (long)getpid(), (long)getppid(),
		world->hosts ? "-" : control->program, snapshot->host);
	put_endpoint(out, &listed->local);
	put_endpoint(out, &listed->peer);
#define CONTROL_X(name, format, value) fprintf(out, "\t" format, value);
	CONTROL_DATAGRAM_COLUMNS(CONTROL_X)
#undef CONTROL_X
	fputc('\n', out);
	return true;
}

static void put_list(struct snapshot *snapshot, int fd)
{
	if (udp_list_each(fd, put_datagrams, snapshot) == UDP_LIST_LONGER)
		fprintf(snapshot->out, "+\t%s\n", snapshot->host);
}

static void put_lists(struct snapshot *snapshot, const struct whost *host)
{
	const struct world *world = snapshot->control->world;

	for (int v4 = 1; v4 >= 0; v4--) {
		if (world->udp_ports && !world->hosts)
			put_list(snapshot,
				 udp_ports_list(world->udp_ports, v4));
		else if (world->twins)
			put_list(snapshot, twins_list(world->twins, host, v4));
	}
}

static void put_counter(FILE *out, const char *name, uint64_t value)
{
	if (value)
		fprintf(out, "#\t%s\t%llu\n", name, value + 0ull);
}

static void put_counters(FILE *out, const struct cn_counters *count)
{
#define CN_X(name, text) put_counter(out, #name, count->name);
	CN_COUNTERS(CN_X)
#undef CN_X
	for (int i = 1; i < CN_DROP_N; i++)
		put_counter(out, cn_drop_name((enum cn_drop)i), count->drop[i]);
}

static void asker_end(struct asker *asker)
{
	if (!asker->text)
		return;
	loop_cancel(asker->control->loop, &asker->patience);
	loop_unwatch(asker->control->loop, &asker->watch);
	close(asker->watch.fd);
	free(asker->text);
	asker->text = NULL;
}

/* It holds one of a few places, and a snapshot, and does not read. */
static void asker_cut(struct asker *asker)
{
	asker->control->world->tally.crowded.askers++;
	asker_end(asker);
}

static void on_patience(void *ctx, uint64_t now)
{
	(void)now;
	asker_cut(ctx);
}

/* It has taken something, or has just come. */
static int asker_wait(struct asker *asker)
{
	struct loop *loop = asker->control->loop;

	asker->took_at = loop_now(loop);
	return loop_at(loop, &asker->patience, asker->took_at + PATIENCE_NS);
}

static void asker_ready(void *ctx, uint32_t events)
{
	struct asker *asker = ctx;
	ssize_t n;

	(void)events;
	n = send(asker->watch.fd, asker->text + asker->done,
		 asker->len - asker->done, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		asker->done += (size_t)n;
	if (n <= 0 || asker->done == asker->len || asker_wait(asker))
		asker_end(asker);
}

static bool may_ask(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) &&
	       (who.uid == geteuid() || who.uid == 0);
}

/* A free place, or that of the one who has taken nothing for the longest. */
static struct asker *free_asker(struct control *control)
{
	struct asker *idlest = &control->asker[0];

	for (unsigned i = 0; i < ASKERS_MAX; i++) {
		struct asker *asker = &control->asker[i];

		if (!asker->text)
			return asker;
		if (asker->took_at < idlest->took_at)
			idlest = asker;
	}
	asker_cut(idlest);
	return idlest;
}

static void put_host(struct snapshot *snapshot, const struct whost *host)
{
	snapshot->host = host->name;
	cn_host_each(host->host, put_row, snapshot);
	put_lists(snapshot, host);
	put_counters(snapshot->out, cn_host_counters(host->host));
}

static bool take_snapshot(struct control *control, struct asker *asker)
{
	struct snapshot snapshot = {.control = control};
	const struct hosts *hosts = control->world->hosts;

	asker->len = 0;
	asker->done = 0;
	snapshot.out = open_memstream(&asker->text, &asker->len);
	if (!snapshot.out)
		return false;
	fputs(CONTROL_HEAD "\n", snapshot.out);
	for (size_t i = 0; hosts && i < hosts_count(hosts); i++)
		if (hosts_at(hosts, i)->host &&
		    hosts_at(hosts, i)->host != control->world->gateway)
			put_host(&snapshot, hosts_at(hosts, i));
	if (!hosts)
		put_host(&snapshot, &control->world->only);
	fputs(CONTROL_END "\n", snapshot.out);
	if (fclose(snapshot.out)) {
		free(asker->text);
		asker->text = NULL;
		return false;
	}
	return true;
}

static void asked(void *ctx, uint32_t events)
{
	struct control *control = ctx;
	struct asker *asker;
	int fd = rest_accept(&control->rest);

	(void)events;
	if (fd < 0)
		return;
	asker = may_ask(fd) ? free_asker(control) : NULL;
	if (!asker || !take_snapshot(control, asker)) {
		close(fd);
		return;
	}
	asker->control = control;
	asker->watch = (struct loop_watch){
		.ready = asker_ready, .ctx = asker, .fd = fd};
	asker->patience =
		(struct loop_timer){.fire = on_patience, .ctx = asker};
	if (asker_wait(asker) ||
	    loop_watch(control->loop, &asker->watch, EPOLLOUT))
		asker_end(asker);
}

/* ------------------------------------------------------------- the name -- */

/* Names of worlds that were killed; their processes are no more. */
static void sweep(const char *dir)
{
	const struct dirent *entry;
	DIR *list = opendir(dir);

	while (list && (entry = readdir(list))) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 0 && kill((pid_t)pid, 0) && errno == ESRCH)
			control_dir_sweep(dirfd(list), entry->d_name);
	}
	if (list)
		closedir(list);
}

/* The number keeps worlds apart whose processes have the same number in
 * different namespaces. */
static bool name_it(struct sockaddr_un *addr, const char *dir, const char *dot,
		    uint32_t number)
{
	int len = snprintf(addr->sun_path, sizeof(addr->sun_path),
			   "%s/%s%ld-%08x", dir, dot, (long)getpid(), number);

	addr->sun_family = AF_UNIX;
	return len > 0 && len < (int)sizeof(addr->sun_path);
}

/* Under its name there is never a socket that does not listen yet, which would
 * look dead: it listens first, under another. */
static int listen_at(struct sockaddr_un *name)
{
	char dir[CONTROL_DIR_MAX];
	struct sockaddr_un before;
	uint32_t number;
	int fd;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number) ||
	    !control_dir_own(dir) || !name_it(name, dir, "", number) ||
	    !name_it(&before, dir, ".", number))
		return -1;
	sweep(dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&before, sizeof(before)) ||
	    chmod(before.sun_path, 0600) || listen(fd, ASKERS_MAX) ||
	    rename(before.sun_path, name->sun_path)) {
		(void)unlink(before.sun_path);
		close(fd);
		return -1;
	}
	return fd;
}

struct control *control_new(struct loop *loop, struct world *world,
			    const char *program)
{
	struct control *control = calloc(1, sizeof(*control));
	const char *slash = strrchr(program, '/');
	int fd;

	if (!control)
		return NULL;
	control->loop = loop;
	control->world = world;
	text_escape(slash ? slash + 1 : program, control->program,
		    sizeof(control->program));
	fd = listen_at(&control->name);
	control->watch =
		(struct loop_watch){.ready = asked, .ctx = control, .fd = fd};
	rest_init(&control->rest, loop, &control->watch);
	if (fd < 0 || loop_watch(loop, &control->watch, EPOLLIN)) {
		if (fd >= 0) {
			(void)unlink(control->name.sun_path);
			close(fd);
		}
		free(control);
		return NULL;
	}
	return control;
}

void control_free(struct control *control)
{
	unsigned i;

	if (!control)
		return;
	for (i = 0; i < ASKERS_MAX; i++)
		asker_end(&control->asker[i]);
	(void)unlink(control->name.sun_path);
	rest_end(&control->rest);
	loop_unwatch(control->loop, &control->watch);
	close(control->watch.fd);
	free(control);
}
