/* SPDX-License-Identifier: MIT */
/* The frame that passes between a host and a link. */
#include <catenet/frame.h>

#include <string.h>

void cn_frame_release(struct cn_frame *frame)
{
	for (unsigned i = 0; i < frame->slice_n; i++)
		cn_buf_unref(frame->slice[i].buf);
	frame->slice_n = 0;
	frame->header_len = 0;
	frame->payload_len = 0;
}

/* Copies what of piece lies in the wanted range; returns how much did. */
static uint32_t copy_piece(uint8_t *out, uint32_t *off, uint32_t len,
			   const uint8_t *piece, uint32_t piece_len)
{
	uint32_t n;

	if (*off >= piece_len) {
		*off -= piece_len;
		return 0;
	}
	n = piece_len - *off;
	if (n > len)
		n = len;
	if (n)
		memcpy(out, piece + *off, n);
	*off = 0;
	return n;
}

uint32_t cn_frame_copy(const struct cn_frame *frame, uint32_t off, void *out,
		       uint32_t len)
{
	uint8_t *to = out;
	uint32_t done;

	done = copy_piece(to, &off, len, frame->header, frame->header_len);
	for (unsigned i = 0; i < frame->slice_n && done < len; i++)
		done += copy_piece(to + done, &off, len - done,
				   frame->slice[i].data, frame->slice[i].len);
	return done;
}
