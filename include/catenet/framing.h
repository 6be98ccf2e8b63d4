/* SPDX-License-Identifier: MIT */
/*
 * catenet/framing.h - messages out of a stream, and back.
 *
 * A stream has no boundaries: what one call sent may come in any number of
 * pieces, and what several sent in one.  Four ways to say where a message
 * ends: by a length that is agreed, by a delimiter, by a length in front of
 * it, or by lines of headers of which one tells the length (as HTTP does).
 *
 * A deframer takes octets in any pieces and gives messages.  It allocates
 * nothing: the caller lends it one buffer, and no message can ask for more.  Its
 * first error stays, since after it nobody knows where the next message
 * begins.  Errors are those of enum cn_err: CN_E_MSGSIZE, longer than the rules
 * allow; CN_E_PROTO, not what the rules say; CN_E_INVAL, the caller's mistake.
 */
#ifndef CATENET_FRAMING_H
#define CATENET_FRAMING_H

#include <sys/types.h>

#include <catenet/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cn_framing_kind {
	/* Every message has size octets. */
	CN_FRAMING_FIXED,
	/* A message ends before the delimiter and cannot contain it. */
	CN_FRAMING_DELIMITER,
	/* The length, size (2 or 4) octets in network byte order, goes in front
	 * of it. */
	CN_FRAMING_PREFIX,
	/*
	 * RFC 9112's lines: a first line and headers, each ended by CR LF, an
	 * empty line, and as many octets as Content-Length says (none: 0).
	 * Stricter than HTTP where leniency lets two readers see two different
	 * messages: a second Content-Length, a bare CR or LF, a folded line,
	 * white space before a colon and Transfer-Encoding are CN_E_PROTO.
	 */
	CN_FRAMING_HEADERS,
};

/* The rules of a stream, the same at both ends. */
struct cn_framing {
	enum cn_framing_kind kind;
	size_t max; /* octets of the longest message; FIXED: not used */
	size_t size; /* FIXED, PREFIX */
	const char *delimiter; /* DELIMITER: 1 .. 16 octets, borrowed */
	size_t delimiter_len;
	size_t head_max; /* HEADERS: of all lines together */
};
#define CN_DELIMITER_MAX 16

/* How large a buffer must be; 0: the rules make no sense. */
CN_API size_t cn_framing_room(const struct cn_framing *framing);

/* A message, borrowed from the buffer until the deframer takes more octets. */
struct cn_message {
	const uint8_t *data;
	size_t len;
	/* HEADERS: first line and headers, with the CR LF of each. */
	const char *head;
	size_t head_len;
};

/* To be treated as closed. */
struct cn_deframer {
	struct cn_framing framing;
	uint8_t *buf;
	size_t room;
	size_t begin, end; /* octets not yet given out */
	size_t seen; /* of them: known to hold no end */
	size_t head_len, body_len; /* HEADERS: of the message under way */
	int err;
	bool has_head;
};

/* CN_E_INVAL: the rules make no sense, or size is less than
 * cn_framing_room. */
CN_API int cn_deframer_init(struct cn_deframer *deframer,
			    const struct cn_framing *framing, void *buf,
			    size_t size) CN_MUST_CHECK;
/* Where the next octets go, and how many find room: some do after
 * cn_deframer_next has said 0. */
CN_API void *cn_deframer_room(struct cn_deframer *deframer, size_t *len);
/* So many have been put there. */
CN_API void cn_deframer_put(struct cn_deframer *deframer, size_t len);
/* 1 and the next message, 0: more octets are needed, or an error. */
CN_API int cn_deframer_next(struct cn_deframer *deframer,
			    struct cn_message *message) CN_MUST_CHECK;
/* The stream has ended: CN_OK between two messages, CN_E_PROTO within one, or
 * the error that there was. */
CN_API int cn_deframer_end(const struct cn_deframer *deframer);

/* What goes before a message and what goes after it. */
struct cn_wrapping {
	uint8_t head[4];
	size_t head_len;
	const char *tail; /* the delimiter */
	size_t tail_len;
};
/* CN_E_MSGSIZE: too long, or not of the agreed length; CN_E_PROTO: it contains
 * the delimiter; CN_E_INVAL: HEADERS, see cn_headers_write. */
CN_API int cn_framing_wrap(const struct cn_framing *framing, const void *data,
			   size_t len, struct cn_wrapping *wrapping)
	CN_MUST_CHECK;

/*
 * HEADERS: first line and headers (lines with their CR LF, no empty one), a
 * Content-Length of len and the empty line, into out, with a NUL.  Its length,
 * or CN_E_MSGSIZE when it does not fit into size, CN_E_PROTO when lines is not
 * what a deframer would take.
 */
CN_API int cn_headers_write(char *out, size_t size, const char *lines,
			    size_t len) CN_MUST_CHECK;
/* The value of a header, without the white space around it: true and borrowed
 * from the message.  Names are compared without case. */
CN_API bool cn_headers_find(const struct cn_message *message, const char *name,
			    const char **value, size_t *len);

/* --------------------------------------------------------------- over -- */

/* Whatever octets come from and go to: calls as read(2) and write(2). */
struct cn_framing_io {
	ssize_t (*read)(void *ctx, void *data, size_t len);
	ssize_t (*write)(void *ctx, const void *data, size_t len);
	void *ctx;
};

/* A descriptor, of the kernel's or of catenet/posix.h. */
CN_API struct cn_framing_io cn_framing_fd(int fd);

/*
 * Reads until there is a message: 1, 0 at the end of the stream, or -1 and
 * errno (EMSGSIZE, EPROTO, or what read said: after EAGAIN and EINTR it can be
 * called again).
 */
CN_API int cn_message_read(struct cn_deframer *deframer,
			   const struct cn_framing_io *io,
			   struct cn_message *message) CN_MUST_CHECK;
/* Writes it whole: 0, or -1 and errno, and then an unknown part was written.
 * For descriptors that wait. */
CN_API int cn_message_write(const struct cn_framing *framing,
			    const struct cn_framing_io *io, const void *data,
			    size_t len);

#ifdef __cplusplus
}
#endif

#endif
