/* SPDX-License-Identifier: MIT */
/* Errors of the engine in Linux's numbers, and back. */
#ifndef LIB_LINUX_ERR_H
#define LIB_LINUX_ERR_H

#include <catenet/base.h>

/* A positive errno for a negative error; 0 for CN_OK. */
int linux_errno(int err);
/* The error of the engine that comes nearest to an errno. */
int linux_err_from(int number);

#endif
