/* SPDX-License-Identifier: MIT */
/*
 * The seccomp filter of a supervised program: what is ours is notified, what
 * would pass us by is refused, everything else is the kernel's and costs
 * nothing.
 */
#ifndef RUN_FILTER_H
#define RUN_FILTER_H

#include <stdbool.h>
#include <stdint.h>

/* The audit number of the ABI this program was built for. */
#if defined(__x86_64__)
#define FILTER_ARCH UINT32_C(0xc000003e)
#elif defined(__aarch64__)
#define FILTER_ARCH UINT32_C(0xc00000b7)
#else
#error "catenet run knows x86-64 and AArch64"
#endif

/*
 * Puts the filter on the calling thread and returns the descriptor on which
 * its calls are notified (close-on-exec), or -errno.  Without the right to do
 * it otherwise, no_new_privs is set; always when force_nnp.
 * sendmsg: each call of it is notified, not only those whose flags ask for it;
 * who calls this uses sendmmsg to hand the descriptor on.
 */
int filter_install(bool force_nnp, bool sendmsg);

#endif
