/* SPDX-License-Identifier: MIT */
/* The scripts.  A situation is its steps and what the wire drops. */
#include "sim/script.h"

const struct scenario scenarios[] = {
	{
		.name = "conversation",
		.title = {"sixteen octets each way: open, talk, close",
			  "往返各十六字节：建立、通信、关闭"},
		.about = {"Three segments open the connection, one carries the "
			  "request and one the answer, and each direction is "
			  "closed by its own FIN. The end that closes first "
			  "waits in TIME-WAIT.",
			  "三个报文段建立连接，一个带请求，一个带回答，每个方向"
			  "各由自己的 FIN 关闭。先关闭的一端在 TIME-WAIT 中等待"
			  "。"},
		.until_ms = 61000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 16},
			 {150, SERVER, SEND, 0, 16},
			 {250, CLIENT, CLOSE, 0, 0},
			 {300, SERVER, CLOSE, 0, 0}},
	},
	{
		.name = "handshake",
		.title = {"the three-way handshake", "三次握手"},
		.about = {"Each side tells the number at which its octets "
			  "begin, and each number is acknowledged. Three "
			  "segments, because the server's SYN and its ACK "
			  "travel as one. accept() plays no part in it: it "
			  "takes what is already connected.",
			  "双方各告知自己的初始序号，也各自得到确认。服务器的 "
			  "SYN 和 ACK 合在一起，所以是三个报文段。accept() 不参"
			  "与握手：它取走的是已经建立好的连接。"},
		.until_ms = 200,
		.step = {{0, SERVER, LISTEN, 0, 8}, {0, CLIENT, CONNECT, 0, 0}},
	},
	{
		.name = "short-connections",
		.title = {"two requests, each over a connection of its own",
			  "两次请求，各用一个连接"},
		.about =
			{"Every request pays for a handshake and for a close, "
			 "and leaves one end in TIME-WAIT. Compare "
			 "long-connection.",
			 "每次请求都要付出一次握手和一次关闭，还在一端留下一个 "
			 "TIME-WAIT。对照 long-connection。"},
		.until_ms = 1000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {50, CLIENT, SEND, 0, 16},
			 {80, SERVER, SEND, 0, 16},
			 {110, CLIENT, CLOSE, 0, 0},
			 {140, SERVER, CLOSE, 0, 0},
			 {200, CLIENT, CONNECT, 1, 0},
			 {250, CLIENT, SEND, 1, 16},
			 {280, SERVER, SEND, 0, 16},
			 {310, CLIENT, CLOSE, 1, 0},
			 {340, SERVER, CLOSE, 0, 0}},
	},
	{
		.name = "long-connection",
		.title = {"two requests over one connection",
			  "两次请求，共用一个连接"},
		.about = {"The second request needs no handshake and no close: "
			  "it takes one round trip less, and three segments "
			  "instead of eleven. Compare short-connections.",
			  "第二次请求不需要握手，也不需要关闭：少一个往返，报文"
			  "段是三个而不是十一个。对照 short-connections。"},
		.until_ms = 1000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {50, CLIENT, SEND, 0, 16},
			 {80, SERVER, SEND, 0, 16},
			 {150, CLIENT, SEND, 0, 16},
			 {180, SERVER, SEND, 0, 16},
			 {210, CLIENT, CLOSE, 0, 0},
			 {240, SERVER, CLOSE, 0, 0}},
	},
	{
		.name = "lost-syn",
		.title = {"a handshake whose first SYN is lost",
			  "首个 SYN 丢失的握手"},
		.about = {"Nobody knows that the SYN was lost: the client only "
			  "hears nothing. After one second, the initial "
			  "retransmission timeout, it asks again, and "
			  "connect() has taken a second longer.",
			  "没有人知道 SYN 丢了，客户端只是听不到回音。过了一秒"
			  "（初始重传超时）它再问一次，connect() 因此多花了一秒"
			  "。"},
		.up = "syn #1",
		.until_ms = 1500,
		.step = {{0, SERVER, LISTEN, 0, 8}, {0, CLIENT, CONNECT, 0, 0}},
	},
	{
		.name = "withheld-ack",
		.title = {"the handshake's last ACK is withheld",
			  "握手的最后一个 ACK 没有到达"},
		.about =
			{"The client is connected when it sends the third "
			 "segment, the server only when it gets it. Until then "
			 "the server stays in SYN-RECEIVED and repeats its "
			 "SYN-ACK. Any segment that carries the ACK will do: "
			 "here the first data.",
			 "客户端发出第三个报文段时就算连上了，服务器要收到它才"
			 "算。在此之前服务器停在 SYN-RECEIVED，重发 SYN-ACK。任"
			 "何带有该 ACK 的报文段都可以完成握手：这里是第一段数据"
			 "。"},
		.up = "ack #1-2",
		.until_ms = 3000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {2000, CLIENT, SEND, 0, 16}},
	},
	{
		.name = "syn-cookie",
		.title = {"the SYN queue is full: a cookie",
			  "半连接队列已满：SYN cookie"},
		.about =
			{"listen(0) has room for one half-open connection, and "
			 "two SYNs come at once. Of the second nothing is kept: "
			 "its SYN-ACK's initial number is a cookie, computed "
			 "from the connection and a secret. The ACK brings it "
			 "back, and that proves everything. So a flood of SYNs "
			 "that never answer costs the server no memory.",
			 "listen(0) 只容得下一个半连接，却同时来了两个 SYN。第二"
			 "个不留任何状态：SYN-ACK 的初始序号就是一个 cookie，由"
			 "连接和密钥算出。ACK 把它带回来，这就足以证明一切。因此"
			 "从不应答的 SYN 洪泛不会耗费服务器的内存。"},
		.until_ms = 500,
		.step = {{0, SERVER, LISTEN, 0, 0},
			 {0, CLIENT, CONNECT, 0, 0},
			 {10, CLIENT, CONNECT, 1, 0}},
	},
	{
		.name = "fast-open",
		.title = {"Fast Open: data in the SYN",
			  "Fast Open：SYN 中携带数据"},
		.about =
			{"The first connection asks for a cookie, which proves "
			 "that the client is where it says. In the second the "
			 "request rides on the SYN, and the server's program "
			 "reads it before the handshake is complete: one round "
			 "trip less.",
			 "第一个连接索取 cookie，它能证明客户端确实在它所说的地"
			 "址。在第二个连接里，请求随 SYN 一起到达，服务器程序在"
			 "握手完成之前就读到它：省去一次往返。"},
		.fast_open = true,
		.until_ms = 1000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT_SEND, 0, 16},
			 {300, CLIENT, CLOSE, 0, 0},
			 {350, SERVER, CLOSE, 0, 0},
			 {600, CLIENT, CONNECT_SEND, 1, 16}},
	},
	{
		.name = "fast-open-lost",
		.title = {"Fast Open: the SYN with data is lost",
			  "Fast Open：带数据的 SYN 丢失"},
		.about =
			{"Some boxes on the way drop SYNs that carry data. The "
			 "client repeats a plain one, and its octets follow "
			 "once the connection is there: slower, and nothing is "
			 "lost.",
			 "途中有些设备会丢弃带数据的 SYN。客户端重发一个普通的 "
			 "SYN，等连接建立后再发送数据：慢一些，但什么也没有丢失"
			 "。"},
		.up = "syn+data",
		.fast_open = true,
		.until_ms = 2500,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT_SEND, 0, 16},
			 {300, CLIENT, CLOSE, 0, 0},
			 {350, SERVER, CLOSE, 0, 0},
			 {600, CLIENT, CONNECT_SEND, 1, 16}},
	},
	{
		.name = "simultaneous-open",
		.title = {"both ends connect at once", "双方同时打开"},
		.about =
			{"Nobody listens, and yet a connection comes about: two "
			 "SYNs cross, each end goes from SYN-SENT to "
			 "SYN-RECEIVED, and one connection is made, not two.",
			 "没有人监听，连接照样建立：两个 SYN 在途中交错，双方都"
			 "从 SYN-SENT 进入 SYN-RECEIVED，得到的是一个连接，而不"
			 "是两个。"},
		.until_ms = 500,
		.step = {{0, CLIENT, CONNECT, 0, 0},
			 {0, SERVER, CONNECT, 0, 0}},
	},
	{
		.name = "simultaneous-close",
		.title = {"both ends close at once", "双方同时关闭"},
		.about =
			{"Two FINs cross. Each end goes from FIN-WAIT-1 to "
			 "CLOSING, and both, not one, stay in TIME-WAIT for "
			 "2MSL.",
			 "两个 FIN 在途中交错。双方都从 FIN-WAIT-1 进入 CLOSING"
			 "，并且双方（而不只是一方）都在 TIME-WAIT 停留 2MSL。"},
		.until_ms = 61000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {200, CLIENT, CLOSE, 0, 0},
			 {200, SERVER, CLOSE, 0, 0}},
	},
	{
		.name = "half-close",
		.title = {"one direction closed, data in the other",
			  "一个方向关闭之后，另一个方向仍在传数据"},
		.about =
			{"FIN says: I send no more. It does not say: I do not "
			 "read any more. The client has closed its direction "
			 "and stands in FIN-WAIT-2, the server in CLOSE-WAIT "
			 "sends on for as long as it likes.",
			 "FIN 的意思是“我不再发送”，而不是“我不再读取”。客户端关"
			 "闭了自己的方向，停在 FIN-WAIT-2；服务器在 CLOSE-WAIT "
			 "中想发多久就发多久。"},
		.until_ms = 61000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 100},
			 {100, CLIENT, SHUT, 0, 0},
			 {400, SERVER, SEND, 0, 3000},
			 {600, SERVER, CLOSE, 0, 0}},
	},
	{
		.name = "reset-unread",
		.title = {"closed with data unread: RST",
			  "数据未读就关闭：RST"},
		.about =
			{"The server closes although octets wait that it has "
			 "not read. A FIN would say that all was well; so it "
			 "sends RST, and the client learns that its data were "
			 "lost (ECONNRESET).",
			 "服务器还有数据没读就关闭。FIN 会让人以为一切正常，所以"
			 "它发 RST，客户端由此知道数据丢了（ECONNRESET）。"},
		.lazy = true,
		.until_ms = 1000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 100},
			 {300, SERVER, CLOSE, 0, 0}},
	},
	{
		.name = "refused",
		.title = {"nobody listens there", "那里没有人监听"},
		.about =
			{"The host is there, the port is not: RST comes back "
			 "within one round trip, and connect() fails with "
			 "ECONNREFUSED. A host that is not there, or a full "
			 "accept queue, would as a rule answer nothing.",
			 "主机在，但端口没有人监听：一个往返之内就有 RST 回来，"
			 "connect() 以 ECONNREFUSED 失败。如果是主机不在，或者 "
			 "accept 队列已满，通常不会有任何回答。"},
		.until_ms = 500,
		.step = {{0, CLIENT, CONNECT, 0, 0}},
	},
	{
		.name = "window",
		.title = {"a window that slides as the program reads",
			  "随程序读取而滑动的窗口"},
		.about =
			{"The receiver offers as much as its buffer has room "
			 "for, and no more may be in flight. Each time the "
			 "program reads, the right edge moves, and what waited "
			 "may go.",
			 "接收方按缓冲区的空余来通告窗口，在途的数据不能超过它。"
			 "程序每读走一些，窗口右沿就向前移，等待的数据才能发出。"},
		.rcvbuf = 8192,
		.lazy = true,
		.until_ms = 3000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 24000},
			 {400, SERVER, READ, 0, 6000},
			 {700, SERVER, READ, 0, 6000},
			 {1000, SERVER, READ, 0, 6000},
			 {1300, SERVER, READ, 0, 0}},
	},
	{
		.name = "zero-window",
		.title = {"a receiver that does not read: zero window, probes",
			  "接收方不读取：零窗口与探测"},
		.about =
			{"The server's program does not read, its buffer fills, "
			 "and the window closes. The client may not send, but "
			 "it asks, less and less often: if the news that the "
			 "window is open again were lost, both would wait for "
			 "ever.",
			 "服务器程序不读取，缓冲区满了，窗口随之关闭。客户端不能"
			 "再发送，但会隔一段时间问一次，间隔越来越长：如果窗口重"
			 "新打开的消息丢了，而没有探测，双方就会永远等下去。"},
		.buffer = 8192,
		.lazy = true,
		.until_ms = 4000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 12000},
			 {2500, SERVER, READ, 0, 0}},
	},
	{
		.name = "tail-loss",
		.title = {"the last two segments are lost: a probe of the tail",
			  "最后两段丢失：尾部探测"},
		.about =
			{"No later data arrive, so nothing tells of the gap. "
			 "After two round trips the sender repeats the last "
			 "segment. The ACK that it brings back shows what is "
			 "missing before it, and that goes at once: the "
			 "retransmission timer never fires.",
			 "后面没有数据到达，也就没有什么能说明有空缺。两个往返之"
			 "后，发送方重发最后一段，由此带回的 ACK 说明它前面缺什么"
			 "，缺的立即重发：重传定时器没有到期。"},
		.up = "data #4-5",
		.until_ms = 1500,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 7000}},
	},
	{
		.name = "timeout",
		.title = {"the last segment and its probe are lost: "
			  "retransmission by timeout",
			  "最后一段和对它的探测都丢失：超时重传"},
		.about =
			{"No later data arrive, so nothing tells of the gap, "
			 "and the probe of the tail is lost as well: then only "
			 "the retransmission timer finds the loss. It throws "
			 "the congestion window back to one segment, and "
			 "doubles itself.",
			 "后面没有数据到达，没有什么能说明有空缺，而对尾部的探测"
			 "也丢失了：这时只有重传定时器能发现丢失。它把拥塞窗口降"
			 "到一个报文段，并把自己加倍。"},
		.up = "data #3-4",
		.until_ms = 1500,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 4000}},
	},
	{
		.name = "fast-retransmit",
		.title = {"a segment in the middle is lost: fast retransmit",
			  "中间一段丢失：快速重传"},
		.about =
			{"Later segments arrive and each brings back an ACK "
			 "that says what is missing and (SACK) what is there. "
			 "The third is proof enough: the segment goes again "
			 "after one round trip, and the congestion window falls "
			 "to seven tenths of what was in flight, not to one "
			 "segment.",
			 "后面的报文段到达，每一个都带回一个 ACK，说明缺什么、已"
			 "有什么（SACK）。第三个就足以证明：一个往返之后该段重发"
			 "，拥塞窗口降到在途数据的七成，而不是一个报文段。"},
		.up = "data #2",
		.until_ms = 1000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 10000}},
	},
	{
		.name = "time-wait",
		.title = {"the last ACK is lost: what TIME-WAIT is for",
			  "最后的 ACK 丢失：TIME-WAIT 的用处"},
		.about =
			{"The server, in LAST-ACK, repeats its FIN. The client "
			 "has closed long ago, but its TIME-WAIT still answers; "
			 "without it the server would get a RST. 2MSL make this "
			 "likely to work, they guarantee nothing.",
			 "服务器停在 LAST-ACK，重发 FIN。客户端早已关闭，但它的 "
			 "TIME-WAIT 仍会回应；否则服务器会收到 RST。2MSL 只是使这"
			 "很可能成功，并不保证。"},
		.up = "ack #2",
		.until_ms = 62000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 16},
			 {300, CLIENT, CLOSE, 0, 0},
			 {500, SERVER, CLOSE, 0, 0}},
	},
	{
		.name = "accept-queue",
		.title = {"the accept queue is full", "accept 队列已满"},
		.about =
			{"listen(0) leaves room for one connection that waits "
			 "for accept(). The second client's SYN is dropped, not "
			 "refused: it looks like a lossy network, and the "
			 "client tries again, until the program accepts.",
			 "listen(0) 只给一个等待 accept() 的连接留了位置。第二个客"
			 "户端的 SYN 被丢弃而不是被拒绝：看上去像网络丢包，客户端"
			 "会重试，直到程序调用 accept()。"},
		.until_ms = 3500,
		.step = {{0, SERVER, LISTEN_ONLY, 0, 0},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, CONNECT, 1, 0},
			 {2000, SERVER, ACCEPT, 0, 0}},
	},
	{
		.name = "deadlock",
		.title = {"both programs send and neither reads",
			  "双方都在发送，谁也不读取"},
		.about =
			{"Each program sends more than all buffers hold before "
			 "it reads. Both receive windows close, both send() "
			 "calls block, and nothing will ever happen again but "
			 "window probes. TCP works as it should: the programs "
			 "are at fault.",
			 "两个程序都要先发完超过全部缓冲区容量的数据，然后才读取"
			 "。双方的接收窗口都关闭，双方的 send() 都阻塞，从此除了窗"
			 "口探测什么也不会发生。TCP 没有错，错的是程序。"},
		.buffer = 8192,
		.lazy = true,
		.until_ms = 3000,
		.step = {{0, SERVER, LISTEN, 0, 8},
			 {0, CLIENT, CONNECT, 0, 0},
			 {100, CLIENT, SEND, 0, 50000},
			 {100, SERVER, SEND, 0, 50000}},
	},
};

const size_t scenarios_n = sizeof(scenarios) / sizeof(scenarios[0]);
