/*
 * tls_digest_test.c - digests by name.
 */
#include "../../src/tls_int.h"
#include "../sim/sim.h"

SIM_TEST(digests_are_known_by_their_names)
{
	assert_int_equal(digest_find(SPAN("md5")), DIGEST_MD5);
	assert_int_equal(digest_find(SPAN("sha1")), DIGEST_SHA1);
	assert_int_equal(digest_find(SPAN("SHA-1")), DIGEST_SHA1);
	assert_int_equal(digest_find(SPAN("sha224")), DIGEST_SHA224);
	assert_int_equal(digest_find(SPAN("Sha256")), DIGEST_SHA256);
	assert_int_equal(digest_find(SPAN("sha-384")), DIGEST_SHA384);
	assert_int_equal(digest_find(SPAN("SHA2-512")), DIGEST_SHA512);
	assert_int_equal(digest_find(SPAN("sha512")), DIGEST_SHA512);
}

SIM_TEST(other_names_are_no_digests)
{
	assert_int_equal(digest_find(SPAN("")), DIGESTS);
	assert_int_equal(digest_find(SPAN("sha")), DIGESTS);
	assert_int_equal(digest_find(SPAN("sha2560")), DIGESTS);
	assert_int_equal(digest_find(SPAN("sha3-256")), DIGESTS);
	assert_int_equal(digest_find(SPAN("sha2-1")), DIGESTS);
	assert_int_equal(digest_find(SPAN("md5\0")), DIGESTS);
	assert_int_equal(digest_find(SPAN("sha256-sha256-sha256")), DIGESTS);
}

static void
check(enum digest d, struct span text, const char *hex)
{
	unsigned char out[DIGEST_MAX];
	char room[2 * DIGEST_MAX + 1];
	struct buf b = BUF(room);
	size_t n = digest_of(d, text, out);

	code_hex(&b, (struct span){ (const char *)out, n });
	assert_string_equal(buf_text(&b), hex);
}

/* RFC 1321, FIPS 180. */
SIM_TEST(digests_are_right)
{
	check(DIGEST_MD5, SPAN(""), "d41d8cd98f00b204e9800998ecf8427e");
	check(DIGEST_SHA1, SPAN("abc"),
	    "a9993e364706816aba3e25717850c26c9cd0d89d");
	check(DIGEST_SHA224, SPAN("abc"),
	    "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
	check(DIGEST_SHA256, SPAN("abc"),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check(DIGEST_SHA384, SPAN("abc"),
	    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	    "8086072ba1e7cc2358baeca134c825a7");
	check(DIGEST_SHA512, SPAN("abc"),
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(digests_are_known_by_their_names),
		SIM_RUN(other_names_are_no_digests),
		SIM_RUN(digests_are_right),
	};
	return sim_main(tests, COUNT(tests));
}
