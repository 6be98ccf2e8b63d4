/* SPDX-License-Identifier: MIT */
/*
 * The processes under the supervisor: all descendants, since it is their
 * reaper.
 */
#ifndef RUN_FAMILY_H
#define RUN_FAMILY_H

#include <stdbool.h>
#include <sys/types.h>

/* Sends sig to every descendant of this process; how many there were. */
unsigned family_signal(int sig);
/* The same to its children alone: the program, and those whose parent ended. */
unsigned family_signal_children(int sig);
bool process_is_stopped(pid_t pid);
/* It has a terminal, is of the group in front there, and runs. */
bool process_is_in_front(pid_t pid);

#endif
