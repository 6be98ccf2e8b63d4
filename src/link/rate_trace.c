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
	struct stat status; /* of the file when it was read */
	uint32_t *at_ms;
};

static struct kept *all;

static const char blanks[] = " \t\r";

/* The millisecond of one line; false: not a number and nothing else. */
static bool take_line(const char *line, uint32_t *ms)
{
	unsigned long long value;
	char *end;

	if (*line < '0' || *line > '9')
		return false;
	errno = 0;
	value = strtoull(line, &end, 10);
	if (errno || value > UINT32_MAX || end[strspn(end, blanks)])
		return false;
	*ms = (uint32_t)value;
	return true;
}

/*
 * The next line, without its end; false: there is none.  What is longer than any
 * number, or has an octet 0 in it, which would hide what follows, comes out as a
 * line that is no number.
 */
static bool next_line(FILE *file, char line[LINE_MAX_LEN + 1])
{
	size_t n = 0;
	int c;

	while ((c = getc(file)) != EOF && c != '\n') {
		if (!c || n == LINE_MAX_LEN) {
			strcpy(line, "-");
			return true;
		}
		line[n++] = (char)c;
	}
	line[n] = '\0';
	return n || c != EOF;
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
	static char where[96];
	const char *why = NULL;
	char line[LINE_MAX_LEN + 1];
	unsigned long number = 0;
	size_t room = 0;
	uint32_t ms;

	while (!why && next_line(file, line)) {
		number++;
		if (!line[strspn(line, blanks)])
			continue;
		why = take_line(line, &ms) ?
			      add(kept, ms, &room) :
			      "each line is a number of milliseconds, as in "
			      "Mahimahi's traces";
	}
	if (why) {
		snprintf(where, sizeof(where), "line %lu: %s", number, why);
		return where;
	}
	if (ferror(file))
		why = "it cannot be read to its end";
	else if (!kept->trace.n)
		why = "no line is in it; each is a number of milliseconds, as "
		      "in Mahimahi's traces";
	else if (!kept->at_ms[kept->trace.n - 1])
		why = "it must end after millisecond 0";
	kept->trace.at_ms = kept->at_ms;
	return why;
}

static FILE *open_regular(const char *name, struct stat *status)
{
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (fstat(fd, status) || !S_ISREG(status->st_mode)) {
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

bool rate_trace_is_file(const char *file)
{
	struct stat status;

	if (stat(file, &status))
		return false;
	for (const struct kept *kept = all; kept; kept = kept->next)
		if (kept->status.st_dev == status.st_dev &&
		    kept->status.st_ino == status.st_ino)
			return true;
	return false;
}

/* It is the file that was read, and nobody has written to it since. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

const char *rate_trace_read(const char *name,
			    const struct cn_rate_trace **trace)
{
	struct stat status;
	struct kept *kept;
	const char *why;
	FILE *file;

	for (kept = all; kept; kept = kept->next)
		if (!strcmp(kept->name, name) && !stat(name, &status) &&
		    is_same(&kept->status, &status)) {
			*trace = &kept->trace;
			return NULL;
		}
	why = has_room(0);
	if (why)
		return why;
	file = open_regular(name, &status);
	if (!file)
		return errno == ENODEV ? "not a regular file" :
		       errno == EACCES ? "it may not be read" :
					 "no such file, or it cannot be read";
	kept = calloc(1, sizeof(*kept));
	if (kept) {
		kept->name = strdup(name);
		kept->status = status;
	}
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
