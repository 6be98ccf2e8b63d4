/* SPDX-License-Identifier: MIT */
/*
 * How many connections does one listener accept, and what stops it (row 137)?
 *
 *	count [MOST]
 *
 * The program connects to itself until something says no, or MOST are open,
 * and says what it was. It is never the listener: that number is no property
 * of it, and `backlog` only bounds those that wait to be accepted.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "../net.h"

int main(int argc, char **argv)
{
	const long most = argc > 1 ? atol(argv[1]) : 1000000;
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	const char *stopped = NULL;
	struct rlimit limit;
	long n;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (bind(listener, (struct sockaddr *)&addr, len) < 0 ||
	    listen(listener, 8) < 0)
		fail("listen");
	getsockname(listener, (struct sockaddr *)&addr, &len);
	for (n = 0; n < most; n++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0) {
			stopped = "socket";
			break;
		}
		if (connect(fd, (struct sockaddr *)&addr, len) < 0) {
			stopped = "connect";
			break;
		}
		if (accept(listener, NULL, NULL) < 0) {
			stopped = "accept";
			break;
		}
	}
	printf("listen(8), descriptors allowed: %llu\n",
	       (unsigned long long)limit.rlim_cur);
	if (stopped)
		printf("%ld connections, then %s: %s\n", n, stopped,
		       strerror(errno));
	else
		printf("%ld connections, and nothing stopped it\n", n);
	return 0;
}
