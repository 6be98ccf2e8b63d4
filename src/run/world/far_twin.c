/* SPDX-License-Identifier: MIT */
/*
 * The namespace of a host's programs, as one of their supervisors sees it: the
 * first makes it and hands it to the world, those that follow take it from
 * there (twins.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/netns/netns.h"
#include "run/world/far_parts.h"
#include "run/world/udp_list.h"

#define FILE_MAX (16u << 20)

long far_ask_long(struct far *far, struct talk *talk, char **text)
{
	size_t len = 0;
	char *more;
	int got, rc = far_ask(far, talk, -1, &got);

	*text = NULL;
	while (rc >= 0) {
		if (got >= 0)
			close(got);
		more = len < FILE_MAX ? realloc(*text, len + talk->len + 1) :
					NULL;
		if (!more) {
			rc = -ENOMEM;
			break;
		}
		*text = more;
		memcpy(more + len, talk->data, talk->len);
		len += talk->len;
		more[len] = 0;
		if (!talk->extra)
			return (long)len;
		rc = far_hear(far, talk, &got);
	}
	free(*text);
	*text = NULL;
	return rc;
}

static bool is_sound(const struct netns_config *config)
{
	bool sound = config->interface_n && config->addr_n <= NETNS_ADDRS &&
		     config->interface_n <= NETNS_INTERFACES &&
		     config->route_n <= NETNS_ROUTES;

	for (unsigned i = 0; sound && i < config->interface_n; i++)
		sound = memchr(config->interface[i].name, 0,
			       sizeof(config->interface[i].name));
	for (unsigned i = 0; sound && i < config->addr_n; i++)
		sound = config->addr[i].on < config->interface_n;
	for (unsigned i = 0; sound && i < config->route_n; i++)
		sound = config->route[i].on < config->interface_n;
	return sound && memchr(config->resolv, 0, sizeof(config->resolv)) &&
	       memchr(config->hostname, 0, sizeof(config->hostname));
}

bool far_netns(struct world *world, struct netns_config *config)
{
	struct far *far = far_of(world);
	struct talk talk = {.kind = TALK_TWIN};
	char *octets;
	bool sound;

	sound = far_ask_long(far, &talk, &octets) == (long)sizeof(*config);
	if (sound)
		memcpy(config, octets, sizeof(*config));
	free(octets);
	far->has_twin = sound && talk.result == 1;
	return sound && is_sound(config);
}

/* ---------------------------------------------------------------- /etc/hosts */

static void add(char **file, const char *line)
{
	size_t used = *file ? strlen(*file) : 0;
	char *more = realloc(*file, used + strlen(line) + 1);

	if (!more)
		return;
	strcpy(more + used, line);
	*file = more;
}

/* What the machine calls itself stays: it is the loopback's there, too. */
static void add_own_names(char **file)
{
	FILE *own = fopen("/etc/hosts", "re");
	char line[512];

	while (own && fgets(line, sizeof(line), own))
		if (strchr(line, '\n') &&
		    (!strncmp(line, "127.", 4) || !strncmp(line, "::1", 3)))
			add(file, line);
	if (own)
		fclose(own);
	else
		add(file, "127.0.0.1\tlocalhost\n::1\tlocalhost\n");
}

const char *far_hosts_file(struct world *world)
{
	struct far *far = far_of(world);
	struct talk talk = {.kind = TALK_LIST, .extra = TALK_LIST_NAMES};
	char *names;

	if (far->hosts_file || far_ask_long(far, &talk, &names) < 0)
		return far->hosts_file;
	add_own_names(&far->hosts_file);
	add(&far->hosts_file, names);
	free(names);
	return far->hosts_file;
}

/* -------------------------------------------------------- taking, giving -- */

static int take_one(struct far *far, enum talk_twin which)
{
	struct talk talk = {.kind = TALK_TWIN_TAKE, .number = which};
	int fd, rc = far_ask(far, &talk, -1, &fd);

	if (rc && fd >= 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

bool far_shared(struct world *world, struct netns *ns)
{
	struct far *far = far_of(world);

	if (!far->has_twin)
		return false;
	ns->net_fd = take_one(far, TALK_TWIN_NET);
	ns->user_fd = take_one(far, TALK_TWIN_USER);
	ns->ask_fd = take_one(far, TALK_TWIN_ASK);
	if (ns->net_fd >= 0 && ns->ask_fd >= 0)
		return true;
	netns_release(ns);
	return false;
}

static int give_one(struct far *far, int which, int fd, int index)
{
	struct talk talk = {
		.kind = TALK_TWIN_GIVE,
		.number = (uint64_t)which,
		.extra = index,
	};
	int got, rc = fd < 0 ? 0 : far_ask(far, &talk, fd, &got);

	if (fd >= 0 && got >= 0)
		close(got);
	return rc;
}

int far_hold(struct world *world, struct netns *ns)
{
	struct far *far = far_of(world);
	struct talk talk = {.kind = TALK_TWIN_DONE};
	int got, rc;

	if (far->has_twin)
		return 0;
	rc = give_one(far, TALK_TWIN_NET, ns->net_fd, 0);
	if (!rc)
		rc = give_one(far, TALK_TWIN_USER, ns->user_fd, 0);
	if (!rc)
		rc = give_one(far, TALK_TWIN_ASK, ns->ask_fd, 0);
	for (int i = 0; i < 2 && !rc; i++)
		if (udp_list_is(ns->list_fd[i]))
			rc = give_one(far, TALK_TWIN_LIST + i, ns->list_fd[i],
				      0);
	for (int i = 0; i < NETNS_INTERFACES && !rc; i++)
		rc = give_one(far, TALK_TWIN_LINK + i, ns->link[i].fd,
			      ns->link[i].index);
	if (!rc) {
		rc = far_ask(far, &talk, -1, &got);
		if (got >= 0)
			close(got);
	}
	if (rc != -EEXIST)
		return rc;
	/* Another was first, and all are to be in one. */
	netns_release(ns);
	far->has_twin = true;
	return far_shared(world, ns) ? 0 : -ENETDOWN;
}
