/*
 * mail_look.c - what one must know of a message before it is sent.
 *
 * The header ends with the first line that is no part of one, as it does for
 * Postfix: not everything that programs pipe in has an empty line.
 */
#include "base.h"
#include "mail.h"
#include "mail_head.h"

/* An address that RFC 5321 allows, quoted to the last octet, and folded. */
#define VALUE_MAX	1024

struct look {
	struct mail_facts *facts;
	struct span rcpt;
	bool is_first;		/* no line was seen yet */
	bool in_head;
	bool has_field;		/* so blanks in front go on with it */
	bool in_value;		/* within Delivered-To */
	struct buf value;	/* the whole field, unfolded */
	char room[VALUE_MAX];
};

static void
end_value(struct look *l)
{
	char room[VALUE_MAX];
	struct buf plain = BUF(room);
	struct span field = buf_span(&l->value), value;

	if (!l->in_value)
		return;
	l->in_value = false;
	value = span_trim(span_part(field, span_find(field, ':') + 1,
	    field.n));
	if (l->value.full || mail_addr_unquote(&plain, value) != RC_OK)
		return;
	if (l->rcpt.n > 0 && span_eq_case(buf_span(&plain), l->rcpt))
		l->facts->delivered_here = true;
}

/* The first piece of a line of the header, or of the one that ends it. */
static void
begin_line(struct look *l, struct span line)
{
	bool is_first = l->is_first;
	struct span name;

	l->is_first = false;
	if (l->has_field && line.n > 0
	    && (line.p[0] == ' ' || line.p[0] == '\t'))
		return;
	end_value(l);
	if (is_first && mail_is_mailbox_line(line))
		return;
	name = mail_field_name(line);
	l->in_head = name.n > 0;
	l->has_field = true;
	if (span_is_case(name, "Delivered-To")) {
		l->in_value = true;
		buf_clear(&l->value);
	}
}

static void
see(struct look *l, struct span piece, bool begins)
{
	if (l->in_head && begins)
		begin_line(l, piece);
	if (l->in_value)
		buf_put(&l->value, piece);
	if (l->in_head)
		l->facts->head_8bit |= span_has_8bit(piece);
	else
		l->facts->body_8bit |= span_has_8bit(piece);
}

enum rc
mail_look(struct mail_reader *r, const struct mail_source *src,
	struct span rcpt, struct mail_facts *out)
{
	struct look l = { .facts = out, .rcpt = rcpt, .is_first = true,
		.in_head = true };
	struct span piece;
	bool begins = true, last;
	enum rc rc;

	*out = (struct mail_facts){ 0 };
	l.value = (struct buf)BUF(l.room);
	mail_read_start(r, src);
	while ((rc = mail_read(r, &piece, &last)) == RC_OK) {
		see(&l, piece, begins);
		out->wire_bytes += (int64_t)piece.n + (last ? 2 : 0);
		begins = last;
	}
	end_value(&l);
	return rc == RC_NONE ? RC_OK : rc;
}
