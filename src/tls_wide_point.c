/*
 * tls_wide_point.c - points of P-256, P-384 and P-521: y^2 = x^3 - 3x + b.
 *
 * Points have the coordinates X / Z^2, Y / Z^3 in the form of tls_wide.c; that
 * which is nowhere has Z = 0.  Which curve it is shows in the time it takes;
 * where the points show, too, it is said.
 */
#include <string.h>

#include "tls_int.h"

/* ---- coordinates -------------------------------------------------------- */

/*
 * Nearly all certificates are signed on P-256 if not with RSA, and so it has
 * code that is three times as fast.
 */
static bool
is_p256(const struct wide_mod *m)
{
	return m->words == 4;
}

void
coord_mul(union coord *d, const union coord *a, const union coord *b,
	const struct wide_mod *m)
{
	if (is_p256(m))
		p256_mul(d->p256, a->p256, b->p256);
	else
		wide_mul(d->word, a->word, b->word, m);
}

static void
add(union coord *d, const union coord *a, const union coord *b,
	const struct wide_mod *m)
{
	if (is_p256(m))
		p256_add(d->p256, a->p256, b->p256);
	else
		wide_add(d->word, a->word, b->word, m);
}

void
coord_sub(union coord *d, const union coord *a, const union coord *b,
	const struct wide_mod *m)
{
	if (is_p256(m))
		p256_sub(d->p256, a->p256, b->p256);
	else
		wide_sub(d->word, a->word, b->word, m);
}

/* Sums of P-256 grow. */
static void
settle(union coord *a, const struct wide_mod *m)
{
	if (is_p256(m))
		p256_settle(a->p256);
}

bool
coord_is_zero(const union coord *a, const struct wide_mod *m)
{
	return is_p256(m) ? p256_is_zero(a->p256)
	    : wide_is_zero(a->word, m->words);
}

bool
coord_is_same(const union coord *a, const union coord *b,
	const struct wide_mod *m)
{
	union coord apart;

	coord_sub(&apart, a, b, m);
	return coord_is_zero(&apart, m);
}

void
coord_in(union coord *d, const uint64_t *a, const struct wide_mod *m)
{
	if (is_p256(m))
		p256_in(d->p256, a);
	else
		wide_in(d->word, a, m);
}

/* What is not in any form. */
static void
take_out(uint64_t *d, const union coord *a, const struct wide_mod *m)
{
	if (is_p256(m))
		p256_out(d, a->p256);
	else
		wide_out(d, a->word, m);
	wide_cut(d, m);			/* p is 0 */
}

/* ---- points ------------------------------------------------------------- */

/*
 * a is d, or another one.  In the margin: how many p a sum of P-256 may be off
 * 0, if coordinates of a are settled, and Z is 3 at most.
 */
void
point_twice(struct point *d, const struct point *a, const struct wide_mod *m)
{
	union coord z2, y2, s, k, t;

	coord_mul(&z2, &a->z, &a->z, m);
	coord_mul(&y2, &a->y, &a->y, m);
	coord_mul(&s, &a->x, &y2, m);
	add(&s, &s, &s, m);
	add(&s, &s, &s, m);			/* 4 X Y^2		5 */
	coord_sub(&t, &a->x, &z2, m);		/*			3 */
	add(&z2, &a->x, &z2, m);		/*			3 */
	coord_mul(&t, &t, &z2, m);
	add(&k, &t, &t, m);
	add(&k, &k, &t, m);			/* 3 (X^2 - Z^4)	5 */
	coord_mul(&t, &a->y, &a->z, m);
	add(&d->z, &t, &t, m);			/* 2 Y Z		3 */
	coord_mul(&t, &k, &k, m);
	coord_sub(&t, &t, &s, m);
	coord_sub(&d->x, &t, &s, m);		/*			13 */
	settle(&d->x, m);
	add(&y2, &y2, &y2, m);
	coord_mul(&y2, &y2, &y2, m);
	add(&y2, &y2, &y2, m);			/* 8 Y^4		3 */
	coord_sub(&s, &s, &d->x, m);		/*			7 */
	coord_mul(&s, &s, &k, m);
	coord_sub(&d->y, &s, &y2, m);		/*			7 */
	settle(&d->y, m);
}

/* What two points have to do with each other. */
struct gap {
	union coord h, r;		/* how far apart in x, in y */
	union coord v, s;		/* x and y of the first, all over Z */
};

static void
find_gap(struct gap *g, const struct point *a, const struct point *b,
	const struct wide_mod *m)
{
	union coord za, zb;

	coord_mul(&za, &a->z, &a->z, m);
	coord_mul(&zb, &b->z, &b->z, m);
	coord_mul(&g->v, &a->x, &zb, m);
	coord_mul(&g->h, &b->x, &za, m);
	coord_sub(&g->h, &g->h, &g->v, m);
	coord_mul(&zb, &zb, &b->z, m);
	coord_mul(&g->s, &a->y, &zb, m);
	coord_mul(&za, &za, &a->z, m);
	coord_mul(&g->r, &b->y, &za, m);
	coord_sub(&g->r, &g->r, &g->s, m);
}

/* Adds b over that gap.  Neither of the two may be nowhere, nor both one. */
static void
join(struct point *d, const struct point *b, struct gap *g,
	const struct wide_mod *m)
{
	union coord t;

	coord_mul(&d->z, &d->z, &b->z, m);
	coord_mul(&d->z, &d->z, &g->h, m);	/* opposite: 0 */
	coord_mul(&t, &g->h, &g->h, m);
	coord_mul(&g->v, &g->v, &t, m);
	coord_mul(&g->h, &g->h, &t, m);
	coord_mul(&t, &g->r, &g->r, m);
	coord_sub(&t, &t, &g->h, m);
	coord_sub(&t, &t, &g->v, m);
	coord_sub(&d->x, &t, &g->v, m);
	settle(&d->x, m);
	coord_sub(&g->v, &g->v, &d->x, m);
	coord_mul(&g->v, &g->v, &g->r, m);
	coord_mul(&g->s, &g->s, &g->h, m);
	coord_sub(&d->y, &g->v, &g->s, m);
	settle(&d->y, m);
}

void
point_add(struct point *d, const struct point *b, const struct wide_mod *m)
{
	struct gap g;

	if (coord_is_zero(&b->z, m))
		return;
	if (coord_is_zero(&d->z, m)) {
		*d = *b;
		return;
	}
	find_gap(&g, d, b, m);
	if (coord_is_zero(&g.h, m) && coord_is_zero(&g.r, m))
		point_twice(d, b, m);
	else
		join(d, b, &g, m);
}

/* ---- a secret times a point --------------------------------------------- */

/* d becomes a where the mask is all ones, and stays where it is 0. */
static void
choose(struct point *d, const struct point *a, uint64_t mask)
{
	uint64_t *to = d->x.word;
	const uint64_t *from = a->x.word;

	for (size_t i = 0; i < sizeof(*d) / sizeof(*to); i++)
		to[i] ^= mask & (to[i] ^ from[i]);
}

/*
 * Each bit costs the same.  The sum is nowhere until the first bit that is 1;
 * where it meets the point, or the opposite one, k is not less than the order.
 */
static void
multiply(struct point *sum, const struct curve *c, const struct point *base,
	const uint64_t *k)
{
	struct point more;
	struct gap g;
	uint64_t seen = 0;

	memset(sum, 0, sizeof(*sum));
	for (size_t i = 8 * c->octets; i-- > 0;) {
		uint64_t bit = -(k[i / 64] >> i % 64 & 1);

		point_twice(sum, sum, &c->p);
		more = *sum;
		find_gap(&g, &more, base, &c->p);
		join(&more, base, &g, &c->p);
		choose(sum, &more, bit & seen);
		choose(sum, base, bit & ~seen);
		seen |= bit;
	}
	base_wipe(&more, sizeof(more));
	base_wipe(&g, sizeof(g));
}

/* X or Y, of which `over` is the power of 1 / Z in the form, into octets. */
static void
store(unsigned char *d, const union coord *a, const uint64_t *over,
	const struct curve *c)
{
	uint64_t t[CURVE_WORDS_MAX];

	take_out(t, a, &c->p);
	wide_mul(t, t, over, &c->p);
	wide_store(d, c->octets, t);
}

bool
point_times(unsigned char *out, const struct curve *c,
	const struct point *base, const uint64_t *k)
{
	uint64_t z[CURVE_WORDS_MAX], over[CURVE_WORDS_MAX];
	struct point sum;
	bool is_somewhere;

	multiply(&sum, c, base, k);
	take_out(z, &sum.z, &c->p);
	is_somewhere = !wide_is_zero(z, c->p.words);
	wide_invert_secret(z, &c->p);
	wide_mul(over, z, z, &c->p);
	out[0] = 4;
	store(out + 1, &sum.x, over, c);
	wide_mul(over, over, z, &c->p);
	store(out + 1 + c->octets, &sum.y, over, c);
	base_wipe(&sum, sizeof(sum));
	base_wipe(z, sizeof(z));
	base_wipe(over, sizeof(over));
	return is_somewhere;
}

/* ---- curves ------------------------------------------------------------- */

/* X9.62, uncompressed; false: not of this length, or not of the field. */
static bool
load(struct point *d, const struct wide_mod *m,
	const unsigned char *octets, size_t n)
{
	uint64_t x[CURVE_WORDS_MAX], y[CURVE_WORDS_MAX];
	size_t each = (n - 1) / 2;

	if (n % 2 == 0 || octets[0] != 4
	    || !wide_load(x, m->words, octets + 1, each)
	    || !wide_load(y, m->words, octets + 1 + each, each)
	    || !wide_is_less(x, m->n, m->words)
	    || !wide_is_less(y, m->n, m->words))
		return false;
	coord_in(&d->x, x, m);
	coord_in(&d->y, y, m);
	memset(x, 0, sizeof(x));
	x[0] = 1;
	coord_in(&d->z, x, m);
	return true;
}

/* y^2 - x^3 + 3x, which is b for all points of a curve. */
static void
find_b(union coord *b, const struct point *a, const struct wide_mod *m)
{
	union coord t;

	coord_mul(b, &a->y, &a->y, m);
	coord_mul(&t, &a->x, &a->x, m);
	coord_mul(&t, &t, &a->x, m);
	coord_sub(b, b, &t, m);
	for (int i = 0; i < 3; i++)
		add(b, b, &a->x, m);
}

static bool
is_on(const struct point *q, const struct curve *c)
{
	union coord b, same;

	find_b(&b, q, &c->p);
	find_b(&same, &c->g, &c->p);
	return coord_is_same(&b, &same, &c->p);
}

/*
 * Of each curve (SEC 2, 2; RFC 7748, 4.1): the order, the generator, and, but
 * for X25519, the prime of coordinates, which is 2^256 - 2^224 + 2^192 + 2^96 -
 * 1, 2^384 - 2^128 - 2^96 + 2^32 - 1, 2^521 - 1.
 */
#define F4	"\xff\xff\xff\xff"
#define F16	F4 F4 F4 F4
static const char numbers[] =
    /* P-256 */
    "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
    "\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"
    "\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40"
    "\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2"
    "\x96\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e"
    "\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51"
    "\xf5"
    F4 "\0\0\0\1" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" F4 F4 F4
    /* P-384 */
    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    "\xff\xff\xff\xff\xff\xff\xff\xff\xc7\x63\x4d\x81\xf4\x37\x2d\xdf"
    "\x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\xec\xec\x19\x6a\xcc\xc5\x29\x73"
    "\x04\xaa\x87\xca\x22\xbe\x8b\x05\x37\x8e\xb1\xc7\x1e\xf3\x20\xad"
    "\x74\x6e\x1d\x3b\x62\x8b\xa7\x9b\x98\x59\xf7\x41\xe0\x82\x54\x2a"
    "\x38\x55\x02\xf2\x5d\xbf\x55\x29\x6c\x3a\x54\x5e\x38\x72\x76\x0a"
    "\xb7\x36\x17\xde\x4a\x96\x26\x2c\x6f\x5d\x9e\x98\xbf\x92\x92\xdc"
    "\x29\xf8\xf4\x1d\xbd\x28\x9a\x14\x7c\xe9\xda\x31\x13\xb5\xf0\xb8"
    "\xc0\x0a\x60\xb1\xce\x1d\x7e\x81\x9d\x7a\x43\x1d\x7c\x90\xea\x0e"
    "\x5f"
    F16 F4 F4 F4 "\xff\xff\xff\xfe" F4 "\0\0\0\0" "\0\0\0\0" F4
    /* P-521 */
    "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    "\xff\xfa\x51\x86\x87\x83\xbf\x2f\x96\x6b\x7f\xcc\x01\x48\xf7\x09"
    "\xa5\xd0\x3b\xb5\xc9\xb8\x89\x9c\x47\xae\xbb\x6f\xb7\x1e\x91\x38"
    "\x64\x09"
    "\x04\x00\xc6\x85\x8e\x06\xb7\x04\x04\xe9\xcd\x9e\x3e\xcb\x66\x23"
    "\x95\xb4\x42\x9c\x64\x81\x39\x05\x3f\xb5\x21\xf8\x28\xaf\x60\x6b"
    "\x4d\x3d\xba\xa1\x4b\x5e\x77\xef\xe7\x59\x28\xfe\x1d\xc1\x27\xa2"
    "\xff\xa8\xde\x33\x48\xb3\xc1\x85\x6a\x42\x9b\xf9\x7e\x7e\x31\xc2"
    "\xe5\xbd\x66\x01\x18\x39\x29\x6a\x78\x9a\x3b\xc0\x04\x5c\x8a\x5f"
    "\xb4\x2c\x7d\x1b\xd9\x98\xf5\x44\x49\x57\x9b\x44\x68\x17\xaf\xbd"
    "\x17\x27\x3e\x66\x2c\x97\xee\x72\x99\x5e\xf4\x26\x40\xc5\x50\xb9"
    "\x01\x3f\xad\x07\x61\x35\x3c\x70\x86\xa2\x72\xc2\x40\x88\xbe\x94"
    "\x76\x9f\xd1\x66\x50"
    "\1\xff" F16 F16 F16 F16
    /* X25519 */
    "\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    "\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

/* Its numbers, of so many octets each; NULL: another curve. */
static const unsigned char *
numbers_of(int id, size_t *n)
{
	static const unsigned char curves[][2] = {
		{ BR_EC_secp256r1, 32 }, { BR_EC_secp384r1, 48 },
		{ BR_EC_secp521r1, 66 }, { BR_EC_curve25519, 32 }
	};
	const char *p = numbers;

	for (size_t i = 0; i < COUNT(curves); i++) {
		*n = curves[i][1];
		if (curves[i][0] == id)
			return (const unsigned char *)p;
		p += 4 * *n + 1;
	}
	return NULL;
}

const unsigned char *
curve_order(int id, size_t *n)
{
	return numbers_of(id, n);
}

const unsigned char *
curve_generator(int id, size_t *n)
{
	const unsigned char *g = numbers_of(id, n) + *n;

	if (id != BR_EC_curve25519)
		*n = 2 * *n + 1;
	return g;
}

bool
curve_set(struct curve *c, int id)
{
	size_t n;
	const unsigned char *p = numbers_of(id, &n);

	if (p == NULL || id == BR_EC_curve25519)
		return false;
	c->octets = n;
	return wide_mod_init(&c->n, p, n)
	    && wide_mod_init(&c->p, p + 3 * n + 1, n)
	    && load(&c->g, &c->p, p + n, 2 * n + 1);
}

bool
point_load(struct point *d, const struct curve *c, const unsigned char *octets,
	size_t n)
{
	return n == 2 * c->octets + 1 && load(d, &c->p, octets, n)
	    && is_on(d, c);
}
