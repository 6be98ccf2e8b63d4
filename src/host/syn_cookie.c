/* SPDX-License-Identifier: MIT */
/*
 * RFC 4987 section 3.6 and appendix A.  The initial sequence number is the
 * cookie:
 *
 *	31                            4   3   2    0
 *	+------------------------------+---+-------+
 *	| SipHash of the connection    | T |  MSS  |
 *	+------------------------------+---+-------+
 *
 * The hash covers both endpoints, the peer's initial number and the low four
 * bits: the secret's turn and an index into a table of segment sizes.  So a
 * forger needs 2^28 guesses on average, and what he guesses is worthless when
 * the secret has turned over.
 *
 * As in Linux, the other options ride on the low six bits of the timestamp
 * that the peer will echo; without timestamps there are none.  A cookie is
 * sent once: the peer that misses it will repeat its SYN.
 */
#include "host/syn_cookie.h"

#include <string.h>

#include "host/host.h"
#include "tcp/ecn.h"
#include "tcp/options.h"
#include "wire/octets.h"

enum {
	TAG_BITS = 4,
	TAG_MASK = (1 << TAG_BITS) - 1,
	TAG_TURN = 8,
	TAG_MSS = 7,
};

/* In the timestamp. */
enum {
	OPTION_BITS = 6,
	OPTION_MASK = (1 << OPTION_BITS) - 1,
	OPTION_WSCALE = 0xf, /* all ones: none */
	OPTION_SACK = 0x10,
	OPTION_ECN = 0x20,
};

/* Rounded down to the next of these: no peer gets more than it takes.  1460
 * and 1440 are Ethernet's, 1420 and 1360 leave room for tunnels. */
static const uint16_t mss_table[TAG_MSS + 1] = {48,   536,  1220, 1360,
						1420, 1440, 1460, 8940};

/* ------------------------------------------------------------- secrets -- */

void cookies_init(struct cn_host *host, uint64_t now)
{
	struct syn_cookies *cookies = &host->cookies;

	cookies->secret[0] = random_key(&host->random);
	cookies->secret[1] = random_key(&host->random);
	cookies->turn = now / COOKIE_TURN_NS;
	cookies->sent_at = 0;
}

/* A new secret for each turn; what is older than one turn is gone. */
static void turn_over(struct cn_host *host, uint64_t now)
{
	struct syn_cookies *cookies = &host->cookies;
	uint64_t turn = now / COOKIE_TURN_NS;

	if (turn == cookies->turn)
		return;
	if (turn != cookies->turn + 1)
		cookies->secret[~turn & 1] = random_key(&host->random);
	cookies->secret[turn & 1] = random_key(&host->random);
	cookies->turn = turn;
}

static uint32_t cookie_of(const struct cn_host *host, const struct tuple *tuple,
			  uint32_t irs, unsigned tag)
{
	const struct sip_key *secret =
		&host->cookies.secret[!!(tag & TAG_TURN)];
	uint8_t octet[sizeof(*tuple) + 5];
	uint32_t hash;

	memcpy(octet, tuple, sizeof(*tuple));
	put32(octet + sizeof(*tuple), irs);
	octet[sizeof(*tuple) + 4] = (uint8_t)tag;
	hash = (uint32_t)siphash24(secret, octet, sizeof(octet));
	/* The tag is no secret; mixed in, it does not show. */
	return (hash & ~(uint32_t)TAG_MASK) | ((hash >> 28) ^ tag);
}

static unsigned tag_of(uint32_t cookie)
{
	return (cookie >> 28 ^ cookie) & TAG_MASK;
}

/* ---------------------------------------------------------------- SYN-ACK -- */

static unsigned mss_index(const struct tuple *tuple, uint32_t mss)
{
	unsigned i = TAG_MSS;

	/* RFC 9293 section 3.7.1: what a peer takes that says nothing. */
	if (!mss)
		mss = cn_addr_is_v4(&tuple->peer) ? 536 : 1220;
	while (i > 0 && mss_table[i] > mss)
		i--;
	return i;
}

/* The clock, a little late so that its low bits are free. */
static uint32_t cookie_clock(const struct tcp_syn *syn, uint64_t now)
{
	uint32_t clock = ts_clock(now), value = clock & ~(uint32_t)OPTION_MASK;

	value |= syn->options & TCP_OPT_WSCALE ? syn->peer_wscale :
						 OPTION_WSCALE;
	if (syn->options & TCP_OPT_SACK_OK)
		value |= OPTION_SACK;
	if (syn->ecn == ECN_AGREED_CLASSIC)
		value |= OPTION_ECN;
	/* It never runs backwards, nor ahead. */
	return value > clock ? value - (1 << OPTION_BITS) : value;
}

void cookie_answer(struct cn_host *host, const struct listener *listener,
		   const struct arriving *in, uint64_t now)
{
	const struct tuple *tuple = &in->tuple;
	uint32_t ts_off = host_ts_off(host, tuple);
	struct tcp_syn syn;
	struct tcp_seg reply;
	unsigned tag;

	turn_over(host, now);
	tcp_syn_init(&syn, &host->env, in->seg, 0, listener->sock->tcb.rcvbuf);
	/* What no timestamp can carry is not agreed on. */
	if (!(syn.options & TCP_OPT_TS)) {
		syn.options &= TCP_OPT_MSS;
		if (!ecn_is_accurate(syn.ecn))
			syn.ecn = ECN_AGREED_NONE;
	}
	tag = mss_index(tuple, syn.peer_mss);
	if (host->cookies.turn & 1)
		tag |= TAG_TURN;
	syn.iss = cookie_of(host, tuple, syn.irs, tag);
	tcp_syn_reply(&syn, &host->env,
		      listener_adv_mss(host, listener, &tuple->peer), ts_off,
		      &reply, now);
	if (syn.options & TCP_OPT_TS)
		reply.tsval = cookie_clock(&syn, now) + ts_off;
	reply.tos = listener->sock->tcb.tos;
	host->cookies.sent_at = now;
	host->count.syncookies_sent++;
	host->count.tcp_out++;
	flow_trace_cookie(host, in, &reply, now);
	reply_push(host, tuple, &reply, listener->sock->tcb.ttl, now);
}

/* -------------------------------------------------------------------- ACK -- */

/* What the timestamp brings back; false: it never was ours. */
static bool options_back(const struct cn_host *host, const struct tuple *tuple,
			 const struct tcp_seg *seg, struct tcp_seg *syn,
			 uint64_t now)
{
	uint32_t value = seg->tsecr - host_ts_off(host, tuple);
	uint32_t age = ts_clock(now) - value;
	unsigned wscale = value & OPTION_WSCALE;

	if (!(seg->options & TCP_OPT_TS))
		return true;
	if (age > 2 * COOKIE_TURN_NS / CN_NS_PER_MS)
		return false;
	syn->options |= TCP_OPT_TS;
	syn->tsval = seg->tsval;
	if (value & OPTION_SACK)
		syn->options |= TCP_OPT_SACK_OK;
	if (value & OPTION_ECN)
		syn->flags |= TCP_ECE | TCP_CWR;
	if (wscale != OPTION_WSCALE) {
		syn->options |= TCP_OPT_WSCALE;
		syn->wscale = (uint8_t)wscale;
	}
	return true;
}

/* RFC 9768 section 5.1: who agreed on it says so by a count, and nobody else
 * has one so large. */
static void accurate_back(const struct cn_settings *set,
			  const struct tcp_seg *seg, struct tcp_seg *syn)
{
	struct tcp_seg asks = {.flags = TCP_SYN};

	if (syn->flags & TCP_ECE || tcp_ace(seg) <= 1)
		return;
	tcp_set_ace(&asks, 7);
	if (ecn_is_accurate(ecn_of_syn(set, &asks)))
		tcp_set_ace(syn, 7);
}

/* Only what we would have agreed on can come back. */
static bool options_agree(const struct tcp_seg *claimed,
			  const struct tcp_syn *syn)
{
	bool asked = claimed->flags & TCP_ECE && !claimed->ae;

	return syn->options == claimed->options &&
	       (!asked || syn->ecn == ECN_AGREED_CLASSIC);
}

/* No cookie that is on its way could still be good. */
static bool none_awaited(const struct cn_host *host, uint64_t now)
{
	return !host->cookies.sent_at ||
	       now - host->cookies.sent_at > 2 * COOKIE_TURN_NS;
}

bool cookie_check(struct cn_host *host, const struct listener *listener,
		  const struct arriving *in, struct tcp_syn *syn, uint64_t now)
{
	const struct tcp_seg *seg = in->seg;
	uint32_t iss = seg->ack - 1, irs = seg->seq - 1;
	struct tcp_seg told;
	unsigned tag = tag_of(iss);

	if ((seg->flags & (TCP_SYN | TCP_RST | TCP_ACK)) != TCP_ACK ||
	    none_awaited(host, now))
		return false;
	turn_over(host, now);
	memset(&told, 0, offsetof(struct tcp_seg, slice));
	told.seq = irs;
	told.options = TCP_OPT_MSS;
	told.mss = mss_table[tag & TAG_MSS];
	if (cookie_of(host, &in->tuple, irs, tag) == iss &&
	    options_back(host, &in->tuple, seg, &told, now)) {
		accurate_back(&host->set, seg, &told);
		tcp_syn_init(syn, &host->env, &told, iss,
			     listener->sock->tcb.rcvbuf);
		if (options_agree(&told, syn)) {
			host->count.syncookies_recv++;
			return true;
		}
	}
	host->count.syncookies_failed++;
	return false;
}
