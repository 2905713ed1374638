/*
 * tls_key_test.c - our own certificates: where they are read from, what is
 * wrong with them, what is left in memory, and how they are shown to a server.
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

#define PEM(name, text)	static const char name[] = text;
#include "tls_keys.def"
#undef PEM

static struct own_keys keys;
static struct settings set;
static struct log info;

static void
begin(void)
{
	memset(&keys, 0, sizeof(keys));
	memset(&set, 0, sizeof(set));
	log_init(&info, SPAN("test"));
	info.err_level = LOG_INFO;
}

/* A file that only its owner reads, of these texts one after the other. */
static void
file(const char *path, const char *a, const char *b, const char *c,
	const char *d)
{
	static char text[32768];

	strcpy(text, a);
	strcat(text, b);
	strcat(text, c);
	strcat(text, d);
	sim_file(path, text);
	sim_file_mode(path, 0, 0600);
}

static void
good(void)
{
	if (keys_read(&keys, &set, false, &info) != RC_OK)
		fail_msg("%s", keys.why);
	assert_int_equal(sim_open_fds(), 0);
}

static void
refused(const char *text)
{
	assert_int_equal(keys_read(&keys, &set, false, &info), RC_DENY);
	if (strncmp(keys.why, text, strlen(text)) != 0)
		fail_msg("%s", keys.why);
	assert_false(keys.rsa.is_set || keys.ec.is_set);
	assert_int_equal(sim_open_fds(), 0);
}

static void
pair(const char *cert, const char *key)
{
	begin();
	file("/c", cert, "", "", "");
	file("/k", key, "", "", "");
	set.tls_cert_file = SPAN("/c");
	set.tls_key_file = SPAN("/k");
}

static void
chains(const char *a, const char *b, const char *c, const char *d)
{
	begin();
	file("/chain", a, b, c, d);
	set.tls_chain_files = SPAN("/chain");
}

/* The DER of a text's first object. */
static struct span
der_of(const char *text)
{
	static char rooms[4][4096];
	static unsigned turn;
	struct buf b;
	enum pem_kind kind;
	struct pem p;
	int fd;

	buf_init(&b, rooms[turn++ % 4], sizeof(rooms[0]));
	sim_file("/der", text);
	assert_int_equal(port_open("/der", &fd), RC_OK);
	pem_start(&p, fd);
	assert_int_equal(pem_next(&p, &kind, &b), RC_OK);
	port_close(fd);
	return buf_span(&b);
}

static void
chain_is(const struct own_key *k, const char *const *certs, size_t n)
{
	assert_true(k->is_set);
	assert_int_equal(k->chain_n, n);
	for (size_t i = 0; i < n; i++) {
		struct span der = der_of(certs[i]);

		assert_int_equal(k->chain[i].data_len, der.n);
		assert_memory_equal(k->chain[i].data, der.p, der.n);
	}
}

#define CHAIN_IS(k, ...) \
	chain_is(k, (const char *const[]){ __VA_ARGS__ }, \
	    COUNT(((const char *const[]){ __VA_ARGS__ })))

/* ---- a server asks ------------------------------------------------------ */

#define RSA(hash)	((uint32_t)1 << (hash))
#define ECDSA(hash)	((uint32_t)1 << (8 + (hash)))

static struct key_choice choice;
static br_ssl_client_certificate chosen;

static void
asked(uint32_t types)
{
	static const br_hash_class *const hashes[] = { &br_md5_vtable,
		&br_sha1_vtable, &br_sha224_vtable, &br_sha256_vtable,
		&br_sha384_vtable, &br_sha512_vtable };
	static br_ssl_client_context cc;
	static const unsigned char name[] = "\x30";

	memset(&cc, 0, sizeof(cc));
	for (int i = 0; i < 6; i++)
		br_ssl_engine_set_hash(&cc.eng, i + 1, hashes[i]);
	key_choice_init(&choice, &keys);
	assert_false(choice.was_asked);
	choice.vtable->start_name_list(&choice.vtable);
	choice.vtable->start_name(&choice.vtable, 1);
	choice.vtable->append_name(&choice.vtable, name, 1);
	choice.vtable->end_name(&choice.vtable);
	choice.vtable->end_name_list(&choice.vtable);
	choice.vtable->choose(&choice.vtable, &cc, types, &chosen);
	assert_true(choice.was_asked);
}

static void
nothing_is_sent(uint32_t types)
{
	asked(types);
	assert_null(chosen.chain);
	assert_int_equal(chosen.chain_len, 0);
	assert_null(choice.chosen);
}

static void
sent_is(const struct own_key *k, uint32_t types, int hash)
{
	asked(types);
	assert_ptr_equal(chosen.chain, k->chain);
	assert_int_equal(chosen.chain_len, k->chain_n);
	assert_int_equal(chosen.hash_id, hash);
	assert_int_equal(chosen.auth_type, k->is_ec ? BR_AUTH_ECDSA :
	    BR_AUTH_RSA);
}

static const struct {
	size_t bytes;
	const unsigned char *oid;
} digests[] = {
	{ 36, NULL }, { 0, NULL }, { 20, BR_HASH_OID_SHA1 },
	{ 28, BR_HASH_OID_SHA224 }, { 32, BR_HASH_OID_SHA256 },
	{ 48, BR_HASH_OID_SHA384 }, { 64, BR_HASH_OID_SHA512 },
};

/* What was chosen signs, and the certificate's key takes the signature. */
static void
signature_is_good(void)
{
	const struct own_key *k = choice.chosen;
	unsigned char data[512], digest[64], out[64];
	size_t n = digests[chosen.hash_id].bytes, length;

	for (size_t i = 0; i < sizeof(digest); i++)
		digest[i] = (unsigned char)sim_random(256);
	memcpy(data, digest, n);
	length = choice.vtable->do_sign(&choice.vtable, chosen.hash_id, n,
	    data, sizeof(data));
	assert_true(length > 0);
	if (k->is_ec) {
		assert_int_equal(br_ecdsa_i31_vrfy_asn1(&br_ec_all_m31, digest,
		    n, &k->pub.key.key.ec, data, length), 1);
		return;
	}
	assert_int_equal(br_rsa_i31_pkcs1_vrfy(data, length,
	    digests[chosen.hash_id].oid, n, &k->pub.key.key.rsa, out), 1);
	assert_memory_equal(out, digest, n);
}

/* ---- pairs -------------------------------------------------------------- */

SIM_TEST(no_setting_is_no_key_and_no_fault)
{
	begin();
	good();
	assert_false(keys.rsa.is_set || keys.ec.is_set);
	assert_int_equal(sim_memory_used(), 0);
	nothing_is_sent(UINT32_MAX);
}

SIM_TEST(rsa_keys_are_read_in_either_form)
{
	pair(rsa_cert, rsa_key);
	good();
	CHAIN_IS(&keys.rsa, rsa_cert);
	sent_is(&keys.rsa, RSA(br_sha256_ID), br_sha256_ID);
	signature_is_good();

	pair(rsa_cert, rsa_pkcs1_key);
	good();
	CHAIN_IS(&keys.rsa, rsa_cert);
	sent_is(&keys.rsa, RSA(br_sha256_ID), br_sha256_ID);
	signature_is_good();

	pair(rsa_1020_cert, rsa_1020_key);
	good();
	sent_is(&keys.rsa, RSA(br_sha256_ID), br_sha256_ID);
	signature_is_good();
}

SIM_TEST(ecdsa_keys_are_read_in_either_form_and_on_three_curves)
{
	static const char *const all[][2] = {
		{ p256_cert, p256_key }, { p256_cert, p256_sec1_key },
		{ p384_cert, p384_key }, { p521_cert, p521_key },
		{ p521_cert, p521_sec1_key },
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		begin();
		file("/ec", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
		    "-----END EC PARAMETERS-----\n", all[i][1], all[i][0], "");
		set.tls_eccert_file = set.tls_eckey_file = SPAN("/ec");
		good();
		CHAIN_IS(&keys.ec, all[i][0]);
		assert_false(keys.rsa.is_set);
		sent_is(&keys.ec, ECDSA(br_sha384_ID), br_sha384_ID);
		signature_is_good();
	}
}

SIM_TEST(both_algorithms_have_their_files)
{
	pair(rsa_cert, rsa_key);
	file("/ec", p256_key, p256_cert, "", "");
	set.tls_eccert_file = set.tls_eckey_file = SPAN("/ec");
	good();
	CHAIN_IS(&keys.rsa, rsa_cert);
	CHAIN_IS(&keys.ec, p256_cert);
	assert_string_equal(sim_err(), "");
}

SIM_TEST(the_kind_of_key_and_not_the_setting_decides)
{
	pair(p256_cert, p256_key);
	good();
	CHAIN_IS(&keys.ec, p256_cert);
	assert_false(keys.rsa.is_set);
}

SIM_TEST(issuers_are_sent_behind_the_own_certificate)
{
	begin();
	file("/all", rsa_cert, p384_cert, rsa_key, rsa_other_cert);
	set.tls_cert_file = set.tls_key_file = SPAN("/all");
	good();
	CHAIN_IS(&keys.rsa, rsa_cert, p384_cert, rsa_other_cert);
}

SIM_TEST(files_are_read_once)
{
	uint64_t calls;

	pair(rsa_cert, rsa_key);
	good();
	calls = sim_calls();
	good();
	pair(rsa_cert, rsa_other_key);
	refused("smtp_tls_key_file = /k: the private key is not that of the "
	    "certificate");
	calls = sim_calls();
	assert_int_equal(keys_read(&keys, &set, false, &info), RC_DENY);
	assert_int_equal(sim_calls(), calls);
}

SIM_TEST(what_is_wrong_with_a_pair_is_named)
{
	pair(rsa_cert, rsa_key);
	sim_file_remove("/c");
	refused("smtp_tls_cert_file = /c: No such file or directory");
	pair(rsa_cert, rsa_key);
	sim_file_remove("/k");
	refused("smtp_tls_key_file = /k: No such file or directory");
	pair(rsa_key, rsa_key);
	refused("smtp_tls_cert_file = /c: there is no certificate in it");
	pair(rsa_cert, rsa_cert);
	refused("smtp_tls_key_file = /k: there is no private key in it");
	pair(rsa_cert, p256_public_key);
	refused("smtp_tls_key_file = /k: there is no private key in it");
	pair(rsa_cert, rsa_encrypted_key);
	refused("smtp_tls_key_file = /k: line 1: the private key needs a pass "
	    "phrase: write it without, with `openssl pkey -in /k`");
	pair(rsa_cert, rsa_encrypted_old_key);
	refused("smtp_tls_key_file = /k: line 1: the private key needs a ");
	pair(rsa_cert, "\n-----BEGIN PRIVATE KEY-----\n!\n");
	refused("smtp_tls_key_file = /k: line 3: malformed");
	pair(rsa_cert, "-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n"
	    "-----END PRIVATE KEY-----\n");
	refused("smtp_tls_key_file = /k: line 1: the private key is malf");
	pair("-----BEGIN CERTIFICATE-----\nMAMCAQA=\n"
	    "-----END CERTIFICATE-----\n", rsa_key);
	refused("smtp_tls_key_file = /k: the certificate can't be used");
	pair(ed25519_cert, ed25519_key);
	refused("smtp_tls_key_file = /k: line 1: the private key is malf");
	pair(secp256k1_cert, secp256k1_key);
	refused("smtp_tls_key_file = /k: the certificate can't be used");
}

SIM_TEST(a_key_of_another_certificate_is_refused)
{
	static const char *const all[][2] = {
		{ rsa_cert, rsa_other_key }, { rsa_cert, p256_key },
		{ p256_cert, rsa_key }, { p256_cert, p384_key },
		{ p384_cert, p256_key }, { p256_cert, secp256k1_key },
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		pair(all[i][0], all[i][1]);
		refused("smtp_tls_key_file = /k: the private key is not that "
		    "of the certificate");
	}
}

SIM_TEST(lmtp_has_settings_of_its_own)
{
	begin();
	set.tls_eccert_file = SPAN("/none");
	assert_int_equal(keys_read(&keys, &set, true, &info), RC_DENY);
	assert_string_equal(keys.why,
	    "lmtp_tls_eccert_file = /none: No such file or directory");
}

SIM_TEST(dsa_is_warned_of_and_ignored)
{
	begin();
	set.tls_dcert_file = SPAN("/none");
	good();
	assert_non_null(strstr(sim_err(), "warning: smtp_tls_dcert_file: "));
}

/* ---- chain files -------------------------------------------------------- */

SIM_TEST(chain_files_hold_keys_each_with_its_certificates)
{
	chains(rsa_key, rsa_cert, rsa_other_cert, p256_sec1_key);
	file("/second", p256_cert, p384_cert, "", "");
	set.tls_chain_files = SPAN("/chain, /second");
	good();
	CHAIN_IS(&keys.rsa, rsa_cert, rsa_other_cert);
	CHAIN_IS(&keys.ec, p256_cert, p384_cert);
	assert_string_equal(sim_err(), "");
}

SIM_TEST(chain_files_shut_out_the_separate_ones)
{
	chains(p256_key, p256_cert, "", "");
	set.tls_cert_file = set.tls_key_file = SPAN("/none");
	good();
	assert_false(keys.rsa.is_set);
	CHAIN_IS(&keys.ec, p256_cert);
	assert_non_null(strstr(sim_err(), "warning: smtp_tls_cert_file and "
	    "smtp_tls_eccert_file are ignored, as smtp_tls_chain_files is"));
}

SIM_TEST(the_order_in_chain_files_matters)
{
	chains(rsa_cert, rsa_key, "", "");
	refused("smtp_tls_chain_files = /chain: line 1: a certificate stands "
	    "ahead of its private key");
	chains(rsa_key, p256_key, p256_cert, "");
	refused("smtp_tls_chain_files = /chain: there is no certificate "
	    "behind a private key");
	chains(p256_key, p256_cert, rsa_key, "");
	refused("smtp_tls_chain_files = /chain: there is no certificate "
	    "behind a private key");
	chains(rsa_key, rsa_cert, rsa_other_key, rsa_other_cert);
	refused("smtp_tls_chain_files = /chain: this is the second RSA key");
	chains(p256_key, p256_cert, p384_key, p384_cert);
	refused("smtp_tls_chain_files = /chain: this is the second ECDSA key");
	chains(rsa_key, rsa_other_cert, rsa_cert, "");
	refused("smtp_tls_chain_files = /chain: the private key is not that");
	chains("", "", "", "");
	refused("smtp_tls_chain_files = /chain: there is no private key");
	set.tls_chain_files = SPAN("/none");
	keys.is_read = false;
	refused("smtp_tls_chain_files = /none: No such file or directory");
}

SIM_TEST(a_chain_has_a_bound)
{
	begin();
	file("/all", rsa_key, rsa_cert, p256_cert, p256_cert);
	file("/more", p256_cert, p256_cert, p256_cert, p256_cert);
	file("/last", p256_cert, "", "", "");
	set.tls_chain_files = SPAN("/all /more /last");
	good();
	assert_int_equal(keys.rsa.chain_n, KEY_CHAIN_MAX);
	set.tls_chain_files = SPAN("/all /more /last /last");
	keys.is_read = false;
	refused("smtp_tls_chain_files = /last: line 1: more than 8 ");
}

/* ---- what a server wants ------------------------------------------------ */

SIM_TEST(the_best_hash_that_the_server_takes_is_used)
{
	pair(rsa_cert, rsa_key);
	good();
	sent_is(&keys.rsa, RSA(br_sha512_ID) | RSA(br_sha256_ID) |
	    RSA(br_sha1_ID), br_sha256_ID);
	sent_is(&keys.rsa, RSA(br_sha512_ID) | RSA(br_sha384_ID),
	    br_sha384_ID);
	signature_is_good();
	sent_is(&keys.rsa, RSA(br_sha512_ID) | RSA(br_sha224_ID),
	    br_sha512_ID);
	signature_is_good();
	/* The engine has no SHA-224. */
	sent_is(&keys.rsa, RSA(br_sha224_ID) | RSA(br_sha1_ID), br_sha1_ID);
	signature_is_good();
}

SIM_TEST(before_tls_1_2_rsa_signs_two_digests)
{
	pair(rsa_cert, rsa_key);
	good();
	sent_is(&keys.rsa, RSA(0) | ECDSA(br_sha1_ID), 0);
	signature_is_good();
}

/* BearSSL's own class sends one, and the handshake fails of it. */
SIM_TEST(no_certificate_goes_where_no_signature_would_do)
{
	pair(rsa_cert, rsa_key);
	good();
	nothing_is_sent(ECDSA(br_sha256_ID));
	nothing_is_sent(RSA(br_md5_ID));
	nothing_is_sent(0);
	pair(p256_cert, p256_key);
	good();
	nothing_is_sent(RSA(br_sha256_ID) | RSA(0));
	nothing_is_sent(ECDSA(br_md5_ID));
}

SIM_TEST(of_two_keys_the_one_that_the_server_takes_is_used)
{
	chains(rsa_key, rsa_cert, p256_key, p256_cert);
	good();
	sent_is(&keys.ec, RSA(br_sha256_ID) | ECDSA(br_sha256_ID),
	    br_sha256_ID);
	signature_is_good();
	sent_is(&keys.rsa, RSA(br_sha256_ID), br_sha256_ID);
	signature_is_good();
}

/* A wrong one would tell the factors of the modulus. */
SIM_TEST(a_signature_made_with_a_damaged_key_does_not_leave)
{
	unsigned char data[512] = { 0 };

	pair(rsa_cert, rsa_key);
	good();
	asked(RSA(br_sha256_ID));
	keys.rsa.rsa.dp[3] ^= 1;
	assert_int_equal(choice.vtable->do_sign(&choice.vtable, br_sha256_ID,
	    32, data, sizeof(data)), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		assert_int_equal(data[i], 0);
}

SIM_TEST(a_signature_without_room_is_not_made)
{
	unsigned char data[127] = { 0 };

	chains(rsa_key, rsa_cert, p256_key, p256_cert);
	good();
	asked(RSA(br_sha256_ID));
	assert_int_equal(choice.vtable->do_sign(&choice.vtable, br_sha256_ID,
	    32, data, sizeof(data)), 0);
	asked(ECDSA(br_sha256_ID));
	assert_int_equal(choice.vtable->do_sign(&choice.vtable, br_sha256_ID,
	    32, data, sizeof(data)), 0);
	assert_int_equal(choice.vtable->do_sign(&choice.vtable, br_sha256_ID,
	    65, data, sizeof(data)), 0);
}

/* ---- secrets ------------------------------------------------------------ */

static unsigned
times_in(struct span where, struct span what)
{
	unsigned n = 0;

	for (size_t i = 0; i + what.n <= where.n; i++)
		n += memcmp(where.p + i, what.p, what.n) == 0;
	return n;
}

static struct span
all_of_it(void)
{
	return (struct span){ keys.arena.p, keys.arena.cap };
}

/* Any line of it but marks. */
static void
no_text_of(const char *pem)
{
	struct span rest = span_of(pem), line;

	while (span_line(&rest, &line))
		if (line.n >= 16 && line.p[0] != '-')
			assert_int_equal(times_in(all_of_it(),
			    span_head(line, 16)), 0);
}

static void
nothing_behind(size_t from)
{
	for (size_t i = from; i < keys.arena.cap; i++)
		assert_int_equal(keys.arena.p[i], 0);
}

/* Version, n, e, d, p, q... of PKCS#1. */
static struct span
rsa_number(unsigned which)
{
	struct span s = der_of(rsa_pkcs1_key), body, number = { NULL, 0 };

	assert_true(der_only(s, DER_SEQUENCE, &body));
	for (unsigned i = 0; i <= which; i++)
		assert_true(der_take_unsigned(&body, &number));
	return number;
}

SIM_TEST(only_what_it_takes_to_sign_stays)
{
	pair(rsa_cert, rsa_key);
	good();
	no_text_of(rsa_key);
	assert_int_equal(times_in(all_of_it(), rsa_number(3)), 0);	/* d */
	assert_int_equal(times_in(all_of_it(), rsa_number(4)), 1);	/* p */
	assert_int_equal(times_in(all_of_it(), rsa_number(5)), 1);	/* q */
	nothing_behind(keys.arena.used);
	sent_is(&keys.rsa, RSA(br_sha256_ID), br_sha256_ID);
	signature_is_good();
}

/* The file is read for certificates first, and then for the key. */
SIM_TEST(a_key_that_was_passed_over_is_wiped)
{
	struct span d = rsa_number(3), p = rsa_number(4);

	begin();
	file("/all", p256_sec1_key, p256_cert, rsa_key, "");
	set.tls_eccert_file = set.tls_eckey_file = SPAN("/all");
	good();
	no_text_of(rsa_key);
	no_text_of(p256_sec1_key);
	assert_int_equal(times_in(all_of_it(), d), 0);
	assert_int_equal(times_in(all_of_it(), p), 0);
	assert_int_equal(times_in(all_of_it(), (struct span){
	    (const char *)keys.ec.ec.x, keys.ec.ec.xlen }), 1);
	nothing_behind(keys.arena.used);
}

SIM_TEST(nothing_stays_of_keys_that_are_refused)
{
	static const char *const odd[] = { "", "!\n", "MAMCAQA=\n",
	    "AQIDBAUGBwgJCgsM!AAA\n" };

	for (size_t i = 0; i < COUNT(odd); i++) {
		begin();
		file("/all", rsa_cert, rsa_key, p256_cert, "");
		file("/odd", p256_cert, "-----BEGIN PRIVATE KEY-----\n"
		    "MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAMMM\n",
		    odd[i], "");
		set.tls_cert_file = set.tls_key_file = SPAN("/all");
		set.tls_eccert_file = set.tls_eckey_file = SPAN("/odd");
		assert_int_equal(keys_read(&keys, &set, false, &info),
		    RC_DENY);
		assert_false(keys.rsa.is_set || keys.ec.is_set);
		nothing_behind(0);
	}
	pair(rsa_cert, rsa_other_key);
	refused("");
	nothing_behind(0);
}

SIM_TEST(a_key_that_others_can_read_is_warned_of)
{
	pair(rsa_cert, rsa_key);
	sim_file_mode("/c", 0, 0644);		/* no key is in it */
	sim_file_mode("/k", 0, 0640);
	good();
	assert_string_equal(sim_err(), "");

	pair(rsa_cert, rsa_key);
	sim_file_mode("/k", 0, 0644);
	good();
	assert_non_null(strstr(sim_err(), "warning: smtp_tls_key_file = /k "
	    "holds a private key that every user of this machine can read: "
	    "chmod o= /k"));
	chains(rsa_key, rsa_cert, "", "");
	sim_file_mode("/chain", 0, 0602);
	good();
	assert_non_null(strstr(sim_err(), "warning: smtp_tls_chain_files = "
	    "/chain holds a private key that every user of this machine can "
	    "change: chmod o= /chain"));
}

/* Each call of the port fails in turn: keys, or a reason and nothing left. */
SIM_TEST(a_system_that_fails_is_no_missing_key)
{
	for (uint64_t i = 1; i < 60; i++) {
		uint64_t first;
		enum rc rc;

		chains(rsa_key, rsa_cert, p256_key, p256_cert);
		first = sim_fallible();
		sim_fail_at(first + i);
		rc = keys_read(&keys, &set, false, &info);
		assert_int_equal(sim_open_fds(), 0);
		if (rc == RC_OK) {
			assert_true(keys.rsa.is_set && keys.ec.is_set);
			if (sim_fallible() < first + i)
				return;
			continue;	/* of no account: looking at modes */
		}
		assert_int_equal(rc, RC_DENY);
		assert_true(strlen(keys.why) > 0);
		nothing_behind(0);
	}
	sim_fail("more calls than expected");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(no_setting_is_no_key_and_no_fault),
		SIM_RUN(rsa_keys_are_read_in_either_form),
		SIM_RUN(ecdsa_keys_are_read_in_either_form_and_on_three_curves),
		SIM_RUN(both_algorithms_have_their_files),
		SIM_RUN(the_kind_of_key_and_not_the_setting_decides),
		SIM_RUN(issuers_are_sent_behind_the_own_certificate),
		SIM_RUN(files_are_read_once),
		SIM_RUN(what_is_wrong_with_a_pair_is_named),
		SIM_RUN(a_key_of_another_certificate_is_refused),
		SIM_RUN(lmtp_has_settings_of_its_own),
		SIM_RUN(dsa_is_warned_of_and_ignored),
		SIM_RUN(chain_files_hold_keys_each_with_its_certificates),
		SIM_RUN(chain_files_shut_out_the_separate_ones),
		SIM_RUN(the_order_in_chain_files_matters),
		SIM_RUN(a_chain_has_a_bound),
		SIM_RUN(the_best_hash_that_the_server_takes_is_used),
		SIM_RUN(before_tls_1_2_rsa_signs_two_digests),
		SIM_RUN(no_certificate_goes_where_no_signature_would_do),
		SIM_RUN(of_two_keys_the_one_that_the_server_takes_is_used),
		SIM_RUN(a_signature_made_with_a_damaged_key_does_not_leave),
		SIM_RUN(a_signature_without_room_is_not_made),
		SIM_RUN(only_what_it_takes_to_sign_stays),
		SIM_RUN(a_key_that_was_passed_over_is_wiped),
		SIM_RUN(nothing_stays_of_keys_that_are_refused),
		SIM_RUN(a_key_that_others_can_read_is_warned_of),
		SIM_RUN(a_system_that_fails_is_no_missing_key),
	};

	return sim_main(tests, COUNT(tests));
}
