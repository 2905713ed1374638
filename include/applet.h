/*
 * applet.h - the names postern goes by, and what each of them shares: options,
 * exit codes, usage.  Rank 7.
 */
#ifndef POSTERN_APPLET_H
#define POSTERN_APPLET_H

#include "base.h"
#include "log.h"

/* Exit codes, as sysexits.h has them. */
enum {
	EXIT_OK = 0,
	EXIT_ERROR = 1,		/* tools: a name or key was not found */
	EXIT_USAGE = 64,	/* the command line */
	EXIT_DATA = 65,		/* the message cannot be read */
	EXIT_BOUNCED = 69,	/* some bounced, none deferred */
	EXIT_SOFTWARE = 70,
	EXIT_CANT_CREATE = 73,
	EXIT_LATER = 75,	/* some deferred: try again */
	EXIT_CONFIG = 78	/* the settings */
};

struct app {
	const char *name;	/* the applet's */
	char **argv;		/* argv[0] is the first word behind the name */
	int argc;
	struct log log;
};

#define APPLET(name, entry, usage, summary)	int entry(struct app *app);
#include "applet.def"
#undef APPLET

/* `postern: usage...` and a sentence on standard error; EXIT_USAGE. */
int app_usage(const struct app *app, const char *fmt, ...) PRINTF(2, 3);

/*
 * app_option - the next option, in the manner of getopt(3).
 *
 * letters  as of getopt: a colon behind a letter means that it has a value.
 * value    of the option, in the same word or the next one.
 *
 * Returns the letter; 0: no more options, and app->argv is at the first
 * operand; '?': unknown, or the value is missing, *value being the word.
 * `--` ends the options; `--help` comes as 'h' + 256 (APP_HELP).
 */
#define APP_HELP	(256 + 'h')
int app_option(struct app *app, const char *letters, const char **value);
/* Print the applet's usage and what its options mean; EXIT_OK. */
int app_help(const struct app *app, const char *options);

#endif
