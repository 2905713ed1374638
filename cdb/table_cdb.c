/*
 * table_cdb.c - compiled tables: one mapped file, in the format of cdb.
 *
 * The file is mapped by the port and so never closed, and it may be damaged:
 * table_cdb_check() sees to it that all hash tables are inside, and each place
 * and length of a record is compared with what is left.  tinycdb's own search
 * would do, but takes half as long again; its walk through all records believes
 * lengths that are larger than the file.
 */
#include <string.h>

#include "port.h"
#include "table_int.h"

#define CDB_HEAD	2048	/* octets: 256 places and lengths of tables */
#define CDB_SEED	5381	/* where a hash begins */

/* In one place, so that a lookup reads memory and calls nothing. */
static inline __attribute__((always_inline)) uint32_t
number(const char *at)
{
	const unsigned char *p = (const unsigned char *)at;

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		(uint32_t)p[3] << 24;
}

static inline __attribute__((always_inline)) uint32_t
hash_more(uint32_t hash, unsigned char c)
{
	return (hash + (hash << 5)) ^ c;
}

enum rc
table_cdb_check(struct span file)
{
	uint32_t end;

	if (file.n < CDB_HEAD || file.n > UINT32_MAX)
		return RC_WIRE;
	end = number(file.p);
	if (end < CDB_HEAD)
		return RC_WIRE;
	for (size_t i = 0; i < CDB_HEAD; i += 8) {
		uint32_t from = number(file.p + i), n = number(file.p + i + 4);

		if (from < end || from > file.n || n > (file.n - from) / 8)
			return RC_WIRE;
	}
	return RC_OK;
}

static inline bool
is_same_word(const char *a, const char *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x == y;
}

/* memcmp() of musl goes by octets.  The last word may be partly one more. */
static inline bool
is_same(const char *a, const char *b, size_t n)
{
	const size_t word = sizeof(uint64_t);
	size_t i;

	if (n < word) {
		for (i = 0; i < n && a[i] == b[i]; i++)
			;
		return i == n;
	}
	for (i = 0; i + word < n; i += word)
		if (!is_same_word(a + i, b + i))
			return false;
	return is_same_word(a + n - word, b + n - word);
}

/* The record at a place, if it is inside. */
static bool
record(struct span file, size_t at, struct span *key, struct span *value)
{
	size_t end = number(file.p), key_n, value_n;

	if (at < CDB_HEAD || end < 8 || at > end - 8)
		return false;
	key_n = number(file.p + at);
	value_n = number(file.p + at + 4);
	at += 8;
	if (key_n > end - at || value_n > end - at - key_n)
		return false;
	*key = (struct span){ file.p + at, key_n };
	*value = (struct span){ file.p + at + key_n, value_n };
	return true;
}

/* The hash table for a hash, and the slot where the search begins. */
static size_t
first_slot(struct span file, uint32_t hash, const char **table, size_t *slots)
{
	const char *head = file.p + hash % 256 * 8;
	uint32_t n = number(head + 4);

	*table = file.p + number(head);
	*slots = n;
	return n > 0 ? hash / 256 % n : 0;
}

static NOINLINE enum rc
search(struct span file, uint32_t hash, struct span wanted, size_t nth,
	struct span *value)
{
	const char *table;
	size_t slots, i = first_slot(file, hash, &table, &slots);

	for (size_t left = slots; left > 0; left--) {
		const char *slot = table + i * 8;
		size_t at = number(slot + 4);
		struct span key;

		if (at == 0)
			break;
		i = i + 1 < slots ? i + 1 : 0;
		if (number(slot) != hash)
			continue;
		if (!record(file, at, &key, value))
			return RC_WIRE;
		if (key.n == wanted.n && is_same(key.p, wanted.p, key.n) &&
		    nth-- == 0)
			return RC_OK;
	}
	return RC_NONE;
}

enum rc
table_cdb_find(struct span file, struct span key, size_t nth,
	struct span *value)
{
	uint32_t hash = CDB_SEED;

	for (size_t i = 0; i < key.n; i++)
		hash = hash_more(hash, (unsigned char)key.p[i]);
	return search(file, hash, key, nth, value);
}

enum rc
table_cdb_next(struct span file, size_t *at, struct span *key,
	struct span *value)
{
	size_t from = *at > 0 ? *at : CDB_HEAD;

	if (from == number(file.p))
		return RC_NONE;
	if (!record(file, from, key, value))
		return RC_WIRE;
	*at = from + 8 + key->n + value->n;
	return RC_OK;
}

/* ---- as a table ---------------------------------------------------------- */

/* Whether keys and values end with a NUL is the maker's choice. */
enum { NUL_UNKNOWN, NUL_NEVER, NUL_ALWAYS };

/* Keys are looked at once: copied to `to`, folded and hashed. */
static uint32_t
take_key(const struct table *t, struct span key, char *to)
{
	unsigned letters = t->flags & TABLE_KEEP_CASE ? 0 : 26;
	uint32_t hash = CDB_SEED;

	for (size_t i = 0; i < key.n; i++) {
		unsigned char c = (unsigned char)key.p[i];

		if ((unsigned char)(c - 'A') < letters)
			c |= 'a' - 'A';
		to[i] = (char)c;
		hash = hash_more(hash, c);
	}
	return hash;
}

/* What table_soon() found out of the keys that are asked next. */
#define SOON_KEY_MAX	64
struct soon {
	size_t n, at;
	struct soon_key {
		struct span key;	/* as it was told */
		uint32_t hash;
		char own[SOON_KEY_MAX];	/* folded, with room for a NUL */
	} next[TABLE_SOON_MAX];
};

/* The next announced key, if it is this one. */
static struct soon_key *
announced(const struct table *t, struct span key)
{
	struct soon *s = t->soon;
	struct soon_key *next;

	if (s == NULL || s->at == s->n)
		return NULL;
	next = &s->next[s->at++];
	return next->key.p == key.p && next->key.n == key.n ? next : NULL;
}

enum rc
mapped_find(struct table *t, struct span key, struct buf *value)
{
	char room[SOURCE_LINE_MAX];
	struct soon_key *next = announced(t, key);
	char *to = next != NULL ? next->own : room;
	struct span own = { to, key.n }, found;
	enum rc rc = RC_NONE;
	uint32_t hash;

	if (key.n >= sizeof(room))
		return table_fails(t, "a key is too long");
	hash = next != NULL ? next->hash : take_key(t, key, to);
	if (t->nul != NUL_ALWAYS)
		rc = search(t->cdb, hash, own, 0, &found);
	if (rc == RC_OK)
		t->nul = NUL_NEVER;
	if (rc == RC_NONE && t->nul != NUL_NEVER) {
		to[own.n++] = '\0';
		rc = search(t->cdb, hash_more(hash, '\0'), own, 0, &found);
		if (rc == RC_OK)
			t->nul = NUL_ALWAYS;
	}
	if (rc == RC_WIRE)
		return table_fails(t, "the file is damaged: run postmap");
	if (rc != RC_OK)
		return rc;
	if (t->nul == NUL_ALWAYS && found.n > 0 && found.p[found.n - 1] == '\0')
		found.n--;
	buf_put(value, found);
	return RC_OK;
}

/* Octets: what is smaller is near the processor before long, as a whole. */
#define SOON_LEAST	((size_t)256 << 10)
#define SLOTS_SOON	6	/* to look into; half of all are empty */
#define CACHE_LINE	64	/* most records end in the next one */

/* Where the search for a key will begin; one that is too long stays out. */
static const char *
announce(const struct table *t, struct span key, struct soon_key *k)
{
	const char *table;
	size_t slots, at;

	k->key.p = NULL;
	if (key.n >= SOON_KEY_MAX)
		return t->cdb.p;
	k->key = key;
	k->hash = take_key(t, key, k->own);
	at = first_slot(t->cdb, k->hash, &table, &slots);
	return slots > 0 ? table + at * 8 : t->cdb.p;
}

/*
 * The record of this hash, if it is in one of the next slots.  Going on to the
 * next slot is no jump: guessed wrong, it would wait for memory by itself.
 * Inline, as gcc drops calls of what does nothing but fetch.
 */
static inline __attribute__((always_inline)) void
fetch_record(struct span file, const char *slot, uint32_t hash)
{
	size_t at;

	if ((size_t)(file.p + file.n - slot) >= SLOTS_SOON * 8)
		for (int i = 1; i < SLOTS_SOON; i++)
			slot += (number(slot) != hash) * 8;
	at = number(slot + 4);
	if (at + CACHE_LINE < file.n) {
		__builtin_prefetch(file.p + at);
		__builtin_prefetch(file.p + at + CACHE_LINE);
	}
}

void
table_soon(const struct table_list *l, const struct span *key, size_t n)
{
	const char *slot[TABLE_SOON_MAX];
	struct table *t = l->first;

	if (t == NULL || t->cdb.n < SOON_LEAST)
		return;
	if (t->soon == NULL)
		t->soon = arena_take(t->arena, sizeof(*t->soon));
	if (t->soon == NULL)
		return;
	t->soon->n = n;
	t->soon->at = 0;
	for (size_t i = 0; i < n; i++) {
		slot[i] = announce(t, key[i], &t->soon->next[i]);
		__builtin_prefetch(slot[i]);
	}
	for (size_t i = 0; i < n; i++)
		fetch_record(t->cdb, slot[i], t->soon->next[i].hash);
}
