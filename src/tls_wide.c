/*
 * tls_wide.c - numbers modulo an odd one, in words of 64 bits.
 *
 * Multiplication is Montgomery's: the product of a and b is a * b / R modulo n,
 * where R is 2^64 to the number of words.  What takes part in it is kept
 * multiplied by R ("in the form"), as a * R * b * R / R is again a * b * R.
 *
 * Which number it is modulo, and to which power, shows in the time it takes;
 * the numbers themselves do not.
 */
#include <string.h>

#include "tls_int.h"

__extension__ typedef unsigned __int128 two_words;

/* a * b + c + *carry fits in two words, whatever they are. */
static inline uint64_t
mul_add(uint64_t a, uint64_t b, uint64_t c, uint64_t *carry)
{
	two_words t = (two_words)a * b + c + *carry;

	*carry = (uint64_t)(t >> 64);
	return (uint64_t)t;
}

static inline uint64_t
add(uint64_t a, uint64_t b, uint64_t *carry)
{
	two_words t = (two_words)a + b + *carry;

	*carry = (uint64_t)(t >> 64);
	return (uint64_t)t;
}

static inline uint64_t
sub(uint64_t a, uint64_t b, uint64_t *borrow)
{
	two_words t = (two_words)a - b - *borrow;

	*borrow = (uint64_t)(t >> 64) & 1;
	return (uint64_t)t;
}

/* ---- comparison --------------------------------------------------------- */

bool
wide_is_zero(const uint64_t *a, size_t words)
{
	uint64_t any = 0;

	for (size_t i = 0; i < words; i++)
		any |= a[i];
	return any == 0;
}

bool
wide_is_less(const uint64_t *a, const uint64_t *b, size_t words)
{
	uint64_t borrow = 0;

	for (size_t i = 0; i < words; i++)
		(void)sub(a[i], b[i], &borrow);
	return borrow;
}

/* ---- sums --------------------------------------------------------------- */

/* d = top * R + t, less n if that is not less than n. */
static inline void
cut(uint64_t *d, const uint64_t *t, uint64_t top, const struct wide_mod *m,
	size_t words)
{
	uint64_t less[WIDE_WORDS_MAX], borrow = 0, keep;

	for (size_t i = 0; i < words; i++)
		less[i] = sub(t[i], m->n[i], &borrow);
	keep = top - borrow;		/* all ones or 0 */
	for (size_t i = 0; i < words; i++)
		d[i] = less[i] ^ (keep & (less[i] ^ t[i]));
}

/* Returns what goes beyond; a counts where the mask has ones. */
static uint64_t
add_up(uint64_t *d, const uint64_t *a, uint64_t mask, size_t words)
{
	uint64_t carry = 0;

	for (size_t i = 0; i < words; i++)
		d[i] = add(d[i], a[i] & mask, &carry);
	return carry;
}

static uint64_t
take_off(uint64_t *d, const uint64_t *a, size_t words)
{
	uint64_t borrow = 0;

	for (size_t i = 0; i < words; i++)
		d[i] = sub(d[i], a[i], &borrow);
	return borrow;
}

#define ALL	(~(uint64_t)0)

void
wide_add(uint64_t *d, const uint64_t *a, const uint64_t *b,
	const struct wide_mod *m)
{
	uint64_t t[WIDE_WORDS_MAX], carry;

	memcpy(t, a, 8 * m->words);
	carry = add_up(t, b, ALL, m->words);
	cut(d, t, carry, m, m->words);
}

void
wide_sub(uint64_t *d, const uint64_t *a, const uint64_t *b,
	const struct wide_mod *m)
{
	uint64_t t[WIDE_WORDS_MAX], borrow;

	memcpy(t, a, 8 * m->words);
	borrow = take_off(t, b, m->words);
	(void)add_up(t, m->n, -borrow, m->words);
	memcpy(d, t, 8 * m->words);
}

/* ---- products ----------------------------------------------------------- */

/*
 * Row by row; after each the lowest word is made 0 by a multiple of n, and
 * falls out.
 */
static inline void
product(uint64_t *d, const uint64_t *a, const uint64_t *b,
	const struct wide_mod *m, size_t words)
{
	uint64_t t[WIDE_WORDS_MAX], top = 0;

	memset(t, 0, 8 * words);
	for (size_t i = 0; i < words; i++) {
		uint64_t high = 0, more = 0;
		uint64_t low = mul_add(a[i], b[0], t[0], &high);
		uint64_t k = low * m->minus;

		(void)mul_add(k, m->n[0], low, &more);
		for (size_t j = 1; j < words; j++)
			t[j - 1] = mul_add(k, m->n[j],
			    mul_add(a[i], b[j], t[j], &high), &more);
		t[words - 1] = add(high, more, &top);
	}
	cut(d, t, top, m, words);
}

/* a * a: what stands beside the diagonal, twice, and the diagonal. */
static void
square_up(uint64_t *t, const uint64_t *a, size_t words)
{
	uint64_t carry = 0, bit = 0;

	memset(t, 0, 16 * words);
	for (size_t i = 0; i < words; i++) {
		uint64_t high = 0;

		for (size_t j = i + 1; j < words; j++)
			t[i + j] = mul_add(a[i], a[j], t[i + j], &high);
		t[i + words] = high;
	}
	for (size_t i = 0; i < 2 * words; i++) {
		uint64_t twice = t[i] << 1 | bit;

		bit = t[i] >> 63;
		t[i] = i % 2 == 0 ? mul_add(a[i / 2], a[i / 2], twice, &carry)
		    : add(twice, 0, &carry);
	}
}

/* The product of a and a, in three quarters of the time. */
static void
square(uint64_t *d, const uint64_t *a, const struct wide_mod *m)
{
	uint64_t t[2 * WIDE_WORDS_MAX], top = 0;
	size_t words = m->words;

	square_up(t, a, words);
	for (size_t i = 0; i < words; i++) {
		uint64_t k = t[i] * m->minus, high = 0;

		for (size_t j = 0; j < words; j++)
			t[i + j] = mul_add(k, m->n[j], t[i + j], &high);
		t[i + words] = add(t[i + words], high, &top);
	}
	cut(d, t + words, top, m, words);
}

void
wide_mul(uint64_t *d, const uint64_t *a, const uint64_t *b,
	const struct wide_mod *m)
{
	if (a == b) {
		square(d, a, m);
		return;
	}
	product(d, a, b, m, m->words);
}

void
wide_cut(uint64_t *d, const struct wide_mod *m)
{
	cut(d, d, 0, m, m->words);
}

void
wide_in(uint64_t *d, const uint64_t *a, const struct wide_mod *m)
{
	wide_mul(d, a, m->square, m);
}

static unsigned
bit_of(const unsigned char *e, size_t e_n, size_t bit)
{
	return e[e_n - 1 - bit / 8] >> bit % 8 & 1;
}

void
wide_out(uint64_t *d, const uint64_t *a, const struct wide_mod *m)
{
	uint64_t one[WIDE_WORDS_MAX];

	memset(one, 0, 8 * m->words);
	one[0] = 1;
	wide_mul(d, a, one, m);
}

void
wide_pow(uint64_t *d, const unsigned char *e, size_t e_n,
	const struct wide_mod *m)
{
	uint64_t base[WIDE_WORDS_MAX];
	size_t bit = 8 * e_n;

	memcpy(base, d, 8 * m->words);
	while (bit > 0 && bit_of(e, e_n, bit - 1) == 0)
		bit--;
	for (bit -= bit > 0; bit > 0; bit--) {
		wide_mul(d, d, d, m);
		if (bit_of(e, e_n, bit - 1))
			wide_mul(d, d, base, m);
	}
}

void
wide_pow_secret(uint64_t *d, const unsigned char *e, size_t e_n,
	const struct wide_mod *m)
{
	uint64_t base[WIDE_WORDS_MAX], more[WIDE_WORDS_MAX], mask;

	memcpy(base, d, 8 * m->words);
	memset(d, 0, 8 * m->words);
	d[0] = 1;
	wide_in(d, d, m);
	for (size_t bit = 8 * e_n; bit-- > 0;) {
		wide_mul(d, d, d, m);
		wide_mul(more, d, base, m);
		mask = -(uint64_t)bit_of(e, e_n, bit);
		for (size_t i = 0; i < m->words; i++)
			d[i] ^= mask & (d[i] ^ more[i]);
	}
	base_wipe(base, sizeof(base));
	base_wipe(more, sizeof(more));
}

/* ---- inversion ---------------------------------------------------------- */

/* a / 2, with `top` above it. */
static void
halve(uint64_t *a, uint64_t top, size_t words)
{
	for (size_t i = 0; i < words; i++)
		a[i] = a[i] >> 1 | (i + 1 < words ? a[i + 1] : top) << 63;
}

/*
 * As the greatest common divisor is found by halves and differences, but what
 * should be halved modulo n is not, and the other is doubled (Kaliski).  All
 * the while n is a * v + b * u, so all of them stay below n, and modulo n
 * d * u is -a * 2^twos, d * v is b * 2^twos.
 */
void
wide_invert(uint64_t *d, const struct wide_mod *m)
{
	uint64_t a[CURVE_WORDS_MAX], b[CURVE_WORDS_MAX],
	    u[CURVE_WORDS_MAX] = { 0 }, v[CURVE_WORDS_MAX] = { 1 };
	size_t words = m->words, twos = 0;

	memcpy(a, m->n, 8 * words);
	memcpy(b, d, 8 * words);
	while (!wide_is_zero(b, words)) {
		if ((a[0] & 1) == 0) {
			halve(a, 0, words);
			(void)add_up(v, v, ALL, words);
			twos++;
		} else if ((b[0] & 1) == 0) {
			halve(b, 0, words);
			(void)add_up(u, u, ALL, words);
			twos++;
		} else if (wide_is_less(b, a, words)) {
			(void)take_off(a, b, words);
			(void)add_up(u, v, ALL, words);
		} else {
			(void)take_off(b, a, words);
			(void)add_up(v, u, ALL, words);
		}
	}
	memcpy(d, m->n, 8 * words);
	(void)take_off(d, u, words);			/* a is 1 now */
	for (; twos < 64 * words; twos++)
		wide_add(d, d, d, m);
	for (; twos > 64 * words; twos--)
		halve(d, add_up(d, m->n, -(d[0] & 1), words), words);
}

/* d^(n - 2), as Fermat has it.  n is odd, and more than 2. */
void
wide_invert_secret(uint64_t *d, const struct wide_mod *m)
{
	uint64_t e[CURVE_WORDS_MAX];
	unsigned char octets[sizeof(e)];

	memcpy(e, m->n, 8 * m->words);
	e[0] -= 2;
	wide_store(octets, 8 * m->words, e);
	wide_in(d, d, m);
	wide_pow(d, octets, 8 * m->words, m);
}

/* ---- octets ------------------------------------------------------------- */

bool
wide_load(uint64_t *d, size_t words, const void *octets, size_t n)
{
	const unsigned char *p = octets;

	memset(d, 0, 8 * words);
	for (; n > 0 && *p == 0; n--)
		p++;
	if (n > 8 * words)
		return false;
	for (size_t i = 0; i < n; i++)
		d[i / 8] |= (uint64_t)p[n - 1 - i] << i % 8 * 8;
	return true;
}

void
wide_store(unsigned char *p, size_t n, const uint64_t *a)
{
	for (size_t i = 0; i < n; i++)
		p[n - 1 - i] = (unsigned char)(a[i / 8] >> i % 8 * 8);
}

/*
 * R^2 modulo n: from the number's own top bit, which is less than it, to
 * R * 2^words by doubling; six squares of that in the form are
 * R * 2^(64 * words), which is R * R.
 */
static void
find_square(struct wide_mod *m)
{
	uint64_t *s = m->square;
	size_t last = m->words - 1, doublings = m->words;
	uint64_t bit = (uint64_t)1 << 63;

	memset(s, 0, 8 * m->words);
	for (; (m->n[last] & bit) == 0; bit >>= 1)
		doublings++;
	s[last] = bit;
	for (doublings++; doublings > 0; doublings--)
		wide_add(s, s, s, m);
	for (int i = 0; i < 6; i++)
		wide_mul(s, s, s, m);
}

bool
wide_mod_init(struct wide_mod *m, const void *octets, size_t n)
{
	m->words = WIDE_WORDS_MAX;
	if (!wide_load(m->n, m->words, octets, n) || (m->n[0] & 1) == 0)
		return false;
	while (m->n[m->words - 1] == 0)
		m->words--;
	if (m->words == 1 && m->n[0] == 1)
		return false;
	/* Right in the lowest bit; each step doubles how many are. */
	m->minus = 1;
	for (int i = 0; i < 6; i++)
		m->minus *= 2 + m->n[0] * m->minus;
	find_square(m);
	return true;
}
