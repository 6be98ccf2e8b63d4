/* SPDX-License-Identifier: MIT */
/*
 * The verbs of a host (catenet/host.h) over a TUN interface.  Knows frames and
 * time, and nothing of TCP.
 */
#include "loop/driver.h"

#include <sys/epoll.h>

/* Most that is read before the program sees it, and most that is written
 * before acknowledgements are looked for: a few super-segments, or what a
 * crowd of small connections has to say at once. */
#define TURN_FRAMES 64
#define TURN_OCTETS (256u * 1024)
/* Turns in a row before other descriptors of the loop are looked at. */
#define PUMP_TURNS 64
/* The same while looking for frames that do not come. */
#define SPIN_NS (20 * CN_NS_PER_US)

static bool read_frames(struct driver *driver, uint64_t now)
{
	struct cn_frame frame;
	uint32_t octets = 0;
	int n = 0;

	while (driver->readable && n < TURN_FRAMES && octets < TURN_OCTETS) {
		if (tun_read(driver->tun, driver->pool, &frame)) {
			driver->readable = false;
			break;
		}
		octets += cn_frame_len(&frame);
		cn_host_input(driver->host, driver->link, &frame, now);
		cn_frame_release(&frame);
		n++;
	}
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

static bool take_turn(struct driver *driver, uint64_t now)
{
	bool moved;

	if (cn_host_deadline(driver->host) <= now)
		cn_host_advance(driver->host, now);
	moved = read_frames(driver, now);
	moved |= driver->events(driver->ctx, now);
	moved |= write_frames(driver, now);
	return moved;
}

/* True while it is worth looking for a frame instead of sleeping. */
static bool is_busy(const struct driver *driver, uint64_t now)
{
	return now < driver->busy_until;
}

/* Looks for a frame for a moment; the host's deadline is not passed by. */
static bool spin(struct driver *driver)
{
	uint64_t now = loop_now(driver->loop), until = now + SPIN_NS;
	uint64_t deadline = cn_host_deadline(driver->host);

	if (deadline < until)
		until = deadline;
	while (now < until) {
		driver->readable = true;
		if (take_turn(driver, now))
			return true;
		now = loop_refresh(driver->loop);
	}
	return false;
}

void driver_pump(struct driver *driver)
{
	bool moved = true;

	if (driver->pumping) /* from events(): the turn goes on anyway */
		return;
	driver->pumping = true;
	for (int i = 0; i < PUMP_TURNS && moved; i++) {
		uint64_t now = loop_refresh(driver->loop);

		/* An edge of epoll is not waited for where it can be asked. */
		driver->readable |= driver->busy_poll_ns != 0;
		moved = take_turn(driver, now);
		if (moved)
			driver->busy_until = now + driver->busy_poll_ns;
		else if (is_busy(driver, now))
			moved = spin(driver);
	}
	moved |= is_busy(driver, loop_now(driver->loop));
	(void)loop_at(driver->loop, &driver->timer,
		      moved ? loop_now(driver->loop) :
			      cn_host_deadline(driver->host));
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
