/*
 * param_line.c - main.cf and -o to assignments.
 *
 * The file is read in pieces, and only what is assigned is kept: a main.cf is
 * mostly comments, and one that is edited in place must not be mapped.
 */
#include <string.h>

#include "param_int.h"
#include "port.h"

#define PIECE_MAX	2048
#define PATH_MAX_	1024	/* of main.cf, with NUL */
#define SHOWN_MAX	60	/* octets of a bad line in messages */

/*
 * A logical line while it comes in: its text is put together at the end of
 * the arena, behind the struct param_line that was taken for it.
 */
struct reader {
	struct param *p;
	struct param_line *line;	/* NULL: none is open */
	struct buf text;
	size_t at;		/* where the present physical line begins */
	unsigned number;	/* of that line, from 1 */
	bool in_line;		/* its beginning was seen */
	bool is_skipped;	/* it is a comment */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
has_blank(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (is_blank(s.p[i]))
			return true;
	return false;
}

bool
line_split(struct span text, struct span *name, struct span *value)
{
	size_t at = span_find(text, '=');

	if (at == text.n)
		return false;
	*name = span_trim(span_head(text, at));
	*value = span_trim(span_tail(text, at + 1));
	return name->n > 0 && !has_blank(*name);
}

void
line_put_place(const struct param *p, const struct param_line *line,
	struct buf *out)
{
	if (line->number == 0)
		buf_puts(out, "-o");
	else
		buf_fmt(out, "%.*s/main.cf, line %u", SPAN_ARG(p->folder),
		    line->number);
}

/* The line has its text; make it an assignment. */
static enum rc
finish(struct param *p, struct param_line *line, struct span text,
	struct buf *why)
{
	struct name_info info;
	struct span shown = span_head(span_trim(text), SHOWN_MAX);

	if (!line_split(text, &line->name, &line->value)) {
		line_put_place(p, line, why);
		buf_fmt(why, "%s %.*s: not a setting; write NAME = VALUE",
		    line->number == 0 ? "" : ":", SPAN_ARG(shown));
		return RC_DENY;
	}
	row_find(line->name, &info);
	line->is = (uint8_t)info.is;
	line->key = info.key;
	line->counts_for = info.new_key;
	line->before = p->last;
	p->last = line;
	return RC_OK;
}

/* As finish(), but in a lenient load a bad line is only logged. */
static enum rc
finish_or_log(struct param *p, struct param_line *line, struct span text,
	struct buf *why)
{
	enum rc rc = finish(p, line, text, why);

	if (rc != RC_DENY || !p->is_lenient)
		return rc;
	if (p->log != NULL)
		log_line(p->log, LOG_ERROR, "%s", buf_text(why));
	buf_clear(why);
	return RC_OK;
}

static enum rc
too_long(struct buf *why)
{
	buf_puts(why, "main.cf has more text than there is memory for");
	return RC_FULL;
}

static struct param_line *
take_line(struct param *p, unsigned number)
{
	struct param_line *line = arena_take(p->arena, sizeof(*line));

	if (line != NULL) {
		line->number = number;
		line->key = line->counts_for = KEY_NONE;
	}
	return line;
}

/* Ends the open logical line. */
static enum rc
close_line(struct reader *r, struct buf *why)
{
	struct param_line *line = r->line;
	struct arena *a = r->p->arena;

	if (line == NULL)
		return RC_OK;
	r->line = NULL;
	if (r->text.full)
		return too_long(why);
	if (span_trim(buf_span(&r->text)).n == 0)
		return RC_OK;	/* it was opened by a blank line */
	a->used += r->text.n + 1;
	return finish_or_log(r->p, line, buf_span(&r->text), why);
}

static enum rc
open_line(struct reader *r, struct buf *why)
{
	struct arena *a = r->p->arena;

	TRY(close_line(r, why));
	r->line = take_line(r->p, r->number);
	if (r->line == NULL || a->used == a->cap)
		return too_long(why);
	buf_init(&r->text, a->p + a->used, a->cap - a->used);
	return RC_OK;
}

/* A physical line begins with c: what is it? */
static enum rc
begin(struct reader *r, char c, struct buf *why)
{
	r->in_line = true;
	r->number++;
	r->is_skipped = c == '#' || c == '\n' || c == '\r';
	if (r->is_skipped)
		return RC_OK;
	if (!is_blank(c) || r->line == NULL)
		TRY(open_line(r, why));
	r->at = r->text.n;
	return RC_OK;
}

/*
 * A physical line is over.  One of blanks, or a comment behind blanks, is not
 * part of the value; nor does it end it.
 */
static void
end(struct reader *r)
{
	struct span s;

	r->in_line = false;
	if (r->is_skipped)
		return;
	s = span_trim(span_tail(buf_span(&r->text), r->at));
	if (s.n == 0 || s.p[0] == '#')
		r->text.n = r->at;
	else if (r->text.p[r->text.n - 1] == '\r')
		r->text.n--;
}

static enum rc
feed(struct reader *r, struct span piece, struct buf *why)
{
	size_t n;

	while (piece.n > 0) {
		if (!r->in_line)
			TRY(begin(r, piece.p[0], why));
		n = span_find(piece, '\n');
		if (!r->is_skipped)
			buf_put(&r->text, span_head(piece, n));
		if (n < piece.n) {
			end(r);
			n++;
		}
		piece = span_tail(piece, n);
	}
	return RC_OK;
}

/*
 * Some editors put a mark of three octets ahead of UTF-8; it would become part
 * of the first name, and relayhost, if it is that, be passed over.
 */
static struct span
without_mark(struct span piece, int64_t at)
{
	bool has_mark = at == 0 && span_starts_case(piece, "\xef\xbb\xbf");

	return has_mark ? span_tail(piece, 3) : piece;
}

static enum rc
read_all(struct reader *r, int fd, struct buf *why)
{
	char piece[PIECE_MAX];
	int64_t at = 0;
	size_t got;

	for (;;) {
		if (port_pread(fd, piece, sizeof(piece), at, &got) != RC_OK) {
			buf_fmt(why, "%.*s/main.cf cannot be read: %s",
			    SPAN_ARG(r->p->folder), port_error());
			return RC_OS;
		}
		if (got == 0)
			break;
		TRY(feed(r, without_mark((struct span){ piece, got }, at),
		    why));
		at += (int64_t)got;
	}
	if (r->in_line)
		end(r);
	return close_line(r, why);
}

enum rc
line_read_file(struct param *p, struct buf *why)
{
	struct reader r = { .p = p };
	char path[PATH_MAX_];
	struct buf b = BUF(path);
	enum rc rc;
	int fd;

	buf_fmt(&b, "%.*s/main.cf", SPAN_ARG(p->folder));
	if (b.full) {
		buf_puts(why, "the name of the configuration folder is too "
		    "long");
		return RC_OS;
	}
	rc = port_open(buf_text(&b), &fd);
	if (rc == RC_NONE)
		return RC_NONE;
	if (rc != RC_OK) {
		buf_fmt(why, "%s cannot be opened: %s", buf_text(&b),
		    port_error());
		return RC_OS;
	}
	rc = read_all(&r, fd, why);
	port_close(fd);
	return rc;
}

enum rc
line_add_option(struct param *p, const char *text, struct buf *why)
{
	struct span s = span_trim(span_of(text));
	struct param_line *line = take_line(p, 0);

	if (line == NULL)
		return too_long(why);
	/* Postfix's form for values with blanks: -o { name = value } */
	if (s.n > 1 && s.p[0] == '{' && s.p[s.n - 1] == '}')
		s = span_part(s, 1, s.n - 2);
	return finish_or_log(p, line, s, why);
}

const struct param_line *
line_of_key(const struct param *p, uint16_t key)
{
	const struct param_line *line;

	for (line = p->last; line != NULL; line = line->before)
		if (line->key == key)
			return line;
	for (line = p->last; line != NULL; line = line->before)
		if (line->counts_for == key)
			return line;
	return NULL;
}

const struct param_line *
line_of_name(const struct param *p, struct span name)
{
	const struct param_line *line;

	for (line = p->last; line != NULL; line = line->before)
		if (span_eq(line->name, name))
			return line;
	return NULL;
}

const struct param_line *
line_of_info(const struct param *p, struct span name,
	const struct name_info *info)
{
	return info->key == KEY_NONE ? line_of_name(p, name)
	    : line_of_key(p, info->key);
}

const struct param_line *
param_line_next(const struct param *p, const struct param_line *line,
	struct span *name)
{
	line = line == NULL ? p->last : line->before;
	if (line != NULL)
		*name = line->name;
	return line;
}
