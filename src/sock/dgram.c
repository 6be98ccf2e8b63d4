/* SPDX-License-Identifier: MIT */
/*
 * Datagram sockets as a program sees them.  Conditions and errors are Linux's
 * (net/ipv4/udp.c, ping.c); where a call would block there, it says CN_E_AGAIN
 * here.
 */
#include "host/dgram.h"

#include <string.h>

#include "sock/sock.h"
#include "wire/udp.h"

#define PING_LEN_MIN 8
#define PING_REQUEST4 8
#define PING_REQUEST6 128
/* What the length fields can say, headers off. */
#define LEN_MAX_V4 65515u /* upper layer: 65535 - 20 */
#define LEN_MAX_V6 65535u

int cn_dgram_new(struct cn_host *host, int family,
		 enum cn_dgram_protocol protocol, struct cn_dgram **out)
{
	if (family != 4 && family != 6)
		return CN_E_AFNOSUPPORT;
	if (protocol != CN_DGRAM_UDP && protocol != CN_DGRAM_PING)
		return CN_E_OPNOTSUPP;
	*out = dgram_alloc(host,
			   protocol == CN_DGRAM_UDP ? DGRAM_UDP : DGRAM_PING,
			   family == 6);
	if (!*out)
		return CN_E_NOMEM;
	/* Linux: an ICMPv6 socket knows no mapped addresses. */
	(*out)->v6only = family == 6 && protocol == CN_DGRAM_PING;
	return CN_OK;
}

void cn_dgram_close(struct cn_dgram *dgram)
{
	dgram_free(dgram);
}

static int take_err(struct cn_dgram *dgram)
{
	int err = dgram->err;

	dgram->err = 0;
	return err;
}

int cn_dgram_error(struct cn_dgram *dgram)
{
	return take_err(dgram);
}

/* ----------------------------------------------------- bind and connect -- */

static struct cn_addr any_of(const struct cn_dgram *dgram)
{
	static const struct cn_addr any6;

	return dgram->family6 ? any6 : cn_addr_v4(0, 0, 0, 0);
}

static int check_family(const struct cn_dgram *dgram,
			const struct cn_addr *addr)
{
	if (!cn_addr_is_v4(addr))
		return dgram->family6 ? CN_OK : CN_E_AFNOSUPPORT;
	return dgram->v6only ? CN_E_NETUNREACH : CN_OK;
}

/* Linux lets a datagram socket bind to a group, or to a broadcast address. */
static bool may_bind(const struct cn_host *host, const struct cn_addr *addr)
{
	return cn_addr_is_any(addr) || host->set.any_addr ||
	       net_is_local(&host->net, addr) ||
	       net_is_to_many(&host->net, addr);
}

static int take_port(struct cn_dgram *dgram, uint16_t number)
{
	return number ? dgram_take_port(dgram, number, false) :
			dgram_take_any_port(dgram);
}

int cn_dgram_bind(struct cn_dgram *dgram, const struct cn_endpoint *local)
{
	struct cn_addr before = dgram->tuple.local;
	bool bound = dgram->port_held || dgram->any_port;
	int err;

	/* The state before the address, or after it: as cn_sock_bind. */
	if (bound && dgram->family6)
		return CN_E_INVAL;
	err = check_family(dgram, &local->addr);
	if (err)
		return err == CN_E_NETUNREACH ? CN_E_INVAL : err;
	if (!may_bind(dgram->host, &local->addr))
		return CN_E_ADDRNOTAVAIL;
	if (bound)
		return CN_E_INVAL;
	dgram->tuple.local = local->addr;
	err = take_port(dgram, local->port);
	if (err) {
		dgram->tuple.local = before;
		return err == CN_E_AGAIN ? CN_E_ADDRINUSE : err;
	}
	dgram->port_bound = local->port != 0;
	dgram->addr_bound = !cn_addr_is_any(&local->addr);
	return CN_OK;
}

/* The wildcard as a destination means this host. */
static struct cn_addr destination(const struct cn_addr *addr)
{
	struct cn_addr loopback6 = {.octet = {[15] = 1}};

	if (!cn_addr_is_any(addr))
		return *addr;
	return cn_addr_is_v4(addr) ? cn_addr_v4(127, 0, 0, 1) : loopback6;
}

/* Whoever bound to a group sends from an address of its own. */
static struct cn_addr source(const struct cn_dgram *dgram,
			     const struct cn_addr *peer)
{
	const struct cn_addr *local = &dgram->tuple.local;
	static const struct cn_addr any6;

	if (net_is_to_many(&dgram->host->net, local) ||
	    (cn_addr_is_any(local) && cn_addr_is_v4(peer)))
		return cn_addr_is_v4(peer) ? cn_addr_v4(0, 0, 0, 0) : any6;
	return *local;
}

static int may_speak_to(const struct cn_dgram *dgram,
			const struct cn_addr *peer)
{
	int err = check_family(dgram, peer);

	if (err)
		return err;
	/* Linux's EACCES: a mistyped address must not shout at a network. */
	if (!dgram->broadcast && net_is_broadcast(&dgram->host->net, -1, peer))
		return CN_E_ACCES;
	return CN_OK;
}

static void forget_peer(struct cn_dgram *dgram)
{
	dgram_disconnect(dgram);
	if (!dgram->addr_bound)
		dgram->tuple.local = any_of(dgram);
}

int cn_dgram_connect(struct cn_dgram *dgram, const struct cn_endpoint *peer)
{
	struct tuple tuple = {
		.peer = destination(&peer->addr),
		.peer_port = peer->port,
	};
	int link = -1, err;

	if (dgram->any_port)
		return CN_E_OPNOTSUPP;
	err = may_speak_to(dgram, &tuple.peer);
	if (err)
		return err;
	forget_peer(dgram);
	tuple.local = source(dgram, &tuple.peer);
	err = dgram_way(dgram, &tuple.peer, &tuple.local, &link);
	if (!err && !dgram->port_held)
		err = dgram_take_any_port(dgram);
	if (err)
		return err;
	tuple.local_port = dgram->tuple.local_port;
	return dgram_connect(dgram, &tuple);
}

void cn_dgram_disconnect(struct cn_dgram *dgram)
{
	if (dgram->connected)
		forget_peer(dgram);
	if (!dgram->port_bound)
		dgram_drop_port(dgram);
}

void cn_dgram_name(const struct cn_dgram *dgram, struct cn_endpoint *local)
{
	local->addr = dgram->tuple.local;
	local->port = dgram->tuple.local_port;
}

int cn_dgram_peer(const struct cn_dgram *dgram, struct cn_endpoint *peer)
{
	if (!dgram->connected)
		return CN_E_NOTCONN;
	peer->addr = dgram->tuple.peer;
	peer->port = dgram->tuple.peer_port;
	return CN_OK;
}

/* ---------------------------------------------------------------- send -- */

static uint8_t ttl_of(const struct cn_dgram *dgram,
		      const struct cn_dgram_msg *msg,
		      const struct cn_addr *peer)
{
	if (msg->ttl >= 0)
		return (uint8_t)msg->ttl;
	if (cn_addr_is_multicast(peer))
		return dgram->many_ttl;
	return dgram->ttl ? dgram->ttl : dgram->host->set.ttl;
}

static int choose_peer(const struct cn_dgram *dgram,
		       const struct cn_dgram_msg *msg,
		       struct dgram_sending *what)
{
	bool ping = dgram->protocol == DGRAM_PING;

	if (msg->peer.port || (ping && !cn_addr_is_any(&msg->peer.addr))) {
		what->tuple.peer = destination(&msg->peer.addr);
		what->tuple.peer_port = ping ? 0 : msg->peer.port;
		return may_speak_to(dgram, &what->tuple.peer);
	}
	if (!dgram->connected)
		return cn_addr_is_any(&msg->peer.addr) ? CN_E_DESTADDRREQ :
							 CN_E_INVAL;
	what->tuple.peer = dgram->tuple.peer;
	what->tuple.peer_port = dgram->tuple.peer_port;
	/* RFC 768: nobody is at port 0. */
	return what->tuple.peer_port || ping ? CN_OK : CN_E_INVAL;
}

/* IP_PKTINFO may name another address of this host. */
static int choose_source(const struct cn_dgram *dgram,
			 const struct cn_dgram_msg *msg,
			 struct dgram_sending *what)
{
	struct cn_host *host = dgram->host;

	what->link = msg->link;
	what->tuple.local = source(dgram, &what->tuple.peer);
	if (!cn_addr_is_any(&msg->local.addr)) {
		if (!host->set.any_addr &&
		    !net_is_local(&host->net, &msg->local.addr))
			return CN_E_INVAL;
		what->tuple.local = msg->local.addr;
	}
	if (what->link >= NET_LINKS ||
	    (what->link >= 0 && !host->link[what->link].used))
		return CN_E_NOLINK;
	return dgram_way(dgram, &what->tuple.peer, &what->tuple.local,
			 &what->link);
}

static int choose_port(struct cn_dgram *dgram, const struct cn_dgram_msg *msg,
		       struct dgram_sending *what)
{
	int err = CN_OK;

	if (dgram->any_port) {
		what->tuple.local_port = msg->local.port;
		return msg->local.port ? CN_OK : CN_E_INVAL;
	}
	if (!dgram->port_held)
		err = dgram_take_any_port(dgram);
	what->tuple.local_port = dgram->tuple.local_port;
	return err;
}

/* Linux's ping_common_sendmsg: only a request, and a whole header of it. */
static int check_ping(const struct cn_dgram *dgram,
		      const struct dgram_sending *what)
{
	const struct cn_slice *head = what->piece;
	uint8_t request = dgram->family6 ? PING_REQUEST6 : PING_REQUEST4;

	if (what->len < PING_LEN_MIN || head->len < PING_LEN_MIN)
		return CN_E_INVAL;
	return head->data[0] == request && head->data[1] == 0 ? CN_OK :
								CN_E_INVAL;
}

static int check_len(const struct cn_dgram *dgram,
		     const struct dgram_sending *what)
{
	uint32_t most = cn_addr_is_v4(&what->tuple.peer) ? LEN_MAX_V4 :
							   LEN_MAX_V6;

	if (dgram->protocol == DGRAM_UDP)
		most -= UDP_HEADER_LEN;
	return what->len <= most ? CN_OK : CN_E_MSGSIZE;
}

/* Octets of the pieces; more than any datagram has is all the same. */
static uint32_t len_of(const struct cn_slice *piece, unsigned n)
{
	uint64_t len = 0;

	for (unsigned i = 0; i < n; i++)
		len += piece[i].len;
	return len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
}

static int prepare(struct cn_dgram *dgram, const struct cn_dgram_msg *msg,
		   struct dgram_sending *what)
{
	int err;

	err = choose_peer(dgram, msg, what);
	if (!err)
		err = check_len(dgram, what);
	/* Linux asks for these when it takes memory for the datagram. */
	if (!err && dgram->err)
		err = take_err(dgram);
	if (!err && dgram->wr_shut)
		err = CN_E_PIPE;
	if (!err && dgram->protocol == DGRAM_PING)
		err = check_ping(dgram, what);
	if (!err)
		err = choose_source(dgram, msg, what);
	if (!err)
		err = choose_port(dgram, msg, what);
	return err;
}

int64_t cn_dgram_send_msg(struct cn_dgram *dgram,
			  const struct cn_dgram_msg *msg,
			  const struct cn_slice *piece, unsigned piece_n,
			  uint64_t now)
{
	static const struct cn_dgram_msg none = CN_DGRAM_MSG;
	struct dgram_sending what = {
		.piece = piece,
		.piece_n = piece_n,
		.len = len_of(piece, piece_n),
	};
	int err;

	if (!msg)
		msg = &none;
	err = prepare(dgram, msg, &what);
	if (err)
		return err;
	what.ttl = ttl_of(dgram, msg, &what.tuple.peer);
	what.tos = msg->tos >= 0 ? (uint8_t)msg->tos : dgram->tos;
	what.to_many = net_is_to_many(&dgram->host->net, &what.tuple.peer);
	err = dgram_send(dgram, &what, now);
	return err ? err : (int64_t)what.len;
}

int64_t cn_dgram_send(struct cn_dgram *dgram, const void *data, size_t len,
		      const struct cn_endpoint *to, uint64_t now)
{
	const struct cn_slice piece = {
		.data = data,
		.len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX,
	};
	struct cn_dgram_msg msg = CN_DGRAM_MSG;

	if (to)
		msg.peer = *to;
	if (to && !to->port && dgram->protocol == DGRAM_UDP)
		return CN_E_INVAL;
	return cn_dgram_send_msg(dgram, &msg, &piece, 1, now);
}

/* ------------------------------------------------------------- receive -- */

static int nothing(struct cn_dgram *dgram)
{
	return dgram->rd_shut ? CN_OK : CN_E_AGAIN;
}

int cn_dgram_recv_view(struct cn_dgram *dgram, struct cn_slice *slice,
		       struct cn_dgram_msg *msg)
{
	const struct dgram_in *in = dgram->in.first;

	if (dgram->err)
		return take_err(dgram);
	if (!in)
		return nothing(dgram);
	slice->buf = in->buf;
	slice->data = in->data;
	slice->len = in->msg.len;
	if (msg)
		*msg = in->msg;
	return 1;
}

void cn_dgram_recv_take(struct cn_dgram *dgram)
{
	if (dgram->in.first)
		dgram_in_drop(dgram);
}

int64_t cn_dgram_recv(struct cn_dgram *dgram, void *data, size_t len,
		      unsigned flags, struct cn_dgram_msg *msg)
{
	struct cn_slice slice = {0};
	int n = cn_dgram_recv_view(dgram, &slice, msg);
	uint32_t whole;

	if (n <= 0)
		return n;
	whole = slice.len;
	if (len > whole)
		len = whole;
	if (len)
		memcpy(data, slice.data, len);
	if (!(flags & CN_MSG_PEEK))
		cn_dgram_recv_take(dgram);
	return flags & CN_MSG_TRUNC ? (int64_t)whole : (int64_t)len;
}

int64_t cn_dgram_recv_error(struct cn_dgram *dgram, void *data, size_t len,
			    struct cn_dgram_error *error)
{
	struct dgram_failure *first = dgram->fail_first;

	if (!first)
		return CN_E_AGAIN;
	if (len > first->error.len)
		len = first->error.len;
	if (len)
		memcpy(data, first->octet, len);
	*error = first->error;
	dgram_failure_drop(dgram);
	/* As Linux: with the last that the network said, what it left pending
	 * is told. */
	if (error->origin != CN_DGRAM_LOCAL && !dgram->fail_first)
		dgram->err = 0;
	return (int64_t)len;
}

int cn_dgram_refuse(struct cn_dgram *dgram, const struct cn_dgram_msg *msg,
		    uint8_t icmp_code, uint64_t now)
{
	const struct udp_hdr udp = {
		.src_port = msg->peer.port,
		.dst_port = msg->local.port,
		.data_len = msg->len,
	};
	struct ip_hdr ip = {
		.src = msg->peer.addr,
		.dst = msg->local.addr,
		.version = cn_addr_is_v4(&msg->local.addr) ? 4 : 6,
		.protocol = IP_UDP,
		.ttl = msg->ttl > 0 ? (uint8_t)msg->ttl : 1,
		.tos = (uint8_t)msg->tos,
		.payload_len = UDP_HEADER_LEN + msg->len,
	};
	uint8_t head[UDP_HEADER_LEN];

	if (dgram->protocol != DGRAM_UDP || msg->to_many || msg->link < 0)
		return CN_E_INVAL;
	udp_emit(head, &udp);
	net_icmp_send_about(&dgram->host->net, ICMP_UNREACHABLE, icmp_code,
			    msg->link, &ip, head, sizeof(head), now);
	return CN_OK;
}

/* ---------------------------------------------------------- readiness -- */

int cn_dgram_shutdown(struct cn_dgram *dgram, enum cn_shut how)
{
	if (how < CN_SHUT_RD || how > CN_SHUT_RDWR)
		return CN_E_INVAL;
	if (how & CN_SHUT_RD)
		dgram->rd_shut = true;
	if (how & CN_SHUT_WR)
		dgram->wr_shut = true;
	dgram_tell(dgram);
	/* Linux shuts it and says so. */
	return dgram->connected ? CN_OK : CN_E_NOTCONN;
}

unsigned cn_dgram_ready(const struct cn_dgram *dgram)
{
	unsigned bits = 0;

	if (dgram->err || dgram->fail_first)
		bits |= CN_READY_ERR;
	if (dgram->rd_shut)
		bits |= CN_READY_RDHUP | CN_READY_IN;
	if (dgram->rd_shut && dgram->wr_shut)
		bits |= CN_READY_HUP;
	if (dgram->in.first)
		bits |= CN_READY_IN;
	/* Linux's sock_writeable: half of the buffer is free. */
	if (dgram->snd_used < dgram->sndbuf / 2)
		bits |= CN_READY_OUT;
	return bits;
}

size_t cn_dgram_readable(const struct cn_dgram *dgram)
{
	return dgram->in.first ? dgram->in.first->msg.len : 0;
}

size_t cn_dgram_unsent(const struct cn_dgram *dgram)
{
	return dgram->snd_used;
}

void cn_dgram_set_tag(struct cn_dgram *dgram, void *tag)
{
	dgram->tag = tag;
}

void *cn_dgram_tag(const struct cn_dgram *dgram)
{
	return dgram->tag;
}

void cn_host_each_dgram(const struct cn_host *host,
			void (*see)(void *ctx, const struct cn_dgram_row *row),
			void *ctx)
{
	const struct list *all = &host->dgrams.all;

	for (struct list *at = all->next; at != all; at = at->next) {
		struct cn_dgram *dgram = CN_CONTAINER(at, struct cn_dgram, all);
		struct cn_dgram_row row = {
			.protocol = dgram->protocol == DGRAM_UDP ?
					    CN_DGRAM_UDP :
					    CN_DGRAM_PING,
			.connected = dgram->connected,
			.recv_q = dgram->rcv_used,
			.send_q = dgram->snd_used,
			.drops = dgram->drops,
			.dgram = dgram,
			.tag = dgram->tag,
		};

		cn_dgram_name(dgram, &row.local);
		row.peer.addr = dgram->tuple.peer;
		row.peer.port = dgram->tuple.peer_port;
		see(ctx, &row);
	}
}
