/* SPDX-License-Identifier: MIT */
/*
 * A TUN interface of Linux: IP packets to and from the kernel, with a virtio
 * header in front, so that super-segments and partial checksums pass whole
 * both ways.
 */
#ifndef LINK_TUN_H
#define LINK_TUN_H

#include <catenet/frame.h>

#define TUN_ERROR 256

enum tun_flag {
	/* Without virtio header: every packet single and its checksum complete,
	 * both ways; what is written is cut first. */
	TUN_PLAIN = 1 << 0,
	/* A TAP: Ethernet frames instead of packets.  Super-segments come in,
	 * but are not to be written. */
	TUN_ETHERNET = 1 << 1,
};

struct tun {
	int fd; /* non-blocking; readable when tun_read has something */
	bool is_plain;
	bool is_ethernet;
	char name[16];
	struct cn_buf *super; /* held ready for the next read */
	uint64_t read_n, written_n, dropped_n; /* frames */
};

/*
 * Attaches to the interface of that name, or makes it; it goes when the tun is
 * closed, unless it was made to stay.  name NULL or "": the kernel chooses.
 * 0, or -errno and a sentence that names the cure in error (may be NULL).
 */
int tun_open(struct tun *tun, const char *name, unsigned flags,
	     char error[TUN_ERROR]) CN_MUST_CHECK;
/* One that another process has opened with these flags and handed over. */
void tun_adopt(struct tun *tun, int fd, unsigned flags);
void tun_close(struct tun *tun);

/*
 * The next frame.  The whole packet is in the slices, header_len 0; one of at
 * most CN_BUF_SMALL octets holds no more than a small buffer.  CN_E_AGAIN:
 * there is none; CN_E_NOMEM: it stays where it is; CN_E_NETDOWN: the
 * interface is gone.
 */
int tun_read(struct tun *tun, struct cn_pool *pool, struct cn_frame *frame)
	CN_MUST_CHECK;
/*
 * The frame stays the caller's.  CN_E_AGAIN: try again when the descriptor is
 * writable; CN_E_NOBUFS, CN_E_INVAL: the kernel did not want it, it counts as
 * dropped; CN_E_NETDOWN: the interface is down or gone.
 */
int tun_write(struct tun *tun, const struct cn_frame *frame) CN_MUST_CHECK;

#endif
