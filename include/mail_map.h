/*
 * mail_map.h - addresses as keys of tables, with the parts of an address that
 * are tried when the whole is not there.  Rank 4, above table.
 */
#ifndef POSTERN_MAIL_MAP_H
#define POSTERN_MAIL_MAP_H

#include "base.h"
#include "table.h"

/* All of it is borrowed. */
struct mail_map {
	const struct table_list *tables;
	struct span delimiters;		/* recipient_delimiter */
	struct span origin;		/* myorigin */
	const struct table_names *local;	/* mydestination; may be NULL */
};

/*
 * mail_map_find - the value for an address, by the first of these keys:
 *
 *	user+ext@domain, user@domain	whatever the tables are of; then, in
 *					tables of fixed keys only,
 *	user+ext, user			if domain is ours (origin, local)
 *	@domain
 *
 * Each is tried quoted as RFC 5321 has it and, if that differs, as it is.
 *
 * addr   unquoted; the empty one has no key, nor has one that ends in @.
 * ext    what was left out of the key, with its delimiter; empty: nothing.
 *
 * As table_find().
 */
MUST_USE enum rc mail_map_find(const struct mail_map *m, struct span addr,
	struct buf *value, struct span *ext);

/*
 * mail_map_try - the value of one key, `local@domain`, or one part if the other
 * is empty: quoted, then as it is.  As table_find().
 */
MUST_USE enum rc mail_map_try(const struct table_list *tables,
	struct span local, struct span domain, unsigned kinds,
	struct buf *value);

/*
 * mail_map_split - the extension of a local part, with its delimiter; empty:
 * none.  The names that mail itself needs have none, nor has `owner-list` or
 * `list-request` where the delimiter is a hyphen.
 */
struct span mail_map_split(struct span local, struct span delimiters);

#endif
