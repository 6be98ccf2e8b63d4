/* SPDX-License-Identifier: MIT */
/*
 * What goes over the path, on one line of the terminal that is written again
 * every second: octets of packets and their rate each way, connections, loss.
 *
 * The terminal is the program's.  The line is drawn below the cursor, which
 * comes back to where it was, so that a line that the program has begun stays
 * whole; what stands below or to the right of the cursor is erased.  Of a program
 * that says several lines in a second, one may end in a rest of ours.  It is not
 * drawn while the program is stopped or in the background, nor where writing
 * would wait.
 */
#ifndef RUN_WORLD_PROGRESS_H
#define RUN_WORLD_PROGRESS_H

struct progress;
struct world;

/* NULL: nobody asked for it, standard error is no terminal that can do this,
 * or a ladder is drawn there. */
struct progress *progress_new(struct world *world);
/* Erases the line; NULL is allowed. */
void progress_free(struct progress *progress);

#endif
