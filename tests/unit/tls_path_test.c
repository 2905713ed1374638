/*
 * tls_path_test.c - which chains lead to an anchor, and why others don't.
 */
#include "tls_signed.h"

#define STORE_MAX	64

static struct {
	struct chain chain;
	struct path_want want;
	struct made store[STORE_MAX];
	size_t stored;
	size_t asked;			/* calls of anchors_find() */
	enum rc broken;			/* what it says instead */
	struct buf why;
	char why_text[512];
	_Alignas(16) char room[CHAIN_BYTES_MAX];
	_Alignas(16) char anchors[sizeof(struct anchors)];
} w;

/* The store of these tests, in place of CAfile. */
enum rc
anchors_find(struct anchors *s, struct span subject, size_t *at,
	struct arena *a, struct span *der)
{
	struct cert c;

	assert_ptr_equal(s, w.anchors);
	w.asked++;
	if (w.broken != RC_OK)
		return w.broken;
	while (*at < w.stored) {
		assert_int_equal(cert_read(made_span(&w.store[*at]), &c),
		    RC_OK);
		++*at;
		if (cert_dn_eq(c.subject, subject))
			return arena_copy(a, c.der, der);
	}
	return RC_NONE;
}

static const struct make ROOT = { .cn = "Root", .key = 1, .is_ca = true,
	.usage = MAKE_CERTS };
static const struct make INT = { .cn = "Int", .issuer = "Root", .key = 2,
	.by = 1, .is_ca = true, .usage = MAKE_CERTS };
static const struct make INT2 = { .cn = "Int2", .issuer = "Int", .key = 3,
	.by = 2, .is_ca = true };
static const struct make LEAF = { .cn = "mx.example", .issuer = "Int",
	.key = 9, .by = 2, .names = "mx.example" };
static const struct make LEAF_OF_ROOT = { .cn = "mx.example",
	.issuer = "Root", .key = 9, .by = 1, .names = "mx.example" };
static const struct make LEAF_OF_INT2 = { .cn = "mx.example",
	.issuer = "Int2", .key = 9, .by = 3, .names = "mx.example" };
static const struct make SELF = { .cn = "mx.example", .key = 9 };

static void
begin(void)
{
	chain_start(&w.chain, w.room);
	w.want = (struct path_want){ .anchors = (void *)w.anchors,
	    .now = SIM_WALL, .depth = 9 };
	w.stored = w.asked = 0;
	w.broken = RC_OK;
	w.why = BUF(w.why_text);
}

static void
send_cert(const struct make *m)
{
	static struct made der;

	make_cert(&der, m);
	make_feed(&w.chain, made_span(&der));
}

static void
trust(const struct make *m)
{
	assert_true(w.stored < STORE_MAX);
	make_cert(&w.store[w.stored++], m);
}

static enum rc
go(void)
{
	enum rc rc = path_find(&w.chain, &w.want, &w.why);

	(void)buf_text(&w.why);
	assert_false(w.why.full);
	assert_true((rc == RC_OK) == (w.why.n == 0));
	return rc;
}

/* Denied, with these words among the reason. */
static void
assert_denied(const char *words)
{
	assert_int_equal(go(), RC_DENY);
	if (strstr(w.why_text, words) == NULL)
		sim_fail("\"%s\" is not in \"%s\"", words, w.why_text);
}

/* ---- what leads there --------------------------------------------------- */

SIM_TEST(a_leaf_signed_by_a_root_is_trusted)
{
	begin();
	send_cert(&LEAF_OF_ROOT);
	trust(&ROOT);
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(an_intermediate_leads_to_the_root)
{
	begin();
	send_cert(&LEAF);
	send_cert(&INT);
	trust(&ROOT);
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(order_and_strangers_do_not_matter)
{
	struct make odd = ROOT;

	odd.cn = "Odd";
	odd.key = 7;
	begin();
	send_cert(&LEAF_OF_INT2);
	send_cert(&ROOT);
	send_cert(&odd);
	send_cert(&INT);
	send_cert(&LEAF_OF_INT2);
	send_cert(&INT2);
	trust(&odd);
	trust(&ROOT);
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(an_intermediate_may_come_from_the_store)
{
	begin();
	send_cert(&LEAF);
	trust(&INT);
	trust(&ROOT);
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(a_missing_intermediate_is_not_trusted)
{
	begin();
	send_cert(&LEAF);
	trust(&ROOT);
	assert_denied("the certificate of mx.example (issued by Int) has an "
	    "issuer that we don't know");
}

SIM_TEST(an_intermediate_in_the_store_is_no_anchor)
{
	begin();
	send_cert(&LEAF);
	send_cert(&INT);
	trust(&INT);
	assert_denied("the certificate of Int (issued by Root) has an issuer "
	    "that we don't know");
}

SIM_TEST(a_root_that_was_only_sent_is_no_anchor)
{
	struct make other = ROOT;

	begin();
	send_cert(&LEAF);
	send_cert(&INT);
	send_cert(&ROOT);
	assert_denied("the certificate of Root (issued by Root) has no issuer "
	    "but itself");
	other.key = 8;
	trust(&other);
	assert_int_equal(go(), RC_DENY);
	trust(&ROOT);
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(a_self_signed_leaf_must_be_in_the_store)
{
	begin();
	send_cert(&SELF);
	assert_denied("has no issuer but itself");
	trust(&SELF);
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(a_leaf_in_the_store_that_others_signed_is_no_anchor)
{
	begin();
	send_cert(&LEAF);
	trust(&LEAF);
	assert_int_equal(go(), RC_DENY);
}

SIM_TEST(without_a_store_only_the_chain_counts)
{
	begin();
	send_cert(&LEAF);
	send_cert(&INT);
	trust(&ROOT);
	w.want.anchors = NULL;
	assert_denied("issuer that we don't know");
	w.chain.link[1].is_anchor = true;
	assert_int_equal(go(), RC_OK);
	assert_int_equal(w.asked, 0);
}

SIM_TEST(an_anchor_needs_no_issuer_of_its_own)
{
	struct make next = LEAF_OF_INT2;
	struct chain_link *l;
	struct made der;

	begin();
	send_cert(&next);
	w.want.anchors = NULL;
	make_cert(&der, &INT2);
	assert_int_equal(chain_add(&w.chain, made_span(&der), &l), RC_OK);
	assert_int_equal(go(), RC_DENY);
	l->is_anchor = true;
	assert_int_equal(go(), RC_OK);
}

/* TLSA usage 2 says "an issuer"; a trust anchor file may say more. */
SIM_TEST(the_leaf_is_its_own_anchor_only_if_told_so)
{
	begin();
	send_cert(&SELF);
	w.want.anchors = NULL;
	w.chain.link[0].is_anchor = true;
	assert_int_equal(go(), RC_DENY);
	w.chain.link[0].is_leaf_anchor = true;
	assert_int_equal(go(), RC_OK);
	w.want.now = SIM_WALL + 2 * 365 * (DAY / SECOND);
	assert_denied("has expired");
}

/* ---- bare keys ---------------------------------------------------------- */

static void
trust_key(unsigned number)
{
	static struct made spki[CHAIN_KEYS_MAX];

	spki[w.chain.keys].n = 0;
	make_spki(&spki[w.chain.keys], number);
	w.chain.key[w.chain.keys] = made_span(&spki[w.chain.keys]);
	w.chain.keys++;
}

SIM_TEST(a_bare_key_may_have_signed_any_of_them)
{
	for (unsigned number = 1; number <= 4; number++) {
		begin();
		w.want.anchors = NULL;
		send_cert(&LEAF_OF_INT2);
		send_cert(&INT);
		send_cert(&INT2);
		trust_key(7);
		trust_key(number);
		/* 1: the root's, 2 and 3: of intermediates, 4: nobody's */
		assert_int_equal(go(), number < 4 ? RC_OK : RC_DENY);
	}
}

SIM_TEST(a_bare_key_needs_no_certificate_of_its_own)
{
	begin();
	w.want.anchors = NULL;
	send_cert(&LEAF);
	trust_key(2);
	assert_int_equal(go(), RC_OK);
}

/* ---- dates -------------------------------------------------------------- */

/* Leaf, Int, Root with one of them changed; RC of the search. */
static enum rc
changed(unsigned which, void (*change)(struct make *m))
{
	struct make m[] = { LEAF, INT, ROOT };

	change(&m[which]);
	begin();
	sim_note("certificate %u is changed", which);
	send_cert(&m[0]);
	send_cert(&m[1]);
	trust(&m[2]);
	return go();
}

static void
expire(struct make *m)
{
	m->until = SIM_WALL - 1;
}

static void
end_now(struct make *m)
{
	m->until = SIM_WALL;
}

static void
postpone(struct make *m)
{
	m->from = SIM_WALL + 1;
}

static void
begin_now(struct make *m)
{
	m->from = SIM_WALL;
}

SIM_TEST(dates_of_all_of_them_count_to_the_second)
{
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(changed(i, expire), RC_DENY);
		assert_non_null(strstr(w.why_text, "has expired"));
		assert_non_null(strstr(w.why_text, i == 0 ? "of mx.example"
		    : i == 1 ? "of Int" : "of Root"));
		assert_int_equal(changed(i, end_now), RC_OK);
		assert_int_equal(changed(i, postpone), RC_DENY);
		assert_non_null(strstr(w.why_text, "is not valid yet"));
		assert_int_equal(changed(i, begin_now), RC_OK);
	}
}

/* ---- authorities -------------------------------------------------------- */

static void
no_ca(struct make *m)
{
	m->is_ca = false;
}

static void
sign_no_certs(struct make *m)
{
	m->usage = MAKE_SIGN | MAKE_CRLS;
}

static void
no_usage(struct make *m)
{
	m->usage = 0;
}

SIM_TEST(issuers_must_be_authorities)
{
	for (unsigned i = 1; i < 3; i++) {
		assert_int_equal(changed(i, no_ca), RC_DENY);
		assert_non_null(strstr(w.why_text, "not one of an authority"));
		assert_int_equal(changed(i, sign_no_certs), RC_DENY);
		assert_non_null(strstr(w.why_text, "may not sign"));
		assert_int_equal(changed(i, no_usage), RC_OK);
	}
	assert_int_equal(changed(0, no_ca), RC_OK);
}

static void
old(struct make *m)
{
	m->is_v1 = true;
}

SIM_TEST(of_version_1_only_anchors_are_authorities)
{
	assert_int_equal(changed(0, old), RC_OK);
	assert_int_equal(changed(1, old), RC_DENY);
	assert_int_equal(changed(2, old), RC_OK);
}

static void
limit_0(struct make *m)
{
	m->has_limit = true;
}

static void
limit_1(struct make *m)
{
	m->has_limit = true;
	m->limit = 1;
}

SIM_TEST(path_lengths_are_kept)
{
	assert_int_equal(changed(1, limit_0), RC_OK);
	assert_int_equal(changed(2, limit_1), RC_OK);
	assert_int_equal(changed(2, limit_0), RC_DENY);
	assert_non_null(strstr(w.why_text, "so many authorities"));
}

SIM_TEST(one_that_issued_to_itself_counts_for_no_path_length)
{
	struct make root = ROOT, same = INT, leaf = LEAF;

	/* Int has a new key, signed by the old one. */
	same.issuer = "Int";
	same.by = 2;
	same.key = 5;
	leaf.by = 5;
	root.has_limit = true;
	root.limit = 1;
	begin();
	send_cert(&leaf);
	send_cert(&same);
	send_cert(&INT);
	trust(&root);
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(depth_counts_what_stands_between_leaf_and_anchor)
{
	for (int depth = 0; depth < 4; depth++) {
		begin();
		w.want.depth = depth;
		send_cert(&LEAF_OF_INT2);
		send_cert(&INT2);
		send_cert(&INT);
		trust(&ROOT);
		assert_int_equal(go(), depth < 2 ? RC_DENY : RC_OK);
		if (depth < 2)
			assert_non_null(strstr(w.why_text, "beyond the depth"));
	}
	begin();
	w.want.depth = 0;
	send_cert(&LEAF_OF_ROOT);
	trust(&ROOT);
	assert_int_equal(go(), RC_OK);
}

/* ---- purposes, extensions, names ---------------------------------------- */

static void
for_clients(struct make *m)
{
	m->purpose = "client";
}

static void
for_servers(struct make *m)
{
	m->purpose = "server";
}

static void
odd(struct make *m)
{
	m->is_odd = true;
}

SIM_TEST(purposes_and_odd_extensions_of_all_of_them_count)
{
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(changed(i, for_servers), RC_OK);
		assert_int_equal(changed(i, for_clients), RC_DENY);
		assert_non_null(strstr(w.why_text, "not meant for servers"));
		assert_int_equal(changed(i, odd), RC_DENY);
		assert_non_null(strstr(w.why_text, "not understood"));
	}
}

static void
agree(struct make *m)
{
	m->usage = 0x08;
}

static void
sign_only_lists(struct make *m)
{
	m->usage = MAKE_CRLS;
}

SIM_TEST(the_key_of_the_leaf_must_be_good_for_tls)
{
	assert_int_equal(changed(0, agree), RC_OK);
	assert_int_equal(changed(0, sign_only_lists), RC_DENY);
	assert_non_null(strstr(w.why_text, "not meant for TLS"));
}

static void
only_example(struct make *m)
{
	m->permitted = "example";
}

static void
only_other(struct make *m)
{
	m->permitted = "other.example";
}

SIM_TEST(constraints_on_names_hold_for_all_below)
{
	for (unsigned i = 1; i < 3; i++) {
		assert_int_equal(changed(i, only_example), RC_OK);
		assert_int_equal(changed(i, only_other), RC_DENY);
		assert_non_null(strstr(w.why_text, "names below it"));
	}
}

/* It bears a name of its own, which only the leaf may not. */
SIM_TEST(constraints_hold_for_no_authority_that_issued_to_itself)
{
	struct make root = ROOT, same = INT, leaf = LEAF;

	same.issuer = "Int";
	same.by = 2;
	same.key = 5;
	same.names = "elsewhere.test";
	leaf.by = 5;
	root.permitted = "example";
	begin();
	send_cert(&leaf);
	send_cert(&same);
	send_cert(&INT);
	trust(&root);
	assert_int_equal(go(), RC_OK);
	leaf.names = "elsewhere.test";
	begin();
	send_cert(&leaf);
	send_cert(&same);
	send_cert(&INT);
	trust(&root);
	assert_int_equal(go(), RC_DENY);
}

/* Far more names and constraints than anybody has are not compared. */
SIM_TEST(work_on_names_is_bounded)
{
	static char names[25000];
	struct make leaf = LEAF, ca = INT;

	memset(names, 'a', sizeof(names) - 1);
	for (size_t i = 2; i < 11000; i += 3)
		names[i] = ' ';
	names[11000] = '\0';
	leaf.names = names;
	ca.permitted = names + 11001;
	begin();
	send_cert(&leaf);
	for (ca.key = 2; ca.key < 4; ca.key++)
		send_cert(&ca);
	trust(&ROOT);
	assert_int_equal(go(), RC_FULL);
	assert_non_null(strstr(w.why_text, "more certificates than we"));
}

/* ---- signatures --------------------------------------------------------- */

static void
forge(struct make *m)
{
	m->is_forged = true;
}

static void
sha1(struct make *m)
{
	m->by_sha1 = true;
}

SIM_TEST(every_signature_is_checked)
{
	assert_int_equal(changed(0, forge), RC_DENY);
	assert_int_equal(changed(1, forge), RC_DENY);
	/* The anchor's own proves nothing. */
	assert_int_equal(changed(2, forge), RC_OK);
}

SIM_TEST(sha1_proves_nothing_but_where_nothing_is_asked)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(changed(i, sha1), RC_DENY);
		assert_non_null(strstr(w.why_text, "SHA-1"));
		w.want.sha1_will_do = true;
		assert_int_equal(go(), RC_OK);
	}
	assert_int_equal(changed(2, sha1), RC_OK);
}

SIM_TEST(of_two_with_one_name_the_one_that_signed_counts)
{
	struct make other = ROOT;

	for (unsigned i = 0; i < 2; i++) {
		other.key = 5;
		begin();
		send_cert(&LEAF_OF_ROOT);
		trust(i == 0 ? &ROOT : &other);
		trust(i == 0 ? &other : &ROOT);
		assert_int_equal(go(), RC_OK);
	}
}

/* The first way leads to a root that has expired, the second does not. */
SIM_TEST(a_cross_signed_authority_is_followed_both_ways)
{
	struct make gone = ROOT, cross = INT;

	for (unsigned i = 0; i < 2; i++) {
		begin();
		gone.cn = "Gone";
		gone.key = 6;
		gone.until = SIM_WALL - 1;
		cross.issuer = "Gone";
		cross.by = 6;
		send_cert(&LEAF);
		send_cert(i == 0 ? &cross : &INT);
		send_cert(i == 0 ? &INT : &cross);
		trust(&gone);
		assert_denied("expired");
		trust(&ROOT);
		assert_int_equal(go(), RC_OK);
	}
}

/* ---- bounds ------------------------------------------------------------- */

SIM_TEST(a_circle_of_authorities_ends)
{
	struct make a = INT, b = INT2;

	a.issuer = "Int2";
	a.by = 3;
	begin();
	send_cert(&LEAF);
	send_cert(&a);
	send_cert(&b);
	trust(&ROOT);
	assert_int_equal(go(), RC_DENY);
}

/* All of one name and key: 15! ways, and none of them arrives. */
SIM_TEST(the_number_of_signatures_is_bounded)
{
	struct make m = INT;

	m.issuer = "Int";
	m.by = 2;
	begin();
	send_cert(&LEAF);
	for (int i = 1; i < CHAIN_SENT_MAX; i++) {
		m.until = SIM_WALL + 1000 * i;
		send_cert(&m);
	}
	trust(&ROOT);
	assert_int_equal(w.chain.n, CHAIN_SENT_MAX);
	assert_int_equal(go(), RC_FULL);
	assert_int_equal(w.asked, 1);
}

/*
 * Each of three takes 16 keys that did not sign it and an issuer that did; of
 * the fourth, the 13th key is the 64th signature.
 */
SIM_TEST(so_many_signatures_are_tried_and_no_more)
{
	struct make leaf = LEAF, third = INT2;

	leaf.issuer = "Int3";
	leaf.by = 4;
	third.cn = "Int3";
	third.issuer = "Int2";
	third.key = 4;
	third.by = 3;
	for (unsigned good = 13; good <= 14; good++) {
		begin();
		w.want.anchors = NULL;
		send_cert(&leaf);
		send_cert(&third);
		send_cert(&INT2);
		send_cert(&INT);
		for (unsigned i = 1; i <= CHAIN_KEYS_MAX; i++)
			trust_key(i == good ? 1 : 100 + i);
		assert_int_equal(go(), good == 13 ? RC_OK : RC_FULL);
	}
}

SIM_TEST(more_of_one_name_than_have_room_are_said)
{
	struct make m = ROOT;

	begin();
	send_cert(&LEAF_OF_ROOT);
	for (m.key = 100; m.key < 100 + CHAIN_LINKS_MAX; m.key++)
		trust(&m);
	trust(&ROOT);
	assert_int_equal(go(), RC_FULL);
	assert_int_equal(w.chain.n, CHAIN_LINKS_MAX);

	/* Among those that have room it is found. */
	begin();
	send_cert(&LEAF_OF_ROOT);
	trust(&ROOT);
	for (m.key = 100; m.key < 100 + CHAIN_LINKS_MAX; m.key++)
		trust(&m);
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(a_store_is_asked_once_for_each_name)
{
	struct make twin = INT;

	twin.key = 5;
	begin();
	send_cert(&LEAF);
	send_cert(&INT);
	send_cert(&twin);
	assert_denied("that we don't know");
	assert_int_equal(w.asked, 2);
}

SIM_TEST(a_store_that_can_not_be_read_is_said)
{
	begin();
	send_cert(&LEAF_OF_ROOT);
	trust(&ROOT);
	w.broken = RC_OS;
	assert_denied("can't be read now");
	w.broken = RC_FULL;
	assert_int_equal(go(), RC_FULL);
	w.broken = RC_OK;
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(what_was_left_out_is_said)
{
	begin();
	send_cert(&LEAF);
	w.chain.is_cut = true;
	trust(&ROOT);
	assert_int_equal(go(), RC_FULL);
	send_cert(&INT);
	assert_int_equal(go(), RC_OK);
}

SIM_TEST(a_store_takes_no_room_for_what_is_there)
{
	size_t used;

	begin();
	send_cert(&LEAF);
	send_cert(&INT);
	send_cert(&ROOT);
	trust(&ROOT);
	used = w.chain.arena.used;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(go(), RC_OK);
	assert_int_equal(w.chain.arena.used, used);
	assert_int_equal(w.chain.n, 3);
}

SIM_TEST(a_malformed_leaf_is_not_trusted)
{
	begin();
	assert_denied("no certificate");
	make_feed(&w.chain, SPAN("0\1\1"));
	w.chain.link[0].is_leaf_anchor = true;
	assert_denied("malformed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_leaf_signed_by_a_root_is_trusted),
		SIM_RUN(an_intermediate_leads_to_the_root),
		SIM_RUN(order_and_strangers_do_not_matter),
		SIM_RUN(an_intermediate_may_come_from_the_store),
		SIM_RUN(a_missing_intermediate_is_not_trusted),
		SIM_RUN(an_intermediate_in_the_store_is_no_anchor),
		SIM_RUN(a_root_that_was_only_sent_is_no_anchor),
		SIM_RUN(a_self_signed_leaf_must_be_in_the_store),
		SIM_RUN(a_leaf_in_the_store_that_others_signed_is_no_anchor),
		SIM_RUN(without_a_store_only_the_chain_counts),
		SIM_RUN(an_anchor_needs_no_issuer_of_its_own),
		SIM_RUN(the_leaf_is_its_own_anchor_only_if_told_so),
		SIM_RUN(a_bare_key_may_have_signed_any_of_them),
		SIM_RUN(a_bare_key_needs_no_certificate_of_its_own),
		SIM_RUN(dates_of_all_of_them_count_to_the_second),
		SIM_RUN(issuers_must_be_authorities),
		SIM_RUN(of_version_1_only_anchors_are_authorities),
		SIM_RUN(path_lengths_are_kept),
		SIM_RUN(one_that_issued_to_itself_counts_for_no_path_length),
		SIM_RUN(depth_counts_what_stands_between_leaf_and_anchor),
		SIM_RUN(purposes_and_odd_extensions_of_all_of_them_count),
		SIM_RUN(the_key_of_the_leaf_must_be_good_for_tls),
		SIM_RUN(constraints_on_names_hold_for_all_below),
		SIM_RUN(
		    constraints_hold_for_no_authority_that_issued_to_itself),
		SIM_RUN(work_on_names_is_bounded),
		SIM_RUN(every_signature_is_checked),
		SIM_RUN(sha1_proves_nothing_but_where_nothing_is_asked),
		SIM_RUN(of_two_with_one_name_the_one_that_signed_counts),
		SIM_RUN(a_cross_signed_authority_is_followed_both_ways),
		SIM_RUN(a_circle_of_authorities_ends),
		SIM_RUN(the_number_of_signatures_is_bounded),
		SIM_RUN(so_many_signatures_are_tried_and_no_more),
		SIM_RUN(more_of_one_name_than_have_room_are_said),
		SIM_RUN(a_store_is_asked_once_for_each_name),
		SIM_RUN(a_store_that_can_not_be_read_is_said),
		SIM_RUN(what_was_left_out_is_said),
		SIM_RUN(a_store_takes_no_room_for_what_is_there),
		SIM_RUN(a_malformed_leaf_is_not_trusted),
	};

	return sim_main(tests, COUNT(tests));
}
