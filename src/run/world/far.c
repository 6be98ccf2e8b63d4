/* SPDX-License-Identifier: MIT */
/*
 * A world that another process keeps, as a supervisor sees it: joining it,
 * looking at what happens in it, and leaving it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <catenet/base.h>

#include "link/heap.h"
#include "run/run.h"
#include "run/world/far_parts.h"
#include "run/world/options.h"

/* What a program asks to be seen of it is seen of its host. */
static int look(struct far *far, const struct look_ask *what, const char *name)
{
	struct onlooker *onlooker = &far->onlooker[what->kind];
	struct talk talk = {.kind = TALK_LOOK, .len = sizeof(*what)};
	int pass = onlooker_open(onlooker, far->loop, name), rc;

	if (pass < 0) {
		fprintf(stderr, "catenet: %s: %s\n", name ? name : "looking",
			strerror(-pass));
		return pass;
	}
	far->looks[what->kind] = true;
	memcpy(talk.data, what, sizeof(*what));
	rc = far_ask_alone(far, &talk, pass);
	close(pass);
	if (rc)
		fprintf(stderr, "catenet: %s\n",
			!far->over && talk_is_text(&talk) ?
				(const char *)talk.data :
				"the world does not answer");
	return rc;
}

/* A capture on standard output is alone there, as in world.c. */
static int look_all(struct far *far, const struct world_options *opt,
		    const char *host)
{
	struct look_ask what = {
		.width = opt ? (uint16_t)opt->screen.width : 0,
		.lang = opt ? opt->screen.lang : 0,
		.colour = opt && opt->screen.colour,
		.ascii = opt && opt->screen.ascii,
	};
	int rc = 0;

	if (!opt)
		return 0;
	(void)snprintf(what.place, sizeof(what.place), "%.63s", host);
	what.kind = LOOK_LADDER;
	if (opt->explain)
		rc = look(far, &what, NULL);
	what.kind = LOOK_EVENTS;
	if (!rc && opt->events)
		rc = look(far, &what, opt->events);
	what.kind = LOOK_PCAPNG;
	if (!rc && opt->pcapng)
		rc = look(far, &what, opt->pcapng);
	if (!rc &&
	    ((opt->pcapng && !strcmp(opt->pcapng, "-")) ||
	     (opt->events && !strcmp(opt->events, "-"))) &&
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		rc = -errno;
	return rc;
}

static int join(struct far *far, const struct run_options *options)
{
	struct talk talk = {.kind = TALK_JOIN, .extra = TALK_VERSION};
	const char *host = options->host ? options->host : "";
	const char *program = options->argv[0];
	int n = snprintf((char *)talk.data, sizeof(talk.data), "%s%c%s", host,
			 0, program);

	talk.number = (uint64_t)getppid();
	talk.result = far->summary || far->for_people;
	if (n < 0 || (size_t)n >= sizeof(talk.data))
		n = (int)sizeof(talk.data) - 1;
	talk.len = (uint32_t)n + 1;
	n = far_ask_alone(far, &talk, -1);
	if (!n && talk_is_text(&talk))
		return look_all(far, options->path, (const char *)talk.data);
	if (far->over || !talk_is_text(&talk))
		fprintf(stderr, "catenet: %s does not answer as a world does\n",
			far->name);
	else
		fprintf(stderr, "catenet: %s\n", (const char *)talk.data);
	return n;
}

struct world *far_new(struct loop *loop, const struct run_options *options)
{
	int fd = door_knock(options->world);
	struct far *far;

	if (fd < 0) {
		door_complain(options->world, -fd);
		return NULL;
	}
	far = calloc(1, sizeof(*far));
	if (!far) {
		close(fd);
		return NULL;
	}
	far->face.ops = &far_ops;
	far->loop = loop;
	(void)snprintf(far->name, sizeof(far->name), "%s", options->world);
	far_line_open(far, fd);
	far->pool = cn_pool_new(&heap_memory);
	if (far->pool)
		map_init(&far->socks, far->pool);
	if (!far->pool || !far_own_begin(far, options) || join(far, options) ||
	    !far_own_publish(far, options) || far_line_watch(far)) {
		world_free((struct world *)(void *)far);
		return NULL;
	}
	return (struct world *)(void *)far;
}

/* The world goes on with what the programs have left to it. */
bool far_is_idle(struct world *world, uint64_t *octets)
{
	(void)world;
	*octets = 0;
	return true;
}

void far_finish(struct world *world)
{
	struct far *far = far_of(world);
	struct talk bye = {.kind = TALK_BYE};

	far->ends = true;
	/* Then the world has seen that the programs have ended, and whoever
	 * looks waits for the end of their connections. */
	if (far->watch.on)
		(void)far_ask_alone(far, &bye, -1);
	for (unsigned i = 0; i < 3; i++)
		if (far->looks[i])
			onlooker_close(&far->onlooker[i]);
	/* Behind the ladder, not in the midst of it. */
	if (far->watch.on)
		far_own_end(far);
}

/* When a program has ended, its ports are free: whoever starts it again at
 * once shall find it so. */
void far_free(struct world *world)
{
	struct far *far = far_of(world);

	far_finish(world);
	far_line_close(far);
	if (far->pool) {
		far_free_socks(far);
		map_deinit(&far->socks);
		cn_pool_free(far->pool);
	}
	free(far->hosts_file);
	if (far->summary)
		(void)fclose(far->summary);
	free(far);
}
