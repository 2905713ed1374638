/*
 * tls_make.h - certificates made octet by octet, for the tests of tls.
 *
 * Their signatures prove nothing; see tests/certs for those that do.  What is
 * made lives in `made`, up to made_begin().
 */
#ifndef TLS_MAKE_H
#define TLS_MAKE_H

#include <string.h>

#include "../sim/sim.h"

#define UNUSED	__attribute__((unused))

static struct {
	char p[512 * 1024];
	size_t n;
} made;

UNUSED static void
made_begin(void)
{
	made.n = 0;
}

/* tag, length, and the parts behind each other. */
static struct span
make_of(unsigned tag, const struct span *part, size_t parts)
{
	size_t length = 0, from = made.n;

	for (size_t i = 0; i < parts; i++)
		length += part[i].n;
	assert_true(length < 65536 && made.n + length + 4 < sizeof(made.p));
	made.p[made.n++] = (char)tag;
	if (length > 255) {
		made.p[made.n++] = (char)0x82;
		made.p[made.n++] = (char)(length >> 8);
	} else if (length > 127) {
		made.p[made.n++] = (char)0x81;
	}
	made.p[made.n++] = (char)length;
	for (size_t i = 0; i < parts; i++) {
		if (part[i].n > 0)
			memcpy(made.p + made.n, part[i].p, part[i].n);
		made.n += part[i].n;
	}
	return (struct span){ made.p + from, made.n - from };
}

#define MAKE(tag, ...) \
	make_of((tag), (const struct span[]){ __VA_ARGS__ }, \
	    sizeof((const struct span[]){ __VA_ARGS__ }) / sizeof(struct span))
#define NOTHING		SPAN("")
#define OID_CN		SPAN("\x55\4\3")
#define OID_O		SPAN("\x55\4\x0a")
#define OID_MAIL	SPAN("\x2a\x86\x48\x86\xf7\x0d\1\x09\1")

/* One RDN of one attribute. */
UNUSED static struct span
make_rdn(struct span oid, unsigned tag, struct span value)
{
	return MAKE(0x31, MAKE(0x30, MAKE(6, oid), MAKE(tag, value)));
}

UNUSED static struct span
make_cn(const char *name)
{
	return MAKE(0x30, make_rdn(OID_CN, 0x0c, span_of(name)));
}

UNUSED static struct span
make_extension(unsigned id, struct span value)
{
	char oid[] = { 0x55, 0x1d, (char)id };

	return MAKE(0x30, MAKE(6, { oid, 3 }), MAKE(4, value));
}

UNUSED static struct span
make_critical(unsigned id, struct span value)
{
	char oid[] = { 0x55, 0x1d, (char)id };

	return MAKE(0x30, MAKE(6, { oid, 3 }), MAKE(1, SPAN("\xff")),
	    MAKE(4, value));
}

/* What is left empty becomes something right. */
struct parts {
	struct span version;		/* of the number; none: v3 */
	bool is_v1;			/* no version at all */
	struct span serial, inner, issuer, validity, subject, spki, ids;
	struct span extensions;		/* one behind the other */
	struct span after;		/* behind the extensions */
	struct span outer, signature, tail;
};

static struct span
or_else(struct span s, struct span other)
{
	return s.n > 0 ? s : other;
}

UNUSED static struct span
make_cert(const struct parts *p)
{
	static const char ecdsa[] = "\x30\x0a\6\x08\x2a\x86\x48\xce\x3d\4\3\2";
	struct span name = make_cn("a.example");
	struct span alg = { ecdsa, sizeof(ecdsa) - 1 };
	struct span dates = MAKE(0x30, MAKE(0x17, SPAN("250101000000Z")),
	    MAKE(0x17, SPAN("270101000000Z")));
	struct span version = p->is_v1 ? NOTHING
	    : MAKE(0xa0, or_else(p->version, SPAN("\2\1\2")));
	struct span exts = p->extensions.n == 0 ? NOTHING
	    : MAKE(0xa3, MAKE(0x30, p->extensions));
	struct span tbs = MAKE(0x30, version,
	    or_else(p->serial, SPAN("\2\1\5")), or_else(p->inner, alg),
	    or_else(p->issuer, name), or_else(p->validity, dates),
	    or_else(p->subject, name),
	    or_else(p->spki, SPAN("\x30\3\2\1\1")), p->ids, exts, p->after);

	return MAKE(0x30, tbs, or_else(p->outer, alg),
	    or_else(p->signature, SPAN("\3\3\0ab")), p->tail);
}

#endif
