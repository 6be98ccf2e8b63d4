/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.3.1: the connection record (TCB) and the calls on it.
 *
 * One connection as a pure function: segments and user calls in, segments
 * out, one deadline, news to be polled.  It knows neither addresses nor ports
 * nor sockets; the host does.  Input never builds a segment: it records what
 * is owed, and tcp_emit pays.
 */
#ifndef TCP_TCB_H
#define TCP_TCB_H

#include <catenet/engine.h>

#include "base/pool.h"
#include "base/random.h"
#include "base/seq.h"
#include "base/tree.h"
#include "tcp/cc.h"
#include "wire/tcp_seg.h"

struct tcb;
struct sendq;
struct sent_ring;
struct recvq;
struct tcp_busy;
struct tcp_accecn;

/* What all connections of one host share; const but for what it points at. */
struct tcp_env {
	const struct cn_settings *set;
	struct cn_pool *pool;
	struct budget *budget;
	struct random *random;
	struct cn_counters *count;
	/* NULL, or the host's hook, which adds the endpoints. */
	void (*trace)(const struct tcp_env *env, const struct tcb *tcb,
		      struct cn_trace *trace);
};

/* What most connections never meet, counted; in the record that is allocated
 * when it is first needed. */
struct tcp_mishaps {
	uint64_t rwnd_us, sndbuf_us; /* held back by these (limits.c) */
	uint32_t busy_wraps; /* of tcb->busy_us */
	uint32_t rexmit_wraps; /* of stat.octets_retransmitted */
	uint32_t dup_acks_in;
	uint32_t timeouts, fast_recoveries;
	uint32_t timeouts_over; /* how often they had an end, and ... */
	uint32_t timeout_ms; /* ... how long what was lost took until then */
	uint32_t dsack_dups, reord_seen;
	uint32_t ooo_in; /* segments that came beyond a gap */
	/* RFC 3168: marks that came, segments whose ACK echoed one. */
	uint32_t ce_in, ce_delivered;
};

/* RFC 4821, while there is reason to doubt what the path carries (plpmtud.c).
 * Sizes are those of segments, options not yet taken, as snd_mss. */
struct tcp_mtu {
	uint16_t low, high; /* so much arrives (0: no doubt); so much may */
	uint16_t probe; /* the one in flight; 0: none */
	uint32_t seq, end; /* its octets */
	uint32_t next_ms; /* none before */
};

/* What an application tuned away from the host's settings; allocated when the
 * first of them is set.  Zero: the host's default. */
struct tcp_tune {
	uint64_t keepidle_ns, keepintvl_ns;
	uint64_t user_timeout_ns; /* RFC 5482, 0: none */
	uint64_t fin_wait2_ns;
	uint64_t max_pacing_rate; /* octets/s; 0: any */
	uint64_t idle_ns; /* CN_NEVER: it may be idle for ever */
	uint32_t max_per_client; /* host/ alone reads it; UINT32_MAX: any */
	uint32_t window_clamp;
	uint32_t notsent_lowat;
	uint32_t rcvlowat; /* sock/ alone reads it */
	uint16_t maxseg;
	uint16_t fastopen_max; /* a listener's; host/ alone reads it */
	uint8_t keepcnt;
	uint8_t syn_retries;
	/* The connection's own. */
	struct tcp_mishaps mishaps;
	struct tcp_mtu mtu;
	struct tcp_accecn *accecn; /* accecn.h; with tcb->accecn */
};

/* What the application must be told; the host takes and clears them. */
enum tcp_news {
	TCP_NEWS_IN = 1, /* more to read, or the end of the stream */
	TCP_NEWS_OUT = 2, /* room to send */
	TCP_NEWS_STATE = 4, /* established, or over (tcb->err) */
	TCP_NEWS_PRI = 8, /* urgent data announced */
	TCP_NEWS_DOUBT = 16, /* R1: the way to the peer may be at fault; for
				the host alone */
};

/* Debts of the input side, paid by tcp_emit. */
enum tcp_owe {
	TCP_OWE_ACK = 1, /* now */
	TCP_OWE_CHALLENGE = 2, /* an ACK that is counted as challenge */
	TCP_OWE_RST = 4, /* <SEQ=SND.NXT><CTL=RST,ACK> and then nothing */
	TCP_OWE_DSACK = 8, /* busy->dsack goes first in the next SACK option */
	TCP_OWE_PROBE = 16, /* a window probe */
	TCP_OWE_KEEPALIVE = 32,
	TCP_OWE_REXMIT = 64, /* the first unacknowledged segment, whatever the
				windows say */
	TCP_OWE_SYN = 128, /* a first SYN or SYN-ACK */
	TCP_OWE_RST_BAD = 256, /* <SEQ=SEG.ACK><CTL=RST>, rst_seq: for a bad
				  ACK of our SYN, and the connection stays; or
				  for text that nobody reads, and it is over */
	TCP_OWE_WAKE = 512, /* data although a small window says wait */
	TCP_OWE_TLP = 1024, /* a probe of the tail (RFC 8985 section 7) */
	TCP_OWE_PURE_ACK = 2048, /* with OWE_ACK: by itself, before data */
};

/* What the one timer of what is in flight is for. */
enum tcp_rexmit {
	TCP_REXMIT_RTO, /* the SYN's and the persist timer, too */
	TCP_REXMIT_TLP, /* RFC 8985 section 7: the tail is probed */
	TCP_REXMIT_RACK, /* RFC 8985 section 6: reordering has had its time */
};

struct tcp_rtt {
	uint32_t srtt_us, rttvar_us; /* 0: no sample yet */
	uint32_t rto_us; /* without backoff; 0: the host's initial one */
	uint32_t min_us, max_us;
	uint32_t n, sum_us; /* of late: both are halved before they overflow */
};

struct tcp_stat {
	uint32_t octets_retransmitted;
	uint32_t segs_out, segs_in, segs_retransmitted;
	uint32_t data_segs_out, data_segs_in;
	uint32_t handshake_us;
	uint32_t last_sent_ms, last_received_ms, last_ack_ms;
};

struct tcb {
	const struct tcp_env *env;

	/* State.  Written by tcb_set_state alone (RFC 9293 figure 5). */
	uint8_t state; /* enum cn_tcp_state */
	bool passive : 1; /* SYN-RECEIVED came from LISTEN (MUST-11) */
	bool fin_queued : 1; /* the application closed: FIN after snd_end */
	bool fin_rcvd : 1; /* the peer's FIN is in order and consumed */
	bool ooo_fin : 1; /* a FIN waits beyond a gap, at ooo_fin_seq */
	bool rd_shut : 1; /* shutdown(SHUT_RD) */
	bool orphan : 1; /* no socket holds it: data for it earns a RST */
	bool held : 1; /* the SYN is held by a gateway */
	bool was_held : 1; /* ... or was: its round trip says nothing */
	bool ts_ok : 1, sack_ok : 1, ws_ok : 1; /* negotiated */
	bool nodelay : 1, cork : 1, quickack : 1, keepalive : 1;
	bool more : 1; /* MSG_MORE on the last send, and no ACK since */
	bool urg_out : 1; /* urgent mode */
	bool urg_in : 1; /* the urgent octet, before rcv_up, is awaited */
	bool oob_has : 1; /* oob_octet waits for MSG_OOB */
	bool oobinline : 1;
	bool in_recovery : 1, in_loss : 1; /* fast recovery; after RTO */
	bool syn_rexmitted : 1;
	bool dead_quiet : 1; /* over without another word (RST received) */
	/* RFC 7413: the first SYN bears the option; and data; it waits for
	 * them; the peer took them, or we took the peer's; SYN-RECEIVED may
	 * send and receive; its SYN-ACK bears a cookie. */
	bool fast : 1, fast_data : 1, fast_defer : 1, fast_acked : 1;
	bool fast_child : 1, fast_cookie : 1;
	bool tlp_out : 1; /* RFC 8985: a probe of the tail is on its way */
	bool unpushed : 1; /* MSG_MORE on the last send (MAY-15) */
	uint8_t news; /* enum tcp_news */
	uint16_t owe; /* enum tcp_owe */
	int8_t err; /* enum cn_err: why the connection is over */
	int8_t soft_err; /* last soft ICMP error */
	uint8_t snd_wscale, rcv_wscale; /* Snd.Wind.Shift, Rcv.Wind.Shift */
	uint8_t backoff; /* RTO doublings now in force */
	uint8_t rexmit_n; /* timeouts in a row */
	uint8_t probe_n; /* keepalive or window probes without an answer */
	uint8_t dupack_n;
	uint8_t quick_n; /* ACKs that are not to be delayed (start, idle);
			    none in SYN-SENT: a call will send at once */
	uint8_t oob_octet;
	uint8_t cc_kind : 2; /* enum cn_cc */
	bool eor : 1; /* a record of MSG_EOR ends within what is unsent */
	uint8_t bare_rexmits : 5; /* segments sent again without data, <= 31 */
	uint8_t tos, ttl; /* for the host */
	/* RFC 3168: both ends know it; CE has come, the sender does not know
	 * yet; the peer is to be told CWR; the window was reduced for a mark,
	 * until recover is acknowledged. */
	bool ecn_ok : 1, ecn_echo : 1, ecn_cwr : 1, in_cwr : 1;
	bool sndbuf_fixed : 1, rcvbuf_fixed : 1; /* else tune.c grows them */
	/* A packet came that could be marked; RFC 9768 in place of the above
	 * (ecn_ok is false then): tune->accecn. */
	bool ecn_seen : 1, accecn : 1;
	uint8_t rexmit_kind; /* enum tcp_rexmit: what rexmit_at is for */
	uint8_t ts_back; /* an older TSval by so much is reordered: arrive.c */

	/* Send sequence variables. Invariant: snd_una <= snd_nxt <= snd_end
	 * (+1 when the FIN is sent).  SND.WL2 is not kept: ack.c, update_window. */
	uint32_t snd_una, snd_nxt, snd_wnd, snd_up, snd_wl1, iss;
	uint32_t snd_end; /* past the last octet that was queued */
	uint32_t max_snd_wnd;
	uint32_t snd_sml; /* past the last small segment sent (Nagle as
			     modified by Minshall) */

	/* Receive sequence variables.  rcv_nxt + rcv_wnd is the right edge
	 * promised, and never moves left (SHLD-14). */
	uint32_t rcv_nxt, rcv_wnd, rcv_up, irs;
	uint32_t last_ack_sent; /* RFC 7323 */
	union {
		uint32_t ooo_fin_seq; /* since ESTABLISHED */
		uint32_t rst_seq; /* before and after, with
				     TCP_OWE_RST_BAD */
	};
	uint16_t snd_wraps, rcv_wraps; /* how often snd_nxt and rcv_nxt came
					  round to iss and irs */

	/* Negotiated and path. */
	uint16_t snd_mss; /* data octets per segment, options not yet taken */
	uint16_t peer_mss; /* as announced */
	uint16_t adv_mss; /* what we announce */
	uint16_t rcv_mss; /* largest segment seen, for delayed ACKs */
	uint16_t default_mss; /* of a peer that announces none */
	uint16_t path_mss; /* what the path carries */
	uint32_t ts_recent; /* TS.Recent */
	uint32_t ts_recent_age_s; /* when it was set, seconds */
	uint32_t ts_off; /* our clock's offset, per pair */

	/* Queues, each NULL while empty. */
	struct sendq *sendq; /* octets snd_una .. snd_end */
	struct sent_ring *sent; /* what is in flight */
	struct recvq *recvq; /* in order and beyond gaps */
	uint32_t sndbuf, rcvbuf;
	uint32_t rcv_queued; /* octets readable */
	uint32_t rcv_mark; /* readable octets before the urgent one, or
			      UINT32_MAX: not among them */

	/* Loss recovery. */
	uint32_t recover; /* RecoveryPoint */
	uint32_t sacked, lost, retrans; /* octets marked in the ring */
	uint32_t first_tx_ms; /* when snd_una was first sent, for R2 */
	uint32_t closed_ms; /* when the peer's window became zero */
	struct tcp_busy *busy; /* busy.h; NULL while idle */
	struct cc cc; /* cwnd, ssthresh and the controller's own */
	struct tcp_rtt rtt;

	/* Timers: instants, CN_NEVER when off. */
	uint64_t rexmit_at; /* RTO, SYN, persist, probe or reordering */
	uint64_t delack_at;
	uint64_t sws_at; /* override of silly-window avoidance */
	uint64_t keep_at; /* keepalive, idle, FIN-WAIT-2, TIME-WAIT */
	uint32_t challenge_ms; /* no challenge ACK before; 0: at any time */
	uint32_t busy_us; /* something was queued; modulo 2^32 (limits.c) */

	struct tcp_tune *tune;
	struct tcp_stat stat;
};

/* ------------------------------------------------- user calls, user.c -- */

/* A CLOSED connection; buffers, controller and clamps from env->set. */
void tcb_init(struct tcb *tcb, const struct tcp_env *env);
/* Gives back all memory.  Safe on any state. */
void tcb_deinit(struct tcb *tcb);

/* What the host knows of the path: the largest segment it can carry to this
 * peer (MMS_S less the TCP header), what to announce, and what a peer that
 * says nothing takes (536 or 1220, MUST-15).  Before open. */
void tcp_set_path(struct tcb *tcb, uint32_t snd_mss, uint32_t adv_mss,
		  uint32_t default_mss);
/* The path MTU fell (or rose): the data octets that now fit. */
void tcp_path_mss(struct tcb *tcb, uint32_t mss, uint64_t now);

/* RFC 9293 section 3.10.1, active. */
void tcp_open(struct tcb *tcb, uint32_t iss, uint32_t ts_off, uint64_t now);
/* RFC 7413, before tcp_open: the SYN asks for a cookie, or has one and waits
 * for tcp_fast_send; mss: what the peer announced the last time. */
void tcp_fast_connect(struct tcb *tcb, uint32_t mss, bool has_cookie);
/* The SYN goes, with as much of this as it can bear: octets taken. */
int64_t tcp_fast_send(struct tcb *tcb, const void *data, size_t len,
		      uint64_t now);
void tcp_syn_start(struct tcb *tcb, uint64_t now);
/* After tcp_from_syn: the SYN had a good cookie, its data are read and
 * answered before the handshake is complete.  cookie: the SYN-ACK bears a new
 * one. */
void tcp_fast_accept(struct tcb *tcb, const struct tcp_seg *seg, bool cookie,
		     uint64_t now);
void tcp_hold(struct tcb *tcb, bool hold, uint64_t now);

/* How much a send would take now (room.c). */
size_t tcp_send_room(const struct tcb *tcb);
/* As cn_sock_send, cn_sock_send_reserve and cn_sock_send_commit. */
int64_t tcp_send(struct tcb *tcb, const void *data, size_t len, unsigned flags,
		 uint64_t now);
int tcp_send_reserve(struct tcb *tcb, size_t want, struct cn_span *span, int n);
int tcp_send_commit(struct tcb *tcb, size_t len, unsigned flags, uint64_t now);
/* As cn_sock_recv and friends; state checks included (0 at end of stream). */
int64_t tcp_recv(struct tcb *tcb, void *data, size_t len, unsigned flags,
		 uint64_t now);
int tcp_recv_view(struct tcb *tcb, struct cn_slice *slice, int n);
int tcp_recv_take(struct tcb *tcb, size_t len, uint64_t now);
bool tcp_at_mark(const struct tcb *tcb);
/* The urgent octet that nobody read is lost. */
void tcp_pass_mark(struct tcb *tcb);

/* RFC 9293 section 3.10.4: FIN after what is queued. */
void tcp_close(struct tcb *tcb, uint64_t now);
/* The socket is gone: from now on data earns a reset, FIN-WAIT-2 ends. */
void tcp_orphan(struct tcb *tcb, uint64_t now);
/* RFC 9293 section 3.10.5: RST if the state asks for one; then CLOSED. */
void tcp_abort(struct tcb *tcb, int err, uint64_t now);
/* Options that act at once. */
void tcp_set_nodelay(struct tcb *tcb, bool on, uint64_t now);
void tcp_set_cork(struct tcb *tcb, bool on, uint64_t now);
void tcp_set_quickack(struct tcb *tcb, bool on, uint64_t now);
void tcp_set_keepalive(struct tcb *tcb, bool on, uint64_t now);
/* From now on they are of that size and do not tune themselves. */
void tcp_set_rcvbuf(struct tcb *tcb, uint32_t octets);
void tcp_set_sndbuf(struct tcb *tcb, uint32_t octets);
/* CN_E_NOBUFS: there is no memory for it. */
int tcp_set_cc(struct tcb *tcb, enum cn_cc kind, uint64_t now);
/* Octets/s that are never exceeded; UINT64_MAX or 0: any. */
int tcp_set_max_pacing_rate(struct tcb *tcb, uint64_t rate, uint64_t now);
/* The tune record, allocated if need be; NULL without memory. */
struct tcp_tune *tcp_tune(struct tcb *tcb);
/* To count there, NULL without memory; to read, all 0 if there is none. */
struct tcp_mishaps *tcp_mishaps(struct tcb *tcb);
const struct tcp_mishaps *tcp_mishaps_of(const struct tcb *tcb);
/* One more of those, if there is memory to count it. */
#define TCP_MISHAP(tcb, what)                                                  \
	do {                                                                   \
		struct tcp_mishaps *mishaps_ = tcp_mishaps(tcb);               \
                                                                               \
		if (mishaps_)                                                  \
			mishaps_->what++;                                      \
	} while (0)
void tcp_info(const struct tcb *tcb, struct cn_tcp_info *info);
/* Octets of data that were sent for the first time, and received in order. */
uint64_t tcp_octets_sent(const struct tcb *tcb);
uint64_t tcp_octets_received(const struct tcb *tcb);

/* ------------------------------------------ segments in, arrive.c, syn.c -- */

/*
 * RFC 9293 section 3.10.7 for every state but CLOSED and LISTEN.  Keeps
 * references to the slices it queues.  Returns why the segment was dropped,
 * CN_DROP_NONE when something of it was used.  Afterwards look at state, owe
 * (tcp_has_output), news and tcp_deadline.
 */
enum cn_drop tcp_arrives(struct tcb *tcb, const struct tcp_seg *seg,
			 uint64_t now);

/* RFC 9293 section 3.10.7.1: the reset for a segment that belongs to no
 * connection; false when it must not be answered (it is a RST). */
bool tcp_closed_arrives(const struct tcp_seg *seg, struct tcp_seg *reply);

enum tcp_listen_verdict {
	TCP_LISTEN_DROP,
	TCP_LISTEN_RST, /* answer by tcp_closed_arrives */
	TCP_LISTEN_SYN, /* a SYN: make a tcp_syn of it */
};
/* RFC 9293 section 3.10.7.2 */
enum tcp_listen_verdict tcp_listen_arrives(const struct tcp_seg *seg);

/* A connection in SYN-RECEIVED, as small as it can be: 24 octets. */
struct tcp_syn {
	uint32_t irs, iss;
	uint32_t ts_recent;
	uint16_t peer_mss;
	uint16_t rcv_wnd; /* as sent in the SYN-ACK */
	uint8_t peer_wscale;
	uint8_t options; /* of the SYN: enum tcp_opt */
	uint8_t rcv_wscale;
	uint8_t rexmit_n; /* SYN-ACKs repeated */
	uint8_t ecn; /* of four bits: ecn.h */
	bool again; /* the SYN came again */
};
void tcp_syn_init(struct tcp_syn *syn, const struct tcp_env *env,
		  const struct tcp_seg *seg, uint32_t iss, uint32_t rcvbuf);
/* The SYN-ACK of the entry. */
void tcp_syn_reply(const struct tcp_syn *syn, const struct tcp_env *env,
		   uint32_t adv_mss, uint32_t ts_off, struct tcp_seg *reply,
		   uint64_t now);
/*
 * The connection that the entry stands for, in SYN-RECEIVED, passive, its
 * SYN-ACK in flight since sent_at (0: since when is not known): any segment but a repeated SYN then goes
 * through tcp_arrives, on a temporary TCB if need be.  Call tcp_set_path
 * first.
 */
void tcp_from_syn(struct tcb *tcb, const struct tcp_syn *syn, uint32_t ts_off,
		  uint64_t sent_at, uint64_t now);

/* A connection in TIME-WAIT, 24 octets. */
struct tcp_tw {
	uint32_t snd_nxt, rcv_nxt;
	uint32_t ts_recent, ts_recent_age_s;
	uint32_t rcv_wnd;
	uint8_t options; /* TCP_OPT_TS if negotiated */
	uint8_t rcv_wscale;
	bool has_ace; /* RFC 9768 was agreed on */
	uint8_t ace; /* ... and our ACKs go on to tell this */
};
void tcp_tw_init(struct tcp_tw *tw, const struct tcb *tcb);
enum tcp_tw_verdict {
	TCP_TW_DROP, /* nothing to do */
	TCP_TW_ACK, /* *reply is an ACK to send */
	TCP_TW_RESTART, /* the same, and 2MSL begins again (a FIN) */
	TCP_TW_REUSE, /* a newer SYN (RFC 6191): treat as in LISTEN, with an
			 initial sequence number above tw->snd_nxt + 65535 */
};
/* RFC 9293 section 3.10.7.4 in TIME-WAIT; RST is ignored (RFC 1337). */
enum tcp_tw_verdict tcp_tw_arrives(struct tcp_tw *tw, const struct tcp_env *env,
				   uint32_t ts_off, const struct tcp_seg *seg,
				   struct tcp_seg *reply, uint64_t now);

/* An ICMP error about a segment of ours; seq is checked by the host against
 * snd_una .. snd_nxt.  hard: ends a connection in SYN-SENT, or one that Fast
 * Open made (Deviation: as Linux), and is soft elsewhere (RFC 5927). */
void tcp_icmp_error(struct tcb *tcb, int err, bool hard, uint64_t now);

/* ----------------------------------------------------- time, timeout.c -- */

uint64_t tcp_deadline(const struct tcb *tcb);
void tcp_advance(struct tcb *tcb, uint64_t now);

/* -------------------------------------------------- segments out, output.c -- */

struct tcp_emit_limits {
	uint32_t super_max; /* payload of a super-segment; 0: single packets */
};

/* Whether tcp_emit would send something now; cheap. */
bool tcp_has_output(const struct tcb *tcb, uint64_t now);
/* The next segment, with references in its slices (the caller's), or false. */
bool tcp_emit(struct tcb *tcb, const struct tcp_emit_limits *limits,
	      struct tcp_seg *seg, uint64_t now);

/*
 * How many segments follow *seg, which tcp_emit has just made, that differ
 * from it in sequence number alone; and the next n of them, the first in its
 * place.  As long as nothing else happens to the connection, at the same
 * instant, they are what tcp_emit would make one by one.  Their data are
 * sendq_slices' to give.  tcp_emit_again: false without memory, then tcp_emit
 * goes on.
 */
uint32_t tcp_burst(const struct tcb *tcb, const struct tcp_seg *seg,
		   uint64_t now);
bool tcp_emit_again(struct tcb *tcb, struct tcp_seg *seg, uint32_t n,
		    uint64_t now);

/* ------------------------------------------------------- within the room -- */

/* The one writer of tcb->state; asserts the arrow (RFC 9293 figure 5). */
void tcb_set_state(struct tcb *tcb, enum cn_tcp_state state, const char *rule,
		   uint64_t now);
/* Over: timers off, queues that nobody can use released, news set. */
void tcb_end(struct tcb *tcb, int err, const char *rule, uint64_t now);

#endif
