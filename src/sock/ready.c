/* SPDX-License-Identifier: MIT */
/*
 * What poll(2) would say, after Linux's tcp_poll; test/spec/host_ready.c holds
 * what a kernel really said.
 */
#include "sock/sock.h"
#include "tcp/room.h"
#include "tcp/tune.h"

static uint32_t lowat(const struct cn_sock *sock)
{
	const struct tcp_tune *tune = sock->tcb.tune;
	uint32_t want = tune && tune->rcvlowat ? tune->rcvlowat : 1;
	uint32_t fits = tune_rcvbuf(&sock->tcb);

	/* More than fits would never come. */
	return want < fits ? want : fits;
}

static bool has_input(const struct cn_sock *sock)
{
	return sock->tcb.rcv_queued >= lowat(sock);
}

static unsigned ready_data(const struct cn_sock *sock, bool wr_shut)
{
	const struct tcb *tcb = &sock->tcb;
	unsigned bits = 0;

	if (has_input(sock))
		bits |= CN_READY_IN;
	if (wr_shut || room_is_writable(tcb))
		bits |= CN_READY_OUT;
	if (tcb->oob_has ||
	    (tcb->oobinline && (tcb->urg_in || tcb->rcv_mark != UINT32_MAX)))
		bits |= CN_READY_PRI;
	return bits;
}

unsigned cn_sock_ready(const struct cn_sock *sock)
{
	const struct tcb *tcb = &sock->tcb;
	bool rd_shut = tcb->fin_rcvd || tcb->rd_shut || sock->over;
	bool wr_shut = sock->wr_shut || sock->over;
	bool live = sock_is_live(sock);
	unsigned bits = 0;

	if (sock->phase == SOCK_LISTENING)
		return sock->listener->queued ? CN_READY_IN : 0;
	if (!live || (rd_shut && wr_shut))
		bits |= CN_READY_HUP;
	if (rd_shut)
		bits |= CN_READY_IN | CN_READY_RDHUP;
	if (!sock_is_opening(sock))
		bits |= ready_data(sock, wr_shut || !live);
	/* As Linux: its SYN waits for the first octets. */
	else if (tcb->fast_defer)
		bits |= CN_READY_OUT;
	if (sock->err)
		bits |= CN_READY_ERR;
	return bits;
}

size_t cn_sock_readable(const struct cn_sock *sock)
{
	return sock->tcb.rcv_queued;
}

size_t cn_sock_inq(const struct cn_sock *sock)
{
	const struct tcb *tcb = &sock->tcb;

	return !tcb->oobinline && tcb->rcv_mark < tcb->rcv_queued ?
		       tcb->rcv_mark :
		       tcb->rcv_queued;
}

size_t cn_sock_unacked(const struct cn_sock *sock)
{
	const struct tcb *tcb = &sock->tcb;

	if (sock_is_opening(sock) || seq_le(tcb->snd_end, tcb->snd_una))
		return 0;
	return tcb->snd_end - tcb->snd_una;
}

size_t cn_sock_writable(const struct cn_sock *sock)
{
	if (!sock_is_live(sock) || sock->wr_shut)
		return 0;
	return tcp_send_room(&sock->tcb);
}

bool cn_sock_peer_closed(const struct cn_sock *sock)
{
	return sock->tcb.fin_rcvd;
}

unsigned cn_sock_pending(const struct cn_sock *sock, unsigned *limit)
{
	if (sock->phase != SOCK_LISTENING) {
		if (limit)
			*limit = 0;
		return 0;
	}
	if (limit)
		*limit = sock->listener->backlog + 1;
	return sock->listener->queued;
}

enum cn_tcp_state cn_sock_state(const struct cn_sock *sock)
{
	if (sock->phase == SOCK_LISTENING)
		return CN_LISTEN;
	/* As Linux: TIME-WAIT belongs to the host, no longer to a socket. */
	return sock_is_live(sock) ? (enum cn_tcp_state)sock->tcb.state :
				    CN_CLOSED;
}
