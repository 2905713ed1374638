/*
 * tls_suite_test.c - protocols, grades, cipher lists and exclusions.
 *
 * Orders of suites are what `openssl ciphers` of OpenSSL 3.0 makes of the same
 * string, restricted to the suites that both have.  A letter stands for a
 * suite: A for the first one of ALL, and so on.
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "param_world.h"

static const char *const all[] = {
	"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
	"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
	"ECDHE-ECDSA-AES256-CCM8", "ECDHE-ECDSA-AES256-CCM",
	"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
	"ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-AES128-CCM",
	"ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES256-SHA384",
	"ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA256",
	"ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA",
	"ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA",
	"AES256-GCM-SHA384", "AES256-CCM8", "AES256-CCM",
	"AES128-GCM-SHA256", "AES128-CCM8", "AES128-CCM",
	"AES256-SHA256", "AES128-SHA256", "AES256-SHA", "AES128-SHA"
};
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZab";

static struct tls_site site;
static struct tls_policy policy;
static struct suites got;
static struct buf why;
static char why_room[512], cf[4096];

/* A policy of the table that says nothing but its level. */
static void
at_level(int level)
{
	site = (struct tls_site){ .nexthop = SPAN("dest.example") };
	policy = (struct tls_policy){ .site = &site, .level = level };
}

static enum rc
choose(bool aes_is_fast)
{
	why = BUF(why_room);
	return suite_choose(&policy, &w.p.set, aes_is_fast, &got, &why);
}

static enum rc
with(const char *main_cf)
{
	assert_int_equal(load(main_cf), RC_OK);
	return choose(true);
}

static const char *
got_letters(void)
{
	static char text[64];
	size_t i, k;

	memset(text, 0, sizeof(text));
	assert_true(got.n < sizeof(text));
	for (i = 0; i < got.n; i++) {
		for (k = 0; k < COUNT(all); k++)
			if (strcmp(suite_name(got.suite[i]), all[k]) == 0)
				break;
		assert_true(k < COUNT(all));
		text[i] = letters[k];
	}
	return text;
}

static enum rc
list(const char *text)
{
	struct buf b = BUF(cf);

	at_level(LEVEL_ENCRYPT);
	buf_fmt(&b, "tls_medium_cipherlist = %s\n", text);
	return with(buf_text(&b));
}

static void
assert_list(const char *text, const char *expected)
{
	sim_note("%s", text);
	assert_int_equal(list(text), RC_OK);
	assert_string_equal(got_letters(), expected);
}

static void
assert_list_refused(const char *text, const char *word)
{
	sim_note("%s", text);
	assert_int_equal(list(text), RC_DENY);
	assert_non_null(strstr(buf_text(&why), word));
	assert_non_null(strstr(buf_text(&why), "tls_medium_cipherlist"));
}

static enum rc
protocols(const char *text)
{
	at_level(LEVEL_ENCRYPT);
	policy.protocols = span_of(text);
	return with("");
}

static void
assert_range(const char *text, unsigned min, unsigned max)
{
	sim_note("%s", text);
	assert_int_equal(protocols(text), RC_OK);
	assert_int_equal(got.min, min);
	assert_int_equal(got.max, max);
}

static void
assert_no_range(const char *text, const char *word)
{
	sim_note("%s", text);
	assert_int_equal(protocols(text), RC_DENY);
	assert_non_null(strstr(buf_text(&why), word));
}

/* ---- suites ------------------------------------------------------------- */

SIM_TEST(suites_have_the_names_and_bits_of_the_registry)
{
	static const struct {
		uint16_t id;
		const char *name;
		unsigned bits;
	} some[] = {
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		    "ECDHE-ECDSA-AES256-GCM-SHA384", 256 },
		{ BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		    "ECDHE-RSA-CHACHA20-POLY1305", 256 },
		{ BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		    "ECDHE-ECDSA-CHACHA20-POLY1305", 256 },
		{ BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		    "ECDHE-RSA-AES128-GCM-SHA256", 128 },
		{ BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		    "ECDHE-RSA-AES256-GCM-SHA384", 256 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		    "ECDHE-ECDSA-AES128-GCM-SHA256", 128 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
		    "ECDHE-ECDSA-AES128-CCM", 128 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_CCM,
		    "ECDHE-ECDSA-AES256-CCM", 256 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
		    "ECDHE-ECDSA-AES128-CCM8", 128 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8,
		    "ECDHE-ECDSA-AES256-CCM8", 256 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
		    "ECDHE-ECDSA-AES128-SHA256", 128 },
		{ BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
		    "ECDHE-RSA-AES128-SHA256", 128 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
		    "ECDHE-ECDSA-AES256-SHA384", 256 },
		{ BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
		    "ECDHE-RSA-AES256-SHA384", 256 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
		    "ECDHE-ECDSA-AES128-SHA", 128 },
		{ BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
		    "ECDHE-RSA-AES128-SHA", 128 },
		{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		    "ECDHE-ECDSA-AES256-SHA", 256 },
		{ BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
		    "ECDHE-RSA-AES256-SHA", 256 },
		{ BR_TLS_RSA_WITH_AES_128_GCM_SHA256, "AES128-GCM-SHA256",
		    128 },
		{ BR_TLS_RSA_WITH_AES_256_GCM_SHA384, "AES256-GCM-SHA384",
		    256 },
		{ BR_TLS_RSA_WITH_AES_128_CCM, "AES128-CCM", 128 },
		{ BR_TLS_RSA_WITH_AES_256_CCM, "AES256-CCM", 256 },
		{ BR_TLS_RSA_WITH_AES_128_CCM_8, "AES128-CCM8", 128 },
		{ BR_TLS_RSA_WITH_AES_256_CCM_8, "AES256-CCM8", 256 },
		{ BR_TLS_RSA_WITH_AES_128_CBC_SHA256, "AES128-SHA256", 128 },
		{ BR_TLS_RSA_WITH_AES_256_CBC_SHA256, "AES256-SHA256", 256 },
		{ BR_TLS_RSA_WITH_AES_128_CBC_SHA, "AES128-SHA", 128 },
		{ BR_TLS_RSA_WITH_AES_256_CBC_SHA, "AES256-SHA", 256 }
	};

	assert_int_equal(COUNT(some), TLS_SUITES_MAX);
	for (size_t i = 0; i < COUNT(some); i++) {
		assert_string_equal(suite_name(some[i].id), some[i].name);
		assert_int_equal(suite_bits(some[i].id), some[i].bits);
	}
}

SIM_TEST(unknown_suite_and_version_have_a_question_mark)
{
	assert_string_equal(suite_name(0x1301), "?");
	assert_int_equal(suite_bits(0x1301), 0);
	assert_string_equal(suite_version(BR_TLS10), "TLSv1");
	assert_string_equal(suite_version(BR_TLS11), "TLSv1.1");
	assert_string_equal(suite_version(BR_TLS12), "TLSv1.2");
	assert_string_equal(suite_version(0x0300), "?");
}

SIM_TEST(defaults_leave_all_strongest_first)
{
	at_level(LEVEL_MAY);
	assert_int_equal(with(""), RC_OK);
	assert_string_equal(got_letters(), "ABCDEFKLOPSTUYaGHIJMNQRVWXZb");
	assert_int_equal(got.min, BR_TLS10);
	assert_int_equal(got.max, BR_TLS12);
	at_level(LEVEL_SECURE);
	assert_int_equal(with(""), RC_OK);
	assert_string_equal(got_letters(), "ABCDEFKLOPSTUYaGHIJMNQRVWXZb");
	assert_int_equal(got.min, BR_TLS10);
}

SIM_TEST(without_aes_instructions_chacha20_goes_first)
{
	at_level(LEVEL_MAY);
	load("");
	assert_int_equal(choose(false), RC_OK);
	assert_string_equal(got_letters(), "CDABEFKLOPSTUYaGHIJMNQRVWXZb");
}

SIM_TEST(without_aes_instructions_a_list_still_has_its_order)
{
	at_level(LEVEL_MAY);
	load("tls_medium_cipherlist = ECDHE+AESGCM:ECDHE+CHACHA20\n");
	assert_int_equal(choose(false), RC_OK);
	assert_string_equal(got_letters(), "ABGHCD");
}

/* ---- cipher lists ------------------------------------------------------- */

SIM_TEST(words_select_what_openssl_says)
{
	static const char *const pairs[][2] = {
		{ "ECDHE", "ABCDEFGHIJKLMNOPQR" },
		{ "EECDH", "ABCDEFGHIJKLMNOPQR" },
		{ "ECDH", "ABCDEFGHIJKLMNOPQR" },
		{ "kECDHE", "ABCDEFGHIJKLMNOPQR" },
		{ "kEECDH", "ABCDEFGHIJKLMNOPQR" },
		{ "kRSA", "STUVWXYZab" }, { "RSA", "STUVWXYZab" },
		{ "aECDSA", "ACEFGIJKMOQ" }, { "ECDSA", "ACEFGIJKMOQ" },
		{ "aRSA", "BDHLNPRSTUVWXYZab" },
		{ "AES256", "ABEFKLOPSTUYa" }, { "AES128", "GHIJMNQRVWXZb" },
		{ "AES", "ABEFGHIJKLMNOPQRSTUVWXYZab" },
		{ "AESGCM", "ABGHSV" }, { "AESCCM", "EFIJTUWX" },
		{ "AESCCM8", "EITW" }, { "CHACHA20", "CD" },
		{ "CBC", "KLMNOPQRYZab" },
		{ "SHA384", "KL" }, { "SHA256", "MNYZ" },
		{ "SHA1", "OPQRab" }, { "SHA", "OPQRab" },
		{ "FIPS", "ABGHKLMNOPQRSVYZab" },
		{ "SSLv3", "ab" }, { "TLSv1", "OPQR" },
		{ "TLSv1.0", "OPQR" },
		{ "TLSv1.2", "ABCDEFGHIJKLMNSTUVWXYZ" },
		{ "HIGH", "ABCDEFGHIJKLMNOPQRSTUVWXYZab" },
		{ "ALL", "ABCDEFGHIJKLMNOPQRSTUVWXYZab" },
		{ "COMPLEMENTOFDEFAULT", "EFIJTUWX" },
		{ "DEFAULT", "ABCDGHKLMNOPQRSVYZab" },
	};

	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_list(pairs[i][0], pairs[i][1]);
	for (size_t k = 0; k < COUNT(all); k++) {
		char one[2] = { letters[k], '\0' };

		assert_list(all[k], one);
	}
}

SIM_TEST(operators_do_what_openssl_does)
{
	static const char *const pairs[][2] = {
		{ "aNULL:-aNULL:HIGH:@STRENGTH",
		    "ABCDEFKLOPSTUYaGHIJMNQRVWXZb" },
		{ "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH",
		    "ABCDEFKLOPSTUYaGHIJMNQRVWXZb" },
		{ "ECDHE+AESGCM", "ABGH" },
		{ "ECDHE+AESGCM:ECDHE+CHACHA20:kRSA+AES256", "ABGHCDSTUYa" },
		{ "HIGH:!aNULL:!MD5", "ABCDEFGHIJKLMNOPQRSTUVWXYZab" },
		{ "HIGH:!kRSA", "ABCDEFGHIJKLMNOPQR" },
		{ "HIGH:-kRSA:AES128-SHA", "ABCDEFGHIJKLMNOPQRb" },
		{ "HIGH:+ECDHE", "STUVWXYZabABCDEFGHIJKLMNOPQR" },
		{ "HIGH:+AES256:+aECDSA", "DHNRVWXZbBLPSTUYaCGIJMQAEFKO" },
		{ "HIGH:!AES256:AES256", "CDGHIJMNQRVWXZb" },
		{ "HIGH:-AES256:AES256-SHA:AES256",
		    "CDGHIJMNQRVWXZbaABEFKLOPSTUY" },
		{ "AES128:AES256:@STRENGTH", "ABEFKLOPSTUYaGHIJMNQRVWXZb" },
		{ "AES128:CHACHA20:AES256:@STRENGTH:+CHACHA20",
		    "ABEFKLOPSTUYaGHIJMNQRVWXZbCD" },
		{ "DEFAULT:AES256-CCM:!SHA", "ABCDGHKLMNSVYZ" },
		{ "DEFAULT:-ECDHE", "SVYZab" },
		{ "AES128-SHA:DEFAULT", "b" },
		{ "AES+ECDHE-RSA-AES128-GCM-SHA256", "H" },
		{ "FOO:AES256+SHA:!BAR", "OPa" },
		{ "AES256+AES128:AES128-SHA", "b" },
		{ "AES256!SHA", "ABEFKLSTUY" },
		{ "AES256!kRSA-SHA", "ABEFKLOPSTUYa" },
		{ "ECDHE+FOO:AES128-SHA", "b" },
		{ "!AES256:HIGH", "CDGHIJMNQRVWXZb" },
		{ "AESGCM:AESCCM:@STRENGTH:-aECDSA:ECDSA",
		    "BSTUHVWXAEFGIJCKMOQ" },
		{ "AES256:@SECLEVEL=1", "ABEFKLOPSTUYa" },
		{ "AES256:@SECLEVEL=0", "ABEFKLOPSTUYa" },
		{ "HIGH:+SHA:+kRSA:!CCM:!AESCCM8",
		    "ABCDFGHJKLMNOPQRSUVXYZab" },
		{ "3DES:AES128-SHA:@STRENGTH", "b" },
	};

	for (size_t i = 0; i < COUNT(pairs); i++)
		assert_list(pairs[i][0], pairs[i][1]);
}

SIM_TEST(elements_are_divided_as_openssl_has_it)
{
	assert_list("ECDHE-RSA-AES128-GCM-SHA256 AES128-SHA", "Hb");
	assert_list("AES128-SHA,AES256-SHA;ECDHE-ECDSA-AES128-SHA", "baQ");
	assert_list("AES256-SHA::AES128-SHA:", "ab");
}

SIM_TEST(case_of_cipher_words_counts)
{
	assert_list("aes256:AES128-SHA:Aes256-sha", "b");
}

SIM_TEST(list_that_makes_no_sense_is_refused)
{
	static const char *const bad[][2] = {
		{ "AES256:*", "`*'" }, { "AES256:$$x", "`$$x'" },
		{ "AES256+", "`AES256+'" }, { "AES256++SHA", "`AES256++SHA'" },
		{ "AES256:!", "`!'" }, { "AES256:!:AES128", "`!'" },
		{ "AES256:!@STRENGTH", "`!@STRENGTH'" }, { "@FOO", "`@FOO'" },
		{ "AES256:@STRENGTHX", "`@STRENGTHX'" },
		{ "AES256:@SECLEVEL", "`@SECLEVEL'" },
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_list_refused(bad[i][0], bad[i][1]);
}

SIM_TEST(security_level_of_a_list_does_nothing)
{
	assert_list("AES256-SHA:@SECLEVEL=2:AES128-SHA", "ab");
	assert_list("AES256-SHA:@SECLEVEL=5", "a");
	assert_list_refused("AES256-SHA:@SECLEVEL=6", "`@SECLEVEL=6'");
	assert_list_refused("AES256-SHA:@SECLEVEL=22", "`@SECLEVEL=22'");
}

SIM_TEST(list_without_anything_that_we_have_is_refused)
{
	assert_int_equal(list("RC4:CAMELLIA:DHE"), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "smtp_tls_mandatory_ciphers"));
	assert_int_equal(list("HIGH:!ALL"), RC_DENY);
}

/* ---- grades ------------------------------------------------------------- */

SIM_TEST(grade_names_the_list)
{
	static const char main_cf[] =
	    "tls_high_cipherlist = AES256-SHA\n"
	    "tls_medium_cipherlist = AES128-SHA\n"
	    "tls_low_cipherlist = AES256-SHA256\n"
	    "tls_export_cipherlist = AES128-SHA256\n"
	    "tls_null_cipherlist = AES256-CCM\n";
	static const char *const pairs[][2] = {
		{ "high", "a" }, { "HIGH", "a" }, { "medium", "b" },
		{ "low", "Y" }, { "export", "Z" }, { "null", "U" },
	};

	for (size_t i = 0; i < COUNT(pairs); i++) {
		at_level(LEVEL_MAY);
		policy.grade = span_of(pairs[i][0]);
		assert_int_equal(with(main_cf), RC_OK);
		assert_string_equal(got_letters(), pairs[i][1]);
	}
}

SIM_TEST(grade_null_is_refused)
{
	at_level(LEVEL_ENCRYPT);
	assert_int_equal(with("smtp_tls_mandatory_ciphers = null\n"), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "smtp_tls_mandatory_ciphers"));
	at_level(LEVEL_MAY);
	policy.grade = SPAN("null");
	assert_int_equal(with(""), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "entry for dest.example: "
	    "ciphers: "));
}

SIM_TEST(low_grades_bring_nothing_more)
{
	at_level(LEVEL_MAY);
	assert_int_equal(with("smtp_tls_ciphers = low\n"), RC_OK);
	assert_string_equal(got_letters(), "ABCDEFKLOPSTUYaGHIJMNQRVWXZb");
	assert_int_equal(with("smtp_tls_ciphers = export\n"), RC_OK);
	assert_string_equal(got_letters(), "ABCDEFKLOPSTUYaGHIJMNQRVWXZb");
}

SIM_TEST(grade_nobody_knows_is_refused)
{
	at_level(LEVEL_MAY);
	assert_int_equal(with("smtp_tls_ciphers = ultra\n"), RC_DENY);
	assert_string_equal(buf_text(&why), "smtp_tls_ciphers: grades are "
	    "high, medium, low, export and null");
	policy.grade = SPAN("highest");
	assert_int_equal(with(""), RC_DENY);
	assert_string_equal(buf_text(&why), "smtp_tls_policy_maps, entry for "
	    "dest.example: ciphers: grades are high, medium, low, export and "
	    "null");
}

SIM_TEST(mandatory_settings_count_above_level_may_only)
{
	static const char main_cf[] =
	    "tls_high_cipherlist = AES256-SHA\n"
	    "smtp_tls_mandatory_ciphers = high\n"
	    "smtp_tls_mandatory_protocols = >=TLSv1.1\n"
	    "smtp_tls_mandatory_exclude_ciphers = AES128\n"
	    "smtp_tls_ciphers = medium\n"
	    "tls_medium_cipherlist = AES128-SHA:AES256-SHA\n";

	at_level(LEVEL_MAY);
	assert_int_equal(with(main_cf), RC_OK);
	assert_string_equal(got_letters(), "ba");
	assert_int_equal(got.min, BR_TLS10);
	at_level(LEVEL_ENCRYPT);
	assert_int_equal(with(main_cf), RC_OK);
	assert_string_equal(got_letters(), "a");
	assert_int_equal(got.min, BR_TLS11);
}

SIM_TEST(lmtp_is_told_of_its_own_settings)
{
	at_level(LEVEL_MAY);
	policy.is_lmtp = true;
	assert_int_equal(with("smtp_tls_ciphers = x\n"), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "lmtp_tls_ciphers: "));
	policy.grade = SPAN("x");
	assert_int_equal(choose(true), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "lmtp_tls_policy_maps, "));
}

/* ---- exclusions --------------------------------------------------------- */

SIM_TEST(exclusions_are_suites_classes_and_pairs)
{
	at_level(LEVEL_MAY);
	assert_int_equal(with("smtp_tls_exclude_ciphers = "
	    "ECDHE-ECDSA-AES256-GCM-SHA384, kRSA AES128+SHA:CHACHA20+aRSA\n"),
	    RC_OK);
	assert_string_equal(got_letters(), "BCEFKLOPGHIJMN");
}

SIM_TEST(exclusion_of_what_we_lack_changes_nothing)
{
	at_level(LEVEL_MAY);
	assert_int_equal(with("smtp_tls_exclude_ciphers = aNULL, RC4, MD5, "
	    "DES+MD5, kEDH, NONSENSE, AES256+NONSENSE\n"), RC_OK);
	assert_string_equal(got_letters(), "ABCDEFKLOPSTUYaGHIJMNQRVWXZb");
}

SIM_TEST(mandatory_exclusions_add_up)
{
	at_level(LEVEL_VERIFY);
	assert_int_equal(with("smtp_tls_exclude_ciphers = kRSA\n"
	    "smtp_tls_mandatory_exclude_ciphers = CBC AESCCM\n"), RC_OK);
	assert_string_equal(got_letters(), "ABCDGH");
}

SIM_TEST(exclusions_of_a_table_replace_both_lists)
{
	at_level(LEVEL_VERIFY);
	policy.exclude = SPAN("AES128:AESCCM:CBC");
	assert_int_equal(with("smtp_tls_exclude_ciphers = !x\n"
	    "smtp_tls_mandatory_exclude_ciphers = CHACHA20\n"), RC_OK);
	assert_string_equal(got_letters(), "ABCDS");
	policy.exclude = SPAN("");
	assert_int_equal(choose(true), RC_OK);
	assert_string_equal(got_letters(), "ABCDEFKLOPSTUYaGHIJMNQRVWXZb");
}

SIM_TEST(operator_among_exclusions_is_refused)
{
	static const char *const bad[] = { "!AES", "-AES", "+AES",
	    "@STRENGTH", "AES256+", "AES256+!SHA", "AES256;SHA", "AES$$x" };
	struct buf b;

	for (size_t i = 0; i < COUNT(bad); i++) {
		b = BUF(cf);
		buf_fmt(&b, "smtp_tls_exclude_ciphers = kRSA %s\n", bad[i]);
		at_level(LEVEL_MAY);
		sim_note("%s", bad[i]);
		assert_int_equal(with(buf_text(&b)), RC_DENY);
		assert_non_null(strstr(buf_text(&why),
		    "smtp_tls_exclude_ciphers: `"));
	}
	at_level(LEVEL_MAY);
	policy.exclude = SPAN("!AES");
	assert_int_equal(with(""), RC_DENY);
	assert_string_equal(buf_text(&why), "smtp_tls_policy_maps, entry for "
	    "dest.example: exclude: `!AES' is neither a cipher nor a class");
	at_level(LEVEL_ENCRYPT);
	assert_int_equal(with("smtp_tls_mandatory_exclude_ciphers = +a\n"),
	    RC_DENY);
	assert_non_null(strstr(buf_text(&why),
	    "smtp_tls_mandatory_exclude_ciphers: `+a'"));
}

/* ---- protocols ---------------------------------------------------------- */

SIM_TEST(bounds_of_protocols_are_names_or_numbers)
{
	assert_range(">=TLSv1.2", BR_TLS12, BR_TLS12);
	assert_range(">=TLSv1.1, <=TLSv1.1", BR_TLS11, BR_TLS11);
	assert_range("<=TLSv1.1", BR_TLS10, BR_TLS11);
	assert_range(">=TLSv1:<=TLSv1.3", BR_TLS10, BR_TLS12);
	assert_range(">=0302 <=0302", BR_TLS11, BR_TLS11);
	assert_range(">=0x0303", BR_TLS12, BR_TLS12);
	assert_range(">=SSLv3", BR_TLS10, BR_TLS12);
	assert_range(">=tlsv1.2", BR_TLS12, BR_TLS12);
	assert_range(">=TLSv1.2 >=TLSv1.1", BR_TLS11, BR_TLS12);
}

SIM_TEST(no_words_allow_everything)
{
	assert_range("", BR_TLS10, BR_TLS12);
	assert_range(" ,: ", BR_TLS10, BR_TLS12);
}

SIM_TEST(named_protocols_exclude_the_others)
{
	assert_range("TLSv1.2", BR_TLS12, BR_TLS12);
	assert_range("TLSv1.1 TLSv1.2", BR_TLS11, BR_TLS12);
	assert_range("SSLv3, TLSv1", BR_TLS10, BR_TLS10);
	assert_range("tlsv1", BR_TLS10, BR_TLS10);
	assert_range("TLSv1, TLSv1.1, TLSv1.2, TLSv1.3, !TLSv1",
	    BR_TLS11, BR_TLS12);
}

SIM_TEST(excluded_protocols_leave_the_rest)
{
	assert_range("!SSLv2, !SSLv3", BR_TLS10, BR_TLS12);
	assert_range("!TLSv1:!TLSv1.1", BR_TLS12, BR_TLS12);
	assert_range("!TLSv1.2, !TLSv1.3", BR_TLS10, BR_TLS11);
	assert_range("!TLSv1.3", BR_TLS10, BR_TLS12);
	assert_range("!TLSv1, <=TLSv1.1", BR_TLS11, BR_TLS11);
}

SIM_TEST(of_two_ranges_the_lower_one_stays)
{
	assert_range("!TLSv1.1", BR_TLS10, BR_TLS10);
	assert_range("TLSv1, TLSv1.2", BR_TLS10, BR_TLS10);
	assert_range("!TLSv1.2", BR_TLS10, BR_TLS11);
	assert_range("TLSv1.1, TLSv1.3", BR_TLS11, BR_TLS11);
}

static void
assert_dropped(const char *text, unsigned min, unsigned max)
{
	assert_range(text, min, max);
	assert_string_equal(buf_text(&why), "smtp_tls_policy_maps, entry for "
	    "dest.example: protocols: a number is no version of TLS, so the "
	    "bound does nothing");
}

SIM_TEST(bound_that_is_no_version_is_none_and_that_is_told)
{
	assert_dropped("<=0200", BR_TLS10, BR_TLS12);
	assert_dropped("<=0399", BR_TLS10, BR_TLS12);
	assert_dropped(">=0200, <=0302", BR_TLS10, BR_TLS11);
	assert_dropped(">=0305", BR_TLS10, BR_TLS12);
	assert_dropped("TLSv1.1:>=7fffffff", BR_TLS11, BR_TLS11);
	assert_range("<=", BR_TLS10, BR_TLS12);
	assert_int_equal(why.n, 0);
	assert_int_equal(protocols(">=0399 TLSv1.3"), RC_DENY);
}

SIM_TEST(warning_gives_way_to_what_is_worse)
{
	at_level(LEVEL_ENCRYPT);
	policy.protocols = SPAN(">=0399");
	policy.exclude = SPAN("ALL");
	assert_int_equal(with(""), RC_DENY);
	assert_string_equal(buf_text(&why), "smtp_tls_mandatory_ciphers: with "
	    "what is excluded, no cipher of ours is left for TLSv1 to "
	    "TLSv1.2");
}

SIM_TEST(tls_1_3_alone_is_refused_with_a_word_about_it)
{
	assert_no_range(">=TLSv1.3", "TLS 1.3 only");
	assert_no_range(">=0304", "TLS 1.3 only");
	assert_no_range("TLSv1.3", "TLS 1.3 only");
	assert_no_range("!TLSv1, !TLSv1.1, !TLSv1.2", "TLS 1.3 only");
}

SIM_TEST(nothing_left_of_the_protocols_is_refused)
{
	assert_no_range("SSLv3", "no version of TLS");
	assert_no_range("<=SSLv3", "no version of TLS");
	assert_no_range(">=TLSv1.2 <=TLSv1.1", "no version of TLS");
	assert_no_range("!TLSv1 !TLSv1.1 !TLSv1.2 !TLSv1.3",
	    "no version of TLS");
}

SIM_TEST(protocol_nobody_knows_is_refused)
{
	static const char *const bad[] = { "TLSv9", "!TLSv9", ">=TLSv9",
	    "<=TLSv9", "0303", "!0303", "TLS", "!", ">=03g3", ">=80000000",
	    ">=03 03x", "=TLSv1.2", "<TLSv1.2", ">TLSv1.1", "TLSv1.2;TLSv1.1",
	    "TLSv1.2, TLSv1.4" };

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_no_range(bad[i], "is no version of TLS");
	assert_no_range("TLSv9", "smtp_tls_policy_maps, entry for "
	    "dest.example: protocols: `TLSv9' is no version of TLS");
}

SIM_TEST(protocols_of_a_setting_are_blamed_on_it)
{
	at_level(LEVEL_MAY);
	assert_int_equal(with("smtp_tls_protocols = TLSv9\n"), RC_DENY);
	assert_string_equal(buf_text(&why),
	    "smtp_tls_protocols: `TLSv9' is no version of TLS");
	at_level(LEVEL_DANE);
	assert_int_equal(with("smtp_tls_mandatory_protocols = >=TLSv1.3\n"),
	    RC_DENY);
	assert_string_equal(buf_text(&why), "smtp_tls_mandatory_protocols: "
	    "that leaves TLS 1.3 only, and this program ends at 1.2");
}

SIM_TEST(below_tls_1_2_its_suites_are_left_out)
{
	at_level(LEVEL_MAY);
	assert_int_equal(with("smtp_tls_protocols = <=TLSv1.1\n"), RC_OK);
	assert_string_equal(got_letters(), "OPaQRb");
	assert_int_equal(with("smtp_tls_protocols = <=TLSv1.1\n"
	    "smtp_tls_exclude_ciphers = SHA1\n"), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "TLSv1 to TLSv1.1"));
}

SIM_TEST(words_that_are_needed_are_missed_at_loading)
{
	static const char *const names[] = { "smtp_tls_ciphers",
	    "smtp_tls_mandatory_ciphers", "tls_high_cipherlist",
	    "tls_medium_cipherlist", "tls_low_cipherlist",
	    "tls_export_cipherlist", "tls_null_cipherlist",
	    "smtp_tls_verify_cert_match", "smtp_tls_secure_cert_match",
	    "smtp_tls_fingerprint_digest", "tls_dane_digests" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct buf b = BUF(cf);

		buf_fmt(&b, "%s =\n", names[i]);
		assert_int_equal(load(buf_text(&b)), RC_DENY);
	}
}

SIM_TEST(success_says_nothing)
{
	at_level(LEVEL_ENCRYPT);
	assert_int_equal(with(""), RC_OK);
	assert_int_equal(why.n, 0);
	assert_false(why.full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(suites_have_the_names_and_bits_of_the_registry),
		SIM_RUN(unknown_suite_and_version_have_a_question_mark),
		SIM_RUN(defaults_leave_all_strongest_first),
		SIM_RUN(without_aes_instructions_chacha20_goes_first),
		SIM_RUN(without_aes_instructions_a_list_still_has_its_order),
		SIM_RUN(words_select_what_openssl_says),
		SIM_RUN(operators_do_what_openssl_does),
		SIM_RUN(elements_are_divided_as_openssl_has_it),
		SIM_RUN(case_of_cipher_words_counts),
		SIM_RUN(list_that_makes_no_sense_is_refused),
		SIM_RUN(security_level_of_a_list_does_nothing),
		SIM_RUN(list_without_anything_that_we_have_is_refused),
		SIM_RUN(grade_names_the_list),
		SIM_RUN(grade_null_is_refused),
		SIM_RUN(low_grades_bring_nothing_more),
		SIM_RUN(grade_nobody_knows_is_refused),
		SIM_RUN(mandatory_settings_count_above_level_may_only),
		SIM_RUN(lmtp_is_told_of_its_own_settings),
		SIM_RUN(exclusions_are_suites_classes_and_pairs),
		SIM_RUN(exclusion_of_what_we_lack_changes_nothing),
		SIM_RUN(mandatory_exclusions_add_up),
		SIM_RUN(exclusions_of_a_table_replace_both_lists),
		SIM_RUN(operator_among_exclusions_is_refused),
		SIM_RUN(bounds_of_protocols_are_names_or_numbers),
		SIM_RUN(no_words_allow_everything),
		SIM_RUN(named_protocols_exclude_the_others),
		SIM_RUN(excluded_protocols_leave_the_rest),
		SIM_RUN(of_two_ranges_the_lower_one_stays),
		SIM_RUN(bound_that_is_no_version_is_none_and_that_is_told),
		SIM_RUN(warning_gives_way_to_what_is_worse),
		SIM_RUN(tls_1_3_alone_is_refused_with_a_word_about_it),
		SIM_RUN(nothing_left_of_the_protocols_is_refused),
		SIM_RUN(protocol_nobody_knows_is_refused),
		SIM_RUN(protocols_of_a_setting_are_blamed_on_it),
		SIM_RUN(below_tls_1_2_its_suites_are_left_out),
		SIM_RUN(words_that_are_needed_are_missed_at_loading),
		SIM_RUN(success_says_nothing),
	};

	return sim_main(tests, COUNT(tests));
}
