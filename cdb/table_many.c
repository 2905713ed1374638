/*
 * table_many.c - tables made of tables, or of results: unionmap, pipemap,
 * randmap.
 */
#include "port.h"
#include "table_int.h"

enum rc
union_open(struct table *t, struct span arg)
{
	struct span rest, word;
	struct table **end = &t->part;

	if (t->depth > TABLE_DEPTH_MAX)
		return table_broken(t, "tables inside tables inside tables");
	if (!table_inside(arg, &rest))
		return table_broken(t, "needs braces around its tables");
	while (table_word(&rest, &word)) {
		TRY(table_open_part(t, word, end));
		if ((*end)->kinds == TABLE_PATTERN)
			t->kinds = TABLE_PATTERN;
		end = &(*end)->next;
	}
	return t->part != NULL ? RC_OK : table_broken(t, "it is empty");
}

/* All results, joined by commas; one failure fails all. */
enum rc
union_find(struct table *t, struct span key, struct buf *value)
{
	bool is_there = false;
	struct table *part;

	for (part = t->part; part != NULL; part = part->next) {
		struct buf out = *value;
		enum rc rc;

		if (is_there)
			buf_putc(&out, ',');
		rc = table_ask(part, key, &out);
		if (rc != RC_OK && rc != RC_NONE)
			return rc;
		if (rc == RC_NONE || out.n == value->n + is_there)
			continue;
		*value = out;
		is_there = true;
	}
	return is_there ? RC_OK : RC_NONE;
}

/* The result of each is the key of the next. */
enum rc
pipe_find(struct table *t, struct span key, struct buf *value)
{
	char room[TABLE_VALUE_MAX], asked[TABLE_VALUE_MAX];
	struct buf key_now = BUF(asked), out = BUF(room);
	struct table *part;

	buf_put(&key_now, key);
	if (key_now.full)
		return table_fails(t, "a key is too long");
	for (part = t->part; part != NULL; part = part->next) {
		buf_clear(&out);
		TRY(table_ask(part, buf_span(&key_now), &out));
		buf_clear(&key_now);
		buf_put(&key_now, buf_span(&out));
	}
	buf_put(value, buf_span(&out));
	return RC_OK;
}

enum rc
rand_open(struct table *t, struct span arg)
{
	struct span rest, word;

	if (!table_inside(arg, &t->text))
		return table_broken(t, "needs braces around its results");
	rest = t->text;
	return table_word(&rest, &word) ? RC_OK :
		table_broken(t, "it is empty");
}

enum rc
rand_find(struct table *t, struct span key, struct buf *value)
{
	struct span rest = t->text, word;
	uint32_t n = 0, chosen;

	(void)key;
	while (table_word(&rest, &word))
		n++;
	ASSERT(n > 0);		/* or rand_open() would have broken it */
	chosen = port_random_u32() % n;
	rest = t->text;
	do
		(void)table_word(&rest, &word);
	while (chosen-- > 0);
	buf_put(value, word);
	return RC_OK;
}
