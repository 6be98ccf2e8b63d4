/* SPDX-License-Identifier: MIT */
/*
 * The echo server as any program would have it, with blocking calls and a
 * thread for each client; only that the stack below is ours, over TUN.
 *
 *	posix_server cat0 10.9.0.2 7
 *	ip link set cat0 up; ip addr add 10.9.0.1/24 dev cat0
 *	nc 10.9.0.2 7
 */
#include <catenet/posix.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *echo(void *ctx)
{
	int fd = (int)(intptr_t)ctx;
	char data[16384];
	ssize_t n;

	while ((n = cn_read(fd, data, sizeof(data))) > 0)
		if (cn_send_all(fd, data, (size_t)n))
			break;
	cn_close(fd);
	return NULL;
}

static int server(struct cn_stack *stack, int port)
{
	struct sockaddr_in any;
	int fd = cn_socket(stack, AF_INET, SOCK_STREAM, 0), on = 1;

	memset(&any, 0, sizeof(any));
	any.sin_family = AF_INET;
	any.sin_port = htons((uint16_t)port);
	cn_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (cn_bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    cn_listen(fd, 128)) {
		perror("listen");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "cat0";
	const char *address = argc > 2 ? argv[2] : "10.9.0.2";
	int port = argc > 3 ? atoi(argv[3]) : 7;
	struct cn_stack *stack;
	pthread_t thread;
	char why[200], prefix[64];
	int link, fd, client;

	snprintf(prefix, sizeof(prefix), "%s/24", address);
	if (cn_stack_new(NULL, &stack)) {
		perror("cn_stack_new");
		return 1;
	}
	link = cn_stack_tun(stack, name, why, sizeof(why));
	if (link < 0 || cn_stack_addr(stack, link, prefix)) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	fd = server(stack, port);
	printf("%s: echo at %s port %d\n", name, address, port);
	fflush(stdout);
	while ((client = cn_accept(fd, NULL, NULL)) >= 0) {
		pthread_create(&thread, NULL, echo, (void *)(intptr_t)client);
		pthread_detach(thread);
	}
	return 1;
}
