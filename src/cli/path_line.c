/* SPDX-License-Identifier: MIT */
/* One path, as it is typed. */
#include "cli/path_line.h"

#include <stdio.h>
#include <string.h>

#include "link/profile.h"
#include "link/units.h"

#define MTU_MIN 576
#define MTU_MAX 65535

void path_line_init(struct path_line *line)
{
	memset(line, 0, sizeof(*line));
	line->mtu = 1500;
}

const char *path_net_name(size_t i)
{
	return i < profile_count() ? profile_at(i)->name : NULL;
}

static const char *take_net(struct path_line *line, const char *value)
{
	const struct profile *profile = profile_find(value);

	if (!profile)
		return "no such path; catenet run --net lists them";
	if (line->changed)
		return "a path that has a name comes first, and once: it would "
		       "undo what stands before it";
	line->changed = true;
	profile_apply(profile, &line->up, &line->down);
	return NULL;
}

const char *path_said(unsigned *said, const char *name)
{
	static const struct {
		const char *name[2], *why;
	} same[] = {
		{{"delay", "rtt"},
		 "--delay and --rtt: say one of them; --rtt is the delay of "
		 "both ways together"},
		{{"rate", "trace"},
		 "--rate and --trace: say one of them; a trace is a rate that "
		 "varies"},
	};

	for (unsigned i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		for (unsigned k = 0; k < 2; k++) {
			if (strcmp(name, same[i].name[k]) != 0)
				continue;
			*said |= 1u << (2 * i + k);
			if (*said & 1u << (2 * i + !k))
				return same[i].why;
		}
	return NULL;
}

const char *path_take_drop(const char *value, const char **drop)
{
	static char why[CN_DROP_ERROR];

	if (cn_drop_error(value, NULL, why, sizeof(why)))
		return why;
	if (!value[strspn(value, " \t\n;")])
		return "no rule; write for example 'up syn #1'";
	*drop = value;
	return NULL;
}

const char *path_take_words(const char *value, struct cn_impair *impair)
{
	if (!value[strspn(value, " =")])
		return "no word; write for example 'loss 5% rate 1mbit'";
	return units_impair_list(value, impair);
}

static const char *take_mtu(struct path_line *line, const char *value)
{
	uint64_t mtu;

	if (units_count(value, MTU_MIN, MTU_MAX, &mtu))
		return "a number of octets from 576 to 65535";
	line->mtu = (uint32_t)mtu;
	return NULL;
}

const char *path_take(struct path_line *line, int key, const char *name,
		      const char *value)
{
	const char *why;

	switch (key) {
	case PATH_NET:
		return take_net(line, value);
	case PATH_DROP:
		return path_take_drop(value, &line->drop);
	case PATH_MTU:
		return take_mtu(line, value);
	default:
		break;
	}
	line->changed = true;
	switch (key) {
	case PATH_UP:
		return path_take_words(value, &line->up);
	case PATH_DOWN:
		return path_take_words(value, &line->down);
	default:
		why = path_said(&line->said, name);
		if (!why)
			why = units_impair(name, value, &line->up);
		return why ? why : units_impair(name, value, &line->down);
	}
}

static bool has_rate(const struct cn_impair *impair)
{
	return impair->rate || impair->rate_trace;
}

const char *path_pair_check(const struct cn_impair *up,
			    const struct cn_impair *down)
{
	const char *why = cn_impair_error(up);

	if (!why)
		why = cn_impair_error(down);
	if (why || has_rate(up) || has_rate(down))
		return why;
	if (up->mark || down->mark)
		return "--mark needs --rate or --trace: without one no packet "
		       "waits";
	if (up->queue || up->queue_octets || down->queue || down->queue_octets)
		return "--queue needs --rate or --trace: without one no packet "
		       "waits";
	return NULL;
}

const char *path_check(const struct path_line *line)
{
	return path_pair_check(&line->up, &line->down);
}
