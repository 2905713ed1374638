/*
 * table_names.c - lists of names and addresses: words, files of words, tables.
 */
#include "port.h"
#include "table_int.h"

/* Files inside files, bounded for those that name themselves. */
#define FILES_MAX	3

struct table_name {
	struct table_name *next;
	struct span word;	/* a literal; or NULL: */
	struct table *table;
	bool is_not;
};

/* What is being read. */
struct reading {
	struct table from;	/* for messages, and as the father of tables */
	struct table_name **end;
	unsigned flags;
	unsigned files;
};

static enum rc read_words(struct reading *r, struct span text, bool is_not);

static enum rc
add(struct reading *r, bool is_not, struct table_name **out)
{
	struct table_name *name = arena_take(r->from.arena, sizeof(*name));

	if (name == NULL)
		return RC_FULL;
	name->is_not = is_not;
	*r->end = name;
	r->end = &name->next;
	*out = name;
	return RC_OK;
}

/* Each line of the file; what is in it lives on in copies. */
static enum rc
read_lines(struct reading *r, struct table *file, bool is_not)
{
	char room[SOURCE_LINE_MAX];
	struct buf line = BUF(room);
	struct source s;
	enum rc rc;

	TRY(source_of(&s, file));
	while ((rc = source_line(&s, &line)) == RC_OK)
		TRY(read_words(r, buf_span(&line), is_not));
	if (rc == RC_NONE)
		return RC_OK;
	return table_broken(file, rc == RC_FULL ? "a line is too long" :
		port_error());
}

/* What can't be read stays in the list: whoever comes there can't tell. */
static enum rc
read_file(struct reading *r, struct span word, bool is_not)
{
	struct table *file = arena_take(r->from.arena, sizeof(*file));
	struct table_name *name;
	enum rc rc;

	if (file == NULL)
		return RC_FULL;
	*file = r->from;
	file->fd = -1;
	TRY(arena_copy(file->arena, word, &file->name));
	rc = ++r->files > FILES_MAX ?
		table_broken(file, "files inside files inside files") :
		text_open_file(file, file->name.p);
	if (rc == RC_OK && file->type == NULL)
		rc = read_lines(r, file, is_not);
	r->files--;
	port_close(file->fd);
	file->fd = -1;
	if (rc == RC_OK && file->type != NULL) {
		TRY(add(r, is_not, &name));
		name->table = file;
	}
	return rc;
}

/* An IPv6 address is no table, whatever it looks like. */
static bool
is_table(const struct reading *r, struct span word)
{
	struct ip net;
	unsigned bits;

	return span_find(word, ':') < word.n && word.p[0] != '[' &&
	    !(r->flags & TABLE_LIST_ADDRESS &&
		table_net(word, &net, &bits) == NULL);
}

static enum rc
read_words(struct reading *r, struct span text, bool is_not)
{
	struct table_name *name;
	struct span word;

	while (table_word(&text, &word)) {
		bool turned = is_not;

		while (word.n > 0 && word.p[0] == '!') {
			turned = !turned;
			word = span_tail(word, 1);
		}
		if (word.n > 0 && word.p[0] == '/') {
			TRY(read_file(r, word, turned));
			continue;
		}
		TRY(add(r, turned, &name));
		if (is_table(r, word))
			TRY(table_open_part(&r->from, word, &name->table));
		else
			TRY(arena_copy(r->from.arena, word, &name->word));
	}
	return RC_OK;
}

enum rc
table_names_open(struct table_names *l, const struct table_env *env,
	const char *setting, struct span text, unsigned flags)
{
	struct reading r = {
		.from = {
			.setting = setting,
			.log = env->log,
			.arena = env->arena,
		},
		.end = &l->first,
		.flags = flags,
	};

	*l = (struct table_names){
		.setting = setting,
		.log = env->log,
		.flags = flags,
	};
	return read_words(&r, text, false);
}

void
table_names_close(struct table_names *l)
{
	struct table_name *name;

	for (name = l->first; name != NULL; name = name->next) {
		struct table_list one = { .first = name->table };

		table_close(&one);
	}
	l->first = NULL;
}

/* ---- asking -------------------------------------------------------------- */

/* Is there such a key, whatever its value? */
static enum rc
has_key(struct table *t, struct span key)
{
	char room[TABLE_VALUE_MAX];
	struct buf value = BUF(room);
	enum rc rc = table_ask(t, key, &value);

	return rc == RC_FULL ? RC_OK : rc;
}

/* What stands behind the next dot: with it, if `.parent` is the form. */
static struct span
parent(const struct table_names *l, struct span name)
{
	size_t dot;

	if (!(l->flags & (TABLE_LIST_DOMAIN | TABLE_LIST_PARENT)))
		return (struct span){ NULL, 0 };
	dot = 1 + span_find(span_tail(name, 1), '.');
	return span_tail(name, dot + !!(l->flags & TABLE_LIST_PARENT));
}

static enum rc
table_has(const struct table_names *l, struct table *t, struct span name,
	const struct ip *addr)
{
	char room[IP_TEXT_MAX];
	struct buf b = BUF(room);
	struct span part;

	for (part = name; part.n > 0; part = parent(l, part)) {
		enum rc rc = RC_NONE;

		if (part.n == name.n || t->kinds & TABLE_FIXED)
			rc = has_key(t, part);
		if (rc != RC_NONE)
			return rc;
	}
	if (addr == NULL)
		return RC_NONE;
	ip_put(&b, addr);
	return has_key(t, buf_span(&b));
}

static bool
word_has(const struct table_names *l, struct span word, struct span name,
	const struct ip *addr)
{
	struct span end;
	struct ip net;
	unsigned bits;

	if (name.n > 0 && span_eq_case(word, name))
		return true;
	if (word.n < name.n && word.n > 0) {
		end = span_tail(name, name.n - word.n);
		if (l->flags & TABLE_LIST_DOMAIN && word.p[0] == '.' &&
		    span_eq_case(word, end))
			return true;
		if (l->flags & TABLE_LIST_PARENT && end.p[-1] == '.' &&
		    span_eq_case(word, end))
			return true;
	}
	return addr != NULL && l->flags & TABLE_LIST_ADDRESS &&
	    table_net(word, &net, &bits) == NULL &&
	    table_net_has(&net, bits, addr);
}

enum rc
table_names_has(const struct table_names *l, struct span name,
	const struct ip *addr)
{
	const struct table_name *n;

	for (n = l->first; n != NULL; n = n->next) {
		enum rc rc;

		if (n->table != NULL)
			rc = table_has(l, n->table, name, addr);
		else
			rc = word_has(l, n->word, name, addr) ? RC_OK :
				RC_NONE;
		if (rc == RC_OK && n->is_not)
			return RC_NONE;
		if (rc != RC_NONE)
			return rc;
	}
	return RC_NONE;
}
