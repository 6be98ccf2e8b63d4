/* SPDX-License-Identifier: MIT */
/*
 * An echo server on the kernel's network, over TUN, with poll().
 *
 *	tun_server cat0 10.9.0.2 7
 *	ip link set cat0 up; ip addr add 10.9.0.1/24 dev cat0
 *	nc 10.9.0.2 7
 */
#include <poll.h>

#include "echo.h"

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "cat0";
	const char *address = argc > 2 ? argv[2] : "10.9.0.2";
	unsigned port = argc > 3 ? (unsigned)atoi(argv[3]) : 7;
	struct cn_pool *pool = example_pool();
	struct cn_sock *listener;
	struct cn_host *host;
	struct cn_tun *tun;
	char why[200];

	tun = cn_tun_open(name, why, sizeof(why));
	if (!tun) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	host = example_host(pool, address, 24, true, example_now());
	listener = echo_listen(host, (uint16_t)port, example_now());
	printf("%s: echo at %s port %u\n", cn_tun_name(tun), address, port);
	fflush(stdout);
	for (;;) {
		struct pollfd fd = {cn_tun_fd(tun), POLLIN, 0};
		uint64_t now = example_now(), at = cn_host_deadline(host);
		struct cn_frame frame;

		poll(&fd, 1,
		     at == CN_NEVER ? -1 :
		     at <= now	    ? 0 :
				      (int)((at - now) / 1000000 + 1));
		now = example_now();
		while (cn_tun_read(tun, pool, &frame) == CN_OK) {
			cn_host_input(host, 0, &frame, now);
			cn_frame_release(&frame);
		}
		cn_host_advance(host, now);
		echo_events(host, listener, now);
		while (cn_host_output(host, 0, &frame, now)) {
			/* A full device loses it; TCP sends it again. */
			(void)!cn_tun_write(tun, &frame);
			cn_frame_release(&frame);
		}
	}
}
