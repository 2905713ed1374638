/*
 * app_set.c - the settings of an applet.
 */
#include "applet.h"
#include "port.h"

/* Far more than any main.cf; what is not touched costs nothing. */
#define SET_BYTES	((size_t)64 * 1024)

/* For the options and, behind them, a load, which may be made again. */
static bool
take_memory(struct app_set *s, const struct app *app)
{
	void *memory;

	if (s->arena.p != NULL)
		return true;
	memory = app_memory(app, SET_BYTES);
	if (memory != NULL)
		arena_init(&s->arena, memory, SET_BYTES);
	return memory != NULL;
}

int
app_set_option(struct app *app, const char *option)
{
	struct app_set *s = &app->set;

	if (s->options == NULL && take_memory(s, app)) {
		s->options = arena_take(&s->arena,
			APP_OPTIONS_MAX * sizeof(*s->options));
		s->options_used = s->arena.used;
	}
	if (s->options == NULL)
		return EXIT_LATER;
	if (s->options_n == APP_OPTIONS_MAX)
		return app_usage(app, "more than %d -o are too many",
			APP_OPTIONS_MAX);
	s->options[s->options_n++] = option;
	return EXIT_OK;
}

/* It lies behind the settings. */
void
app_set_tag(struct app_set *s, struct app *app)
{
	struct buf b = arena_room(&s->arena);

	buf_fmt(&b, "%.*s/%s", SPAN_ARG(s->param.set.syslog_name), app->name);
	app->log.facility = s->param.set.syslog_facility;
	if (b.full)
		return;
	arena_keep(&s->arena, &b);
	app->log.tag = buf_span(&b);
}

static bool
may_log_to(const struct settings *set)
{
	struct span rest = set->maillog_file_prefixes, prefix;

	while (span_word(&rest, LIST_DIVIDERS, &prefix))
		if (span_eq(span_head(set->maillog_file, prefix.n), prefix))
			return true;
	return false;
}

/* maillog_file; a name that it may not have is passed over only by those who
   must take mail whatever is wrong. */
static int
open_log(struct app_set *s, struct app *app)
{
	const struct settings *set = &s->param.set;
	struct span file = { NULL, 0 };

	if (set->maillog_file.n > 0 && !may_log_to(set)) {
		app_fail(app, "maillog_file = %.*s begins with none of"
			" maillog_file_prefixes = %.*s",
			SPAN_ARG(set->maillog_file),
			SPAN_ARG(set->maillog_file_prefixes));
		if (!s->is_lenient)
			return EXIT_CONFIG;
	} else if (set->maillog_file.n > 0 &&
	    arena_copy(&s->arena, set->maillog_file, &file) != RC_OK) {
		app_fail(app, "maillog_file: out of memory");
		return EXIT_LATER;
	}
	app->log.file = file.p;
	app->log.host = set->myhostname;
	app->log.as_json = set->postern_maillog_json;
	return EXIT_OK;
}

int
app_set_load(struct app_set *s, struct app *app, const char *folder,
	bool is_lmtp)
{
	struct param_from from = {
		.folder = folder,
		.options = s->options,
		.options_n = s->options_n,
		.program = app->name,
		.is_lmtp = is_lmtp,
		.log = &app->log,
	};
	struct buf why = BUF(s->why_text), unused = BUF(s->unused_text);
	enum rc rc;

	if (!take_memory(s, app))
		return EXIT_LATER;
	for (;;) {
		s->arena.used = s->options_used;
		rc = param_load(&s->param, &from, &s->arena,
			from.is_lenient ? &unused : &why);
		if (rc == RC_OK || !s->is_lenient || from.is_lenient)
			break;
		s->is_bad = true;
		from.is_lenient = true;
		from.log = NULL;	/* `why` is enough */
	}
	(void)buf_text(&why);
	if (rc == RC_OK) {
		TRY_CODE(open_log(s, app));
		app_set_tag(s, app);
		return EXIT_OK;
	}
	app_fail(app, "%s", s->why_text);
	return EXIT_CONFIG;
}
