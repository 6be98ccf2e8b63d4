/* SPDX-License-Identifier: MIT */
/*
 * The namespace of a host's programs: a supervisor takes what is there, or
 * makes one and gives it, a descriptor a message.  What it gives is what this
 * process reads and writes, so that it is looked at first.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <linux/nsfs.h>

#include "run/netns/netns.h"
#include "run/world/session_parts.h"
#include "run/world/twins.h"
#include "run/world/udp_list.h"

static void tell(struct session *session, struct talk *talk)
{
	const struct twins *twins = session->all->config.world->twins;
	struct netns_config *config = malloc(sizeof(*config));

	if (!config) {
		session_answer_bare(session, talk, -ENOMEM);
		return;
	}
	twins_config(twins, session->on, config);
	session_answer_long(session, talk, twins_has(twins, session->on),
			    config, sizeof(*config));
	free(config);
}

static void lend(struct session *session, struct talk *talk)
{
	int fd = twins_fd(session->all->config.world->twins, session->on,
			  (int)talk->number);

	talk->len = 0;
	session_answer_fd(session, talk, fd < 0 ? -ENOENT : 0, fd);
}

/* ---------------------------------------------------------------- giving -- */

static bool is_socket(int fd, int domain, int type)
{
	int value;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &len) ||
	    value != domain)
		return false;
	len = sizeof(value);
	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len) &&
	       value == type;
}

/* A TUN, or a packet socket, which never lets us wait. */
static bool is_link(int fd, int index)
{
	struct ifreq ifreq;

	if (fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK))
		return false;
	return index ? is_socket(fd, AF_PACKET, SOCK_DGRAM) :
		       !ioctl(fd, TUNGETIFF, &ifreq);
}

static bool is_namespace(int fd, int kind)
{
	return ioctl(fd, NS_GET_NSTYPE) == kind;
}

/* Where it goes; NULL: it is not what it should be. */
static int *place_of(struct netns *ns, const struct talk *talk, int fd)
{
	size_t i = (size_t)talk->number - TALK_TWIN_LINK;

	switch (talk->number) {
	case TALK_TWIN_NET:
		return is_namespace(fd, CLONE_NEWNET) ? &ns->net_fd : NULL;
	case TALK_TWIN_USER:
		return is_namespace(fd, CLONE_NEWUSER) ? &ns->user_fd : NULL;
	case TALK_TWIN_ASK:
		return is_socket(fd, AF_INET, SOCK_DGRAM) ? &ns->ask_fd : NULL;
	case TALK_TWIN_LIST:
	case TALK_TWIN_LIST + 1:
		return udp_list_is(fd) ?
			       &ns->list_fd[talk->number - TALK_TWIN_LIST] :
			       NULL;
	default:
		if (i >= NETNS_INTERFACES || talk->extra < 0 ||
		    !is_link(fd, talk->extra))
			return NULL;
		ns->link[i].index = talk->extra;
		return &ns->link[i].fd;
	}
}

static void take(struct session *session, struct talk *talk, int fd)
{
	int *place;

	if (!session->giving) {
		session->giving = malloc(sizeof(*session->giving));
		if (session->giving)
			netns_init(session->giving);
	}
	place = session->giving && fd >= 0 ?
			place_of(session->giving, talk, fd) :
			NULL;
	if (!place || *place >= 0) {
		if (fd >= 0)
			close(fd);
		session_refuse(session);
		return;
	}
	*place = fd;
	session_answer_bare(session, talk, 0);
}

static void done(struct session *session, struct talk *talk)
{
	struct netns *ns = session->giving;
	int rc;

	if (!ns || ns->net_fd < 0 || ns->ask_fd < 0) {
		session_refuse(session);
		return;
	}
	rc = twins_adopt(session->all->config.world->twins, session->on, ns);
	session_twin_forget(session);
	session_answer_bare(session, talk, rc);
}

void session_twin_forget(struct session *session)
{
	if (session->giving)
		netns_release(session->giving);
	free(session->giving);
	session->giving = NULL;
}

void session_twin(struct session *session, struct talk *talk, int fd)
{
	if (talk->kind == TALK_TWIN_GIVE) {
		take(session, talk, fd);
		return;
	}
	if (fd >= 0) {
		close(fd);
		session_refuse(session);
	} else if (talk->kind == TALK_TWIN) {
		tell(session, talk);
	} else if (talk->kind == TALK_TWIN_TAKE) {
		lend(session, talk);
	} else {
		done(session, talk);
	}
}
