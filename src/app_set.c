/*
 * app_set.c - the settings of an applet.
 */
#include "applet.h"
#include "port.h"

/* Far more than any main.cf; what is not touched costs nothing. */
#define SET_BYTES	((size_t)64 * 1024)

int
app_set_option(struct app_set *s, const struct app *app, const char *option)
{
	if (s->options_n == COUNT(s->options))
		return app_usage(app, "more than %d -o are too many",
			APP_OPTIONS_MAX);
	s->options[s->options_n++] = option;
	return EXIT_OK;
}

/* `postfix/sendmail`; it lies behind the settings. */
static void
name_log(struct app_set *s, struct app *app)
{
	struct span name = s->param.set.syslog_name;
	size_t cap = name.n + span_of(app->name).n + 2;
	void *memory = arena_take(&s->arena, cap);
	struct buf b;

	app->log.facility = s->param.set.syslog_facility;
	if (memory == NULL)
		return;
	buf_init(&b, memory, cap);
	buf_put(&b, name);
	buf_putc(&b, '/');
	buf_puts(&b, app->name);
	app->log.tag = buf_span(&b);
}

static enum rc
load(struct app_set *s, struct param_from *from, struct buf *why)
{
	void *memory = s->arena.p;

	if (memory == NULL && (memory = port_memory(SET_BYTES)) == NULL)
		return RC_OS;
	arena_init(&s->arena, memory, SET_BYTES);
	return param_load(&s->param, from, &s->arena, why);
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
	struct buf why = BUF(s->why_text);
	enum rc rc = load(s, &from, &why);

	if (rc != RC_OK && s->is_lenient) {
		struct buf unused = BUF(s->unused_text);

		s->is_bad = true;
		from.is_lenient = true;
		from.log = NULL;	/* `why` is enough */
		rc = load(s, &from, &unused);
	}
	buf_text(&why);
	if (rc == RC_OK) {
		name_log(s, app);
		return EXIT_OK;
	}
	app_fail(app, "%s", why.n > 0 ? s->why_text :
		"out of memory; nothing was done");
	return rc == RC_OS && why.n == 0 ? EXIT_LATER : EXIT_CONFIG;
}
