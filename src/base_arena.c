/*
 * base_arena.c - scraps, taken one by one and given back all at once.
 */
#include <string.h>

#include "base.h"

void
arena_init(struct arena *a, void *memory, size_t cap)
{
	*a = (struct arena){ .p = memory, .cap = cap };
}

void
arena_empty(struct arena *a)
{
	a->used = 0;
}

/* What to leave out for the next piece to be aligned. */
static size_t
padding(const struct arena *a)
{
	const size_t align = _Alignof(max_align_t);
	size_t over = ((uintptr_t)a->p + a->used) % align;

	return over > 0 ? align - over : 0;
}

void *
arena_take(struct arena *a, size_t n)
{
	size_t pad = padding(a);
	char *p;

	if (pad > a->cap - a->used || n > a->cap - a->used - pad)
		return NULL;
	p = a->p + a->used + pad;
	a->used += pad + n;
	if (n > 0)
		memset(p, 0, n);
	return p;
}

enum rc
arena_copy(struct arena *a, struct span s, struct span *out)
{
	char *p;

	if (s.n == SIZE_MAX)
		return RC_FULL;
	p = arena_take(a, s.n + 1);
	if (p == NULL)
		return RC_FULL;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	*out = (struct span){ p, s.n };
	return RC_OK;
}

struct buf
arena_room(const struct arena *a)
{
	return (struct buf){ .p = a->p + a->used, .cap = a->cap - a->used };
}

void
arena_keep(struct arena *a, const struct buf *b)
{
	ASSERT(b->n < b->cap);
	a->used = (size_t)(b->p - a->p) + b->n + 1;
}
