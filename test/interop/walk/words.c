/* SPDX-License-Identifier: MIT */
/* What the words of a program mean, and what is said of addresses and data. */
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <sys/un.h>

#include "walker.h"

struct slot *slot_of(const char *name)
{
	unsigned i = (unsigned char)*name - 'a';

	return i < SLOT_N && !name[1] ? &slots[i] : NULL;
}

int fd_of(const char *name)
{
	const struct slot *slot = slot_of(name);

	return slot ? slot->fd : -1;
}

const char *word(const struct words *words, int i)
{
	return i < words->n ? words->word[i] : "";
}

long number(const char *word)
{
	return strtol(word, NULL, 0);
}

/* ------------------------------------------------------------ addresses -- */

static void address4(union address *addr, uint32_t ip, uint16_t port)
{
	addr->in.sin_family = AF_INET;
	addr->in.sin_addr.s_addr = htonl(ip);
	addr->in.sin_port = port;
}

static void address6(union address *addr, const char *ip, uint16_t port)
{
	addr->in6.sin6_family = AF_INET6;
	inet_pton(AF_INET6, ip, &addr->in6.sin6_addr);
	addr->in6.sin6_port = port;
}

static const struct {
	const char *name;
	uint32_t ip;
	const char *ip6;
} hosts[] = {
	{"lo", 0x7f000001, NULL},
	{"lo2", 0x7f000002, NULL},
	{"any", 0, NULL},
	{"far", 0xcb007101, NULL},
	{"bcast", 0xffffffff, NULL},
	{"group", 0xe0000101, NULL},
	{"six", 0, "::1"},
	{"any6", 0, "::"},
	{"map", 0, "::ffff:7f00:1"},
	{"far6", 0, "2001:db8::99"},
	{"mapany", 0, "::ffff:0:0"},
};

/* What comes before "@", and whose port comes after it. */
bool address_of(const char *word, union address *addr, socklen_t *len)
{
	const char *at = strchr(word, '@');
	size_t n = at ? (size_t)(at - word) : strlen(word);
	const struct slot *of = at ? slot_of(at + 1) : NULL;
	uint16_t port = of && of->is_named ? of->name.in.sin_port : 0;

	memset(addr, 0, sizeof(*addr));
	*len = sizeof(addr->in);
	if (n == 4 && !strncmp(word, "null", 4))
		return false;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		if (strlen(hosts[i].name) != n ||
		    strncmp(word, hosts[i].name, n) != 0)
			continue;
		if (hosts[i].ip6) {
			address6(addr, hosts[i].ip6, port);
			*len = sizeof(addr->in6);
		} else {
			address4(addr, hosts[i].ip, port);
		}
		return true;
	}
	if (of && of->is_named)
		*addr = of->name;
	else
		address4(addr, 0x7f000001, port);
	if (addr->any.sa_family == AF_INET6)
		*len = sizeof(addr->in6);
	if (n == 5 && !strncmp(word, "short", n))
		*len = 7;
	else if (n == 4 && !strncmp(word, "tiny", n))
		*len = 1;
	else if (n == 4 && !strncmp(word, "long", n))
		*len = sizeof(*addr);
	else if (n == 4 && !strncmp(word, "huge", n))
		*len = sizeof(*addr) + 1;
	else if (n == 3 && !strncmp(word, "neg", n))
		*len = (socklen_t)-1;
	else if (n == 4 && !strncmp(word, "unix", n))
		addr->any.sa_family = AF_UNIX;
	else if (n == 6 && !strncmp(word, "unspec", n))
		addr->any.sa_family = AF_UNSPEC;
	return true;
}

#define PORT_MAX 64
static uint16_t ports[PORT_MAX];
static unsigned port_n;

void forget_ports(void)
{
	port_n = 0;
}

static unsigned role(uint16_t port)
{
	unsigned i;

	if (!port)
		return 0;
	for (i = 0; i < port_n; i++)
		if (ports[i] == port)
			return i + 1;
	if (port_n < PORT_MAX)
		ports[port_n++] = port;
	return i + 1;
}

const char *tell_address(const union address *addr, socklen_t len)
{
	static char text[96];
	char ip[INET6_ADDRSTRLEN] = "";

	if (len >= 16 && addr->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &addr->in.sin_addr, ip, sizeof(ip));
		snprintf(text, sizeof(text), "%s:P%u/%u", ip,
			 role(addr->in.sin_port), (unsigned)len);
	} else if (len >= 28 && addr->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &addr->in6.sin6_addr, ip, sizeof(ip));
		snprintf(text, sizeof(text), "[%s]:P%u/%u", ip,
			 role(addr->in6.sin6_port), (unsigned)len);
	} else if (len >= 2) {
		snprintf(text, sizeof(text), "family %d/%u",
			 addr->any.sa_family, (unsigned)len);
	} else {
		snprintf(text, sizeof(text), "none/%u", (unsigned)len);
	}
	return text;
}

const char *tell_data(const void *data, size_t len)
{
	static char text[128];
	const unsigned char *octet = data;
	uint32_t sum = 0;

	if (len <= 40) {
		snprintf(text, sizeof(text), "'%.*s'", (int)len,
			 (const char *)data);
		return text;
	}
	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + octet[i];
	snprintf(text, sizeof(text), "%zu octets %08x", len, sum);
	return text;
}

/* ---------------------------------------------------------------- flags -- */

int flags_of(const char *word)
{
	static const struct {
		char letter;
		int flag;
	} all[] = {{'P', MSG_PEEK},	{'W', MSG_WAITALL},
		   {'D', MSG_DONTWAIT}, {'O', MSG_OOB},
		   {'T', MSG_TRUNC},	{'N', MSG_NOSIGNAL},
		   {'M', MSG_MORE},	{'E', MSG_ERRQUEUE},
		   {'R', MSG_EOR},	{'C', MSG_CONFIRM},
		   {'X', MSG_CTRUNC},	{'Y', MSG_SYN},
		   {'L', MSG_DONTROUTE}};
	int flags = 0;

	for (; *word; word++)
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			if (all[i].letter == *word)
				flags |= all[i].flag;
	return flags;
}

unsigned events_of_word(const char *word)
{
	static const struct {
		char letter;
		unsigned bit;
	} all[] = {
		{'i', EPOLLIN},	    {'o', EPOLLOUT},	 {'p', EPOLLPRI},
		{'r', EPOLLRDHUP},  {'e', EPOLLERR},	 {'h', EPOLLHUP},
		{'E', EPOLLET},	    {'1', EPOLLONESHOT}, {'I', EPOLLRDNORM},
		{'O', EPOLLWRNORM}, {'b', EPOLLRDBAND},	 {'B', EPOLLWRBAND},
	};
	unsigned events = 0;

	for (; *word; word++)
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			if (all[i].letter == *word)
				events |= all[i].bit;
	return events;
}

/* -------------------------------------------------------------- options -- */

static const struct option options[] = {
	{"reuse", SOL_SOCKET, SO_REUSEADDR},
	{"reuseport", SOL_SOCKET, SO_REUSEPORT},
	{"keepalive", SOL_SOCKET, SO_KEEPALIVE},
	{"oobinline", SOL_SOCKET, SO_OOBINLINE},
	{"broadcast", SOL_SOCKET, SO_BROADCAST},
	{"lowat", SOL_SOCKET, SO_RCVLOWAT},
	{"sndlowat", SOL_SOCKET, SO_SNDLOWAT},
	{"linger", SOL_SOCKET, SO_LINGER},
	{"sndtimeo", SOL_SOCKET, SO_SNDTIMEO},
	{"rcvtimeo", SOL_SOCKET, SO_RCVTIMEO},
	{"sndbuf", SOL_SOCKET, SO_SNDBUF},
	{"rcvbuf", SOL_SOCKET, SO_RCVBUF},
	{"priority", SOL_SOCKET, SO_PRIORITY},
	{"type", SOL_SOCKET, SO_TYPE},
	{"error", SOL_SOCKET, SO_ERROR},
	{"domain", SOL_SOCKET, SO_DOMAIN},
	{"protocol", SOL_SOCKET, SO_PROTOCOL},
	{"acceptconn", SOL_SOCKET, SO_ACCEPTCONN},
	{"badsock", SOL_SOCKET, 9999},
	{"nodelay", IPPROTO_TCP, TCP_NODELAY},
	{"cork", IPPROTO_TCP, TCP_CORK},
	{"maxseg", IPPROTO_TCP, TCP_MAXSEG},
	{"keepidle", IPPROTO_TCP, TCP_KEEPIDLE},
	{"keepintvl", IPPROTO_TCP, TCP_KEEPINTVL},
	{"keepcnt", IPPROTO_TCP, TCP_KEEPCNT},
	{"usertimeout", IPPROTO_TCP, TCP_USER_TIMEOUT},
	{"syncnt", IPPROTO_TCP, TCP_SYNCNT},
	{"linger2", IPPROTO_TCP, TCP_LINGER2},
	{"defer", IPPROTO_TCP, TCP_DEFER_ACCEPT},
	{"clamp", IPPROTO_TCP, TCP_WINDOW_CLAMP},
	{"notsent", IPPROTO_TCP, TCP_NOTSENT_LOWAT},
	{"congestion", IPPROTO_TCP, TCP_CONGESTION},
	{"quickack", IPPROTO_TCP, TCP_QUICKACK},
	{"badtcp", IPPROTO_TCP, 9999},
	{"ttl", IPPROTO_IP, IP_TTL},
	{"tos", IPPROTO_IP, IP_TOS},
	{"pktinfo", IPPROTO_IP, IP_PKTINFO},
	{"mtu", IPPROTO_IP, IP_MTU},
	{"badip", IPPROTO_IP, 9999},
	{"v6only", IPPROTO_IPV6, IPV6_V6ONLY},
	{"hops", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
	{"tclass", IPPROTO_IPV6, IPV6_TCLASS},
	{"badip6", IPPROTO_IPV6, 9999},
	{"badlevel", 9999, 1},
};

const struct option *option_of(const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i].name, name))
			return &options[i];
	return NULL;
}
