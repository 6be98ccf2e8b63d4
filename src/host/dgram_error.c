/* SPDX-License-Identifier: MIT */
/*
 * RFC 1122 section 4.1.3.3: word that a datagram of ours did not arrive.  It is
 * believed only if it quotes one that the socket may have sent, and told as
 * Linux tells it: SO_ERROR to connected sockets for what is certain, and the
 * queue of IP_RECVERR, with what was quoted, for whoever asked.
 */
#include <string.h>

#include "host/dgram.h"
#include "host/host.h"

/* Queued with what it quotes, and pending as SO_ERROR. */
static void queue_failure(struct cn_dgram *dgram,
			  const struct cn_dgram_error *error,
			  const uint8_t *data)
{
	struct cn_host *host = dgram->host;
	uint32_t size = (uint32_t)sizeof(struct dgram_failure) + error->len;
	struct dgram_failure *kept;

	if (dgram->rcv_used > dgram->rcvbuf ||
	    budget_is_over(&host->budget, size))
		return;
	kept = pool_alloc(host->set.pool, size);
	if (!kept)
		return;
	kept->error = *error;
	kept->charge = size;
	if (error->len)
		memcpy(kept->octet, data, error->len);
	budget_charge(&host->budget, size);
	dgram->rcv_used += size;
	if (dgram->fail_last)
		dgram->fail_last->next = kept;
	else
		dgram->fail_first = kept;
	dgram->fail_last = kept;
}

void dgram_failure_drop(struct cn_dgram *dgram)
{
	struct dgram_failure *kept = dgram->fail_first;

	dgram->fail_first = kept->next;
	if (!dgram->fail_first)
		dgram->fail_last = NULL;
	dgram->rcv_used -= kept->charge;
	budget_refund(&dgram->host->budget, kept->charge);
	pool_release(dgram->host->set.pool, kept, kept->charge);
	/* Linux: the next one shows, as if it had come now. */
	if (dgram->fail_first && dgram->fail_first->error.err)
		dgram->err = (int8_t)dgram->fail_first->error.err;
}

void dgram_fail_local(struct cn_dgram *dgram, const struct cn_endpoint *to,
		      int err, uint32_t info, uint64_t now)
{
	const struct cn_dgram_error error = {
		.err = err,
		.origin = CN_DGRAM_LOCAL,
		.info = info,
		.to = *to,
		.link = -1,
		.at = now,
	};

	if (!dgram->recverr)
		return;
	queue_failure(dgram, &error, NULL);
	dgram_tell(dgram);
}

static uint8_t icmp_type(const struct net_error *error)
{
	bool v4 = error->quote.ip.version == 4;

	if (error->kind == ICMP_PACKET_TOO_BIG)
		return v4 ? 3 : 2;
	if (error->kind == ICMP_TIME_EXCEEDED)
		return v4 ? 11 : 3;
	if (error->kind == ICMP_PARAMETER_PROBLEM)
		return v4 ? 12 : 4;
	return v4 ? 3 : 1;
}

static void fail(struct cn_dgram *dgram, const struct net_error *icmp, int err,
		 int link, uint64_t now)
{
	const struct icmp_quote *quote = &icmp->quote;
	const struct cn_dgram_error error = {
		.err = err,
		.origin = quote->ip.version == 4 ? CN_DGRAM_ICMP :
						   CN_DGRAM_ICMP6,
		.type = icmp_type(icmp),
		.code = icmp->code,
		.info = icmp->kind == ICMP_PACKET_TOO_BIG ? icmp->mtu : 0,
		.to = {quote->ip.dst, quote->dst_port},
		.offender = icmp->from,
		.len = quote->data_len,
		.link = (int16_t)link,
		.at = now,
	};

	const struct tuple tuple = {
		.local = quote->ip.src,
		.peer = quote->ip.dst,
		.local_port = quote->src_port,
		.peer_port = quote->dst_port,
	};
	const struct dgram_tale tale = {
		.kind = CN_DGRAM_TRACE_ERROR,
		.protocol = dgram->protocol,
		.err = err,
		.len = quote->data_len,
		.rule = "RFC 1122 section 4.1.3.3",
		.tuple = &tuple,
		.dgram = dgram,
	};

	dgram_trace(dgram->host, &tale, now);
	if (dgram->recverr)
		queue_failure(dgram, &error, quote->data);
	dgram->err = (int8_t)err;
	dgram_tell(dgram);
}

/* Row 11 of the attacks: who would narrow a path must name a peer that this
 * socket has sent to. */
static bool has_sent_to(const struct cn_dgram *dgram,
			const struct cn_addr *peer)
{
	return dgram->sent_to & dgram_mark(dgram, peer);
}

static bool too_big(struct cn_dgram *dgram, const struct net_error *error,
		    int link, uint64_t now)
{
	if (dgram->discover == DISCOVER_INTERFACE ||
	    dgram->discover == DISCOVER_OMIT)
		return true;
	net_pmtu_lower(&dgram->host->net, &error->quote.ip.dst, error->mtu,
		       now);
	/* Linux: it is told, unless it leaves all that to the host. */
	if (dgram->discover != DISCOVER_DONT &&
	    (dgram->recverr || dgram->connected))
		fail(dgram, error, CN_E_MSGSIZE, link, now);
	return true;
}

bool dgram_icmp(struct cn_host *host, const struct net_error *error, int link,
		uint64_t now)
{
	const struct icmp_quote *quote = &error->quote;
	const struct tuple tuple = {
		.local = quote->ip.src,
		.peer = quote->ip.dst,
		.local_port = quote->src_port,
		.peer_port = quote->dst_port,
	};
	bool is_udp = quote->ip.protocol == IP_UDP;
	struct cn_dgram *dgram;
	bool hard;
	int err;

	if (!tuple.local_port)
		return false;
	dgram = dgram_find(host, is_udp ? DGRAM_UDP : DGRAM_PING, &tuple, link);
	if (!dgram || !has_sent_to(dgram, &tuple.peer))
		return false;
	if (error->kind == ICMP_PACKET_TOO_BIG)
		return too_big(dgram, error, link, now);
	err = net_error_meaning(error, &hard);
	/* RFC 1122 section 4.1.3.3; without IP_RECVERR only what is certain
	 * and about the one peer, as on Linux. */
	if (err && (dgram->recverr || (hard && dgram->connected)))
		fail(dgram, error, err, link, now);
	return true;
}
