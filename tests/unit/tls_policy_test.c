/*
 * tls_policy_test.c - what tables and settings demand of TLS with one host.
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "param_world.h"

#define PUBLIC_KEY \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsMMwoN1Ly2C8GE7tw0OKbdW/DHp8\n" \
	"G1Kp9UYtGP8y9UGT8XRqdfhybgYPx56Y8d7YP80AOcGoEKU2ma6KmzVVOQ==\n" \
	"-----END PUBLIC KEY-----\n"

static struct tls tls;
static struct tls_site site;
static struct tls_policy got;
static struct table_env env;
static struct arena tables;
static struct buf why;
static char why_room[512], cf[8192], table_room[64 * 1024];

static void
open_tables(struct table_list *l, const char *smtp, const char *lmtp,
    struct span text)
{
	assert_int_equal(table_open(l, &env, tls.is_lmtp ? lmtp : smtp, text,
	    0), RC_OK);
}

static void
open_with(const char *main_cf, bool is_lmtp)
{
	assert_int_equal(load(main_cf), RC_OK);
	w.from.is_lmtp = is_lmtp;
	if (is_lmtp)
		assert_int_equal(load_again(), RC_OK);
	memset(&tls, 0, sizeof(tls));
	tls.set = &w.p.set;
	tls.log = &w.log;
	tls.is_lmtp = is_lmtp;
	arena_init(&tables, table_room, sizeof(table_room));
	env = (struct table_env){ .arena = &tables, .log = &w.log };
	open_tables(&tls.policy_maps, "smtp_tls_policy_maps",
	    "lmtp_tls_policy_maps", tls.set->tls_policy_maps);
	open_tables(&tls.per_site, "smtp_tls_per_site", "lmtp_tls_per_site",
	    tls.set->tls_per_site);
	site = (struct tls_site){ .nexthop = SPAN("dest.example"),
	    .domain = SPAN("dest.example"), .host = SPAN("mx1.dest.example"),
	    .ip = { .family = IP_V4, .b = { 192, 0, 2, 1 } }, .port = 25 };
}

static void
open_cf(const char *main_cf)
{
	open_with(main_cf, false);
}

static enum rc
find(void)
{
	memset(&got, 0x55, sizeof(got));
	why = BUF(why_room);
	return tls_policy_find(&tls, &site, &got, &why);
}

/* The policy for a next hop; its host is the part without brackets, port. */
static enum rc
find_for(const char *nexthop)
{
	site.nexthop = span_of(nexthop);
	return find();
}

/* One entry for dest.example, and other lines of main.cf. */
static enum rc
entry_with(const char *value, const char *more)
{
	struct buf b = BUF(cf);

	sim_note("%s", value);
	buf_fmt(&b, "smtp_tls_policy_maps = inline:{ { dest.example = %s } }\n"
	    "%s", value, more);
	open_cf(buf_text(&b));
	return find();
}

static enum rc
entry(const char *value)
{
	return entry_with(value, "");
}

static void
assert_span(struct span s, const char *text)
{
	assert_int_equal(s.n, strlen(text));
	assert_memory_equal(s.p, text, s.n);
}

static void
assert_said(const char *text)
{
	assert_string_equal(buf_text(&why), text);
}

static void
assert_bad_entry(const char *value, const char *what)
{
	assert_int_equal(entry(value), RC_DENY);
	assert_non_null(strstr(buf_text(&why),
	    "smtp_tls_policy_maps, entry for dest.example: "));
	assert_non_null(strstr(buf_text(&why), what));
}

/* ---- levels ------------------------------------------------------------- */

static void
assert_general(const char *main_cf, int level)
{
	open_cf(main_cf);
	assert_int_equal(find(), RC_OK);
	assert_int_equal(got.level, level);
	assert_false(got.from_table);
	assert_int_equal(why.n, 0);
}

SIM_TEST(general_level_is_the_setting_or_the_switches_of_old)
{
	assert_general("", LEVEL_NONE);
	assert_general("smtp_tls_security_level = may\n", LEVEL_MAY);
	assert_general("smtp_tls_security_level = secure\n", LEVEL_SECURE);
	assert_general("smtp_tls_security_level = Encrypt\n", LEVEL_ENCRYPT);
	assert_general("smtp_use_tls = yes\n", LEVEL_MAY);
	assert_general("smtp_enforce_tls = yes\n", LEVEL_VERIFY);
	assert_general("smtp_enforce_tls = yes\nsmtp_use_tls = yes\n",
	    LEVEL_VERIFY);
	assert_general("smtp_enforce_tls = yes\n"
	    "smtp_tls_enforce_peername = no\n", LEVEL_ENCRYPT);
	assert_general("smtp_tls_enforce_peername = yes\n", LEVEL_NONE);
	assert_general("smtp_tls_security_level = none\n"
	    "smtp_enforce_tls = yes\n", LEVEL_NONE);
}

SIM_TEST(every_level_can_stand_in_a_table)
{
	static const struct {
		const char *word;
		int level;
	} all[] = {
		{ "none", LEVEL_NONE }, { "may", LEVEL_MAY },
		{ "encrypt", LEVEL_ENCRYPT }, { "ENCRYPT", LEVEL_ENCRYPT },
		{ "dane", LEVEL_DANE }, { "dane-only", LEVEL_DANE_ONLY },
		{ "fingerprint match=00", LEVEL_FINGERPRINT },
		{ "verify", LEVEL_VERIFY }, { "Secure", LEVEL_SECURE },
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		assert_int_equal(entry(all[i].word), RC_OK);
		assert_int_equal(got.level, all[i].level);
		assert_true(got.from_table);
		assert_int_equal(why.n, 0);
	}
}

SIM_TEST(level_nobody_knows_is_no_policy)
{
	static const char *const bad[] = { "paranoid", "half-dane", "halfdane",
	    "protocols=TLSv1.2 encrypt", "invalid", "default", "must" };

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_bad_entry(bad[i], "is no security level");
	assert_bad_entry("paranoid", "smtp_tls_policy_maps, entry for "
	    "dest.example: `paranoid' is no security level");
	assert_bad_entry(",", "it is empty");
}

SIM_TEST(entry_none_may_have_anything_behind_it)
{
	assert_int_equal(entry("none protocols=TLSv1.2 rubbish match="), RC_OK);
	assert_int_equal(got.level, LEVEL_NONE);
}

SIM_TEST(entry_wins_over_the_general_level)
{
	assert_int_equal(entry_with("may", "smtp_tls_security_level = secure\n"
	    "smtp_enforce_tls = yes\n"), RC_OK);
	assert_int_equal(got.level, LEVEL_MAY);
	assert_int_equal(find_for("other.example"), RC_OK);
	assert_int_equal(got.level, LEVEL_SECURE);
	assert_false(got.from_table);
}

/* ---- keys --------------------------------------------------------------- */

static void
assert_level(const char *nexthop, int level)
{
	sim_note("%s", nexthop);
	assert_int_equal(find_for(nexthop), RC_OK);
	assert_int_equal(got.level, level);
}

SIM_TEST(next_hop_is_looked_up_as_it_is_written)
{
	open_cf("smtp_tls_policy_maps = inline:{ { [mx.example]:587 = encrypt }"
	    " { [mx.example] = may } { mx.example = verify }"
	    " { mx.example:587 = secure } { /run/lmtp = dane } }\n");
	assert_level("[mx.example]:587", LEVEL_ENCRYPT);
	assert_level("[MX.Example]:587", LEVEL_ENCRYPT);
	assert_level("[mx.example]", LEVEL_MAY);
	assert_level("mx.example", LEVEL_VERIFY);
	assert_level("mx.example:587", LEVEL_SECURE);
	assert_level("[mx.example]:25", LEVEL_NONE);
	assert_level("mx.example:25", LEVEL_NONE);
	assert_level("/run/lmtp", LEVEL_DANE);
}

SIM_TEST(parents_are_for_plain_names_nearest_first)
{
	open_cf("smtp_tls_policy_maps = inline:{ { .example = may }"
	    " { .b.example = encrypt } { example = secure }"
	    " { .0.2.1 = secure } }\n");
	assert_level("a.b.example", LEVEL_ENCRYPT);
	assert_level("x.a.b.example", LEVEL_ENCRYPT);
	assert_level("b.example", LEVEL_MAY);
	assert_level("example", LEVEL_SECURE);
	assert_level("[a.b.example]", LEVEL_NONE);
	assert_level("a.b.example:25", LEVEL_NONE);
	assert_level("[a.b.example]:25", LEVEL_NONE);
	assert_level("192.0.2.1", LEVEL_NONE);
	assert_level("/run/a.b.example", LEVEL_NONE);
	assert_level("a..b.example", LEVEL_NONE);
}

SIM_TEST(name_beyond_ascii_is_looked_up_as_it_is)
{
	open_cf("smtp_tls_policy_maps = inline:{ { .example = may }"
	    " { xn--bcher-kva.example = secure }"
	    " { b\xc3\xbc""cher.test = encrypt } }\n");
	assert_level("b\xc3\xbc""cher.example", LEVEL_MAY);
	assert_level("b\xc3\xbc""cher.test", LEVEL_ENCRYPT);
}

SIM_TEST(first_table_with_an_entry_wins)
{
	open_cf("smtp_tls_policy_maps = inline:{ { .example = encrypt } },"
	    " inline:{ { dest.example = may } { .example = secure } }\n");
	assert_level("dest.example", LEVEL_MAY);
	assert_level("a.example", LEVEL_ENCRYPT);
}

SIM_TEST(table_that_cannot_be_read_is_no_policy)
{
	open_cf("smtp_tls_security_level = may\n"
	    "smtp_tls_policy_maps = fail:x\n");
	assert_int_equal(find(), RC_DENY);
	assert_said("smtp_tls_policy_maps, entry for dest.example: the table "
	    "can't be read now");
	open_cf("smtp_tls_policy_maps = inline:{ { dest.example = may } },"
	    " fail:x\n");
	assert_int_equal(find(), RC_OK);
	assert_int_equal(find_for("a.dest.example"), RC_DENY);
	open_cf("smtp_tls_policy_maps = texthash:/none\n");
	assert_int_equal(find(), RC_DENY);
}

SIM_TEST(key_of_a_bad_entry_is_told)
{
	open_cf("smtp_tls_policy_maps = inline:{ { .example = x } }\n");
	assert_int_equal(find_for("a.b.example"), RC_DENY);
	assert_said("smtp_tls_policy_maps, entry for .example: `x' is no "
	    "security level");
}

/* ---- attributes --------------------------------------------------------- */

SIM_TEST(attributes_are_taken_as_they_stand)
{
	assert_int_equal(entry("encrypt, PROTOCOLS=!TLSv1:bad ciphers=High,"
	    "exclude=RC4:A+B servername=a.example"), RC_OK);
	assert_span(got.protocols, "!TLSv1:bad");
	assert_span(got.grade, "High");
	assert_span(got.exclude, "RC4:A+B");
	assert_span(got.servername, "a.example");
}

SIM_TEST(attributes_that_do_not_stand_there_have_no_text)
{
	assert_int_equal(entry("encrypt"), RC_OK);
	assert_null(got.protocols.p);
	assert_null(got.grade.p);
	assert_null(got.exclude.p);
	assert_int_equal(got.servername.n, 0);
	assert_int_equal(got.match.n, 0);
	assert_int_equal(got.tafile.n, 0);
}

SIM_TEST(empty_protocols_and_exclusions_are_not_none)
{
	assert_int_equal(entry("encrypt protocols= exclude="), RC_OK);
	assert_non_null(got.protocols.p);
	assert_int_equal(got.protocols.n, 0);
	assert_non_null(got.exclude.p);
	assert_int_equal(got.exclude.n, 0);
}

SIM_TEST(attribute_that_makes_no_sense_is_no_policy)
{
	static const char *const bad[][2] = {
		{ "may rubbish", "`rubbish' is no attribute=value" },
		{ "may =x", "`=x' is no attribute=value" },
		{ "may protocols = TLSv1.2", "`protocols' is no attribute" },
		{ "may cipher=high", "`cipher=high' is an attribute that" },
		{ "may protocols=a protocols=a", "one too many" },
		{ "may protocols= protocols=a", "one too many" },
		{ "may ciphers=low Ciphers=low", "one too many" },
		{ "may exclude=a exclude=b", "one too many" },
		{ "may servername=a.b servername=a.b", "one too many" },
		{ "may ciphers=", "`ciphers=' has no value" },
		{ "may servername=", "is no valid host name" },
		{ "may servername=a..b", "is no valid host name" },
		{ "may servername=192.0.2.1", "is no valid host name" },
		{ "may servername=a.b.", "is no valid host name" },
		{ "may connection_reuse=maybe", "neither yes nor no" },
		{ "may connection_reuse=", "neither yes nor no" },
		{ "verify match=", "`match=' has no value" },
		{ "fingerprint match=", "`match=' has no value" },
		{ "verify tafile=", "`tafile=' has no value" },
		{ "may match=a", "does not go with this level" },
		{ "encrypt match=a", "does not go with this level" },
		{ "dane match=a", "does not go with this level" },
		{ "dane-only match=a", "does not go with this level" },
		{ "encrypt tafile=a", "does not go with this level" },
		{ "fingerprint tafile=a match=00", "does not go with this" },
		{ "dane tafile=a", "does not go with this level" },
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_bad_entry(bad[i][0], bad[i][1]);
}

SIM_TEST(reuse_is_the_last_word_or_the_setting)
{
	assert_int_equal(entry("may"), RC_OK);
	assert_false(got.reuse);
	assert_int_equal(entry_with("may", "smtp_tls_connection_reuse = yes\n"),
	    RC_OK);
	assert_true(got.reuse);
	assert_int_equal(entry_with("may connection_reuse=no",
	    "smtp_tls_connection_reuse = yes\n"), RC_OK);
	assert_false(got.reuse);
	assert_int_equal(entry("may connection_reuse=no connection_reuse=YES"),
	    RC_OK);
	assert_true(got.reuse);
}

SIM_TEST(match_replaces_the_general_list)
{
	assert_int_equal(entry_with("secure match=nexthop:.b.example",
	    "smtp_tls_secure_cert_match = x\n"), RC_OK);
	assert_span(got.match, "nexthop:.b.example");
	assert_int_equal(entry("secure"), RC_OK);
	assert_span(got.match, "nexthop, dot-nexthop");
	assert_int_equal(entry("verify"), RC_OK);
	assert_span(got.match, "hostname");
}

SIM_TEST(several_match_make_one_list)
{
	assert_int_equal(entry("verify match=a.b Match=c.d:e.f protocols=x "
	    "match=g.h"), RC_OK);
	assert_span(got.match, "a.b:c.d:e.f:g.h");
	assert_span(got.protocols, "x");
	assert_int_equal(entry("fingerprint match=00:11|22 match=33"), RC_OK);
	assert_span(got.match, "00:11|22|33");
}

SIM_TEST(entry_that_is_too_long_is_no_policy)
{
	static char value[4000];
	struct buf b = BUF(value);

	buf_puts(&b, "verify");
	while (b.n < 1500)
		buf_puts(&b, " match=some.host.example");
	assert_int_equal(entry(buf_text(&b)), RC_DENY);
	assert_non_null(strstr(buf_text(&why), ": it is too long"));
	while (b.n < 3000)
		buf_puts(&b, " match=some.host.example");
	assert_int_equal(entry(buf_text(&b)), RC_DENY);
	assert_non_null(strstr(buf_text(&why), ": it is too long"));
}

/* ---- fingerprints ------------------------------------------------------- */

SIM_TEST(level_fingerprint_needs_a_digest)
{
	open_cf("smtp_tls_security_level = fingerprint\n");
	assert_int_equal(find(), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "smtp_tls_fingerprint_cert_match"
	    ": `' has no digest"));
	open_cf("smtp_tls_security_level = fingerprint\n"
	    "smtp_tls_fingerprint_cert_match = xyz 12:3 00|11 1g\n");
	assert_int_equal(find(), RC_DENY);
	open_cf("smtp_tls_security_level = fingerprint\n"
	    "smtp_tls_fingerprint_cert_match = xyz, aB:C0:09\n");
	assert_int_equal(find(), RC_OK);
	assert_span(got.match, "xyz, aB:C0:09");
}

SIM_TEST(general_digests_help_an_entry_without_any)
{
	static const char general[] =
	    "smtp_tls_fingerprint_cert_match = aa:bb\n";

	assert_int_equal(entry_with("fingerprint", general), RC_OK);
	assert_span(got.match, "aa:bb");
	assert_int_equal(entry_with("fingerprint match=xyz", general), RC_OK);
	assert_span(got.match, "aa:bb");
	assert_int_equal(entry_with("fingerprint match=xyz|cc", general),
	    RC_OK);
	assert_span(got.match, "xyz|cc");
	assert_int_equal(entry("fingerprint match=xyz"), RC_DENY);
}

/* ---- trust anchors ------------------------------------------------------ */

SIM_TEST(trust_anchors_of_a_table_replace_others)
{
	static const char general[] = "smtp_tls_trust_anchor_file = /none\n";

	sim_file("/a.pem", PUBLIC_KEY);
	sim_file("/b.pem", PUBLIC_KEY);
	assert_int_equal(entry_with("verify tafile=/a.pem", general), RC_OK);
	assert_span(got.tafile, "/a.pem");
	assert_int_equal(entry_with("secure tafile=/a.pem TAfile=/b.pem "
	    "match=x.y", general), RC_OK);
	assert_span(got.tafile, "/a.pem /b.pem");
	assert_span(got.match, "x.y");
}

SIM_TEST(trust_anchors_must_be_there_where_they_count)
{
	static const char general[] = "smtp_tls_trust_anchor_file = /none\n";

	sim_file("/a.pem", PUBLIC_KEY);
	sim_file("/b.pem", "no key here\n");
	assert_int_equal(entry_with("verify", general), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "/none"));
	assert_int_equal(entry("verify tafile=/b.pem"), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "/b.pem"));
	assert_int_equal(entry("verify tafile=/a.pem tafile=/none"), RC_DENY);
	assert_int_equal(entry_with("encrypt", general), RC_OK);
	assert_int_equal(got.tafile.n, 0);
	assert_int_equal(entry_with("fingerprint match=00", general), RC_OK);
	assert_int_equal(entry_with("dane", general), RC_OK);
}

SIM_TEST(too_many_trust_anchors_are_no_policy)
{
	static char many[40 * sizeof(PUBLIC_KEY)];
	struct buf b = BUF(many);

	for (size_t i = 0; i < 30; i++)
		buf_puts(&b, PUBLIC_KEY);
	sim_file("/a.pem", buf_text(&b));
	assert_int_equal(entry("verify tafile=/a.pem"), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "/a.pem, line "));
	assert_non_null(strstr(buf_text(&why), "too many trust anchors"));
}

SIM_TEST(no_trust_anchor_files_open_nothing)
{
	assert_int_equal(entry("verify"), RC_OK);
	assert_null(tls.chain_room);
	assert_int_equal(got.tafile.n, 0);
}

/* ---- server names ------------------------------------------------------- */

static void
assert_servername(const char *setting, const char *expected)
{
	struct buf b = BUF(cf);

	buf_fmt(&b, "smtp_tls_security_level = may\n"
	    "smtp_tls_servername = %s\n", setting);
	open_cf(buf_text(&b));
	assert_int_equal(find(), RC_OK);
	assert_span(got.servername, expected);
}

SIM_TEST(server_name_is_a_word_or_itself)
{
	assert_servername("", "");
	assert_servername("hostname", "mx1.dest.example");
	assert_servername("nexthop", "dest.example");
	assert_servername("www.dest.example", "www.dest.example");
	assert_servername("_a.dest.example", "_a.dest.example");
	assert_servername("NextHop", "NextHop");
	assert_servername("HOSTNAME", "HOSTNAME");
	assert_int_equal(entry("may servername=hostname"), RC_OK);
	assert_span(got.servername, "mx1.dest.example");
}

SIM_TEST(server_name_that_is_none_is_no_policy)
{
	static const char *const bad[] = { "bad..example", "bad-.example",
	    "192.0.2.1", "a.example.", "a b", "*.example" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf b = BUF(cf);

		buf_fmt(&b, "smtp_tls_security_level = may\n"
		    "smtp_tls_servername = %s\n", bad[i]);
		open_cf(buf_text(&b));
		assert_int_equal(find(), RC_DENY);
		assert_non_null(strstr(buf_text(&why),
		    "smtp_tls_servername: "));
		assert_non_null(strstr(buf_text(&why), bad[i]));
	}
	open_cf("smtp_tls_servername = bad..example\n");
	assert_int_equal(find(), RC_OK);
	assert_int_equal(got.level, LEVEL_NONE);
	assert_int_equal(entry_with("may servername=a.b",
	    "smtp_tls_servername = bad..example\n"), RC_OK);
	assert_span(got.servername, "a.b");
}

SIM_TEST(address_is_no_server_name)
{
	open_cf("smtp_tls_security_level = may\n"
	    "smtp_tls_servername = hostname\n");
	site.host = SPAN("192.0.2.1");
	assert_int_equal(find(), RC_OK);
	assert_int_equal(got.servername.n, 0);
	open_cf("smtp_tls_security_level = may\n"
	    "smtp_tls_servername = nexthop\n");
	site.domain = SPAN("2001:db8::1");
	assert_int_equal(find(), RC_OK);
	assert_int_equal(got.servername.n, 0);
}

/* ---- UNIX sockets ------------------------------------------------------- */

static void
open_unix(const char *main_cf)
{
	open_with(main_cf, true);
	site = (struct tls_site){ .nexthop = SPAN("/run/lmtp"),
	    .host = SPAN("here.example") };
}

SIM_TEST(level_may_means_nothing_on_a_unix_socket)
{
	open_unix("lmtp_tls_security_level = may\n");
	assert_int_equal(find(), RC_OK);
	assert_int_equal(got.level, LEVEL_NONE);
	open_unix("lmtp_tls_security_level = encrypt\n"
	    "lmtp_tls_policy_maps = inline:{ { /run/lmtp = may } }\n");
	assert_int_equal(find(), RC_OK);
	assert_int_equal(got.level, LEVEL_NONE);
}

SIM_TEST(level_may_stays_on_a_unix_socket_in_wrapper_mode)
{
	open_unix("lmtp_tls_security_level = may\n"
	    "lmtp_tls_wrappermode = yes\n");
	assert_int_equal(find(), RC_OK);
	assert_int_equal(got.level, LEVEL_MAY);
	assert_true(got.wrapper);
}

SIM_TEST(unix_socket_has_no_dane)
{
	open_unix("lmtp_tls_security_level = dane\n");
	assert_int_equal(find(), RC_DENY);
	assert_non_null(strstr(buf_text(&why), "/run/lmtp"));
	open_unix("lmtp_tls_security_level = dane-only\n");
	assert_int_equal(find(), RC_DENY);
	open_unix("lmtp_tls_security_level = encrypt\n");
	assert_int_equal(find(), RC_OK);
	assert_int_equal(got.level, LEVEL_ENCRYPT);
}

SIM_TEST(next_hop_of_a_unix_socket_is_this_machine)
{
	open_unix("lmtp_tls_security_level = encrypt\n"
	    "lmtp_tls_servername = nexthop\n");
	assert_int_equal(find(), RC_OK);
	assert_span(got.servername, "here.example");
}

SIM_TEST(lmtp_has_settings_of_its_own)
{
	open_with("smtp_tls_security_level = encrypt\n"
	    "lmtp_tls_policy_maps = inline:{ { dest.example = may a } }\n",
	    true);
	assert_int_equal(find(), RC_DENY);
	assert_said("lmtp_tls_policy_maps, entry for dest.example: `a' is no "
	    "attribute=value");
	assert_true(got.is_lmtp);
	open_with("lmtp_tls_security_level = verify\n"
	    "lmtp_tls_servername = -\n", true);
	assert_int_equal(find(), RC_DENY);
	assert_said("lmtp_tls_servername: `-' is no valid host name");
}

/* ---- smtp_tls_per_site -------------------------------------------------- */

static void
assert_site(const char *lines, const char *more, int level)
{
	struct buf b = BUF(cf);

	sim_note("%s; %s", lines, more);
	buf_fmt(&b, "smtp_tls_per_site = inline:{ %s }\n%s", lines, more);
	open_cf(buf_text(&b));
	assert_int_equal(find(), RC_OK);
	assert_int_equal(got.level, level);
}

#define NEXT(word)	"{ dest.example = " word " } "
#define HOST(word)	"{ mx1.dest.example = " word " } "
#define LEVEL(word)	"smtp_tls_security_level = " word "\n"

SIM_TEST(per_site_words_are_levels_for_next_hop_or_host)
{
	assert_site(NEXT("NONE"), LEVEL("verify"), LEVEL_NONE);
	assert_true(got.from_table);
	assert_site(HOST("none"), LEVEL("verify"), LEVEL_NONE);
	assert_site(NEXT("MAY"), "", LEVEL_MAY);
	assert_site(HOST("MAY"), LEVEL("none"), LEVEL_MAY);
	assert_site(NEXT("MUST_NOPEERMATCH"), LEVEL("verify"), LEVEL_ENCRYPT);
	assert_site(HOST("must"), LEVEL("may"), LEVEL_VERIFY);
	assert_site(NEXT("MUST"), "smtp_tls_enforce_peername = no\n",
	    LEVEL_VERIFY);
	assert_site(NEXT("MUST"), LEVEL("secure"), LEVEL_VERIFY);
}

SIM_TEST(per_site_may_never_lowers)
{
	assert_site(NEXT("MAY"), LEVEL("encrypt"), LEVEL_ENCRYPT);
	assert_site(HOST("MAY"), LEVEL("secure"), LEVEL_SECURE);
	assert_false(got.from_table);
	assert_site(NEXT("MAY"), "smtp_enforce_tls = yes\n", LEVEL_VERIFY);
}

SIM_TEST(of_two_per_site_entries_the_stricter_counts)
{
	assert_site(NEXT("NONE") HOST("MAY"), LEVEL("encrypt"), LEVEL_NONE);
	assert_site(NEXT("MAY") HOST("NONE"), LEVEL("encrypt"), LEVEL_NONE);
	assert_site(NEXT("NONE") HOST("MUST_NOPEERMATCH"), "", LEVEL_ENCRYPT);
	assert_site(NEXT("MUST_NOPEERMATCH") HOST("NONE"), "", LEVEL_ENCRYPT);
	assert_site(NEXT("MUST_NOPEERMATCH") HOST("MAY"), "", LEVEL_ENCRYPT);
	assert_site(NEXT("MUST_NOPEERMATCH") HOST("MUST"), "", LEVEL_VERIFY);
	assert_site(NEXT("MUST") HOST("NONE"), "", LEVEL_VERIFY);
}

SIM_TEST(per_site_keys_have_no_parents)
{
	assert_site("{ .dest.example = NONE } { .example = NONE }",
	    LEVEL("may"), LEVEL_MAY);
	assert_false(got.from_table);
}

SIM_TEST(per_site_does_not_count_beside_a_policy_table)
{
	assert_site(NEXT("NONE"), LEVEL("may")
	    "smtp_tls_policy_maps = inline:{ { x = secure } }\n", LEVEL_MAY);
}

static void
assert_bad_site(const char *lines, const char *sentence)
{
	struct buf b = BUF(cf);

	buf_fmt(&b, "smtp_tls_per_site = inline:{ %s }\n", lines);
	open_cf(buf_text(&b));
	assert_int_equal(find(), RC_DENY);
	assert_said(sentence);
}

SIM_TEST(per_site_word_nobody_knows_is_no_policy)
{
	assert_bad_site(NEXT("PERHAPS"), "smtp_tls_per_site, entry for "
	    "dest.example: `PERHAPS' is none of NONE, MAY, MUST_NOPEERMATCH, "
	    "MUST");
	assert_bad_site(NEXT("NONE") HOST("MUST match=hostname"),
	    "smtp_tls_per_site, entry for mx1.dest.example: `MUST "
	    "match=hostname' is none of NONE, MAY, MUST_NOPEERMATCH, MUST");
}

SIM_TEST(per_site_table_that_cannot_be_read_is_for_later)
{
	open_cf("smtp_tls_per_site = fail:x\n");
	assert_int_equal(find(), RC_WIRE);
	assert_said("smtp_tls_per_site, entry for dest.example: the table "
	    "can't be read now");
	open_cf("smtp_tls_per_site = inline:{" NEXT("NONE") "}, fail:x\n");
	assert_int_equal(find(), RC_WIRE);
	site.host = SPAN("Dest.example");	/* one question will do */
	assert_int_equal(find(), RC_OK);
}

/* ---- the rest ----------------------------------------------------------- */

SIM_TEST(policy_knows_its_site_and_mode)
{
	open_cf("smtp_tls_wrappermode = yes\nsmtp_tls_security_level = may\n");
	assert_int_equal(find(), RC_OK);
	assert_ptr_equal(got.site, &site);
	assert_true(got.wrapper);
	assert_false(got.is_lmtp);
	assert_false(got.half_dane);
	assert_null(got.tlsa);
	open_cf("");
	assert_int_equal(find(), RC_OK);
	assert_false(got.wrapper);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(general_level_is_the_setting_or_the_switches_of_old),
		SIM_RUN(every_level_can_stand_in_a_table),
		SIM_RUN(level_nobody_knows_is_no_policy),
		SIM_RUN(entry_none_may_have_anything_behind_it),
		SIM_RUN(entry_wins_over_the_general_level),
		SIM_RUN(next_hop_is_looked_up_as_it_is_written),
		SIM_RUN(parents_are_for_plain_names_nearest_first),
		SIM_RUN(name_beyond_ascii_is_looked_up_as_it_is),
		SIM_RUN(first_table_with_an_entry_wins),
		SIM_RUN(table_that_cannot_be_read_is_no_policy),
		SIM_RUN(key_of_a_bad_entry_is_told),
		SIM_RUN(attributes_are_taken_as_they_stand),
		SIM_RUN(attributes_that_do_not_stand_there_have_no_text),
		SIM_RUN(empty_protocols_and_exclusions_are_not_none),
		SIM_RUN(attribute_that_makes_no_sense_is_no_policy),
		SIM_RUN(reuse_is_the_last_word_or_the_setting),
		SIM_RUN(match_replaces_the_general_list),
		SIM_RUN(several_match_make_one_list),
		SIM_RUN(entry_that_is_too_long_is_no_policy),
		SIM_RUN(level_fingerprint_needs_a_digest),
		SIM_RUN(general_digests_help_an_entry_without_any),
		SIM_RUN(trust_anchors_of_a_table_replace_others),
		SIM_RUN(trust_anchors_must_be_there_where_they_count),
		SIM_RUN(too_many_trust_anchors_are_no_policy),
		SIM_RUN(no_trust_anchor_files_open_nothing),
		SIM_RUN(server_name_is_a_word_or_itself),
		SIM_RUN(server_name_that_is_none_is_no_policy),
		SIM_RUN(address_is_no_server_name),
		SIM_RUN(level_may_means_nothing_on_a_unix_socket),
		SIM_RUN(level_may_stays_on_a_unix_socket_in_wrapper_mode),
		SIM_RUN(unix_socket_has_no_dane),
		SIM_RUN(next_hop_of_a_unix_socket_is_this_machine),
		SIM_RUN(lmtp_has_settings_of_its_own),
		SIM_RUN(per_site_words_are_levels_for_next_hop_or_host),
		SIM_RUN(per_site_may_never_lowers),
		SIM_RUN(of_two_per_site_entries_the_stricter_counts),
		SIM_RUN(per_site_keys_have_no_parents),
		SIM_RUN(per_site_does_not_count_beside_a_policy_table),
		SIM_RUN(per_site_word_nobody_knows_is_no_policy),
		SIM_RUN(per_site_table_that_cannot_be_read_is_for_later),
		SIM_RUN(policy_knows_its_site_and_mode),
	};

	return sim_main(tests, COUNT(tests));
}
