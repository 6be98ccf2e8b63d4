/* SPDX-License-Identifier: MIT */
/* The kernel's list of UDP sockets, and descriptors that are none. */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/world/udp_list.h"

static void line(void **state)
{
	static const char *const bad[] = {
		"",
		"   sl  local_address rem_address   st tx_queue rx_queue",
		" 1: 0100007F:0035 00000000:0000 07",
		" 1: 01007F:0035 00000000:0000 07 0:0 0:0 0 0 0 1 2 0 0",
		" 1: 0100007F:10035 00000000:0000 07 0:0 0:0 0 0 0 1 2 0 0",
	};
	struct udp_listed one;

	(void)state;
	assert_true(udp_list_read(
		"  281: FFFFFFFF:0035 00000000:0000 07 00000010:00000300 "
		"00:00000000 00000000  1000        0 64073866 2 "
		"000000004f3df1f6 17\n",
		&one));
	assert_int_equal(one.local.port, 53);
	assert_int_equal(one.local.addr.octet[15], 255);
	assert_false(one.is_connected);
	assert_int_equal(one.send_q, 16);
	assert_int_equal(one.recv_q, 768);
	assert_int_equal(one.uid, 1000);
	assert_int_equal(one.inode, 64073866);
	assert_int_equal(one.drops, 17);
	assert_true(udp_list_read(
		" 9: 00000000000000000000000000000000:CC2C "
		"00000000000000000000000000000000:0035 01 0:0 00:0 0 0 0 5 2 "
		"0 0",
		&one));
	assert_true(cn_addr_is_any(&one.local.addr));
	assert_int_equal(one.local.port, 0xcc2c);
	assert_true(one.is_connected);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(udp_list_read(bad[i], &one));
}

static bool count(void *ctx, const struct udp_listed *listed)
{
	unsigned *n = ctx;

	(void)listed;
	++*n;
	return true;
}

/* By its inode: the port may be another socket's, of another address. */
struct sought {
	uint64_t inode;
	uint16_t port;
	unsigned n;
};

static bool seek(void *ctx, const struct udp_listed *listed)
{
	struct sought *sought = ctx;

	if (listed->inode != sought->inode)
		return true;
	assert_int_equal(listed->local.port, sought->port);
	sought->n++;
	return false;
}

/* A long list leaves a line out where another socket is closed between two
 * reads: what is not found is looked for again. */
static enum udp_list_end find(int list, struct sought *sought)
{
	enum udp_list_end end = UDP_LIST_WHOLE;

	for (unsigned i = 0; i < 100 && end == UDP_LIST_WHOLE; i++)
		end = udp_list_each(list, seek, sought);
	return end;
}

static void live(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sought sought = {0};
	socklen_t len = sizeof(in);
	int list = open("/proc/self/net/udp", O_RDONLY | O_CLOEXEC);
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct stat file;

	(void)state;
	if (list < 0)
		skip();
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(sock, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(sock, (struct sockaddr *)&in, &len), 0);
	assert_int_equal(fstat(sock, &file), 0);
	sought.inode = file.st_ino;
	sought.port = ntohs(in.sin_port);
	assert_true(udp_list_is(list));
	/* Again and again: it begins anew. */
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(find(list, &sought), UDP_LIST_STOPPED);
		assert_int_equal(sought.n, i);
	}
	close(sock);
	assert_int_equal(udp_list_each(list, seek, &sought), UDP_LIST_WHOLE);
	close(list);
}

static void none(void **state)
{
	unsigned n = 0;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), pair[2];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(udp_list_each(-1, count, &n), UDP_LIST_FAILED);
	assert_int_equal(udp_list_each(fd, count, &n), UDP_LIST_FAILED);
	assert_int_equal(udp_list_each(pair[0], count, &n), UDP_LIST_FAILED);
	assert_false(udp_list_is(-1));
	assert_false(udp_list_is(fd));
	assert_false(udp_list_is(pair[0]));
	assert_int_equal(n, 0);
	close(pair[0]);
	close(pair[1]);
	close(fd);
}

/* So many are looked at, lines of any length are cut nowhere. */
static void many(void **state)
{
	static const char words[] =
		"%5d: 0100007F:%04X 00000000:0000 07 00000000:00000000 "
		"00:00000000 00000000     0        0 %d 2 000000004f3df1f6 "
		"0            \n";
	char name[] = "/tmp/catenet-udp-list.XXXXXX";
	int fd = mkstemp(name);
	unsigned n = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	for (int i = 0; i < UDP_LIST_MAX; i++)
		assert_true(dprintf(fd, words, i, i, 1000 + i) > 0);
	assert_int_equal(udp_list_each(fd, count, &n), UDP_LIST_WHOLE);
	assert_int_equal(n, UDP_LIST_MAX);
	assert_true(dprintf(fd, words, 1, 1, 1) > 0);
	n = 0;
	assert_int_equal(udp_list_each(fd, count, &n), UDP_LIST_LONGER);
	assert_int_equal(n, UDP_LIST_MAX);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line),
		cmocka_unit_test(live),
		cmocka_unit_test(none),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
