/* SPDX-License-Identifier: MIT */
/* What a view such as ss shows: a row for whatever has two endpoints. */
#include <string.h>

#include "sock/sock.h"
#include "tcp/busy.h"

struct walk {
	const struct cn_host *host;
	void (*see)(void *ctx, const struct cn_sock_row *row);
	void *ctx;
};

static void timer_of(const struct cn_sock *sock, struct cn_sock_row *row)
{
	const struct tcb *tcb = &sock->tcb;

	row->timer_at = tcp_deadline(tcb);
	/* Housekeeping is nobody's business. */
	if (tcb->busy && row->timer_at == tcb->busy->idle_at)
		row->timer_at = tcb->keep_at;
	if (row->timer_at == CN_NEVER)
		return;
	if (row->timer_at == tcb->rexmit_at)
		row->timer = tcb->snd_nxt == tcb->snd_una ? CN_TIMER_PERSIST :
							    CN_TIMER_RTO;
	else if (row->timer_at == tcb->delack_at)
		row->timer = CN_TIMER_DELACK;
	else if (row->timer_at == tcb->sws_at)
		row->timer = CN_TIMER_SWS;
	else if (tcb->state == CN_FIN_WAIT_2 && tcb->orphan)
		row->timer = CN_TIMER_FIN_WAIT_2;
	else
		row->timer = tcb->keepalive ? CN_TIMER_KEEPALIVE :
					      CN_TIMER_IDLE;
}

static void row_of_sock(const struct cn_sock *sock, struct cn_sock_row *row)
{
	row->state = (uint8_t)cn_sock_state(sock);
	row->tag = sock->tag;
	row->sock = sock->owned ? sock : NULL;
	row->record = sock;
	if (sock->phase == SOCK_LISTENING) {
		row->recv_q = sock->listener->queued;
		row->send_q = sock->listener->backlog;
		return;
	}
	row->recv_q = sock->tcb.rcv_queued;
	row->send_q = (uint32_t)cn_sock_unacked(sock);
	if (sock->flow.kind != FLOW_CONN)
		return;
	timer_of(sock, row);
	if (!sock->owned)
		row->note = sock->tcb.orphan ? CN_ROW_ORPHAN : CN_ROW_QUEUED;
}

static bool row_of_syn(const struct cn_host *host,
		       const struct syn_entry *entry, struct cn_sock_row *row)
{
	static const uint8_t note[] = {
		[SYN_WAITS_NOT] = CN_ROW_PLAIN,
		[SYN_WAITS_ACK] = CN_ROW_PLAIN,
		[SYN_WAITS_ROOM] = CN_ROW_FULL,
		[SYN_WAITS_DATA] = CN_ROW_DEFERRED,
		[SYN_WAITS_GATEWAY] = CN_ROW_HELD,
	};
	enum syn_wait wait = syn_waits(host, entry);

	row->state = CN_SYN_RECEIVED;
	row->note = note[wait];
	row->timer = CN_TIMER_RTO;
	row->timer_at = syn_row_timer(host, entry);
	return wait != SYN_WAITS_NOT;
}

static void visit(void *object, void *ctx)
{
	const struct flow *flow = object;
	const struct walk *walk = ctx;
	struct cn_sock_row row;

	memset(&row, 0, sizeof(row));
	row.timer_at = CN_NEVER;
	row.local.addr = flow->tuple.local;
	row.local.port = flow->tuple.local_port;
	row.peer.addr = flow->tuple.peer;
	row.peer.port = flow->tuple.peer_port;
	switch ((enum flow_kind)flow->kind) {
	case FLOW_SOCK:
		/* The peer's place may hold a serial number. */
		memset(&row.peer, 0, sizeof(row.peer));
		row_of_sock((const struct cn_sock *)flow, &row);
		break;
	case FLOW_CONN:
		row_of_sock((const struct cn_sock *)flow, &row);
		break;
	case FLOW_SYN:
		if (!row_of_syn(walk->host, (const struct syn_entry *)flow,
				&row))
			return;
		break;
	case FLOW_TIME_WAIT:
		row.state = CN_TIME_WAIT;
		row.timer = CN_TIMER_TIME_WAIT;
		row.timer_at =
			tw_ends_at(walk->host, (const struct tw_entry *)flow);
		break;
	}
	walk->see(walk->ctx, &row);
}

void cn_host_each(const struct cn_host *host,
		  void (*see)(void *ctx, const struct cn_sock_row *row),
		  void *ctx)
{
	struct walk walk = {host, see, ctx};

	/* The walk changes nothing. */
	map_each((struct map *)(uintptr_t)&host->flows, visit, &walk);
}

bool cn_row_info(const struct cn_sock_row *row, struct cn_tcp_info *info)
{
	if (!row->record || row->state == CN_LISTEN)
		return false;
	return cn_sock_info(row->record, info) == CN_OK;
}

int cn_sock_info(const struct cn_sock *sock, struct cn_tcp_info *info)
{
	memset(info, 0, sizeof(*info));
	tcp_info(&sock->tcb, info);
	info->state = (uint8_t)cn_sock_state(sock);
	if (sock->tcb.path_mss)
		info->pmtu = sock->tcb.path_mss +
			     host_headers_len(&sock->flow.tuple.peer);
	return CN_OK;
}
