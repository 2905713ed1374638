/*
 * tls_dn.c - names of issuers and subjects, compared as OpenSSL does it.
 *
 * What differs from there: attributes of one RDN must stand in the same order
 * (DER sorts them), and text in 16 or 32 bits is equal to nothing but itself.
 */
#include "tls_int.h"

/* The octets that count as blanks in text. */
static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
dn_is_text(unsigned tag)
{
	return tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_T61
	    || tag == DER_IA5 || tag == DER_VISIBLE;
}

static struct span
trimmed(struct span s)
{
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	return s;
}

/* The next octet; all blanks together are one. */
static char
next_octet(struct span *s)
{
	char c = s->p[0];

	if (!is_blank(c)) {
		*s = (struct span){ s->p + 1, s->n - 1 };
		return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	while (s->n > 0 && is_blank(s->p[0])) {
		s->p++;
		s->n--;
	}
	return ' ';
}

static bool
text_eq(struct span a, struct span b)
{
	a = trimmed(a);
	b = trimmed(b);
	while (a.n > 0 && b.n > 0)
		if (next_octet(&a) != next_octet(&b))
			return false;
	return a.n == 0 && b.n == 0;
}

static bool
value_eq(const struct dn_part *a, const struct dn_part *b)
{
	if (dn_is_text(a->tag) && dn_is_text(b->tag))
		return text_eq(a->value, b->value);
	return a->tag == b->tag && span_eq(a->value, b->value);
}

static bool
take_part(struct span *set, struct dn_part *out)
{
	struct span rest = *set, body;

	if (!der_take(&rest, DER_SEQUENCE, &body, NULL)
	    || !der_take(&body, DER_OID, &out->oid, NULL)
	    || !der_next(&body, &out->tag, &out->value, NULL) || body.n > 0)
		return false;
	*set = rest;
	return true;
}

bool
dn_next(struct dn_walk *w, struct dn_part *out)
{
	while (w->set.n == 0)
		if (!der_take(&w->sets, DER_SET, &w->set, NULL))
			return false;
	return take_part(&w->set, out);
}

bool
dn_begin(struct span name, struct dn_walk *w)
{
	*w = (struct dn_walk){ { NULL, 0 }, { NULL, 0 } };
	return der_only(name, DER_SEQUENCE, &w->sets);
}

bool
dn_is_whole(struct span name)
{
	struct dn_walk w;
	struct dn_part part;

	if (!dn_begin(name, &w))
		return false;
	while (dn_next(&w, &part))
		;
	return w.sets.n == 0 && w.set.n == 0;
}

static bool
set_eq(struct span a, struct span b)
{
	struct dn_part x, y;

	while (a.n > 0 && b.n > 0)
		if (!take_part(&a, &x) || !take_part(&b, &y)
		    || !span_eq(x.oid, y.oid) || !value_eq(&x, &y))
			return false;
	return a.n == 0 && b.n == 0;
}

/* *rest gets what dn has behind that. */
static bool
begins_with(struct span dn, struct span base, struct span *rest)
{
	struct span x, y;

	if (!der_only(dn, DER_SEQUENCE, rest)
	    || !der_only(base, DER_SEQUENCE, &base))
		return false;
	while (base.n > 0)
		if (!der_take(rest, DER_SET, &x, NULL)
		    || !der_take(&base, DER_SET, &y, NULL) || !set_eq(x, y))
			return false;
	return true;
}

bool
cert_dn_within(struct span dn, struct span base)
{
	struct span rest;

	return begins_with(dn, base, &rest);
}

bool
cert_dn_eq(struct span a, struct span b)
{
	struct span rest;

	return span_eq(a, b) || (begins_with(a, b, &rest) && rest.n == 0);
}
