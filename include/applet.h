/*
 * applet.h - the names postern goes by, and what each of them shares: options,
 * exit codes, usage.  Rank 7.
 */
#ifndef POSTERN_APPLET_H
#define POSTERN_APPLET_H

#include "base.h"
#include "log.h"
#include "param.h"

/* Exit codes, as sysexits.h has them. */
enum {
	EXIT_OK = 0,
	EXIT_ERROR = 1,		/* tools: a name or key was not found */
	EXIT_USAGE = 64,	/* the command line */
	EXIT_DATA = 65,		/* the message cannot be read */
	EXIT_BOUNCED = 69,	/* some bounced, none deferred */
	EXIT_UNAVAILABLE = 69,	/* tools: there is no queue, or no manager */
	EXIT_CANT_CREATE = 73,	/* a file, or standard output */
	EXIT_LATER = 75,	/* some deferred: try again */
	EXIT_CONFIG = 78	/* the settings */
};

struct app {
	const char *name;	/* the applet's */
	char **argv;		/* argv[0] is the first word behind the name */
	int argc;
	const char *program;	/* as it was called: argv[0] of main() */
	const char *rest;	/* letters of a word of options, not yet read */
	struct log log;
};

/* Pass on any exit code but EXIT_OK. */
#define TRY_CODE(step) \
	do { \
		int try_code_ = (step); \
		if (try_code_ != EXIT_OK) \
			return try_code_; \
	} while (0)

#define APPLET(name, entry, ...)	int entry(struct app *app);
#include "applet.def"

/* `postern` under its own name: --help, --list, --version, --install DIR. */
int app_self(struct app *app);

/* A row of applet.def. */
struct applet {
	const char *name;
	int (*run)(struct app *app);
};

/* The applet in this place of the list; NULL: there are no more. */
const struct applet *applet_at(size_t index);
/* NULL: there is none of that name. */
const struct applet *applet_find(struct span name);

/* What it does, in a few words. */
void applet_put_summary(const struct applet *a, struct buf *out);

/*
 * applet_main - run the applet that argv[0] or, failing that, argv[1] names,
 * and else app_self().  Returns the exit code.
 */
int applet_main(int argc, char **argv);

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
/* Leaves out the letters of the word that have not been read. */
void app_rest(struct app *app);

/*
 * struct app_set - the settings of an applet, and the -o of its command line.
 */
#define APP_OPTIONS_MAX	100
struct app_set {
	/*
	 * What is wrong stops nobody: it is in why_text, is_bad says so, and
	 * the defaults hold in its place (struct param_from, is_lenient).
	 */
	bool is_lenient, is_bad;
	struct param param;
	struct arena arena;
	size_t options_n;
	size_t options_used;		/* of the arena, ahead of a load */
	const char **options;		/* in the arena, if there are any */
	char why_text[1024], unused_text[16];
};

/* Keeps one -o; the text is borrowed.  EXIT_OK or EXIT_USAGE. */
int app_set_option(struct app_set *s, const struct app *app,
	const char *option);
/*
 * app_set_load - settings from main.cf and the -o that were kept; the log of
 * the applet follows them.  With a sentence, EXIT_CONFIG or, for want of
 * memory, EXIT_LATER.
 */
int app_set_load(struct app_set *s, struct app *app, const char *folder,
	bool is_lmtp);
/* The log's tag follows app->name, as `postfix/sendmail`. */
void app_set_tag(struct app_set *s, struct app *app);

/*
 * app_set_take - the letters that all tools have: -c DIR goes to *folder, -o
 * NAME=VALUE to the settings; any other is not understood.
 */
int app_set_take(struct app_set *s, const struct app *app,
	const char **folder, int letter, const char *value);

/* Zeroed, for as long as the process lives.  NULL: no more, which was said. */
MUST_USE void *app_memory(const struct app *app, size_t bytes);

/*
 * app_help - print what applet.def says of the applet.  EXIT_OK, or
 * EXIT_CANT_CREATE if standard output takes nothing.
 */
int app_help(const struct app *app);
/*
 * app_print - text to standard output; false: it cannot be written, which has
 * been said on standard error.
 */
MUST_USE bool app_print(const struct app *app, struct span text);
/* One sentence on standard error, behind the program's name. */
void app_say(const struct app *app, const char *fmt, ...) PRINTF(2, 3);
/* The same, and to the system's log, as a caller may not be listening. */
void app_fail(const struct app *app, const char *fmt, ...) PRINTF(2, 3);

#endif
