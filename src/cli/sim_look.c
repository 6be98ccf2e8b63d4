/* SPDX-License-Identifier: MIT */
/* Looking at a simulated run. */
#include "cli/sim_look.h"
#include "link/heap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/screen.h"
#include "link/capture_file.h"
#include "see/comment.h"
#include "see/events.h"
#include "see/plot.h"

#define COMMENT_MAX 600

struct sim_look {
	struct sim_look_config config;
	struct bulk_watch watch;
	struct see_events *events;
	FILE *events_file, *plot_file;
	struct plot *plot;
	struct see_comments *comments;
	struct cn_pool *pool;
	struct pcapng *pcapng;
	struct capture_file capture;
	uint32_t interface;
	bool failed;
};

static void on_event(void *ctx, int host, const struct cn_trace *trace)
{
	const struct sim_look *look = ctx;

	if (look->comments)
		see_comments_event(look->comments, host, trace);
	if (look->events)
		see_events_event(look->events, host, trace);
	if (look->plot && !host)
		plot_event(look->plot, trace);
}

static void on_packet(void *ctx, int toward, const struct cn_frame *frame,
		      enum cn_fate fate, uint64_t now)
{
	struct sim_look *look = ctx;
	char comment[COMMENT_MAX] = "";
	struct pcapng_about about = {
		.time_ns = now - BULK_START,
		.interface = look->interface,
		/* As the sending host sees it. */
		.way = toward ? PCAPNG_OUT : PCAPNG_IN,
		.comment = comment,
	};

	if (look->events)
		see_events_fate(look->events, frame, fate, now);
	if (!look->pcapng || fate == CN_FATE_DUPLICATE)
		return;
	(void)see_comment(look->comments, frame, fate, comment,
			  sizeof(comment));
	if (pcapng_packet(look->pcapng, frame, &about))
		look->failed = true;
}

static bool is_stdout(const char *name)
{
	return name && !strcmp(name, "-");
}

unsigned sim_look_on_stdout(const struct sim_look_config *config)
{
	return is_stdout(config->pcapng) + is_stdout(config->events) +
	       is_stdout(config->plot);
}

static FILE *open_file(const char *name)
{
	FILE *file = is_stdout(name) ? stdout : fopen(name, "we");

	if (!file)
		fprintf(stderr, "catenet sim: %s: %s\n", name, strerror(errno));
	return file;
}

static bool open_capture(struct sim_look *look)
{
	struct pcapng_sink sink = {capture_file_write, &look->capture};
	int rc = capture_file_open(&look->capture, look->config.pcapng);

	if (rc) {
		fprintf(stderr, "catenet sim: %s: %s\n", look->config.pcapng,
			strerror(-rc));
		return false;
	}
	look->comments = see_comments_new(look->config.lang);
	look->pool = cn_pool_new(&heap_memory);
	return look->comments && look->pool &&
	       !pcapng_new(look->pool, &sink, "catenet", &look->pcapng) &&
	       !pcapng_interface(look->pcapng, "path",
				 "between sender and receiver, before the "
				 "impairment",
				 &look->interface);
}

static bool open_events(struct sim_look *look)
{
	struct see_events_config config = {
		.lang = look->config.lang,
		.name = {"sender", "receiver"},
		.start = BULK_START,
		.write = screen_write,
	};

	look->events_file = open_file(look->config.events);
	config.ctx = look->events_file;
	if (look->events_file)
		look->events = see_events_new(&config);
	return look->events != NULL;
}

static bool open_plot(struct sim_look *look)
{
	look->plot_file = open_file(look->config.plot);
	if (look->plot_file)
		look->plot = plot_new(BULK_PORT, BULK_START);
	return look->plot != NULL;
}

static void throw_away(struct sim_look *look)
{
	see_events_free(look->events);
	see_comments_free(look->comments);
	plot_free(look->plot);
	pcapng_free(look->pcapng);
	if (look->pool)
		cn_pool_free(look->pool);
	free(look);
}

struct sim_look *sim_look_open(const struct sim_look_config *config)
{
	struct sim_look *look = calloc(1, sizeof(*look));

	if (!look)
		return NULL;
	look->config = *config;
	look->watch = (struct bulk_watch){
		.event = on_event,
		.packet = config->pcapng || config->events ? on_packet : NULL,
		.ctx = look,
	};
	if ((config->pcapng && !open_capture(look)) ||
	    (config->events && !open_events(look)) ||
	    (config->plot && !open_plot(look))) {
		throw_away(look);
		return NULL;
	}
	return look;
}

const struct bulk_watch *sim_look_watch(const struct sim_look *look)
{
	return &look->watch;
}

static bool finish(FILE *file, const char *name)
{
	bool bad;

	if (!file)
		return true;
	errno = 0;
	bad = fflush(file) || ferror(file);
	if (file == stdout ? !bad : !(bad | fclose(file)))
		return true;
	fprintf(stderr, "catenet sim: %s is not whole: %s\n", name,
		errno ? strerror(errno) : "a write failed");
	return false;
}

bool sim_look_close(struct sim_look *look, const char *title,
		    const struct bulk_result *result)
{
	bool good = true;

	if (look->plot) {
		struct svg svg = {screen_write, look->plot_file};

		plot_draw(look->plot, &svg, title, look->config.lang,
			  BULK_START + result->ns);
	}
	/* The last lines are told when it is freed. */
	see_events_free(look->events);
	look->events = NULL;
	if (look->pcapng) {
		if (pcapng_flush(look->pcapng) || look->failed ||
		    capture_file_close(&look->capture)) {
			int err = look->capture.saved_errno;

			fprintf(stderr, "catenet sim: %s is not whole: %s\n",
				look->config.pcapng,
				err ? strerror(err) : "a write failed");
			good = false;
		}
	}
	good &= finish(look->events_file, look->config.events);
	good &= finish(look->plot_file, look->config.plot);
	throw_away(look);
	return good;
}
