/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.2: how much of a SEND is taken.  The sizes where
 * super-segments are Linux's are what Linux 6.18 took of a write of 200 000
 * octets on a connection with these windows and SO_SNDBUF.
 */
#include "tcp/room.h"
#include "spec.h"

#define MOST 200000

static uint8_t octets[MOST];

static int64_t takes(void)
{
	int64_t n = tcp_send(&t.tcb, octets, sizeof(octets), 0, t.now);

	return n == CN_E_AGAIN ? 0 : n;
}

static const struct linux_write {
	uint32_t window, sndbuf; /* SO_SNDBUF as Linux has it, halved */
	int64_t takes;
} linux_writes[] = {
	{2000, 2304, 3000},    {5000, 2304, 4000},   {10000, 2304, 5000},
	{20000, 2304, 20000},  {30000, 2304, 25000}, {40000, 2304, 30000},
	{50000, 2304, 35000},  {60000, 2304, 40000}, {65535, 2304, 42000},
	{50000, 21000, 60000},
};

static void linux_sizes_take_as_much_as_linux(void)
{
	const struct linux_write *row = t_row;

	t.peer.wnd = row->window;
	t.set.tso_min_segs = 10;
	at(CN_ESTABLISHED);
	tcp_set_sndbuf(&t.tcb, row->sndbuf);
	is(takes(), row->takes);
	is(takes(), 0);
	is(room_is_writable(&t.tcb), false);
}

/* Of what is unsent, without Linux's sizes: the buffer counts in octets. */
static void lowat_cuts_a_write_short(void)
{
	t.peer.wnd = 32000;
	t.set.notsent_lowat = 4000;
	at(CN_ESTABLISHED);
	tcp_set_sndbuf(&t.tcb, MOST);
	/* Ten segments leave, and a packet of half a window waits. */
	is(takes(), 10000 + 16000);
	is(takes(), 0);
	is(room_is_writable(&t.tcb), false);
}

static void lowat_of_the_socket_goes_before_the_hosts(void)
{
	t.peer.wnd = 32000;
	t.set.notsent_lowat = 4000;
	at(CN_ESTABLISHED);
	tcp_set_sndbuf(&t.tcb, MOST);
	tcp_tune(&t.tcb)->notsent_lowat = 17000;
	is(takes(), 10000 + 2 * 16000);
}

/* Few enough wait as soon as segments have left, not when they are
 * acknowledged. */
static void lowat_writable_when_few_wait(void)
{
	t.peer.wnd = 20000;
	t.set.notsent_lowat = 4000;
	at(CN_ESTABLISHED);
	tcp_set_sndbuf(&t.tcb, MOST);
	is(tcp_send_room(&t.tcb), 20000);
	sends(20000);
	for (int i = 0; i < 10; i++)
		out("A", 1 + 1000 * i, 1, 1000);
	silent();
	is(room_is_writable(&t.tcb), false);
	in("A", 1, 6001, 0, 20000);
	for (int i = 10; i < 18; i++)
		out("A", 1 + 1000 * i, 1, 1000);
	is(room_is_writable(&t.tcb), true);
}

static void without_lowat_the_buffer_alone_counts(void)
{
	at(CN_ESTABLISHED);
	tcp_set_sndbuf(&t.tcb, 30000);
	is(takes(), 30000);
	is(takes(), 0);
}

int main(void)
{
	static struct CMUnitTest tests[N_OF(linux_writes) + 4];
	static struct spec_rule rules[N_OF(linux_writes) + 4];
	void (*const others[])(void) = {
		lowat_cuts_a_write_short,
		lowat_of_the_socket_goes_before_the_hosts,
		lowat_writable_when_few_wait,
		without_lowat_the_buffer_alone_counts,
	};
	size_t n = 0, i;

	for (i = 0; i < N_OF(linux_writes); i++)
		rules[n++] = (struct spec_rule){
			linux_sizes_take_as_much_as_linux, &linux_writes[i]};
	for (i = 0; i < N_OF(others); i++)
		rules[n++] = (struct spec_rule){others[i], NULL};
	for (i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){.name = "room",
					       .test_func = spec_run,
					       .initial_state = &rules[i]};
	return _cmocka_run_group_tests("room", tests, n, NULL, NULL);
}
