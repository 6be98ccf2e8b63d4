/* SPDX-License-Identifier: MIT */
/*
 * Chance: independent loss, bursty loss (Gilbert 1960, Elliott 1963),
 * duplication, corruption, reordering, and delay with jitter of four shapes.
 * The shapes have mean 0 and standard deviation 1 (uniform: -1 .. 1, as in
 * netem), and are made without a mathematics library.
 */
#include "link/impair.h"

void dice_init(struct dice *dice, const uint8_t seed[16])
{
	random_init(&dice->loss, seed, 1);
	random_init(&dice->burst, seed, 2);
	random_init(&dice->duplicate, seed, 3);
	random_init(&dice->corrupt, seed, 4);
	random_init(&dice->reorder, seed, 5);
	random_init(&dice->jitter, seed, 6);
	dice->is_bad = false;
}

/* Uniform in [0, 1). */
static double uniform(struct random *stream)
{
	return (double)(random_u64(stream) >> 11) * 0x1p-53;
}

static bool chance(struct random *stream, double p)
{
	return p > 0 && uniform(stream) < p;
}

/*
 * As netem: the state in which the packet finds the path decides, then the
 * path may change its state.
 */
static bool burst_loses(struct dice *dice, const struct cn_impair *impair)
{
	bool was_bad = dice->is_bad;

	if (chance(&dice->burst, was_bad ? impair->burst_r : impair->burst_p))
		dice->is_bad = !was_bad;
	return chance(&dice->burst,
		      was_bad ? impair->burst_bad : impair->burst_good);
}

bool dice_loses(struct dice *dice, const struct cn_impair *impair)
{
	bool lost = chance(&dice->loss, impair->loss);

	if (impair->burst_p > 0 || impair->burst_good > 0)
		lost |= burst_loses(dice, impair);
	return lost;
}

bool dice_duplicates(struct dice *dice, const struct cn_impair *impair)
{
	return chance(&dice->duplicate, impair->duplicate);
}

bool dice_corrupts(struct dice *dice, const struct cn_impair *impair)
{
	return chance(&dice->corrupt, impair->corrupt);
}

uint32_t dice_bit(struct dice *dice, uint32_t n)
{
	return random_below(&dice->corrupt, n);
}

bool dice_reorders(struct dice *dice, const struct cn_impair *impair)
{
	return chance(&dice->reorder, impair->reorder);
}

/* The sum of twelve uniform draws: its distribution function is within 0.003
 * of the normal one everywhere, and it ends at six deviations. */
static double normal(struct random *stream)
{
	uint32_t sum = 0;
	unsigned i, j;

	for (i = 0; i < 3; i++) {
		uint64_t bits = random_u64(stream);

		for (j = 0; j < 4; j++)
			sum += (uint32_t)(bits >> (16 * j)) & 0xffff;
	}
	return (double)sum * 0x1p-16 - (6.0 - 6 * 0x1p-16);
}

/* u^(-1/3) for 0 < u <= 1, by Newton's method on 1/y^3 = u once u has been
 * brought into 1/8 .. 1. */
static double inverse_cube_root(double u)
{
	double scale = 1, y = 1.2;
	unsigned i;

	while (u < 0.125) {
		u *= 8;
		scale *= 2;
	}
	for (i = 0; i < 7; i++)
		y *= (4 - u * y * y * y) / 3;
	return y * scale;
}

/*
 * Pareto of shape 3, as netem's table, brought to mean 0 and deviation 1.
 * netem's ends at four deviations; here the tail goes on to 32, since the
 * rare very late packet is what the shape is chosen for.
 */
static double pareto(struct random *stream)
{
	const double mean = 1.5, deviation = 0.8660254037844386, end = 32;
	double x;

	x = inverse_cube_root(1 - uniform(stream));
	x = (x - mean) / deviation;
	return x < end ? x : end;
}

static double shape(struct random *stream, enum cn_jitter jitter)
{
	switch (jitter) {
	case CN_JITTER_NORMAL:
		return normal(stream);
	case CN_JITTER_PARETO:
		return pareto(stream);
	case CN_JITTER_PARETO_NORMAL: {
		/* netem's mixture */
		double part = normal(stream) / 4;

		return part + pareto(stream) * 3 / 4;
	}
	case CN_JITTER_UNIFORM:
		break;
	}
	return 2 * uniform(stream) - 1;
}

uint64_t dice_delay(struct dice *dice, const struct cn_impair *impair)
{
	uint64_t delay = impair->delay_ns, ns;
	double x;

	if (!impair->jitter_ns)
		return delay;
	x = shape(&dice->jitter, (enum cn_jitter)impair->jitter) *
	    (double)impair->jitter_ns;
	if (x >= 0)
		return delay + (uint64_t)x;
	ns = (uint64_t)-x;
	return ns < delay ? delay - ns : 0;
}

bool impair_is_clean(const struct cn_impair *impair)
{
	return !impair->delay_ns && !impair->jitter_ns && !impair->rate &&
	       !impair->rate_trace && !(impair->loss > 0) &&
	       !(impair->burst_p > 0) && !(impair->burst_good > 0) &&
	       !(impair->reorder > 0) && !(impair->duplicate > 0) &&
	       !(impair->corrupt > 0);
}

static bool is_share(double p)
{
	return p >= 0 && p <= 1; /* false for what is not a number */
}

const char *cn_impair_error(const struct cn_impair *impair)
{
	if (!is_share(impair->loss))
		return "loss must be between 0 and 100 %";
	if (!is_share(impair->burst_p) || !is_share(impair->burst_r) ||
	    !is_share(impair->burst_bad) || !is_share(impair->burst_good))
		return "each share of bursty loss must be between 0 and 100 %";
	if (!is_share(impair->reorder))
		return "reorder must be between 0 and 100 %";
	if (!is_share(impair->duplicate))
		return "duplicate must be between 0 and 100 %";
	if (!is_share(impair->corrupt))
		return "corrupt must be between 0 and 100 %";
	if (impair->jitter > CN_JITTER_PARETO_NORMAL)
		return "jitter must be uniform, normal, pareto or "
		       "paretonormal";
	if (impair->delay_ns > CN_IMPAIR_DELAY_MAX ||
	    impair->jitter_ns > CN_IMPAIR_DELAY_MAX ||
	    impair->reorder_ns > CN_IMPAIR_DELAY_MAX)
		return "delay, jitter and reorder delay must be at most "
		       "one hour";
	if (impair->rate && impair->rate_trace)
		return "a rate and a trace of rates exclude one another";
	if (impair->rate_trace &&
	    (!impair->rate_trace->n ||
	     !impair->rate_trace->at_ms[impair->rate_trace->n - 1]))
		return "a trace of rates must end after millisecond 0";
	if (impair->rate > CN_IMPAIR_RATE_MAX)
		return "rate must be at most 1 Tbit/s";
	return NULL;
}
