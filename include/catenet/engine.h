/* SPDX-License-Identifier: MIT */
/*
 * catenet/engine.h - the words that every room of the engine shares: settings
 * in; counters, trace and the facts of a connection out.
 */
#ifndef CATENET_ENGINE_H
#define CATENET_ENGINE_H

#include <catenet/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

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

enum cn_cc { CN_CC_CUBIC, CN_CC_RENO, CN_CC_BBR, CN_CC_N };

/* What ends CUBIC's first slow start before a loss does. */
enum cn_hystart {
	CN_HYSTART_PLUS, /* RFC 9406 */
	CN_HYSTART_LINUX, /* the older one that it came from */
	CN_HYSTART_OFF,
};

/* Bits of cn_settings.recovery (Linux's net.ipv4.tcp_recovery). */
enum cn_recovery_how {
	CN_RECOVERY_RACK = 1, /* RFC 8985; else RFC 6675 */
	CN_RECOVERY_STATIC_REO_WND = 2, /* its window does not adapt */
	CN_RECOVERY_NO_DUPTHRESH = 4, /* three segments SACKed do not end it */
};

/* From this value of cn_settings.early_retrans on, the tail is probed. */
#define CN_EARLY_TLP 3
/* Of cn_settings.ooo_max. */
#define CN_OOO_BUFFER (6u << 20)

/* ----------------------------------------------------------- settings -- */

/* Octets of a buffer. */
struct cn_mem {
	uint32_t least; /* is left to each when the host's memory is short */
	uint32_t initial;
	uint32_t most;
};

/* Fast Open (RFC 7413), bits of settings.fastopen, by Linux's numbers. */
enum cn_fastopen_flag {
	CN_FASTOPEN_CLIENT = 0x1,
	CN_FASTOPEN_SERVER = 0x2,
	/* Data ride on every first SYN, cookie or not. */
	CN_FASTOPEN_CLIENT_NO_COOKIE = 0x4,
	/* They are taken without a cookie: only where no address can be
	 * forged. */
	CN_FASTOPEN_SERVER_NO_COOKIE = 0x200,
	/* Every listener takes part, for as many as its backlog. */
	CN_FASTOPEN_ALL_LISTENERS = 0x400,
};

/* What of the packets that arrive is another stack's (cn_host_twin). */
enum cn_twin {
	CN_TWIN_NONE,
	/* All that arrives here and is neither TCP, about TCP, nor the talk of
	 * neighbours on Ethernet; datagrams to groups, too. */
	CN_TWIN_KERNEL,
	/* Of a host with settings.any_addr: echo requests to addresses that it
	 * does not bear itself.  Its packets may come from any address. */
	CN_TWIN_BEYOND,
};

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
	/* The same for datagrams; may be NULL. */
	const struct cn_dgram_sink *dgram_trace;
	/* Sees each frame that the host sends to itself; may be NULL. */
	const struct cn_frame_sink *loopback_tap;

	/* IP */
	bool any_addr; /* accept packets to every address (a gateway) */
	bool forward; /* a router: passes on what is for others */
	uint8_t ttl; /* 64 */
	uint32_t frag_memory; /* 1 MiB (row 21 of attacks) */
	uint64_t frag_timeout_ns; /* 30 s IPv4, 60 s IPv6 doubles it */
	uint32_t icmp_rate; /* ICMP errors and RSTs per second; 1000 */
	uint32_t min_pmtu_v4; /* 552; IPv6 1280 is fixed */
	uint64_t pmtu_expire_ns; /* 10 min */
	uint16_t forward_queue; /* packets that wait on one link; 1000 */

	/* Neighbours on Ethernet (RFC 4861 section 10, and ARP alike) */
	uint16_t neigh_max; /* 1024; a quarter may be unanswered (RFC 6583) */
	uint64_t neigh_reachable_ns; /* 30 s, times 0.5 .. 1.5 */
	uint64_t neigh_retrans_ns; /* 1 s */
	uint64_t neigh_delay_ns; /* before a first probe; 5 s */
	uint8_t neigh_probes; /* 3 */
	uint8_t dad_probes; /* 1; 0: IPv6 addresses are used at once */

	/* Ports and listeners */
	uint16_t port_low, port_high; /* 32768 .. 60999 */
	uint16_t somaxconn; /* 4096 */
	uint32_t syn_backlog; /* half-open connections of a host without SYN
				 cookies; 4096 */
	uint32_t syn_cache_max; /* the most there ever are, 64 octets each;
				   16384 */
	uint8_t syncookies; /* 0: never, 1: when a SYN queue is full, 2: always
			       (RFC 4987 section 3.6); 1 */
	/* Connections of one client to one port of a listener that sets no
	 * limit of its own; 0: any number.  A client is an address, or a
	 * prefix of one: 32 and 64 bits. */
	uint32_t max_per_client;
	uint8_t client_prefix_v4, client_prefix_v6;
	/* A connection that came through a listener is reset when no octet of
	 * data has come or gone for so long; 0: never. */
	uint64_t idle_timeout_ns;
	/* Fast Open: bits of enum cn_fastopen_flag (Linux's default is 1, ours
	 * 3).  Servers whose cookies are kept, 1024; how long a
	 * secret makes cookies, which are good as long again, a day; how long
	 * a client does without after SYNs with data vanished, doubled up to
	 * 64 times, 0: it goes on. */
	uint16_t fastopen;
	/* The servers' secrets, as they stand in Linux's sysctl
	 * tcp_fastopen_key (each word's octets low end first), so that several
	 * hosts make the same cookies: the first makes them, both check
	 * them.  None: each host draws its own. */
	uint8_t fastopen_key[2][16];
	uint8_t fastopen_key_n;
	uint32_t fastopen_cache;
	uint64_t fastopen_key_ns;
	uint64_t fastopen_blackhole_ns;
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
	/* Buffers tune themselves between these, as Linux's tcp_rmem and
	 * tcp_wmem; as there, half of rmem is offered as window. */
	struct cn_mem rmem; /* 4096, 131072, 6291456 */
	struct cn_mem wmem; /* 4096, 16384, 4194304 */
	/* Instead all begin with a fixed size in octets of data, as by
	 * SO_SNDBUF and SO_RCVBUF; 0: they do not. */
	uint32_t sndbuf, rcvbuf;
	/* 0: super-segments as long as the link takes them.  Else sized as by
	 * Linux: a millisecond at the rate of the window, at least so many
	 * segments (tcp_min_tso_segs), at most half the largest window. */
	uint8_t tso_min_segs;
	/* A send is cut short, and a socket is not writable, while so many
	 * octets wait to be sent (tcp_notsent_lowat); 0: any number. */
	uint32_t notsent_lowat;
	uint32_t min_snd_mss; /* 48 (row 20) */
	/* Packetization-layer path MTU discovery (RFC 4821): 0 never, 1 when
	 * retries1 timeouts in a row look like a black hole (Linux's default is
	 * 0), 2 from the beginning.  Segments that are taken to arrive then;
	 * the least they come down to; how long the result holds. */
	uint8_t mtu_probing; /* 1 */
	uint16_t base_mss; /* 1024 */
	uint16_t mtu_probe_floor; /* 48 */
	uint64_t mtu_probe_interval_ns; /* 10 min */
	uint16_t initial_window; /* segments, 10 */
	/* Out-of-order pieces of one connection; 4096.  As many again for each
	 * CN_OOO_BUFFER octets of its receive buffer. */
	uint32_t ooo_max;
	uint64_t challenge_interval_ns; /* 500 ms (row 4) */
	bool timestamps, sack, window_scaling; /* true */
	uint8_t cc; /* enum cn_cc */
	uint8_t hystart; /* enum cn_hystart; RFC 9406's */
	bool pacing; /* CUBIC and Reno too, where the path is longer than 1 ms;
			BBR always; true */
	bool slow_start_after_idle; /* RFC 5681 section 4.1; true */
	/* Explicit congestion notification, Linux's tcp_ecn.  What is asked
	 * for, and what is taken where the peer asks: 0 nothing; RFC 3168 is
	 * by 1 asked for, and taken by all others; RFC 9768 (accurate ECN)
	 * is by 3 asked for, and taken by 3, 4 (which asks for RFC 3168) and
	 * 5 (which asks for nothing, as 2). */
	uint8_t ecn; /* 2 */

	/* Loss recovery, by Linux's numbers */
	uint8_t recovery; /* enum cn_recovery_how, as tcp_recovery: RACK */
	uint8_t early_retrans; /* tcp_early_retrans; CN_EARLY_TLP */
	uint8_t frto; /* tcp_frto: 0 off, else RFC 5682; 2 */
	bool prr; /* RFC 9937; false: the window falls at once; true */

	/* Datagram sockets, as Linux's net.core.[rw]mem_default */
	uint32_t dgram_sndbuf; /* 212992 */
	uint32_t dgram_rcvbuf; /* 212992 */
};

/* An address of this host. */
enum cn_addr_state {
	CN_ADDR_NONE, /* it is none of this host's */
	CN_ADDR_TENTATIVE,
	CN_ADDR_READY,
	CN_ADDR_DUPLICATE, /* another station has it: it is not used */
};

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
	X(tcp_rto_fired, "retransmission timeouts")                            \
	X(tcp_sack_recovery, "fast recoveries by SACK")                        \
	X(tcp_reno_recovery, "fast recoveries by duplicate ACKs")              \
	X(tcp_loss_probes, "probes of a tail sent (RFC 8985)")                 \
	X(tcp_loss_probe_recovery, "tails that a probe repaired")              \
	X(tcp_lost_retransmit, "retransmissions found lost")                   \
	X(tcp_sack_reorder, "ACKs that showed reordering")                     \
	X(tcp_sack_reneging, "receivers that took SACKed data back")           \
	X(tcp_dsack_recv, "D-SACKs received")                                  \
	X(tcp_dsack_undo, "reductions undone: D-SACKs for all sent again")     \
	X(tcp_ts_undo, "reductions undone: an older timestamp came back")      \
	X(tcp_spurious_rtos, "timeouts undone: nothing was lost (RFC 5682)")   \
	X(tcp_active_opens, "connect calls")                                   \
	X(tcp_passive_opens, "connections accepted into a queue")              \
	X(tcp_failed, "connection attempts that failed")                       \
	X(tcp_resets, "connections reset")                                     \
	X(tcp_timeouts, "connections given up")                                \
	X(fastopen_active, "SYNs whose data were acknowledged")                \
	X(fastopen_active_fail, "SYNs whose data had to be sent again")        \
	X(fastopen_passive, "connections accepted by Fast Open")               \
	X(fastopen_passive_fail,                                               \
	  "SYNs whose Fast Open cookie was none of ours")                      \
	X(fastopen_passive_alt_key, "Fast Open cookies of the secret before")  \
	X(fastopen_listen_overflow, "Fast Open refused: too many are open")    \
	X(fastopen_cookie_reqd, "SYNs that asked for a Fast Open cookie")      \
	X(fastopen_blackhole, "times Fast Open was given up for a while")      \
	X(tcp_idle_timeouts, "connections cut off for being idle")             \
	X(tcp_client_limit, "connections refused: their client has enough")    \
	X(tcp_challenge_acks, "challenge ACKs sent")                           \
	X(tcp_syn_cached, "SYNs entered in the SYN cache")                     \
	X(syncookies_sent, "SYNs answered with a cookie, nothing kept")        \
	X(syncookies_recv, "ACKs that brought a cookie back")                  \
	X(syncookies_failed, "ACKs whose cookie was none of ours")             \
	X(ecn_ce_in, "segments that came with a mark of congestion")           \
	X(ecn_reductions, "windows reduced because of an echoed mark")         \
	X(accecn_ce_told, "marks that peers told of by accurate ECN")          \
	X(accecn_opens, "connections that agreed on accurate ECN")             \
	X(accecn_meddled, "times the way was found to change fields of ECN")   \
	X(accecn_refused, "AccECN options that could not be true")             \
	X(tcp_time_wait_reused, "TIME-WAIT entries revived by a newer SYN")    \
	X(tcp_time_wait_overflow, "TIME-WAIT entries dropped by the limit")    \
	X(pmtu_lowered, "path MTU lowered by a verified ICMP message")         \
	X(tcp_mtu_fallbacks, "times long segments were taken to vanish")       \
	X(tcp_mtu_probes, "longer segments sent to see whether they arrive")   \
	X(tcp_mtu_probes_lost, "... that did not")                             \
	X(udp_in, "UDP datagrams delivered to a socket")                       \
	X(udp_out, "UDP datagrams sent")                                       \
	X(udp_no_port, "UDP datagrams for a port where no socket is")          \
	X(udp_errors, "UDP datagrams malformed, or without room or memory")    \
	X(frag_made, "fragments sent")                                         \
	X(ip_forwarded, "packets passed on")                                   \
	X(arp_in, "ARP messages received")                                     \
	X(arp_out, "ARP messages sent")                                        \
	X(neigh_failed, "neighbours that never answered")                      \
	X(dad_failed, "own addresses that another station has")

struct cn_counters {
#define CN_X(name, text) uint64_t name;
	CN_COUNTERS(CN_X)
#undef CN_X
	uint64_t drop[CN_DROP_N];
};

/* ------------------------------------------------------------- trace -- */

/*
 * One typed event for whatever the stack does; see/ makes of it the ladder,
 * JSON lines, comments of a capture and the summary.  Of one arriving segment
 * the state, window and congestion changes come first and then IN, which tells
 * the state before and after; a timer comes before what it causes.
 * X(name, text)
 */
#define CN_TRACES(X)                                                           \
	X(STATE, "state") /* from, to; err when to is CLOSED */                \
	X(IN, "in") /* a segment, with verdict; from before, to after */       \
	X(OUT, "out") /* a segment, with why; from is to, the state now */     \
	X(TIMER, "timer") /* what fired */                                     \
	X(CC, "cc") /* cwnd, ssthresh changed but by growing */                \
	X(WINDOW, "window") /* the peer's window closed or opened: wnd */      \
	X(MTU, "mtu") /* path probing changed the segments' size: mss */

enum cn_trace_kind {
#define CN_X(name, text) CN_TRACE_##name,
	CN_TRACES(CN_X) CN_TRACE_N
#undef CN_X
};

/* X(name, text) */
#define CN_TIMERS(X)                                                           \
	X(RTO, "rto")                                                          \
	X(TLP, "tlp") /* the tail is probed */                                 \
	X(RACK, "rack") /* reordering has had its time */                      \
	X(PERSIST, "persist")                                                  \
	X(DELACK, "delack")                                                    \
	X(KEEPALIVE, "keepalive")                                              \
	X(FIN_WAIT_2, "fin-wait-2")                                            \
	X(TIME_WAIT, "time-wait")                                              \
	X(USER_TIMEOUT, "user-timeout")                                        \
	X(IDLE, "idle") /* no data for too long */                             \
	X(SWS, "sws") /* override of silly-window avoidance and Nagle */

enum cn_timer_kind {
#define CN_X(name, text) CN_TIMER_##name,
	CN_TIMERS(CN_X) CN_TIMER_N
#undef CN_X
};

/* Why a segment was sent.  X(name, text) */
#define CN_SENDS(X)                                                            \
	X(ACK, "ack")                                                          \
	X(SYN, "syn") /* SYN-ACK too */                                        \
	X(COOKIE, "cookie") /* a SYN-ACK of which nothing is kept */           \
	X(DATA, "data") /* new, a FIN perhaps */                               \
	X(MTU_PROBE, "mtu-probe") /* new, and longer than the others */        \
	X(REXMIT, "rexmit")                                                    \
	X(TLP, "tlp") /* the last of what is in flight, to hear of it */       \
	X(RST, "rst")                                                          \
	X(CHALLENGE, "challenge")                                              \
	X(PROBE, "probe")                                                      \
	X(KEEPALIVE, "keepalive")

enum cn_send {
#define CN_X(name, text) CN_SEND_##name,
	CN_SENDS(CN_X) CN_SEND_N
#undef CN_X
};

/* Loss recovery that is under way.  X(name, text) */
#define CN_RECOVERIES(X)                                                       \
	X(NONE, "none")                                                        \
	X(FAST, "fast")                                                        \
	X(TIMEOUT, "timeout")

enum cn_recovery {
#define CN_X(name, text) CN_RECOVERY_##name,
	CN_RECOVERIES(CN_X) CN_RECOVERY_N
#undef CN_X
};

/* CC: how it is known that a reduction was for nothing.  X(name, text) */
#define CN_UNDOS(X)                                                            \
	X(NONE, "none") /* nothing is undone */                                \
	X(DSACK, "dsack") /* all that was sent again came twice */             \
	X(TIMESTAMP, "timestamp") /* the original's echo came (RFC 3522) */    \
	X(FRTO, "frto") /* what was sent before the timeout came (RFC 5682) */

enum cn_undo {
#define CN_X(name, text) CN_UNDO_##name,
	CN_UNDOS(CN_X) CN_UNDO_N
#undef CN_X
};

/* The states of BBR (draft-ietf-ccwg-bbr).  X(name, text) */
#define CN_BBRS(X)                                                             \
	X(NONE, "none") /* another controller */                               \
	X(STARTUP, "startup")                                                  \
	X(DRAIN, "drain")                                                      \
	X(DOWN, "probe-bw-down")                                               \
	X(CRUISE, "probe-bw-cruise")                                           \
	X(REFILL, "probe-bw-refill")                                           \
	X(UP, "probe-bw-up")                                                   \
	X(PROBE_RTT, "probe-rtt")

enum cn_bbr {
#define CN_X(name, text) CN_BBR_##name,
	CN_BBRS(CN_X) CN_BBR_N
#undef CN_X
};

/* RFC 7413: what a SYN says of cookies.  X(name, text) */
#define CN_FASTOPENS(X)                                                        \
	X(NONE, "none")                                                        \
	X(ASKS, "asks")                                                        \
	X(COOKIE, "cookie")

enum cn_fastopen {
#define CN_X(name, text) CN_FASTOPEN_##name,
	CN_FASTOPENS(CN_X) CN_FASTOPEN_N
#undef CN_X
};

/*
 * rule: "RFC 9293 section 3.10.7.4" and the like, static; NULL only where no
 * document asks for it.  What a kind does not tell is 0.  Entries of the SYN
 * cache and of TIME-WAIT know neither windows nor round trips.
 */
struct cn_trace {
	uint64_t at;
	uint8_t kind; /* enum cn_trace_kind */
	uint8_t from, to; /* states */
	uint8_t timer; /* enum cn_timer_kind */
	uint8_t drop; /* enum cn_drop */
	uint8_t why; /* OUT: enum cn_send */
	uint8_t recovery; /* enum cn_recovery */
	uint8_t undo; /* CC: enum cn_undo */
	uint8_t bbr; /* enum cn_bbr */
	int8_t err; /* enum cn_err */
	uint8_t flags; /* segment */
	bool ae; /* of a SYN: the flag above CWR (RFC 9768) */
	/* Once accurate ECN is agreed on (RFC 9768), CWR and ECE are no flags
	 * but two of the three bits of this field, ACE. */
	bool has_ace;
	uint8_t ace;
	bool retransmit;
	uint8_t sack_n;
	uint32_t seq, ack, len, wnd; /* segment, absolute; wnd scaled */
	uint32_t seg_size; /* octets of each packet that it stands for, or 0 */
	uint32_t mss; /* of a SYN, or 0 */
	uint8_t fastopen; /* enum cn_fastopen, of a SYN */
	uint32_t sack[4][2]; /* first octet, and first not in the block */
	uint32_t iss, irs; /* to make them relative */
	uint32_t cwnd, ssthresh, flight; /* octets */
	uint32_t snd_wnd, snd_mss, unsent; /* unsent: waits to be sent */
	uint64_t srtt_ns, rto_ns; /* rto: backed off */
	const char *rule;
	struct cn_endpoint local, peer;
	void *tag;
};

struct cn_trace_sink {
	void (*trace)(void *ctx, const struct cn_trace *trace);
	void *ctx;
};

/* What happens to a datagram.  X(name, text) */
#define CN_DGRAM_TRACES(X)                                                     \
	X(OUT, "datagram-out") /* it was sent */                               \
	X(IN, "datagram-in") /* one came; drop: why nobody got it */           \
	X(ERROR, "datagram-error") /* ICMP says that one did not arrive */

enum cn_dgram_trace_kind {
#define CN_X(name, text) CN_DGRAM_TRACE_##name,
	CN_DGRAM_TRACES(CN_X) CN_DGRAM_TRACE_N
#undef CN_X
};

struct cn_dgram_trace {
	uint64_t at;
	uint8_t kind; /* enum cn_dgram_trace_kind */
	uint8_t protocol; /* 17; 1 or 58: an echo request or reply */
	uint8_t drop; /* IN: enum cn_drop */
	uint8_t ttl;
	int8_t err; /* ERROR: enum cn_err */
	bool to_many;
	uint32_t len; /* octets of data */
	uint32_t fragments; /* OUT: how many; 0: it is sent whole */
	const char *rule; /* static */
	struct cn_endpoint local, peer;
	void *tag; /* of the socket, or NULL */
};

struct cn_dgram_sink {
	void (*dgram)(void *ctx, const struct cn_dgram_trace *trace);
	void *ctx;
};

/* ------------------------------------------------------ a connection -- */

enum cn_msg {
	CN_MSG_PEEK = 1,
	CN_MSG_OOB = 2,
	CN_MSG_MORE = 4,
	CN_MSG_TRUNC = 8, /* recv: discard instead of copying */
	CN_MSG_EOR = 16, /* send: nothing follows in the same segment */
};

/*
 * What a datagram comes with.  Sending: start from CN_DGRAM_MSG and set what
 * is to differ from what the socket says.
 */
struct cn_dgram_msg {
	/* Received: the sender.  To send: where to; port 0: the connected
	 * peer. */
	struct cn_endpoint peer;
	/* Received: the destination that the packet named.  To send: the
	 * source address (any: the socket's, or by the route); the port counts
	 * for a CN_DGRAM_OPT_ANY_PORT socket alone. */
	struct cn_endpoint local;
	int16_t link; /* received: came by; to send: leave by, -1: any */
	int16_t ttl; /* received: left; to send: -1: the socket's */
	int16_t tos; /* DSCP and ECN as received; to send: -1: the socket's */
	bool to_many; /* received: it was broadcast or multicast */
	uint32_t len; /* received: octets of the datagram, whole */
	uint64_t at; /* received: when */
};

#define CN_DGRAM_MSG                                                           \
	{                                                                      \
		.link = -1, .ttl = -1, .tos = -1                               \
	}

enum cn_dgram_origin {
	CN_DGRAM_LOCAL = 1, /* this host refused to send it */
	CN_DGRAM_ICMP = 2,
	CN_DGRAM_ICMP6 = 3,
};

/* Why a datagram that was sent did not arrive (Linux's IP_RECVERR). */
struct cn_dgram_error {
	int err;
	uint8_t origin; /* enum cn_dgram_origin */
	uint8_t type, code; /* of the ICMP message */
	uint32_t info; /* the MTU of a datagram that was too big */
	struct cn_endpoint to; /* where the datagram was sent */
	struct cn_addr offender; /* who says so; any: this host */
	uint32_t len; /* octets of the datagram that are there */
	int16_t link;
	uint64_t at;
};

/* A writable piece of a send slab. */
struct cn_span {
	uint8_t *data;
	size_t len;
};

/* What holds back octets, or a FIN, that were not sent yet.  X(name, text) */
#define CN_HOLDS(X)                                                            \
	X(NOTHING, "nothing") /* nothing waits */                              \
	X(LINK, "link") /* they may go: the link has not taken them */         \
	X(WINDOW, "window") /* the peer's: zero, or full */                    \
	X(SMALL, "small_window") /* the peer's has room, but too little */     \
	X(CWND, "cwnd") /* the congestion window is full */                    \
	X(PACE, "pacing") /* they may go, a little later */                    \
	X(NAGLE, "nagle") /* less than a segment, and one is out already */    \
	X(CORK, "cork") /* the program said that more follows */

enum cn_hold {
#define CN_X(name, text) CN_HOLD_##name,
	CN_HOLDS(CN_X) CN_HOLD_N
#undef CN_X
};

/* What the sender makes of its path, Linux's numbers.  X(name, text) */
#define CN_CA_STATES(X)                                                        \
	X(OPEN, "open")                                                        \
	X(DISORDER, "disorder") /* something is missing, or came late */       \
	X(CWR, "cwr") /* the network was congested and said so */              \
	X(RECOVERY, "recovery")                                                \
	X(LOSS, "loss") /* after a timeout */

enum cn_ca_state {
#define CN_X(name, text) CN_CA_##name,
	CN_CA_STATES(CN_X) CN_CA_N
#undef CN_X
};

/* What is known of a connection; times in ns, sizes in octets. */
struct cn_tcp_info {
	uint8_t state; /* enum cn_tcp_state */
	uint8_t cc;
	uint8_t retransmits; /* of the oldest octet, in a row */
	uint8_t probes; /* of the window or of life, unanswered in a row */
	uint8_t backoff;
	uint8_t hold; /* enum cn_hold */
	bool last_try; /* the timer at rexmit_at, if it comes, ends it */
	bool held; /* a gateway holds the SYN */
	bool gap; /* octets have come beyond some that are missing */
	bool fin_sent; /* its FIN is out, and counted in flight */
	bool full; /* the send buffer takes no more */
	bool has_ts, has_sack, has_wscale;
	bool has_syn_data; /* the SYN's data were taken (RFC 7413) */
	uint8_t snd_wscale, rcv_wscale;
	uint64_t rto, srtt, rttvar, rtt_min, rtt_max, rtt_avg;
	uint64_t handshake; /* SYN to ESTABLISHED, 0 while under way */
	uint32_t snd_mss, rcv_mss, advmss, pmtu;
	uint32_t snd_cwnd, snd_ssthresh, snd_wnd, rcv_wnd;
	uint32_t flight; /* sent, not acknowledged */
	uint32_t sacked, lost, retrans; /* octets now marked so */
	uint32_t reordering; /* segments, the furthest that was seen; 3 */
	uint64_t octets_sent, octets_acked, octets_received;
	uint64_t octets_retransmitted;
	/* Segments are counted modulo 2^32, as in Linux's struct tcp_info. */
	uint64_t segs_out, segs_in, segs_retransmitted, dup_acks_in;
	uint64_t timeouts, fast_recoveries;
	/* Instants of the past: whole milliseconds modulo 2^32, in ns.  What
	 * has passed since is now - at, modulo 2^32 milliseconds. */
	uint64_t last_data_sent_at, last_data_received_at, last_ack_received_at;
	uint64_t rexmit_at; /* SYN, data, FIN or window probe; CN_NEVER: none */
	/* Likewise: the oldest octet in flight was sent, or the peer last
	 * acknowledged something new; its window is zero, if it is. */
	uint64_t waits_since, closed_since;
	uint32_t sndbuf, rcvbuf, unsent;
	uint8_t ca_state; /* enum cn_ca_state */
	bool passive; /* the peer opened it */
	bool has_ecn; /* both ends know ECN (RFC 3168 or RFC 9768) */
	bool delivery_rate_app_limited;
	uint64_t data_segs_out, data_segs_in; /* those with octets of data */
	uint64_t segs_delivered; /* data that the peer has; the SYN is one */
	uint64_t ooo_segs_in; /* arrivals beyond a gap */
	uint64_t dsack_dups, reord_seen; /* told by the peer; found out */
	uint64_t timeouts_over; /* series of timeouts that came to an end */
	uint64_t timeout_time; /* what was lost took so long until then */
	uint64_t pacing_rate, max_pacing_rate; /* octets/s; 0: none */
	uint64_t delivery_rate; /* octets/s, the last sample; 0: none */
	/* How long something was queued or in flight; of that, held back by
	 * the peer's window, by our own buffer.  limit: which of them (1 busy,
	 * 2, 3; 0 idle) began at limit_since_us, microseconds modulo 2^32, and
	 * is not counted yet. */
	uint64_t busy_time, rwnd_limited, sndbuf_limited;
	uint32_t limit_since_us;
	uint8_t limit;
	uint32_t rcv_ssthresh; /* the largest window to offer now */
	uint32_t rcv_space; /* octets the application took in a round trip */
	uint64_t rcv_rtt; /* as the receiver measures it; 0: not known */
	/* Packets that came with a mark of congestion, and segments of ours
	 * whose acknowledgements told of one; with RFC 9768 the octets of data,
	 * too, by code point, as far as the peer told them. */
	bool has_ecn_seen; /* some came that could be marked */
	bool has_accecn; /* has_ecn is that of RFC 9768 */
	uint32_t received_ce, delivered_ce;
	uint32_t received_e0_octets, received_e1_octets, received_ce_octets;
	uint32_t delivered_e0_octets, delivered_e1_octets, delivered_ce_octets;
};

#ifdef __cplusplus
}
#endif

#endif
