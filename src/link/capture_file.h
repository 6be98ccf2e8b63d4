/* SPDX-License-Identifier: MIT */
/* Where a capture goes: a file, or a pipe that Wireshark reads. */
#ifndef LINK_CAPTURE_FILE_H
#define LINK_CAPTURE_FILE_H

#include <stdio.h>

#include "link/pcapng.h"

struct capture_file {
	int fd;
	int saved_errno; /* of the write that failed */
};

/* path "-": standard output.  A file is made anew, readable by its owner
 * alone: it holds what was said.  0, or -errno. */
int capture_file_open(struct capture_file *file, const char *path)
	CN_MUST_CHECK;
/* Whether a file that was just made, and is empty, can be written to: 0, or
 * errno.  Pipes and terminals are believed. */
int capture_file_try(int fd) CN_MUST_CHECK;
/* The same as a stream for text; "-" is standard output, by a descriptor of its
 * own.  NULL: *err says why. */
FILE *capture_file_text(const char *path, int *err) CN_MUST_CHECK;
/* 0, or -errno: a full disk is often reported only here. */
int capture_file_close(struct capture_file *file);

/* The write of a struct pcapng_sink; ctx is the struct capture_file.  Waits
 * while a pipe is full. */
int capture_file_write(void *file, const void *data, size_t len);

#endif
