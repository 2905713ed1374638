/*
 * base_buf.c - owned text of fixed capacity.
 */
#include <string.h>

#include "base.h"

struct buf
buf_over(void *memory, size_t cap)
{
	return (struct buf){ .p = memory, .cap = (unsigned)cap };
}

void
buf_init(struct buf *b, void *memory, size_t cap)
{
	*b = (struct buf){ .p = memory, .cap = cap };
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

/* What can still be added; one octet is kept for the NUL. */
static inline __attribute__((always_inline)) size_t
room(const struct buf *b)
{
	return b->cap > b->n ? b->cap - b->n - 1 : 0;
}

/*
 * Most pieces are short.  memcpy() of an unknown length becomes `rep movsb`
 * when gcc saves space, and that takes longer to begin than this to end.
 */
static void
copy(char *to, const char *from, size_t n)
{
	const size_t word = sizeof(uint64_t);
	size_t i;

	if (n < word) {
		while (n-- > 0)
			*to++ = *from++;
		return;
	}
	for (i = 0; i + word < n; i += word)
		memcpy(to + i, from + i, sizeof(uint64_t));
	/* The last word may go over some of the one before once more. */
	memcpy(to + n - word, from + n - word, sizeof(uint64_t));
}

void
buf_put(struct buf *b, struct span s)
{
	if (s.n == 0)
		return;
	if (s.n > room(b)) {
		b->full = true;
		return;
	}
	copy(b->p + b->n, s.p, s.n);
	b->n += (unsigned)s.n;
}

void
buf_puts(struct buf *b, const char *text)
{
	buf_put(b, span_of(text));
}

void
buf_putc(struct buf *b, char c)
{
	if (room(b) == 0)
		b->full = true;
	else
		b->p[b->n++] = c;
}

struct span
buf_span(const struct buf *b)
{
	return (struct span){ b->p, b->n };
}

const char *
buf_text(struct buf *b)
{
	if (b->cap == 0)
		return "";
	b->p[b->n] = '\0';
	return b->p;
}

struct buf
buf_attempt(const struct buf *b)
{
	struct buf copy = *b;

	copy.full = false;
	return copy;
}

void
buf_settle(struct buf *b, const struct buf *done)
{
	if (done->full)
		b->full = true;
	else
		b->n = done->n;
}

void
buf_put_cut(struct buf *b, struct span s)
{
	buf_put(b, span_head(s, room(b)));
}

void
span_copy(struct span s, char *out, size_t n)
{
	struct buf b = buf_over(out, n);

	buf_put_cut(&b, s);
	buf_text(&b);
}

/* Through a volatile pointer: the compiler must not leave it out. */
void
base_wipe(void *p, size_t n)
{
	volatile unsigned char *o = p;

	while (n-- > 0)
		*o++ = 0;
}
