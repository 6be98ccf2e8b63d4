/* SPDX-License-Identifier: MIT */
/*
 * So much work and no more, for test/cost/cost.py to count what it takes:
 *
 *	cost mtu N	octets of N segments of 1448 octets from one host to
 *			another, written by copying and read as slices
 *	cost super N	the same as super-segments that no one sums
 *	cost pairs N	N requests of 64 octets and their replies
 *	cost crr N	N connections: connect, a request, a reply, close
 *
 * What a run of 2 N does more than one of N is N times the cost of one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

#define CHUNK (128u << 10)

static void transfer(bool super, unsigned long segments)
{
	static const uint8_t pattern[CHUNK];
	uint64_t got = 0, total = (uint64_t)segments * 1448;
	struct cn_sock *listener, *a, *b;
	struct cn_slice slice[32];
	struct rig rig;
	int n, i;

	rig_begin(&rig, super);
	listener = rig_listen(&rig, 80);
	rig_connect(&rig, listener, 80, &a, &b);
	while (got < total) {
		cn_sock_send(a, pattern, sizeof(pattern), 0, rig.now);
		rig_carry(&rig);
		while ((n = cn_sock_recv_view(b, slice, 32)) > 0) {
			size_t len = 0;

			for (i = 0; i < n; i++)
				len += slice[i].len;
			must(cn_sock_recv_take(b, len, rig.now), "take");
			got += len;
		}
		rig.now += 20 * CN_NS_PER_US;
	}
	rig_end(&rig);
}

static void one_request(struct rig *rig, struct cn_sock *a, struct cn_sock *b)
{
	char data[64] = "";

	cn_sock_send(a, data, sizeof(data), 0, rig->now);
	rig_carry(rig);
	if (cn_sock_recv(b, data, sizeof(data), 0, rig->now) != 64)
		must(CN_E_INVAL, "request");
	cn_sock_send(b, data, sizeof(data), 0, rig->now);
	rig_carry(rig);
	if (cn_sock_recv(a, data, sizeof(data), 0, rig->now) != 64)
		must(CN_E_INVAL, "reply");
	rig->now += 10 * CN_NS_PER_US;
	cn_host_advance(rig->host[0], rig->now);
	cn_host_advance(rig->host[1], rig->now);
}

static void requests(unsigned long n)
{
	struct cn_sock *listener, *a, *b;
	struct rig rig;

	rig_begin(&rig, false);
	listener = rig_listen(&rig, 80);
	rig_connect(&rig, listener, 80, &a, &b);
	while (n--)
		one_request(&rig, a, b);
	rig_end(&rig);
}

static void connections(unsigned long n)
{
	struct cn_sock *listener, *a, *b;
	struct rig rig;

	rig_begin(&rig, false);
	listener = rig_listen(&rig, 80);
	while (n--) {
		rig_connect(&rig, listener, 80, &a, &b);
		one_request(&rig, a, b);
		cn_sock_close(a, rig.now);
		rig_carry(&rig);
		cn_sock_close(b, rig.now);
		rig_carry(&rig);
		rig.now += CN_NS_PER_MS;
	}
	rig_end(&rig);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;

	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "mtu"))
		transfer(false, n);
	else if (!strcmp(argv[1], "super"))
		transfer(true, n);
	else if (!strcmp(argv[1], "pairs"))
		requests(n);
	else if (!strcmp(argv[1], "crr"))
		connections(n);
	else
		return 2;
	return 0;
}
