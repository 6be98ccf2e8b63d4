/* SPDX-License-Identifier: MIT */
/* What the summary tells, for people and as JSON. */
#include "run/world/tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "run/world/amount.h"

void tally_init(struct tally *tally, uint64_t now)
{
	memset(tally, 0, sizeof(*tally));
	list_init(&tally->rows);
	tally->began_at = now;
}

void tally_deinit(struct tally *tally)
{
	struct list *node;

	while ((node = list_first(&tally->rows))) {
		list_del(node);
		tally_unref(CN_CONTAINER(node, struct tally_row, node));
	}
}

struct tally_row *tally_open(struct tally *tally, uint64_t now)
{
	struct tally_row *row;

	tally->connections++;
	row = calloc(1, sizeof(*row));
	if (!row)
		return NULL;
	row->refs = 1;
	row->began_at = now;
	list_init(&row->node);
	if (tally->row_n < TALLY_ROWS) {
		tally->row_n++;
		row->refs++;
		list_add_tail(&tally->rows, &row->node);
	}
	return row;
}

struct tally_row *tally_ref(struct tally_row *row)
{
	if (row)
		row->refs++;
	return row;
}

void tally_unref(struct tally_row *row)
{
	if (row && !--row->refs)
		free(row);
}

void tally_program(struct tally *tally, struct tally_row *row,
		   const struct cn_tcp_info *info, uint64_t out, uint64_t in,
		   uint64_t now)
{
	tally->octets_out += out;
	tally->octets_in += in;
	tally->retrans_out += info->segs_retransmitted;
	if (!row)
		return;
	row->ended_at = now;
	row->handshake_ns = info->handshake;
	row->octets_out = out;
	row->octets_in = in;
	row->retrans_out = info->segs_retransmitted;
	row->segments_out = info->segs_out;
	row->rtt_min = info->rtt_min;
	row->rtt_avg = info->rtt_avg;
	row->rtt_max = info->rtt_max;
}

void tally_other(struct tally *tally, struct tally_row *row,
		 const struct cn_tcp_info *info)
{
	tally->retrans_in += info->segs_retransmitted;
	if (!row)
		return;
	row->retrans_in = info->segs_retransmitted;
	row->segments_in = info->segs_out;
}

void tally_limits(struct tally *tally, struct watch *watch, uint64_t now)
{
	for (struct list *node = tally->rows.next; node != &tally->rows;
	     node = node->next) {
		struct tally_row *row =
			CN_CONTAINER(node, struct tally_row, node);

		(void)watch_share(watch, &row->path_local, &row->path_peer, now,
				  &row->limits_out);
		(void)watch_share(watch, &row->path_peer, &row->path_local, now,
				  &row->limits_in);
	}
}

/* ---------------------------------------------------------- for people -- */

#define TEXT AMOUNT_TEXT

static void endpoint_text(char text[TEXT], const struct cn_endpoint *ep)
{
	char addr[CN_ADDR_TEXT];

	cn_addr_format(&ep->addr, addr);
	snprintf(text, TEXT, cn_addr_is_v4(&ep->addr) ? "%s:%u" : "[%s]:%u",
		 addr, ep->port);
}

static uint64_t lasted(const struct tally_row *row, uint64_t now)
{
	return (row->ended_at ? row->ended_at : now) - row->began_at;
}

static void print_way(FILE *out, const char *way, uint64_t octets, uint64_t ns,
		      uint64_t again, uint64_t segments)
{
	char amount[TEXT], rate[TEXT];

	amount_octets(amount, octets);
	amount_rate(rate, octets, ns);
	fprintf(out, "    %-4s %s, %s", way, amount, rate);
	if (segments)
		fprintf(out, ", %" PRIu64 " of %" PRIu64 " segments again",
			again, segments);
	fputc('\n', out);
}

static uint64_t total(const struct see_share *share)
{
	uint64_t sum = 0;

	for (int i = 0; i < SEE_LIMIT_N; i++)
		sum += share->ns[i];
	return sum;
}

/* The greatest share first; what is below one in a hundred is left out. */
static void print_limits(FILE *out, const struct see_share *share)
{
	struct see_share left = *share;
	uint64_t sum = total(share);
	const char *comma = "      limited by ";
	enum see_limit limit;

	if (!sum)
		return;
	while (see_share_most(&left, &limit) &&
	       left.ns[limit] >= (sum + 99) / 100) {
		fprintf(out, "%s%s %.0f %%", comma,
			see_text(SEE_EN, see_limit_key(limit)),
			100 * (double)left.ns[limit] / (double)sum);
		left.ns[limit] = 0;
		comma = ", ";
	}
	fputc('\n', out);
}

static void print_row(const struct tally_row *row, FILE *out, uint64_t now)
{
	char local[TEXT], peer[TEXT], shake[TEXT], min[TEXT], avg[TEXT];
	char max[TEXT];
	uint64_t ns = lasted(row, now);

	endpoint_text(local, &row->local);
	endpoint_text(peer, &row->peer);
	amount_time(shake, row->handshake_ns);
	fprintf(out, "  %s %s %s%s: handshake %s", local,
		row->incoming ? "<-" : "->", peer,
		row->inside ? " (inside)" : "", shake);
	if (row->rtt_max) {
		amount_time(min, row->rtt_min);
		amount_time(avg, row->rtt_avg);
		amount_time(max, row->rtt_max);
		fprintf(out, ", RTT min %s, mean %s, max %s", min, avg, max);
	}
	if (row->err)
		fprintf(out, ", ended by: %s", strerror(row->err));
	fputc('\n', out);
	print_way(out, "sent", row->octets_out, ns, row->retrans_out,
		  row->segments_out);
	if (row->octets_out)
		print_limits(out, &row->limits_out);
	print_way(out, "got", row->octets_in, ns, row->retrans_in,
		  row->segments_in);
	if (row->octets_in)
		print_limits(out, &row->limits_in);
}

static void print_path(const char *name, const struct cn_path_stats *stats,
		       FILE *out)
{
	uint64_t lost = stats->lost + stats->rule_drops + stats->queue_drops +
			stats->too_big;

	if (!lost && !stats->duplicated && !stats->corrupted &&
	    !stats->reordered)
		return;
	fprintf(out,
		"  path %s: %" PRIu64 " packets, %" PRIu64 " dropped (%.2f%%), "
		"%" PRIu64 " twice, %" PRIu64 " corrupted, %" PRIu64
		" out of order\n",
		name, stats->packets, lost,
		stats->packets ? 100 * (double)lost / (double)stats->packets :
				 0,
		stats->duplicated, stats->corrupted, stats->reordered);
}

static void print_paths(const struct tally_path *path, FILE *out)
{
	if (!path)
		return;
	print_path("up", &path->up, out);
	print_path("down", &path->down, out);
}

/* False: there were none. */
static bool print_datagrams(const struct tally_datagrams *count,
			    const char *before, FILE *out)
{
	uint64_t lost = count->out_dropped + count->in_dropped;

	if (!count->out && !count->in)
		return false;
	fprintf(out,
		"%s datagrams and pings: %" PRIu64 " packet%s sent, %" PRIu64
		" received",
		before, count->out, count->out == 1 ? "" : "s", count->in);
	if (lost)
		fprintf(out, ", %" PRIu64 " found no room", lost);
	fprintf(out, "\n");
	return true;
}

static uint64_t weight(const struct tally_row *row)
{
	return row->octets_in + row->octets_out;
}

/* The n-th heaviest, in the order of their beginning where they are equal. */
static const struct tally_row *next_heaviest(const struct tally *tally,
					     const struct tally_row *after)
{
	const struct tally_row *best = NULL;
	bool passed = false;

	for (const struct list *node = tally->rows.next; node != &tally->rows;
	     node = node->next) {
		const struct tally_row *row =
			CN_CONTAINER(node, struct tally_row, node);

		if (row == after) {
			passed = true;
			continue;
		}
		if (after && (weight(row) > weight(after) ||
			      (weight(row) == weight(after) && !passed)))
			continue;
		if (!best || weight(row) > weight(best))
			best = row;
	}
	return best;
}

void tally_print(const struct tally *tally, const struct tally_path *path,
		 FILE *out, uint64_t now)
{
	const struct tally_row *row = NULL;
	char sent[TEXT], got[TEXT], time[TEXT];
	uint64_t shown = 0;

	if (!tally->connections && !tally->failed) {
		if (print_datagrams(&tally->datagrams, "catenet:", out))
			print_paths(path, out);
		return;
	}
	amount_octets(sent, tally->octets_out);
	amount_octets(got, tally->octets_in);
	amount_time(time, now - tally->began_at);
	fprintf(out, "catenet: %" PRIu64 " connection%s", tally->connections,
		tally->connections == 1 ? "" : "s");
	if (tally->failed)
		fprintf(out, " (and %" PRIu64 " failed)", tally->failed);
	fprintf(out, ", sent %s, got %s, in %s\n", sent, got, time);
	while (shown < TALLY_SHOWN && (row = next_heaviest(tally, row))) {
		print_row(row, out, now);
		shown++;
	}
	if (tally->connections > shown)
		fprintf(out, "  ... and %" PRIu64 " more\n",
			tally->connections - shown);
	(void)print_datagrams(&tally->datagrams, " ", out);
	print_paths(path, out);
	if (tally->abandoned)
		fprintf(out, "  %" PRIu64 " %s never acknowledged\n",
			tally->abandoned,
			tally->abandoned == 1 ? "octet was" : "octets were");
}

/* ---------------------------------------------------------------- JSON -- */

static void json_endpoint(FILE *out, const char *name,
			  const struct cn_endpoint *ep)
{
	char text[CN_ADDR_TEXT];

	cn_addr_format(&ep->addr, text);
	fprintf(out, "\"%s\": {\"address\": \"%s\", \"port\": %u}, ", name,
		text, ep->port);
}

static void json_limits(FILE *out, const char *name,
			const struct see_share *share)
{
	uint64_t sum = total(share);

	if (!sum)
		return;
	fprintf(out, ", \"%s\": {", name);
	for (int i = 0; i < SEE_LIMIT_N; i++)
		fprintf(out, "%s\"%s\": %.4f", i ? ", " : "",
			see_limit_name((enum see_limit)i),
			(double)share->ns[i] / (double)sum);
	fputc('}', out);
}

static void json_row(FILE *out, const struct tally_row *row, uint64_t now)
{
	uint64_t ns = lasted(row, now);
	double goodput = ns ? 8e9 / (double)ns : 0;

	fprintf(out, "    {");
	json_endpoint(out, "local", &row->local);
	json_endpoint(out, "peer", &row->peer);
	fprintf(out,
		"\"incoming\": %s, \"inside\": %s, \"ended\": %s, "
		"\"error\": %d, \"seconds\": %.6f, "
		"\"handshake_ms\": %.3f, \"sent\": %" PRIu64
		", \"received\": %" PRIu64 ", "
		"\"sent_bit_per_s\": %.0f, \"received_bit_per_s\": %.0f, "
		"\"segments_sent\": %" PRIu64 ", \"retransmits_sent\": %" PRIu64
		", \"segments_received\": %" PRIu64
		", \"retransmits_received\": %" PRIu64 ", "
		"\"rtt_min_ms\": %.3f, \"rtt_avg_ms\": %.3f, "
		"\"rtt_max_ms\": %.3f",
		row->incoming ? "true" : "false",
		row->inside ? "true" : "false",
		row->ended_at ? "true" : "false", row->err, (double)ns / 1e9,
		(double)row->handshake_ns / 1e6, row->octets_out,
		row->octets_in, (double)row->octets_out * goodput,
		(double)row->octets_in * goodput, row->segments_out,
		row->retrans_out, row->segments_in, row->retrans_in,
		(double)row->rtt_min / 1e6, (double)row->rtt_avg / 1e6,
		(double)row->rtt_max / 1e6);
	json_limits(out, "limits_sent", &row->limits_out);
	json_limits(out, "limits_received", &row->limits_in);
	fputc('}', out);
}

static void json_path(FILE *out, const char *name,
		      const struct cn_path_stats *stats)
{
	fprintf(out,
		"    \"%s\": {\"packets\": %" PRIu64 ", \"octets\": %" PRIu64
		", \"delivered\": %" PRIu64 ", \"lost\": %" PRIu64
		", \"dropped_by_queue\": %" PRIu64
		", \"dropped_by_rule\": %" PRIu64 ", \"too_big\": %" PRIu64
		", \"duplicated\": %" PRIu64 ", \"corrupted\": %" PRIu64
		", \"reordered\": %" PRIu64 "}",
		name, stats->packets, stats->octets, stats->delivered,
		stats->lost, stats->queue_drops, stats->rule_drops,
		stats->too_big, stats->duplicated, stats->corrupted,
		stats->reordered);
}

/* Packets of the kernel's network inside. */
static void json_datagrams(FILE *out, const struct tally_datagrams *count)
{
	fprintf(out,
		"  \"datagrams\": {\"sent\": %" PRIu64
		", \"received\": %" PRIu64 ", \"dropped_beyond\": %" PRIu64
		", \"dropped_before\": %" PRIu64 ", \"tcp_dropped\": %" PRIu64
		", \"many_dropped\": %" PRIu64 "},\n",
		count->out, count->in, count->out_dropped, count->in_dropped,
		count->tcp_dropped, count->many_dropped);
}

/* Bounded tables of the gateway's that were full. */
static void json_crowded(FILE *out, const struct tally_crowded *count)
{
	fprintf(out,
		"  \"crowded_out\": {\"udp\": %" PRIu64 ", \"echo\": %" PRIu64
		", \"dns\": %" PRIu64 ", \"askers\": %" PRIu64
		", \"names\": %" PRIu64 "},\n",
		count->udp, count->echo, count->dns, count->askers,
		count->names);
}

/* Of the program's host; what was dropped by why, where anything was. */
static void json_counters(FILE *out, const struct cn_counters *count)
{
	const char *comma = "";

	fprintf(out, "  \"counters\": {");
#define CN_X(name, text)                                                       \
	fprintf(out, "\"%s\": %" PRIu64 ", ", #name, count->name);
	CN_COUNTERS(CN_X)
#undef CN_X
	fprintf(out, "\"drops\": {");
	for (int i = 1; i < CN_DROP_N; i++) {
		if (!count->drop[i])
			continue;
		fprintf(out, "%s\"%s\": %" PRIu64, comma,
			cn_drop_name((enum cn_drop)i), count->drop[i]);
		comma = ", ";
	}
	fprintf(out, "}},\n");
}

void tally_json(const struct tally *tally, const struct tally_path *path,
		const struct cn_counters *count, FILE *out, uint64_t now)
{
	const char *comma = "\n";

	fprintf(out,
		"{\n  \"version\": 1,\n  \"seconds\": %.6f,\n"
		"  \"connections\": %" PRIu64 ",\n  \"failed\": %" PRIu64
		",\n  \"sent\": %" PRIu64 ",\n  \"received\": %" PRIu64
		",\n  \"retransmits_sent\": %" PRIu64
		",\n  \"retransmits_received\": %" PRIu64
		",\n  \"abandoned\": %" PRIu64 ",\n",
		(double)(now - tally->began_at) / 1e9, tally->connections,
		tally->failed, tally->octets_out, tally->octets_in,
		tally->retrans_out, tally->retrans_in, tally->abandoned);
	if (path) {
		fprintf(out, "  \"path\": {\n");
		json_path(out, "up", &path->up);
		fprintf(out, ",\n");
		json_path(out, "down", &path->down);
		fprintf(out, "\n  },\n");
		json_datagrams(out, &tally->datagrams);
		json_crowded(out, &tally->crowded);
	}
	if (count)
		json_counters(out, count);
	fprintf(out, "  \"rows\": [");
	for (const struct list *node = tally->rows.next; node != &tally->rows;
	     node = node->next) {
		fprintf(out, "%s", comma);
		json_row(out, CN_CONTAINER(node, struct tally_row, node), now);
		comma = ",\n";
	}
	fprintf(out, "\n  ]\n}\n");
}
