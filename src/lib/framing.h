/* SPDX-License-Identifier: MIT */
#ifndef LIB_FRAMING_H
#define LIB_FRAMING_H

#include <catenet/framing.h>

/* Looks for the end of the header lines: 1 and head_len, body_len and has_head
 * are set; 0: not yet; or an error. */
int headers_next(struct cn_deframer *deframer);

#endif
