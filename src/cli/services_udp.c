/* SPDX-License-Identifier: MIT */
/*
 * Echo, discard, chargen and daytime by datagrams (RFC 862, 863, 864, 867).
 *
 * Anybody can put anybody's address on a datagram, so two of these services
 * could be made to talk to each other for ever, and chargen to flood: what
 * comes from the port of such a service is not answered, nor what comes from a
 * port that is one of a service here, since whoever has one there may have its
 * like; and an answer of chargen is no longer than the question.
 */
#include "cli/services_udp.h"

#include <time.h>

#define DAYTIME_MAX 64

static bool is_service(const struct services_udp *udp, uint16_t port)
{
	for (unsigned i = 0; i < udp->port_n; i++)
		if (udp->port[i] == port)
			return true;
	return port == 7 || port == 13 || port == 17 || port == 19 ||
	       port == 37;
}

size_t services_daytime(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm))
		return 0;
	return strftime(text, size, "%A, %B %d, %Y %H:%M:%S-UTC\r\n", &tm);
}

static void answer(struct services_udp *udp, const struct cn_dgram_msg *to,
		   const void *data, uint32_t len, uint64_t now)
{
	const struct cn_slice piece = {.data = data, .len = len};
	struct cn_dgram_msg msg = CN_DGRAM_MSG;

	msg.peer = to->peer;
	/* From the address that was asked. */
	if (!to->to_many)
		msg.local.addr = to->local.addr;
	(void)cn_dgram_send_msg(udp->dgram, &msg, &piece, 1, now);
}

static void serve_one(struct services_udp *udp, const struct cn_slice *slice,
		      const struct cn_dgram_msg *msg, uint64_t now)
{
	char text[DAYTIME_MAX];
	uint32_t len;

	switch (udp->kind) {
	case ECHO:
		answer(udp, msg, slice->data, slice->len, now);
		break;
	case CHARGEN:
		len = slice->len < udp->pattern_len ? slice->len :
						      udp->pattern_len;
		if (len > udp->pattern_len - udp->at)
			udp->at = 0;
		answer(udp, msg, udp->pattern + udp->at, len, now);
		udp->at += len;
		break;
	case DAYTIME:
		len = (uint32_t)services_daytime(text, sizeof(text));
		answer(udp, msg, text, len, now);
		break;
	case DISCARD:
	case SERVICES:
		break;
	}
}

void services_udp_serve(struct services_udp *udp, uint64_t now)
{
	struct cn_slice slice;
	struct cn_dgram_msg msg;
	int n;

	/* An error told here is of an answer that nobody wanted. */
	while ((n = cn_dgram_recv_view(udp->dgram, &slice, &msg)) != 0 &&
	       n != CN_E_AGAIN) {
		if (n < 0)
			continue;
		udp->served++;
		if (!is_service(udp, msg.peer.port))
			serve_one(udp, &slice, &msg, now);
		cn_dgram_recv_take(udp->dgram);
	}
}

int services_udp_open(struct services_udp *udp, struct cn_host *host,
		      enum service kind, uint16_t port)
{
	const struct cn_endpoint any = {.port = port};
	int rc = cn_dgram_new(host, 6, CN_DGRAM_UDP, &udp->dgram);

	if (rc)
		return rc;
	udp->kind = kind;
	cn_dgram_set_tag(udp->dgram, udp);
	return cn_dgram_bind(udp->dgram, &any);
}
