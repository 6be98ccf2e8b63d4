/* SPDX-License-Identifier: MIT */
/*
 * What a supervisor and the process that keeps a world with a name say to one
 * another: messages over an AF_UNIX connection that keeps their borders
 * (SOCK_SEQPACKET), at most one descriptor with each.
 *
 * The supervisor asks; what bears a serial number is answered under the same
 * number, in the order of the questions, and the supervisor waits for it.  The
 * world tells events in between, and never waits for anybody.  So no two of
 * them ever wait for each other.
 *
 * Sockets have numbers that the supervisor gives and never gives again: an
 * event about one that it has closed meanwhile names nobody.
 */
#ifndef RUN_WORLD_TALK_H
#define RUN_WORLD_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Changes with any of this. */
#define TALK_VERSION 4
#define TALK_DATA 1024

/* What `result`, `extra`, `number` and the octets of data mean; (fd): a
 * descriptor comes with it. */
enum talk_kind {
	/* ------------------------------------------- asked, and answered -- */
	/* extra: TALK_VERSION; result: 1: it will ask for a summary; number:
	 * what started it; data: the host and the program, each ended by 0.  Answer: data is a sentence if result is not 0, else the host's
	 * name. */
	TALK_JOIN = 1,
	TALK_BIND, /* extra: privileged; data: sockaddr */
	TALK_LISTEN, /* extra: backlog */
	TALK_CONNECT, /* data: sockaddr; answer: extra 1: it is connected */
	/* sock: the listener; number: of the new one; answer: data: its peer */
	TALK_ACCEPT,
	TALK_SHUTDOWN, /* extra: how (fd: A, where it is attached) */
	TALK_NAME, /* answer: data */
	TALK_PEER, /* likewise */
	TALK_SET, /* extra: level, number: name; data */
	TALK_GET, /* the same; answer: data */
	TALK_OUTQ, /* answer: number */
	TALK_UNSENT, /* likewise */
	TALK_BYE, /* the answer: all that was said before is done */
	/* Of the whole world; without TALK_JOIN. */
	/* extra: enum talk_list; answer: extra 1: more pieces follow, each an
	 * answer; data: text */
	TALK_LIST,
	TALK_STOP,
	TALK_CHANGE, /* data: text; answer: data, a sentence */
	/* data: a struct look_ask (fd: a stream socket, where what is seen is
	 * written to); answer: data, a sentence if result is not 0 */
	TALK_LOOK,

	/* Of the host that was joined: the namespace of its programs
	 * (twins.h). */
	/* Answer: result 1: it is there, take it; 0: make it.  extra 1: more
	 * pieces follow, each an answer; data: a struct netns_config */
	TALK_TWIN,
	/* number: enum talk_twin; answer: (fd), or -ENOENT */
	TALK_TWIN_TAKE,
	/* number: enum talk_twin, extra: the index of a packet socket (fd) */
	TALK_TWIN_GIVE,
	/* What was given is all; answer: -EEXIST: another was first */
	TALK_TWIN_DONE,
	/* data: a struct cn_endpoint of the machine, number: the port of the
	 * host that it leads to, for this supervisor's programs; extra 1: UDP;
	 * answer: data, a sentence if result is not 0 */
	TALK_PUBLISH,
	/* What became of this supervisor's connections: enum talk_summary as
	 * extra; answer: extra 1: more pieces follow, each an answer; data:
	 * text */
	TALK_SUMMARY,

	/* ----------------------------------------------- said, no answer -- */
	TALK_SOCKET, /* extra: family; what becomes of it is told later */
	TALK_INODE, /* number */
	TALK_ATTACH, /* (fd: B) */
	TALK_MORE, /* number: how much is to come (answered), or 0 */
	TALK_CLOSE, /* extra: reset, which is answered */
	TALK_GONE, /* of TALK_HELD: nobody has A any more */

	/* -------------------------------------------- told by the world -- */
	TALK_ANSWER,
	TALK_CONNECTED,
	TALK_FAILED, /* extra: errno */
	TALK_ACCEPTABLE, /* extra: how many */
	/* result: 1: gone, 2: the end is to be reset; extra: errno */
	TALK_ENDED,
	TALK_HELD, /* does anybody hold A? */
};

/* Descriptors of a namespace. */
enum talk_twin {
	TALK_TWIN_NET,
	TALK_TWIN_USER, /* for an ordinary user alone */
	TALK_TWIN_ASK,
	TALK_TWIN_LIST, /* and the next: of its UDP sockets (udp_list.h) */
	TALK_TWIN_LINK = TALK_TWIN_LIST +
			 2, /* and the next: of its interfaces */
};

enum talk_summary { TALK_SUMMARY_JSON, TALK_SUMMARY_PEOPLE };

enum talk_list {
	/* Lines of words between tabs: "world" name, process, refused; then
	 * "host", "router" or "tun", name, addresses; then "program" host,
	 * process, name. */
	TALK_LIST_LINES,
	TALK_LIST_SHOW, /* the network, for people */
	TALK_LIST_JSON,
	TALK_LIST_NAMES, /* lines of hosts(5) */
};

enum { TALK_ENDED_GONE = 1, TALK_ENDED_RESET = 2 };

struct talk {
	uint32_t kind;
	uint32_t serial; /* 0: not answered */
	uint64_t sock;
	uint64_t number;
	int32_t result, extra;
	uint32_t len; /* of data */
	uint8_t data[TALK_DATA];
};

/* Sends the message, fd with it if it is not -1 (it stays the caller's); flags
 * as of sendmsg.  0 or -errno. */
int talk_send(int to, const struct talk *talk, int fd, int flags);
/*
 * The next message, *fd: the descriptor with it, or -1.  1; 0 when the other
 * side is gone; -errno: -EAGAIN, or -EPROTO when it was none of ours (nothing
 * of it is left).
 */
int talk_recv(int from, struct talk *talk, int *fd, int flags);
/* Puts text where data is, cut off if it is too long. */
void talk_text(struct talk *talk, const char *text);
/* The text that data is, ended by 0 whatever came; false: there is none. */
bool talk_is_text(struct talk *talk);

#endif
