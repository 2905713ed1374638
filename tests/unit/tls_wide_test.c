/*
 * tls_wide_test.c - numbers modulo others in words of 64 bits, and RSA with
 * them: whatever BearSSL says.
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

#define OCTETS_MAX	512

static unsigned char n[OCTETS_MAX + 8], e[8], x[OCTETS_MAX + 8];
static br_rsa_public_key key;

static void
fill(unsigned char *p, size_t octets)
{
	static const unsigned char ends[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
	bool is_rare = sim_random(4) == 0;

	for (size_t i = 0; i < octets; i++)
		p[i] = is_rare ? ends[sim_random(COUNT(ends))]
		    : (unsigned char)sim_random(256);
}

/* Any odd number will do: who verifies knows of no primes. */
static void
some_key(size_t octets)
{
	fill(n, octets);
	if (n[0] == 0)
		n[0] = 1;
	n[octets - 1] |= 1;
	key = (br_rsa_public_key){ n, octets, e, 3 };
	memcpy(e, "\1\0\1", 3);
	if (sim_random(3) == 0) {
		e[0] = 3;
		key.elen = 1;
	} else if (sim_random(4) == 0) {
		fill(e, 8);
		e[0] |= 1;		/* BearSSL's wants no 0 */
		e[7] |= 1;
		key.elen = 8;
	}
}

static void
compare(size_t octets)
{
	unsigned char theirs[OCTETS_MAX];
	uint32_t ours;

	some_key(octets);
	fill(x, octets);
	memcpy(theirs, x, octets);
	ours = wide_rsa(x, octets, &key);
	assert_int_equal(ours, br_rsa_i31_public(theirs, octets, &key));
	if (ours)
		assert_memory_equal(x, theirs, octets);
}

SIM_TEST(rsa_is_that_of_bearssl)
{
	for (unsigned i = 0; i < 600; i++)
		compare(1 + sim_random(160));
	for (unsigned i = 0; i < 60; i++)
		compare(129 + sim_random(OCTETS_MAX - 128));
	compare(OCTETS_MAX);
	compare(OCTETS_MAX);
}

SIM_TEST(what_is_signed_is_less_than_the_modulus)
{
	memset(n, 0xc3, 256);
	memcpy(e, "\1\0\1", 3);
	key = (br_rsa_public_key){ n, 256, e, 3 };
	memcpy(x, n, 256);
	assert_int_equal(wide_rsa(x, 256, &key), 0);
	x[0] = 0xff;
	assert_int_equal(wide_rsa(x, 256, &key), 0);
	memcpy(x, n, 256);
	x[255]--;
	assert_int_equal(wide_rsa(x, 256, &key), 1);
	/* It was -1, and to an odd power stays it. */
	assert_memory_equal(x, n, 255);
	assert_int_equal(x[255], n[255] - 1);
}

SIM_TEST(what_is_signed_is_as_long_as_the_modulus)
{
	memset(n, 0, sizeof(n));
	memset(n + 8, 0xc3, 256);
	memcpy(e, "\1\0\1", 3);
	memset(x, 0x11, sizeof(x));
	key = (br_rsa_public_key){ n + 8, 256, e, 3 };
	assert_int_equal(wide_rsa(x, 255, &key), 0);
	assert_int_equal(wide_rsa(x, 257, &key), 0);
	assert_int_equal(wide_rsa(x, 0, &key), 0);
	key = (br_rsa_public_key){ n, 264, e, 3 };	/* zeros don't count */
	assert_int_equal(wide_rsa(x, 264, &key), 0);
	assert_int_equal(wide_rsa(x, 256, &key), 1);
}

SIM_TEST(a_modulus_is_odd_above_1_and_has_4096_bits_at_most)
{
	memset(n, 0xc3, sizeof(n));
	memset(x, 0, sizeof(x));
	memcpy(e, "\1\0\1", 3);
	key = (br_rsa_public_key){ n, OCTETS_MAX, e, 3 };
	assert_int_equal(wide_rsa(x, OCTETS_MAX, &key), 1);
	key.nlen = OCTETS_MAX + 1;
	assert_int_equal(wide_rsa(x, OCTETS_MAX + 1, &key), 0);
	key.nlen = 128;
	n[127] = 0x10;
	assert_int_equal(wide_rsa(x, 128, &key), 0);
	memset(n, 0, 128);
	assert_int_equal(wide_rsa(x, 0, &key), 0);
	n[127] = 1;
	assert_int_equal(wide_rsa(x, 1, &key), 0);
	n[127] = 3;
	assert_int_equal(wide_rsa(x, 1, &key), 1);
}

SIM_TEST(a_signature_longer_than_any_key_is_refused)
{
	unsigned char out[64];

	memset(n, 0xc3, sizeof(n));
	memset(x, 0, sizeof(x));
	key = (br_rsa_public_key){ n, sizeof(n), e, 3 };
	assert_int_equal(wide_rsa_vrfy(x, sizeof(x), NULL, 36, &key, out), 0);
}

/* ---- inverses ----------------------------------------------------------- */

SIM_TEST(a_number_times_its_inverse_is_1)
{
	struct wide_mod m;
	uint64_t a[9], b[9], t[9];
	unsigned char p[66];
	size_t octets;

	for (int curve = BR_EC_secp256r1; curve <= BR_EC_secp521r1; curve++) {
		const unsigned char *order = br_ec_all_m31.order(curve,
		    &octets);

		assert_true(wide_mod_init(&m, order, octets));
		for (int i = 0; i < 300; i++) {
			fill(p, octets);
			p[0] = 0;
			p[octets - 1] |= i % 2;
			assert_true(wide_load(a, m.words, p, octets));
			if (wide_is_zero(a, m.words))
				continue;
			memcpy(b, a, sizeof(b));
			wide_invert(b, &m);
			assert_true(wide_is_less(b, m.n, m.words));
			wide_mul(t, a, b, &m);
			assert_int_equal(t[0], 1);
			assert_true(wide_is_zero(t + 1, m.words - 1));
			memcpy(b, a, sizeof(b));
			wide_invert_secret(b, &m);
			assert_true(wide_is_less(b, m.n, m.words));
			wide_mul(a, a, b, &m);
			assert_int_equal(a[0], 1);
			assert_true(wide_is_zero(a + 1, m.words - 1));
		}
	}
}

/* ---- coordinates of P-256 ----------------------------------------------- */

#define F4	"\xff\xff\xff\xff"
static const unsigned char prime[32] = F4 "\0\0\0\1" "\0\0\0\0"
    "\0\0\0\0" "\0\0\0\0" F4 F4 F4;

/* Less than p; every fourth time near it, or near 0. */
static void
some_coordinate(uint64_t *a, const struct wide_mod *m)
{
	unsigned char p[32];

	do {
		fill(p, 32);
		if (sim_random(4) == 0) {
			memcpy(p, prime, 31);
			p[31] = (unsigned char)sim_random(256);
		} else if (sim_random(4) == 0) {
			memset(p, 0, 31);
		}
		assert_true(wide_load(a, 4, p, 32));
	} while (!wide_is_less(a, m->n, 4));
}

static void
assert_is(const int64_t *got, const uint64_t *wanted)
{
	int64_t t[P256_LIMBS];

	p256_in(t, wanted);
	p256_sub(t, t, got);
	assert_true(p256_is_zero(t));
}

static bool
is_settled(const int64_t *a)
{
	for (int i = 0; i < 4; i++)
		if (a[i] < 0 || a[i] >> 52 != 0)
			return false;
	return a[4] >= -((int64_t)1 << 28) &&
	    a[4] <= ((int64_t)1 << 48) + ((int64_t)1 << 28);
}

SIM_TEST(coordinates_of_p256_are_those_modulo_any_number)
{
	uint64_t a[4], b[4], t[4];
	int64_t fa[P256_LIMBS], fb[P256_LIMBS], ft[P256_LIMBS];
	struct wide_mod m;

	assert_true(wide_mod_init(&m, prime, 32));
	for (int i = 0; i < 20000; i++) {
		some_coordinate(a, &m);
		some_coordinate(b, &m);
		p256_in(fa, a);
		p256_in(fb, b);
		p256_mul(ft, fa, fb);
		wide_in(t, a, &m);
		wide_mul(t, t, b, &m);
		assert_is(ft, t);
		p256_add(ft, fa, fb);
		wide_add(t, a, b, &m);
		assert_is(ft, t);
		p256_sub(ft, fa, fb);
		wide_sub(t, a, b, &m);
		assert_is(ft, t);
		p256_settle(ft);
		assert_true(is_settled(ft));
		assert_is(ft, t);
		p256_sub(ft, fa, fa);
		assert_true(p256_is_zero(ft));
		p256_sub(ft, ft, fa);
		p256_add(ft, ft, fa);
		assert_true(p256_is_zero(ft));
		if (!wide_is_zero(a, 4))
			assert_false(p256_is_zero(fa));
	}
}

/* As far off as the sums of tls_wide_ecdsa.c go, and farther. */
SIM_TEST(sums_of_p256_may_grow)
{
	uint64_t a[4], b[4], t[4];
	int64_t fa[P256_LIMBS], fb[P256_LIMBS], sum[P256_LIMBS],
	    other[P256_LIMBS];
	struct wide_mod m;

	assert_true(wide_mod_init(&m, prime, 32));
	for (int i = 0; i < 2000; i++) {
		bool is_less = sim_random(2);

		some_coordinate(a, &m);
		some_coordinate(b, &m);
		p256_in(fa, a);
		p256_in(fb, b);
		memset(sum, 0, sizeof(sum));
		memset(other, 0, sizeof(other));
		memset(t, 0, sizeof(t));
		for (int k = 0; k < 8; k++) {
			(is_less ? p256_sub : p256_add)(sum, sum, fa);
			(is_less ? wide_sub : wide_add)(t, t, a, &m);
			p256_sub(other, other, fb);
		}
		assert_is(sum, t);
		p256_mul(fa, sum, other);
		for (int k = 0; k < 3; k++)
			wide_add(b, b, b, &m);
		wide_in(t, t, &m);
		wide_mul(t, t, b, &m);
		memset(b, 0, sizeof(b));
		wide_sub(t, b, t, &m);
		assert_is(fa, t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(rsa_is_that_of_bearssl),
		SIM_RUN(what_is_signed_is_less_than_the_modulus),
		SIM_RUN(what_is_signed_is_as_long_as_the_modulus),
		SIM_RUN(a_modulus_is_odd_above_1_and_has_4096_bits_at_most),
		SIM_RUN(a_signature_longer_than_any_key_is_refused),
		SIM_RUN(a_number_times_its_inverse_is_1),
		SIM_RUN(coordinates_of_p256_are_those_modulo_any_number),
		SIM_RUN(sums_of_p256_may_grow),
	};
	return sim_main(tests, COUNT(tests));
}
