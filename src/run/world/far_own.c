/* SPDX-License-Identifier: MIT */
/* What a program has for itself in a world that it joins: ports of this machine
 * that lead to it, and the summary at its end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link/capture_file.h"
#include "run/run.h"
#include "run/world/far_parts.h"
#include "run/world/options.h"

bool far_own_begin(struct far *far, const struct run_options *options)
{
	const struct world_options *opt = options->path;
	int err;

	far->for_people = !options->quiet &&
			  (options->verbose || isatty(STDERR_FILENO));
	if (!opt || !opt->summary)
		return true;
	far->summary = capture_file_text(opt->summary, &err);
	if (far->summary && !strcmp(opt->summary, "-") &&
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		err = errno;
	if (err)
		fprintf(stderr, "catenet: %s: %s\n", opt->summary,
			strerror(err));
	return !err;
}

static bool publish_one(struct far *far, const struct world_publish *publish)
{
	struct talk talk = {
		.kind = TALK_PUBLISH,
		.number = publish->port,
		.extra = publish->udp,
		.len = sizeof(publish->host),
	};
	int got, rc;

	memcpy(talk.data, &publish->host, sizeof(publish->host));
	rc = far_ask(far, &talk, -1, &got);
	if (got >= 0)
		close(got);
	if (rc)
		fprintf(stderr, "catenet: -p %u:%u: %s\n", publish->host.port,
			publish->port,
			!far->over && talk_is_text(&talk) ?
				(const char *)talk.data :
				strerror(-rc));
	return !rc;
}

bool far_own_publish(struct far *far, const struct run_options *options)
{
	const struct world_options *opt = options->path;

	for (unsigned i = 0; opt && i < opt->publish_n; i++)
		if (!publish_one(far, &opt->publish[i]))
			return false;
	return true;
}

static void write_summary(struct far *far, enum talk_summary which, FILE *out)
{
	struct talk talk = {.kind = TALK_SUMMARY, .extra = which};
	char *text;
	long len = far_ask_long(far, &talk, &text);

	if (len > 0)
		(void)fwrite(text, 1, (size_t)len, out);
	free(text);
}

void far_own_end(struct far *far)
{
	if (far->for_people && !far->over)
		write_summary(far, TALK_SUMMARY_PEOPLE, stderr);
	far->for_people = false;
	if (!far->summary)
		return;
	if (!far->over)
		write_summary(far, TALK_SUMMARY_JSON, far->summary);
	if (fclose(far->summary))
		fprintf(stderr, "catenet: the summary: %s\n", strerror(errno));
	far->summary = NULL;
}
