/* SPDX-License-Identifier: MIT */
/*
 * RFC 7413 section 4.2: the client's first octets ride on its SYN, the
 * server's program reads them before the handshake is complete and may answer
 * at once.  Whatever goes wrong, the octets are sent again like any others.
 */
#include "tcp/fast_open.h"

#include <string.h>

#include "tcp/arrive.h"
#include "tcp/options.h"
#include "tcp/output.h"
#include "tcp/sendq.h"
#include "tcp/sent.h"
#include "tcp/timeout.h"
#include "tcp/trace.h"

/* Room for all options that a SYN might have, as Linux. */
#define SYN_OPTIONS_MAX TCP_OPTIONS_MAX

/* ---------------------------------------------------------------- client -- */

void tcp_fast_connect(struct tcb *tcb, uint32_t mss, bool has_cookie)
{
	tcb->fast = true;
	tcb->fast_data = has_cookie;
	/* With a cookie the SYN waits for what it shall bear. */
	tcb->fast_defer = has_cookie;
	/* RFC 7413 section 4.1.3.1: what the peer announced the last time. */
	if (has_cookie)
		options_peer_mss(tcb, mss ? mss : tcb->adv_mss);
}

void tcp_syn_start(struct tcb *tcb, uint64_t now)
{
	tcb->fast_defer = false;
	tcb->first_tx_ms = ms_of(now);
	tcb->owe |= TCP_OWE_SYN;
	timeout_restart(tcb, now);
	/* Without memory for a record it is not measured, no more. */
	(void)sent_push(tcb, tcb->iss, 0, 1, TCP_SYN, now);
}

static uint32_t syn_room(const struct tcb *tcb)
{
	uint32_t mss = tcb->snd_mss;

	return mss > SYN_OPTIONS_MAX ? mss - SYN_OPTIONS_MAX : 0;
}

static uint32_t queue(struct tcb *tcb, const uint8_t *data, uint32_t len)
{
	struct cn_span span[8];
	uint32_t done = 0;
	int n = sendq_reserve(tcb, len, span, 8);

	for (int i = 0; i < n; i++) {
		memcpy(span[i].data, data + done, span[i].len);
		done += (uint32_t)span[i].len;
	}
	if (done)
		sendq_commit(tcb, done);
	return done;
}

int64_t tcp_fast_send(struct tcb *tcb, const void *data, size_t len,
		      uint64_t now)
{
	uint32_t room = syn_room(tcb), done = 0;

	if (tcb->state != CN_SYN_SENT || !tcb->fast_defer)
		return CN_E_AGAIN;
	if (len < room)
		room = (uint32_t)len;
	if (room)
		done = queue(tcb, data, room);
	tcp_syn_start(tcb, now);
	timeout_settle(tcb, now);
	return done;
}

uint32_t fast_syn_len(const struct tcb *tcb)
{
	uint32_t room = syn_room(tcb), len;

	/* RFC 7413 section 4.2.1: a SYN that is repeated is a plain one; whatever
	 * is on the way may not like the other. */
	if (!tcb->fast_data || tcb->syn_rexmitted ||
	    tcb->state != CN_SYN_SENT || tcb->snd_nxt != tcb->iss + 1)
		return 0;
	len = tcb->snd_end - tcb->snd_nxt;
	return len < room ? len : room;
}

void fast_syn_acked(struct tcb *tcb)
{
	if (tcb->snd_nxt == tcb->iss + 1)
		return;
	if (tcb->snd_una == tcb->snd_nxt) {
		tcb->fast_acked = true;
		tcb->env->count->fastopen_active++;
		return;
	}
	/* RFC 7413 section 4.2.1: what it did not take goes again at once; the
	 * network has lost nothing, the window stays. */
	tcb->env->count->fastopen_active_fail++;
	if (!tcb->sent)
		return;
	/* The peer's MSS may be smaller than was believed. */
	sent_recut_first(tcb, output_mss(tcb));
	sent_lose_all(tcb);
	tcb->owe |= TCP_OWE_REXMIT;
}

/* ---------------------------------------------------------------- server -- */

void tcp_fast_accept(struct tcb *tcb, const struct tcp_seg *seg, bool cookie,
		     uint64_t now)
{
	struct arrival a = {
		.seg = seg,
		.now = now,
		.seq = seg->seq + 1,
		.len = seg->data_len < tcb->rcv_wnd ? seg->data_len :
						      tcb->rcv_wnd,
	};

	tcb->fast_child = true;
	tcb->fast_cookie = cookie;
	tcb->snd_wnd = seg->wnd;
	tcb->max_snd_wnd = seg->wnd;
	tcb->snd_wl1 = seg->seq;
	ack_open_window(tcb, now);
	step7_text(tcb, &a);
	tcb->fast_acked = a.len > 0;
	/* The SYN-ACK acknowledges it all. */
	tcb->delack_at = CN_NEVER;
	tcb->owe = TCP_OWE_SYN;
	trace_in(tcb, seg, CN_LISTEN, CN_DROP_NONE, now);
}
