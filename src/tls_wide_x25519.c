/*
 * tls_wide_x25519.c - X25519 (RFC 7748, section 5), and with it all curves.
 *
 * Numbers are modulo 2^255 - 19, in five limbs of 51 bits, least first.  A
 * limb may be a little more than that; every number has several forms, until
 * it is stored.  All of it takes the same time whatever the numbers are.
 */
#include <string.h>

#include "tls_int.h"

__extension__ typedef unsigned __int128 two_words;

#define LIMBS		5
#define LIMB_BITS	51
#define LIMB_MASK	(((uint64_t)1 << LIMB_BITS) - 1)
#define OCTETS		32

struct number {
	uint64_t limb[LIMBS];
};

/* ---- numbers ------------------------------------------------------------ */

/* Limbs up to 2^52 give limbs up to 2^53: for products, not for more sums. */
static void
add(struct number *d, const struct number *a, const struct number *b)
{
	for (int i = 0; i < LIMBS; i++)
		d->limb[i] = a->limb[i] + b->limb[i];
}

/* The same, below 2^54: 4 p is added, whose limbs are 2^53 - 76 or more. */
static void
sub(struct number *d, const struct number *a, const struct number *b)
{
	for (int i = 0; i < LIMBS; i++)
		d->limb[i] = a->limb[i] - b->limb[i] +
		    4 * (LIMB_MASK - (i == 0 ? 18 : 0));
}

static inline two_words
by(uint64_t a, uint64_t b)
{
	return (two_words)a * b;
}

/* Takes the lowest limb off. */
static inline uint64_t
next(two_words *t)
{
	uint64_t limb = (uint64_t)*t & LIMB_MASK;

	*t >>= LIMB_BITS;
	return limb;
}

/*
 * 2^255 is 19, so what goes above the fifth limb comes in 19 times below.
 *
 * From limbs below 2^54: products are below 19 * 5 * 2^108 < 2^115, carries
 * below 2^64.  Limbs come out below 2^51, the second one below 2^51 + 2^18.
 */
static void
mul(struct number *d, const struct number *a, const struct number *b)
{
	uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2],
	    a3 = a->limb[3], a4 = a->limb[4];
	uint64_t b0 = b->limb[0], b1 = b->limb[1], b2 = b->limb[2],
	    b3 = b->limb[3], b4 = b->limb[4];
	uint64_t low;
	two_words t;

	t = by(a0, b0) + by(19 * a1, b4) + by(19 * a2, b3)
	    + by(19 * a3, b2) + by(19 * a4, b1);
	low = next(&t);
	t += by(a0, b1) + by(a1, b0) + by(19 * a2, b4) + by(19 * a3, b3)
	    + by(19 * a4, b2);
	d->limb[1] = next(&t);
	t += by(a0, b2) + by(a1, b1) + by(a2, b0) + by(19 * a3, b4)
	    + by(19 * a4, b3);
	d->limb[2] = next(&t);
	t += by(a0, b3) + by(a1, b2) + by(a2, b1) + by(a3, b0)
	    + by(19 * a4, b4);
	d->limb[3] = next(&t);
	t += by(a0, b4) + by(a1, b3) + by(a2, b2) + by(a3, b1) + by(a4, b0);
	d->limb[4] = next(&t);
	t = t * 19 + low;
	d->limb[0] = next(&t);
	d->limb[1] += (uint64_t)t;
}

/* 1 / a = a^(p - 2); p - 2 is 2^255 - 21: 250 ones, and then 01011. */
static void
invert(struct number *d, const struct number *a)
{
	struct number e = *a, t;
	int ones = 1;

	for (int bit = 6; bit >= 0; bit--) {
		t = e;
		for (int i = 0; i < ones; i++)
			mul(&e, &e, &e);
		mul(&e, &e, &t);
		ones *= 2;
		if (250 >> bit & 1) {
			mul(&e, &e, &e);
			mul(&e, &e, a);
			ones++;
		}
	}
	for (int bit = 4; bit >= 0; bit--) {
		mul(&e, &e, &e);
		if (11 >> bit & 1)
			mul(&e, &e, a);
	}
	*d = e;
}

static void
swap(struct number *a, struct number *b, unsigned if_1)
{
	for (int i = 0; i < LIMBS; i++) {
		uint64_t both = (a->limb[i] ^ b->limb[i]) & -(uint64_t)if_1;

		a->limb[i] ^= both;
		b->limb[i] ^= both;
	}
}

/* ---- octets ------------------------------------------------------------- */

/* The highest bit doesn't count. */
static void
load(struct number *d, const unsigned char *p)
{
	memset(d, 0, sizeof(*d));
	for (int bit = 0; bit < 255; bit++)
		d->limb[bit / LIMB_BITS] |=
		    (uint64_t)(p[bit / 8] >> bit % 8 & 1) << bit % LIMB_BITS;
}

/* Limbs below 2^51; gives what is above 2^255, which is taken away. */
static uint64_t
carry(struct number *a, uint64_t c)
{
	for (int i = 0; i < LIMBS; i++) {
		a->limb[i] += c;
		c = a->limb[i] >> LIMB_BITS;
		a->limb[i] &= LIMB_MASK;
	}
	return c;
}

/*
 * Once below 2^255 it is below 2 p.  If 19 more go above, then it is p or more,
 * and with them, less 2^255, it is less p.
 */
static void
store(unsigned char *p, const struct number *a)
{
	struct number r = *a, more;
	uint64_t is_p;

	for (int i = 0; i < 2; i++)
		r.limb[0] += 19 * carry(&r, 0);
	more = r;
	is_p = carry(&more, 19);
	(void)carry(&r, 19 * is_p);
	memset(p, 0, OCTETS);
	for (int bit = 0; bit < 255; bit++)
		p[bit / 8] |= (unsigned char)((r.limb[bit / LIMB_BITS] >>
		    bit % LIMB_BITS & 1) << bit % 8);
}

/* ---- the curve ---------------------------------------------------------- */

/* x[0] / z[0] and x[1] / z[1] are points whose difference is x1. */
struct ladder {
	struct number x[2], z[2];
};

/* The first becomes twice itself, the second the sum of both. */
static void
climb(struct ladder *l, const struct number *x1)
{
	static const struct number a24 = { { 121665 } };
	struct number a, b, c, d, e;

	add(&a, &l->x[0], &l->z[0]);
	sub(&b, &l->x[0], &l->z[0]);
	add(&c, &l->x[1], &l->z[1]);
	sub(&d, &l->x[1], &l->z[1]);
	mul(&d, &d, &a);
	mul(&c, &c, &b);
	add(&e, &d, &c);
	mul(&l->x[1], &e, &e);
	sub(&e, &d, &c);
	mul(&e, &e, &e);
	mul(&l->z[1], &e, x1);
	mul(&a, &a, &a);
	mul(&b, &b, &b);
	mul(&l->x[0], &a, &b);
	sub(&e, &a, &b);
	mul(&b, &e, &a24);
	add(&b, &b, &a);
	mul(&l->z[0], &b, &e);
}

void
wide_x25519(unsigned char *d, const unsigned char *k, const unsigned char *u)
{
	struct ladder l = { .x = { { { 1 } } }, .z = { [1] = { { 1 } } } };
	struct number x1;
	unsigned last = 0;

	load(&x1, u);
	l.x[1] = x1;
	for (int bit = 254; bit >= 0; bit--) {
		unsigned now = k[bit / 8] >> bit % 8 & 1;

		/* 2^254 and a multiple of 8, whatever was given */
		if (bit == 254)
			now = 1;
		else if (bit < 3)
			now = 0;
		swap(&l.x[0], &l.x[1], last ^ now);
		swap(&l.z[0], &l.z[1], last ^ now);
		last = now;
		climb(&l, &x1);
	}
	/* The last bit is 0: they stand right. */
	invert(&l.z[0], &l.z[0]);
	mul(&x1, &l.x[0], &l.z[0]);
	store(d, &x1);
	base_wipe(&l, sizeof(l));
}

/* ---- for BearSSL -------------------------------------------------------- */

static size_t
x_at(int curve, size_t *n)
{
	(void)curve_order(curve, n);
	return curve != BR_EC_curve25519;
}

static bool
multiply_nist(unsigned char *g, size_t g_n, const unsigned char *k, size_t k_n,
	int curve)
{
	struct curve c;
	struct point p;
	uint64_t scalar[CURVE_WORDS_MAX];
	bool is_good;

	is_good = curve_set(&c, curve) && point_load(&p, &c, g, g_n)
	    && wide_load(scalar, c.n.words, k, k_n)
	    && point_times(g, &c, &p, scalar);
	base_wipe(scalar, sizeof(scalar));
	return is_good;
}

/* Scalars of X25519, too, are least first here. */
static uint32_t
multiply(unsigned char *g, size_t g_n, const unsigned char *k, size_t k_n,
	int curve)
{
	unsigned char scalar[OCTETS] = { 0 }, any = 0;

	if (curve != BR_EC_curve25519)
		return multiply_nist(g, g_n, k, k_n, curve);
	if (g_n != OCTETS || k_n > OCTETS)
		return 0;
	memcpy(scalar, k, k_n);
	wide_x25519(g, scalar, g);
	base_wipe(scalar, sizeof(scalar));
	for (int i = 0; i < OCTETS; i++)
		any |= g[i];
	return any != 0;
}

static size_t
multiply_generator(unsigned char *d, const unsigned char *k, size_t k_n,
	int curve)
{
	size_t n;
	const unsigned char *g = curve_generator(curve, &n);

	memcpy(d, g, n);
	return multiply(d, n, k, k_n, curve) ? n : 0;
}

const br_ec_impl wide_ec = {
	1 << BR_EC_secp256r1 | 1 << BR_EC_secp384r1 | 1 << BR_EC_secp521r1 |
	1 << BR_EC_curve25519,
	curve_generator, curve_order, x_at, multiply, multiply_generator,
	NULL	/* sums are for signatures, which have code of their own */
};
