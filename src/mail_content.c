/*
 * mail_content.c - a message read, changed and given out, line by line.
 *
 * A header field is gathered whole, as checks and rewriting want it; body
 * lines pass in pieces.  What is ready to be given out stands in `out`, lines
 * ended by LF, the last one maybe not ended yet.
 */
#include "mail_head.h"
#include "mail_int.h"
#include "port.h"

#define LINE_MAX	2048	/* of a body line that is looked at in one */
#define ENCODED_MAX	(MAIL_PIECE_MAX * QP_GROWTH + 8)
/* A field may get one line above its limit, and twice as long by rewriting. */
#define SLACK		(4 * MAIL_PIECE_MAX)

struct mail_content {
	const struct mail_change *change;
	struct mail_reader *reader;
	struct span lead;
	struct mime mime;
	struct qp qp;

	bool changes;		/* else it is mail_read() */
	bool in_head, begins;	/* a line begins with the next piece */
	bool is_first;		/* of all lines */
	bool has_piece;		/* `piece` is to be seen once more */
	bool in_boundary;	/* the present line is one, */
	bool head_follows;	/* and a header is behind it */
	struct span piece;
	bool piece_last;

	bool has_field;		/* one is being gathered, or going by */
	bool is_over;		/* it was too long: the rest goes by */
	bool is_gone;		/* or not: the field was dropped */
	struct buf field;

	struct buf out;
	size_t out_from;
	size_t line_n;
	char line[LINE_MAX];
	size_t room_n;
	char *room;		/* of field, out and the encoder */
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
	size_t field_n = (size_t)c->change->header_max + SLACK;
	size_t out_n = 3 * field_n;

	if (c->room == NULL) {
		c->room_n = field_n + out_n + ENCODED_MAX;
		c->room = port_memory(c->room_n);
	}
	if (c->room == NULL)
		return RC_OS;
	buf_init(&c->field, c->room, field_n);
	buf_init(&c->out, c->room + field_n, out_n);
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
	c->has_field = c->is_over = c->is_gone = false;
	c->qp = (struct qp){ 0 };
	c->line_n = c->out_from = 0;
	mime_start(&c->mime, change->to_7bit, (size_t)change->boundary_max);
	mail_read_start(reader, src);
	c->changes = mail_change_is_any(change);
	return c->changes ? take_room(c) : RC_OK;
}

/* ---- fields -------------------------------------------------------------- */

static const struct table_list *
table_for(const struct mail_content *c, struct span name,
    struct check_of *of)
{
	bool content = mime_is_content_field(name);

	*of = (struct check_of){ c->change, "header", true };
	if (c->mime.head == MIME_PART || content) {
		of->what = "mime header";
		return c->change->mime;
	}
	if (c->mime.head == MIME_PRIMARY)
		return c->change->header;
	of->what = "nested header";
	return c->change->nested;
}

/* Checks have been: rewrites what is left, and lets it go. */
static enum rc
give_field(struct mail_content *c, struct span text, bool ends)
{
	enum rc rc = RC_NONE;

	if (c->change->generic != NULL && c->mime.head == MIME_PRIMARY && ends)
		rc = rewrite_field(c->change, text, &c->out);
	if (rc == RC_DENY)
		return RC_DENY;
	if (rc != RC_OK)
		buf_put(&c->out, text);
	if (ends)
		buf_putc(&c->out, '\n');
	return RC_OK;
}

/* One field, or what takes its place; ends: it is there whole. */
static enum rc
check_field(struct mail_content *c, const struct check_of *of,
    const struct table_list *table, struct span text, bool ends)
{
	char room[TABLE_VALUE_MAX];
	struct buf more = BUF(room);
	enum check act;

	TRY(check_text(of, table, text, &act, &more));
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

/* The field gathered so far is all that will be looked at. */
static enum rc
flush_field(struct mail_content *c, bool ends)
{
	struct span text = buf_span(&c->field), name;
	struct check_of of;
	const struct table_list *table;
	enum rc rc = RC_OK;

	if (c->has_field && !c->is_over) {
		name = mail_field_name(text);
		table = table_for(c, name, &of);
		if (!mime_field(&c->mime, name, text))
			rc = check_field(c, &of, table, text, ends);
		else
			c->is_gone = true;
	}
	buf_clear(&c->field);
	return rc;
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
	if (c->field.n > (size_t)c->change->header_max && c->field.n > 0) {
		TRY(flush_field(c, begins));
		c->is_over = true;
		return pass_rest(c, piece, last);
	}
	if (begins && c->field.n > 0)
		buf_putc(&c->field, '\n');
	buf_put(&c->field, piece);
	return RC_OK;
}

/* Blanks ahead of the colon are an old custom, and no good one. */
static enum rc
start_field(struct mail_content *c, struct span name, struct span piece,
    bool last)
{
	c->has_field = true;
	c->is_over = c->is_gone = false;
	buf_put(&c->field, name);
	piece = span_part(piece, span_find(piece, ':'), piece.n);
	buf_put(&c->field, piece);
	c->begins = last;
	return RC_OK;
}

/* The header is over; a label goes behind all else. */
static enum rc
end_head(struct mail_content *c, bool blank)
{
	struct check_of of = { c->change, "header", true };
	char room[MIME_LABEL_MAX + 1];
	struct buf label = BUF(room);
	bool again;

	TRY(flush_field(c, true));
	c->has_field = c->is_over = false;
	again = mime_head_end(&c->mime, &label);
	if (label.n > 0)
		TRY(check_field(c, &of, c->change->header, buf_span(&label),
		    true));
	if (blank)
		buf_putc(&c->out, '\n');
	c->in_head = again;
	return RC_OK;
}

/* ---- body ---------------------------------------------------------------- */

/* A line, or LINE_MAX octets of one. */
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
	if (act == CHECK_DROP)
		return RC_OK;
	if (act == CHECK_PREPEND) {
		buf_put(&c->out, buf_span(&more));
		buf_putc(&c->out, '\n');
	}
	buf_put(&c->out, act == CHECK_REPLACE ? buf_span(&more) : text);
	if (ends)
		buf_putc(&c->out, '\n');
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
	buf_init(&b, c->room + c->room_n - ENCODED_MAX, ENCODED_MAX);
	qp_put(&c->qp, &b, piece, last);
	return check_lines(c, buf_span(&b));
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
	if (span_line(&c->lead, piece))
		return RC_OK;
	return mail_read(c->reader, piece, last);
}

/* Not part of the header: to be seen again, as a line of the body. */
static enum rc
head_is_over(struct mail_content *c, struct span piece, bool last)
{
	bool is_blank = piece.n == 0 && last;

	c->begins = true;
	if (!is_blank) {
		c->has_piece = true;
		c->piece = piece;
		c->piece_last = last;
	}
	return end_head(c, true);
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
	bool is_first = c->is_first;
	struct span name;

	c->is_first = false;
	if (goes_on(c, piece))
		return add_piece(c, piece, last);
	TRY(flush_field(c, true));
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
	struct span rest = span_part(buf_span(&c->out), c->out_from,
	    c->out.n);

	if (rest.n == 0) {
		buf_clear(&c->out);
		c->out_from = 0;
		return false;
	}
	*piece = span_part(rest, 0, span_find(rest, '\n'));
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

static enum rc
finish(struct mail_content *c)
{
	if (c->in_head && c->has_field)
		TRY(end_head(c, false));
	c->in_head = false;
	if (c->line_n > 0)
		TRY(check_line(c, false));
	return c->out.n > c->out_from ? RC_OK : RC_NONE;
}

static enum rc
step(struct mail_content *c, struct span piece, bool last)
{
	enum rc rc = c->in_head ? head_piece(c, piece, last) :
	    body_piece(c, piece, last);

	return rc == RC_OK && c->out.full ? RC_FULL : rc;
}

enum rc
mail_content_read(struct mail_content *c, struct span *piece, bool *last)
{
	struct span in;
	bool in_last;
	enum rc rc;

	if (!c->changes)
		return mail_read(c->reader, piece, last);
	while (!give(c, piece, last)) {
		rc = next_piece(c, &in, &in_last);
		if (rc == RC_NONE)
			rc = finish(c);
		else if (rc == RC_OK && is_plain(c)) {
			c->begins = in_last;
			*piece = in;
			*last = in_last;
			return RC_OK;
		} else if (rc == RC_OK)
			rc = step(c, in, in_last);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}
