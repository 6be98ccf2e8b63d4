/* SPDX-License-Identifier: MIT */
/*
 * What leaves the host: first replies that belong to no connection (bounded,
 * built when they were decided), then net/'s own packets, then connections,
 * each in its turn, one segment a turn.
 */
#include <string.h>

#include "base/assert.h"
#include "host/host.h"
#include "wire/checksum.h"
#include "wire/octets.h"

#define TCP_CHECKSUM_OFF 16
/* The most that one frame's payload may be: an IP packet with its headers,
 * as every link's length field can say it. */
#define SUPER_MAX (65535u - IP6_HEADER_LEN - TCP_HEADER_LEN - TCP_OPTIONS_MAX)

/* ------------------------------------------------------------- headers -- */

struct built {
	uint16_t len;
	uint8_t csum; /* enum cn_csum */
	uint8_t csum_start;
};

static uint16_t complete_checksum(struct checksum *sum, const uint8_t *header,
				  size_t len, const struct tcp_seg *seg)
{
	checksum_add(sum, header, len);
	for (unsigned i = 0; i < seg->slice_n; i++)
		checksum_add(sum, seg->slice[i].data, seg->slice[i].len);
	return checksum_finish(sum);
}

/* What the IP header says beside where to. */
struct manner {
	uint8_t ttl;
	bool df;
	uint16_t id; /* without df */
};

/*
 * IP and TCP headers into octet.  Atomic datagrams: DF set and ID 0 (RFC 6864
 * section 4.1), so that the ID tells nothing (row 12 of the attacks); unless
 * the application lets them be fragmented.
 */
static struct built build(const struct cn_host *host,
			  const struct host_link *link,
			  const struct tuple *tuple, const struct tcp_seg *seg,
			  struct manner manner, uint8_t octet[CN_HEADER_MAX])
{
	struct tcp_ports ports = {tuple->local_port, tuple->peer_port};
	struct checksum sum = {.wide = host->net.wide};
	struct built built;
	struct ip_hdr ip;
	size_t ip_len, tcp_len;
	uint16_t value;

	memset(&ip, 0, sizeof(ip));
	/* MUST-45: the same as long as it lives. */
	ip.src = tuple->local;
	ip.dst = tuple->peer;
	ip.version = cn_addr_is_v4(&ip.dst) ? 4 : 6;
	ip.protocol = IP_TCP;
	ip.ttl = manner.ttl;
	/* SHLD-22: as the application set it. */
	ip.tos = seg->tos;
	ip.df = manner.df;
	ip.id = manner.id;
	ip.payload_len = (uint32_t)tcp_header_len(seg) + seg->data_len;
	ip_len = ip_emit(octet, &ip);
	tcp_len = tcp_emit_header(octet + ip_len, &ports, seg);
	checksum_add_pseudo(&sum, &ip.src, &ip.dst, IP_TCP, ip.payload_len);
	built.len = (uint16_t)(ip_len + tcp_len);
	built.csum_start = (uint8_t)ip_len;
	built.csum = link->tx_csum ? CN_CSUM_PARTIAL : CN_CSUM_NONE;
	value = link->tx_csum ?
			checksum_fold(&sum) :
			complete_checksum(&sum, octet + ip_len, tcp_len, seg);
	/* MUST-2: complete, or what the device will complete. */
	put16(octet + ip_len + TCP_CHECKSUM_OFF, value);
	return built;
}

static void frame_begin(struct cn_frame *frame, struct built built)
{
	frame->header_len = built.len;
	frame->seg_size = 0;
	frame->csum = built.csum;
	frame->csum_start = built.csum_start;
	frame->csum_offset = TCP_CHECKSUM_OFF;
	frame->slice_n = 0;
	frame->payload_len = 0;
}

/* ------------------------------------------------------------- replies -- */

void reply_push(struct cn_host *host, const struct tuple *tuple,
		const struct tcp_seg *seg, uint8_t ttl, uint64_t now)
{
	int number = net_route(&host->net, &tuple->peer);
	struct host_link *link;
	struct reply *reply;
	struct built built;

	if (number < 0)
		return;
	link = &host->link[number];
	reply = link->reply_n < REPLIES_MAX ?
			pool_alloc(host->set.pool, sizeof(*reply)) :
			NULL;
	if (!reply) {
		host->count.drop[CN_DROP_MEMORY]++;
		return;
	}
	budget_charge(&host->budget, sizeof(*reply));
	built = build(host, link, tuple, seg, (struct manner){ttl, true, 0},
		      reply->octet);
	reply->header_len = (uint8_t)built.len;
	reply->csum = built.csum;
	reply->csum_start = built.csum_start;
	if (link->reply_last)
		link->reply_last->next = reply;
	else
		link->reply_first = reply;
	link->reply_last = reply;
	link->reply_n++;
	loopback_wants(host, number, now);
}

static void reply_count(struct cn_host *host, const struct tuple *tuple,
			const struct tcp_seg *seg, uint8_t state, uint64_t now)
{
	host->count.tcp_out++;
	if (seg->flags & TCP_RST)
		host->count.tcp_rst_out++;
	flow_trace_seg(host, tuple, CN_TRACE_OUT, state, seg, CN_DROP_NONE,
		       now);
}

void reply_send(struct cn_host *host, const struct tuple *tuple,
		const struct tcp_seg *seg, uint8_t state, uint64_t now)
{
	reply_count(host, tuple, seg, state, now);
	reply_push(host, tuple, seg, host->set.ttl, now);
}

void reply_of_listener(const struct listener *listener,
		       const struct tuple *tuple, const struct tcp_seg *seg,
		       uint64_t now)
{
	struct cn_host *host = sock_host(listener->sock);

	reply_count(host, tuple, seg, CN_SYN_RECEIVED, now);
	reply_push(host, tuple, seg, listener->sock->tcb.ttl, now);
}

static struct reply *reply_pop(struct host_link *link)
{
	struct reply *reply = link->reply_first;

	if (!reply)
		return NULL;
	link->reply_first = reply->next;
	if (!link->reply_first)
		link->reply_last = NULL;
	link->reply_n--;
	return reply;
}

static void reply_free(struct cn_host *host, struct reply *reply)
{
	budget_refund(&host->budget, sizeof(*reply));
	pool_release(host->set.pool, reply, sizeof(*reply));
}

static bool output_reply(struct cn_host *host, struct host_link *link,
			 struct cn_frame *frame)
{
	struct reply *reply = reply_pop(link);
	struct built built;

	if (!reply)
		return false;
	built.len = reply->header_len;
	built.csum = reply->csum;
	built.csum_start = reply->csum_start;
	frame_begin(frame, built);
	memcpy(frame->header, reply->octet, reply->header_len);
	reply_free(host, reply);
	return true;
}

/* --------------------------------------------------------- connections -- */

static void out_push(struct cn_host *host, struct cn_sock *sock, uint64_t now)
{
	struct host_link *link = &host->link[sock->link];

	sock->out_queued = true;
	sock->out_next = NULL;
	if (link->out_last)
		link->out_last->out_next = sock;
	else
		link->out_first = sock;
	link->out_last = sock;
	loopback_wants(host, sock->link, now);
}

static struct cn_sock *out_pop(struct host_link *link)
{
	struct cn_sock *sock = link->out_first;

	if (!sock)
		return NULL;
	link->out_first = sock->out_next;
	if (!link->out_first)
		link->out_last = NULL;
	sock->out_next = NULL;
	sock->out_queued = false;
	return sock;
}

void out_ready(struct cn_sock *sock, uint64_t now)
{
	if (!sock->out_queued && tcp_has_output(&sock->tcb, now))
		out_push(sock_host(sock), sock, now);
}

/* A socket that lost its connection and is to have another use. */
void out_forget(struct cn_sock *sock)
{
	struct host_link *link = &sock_host(sock)->link[sock->link];
	struct cn_sock *before = link->out_first;

	if (!sock->out_queued)
		return;
	if (before == sock) {
		out_pop(link);
		return;
	}
	while (before->out_next != sock)
		before = before->out_next;
	before->out_next = sock->out_next;
	if (link->out_last == sock)
		link->out_last = before;
	sock->out_next = NULL;
	sock->out_queued = false;
}

void out_last_words(struct cn_sock *sock, uint64_t now)
{
	const struct tcp_emit_limits limits = {0};
	struct tcp_seg seg;

	while (tcp_emit(&sock->tcb, &limits, &seg, now)) {
		for (unsigned i = 0; i < seg.slice_n; i++)
			cn_buf_unref(seg.slice[i].buf);
		if (!seg.data_len)
			reply_push(sock_host(sock), &sock->flow.tuple, &seg,
				   sock->tcb.ttl, now);
	}
}

/* Each packet that a super-segment is cut into has the next identification. */
static uint16_t take_idents(struct cn_sock *sock, const struct tcp_seg *seg)
{
	const struct tuple *tuple = &sock->flow.tuple;
	uint32_t n = seg->seg_size ? seg->data_len / seg->seg_size : 0, id, i;

	id = net_ident(&sock_host(sock)->net, &tuple->local, &tuple->peer,
		       IP_TCP);
	for (i = 0; i < n; i++)
		(void)net_ident(&sock_host(sock)->net, &tuple->local,
				&tuple->peer, IP_TCP);
	return (uint16_t)id;
}

static struct manner manner_of(struct cn_sock *sock, const struct tcp_seg *seg)
{
	struct manner manner = {sock->tcb.ttl, !sock->may_fragment, 0};

	if (sock->may_fragment)
		manner.id = take_idents(sock, seg);
	return manner;
}

static void frame_of(const struct host_link *link, struct cn_sock *sock,
		     struct tcp_seg *seg, struct cn_frame *frame, uint64_t now)
{
	uint8_t cookie[FAST_COOKIE_LEN];

	if (seg->options & TCP_OPT_FASTOPEN)
		fast_fill(sock, seg, cookie, now);
	frame_begin(frame, build(sock_host(sock), link, &sock->flow.tuple, seg,
				 manner_of(sock, seg), frame->header));
	frame->slice_n = seg->slice_n;
	frame->payload_len = seg->data_len;
	memcpy(frame->slice, seg->slice, seg->slice_n * sizeof(*seg->slice));
	if (seg->seg_size && seg->data_len > seg->seg_size)
		frame->seg_size = seg->seg_size;
}

static struct tcp_emit_limits limits_of(const struct host_link *link)
{
	struct tcp_emit_limits limits = {0};

	/* Only a link that completes checksums can cut. */
	if (link->tx_csum)
		limits.super_max = link->tx_super < SUPER_MAX ? link->tx_super :
								SUPER_MAX;
	return limits;
}

void out_tell_writer(struct cn_sock *sock, const struct tcp_seg *seg)
{
	const struct tcp_tune *tune = sock->tcb.tune;

	if (seg->data_len && ((tune && tune->notsent_lowat) ||
			      sock->tcb.env->set->notsent_lowat))
		sock_tell(sock);
}

static bool output_conn(struct host_link *link, struct cn_frame *frame,
			uint64_t now)
{
	const struct tcp_emit_limits limits = limits_of(link);
	struct cn_sock *sock;
	struct tcp_seg seg;

	while ((sock = out_pop(link))) {
		if (sock->dead) {
			sock_let_go(sock);
			continue;
		}
		if (sock->flow.kind != FLOW_CONN)
			continue;
		if (tcp_emit(&sock->tcb, &limits, &seg, now)) {
			frame_of(link, sock, &seg, frame, now);
			out_tell_writer(sock, &seg);
			sock_settle(sock, now);
			/* A burst is of packets alike; those that may be
			 * fragmented have an identification each. */
			if (!limits.super_max && !sock->may_fragment)
				burst_begin(sock, &seg, frame, now);
			return true;
		}
		sock_arm(sock);
	}
	return false;
}

static void count_out(struct cn_host *host, const struct cn_frame *frame)
{
	uint32_t packets = 1;

	if (frame->seg_size)
		packets = (frame->payload_len + frame->seg_size - 1) /
			  frame->seg_size;
	host->count.frames_out++;
	host->count.ip_out += packets;
	host->count.octets_out += cn_frame_len(frame) +
				  (packets - 1) * (uint64_t)frame->header_len;
}

/* Connections, datagrams and what is passed on share the link frame by
 * frame. */
static bool output_in_turn(struct cn_host *host, int number,
			   struct cn_frame *frame, uint64_t now)
{
	struct host_link *link = &host->link[number];

	for (unsigned i = 0; i < 3; i++) {
		link->turn = (uint8_t)((link->turn + 1) % 3);
		if (link->turn == 0 &&
		    (burst_go_on(host, number, frame, 1, now) ||
		     output_conn(link, frame, now)))
			return true;
		if (link->turn == 1 && dgram_output(host, number, frame, now))
			return true;
		if (link->turn == 2 &&
		    net_transit_output(&host->net, number, frame))
			return true;
	}
	return false;
}

static bool output_packet(struct cn_host *host, int number,
			  struct cn_frame *frame, uint64_t now)
{
	return output_reply(host, &host->link[number], frame) ||
	       net_output(&host->net, number, frame) ||
	       output_in_turn(host, number, frame, now);
}

static bool output_one(struct cn_host *host, int number, struct cn_frame *frame,
		       uint64_t now)
{
	bool ether = host->net.routes.link[number].ether;

	/* A packet may have to wait for its neighbour's address, and then it
	 * is the question that leaves. */
	while (!ether || !net_ether_ready(&host->net, number, frame)) {
		if (!output_packet(host, number, frame, now))
			return false;
		if (!ether || net_ether_output(&host->net, number, frame, now))
			break;
	}
	return true;
}

/* What else waits for this link, besides connections. */
static bool others_wait(const struct cn_host *host, int number)
{
	return host->link[number].reply_first ||
	       host->dgrams.out[number].first ||
	       !net_is_idle(&host->net, number);
}

unsigned host_outputs(struct cn_host *host, int number, struct cn_frame *frame,
		      unsigned n, uint64_t now)
{
	bool ether = host->net.routes.link[number].ether;
	unsigned done = 0, i;

	if (!host->link[number].out_first && !others_wait(host, number))
		return 0;
	while (done < n && output_one(host, number, &frame[done], now)) {
		done++;
		/* Nothing waits that comes before a burst or in turn. */
		if (!ether && !others_wait(host, number))
			done += burst_go_on(host, number, &frame[done],
					    n - done, now);
	}
	for (i = 0; i < done; i++)
		count_out(host, &frame[i]);
	return done;
}

void out_drop_all(struct cn_host *host)
{
	for (unsigned i = 0; i < NET_LINKS; i++) {
		struct host_link *link = &host->link[i];
		struct cn_sock *sock;
		struct reply *reply;

		while ((reply = reply_pop(link)))
			reply_free(host, reply);
		while ((sock = out_pop(link)))
			sock_let_go(sock);
	}
}
