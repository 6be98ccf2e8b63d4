/* SPDX-License-Identifier: MIT */
/* One stack with one link, whose other end is the script. */
#include "packetdrill/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/hub.h"
#include "wire/cut.h"
#include "wire/offload.h"

/* How long packetdrill's own mode waits for a packet. */
#define RECEIVE_LIMIT (2 * CN_NS_PER_SEC)
#define MTU_DEFAULT 1500
/* Scripts speak of packets as they leave TCP, before a device cuts them. */
#define SUPER 65160

struct drill drill_the;

static __attribute__((noreturn)) void die(const char *what)
{
	fprintf(stderr, "catenet-packetdrill: %s\n", what);
	exit(1);
}

/* ------------------------------------------------------------- packets -- */

static void keep(struct drill *drill, const struct cn_frame *frame)
{
	uint32_t len = cn_frame_len(frame);
	struct drill_packet *packet = malloc(sizeof(*packet) + len);

	if (!packet)
		die("out of memory");
	packet->left_at = drill->stack->hub->now;
	packet->len = len;
	cn_frame_copy(frame, 0, packet->octet, len);
	if (offload_is_partial(frame))
		offload_complete_octets(frame, packet->octet, len);
	list_add_tail(&drill->packets, &packet->node);
}

/* As a device that cannot, or shall not. */
static void keep_cut(struct drill *drill, const struct cn_frame *frame)
{
	struct cn_frame packet;
	struct cut cut;

	cut_begin(&cut, frame);
	while (cut_next(&cut, &packet)) {
		keep(drill, &packet);
		cn_frame_release(&packet);
	}
}

/* A device whose queue is full is not asked for more. */
static void drain(void *ctx)
{
	struct drill *drill = ctx;
	struct cn_frame frame;

	while (!drill->blocked &&
	       cn_host_output(drill->stack->host, drill->link, &frame,
			      drill->stack->hub->now)) {
		if (drill->cuts)
			keep_cut(drill, &frame);
		else
			keep(drill, &frame);
		cn_frame_release(&frame);
	}
}

int drill_input(struct drill *drill, const void *packet, size_t len)
{
	struct hub *hub = drill->stack->hub;
	struct cn_frame frame = {.slice_n = 1};

	hub_enter(hub);
	frame.slice[0].buf = cn_buf_new(hub->pool, len);
	if (!frame.slice[0].buf)
		die("out of memory");
	memcpy(frame.slice[0].buf->data, packet, len);
	frame.slice[0].data = frame.slice[0].buf->data;
	frame.slice[0].len = frame.payload_len = (uint32_t)len;
	cn_host_input(drill->stack->host, drill->link, &frame, hub->now);
	cn_frame_release(&frame);
	hub_leave(hub);
	return 0;
}

/* --------------------------------------------------------------- clock -- */

/* What happens until then, each at its instant. */
static void pass(struct hub *hub, uint64_t until)
{
	do
		hub_settle(hub);
	while (hub_step(hub, until));
}

uint64_t drill_clock(struct drill *drill)
{
	struct hub *hub = drill->stack->hub;
	uint64_t now;

	hub_enter(hub);
	if (hub->woken && !pthread_equal(pthread_self(), drill->driver)) {
		drill->caller = (int)syscall(SYS_gettid);
		drill->returning = true;
		hub_settled(hub);
	} else {
		pass(hub, hub->now + CN_NS_PER_US);
	}
	now = hub->now;
	hub_leave(hub);
	return now;
}

/* Does that thread sleep, or is it gone? */
static bool is_idle(int thread)
{
	char path[64], state = 'S';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	file = fopen(path, "re");
	if (!file)
		return true;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'S';
	fclose(file);
	return state == 'S';
}

/*
 * Real time has passed on a real machine while the script sleeps, enough for
 * packetdrill's other thread to note what its call returned.
 */
static void let_return(struct drill *drill)
{
	const struct timespec moment = {.tv_nsec = 200000};

	for (int i = 0; drill->returning && i < 1000; i++) {
		nanosleep(&moment, NULL);
		drill->returning = !is_idle(drill->caller);
	}
	drill->returning = false;
}

void drill_sleep(struct drill *drill, uint64_t ns)
{
	struct hub *hub = drill->stack->hub;
	uint64_t until;
	bool more;

	hub_enter(hub);
	until = hub->now + ns;
	do {
		hub_settle(hub);
		if (drill->returning) {
			hub_leave(hub);
			let_return(drill);
			hub_enter(hub);
		}
		more = hub_step(hub, until);
	} while (more);
	hub_leave(hub);
}

struct drill_packet *drill_next(struct drill *drill)
{
	struct hub *hub = drill->stack->hub;
	struct drill_packet *packet = NULL;
	uint64_t until;

	hub_enter(hub);
	until = hub->now + RECEIVE_LIMIT;
	do
		hub_settle(hub);
	while (list_is_empty(&drill->packets) && hub_step(hub, until));
	if (!list_is_empty(&drill->packets)) {
		packet = CN_CONTAINER(drill->packets.next, struct drill_packet,
				      node);
		list_del(&packet->node);
	}
	hub_leave(hub);
	return packet;
}

/* ---------------------------------------------------------------- birth -- */

static void copy_word(char *to, size_t size, const char *word, size_t len)
{
	if (len >= size)
		die("a flag is too long");
	memcpy(to, word, len);
	to[len] = '\0';
}

static void take_flag(struct drill *drill, const char *word, size_t len)
{
	size_t name = strcspn(word, "=");

	if (name >= len)
		die("flags are NAME=VALUE, separated by commas");
	word += name + 1;
	len -= name + 1;
	if (!strncmp(word - name - 1, "ip4=", name + 1))
		copy_word(drill->ip4, sizeof(drill->ip4), word, len);
	else if (!strncmp(word - name - 1, "ip6=", name + 1))
		copy_word(drill->ip6, sizeof(drill->ip6), word, len);
	else if (!strncmp(word - name - 1, "mtu=", name + 1))
		drill->mtu = (uint32_t)strtoul(word, NULL, 10);
	else if (!strncmp(word - name - 1, "status=", name + 1))
		copy_word(drill->status.name, sizeof(drill->status.name), word,
			  len);
	else if (!strncmp(word - name - 1, "netstat=", name + 1))
		copy_word(drill->netstat.name, sizeof(drill->netstat.name),
			  word, len);
	else
		die("flags: ip4=, ip6=, mtu=, status=, netstat=");
}

static void take_flags(struct drill *drill, const char *flags)
{
	strcpy(drill->ip4, "192.168.0.1");
	strcpy(drill->ip6, "fd3d:a0b:17d6::1");
	drill->mtu = MTU_DEFAULT;
	while (flags && *flags) {
		size_t len = strcspn(flags, ",");

		take_flag(drill, flags, len);
		flags += len + (flags[len] == ',');
	}
}

static void add_link(struct drill *drill)
{
	struct cn_link_config config = {
		.name = "tun0",
		.mtu = drill->mtu,
		.tx_csum = true,
		.tx_super = SUPER,
	};
	struct cn_host *host = cn_stack_lock(drill->stack);
	int err = cn_host_link_add(host, &config, &drill->link);
	struct cn_addr any = cn_addr_v4(0, 0, 0, 0), addr;

	if (!err && cn_addr_parse(drill->ip4, &addr))
		err = cn_host_addr_add(host, drill->link, &addr, 32);
	if (!err && cn_addr_parse(drill->ip6, &addr))
		err = cn_host_addr_add(host, drill->link, &addr, 128);
	if (!err)
		err = cn_host_route_add(host, drill->link, &any, 0);
	memset(&any, 0, sizeof(any));
	if (!err)
		err = cn_host_route_add(host, drill->link, &any, 0);
	cn_stack_unlock(drill->stack);
	if (err)
		die("a flag is wrong: ip4=, ip6= or mtu=");
}

struct drill *drill_open(const char *flags)
{
	struct drill *drill = &drill_the;
	struct cn_stack_config config = {.virtual_clock = true,
					 .settings = &drill->set};

	take_flags(drill, flags ? flags : "");
	list_init(&drill->packets);
	drill->driver = pthread_self();
	cn_settings_default(&drill->set);
	drill->set.icmp_rate = UINT32_MAX;
	/* As Linux over the pfifo that scripts put on tun0: fq is not there
	 * to pace CUBIC. */
	drill->set.pacing = false;
	drill->set.hystart = CN_HYSTART_LINUX;
	if (cn_stack_new(&config, &drill->stack))
		die("no stack");
	add_link(drill);
	/* Nobody but the driver moves the clock. */
	cn_stack_threads(drill->stack, 1000);
	drill->stack->hub->drain_ctx = drill;
	drill->stack->hub->drain = drain;
	return drill;
}
