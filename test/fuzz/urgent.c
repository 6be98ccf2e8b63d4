/* SPDX-License-Identifier: MIT */
/*
 * Row 36 of the attacks: segments with any urgent pointer, in any order, into
 * one connection.  What the application reads is the stream in order; an
 * octet may be missing only if it was taken out as urgent.
 */
#include <stdlib.h>
#include <string.h>

#include <catenet/host.h>

#include "base/assert.h"
#include "link/heap.h"
#include "tcp/tcb.h"

#define STREAM 60000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The two octets at an offset tell the offset. */
static uint8_t octet(uint32_t off)
{
	return (uint8_t)(off % 251);
}

struct reader {
	uint32_t off; /* next octet of the stream */
	uint32_t missing; /* taken out */
	uint32_t urgent; /* segments with URG so far */
};

static void read_some(struct tcb *tcb, struct reader *reader, size_t most,
		      uint64_t now)
{
	uint8_t data[300], oob;
	int64_t n;
	uint32_t i;

	if (most > sizeof(data))
		most = sizeof(data);
	(void)tcp_recv(tcb, &oob, 1, CN_MSG_OOB, now);
	(void)tcp_at_mark(tcb);
	n = tcp_recv(tcb, data, most, 0, now);
	for (i = 0; n > 0 && i < (uint32_t)n; i++, reader->off++) {
		/* No more are missing than pointers came. */
		while (data[i] != octet(reader->off)) {
			reader->off++;
			reader->missing++;
			CN_ASSERT(!tcb->oobinline);
			CN_ASSERT(reader->missing <= reader->urgent);
		}
	}
}

static void arrive(struct tcb *tcb, struct cn_pool *pool, const uint8_t *op,
		   struct reader *reader, uint64_t now)
{
	struct tcp_seg seg = {.flags = TCP_ACK | TCP_URG};
	uint32_t off = tcb->rcv_nxt - (tcb->irs + 1), i;
	struct cn_buf *buf = cn_buf_new(pool, 2048);

	CN_ASSERT(buf);
	off += (uint32_t)op[0] * 8 + (op[1] & 7);
	off -= op[2] * 4u;
	if (off > STREAM)
		off = STREAM;
	seg.seq = tcb->irs + 1 + off;
	seg.ack = tcb->snd_nxt;
	seg.wnd = 1000;
	seg.data_len = (uint32_t)(op[3] & 1 ? op[4] * 5 : op[4]);
	if (seg.data_len > STREAM - off)
		seg.data_len = STREAM - off;
	seg.len = seg.data_len;
	seg.up = (uint16_t)(op[3] & 2 ? op[5] << 8 | op[6] : op[6]);
	if (op[3] & 4)
		seg.flags &= (uint8_t)~TCP_URG;
	else
		reader->urgent++;
	for (i = 0; i < seg.data_len; i++)
		buf->data[i] = octet(off + i);
	seg.slice[0] = (struct cn_slice){buf, buf->data, seg.data_len};
	seg.slice_n = seg.data_len > 0;
	(void)tcp_arrives(tcb, &seg, now);
	cn_buf_unref(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t key[16];
	struct cn_settings set;
	struct cn_counters count;
	struct budget budget = {64u << 20, 0, 0};
	struct random random;
	struct tcp_env env = {.set = &set};
	struct tcp_emit_limits limits = {0};
	struct tcp_seg syn_seg = {.flags = TCP_SYN}, out;
	struct reader reader = {0, 0, 0};
	struct tcp_syn syn;
	struct tcb tcb;
	uint64_t now = CN_NS_PER_SEC;

	if (len < 1)
		return 0;
	cn_settings_default(&set);
	memset(&count, 0, sizeof(count));
	random_init(&random, key, 1);
	env.pool = cn_pool_new(&heap_memory);
	env.budget = &budget;
	env.random = &random;
	env.count = &count;
	/* Sequence numbers that wrap on the way. */
	syn_seg.seq = 0xffffff00u + data[0];
	syn_seg.len = 1;
	tcp_syn_init(&syn, &env, &syn_seg, 7, set.rcvbuf);
	tcb_init(&tcb, &env);
	tcp_set_path(&tcb, 1460, 1460, 536);
	tcp_from_syn(&tcb, &syn, 0, now, now);
	syn_seg.seq++;
	syn_seg.len = 0;
	syn_seg.flags = TCP_ACK;
	syn_seg.ack = 8;
	syn_seg.wnd = 1000;
	(void)tcp_arrives(&tcb, &syn_seg, now);
	tcb.oobinline = data[0] & 1;
	for (data++, len--; len >= 8; data += 8, len -= 8) {
		arrive(&tcb, env.pool, data, &reader, now);
		while (tcp_emit(&tcb, &limits, &out, now))
			;
		if (data[7])
			read_some(&tcb, &reader, data[7], now);
		now += CN_NS_PER_MS;
	}
	while (tcb.rcv_queued)
		read_some(&tcb, &reader, 300, now);
	CN_ASSERT(reader.off <= tcb.rcv_nxt - (tcb.irs + 1));
	tcb_deinit(&tcb);
	CN_ASSERT(budget.used == 0);
	CN_ASSERT(cn_pool_in_use(env.pool) == 0);
	cn_pool_free(env.pool);
	return 0;
}
