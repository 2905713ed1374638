/*
 * table_compile.c - from the text of a table to its compiled form, and changes
 * to that.
 */
#include <string.h>

#include "port.h"
#include "table_int.h"

/* Longer than any line; what is not touched costs nothing. */
#define LINE_BYTES	((size_t)1 << 20)
#define PATH_BYTES	1024
#define NO_MEMORY	"no memory"

/* One job under way. */
struct work {
	const struct table_job *job;
	struct table text;		/* for messages, and folding */
	struct table_make *make;
	struct buf path;		/* of the compiled form */
	struct buf line, entry;
	struct span old;		/* the compiled form that there is */
	bool saw_colon;
	char path_room[PATH_BYTES];
};

static enum rc
tell(const struct table_job *j, const char *what, const char *why)
{
	log_line(j->log, LOG_ERROR, "%s: %s", what, why);
	return RC_OS;
}

static enum rc
failed(const struct work *w, const char *what)
{
	return tell(w->job, what, port_error());
}

static enum rc
start(struct work *w, const struct table_job *j)
{
	char *memory = port_memory(2 * LINE_BYTES + 2);

	*w = (struct work){
		.job = j,
		.text = {
			.name = span_of(j->path),
			.log = j->log,
			.flags = j->flags,
			.fd = -1,
		},
	};
	w->path = BUF(w->path_room);
	buf_fmt(&w->path, "%s.cdb", j->path);
	if (memory == NULL || w->path.full) {
		tell(j, j->path, memory == NULL ? NO_MEMORY :
			"the name is too long");
		return RC_FULL;
	}
	buf_init(&w->line, memory, LINE_BYTES);
	buf_init(&w->entry, memory + LINE_BYTES, LINE_BYTES + 2);
	return RC_OK;
}

static enum rc
start_make(struct work *w)
{
	enum rc rc = table_make_open(&w->make, buf_text(&w->path));

	return rc == RC_OK ? RC_OK : failed(w, buf_text(&w->path));
}

/* ---- entries ------------------------------------------------------------- */

static void
tell_twice(const struct work *w, unsigned line, struct span key)
{
	if (!w->job->is_silent)
		table_warn(&w->text, "line %u: duplicate entry: \"%.*s\"", line,
			SPAN_ARG(key));
}

static enum rc
add_entry(struct work *w, unsigned line, struct span key, struct span value)
{
	struct span folded;
	enum rc rc;

	buf_clear(&w->entry);
	table_fold(&w->text, key, &w->entry);
	if (w->job->with_nul)
		buf_putc(&w->entry, '\0');
	folded = buf_span(&w->entry);
	buf_put(&w->entry, value);
	if (w->job->with_nul)
		buf_putc(&w->entry, '\0');
	value = span_tail(buf_span(&w->entry), folded.n);
	rc = table_make_add(w->make, folded, value,
		w->job->takes_last ? TABLE_INSTEAD : TABLE_ONCE);
	if (rc == RC_DENY) {
		tell_twice(w, line, key);
		return RC_OK;
	}
	if (rc == RC_FULL)
		log_line(w->job->log, LOG_ERROR, "%s: line %u: no memory, or "
			"more than 4 GiB", w->job->path, line);
	return rc == RC_OS ? failed(w, buf_text(&w->path)) : rc;
}

/* A logical line; whatever is wrong with it is told, and it is left out. */
static enum rc
add_line(struct work *w, unsigned line)
{
	struct span key, value;
	const char *why = w->job->flags & TABLE_ALIASES ?
		source_alias(&w->line, &key, &value) :
		source_entry(buf_span(&w->line), &key, &value);

	if (why != NULL) {
		table_warn_line(&w->text, line, why);
		return RC_OK;
	}
	if (!(w->job->flags & TABLE_ALIASES) && !w->saw_colon &&
	    key.p[key.n - 1] == ':') {
		table_warn(&w->text, "line %u: the key ends with a colon; "
			"is this a file for postalias?", line);
		w->saw_colon = true;
	}
	return add_entry(w, line, key, value);
}

static enum rc
add_lines(struct work *w, int fd, bool is_stream)
{
	struct source s;
	enum rc rc;

	source_start(&s, fd, (struct span){ NULL, 0 });
	s.is_stream = is_stream;
	s.warns = &w->text;
	while ((rc = source_line(&s, &w->line)) == RC_OK || rc == RC_FULL) {
		if (rc == RC_OK)
			TRY(add_line(w, s.line));
		else
			table_warn_line(&w->text, s.line, "longer than 1 MiB");
	}
	return rc == RC_NONE ? RC_OK : failed(w, w->job->path);
}

/* ---- a new one ----------------------------------------------------------- */

static unsigned
mode_of(const struct table_job *j, const struct port_stat *st)
{
	return j->is_public ? 0644 : 0600 | (st->mode & 044);
}

static enum rc
finish(struct work *w, unsigned mode, int like)
{
	enum rc rc = table_make_close(w->make, buf_text(&w->path), mode,
		w->job->keeps_owner ? -1 : like);

	if (rc == RC_FULL)
		tell(w->job, w->job->path, NO_MEMORY);
	return rc == RC_OS ? failed(w, buf_text(&w->path)) : rc;
}

/* An open text, and what it was like when it was opened. */
static enum rc
compile_file(struct work *w, int fd, const struct port_stat *before)
{
	struct port_stat after;
	enum rc rc;

	if (before->is_folder)
		return tell(w->job, w->job->path, "a folder");
	TRY(start_make(w));
	rc = add_lines(w, fd, before->is_pipe);
	if (rc == RC_OK && port_stat_fd(fd, &after) != RC_OK)
		rc = failed(w, w->job->path);
	if (rc == RC_OK && before->is_file && (after.size != before->size ||
	    after.mtime_s != before->mtime_s))
		rc = tell(w->job, w->job->path, "changed while it was read; "
			"nothing was done");
	if (rc == RC_OK)
		return finish(w, mode_of(w->job, before), fd);
	table_make_drop(w->make);
	return rc;
}

static enum rc
compile_text(struct work *w)
{
	struct port_stat st;
	enum rc rc;
	int fd;

	if (port_open(w->job->path, &fd) != RC_OK)
		return failed(w, w->job->path);
	rc = port_stat_fd(fd, &st) == RC_OK ? compile_file(w, fd, &st) :
		failed(w, w->job->path);
	port_close(fd);
	return rc;
}

/* ---- changes ------------------------------------------------------------- */

/* The records that there are, into a draft.  st: of the file, if there is. */
static enum rc
start_with_old(struct work *w, struct port_stat *st)
{
	enum rc rc = port_stat_path(buf_text(&w->path), st);
	struct span key, value;
	size_t at = 0;

	if (rc == RC_OK)
		rc = port_map(buf_text(&w->path), &w->old);
	if (rc == RC_NONE)
		return RC_NONE;
	if (rc != RC_OK)
		return failed(w, buf_text(&w->path));
	rc = table_cdb_check(w->old);
	if (rc == RC_OK)
		TRY(start_make(w));
	while (rc == RC_OK) {
		rc = table_cdb_next(w->old, &at, &key, &value);
		if (rc == RC_NONE)
			return RC_OK;
		if (rc == RC_OK)
			rc = table_make_add(w->make, key, value, TABLE_AGAIN);
		if (rc != RC_OK)
			table_make_drop(w->make);
	}
	if (rc == RC_OS)
		return failed(w, buf_text(&w->path));
	tell(w->job, buf_text(&w->path), rc == RC_WIRE ?
		"the file is damaged: make it anew" : NO_MEMORY);
	return rc;
}

static enum rc
compile_more(struct work *w)
{
	struct port_stat st = { .mode = 0600 };
	enum rc rc = start_with_old(w, &st);

	if (rc == RC_NONE) {
		(void)!port_stat_path(w->job->path, &st);
		rc = start_make(w);
	}
	if (rc != RC_OK)
		return rc;
	rc = add_lines(w, PORT_STDIN, true);
	if (rc == RC_OK)
		return finish(w, mode_of(w->job, &st), -1);
	table_make_drop(w->make);
	return rc;
}

enum rc
table_compile(const struct table_job *j)
{
	struct work w;

	TRY(start(&w, j));
	return j->is_added ? compile_more(&w) : compile_text(&w);
}

/* With or without NUL, as it may have been made. */
static enum rc
remove_key(struct work *w, struct span key)
{
	enum rc rc;

	buf_clear(&w->entry);
	table_fold(&w->text, key, &w->entry);
	rc = table_make_remove(w->make, buf_span(&w->entry));
	if (rc != RC_NONE)
		return rc;
	buf_putc(&w->entry, '\0');
	return table_make_remove(w->make, buf_span(&w->entry));
}

/* RC_OK: one of them was there. */
static enum rc
remove_lines(struct work *w)
{
	enum rc rc, found = RC_NONE;
	struct source s;

	source_start(&s, PORT_STDIN, (struct span){ NULL, 0 });
	s.is_stream = true;
	while ((rc = source_word(&s, &w->line)) == RC_OK) {
		rc = remove_key(w, buf_span(&w->line));
		if (rc == RC_OK)
			found = RC_OK;
		else if (rc != RC_NONE)
			return rc;
	}
	return rc == RC_NONE ? found : rc;
}

enum rc
table_remove(const struct table_job *j, struct span key)
{
	struct port_stat st;
	struct work w;
	enum rc rc;

	TRY(start(&w, j));
	rc = start_with_old(&w, &st);
	if (rc == RC_NONE)
		return failed(&w, buf_text(&w.path));
	if (rc != RC_OK)
		return rc;
	rc = span_is(key, "-") ? remove_lines(&w) : remove_key(&w, key);
	if (rc == RC_OK)
		return finish(&w, st.mode, -1);
	table_make_drop(w.make);
	return rc == RC_NONE ? RC_NONE : failed(&w, buf_text(&w.path));
}
