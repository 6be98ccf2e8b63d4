/* SPDX-License-Identifier: MIT */
/* The table of linux_opt.c, for those who set and tell what stands in it. */
#ifndef LIB_LINUX_OPT_ROW_H
#define LIB_LINUX_OPT_ROW_H

#include <stdbool.h>

#include "lib/linux_opt.h"

#define LINUX_SNDBUF_MIN 4608 /* SOCK_MIN_SNDBUF */
#define LINUX_RCVBUF_MIN 2304 /* SOCK_MIN_RCVBUF */
#define LINUX_CC_NAME_MAX 16 /* TCP_CA_NAME_MAX */

enum linux_kind {
	KIND_BOOL, /* any number, read back as 0 or 1 */
	KIND_RANGE, /* low .. high, EINVAL beyond */
	KIND_BIT, /* one of linux_sock's bits */
};

/* An option that is one int and one rule. */
struct linux_row {
	int level, opt;
	int what; /* enum cn_opt, or enum linux_bit */
	enum linux_kind kind;
	int low, high;
};

/* NULL: the option is not such a one. */
const struct linux_row *linux_opt_row(int level, int opt);
/* Does a socket of that family know the level at all? */
bool linux_opt_level(const struct linux_sock *ls, int level);

/* By enum cn_cc. */
extern const char *const linux_cc_names[CN_CC_N];

#endif
