/* SPDX-License-Identifier: MIT */
/*
 * What catenet ss asks of a running world: a snapshot of its sockets.
 *
 * Each world has a socket named after its process in the folder of its user
 * (control_dir.h), mode 0600; besides, the kernel's word (SO_PEERCRED) is asked
 * of who connects, and nobody but the same user and root is answered.  Nothing
 * is read from who asks; who takes nothing for five seconds is told no more, and
 * of eight who are being told the idlest makes room for a ninth.  A world that was killed leaves its name behind: who
 * finds nobody there, and may, takes it away.
 *
 * The answer is lines: CONTROL_HEAD, a line for each socket, a line for each
 * counter that is not nought ("#", its name, its value), CONTROL_END.  What ends
 * otherwise is not whole.  Sockets for datagrams are the kernel's, in the
 * programs' network namespace; of each list of them so many are told as it
 * looks at (udp_list.h), and then "+" and the host say that there are more.
 */
#ifndef RUN_WORLD_CONTROL_H
#define RUN_WORLD_CONTROL_H

#include <catenet/socket.h>

struct control;
struct loop;
struct world;

/* Changes with the columns. */
#define CONTROL_HEAD "catenet 7"
#define CONTROL_END "end"
#define CONTROL_LINE_MAX 4096

/* One line for each socket: the supervisor's process and its parent, the
 * program's name, the host's (nothing: it has none), both ends, and these
 * columns, separated by tabs.
 * X(name, printf format, expression); expression may use row, info, facts. */
#define CONTROL_COLUMNS(X)                                                     \
	X(state, "%u", (unsigned)facts.state)                                  \
	X(recv_q, "%u", facts.recv_q)                                          \
	X(send_q, "%u", facts.send_q)                                          \
	X(timer, "%u", (unsigned)row->timer)                                   \
	X(timer_in_ns, "%llu", facts.timer_in_ns + 0ull)                       \
	X(quiet_ns, "%llu", facts.quiet_ns + 0ull)                             \
	X(snd_wnd, "%u", info.snd_wnd)                                         \
	X(rcv_wnd, "%u", info.rcv_wnd)                                         \
	X(mss, "%u", info.snd_mss)                                             \
	X(cwnd, "%u", info.snd_cwnd)                                           \
	X(ssthresh, "%u", info.snd_ssthresh)                                   \
	X(flight, "%u", info.flight)                                           \
	X(unsent, "%u", info.unsent)                                           \
	X(retransmits, "%u", (unsigned)info.retransmits)                       \
	X(rto_us, "%llu", info.rto / 1000ull)                                  \
	X(rtt_us, "%llu", info.srtt / 1000ull)                                 \
	X(rttvar_us, "%llu", info.rttvar / 1000ull)                            \
	X(octets_sent, "%llu", info.octets_sent + 0ull)                        \
	X(octets_acked, "%llu", info.octets_acked + 0ull)                      \
	X(octets_received, "%llu", info.octets_received + 0ull)                \
	X(octets_retransmitted, "%llu", info.octets_retransmitted + 0ull)      \
	X(sndbuf, "%u", info.sndbuf)                                           \
	X(rcvbuf, "%u", info.rcvbuf)                                           \
	X(cc, "%u", (unsigned)info.cc)                                         \
	X(ca_state, "%u", (unsigned)info.ca_state)                             \
	X(wscale_out, "%u", (unsigned)info.snd_wscale)                         \
	X(wscale_in, "%u", (unsigned)info.rcv_wscale)                          \
	X(has_ts, "%u", (unsigned)info.has_ts)                                 \
	X(has_sack, "%u", (unsigned)info.has_sack)                             \
	X(has_ecn, "%u", (unsigned)info.has_ecn)                               \
	X(pmtu, "%u", info.pmtu)                                               \
	X(rcvmss, "%u", info.rcv_mss)                                          \
	X(advmss, "%u", info.advmss)                                           \
	X(segs_out, "%llu", info.segs_out + 0ull)                              \
	X(segs_in, "%llu", info.segs_in + 0ull)                                \
	X(data_segs_out, "%llu", info.data_segs_out + 0ull)                    \
	X(data_segs_in, "%llu", info.data_segs_in + 0ull)                      \
	X(segs_again, "%llu", info.segs_retransmitted + 0ull)                  \
	X(dsack_dups, "%llu", info.dsack_dups + 0ull)                          \
	X(ooo_segs_in, "%llu", info.ooo_segs_in + 0ull)                        \
	X(pacing_rate, "%llu", info.pacing_rate + 0ull)                        \
	X(delivery_rate, "%llu", info.delivery_rate + 0ull)                    \
	X(busy_ms, "%llu", info.busy_time / 1000000ull)                        \
	X(rwnd_ms, "%llu", info.rwnd_limited / 1000000ull)                     \
	X(sndbuf_ms, "%llu", info.sndbuf_limited / 1000000ull)                 \
	X(rcv_rtt_us, "%llu", info.rcv_rtt / 1000ull)                          \
	X(rcv_space, "%u", info.rcv_space)                                     \
	X(rcv_ssthresh, "%u", info.rcv_ssthresh)                               \
	X(rtt_min_us, "%llu", info.rtt_min / 1000ull)                          \
	X(inode, "%llu", inode_of(row) + 0ull)                                 \
	X(world, "%llu", (unsigned long long)getpid())                         \
	X(hold, "%u", (unsigned)facts.hold)                                    \
	X(probes, "%u", (unsigned)facts.probes)                                \
	X(last_try, "%u", (unsigned)facts.last_try)                            \
	X(held, "%u", (unsigned)facts.held)                                    \
	X(queued, "%u", (unsigned)facts.queued)                                \
	X(orphan, "%u", (unsigned)facts.orphan)                                \
	X(no_room, "%u", (unsigned)facts.no_room)                              \
	X(deferred, "%u", (unsigned)facts.deferred)                            \
	X(gap, "%u", (unsigned)facts.gap)                                      \
	X(fin_sent, "%u", (unsigned)facts.fin_sent)                            \
	X(full, "%u", (unsigned)facts.full)                                    \
	X(more_in, "%u", (unsigned)facts.more_in)                              \
	X(rexmit_in_ns, "%llu", facts.rexmit_in_ns + 0ull)                     \
	X(closed_ns, "%llu", facts.closed_ns + 0ull)                           \
	X(waits_ns, "%llu", facts.waits_ns + 0ull)

/* Of a datagram socket, whose line begins with "udp" and a tab; expression may
 * use listed. */
#define CONTROL_DATAGRAM_COLUMNS(X)                                            \
	X(state, "%u", listed->is_connected ? CN_ESTABLISHED : CN_CLOSED)      \
	X(recv_q, "%u", listed->recv_q)                                        \
	X(send_q, "%u", listed->send_q)                                        \
	X(drops, "%u", listed->drops)                                          \
	X(uid, "%u", listed->uid)                                              \
	X(inode, "%llu", listed->inode + 0ull)                                 \
	X(world, "%llu", (unsigned long long)getpid())

/* NULL: it cannot be made (ss will not see this world, nothing else). */
struct control *control_new(struct loop *loop, struct world *world,
			    const char *program);
void control_free(struct control *control);

#endif
