/* SPDX-License-Identifier: MIT */
/*
 * What stands in for libFuzzer in an ordinary build: every file of the corpus
 * directory given, then random inputs from a fixed seed, through one target.
 * It finds what came back, not what is new.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	INPUT_MAX = 1 << 16,
	RANDOM_N = 2000,
	RANDOM_LEN = 512,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* A copy of the exact length, so that a sanitizer sees the first octet past. */
static void try_input(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	for (size_t i = 0; i < len; i++)
		copy[i] = data[i];
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static int replay_corpus(const char *dir_name)
{
	static uint8_t buf[INPUT_MAX];
	DIR *dir = opendir(dir_name);
	struct dirent *ent;
	char path[4096];
	int n = 0;

	if (!dir)
		return 0;
	while ((ent = readdir(dir))) {
		FILE *file;

		if (ent->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir_name, ent->d_name);
		file = fopen(path, "rb");
		if (!file)
			continue;
		try_input(buf, fread(buf, 1, sizeof(buf), file));
		fclose(file);
		n++;
	}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	uint8_t buf[RANDOM_LEN];
	uint64_t state = 1;
	int n = argc > 1 ? replay_corpus(argv[1]) : 0;

	for (int i = 0; i < RANDOM_N; i++) {
		size_t len = splitmix(&state) % (sizeof(buf) + 1);

		for (size_t j = 0; j < len; j++)
			buf[j] = (uint8_t)splitmix(&state);
		try_input(buf, len);
	}
	printf("%d corpus files, %d random inputs\n", n, RANDOM_N);
	return 0;
}
