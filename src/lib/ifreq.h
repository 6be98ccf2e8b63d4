/* SPDX-License-Identifier: MIT */
#ifndef LIB_IFREQ_H
#define LIB_IFREQ_H

#include "lib/hub.h"

/* SIOCGIF... of a stack's links, after netdevice(7): 0, or a positive errno;
 * ENOTTY: it is none of these.  Locked. */
int ifreq_ioctl(const struct cn_stack *stack, unsigned long request, void *arg);

/* Numbers of interfaces, as SIOCGIFINDEX tells them, and of the host's links;
 * -1: there is none. */
int ifreq_index_of_link(int link);
int ifreq_link_of_index(const struct cn_stack *stack, int index);
/* The link that bears an IPv4 address. */
int ifreq_link_of_v4(const struct cn_stack *stack, uint32_t addr);
int ifreq_link_of_name(const struct cn_stack *stack, const char *name);
/* "" for none; room for IFNAMSIZ octets. */
void ifreq_name_of_link(const struct cn_stack *stack, int link, char *name);

#endif
