/*
 * tls_check_test.c - what a chain proves, at each level.
 */
#include "tls_signed.h"

static struct {
	struct settings set;
	struct log log;
	struct tls tls;
	struct tls_site site;
	struct tls_policy policy;
	struct tlsa_set tlsa;
	struct made store[2];		/* CAfile */
	size_t stored, asked;
	enum rc opened;			/* what anchors_open() says */
	struct made given[CHAIN_KEYS_MAX + 2];	/* trust anchor files */
	struct anchor anchor[CHAIN_KEYS_MAX + 2];
	size_t given_n;
	enum rc given_rc;
	enum rc marks;			/* what dane_marks() says */
	size_t marked;			/* the link that becomes an anchor */
	bool matched;
	struct buf why;
	char why_text[512];
	_Alignas(16) char room[CHAIN_BYTES_MAX];
} w;

/* ---- what stands around, in place of it --------------------------------- */

enum rc
anchors_open(struct anchors *s, const struct settings *set, bool is_lmtp,
	const struct log *log)
{
	assert_ptr_equal(s, &w.tls.anchors);
	assert_ptr_equal(set, &w.set);
	assert_ptr_equal(log, &w.log);
	assert_int_equal(is_lmtp, w.tls.is_lmtp);
	if (set->tls_CAfile.n == 0 && set->tls_CApath.n == 0)
		strcpy(s->why, "nobody is trusted");
	return w.opened;
}

enum rc
anchors_find(struct anchors *s, struct span subject, size_t *at,
	struct arena *a, struct span *der)
{
	struct cert c;

	assert_ptr_equal(s, &w.tls.anchors);
	w.asked++;
	while (*at < w.stored) {
		assert_int_equal(cert_read(made_span(&w.store[*at]), &c),
		    RC_OK);
		++*at;
		if (cert_dn_eq(c.subject, subject))
			return arena_copy(a, c.der, der);
	}
	return RC_NONE;
}

enum rc
anchors_each(struct span files, struct arena *a, struct anchor_list *out,
	struct buf *why)
{
	(void)a;
	assert_true(span_is(files, "/ta.pem"));
	if (w.given_rc != RC_OK)
		buf_puts(why, "/ta.pem has no trust anchor");
	for (out->n = 0; out->n < w.given_n && out->n < out->most; out->n++)
		out->p[out->n] = w.anchor[out->n];
	return w.given_rc;
}

enum rc
dane_marks(struct chain *c, const struct tlsa_set *set)
{
	assert_ptr_equal(set, &w.tlsa);
	if (w.marks == RC_NONE)
		c->link[w.marked].is_anchor = true;
	return w.marks;
}

/* ---- the peer ----------------------------------------------------------- */

static const struct make ROOT = { .cn = "Root", .key = 1, .is_ca = true };
static const struct make INT = { .cn = "Int", .issuer = "Root", .key = 2,
	.by = 1, .is_ca = true };
static const struct make LEAF = { .cn = "mx.dest.example", .issuer = "Root",
	.key = 9, .by = 1, .names = "mx.dest.example" };
static const struct make SELF = { .cn = "mx.dest.example", .key = 9,
	.names = "mx.dest.example" };

static void
begin(int level)
{
	memset(&w.tls, 0, sizeof(w.tls));
	w.set = (struct settings){ .tls_CAfile = SPAN("/ca.pem"),
	    .tls_fingerprint_digest = SPAN("sha256"),
	    .tls_scert_verifydepth = 9 };
	w.log = (struct log){ .to_stderr = true, .err_level = LOG_INFO };
	w.tls.set = &w.set;
	w.tls.log = &w.log;
	w.site = (struct tls_site){ .nexthop = SPAN("dest.example"),
	    .domain = SPAN("dest.example"),
	    .domain_target = SPAN("dest.example"),
	    .host = SPAN("mx.dest.example"),
	    .asked = SPAN("mx.dest.example"),
	    .target = SPAN("mx.dest.example"), .port = 25 };
	assert_true(ip_parse(SPAN("192.0.2.1"), &w.site.ip));
	memset(&w.policy, 0, sizeof(w.policy));
	w.policy.site = &w.site;
	w.policy.level = level;
	w.policy.match = SPAN("hostname");
	w.stored = w.asked = w.given_n = w.marked = 0;
	w.opened = w.given_rc = RC_OK;
	w.marks = RC_DENY;
	w.tlsa = (struct tlsa_set){ .base = SPAN("mx.dest.example") };
	w.why = BUF(w.why_text);
	chain_start(&w.tls.chain, w.room);
}

static void
send_cert(const struct make *m)
{
	static struct made der;

	make_cert(&der, m);
	make_feed(&w.tls.chain, made_span(&der));
}

static void
trust(const struct make *m)
{
	make_cert(&w.store[w.stored++], m);
}

static void
give(const struct make *m)
{
	make_cert(&w.given[w.given_n], m);
	w.anchor[w.given_n] = (struct anchor){
	    .der = made_span(&w.given[w.given_n]) };
	w.given_n++;
}

static void
give_key(unsigned number)
{
	w.given[w.given_n].n = 0;
	make_spki(&w.given[w.given_n], number);
	w.anchor[w.given_n] = (struct anchor){
	    .spki = made_span(&w.given[w.given_n]) };
	w.given_n++;
}

static enum tls_trust
go(void)
{
	enum tls_trust trust = check_peer(&w.tls, &w.tls.chain, &w.policy,
	    &w.matched, &w.why);

	(void)buf_text(&w.why);
	assert_false(w.why.full);
	if (trust >= TLS_TRUSTED) {
		assert_true(w.matched);
		assert_int_equal(w.why.n, 0);
	} else {
		assert_true(w.why.n > 0);
	}
	return trust;
}

static void
assert_verified(void)
{
	assert_int_equal(go(), TLS_VERIFIED);
}

/* Not what the level demands, with these words among the reason. */
static void
assert_unmatched(const char *words)
{
	assert_int_equal(go(), TLS_UNTRUSTED);
	assert_false(w.matched);
	if (strstr(w.why_text, words) == NULL)
		sim_fail("\"%s\" is not in \"%s\"", words, w.why_text);
}

/* ---- levels ------------------------------------------------------------- */

SIM_TEST(without_a_certificate_it_is_anonymous)
{
	for (int level = LEVEL_MAY; level <= LEVEL_SECURE; level++) {
		begin(level);
		assert_int_equal(go(), TLS_ANONYMOUS);
		assert_int_equal(w.matched, level <= LEVEL_ENCRYPT);
	}
}

SIM_TEST(may_and_encrypt_trust_a_chain_whatever_the_name)
{
	struct make other = LEAF;

	other.cn = other.names = "other.example";
	for (int level = LEVEL_MAY; level <= LEVEL_ENCRYPT; level++) {
		begin(level);
		send_cert(&other);
		trust(&ROOT);
		assert_int_equal(go(), TLS_TRUSTED);
	}
}

SIM_TEST(may_and_encrypt_go_on_without_trust)
{
	struct make gone = LEAF;

	gone.until = SIM_WALL - 1;
	for (int level = LEVEL_MAY; level <= LEVEL_ENCRYPT; level++) {
		begin(level);
		w.set.tls_loglevel = 1;
		send_cert(&gone);
		trust(&ROOT);
		assert_int_equal(go(), TLS_UNTRUSTED);
		assert_true(w.matched);
		assert_string_equal(sim_err(), "");
	}
}

SIM_TEST(where_no_authority_is_named_nobody_is_asked)
{
	begin(LEVEL_MAY);
	w.set.tls_CAfile = SPAN("");
	send_cert(&LEAF);
	trust(&ROOT);
	assert_int_equal(go(), TLS_UNTRUSTED);
	assert_true(w.matched);
	assert_int_equal(w.asked, 0);

	begin(LEVEL_VERIFY);
	w.set.tls_CAfile = SPAN("");
	send_cert(&LEAF);
	assert_unmatched("nobody is trusted");
	assert_int_equal(w.asked, 0);

	begin(LEVEL_VERIFY);
	w.set.tls_CAfile = SPAN("");
	w.set.tls_CApath = SPAN("/certs");
	send_cert(&LEAF);
	trust(&ROOT);
	assert_verified();
}

SIM_TEST(verify_wants_a_chain_and_a_name)
{
	struct make other = LEAF;

	begin(LEVEL_VERIFY);
	send_cert(&LEAF);
	assert_unmatched("the certificate of mx.dest.example (issued by Root) "
	    "has an issuer that we don't know");
	trust(&ROOT);
	assert_verified();

	begin(LEVEL_VERIFY);
	other.cn = other.names = "other.example";
	send_cert(&other);
	trust(&ROOT);
	assert_unmatched("the certificate of other.example (issued by Root) "
	    "bears no name that would do: mx.dest.example");
}

SIM_TEST(anchors_that_can_not_be_opened_verify_nobody)
{
	for (int level = LEVEL_ENCRYPT; level <= LEVEL_SECURE; level++) {
		if (level != LEVEL_ENCRYPT && level < LEVEL_VERIFY)
			continue;
		begin(level);
		w.opened = RC_DENY;
		strcpy(w.tls.anchors.why, "/ca.pem is missing");
		send_cert(&LEAF);
		trust(&ROOT);
		assert_int_equal(go(), TLS_UNTRUSTED);
		assert_string_equal(w.why_text, "/ca.pem is missing");
		assert_int_equal(w.matched, level == LEVEL_ENCRYPT);
	}
}

SIM_TEST(sha1_is_trusted_only_where_trust_decides_nothing)
{
	struct make m = LEAF;

	m.by_sha1 = true;
	for (int level = LEVEL_MAY; level <= LEVEL_SECURE; level++) {
		begin(level);
		send_cert(&m);
		trust(&ROOT);
		w.policy.tlsa = &w.tlsa;
		w.marks = RC_NONE;
		assert_int_equal(go(), level <= LEVEL_ENCRYPT ? TLS_TRUSTED
		    : TLS_UNTRUSTED);
	}
}

SIM_TEST(the_depth_is_a_setting)
{
	struct make m = LEAF;

	m.issuer = "Int";
	m.by = 2;
	begin(LEVEL_VERIFY);
	send_cert(&m);
	send_cert(&INT);
	trust(&ROOT);
	assert_verified();
	w.set.tls_scert_verifydepth = 0;
	assert_unmatched("depth");
}

/* ---- names -------------------------------------------------------------- */

/* Is a certificate of this name good for this list? */
static bool
does(const char *match, const char *name)
{
	struct make m = LEAF;

	m.cn = "nobody";
	m.names = name;
	begin(LEVEL_SECURE);
	sim_note("%s for %s", name, match);
	w.policy.match = span_of(match);
	send_cert(&m);
	trust(&ROOT);
	return go() == TLS_VERIFIED;
}

SIM_TEST(strategies_stand_for_names)
{
	assert_true(does("hostname", "mx.dest.example"));
	assert_true(does("HostName", "MX.Dest.Example"));
	assert_false(does("hostname", "dest.example"));
	assert_true(does("nexthop", "dest.example"));
	assert_false(does("nexthop", "mx.dest.example"));
	assert_true(does("dot-nexthop", "mx.dest.example"));
	assert_true(does("Dot-Nexthop", "a.b.dest.example"));
	assert_false(does("dot-nexthop", "dest.example"));
	assert_false(does("dot-nexthop", "mxdest.example"));
	assert_true(does("other.example", "other.example"));
	assert_true(does(".other.example", "a.other.example"));
	assert_false(does(".other.example", "other.example"));
}

SIM_TEST(lists_of_names_are_divided_by_blanks_commas_and_colons)
{
	assert_true(does("nexthop, dot-nexthop", "mx.dest.example"));
	assert_true(does("nexthop:dot-nexthop", "mx.dest.example"));
	assert_true(does("nexthop other.example", "other.example"));
	assert_true(does("nexthop,:other.example:", "other.example"));
	assert_false(does("nexthop, other.example", "mx.dest.example"));
	assert_non_null(strstr(w.why_text, ": dest.example other.example"));
}

SIM_TEST(an_empty_list_of_names_matches_nobody)
{
	assert_false(does("", "mx.dest.example"));
	assert_non_null(strstr(w.why_text, "no names to match"));
	assert_false(does(" , ", "mx.dest.example"));
}

SIM_TEST(a_name_that_is_too_long_matches_nobody)
{
	static char name[2000];

	memset(name, 'a', sizeof(name) - 1);
	assert_false(does(name, name));
}

/* Is a certificate with these names good for the next hop [192.0.2.1]? */
static bool
does_address(const char *match, const char *cn, const char *ip)
{
	struct make m = LEAF;

	m.cn = cn;
	m.ip = ip;
	m.names = NULL;
	begin(LEVEL_VERIFY);
	w.site.nexthop = SPAN("[192.0.2.1]");
	w.site.domain = w.site.domain_target = w.site.host = w.site.asked =
	    w.site.target = SPAN("192.0.2.1");
	w.site.is_literal = true;
	w.policy.match = span_of(match);
	send_cert(&m);
	trust(&ROOT);
	return go() == TLS_VERIFIED;
}

SIM_TEST(a_next_hop_that_is_an_address_is_matched_as_one)
{
	assert_true(does_address("hostname", "mx", "192.0.2.1"));
	assert_true(does_address("nexthop", "mx", "192.0.2.1"));
	assert_false(does_address("dot-nexthop", "mx", "192.0.2.1"));
	assert_false(does_address("hostname", "mx", "192.0.2.2"));
	assert_false(does_address("hostname", "192.0.2.1", NULL));
	assert_true(does_address("mx.example", "mx.example", "192.0.2.2"));
	assert_false(does_address("mx.example", "mx", "192.0.2.1"));
}

SIM_TEST(a_host_with_a_name_is_not_matched_by_its_address)
{
	struct make m = LEAF;

	m.names = NULL;
	m.cn = "mx";
	m.ip = "192.0.2.1";
	begin(LEVEL_VERIFY);
	send_cert(&m);
	trust(&ROOT);
	assert_unmatched("no name that would do");
}

SIM_TEST(behind_a_unix_socket_the_host_is_ours)
{
	struct make m = LEAF;

	begin(LEVEL_SECURE);
	w.site = (struct tls_site){ .nexthop = SPAN("/run/lmtp"),
	    .host = SPAN("here.example") };
	w.policy.match = SPAN("nexthop");
	w.set.tls_loglevel = 1;
	send_cert(&LEAF);
	trust(&ROOT);
	assert_unmatched(": here.example");
	assert_non_null(strstr(sim_err(), "here.example[/run/lmtp]: "));
	m.names = "here.example";
	chain_start(&w.tls.chain, w.room);
	send_cert(&m);
	assert_verified();
}

/* ---- fingerprints ------------------------------------------------------- */

/* The digest of the leaf's certificate or key, as a list of one. */
static const char *
print(const char *digest, bool of_key, bool with_colons)
{
	static char text[3 * DIGEST_MAX + 1];
	const struct cert *c = &w.tls.chain.link[0].cert;
	unsigned char out[DIGEST_MAX];
	size_t n = digest_of(digest_find(span_of(digest)),
	    of_key ? c->spki : c->der, out);
	struct buf b = BUF(text);

	for (size_t i = 0; i < n; i++)
		buf_fmt(&b, "%s%02x", with_colons && i > 0 ? ":" : "", out[i]);
	return buf_text(&b);
}

static void
begin_print(const char *digest)
{
	begin(LEVEL_FINGERPRINT);
	w.set.tls_fingerprint_digest = span_of(digest);
	send_cert(&LEAF);
}

SIM_TEST(a_fingerprint_of_certificate_or_key_is_enough)
{
	static const char *const digest[] = { "md5", "sha1", "sha256",
	    "sha384", "sha512" };

	for (size_t i = 0; i < COUNT(digest); i++)
		for (unsigned how = 0; how < 4; how++) {
			begin_print(digest[i]);
			w.policy.match = span_of(print(digest[i], how & 1,
			    how & 2));
			assert_verified();
			begin_print(digest[i]);
			w.policy.match = span_of(print(digest[(i + 1) %
			    COUNT(digest)], how & 1, how & 2));
			assert_unmatched("neither the certificate nor its key");
		}
}

SIM_TEST(a_fingerprint_asks_for_no_dates_names_or_issuers)
{
	struct make m = LEAF;

	m.until = SIM_WALL - 1;
	m.names = "other.example";
	m.is_forged = true;
	begin(LEVEL_FINGERPRINT);
	send_cert(&m);
	w.policy.match = span_of(print("sha256", false, true));
	assert_verified();
	assert_int_equal(w.asked, 0);
}

SIM_TEST(a_good_chain_is_no_fingerprint)
{
	begin(LEVEL_FINGERPRINT);
	send_cert(&LEAF);
	trust(&ROOT);
	w.policy.match = SPAN("");
	assert_unmatched("neither");
}

SIM_TEST(fingerprints_are_divided_by_blanks_commas_and_bars)
{
	static char list[512];
	static const char *const around[][2] = { { "00:11, ", "" },
	    { "aa|", "|bb" }, { " ", "\n" }, { "00|11 22,", "" } };

	for (size_t i = 0; i < COUNT(around); i++) {
		begin_print("sha256");
		strcpy(list, around[i][0]);
		strcat(list, print("sha256", false, true));
		strcat(list, around[i][1]);
		w.policy.match = span_of(list);
		assert_verified();
	}
}

SIM_TEST(a_fingerprint_is_all_of_it_and_no_more)
{
	static const char *const tail[] = { "0", ":", ":0", "00", "x" };
	char text[200];

	begin_print("sha256");
	for (size_t i = 0; i < COUNT(tail); i++) {
		strcpy(text, print("sha256", false, true));
		strcat(text, tail[i]);
		w.policy.match = span_of(text);
		assert_unmatched("neither");
	}
	strcpy(text, print("sha256", false, true));
	for (size_t n = strlen(text); n-- > 0;) {
		w.policy.match = (struct span){ text, n };
		assert_int_equal(go(), TLS_UNTRUSTED);
	}
	for (size_t i = 0; i < strlen(text); i++) {
		char c = text[i];

		text[i] = c == 'f' ? '0' : 'f';
		w.policy.match = span_of(text);
		assert_int_equal(go(), TLS_UNTRUSTED);
		text[i] = c;
	}
	text[0] = ':';
	assert_unmatched("neither");
}

SIM_TEST(capitals_are_the_same_fingerprint)
{
	char text[200];

	begin_print("sha256");
	strcpy(text, print("sha256", true, true));
	for (char *p = text; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'f')
			*p = (char)(*p - 'a' + 'A');
	w.policy.match = span_of(text);
	assert_verified();
}

SIM_TEST(an_unknown_digest_matches_nothing)
{
	begin_print("sha256");
	w.policy.match = span_of(print("sha256", false, true));
	w.set.tls_fingerprint_digest = SPAN("md6");
	w.set.tls_loglevel = 2;
	assert_unmatched("neither");
}

SIM_TEST(a_malformed_certificate_has_a_fingerprint_and_no_more)
{
	begin(LEVEL_FINGERPRINT);
	make_feed(&w.tls.chain, SPAN("nonsense"));
	w.policy.match = span_of(print("sha256", false, true));
	assert_verified();
	w.policy.match = span_of(print("sha256", true, true));
	assert_unmatched("neither");
	w.policy.level = LEVEL_VERIFY;
	assert_unmatched("malformed");
	w.policy.level = LEVEL_MAY;
	assert_int_equal(go(), TLS_UNTRUSTED);
	assert_true(w.matched);
}

/* ---- trust anchor files ------------------------------------------------- */

static void
begin_tafile(void)
{
	begin(LEVEL_VERIFY);
	w.policy.tafile = SPAN("/ta.pem");
}

SIM_TEST(trust_anchor_files_alone_are_trusted)
{
	begin_tafile();
	send_cert(&LEAF);
	trust(&ROOT);
	assert_unmatched("issuer that we don't know");
	give(&INT);
	give(&ROOT);
	assert_verified();
	assert_int_equal(w.asked, 0);
}

SIM_TEST(an_anchor_of_a_file_may_stand_anywhere)
{
	struct make m = LEAF;

	m.issuer = "Int";
	m.by = 2;
	for (unsigned sent = 0; sent < 2; sent++) {
		begin_tafile();
		send_cert(&m);
		if (sent)
			send_cert(&INT);
		give(&INT);
		assert_verified();
	}
	begin_tafile();
	send_cert(&m);
	give(&m);
	assert_unmatched("issuer that we don't know");
}

SIM_TEST(a_file_may_hold_a_server_that_signed_itself)
{
	begin_tafile();
	send_cert(&SELF);
	assert_unmatched("no issuer but itself");
	give(&SELF);
	assert_verified();
	w.policy.match = SPAN("other.example");
	assert_unmatched("no name that would do");
}

SIM_TEST(a_file_may_hold_bare_keys)
{
	begin_tafile();
	send_cert(&LEAF);
	give_key(2);
	assert_unmatched("its issuer did not sign it");
	begin_tafile();
	send_cert(&LEAF);
	give_key(2);
	give_key(1);
	assert_verified();
}

SIM_TEST(files_that_can_not_be_used_say_so)
{
	begin_tafile();
	send_cert(&LEAF);
	w.given_rc = RC_DENY;
	assert_unmatched("/ta.pem has no trust anchor");
	begin_tafile();
	send_cert(&LEAF);
	for (unsigned i = 0; i <= CHAIN_KEYS_MAX; i++)
		give_key(10 + i);
	assert_unmatched("too many trust anchors: /ta.pem");
}

/* ---- dane --------------------------------------------------------------- */

static void
begin_dane(enum rc marks)
{
	begin(LEVEL_DANE);
	w.policy.tlsa = &w.tlsa;
	w.marks = marks;
	w.set.tls_CAfile = SPAN("");
}

SIM_TEST(tlsa_of_the_leaf_is_all_that_dane_wants)
{
	struct make m = LEAF;

	m.names = "other.example";
	m.until = SIM_WALL - 1;
	for (int level = LEVEL_DANE; level <= LEVEL_DANE_ONLY; level++) {
		begin_dane(RC_OK);
		w.policy.level = level;
		send_cert(&m);
		assert_verified();
		w.policy.half_dane = true;
		assert_int_equal(go(), TLS_TRUSTED);
	}
}

SIM_TEST(tlsa_that_does_not_fit_is_refused)
{
	begin_dane(RC_DENY);
	send_cert(&LEAF);
	trust(&ROOT);
	w.set.tls_CAfile = SPAN("/ca.pem");
	assert_unmatched("no TLSA record fits");
	w.policy.half_dane = true;
	assert_unmatched("no TLSA record fits");
	w.policy.tlsa = NULL;
	assert_unmatched("no TLSA records");
}

/* Names of the host, and of the domain before and after its aliases. */
SIM_TEST(tlsa_of_an_issuer_wants_a_path_and_a_name)
{
	static const char *const names[] = { "base.example", "dest.example",
	    "target.example", "mx.dest.example", "a.dest.example" };
	struct make m = LEAF;

	for (size_t i = 0; i < COUNT(names); i++) {
		begin_dane(RC_NONE);
		sim_note("%s", names[i]);
		w.tlsa.base = SPAN("base.example");
		w.site.domain_target = SPAN("target.example");
		m.cn = m.names = names[i];
		send_cert(&m);
		send_cert(&ROOT);
		w.marked = 1;
		if (i < 3)
			assert_verified();
		else
			assert_unmatched("neither of the host nor of the "
			    "domain: base.example");
	}
}

SIM_TEST(tlsa_of_an_issuer_wants_dates)
{
	struct make m = LEAF;

	m.until = SIM_WALL - 1;
	begin_dane(RC_NONE);
	send_cert(&m);
	send_cert(&ROOT);
	w.marked = 1;
	assert_unmatched("expired");
}

/* Whatever CAfile has: only the zone's word counts here. */
SIM_TEST(tlsa_of_an_issuer_asks_no_other_authority)
{
	begin_dane(RC_NONE);
	w.set.tls_CAfile = SPAN("/ca.pem");
	trust(&ROOT);
	send_cert(&LEAF);
	send_cert(&INT);
	w.marked = 1;
	assert_unmatched("issuer that we don't know");
	assert_int_equal(w.asked, 0);
}

SIM_TEST(the_leaf_is_no_issuer_of_its_own_to_tlsa)
{
	begin_dane(RC_NONE);
	send_cert(&SELF);
	w.marked = 0;
	assert_unmatched("no issuer but itself");
}

/* ---- a wrong clock ------------------------------------------------------ */

SIM_TEST(under_a_wrong_clock_no_dates_are_believed)
{
	for (int level = LEVEL_MAY; level <= LEVEL_SECURE; level++) {
		begin(level);
		sim_begin();
		sim_wall_jump(SIM_BUILT - SIM_WALL - 1);
		send_cert(&LEAF);
		trust(&ROOT);
		w.policy.match = SPAN("hostname");
		w.policy.tlsa = &w.tlsa;
		w.marks = RC_NONE;
		assert_int_equal(go(), TLS_UNTRUSTED);
		if (level == LEVEL_FINGERPRINT)
			continue;
		assert_int_equal(w.matched, level <= LEVEL_ENCRYPT);
		assert_non_null(strstr(w.why_text, "clock of this machine"));
		assert_non_null(strstr(w.why_text, "30 Nov 2025"));
	}
}

SIM_TEST(under_a_wrong_clock_what_needs_no_dates_goes_on)
{
	sim_wall_jump(-SIM_WALL);
	begin_dane(RC_OK);
	send_cert(&LEAF);
	assert_verified();
	begin_print("sha256");
	w.policy.match = span_of(print("sha256", true, false));
	assert_verified();
}

SIM_TEST(a_clock_at_the_date_of_the_program_is_believed)
{
	sim_wall_jump(SIM_BUILT - SIM_WALL);
	begin(LEVEL_VERIFY);
	send_cert(&LEAF);
	trust(&ROOT);
	assert_verified();
}

/* ---- the log ------------------------------------------------------------ */

SIM_TEST(at_level_1_the_log_has_what_was_wrong)
{
	begin(LEVEL_VERIFY);
	send_cert(&LEAF);
	assert_unmatched("");
	assert_string_equal(sim_err(), "");
	w.set.tls_loglevel = 1;
	assert_unmatched("");
	assert_non_null(strstr(sim_err(), "mx.dest.example[192.0.2.1]:25: "
	    "certificate verification failed: the certificate of "
	    "mx.dest.example (issued by Root) has an issuer"));
}

SIM_TEST(what_would_have_been_listed_is_in_the_log)
{
	char text[200];

	begin_print("sha256");
	strcpy(text, print("sha256", true, true));
	for (char *p = text; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'f')
			*p = (char)(*p - 'a' + 'A');
	for (int level = 0; level <= 2; level++) {
		sim_begin();
		w.set.tls_loglevel = level;
		assert_unmatched("neither");
		assert_int_equal(strstr(sim_err(), text) != NULL, level > 0);
	}
}

SIM_TEST(at_level_2_the_log_has_the_name_and_the_fingerprints)
{
	begin(LEVEL_VERIFY);
	w.set.tls_loglevel = 2;
	send_cert(&LEAF);
	trust(&ROOT);
	assert_verified();
	assert_non_null(strstr(sim_err(), "bears the name mx.dest.example"));
	assert_non_null(strstr(sim_err(), "fingerprint of the certificate: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(without_a_certificate_it_is_anonymous),
		SIM_RUN(may_and_encrypt_trust_a_chain_whatever_the_name),
		SIM_RUN(may_and_encrypt_go_on_without_trust),
		SIM_RUN(where_no_authority_is_named_nobody_is_asked),
		SIM_RUN(verify_wants_a_chain_and_a_name),
		SIM_RUN(anchors_that_can_not_be_opened_verify_nobody),
		SIM_RUN(sha1_is_trusted_only_where_trust_decides_nothing),
		SIM_RUN(the_depth_is_a_setting),
		SIM_RUN(strategies_stand_for_names),
		SIM_RUN(lists_of_names_are_divided_by_blanks_commas_and_colons),
		SIM_RUN(an_empty_list_of_names_matches_nobody),
		SIM_RUN(a_name_that_is_too_long_matches_nobody),
		SIM_RUN(a_next_hop_that_is_an_address_is_matched_as_one),
		SIM_RUN(a_host_with_a_name_is_not_matched_by_its_address),
		SIM_RUN(behind_a_unix_socket_the_host_is_ours),
		SIM_RUN(a_fingerprint_of_certificate_or_key_is_enough),
		SIM_RUN(a_fingerprint_asks_for_no_dates_names_or_issuers),
		SIM_RUN(a_good_chain_is_no_fingerprint),
		SIM_RUN(fingerprints_are_divided_by_blanks_commas_and_bars),
		SIM_RUN(a_fingerprint_is_all_of_it_and_no_more),
		SIM_RUN(capitals_are_the_same_fingerprint),
		SIM_RUN(an_unknown_digest_matches_nothing),
		SIM_RUN(a_malformed_certificate_has_a_fingerprint_and_no_more),
		SIM_RUN(trust_anchor_files_alone_are_trusted),
		SIM_RUN(an_anchor_of_a_file_may_stand_anywhere),
		SIM_RUN(a_file_may_hold_a_server_that_signed_itself),
		SIM_RUN(a_file_may_hold_bare_keys),
		SIM_RUN(files_that_can_not_be_used_say_so),
		SIM_RUN(tlsa_of_the_leaf_is_all_that_dane_wants),
		SIM_RUN(tlsa_that_does_not_fit_is_refused),
		SIM_RUN(tlsa_of_an_issuer_wants_a_path_and_a_name),
		SIM_RUN(tlsa_of_an_issuer_wants_dates),
		SIM_RUN(tlsa_of_an_issuer_asks_no_other_authority),
		SIM_RUN(the_leaf_is_no_issuer_of_its_own_to_tlsa),
		SIM_RUN(under_a_wrong_clock_no_dates_are_believed),
		SIM_RUN(under_a_wrong_clock_what_needs_no_dates_goes_on),
		SIM_RUN(a_clock_at_the_date_of_the_program_is_believed),
		SIM_RUN(at_level_1_the_log_has_what_was_wrong),
		SIM_RUN(what_would_have_been_listed_is_in_the_log),
		SIM_RUN(at_level_2_the_log_has_the_name_and_the_fingerprints),
	};

	return sim_main(tests, COUNT(tests));
}
