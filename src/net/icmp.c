/* SPDX-License-Identifier: MIT */
/*
 * ICMP (RFC 792, 1122 section 3.2.2, 1812 section 4.3) and ICMPv6 (RFC 4443):
 * echo is answered, errors are sent by the rules and handed up for the host to
 * judge.  Source quench (RFC 6633) and redirects are ignored: nobody on the
 * path is to slow or bend our traffic by one unsigned packet.
 */
#include "net/net.h"

#include <string.h>

#include "wire/octets.h"

#define ICMP_LEN 8
#define ERROR_MAX_V4 576u /* RFC 1812 section 4.3.2.3 */
#define ERROR_MAX_V6 1280u /* RFC 4443 section 2.4 (c) */

enum {
	TYPE4_UNREACHABLE = 3,
	TYPE4_SOURCE_QUENCH = 4,
	TYPE4_REDIRECT = 5,
	TYPE4_TIME_EXCEEDED = 11,
	TYPE4_PARAMETER_PROBLEM = 12,
	TYPE4_ECHO_REPLY = 0,
	TYPE6_UNREACHABLE = 1,
	TYPE6_PACKET_TOO_BIG = 2,
	TYPE6_TIME_EXCEEDED = 3,
	TYPE6_PARAMETER_PROBLEM = 4,
	TYPE6_FIRST_INFORMATION = 128,
	TYPE6_ECHO_REPLY = 129,
	TYPE6_REDIRECT = 137,
};

enum {
	CODE4_NET = 0,
	CODE4_HOST = 1,
	CODE4_PROTOCOL = 2,
	CODE4_PORT = 3,
	CODE4_NEEDS_FRAGMENTING = 4,
};

/* -------------------------------------------------------- reply queue -- */

static void pop_reply(struct net *net, unsigned at)
{
	struct net_reply *reply;
	unsigned i;

	/* The order of the others stays. */
	for (i = at; i > 0; i--) {
		unsigned to = (net->reply_first + i) % NET_REPLIES;
		unsigned from = (net->reply_first + i - 1) % NET_REPLIES;

		net->reply[to] = net->reply[from];
	}
	reply = &net->reply[net->reply_first];
	memset(reply, 0, sizeof(*reply));
	net->reply_first = (net->reply_first + 1) % NET_REPLIES;
	net->reply_n--;
}

static void refund(struct net *net, const struct net_reply *reply)
{
	net->reply_octets -= reply->charge;
	budget_refund(net->budget, reply->charge);
}

void icmp_deinit(struct net *net)
{
	while (net->reply_n > 0) {
		struct net_reply *reply = &net->reply[net->reply_first];

		refund(net, reply);
		cn_buf_unref(reply->buf);
		pop_reply(net, 0);
	}
}

bool net_output(struct net *net, int link, struct cn_frame *frame)
{
	for (unsigned i = 0; i < net->reply_n; i++) {
		unsigned at = (net->reply_first + i) % NET_REPLIES;
		struct net_reply *reply = &net->reply[at];

		if (reply->link != link)
			continue;
		memset(frame, 0, offsetof(struct cn_frame, slice));
		memcpy(frame->header, reply->header, reply->header_len);
		frame->header_len = reply->header_len;
		frame->payload_len = reply->data_len;
		frame->slice_n = 1;
		frame->slice[0].buf = reply->buf;
		frame->slice[0].data = reply->data;
		frame->slice[0].len = reply->data_len;
		refund(net, reply);
		pop_reply(net, i);
		return true;
	}
	return false;
}

bool net_has_output(const struct net *net, int link)
{
	for (unsigned i = 0; i < net->reply_n; i++)
		if (net->reply[(net->reply_first + i) % NET_REPLIES].link ==
		    link)
			return true;
	return false;
}

/* One IP packet of a reply; the reference is the queue's. */
static void push_packet(struct net *net, int link, const struct ip_hdr *ip,
			struct cn_buf *buf, const uint8_t *data)
{
	unsigned at = (net->reply_first + net->reply_n) % NET_REPLIES;
	struct net_reply *reply = &net->reply[at];

	reply->buf = cn_buf_ref(buf);
	reply->data = data;
	reply->data_len = ip->payload_len;
	reply->header_len = (uint8_t)ip_emit(reply->header, ip);
	reply->link = (uint8_t)link;
	reply->charge = 0;
	net->reply_n++;
}

/*
 * The upper layer's len octets at data, in one packet or in fragments, with
 * buf's reference.  Atomic when it is whole (RFC 6864).
 */
static bool push(struct net *net, int link, struct ip_hdr *ip,
		 struct cn_buf *buf, const uint8_t *data, uint32_t len,
		 uint64_t now)
{
	uint32_t charge = buf_true_size(buf);
	uint32_t mtu = net_pmtu(net, &ip->dst, now);
	uint32_t fixed = cn_addr_is_v4(&ip->dst) ? 20 : 40;
	bool whole = fixed + len <= mtu;
	uint32_t step = whole ? len :
				(mtu - fixed - (fixed == 40 ? 8 : 0)) & ~7u;
	uint32_t n = whole ? 1 : (len + step - 1) / step;

	if (net->reply_n + n > NET_REPLIES ||
	    net->reply_octets + charge > NET_REPLY_OCTETS ||
	    budget_is_over(net->budget, charge)) {
		net_drop(net, CN_DROP_ICMP_RATE);
		cn_buf_unref(buf);
		return false;
	}
	ip->df = whole;
	ip->is_fragment = !whole;
	ip->id = whole ? 0 : net_ident(net, &ip->src, &ip->dst, ip->protocol);
	for (uint32_t off = 0; off < len; off += step) {
		ip->frag_off = (uint16_t)off;
		ip->payload_len = len - off < step ? len - off : step;
		ip->more = off + step < len;
		push_packet(net, link, ip, buf, data + off);
	}
	net->reply[(net->reply_first + net->reply_n - 1) % NET_REPLIES].charge =
		charge;
	net->reply_octets += charge;
	budget_charge(net->budget, charge);
	cn_buf_unref(buf);
	return true;
}

bool icmp_push(struct net *net, int link, struct ip_hdr *ip, struct cn_buf *buf,
	       uint32_t len, uint64_t now)
{
	return push(net, link, ip, buf, buf->data, len, now);
}

static struct ip_hdr reply_header(const struct net *net,
				  const struct cn_addr *src,
				  const struct cn_addr *dst)
{
	struct ip_hdr ip = {
		.src = *src,
		.dst = *dst,
		.version = cn_addr_is_v4(dst) ? 4 : 6,
		.protocol = cn_addr_is_v4(dst) ? IP_ICMP : IP_ICMP6,
		.ttl = net->set->ttl,
	};

	return ip;
}

/* Back the way that a route says, or else the way that it came. */
static int reply_link(const struct net *net, const struct cn_addr *dst,
		      int link)
{
	int out = net_route(net, dst);

	return out < 0 ? link : out;
}

/* --------------------------------------------------------------- errors -- */

static bool is_icmp_error(uint8_t version, uint8_t type)
{
	if (version == 6)
		return type < TYPE6_FIRST_INFORMATION || type == TYPE6_REDIRECT;
	return type == TYPE4_UNREACHABLE || type == TYPE4_SOURCE_QUENCH ||
	       type == TYPE4_REDIRECT || type == TYPE4_TIME_EXCEEDED ||
	       type == TYPE4_PARAMETER_PROBLEM;
}

/* RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e).  head: of the upper layer,
 * or NULL when nothing is known of it. */
static bool may_answer(const struct net *net, const struct ip_hdr *ip,
		       const uint8_t *head, size_t head_len)
{
	bool is_icmp = ip->protocol == (ip->version == 4 ? IP_ICMP : IP_ICMP6);

	if (ip->frag_off > 0 || net_is_to_many(net, &ip->dst) ||
	    net_is_to_many(net, &ip->src) || cn_addr_is_any(&ip->src) ||
	    cn_addr_is_any(&ip->dst))
		return false;
	if (is_icmp && head)
		return head_len > 0 && !is_icmp_error(ip->version, head[0]);
	return true;
}

/* The destination speaks for itself; what it is not reachable behind, the
 * gateway says in its own name if it has one. */
static struct cn_addr speaker(const struct net *net, const struct ip_hdr *ip,
			      const struct icmp_msg *msg, int link)
{
	bool by_router = msg->version == 4 && msg->type == TYPE4_UNREACHABLE &&
			 msg->code != CODE4_PROTOCOL && msg->code != CODE4_PORT;
	struct cn_addr own;
	int own_link;

	by_router |= msg->version == 6 && msg->type == TYPE6_UNREACHABLE &&
		     msg->code != 4;
	by_router |= net->set->forward;
	if (net_is_local(net, &ip->dst))
		return ip->dst;
	/* To itself: nobody else has said so. */
	if (net_is_local(net, &ip->src))
		return ip->src;
	if (!by_router)
		return ip->dst;
	if (net_source(net, &ip->src, &own, &own_link) ||
	    (own_link != link && !net->set->forward))
		return ip->dst;
	return own;
}

/* RFC 4443 section 3.1: IPv4's codes in IPv6's words. */
static uint8_t unreachable6(uint8_t code4)
{
	switch (code4) {
	case CODE4_NET:
	case 6: /* network unknown */
	case 11: /* network, for this type of service */
		return 0;
	case CODE4_PORT:
		return 4;
	case 9: /* prohibited: network, host, by filter */
	case 10:
	case 13:
		return 1;
	default:
		return 3;
	}
}

static void set_type(struct icmp_msg *msg, const struct ip_hdr *ip)
{
	bool v4 = ip->version == 4;

	msg->version = ip->version;
	switch (msg->kind) {
	case ICMP_TIME_EXCEEDED:
		msg->type = v4 ? TYPE4_TIME_EXCEEDED : TYPE6_TIME_EXCEEDED;
		break;
	case ICMP_PARAMETER_PROBLEM:
		msg->type = v4 ? TYPE4_PARAMETER_PROBLEM :
				 TYPE6_PARAMETER_PROBLEM;
		break;
	case ICMP_PACKET_TOO_BIG:
		msg->type = v4 ? TYPE4_UNREACHABLE : TYPE6_PACKET_TOO_BIG;
		msg->code = v4 ? CODE4_NEEDS_FRAGMENTING : 0;
		break;
	default:
		if (!v4 && msg->code == CODE4_PROTOCOL) {
			msg->type = TYPE6_PARAMETER_PROBLEM;
			msg->code = 1;
			msg->pointer = ip->next_header_off;
			msg->kind = ICMP_PARAMETER_PROBLEM;
			break;
		}
		msg->type = v4 ? TYPE4_UNREACHABLE : TYPE6_UNREACHABLE;
		msg->code = v4 ? msg->code : unreachable6(msg->code);
	}
}

/* A buffer for an error about ip, if one may be sent now; the quote goes to
 * *quote, at most *quote_max octets. */
static struct cn_buf *begin_error(struct net *net, int link,
				  const struct ip_hdr *ip, const uint8_t *head,
				  size_t head_len, uint32_t *quote_max,
				  uint64_t now)
{
	struct cn_buf *buf;

	if (!may_answer(net, ip, head, head_len))
		return NULL;
	if (!route_link_is_loopback(net, link) &&
	    !rate_pair_take(net, &net->icmp_rate, net->set->icmp_rate, &ip->src,
			    now)) {
		net_drop(net, CN_DROP_ICMP_RATE);
		return NULL;
	}
	buf = cn_buf_new(net->pool, CN_BUF_SMALL);
	if (!buf)
		net_drop(net, CN_DROP_MEMORY);
	*quote_max = ip->version == 4 ? ERROR_MAX_V4 - 20 - ICMP_LEN :
					ERROR_MAX_V6 - 40 - ICMP_LEN;
	return buf;
}

static void finish_error(struct net *net, int link, const struct ip_hdr *about,
			 struct icmp_msg *msg, struct cn_buf *buf,
			 uint32_t quote_len, uint64_t now)
{
	struct cn_addr src;
	struct ip_hdr ip;
	size_t len;

	set_type(msg, about);
	src = speaker(net, about, msg, link);
	ip = reply_header(net, &src, &about->src);
	msg->body = buf->data + ICMP_LEN;
	msg->body_len = quote_len;
	len = icmp_emit(buf->data, &ip, msg);
	link = reply_link(net, &ip.dst, link);
	if (push(net, link, &ip, buf, buf->data, (uint32_t)len, now))
		net->count->icmp_out++;
}

static uint32_t at_most(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void send_error(struct net *net, struct icmp_msg *msg,
		       const struct net_packet *about, uint64_t now)
{
	uint32_t max, len;
	struct cn_buf *buf;
	uint8_t *quote;

	buf = begin_error(net, about->link, &about->ip, about->upper,
			  about->upper_len, &max, now);
	if (!buf)
		return;
	quote = buf->data + ICMP_LEN;
	len = at_most(about->ip.header_len, max);
	memcpy(quote, about->header, len);
	for (unsigned i = 0; i < about->slice_n && len < max; i++) {
		uint32_t n = at_most(about->slice[i].len, max - len);

		memcpy(quote + len, about->slice[i].data, n);
		len += n;
	}
	finish_error(net, about->link, &about->ip, msg, buf, len, now);
}

void net_icmp_send(struct net *net, enum icmp_kind kind, uint8_t code,
		   const struct net_packet *about, uint64_t now)
{
	struct icmp_msg msg = {.kind = (uint8_t)kind, .code = code};

	send_error(net, &msg, about, now);
}

void icmp_send_too_big(struct net *net, uint32_t mtu,
		       const struct net_packet *about, uint64_t now)
{
	struct icmp_msg msg = {.kind = ICMP_PACKET_TOO_BIG, .mtu = mtu};

	send_error(net, &msg, about, now);
}

void net_icmp_send_about(struct net *net, enum icmp_kind kind, uint8_t code,
			 int link, const struct ip_hdr *ip, const uint8_t *head,
			 size_t head_len, uint64_t now)
{
	struct icmp_msg msg = {.kind = (uint8_t)kind, .code = code};
	uint32_t max, len, n;
	struct cn_buf *buf;
	uint8_t *quote;

	buf = begin_error(net, link, ip, head, head_len, &max, now);
	if (!buf)
		return;
	quote = buf->data + ICMP_LEN;
	len = (uint32_t)ip_emit(quote, ip);
	n = at_most((uint32_t)head_len, max - len);
	memcpy(quote + len, head, n);
	finish_error(net, link, ip, &msg, buf, len + n, now);
}

void icmp_send_unresolved(struct net *net, const struct cn_frame *frame,
			  uint64_t now)
{
	uint8_t octet[CN_HEADER_MAX];
	uint32_t len = cn_frame_copy(frame, 0, octet, sizeof(octet));
	struct ip_hdr ip;
	int link;

	if (!ip_parse_quoted(octet, len, &ip) || ip.frag_off > 0 ||
	    len < ip.header_len + 8u)
		return;
	link = net_route(net, &ip.src);
	if (link >= 0)
		net_icmp_send_about(net, ICMP_UNREACHABLE, CODE4_HOST, link,
				    &ip, octet + ip.header_len,
				    len - ip.header_len, now);
}

void icmp_send_problem(struct net *net, int link, const struct ip_hdr *ip,
		       const struct cn_frame *frame, uint64_t now)
{
	struct icmp_msg msg = {
		.kind = ICMP_PARAMETER_PROBLEM,
		.code = ip->problem_code,
		.pointer = ip->problem_off,
	};
	struct cn_buf *buf;
	uint32_t max, len;

	buf = begin_error(net, link, ip, NULL, 0, &max, now);
	if (!buf)
		return;
	len = cn_frame_copy(frame, 0, buf->data + ICMP_LEN, max);
	finish_error(net, link, ip, &msg, buf, len, now);
}

/* ------------------------------------------------------------------- in -- */

static void answer_echo(struct net *net, const struct net_packet *packet,
			const struct icmp_msg *request, uint64_t now)
{
	struct icmp_msg reply = *request;
	struct ip_hdr ip = reply_header(net, &packet->ip.dst, &packet->ip.src);
	int link = reply_link(net, &ip.dst, packet->link);
	struct cn_buf *buf;
	size_t len;

	/* A gateway does not speak for those whom it stands for. */
	if (net->set->any_addr && !net_is_local(net, &packet->ip.dst)) {
		net_drop(net, CN_DROP_ICMP_IGNORED);
		return;
	}
	if (!route_link_is_loopback(net, packet->link) &&
	    !rate_pair_take(net, &net->echo_rate, net->set->icmp_rate,
			    &packet->ip.src, now)) {
		net_drop(net, CN_DROP_ICMP_RATE);
		return;
	}
	buf = cn_buf_new(net->pool, ICMP_LEN + request->body_len);
	if (!buf) {
		net_drop(net, CN_DROP_MEMORY);
		return;
	}
	ip.tos = packet->ip.tos & 0xfc; /* DSCP as asked, RFC 1122 3.2.2.6 */
	reply.type = ip.version == 4 ? TYPE4_ECHO_REPLY : TYPE6_ECHO_REPLY;
	reply.kind = ICMP_ECHO_REPLY;
	reply.code = 0;
	len = icmp_emit(buf->data, &ip, &reply);
	if (!push(net, link, &ip, buf, buf->data, (uint32_t)len, now))
		return;
	net->count->icmp_out++;
	net->count->icmp_echo_replies++;
}

/* An error about a packet whose source is not where the error was sent, or
 * that nobody sends, is false whatever the host may find. */
static enum net_verdict take_error(struct net *net, struct net_packet *packet,
				   const struct icmp_msg *msg)
{
	struct net_error *error = &packet->error;

	if (!icmp_parse_quote(msg, &error->quote)) {
		net_drop(net, CN_DROP_ICMP_BAD);
		return NET_DONE;
	}
	if (!cn_addr_equal(&error->quote.ip.src, &packet->ip.dst) ||
	    net_is_to_many(net, &error->quote.ip.dst) ||
	    cn_addr_is_any(&error->quote.ip.dst)) {
		net_drop(net, CN_DROP_ICMP_UNMATCHED);
		return NET_DONE;
	}
	error->kind = msg->kind;
	error->code = msg->code;
	error->from = packet->ip.src;
	error->mtu = msg->mtu;
	if (msg->kind == ICMP_PACKET_TOO_BIG && error->mtu == 0)
		error->mtu = pmtu_plateau(error->quote.ip.header_len +
					  error->quote.ip.payload_len);
	return NET_ERROR;
}

/* The message in one piece: as it came, or gathered into packet->own. */
static const uint8_t *whole_message(struct net *net, struct net_packet *packet)
{
	uint32_t off = 0;

	if (packet->upper_len == packet->ip.payload_len)
		return packet->upper;
	packet->own = cn_buf_new(net->pool, packet->ip.payload_len);
	if (!packet->own)
		return NULL;
	for (unsigned i = 0; i < packet->slice_n; i++) {
		memcpy(packet->own->data + off, packet->slice[i].data,
		       packet->slice[i].len);
		off += packet->slice[i].len;
	}
	return packet->own->data;
}

enum net_verdict icmp_input(struct net *net, struct net_packet *packet,
			    uint64_t now)
{
	const uint8_t *p = whole_message(net, packet);
	struct icmp_msg msg;
	enum cn_drop drop;

	net->count->icmp_in++;
	if (!p) {
		net_drop(net, CN_DROP_MEMORY);
		return NET_DONE;
	}
	drop = icmp_parse(&packet->ip, p, packet->ip.payload_len, &msg);
	if (drop) {
		net_drop(net, drop);
		return NET_DONE;
	}
	if (packet->ip.version == 6 && nd_is_type(msg.type) &&
	    net->routes.link[packet->link].ether) {
		nd_input(net, packet->link, &packet->ip, &msg, now);
		return NET_DONE;
	}
	/* Nobody asks for nothing but whether an address is free. */
	if (cn_addr_is_any(&packet->ip.src)) {
		net_drop(net, CN_DROP_IP_SOURCE);
		return NET_DONE;
	}
	if (packet->to_many) {
		net_drop(net, CN_DROP_ICMP_IGNORED);
		return NET_DONE;
	}
	switch ((enum icmp_kind)msg.kind) {
	case ICMP_ECHO_REQUEST:
		answer_echo(net, packet, &msg, now);
		return NET_DONE;
	case ICMP_UNREACHABLE:
	case ICMP_PACKET_TOO_BIG:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		return take_error(net, packet, &msg);
	case ICMP_SOURCE_QUENCH: /* MUST-55 */
	case ICMP_REDIRECT:
	case ICMP_OTHER:
		break;
	case ICMP_ECHO_REPLY:
		if (net->echo_ears)
			return NET_PACKET;
		break;
	}
	net_drop(net, CN_DROP_ICMP_IGNORED);
	return NET_DONE;
}

/* -------------------------------------------------------------- meaning -- */

struct meaning {
	int8_t err;
	bool hard;
};

/* As Linux's icmp_err_convert; what has no number of its own here becomes its
 * nearest. */
static const struct meaning unreachable4_meaning[] = {
	{CN_E_NETDOWN, false}, /* net */
	{CN_E_HOSTUNREACH, false}, /* host */
	{CN_E_PROTO, true}, /* protocol */
	{CN_E_CONNREFUSED, true}, /* port */
	{CN_OK, false}, /* fragmentation needed */
	{CN_E_HOSTUNREACH, false}, /* source route failed */
	{CN_E_NETDOWN, true}, /* net unknown */
	{CN_E_HOSTUNREACH, true}, /* host unknown */
	{CN_E_HOSTUNREACH, true}, /* host isolated */
	{CN_E_NETDOWN, true}, /* net prohibited */
	{CN_E_HOSTUNREACH, true}, /* host prohibited */
	{CN_E_NETDOWN, false}, /* net, for this type of service */
	{CN_E_HOSTUNREACH, false}, /* host, for this type of service */
	{CN_E_HOSTUNREACH, true}, /* prohibited by filter */
	{CN_E_HOSTUNREACH, true}, /* precedence violation */
	{CN_E_HOSTUNREACH, true}, /* precedence cut off */
};

static const struct meaning unreachable6_meaning[] = {
	{CN_E_NETDOWN, false}, /* no route */
	{CN_E_ACCES, true}, /* prohibited */
	{CN_E_HOSTUNREACH, false}, /* beyond scope */
	{CN_E_HOSTUNREACH, false}, /* address */
	{CN_E_CONNREFUSED, true}, /* port */
	{CN_E_ACCES, true}, /* source address failed policy */
	{CN_E_ACCES, true}, /* route refused */
};

static struct meaning unreachable_meaning(const struct net_error *error)
{
	static const struct meaning unknown = {CN_E_HOSTUNREACH, false};
	const struct meaning *table = unreachable4_meaning;
	size_t n = sizeof(unreachable4_meaning) / sizeof(*table);

	if (error->quote.ip.version == 6) {
		table = unreachable6_meaning;
		n = sizeof(unreachable6_meaning) / sizeof(*table);
	}
	return error->code < n ? table[error->code] : unknown;
}

int net_error_meaning(const struct net_error *error, bool *hard)
{
	struct meaning meaning = {CN_OK, false};

	if (error->kind == ICMP_UNREACHABLE)
		meaning = unreachable_meaning(error);
	else if (error->kind == ICMP_TIME_EXCEEDED)
		meaning = (struct meaning){CN_E_HOSTUNREACH, false};
	else if (error->kind == ICMP_PARAMETER_PROBLEM)
		meaning = (struct meaning){CN_E_PROTO, true};
	*hard = meaning.hard;
	return meaning.err;
}
