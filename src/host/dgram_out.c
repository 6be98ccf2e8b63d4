/* SPDX-License-Identifier: MIT */
/*
 * Datagrams on their way out.  One is copied once, into a buffer with its
 * header, and waits in its link's queue until the driver asks; what is too long
 * for the path leaves as fragments, one at each turn, which borrow from that
 * buffer (RFC 791 section 3.2, RFC 8200 section 4.5).
 */
#include <string.h>

#include "base/assert.h"
#include "host/dgram.h"
#include "host/host.h"
#include "wire/checksum.h"
#include "wire/octets.h"
#include "wire/udp.h"

#define HEADER_LEN 8 /* UDP's and ICMP's alike */
#define IP6_FRAGMENT_LEN 8
#define PMTU_LEAST 1280u

/* ------------------------------------------------------------- the path -- */

static uint32_t ip_header_len(const struct cn_addr *peer)
{
	return cn_addr_is_v4(peer) ? IP4_HEADER_LEN : IP6_HEADER_LEN;
}

uint32_t dgram_path_mtu(const struct cn_dgram *dgram,
			const struct cn_addr *peer, int link, uint64_t now)
{
	struct cn_host *host = dgram->host;
	uint32_t mtu = host->link[link].mtu, path;

	if (dgram->discover == DISCOVER_PROBE ||
	    dgram->discover == DISCOVER_INTERFACE ||
	    dgram->discover == DISCOVER_OMIT || cn_addr_is_multicast(peer))
		return mtu;
	path = net_pmtu(&host->net, peer, now);
	return path < mtu ? path : mtu;
}

static bool refuses_to_cut(const struct cn_dgram *dgram)
{
	return dgram->discover == DISCOVER_DO ||
	       dgram->discover == DISCOVER_PROBE ||
	       dgram->discover == DISCOVER_INTERFACE;
}

static bool wants_df(const struct cn_dgram *dgram, bool v6)
{
	return v6 || dgram->discover == DISCOVER_WANT ||
	       dgram->discover == DISCOVER_DO ||
	       dgram->discover == DISCOVER_PROBE;
}

/* ------------------------------------------------------------ building -- */

static void gather(uint8_t *p, const struct dgram_sending *what)
{
	for (unsigned i = 0; i < what->piece_n; i++) {
		if (what->piece[i].len)
			memcpy(p, what->piece[i].data, what->piece[i].len);
		p += what->piece[i].len;
	}
}

static void udp_header(uint8_t *p, const struct dgram_sending *what)
{
	const struct udp_hdr udp = {
		.src_port = what->tuple.local_port,
		.dst_port = what->tuple.peer_port,
		.data_len = what->len,
	};

	udp_emit(p, &udp);
	gather(p + UDP_HEADER_LEN, what);
}

/* The application wrote the message; its identifier is the socket's. */
static void echo_header(uint8_t *p, const struct dgram_sending *what)
{
	gather(p, what);
	put16(p + 4, what->tuple.local_port);
	put16(p + 2, 0);
}

static uint8_t checksum_off(const struct dgram_out *out)
{
	return out->ip.protocol == IP_UDP ? UDP_CHECKSUM_OFF : 2;
}

/* RFC 768: what comes out as zero is sent as its other form, since zero says
 * that there is none. */
static void add_checksum(struct dgram_out *out, bool by_link)
{
	uint8_t *field = out->buf->data + checksum_off(out);
	struct checksum sum = {0};
	uint16_t value;

	if (out->ip.protocol != IP_ICMP)
		checksum_add_pseudo(&sum, &out->ip.src, &out->ip.dst,
				    out->ip.protocol, out->len);
	if (by_link && out->ip.protocol == IP_UDP) {
		out->csum = CN_CSUM_PARTIAL;
		put16(field, checksum_fold(&sum));
		return;
	}
	checksum_add(&sum, out->buf->data, out->len);
	value = checksum_finish(&sum);
	if (!value && out->ip.protocol == IP_UDP)
		value = 0xffff;
	out->csum = CN_CSUM_NONE;
	put16(field, value);
}

static void set_ip(struct dgram_out *out, struct cn_dgram *dgram,
		   const struct dgram_sending *what)
{
	struct net *net = &dgram->host->net;
	struct ip_hdr *ip = &out->ip;
	bool v4 = cn_addr_is_v4(&what->tuple.peer);

	ip->src = what->tuple.local;
	ip->dst = what->tuple.peer;
	ip->version = v4 ? 4 : 6;
	ip->protocol = IP_UDP;
	if (dgram->protocol == DGRAM_PING)
		ip->protocol = v4 ? IP_ICMP : IP_ICMP6;
	ip->ttl = what->ttl;
	ip->tos = what->tos;
	ip->df = !out->step && wants_df(dgram, !v4);
	ip->is_fragment = out->step > 0;
	/* RFC 6864: what is whole and stays so needs no identification. */
	if (!ip->df || out->step)
		ip->id = net_ident(net, &ip->src, &ip->dst, ip->protocol);
	ip->payload_len = out->len;
}

/* How much of the upper layer each fragment carries; 0: all fits. */
static uint32_t step_of(const struct dgram_sending *what, uint32_t len,
			uint32_t mtu)
{
	uint32_t fixed = ip_header_len(&what->tuple.peer);

	if (fixed + len <= mtu)
		return 0;
	if (fixed == IP6_HEADER_LEN)
		fixed += IP6_FRAGMENT_LEN;
	return (mtu - fixed) & ~7u;
}

static struct dgram_out *build(struct cn_dgram *dgram,
			       const struct dgram_sending *what, uint32_t len,
			       uint32_t step)
{
	struct cn_host *host = dgram->host;
	struct cn_pool *pool = host->set.pool;
	struct dgram_out *out = pool_alloc(pool, sizeof(*out));

	if (!out)
		return NULL;
	out->buf = cn_buf_new(pool, len);
	if (!out->buf) {
		pool_release(pool, out, sizeof(*out));
		return NULL;
	}
	out->from = dgram;
	out->len = len;
	out->step = step;
	out->charge = (uint32_t)sizeof(*out) + buf_true_size(out->buf);
	set_ip(out, dgram, what);
	if (dgram->protocol == DGRAM_UDP)
		udp_header(out->buf->data, what);
	else
		echo_header(out->buf->data, what);
	add_checksum(out, !step && host->link[what->link].tx_csum);
	return out;
}

/* --------------------------------------------------------------- queue -- */

static void push(struct cn_host *host, int link, struct dgram_out *out,
		 uint64_t now)
{
	struct dgram_link *queue = &host->dgrams.out[link];

	out->from->snd_used += out->charge;
	budget_charge(&host->budget, out->charge);
	if (queue->last)
		queue->last->next = out;
	else
		queue->first = out;
	queue->last = out;
	loopback_wants(host, link, now);
}

static void release(struct cn_host *host, struct dgram_out *out)
{
	cn_buf_unref(out->buf);
	pool_release(host->set.pool, out, sizeof(*out));
}

static void pop(struct cn_host *host, int link)
{
	struct dgram_link *queue = &host->dgrams.out[link];
	struct dgram_out *out = queue->first;
	struct cn_dgram *dgram = out->from;

	queue->first = out->next;
	if (!queue->first)
		queue->last = NULL;
	budget_refund(&host->budget, out->charge);
	if (dgram) {
		dgram->snd_used -= out->charge;
		/* Somebody may have waited for room. */
		if (dgram->snd_used + out->charge >= dgram->sndbuf / 2)
			dgram_tell(dgram);
	}
	release(host, out);
}

void dgram_out_drop_all(struct cn_host *host)
{
	for (int i = 0; i < NET_LINKS; i++)
		while (host->dgrams.out[i].first)
			pop(host, i);
}

void dgram_out_disown(struct cn_dgram *dgram)
{
	struct cn_host *host = dgram->host;

	if (!dgram->snd_used)
		return;
	for (int i = 0; i < NET_LINKS; i++)
		for (struct dgram_out *out = host->dgrams.out[i].first; out;
		     out = out->next)
			if (out->from == dgram)
				out->from = NULL;
	dgram->snd_used = 0;
}

/* ---------------------------------------------------------------- send -- */

/* IP_MULTICAST_LOOP, and what is broadcast: this host hears it too. */
static void hear_self(struct cn_dgram *dgram, const struct dgram_sending *what,
		      const struct dgram_out *out, uint64_t now)
{
	struct cn_host *host = dgram->host;
	const struct tuple *tuple = &what->tuple;
	struct dgram_arriving in;

	if (dgram->protocol != DGRAM_UDP ||
	    host->net.routes.link[what->link].loopback)
		return;
	if (cn_addr_is_multicast(&tuple->peer) &&
	    (!dgram->many_loop ||
	     !net_is_member(&host->net, what->link, &tuple->peer)))
		return;
	memset(&in, 0, offsetof(struct dgram_arriving, slice));
	in.protocol = DGRAM_UDP;
	in.tuple.local = tuple->peer;
	in.tuple.peer = tuple->local;
	in.tuple.local_port = tuple->peer_port;
	in.tuple.peer_port = tuple->local_port;
	in.msg.peer.addr = tuple->local;
	in.msg.peer.port = tuple->local_port;
	in.msg.local.addr = tuple->peer;
	in.msg.local.port = tuple->peer_port;
	in.msg.link = (int16_t)what->link;
	in.msg.ttl = what->ttl;
	in.msg.tos = what->tos;
	in.msg.to_many = true;
	in.msg.len = what->len;
	in.msg.at = now;
	in.len = what->len;
	if (what->len) {
		in.slice[0].buf = NULL;
		in.slice[0].data = out->buf->data + UDP_HEADER_LEN;
		in.slice[0].len = what->len;
		in.slice_n = 1;
	}
	dgram_to_many(host, &in);
}

static void tell(const struct cn_dgram *dgram, const struct dgram_sending *what,
		 uint32_t len, uint32_t step, uint64_t now)
{
	const struct dgram_tale tale = {
		.kind = CN_DGRAM_TRACE_OUT,
		.protocol = dgram->protocol,
		.ttl = what->ttl,
		.to_many = what->to_many,
		.len = what->len,
		.fragments = step ? (len + step - 1) / step : 0,
		.rule = dgram->protocol == DGRAM_PING ?
				"RFC 1122 section 3.2.2.6" :
				"RFC 768",
		.tuple = &what->tuple,
		.dgram = dgram,
	};

	dgram_trace(dgram->host, &tale, now);
}

int dgram_send(struct cn_dgram *dgram, const struct dgram_sending *what,
	       uint64_t now)
{
	struct cn_host *host = dgram->host;
	uint32_t mtu =
		dgram_path_mtu(dgram, &what->tuple.peer, what->link, now);
	uint32_t len = what->len, step;
	struct dgram_out *out;

	if (dgram->protocol == DGRAM_UDP)
		len += HEADER_LEN;
	step = step_of(what, len, mtu);
	if (step && refuses_to_cut(dgram)) {
		const struct cn_endpoint to = {what->tuple.peer,
					       what->tuple.peer_port};

		dgram_fail_local(dgram, &to, CN_E_MSGSIZE, mtu, now);
		return CN_E_MSGSIZE;
	}
	if (dgram->snd_used >= dgram->sndbuf)
		return CN_E_AGAIN;
	if (budget_is_over(&host->budget, len))
		return CN_E_NOBUFS;
	out = build(dgram, what, len, step);
	if (!out)
		return CN_E_NOBUFS;
	dgram->sent_to |= dgram_mark(dgram, &what->tuple.peer);
	if (what->to_many)
		hear_self(dgram, what, out, now);
	if (dgram->protocol == DGRAM_UDP)
		host->count.udp_out++;
	tell(dgram, what, len, step, now);
	/* A TTL of 0 stays on this host: only its own ears were meant. */
	if (what->ttl)
		push(host, what->link, out, now);
	else
		release(host, out);
	return CN_OK;
}

/* --------------------------------------------------------------- frames -- */

static void frame_of(struct dgram_out *out, struct cn_frame *frame)
{
	uint32_t left = out->len - out->off;
	uint32_t n = out->step && out->step < left ? out->step : left;
	uint32_t head = out->step ? 0 : HEADER_LEN;
	uint8_t *data = out->buf->data + out->off;

	memset(frame, 0, offsetof(struct cn_frame, slice));
	out->ip.frag_off = (uint16_t)out->off;
	out->ip.more = n < left;
	out->ip.payload_len = n;
	frame->header_len = (uint16_t)ip_emit(frame->header, &out->ip);
	if (out->csum == CN_CSUM_PARTIAL) {
		frame->csum = CN_CSUM_PARTIAL;
		frame->csum_start = frame->header_len;
		frame->csum_offset = checksum_off(out);
	}
	memcpy(frame->header + frame->header_len, data, head);
	frame->header_len = (uint16_t)(frame->header_len + head);
	out->off += n;
	if (n == head)
		return;
	frame->slice[0].buf = cn_buf_ref(out->buf);
	frame->slice[0].data = data + head;
	frame->slice[0].len = n - head;
	frame->slice_n = 1;
	frame->payload_len = n - head;
}

bool dgram_output(struct cn_host *host, int link, struct cn_frame *frame,
		  uint64_t now)
{
	struct dgram_out *out = host->dgrams.out[link].first;

	(void)now;
	if (!out)
		return false;
	frame_of(out, frame);
	if (out->step)
		host->count.frag_made++;
	if (out->off == out->len)
		pop(host, link);
	return true;
}
