/* SPDX-License-Identifier: MIT */
/* See spec.h. */
#include "spec.h"

#include <stdio.h>

struct spec t;
const void *t_row;

static const struct {
	uint32_t iss, irs;
} isn[] = {
	{0, 0},
	{0x7fffffff, 0x7ffffffe},
	{0xffffffff, 0xfffffffe},
	{0x80000000u - 600, 0x80000000u - 60},
	{0u - 600, 0u - 60},
	{0x12345678, 0x9abcdef0},
};

void spec_fail(const char *file, int line, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_error("ISS %08x, IRS %08x: %s\n", (unsigned)t.iss,
		    (unsigned)t.irs, text);
	_fail(file, line);
	abort();
}

/* --------------------------------------------------------------- memory -- */

static void *spec_alloc(void *ctx, size_t size)
{
	(void)ctx;
	if (t.fail_after == 0)
		return NULL;
	if (t.fail_after > 0)
		t.fail_after--;
	t.blocks++;
	t.octets += size;
	return malloc(size);
}

static void spec_free(void *ctx, void *p, size_t size)
{
	(void)ctx;
	t.blocks--;
	t.octets -= size;
	free(p);
}

static void usual_settings(struct cn_settings *set)
{
	set->ttl = 64;
	set->ecn = 2;
	set->slow_start_after_idle = true;
	set->msl2_ns = 60 * SEC;
	set->fin_wait2_ns = 60 * SEC;
	set->rto_initial_ns = SEC;
	set->rto_min_ns = 200 * MS;
	set->rto_max_ns = 120 * SEC;
	set->delack_ns = 40 * MS;
	set->retries1 = 3;
	set->retries2 = 15;
	set->orphan_retries = 8;
	set->syn_retries = 6;
	set->synack_retries = 5;
	set->keepalive_idle_ns = 7200 * SEC;
	set->keepalive_interval_ns = 75 * SEC;
	set->keepalive_probes = 9;
	set->sndbuf = 1 << 20;
	set->rmem = (struct cn_mem){4096, 131072, 6291456};
	set->wmem = (struct cn_mem){4096, 16384, 4194304};
	set->min_snd_mss = 48;
	set->initial_window = 10;
	set->ooo_max = 4096;
	set->challenge_interval_ns = 500 * MS;
	set->cc = CN_CC_RENO;
}

void spec_begin(uint32_t iss, uint32_t irs)
{
	static const struct cn_alloc alloc = {spec_alloc, spec_free, NULL};
	static const uint8_t seed[16] = {7};

	memset(&t, 0, sizeof(t));
	t.fail_after = -1;
	usual_settings(&t.set);
	t.iss = iss;
	t.irs = irs;
	t.rcvbuf = OUR_WND;
	t.path_mss = OUR_MSS;
	t.default_mss = 536;
	t.peer.mss = PEER_MSS;
	t.now = 1000 * SEC;
	t.where = CN_CLOSED;
	t.pool = cn_pool_new(&alloc);
	t.budget.limit = 256 << 20;
	random_init(&t.random, seed, 0);
	t.env.set = &t.set;
	t.env.pool = t.pool;
	t.env.budget = &t.budget;
	t.env.random = &t.random;
	t.env.count = &t.count;
}

/* Whatever happened, everything is given back. */
void spec_end(void)
{
	if (t.tcb.env)
		tcb_deinit(&t.tcb);
	if (t.budget.used || cn_pool_in_use(t.pool))
		spec_fail(__FILE__, __LINE__,
			  "%zu octets and %zu blocks are not given back",
			  t.budget.used, cn_pool_in_use(t.pool));
	cn_pool_free(t.pool);
	if (t.blocks)
		spec_fail(__FILE__, __LINE__, "the pool kept memory");
}

void spec_run(void **initial)
{
	const struct spec_rule *rule = *initial;

	for (size_t i = 0; i < N_OF(isn); i++) {
		spec_begin(isn[i].iss, isn[i].irs);
		t_row = rule->row;
		rule->rule();
		spec_end();
	}
}

/* ------------------------------------------------------------- segments -- */

#define FLAG_AE 0x100

static const struct {
	char letter;
	uint16_t flag;
} letters[] = {
	{'S', TCP_SYN}, {'F', TCP_FIN}, {'R', TCP_RST},
	{'P', TCP_PSH}, {'A', TCP_ACK}, {'U', TCP_URG},
	{'E', TCP_ECE}, {'C', TCP_CWR}, {'N', FLAG_AE},
};

static uint16_t flags_of(const char *text)
{
	uint16_t flags = 0;

	for (; text && *text; text++) {
		size_t i = 0;

		while (i < N_OF(letters) && letters[i].letter != *text)
			i++;
		if (i == N_OF(letters))
			spec_fail(__FILE__, __LINE__, "no such flag: %c",
				  *text);
		flags |= letters[i].flag;
	}
	return flags;
}

static unsigned all_flags(const struct tcp_seg *seg)
{
	return seg->flags | (seg->ae ? FLAG_AE : 0u);
}

static unsigned flags_of_line(const struct line *line)
{
	struct tcp_seg seg;
	unsigned flags = flags_of(line->flags);

	if (!line->ace)
		return flags;
	seg.flags = (uint8_t)flags;
	tcp_set_ace(&seg, line->ace - 1u);
	return all_flags(&seg);
}

static uint8_t pattern(bool ours, uint32_t number)
{
	return (uint8_t)((number + ours * 77) * 2654435761u >> 24);
}

static uint32_t clock_ms(void)
{
	return (uint32_t)(t.now / MS);
}

static void put_options(struct tcp_seg *seg, const struct line *line)
{
	bool agreed = t.tcb.env && t.tcb.ts_ok;

	if (line->mss) {
		seg->options |= TCP_OPT_MSS;
		seg->mss = line->mss;
	}
	if (line->ws) {
		seg->options |= TCP_OPT_WSCALE;
		seg->wscale = line->ws - 1;
	}
	if (line->sack_ok)
		seg->options |= TCP_OPT_SACK_OK;
	if (line->ts > 0 || (agreed && line->ts == 0)) {
		seg->options |= TCP_OPT_TS;
		seg->tsval = line->ts ? (uint32_t)line->ts : clock_ms();
		seg->tsecr = line->tsecr == NO_TS ? 0 :
			     line->tsecr	  ? (uint32_t)line->tsecr :
						    t.ts_echo;
	}
	if (line->accecn) {
		seg->options |= TCP_OPT_ACCECN;
		seg->accecn_n = line->acc_n;
		seg->accecn_order = line->acc_order;
		memcpy(seg->accecn, line->acc, sizeof(line->acc));
	}
	while (seg->sack_n < TCP_SACK_MAX &&
	       line->sack[seg->sack_n].left != line->sack[seg->sack_n].right) {
		struct tcp_block *block = &seg->sack[seg->sack_n];

		block->left = t.iss + (uint32_t)line->sack[seg->sack_n].left;
		block->right = t.iss + (uint32_t)line->sack[seg->sack_n].right;
		seg->options |= TCP_OPT_SACK;
		seg->sack_n++;
	}
}

/* A segment of the peer; its octets in a buffer. */
static struct tcp_seg segment_in(const struct line *line)
{
	struct tcp_seg seg;

	memset(&seg, 0, sizeof(seg));
	seg.flags = (uint8_t)flags_of_line(line);
	seg.ae = (flags_of_line(line) & FLAG_AE) != 0;
	seg.seq = t.irs + (uint32_t)line->seq;
	if (seg.flags & TCP_ACK)
		seg.ack = t.iss + (uint32_t)line->ack;
	seg.data_len = line->len;
	seg.len = line->len + !!(seg.flags & TCP_SYN) + !!(seg.flags & TCP_FIN);
	seg.wnd = (uint16_t)(line->wnd == NO_WND ? 0 :
			     line->wnd		 ? line->wnd :
						   PEER_WND);
	seg.up = line->up;
	seg.seg_size = line->cut;
	seg.tos = line->ecn;
	put_options(&seg, line);
	if (line->len) {
		uint32_t first = (uint32_t)line->seq + !!(seg.flags & TCP_SYN);
		struct cn_buf *buf = cn_buf_new(t.pool, line->len);

		if (!buf)
			spec_fail(__FILE__, __LINE__, "no buffer");
		for (uint32_t i = 0; i < line->len; i++)
			buf->data[i] = pattern(false, first + i);
		seg.slice[0].buf = buf;
		seg.slice[0].data = buf->data;
		seg.slice[0].len = line->len;
		seg.slice_n = 1;
	}
	return seg;
}

void spec_release(struct tcp_seg *seg)
{
	while (seg->slice_n > 0)
		cn_buf_unref(seg->slice[--seg->slice_n].buf);
}

void spec_in(struct line line)
{
	struct tcp_seg seg = segment_in(&line);

	t.drop = CN_DROP_NONE;
	switch (t.where) {
	case CN_CLOSED:
		t.has_reply = tcp_closed_arrives(&seg, &t.reply);
		break;
	case CN_LISTEN:
		t.listen = tcp_listen_arrives(&seg);
		if (t.listen == TCP_LISTEN_RST)
			t.has_reply = tcp_closed_arrives(&seg, &t.reply);
		break;
	default:
		t.drop = tcp_arrives(&t.tcb, &seg, t.now);
	}
	spec_release(&seg);
}

enum tcp_tw_verdict spec_time_wait(struct tcp_tw *tw, struct line line,
				   struct tcp_seg *reply)
{
	struct tcp_seg seg = segment_in(&line);
	enum tcp_tw_verdict verdict;

	verdict = tcp_tw_arrives(tw, &t.env, t.tcb.ts_off, &seg, reply, t.now);
	spec_release(&seg);
	return verdict;
}

bool spec_emit(struct tcp_seg *seg)
{
	const struct tcp_emit_limits limits = {.super_max = t.super_max};
	bool has;

	if (t.where == CN_CLOSED || t.where == CN_LISTEN) {
		has = t.has_reply;
		*seg = t.reply;
		seg->slice_n = 0;
		t.has_reply = false;
		return has;
	}
	has = tcp_has_output(&t.tcb, t.now);
	if (has != tcp_emit(&t.tcb, &limits, seg, t.now))
		spec_fail(__FILE__, __LINE__,
			  "tcp_has_output and tcp_emit disagree");
	if (has && (seg->options & TCP_OPT_TS))
		t.ts_echo = seg->tsval;
	return has;
}

static size_t put(char *text, size_t size, size_t at, const char *format, ...)
{
	va_list args;
	int n;

	if (at >= size)
		return at;
	va_start(args, format);
	n = vsnprintf(text + at, size - at, format, args);
	va_end(args);
	return n < 0 ? at : at + (size_t)n;
}

void spec_print(char *text, size_t size, const struct tcp_seg *seg, bool ours)
{
	int32_t seq = (int32_t)(seg->seq - (ours ? t.iss : t.irs));
	int32_t ack = (int32_t)(seg->ack - (ours ? t.irs : t.iss));
	size_t n = 0;

	text[0] = 0;
	for (size_t i = 0; i < N_OF(letters); i++) {
		if (all_flags(seg) & letters[i].flag)
			n = put(text, size, n, "%c", letters[i].letter);
	}
	n = put(text, size, n, " %d:%d(%u)", (int)seq,
		(int)(seq + (int32_t)seg->len), (unsigned)seg->data_len);
	if (seg->flags & TCP_ACK)
		n = put(text, size, n, " ack %d", (int)ack);
	n = put(text, size, n, " wnd %u", (unsigned)seg->wnd);
	if (seg->flags & TCP_URG)
		n = put(text, size, n, " up %u", (unsigned)seg->up);
	if (seg->seg_size)
		n = put(text, size, n, " cut %u", (unsigned)seg->seg_size);
	if (seg->options & TCP_OPT_MSS)
		n = put(text, size, n, " mss %u", (unsigned)seg->mss);
	if (seg->options & TCP_OPT_WSCALE)
		n = put(text, size, n, " ws %u", (unsigned)seg->wscale);
	if (seg->options & TCP_OPT_SACK_OK)
		n = put(text, size, n, " sackOK");
	if (seg->options & TCP_OPT_TS)
		n = put(text, size, n, " ts %u/%u", (unsigned)seg->tsval,
			(unsigned)seg->tsecr);
	if (seg->options & TCP_OPT_ACCECN)
		n = put(text, size, n, " accecn%d", seg->accecn_order);
	for (unsigned i = 0; i < seg->accecn_n; i++)
		n = put(text, size, n, " %u", (unsigned)seg->accecn[i]);
	for (unsigned i = 0; i < seg->sack_n; i++)
		n = put(text, size, n, " sack %d:%d",
			(int)(seg->sack[i].left - (ours ? t.irs : t.iss)),
			(int)(seg->sack[i].right - (ours ? t.irs : t.iss)));
}

static bool octets_are_right(const struct tcp_seg *seg)
{
	uint32_t number = seg->seq - t.iss, n = 0;

	for (unsigned i = 0; i < seg->slice_n; i++) {
		for (uint32_t j = 0; j < seg->slice[i].len; j++, n++) {
			if (seg->slice[i].data[j] != pattern(true, number + n))
				return false;
		}
	}
	return n == seg->data_len;
}

static bool options_are_right(const struct tcp_seg *seg,
			      const struct line *want)
{
	bool ts = seg->options & TCP_OPT_TS;
	unsigned n = 0;

	/* A reset has no option but that, if it says so. */
	if (seg->flags & TCP_RST && !want->tsecr && !ts)
		return seg->options == 0;
	if (seg->flags & TCP_RST && seg->options & ~(unsigned)TCP_OPT_TS)
		return false;
	if ((seg->options & TCP_OPT_MSS ? seg->mss : 0) != want->mss ||
	    (seg->options & TCP_OPT_WSCALE ? seg->wscale + 1 : 0) != want->ws ||
	    !!(seg->options & TCP_OPT_SACK_OK) != want->sack_ok)
		return false;
	if (!(seg->flags & TCP_SYN) && ts != t.tcb.ts_ok)
		return false;
	if (!!(seg->options & TCP_OPT_ACCECN) != want->accecn ||
	    seg->accecn_n != want->acc_n ||
	    seg->accecn_order != want->acc_order ||
	    memcmp(seg->accecn, want->acc, sizeof(want->acc)) != 0)
		return false;
	if (want->ts > 0 && (!ts || seg->tsval != (uint32_t)want->ts))
		return false;
	if (want->ts == NO_TS && ts)
		return false;
	if (want->tsecr && seg->tsecr != (uint32_t)want->tsecr)
		return false;
	for (; n < TCP_SACK_MAX; n++) {
		if (want->sack[n].left == want->sack[n].right)
			break;
		if (seg->sack[n].left - t.irs != (uint32_t)want->sack[n].left ||
		    seg->sack[n].right - t.irs != (uint32_t)want->sack[n].right)
			return false;
	}
	return n == seg->sack_n;
}

static bool is_as_wanted(const struct tcp_seg *seg, const struct line *want)
{
	if (all_flags(seg) != flags_of_line(want) ||
	    seg->seq - t.iss != (uint32_t)want->seq ||
	    seg->data_len != want->len || seg->up != want->up ||
	    seg->seg_size != want->cut || (seg->tos & 3) != want->ecn)
		return false;
	if ((seg->flags & TCP_ACK) && seg->ack - t.irs != (uint32_t)want->ack)
		return false;
	if (seg->len !=
	    seg->data_len + !!(seg->flags & TCP_SYN) + !!(seg->flags & TCP_FIN))
		return false;
	if (want->wnd &&
	    seg->wnd != (want->wnd == NO_WND ? 0 : (uint16_t)want->wnd))
		return false;
	return want->any_options || options_are_right(seg, want);
}

void spec_out(const char *file, int line, struct line want)
{
	char text[400];
	struct tcp_seg seg;

	if (!spec_emit(&seg))
		spec_fail(file, line, "nothing sent, want %s %lld ack %lld",
			  want.flags, (long long)want.seq, (long long)want.ack);
	spec_print(text, sizeof(text), &seg, true);
	if (!is_as_wanted(&seg, &want))
		spec_fail(file, line,
			  "sent %s, want %s %lld(%u) ack %lld wnd %lld", text,
			  want.flags, (long long)want.seq, (unsigned)want.len,
			  (long long)want.ack, (long long)want.wnd);
	if (!octets_are_right(&seg))
		spec_fail(file, line, "wrong octets in %s", text);
	t.last = seg;
	spec_release(&seg);
}

void spec_silent(const char *file, int line)
{
	struct tcp_seg seg;
	char text[400];

	if (!spec_emit(&seg))
		return;
	spec_print(text, sizeof(text), &seg, true);
	spec_fail(file, line, "sent %s, want silence", text);
}

void spec_state(const char *file, int line, enum cn_tcp_state want)
{
	unsigned got = t.where == CN_ESTABLISHED ? t.tcb.state : t.where;

	if (got != want)
		spec_fail(file, line, "state %u, want %u", got, (unsigned)want);
}

void spec_deadline(const char *file, int line, uint64_t ns)
{
	uint64_t got = tcp_deadline(&t.tcb);

	if (got != (ns == NEVER ? NEVER : t.now + ns))
		spec_fail(file, line, "deadline in %lld us, want %lld",
			  got == NEVER ? -1LL : (long long)(got - t.now) / 1000,
			  ns == NEVER ? -1LL : (long long)ns / 1000);
}

void spec_after(const char *file, int line, uint64_t ns)
{
	uint64_t end = t.now + ns, next;

	for (;;) {
		next = tcp_deadline(&t.tcb);
		if (next > end)
			break;
		if (next > t.now)
			t.now = next;
		tcp_advance(&t.tcb, t.now);
		if (tcp_deadline(&t.tcb) <= t.now)
			spec_fail(file, line, "a timer stands still");
		if (t.now < end && tcp_has_output(&t.tcb, t.now))
			spec_fail(file, line, "something to say %lld us early",
				  (long long)(end - t.now) / 1000);
	}
	t.now = end;
}

void spec_error(const char *file, int line, int want)
{
	if (t.tcb.err != want)
		spec_fail(file, line, "error %d, want %d", t.tcb.err, want);
}

void spec_dropped(const char *file, int line, enum cn_drop want)
{
	if (t.drop != want)
		spec_fail(file, line, "dropped: %s, want %s",
			  cn_drop_text(t.drop), cn_drop_text(want));
}

void spec_news(const char *file, int line, unsigned want)
{
	/* The application is not told of doubts. */
	unsigned got = t.tcb.news & ~(unsigned)TCP_NEWS_DOUBT;

	t.tcb.news = 0;
	if (got != want)
		spec_fail(file, line, "news %x, want %x", got, want);
}

void spec_is(const char *file, int line, const char *what, int64_t got,
	     int64_t want)
{
	if (got != want)
		spec_fail(file, line, "%s is %lld, want %lld", what,
			  (long long)got, (long long)want);
}

/* ---------------------------------------------------------- application -- */

void spec_sends(const char *file, int line, uint32_t len, unsigned flags)
{
	uint8_t *octets = malloc(len ? len : 1);
	uint32_t from = t.tcb.snd_end - t.iss;
	int64_t got;

	if (!octets)
		abort();
	for (uint32_t i = 0; i < len; i++)
		octets[i] = pattern(true, from + i);
	got = tcp_send(&t.tcb, octets, len, flags, t.now);
	free(octets);
	if (got != len)
		spec_fail(file, line, "send of %u: %lld", (unsigned)len,
			  (long long)got);
}

void spec_reads(const char *file, int line, uint32_t len)
{
	uint8_t *octets = malloc(len + 1);
	uint32_t from = t.read_at ? t.read_at : 1;
	int64_t got;

	if (!octets)
		abort();
	got = tcp_recv(&t.tcb, octets, len ? len : 1, 0, t.now);
	if (got != len)
		spec_fail(file, line, "read of %u: %lld", (unsigned)len,
			  (long long)got);
	for (uint32_t i = 0; i < len; i++) {
		if (octets[i] != pattern(false, from + i))
			spec_fail(file, line, "octet %u read is wrong",
				  (unsigned)(from + i));
	}
	t.read_at = from + len;
	free(octets);
}

void closes(void)
{
	tcp_close(&t.tcb, t.now);
}

void orphans(void)
{
	tcp_orphan(&t.tcb, t.now);
}

void aborts(int err)
{
	tcp_abort(&t.tcb, err, t.now);
}

void delays_acks(void)
{
	t.tcb.quick_n = 0;
}

void fills_window(uint32_t but)
{
	uint32_t from = t.tcb.rcv_nxt - t.irs;
	uint32_t len = t.tcb.rcv_wnd - but;

	in("PA", from, t.tcb.snd_una - t.iss, len);
	out("A", t.tcb.snd_nxt - t.iss, from + len, 0,
	    but ? (int64_t)but : NO_WND);
}

/* --------------------------------------------------------------- states -- */

static struct line syn_line(const char *flags, int64_t ack)
{
	struct line line = t.peer;

	line.flags = flags;
	line.seq = 0;
	line.ack = ack;
	return line;
}

static void emits(const char *flags)
{
	struct tcp_seg seg;

	if (!spec_emit(&seg) || all_flags(&seg) != flags_of(flags))
		spec_fail(__FILE__, __LINE__, "%s was to be sent", flags);
	t.last = seg;
	spec_release(&seg);
}

static void open_actively(void)
{
	t.set.rcvbuf = t.tunes ? 0 : t.rcvbuf;
	tcb_init(&t.tcb, &t.env);
	if (!t.tunes)
		tcp_set_rcvbuf(&t.tcb, t.rcvbuf);
	t.where = CN_ESTABLISHED;
	tcp_set_path(&t.tcb, t.path_mss, t.path_mss, t.default_mss);
	tcp_open(&t.tcb, t.iss, 1000, t.now);
	emits(t.set.ecn == 3		       ? "SECN" :
	      t.set.ecn == 1 || t.set.ecn == 4 ? "SEC" :
						 "S");
}

static void open_passively(void)
{
	struct line line = syn_line(t.peer_accecn ? "SECN" :
				    t.peer_ecn	  ? "SEC" :
						    "S",
				    0);
	struct tcp_seg seg = segment_in(&line), reply;
	struct tcp_syn syn;

	t.set.rcvbuf = t.tunes ? 0 : t.rcvbuf;
	tcp_syn_init(&syn, &t.env, &seg, t.iss,
		     t.tunes ? t.set.rmem.initial / 2 : t.rcvbuf);
	tcp_syn_reply(&syn, &t.env, t.path_mss, 1000, &reply, t.now);
	if (all_flags(&reply) != flags_of(t.peer_accecn && t.set.ecn >= 3 ?
						  "SAC" :
					  t.peer_ecn && t.set.ecn ? "SAE" :
								    "SA"))
		spec_fail(__FILE__, __LINE__, "no SYN-ACK");
	t.last = reply;
	t.ts_echo = reply.tsval;
	tcb_init(&t.tcb, &t.env);
	if (!t.tunes)
		tcp_set_rcvbuf(&t.tcb, t.rcvbuf);
	t.where = CN_ESTABLISHED;
	tcp_set_path(&t.tcb, t.path_mss, t.path_mss, t.default_mss);
	tcp_from_syn(&t.tcb, &syn, 1000, t.now, t.now);
}

static void establish(bool passive)
{
	if (passive) {
		open_passively();
		t.now += RTT;
		in("A", 1, 1, 0, .ace = t.tcb.accecn ? ACE(2) : 0);
	} else {
		open_actively();
		t.now += RTT;
		spec_in(syn_line(t.peer_accecn ? "SAC" :
				 t.peer_ecn    ? "SAE" :
						 "SA",
				 1));
		emits(t.tcb.accecn ? "AC" : "A");
	}
}

/* From ESTABLISHED, by segments alone. */
static void go_on_to(enum cn_tcp_state state)
{
	uint32_t una = t.tcb.snd_una - t.iss, nxt = t.tcb.rcv_nxt - t.irs;
	uint32_t fin;

	if (state == CN_ESTABLISHED)
		return;
	if (state == CN_CLOSE_WAIT || state == CN_LAST_ACK) {
		in("FA", nxt, una, 0);
		emits("A");
		if (state == CN_LAST_ACK) {
			closes();
			emits("FA");
		}
		return;
	}
	closes();
	emits("FA");
	fin = t.tcb.snd_nxt - t.iss;
	if (state == CN_FIN_WAIT_1)
		return;
	if (state == CN_CLOSING) {
		in("FA", nxt, una, 0);
		emits("A");
		return;
	}
	in("A", nxt, fin, 0);
	if (state == CN_FIN_WAIT_2)
		return;
	in("FA", nxt, fin, 0);
	emits("A");
}

void spec_at(const char *file, int line, enum cn_tcp_state want, bool passive)
{
	switch (want) {
	case CN_CLOSED:
	case CN_LISTEN:
		t.where = (uint8_t)want;
		return;
	case CN_SYN_SENT:
		open_actively();
		break;
	case CN_SYN_RECEIVED:
		if (passive) {
			open_passively();
			break;
		}
		open_actively();
		spec_in(syn_line("S", 0));
		emits("SA");
		break;
	case CN_ESTABLISHED:
	case CN_FIN_WAIT_1:
	case CN_FIN_WAIT_2:
	case CN_CLOSE_WAIT:
	case CN_CLOSING:
	case CN_LAST_ACK:
	case CN_TIME_WAIT:
		/* A test may have got this far by itself. */
		if (t.where == CN_CLOSED)
			establish(passive);
		go_on_to(want);
		break;
	}
	spec_state(file, line, want);
	spec_silent(file, line);
	t.tcb.news = 0;
}
