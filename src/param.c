/*
 * param.c - load the settings: lines of main.cf and -o, then a row at a time.
 *
 * Texts without a $ stay where they were read; others are expanded at the end
 * of the arena.
 */
#include "param_int.h"
#include "port.h"

#define ORIGIN_MAX	256	/* of the file that myorigin names */
#define SHOWN_MAX	80	/* octets of a value in messages */

/* An open end of the arena, for text of unknown length. */
static struct buf
tail_open(const struct arena *a)
{
	struct buf b = { 0 };

	if (a->cap - a->used > 1)
		buf_init(&b, a->p + a->used, a->cap - a->used);
	else
		b.full = true;
	return b;
}

static struct span
tail_close(struct arena *a, const struct buf *b)
{
	a->used += b->n + 1;
	return buf_span(b);
}

static enum rc
too_much(struct buf *why)
{
	buf_clear(why);
	buf_puts(why, "the settings need more memory than there is for them; "
	    "shorten what main.cf repeats");
	return RC_FULL;
}

/* ---- one row ------------------------------------------------------------ */

/* The assignment that counts here; NULL: the default holds. */
static const struct param_line *
own_line(const struct param *p, uint16_t key)
{
	return row_is_foreign(key, p->is_lmtp) ? NULL : line_of_key(p, key);
}

/* The text of a row, its $ forms replaced. */
static enum rc
row_text(struct param *p, uint16_t key, struct span raw, struct span *out,
	struct buf *why)
{
	struct buf tail = tail_open(p->arena);
	char name[PARAM_NAME_MAX];
	struct buf b = BUF(name);
	enum rc rc;

	*out = raw;
	if (row_kind(KEY_ROW(key))->type == T_RAW)
		return RC_OK;
	if (expand_is_special(KEY_ROW(key))) {
		row_put_name(key, &b);
		rc = tail.full ? RC_FULL
		    : expand_name(p, buf_span(&b), &tail, why);
	} else if (span_find(raw, '$') < raw.n)
		rc = tail.full ? RC_FULL : param_expand(p, raw, &tail, why);
	else
		return RC_OK;
	if (rc == RC_OK)
		*out = tail_close(p->arena, &tail);
	return rc;
}

/* A value that is wrong, and where it stands. */
struct culprit {
	struct span name, raw;
	const struct param_line *line;	/* NULL: it is the default */
};

/* Name, place, value and what is wrong with it: one sentence. */
static void
put_trouble(const struct param *p, const struct culprit *c,
	struct buf *reason, struct buf *why)
{
	struct span shown = span_part(c->raw, 0, SHOWN_MAX);

	if (c->line != NULL && c->line->number > 0) {
		line_put_place(p, c->line, why);
		buf_puts(why, ": ");
	} else
		buf_puts(why, c->line != NULL ? "-o " : "default of ");
	buf_fmt(why, "%.*s = %.*s%s: %s", SPAN_ARG(c->name), SPAN_ARG(shown),
	    c->line != NULL ? "" : ", which main.cf can replace",
	    buf_text(reason));
}

static struct culprit
culprit_of(const struct param_line *line)
{
	return (struct culprit){ line->name, line->value, line };
}

/* A wrong value: stop, or in a lenient load log it and go on. */
static enum rc
wrong(const struct param *p, struct buf *why)
{
	if (!p->is_lenient)
		return RC_DENY;
	if (p->log != NULL)
		log_line(p->log, LOG_ERROR, "%s", buf_text(why));
	buf_clear(why);
	return RC_OK;
}

/* *text is what the row says, and then what it comes to. */
static enum rc
set_field(struct param *p, uint16_t key, struct span *text,
	struct buf *reason)
{
	const struct kind *kind = row_kind(KEY_ROW(key));

	TRY(row_text(p, key, *text, text, reason));
	return value_parse(kind, *text, (char *)&p->set + kind->field, reason);
}

static enum rc
load_row(struct param *p, unsigned row, struct buf *why)
{
	uint16_t key = row_key(row, p->is_lmtp);
	const struct param_line *line = own_line(p, key);
	struct span text = line != NULL ? line->value : row_default(key);
	char reason_text[REASON_MAX], name[PARAM_NAME_MAX];
	struct buf reason = BUF(reason_text), b = BUF(name);
	struct culprit culprit;
	enum rc rc;

	rc = set_field(p, key, &text, &reason);
	if (rc == RC_FULL)
		return too_much(why);
	if (rc != RC_DENY)
		return rc;
	row_put_name(key, &b);
	culprit = line != NULL ? culprit_of(line)
	    : (struct culprit){ buf_span(&b), text, NULL };
	put_trouble(p, &culprit, &reason, why);
	TRY(wrong(p, why));
	text = row_default(key);
	if (line != NULL)	/* the default may fail, too: then zero holds */
		(void)(set_field(p, key, &text, &reason) == RC_OK);
	return RC_OK;
}

/* ---- all of them -------------------------------------------------------- */

/* `myorigin = /file`, Debian's form, is the first line of that file. */
static enum rc
load_origin(struct param *p, struct buf *why)
{
	const struct param_line *line = line_of_key(p,
	    KEY(ROW_myorigin, false));
	char text[ORIGIN_MAX], path_text[ORIGIN_MAX];
	struct buf reason = BUF(text), path = BUF(path_text);
	struct buf tail = tail_open(p->arena);
	struct span rest, first = SPAN("");
	struct culprit culprit;
	enum rc rc;

	if (line == NULL || line->value.n == 0 || line->value.p[0] != '/')
		return RC_OK;
	buf_put(&path, line->value);
	rc = path.full ? RC_FULL : port_slurp(buf_text(&path), &tail);
	rest = buf_span(&tail);
	if (rc == RC_OK && span_line(&rest, &first))
		first = span_trim(first);
	if (first.n > 0) {
		(void)tail_close(p->arena, &tail);
		p->origin = first;
		return RC_OK;
	}
	buf_fmt(&reason, "%s; write the domain into its first line",
	    rc == RC_OK ? "the file is empty" :
	    rc == RC_NONE ? "there is no such file" :
	    rc == RC_OS ? port_error() : "the file or its name is too long");
	culprit = culprit_of(line);
	put_trouble(p, &culprit, &reason, why);
	return wrong(p, why);
}

/* Values that transports have of their own have no field: parse and forget. */
static enum rc
check_each(struct param *p, const struct param_line *line, struct buf *why)
{
	char text[REASON_MAX];
	struct buf reason = BUF(text), tail = tail_open(p->arena);
	struct culprit culprit = culprit_of(line);
	_Alignas(struct span) char unused[sizeof(struct span)];
	struct name_info info;
	enum rc rc;

	if (!row_find(line->name, &info) || info.kind == NULL ||
	    info.key != KEY_NONE)
		return RC_OK;
	rc = tail.full ? RC_FULL
	    : param_expand(p, line->value, &tail, &reason);
	if (rc == RC_OK)
		rc = value_parse(info.kind, buf_span(&tail), unused, &reason);
	if (rc == RC_FULL)
		return too_much(why);
	if (rc != RC_DENY)
		return rc;
	put_trouble(p, &culprit, &reason, why);
	return wrong(p, why);
}

static bool
is_latest(const struct param *p, const struct param_line *line)
{
	return line_of_name(p, line->name) == line;
}

static bool
is_mentioned(const struct param *p, struct span name)
{
	const struct param_line *line;

	for (line = p->last; line != NULL; line = line->before)
		if (text_mentions(line->value, name))
			return true;
	return row_mentions(name);
}

static void
warn_old(const struct param *p, const struct param_line *line)
{
	char place[LOG_LINE_MAX / 2], name[PARAM_NAME_MAX];
	struct buf where = BUF(place), newer = BUF(name);

	line_put_place(p, line, &where);
	if (line->counts_for == KEY_NONE) {
		log_line(p->log, LOG_WARNING, "%s: %.*s is out of date and "
		    "has no effect; remove it", buf_text(&where),
		    SPAN_ARG(line->name));
		return;
	}
	row_put_name(line->counts_for, &newer);
	log_line(p->log, LOG_WARNING, "%s: %.*s is out of date; write %s "
	    "instead", buf_text(&where), SPAN_ARG(line->name),
	    buf_text(&newer));
}

static void
warn(const struct param *p, const struct param_line *line)
{
	char place[LOG_LINE_MAX / 2];
	struct buf where = BUF(place);
	struct name_info info;

	if (row_find(line->name, &info)) {
		if (info.is_old)
			warn_old(p, line);
		return;
	}
	if (is_mentioned(p, line->name))
		return;
	line_put_place(p, line, &where);
	log_line(p->log, LOG_WARNING, "%s: %.*s is no setting, and no $%.*s "
	    "uses it; look for a slip in the name", buf_text(&where),
	    SPAN_ARG(line->name), SPAN_ARG(line->name));
}

static enum rc
read_lines(struct param *p, const struct param_from *from, struct buf *why)
{
	enum rc rc = RC_OK;
	size_t i;

	if (!from->is_bare)
		rc = line_read_file(p, why);
	if (rc == RC_OS)
		TRY(wrong(p, why) == RC_OK ? RC_OK : RC_OS);
	if (rc == RC_NONE && p->log != NULL &&
	    !span_is(p->folder, PARAM_FOLDER))
		log_line(p->log, LOG_WARNING, "there is no %.*s/main.cf: the "
		    "defaults hold", SPAN_ARG(p->folder));
	if (rc == RC_FULL || rc == RC_DENY)
		return rc;
	for (i = 0; i < from->options_n; i++)
		TRY(line_add_option(p, from->options[i], why));
	return RC_OK;
}

static const char *
folder_of(const struct param_from *from)
{
	const char *folder = from->folder;

	if (folder == NULL)
		folder = port_getenv("MAIL_CONFIG");
	return folder != NULL ? folder : PARAM_FOLDER;
}

enum rc
param_load(struct param *p, const struct param_from *from, struct arena *a,
	struct buf *why)
{
	const struct param_line *line;
	unsigned row;

	*p = (struct param){
		.arena = a, .log = from->log,
		.folder = span_of(folder_of(from)),
		.program = span_of(from->program),
		.is_lmtp = from->is_lmtp, .is_lenient = from->is_lenient,
	};
	TRY(read_lines(p, from, why));
	TRY(load_origin(p, why));
	for (row = 0; row < ROW_COUNT; row++)
		TRY(load_row(p, row, why));
	if (p->set.inet_protocols & ~(unsigned)(INET_IPV4 | INET_IPV6))
		p->set.inet_protocols = INET_IPV4 | INET_IPV6;
	for (line = p->last; line != NULL; line = line->before) {
		if (!is_latest(p, line))
			continue;
		TRY(check_each(p, line, why));
		if (p->log != NULL)
			warn(p, line);
	}
	return RC_OK;
}

/* ---- afterwards --------------------------------------------------------- */

/* Names whose value the row cannot tell: it is in the settings. */
static bool
is_computed(const struct name_info *info, bool is_assigned)
{
	unsigned row = KEY_ROW(info->key);

	if (info->key == KEY_NONE || !expand_is_special(row) ||
	    row_default(info->key).n > 0)
		return false;
	return !is_assigned || (row != ROW_myhostname && row != ROW_mydomain);
}

enum rc
param_find(const struct param *p, struct span name, struct span *value)
{
	const struct param_line *line;
	struct name_info info;
	bool is_known = row_find(name, &info);

	line = info.key == KEY_NONE ? line_of_name(p, name)
	    : line_of_key(p, info.key);
	if (!is_known && (line == NULL || !is_mentioned(p, name)))
		return RC_DENY;
	if (is_computed(&info, line != NULL)) {
		*value = *(const struct span *)(const void *)
		    ((const char *)&p->set + info.kind->field);
		return RC_NONE;
	}
	*value = line != NULL ? line->value : info.value;
	return line != NULL ? RC_OK : RC_NONE;
}

void
param_put_place(const struct param *p, struct span name, struct buf *out)
{
	const struct param_line *line = line_of_name(p, name);

	if (line != NULL)
		line_put_place(p, line, out);
	else
		buf_puts(out, "default");
}

enum rc
param_each_text(const struct param *p, struct span transport,
	enum param_each which, struct buf *out)
{
	char name_text[PARAM_NAME_MAX + 64], reason_text[REASON_MAX];
	struct buf name = BUF(name_text), reason = BUF(reason_text);
	struct span suffix, value;
	size_t from = out->n;

	(void)row_each(which, &suffix, &value);
	buf_fmt(&name, "%.*s_%.*s", SPAN_ARG(transport), SPAN_ARG(suffix));
	if (name.full)		/* nobody sets one for such a long name */
		return param_expand(p, value, out, &reason);
	TRY(expand_name(p, buf_span(&name), out, &reason));
	if (out->n > from)
		return RC_OK;
	return param_expand(p, value, out, &reason);
}

enum rc
param_each_number(const struct param *p, struct span transport,
	enum param_each which, int64_t *out)
{
	struct span suffix, value;
	const struct kind *kind = row_each(which, &suffix, &value);
	char text[REASON_MAX], reason_text[REASON_MAX];
	struct buf b = BUF(text), reason = BUF(reason_text);
	int number;

	TRY(param_each_text(p, transport, which, &b));
	if (kind->type == T_TIME)
		return value_parse(kind, buf_span(&b), out, &reason);
	if (kind->type != T_INT)
		return RC_DENY;
	TRY(value_parse(kind, buf_span(&b), &number, &reason));
	*out = number;
	return RC_OK;
}
