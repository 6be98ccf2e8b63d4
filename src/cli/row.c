/* SPDX-License-Identifier: MIT */
/* A line of a world's answer, read with mistrust. */
#include "cli/row.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "see/text.h"

#define NAMED 6 /* fields before the columns */

static bool take_number(const char *field, uint64_t *number)
{
	char *end;

	if (*field < '0' || *field > '9')
		return false;
	errno = 0;
	*number = strtoull(field, &end, 10);
	return !*end && !errno;
}

static const char udp_word[] = "udp";

static unsigned count_columns(bool udp)
{
	unsigned n = 0;

#define ROW_X(name, format, value) n++;
	if (udp) {
		CONTROL_DATAGRAM_COLUMNS(ROW_X)
	} else {
		CONTROL_COLUMNS(ROW_X)
	}
#undef ROW_X
	return n;
}

static bool take_columns(struct row *row, char **field)
{
	bool good = true;

#define ROW_X(name, format, value) good &= take_number(*field++, &row->name);
	if (row->udp) {
		CONTROL_DATAGRAM_COLUMNS(ROW_X)
		row->timer_in_ns = CN_NEVER;
		good &= row->state == CN_ESTABLISHED || row->state == CN_CLOSED;
	} else {
		CONTROL_COLUMNS(ROW_X)
	}
#undef ROW_X
	return good && row->state <= CN_CLOSING && row->timer < CN_TIMER_N;
}

bool row_parse(struct row *row, char *line)
{
	enum { MOST = 128 };
	char *field[MOST];
	unsigned n = 0;
	bool good;

	memset(row, 0, sizeof(*row));
	row->udp = !strncmp(line, udp_word, strlen(udp_word)) &&
		   line[strlen(udp_word)] == '\t';
	if (row->udp)
		line += strlen(udp_word) + 1;
	for (char *p = line; p && n < MOST; n++) {
		field[n] = p;
		p = strchr(p, '\t');
		if (p)
			*p++ = '\0';
	}
	if (n != NAMED + count_columns(row->udp))
		return false;
	good = take_number(field[0], &row->pid) &&
	       take_number(field[1], &row->parent);
	text_escape(field[2], row->program, sizeof(row->program));
	text_escape(field[3], row->host, sizeof(row->host));
	text_escape(field[4], row->local, sizeof(row->local));
	text_escape(field[5], row->peer, sizeof(row->peer));
	return take_columns(row, field + NAMED) && good;
}

const char *row_netid(const struct row *row)
{
	return row->udp ? udp_word : "tcp";
}

static unsigned port_of(const char *end)
{
	const char *colon = strrchr(end, ':');

	return colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
}

unsigned row_local_port(const struct row *row)
{
	return port_of(row->local);
}

unsigned row_peer_port(const struct row *row)
{
	return port_of(row->peer);
}

void row_local(const struct row *row, char text[ROW_LOCAL_MAX])
{
	const char *colon = strrchr(row->local, ':');
	int before = colon ? (int)(colon - row->local) : 0;
	bool bracket = before && row->local[before - 1] == ']';

	if (*row->host)
		snprintf(text, ROW_LOCAL_MAX, "%.*s%%%s%s%s", before - bracket,
			 row->local, row->host, bracket ? "]" : "",
			 colon ? colon : "");
	else
		snprintf(text, ROW_LOCAL_MAX, "%s", row->local);
}

const char *row_state_name(uint64_t state)
{
	switch ((enum cn_tcp_state)state) {
	case CN_ESTABLISHED:
		return "ESTAB";
	case CN_SYN_RECEIVED:
		return "SYN-RECV";
	case CN_CLOSED:
		return "UNCONN";
	case CN_LISTEN:
	case CN_SYN_SENT:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_TIME_WAIT:
	case CN_CLOSE_WAIT:
	case CN_LAST_ACK:
	case CN_CLOSING:
		break;
	}
	return cn_tcp_state_name((enum cn_tcp_state)state);
}
