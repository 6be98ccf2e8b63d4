/* SPDX-License-Identifier: MIT */
/*
 * The other side of look.h, in the process that looks: what the world writes to
 * a socket goes to a file, or to the screen.
 */
#ifndef RUN_WORLD_ONLOOKER_H
#define RUN_WORLD_ONLOOKER_H

#include "link/capture_file.h"
#include "loop/loop.h"
#include "run/world/look.h"

struct onlooker {
	struct loop *loop; /* NULL: onlooker_copy is called by hand */
	struct loop_watch watch; /* the socket */
	struct capture_file file;
	const char *name; /* of the file */
	bool failed; /* it was said */
};

/* name NULL: standard error; "-": standard output.  The descriptor to give to
 * the world, or -errno. */
int onlooker_open(struct onlooker *onlooker, struct loop *loop,
		  const char *name);
/* Copies what has come; false: no more will. */
bool onlooker_copy(struct onlooker *onlooker);
/* Has enough: copies what is left, while the world goes on telling it. */
void onlooker_close(struct onlooker *onlooker);

#endif
