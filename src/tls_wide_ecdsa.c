/*
 * tls_wide_ecdsa.c - is this a signature of ECDSA (SEC 1, 4.1.4)?
 *
 * On the curves P-256, P-384 and P-521: y^2 = x^3 - 3x + b.  All that is
 * multiplied here everybody knows, so it may take as long as it takes.
 * Points have the coordinates X / Z^2, Y / Z^3 in the form of tls_wide.c; that
 * which is nowhere has Z = 0.
 */
#include <string.h>

#include "tls_int.h"

#define WORDS_MAX	9		/* of 521 bits */
#define ODD		4		/* multiples that are kept: 1 3 5 7 */
#define WINDOW		4		/* bits: so much that 7 or -7 is most */
#define DIGITS_MAX	(64 * WORDS_MAX + 1)

static const uint64_t zero[WORDS_MAX];

/* One coordinate. */
union coord {
	uint64_t word[WORDS_MAX];
	int64_t p256[P256_LIMBS];
};

struct point {
	union coord x, y, z;
};

struct curve {
	struct wide_mod p, n;		/* of coordinates, of points */
	struct point g;
	size_t octets;			/* of either */
};

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

static void
mul(union coord *d, const union coord *a, const union coord *b,
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

static void
sub(union coord *d, const union coord *a, const union coord *b,
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

static bool
is_zero(const union coord *a, const struct wide_mod *m)
{
	return is_p256(m) ? p256_is_zero(a->p256)
	    : wide_is_zero(a->word, m->words);
}

static bool
is_same(const union coord *a, const union coord *b, const struct wide_mod *m)
{
	union coord apart;

	sub(&apart, a, b, m);
	return is_zero(&apart, m);
}

static void
take_in(union coord *d, const uint64_t *a, const struct wide_mod *m)
{
	if (is_p256(m))
		p256_in(d->p256, a);
	else
		wide_in(d->word, a, m);
}

/* ---- points ------------------------------------------------------------- */

/*
 * a is d, or another one.  In the margin: how many p a sum of P-256 may be off
 * 0, if coordinates of a are settled, and Z is 3 at most.
 */
static void
twice(struct point *d, const struct point *a, const struct wide_mod *m)
{
	union coord z2, y2, s, k, t;

	mul(&z2, &a->z, &a->z, m);
	mul(&y2, &a->y, &a->y, m);
	mul(&s, &a->x, &y2, m);
	add(&s, &s, &s, m);
	add(&s, &s, &s, m);			/* 4 X Y^2		5 */
	sub(&t, &a->x, &z2, m);			/*			3 */
	add(&z2, &a->x, &z2, m);		/*			3 */
	mul(&t, &t, &z2, m);
	add(&k, &t, &t, m);
	add(&k, &k, &t, m);			/* 3 (X^2 - Z^4)	5 */
	mul(&t, &a->y, &a->z, m);
	add(&d->z, &t, &t, m);			/* 2 Y Z		3 */
	mul(&t, &k, &k, m);
	sub(&t, &t, &s, m);
	sub(&d->x, &t, &s, m);			/*			13 */
	settle(&d->x, m);
	add(&y2, &y2, &y2, m);
	mul(&y2, &y2, &y2, m);
	add(&y2, &y2, &y2, m);			/* 8 Y^4		3 */
	sub(&s, &s, &d->x, m);			/*			7 */
	mul(&s, &s, &k, m);
	sub(&d->y, &s, &y2, m);			/*			7 */
	settle(&d->y, m);
}

/* d and b are two; any of them may be nowhere, the same, or opposite. */
static void
add_to(struct point *d, const struct point *b, const struct wide_mod *m)
{
	union coord zd, zb, h, r, s, v, t;

	if (is_zero(&b->z, m))
		return;
	if (is_zero(&d->z, m)) {
		*d = *b;
		return;
	}
	mul(&zd, &d->z, &d->z, m);
	mul(&zb, &b->z, &b->z, m);
	mul(&v, &d->x, &zb, m);
	mul(&h, &b->x, &zd, m);
	sub(&h, &h, &v, m);			/* how far apart in x */
	mul(&zb, &zb, &b->z, m);
	mul(&s, &d->y, &zb, m);
	mul(&zd, &zd, &d->z, m);
	mul(&r, &b->y, &zd, m);
	sub(&r, &r, &s, m);			/* and in y */
	if (is_zero(&h, m) && is_zero(&r, m)) {
		twice(d, b, m);
		return;
	}
	mul(&d->z, &d->z, &b->z, m);
	mul(&d->z, &d->z, &h, m);		/* opposite: 0 */
	mul(&t, &h, &h, m);
	mul(&v, &v, &t, m);
	mul(&h, &h, &t, m);
	mul(&t, &r, &r, m);
	sub(&t, &t, &h, m);
	sub(&t, &t, &v, m);
	sub(&d->x, &t, &v, m);
	settle(&d->x, m);
	sub(&v, &v, &d->x, m);
	mul(&v, &v, &r, m);
	mul(&s, &s, &h, m);
	sub(&d->y, &v, &s, m);
	settle(&d->y, m);
}

/* ---- u * G + v * Q ------------------------------------------------------ */

static unsigned
bit_of(const uint64_t *k, size_t words, size_t i)
{
	return i < 64 * words ? k[i / 64] >> i % 64 & 1 : 0;
}

/*
 * k as a sum of digit[i] * 2^i, where all that are not 0 are odd, small, and
 * WINDOW places apart or more.
 */
static void
recode(int8_t *digit, const uint64_t *k, size_t words)
{
	unsigned carry = 0;
	size_t i = 0;

	memset(digit, 0, DIGITS_MAX);
	while (i <= 64 * words) {
		unsigned v = carry;

		if (bit_of(k, words, i) == carry) {
			i++;
			continue;
		}
		for (unsigned j = 0; j < WINDOW; j++)
			v += bit_of(k, words, i + j) << j;
		carry = v >> (WINDOW - 1);
		digit[i] = (int8_t)((int)v - (int)(carry << WINDOW));
		i += WINDOW;
	}
}

struct factor {
	struct point odd[ODD];
	int8_t digit[DIGITS_MAX];
};

static void
set_factor(struct factor *f, const struct point *base, const uint64_t *k,
	const struct wide_mod *m)
{
	struct point two;

	recode(f->digit, k, m->words);
	twice(&two, base, m);
	f->odd[0] = *base;
	for (int i = 1; i < ODD; i++) {
		f->odd[i] = f->odd[i - 1];
		add_to(&f->odd[i], &two, m);
	}
}

static void
add_digit(struct point *sum, const struct factor *f, size_t i,
	const struct wide_mod *m)
{
	static const union coord nothing;
	int8_t d = f->digit[i];
	struct point p;

	if (d == 0)
		return;
	p = f->odd[(d < 0 ? -d : d) / 2];
	if (d < 0)
		sub(&p.y, &nothing, &p.y, m);
	add_to(sum, &p, m);
}

static void
joint(struct point *sum, const struct curve *c, const uint64_t *u,
	const struct point *q, const uint64_t *v)
{
	struct factor f[2];

	set_factor(&f[0], &c->g, u, &c->p);
	set_factor(&f[1], q, v, &c->p);
	memset(sum, 0, sizeof(*sum));
	for (size_t i = 64 * c->p.words + 1; i-- > 0;) {
		twice(sum, sum, &c->p);
		add_digit(sum, &f[0], i, &c->p);
		add_digit(sum, &f[1], i, &c->p);
	}
}

/* ---- curves ------------------------------------------------------------- */

/* X9.62, uncompressed; false: not of this length, or not of the field. */
static bool
load_point(struct point *d, const struct wide_mod *m,
	const unsigned char *octets, size_t n)
{
	static const uint64_t one[WORDS_MAX] = { 1 };
	uint64_t x[WORDS_MAX], y[WORDS_MAX];
	size_t each = (n - 1) / 2;

	if (n % 2 == 0 || octets[0] != 4
	    || !wide_load(x, m->words, octets + 1, each)
	    || !wide_load(y, m->words, octets + 1 + each, each)
	    || !wide_is_less(x, m->n, m->words)
	    || !wide_is_less(y, m->n, m->words))
		return false;
	take_in(&d->x, x, m);
	take_in(&d->y, y, m);
	take_in(&d->z, one, m);
	return true;
}

/* y^2 - x^3 + 3x, which is b for all points of a curve. */
static void
find_b(union coord *b, const struct point *a, const struct wide_mod *m)
{
	union coord t;

	mul(b, &a->y, &a->y, m);
	mul(&t, &a->x, &a->x, m);
	mul(&t, &t, &a->x, m);
	sub(b, b, &t, m);
	for (int i = 0; i < 3; i++)
		add(b, b, &a->x, m);
}

static bool
is_on(const struct point *q, const struct curve *c)
{
	union coord b, same;

	find_b(&b, q, &c->p);
	find_b(&same, &c->g, &c->p);
	return is_same(&b, &same, &c->p);
}

/*
 * The primes of coordinates, one behind the other: 2^256 - 2^224 + 2^192 +
 * 2^96 - 1, 2^384 - 2^128 - 2^96 + 2^32 - 1, 2^521 - 1.
 */
#define F4	"\xff\xff\xff\xff"
#define F16	F4 F4 F4 F4
static const char primes[] =
    F4 "\0\0\0\1" "\0\0\0\0" "\0\0\0\0" "\0\0\0\0" F4 F4 F4
    F16 F4 F4 F4 "\xff\xff\xff\xfe" F4 "\0\0\0\0" "\0\0\0\0" F4
    "\1\xff" F16 F16 F16 F16;

static bool
set_curve(struct curve *c, int id)
{
	static const unsigned char at[] = { 0, 32, 32 + 48, 32 + 48 + 66 };
	const unsigned char *g, *order;
	size_t g_n;
	int i = id - BR_EC_secp256r1;

	if (id < BR_EC_secp256r1 || id > BR_EC_secp521r1)
		return false;
	g = br_ec_all_m31.generator(id, &g_n);
	order = br_ec_all_m31.order(id, &c->octets);
	return wide_mod_init(&c->p, primes + at[i], at[i + 1] - at[i])
	    && wide_mod_init(&c->n, order, c->octets)
	    && load_point(&c->g, &c->p, g, g_n);
}

/* ---- signatures --------------------------------------------------------- */

/* RFC 3279, 2.2.3; both are from 1 to the order less 1. */
static bool
read_signature(const struct curve *c, struct span sig, uint64_t *r,
	uint64_t *s)
{
	const struct wide_mod *n = &c->n;
	struct span body, first, second;

	return der_only(sig, DER_SEQUENCE, &body)
	    && der_take_unsigned(&body, &first)
	    && der_take_unsigned(&body, &second) && body.n == 0
	    && wide_load(r, n->words, first.p, first.n)
	    && wide_load(s, n->words, second.p, second.n)
	    && wide_is_less(r, n->n, n->words) && !wide_is_zero(r, n->words)
	    && wide_is_less(s, n->n, n->words) && !wide_is_zero(s, n->words);
}

static bool
is_x(const struct point *sum, const uint64_t *x, const struct wide_mod *m)
{
	union coord z2, t;

	mul(&z2, &sum->z, &sum->z, m);
	take_in(&t, x, m);
	mul(&t, &t, &z2, m);
	return is_same(&t, &sum->x, m);
}

/*
 * Is x of the sum, modulo n, r?  Then it is r, or r + n if that is less than
 * p, which nobody has seen who did not look for it.
 */
static bool
is_r(const struct point *sum, const struct curve *c, const uint64_t *r)
{
	const struct wide_mod *m = &c->p;
	uint64_t t[WORDS_MAX];

	if (is_zero(&sum->z, m))
		return false;
	if (is_x(sum, r, m))
		return true;
	wide_sub(t, zero, c->n.n, m);
	if (!wide_is_less(r, t, m->words))
		return false;
	wide_add(t, r, c->n.n, m);
	return is_x(sum, t, m);
}

static bool
fits(const struct curve *c, struct span hash, const struct point *q,
	struct span sig)
{
	uint64_t r[WORDS_MAX], s[WORDS_MAX], u[WORDS_MAX], v[WORDS_MAX];
	struct point sum;

	if (!read_signature(c, sig, r, s))
		return false;
	/* Of a longer digest the first bits; octets, as orders end on them. */
	if (hash.n > c->octets)
		hash.n = c->octets;
	if (!wide_load(u, c->n.words, hash.p, hash.n))
		return false;
	wide_invert(s, &c->n);
	wide_in(s, s, &c->n);
	wide_mul(u, u, s, &c->n);
	wide_mul(v, r, s, &c->n);
	joint(&sum, c, u, q, v);
	return is_r(&sum, c, r);
}

uint32_t
/* NOLINTNEXTLINE(readability-function-size): as BearSSL has it */
wide_ecdsa_vrfy(const br_ec_impl *impl, const void *hash, size_t hash_len,
	const br_ec_public_key *pk, const void *sig, size_t sig_len)
{
	struct curve c;
	struct point q;

	(void)impl;
	return set_curve(&c, pk->curve) && pk->qlen == 2 * c.octets + 1
	    && load_point(&q, &c.p, pk->q, pk->qlen) && is_on(&q, &c)
	    && fits(&c, (struct span){ hash, hash_len }, &q,
	    (struct span){ sig, sig_len });
}
