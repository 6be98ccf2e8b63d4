/* SPDX-License-Identifier: MIT */
/*
 * The echo server under a foreign loop, libuv: one poll handle for the
 * device, one timer for the deadline, and the same five verbs.
 */
#include <uv.h>

#include "echo.h"

struct server {
	uv_loop_t *loop;
	uv_poll_t device;
	uv_timer_t timer;
	struct cn_pool *pool;
	struct cn_tun *tun;
	struct cn_host *host;
	struct cn_sock *listener;
};

static void after_verbs(struct server *s, uint64_t now);

static void time_passed(uv_timer_t *timer)
{
	struct server *s = (struct server *)timer->data;

	cn_host_advance(s->host, example_now());
	after_verbs(s, example_now());
}

static void after_verbs(struct server *s, uint64_t now)
{
	struct cn_frame frame;
	uint64_t at;

	echo_events(s->host, s->listener, now);
	while (cn_host_output(s->host, 0, &frame, now)) {
		(void)!cn_tun_write(s->tun, &frame);
		cn_frame_release(&frame);
	}
	at = cn_host_deadline(s->host);
	uv_timer_stop(&s->timer);
	if (at != CN_NEVER)
		uv_timer_start(&s->timer, time_passed,
			       at > now ? (at - now) / CN_NS_PER_MS + 1 : 0, 0);
}

static void device_ready(uv_poll_t *device, int status, int events)
{
	struct server *s = (struct server *)device->data;
	uint64_t now = example_now();
	struct cn_frame frame;

	(void)status;
	(void)events;
	while (cn_tun_read(s->tun, s->pool, &frame) == CN_OK) {
		cn_host_input(s->host, 0, &frame, now);
		cn_frame_release(&frame);
	}
	after_verbs(s, now);
}

int main(int argc, char **argv)
{
	static struct server s;
	char why[200];

	s.loop = uv_default_loop();
	s.pool = example_pool();
	s.tun = cn_tun_open(argc > 1 ? argv[1] : "cat0", why, sizeof(why));
	if (!s.tun) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	s.host = example_host(s.pool, argc > 2 ? argv[2] : "10.9.0.2", 24, true,
			      example_now());
	s.listener = echo_listen(s.host, 7, example_now());
	uv_timer_init(s.loop, &s.timer);
	uv_poll_init(s.loop, &s.device, cn_tun_fd(s.tun));
	s.timer.data = &s;
	s.device.data = &s;
	uv_poll_start(&s.device, UV_READABLE, device_ready);
	printf("%s: echo at port 7\n", cn_tun_name(s.tun));
	fflush(stdout);
	return uv_run(s.loop, UV_RUN_DEFAULT);
}
