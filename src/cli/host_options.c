/* SPDX-License-Identifier: MIT */
/* What commands say of hosts. */
#include "cli/host_options.h"

#include <stdio.h>
#include <string.h>

#include <catenet/engine.h>
#include <catenet/host.h>

#include "base/assert.h"
#include "link/units.h"
#include "run/world/options.h"

#define BUFFER_LOW 2048
#define BUFFER_HIGH (1u << 30)

static const char *const cc_name[] = {
	[CN_CC_CUBIC] = "cubic",
	[CN_CC_RENO] = "reno",
	[CN_CC_BBR] = "bbr",
	[CN_CC_N] = NULL,
};

const char *host_option_cc(size_t i)
{
	return cc_name[i < CN_CC_N ? i : CN_CC_N];
}

const char *host_option_count(const char *value, uint64_t low, uint64_t high,
			      uint32_t *to)
{
	uint64_t count;
	const char *why = units_count(value, low, high, &count);

	if (!why)
		*to = (uint32_t)count;
	return why;
}

const char *host_option_buffer(const char *value, uint32_t *to)
{
	uint64_t octets;
	const char *why = units_size(value, &octets);

	if (why)
		return why;
	if (octets < BUFFER_LOW)
		return "too small; at least 2048 octets";
	if (octets > BUFFER_HIGH)
		return "too large; at most 1gb";
	*to = (uint32_t)octets;
	return NULL;
}

static const char *take_cc(const char *value, struct world_options *options)
{
	for (int i = 0; i < CN_CC_N; i++)
		if (!strcmp(value, cc_name[i]))
			return options->cc = i, NULL;
	return "there are cubic, reno and bbr";
}

static const char *take_idle_timeout(const char *value, uint64_t *ns)
{
	const char *why = units_time(value, ns);

	if (why)
		return why;
	if (*ns < 10 * CN_NS_PER_MS)
		return "too short; at least 10ms";
	if (*ns > INT32_MAX * CN_NS_PER_MS)
		return "too long; at most 24 days";
	return NULL;
}

static const char *take_ecn(const char *value, int *to)
{
	uint32_t number = 0;
	const char *why = host_option_count(value, 0, 5, &number);

	*to = (int)number;
	return why;
}

static const char *take_syn_retries(const char *value, int *to)
{
	uint32_t number = 0;
	const char *why = host_option_count(value, 0, 127, &number);

	*to = (int)number;
	return why;
}

/* Any text is a seed; the same text, the same chance. */
static const char *take_seed(const char *value, struct world_options *options)
{
	uint64_t a = UINT64_C(0xcbf29ce484222325), b = ~a;

	for (; *value; value++) {
		a = (a ^ (uint8_t)*value) * UINT64_C(0x100000001b3);
		b = (b ^ a) * UINT64_C(0x9e3779b97f4a7c15);
	}
	memcpy(options->seed, &a, 8);
	memcpy(options->seed + 8, &b, 8);
	options->seeded = true;
	return NULL;
}

const char *host_option(const char *name, const char *value,
			struct world_options *options)
{
	if (!strcmp(name, "seed"))
		return take_seed(value, options);
	if (!strcmp(name, "syn-retries"))
		return take_syn_retries(value, &options->syn_retries);
	if (!strcmp(name, "cc"))
		return take_cc(value, options);
	if (!strcmp(name, "tcp-ecn"))
		return take_ecn(value, &options->ecn);
	if (!strcmp(name, "rmem"))
		return units_mem(value, &options->rmem);
	if (!strcmp(name, "wmem"))
		return units_mem(value, &options->wmem);
	if (!strcmp(name, "sndbuf"))
		return host_option_buffer(value, &options->sndbuf);
	if (!strcmp(name, "rcvbuf"))
		return host_option_buffer(value, &options->rcvbuf);
	if (!strcmp(name, "max-per-client"))
		return host_option_count(value, 1, INT32_MAX,
					 &options->max_per_client);
	if (!strcmp(name, "client-prefix"))
		return host_option_count(value, 1, 128,
					 &options->client_prefix);
	CN_ASSERT(!strcmp(name, "idle-timeout"));
	return take_idle_timeout(value, &options->idle_timeout_ns);
}

static bool differs(const struct cn_mem *mem, const struct cn_mem *usual)
{
	return mem->least != usual->least || mem->initial != usual->initial ||
	       mem->most != usual->most;
}

const char *host_buffers_check(const struct cn_mem *rmem,
			       const struct cn_mem *wmem, uint32_t rcvbuf,
			       uint32_t sndbuf)
{
	struct cn_settings usual;

	cn_settings_default(&usual);
	if (rcvbuf && differs(rmem, &usual.rmem))
		return "--rmem and --rcvbuf: say one of them; buffers of "
		       "--rcvbuf are not tuned";
	if (sndbuf && differs(wmem, &usual.wmem))
		return "--wmem and --sndbuf: say one of them; buffers of "
		       "--sndbuf are not tuned";
	return NULL;
}

const char *host_options_check(const struct world_options *options)
{
	if (options->client_prefix && !options->max_per_client)
		return "--client-prefix needs --max-per-client N, the limit of "
		       "such a client";
	return host_buffers_check(&options->rmem, &options->wmem,
				  options->rcvbuf, options->sndbuf);
}
