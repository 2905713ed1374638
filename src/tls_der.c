/*
 * tls_der.c - DER taken apart: tag, length, value.
 *
 * Every length is compared with what remains before anything else is done with
 * it.  Of BER only what is said in tls_int.h is let through.
 */
#include "tls_int.h"

#define TAG_OF_SEVERAL_OCTETS	0x1f
#define LENGTH_OCTETS_MAX	3	/* 16 MiB: more than we ever hold */

static unsigned
octet(struct span s, size_t i)
{
	return (unsigned char)s.p[i];
}

/*
 * The length that stands behind the tag; *head gets how many octets both take.
 * X.690, 10.1: definite, and in no more octets than needed.
 */
static bool
read_length(struct span s, size_t *head, size_t *length)
{
	size_t n, v = 0;

	if (s.n < 2)
		return false;
	if (octet(s, 1) < 0x80) {
		*head = 2;
		*length = octet(s, 1);
		return true;
	}
	n = octet(s, 1) & 0x7f;
	if (n < 1 || n > LENGTH_OCTETS_MAX || n > s.n - 2)
		return false;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | octet(s, 2 + i);
	if (v < 0x80 || v >> 8 * (n - 1) == 0)
		return false;
	*head = 2 + n;
	*length = v;
	return true;
}

bool
der_next(struct span *rest, unsigned *tag, struct span *body,
	struct span *whole)
{
	struct span s = *rest;
	size_t head, n;

	if (!read_length(s, &head, &n) || n > s.n - head
	    || (octet(s, 0) & TAG_OF_SEVERAL_OCTETS) == TAG_OF_SEVERAL_OCTETS)
		return false;
	*tag = octet(s, 0);
	*body = (struct span){ s.p + head, n };
	if (whole)
		*whole = (struct span){ s.p, head + n };
	*rest = (struct span){ s.p + head + n, s.n - head - n };
	return true;
}

bool
der_at(struct span rest, unsigned tag)
{
	return rest.n > 0 && octet(rest, 0) == tag;
}

bool
der_take(struct span *rest, unsigned tag, struct span *body,
	struct span *whole)
{
	unsigned found;

	return der_at(*rest, tag) && der_next(rest, &found, body, whole);
}

bool
der_only(struct span s, unsigned tag, struct span *body)
{
	return der_take(&s, tag, body, NULL) && s.n == 0;
}

bool
der_take_bits(struct span *rest, struct span *octets)
{
	struct span s = *rest, body;

	if (!der_take(&s, DER_BITS, &body, NULL) || body.n < 1
	    || octet(body, 0) != 0)
		return false;
	*octets = (struct span){ body.p + 1, body.n - 1 };
	*rest = s;
	return true;
}

bool
der_take_unsigned(struct span *rest, struct span *octets)
{
	struct span s = *rest, body;

	if (!der_take(&s, DER_INTEGER, &body, NULL) || body.n < 1
	    || octet(body, 0) > 0x7f)
		return false;
	if (octet(body, 0) == 0) {
		if (body.n > 1 && octet(body, 1) < 0x80)
			return false;	/* a zero too many */
		body.p++;
		body.n--;
	}
	*octets = body;
	*rest = s;
	return true;
}

bool
der_take_bool(struct span *rest, bool *out)
{
	struct span s = *rest, body;

	if (!der_take(&s, DER_BOOLEAN, &body, NULL) || body.n != 1)
		return false;
	*out = octet(body, 0) != 0;
	*rest = s;
	return true;
}

void
der_wrap(struct buf *b, size_t from, unsigned tag)
{
	size_t n = b->n - from;
	char head[4] = { (char)tag };
	size_t head_n = 1;

	if (n > 255)
		head[head_n++] = (char)0x82;
	else if (n > 127)
		head[head_n++] = (char)0x81;
	if (n > 255)
		head[head_n++] = (char)(n >> 8);
	head[head_n++] = (char)(n & 255);
	buf_put(b, (struct span){ head, head_n });	/* is there room? */
	if (b->full)
		return;
	for (size_t i = n; i-- > 0;)
		b->p[from + head_n + i] = b->p[from + i];
	for (size_t i = 0; i < head_n; i++)
		b->p[from + i] = head[i];
}
