/*
 * tls_wide_p256.c - coordinates of the curve P-256.
 *
 * Modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, in five limbs of 52 bits, least
 * first, with a sign.  Multiplication is Montgomery's with R = 2^260; as p is
 * -1 modulo 2^52, what makes a limb 0 is that limb itself times p.
 *
 * Sums are left as they come, limb by limb.  Limbs may grow to 2^55, and the
 * product of a, which is less than s p off 0, and b, less than t p off, lies
 * between -s t / 16 p and (1 + s t / 16) p, with the first four of its limbs
 * from 0 to 2^52 - 1.  p256_settle() brings the largest sums back.
 */
#include <string.h>

#include "tls_int.h"

__extension__ typedef __int128 two_words;

#define LIMBS		P256_LIMBS
#define LIMB_BITS	52
#define LIMB_MASK	(((uint64_t)1 << LIMB_BITS) - 1)
#define BIT(n)		((int64_t)1 << (n))
#define LAST_BITS	(256 - 4 * LIMB_BITS)

static const int64_t prime[LIMBS] = { 0xfffffffffffff, 0xfffffffffff, 0,
	0x1000000000, 0xffffffff0000 };

static inline two_words
by(int64_t a, int64_t b)
{
	return (two_words)a * b;
}

/*
 * Takes the lowest limb off.  Where it is made 0, by p times that limb, these
 * are added: 2^52 k - k here, which leaves k; 2^44 k - k at the next, which
 * takes it away again; 0, 2^36 k, prime[4] k.
 */
static inline int64_t
next(two_words *t)
{
	int64_t k = (int64_t)((uint64_t)*t & LIMB_MASK);

	*t >>= LIMB_BITS;
	return k;
}

/* a * a: what stands twice is taken once, with one of them doubled. */
static void
square(int64_t *d, const int64_t *a)
{
	int64_t k0, k1, k2, k3, k4, a0 = a[0], a1 = a[1], a2 = a[2],
	    a3 = a[3], a4 = a[4], b0 = 2 * a0, b1 = 2 * a1, b2 = 2 * a2,
	    b3 = 2 * a3, last = prime[4];
	two_words t = by(a0, a0);

	k0 = next(&t);
	t += by(b0, a1) + ((two_words)k0 << 44);
	k1 = next(&t);
	t += by(b0, a2) + by(a1, a1) + ((two_words)k1 << 44);
	k2 = next(&t);
	t += by(b0, a3) + by(b1, a2) + ((two_words)k2 << 44)
	    + ((two_words)k0 << 36);
	k3 = next(&t);
	t += by(b0, a4) + by(b1, a3) + by(a2, a2) + ((two_words)k3 << 44)
	    + ((two_words)k1 << 36) + by(k0, last);
	k4 = next(&t);
	t += by(b1, a4) + by(b2, a3) + ((two_words)k4 << 44)
	    + ((two_words)k2 << 36) + by(k1, last);
	d[0] = next(&t);
	t += by(b2, a4) + by(a3, a3) + ((two_words)k3 << 36) + by(k2, last);
	d[1] = next(&t);
	t += by(b3, a4) + ((two_words)k4 << 36) + by(k3, last);
	d[2] = next(&t);
	t += by(a4, a4) + by(k4, last);
	d[3] = next(&t);
	d[4] = (int64_t)t;
}

void
p256_mul(int64_t *d, const int64_t *a, const int64_t *b)
{
	int64_t k0, k1, k2, k3, k4, a0 = a[0], a1 = a[1], a2 = a[2],
	    a3 = a[3], a4 = a[4], b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3],
	    b4 = b[4], last = prime[4];
	two_words t = by(a0, b0);

	if (a == b) {
		square(d, a);
		return;
	}
	k0 = next(&t);
	t += by(a0, b1) + by(a1, b0) + ((two_words)k0 << 44);
	k1 = next(&t);
	t += by(a0, b2) + by(a1, b1) + by(a2, b0) + ((two_words)k1 << 44);
	k2 = next(&t);
	t += by(a0, b3) + by(a1, b2) + by(a2, b1) + by(a3, b0)
	    + ((two_words)k2 << 44) + ((two_words)k0 << 36);
	k3 = next(&t);
	t += by(a0, b4) + by(a1, b3) + by(a2, b2) + by(a3, b1) + by(a4, b0)
	    + ((two_words)k3 << 44) + ((two_words)k1 << 36) + by(k0, last);
	k4 = next(&t);
	t += by(a1, b4) + by(a2, b3) + by(a3, b2) + by(a4, b1)
	    + ((two_words)k4 << 44) + ((two_words)k2 << 36) + by(k1, last);
	d[0] = next(&t);
	t += by(a2, b4) + by(a3, b3) + by(a4, b2) + ((two_words)k3 << 36)
	    + by(k2, last);
	d[1] = next(&t);
	t += by(a3, b4) + by(a4, b3) + ((two_words)k4 << 36) + by(k3, last);
	d[2] = next(&t);
	t += by(a4, b4) + by(k4, last);
	d[3] = next(&t);
	d[4] = (int64_t)t;
}

void
p256_add(int64_t *d, const int64_t *a, const int64_t *b)
{
	d[0] = a[0] + b[0];
	d[1] = a[1] + b[1];
	d[2] = a[2] + b[2];
	d[3] = a[3] + b[3];
	d[4] = a[4] + b[4];
}

void
p256_sub(int64_t *d, const int64_t *a, const int64_t *b)
{
	d[0] = a[0] - b[0];
	d[1] = a[1] - b[1];
	d[2] = a[2] - b[2];
	d[3] = a[3] - b[3];
	d[4] = a[4] - b[4];
}

/*
 * What is above 2^256 comes in below: 2^256 is 2^224 - 2^192 - 2^96 + 1.  From
 * a few hundred p this leaves 2^235 below 0 or above 2^256 at most.
 */
void
p256_settle(int64_t *d)
{
	int64_t above = d[4] >> LAST_BITS, c = above;

	d[4] -= above * (BIT(LAST_BITS) - BIT(224 - 4 * LIMB_BITS));
	d[3] -= above * BIT(192 - 3 * LIMB_BITS);
	d[1] -= above * BIT(96 - LIMB_BITS);
	for (int i = 0; i < LIMBS - 1; i++) {
		c += d[i];
		d[i] = (int64_t)((uint64_t)c & LIMB_MASK);
		c >>= LIMB_BITS;
	}
	d[4] += c;
}

/* Settled, 0 is 0 or p. */
bool
p256_is_zero(const int64_t *a)
{
	int64_t t[LIMBS], is_0 = 0, is_p = 0;

	memcpy(t, a, sizeof(t));
	p256_settle(t);
	for (int i = 0; i < LIMBS; i++) {
		is_0 |= t[i];
		is_p |= t[i] ^ prime[i];
	}
	return is_0 == 0 || is_p == 0;
}

void
p256_in(int64_t *d, const uint64_t *a)
{
	static const int64_t square[LIMBS] = { 0x300, 0xffffffff00000,
		0xffffefffffffb, 0xfdfffffffffff, 0x4ffffff };
	int64_t t[LIMBS];

	t[0] = (int64_t)(a[0] & LIMB_MASK);
	t[1] = (int64_t)((a[0] >> 52 | a[1] << 12) & LIMB_MASK);
	t[2] = (int64_t)((a[1] >> 40 | a[2] << 24) & LIMB_MASK);
	t[3] = (int64_t)((a[2] >> 28 | a[3] << 36) & LIMB_MASK);
	t[4] = (int64_t)(a[3] >> 16);
	p256_mul(d, t, square);
}

/* Times 1: not less than 0, and p at most. */
void
p256_out(uint64_t *d, const int64_t *a)
{
	static const int64_t one[LIMBS] = { 1 };
	int64_t t[LIMBS];

	p256_mul(t, a, one);
	d[0] = (uint64_t)t[0] | (uint64_t)t[1] << 52;
	d[1] = (uint64_t)t[1] >> 12 | (uint64_t)t[2] << 40;
	d[2] = (uint64_t)t[2] >> 24 | (uint64_t)t[3] << 28;
	d[3] = (uint64_t)t[3] >> 36 | (uint64_t)t[4] << 16;
}
