/*
 * tls_x25519_test.c - X25519 of our own, where words have 64 bits: vectors of
 * RFC 7748, and whatever BearSSL says.
 */
#include <stdio.h>
#include <string.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

#define OCTETS	32

static void
hex(unsigned char *out, const char *text)
{
	unsigned octet;

	assert_int_equal(strlen(text), 2 * OCTETS);
	for (size_t i = 0; i < OCTETS; i++) {
		assert_int_equal(sscanf(text + 2 * i, "%2x", &octet), 1);
		out[i] = (unsigned char)octet;
	}
}

static void
assert_is(const unsigned char *p, const char *text)
{
	unsigned char wanted[OCTETS];

	hex(wanted, text);
	assert_memory_equal(p, wanted, OCTETS);
}

/* Section 5.2. */
SIM_TEST(products_of_rfc_7748_are_right)
{
	unsigned char k[OCTETS], u[OCTETS];

	hex(k, "a546e36bf0527c9d3b16154b82465edd"
	    "62144c0ac1fc5a18506a2244ba449ac4");
	hex(u, "e6db6867583030db3594c1a424b15f7c"
	    "726624ec26b3353b10a903a6d0ab1c4c");
	wide_x25519(u, k, u);
	assert_is(u, "c3da55379de9c6908e94ea4df28d084f"
	    "32eccf03491c71f754b4075577a28552");
	hex(k, "4b66e9d4d1b4673c5ad22691957d6af5"
	    "c11b6421e0ea01d42ca4169e7918ba0d");
	hex(u, "e5210f12786811d3f4b7959d0538ae2c"
	    "31dbe7106fc03c3efc4cd549c715a493");
	wide_x25519(u, k, u);
	assert_is(u, "95cbde9476e8907d7aade45cb4b873f8"
	    "8b595a68799fa152e6f8f7647aac7957");
}

SIM_TEST(a_thousand_products_of_products_are_right)
{
	unsigned char k[OCTETS] = { 9 }, u[OCTETS] = { 9 }, d[OCTETS];

	for (int i = 1; i <= 1000; i++) {
		wide_x25519(d, k, u);
		memcpy(u, k, OCTETS);
		memcpy(k, d, OCTETS);
		if (i == 1)
			assert_is(k, "422c8e7a6227d7bca1350b3e2bb7279f"
			    "7897b87bb6854b783c60e80311ae3079");
	}
	assert_is(k, "684cf59ba83309552800ef566f2f4d3c"
	    "1c3887c49360e3875f2eb94d99532c51");
}

/* Section 6.1. */
SIM_TEST(both_sides_come_to_the_same_secret)
{
	unsigned char a[OCTETS], b[OCTETS], from_a[OCTETS], from_b[OCTETS];

	hex(a, "77076d0a7318a57d3c16c17251b26645"
	    "4c2f92ebc099d5e9aa0e4b3a5ca8b2a5");
	hex(b, "5dab087e624a8a4b79e17f8b83800ee6"
	    "6f3bb1292618b6fd1c2f8b27ff88e0eb");
	assert_int_equal(wide_ec.mulgen(from_a, a, OCTETS, BR_EC_curve25519),
	    OCTETS);
	assert_int_equal(wide_ec.mulgen(from_b, b, OCTETS, BR_EC_curve25519),
	    OCTETS);
	assert_is(from_b, "de9edb7d7b7dc1b4d35b61c2ece43537"
	    "3f8343c85b78674dadfc7e146f882b4f");
	assert_int_equal(wide_ec.mul(from_a, OCTETS, b, OCTETS,
	    BR_EC_curve25519), 1);
	assert_int_equal(wide_ec.mul(from_b, OCTETS, a, OCTETS,
	    BR_EC_curve25519), 1);
	assert_memory_equal(from_a, from_b, OCTETS);
}

/* ---- whatever BearSSL says ---------------------------------------------- */

/* Octets at the ends of their range are where carries go far. */
static void
fill(unsigned char *p)
{
	static const unsigned char ends[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
	bool is_rare = sim_random(4) == 0;

	for (size_t i = 0; i < OCTETS; i++)
		p[i] = is_rare ? ends[sim_random(COUNT(ends))]
		    : (unsigned char)sim_random(256);
}

static void
compare(const unsigned char *k, const unsigned char *u)
{
	unsigned char ours[OCTETS], theirs[OCTETS];

	memcpy(theirs, u, OCTETS);
	assert_int_equal(br_ec_c25519_m31.mul(theirs, OCTETS, k, OCTETS,
	    BR_EC_curve25519), 1);
	wide_x25519(ours, k, u);
	assert_memory_equal(ours, theirs, OCTETS);
}

SIM_TEST(products_are_those_of_bearssl)
{
	unsigned char k[OCTETS], u[OCTETS], other[OCTETS];

	for (int i = 0; i < 3000; i++) {
		fill(k);
		fill(u);
		compare(k, u);
	}
	for (int i = 0; i < 20; i++) {
		fill(k);
		fill(u);
		memcpy(other, u, OCTETS);
		assert_int_equal(br_ec_c25519_i31.mul(other, OCTETS, k,
		    OCTETS, BR_EC_curve25519), 1);
		wide_x25519(u, k, u);
		assert_memory_equal(u, other, OCTETS);
	}
}

/* From p - 5 to p + 18, which is 2^255 - 1; the highest bit doesn't count. */
SIM_TEST(numbers_near_the_prime_are_taken_modulo_it)
{
	unsigned char k[OCTETS], u[OCTETS];

	for (int low = 0xed - 5; low <= 0xff; low++) {
		for (int top = 0x7f; top <= 0xff; top += 0x80) {
			memset(u, 0xff, OCTETS);
			u[0] = (unsigned char)low;
			u[OCTETS - 1] = (unsigned char)top;
			fill(k);
			compare(k, u);
		}
	}
}

/*
 * The product of these two is 1 modulo the order, so the base point comes back:
 * 9, which the last multiplication leaves as p + 9.
 */
SIM_TEST(a_result_near_the_prime_is_taken_modulo_it)
{
	unsigned char k[OCTETS], u[OCTETS] = { 9 };

	hex(k, "882e0718822ce47ca8c74107e66cb0e4"
	    "b2b3f4d58d82ca6386d2c96e3b87c04d");
	wide_x25519(u, k, u);
	hex(k, "18c639d8acb9090d9a1e5d4ed7539720"
	    "3858a3f7a00ea5687cde9cf6d1cfd55e");
	wide_x25519(u, k, u);
	assert_is(u, "0900000000000000000000000000000000"
	    "000000000000000000000000000000");
}

/* RFC 8422, 5.11: nobody is to get a secret that everybody knows. */
SIM_TEST(points_of_low_order_are_refused)
{
	static const char *const low[] = {
		"00000000000000000000000000000000"
		"00000000000000000000000000000000",
		"01000000000000000000000000000000"
		"00000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46a"
		"da098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b"
		"04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f"
	};
	unsigned char k[OCTETS], u[OCTETS];

	for (size_t i = 0; i < COUNT(low); i++) {
		hex(u, low[i]);
		fill(k);
		sim_note("%s", low[i]);
		assert_int_equal(wide_ec.mul(u, OCTETS, k, OCTETS,
		    BR_EC_curve25519), 0);
	}
	memset(u, 9, OCTETS);
	assert_int_equal(wide_ec.mul(u, OCTETS - 1, k, OCTETS,
	    BR_EC_curve25519), 0);
	assert_int_equal(wide_ec.mul(u, OCTETS, k, OCTETS + 1,
	    BR_EC_curve25519), 0);
}

/* A secret's highest bit is 0 or 1, as it comes. */
static void
agree_on(int curve)
{
	unsigned char k[66], ours[133], theirs[133];
	size_t n, more;
	const unsigned char *order = wide_ec.order(curve, &n);

	assert_memory_equal(order, br_ec_all_m31.order(curve, &more), n);
	assert_int_equal(n, more);
	for (size_t i = 0; i < n; i++)
		k[i] = (unsigned char)sim_random(256);
	k[0] = 0;
	k[1] >>= sim_random(8);
	k[n - 1] |= 1;
	assert_true(wide_ec.supported_curves >> curve & 1);
	n = wide_ec.mulgen(ours, k, n, curve);
	assert_int_equal(n, br_ec_all_m31.mulgen(theirs, k, more, curve));
	assert_memory_equal(ours, theirs, n);
	assert_int_equal(wide_ec.mul(ours, n, k, more, curve), 1);
	assert_int_equal(br_ec_all_m31.mul(theirs, n, k, more, curve), 1);
	assert_memory_equal(ours, theirs, n);
	assert_int_equal(wide_ec.xoff(curve, &n),
	    br_ec_all_m31.xoff(curve, &more));
	assert_int_equal(n, more);
	assert_memory_equal(wide_ec.generator(curve, &n),
	    br_ec_all_m31.generator(curve, &more), n);
	assert_int_equal(n, more);
}

SIM_TEST(other_curves_are_there)
{
	assert_int_equal(wide_ec.supported_curves,
	    br_ec_all_m31.supported_curves);
	for (int i = 0; i < 20; i++) {
		agree_on(BR_EC_secp256r1);
		agree_on(BR_EC_secp384r1);
		agree_on(BR_EC_secp521r1);
		agree_on(BR_EC_curve25519);
	}
}

SIM_TEST(a_point_of_another_curve_is_not_multiplied)
{
	unsigned char k[32] = { 7 }, g[133];
	const unsigned char *p;
	size_t n;

	p = br_ec_all_m31.generator(BR_EC_secp256r1, &n);
	memcpy(g, p, n);
	assert_int_equal(wide_ec.mul(g, n, k, 32, BR_EC_secp256r1), 1);
	memcpy(g, p, n);
	g[n - 1] ^= 1;
	assert_int_equal(wide_ec.mul(g, n, k, 32, BR_EC_secp256r1), 0);
	memcpy(g, p, n);
	assert_int_equal(wide_ec.mul(g, n - 1, k, 32, BR_EC_secp256r1), 0);
	memcpy(g, p, n);
	k[0] = 0;
	assert_int_equal(wide_ec.mul(g, n, k, 32, BR_EC_secp256r1), 0);
	assert_int_equal(wide_ec.mulgen(g, k, 32, BR_EC_secp256r1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(products_of_rfc_7748_are_right),
		SIM_RUN(a_thousand_products_of_products_are_right),
		SIM_RUN(both_sides_come_to_the_same_secret),
		SIM_RUN(products_are_those_of_bearssl),
		SIM_RUN(numbers_near_the_prime_are_taken_modulo_it),
		SIM_RUN(a_result_near_the_prime_is_taken_modulo_it),
		SIM_RUN(points_of_low_order_are_refused),
		SIM_RUN(other_curves_are_there),
		SIM_RUN(a_point_of_another_curve_is_not_multiplied),
	};
	return sim_main(tests, COUNT(tests));
}
