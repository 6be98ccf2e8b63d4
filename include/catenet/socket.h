/* SPDX-License-Identifier: MIT */
/*
 * catenet/socket.h - stream and datagram sockets over a host.  No call blocks; Linux's
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
/* CN_E_INPROGRESS: started; CN_READY_OUT or CN_READY_ERR tells the end.  peer
 * NULL, an address that cannot be: what the socket's state says before, as
 * Linux, or CN_E_AFNOSUPPORT. */
CN_API int cn_sock_connect(struct cn_sock *sock, const struct cn_endpoint *peer,
			   uint64_t now);
/*
 * The SYN is known to have reached a gateway that holds it (hold true) or has
 * answered it (false): while held no SYN is retransmitted, no try is used up
 * and the round trip is not measured.
 */
CN_API int cn_sock_connect_hold(struct cn_sock *sock, bool hold, uint64_t now);
/*
 * Dissolves the connection (the peer gets a reset), the attempt or the
 * listener; the options and what cn_sock_bind named stay, and the socket may
 * connect or listen again.  Linux's connect() to AF_UNSPEC.
 */
CN_API int cn_sock_disconnect(struct cn_sock *sock, uint64_t now);
/*
 * RFC 7413, Linux's MSG_FASTOPEN: connects, and the first octets ride on the
 * SYN if a cookie of that peer is known: octets taken.  CN_E_INPROGRESS: it
 * connects without them, and asks for a cookie.  CN_E_OPNOTSUPP where the
 * settings do not allow it.
 */
CN_API int64_t cn_sock_connect_send(struct cn_sock *sock,
				    const struct cn_endpoint *peer,
				    const void *data, size_t len, uint64_t now);
/* A call waits for the connection and has more to send then: as Linux, the
 * handshake's last ACK rides on that. */
CN_API void cn_sock_will_send(struct cn_sock *sock);
/* Connected in name: the SYN waits for the first octets (FASTOPEN_CONNECT). */
CN_API bool cn_sock_defers(const struct cn_sock *sock);
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
/* Linux's FIONREAD: of these, those before the urgent mark, if there is one
 * and the urgent octet is not in the stream. */
CN_API size_t cn_sock_inq(const struct cn_sock *sock);
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
/* What accept tells: the same, also where the connection has ended since; as
 * on Linux, one that was reset is accepted all the same. */
CN_API int cn_sock_accepted_peer(const struct cn_sock *sock,
				 struct cn_endpoint *peer);

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
	X(LINGER2, "seconds in FIN-WAIT-2 as an orphan, -1: none")             \
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
	X(MAX_PACING_RATE, "octets a second that are never exceeded, -1: any") \
	X(WINDOW_CLAMP, "largest window to offer")                             \
	X(HOLD, "a listener that announces SYNs instead of answering them")    \
	X(MAX_PER_CLIENT, "a listener's connections of one client, 0: any")    \
	X(IDLE_TIMEOUT, "milliseconds without data before a reset, 0: none")   \
	X(FASTOPEN, "a listener's connections by Fast Open, 0: none")          \
	X(FASTOPEN_CONNECT, "connect waits for the first send, if it can")     \
	X(FASTOPEN_NO_COOKIE, "Fast Open without a cookie, either way")        \
	X(FREEBIND, "bind to an address that is not the host's")               \
	X(FRAGMENT, "IPv4 packets that routers may fragment (no DF)")          \
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
	uint8_t note; /* enum cn_row_note */
	/* NULL: no socket (orphan, SYN, TIME-WAIT) */
	const struct cn_sock *sock;
	void *tag;
	const struct cn_sock *record; /* for cn_row_info */
};

/* What else is known of a row. */
enum cn_row_note {
	CN_ROW_PLAIN,
	CN_ROW_QUEUED, /* waits for accept() */
	CN_ROW_ORPHAN, /* the program has closed it */
	CN_ROW_FULL, /* SYN-RECEIVED, and the accept queue has no room */
	CN_ROW_DEFERRED, /* ... and the program wants data first */
	CN_ROW_HELD, /* ... and a gateway has not answered yet */
};
/* What is known of the row's connection, orphans' and queued ones' too; within
 * see() alone.  False: it is none. */
CN_API bool cn_row_info(const struct cn_sock_row *row,
			struct cn_tcp_info *info);
CN_API void cn_host_each(const struct cn_host *host,
			 void (*see)(void *ctx, const struct cn_sock_row *row),
			 void *ctx);

/* ----------------------------------------------------- datagram sockets -- */

/*
 * UDP (RFC 768), and ICMP echo with the identifier in the place of a port
 * (what Linux calls ping sockets).  Conditions and errors are Linux's; an
 * event CN_EVENT_READY with dgram set tells of news.
 *
 * A pending error (an ICMP message about a datagram of a connected socket) is
 * told once, by the next call of send, recv or cn_dgram_error.
 */
enum cn_dgram_protocol { CN_DGRAM_UDP, CN_DGRAM_PING };

/* family: 4 or 6.  An IPv6 socket without V6ONLY speaks IPv4 too, with mapped
 * addresses. */
CN_API int cn_dgram_new(struct cn_host *host, int family,
			enum cn_dgram_protocol protocol,
			struct cn_dgram **dgram) CN_MUST_CHECK;
/* What is queued to be sent still goes out. */
CN_API void cn_dgram_close(struct cn_dgram *dgram);
/* The address may be a group or a broadcast address; port 0: any that is
 * free.  CN_E_ADDRINUSE unless all that overlap said REUSEADDR, or REUSEPORT
 * (then peers are spread over them).  A ping socket's port is its
 * identifier. */
CN_API int cn_dgram_bind(struct cn_dgram *dgram,
			 const struct cn_endpoint *local);
/* Only this peer is heard and told of; again: another peer.  CN_E_NETUNREACH,
 * CN_E_ACCES (a broadcast address, without BROADCAST) ... */
CN_API int cn_dgram_connect(struct cn_dgram *dgram,
			    const struct cn_endpoint *peer);
/* connect(AF_UNSPEC): a port that was not bound is given back. */
CN_API void cn_dgram_disconnect(struct cn_dgram *dgram);
/* getsockname; port 0 when it has none. */
CN_API void cn_dgram_name(const struct cn_dgram *dgram,
			  struct cn_endpoint *local);
CN_API int cn_dgram_peer(const struct cn_dgram *dgram,
			 struct cn_endpoint *peer);

/*
 * One datagram, which may be empty; its length, or an error: CN_E_AGAIN (no
 * room in the send buffer), CN_E_DESTADDRREQ (no peer), CN_E_MSGSIZE (longer
 * than IP can say, or than the path takes where it must not be cut),
 * CN_E_ACCES (broadcast), CN_E_PIPE (shut down), a pending error.  to may be
 * NULL on a connected socket.  A ping socket sends whole echo requests:
 * identifier and checksum are written by the host.
 */
CN_API int64_t cn_dgram_send(struct cn_dgram *dgram, const void *data,
			     size_t len, const struct cn_endpoint *to,
			     uint64_t now);
/* The same out of pieces (their buf is not looked at), with what msg changes;
 * msg may be NULL. */
CN_API int64_t cn_dgram_send_msg(struct cn_dgram *dgram,
				 const struct cn_dgram_msg *msg,
				 const struct cn_slice *piece, unsigned piece_n,
				 uint64_t now);

/*
 * The next datagram: its octets as far as len takes them, the rest is lost;
 * returns how many were copied, with CN_MSG_TRUNC how many there were.  0 for
 * an empty one, and after shutdown; CN_E_AGAIN.  flags: CN_MSG_PEEK,
 * CN_MSG_TRUNC.  msg may be NULL; msg->len is always the whole length.
 */
CN_API int64_t cn_dgram_recv(struct cn_dgram *dgram, void *data, size_t len,
			     unsigned flags, struct cn_dgram_msg *msg);
/* Without a copy: 1 and the octets, borrowed until the datagram is taken, 0
 * after shutdown, or an error. */
CN_API int cn_dgram_recv_view(struct cn_dgram *dgram, struct cn_slice *slice,
			      struct cn_dgram_msg *msg);
CN_API void cn_dgram_recv_take(struct cn_dgram *dgram);
/* With RECVERR: the next error with what it quotes of the datagram (without
 * the UDP header), or CN_E_AGAIN. */
CN_API int64_t cn_dgram_recv_error(struct cn_dgram *dgram, void *data,
				   size_t len, struct cn_dgram_error *error);
/* A gateway could not pass that datagram on: its sender is told by ICMP
 * unreachable, icmp_code as IPv4 has it (mapped for IPv6), within the rate
 * limits. */
CN_API int cn_dgram_refuse(struct cn_dgram *dgram,
			   const struct cn_dgram_msg *msg, uint8_t icmp_code,
			   uint64_t now);

/* CN_E_NOTCONN on a socket that is not connected, which is shut all the same,
 * as on Linux. */
CN_API int cn_dgram_shutdown(struct cn_dgram *dgram, enum cn_shut how);
/* enum cn_ready, as Linux's datagram_poll. */
CN_API unsigned cn_dgram_ready(const struct cn_dgram *dgram);
/* SO_ERROR: the pending error, and clears it. */
CN_API int cn_dgram_error(struct cn_dgram *dgram);
/* Octets of the next datagram (FIONREAD); octets charged to what is not sent
 * yet (SIOCOUTQ). */
CN_API size_t cn_dgram_readable(const struct cn_dgram *dgram);
CN_API size_t cn_dgram_unsent(const struct cn_dgram *dgram);
CN_API void cn_dgram_set_tag(struct cn_dgram *dgram, void *tag);
CN_API void *cn_dgram_tag(const struct cn_dgram *dgram);

/* Options.  X(name, text); values are int64_t, of flags 0 or 1. */
#define CN_DGRAM_OPTIONS(X)                                                    \
	X(REUSEADDR, "share the port with sockets that say so too")            \
	X(REUSEPORT, "the same, and peers are spread over them")               \
	X(V6ONLY, "an IPv6 socket without IPv4")                               \
	X(BROADCAST, "may send to broadcast addresses")                        \
	X(SNDBUF, "octets of the send buffer")                                 \
	X(RCVBUF, "octets of the receive buffer")                              \
	X(TTL, "time to live, or hop limit, of what goes to one")              \
	X(TOS, "DSCP and ECN of datagrams sent")                               \
	X(MULTICAST_TTL, "time to live of what goes to a group; 1")            \
	X(MULTICAST_LOOP, "this host hears it too; on")                        \
	X(MULTICAST_ALL, "hears groups that other sockets joined; on")         \
	X(MULTICAST_IF, "the link for groups, -1: by the route")               \
	X(LINK, "only this link (SO_BINDTODEVICE), -1: any")                   \
	X(MTU_DISCOVER, "IP_MTU_DISCOVER by Linux's numbers; 1, WANT")         \
	X(MTU, "of the path to the connected peer (read only)")                \
	X(RECVERR, "errors are queued with what they quote")                   \
	X(ANY_PORT, "takes every datagram that no other socket takes")

enum cn_dgram_opt {
#define CN_X(name, text) CN_DGRAM_OPT_##name,
	CN_DGRAM_OPTIONS(CN_X) CN_DGRAM_OPT_N
#undef CN_X
};

/* CN_E_NOPROTOOPT, CN_E_INVAL (out of range, or too late), CN_E_NOLINK. */
CN_API int cn_dgram_set(struct cn_dgram *dgram, enum cn_dgram_opt opt,
			int64_t value);
CN_API int cn_dgram_get(const struct cn_dgram *dgram, enum cn_dgram_opt opt,
			int64_t *value, uint64_t now);
/* Membership of a group on a link, -1: by MULTICAST_IF or the route.
 * CN_E_ADDRINUSE when it is a member, CN_E_ADDRNOTAVAIL when it is none;
 * CN_E_NOBUFS beyond 20. */
CN_API int cn_dgram_join(struct cn_dgram *dgram, const struct cn_addr *group,
			 int link);
CN_API int cn_dgram_leave(struct cn_dgram *dgram, const struct cn_addr *group,
			  int link);

/* One row for each datagram socket; see() must not touch the host. */
struct cn_dgram_row {
	uint8_t protocol; /* enum cn_dgram_protocol */
	bool connected;
	struct cn_endpoint local, peer;
	uint32_t recv_q, send_q; /* octets, true sizes */
	uint64_t drops; /* datagrams, for want of room */
	const struct cn_dgram *dgram;
	void *tag;
};
CN_API void cn_host_each_dgram(const struct cn_host *host,
			       void (*see)(void *ctx,
					   const struct cn_dgram_row *row),
			       void *ctx);

#ifdef __cplusplus
}
#endif

#endif
