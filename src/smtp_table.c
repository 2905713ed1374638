/*
 * smtp_table.c - the tables and lists that settings name, opened once for a
 * worker.
 */
#include <string.h>

#include "smtp_int.h"

enum {
	NAMES = 16,		/* struct table_names; its flags are the rest */
	LOGIN = 32,		/* only for those who log in */
	GENERIC = 64,		/* only for those with generic maps */
	SMTP = 128, LMTP = 256	/* only for this protocol */
};

/* Names begin with that of the protocol where they begin with `_`. */
#define TABLES(X) \
	X(filters.passwords, sasl_password_maps, \
	    "_sasl_password_maps", LOGIN | TABLE_SECRET) \
	X(filters.mechanisms, sasl_mechanism_filter, \
	    "_sasl_mechanism_filter", LOGIN | NAMES) \
	X(filters.reply, reply_filter, "_reply_filter", 0) \
	X(filters.status, delivery_status_filter, \
	    "_delivery_status_filter", 0) \
	X(filters.ehlo_words, discard_ehlo_keyword_address_maps, \
	    "_discard_ehlo_keyword_address_maps", SMTP) \
	X(filters.ehlo_words, discard_ehlo_keyword_address_maps, \
	    "_discard_lhlo_keyword_address_maps", LMTP) \
	X(filters.pix_words, pix_workaround_maps, "_pix_workaround_maps", 0) \
	X(filters.dns, dns_reply_filter, "_dns_reply_filter", 0) \
	X(filters.watched, debug_peer_list, "debug_peer_list", \
	    NAMES | TABLE_LIST_ADDRESS | TABLE_LIST_DOMAIN) \
	X(changes.header, header_checks, "_header_checks", 0) \
	X(changes.mime, mime_header_checks, "_mime_header_checks", 0) \
	X(changes.nested, nested_header_checks, "_nested_header_checks", 0) \
	X(changes.body, body_checks, "_body_checks", 0) \
	X(changes.generic, generic_maps, "_generic_maps", 0) \
	X(changes.local, mydestination, "mydestination", \
	    NAMES | GENERIC | TABLE_LIST_DOMAIN) \
	X(kept.always, connection_cache_destinations, \
	    "_connection_cache_destinations", NAMES)

static const struct {
	uint16_t list, text, flags;
} rows[] = {
#define X(list, text, name, flags) \
	{ offsetof(struct worker, list), offsetof(struct settings, text), \
	    flags },
	TABLES(X)
#undef X
};

static const char names[] =
#define X(list, text, name, flags)	name "\0"
	TABLES(X)
#undef X
;

static bool
is_for(const struct worker *w, unsigned flags)
{
	return !(flags & (w->lmtp ? SMTP : LMTP)) &&
	    (!(flags & LOGIN) || w->login != NULL) &&
	    (!(flags & GENERIC) || w->changes.generic.first != NULL);
}

/* The whole name, for messages. */
static enum rc
put_name(struct worker *w, const char *name, const char **out)
{
	struct buf b = arena_room(&w->keep);

	buf_fmt(&b, "%s%s", *name == '_' ? w->protocol : "", name);
	if (b.full)
		return RC_FULL;
	*out = buf_text(&b);
	arena_keep(&w->keep, &b);
	return RC_OK;
}

static enum rc
open_row(struct worker *w, size_t i, const char *name)
{
	struct span text = *(const struct span *)
	    ((const char *)w->set + rows[i].text);
	void *list = (char *)w + rows[i].list;
	unsigned flags = rows[i].flags;

	if (text.n == 0 || !is_for(w, flags))
		return RC_OK;	/* an empty list, all zero */
	TRY(put_name(w, name, &name));
	return flags & NAMES ?
	    table_names_open(list, &w->env, name, text, flags % NAMES) :
	    table_open(list, &w->env, name, text, flags % NAMES);
}

enum rc
tables_open(struct worker *w)
{
	const char *name = names;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		TRY(open_row(w, i, name));
		name += strlen(name) + 1;
	}
	return RC_OK;
}
