/*
 * smtp_change.c - what settings and server want changed in a message: tables of
 * checks, generic maps, the form without 8-bit text.
 */
#include "port.h"
#include "smtp_int.h"

static const char *
named(const struct worker *w, const char *smtp, const char *lmtp)
{
	return w->lmtp ? lmtp : smtp;
}

enum rc
change_open(struct worker *w)
{
	const struct settings *set = w->set;
	struct changes *c = &w->changes;

	TRY(table_open(&c->header, &w->env, named(w, "smtp_header_checks",
	    "lmtp_header_checks"), set->header_checks, 0));
	TRY(table_open(&c->mime, &w->env, named(w, "smtp_mime_header_checks",
	    "lmtp_mime_header_checks"), set->mime_header_checks, 0));
	TRY(table_open(&c->nested, &w->env,
	    named(w, "smtp_nested_header_checks",
	    "lmtp_nested_header_checks"), set->nested_header_checks, 0));
	TRY(table_open(&c->body, &w->env, named(w, "smtp_body_checks",
	    "lmtp_body_checks"), set->body_checks, 0));
	TRY(table_open(&c->generic, &w->env, named(w, "smtp_generic_maps",
	    "lmtp_generic_maps"), set->generic_maps, 0));
	if (c->generic.first != NULL)	/* nobody else asks */
		TRY(table_names_open(&c->local, &w->env, "mydestination",
		    set->mydestination, TABLE_LIST_DOMAIN));
	c->map = (struct mail_map){
		.tables = &c->generic,
		.delimiters = set->recipient_delimiter,
		.origin = set->myorigin,
		.local = &c->local
	};
	return RC_OK;
}

bool
change_converts(const struct session *s)
{
	return !(s->has & HAS_8BITMIME) &&
	    s->w->job->body != JOB_BODY_7BIT &&
	    !s->w->set->disable_mime_output_conversion;
}

static void
start(const struct worker *w, struct mail_change *out)
{
	*out = (struct mail_change){
		.generic = &w->changes.map,
		.extension_stays = w->set->propagate_unmatched_extensions &
		    EXTENSION_GENERIC,
		.domain = w->set->myorigin,
		.log = w->log,
	};
}

void
change_for(const struct session *s, struct mail_change *out)
{
	const struct worker *w = s->w;
	const struct changes *c = &w->changes;

	start(w, out);
	out->header = &c->header;
	out->mime = &c->mime;
	out->nested = &c->nested;
	out->body = &c->body;
	out->to_7bit = change_converts(s);
	out->header_max = w->set->header_size_limit;
	out->boundary_max = w->set->mime_boundary_length_limit;
}

/* RC_NONE: it stays; others as mail_rewrite_addr(). */
static enum rc
map(const struct worker *w, struct span addr, struct buf *out)
{
	struct mail_change change;

	if (w->changes.generic.first == NULL)
		return RC_NONE;
	start(w, &change);
	return mail_rewrite_addr(&change, addr, out);
}

enum rc
change_address(struct session *s, struct span addr, struct buf *out)
{
	enum rc rc = map(s->w, addr, out);

	if (rc == RC_NONE) {
		buf_put(out, addr);
		return out->full ? RC_FULL : RC_OK;
	}
	if (rc == RC_DENY)
		s->chat.table_failed = true;
	return rc == RC_DENY ? RC_OS : rc;
}

enum rc
change_sender_is_known(struct worker *w)
{
	char room[MAIL_PIECE_MAX];
	struct buf b = BUF(room);

	return map(w, w->job->sender, &b) != RC_DENY ? RC_OK :
	    trouble_job(w, FATE_LATER, "4.3.0", "generic maps cannot tell "
	    "what the sender's address is");
}

struct mail_content *
change_room(struct worker *w)
{
	if (w->changes.content == NULL)
		w->changes.content = port_memory(mail_content_bytes());
	return w->changes.content;
}
