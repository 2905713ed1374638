/*
 * smtp_change.c - what settings and server want changed in a message: tables of
 * checks, generic maps, the form without 8-bit text.
 */
#include "port.h"
#include "smtp_int.h"

void
change_start(struct worker *w)
{
	const struct settings *set = w->set;
	struct changes *c = &w->changes;

	c->map = (struct mail_map){
		.tables = &c->generic,
		.delimiters = set->recipient_delimiter,
		.origin = set->myorigin,
		.local = &c->local
	};
}

bool
change_converts(const struct session *s)
{
	return !(s->has & HAS_8BITMIME) &&
	    s->w->job->body != JOB_BODY_7BIT &&
	    !s->set->disable_mime_output_conversion;
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
	    trouble(w, AT_JOB, "4.3.0", "generic maps cannot tell "
	    "what the sender's address is");
}

struct mail_content *
change_room(struct worker *w)
{
	if (w->changes.content == NULL)
		w->changes.content = port_memory(mail_content_bytes());
	return w->changes.content;
}
