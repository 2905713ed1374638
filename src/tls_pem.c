/*
 * tls_pem.c - text armour (RFC 7468), read in pieces.
 *
 * What stands between objects is passed over.  Lines may have any length and
 * any end; padding, blanks inside a line and foreign octets are not guessed
 * at.  Old headers (RFC 1421, 4.6) are looked at for one word only: whether
 * the object is encrypted.
 */
#include <string.h>

#include "tls_int.h"

/* An object being read. */
struct body {
	struct buf *der;
	char four[4];		/* digits that don't make a group yet */
	size_t held;
	bool is_padded;		/* nothing may follow */
};

void
pem_start(struct pem *p, int fd)
{
	*p = (struct pem){ .fd = fd };
}

/*
 * The next line with its LF, or as much of a longer one as there is room for.
 * It is not taken yet.  RC_NONE: the end.
 */
static enum rc
look(struct pem *p, struct span *line)
{
	for (;;) {
		char *from = p->data + p->from;
		size_t n = p->n - p->from, got;
		const char *lf = memchr(from, '\n', n);

		*line = (struct span){ from, n };
		if (lf != NULL)
			line->n = (size_t)(lf - from) + 1;
		if (lf != NULL || n == sizeof(p->data))
			return RC_OK;
		memmove(p->data, from, n);
		p->from = 0;
		p->n = n;
		line->p = p->data;
		TRY(port_pread(p->fd, p->data + n, sizeof(p->data) - n, p->at,
		    &got));
		if (got == 0)
			return n > 0 ? RC_OK : RC_NONE;
		p->n += got;
		p->at += (int64_t)got;
	}
}

/* *is_whole: it is a line from its beginning on. */
static void
take(struct pem *p, struct span line, bool *is_whole)
{
	*is_whole = !p->is_inside;
	if (!p->is_inside)
		p->line++;
	p->from += line.n;
	p->is_inside = line.p[line.n - 1] != '\n';
}

/* `-----BEGIN LABEL-----`, where word is `-----BEGIN `. */
static bool
is_mark(struct span line, const char *word, struct span *label)
{
	const size_t end = SPAN("-----").n;
	size_t n;

	if (line.n == 0 || line.p[0] != '-')
		return false;	/* most lines */
	n = span_of(word).n;
	line = span_trim(line);
	if (line.n < n + end || !span_is(span_head(line, n), word) ||
	    !span_is(span_tail(line, line.n - end), "-----"))
		return false;
	*label = span_part(line, n, line.n - n - end);
	return true;
}

static enum pem_kind
kind_of(struct span label)
{
	static const struct {
		char text[sizeof("ENCRYPTED PRIVATE KEY")];
		unsigned char kind;
	} kinds[] = {
		{ "CERTIFICATE", PEM_CERTIFICATE },
		{ "X509 CERTIFICATE", PEM_CERTIFICATE },
		{ "PUBLIC KEY", PEM_PUBLIC_KEY },
		{ "PRIVATE KEY", PEM_PRIVATE_KEY },
		{ "RSA PRIVATE KEY", PEM_RSA_KEY },
		{ "EC PRIVATE KEY", PEM_EC_KEY },
		{ "ENCRYPTED PRIVATE KEY", PEM_ENCRYPTED },
	};

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (span_is(label, kinds[i].text))
			return (enum pem_kind)kinds[i].kind;
	return PEM_OTHER;
}

/* Digits of whole groups. */
static bool
decode(struct body *b, struct span s)
{
	if (s.n == 0)
		return true;
	if (b->is_padded)
		return false;
	b->is_padded = s.p[s.n - 1] == '=';
	return code_unbase64(b->der, s);
}

/* The digits of a line, of which it may hold any number. */
static bool
add(struct body *b, struct span s)
{
	size_t n;

	while (b->held > 0 && b->held < 4 && s.n > 0) {
		b->four[b->held++] = s.p[0];
		s = span_tail(s, 1);
	}
	if (b->held == 4) {
		if (!decode(b, (struct span){ b->four, 4 }))
			return false;
		b->held = 0;
	}
	n = s.n - s.n % 4;
	if (!decode(b, span_head(s, n)))
		return false;
	for (; n < s.n; n++)
		b->four[b->held++] = s.p[n];
	return true;
}

static bool
has_text(struct span line, struct span text)
{
	for (size_t i = 0; i + text.n <= line.n; i++)
		if (span_eq(span_part(line, i, text.n), text))
			return true;
	return false;
}

/* Up to the END line, which must say what the BEGIN line said. */
static enum rc
read_body(struct pem *p, struct body *b, enum pem_kind *kind)
{
	const enum pem_kind begun = *kind;
	struct span line, label;
	bool is_whole;
	enum rc rc;

	for (;;) {
		if ((rc = look(p, &line)) != RC_OK)
			return rc == RC_NONE ? RC_WIRE : rc;
		if (!p->is_inside && is_mark(line, "-----BEGIN ", &label))
			return RC_WIRE;		/* it is the next object */
		take(p, line, &is_whole);
		if (is_whole && is_mark(line, "-----END ", &label))
			return b->held == 0 && kind_of(label) == begun ?
				RC_OK : RC_WIRE;
		if (b->der->n == 0 && span_find(line, ':') < line.n) {
			if (has_text(line, SPAN("ENCRYPTED")))
				*kind = PEM_ENCRYPTED;
			continue;
		}
		if (!add(b, span_trim(line)))
			return RC_WIRE;
		if (b->der->full)
			return RC_FULL;
	}
}

enum rc
pem_next(struct pem *p, enum pem_kind *kind, struct buf *der)
{
	struct body b = { .der = der };
	struct span line, label;
	bool is_whole;
	enum rc rc;

	buf_clear(der);
	do {
		TRY(look(p, &line));
		take(p, line, &is_whole);
		/* Some editors begin a text with a mark of its encoding. */
		if (p->line == 1 && span_starts_case(line, "\xef\xbb\xbf"))
			line = span_tail(line, 3);
	} while (!is_whole || !is_mark(line, "-----BEGIN ", &label));
	p->begun = p->line;
	*kind = kind_of(label);
	rc = read_body(p, &b, kind);
	base_wipe(&b, sizeof(b));
	return rc;
}
