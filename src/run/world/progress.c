/* SPDX-License-Identifier: MIT */
/* The progress line.  See progress.h. */
#include "run/world/progress.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "run/family.h"
#include "run/world/amount.h"
#include "run/world/parts.h"

#define EVERY_NS CN_NS_PER_SEC
/* ECMA-48: two lines further down, scrolling if need be, and up again; the
 * place is kept; down, to its beginning; erased to the end of the screen.  Two,
 * so that a program that says one line may say it before the next erasing. */
#define MAKE_ROOM "\033D\033D\033[2A"
#define KEEP "\0337"
#define BELOW "\033[2B\r"
#define BACK "\0338"
#define ERASE "\033[J"

struct progress {
	struct world *world;
	struct loop_timer timer;
	uint64_t last_at, last_up, last_down;
	bool drawn;
};

static bool takes_text(void)
{
	struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&terminal, 1, 0) > 0 && (terminal.revents & POLLOUT);
}

static unsigned width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col;
}

static void put(const char *text, size_t len)
{
	(void)!write(STDERR_FILENO, text, len);
}

/* Of the program; those that wait in an accept queue are not yet its. */
static unsigned count_open(const struct world *world)
{
	unsigned n = 0;

	for (const struct list *node = world->socks.next; node != &world->socks;
	     node = node->next)
		n += CN_CONTAINER(node, struct wsock, node)->phase ==
		     WSOCK_RELAY;
	return n;
}

static uint64_t drops(const struct cn_path_stats *stats)
{
	return stats->lost + stats->queue_drops + stats->rule_drops;
}

static int describe(struct progress *progress, char *text, size_t size,
		    uint64_t now)
{
	char amount[2][AMOUNT_TEXT], rate[2][AMOUNT_TEXT];
	const struct world *world = progress->world;
	const uint64_t ns = now - progress->last_at;
	struct cn_path_stats up, down;
	unsigned open = count_open(world);
	uint64_t packets;

	lane_stats(&world->up, &up);
	lane_stats(&world->down, &down);
	packets = up.packets + down.packets;
	amount_octets(amount[0], up.octets);
	amount_octets(amount[1], down.octets);
	amount_rate(rate[0], up.octets - progress->last_up, ns);
	amount_rate(rate[1], down.octets - progress->last_down, ns);
	progress->last_at = now;
	progress->last_up = up.octets;
	progress->last_down = down.octets;
	return snprintf(text, size,
			"catenet: up %s, %s; down %s, %s; %u connection%s; "
			"%.2f%% lost",
			amount[0], rate[0], amount[1], rate[1], open,
			open == 1 ? "" : "s",
			packets ? 100 * (double)(drops(&up) + drops(&down)) /
					  (double)packets :
				  0);
}

static void draw(struct progress *progress, uint64_t now)
{
	char text[400], line[512];
	int len = describe(progress, text, sizeof(text), now);

	if (!process_is_in_front(getppid()) || !takes_text())
		return;
	if (len >= (int)width())
		text[width() - 1] = '\0';
	len = snprintf(line, sizeof(line), "%s" MAKE_ROOM KEEP BELOW "%s" BACK,
		       progress->drawn ? ERASE : "", text);
	put(line, (size_t)len);
	progress->drawn = true;
}

static void tick(void *ctx, uint64_t now)
{
	struct progress *progress = ctx;

	draw(progress, now);
	(void)loop_at(progress->world->loop, &progress->timer, now + EVERY_NS);
}

static bool is_able(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

struct progress *progress_new(struct world *world)
{
	struct progress *progress;

	if (!world->verbose || world->quiet || world->options->explain ||
	    !is_able())
		return NULL;
	progress = calloc(1, sizeof(*progress));
	if (!progress)
		return NULL;
	progress->world = world;
	progress->last_at = world_now(world);
	progress->timer.fire = tick;
	progress->timer.ctx = progress;
	(void)loop_at(world->loop, &progress->timer,
		      progress->last_at + EVERY_NS);
	return progress;
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	loop_cancel(progress->world->loop, &progress->timer);
	if (progress->drawn && process_is_in_front(getppid()) && takes_text())
		put(ERASE, strlen(ERASE));
	free(progress);
}
