/*
 * tls_subtree.c - name constraints (RFC 5280, 4.2.1.10).
 *
 * An issuer that may only vouch for some names is trusted for no others: each
 * name below it is compared with what it is permitted and what is excluded.
 * In doubt the answer is no.
 */
#include "tls_int.h"

/*
 * Of one name with one subtree.  Both come from the peer, and it takes few
 * octets to write one.
 */
#define COMPARED_MAX	65536

#define OID_MAIL	SPAN("\x2a\x86\x48\x86\xf7\x0d\1\x09\1")

enum fit {
	OUTSIDE, INSIDE,
	UNCLEAR			/* malformed, or of a form that we lack */
};

struct subtree {
	unsigned form;
	struct span base;
	bool is_odd;		/* minimum or maximum is set */
};

struct limits {
	struct span permitted, excluded;	/* lists of subtrees */
	size_t compared;
};

/* ---- one name, one subtree ---------------------------------------------- */

static bool
ends_with(struct span name, struct span end)
{
	return name.n >= end.n
	    && span_eq_case(end, span_tail(name, name.n - end.n));
}

/* All below `base`, and with no dot ahead of it, itself. */
static enum fit
fit_dns(struct span base, struct span name)
{
	bool has_dot = base.n > 0 && base.p[0] == '.';

	if (base.n == 0)
		return INSIDE;
	if (!name_is_host(span_tail(base, has_dot))
	    || span_find(base, '*') < base.n)
		return UNCLEAR;
	if (!ends_with(name, base))
		return OUTSIDE;
	return name.n == base.n || has_dot
	    || name.p[name.n - base.n - 1] == '.' ? INSIDE : OUTSIDE;
}

/* One host, or with a dot ahead all that are below. */
static enum fit
fit_host(struct span base, struct span host)
{
	if (base.n == 0)
		return INSIDE;
	if (base.p[0] == '.')
		return host.n > base.n && ends_with(host, base)
		    ? INSIDE : OUTSIDE;
	return span_eq_case(host, base) ? INSIDE : OUTSIDE;
}

static enum fit
fit_mail(struct span base, struct span name)
{
	size_t at = span_find_last(name, '@');
	size_t base_at = span_find_last(base, '@');
	struct span host = span_tail(name, at + 1);

	if (at == name.n)
		return UNCLEAR;
	if (base_at == base.n)
		return fit_host(base, host);
	if (base_at > 0 && !span_eq(span_head(base, base_at),
	    span_head(name, at)))
		return OUTSIDE;
	return fit_host(span_tail(base, base_at + 1), host);
}

/* scheme://user@host:port/path: RFC 3986, 3. */
static enum fit
fit_uri(struct span base, struct span name)
{
	size_t n = 0, at;

	name = span_tail(name, span_find(name, ':'));
	if (!span_starts_case(name, "://"))
		return UNCLEAR;
	name = span_tail(name, 3);
	while (n < name.n && name.p[n] != '/' && name.p[n] != '?'
	    && name.p[n] != '#')
		n++;
	name.n = n;
	at = span_find_last(name, '@');
	if (at < n)
		name = span_part(name, at + 1, n);
	name.n = span_find(name, ':');
	return name_is_host(name) ? fit_host(base, name) : UNCLEAR;
}

/* An address and its mask, one behind the other. */
static enum fit
fit_ip(struct span base, struct span name)
{
	if ((name.n != 4 && name.n != 16) || (base.n != 8 && base.n != 32))
		return UNCLEAR;
	if (base.n != 2 * name.n)
		return OUTSIDE;
	for (size_t i = 0; i < name.n; i++)
		if ((name.p[i] ^ base.p[i]) & base.p[name.n + i])
			return OUTSIDE;
	return INSIDE;
}

static enum fit
fit_directory(struct span base, struct span name)
{
	if (!dn_is_whole(base) || !dn_is_whole(name))
		return UNCLEAR;
	return cert_dn_within(name, base) ? INSIDE : OUTSIDE;
}

static enum fit
fit(const struct subtree *t, struct span name)
{
	if (t->is_odd)
		return UNCLEAR;
	switch (t->form) {
	case NAME_DNS:
		return fit_dns(t->base, name);
	case NAME_IP:
		return fit_ip(t->base, name);
	case NAME_DIRECTORY:
		return fit_directory(t->base, name);
	case NAME_MAIL:
		return fit_mail(t->base, name);
	case NAME_URI:
		return fit_uri(t->base, name);
	default:
		return UNCLEAR;
	}
}

/* ---- one name, all subtrees --------------------------------------------- */

/* Names [0] to [8], of which 0, 3, 4 and 5 are made of other elements. */
static bool
is_form(unsigned tag)
{
	unsigned number = tag & 0x1f;

	return number <= 8 && tag - number == (0x39 >> number & 1
	    ? DER_CONTEXT_PARTS : DER_CONTEXT);
}

static bool
take_subtree(struct span *list, struct subtree *out)
{
	struct span body;

	if (!der_take(list, DER_SEQUENCE, &body, NULL)
	    || !der_next(&body, &out->form, &out->base, NULL)
	    || !is_form(out->form))
		return false;
	/* The minimum's default, though it should not be written. */
	out->is_odd = body.n > 0 && !span_eq(body, SPAN("\x80\1\0"));
	return true;
}

/* False: one of them is not in order. */
static bool
is_permitted(struct limits *l, unsigned form, struct span name)
{
	struct span rest = l->permitted;
	bool is_limited = false, is_inside = false;
	struct subtree t;
	enum fit f;

	while (rest.n > 0) {
		if (!take_subtree(&rest, &t) || ++l->compared > COMPARED_MAX)
			return false;
		if (t.form != form)
			continue;
		f = fit(&t, name);
		if (f == UNCLEAR)
			return false;
		is_limited = true;
		is_inside = is_inside || f == INSIDE;
	}
	return is_inside || !is_limited;
}

/* A wildcard that covers something excluded is excluded as a whole. */
static bool
is_excluded(struct limits *l, unsigned form, struct span name)
{
	struct span rest = l->excluded;
	struct subtree t;

	while (rest.n > 0) {
		if (!take_subtree(&rest, &t) || ++l->compared > COMPARED_MAX)
			return true;
		if (t.form == form && (fit(&t, name) != OUTSIDE
		    || (form == NAME_DNS && name_covers(name, t.base))))
			return true;
	}
	return false;
}

static bool
keeps(struct limits *l, unsigned form, struct span name)
{
	return is_permitted(l, form, name) && !is_excluded(l, form, name);
}

/* ---- all names ---------------------------------------------------------- */

/*
 * An empty subject is none.  RFC 5280, 4.2.1.10 has addresses in it, too.  And
 * what would pass for a host's name must keep to the constraints on those; a
 * single label does not count: that is how CAs and people are called.
 */
static bool
subject_keeps(struct limits *l, const struct cert *below)
{
	bool has_dns = name_has_dns(below);
	struct dn_part part;
	struct dn_walk w;

	if (!dn_begin(below->subject, &w) || (w.sets.n > 0
	    && !keeps(l, NAME_DIRECTORY, below->subject)))
		return false;
	while (dn_next(&w, &part)) {
		if (span_eq(part.oid, OID_MAIL)
		    && !keeps(l, NAME_MAIL, part.value))
			return false;
		if (!has_dns && name_is_common(&part)
		    && span_find(part.value, '.') < part.value.n
		    && !keeps(l, NAME_DNS, part.value))
			return false;
	}
	return true;
}

static bool
read_limits(struct span rest, struct limits *l)
{
	*l = (struct limits){ .compared = 0 };
	if (der_at(rest, DER_CONTEXT_PARTS)
	    && !der_take(&rest, DER_CONTEXT_PARTS, &l->permitted, NULL))
		return false;
	if (der_at(rest, DER_CONTEXT_PARTS + 1)
	    && !der_take(&rest, DER_CONTEXT_PARTS + 1, &l->excluded, NULL))
		return false;
	return rest.n == 0;
}

bool
name_permitted(const struct cert *below, const struct cert *issuer)
{
	struct span rest = below->alt_names, name;
	struct limits l;
	unsigned form;

	if (!issuer->constraints.p)
		return true;
	if (!read_limits(issuer->constraints, &l)
	    || !subject_keeps(&l, below))
		return false;
	while (der_next(&rest, &form, &name, NULL))
		if (!keeps(&l, form, name))
			return false;
	return true;
}
