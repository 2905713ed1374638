/*
 * mail_content.c - a message read, changed and given out, line by line.
 *
 * A header field is gathered whole, as checks and rewriting want it; body lines
 * pass in pieces.  What is ready to go stands in `out`, lines ended by
 * LF, the last one maybe not ended yet; it is empty ahead of each step, and one
 * step adds no more than fits.
 */
#include "mail_head.h"
#include "mail_int.h"
#include "port.h"

#define LINE_MAX	2048	/* of a body line that is looked at in one */
#define FIELD_MAX	((size_t)256 * 1024)	/* of header_size_limit */
#define ENCODED_MAX	(MAIL_PIECE_MAX * QP_GROWTH + 8)
/* Above the limit of a field: its last piece, and texts put in. */
#define SLACK		(4 * (size_t)MAIL_PIECE_MAX)

_Static_assert(3 * SLACK >= ENCODED_MAX && SLACK >= 3 * TABLE_VALUE_MAX,
	"what one step adds fits into a field's room");

/* Said once for a message. */
enum { TOLD_CUT = 1, TOLD_FULL = 2, TOLD_LEFT = 4 };

struct mail_content {
	const struct mail_change *change;
	struct mail_reader *reader;
	struct span lead;
	struct qp qp;
	unsigned told;		/* bits of TOLD_ */

	bool changes;		/* else it is mail_read() */
	bool in_head, begins;	/* a line begins with the next piece */
	bool in_lead;		/* the present line is of `lead`, */
	bool is_first;		/* or the message's first */
	bool has_piece;		/* `piece` is to be seen once more */
	bool in_boundary;	/* the present line is one, */
	bool head_follows;	/* and a header is behind it */
	struct span piece;
	bool piece_last;

	bool has_field;		/* one is being gathered, or going by */
	bool is_over;		/* it was too long: the rest goes by */
	bool is_gone;		/* or not: the field was dropped */
	size_t header_max;
	struct buf field;

	struct buf out;
	size_t out_from;
	struct span encoded;	/* of the body, and not looked at yet */
	bool line_is_out;	/* part of the present line is */
	size_t field_n;		/* of room: the field; `out` has 3 times that */
	char *room;		/* of field, out and the encoder */
	size_t line_n;
	char line[LINE_MAX];
	struct mime mime;
};

size_t
mail_content_bytes(void)
{
	return sizeof(struct mail_content);
}

static bool
has(const struct table_list *l)
{
	return l != NULL && l->first != NULL;
}

bool
mail_change_is_any(const struct mail_change *change)
{
	return change->to_7bit || has(change->header) || has(change->mime) ||
	    has(change->nested) || has(change->body) ||
	    (change->generic != NULL && has(change->generic->tables));
}

static enum rc
take_room(struct mail_content *c)
{
	c->header_max = c->change->header_max < (int64_t)FIELD_MAX ?
	    (size_t)c->change->header_max : FIELD_MAX;
	if (c->room == NULL) {
		c->field_n = c->header_max + SLACK;
		c->room = port_memory(4 * c->field_n + ENCODED_MAX);
	}
	if (c->room == NULL)
		return RC_OS;
	if (c->header_max > c->field_n - SLACK)
		c->header_max = c->field_n - SLACK;
	buf_init(&c->field, c->room, c->field_n);
	buf_init(&c->out, c->room + c->field_n, 3 * c->field_n);
	return RC_OK;
}

enum rc
mail_content_start(struct mail_content *c, struct mail_reader *reader,
    const struct mail_source *src, const struct mail_change *change,
    struct span lead)
{
	c->change = change;
	c->reader = reader;
	c->lead = lead;
	c->in_head = c->begins = c->is_first = true;
	c->has_piece = c->in_boundary = c->head_follows = false;
	c->has_field = c->is_over = c->is_gone = c->line_is_out = false;
	c->qp = (struct qp){ 0 };
	c->encoded.n = c->line_n = c->out_from = 0;
	c->told = 0;
	mime_start(&c->mime, change->to_7bit, (size_t)change->boundary_max);
	mail_read_start(reader, src);
	c->changes = mail_change_is_any(change);
	return c->changes ? take_room(c) : RC_OK;
}

static void
tell(struct mail_content *c, unsigned bit, struct span what, const char *why)
{
	if (!(c->told & bit))
		log_line(c->change->log, LOG_WARNING, "%.*s%.*s%s",
		    SPAN_ARG(c->change->log_id), SPAN_ARG(what), why);
	c->told |= bit;
}

/* What goes to a server without 8BITMIME all the same. */
static void
tell_left(struct mail_content *c)
{
	char room[128];
	struct buf b = BUF(room);

	buf_fmt(&b, "content %.*s stays 8bit, as %s", (int)c->mime.named_n,
	    c->mime.named, c->mime.left);
	tell(c, TOLD_LEFT, buf_span(&b), ", though the server has no "
	    "8BITMIME");
}

/* ---- fields -------------------------------------------------------------- */

enum kind { HEADER, MIME_HEADER, NESTED_HEADER };

static enum kind
kind_of(const struct mail_content *c, struct span name)
{
	if (c->mime.head == MIME_PART || mime_is_content_field(name))
		return MIME_HEADER;
	return c->mime.head == MIME_PRIMARY ? HEADER : NESTED_HEADER;
}

/* Checks have been: rewrites what is left, and lets it go. */
static enum rc
give_field(struct mail_content *c, struct span text, bool ends)
{
	enum rc rc = RC_NONE;

	if (c->change->generic != NULL && c->mime.head == MIME_PRIMARY && ends)
		rc = mail_rewrite_field(c->change, text, &c->out);
	if (rc == RC_DENY)
		return RC_DENY;
	if (rc == RC_FULL)
		tell(c, TOLD_FULL, mail_field_name(text), " would be far too "
		    "long with addresses of generic maps; it stays as it is");
	if (rc != RC_OK)
		buf_put(&c->out, text);
	if (ends)
		buf_putc(&c->out, '\n');
	return RC_OK;
}

/* One field, or what takes its place; ends: it is there whole. */
static enum rc
check_field(struct mail_content *c, enum kind kind, struct span text,
    bool ends)
{
	const struct mail_change *change = c->change;
	const struct table_list *table = kind == HEADER ? change->header :
	    kind == MIME_HEADER ? change->mime : change->nested;
	struct check_of of = { change, kind == HEADER ? "header" :
	    kind == MIME_HEADER ? "mime header" : "nested header", true };
	char room[TABLE_VALUE_MAX];
	struct buf more = BUF(room);
	enum check act;

	TRY(check_text(&of, table, text, &act, &more));
	c->is_gone = act == CHECK_DROP || act == CHECK_REPLACE;
	if (act == CHECK_DROP)
		return RC_OK;
	if (act == CHECK_REPLACE)
		return give_field(c, buf_span(&more), true);
	if (act == CHECK_PREPEND) {
		buf_put(&c->out, buf_span(&more));
		buf_putc(&c->out, '\n');
	}
	return give_field(c, text, ends);
}

/* The field is there. */
static enum rc
flush_field(struct mail_content *c)
{
	struct span text = buf_span(&c->field);
	struct span name = mail_field_name(text);
	enum rc rc = RC_OK;

	if (c->has_field && !c->is_over &&
	    !mime_field(&c->mime, name, text))
		rc = check_field(c, kind_of(c, name), text, true);
	buf_clear(&c->field);
	return rc;
}

/* It is too long: what is there is looked at, up to a line's end or not. */
static enum rc
cut_field(struct mail_content *c, bool ends)
{
	struct span text = buf_span(&c->field);
	struct span name = mail_field_name(text);

	c->is_over = true;
	mime_field_cut(&c->mime, name, text);
	tell(c, TOLD_CUT, name, " is longer than header_size_limit; the rest "
	    "of it passes unseen");
	return check_field(c, kind_of(c, name), text, ends);
}

/* What does not fit any more passes unseen, or is gone with its field. */
static enum rc
pass_rest(struct mail_content *c, struct span piece, bool last)
{
	if (c->is_gone)
		return RC_OK;
	buf_put(&c->out, piece);
	if (last)
		buf_putc(&c->out, '\n');
	return RC_OK;
}

/* Another piece of the present field. */
static enum rc
add_piece(struct mail_content *c, struct span piece, bool last)
{
	bool begins = c->begins;

	c->begins = last;
	if (c->is_over)
		return pass_rest(c, piece, last);
	if (c->field.n > c->header_max) {
		TRY(cut_field(c, begins));
		return pass_rest(c, piece, last);
	}
	if (begins)
		buf_putc(&c->field, '\n');
	buf_put(&c->field, piece);
	return RC_OK;
}

/*
 * Blanks ahead of the colon are an old custom, and no good one; but what is
 * signed stays as it is.
 */
static enum rc
start_field(struct mail_content *c, struct span name, struct span piece,
    bool last)
{
	c->has_field = true;
	c->is_over = c->is_gone = false;
	c->begins = last;
	if (c->mime.frozen == 0) {
		buf_put(&c->field, name);
		span_skip(&piece, span_find(piece, ':'));
	}
	buf_put(&c->field, piece);
	return RC_OK;
}

/*
 * The header is over; a label goes behind all else.  One of ours is shown to
 * header_checks, wherever it stands, as Postfix has it.
 */
static enum rc
end_head(struct mail_content *c)
{
	struct span label;

	TRY(flush_field(c));
	c->has_field = c->is_over = false;
	c->in_head = mime_head_end(&c->mime, &label);
	if (c->mime.left != NULL)
		tell_left(c);
	if (label.n == 0)
		return RC_OK;
	return check_field(c, c->mime.relabelled ? HEADER : MIME_HEADER,
	    label, true);
}

/* ---- body ---------------------------------------------------------------- */

/*
 * A line, or LINE_MAX octets of one: then nothing is put into the middle of it,
 * and its end stays if any of it does.
 */
static enum rc
check_line(struct mail_content *c, bool ends)
{
	struct check_of of = { c->change, "body", false };
	char room[TABLE_VALUE_MAX];
	struct buf more = BUF(room);
	struct span text = { c->line, c->line_n };
	enum check act = CHECK_PASS;

	c->line_n = 0;
	if (text.n > 0)
		TRY(check_text(&of, c->change->body, text, &act, &more));
	if (act == CHECK_PREPEND && !c->line_is_out) {
		buf_put(&c->out, buf_span(&more));
		buf_putc(&c->out, '\n');
	}
	if (act != CHECK_DROP) {
		buf_put(&c->out, act == CHECK_REPLACE ? buf_span(&more) :
		    text);
		c->line_is_out = true;
	}
	if (ends && c->line_is_out)
		buf_putc(&c->out, '\n');
	c->line_is_out &= !ends;
	return RC_OK;
}

/* Text whose lines end in LF. */
static enum rc
check_lines(struct mail_content *c, struct span text)
{
	size_t i;

	if (!has(c->change->body)) {
		buf_put(&c->out, text);
		return RC_OK;
	}
	for (i = 0; i < text.n; i++) {
		if (text.p[i] == '\n') {
			TRY(check_line(c, true));
			continue;
		}
		if (c->line_n == sizeof(c->line))
			TRY(check_line(c, false));
		c->line[c->line_n++] = text.p[i];
	}
	return RC_OK;
}

static enum rc
convert(struct mail_content *c, struct span piece, bool last)
{
	struct buf b;

	if (!has(c->change->body)) {
		qp_put(&c->qp, &c->out, piece, last);
		return RC_OK;
	}
	buf_init(&b, c->room + 4 * c->field_n, ENCODED_MAX);
	qp_put(&c->qp, &b, piece, last);
	c->encoded = buf_span(&b);
	return b.full ? RC_FULL : RC_OK;
}

/* The next of its lines: a table may have much to put in for each. */
static enum rc
check_encoded(struct mail_content *c)
{
	size_t n = span_find(c->encoded, '\n') + 1;
	struct span line = span_head(c->encoded, n);

	span_skip(&c->encoded, n);
	return check_lines(c, line);
}

static enum rc
body_piece(struct mail_content *c, struct span piece, bool last)
{
	if (c->begins)
		c->in_boundary = mime_line(&c->mime, piece, &c->head_follows);
	c->begins = last;
	if (c->mime.converts && !c->in_boundary)
		return convert(c, piece, last);
	TRY(check_lines(c, piece));
	if (last)
		TRY(check_lines(c, SPAN("\n")));
	if (last && c->in_boundary && c->head_follows)
		c->in_head = true;
	return RC_OK;
}

/* ---- pieces in ----------------------------------------------------------- */

static enum rc
next_piece(struct mail_content *c, struct span *piece, bool *last)
{
	if (c->has_piece) {
		c->has_piece = false;
		*piece = c->piece;
		*last = c->piece_last;
		return RC_OK;
	}
	*last = true;
	c->in_lead = span_line(&c->lead, piece);
	return c->in_lead ? RC_OK : mail_read(c->reader, piece, last);
}

/*
 * Not part of the header: to be seen again, as a line of the body, and an empty
 * line is put ahead of it.  A part may well end with its header.
 */
static enum rc
head_is_over(struct mail_content *c, struct span piece, bool last)
{
	bool is_blank = piece.n == 0 && last;
	bool stays = c->mime.frozen > 0 || mime_is_boundary(&c->mime, piece);

	c->begins = true;
	if (!is_blank) {
		c->has_piece = true;
		c->piece = piece;
		c->piece_last = last;
	}
	TRY(end_head(c));
	if (is_blank || !stays)
		buf_putc(&c->out, '\n');
	return RC_OK;
}

static bool
goes_on(const struct mail_content *c, struct span piece)
{
	return !c->begins || (c->has_field && piece.n > 0 &&
	    (piece.p[0] == ' ' || piece.p[0] == '\t'));
}

static enum rc
head_piece(struct mail_content *c, struct span piece, bool last)
{
	bool is_first = c->is_first && !c->in_lead;
	struct span name;

	c->is_first &= c->in_lead;
	if (goes_on(c, piece))
		return add_piece(c, piece, last);
	TRY(flush_field(c));
	c->has_field = false;
	name = mail_field_name(piece);
	if (is_first && name.n == 0 && mail_is_mailbox_line(piece)) {
		c->has_field = c->is_over = true;	/* as it is */
		c->is_gone = false;
		c->begins = last;
		return pass_rest(c, piece, last);
	}
	if (name.n == 0)
		return head_is_over(c, piece, last);
	return start_field(c, name, piece, last);
}

/* ---- pieces out ---------------------------------------------------------- */

static bool
give(struct mail_content *c, struct span *piece, bool *last)
{
	struct span rest = span_tail(buf_span(&c->out), c->out_from);

	if (rest.n == 0) {
		buf_clear(&c->out);
		c->out_from = 0;
		return false;
	}
	*piece = span_head(rest, span_find(rest, '\n'));
	*last = piece->n < rest.n;
	c->out_from += piece->n + (*last ? 1 : 0);
	return true;
}

/* Does the present body line pass as it is, and unseen? */
static bool
is_plain(const struct mail_content *c)
{
	return !c->in_head && c->mime.depth == 0 && !c->mime.converts &&
	    !has(c->change->body);
}

/* A header that nothing follows. */
static enum rc
finish(struct mail_content *c)
{
	if (c->in_head && c->has_field)
		TRY(end_head(c));
	c->in_head = false;
	return c->out.n > 0 ? RC_OK : RC_NONE;
}

static enum rc
next_step(struct mail_content *c, struct span piece, bool last)
{
	return c->in_head ? head_piece(c, piece, last) :
	    body_piece(c, piece, last);
}

/* What can be made of the next piece; *passes: it is given out as it is. */
static enum rc
step(struct mail_content *c, struct span *piece, bool *last, bool *passes)
{
	enum rc rc;

	*passes = false;
	if (c->encoded.n > 0)
		return check_encoded(c);
	rc = next_piece(c, piece, last);
	if (rc == RC_NONE)
		return finish(c);
	if (rc != RC_OK)
		return rc;
	*passes = is_plain(c);
	if (!*passes)
		return next_step(c, *piece, *last);
	c->begins = *last;
	return RC_OK;
}

enum rc
mail_content_read(struct mail_content *c, struct span *piece, bool *last)
{
	bool passes;

	if (!c->changes)
		return mail_read(c->reader, piece, last);
	while (!give(c, piece, last)) {
		TRY(step(c, piece, last, &passes));
		if (passes)
			return RC_OK;
		if (c->out.full)
			return RC_FULL;
	}
	return RC_OK;
}
