/*
 * table.h - lookup tables, `type:name`, behind one call whatever the type, and
 * lists of names, which may hold tables.  Rank 4.
 *
 * Types: cdb, texthash, inline, static, regexp, cidr, unionmap, pipemap,
 * randmap, environ, fail.  hash, btree, dbm, lmdb, sdbm mean FILE.cdb if it is
 * current, else the text file; `proxy:` in front is dropped.
 *
 * A lookup has three ends, and mail depends on the difference: found, not
 * there, and "nobody can tell now".  A table that is missing, damaged or
 * unreadable is never taken for one that lacks the key.
 */
#ifndef POSTERN_TABLE_H
#define POSTERN_TABLE_H

#include "base.h"
#include "log.h"

#define TABLE_VALUE_MAX	4096	/* room that does for any value, with NUL */

struct table;			/* one opened table; private */

/* What tables stand on; all of it outlives them. */
struct table_env {
	struct arena *arena;	/* they live in it; it is never emptied */
	const struct log *log;
};

enum {	/* how a setting wants its tables */
	TABLE_KEEP_CASE = 1,	/* keys are not folded to lower case */
	TABLE_SECRET = 2,	/* passwords: others must not read the file */
	TABLE_ALIASES = 4	/* text files have the form of aliases(5) */
};

enum { TABLE_FIXED = 1, TABLE_PATTERN = 2, TABLE_ANY = 3 };

/* The tables of one setting, in their order. */
struct table_list {
	struct table *first;	/* NULL: there are none */
	const char *setting;	/* for messages, as `smtp_tls_policy_maps` */
	const struct log *log;
	unsigned flags;
};

/*
 * table_open - opens the tables that a setting names.
 *
 * text     `type:name`s, divided by commas or blanks; {} group what has blanks.
 * setting  borrowed; NULL: messages name the table alone.
 *
 * RC_OK also if a table can't be opened or its type is unknown: that is logged,
 * and each lookup in it fails.  RC_FULL: the arena is full.  RC_DENY: a word
 * without a type, or a secret that others can write (TABLE_SECRET): nothing may
 * be done with such settings; the log says so.
 *
 * What is text is read from its file, which stays open, at each lookup: no size
 * is too large, but one that is large is better compiled.  Lines that can't be
 * obeyed are logged at the first lookup.
 */
MUST_USE enum rc table_open(struct table_list *l, const struct table_env *env,
	const char *setting, struct span text, unsigned flags);

/*
 * table_close - lets go of what is not in the arena: files, compiled patterns.
 * For those who empty the arena and open tables anew; others need not.
 */
void table_close(struct table_list *l);

/*
 * table_find - the value of a key in the first table that has it.
 *
 * kinds  TABLE_FIXED leaves out tables of patterns (regexp, cidr), for keys
 *        that are parts of an address or a name.
 * value  added to; on any result but RC_OK nothing was added.
 *
 * Patterns see keys as they are; else upper case is as lower case, in ASCII.
 *
 * RC_OK; RC_NONE: not there; RC_FULL: the value does not fit; RC_OS, RC_WIRE:
 * nobody can tell now, the log says why: defer.  That holds for an empty value,
 * too, and for a key that stands in a text file twice.
 */
MUST_USE enum rc table_find(const struct table_list *l, struct span key,
	unsigned kinds, struct buf *value);

/*
 * table_soon - these keys will be asked next, and stay as they are until then
 * or until nothing more is asked of this table.  Changes nothing but the time
 * it takes: lookups in a large compiled table wait for memory, and so they do
 * together.  n is at most TABLE_SOON_MAX.
 */
#define TABLE_SOON_MAX	32
void table_soon(const struct table_list *l, const struct span *key, size_t n);

/*
 * table_each - calls see(arg, key, value) for each entry, in the order of the
 * file, up to the first that it says false to.
 * RC_NONE: a type that can't tell its entries.  RC_OS, RC_WIRE as above.
 */
MUST_USE enum rc table_each(const struct table_list *l,
	bool (*see)(void *arg, struct span key, struct span value), void *arg);

/*
 * Files in the format of cdb, mapped by the caller: for indexes of his own.
 *
 * table_cdb_check  RC_WIRE: not a whole one; the calls below must not see it.
 * table_cdb_find   the nth value of a key, from 0; it points into the file.
 *                  RC_NONE: there are not so many; RC_WIRE: damaged.
 * table_cdb_next   all entries in their order; *at is 0 for the first.
 */
MUST_USE enum rc table_cdb_check(struct span file);
MUST_USE enum rc table_cdb_find(struct span file, struct span key, size_t nth,
	struct span *value);
MUST_USE enum rc table_cdb_next(struct span file, size_t *at,
	struct span *key, struct span *value);

/*
 * Making such a file: records go to a draft beside it, as they come; their
 * places are kept in memory, some 32 octets for each, which is never given
 * back: for programs that do this and end.
 *
 * path  of the file, with `.cdb`.
 */
struct table_make;

enum table_how {		/* what if the key is there already? */
	TABLE_ONCE,		/* RC_DENY, and nothing is added */
	TABLE_AGAIN,		/* it has several values; nobody looks */
	TABLE_INSTEAD		/* the older value goes */
};

MUST_USE enum rc table_make_open(struct table_make **out, const char *path);
/* RC_FULL: no memory, or more than a cdb can hold.  RC_OS. */
MUST_USE enum rc table_make_add(struct table_make *m, struct span key,
	struct span value, enum table_how how);
/* RC_NONE: there is no such key.  Of several values one goes. */
MUST_USE enum rc table_make_remove(struct table_make *m, struct span key);
/* Writes and publishes it; m is gone.  mode, like: see port_draft_publish(). */
MUST_USE enum rc table_make_close(struct table_make *m, const char *path,
	unsigned mode, int like);
void table_make_drop(struct table_make *m);

/*
 * What postmap and postalias do: a text, and FILE.cdb beside it.  All trouble
 * is logged, bad lines and keys that stand twice with file and line.
 */
struct table_job {
	const struct log *log;
	const char *path;	/* of the text */
	unsigned flags;		/* TABLE_KEEP_CASE, TABLE_ALIASES */
	bool is_added;		/* standard input, to what there is */
	bool with_nul;		/* keys and values end with NUL */
	bool takes_last;	/* of two values, not the first */
	bool is_silent;		/* no word about keys that stand twice */
	bool keeps_owner;	/* ours, and not that of the text */
	bool is_public;		/* mode 0644, and not that of the text */
};

/* RC_OK also if lines were left out; any other result: nothing was changed. */
MUST_USE enum rc table_compile(const struct table_job *j);
/*
 * table_remove - a key, or with `-` those on the lines of standard input.
 * RC_OK: one was removed, at least.  RC_NONE: there was none.
 */
MUST_USE enum rc table_remove(const struct table_job *j, struct span key);

/*
 * Lists of names or addresses: words divided by commas or blanks, each a
 * literal, `/file` (the words in it, which may be such again; # begins a
 * comment line), or `type:table` (its keys).  `!` in front of any turns a match
 * into "no"; the first match decides.
 */
enum {
	TABLE_LIST_DOMAIN = 1,	/* `.parent` matches what is below it */
	TABLE_LIST_PARENT = 2,	/* the same, written `parent` */
	TABLE_LIST_ADDRESS = 4	/* literals may be addresses or net/bits */
};

struct table_name;		/* one word; private */

struct table_names {
	struct table_name *first;	/* NULL: the list is empty */
	const char *setting;
	const struct log *log;
	unsigned flags;
};

/*
 * table_names_open - reads the files and opens the tables, as table_open().
 * Results likewise: what can't be read fails when it is asked.
 */
MUST_USE enum rc table_names_open(struct table_names *l,
	const struct table_env *env, const char *setting, struct span text,
	unsigned flags);
void table_names_close(struct table_names *l);
/*
 * table_names_has - does the list have it?  addr is NULL where there is none;
 * name may be empty where there is one.
 * RC_OK: yes; RC_NONE: no; others: nobody can tell now.
 */
MUST_USE enum rc table_names_has(const struct table_names *l,
	struct span name, const struct ip *addr);

#endif
