/*
 * port_wide.c - what kinds of characters there are: those of ASCII.
 *
 * Only musl's regular expressions ask, and without a locale they see octets.
 * musl's own answers hold for all of Unicode, in tables of some 14 KiB; linked
 * ahead of the library, these take their place.  Not for the tests, whose
 * libc is another.
 */
#include <string.h>
#include <wctype.h>

#include "port_int.h"

static bool
is_within(wint_t c, wint_t low, wint_t high)
{
	return c >= low && c <= high;
}

int
iswlower(wint_t c)
{
	return is_within(c, 'a', 'z');
}

int
iswupper(wint_t c)
{
	return is_within(c, 'A', 'Z');
}

wint_t
towlower(wint_t c)
{
	return iswupper(c) ? c + ('a' - 'A') : c;
}

wint_t
towupper(wint_t c)
{
	return iswlower(c) ? c - ('a' - 'A') : c;
}

/* The numbers of the classes; wctype() finds them by name. */
enum { ALNUM = 1, ALPHA, BLANK, CNTRL, DIGIT, GRAPH, LOWER, PRINT, PUNCT,
	SPACE, UPPER, XDIGIT };
static const char names[][7] = {
	"", "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower",
	"print", "punct", "space", "upper", "xdigit"
};

wctype_t
wctype(const char *name)
{
	for (size_t i = 1; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return 0;
}

int
iswalnum(wint_t c)
{
	return is_within(c, '0', '9') || iswlower(c) || iswupper(c);
}

int
iswctype(wint_t c, wctype_t kind)
{
	switch (kind) {
	case ALNUM: return iswalnum(c);
	case ALPHA: return iswlower(c) || iswupper(c);
	case BLANK: return c == ' ' || c == '\t';
	case CNTRL: return c < ' ' || c == 127;
	case DIGIT: return is_within(c, '0', '9');
	case GRAPH: return is_within(c, '!', '~');
	case LOWER: return iswlower(c);
	case PRINT: return is_within(c, ' ', '~');
	case PUNCT: return is_within(c, '!', '~') && !iswalnum(c);
	case SPACE: return c == ' ' || is_within(c, '\t', '\r');
	case UPPER: return iswupper(c);
	case XDIGIT: return is_within(c, '0', '9') || is_within(c, 'A', 'F')
		|| is_within(c, 'a', 'f');
	default: return 0;
	}
}
