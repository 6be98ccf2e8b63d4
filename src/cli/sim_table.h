/* SPDX-License-Identifier: MIT */
/*
 * Results of simulated runs: as lines of JSON, one a seed, and gathered into
 * one table, a row for each controller.
 */
#ifndef CLI_SIM_TABLE_H
#define CLI_SIM_TABLE_H

#include <stdio.h>

#include "sim/bulk.h"

struct sim_table;

struct sim_table *sim_table_new(void); /* NULL: no memory */
void sim_table_free(struct sim_table *table);

/* One run; false: no memory. */
bool sim_table_add(struct sim_table *table, const struct bulk_result *result);
/* The rows, when all have been added. */
void sim_table_print(const struct sim_table *table, FILE *out);

void sim_json_write(const struct bulk_result *result, FILE *out);
/* NULL, or why the line is none that sim_json_write wrote. */
const char *sim_json_read(const char *line, struct bulk_result *result);

#endif
