/* SPDX-License-Identifier: MIT */
/*
 * Every sentence that a person reads, in every language: X(key, en, zh).
 * %1 .. %3 are filled in; of {one|many} the first stands where the number
 * before it is 1.  The subject, one of the two hosts, is written before it.
 */
#ifndef SEE_SENTENCES_H
#define SEE_SENTENCES_H

/* clang-format off */
#define SEE_SENTENCES(X)                                                       \
	/* segments that are sent: why */                                      \
	X(OUT_SYN, "asks to open: the SYN carries its initial sequence number", \
	  "请求建立连接：SYN 带上自己的初始序号")                              \
	X(OUT_SYN_ASKS, "asks to open, and for a cookie with which the next "  \
	  "SYN may carry data (Fast Open)",                                    \
	  "请求建立连接，并索要 cookie，以便下次在 SYN 中携带数据（Fast Open）") \
	X(OUT_SYN_DATA, "asks to open with %1 {octet|octets} in the SYN: it has a " \
	  "cookie of this server (Fast Open)",                                 \
	  "请求建立连接，SYN 中已带 %1 字节：持有该服务器的 cookie（Fast Open）") \
	X(OUT_SYN_PLAIN, "no answer: a plain SYN, in case something on the "   \
	  "way dislikes data in it",                                           \
	  "没有回音：改发普通的 SYN，也许途中有设备不接受带数据的 SYN")        \
	X(OUT_SYN_AGAIN, "no answer for %1: the SYN again",                    \
	  "%1 没有回音：重发 SYN")                                             \
	X(OUT_SYN_ACK, "agrees: acknowledges the SYN and sends its own",       \
	  "同意：确认对方的 SYN，同时发出自己的 SYN")                          \
	X(OUT_SYN_ACK_GIVES, "agrees, and gives a cookie for the next time "   \
	  "(Fast Open)", "同意，并给出 cookie 供下次使用（Fast Open）")        \
	X(OUT_SYN_ACK_DATA, "agrees, and acknowledges the data of the SYN",    \
	  "同意，并确认 SYN 中的数据")                                         \
	X(OUT_COOKIE, "keeps nothing: its initial number is a cookie that the " \
	  "last ACK must bring back", "不保留任何状态：初始序号就是 cookie，要由最后的 ACK 带回") \
	X(OUT_SYN_ACK_BOTH, "answers a SYN that crossed its own",              \
	  "回应与自己的 SYN 交错而来的 SYN")                                   \
	X(OUT_SYN_ACK_AGAIN, "has not seen the last ACK: the SYN-ACK again",   \
	  "没有等到最后的 ACK：重发 SYN-ACK")                                  \
	X(OUT_DATA, "sends %1 {octet|octets}", "发送 %1 字节") \
	X(OUT_DATA_LAST, "sends %1 {octet|octets}, and with them FIN: nothing more " \
	  "will come", "发送 %1 字节，并带上 FIN：此后不再发送数据")           \
	X(OUT_FIN, "will send nothing more: FIN, which takes one sequence "    \
	  "number", "不再发送数据：发出 FIN，它占用一个序号")                  \
	X(OUT_ACK, "acknowledges everything before %1",                        \
	  "确认 %1 之前的全部数据")                                            \
	X(OUT_ACK_OF_SYN, "acknowledges the SYN", "确认对方的 SYN")            \
	X(OUT_ACK_DELAYED, "acknowledges everything before %1; the ACK had "   \
	  "waited for company", "确认 %1 之前的全部数据；该 ACK 曾延迟等待")   \
	X(OUT_ACK_OF_FIN, "acknowledges the FIN", "确认对方的 FIN")            \
	X(OUT_ACK_SAME, "acknowledges again: still waits for %1",              \
	  "再次确认：仍在等待 %1")                                             \
	X(OUT_ACK_SACK, "still waits for %1, but has %2 (SACK)",               \
	  "仍在等待 %1，但已收到 %2（SACK）")                                  \
	X(OUT_ACK_DSACK, "acknowledges everything before %1, and tells that "  \
	  "%2 came twice (D-SACK)",                                            \
	  "确认 %1 之前的全部数据，并告知 %2 重复到达（D-SACK）")              \
	X(OUT_ACK_CLOSED, "acknowledges everything before %1 and closes its "  \
	  "window: the program has not read",                                  \
	  "确认 %1 之前的全部数据，并关闭窗口：程序还没有读取")                \
	X(OUT_ACK_OPENS, "the program has read: the window is open again, %1 " \
	  "{octet|octets}", "程序已读取：窗口重新打开，%1 字节") \
	X(OUT_ACK_GROWS, "the program has read: the window grows to %1 {octet|octets}", \
	  "程序已读取：窗口增大到 %1 字节")                                    \
	X(OUT_AGAIN_TIMEOUT, "no acknowledgement in time: sends %1 again; the " \
	  "next timeout would come after %2",                                  \
	  "未按时得到确认：重发 %1；下一次超时在 %2 之后")                     \
	X(OUT_AGAIN_MORE, "goes on sending again what was taken for lost: %1", \
	  "继续重发被认为丢失的数据：%1")                                      \
	X(OUT_AGAIN_SYN_DATA, "the SYN was taken without its data: %1 again",  \
	  "SYN 被接受，但其中的数据没有：重发 %1")                             \
	X(OUT_AGAIN_FAST, "later octets have arrived, so %1 is taken for lost: " \
	  "sends it again at once, without waiting for the timer",             \
	  "后面的数据已到达，因此认为 %1 丢失：不等定时器，立即重发")          \
	X(OUT_TAIL, "nothing is heard: sends the last octets, %1, "  \
	  "again, so that an ACK may tell what is missing (tail loss probe)",  \
	  "没有回音：重发末尾的 %1，让 ACK 说明缺了什么（尾部丢失探测）") \
	X(OUT_TAIL_FIN, "nothing is heard: the FIN again, so that an ACK may tell what " \
	  "is missing (tail loss probe)",                                      \
	  "没有回音：重发 FIN，让 ACK 说明缺了什么（尾部丢失探测）")           \
	X(OUT_FIN_AGAIN, "the FIN is not acknowledged: the FIN again; the "    \
	  "next timeout would come after %1",                                  \
	  "FIN 没有得到确认：重发 FIN；下一次超时在 %1 之后")                  \
	X(OUT_RST_NO_PORT, "nobody listens there: refuses by RST",             \
	  "那里没有人监听：以 RST 拒绝")                                       \
	X(OUT_RST_STRAY, "knows no such connection: answers by RST",           \
	  "没有这个连接：以 RST 回应")                                         \
	X(OUT_RST_CLIENT, "this client has as many connections as it may: RST", \
	  "该客户端的连接数已达上限：以 RST 拒绝")                             \
	X(OUT_RST_UNREAD, "the program has closed with octets unread, and they " \
	  "are lost: RST, not FIN",                                            \
	  "程序关闭时还有数据未读，这些数据丢失：发 RST 而不是 FIN")           \
	X(OUT_RST_ABORT, "abandons the connection: RST, not FIN",              \
	  "放弃连接：发 RST 而不是 FIN")                                       \
	X(OUT_RST_LATE, "data came for a program that has closed: RST",        \
	  "数据到达时程序已经关闭：RST")                                       \
	X(OUT_RST_BAD_ACK, "that ACK belongs to another connection: RST",      \
	  "这个 ACK 属于别的连接：RST")                                        \
	X(OUT_CHALLENGE, "answers only with an ACK of what it knows: whoever " \
	  "meant it will say so exactly (challenge ACK)",                      \
	  "只用已知状态的 ACK 回应：真正的对端会给出准确的答复（挑战 ACK）")   \
	X(OUT_ACK_OF_SYN_AGAIN, "acknowledges the SYN once more",              \
	  "再次确认 SYN")                                                      \
	X(OUT_ACK_ANSWER, "answers: this is what it has, and its window",      \
	  "回应：告知已收到哪里，窗口有多大")                                  \
	X(OUT_PROBE, "the peer's window is closed: asks whether it has opened " \
	  "(probe); the next would follow after %1",                           \
	  "对方窗口已关闭：询问是否已打开（窗口探测）；下一次在 %1 之后")      \
	X(OUT_KEEPALIVE, "nothing heard for long: asks whether the peer is "   \
	  "alive", "长时间没有动静：询问对方是否还在（保活探测）")             \
	X(OUT_TIME_WAIT_ACK, "acknowledges the FIN again: this is what "       \
	  "TIME-WAIT is for", "再次确认 FIN：TIME-WAIT 正是为此而设")          \
                                                                               \
	/* segments that arrive: what they did */                              \
	X(IN_SYN, "a listener gets a SYN: a half-open connection begins, the " \
	  "listener goes on listening",                                        \
	  "监听者收到 SYN：产生一个半打开的连接，监听者继续监听")              \
	X(IN_SYN_FAST, "a SYN with a good cookie: its %1 {octet|octets} can be read at " \
	  "once, the connection is in the queue for accept()",                 \
	  "SYN 带有有效的 cookie：其中 %1 字节立即可读，连接进入 accept() 队列") \
	X(IN_SYN_COOKIE, "a SYN, and the queue of half-open connections is "   \
	  "full: a cookie will do", "收到 SYN，但半连接队列已满：改用 SYN cookie") \
	X(IN_SYN_AGAIN, "the SYN again: its SYN-ACK was lost or is late",      \
	  "又收到 SYN：SYN-ACK 丢失或迟到")                                    \
	X(IN_SYN_BOTH, "a SYN in place of a SYN-ACK: both open at once",       \
	  "收到的是 SYN 而不是 SYN-ACK：双方同时打开")                         \
	X(IN_SYN_ACK, "its SYN is acknowledged: connected, connect() succeeds", \
	  "自己的 SYN 得到确认：连接建立，connect() 成功")                     \
	X(IN_SYN_ACK_DATA, "its SYN and the data in it are acknowledged: "     \
	  "connected, a round trip saved",                                     \
	  "自己的 SYN 及其中数据得到确认：连接建立，省去一次往返")             \
	X(IN_SYN_ACK_ALONE, "its SYN is acknowledged, the data in it are not: " \
	  "connected", "自己的 SYN 得到确认，其中的数据没有：连接建立")        \
	X(IN_SYN_ACK_LATE, "the SYN-ACK again: the last ACK is missing there", \
	  "又收到 SYN-ACK：对方还没有最后的 ACK")                              \
	X(IN_ACK_OF_SYN, "its SYN is acknowledged: connected",                 \
	  "自己的 SYN 得到确认：连接建立")                                     \
	X(IN_ACK_QUEUED, "its SYN is acknowledged: connected, and in the "     \
	  "queue for accept()",                                                \
	  "自己的 SYN 得到确认：连接建立，进入 accept() 队列")                 \
	X(IN_ACK_COOKIE, "its cookie comes back: connected, and in the queue " \
	  "for accept()", "cookie 被带回：连接建立，进入 accept() 队列")       \
	X(IN_DATA, "%1 {octet|octets} in order, for the program to read",      \
	  "按序收到 %1 字节，可供程序读取")                                    \
	X(IN_DATA_GAP, "%1 {octet|octets} beyond a gap: kept until %2 comes",  \
	  "收到空缺之后的 %1 字节：先保存，等待 %2")                           \
	X(IN_DATA_FILLS, "%1 {octet|octets} of what was missing",              \
	  "补上了缺失的 %1 字节")                                              \
	X(IN_ACK, "%1 {octet is|octets are} acknowledged, %2 still in flight", \
	  "%1 字节得到确认，还有 %2 字节在途")                                 \
	X(IN_ACK_NOTHING, "an ACK that tells nothing new",                     \
	  "ACK 没有带来新的信息")                                              \
	X(IN_ACK_PROBE, "an ACK from outside the window, a probe or an old one: " \
	  "it asks for an ACK, of which two a second at most are given",       \
	  "窗口之外的 ACK（探测，或是旧的）：需要以 ACK 回应，但每秒最多两次") \
	X(IN_ACK_DUP, "duplicate ACK %1: something was lost or overtaken",     \
	  "第 %1 个重复 ACK：有数据丢失或乱序")                                \
	X(IN_ACK_DUP_SACK, "duplicate ACK %1: %2 is missing there, %3 has "    \
	  "arrived", "第 %1 个重复 ACK：对方缺 %2，已有 %3")                   \
	X(IN_WINDOW_CLOSED, "%1 {octet is|octets are} acknowledged, and the peer's " \
	  "window is closed: nothing may be sent",                             \
	  "%1 字节得到确认，但对方窗口已关闭：不能再发送")                     \
	X(IN_WINDOW_STILL, "the peer's window is still closed",                \
	  "对方窗口仍然关闭")                                                  \
	X(IN_WINDOW_OPEN, "the peer's window is open again: %1 {octet|octets} may be " \
	  "sent", "对方窗口重新打开：可以发送 %1 字节")                        \
	X(IN_WINDOW_GROWS, "the peer's window grows to %1 {octet|octets}",     \
	  "对方窗口增大到 %1 字节")                                            \
	X(IN_FIN, "the peer will send no more: the program reads the end of "  \
	  "the stream, and has yet to close",                                  \
	  "对方不再发送：程序读到流的结尾，自己还没有关闭")                    \
	X(IN_FIN_BOTH, "a FIN in place of an ACK of its own: both close at "   \
	  "once", "收到的是 FIN 而不是对自己 FIN 的确认：双方同时关闭")        \
	X(IN_FIN_LAST, "the peer's FIN: closed both ways; stays for 2MSL in "  \
	  "case the last ACK is lost",                                         \
	  "收到对方的 FIN：两个方向都已关闭；停留 2MSL，以防最后的 ACK 丢失")  \
	X(IN_FIN_AGAIN, "the FIN again: the last ACK was lost or is late",     \
	  "又收到 FIN：最后的 ACK 丢失或迟到")                                 \
	X(IN_ACK_OF_FIN, "its FIN is acknowledged; the peer may still send",   \
	  "自己的 FIN 得到确认；对方仍可发送")                                 \
	X(IN_ACK_OF_FIN_BOTH, "its FIN is acknowledged too: stays for 2MSL",   \
	  "自己的 FIN 也得到确认：停留 2MSL")                                  \
	X(IN_ACK_OF_FIN_LAST, "its FIN is acknowledged: over",                 \
	  "自己的 FIN 得到确认：连接结束")                                     \
	X(IN_RST_REFUSED, "refused: connect() fails with ECONNREFUSED",        \
	  "被拒绝：connect() 以 ECONNREFUSED 失败")                            \
	X(IN_RST, "reset by the peer: what was not yet read or acknowledged "  \
	  "is lost", "被对方重置：尚未读取或确认的数据丢失")                   \
	X(IN_RST_HALF_OPEN, "reset before it was open: the listener goes on",  \
	  "还未建立就被重置：监听者继续监听")                                  \
	X(IN_DROP, "not used: %1", "未采用：%1")                               \
	X(IN_DROP_BACKLOG, "dropped, as if it were lost: the queue for "       \
	  "accept() is full", "当作丢失而丢弃：accept() 队列已满")             \
	X(IN_DROP_PORT, "nobody listens there", "那里没有人监听")              \
	X(IN_DROP_STRAY, "belongs to no connection here", "不属于这里的任何连接") \
	X(IN_HELD, "held until the far end has answered",                      \
	  "暂且扣留，等远端答复")                                              \
                                                                               \
	/* what the path did */                                                \
	X(LOST_PATH, "lost on the path", "在路径上丢失")                       \
	X(LOST_RULE, "dropped by a rule of this path", "按规则丢弃")           \
	X(LOST_QUEUE, "dropped: no room in the path's queue",                  \
	  "丢弃：路径的队列已满")                                              \
	X(LOST_TOO_BIG, "dropped: longer than the path's MTU",                 \
	  "丢弃：超过路径的 MTU")                                              \
	X(LOST_SOME, "%1 of its %2 packets are lost on the path",              \
	  "它的 %2 个分组中有 %1 个在路径上丢失")                              \
	X(TWICE, "the path makes a second copy", "路径复制了一份")             \
	X(CORRUPTED, "the path flips a bit of it: the checksum will tell",     \
	  "路径翻转了其中一位：校验和会发现")                                  \
	X(OVERTAKEN, "the path sends it out of order", "路径使它乱序")         \
	X(MARKED, "the path marks it: congestion experienced (ECN)",           \
	  "路径为它打上标记：遇到拥塞（ECN）")                                 \
                                                                               \
	/* changes without a segment */                                        \
	X(STATE_CONNECT, "connect()", "connect()")                             \
	X(STATE_CLOSE, "the program has closed its sending side",              \
	  "程序关闭了自己的发送方向")                                          \
	X(STATE_2MSL, "2MSL have passed: nothing of it can be on its way any " \
	  "more", "2MSL 已过：网络中不会再有它的报文段")                       \
	X(STATE_FIN_WAIT_2, "the peer does not close and nobody waits: given " \
	  "up", "对方迟迟不关闭，也没有程序在等：放弃")                        \
	X(STATE_GAVE_UP, "no answer after the last try: given up, ETIMEDOUT",  \
	  "最后一次尝试后仍无回音：放弃，ETIMEDOUT")                           \
	X(STATE_IDLE, "no octet for too long: cut off by the idle timeout",    \
	  "太久没有数据：被空闲超时切断")                                      \
	X(STATE_OVER, "over", "连接结束")                                      \
	X(STATE_ENDED, "over: %1", "连接结束：%1")                             \
	X(STATE_CHANGED, "%1", "%1")                                           \
	X(TIMER_RTO, "the retransmission timer fires", "重传定时器到期")       \
	X(MTU_FALLS, "nothing so long arrives, and nobody says so: segments "  \
	  "of %1 octets from now on", "长报文段都到不了，也没有通知：此后的报文段为 %1 字节") \
	X(MTU_RISES, "a longer one has arrived: segments of %1 octets from "   \
	  "now on", "更长的报文段到达了：此后的报文段为 %1 字节")               \
	X(OUT_MTU_PROBE, "%1 octets in one, longer than the others: does it "  \
	  "arrive?", "一个更长的报文段，%1 字节：它能到达吗？")                 \
	X(CC_FAST, "taken for a loss: the congestion window falls to %1 octets", \
	  "认为发生了丢失：拥塞窗口降到 %1 字节")                              \
	X(CC_TIMEOUT, "a timeout: the congestion window begins again at %1 "   \
	  "octets", "超时：拥塞窗口从 %1 字节重新开始")                        \
	X(CC_OVER, "the losses are repaired; congestion window %1 octets",     \
	  "丢失已修复；拥塞窗口 %1 字节")                                      \
	X(CC_UNDO_DSACK, "all that was sent again came twice: nothing was "    \
	  "lost, and the congestion window is %1 octets again",                \
	  "重发的数据全都到达了两次：其实没有丢失，拥塞窗口恢复到 %1 字节")    \
	X(CC_UNDO_TIMESTAMP, "the ACK is for the first copy, says its "        \
	  "timestamp: nothing was lost, and the congestion window is %1 "      \
	  "octets again",                                                      \
	  "从时间戳看，ACK 对应的是第一份：其实没有丢失，拥塞窗口恢复到 %1 字节") \
	X(CC_UNDO_FRTO, "what was sent before the timeout has arrived: the "   \
	  "path was slow, not lossy, and the congestion window is %1 octets "  \
	  "again",                                                             \
	  "超时之前发出的数据已到达：路径只是变慢，没有丢包，拥塞窗口恢复到 "  \
	  "%1 字节")                                                           \
	X(CC_TAIL, "the probe filled a gap, so there was a loss: the "         \
	  "congestion window falls to %1 octets",                              \
	  "探测补上了一处空缺，说明有过丢失：拥塞窗口降到 %1 字节")            \
	X(CC_IDLE, "idle for long: the congestion window begins again at %1 "  \
	  "octets", "空闲已久：拥塞窗口从 %1 字节重新开始")                    \
	X(CC_UNUSED,                                                           \
	  "the window was not filled for long: it comes half way down to "     \
	  "what was used of it, %1 octets",                                    \
	  "窗口久未用满：向实际用量收回一半，现为 %1 字节")                    \
	X(CC_MARK,                                                             \
	  "a mark of congestion is echoed: the congestion window falls to %1 " \
	  "octets, and nothing is sent again",                                 \
	  "收到拥塞标记的回显：拥塞窗口降到 %1 字节，无需重传")                \
	X(CC_HYSTART,                                                          \
	  "round trips grow longer, a queue builds up: slow start ends at %1 " \
	  "octets, before anything is lost",                                   \
	  "往返时间变长，队列正在形成：慢启动在 %1 字节处结束，尚未丢包")      \
	X(CC_BBR, "BBR goes on to %2; congestion window %1 octets",            \
	  "BBR 进入 %2；拥塞窗口 %1 字节")                                     \
	X(CALLS, "the program calls %1", "程序调用 %1")                        \
                                                                               \
	/* datagrams */                                                        \
	X(DGRAM_OUT, "sends a datagram of %1 {octet|octets}", "发送 %1 字节的数据报") \
	X(DGRAM_OUT_CUT, "sends a datagram of %1 octets in %2 fragments: it "  \
	  "is longer than the path takes", "把 %1 字节的数据报分成 %2 片发送"  \
	  "：超过了路径能承载的长度")                                          \
	X(DGRAM_OUT_MANY, "sends %1 {octet|octets} to whoever listens in the group " \
	  "or network", "向组或网络中所有监听者发送 %1 字节")                  \
	X(DGRAM_OUT_PING, "asks for an echo of %1 {octet|octets}",             \
	  "请求回显 %1 字节")                                                  \
	X(DGRAM_IN, "takes a datagram of %1 {octet|octets}", "收到 %1 字节的数据报") \
	X(DGRAM_IN_MANY, "takes %1 {octet that is|octets that are} for many",  \
	  "收到发给多方的 %1 字节")                                            \
	X(DGRAM_IN_PING, "has its echo of %1 {octet|octets}", "收到 %1 字节的回显") \
	X(DGRAM_IN_NO_PORT, "nobody is at that port: %1 {octet is|octets are} dropped, " \
	  "and ICMP says so", "该端口上没有人：丢弃 %1 字节，并以 ICMP 告知")  \
	X(DGRAM_IN_FULL, "the socket's buffer is full: %1 {octet is|octets are} lost, " \
	  "and nobody is told", "套接字缓冲区已满：丢失 %1 字节，且不告知任何" \
	  "一方")                                                              \
	X(DGRAM_ERROR, "learns by ICMP of a datagram that did not arrive: %1", \
	  "从 ICMP 得知数据报没有到达：%1")                                    \
                                                                               \
	X(PACKET_UDP, "UDP %1 → %2, %3 {octet|octets}", "UDP %1 → %2，%3 字节") \
	X(PACKET_PIECE, "%1 → %2: a fragment, octets %3 of what it is of",     \
	  "%1 → %2：一个分片，为原数据报的第 %3 字节")                          \
	X(PACKET_ECHO, "%1 asks %2 for an echo of %3 {octet|octets}",          \
	  "%1 向 %2 请求 %3 字节的回显")                                       \
	X(PACKET_ECHOED, "%1 echoes to %2 its %3 {octet|octets}",              \
	  "%1 向 %2 回显 %3 字节")                                             \
	X(PACKET_NO_PORT, "ICMP of %1: nobody is at %2, for what came from %3", \
	  "%1 的 ICMP：%2 上没有人，针对来自 %3 的数据报")                     \
	X(PACKET_NO_PROTOCOL, "ICMP of %1: %2 does not know the protocol of "  \
	  "what came from %3", "%1 的 ICMP：%2 不认识来自 %3 的协议")          \
	X(PACKET_NO_HOST, "ICMP of %1: the host of %2 cannot be reached, for " \
	  "what came from %3", "%1 的 ICMP：主机 %2 不可达，针对来自 %3 的包") \
	X(PACKET_NO_NET, "ICMP of %1: there is no way to %2, for what came "   \
	  "from %3", "%1 的 ICMP：没有通往 %2 的路，针对来自 %3 的包")         \
	X(PACKET_PROHIBITED, "ICMP of %1: the way to %2 is closed to what "    \
	  "came from %3", "%1 的 ICMP：禁止来自 %3 的包前往 %2")               \
	X(PACKET_TOO_BIG, "ICMP of %1: a packet for %2 is longer than the "    \
	  "next link takes, from %3",                                          \
	  "%1 的 ICMP：%3 发往 %2 的包超过了下一段链路能承载的长度")           \
	X(PACKET_EXPIRED, "ICMP of %1: a packet for %2 has used up its hops, " \
	  "from %3", "%1 的 ICMP：%3 发往 %2 的包已用尽跳数")                  \
	X(PACKET_UNWHOLE, "ICMP of %1: fragments for %2 never came all, from " \
	  "%3", "%1 的 ICMP：%3 发往 %2 的分片未能到齐")                       \
	X(PACKET_PROBLEM, "ICMP of %1: a header of a packet for %2 is wrong, " \
	  "from %3", "%1 的 ICMP：%3 发往 %2 的包首部有误")                    \
	X(PACKET_ICMP, "ICMP of %1 → %2, type %3", "ICMP %1 → %2，类型 %3")    \
	X(PACKET_OTHER, "%1 → %2: a packet of protocol %3",                    \
	  "%1 → %2：协议 %3 的包")                                             \
	X(PACKET_SO_FAR, "… %1 of these so far", "… 至此共 %1 个")             \
                                                                               \
	/* the ladder's own */                                                 \
	X(FOLDED, "… %1 more data segments (%2 octets), %3 lost",              \
	  "… 另有 %1 个数据段（%2 字节），丢失 %3 个")                         \
	X(FOLDED_ONE, "… 1 more data segment (%2 octets), %3 lost",            \
	  "… 另有 1 个数据段（%2 字节），丢失 %3 个")                          \
	X(FOLDED_ACK, "… 1 more ACK", "… 另有 1 个 ACK")                       \
	X(FOLDED_DUP, "… 1 more duplicate ACK", "… 另有 1 个重复 ACK")         \
	X(FOLDED_ACKS, "… %1 more ACKs", "… 另有 %1 个 ACK")                   \
	X(FOLDED_DUPS, "… %1 more duplicate ACKs", "… 另有 %1 个重复 ACK")     \
	X(SECONDS, "seconds", "秒")                                            \
	X(CLIENT, "client", "客户端")                                          \
	X(SERVER, "server", "服务器")                                          \
	X(PROGRAM, "program", "程序")                                          \
	X(NETWORK, "network", "网络")                                          \
                                                                               \
	/* what limited a transfer */                                          \
	X(LIMIT_PROGRAM, "the program", "程序")                                \
	X(LIMIT_RWND, "the receiver's window", "接收方窗口")                   \
	X(LIMIT_CWND, "the congestion window", "拥塞窗口")                     \
	X(LIMIT_LOSS, "loss", "丢包")                                          \
	X(LIMIT_RATE, "the path's rate", "路径速率")                           \
	X(LIMITED, "limited by %1", "受限于%1")                                \
                                                                               \
	/* what a connection waits for, and the cure: see/why.c */             \
	X(WHY_LISTENS, "waits for connections",                                \
	  "等待连接到来")                                                      \
	X(WHY_TO_ACCEPT, "connections that wait for the program to call "      \
	  "accept(): %1",                                                      \
	  "等待程序调用 accept() 的连接：%1 个")                               \
	X(WHY_QUEUE_FULL, "its accept queue is full (%1): SYNs are "           \
	  "dropped until the program calls accept(), or listens with a "       \
	  "longer backlog",                                                    \
	  "全连接队列已满（%1）：程序调用 accept() 或加大 backlog 之前，新"    \
	  "的 SYN 被丢弃")                                                     \
	X(WHY_SYN, "waits for the answer to its SYN",                          \
	  "等待对 SYN 的回答")                                                 \
	X(WHY_SYN_HELD, "its SYN has reached the end of the path, but the "    \
	  "real destination has not answered for %2: is the address right, "   \
	  "is the host up, does a filter drop it?",                            \
	  "SYN 已到达路径的另一端，但真正的目的地 %2 没有回音：地址对吗？"     \
	  "主机在吗？是否被过滤？")                                            \
	X(WHY_SYN_AGAIN, "its SYN is not answered: timeout %1 in a row, "      \
	  "%2: is the address right, is the host up, does a filter drop it?",  \
	  "SYN 没有回音：连续第 %1 次超时，%2：地址对吗？主机在吗？是否被"     \
	  "过滤？")                                                            \
	X(WHY_GATEWAY, "its SYN is held until the far end has answered",       \
	  "SYN 暂且扣留，等远端答复")                                          \
	X(WHY_NO_ROOM, "its handshake cannot end, for the accept queue is "    \
	  "full: the program must call accept()",                              \
	  "握手无法完成，因为全连接队列已满：程序应调用 accept()")             \
	X(WHY_DEFERRED, "the handshake is done but for data, which the "       \
	  "program has asked for first (TCP_DEFER_ACCEPT)",                    \
	  "握手只差数据：程序要求先有数据才接受（TCP_DEFER_ACCEPT）")          \
	X(WHY_LAST_ACK, "waits for the ACK that ends the handshake",           \
	  "等待完成握手的 ACK")                                                \
	X(WHY_UNACCEPTED, "waits for the program to call accept()",            \
	  "等待程序调用 accept()")                                             \
	X(WHY_PATH_DEAD, "the path seems dead: timeout %1 in a row and "       \
	  "nothing is heard, %2",                                              \
	  "路径似乎不通：连续第 %1 次超时，没有任何回音，%2")                  \
	X(WHY_PROBES_LOST, "the path seems dead: the peer's window was "       \
	  "zero, and %1 probes have not been answered, %2",                    \
	  "路径似乎不通：对方窗口曾为零，%1 次探测都没有回音，%2")             \
	X(WHY_DEADLOCK, "both ends are blocked in send(), as long as "         \
	  "neither reads: both send buffers are full, both windows are "       \
	  "closed, %1 {octet lies|octets lie} here unread; each must read while it writes", \
	  "只要双方都不读取，两端就都阻塞在 send()：双方的发送缓冲区都满了"    \
	  "，窗口都已关闭，这里有 %1 字节未读；双方都必须边写边读")            \
	X(WHY_DEADLOCK_HERE, "blocked in send(): the peer's window has " \
	  "been zero for %2, while %1 {octet of its lies|octets of its lie} here unread; if it is " \
	  "blocked in send() too, this is a deadlock: each must read while "   \
	  "it writes",                                                         \
	  "阻塞在 send()：对方窗口为零已有 %2，而这里有对方的 %1 字节未读"     \
	  "；如果对方也阻塞在 send()，这就是死锁：双方都必须边写边读")         \
	X(WHY_PEER_WINDOW, "the peer's window has been zero for %2: its "       \
	  "program must read; %1 {octet waits|octets wait}",                   \
	  "对方窗口为零已有 %2：对方程序必须读取；有 %1 字节在等待")           \
	X(WHY_PEER_WINDOW_FIN, "the peer's window has been zero for %2: its "   \
	  "program must read; the FIN waits",                                  \
	  "对方窗口为零已有 %2：对方程序必须读取；FIN 在等待")                 \
	X(WHY_RETRANSMITS, "timeout %1 in a row: the oldest of %3 {octet|octets} " \
	  "in flight was not acknowledged in time and is sent again, %2",      \
	  "连续第 %1 次超时：在途 %3 字节中最早的未按时确认，正在重发，%2")    \
	X(WHY_CWND, "the congestion window is full (%1 {octet|octets}): %3 "     \
	  "{octet waits|octets wait}",                                         \
	  "拥塞窗口已满（%1 字节）：%3 字节在等待")                            \
	X(WHY_RWND, "the peer's window is full (%1 {octet|octets}): %3 {octet waits|octets wait}", \
	  "对方窗口已满（%1 字节）：%3 字节在等待")                            \
	X(WHY_SMALL_WINDOW, "the peer's window (%1 {octet|octets}) has too little " \
	  "room to be worth a segment: its program must read; %3 {octet waits|octets wait}", \
	  "对方窗口（%1 字节）剩余太小，不值得发送：对方程序必须读取；%3 "     \
	  "字节在等待")                                                        \
	X(WHY_NAGLE, "less than a segment (%3 {octet|octets}) waits for the "  \
	  "acknowledgement of the last small one (Nagle); TCP_NODELAY would "  \
	  "send it at once",                                                   \
	  "不足一段的 %3 字节等待上一个小段的确认（Nagle）；TCP_NODELAY 可"    \
	  "使其立即发出")                                                      \
	X(WHY_CORK, "the program holds back less than a segment (%3 "          \
	  "{octet|octets}): TCP_CORK or MSG_MORE",                             \
	  "程序扣留了不足一段的 %3 字节：TCP_CORK 或 MSG_MORE")                \
	X(WHY_PACE, "%3 {octet|octets} may go, and follow what is sent at the pace " \
	  "of the path", "%3 字节可以发送，按路径的速率随后发出")              \
	X(WHY_LINK, "%3 {octet|octets} may go, and the link has not taken them yet", \
	  "%3 字节可以发送，链路尚未取走")                                     \
	X(WHY_ACK, "%1 {octet waits for its|octets wait for their} acknowledgement", \
	  "%1 字节等待确认")                                                   \
	X(WHY_NOT_READ, "its window is closed: the program has not read "      \
	  "%1 {octet|octets}",                                                 \
	  "自己的窗口已关闭：程序还有 %1 字节未读")                            \
	X(WHY_NOT_READ_SMALL, "its window is down to %3 {octet|octets}: the "  \
	  "program has not read %1 {octet|octets}",                            \
	  "自己的窗口只剩 %3 字节：程序还有 %1 字节未读")                      \
	X(WHY_NOT_CLOSED, "CLOSE-WAIT: the peer has closed, the program "      \
	  "has not: it must call close()",                                     \
	  "CLOSE-WAIT：对方已关闭，本程序还没有：应调用 close()")              \
	X(WHY_NOT_CLOSED_UNREAD, "CLOSE-WAIT: the peer has closed, the "       \
	  "program has neither read all nor closed: it must call close()",     \
	  "CLOSE-WAIT：对方已关闭，本程序还没有读完，也没有关闭：应调用 "      \
	  "close()")                                                           \
	X(WHY_TO_READ, "%1 {octet waits|octets wait} to be read",              \
	  "%1 字节等待读取")                                                   \
	X(WHY_TO_READ_MORE, "octets wait to be read",                          \
	  "有数据等待读取")                                                    \
	X(WHY_GAP, "later octets have come, and wait for what is missing "     \
	  "before them",                                                       \
	  "后面的数据已到达，等待前面缺失的部分")                              \
	X(WHY_KEEPALIVE, "idle, and the peer has not answered a "              \
	  "keep-alive probe: %1 in a row",                                     \
	  "空闲，对方没有回应保活探测：连续 %1 次")                            \
	X(WHY_IDLE, "idle: nothing to send, nothing to read",                  \
	  "空闲：没有要发送的，也没有要读取的")                                \
	X(WHY_FIN, "its FIN is sent, and waits for its acknowledgement",       \
	  "FIN 已发出，等待确认")                                              \
	X(WHY_FIN_QUEUED, "its FIN may go, and the link has not taken it "     \
	  "yet",                                                               \
	  "FIN 可以发送，链路尚未取走")                                        \
	X(WHY_FIN_AGAIN, "retransmits its FIN, which is not acknowledged: "    \
	  "timeout %1 in a row, %2",                                           \
	  "FIN 没有得到确认，正在重发：连续第 %1 次超时，%2")                  \
	X(WHY_PEER_FIN, "its FIN is acknowledged; waits for the peer's, which " \
	  "comes when its program has closed",                                 \
	  "自己的 FIN 已确认；等待对方的 FIN，对方程序关闭后才会有")           \
	X(WHY_PEER_FIN_ORPHAN, "its FIN is acknowledged; waits for the "       \
	  "peer's, which comes when its program has closed; given up in %2",   \
	  "自己的 FIN 已确认；等待对方的 FIN，对方程序关闭后才会有；%2 后放弃") \
	X(WHY_TIME_WAIT, "TIME-WAIT, %2 to go: old duplicates die out",        \
	  "TIME-WAIT，还剩 %2：等旧的重复报文消失")                            \
	X(WHY_NEXT, "next in %1",                                              \
	  "下次在 %1 后")                                                      \
	X(WHY_OVER, "given up in %1",                                          \
	  "%1 后放弃")                                                         \
	X(WHY_CLOSED, "closed",                                                \
	  "已关闭")                                                            \
	/* on drawings */                                                      \
	X(DRAW_CLIENT, "client", "客户端")                                     \
	X(DRAW_SERVER, "server", "服务器")                                     \
	X(DRAW_MORE, "%1 more that are not drawn", "另有 %1 项未画出")         \
	X(DRAW_LOST, "lost", "丢失")                                           \
	X(DRAW_ALSO, "also: %1 → %2 (%3)", "此外：%1 → %2（%3）")              \
	X(DRAW_TAKEN, "arrows that were taken are in colour; the others exist " \
	  "and were not taken in this run",                                    \
	  "走过的箭头有颜色；其余的存在，只是这次运行没有经过")                \
	X(DRAW_SYN, "the first SYN: %1 octets of header",                      \
	  "第一个 SYN：首部 %1 字节")                                          \
	X(DRAW_DATA, "the first segment with data: %1 octets of header, %2 of " \
	  "data", "第一个带数据的报文段：首部 %1 字节，数据 %2 字节")          \
	X(DRAW_NONE, "this run has none", "这次运行中没有")                    \
	X(DRAW_MOMENT, "the client's send window at %1",                       \
	  "客户端的发送窗口，时刻 %1")                                         \
	X(DRAW_ACKED, "acknowledged", "已确认")                                \
	X(DRAW_FLIGHT, "in flight: %1", "已发出未确认：%1")                    \
	X(DRAW_MAY, "may be sent now: %1", "现在可以发送：%1")                 \
	X(DRAW_WAITS, "has to wait: %1", "必须等待：%1")                       \
	X(DRAW_TAKES, "what the server takes, as its last ACK said: %1",       \
	  "服务器最近一个 ACK 声明还能接收：%1")                               \
	/* on plots */                                                         \
	X(PLOT_WINDOWS, "windows, in kB", "窗口（kB）")                        \
	X(PLOT_FLIGHT, "unacknowledged", "未确认")                             \
	X(PLOT_WND, "receiver's window", "接收窗口")                           \
	X(PLOT_WND_ABOVE, "receiver's window (goes beyond the top)",           \
	  "接收窗口（超出图的上沿）")                                          \
	X(PLOT_RTT, "smoothed round trip, in ms", "平滑往返时间（ms）")        \
	X(PLOT_SEQUENCE, "octets of the stream, in kB", "字节流中的位置（kB）") \
	X(PLOT_SENT, "sent", "发送")                                           \
	X(PLOT_AGAIN, "sent again", "重发")                                    \
	X(PLOT_ACKED, "acknowledged", "已确认")                                \
	X(PLOT_EDGE, "right edge of the window", "窗口右沿")                   \
	X(PLOT_TIME, "seconds", "秒")                                          \
	X(PLOT_FULL, "seconds; memory did not suffice for all points",         \
	  "秒；内存不足，部分点未画出")                                        \
	X(DRAW_CWND, "cwnd %1: what the network is trusted to carry",          \
	  "cwnd %1：估计网络能承载的量")
/* clang-format on */

enum see_key {
#define SEE_X(key, en, zh) SEE_##key,
	SEE_SENTENCES(SEE_X) SEE_KEY_N
#undef SEE_X
};

#endif
