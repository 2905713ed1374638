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
#include "param.h"
#include "port.h"

#define OPTIONS_MAX	32		/* -o */
#define SETTINGS_MAX	(128 << 10)	/* untouched pages cost nothing */
#define FILE_MAX_	(1 << 20)	/* of a main.cf that is edited */
#define VALUE_MAX	(64 << 10)	/* expanded, by -x */
#define PATH_TEXT_MAX	1024

struct postconf {
	struct app *app;
	struct param param;
	struct param_from from;
	struct arena arena;
	struct buf out;			/* not yet written */
	struct buf value;		/* of -x */
	bool only_set, bare_values, json, expand, edit;
	bool failed;
	bool is_lost;			/* standard output takes nothing */
	size_t options_n;
	const char *options[OPTIONS_MAX];
	char out_text[4096];
	char memory[SETTINGS_MAX];
	char value_text[VALUE_MAX];
};

/* ---- output ------------------------------------------------------------- */

static void
flush(struct postconf *c)
{
	if (c->out.n > 0 && !c->is_lost)	/* saying it once is enough */
		c->is_lost = !app_print(c->app, buf_span(&c->out));
	buf_clear(&c->out);
}

static void
put(struct postconf *c, struct span s)
{
	size_t n;

	while (s.n > 0) {
		n = sizeof(c->out_text) - 1 - c->out.n;
		n = n < s.n ? n : s.n;
		buf_put(&c->out, span_part(s, 0, n));
		s = span_part(s, n, s.n);
		if (c->out.n == sizeof(c->out_text) - 1)
			flush(c);
	}
}

static void
put_json_text(struct postconf *c, struct span s)
{
	bool is_utf8 = text_is_utf8(s);
	char text[8];		/* of one octet */

	put(c, SPAN("\""));
	for (size_t i = 0; i < s.n; i++) {
		struct buf b = BUF(text);

		code_json(&b, span_part(s, i, 1), is_utf8);
		put(c, buf_span(&b));
	}
	put(c, SPAN("\""));
}

/* Continued lines carry their indentation along: one blank says as much. */
static void
put_words(struct postconf *c, struct span s)
{
	const char *gap = "";
	struct span word;

	while (span_word(&s, " \t", &word)) {
		put(c, span_of(gap));
		put(c, word);
		gap = " ";
	}
}

static void
put_setting(struct postconf *c, struct span name, struct span value)
{
	if (c->json) {
		put(c, SPAN("{\"name\":"));
		put_json_text(c, name);
		put(c, SPAN(",\"value\":"));
		put_json_text(c, value);
		put(c, SPAN("}\n"));
		return;
	}
	if (!c->bare_values) {
		put(c, name);
		put(c, value.n > 0 ? SPAN(" = ") : SPAN(" ="));
	}
	put_words(c, value);
	put(c, SPAN("\n"));
}

static void
show(struct postconf *c, struct span name, struct span value)
{
	char text[512];
	struct buf why = BUF(text);
	enum rc rc;

	if (c->expand) {
		buf_clear(&c->value);
		rc = param_expand(&c->param, value, &c->value, &why);
		if (rc == RC_FULL)
			buf_puts(&why, "the value gets too long");
		if (rc == RC_OK) {
			value = buf_span(&c->value);
		} else {
			app_say(c->app, "warning: %.*s: %s", SPAN_ARG(name),
			    buf_text(&why));
			c->failed = true;
		}
	}
	put_setting(c, name, value);
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
	while ((line = param_line_next(&c->param, line, &own)) != NULL)
		consider(own, last, next);
	while (!c->only_set && param_next(&cursor, &name)) {
		consider(buf_span(&name), last, next);
		buf_clear(&name);
	}
}

static void
show_all(struct postconf *c)
{
	char text[2][512];	/* a name of the user's may be long */
	struct buf last = BUF(text[0]), next = BUF(text[1]);
	struct span value;
	enum rc rc;

	for (;;) {
		next_name(c, buf_span(&last), &next);
		if (next.n == 0)
			break;
		rc = param_find(&c->param, buf_span(&next), &value);
		if (rc == RC_OK || (rc == RC_NONE && !c->only_set))
			show(c, buf_span(&next), value);
		buf_clear(&last);
		buf_put(&last, buf_span(&next));
	}
}

static void
show_given(struct postconf *c)
{
	struct span name, value;
	int i;

	for (i = 0; i < c->app->argc; i++) {
		name = span_of(c->app->argv[i]);
		switch (param_find(&c->param, name, &value)) {
		case RC_OK:
			show(c, name, value);
			break;
		case RC_NONE:
			if (!c->only_set)
				show(c, name, value);
			break;
		default:
			app_say(c->app, "warning: %.*s: unknown parameter",
			    SPAN_ARG(name));
			c->failed = true;
		}
	}
}

/* ---- -e ----------------------------------------------------------------- */

/* NAME=VALUE of the command line; false: it isn't one. */
static bool
split(const char *word, struct span *name, struct span *value)
{
	struct span s = span_of(word), rest;
	size_t at = span_find(s, '=');

	if (at == s.n || span_find(s, '\n') < s.n)
		return false;
	*name = rest = span_trim(span_part(s, 0, at));
	*value = span_trim(span_part(s, at + 1, s.n));
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
		if (!goes_on(line) && span_eq(span_trim(
		    span_part(line, 0, span_find(line, '='))), name))
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
	struct span name = span_trim(span_part(line, 0, span_find(line, '=')));
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

static int
edit_file(const struct app *app, const char *path)
{
	char *memory = port_memory(2 * (size_t)FILE_MAX_);
	struct buf old, text;
	enum rc rc;

	if (memory == NULL) {
		app_say(app, "no memory to change %s", path);
		return EXIT_LATER;
	}
	buf_init(&old, memory, FILE_MAX_);
	buf_init(&text, memory + FILE_MAX_, FILE_MAX_);
	rc = port_slurp(path, &old);
	if (rc == RC_OK || rc == RC_NONE)
		edit_text(app, buf_span(&old), &text);
	if (rc == RC_FULL || text.full) {
		app_say(app, "%s is longer than %d octets; change it by hand",
		    path, FILE_MAX_);
		return EXIT_CANT_CREATE;
	}
	if (rc == RC_OK || rc == RC_NONE)
		rc = port_replace(path, buf_span(&text), 0644);
	if (rc == RC_OK)
		return EXIT_OK;
	app_say(app, "%s cannot be changed: %s%s", path, port_error(),
	    port_error_is_missing() ? "; make its folder, or name another "
	    "with -c" : "");
	return EXIT_CANT_CREATE;
}

/* ---- main --------------------------------------------------------------- */

static void
load(struct postconf *c)
{
	char text[512];
	struct buf why = BUF(text);

	arena_init(&c->arena, c->memory, sizeof(c->memory));
	c->from.options = c->options;
	c->from.options_n = c->options_n;
	if (param_load(&c->param, &c->from, &c->arena, &why) != RC_OK) {
		app_say(c->app, "%s", buf_text(&why));
		c->failed = true;
	}
}

static int
edit(struct postconf *c)
{
	struct span name, value;
	char text[PATH_TEXT_MAX];
	struct buf path = BUF(text);
	int i, code;

	for (i = 0; i < c->app->argc; i++)
		if (!split(c->app->argv[i], &name, &value))
			return app_usage(c->app, "%s: not NAME=VALUE on one "
			    "line", c->app->argv[i]);
	c->from.is_bare = true;
	load(c);
	buf_fmt(&path, "%.*s/main.cf",
	    SPAN_ARG(c->param.set.config_directory));
	if (path.full)
		return app_usage(c->app, "the folder of -c is too long");
	code = edit_file(c->app, buf_text(&path));
	c->from.is_bare = false;
	if (code == EXIT_OK)
		load(c);	/* tells of values that are wrong */
	return code;
}

static int
one_option(struct postconf *c, int letter, const char *value)
{
	switch (letter) {
	case 'c': c->from.folder = value; break;
	case 'd': c->from.is_bare = true; break;
	case 'e': c->edit = true; break;
	case 'h': c->bare_values = true; break;
	case 'j': c->json = true; break;
	case 'n': c->only_set = true; break;
	case 'x': c->expand = true; break;
	case 'o':
		if (c->options_n == OPTIONS_MAX)
			return app_usage(c->app, "at most %d -o",
			    OPTIONS_MAX);
		c->options[c->options_n++] = value;
		break;
	default:
		return app_usage(c->app, "%s: no such option, or its value "
		    "is missing", value);
	}
	return EXIT_OK;
}

static int
run(struct postconf *c)
{
	const char *value = NULL;
	int letter;

	while ((letter = app_option(c->app, "c:dehjno:x", &value)) != 0) {
		if (letter == APP_HELP)
			return app_help(c->app);
		TRY_CODE(one_option(c, letter, value));
	}
	if (c->edit || (c->app->argc > 0 &&
	    strchr(c->app->argv[0], '=') != NULL))
		return edit(c);
	load(c);
	if (c->app->argc > 0)
		show_given(c);
	else
		show_all(c);
	flush(c);
	if (c->is_lost)
		return EXIT_CANT_CREATE;
	return c->failed ? EXIT_ERROR : EXIT_OK;
}

int
app_postconf(struct app *app)
{
	struct postconf *c = app_memory(app, sizeof(*c));

	if (c == NULL)
		return EXIT_LATER;
	app->log.to_syslog = false;
	c->app = app;
	c->from = (struct param_from){ .program = app->name,
	    .is_lenient = true, .log = &app->log };
	buf_init(&c->out, c->out_text, sizeof(c->out_text));
	buf_init(&c->value, c->value_text, sizeof(c->value_text));
	return run(c);
}
