/*
 * tls_wide_ecdsa.c - signatures of ECDSA (SEC 1, 4.1): is it one, and our own.
 *
 * To judge one, only what everybody knows is multiplied: it may take as long as
 * it takes.
 */
#include <string.h>

#include "tls_int.h"

#define ODD		8		/* multiples that are kept: 1 3 to 15 */
#define WINDOW		5		/* bits: 15 or -15 is most */
#define DIGITS_MAX	(64 * CURVE_WORDS_MAX + 1)
#define SIGNATURE_MAX	139		/* octets, on P-521 */

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
	point_twice(&two, base, m);
	f->odd[0] = *base;
	for (int i = 1; i < ODD; i++) {
		f->odd[i] = f->odd[i - 1];
		point_add(&f->odd[i], &two, m);
	}
}

static void
add_digit(struct point *sum, const struct factor *f, size_t i,
	const struct wide_mod *m)
{
	int8_t d = f->digit[i];
	struct point p;
	union coord y;

	if (d == 0)
		return;
	p = f->odd[(d < 0 ? -d : d) / 2];
	if (d < 0) {
		coord_sub(&y, &p.y, &p.y, m);
		coord_sub(&p.y, &y, &p.y, m);
	}
	point_add(sum, &p, m);
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
		point_twice(sum, sum, &c->p);
		add_digit(sum, &f[0], i, &c->p);
		add_digit(sum, &f[1], i, &c->p);
	}
}

/* ---- judged --------------------------------------------------------- */

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

	coord_mul(&z2, &sum->z, &sum->z, m);
	coord_in(&t, x, m);
	coord_mul(&t, &t, &z2, m);
	return coord_is_same(&t, &sum->x, m);
}

/*
 * Is x of the sum, modulo n, r?  Then it is r, or r + n if that is less than
 * p, which nobody has seen who did not look for it.
 */
static bool
is_r(const struct point *sum, const struct curve *c, const uint64_t *r)
{
	const struct wide_mod *m = &c->p;
	uint64_t t[CURVE_WORDS_MAX];

	if (coord_is_zero(&sum->z, m))
		return false;
	if (is_x(sum, r, m))
		return true;
	wide_sub(t, m->n, c->n.n, m);
	if (!wide_is_less(r, t, m->words))
		return false;
	wide_add(t, r, c->n.n, m);
	return is_x(sum, t, m);
}

/*
 * Of a longer digest the first bits; octets, as orders end on them.  Less than
 * the order.
 */
static void
load_digest(uint64_t *d, struct span hash, const struct curve *c)
{
	(void)!wide_load(d, c->n.words, hash.p,
	    hash.n < c->octets ? hash.n : c->octets);
	wide_cut(d, &c->n);
}

static bool
fits(const struct curve *c, struct span hash, const struct point *q,
	struct span sig)
{
	uint64_t r[CURVE_WORDS_MAX], s[CURVE_WORDS_MAX], u[CURVE_WORDS_MAX],
	    v[CURVE_WORDS_MAX];
	struct point sum;

	if (!read_signature(c, sig, r, s))
		return false;
	load_digest(u, hash, c);
	wide_invert(s, &c->n);
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
	return curve_set(&c, pk->curve)
	    && point_load(&q, &c, pk->q, pk->qlen)
	    && fits(&c, (struct span){ hash, hash_len }, &q,
	    (struct span){ sig, sig_len });
}

/* ---- made --------------------------------------------------------------- */

/*
 * A number that nobody can guess, and another one for each digest, or it would
 * tell the key: made of both (RFC 6979, but on P-521 other bits are taken).
 */
static void
find_nonce(uint64_t *k, const struct curve *c, const br_hash_class *hf,
	const uint64_t *x, const uint64_t *e)
{
	unsigned char octets[2 * CURVE_OCTETS_MAX];
	const size_t n = c->octets;
	br_hmac_drbg_context drbg;

	wide_store(octets, n, x);
	wide_store(octets + n, n, e);
	br_hmac_drbg_init(&drbg, hf, octets, 2 * n);
	do {
		br_hmac_drbg_generate(&drbg, octets, n);
		octets[0] &= n == CURVE_OCTETS_MAX ? 1 : 0xff;
		(void)!wide_load(k, c->n.words, octets, n);
	} while (!wide_is_less(k, c->n.n, c->n.words)
	    || wide_is_zero(k, c->n.words));
	base_wipe(octets, sizeof(octets));
	base_wipe(&drbg, sizeof(drbg));
}

static void
put_number(struct buf *b, const uint64_t *a, const struct curve *c)
{
	unsigned char octets[CURVE_OCTETS_MAX];
	size_t from = b->n, skip = 0;

	wide_store(octets, c->octets, a);
	while (skip < c->octets - 1 && octets[skip] == 0)
		skip++;
	if (octets[skip] >= 0x80)
		buf_putc(b, 0);
	buf_put(b, (struct span){ (char *)octets + skip, c->octets - skip });
	der_wrap(b, from, DER_INTEGER);
}

/* r is x of k G, modulo the order; k becomes s, which is (e + x r) / k. */
static bool
sign(const struct curve *c, uint64_t *x, const uint64_t *e, uint64_t *k,
	uint64_t *r)
{
	unsigned char at[1 + 2 * CURVE_OCTETS_MAX];
	const struct wide_mod *n = &c->n;

	if (!point_times(at, c, &c->g, k)
	    || !wide_load(r, n->words, at + 1, c->octets))
		return false;
	wide_cut(r, n);
	wide_in(x, x, n);
	wide_mul(x, x, r, n);
	wide_add(x, x, e, n);
	wide_invert_secret(k, n);
	wide_mul(k, k, x, n);
	return true;
}

size_t
wide_ecdsa_sign(const br_ec_impl *impl, const br_hash_class *hf,
	const void *hash, const br_ec_private_key *sk, void *sig)
{
	uint64_t x[CURVE_WORDS_MAX], e[CURVE_WORDS_MAX], k[CURVE_WORDS_MAX],
	    r[CURVE_WORDS_MAX];
	struct curve c;
	struct buf b;

	(void)impl;
	buf_init(&b, sig, SIGNATURE_MAX + 1);
	if (!curve_set(&c, sk->curve)
	    || !wide_load(x, c.n.words, sk->x, sk->xlen)
	    || !wide_is_less(x, c.n.n, c.n.words))
		return 0;
	load_digest(e, (struct span){ hash,
	    hf->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK }, &c);
	find_nonce(k, &c, hf, x, e);
	if (sign(&c, x, e, k, r)) {
		put_number(&b, r, &c);
		put_number(&b, k, &c);
		der_wrap(&b, 0, DER_SEQUENCE);
	}
	base_wipe(x, sizeof(x));
	base_wipe(k, sizeof(k));
	return b.n;
}
