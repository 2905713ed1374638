/*
 * applet.c - which program is meant, and what all of them share: options,
 * usage, sentences on standard error.
 */
#include <stdarg.h>

#include "applet.h"
#include "applet_rows.h"
#include "port.h"

#define SENTENCE_MAX	(LOG_LINE_MAX + 256)	/* a longer one is cut */
#define USAGE_MAX	512
#define OUT_LONG	((size_t)48 * 1024)	/* to be written */
#define TAG_MAX		64	/* `postfix/NAME` */

static const struct applet applets[] = {
#define APPLET(name, entry, ...)	{ name, entry },
#include "applet.def"
};

const struct applet *
applet_at(size_t index)
{
	return index < COUNT(applets) ? &applets[index] : NULL;
}

const struct applet *
applet_find(struct span name)
{
	for (size_t i = 0; i < COUNT(applets); i++)
		if (span_is(name, applets[i].name))
			return &applets[i];
	return NULL;
}

/*
 * The packed texts of an applet, NULL: of postern itself.  After an octet with
 * the number of lines of help come usage, summary, and these lines.
 */
static const uint8_t *
texts_of(const struct applet *a)
{
	size_t before = a == NULL ? 0 : (size_t)(a - applets) + 1;
	const uint8_t *at = rows;
	unsigned n;

	for (; before > 0; before--)
		for (n = *at++ + 2u; n > 0; n--)
			at = pack_skip(texts, at);
	return at;
}

void
applet_put_summary(const struct applet *a, struct buf *out)
{
	(void)pack_put(out, texts, pack_skip(texts, texts_of(a) + 1));
}

static void
next_word(struct app *app)
{
	app->argv++;
	app->argc--;
}

/* `/usr/sbin/sendmail` is sendmail. */
static struct span
base_name(const char *path)
{
	struct span s = span_of(path);
	size_t slash = span_find_last(s, '/');

	return slash < s.n ? span_tail(s, slash + 1) : s;
}

static int
run(const char *name, int (*entry)(struct app *app), struct app *app)
{
	char tag[TAG_MAX];
	struct buf b = BUF(tag);
	int code;

	app->name = name;
	buf_fmt(&b, "postfix/%s", name);	/* until syslog_name is read */
	log_init(&app->log, buf_span(&b));
	code = entry(app);
	return app_flush(app) ? code : EXIT_CANT_CREATE;
}

int
applet_main(int argc, char **argv)
{
	struct app app = { .argv = argv, .argc = argc };
	const struct applet *what = NULL;

	if (argc > 0) {		/* execve(2) allows less */
		app.program = argv[0];
		next_word(&app);
		what = applet_find(base_name(argv[0]));
	}
	if (argc > 1 && what == NULL) {
		what = applet_find(span_of(argv[1]));
		if (what != NULL)
			next_word(&app);
	}
	return what != NULL ? run(what->name, what->run, &app) :
		run("postern", app_self, &app);
}

/* What follows the letter in its word, or the next word. */
static bool
take_value(struct app *app, const char **value)
{
	if (app->rest[0] != '\0') {
		*value = app->rest;
		app->rest = NULL;
		next_word(app);
		return true;
	}
	if (app->argc < 2)
		return false;
	*value = app->argv[1];
	app->rest = NULL;
	next_word(app);
	next_word(app);
	return true;
}

/* The letter at app->rest, which is not at the end of its word. */
static int
take_letter(struct app *app, const char *letters, const char **value)
{
	struct span known = span_of(letters);
	char c = *app->rest++;
	size_t i = span_find(known, c);

	*value = app->argv[0];
	if (c == ':' || i == known.n)
		return '?';
	if (i + 1 < known.n && letters[i + 1] == ':')
		return take_value(app, value) ? (unsigned char)c : '?';
	if (app->rest[0] == '\0') {
		app->rest = NULL;
		next_word(app);
	}
	return (unsigned char)c;
}

int
app_option(struct app *app, const char *letters, const char **value)
{
	struct span word;

	*value = "";
	if (app->rest != NULL)
		return take_letter(app, letters, value);
	if (app->argc < 1)
		return 0;
	word = span_of(app->argv[0]);
	if (span_is(word, "--help"))
		return APP_HELP;
	if (span_is(word, "--")) {
		next_word(app);
		return 0;
	}
	if (word.n < 2 || word.p[0] != '-')
		return 0;
	app->rest = word.p + 1;
	return take_letter(app, letters, value);
}

void
app_rest(struct app *app)
{
	if (app->rest == NULL)
		return;
	app->rest = NULL;
	next_word(app);
}

/* How to call it: `postern sendmail`, whatever the link was. */
static void
put_command(struct buf *b, const struct app *app)
{
	buf_puts(b, "postern");
	if (!span_is(span_of(app->name), "postern")) {
		buf_putc(b, ' ');
		buf_puts(b, app->name);
	}
}

/* The sentence, in one line, behind the program's name. */
static void
say(const struct app *app, bool to_log, const char *fmt, va_list ap)
{
	char text[SENTENCE_MAX];
	struct buf b = BUF(text);
	struct log log = app->log;
	size_t from;

	put_command(&b, app);
	buf_puts(&b, ": ");
	from = b.n;
	b.cap--;		/* for the newline */
	buf_vfmt_cut(&b, fmt, ap);
	text_mask(&b, from);
	log.to_stderr = false;		/* it is there already */
	if (to_log)
		log_line(&log, LOG_ERROR, "%s", buf_text(&b) + from);
	b.cap++;
	buf_putc(&b, '\n');
	port_err(buf_span(&b));
}

void
app_say(const struct app *app, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(app, false, fmt, ap);
	va_end(ap);
}

void
app_fail(const struct app *app, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(app, true, fmt, ap);
	va_end(ap);
}

static void
put_usage(struct buf *b, const struct app *app, const struct applet *a)
{
	buf_puts(b, "usage: ");
	put_command(b, app);
	buf_putc(b, ' ');
	(void)pack_put(b, texts, texts_of(a) + 1);
	buf_putc(b, '\n');
}

int
app_usage(const struct app *app, const char *fmt, ...)
{
	char line[USAGE_MAX];
	struct buf b = BUF(line);
	va_list ap;

	va_start(ap, fmt);
	say(app, false, fmt, ap);
	va_end(ap);
	put_usage(&b, app, applet_find(span_of(app->name)));
	put_command(&b, app);
	buf_puts(&b, " --help tells more\n");
	port_err(buf_span(&b));
	return EXIT_USAGE;
}

/* ---- standard output ----------------------------------------------------- */

struct buf *
app_out(struct app *app)
{
	const size_t bytes = APP_OUT_ROOM + OUT_LONG;

	if (app->out.p == NULL && !app->out.full) {
		app->out.p = port_memory(bytes);
		app->out.cap = app->out.p != NULL ? bytes : 0;
	}
	if (app->out.n >= OUT_LONG)
		app_flush(app);
	return &app->out;
}

bool
app_flush(struct app *app)
{
	struct span text = buf_span(&app->out);

	if (!app->is_lost && (app->out.full || (text.n > 0 &&
	    port_out(text) != RC_OK))) {
		app->is_lost = true;	/* saying it once is enough */
		app_say(app, "standard output cannot be written: %s",
			port_error());
	}
	buf_clear(&app->out);
	return !app->is_lost;
}

bool
app_print(struct app *app, struct span text)
{
	buf_put(app_out(app), text);
	return app_flush(app);
}

int
app_help(struct app *app)
{
	const struct applet *a = applet_find(span_of(app->name));
	const uint8_t *at = texts_of(a);
	struct buf *b = app_out(app);
	unsigned n;

	put_usage(b, app, a);
	if (a != NULL) {
		applet_put_summary(a, b);
		buf_putc(b, '\n');
	}
	while (*at == 0)	/* as the one before */
		at = texts_of(--a);
	n = *at++;
	at = pack_skip(texts, pack_skip(texts, at));
	while (n-- > 0) {
		at = pack_put(b, texts, at);
		buf_putc(b, '\n');
	}
	return EXIT_OK;
}

/* ---- all that an applet begins with -------------------------------------- */

void *
app_memory(const struct app *app, size_t bytes)
{
	void *p = port_memory(bytes);

	if (p == NULL)
		app_fail(app, "out of memory; nothing was done");
	return p;
}

static int
take_option(struct app *app, const char *letters, int letter,
	const char *value, app_take *take)
{
	if (letter == '?')
		return app_usage(app, "%s is not understood, or lacks a value",
			value);
	if (letter == 'o' && letters[0] == 'o')
		return app_set_option(app, value);
	app->given[letter - 'A'] = value;
	return take != NULL ? take(app, letter, value) : EXIT_OK;
}

void *
app_start(struct app *app, size_t bytes, const char *letters,
	app_take *take)
{
	const char *value;
	int letter;

	app->code = EXIT_LATER;
	app->call = bytes > 0 ? app_memory(app, bytes) : app;
	while (app->call != NULL &&
	    (letter = app_option(app, letters, &value)) != 0) {
		app->code = letter == APP_HELP ? app_help(app) :
			take_option(app, letters, letter, value, take);
		if (letter == APP_HELP || app->code != EXIT_OK)
			return NULL;
	}
	return app->call;
}

int
app_no_words(const struct app *app)
{
	return app->argc < 1 ? EXIT_OK : app_usage(app,
		"%s: no operands are wanted", app->argv[0]);
}

int
app_load(struct app *app)
{
	return app_set_load(&app->set, app, app_given(app, 'c'), false);
}

int
app_queue(struct app *app, bool for_all)
{
	enum rc rc;

	TRY_CODE(app_load(app));
	rc = queue_open(&app->q, &app->set.param, &app->log);
	app->is_stranger = rc == RC_DENY;
	if (rc == RC_OK || (for_all && app->is_stranger))
		return EXIT_OK;
	if (app->is_stranger)
		app_say(app, "only root may do this with the queue");
	else
		app_say(app, "there is no queue in queue_directory = %.*s",
			SPAN_ARG(app->set.param.set.queue_directory));
	return EXIT_UNAVAILABLE;
}
