/*
 * tls_int.h - what the tls_*.c files share, and nobody else sees.
 *
 * Ranks inside the module, low to high:
 *	der, pem		notation
 *	wide			public keys, where words have 64 bits
 *	cert, sign, name	one certificate: its fields, who signed it, whom
 *				it names
 *	anchor, key		what we trust; who we are
 *	chain, path		what the peer sent; the way from it to an anchor
 *	dane			TLSA records against a chain
 *	version, cipher, suite, entry, policy
 *				what the administrator demands
 *	check			the verdict on a peer
 *	session			sessions remembered
 *	engine, fault		BearSSL set up; its errors in words
 *	wire			a connection
 *
 * All that comes from a peer is DER of its making: every length is compared
 * with what remains, nothing recurses on input, and no work grows faster than
 * linearly with it, but for a search whose bounds are given.
 */
#ifndef POSTERN_TLS_INT_H
#define POSTERN_TLS_INT_H

#include <bearssl.h>

#include "tls.h"

/* ---- der: tag, length, value (X.690) ------------------------------------ */

enum {	/* identifier octets of certificates and keys */
	DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_BITS = 0x03,
	DER_OCTETS = 0x04, DER_NULL = 0x05, DER_OID = 0x06, DER_UTF8 = 0x0c,
	DER_PRINTABLE = 0x13, DER_T61 = 0x14, DER_IA5 = 0x16,
	DER_UTC_TIME = 0x17, DER_TIME = 0x18, DER_VISIBLE = 0x1a,
	DER_BMP = 0x1e, DER_SEQUENCE = 0x30, DER_SET = 0x31,
	DER_CONTEXT = 0x80,		/* [0], and so on by adding */
	DER_CONTEXT_PARTS = 0xa0	/* the same around other elements */
};

/*
 * der_next - takes the next element off *rest.
 *
 * tag    the identifier octet; tags of several octets are refused.
 * body   its value.  whole, if not NULL, gets it with tag and length.
 * false: there is none, or it is malformed (indefinite, overlong or too long a
 *        length); then nothing is changed.
 */
MUST_USE bool der_next(struct span *rest, unsigned *tag, struct span *body,
	struct span *whole);
/* The same, with this tag and no other. */
MUST_USE bool der_take(struct span *rest, unsigned tag, struct span *body,
	struct span *whole);
/* The same, with nothing behind it. */
MUST_USE bool der_only(struct span s, unsigned tag, struct span *body);
/* Does the next element have this tag?  For what may be left out. */
bool der_at(struct span rest, unsigned tag);
/* A BIT STRING of whole octets. */
MUST_USE bool der_take_bits(struct span *rest, struct span *octets);
/* An INTEGER of 0 or more; without leading zeros, so 0 is empty. */
MUST_USE bool der_take_unsigned(struct span *rest, struct span *octets);
/* der_wrap - puts a header ahead of all that b got since `from`. */
void der_wrap(struct buf *b, size_t from, unsigned tag);
/* A BOOLEAN; any octet but 0 is true (BER, and certificates have it). */
MUST_USE bool der_take_bool(struct span *rest, bool *out);

/* ---- wide: public keys, with words of 64 bits --------------------------- */

/*
 * Where there are products of 128 bits, our own code does what takes most of a
 * handshake's time; elsewhere BearSSL's does, and the files tls_wide*.c are
 * left out (SKIP in toolchains/TARGET.mk).  A constant, so that only one of the
 * two is linked.
 */
#define IS_WIDE		(sizeof(size_t) == 8)
#define KEYS_EC		(IS_WIDE ? &wide_ec : &br_ec_all_m31)
#define KEYS_ECDSA	(IS_WIDE ? wide_ecdsa_vrfy : br_ecdsa_i31_vrfy_asn1)
#define KEYS_ECDSA_SIGN	(IS_WIDE ? wide_ecdsa_sign : br_ecdsa_i31_sign_asn1)
#define KEYS_RSA	(IS_WIDE ? wide_rsa : br_rsa_i31_public)
#define KEYS_RSA_VRFY	(IS_WIDE ? wide_rsa_vrfy : br_rsa_i31_pkcs1_vrfy)
#define KEYS_RSA_SIGN	(IS_WIDE ? wide_rsa_sign : br_rsa_i31_pkcs1_sign)

/*
 * Each does as br_ec_impl, br_ecdsa_vrfy, br_ecdsa_sign, br_rsa_public,
 * br_rsa_pkcs1_vrfy or br_rsa_pkcs1_sign says.  What has secrets takes the same
 * time for any of them.
 *
 * wide_ec    A result of X25519 that anybody could know, 0, is an error (RFC
 *            8422, 5.11).  Other scalars are less than the order.  No muladd.
 * ECDSA      DER must be strict.  impl is not asked.
 * RSA        up to 4096 bits.
 */
extern const br_ec_impl wide_ec;
uint32_t wide_ecdsa_vrfy(const br_ec_impl *impl, const void *hash,
	size_t hash_len, const br_ec_public_key *pk, const void *sig,
	size_t sig_len);
uint32_t wide_rsa(unsigned char *x, size_t xlen, const br_rsa_public_key *pk);
uint32_t wide_rsa_vrfy(const unsigned char *x, size_t xlen,
	const unsigned char *hash_oid, size_t hash_len,
	const br_rsa_public_key *pk, unsigned char *hash_out);
size_t wide_ecdsa_sign(const br_ec_impl *impl, const br_hash_class *hf,
	const void *hash, const br_ec_private_key *sk, void *sig);
uint32_t wide_rsa_sign(const unsigned char *hash_oid,
	const unsigned char *hash, size_t hash_len,
	const br_rsa_private_key *sk, unsigned char *x);
/* For tests: d = k * u (RFC 7748, 5), 32 octets each, least first. */
void wide_x25519(unsigned char *d, const unsigned char *k,
	const unsigned char *u);

#define WIDE_WORDS_MAX	64	/* 4096 bits */

/* An odd number above 1.  Words stand least first, here and everywhere. */
struct wide_mod {
	size_t words;
	uint64_t minus;			/* -1 / n modulo 2^64 */
	uint64_t n[WIDE_WORDS_MAX];
	uint64_t square[WIDE_WORDS_MAX];	/* R^2 modulo n */
};

/* From octets, highest first.  false: too long, even, or 1. */
MUST_USE bool wide_mod_init(struct wide_mod *m, const void *octets, size_t n);
/* The same for other numbers.  false: more than so many words. */
MUST_USE bool wide_load(uint64_t *d, size_t words, const void *octets,
	size_t n);
void wide_store(unsigned char *p, size_t n, const uint64_t *a);
bool wide_is_zero(const uint64_t *a, size_t words);
bool wide_is_less(const uint64_t *a, const uint64_t *b, size_t words);
/*
 * Modulo m; all that goes in is less than m, and so is what comes out.  d may
 * be any of the others.
 *
 * wide_mul  a * b / R, where R = 2^(64 * words); one of the two need only be
 *           less than R.
 * wide_in   a * R: what mul, then, works on.
 * wide_out  a / R: back from there.
 * wide_cut  d less n, if d is not less than n; up to 2 n.
 * wide_pow  d becomes d^e, both times R; e is not secret, and not 0.
 * wide_pow_secret  the same for any e.
 * wide_invert  d becomes 1 / d times R; n is a prime, d not 0, and none of it
 *           is secret: the time depends on it.  At most CURVE_WORDS_MAX.
 * wide_invert_secret  the same for any d; of 0 comes 0.
 */
void wide_add(uint64_t *d, const uint64_t *a, const uint64_t *b,
	const struct wide_mod *m);
void wide_sub(uint64_t *d, const uint64_t *a, const uint64_t *b,
	const struct wide_mod *m);
void wide_mul(uint64_t *d, const uint64_t *a, const uint64_t *b,
	const struct wide_mod *m);
void wide_in(uint64_t *d, const uint64_t *a, const struct wide_mod *m);
void wide_out(uint64_t *d, const uint64_t *a, const struct wide_mod *m);
void wide_cut(uint64_t *d, const struct wide_mod *m);
void wide_pow(uint64_t *d, const unsigned char *e, size_t e_n,
	const struct wide_mod *m);
void wide_pow_secret(uint64_t *d, const unsigned char *e, size_t e_n,
	const struct wide_mod *m);
void wide_invert(uint64_t *d, const struct wide_mod *m);
void wide_invert_secret(uint64_t *d, const struct wide_mod *m);

/* Modulo the prime of P-256; tls_wide_p256.c tells.  d may be any of them. */
#define P256_LIMBS	5
void p256_mul(int64_t *d, const int64_t *a, const int64_t *b);
void p256_add(int64_t *d, const int64_t *a, const int64_t *b);
void p256_sub(int64_t *d, const int64_t *a, const int64_t *b);
void p256_settle(int64_t *d);
bool p256_is_zero(const int64_t *a);
/* What the others work on, from four words; and back, up to p itself. */
void p256_in(int64_t *d, const uint64_t *a);
void p256_out(uint64_t *d, const int64_t *a);

#define CURVE_WORDS_MAX	9	/* of 521 bits */
#define CURVE_OCTETS_MAX	66

/* One coordinate; see tls_wide_point.c. */
union coord {
	uint64_t word[CURVE_WORDS_MAX];
	int64_t p256[P256_LIMBS];
};

struct point {
	union coord x, y, z;
};

struct curve {
	struct wide_mod p, n;		/* of coordinates, of points */
	struct point g;
	size_t octets;			/* of either */
};

/* As br_ec_impl says; ids are of P-256, P-384, P-521 and X25519. */
const unsigned char *curve_order(int id, size_t *n);
const unsigned char *curve_generator(int id, size_t *n);
/* false: none of P-256, P-384, P-521. */
MUST_USE bool curve_set(struct curve *c, int id);

void coord_mul(union coord *d, const union coord *a, const union coord *b,
	const struct wide_mod *m);
void coord_sub(union coord *d, const union coord *a, const union coord *b,
	const struct wide_mod *m);
bool coord_is_zero(const union coord *a, const struct wide_mod *m);
bool coord_is_same(const union coord *a, const union coord *b,
	const struct wide_mod *m);
void coord_in(union coord *d, const uint64_t *a, const struct wide_mod *m);

/* X9.62, uncompressed.  false: it is no point of the curve. */
MUST_USE bool point_load(struct point *d, const struct curve *c,
	const unsigned char *octets, size_t n);
/* For public points, which show in the time.  a is d, or another one. */
void point_twice(struct point *d, const struct point *a,
	const struct wide_mod *m);
/* d and b are two; any of them may be nowhere, the same, or opposite. */
void point_add(struct point *d, const struct point *b,
	const struct wide_mod *m);
/*
 * point_times - k times the point as X9.62 has it, k being secret, and less
 * than the order.  false: k was 0, or no less.
 */
bool point_times(unsigned char *out, const struct curve *c,
	const struct point *base, const uint64_t *k);

/* ---- pem: text armour (RFC 7468) ---------------------------------------- */

/* What BEGIN lines say. */
enum pem_kind {
	PEM_OTHER, PEM_CERTIFICATE, PEM_PUBLIC_KEY,
	PEM_PRIVATE_KEY,	/* PKCS#8 */
	PEM_RSA_KEY,		/* PKCS#1 */
	PEM_EC_KEY,		/* SEC1 */
	PEM_ENCRYPTED		/* of any kind: needs a pass phrase */
};

/* A file being read, in pieces; any size. */
struct pem {
	int fd;
	int64_t at;		/* the next octet to load */
	size_t from, n;
	unsigned line;		/* the last one read, from 1 */
	unsigned begun;		/* the BEGIN line of the last object */
	bool is_inside;		/* data goes on inside a line */
	char data[1024];	/* of keys, too: whoever reads them wipes it */
};

/* From the beginning of a file, which stays the caller's. */
void pem_start(struct pem *p, int fd);
/*
 * pem_next - the next armoured object.
 *
 * der  filled (cleared first); holds secrets if the kind is a key: whoever
 *      called wipes it.
 * RC_OK; RC_NONE: no more.  RC_WIRE: malformed, p->line tells where; reading
 * can go on.  RC_FULL: larger than der's room; likewise.  RC_OS.
 */
MUST_USE enum rc pem_next(struct pem *p, enum pem_kind *kind, struct buf *der);

/* ---- cert: one certificate (RFC 5280, 4.1) ------------------------------ */

#define CERT_BYTES_MAX	(16 * 1024)	/* of one; larger ones are refused */

enum {	/* key usage; only what we ask about */
	CERT_MAY_SIGN = 1, CERT_MAY_SIGN_CERTS = 2, CERT_MAY_ENCIPHER = 4,
	CERT_MAY_AGREE = 8
};

/* All spans point into der, which is borrowed. */
struct cert {
	bool is_v1;		/* or v2, without extensions: no CA by itself */
	bool is_ca;
	bool has_usage, has_purpose;
	bool for_servers;	/* EKU has serverAuth or anyExtendedKeyUsage */
	bool odd_critical;	/* a critical extension we don't understand */
	int path_max;		/* pathLenConstraint; -1: none */
	unsigned usage;		/* CERT_MAY_ bits */
	int64_t from, until;	/* validity, unix s, inclusive */
	struct span der;
	struct span issuer, subject;	/* names as DER, with headers */
	struct span spki;	/* SubjectPublicKeyInfo, with header */
	struct span tbs;	/* what is signed, with its header */
	struct span algorithm;	/* of the signature; with header */
	struct span signature;	/* octets of the bit string */
	struct span serial;
	struct span alt_names;	/* body of GeneralNames; p NULL: absent */
	struct span constraints;	/* body of NameConstraints */
};

/*
 * cert_read - reads one certificate.  RC_WIRE: malformed; RC_FULL: too large.
 * Extensions that stand twice, and v1 or v2 with extensions, are malformed, and
 * so is one whose two names of the signature's algorithm differ.
 */
MUST_USE enum rc cert_read(struct span der, struct cert *out);
/* Only the SubjectPublicKeyInfo of something that may be malformed else. */
MUST_USE enum rc cert_read_spki(struct span der, struct span *spki);
/* The same for the subject alone: most of a bundle needs no more. */
MUST_USE enum rc cert_read_subject(struct span der, struct span *subject);

/*
 * Names as X.501 has them, DER with header.  Text is compared without ASCII
 * case, blanks at the ends, and the number of blanks inside; whether it is a
 * PrintableString or a UTF8String does not matter (RFC 5280, 7.1).
 */
bool cert_dn_eq(struct span a, struct span b);
/* Does dn begin with all of base?  For subtrees of names. */
bool cert_dn_within(struct span dn, struct span base);

/* One attribute of a name. */
struct dn_part {
	struct span oid;
	unsigned tag;
	struct span value;
};
struct dn_walk {		/* begin with those of a name's body */
	struct span sets;
	struct span set;
};
/* The next attribute; false: no more, or malformed (then something is left). */
MUST_USE bool dn_next(struct dn_walk *w, struct dn_part *out);
/* From the first one on; false: it is no Name. */
MUST_USE bool dn_begin(struct span name, struct dn_walk *w);
/* Is it a Name, all through? */
bool dn_is_whole(struct span name);
/* Is the tag that of text in octets, of which the ASCII ones are just that? */
bool dn_is_text(unsigned tag);
/*
 * dn_hash - SHA-1 of a name in OpenSSL's one form of it: equal names, equal
 * hashes.  Its first four octets, the last one first, name files of a CApath.
 * false: malformed, or longer than any real name.
 */
#define DN_HASH_BYTES	20
MUST_USE bool dn_hash(struct span name, unsigned char *out);

/* ---- sign: who signed it ------------------------------------------------ */

/* A public key out of a SubjectPublicKeyInfo; points into it. */
struct pub_key {
	br_x509_pkey key;
	bool is_ec;
};

/* RC_WIRE: malformed; RC_DENY: an algorithm or size that we lack. */
MUST_USE enum rc sign_key(struct span spki, struct pub_key *out);
/*
 * sign_check - is that certificate signed by the owner of this key?
 * RC_OK; RC_DENY: no, or by an algorithm that proves nothing (MD5, SHA-1), or
 * that we lack: *why tells, a static text.
 */
MUST_USE enum rc sign_check(const struct cert *c, struct span spki,
	const char **why);
/* The same where nothing depends on it but a word of the log: SHA-1 will do. */
MUST_USE enum rc sign_check_lax(const struct cert *c, struct span spki,
	const char **why);

enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA224, DIGEST_SHA256,
	DIGEST_SHA384, DIGEST_SHA512, DIGESTS };
#define DIGEST_MAX	64
/* By OpenSSL's name in any case, with or without hyphen; DIGESTS: unknown. */
enum digest digest_find(struct span name);
/*
 * digest_read - pairs of hex digits, maybe with a colon between two pairs, as
 * octets.  Returns how many; 0: it is no digest.
 */
size_t digest_read(struct span text, unsigned char *out);
/*
 * What names it in a signature, behind its length (RFC 8017, B.1), from SHA-1
 * on.  enum digest has BearSSL's order: an id of that is one more.
 */
const unsigned char *digest_oid(enum digest d);
/* Length of the digest, octets. */
size_t digest_of(enum digest d, struct span data, unsigned char *out);

/* ---- name: whom a certificate names (RFC 6125, RFC 5280, 4.2.1.10) ------- */

enum {	/* GeneralName, RFC 5280, 4.2.1.6: what we look at */
	NAME_MAIL = 0x81, NAME_DNS = 0x82, NAME_URI = 0x86, NAME_IP = 0x87,
	NAME_DIRECTORY = 0xa4
};

/*
 * name_matches - does the certificate bear one of these names?
 *
 * patterns  `host`, or `.suffix` for anything below it; see policy.
 * ip        besides, an address that would do; NULL: none.
 * found     gets the name that did it, as it stands in the certificate.
 *
 * dNSName first; the common name only if there is no dNSName at all.  A NUL or
 * other odd octets in a name make it match nothing.
 */
bool name_matches(const struct cert *c, const struct span *patterns, size_t n,
	const struct ip *ip, struct buf *found);
/*
 * The same for one name of a certificate, which may be a wildcard: `*` is the
 * whole leftmost label, stands for one, and has two or more behind it.
 */
bool name_covers(struct span in_cert, struct span pattern);
/* Could it be the name of a host, its first label maybe `*`? */
bool name_is_host(struct span name);
/* Is there a dNSName, so that the common name does not count? */
bool name_has_dns(const struct cert *c);
/* Is it a common name that can be one of a host? */
bool name_is_common(const struct dn_part *part);
/* The last common name of the subject, fit for the log; or nothing. */
void name_common(const struct cert *c, struct buf *out);
/* Issuer's common name, else organisation, for the log. */
void name_issuer(const struct cert *c, struct buf *out);
/*
 * name_permitted - does the leaf, or another subject below, keep to the name
 * constraints of an issuer?  Forms that we can't judge are a no, if there is a
 * constraint on them and a name to which it applies; so are malformed ones.
 *
 * Common names that could be a host's are judged like a dNSName, if there is
 * none.  That certificates issued to their own issuer are exempt, but for the
 * leaf (RFC 5280, 6.1.3, b), is the caller's affair.
 */
bool name_permitted(const struct cert *below, const struct cert *issuer);

/* ---- anchor: what we trust ---------------------------------------------- */

struct anchor {
	struct span der;	/* a whole certificate; empty: a bare key */
	struct span spki;
};

/* A bundle of certificates. */
struct anchor_file {
	struct span path;
	int fd;			/* of the PEM text, or -1 */
	struct span cdb;	/* the compiled index, mapped; or empty */
};

/* CAfile and CApath, opened; or what is wrong with them. */
struct anchors {
	bool is_opened;		/* else nothing was asked of them yet */
	enum rc state;		/* what anchors_open() came to */
	struct anchor_file file[2];	/* CAfile; the system's own */
	struct span folder;	/* CApath */
	const char *setting;	/* `smtp_tls_CAfile` */
	const struct log *log;
	bool said_bad;		/* about an entry of a bundle */
	char why[512];
};

/*
 * anchors_open - opens them at the first call, and gives the same answer at
 * each later one.  RC_DENY: CAfile is missing, unreadable or has no
 * certificate, and s->why has a sentence.  A missing CApath is no fault.
 * Notes, once, that the index FILE.cdb is missing or older than FILE.
 *
 * RC_OK with a sentence in s->why: nobody is trusted, as no setting names
 * anybody; it says which line to write.  To be added where a chain fails.
 */
MUST_USE enum rc anchors_open(struct anchors *s, const struct settings *set,
	bool is_lmtp, const struct log *log);
/*
 * anchors_find - the next certificate with that subject.
 *
 * at   zero for the first one; else what the call before left there.
 * a    gets the certificate, if it isn't in a mapped index.
 *
 * RC_NONE: no more.  RC_FULL: no room for one that may be it.  RC_OS: nobody
 * can tell; the log says why.
 */
MUST_USE enum rc anchors_find(struct anchors *s, struct span subject,
	size_t *at, struct arena *a, struct span *der);
/*
 * anchors_each - all of the files of smtp_tls_trust_anchor_file, `tafile=`.
 *
 * a    gets what they hold.
 * out  has room for `most`; n is set, to 0 on any result but RC_OK.
 *
 * RC_DENY: one is missing, has nothing in it, or something that can't be used;
 * `why` tells.
 */
struct anchor_list {
	struct anchor *p;
	size_t most, n;
};
MUST_USE enum rc anchors_each(struct span files, struct arena *a,
	struct anchor_list *out, struct buf *why);
/* The index of a bundle: is it one, and of a file of this length? */
bool index_is_of(struct span cdb, int64_t bytes);

/* ---- key: who we are ---------------------------------------------------- */

#define KEY_CHAIN_MAX	8	/* certificates sent with one key */

/* One key with its certificate and its issuers; all points into own_keys. */
struct own_key {
	bool is_set;
	bool is_ec;
	size_t chain_n;
	struct pub_key pub;	/* of the certificate */
	br_ec_private_key ec;	/* whichever it is */
	br_rsa_private_key rsa;
	br_x509_certificate chain[KEY_CHAIN_MAX];	/* [0] is its own */
};

/*
 * own_key_read - takes a private key apart: PKCS#1 (RFC 8017, A.1), SEC1 (RFC
 * 5915), or PKCS#8 (RFC 5958) around one of them.
 *
 * der  what isn't needed to sign (the private exponent of RSA) is wiped; the
 *      rest must stay as long as the key.
 * out  is_ec, rsa, ec; the curve is that of the certificate: see below.
 *
 * RC_WIRE: malformed, or some other kind of key.
 */
MUST_USE enum rc own_key_read(struct buf *der, struct own_key *out);
/*
 * own_key_fits - is it the key of the certificate chain[0]?  Fills pub, and the
 * curve.  RC_DENY: no.  RC_WIRE: the certificate is malformed, or its key is of
 * a kind or size that can't be used.
 */
MUST_USE enum rc own_key_fits(struct own_key *k);

struct own_keys {
	bool is_read;
	enum rc state;		/* RC_OK, also if there is none; RC_DENY */
	struct arena arena;	/* of memory that is theirs alone */
	struct own_key rsa, ec;
	char why[512];
};

/*
 * keys_read - reads them at the first call, and gives the same answer at each
 * later one.  RC_DENY: a file is missing, a key does not fit its certificate,
 * needs a pass phrase...; k->why names file and setting.  No key at all is
 * RC_OK.
 *
 * Of what was read, certificates and what it takes to sign stay in k->arena;
 * everything else is wiped there, and we have no copy of it elsewhere.
 */
MUST_USE enum rc keys_read(struct own_keys *k, const struct settings *set,
	bool is_lmtp, const struct log *log);
/* What BearSSL asks when a server wants a certificate. */
struct key_choice {
	const br_ssl_client_certificate_class *vtable;
	const struct own_keys *keys;
	const struct own_key *chosen;	/* NULL: none would do */
	const br_hash_class *hash;	/* for ECDSA */
	bool was_asked;
};
void key_choice_init(struct key_choice *c, const struct own_keys *keys);

/* ---- chain: what the peer sent ------------------------------------------ */

#define CHAIN_LINKS_MAX	24	/* certificates; further ones are dropped */
#define CHAIN_SENT_MAX	16	/* of them, from the peer */
#define CHAIN_KEYS_MAX	16	/* bare keys that are anchors */
#define CHAIN_BYTES_MAX	(64 * 1024)

struct chain_link {
	bool is_readable;	/* cert_read() was RC_OK */
	bool is_sent;		/* by the peer, else from our stores */
	bool is_anchor;		/* trusted as an issuer */
	bool is_leaf_anchor;	/* trusted even as the leaf itself */
	struct cert cert;
};

struct chain {
	const br_x509_class *vtable;	/* first: BearSSL has a pointer to it */
	size_t n, keys;		/* of the links; of the bare keys */
	bool is_cut;		/* too long or too many: some were dropped */
	struct arena arena;	/* DER of all; CHAIN_BYTES_MAX */
	size_t open_at;		/* of the certificate coming in */
	struct pub_key leaf_key;
	struct chain_link link[CHAIN_LINKS_MAX];	/* [0] is the leaf */
	struct span key[CHAIN_KEYS_MAX];	/* SPKIs of bare anchors */
};

/* Empties it; room is of CHAIN_BYTES_MAX. */
void chain_start(struct chain *c, void *room);
/*
 * Adds one of ours, which is borrowed (c->arena has room for those that nobody
 * else keeps); one that is there already is not added again.
 * RC_FULL; RC_WIRE: malformed.
 */
MUST_USE enum rc chain_add(struct chain *c, struct span der,
	struct chain_link **out);

/* ---- path: from the leaf to an anchor ----------------------------------- */

#define PATH_SIGNATURES_MAX	64	/* tried for one peer */

struct path_want {
	struct anchors *anchors;	/* NULL: only what is in the chain */
	int64_t now;			/* unix s */
	int depth;			/* certificates between leaf and anchor:
					   smtp_tls_scert_verifydepth */
	bool sha1_will_do;		/* trust decides nothing: see check */
};

/*
 * path_find - is there a way from the leaf to an anchor on which all is well:
 * signatures, dates (the anchor's too), CA, path lengths, usage, purpose, name
 * constraints, no odd critical extension?  RFC 5280, 6.1, without policies.
 *
 * RC_OK; RC_DENY: no, `why` has the most telling reason; RC_FULL: bounds met.
 */
MUST_USE enum rc path_find(struct chain *c, const struct path_want *want,
	struct buf *why);
/* `the certificate of SUBJECT (issued by ISSUER)`, for sentences. */
void path_about(const struct cert *c, struct buf *b);

/* ---- dane: TLSA records against a chain (RFC 7671, 7672) ----------------- */

enum { TLSA_TA = 2, TLSA_EE = 3 };	/* usages that mail heeds */
enum { TLSA_CERT, TLSA_SPKI };		/* selectors */

/* A usable record: it is known what it says, and of what. */
struct tlsa {
	uint8_t usage, selector, matching;	/* as published */
	uint8_t digest;		/* DIGESTS: none, data is it all */
	uint8_t rank;		/* of the digest; 0 is the strongest */
	struct span data;
};

struct tlsa_set {
	struct span base;	/* the name they were found at: SNI, and name */
	struct tlsa *record;	/* usable, after digest agility */
	size_t n;
};

#define DANE_DIGESTS_MAX	8

/* What tls_dane_digests says: matching types, the strongest first. */
struct dane_digests {
	struct {
		uint8_t matching;
		uint8_t digest;
		uint8_t bytes;
	} known[DANE_DIGESTS_MAX];
	size_t n;
};

/* RC_DENY: a word of it makes no sense, or there is none; *bad is it. */
MUST_USE enum rc dane_digests_read(struct dane_digests *d, struct span words,
	struct span *bad);
/*
 * dane_usable - what a TLSA record says, if we can make use of it.
 *
 * data  as in DNS; any octets.  out borrows from it.
 * false: usage 0 or 1 (RFC 7672, 3.1.3) or unknown, an unknown selector or
 * digest, a digest of the wrong length, a whole value that is not DER.
 */
MUST_USE bool dane_usable(const struct dane_digests *d, struct span data,
	struct tlsa *out);
/*
 * dane_agile - of the digests of one usage and selector, only the strongest
 * kind stays (RFC 7671, 9).  Whole values always stay.
 */
void dane_agile(struct tlsa_set *set);

/*
 * dane_marks - settles usage 3 and prepares usage 2: marks links that records
 * of usage 2 name as anchors, and adds what records hold whole.
 *
 * RC_OK    a record of usage 3 fits the leaf: all is proved.
 * RC_NONE  there are anchors: path_find() and a name decide.
 * RC_DENY  no record fits.
 */
MUST_USE enum rc dane_marks(struct chain *c, const struct tlsa_set *set);

/* ---- version: protocols ------------------------------------------------- */

/*
 * version_range - what a list of protocols leaves: `>=TLSv1.2`, `<=0303`,
 * `!TLSv1`, or plain names.  A range without holes, the lowest one if there are
 * several: OpenSSL can't do holes either.
 *
 * min, max  BR_TLS10 to BR_TLS12.
 * RC_DENY: a word is unknown, or nothing is left that we have; `why` gets the
 * second half of a sentence.  It may get one on RC_OK, too, which is a warning.
 */
MUST_USE enum rc version_range(struct span list, unsigned *min, unsigned *max,
	struct buf *why);

/* ---- cipher: OpenSSL's cipher lists ------------------------------------- */

/*
 * What BearSSL has, without static ECDH, which OpenSSL dropped long ago and
 * nobody misses.
 */
#define TLS_SUITES_MAX	28

/* Suites are places in the table of tls_suite.c; sets have a bit for each. */
struct ciphers {
	uint8_t at[TLS_SUITES_MAX];	/* the order, the first is the best */
	size_t n;			/* fewer than all: some went for good */
	uint32_t on;			/* the set of those that are chosen */
};

/* None is chosen. */
void cipher_start(struct ciphers *o);
/* false: *bad is the element that can't be understood. */
MUST_USE bool cipher_obey(struct ciphers *o, struct span list,
	struct span *bad);
/*
 * cipher_exclude - takes a suite, a class, or what is in classes joined by +,
 * away for good.  false: it is none of these, an operator say.  A word that
 * means nothing excludes nothing that we have.
 */
MUST_USE bool cipher_exclude(struct ciphers *o, struct span word);

/* ---- suite: protocols and ciphers --------------------------------------- */

struct suites {
	unsigned min, max;	/* BR_TLS10 to BR_TLS12 */
	uint16_t suite[TLS_SUITES_MAX];	/* in the order of preference */
	size_t n;
};

/*
 * suite_choose - what protocols, grade and exclusions of a policy leave.
 *
 * Cipher lists are OpenSSL's, with its rules for ! - + and @STRENGTH; names and
 * classes that mean nothing to us select nothing.
 *
 * p  its level is settled, and isn't LEVEL_NONE.
 *
 * RC_DENY: a word is unknown, or nothing is left that we have; `why` gets a
 * sentence with the setting or table, and the word.  It may get one on RC_OK,
 * too, for a warning in the log.
 */
MUST_USE enum rc suite_choose(const struct tls_policy *p,
	const struct settings *set, struct suites *out, struct buf *why);
/* What a word of a list selects; nothing, if it means nothing to us. */
uint32_t suite_set(struct span word);
uint32_t suite_set_bits(unsigned bits);	/* with so long a key */
const char *suite_name(uint16_t suite);	/* OpenSSL's; `?`: unknown */
unsigned suite_bits(uint16_t suite);	/* of the key; 0: unknown */
const char *suite_version(unsigned version);	/* `TLSv1.2` */

/* ---- entry: of smtp_tls_policy_maps ------------------------------------- */

/*
 * entry_read - level and attributes of an entry, into p.
 *
 * room  over p->room, holds the entry; lists that stand there in pieces are
 *       joined behind it.
 *
 * RC_DENY: something can't be used; `why` gets the second half of a sentence.
 */
MUST_USE enum rc entry_read(struct tls_policy *p, struct buf *room,
	struct buf *why);

/* ---- check: the verdict on a peer --------------------------------------- */

/*
 * check_peer - what did this chain prove, for this policy and its site?
 * As tls_wire_trust(); what is worth a log line besides (names, fingerprints)
 * is logged here, as smtp_tls_loglevel has it.
 */
enum tls_trust check_peer(struct tls *t, struct chain *c,
	const struct tls_policy *p, bool *matched, struct buf *why);

/* ---- session: sessions remembered --------------------------------------- */

#define SESSION_KEY	br_sha256_SIZE
#define SESSIONS_HELD	4	/* in a worker's memory: it serves few hosts */

/* One that a server may take up again. */
struct session {
	unsigned char key[SESSION_KEY];	/* see session_key() */
	int64_t made_s;		/* unix s, of its full handshake */
	br_ssl_session_parameters ssl;	/* with the master secret */
	uint8_t trust;		/* enum tls_trust: what the certificate was
				   found to be then */
};

struct sessions {
	bool is_wanted;		/* looked up in the settings once, with: */
	bool is_ready;
	bool is_off;		/* the file is not to be used; it was said */
	struct span path;
	int64_t life_s;
	struct session held[SESSIONS_HELD];
};

/*
 * session_key - who a session is with, and what its verdict rests on: a resumed
 * handshake shows no certificate, so it is only made where the policy, the
 * anchors, the records... are equal to those of the full one.
 */
void session_key(const struct tls *t, const struct tls_policy *p,
	const struct suites *s, unsigned char *key);
/*
 * session_find - false: none that is fresh.
 * room  scratch for the file, SESSION_ROOM octets; wiped.
 */
#define SESSION_ROOM	16384
bool session_find(struct tls *t, const unsigned char *key, void *room,
	struct session *out);
/* Remembers it, in place of an older one of that key. */
void session_keep(struct tls *t, const struct session *s, void *room);
/* It came to nothing: the next handshake is to be a full one. */
void session_forget(struct tls *t, const unsigned char *key, void *room);
/* The settings are on, and this worker has a use for all of the above. */
bool session_is_wanted(struct tls *t);

/* ---- engine, fault: what a connection is made of ------------------------- */

/* A client with these suites and versions, before its first handshake. */
void engine_init(br_ssl_client_context *cc, const struct suites *s);

/* What a handshake or a connection failed of. */
struct fault {
	int error;		/* of BearSSL */
	unsigned min, max;	/* versions that we offered */
	bool not_tls;		/* no record ever came */
	bool has_cert;		/* the server's certificate came */
	bool was_asked;		/* for one of ours */
};
/* Part of a sentence. */
void fault_put(struct buf *b, const struct fault *f);

/* ---- all of it ---------------------------------------------------------- */

struct tls {
	const struct settings *set;
	const struct log *log;
	bool is_lmtp;
	bool said_no_dnssec;	/* once per process */
	void *chain_room;	/* memory of the port, taken when needed */
	struct tls_wire *wire;	/* likewise */
	struct table_list policy_maps, per_site;
	struct sessions sessions;
	struct anchors anchors;
	struct own_keys keys;
	struct chain chain;
	char policy_room[2048];	/* what a table said, for tls_policy_find() */
};

#endif
