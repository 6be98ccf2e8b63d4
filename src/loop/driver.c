/* SPDX-License-Identifier: MIT */
/*
 * The verbs of a host (catenet/host.h) over a TUN interface.  Knows frames and
 * time, and nothing of TCP.
 */
#include "loop/driver.h"

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
static void adapt_batch(struct driver *driver, int n)
{
	if (n == driver->batch)
		driver->batch = n < TURN_FRAMES / 2 ? (uint8_t)(2 * n) :
						      TURN_FRAMES;
	else
		driver->batch = n > 1 ? (uint8_t)n : 1;
}

static bool read_frames(struct driver *driver, uint64_t now)
{
	struct cn_frame frame;
	uint32_t octets = 0;
	int n = 0;

	while (driver->readable && n < driver->batch && octets < TURN_OCTETS) {
		if (tun_read(driver->tun, driver->pool, &frame)) {
			driver->readable = false;
			break;
		}
		octets += cn_frame_len(&frame);
		cn_host_input(driver->host, driver->link, &frame, now);
		cn_frame_release(&frame);
		n++;
	}
	adapt_batch(driver, n);
	return n > 0;
}

static bool write_frames(struct driver *driver, uint64_t now)
{
	uint32_t octets = 0;
	int n = 0;

	while (driver->writable && n < TURN_FRAMES && octets < TURN_OCTETS) {
		if (!driver->holds &&
		    !cn_host_output(driver->host, driver->link, &driver->held,
				    now))
			break;
		driver->holds = true;
		if (tun_write(driver->tun, &driver->held) == CN_E_AGAIN) {
			driver->writable = false;
			break;
		}
		octets += cn_frame_len(&driver->held);
		cn_frame_release(&driver->held);
		driver->holds = false;
		n++;
	}
	return n > 0;
}

/* What has come is the program's, and what it says leaves. */
static bool pass_on(struct driver *driver, uint64_t now)
{
	bool moved = driver->events(driver->ctx, now);

	return write_frames(driver, now) || moved;
}

static bool take_turn(struct driver *driver, uint64_t now)
{
	bool moved;

	if (cn_host_deadline(driver->host) <= now)
		cn_host_advance(driver->host, now);
	moved = read_frames(driver, now);
	return pass_on(driver, now) || moved;
}

/* True while a frame is to be looked for instead of sleeping. */
static bool is_busy(const struct driver *driver, uint64_t now)
{
	return driver->missed < MISSES_MAX &&
	       now - driver->moved_at < driver->busy_poll_ns;
}

/* What had to be slept for, or was found by looking, came soon enough: looking
 * for the next pays. */
static void note_move(struct driver *driver, uint64_t now)
{
	if (now - driver->moved_at < driver->busy_poll_ns)
		driver->missed = 0;
	driver->moved_at = now;
}

/* Looks for a frame for a moment; the host's deadline is not passed by. */
static bool spin(struct driver *driver)
{
	uint64_t now = loop_now(driver->loop), until = now + SPIN_NS;
	uint64_t deadline = cn_host_deadline(driver->host);

	if (deadline < until)
		until = deadline;
	while (now < until) {
		/* Asked for, whatever epoll's last edge said. */
		driver->readable = true;
		if (read_frames(driver, now)) {
			note_move(driver, now);
			pass_on(driver, now);
			return true;
		}
		now = loop_refresh(driver->loop);
	}
	return false;
}

void driver_pump(struct driver *driver)
{
	bool moved = true, looked = false;
	uint64_t now = 0;

	if (driver->pumping) /* from events(): the turn goes on anyway */
		return;
	driver->pumping = true;
	for (int i = 0; i < PUMP_TURNS && moved; i++) {
		now = loop_refresh(driver->loop);
		moved = take_turn(driver, now);
		if (moved)
			note_move(driver, now);
		else if ((looked = is_busy(driver, now)))
			moved = spin(driver);
	}
	now = loop_now(driver->loop);
	if (!moved && looked && !is_busy(driver, now))
		driver->missed++;
	moved |= is_busy(driver, now);
	(void)loop_at(driver->loop, &driver->timer,
		      moved ? now : cn_host_deadline(driver->host));
	driver->pumping = false;
}

static void on_ready(void *ctx, uint32_t events)
{
	struct driver *driver = ctx;

	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		driver->readable = true;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		driver->writable = true;
	driver_pump(driver);
}

static void on_timer(void *ctx, uint64_t now)
{
	(void)now;
	driver_pump(ctx);
}

int driver_begin(struct driver *driver)
{
	int rc;

	driver->timer.fire = on_timer;
	driver->timer.ctx = driver;
	driver->watch.fd = driver->tun->fd;
	driver->watch.ready = on_ready;
	driver->watch.ctx = driver;
	driver->readable = true;
	driver->writable = true;
	driver->batch = 1;
	driver->moved_at = loop_now(driver->loop);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		driver->busy_poll_ns = 0;
	rc = loop_watch(driver->loop, &driver->watch,
			EPOLLIN | EPOLLOUT | EPOLLET);
	if (!rc)
		driver_pump(driver);
	return rc;
}

void driver_end(struct driver *driver)
{
	if (!driver->loop)
		return;
	if (driver->holds)
		cn_frame_release(&driver->held);
	driver->holds = false;
	loop_unwatch(driver->loop, &driver->watch);
	loop_cancel(driver->loop, &driver->timer);
}
