/* SPDX-License-Identifier: MIT */
/*
 * Rules that drop exactly the packets that they describe: docs/drop.md is
 * their definition.  Occurrences are counted for each connection.
 */
#ifndef LINK_DROP_RULE_H
#define LINK_DROP_RULE_H

#include <catenet/link.h>

#include "link/drop_parse.h"

/* Connections whose occurrences are remembered; the one unused longest makes
 * room. */
#define DROP_CONNECTIONS 4096u

struct drop_rules;

/* CN_E_INVAL with *error, or CN_E_NOMEM.  *rules is NULL when the text holds
 * none for this direction. */
int drop_rules_new(struct cn_pool *pool, const char *text, char direction,
		   const uint8_t seed[16], struct drop_error *error,
		   struct drop_rules **rules) CN_MUST_CHECK;
void drop_rules_free(struct drop_rules *rules); /* NULL is allowed */

/* Counts the packet for every rule that it fits; true when one drops it. */
bool drop_rules_match(struct drop_rules *rules, const struct cn_frame *frame);

#endif
