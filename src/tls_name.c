/*
 * tls_name.c - whom a certificate names (RFC 6125, 6.4; RFC 5280, 4.2.1.6).
 *
 * Names are octets of a peer's choice.  Only those that a host may have are
 * looked at: no NUL, no blank, no letter that two programs could read in two
 * ways; names beyond ASCII are A-labels.
 */
#include "tls_int.h"

#define HOST_MAX	255	/* RFC 1035, 2.3.4 */
#define OID_CN		SPAN("\x55\4\3")	/* 2.5.4.3 */
#define OID_O		SPAN("\x55\4\x0a")	/* 2.5.4.10 */

static bool
is_label_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
	    || (c >= '0' && c <= '9') || c == '-';
}

/* Underscores are in no host's name by the book, and in some by custom. */
bool
name_is_host(struct span name)
{
	size_t label = 0;	/* octets of it so far */

	if (name.n > 2 && name.p[0] == '*' && name.p[1] == '.')
		name = span_tail(name, 2);
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '.' && label == 0)
			return false;
		if (name.p[i] != '.' && name.p[i] != '_'
		    && !is_label_octet(name.p[i]))
			return false;
		label = name.p[i] == '.' ? 0 : label + 1;
	}
	return label > 0 && name.n <= HOST_MAX;
}

/* `behind` is the wildcard without its asterisk, and begins with a dot. */
static bool
covers_label(struct span behind, struct span pattern)
{
	size_t n = span_find(pattern, '.');

	/* `*.example` would be good for everything in the whole domain. */
	if (span_find_last(behind, '.') == 0 || n == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_label_octet(pattern.p[i]))
			return false;
	return span_eq_case(behind, span_tail(pattern, n));
}

bool
name_covers(struct span in_cert, struct span pattern)
{
	if (!name_is_host(in_cert))
		return false;
	if (pattern.n > 1 && pattern.p[0] == '.')
		return in_cert.n > pattern.n && span_eq_case(pattern,
		    span_tail(in_cert, in_cert.n - pattern.n));
	if (in_cert.p[0] == '*')
		return covers_label(span_tail(in_cert, 1), pattern);
	return span_eq_case(in_cert, pattern);
}

static bool
covers_any(struct span in_cert, const struct span *patterns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name_covers(in_cert, patterns[i]))
			return true;
	return false;
}

static bool
is_address(struct span octets, const struct ip *ip)
{
	size_t n = ip->family == IP_V4 ? 4 : ip->family == IP_V6 ? 16 : 0;

	return n > 0
	    && span_eq(octets, (struct span){ (const char *)ip->b, n });
}

bool
name_has_dns(const struct cert *c)
{
	struct span rest = c->alt_names, name;
	unsigned tag;

	while (der_next(&rest, &tag, &name, NULL))
		if (tag == NAME_DNS)
			return true;
	return false;
}

bool
name_is_common(const struct dn_part *part)
{
	return span_eq(part->oid, OID_CN) && dn_is_text(part->tag)
	    && name_is_host(part->value);
}

static bool
common_matches(const struct cert *c, const struct span *patterns, size_t n,
	struct buf *found)
{
	struct dn_part part;
	struct dn_walk w;

	if (!dn_begin(c->subject, &w))
		return false;
	while (dn_next(&w, &part))
		if (name_is_common(&part)
		    && covers_any(part.value, patterns, n)) {
			buf_put(found, part.value);
			return true;
		}
	return false;
}

bool
name_matches(const struct cert *c, const struct span *patterns, size_t n,
	const struct ip *ip, struct buf *found)
{
	struct span rest = c->alt_names, name;
	unsigned tag;

	while (der_next(&rest, &tag, &name, NULL)) {
		if (tag == NAME_DNS && covers_any(name, patterns, n)) {
			buf_put(found, name);
			return true;
		}
		if (tag == NAME_IP && ip && is_address(name, ip)) {
			ip_put(found, ip);
			return true;
		}
	}
	return !name_has_dns(c) && common_matches(c, patterns, n, found);
}

/* ---- for the log -------------------------------------------------------- */

/* The last attribute of that kind that is text; false: there is none. */
static bool
put_last(struct span name, struct span oid, struct buf *out)
{
	struct span last = { NULL, 0 };
	struct dn_part part;
	struct dn_walk w;

	if (!dn_begin(name, &w))
		return false;
	while (dn_next(&w, &part))
		if (span_eq(part.oid, oid) && dn_is_text(part.tag))
			last = part.value;
	text_printable(out, last);
	return last.p;
}

void
name_common(const struct cert *c, struct buf *out)
{
	(void)put_last(c->subject, OID_CN, out);
}

void
name_issuer(const struct cert *c, struct buf *out)
{
	if (!put_last(c->issuer, OID_CN, out))
		(void)put_last(c->issuer, OID_O, out);
}
