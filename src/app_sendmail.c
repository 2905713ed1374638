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
 * Letters are sendmail's; -o with NAME=VALUE, -c, -S, -w, -a and -H are the
 * only ones with a meaning that Postfix's sendmail does not know (busybox has
 * the last four).  What can't be done is refused, never ignored: nothing that a
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

#include "applet.h"
#include "port.h"
#include "runner.h"
#include "submit.h"

#define LETTERS	"A:B:C:F:GH:IL:N:O:R:S:UV:X:a:b:c:d" \
	"e:f:h:imno:p:qr:tvw:x"
#define ADDR_TEXT_MAX	1400	/* MAIL_ADDR_MAX, a domain added */
#define NAME_TEXT_MAX	256
#define OTHER_TEXT_MAX	8192
#define OPTION_TEXT_MAX	2048	/* of -o made from -S and -w */
#define TAG_TEXT_MAX	128
#define SECONDS_MAX	86400

/* The command line, as it is read. */
struct call {
	struct submit submit;		/* first: start_manager() gets it */
	struct submit_in in;
	struct queue queue;
	struct app *app;
	struct app_set set;
	const char *folder;
	const char *sender;		/* NULL: the calling user */
	const char *full_name;
	const char *label;		/* -L */
	char mode;			/* -b: m, v, s, p, d, i; or q */
	bool dot_is_text;		/* -i */
	bool is_own;			/* settings for this message alone */
	bool names_queue;		/* -o queue_directory= */
	bool wants_help;
	const char *request;		/* of -q, as postqueue has it */
	const struct applet *other_applet;
	char *other[APP_OPTIONS_MAX + 2];	/* its words */
	unsigned verbose;
	struct buf options;		/* texts of -o that we make */
	char option_text[OPTION_TEXT_MAX];
	char other_text[OTHER_TEXT_MAX], request_text[NAME_TEXT_MAX];
	char login_text[SUBMIT_LOGIN_MAX];
	char sender_text[ADDR_TEXT_MAX];
	char name_text[NAME_TEXT_MAX];
	char folder_text[NAME_TEXT_MAX];
	char tag_text[TAG_TEXT_MAX];
};

static int
unavailable(const struct app *app, const char *what)
{
	app_fail(app, "%s is not available in this version; nothing was done",
		what);
	return EXIT_BOUNCED;
}

/* ---- options ------------------------------------------------------------- */

/* The -b of sendmail: what it is to be. */
static int
take_mode(struct call *c, const char *value)
{
	if (value[0] == '\0' || span_find(SPAN("mvpisd"), value[0]) == 6)
		return app_usage(c->app, "-b%s is not understood", value);
	c->mode = value[0];
	return EXIT_OK;
}

/* -q alone, -qI ID, -qR SITE (a word of its own or not), or -q30m, for which
   sendmail stays and looks at the queue that often. */
static int
take_q(struct call *c)
{
	const char *more = c->app->rest != NULL ? c->app->rest : "";
	struct buf b = BUF(c->request_text);

	app_rest(c->app);
	if (more[0] >= '0' && more[0] <= '9') {
		if (c->mode == 'm')
			c->mode = 'd';
		return EXIT_OK;
	}
	c->mode = 'q';
	buf_puts(&b, more[0] == 'I' ? "-i" : more[0] == 'R' ? "-s" : "-f");
	if (more[0] != '\0' && more[0] != 'I' && more[0] != 'R')
		return app_usage(c->app, "-q%s: -q, -qI ID or -qR SITE", more);
	if (more[0] != '\0' && more[1] == '\0' && c->app->argc > 0) {
		buf_puts(&b, c->app->argv[0]);
		c->app->argv++;
		c->app->argc--;
	} else if (more[0] != '\0') {
		buf_puts(&b, more + 1);
	}
	c->request = buf_text(&b);
	return EXIT_OK;
}

/* NAME=VALUE is a setting; sendmail's own options are letters. */
static bool
is_setting(struct span s)
{
	size_t n = span_find(s, '=');

	if (n == s.n || n < 3)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return true;
}

static int
take_o(struct call *c, const char *value)
{
	if (is_setting(span_of(value))) {
		c->is_own = true;
		c->names_queue |= span_starts_case(span_of(value),
			"queue_directory=");
		return app_set_option(&c->set, c->app, value);
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
	const char *text = b->p + b->n;
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
	buf_putc(b, '\0');
	if (b->full)
		return app_usage(c->app, "-S and -w are too long, or too many");
	c->is_own = true;
	return app_set_option(&c->set, c->app, text);
}

/* HOST, HOST:PORT, or brackets of the caller's own around the host. */
static int
take_server(struct call *c, const char *value)
{
	struct span s = span_of(value), host, port;
	size_t colon = span_find(s, ':');

	if (s.n == 0)
		return app_usage(c->app, "-S wants a server");
	if (s.p[0] == '[')
		return add_option(c, "relayhost=%s", value);
	host = span_part(s, 0, colon);
	port = span_part(s, colon, s.n);
	if (port.n == 1 || host.n == 0 ||
	    span_find(span_part(port, 1, port.n), ':') + 1 < port.n)
		return app_usage(c->app, "-S %s is not understood: write HOST,"
			" HOST:PORT or [ADDRESS]:PORT", value);
	return add_option(c, "relayhost=[%.*s]%.*s", SPAN_ARG(host),
		SPAN_ARG(port));
}

static int
take_timeout(struct call *c, const char *value)
{
	static const char *const names[] = {
		"smtp_connect_timeout", "smtp_helo_timeout",
		"smtp_mail_timeout", "smtp_rcpt_timeout",
		"smtp_data_init_timeout", "smtp_data_xfer_timeout",
		"smtp_data_done_timeout", "smtp_quit_timeout",
	};
	uint64_t seconds;

	if (!span_number(span_of(value), SECONDS_MAX, &seconds) ||
	    seconds == 0)
		return app_usage(c->app, "-w %s is no number of seconds from"
			" 1 to %d", value, SECONDS_MAX);
	for (size_t i = 0; i < COUNT(names); i++)
		TRY_CODE(add_option(c, "%s=%ss", names[i], value));
	return EXIT_OK;
}

/* -au USER, -ap PASSWORD, -am METHOD. */
static int
take_login(struct call *c, const char *value)
{
	if (value[0] == '\0' || span_find(SPAN("upm"), value[0]) == 3)
		return app_usage(c->app, "-a%s is not understood: -au USER,"
			" -ap PASSWORD, -am METHOD", value);
	app_fail(c->app, "-a%c: this version cannot log in to a server, as it"
		" has no TLS to hide a password; nothing was sent: leave -a"
		" out if the server takes mail from this machine without",
		value[0]);
	return EXIT_CONFIG;
}

static int
take_notify(struct call *c, const char *value)
{
	if (!rcpt_parse_notify(span_of(value), &c->submit.notify))
		return app_usage(c->app, "-N %s: never, or some of"
			" success,failure,delay", value);
	return EXIT_OK;
}

static int
take_return(struct call *c, const char *value)
{
	if (span_is_case(span_of(value), "full"))
		c->submit.ret = JOB_RET_FULL;
	else if (span_is_case(span_of(value), "hdrs"))
		c->submit.ret = JOB_RET_HDRS;
	else
		return app_usage(c->app, "-R %s: full or hdrs", value);
	return EXIT_OK;
}

static int
take_body(struct call *c, const char *value)
{
	if (span_is_case(span_of(value), "7bit"))
		c->submit.body = JOB_BODY_7BIT;
	else if (span_is_case(span_of(value), "8bitmime"))
		c->submit.body = JOB_BODY_8BITMIME;
	else
		return app_usage(c->app, "-B %s: 7bit or 8bitmime", value);
	return EXIT_OK;
}

/* -C names the file itself, as sendmail has it, or its folder. */
static int
take_file(struct call *c, const char *value)
{
	struct span s = span_of(value);
	struct buf b = BUF(c->folder_text);
	size_t slash = span_find_last(s, '/');

	c->folder = value;
	if (s.n < 3 || !span_is(span_part(s, s.n - 3, 3), ".cf"))
		return EXIT_OK;
	if (slash == s.n)
		buf_putc(&b, '.');
	else
		buf_put(&b, span_part(s, 0, slash > 0 ? slash : 1));
	if (b.full)
		return app_usage(c->app, "-C %s is too long", value);
	c->folder = buf_text(&b);
	return EXIT_OK;
}

static int
take_option(struct call *c, int letter, const char *value)
{
	switch (letter) {
	case 'B':
		return take_body(c, value);
	case 'C':
		return take_file(c, value);
	case 'F':
		c->full_name = value;
		break;
	case 'G':
		c->submit.is_gateway = true;
		break;
	case 'H':
		return unavailable(c->app, "-H, a helper program,");
	case 'I':
		c->mode = 'i';
		break;
	case 'L':
		c->label = value;
		break;
	case 'N':
		return take_notify(c, value);
	case 'R':
		return take_return(c, value);
	case 'S':
		return take_server(c, value);
	case 'V':
		c->submit.envid = span_of(value);
		break;
	case 'a':
		return take_login(c, value);
	case 'b':
		return take_mode(c, value);
	case 'c':
		c->folder = value;
		break;
	case 'f': case 'r':
		c->sender = value;
		break;
	case 'i':
		c->dot_is_text = true;
		break;
	case 'o':
		return take_o(c, value);
	case 'q':
		return take_q(c);
	case 't':
		c->submit.from_fields = true;
		break;
	case 'v':
		c->verbose++;
		break;
	case 'w':
		return take_timeout(c, value);
	default:	/* of sendmail's, without meaning here */
		break;
	}
	return EXIT_OK;
}

static int
take_options(struct call *c)
{
	const char *value;
	int letter;

	while ((letter = app_option(c->app, LETTERS, &value)) != 0) {
		if (letter == '?')
			return app_usage(c->app, "%s is not understood, or"
				" lacks a value", value);
		if (letter == APP_HELP) {
			c->wants_help = true;
			return EXIT_OK;
		}
		if (letter == 'd')	/* -d, or -dNUMBERS */
			app_rest(c->app);
		TRY_CODE(take_option(c, letter, value));
	}
	return EXIT_OK;
}

/* ---- who sends ----------------------------------------------------------- */

/* The one address of -f; none is the null sender. */
static int
read_sender(struct call *c, struct span text)
{
	struct buf b = BUF(c->sender_text);
	struct mail_list l;
	size_t n;

	mail_list_start(&l);
	n = mail_list_feed(&l, text);
	if (!l.is_ready && !mail_list_end(&l))
		return submit_from(&c->submit, (struct span){ 0 }, true);
	submit_complete(&c->submit, &b, l.addr, l.has_domain);
	if (l.is_bad || n < text.n || b.full)
		return submit_fail(&c->submit, EXIT_USAGE,
			"-f %.*s: this is no address", SPAN_ARG(text));
	return submit_from(&c->submit, buf_span(&b), true);
}

static int
find_sender(struct call *c)
{
	if (c->sender != NULL)
		return read_sender(c, span_of(c->sender));
	return read_sender(c, c->submit.login);
}

static void
find_user(struct call *c)
{
	struct buf full = BUF(c->name_text), login = BUF(c->login_text);
	const char *name = c->full_name;

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
	struct call *c = (struct call *)s;
	enum rc rc = runner_start(c->app, &c->set, &c->queue, c->folder,
		RUNNER_LEAVES);

	if (rc != RC_OK && rc != RC_DENY)
		log_line(&c->app->log, LOG_WARNING, "%s: it is kept, but no"
			" queue manager could be started: %s", s->id,
			port_error());
}

/* Where it goes; what is wrong with main.cf matters only where it is sent from
   here, as a setting that is left out may be the one that makes it safe. */
static int
find_queue(struct call *c)
{
	enum rc rc = RC_NONE;

	if (c->submit.set->queue_directory.n > 0)
		rc = queue_open(&c->queue, &c->set.param, &c->app->log);
	if (rc == RC_OK || rc == RC_DENY) {
		c->submit.queue = &c->queue;
		c->submit.to_drop = rc == RC_DENY;
	}
	if (!c->set.is_bad)
		return EXIT_OK;
	if (c->submit.queue == NULL)
		return submit_fail(&c->submit, EXIT_CONFIG, "%s",
			c->set.why_text);
	log_line(&c->app->log, LOG_ERROR, "%s", c->set.why_text);
	return EXIT_OK;
}

static void
name_log(struct call *c)
{
	struct buf b = BUF(c->tag_text);

	if (c->label == NULL)
		return;
	buf_put_cut(&b, span_of(c->label));
	buf_put_cut(&b, SPAN("/sendmail"));
	c->app->log.tag = buf_span(&b);
}

static int
load(struct call *c)
{
	bool direct = (c->is_own && !c->names_queue) || c->mode == 'v';

	if (c->verbose > 0)
		c->app->log.err_level = c->verbose > 1 ? LOG_DEBUG : LOG_INFO;
	c->submit.is_verbose = c->verbose > 0;
	c->set.is_lenient = !direct;
	TRY_CODE(app_set_load(&c->set, c->app, c->folder, false));
	c->submit.param = &c->set.param;
	c->submit.set = &c->set.param.set;
	if (!direct)
		TRY_CODE(find_queue(c));
	name_log(c);
	return EXIT_OK;
}

/* ---- the queue's other programs ------------------------------------------ */

/* Their command line: an option, and the settings of ours. */
static bool
call_other(struct call *c, const char *option)
{
	struct buf b = BUF(c->other_text);
	size_t n = 0;

	for (size_t i = 0; i < c->set.options_n + 2; i++) {
		const char *letter = i == 0 ? "" : i == 1 ? "-c" : "-o";
		const char *value = i == 0 ? option : i == 1 ? c->folder :
			c->set.options[i - 2];

		if (value == NULL)
			continue;
		c->other[n++] = b.p + b.n;
		buf_fmt(&b, "%s%s%c", letter, value, '\0');
	}
	c->app->argv = c->other;
	c->app->argc = (int)n;
	return !b.full;
}

static int
run_other(struct call *c, const char *name, const char *option)
{
	c->other_applet = applet_find(span_of(name));
	if (c->other_applet == NULL)
		return unavailable(c->app, name);
	if (!call_other(c, option))
		return app_usage(c->app, "the options are too long");
	c->app->name = c->other_applet->name;
	return c->other_applet->run(c->app);
}

/* ---- the run ------------------------------------------------------------- */

static int
take_message(struct call *c)
{
	struct submit *s = &c->submit;
	struct port_stat st;

	if (c->app->argc == 0 && !s->from_fields)
		return app_usage(c->app, "no recipients: name them, or give -t"
			" to take them from the header");
	TRY_CODE(load(c));
	find_user(c);
	TRY_CODE(submit_start(s));
	TRY_CODE(find_sender(c));
	submit_rcpt_words(s, c->app->argv, (size_t)c->app->argc);
	if (c->mode == 'v') {
		TRY_CODE(submit_probe(s));
		return submit_send(s);
	}
	if (port_stat_fd(PORT_STDIN, &st) != RC_OK)
		return submit_fail(s, EXIT_DATA, "standard input is closed, so"
			" there is no message");
	submit_in_start(&c->in, s->set->sendmail_fix_line_endings,
		!c->dot_is_text);
	c->in.replace_stray = s->set->cleanup_replace_stray_cr_lf;
	TRY_CODE(submit_take(s, &c->in));
	return s->queue != NULL ? submit_queue(s) : submit_send(s);
}

static int
take_session(struct call *c)
{
	TRY_CODE(load(c));
	find_user(c);
	TRY_CODE(submit_start(&c->submit));
	return submit_smtp(&c->submit, &c->in);
}

static int
run(struct call *c)
{
	TRY_CODE(take_options(c));
	if (c->wants_help)
		return app_help(c->app);
	switch (c->mode) {
	case 'p':
		return run_other(c, "mailq", NULL);
	case 'd':
		return run_other(c, "qmgr", "-b");
	case 'i':
		c->set.options_n = 0;	/* it has none */
		return run_other(c, "newaliases", NULL);
	case 'q':
		return run_other(c, "postqueue", c->request);
	case 's':
		return take_session(c);
	default:
		return take_message(c);
	}
}

int
app_sendmail(struct app *app)
{
	struct call *c = app_memory(app, sizeof(*c));
	int code;

	if (c == NULL)
		return EXIT_LATER;
	c->app = app;
	c->mode = 'm';
	c->submit.app = app;
	c->submit.start_manager = start_manager;
	c->submit.why = BUF(c->submit.why_text);
	c->options = BUF(c->option_text);
	code = run(c);
	if (c->submit.why.n > 0)
		app_fail(app, "%s", buf_text(&c->submit.why));
	return code;
}
