/* SPDX-License-Identifier: MIT */
/*
 * A forwarder (RFC 5625).  Each question goes out by a socket of its own, which
 * is connected (another's answer is not heard), from a port of the kernel's
 * random choice, with an identifier and a case of letters of ours, so that
 * whoever cannot see it has some forty bits to guess.  What comes back is passed
 * on only if it is well formed and answers that question (dns.c).  Nothing is
 * kept: a cache would hide the path that a program is to be shown.
 */
#include "run/world/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/linux_addr.h"
#include "run/world/beyond.h"
#include "run/world/dns.h"
#include "run/world/parts.h"
#include "wire/octets.h"

#define PORT 53
#define PORT_TEXT "53"
#define SERVERS 3 /* as the C library's */
#define QUERY_MAX 4096
#define ANSWER_MAX 65536
#define TRIES 3
#define TURN 16
#define WRONG_MAX 64
#define TRY_NS (2 * CN_NS_PER_SEC)
#define LINE 1024
#define RESOLV "/etc/resolv.conf"

struct server {
	struct sockaddr_storage ss;
	socklen_t len;
};

/* A question under way. */
struct asking {
	struct list node; /* resolver->asking, the oldest first */
	struct resolver *resolver;
	struct loop_watch watch;
	struct loop_timer timer;
	struct cn_endpoint from; /* who asked */
	struct cn_endpoint far; /* whom, as the path has it */
	struct dns_question question;
	unsigned tries;
	unsigned wrong; /* came to this port, and do not answer */
	bool any_case; /* its server may have its own mind about letters */
	uint32_t len;
	uint8_t asked[QUERY_MAX]; /* as it came */
	uint8_t sent[QUERY_MAX];
};

struct resolver {
	struct world *world;
	struct server server[SERVERS];
	unsigned server_n;
	struct list asking;
	unsigned n;
	uint8_t octets[ANSWER_MAX];
	char file[1024]; /* lines of the machine's that stay */
};

/* ------------------------------------------------------------- servers -- */

static void add_server(struct resolver *resolver, const char *text,
		       const char *port)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *info;
	struct server *server = &resolver->server[resolver->server_n];

	if (resolver->server_n == SERVERS ||
	    getaddrinfo(text, port, &hints, &info))
		return;
	if (info->ai_addrlen <= sizeof(server->ss)) {
		memcpy(&server->ss, info->ai_addr, info->ai_addrlen);
		server->len = info->ai_addrlen;
		resolver->server_n++;
	}
	freeaddrinfo(info);
}

static void keep_line(struct resolver *resolver, const char *line)
{
	size_t used = strlen(resolver->file);

	if (used + strlen(line) + 1 < sizeof(resolver->file))
		strcpy(resolver->file + used, line);
}

static void read_line(struct resolver *resolver, const char *line)
{
	char word[32], value[256];
	int n = sscanf(line, "%31s %255s", word, value);

	if (n < 2)
		return;
	if (!strcmp(word, "nameserver") && !resolver->world->options->has_dns)
		add_server(resolver, value, PORT_TEXT);
	else if (!strcmp(word, "search") || !strcmp(word, "domain") ||
		 !strcmp(word, "options") || !strcmp(word, "sortlist"))
		keep_line(resolver, line);
}

static void read_servers(struct resolver *resolver)
{
	const struct world_options *opt = resolver->world->options;
	FILE *file = fopen(RESOLV, "re");
	char line[LINE];

	bool whole = true;

	/* A part of one is no line: what is too long is left out. */
	while (file && fgets(line, sizeof(line), file)) {
		const bool begins = whole;

		whole = strchr(line, '\n') || feof(file);
		if (begins && whole)
			read_line(resolver, line);
	}
	if (file)
		fclose(file);
	if (opt->has_dns) {
		struct server *server = &resolver->server[0];

		server->len = linux_addr_kernel(&opt->dns, &server->ss);
		resolver->server_n = 1;
	}
	/* resolv.conf(5): without one, the machine itself. */
	if (!resolver->server_n)
		add_server(resolver, "127.0.0.1", PORT_TEXT);
}

void resolver_file(struct world *world, char *text, size_t room)
{
	struct cn_addr own = world_gateway(world, true);
	char addr[CN_ADDR_TEXT];

	cn_addr_format(&own, addr);
	if (!world->resolver || snprintf(text, room, "nameserver %s\n%s", addr,
					 world->resolver->file) >= (int)room)
		text[0] = '\0';
}

bool resolver_stream(const struct world *world, const struct cn_endpoint *far,
		     struct cn_endpoint *real)
{
	struct cn_addr own = world_gateway(world, cn_addr_is_v4(&far->addr));

	return world->resolver && far->port == PORT &&
	       cn_addr_equal(&far->addr, &own) &&
	       linux_addr_from_kernel(&world->resolver->server[0].ss, real);
}

/* -------------------------------------------------------------- asking -- */

static void asking_free(struct asking *asking)
{
	struct world *world = asking->resolver->world;

	list_del(&asking->node);
	asking->resolver->n--;
	loop_cancel(world->loop, &asking->timer);
	loop_unwatch(world->loop, &asking->watch);
	if (asking->watch.fd >= 0)
		close(asking->watch.fd);
	free(asking);
}

/* The query's own identifier and letters, whatever was asked beyond. */
static void give_back(struct asking *asking, uint8_t *p, size_t len)
{
	put16(p, asking->question.id);
	memcpy(p + DNS_HEADER_LEN, asking->asked + DNS_HEADER_LEN,
	       asking->question.name_len);
	udp_answer(asking->resolver->world, &asking->far, &asking->from, p,
		   (uint32_t)len);
	asking_free(asking);
}

static void give_up(struct asking *asking)
{
	size_t len = dns_refuse(asking->asked, asking->len, &asking->question,
				DNS_SERVFAIL);

	udp_answer(asking->resolver->world, &asking->far, &asking->from,
		   asking->asked, (uint32_t)len);
	asking_free(asking);
}

/* False: this server cannot be asked. */
static bool ask_server(struct asking *asking, const struct server *server)
{
	struct world *world = asking->resolver->world;
	struct {
		uint8_t id[2], bits[32];
	} chance;

	loop_unwatch(world->loop, &asking->watch);
	if (asking->watch.fd >= 0)
		close(asking->watch.fd);
	asking->watch.fd = socket(server->ss.ss_family,
				  SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (asking->watch.fd < 0 ||
	    getrandom(&chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
		return false;
	memcpy(asking->sent, asking->asked, asking->len);
	memcpy(asking->sent, chance.id, sizeof(chance.id));
	if (!asking->any_case)
		dns_mix_case(asking->sent, &asking->question, chance.bits);
	return !connect(asking->watch.fd, (const struct sockaddr *)&server->ss,
			server->len) &&
	       send(asking->watch.fd, asking->sent, asking->len,
		    MSG_NOSIGNAL) >= 0 &&
	       !loop_watch(world->loop, &asking->watch, EPOLLIN);
}

/* The next server in turn; from the second round on letters are left alone,
 * since some servers answer in their own case. */
static void ask(struct asking *asking)
{
	struct resolver *resolver = asking->resolver;
	const unsigned tries = TRIES * resolver->server_n;

	while (asking->tries < tries) {
		unsigned turn = asking->tries++;

		asking->any_case = turn >= resolver->server_n;
		asking->wrong = 0;
		if (!ask_server(asking,
				&resolver->server[turn % resolver->server_n]))
			continue;
		(void)loop_at(resolver->world->loop, &asking->timer,
			      world_now(resolver->world) + TRY_NS);
		return;
	}
	give_up(asking);
}

static void on_time(void *ctx, uint64_t now)
{
	(void)now;
	ask(ctx);
}

static void server_ready(void *ctx, uint32_t events)
{
	struct asking *asking = ctx;
	struct resolver *resolver = asking->resolver;
	ssize_t n;

	(void)events;
	/* Who floods us with what is no answer does not hold up the others. */
	for (int i = 0; i < TURN; i++) {
		n = recv(asking->watch.fd, resolver->octets, ANSWER_MAX,
			 MSG_DONTWAIT);
		if (n < 0) {
			/* Otherwise nobody is there. */
			if (errno != EAGAIN && errno != EINTR)
				ask(asking);
			return;
		}
		if (dns_answers(resolver->octets, (size_t)n, asking->sent,
				&asking->question, asking->any_case)) {
			give_back(asking, resolver->octets, (size_t)n);
			return;
		}
		/* A few may be late answers; more are guesses, and the next
		 * are to be made about another port and identifier. */
		if (++asking->wrong == WRONG_MAX) {
			ask(asking);
			return;
		}
	}
}

static void answer_at_once(struct world *world, const struct cn_dgram_msg *msg,
			   const struct cn_slice *slice,
			   const struct dns_question *question, int rcode)
{
	uint8_t p[QUERY_MAX];
	size_t len = slice->len < sizeof(p) ? slice->len : sizeof(p);

	memcpy(p, slice->data, len);
	len = dns_refuse(p, len, question, rcode);
	udp_answer(world, &msg->local, &msg->peer, p, (uint32_t)len);
}

static bool is_for_us(const struct world *world, const struct cn_dgram_msg *msg)
{
	struct cn_addr own =
		world_gateway(world, cn_addr_is_v4(&msg->local.addr));

	return world->resolver && msg->local.port == PORT &&
	       cn_addr_equal(&msg->local.addr, &own);
}

bool resolver_query(struct world *world, const struct cn_dgram_msg *msg,
		    const struct cn_slice *slice)
{
	struct resolver *resolver = world->resolver;
	struct dns_question question;
	struct asking *asking;
	int rcode;

	if (!is_for_us(world, msg))
		return false;
	rcode = dns_query(slice->data, slice->len, &question);
	if (!rcode && slice->len > QUERY_MAX)
		rcode = DNS_FORMERR;
	if (rcode > 0)
		answer_at_once(world, msg, slice, &question, rcode);
	if (rcode)
		return true;
	asking = calloc(1, sizeof(*asking));
	if (!asking)
		return true;
	asking->resolver = resolver;
	asking->watch.fd = -1;
	asking->watch.ready = server_ready;
	asking->watch.ctx = asking;
	asking->timer.fire = on_time;
	asking->timer.ctx = asking;
	asking->from = msg->peer;
	asking->far = msg->local;
	asking->question = question;
	asking->len = slice->len;
	memcpy(asking->asked, slice->data, slice->len);
	list_add_tail(&resolver->asking, &asking->node);
	if (++resolver->n > RESOLVER_ASKING) {
		asking_free(CN_CONTAINER(list_first(&resolver->asking),
					 struct asking, node));
		world->tally.crowded.dns++;
	}
	ask(asking);
	return true;
}

/* ----------------------------------------------------------------- whole -- */

int resolver_new(struct world *world)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return CN_E_NOMEM;
	resolver->world = world;
	list_init(&resolver->asking);
	world->resolver = resolver;
	read_servers(resolver);
	return CN_OK;
}

void resolver_free(struct world *world)
{
	struct resolver *resolver = world->resolver;
	struct list *node;

	if (!resolver)
		return;
	while ((node = list_first(&resolver->asking)))
		asking_free(CN_CONTAINER(node, struct asking, node));
	free(resolver);
	world->resolver = NULL;
}
