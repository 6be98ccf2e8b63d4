/* SPDX-License-Identifier: MIT */
/*
 * The verbs of a host (catenet/host.h) over a TUN interface.  Knows frames and
 * time, and nothing of TCP.
 */
#include "loop/pump.h"

#include <sys/epoll.h>
#include <unistd.h>

/* Most that is read before the program sees it, and most that is written
 * before acknowledgements are looked for: a few super-segments, or what a
 * crowd of small connections has to say at once. */
#define TURN_FRAMES 64
#define TURN_OCTETS (256u * 1024)
/* Turns in a row before other descriptors of the loop are looked at. */
#define PUMP_TURNS 64
/* The same while looking for frames that do not come. */
#define SPIN_NS (20 * CN_NS_PER_US)
/* So often is looked for frames in vain before it is given up. */
#define MISSES_MAX 8

/* Twice as many frames the next time when there were as many as were asked
 * for: one alone is answered before it is asked for a second. */
static void adapt_batch(struct pump *pump, int n)
{
	if (n == pump->batch)
		pump->batch = n < TURN_FRAMES / 2 ? (uint8_t)(2 * n) :
						    TURN_FRAMES;
	else
		pump->batch = n > 1 ? (uint8_t)n : 1;
}

static bool read_frames(struct pump *pump, uint64_t now)
{
	struct cn_frame frame;
	uint32_t octets = 0;
	int n = 0;

	while (pump->readable && n < pump->batch && octets < TURN_OCTETS) {
		int err = tun_read(pump->tun, pump->pool, &frame);

		if (err) {
			/* Without memory it stays there for the next turn. */
			pump->readable = err == CN_E_NOMEM;
			break;
		}
		octets += cn_frame_len(&frame);
		cn_host_input(pump->host, pump->link, &frame, now);
		cn_frame_release(&frame);
		n++;
	}
	adapt_batch(pump, n);
	return n > 0;
}

static bool write_frames(struct pump *pump, uint64_t now)
{
	uint32_t octets = 0;
	int n = 0;

	while (pump->writable && n < TURN_FRAMES && octets < TURN_OCTETS) {
		if (!pump->holds &&
		    !cn_host_output(pump->host, pump->link, &pump->held, now))
			break;
		pump->holds = true;
		if (tun_write(pump->tun, &pump->held) == CN_E_AGAIN) {
			pump->writable = false;
			break;
		}
		octets += cn_frame_len(&pump->held);
		cn_frame_release(&pump->held);
		pump->holds = false;
		n++;
	}
	return n > 0;
}

/* What has come is the program's, and what it says leaves. */
static bool pass_on(struct pump *pump, uint64_t now)
{
	bool moved = pump->events(pump->ctx, now);

	return write_frames(pump, now) || moved;
}

static bool take_turn(struct pump *pump, uint64_t now)
{
	bool moved;

	if (cn_host_deadline(pump->host) <= now)
		cn_host_advance(pump->host, now);
	moved = read_frames(pump, now);
	return pass_on(pump, now) || moved;
}

/* True while a frame is to be looked for instead of sleeping. */
static bool is_busy(const struct pump *pump, uint64_t now)
{
	return pump->missed < MISSES_MAX &&
	       now - pump->moved_at < pump->busy_poll_ns;
}

/* What had to be slept for, or was found by looking, came soon enough: looking
 * for the next pays. */
static void note_move(struct pump *pump, uint64_t now)
{
	if (now - pump->moved_at < pump->busy_poll_ns)
		pump->missed = 0;
	pump->moved_at = now;
}

/* Looks for a frame for a moment; the host's deadline is not passed by. */
static bool spin(struct pump *pump)
{
	uint64_t now = loop_now(pump->loop), until = now + SPIN_NS;
	uint64_t deadline = cn_host_deadline(pump->host);

	if (deadline < until)
		until = deadline;
	while (now < until) {
		/* Asked for, whatever epoll's last edge said. */
		pump->readable = true;
		if (read_frames(pump, now)) {
			note_move(pump, now);
			pass_on(pump, now);
			return true;
		}
		now = loop_refresh(pump->loop);
	}
	return false;
}

void pump_work(struct pump *pump)
{
	bool moved = true, looked = false;
	uint64_t now = 0;

	if (pump->pumping) /* from events(): the turn goes on anyway */
		return;
	pump->pumping = true;
	for (int i = 0; i < PUMP_TURNS && moved; i++) {
		now = loop_refresh(pump->loop);
		moved = take_turn(pump, now);
		if (moved && i > 0)
			pump->moved_at = now;
		else if (moved)
			note_move(pump, now);
		else if ((looked = is_busy(pump, now)))
			moved = spin(pump);
	}
	now = loop_now(pump->loop);
	if (!moved && looked && !is_busy(pump, now))
		pump->missed++;
	moved |= is_busy(pump, now);
	(void)loop_at(pump->loop, &pump->timer,
		      moved ? now : cn_host_deadline(pump->host));
	pump->pumping = false;
}

static void on_ready(void *ctx, uint32_t events)
{
	struct pump *pump = ctx;

	if (events & EPOLLERR)
		pump->gone = true;
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		pump->readable = true;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		pump->writable = true;
	pump_work(pump);
}

static void on_timer(void *ctx, uint64_t now)
{
	(void)now;
	pump_work(ctx);
}

int pump_begin(struct pump *pump)
{
	int rc;

	pump->timer.fire = on_timer;
	pump->timer.ctx = pump;
	pump->watch.fd = pump->tun->fd;
	pump->watch.ready = on_ready;
	pump->watch.ctx = pump;
	pump->readable = true;
	pump->writable = true;
	pump->batch = 1;
	pump->moved_at = loop_now(pump->loop);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		pump->busy_poll_ns = 0;
	rc = loop_watch(pump->loop, &pump->watch, EPOLLIN | EPOLLOUT | EPOLLET);
	if (!rc)
		pump_work(pump);
	return rc;
}

void pump_end(struct pump *pump)
{
	if (!pump->loop)
		return;
	if (pump->holds)
		cn_frame_release(&pump->held);
	pump->holds = false;
	loop_unwatch(pump->loop, &pump->watch);
	loop_cancel(pump->loop, &pump->timer);
}
