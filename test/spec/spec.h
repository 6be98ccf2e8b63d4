/* SPDX-License-Identifier: MIT */
/*
 * The vocabulary of the tests of tcp/: one connection, one virtual clock, and
 * segments as short as one says them.
 *
 *	at(CN_ESTABLISHED);			the connection is in that state
 *	in("PA", 1, 1, 10);			a segment arrives
 *	out("A", 1, 11, 0);			exactly this one leaves
 *	silent();				and nothing else
 *	state(CN_ESTABLISHED);
 *	deadline(NEVER);			what time alone will do, and when
 *
 * A segment is flags, sequence number, acknowledgement, octets of data, and
 * then what else it bears, by name.  Numbers count from the initial ones: 0 is
 * the SYN, 1 the first octet.  Octets are those of a pattern by number, so a
 * wrong octet is seen wherever it lands.
 *
 * Every rule runs once for each pair of initial sequence numbers in spec.c,
 * 0, around 2^31 and around 2^32 (attacks.md row 37).
 */
#ifndef SPEC_SPEC_H
#define SPEC_SPEC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcp/tcb.h"

/* What a segment does not say, it has not: that is the point of struct line. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define MS CN_NS_PER_MS
#define SEC CN_NS_PER_SEC
#define NEVER CN_NEVER

/* What the peer and we offer unless a test says otherwise. */
#define PEER_WND 20000 /* SND.WND and MAX.SND.WND */
#define OUR_WND 10000 /* RCV.WND: the receive buffer, no window scaling */
#define PEER_MSS 1000
#define OUR_MSS 1460
#define RTT (100 * MS)
#define RTO (300 * MS) /* after one round trip of RTT: R + 4 * R / 2 */

/* A window of nought, where 0 means "as usual"; a window scale, likewise. */
#define NO_WND (-1)
#define WS(shift) ((shift) + 1)
/* No timestamps, or an echo of nought, where 0 means "as usual". */
#define NO_TS (-1)

struct line {
	const char *flags; /* of "SFRPAUECN", in that order; N is AE */
	int64_t seq, ack;
	uint32_t len;
	int64_t wnd; /* the field; out: 0 is not looked at */
	uint16_t up;
	uint16_t cut; /* octets per packet of a super-segment */
	uint16_t mss; /* options: 0, none */
	uint8_t ws;
	bool sack_ok;
	/* Where timestamps are agreed on, segments in bear the peer's clock
	 * unless ts says another value (NO_TS: none at all). */
	int64_t ts, tsecr;
	struct {
		int64_t left, right;
	} sack[TCP_SACK_MAX];
	bool any_options; /* out: options are not looked at */
	uint8_t ecn; /* the last two bits of the IP header's TOS */
	uint8_t ace; /* ACE(n) in place of E, C and N */
	bool accecn; /* the option, with acc_n fields, of order acc_order */
	bool acc_order;
	uint8_t acc_n;
	uint32_t acc[TCP_ACCECN_FIELDS];
};

#define ACE(n) ((n) + 1)

/* The connection under test.  A test may change `set` and `peer` before at(),
 * and look at tcb. */
struct spec {
	struct cn_settings set;
	struct line peer; /* options of the peer's SYN */
	bool peer_ecn; /* it says what RFC 3168 wants on SYNs */
	bool peer_accecn; /* ... what RFC 9768 does */
	uint32_t rcvbuf;
	bool tunes; /* the receive buffer begins as by default instead */
	uint32_t path_mss; /* what the path carries */
	uint32_t super_max; /* what the link takes in one frame */
	uint32_t default_mss; /* 536 or 1220 */

	struct tcb tcb;
	struct cn_counters count;
	uint64_t now;
	uint32_t iss, irs;
	enum cn_drop drop; /* of the last segment in */
	enum tcp_listen_verdict listen; /* what LISTEN said last */

	struct cn_pool *pool;
	struct budget budget;
	struct random random;
	struct tcp_env env;
	size_t blocks, octets;
	long fail_after; /* allocations that still succeed; negative: all */
	uint8_t where; /* CN_CLOSED and CN_LISTEN have no TCB */
	bool has_reply;
	struct tcp_seg reply; /* of CLOSED and LISTEN */
	struct tcp_seg last; /* the segment out last */
	uint32_t read_at; /* next octet to be read */
	uint32_t ts_echo; /* our newest timestamp */
};
extern struct spec t;

/* ----------------------------------------------------------- vocabulary -- */

#define at(state) spec_at(__FILE__, __LINE__, state, false)
/* SYN-RECEIVED out of LISTEN; other states by way of it. */
#define at_passive(state) spec_at(__FILE__, __LINE__, state, true)
#define in(...) spec_in((struct line){__VA_ARGS__})
#define out(...) spec_out(__FILE__, __LINE__, (struct line){__VA_ARGS__})
#define silent() spec_silent(__FILE__, __LINE__)
#define state(want) spec_state(__FILE__, __LINE__, want)
/* From now on, nanoseconds; or NEVER. */
#define deadline(ns) spec_deadline(__FILE__, __LINE__, ns)
/* Time passes; nothing may be said before its end. */
#define after(ns) spec_after(__FILE__, __LINE__, ns)
/* Why the connection is over, or 0. */
#define error(want) spec_error(__FILE__, __LINE__, want)
/* Why the last segment was not used. */
#define dropped(want) spec_dropped(__FILE__, __LINE__, want)
/* What the application has been told since it was last asked. */
#define news(want) spec_news(__FILE__, __LINE__, want)
#define is(a, b) spec_is(__FILE__, __LINE__, #a, (int64_t)(a), (int64_t)(b))

/* The application acts. */
#define sends(len) spec_sends(__FILE__, __LINE__, len, 0)
#define sends_urgent(len) spec_sends(__FILE__, __LINE__, len, CN_MSG_OOB)
#define reads(len) spec_reads(__FILE__, __LINE__, len)
void closes(void);
void orphans(void); /* no socket holds it any more */
void aborts(int err);
/* From now on acknowledgements may be delayed, as after the first few. */
void delays_acks(void);

/* Our right edge closes: the peer has sent all that we offered and nobody has
 * read it.  but: octets that stay open. */
void fills_window(uint32_t but);

/* ------------------------------------------------------------- machinery -- */

void spec_at(const char *file, int line, enum cn_tcp_state state, bool passive);
void spec_in(struct line line);
void spec_out(const char *file, int line, struct line want);
void spec_silent(const char *file, int line);
void spec_state(const char *file, int line, enum cn_tcp_state want);
void spec_deadline(const char *file, int line, uint64_t ns);
void spec_after(const char *file, int line, uint64_t ns);
void spec_error(const char *file, int line, int want);
void spec_dropped(const char *file, int line, enum cn_drop want);
void spec_news(const char *file, int line, unsigned want);
void spec_is(const char *file, int line, const char *what, int64_t got,
	     int64_t want);
void spec_sends(const char *file, int line, uint32_t len, unsigned flags);
void spec_reads(const char *file, int line, uint32_t len);
void spec_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4), noreturn));

/* The segment in words, "PA 1:11(10) ack 1 ..." */
void spec_print(char *text, size_t size, const struct tcp_seg *seg, bool ours);
/* The compact record of TIME-WAIT gets the segment. */
enum tcp_tw_verdict spec_time_wait(struct tcp_tw *tw, struct line line,
				   struct tcp_seg *reply);
/* The next segment out, or false. */
bool spec_emit(struct tcp_seg *seg);
/* Its references are given back. */
void spec_release(struct tcp_seg *seg);

struct spec_rule {
	void (*rule)(void);
	const void *row; /* of a table, for the rule to find in t_row */
};
extern const void *t_row;

void spec_begin(uint32_t iss, uint32_t irs);
void spec_end(void);
/* What cmocka runs: the rule for every pair of initial sequence numbers. */
void spec_run(void **state);

#define cmocka_unit_test_rule(f)                                               \
	{                                                                      \
#f, spec_run, NULL, NULL, &(struct spec_rule)                  \
		{                                                              \
			f, NULL                                                \
		}                                                              \
	}

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

#endif
