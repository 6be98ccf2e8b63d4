/* SPDX-License-Identifier: MIT */
/*
 * draft-ietf-opsawg-pcapng: Section Header, Interface Description and Enhanced
 * Packet blocks, always little-endian, link type RAW (IPv4 or IPv6, told by
 * the first nibble) or Ethernet.  Writes only; statistics, names and secrets are left out.
 */
#include "link/pcapng.h"

#include <string.h>

#include "base/assert.h"
#include "base/pool.h"
#include "wire/cut.h"
#include "wire/offload.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
};

enum {
	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_SECTION_APPLICATION = 4,
	OPT_INTERFACE_NAME = 2,
	OPT_INTERFACE_DESCRIPTION = 3,
	OPT_INTERFACE_TSRESOL = 9,
	OPT_PACKET_FLAGS = 2,
};

#define MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1u
#define LINKTYPE_RAW 101u
#define TSRESOL_NS 9
#define NAME_MAX_LEN 256u

/* The longest packet, its comment and what is around them fit twice, so that
 * writes are of at least half a buffer. */
#define BLOCK_MAX (CN_BUF_SUPER + PCAPNG_COMMENT_MAX + 256u)
#define BUFFER_LEN (2 * BLOCK_MAX)

struct pcapng {
	struct cn_pool *pool;
	struct pcapng_sink sink;
	uint32_t interface_n;
	int err;
	uint32_t len; /* of buffer that is filled */
	uint32_t block_at; /* where the block being written begins */
	uint8_t buffer[BUFFER_LEN];
};

static uint8_t *take(struct pcapng *pcapng, uint32_t len)
{
	uint8_t *p = pcapng->buffer + pcapng->len;

	CN_ASSERT(len <= BUFFER_LEN - pcapng->len);
	pcapng->len += len;
	return p;
}

static void put_le16(struct pcapng *pcapng, uint32_t value)
{
	uint8_t *p = take(pcapng, 2);

	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static void set_le32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
	p[2] = (uint8_t)(value >> 16);
	p[3] = (uint8_t)(value >> 24);
}

static void put_le32(struct pcapng *pcapng, uint32_t value)
{
	set_le32(take(pcapng, 4), value);
}

static void pad(struct pcapng *pcapng, uint32_t len)
{
	uint32_t rest = -len & 3;

	memset(take(pcapng, rest), 0, rest);
}

static void put_option(struct pcapng *pcapng, unsigned code, const void *value,
		       uint32_t len)
{
	put_le16(pcapng, code);
	put_le16(pcapng, len);
	if (len)
		memcpy(take(pcapng, len), value, len);
	pad(pcapng, len);
}

/* No more than max octets, and no half character (RFC 3629). */
static uint32_t text_len(const char *text, uint32_t max)
{
	size_t len = strlen(text);

	if (len <= max)
		return (uint32_t)len;
	len = max;
	while (len && ((uint8_t)text[len] & 0xc0) == 0x80)
		len--;
	return (uint32_t)len;
}

static void put_text(struct pcapng *pcapng, unsigned code, const char *text,
		     uint32_t max)
{
	if (text && *text)
		put_option(pcapng, code, text, text_len(text, max));
}

/* False: writing has failed before, or fails now. */
static bool begin_block(struct pcapng *pcapng, uint32_t type)
{
	if (!pcapng->err && pcapng->len > BUFFER_LEN - BLOCK_MAX)
		pcapng_flush(pcapng);
	if (pcapng->err)
		return false;
	pcapng->block_at = pcapng->len;
	put_le32(pcapng, type);
	put_le32(pcapng, 0);
	return true;
}

static void end_block(struct pcapng *pcapng)
{
	uint32_t len;

	put_option(pcapng, OPT_END, NULL, 0);
	len = pcapng->len + 4 - pcapng->block_at;
	put_le32(pcapng, len);
	set_le32(pcapng->buffer + pcapng->block_at + 4, len);
}

int pcapng_new(struct cn_pool *pool, const struct pcapng_sink *sink,
	       const char *application, struct pcapng **out)
{
	struct pcapng *pcapng = pool_alloc(pool, sizeof(*pcapng));

	*out = pcapng;
	if (!pcapng)
		return CN_E_NOMEM;
	pcapng->pool = pool;
	pcapng->sink = *sink;
	begin_block(pcapng, BLOCK_SECTION);
	put_le32(pcapng, MAGIC);
	put_le16(pcapng, 1); /* version 1.0 */
	put_le16(pcapng, 0);
	put_le32(pcapng, UINT32_MAX); /* length of the section: not said */
	put_le32(pcapng, UINT32_MAX);
	put_text(pcapng, OPT_SECTION_APPLICATION, application, NAME_MAX_LEN);
	end_block(pcapng);
	return CN_OK;
}

void pcapng_free(struct pcapng *pcapng)
{
	if (pcapng)
		pool_release(pcapng->pool, pcapng, sizeof(*pcapng));
}

static int describe(struct pcapng *pcapng, unsigned linktype, const char *name,
		    const char *description, uint32_t *interface)
{
	const uint8_t resolution = TSRESOL_NS;

	if (!begin_block(pcapng, BLOCK_INTERFACE))
		return pcapng->err;
	put_le16(pcapng, linktype);
	put_le16(pcapng, 0);
	put_le32(pcapng, 0); /* packets are never cut short */
	put_text(pcapng, OPT_INTERFACE_NAME, name, NAME_MAX_LEN);
	put_text(pcapng, OPT_INTERFACE_DESCRIPTION, description, NAME_MAX_LEN);
	put_option(pcapng, OPT_INTERFACE_TSRESOL, &resolution, 1);
	end_block(pcapng);
	*interface = pcapng->interface_n++;
	return CN_OK;
}

int pcapng_interface(struct pcapng *pcapng, const char *name,
		     const char *description, uint32_t *interface)
{
	return describe(pcapng, LINKTYPE_RAW, name, description, interface);
}

int pcapng_interface_ethernet(struct pcapng *pcapng, const char *name,
			      const char *description, uint32_t *interface)
{
	return describe(pcapng, LINKTYPE_ETHERNET, name, description,
			interface);
}

static int put_packet(struct pcapng *pcapng, const struct cn_frame *frame,
		      const struct pcapng_about *about)
{
	uint32_t len = cn_frame_len(frame);
	uint8_t *octet;

	if (len > CN_BUF_SUPER)
		return CN_E_MSGSIZE;
	if (!begin_block(pcapng, BLOCK_PACKET))
		return pcapng->err;
	put_le32(pcapng, about->interface);
	put_le32(pcapng, (uint32_t)(about->time_ns >> 32));
	put_le32(pcapng, (uint32_t)about->time_ns);
	put_le32(pcapng, len);
	put_le32(pcapng, len);
	octet = take(pcapng, len);
	cn_frame_copy(frame, 0, octet, len);
	if (offload_is_partial(frame))
		offload_complete_octets(frame, octet, len);
	pad(pcapng, len);
	put_text(pcapng, OPT_COMMENT, about->comment, PCAPNG_COMMENT_MAX);
	if (about->way != PCAPNG_UNKNOWN) {
		uint8_t flags[4];

		set_le32(flags, (uint32_t)about->way);
		put_option(pcapng, OPT_PACKET_FLAGS, flags, sizeof(flags));
	}
	end_block(pcapng);
	return CN_OK;
}

int pcapng_packet(struct pcapng *pcapng, const struct cn_frame *frame,
		  const struct pcapng_about *about)
{
	struct cn_frame packet;
	struct cut cut;
	int err = CN_OK;

	if (about->interface >= pcapng->interface_n)
		return CN_E_NOLINK;
	if (!frame->seg_size)
		return put_packet(pcapng, frame, about);
	cut_begin(&cut, frame);
	while (cut_next(&cut, &packet)) {
		if (!err)
			err = put_packet(pcapng, &packet, about);
		cn_frame_release(&packet);
	}
	return err;
}

int pcapng_flush(struct pcapng *pcapng)
{
	if (!pcapng->err && pcapng->len) {
		int err = pcapng->sink.write(pcapng->sink.ctx, pcapng->buffer,
					     pcapng->len);

		if (err < 0)
			pcapng->err = err;
		pcapng->len = 0;
	}
	return pcapng->err;
}
