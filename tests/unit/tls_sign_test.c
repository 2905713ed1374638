/*
 * tls_sign_test.c - signatures that openssl made, each with its own key.
 */
#include <stdio.h>
#include <string.h>

#include "../../src/tls_int.h"
#include "tls_make.h"

#define CERT(name, hex)	static const char name[] = hex;
#include "tls_signed.def"
#undef CERT

#define SIGNER	"signed by"		/* sign_check() said RC_OK */

static char room[4][2048];
static struct cert cert[4];

/* The nth certificate, decoded where it may be changed. */
static void
load(unsigned n, const char *hex)
{
	size_t length = strlen(hex) / 2;
	unsigned octet;

	assert_true(length <= sizeof(room[n]));
	for (size_t i = 0; i < length; i++) {
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &octet), 1);
		room[n][i] = (char)octet;
	}
	assert_int_equal(cert_read((struct span){ room[n], length },
	    &cert[n]), RC_OK);
}

static const char *
why(const struct cert *c, struct span spki)
{
	const char *text = NULL;
	enum rc rc = sign_check(c, spki, &text);

	assert_true(rc == RC_OK || rc == RC_DENY);
	assert_non_null(text);
	return rc == RC_OK ? SIGNER : text;
}

static const char *
self(const char *hex)
{
	load(0, hex);
	return why(&cert[0], cert[0].spki);
}

static enum rc
key_of(const char *hex)
{
	static struct pub_key k;

	load(0, hex);
	return sign_key(cert[0].spki, &k);
}

SIM_TEST(rsa_is_right_with_every_digest_of_sha_2)
{
	assert_string_equal(self(rsa_sha224), SIGNER);
	assert_string_equal(self(rsa_sha256), SIGNER);
	assert_string_equal(self(rsa_sha384), SIGNER);
	assert_string_equal(self(rsa_sha512), SIGNER);
	assert_string_equal(self(rsa_4096), SIGNER);
	assert_string_equal(self(rsa_e3), SIGNER);
}

SIM_TEST(ecdsa_is_right_on_three_curves)
{
	assert_string_equal(self(p256_sha224), SIGNER);
	assert_string_equal(self(p256_sha256), SIGNER);
	assert_string_equal(self(p256_sha512), SIGNER);
	assert_string_equal(self(p384_sha384), SIGNER);
	assert_string_equal(self(p521_sha256), SIGNER);
	assert_string_equal(self(p521_sha512), SIGNER);
}

SIM_TEST(old_digests_prove_nothing)
{
	assert_non_null(strstr(self(rsa_md5), "proves nothing"));
	assert_non_null(strstr(self(rsa_sha1), "proves nothing"));
	assert_non_null(strstr(self(p256_sha1), "proves nothing"));
}

static const char *
lax_self(const char *hex)
{
	const char *text = NULL;

	load(0, hex);
	return sign_check_lax(&cert[0], cert[0].spki, &text) == RC_OK ? SIGNER
	    : text;
}

SIM_TEST(sha_1_will_do_where_nothing_depends_on_it)
{
	assert_string_equal(lax_self(rsa_sha1), SIGNER);
	assert_string_equal(lax_self(p256_sha1), SIGNER);
	assert_string_equal(lax_self(rsa_sha256), SIGNER);
	assert_string_equal(lax_self(p256_sha256), SIGNER);
	assert_non_null(strstr(lax_self(rsa_md5), "proves nothing"));
	load(1, rsa_sha1);
	room[1][cert[1].der.n - 1] ^= 1;
	assert_int_equal(sign_check_lax(&cert[1], cert[1].spki,
	    &(const char *){ NULL }), RC_DENY);
}

SIM_TEST(what_is_not_supported_says_so)
{
	assert_non_null(strstr(self(rsa_pss), "signature is of a kind"));
	assert_non_null(strstr(self(ed25519), "signature is of a kind"));
	assert_non_null(strstr(self(secp256k1), "key is of a kind"));
	assert_non_null(strstr(self(rsa_4104), "key is of a kind"));
	assert_non_null(strstr(self(rsa_wide_e), "key is of a kind"));
	assert_non_null(strstr(self(p256_explicit), "key is of a kind"));
	assert_non_null(strstr(self(p256_short), "key is of a kind"));
	assert_non_null(strstr(self(rsa_1023), "shorter than 1024"));
}

SIM_TEST(another_key_is_no_issuer)
{
	load(1, rsa_sha256);
	load(2, rsa_sha384);
	load(3, rsa_4096);
	assert_non_null(strstr(why(&cert[1], cert[2].spki), "did not"));
	assert_non_null(strstr(why(&cert[2], cert[1].spki), "did not"));
	assert_non_null(strstr(why(&cert[1], cert[3].spki), "did not"));
	load(2, p256_sha256);
	load(3, p256_sha512);
	assert_non_null(strstr(why(&cert[2], cert[3].spki), "did not"));
	load(3, p521_sha256);
	assert_non_null(strstr(why(&cert[2], cert[3].spki), "did not"));
	/* And one of another kind. */
	assert_non_null(strstr(why(&cert[1], cert[2].spki), "did not"));
	assert_non_null(strstr(why(&cert[2], cert[1].spki), "did not"));
}

/* Any octet of what is signed, and of the signature. */
static void
check_changes(const char *hex, size_t step)
{
	size_t from, until;
	struct cert c;

	load(0, hex);
	c = cert[0];
	from = (size_t)(c.signature.p - room[0]);
	until = from + c.signature.n;
	for (size_t i = 4; i < until; i += step) {
		if (i >= 4 + c.tbs.n && i < from)
			continue;
		/* Changed in place, its own key could be another one. */
		load(1, hex);
		room[0][i] ^= 0x10;
		assert_non_null(strstr(why(&c, cert[1].spki), "did not"));
		room[0][i] ^= 0x10;
	}
	assert_string_equal(why(&c, cert[0].spki), SIGNER);
}

SIM_TEST(no_octet_can_be_changed)
{
	check_changes(rsa_sha256, 1);
	check_changes(p256_sha256, 3);
	check_changes(p521_sha512, 61);
}

/* sha256 taken for sha384: the digest inside the signature says what it is. */
SIM_TEST(the_digest_is_the_one_that_was_signed)
{
	struct cert c;

	load(0, rsa_sha256);
	c = cert[0];
	assert_int_equal(c.algorithm.p[c.algorithm.n - 3], 0x0b);
	load(1, rsa_sha384);
	c.algorithm = cert[1].algorithm;
	assert_non_null(strstr(why(&c, cert[0].spki), "did not"));
}

static enum rc
made_key(struct span algorithm, struct span key)
{
	struct pub_key k;

	return sign_key(MAKE(0x30, algorithm, MAKE(3, SPAN("\0"), key)), &k);
}

SIM_TEST(keys_tell_malformed_from_not_supported)
{
	struct span rsa = SPAN("\x30\x0d\6\x09\x2a\x86\x48\x86\xf7\x0d\1\1\1"
	    "\5\0");
	struct span p256 = SPAN("\x30\x13\6\7\x2a\x86\x48\xce\x3d\2\1"
	    "\6\x08\x2a\x86\x48\xce\x3d\3\1\7");
	char point[66] = { 4 };

	assert_int_equal(made_key(rsa, SPAN("\x30\6\2\1\7\2\1\3")), RC_OK);
	assert_int_equal(made_key(rsa, SPAN("\x30\6\2\1\0\2\1\3")), RC_WIRE);
	assert_int_equal(made_key(rsa, SPAN("\x30\6\2\1\7\2\1\0")), RC_WIRE);
	assert_int_equal(made_key(rsa, SPAN("\x30\6\2\1\x87\2\1\3")), RC_WIRE);
	assert_int_equal(made_key(rsa, SPAN("\x30\3\2\1\7")), RC_WIRE);
	assert_int_equal(made_key(rsa, SPAN("\x30\7\2\1\7\2\1\3\5")), RC_WIRE);
	assert_int_equal(made_key(p256, (struct span){ point, 65 }), RC_OK);
	assert_int_equal(made_key(p256, (struct span){ point, 64 }), RC_WIRE);
	assert_int_equal(made_key(p256, (struct span){ point, 66 }), RC_WIRE);
	assert_int_equal(made_key(p256, NOTHING), RC_WIRE);
	point[0] = 2;
	assert_int_equal(made_key(p256, (struct span){ point, 33 }), RC_DENY);
	assert_int_equal(made_key(SPAN("\x30\3\6\1\1"), NOTHING), RC_DENY);
	assert_int_equal(made_key(SPAN("\x30\0"), NOTHING), RC_WIRE);
	assert_int_equal(key_of(pss_key), RC_DENY);
	assert_int_equal(key_of(ed25519), RC_DENY);
	assert_int_equal(key_of(p256_explicit), RC_DENY);
	assert_int_equal(key_of(rsa_1023), RC_OK);
}

/* A point that is not on the curve must not be calculated with. */
SIM_TEST(a_point_beside_the_curve_signs_nothing)
{
	struct span spki;

	load(0, p256_sha256);
	load(1, p256_sha256);
	spki = cert[1].spki;
	room[1][spki.p + spki.n - 1 - room[1]] ^= 1;
	assert_non_null(strstr(why(&cert[0], spki), "did not"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(rsa_is_right_with_every_digest_of_sha_2),
		SIM_RUN(ecdsa_is_right_on_three_curves),
		SIM_RUN(old_digests_prove_nothing),
		SIM_RUN(sha_1_will_do_where_nothing_depends_on_it),
		SIM_RUN(what_is_not_supported_says_so),
		SIM_RUN(another_key_is_no_issuer),
		SIM_RUN(no_octet_can_be_changed),
		SIM_RUN(the_digest_is_the_one_that_was_signed),
		SIM_RUN(keys_tell_malformed_from_not_supported),
		SIM_RUN(a_point_beside_the_curve_signs_nothing),
	};
	return sim_main(tests, COUNT(tests));
}
