/* SPDX-License-Identifier: MIT */
/*
 * What a hostile program may try against its supervisor, one try a word:
 * "refused" or an errno where it must fail, "OPEN" where it got through.
 * escape race PORT N: connects N times, while another thread keeps changing
 * the address from 127.0.0.1:PORT to what connect would refuse; a connection
 * to anything but one of the two is an escape.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *what, long result)
{
	printf("%s %s\n", what, result >= 0 ? "OPEN" : strerrorname_np(errno));
	fflush(stdout);
}

/* The supervisor is our first ancestor that is not one of us. */
static void try_supervisor(pid_t pid)
{
	char path[64], octet;
	struct iovec here = {&octet, 1}, there = {(void *)&errno, 1};
	long attached;
	int pidfd;

	attached = ptrace(PTRACE_ATTACH, pid, 0, 0);
	tell("supervisor ptrace", attached);
	/* Where it may be (root's), it shall not stay stopped. */
	if (attached == 0 && waitpid(pid, NULL, __WALL) == pid)
		ptrace(PTRACE_DETACH, pid, 0, 0);
	tell("supervisor memory",
	     process_vm_readv(pid, &here, 1, &there, 1, 0));
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	tell("supervisor mem file", open(path, O_RDWR));
	snprintf(path, sizeof(path), "/proc/%d/fd/3", pid);
	tell("supervisor descriptors", open(path, O_RDWR));
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	tell("supervisor getfd", syscall(SYS_pidfd_getfd, pidfd, 3, 0));
}

static void tries(void)
{
	char params[256] = {0};
	int s = socket(AF_INET, SOCK_STREAM, 0), domain = 0;
	socklen_t len = sizeof(domain);

	tell("io_uring", syscall(SYS_io_uring_setup, 4, params));
	tell("mptcp", socket(AF_INET, SOCK_STREAM, 262));
	tell("sctp", socket(AF_INET, SOCK_STREAM, 132));
	tell("sctp seqpacket", socket(AF_INET, SOCK_SEQPACKET, 132));
	tell("smc", socket(43, SOCK_STREAM, 0));
	tell("high bits",
	     syscall(SYS_socket, 2 | 0x100000000L, 1 | 0x100000000L, 99));
#if defined(__x86_64__)
	tell("x32", syscall(SYS_socket | 0x40000000, AF_INET, SOCK_STREAM, 0));
#endif
	/* High halves of int arguments mean nothing to the kernel: this is
	 * one of ours. */
	s = (int)syscall(SYS_socket, 2 | 0x500000000L, 1 | 0x500000000L,
			 0x500000000L);
	printf("disguised %d\n", s >= 0);
	getsockopt(s, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	printf("disguised domain %d\n", domain);
	fflush(stdout);
	try_supervisor(getppid());
}

static struct sockaddr_in shared;
static volatile bool done;

static void *flip(void *arg)
{
	volatile struct sockaddr_in *addr = &shared;
	const in_port_t port = *(in_port_t *)arg;

	while (!done) {
		addr->sin_port = htons(1);
		addr->sin_addr.s_addr = htonl(0xe0000001); /* multicast */
		addr->sin_port = port;
		addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	return NULL;
}

static int race(int port, long n)
{
	in_port_t net = htons((uint16_t)port);
	long ok = 0, wrong = 0;
	pthread_t thread;

	shared = (struct sockaddr_in){.sin_family = AF_INET,
				      .sin_port = net,
				      .sin_addr = {htonl(INADDR_LOOPBACK)}};
	pthread_create(&thread, NULL, flip, &net);
	for (long i = 0; i < n; i++) {
		struct sockaddr_in peer = {0};
		socklen_t len = sizeof(peer);
		const struct linger now = {1, 0};
		int s = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(s, (struct sockaddr *)&shared, sizeof(shared)) ==
		    0) {
			ok++;
			getpeername(s, (struct sockaddr *)&peer, &len);
			wrong += peer.sin_port != net ||
				 peer.sin_addr.s_addr != htonl(INADDR_LOOPBACK);
		}
		setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(s);
	}
	done = true;
	pthread_join(thread, NULL);
	printf("connected %s wrong %ld\n", ok > 0 ? "some" : "none", wrong);
	return wrong != 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "race") == 0)
		return race(atoi(argv[2]), atol(argv[3]));
	tries();
	return 0;
}
