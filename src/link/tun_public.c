/* SPDX-License-Identifier: MIT */
/* catenet/tun.h: the TUN link for programs outside. */
#include <catenet/tun.h>

#include <stdio.h>
#include <stdlib.h>

#include "link/tun.h"

struct cn_tun {
	struct tun tun;
};

struct cn_tun *cn_tun_open(const char *name, char *why, size_t size)
{
	struct cn_tun *tun = malloc(sizeof(*tun));
	char error[TUN_ERROR] = "out of memory";

	if (tun && !tun_open(&tun->tun, name, 0, error))
		return tun;
	free(tun);
	if (why && size)
		snprintf(why, size, "%s", error);
	return NULL;
}

void cn_tun_close(struct cn_tun *tun)
{
	if (!tun)
		return;
	tun_close(&tun->tun);
	free(tun);
}

int cn_tun_fd(const struct cn_tun *tun)
{
	return tun->tun.fd;
}

const char *cn_tun_name(const struct cn_tun *tun)
{
	return tun->tun.name;
}

int cn_tun_read(struct cn_tun *tun, struct cn_pool *pool,
		struct cn_frame *frame)
{
	return tun_read(&tun->tun, pool, frame);
}

int cn_tun_write(struct cn_tun *tun, const struct cn_frame *frame)
{
	return tun_write(&tun->tun, frame);
}
