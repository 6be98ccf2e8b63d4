/* SPDX-License-Identifier: MIT */
/* A capture of the world's packets. */
#include "run/world/tap.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A capture that is cut off by force misses no more than this. */
#define FLUSH_NS (200 * CN_NS_PER_MS)

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * CN_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static int begin(struct tap *tap, struct cn_pool *pool)
{
	struct pcapng_sink sink = {capture_file_write, &tap->file};
	int rc = pcapng_new(pool, &sink, "catenet", &tap->pcapng);

	if (!rc)
		rc = pcapng_flush(tap->pcapng);
	return rc;
}

int tap_open(struct tap *tap, struct cn_pool *pool, const char *path)
{
	int rc;

	memset(tap, 0, sizeof(*tap));
	tap->live = !strcmp(path, "-");
	tap->epoch_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	rc = capture_file_open(&tap->file, path);
	if (rc)
		return rc;
	rc = begin(tap, pool);
	if (rc) {
		pcapng_free(tap->pcapng);
		tap->pcapng = NULL;
		(void)capture_file_close(&tap->file);
		return -(tap->file.saved_errno ? tap->file.saved_errno : 12);
	}
	return 0;
}

/* An interface stands in the file as soon as it has a packet: libpcap, and so
 * tcpdump, reads no file of several interfaces of this link type. */
static int interface_of(struct tap *tap, bool loopback, uint32_t *interface)
{
	int rc = 0;

	if (!tap->known[loopback])
		rc = pcapng_interface(
			tap->pcapng, loopback ? "lo" : "path",
			loopback ? "between programs inside" :
				   "between the program's host and the "
				   "gateway, before the impairment",
			&tap->interface[loopback]);
	tap->known[loopback] = !rc;
	*interface = tap->interface[loopback];
	return rc;
}

static void check(struct tap *tap, int rc)
{
	if (!rc || tap->failed)
		return;
	tap->failed = true;
	fprintf(stderr, "catenet: the capture ends here: %s\n",
		tap->file.saved_errno ? strerror(tap->file.saved_errno) :
					cn_err_text(rc));
}

void tap_flush(struct tap *tap, uint64_t now)
{
	if (!tap->pcapng || tap->failed)
		return;
	if (!tap->live && now < tap->flushed_at + FLUSH_NS)
		return;
	tap->flushed_at = now;
	check(tap, pcapng_flush(tap->pcapng));
}

void tap_close(struct tap *tap)
{
	uint32_t interface;
	int rc;

	if (!tap->pcapng)
		return;
	/* A file without any interface is refused by its readers. */
	if (!tap->failed && !tap->known[true])
		check(tap, interface_of(tap, false, &interface));
	if (!tap->failed)
		check(tap, pcapng_flush(tap->pcapng));
	pcapng_free(tap->pcapng);
	tap->pcapng = NULL;
	rc = capture_file_close(&tap->file);
	if (rc && !tap->failed)
		fprintf(stderr, "catenet: the capture is not whole: %s\n",
			strerror(-rc));
}

void tap_packet(const struct tap_sink *sink, const struct cn_frame *frame,
		enum cn_fate fate, const char *comment, uint64_t now)
{
	struct tap *tap = sink->tap;
	struct pcapng_about about;
	int rc;

	/* The second copy was made by the path: it was not sent. */
	if (!tap || tap->failed || fate == CN_FATE_DUPLICATE)
		return;
	about = (struct pcapng_about){
		.time_ns = tap->epoch_ns + now,
		.way = sink->way,
		.comment = comment,
	};
	rc = interface_of(tap, sink->loopback, &about.interface);
	check(tap, rc ? rc : pcapng_packet(tap->pcapng, frame, &about));
}
