/*
 * port_heap.c - malloc and friends over one bounded arena.
 *
 * Only musl's regular expressions ask, and they must not make a worker grow:
 * what does not fit is NULL, which means "later" to the caller.  Linked into
 * musl programs only; a sanitizer brings a heap of its own.
 *
 * The arena is a row of chunks without gaps.  Each has a head that tells its
 * own size and that of the one before it, so that neighbours are found, and
 * merged when both are free.  A used head of size 0 ends the row.  The search
 * takes the first chunk that fits: the upper end of the arena stays untouched
 * memory as long as possible.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"

/* Address space: pages cost nothing before they are first used. */
enum { HEAP_BYTES = 256 * 1024 };
/* Sizes and addresses of chunks are multiples; enough for any type. */
enum { GRAIN = 16 };
enum { USED = 1u };

struct chunk {
	uint32_t size;		/* with head; USED in the lowest bit */
	uint32_t before;	/* size of the chunk below; 0: none */
};

_Static_assert(_Alignof(max_align_t) <= GRAIN, "grain too fine");
_Static_assert(sizeof(struct chunk) == GRAIN / 2, "heads fill half a grain");

/*
 * Heads lie half a grain below a multiple of GRAIN, so that what follows them
 * is aligned: the first half grain is not used.
 */
static unsigned char *arena;	/* NULL: nobody has asked yet */
#define FIRST		(sizeof(struct chunk))
/* What all chunks are together; behind it is the head that ends them. */
#define ROW_BYTES	(HEAP_BYTES - GRAIN)

/* Offset of a chunk below which all are used. */
static size_t lowest;

static struct chunk *
chunk_at(size_t offset)
{
	return (struct chunk *)(void *)(arena + offset);
}

static size_t
offset_of(const struct chunk *c)
{
	return (size_t)((const unsigned char *)c - arena);
}

static size_t
size_of(const struct chunk *c)
{
	return c->size & ~(size_t)USED;
}

static bool
is_used(const struct chunk *c)
{
	return c->size & USED;
}

static struct chunk *
after(struct chunk *c)
{
	return chunk_at(offset_of(c) + size_of(c));
}

static void *
memory_of(struct chunk *c)
{
	return c + 1;
}

static size_t
room_of(const struct chunk *c)
{
	return size_of(c) - sizeof *c;
}

/* Gives c this size and state, and tells the chunk above. */
static void
set(struct chunk *c, size_t size, unsigned state)
{
	c->size = (uint32_t)size | state;
	after(c)->before = (uint32_t)size;
}

/* false: there is no memory. */
static bool
set_up(void)
{
	if (arena != NULL)
		return true;
	arena = port_memory(HEAP_BYTES);
	if (arena == NULL)
		return false;
	lowest = FIRST;
	chunk_at(FIRST + ROW_BYTES)->size = USED;
	set(chunk_at(FIRST), ROW_BYTES, 0);
	return true;
}

/* Size of a chunk that holds n octets; 0: no chunk can. */
static size_t
size_for(size_t n)
{
	if (n > ROW_BYTES - sizeof(struct chunk))
		return 0;
	return (n + sizeof(struct chunk) + GRAIN - 1) / GRAIN * GRAIN;
}

/* A double free, or somebody wrote past the end of what was his. */
static struct chunk *
chunk_of(void *memory)
{
	size_t at = (size_t)((unsigned char *)memory - arena);
	struct chunk *c;

	ASSERT(at >= FIRST && at < HEAP_BYTES && at % GRAIN == 0);
	c = chunk_at(at - sizeof *c);
	ASSERT(is_used(c) && size_of(c) >= GRAIN &&
		size_of(c) <= FIRST + ROW_BYTES - offset_of(c) &&
		after(c)->before == size_of(c));
	return c;
}

static void
release(struct chunk *c)
{
	size_t size = size_of(c);
	struct chunk *next = after(c);

	if (!is_used(next))
		size += size_of(next);
	if (c->before != 0) {
		struct chunk *below = chunk_at(offset_of(c) - c->before);

		if (!is_used(below)) {
			size += size_of(below);
			c = below;
		}
	}
	set(c, size, 0);
	if (offset_of(c) < lowest)
		lowest = offset_of(c);
}

/* Cuts the used chunk c down to `size`; what is over becomes free. */
static void
cut(struct chunk *c, size_t size)
{
	size_t over = size_of(c) - size;

	if (over == 0)
		return;
	set(c, size, USED);
	set(after(c), over, USED);
	release(after(c));
}

static void *
take(size_t n)
{
	size_t size = size_for(n);
	struct chunk *c;

	if (size == 0 || !set_up()) {
		errno = ENOMEM;
		return NULL;
	}
	c = chunk_at(lowest);
	while (size_of(c) != 0 && (is_used(c) || size_of(c) < size))
		c = after(c);
	if (size_of(c) == 0) {
		errno = ENOMEM;
		return NULL;
	}
	set(c, size_of(c), USED);
	cut(c, size);
	while (is_used(chunk_at(lowest)) && size_of(chunk_at(lowest)) != 0)
		lowest += size_of(chunk_at(lowest));
	return memory_of(c);
}

void *
malloc(size_t n)
{
	return take(n);
}

void
free(void *p)
{
	if (p != NULL)
		release(chunk_of(p));
}

void *
calloc(size_t count, size_t size)
{
	void *p;

	if (size != 0 && count > HEAP_BYTES / size) {
		errno = ENOMEM;
		return NULL;
	}
	p = take(count * size);
	if (p != NULL)
		memset(p, 0, count * size);
	return p;
}

/* Grows c in its place, if the chunk above it is free and large enough. */
static bool
grow(struct chunk *c, size_t size)
{
	struct chunk *next = after(c);

	if (is_used(next) || size_of(c) + size_of(next) < size)
		return false;
	if (lowest == offset_of(next))
		lowest = offset_of(c);	/* no chunk starts there any more */
	set(c, size_of(c) + size_of(next), USED);
	return true;
}

void *
realloc(void *p, size_t n)
{
	size_t size = size_for(n);
	struct chunk *c;
	void *moved;

	if (p == NULL)
		return take(n);
	c = chunk_of(p);
	if (size != 0 && (size <= size_of(c) || grow(c, size))) {
		cut(c, size);
		return p;
	}
	moved = take(n);
	if (moved != NULL) {
		memcpy(moved, p, room_of(c));
		release(c);
	}
	return moved;
}

/*
 * posix_memalign() and memalign() are musl's, and call this.  A chunk larger
 * by `align` has an aligned place in it; what is below becomes free.
 */
void *
aligned_alloc(size_t align, size_t n)
{
	unsigned char *p;
	struct chunk *c, *aligned;
	size_t skip;

	if (align == 0 || (align & (align - 1)) != 0) {
		errno = EINVAL;
		return NULL;
	}
	if (align <= GRAIN)
		return take(n);
	if (align > HEAP_BYTES || n > HEAP_BYTES) {
		errno = ENOMEM;
		return NULL;
	}
	p = take(n + align);
	if (p == NULL)
		return NULL;
	c = chunk_of(p);
	skip = (align - (uintptr_t)p % align) % align;
	if (skip > 0) {
		size_t whole = size_of(c);

		set(c, skip, USED);
		aligned = after(c);
		set(aligned, whole - skip, USED);
		release(c);
		c = aligned;
	}
	cut(c, size_for(n));
	return memory_of(c);
}

size_t
port_heap_room(void)
{
	const struct chunk *c;
	size_t most = 0;

	if (!set_up())
		return 0;
	for (c = chunk_at(lowest); size_of(c) != 0;
	    c = chunk_at(offset_of(c) + size_of(c)))
		if (!is_used(c) && size_of(c) > most)
			most = size_of(c);
	return most > 0 ? most - sizeof *c : 0;
}

size_t
malloc_usable_size(void *p)
{
	return p != NULL ? room_of(chunk_of(p)) : 0;
}
