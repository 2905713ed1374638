/*
 * tls_ecdsa_test.c - ECDSA of our own, where words have 64 bits: vectors of RFC
 * 6979, whatever BearSSL says, and sums of points that go the rare ways.
 */
#include <stdio.h>
#include <string.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

#define OCTETS_MAX	66		/* of P-521 */
#define SCALAR_WORDS	9

/* ---- keys and signatures ------------------------------------------------ */

static unsigned char point[2 * OCTETS_MAX + 1], digest[64];
static br_ec_public_key key = { 0, point, 0 };
static size_t digest_n, each;		/* of octets in a number */
static char sig[400];
static size_t sig_n;

static size_t
hex(unsigned char *out, const char *text)
{
	size_t n = strlen(text) / 2;
	unsigned octet;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sscanf(text + 2 * i, "%2x", &octet), 1);
		out[i] = (unsigned char)octet;
	}
	return n;
}

static void
use_curve(int curve)
{
	key.curve = curve;
	(void)br_ec_all_m31.order(curve, &each);
	key.qlen = 2 * each + 1;
}

/* DER's INTEGER, as it should be. */
static void
put_number(const unsigned char *p, size_t n)
{
	for (; n > 0 && *p == 0; n--)
		p++;
	sig[sig_n++] = 2;
	sig[sig_n++] = (char)(n + (n == 0 || *p >= 0x80));
	if (n == 0 || *p >= 0x80)
		sig[sig_n++] = 0;
	memcpy(sig + sig_n, p, n);
	sig_n += n;
}

static void
close_signature(void)
{
	size_t head = sig_n < 0x80 ? 2 : 3;

	memmove(sig + head, sig, sig_n);
	sig[0] = 0x30;
	sig[1] = (char)0x81;
	sig[head - 1] = (char)sig_n;
	sig_n += head;
}

static void
sign_with(const unsigned char *r, const unsigned char *s)
{
	sig_n = 0;
	put_number(r, each);
	put_number(s, each);
	close_signature();
}

static bool
is_right(void)
{
	return wide_ecdsa_vrfy(NULL, digest, digest_n, &key, sig, sig_n) == 1;
}

static bool
is_right_to_bearssl(void)
{
	return br_ecdsa_i31_vrfy_asn1(&br_ec_all_m31, digest, digest_n, &key,
	    sig, sig_n) == 1;
}

/* ---- known answers ------------------------------------------------------ */

static const char *const public_key[] = {
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
	"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
	"04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
	"def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c6218967"
	"08a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
	"0401894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd"
	"371123d46e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023"
	"a400493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a"
	"28a0db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfc"
	"f5"
};

/* Of "sample". */
static const struct {
	int curve;
	enum digest digest;
	const char *r, *s;
} known[] = {
	{ BR_EC_secp256r1, DIGEST_SHA256,
	    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
	    "f7cb1c942d657c41d436c7a1b6e29f65"
	    "f3e900dbb9aff4064dc4ab2f843acda8" },
	{ BR_EC_secp256r1, DIGEST_SHA384,
	    "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719",
	    "4861f0491e6998b9455193e34e7b0d28"
	    "4ddd7149a74b95b9261f13abde940954" },
	{ BR_EC_secp256r1, DIGEST_SHA512,
	    "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00",
	    "2362ab1adbe2b8adf9cb9edab740ea60"
	    "49c028114f2460f96554f61fae3302fe" },
	{ BR_EC_secp384r1, DIGEST_SHA256,
	    "21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33"
	    "bde1e888e63355d92fa2b3c36d8fb2cd",
	    "f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feeb"
	    "efdc63eccd1ac42ec0cb8668a4fa0ab0" },
	{ BR_EC_secp384r1, DIGEST_SHA512,
	    "ed0959d5880ab2d869ae7f6c2915c6d60f96507f9cb3e047c0046861da4a799c"
	    "fe30f35cc900056d7c99cd7882433709",
	    "512c8cceee3890a84058ce1e22dbc2198f42323ce8aca9135329f03c068e5112"
	    "dc7cc3ef3446defceb01a45c2667fdd5" },
	{ BR_EC_secp521r1, DIGEST_SHA256,
	    "01511bb4d675114fe266fc4372b87682baecc01d3cc62cf2303c92b352601265"
	    "9d16876e25c7c1e57648f23b73564d67f61c6f14d527d54972810421e7d87589"
	    "e1a7",
	    "004a171143a83163d6df460aaf61522695f207a58b95c0644d87e52aa1a34791"
	    "6e4f7a72930b1bc06dbe22ce3f58264afd23704cbb63b29b931f7de6c9d949a7"
	    "ecfc" },
	{ BR_EC_secp521r1, DIGEST_SHA512,
	    "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f"
	    "174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e3"
	    "77fa",
	    "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af"
	    "282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4"
	    "a67a" }
};

static void
use_known(size_t i)
{
	unsigned char r[OCTETS_MAX], s[OCTETS_MAX];

	use_curve(known[i].curve);
	assert_int_equal(hex(point, public_key[key.curve - BR_EC_secp256r1]),
	    key.qlen);
	digest_n = digest_of(known[i].digest, SPAN("sample"), digest);
	assert_int_equal(hex(r, known[i].r), each);
	assert_int_equal(hex(s, known[i].s), each);
	sign_with(r, s);
}

/* Appendix A.2.5 to A.2.7. */
SIM_TEST(signatures_of_rfc_6979_are_right)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		use_known(i);
		assert_true(is_right());
		digest[digest_n / 4] ^= 1;
		assert_false(is_right());
	}
}

SIM_TEST(every_octet_counts)
{
	for (size_t i = 0; i < COUNT(known); i += 3) {
		use_known(i);
		for (size_t k = 0; k < sig_n; k++) {
			sig[k] ^= 1;
			assert_false(is_right());
			sig[k] ^= 1;
		}
		for (size_t k = 0; k < key.qlen; k++) {
			point[k] ^= 0x40;
			assert_false(is_right());
			point[k] ^= 0x40;
		}
		assert_true(is_right());
	}
}

/* ---- numbers out of bounds ---------------------------------------------- */

static void
add_order(unsigned char *p)
{
	size_t n;
	const unsigned char *order = br_ec_all_m31.order(key.curve, &n);
	unsigned carry = 0;

	for (; n > 0; n--) {
		carry += p[n - 1] + order[n - 1];
		p[n - 1] = (unsigned char)carry;
		carry >>= 8;
	}
	assert_int_equal(carry, 0);
}

SIM_TEST(r_and_s_are_from_1_to_the_order_less_1)
{
	unsigned char r[OCTETS_MAX], s[OCTETS_MAX],
	    zero[OCTETS_MAX] = { 0 }, order[OCTETS_MAX] = { 0 };

	for (size_t i = 0; i < COUNT(known); i++) {
		use_known(i);
		hex(r, known[i].r);
		hex(s, known[i].s);
		memset(order, 0, sizeof(order));
		add_order(order);
		sign_with(zero, s);
		assert_false(is_right());
		sign_with(r, zero);
		assert_false(is_right());
		sign_with(zero, zero);
		assert_false(is_right());
		sign_with(order, s);
		assert_false(is_right());
		sign_with(r, order);
		assert_false(is_right());
	}
	/* The same numbers modulo the order; those of P-521 leave room. */
	use_known(6);
	hex(r, known[6].r);
	hex(s, known[6].s);
	add_order(s);
	sign_with(r, s);
	assert_false(is_right());
	hex(s, known[6].s);
	add_order(r);
	sign_with(r, s);
	assert_false(is_right());
}

SIM_TEST(only_strict_der_is_a_signature)
{
	size_t n;

	use_known(0);
	n = sig_n;
	assert_int_equal((unsigned char)sig[1], n - 2);
	for (sig_n = 0; sig_n < n; sig_n++)
		assert_false(is_right());
	sig[n] = 0;
	sig_n = n + 1;			/* behind it */
	assert_false(is_right());
	sig[1]++;			/* inside */
	assert_false(is_right());
	sig[1]--;
	sig_n = n;
	assert_true(is_right());
	memmove(sig + 3, sig + 2, n - 2);
	sig[2] = sig[1];		/* a length longer than needed */
	sig[1] = (char)0x81;
	sig_n = n + 1;
	assert_false(is_right());
	use_known(1);			/* r begins with 0e: no 0 ahead of it */
	memmove(sig + 5, sig + 4, sig_n - 4);
	sig[4] = 0;
	sig[3]++;
	sig[1]++;
	sig_n++;
	assert_false(is_right());
	use_known(0);			/* r begins with ef: negative */
	memmove(sig + 4, sig + 5, sig_n - 5);
	sig[3]--;
	sig[1]--;
	sig_n--;
	assert_false(is_right());
}

SIM_TEST(a_key_is_a_point_of_its_curve)
{
	use_known(0);
	point[0] = 2;
	assert_false(is_right());
	point[0] = 6;
	assert_false(is_right());
	use_known(0);
	key.qlen--;
	assert_false(is_right());
	key.qlen += 2;
	assert_false(is_right());
	use_known(0);
	memset(point + 1, 0, 2 * each);
	assert_false(is_right());
	memset(point + 1, 0xff, 2 * each);	/* not of the field */
	assert_false(is_right());
	use_known(0);
	key.curve = BR_EC_secp384r1;
	assert_false(is_right());
	key.curve = BR_EC_curve25519;
	assert_false(is_right());
	key.curve = 22;
	assert_false(is_right());
}

/* x = p + 5 is 5, and 5 has a y; but nobody may write 5 like that. */
SIM_TEST(a_coordinate_is_less_than_the_prime_and_fits_the_other)
{
	static const char five[] =
	    "04" "00000000000000000000000000000000"
	    "00000000000000000000000000000005"
	    "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
	static const char more[] =
	    "04" "ffffffff000000010000000000000000"
	    "00000001000000000000000000000004"
	    "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc";
	unsigned char r[OCTETS_MAX] = { 0 }, s[OCTETS_MAX] = { 0 };
	unsigned char r_point[65];
	size_t n;

	/* e = 0: with s = r, u = 0 and v = 1, and the sum is the key. */
	use_curve(BR_EC_secp256r1);
	memset(digest, 0, sizeof(digest));
	digest_n = 32;
	n = hex(r_point, five);
	assert_int_equal(n, key.qlen);
	memcpy(point, r_point, n);
	memcpy(r, point + 1, 32);
	memcpy(s, r, 32);
	sign_with(r, s);
	assert_true(is_right());
	hex(point, more);
	assert_false(is_right());
	/* With another y it is on no curve of ours, and would do as well. */
	hex(point, five);
	point[64] ^= 1;
	assert_false(is_right());
}

/* ---- sums that go the rare ways ----------------------------------------- */

static struct wide_mod order;

static void
load_order(void)
{
	size_t n;
	const unsigned char *p = br_ec_all_m31.order(key.curve, &n);

	assert_true(wide_mod_init(&order, p, n));
}

/* d = a * b, or a / b, modulo the order. */
static void
times(uint64_t *d, const uint64_t *a, const uint64_t *b)
{
	uint64_t t[SCALAR_WORDS];

	wide_in(t, a, &order);
	wide_mul(d, t, b, &order);
}

static void
over(uint64_t *d, const uint64_t *a, const uint64_t *b)
{
	uint64_t t[SCALAR_WORDS];

	memcpy(t, b, 8 * order.words);
	wide_invert(t, &order);
	wide_mul(d, a, t, &order);
}

static void
sign_words(const uint64_t *r, const uint64_t *s)
{
	unsigned char r_octets[OCTETS_MAX], s_octets[OCTETS_MAX];

	wide_store(r_octets, each, r);
	wide_store(s_octets, each, s);
	sign_with(r_octets, s_octets);
}

static void
some_scalar(uint64_t *d)
{
	unsigned char p[OCTETS_MAX];

	do {
		for (size_t i = 0; i < each; i++)
			p[i] = (unsigned char)sim_random(256);
		p[0] &= each == 66 ? 1 : 0xff;
		assert_true(wide_load(d, order.words, p, each));
	} while (!wide_is_less(d, order.n, order.words)
	    || wide_is_zero(d, order.words));
}

static void
set_digest(const uint64_t *e)
{
	digest_n = each < 64 ? each : 64;
	wide_store(digest, digest_n, e);
}

/* The key of secret d. */
static void
use_secret(const uint64_t *d)
{
	unsigned char p[OCTETS_MAX];

	wide_store(p, each, d);
	assert_int_equal(br_ec_all_m31.mulgen(point, p, each, key.curve),
	    key.qlen);
}

/* Of the digest e, by secret d; number k is the x of its point. */
static void
sign_for(const uint64_t *e, const uint64_t *d, const uint64_t *k)
{
	unsigned char p[OCTETS_MAX], at[2 * OCTETS_MAX + 1];
	uint64_t r[SCALAR_WORDS], s[SCALAR_WORDS],
	    zero[SCALAR_WORDS] = { 0 };

	wide_store(p, each, k);
	br_ec_all_m31.mulgen(at, p, each, key.curve);
	assert_true(wide_load(r, order.words, at + 1, each));
	wide_add(r, r, zero, &order);		/* less n, if it is more */
	times(s, r, d);
	wide_add(s, s, e, &order);
	over(s, s, k);
	sign_words(r, s);
}

static void
for_each_curve(void (*f)(void))
{
	for (int c = BR_EC_secp256r1; c <= BR_EC_secp521r1; c++) {
		use_curve(c);
		load_order();
		f();
	}
}

/* Secrets so small that multiples of G and of the key meet on the way. */
static void
meet(void)
{
	uint64_t e[SCALAR_WORDS], k[SCALAR_WORDS], d[SCALAR_WORDS],
	    zero[SCALAR_WORDS] = { 0 };

	for (unsigned i = 0; i < 20; i++) {
		memset(d, 0, sizeof(d));
		d[0] = 1 + i / 2;
		if (i % 2)
			wide_sub(d, zero, d, &order);
		some_scalar(e);
		if (each == 66)
			e[8] = 0;
		some_scalar(k);
		use_secret(d);
		set_digest(e);
		sign_for(e, d, k);
		assert_true(is_right());
		digest[0] ^= 1;
		assert_false(is_right());
	}
}

SIM_TEST(keys_near_the_generator_do)
{
	for_each_curve(meet);
}

/*
 * e = r d: then u G and v Q are the same point, and the sum is twice it.  With
 * the key of -d they are opposite, and there is no sum.
 */
static void
be_same(void)
{
	uint64_t e[SCALAR_WORDS], k[SCALAR_WORDS], d[SCALAR_WORDS],
	    r[SCALAR_WORDS], zero[SCALAR_WORDS] = { 0 };
	unsigned char p[OCTETS_MAX], at[2 * OCTETS_MAX + 1];

	for (int i = 0; i < 4; i++) {
		/* For P-521 e must be one that a digest can be. */
		some_scalar(k);
		wide_store(p, each, k);
		br_ec_all_m31.mulgen(at, p, each, key.curve);
		assert_true(wide_load(r, order.words, at + 1, each));
		wide_add(r, r, zero, &order);
		some_scalar(e);
		if (each == 66)
			e[8] = 0;
		over(d, e, r);
		use_secret(d);
		set_digest(e);
		sign_for(e, d, k);
		assert_true(is_right());
		assert_true(is_right_to_bearssl());
		wide_sub(d, zero, d, &order);
		use_secret(d);		/* the signature as it was */
		assert_false(is_right());
	}
}

SIM_TEST(the_same_points_make_twice_one_and_opposite_ones_none)
{
	for_each_curve(be_same);
}

static void
be_none(void)
{
	uint64_t e[SCALAR_WORDS] = { 0 }, k[SCALAR_WORDS], d[SCALAR_WORDS];

	some_scalar(k);
	some_scalar(d);
	use_secret(d);
	set_digest(e);
	sign_for(e, d, k);
	assert_true(is_right());
	digest[1] = 1;
	assert_false(is_right());
}

SIM_TEST(a_digest_of_0_is_one_like_others)
{
	for_each_curve(be_none);
}

/*
 * The point whose x is n + 3, which is less than p: r is 3.  Its key comes from
 * it: Q = (R - u G) / v.
 */
SIM_TEST(r_may_stand_for_an_x_above_the_order)
{
	static const char at[] = "04"
	    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632554"
	    "484f0c0fda434ef0a808458914f328715d7a545e198ac7eee31dffe861b5d23f";
	uint64_t u[SCALAR_WORDS], v[SCALAR_WORDS], t[SCALAR_WORDS],
	    r[SCALAR_WORDS] = { 3 }, s[SCALAR_WORDS], e[SCALAR_WORDS],
	    one[SCALAR_WORDS] = { 1 }, zero[SCALAR_WORDS] = { 0 };
	unsigned char a[32], b[32];

	use_curve(BR_EC_secp256r1);
	load_order();
	for (int i = 0; i < 4; i++) {
		some_scalar(u);
		some_scalar(v);
		hex(point, at);
		over(t, one, v);
		wide_store(a, 32, t);
		times(t, t, u);
		wide_sub(t, zero, t, &order);
		wide_store(b, 32, t);
		assert_int_equal(br_ec_all_m31.muladd(point, NULL, 65, a, 32,
		    b, 32, key.curve), 1);
		over(s, r, v);
		times(e, u, s);
		set_digest(e);
		sign_words(r, s);
		assert_true(is_right());
		assert_true(is_right_to_bearssl());
		r[0] = 4;
		over(s, r, v);		/* v the same, r another */
		times(e, u, s);
		set_digest(e);
		sign_words(r, s);
		assert_false(is_right());
		r[0] = 3;
	}
}

/* ---- whatever BearSSL says ---------------------------------------------- */

static void
compare(unsigned rounds)
{
	static const size_t lengths[] = { 28, 32, 48, 64 };
	uint64_t d[SCALAR_WORDS];
	unsigned char x[OCTETS_MAX];
	br_ec_private_key secret = { key.curve, x, each };

	load_order();
	for (unsigned i = 0; i < rounds; i++) {
		some_scalar(d);
		wide_store(x, each, d);
		use_secret(d);
		digest_n = lengths[sim_random(COUNT(lengths))];
		for (size_t k = 0; k < 64; k++)
			digest[k] = (unsigned char)sim_random(256);
		sig_n = br_ecdsa_i31_sign_asn1(&br_ec_all_m31, digest_n == 28 ?
		    &br_sha224_vtable : digest_n == 32 ? &br_sha256_vtable :
		    digest_n == 48 ? &br_sha384_vtable : &br_sha512_vtable,
		    digest, &secret, sig);
		assert_true(sig_n > 0);
		assert_true(is_right());
		digest[sim_random(digest_n < each ? (unsigned)digest_n :
		    (unsigned)each)] ^= (unsigned char)(1 + sim_random(255));
		assert_false(is_right());
		sim_note("curve %d, round %u", key.curve, i);
	}
}

SIM_TEST(what_bearssl_signs_is_right)
{
	use_curve(BR_EC_secp256r1);
	compare(1000);
	use_curve(BR_EC_secp384r1);
	compare(40);
	use_curve(BR_EC_secp521r1);
	compare(20);
}

/* The sum itself, as r would have it, of any two numbers. */
/* The same numbers come from the same digest: RFC 6979. */
SIM_TEST(what_we_sign_is_what_bearssl_signs)
{
	unsigned char secret[OCTETS_MAX], theirs[200];
	uint64_t d[SCALAR_WORDS];
	size_t n;

	for (int i = 0; i < 24; i++) {
		use_curve(BR_EC_secp256r1 + i % 3);
		load_order();
		some_scalar(d);
		wide_store(secret, each, d);
		use_secret(d);
		br_ec_private_key sk = { key.curve, secret, each };
		digest_n = i % 2 ? 32 : 64;
		for (size_t k = 0; k < digest_n; k++)
			digest[k] = (unsigned char)sim_random(256);
		sig_n = wide_ecdsa_sign(NULL, i % 2 ? &br_sha256_vtable
		    : &br_sha512_vtable, digest, &sk, sig);
		assert_true(sig_n > 0);
		assert_true(is_right());
		if (each == 66)
			continue;
		n = br_ecdsa_i31_sign_asn1(&br_ec_all_m31, i % 2
		    ? &br_sha256_vtable : &br_sha512_vtable, digest, &sk,
		    theirs);
		assert_int_equal(n, sig_n);
		assert_memory_equal(sig, theirs, n);
	}
	memset(secret, 0xff, sizeof(secret));
	use_curve(BR_EC_secp256r1);
	br_ec_private_key sk = { key.curve, secret, each };
	assert_int_equal(wide_ecdsa_sign(NULL, &br_sha256_vtable, digest, &sk,
	    sig), 0);
}

SIM_TEST(sums_are_those_of_bearssl)
{
	uint64_t u[SCALAR_WORDS], v[SCALAR_WORDS], d[SCALAR_WORDS],
	    r[SCALAR_WORDS], s[SCALAR_WORDS], e[SCALAR_WORDS],
	    zero[SCALAR_WORDS] = { 0 };
	unsigned char a[32], b[32], sum[65];

	use_curve(BR_EC_secp256r1);
	load_order();
	for (unsigned i = 0; i < 1000; i++) {
		some_scalar(u);
		some_scalar(v);
		/* Long runs of 0 and of 1 are where digits are carried. */
		for (size_t k = 0; k < 4; k++)
			if (sim_random(2))
				(k % 2 ? u : v)[k] = sim_random(2) ? 0
				    : UINT64_MAX >> (k == 3 ? 1 : 0);
		some_scalar(d);
		use_secret(d);
		memcpy(sum, point, 65);
		wide_store(a, 32, v);
		wide_store(b, 32, u);
		if (wide_is_zero(u, 4) || wide_is_zero(v, 4) ||
		    br_ec_all_m31.muladd(sum, NULL, 65, a, 32, b, 32,
		    key.curve) != 1)
			continue;
		assert_true(wide_load(r, 4, sum + 1, 32));
		wide_add(r, r, zero, &order);
		over(s, r, v);
		times(e, u, s);
		set_digest(e);
		sign_words(r, s);
		assert_true(is_right());
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(signatures_of_rfc_6979_are_right),
		SIM_RUN(every_octet_counts),
		SIM_RUN(r_and_s_are_from_1_to_the_order_less_1),
		SIM_RUN(only_strict_der_is_a_signature),
		SIM_RUN(a_key_is_a_point_of_its_curve),
		SIM_RUN(a_coordinate_is_less_than_the_prime_and_fits_the_other),
		SIM_RUN(keys_near_the_generator_do),
		SIM_RUN(the_same_points_make_twice_one_and_opposite_ones_none),
		SIM_RUN(a_digest_of_0_is_one_like_others),
		SIM_RUN(r_may_stand_for_an_x_above_the_order),
		SIM_RUN(what_bearssl_signs_is_right),
		SIM_RUN(what_we_sign_is_what_bearssl_signs),
		SIM_RUN(sums_are_those_of_bearssl),
	};
	return sim_main(tests, COUNT(tests));
}
