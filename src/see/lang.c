/* SPDX-License-Identifier: MIT */
/* Sentences and reasons, by language. */
#include "see/lang.h"

#include <stdio.h>
#include <string.h>

static const char *const sentences[SEE_LANG_N][SEE_KEY_N] = {
#define SEE_X(key, en, zh) [SEE_##key] = en,
	[SEE_EN] = {SEE_SENTENCES(SEE_X)},
#undef SEE_X
#define SEE_X(key, en, zh) [SEE_##key] = zh,
	[SEE_ZH] = {SEE_SENTENCES(SEE_X)},
#undef SEE_X
};

/* The English is CN_DROPS'. */
static const char *const drops_zh[CN_DROP_N] = {
	[CN_DROP_NONE] = "没有丢弃",
	[CN_DROP_IP_TRUNCATED] = "比 IP 首部所说的短",
	[CN_DROP_IP_VERSION] = "既不是 IPv4 也不是 IPv6",
	[CN_DROP_IP_HEADER] = "IP 首部格式错误",
	[CN_DROP_IP_CHECKSUM] = "IPv4 首部校验和错误",
	[CN_DROP_IP_SOURCE] = "该源地址不可发送（多播、LAND 等）",
	[CN_DROP_IP_MARTIAN] = "线路上出现环回地址",
	[CN_DROP_IP_NOT_OURS] = "目的地址不是本机",
	[CN_DROP_IP_OPTION] = "IP 选项格式错误或被拒绝",
	[CN_DROP_IP_PROTOCOL] = "这里没有该协议",
	[CN_DROP_IP_TTL] = "TTL 耗尽",
	[CN_DROP_IP6_EXT] = "IPv6 扩展首部链格式错误",
	[CN_DROP_IP_FORWARD] = "路由器不转发该报文",
	[CN_DROP_ETHER_BAD] = "以太网帧格式错误",
	[CN_DROP_ETHER_TYPE] = "既不是 IP 也不是 ARP",
	[CN_DROP_ETHER_OTHER] = "发给其他站点的帧",
	[CN_DROP_ARP_BAD] = "ARP 报文格式错误",
	[CN_DROP_ARP_IGNORED] = "此处无用的 ARP 报文",
	[CN_DROP_ND_BAD] = "邻居发现报文格式错误",
	[CN_DROP_ND_IGNORED] = "此处无用的邻居发现报文",
	[CN_DROP_NEIGH_CONTRADICTS] = "与已知邻居的链路地址相矛盾",
	[CN_DROP_NEIGH_LIMIT] = "等待链路地址的报文或邻居过多",
	[CN_DROP_NEIGH_FAILED] = "邻居没有应答",
	[CN_DROP_FRAG_BAD] = "分片格式错误",
	[CN_DROP_FRAG_OVERLAP] = "分片重叠：整个数据报丢弃",
	[CN_DROP_FRAG_LIMIT] = "分片内存达到上限",
	[CN_DROP_FRAG_TIMEOUT] = "重组超时",
	[CN_DROP_ICMP_BAD] = "ICMP 报文格式错误",
	[CN_DROP_ICMP_UNMATCHED] = "ICMP 差错与在途数据不符",
	[CN_DROP_ICMP_RATE] = "ICMP 回应受速率限制",
	[CN_DROP_ICMP_IGNORED] = "此处无用的 ICMP 报文",
	[CN_DROP_UDP_BAD] = "UDP 数据报格式错误",
	[CN_DROP_UDP_CHECKSUM] = "UDP 校验和错误",
	[CN_DROP_UDP_NO_PORT] = "该 UDP 端口上没有套接字",
	[CN_DROP_UDP_RCVBUF] = "套接字的接收缓冲区已满",
	[CN_DROP_TCP_TRUNCATED] = "比 TCP 首部短",
	[CN_DROP_TCP_HEADER] = "TCP 首部格式错误",
	[CN_DROP_TCP_CHECKSUM] = "TCP 校验和错误",
	[CN_DROP_TCP_NO_PORT] = "没有连接也没有监听者：以 RST 回应",
	[CN_DROP_TCP_SEQUENCE] = "序号在窗口之外",
	[CN_DROP_TCP_PAWS] = "时间戳比上一个旧（PAWS）",
	[CN_DROP_TCP_RST_INEXACT] = "RST 的序号不等于 RCV.NXT",
	[CN_DROP_TCP_SYN_IN_WINDOW] = "已同步的连接上出现 SYN",
	[CN_DROP_TCP_ACK_UNACCEPTABLE] = "ACK 超出已发送的范围",
	[CN_DROP_TCP_NO_ACK] = "报文段没有 ACK",
	[CN_DROP_TCP_CLOSED] = "连接已经关闭",
	[CN_DROP_TCP_TIME_WAIT] = "在 TIME-WAIT 中无用的报文段",
	[CN_DROP_TCP_AFTER_CLOSE] = "程序关闭之后到达的数据：RST",
	[CN_DROP_TCP_FLAGS] = "不可能的标志组合",
	[CN_DROP_TCP_BACKLOG] = "accept 队列已满",
	[CN_DROP_TCP_CLIENT_LIMIT] = "该客户端的连接已够多：以 RST 回应",
	[CN_DROP_TCP_SYN_QUEUE] = "SYN 队列已满",
	[CN_DROP_TCP_OOO_LIMIT] = "乱序队列已满",
	[CN_DROP_TCP_WINDOW] = "超出接收窗口的字节",
	[CN_DROP_TCP_DUPLICATE] = "已经收到过的字节",
	[CN_DROP_TCP_HELD] = "SYN 暂且扣留，等远端答复",
	[CN_DROP_RST_RATE] = "RST 受速率限制",
	[CN_DROP_CHALLENGE_RATE] = "挑战 ACK 受速率限制",
	[CN_DROP_MEMORY] = "内存预算用尽",
	[CN_DROP_LINK_LOSS] = "被链路丢失",
	[CN_DROP_LINK_QUEUE] = "链路队列已满",
	[CN_DROP_LINK_RULE] = "按规则丢弃",
	[CN_DROP_LINK_CLOSED] = "链路已关闭",
};

bool see_lang_parse(const char *text, enum see_lang *lang)
{
	static const char *const codes[SEE_LANG_N] = {"en", "zh"};

	for (int i = 0; i < SEE_LANG_N; i++)
		if (!strncmp(text, codes[i], 2) &&
		    (!text[2] || strchr("_-.@", text[2]))) {
			*lang = (enum see_lang)i;
			return true;
		}
	return false;
}

const char *see_text(enum see_lang lang, enum see_key key)
{
	return sentences[lang][key];
}

size_t see_say(enum see_lang lang, enum see_key key,
	       char arg[SEE_ARGS][SEE_ARG_MAX], char *out, size_t size)
{
	const char *text = sentences[lang][key], *last = "";
	size_t n = 0;

	for (; *text && n + 1 < size; text++) {
		if (*text == '%' && text[1] >= '1' && text[1] <= '3') {
			const char *fill = last = arg[text[1] - '1'];

			while (*fill && n + 1 < size)
				out[n++] = *fill++;
			text++;
		} else if (*text == '{' && strcmp(last, "1") != 0) {
			text += strcspn(text, "|");
		} else if (*text == '|') {
			/* {one|many}: it was one. */
			text += strcspn(text, "}");
		} else if (*text != '{' && *text != '}') {
			out[n++] = *text;
		}
	}
	out[n] = '\0';
	return n;
}

const char *see_drop_text(enum see_lang lang, enum cn_drop drop)
{
	const char *text = NULL;

	if (lang == SEE_ZH && (unsigned)drop < CN_DROP_N)
		text = drops_zh[drop];
	return text ? text : cn_drop_text(drop);
}

size_t see_rule(const char *rule, char *out, size_t size)
{
	static const char word[] = "section ";
	const char *at = strstr(rule, word);
	int n;

	if (at)
		n = snprintf(out, size, "%.*s§%s", (int)(at - rule), rule,
			     at + sizeof(word) - 1);
	else
		n = snprintf(out, size, "%s", rule);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}
