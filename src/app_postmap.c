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
/* Of a value, with its gap and line end; and what is gathered of them. */
#define ENTRY_BYTES	((size_t)256 * 1024)
#define OUT_BYTES	(ENTRY_BYTES + IN_BYTES + (size_t)64 * 1024)
#define ARENA_BYTES	((size_t)256 * 1024)
#define TEXT_MAX	1024
#define TABLES_MAX	32	/* asked at once */

struct postmap {
	struct app *app;
	struct app_set set;
	struct table_env env;
	struct table_list list[TABLES_MAX];
	int lists_n;
	struct table_job job;
	const char *folder;
	const char *query, *removal;
	bool lists, header, body;
	struct span gap;		/* between key and value */
	struct buf out;
	bool is_lost;			/* standard output takes nothing */
	struct arena arena;
	size_t in_from, in_n;
	bool in_ended;
	char in[IN_BYTES];
	char out_room[OUT_BYTES];
	char arena_room[ARENA_BYTES];
};

/* ---- streams ------------------------------------------------------------- */

static void
flush(struct postmap *p)
{
	if (p->out.n > 0 && !p->is_lost)
		p->is_lost = !app_print(p->app, buf_span(&p->out));
	buf_clear(&p->out);
}

static void
put(struct postmap *p, struct span s)
{
	while (s.n > 0) {
		struct span some = span_part(s, 0, OUT_BYTES - 1 - p->out.n);

		buf_put(&p->out, some);
		s = span_part(s, some.n, s.n);
		if (p->out.n == OUT_BYTES - 1)
			flush(p);
	}
}

static void
put_entry(struct postmap *p, struct span key, struct span value)
{
	put(p, key);
	put(p, p->gap);
	put(p, value);
	put(p, SPAN("\n"));
}

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
	flush(p);		/* somebody may wait for it to ask on */
	if (port_read(PORT_STDIN, p->in + n, IN_BYTES - n < READ_BYTES ?
	    IN_BYTES - n : READ_BYTES, MS_NEVER, &got) != RC_OK) {
		p->in_ended = true;
		return port_error_is_end() ? RC_NONE : RC_OS;
	}
	p->in_n += got;
	return RC_OK;
}

/* A line that is there already, with its end. */
static bool
line_at_hand(struct postmap *p, struct span *line)
{
	struct span s = { p->in + p->in_from, p->in_n - p->in_from };
	const char *end = s.n > 0 ? memchr(s.p, '\n', s.n) : NULL;

	if (end == NULL)
		return false;
	*line = span_part(s, 0, (size_t)(end - s.p));
	p->in_from += line->n + 1;
	return true;
}

/* The next line of standard input; it stays until the next call. */
static enum rc
next_line(struct postmap *p, struct span *line)
{
	enum rc rc = RC_OK;

	while (!line_at_hand(p, line)) {
		if (rc == RC_OK)
			rc = load(p);
		if (rc == RC_NONE && p->in_n > p->in_from) {
			*line = (struct span){ p->in + p->in_from,
			    p->in_n - p->in_from };	/* without an end */
			p->in_from = p->in_n;
			return RC_OK;
		}
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

/* ---- queries ------------------------------------------------------------- */

/* TYPE:NAME, or NAME with the type that goes without saying. */
static enum rc
open_table(struct postmap *p, const char *name, struct table_list *l)
{
	char text[TEXT_MAX];
	struct buf b = BUF(text);

	if (strchr(name, ':') == NULL)
		buf_fmt(&b, "%.*s:",
		    SPAN_ARG(p->set.param.set.default_database_type));
	buf_puts(&b, name);
	return b.full ? RC_FULL : table_open(l, &p->env, NULL, buf_span(&b),
		p->job.flags);
}

static int
open_all(struct postmap *p)
{
	if (p->app->argc > TABLES_MAX)
		return app_usage(p->app, "more than %d tables", TABLES_MAX);
	for (; p->lists_n < p->app->argc; p->lists_n++) {
		enum rc rc = open_table(p, p->app->argv[p->lists_n],
			&p->list[p->lists_n]);

		if (rc == RC_FULL)
			app_say(p->app, "%s: too long",
				p->app->argv[p->lists_n]);
		if (rc != RC_OK)
			return EXIT_CONFIG;
	}
	return EXIT_OK;
}

static int
ask(struct postmap *p, struct span key, struct buf *value)
{
	enum rc rc = RC_NONE;

	for (int i = 0; i < p->lists_n && rc == RC_NONE; i++)
		rc = table_find(&p->list[i], key, TABLE_ANY, value);
	return rc == RC_OK ? EXIT_OK : rc == RC_NONE ? EXIT_ERROR :
		EXIT_LATER;
}

/* A key that came on standard input.  EXIT_LATER ends it all. */
static int
ask_and_print(struct postmap *p, struct span key, bool *found)
{
	size_t before;
	int code;

	/* The value goes where it is to be printed, without a copy. */
	if (p->out.cap - p->out.n < key.n + ENTRY_BYTES)
		flush(p);
	before = p->out.n;
	buf_put(&p->out, key);
	buf_put(&p->out, p->gap);
	code = ask(p, key, &p->out);
	buf_putc(&p->out, '\n');
	if (code == EXIT_OK)
		*found = true;
	else
		p->out.n = before;
	return code == EXIT_LATER ? code : EXIT_OK;
}

static bool
goes_on(struct span line)
{
	return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

/*
 * -h: the header, a key for each logical line, with the line ends inside it;
 * -b: each line behind it.  `entry` gathers the former.
 */
static int
ask_message(struct postmap *p, struct buf *entry, bool *found)
{
	bool in_header = true;
	struct span line;
	enum rc rc;

	while ((rc = next_line(p, &line)) == RC_OK) {
		if (in_header && goes_on(line) && entry->n > 0) {
			buf_putc(entry, '\n');
			buf_put(entry, line);
			continue;
		}
		if (p->header && entry->n > 0)
			TRY_CODE(ask_and_print(p, buf_span(entry), found));
		buf_clear(entry);
		if (!in_header && p->body)
			TRY_CODE(ask_and_print(p, line, found));
		in_header = in_header && line.n > 0 &&
			span_find(line, ':') < line.n;
		if (in_header)
			buf_put(entry, line);
	}
	if (rc == RC_NONE && p->header && entry->n > 0)
		TRY_CODE(ask_and_print(p, buf_span(entry), found));
	return rc == RC_NONE ? EXIT_OK : EXIT_DATA;
}

static int
ask_lines(struct postmap *p, bool *found)
{
	struct span line[TABLE_SOON_MAX];
	enum rc rc;

	while ((rc = next_line(p, &line[0])) == RC_OK) {
		size_t n = 1;

		while (n < COUNT(line) && line_at_hand(p, &line[n]))
			n++;
		table_soon(&p->list[0], line, n);
		for (size_t i = 0; i < n; i++)
			TRY_CODE(ask_and_print(p, line[i], found));
	}
	return rc == RC_NONE ? EXIT_OK : EXIT_DATA;
}

static int
query_stream(struct postmap *p)
{
	struct buf entry;
	char *memory = port_memory(ENTRY_BYTES);
	bool found = false;
	int code = EXIT_LATER;

	if (memory != NULL) {
		buf_init(&entry, memory, ENTRY_BYTES);
		code = p->header || p->body ?
			ask_message(p, &entry, &found) : ask_lines(p, &found);
	}
	flush(p);
	if (code == EXIT_DATA)
		app_say(p->app, "standard input: a line is too long, or %s",
			port_error());
	return code != EXIT_OK || found ? code : EXIT_ERROR;
}

static int
query(struct postmap *p)
{
	int code;

	TRY_CODE(open_all(p));
	if (strcmp(p->query, "-") == 0)
		return query_stream(p);
	code = ask(p, span_of(p->query), &p->out);
	if (code == EXIT_OK)
		buf_putc(&p->out, '\n');
	return code;
}

static bool
see(void *arg, struct span key, struct span value)
{
	struct postmap *p = arg;

	put_entry(p, key, value);
	return !p->is_lost;
}

static int
list(struct postmap *p)
{
	enum rc rc = RC_OK;

	TRY_CODE(open_all(p));
	for (int i = 0; i < p->lists_n && rc == RC_OK; i++)
		rc = table_each(&p->list[i], see, p);
	if (rc == RC_NONE)
		app_say(p->app, "tables of this type cannot be listed");
	return rc == RC_OK ? EXIT_OK : rc == RC_NONE ? EXIT_ERROR :
		EXIT_LATER;
}

/* ---- making -------------------------------------------------------------- */

/* The file of [TYPE:]FILE, if it is of a type that we write. */
static int
file_of(struct postmap *p, const char *name, const char **path)
{
	static const char *const types[] = {
		"cdb", "hash", "btree", "dbm", "lmdb", "sdbm"
	};
	struct span s = span_of(name);
	size_t colon = span_find(s, ':');
	struct span type = span_part(s, 0, colon);

	if (colon == s.n) {
		*path = name;
		return EXIT_OK;
	}
	*path = name + colon + 1;
	for (size_t i = 0; i < COUNT(types); i++)
		if (span_is(type, types[i]) && (*path)[0] != '\0')
			return EXIT_OK;
	app_say(p->app, "%s: tables of this type are not compiled; "
		"cdb:FILE are", name);
	return EXIT_ERROR;
}

static int
compile(struct postmap *p, const char *name)
{
	TRY_CODE(file_of(p, name, &p->job.path));
	return table_compile(&p->job) == RC_OK ? EXIT_OK : EXIT_ERROR;
}

static int
compile_all(struct postmap *p)
{
	for (int i = 0; i < p->app->argc; i++)
		TRY_CODE(compile(p, p->app->argv[i]));
	return EXIT_OK;
}

/* As with -q, one of several tables is enough. */
static int
remove_all(struct postmap *p)
{
	int code = EXIT_ERROR;
	enum rc rc;

	for (int i = 0; i < p->app->argc; i++) {
		TRY_CODE(file_of(p, p->app->argv[i], &p->job.path));
		rc = table_remove(&p->job, span_of(p->removal));
		if (rc != RC_OK && rc != RC_NONE)
			return EXIT_ERROR;
		if (rc == RC_OK)
			code = EXIT_OK;
	}
	return code;
}

/* ---- main ---------------------------------------------------------------- */

static int
one_option(struct postmap *p, int letter, const char *value)
{
	switch (letter) {
	case 'b': p->body = true; break;
	case 'c': p->folder = value; break;
	case 'd': p->removal = value; break;
	case 'f': p->job.flags |= TABLE_KEEP_CASE; break;
	case 'h': p->header = true; break;
	case 'i': p->job.is_added = true; break;
	case 'N': p->job.with_nul = true; break;
	case 'n': p->job.with_nul = false; break;
	case 'o': p->job.keeps_owner = true; break;
	case 'p': p->job.is_public = true; break;
	case 'q': p->query = value; break;
	case 'r': p->job.takes_last = true; break;
	case 's': p->lists = true; break;
	case 'u': case 'U': break;
	case 'v': p->app->log.err_level = LOG_INFO; break;
	case 'w': p->job.is_silent = true; break;
	case 'F': case 'm':
		return app_usage(p->app, "-%c is not supported yet", letter);
	default:
		return app_usage(p->app, "%s: no such option, or its value "
		    "is missing", value);
	}
	return EXIT_OK;
}

static int
work(struct postmap *p)
{
	if ((p->query != NULL) + (p->removal != NULL) + p->lists +
	    p->job.is_added > 1)
		return app_usage(p->app, "-d, -i, -q and -s exclude each "
		    "other");
	if (p->app->argc == 0)
		return app_usage(p->app, "which table?");
	TRY_CODE(app_set_load(&p->set, p->app, p->folder, false));
	if (p->query != NULL)
		return query(p);
	if (p->lists)
		return list(p);
	return p->removal != NULL ? remove_all(p) : compile_all(p);
}

static struct postmap *
start(struct app *app, unsigned flags, const char *gap)
{
	struct postmap *p = app_memory(app, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->app = app;
	p->gap = span_of(gap);
	p->job.log = &app->log;
	p->job.flags = flags;
	arena_init(&p->arena, p->arena_room, sizeof(p->arena_room));
	p->env = (struct table_env){ .arena = &p->arena, .log = &app->log };
	buf_init(&p->out, p->out_room, sizeof(p->out_room));
	return p;
}

static int
run(struct app *app, unsigned flags, const char *gap)
{
	struct postmap *p = start(app, flags, gap);
	const char *value = NULL;
	int letter, code;

	if (p == NULL)
		return EXIT_LATER;
	while ((letter = app_option(app, "bc:d:fFhimNnopq:rsuUvw", &value)) !=
	    0) {
		if (letter == APP_HELP)
			return app_help(app);
		TRY_CODE(one_option(p, letter, value));
	}
	code = work(p);
	flush(p);
	return p->is_lost ? EXIT_CANT_CREATE : code;
}

int
app_postmap(struct app *app)
{
	return run(app, 0, "\t");
}

int
app_postalias(struct app *app)
{
	return run(app, TABLE_ALIASES, ":\t");
}

/* Each of alias_database, whatever becomes of the others. */
int
app_newaliases(struct app *app)
{
	struct postmap *p = start(app, TABLE_ALIASES, ":\t");
	const char *value = NULL;
	char text[TEXT_MAX];
	struct span rest, word;
	int letter, code = EXIT_OK;

	if (p == NULL)
		return EXIT_LATER;
	while ((letter = app_option(app, "c:v", &value)) != 0) {
		if (letter == APP_HELP)
			return app_help(app);
		if (letter == '?')
			return app_usage(app, "%s: no such option", value);
		TRY_CODE(one_option(p, letter, value));
	}
	TRY_CODE(app_set_load(&p->set, app, p->folder, false));
	rest = p->set.param.set.alias_database;
	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		struct buf b = BUF(text);

		buf_put(&b, word);
		if (b.full || compile(p, buf_text(&b)) != EXIT_OK)
			code = EXIT_ERROR;
	}
	return code;
}
