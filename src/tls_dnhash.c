/*
 * tls_dnhash.c - names as OpenSSL hashes them, for the file names of a CApath.
 *
 * What is hashed is the name with its text in one form: UTF-8, lower case,
 * without blanks at the ends and with single ones inside, and without the
 * header of the whole.  Attributes of one RDN stay in their order, though
 * OpenSSL sorts them anew, and UniversalString stays as it is: nobody has
 * those.
 */
#include "tls_int.h"

#define CANON_MAX	4096	/* of a name; real ones have 300 octets */

static bool
is_blank(unsigned c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A character of at most 16 bits. */
static void
put_utf8(struct buf *b, unsigned c)
{
	if (c < 0x80) {
		buf_putc(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(b, (char)(0xc0 | c >> 6));
	} else {
		buf_putc(b, (char)(0xe0 | c >> 12));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_putc(b, (char)(0x80 | (c & 0x3f)));
}

static void
put_text(struct buf *b, const struct dn_part *part)
{
	const unsigned char *p = (const unsigned char *)part->value.p;
	const size_t from = b->n, step = part->tag == DER_BMP ? 2 : 1;
	bool gap = false;

	for (size_t i = 0; i + step <= part->value.n; i += step) {
		unsigned c = step == 2 ? p[i] << 8U | p[i + 1] : p[i];

		if (is_blank(c)) {
			gap = b->n > from;
			continue;
		}
		if (gap)
			buf_putc(b, ' ');
		gap = false;
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (step == 2 || part->tag == DER_T61)
			put_utf8(b, c);
		else
			buf_putc(b, (char)c);
	}
}

static void
put_part(struct buf *b, const struct dn_part *part)
{
	const size_t from = b->n;
	size_t value;

	buf_put(b, part->oid);
	der_wrap(b, from, DER_OID);
	value = b->n;
	if (dn_is_text(part->tag) || part->tag == DER_BMP) {
		put_text(b, part);
		der_wrap(b, value, DER_UTF8);
	} else {
		buf_put(b, part->value);
		der_wrap(b, value, part->tag);
	}
	der_wrap(b, from, DER_SEQUENCE);
}

bool
dn_hash(struct span name, unsigned char *out)
{
	char text[CANON_MAX];
	struct buf b = BUF(text);
	struct dn_walk w = { .sets = { NULL, 0 } };
	struct dn_part part;
	size_t set = 0;

	if (!der_only(name, DER_SEQUENCE, &w.sets))
		return false;
	while (!b.full && dn_next(&w, &part)) {
		put_part(&b, &part);
		if (w.set.n > 0)
			continue;
		der_wrap(&b, set, DER_SET);
		set = b.n;
	}
	if (b.full || w.sets.n > 0 || w.set.n > 0)
		return false;
	digest_of(DIGEST_SHA1, buf_span(&b), out);
	return true;
}
