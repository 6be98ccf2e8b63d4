/* SPDX-License-Identifier: MIT */
/* A short list, looked through.  See udp_peers.h. */
#include "run/world/udp_peers.h"

static struct udp_peer *find(struct udp_peers *peers, bool v4, uint16_t port)
{
	for (unsigned i = 0; i < UDP_PEERS; i++)
		if (peers->peer[i].at.port == port &&
		    cn_addr_is_v4(&peers->peer[i].at.addr) == v4)
			return &peers->peer[i];
	return NULL;
}

static struct udp_peer *idlest(struct udp_peers *peers)
{
	struct udp_peer *found = &peers->peer[0];

	for (unsigned i = 1; i < UDP_PEERS; i++)
		if (peers->peer[i].used_at < found->used_at)
			found = &peers->peer[i];
	return found;
}

void udp_peers_note(struct udp_peers *peers, const struct cn_endpoint *at,
		    uint64_t now)
{
	struct udp_peer *peer;

	if (!at->port)
		return;
	peer = find(peers, cn_addr_is_v4(&at->addr), at->port);
	if (!peer)
		peer = idlest(peers);
	peer->at = *at;
	peer->used_at = now;
}

bool udp_peers_find(struct udp_peers *peers, bool v4, uint16_t port,
		    struct cn_endpoint *at, uint64_t now)
{
	struct udp_peer *peer = port ? find(peers, v4, port) : NULL;

	if (!peer || now - peer->used_at > UDP_PEER_IDLE_NS)
		return false;
	peer->used_at = now;
	*at = peer->at;
	return true;
}
