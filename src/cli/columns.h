/* SPDX-License-Identifier: MIT */
/* Rows of catenet ss: in ss's columns, and as JSON. */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include "cli/holders.h"
#include "cli/row.h"

struct columns {
	bool info, timers, processes, memory;
	bool one_state; /* it goes without saying */
	bool one_kind; /* so does what it carries */
};

void columns_head(const struct columns *columns);
/* holders may be NULL. */
void columns_row(const struct columns *columns, const struct row *row,
		 const struct holders *holders);
/* One line, an object. */
void columns_json(const struct row *row, const struct holders *holders);

#endif
