/* SPDX-License-Identifier: MIT */
/* RFC 9293 figure 1, with the octets of real segments in it. */
#include <stdio.h>

#include "see/draw.h"
#include "wire/tcp_seg.h"

#define BIT 28.0
#define ROW 38.0
#define X0 40.0
#define WIDTH (X0 + 32 * BIT + 40)

struct grid {
	const struct svg *svg;
	double y; /* of row 0 */
};

static void field(const struct grid *grid, unsigned bit, unsigned bits,
		  const char *class, const char *name, const char *value)
{
	double x = X0 + bit % 32 * BIT, y = grid->y + bit / 32 * ROW;
	char words[32];

	svg_box(grid->svg, class, x, y, bits * BIT, ROW);
	svg_text(grid->svg, "small mid", x + bits * BIT / 2, y + 14, name);
	snprintf(words, sizeof(words), "mid name %s", class);
	svg_text(grid->svg, words, x + bits * BIT / 2, y + 30, value);
}

static uint32_t number(const uint8_t *octet, unsigned n)
{
	uint32_t value = 0;

	while (n--)
		value = value << 8 | *octet++;
	return value;
}

static void field_of(const struct grid *grid, unsigned bit, unsigned bits,
		     const char *name, const uint8_t *octet)
{
	char value[32];

	snprintf(value, sizeof(value), "%u", number(octet, bits / 8));
	field(grid, bit, bits, "", name, value);
}

static void put_flags(const struct grid *grid, uint8_t flags)
{
	static const char *const names[] = {"CWR", "ECE", "URG", "ACK",
					    "PSH", "RST", "SYN", "FIN"};

	for (unsigned i = 0; i < 8; i++) {
		bool set = flags >> (7 - i) & 1;

		field(grid, 96 + 8 + i, 1, set ? "left" : "", names[i],
		      set ? "1" : "0");
	}
}

static const char *option_name(uint8_t kind)
{
	static const char *const names[] = {
		[0] = "End of list",  [1] = "No-operation",   [2] = "MSS",
		[3] = "Window scale", [4] = "SACK permitted", [5] = "SACK",
		[8] = "Timestamps",   [34] = "Fast Open",
	};
	const char *name =
		kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;

	return name ? name : "Option";
}

/* One option, in as many pieces as rows. */
static void put_option(const struct grid *grid, unsigned at,
		       const uint8_t *octet, unsigned len)
{
	char value[64];

	for (unsigned i = 0; i < len;) {
		unsigned n = 4 - (at + i) % 4, used = 0;

		if (n > len - i)
			n = len - i;
		for (unsigned k = 0; k < n; k++)
			used += (unsigned)snprintf(value + used,
						   sizeof(value) - used,
						   k ? " %02x" : "%02x",
						   octet[i + k]);
		field(grid, (at + i) * 8, n * 8, "right",
		      n == 1 && octet[0] == 1 ? "NOP" :
		      i			      ? "…" :
						option_name(octet[0]),
		      value);
		i += n;
	}
}

static double put_segment(const struct svg *svg, double y,
			  const struct sketch_octets *segment,
			  enum see_key heading, enum see_lang lang)
{
	const struct grid grid = {svg, y + 40};
	const uint8_t *octet = segment->octet;
	char arg[SEE_ARGS][SEE_ARG_MAX], text[SEE_SENTENCE_MAX];
	unsigned at = 20;

	snprintf(arg[0], SEE_ARG_MAX, "%u", segment->n);
	snprintf(arg[1], SEE_ARG_MAX, "%u", segment->data_len);
	see_say(lang, segment->n < 20 ? SEE_DRAW_NONE : heading, arg, text,
		sizeof(text));
	svg_text(svg, "name", X0, y + 12, text);
	if (segment->n < 20)
		return y + 40;
	for (unsigned bit = 0; bit < 32; bit++) {
		snprintf(text, sizeof(text), "%u", bit);
		svg_text(svg, "small mid", X0 + (bit + 0.5) * BIT, y + 32,
			 text);
	}
	field_of(&grid, 0, 16, "Source Port", octet);
	field_of(&grid, 16, 16, "Destination Port", octet + 2);
	field_of(&grid, 32, 32, "Sequence Number", octet + 4);
	field_of(&grid, 64, 32, "Acknowledgment Number", octet + 8);
	snprintf(text, sizeof(text), "%u", octet[12] >> 4);
	field(&grid, 96, 4, "", "Data Offset", text);
	snprintf(text, sizeof(text), "%u", octet[12] & 15);
	field(&grid, 100, 4, "", "Reserved", text);
	put_flags(&grid, octet[13]);
	field_of(&grid, 112, 16, "Window", octet + 14);
	snprintf(text, sizeof(text), "0x%04x", number(octet + 16, 2));
	field(&grid, 128, 16, "", "Checksum", text);
	field_of(&grid, 144, 16, "Urgent Pointer", octet + 18);
	while (at < segment->n) {
		unsigned len = octet[at] < 2 || at + 1 == segment->n ?
				       1 :
				       octet[at + 1];

		if (!len || len > segment->n - at)
			len = segment->n - at;
		put_option(&grid, at, octet + at, len);
		at += len;
	}
	return grid.y + (segment->n + 3) / 4 * ROW + 24;
}

void draw_header(const struct sketch *sketch, const struct svg *svg,
		 const char *title, enum see_lang lang)
{
	const struct sketch_octets *syn = sketch_syn(sketch);
	const struct sketch_octets *data = sketch_data(sketch);
	double rows = (syn->n + 3) / 4 + (data->n + 3) / 4, y = 44;

	svg_begin(svg, WIDTH, 44 + 2 * 70 + rows * ROW, title);
	svg_text(svg, "name mid", WIDTH / 2, 24, title);
	y = put_segment(svg, y, syn, SEE_DRAW_SYN, lang);
	put_segment(svg, y, data, SEE_DRAW_DATA, lang);
	svg_end(svg);
}
