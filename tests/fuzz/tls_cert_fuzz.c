/*
 * tls_cert_fuzz.c - any octets as a certificate, and what follows it as that of
 * its issuer; alone, it is its own issuer.
 *
 * covers: src/tls_der.c
 * covers: src/tls_cert.c
 * covers: src/tls_dn.c
 * covers: src/tls_digest.c digest_of
 * covers: src/tls_sign.c
 * covers: src/tls_name.c
 * covers: src/tls_subtree.c
 *
 * BearSSL's decoder is a second opinion on dates, keys and who is a CA.
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/tls_int.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define DAYS_TO_1970	719528		/* as BearSSL counts them */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_inside(struct span s, struct span whole)
{
	HOLDS(!s.p || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n));
}

static void
check_fields(const struct cert *c)
{
	check_inside(c->tbs, c->der);
	check_inside(c->serial, c->tbs);
	check_inside(c->issuer, c->tbs);
	check_inside(c->subject, c->tbs);
	check_inside(c->spki, c->tbs);
	check_inside(c->alt_names, c->tbs);
	check_inside(c->constraints, c->tbs);
	check_inside(c->algorithm, c->der);
	check_inside(c->signature, c->der);
	HOLDS(c->serial.n > 0 && c->path_max >= -1);
	HOLDS(!c->is_v1 || !(c->is_ca || c->has_usage || c->has_purpose
	    || c->alt_names.p || c->constraints.p || c->odd_critical));
	HOLDS(c->has_usage || c->usage == 0);
	HOLDS(c->has_purpose || !c->for_servers);
}

/* ---- a second opinion --------------------------------------------------- */

static bool
is_same(const unsigned char *a, size_t a_n, const unsigned char *b, size_t n)
{
	while (a_n > 0 && *a == 0) {
		a++;
		a_n--;
	}
	while (n > 0 && *b == 0) {
		b++;
		n--;
	}
	return a_n == n && memcmp(a, b, n) == 0;
}

static void
check_key(const struct pub_key *ours, const br_x509_pkey *theirs)
{
	HOLDS(ours->key.key_type == theirs->key_type);
	if (theirs->key_type == BR_KEYTYPE_EC) {
		HOLDS(ours->key.key.ec.curve == theirs->key.ec.curve);
		HOLDS(is_same(ours->key.key.ec.q, ours->key.key.ec.qlen,
		    theirs->key.ec.q, theirs->key.ec.qlen));
		return;
	}
	HOLDS(is_same(ours->key.key.rsa.n, ours->key.key.rsa.nlen,
	    theirs->key.rsa.n, theirs->key.rsa.nlen));
	HOLDS(is_same(ours->key.key.rsa.e, ours->key.key.rsa.elen,
	    theirs->key.rsa.e, theirs->key.rsa.elen));
}

static int64_t
unix_of(uint32_t days, uint32_t seconds)
{
	return ((int64_t)days - DAYS_TO_1970) * 86400 + seconds;
}

static void
compare(const struct cert *c)
{
	static br_x509_decoder_context d;
	const br_x509_pkey *theirs;
	struct pub_key ours;

	br_x509_decoder_init(&d, NULL, NULL);
	br_x509_decoder_push(&d, c->der.p, c->der.n);
	theirs = br_x509_decoder_get_pkey(&d);
	if (!theirs)
		return;
	HOLDS(c->from == unix_of(d.notbefore_days, d.notbefore_seconds));
	HOLDS(c->until == unix_of(d.notafter_days, d.notafter_seconds));
	HOLDS(c->is_ca == (br_x509_decoder_isCA(&d) != 0));
	if (sign_key(c->spki, &ours) == RC_OK)
		check_key(&ours, theirs);
}

/* ---- names -------------------------------------------------------------- */

static void
check_names(const struct cert *c)
{
	static const struct ip ip = { .family = IP_V4, .b = { 192, 0, 2, 1 } };
	struct span patterns[] = { SPAN("mx.dest.example"),
	    SPAN(".dest.example") };
	char room[300], other[300];
	struct buf found = BUF(room), text = BUF(other);
	struct ip shown;

	if (name_matches(c, patterns, COUNT(patterns), &ip, &found)) {
		HOLDS(ip_parse(buf_span(&found), &shown)
		    ? ip_eq(&ip, &shown)
		    : name_covers(buf_span(&found), patterns[0])
		    || name_covers(buf_span(&found), patterns[1]));
		HOLDS(!found.full && name_is_host(buf_span(&found)));
	} else {
		HOLDS(found.n == 0);
	}
	name_common(c, &text);
	name_issuer(c, &text);
	HOLDS(!text.full && text_is_utf8(buf_span(&text)));
	for (size_t i = 0; i < text.n; i++)
		HOLDS((unsigned char)text.p[i] >= 0x20);
}

static void
check_dn(struct span a, struct span b)
{
	bool same = cert_dn_eq(a, b);

	HOLDS(cert_dn_eq(a, a) && cert_dn_within(a, a));
	HOLDS(same == cert_dn_eq(b, a));
	HOLDS(same == (cert_dn_within(a, b) && cert_dn_within(b, a)));
}

/* ---- one or two certificates -------------------------------------------- */

static bool
read_one(struct span der, struct cert *c)
{
	struct span spki;
	enum rc rc = cert_read(der, c);

	HOLDS(rc == RC_OK || rc == RC_WIRE || rc == RC_FULL);
	HOLDS((rc == RC_FULL) == (der.n > CERT_BYTES_MAX));
	if (cert_read_spki(der, &spki) == RC_OK)
		check_inside(spki, der);
	else
		HOLDS(rc != RC_OK);
	if (rc != RC_OK)
		return false;
	HOLDS(span_eq(spki, c->spki));
	check_fields(c);
	compare(c);
	check_names(c);
	check_dn(c->issuer, c->subject);
	return true;
}

/*
 * What one calculates with takes its time: most of the inputs only show what
 * kind of key and signature they have.
 */
static void
check_signature(const struct cert *c, const struct cert *issuer)
{
	const char *why = NULL;
	struct cert bare = *c;
	struct pub_key k;

	if (sign_key(issuer->spki, &k) == RC_OK && !k.is_ec)
		check_inside((struct span){ (const char *)k.key.key.rsa.n,
		    k.key.key.rsa.nlen }, issuer->spki);
	if (c->der.p[c->der.n - 1] & 7)
		bare.signature.n = 0;
	HOLDS((sign_check(&bare, issuer->spki, &why) == RC_OK
	    || why) && (bare.signature.n > 0 || why));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span all, rest, none, first;
	struct cert c, issuer;
	char *copy = malloc(n + (n == 0));	/* ends where it ends */
	unsigned tag;

	HOLDS(copy);
	if (n > 0)
		memcpy(copy, data, n);
	all = rest = (struct span){ copy, n };
	if (!der_next(&rest, &tag, &none, &first))
		first = all;
	if (read_one(first, &c)) {
		if (rest.n == 0 || !read_one(rest, &issuer))
			issuer = c;
		check_dn(c.issuer, issuer.subject);
		(void)name_permitted(&c, &issuer);
		check_signature(&c, &issuer);
	}
	free(copy);
	return 0;
}
