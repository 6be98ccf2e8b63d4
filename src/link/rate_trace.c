/* SPDX-License-Identifier: MIT */
/* Files of Mahimahi's link traces. */
#include "link/rate_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_LEN 63

struct kept {
	struct kept *next;
	struct cn_rate_trace trace;
	char *name;
	uint32_t *at_ms;
};

static struct kept *all;

/* The millisecond of one line; false: not a number, or blank. */
static bool take_line(const char *line, uint32_t *ms)
{
	unsigned long long value;
	char *end;

	if (*line < '0' || *line > '9' || strlen(line) == LINE_MAX_LEN)
		return false;
	errno = 0;
	value = strtoull(line, &end, 10);
	if (errno || value > UINT32_MAX || (*end && !strchr(" \t\r\n", *end)))
		return false;
	*ms = (uint32_t)value;
	return true;
}

static const char *add(struct kept *kept, uint32_t ms, size_t *room)
{
	uint32_t n = kept->trace.n;

	if (n == RATE_TRACE_MAX)
		return "more than 4 million lines";
	if (n && ms < kept->at_ms[n - 1])
		return "its milliseconds must not go back";
	if (n == *room) {
		size_t more = *room ? *room * 2 : 1024;
		uint32_t *at_ms =
			realloc(kept->at_ms, more * sizeof(*kept->at_ms));

		if (!at_ms)
			return "no memory for it";
		kept->at_ms = at_ms;
		*room = more;
	}
	kept->at_ms[kept->trace.n++] = ms;
	return NULL;
}

static const char *read_lines(FILE *file, struct kept *kept)
{
	const char *why = NULL;
	char line[LINE_MAX_LEN + 1];
	size_t room = 0;
	uint32_t ms;

	while (!why && fgets(line, sizeof(line), file)) {
		if (line[strspn(line, " \t\r\n")] == '\0')
			continue;
		why = take_line(line, &ms) ?
			      add(kept, ms, &room) :
			      "each line is a number of milliseconds, as in "
			      "Mahimahi's traces";
	}
	if (!why && ferror(file))
		why = "it cannot be read to its end";
	if (!why && (!kept->trace.n || !kept->at_ms[kept->trace.n - 1]))
		why = "it must end after millisecond 0";
	kept->trace.at_ms = kept->at_ms;
	return why;
}

static FILE *open_regular(const char *name)
{
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		close(fd);
		errno = ENODEV;
		return NULL;
	}
	return fdopen(fd, "r");
}

static void forget(struct kept *kept)
{
	free(kept->at_ms);
	free(kept->name);
	free(kept);
}

void rate_trace_forget(void)
{
	while (all) {
		struct kept *kept = all;

		all = kept->next;
		forget(kept);
	}
}

/* NULL, or why no more may be kept. */
static const char *has_room(uint32_t more)
{
	uint64_t lines = more;
	unsigned n = 0;

	for (const struct kept *kept = all; kept; kept = kept->next, n++)
		lines += kept->trace.n;
	return n < RATE_TRACES && lines <= RATE_TRACE_ALL ?
		       NULL :
		       "too many traces are kept: 64, of 16 million lines";
}

const char *rate_trace_name(const struct cn_rate_trace *trace)
{
	for (const struct kept *kept = all; kept; kept = kept->next)
		if (&kept->trace == trace)
			return kept->name;
	return "";
}

const char *rate_trace_read(const char *name,
			    const struct cn_rate_trace **trace)
{
	struct kept *kept;
	const char *why;
	FILE *file;

	for (kept = all; kept; kept = kept->next)
		if (!strcmp(kept->name, name)) {
			*trace = &kept->trace;
			return NULL;
		}
	why = has_room(0);
	if (why)
		return why;
	file = open_regular(name);
	if (!file)
		return errno == ENODEV ? "not a regular file" :
		       errno == EACCES ? "it may not be read" :
					 "no such file, or it cannot be read";
	kept = calloc(1, sizeof(*kept));
	if (kept)
		kept->name = strdup(name);
	why = kept && kept->name ? read_lines(file, kept) : "no memory for it";
	fclose(file);
	if (!why)
		why = has_room(kept->trace.n);
	if (why) {
		if (kept)
			forget(kept);
		return why;
	}
	kept->next = all;
	all = kept;
	*trace = &kept->trace;
	return NULL;
}
