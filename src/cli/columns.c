/* SPDX-License-Identifier: MIT */
/* How a socket is written down. */
#include "cli/columns.h"

#include <inttypes.h>
#include <stdio.h>

static const char *timer_name(uint64_t timer)
{
	switch ((enum cn_timer_kind)timer) {
	case CN_TIMER_RTO:
	case CN_TIMER_TLP:
	case CN_TIMER_RACK:
		return "on";
	case CN_TIMER_PERSIST:
		return "persist";
	case CN_TIMER_KEEPALIVE:
		return "keepalive";
	case CN_TIMER_TIME_WAIT:
		return "timewait";
	case CN_TIMER_DELACK:
		return "delack";
	case CN_TIMER_FIN_WAIT_2:
		return "finwait2";
	case CN_TIMER_USER_TIMEOUT:
		return "usertimeout";
	case CN_TIMER_IDLE:
		return "idle";
	case CN_TIMER_SWS:
		return "cork";
	case CN_TIMER_N:
		break;
	}
	return "?";
}

/* As ss writes times, but for its seconds with a fraction, which it calls
 * "ms". */
static void print_time(uint64_t ns)
{
	uint64_t ms = ns / 1000000, s = ms / 1000;

	if (s >= 60)
		printf("%" PRIu64 "min", s / 60);
	if (s >= 60 && s % 60)
		printf("%" PRIu64 "sec", s % 60);
	else if (s >= 10 && s < 60)
		printf("%" PRIu64 "sec", s);
	else if (s && s < 10)
		printf("%" PRIu64 ".%03" PRIu64 "sec", s, ms % 1000);
	else if (!s)
		printf("%" PRIu64 "ms", ms);
}

static const struct holder *holders_of(const struct row *row,
				       const struct holders *holders, size_t *n)
{
	*n = 0;
	return holders ? holders_find(holders, row->inode, n) : NULL;
}

/* The world itself holds a copy for moments; that is nobody's business. */
static void print_holders(const struct row *row, const struct holders *holders)
{
	const char *comma = " users:(";
	const struct holder *holder;
	char name[256];
	size_t n;

	holder = holders_of(row, holders, &n);
	for (size_t i = 0; i < n; i++) {
		if ((uint64_t)holder[i].pid == row->pid ||
		    (uint64_t)holder[i].pid == row->world)
			continue;
		holder_name(holder[i].pid, name, sizeof(name));
		printf("%s(\"%s\",pid=%d,fd=%d)", comma, name,
		       (int)holder[i].pid, holder[i].fd);
		comma = ",";
	}
	if (*comma == ',')
		putchar(')');
}

static const char *const cc_name[CN_CC_N] = {
	[CN_CC_CUBIC] = "cubic",
	[CN_CC_RENO] = "reno",
	[CN_CC_BBR] = "bbr",
};

static void print_agreed(const struct row *row)
{
	if (row->has_ts)
		printf(" ts");
	if (row->has_sack)
		printf(" sack");
	if (row->has_ecn)
		printf(" ecn");
	printf(" %s", row->cc < CN_CC_N ? cc_name[row->cc] : "?");
	if (row->wscale_out || row->wscale_in)
		printf(" wscale:%" PRIu64 ",%" PRIu64, row->wscale_out,
		       row->wscale_in);
}

static void print_path(const struct row *row)
{
	printf(" rto:%.0f rtt:%.3f/%.3f mss:%" PRIu64 " pmtu:%" PRIu64
	       " rcvmss:%" PRIu64 " advmss:%" PRIu64 " cwnd:%" PRIu64,
	       (double)row->rto_us / 1e3, (double)row->rtt_us / 1e3,
	       (double)row->rttvar_us / 1e3, row->mss, row->pmtu, row->rcvmss,
	       row->advmss, row->cwnd / row->mss);
	if (row->ssthresh < UINT32_MAX)
		printf(" ssthresh:%" PRIu64, row->ssthresh / row->mss);
}

/* Those that ss leaves out when they are 0. */
static void print_count(const char *name, uint64_t n)
{
	if (n)
		printf(" %s:%" PRIu64, name, n);
}

static void print_rate(const char *name, uint64_t octets_s)
{
	if (octets_s)
		printf(" %s %" PRIu64 "bps", name, octets_s * 8);
}

static void print_limit(const struct row *row, const char *name, uint64_t ms)
{
	if (ms && row->busy_ms)
		printf(" %s:%" PRIu64 "ms(%.1f%%)", name, ms,
		       100.0 * (double)ms / (double)row->busy_ms);
}

static void print_info(const struct row *row)
{
	print_agreed(row);
	print_path(row);
	printf(" bytes_sent:%" PRIu64 " bytes_retrans:%" PRIu64
	       " bytes_acked:%" PRIu64 " bytes_received:%" PRIu64
	       " segs_out:%" PRIu64 " segs_in:%" PRIu64,
	       row->octets_sent, row->octets_retransmitted, row->octets_acked,
	       row->octets_received, row->segs_out, row->segs_in);
	print_count("data_segs_out", row->data_segs_out);
	print_count("data_segs_in", row->data_segs_in);
	print_rate("pacing_rate", row->pacing_rate);
	print_rate("delivery_rate", row->delivery_rate);
	if (row->busy_ms)
		printf(" busy:%" PRIu64 "ms", row->busy_ms);
	print_limit(row, "rwnd_limited", row->rwnd_ms);
	print_limit(row, "sndbuf_limited", row->sndbuf_ms);
	printf(" unacked:%" PRIu64, row->flight);
	print_count("retrans", row->segs_again);
	print_count("dsack_dups", row->dsack_dups);
	print_count("rcv_ooopack", row->ooo_segs_in);
	if (row->rcv_rtt_us)
		printf(" rcv_rtt:%.3f", (double)row->rcv_rtt_us / 1e3);
	printf(" rcv_space:%" PRIu64 " rcv_ssthresh:%" PRIu64, row->rcv_space,
	       row->rcv_ssthresh);
	if (row->rtt_us)
		printf(" minrtt:%.3f", (double)row->rtt_min_us / 1e3);
	printf(" notsent:%" PRIu64 " snd_wnd:%" PRIu64 " rcv_wnd:%" PRIu64,
	       row->unsent, row->snd_wnd, row->rcv_wnd);
}

void columns_head(const struct columns *columns)
{
	if (!columns->one_kind)
		printf("%-6s", "Netid");
	if (!columns->one_state)
		printf("%-11s", "State");
	printf("%-6s %-6s %25s %25s%s\n", "Recv-Q", "Send-Q",
	       "Local Address:Port", "Peer Address:Port",
	       columns->processes ? " Process" : "");
}

void columns_row(const struct columns *columns, const struct row *row,
		 const struct holders *holders)
{
	char local[ROW_LOCAL_MAX];

	row_local(row, local);
	if (!columns->one_kind)
		printf("%-6s", row_netid(row));
	if (!columns->one_state)
		printf("%-11s", row_state_name(row->state));
	printf("%-6" PRIu64 " %-6" PRIu64 " %25s %25s", row->recv_q,
	       row->send_q, local, row->peer);
	if (columns->processes)
		print_holders(row, holders);
	if (columns->timers && row->timer_in_ns != CN_NEVER) {
		printf(" timer:(%s,", timer_name(row->timer));
		print_time(row->timer_in_ns);
		printf(",%" PRIu64 ")", row->retransmits);
	}
	if ((columns->memory && row->sndbuf) || (columns->info && row->mss))
		printf("\n\t");
	if (columns->memory && row->sndbuf)
		printf(" skmem:(r%" PRIu64 ",rb%" PRIu64 ",t%" PRIu64
		       ",tb%" PRIu64 ",w%" PRIu64 ")",
		       row->recv_q, row->rcvbuf, row->flight, row->sndbuf,
		       row->send_q);
	if (columns->info && row->mss)
		print_info(row);
	putchar('\n');
}

/* ---------------------------------------------------------------- JSON -- */

/* The text is harmless already; JSON wants two characters more. */
static void json_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void json_holders(const struct row *row, const struct holders *holders)
{
	const char *comma = "";
	const struct holder *holder;
	char name[256];
	size_t n;

	printf(",\"holders\":[");
	holder = holders_of(row, holders, &n);
	for (size_t i = 0; i < n; i++) {
		if ((uint64_t)holder[i].pid == row->pid ||
		    (uint64_t)holder[i].pid == row->world)
			continue;
		holder_name(holder[i].pid, name, sizeof(name));
		printf("%s{\"pid\":%d,\"program\":", comma, (int)holder[i].pid);
		json_text(name);
		printf(",\"fd\":%d}", holder[i].fd);
		comma = ",";
	}
	putchar(']');
}

void columns_json(const struct row *row, const struct holders *holders)
{
	printf("{\"netid\":\"%s\",\"pid\":%" PRIu64 ",\"program\":",
	       row_netid(row), row->pid);
	json_text(row->program);
	if (*row->host) {
		printf(",\"host\":");
		json_text(row->host);
	}
	printf(",\"local\":");
	json_text(row->local);
	printf(",\"peer\":");
	json_text(row->peer);
	printf(",\"state_name\":\"%s\"",
	       row->udp && row->state == CN_CLOSED ?
		       row_state_name(row->state) :
		       cn_tcp_state_name((enum cn_tcp_state)row->state));
	json_holders(row, holders);
#define ROW_X(name, format, value)                                             \
	if (row->name == CN_NEVER)                                             \
		printf(",\"" #name "\":null");                                 \
	else                                                                   \
		printf(",\"" #name "\":%" PRIu64, row->name);
	if (row->udp) {
		CONTROL_DATAGRAM_COLUMNS(ROW_X)
	} else {
		CONTROL_COLUMNS(ROW_X)
	}
#undef ROW_X
	printf("}\n");
}
