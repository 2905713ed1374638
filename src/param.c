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

static enum rc
too_much(struct buf *why)
{
	buf_clear(why);
	buf_puts(why, "the settings need more memory than there is for them; "
	    "shorten what main.cf repeats");
	return RC_FULL;
}

/* ---- one row ------------------------------------------------------------ */

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

static enum rc
wrong_default(const struct param *p, struct span name, struct span value,
	struct buf *reason, struct buf *why)
{
	buf_fmt(why, "default of %.*s = %.*s, which main.cf can replace: %s",
	    SPAN_ARG(name), SPAN_ARG(span_head(value, SHOWN_MAX)),
	    buf_text(reason));
	return wrong(p, why);
}

/* Name, place, value and what is wrong with it: one sentence. */
static enum rc
wrong_line(const struct param *p, const struct param_line *line,
	struct buf *reason, struct buf *why)
{
	line_put_place(p, line, why);
	buf_fmt(why, "%s%.*s = %.*s: %s", line->number > 0 ? ": " : " ",
	    SPAN_ARG(line->name), SPAN_ARG(span_head(line->value, SHOWN_MAX)),
	    buf_text(reason));
	return wrong(p, why);
}

/* A row that is being loaded. */
struct load {
	struct param *p;
	struct row row;
	uint16_t key;
	const struct param_line *line;	/* NULL: the default holds */
	struct span text;		/* what it comes to */
	struct buf *reason;
};

/*
 * The text of a row, its $ forms replaced; it stands behind what is taken of
 * the arena, unless it is as main.cf has it.
 */
static enum rc
row_text(struct load *l)
{
	const struct param *p = l->p;
	struct buf tail = arena_room(p->arena);
	char room[ROW_VALUE_MAX];
	struct buf b = BUF(room);
	struct span raw;
	enum rc rc = RC_OK;

	if (expand_is_special(l->row.number)) {
		row_put_name(&l->row, l->key % 2, &b);
		rc = expand_name(p, buf_span(&b), &tail, l->reason);
	} else {
		row_put_value(l->row.value[l->key % 2], &b);
		raw = l->line != NULL ? l->line->value : buf_span(&b);
		if (row_kind(&l->row).type != T_RAW &&
		    span_find(raw, '$') < raw.n)
			rc = param_expand(p, raw, &tail, l->reason);
		else if (l->line == NULL)
			buf_put(&tail, raw);
		else {
			l->text = raw;
			return RC_OK;
		}
	}
	if (rc == RC_DENY) {	/* show it as it was */
		buf_clear(&tail);
		row_put_value(l->row.value[l->key % 2], &tail);
	}
	l->text = buf_span(&tail);
	return rc == RC_OK && tail.full ? RC_FULL : rc;
}

static enum rc
set_field(struct load *l)
{
	struct param *p = l->p;
	struct kind kind = row_kind(&l->row);

	TRY(row_text(l));
	TRY(value_parse(&kind, l->text, (char *)&p->set + l->row.field,
	    l->reason));
	if (kind.type >= T_TEXT && l->text.n > 0 &&
	    l->text.p == p->arena->p + p->arena->used)
		p->arena->used += l->text.n;
	return RC_OK;
}

static enum rc
load_row(struct param *p, const struct row *row, struct buf *why)
{
	char reason_text[REASON_MAX], name[PARAM_NAME_MAX];
	struct buf reason = BUF(reason_text), b = BUF(name);
	struct load l = { p, *row, row_key(row, p->is_lmtp), NULL, SPAN(""),
	    &reason };
	enum rc rc;

	l.line = line_of_key(p, l.key);
	if (l.line != NULL && row_is_foreign(row, p->is_lmtp))
		l.line = NULL;
	rc = set_field(&l);
	if (rc == RC_FULL)
		return too_much(why);
	if (rc != RC_DENY)
		return rc;
	if (l.line == NULL) {
		row_put_name(row, l.key % 2, &b);
		return wrong_default(p, buf_span(&b), l.text, &reason, why);
	}
	TRY(wrong_line(p, l.line, &reason, why));
	l.line = NULL;
	(void)(set_field(&l) == RC_OK);	/* if it fails, too, zero holds */
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
	struct buf tail = arena_room(p->arena);
	struct span rest, first = SPAN("");
	enum rc rc;

	if (line == NULL || line->value.n == 0 || line->value.p[0] != '/')
		return RC_OK;
	buf_put(&path, line->value);
	rc = path.full ? RC_FULL : port_slurp(buf_text(&path), &tail);
	rest = buf_span(&tail);
	if (rc == RC_OK && span_line(&rest, &first))
		first = span_trim(first);
	if (first.n > 0) {
		arena_keep(p->arena, &tail);
		p->origin = first;
		return RC_OK;
	}
	buf_fmt(&reason, "%s; write the domain into its first line",
	    rc == RC_OK ? "the file is empty" :
	    rc == RC_NONE ? "there is no such file" :
	    rc == RC_OS ? port_error() : "the file or its name is too long");
	return wrong_line(p, line, &reason, why);
}

/* Values that transports have of their own have no field: parse and forget. */
static enum rc
check_each(struct param *p, const struct param_line *line, struct buf *why)
{
	char text[REASON_MAX];
	struct buf reason = BUF(text), tail = arena_room(p->arena);
	_Alignas(struct span) char unused[sizeof(struct span)];
	struct name_info info;
	struct kind kind;
	enum rc rc;

	if (line->is != NAME_EACH)
		return RC_OK;
	row_find(line->name, &info);
	kind = row_kind(&info.row);
	rc = param_expand(p, line->value, &tail, &reason);
	if (rc == RC_OK)
		rc = value_parse(&kind, buf_span(&tail), unused, &reason);
	if (rc == RC_FULL)
		return too_much(why);
	return rc != RC_DENY ? rc : wrong_line(p, line, &reason, why);
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
	struct row row;

	line_put_place(p, line, &where);
	if (line->counts_for == KEY_NONE) {
		log_line(p->log, LOG_WARNING, "%s: %.*s is out of date and "
		    "has no effect; remove it", buf_text(&where),
		    SPAN_ARG(line->name));
		return;
	}
	row_find_number(KEY_ROW(line->counts_for), &row);
	row_put_name(&row, line->counts_for % 2, &newer);
	log_line(p->log, LOG_WARNING, "%s: %.*s is out of date; write %s "
	    "instead", buf_text(&where), SPAN_ARG(line->name),
	    buf_text(&newer));
}

static void
warn(const struct param *p, const struct param_line *line)
{
	char place[LOG_LINE_MAX / 2];
	struct buf where = BUF(place);

	if (line->is == NAME_OLD)
		warn_old(p, line);
	if (line->is != NAME_UNKNOWN || is_mentioned(p, line->name))
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
	struct row row = { 0 };

	*p = (struct param){
		.arena = a, .log = from->log,
		.folder = span_of(folder_of(from)),
		.program = span_of(from->program),
		.is_lmtp = from->is_lmtp, .is_lenient = from->is_lenient,
	};
	TRY(read_lines(p, from, why));
	TRY(load_origin(p, why));
	while (row_next(&row) && row.number < ROW_COUNT)
		TRY(load_row(p, &row, why));
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
is_computed(const struct name_info *info, struct span value,
	bool is_assigned)
{
	unsigned row = info->row.number;

	if (info->is != NAME_SETTING || !expand_is_special(row) || value.n > 0)
		return false;
	return !is_assigned || (row != ROW_myhostname && row != ROW_mydomain);
}

enum rc
param_find(const struct param *p, struct span name, struct span *value)
{
	char text[ROW_VALUE_MAX];
	struct buf b = BUF(text);
	const struct param_line *line;
	struct name_info info;

	*value = SPAN("");
	row_find(name, &info);
	line = line_of_info(p, name, &info);
	if (info.is == NAME_UNKNOWN &&
	    (line == NULL || !is_mentioned(p, name)))
		return RC_DENY;
	row_put_value(info.value, &b);
	if (is_computed(&info, buf_span(&b), line != NULL)) {
		*value = *(const struct span *)(const void *)
		    ((const char *)&p->set + info.row.field);
		return RC_NONE;
	}
	if (line != NULL) {
		*value = line->value;
		return RC_OK;
	}
	if (b.n > 0)
		TRY(arena_copy(p->arena, buf_span(&b), value));
	return RC_NONE;
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
	char value_text[ROW_VALUE_MAX];
	struct buf name = BUF(name_text), reason = BUF(reason_text);
	struct buf value = BUF(value_text);
	struct row row;
	size_t from = out->n;

	row_find_number(ROW_EACH(which), &row);
	buf_fmt(&name, "%.*s_", SPAN_ARG(transport));
	row_put_name(&row, 0, &name);
	row_put_value(row.value[0], &value);
	if (!name.full)		/* nobody sets one for such a long name */
		TRY(expand_name(p, buf_span(&name), out, &reason));
	if (out->n > from)
		return RC_OK;
	return param_expand(p, buf_span(&value), out, &reason);
}

enum rc
param_each_number(const struct param *p, struct span transport,
	enum param_each which, int64_t *out)
{
	char text[REASON_MAX], reason_text[REASON_MAX];
	struct buf b = BUF(text), reason = BUF(reason_text);
	struct kind kind;
	struct row row;
	int number;

	row_find_number(ROW_EACH(which), &row);
	kind = row_kind(&row);
	TRY(param_each_text(p, transport, which, &b));
	if (kind.type == T_TIME)
		return value_parse(&kind, buf_span(&b), out, &reason);
	if (kind.type != T_INT)
		return RC_DENY;
	TRY(value_parse(&kind, buf_span(&b), &number, &reason));
	*out = number;
	return RC_OK;
}
