/*
 * base_fmt.c - the few printf conversions that we use, for a buf.
 *
 * The libc's own would bring floats, locales and stdio along.  A conversion
 * that is not known here is a mistake of ours: the compiler checks the
 * arguments by the format attribute, the ASSERT checks the format.
 */
#include <stdarg.h>
#include <string.h>

#include "base.h"

/* A va_list may be an array, which cannot be passed on by address. */
struct args {
	va_list ap;
	bool cut;		/* add what fits and drop the rest */
};

struct spec {
	bool zero;		/* pad with 0 */
	bool counted;		/* %.*s */
	unsigned width;
	unsigned longs;		/* 0, 1 for l, 2 for ll */
	bool size;		/* z */
};

#define NUMBER_MAX	64	/* octets of a number; widths stay below */

static void
put(struct buf *b, const struct args *args, struct span s)
{
	if (args->cut)
		buf_put_cut(b, s);
	else
		buf_put(b, s);
}

/* Returns the digits of v in text, which has NUMBER_MAX octets. */
static struct span
number(char *text, const struct spec *spec, bool minus, uint64_t v,
	unsigned base)
{
	size_t at = NUMBER_MAX;

	do {
		text[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v > 0);
	if (minus && !spec->zero)
		text[--at] = '-';
	while (NUMBER_MAX - at + (minus && spec->zero) < spec->width)
		text[--at] = spec->zero ? '0' : ' ';
	if (minus && spec->zero)
		text[--at] = '-';
	return (struct span){ text + at, NUMBER_MAX - at };
}

static void
put_signed(struct buf *b, const struct spec *spec, struct args *args)
{
	char text[NUMBER_MAX];
	int64_t v;

	if (spec->longs == 2)
		v = va_arg(args->ap, long long);
	else if (spec->longs == 1)
		v = va_arg(args->ap, long);
	else
		v = va_arg(args->ap, int);
	put(b, args, number(text, spec, v < 0,
	    v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10));
}

static void
put_unsigned(struct buf *b, const struct spec *spec, struct args *args,
	unsigned base)
{
	char text[NUMBER_MAX];
	uint64_t v;

	if (spec->size)
		v = va_arg(args->ap, size_t);
	else if (spec->longs == 2)
		v = va_arg(args->ap, unsigned long long);
	else if (spec->longs == 1)
		v = va_arg(args->ap, unsigned long);
	else
		v = va_arg(args->ap, unsigned);
	put(b, args, number(text, spec, false, v, base));
}

static void
put_text(struct buf *b, const struct spec *spec, struct args *args)
{
	int n = 0;
	const char *text;

	if (spec->counted)
		n = va_arg(args->ap, int);
	text = va_arg(args->ap, const char *);
	ASSERT(n >= 0 && (text != NULL || (spec->counted && n == 0)));
	if (spec->counted)
		put(b, args, (struct span){ text, (size_t)n });
	else
		put(b, args, span_of(text));
}

/* What stands between % and the letter; returns where the letter is. */
static const char *
read_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){ .zero = *f == '0' };
	for (; *f >= '0' && *f <= '9'; f++)
		spec->width = spec->width * 10 + (unsigned)(*f - '0');
	ASSERT(spec->width < NUMBER_MAX);
	if (f[0] == '.' && f[1] == '*') {
		spec->counted = true;
		f += 2;
	}
	for (; *f == 'l'; f++)
		spec->longs++;
	if (*f == 'z') {
		spec->size = true;
		f++;
	}
	return f;
}

static void
convert(struct buf *b, char letter, const struct spec *spec,
	struct args *args)
{
	char c;

	switch (letter) {
	case '%':
		put(b, args, SPAN("%"));
		break;
	case 'c':
		c = (char)va_arg(args->ap, int);
		put(b, args, (struct span){ &c, 1 });
		break;
	case 's':
		put_text(b, spec, args);
		break;
	case 'd':
	case 'i':
		ASSERT(!spec->size);
		put_signed(b, spec, args);
		break;
	case 'u':
		put_unsigned(b, spec, args, 10);
		break;
	case 'x':
		put_unsigned(b, spec, args, 16);
		break;
	default:
		ASSERT(false);
	}
}

static void
put_all(struct buf *b, const char *fmt, struct args *args)
{
	struct spec spec;
	size_t n;

	while (*fmt != '\0') {
		n = strcspn(fmt, "%");
		put(b, args, (struct span){ fmt, n });
		fmt += n;
		if (*fmt == '\0')
			break;
		fmt = read_spec(fmt + 1, &spec);
		convert(b, *fmt, &spec, args);
		fmt++;
	}
}

void
buf_vfmt(struct buf *b, const char *fmt, va_list ap)
{
	struct buf whole = buf_attempt(b);
	struct args args = { .cut = false };

	va_copy(args.ap, ap);
	put_all(&whole, fmt, &args);
	va_end(args.ap);
	buf_settle(b, &whole);
}

void
buf_vfmt_cut(struct buf *b, const char *fmt, va_list ap)
{
	struct args args = { .cut = true };

	va_copy(args.ap, ap);
	put_all(b, fmt, &args);
	va_end(args.ap);
}

void
buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
}
