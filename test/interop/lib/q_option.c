/* SPDX-License-Identifier: MIT */
/* Options: defaults, ranges, sizes, and what children inherit. */
#include <linux/tcp.h>

#include "same.h"

static const struct {
	const char *name;
	int level, opt;
	/* Not 0: from there on the values differ by design. */
	int differs_beyond;
} options[] = {
	{"REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 0},
	{"REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 0},
	{"KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 0},
	{"OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 0},
	{"BROADCAST", SOL_SOCKET, SO_BROADCAST, 0},
	{"SNDBUF", SOL_SOCKET, SO_SNDBUF, 100001},
	{"RCVBUF", SOL_SOCKET, SO_RCVBUF, 100001},
	{"RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 100001},
	{"SNDLOWAT", SOL_SOCKET, SO_SNDLOWAT, 0},
	{"TYPE", SOL_SOCKET, SO_TYPE, 0},
	{"DOMAIN", SOL_SOCKET, SO_DOMAIN, 0},
	{"PROTOCOL", SOL_SOCKET, SO_PROTOCOL, 0},
	{"ACCEPTCONN", SOL_SOCKET, SO_ACCEPTCONN, 0},
	{"ERROR", SOL_SOCKET, SO_ERROR, 0},
	{"unknown", SOL_SOCKET, 12345, 0},
	{"NODELAY", IPPROTO_TCP, TCP_NODELAY, 0},
	{"CORK", IPPROTO_TCP, TCP_CORK, 0},
	{"MAXSEG", IPPROTO_TCP, TCP_MAXSEG, 0},
	{"KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 0},
	{"KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 0},
	{"KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 0},
	{"SYNCNT", IPPROTO_TCP, TCP_SYNCNT, 0},
	{"USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 0},
	{"DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, 200},
	{"LINGER2", IPPROTO_TCP, TCP_LINGER2, 0},
	{"unknown TCP", IPPROTO_TCP, 12345, 0},
	{"TTL", IPPROTO_IP, IP_TTL, 0},
	{"TOS", IPPROTO_IP, IP_TOS, 0},
	{"RECVTTL", IPPROTO_IP, IP_RECVTTL, 0},
	{"RECVTOS", IPPROTO_IP, IP_RECVTOS, 0},
	{"PKTINFO", IPPROTO_IP, IP_PKTINFO, 0},
	{"unknown IP", IPPROTO_IP, 12345, 0},
	{"V6ONLY on IPv4", IPPROTO_IPV6, IPV6_V6ONLY, 0},
	{"unknown level", 12345, 1, 0},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static const int values[] = {0, 1, 2, 7, 100, 5000, 40000, 100000, -1, -5};

/* Notes: row 101. */
static void defaults(void)
{
	int fd = fresh();

	for (size_t i = 0; i < OPTIONS; i++)
		say("%s %s", options[i].name,
		    res(get_int(fd, options[i].level, options[i].opt)));
	S->close(fd);
}

static void one_value(size_t i, int value)
{
	int fd = fresh();
	const char *set =
		res(set_int(fd, options[i].level, options[i].opt, value));

	say("%s = %d: %s %s", options[i].name, value, set,
	    res(get_int(fd, options[i].level, options[i].opt)));
	S->close(fd);
}

static void ranges(void)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]);
		     v++) {
			if (!options[i].differs_beyond ||
			    (values[v] >= 0 &&
			     values[v] < options[i].differs_beyond))
				one_value(i, values[v]);
		}
	}
}

/* Too short, too long, and none at all. */
static void sizes(void)
{
	static const int lens[] = {0, 1, 3, 4, 8, -1};
	char room[16] = {1};

	for (size_t i = 0; i < OPTIONS; i++) {
		for (size_t l = 0; l < sizeof(lens) / sizeof(lens[0]); l++) {
			socklen_t len = (socklen_t)lens[l];
			int fd = fresh();
			const char *set =
				res(S->setsockopt(fd, options[i].level,
						  options[i].opt, room, len));
			int rc = S->getsockopt(fd, options[i].level,
					       options[i].opt, room, &len);

			say("%s %d: %s %s %d", options[i].name, lens[l], set,
			    res(rc), rc ? 0 : (int)len);
			memset(room, 0, sizeof(room));
			room[0] = 1;
			S->close(fd);
		}
	}
}

static void inherited(void)
{
	int lst = fresh(), c = fresh(), a;

	for (size_t i = 0; i < OPTIONS; i++)
		set_int(lst, options[i].level, options[i].opt, 100);
	set_int(lst, IPPROTO_TCP, TCP_MAXSEG, 0);
	set_int(lst, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
	set_int(lst, SOL_SOCKET, SO_SNDBUF, 50000);
	set_int(lst, SOL_SOCKET, SO_RCVBUF, 50000);
	bind_to(lst, 1, 0);
	S->listen(lst, 8);
	connect_to(c, 1, port_of(lst));
	a = S->accept4(lst, NULL, NULL, 0);
	for (size_t i = 0; i < OPTIONS; i++)
		if (options[i].opt != TCP_MAXSEG ||
		    options[i].level != IPPROTO_TCP)
			say("%s %s", options[i].name,
			    res(get_int(a, options[i].level, options[i].opt)));
	S->close(a);
	S->close(c);
	S->close(lst);
}

static void times(void)
{
	static const struct timeval tvs[] = {
		{0, 0}, {1, 500000}, {0, 1000000}, {0, -1}, {-1, 0}, {9, 1},
	};
	struct timeval tv;
	socklen_t len = sizeof(tv);
	int fd = fresh();

	for (size_t i = 0; i < sizeof(tvs) / sizeof(tvs[0]); i++) {
		say("%zu %s", i,
		    res(S->setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tvs[i],
				      sizeof(tvs[i]))));
		if (tvs[i].tv_sec < 0 || tvs[i].tv_usec == 1)
			continue;
		S->getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len);
		say("%ld %ld", (long)tv.tv_sec, (long)tv.tv_usec);
	}
	S->close(fd);
}

static void congestion(void)
{
	char name[32] = "";
	socklen_t len = sizeof(name);
	int fd = fresh();

	say("%s",
	    res(S->setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4)));
	say("%s",
	    res(S->getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len)));
	say("%s %u", name, len);
	say("%s",
	    res(S->setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "no such", 7)));
	say("%s", res(S->setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0)));
	S->close(fd);
}

/* What of TCP_INFO does not depend on the stack's own sizes and times. */
static void say_info(const struct tcp_info *i)
{
	say("state %u %u, in a row %u %u %u, options %u", i->tcpi_state,
	    i->tcpi_ca_state, i->tcpi_retransmits, i->tcpi_probes,
	    i->tcpi_backoff, i->tcpi_options);
	say("unacked %u sacked %u lost %u retrans %u fackets %u",
	    i->tcpi_unacked, i->tcpi_sacked, i->tcpi_lost, i->tcpi_retrans,
	    i->tcpi_fackets);
	say("ssthresh %u total_retrans %u", i->tcpi_snd_ssthresh,
	    i->tcpi_total_retrans);
	say("acked %llu received %llu segs %u %u data %u %u",
	    (unsigned long long)i->tcpi_bytes_acked,
	    (unsigned long long)i->tcpi_bytes_received, i->tcpi_segs_out,
	    i->tcpi_segs_in, i->tcpi_data_segs_out, i->tcpi_data_segs_in);
	say("notsent %u delivered %u %u sent %llu again %llu",
	    i->tcpi_notsent_bytes, i->tcpi_delivered, i->tcpi_delivered_ce,
	    (unsigned long long)i->tcpi_bytes_sent,
	    (unsigned long long)i->tcpi_bytes_retrans);
	say("twice %u reordered %u beyond %u", i->tcpi_dsack_dups,
	    i->tcpi_reord_seen, i->tcpi_rcv_ooopack);
	say("pacing at most %llu limits %d %d",
	    (unsigned long long)i->tcpi_max_pacing_rate,
	    i->tcpi_rwnd_limited != 0, i->tcpi_sndbuf_limited != 0);
	say("times %d %d %d", i->tcpi_rto != 0, i->tcpi_rtt != 0,
	    i->tcpi_min_rtt != 0);
}

/* Notes: rows 22, 43. */
static void info(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int p[2];
	int fd = fresh();

	memset(&info, 0, sizeof(info));
	say("%s", res(S->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len)));
	say("%u", info.tcpi_state);
	S->close(fd);
	make_pair(p);
	send_text(p[0], "hello", 0);
	settle();
	len = 8;
	say("%s", res(S->getsockopt(p[0], IPPROTO_TCP, TCP_INFO, &info, &len)));
	say("%u", len);
	len = sizeof(info);
	S->getsockopt(p[0], IPPROTO_TCP, TCP_INFO, &info, &len);
	say_info(&info);
	S->getsockopt(p[1], IPPROTO_TCP, TCP_INFO, &info, &len);
	say_info(&info);
	S->close(p[0]);
	settle();
	S->getsockopt(p[1], IPPROTO_TCP, TCP_INFO, &info, &len);
	say("state %u", info.tcpi_state);
	S->close(p[1]);
}

static void family6(void)
{
	int fd = fresh6();

	for (int v = -2; v < 300; v += 100) {
		say("%d hops %s", v,
		    res(set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, v)));
		say("%d class %s", v,
		    res(set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, v)));
	}
	say("%d %d", get_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS),
	    get_int(fd, IPPROTO_IPV6, IPV6_TCLASS));
	say("%s", res(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 5)));
	say("%d", get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	S->close(fd);
}

/* What is sent through loopback has another limit in Linux than here. */
static void mtu(void)
{
	int p[2], fd = fresh();

	say("fresh %s, set %s", res(get_int(fd, IPPROTO_IP, IP_MTU)),
	    res(set_int(fd, IPPROTO_IP, IP_MTU, 1500)));
	S->close(fd);
	fd = fresh6();
	say("fresh %s", res(get_int(fd, IPPROTO_IPV6, IPV6_MTU)));
	S->close(fd);
	make_pair(p);
	say("connected %d, set %s", get_int(p[0], IPPROTO_IP, IP_MTU) > 1280,
	    res(set_int(p[1], IPPROTO_IP, IP_MTU, 1500)));
	say("of IPv6 %s", res(get_int(p[0], IPPROTO_IPV6, IPV6_MTU)));
	close_pair(p);
}

const struct question option_questions[] = {
	{"options: defaults", defaults, false},
	{"options: ranges", ranges, false},
	{"options: sizes", sizes, false},
	{"options: inherited", inherited, false},
	{"options: times", times, false},
	{"options: congestion control", congestion, false},
	{"options: TCP_INFO", info, false},
	{"options: IPv6", family6, false},
	{"options: IP_MTU", mtu, false},
	{NULL, NULL, false},
};
