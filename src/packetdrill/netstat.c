/* SPDX-License-Identifier: MIT */
/*
 * The host's counters as /proc/net/netstat shows Linux's, in a file that is
 * replaced whole: nstat reads it where PROC_NET_NETSTAT names it.
 */
#include <stdio.h>

#include <catenet/socket.h>

#include "packetdrill/drill.h"

struct row {
	const char *name; /* Linux's */
	size_t at; /* in struct cn_counters */
};

#define ROW(name, counter)                                                     \
	{                                                                      \
		name, offsetof(struct cn_counters, counter)                    \
	}

static const struct row rows[] = {
	ROW("SyncookiesSent", syncookies_sent),
	ROW("SyncookiesRecv", syncookies_recv),
	ROW("SyncookiesFailed", syncookies_failed),
	ROW("OutOfWindowIcmps", drop[CN_DROP_ICMP_UNMATCHED]),
	ROW("TCPRenoRecovery", tcp_reno_recovery),
	ROW("TCPSackRecovery", tcp_sack_recovery),
	ROW("TCPSACKReneging", tcp_sack_reneging),
	ROW("TCPSACKReorder", tcp_sack_reorder),
	ROW("TCPFullUndo", tcp_ts_undo),
	ROW("TCPDSACKUndo", tcp_dsack_undo),
	ROW("TCPLostRetransmit", tcp_lost_retransmit),
	ROW("TCPTimeouts", tcp_rto_fired),
	ROW("TCPLossProbes", tcp_loss_probes),
	ROW("TCPLossProbeRecovery", tcp_loss_probe_recovery),
	ROW("TCPDSACKRecv", tcp_dsack_recv),
	ROW("TCPAbortOnTimeout", tcp_timeouts),
	ROW("TCPSpuriousRTOs", tcp_spurious_rtos),
	ROW("TCPChallengeACK", tcp_challenge_acks),
	ROW("TCPFastOpenActive", fastopen_active),
	ROW("TCPFastOpenActiveFail", fastopen_active_fail),
	ROW("TCPFastOpenPassive", fastopen_passive),
	ROW("TCPFastOpenPassiveFail", fastopen_passive_fail),
	ROW("TCPFastOpenListenOverflow", fastopen_listen_overflow),
	ROW("TCPFastOpenCookieReqd", fastopen_cookie_reqd),
	ROW("TCPFastOpenBlackhole", fastopen_blackhole),
	ROW("TCPFastOpenPassiveAltKey", fastopen_passive_alt_key),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void put(FILE *file, const struct cn_counters *count)
{
	fputs("TcpExt:", file);
	for (size_t i = 0; i < ROWS; i++)
		fprintf(file, " %s", rows[i].name);
	fputs("\nTcpExt:", file);
	for (size_t i = 0; i < ROWS; i++)
		fprintf(file, " %llu",
			*(const unsigned long long *)((const char *)count +
						      rows[i].at));
	fputs("\n", file);
}

void drill_netstat(struct drill *drill)
{
	char *text = NULL;
	size_t len;
	FILE *file;

	if (!drill->netstat.name[0])
		return;
	file = open_memstream(&text, &len);
	if (!file)
		return;
	put(file, cn_host_counters(cn_stack_lock(drill->stack)));
	cn_stack_unlock(drill->stack);
	if (!fclose(file))
		drill_show(&drill->netstat, text);
}
