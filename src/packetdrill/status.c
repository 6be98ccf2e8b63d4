/* SPDX-License-Identifier: MIT */
/* The sockets in the columns of ss -tan, in a file that is replaced whole
 * whenever they would read otherwise. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <catenet/socket.h>

#include "packetdrill/drill.h"

/* As ss calls them. */
static const char *state_name(uint8_t state)
{
	static const char *const names[] = {
		[CN_ESTABLISHED] = "ESTAB",	[CN_SYN_SENT] = "SYN-SENT",
		[CN_SYN_RECEIVED] = "SYN-RECV", [CN_FIN_WAIT_1] = "FIN-WAIT-1",
		[CN_FIN_WAIT_2] = "FIN-WAIT-2", [CN_TIME_WAIT] = "TIME-WAIT",
		[CN_CLOSED] = "UNCONN",		[CN_CLOSE_WAIT] = "CLOSE-WAIT",
		[CN_LAST_ACK] = "LAST-ACK",	[CN_LISTEN] = "LISTEN",
		[CN_CLOSING] = "CLOSING",
	};

	return state <= CN_CLOSING && names[state] ? names[state] : "UNKNOWN";
}

static void put_endpoint(const struct cn_endpoint *ep, char *text, size_t size)
{
	char addr[CN_ADDR_TEXT], port[8] = "*";

	cn_addr_format(&ep->addr, addr);
	if (ep->port)
		snprintf(port, sizeof(port), "%u", ep->port);
	snprintf(text, size, strchr(addr, ':') ? "[%s]:%s" : "%s:%s", addr,
		 port);
}

static void see(void *ctx, const struct cn_sock_row *row)
{
	char local[64], peer[64];

	/* ss shows no socket that is neither bound nor connected. */
	if (row->state == CN_CLOSED)
		return;
	put_endpoint(&row->local, local, sizeof(local));
	put_endpoint(&row->peer, peer, sizeof(peer));
	fprintf(ctx, "%-11s%-7u%-7u%25s %25s\n", state_name(row->state),
		row->recv_q, row->send_q, local, peer);
}

static bool put_file(const char *name, const char *text)
{
	char fresh[300];
	FILE *file;
	bool good;

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	file = fopen(fresh, "w");
	if (!file)
		return false;
	good = fputs(text, file) >= 0;
	return !fclose(file) && good && !rename(fresh, name);
}

void drill_show(struct drill_file *file, char *text)
{
	if (file->shown && !strcmp(file->shown, text)) {
		free(text);
		return;
	}
	if (!put_file(file->name, text))
		perror(file->name);
	free(file->shown);
	file->shown = text;
}

static void show_sockets(struct drill *drill)
{
	char *text = NULL;
	size_t len;
	FILE *file;

	if (!drill->status.name[0])
		return;
	file = open_memstream(&text, &len);
	if (!file)
		return;
	fprintf(file, "%-11s%-7s%-7s%25s %25s\n", "State", "Recv-Q", "Send-Q",
		"Local Address:Port", "Peer Address:Port");
	cn_host_each(cn_stack_lock(drill->stack), see, file);
	cn_stack_unlock(drill->stack);
	if (!fclose(file))
		drill_show(&drill->status, text);
}

void drill_status(struct drill *drill)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	int error = errno; /* of the call before */

	pthread_mutex_lock(&one);
	show_sockets(drill);
	drill_netstat(drill);
	pthread_mutex_unlock(&one);
	errno = error;
}
