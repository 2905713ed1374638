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
#include <string.h>

#include "applet.h"
#include "port.h"
#include "version.h"

#define PATH_TEXT_MAX	2048	/* two of them fit on a small stack */
#define SUMMARY_COLUMN	18

/* The names, their summaries behind them for who reads --help. */
static int
list(struct app *app, bool with_summary)
{
	const struct applet *a;
	struct buf *b = app_out(app);

	for (size_t i = 0; (a = applet_at(i)) != NULL; i++) {
		size_t end = b->n + SUMMARY_COLUMN;

		buf_fmt(b, with_summary ? "  %s" : "%s\n", a->name);
		while (with_summary && b->n < end)
			buf_putc(b, ' ');
		if (with_summary) {
			applet_put_summary(a, b);
			buf_putc(b, '\n');
		}
	}
	return EXIT_OK;
}

static int
help(struct app *app)
{
	app_help(app);
	buf_puts(&app->out, "\nNames:\n");
	return list(app, true);
}

/* A link for one name; what became of it is told. */
static int
install_one(struct app *app, const char *self, const char *folder,
	const char *name)
{
	char path[PATH_TEXT_MAX];
	struct buf b = BUF(path);
	enum rc rc;

	buf_fmt(&b, "%s/%s", folder, name);
	rc = b.full ? RC_FULL : port_link(self, buf_text(&b));
	if (rc == RC_OK) {
		buf_fmt(app_out(app), "%s\n", path);
		return EXIT_OK;
	}
	if (rc == RC_DENY)
		app_say(app, "%s is in the way: it is no link; move it away,"
			" or install into another folder", path);
	else
		app_say(app, "%s/%s cannot be made: %s", folder, name,
			rc == RC_FULL ? "its path is too long" : port_error());
	return EXIT_CANT_CREATE;
}

static int
install(struct app *app, const char *folder)
{
	char self[PATH_TEXT_MAX];
	struct buf b = BUF(self);
	const struct applet *a;
	int code = EXIT_OK;

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
	(void)buf_text(&b);
	for (size_t i = 0; (a = applet_at(i)) != NULL; i++)
		code |= install_one(app, self, folder, a->name);
	return code;
}

int
app_self(struct app *app)
{
	const char *word = app->argc > 0 ? app->argv[0] : "";

	if (app->argc == 2 && strcmp(word, "--install") == 0)
		return install(app, app->argv[1]);
	if (app->argc == 1 && strcmp(word, "--help") == 0)
		return help(app);
	if (app->argc == 1 && strcmp(word, "--list") == 0)
		return list(app, false);
	if (app->argc == 1 && strcmp(word, "--version") == 0) {
		buf_puts(app_out(app), "postern " POSTERN_VERSION "\n");
		return EXIT_OK;
	}
	if (app->argc == 0)
		return app_usage(app, "which applet? --list shows them");
	return app_usage(app, word[0] != '-' ? "there is no applet called %s" :
		"%s is not understood, or needs one folder", word);
}
