/* SPDX-License-Identifier: MIT */
/* Whoever looks at a world that has a name.  See look.h. */
#include "run/world/look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <catenet/socket.h>

#include "base/list.h"
#include "loop/loop.h"
#include "run/network/network.h"
#include "run/world/options.h"
#include "see/comment.h"
#include "see/events.h"
#include "see/ladder.h"
#include "see/packet.h"
#include "see/text.h"
#include "wire/ether.h"
#include "wire/glance.h"

/* How long the last words of a host's connections are waited for. */
#define LAST_WORDS_NS (2 * CN_NS_PER_SEC)
/* Octets that are kept for one who does not read. */
#define KEPT_MAX ((size_t)64 << 20)
#define LOOKS_MAX 64
/* Segments alike that are drawn before they are counted. */
#define QUIET_MAX 2

struct look {
	struct looks *looks;
	struct list node;
	int of_node; /* -1: everything, or a link */
	struct loop_watch watch;
	FILE *file; /* in place of a socket to watch, or NULL */
	char *text; /* seen, and not yet written */
	size_t len, done, room;
	bool waits; /* enough, but for what its host still has to end */
	struct loop_timer patience;
	bool over; /* enough */
	bool lost; /* it does not read, or is gone */
	struct network_tap *tap;
	struct see_ladder *ladder;
	struct see_events *events;
};

/* One for each node: who speaks. */
struct voice {
	struct looks *looks;
	int node;
	struct cn_trace_sink trace;
	struct cn_dgram_sink dgram;
};

struct looks {
	struct loop *loop;
	struct network *network;
	struct list list;
	unsigned n, captures;
	struct see_comments *comments; /* while there are captures */
	const char **name; /* of each node */
	unsigned node_n;
	struct voice voice[];
};

#define EACH_LOOK(look, looks)                                                 \
	for (struct list *i_ = (looks)->list.next, *n_;                        \
	     n_ = i_->next, i_ != &(looks)->list; i_ = n_)                     \
		for (struct look *look = CN_CONTAINER(i_, struct look, node);  \
		     look; look = NULL)

/* -------------------------------------------------------------- writing -- */

static void keep(void *ctx, const char *text, size_t len)
{
	struct look *look = ctx;
	size_t room = look->room ? look->room : 4096;
	char *more;

	if (look->lost)
		return;
	/* What has been written is kept no longer. */
	if (look->done > look->len / 2 && look->len + len > look->room) {
		look->len -= look->done;
		memmove(look->text, look->text + look->done, look->len);
		look->done = 0;
	}
	while (room < look->len + len)
		room *= 2;
	if (room > look->room) {
		more = room > KEPT_MAX ? NULL : realloc(look->text, room);
		if (!more) {
			look->lost = true;
			return;
		}
		look->text = more;
		look->room = room;
	}
	memcpy(look->text + look->len, text, len);
	look->len += len;
}

static int keep_capture(void *ctx, const void *data, size_t len)
{
	const struct look *look = ctx;

	keep(ctx, data, len);
	return look->lost ? CN_E_PIPE : CN_OK;
}

/* Hosts tell nothing while nobody listens. */
static void listen_to_hosts(struct looks *looks, bool on)
{
	for (unsigned i = 0; i < looks->node_n; i++) {
		struct cn_host *host = network_host(looks->network, (int)i);

		if (host)
			cn_host_trace_to(host,
					 on ? &looks->voice[i].trace : NULL);
	}
}

static void look_free(struct look *look)
{
	list_del(&look->node);
	if (!--look->looks->n)
		listen_to_hosts(look->looks, false);
	loop_cancel(look->looks->loop, &look->patience);
	look->lost = true; /* last words are for nobody */
	if (look->tap) {
		(void)network_tap_close(look->tap);
		look->looks->captures--;
	}
	see_ladder_free(look->ladder);
	see_events_free(look->events);
	if (look->watch.on)
		loop_unwatch(look->looks->loop, &look->watch);
	if (look->watch.fd >= 0)
		close(look->watch.fd);
	if (look->file && (ferror(look->file) | fclose(look->file)))
		fprintf(stderr, "catenet: what was seen is not whole\n");
	if (!look->looks->captures) {
		see_comments_free(look->looks->comments);
		look->looks->comments = NULL;
	}
	free(look->text);
	free(look);
}

static void deliver_here(struct look *look)
{
	(void)fwrite(look->text + look->done, 1, look->len - look->done,
		     look->file);
	(void)fflush(look->file);
	look->done = look->len;
}

/* As much as it takes; false: it was freed. */
static bool deliver(struct look *look)
{
	if (look->file && look->done < look->len)
		deliver_here(look);
	while (look->done < look->len && !look->lost) {
		ssize_t n = send(look->watch.fd, look->text + look->done,
				 look->len - look->done,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0 && errno != EINTR)
			look->lost = true;
		if (n > 0)
			look->done += (size_t)n;
	}
	look->done = look->len = 0;
	if (!look->lost && !look->over)
		return true;
	look_free(look);
	return false;
}

/* All that was seen is kept, and it sees no more. */
static void end(struct look *look)
{
	if (look->tap) {
		(void)network_tap_close(look->tap);
		look->tap = NULL;
		look->looks->captures--;
	}
	see_ladder_free(look->ladder);
	look->ladder = NULL;
	see_events_free(look->events);
	look->events = NULL;
	look->over = true;
}

static void see_orphan(void *ctx, const struct cn_sock_row *row)
{
	bool *any = ctx;

	*any |= !row->sock &&
		(row->state == CN_FIN_WAIT_1 || row->state == CN_FIN_WAIT_2 ||
		 row->state == CN_CLOSING || row->state == CN_LAST_ACK);
}

/* Connections that their program has left, and that are not over yet. */
static bool has_orphans(const struct look *look)
{
	const struct cn_host *host =
		look->of_node < 0 ?
			NULL :
			network_host(look->looks->network, look->of_node);
	bool any = false;

	if (host)
		cn_host_each(host, see_orphan, &any);
	return any;
}

static void fire(void *ctx, uint64_t now)
{
	struct look *look = ctx;

	(void)now;
	end(look);
	(void)deliver(look);
}

/* Who looked at a program has had enough when it has ended; how its
 * connections end is part of what it wants to see. */
static void enough(struct look *look)
{
	struct loop *loop = look->looks->loop;

	look->waits =
		has_orphans(look) &&
		!loop_at(loop, &look->patience, loop_now(loop) + LAST_WORDS_NS);
	if (!look->waits)
		end(look);
}

/* It reads again, has had enough (it will say nothing more), or has gone. */
static void ready(void *ctx, uint32_t events)
{
	struct look *look = ctx;

	if (events & (EPOLLERR | EPOLLHUP))
		look->lost = true;
	else if ((events & EPOLLRDHUP) && !look->over)
		enough(look);
	(void)deliver(look);
}

void looks_flush(struct looks *looks)
{
	EACH_LOOK(look, looks)
	{
		if (look->tap)
			(void)network_tap_flush(look->tap);
		(void)deliver(look);
	}
}

/* -------------------------------------------------------------- looking -- */

static bool is_of(const struct looks *looks, int node,
		  const struct cn_addr *addr)
{
	return plan_find_addr(network_plan(looks->network), addr) == node;
}

static void on_trace(void *ctx, const struct cn_trace *trace)
{
	const struct voice *voice = ctx;
	struct looks *looks = voice->looks;

	if (looks->comments)
		see_comments_event(looks->comments, voice->node, trace);
	EACH_LOOK(look, looks)
	{
		bool own = look->of_node < 0 || look->of_node == voice->node;

		if (!look->ladder && !look->events)
			continue;
		/* The other end of what the host has to do with. */
		if (!own && !is_of(looks, look->of_node, &trace->peer.addr))
			continue;
		if (look->ladder)
			see_ladder_event(look->ladder, voice->node, trace);
		if (look->events)
			see_events_event(look->events, voice->node, trace);
	}
}

static void on_dgram(void *ctx, const struct cn_dgram_trace *trace)
{
	const struct voice *voice = ctx;

	EACH_LOOK(look, voice->looks)
	{
		if (look->events &&
		    (look->of_node < 0 || look->of_node == voice->node))
			see_events_dgram(look->events, voice->node, trace);
	}
}

static bool is_of_link(const struct cn_addr *addr)
{
	return addr->octet[0] == 0xfe && (addr->octet[1] & 0xc0) == 0x80;
}

/* The node that has made the packet, and that whom it is for. */
static bool ends_of(const struct looks *looks, const struct cn_frame *frame,
		    int *from, int *to)
{
	const struct plan *plan = network_plan(looks->network);
	struct cn_addr src, dst;
	struct glance glance;

	glance_at(&glance, frame);
	if (!glance.version)
		return false;
	src = glance_src(&glance);
	dst = glance_dst(&glance);
	*from = plan_find_addr(plan, &src);
	*to = plan_find_addr(plan, &dst);
	return true;
}

/* What is not TCP: what the host at neither end of has made nor awaits is no
 * news to who looks at it.  That it went on is said once, where it began. */
static void tell_other(struct looks *looks, const struct network_sight *sight,
		       const struct cn_frame *frame, enum cn_fate fate,
		       uint64_t now)
{
	const struct plan *plan = network_plan(looks->network);
	const uint32_t skip = sight->ethernet ? ETHER_HEADER_LEN : 0;
	const int here = sight->from->node;
	const int next = sight->to ? sight->to->node : -1;
	struct see_packet packet;
	int from, to;

	if (!see_packet_read(frame, skip, &packet))
		return;
	from = plan_find_addr(plan, &packet.src.addr);
	to = plan_find_addr(plan, &packet.dst.addr);
	/* Beyond the gateway nobody has a name; nor have addresses of a link
	 * alone, which are met once. */
	if (from < 0)
		from = is_of_link(&packet.src.addr) ?
			       here :
			       plan_find_node(plan, WORLD_INTERNET);
	if (fate == CN_FATE_SENT && here != from)
		return;
	EACH_LOOK(look, looks)
	{
		if (look->of_node >= 0 && look->of_node != from &&
		    look->of_node != to && look->of_node != next)
			continue;
		if (look->ladder)
			see_ladder_packet(look->ladder, from, to, frame, skip,
					  fate, now);
		if (look->events)
			see_events_packet(look->events, from, frame, skip, fate,
					  now);
	}
}

void looks_packet(struct looks *looks, const struct network_sight *sight,
		  const struct cn_frame *frame, enum cn_fate fate, uint64_t now)
{
	bool known = false;
	int from, to;

	if (looks->n == looks->captures)
		return;
	tell_other(looks, sight, frame, fate, now);
	if (sight->ethernet)
		return;
	EACH_LOOK(look, looks)
	{
		if (!look->ladder && !look->events)
			continue;
		if (!known && !ends_of(looks, frame, &from, &to))
			return;
		known = true;
		if (look->of_node >= 0 && look->of_node != from &&
		    look->of_node != to)
			continue;
		/* That it went on is said once, where it began. */
		if (fate == CN_FATE_SENT && sight->from->node != from)
			continue;
		if (look->ladder)
			see_ladder_fate(look->ladder, frame, fate, now);
		if (look->events)
			see_events_fate(look->events, frame, fate, now);
	}
}

void looks_comment(struct looks *looks, const struct cn_frame *frame,
		   enum cn_fate fate, char *text, size_t size)
{
	if (looks->comments)
		(void)see_comment(looks->comments, frame, fate, text, size);
}

/* ------------------------------------------------------------ beginning -- */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * CN_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static const char *begin_capture(struct look *look, const struct look_ask *ask,
				 char why[PLAN_WHY])
{
	struct looks *looks = look->looks;
	const struct plan *plan = network_plan(looks->network);
	struct network_tap_config config = {
		.write = keep_capture,
		.ctx = look,
		.epoch_ns = clock_ns(CLOCK_REALTIME) -
			    clock_ns(CLOCK_MONOTONIC),
	};

	if (plan_find_node(plan, ask->place) < 0 &&
	    plan_find_link(plan, ask->place) >= 0)
		config.link = ask->place;
	else if (*ask->place)
		config.node = ask->place;
	if (network_tap_open(looks->network, &config, &look->tap, why))
		return why;
	if (!looks->captures++)
		looks->comments = see_comments_new(
			(enum see_lang)(ask->lang % SEE_LANG_N));
	return NULL;
}

static bool begin_ladder(struct look *look, const struct look_ask *ask,
			 uint64_t now)
{
	enum see_lang lang = (enum see_lang)(ask->lang % SEE_LANG_N);
	struct see_ladder_config config = {
		.width = ask->width,
		.lang = lang,
		.colour = ask->colour,
		.ascii = ask->ascii,
		.host = look->looks->name,
		.host_n = look->looks->node_n,
		.quiet_max = QUIET_MAX,
		.start = now,
		.write = keep,
		.ctx = look,
	};

	look->ladder = see_ladder_new(&config);
	return look->ladder != NULL;
}

static bool begin_events(struct look *look, const struct look_ask *ask,
			 uint64_t now)
{
	struct see_events_config config = {
		.lang = (enum see_lang)(ask->lang % SEE_LANG_N),
		.host = look->looks->name,
		.host_n = look->looks->node_n,
		.start = now,
		.write = keep,
		.ctx = look,
	};

	look->events = see_events_new(&config);
	return look->events != NULL;
}

static const char *begin(struct look *look, const struct look_ask *ask,
			 uint64_t now, char why[PLAN_WHY])
{
	const struct plan *plan = network_plan(look->looks->network);
	bool good;

	look->of_node = plan_find_node(plan, ask->place);
	if (ask->kind == LOOK_PCAPNG)
		return begin_capture(look, ask, why);
	if (look->of_node < 0 && *ask->place) {
		snprintf(why, PLAN_WHY, "no host or router is called %.60s",
			 ask->place);
		return why;
	}
	good = ask->kind == LOOK_LADDER ? begin_ladder(look, ask, now) :
	       ask->kind == LOOK_EVENTS ? begin_events(look, ask, now) :
					  false;
	if (good)
		return NULL;
	snprintf(why, PLAN_WHY, "there is no such view, or no memory for it");
	return why;
}

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) &&
	       type == SOCK_STREAM;
}

static struct look *look_add(struct looks *looks)
{
	struct look *look = looks->n < LOOKS_MAX ? calloc(1, sizeof(*look)) :
						   NULL;

	if (!look)
		return NULL;
	look->looks = looks;
	look->watch =
		(struct loop_watch){.ready = ready, .ctx = look, .fd = -1};
	look->patience =
		(struct loop_timer){.fire = fire, .ctx = look, .at = CN_NEVER};
	list_add_tail(&looks->list, &look->node);
	if (!looks->n++)
		listen_to_hosts(looks, true);
	return look;
}

static const char no_more[] = "no more onlookers: descriptors or memory";

const char *look_new(struct looks *looks, const struct look_ask *ask, int fd,
		     uint64_t now, char *text, size_t size)
{
	struct look *look = is_stream(fd) ? look_add(looks) : NULL;
	char why[PLAN_WHY];

	snprintf(why, sizeof(why), no_more);
	if (look)
		look->watch.fd = fd;
	else
		close(fd);
	if (look &&
	    !loop_watch(looks->loop, &look->watch,
			EPOLLOUT | EPOLLRDHUP | EPOLLET) &&
	    !begin(look, ask, now, why))
		return NULL;
	if (look)
		look_free(look);
	snprintf(text, size, "%s", why);
	return text;
}

const char *look_here(struct looks *looks, const struct look_ask *ask,
		      FILE *file, uint64_t now, char *text, size_t size)
{
	struct look *look = look_add(looks);
	char why[PLAN_WHY];

	snprintf(why, sizeof(why), no_more);
	if (look)
		look->file = file;
	else
		(void)fclose(file);
	if (look && !begin(look, ask, now, why))
		return NULL;
	if (look)
		look_free(look);
	snprintf(text, size, "%s", why);
	return text;
}

struct looks *looks_new(struct loop *loop, unsigned nodes)
{
	struct looks *looks =
		calloc(1, sizeof(*looks) + nodes * sizeof(looks->voice[0]));

	if (!looks)
		return NULL;
	looks->loop = loop;
	list_init(&looks->list);
	looks->name = calloc(nodes + 1, sizeof(*looks->name));
	if (!looks->name) {
		free(looks);
		return NULL;
	}
	looks->node_n = nodes;
	for (unsigned i = 0; i < nodes; i++) {
		struct voice *voice = &looks->voice[i];

		voice->looks = looks;
		voice->node = (int)i;
		voice->trace = (struct cn_trace_sink){on_trace, voice};
		voice->dgram = (struct cn_dgram_sink){on_dgram, voice};
	}
	return looks;
}

void looks_begin(struct looks *looks, struct network *network)
{
	looks->network = network;
	for (unsigned i = 0; i < looks->node_n; i++)
		looks->name[i] = plan_node(network_plan(network), i)->name;
}

void looks_free(struct looks *looks)
{
	if (!looks)
		return;
	/* Its last words, as far as it takes them at once. */
	EACH_LOOK(look, looks)
	{
		end(look);
		if (deliver(look))
			look_free(look);
	}
	free(looks->name);
	free(looks);
}

const struct cn_dgram_sink *looks_dgrams(struct looks *looks, int node)
{
	return &looks->voice[node].dgram;
}
