/* SPDX-License-Identifier: MIT */
/* Captures of a network.  Interfaces have the names that the nodes give them;
 * segments are captured as Ethernet, everything else as IP. */
#include <stdlib.h>
#include <string.h>

#include "link/pcapng.h"
#include "run/network/network_parts.h"

#define COMMENT_MAX 600
#define NO_INTERFACE UINT32_MAX

struct network_tap {
	struct list node; /* network->taps */
	struct network *network;
	int of_node, of_link; /* -1: any */
	struct pcapng *pcapng;
	uint64_t epoch_ns;
	uint32_t loopback;
	int err; /* of what failed first */
	uint32_t interface[]; /* of each wire, or NO_INTERFACE */
};

/* -------------------------------------------------------------- opening -- */

static int name_interface(struct network_tap *tap, const struct wire *wire,
			  uint32_t *interface)
{
	const struct plan *plan = tap->network->plan;
	const struct plan_link *link =
		plan_link(plan, (unsigned)wire->end->link);
	char name[PLAN_NAME + 20], short_name[16], about[2 * PLAN_NAME + 8];

	plan_interface(wire->end, short_name);
	snprintf(about, sizeof(about), "%s on %s",
		 plan_node(plan, (unsigned)wire->end->node)->name, link->name);
	if (tap->of_node >= 0)
		snprintf(name, sizeof(name), "%s", short_name);
	else
		snprintf(name, sizeof(name), "%s:%s",
			 plan_node(plan, (unsigned)wire->end->node)->name,
			 short_name);
	if (link->segment)
		return pcapng_interface_ethernet(tap->pcapng, name, about,
						 interface);
	return pcapng_interface(tap->pcapng, name, about, interface);
}

static bool is_tapped(const struct network_tap *tap, const struct wire *wire)
{
	if (tap->of_node >= 0)
		return wire->end->node == tap->of_node;
	return tap->of_link < 0 || wire->end->link == tap->of_link;
}

static int begin(struct network_tap *tap,
		 const struct network_tap_config *config)
{
	struct network *network = tap->network;
	const struct pcapng_sink sink = {config->write, config->ctx};
	int rc = pcapng_new(network->config.pool, &sink, "catenet",
			    &tap->pcapng);

	for (unsigned i = 0; i < network->wire_n; i++) {
		tap->interface[i] = NO_INTERFACE;
		if (!rc && is_tapped(tap, &network->wire[i]))
			rc = name_interface(tap, &network->wire[i],
					    &tap->interface[i]);
	}
	tap->loopback = NO_INTERFACE;
	if (!rc && tap->of_node >= 0)
		rc = pcapng_interface(tap->pcapng, "lo",
				      "from the host to itself",
				      &tap->loopback);
	return rc ? rc : pcapng_flush(tap->pcapng);
}

static bool find(struct network_tap *tap,
		 const struct network_tap_config *config, char *why)
{
	const struct plan *plan = tap->network->plan;

	tap->of_node = config->node ? plan_find_node(plan, config->node) : -1;
	tap->of_link = config->link ? plan_find_link(plan, config->link) : -1;
	if (config->node && tap->of_node < 0) {
		snprintf(why, PLAN_WHY, "no host or router is called %.60s",
			 config->node);
		return false;
	}
	if (config->link && tap->of_link < 0) {
		snprintf(why, PLAN_WHY, "no link is called %.60s",
			 config->link);
		return false;
	}
	return true;
}

const char *network_tap_open(struct network *network,
			     const struct network_tap_config *config,
			     struct network_tap **out, char why[PLAN_WHY])
{
	struct network_tap *tap = calloc(
		1, sizeof(*tap) + network->wire_n * sizeof(tap->interface[0]));

	*out = NULL;
	if (!tap) {
		snprintf(why, PLAN_WHY, "no memory");
		return why;
	}
	tap->network = network;
	tap->epoch_ns = config->epoch_ns;
	if (!find(tap, config, why)) {
		free(tap);
		return why;
	}
	if (begin(tap, config)) {
		snprintf(why, PLAN_WHY, "the capture cannot be written");
		pcapng_free(tap->pcapng);
		free(tap);
		return why;
	}
	list_add_tail(&network->taps, &tap->node);
	*out = tap;
	return NULL;
}

static int keep_error(struct network_tap *tap, int rc)
{
	if (rc && !tap->err)
		tap->err = rc;
	return tap->err;
}

int network_tap_flush(struct network_tap *tap)
{
	return tap->err ? tap->err : keep_error(tap, pcapng_flush(tap->pcapng));
}

int network_tap_close(struct network_tap *tap)
{
	int err = network_tap_flush(tap);

	list_del(&tap->node);
	pcapng_free(tap->pcapng);
	free(tap);
	return err;
}

/* ------------------------------------------------------------- packets -- */

static void put(struct network_tap *tap, uint32_t interface,
		enum pcapng_way way, const struct cn_frame *frame,
		const char *comment, uint64_t now)
{
	const struct pcapng_about about = {
		.time_ns = tap->epoch_ns + now,
		.interface = interface,
		.way = way,
		.comment = comment,
	};

	if (!tap->err && interface != NO_INTERFACE)
		keep_error(tap, pcapng_packet(tap->pcapng, frame, &about));
}

#define EACH_TAP(item, network)                                                \
	for (struct list *item = (network)->taps.next;                         \
	     item != &(network)->taps; item = item->next)

void taps_sent(const struct wire *wire, const struct cn_frame *frame,
	       enum cn_fate fate, uint64_t now)
{
	struct network *network = wire->network;
	const struct network_config *config = &network->config;
	char comment[COMMENT_MAX] = "";

	/* The second copy was made by the path: it was not sent. */
	if (list_is_empty(&network->taps) || fate == CN_FATE_DUPLICATE)
		return;
	if (config->comment &&
	    !plan_link(network->plan, (unsigned)wire->end->link)->segment)
		config->comment(config->ctx, frame, fate, comment,
				sizeof(comment));
	else if (fate != CN_FATE_SENT)
		snprintf(comment, sizeof(comment), "%s", cn_fate_text(fate));
	EACH_TAP(item, network)
	{
		struct network_tap *tap =
			CN_CONTAINER(item, struct network_tap, node);

		put(tap, tap->interface[wire - network->wire], PCAPNG_OUT,
		    frame, comment, now);
	}
}

void taps_came(const struct wire *wire, const struct cn_frame *frame,
	       uint64_t now)
{
	struct network *network = wire->network;

	EACH_TAP(item, network)
	{
		struct network_tap *tap =
			CN_CONTAINER(item, struct network_tap, node);

		/* On a link it was seen when it was sent. */
		if (tap->of_node >= 0)
			put(tap, tap->interface[wire - network->wire],
			    PCAPNG_IN, frame, NULL, now);
	}
}

void taps_loopback(void *ctx, int link, const struct cn_frame *frame,
		   uint64_t now)
{
	const struct node *node = ctx;

	(void)link;
	EACH_TAP(item, node->network)
	{
		struct network_tap *tap =
			CN_CONTAINER(item, struct network_tap, node);

		if (tap->of_node == node->number)
			put(tap, tap->loopback, PCAPNG_OUT, frame, NULL, now);
	}
}
