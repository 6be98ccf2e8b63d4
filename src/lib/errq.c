/* SPDX-License-Identifier: MIT */
#include "lib/errq.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define STAMPS_OUT                                                             \
	(SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE |            \
	 SOF_TIMESTAMPING_TX_ACK)
/* What a device without a clock of its own never tells may be asked for. */
#define STAMPS_KNOWN                                                           \
	(STAMPS_OUT | SOF_TIMESTAMPING_RX_SOFTWARE |                           \
	 SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_TX_HARDWARE |            \
	 SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE |        \
	 SOF_TIMESTAMPING_SYS_HARDWARE | SOF_TIMESTAMPING_OPT_ID |             \
	 SOF_TIMESTAMPING_OPT_TSONLY)

/* A program that never reads its queue must not cost memory without end:
 * beyond so many marks and notices Linux, too, has no room (its limits are the
 * socket's octets), and times are no longer told. */
#define ERRQ_MOST 4096

/* The last octet of a call, until the peer has it. */
struct mark {
	struct list node;
	uint64_t end; /* of all that the socket has sent */
	uint32_t zerocopy_id;
	bool zerocopy, stamps;
	bool left;
};

/* What is to be told. */
struct notice {
	struct list node;
	struct sock_extended_err ee;
	struct scm_timestamping at;
};

struct errq {
	struct list node; /* of the hub, while there are marks */
	struct lsock *sock;
	struct list marks, notices;
	unsigned kept; /* of both */
	bool zerocopy;
	uint32_t zerocopy_next;
	int stamps; /* SOF_TIMESTAMPING_x */
	uint64_t base; /* octets that are not counted by OPT_ID */
};

static struct errq *errq_of(struct lsock *sock)
{
	struct errq *q = sock->errq;

	if (q)
		return q;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->sock = sock;
	list_init(&q->node);
	list_init(&q->marks);
	list_init(&q->notices);
	sock->errq = q;
	return q;
}

/* -------------------------------------------------------------- options -- */

static int set_stamps(struct lsock *sock, struct errq *q, int value)
{
	enum cn_tcp_state state = cn_sock_state(sock->ls.sock);

	if (value & ~STAMPS_KNOWN)
		return EINVAL;
	if (value & SOF_TIMESTAMPING_OPT_ID &&
	    !(q->stamps & SOF_TIMESTAMPING_OPT_ID)) {
		if (state == CN_CLOSED || state == CN_LISTEN)
			return EINVAL;
		q->base = sock->queued - cn_sock_unacked(sock->ls.sock);
	}
	q->stamps = value;
	return 0;
}

int errq_set(struct lsock *sock, int opt, int value)
{
	struct errq *q = errq_of(sock);

	if (!q)
		return ENOBUFS;
	if (opt == SO_TIMESTAMPING)
		return set_stamps(sock, q, value);
	if (value < 0 || value > 1)
		return EINVAL;
	q->zerocopy = value;
	return 0;
}

int errq_get(const struct lsock *sock, int opt)
{
	if (!sock->errq)
		return 0;
	return opt == SO_ZEROCOPY ? sock->errq->zerocopy : sock->errq->stamps;
}

void errq_inherit(struct lsock *sock, const struct lsock *listener)
{
	struct errq *q = listener->errq ? errq_of(sock) : NULL;

	if (!q)
		return;
	q->zerocopy = listener->errq->zerocopy;
	q->stamps = listener->errq->stamps;
}

/* ---------------------------------------------------------------- marks -- */

bool errq_refuses(const struct lsock *sock, int flags)
{
	return flags & MSG_ZEROCOPY && sock->errq && sock->errq->zerocopy &&
	       sock->errq->kept >= ERRQ_MOST;
}

void errq_sent(struct lsock *sock, size_t octets, int flags)
{
	struct errq *q = sock->errq;
	struct mark *mark;
	bool zerocopy;

	if (!q || !octets)
		return;
	zerocopy = q->zerocopy && flags & MSG_ZEROCOPY;
	if (!zerocopy && !(q->stamps & STAMPS_OUT))
		return;
	if (q->kept >= ERRQ_MOST)
		return;
	mark = calloc(1, sizeof(*mark));
	if (!mark)
		return; /* it is told of with the next, or not at all */
	mark->end = sock->queued;
	mark->zerocopy = zerocopy;
	mark->stamps = q->stamps & STAMPS_OUT;
	if (zerocopy)
		mark->zerocopy_id = q->zerocopy_next++;
	q->kept++;
	list_add_tail(&q->marks, &mark->node);
	if (!list_is_linked(&q->node))
		list_add_tail(&sock->file.hub->marked, &q->node);
}

/* By the clock of the machine, but for a virtual one. */
static struct timespec wall(const struct hub *hub, uint64_t at)
{
	struct timespec ts;
	uint64_t ns = at;

	if (!hub->is_virtual) {
		clock_gettime(CLOCK_REALTIME, &ts);
		ns = (uint64_t)ts.tv_sec * CN_NS_PER_SEC +
		     (uint64_t)ts.tv_nsec - (hub->now - at);
	}
	ts.tv_sec = (time_t)(ns / CN_NS_PER_SEC);
	ts.tv_nsec = (long)(ns % CN_NS_PER_SEC);
	return ts;
}

static void tell(struct errq *q, const struct sock_extended_err *ee, bool timed)
{
	struct notice *notice;

	if (q->kept >= ERRQ_MOST)
		return;
	notice = calloc(1, sizeof(*notice));
	if (!notice)
		return;
	q->kept++;
	notice->ee = *ee;
	if (timed)
		notice->at.ts[0] =
			wall(q->sock->file.hub, q->sock->file.hub->now);
	list_add_tail(&q->notices, &notice->node);
}

static void tell_stamp(struct errq *q, const struct mark *mark, uint32_t kind)
{
	struct sock_extended_err ee = {
		.ee_errno = ENOMSG,
		.ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
		.ee_info = kind,
	};

	if (!mark->stamps || !(q->stamps & SOF_TIMESTAMPING_SOFTWARE))
		return;
	if (q->stamps & SOF_TIMESTAMPING_OPT_ID)
		ee.ee_data = (uint32_t)(mark->end - 1 - q->base);
	tell(q, &ee, true);
}

/* Ranges that follow each other are one notice. */
static void tell_zerocopy(struct errq *q, uint32_t id)
{
	struct sock_extended_err ee = {
		.ee_origin = SO_EE_ORIGIN_ZEROCOPY,
		.ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
		.ee_info = id,
		.ee_data = id,
	};
	struct notice *last;

	if (!list_is_empty(&q->notices)) {
		last = CN_CONTAINER(q->notices.prev, struct notice, node);
		if (last->ee.ee_origin == SO_EE_ORIGIN_ZEROCOPY &&
		    last->ee.ee_data + 1 == id) {
			last->ee.ee_data = id;
			return;
		}
	}
	tell(q, &ee, false);
}

static void has_left(struct errq *q, struct mark *mark)
{
	mark->left = true;
	if (q->stamps & SOF_TIMESTAMPING_TX_SCHED)
		tell_stamp(q, mark, SCM_TSTAMP_SCHED);
	if (q->stamps & SOF_TIMESTAMPING_TX_SOFTWARE)
		tell_stamp(q, mark, SCM_TSTAMP_SND);
}

static void has_arrived(struct errq *q, struct mark *mark)
{
	if (q->stamps & SOF_TIMESTAMPING_TX_ACK)
		tell_stamp(q, mark, SCM_TSTAMP_ACK);
	/* Its place is the notice's, which must not be missing. */
	q->kept--;
	if (mark->zerocopy)
		tell_zerocopy(q, mark->zerocopy_id);
	list_del(&mark->node);
	free(mark);
}

static bool is_opening(const struct lsock *sock)
{
	return cn_sock_state(sock->ls.sock) == CN_SYN_SENT;
}

static void progress(struct errq *q)
{
	struct lsock *sock = q->sock;
	struct cn_tcp_info info = {0};
	uint64_t sent, arrived;
	struct list *next;
	bool news = false;

	if (!sock->ls.sock || is_opening(sock))
		return;
	(void)cn_sock_info(sock->ls.sock, &info);
	sent = sock->queued - info.unsent;
	arrived = sock->queued - cn_sock_unacked(sock->ls.sock);
	for (struct list *i = q->marks.next; i != &q->marks; i = i->next) {
		struct mark *mark = CN_CONTAINER(i, struct mark, node);

		if (mark->left || mark->end > sent)
			continue;
		has_left(q, mark);
		news = true;
	}
	for (struct list *i = q->marks.next; i != &q->marks; i = next) {
		struct mark *mark = CN_CONTAINER(i, struct mark, node);

		next = i->next;
		if (mark->end > arrived)
			break;
		has_arrived(q, mark);
		news = true;
	}
	if (list_is_empty(&q->marks))
		list_del(&q->node);
	if (news && !list_is_empty(&q->notices))
		file_wake(&sock->file, POLLERR);
}

void errq_progress(struct hub *hub)
{
	struct list *next;

	for (struct list *i = hub->marked.next; i != &hub->marked; i = next) {
		next = i->next;
		progress(CN_CONTAINER(i, struct errq, node));
	}
}

/* -------------------------------------------------------------- reading -- */

bool errq_has(const struct lsock *sock)
{
	return sock->errq && !list_is_empty(&sock->errq->notices);
}

void errq_put(struct msghdr *msg, size_t *used, int level, int type,
	      const void *data, size_t len)
{
	struct cmsghdr head = {
		.cmsg_level = level,
		.cmsg_type = type,
		.cmsg_len = CMSG_LEN(len),
	};
	uint8_t *at;

	if (!msg->msg_control || *used + CMSG_LEN(len) > msg->msg_controllen) {
		msg->msg_flags |= MSG_CTRUNC;
		return;
	}
	at = (uint8_t *)msg->msg_control + *used;
	memcpy(at, &head, sizeof(head));
	memcpy(at + CMSG_LEN(0), data, len);
	*used += *used + CMSG_SPACE(len) <= msg->msg_controllen ?
			 CMSG_SPACE(len) :
			 CMSG_LEN(len);
}

static void put_notice(const struct lsock *sock, const struct notice *notice,
		       struct msghdr *msg)
{
	bool v4 = sock->ls.domain == AF_INET;
	struct {
		struct sock_extended_err ee;
		struct sockaddr_in6 offender; /* the longer of the two */
	} report;
	size_t used = 0;

	memset(&report, 0, sizeof(report));
	report.ee = notice->ee;
	if (notice->ee.ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
		errq_put(msg, &used, SOL_SOCKET, SCM_TIMESTAMPING, &notice->at,
			 sizeof(notice->at));
	errq_put(msg, &used, v4 ? IPPROTO_IP : IPPROTO_IPV6,
		 v4 ? IP_RECVERR : IPV6_RECVERR, &report,
		 sizeof(report.ee) + (v4 ? sizeof(struct sockaddr_in) :
					   sizeof(struct sockaddr_in6)));
	msg->msg_controllen = used;
}

ssize_t errq_recv(struct lsock *sock, struct msghdr *msg)
{
	struct notice *notice;

	if (!errq_has(sock))
		return -EAGAIN;
	notice = CN_CONTAINER(sock->errq->notices.next, struct notice, node);
	msg->msg_namelen = 0;
	msg->msg_flags = MSG_ERRQUEUE;
	/* Linux has the packet here, whose octets nobody asks for. */
	if (notice->ee.ee_origin == SO_EE_ORIGIN_TIMESTAMPING &&
	    !(sock->errq->stamps & SOF_TIMESTAMPING_OPT_TSONLY))
		msg->msg_flags |= MSG_TRUNC;
	put_notice(sock, notice, msg);
	list_del(&notice->node);
	free(notice);
	sock->errq->kept--;
	return 0;
}

void errq_put_received(const struct lsock *sock, struct msghdr *msg,
		       size_t *used)
{
	const int both = SOF_TIMESTAMPING_RX_SOFTWARE |
			 SOF_TIMESTAMPING_SOFTWARE;
	struct scm_timestamping at;
	struct cn_tcp_info info;
	uint64_t now;
	uint32_t ms;

	if (!sock->errq || (sock->errq->stamps & both) != both ||
	    cn_sock_info(sock->ls.sock, &info))
		return;
	memset(&at, 0, sizeof(at));
	/* It is told in milliseconds modulo 2^32. */
	now = sock->file.hub->now;
	ms = (uint32_t)(now / CN_NS_PER_MS) -
	     (uint32_t)(info.last_data_received_at / CN_NS_PER_MS);
	at.ts[0] =
		wall(sock->file.hub, (now / CN_NS_PER_MS - ms) * CN_NS_PER_MS);
	errq_put(msg, used, SOL_SOCKET, SCM_TIMESTAMPING, &at, sizeof(at));
}

void errq_free(struct lsock *sock)
{
	struct errq *q = sock->errq;

	if (!q)
		return;
	while (!list_is_empty(&q->marks)) {
		struct mark *mark =
			CN_CONTAINER(q->marks.next, struct mark, node);

		list_del(&mark->node);
		free(mark);
	}
	while (!list_is_empty(&q->notices)) {
		struct notice *notice =
			CN_CONTAINER(q->notices.next, struct notice, node);

		list_del(&notice->node);
		free(notice);
	}
	list_del(&q->node);
	free(q);
	sock->errq = NULL;
}
