/* SPDX-License-Identifier: MIT */
/*
 * Two stacks in one process, joined by a bad path in memory, on a virtual
 * clock: messages with a length in front of them go from one to the other, and
 * a round trip of 100 ms costs no time at all.
 */
#include <catenet/framing.h>
#include <catenet/posix.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int rc, const char *what)
{
	if (rc >= 0)
		return;
	perror(what);
	exit(1);
}

static struct cn_stack *new_stack(struct cn_stack *with)
{
	struct cn_stack_config config;
	struct cn_stack *stack = NULL;

	memset(&config, 0, sizeof(config));
	config.with = with;
	config.virtual_clock = true;
	check(cn_stack_new(&config, &stack), "cn_stack_new");
	return stack;
}

int main(void)
{
	static const struct cn_framing framing = {
		CN_FRAMING_PREFIX, 4096, 4, NULL, 0, 0};
	struct cn_stack *near_end = new_stack(NULL);
	struct cn_stack *far_end = new_stack(near_end);
	struct sockaddr_in to;
	struct cn_join join;
	struct cn_framing_io out, in;
	struct cn_deframer deframer;
	struct cn_message message;
	unsigned char room[4100];
	int listener, a, b, n = 0;

	memset(&join, 0, sizeof(join));
	join.addr[0] = "10.0.0.1/24";
	join.addr[1] = "10.0.0.2/24";
	for (int i = 0; i < 2; i++) {
		join.impair[i].delay_ns = 50 * CN_NS_PER_MS;
		join.impair[i].loss = 0.02;
	}
	check(cn_stack_join(near_end, far_end, &join, NULL), "join");

	memset(&to, 0, sizeof(to));
	to.sin_family = AF_INET;
	to.sin_port = htons(1060);
	to.sin_addr.s_addr = inet_addr("10.0.0.2");
	listener = cn_socket(far_end, AF_INET, SOCK_STREAM, 0);
	check(cn_bind(listener, (struct sockaddr *)&to, sizeof(to)), "bind");
	check(cn_listen(listener, 8), "listen");
	a = cn_socket(near_end, AF_INET, SOCK_STREAM, 0);
	check(cn_connect(a, (struct sockaddr *)&to, sizeof(to)), "connect");
	b = cn_accept(listener, NULL, NULL);
	check(b, "accept");

	out = cn_framing_fd(a);
	in = cn_framing_fd(b);
	for (int i = 0; i < 100; i++) {
		char text[64];
		int len = snprintf(text, sizeof(text), "message %d", i);

		check(cn_message_write(&framing, &out, text, (size_t)len),
		      "write");
	}
	check(cn_close(a), "close");
	check(cn_deframer_init(&deframer, &framing, room, sizeof(room)),
	      "deframer");
	while (cn_message_read(&deframer, &in, &message) == 1)
		n++;
	check(cn_close(b), "close");
	check(cn_close(listener), "close");
	printf("%d messages in %.2f s of a virtual clock\n", n,
	       (double)cn_stack_now(near_end) / 1e9 - 1000);
	cn_stack_free(near_end);
	cn_stack_free(far_end);
	return n != 100;
}
