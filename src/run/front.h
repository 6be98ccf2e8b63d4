/* SPDX-License-Identifier: MIT */
/*
 * The process that the shell knows.
 */
#ifndef RUN_FRONT_H
#define RUN_FRONT_H

#include <sys/types.h>

/* What a signal that the front passes on bears. */
enum {
	FRONT_TERMINAL, /* the program has had it, too */
	FRONT_SENT, /* to the front alone */
};

/* Stands before the supervisor until it ends; returns the exit code.  All
 * signals are blocked. */
int front_stand(pid_t supervisor);

/* Standard input and output are the program's, who may want its peers to see
 * them end: ours become /dev/null.  Standard error stays, to speak on. */
void give_up_standard(void);

#endif
