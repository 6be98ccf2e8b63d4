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
	profile_apply(profile, &line->up, &line->down);
	return NULL;
}

static const char *take_drop(struct path_line *line, const char *value)
{
	static char why[CN_DROP_ERROR];

	if (cn_drop_error(value, NULL, why, sizeof(why)))
		return why;
	line->drop = value;
	return NULL;
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
		return take_drop(line, value);
	case PATH_MTU:
		return take_mtu(line, value);
	case PATH_UP:
		return units_impair_list(value, &line->up);
	case PATH_DOWN:
		return units_impair_list(value, &line->down);
	default:
		why = units_impair(name, value, &line->up);
		return why ? why : units_impair(name, value, &line->down);
	}
}

const char *path_check(const struct path_line *line)
{
	const char *why = cn_impair_error(&line->up);

	return why ? why : cn_impair_error(&line->down);
}
