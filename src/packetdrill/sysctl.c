/* SPDX-License-Identifier: MIT */
/*
 * Linux's sysctls: what /proc/sys/net of the network namespace says, as the
 * settings of the host.  They are read again whenever a socket may need them,
 * since scripts write them at any time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/hub.h"
#include "packetdrill/drill.h"

/* The text of a sysctl, or false. */
static bool text_of(const char *name, char *text, size_t size)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	syscall(SYS_close, fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

/* Up to n numbers: how many there are. */
static int numbers(const char *name, uint64_t *value, int n)
{
	char text[256], *at = text, *end;
	int got = 0;

	if (!text_of(name, text, sizeof(text)))
		return 0;
	while (got < n) {
		value[got] = strtoull(at, &end, 0);
		if (end == at)
			break;
		at = end;
		got++;
	}
	return got;
}

static void read_u8(const char *name, uint8_t *to)
{
	uint64_t value;

	if (numbers(name, &value, 1))
		*to = value < UINT8_MAX ? (uint8_t)value : UINT8_MAX;
}

static void read_u16(const char *name, uint16_t *to)
{
	uint64_t value;

	if (numbers(name, &value, 1))
		*to = value < UINT16_MAX ? (uint16_t)value : UINT16_MAX;
}

static void read_bool(const char *name, bool *to)
{
	uint64_t value;

	if (numbers(name, &value, 1))
		*to = value != 0;
}

static void read_seconds(const char *name, uint64_t *to_ns)
{
	uint64_t value;

	if (numbers(name, &value, 1))
		*to_ns = value * CN_NS_PER_SEC;
}

static struct cn_mem mem_of(const uint64_t three[3])
{
	return (struct cn_mem){
		.least = (uint32_t)three[0],
		.initial = (uint32_t)three[1],
		.most = (uint32_t)three[2],
	};
}

static void read_memory(struct cn_settings *set, struct linux_limits *limits)
{
	uint64_t three[3];

	if (numbers("ipv4/tcp_rmem", three, 3) == 3)
		set->rmem = mem_of(three);
	if (numbers("ipv4/tcp_wmem", three, 3) == 3)
		set->wmem = mem_of(three);
	if (numbers("core/rmem_max", three, 1))
		limits->rmem_max = (uint32_t)three[0];
	if (numbers("core/wmem_max", three, 1))
		limits->wmem_max = (uint32_t)three[0];
}

/* Linux's default is the largest number there is, which is none. */
static void read_lowat(struct cn_settings *set)
{
	uint64_t value;

	if (numbers("ipv4/tcp_notsent_lowat", &value, 1))
		set->notsent_lowat = value < UINT32_MAX ? (uint32_t)value : 0;
}

static void read_retries(struct cn_settings *set)
{
	read_u8("ipv4/tcp_syn_retries", &set->syn_retries);
	read_u8("ipv4/tcp_synack_retries", &set->synack_retries);
	read_u8("ipv4/tcp_retries1", &set->retries1);
	read_u8("ipv4/tcp_retries2", &set->retries2);
	read_u8("ipv4/tcp_orphan_retries", &set->orphan_retries);
	if (!set->orphan_retries)
		set->orphan_retries = 8;
	read_seconds("ipv4/tcp_fin_timeout", &set->fin_wait2_ns);
	read_seconds("ipv4/tcp_keepalive_time", &set->keepalive_idle_ns);
	read_seconds("ipv4/tcp_keepalive_intvl", &set->keepalive_interval_ns);
	read_u8("ipv4/tcp_keepalive_probes", &set->keepalive_probes);
}

static void read_options(struct cn_settings *set)
{
	char text[64];

	read_bool("ipv4/tcp_timestamps", &set->timestamps);
	read_bool("ipv4/tcp_sack", &set->sack);
	read_bool("ipv4/tcp_window_scaling", &set->window_scaling);
	read_u8("ipv4/tcp_syncookies", &set->syncookies);
	read_u8("ipv4/tcp_ecn", &set->ecn);
	read_u8("ipv4/tcp_min_tso_segs", &set->tso_min_segs);
	if (text_of("ipv4/tcp_congestion_control", text, sizeof(text)))
		set->cc = strncmp(text, "reno", 4) ? CN_CC_CUBIC : CN_CC_RENO;
}

static void read_recovery(struct cn_settings *set)
{
	read_u8("ipv4/tcp_recovery", &set->recovery);
	read_u8("ipv4/tcp_early_retrans", &set->early_retrans);
	read_u8("ipv4/tcp_frto", &set->frto);
	read_bool("ipv4/tcp_slow_start_after_idle",
		  &set->slow_start_after_idle);
	read_u8("ipv4/tcp_mtu_probing", &set->mtu_probing);
	read_u16("ipv4/tcp_base_mss", &set->base_mss);
	read_u16("ipv4/tcp_mtu_probe_floor", &set->mtu_probe_floor);
}

/* One or two keys of four words. */
static void read_keys(struct cn_settings *set)
{
	char text[128];
	unsigned w[8];
	int n;

	if (!text_of("ipv4/tcp_fastopen_key", text, sizeof(text)))
		return;
	n = sscanf(text, "%x-%x-%x-%x,%x-%x-%x-%x", &w[0], &w[1], &w[2], &w[3],
		   &w[4], &w[5], &w[6], &w[7]);
	set->fastopen_key_n = n > 0 ? (uint8_t)(n / 4) : 0;
	for (int i = 0; i < n / 4 * 16; i++)
		set->fastopen_key[i / 16][i % 16] =
			(uint8_t)(w[i / 4] >> 8 * (i % 4));
}

static void read_fast_open(struct cn_settings *set)
{
	uint64_t value;

	if (numbers("ipv4/tcp_fastopen", &value, 1))
		set->fastopen = (uint16_t)(value & 0x607);
	read_keys(set);
	read_seconds("ipv4/tcp_fastopen_blackhole_timeout_sec",
		     &set->fastopen_blackhole_ns);
}

void drill_sysctls(struct drill *drill)
{
	struct cn_settings set = drill->set;
	struct linux_limits limits = drill->stack->limits;
	struct cn_host *host;

	drill_netdev(drill);
	read_memory(&set, &limits);
	read_lowat(&set);
	read_retries(&set);
	read_options(&set);
	read_recovery(&set);
	read_fast_open(&set);
	host = cn_stack_lock(drill->stack);
	drill->stack->limits = limits;
	if (cn_host_retune(host, &set))
		fprintf(stderr, "sysctls: a host refuses such settings\n");
	cn_stack_unlock(drill->stack);
}
