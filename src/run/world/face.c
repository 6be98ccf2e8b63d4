/* SPDX-License-Identifier: MIT */
/* The calls of world.h, handed to whichever world it is. */
#include "run/run.h"
#include "run/world/ops.h"

static const struct world_ops *of(const void *object)
{
	return ((const struct world_face *)object)->ops;
}

struct world *world_new(struct loop *loop, const struct run_options *options)
{
	return options->world ? far_new(loop, options) :
				near_new(loop, options);
}

void world_free(struct world *world)
{
	if (world)
		of(world)->free(world);
}

bool world_event(struct world *world, struct world_event *event)
{
	return of(world)->event(world, event);
}

bool world_netns(struct world *world, struct netns_config *config)
{
	return of(world)->netns && of(world)->netns(world, config);
}

bool world_shared(struct world *world, struct netns *ns)
{
	return of(world)->shared && of(world)->shared(world, ns);
}

const char *world_hosts_file(struct world *world)
{
	return of(world)->hosts_file ? of(world)->hosts_file(world) : NULL;
}

int world_hold(struct world *world, struct netns *ns)
{
	return of(world)->hold(world, ns);
}

void world_udp_bound(struct world *world, const struct sockaddr *addr,
		     socklen_t len, bool v6only, bool privileged)
{
	if (of(world)->udp_bound)
		of(world)->udp_bound(world, addr, len, v6only, privileged);
}

void world_udp_wanted(struct world *world, const struct sockaddr *addr,
		      socklen_t len)
{
	if (of(world)->udp_wanted)
		of(world)->udp_wanted(world, addr, len);
}

int world_socket(struct world *world, int family, void *tag,
		 struct wsock **sock)
{
	return of(world)->socket(world, family, tag, sock);
}

bool world_is_idle(struct world *world, uint64_t *octets)
{
	return of(world)->is_idle(world, octets);
}

void world_finish(struct world *world)
{
	of(world)->finish(world);
}

int world_bind(struct wsock *sock, const struct sockaddr *addr, socklen_t len,
	       bool privileged)
{
	return of(sock)->bind(sock, addr, len, privileged);
}

int world_listen(struct wsock *sock, int backlog)
{
	return of(sock)->listen(sock, backlog);
}

int world_connect(struct wsock *sock, const struct sockaddr *addr,
		  socklen_t len)
{
	return of(sock)->connect(sock, addr, len);
}

bool world_is_connected(struct wsock *sock)
{
	return of(sock)->is_connected(sock);
}

int world_accept(struct wsock *listener, void *tag, struct wsock **sock)
{
	return of(listener)->accept(listener, tag, sock);
}

void world_set_tag(struct wsock *sock, void *tag)
{
	of(sock)->set_tag(sock, tag);
}

void world_set_inode(struct wsock *sock, uint64_t inode)
{
	of(sock)->set_inode(sock, inode);
}

void world_attach(struct wsock *sock, struct end *end)
{
	of(sock)->attach(sock, end);
}

int world_shutdown(struct wsock *sock, int how, int a)
{
	return of(sock)->shutdown(sock, how, a);
}

void world_more(struct wsock *sock, size_t coming)
{
	of(sock)->more(sock, coming);
}

void world_close(struct wsock *sock, bool reset)
{
	of(sock)->close(sock, reset);
}

int world_name(const struct wsock *sock, struct sockaddr *addr, socklen_t *len)
{
	return of(sock)->name(sock, addr, len);
}

int world_peer(const struct wsock *sock, struct sockaddr *addr, socklen_t *len)
{
	return of(sock)->peer(sock, addr, len);
}

int world_setsockopt(struct wsock *sock, int level, int name, const void *value,
		     socklen_t len)
{
	return of(sock)->setsockopt(sock, level, name, value, len);
}

int world_getsockopt(struct wsock *sock, int level, int name, void *value,
		     socklen_t *len)
{
	return of(sock)->getsockopt(sock, level, name, value, len);
}

uint64_t world_outq(const struct wsock *sock)
{
	return of(sock)->outq(sock);
}

uint64_t world_unsent(const struct wsock *sock)
{
	return of(sock)->unsent(sock);
}
