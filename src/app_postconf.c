/*
 * app_postconf.c - show or change settings, as Postfix's postconf(1) does.
 *
 *	postconf [-dnhjx] [-c DIR] [-o NAME=VALUE]... [NAME]...
 *	postconf [-c DIR] [-e] NAME=VALUE...
 *
 * Names are sorted, or as given; values are as in main.cf, unexpanded, with
 * one blank for several.  A line of main.cf that cannot be used is told on
 * standard error and passed over: this is the program to find it with.
 *
 * -e changes lines of main.cf in place and leaves the others, comments among
 * them, as they are; a name that stood there twice stands there once.
 */
#include <string.h>

#include "applet.h"
#include "list.h"
#include "param.h"
#include "port.h"

#define SETTINGS_MAX	(128 << 10)	/* untouched pages cost nothing */
#define FILE_MAX_	(1 << 20)	/* of a main.cf that is edited */
#define VALUE_MAX	(64 << 10)	/* expanded, by -x */

struct postconf {
	struct app *app;
	struct param *param;
	bool failed;
	struct arena arena;
	char memory[SETTINGS_MAX];
	char value_text[VALUE_MAX];	/* of -x */
	char old[FILE_MAX_], text[FILE_MAX_];	/* of -e */
};

/* ---- output ------------------------------------------------------------- */

/* Continued lines carry their indentation along: one blank says as much. */
static void
put_words(struct buf *b, struct span s)
{
	const char *gap = "";
	struct span word;

	while (span_word(&s, " \t", &word)) {
		buf_fmt(b, "%s%.*s", gap, SPAN_ARG(word));
		gap = " ";
	}
}

static void
put_setting(struct app *app, struct span name, struct span value)
{
	struct buf *b = app_out(app);

	if (app_given(app, 'j') != NULL) {
		buf_puts(b, "{\"name\":");
		list_put_json(b, name);
		buf_puts(b, ",\"value\":");
		list_put_json(b, value);
		buf_puts(b, "}\n");
		return;
	}
	if (app_given(app, 'h') == NULL)
		buf_fmt(b, value.n > 0 ? "%.*s = " : "%.*s =", SPAN_ARG(name));
	put_words(b, value);
	buf_putc(b, '\n');
}

static void
show(struct postconf *c, struct span name, struct span value)
{
	char text[512];
	struct buf why = BUF(text), b = BUF(c->value_text);
	enum rc rc;

	if (app_given(c->app, 'x') != NULL) {
		rc = param_expand(c->param, value, &b, &why);
		if (rc == RC_FULL)
			buf_puts(&why, "the value gets too long");
		if (rc == RC_OK) {
			value = buf_span(&b);
		} else {
			app_say(c->app, "warning: %.*s: %s", SPAN_ARG(name),
			    buf_text(&why));
			c->failed = true;
		}
	}
	put_setting(c->app, name, value);
}

/* ---- which names -------------------------------------------------------- */

static bool
is_before(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return d < 0 || (d == 0 && a.n < b.n);
}

/*
 * Is it the least name so far of those behind `last`?  Then it is `next`.  One
 * that is longer than `next` may be nobody's.
 */
static void
consider(struct span name, struct span last, struct buf *next)
{
	if (name.n < next->cap && is_before(last, name) &&
	    (next->n == 0 || is_before(name, buf_span(next)))) {
		buf_clear(next);
		buf_put(next, name);
	}
}

/*
 * The name behind `last`, alphabetically.  Going through all of them for each
 * takes some milliseconds in all, and no memory.
 */
static void
next_name(const struct postconf *c, struct span last, struct buf *next)
{
	const struct param_line *line = NULL;
	struct param_cursor cursor = { 0 };
	char text[PARAM_NAME_MAX];
	struct buf name = BUF(text);
	struct span own;

	buf_clear(next);
	while ((line = param_line_next(c->param, line, &own)) != NULL)
		consider(own, last, next);
	while (app_given(c->app, 'n') == NULL && param_next(&cursor, &name)) {
		consider(buf_span(&name), last, next);
		buf_clear(&name);
	}
}

/* false: nobody knows that name. */
static bool
show_name(struct postconf *c, struct span name)
{
	struct span value;
	enum rc rc = param_find(c->param, name, &value);

	if (rc == RC_OK || (rc == RC_NONE && app_given(c->app, 'n') == NULL))
		show(c, name, value);
	return rc == RC_OK || rc == RC_NONE;
}

static void
show_all(struct postconf *c)
{
	char text[2][512];	/* a name of the user's may be long */
	struct buf last = BUF(text[0]), next = BUF(text[1]);

	for (;;) {
		next_name(c, buf_span(&last), &next);
		if (next.n == 0)
			break;
		show_name(c, buf_span(&next));
		buf_clear(&last);
		buf_put(&last, buf_span(&next));
	}
}

static void
show_given(struct postconf *c)
{
	for (int i = 0; i < c->app->argc; i++)
		if (!show_name(c, span_of(c->app->argv[i]))) {
			app_say(c->app, "warning: %s: unknown parameter",
			    c->app->argv[i]);
			c->failed = true;
		}
}

/* ---- -e ----------------------------------------------------------------- */

/* What stands ahead of the equals sign. */
static struct span
name_of(struct span line)
{
	return span_trim(span_head(line, span_find(line, '=')));
}

/* NAME=VALUE of the command line; false: it isn't one. */
static bool
split(const char *word, struct span *name, struct span *value)
{
	struct span s = span_of(word), rest;
	size_t at = span_find(s, '=');

	if (at == s.n || span_find(s, '\n') < s.n)
		return false;
	*name = rest = name_of(s);
	*value = span_trim(span_tail(s, at + 1));
	return name->n > 0 && name->p[0] != '#' &&
	    span_word(&rest, " \t", name) && rest.n == 0;
}

/* The last NAME=VALUE of the command line for this name; -1: none. */
static int
edit_of(const struct app *app, struct span name)
{
	struct span own, value;
	int i;

	for (i = app->argc - 1; i >= 0; i--)
		if (split(app->argv[i], &own, &value) && span_eq(own, name))
			return i;
	return -1;
}

static void
write_edit(const struct app *app, int i, struct buf *text)
{
	struct span name, value;

	if (split(app->argv[i], &name, &value))
		buf_fmt(text, "%.*s =%s%.*s\n", SPAN_ARG(name),
		    value.n > 0 ? " " : "", SPAN_ARG(value));
}

/* Does the line go on with the one before? */
static bool
goes_on(struct span line)
{
	return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* Does the text so far have a line NAME = ...? */
static bool
is_written(struct span text, struct span name)
{
	struct span line;

	while (span_line(&text, &line))
		if (!goes_on(line) && span_eq(name_of(line), name))
			return true;
	return false;
}

/*
 * One line of the old file to the new one.  is_dropped: the logical line that
 * is open was replaced, so what continues it goes, too.
 */
static void
edit_line(const struct app *app, struct span line, bool *is_dropped,
	struct buf *text)
{
	struct span name = name_of(line);
	struct span bare = span_trim(line);
	int i;

	if (bare.n > 0 && bare.p[0] != '#') {
		if (!goes_on(line)) {
			i = edit_of(app, name);
			*is_dropped = i >= 0;
			if (i >= 0 && !is_written(buf_span(text), name))
				write_edit(app, i, text);
		}
		if (*is_dropped)
			return;
	}
	buf_put(text, line);
	buf_putc(text, '\n');
}

static void
edit_text(const struct app *app, struct span old, struct buf *text)
{
	struct span line, name, value;
	bool is_dropped = false;
	int i;

	while (span_line(&old, &line))
		edit_line(app, line, &is_dropped, text);
	for (i = 0; i < app->argc; i++)
		if (split(app->argv[i], &name, &value) &&
		    edit_of(app, name) == i &&
		    !is_written(buf_span(text), name))
			write_edit(app, i, text);
}

/* ---- main --------------------------------------------------------------- */

static void
load(struct postconf *c, bool is_bare)
{
	struct app *app = c->app;
	const struct param_from from = {
		.folder = app_given(app, 'c'),
		.options = app->set.options,
		.options_n = app->set.options_n,
		.program = app->name,
		.is_lenient = true,
		.is_bare = is_bare,
		.log = &app->log,
	};
	char text[512];
	struct buf why = BUF(text);

	arena_init(&c->arena, c->memory, sizeof(c->memory));
	c->param = &app->set.param;
	if (param_load(c->param, &from, &c->arena, &why) != RC_OK) {
		app_say(app, "%s", buf_text(&why));
		c->failed = true;
	}
}

static int
edit(struct postconf *c)
{
	struct app *app = c->app;
	struct span name, value;
	char room[1024];
	struct buf path = BUF(room), old = BUF(c->old), text = BUF(c->text);
	enum rc rc;

	for (int i = 0; i < app->argc; i++)
		if (!split(app->argv[i], &name, &value))
			return app_usage(app, "%s: not NAME=VALUE on one line",
			    app->argv[i]);
	load(c, true);
	buf_fmt(&path, "%.*s/main.cf",
	    SPAN_ARG(c->param->set.config_directory));
	rc = path.full ? RC_FULL : port_slurp(buf_text(&path), &old);
	if (rc == RC_OK || rc == RC_NONE)
		edit_text(app, buf_span(&old), &text);
	if (rc == RC_FULL || text.full) {
		app_say(app, "%s is longer than %d octets; change it by hand",
		    room, FILE_MAX_);
		return EXIT_CANT_CREATE;
	}
	if (rc == RC_OK || rc == RC_NONE)
		rc = port_replace(room, buf_span(&text), 0644);
	if (rc == RC_OK) {
		load(c, false);		/* tells of values that are wrong */
		return EXIT_OK;
	}
	app_say(app, "%s cannot be changed: %s%s", room, port_error(),
	    port_error_is_missing() ? "; make its folder, or name another "
	    "with -c" : "");
	return EXIT_CANT_CREATE;
}

int
app_postconf(struct app *app)
{
	struct postconf *c = app_start(app, sizeof(*c), "o:c:dehjnx", NULL);

	if (c == NULL)
		return app->code;
	app->log.to_syslog = false;
	c->app = app;
	if (app_given(app, 'e') != NULL || (app->argc > 0 &&
	    strchr(app->argv[0], '=') != NULL))
		return edit(c);
	load(c, app_given(app, 'd') != NULL);
	if (app->argc > 0)
		show_given(c);
	else
		show_all(c);
	return c->failed ? EXIT_ERROR : EXIT_OK;
}
