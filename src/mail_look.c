/*
 * mail_look.c - what one must know of a message before it is sent.
 *
 * The header ends with the first line that is no part of one, as it does for
 * Postfix: not everything that programs pipe in has an empty line.
 */
#include "base.h"
#include "mail.h"
#include "mail_head.h"

/* An address that RFC 5321 allows, quoted to the last octet. */
#define ADDR_MAX	1024

struct look {
	struct mail_facts *facts;
	struct span rcpt;	/* quoted, as Delivered-To has it */
	bool is_first;		/* no line was seen yet */
	bool in_head;
	bool has_field;		/* so blanks in front go on with it */
	bool is_mbox;
};

/*
 * Our own field, or one like it, to the letter: whoever adds one writes it like
 * this, so a loop comes by with it at the latest on its second turn.
 */
static void
compare(struct look *l, struct span line, struct span name)
{
	struct span value;

	if (l->is_mbox || l->rcpt.n == 0 || line.p[name.n] != ':' ||
	    !span_is_case(name, "Delivered-To"))
		return;
	value = span_tail(line, name.n + 1);
	while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
		span_skip(&value, 1);
	if (span_eq_case(value, l->rcpt))
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
	l->is_mbox |= is_first && mail_is_mailbox_line(line);
	if (is_first && l->is_mbox)
		return;
	name = mail_field_name(line);
	l->in_head = name.n > 0;
	l->has_field = true;
	if (name.n > 0)
		compare(l, line, name);
}

static void
see(struct look *l, struct span piece, bool begins)
{
	if (l->in_head && begins)
		begin_line(l, piece);
	if (l->in_head)
		l->facts->head_8bit |= span_has_8bit(piece);
	else
		l->facts->body_8bit |= span_has_8bit(piece);
}

enum rc
mail_look(struct mail_reader *r, const struct mail_source *src,
	struct span rcpt, struct mail_facts *out)
{
	struct look l = { .facts = out, .is_first = true, .in_head = true };
	char room[ADDR_MAX];
	struct buf quoted = BUF(room);
	struct span piece;
	bool begins = true, last;
	enum rc rc;

	*out = (struct mail_facts){ 0 };
	mail_addr_show(&quoted, rcpt);
	l.rcpt = buf_span(&quoted);
	mail_read_start(r, src);
	while ((rc = mail_read(r, &piece, &last)) == RC_OK) {
		see(&l, piece, begins);
		out->wire_bytes += (int64_t)piece.n + (last ? 2 : 0);
		begins = last;
	}
	return rc == RC_NONE ? RC_OK : rc;
}
