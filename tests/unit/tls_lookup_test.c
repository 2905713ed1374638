/*
 * tls_lookup_test.c - what levels dane and dane-only come to with one host, by
 * the secure bits of its names, its TLSA records, and the settings.
 */
#include <stdio.h>
#include <string.h>

#include "../sim/sim.h"
#include "../../src/tls_int.h"

#define DIGEST	"abababababababababababababababab" \
	"abababababababababababababababab"
#define GOOD	"TLSA 3 1 1 " DIGEST
#define USELESS	"TLSA 1 1 1 " DIGEST

static struct param param;
static struct arena param_arena, arena;
static char param_room[256 * 1024], arena_memory[64 * 1024];
static struct log mail_log;
static struct tls tls;
static struct dns dns;
static struct tls_site site;
static struct tls_policy policy;
static char why_room[512];
static struct buf why;

static void
load(const char *const *options, size_t n, bool lmtp)
{
	char text[500];
	struct buf fault = BUF(text);
	struct param_from from = {
		.options = options, .options_n = n,
		.program = lmtp ? "lmtp" : "smtp", .is_lmtp = lmtp,
		.log = &mail_log
	};

	log_init(&mail_log, SPAN("postfix/test"));
	arena_init(&param_arena, param_room, sizeof(param_room));
	if (param_load(&param, &from, &param_arena, &fault) != RC_OK)
		sim_fail("settings: %s", buf_text(&fault));
}

/* The host mx.example at port 25 of d.example, everything secure. */
static void
begin(int level)
{
	sim_file("/etc/resolv.conf", "options timeout:1 attempts:1\n");
	arena_init(&arena, arena_memory, sizeof(arena_memory));
	tls = (struct tls){ .set = &param.set, .log = &mail_log };
	assert_int_equal(dns_open(&dns), RC_OK);
	dns.want_secure = param.set.dns_support_level == SUPPORT_DNSSEC;
	site = (struct tls_site){
		.nexthop = SPAN("d.example"), .domain = SPAN("d.example"),
		.domain_target = SPAN("d.example"), .host = SPAN("mx.example"),
		.asked = SPAN("mx.example"), .target = SPAN("mx.example"),
		.ip = { IP_V4, { 192, 0, 2, 1 }, 0 }, .port = 25,
		.mx_secure = true, .host_secure = true
	};
	policy = (struct tls_policy){
		.site = &site, .level = level, .servername = SPAN("setting")
	};
	why = BUF(why_room);
}

static enum rc
find(void)
{
	return tls_dane_find(&tls, &dns, &arena, &policy, &why);
}

static void
begin_plain(int level)
{
	static const char *const options[] = {
		"smtp_dns_support_level=dnssec",
		"smtp_tls_security_level=dane"
	};

	load(options, COUNT(options), false);
	begin(level);
}

/* ---- the table ---------------------------------------------------------- */

enum {	/* what is not secure, or is not so */
	MX = 1, HOST = 2, ALIAS = 4, LITERAL = 8, ADDRESS = 16, SOCKET = 32
};

struct row {
	int level;
	unsigned flags;
	const char *setting;	/* one more */
	const char *zone;
	const char *result;	/* see result() */
	const char *asked;	/* questions: T target, C alias, M itself */
};

#define DANE	LEVEL_DANE
#define ONLY	LEVEL_DANE_ONLY
#define AT_MX	"_25._tcp.mx.example "
#define AT_REAL	"_25._tcp.real.example "
#define CNAME	"mx.example CNAME real.example "
#define BY_TABLE	"smtp_tls_security_level=may"
#define MX_MAY	"smtp_tls_dane_insecure_mx_policy=may"
#define MX_ENCRYPT	"smtp_tls_dane_insecure_mx_policy=encrypt"
#define FORCE	"smtp_tls_force_insecure_host_tlsa_lookup=yes"

static const struct row rows[] = {
	/* one name, all secure */
	{ DANE, 0, NULL, AT_MX GOOD " secure", "dane at mx.example", "M" },
	{ ONLY, 0, NULL, AT_MX GOOD " secure", "dane-only at mx.example",
	    "M" },
	{ DANE, 0, NULL, "", "may", "M" },
	{ ONLY, 0, NULL, "", "deny: no TLSA records", "M" },
	{ DANE, 0, NULL, AT_MX "NODATA secure", "may", "M" },
	{ ONLY, 0, NULL, AT_MX "NODATA secure", "deny: no TLSA records",
	    "M" },
	{ DANE, 0, NULL, AT_MX GOOD, "may", "M" },
	{ ONLY, 0, NULL, AT_MX GOOD, "deny: no TLSA records", "M" },
	/* records, and none of use */
	{ DANE, 0, NULL, AT_MX USELESS " secure", "encrypt", "M" },
	{ ONLY, 0, NULL, AT_MX USELESS " secure",
	    "deny: no TLSA record is usable", "M" },
	{ DANE, 0, NULL, AT_MX "TLSA \\# secure", "encrypt", "M" },
	{ DANE, 0, NULL, AT_MX "TLSA \\# 0301 secure", "encrypt", "M" },
	{ DANE, 0, NULL, AT_MX "TLSA \\# 030101 secure", "encrypt", "M" },
	{ DANE, 0, NULL, AT_MX "TLSA 3 1 1 abab secure", "encrypt", "M" },
	{ DANE, 0, NULL, AT_MX USELESS " secure\n" AT_MX GOOD " secure",
	    "dane at mx.example", "M" },
	/* lookups that fail, at every level */
	{ DANE, 0, NULL, AT_MX "SERVFAIL", "error", "M" },
	{ ONLY, 0, NULL, AT_MX "SERVFAIL", "error", "M" },
	{ DANE, 0, NULL, AT_MX "REFUSED", "error", "M" },
	{ DANE, 0, NULL, AT_MX "FORMERR", "error", "MM" },
	{ DANE, 0, NULL, AT_MX "SILENT", "error", "MM" },
	/* the host is not secure: nothing is asked, unless forced */
	{ DANE, HOST, NULL, AT_MX GOOD " secure", "may", "" },
	{ ONLY, HOST, NULL, AT_MX GOOD " secure", "deny: no TLSA records",
	    "" },
	{ DANE, HOST, NULL, AT_MX "SERVFAIL", "may", "" },
	{ DANE, HOST, FORCE, AT_MX GOOD " secure", "dane at mx.example",
	    "M" },
	{ DANE, HOST, FORCE, AT_MX GOOD, "may", "M" },
	{ DANE, HOST, FORCE, AT_MX "SERVFAIL", "error", "M" },
	/* the MX records are not secure */
	{ DANE, MX, NULL, AT_MX GOOD " secure", "half dane at mx.example",
	    "M" },
	{ DANE, MX, NULL, AT_MX USELESS " secure", "encrypt", "M" },
	{ DANE, MX, NULL, "", "may", "M" },
	{ DANE, MX, NULL, AT_MX "SERVFAIL", "error", "M" },
	{ ONLY, MX, NULL, AT_MX GOOD " secure", "deny: the MX records", "" },
	{ DANE, MX, MX_MAY, AT_MX GOOD " secure", "may", "" },
	{ DANE, MX, BY_TABLE, AT_MX GOOD " secure", "may", "" },
	{ DANE, MX, MX_ENCRYPT, AT_MX GOOD " secure", "encrypt", "M" },
	{ DANE, MX, MX_ENCRYPT, AT_MX USELESS " secure", "encrypt", "M" },
	{ DANE, MX, MX_ENCRYPT, "", "may", "M" },
	{ DANE, MX, MX_ENCRYPT, AT_MX "SERVFAIL", "error", "M" },
	{ ONLY, MX, MX_ENCRYPT, AT_MX GOOD " secure", "deny: the MX records",
	    "" },
	{ DANE, 0, MX_MAY, AT_MX GOOD " secure", "dane at mx.example", "M" },
	{ DANE, MX | HOST, NULL, AT_MX GOOD " secure", "may", "" },
	/* a secure alias: its end first, then its own name */
	{ DANE, ALIAS, NULL, AT_REAL GOOD " secure", "dane at real.example",
	    "T" },
	{ DANE, ALIAS, NULL, AT_MX GOOD " secure", "dane at mx.example",
	    "TM" },
	{ DANE, ALIAS, NULL, AT_REAL GOOD " secure\n" AT_MX GOOD " secure",
	    "dane at real.example", "T" },
	{ DANE, ALIAS, NULL, AT_REAL GOOD "\n" AT_MX GOOD " secure",
	    "dane at mx.example", "TM" },
	{ DANE, ALIAS, NULL, AT_REAL USELESS " secure\n" AT_MX GOOD " secure",
	    "encrypt", "T" },
	{ DANE, ALIAS, NULL, AT_REAL "SERVFAIL\n" AT_MX GOOD " secure",
	    "error", "T" },
	{ DANE, ALIAS, NULL, AT_REAL GOOD " secure\n" AT_MX "SERVFAIL",
	    "dane at real.example", "T" },
	{ DANE, ALIAS, NULL, AT_MX "SERVFAIL", "error", "TM" },
	{ DANE, ALIAS, NULL, "", "may", "TM" },
	{ ONLY, ALIAS, NULL, "", "deny: no TLSA records", "TM" },
	{ DANE, ALIAS | MX, NULL, AT_REAL GOOD " secure",
	    "half dane at real.example", "T" },
	/* an alias that is secure itself, and leads out of signed zones */
	{ DANE, ALIAS | HOST, NULL, CNAME "secure\n" AT_MX GOOD " secure",
	    "dane at mx.example", "CM" },
	{ DANE, ALIAS | HOST, NULL, CNAME "secure\n" AT_REAL GOOD " secure",
	    "may", "CM" },
	{ ONLY, ALIAS | HOST, NULL, CNAME "secure",
	    "deny: no TLSA records", "CM" },
	{ DANE, ALIAS | HOST, NULL, CNAME "\n" AT_MX GOOD " secure", "may",
	    "C" },
	{ DANE, ALIAS | HOST, FORCE, CNAME "\n" AT_MX GOOD " secure",
	    "dane at mx.example", "M" },
	{ DANE, ALIAS | HOST, FORCE, CNAME "\n" AT_REAL GOOD " secure",
	    "may", "M" },
	{ DANE, ALIAS | HOST, FORCE, CNAME "\n" AT_MX "SERVFAIL", "error",
	    "M" },
	{ DANE, ALIAS | HOST, NULL, "mx.example SERVFAIL CNAME\n"
	    AT_MX GOOD " secure", "error", "C" },
	{ DANE, ALIAS | HOST, NULL, CNAME "secure\n" AT_MX "SERVFAIL",
	    "error", "CM" },
	{ DANE, ALIAS | HOST | MX, NULL, CNAME "secure\n" AT_MX GOOD
	    " secure", "half dane at mx.example", "CM" },
	/* addresses have no records */
	{ DANE, LITERAL | HOST, NULL, "", "may", "" },
	{ ONLY, LITERAL | HOST, NULL, "", "deny: no TLSA records", "" },
	{ DANE, LITERAL | HOST, FORCE, "", "may", "" },
	{ DANE, ADDRESS | HOST, FORCE, "", "may", "" },
	/* lookups that are not validated, or not made */
	{ DANE, MX | HOST, "smtp_dns_support_level=enabled", AT_MX GOOD
	    " secure", "may", "" },
	{ ONLY, MX | HOST, "smtp_dns_support_level=enabled", AT_MX GOOD
	    " secure", "deny: DNS lookups are not validated", "" },
	{ DANE, HOST, "smtp_dns_support_level=disabled", "", "may", "" },
	{ DANE, 0, "smtp_host_lookup=native", AT_MX GOOD " secure", "may",
	    "" },
	{ ONLY, 0, "smtp_host_lookup=native", AT_MX GOOD " secure",
	    "deny: DNS lookups are not validated", "" },
	{ DANE, 0, "smtp_host_lookup=native, dns", AT_MX GOOD " secure",
	    "dane at mx.example", "M" },
	/* a mistake in the settings never lowers the level */
	{ DANE, 0, "tls_dane_digests=sha256 shs512", AT_MX GOOD " secure",
	    "deny: tls_dane_digests: `shs512'", "" },
	{ DANE, 0, "tls_dane_digests=,", AT_MX GOOD " secure",
	    "deny: tls_dane_digests: `,'", "" },
	{ DANE, 0, "tls_dane_digests=sha512", AT_MX GOOD " secure",
	    "encrypt", "M" },
	/* other levels ask nothing */
	{ LEVEL_NONE, 0, NULL, AT_MX GOOD " secure", "none", "" },
	{ LEVEL_MAY, 0, NULL, AT_MX GOOD " secure", "may", "" },
	{ LEVEL_ENCRYPT, 0, NULL, AT_MX GOOD " secure", "encrypt", "" },
	{ LEVEL_SECURE, SOCKET, NULL, AT_MX "SERVFAIL", "secure", "" },
};

static void
begin_row(const struct row *r)
{
	static const char *options[3];

	options[0] = "smtp_dns_support_level=dnssec";
	options[1] = "smtp_tls_security_level=dane";
	options[2] = r->setting;
	load(options, r->setting != NULL ? 3 : 2, false);
	sim_zone(r->zone);
	begin(r->level);
	site.mx_secure = !(r->flags & MX);
	site.host_secure = !(r->flags & HOST);
	if (r->flags & ALIAS)
		site.target = SPAN("real.example");
	site.is_literal = r->flags & LITERAL;
	if (r->flags & ADDRESS)
		site.asked = site.target = SPAN("192.0.2.1");
	if (r->flags & SOCKET)
		site.ip.family = IP_NONE;
}

/*
 * The level it came to, with what holds for it; `deny: ` and the reason;
 * `error`: a lookup failed.
 */
static const char *
result(enum rc rc)
{
	static const char *const levels[] = {
		"", "none", "may", "encrypt", "fingerprint", "dane",
		"dane-only", "verify", "secure"
	};
	static char text[700];
	struct buf b = BUF(text);

	if (rc != RC_OK) {
		assert_true(why.n > 0 && !why.full);
		assert_null(policy.tlsa);
		buf_fmt(&b, "%s: %s", rc == RC_DENY ? "deny" : "error",
		    buf_text(&why));
		return buf_text(&b);
	}
	assert_int_equal(why.n, 0);
	buf_fmt(&b, "%s%s", policy.half_dane ? "half " : "",
	    levels[policy.level]);
	if (policy.tlsa == NULL) {
		assert_true(span_is(policy.servername, "setting"));
		return buf_text(&b);
	}
	assert_int_equal(policy.tlsa->n, 1);
	assert_true(span_eq(policy.tlsa->base, policy.servername));
	buf_fmt(&b, " at %.*s", SPAN_ARG(policy.tlsa->base));
	return buf_text(&b);
}

/* `deny: words` fits a reason that holds the words. */
static bool
is_result(const char *want, const char *have)
{
	if (strncmp(want, "deny: ", 6) == 0)
		return strncmp(have, "deny: ", 6) == 0
		    && strstr(have, want + 6) != NULL;
	if (strcmp(want, "error") == 0)
		return strncmp(have, "error: TLSA lookup error for "
		    "mx.example:25: name=", 48) == 0;
	return strcmp(want, have) == 0;
}

static const char *
questions(void)
{
	static char text[64];
	struct buf b = BUF(text);
	struct span rest = span_of(sim_questions()), line;

	while (span_line(&rest, &line)) {
		if (strstr(line.p, AT_REAL "TLSA") == line.p + 17)
			buf_putc(&b, 'T');
		else if (strstr(line.p, AT_MX "TLSA") == line.p + 17)
			buf_putc(&b, 'M');
		else if (strstr(line.p, "mx.example CNAME") == line.p + 17)
			buf_putc(&b, 'C');
		else
			buf_putc(&b, '?');
	}
	return buf_text(&b);
}

SIM_TEST(level_is_settled_as_recorded)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *have;

		sim_begin();
		sim_note("row %zu: %s, %x, %s", i, rows[i].zone,
		    rows[i].flags, rows[i].setting != NULL ? rows[i].setting
		    : "no setting");
		begin_row(&rows[i]);
		have = result(find());
		sim_note("came to: %s", have);
		assert_true(is_result(rows[i].result, have));
		assert_string_equal(questions(), rows[i].asked);
	}
}

/* ---- what is not in the table ------------------------------------------- */

SIM_TEST(port_of_the_host_is_in_the_name)
{
	sim_zone("_587._tcp.mx.example " GOOD " secure");
	begin_plain(LEVEL_DANE);
	site.port = 587;
	assert_int_equal(find(), RC_OK);
	assert_non_null(policy.tlsa);
}

SIM_TEST(alias_that_differs_in_case_alone_is_none)
{
	sim_zone(AT_MX GOOD " secure");
	begin_plain(LEVEL_DANE);
	site.target = SPAN("MX.example");
	assert_int_equal(find(), RC_OK);
	assert_string_equal(questions(), "M");
}

SIM_TEST(agility_holds_for_what_is_kept)
{
	sim_zone(AT_MX GOOD " secure\n" AT_MX "TLSA 3 1 2 " DIGEST DIGEST
	    " secure\n" AT_MX "TLSA 2 0 1 " DIGEST " secure");
	begin_plain(LEVEL_DANE);
	assert_int_equal(find(), RC_OK);
	assert_int_equal(policy.tlsa->n, 2);
	assert_int_equal(policy.tlsa->record[0].digest, DIGEST_SHA512);
	assert_int_equal(policy.tlsa->record[1].usage, TLSA_TA);
	assert_int_equal(policy.tlsa->record[1].data.n, 32);
}

SIM_TEST(lmtp_over_tcp_has_dane)
{
	static const char *const options[] = {
		"lmtp_dns_support_level=dnssec"
	};

	sim_zone("_24._tcp.mx.example " GOOD " secure");
	load(options, COUNT(options), true);
	begin(LEVEL_DANE);
	tls.is_lmtp = true;
	site.port = 24;
	assert_int_equal(find(), RC_OK);
	assert_non_null(policy.tlsa);
}

SIM_TEST(want_of_validation_is_warned_of_once)
{
	load(NULL, 0, false);
	begin(LEVEL_DANE);
	assert_int_equal(find(), RC_OK);
	policy.level = LEVEL_DANE_ONLY;
	assert_int_equal(find(), RC_DENY);
	assert_string_equal(sim_err(), "postfix/test[4711]: warning: TLS "
	    "levels dane and dane-only need smtp_dns_support_level = dnssec, "
	    "and dns in smtp_host_lookup\n");
}

SIM_TEST(records_beyond_the_arena_stop_this_host_and_leave_no_trace)
{
	char text[400];
	size_t used;

	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), AT_MX "TLSA 3 1 2 %02x%.126s "
		    "secure", i, DIGEST DIGEST);
		sim_zone(text);
	}
	for (size_t cap = 16; cap < 24 * 1024; cap += 256) {
		begin_plain(LEVEL_DANE);
		arena_init(&arena, arena_memory, cap);
		assert_non_null(arena_take(&arena, 8));
		used = arena.used;
		if (find() == RC_OK)
			break;
		assert_string_equal(buf_text(&why),
		    "no memory for the TLSA records of mx.example:25");
		assert_int_equal(policy.level, LEVEL_DANE);
		assert_int_equal(arena.used, used);
	}
	assert_int_equal(policy.tlsa->n, 100);
}

SIM_TEST(level_that_gets_lower_leaves_no_trace_in_the_arena)
{
	sim_zone(AT_MX USELESS " secure");
	begin_plain(LEVEL_DANE);
	assert_int_equal(find(), RC_OK);
	assert_int_equal(policy.level, LEVEL_ENCRYPT);
	assert_int_equal(arena.used, 0);
}

SIM_TEST(reason_fits_whatever_the_name)
{
	static char name[254], zone[600];

	memset(name, 'a', 240);
	for (size_t i = 61; i < 240; i += 62)
		name[i] = '.';
	snprintf(zone, sizeof(zone), "_25._tcp.%s SERVFAIL", name);
	sim_zone(zone);
	begin_plain(LEVEL_DANE);
	site.host = site.asked = site.target = span_of(name);
	assert_true(find() != RC_OK);
	assert_false(why.full);
	assert_memory_equal(buf_text(&why), "TLSA lookup error for aaa", 25);
}

SIM_TEST(resolver_rests_after_the_lookup)
{
	sim_zone(AT_MX GOOD " secure");
	begin_plain(LEVEL_DANE);
	assert_int_equal(find(), RC_OK);
	assert_int_equal(dns.msg[5], 0x5a);	/* and no longer 1 */
}

/* Each call of the port that can fail does, and never lowers the level. */
SIM_TEST(failures_of_the_system_never_lower_the_level)
{
	uint64_t calls;

	sim_zone(AT_MX GOOD " secure");
	begin_plain(LEVEL_DANE);
	calls = sim_fallible();
	assert_int_equal(find(), RC_OK);
	calls = sim_fallible() - calls;
	assert_true(calls > 0);
	for (uint64_t i = 1; i <= calls; i++) {
		sim_begin();
		sim_zone(AT_MX GOOD " secure");
		begin_plain(LEVEL_DANE);
		sim_fail_from(sim_fallible() + i);
		assert_true(find() != RC_DENY);
		assert_int_equal(policy.level, LEVEL_DANE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(level_is_settled_as_recorded),
		SIM_RUN(port_of_the_host_is_in_the_name),
		SIM_RUN(alias_that_differs_in_case_alone_is_none),
		SIM_RUN(agility_holds_for_what_is_kept),
		SIM_RUN(lmtp_over_tcp_has_dane),
		SIM_RUN(want_of_validation_is_warned_of_once),
		SIM_RUN(
		    records_beyond_the_arena_stop_this_host_and_leave_no_trace),
		SIM_RUN(level_that_gets_lower_leaves_no_trace_in_the_arena),
		SIM_RUN(reason_fits_whatever_the_name),
		SIM_RUN(resolver_rests_after_the_lookup),
		SIM_RUN(failures_of_the_system_never_lower_the_level),
	};

	return sim_main(tests, COUNT(tests));
}
