/* SPDX-License-Identifier: MIT */
/*
 * catenet/host.h - one host: a pure function of frames and time.
 *
 *	cn_host_input(host, link, frame, now)	a frame arrived
 *	cn_host_output(host, link, &frame, now)	the next frame to send, or none
 *	cn_host_deadline(host)			when time alone acts
 *	cn_host_advance(host, now)		time has passed
 *	cn_host_event(host, &event)		what the application must learn
 *
 * After any call that takes `now` the driver drains cn_host_output for each
 * link that can take frames, polls events until there is none, and re-arms
 * one timer for cn_host_deadline.  Nothing calls back, but for the trace.
 * A host is single-threaded and touches nothing but its own memory.
 */
#ifndef CATENET_HOST_H
#define CATENET_HOST_H

#include <catenet/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cn_host;
struct cn_sock;

/* RFC 9293 section 3.3.2; the numbers are Linux's (include/net/tcp_states.h),
 * as tools expect them. */
enum cn_tcp_state {
	CN_ESTABLISHED = 1,
	CN_SYN_SENT = 2,
	CN_SYN_RECEIVED = 3,
	CN_FIN_WAIT_1 = 4,
	CN_FIN_WAIT_2 = 5,
	CN_TIME_WAIT = 6,
	CN_CLOSED = 7,
	CN_CLOSE_WAIT = 8,
	CN_LAST_ACK = 9,
	CN_LISTEN = 10,
	CN_CLOSING = 11,
};

/* "ESTABLISHED", "SYN-RECEIVED" ... (RFC 9293's spelling), static. */
CN_API const char *cn_tcp_state_name(enum cn_tcp_state state);

enum cn_cc { CN_CC_CUBIC, CN_CC_RENO, CN_CC_N };

/* ----------------------------------------------------------- settings -- */

/*
 * All limits by name, with safe defaults: call cn_settings_default, change
 * what you must, pass to cn_host_new.  Durations in ns.
 */
struct cn_settings {
	/* Identity and means */
	uint8_t seed[16];
	bool seeded; /* false: cn_host_new refuses (CN_E_NOENTROPY) */
	struct cn_pool *pool; /* required; shared by hosts of one thread */
	size_t memory_limit; /* the host's budget, octets; default 256 MiB */
	const char *name; /* for views; borrowed, may be NULL */

	/* Trace hook; NULL costs one branch. */
	const struct cn_trace_sink *trace;

	/* IP */
	bool any_addr; /* accept packets to every address (a gateway) */
	bool forward; /* reserved for routers; must be false */
	uint8_t ttl; /* 64 */
	uint32_t frag_memory; /* 1 MiB (row 21 of attacks) */
	uint64_t frag_timeout_ns; /* 30 s IPv4, 60 s IPv6 doubles it */
	uint32_t icmp_rate; /* ICMP errors and RSTs per second; 1000 */
	uint32_t min_pmtu_v4; /* 552; IPv6 1280 is fixed */
	uint64_t pmtu_expire_ns; /* 10 min */

	/* Ports and listeners */
	uint16_t port_low, port_high; /* 32768 .. 60999 */
	uint16_t somaxconn; /* 4096 */
	uint32_t syn_backlog; /* entries of one host's SYN cache; 4096 */
	uint32_t time_wait_max; /* 262144 */
	uint8_t syn_retries; /* 6 */
	uint8_t synack_retries; /* 5 */

	/* TCP */
	uint64_t msl2_ns; /* 2MSL, 60 s as Linux */
	uint64_t fin_wait2_ns; /* orphans, 60 s */
	uint64_t rto_initial_ns; /* 1 s */
	uint64_t rto_min_ns; /* 200 ms (Deviation: RFC 6298 says 1 s) */
	uint64_t rto_max_ns; /* 120 s */
	uint64_t delack_ns; /* 40 ms */
	uint8_t retries1; /* R1, 3 */
	uint8_t retries2; /* R2, 15 */
	uint8_t orphan_retries; /* 8 */
	uint64_t keepalive_idle_ns; /* 2 h */
	uint64_t keepalive_interval_ns; /* 75 s */
	uint8_t keepalive_probes; /* 9 */
	uint32_t sndbuf; /* 4 MiB */
	uint32_t rcvbuf; /* 4 MiB */
	uint32_t min_snd_mss; /* 48 (row 20) */
	uint16_t initial_window; /* segments, 10 */
	uint32_t ooo_max; /* out-of-order pieces of one connection; 4096 */
	uint64_t challenge_interval_ns; /* 500 ms (row 4) */
	bool timestamps, sack, window_scaling; /* true */
	uint8_t cc; /* enum cn_cc */
};

CN_API void cn_settings_default(struct cn_settings *settings);

/* ------------------------------------------------------- host, links -- */

/* CN_OK and *host, or an error. */
CN_API int cn_host_new(const struct cn_settings *settings, uint64_t now,
		       struct cn_host **host) CN_MUST_CHECK;
/* Frees everything, sockets included (their pointers are dead). */
CN_API void cn_host_free(struct cn_host *host);

/* What a link can do, as seen from the host. */
struct cn_link_config {
	const char *name; /* copied, 15 octets */
	uint32_t mtu; /* IP packet, 68 (576 advised) .. 65535 */
	bool tx_csum; /* completes CN_CSUM_PARTIAL */
	uint32_t tx_super; /* largest super-segment payload it cuts itself;
			      0: the host sends single packets */
	bool loopback; /* 127/8 and ::1 may travel; default route for them */
};

/* Adds link number *link (0, 1, ...).  At most 16. */
CN_API int cn_host_link_add(struct cn_host *host,
			    const struct cn_link_config *config, int *link)
	CN_MUST_CHECK;
/* An address of this host on that link, with its prefix length (the route to
 * the prefix comes with it).  IPv4 addresses have prefixes 0..32. */
CN_API int cn_host_addr_add(struct cn_host *host, int link,
			    const struct cn_addr *addr, unsigned prefix_len)
	CN_MUST_CHECK;
/* prefix_len 0 with an any-address: the default route of that family. */
CN_API int cn_host_route_add(struct cn_host *host, int link,
			     const struct cn_addr *prefix, unsigned prefix_len)
	CN_MUST_CHECK;

/* -------------------------------------------------------- four verbs -- */

/* The frame stays the caller's; the host takes references to buffers it
 * wants to keep. */
CN_API void cn_host_input(struct cn_host *host, int link,
			  const struct cn_frame *frame, uint64_t now);
/* Fills *frame (to be released by the caller) and returns true, or false:
 * nothing to send on this link now. */
CN_API bool cn_host_output(struct cn_host *host, int link,
			   struct cn_frame *frame, uint64_t now);
/* Earliest instant at which cn_host_advance has something to do. */
CN_API uint64_t cn_host_deadline(const struct cn_host *host);
CN_API void cn_host_advance(struct cn_host *host, uint64_t now);

/* ------------------------------------------------------------ events -- */

enum cn_event_kind {
	/* cn_sock_ready(sock) may have gained bits since the last event. */
	CN_EVENT_READY = 1,
	/* A holding listener got a SYN: answer with cn_syn_answer(syn). */
	CN_EVENT_SYN,
	/* A held or answered SYN is gone before it became a connection (the
	 * peer reset it, or its time ran out). */
	CN_EVENT_SYN_GONE,
	/* An orphan (closed by the application) has ended: all that it had
	 * sent is acknowledged, or it was given up (err != 0; octets: not
	 * acknowledged).  tag as set by cn_sock_set_tag. */
	CN_EVENT_ORPHAN_DONE,
};

struct cn_event {
	uint8_t kind; /* enum cn_event_kind */
	struct cn_sock *sock; /* READY: the socket; SYN: the listener */
	void *tag; /* of the socket */
	uint64_t syn; /* SYN, SYN_GONE */
	struct cn_endpoint local, peer; /* SYN, SYN_GONE, ORPHAN_DONE */
	uint32_t iss_peer; /* SYN: the sequence number of the SYN */
	int err;
	uint64_t octets;
};

/* True and *event, or false: nothing more to learn. */
CN_API bool cn_host_event(struct cn_host *host, struct cn_event *event);

/* How to answer a held SYN.  A refusal is remembered for two minutes and
 * repeated to a retransmitted SYN. */
enum cn_syn_verdict {
	CN_SYN_ACCEPT, /* send SYN-ACK */
	CN_SYN_RESET, /* send RST: refused */
	CN_SYN_UNREACHABLE, /* send ICMP unreachable; code: icmp_code */
	CN_SYN_DROP, /* forget it silently */
};
/* CN_E_INVAL when that SYN is gone.  icmp_code is IPv4's; it is mapped for
 * IPv6. */
CN_API int cn_syn_answer(struct cn_host *host, uint64_t syn,
			 enum cn_syn_verdict verdict, uint8_t icmp_code,
			 uint64_t now);

/* ---------------------------------------------------------- counters -- */

/* X(name, text) */
#define CN_COUNTERS(X)                                                         \
	X(ip_in, "packets received")                                           \
	X(ip_out, "packets sent (a super-segment counts its packets)")         \
	X(frames_in, "frames taken in")                                        \
	X(frames_out, "frames given out")                                      \
	X(octets_in, "octets received, headers included")                      \
	X(octets_out, "octets sent, headers included")                         \
	X(frag_reassembled, "datagrams reassembled")                           \
	X(icmp_in, "ICMP messages received")                                   \
	X(icmp_out, "ICMP messages sent")                                      \
	X(icmp_echo_replies, "echo replies sent")                              \
	X(tcp_in, "TCP segments received")                                     \
	X(tcp_out, "TCP segments sent")                                        \
	X(tcp_rst_out, "resets sent")                                          \
	X(tcp_retrans, "segments retransmitted")                               \
	X(tcp_active_opens, "connect calls")                                   \
	X(tcp_passive_opens, "connections accepted into a queue")              \
	X(tcp_failed, "connection attempts that failed")                       \
	X(tcp_resets, "connections reset")                                     \
	X(tcp_timeouts, "connections given up")                                \
	X(tcp_challenge_acks, "challenge ACKs sent")                           \
	X(tcp_syn_cached, "SYNs entered in the SYN cache")                     \
	X(tcp_time_wait_reused, "TIME-WAIT entries revived by a newer SYN")    \
	X(tcp_time_wait_overflow, "TIME-WAIT entries dropped by the limit")    \
	X(pmtu_lowered, "path MTU lowered by a verified ICMP message")

struct cn_counters {
#define CN_X(name, text) uint64_t name;
	CN_COUNTERS(CN_X)
#undef CN_X
	uint64_t drop[CN_DROP_N];
};

CN_API const struct cn_counters *cn_host_counters(const struct cn_host *host);
/* Octets of the budget in use now, and the most there ever were. */
CN_API size_t cn_host_memory(const struct cn_host *host, size_t *peak);

/* ------------------------------------------------------------- trace -- */

enum cn_trace_kind {
	CN_TRACE_STATE, /* from, to */
	CN_TRACE_IN, /* a segment, with verdict */
	CN_TRACE_OUT,
	CN_TRACE_TIMER, /* what fired */
	CN_TRACE_CC, /* cwnd, ssthresh changed */
};

enum cn_timer_kind {
	CN_TIMER_RTO,
	CN_TIMER_PERSIST,
	CN_TIMER_DELACK,
	CN_TIMER_KEEPALIVE,
	CN_TIMER_FIN_WAIT_2,
	CN_TIMER_TIME_WAIT,
	CN_TIMER_USER_TIMEOUT,
	CN_TIMER_SWS, /* override of silly-window avoidance and Nagle */
};

/* rule: "RFC 9293 3.10.7.4" and the like, static, or NULL. */
struct cn_trace {
	uint64_t at;
	uint8_t kind; /* enum cn_trace_kind */
	uint8_t from, to; /* states; IN, OUT: from is the state now */
	uint8_t timer; /* enum cn_timer_kind */
	uint8_t drop; /* enum cn_drop */
	uint8_t flags; /* segment */
	bool retransmit;
	uint32_t seq, ack, len, wnd; /* segment, absolute; wnd scaled */
	uint32_t iss, irs; /* to make them relative */
	uint32_t cwnd, ssthresh, flight; /* octets */
	uint64_t srtt_ns, rto_ns;
	const char *rule;
	struct cn_endpoint local, peer;
	void *tag;
};

struct cn_trace_sink {
	void (*trace)(void *ctx, const struct cn_trace *trace);
	void *ctx;
};

#ifdef __cplusplus
}
#endif

#endif
