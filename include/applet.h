/*
 * applet.h - the names postern goes by, and what each of them shares: options,
 * exit codes, usage.  Rank 7.
 */
#ifndef POSTERN_APPLET_H
#define POSTERN_APPLET_H

#include "base.h"
#include "log.h"
#include "param.h"
#include "queue.h"

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
	size_t options_n;
	size_t options_used;		/* of the arena, ahead of a load */
	const char **options;		/* in the arena, if there are any */
	struct arena arena;
	struct param param;
	char why_text[1024], unused_text[16];
};

/* What each of them has; app_start() fills it. */
struct app {
	const char *name;	/* the applet's */
	char **argv;		/* argv[0] is the first word behind the name */
	int argc;
	int code;		/* where app_start() ends the applet */
	bool is_lost;		/* standard output takes nothing: it was said */
	bool is_stranger;	/* only drop of the queue is open to the user */
	const char *program;	/* as it was called: argv[0] of main() */
	const char *rest;	/* letters of a word of options, not yet read */
	void *call;		/* the applet's own */
	struct buf out;		/* for standard output: app_out() */
	struct log log;
	const char *given['z' - 'A' + 1];	/* by app_given() */
	struct app_set set;
	struct queue q;		/* opened by app_queue() */
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

/* Of an option, for app_usage(): its letter and its value are wrong. */
#define APP_NO_VALUE	"-%c %s is not understood"

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
 * app_start - memory for what is the applet's own, zeroed, and its options.
 * Without any (0 bytes) the result is just not NULL.
 *
 * The last value of each letter is what app_given() gives from then on, for
 * those without one what is not NULL.
 *
 * letters  as of app_option(); `o:` in front, and nowhere else, is the -o
 *          NAME=VALUE that all tools have.
 * take     is told of each letter in its order, and returns an exit code; NULL:
 *          no need.
 *
 * NULL: that is the end, with app->code.
 */
typedef int app_take(struct app *app, int letter, const char *value);
void *app_start(struct app *app, size_t bytes, const char *letters,
	app_take *take);

/* Puts out what applet.def says of the applet; EXIT_OK. */
int app_help(struct app *app);

/* NULL: it was not given. */
static inline const char *
app_given(const struct app *app, char letter)
{
	return app->given[letter - 'A'];
}

/* EXIT_OK, or EXIT_USAGE if there are operands. */
int app_no_words(const struct app *app);

/* The settings, by -c and -o.  EXIT_OK, or why not, which was said. */
int app_load(struct app *app);
/*
 * The same, and the queue.
 *
 * for_all  who may not read it is app->is_stranger, and goes on.
 */
int app_queue(struct app *app, bool for_all);

/* Keeps one -o; the text is borrowed.  EXIT_OK or EXIT_USAGE. */
int app_set_option(struct app *app, const char *option);
/*
 * app_set_load - settings from main.cf and the -o that were kept; the log of
 * the applet follows them.  With a sentence, EXIT_CONFIG or, for want of
 * memory, EXIT_LATER.
 */
int app_set_load(struct app_set *s, struct app *app, const char *folder,
	bool is_lmtp);
/* The log's tag follows app->name, as `postfix/sendmail`. */
void app_set_tag(struct app_set *s, struct app *app);

/* Zeroed, for as long as the process lives.  NULL: no more, which was said. */
MUST_USE void *app_memory(const struct app *app, size_t bytes);

/*
 * app_out - standard output, to be filled: there is room for APP_OUT_ROOM
 * octets.  It is written when it is long, and when the applet returns.
 */
#define APP_OUT_ROOM	((size_t)448 * 1024)
struct buf *app_out(struct app *app);
/*
 * app_flush - what is in it is written now.  false: it can't be, which has been
 * said, or something got too long; the exit code will be EXIT_CANT_CREATE.
 */
bool app_flush(struct app *app);
/* Both at once. */
bool app_print(struct app *app, struct span text);

/* One sentence on standard error, behind the program's name. */
void app_say(const struct app *app, const char *fmt, ...) PRINTF(2, 3);
/* The same, and to the system's log, as a caller may not be listening. */
void app_fail(const struct app *app, const char *fmt, ...) PRINTF(2, 3);

#endif
