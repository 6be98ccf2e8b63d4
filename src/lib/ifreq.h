/* SPDX-License-Identifier: MIT */
#ifndef LIB_IFREQ_H
#define LIB_IFREQ_H

#include "lib/hub.h"

/* SIOCGIF... of a stack's links, after netdevice(7): 0, or a positive errno;
 * ENOTTY: it is none of these.  Locked. */
int ifreq_ioctl(const struct cn_stack *stack, unsigned long request, void *arg);

#endif
