/* SPDX-License-Identifier: MIT */
/*
 * The program of the filter, written instruction by instruction: it looks at
 * a call's number and at arguments that are plain numbers, never at memory,
 * which the program could change meanwhile.
 *
 * Notified: the control calls of sockets.  Not notified: reads, writes, polls,
 * close, dup; they are native operations on a real descriptor.  A call that
 * does both is notified only in its rare form, which its arguments show.
 */
#include "run/filter.h"

#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>

#include "base/assert.h"

#define X32_BIT 0x40000000u
#define TYPE_MASK 0xfu
#define TYPES 11u /* SOCK_MAX of include/linux/net.h */
#define PROTO_TCP 6u
#define NATIVE SECCOMP_RET_ALLOW
#define NOTIFY SECCOMP_RET_USER_NOTIF
#define REFUSE(err) (SECCOMP_RET_ERRNO | (uint32_t)(err))

#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

#define FILTER_MAX 256

struct filter {
	struct sock_filter op[FILTER_MAX];
	unsigned short n;
};

static void put(struct filter *f, uint16_t code, uint32_t k, uint8_t jt,
		uint8_t jf)
{
	CN_ASSERT(f->n < FILTER_MAX);
	f->op[f->n++] =
		(struct sock_filter){.code = code, .jt = jt, .jf = jf, .k = k};
}

static void load(struct filter *f, size_t offset)
{
	put(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The low half of an argument: all that the kernel uses of an int. */
static void load_int(struct filter *f, int arg)
{
	load(f, offsetof(struct seccomp_data, args) + 8u * (unsigned)arg);
}

static void answer(struct filter *f, uint32_t action)
{
	put(f, BPF_RET | BPF_K, action, 0, 0);
}

static void if_equal(struct filter *f, uint32_t value, uint32_t action)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	answer(f, action);
}

static void if_bits(struct filter *f, uint32_t bits, uint32_t action)
{
	put(f, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	answer(f, action);
}

static void if_pointer(struct filter *f, int arg, uint32_t action)
{
	load_int(f, arg);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	answer(f, action);
	load(f, offsetof(struct seccomp_data, args) + 8u * (unsigned)arg + 4);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	answer(f, action);
}

/* A block for one call: begun with the number in the accumulator, and left
 * with it there. */
static unsigned short begin(struct filter *f, long nr)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 0);
	return (unsigned short)(f->n - 1);
}

static void end(struct filter *f, unsigned short at, uint32_t action)
{
	answer(f, action);
	CN_ASSERT(f->n - at - 1 <= UINT8_MAX);
	f->op[at].jf = (uint8_t)(f->n - at - 1);
}

static void call_always(struct filter *f, long nr, uint32_t action)
{
	if_equal(f, (uint32_t)nr, action);
}

/*
 * Stream sockets of the internet are ours.  What else would carry a stream
 * there is refused, with the error of a kernel that was built without it, so
 * that programs fall back to TCP.
 */
static void call_socket(struct filter *f)
{
	unsigned short at = begin(f, SYS_socket);

	load_int(f, 0);
	if_equal(f, AF_SMC, REFUSE(EAFNOSUPPORT));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
	answer(f, NATIVE);
	load_int(f, 1);
	if_bits(f, ~(TYPE_MASK | SOCK_NONBLOCK | SOCK_CLOEXEC), NATIVE);
	put(f, BPF_ALU | BPF_AND | BPF_K, TYPE_MASK, 0, 0);
	put(f, BPF_JMP | BPF_JGE | BPF_K, TYPES, 0, 1);
	answer(f, NATIVE); /* EINVAL, like flags that there are not */
	if_equal(f, SOCK_DGRAM, NATIVE);
	if_equal(f, SOCK_RAW, NATIVE);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 1, 0);
	answer(f, REFUSE(ESOCKTNOSUPPORT));
	load_int(f, 2);
	if_equal(f, 0, NOTIFY);
	if_equal(f, PROTO_TCP, NOTIFY);
	end(f, at, REFUSE(EPROTONOSUPPORT));
}

/* Interface and queue questions; who owns the signals (0x8901 to 0x8904),
 * the urgent mark and time stamps (to 0x8907) are native. */
static void call_ioctl(struct filter *f)
{
	unsigned short at = begin(f, SYS_ioctl);

	load_int(f, 1);
	if_equal(f, SIOCOUTQ, NOTIFY);
	put(f, BPF_JMP | BPF_JGE | BPF_K, 0x8908, 0, 2);
	put(f, BPF_JMP | BPF_JGT | BPF_K, 0x89ff, 1, 0);
	answer(f, NOTIFY);
	end(f, at, NATIVE);
}

static void call_flags(struct filter *f, long nr, int flags_arg, uint32_t bits)
{
	unsigned short at = begin(f, nr);

	load_int(f, flags_arg);
	if_bits(f, bits, NOTIFY);
	end(f, at, NATIVE);
}

static void call_addressed(struct filter *f, long nr, uint32_t bits)
{
	unsigned short at = begin(f, nr);

	load_int(f, 3);
	if_bits(f, bits, NOTIFY);
	if_pointer(f, 4, NOTIFY);
	end(f, at, NATIVE);
}

static void build(struct filter *f, bool sendmsg)
{
	static const long always[] = {
		SYS_bind,	 SYS_listen,	  SYS_accept,
		SYS_accept4,	 SYS_connect,	  SYS_shutdown,
		SYS_getsockname, SYS_getpeername, SYS_setsockopt,
		SYS_getsockopt,
	};

	load(f, offsetof(struct seccomp_data, arch));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0);
	answer(f, NOTIFY); /* a foreign ABI: the supervisor says so */
	load(f, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	put(f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	answer(f, REFUSE(ENOSYS));
#endif
	/* io_uring makes sockets and connects them without a system call. */
	call_always(f, SYS_io_uring_setup, REFUSE(ENOSYS));
	call_always(f, SYS_io_uring_enter, REFUSE(ENOSYS));
	call_always(f, SYS_io_uring_register, REFUSE(ENOSYS));
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		call_always(f, always[i], NOTIFY);
	call_socket(f);
	call_ioctl(f);
	call_addressed(f, SYS_sendto, MSG_FASTOPEN | MSG_MORE);
	call_addressed(f, SYS_recvfrom, MSG_TRUNC | MSG_ERRQUEUE);
	/* Whether an address is in it no argument tells. */
	if (sendmsg)
		call_always(f, SYS_sendmsg, NOTIFY);
	call_flags(f, SYS_sendmsg, 2, MSG_FASTOPEN | MSG_MORE);
	call_flags(f, SYS_sendmmsg, 3, MSG_FASTOPEN);
	call_flags(f, SYS_recvmsg, 2, MSG_TRUNC | MSG_ERRQUEUE);
	call_flags(f, SYS_recvmmsg, 3, MSG_TRUNC | MSG_ERRQUEUE);
	answer(f, NATIVE);
}

static int install(const struct filter *f)
{
	const struct sock_fprog prog = {.len = f->n,
					.filter = (struct sock_filter *)f->op};
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			  SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);

	return fd < 0 ? -errno : (int)fd;
}

int filter_install(bool force_nnp, bool sendmsg)
{
	struct filter f = {.n = 0};
	int fd = -EACCES;

	build(&f, sendmsg);
	/* With CAP_SYS_ADMIN set-user-ID programs keep their power. */
	if (!force_nnp)
		fd = install(&f);
	if (fd == -EACCES) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return -errno;
		fd = install(&f);
	}
	return fd;
}
