/*
 * tls_signed.h - makes certificates that are signed, for tests and fuzzing of
 * what follows chains of them.
 *
 * Keys are numbers: key n is the point n * G on P-256, so a certificate takes
 * two scalar multiplications, and the same description gives the same octets.
 */
#ifndef TLS_SIGNED_H
#define TLS_SIGNED_H

#include <stdlib.h>
#include <string.h>

#include <bearssl.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

#define MAKE_MAX	20480

/* A certificate to be; what is left zero is the usual. */
struct make {
	const char *cn, *issuer;	/* issuer NULL: cn */
	unsigned key, by;		/* its key, the signer's; by 0: key */
	int64_t from, until;		/* 0: a year around SIM_WALL */
	bool is_ca;
	bool has_limit;			/* pathLenConstraint is there */
	int limit;
	unsigned usage;			/* first octet of KeyUsage; 0: absent */
	const char *purpose;		/* "server", "client"; NULL: no EKU */
	const char *names;		/* of hosts, divided by blanks */
	const char *ip;			/* besides, an address */
	const char *permitted;		/* a subtree of host names, critical */
	bool is_odd;			/* a critical extension of no meaning */
	bool is_v1;
	bool by_sha1;
	bool is_forged;			/* the signature is wrong */
};

/* First octets of KeyUsage. */
enum { MAKE_SIGN = 0x80, MAKE_ENCIPHER = 0x20, MAKE_CERTS = 0x04,
	MAKE_CRLS = 0x02 };

struct made {
	unsigned char p[MAKE_MAX];
	size_t n;
};

static inline struct span
made_span(const struct made *m)
{
	return (struct span){ (const char *)m->p, m->n };
}

static inline void
make_put(struct made *m, const void *p, size_t n)
{
	if (n > sizeof(m->p) - m->n)
		abort();
	memcpy(m->p + m->n, p, n);
	m->n += n;
}

#define MAKE_PUT(m, text)	make_put((m), (text), sizeof(text) - 1)

/* Turns what was put since `at` into the value of an element. */
static inline void
make_wrap(struct made *m, size_t at, unsigned tag)
{
	size_t n = m->n - at, head = n < 128 ? 2 : n < 256 ? 3 : 4;
	unsigned char h[4] = { (unsigned char)tag, (unsigned char)n };

	if (head == 3) {
		h[1] = 0x81;
		h[2] = (unsigned char)n;
	} else if (head == 4) {
		h[1] = 0x82;
		h[2] = (unsigned char)(n >> 8);
		h[3] = (unsigned char)n;
	}
	make_put(m, h, head);	/* for the room */
	memmove(m->p + at + head, m->p + at, n);
	memcpy(m->p + at, h, head);
}

static inline void
make_tlv(struct made *m, unsigned tag, const void *p, size_t n)
{
	size_t at = m->n;

	make_put(m, p, n);
	make_wrap(m, at, tag);
}

static inline void
make_name(struct made *m, const char *cn)
{
	size_t at = m->n;

	MAKE_PUT(m, "\x06\x03\x55\x04\x03");
	make_tlv(m, 0x0c, cn, strlen(cn));
	make_wrap(m, at, 0x30);
	make_wrap(m, at, 0x31);
	make_wrap(m, at, 0x30);
}

static inline void
make_time(struct made *m, int64_t unix_s)
{
	char text[32];
	struct buf b = BUF(text);
	struct civil c;

	civil_of(unix_s, &c);
	buf_fmt(&b, "%04d%02d%02d%02d%02d%02dZ", c.year, c.month, c.day,
	    c.hour, c.minute, c.second);
	if (c.year >= 1950 && c.year < 2050)
		make_tlv(m, 0x17, text + 2, b.n - 2);
	else
		make_tlv(m, 0x18, text, b.n);
}

static inline br_ec_private_key
make_key(unsigned number, unsigned char *x)
{
	memset(x, 0, 32);
	x[30] = (unsigned char)(number >> 8);
	x[31] = (unsigned char)number;
	return (br_ec_private_key){ BR_EC_secp256r1, x, 32 };
}

/* The point of a key; those of small numbers are kept. */
static inline void
make_point(unsigned number, unsigned char *q)
{
	static unsigned char known[16][65];
	unsigned char x[32], room[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_private_key key = make_key(number, x);

	if (number < COUNT(known) && known[number][0] != 0) {
		memcpy(q, known[number], 65);
		return;
	}
	if (br_ec_compute_pub(br_ec_get_default(), NULL, room, &key) != 65)
		abort();
	memcpy(q, room, 65);
	if (number < COUNT(known))
		memcpy(known[number], room, 65);
}

/* SubjectPublicKeyInfo. */
static inline void
make_spki(struct made *m, unsigned number)
{
	unsigned char bits[66] = { 0 };
	size_t at = m->n;

	make_point(number, bits + 1);
	MAKE_PUT(m, "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
	    "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07");
	make_tlv(m, 0x03, bits, sizeof(bits));
	make_wrap(m, at, 0x30);
}

static inline void
make_algorithm(struct made *m, bool by_sha1)
{
	if (by_sha1)
		MAKE_PUT(m, "\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01");
	else
		MAKE_PUT(m, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02");
}

/* What was put since `at` becomes an extension; arc: last of 2.5.29. */
static inline void
make_extension(struct made *m, size_t at, unsigned char arc, bool is_critical)
{
	unsigned char head[8] = { 0x06, 3, 0x55, 0x1d, arc, 0x01, 1, 0xff };
	size_t n = is_critical ? 8 : 5, body;

	make_wrap(m, at, 0x04);
	body = m->n - at;
	make_put(m, head, n);
	memmove(m->p + at + n, m->p + at, body);
	memcpy(m->p + at, head, n);
	make_wrap(m, at, 0x30);
}

static inline void
make_names(struct made *m, const struct make *want)
{
	struct span rest = span_of(want->names != NULL ? want->names : "");
	struct span word;
	size_t at = m->n;
	struct ip ip;

	while (span_word(&rest, " ", &word))
		make_tlv(m, 0x82, word.p, word.n);
	if (want->ip != NULL) {
		if (!ip_parse(span_of(want->ip), &ip))
			abort();
		make_tlv(m, 0x87, ip.b, ip.family == IP_V4 ? 4 : 16);
	}
	make_wrap(m, at, 0x30);
	make_extension(m, at, 17, false);
}

static inline void
make_basics(struct made *m, const struct make *want)
{
	unsigned char limit = (unsigned char)want->limit;
	size_t at = m->n;

	if (want->is_ca)
		MAKE_PUT(m, "\x01\x01\xff");
	if (want->has_limit)
		make_tlv(m, 0x02, &limit, 1);
	make_wrap(m, at, 0x30);
	make_extension(m, at, 19, true);
}

static inline void
make_extensions(struct made *m, const struct make *want)
{
	unsigned char usage[2] = { 0, (unsigned char)want->usage };
	size_t whole = m->n, at = m->n;

	if (want->is_ca || want->has_limit)
		make_basics(m, want);
	at = m->n;
	if (want->usage != 0) {
		make_tlv(m, 0x03, usage, 2);
		make_extension(m, at, 15, true);
	}
	at = m->n;
	if (want->purpose != NULL) {
		MAKE_PUT(m, "\x06\x08\x2b\x06\x01\x05\x05\x07\x03");
		make_put(m, want->purpose[0] == 's' ? "\x01" : "\x02", 1);
		make_wrap(m, at, 0x30);
		make_extension(m, at, 37, false);
	}
	if (want->names != NULL || want->ip != NULL)
		make_names(m, want);
	at = m->n;
	if (want->permitted != NULL) {
		make_tlv(m, 0x82, want->permitted, strlen(want->permitted));
		make_wrap(m, at, 0x30);
		make_wrap(m, at, 0xa0);
		make_wrap(m, at, 0x30);
		make_extension(m, at, 30, true);
	}
	at = m->n;
	if (want->is_odd) {
		MAKE_PUT(m, "\x05\x00");
		make_extension(m, at, 99, true);
	}
	if (m->n > whole) {
		make_wrap(m, whole, 0x30);
		make_wrap(m, whole, 0xa3);
	}
}

static inline void
make_tbs(struct made *m, const struct make *want)
{
	const int64_t half = 182 * (DAY / SECOND);
	size_t at = m->n, times;

	if (!want->is_v1)
		MAKE_PUT(m, "\xa0\x03\x02\x01\x02");
	MAKE_PUT(m, "\x02\x01\x07");
	make_algorithm(m, want->by_sha1);
	make_name(m, want->issuer != NULL ? want->issuer : want->cn);
	times = m->n;
	make_time(m, want->from != 0 ? want->from : SIM_WALL - half);
	make_time(m, want->until != 0 ? want->until : SIM_WALL + half);
	make_wrap(m, times, 0x30);
	make_name(m, want->cn);
	make_spki(m, want->key);
	if (!want->is_v1)
		make_extensions(m, want);
	make_wrap(m, at, 0x30);
}

static inline void
make_cert(struct made *m, const struct make *want)
{
	unsigned char x[32], hash[32], sig[1 + 2 * 40] = { 0 };
	br_ec_private_key key = make_key(want->by != 0 ? want->by : want->key,
	    x);
	br_sha256_context sha256;
	br_sha1_context sha1;
	size_t n;

	m->n = 0;
	make_tbs(m, want);
	br_sha256_init(&sha256);
	br_sha256_update(&sha256, m->p, m->n);
	br_sha256_out(&sha256, hash);
	if (want->by_sha1) {
		br_sha1_init(&sha1);
		br_sha1_update(&sha1, m->p, m->n);
		br_sha1_out(&sha1, hash);
	}
	hash[0] ^= want->is_forged;
	n = br_ecdsa_sign_asn1_get_default()(br_ec_get_default(),
	    want->by_sha1 ? &br_sha1_vtable : &br_sha256_vtable, hash, &key,
	    sig + 1);
	if (n == 0)
		abort();
	make_algorithm(m, want->by_sha1);
	make_tlv(m, 0x03, sig, n + 1);
	make_wrap(m, 0, 0x30);
}

/* As the engine hands certificates over, in pieces. */
static inline void
make_feed(struct chain *c, struct span der)
{
	const br_x509_class **ctx = &c->vtable;
	size_t n = 0;

	c->vtable->start_cert(ctx, (uint32_t)der.n);
	for (size_t i = 0; i < der.n; i += n) {
		n = der.n - i < 100 ? der.n - i : 100;
		c->vtable->append(ctx, (const unsigned char *)der.p + i, n);
	}
	c->vtable->end_cert(ctx);
}

#endif
