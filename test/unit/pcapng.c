/* SPDX-License-Identifier: MIT */
/* Captures are well formed, and Wireshark agrees. */
#include "packets.h"

#include <stdio.h>
#include <unistd.h>

#include "link/capture_file.h"
#include "link/pcapng.h"

struct memory {
	uint8_t *p;
	size_t len, writes, longest;
	int err;
};

static int to_memory(void *ctx, const void *data, size_t len)
{
	struct memory *memory = ctx;

	if (memory->err)
		return memory->err;
	memory->p = realloc(memory->p, memory->len + len);
	assert_non_null(memory->p);
	memcpy(memory->p + memory->len, data, len);
	memory->len += len;
	memory->writes++;
	if (len > memory->longest)
		memory->longest = len;
	return CN_OK;
}

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static uint32_t le16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

/* The next block; asserts that both its lengths agree. */
static const uint8_t *next_block(const struct memory *memory, size_t *at,
				 uint32_t *type, uint32_t *len)
{
	const uint8_t *p = memory->p + *at;

	if (*at == memory->len)
		return NULL;
	assert_true(memory->len - *at >= 12);
	*type = le32(p);
	*len = le32(p + 4);
	assert_int_equal(*len % 4, 0);
	assert_true(*len >= 12 && *len <= memory->len - *at);
	assert_int_equal(le32(p + *len - 4), *len);
	*at += *len;
	return p;
}

/* The value of an option, or NULL; asserts that the list ends as it must. */
static const uint8_t *find_option(const uint8_t *p, const uint8_t *end,
				  unsigned code, uint32_t *len)
{
	const uint8_t *found = NULL;

	for (;;) {
		uint32_t n;

		assert_true(end - p >= 4);
		n = le16(p + 2);
		if (le16(p) == 0) {
			assert_int_equal(n, 0);
			assert_ptr_equal(p + 4, end);
			return found;
		}
		if (le16(p) == code) {
			found = p + 4;
			*len = n;
		}
		p += 4 + ((n + 3) & ~3u);
	}
}

static void expect_option(const uint8_t *block, uint32_t block_len,
			  uint32_t fixed, unsigned code, const char *want)
{
	uint32_t len = 0;
	const uint8_t *value =
		find_option(block + fixed, block + block_len - 4, code, &len);

	if (!want) {
		assert_null(value);
		return;
	}
	assert_non_null(value);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(value, want, len);
}

static struct pcapng *open_memory(struct cn_pool *pool, struct memory *memory)
{
	const struct pcapng_sink sink = {to_memory, memory};
	struct pcapng *pcapng;
	uint32_t id;

	assert_int_equal(pcapng_new(pool, &sink, "catenet test", &pcapng),
			 CN_OK);
	assert_int_equal(pcapng_interface(pcapng, "path", "the path up", &id),
			 CN_OK);
	assert_int_equal(id, 0);
	assert_int_equal(pcapng_interface(pcapng, "lo", NULL, &id), CN_OK);
	assert_int_equal(id, 1);
	return pcapng;
}

static void blocks_are_as_the_draft_says(void **state)
{
	static const struct packet shape = {.data_len = 333};
	const struct pcapng_about about = {.time_ns = 1700000000123456789u,
					   .interface = 1,
					   .way = PCAPNG_OUT,
					   .comment = "lost by the path"};
	struct cn_pool *pool = test_pool();
	struct memory memory = {0};
	struct pcapng *pcapng = open_memory(pool, &memory);
	struct cn_frame frame = make_packet(pool, &shape);
	uint8_t wire[400];
	uint32_t type, len, wire_len = wire_octets(&frame, wire);
	const uint8_t *p;
	size_t at = 0;

	(void)state;
	assert_int_equal(pcapng_packet(pcapng, &frame, &about), CN_OK);
	assert_int_equal(memory.len, 0);
	assert_int_equal(pcapng_flush(pcapng), CN_OK);

	p = next_block(&memory, &at, &type, &len);
	assert_int_equal(type, 0x0a0d0d0a);
	assert_int_equal(le32(p + 8), 0x1a2b3c4d);
	assert_int_equal(le32(p + 12), 1);
	expect_option(p, len, 24, 4, "catenet test");

	p = next_block(&memory, &at, &type, &len);
	assert_int_equal(type, 1);
	assert_int_equal(le32(p + 8), 101);
	expect_option(p, len, 16, 2, "path");
	expect_option(p, len, 16, 3, "the path up");
	expect_option(p, len, 16, 9, "\x09");
	p = next_block(&memory, &at, &type, &len);
	assert_int_equal(type, 1);
	expect_option(p, len, 16, 2, "lo");
	expect_option(p, len, 16, 3, NULL);

	p = next_block(&memory, &at, &type, &len);
	assert_int_equal(type, 6);
	assert_int_equal(le32(p + 8), 1);
	assert_true(((uint64_t)le32(p + 12) << 32 | le32(p + 16)) ==
		    about.time_ns);
	assert_int_equal(le32(p + 20), wire_len);
	assert_int_equal(le32(p + 24), wire_len);
	assert_memory_equal(p + 28, wire, wire_len);
	expect_option(p, len, 28 + ((wire_len + 3) & ~3u), 1,
		      "lost by the path");
	assert_null(next_block(&memory, &at, &type, &len));

	cn_frame_release(&frame);
	pcapng_free(pcapng);
	free(memory.p);
	pool_is_empty(pool);
}

static uint32_t comment_len(const char *comment)
{
	static const struct packet shape = {.data_len = 1};
	const struct pcapng_about about = {.comment = comment};
	struct cn_pool *pool = test_pool();
	struct memory memory = {0};
	struct pcapng *pcapng = open_memory(pool, &memory);
	struct cn_frame frame = make_packet(pool, &shape);
	uint32_t type, block_len, len = 0;
	const uint8_t *p;
	size_t at = 0;

	assert_int_equal(pcapng_packet(pcapng, &frame, &about), CN_OK);
	assert_int_equal(pcapng_flush(pcapng), CN_OK);
	while ((p = next_block(&memory, &at, &type, &block_len)))
		if (type == 6)
			find_option(p + 28 + 44, p + block_len - 4, 1, &len);
	cn_frame_release(&frame);
	pcapng_free(pcapng);
	free(memory.p);
	pool_is_empty(pool);
	return len;
}

static void long_comment_ends_between_characters(void **state)
{
	static char text[PCAPNG_COMMENT_MAX + 10];

	(void)state;
	memset(text, 'x', PCAPNG_COMMENT_MAX);
	assert_int_equal(comment_len(text), PCAPNG_COMMENT_MAX);
	memcpy(text + PCAPNG_COMMENT_MAX - 2, "\xe4\xb8\xad", 3);
	assert_int_equal(comment_len(text), PCAPNG_COMMENT_MAX - 2);
	assert_int_equal(comment_len(""), 0);
}

static void buffer_is_bounded_and_errors_stay(void **state)
{
	static const struct packet shape = {.data_len = 65000, .slice_n = 9};
	struct pcapng_about about = {0};
	struct cn_pool *pool = test_pool();
	struct memory memory = {0};
	struct pcapng *pcapng = open_memory(pool, &memory);
	struct cn_frame frame = make_packet(pool, &shape);
	unsigned i;

	(void)state;
	for (i = 0; i < 50; i++)
		assert_int_equal(pcapng_packet(pcapng, &frame, &about), CN_OK);
	assert_true(memory.longest < 200000);
	assert_true(memory.writes > 20);
	about.interface = 2;
	assert_int_equal(pcapng_packet(pcapng, &frame, &about), CN_E_NOLINK);
	about.interface = 0;
	memory.err = CN_E_PIPE;
	assert_int_equal(pcapng_flush(pcapng), CN_E_PIPE);
	memory.err = CN_OK;
	assert_int_equal(pcapng_packet(pcapng, &frame, &about), CN_E_PIPE);
	assert_int_equal(pcapng_flush(pcapng), CN_E_PIPE);
	cn_frame_release(&frame);
	pcapng_free(pcapng);
	free(memory.p);
	pool_is_empty(pool);
}

/* ------------------------------------------------------------ tshark -- */

static void write_capture(const char *path)
{
	static const struct {
		struct packet shape;
		struct pcapng_about about;
	} row[] = {
		{{.data_len = 0, .flags = TCP_SYN},
		 {1700000000000000001u, 0, PCAPNG_OUT, "first"}},
		{{.data_len = 4000, .seg_size = 1448, .slice_n = 3},
		 {1700000000000000002u, 0, PCAPNG_IN, "super"}},
		{{.data_len = 50, .version = 6},
		 {1700000000000000003u, 1, PCAPNG_OUT, "\xe4\xb8\xad"}},
		{{.data_len = 50, .is_complete = true, .in_slice = true},
		 {1700000000000000004u, 1, PCAPNG_UNKNOWN, NULL}},
	};
	struct cn_pool *pool = test_pool();
	struct capture_file file;
	const struct pcapng_sink sink = {capture_file_write, &file};
	struct pcapng *pcapng;
	uint32_t id;
	size_t i;

	assert_int_equal(capture_file_open(&file, path), 0);
	assert_int_equal(pcapng_new(pool, &sink, "catenet", &pcapng), CN_OK);
	assert_int_equal(pcapng_interface(pcapng, "up", NULL, &id), CN_OK);
	assert_int_equal(pcapng_interface(pcapng, "down", NULL, &id), CN_OK);
	for (i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct cn_frame frame = make_packet(pool, &row[i].shape);

		assert_int_equal(pcapng_packet(pcapng, &frame, &row[i].about),
				 CN_OK);
		cn_frame_release(&frame);
	}
	assert_int_equal(pcapng_flush(pcapng), CN_OK);
	assert_int_equal(capture_file_close(&file), 0);
	pcapng_free(pcapng);
	pool_is_empty(pool);
}

static void tshark_finds_nothing_wrong(void **state)
{
	static const char *const want[] = {
		"up,first,1700000000.000000001,1,1,0,\n",
		"up,super,1700000000.000000002,1,1,1448,\n",
		"up,super,1700000000.000000002,1,1,1448,\n",
		"up,super,1700000000.000000002,1,1,1104,\n",
		"down,\xe4\xb8\xad,1700000000.000000003,,1,50,\n",
		"down,,1700000000.000000004,1,1,50,\n",
	};
	char path[] = "/tmp/catenet-pcapng-XXXXXX", command[600], line[300];
	int fd = mkstemp(path);
	FILE *tshark;
	size_t i;

	(void)state;
	if (system("command -v tshark >/dev/null 2>&1") != 0) {
		print_message("# tshark is not installed\n");
		skip();
	}
	assert_true(fd >= 0);
	close(fd);
	write_capture(path);
	snprintf(command, sizeof(command),
		 "LC_ALL=C.UTF-8 tshark -r %s -o ip.check_checksum:TRUE "
		 "-o tcp.check_checksum:TRUE -T fields -E separator=, "
		 "-e frame.interface_name -e frame.comment -e frame.time_epoch "
		 "-e ip.checksum.status -e tcp.checksum.status -e tcp.len "
		 "-e _ws.malformed 2>/dev/null",
		 path);
	tshark = popen(command, "r");
	assert_non_null(tshark);
	for (i = 0; i < sizeof(want) / sizeof(*want); i++) {
		assert_non_null(fgets(line, sizeof(line), tshark));
		assert_string_equal(line, want[i]);
	}
	assert_null(fgets(line, sizeof(line), tshark));
	assert_int_equal(pclose(tshark), 0);
	unlink(path);
}

static void unwritable_capture_says_why(void **state)
{
	struct capture_file file;
	const uint8_t data[1] = {0};

	(void)state;
	assert_true(capture_file_open(&file, "/nowhere/x.pcapng") < 0);
	assert_int_equal(capture_file_open(&file, "/dev/full"), 0);
	assert_int_equal(capture_file_write(&file, data, 1), CN_E_PIPE);
	assert_true(file.saved_errno != 0);
	assert_int_equal(capture_file_close(&file), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_as_the_draft_says),
		cmocka_unit_test(long_comment_ends_between_characters),
		cmocka_unit_test(buffer_is_bounded_and_errors_stay),
		cmocka_unit_test(tshark_finds_nothing_wrong),
		cmocka_unit_test(unwritable_capture_says_why),
	};

	return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
