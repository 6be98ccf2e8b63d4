/* SPDX-License-Identifier: MIT */
/*
 * catenet/tun.h - a TUN interface of Linux as a link: IP packets to and from
 * the kernel, super-segments and partial checksums whole both ways.
 *
 * The one public header that touches the operating system; hosts do not need
 * it.  Give the host a link with tx_csum true and tx_super CN_TUN_SUPER.
 */
#ifndef CATENET_TUN_H
#define CATENET_TUN_H

#include <catenet/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cn_tun;

/* The largest super-segment that the kernel takes, with room for headers. */
#define CN_TUN_SUPER 65160

/*
 * Attaches to the interface of that name, or makes it (name NULL or "": the
 * kernel chooses).  It must be given an address and set up by the caller or
 * an administrator.  NULL: why says what is wrong and what would cure it
 * (cut to size octets; may be NULL).
 */
CN_API struct cn_tun *cn_tun_open(const char *name, char *why, size_t size);
CN_API void cn_tun_close(struct cn_tun *tun);
/* Non-blocking; readable when cn_tun_read has something. */
CN_API int cn_tun_fd(const struct cn_tun *tun);
CN_API const char *cn_tun_name(const struct cn_tun *tun);
/* The next frame, to be released by the caller; CN_E_AGAIN: there is none;
 * CN_E_NETDOWN: the interface is gone. */
CN_API int cn_tun_read(struct cn_tun *tun, struct cn_pool *pool,
		       struct cn_frame *frame) CN_MUST_CHECK;
/* The frame stays the caller's.  CN_E_AGAIN: try again when the descriptor is
 * writable; another error: the kernel did not want it. */
CN_API int cn_tun_write(struct cn_tun *tun, const struct cn_frame *frame)
	CN_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
