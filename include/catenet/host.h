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

#include <catenet/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cn_host;
struct cn_sock;
struct cn_dgram;

/* Every setting at its default; seed and pool are still the caller's to give. */
CN_API void cn_settings_default(struct cn_settings *settings);

/* ------------------------------------------------------- host, links -- */

/* CN_OK and *host, or an error. */
CN_API int cn_host_new(const struct cn_settings *settings, uint64_t now,
		       struct cn_host **host) CN_MUST_CHECK;
/*
 * Other settings from now on, as by sysctls: connections that exist keep what
 * they have taken of the old ones (buffers, controller, what they negotiated).
 * Seed, pool, memory, name, trace, the sizes of tables and the prefixes that
 * clients are counted by stay as they were.  CN_E_RANGE or CN_E_INVAL, and
 * nothing is changed: cn_host_new would refuse them.
 */
CN_API int cn_host_retune(struct cn_host *host,
			  const struct cn_settings *settings) CN_MUST_CHECK;
/* Who is told of every event of TCP from now on; NULL: nobody.  In place of
 * settings.trace. */
CN_API void cn_host_trace_to(struct cn_host *host,
			     const struct cn_trace_sink *sink);
/* Frees everything, sockets included (their pointers are dead). */
CN_API void cn_host_free(struct cn_host *host);

/* What a link can do, as seen from the host.  What is not set must be 0. */
struct cn_link_config {
	const char *name; /* copied, 15 octets */
	uint32_t mtu; /* IP packet, 68 (576 advised) .. 65535 */
	bool tx_csum; /* completes CN_CSUM_PARTIAL */
	uint32_t tx_super; /* largest super-segment payload it cuts itself;
			      0: the host sends single packets */
	/* What comes in lies in buffers that whoever sent it keeps as well, as
	 * on a simulated wire: the host may keep a few octets of a large one
	 * by reference, where it would copy them. */
	bool rx_shared;
	bool loopback; /* 127/8 and ::1 may travel; default route for them */
	/* Frames are Ethernet's, and neighbours are asked for their addresses
	 * by ARP and neighbour discovery; the link gets an IPv6 link-local
	 * address.  mtu does not count the 14 octets of the header. */
	bool ethernet;
	uint8_t mac[CN_MAC_LEN]; /* our own; not a group's */
};

/*
 * What a host sends to its own addresses needs no driver: it passes over a
 * link of this number that every host has, inside the verbs output and
 * advance.  Only settings.loopback_tap sees it.
 */
#define CN_LINK_LOOPBACK 15

/* Adds link number *link (0, 1, ...).  At most 15. */
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

/* The same by way of a router on that link, for links of kind Ethernet. */
CN_API int cn_host_route_via(struct cn_host *host, int link,
			     const struct cn_addr *prefix, unsigned prefix_len,
			     const struct cn_addr *router) CN_MUST_CHECK;
/* An IPv6 address on Ethernet is tentative until nobody has claimed it for a
 * second (RFC 4862 section 5.4). */
CN_API enum cn_addr_state cn_host_addr_state(const struct cn_host *host,
					     const struct cn_addr *addr);

/* -------------------------------------------------------- four verbs -- */

/* The frame stays the caller's; the host takes references to buffers it
 * wants to keep. */
CN_API void cn_host_input(struct cn_host *host, int link,
			  const struct cn_frame *frame, uint64_t now);
/* Fills *frame (to be released by the caller) and returns true, or false:
 * nothing to send on this link now. */
CN_API bool cn_host_output(struct cn_host *host, int link,
			   struct cn_frame *frame, uint64_t now);
/*
 * The same for several frames at once, which costs less than one by one:
 * cn_host_inputs takes n frames in their order, and what of one flow follows
 * itself is taken as one; cn_host_outputs fills at most n and returns how
 * many.  Some 32 at a time are as good as more.
 */
CN_API void cn_host_inputs(struct cn_host *host, int link,
			   const struct cn_frame *frames, unsigned n,
			   uint64_t now);
CN_API unsigned cn_host_outputs(struct cn_host *host, int link,
				struct cn_frame *frames, unsigned n,
				uint64_t now);
/* Earliest instant at which cn_host_advance has something to do. */
CN_API uint64_t cn_host_deadline(const struct cn_host *host);
CN_API void cn_host_advance(struct cn_host *host, uint64_t now);

/* ---------------------------------------------------------- a twin -- */

/*
 * Another stack may bear the same addresses beside this one: a kernel, in the
 * network namespace of the programs of this host.  TCP stays ours, the rest is
 * the twin's; its packets take this host's routes, neighbours and links.  The
 * driver carries packets of IP, without Ethernet headers, between the two.
 */
CN_API void cn_host_twin(struct cn_host *host, enum cn_twin what);
/*
 * A packet that the twin sends, by that link if it is for many or link-local;
 * else routes decide.  The frame stays the caller's.  TCP, neighbour discovery
 * and false sources are dropped; what cannot leave is answered to the twin by
 * ICMP.
 */
CN_API void cn_host_twin_input(struct cn_host *host, int link,
			       const struct cn_frame *frame, uint64_t now);
/* The next packet for the twin, to be released by the caller, and the link that
 * it came by; false: there is none. */
CN_API bool cn_host_twin_output(struct cn_host *host, int *link,
				struct cn_frame *frame);

/* ------------------------------------------------------------ events -- */

enum cn_event_kind {
	/* cn_sock_ready(sock), or cn_dgram_ready(dgram) where sock is NULL, may
	 * have gained bits since the last event. */
	CN_EVENT_READY = 1,
	/* A holding listener got a SYN: answer with cn_syn_answer(syn). */
	CN_EVENT_SYN,
	/* A held or answered SYN is gone before it became a connection (the
	 * peer reset it, or its time ran out). */
	CN_EVENT_SYN_GONE,
	/* An orphan (closed by the application) has ended: all that it had
	 * sent is acknowledged, or it was given up (err != 0; octets: not
	 * acknowledged).  tag as set by cn_sock_set_tag.  Comes once for each
	 * socket that was connecting or connected when it was closed, at once
	 * if its connection had ended before. */
	CN_EVENT_ORPHAN_DONE,
};

/* What a socket became ready by. */
enum cn_news {
	CN_NEWS_IN = 1, /* octets, or the end of the stream */
	CN_NEWS_OUT = 2, /* room to send */
	CN_NEWS_STATE = 4, /* another state: whatever cn_sock_ready says */
	CN_NEWS_PRI = 8, /* urgent data */
};

struct cn_event {
	uint8_t kind; /* enum cn_event_kind */
	uint8_t news; /* READY: bits of enum cn_news */
	struct cn_sock *sock; /* READY: the socket; SYN: the listener */
	struct cn_dgram *dgram; /* READY, of a datagram socket: that one */
	void *tag; /* of the socket */
	uint64_t syn; /* SYN, SYN_GONE */
	struct cn_endpoint local, peer; /* SYN, SYN_GONE, ORPHAN_DONE */
	uint32_t iss_peer; /* SYN: the sequence number of the SYN */
	int err;
	uint64_t octets;
	/* ORPHAN_DONE: as in struct cn_tcp_info, at the end */
	uint64_t segs_out, segs_retransmitted;
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

CN_API const struct cn_counters *cn_host_counters(const struct cn_host *host);
/* Octets of the budget in use now, and the most there ever were. */
CN_API size_t cn_host_memory(const struct cn_host *host, size_t *peak);

#ifdef __cplusplus
}
#endif

#endif
