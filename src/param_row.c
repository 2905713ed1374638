/*
 * param_row.c - the rows of param.def as tables, and who is who among names.
 *
 * All texts are members of one struct, found by 16-bit offsets: pointers would
 * cost 24 octets each in a static-pie for their relocations.  Names are found
 * by looking at one after the other; a load asks for some dozens.
 */
#include <string.h>

#include "param_int.h"

struct texts {
	char none;		/* offset 0 means that there is no such text */
#define BOTH(field, type, name, value, ...) \
	char n_##field[sizeof(name)]; char v_##field[sizeof(value)];
#define PAIR(field, type, name, value, lmtp_name, lmtp_value, ...) \
	char n_##field[sizeof(name)]; char v_##field[sizeof(value)]; \
	char ln_##field[sizeof(lmtp_name)]; \
	char lv_##field[sizeof(lmtp_value)];
#define ONE(field, type, name, value, ...) \
	char n_##field[sizeof(name)]; char v_##field[sizeof(value)];
#include "param.def"
};

static const struct texts texts = {
	0,
#define BOTH(field, type, name, value, ...)	name, value,
#define PAIR(field, type, name, value, lmtp_name, lmtp_value, ...) \
	name, value, lmtp_name, lmtp_value,
#define ONE(field, type, name, value, ...)	name, value,
#include "param.def"
};

_Static_assert(sizeof(struct texts) <= UINT16_MAX, "offsets have 16 bits");
_Static_assert(sizeof(struct settings) <= UINT16_MAX, "offsets have 16 bits");

/* Offsets in texts.  Of BOTH the LMTP name is the other one, `l` for `s`. */
struct row {
	struct kind kind;
	uint16_t name, value;
	uint16_t lmtp_name, lmtp_value;
};

static const struct row rows[ROW_COUNT] = {
#define KIND(field, type, least, most) \
	{ least, most, offsetof(struct settings, field), T_##type }
#define AT(text)	offsetof(struct texts, text)
#define BOTH(field, type, name, value, least, most, meaning) \
	{ KIND(field, type, least, most), AT(n_##field), AT(v_##field), \
	    AT(n_##field), AT(v_##field) },
#define PAIR(field, type, name, value, lname, lvalue, least, most, meaning) \
	{ KIND(field, type, least, most), AT(n_##field), AT(v_##field), \
	    AT(ln_##field), AT(lv_##field) },
#define ONE(field, type, name, value, least, most, meaning) \
	{ KIND(field, type, least, most), AT(n_##field), AT(v_##field), 0, 0 },
#include "param.def"
};

static const struct kind each_kinds[EACH_COUNT] = {
#define EACH(word, type, suffix, value, least, most) \
	{ least, most, 0, T_##type },
#include "param.def"
};

/* suffix, default; one after the other */
static const char each_texts[] =
#define EACH(word, type, suffix, value, ...)	suffix "\0" value "\0"
#include "param.def"
;

/*
 * Names without a setting: name, default, and the new name of those that are
 * out of date, `-` standing for none.
 */
static const char others[] =
#define OLD(type, name, value, newer)	name "\0" value "\0-" newer "\0"
#define KNOWN(type, name, value)	name "\0" value "\0\0"
#include "param.def"
;

static struct span
text_at(uint16_t offset)
{
	return span_of((const char *)&texts + offset);
}

/* The text behind this one, in each_texts and others. */
static struct span
text_behind(struct span s)
{
	return span_of(s.p + s.n + 1);
}

static bool
is_both(const struct row *r)
{
	return r->lmtp_name == r->name;
}

const struct kind *
row_kind(unsigned row)
{
	return &rows[row].kind;
}

uint16_t
row_key(unsigned row, bool is_lmtp)
{
	return KEY(row, is_lmtp && rows[row].lmtp_name != 0);
}

struct span
row_default(uint16_t key)
{
	const struct row *r = &rows[KEY_ROW(key)];

	return text_at(key % 2 ? r->lmtp_value : r->value);
}

void
row_put_name(uint16_t key, struct buf *out)
{
	const struct row *r = &rows[KEY_ROW(key)];
	struct span name = text_at(key % 2 ? r->lmtp_name : r->name);

	if (key % 2 && is_both(r)) {
		buf_putc(out, 'l');
		name = span_part(name, 1, name.n);
	}
	buf_put(out, name);
}

bool
row_is_foreign(uint16_t key, bool is_lmtp)
{
	const struct row *r = &rows[KEY_ROW(key)];

	if (r->lmtp_name != 0)
		return (key % 2 != 0) != is_lmtp;
	return span_starts_case(text_at(r->name), is_lmtp ? "smtp_" : "lmtp_");
}

/* Is `name` this text, of which the length is known from the next one? */
static bool
text_is(struct span name, uint16_t offset, uint16_t next)
{
	return name.n == (size_t)(next - offset - 1) &&
	    memcmp(name.p, (const char *)&texts + offset, name.n) == 0;
}

static bool
text_is_twin(struct span name, uint16_t offset, uint16_t next)
{
	return name.n == (size_t)(next - offset - 1) && name.p[0] == 'l' &&
	    memcmp(name.p + 1, (const char *)&texts + offset + 1,
	    name.n - 1) == 0;
}

static uint16_t
find_key(struct span name)
{
	const struct row *r;

	for (r = rows; r < rows + ROW_COUNT; r++) {
		if (text_is(name, r->name, r->value))
			return KEY(r - rows, false);
		if (r->lmtp_name == 0)
			continue;
		if (is_both(r) ? text_is_twin(name, r->name, r->value)
		    : text_is(name, r->lmtp_name, r->lmtp_value))
			return KEY(r - rows, true);
	}
	return KEY_NONE;
}

const struct kind *
row_each(enum param_each which, struct span *suffix, struct span *value)
{
	unsigned i;

	*suffix = span_of(each_texts);
	for (i = 0; i < which; i++)
		*suffix = text_behind(text_behind(*suffix));
	*value = text_behind(*suffix);
	return &each_kinds[which];
}

/* TRANSPORT_suffix, for any transport. */
static bool
find_each(struct span name, struct name_info *out)
{
	struct span suffix, value, end;
	const struct kind *kind;
	unsigned i;

	for (i = 0; i < EACH_COUNT; i++) {
		kind = row_each(i, &suffix, &value);
		if (name.n < suffix.n + 2)
			continue;
		end = span_part(name, name.n - suffix.n, suffix.n);
		if (span_eq(end, suffix) && end.p[-1] == '_') {
			out->value = value;
			out->kind = kind;
			return true;
		}
	}
	return false;
}

static bool
find_other(struct span name, struct name_info *out)
{
	struct span s = span_of(others), value, newer;

	for (; s.n > 0; s = text_behind(newer)) {
		value = text_behind(s);
		newer = text_behind(value);
		if (!span_eq(s, name))
			continue;
		out->value = value;
		out->is_old = newer.n > 0;
		if (newer.n > 1)
			out->new_key = find_key(span_part(newer, 1, newer.n));
		return true;
	}
	return false;
}

bool
row_find(struct span name, struct name_info *out)
{
	*out = (struct name_info){ KEY_NONE, KEY_NONE, false, SPAN(""), NULL };
	if (name.n == 0)
		return false;
	out->key = find_key(name);
	if (out->key != KEY_NONE) {
		out->value = row_default(out->key);
		out->kind = &rows[KEY_ROW(out->key)].kind;
		return true;
	}
	return find_other(name, out) || find_each(name, out);
}

bool
text_mentions(struct span text, struct span name)
{
	struct span rest = text;
	size_t at;
	char c;

	while ((at = span_find(rest, '$')) < rest.n) {
		rest = span_part(rest, at + 1, rest.n);
		if (rest.n > 0 && (rest.p[0] == '{' || rest.p[0] == '('))
			rest = span_part(rest, 1, rest.n);
		if (!span_eq(span_part(rest, 0, name.n), name))
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
	unsigned row;
	struct span s, newer;

	for (row = 0; row < ROW_COUNT; row++)
		if (text_mentions(row_default(KEY(row, false)), name))
			return true;
	for (s = span_of(others); s.n > 0; s = text_behind(newer)) {
		if (text_mentions(text_behind(s), name))
			return true;
		newer = text_behind(text_behind(s));
	}
	return false;
}

bool
param_next(struct param_cursor *c, struct buf *name)
{
	const size_t sides = 2 * ROW_COUNT;
	struct span s;

	while (c->at < sides && c->at % 2 && rows[c->at / 2].lmtp_name == 0)
		c->at++;
	if (c->at < sides) {
		row_put_name((uint16_t)c->at++, name);
		return true;
	}
	s = span_of(others + (c->at - sides));
	if (s.n == 0)
		return false;
	buf_put(name, s);
	s = text_behind(text_behind(text_behind(s)));
	c->at = sides + (size_t)(s.p - others);
	return true;
}
