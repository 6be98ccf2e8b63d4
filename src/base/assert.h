/* SPDX-License-Identifier: MIT */
/*
 * Assertions that stay in release builds.  They are for what only our own
 * code can do wrong; what a peer or the environment can do is answered,
 * counted or returned as an error.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#define CN_ASSERT(x) ((x) ? (void)0 : __builtin_trap())

#endif
