/*
 * param_row.c - the rows of param.def, and who is who among names.
 *
 * toolchains/pack.c makes octets of them, which are read from the first one on
 * whenever something is asked.  Of each row:
 *	head	of settings and EACH: kind, and the shape above it
 *	name	by its own dictionary; of EACH the suffix
 *	value	the default, by its own dictionary
 * and of PAIR the same two for LMTP, of OLD the newer name.
 *
 * Who looks for a name reads those alone that have its hash: a load looks for
 * some dozens, and would spend a fifth of a delivery's time on it otherwise.
 */
#include <stddef.h>

#include "param_int.h"
#include "param_rows.h"

enum { SHAPE_ONE, SHAPE_BOTH, SHAPE_PAIR };

/* Where the settings are. */
static const uint16_t fields[] = {
#define BOTH(field, ...)	offsetof(struct settings, field),
#define PAIR(field, ...)	offsetof(struct settings, field),
#define ONE(field, ...)		offsetof(struct settings, field),
#include "param.def"
};

static const uint8_t *
kind_of(const struct row *r)
{
	return &kinds[3 * (r->head & 63)];
}

struct kind
row_kind(const struct row *r)
{
	const uint8_t *k = kind_of(r);

	return (struct kind){ kind_numbers[k[1]], kind_numbers[k[2]], k[0] };
}

static unsigned
shape(const struct row *r)
{
	return r->head >> 6;
}

/* The row of that number, which begins at r->end. */
static void
read_row(struct row *r)
{
	bool has_other = r->number < ROW_KNOWN;

	if (r->number < ROW_OLD) {
		r->head = *r->end++;
		has_other = shape(r) == SHAPE_PAIR;
	}
	if (r->number < ROW_COUNT)
		r->field = fields[r->number];
	r->name[0] = r->end;
	r->value[0] = pack_skip(names, r->end);
	r->end = pack_skip(values, r->value[0]);
	r->name[1] = has_other ? r->end : r->name[0];
	r->value[1] = r->value[0];
	if (has_other)
		r->end = pack_skip(names, r->end);
	if (has_other && r->number < ROW_OLD) {
		r->value[1] = r->end;
		r->end = pack_skip(values, r->end);
	}
}

bool
row_next(struct row *r)
{
	if (r->end == rows + sizeof(rows))
		return false;
	if (r->end == NULL)
		r->end = rows;
	else
		r->number++;
	read_row(r);
	return true;
}

void
row_find_number(unsigned number, struct row *out)
{
	*out = (struct row){ .number = number, .end = rows + starts[number] };
	read_row(out);
}

static bool
has_sides(const struct row *r)
{
	return r->number < ROW_COUNT && shape(r) != SHAPE_ONE;
}

uint16_t
row_key(const struct row *r, bool is_lmtp)
{
	return KEY(r->number, is_lmtp && has_sides(r));
}

void
row_put_name(const struct row *r, unsigned side, struct buf *out)
{
	size_t from = out->n;

	(void)pack_put(out, names, r->name[side]);
	if (side > 0 && shape(r) == SHAPE_BOTH)
		out->p[from] = 'l';
}

void
row_put_value(const uint8_t *value, struct buf *out)
{
	if (value != NULL)
		(void)pack_put(out, values, value);
}

void
row_put_words(int set, struct buf *out)
{
	const uint8_t *at = words;

	while (set-- > 0)
		at = pack_skip(values, at);
	(void)pack_put(out, values, at);
}

bool
row_is_foreign(const struct row *r, bool is_lmtp)
{
	char text[PARAM_NAME_MAX];
	struct buf name = BUF(text);

	row_put_name(r, 0, &name);
	return !has_sides(r) &&
	    span_starts_case(buf_span(&name), is_lmtp ? "smtp_" : "lmtp_");
}

/* Is `name` TRANSPORT_suffix? */
static bool
is_each(const uint8_t *packed, struct span name)
{
	char text[PARAM_NAME_MAX];
	struct buf suffix = BUF(text);

	buf_putc(&suffix, '_');
	(void)pack_put(&suffix, names, packed);
	return name.n > suffix.n && span_eq(span_tail(name, name.n - suffix.n),
	    buf_span(&suffix));
}

/* As toolchains/pack.c has it. */
static uint8_t
hash_of(struct span name)
{
	uint8_t hash = 0;

	for (size_t i = 0; i < name.n; i++)
		hash = (uint8_t)(hash * 31 + (uint8_t)name.p[i]);
	return hash;
}

/* twin: the name with `s` for its first `l`; empty if it begins otherwise. */
struct sought {
	struct span name, twin;
	uint8_t hash, twin_hash;
};

/*
 * Does the row have that name?  Hashes are those of first names; the others of
 * PAIR, and those of EACH, are read.
 */
static bool
is_named(unsigned number, const struct sought *s, unsigned *side)
{
	const uint8_t *at = rows + starts[number];
	unsigned shape = number < ROW_COUNT ? *at >> 6 : SHAPE_ONE;
	uint8_t hash = hashes[number];

	at += number < ROW_OLD;
	*side = 0;
	if (number >= ROW_COUNT && number < ROW_OLD)
		return is_each(at, s->name);
	if (hash == s->hash && pack_is(names, at, s->name))
		return true;
	*side = 1;
	if (shape == SHAPE_PAIR)
		return pack_is(names, pack_skip(values, pack_skip(names, at)),
		    s->name);
	return shape == SHAPE_BOTH && hash == s->twin_hash &&
	    pack_is(names, at, s->twin);
}

static enum name_is
find_name(struct span name, struct row *r, unsigned *side)
{
	char text[PARAM_NAME_MAX] = "";
	struct buf twin = BUF(text);
	struct sought sought = { .name = name, .hash = hash_of(name) };
	unsigned i = 0;

	if (name.n > 0 && name.p[0] == 'l') {
		buf_put(&twin, name);
		text[0] = 's';
		sought.twin = buf_span(&twin);
		sought.twin_hash = hash_of(sought.twin);
	}
	/* Second names of PAIR begin with `lmtp_'. */
	while (i < COUNT(hashes) && !((hashes[i] == sought.hash
	    || (twin.n > 0 && i < ROW_COUNT)
	    || (i >= ROW_COUNT && i < ROW_OLD)) && is_named(i, &sought, side)))
		i++;
	if (i == COUNT(hashes))
		return NAME_UNKNOWN;
	row_find_number(i, r);
	return i < ROW_COUNT ? NAME_SETTING : i < ROW_OLD ? NAME_EACH :
	    i < ROW_KNOWN ? NAME_OLD : NAME_KNOWN;
}

void
row_find(struct span name, struct name_info *out)
{
	char text[PARAM_NAME_MAX];
	struct buf newer = BUF(text);
	struct row *r = &out->row, other;
	unsigned side;

	out->key = out->new_key = KEY_NONE;
	out->value = NULL;
	out->is = find_name(name, r, &side);
	if (out->is == NAME_UNKNOWN)
		return;
	out->value = r->value[side];
	if (out->is == NAME_SETTING)
		out->key = KEY(r->number, side);
	if (out->is != NAME_OLD)
		return;
	(void)pack_put(&newer, names, r->name[1]);
	if (find_name(buf_span(&newer), &other, &side) == NAME_SETTING)
		out->new_key = KEY(other.number, side);
}

bool
text_mentions(struct span text, struct span name)
{
	struct span rest = text;
	size_t at;
	char c;

	while ((at = span_find(rest, '$')) < rest.n) {
		rest = span_tail(rest, at + 1);
		if (rest.n > 0 && (rest.p[0] == '{' || rest.p[0] == '('))
			rest = span_tail(rest, 1);
		if (!span_eq(span_head(rest, name.n), name))
			continue;
		c = rest.n > name.n ? rest.p[name.n] : ' ';
		if (c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') &&
		    (c < 'a' || c > 'z'))
			return true;
	}
	return false;
}

bool
row_mentions(struct span name)
{
	char text[ROW_VALUE_MAX];
	struct row r = { 0 };

	while (row_next(&r)) {
		struct buf value = BUF(text);

		row_put_value(r.value[0], &value);
		if (text_mentions(buf_span(&value), name))
			return true;
	}
	return false;
}

bool
param_next(struct param_cursor *c, struct buf *name)
{
	unsigned side;

	for (;;) {
		struct row r = { .number = c->number, .end = c->at };

		if (!row_next(&r))
			return false;
		side = c->side;
		c->side = side == 0 && has_sides(&r);
		if (c->side == 0) {
			c->number = r.number;
			c->at = r.end;
		}
		if (r.number >= ROW_COUNT && r.number < ROW_OLD)
			continue;
		row_put_name(&r, side, name);
		return true;
	}
}
