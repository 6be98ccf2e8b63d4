/* SPDX-License-Identifier: MIT */
/* What many runs say together. */
#include "cli/sim_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define CCS 8
#define ALL CCS /* the row of all flows together */
#define MBIT 1e6

/* Of one controller: a number of each flow. */
struct row {
	double *goodput; /* Mbit/s */
	size_t n, room;
	size_t done, failed;
	double seconds; /* of those that are done, summed */
	uint64_t again, timeouts, segs;
};

struct sim_table {
	struct row row[CCS];
	uint64_t runs, stuck;
	uint64_t packets, lost, queue_drops, twice;
	double fairness, queue_mean;
	uint64_t queue_max;
	bool many; /* flows in a run */
};

struct sim_table *sim_table_new(void)
{
	return calloc(1, sizeof(struct sim_table));
}

void sim_table_free(struct sim_table *table)
{
	if (!table)
		return;
	for (int i = 0; i < CCS; i++)
		free(table->row[i].goodput);
	free(table);
}

static bool add_flow(struct row *row, const struct bulk_flow *flow)
{
	if (row->n == row->room) {
		size_t room = row->room ? row->room * 2 : 64;
		double *more =
			realloc(row->goodput, room * sizeof(*row->goodput));

		if (!more)
			return false;
		row->goodput = more;
		row->room = room;
	}
	row->goodput[row->n++] = bulk_goodput(flow) / MBIT;
	row->done += flow->done;
	row->failed += flow->err != 0;
	if (flow->done)
		row->seconds += (double)flow->ns / CN_NS_PER_SEC;
	row->again += flow->segs_again;
	row->timeouts += flow->timeouts;
	row->segs += flow->segs;
	return true;
}

bool sim_table_add(struct sim_table *table, const struct bulk_result *result)
{
	for (unsigned i = 0; i < result->flows; i++)
		if (result->flow[i].cc >= CCS ||
		    !add_flow(&table->row[result->flow[i].cc],
			      &result->flow[i]))
			return false;
	table->runs++;
	table->stuck += result->stuck;
	table->packets += result->packets;
	table->lost += result->lost;
	table->queue_drops += result->queue_drops;
	table->twice += result->again;
	table->fairness += bulk_fairness(result);
	table->queue_mean += result->queue_mean;
	if (result->queue_max > table->queue_max)
		table->queue_max = result->queue_max;
	table->many |= result->flows > 1;
	return true;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_row(const char *name, const struct row *row, FILE *out)
{
	double sum = 0;

	qsort(row->goodput, row->n, sizeof(*row->goodput), by_size);
	for (size_t i = 0; i < row->n; i++)
		sum += row->goodput[i];
	fprintf(out, "%-8s %6zu %9.3f %9.3f %9.3f %9.3f", name, row->n,
		sum / (double)row->n, row->goodput[row->n / 2], row->goodput[0],
		row->goodput[row->n - 1]);
	if (row->done)
		fprintf(out, " %9.3f", row->seconds / (double)row->done);
	else
		fprintf(out, " %9s", "-");
	fprintf(out, " %9.1f %8.2f%%", (double)row->again / (double)row->n,
		row->segs ? 100.0 * (double)row->again / (double)row->segs : 0);
	fprintf(out, " %8.2f", (double)row->timeouts / (double)row->n);
	if (row->failed)
		fprintf(out, "  %zu failed", row->failed);
	fputc('\n', out);
}

void sim_table_print(const struct sim_table *table, FILE *out)
{
	double runs = (double)table->runs;

	if (!table->runs) {
		fprintf(out, "no runs\n");
		return;
	}
	fprintf(out, "%-8s %6s %9s %9s %9s %9s %9s %9s %9s %8s\n", "cc",
		"flows", "Mbit/s", "median", "least", "most", "seconds",
		"again", "share", "timeouts");
	for (int i = 0; i < CCS; i++)
		if (table->row[i].n)
			print_row(bulk_cc_name((size_t)i) ?
					  bulk_cc_name((size_t)i) :
					  "?",
				  &table->row[i], out);
	fprintf(out,
		"%" PRIu64 " %s; a run: %.0f packets, %.1f lost, %.1f dropped "
		"by the queue, %.1f came twice for nothing\n",
		table->runs, table->runs == 1 ? "run" : "runs",
		(double)table->packets / runs, (double)table->lost / runs,
		(double)table->queue_drops / runs, (double)table->twice / runs);
	fprintf(out, "queue: %.1f packets on average, %" PRIu64 " at most",
		table->queue_mean / runs, table->queue_max);
	if (table->many)
		fprintf(out, "; Jain's index of the flows %.3f",
			table->fairness / runs);
	fputc('\n', out);
	if (table->stuck)
		fprintf(out,
			"%" PRIu64 " runs got stuck: a defect of catenet; "
			"--json says which seeds\n",
			table->stuck);
}

/* ----------------------------------------------------------------- JSON -- */

void sim_json_write(const struct bulk_result *result, FILE *out)
{
	fprintf(out,
		"{\"seed\": %" PRIu64
		", \"seconds\": %.9f, \"packets\": %" PRIu64
		", \"lost\": %" PRIu64 ", \"queue_drops\": %" PRIu64
		", \"twice\": %" PRIu64
		", \"queue_mean\": %.3f, \"queue_max\": %" PRIu64
		", \"stuck\": %s, \"flows\": [",
		result->seed, (double)result->ns / CN_NS_PER_SEC,
		result->packets, result->lost, result->queue_drops,
		result->again, result->queue_mean, result->queue_max,
		result->stuck ? "true" : "false");
	for (unsigned i = 0; i < result->flows; i++) {
		const struct bulk_flow *flow = &result->flow[i];

		fprintf(out,
			"%s{\"cc\": \"%s\", \"octets\": %" PRIu64
			", \"seconds\": %.9f, \"done\": %s, \"error\": \"%s\""
			", \"segments\": %" PRIu64 ", \"again\": %" PRIu64
			", \"timeouts\": %" PRIu64 ", \"recoveries\": %" PRIu64
			", \"srtt\": %.6f, \"goodput\": %.0f}",
			i ? ", " : "", bulk_cc_name(flow->cc), flow->octets,
			(double)flow->ns / CN_NS_PER_SEC,
			flow->done ? "true" : "false",
			flow->err ? cn_err_text(flow->err) : "", flow->segs,
			flow->segs_again, flow->timeouts, flow->recoveries,
			(double)flow->srtt_ns / CN_NS_PER_SEC,
			bulk_goodput(flow));
	}
	fprintf(out, "]}\n");
}

/* What is no number of ours: none, below nothing, or beyond what a run can
 * count. */
#define NUMBER_MOST 1e15

static double real(const json_t *object, const char *name, bool *good)
{
	const json_t *at = json_object_get(object, name);
	double value = json_number_value(at);

	if (json_is_number(at) && value >= 0 && value <= NUMBER_MOST)
		return value;
	*good = false;
	return 0;
}

static uint64_t number(const json_t *object, const char *name, bool *good)
{
	return (uint64_t)real(object, name, good);
}

static uint64_t duration(const json_t *object, const char *name, bool *good)
{
	double seconds = real(object, name, good);

	if (seconds > NUMBER_MOST / CN_NS_PER_SEC) {
		*good = false;
		seconds = 0;
	}
	return (uint64_t)llround(seconds * CN_NS_PER_SEC);
}

static bool boolean(const json_t *object, const char *name, bool *good)
{
	const json_t *at = json_object_get(object, name);

	if (!json_is_boolean(at))
		*good = false;
	return json_is_true(at);
}

/* The error of that text; CN_OK: "". */
static int error_of(const char *text, bool *good)
{
	static const int errors[] = {
#define CN_X(name, number, text, words) CN_E_##name,
		CN_ERRORS(CN_X)
#undef CN_X
	};

	if (!*text)
		return CN_OK;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(cn_err_text(errors[i]), text))
			return errors[i];
	*good = false;
	return CN_OK;
}

static bool read_flow(const json_t *object, struct bulk_flow *flow)
{
	const char *cc = json_string_value(json_object_get(object, "cc"));
	const char *error = json_string_value(json_object_get(object, "error"));
	bool good = true;
	size_t kind = 0;

	while (cc && bulk_cc_name(kind) && strcmp(bulk_cc_name(kind), cc) != 0)
		kind++;
	if (!cc || !bulk_cc_name(kind) || !error)
		return false;
	*flow = (struct bulk_flow){
		.cc = (uint8_t)kind,
		.done = boolean(object, "done", &good),
		.err = error_of(error, &good),
		.octets = number(object, "octets", &good),
		.ns = duration(object, "seconds", &good),
		.segs = number(object, "segments", &good),
		.segs_again = number(object, "again", &good),
		.timeouts = number(object, "timeouts", &good),
		.recoveries = number(object, "recoveries", &good),
		.srtt_ns = duration(object, "srtt", &good),
	};
	return good;
}

const char *sim_json_read(const char *line, struct bulk_result *result)
{
	json_t *object = json_loads(line, 0, NULL);
	const json_t *flows = json_object_get(object, "flows");
	const char *why = NULL;
	size_t n = json_array_size(flows);
	bool good = true;

	memset(result, 0, sizeof(*result));
	if (!object)
		why = "not a line of JSON";
	else if (!n || n > BULK_FLOWS || !json_object_get(object, "seed"))
		why = "no line that catenet sim --json wrote";
	for (size_t i = 0; !why && i < n; i++)
		if (!read_flow(json_array_get(flows, i), &result->flow[i]))
			why = "a flow in it is none of catenet sim's";
	if (!why) {
		result->flows = (unsigned)n;
		result->seed = number(object, "seed", &good);
		result->ns = duration(object, "seconds", &good);
		result->packets = number(object, "packets", &good);
		result->lost = number(object, "lost", &good);
		result->queue_drops = number(object, "queue_drops", &good);
		result->again = number(object, "twice", &good);
		result->queue_mean = real(object, "queue_mean", &good);
		result->queue_max = number(object, "queue_max", &good);
		result->stuck = boolean(object, "stuck", &good);
	}
	if (!good)
		why = "a value in it is none of catenet sim's";
	json_decref(object);
	return why;
}
