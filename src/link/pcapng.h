/* SPDX-License-Identifier: MIT */
/*
 * Writing captures that Wireshark opens: pcapng (draft-ietf-opsawg-pcapng)
 * with nanoseconds, named interfaces and a comment for each packet.
 *
 * The writer formats into one bounded buffer and hands it to a callback when
 * it is full or flushed; it knows no file.  After the first error that the
 * callback returns, nothing more is written and every call returns it.
 */
#ifndef LINK_PCAPNG_H
#define LINK_PCAPNG_H

#include <catenet/frame.h>

/* Octets of a comment that are kept; a longer one is cut between characters. */
#define PCAPNG_COMMENT_MAX 4096u

struct pcapng;

struct pcapng_sink {
	/* All of it, or a negative error. */
	int (*write)(void *ctx, const void *data, size_t len);
	void *ctx;
};

enum pcapng_way {
	PCAPNG_UNKNOWN,
	PCAPNG_IN,
	PCAPNG_OUT,
};

struct pcapng_about {
	uint64_t time_ns; /* since 1970, or of the virtual clock */
	uint32_t interface;
	enum pcapng_way way; /* as seen from the interface */
	const char *comment; /* UTF-8; NULL or "": none */
};

/* application: "catenet 0.1.0". */
int pcapng_new(struct cn_pool *pool, const struct pcapng_sink *sink,
	       const char *application, struct pcapng **pcapng) CN_MUST_CHECK;
/* Does not flush. NULL is allowed. */
void pcapng_free(struct pcapng *pcapng);

/* Names an interface that carries IP packets; any time before its first one.
 * description may be NULL. */
int pcapng_interface(struct pcapng *pcapng, const char *name,
		     const char *description, uint32_t *interface)
	CN_MUST_CHECK;
/* The same for one that carries Ethernet frames, with their header. */
int pcapng_interface_ethernet(struct pcapng *pcapng, const char *name,
			      const char *description, uint32_t *interface)
	CN_MUST_CHECK;
/* A super-segment is written as the packets that it stands for, a partial
 * checksum complete. */
int pcapng_packet(struct pcapng *pcapng, const struct cn_frame *frame,
		  const struct pcapng_about *about);
/* Hands what is buffered to the callback. */
int pcapng_flush(struct pcapng *pcapng);

#endif
