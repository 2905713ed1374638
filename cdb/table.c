/*
 * table.c - the tables of a setting: which types there are, which table is
 * asked next, and what their answers mean together.
 */
#include <stdarg.h>
#include <string.h>

#include "port.h"
#include "table_int.h"

/*
 * By name, or one of several: what `type_open`, `type_find` and maybe
 * `type_each` do.
 */
#define LISTED(type)	type##_open, type##_find, type##_each
static const struct table_type types[] = {
	{ "texthash", TABLE_FIXED, LISTED(text_hash) },
	{ "inline", TABLE_FIXED, LISTED(text_inline) },
	{ "cdb", TABLE_FIXED, LISTED(mapped) },
	{ "hash btree dbm lmdb sdbm", TABLE_FIXED, LISTED(either) },
	{ "static", TABLE_FIXED, text_static_open, text_static_find, NULL },
	{ "regexp", TABLE_PATTERN, rules_open, regexp_find, NULL },
	{ "cidr", TABLE_PATTERN, rules_open, cidr_find, NULL },
	{ "unionmap", TABLE_FIXED, union_open, union_find, NULL },
	{ "pipemap", TABLE_FIXED, union_open, pipe_find, NULL },
	{ "randmap", TABLE_PATTERN, rand_open, rand_find, NULL },
	{ "environ", TABLE_FIXED, text_open_nothing, text_environ_find, NULL },
	{ "fail", TABLE_ANY, text_open_nothing, text_fail_find, NULL }
};

static enum rc
broken_find(struct table *t, struct span key, struct buf *value)
{
	(void)key;
	(void)value;
	return table_fails(t, "cannot be asked");
}

static enum rc
broken_each(struct table *t, table_see *see, void *arg)
{
	(void)see;
	(void)arg;
	return table_fails(t, "cannot be asked");
}

static const struct table_type broken = {
	"broken", TABLE_ANY, text_open_nothing, broken_find, broken_each
};

/* ---- messages ------------------------------------------------------------ */

void
table_warn(const struct table *t, const char *fmt, ...)
{
	char room[512];
	struct buf b = BUF(room);
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt_cut(&b, fmt, ap);
	va_end(ap);
	log_line(t->log, LOG_WARNING, "%s%s%.*s: %s",
		t->setting != NULL ? t->setting : "",
		t->setting != NULL ? ": " : "", SPAN_ARG(t->name),
		buf_text(&b));
}

void
table_warn_line(const struct table *t, unsigned line, const char *why)
{
	table_warn(t, "line %u is left out: %s", line, why);
}

enum rc
table_fails(const struct table *t, const char *why)
{
	table_warn(t, "%s", why);
	return RC_WIRE;
}

enum rc
table_broken(struct table *t, const char *why)
{
	table_warn(t, "%s", why);
	t->type = &broken;
	t->kinds = TABLE_ANY;
	return RC_OK;
}

enum rc
table_guard(const struct table *t, const char *path, uint32_t mode)
{
	if (!(t->flags & TABLE_SECRET))
		return RC_OK;
	if (mode & 02) {
		table_warn(t, "everybody can write it, so nobody should trust "
		    "it: chmod 600 %s", path);
		return RC_DENY;
	}
	if (mode & 04)
		table_warn(t, "everybody can read the passwords: "
		    "chmod 600 %s", path);
	return RC_OK;
}

/* ---- keys ---------------------------------------------------------------- */

void
table_fold(const struct table *t, struct span key, struct buf *b)
{
	size_t from = b->n;

	buf_put(b, key);
	if (t->flags & TABLE_KEEP_CASE)
		return;
	for (size_t i = from; i < b->n; i++)
		if (b->p[i] >= 'A' && b->p[i] <= 'Z')
			b->p[i] = (char)(b->p[i] + ('a' - 'A'));
}

bool
table_key_eq(const struct table *t, struct span a, struct span b)
{
	return t->flags & TABLE_KEEP_CASE ? span_eq(a, b) : span_eq_case(a, b);
}

/* ---- opening ------------------------------------------------------------- */

bool
table_inside(struct span s, struct span *inside)
{
	size_t depth = 0, i = 0;

	if (s.n < 2 || s.p[0] != '{')
		return false;
	do {
		depth += s.p[i] == '{';
		depth -= s.p[i] == '}';
	} while (++i < s.n && depth > 0);
	if (depth > 0 || i < s.n)
		return false;
	*inside = span_trim(span_part(s, 1, s.n - 2));
	return true;
}

bool
table_word(struct span *rest, struct span *word)
{
	size_t from = 0, end, depth = 0;

	while (from < rest->n && strchr(LIST_DIVIDERS, rest->p[from]) != NULL)
		from++;
	for (end = from; end < rest->n; end++) {
		char c = rest->p[end];

		if (depth == 0 && strchr(LIST_DIVIDERS, c) != NULL)
			break;
		depth += c == '{';
		depth -= c == '}' && depth > 0;
	}
	*word = span_part(*rest, from, end - from);
	*rest = span_tail(*rest, end);
	return word->n > 0;
}

static const struct table_type *
type_of(struct span name)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		struct span rest = span_of(types[i].name), word;

		while (span_word(&rest, " ", &word))
			if (span_eq(word, name))
				return &types[i];
	}
	return NULL;
}

/* t has all but what its own name tells. */
static enum rc
open_table(struct table *t, struct span text)
{
	size_t colon;

	while (span_starts_case(text, "proxy:"))
		text = span_tail(text, strlen("proxy:"));
	TRY(arena_copy(t->arena, text, &t->name));
	text = t->name;
	colon = span_find(text, ':');
	if (colon + 1 >= text.n) {
		table_warn(t, "this is not of the form type:name");
		return RC_DENY;
	}
	t->type = type_of(span_head(text, colon));
	if (t->type == NULL)
		return table_broken(t, "there is no such type of table here");
	t->kinds = t->type->kinds;
	return t->type->open(t, span_tail(text, colon + 1));
}

enum rc
table_open_part(const struct table *t, struct span text, struct table **out)
{
	struct table *part = arena_take(t->arena, sizeof(*part));

	if (part == NULL)
		return RC_FULL;
	part->fd = -1;
	part->setting = t->setting;
	part->log = t->log;
	part->arena = t->arena;
	part->flags = t->flags;
	part->depth = t->depth + 1;
	TRY(open_table(part, text));
	*out = part;
	return RC_OK;
}

enum rc
table_open(struct table_list *l, const struct table_env *env,
	const char *setting, struct span text, unsigned flags)
{
	struct table from = {
		.setting = setting,
		.log = env->log,
		.arena = env->arena,
		.flags = flags,
	};
	struct table **end = &l->first;
	struct span word;

	*l = (struct table_list){
		.setting = setting,
		.log = env->log,
		.flags = flags,
	};
	while (table_word(&text, &word)) {
		TRY(table_open_part(&from, word, end));
		end = &(*end)->next;
	}
	return RC_OK;
}

static void
close_all(struct table *t)
{
	for (; t != NULL; t = t->next) {
		close_all(t->part);
		port_close(t->fd);
		t->fd = -1;
		if (t->rules != NULL)
			rules_forget(t);
	}
}

void
table_close(struct table_list *l)
{
	close_all(l->first);
	l->first = NULL;
}

/* ---- lookups ------------------------------------------------------------- */

enum rc
table_ask(struct table *t, struct span key, struct buf *value)
{
	struct buf out = buf_attempt(value);
	enum rc rc = t->type->find(t, key, &out);

	if (rc == RC_OK && out.full) {
		table_warn(t, "the value is too long");
		rc = RC_FULL;
	}
	if (rc == RC_OK)
		buf_settle(value, &out);
	return rc;
}

enum rc
table_find(const struct table_list *l, struct span key, unsigned kinds,
	struct buf *value)
{
	size_t before = value->n;
	enum rc rc = RC_NONE;
	struct table *t;

	for (t = l->first; t != NULL && rc == RC_NONE; t = t->next) {
		if (!(t->kinds & kinds))
			continue;
		rc = table_ask(t, key, value);
		if (rc == RC_OK && value->n == before)
			rc = table_fails(t, "the value is empty, which means "
			    "nothing: leave the key out");
	}
	return rc;
}

enum rc
table_each(const struct table_list *l, table_see *see, void *arg)
{
	for (struct table *t = l->first; t != NULL; t = t->next) {
		if (t->type->each == NULL)
			return RC_NONE;
		TRY(t->type->each(t, see, arg));
	}
	return RC_OK;
}
