/*
 * app_self.c - postern under its own name.
 *
 *	postern NAME [ARGUMENT]...	run the applet of that name
 *	postern --list			the applets' names, one in a line
 *	postern --install DIR		a link in DIR for each of them
 *	postern --version
 *	postern --help
 *
 * The links are symbolic, absolute, and lead to the program that is running.
 * A link that stands in DIR under one of the names is replaced (that is how a
 * router's stub of a sendmail gives way); anything else stays, is named, and
 * makes the exit code 73.  The others are made all the same.
 */
#include "applet.h"
#include "port.h"
#include "version.h"

#define PATH_TEXT_MAX	2048	/* two of them fit on a small stack */
#define LINE_MAX	256
#define SUMMARY_COLUMN	18

/* The names, their summaries behind them for who reads --help. */
static bool
list(const struct app *app, bool with_summary)
{
	for (size_t i = 0; applet_at(i) != NULL; i++) {
		const struct applet *a = applet_at(i);
		char line[LINE_MAX];
		struct buf b = BUF(line);

		if (with_summary)
			buf_puts(&b, "  ");
		buf_puts(&b, a->name);
		while (with_summary && b.n < SUMMARY_COLUMN)
			buf_putc(&b, ' ');
		if (with_summary)
			applet_put_summary(a, &b);
		buf_putc(&b, '\n');
		if (!app_print(app, buf_span(&b)))
			return false;
	}
	return true;
}

static int
help(const struct app *app)
{
	int code = app_help(app);

	if (code != EXIT_OK)
		return code;
	return app_print(app, SPAN("\nNames:\n")) && list(app, true) ?
		EXIT_OK : EXIT_CANT_CREATE;
}

/* A link for one name; what became of it is told. */
static bool
install_one(const struct app *app, const char *self, const char *folder,
	const char *name)
{
	char path[PATH_TEXT_MAX];
	struct buf b = BUF(path);

	buf_fmt(&b, "%s/%s", folder, name);
	if (b.full) {
		app_say(app, "the path of the folder is too long");
		return false;
	}
	switch (port_link(self, buf_text(&b))) {
	case RC_OK:
		buf_putc(&b, '\n');
		return app_print(app, buf_span(&b));
	case RC_DENY:
		app_say(app, "%s is in the way: it is no link; move it away,"
			" or install into another folder", path);
		return false;
	default:
		app_say(app, "%s cannot be made: %s", path, port_error());
		return false;
	}
}

static int
install(const struct app *app, const char *folder)
{
	char self[PATH_TEXT_MAX];
	struct buf b = BUF(self);
	bool well = true;

	if (!port_folder_is_writable(folder)) {
		app_say(app, "%s is no folder that can be written to", folder);
		return EXIT_CANT_CREATE;
	}
	if (port_self(&b) != RC_OK && app->program != NULL &&
	    app->program[0] == '/')
		buf_puts(&b, app->program);
	if (b.n == 0 || b.full) {
		app_say(app, "cannot find out where this program is (%s);"
			" call it by its full path", port_error());
		return EXIT_CANT_CREATE;
	}
	for (size_t i = 0; applet_at(i) != NULL; i++)
		well &= install_one(app, buf_text(&b), folder,
			applet_at(i)->name);
	return well ? EXIT_OK : EXIT_CANT_CREATE;
}

int
app_self(struct app *app)
{
	struct span word = span_of(app->argc > 0 ? app->argv[0] : "");

	if (app->argc == 1 && span_is(word, "--help"))
		return help(app);
	if (app->argc == 1 && span_is(word, "--list"))
		return list(app, false) ? EXIT_OK : EXIT_CANT_CREATE;
	if (app->argc == 1 && span_is(word, "--version"))
		return app_print(app, SPAN("postern " POSTERN_VERSION "\n")) ?
			EXIT_OK : EXIT_CANT_CREATE;
	if (app->argc == 2 && span_is(word, "--install"))
		return install(app, app->argv[1]);
	if (span_is(word, "--install"))
		return app_usage(app, "--install wants one folder");
	if (app->argc == 0)
		return app_usage(app, "which applet? --list shows them");
	if (word.n > 0 && word.p[0] != '-')
		return app_usage(app, "there is no applet called %s",
			app->argv[0]);
	return app_usage(app, "%s is not understood", app->argv[0]);
}
