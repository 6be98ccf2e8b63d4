/* SPDX-License-Identifier: MIT */
/*
 * An Ethernet interface of Linux, seen from the wire: a TAP device, or a packet
 * socket on any other.  Super-segments and partial checksums come in whole
 * (virtio header); what goes out are single packets, their checksum the
 * device's to complete.  Tags of virtual LANs (IEEE 802.1Q, at most two) belong
 * to the Ethernet header and go out as they came.
 */
#ifndef LINK_STATION_H
#define LINK_STATION_H

#include <catenet/frame.h>

#include "link/tun.h"

#define STATION_ERROR TUN_ERROR
#define STATION_ETHER 14
#define STATION_TAG 4
#define STATION_ETHER_MAX (STATION_ETHER + 2 * STATION_TAG)
/* Octets at the start of a frame's buffer that a path is to keep with it
 * (cn_path_config.head): the Ethernet header, and how long it is. */
#define STATION_HEAD 24

struct station {
	int fd; /* non-blocking; readable when station_read has something */
	bool is_tap;
	char name[16]; /* the kernel's, whatever alias it was opened by */
	unsigned index;
	struct tun tun; /* of a TAP */
	uint64_t read_n, written_n;
	uint64_t refused_n; /* the interface did not take them */
	int refused_err; /* errno of the last of those */
	uint64_t odd_n; /* came in, and cannot be cut or are no frames */
	bool is_lost; /* CN_E_NETDOWN was returned */
};

/* 0, or -errno and a sentence that names the cure. */
int station_open(struct station *station, const char *name,
		 char error[STATION_ERROR]) CN_MUST_CHECK;
void station_close(struct station *station);

/*
 * The next frame without its Ethernet header, which travels in the first
 * octets of its slice's buffer: where a path passes the frame on, station_write
 * of the other side finds it there.  What is no IP has header_len 0.
 * CN_E_AGAIN: none; CN_E_NOMEM: it is lost; CN_E_NETDOWN: the interface is
 * gone, or down.
 */
int station_read(struct station *station, struct cn_pool *pool,
		 struct cn_frame *frame) CN_MUST_CHECK;
/* A frame of station_read's, of any station; it stays the caller's.
 * CN_E_AGAIN: try again when the descriptor is writable; CN_E_NETDOWN. */
int station_write(struct station *station, const struct cn_frame *frame)
	CN_MUST_CHECK;
/* Frames that came and that the kernel had no room to keep for us, since the
 * last time this was asked. */
uint64_t station_missed(struct station *station);

#endif
