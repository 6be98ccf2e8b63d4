/* SPDX-License-Identifier: MIT */
/* A snapshot of the world's sockets for catenet ss.  See control.h. */
#include "run/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "run/parts.h"
#include "see/text.h"

#define ASKERS_MAX 8

/* One who asked and has not yet been told all. */
struct asker {
	struct control *control;
	struct loop_watch watch;
	char *text;
	size_t len, done;
};

struct control {
	struct loop *loop;
	struct world *world;
	struct loop_watch watch;
	char program[64]; /* harmless for a terminal */
	struct asker asker[ASKERS_MAX];
};

static unsigned long long in_ns(uint64_t at, uint64_t now)
{
	if (at == CN_NEVER)
		return CN_NEVER;
	return at > now ? at - now : 0;
}

/* Since the peer was last heard. */
static unsigned long long since_ns(const struct cn_tcp_info *info, uint64_t now)
{
	uint64_t at = info->last_ack_received_at;

	if (info->last_data_received_at > at)
		at = info->last_data_received_at;
	/* The instants are of 32 bits of milliseconds. */
	return (uint64_t)((uint32_t)(now / CN_NS_PER_MS) -
			  (uint32_t)(at / CN_NS_PER_MS)) *
	       CN_NS_PER_MS;
}

struct snapshot {
	struct control *control;
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

/* A listener's second socket, at the edge of the path, is no business of the
 * program's. */
static bool is_edge(const struct world *world, const struct cn_sock *sock)
{
	const struct list *node;

	for (node = world->listeners.next; node != &world->listeners;
	     node = node->next)
		if (CN_CONTAINER(node, struct wsock, kind)->edge == sock)
			return true;
	return false;
}

static void put_row(void *ctx, const struct cn_sock_row *row)
{
	struct snapshot *snapshot = ctx;
	struct world *world = snapshot->control->world;
	struct cn_endpoint local = world_seen(world, &row->local);
	struct cn_endpoint peer = world_seen(world, &row->peer);
	uint64_t now = world_now(world);
	struct cn_tcp_info store, *info = &store;
	FILE *out = snapshot->out;

	if (row->state == CN_LISTEN && is_edge(world, row->sock))
		return;
	if (!peer.port && cn_addr_is_v4(&local.addr))
		peer.addr = cn_addr_v4(0, 0, 0, 0);
	memset(info, 0, sizeof(*info));
	if (row->sock && row->state != CN_LISTEN)
		(void)cn_sock_info(row->sock, info);
	/* The parent is what the person who started it knows (front.c). */
	fprintf(out, "%ld\t%ld\t%s", (long)getpid(), (long)getppid(),
		snapshot->control->program);
	put_endpoint(out, &local);
	put_endpoint(out, &peer);
#define CONTROL_X(name, format, value) fprintf(out, "\t" format, value);
	CONTROL_COLUMNS(CONTROL_X)
#undef CONTROL_X
	fputc('\n', out);
}

static void asker_end(struct asker *asker)
{
	if (!asker->text)
		return;
	loop_unwatch(asker->control->loop, &asker->watch);
	close(asker->watch.fd);
	free(asker->text);
	asker->text = NULL;
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
	if (n <= 0 || asker->done == asker->len)
		asker_end(asker);
}

static bool may_ask(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) &&
	       (who.uid == geteuid() || who.uid == 0);
}

static struct asker *free_asker(struct control *control)
{
	unsigned i;

	for (i = 0; i < ASKERS_MAX; i++)
		if (!control->asker[i].text)
			return &control->asker[i];
	return NULL;
}

static bool take_snapshot(struct control *control, struct asker *asker)
{
	struct snapshot snapshot = {control, NULL};

	asker->len = 0;
	asker->done = 0;
	snapshot.out = open_memstream(&asker->text, &asker->len);
	if (!snapshot.out)
		return false;
	cn_host_each(control->world->program, put_row, &snapshot);
	if (fclose(snapshot.out) || !asker->len) {
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
	int fd = accept4(control->watch.fd, NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	asker = free_asker(control);
	if (!asker || !may_ask(fd) || !take_snapshot(control, asker)) {
		close(fd);
		return;
	}
	asker->control = control;
	asker->watch = (struct loop_watch){asker_ready, asker, fd, false};
	if (loop_watch(control->loop, &asker->watch, EPOLLOUT)) {
		close(fd);
		free(asker->text);
		asker->text = NULL;
	}
}

struct control *control_new(struct loop *loop, struct world *world,
			    const char *program)
{
	struct control *control = calloc(1, sizeof(*control));
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *slash = strrchr(program, '/');
	int len, fd;

	if (!control)
		return NULL;
	control->loop = loop;
	control->world = world;
	text_escape(slash ? slash + 1 : program, control->program,
		    sizeof(control->program));
	len = snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1,
		       "catenet/%lu/%ld", (unsigned long)geteuid(),
		       (long)getpid());
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	control->watch = (struct loop_watch){asked, control, fd, false};
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&addr,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			     (size_t)len)) ||
	    listen(fd, ASKERS_MAX) ||
	    loop_watch(loop, &control->watch, EPOLLIN)) {
		if (fd >= 0)
			close(fd);
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
	loop_unwatch(control->loop, &control->watch);
	close(control->watch.fd);
	free(control);
}
