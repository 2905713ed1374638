/*
 * tls_chain_test.c - certificates as they come in with a handshake.
 */
#include "tls_signed.h"

static struct {
	struct chain chain;
	_Alignas(16) char room[CHAIN_BYTES_MAX];
	struct made leaf, ca;
} w;

static const struct make LEAF = { .cn = "mx.example", .issuer = "CA",
	.key = 1, .by = 2, .names = "mx.example" };
static const struct make CA = { .cn = "CA", .key = 2, .is_ca = true };

static void
begin(void)
{
	make_cert(&w.leaf, &LEAF);
	make_cert(&w.ca, &CA);
	chain_start(&w.chain, w.room);
	w.chain.vtable->start_chain(&w.chain.vtable, "mx.example");
}

static void
feed(const struct made *m)
{
	make_feed(&w.chain, made_span(m));
}

static unsigned
end(void)
{
	return w.chain.vtable->end_chain(&w.chain.vtable);
}

static const br_x509_pkey *
key(unsigned *usages)
{
	const br_x509_class *const *ctx = &w.chain.vtable;

	return w.chain.vtable->get_pkey(ctx, usages);
}

/* A certificate of so many octets, whatever is in it. */
static void
feed_octets(size_t n)
{
	static char octets[2 * CHAIN_BYTES_MAX];
	static char number;

	octets[0] = ++number;
	make_feed(&w.chain, (struct span){ octets, n });
}

SIM_TEST(certificates_are_kept_as_they_came)
{
	begin();
	feed(&w.leaf);
	feed(&w.ca);
	assert_int_equal(end(), 0);
	assert_int_equal(w.chain.n, 2);
	assert_true(span_eq(w.chain.link[0].cert.der, made_span(&w.leaf)));
	assert_true(span_eq(w.chain.link[1].cert.der, made_span(&w.ca)));
	for (size_t i = 0; i < 2; i++) {
		assert_true(w.chain.link[i].is_readable);
		assert_true(w.chain.link[i].is_sent);
		assert_false(w.chain.link[i].is_anchor);
		assert_false(w.chain.link[i].is_leaf_anchor);
	}
	assert_false(w.chain.is_cut);
}

SIM_TEST(the_key_is_that_of_the_first_one)
{
	unsigned char x[32], q[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_private_key own = make_key(1, x);
	unsigned usages = 0;
	const br_x509_pkey *k;

	begin();
	feed(&w.leaf);
	feed(&w.ca);
	assert_int_equal(end(), 0);
	k = key(&usages);
	assert_non_null(k);
	assert_int_equal(k->key_type, BR_KEYTYPE_EC);
	assert_int_equal(k->key.ec.curve, BR_EC_secp256r1);
	br_ec_compute_pub(br_ec_get_default(), NULL, q, &own);
	assert_int_equal(k->key.ec.qlen, 65);
	assert_memory_equal(k->key.ec.q, q, 65);
	assert_int_equal(usages, BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX);
	assert_ptr_equal(key(NULL), k);
}

SIM_TEST(an_ec_key_that_may_not_sign_signs_no_handshake)
{
	struct make m = LEAF;
	unsigned usages = 0;

	begin();
	m.usage = 0x08;		/* keyAgreement */
	make_cert(&w.leaf, &m);
	feed(&w.leaf);
	assert_int_equal(end(), 0);
	assert_non_null(key(&usages));
	assert_int_equal(usages, BR_KEYTYPE_KEYX);

	begin();
	m.usage = MAKE_SIGN;
	make_cert(&w.leaf, &m);
	feed(&w.leaf);
	assert_int_equal(end(), 0);
	assert_non_null(key(&usages));
	assert_int_equal(usages, BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX);
}

SIM_TEST(what_is_wrong_with_a_certificate_fails_no_handshake)
{
	struct make m = LEAF;

	begin();
	m.is_forged = m.is_odd = true;
	m.until = SIM_WALL - 1000000;
	m.purpose = "client";
	make_cert(&w.leaf, &m);
	feed(&w.leaf);
	feed(&w.leaf);
	assert_int_equal(end(), 0);
	assert_non_null(key(NULL));
}

/* The version says v1, which has no extensions. */
SIM_TEST(a_malformed_leaf_still_has_its_key)
{
	char *version;

	begin();
	version = memmem(w.leaf.p, w.leaf.n, "\xa0\x03\x02\x01\x02", 5);
	assert_non_null(version);
	version[4] = 0;
	feed(&w.leaf);
	feed(&w.ca);
	assert_int_equal(end(), 0);
	assert_int_equal(w.chain.n, 2);
	assert_false(w.chain.link[0].is_readable);
	assert_true(span_eq(w.chain.link[0].cert.der, made_span(&w.leaf)));
	assert_true(w.chain.link[0].cert.spki.n > 65);
	assert_non_null(key(NULL));
}

SIM_TEST(a_leaf_without_a_key_fails)
{
	begin();
	feed_octets(100);
	assert_int_equal(end(), BR_ERR_X509_INVALID_VALUE);
	assert_null(key(NULL));
	assert_int_equal(w.chain.n, 1);

	begin();
	feed_octets(0);
	assert_int_equal(end(), BR_ERR_X509_INVALID_VALUE);
}

SIM_TEST(a_leaf_with_a_key_of_another_kind_fails)
{
	char *algorithm;

	begin();
	algorithm = memmem(w.leaf.p, w.leaf.n, "\x2a\x86\x48\xce\x3d\x02\x01",
	    7);
	assert_non_null(algorithm);
	algorithm[6] = 9;
	feed(&w.leaf);
	assert_int_equal(end(), BR_ERR_X509_UNSUPPORTED);
	assert_null(key(NULL));
}

SIM_TEST(no_certificate_at_all_fails)
{
	begin();
	assert_int_equal(end(), BR_ERR_X509_EMPTY_CHAIN);
	assert_null(key(NULL));
}

SIM_TEST(one_that_is_sent_twice_is_there_once)
{
	begin();
	for (unsigned i = 0; i < 100; i++) {
		feed(&w.leaf);
		feed(&w.ca);
	}
	assert_int_equal(end(), 0);
	assert_int_equal(w.chain.n, 2);
	assert_false(w.chain.is_cut);
}

SIM_TEST(nonsense_behind_the_leaf_takes_no_room)
{
	begin();
	feed(&w.leaf);
	for (unsigned i = 0; i < 50; i++)
		feed_octets(CERT_BYTES_MAX);
	feed(&w.ca);
	assert_int_equal(end(), 0);
	assert_int_equal(w.chain.n, 2);
	assert_true(span_eq(w.chain.link[1].cert.der, made_span(&w.ca)));
}

SIM_TEST(a_certificate_that_is_too_large_is_left_out)
{
	begin();
	feed(&w.leaf);
	feed_octets(CERT_BYTES_MAX + 1);
	assert_true(w.chain.is_cut);
	feed(&w.ca);
	assert_int_equal(end(), 0);
	assert_int_equal(w.chain.n, 2);
}

/* The engine says a length, and sends more in pieces: not to be believed. */
SIM_TEST(octets_beyond_the_length_meet_the_same_bound)
{
	static unsigned char octets[CERT_BYTES_MAX];
	const br_x509_class **ctx = &w.chain.vtable;

	begin();
	feed(&w.leaf);
	w.chain.vtable->start_cert(ctx, 10);
	w.chain.vtable->append(ctx, octets, sizeof(octets));
	assert_false(w.chain.is_cut);
	w.chain.vtable->append(ctx, octets, 1);
	assert_true(w.chain.is_cut);
	w.chain.vtable->append(ctx, octets, 1);
	w.chain.vtable->end_cert(ctx);
	feed(&w.ca);
	assert_int_equal(w.chain.n, 2);
}

SIM_TEST(behind_a_leaf_that_does_not_fit_nothing_counts)
{
	begin();
	feed_octets(CERT_BYTES_MAX + 1);
	feed(&w.ca);
	assert_int_equal(end(), BR_ERR_X509_LIMIT_EXCEEDED);
	assert_int_equal(w.chain.n, 0);
	assert_null(key(NULL));
}

SIM_TEST(so_many_certificates_and_no_more_are_kept)
{
	struct make m = CA;
	struct made der;

	begin();
	feed(&w.leaf);
	for (unsigned i = 0; i < CHAIN_LINKS_MAX; i++) {
		m.key = 10 + i;
		make_cert(&der, &m);
		feed(&der);
	}
	assert_int_equal(end(), 0);
	assert_int_equal(w.chain.n, CHAIN_SENT_MAX);
	assert_true(w.chain.is_cut);
}

/* However much is sent, one certificate of our own has room. */
SIM_TEST(the_peer_can_not_take_all_the_room)
{
	static char names[CERT_BYTES_MAX - 1000];
	struct make m = CA;
	struct chain_link *l;
	struct span copy;

	begin();
	feed(&w.leaf);
	memset(names, 'a', sizeof(names) - 1);
	m.names = names;
	for (m.key = 10; m.key < 16; m.key++) {
		make_cert(&w.ca, &m);
		feed(&w.ca);
	}
	assert_true(w.chain.is_cut);
	assert_int_equal(w.chain.n, 4);
	assert_true(w.chain.arena.used > CHAIN_BYTES_MAX / 2);
	assert_true(w.chain.arena.used <= CHAIN_BYTES_MAX - CERT_BYTES_MAX);
	assert_int_equal(arena_copy(&w.chain.arena, made_span(&w.ca), &copy),
	    RC_OK);
	assert_int_equal(chain_add(&w.chain, copy, &l), RC_OK);
	assert_false(l->is_sent);
}

SIM_TEST(what_was_sent_before_is_forgotten_by_a_new_chain)
{
	begin();
	feed(&w.ca);
	assert_int_equal(end(), 0);
	w.chain.vtable->start_chain(&w.chain.vtable, NULL);
	assert_int_equal(w.chain.n, 0);
	assert_null(key(NULL));
	feed(&w.leaf);
	assert_int_equal(w.chain.n, 1);
	assert_true(span_eq(w.chain.link[0].cert.der, made_span(&w.leaf)));
}

SIM_TEST(one_of_ours_that_was_sent_is_the_same_link)
{
	struct chain_link *l = NULL;

	begin();
	feed(&w.leaf);
	feed(&w.ca);
	assert_int_equal(chain_add(&w.chain, made_span(&w.ca), &l), RC_OK);
	assert_ptr_equal(l, &w.chain.link[1]);
	assert_true(l->is_sent);
	assert_int_equal(w.chain.n, 2);
}

SIM_TEST(one_of_ours_must_be_a_certificate)
{
	struct chain_link *l = NULL;
	struct make m = CA;
	static struct made der[CHAIN_LINKS_MAX];

	begin();
	feed(&w.leaf);
	assert_int_equal(chain_add(&w.chain, SPAN("0\0"), &l), RC_WIRE);
	assert_int_equal(w.chain.n, 1);
	for (unsigned i = 1; i < CHAIN_LINKS_MAX; i++) {
		m.key = 10 + i;
		make_cert(&der[i], &m);
		assert_int_equal(chain_add(&w.chain, made_span(&der[i]), &l),
		    RC_OK);
		assert_ptr_equal(l, &w.chain.link[i]);
	}
	assert_int_equal(chain_add(&w.chain, made_span(&w.ca), &l), RC_FULL);
	assert_int_equal(w.chain.n, CHAIN_LINKS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(certificates_are_kept_as_they_came),
		SIM_RUN(the_key_is_that_of_the_first_one),
		SIM_RUN(an_ec_key_that_may_not_sign_signs_no_handshake),
		SIM_RUN(what_is_wrong_with_a_certificate_fails_no_handshake),
		SIM_RUN(a_malformed_leaf_still_has_its_key),
		SIM_RUN(a_leaf_without_a_key_fails),
		SIM_RUN(a_leaf_with_a_key_of_another_kind_fails),
		SIM_RUN(no_certificate_at_all_fails),
		SIM_RUN(one_that_is_sent_twice_is_there_once),
		SIM_RUN(nonsense_behind_the_leaf_takes_no_room),
		SIM_RUN(a_certificate_that_is_too_large_is_left_out),
		SIM_RUN(octets_beyond_the_length_meet_the_same_bound),
		SIM_RUN(behind_a_leaf_that_does_not_fit_nothing_counts),
		SIM_RUN(so_many_certificates_and_no_more_are_kept),
		SIM_RUN(the_peer_can_not_take_all_the_room),
		SIM_RUN(what_was_sent_before_is_forgotten_by_a_new_chain),
		SIM_RUN(one_of_ours_that_was_sent_is_the_same_link),
		SIM_RUN(one_of_ours_must_be_a_certificate),
	};

	return sim_main(tests, COUNT(tests));
}
