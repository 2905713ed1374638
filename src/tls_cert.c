/*
 * tls_cert.c - one certificate taken apart (RFC 5280, 4.1).
 *
 * Strict where two readers could see two things in one certificate; where
 * OpenSSL lets pass what real certificates have (an explicit default, negative
 * serial numbers, unique ids), so do we.  What is wrong with an extension that
 * we look at makes the whole certificate malformed; nothing here decides
 * whether it is trusted.
 */
#include <string.h>

#include "tls_int.h"

/* Each is compared with those before it; real ones have about ten. */
#define EXTENSIONS_MAX	64
#define PATH_MOST	255	/* more than any path of ours is long */

enum { V1 = 1, V3 = 3 };

/* What is looked at in cert_read() alone. */
struct rest {
	unsigned version;
	struct span algorithm;		/* as what is signed has it */
	struct span validity;
	struct span behind;		/* the key: ids and extensions */
};

struct extension {
	struct span id;
	bool is_critical;
	struct span value;
};

/* Optional, and missing in v1. */
static bool
read_version(struct span *tbs, unsigned *version)
{
	struct span body, number;

	*version = V1;
	if (!der_at(*tbs, DER_CONTEXT_PARTS))
		return true;
	if (!der_take(tbs, DER_CONTEXT_PARTS, &body, NULL)
	    || !der_take_unsigned(&body, &number) || body.n > 0
	    || number.n > 1)
		return false;
	if (number.n > 0)
		*version += (unsigned char)number.p[0];
	return *version <= V3;
}

/* All up to the key, and what that leaves; reads no deeper than it must. */
static bool
read_to_key(struct span body, struct cert *out, struct rest *rest)
{
	struct span none, tbs;

	if (!der_take(&body, DER_SEQUENCE, &tbs, &out->tbs)
	    || !read_version(&tbs, &rest->version)
	    || !der_take(&tbs, DER_INTEGER, &out->serial, NULL)
	    || !der_take(&tbs, DER_SEQUENCE, &none, &rest->algorithm)
	    || !der_take(&tbs, DER_SEQUENCE, &none, &out->issuer)
	    || !der_take(&tbs, DER_SEQUENCE, &rest->validity, NULL)
	    || !der_take(&tbs, DER_SEQUENCE, &none, &out->subject)
	    || !der_take(&tbs, DER_SEQUENCE, &none, &out->spki))
		return false;
	rest->behind = tbs;
	return true;
}

/* Seconds since 1970; any nonsense that comes in comes out as another date. */
static int64_t
unix_of(const struct civil *c)
{
	int month = (c->month + 9) % 12;	/* March is 0 */
	int64_t year = c->year - (month >= 10);
	int64_t days = 365 * year + year / 4 - year / 100 + year / 400
	    + (306 * month + 5) / 10 + c->day - 1 - 719468;

	return ((days * 24 + c->hour) * 60 + c->minute) * 60 + c->second;
}

/* The next two digits. */
static bool
read_pair(struct span *s, int *out)
{
	uint64_t v;

	if (!span_number(span_head(*s, 2), 99, &v))
		return false;
	*s = span_tail(*s, 2);
	*out = (int)v;
	return true;
}

/*
 * RFC 5280, 4.1.2.5: UTCTime is of 1950 to 2049; both forms have seconds, no
 * fraction, and are of Greenwich.  A date that does not exist comes back from
 * civil_of() as another one.
 */
static bool
read_time(struct span *rest, int64_t *out)
{
	int part[7];	/* century, year, month, day, hour, minute, second */
	struct civil c, check;
	struct span s;
	size_t i, first;
	unsigned tag;

	if (!der_next(rest, &tag, &s, NULL)
	    || (tag != DER_TIME && tag != DER_UTC_TIME))
		return false;
	first = tag == DER_UTC_TIME;
	for (i = first; i < COUNT(part); i++)
		if (!read_pair(&s, &part[i]))
			return false;
	if (!span_is(s, "Z"))
		return false;
	if (first > 0)
		part[0] = part[1] < 50 ? 20 : 19;
	c = (struct civil){ 100 * part[0] + part[1], part[2], part[3],
	    part[4], part[5], part[6], 0 };
	*out = unix_of(&c);
	civil_of(*out, &check);
	c.weekday = check.weekday;
	return memcmp(&c, &check, sizeof(c)) == 0;
}

/* Explicit [1] and [2] are identifiers that nobody uses any more. */
static bool
find_extensions(struct span rest, struct span *list)
{
	unsigned tag;
	struct span body;

	*list = (struct span){ NULL, 0 };
	for (tag = DER_CONTEXT + 1; tag <= DER_CONTEXT + 2; tag++)
		if (der_at(rest, tag) && !der_take(&rest, tag, &body, NULL))
			return false;
	if (rest.n == 0)
		return true;
	return der_only(rest, DER_CONTEXT_PARTS + 3, &body)
	    && der_only(body, DER_SEQUENCE, list);
}

static bool
read_extension(struct span *rest, struct extension *e)
{
	struct span body;

	e->is_critical = false;
	return der_take(rest, DER_SEQUENCE, &body, NULL)
	    && der_take(&body, DER_OID, &e->id, NULL)
	    && (!der_at(body, DER_BOOLEAN)
	    || der_take_bool(&body, &e->is_critical))
	    && der_only(body, DER_OCTETS, &e->value);
}

/* Is there one of that id among the first n? */
static bool
stands_before(struct span list, size_t n, struct span id)
{
	struct extension e;

	for (size_t i = 0; i < n; i++)
		if (read_extension(&list, &e) && span_eq(e.id, id))
			return true;
	return false;
}

static bool
read_constraints(struct span value, struct cert *out)
{
	struct span body, number;

	if (!der_only(value, DER_SEQUENCE, &body)
	    || (der_at(body, DER_BOOLEAN)
	    && !der_take_bool(&body, &out->is_ca)))
		return false;
	if (body.n == 0)
		return true;
	if (!der_take_unsigned(&body, &number) || body.n > 0)
		return false;
	out->path_max = number.n == 0 ? 0 : number.n > 1 ? PATH_MOST
	    : (unsigned char)number.p[0];
	return true;
}

/* RFC 5280, 4.2.1.3; what is asked about is all in the first octet. */
static bool
read_usage(struct span value, struct cert *out)
{
	struct span bits;
	unsigned unused, v;

	if (!der_only(value, DER_BITS, &bits) || bits.n < 1)
		return false;
	unused = (unsigned char)bits.p[0];
	if (unused > 7 || (bits.n == 1 && unused > 0))
		return false;
	v = bits.n > 1 ? (unsigned char)bits.p[1] : 0;
	if (bits.n == 2)
		v = v >> unused << unused;
	out->has_usage = true;
	out->usage = (v & 0x80 ? CERT_MAY_SIGN : 0U)
	    | (v & 0x20 ? CERT_MAY_ENCIPHER : 0U)
	    | (v & 0x08 ? CERT_MAY_AGREE : 0U)
	    | (v & 0x04 ? CERT_MAY_SIGN_CERTS : 0U);
	return true;
}

static bool
read_purposes(struct span value, struct cert *out)
{
	struct span list, id;

	if (!der_only(value, DER_SEQUENCE, &list))
		return false;
	out->has_purpose = true;
	while (list.n > 0) {
		if (!der_take(&list, DER_OID, &id, NULL))
			return false;
		/* serverAuth, anyExtendedKeyUsage: RFC 5280, 4.2.1.12 */
		if (span_is(id, "\x2b\6\1\5\5\7\3\1")
		    || span_eq(id, SPAN("\x55\x1d\x25\0")))
			out->for_servers = true;
	}
	return true;
}

/* A SEQUENCE of anything, of which the body is kept. */
static bool
read_list(struct span value, struct span *list)
{
	struct span rest, body;
	unsigned tag;

	if (!der_only(value, DER_SEQUENCE, list))
		return false;
	for (rest = *list; rest.n > 0; )
		if (!der_next(&rest, &tag, &body, NULL))
			return false;
	return true;
}

/*
 * Known by the last octet of 2.5.29.x, or not at all.  Those about policies
 * and revocation are let pass though critical, as OpenSSL does as long as
 * nobody asks for either.
 */
static bool
read_known(const struct extension *e, struct cert *out)
{
	switch (e->id.n == 3 && memcmp(e->id.p, "\x55\x1d", 2) == 0
	    ? e->id.p[2] : 0) {
	case 15:
		return read_usage(e->value, out);
	case 17:
		return read_list(e->value, &out->alt_names);
	case 19:
		return read_constraints(e->value, out);
	case 30:
		return read_list(e->value, &out->constraints);
	case 37:
		return read_purposes(e->value, out);
	case 31:	/* cRLDistributionPoints */
	case 32:	/* certificatePolicies */
	case 33:	/* policyMappings */
	case 36:	/* policyConstraints */
	case 54:	/* inhibitAnyPolicy */
		return true;
	default:
		out->odd_critical = out->odd_critical || e->is_critical;
		return true;
	}
}

static bool
read_extensions(struct span list, struct cert *out)
{
	struct span rest = list;
	struct extension e;

	for (size_t n = 0; rest.n > 0; n++)
		if (n == EXTENSIONS_MAX || !read_extension(&rest, &e)
		    || stands_before(list, n, e.id) || !read_known(&e, out))
			return false;
	return true;
}

static bool
read_all(struct span body, struct cert *out)
{
	struct span none, list;
	struct rest rest;

	if (!read_to_key(body, out, &rest))
		return false;
	body = (struct span){ out->tbs.p + out->tbs.n,
	    body.n - out->tbs.n };
	if (!der_take(&body, DER_SEQUENCE, &none, &out->algorithm)
	    || !der_take_bits(&body, &out->signature) || body.n > 0
	    || !span_eq(out->algorithm, rest.algorithm))
		return false;
	if (out->serial.n == 0 || !dn_is_whole(out->issuer)
	    || !dn_is_whole(out->subject)
	    || !read_time(&rest.validity, &out->from)
	    || !read_time(&rest.validity, &out->until)
	    || rest.validity.n > 0 || !find_extensions(rest.behind, &list))
		return false;
	out->is_v1 = rest.version < V3;
	if (out->is_v1 && list.p)
		return false;
	return read_extensions(list, out);
}

enum rc
cert_read(struct span der, struct cert *out)
{
	struct span body;

	*out = (struct cert){ .der = der, .path_max = -1 };
	if (der.n > CERT_BYTES_MAX)
		return RC_FULL;
	if (!der_only(der, DER_SEQUENCE, &body) || !read_all(body, out))
		return RC_WIRE;
	return RC_OK;
}

/* Up to the key, whatever is behind it. */
static enum rc
read_front(struct span der, struct cert *out)
{
	struct span body;
	struct rest rest;

	if (der.n > CERT_BYTES_MAX)
		return RC_FULL;
	return der_only(der, DER_SEQUENCE, &body)
	    && read_to_key(body, out, &rest) ? RC_OK : RC_WIRE;
}

enum rc
cert_read_spki(struct span der, struct span *spki)
{
	struct cert c;

	TRY(read_front(der, &c));
	*spki = c.spki;
	return RC_OK;
}

enum rc
cert_read_subject(struct span der, struct span *subject)
{
	struct cert c;

	TRY(read_front(der, &c));
	*subject = c.subject;
	return RC_OK;
}
