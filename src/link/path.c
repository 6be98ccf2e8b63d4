/* SPDX-License-Identifier: MIT */
/*
 * A path in memory: what netem does to packets, in the same order, without a
 * kernel and without a clock.
 *
 *	cn_path_send: cut, rule, size, loss, second copy, then carry()
 *	carry: corruption, the rate and its queue, delay and order
 *	cn_path_recv: what is due
 *
 * It does not parse what it carries beyond what cutting and rules need, and
 * never changes an octet that it shares with others.
 */
#include <catenet/link.h>

#include <string.h>

#include "base/pool.h"
#include "link/drop_rule.h"
#include "link/impair.h"
#include "link/transit.h"
#include "wire/cut.h"
#include "wire/ip.h"
#include "wire/octets.h"
#include "wire/offload.h"

#define PATH_MTU_MAX 65535u

struct cn_path {
	struct cn_pool *pool;
	struct cn_impair impair;
	uint32_t mtu;
	uint8_t head; /* of a packet's buffer: its link's octets */
	bool is_clean; /* nothing impaired, nobody looks: frames pass whole */
	bool has_sink;
	struct cn_path_sink sink;
	struct drop_rules *rules; /* NULL: none */
	struct dice dice;
	struct transit transit;
	uint64_t latest_at; /* due, of all that came in order */

	/* The rate: the instant at which the last bit accepted will have been
	 * sent is free_at and free_part / rate of a nanosecond. */
	uint64_t free_at, free_part;
	/* A trace of rates: when it began, the opportunity that comes next,
	 * counted from there, and the octets left of the last one. */
	bool trace_begun;
	uint64_t trace_from, trace_next;
	uint32_t trace_left;
	bool is_other; /* than it was when it was last told an instant */
	bool has_other_rate; /* than those that wait were counted by */
	uint64_t seen_at; /* the last instant that was told */
	struct parcel *wait_first, *wait_last; /* their first bit not sent */
	uint32_t waiting;
	uint64_t waiting_octets;

	struct cn_path_stats stats;
};

static void settle(struct cn_path *path)
{
	path->is_clean = impair_is_clean(&path->impair) &&
			 (!path->has_sink || path->sink.whole) && !path->rules;
}

static int read_rules(struct cn_path *path, const struct cn_path_config *config,
		      size_t *error_at)
{
	struct drop_error error;
	int err;

	if (!config->drop)
		return CN_OK;
	err = drop_rules_new(path->pool, config->drop, config->direction,
			     config->seed, &error, &path->rules);
	if (err == CN_E_INVAL)
		*error_at = error.at;
	return err;
}

int cn_path_new(const struct cn_path_config *config,
		const struct cn_path_sink *sink, struct cn_path **out,
		size_t *error_at)
{
	struct cn_path *path;
	size_t nowhere;
	int err;

	if (!error_at)
		error_at = &nowhere;
	*error_at = SIZE_MAX;
	*out = NULL;
	if (config->mtu > PATH_MTU_MAX || cn_impair_error(&config->impair))
		return CN_E_INVAL;
	path = pool_alloc(config->pool, sizeof(*path));
	if (!path)
		return CN_E_NOMEM;
	path->pool = config->pool;
	path->impair = config->impair;
	path->mtu = config->mtu ? config->mtu : PATH_MTU_MAX;
	path->head = config->head;
	if (sink && sink->packet) {
		path->has_sink = true;
		path->sink = *sink;
	}
	dice_init(&path->dice, config->seed);
	transit_init(&path->transit, path->pool);
	err = read_rules(path, config, error_at);
	if (err) {
		pool_release(config->pool, path, sizeof(*path));
		return err;
	}
	settle(path);
	*out = path;
	return CN_OK;
}

void cn_path_free(struct cn_path *path)
{
	if (!path)
		return;
	transit_deinit(&path->transit);
	drop_rules_free(path->rules);
	pool_release(path->pool, path, sizeof(*path));
}

int cn_path_set(struct cn_path *path, const struct cn_impair *impair)
{
	if (cn_impair_error(impair))
		return CN_E_INVAL;
	if (impair->rate_trace != path->impair.rate_trace) {
		path->trace_begun = false;
		path->trace_next = 0;
		path->trace_left = 0;
	}
	path->is_other = true;
	path->has_other_rate |= impair->rate != path->impair.rate ||
				impair->rate_trace != path->impair.rate_trace;
	path->impair = *impair;
	path->free_part = 0;
	settle(path);
	return CN_OK;
}

/* ---------------------------------------------------------- the rate -- */

/* Those whose first bit has been sent by now wait no longer. */
static void stop_waiting(struct cn_path *path, uint64_t now)
{
	struct parcel *parcel;

	while ((parcel = path->wait_first) && parcel->start_at <= now) {
		path->wait_first = parcel->wait_next;
		parcel->waits = false;
		path->waiting--;
		path->waiting_octets -= parcel->len;
	}
	if (!path->wait_first)
		path->wait_last = NULL;
}

static uint32_t queue_limit(const struct cn_path *path)
{
	return path->impair.queue ? path->impair.queue : IMPAIR_QUEUE;
}

static bool is_limited(const struct cn_path *path)
{
	return path->impair.rate || path->impair.rate_trace;
}

/* A packet that can be sent at once needs no room in the queue. */
static bool has_room(struct cn_path *path, uint32_t len, uint64_t now)
{
	stop_waiting(path, now);
	if (!is_limited(path) || path->free_at <= now)
		return true;
	if (path->waiting >= queue_limit(path))
		return false;
	return !path->impair.queue_octets ||
	       path->waiting_octets + len <= path->impair.queue_octets;
}

static void wait_for_rate(struct cn_path *path, struct parcel *parcel)
{
	parcel->wait_next = NULL;
	parcel->waits = true;
	if (path->wait_last)
		path->wait_last->wait_next = parcel;
	else
		path->wait_first = parcel;
	path->wait_last = parcel;
	path->waiting++;
	path->waiting_octets += parcel->len;
}

static uint64_t opportunity_at(const struct cn_path *path, uint64_t n)
{
	const struct cn_rate_trace *trace = path->impair.rate_trace;
	uint64_t ms = n / trace->n * trace->at_ms[trace->n - 1] +
		      trace->at_ms[n % trace->n];

	return path->trace_from + ms * CN_NS_PER_MS;
}

/* The first opportunity that is not over. */
static void seek(struct cn_path *path, uint64_t now)
{
	const struct cn_rate_trace *trace = path->impair.rate_trace;
	uint64_t ms = (now - path->trace_from + CN_NS_PER_MS - 1) /
		      CN_NS_PER_MS;
	/* The end of a round is its last millisecond, not the next one's 0. */
	uint64_t round = ms ? (ms - 1) / trace->at_ms[trace->n - 1] : 0;
	uint32_t low = 0, high = trace->n, rest;

	rest = (uint32_t)(ms - round * trace->at_ms[trace->n - 1]);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (trace->at_ms[mid] < rest)
			low = mid + 1;
		else
			high = mid;
	}
	if (path->trace_next < round * trace->n + low)
		path->trace_next = round * trace->n + low;
}

/* A packet takes as many opportunities as it has octets for. */
static uint64_t serialize_by_trace(struct cn_path *path, struct parcel *parcel,
				   uint64_t now)
{
	uint32_t need = parcel->len;

	if (!path->trace_begun) {
		path->trace_begun = true;
		path->trace_from = now;
	}
	if (path->free_at < now) {
		path->trace_left = 0;
		seek(path, now);
	}
	while (need > path->trace_left) {
		need -= path->trace_left;
		path->trace_left = CN_RATE_TRACE_OCTETS;
		path->free_at = opportunity_at(path, path->trace_next++);
	}
	path->trace_left -= need;
	parcel->start_at = path->free_at;
	if (parcel->start_at > now)
		wait_for_rate(path, parcel);
	return path->free_at;
}

/* When the last bit has been sent.  The remainder of the division is carried
 * on, so that the rate is exact over any number of packets. */
static uint64_t serialize(struct cn_path *path, struct parcel *parcel,
			  uint64_t now)
{
	uint64_t rate = path->impair.rate, parts;

	if (path->impair.rate_trace)
		return serialize_by_trace(path, parcel, now);
	if (!rate)
		return now;
	if (path->free_at < now) {
		path->free_at = now;
		path->free_part = 0;
	}
	parcel->start_at = path->free_at;
	if (parcel->start_at > now)
		wait_for_rate(path, parcel);
	parts = (uint64_t)parcel->len * 8 * CN_NS_PER_SEC + path->free_part;
	path->free_at += parts / rate;
	path->free_part = parts % rate;
	return path->free_at;
}

/* When it arrives, if its last bit is sent at sent_at. */
static uint64_t arrival(struct cn_path *path, uint64_t sent_at,
			bool is_reordered)
{
	const struct cn_impair *impair = &path->impair;
	uint64_t due_at;

	if (is_reordered && !impair->reorder_ns && impair->delay_ns)
		return sent_at;
	due_at = sent_at + dice_delay(&path->dice, impair);
	if (is_reordered)
		return due_at + (impair->reorder_ns ? impair->reorder_ns :
						      IMPAIR_REORDER_NS);
	if (impair->keep_order && due_at < path->latest_at)
		due_at = path->latest_at;
	if (due_at > path->latest_at)
		path->latest_at = due_at;
	return due_at;
}

/* All that is on its way, out of the row and in again: those that wait come
 * back in *waiting, in their order. */
static void part_waiting(struct cn_path *path, struct parcel **waiting)
{
	struct parcel *parcel, *first = NULL, **end = &first;

	while ((parcel = transit_leave(&path->transit)))
		if (!parcel->waits) {
			parcel->next = NULL;
			*end = parcel;
			end = &parcel->next;
		}
	while ((parcel = first)) {
		first = parcel->next;
		transit_enter(&path->transit, parcel, parcel->due_at);
	}
	*waiting = path->wait_first;
	path->wait_first = path->wait_last = NULL;
	path->waiting = 0;
	path->waiting_octets = 0;
}

/*
 * Another rate: whoever waits is sent by that one from now on.  By the old one's
 * clock a link that was made fast again would be shut for as long as the slow
 * one would have taken, and what is sent later would come before.
 */
static void send_by_other_rate(struct cn_path *path, uint64_t now)
{
	struct parcel *waiting, *parcel;

	path->has_other_rate = false;
	stop_waiting(path, now);
	path->free_at = 0;
	path->free_part = 0;
	part_waiting(path, &waiting);
	while ((parcel = waiting)) {
		waiting = parcel->wait_next;
		parcel->waits = false;
		parcel->start_at = now;
		transit_enter(&path->transit, parcel,
			      arrival(path, serialize(path, parcel, now),
				      false));
	}
}

/* Order is kept among those that the path treats alike: who has an hour to go by
 * an earlier delay holds up nobody. */
static void catch_up(struct cn_path *path, uint64_t now)
{
	uint64_t usual_at;

	path->seen_at = now;
	if (!path->is_other)
		return;
	path->is_other = false;
	usual_at = now + path->impair.delay_ns + path->impair.jitter_ns;
	if (path->latest_at > usual_at)
		path->latest_at = usual_at;
	if (path->has_other_rate)
		send_by_other_rate(path, now);
}

uint32_t cn_path_room(struct cn_path *path, uint64_t now)
{
	uint64_t by_octets;
	uint32_t by_packets;

	catch_up(path, now);
	if (!has_room(path, path->mtu, now))
		return 0;
	if (!is_limited(path))
		return UINT32_MAX;
	by_packets = queue_limit(path) - path->waiting;
	if (path->free_at <= now && by_packets < UINT32_MAX)
		by_packets++;
	if (!path->impair.queue_octets)
		return by_packets;
	by_octets = 0;
	if (path->impair.queue_octets > path->waiting_octets)
		by_octets = (path->impair.queue_octets - path->waiting_octets) /
			    path->mtu;
	if (path->free_at <= now)
		by_octets++;
	return by_octets < by_packets ? (uint32_t)by_octets : by_packets;
}

uint64_t cn_path_room_at(const struct cn_path *path)
{
	return path->wait_first ? path->wait_first->start_at : 0;
}

/* ------------------------------------------------------------- fates -- */

const char *cn_fate_text(enum cn_fate fate)
{
	static const char *const text[] = {
#define CN_X(name, words) words,
		CN_FATES(CN_X)
#undef CN_X
	};

	return fate < CN_FATE_N ? text[fate] : "unknown fate";
}

bool cn_fate_is_drop(enum cn_fate fate)
{
	return fate == CN_FATE_LOSS || fate == CN_FATE_QUEUE ||
	       fate == CN_FATE_RULE || fate == CN_FATE_TOO_BIG;
}

static void tell(struct cn_path *path, const struct cn_frame *frame,
		 enum cn_fate fate, uint64_t now)
{
	if (path->has_sink)
		path->sink.packet(path->sink.ctx, frame, fate, now);
}

/* Memory for a copy of the packet, behind what its link keeps before it. */
static struct cn_buf *buf_like(struct cn_path *path,
			       const struct cn_frame *frame)
{
	const struct cn_buf *from = frame->slice_n ? frame->slice[0].buf : NULL;
	struct cn_buf *buf =
		cn_buf_new(path->pool, path->head + cn_frame_len(frame));

	if (buf && path->head && from && from->size >= path->head)
		memcpy(buf->data, from->data, path->head);
	else if (buf)
		memset(buf->data, 0, path->head);
	return buf;
}

/*
 * The packet in memory of its own, its checksum as the device would have
 * completed it, and then one bit wrong.  Nobody vouches for it any more.
 */
static bool corrupt(struct cn_path *path, const struct cn_frame *frame,
		    struct cn_frame *bad)
{
	uint32_t len = cn_frame_len(frame);
	struct cn_buf *buf;
	uint8_t *octet;
	uint32_t bit;

	if (!len)
		return false;
	bit = dice_bit(&path->dice, len * 8);
	buf = buf_like(path, frame);
	if (!buf)
		return false;
	octet = buf->data + path->head;
	cn_frame_copy(frame, 0, octet, len);
	if (offload_is_partial(frame))
		offload_complete_octets(frame, octet, len);
	octet[bit / 8] ^= (uint8_t)(1u << bit % 8);

	bad->header_len = 0;
	bad->seg_size = 0;
	bad->csum = CN_CSUM_NONE;
	bad->csum_start = 0;
	bad->csum_offset = 0;
	bad->slice_n = 1;
	bad->payload_len = len;
	bad->slice[0].buf = buf;
	bad->slice[0].data = octet;
	bad->slice[0].len = len;
	return true;
}

static struct parcel *wrap(struct cn_path *path, const struct cn_frame *frame,
			   bool is_corrupt)
{
	struct parcel *parcel;
	struct cn_frame bad;

	if (!is_corrupt)
		return transit_wrap(&path->transit, frame);
	if (!corrupt(path, frame, &bad))
		return NULL;
	parcel = transit_wrap(&path->transit, &bad);
	cn_frame_release(&bad);
	return parcel;
}

static void enter(struct cn_path *path, struct parcel *parcel, uint64_t due_at)
{
	/* The receiver need not look at what no bit was changed of; the field
	 * itself stays partial, which csum_start tells. */
	if (parcel->csum == CN_CSUM_PARTIAL)
		parcel->csum = CN_CSUM_VALID;
	transit_enter(&path->transit, parcel, due_at);
	path->stats.queued += parcel->packet_n;
}

/* The packet, or its second copy, comes so far that only the queue can still
 * refuse it.  fate: what has happened to it before. */
static void carry(struct cn_path *path, const struct cn_frame *frame,
		  enum cn_fate fate, uint64_t now)
{
	bool is_corrupt = dice_corrupts(&path->dice, &path->impair);
	bool is_reordered = dice_reorders(&path->dice, &path->impair);
	struct parcel *parcel = NULL;

	if (has_room(path, cn_frame_len(frame), now))
		parcel = wrap(path, frame, is_corrupt);
	if (!parcel) {
		path->stats.queue_drops++;
		tell(path, frame, CN_FATE_QUEUE, now);
		return;
	}
	path->stats.corrupted += is_corrupt;
	path->stats.reordered += is_reordered;
	if (fate == CN_FATE_SENT && is_corrupt)
		fate = CN_FATE_CORRUPT;
	else if (fate == CN_FATE_SENT && is_reordered)
		fate = CN_FATE_REORDER;
	tell(path, frame, fate, now);
	enter(path, parcel,
	      arrival(path, serialize(path, parcel, now), is_reordered));
}

/* ----------------------------------------------------------- marking -- */

/* Where the octets of a packet's header are its own; else they are shared. */
static bool is_own_header(const struct cn_frame *frame)
{
	return frame->header_len >= IP4_HEADER_LEN;
}

/* RFC 3168 section 5: its sender says that it can be marked. */
static bool can_be_marked(const struct cn_frame *frame)
{
	uint8_t octet[2];

	if (!is_own_header(frame) || cn_frame_len(frame) < IP4_HEADER_LEN)
		return false;
	cn_frame_copy(frame, 0, octet, sizeof(octet));
	if (octet[0] >> 4 == 6)
		return octet[1] >> 4 & 3;
	return octet[0] >> 4 == 4 && octet[1] & 3;
}

/* CE into the header; IPv4's checksum follows (RFC 1624). */
static void mark(struct cn_frame *frame)
{
	uint8_t *p = frame->header;
	uint32_t sum;

	if (p[0] >> 4 == 6) {
		p[1] |= 3 << 4;
		return;
	}
	sum = get16(p + 10) + 0xffffu - (3u - (p[1] & 3u));
	p[1] |= 3;
	put16(p + 10, (uint16_t)((sum & 0xffff) + (sum >> 16)));
}

/* So many wait already that the next is to say so. */
static bool is_congested(struct cn_path *path, uint64_t now)
{
	if (!path->impair.mark)
		return false;
	stop_waiting(path, now);
	return path->waiting >= path->impair.mark;
}

static int refuse(struct cn_path *path, const struct cn_frame *frame,
		  enum cn_fate fate, uint64_t *counter, uint64_t now)
{
	++*counter;
	tell(path, frame, fate, now);
	return fate == CN_FATE_TOO_BIG ? CN_E_MSGSIZE : CN_OK;
}

/* A link that keeps octets of its own says so by an empty header block (as
 * link/station.h does): rules are of IP, whatever the octets look like. */
static bool is_no_ip(const struct cn_path *path, const struct cn_frame *frame)
{
	return path->head && !frame->header_len;
}

/* A rule comes first: what a staged path swallows, it swallows silently, even
 * if it is too long. */
static int packet(struct cn_path *path, const struct cn_frame *frame,
		  uint64_t now)
{
	struct cn_path_stats *stats = &path->stats;
	enum cn_fate fate = CN_FATE_SENT;
	struct cn_frame marked;
	bool has_second, loses, marks;

	stats->packets++;
	stats->octets += cn_frame_len(frame);
	if (path->rules && !is_no_ip(path, frame) &&
	    drop_rules_match(path->rules, frame))
		return refuse(path, frame, CN_FATE_RULE, &stats->rule_drops,
			      now);
	if (cn_frame_len(frame) > path->mtu)
		return refuse(path, frame, CN_FATE_TOO_BIG, &stats->too_big,
			      now);
	loses = dice_loses(&path->dice, &path->impair);
	marks = ((loses && path->impair.ecn) || is_congested(path, now)) &&
		can_be_marked(frame);
	if (loses && !(path->impair.ecn && marks))
		return refuse(path, frame, CN_FATE_LOSS, &stats->lost, now);
	if (marks) {
		marked = *frame;
		mark(&marked);
		frame = &marked;
		stats->marked++;
		fate = CN_FATE_MARK;
	}
	has_second = dice_duplicates(&path->dice, &path->impair);
	carry(path, frame, fate, now);
	if (has_second) {
		stats->duplicated++;
		carry(path, frame, CN_FATE_DUPLICATE, now);
	}
	return CN_OK;
}

/* Where nothing is impaired a super-segment passes as it is. */
static int pass_whole(struct cn_path *path, const struct cn_frame *frame,
		      uint64_t now)
{
	uint32_t packet_n = cut_count(frame), longest = cn_frame_len(frame);
	struct parcel *parcel;
	struct cut cut;

	path->stats.packets += packet_n;
	path->stats.octets += longest;
	if (packet_n > 1) {
		cut_begin(&cut, frame);
		longest = (uint32_t)cut.glance.data + frame->seg_size;
	}
	if (longest > path->mtu) {
		path->stats.too_big += packet_n;
		tell(path, frame, CN_FATE_TOO_BIG, now);
		return CN_E_MSGSIZE;
	}
	parcel = transit_wrap(&path->transit, frame);
	if (!parcel) {
		path->stats.queue_drops += packet_n;
		tell(path, frame, CN_FATE_QUEUE, now);
		return CN_OK;
	}
	parcel->packet_n = packet_n;
	tell(path, frame, CN_FATE_SENT, now);
	enter(path, parcel, arrival(path, now, false));
	return CN_OK;
}

static int pass_cut(struct cn_path *path, const struct cn_frame *frame,
		    uint64_t now)
{
	struct cn_frame one;
	struct cut cut;
	int err = CN_OK;

	if (!frame->seg_size)
		return packet(path, frame, now);
	cut_begin(&cut, frame);
	while (cut_next(&cut, &one)) {
		int e = packet(path, &one, now);

		cn_frame_release(&one);
		if (e)
			err = e;
	}
	return err;
}

int cn_path_send(struct cn_path *path, struct cn_frame *frame, uint64_t now)
{
	int err;

	catch_up(path, now);
	err = path->is_clean ? pass_whole(path, frame, now) :
			       pass_cut(path, frame, now);
	cn_frame_release(frame);
	return err;
}

bool cn_path_recv(struct cn_path *path, struct cn_frame *frame, uint64_t now)
{
	struct parcel *parcel;

	catch_up(path, now);
	parcel = transit_first(&path->transit);
	if (!parcel || parcel->due_at > now)
		return false;
	/* Before it is freed: it may still be in the row of those that wait. */
	stop_waiting(path, now);
	transit_leave(&path->transit);
	path->stats.queued -= parcel->packet_n;
	path->stats.delivered += parcel->packet_n;
	transit_unwrap(&path->transit, parcel, frame);
	return true;
}

uint64_t cn_path_deadline(const struct cn_path *path)
{
	const struct parcel *parcel = transit_first(&path->transit);

	/* When it will be is found out at once. */
	if (path->has_other_rate && path->wait_first)
		return path->seen_at;
	return parcel ? parcel->due_at : CN_NEVER;
}

void cn_path_stats(const struct cn_path *path, struct cn_path_stats *stats)
{
	*stats = path->stats;
	stats->waiting = path->waiting;
}
