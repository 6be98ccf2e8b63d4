/* SPDX-License-Identifier: MIT */
/*
 * A client and an echo server in one thread, over a path in memory that
 * loses every tenth packet, on a clock that only this program moves.
 */
#include <string.h>

#include "echo.h"

static struct cn_path *path_new(struct cn_pool *pool, uint8_t seed)
{
	struct cn_path_config config;
	struct cn_path *path;
	size_t at;

	memset(&config, 0, sizeof(config));
	config.pool = pool;
	config.mtu = 1500;
	config.seed[0] = seed;
	config.impair.delay_ns = 10 * CN_NS_PER_MS;
	config.impair.loss = 0.1;
	if (cn_path_new(&config, NULL, &path, &at))
		exit(1);
	return path;
}

/* All that can move now: out of one host, over the path, into the other. */
static void carry(struct cn_host *from, struct cn_path *path,
		  struct cn_host *to, uint64_t now)
{
	struct cn_frame frame;

	while (cn_host_output(from, 0, &frame, now))
		(void)cn_path_send(path, &frame, now);
	while (cn_path_recv(path, &frame, now)) {
		cn_host_input(to, 0, &frame, now);
		cn_frame_release(&frame);
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int main(void)
{
	static const char text[] = "every octet of this came back";
	struct cn_pool *pool = example_pool();
	struct cn_host *client = example_host(pool, "10.0.0.1", 24, false, 0);
	struct cn_host *server = example_host(pool, "10.0.0.2", 24, false, 0);
	struct cn_path *up = path_new(pool, 1), *down = path_new(pool, 2);
	struct cn_sock *listener = echo_listen(server, 7, 0), *sock;
	struct cn_endpoint peer = {cn_addr_v4(10, 0, 0, 2), 7};
	char data[sizeof(text)];
	uint64_t now = 0;
	size_t got = 0;
	bool sent = false;

	if (cn_sock_new(client, 4, &sock) ||
	    cn_sock_connect(sock, &peer, now) != CN_E_INPROGRESS)
		return 1;
	while (got < sizeof(text) && now != CN_NEVER) {
		struct cn_event event;
		int64_t n;

		carry(client, up, server, now);
		echo_events(server, listener, now);
		carry(server, down, client, now);
		while (cn_host_event(client, &event))
			;
		if (!sent && (cn_sock_ready(sock) & CN_READY_OUT))
			sent = cn_sock_send(sock, text, sizeof(text), 0, now) >
			       0;
		n = cn_sock_recv(sock, data + got, sizeof(text) - got, 0, now);
		got += n > 0 ? (size_t)n : 0;
		carry(client, up, server, now);
		now = least(least(cn_host_deadline(client),
				  cn_host_deadline(server)),
			    least(cn_path_deadline(up),
				  cn_path_deadline(down)));
		cn_host_advance(client, now);
		cn_host_advance(server, now);
	}
	printf("%.*s, in %.3f s of virtual time\n", (int)got, data,
	       (double)now / CN_NS_PER_SEC);
	cn_host_free(client);
	cn_host_free(server);
	cn_path_free(up);
	cn_path_free(down);
	cn_pool_free(pool);
	return got == sizeof(text) ? 0 : 1;
}
