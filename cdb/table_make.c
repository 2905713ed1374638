/*
 * table_make.c - writing a cdb.
 *
 * tinycdb's own writer keeps its places in the heap, which is bounded here, and
 * looks for a key that is there already through a 256th of all records; this
 * one has a hash of places in memory of the port.
 *
 * The file: a head of 256 places and lengths (in slots) of hash tables, the
 * records (length of key and value, key, value), the hash tables (hash and
 * place of a record in each slot, place 0: free).  Numbers have 32 bits, least
 * octet first.  A record is in table hash % 256, in the first free slot from
 * hash / 256 on.
 */
#include <string.h>

#include <cdb.h>

#include "port.h"
#include "table_int.h"

#define TABLES		256
#define HEAD_BYTES	2048
#define OUT_BYTES	((size_t)32 * 1024)

/* Of the index.  at 0: free; at 1: was taken, and is free no more. */
struct place {
	uint32_t hash, at;
};
#define GONE	1

struct table_make {
	struct port_draft draft;
	uint64_t end;		/* of the records so far */
	size_t most;		/* octets of the largest record */
	struct place *index;	/* `cap` is a power of 2 */
	size_t cap, taken, live;
	bool has_dead;		/* records that are in no place */
	size_t out_n;		/* not yet written */
	char out[OUT_BYTES];
};

/* ---- output -------------------------------------------------------------- */

static enum rc
flush(struct table_make *m)
{
	struct span s = { m->out, m->out_n };

	m->out_n = 0;
	return s.n > 0 ? port_append(m->draft.fd, s) : RC_OK;
}

static enum rc
put(struct table_make *m, struct span s)
{
	m->end += s.n;
	while (s.n > 0) {
		size_t n = OUT_BYTES - m->out_n;

		if (n > s.n)
			n = s.n;
		memcpy(m->out + m->out_n, s.p, n);
		m->out_n += n;
		s = span_tail(s, n);
		if (m->out_n == OUT_BYTES)
			TRY(flush(m));
	}
	return RC_OK;
}

static void
put_number(char *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(n >> 8 * i);
}

static enum rc
put_pair(struct table_make *m, uint32_t a, uint32_t b)
{
	char p[8];

	put_number(p, a);
	put_number(p + 4, b);
	return put(m, (struct span){ p, sizeof(p) });
}

/* n octets of what was put at that place. */
static enum rc
get(struct table_make *m, uint64_t at, void *out, size_t n)
{
	size_t got;

	if (at + n > m->end - m->out_n)
		TRY(flush(m));
	for (char *p = out; n > 0; p += got, at += got, n -= got) {
		TRY(port_pread(m->draft.fd, p, n, (int64_t)at, &got));
		if (got == 0)
			return RC_OS;	/* somebody cut our draft */
	}
	return RC_OK;
}

static enum rc
get_pair(struct table_make *m, uint64_t at, uint32_t *a, uint32_t *b)
{
	unsigned char p[8];

	TRY(get(m, at, p, sizeof(p)));
	*a = cdb_unpack(p);
	*b = cdb_unpack(p + 4);
	return RC_OK;
}

/* ---- the index ----------------------------------------------------------- */

#define INDEX_LEAST	1024

/* The next place to look at; the first with i == cap. */
static size_t
next_place(const struct table_make *m, uint32_t hash, size_t i)
{
	if (i == m->cap)
		return (size_t)((hash * (uint64_t)0x9e3779b1u) >> 16) &
			(m->cap - 1);
	return (i + 1) & (m->cap - 1);
}

static void
enter(struct table_make *m, uint32_t hash, uint32_t at)
{
	size_t i = m->cap;

	do
		i = next_place(m, hash, i);
	while (m->index[i].at != 0);
	m->index[i] = (struct place){ hash, at };
	m->taken++;
	m->live++;
}

/* Room for one more; three quarters may be taken. */
static enum rc
make_room(struct table_make *m)
{
	struct place *old = m->index;
	size_t cap = m->cap;

	if (m->taken < cap / 4 * 3)
		return RC_OK;
	m->cap = cap > 0 ? cap * 2 : INDEX_LEAST;
	m->index = port_memory(m->cap * sizeof(*old));
	if (m->index == NULL) {
		m->index = old;
		m->cap = cap;
		return RC_FULL;
	}
	m->taken = m->live = 0;
	for (size_t i = 0; i < cap; i++)
		if (old[i].at > GONE)
			enter(m, old[i].hash, old[i].at);
	if (old != NULL)
		port_memory_forget(old, cap * sizeof(*old));
	return RC_OK;
}

static enum rc
is_key_at(struct table_make *m, uint64_t at, struct span key)
{
	char part[256];
	uint32_t n, unused;

	TRY(get_pair(m, at, &n, &unused));
	if (n != key.n)
		return RC_NONE;
	for (at += 8; key.n > 0; at += sizeof(part)) {
		struct span some = span_head(key, sizeof(part));

		TRY(get(m, at, part, some.n));
		if (memcmp(part, some.p, some.n) != 0)
			return RC_NONE;
		key = span_tail(key, some.n);
	}
	return RC_OK;
}

static enum rc
find(struct table_make *m, uint32_t hash, struct span key,
	struct place **out)
{
	size_t i = m->cap;

	if (m->cap == 0)
		return RC_NONE;
	for (;;) {
		struct place *p;
		enum rc rc;

		i = next_place(m, hash, i);
		p = &m->index[i];
		if (p->at == 0)
			return RC_NONE;
		if (p->hash != hash || p->at == GONE)
			continue;
		rc = is_key_at(m, p->at, key);
		if (rc == RC_OK)
			*out = p;
		if (rc != RC_NONE)
			return rc;
	}
}

/* ---- records ------------------------------------------------------------- */

enum rc
table_make_open(struct table_make **out, const char *path)
{
	struct table_make *m = port_memory(sizeof(*m));

	if (m == NULL)
		return RC_FULL;
	TRY(port_draft_open(path, &m->draft));
	*out = m;
	m->out_n = m->end = HEAD_BYTES;	/* zeros, until the end */
	return RC_OK;
}

void
table_make_drop(struct table_make *m)
{
	port_draft_drop(&m->draft);
}

enum rc
table_make_add(struct table_make *m, struct span key, struct span value,
	enum table_how how)
{
	size_t n = 8 + key.n + value.n;
	struct place *old = NULL;
	uint32_t hash, at = (uint32_t)m->end;
	enum rc rc;

	/* Behind the records there are two slots of 8 octets for each. */
	if (key.n > UINT32_MAX / 4 || value.n > UINT32_MAX / 4 ||
	    m->end + n + 16 * (m->live + 1) > UINT32_MAX)
		return RC_FULL;
	hash = cdb_hash(key.p, (unsigned)key.n);
	rc = how == TABLE_AGAIN ? RC_NONE : find(m, hash, key, &old);
	if (rc == RC_OK && how == TABLE_ONCE)
		return RC_DENY;
	if (rc != RC_OK && rc != RC_NONE)
		return rc;
	if (old == NULL)
		TRY(make_room(m));
	TRY(put_pair(m, (uint32_t)key.n, (uint32_t)value.n));
	TRY(put(m, key));
	TRY(put(m, value));
	if (n > m->most)
		m->most = n;
	if (old == NULL) {
		enter(m, hash, at);
	} else {
		old->at = at;
		m->has_dead = true;
	}
	return RC_OK;
}

enum rc
table_make_remove(struct table_make *m, struct span key)
{
	struct place *p;

	TRY(find(m, cdb_hash(key.p, (unsigned)key.n), key, &p));
	p->at = GONE;
	m->live--;
	m->has_dead = true;
	return RC_OK;
}

/* ---- the end ------------------------------------------------------------- */

static bool
is_live(const struct table_make *m, uint32_t hash, uint32_t at)
{
	size_t i = m->cap;

	do {
		i = next_place(m, hash, i);
		if (m->index[i].hash == hash && m->index[i].at == at)
			return true;
	} while (m->index[i].at != 0);
	return false;
}

/* One record, if it lives; *at goes on to the next. */
static enum rc
copy_record(struct table_make *from, struct table_make *to, uint64_t *at,
	char *room)
{
	uint32_t key_n, value_n;
	struct span key;
	uint64_t here = *at;

	TRY(get_pair(from, here, &key_n, &value_n));
	TRY(get(from, here + 8, room, (size_t)key_n + value_n));
	*at = here + 8 + key_n + value_n;
	key = (struct span){ room, key_n };
	if (!is_live(from, cdb_hash(room, key_n), (uint32_t)here))
		return RC_OK;
	return table_make_add(to, key, (struct span){ room + key_n, value_n },
		TABLE_AGAIN);
}

static enum rc
copy_live(struct table_make *from, struct table_make *to)
{
	char *room = port_memory(from->most);
	uint64_t at = HEAD_BYTES, end = from->end;

	if (room == NULL)
		return RC_FULL;
	while (at < end)
		TRY(copy_record(from, to, &at, room));
	return RC_OK;
}

/* Places in order of their tables; table i begins at first[i]. */
static struct place *
sorted(struct table_make *m, size_t first[TABLES + 1])
{
	struct place *p = port_memory((m->live + 1) * sizeof(*p));
	size_t next[TABLES];

	memset(first, 0, (TABLES + 1) * sizeof(*first));
	if (p == NULL)
		return NULL;
	for (size_t i = 0; i < m->cap; i++)
		if (m->index[i].at > GONE)
			first[m->index[i].hash % TABLES + 1]++;
	for (size_t i = 0; i < TABLES; i++) {
		next[i] = first[i];
		first[i + 1] += first[i];
	}
	for (size_t i = 0; i < m->cap; i++)
		if (m->index[i].at > GONE)
			p[next[m->index[i].hash % TABLES]++] = m->index[i];
	return p;
}

/* slots: zeroed, two for each place. */
static enum rc
put_table(struct table_make *m, const struct place *p, size_t n,
	struct place *slots)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = (p[i].hash / TABLES) % (2 * n);

		while (slots[at].at != 0)
			at = at + 1 < 2 * n ? at + 1 : 0;
		slots[at] = p[i];
	}
	for (size_t i = 0; i < 2 * n; i++)
		TRY(put_pair(m, slots[i].hash, slots[i].at));
	return RC_OK;
}

static enum rc
put_tables(struct table_make *m)
{
	char head[HEAD_BYTES];
	size_t first[TABLES + 1], most = 0;
	const struct place *p = sorted(m, first);
	struct place *slots;

	for (size_t i = 0; i < TABLES; i++)
		if (first[i + 1] - first[i] > most)
			most = first[i + 1] - first[i];
	slots = port_memory((2 * most + 1) * sizeof(*slots));
	if (p == NULL || slots == NULL)
		return RC_FULL;
	for (size_t i = 0; i < TABLES; i++) {
		size_t n = first[i + 1] - first[i];

		put_number(head + 8 * i, (uint32_t)m->end);
		put_number(head + 8 * i + 4, (uint32_t)(2 * n));
		memset(slots, 0, 2 * n * sizeof(*slots));
		TRY(put_table(m, p + first[i], n, slots));
	}
	TRY(flush(m));
	return port_write_at(m->draft.fd, (struct span){ head, sizeof(head) },
		0);
}

/* Another one, of the records that live. */
static enum rc
compacted(struct table_make **m, const char *path)
{
	struct table_make *fresh;
	enum rc rc = table_make_open(&fresh, path);

	if (rc == RC_OK) {
		rc = copy_live(*m, fresh);
		if (rc != RC_OK)
			table_make_drop(fresh);
	}
	if (rc != RC_OK)
		return rc;
	table_make_drop(*m);
	*m = fresh;
	return RC_OK;
}

enum rc
table_make_close(struct table_make *m, const char *path, unsigned mode,
	int like)
{
	enum rc rc = m->has_dead ? compacted(&m, path) : RC_OK;

	if (rc == RC_OK)
		rc = put_tables(m);
	if (rc == RC_OK)
		return port_draft_publish(&m->draft, path, mode, like);
	table_make_drop(m);
	return rc;
}
