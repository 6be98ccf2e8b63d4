/* SPDX-License-Identifier: MIT */
/* What catenet why judges by, of one row. */
#ifndef RUN_WORLD_FACTS_H
#define RUN_WORLD_FACTS_H

#include <catenet/socket.h>

#include "see/why.h"

/* info: filled too, all zero where the row has no connection.  Within
 * cn_host_each's see() alone. */
void facts_of(const struct cn_sock_row *row, struct cn_tcp_info *info,
	      struct see_facts *facts, uint64_t now);

#endif
