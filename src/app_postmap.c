/*
 * app_postmap.c - compile and ask tables, as Postfix's postmap(1) does; the
 * same for alias files, as postalias(1) and newaliases(1) do.
 *
 *	postmap [-fNnoprw] [-c DIR] [TYPE:]FILE...	make FILE.cdb
 *	postmap -i [TYPE:]FILE				add from standard input
 *	postmap -q KEY TYPE:NAME...			print the first value
 *	postmap -s TYPE:NAME...				print all entries
 *	postmap -d KEY [TYPE:]FILE...			remove a key
 *	newaliases					all of alias_database
 *
 * With `-` for KEY, keys are the lines of standard input, and what is found is
 * printed with its key; -h takes the header of a message there, a key for each
 * of its logical lines, and -b the lines of its body.
 *
 * Only cdb can be written.  Types that Postfix would write in a form of its own
 * (hash, btree, dbm, lmdb, sdbm) become cdb as well, and tables of these types
 * are read from there.  Keys and values may be of any octets: -u and -U, which
 * are about UTF-8 there, change nothing.
 */
#include <string.h>

#include "applet.h"
#include "port.h"
#include "table.h"

#define IN_BYTES	((size_t)128 * 1024)	/* the longest key */
#define READ_BYTES	((size_t)32 * 1024)	/* stays near the processor */
#define ENTRY_BYTES	((size_t)256 * 1024)	/* of a header's line */
#define ARENA_BYTES	((size_t)256 * 1024)
#define TEXT_MAX	1024
#define TABLES_MAX	32	/* asked at once */

struct postmap {
	struct app *app;
	const char *gap;		/* between key and value */
	bool header, body;		/* -h, -b */
	bool found;			/* a key of standard input */
	bool in_ended;
	size_t in_from, in_n;
	int lists_n;
	struct table_env env;
	struct table_job job;
	struct arena arena;
	struct buf entry;
	struct table_list list[TABLES_MAX];
	char in[IN_BYTES];
	char entry_room[ENTRY_BYTES];
	char arena_room[ARENA_BYTES];
};

/* ---- streams ------------------------------------------------------------- */

/* More input behind what is there.  RC_NONE: it has ended. */
static enum rc
load(struct postmap *p)
{
	size_t got, n = p->in_n - p->in_from;

	if (p->in_ended)
		return RC_NONE;
	if (n == IN_BYTES)
		return RC_FULL;
	memmove(p->in, p->in + p->in_from, n);
	p->in_from = 0;
	p->in_n = n;
	app_flush(p->app);	/* somebody may wait for it to ask on */
	if (port_read(PORT_STDIN, p->in + n, IN_BYTES - n < READ_BYTES ?
	    IN_BYTES - n : READ_BYTES, MS_NEVER, &got) != RC_OK) {
		p->in_ended = true;
		return port_error_is_end() ? RC_NONE : RC_OS;
	}
	p->in_n += got;
	return RC_OK;
}

/* A line that is there already, with its end; the last one may lack that. */
static bool
line_at_hand(struct postmap *p, struct span *line)
{
	struct span s = { p->in + p->in_from, p->in_n - p->in_from };
	const char *end = memchr(s.p, '\n', s.n);

	if (end == NULL && (s.n == 0 || !p->in_ended))
		return false;
	*line = span_head(s, end != NULL ? (size_t)(end - s.p) : s.n);
	p->in_from += line->n + (end != NULL);
	return true;
}

/* The next line of standard input; it stays until the next call. */
static enum rc
next_line(struct postmap *p, struct span *line)
{
	while (!line_at_hand(p, line)) {
		enum rc rc = load(p);

		if (rc != RC_OK && (rc != RC_NONE || p->in_from == p->in_n))
			return rc;
	}
	return RC_OK;
}

/* ---- queries ------------------------------------------------------------- */

/* TYPE:NAME, or NAME with the type that goes without saying. */
static enum rc
open_table(struct postmap *p, const char *name, struct table_list *l)
{
	struct span type = p->app->set.param.set.default_database_type;
	char text[TEXT_MAX];
	struct buf b = BUF(text);

	if (strchr(name, ':') == NULL)
		buf_fmt(&b, "%.*s:", SPAN_ARG(type));
	buf_puts(&b, name);
	if (!b.full)
		return table_open(l, &p->env, NULL, buf_span(&b),
			p->job.flags);
	app_say(p->app, "%s: too long", name);
	return RC_FULL;
}

static int
open_all(struct postmap *p)
{
	if (p->app->argc > TABLES_MAX)
		return app_usage(p->app, "more than %d tables", TABLES_MAX);
	for (; p->lists_n < p->app->argc; p->lists_n++)
		if (open_table(p, p->app->argv[p->lists_n],
		    &p->list[p->lists_n]) != RC_OK)
			return EXIT_CONFIG;
	return EXIT_OK;
}

static int
code_of(enum rc rc)
{
	return rc == RC_OK ? EXIT_OK : rc == RC_NONE ? EXIT_ERROR :
		EXIT_LATER;
}

static int
ask(struct postmap *p, struct span key, struct buf *value)
{
	enum rc rc = RC_NONE;

	for (int i = 0; i < p->lists_n && rc == RC_NONE; i++)
		rc = table_find(&p->list[i], key, TABLE_ANY, value);
	return code_of(rc);
}

/* A key that came on standard input.  EXIT_LATER ends it all. */
static int
ask_and_print(struct postmap *p, struct span key)
{
	struct buf *b = app_out(p->app);
	size_t before = b->n;
	int code;

	/* The value goes where it is to be printed, without a copy. */
	buf_put(b, key);
	buf_puts(b, p->gap);
	code = ask(p, key, b);
	buf_putc(b, '\n');
	if (code == EXIT_OK)
		p->found = true;
	else
		b->n = before;
	return code == EXIT_LATER ? code : EXIT_OK;
}

static bool
goes_on(struct span line)
{
	return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* The line of the header that was gathered. */
static int
ask_entry(struct postmap *p)
{
	int code = EXIT_OK;

	if (p->header && p->entry.n > 0)
		code = ask_and_print(p, buf_span(&p->entry));
	buf_clear(&p->entry);
	return code;
}

/*
 * -h: the header, a key for each logical line, with the line ends inside it;
 * -b: each line behind it.
 */
static int
ask_message(struct postmap *p)
{
	bool in_header = true;
	struct span line;
	enum rc rc;

	p->entry = BUF(p->entry_room);
	while ((rc = next_line(p, &line)) == RC_OK) {
		if (in_header && goes_on(line) && p->entry.n > 0) {
			buf_putc(&p->entry, '\n');
			buf_put(&p->entry, line);
			continue;
		}
		TRY_CODE(ask_entry(p));
		if (!in_header && p->body)
			TRY_CODE(ask_and_print(p, line));
		in_header = in_header && span_find(line, ':') < line.n;
		if (in_header)
			buf_put(&p->entry, line);
	}
	return rc == RC_NONE ? ask_entry(p) : EXIT_DATA;
}

static int
ask_lines(struct postmap *p)
{
	struct span line[TABLE_SOON_MAX];
	enum rc rc;

	while ((rc = next_line(p, &line[0])) == RC_OK) {
		size_t n = 1;

		while (n < COUNT(line) && line_at_hand(p, &line[n]))
			n++;
		table_soon(&p->list[0], line, n);
		for (size_t i = 0; i < n; i++)
			TRY_CODE(ask_and_print(p, line[i]));
	}
	return rc == RC_NONE ? EXIT_OK : EXIT_DATA;
}

static int
query(struct postmap *p, const char *key)
{
	int code;

	if (strcmp(key, "-") != 0) {
		code = ask(p, span_of(key), app_out(p->app));
		if (code == EXIT_OK)
			buf_putc(&p->app->out, '\n');
		return code;
	}
	p->header = app_given(p->app, 'h') != NULL;
	p->body = app_given(p->app, 'b') != NULL;
	code = p->header || p->body ? ask_message(p) : ask_lines(p);
	if (code == EXIT_DATA)
		app_say(p->app, "standard input: a line is too long, or %s",
			port_error());
	return code != EXIT_OK || p->found ? code : EXIT_ERROR;
}

static bool
see(void *arg, struct span key, struct span value)
{
	struct postmap *p = arg;
	struct buf *b = app_out(p->app);

	buf_put(b, key);
	buf_puts(b, p->gap);
	buf_put(b, value);
	buf_putc(b, '\n');
	return !p->app->is_lost;
}

static int
list(struct postmap *p)
{
	enum rc rc = RC_OK;

	for (int i = 0; i < p->lists_n && rc == RC_OK; i++)
		rc = table_each(&p->list[i], see, p);
	if (rc == RC_NONE)
		app_say(p->app, "tables of this type cannot be listed");
	return code_of(rc);
}

/* ---- making -------------------------------------------------------------- */

/* The file of [TYPE:]FILE, if it is of a type that we write. */
static int
take_file(struct postmap *p, const char *name)
{
	size_t colon = span_find(span_of(name), ':');

	p->job.path = name;
	if (name[colon] == '\0')
		return EXIT_OK;
	p->job.path = name + colon + 1;
	if (p->job.path[0] != '\0' && span_index("cdb hash btree dbm lmdb sdbm",
	    (struct span){ name, colon }) >= 0)
		return EXIT_OK;
	app_say(p->app, "%s: tables of this type are not compiled; "
		"cdb:FILE are", name);
	return EXIT_ERROR;
}

static int
compile(struct postmap *p, const char *name)
{
	TRY_CODE(take_file(p, name));
	return table_compile(&p->job) == RC_OK ? EXIT_OK : EXIT_ERROR;
}

/* As with -q, one of several tables is enough. */
static int
remove_all(struct postmap *p, const char *key)
{
	int code = EXIT_ERROR;
	enum rc rc;

	for (int i = 0; i < p->app->argc; i++) {
		TRY_CODE(take_file(p, p->app->argv[i]));
		rc = table_remove(&p->job, span_of(key));
		if (rc == RC_OK)
			code = EXIT_OK;
		else if (rc != RC_NONE)
			return EXIT_ERROR;
	}
	return code;
}

/* ---- main ---------------------------------------------------------------- */

static struct postmap *
start(struct app *app, const char *letters, bool is_alias)
{
	struct postmap *p = app_start(app, sizeof(*p), letters, NULL);

	if (p == NULL)
		return NULL;
	if (app_given(app, 'v') != NULL)
		app->log.err_level = LOG_INFO;
	p->app = app;
	p->gap = is_alias ? ":\t" : "\t";
	p->job = (struct table_job){
		.log = &app->log,
		.flags = (is_alias ? TABLE_ALIASES : 0) |
			(app_given(app, 'f') != NULL ? TABLE_KEEP_CASE : 0),
		.is_added = app_given(app, 'i') != NULL,
		.with_nul = app_given(app, 'N') != NULL,
		.keeps_owner = app_given(app, 'o') != NULL,
		.is_public = app_given(app, 'p') != NULL,
		.takes_last = app_given(app, 'r') != NULL,
		.is_silent = app_given(app, 'w') != NULL,
	};
	arena_init(&p->arena, p->arena_room, sizeof(p->arena_room));
	p->env = (struct table_env){ .arena = &p->arena, .log = &app->log };
	return p;
}

static int
run(struct app *app, bool is_alias)
{
	struct postmap *p = start(app, "bc:d:fhiNnopq:rsuUvw", is_alias);
	const char *query_key = app_given(app, 'q');
	const char *removal = app_given(app, 'd');
	bool lists = app_given(app, 's') != NULL;

	if (p == NULL)
		return app->code;
	if ((query_key != NULL) + (removal != NULL) + lists +
	    p->job.is_added > 1)
		return app_usage(app, "-d, -i, -q and -s exclude each other");
	if (app->argc == 0)
		return app_usage(app, "which table?");
	TRY_CODE(app_load(app));
	if (removal != NULL)
		return remove_all(p, removal);
	if (query_key != NULL || lists) {
		TRY_CODE(open_all(p));
		return lists ? list(p) : query(p, query_key);
	}
	for (int i = 0; i < app->argc; i++)
		TRY_CODE(compile(p, app->argv[i]));
	return EXIT_OK;
}

int
app_postmap(struct app *app)
{
	return run(app, false);
}

int
app_postalias(struct app *app)
{
	return run(app, true);
}

/* Each of alias_database, whatever becomes of the others. */
int
app_newaliases(struct app *app)
{
	struct postmap *p = start(app, "c:v", true);
	char text[TEXT_MAX];
	struct span rest, word;
	int code = EXIT_OK;

	if (p == NULL)
		return app->code;
	TRY_CODE(app_load(app));
	rest = app->set.param.set.alias_database;
	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		struct buf b = BUF(text);

		buf_put(&b, word);
		if (b.full || compile(p, buf_text(&b)) != EXIT_OK)
			code = EXIT_ERROR;
	}
	return code;
}
