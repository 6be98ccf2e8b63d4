/* SPDX-License-Identifier: MIT */
/*
 * state NAME, exclude NAME, sport and dport with an operator, a bare number;
 * all that is said must hold.  "or" and "not" are not known, and say so.
 */
#include "cli/filter.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_LEN 10 /* of a process or a port */
#define BIT(state) (1u << (state))
#define ALL                                                                    \
	(BIT(CN_LISTEN) | BIT(CN_SYN_SENT) | BIT(CN_SYN_RECEIVED) |            \
	 BIT(CN_ESTABLISHED) | BIT(CN_FIN_WAIT_1) | BIT(CN_FIN_WAIT_2) |       \
	 BIT(CN_CLOSE_WAIT) | BIT(CN_CLOSING) | BIT(CN_LAST_ACK) |             \
	 BIT(CN_TIME_WAIT) | BIT(CN_CLOSED))
#define CONNECTED (ALL & ~(BIT(CN_LISTEN) | BIT(CN_CLOSED)))
#define BUCKET (BIT(CN_SYN_RECEIVED) | BIT(CN_TIME_WAIT))

static const struct {
	const char *name;
	unsigned states;
} states[] = {
	{"established", BIT(CN_ESTABLISHED)},
	{"estab", BIT(CN_ESTABLISHED)},
	{"syn-sent", BIT(CN_SYN_SENT)},
	{"syn-recv", BIT(CN_SYN_RECEIVED)},
	{"syn-received", BIT(CN_SYN_RECEIVED)},
	{"fin-wait-1", BIT(CN_FIN_WAIT_1)},
	{"fin-wait-2", BIT(CN_FIN_WAIT_2)},
	{"time-wait", BIT(CN_TIME_WAIT)},
	{"closed", BIT(CN_CLOSED)},
	{"unconnected", BIT(CN_CLOSED)},
	{"close-wait", BIT(CN_CLOSE_WAIT)},
	{"last-ack", BIT(CN_LAST_ACK)},
	{"listening", BIT(CN_LISTEN)},
	{"listen", BIT(CN_LISTEN)},
	{"closing", BIT(CN_CLOSING)},
	{"all", ALL},
	{"connected", CONNECTED},
	{"synchronized", CONNECTED & ~BIT(CN_SYN_SENT)},
	{"bucket", BUCKET},
	{"big", ALL & ~BUCKET},
};

const char *const filter_states[] = {
	"established", "syn-sent",   "syn-recv",  "fin-wait-1",	  "fin-wait-2",
	"time-wait",   "close-wait", "last-ack",  "listening",	  "closing",
	"unconnected", "all",	     "connected", "synchronized", "bucket",
	"big",	       NULL,
};

static unsigned states_of(const char *name)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcasecmp(name, states[i].name))
			return states[i].states;
	return 0;
}

static char operator_of(const char *word)
{
	static const struct {
		const char *word;
		char op;
	} operators[] = {
		{"=", '='},   {"==", '='},  {"eq", '='}, {"!=", '!'},
		{"ne", '!'},  {"neq", '!'}, {"<", '<'},	 {"lt", '<'},
		{">", '>'},   {"gt", '>'},  {"<=", 'l'}, {"le", 'l'},
		{"leq", 'l'}, {">=", 'g'},  {"ge", 'g'}, {"geq", 'g'},
	};

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (!strcmp(word, operators[i].word))
			return operators[i].op;
	return 0;
}

/* ":80", "80", ":http"; 0: none. */
static unsigned port_of(const char *word)
{
	const struct servent *service;
	unsigned long port;
	char *end;

	if (*word == ':')
		word++;
	port = strtoul(word, &end, 10);
	if (end != word)
		return *end || port > 65535 ? 0 : (unsigned)port;
	service = getservbyname(word, "tcp");
	return service ? ntohs((uint16_t)service->s_port) : 0;
}

static const char bad_state[] =
	"there is no such state; there are established, syn-sent, syn-recv, "
	"fin-wait-1, fin-wait-2, time-wait, close-wait, last-ack, listening, "
	"closing, unconnected, and the groups all, connected, synchronized, bucket and big";
static const char bad_port[] =
	"after sport and dport comes an operator and a port: sport = :80";
static const char bad_word[] =
	"expected are state NAME, exclude NAME, sport = :PORT, dport = :PORT, "
	"or the number of a process or a port";

static const char *take_state(struct filter *filter, const char *name,
			      bool excluded)
{
	unsigned said = name ? states_of(name) : 0;

	if (!said)
		return bad_state;
	if (excluded) {
		if (!filter->states_said)
			filter->states = ALL;
		filter->states &= ~said;
	} else {
		filter->states = filter->states_said ? filter->states | said :
						       said;
	}
	filter->udp_states = filter->states;
	filter->states_said = true;
	return NULL;
}

static const char *take_port(struct filter *filter, bool local, char **at)
{
	const char *word = strtok_r(NULL, " ", at);
	char op = word ? operator_of(word) : 0;
	unsigned port;

	if (op)
		word = strtok_r(NULL, " ", at);
	port = word ? port_of(word) : 0;
	if (!port)
		return bad_port;
	if (filter->port_n == FILTER_PORTS)
		return "too many ports";
	filter->port[filter->port_n++] =
		(struct filter_port){local, op ? op : '=', port};
	return NULL;
}

static const char *take_word(struct filter *filter, const char *word, char **at)
{
	if (!strcmp(word, "state") || !strcmp(word, "exclude"))
		return take_state(filter, strtok_r(NULL, " ", at),
				  *word == 'e');
	if (!strcmp(word, "sport") || !strcmp(word, "dport"))
		return take_port(filter, *word == 's', at);
	if (!strcmp(word, "(") || !strcmp(word, ")") || !strcmp(word, "and"))
		return NULL;
	if (!strcmp(word, "or") || !strcmp(word, "not"))
		return "or and not are not known here; all that is said must "
		       "hold";
	if (strspn(word, "0123456789") != strlen(word) || filter->number ||
	    strlen(word) > NUMBER_LEN)
		return bad_word;
	filter->number = strtoul(word, NULL, 10);
	return filter->number ? NULL : bad_word;
}

const char *filter_take(struct filter *filter, int argc, char **argv)
{
	const char *why = NULL;
	char text[512] = "", *at, *word;

	/* A shell's quotes may hold several words. */
	for (int i = 0; i < argc; i++) {
		if (strlen(text) + strlen(argv[i]) + 2 > sizeof(text))
			return "too many words";
		strcat(text, argv[i]);
		strcat(text, " ");
	}
	for (word = strtok_r(text, " ", &at); word && !why;
	     word = why ? NULL : strtok_r(NULL, " ", &at))
		why = take_word(filter, word, &at);
	return why;
}

static bool port_holds(const struct filter_port *want, const struct row *row)
{
	unsigned port = want->local ? row_local_port(row) : row_peer_port(row);

	switch (want->op) {
	case '!':
		return port != want->port;
	case '<':
		return port < want->port;
	case '>':
		return port > want->port;
	case 'l':
		return port <= want->port;
	case 'g':
		return port >= want->port;
	default:
		return port == want->port;
	}
}

/* The world's process, one that holds the socket, or either port. */
static bool number_holds(unsigned long number, const struct row *row,
			 const struct holders *holders)
{
	const struct holder *holder;
	size_t n = 0;

	if (number == row->pid || number == row->parent ||
	    number == row_local_port(row) || number == row_peer_port(row))
		return true;
	holder = holders ? holders_find(holders, row->inode, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		if ((unsigned long)holder[i].pid == number)
			return true;
	return false;
}

/* To listen is, for datagrams, not to be connected. */
void filter_choose(struct filter *filter, bool all, bool listening)
{
	filter->states_said = true;
	filter->states = filter->udp_states = ALL;
	if (all)
		return;
	filter->states = listening ? BIT(CN_LISTEN) :
				     ALL & ~(BIT(CN_LISTEN) | BUCKET);
	filter->udp_states = BIT(listening ? CN_CLOSED : CN_ESTABLISHED);
}

bool filter_wants(const struct filter *filter, const struct row *row,
		  const struct holders *holders)
{
	if (row->udp ? filter->no_udp : filter->no_tcp)
		return false;
	if (!((row->udp ? filter->udp_states : filter->states) &
	      BIT(row->state)))
		return false;
	for (unsigned i = 0; i < filter->port_n; i++)
		if (!port_holds(&filter->port[i], row))
			return false;
	return !filter->number || number_holds(filter->number, row, holders);
}
