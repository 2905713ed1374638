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
};

struct spec {
	bool zero;		/* pad with 0 */
	bool cut;		/* %.*s */
	unsigned width;
	unsigned longs;		/* 0, 1 for l, 2 for ll */
	bool size;		/* z */
};

#define NUMBER_MAX	64	/* octets of a number; widths stay below */

static void
put_number(struct buf *b, const struct spec *spec, bool minus, uint64_t v,
	unsigned base)
{
	char text[NUMBER_MAX];
	size_t at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v > 0);
	if (minus && !spec->zero)
		text[--at] = '-';
	while (sizeof(text) - at + (minus && spec->zero) < spec->width)
		text[--at] = spec->zero ? '0' : ' ';
	if (minus && spec->zero)
		text[--at] = '-';
	buf_put(b, (struct span){ text + at, sizeof(text) - at });
}

static void
put_signed(struct buf *b, const struct spec *spec, struct args *args)
{
	int64_t v;

	if (spec->longs == 2)
		v = va_arg(args->ap, long long);
	else if (spec->longs == 1)
		v = va_arg(args->ap, long);
	else
		v = va_arg(args->ap, int);
	put_number(b, spec, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
}

static void
put_unsigned(struct buf *b, const struct spec *spec, struct args *args,
	unsigned base)
{
	uint64_t v;

	if (spec->size)
		v = va_arg(args->ap, size_t);
	else if (spec->longs == 2)
		v = va_arg(args->ap, unsigned long long);
	else if (spec->longs == 1)
		v = va_arg(args->ap, unsigned long);
	else
		v = va_arg(args->ap, unsigned);
	put_number(b, spec, false, v, base);
}

static void
put_text(struct buf *b, const struct spec *spec, struct args *args)
{
	int n = 0;
	const char *text;

	if (spec->cut)
		n = va_arg(args->ap, int);
	text = va_arg(args->ap, const char *);
	ASSERT(n >= 0 && text != NULL);
	if (spec->cut)
		buf_put(b, (struct span){ text, (size_t)n });
	else
		buf_puts(b, text);
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
		spec->cut = true;
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
	switch (letter) {
	case '%':
		buf_putc(b, '%');
		break;
	case 'c':
		buf_putc(b, (char)va_arg(args->ap, int));
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
		buf_put(b, (struct span){ fmt, n });
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
	struct buf whole = *b;
	struct args args;

	whole.full = false;
	va_copy(args.ap, ap);
	put_all(&whole, fmt, &args);
	va_end(args.ap);
	if (whole.full)
		b->full = true;
	else
		b->n = whole.n;
}

void
buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
}
