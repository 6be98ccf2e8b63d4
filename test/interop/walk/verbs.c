/* SPDX-License-Identifier: MIT */
/* The calls: each says what it got. */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <termios.h>

#include "walker.h"

#define DATA_MAX 65536

/* Each octet that is sent is the next letter, so that what arrives is known. */
static unsigned letter;
static char data[DATA_MAX];

void verbs_begin(void)
{
	letter = 0;
}

static size_t prepare(long len)
{
	size_t n = len < 0 ? 0 : len > DATA_MAX ? DATA_MAX : (size_t)len;

	for (size_t i = 0; i < n; i++)
		data[i] = (char)('a' + letter++ % 26);
	return n;
}

static void say_read(long rc, size_t room, const char *rest)
{
	size_t n = rc < 0 ? 0 : (size_t)rc;

	if (rc < 0)
		say("%s%s", res(rc), rest);
	else
		say("%ld %s%s", rc, tell_data(data, n < room ? n : room), rest);
}

static void set_times(int fd)
{
	set_time(fd, SO_RCVTIMEO, timeout_ms * 1000);
	set_time(fd, SO_SNDTIMEO, timeout_ms * 1000);
}

/* What "@a" will mean. */
static void learn_name(struct slot *slot)
{
	union address addr = {.any.sa_family = 0};
	socklen_t len = sizeof(addr);
	int err = errno;

	if (slot && !S->getsockname(slot->fd, &addr.any, &len) &&
	    addr.in.sin_port) {
		slot->name = addr;
		slot->is_named = true;
	}
	errno = err;
}

static void put(struct slot *slot, int fd)
{
	if (!slot)
		return;
	if (slot->fd >= 0)
		S->close(slot->fd);
	slot->fd = fd;
}

/* ------------------------------------------------ sockets, connections -- */

/* socket a 4 tcp [nb] */
static void v_socket(const struct words *w)
{
	const char *family = word(w, 2), *type = word(w, 3);
	int domain = *family == '6' ? AF_INET6 :
		     *family == '4' ? AF_INET :
				      (int)number(family);
	int kind = !strcmp(type, "tcp") ? SOCK_STREAM :
		   !strcmp(type, "udp") ? SOCK_DGRAM :
					  77;
	int fd = S->socket(domain,
			   kind | (*word(w, 4) == 'n' ? SOCK_NONBLOCK : 0),
			   (int)number(word(w, 5)));

	say("%s", fd < 0 ? res(fd) : "ok");
	if (fd < 0)
		return;
	put(slot_of(word(w, 1)), fd);
	set_times(fd);
}

static void v_dup(const struct words *w)
{
	int fd = S->dup(fd_of(word(w, 1)));
	struct slot *from = slot_of(word(w, 1)), *to = slot_of(word(w, 2));

	say("%s", fd < 0 ? res(fd) : "ok");
	if (fd < 0 || !from || !to)
		return;
	put(to, fd);
	to->name = from->name;
	to->is_named = from->is_named;
}

static void v_close(const struct words *w)
{
	struct slot *slot = slot_of(word(w, 1));

	say("%s", res(S->close(slot ? slot->fd : -1)));
	if (slot)
		slot->fd = -1;
}

static void v_bind(const struct words *w)
{
	union address addr;
	socklen_t len;
	bool is = address_of(word(w, 2), &addr, &len);

	say("%s", res(S->bind(fd_of(word(w, 1)), is ? &addr.any : NULL, len)));
	learn_name(slot_of(word(w, 1)));
}

static void v_listen(const struct words *w)
{
	say("%s", res(S->listen(fd_of(word(w, 1)), (int)number(word(w, 2)))));
	learn_name(slot_of(word(w, 1)));
}

/* accept a b [nb] [len] */
static void v_accept(const struct words *w)
{
	union address addr = {.any.sa_family = 0};
	socklen_t len = sizeof(addr);
	struct slot *to = slot_of(word(w, 2));
	int flags = !strcmp(word(w, 3), "nb")  ? SOCK_NONBLOCK :
		    !strcmp(word(w, 3), "bad") ? 0x40000000 :
						 0;
	int fd;

	if (*word(w, 4))
		len = (socklen_t)number(word(w, 4));
	if (!strcmp(word(w, 4), "null"))
		fd = S->accept4(fd_of(word(w, 1)), NULL, NULL, flags);
	else
		fd = S->accept4(fd_of(word(w, 1)), &addr.any, &len, flags);
	if (fd < 0) {
		say("%s", res(fd));
		return;
	}
	put(to, fd);
	learn_name(to);
	say("ok %s",
	    strcmp(word(w, 4), "null") ? tell_address(&addr, len) : "-");
}

static void v_connect(const struct words *w)
{
	union address addr;
	socklen_t len;
	bool is = address_of(word(w, 2), &addr, &len);

	say("%s",
	    res(S->connect(fd_of(word(w, 1)), is ? &addr.any : NULL, len)));
	learn_name(slot_of(word(w, 1)));
}

static void v_shutdown(const struct words *w)
{
	say("%s", res(S->shutdown(fd_of(word(w, 1)), (int)number(word(w, 2)))));
}

static void say_name(int rc, const union address *addr, socklen_t len)
{
	if (rc < 0)
		say("%s", res(rc));
	else
		say("%s", tell_address(addr, len));
}

static void v_name(const struct words *w)
{
	union address addr = {.any.sa_family = 0};
	socklen_t len = *word(w, 2) ? (socklen_t)number(word(w, 2)) :
				      sizeof(addr);
	int rc = S->getsockname(fd_of(word(w, 1)), &addr.any, &len);

	say_name(rc, &addr, len);
}

static void v_peer(const struct words *w)
{
	union address addr = {.any.sa_family = 0};
	socklen_t len = *word(w, 2) ? (socklen_t)number(word(w, 2)) :
				      sizeof(addr);
	int rc = S->getpeername(fd_of(word(w, 1)), &addr.any, &len);

	say_name(rc, &addr, len);
}

/* ------------------------------------------------------------------ data -- */

/* send a 10 flags */
static void v_send(const struct words *w)
{
	size_t n = prepare(number(word(w, 2)));

	say("%s",
	    res(S->send(fd_of(word(w, 1)), data, n, flags_of(word(w, 3)))));
}

/* fill a: sends until no more fits; how much that is, is anybody's own. */
static void v_fill(const struct words *w)
{
	long rc;

	do {
		rc = S->send(fd_of(word(w, 1)), data, DATA_MAX,
			     MSG_DONTWAIT | MSG_NOSIGNAL);
		if (rc > 0)
			S->pause_ms(1);
	} while (rc > 0);
	say("%s", res(rc));
}

/* sendto a 10 flags address */
static void v_sendto(const struct words *w)
{
	union address addr;
	socklen_t len;
	bool is = address_of(word(w, 4), &addr, &len);
	size_t n = prepare(number(word(w, 2)));

	say("%s",
	    res(S->sendto(fd_of(word(w, 1)), data, n, flags_of(word(w, 3)),
			  is ? &addr.any : NULL, is ? len : 0)));
	learn_name(slot_of(word(w, 1)));
}

static int halves(struct iovec iov[2], size_t n)
{
	iov[0] = (struct iovec){data, n / 2};
	iov[1] = (struct iovec){data + n / 2, n - n / 2};
	return 2;
}

/* sendmsg a 10 flags [address] */
static void v_sendmsg(const struct words *w)
{
	union address addr;
	socklen_t len;
	bool is = *word(w, 4) && address_of(word(w, 4), &addr, &len);
	size_t n = prepare(number(word(w, 2)));
	struct iovec iov[2];
	struct msghdr msg = {.msg_iov = iov};

	msg.msg_iovlen = (size_t)halves(iov, n);
	if (is) {
		msg.msg_name = &addr;
		msg.msg_namelen = len;
	}
	say("%s",
	    res(S->sendmsg(fd_of(word(w, 1)), &msg, flags_of(word(w, 3)))));
}

static void v_writev(const struct words *w)
{
	struct iovec iov[2];

	halves(iov, prepare(number(word(w, 2))));
	say("%s", res(S->writev(fd_of(word(w, 1)), iov, 2)));
}

static size_t room_of(const struct words *w)
{
	long n = number(word(w, 2));

	memset(data, '?', sizeof(data));
	return n < 0 ? 0 : n > DATA_MAX ? DATA_MAX : (size_t)n;
}

static void v_recv(const struct words *w)
{
	size_t n = room_of(w);
	int flags = flags_of(word(w, 3));
	long rc = S->recv(fd_of(word(w, 1)), data, n, flags);

	say_read(rc, n, "");
}

/* recvfrom a 10 flags [len] */
static void v_recvfrom(const struct words *w)
{
	union address addr = {.any.sa_family = 0};
	socklen_t len = *word(w, 4) ? (socklen_t)number(word(w, 4)) :
				      sizeof(addr);
	size_t n = room_of(w);
	long rc = S->recvfrom(fd_of(word(w, 1)), data, n, flags_of(word(w, 3)),
			      &addr.any, &len);
	char rest[128];

	snprintf(rest, sizeof(rest), " %s",
		 rc < 0 ? "-" : tell_address(&addr, len));
	say_read(rc, n, rest);
}

static const char *tell_flags(int flags)
{
	static char text[32];
	static const struct {
		int flag;
		const char *name;
	} all[] = {{MSG_OOB, "O"},
		   {MSG_TRUNC, "T"},
		   {MSG_CTRUNC, "X"},
		   {MSG_EOR, "R"},
		   {MSG_ERRQUEUE, "E"}};

	*text = '\0';
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (flags & all[i].flag)
			strcat(text, all[i].name);
	return *text ? text : "-";
}

/* recvmsg a 10 flags [len] */
static void v_recvmsg(const struct words *w)
{
	union address addr = {.any.sa_family = 0};
	size_t n = room_of(w);
	struct iovec iov[2];
	struct msghdr msg = {.msg_iov = iov};
	char rest[160];
	long rc;

	msg.msg_iovlen = (size_t)halves(iov, n);
	if (*word(w, 4)) {
		msg.msg_name = &addr;
		msg.msg_namelen = (socklen_t)number(word(w, 4));
	}
	rc = S->recvmsg(fd_of(word(w, 1)), &msg, flags_of(word(w, 3)));
	*rest = '\0';
	if (rc >= 0)
		snprintf(rest, sizeof(rest), " flags %s %s",
			 tell_flags(msg.msg_flags),
			 *word(w, 4) ? tell_address(&addr, msg.msg_namelen) :
				       "");
	say_read(rc, n, rest);
}

static void v_readv(const struct words *w)
{
	struct iovec iov[2];
	size_t n = room_of(w);

	halves(iov, n);
	say_read(S->readv(fd_of(word(w, 1)), iov, 2), n, "");
}

/* --------------------------------------------------------------- waiting -- */

/* poll a [mask]: without one, every bit. */
static void v_poll(const struct words *w)
{
	struct pollfd p = {fd_of(word(w, 1)), 0x23ff & ~POLLNVAL, 0};
	int rc;

	if (*word(w, 2))
		p.events = (short)events_of_word(word(w, 2));
	rc = S->poll(&p, 1, 0);
	if (rc < 0)
		say("%s", res(rc));
	else
		say("%s", bits((unsigned short)p.revents));
}

static void v_select(const struct words *w)
{
	int fd = fd_of(word(w, 1));

	say("%s", fd < 0 ? "-" : res(S->select(fd)));
}

static void v_epcreate(const struct words *w)
{
	int fd = S->epoll_create1(0);

	say("%s", fd < 0 ? res(fd) : "ok");
	put(slot_of(word(w, 1)), fd);
}

/* epctl x add a events */
static void v_epctl(const struct words *w)
{
	const char *name = word(w, 2);
	int op = *name == 'a' ? EPOLL_CTL_ADD :
		 *name == 'm' ? EPOLL_CTL_MOD :
		 *name == 'd' ? EPOLL_CTL_DEL :
				99;
	struct epoll_event event = {.events = events_of_word(word(w, 4)),
				    .data.u32 = (unsigned)*word(w, 3)};

	say("%s", res(S->epoll_ctl(fd_of(word(w, 1)), op, fd_of(word(w, 3)),
				   &event)));
}

/* epwait x n: in the order of names, as Linux promises none. */
static void v_epwait(const struct words *w)
{
	struct epoll_event events[SLOT_N];
	long max = number(word(w, 2));
	int n = S->epoll_wait(fd_of(word(w, 1)), events,
			      max > SLOT_N ? SLOT_N : (int)max, 0);
	char text[512] = "";

	for (unsigned name = 'a'; n > 0 && name < 'a' + SLOT_N; name++)
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == name)
				snprintf(text + strlen(text),
					 sizeof(text) - strlen(text), " %c:%s",
					 name, bits(events[i].events));
	say("%s%s", res(n), text);
}

/* --------------------------------------------------------------- options -- */

/* set a option value [len] */
static void v_set(const struct words *w)
{
	const struct option *option = option_of(word(w, 2));
	union {
		int value[8];
		struct linger linger;
		struct timeval time;
		char text[32];
	} u = {.value = {(int)number(word(w, 3))}};
	socklen_t len = sizeof(int);

	if (!option) {
		say("no such option");
		return;
	}
	if (option->opt == SO_LINGER && option->level == SOL_SOCKET) {
		u.linger = (struct linger){*word(w, 3) != 'o',
					   (int)number(word(w, 3))};
		len = sizeof(u.linger);
	}
	if (option->opt == TCP_CONGESTION && option->level == IPPROTO_TCP) {
		snprintf(u.text, sizeof(u.text), "%s", word(w, 3));
		len = (socklen_t)strlen(u.text);
	}
	if (*word(w, 4))
		len = (socklen_t)number(word(w, 4));
	say("%s",
	    res(S->setsockopt(fd_of(word(w, 1)), option->level, option->opt,
			      strcmp(word(w, 3), "null") ? &u : NULL, len)));
}

/* get a option [len] */
static void v_get(const struct words *w)
{
	const struct option *option = option_of(word(w, 2));
	unsigned char room[64];
	socklen_t len = *word(w, 3) ? (socklen_t)number(word(w, 3)) : 4;
	char text[160] = "";
	int rc, value;

	if (!option) {
		say("no such option");
		return;
	}
	memset(room, 0xee, sizeof(room));
	rc = S->getsockopt(fd_of(word(w, 1)), option->level, option->opt, room,
			   &len);
	if (rc < 0) {
		say("%s", res(rc));
		return;
	}
	memcpy(&value, room, sizeof(value));
	if (len == 4 && option->opt == SO_ERROR && option->level == SOL_SOCKET)
		say("%s", value ? strerrorname_np(value) : "none");
	else if (len == 4)
		say("%d", value);
	else {
		for (unsigned i = 0; i < len && i < 16; i++)
			snprintf(text + 2 * i, 3, "%02x", room[i]);
		say("%u octets %s", (unsigned)len, text);
	}
}

/* The state alone; the rest is a matter of time. */
static void v_info(const struct words *w)
{
	struct tcp_info info = {.tcpi_state = 0};
	socklen_t len = sizeof(info);
	int rc = S->getsockopt(fd_of(word(w, 1)), IPPROTO_TCP, TCP_INFO, &info,
			       &len);
	static const char *const names[] = {
		"?",	      "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
		"FIN_WAIT1",  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
		"CLOSE_WAIT", "LAST_ACK",    "LISTEN",	  "CLOSING"};

	if (rc < 0)
		say("%s", res(rc));
	else
		say("%s", info.tcpi_state < 12 ? names[info.tcpi_state] : "?");
}

/* ioctl a inq|outq|unsent|mark|nb0|nb1|bad */
static void v_ioctl(const struct words *w)
{
	static const struct {
		const char *name;
		unsigned long request;
		int value;
	} all[] = {{"inq", FIONREAD, -1},	{"outq", TIOCOUTQ, -1},
		   {"unsent", SIOCOUTQNSD, -1}, {"mark", SIOCATMARK, -1},
		   {"nb0", FIONBIO, 0},		{"nb1", FIONBIO, 1},
		   {"bad", 0x5499, 0},		{"tty", TCGETS, 0}};
	union {
		int value;
		char room[128];
	} u = {.value = 0};
	int rc;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].name, word(w, 2)) != 0)
			continue;
		u.value = all[i].value;
		rc = S->ioctl(fd_of(word(w, 1)), all[i].request, &u);
		if (rc < 0)
			say("%s", res(rc));
		else
			say("%d %d", rc, u.value);
		return;
	}
	say("no such request");
}

/* fcntl a getfl|getfd|nb|block */
static void v_fcntl(const struct words *w)
{
	const char *what = word(w, 2);
	int fd = fd_of(word(w, 1)), rc;

	if (!strcmp(what, "getfl")) {
		rc = S->fcntl(fd, F_GETFL, 0);
		say("%s", rc < 0 ? res(rc) : rc & O_NONBLOCK ? "nb" : "block");
	} else if (!strcmp(what, "getfd")) {
		say("%s", res(S->fcntl(fd, F_GETFD, 0)));
	} else {
		say("%s",
		    res(S->fcntl(fd, F_SETFL, *what == 'n' ? O_NONBLOCK : 0)));
	}
}

/* sleep ms */
static void v_sleep(const struct words *w)
{
	S->pause_ms((unsigned)number(word(w, 1)));
	say("ok");
}

const struct verb verbs[] = {
	{"socket", v_socket},
	{"dup", v_dup},
	{"close", v_close},
	{"bind", v_bind},
	{"listen", v_listen},
	{"accept", v_accept},
	{"connect", v_connect},
	{"shutdown", v_shutdown},
	{"name", v_name},
	{"peer", v_peer},
	{"send", v_send},
	{"fill", v_fill},
	{"sendto", v_sendto},
	{"sendmsg", v_sendmsg},
	{"writev", v_writev},
	{"recv", v_recv},
	{"recvfrom", v_recvfrom},
	{"recvmsg", v_recvmsg},
	{"readv", v_readv},
	{"poll", v_poll},
	{"select", v_select},
	{"epcreate", v_epcreate},
	{"epctl", v_epctl},
	{"epwait", v_epwait},
	{"set", v_set},
	{"get", v_get},
	{"info", v_info},
	{"ioctl", v_ioctl},
	{"fcntl", v_fcntl},
	{"sleep", v_sleep},
	{NULL, NULL},
};
