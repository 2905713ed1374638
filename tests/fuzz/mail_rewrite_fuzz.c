/*
 * mail_rewrite_fuzz.c - any octets as a field of addresses.
 *
 * The map knows a@b, and has a@b for it: so nothing may get lost, and what was
 * written anew is, without brackets and quotes, written the same once more.
 *
 * covers: src/mail_rewrite.c
 * covers: src/mail_map.c mail_map_find try_key try_short try_local
 */
#include "fuzz_content.h"

#define FIELD_MOST	20000

/* Octets that carry something, in lower case. */
static void
count(struct span s, unsigned counts[256])
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c != ' ' && c != '\t' && c != '\n' && c != '\r' &&
		    c != '"' && c != '\\')
			counts[c]++;
	}
}

static void
same_octets(struct span a, struct span b)
{
	unsigned one[256] = { 0 }, two[256] = { 0 };

	count(a, one);
	count(b, two);
	HOLDS(memcmp(one, two, sizeof(one)) == 0);
}

/* A field as messages have them: lines go on with a blank. */
static size_t
make_field(const uint8_t *data, size_t n, char *out)
{
	size_t m = 4;

	memcpy(out, "To: ", 4);
	for (size_t i = 0; i < n && m + 10 < FIELD_MOST; i++) {
		out[m++] = (char)data[i];
		if (data[i] == '\n')
			out[m++] = '\t';
		if (data[i] == 1)
			memcpy(out + m - 1, "a@b", 3), m += 2;
	}
	return m;
}

static void
no_line_ends_the_header(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\n')
			HOLDS(i + 1 < s.n && (s.p[i + 1] == '\t' ||
			    s.p[i + 1] == ' '));
}

/* Brackets and quotes that don't match are moved apart, and then read anew. */
static bool
has_pairs(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\0' && strchr("<>()[]\"\\", s.p[i]) != NULL)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct content_way w;
	static char field[FIELD_MOST], once[4 * FIELD_MOST],
	    twice[8 * FIELD_MOST];
	struct buf b = BUF(once), again = BUF(twice);
	struct span in;
	enum rc rc;

	content_way(&w);
	in = (struct span){ field, make_field(data, n, field) };
	content_table(&w, &w.generic, "inline:{no@where=x@y}");
	HOLDS(mail_rewrite_field(&w.change, in, &b) == RC_NONE ||
	    memmem(field, in.n, "here", 4) != NULL);
	content_table(&w, &w.generic, "inline:{a@b=a@b}");
	buf_clear(&b);
	rc = mail_rewrite_field(&w.change, in, &b);
	HOLDS(rc == RC_OK || (rc == RC_NONE && b.n == 0 && !b.full));
	if (rc == RC_OK) {
		same_octets(in, buf_span(&b));
		no_line_ends_the_header(buf_span(&b));
		if (!has_pairs(in)) {
			HOLDS(mail_rewrite_field(&w.change, buf_span(&b),
			    &again) ==
			    RC_OK);
			HOLDS(span_eq(buf_span(&b), buf_span(&again)));
		}
	}
	content_table(&w, &w.generic, "inline:{@b=@longer.example}");
	b.cap = n % 300;
	buf_clear(&b);
	rc = mail_rewrite_field(&w.change, in, &b);
	HOLDS(rc == RC_OK || b.n == 0);
	return 0;
}
