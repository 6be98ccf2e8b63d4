/* SPDX-License-Identifier: MIT */
/*
 * catenet/socket.h - stream sockets over a host.  No call blocks; Linux's
 * numbers and blocking live in lib/.
 *
 * Calls return CN_OK or a negative error, counts as int64_t.  A socket is
 * owned by the caller from cn_sock_new or cn_sock_accept until
 * cn_sock_close; afterwards the host finishes the connection by itself.
 */
#ifndef CATENET_SOCKET_H
#define CATENET_SOCKET_H

#include <catenet/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* family: 4 or 6.  An IPv6 socket without V6ONLY speaks IPv4 too, with mapped
 * addresses. */
CN_API int cn_sock_new(struct cn_host *host, int family, struct cn_sock **sock)
	CN_MUST_CHECK;
CN_API int cn_sock_bind(struct cn_sock *sock, const struct cn_endpoint *local);
/* backlog as Linux: the accept queue holds min(backlog, somaxconn) + 1.
 * Again on a listener: changes the backlog. */
CN_API int cn_sock_listen(struct cn_sock *sock, int backlog, uint64_t now);
/* CN_E_INPROGRESS: started; CN_READY_OUT or CN_READY_ERR tells the end. */
CN_API int cn_sock_connect(struct cn_sock *sock, const struct cn_endpoint *peer,
			   uint64_t now);
/*
 * The SYN is known to have reached a gateway that holds it (hold true) or has
 * answered it (false): while held no SYN is retransmitted, no try is used up
 * and the round trip is not measured.
 */
CN_API int cn_sock_connect_hold(struct cn_sock *sock, bool hold, uint64_t now);
CN_API int cn_sock_accept(struct cn_sock *listener, struct cn_sock **sock,
			  uint64_t now) CN_MUST_CHECK;

/* Octets taken (may be fewer than len), or CN_E_AGAIN when none fit. */
CN_API int64_t cn_sock_send(struct cn_sock *sock, const void *data, size_t len,
			    unsigned flags, uint64_t now);
/* Octets, 0 at the end of the stream (FIN), or CN_E_AGAIN. */
CN_API int64_t cn_sock_recv(struct cn_sock *sock, void *data, size_t len,
			    unsigned flags, uint64_t now);

/*
 * Sending without a copy: reserve asks for up to want octets in at most n
 * spans (returns how many spans; 0 with CN_E_AGAIN semantics when the buffer
 * is full, or a negative error), the caller fills them in order, commit sends
 * the first len octets.  Reserving again forgets the reservation before.
 */
CN_API int cn_sock_send_reserve(struct cn_sock *sock, size_t want,
				struct cn_span *span, int n, uint64_t now);
CN_API int cn_sock_send_commit(struct cn_sock *sock, size_t len, unsigned flags,
			       uint64_t now);

/* Receiving without a copy: up to n slices of what is readable, borrowed
 * until the next receiving call on the socket (returns how many, 0 when there is
 * nothing; cn_sock_recv tells EOF from AGAIN); take removes len octets. */
CN_API int cn_sock_recv_view(struct cn_sock *sock, struct cn_slice *slice,
			     int n);
CN_API int cn_sock_recv_take(struct cn_sock *sock, size_t len, uint64_t now);

enum cn_shut { CN_SHUT_RD = 1, CN_SHUT_WR = 2, CN_SHUT_RDWR = 3 };
CN_API int cn_sock_shutdown(struct cn_sock *sock, enum cn_shut how,
			    uint64_t now);
/* Unread data or linger 0: RST.  Otherwise what is queued goes out, then FIN.
 */
CN_API void cn_sock_close(struct cn_sock *sock, uint64_t now);
/* RST at once (as SO_LINGER {1, 0} and close). */
CN_API void cn_sock_abort(struct cn_sock *sock, uint64_t now);

/* As poll(2) tells them (Linux's tcp_poll). */
enum cn_ready {
	CN_READY_IN = 0x001,
	CN_READY_PRI = 0x002,
	CN_READY_OUT = 0x004,
	CN_READY_ERR = 0x008,
	CN_READY_HUP = 0x010,
	CN_READY_RDHUP = 0x2000,
};
CN_API unsigned cn_sock_ready(const struct cn_sock *sock);
/* The pending error (negative) and clears it; CN_OK when there is none. */
CN_API int cn_sock_error(struct cn_sock *sock);
/* Octets readable now; octets sent and not acknowledged or not yet sent;
 * room to send. */
CN_API size_t cn_sock_readable(const struct cn_sock *sock);
CN_API size_t cn_sock_unacked(const struct cn_sock *sock);
CN_API size_t cn_sock_writable(const struct cn_sock *sock);
/* True when the peer's FIN has been received (perhaps with data before it
 * still unread). */
CN_API bool cn_sock_peer_closed(const struct cn_sock *sock);
/* Connections waiting in a listener's accept queue, and its limit. */
CN_API unsigned cn_sock_pending(const struct cn_sock *sock, unsigned *limit);

CN_API enum cn_tcp_state cn_sock_state(const struct cn_sock *sock);
/* getsockname; port 0 when not bound. */
CN_API void cn_sock_name(const struct cn_sock *sock, struct cn_endpoint *local);
CN_API int cn_sock_peer(const struct cn_sock *sock, struct cn_endpoint *peer);

/* The caller's word about this socket; comes with its events and trace. */
CN_API void cn_sock_set_tag(struct cn_sock *sock, void *tag);
CN_API void *cn_sock_tag(const struct cn_sock *sock);

/*
 * Options.  X(name, text); values are int64_t.  An option that is not listed
 * does not exist: CN_E_NOPROTOOPT.
 */
#define CN_OPTIONS(X)                                                          \
	X(REUSEADDR, "bind to a port whose connections are in TIME-WAIT")      \
	X(REUSEPORT, "share the port with sockets that say so too")            \
	X(V6ONLY, "an IPv6 socket without IPv4")                               \
	X(KEEPALIVE, "probe an idle peer")                                     \
	X(KEEPIDLE, "seconds of idleness before the first probe")              \
	X(KEEPINTVL, "seconds between probes")                                 \
	X(KEEPCNT, "probes without an answer before giving up")                \
	X(NODELAY, "switch Nagle off")                                         \
	X(CORK, "hold partial segments until uncorked")                        \
	X(QUICKACK, "acknowledge at once")                                     \
	X(MAXSEG, "largest segment")                                           \
	X(SYNCNT, "SYN retransmissions before giving up")                      \
	X(USER_TIMEOUT, "milliseconds that data may stay unacknowledged")      \
	X(LINGER, "seconds of SO_LINGER, -1 when off")                         \
	X(LINGER2, "seconds in FIN-WAIT-2 as an orphan")                       \
	X(SNDBUF, "octets of the send buffer")                                 \
	X(RCVBUF, "octets of the receive buffer")                              \
	X(RCVLOWAT, "octets that make the socket readable")                    \
	X(OOBINLINE, "urgent data stays in the stream")                        \
	X(ATMARK, "the next octet is the urgent one (read only)")              \
	X(TTL, "time to live of packets sent")                                 \
	X(TOS, "DSCP of packets sent")                                         \
	X(CONGESTION, "congestion control, enum cn_cc")                        \
	X(DEFER_ACCEPT, "seconds to wait for data before accept")              \
	X(NOTSENT_LOWAT, "unsent octets below which it is writable")           \
	X(WINDOW_CLAMP, "largest window to offer")                             \
	X(HOLD, "a listener that announces SYNs instead of answering them")    \
	X(ANY_PORT, "a listener for every address and port that no other has")

enum cn_opt {
#define CN_X(name, text) CN_OPT_##name,
	CN_OPTIONS(CN_X) CN_OPT_N
#undef CN_X
};

CN_API int cn_sock_set(struct cn_sock *sock, enum cn_opt opt, int64_t value,
		       uint64_t now);
CN_API int cn_sock_get(const struct cn_sock *sock, enum cn_opt opt,
		       int64_t *value);

CN_API int cn_sock_info(const struct cn_sock *sock, struct cn_tcp_info *info);

/* One row for each socket, SYN entry and TIME-WAIT entry of a host; see() is
 * called for each and must not touch the host. */
struct cn_sock_row {
	uint8_t state;
	struct cn_endpoint local, peer;
	uint32_t recv_q, send_q;
	uint64_t timer_at; /* what it waits for, CN_NEVER: nothing */
	uint8_t timer; /* enum cn_timer_kind */
	/* NULL: no socket (orphan, SYN, TIME-WAIT) */
	const struct cn_sock *sock;
	void *tag;
};
CN_API void cn_host_each(const struct cn_host *host,
			 void (*see)(void *ctx, const struct cn_sock_row *row),
			 void *ctx);

#ifdef __cplusplus
}
#endif

#endif
