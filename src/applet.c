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
#define HELP_MAX	2048
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

/* `/usr/sbin/sendmail` is sendmail. */
static struct span
base_name(const char *path)
{
	struct span s = span_of(path);
	size_t slash = span_find_last(s, '/');

	return slash < s.n ? span_part(s, slash + 1, s.n) : s;
}

static int
run(const struct applet *what, struct app *app)
{
	char tag[TAG_MAX];
	struct buf b = BUF(tag);

	app->name = what->name;
	buf_puts(&b, "postfix/");	/* until syslog_name has been read */
	buf_puts(&b, what->name);
	log_init(&app->log, buf_span(&b));
	return what->run(app);
}

int
applet_main(int argc, char **argv)
{
	static const struct applet self = { "postern", app_self };
	struct app app = { .argv = argv, .argc = argc };
	const struct applet *what;

	if (argc < 1)	/* execve(2) allows it */
		return run(&self, &app);
	app.program = argv[0];
	app.argv++;
	app.argc--;
	if ((what = applet_find(base_name(argv[0]))) != NULL)
		return run(what, &app);
	if (argc < 2 || (what = applet_find(span_of(argv[1]))) == NULL)
		return run(&self, &app);
	app.argv++;
	app.argc--;
	return run(what, &app);
}

static void
next_word(struct app *app)
{
	app->argv++;
	app->argc--;
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

/* The sentence in `room`, one line; its text without the program's name. */
static struct span
say(const struct app *app, struct buf *room, const char *fmt, va_list ap)
{
	size_t from;

	put_command(room, app);
	buf_puts(room, ": ");
	from = room->n;
	room->cap--;		/* for the newline */
	buf_vfmt_cut(room, fmt, ap);
	text_mask(room, from);
	room->cap++;
	buf_putc(room, '\n');
	port_err(buf_span(room));
	return span_trim(span_part(buf_span(room), from, room->n));
}

void
app_say(const struct app *app, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	struct buf b = BUF(text);
	va_list ap;

	va_start(ap, fmt);
	say(app, &b, fmt, ap);
	va_end(ap);
}

void
app_fail(const struct app *app, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	struct buf b = BUF(text);
	struct log log = app->log;
	struct span sentence;
	va_list ap;

	va_start(ap, fmt);
	sentence = say(app, &b, fmt, ap);
	va_end(ap);
	log.to_stderr = false;		/* it is there already */
	log_line(&log, LOG_ERROR, "%.*s", SPAN_ARG(sentence));
}

void *
app_memory(const struct app *app, size_t bytes)
{
	void *p = port_memory(bytes);

	if (p == NULL)
		app_fail(app, "out of memory; nothing was done");
	return p;
}

static void
put_usage(struct buf *b, const struct app *app)
{
	const struct applet *a = applet_find(span_of(app->name));

	buf_puts(b, "usage: ");
	put_command(b, app);
	buf_putc(b, ' ');
	(void)pack_put(b, texts, texts_of(a) + 1);
	buf_putc(b, '\n');
}

int
app_usage(const struct app *app, const char *fmt, ...)
{
	char text[SENTENCE_MAX], line[USAGE_MAX];
	struct buf t = BUF(text), b = BUF(line);
	va_list ap;

	va_start(ap, fmt);
	say(app, &t, fmt, ap);
	va_end(ap);
	put_usage(&b, app);
	put_command(&b, app);
	buf_puts(&b, " --help tells more\n");
	port_err(buf_span(&b));
	return EXIT_USAGE;
}

bool
app_print(const struct app *app, struct span text)
{
	if (port_out(text) == RC_OK)
		return true;
	app_say(app, "standard output cannot be written: %s", port_error());
	return false;
}

int
app_help(const struct app *app)
{
	const struct applet *a = applet_find(span_of(app->name));
	const uint8_t *at = texts_of(a);
	char text[HELP_MAX];
	struct buf b = BUF(text);
	unsigned n;

	put_usage(&b, app);
	if (a != NULL) {
		applet_put_summary(a, &b);
		buf_putc(&b, '\n');
	}
	while (*at == 0)	/* as the one before */
		at = texts_of(--a);
	n = *at++;
	at = pack_skip(texts, pack_skip(texts, at));
	while (n-- > 0) {
		at = pack_put(&b, texts, at);
		buf_putc(&b, '\n');
	}
	return app_print(app, buf_span(&b)) ? EXIT_OK : EXIT_CANT_CREATE;
}
