/* SPDX-License-Identifier: MIT */
/* catenet/stack.h: stacks, what joins them, and their time. */
#include <catenet/stack.h>
#include <catenet/tun.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/hub.h"
#include "lib/linux_err.h"
#include "lib/lsock.h"

#define MTU_DEFAULT 1500
/* What SO_SNDBUF and SO_RCVBUF may ask for: Linux's own arithmetic ends
 * there. */
#define BUFFER_MAX (UINT32_C(1) << 29)
/* The largest super-segment that passes over a wire whole. */
#define WIRE_SUPER 65160

static int fail(int number)
{
	errno = number;
	return -1;
}

/* ------------------------------------------------------ birth and death -- */

static int make_host(struct cn_stack *stack, const struct cn_settings *given)
{
	struct cn_settings set;

	cn_settings_default(&set);
	if (given)
		set = *given;
	set.pool = stack->hub->pool;
	if (!set.seeded)
		set.seeded = getrandom(set.seed, sizeof(set.seed), 0) ==
			     (ssize_t)sizeof(set.seed);
	return linux_errno(cn_host_new(&set, stack->hub->now, &stack->host));
}

static int get_driver(const struct cn_stack_config *config, struct hub **hub)
{
	if (!config->with)
		return hub_new(config->virtual_clock, hub);
	*hub = hub_ref(config->with->hub);
	return 0;
}

int cn_stack_new(const struct cn_stack_config *config, struct cn_stack **out)
{
	static const struct cn_stack_config none;
	struct cn_stack *stack = calloc(1, sizeof(*stack));
	int rc;

	if (!stack)
		return fail(ENOMEM);
	if (!config)
		config = &none;
	rc = get_driver(config, &stack->hub);
	if (rc) {
		free(stack);
		return fail(rc);
	}
	stack->limits.rmem_max = BUFFER_MAX;
	stack->limits.wmem_max = BUFFER_MAX;
	stack->limits.admin = true;
	stack->limits.fast_open = true;
	stack->sigpipe = config->sigpipe;
	list_init(&stack->socks);
	hub_enter(stack->hub);
	rc = make_host(stack, config->settings);
	if (!rc)
		list_add_tail(&stack->hub->stacks, &stack->node);
	hub_leave(stack->hub);
	if (rc) {
		hub_unref(stack->hub);
		free(stack);
		return fail(rc);
	}
	*out = stack;
	return 0;
}

static void free_wire(struct wire *wire)
{
	for (int i = 0; i < 2; i++) {
		wire->end[i]->link[wire->link[i]].wire = NULL;
		cn_path_free(wire->path[i]);
	}
	list_del(&wire->node);
	free(wire);
}

static void cut_links(struct cn_stack *stack)
{
	for (int i = 0; i < STACK_LINKS; i++) {
		struct hub_link *link = &stack->link[i];

		if (link->wire)
			free_wire(link->wire);
		if (!link->tun)
			continue;
		link->tun->stack = NULL;
		hub_rewatch(stack->hub);
	}
}

void cn_stack_free(struct cn_stack *stack)
{
	struct hub *hub;

	if (!stack)
		return;
	hub = stack->hub;
	hub_enter(hub);
	cut_links(stack);
	lsock_forget_all(stack);
	list_del(&stack->node);
	cn_host_free(stack->host);
	hub_leave(hub);
	hub_unref(hub);
	free(stack);
}

/* ----------------------------------------------------------- addresses -- */

/* One "10.0.0.1/24" of *text; false: there is none, or it is wrong. */
static bool next_prefix(const char **text, struct cn_addr *addr,
			unsigned *prefix_len)
{
	char word[CN_ADDR_TEXT + 8];
	unsigned max, len;
	const char *at = *text + strspn(*text, " ");
	char *slash, *end;
	size_t n = strcspn(at, " ");

	if (!n || n >= sizeof(word))
		return false;
	memcpy(word, at, n);
	word[n] = '\0';
	*text = at + n;
	slash = strchr(word, '/');
	if (slash)
		*slash = '\0';
	if (!cn_addr_parse(word, addr))
		return false;
	max = cn_addr_is_v4(addr) ? 32 : 128;
	*prefix_len = max;
	if (!slash)
		return true;
	len = (unsigned)strtoul(slash + 1, &end, 10);
	*prefix_len = len;
	return end != slash + 1 && !*end && len <= max;
}

/* For SIOCGIFADDR, which tells one. */
static void note_addr(struct hub_link *link, const struct cn_addr *addr,
		      unsigned len)
{
	if (!cn_addr_is_v4(addr) || link->v4)
		return;
	for (int i = 12; i < 16; i++)
		link->v4 = link->v4 << 8 | addr->octet[i];
	link->v4_len = len;
}

static int add_addrs(struct cn_stack *stack, int link, const char *text)
{
	struct cn_addr addr;
	unsigned len;
	int err;

	do {
		if (!next_prefix(&text, &addr, &len))
			return EINVAL;
		err = cn_host_addr_add(stack->host, link, &addr, len);
		if (err)
			return linux_errno(err);
		note_addr(&stack->link[link], &addr, len);
	} while (text[strspn(text, " ")]);
	return 0;
}

static bool has_link(const struct cn_stack *stack, int link)
{
	return link >= 0 && link < STACK_LINKS && stack->link[link].name[0];
}

int cn_stack_addr(struct cn_stack *stack, int link, const char *addr)
{
	int rc = ENODEV;

	hub_enter(stack->hub);
	if (has_link(stack, link))
		rc = add_addrs(stack, link, addr);
	hub_leave(stack->hub);
	return rc ? fail(rc) : 0;
}

int cn_stack_route(struct cn_stack *stack, int link, const char *prefix)
{
	struct cn_addr addr;
	unsigned len;
	int rc = ENODEV;

	if (!next_prefix(&prefix, &addr, &len))
		return fail(EINVAL);
	hub_enter(stack->hub);
	if (has_link(stack, link))
		rc = linux_errno(
			cn_host_route_add(stack->host, link, &addr, len));
	hub_leave(stack->hub);
	return rc ? fail(rc) : 0;
}

/* --------------------------------------------------------------- links -- */

static int add_link(struct cn_stack *stack, const char *name, uint32_t mtu,
		    uint32_t super)
{
	struct cn_link_config config = {
		.name = name, .mtu = mtu, .tx_csum = true, .tx_super = super};
	int link;
	int err = cn_host_link_add(stack->host, &config, &link);

	if (err)
		return err;
	snprintf(stack->link[link].name, sizeof(stack->link[link].name), "%s",
		 name);
	stack->link[link].mtu = mtu;
	return link;
}

static int make_path(struct hub *hub, const struct cn_join *join, int i,
		     struct cn_path **path)
{
	struct cn_path_config config = {
		.pool = hub->pool,
		.impair = join->impair[i],
		.mtu = join->mtu ? join->mtu : MTU_DEFAULT,
		.drop = join->drop[i],
	};

	/* On a virtual clock a run is to be the same each time. */
	if (!hub->is_virtual &&
	    getrandom(config.seed, sizeof(config.seed), 0) < 0)
		return errno;
	config.seed[0] ^= (uint8_t)i;
	return linux_errno(cn_path_new(&config, NULL, path, NULL));
}

static int attach(struct wire *wire, int i, const struct cn_join *join)
{
	struct cn_stack *stack = wire->end[i];
	char name[16];
	int link, n = 0;

	while (n < STACK_LINKS && stack->link[n].name[0])
		n++;
	snprintf(name, sizeof(name), "wire%d", n);
	link = add_link(stack, name, join->mtu ? join->mtu : MTU_DEFAULT,
			WIRE_SUPER);
	if (link < 0)
		return linux_errno(link);
	wire->link[i] = link;
	stack->link[link].wire = wire;
	stack->link[link].end = (unsigned)i;
	return join->addr[i] ? add_addrs(stack, link, join->addr[i]) : 0;
}

static int join_stacks(struct wire *wire, const struct cn_join *join)
{
	struct hub *hub = wire->end[0]->hub;
	int rc = 0;

	for (int i = 0; i < 2 && !rc; i++)
		rc = make_path(hub, join, i, &wire->path[i]);
	for (int i = 0; i < 2 && !rc; i++)
		rc = attach(wire, i, join);
	if (rc)
		return rc;
	list_add_tail(&hub->wires, &wire->node);
	return 0;
}

/* A link of a host cannot be taken away again: it stays, and leads nowhere. */
static void unjoin(struct wire *wire)
{
	for (int i = 0; i < 2; i++) {
		struct cn_stack *stack = wire->end[i];

		for (int n = 0; n < STACK_LINKS; n++)
			if (stack->link[n].wire == wire)
				stack->link[n].wire = NULL;
		if (wire->path[i])
			cn_path_free(wire->path[i]);
	}
	free(wire);
}

int cn_stack_join(struct cn_stack *a, struct cn_stack *b,
		  const struct cn_join *join, int link[2])
{
	static const struct cn_join plain;
	struct wire *wire;
	int rc;

	if (a->hub != b->hub || a == b)
		return fail(EINVAL);
	wire = calloc(1, sizeof(*wire));
	if (!wire)
		return fail(ENOMEM);
	wire->end[0] = a;
	wire->end[1] = b;
	hub_enter(a->hub);
	rc = join_stacks(wire, join ? join : &plain);
	if (!rc && link) {
		link[0] = wire->link[0];
		link[1] = wire->link[1];
	}
	if (rc)
		unjoin(wire);
	hub_leave(a->hub);
	return rc ? fail(rc) : 0;
}

int cn_stack_impair(struct cn_stack *stack, int link,
		    const struct cn_impair *impair)
{
	int rc = ENODEV;

	hub_enter(stack->hub);
	if (has_link(stack, link) && stack->link[link].wire)
		rc = linux_errno(cn_path_set(
			stack->link[link].wire->path[stack->link[link].end],
			impair));
	hub_leave(stack->hub);
	return rc ? fail(rc) : 0;
}

static int attach_tun(struct cn_stack *stack, struct tun_end *end)
{
	int link = add_link(stack, end->tun.name, MTU_DEFAULT, CN_TUN_SUPER);

	if (link < 0)
		return link;
	stack->link[link].tun = end;
	end->link = link;
	end->hub = stack->hub;
	end->stack = stack;
	list_add_tail(&stack->hub->tuns, &end->node);
	hub_rewatch(stack->hub);
	return link;
}

int cn_stack_tun(struct cn_stack *stack, const char *name, char *why,
		 size_t size)
{
	char error[TUN_ERROR] = "the stack's clock is virtual";
	struct tun_end *end = NULL;
	int rc = -EINVAL;

	if (!stack->hub->is_virtual) {
		end = calloc(1, sizeof(*end));
		rc = end ? tun_open(&end->tun, name, 0, error) : -ENOMEM;
	}
	if (rc) {
		free(end);
		if (why && size)
			snprintf(why, size, "%s", error);
		return fail(-rc);
	}
	hub_enter(stack->hub);
	rc = attach_tun(stack, end);
	hub_leave(stack->hub);
	if (rc >= 0)
		return rc;
	tun_close(&end->tun);
	free(end);
	return fail(linux_errno(rc));
}

/* ---------------------------------------------------------------- time -- */

uint64_t cn_stack_now(struct cn_stack *stack)
{
	uint64_t now;

	hub_enter(stack->hub);
	now = stack->hub->now;
	hub_leave(stack->hub);
	return now;
}

int cn_stack_sleep(struct cn_stack *stack, uint64_t ns)
{
	struct waiter waiter;
	int rc;

	hub_enter(stack->hub);
	waiter_init(&waiter, hub_until(stack->hub, ns));
	rc = hub_wait(stack->hub, &waiter);
	hub_leave(stack->hub);
	return rc == EINTR ? fail(EINTR) : 0;
}

void cn_stack_threads(struct cn_stack *stack, int more)
{
	hub_enter(stack->hub);
	hub_threads(stack->hub, more);
	hub_leave(stack->hub);
}

struct cn_host *cn_stack_lock(struct cn_stack *stack)
{
	hub_enter(stack->hub);
	return stack->host;
}

void cn_stack_unlock(struct cn_stack *stack)
{
	hub_leave(stack->hub);
}
