/*
 * tls_dane_test.c - TLSA records, as they stand in DNS, against a chain: what
 * proves the server, what names an anchor, what fits nothing, what is unusable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls_make.h"

#include "../../src/tls_int.h"

#define RECORDS_MAX	40

/* ---- certificates ------------------------------------------------------- */

/* The peer sends leaf, leaf again, middle; root and other stay at home. */
enum { LEAF, MIDDLE, ROOT, OTHER, CERTS };
static const char *const names[] = { "leaf", "middle", "root", "other" };
static struct span cert[CERTS], spki[CERTS];

static struct chain chain;
static char room[CHAIN_BYTES_MAX];

static void
make_all(void)
{
	made_begin();
	for (unsigned i = 0; i < CERTS; i++) {
		char serial[] = { 2, 1, (char)(i + 1) };
		char key[] = { 0, 'k', 'e', 'y', (char)i };
		struct parts p = { .serial = { serial, sizeof(serial) } };

		spki[i] = MAKE(DER_SEQUENCE, MAKE(DER_SEQUENCE,
		    MAKE(DER_OID, SPAN("\x2a\x86\x48\xce\x3d\2\1"))),
		    MAKE(DER_BITS, { key, sizeof(key) }));
		p.spki = spki[i];
		cert[i] = make_cert(&p);
	}
}

static void
send_cert(struct span der)
{
	const br_x509_class *v = chain.vtable;

	v->start_cert(&chain.vtable, (uint32_t)der.n);
	v->append(&chain.vtable, (const unsigned char *)der.p, der.n);
	v->end_cert(&chain.vtable);
}

static void
send_chain(void)
{
	make_all();
	chain_start(&chain, room);
	send_cert(cert[LEAF]);
	send_cert(cert[LEAF]);
	send_cert(cert[MIDDLE]);
	assert_int_equal(chain.n, 2);
}

/* ---- records ------------------------------------------------------------ */

static char octets[64 * 1024];
static size_t octets_n;
static struct dane_digests digests;
static struct tlsa record[RECORDS_MAX];
static struct tlsa_set set;

static void
add_octets(struct span s)
{
	assert_true(octets_n + s.n <= sizeof(octets));
	memcpy(octets + octets_n, s.p, s.n);
	octets_n += s.n;
}

static struct span
value_of(unsigned selector, unsigned matching, struct span word)
{
	static unsigned char value[DIGEST_MAX];
	size_t n = word.n;
	unsigned i = 0;
	struct span of;

	while (n > 0 && strchr("+-~", word.p[n - 1]) != NULL)
		n--;
	word.n = n;
	if (span_is(word, "junk"))
		return SPAN("\1\2\3\4\5");
	if (span_is(word, "nothing"))
		return SPAN("");
	while (!span_is(word, names[i]))
		assert_true(++i < CERTS);
	of = selector == 1 ? spki[i] : cert[i];
	if (matching == 0)
		return of;
	n = digest_of(matching == 2 ? DIGEST_SHA512 : DIGEST_SHA256, of,
	    value);
	return (struct span){ (const char *)value, n };
}

static unsigned
number(struct span *rest)
{
	struct span word;
	uint64_t n = 0;

	assert_true(span_word(rest, " ", &word));
	assert_true(span_number(word, 255, &n));
	return (unsigned)n;
}

/*
 * `3 1 1 leaf`: the key of the leaf by SHA-256.  Behind the name, `-` takes an
 * octet off, `+` adds one, `~` changes the last one.
 */
static struct span
read_record(struct span text)
{
	size_t from = octets_n;
	unsigned usage = number(&text), selector = number(&text);
	unsigned matching = number(&text);
	struct span word, value;
	char head[] = { (char)usage, (char)selector, (char)matching };

	assert_true(span_word(&text, " ", &word));
	value = value_of(selector, matching, word);
	add_octets((struct span){ head, 3 });
	add_octets(value);
	switch (word.p[word.n - 1]) {
	case '-': octets_n--; break;
	case '+': add_octets(SPAN("x")); break;
	case '~': octets[octets_n - 1] ^= 1; break;
	}
	return (struct span){ octets + from, octets_n - from };
}

/* Usable ones of a list with commas, after agility. */
static void
use(const char *list)
{
	struct span rest = span_of(list), text;

	octets_n = 0;
	set = (struct tlsa_set){ .record = record };
	while (span_word(&rest, ",", &text)) {
		assert_true(set.n < RECORDS_MAX);
		if (dane_usable(&digests, read_record(text), &record[set.n]))
			set.n++;
	}
	dane_agile(&set);
}

static void
know(const char *words)
{
	struct span bad;

	assert_int_equal(dane_digests_read(&digests, span_of(words), &bad),
	    RC_OK);
}

/* `anchor`, and which: a link of the chain, one that was added, a bare key. */
static const char *
verdict(void)
{
	static char text[64];
	struct buf b = BUF(text);

	if (set.n == 0)
		return "unusable";
	switch (dane_marks(&chain, &set)) {
	case RC_OK:
		return "proved";
	case RC_DENY:
		assert_int_equal(chain.keys, 0);
		return "nothing fits";
	default:
		break;
	}
	assert_false(chain.link[0].is_anchor);
	buf_puts(&b, "anchor");
	for (size_t i = 1; i < chain.n; i++)
		if (chain.link[i].is_anchor)
			buf_puts(&b, chain.link[i].is_sent ? " sent"
			    : " added");
	for (size_t i = 0; i < chain.keys; i++)
		buf_puts(&b, " key");
	return buf_text(&b);
}

/* ---- the table ---------------------------------------------------------- */

struct row {
	const char *digests;	/* NULL: sha512 sha256 */
	const char *records, *verdict;
};

static const struct row rows[] = {
	/* usage 3: RFC 7671, 5.1; dane-ee-3xx */
	{ NULL, "3 0 0 leaf", "proved" },
	{ NULL, "3 0 1 leaf", "proved" },
	{ NULL, "3 0 2 leaf", "proved" },
	{ NULL, "3 1 0 leaf", "proved" },
	{ NULL, "3 1 1 leaf", "proved" },
	{ NULL, "3 1 2 leaf", "proved" },
	{ NULL, "3 0 0 other", "nothing fits" },
	{ NULL, "3 0 1 other", "nothing fits" },
	{ NULL, "3 0 2 other", "nothing fits" },
	{ NULL, "3 1 0 other", "nothing fits" },
	{ NULL, "3 1 1 other", "nothing fits" },
	{ NULL, "3 1 2 other", "nothing fits" },
	{ NULL, "3 1 1 leaf~", "nothing fits" },
	{ NULL, "3 1 2 leaf~", "nothing fits" },
	/* dane-ee-of-issuer: usage 3 is of the server's own alone */
	{ NULL, "3 0 0 middle", "nothing fits" },
	{ NULL, "3 1 1 middle", "nothing fits" },
	{ NULL, "3 1 1 root", "nothing fits" },
	/* one of several will do, whatever the order */
	{ NULL, "3 1 1 other, 3 1 1 leaf", "proved" },
	{ NULL, "3 1 1 leaf, 3 1 1 other", "proved" },
	{ NULL, "3 0 1 other, 3 1 1 leaf", "proved" },
	/* usage 2: RFC 7671, 5.2; dane-ta-* */
	{ NULL, "2 0 0 middle", "anchor sent" },
	{ NULL, "2 0 1 middle", "anchor sent" },
	{ NULL, "2 0 2 middle", "anchor sent" },
	{ NULL, "2 1 0 middle", "anchor sent" },
	{ NULL, "2 1 1 middle", "anchor sent" },
	{ NULL, "2 1 2 middle", "anchor sent" },
	{ NULL, "2 1 1 middle~", "nothing fits" },
	{ NULL, "2 0 0 root", "anchor added" },
	{ NULL, "2 1 0 root", "anchor key" },
	{ NULL, "2 0 1 root", "nothing fits" },
	{ NULL, "2 1 1 root", "nothing fits" },
	{ NULL, "2 0 2 root", "nothing fits" },
	{ NULL, "2 1 2 root", "nothing fits" },
	{ NULL, "2 0 0 root, 2 1 0 root", "anchor added" },
	{ NULL, "2 1 0 root, 2 1 0 other", "anchor key key" },
	{ NULL, "2 0 0 root, 2 1 1 middle", "anchor sent added" },
	/* dane-ta-is-leaf*: usage 2 is never of the server's own */
	{ NULL, "2 0 0 leaf", "nothing fits" },
	{ NULL, "2 0 1 leaf", "nothing fits" },
	{ NULL, "2 1 1 leaf", "nothing fits" },
	{ NULL, "2 1 2 leaf", "nothing fits" },
	/* but a bare key may have signed it, as OpenSSL has it */
	{ NULL, "2 1 0 leaf", "anchor key" },
	/* dane-ee-bad-ta-good, dane-ee-good-ta-bad */
	{ NULL, "3 1 1 other, 2 1 1 middle", "anchor sent" },
	{ NULL, "3 1 1 leaf, 2 1 1 root", "proved" },
	{ NULL, "2 1 1 middle, 3 1 1 leaf", "proved" },
	/* usages that mail does not heed: RFC 7672, 3.1.3 */
	{ NULL, "0 0 1 middle", "unusable" },
	{ NULL, "1 1 1 leaf", "unusable" },
	{ NULL, "4 1 1 leaf", "unusable" },
	{ NULL, "255 1 1 leaf", "unusable" },
	{ NULL, "1 1 1 leaf, 3 1 1 other", "nothing fits" },
	{ NULL, "1 1 1 other, 3 1 1 leaf", "proved" },
	/* selectors and matching types that nobody knows */
	{ NULL, "3 2 1 leaf", "unusable" },
	{ NULL, "3 255 1 leaf", "unusable" },
	{ NULL, "2 2 0 root", "unusable" },
	{ NULL, "3 1 3 leaf", "unusable" },
	{ NULL, "3 1 255 leaf", "unusable" },
	{ NULL, "2 0 4 middle", "unusable" },
	/* wrong lengths: dane-short-digest */
	{ NULL, "3 1 1 leaf-", "unusable" },
	{ NULL, "3 1 1 leaf+", "unusable" },
	{ NULL, "3 1 2 leaf-", "unusable" },
	{ NULL, "3 1 2 leaf+", "unusable" },
	{ NULL, "2 1 1 middle-", "unusable" },
	{ NULL, "3 1 1 nothing", "unusable" },
	{ NULL, "3 1 0 nothing", "unusable" },
	{ NULL, "3 0 0 nothing", "unusable" },
	{ NULL, "2 0 0 nothing", "unusable" },
	{ NULL, "2 1 0 nothing", "unusable" },
	/* whole values that are none: dane-broken-* */
	{ NULL, "3 0 0 junk", "unusable" },
	{ NULL, "2 1 0 junk", "unusable" },
	{ NULL, "3 0 0 leaf-", "unusable" },
	{ NULL, "3 0 0 leaf+", "unusable" },
	{ NULL, "3 1 0 leaf-", "unusable" },
	{ NULL, "2 1 0 root+", "unusable" },
	{ NULL, "3 0 0 junk, 3 1 1 leaf-, 3 1 1 other", "nothing fits" },
	/* agility: RFC 7671, 9; dane-agility-* */
	{ NULL, "3 1 2 other, 3 1 1 leaf", "nothing fits" },
	{ NULL, "3 1 1 leaf, 3 1 2 other", "nothing fits" },
	{ NULL, "3 1 2 leaf, 3 1 1 other", "proved" },
	{ NULL, "3 1 2 other, 3 1 0 leaf", "proved" },
	{ NULL, "3 1 0 other, 3 1 1 leaf", "proved" },
	{ NULL, "3 1 2 other-, 3 1 1 leaf", "proved" },
	{ NULL, "3 1 9 other, 3 1 1 leaf", "proved" },
	{ NULL, "3 0 2 other, 3 1 1 leaf", "proved" },
	{ NULL, "2 1 2 root, 3 1 1 leaf", "proved" },
	{ NULL, "2 1 2 root, 2 1 1 middle", "nothing fits" },
	{ NULL, "2 1 2 root, 2 0 1 middle", "anchor sent" },
	{ NULL, "3 1 2 other, 3 1 1 leaf, 3 0 1 leaf", "proved" },
	/* the setting's order and set: dane-agility-setting */
	{ "sha256 sha512", "3 1 2 other, 3 1 1 leaf", "proved" },
	{ "sha256 sha512", "3 1 2 leaf, 3 1 1 other", "nothing fits" },
	{ "sha256", "3 1 2 leaf", "unusable" },
	{ "sha256", "3 1 2 other, 3 1 1 leaf", "proved" },
	{ "sha512", "3 1 1 leaf, 3 1 2 other", "nothing fits" },
	{ "sha384=7", "3 1 1 leaf", "unusable" },
	{ "sha384=7", "3 1 0 leaf", "proved" },
	{ "sha512=2,sha256=1", "3 1 1 leaf", "proved" },
};

SIM_TEST(records_have_the_verdict_of_the_rfcs_and_the_recordings)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		sim_begin();
		sim_note("%s with %s", rows[i].records, rows[i].digests
		    != NULL ? rows[i].digests : "the default");
		send_chain();
		know(rows[i].digests != NULL ? rows[i].digests
		    : "sha512 sha256");
		use(rows[i].records);
		assert_string_equal(verdict(), rows[i].verdict);
	}
}

/* ---- what is not in the table ------------------------------------------- */

SIM_TEST(leaf_that_cannot_be_read_is_proved_by_its_octets)
{
	struct parts p = { .spki = spki[LEAF], .tail = SPAN("\5\0") };

	know("sha512 sha256");
	make_all();
	p.spki = spki[LEAF];
	cert[LEAF] = make_cert(&p);
	chain_start(&chain, room);
	send_cert(cert[LEAF]);
	assert_false(chain.link[0].is_readable);
	use("3 0 1 leaf");
	assert_string_equal(verdict(), "proved");
	use("3 1 1 leaf");
	assert_string_equal(verdict(), "proved");
	use("3 1 1 other");
	assert_string_equal(verdict(), "nothing fits");
}

SIM_TEST(nothing_fits_a_leaf_without_a_key)
{
	know("sha512 sha256");
	make_all();
	chain_start(&chain, room);
	send_cert(SPAN("\x30\0"));
	assert_int_equal(chain.link[0].cert.spki.n, 0);
	use("3 1 1 leaf, 3 0 1 leaf, 3 1 0 leaf");
	assert_string_equal(verdict(), "nothing fits");
}

SIM_TEST(nothing_fits_a_peer_without_certificate)
{
	know("sha512 sha256");
	make_all();
	chain_start(&chain, room);
	use("3 1 1 leaf, 2 0 0 root, 2 1 0 root");
	assert_string_equal(verdict(), "nothing fits");
}

SIM_TEST(issuers_of_our_own_stores_are_no_anchors_by_digest)
{
	struct chain_link *l;

	know("sha512 sha256");
	send_chain();
	assert_int_equal(chain_add(&chain, cert[ROOT], &l), RC_OK);
	use("2 1 1 root");
	assert_string_equal(verdict(), "nothing fits");
}

SIM_TEST(more_bare_keys_than_there_is_room_for_are_left_out)
{
	static char list[RECORDS_MAX * 16];

	know("sha512 sha256");
	send_chain();
	for (unsigned i = 0; i < RECORDS_MAX; i++)
		strcat(list, ",2 1 0 other");
	use(list);
	assert_int_equal(set.n, RECORDS_MAX);
	assert_int_equal(dane_marks(&chain, &set), RC_NONE);
	assert_int_equal(chain.keys, CHAIN_KEYS_MAX);
}

SIM_TEST(record_of_any_length_below_a_value_is_unusable)
{
	static const char data[] = "\3\1\1";
	struct tlsa out;

	know("sha512 sha256");
	for (size_t n = 0; n <= 3; n++)
		assert_false(dane_usable(&digests, (struct span){ data, n },
		    &out));
	assert_false(dane_usable(&digests, (struct span){ NULL, 0 }, &out));
}

/* Nobody could say that it is none; and it must not lower the level. */
SIM_TEST(certificate_longer_than_we_look_at_is_usable)
{
	know("sha512 sha256");
	send_chain();
	octets_n = 0;
	add_octets(SPAN("\3\0\0\x30\x82\x7f\xff"));
	while (octets_n < 0x7fff + 7)
		add_octets(SPAN("x"));
	set = (struct tlsa_set){ .record = record, .n = 1 };
	assert_true(dane_usable(&digests, (struct span){ octets, octets_n },
	    &record[0]));
	assert_string_equal(verdict(), "nothing fits");
}

/* A key of an algorithm that we lack is a key; it fits no server of ours. */
SIM_TEST(key_of_an_unknown_algorithm_is_usable)
{
	struct span key;
	struct tlsa out;

	know("sha512 sha256");
	make_all();
	key = MAKE(DER_SEQUENCE, MAKE(DER_SEQUENCE,
	    MAKE(DER_OID, SPAN("\x2b\x65\x70"))),
	    MAKE(DER_BITS, SPAN("\0an Ed25519 key")));
	octets_n = 0;
	add_octets(SPAN("\3\1"));
	add_octets((struct span){ "\0", 1 });
	add_octets(key);
	assert_true(dane_usable(&digests, (struct span){ octets, octets_n },
	    &out));
}

/* ---- tls_dane_digests --------------------------------------------------- */

SIM_TEST(digests_of_the_setting_keep_their_order)
{
	know("sha256 sha512=2, SHA2-384=7");
	assert_int_equal(digests.n, 3);
	assert_int_equal(digests.known[0].matching, 1);
	assert_int_equal(digests.known[0].digest, DIGEST_SHA256);
	assert_int_equal(digests.known[0].bytes, 32);
	assert_int_equal(digests.known[1].matching, 2);
	assert_int_equal(digests.known[1].bytes, 64);
	assert_int_equal(digests.known[2].matching, 7);
	assert_int_equal(digests.known[2].digest, DIGEST_SHA384);
	assert_int_equal(digests.known[2].bytes, 48);
}

SIM_TEST(word_that_makes_no_sense_is_told)
{
	static const char *const words[] = {
		"sha513", "sha256=2", "sha512=1", "sha256=0", "sha256=3",
		"sha384", "sha384=1", "sha384=0", "sha384=256", "sha384=x",
		"sha256=", "=1", "sha256=1=1"
	};
	char text[64];
	struct span bad;

	for (size_t i = 0; i < COUNT(words); i++) {
		sim_note("%s", words[i]);
		snprintf(text, sizeof(text), "sha512, %s sha256", words[i]);
		assert_int_equal(dane_digests_read(&digests, span_of(text),
		    &bad), RC_DENY);
		assert_true(span_is(bad, words[i]));
	}
}

SIM_TEST(digests_are_never_none)
{
	struct span bad;

	assert_int_equal(dane_digests_read(&digests, SPAN(" , "), &bad),
	    RC_DENY);
	assert_true(span_is(bad, " , "));
}

SIM_TEST(more_digests_than_there_is_room_for_are_told)
{
	struct span bad;

	assert_int_equal(dane_digests_read(&digests, SPAN("md5=3 md5=4 md5=5 "
	    "md5=6 md5=7 md5=8 md5=9 md5=10 sha256"), &bad), RC_DENY);
	assert_true(span_is(bad, "sha256"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(
		    records_have_the_verdict_of_the_rfcs_and_the_recordings),
		SIM_RUN(
		    leaf_that_cannot_be_read_is_proved_by_its_octets),
		SIM_RUN(nothing_fits_a_leaf_without_a_key),
		SIM_RUN(nothing_fits_a_peer_without_certificate),
		SIM_RUN(issuers_of_our_own_stores_are_no_anchors_by_digest),
		SIM_RUN(more_bare_keys_than_there_is_room_for_are_left_out),
		SIM_RUN(record_of_any_length_below_a_value_is_unusable),
		SIM_RUN(
		    certificate_longer_than_we_look_at_is_usable),
		SIM_RUN(key_of_an_unknown_algorithm_is_usable),
		SIM_RUN(digests_of_the_setting_keep_their_order),
		SIM_RUN(word_that_makes_no_sense_is_told),
		SIM_RUN(digests_are_never_none),
		SIM_RUN(more_digests_than_there_is_room_for_are_told),
	};

	return sim_main(tests, COUNT(tests));
}
