/* SPDX-License-Identifier: MIT */
/*
 * catenet/base.h - what every part of catenet speaks: errors, reasons for a
 * drop, the caller's allocator, and reference-counted buffers.
 *
 * Time is uint64_t nanoseconds of a clock that never goes back; its zero is
 * the caller's affair.  Nothing here is thread-safe: one host, its pool and
 * its sockets belong to one thread.
 */
#ifndef CATENET_BASE_H
#define CATENET_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CN_API __attribute__((visibility("default")))
#define CN_MUST_CHECK __attribute__((warn_unused_result))
#else
#define CN_API
#define CN_MUST_CHECK
#endif

#define CN_NS_PER_US UINT64_C(1000)
#define CN_NS_PER_MS UINT64_C(1000000)
#define CN_NS_PER_SEC UINT64_C(1000000000)
/* "Never": the deadline of a host that waits for nothing. */
#define CN_NEVER UINT64_MAX

/*
 * Errors.  One list gives the enum, the names and the texts.
 * X(name, number, kind, text); kind CALL: this call was refused and the
 * connection is as it was; kind CONN: the connection is over.  Two of kind CALL
 * are also what a connection ended with, as on Linux: PIPE, by a reset after the
 * peer's FIN, and ACCES, by an ICMPv6 error that prohibits it.
 */
#define CN_ERRORS(X)                                                           \
	X(AGAIN, 1, CALL, "would block")                                       \
	X(INVAL, 2, CALL, "invalid argument or state for this call")           \
	X(NOMEM, 3, CALL, "out of memory")                                     \
	X(NOBUFS, 4, CALL, "the host's memory budget is used up")              \
	X(ADDRINUSE, 5, CALL, "address already in use")                        \
	X(ADDRNOTAVAIL, 6, CALL, "address not available on this host")         \
	X(ISCONN, 7, CALL, "already connected")                                \
	X(NOTCONN, 8, CALL, "not connected")                                   \
	X(ALREADY, 9, CALL, "connection attempt already under way")            \
	X(INPROGRESS, 10, CALL, "connection attempt started")                  \
	X(OPNOTSUPP, 11, CALL, "operation not supported on this socket")       \
	X(NOPROTOOPT, 12, CALL, "no such socket option")                       \
	X(AFNOSUPPORT, 13, CALL, "address family not supported")               \
	X(ACCES, 14, CALL, "permission denied")                                \
	X(PIPE, 15, CALL, "this end has shut down sending")                    \
	X(NETUNREACH, 16, CALL, "no route to the network")                     \
	X(NOENTROPY, 17, CALL, "a host needs a seed: none was given")          \
	X(MSGSIZE, 18, CALL, "message too long")                               \
	X(DESTADDRREQ, 19, CALL, "destination address required")               \
	X(NOLINK, 20, CALL, "no such link")                                    \
	X(RANGE, 21, CALL, "value out of range")                               \
	X(CONNREFUSED, 40, CONN, "connection refused")                         \
	X(CONNRESET, 41, CONN, "connection reset by peer")                     \
	X(TIMEDOUT, 42, CONN, "connection timed out")                          \
	X(HOSTUNREACH, 43, CONN, "no route to host")                           \
	X(CONNABORTED, 44, CONN, "connection aborted by this host")            \
	X(PROTO, 45, CONN, "protocol error reported by the network")           \
	X(NETDOWN, 46, CONN, "network unreachable, reported by the network")

enum cn_err {
	CN_OK = 0,
#define CN_X(name, number, kind, text) CN_E_##name = -(number),
	CN_ERRORS(CN_X)
#undef CN_X
};

/* The text of an error, static; "unknown error" for other numbers. */
CN_API const char *cn_err_text(int err);
/* The name of an error without its prefix ("TIMEDOUT"), static. */
CN_API const char *cn_err_name(int err);

/*
 * Why a packet, segment or octet was not used.  One list: counters, trace
 * and documentation.  X(name, text)
 */
#define CN_DROPS(X)                                                            \
	X(NONE, "not dropped")                                                 \
	X(IP_TRUNCATED, "shorter than its IP header says")                     \
	X(IP_VERSION, "neither IPv4 nor IPv6")                                 \
	X(IP_HEADER, "malformed IP header")                                    \
	X(IP_CHECKSUM, "bad IPv4 header checksum")                             \
	X(IP_SOURCE, "source address may not send (multicast, LAND, ...)")     \
	X(IP_MARTIAN, "loopback address on a wire")                            \
	X(IP_NOT_OURS, "destination is not this host")                         \
	X(IP_OPTION, "malformed or refused IP option")                         \
	X(IP_PROTOCOL, "no such protocol here")                                \
	X(IP_TTL, "TTL ran out")                                               \
	X(IP6_EXT, "malformed IPv6 extension header chain")                    \
	X(IP_FORWARD, "a router does not pass it on")                          \
	X(ETHER_BAD, "malformed Ethernet frame")                               \
	X(ETHER_TYPE, "neither IP nor ARP")                                    \
	X(ETHER_OTHER, "frame for another station")                            \
	X(ARP_BAD, "malformed ARP message")                                    \
	X(ARP_IGNORED, "ARP message of no use here")                           \
	X(ND_BAD, "malformed neighbour discovery message")                     \
	X(ND_IGNORED, "neighbour discovery message of no use here")            \
	X(NEIGH_CONTRADICTS, "another address for a neighbour that is known")  \
	X(NEIGH_LIMIT, "too many packets or neighbours wait for an address")   \
	X(NEIGH_FAILED, "the neighbour does not answer")                       \
	X(FRAG_BAD, "malformed fragment")                                      \
	X(FRAG_OVERLAP, "overlapping fragment: datagram discarded")            \
	X(FRAG_LIMIT, "fragment memory limit")                                 \
	X(FRAG_TIMEOUT, "reassembly timed out")                                \
	X(ICMP_BAD, "malformed ICMP message")                                  \
	X(ICMP_UNMATCHED, "ICMP error matches nothing in flight")              \
	X(ICMP_RATE, "ICMP reply held back by the rate limit")                 \
	X(ICMP_IGNORED, "ICMP message of no use here")                         \
	X(UDP_BAD, "malformed UDP datagram")                                   \
	X(UDP_CHECKSUM, "bad UDP checksum")                                    \
	X(UDP_NO_PORT, "no socket at that UDP port")                           \
	X(UDP_RCVBUF, "the socket's receive buffer is full")                   \
	X(TCP_TRUNCATED, "shorter than a TCP header")                          \
	X(TCP_HEADER, "malformed TCP header")                                  \
	X(TCP_CHECKSUM, "bad TCP checksum")                                    \
	X(TCP_NO_PORT, "no connection and no listener: answered by RST")       \
	X(TCP_SEQUENCE, "sequence number outside the window")                  \
	X(TCP_PAWS, "timestamp older than the last (PAWS)")                    \
	X(TCP_RST_INEXACT, "RST not at RCV.NXT")                               \
	X(TCP_SYN_IN_WINDOW, "SYN on a synchronized connection")               \
	X(TCP_ACK_UNACCEPTABLE, "ACK outside what was sent")                   \
	X(TCP_NO_ACK, "segment without ACK")                                   \
	X(TCP_CLOSED, "segment for a closed connection")                       \
	X(TCP_TIME_WAIT, "segment of no use in TIME-WAIT")                     \
	X(TCP_AFTER_CLOSE, "data after the application closed: RST")           \
	X(TCP_FLAGS, "impossible combination of flags")                        \
	X(TCP_BACKLOG, "accept queue full")                                    \
	X(TCP_SYN_QUEUE, "SYN queue full")                                     \
	X(TCP_CLIENT_LIMIT, "its client has enough connections: RST")          \
	X(TCP_OOO_LIMIT, "out-of-order queue full")                            \
	X(TCP_WINDOW, "octets beyond the receive window")                      \
	X(TCP_DUPLICATE, "octets already received")                            \
	X(TCP_HELD, "SYN held until the far end has answered")                 \
	X(RST_RATE, "RST held back by the rate limit")                         \
	X(CHALLENGE_RATE, "challenge ACK held back by the rate limit")         \
	X(MEMORY, "memory budget used up")                                     \
	X(LINK_LOSS, "lost by the link")                                       \
	X(LINK_QUEUE, "link's queue full")                                     \
	X(LINK_RULE, "dropped by a rule")                                      \
	X(LINK_CLOSED, "link is closed")

enum cn_drop {
#define CN_X(name, text) CN_DROP_##name,
	CN_DROPS(CN_X) CN_DROP_N
#undef CN_X
};

CN_API const char *cn_drop_text(enum cn_drop drop);
CN_API const char *cn_drop_name(enum cn_drop drop);

/*
 * The caller's allocator.  alloc returns NULL when it cannot; memory must be
 * aligned for any object; free gets the size that was asked for.
 */
struct cn_alloc {
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *p, size_t size);
	void *ctx;
};

/*
 * A pool recycles buffers and small objects last-in first-out, so that the
 * working set stays in cache.  Hosts that exchange frames in one thread share
 * one pool, since a buffer sent by one is held by the other.  The pool keeps
 * the allocator's words; it must outlive every host and link that uses it.
 */
struct cn_pool;

CN_API struct cn_pool *cn_pool_new(const struct cn_alloc *alloc) CN_MUST_CHECK;
/* Returns every recycled block to the allocator.  Nothing may be in use. */
CN_API void cn_pool_free(struct cn_pool *pool);
/*
 * Returns what is recycled (at most 16 MiB) and not in use to the allocator:
 * for the calm after a flood.  What is in use stays where it is.
 */
CN_API void cn_pool_trim(struct cn_pool *pool);
/* Octets that are recycled and not in use. */
CN_API size_t cn_pool_kept(const struct cn_pool *pool);
/* Blocks (buffers and objects) handed out and not yet returned. */
CN_API size_t cn_pool_in_use(const struct cn_pool *pool);
/* Octets handed out and not yet returned. */
CN_API size_t cn_pool_octets(const struct cn_pool *pool);

/*
 * A reference-counted buffer.  size is what data can hold; the classes are
 * CN_BUF_SMALL, CN_BUF_MEDIUM, CN_BUF_LARGE and CN_BUF_SUPER, and a request
 * is rounded up to the next.  What a buffer truly costs is
 * size + sizeof(struct cn_buf).
 */
#define CN_BUF_SMALL 2048u
#define CN_BUF_MEDIUM 16384u
#define CN_BUF_LARGE 65536u
/* A super-segment with its headers and a virtio header, in one read(). */
#define CN_BUF_SUPER 66048u

struct cn_buf {
	struct cn_pool *pool;
	uint32_t refs;
	uint32_t size;
	uint8_t *data;
	void *next; /* the pool's; free for the holder of the only reference */
};

/* One reference, or NULL (no memory, or more than CN_BUF_SUPER asked). */
CN_API struct cn_buf *cn_buf_new(struct cn_pool *pool, size_t size)
	CN_MUST_CHECK;
CN_API struct cn_buf *cn_buf_ref(struct cn_buf *buf);
CN_API void cn_buf_unref(struct cn_buf *buf); /* NULL is allowed */

#ifdef __cplusplus
}
#endif

#endif
