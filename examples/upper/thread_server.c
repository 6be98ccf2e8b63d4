/* SPDX-License-Identifier: MIT */
/*
 * The thread server of notes 004: the first thread accepts, one thread serves
 * each client.
 *
 *	thread_server [ADDRESS [PORT [CLIENTS]]]
 *
 * Descriptors belong to the process, not to a thread: the thread that serves
 * closes, and nobody else holds a copy. CLIENTS ends it after so many.
 */
#include <pthread.h>
#include <stdint.h>

#include "upper.h"

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;

	if (serve_upper(fd) < 0)
		perror("client");
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	int listener = listen_at(argc > 1 ? argv[1] : "127.0.0.1",
				 argc > 2 ? argv[2] : "8000", 128);
	const long clients = argc > 3 ? atol(argv[3]) : 0;
	pthread_t *threads = calloc((size_t)clients + 1, sizeof(*threads));
	long n = 0;

	printf("listening at %s\n", own_of(listener));
	fflush(stdout);
	while (clients == 0 || n < clients) {
		pthread_t *thread = &threads[clients ? n : 0];
		int fd = accept(listener, NULL, NULL), err;

		if (fd < 0 && errno == EMFILE) {
			/* Those that are served will give some back. */
			usleep(10000);
			continue;
		}
		if (fd < 0)
			fail("accept");
		err = pthread_create(thread, NULL, serve, (void *)(intptr_t)fd);
		if (err) {
			fprintf(stderr, "thread: %s\n", strerror(err));
			close(fd);
			continue;
		}
		n++;
		if (clients == 0)
			pthread_detach(*thread);
	}
	for (long i = 0; i < clients; i++)
		pthread_join(threads[i], NULL);
	printf("%ld clients served\n", n);
	free(threads);
	return 0;
}
