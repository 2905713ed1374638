/*
 * table_int.h - what the files of cdb/ share, and nobody else sees.
 *
 * What is text stays text: a lookup reads the file from its beginning, through
 * a window of 1 KiB.  So a table of any size costs no memory, no secret stays
 * in it, and an edit in place is seen.  Large tables are compiled ones.
 */
#ifndef TABLE_INT_H
#define TABLE_INT_H

#include "table.h"

/* Tables inside unionmap and pipemap, inside such ones... */
#define TABLE_DEPTH_MAX	4

struct table;
typedef bool table_see(void *arg, struct span key, struct span value);
struct soon;
struct rules;			/* what is known about a table of patterns */

/*
 * What a type does.  `find` gets the key as it was asked for and adds the value
 * (on RC_OK alone); `kinds` as in table_find().
 */
struct table_type {
	const char *name;
	unsigned kinds;
	/* Sees what is behind `type:`.  RC_FULL, RC_DENY, or RC_OK: see
	   table_broken(). */
	enum rc (*open)(struct table *t, struct span arg);
	enum rc (*find)(struct table *t, struct span key, struct buf *value);
	enum rc (*each)(struct table *t, table_see *see, void *arg);
};

struct table {
	struct table *next;		/* in its list or its union */
	struct table *part;		/* members of a union or pipe */
	const struct table_type *type;
	struct span name;		/* `type:name`, NUL-terminated */
	const char *path;		/* of the file that is read */
	const char *setting;
	const struct log *log;
	struct arena *arena;
	unsigned flags, kinds, depth;
	struct span text;	/* if there is no file: result, pairs, rules */
	int fd;			/* of the text; -1 */
	int64_t size, mtime_s;	/* of the text, when it was last looked at */
	bool is_checked;	/* bad lines of the text were told */
	struct span cdb;	/* the mapped file */
	unsigned nul;		/* do its keys end with NUL? */
	struct soon *soon;	/* keys that were announced; NULL: none yet */
	struct rules *rules;
};

/* ---- table: what they have in common ------------------------------------ */

/* The table can't be used, for this reason; each lookup will fail.  RC_OK. */
enum rc table_broken(struct table *t, const char *why);
/* `SETTING: TYPE:NAME: text`, a warning. */
void table_warn(const struct table *t, const char *fmt, ...) PRINTF(2, 3);
/* The same with a line of the text. */
void table_warn_line(const struct table *t, unsigned line, const char *why);
/* Nobody can tell now: says why, and is RC_WIRE. */
enum rc table_fails(const struct table *t, const char *why);
/* Opens one more table for use inside t. */
enum rc table_open_part(const struct table *t, struct span text,
	struct table **out);
/*
 * RC_DENY: a secret that others can write, which has been said; one that
 * others can read is only said.
 */
enum rc table_guard(const struct table *t, const char *path,
	uint32_t mode);
/* Asks one table; value as in table_find(), but may be empty. */
enum rc table_ask(struct table *t, struct span key, struct buf *value);
/* Copies key to b, folded if the table folds. */
void table_fold(const struct table *t, struct span key, struct buf *b);
bool table_key_eq(const struct table *t, struct span a, struct span b);

/*
 * table_word - the next item of a list; what stands in {} is one item.
 * table_inside - `{ text }`: the text.  false: no braces, or none that match.
 */
bool table_word(struct span *rest, struct span *word);
bool table_inside(struct span s, struct span *inside);

/*
 * table_net - `net/bits` or an address, with or without brackets.
 * NULL, or what is wrong.
 */
const char *table_net(struct span s, struct ip *net, unsigned *bits);
bool table_net_has(const struct ip *net, unsigned bits, const struct ip *ip);

/* ---- source: text as logical lines -------------------------------------- */

/*
 * Lines that begin with a blank continue the one before; empty lines and those
 * whose first word begins with # do not count, wherever they are.
 */
#define SOURCE_LINE_MAX	(TABLE_VALUE_MAX + 1024)	/* with NUL */

struct source {
	const struct table *warns;	/* about lines; NULL: says nothing */
	struct span text;	/* what is in memory; fd is -1 */
	int fd;
	bool is_stream;		/* no places to read from */
	int64_t at;		/* the next octet to load */
	size_t from, n;		/* what is left of chunk */
	unsigned line;		/* where the logical line began; from 1 */
	unsigned next;		/* the line to be read */
	char chunk[1024];
};

void source_start(struct source *s, int fd, struct span text);
/* The text of a table, which may have changed.  RC_OS: it can't be read now. */
enum rc source_of(struct source *s, struct table *t);
/*
 * source_line - the next logical line, without its line ends; out is cleared
 * first.  RC_NONE: no more.  RC_FULL: it is too long, out has its beginning.
 * RC_OS.
 */
enum rc source_line(struct source *s, struct buf *out);

/* The next line as it is, without its end: a key, as it was typed. */
enum rc source_word(struct source *s, struct buf *out);

/*
 * source_entry - key and value of a line as postmap takes it.
 * NULL, or what is wrong.
 */
const char *source_entry(struct span line, struct span *key,
	struct span *value);
/* The same of an alias file: `key: value`; the key loses its quotes. */
const char *source_alias(struct buf *line, struct span *key,
	struct span *value);

/* ---- what the types do --------------------------------------------------- */

/*
 * Each of them sees a value without room for it as `full`, and adds what it
 * likes where it does not end with RC_OK: table_ask() puts that right.
 */
#define TABLE_OPENS(name)	enum rc name(struct table *t, struct span arg);
#define TABLE_FINDS(name) \
	enum rc name(struct table *t, struct span key, struct buf *value);

/* A path in the arena, with room for `.cdb`; NULL: the arena is full. */
char *text_path(struct table *t, struct span arg);
/* Opens the text as t->fd. */
enum rc text_open_file(struct table *t, const char *path);

#define TABLE_EACHES(name) \
	enum rc name(struct table *t, table_see *see, void *arg);

TABLE_OPENS(text_open_nothing)
TABLE_OPENS(text_static_open)
TABLE_FINDS(text_static_find)
TABLE_OPENS(text_inline_open)
TABLE_FINDS(text_inline_find)
TABLE_EACHES(text_inline_each)
TABLE_OPENS(text_hash_open)
TABLE_FINDS(text_hash_find)
TABLE_EACHES(text_hash_each)
TABLE_FINDS(text_environ_find)
TABLE_FINDS(text_fail_find)
TABLE_OPENS(mapped_open)
TABLE_FINDS(mapped_find)
TABLE_EACHES(mapped_each)
/* hash and the like: cdb if there is one that is current, else texthash. */
TABLE_OPENS(either_open)
TABLE_FINDS(either_find)
TABLE_EACHES(either_each)
/* Text in a file, or `{{rule}, {rule}}`. */
TABLE_OPENS(rules_open)
/* Forgets what is known of the rules. */
void rules_forget(struct table *t);
TABLE_FINDS(regexp_find)
TABLE_FINDS(cidr_find)
TABLE_OPENS(union_open)
TABLE_FINDS(union_find)
TABLE_FINDS(pipe_find)
TABLE_OPENS(rand_open)
TABLE_FINDS(rand_find)

#endif
