/* SPDX-License-Identifier: MIT */
/*
 * What stands behind world.h: a table of its calls.  Both implementations'
 * struct world and struct wsock begin with a struct world_face.
 */
#ifndef RUN_WORLD_OPS_H
#define RUN_WORLD_OPS_H

#include "run/world/world.h"

struct world_ops {
	void (*free)(struct world *world);
	bool (*event)(struct world *world, struct world_event *event);
	/* NULL: it holds no interface. */
	bool (*netns)(struct world *world, struct netns_config *config);
	/* NULL: there is none but what is made. */
	bool (*shared)(struct world *world, struct netns *ns);
	int (*hold)(struct world *world, struct netns *ns);
	const char *(*hosts_file)(struct world *world); /* NULL: it has none */
	void (*udp_bound)(struct world *world, const struct sockaddr *addr,
			  socklen_t len, bool v6only, bool privileged);
	void (*udp_wanted)(struct world *world, const struct sockaddr *addr,
			   socklen_t len);
	int (*socket)(struct world *world, int family, void *tag,
		      struct wsock **sock);
	bool (*is_idle)(struct world *world, uint64_t *octets);
	void (*finish)(struct world *world);

	int (*bind)(struct wsock *sock, const struct sockaddr *addr,
		    socklen_t len, bool privileged);
	int (*listen)(struct wsock *sock, int backlog);
	int (*connect)(struct wsock *sock, const struct sockaddr *addr,
		       socklen_t len);
	bool (*is_connected)(struct wsock *sock);
	int (*accept)(struct wsock *listener, void *tag, struct wsock **sock);
	void (*set_tag)(struct wsock *sock, void *tag);
	void (*set_inode)(struct wsock *sock, uint64_t inode);
	void (*attach)(struct wsock *sock, struct end *end);
	int (*shutdown)(struct wsock *sock, int how, int a);
	void (*more)(struct wsock *sock, size_t coming);
	void (*close)(struct wsock *sock, bool reset);
	int (*name)(const struct wsock *sock, struct sockaddr *addr,
		    socklen_t *len);
	int (*peer)(const struct wsock *sock, struct sockaddr *addr,
		    socklen_t *len);
	int (*setsockopt)(struct wsock *sock, int level, int name,
			  const void *value, socklen_t len);
	int (*getsockopt)(struct wsock *sock, int level, int name, void *value,
			  socklen_t *len);
	uint64_t (*outq)(const struct wsock *sock);
	uint64_t (*unsent)(const struct wsock *sock);
};

struct world_face {
	const struct world_ops *ops;
};

/* In this process (world.c), and in another (far.c). */
struct world *near_new(struct loop *loop, const struct run_options *options);
struct world *far_new(struct loop *loop, const struct run_options *options);

#endif
