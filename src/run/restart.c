/* SPDX-License-Identifier: MIT */
/*
 * A signal's handler leaves a trace: the kernel has saved the registers of the
 * interrupted call below the stack pointer (sigreturn(2)), and whatever is
 * there when the very same call is made again is still what it saved, since
 * nothing has run in between but the handler, above or below it.  So the frame
 * is looked for: the same stack pointer, the same place in the code (or that of
 * the instruction itself, where the kernel makes the call again), the same
 * arguments, and as result the call's own number or EINTR.
 *
 * Handlers with a stack of their own (SA_ONSTACK) leave it elsewhere.  Programs
 * have that for the sake of SIGSEGV, so where it is caught, nothing found means
 * nothing.
 */
#include "run/restart.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "run/task.h"

/* Linux's frame is some 3 KiB, and 11 more where the processor has AMX. */
#define PAGE 4096u
#define PAGES 6u
#define WORDS (PAGES * PAGE / 8)

#if defined(__x86_64__)
/* In struct sigcontext, from sp: di si bp bx dx ax cx sp ip. */
enum { AT_ARG0 = -7, AT_ARG1 = -6, AT_ARG2 = -3, AT_RESULT = -2, AT_NR = -2 };
#define INSTRUCTION 2
#elif defined(__aarch64__)
/* x0 to x30, sp, pc; the result takes the place of the first argument. */
enum {
	AT_ARG0 = -31,
	AT_ARG1 = -30,
	AT_ARG2 = -29,
	AT_RESULT = -31,
	AT_NR = -23
};
#define INSTRUCTION 4
#endif
#define BEFORE 31 /* words at most before sp */

/* Where a sleeping task is (proc_pid_syscall(5)). */
static bool where_is(pid_t tid, int nr, uint64_t *sp, uint64_t *pc)
{
	char text[256];
	char *at;

	if (task_file(tid, "syscall", text, sizeof(text)))
		return false;
	if (strtol(text, &at, 10) != nr || at == text)
		return false;
	for (int i = 0; i < 6; i++)
		(void)strtoull(at, &at, 16);
	*sp = strtoull(at, &at, 16);
	*pc = strtoull(at, &at, 16);
	return *sp != 0 && *pc != 0;
}

/* The words below sp, the highest last; how many of them there are. */
static size_t read_below(pid_t tid, uint64_t sp, uint64_t word[WORDS])
{
	struct iovec here[PAGES], there[PAGES];
	uint64_t top = sp & ~UINT64_C(7);
	size_t left = WORDS * 8;
	unsigned n = 0;
	ssize_t got;

	/* From the top down: what lies deeper may not be there. */
	while (n < PAGES && left > 0 && top > PAGE) {
		size_t len = (top - 1) % PAGE + 1;

		if (len > left)
			len = left;
		top -= len;
		left -= len;
		here[n].iov_base = (char *)word + left;
		here[n].iov_len = len;
		there[n].iov_base = (void *)(uintptr_t)top;
		there[n++].iov_len = len;
	}
	got = process_vm_readv(tid, here, n, there, n, 0);
	return got > 0 ? (size_t)got / 8 : 0;
}

static enum restart is_frame(const uint64_t *at, int nr, const uint64_t args[3],
			     uint64_t pc)
{
	const uint64_t eintr = (uint64_t)(int64_t)-EINTR;
	const bool again = at[1] == pc - INSTRUCTION &&
			   at[AT_NR] == (uint64_t)nr && at[AT_ARG0] == args[0];
	const bool told = at[1] == pc && at[AT_RESULT] == eintr &&
			  (AT_RESULT == AT_ARG0 || at[AT_ARG0] == args[0]);

	if (at[AT_ARG1] != args[1] || at[AT_ARG2] != args[2])
		return RESTART_NO;
	if (again)
		return RESTART_YES;
	return told ? RESTART_TOLD : RESTART_NO;
}

static enum restart find_frame(pid_t tid, int nr, const uint64_t args[3],
			       uint64_t sp, uint64_t pc)
{
	uint64_t *word = malloc(WORDS * 8);
	size_t n = word ? read_below(tid, sp, word) : 0;
	enum restart found = RESTART_NO;

	/* The last two are the red zone's at the earliest. */
	for (size_t i = WORDS - n + BEFORE; i + 1 < WORDS && !found; i++)
		if (word[i] == sp)
			found = is_frame(word + i, nr, args, pc);
	free(word);
	return found;
}

enum restart restart_look(pid_t tid, int nr, const uint64_t args[3])
{
	uint64_t sp, pc;
	const uint64_t caught = task_caught(tid);
	enum restart found;

	if (!caught)
		return RESTART_NO;
	if (!where_is(tid, nr, &sp, &pc))
		return RESTART_UNKNOWN;
	found = find_frame(tid, nr, args, sp, pc);
	if (found != RESTART_NO)
		return found;
	return caught >> (SIGSEGV - 1) & 1 ? RESTART_UNKNOWN : RESTART_NO;
}
