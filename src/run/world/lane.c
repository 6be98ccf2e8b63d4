/* SPDX-License-Identifier: MIT */
/* One way through the described network. */
#include "run/world/lane.h"

#include <string.h>

#include "run/world/alias.h"
#include "wire/glance.h"

int lane_init(struct lane *lane, const struct lane_config *config)
{
	struct cn_path_config path = {
		.pool = config->pool,
		.impair = *config->impair,
		.mtu = config->mtu,
		.direction = config->direction == 'l' ? 0 : config->direction,
	};
	int rc;

	memset(lane, 0, sizeof(*lane));
	lane->options = config->options;
	lane->alias = config->alias;
	lane->direction = config->direction;
	memcpy(path.seed, config->seed, sizeof(path.seed));
	/* Loopback is one path: what is up there? Every rule is its rule. */
	if (config->direction != 'l' || config->options->impair_loopback)
		path.drop = config->options->drop;
	rc = cn_path_new(&path, &config->sink, &lane->impaired, NULL);
	if (rc || !config->options->only)
		return rc;
	memset(&path.impair, 0, sizeof(path.impair));
	path.drop = NULL;
	return cn_path_new(&path, &config->sink, &lane->clean, NULL);
}

void lane_deinit(struct lane *lane)
{
	if (lane->impaired)
		cn_path_free(lane->impaired);
	if (lane->clean)
		cn_path_free(lane->clean);
	memset(lane, 0, sizeof(*lane));
}

/* Is the far end of this packet one that --only names?  Upwards it is the
 * destination, downwards the source. */
static bool is_chosen(const struct lane *lane, const struct cn_frame *frame)
{
	const struct world_options *opt = lane->options;
	bool up = lane->direction != 'd';
	struct glance glance;
	struct cn_addr far;
	uint16_t port;

	glance_at(&glance, frame);
	if (!glance.version)
		return false;
	far = up ? glance_dst(&glance) : glance_src(&glance);
	far = alias_real(lane->alias, &far);
	port = up ? glance.dst_port : glance.src_port;
	if (opt->only_port && port != opt->only_port)
		return false;
	for (unsigned i = 0; i < opt->only_n; i++)
		if (cn_addr_equal(&opt->only_addr[i], &far))
			return true;
	return false;
}

void lane_send(struct lane *lane, struct cn_frame *frame, uint64_t now)
{
	struct cn_path *path = lane->impaired;

	if (lane->clean && !is_chosen(lane, frame))
		path = lane->clean;
	(void)cn_path_send(path, frame, now);
}

static bool recv_any(struct lane *lane, struct cn_frame *frame, uint64_t now)
{
	if (cn_path_recv(lane->impaired, frame, now))
		return true;
	return lane->clean && cn_path_recv(lane->clean, frame, now);
}

bool lane_recv(struct lane *lane, struct cn_frame *frame, uint64_t now)
{
	while (recv_any(lane, frame, now))
		if (!lane->catch || !lane->catch (lane->catch_ctx, frame, now))
			return true;
	return false;
}

uint64_t lane_deadline(const struct lane *lane)
{
	uint64_t at = cn_path_deadline(lane->impaired);
	uint64_t clean = lane->clean ? cn_path_deadline(lane->clean) : CN_NEVER;

	return at < clean ? at : clean;
}

void lane_stats(const struct lane *lane, struct cn_path_stats *stats)
{
	struct cn_path_stats more;

	cn_path_stats(lane->impaired, stats);
	if (!lane->clean)
		return;
	cn_path_stats(lane->clean, &more);
	stats->packets += more.packets;
	stats->octets += more.octets;
	stats->delivered += more.delivered;
	stats->queued += more.queued;
}
