/* SPDX-License-Identifier: MIT */
/* Whoever looks at a world. */
#include "run/world/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link/capture_file.h"
#include "see/comment.h"
#include "see/events.h"
#include "see/ladder.h"

/* Segments alike that are drawn before they are counted. */
#define QUIET_MAX 2
#define COMMENT_MAX 600

struct watch {
	struct see_ladder *ladder;
	struct see_events *events;
	struct see_comments *comments;
	struct see_limits *limits;
	FILE *file; /* of events */
	const char *file_name;
	int file_err; /* of the first write that failed */
	struct watch_host {
		struct watch *watch;
		int number;
		struct cn_trace_sink sink;
		struct cn_dgram_sink dgram_sink;
	} host[2];
};

static void write_to(void *ctx, const char *text, size_t len)
{
	(void)fwrite(text, 1, len, ctx);
}

static void on_trace(void *ctx, const struct cn_trace *trace)
{
	const struct watch_host *host = ctx;
	const struct watch *watch = host->watch;

	if (watch->limits)
		see_limits_event(watch->limits, host->number, trace);
	if (watch->comments)
		see_comments_event(watch->comments, host->number, trace);
	if (watch->events)
		see_events_event(watch->events, host->number, trace);
	if (watch->ladder)
		see_ladder_event(watch->ladder, host->number, trace);
}

static void on_dgram(void *ctx, const struct cn_dgram_trace *trace)
{
	const struct watch_host *host = ctx;

	if (host->watch->events)
		see_events_dgram(host->watch->events, host->number, trace);
}

static void write_event(void *ctx, const char *text, size_t len)
{
	struct watch *watch = ctx;

	if (fwrite(text, 1, len, watch->file) < len && !watch->file_err)
		watch->file_err = errno;
}

static bool open_ladder(struct watch *watch, const struct world_options *opt,
			uint64_t now)
{
	enum see_lang lang = (enum see_lang)opt->screen.lang;
	struct see_ladder_config config = {
		.width = opt->screen.width,
		.lang = lang,
		.colour = opt->screen.colour,
		.ascii = opt->screen.ascii,
		.name = {see_text(lang, SEE_PROGRAM),
			 see_text(lang, SEE_NETWORK)},
		.quiet_max = QUIET_MAX,
		.start = now,
		.write = write_to,
		.ctx = stderr,
	};

	watch->ladder = see_ladder_new(&config);
	return watch->ladder != NULL;
}

/* "-": standard output, where it is alone then (birth.c). */
static int open_file(struct watch *watch, const char *name)
{
	int err;

	watch->file_name = strcmp(name, "-") != 0 ? name : "standard output";
	watch->file = capture_file_text(name, &err);
	return err;
}

static int open_events(struct watch *watch, const struct world_options *opt,
		       uint64_t now)
{
	struct see_events_config config = {
		.lang = (enum see_lang)opt->screen.lang,
		.name = {"program", "network"},
		.start = now,
		.write = write_event,
		.ctx = watch,
	};
	struct stat status;
	int rc = open_file(watch, opt->events);

	if (rc)
		return rc;
	/* Whoever reads a pipe reads while it runs. */
	if (fstat(fileno(watch->file), &status) || !S_ISREG(status.st_mode))
		(void)setvbuf(watch->file, NULL, _IOLBF, 0);
	watch->events = see_events_new(&config);
	return watch->events ? 0 : ENOMEM;
}

static bool has_rate(const struct cn_impair *impair)
{
	return impair->rate || impair->rate_trace;
}

static int begin(struct watch *watch, const struct world_options *opt,
		 bool summary, uint64_t now)
{
	int rc = 0;

	for (int i = 0; i < 2; i++) {
		watch->host[i].watch = watch;
		watch->host[i].number = i;
		watch->host[i].sink.trace = on_trace;
		watch->host[i].sink.ctx = &watch->host[i];
		watch->host[i].dgram_sink.dgram = on_dgram;
		watch->host[i].dgram_sink.ctx = &watch->host[i];
	}
	if (opt->explain && !open_ladder(watch, opt, now))
		rc = ENOMEM;
	if (!rc && opt->events)
		rc = open_events(watch, opt, now);
	if (!rc && opt->pcapng) {
		watch->comments =
			see_comments_new((enum see_lang)opt->screen.lang);
		rc = watch->comments ? 0 : ENOMEM;
	}
	if (!rc && summary) {
		watch->limits = see_limits_new();
		rc = watch->limits ? 0 : ENOMEM;
		if (!rc && !opt->tun && !has_rate(&opt->up) &&
		    !has_rate(&opt->down))
			see_limits_no_rate(watch->limits);
	}
	return rc;
}

int watch_open(const struct world_options *options, bool summary, uint64_t now,
	       struct watch **out)
{
	struct watch *watch;
	int rc;

	*out = NULL;
	if (!options->explain && !options->events && !options->pcapng &&
	    !summary)
		return 0;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return ENOMEM;
	rc = begin(watch, options, summary, now);
	if (rc)
		watch_close(watch);
	else
		*out = watch;
	return rc;
}

/* What was written before may have failed for a reason that is long gone. */
static void close_file(struct watch *watch)
{
	bool bad;

	if (!watch->file)
		return;
	errno = 0;
	bad = fflush(watch->file) || ferror(watch->file);
	if (bad | fclose(watch->file))
		fprintf(stderr, "catenet: %s is not whole: %s\n",
			watch->file_name,
			watch->file_err ? strerror(watch->file_err) :
			errno		? strerror(errno) :
					  "a write failed");
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	see_ladder_free(watch->ladder);
	see_events_free(watch->events);
	see_comments_free(watch->comments);
	see_limits_free(watch->limits);
	close_file(watch);
	free(watch);
}

void watch_flush(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->ladder)
		see_ladder_flush(watch->ladder);
	if (watch->file && fflush(watch->file) && !watch->file_err)
		watch->file_err = errno;
}

const struct cn_trace_sink *watch_trace(struct watch *watch, int host)
{
	return watch ? &watch->host[host].sink : NULL;
}

const struct cn_dgram_sink *watch_dgrams(struct watch *watch, int host)
{
	return watch ? &watch->host[host].dgram_sink : NULL;
}

void watch_packet(void *ctx, const struct cn_frame *frame, enum cn_fate fate,
		  uint64_t now)
{
	const struct watch_lane *lane = ctx;
	const struct watch *watch = lane->watch;
	char comment[COMMENT_MAX] = "";

	if (watch && watch->ladder) {
		see_ladder_fate(watch->ladder, frame, fate, now);
		see_ladder_packet(watch->ladder, lane->sender, -1, frame, 0,
				  fate, now);
	}
	if (watch && watch->events) {
		see_events_fate(watch->events, frame, fate, now);
		see_events_packet(watch->events, lane->sender, frame, 0, fate,
				  now);
	}
	if (!lane->tap.tap)
		return;
	if (watch && watch->comments)
		(void)see_comment(watch->comments, frame, fate, comment,
				  sizeof(comment));
	tap_packet(&lane->tap, frame, fate, comment, now);
}

void watch_loopback(void *ctx, int link, const struct cn_frame *frame,
		    uint64_t now)
{
	(void)link;
	watch_packet(ctx, frame, CN_FATE_SENT, now);
}

bool watch_share(struct watch *watch, const struct cn_endpoint *local,
		 const struct cn_endpoint *peer, uint64_t now,
		 struct see_share *share)
{
	return watch && watch->limits &&
	       see_limits_of(watch->limits, local, peer, now, share);
}
