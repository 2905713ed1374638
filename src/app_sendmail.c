/*
 * app_sendmail.c - `sendmail`, as programs call it.
 *
 * It takes a message from standard input and puts it into the queue: once it
 * says 0, the mail is safe on disk, and a queue manager has been told, or
 * started.  Who may not write to the queue itself has his mail put into its
 * folder `drop`, from where the manager takes it.  A mistake in main.cf is
 * logged, and stops nobody from sending mail.
 *
 * It delivers the message itself, before it ends, where there is no queue to
 * be had: queue_directory is empty, can't be made or written to, or belongs to
 * another mail system; and where settings are given for this one message, with
 * -S, or with -o NAME=VALUE, as a manager that runs already wouldn't know them.
 * -o queue_directory=DIR says which queue is meant: all goes there, and a
 * manager that has to be started has the settings of -o, too.
 *
 * Letters are sendmail's; -o with NAME=VALUE, -c, -S, -w and -a are the only
 * ones with a meaning that Postfix's sendmail does not know (busybox has the
 * last three).  What can't be done is refused, never ignored: nothing that a
 * caller relies on may seem to have been done.
 *
 * Addresses are completed and rewritten when mail is taken (submit_map.c,
 * submit_alias.c): canonical_maps, masquerade_domains, virtual_alias_maps,
 * alias_maps for mydestination, always_bcc and its like, and two of our own:
 *
 *	postern_from = alerts@example.com
 *		what a provider accepts as sender: it takes the place of all
 *		addresses of this machine, in the envelope and in From, where
 *		`root on router` is shown beside it
 *	postern_local_to = ann@example.com
 *		who gets mail for root, and for all other local names without
 *		an alias
 *
 * header_checks, body_checks and milters are for servers that take mail of
 * strangers; they are known, and have no effect here.
 *
 * Exit: 0 queued, or all sent; 75 it was not taken, or some are to be tried
 * again; 69 some bounced, or are no addresses, none of the others; 64 usage;
 * 65 the message; 78 the settings.
 */
#include <stdarg.h>
#include <string.h>

#include "applet.h"
#include "port.h"
#include "runner.h"
#include "submit.h"

#define LETTERS	"A:B:C:F:GIL:N:O:R:S:UV:X:a:b:c:d" \
	"e:f:h:imno:p:qr:tvw:x"
#define ADDR_TEXT_MAX	1400	/* MAIL_ADDR_MAX, a domain added */
#define NAME_TEXT_MAX	256
#define OPTION_TEXT_MAX	2048	/* of -o made from -S and -w */
#define TAG_TEXT_MAX	128
#define SECONDS_MAX	86400

struct call {
	struct app *app;
	const char *sender;		/* NULL: the calling user */
	char *request;			/* of -q, as postqueue has it */
	char mode;			/* of -b: v, s, p, d, i; or q; or 0 */
	bool dot_is_text;		/* -i */
	bool is_own;			/* settings for this message alone */
	bool names_queue;		/* -o queue_directory= */
	unsigned verbose;
	struct buf options;		/* texts of -o that we make */
	char request_text[NAME_TEXT_MAX];
	char login_text[SUBMIT_LOGIN_MAX];
	char name_text[NAME_TEXT_MAX];
	char folder_text[NAME_TEXT_MAX];
	char tag_text[TAG_TEXT_MAX];
	char sender_text[ADDR_TEXT_MAX];
	char option_text[OPTION_TEXT_MAX];
	struct submit submit;
	struct submit_in in;
};

/* ---- options ------------------------------------------------------------- */

/* -q alone, -qI ID, -qR SITE (a word of its own or not), or -q30m, for which
   sendmail stays and looks at the queue that often. */
static int
take_q(struct call *c, const char *more)
{
	struct app *app = c->app;
	struct buf b = BUF(c->request_text);
	size_t which = span_find(SPAN("IR"), more[0]);

	app_rest(app);
	if (more[0] >= '0' && more[0] <= '9') {
		if (c->mode == '\0')
			c->mode = 'd';
		return EXIT_OK;
	}
	c->mode = 'q';
	if (more[0] == '\0') {
		buf_puts(&b, "-f");
	} else if (which == 2) {
		return app_usage(app, "-q%s: -q, -qI ID or -qR SITE", more);
	} else if (more[1] == '\0' && app->argc > 0) {
		buf_fmt(&b, "-%c%s", "is"[which], app->argv[0]);
		app->argv++;
		app->argc--;
	} else {
		buf_fmt(&b, "-%c%s", "is"[which], more + 1);
	}
	(void)buf_text(&b);
	c->request = c->request_text;
	return EXIT_OK;
}

/* NAME=VALUE is a setting; sendmail's own options are letters. */
static int
take_o(struct call *c, const char *value)
{
	size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyz_0123456789"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (n >= 3 && value[n] == '=') {
		c->is_own = true;
		c->names_queue |= span_starts_case(span_of(value),
			"queue_directory=");
		return app_set_option(c->app, value);
	}
	if (value[0] == 'i')
		c->dot_is_text = true;
	return EXIT_OK;
}

/* A setting of our own making; the text lies in c->options. */
static int PRINTF(2, 3)
add_option(struct call *c, const char *fmt, ...)
{
	struct buf *b = &c->options;
	const char *text;
	va_list ap;

	if (b->p == NULL)
		*b = BUF(c->option_text);
	text = b->p + b->n;
	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
	buf_putc(b, '\0');
	if (b->full)
		return app_usage(c->app, "-S and -w are too long, or too many");
	c->is_own = true;
	return app_set_option(c->app, text);
}

/* HOST, HOST:PORT, or brackets of the caller's own around the host. */
static int
take_server(struct call *c, const char *value)
{
	struct span s = span_of(value);
	size_t colon = span_find(s, ':');
	struct span port = span_tail(s, colon + 1);

	if (value[0] == '[')
		return add_option(c, "relayhost=%s", value);
	if (colon == 0 || s.n == colon + 1 || s.n == 0 ||
	    span_find(port, ':') < port.n)
		return app_usage(c->app, "-S %s is not understood: write HOST,"
			" HOST:PORT or [ADDRESS]:PORT", value);
	return add_option(c, "relayhost=[%.*s]%s", (int)colon, value,
		value + colon);
}

static int
take_timeout(struct call *c, const char *value)
{
	struct span rest = SPAN("connect helo mail rcpt data_init data_xfer"
		" data_done quit"), word;
	uint64_t seconds;

	if (!span_number(span_of(value), SECONDS_MAX, &seconds) ||
	    seconds == 0)
		return app_usage(c->app, "-w %s is no number of seconds from"
			" 1 to %d", value, SECONDS_MAX);
	while (span_word(&rest, " ", &word))
		TRY_CODE(add_option(c, "smtp_%.*s_timeout=%ss",
			SPAN_ARG(word), value));
	return EXIT_OK;
}

/* -C names the file itself, as sendmail has it, or its folder. */
static int
take_file(struct call *c, const char *value)
{
	struct span s = span_of(value);
	struct buf b = BUF(c->folder_text);
	size_t slash = span_find_last(s, '/');

	if (s.n < 3 || !span_is(span_tail(s, s.n - 3), ".cf"))
		slash = s.n;
	else if (slash == s.n)
		s = SPAN(".");
	else if (slash == 0)
		slash = 1;
	buf_put(&b, span_head(s, slash));
	c->app->given['c' - 'A'] = buf_text(&b);
	return b.full ? app_usage(c->app, "-C %s is too long", value) :
		EXIT_OK;
}

/* The options of which the last one is not all that counts, and those whose
   value may be wrong. */
static int
take(struct app *app, int letter, const char *value)
{
	struct call *c = app->call;
	struct submit *s = &c->submit;
	struct span v = span_of(value);
	bool well = true;

	c->app = app;
	switch (letter) {
	case 'B':
		well = job_body_find(v, &s->body);
		break;
	case 'C':
		return take_file(c, value);
	case 'I':
		c->mode = 'i';
		break;
	case 'N':
		well = rcpt_parse_notify(v, &s->notify);
		break;
	case 'R':
		well = job_ret_find(v, &s->ret);
		break;
	case 'S':
		return take_server(c, value);
	case 'a':	/* -au USER, -ap PASSWORD, -am METHOD */
		if (span_find(SPAN("upm"), value[0]) < 3) {
			app_fail(app, "-a%c: this version takes no password"
				" from a command line, where all can see it;"
				" nothing was sent: write"
				" smtp_sasl_password_maps to main.cf",
				value[0]);
			return EXIT_CONFIG;
		}
		well = false;
		break;
	case 'b':
		well = span_find(SPAN("mvpisd"), value[0]) < 6;
		c->mode = value[0] == 'm' ? '\0' : value[0];
		break;
	case 'd':	/* -d, or -dNUMBERS */
		app_rest(app);
		break;
	case 'f': case 'r':
		c->sender = value;
		break;
	case 'o':
		return take_o(c, value);
	case 'q':
		return take_q(c, app->rest != NULL ? app->rest : "");
	case 'v':
		c->verbose++;
		break;
	case 'w':
		return take_timeout(c, value);
	}
	return well ? EXIT_OK : app_usage(app, APP_NO_VALUE, letter, value);
}

/* ---- who sends ----------------------------------------------------------- */

/* The one address of -f; none is the null sender. */
static int
read_sender(struct call *c, struct span text)
{
	struct buf b = BUF(c->sender_text);
	struct mail_list l;
	struct span rest = text;

	mail_list_start(&l);
	if (!mail_list_take(&l, &rest))
		return submit_from(&c->submit, rest, true);
	submit_complete(&c->submit, &b, l.addr, l.has_domain);
	if (l.is_bad || rest.n > 0 || b.full)
		return submit_fail(&c->submit, EXIT_USAGE,
			"-f %.*s: this is no address", SPAN_ARG(text));
	return submit_from(&c->submit, buf_span(&b), true);
}

static void
find_user(struct call *c)
{
	struct buf full = BUF(c->name_text), login = BUF(c->login_text);
	const char *name = app_given(c->app, 'F');

	if (name == NULL)
		name = port_getenv("NAME");
	if (name != NULL)
		buf_put_cut(&full, span_of(name));
	else
		port_user_full(&full);
	c->submit.full_name = buf_span(&full);
	port_user(&login);
	c->submit.login = buf_span(&login);
	c->submit.uid = port_uid();
}

/* ---- settings ------------------------------------------------------------ */

/* The mail is safe already, whatever comes of it. */
static void
start_manager(struct submit *s)
{
	enum rc rc = runner_start(s->app, &s->app->set, s->queue,
		app_given(s->app, 'c'), RUNNER_LEAVES);

	if (rc != RC_OK && rc != RC_DENY)
		log_line(&s->app->log, LOG_WARNING, "%s: it is kept, but no"
			" queue manager could be started: %s", s->id,
			port_error());
}

/* Where it goes; what is wrong with main.cf matters only where it is sent from
   here, as a setting that is left out may be the one that makes it safe. */
static int
find_queue(struct submit *s)
{
	struct app *app = s->app;
	enum rc rc = RC_NONE;

	if (s->set->queue_directory.n > 0)
		rc = queue_open(&app->q, s->param, &app->log);
	if (rc == RC_OK || rc == RC_DENY) {
		s->queue = &app->q;
		s->to_drop = rc == RC_DENY;
	}
	if (!app->set.is_bad)
		return EXIT_OK;
	if (s->queue == NULL)
		return submit_fail(s, EXIT_CONFIG, "%s", app->set.why_text);
	log_line(&app->log, LOG_ERROR, "%s", app->set.why_text);
	return EXIT_OK;
}

/* Settings, queue, user. */
static int
start(struct call *c)
{
	bool direct = (c->is_own && !c->names_queue) || c->mode == 'v';
	const char *label = app_given(c->app, 'L');
	struct buf tag = BUF(c->tag_text);
	struct submit *s = &c->submit;
	struct app *app = c->app;

	if (c->verbose > 0)
		app->log.err_level = c->verbose > 1 ? LOG_DEBUG : LOG_INFO;
	s->is_verbose = c->verbose > 0;
	app->set.is_lenient = !direct;
	TRY_CODE(app_load(app));
	s->param = &app->set.param;
	s->set = &s->param->set;
	if (!direct)
		TRY_CODE(find_queue(s));
	if (label != NULL) {
		buf_put_cut(&tag, span_of(label));
		buf_put_cut(&tag, SPAN("/sendmail"));
		app->log.tag = buf_span(&tag);
	}
	find_user(c);
	return submit_start(s);
}

/* ---- the queue's other programs ------------------------------------------ */

/* Their settings are ours, and the one option of the queue's. */
static int
run_other(struct app *app, const char *name, int (*entry)(struct app *app),
	char **option)
{
	const char *folder = app_given(app, 'c');

	memset(app->given, 0, sizeof(app->given));
	app->given['c' - 'A'] = folder;
	app->argv = option;
	app->argc = option != NULL;
	app->name = name;
	return entry(app);
}

/* ---- the run ------------------------------------------------------------- */

static int
take_message(struct call *c)
{
	struct submit *s = &c->submit;
	struct port_stat st;

	s->from_fields = app_given(c->app, 't') != NULL;
	if (c->app->argc == 0 && !s->from_fields)
		return app_usage(c->app, "no recipients: name them, or give -t"
			" to take them from the header");
	TRY_CODE(start(c));
	TRY_CODE(read_sender(c, c->sender != NULL ? span_of(c->sender) :
		s->login));
	submit_rcpt_words(s, c->app->argv, (size_t)c->app->argc);
	if (c->mode == 'v') {
		TRY_CODE(submit_probe(s));
		return submit_send(s);
	}
	if (port_stat_fd(PORT_STDIN, &st) != RC_OK)
		return submit_fail(s, EXIT_DATA, "standard input is closed, so"
			" there is no message");
	submit_in_start(&c->in, s->set->sendmail_fix_line_endings,
		!c->dot_is_text && app_given(c->app, 'i') == NULL);
	c->in.replace_stray = s->set->cleanup_replace_stray_cr_lf;
	TRY_CODE(submit_take(s, &c->in));
	return s->queue != NULL ? submit_queue(s) : submit_send(s);
}

static int
run(struct call *c)
{
	struct app *app = c->app;
	struct submit *s = &c->submit;
	const char *envid = app_given(app, 'V');
	char b[] = "-b", *background = b;

	s->is_gateway = app_given(app, 'G') != NULL;
	if (envid != NULL)
		s->envid = span_of(envid);
	switch (c->mode) {
	case 'p':
		return run_other(app, "mailq", app_mailq, NULL);
	case 'd':
		return run_other(app, "qmgr", app_qmgr, &background);
	case 'i':
		return run_other(app, "newaliases", app_newaliases, NULL);
	case 'q':
		return run_other(app, "postqueue", app_postqueue, &c->request);
	case 's':
		TRY_CODE(start(c));
		return submit_smtp(s, &c->in);
	default:
		return take_message(c);
	}
}

int
app_sendmail(struct app *app)
{
	struct call *c = app_start(app, sizeof(*c), LETTERS, take);
	int code;

	if (c == NULL)
		return app->code;
	c->app = app;
	c->submit.app = app;
	c->submit.start_manager = start_manager;
	c->submit.why = BUF(c->submit.why_text);
	code = run(c);
	if (c->submit.why.n > 0)
		app_fail(app, "%s", buf_text(&c->submit.why));
	return code;
}
