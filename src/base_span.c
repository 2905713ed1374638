/*
 * base_span.c - borrowed text: comparing it, searching it, taking it apart.
 *
 * ASCII case is done by hand: the libc's tolower() looks at a locale.
 */
#include <string.h>

#include "base.h"

static unsigned char
lower(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

struct span
span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

struct span
span_part(struct span s, size_t from, size_t n)
{
	if (from >= s.n)
		return (struct span){ NULL, 0 };
	if (n > s.n - from)
		n = s.n - from;
	return (struct span){ s.p + from, n };
}

struct span
span_head(struct span s, size_t n)
{
	return span_part(s, 0, n);
}

struct span
span_tail(struct span s, size_t n)
{
	return span_part(s, n, s.n);
}

void
span_skip(struct span *s, size_t n)
{
	*s = span_part(*s, n, s->n);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span
span_trim(struct span s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
span_eq_case(struct span a, struct span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool
span_is(struct span s, const char *text)
{
	return span_eq(s, span_of(text));
}

bool
span_is_case(struct span s, const char *text)
{
	return span_eq_case(s, span_of(text));
}

bool
span_starts_case(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && span_is_case(span_part(s, 0, n), prefix);
}

bool
span_has_8bit(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 127)
			return true;
	return false;
}

size_t
span_find(struct span s, char c)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != c)
		i++;
	return i;
}

size_t
span_find_last(struct span s, char c)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.n;
}

/* strchr() alone would find a NUL in every list. */
static bool
divides(const char *dividers, char c)
{
	return c != '\0' && strchr(dividers, c) != NULL;
}

bool
span_word(struct span *rest, const char *dividers, struct span *word)
{
	size_t from = 0, end;

	while (from < rest->n && divides(dividers, rest->p[from]))
		from++;
	end = from;
	while (end < rest->n && !divides(dividers, rest->p[end]))
		end++;
	if (from == end) {
		*rest = span_part(*rest, end, 0);
		return false;
	}
	*word = span_part(*rest, from, end - from);
	span_skip(rest, end);
	return true;
}

int
span_index(const char *list, struct span word)
{
	struct span rest = span_of(list), each;
	int i = 0;

	for (; span_word(&rest, " ", &each); i++)
		if (span_eq_case(each, word))
			return i;
	return -1;
}

bool
span_line(struct span *rest, struct span *line)
{
	size_t n;

	if (rest->n == 0)
		return false;
	n = span_find(*rest, '\n');
	*line = (struct span){ rest->p, n };
	if (n < rest->n && n > 0 && rest->p[n - 1] == '\r')
		line->n--;
	span_skip(rest, n + 1);
	return true;
}
