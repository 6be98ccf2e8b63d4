/* SPDX-License-Identifier: MIT */
/*
 * RFC 9293 section 3.10.7, state by event: what each state does with each
 * kind of segment, written from the RFC, RFC 5961 and RFC 1337 and not from
 * the code.  docs/grid.md is this table in words ("spec-grid --write FILE",
 * make grid); a test fails when it is stale.
 *
 * Each cell is one test, named <state>_<event>_<outcome>.
 */
#include "spec.h"

#include <ctype.h>
#include <stdio.h>

#include "tcp/recvq.h"

enum column {
	CL, /* CLOSED */
	LI, /* LISTEN */
	SS, /* SYN-SENT */
	SP, /* SYN-RECEIVED, from LISTEN */
	SA, /* SYN-RECEIVED, from SYN-SENT: both opened at once */
	ES, /* ESTABLISHED, 1000 octets in flight */
	F1, /* FIN-WAIT-1, 1000 octets and a FIN in flight */
	F2, /* FIN-WAIT-2 */
	CW, /* CLOSE-WAIT, 1000 octets in flight */
	CG, /* CLOSING, 1000 octets and a FIN in flight */
	LA, /* LAST-ACK, 1000 octets and a FIN in flight */
	TW, /* TIME-WAIT */
	COLUMNS
};

static const struct {
	const char *name; /* as the RFC spells it */
	const char *word; /* in the names of tests */
	enum cn_tcp_state state;
} column_list[COLUMNS] = {
	[CL] = {"CLOSED", "closed", CN_CLOSED},
	[LI] = {"LISTEN", "listen", CN_LISTEN},
	[SS] = {"SYN-SENT", "syn_sent", CN_SYN_SENT},
	[SP] = {"SYN-RECEIVED (passive)", "syn_received_passive",
		CN_SYN_RECEIVED},
	[SA] = {"SYN-RECEIVED (both open)", "syn_received_active",
		CN_SYN_RECEIVED},
	[ES] = {"ESTABLISHED", "established", CN_ESTABLISHED},
	[F1] = {"FIN-WAIT-1", "fin_wait_1", CN_FIN_WAIT_1},
	[F2] = {"FIN-WAIT-2", "fin_wait_2", CN_FIN_WAIT_2},
	[CW] = {"CLOSE-WAIT", "close_wait", CN_CLOSE_WAIT},
	[CG] = {"CLOSING", "closing", CN_CLOSING},
	[LA] = {"LAST-ACK", "last_ack", CN_LAST_ACK},
	[TW] = {"TIME-WAIT", "time_wait", CN_TIME_WAIT},
};

/* What an acknowledgement number is measured from. */
enum ack_base {
	NO_ACK, /* not there */
	CUR, /* the newest that is in order: SND.UNA, or our SYN's */
	UNA,
	NXT,
	OLD, /* SND.UNA - MAX.SND.WND */
};

enum where {
	LEFT, /* sequence numbers from RCV.NXT */
	EDGE, /* from RCV.NXT + RCV.WND */
};

struct event {
	const char *word; /* in the names of tests */
	const char *flags;
	enum where where;
	int seq;
	uint32_t len;
	enum ack_base ack_base;
	int ack;
	uint16_t up;
	const char *cells;
	const char *why;
};

/*
 * A cell is what is sent,
 *
 *	.	nothing
 *	A	an ACK at once
 *	C	a challenge ACK: one, and no second within 500 ms
 *	D	an ACK within 40 ms
 *	R	<SEQ=SEG.ACK><CTL=RST>
 *	Q	<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
 *	S	<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>
 *	N	a connection begins (a SYN for LISTEN)
 *
 * followed by what changes:
 *
 *	+n	RCV.NXT moves by n
 *	k	octets beyond a gap are kept
 *	u	SND.UNA moves to SEG.ACK
 *	!	the application is told of urgent data
 *	2	2MSL begins again
 *	>XX	the next state
 */
#define RFC "RFC 9293 section 3.10.7"
static const char blind[] = "RFC 5961 section 5.2";
static const char rst[] = "RFC 5961 section 3.2, RFC 1337";
static const char syn[] = "RFC 5961 section 4.2, RFC 6191";
static const char fits[] = "RFC 9293 table 6";
static const char step5[] = "RFC 9293 section 3.10.7.4, fifth";
static const char urg[] = "RFC 9293 section 3.10.7.4, sixth; RFC 6093";
static const char text[] = "RFC 9293 section 3.10.7.4, seventh";
static const char fin[] = "RFC 9293 section 3.10.7.4, eighth";
static const char combo[] = "RFC 9293 section 3.10.7, order of the checks";
static const char edge_note[] =
	"Deviation: RFC 9293 table 6 ends at the octet before; as Linux, an "
	"empty segment at the edge itself comes from a peer that has filled "
	"the window, and its ACK counts";
static const char rst_edge[] = "RFC 5961 section 3.2: outside, dropped";
static const char syn_fin[] =
	"Deviation: RFC 9293 would open; as Linux, no TCP sends this";
static const char again[] =
	"Deviation: RFC 9293 answers with an ACK; as Linux, SYN-RECEIVED says "
	"its SYN-ACK again";
static const char past_fin[] =
	"Beyond the peer's FIN there is nothing: ignored, as Linux";
static const char closed_window[] =
	"MUST-66: a closed window takes no octet, but ACK, URG and RST count";

/* clang-format off */
static const struct event events[] = {
/*                                                 CL LI SS SP SA ES F1 F2 CW CG LA TW */
{"empty_before", "A", LEFT, -1, 0, CUR, 0, 0,
 "R R . C C C C C C C C C", fits},
{"empty_exact", "A", LEFT, 0, 0, CUR, 0, 0,
 "R R . .u>ES .u>ES . . . . . . .", fits},
{"empty_inside", "A", LEFT, 100, 0, CUR, 0, 0,
 "R R . .u>ES .u>ES . . . . . . .", fits},
{"empty_last", "A", EDGE, -1, 0, CUR, 0, 0,
 "R R . .u>ES .u>ES . . . . . . .", fits},
{"empty_at_edge", "A", EDGE, 0, 0, CUR, 0, 0,
 "R R . .u>ES .u>ES . . . . . . C", edge_note},
{"empty_beyond", "A", EDGE, 1, 0, CUR, 0, 0,
 "R R . C C C C C C C C C", fits},
{"empty_far_beyond", "A", EDGE, 1 << 30, 0, CUR, 0, 0,
 "R R . C C C C C C C C C", fits},

{"data_old", "PA", LEFT, -10, 10, CUR, 0, 0,
 "R R . A A A A A A A A A", fits},
{"data_far_behind", "PA", LEFT, -(1 << 30), 10, CUR, 0, 0,
 "R R . A A A A A A A A A", fits},
{"data_over_left_edge", "PA", LEFT, -5, 10, CUR, 0, 0,
 "R R . A+5u>ES A+5u>ES A+5 A+5 A+5 A A A A", text},
{"data_exact", "PA", LEFT, 0, 10, CUR, 0, 0,
 "R R . A+10u>ES A+10u>ES D+10 D+10 D+10 . . . A", past_fin},
{"data_beyond_gap", "PA", LEFT, 100, 10, CUR, 0, 0,
 "R R . Aku>ES Aku>ES Ak Ak Ak . . . A", past_fin},
{"data_up_to_edge", "PA", EDGE, -10, 10, CUR, 0, 0,
 "R R . Aku>ES Aku>ES Ak Ak Ak . . . A", past_fin},
{"data_over_right_edge", "PA", EDGE, -5, 10, CUR, 0, 0,
 "R R . Aku>ES Aku>ES Ak Ak Ak . . . A", past_fin},
{"data_at_edge", "PA", EDGE, 0, 10, CUR, 0, 0,
 "R R . A A A A A A A A A", fits},
{"data_beyond", "PA", EDGE, 1, 10, CUR, 0, 0,
 "R R . A A A A A A A A A", fits},
{"data_over_both_edges", "PA", LEFT, -5, 10010, CUR, 0, 0,
 "R R . A+10000u>ES A+10000u>ES A+10000 A+10000 A+10000 A A A A", text},
{"data_of_whole_window", "PA", LEFT, 0, 9999, CUR, 0, 0,
 "R R . A+9999u>ES A+9999u>ES A+9999 A+9999 A+9999 . . . A", past_fin},

{"rst_before", "R", LEFT, -1, 0, NO_ACK, 0, 0,
 ". . . . . . . . . . . .", rst},
{"rst_exact", "R", LEFT, 0, 0, NO_ACK, 0, 0,
 ". . . .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .", rst},
{"rst_inside", "R", LEFT, 1, 0, NO_ACK, 0, 0,
 ". . . C C C C C C C C .", rst},
{"rst_last", "R", EDGE, -1, 0, NO_ACK, 0, 0,
 ". . . C C C C C C C C .", rst},
{"rst_at_edge", "R", EDGE, 0, 0, NO_ACK, 0, 0,
 ". . . . . . . . . . . .", rst_edge},
{"rst_beyond", "R", EDGE, 1, 0, NO_ACK, 0, 0,
 ". . . . . . . . . . . .", rst},
{"rst_far_beyond", "R", EDGE, 1 << 30, 0, NO_ACK, 0, 0,
 ". . . . . . . . . . . .", rst},
{"rst_with_data", "R", LEFT, 0, 10, NO_ACK, 0, 0,
 ". . . .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .", rst},
{"rst_ack_exact", "RA", LEFT, 0, 0, CUR, 0, 0,
 ". . .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .", rst},
{"rst_ack_inside", "RA", LEFT, 1, 0, CUR, 0, 0,
 ". . .>CL C C C C C C C C .", rst},
{"rst_with_bad_ack", "RA", LEFT, 0, 0, NXT, 1, 0,
 ". . . .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .", rst},
{"rst_with_old_ack", "RA", LEFT, 0, 0, UNA, -1, 0,
 ". . . .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .", rst},

{"syn_far_behind", "S", LEFT, -20000, 0, NO_ACK, 0, 0,
 "Q N S>SR C C C C C C C C C", syn},
{"syn_before", "S", LEFT, -1, 0, NO_ACK, 0, 0,
 "Q N S>SR S S C C C C C C C", again},
{"syn_exact", "S", LEFT, 0, 0, NO_ACK, 0, 0,
 "Q N S>SR C C C C C C C C C", syn},
{"syn_inside", "S", LEFT, 100, 0, NO_ACK, 0, 0,
 "Q N S>SR C C C C C C C C N", syn},
{"syn_last", "S", EDGE, -1, 0, NO_ACK, 0, 0,
 "Q N S>SR C C C C C C C C N", syn},
{"syn_at_edge", "S", EDGE, 0, 0, NO_ACK, 0, 0,
 "Q N S>SR C C C C C C C C N", syn},
{"syn_beyond", "S", EDGE, 1, 0, NO_ACK, 0, 0,
 "Q N S>SR C C C C C C C C N", syn},
{"syn_with_data", "S", LEFT, 0, 10, NO_ACK, 0, 0,
 "Q N S>SR C C C C C C C C C", syn},
{"syn_ack_before", "SA", LEFT, -1, 0, CUR, 0, 0,
 "R R Au>ES Au>ES Au>ES C C C C C C C", syn},
{"syn_ack_exact", "SA", LEFT, 0, 0, CUR, 0, 0,
 "R R Au>ES C C C C C C C C C", syn},
{"syn_ack_inside", "SA", LEFT, 100, 0, CUR, 0, 0,
 "R R Au>ES C C C C C C C C C", syn},
{"syn_ack_beyond", "SA", EDGE, 1, 0, CUR, 0, 0,
 "R R Au>ES C C C C C C C C C", syn},
{"syn_ack_of_too_much", "SA", LEFT, 0, 0, NXT, 1, 0,
 "R R R C C C C C C C C C", syn},
{"syn_ack_of_nothing", "SA", LEFT, 0, 0, UNA, 0, 0,
 "R R R C C C C C C C C C", syn},

{"ack_ancient", "A", LEFT, 0, 0, OLD, -1, 0,
 "R R R R R C C C C C C .", blind},
{"ack_oldest", "A", LEFT, 0, 0, OLD, 0, 0,
 "R R R R R . . . . . . .", blind},
{"ack_old", "A", LEFT, 0, 0, UNA, -1, 0,
 "R R R R R . . . . . . .", step5},
{"ack_duplicate", "A", LEFT, 0, 0, UNA, 0, 0,
 "R R R R R . . . . . . .", step5},
{"ack_of_all_but_one", "A", LEFT, 0, 0, NXT, -1, 0,
 "R R R R R .u .u . .u .u .u .", step5},
{"ack_of_all", "A", LEFT, 0, 0, NXT, 0, 0,
 "R R . .u>ES .u>ES .u .u>F2 . .u .u>TW .u>CL .", step5},
{"ack_of_too_much", "A", LEFT, 0, 0, NXT, 1, 0,
 "R R R R R C C C C C C .", blind},
{"ack_far_ahead", "A", LEFT, 0, 0, NXT, 1 << 30, 0,
 "R R R R R C C C C C C .", blind},
{"data_with_ack_of_too_much", "PA", LEFT, 0, 10, NXT, 1, 0,
 "R R R R R C C C C C C A", blind},
{"data_with_ancient_ack", "PA", LEFT, 0, 10, OLD, -1, 0,
 "R R R R R C C C C C C A", blind},
{"data_with_old_ack", "PA", LEFT, 0, 10, UNA, -1, 0,
 "R R R R R D+10 D+10 D+10 . . . A", step5},
{"data_with_ack_of_all", "PA", LEFT, 0, 10, NXT, 0, 0,
 "R R . A+10u>ES A+10u>ES D+10u D+10u>F2 D+10 .u .u>TW .u>CL A", step5},

{"fin_before", "FA", LEFT, -1, 0, CUR, 0, 0,
 "R R . A A A A A A A A A2", fin},
{"fin_exact", "FA", LEFT, 0, 0, CUR, 0, 0,
 "R R . A+1u>CW A+1u>CW A+1>CW A+1>CG A+1>TW . . . C", past_fin},
{"fin_beyond_gap", "FA", LEFT, 100, 0, CUR, 0, 0,
 "R R . Au>ES Au>ES A A A . . . C", past_fin},
{"fin_last", "FA", EDGE, -1, 0, CUR, 0, 0,
 "R R . Au>ES Au>ES A A A . . . C", past_fin},
{"fin_at_edge", "FA", EDGE, 0, 0, CUR, 0, 0,
 "R R . A A A A A A A A C", fits},
{"fin_beyond", "FA", EDGE, 1, 0, CUR, 0, 0,
 "R R . A A A A A A A A C", fits},
{"data_and_fin", "FPA", LEFT, 0, 10, CUR, 0, 0,
 "R R . A+11u>CW A+11u>CW A+11>CW A+11>CG A+11>TW . . . A", past_fin},
{"data_and_fin_old_in_part", "FPA", LEFT, -5, 10, CUR, 0, 0,
 "R R . A+6u>CW A+6u>CW A+6>CW A+6>CG A+6>TW A A A A", fin},
{"data_and_fin_at_edge", "FPA", EDGE, -10, 10, CUR, 0, 0,
 "R R . Aku>ES Aku>ES Ak Ak Ak . . . A", past_fin},
{"window_and_fin_at_edge", "FPA", LEFT, 0, 10000, CUR, 0, 0,
 "R R . A+10000u>ES A+10000u>ES A+10000 A+10000 A+10000 . . . A", past_fin},
{"fin_with_ack_of_all", "FA", LEFT, 0, 0, NXT, 0, 0,
 "R R . A+1u>CW A+1u>CW A+1u>CW A+1u>TW A+1>TW .u .u>TW .u>CL C", fin},
{"fin_with_ack_of_too_much", "FA", LEFT, 0, 0, NXT, 1, 0,
 "R R R R R C C C C C C C", blind},

{"urg_and_data", "PAU", LEFT, 0, 10, CUR, 0, 5,
 "R R . A+10u!>ES A+10u!>ES D+10! D+10! D+10! . . . A", urg},
{"urg_beyond_data", "PAU", LEFT, 0, 10, CUR, 0, 100,
 "R R . A+10u!>ES A+10u!>ES D+10! D+10! D+10! . . . A", urg},
{"urg_zero", "PAU", LEFT, 0, 10, CUR, 0, 0,
 "R R . A+10u!>ES A+10u!>ES D+10! D+10! D+10! . . . A", urg},
{"urg_beyond_gap", "PAU", LEFT, 100, 10, CUR, 0, 5,
 "R R . Aku!>ES Aku!>ES Ak! Ak! Ak! . . . A", urg},
{"urg_empty", "AU", LEFT, 0, 0, CUR, 0, 50,
 "R R . .u!>ES .u!>ES .! .! .! . . . .", urg},
{"urg_old", "PAU", LEFT, -10, 10, CUR, 0, 10,
 "R R . A A A A A A A A A", urg},
{"urg_of_what_is_read", "PAU", LEFT, -5, 10, CUR, 0, 5,
 "R R . A+5u>ES A+5u>ES A+5 A+5 A+5 A A A A", urg},

{"null", "", LEFT, 0, 0, NO_ACK, 0, 0,
 "Q . . . . . . . . . . .", combo},
{"data_without_ack", "P", LEFT, 0, 10, NO_ACK, 0, 0,
 "Q . . . . . . . . . . .", combo},
{"fin_without_ack", "F", LEFT, 0, 0, NO_ACK, 0, 0,
 "Q . . . . . . . . . . .", combo},
{"urg_without_ack", "U", LEFT, 0, 0, NO_ACK, 0, 9,
 "Q . . . . . . . . . . .", combo},
{"xmas", "FPU", LEFT, 0, 10, NO_ACK, 0, 9,
 "Q . . . . . . . . . . .", combo},
{"syn_fin", "SF", LEFT, 0, 0, NO_ACK, 0, 0,
 "Q . . C C C C C C C C C", syn_fin},
{"syn_fin_ack", "SFA", LEFT, 0, 0, CUR, 0, 0,
 "R R . C C C C C C C C C", syn_fin},
{"syn_rst", "SR", LEFT, 0, 0, NO_ACK, 0, 0,
 ". . . .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .", combo},
{"all_flags", "SFRPAU", LEFT, 0, 0, CUR, 0, 9,
 ". . .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .", combo},
{"all_flags_inside", "SFRPAU", LEFT, 1, 0, CUR, 0, 9,
 ". . .>CL C C C C C C C C .", combo},
};

/* The same with RCV.WND = 0. */
static const struct event closed_window_events[] = {
{"empty_before", "A", LEFT, -1, 0, CUR, 0, 0,
 "R R . C C C C C C C C C", fits},
{"empty_exact", "A", LEFT, 0, 0, CUR, 0, 0,
 "R R . .u>ES .u>ES . . . . . . .", fits},
{"empty_beyond", "A", LEFT, 1, 0, CUR, 0, 0,
 "R R . C C C C C C C C C", fits},
{"data_exact", "PA", LEFT, 0, 1, CUR, 0, 0,
 "R R . Au>ES Au>ES A A A A A A A", closed_window},
{"data_beyond", "PA", LEFT, 1, 1, CUR, 0, 0,
 "R R . A A A A A A A A A", fits},
{"data_with_ack_of_all", "PA", LEFT, 0, 1, NXT, 0, 0,
 "R R . Au>ES Au>ES Au Au>F2 A Au Au>TW .u>CL A", closed_window},
{"data_with_ack_of_too_much", "PA", LEFT, 0, 1, NXT, 1, 0,
 "R R R R R A A A A A A A", closed_window},
{"urg_and_data", "PAU", LEFT, 0, 1, CUR, 0, 5,
 "R R . Au!>ES Au!>ES A! A! A! A A A A", closed_window},
{"rst_before", "R", LEFT, -1, 0, NO_ACK, 0, 0,
 ". . . . . . . . . . . .", rst},
{"rst_exact", "R", LEFT, 0, 0, NO_ACK, 0, 0,
 ". . . .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .", closed_window},
{"rst_with_data", "R", LEFT, 0, 1, NO_ACK, 0, 0,
 ". . . .>CL .>CL .>CL .>CL .>CL .>CL .>CL .>CL .", closed_window},
{"rst_beyond", "R", LEFT, 1, 0, NO_ACK, 0, 0,
 ". . . . . . . . . . . .", rst},
{"syn_exact", "S", LEFT, 0, 0, NO_ACK, 0, 0,
 "Q N S>SR C C C C C C C C C", syn},
{"fin_before", "FA", LEFT, -1, 0, CUR, 0, 0,
 "R R . A A A A A A A A A2", fin},
{"fin_exact", "FA", LEFT, 0, 0, CUR, 0, 0,
 "R R . Au>ES Au>ES A A A A A A C", closed_window},
};
/* clang-format on */

/* ---------------------------------------------------------------- cells -- */

struct cell {
	const struct event *event;
	enum column column;
	bool closed_window;
	char reply; /* as in the table */
	bool kept, una, urgent, restart;
	uint32_t advance;
	enum cn_tcp_state next;
	bool moves;
};

static enum cn_tcp_state state_of(const char *two)
{
	static const struct {
		const char *two;
		enum cn_tcp_state state;
	} row[] = {
		{"CL", CN_CLOSED},	{"SR", CN_SYN_RECEIVED},
		{"ES", CN_ESTABLISHED}, {"F1", CN_FIN_WAIT_1},
		{"F2", CN_FIN_WAIT_2},	{"CW", CN_CLOSE_WAIT},
		{"CG", CN_CLOSING},	{"LA", CN_LAST_ACK},
		{"TW", CN_TIME_WAIT},
	};

	for (size_t i = 0; i < N_OF(row); i++) {
		if (strncmp(two, row[i].two, 2) == 0)
			return row[i].state;
	}
	abort();
}

/* The word number n of cells; aborts when there is none: no cell is empty. */
static struct cell parse_cell(const struct event *event, enum column column,
			      bool closed)
{
	struct cell cell = {event, column, closed};
	const char *p = event->cells;

	for (unsigned i = 0; i < column; i++)
		p = strchr(p, ' ') + 1;
	cell.reply = *p++;
	if (!strchr(".ACDRQSN", cell.reply))
		abort();
	while (*p && *p != ' ') {
		switch (*p++) {
		case 'k':
			cell.kept = true;
			break;
		case 'u':
			cell.una = true;
			break;
		case '!':
			cell.urgent = true;
			break;
		case '2':
			cell.restart = true;
			break;
		case '+':
			cell.advance = (uint32_t)strtoul(p, (char **)&p, 10);
			break;
		case '>':
			cell.moves = true;
			cell.next = state_of(p);
			p += 2;
			break;
		default:
			abort();
		}
	}
	if ((column == COLUMNS - 1) != (*p == 0))
		abort();
	return cell;
}

/* ----------------------------------------------------------- situations -- */

/* Where the connection stands, relative to the initial numbers. */
struct stand {
	int64_t una, nxt, rcv, wnd, max_wnd;
	uint64_t keep_at;
	uint32_t queued;
};

static struct stand stand_now(enum column column)
{
	struct stand s = {1, 1, 1, OUR_WND, PEER_WND, 0, 0};

	if (column == CL || column == LI)
		return s;
	s.una = (int32_t)(t.tcb.snd_una - t.iss);
	s.nxt = (int32_t)(t.tcb.snd_nxt - t.iss);
	s.wnd = t.tcb.rcv_wnd;
	s.max_wnd = t.tcb.max_snd_wnd;
	s.keep_at = t.tcb.keep_at;
	s.queued = t.tcb.rcv_queued;
	/* SYN-SENT has heard nothing yet. */
	if (column != SS)
		s.rcv = (int32_t)(t.tcb.rcv_nxt - t.irs);
	return s;
}

static void put_in_flight(uint32_t len)
{
	uint32_t from = t.tcb.snd_nxt - t.iss;

	sends(len);
	out("PA", from, t.tcb.rcv_nxt - t.irs, len);
	/* The first ACKs are over, which are not delayed. */
	t.tcb.quick_n = 0;
}

static void set_up(enum column column, bool closed)
{
	bool fin_comes = column >= CW;

	switch (column) {
	case CL:
	case LI:
	case SS:
	case SP:
	case SA:
		if (closed)
			t.rcvbuf = 0;
		spec_at(__FILE__, __LINE__, column_list[column].state,
			column == SP);
		break;
	case ES:
	case F1:
	case F2:
	case CW:
	case CG:
	case LA:
	case TW:
		at(CN_ESTABLISHED);
		if (closed)
			fills_window(fin_comes);
		put_in_flight(1000);
		spec_at(__FILE__, __LINE__, column_list[column].state, false);
		break;
	case COLUMNS:
		abort();
	}
	t.tcb.news = 0;
	if (column > LI)
		after(50 * MS);
}

static struct line line_of(const struct event *event, enum column column,
			   const struct stand *s)
{
	struct line line = {
		.flags = event->flags,
		.seq = s->rcv + event->seq,
		.len = event->len,
		.up = event->up,
	};

	if (event->where == EDGE)
		line.seq += s->wnd;
	switch (event->ack_base) {
	case NO_ACK:
		break;
	case CUR:
		line.ack = column <= SA ? s->nxt : s->una;
		break;
	case UNA:
		line.ack = s->una;
		break;
	case NXT:
		line.ack = s->nxt;
		break;
	case OLD:
		line.ack = s->una - s->max_wnd;
		break;
	}
	line.ack += event->ack;
	return line;
}

/* -------------------------------------------------------------- checks -- */

static void check_reply(const struct cell *cell, const struct line *line,
			const struct stand *s, int64_t rcv)
{
	uint32_t len = line->len + !!strchr(line->flags, 'S') +
		       !!strchr(line->flags, 'F');

	switch (cell->reply) {
	case 'A':
	case 'C':
		out("A", s->nxt, rcv, 0, .any_options = true);
		break;
	case 'R':
		out("R", line->ack, 0, 0);
		break;
	case 'Q':
		out("RA", -(int64_t)t.iss, line->seq + len, 0);
		break;
	case 'S':
		out("SA", 0, rcv, 0, .any_options = true);
		break;
	default:
		break;
	}
	silent();
}

/* The second of its kind earns nothing. */
static void check_limit(const struct cell *cell, const struct line *line)
{
	uint64_t n = t.count.tcp_challenge_acks;

	if (cell->reply != 'C')
		return;
	is(n, 1);
	spec_in(*line);
	silent();
	is(t.count.tcp_challenge_acks, 1);
	after(t.tcb.rexmit_at == NEVER ? 500 * MS : 0);
}

/* Why the application learns that a reset connection is over. */
static int reset_error(enum column column)
{
	switch (column) {
	case SS:
	case SA:
		return CN_E_CONNREFUSED;
	case ES:
	case F1:
	case F2:
		return CN_E_CONNRESET;
	case CW:
		return CN_E_PIPE;
	case CL:
	case LI:
	case SP:
	case CG:
	case LA:
	case TW:
	case COLUMNS:
		break;
	}
	return 0;
}

static void check_connection(const struct cell *cell, const struct line *line,
			     const struct stand *s, int64_t rcv)
{
	uint32_t queued = t.tcb.rcv_queued - s->queued;

	state(cell->moves ? cell->next : column_list[cell->column].state);
	is((int32_t)(t.tcb.snd_una - t.iss), cell->una ? line->ack : s->una);
	if (cell->column != SS || cell->moves)
		is(t.tcb.state == CN_CLOSED ||
			   (int32_t)(t.tcb.rcv_nxt - t.irs) == rcv,
		   true);
	is(!!(t.tcb.news & TCP_NEWS_PRI), cell->urgent);
	is(t.tcb.delack_at != NEVER, cell->reply == 'D');
	is(recvq_has_gap(&t.tcb), cell->kept);
	/* All but a FIN and an urgent octet. */
	is(queued <= cell->advance && queued + 2 >= cell->advance, true);
	if (cell->column == TW)
		is(t.tcb.keep_at,
		   cell->restart ? t.now + t.set.msl2_ns : s->keep_at);
	if (cell->next == CN_CLOSED && cell->moves)
		error(strchr(line->flags, 'R') ? reset_error(cell->column) : 0);
	else
		error(0);
}

/* The compact record of TIME-WAIT answers as the connection does. */
static void check_record(const struct cell *cell, const struct line *line)
{
	struct tcp_seg reply;
	struct tcp_tw tw;
	enum tcp_tw_verdict verdict;

	tcp_tw_init(&tw, &t.tcb);
	verdict = spec_time_wait(&tw, *line, &reply);
	switch (cell->reply) {
	case 'N':
		is(verdict, TCP_TW_REUSE);
		return;
	case 'A':
	case 'C':
		is(verdict, cell->restart ? TCP_TW_RESTART : TCP_TW_ACK);
		is(reply.flags, TCP_ACK);
		is(reply.seq, t.tcb.snd_nxt);
		is(reply.ack, t.tcb.rcv_nxt);
		is(reply.len, 0);
		return;
	default:
		is(verdict, TCP_TW_DROP);
	}
}

static void check_cell(void)
{
	const struct cell *cell = t_row;
	struct line line;
	struct stand s;
	int64_t rcv;

	set_up(cell->column, cell->closed_window);
	s = stand_now(cell->column);
	line = line_of(cell->event, cell->column, &s);
	rcv = s.rcv + cell->advance;
	if (cell->column == SS)
		rcv = line.seq + 1;
	if (cell->column == TW)
		check_record(cell, &line);
	spec_in(line);
	check_reply(cell, &line, &s, rcv);
	if (cell->column == LI) {
		is(t.listen == TCP_LISTEN_SYN, cell->reply == 'N');
		is(t.listen == TCP_LISTEN_RST, cell->reply == 'R');
	}
	if (cell->column <= LI)
		return;
	check_connection(cell, &line, &s, rcv);
	check_limit(cell, &line);
}

/* ------------------------------------------------------------- in words -- */

struct text {
	char *p;
	size_t n, size;
};

static void say(struct text *to, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct text *to, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(to->p + to->n, to->size - to->n, format, args);
	va_end(args);
	to->n += (size_t)n;
	if (n < 0 || to->n >= to->size)
		abort();
}

static void say_offset(struct text *to, const char *from, int off)
{
	if (off == 1 << 30 || off == -(1 << 30))
		say(to, "%s %c 2^30", from, off < 0 ? '-' : '+');
	else if (off)
		say(to, "%s %c %d", from, off < 0 ? '-' : '+', abs(off));
	else
		say(to, "%s", from);
}

static void say_flags(struct text *to, const char *flags)
{
	static const struct {
		char letter;
		const char *name;
	} row[] = {
		{'S', "SYN"}, {'F', "FIN"}, {'R', "RST"},
		{'P', "PSH"}, {'A', "ACK"}, {'U', "URG"},
	};
	bool first = true;

	for (size_t i = 0; i < N_OF(row); i++) {
		if (!strchr(flags, row[i].letter))
			continue;
		say(to, "%s%s", first ? "" : ",", row[i].name);
		first = false;
	}
	if (first)
		say(to, "no flag");
}

static void say_event(struct text *to, const struct event *event)
{
	static const char *const base[] = {"", "as expected", "SND.UNA",
					   "SND.NXT", "SND.UNA - MAX.SND.WND"};

	say_flags(to, event->flags);
	say_offset(to, ", SEQ = ", 0);
	say_offset(to, event->where == EDGE ? "RCV.NXT + RCV.WND" : "RCV.NXT",
		   event->seq);
	if (event->len)
		say(to, ", %u octet%s", (unsigned)event->len,
		    event->len == 1 ? "" : "s");
	if (event->ack_base > CUR) {
		say(to, ", ACK = ");
		say_offset(to, base[event->ack_base], event->ack);
	}
	if (strchr(event->flags, 'U'))
		say(to, ", UP = %u", (unsigned)event->up);
}

static void say_cell(struct text *to, const struct cell *cell)
{
	static const struct {
		char letter;
		const char *word;
	} row[] = {
		{'.', ""},
		{'A', "ACK"},
		{'C', "challenge ACK"},
		{'D', "delayed ACK"},
		{'R', "RST"},
		{'Q', "RST,ACK"},
		{'S', "SYN,ACK"},
		{'N', "opens"},
	};
	size_t start = to->n;

	for (size_t i = 0; i < N_OF(row); i++) {
		if (row[i].letter == cell->reply)
			say(to, "%s", row[i].word);
	}
#define SEP (to->n > start ? ", " : "")
	if (cell->advance)
		say(to, "%stakes %u", SEP, (unsigned)cell->advance);
	if (cell->kept)
		say(to, "%skeeps", SEP);
	if (cell->una)
		say(to, "%sUNA", SEP);
	if (cell->urgent)
		say(to, "%surgent", SEP);
	if (cell->restart)
		say(to, "%s2MSL again", SEP);
	if (cell->moves)
		say(to, "%s→ %s", SEP, cn_tcp_state_name(cell->next));
#undef SEP
	if (to->n == start)
		say(to, "–");
}

static void say_table(struct text *to, const struct event *event, size_t n,
		      bool closed)
{
	say(to, "| segment |");
	for (unsigned i = 0; i < COLUMNS; i++)
		say(to, " %s |", column_list[i].name);
	say(to, " by |\n|---|");
	for (unsigned i = 0; i < COLUMNS; i++)
		say(to, "---|");
	say(to, "---|\n");
	for (size_t i = 0; i < n; i++) {
		say(to, "| ");
		say_event(to, &event[i]);
		say(to, " |");
		for (unsigned j = 0; j < COLUMNS; j++) {
			struct cell cell =
				parse_cell(&event[i], (enum column)j, closed);

			say(to, " ");
			say_cell(to, &cell);
			say(to, " |");
		}
		say(to, " %s |\n", event[i].why);
	}
}

static char *document(void)
{
	struct text to = {malloc(1 << 18), 0, 1 << 18};

	if (!to.p)
		abort();
	say(&to, "%s",
	    "# What each state does with each segment\n\n"
	    "Written by `make grid` from the table in `test/spec/grid.c`, "
	    "which was written from RFC 9293 section 3.10.7, RFC 5961, RFC "
	    "1337 and RFC 6191. Each cell is a test that runs with initial "
	    "sequence numbers of 0 and around 2^31 and 2^32; "
	    "TIME-WAIT is tested as connection and as compact record.\n\n"
	    "The peer's segment acknowledges what is in order (SND.UNA, or "
	    "our SYN while that is not acknowledged) unless the row says "
	    "otherwise. ESTABLISHED, CLOSE-WAIT, FIN-WAIT-1, CLOSING and "
	    "LAST-ACK have 1000 octets in flight, the last three a FIN "
	    "behind them. RCV.WND is 10000. A connection in SYN-RECEIVED that "
	    "came from LISTEN is an entry of its listener: where it ends "
	    "(CLOSED), the listener stays, which is the RFC's return to "
	    "LISTEN.\n\n"
	    "| word | means |\n|---|---|\n"
	    "| – | nothing is sent and nothing changes |\n"
	    "| ACK | `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>` at once |\n"
	    "| challenge ACK | the same, but one in 500 ms at most (RFC 5961 "
	    "section 7) |\n"
	    "| delayed ACK | within 40 ms |\n"
	    "| RST | `<SEQ=SEG.ACK><CTL=RST>` |\n"
	    "| RST,ACK | `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>` |\n"
	    "| SYN,ACK | `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>` |\n"
	    "| opens | a connection in SYN-RECEIVED begins |\n"
	    "| takes n | RCV.NXT moves by n |\n"
	    "| keeps | octets beyond a gap are kept |\n"
	    "| UNA | SND.UNA moves to SEG.ACK |\n"
	    "| urgent | the application is told of urgent data |\n"
	    "| 2MSL again | TIME-WAIT begins anew |\n"
	    "| → | the next state |\n\n");
	say_table(&to, events, N_OF(events), false);
	say(&to, "\n## With a closed window: RCV.WND = 0\n\n");
	say_table(&to, closed_window_events, N_OF(closed_window_events), true);
	return to.p;
}

/* ---------------------------------------------------------------- tests -- */

static void the_published_grid_is_current(void **state)
{
	const char *root = getenv("SOURCE_ROOT");
	static char found[1 << 18];
	char path[4096], *want;
	FILE *file;
	size_t n;

	(void)state;
	if (!root)
		skip();
	snprintf(path, sizeof(path), "%s/docs/grid.md", root);
	file = fopen(path, "r");
	assert_non_null(file);
	n = fread(found, 1, sizeof(found) - 1, file);
	fclose(file);
	found[n] = 0;
	want = document();
	if (strcmp(found, want) != 0)
		fail_msg("docs/grid.md is stale: make grid");
	free(want);
}

static int write_document(const char *path)
{
	char *words = document();
	FILE *file = fopen(path, "w");

	if (!file || fputs(words, file) < 0 || fclose(file) != 0)
		return 1;
	free(words);
	return 0;
}

#define CELLS ((N_OF(events) + N_OF(closed_window_events)) * (size_t)COLUMNS)

static struct cell cells[CELLS];
static struct spec_rule rules[CELLS];
static char names[CELLS][160];
static struct CMUnitTest tests[CELLS + 1];

/* <state>_<event>_<outcome> */
static void name_cell(char name[160], const struct cell *cell)
{
	struct text to = {name, 0, 160};
	char words[100], *p;
	struct text outcome = {words, 0, sizeof(words)};

	say(&to, "%s_%s%s_", column_list[cell->column].word,
	    cell->closed_window ? "closed_window_" : "", cell->event->word);
	say_cell(&outcome, cell);
	for (p = words; *p; p++) {
		if (isalnum((unsigned char)*p))
			say(&to, "%c", tolower((unsigned char)*p));
		else if (name[to.n - 1] != '_')
			say(&to, "_");
	}
	if (name[to.n - 1] == '_') {
		if (cell->reply == '.' && !cell->advance && !cell->kept &&
		    !cell->una && !cell->urgent && !cell->moves)
			say(&to, "is_ignored");
		else
			name[--to.n] = 0;
	}
}

static void add_cells(const struct event *event, size_t n, bool closed,
		      size_t *at)
{
	for (size_t i = 0; i < n * COLUMNS; i++, (*at)++) {
		cells[*at] = parse_cell(&event[i / COLUMNS],
					(enum column)(i % COLUMNS), closed);
		name_cell(names[*at], &cells[*at]);
		rules[*at].rule = check_cell;
		rules[*at].row = &cells[*at];
		tests[*at].name = names[*at];
		tests[*at].test_func = spec_run;
		tests[*at].initial_state = &rules[*at];
	}
}

int main(int argc, char **argv)
{
	size_t n = 0;

	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_document(argv[2]);
	add_cells(events, N_OF(events), false, &n);
	add_cells(closed_window_events, N_OF(closed_window_events), true, &n);
	tests[n].name = "the_published_grid_is_current";
	tests[n].test_func = the_published_grid_is_current;
	return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
