/*
 * app_sendmail.c - `sendmail`, as programs call it.
 *
 * It takes a message from standard input and delivers it before it ends; there
 * is no queue.  relayhost is the next hop, or else each recipient's domain.
 * The header gets Received, and From, Date, Message-ID and To where they lack.
 *
 * Letters are sendmail's; -o with NAME=VALUE, -c, -S, -w, -a and -H are the
 * only ones with a meaning that Postfix's sendmail does not know (busybox has
 * the last four).  What asks for the queue or a server is refused, never
 * ignored: nothing that a caller relies on may seem to have been done.
 *
 * Exit: 0 all sent; 75 some are to be tried again; 69 some bounced, none of
 * the others; 64 usage; 65 the message; 78 the settings.
 */
#include <stdarg.h>

#include "applet.h"
#include "port.h"
#include "submit.h"

#define LETTERS	"A:B:C:F:GH:IL:N:O:R:S:UV:X:a:b:c:d" \
	"e:f:h:imno:p:qr:tvw:x"
#define ADDR_TEXT_MAX	1400	/* MAIL_ADDR_MAX, a domain added */
#define NAME_TEXT_MAX	256
#define OPTION_TEXT_MAX	2048	/* of -o made from -S and -w */
#define TAG_TEXT_MAX	128
#define SECONDS_MAX	86400

static const char help[] =
	"\n"
	"  -t            recipients also from To, Cc and Bcc; Bcc is removed\n"
	"  -i, -oi       a line of a single dot does not end the message\n"
	"  -f, -r ADDR   envelope sender; '' or <>: none\n"
	"  -F NAME       full name for a From that is added\n"
	"  -N LIST       notices: never, or success,failure,delay\n"
	"  -R full|hdrs  what notices return\n"
	"  -V ENVID      name of the message in notices\n"
	"  -B 7bit|8bitmime  what the body is\n"
	"  -bv           ask servers about the recipients, send nothing\n"
	"  -G            from a gateway: add no fields to the header\n"
	"  -L TAG        log under this name\n"
	"  -v            tell what is done; -vv with the dialogue\n"
	"  -C FILE, -c DIR   main.cf, or the folder it is in\n"
	"  -o NAME=VALUE a setting, stronger than main.cf\n"
	"  -S HOST[:PORT]    send through this server instead of relayhost\n"
	"  -w SECONDS    longest time for each step of the dialogue\n"
	"\n"
	"-bm -A -e -h -m -n -O -p -U -X -x and other -o are accepted and\n"
	"have no effect.  There is no queue: what is not sent is not kept.\n"
	"\n"
	"Exit: 0 sent; 75 try again; 69 bounced; 64 usage; 65 message\n"
	"unreadable; 78 settings.  Who did not get it, and why, is on\n"
	"standard error, one line each.\n";

/* The command line, as it is read. */
struct call {
	struct submit submit;
	struct app *app;
	struct app_set set;
	const char *folder;
	const char *sender;		/* NULL: the calling user */
	const char *full_name;
	const char *label;		/* -L */
	bool is_probe;
	bool wants_help;
	unsigned verbose;
	struct buf options;		/* texts of -o that we make */
	char option_text[OPTION_TEXT_MAX];
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
	switch (value[0]) {
	case 'm':
		return EXIT_OK;
	case 'v':
		c->is_probe = true;
		return EXIT_OK;
	case 'p':
		return unavailable(c->app, "-bp, the list of the queue,");
	case 'i':
		return unavailable(c->app, "-bi, newaliases,");
	case 's':
		return unavailable(c->app, "-bs, SMTP on standard input,");
	case 'd':
		return unavailable(c->app, "-bd, the queue manager,");
	default:
		return app_usage(c->app, "-b%s is not understood", value);
	}
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
	if (is_setting(span_of(value)))
		return app_set_option(&c->set, c->app, value);
	if (value[0] == 'i')
		c->submit.dot_is_text = true;
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
	static const char *const words[] = { "success", "failure", "delay" };
	struct span rest = span_of(value), word;
	size_t n = 0, known = 0;

	c->submit.notify = rest;
	if (span_is_case(rest, "never"))
		return EXIT_OK;
	for (; span_word(&rest, ",", &word); n++)
		for (size_t i = 0; i < COUNT(words); i++)
			known += span_is_case(word, words[i]) ? 1 : 0;
	if (n == 0 || known != n)
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
		return unavailable(c->app, "-I, newaliases,");
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
		c->submit.dot_is_text = true;
		break;
	case 'o':
		return take_o(c, value);
	case 'q':
		return unavailable(c->app, "-q, a run of the queue,");
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
		return EXIT_OK;
	submit_complete(&c->submit, &b, &l);
	c->submit.sender = buf_span(&b);
	if (l.is_bad || n < text.n || b.full)
		return app_usage(c->app, "-f %.*s: this is no address",
			SPAN_ARG(text));
	return EXIT_OK;
}

static int
find_sender(struct call *c)
{
	char user[NAME_TEXT_MAX];
	struct buf b = BUF(user), full = BUF(c->name_text);
	const char *name = c->full_name;

	if (name == NULL)
		name = port_getenv("NAME");
	if (name != NULL)
		buf_put_cut(&full, span_of(name));
	else
		port_user_full(&full);
	c->submit.full_name = buf_span(&full);
	if (c->sender != NULL)
		return read_sender(c, span_of(c->sender));
	port_user(&b);
	return read_sender(c, buf_span(&b));
}

/* ---- the run ------------------------------------------------------------- */

static int
load(struct call *c)
{
	const struct settings *set;

	if (c->verbose > 0)
		c->app->log.err_level = c->verbose > 1 ? LOG_DEBUG : LOG_INFO;
	c->submit.is_verbose = c->verbose > 0;
	TRY_CODE(app_set_load(&c->set, c->app, c->folder, false));
	set = &c->set.param.set;
	c->submit.set = set;
	if (c->label != NULL) {
		struct buf b = BUF(c->tag_text);

		buf_put_cut(&b, span_of(c->label));
		buf_put_cut(&b, SPAN("/sendmail"));
		c->app->log.tag = buf_span(&b);
	}
	return EXIT_OK;
}

static int
run(struct call *c)
{
	struct submit *s = &c->submit;

	TRY_CODE(take_options(c));
	if (c->wants_help)
		return app_help(c->app, help);
	if (c->app->argc == 0 && !s->from_fields)
		return app_usage(c->app, "no recipients: name them, or give -t"
			" to take them from the header");
	TRY_CODE(load(c));
	TRY_CODE(find_sender(c));
	TRY_CODE(submit_start(s));
	submit_rcpt_words(s, c->app->argv, (size_t)c->app->argc);
	TRY_CODE(c->is_probe ? submit_probe(s) : submit_take(s));
	return submit_send(s);
}

int
app_sendmail(struct app *app)
{
	struct call *c = port_memory(sizeof(*c));

	if (c == NULL) {
		app_fail(app, "out of memory; nothing was sent");
		return EXIT_LATER;
	}
	c->app = app;
	c->submit.app = app;
	c->options = BUF(c->option_text);
	return run(c);
}
