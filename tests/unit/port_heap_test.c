/*
 * port_heap_test.c - the bounded heap, under names of its own: malloc itself
 * is the sanitizer's here.
 */
#include <malloc.h>

#include "port_test_int.h"

#define malloc			heap_malloc
#define free			heap_free
#define calloc			heap_calloc
#define realloc			heap_realloc
#define aligned_alloc		heap_aligned_alloc
#define malloc_usable_size	heap_usable_size
#define port_heap_room		heap_room
void *heap_malloc(size_t);
void heap_free(void *);
void *heap_calloc(size_t, size_t);
void *heap_realloc(void *, size_t);
void *heap_aligned_alloc(size_t, size_t);
size_t heap_usable_size(void *);
size_t heap_room(void);
#include "../../port/port_heap.c"

/* The largest that an empty heap can give. */
#define ALL	(ROW_BYTES - sizeof(struct chunk))

/* Every chunk is where its neighbours say, and no two free ones touch. */
static void
assert_sound(void)
{
	size_t at = FIRST, before = 0;
	bool was_free = false;

	while (at < FIRST + ROW_BYTES) {
		struct chunk *c = chunk_at(at);

		assert_int_equal(c->before, before);
		assert_true(size_of(c) >= GRAIN && size_of(c) % GRAIN == 0);
		assert_false(was_free && !is_used(c));
		if (at < lowest)
			assert_true(is_used(c));
		was_free = !is_used(c);
		before = size_of(c);
		at += before;
	}
	assert_int_equal(at, FIRST + ROW_BYTES);
	assert_int_equal(chunk_at(at)->before, before);
	assert_int_equal(chunk_at(at)->size, USED);
}

/* All that was taken has come back, and is one again. */
static void
assert_empty(void)
{
	void *p;

	assert_sound();
	p = malloc(ALL);
	assert_non_null(p);
	free(p);
}

static void
what_is_taken_is_aligned_and_apart(void **state)
{
	unsigned char *p[100];

	(void)state;
	for (size_t i = 0; i < COUNT(p); i++) {
		p[i] = malloc(i);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		assert_true(malloc_usable_size(p[i]) >= i);
		memset(p[i], (int)i, malloc_usable_size(p[i]));
	}
	assert_sound();
	for (size_t i = 0; i < COUNT(p); i++) {
		for (size_t j = 0; j < i; j++)
			assert_int_equal(p[i][j], i);
		free(p[i]);
	}
	free(NULL);
	assert_empty();
}

static void
full_is_null_and_nothing_breaks(void **state)
{
	void *p[HEAP_BYTES / 1000 + 1];
	size_t n = 0;

	(void)state;
	while ((p[n] = malloc(1000)) != NULL)
		n++;
	assert_int_equal(errno, ENOMEM);
	assert_true(n > HEAP_BYTES / 1100);
	assert_sound();
	free(p[3]);
	p[3] = malloc(1000);
	assert_non_null(p[3]);
	assert_null(malloc(1000));
	while (n > 0)
		free(p[--n]);
	assert_empty();
}

static void
room_is_what_the_next_request_can_have(void **state)
{
	char *low, *mid, *high;

	(void)state;
	assert_int_equal(port_heap_room(), ALL);
	low = malloc(10000);
	mid = malloc(10000);
	high = malloc(port_heap_room());
	assert_non_null(high);
	assert_int_equal(port_heap_room(), 0);
	free(low);
	assert_in_range(port_heap_room(), 10000, 10100);
	low = malloc(port_heap_room());
	assert_non_null(low);
	assert_int_equal(port_heap_room(), 0);
	free(low);
	free(mid);
	free(high);
	assert_int_equal(port_heap_room(), ALL);
	assert_empty();
}

static void
sizes_beyond_reason_are_null(void **state)
{
	void *p;

	(void)state;
	assert_null(malloc(ALL + 1));
	assert_null(malloc(SIZE_MAX));
	assert_null(malloc(SIZE_MAX - 8));
	assert_null(calloc(SIZE_MAX / 2, 3));
	assert_null(calloc(3, SIZE_MAX / 2));
	assert_null(aligned_alloc(32, SIZE_MAX - 16));
	assert_null(aligned_alloc(SIZE_MAX / 2 + 1, 16));
	assert_null(aligned_alloc(24, 16));
	p = malloc(10);
	assert_null(realloc(p, SIZE_MAX));
	free(p);
	assert_empty();
}

static void
calloc_clears_what_was_used(void **state)
{
	unsigned char *p = malloc(500);

	(void)state;
	memset(p, 0xff, 500);
	free(p);
	p = calloc(50, 10);
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(p[i], 0);
	free(p);
	p = calloc(0, 10);
	assert_non_null(p);
	free(p);
	assert_empty();
}

static void
freed_neighbours_become_one(void **state)
{
	/* All orders in which three neighbours can be given back. */
	static const int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		void *p[3], *wall, *whole;

		for (size_t j = 0; j < 3; j++)
			p[j] = malloc(40);
		wall = malloc(40);
		for (size_t j = 0; j < 3; j++) {
			free(p[orders[i][j]]);
			assert_sound();
		}
		whole = malloc(3 * 48 - 8);
		assert_ptr_equal(whole, p[0]);
		free(whole);
		free(wall);
		assert_empty();
	}
}

static void
realloc_stays_where_it_can(void **state)
{
	char *p = malloc(100), *next = malloc(100), *q;

	(void)state;
	strcpy(p, "kept");
	free(next);
	assert_ptr_equal(realloc(p, 5000), p);
	assert_ptr_equal(realloc(p, 20), p);
	next = malloc(100);
	assert_true(next < p + 200);	/* where the rest was */
	q = realloc(p, 5000);
	assert_ptr_not_equal(q, p);
	assert_string_equal(q, "kept");
	free(q);
	free(next);
	p = realloc(NULL, 10);
	assert_non_null(p);
	free(p);
	assert_empty();
}

static void
failed_realloc_leaves_the_old_one(void **state)
{
	char *p = malloc(100), *wall = malloc(100);

	(void)state;
	strcpy(p, "kept");
	assert_null(realloc(p, ALL - 200));
	assert_string_equal(p, "kept");
	free(p);
	free(wall);
	assert_empty();
}

static void
wider_alignments_are_kept(void **state)
{
	(void)state;
	for (size_t align = 1; align <= 65536; align *= 2) {
		void *first = malloc(1);
		void *p = aligned_alloc(align, 100);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % align, 0);
		assert_true(malloc_usable_size(p) >= 100);
		memset(p, 0xee, 100);
		assert_sound();
		free(first);
		free(p);
		assert_empty();
	}
}

static uint32_t
next_number(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void
many_turns_lose_nothing(void **state)
{
	unsigned char *p[64] = { NULL };
	size_t n[64] = { 0 };
	uint32_t seed = 1;

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		size_t i = next_number(&seed) % COUNT(p);
		size_t want = next_number(&seed) % 9000;
		unsigned char *got;

		for (size_t j = 0; p[i] != NULL && j < n[i]; j++)
			assert_int_equal(p[i][j], i);
		if (next_number(&seed) % 2) {
			free(p[i]);
			got = malloc(want);
			n[i] = 0;
		} else {
			got = realloc(p[i], want);
			if (got == NULL)
				got = p[i];
			else if (want < n[i])
				n[i] = want;
		}
		for (size_t j = 0; got != NULL && j < n[i]; j++)
			assert_int_equal(got[j], i);
		p[i] = got;
		n[i] = got != NULL ? malloc_usable_size(got) : 0;
		if (got != NULL)
			memset(got, (int)i, n[i]);
		if (turn % 50 == 0)
			assert_sound();
	}
	for (size_t i = 0; i < COUNT(p); i++)
		free(p[i]);
	assert_empty();
}

/* Runs f in a process of its own; its exit status. */
static int
status_of(void (*f)(void))
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 2);
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void
free_twice(void)
{
	void *p = malloc(10);

	free(p);
	free(p);
}

static void
free_foreign(void)
{
	char local[64];

	free(local);
}

static void
free_overrun(void)
{
	char *p = malloc(8), *next = malloc(8);

	memset(p, 0xff, 17);
	free(next);
}

static void
misuse_ends_the_process(void **state)
{
	(void)state;
	assert_int_equal(status_of(free_twice), 70);
	assert_int_equal(status_of(free_foreign), 70);
	assert_int_equal(status_of(free_overrun), 70);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken_is_aligned_and_apart),
		cmocka_unit_test(full_is_null_and_nothing_breaks),
		cmocka_unit_test(room_is_what_the_next_request_can_have),
		cmocka_unit_test(sizes_beyond_reason_are_null),
		cmocka_unit_test(calloc_clears_what_was_used),
		cmocka_unit_test(freed_neighbours_become_one),
		cmocka_unit_test(realloc_stays_where_it_can),
		cmocka_unit_test(failed_realloc_leaves_the_old_one),
		cmocka_unit_test(wider_alignments_are_kept),
		cmocka_unit_test(many_turns_lose_nothing),
		cmocka_unit_test(misuse_ends_the_process),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
