/* SPDX-License-Identifier: MIT */
/* A listener that cannot accept for want of descriptors is looked at now and
 * then, and accepts when there are some again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <catenet/base.h>

#include "run/world/rest.h"

struct door {
	struct loop *loop;
	struct loop_watch watch;
	struct rest rest;
	unsigned calls, accepted;
};

static void knocked(void *ctx, uint32_t events)
{
	struct door *door = ctx;
	int fd = rest_accept(&door->rest);

	(void)events;
	door->calls++;
	if (fd < 0)
		return;
	door->accepted++;
	close(fd);
}

static void turn_for(struct door *door, uint64_t ns)
{
	const uint64_t until = loop_refresh(door->loop) + ns;

	while (loop_refresh(door->loop) < until)
		assert_int_equal(loop_round(door->loop, until), 0);
}

/* However slow the machine is. */
static void turn_until(struct door *door, const unsigned *count)
{
	for (int i = 0; i < 1000 && *count == 0; i++)
		turn_for(door, 10 * CN_NS_PER_MS);
}

static void no_descriptor_is_no_reason_to_spin(void **state)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(name);
	struct door door = {.loop = loop_new()};
	struct rlimit was, none;
	int client;

	(void)state;
	assert_non_null(door.loop);
	door.watch = (struct loop_watch){
		.ready = knocked,
		.ctx = &door,
		.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)};
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(door.watch.fd, (struct sockaddr *)&name,
			      sizeof(name.sun_family)),
			 0);
	assert_int_equal(
		getsockname(door.watch.fd, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(listen(door.watch.fd, 4), 0);
	rest_init(&door.rest, door.loop, &door.watch);
	assert_int_equal(loop_watch(door.loop, &door.watch, EPOLLIN), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&name, len), 0);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn_until(&door, &door.calls);
	turn_for(&door, 350 * CN_NS_PER_MS);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(door.accepted, 0);
	assert_in_range(door.calls, 1, 4);

	turn_until(&door, &door.accepted);
	assert_int_equal(door.accepted, 1);
	rest_end(&door.rest);
	loop_unwatch(door.loop, &door.watch);
	close(door.watch.fd);
	close(client);
	loop_free(door.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_descriptor_is_no_reason_to_spin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
