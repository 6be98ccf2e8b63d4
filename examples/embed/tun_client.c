/* SPDX-License-Identifier: MIT */
/*
 * A client on the kernel's network, over TUN: sends a line to an echo server
 * of the kernel's side and prints what comes back.
 *
 *	tun_client cat0 10.9.0.2 10.9.0.1 7
 */
#include <poll.h>
#include <string.h>

#include "host.h"

int main(int argc, char **argv)
{
	static const char text[] = "hello from outside the kernel\n";
	struct cn_pool *pool = example_pool();
	struct cn_endpoint peer;
	struct cn_event event;
	struct cn_sock *sock;
	struct cn_host *host;
	struct cn_tun *tun;
	char why[200], data[sizeof(text)];
	size_t sent = 0, got = 0;

	if (argc != 5 || !cn_addr_parse(argv[3], &peer.addr)) {
		fprintf(stderr, "tun_client DEVICE OURS THEIRS PORT\n");
		return 1;
	}
	peer.port = (uint16_t)atoi(argv[4]);
	tun = cn_tun_open(argv[1], why, sizeof(why));
	if (!tun) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	host = example_host(pool, argv[2], 24, true, example_now());
	if (cn_sock_new(host, 4, &sock) ||
	    cn_sock_connect(sock, &peer, example_now()) != CN_E_INPROGRESS)
		return 1;
	while (got < sizeof(text) - 1) {
		struct pollfd fd = {cn_tun_fd(tun), POLLIN, 0};
		uint64_t now = example_now();
		struct cn_frame frame;
		int64_t n = 0;

		while (cn_host_output(host, 0, &frame, now)) {
			(void)!cn_tun_write(tun, &frame);
			cn_frame_release(&frame);
		}
		poll(&fd, 1, 100);
		now = example_now();
		while (cn_tun_read(tun, pool, &frame) == CN_OK) {
			cn_host_input(host, 0, &frame, now);
			cn_frame_release(&frame);
		}
		cn_host_advance(host, now);
		while (cn_host_event(host, &event))
			;
		if (cn_sock_ready(sock) & CN_READY_ERR) {
			fprintf(stderr, "%s\n",
				cn_err_text(cn_sock_error(sock)));
			return 1;
		}
		if (sent < sizeof(text) - 1)
			n = cn_sock_send(sock, text + sent,
					 sizeof(text) - 1 - sent, 0, now);
		sent += n > 0 ? (size_t)n : 0;
		n = cn_sock_recv(sock, data + got, sizeof(text) - 1 - got, 0,
				 now);
		got += n > 0 ? (size_t)n : 0;
	}
	fwrite(data, 1, got, stdout);
	cn_host_free(host);
	cn_tun_close(tun);
	cn_pool_free(pool);
	return 0;
}
