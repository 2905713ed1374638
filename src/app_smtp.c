/*
 * app_smtp.c - `smtp` and `lmtp`: one message from standard input to one
 * destination, now.  There is no queue; the caller keeps the message until the
 * exit code says that nothing is left to do.
 *
 * Standard output gets one line for each recipient and nothing else.
 */
#include "applet.h"
#include "mail.h"
#include "param.h"
#include "port.h"
#include "report.h"
#include "smtp.h"

/* A run of the applet; what points nowhere else is in here. */
struct run {
	struct report report;	/* first: verdict() gets a pointer to it */
	struct app *app;
	struct app_set set;
	struct job job;
	struct report_form form;
	const char *folder;
	bool verbose, lmtp;
	bool any_later, any_never;
	int64_t age_s;
	char hop[512];		/* of best_mx_transport; settings are reread */
};

/* ---- the command line --------------------------------------------------- */

/* What could end the command that it will stand in is refused here. */
static int
set_sender(struct run *r, const char *value)
{
	r->job.sender = span_of(value);
	if (mail_addr_is_safe(r->job.sender) &&
	    r->job.sender.n <= RCPT_ADDR_MAX)
		return EXIT_OK;
	return app_usage(r->app, "-f: an address has no line end in it, and "
	    "at most %d octets", RCPT_ADDR_MAX);
}

static int
set_body(struct run *r, const char *value)
{
	struct span v = span_of(value);

	if (!span_is_case(v, "7bit") && !span_is_case(v, "8bitmime"))
		return app_usage(r->app, "-B %s: it is 7bit or 8bitmime",
		    value);
	r->job.body = span_is_case(v, "7bit") ? JOB_BODY_7BIT :
	    JOB_BODY_8BITMIME;
	return EXIT_OK;
}

static int
set_ret(struct run *r, const char *value)
{
	struct span v = span_of(value);

	if (!span_is_case(v, "full") && !span_is_case(v, "hdrs"))
		return app_usage(r->app, "-R %s: it is full or hdrs", value);
	r->job.ret = span_is_case(v, "full") ? JOB_RET_FULL : JOB_RET_HDRS;
	return EXIT_OK;
}

static int
set_flags(struct run *r, const char *value)
{
	static const char letters[] = "DORX";
	const char *p;

	for (p = value; *p != '\0'; p++) {
		size_t i = span_find(SPAN(letters), *p);

		if (i >= 4)
			return app_usage(r->app,
			    "-F %s: the letters are D, O, R and X", value);
		r->job.flags |= 1u << i;
	}
	return EXIT_OK;
}

static int
set_attr(struct run *r, const char *value)
{
	struct span v = span_of(value);
	size_t equals = span_find(v, '=');
	enum job_attr attr = job_attr_find(span_part(v, 0, equals));

	if (attr < JOB_ATTRS && equals < v.n) {
		r->job.attr[attr] = span_part(v, equals + 1, v.n);
		return EXIT_OK;
	}
	return app_usage(r->app, "-X %s: it is ATTR=VALUE with one of name, "
	    "addr, port, proto, helo, ident, source", value);
}

static int
set_age(struct run *r, const char *value)
{
	uint64_t n;

	if (!span_number(span_of(value), INT32_MAX, &n))
		return app_usage(r->app, "-A %s: it is a number of seconds",
		    value);
	r->age_s = (int64_t)n;
	return EXIT_OK;
}

static int
one_option(struct run *r, int letter, const char *value)
{
	switch (letter) {
	case 'c': r->folder = value; return EXIT_OK;
	case 'o': return app_set_option(&r->set, r->app, value);
	case 'f': return set_sender(r, value);
	case 'V': r->job.envid = span_of(value); return EXIT_OK;
	case 'R': return set_ret(r, value);
	case 'B': return set_body(r, value);
	case 'F': return set_flags(r, value);
	case 'X': return set_attr(r, value);
	case 'A': return set_age(r, value);
	case 'u': r->job.smtputf8 = true; return EXIT_OK;
	case 'p': r->job.probe = true; return EXIT_OK;
	case 'v': r->verbose = true; return EXIT_OK;
	default:
		return app_usage(r->app, "%s: no such option, or its value "
		    "is missing", value);
	}
}

/* EXIT_OK: options and operands are in *r; -1: help was given. */
static int
read_words(struct run *r)
{
	const char *value = NULL;
	size_t bad = 0;
	int letter, code;
	enum rc rc;

	while ((letter = app_option(r->app, "c:o:f:V:R:B:uF:X:A:pv",
	    &value)) != 0) {
		if (letter == APP_HELP)
			return -1;
		code = one_option(r, letter, value);
		if (code != EXIT_OK)
			return code;
	}
	if (r->app->argc < 2)
		return app_usage(r->app, "a next hop and at least one "
		    "recipient must be given");
	r->job.nexthop = span_of(r->app->argv[0]);
	rc = rcpt_list_open(&r->job.rcpts, r->app->argv + 1,
	    (size_t)r->app->argc - 1, &bad);
	if (rc == RC_WIRE)
		return app_usage(r->app, "%s: not a recipient, nor an option "
		    "of one", r->app->argv[1 + bad]);
	if (rc != RC_OK) {
		app_say(r->app, "no memory for the recipients");
		return EXIT_LATER;
	}
	if (r->job.rcpts.n == 0)
		return app_usage(r->app, "no recipient is given");
	return EXIT_OK;
}

/* ---- settings, message -------------------------------------------------- */

static int
load(struct run *r)
{
	const struct settings *set = &r->set.param.set;
	int code = app_set_load(&r->set, r->app, r->folder, r->lmtp);

	r->form = (struct report_form){
		.external = set->info_log_address_format == FORMAT_EXTERNAL,
		.ascii_only = !set->smtputf8_enable,
		.digits = set->delay_logging_resolution_limit,
	};
	return code;
}

static int
take(struct run *r)
{
	const struct settings *set = &r->set.param.set;
	enum rc rc = mail_take(set->message_size_limit, &r->job.mail);

	if (rc == RC_OK) {
		r->job.mail.ends = (enum mail_ends)set->
		    sendmail_fix_line_endings;
		r->job.mail.replace_stray = set->cleanup_replace_stray_cr_lf;
		return EXIT_OK;
	}
	if (rc == RC_FULL) {
		app_say(r->app, "the message is larger than "
		    "message_size_limit = %lld; nothing was sent",
		    (long long)set->message_size_limit);
		return EXIT_LATER;
	}
	if (rc == RC_DENY) {
		app_say(r->app, "the message cannot be kept while it is sent: "
		    "%s; nothing was sent, try again when there is room in "
		    "TMPDIR", port_error());
		return EXIT_LATER;
	}
	if (rc == RC_NONE)
		app_say(r->app, "standard input is closed: there is no "
		    "message; redirect one with < FILE");
	else
		app_say(r->app, "cannot read the message: %s; nothing was "
		    "sent", port_error());
	return EXIT_DATA;
}

/* ---- delivery ----------------------------------------------------------- */

static enum rc
verdict(struct report *report, const struct job *j, const struct rcpt *to,
    const struct verdict *v)
{
	struct run *r = (struct run *)report;
	char room[REPORT_LINE_MAX];
	struct buf b = BUF(room);

	report_line(&b, &r->form, j, to, v);
	log_text(&r->app->log, buf_span(&b));
	r->any_later |= v->fate == FATE_LATER;
	r->any_never |= v->fate == FATE_NEVER;
	buf_putc(&b, '\n');
	return port_out(buf_span(&b));
}

static int
exit_code(const struct run *r)
{
	if (r->any_later)
		return EXIT_LATER;
	return r->any_never ? EXIT_BOUNCED : EXIT_OK;
}

/*
 * What could not be written down was not lost: the caller has the message, and
 * is told to come again, whatever became of it here.
 */
static int
broken(struct run *r)
{
	app_say(r->app, "cannot go on: %s; %zu of %zu recipients were not "
	    "answered for, try again", port_error(), r->job.rcpts.pending,
	    r->job.rcpts.n);
	return EXIT_LATER;
}

static int deliver(struct run *r, bool again);

/*
 * best_mx_transport: this host is where the mail belongs, and another
 * transport of its own is to have it.
 */
static int
hand_over(struct run *r)
{
	struct span to = r->set.param.set.best_mx_transport;
	size_t colon = span_find(to, ':');
	struct span transport = span_part(to, 0, colon);
	struct buf hop = BUF(r->hop);
	int code;

	if (!span_is(transport, "lmtp") && !span_is(transport, "smtp") &&
	    !span_is(transport, "relay")) {
		app_say(r->app, "best_mx_transport = %.*s: the transports are "
		    "smtp, relay and lmtp", SPAN_ARG(to));
		return EXIT_CONFIG;
	}
	buf_put(&hop, span_part(to, colon + 1, to.n));
	if (hop.full) {
		app_say(r->app, "best_mx_transport is too long");
		return EXIT_CONFIG;
	}
	if (hop.n > 0)
		r->job.nexthop = buf_span(&hop);
	r->lmtp = span_is(transport, "lmtp");
	code = load(r);
	return code == EXIT_OK ? deliver(r, true) : code;
}

static int
deliver(struct run *r, bool again)
{
	struct worker *w = app_memory(r->app, smtp_worker_bytes());
	enum rc rc;

	if (w == NULL)
		return EXIT_LATER;
	rc = smtp_worker(w, &r->set.param.set, &r->app->log, &r->report,
	    r->lmtp);
	if (rc == RC_OK)
		rc = smtp_deliver(w, &r->job);
	if (rc == RC_NONE && !again)
		return hand_over(r);
	if (rc == RC_DENY)
		return EXIT_CONFIG;
	return rc == RC_OK ? exit_code(r) : broken(r);
}

static int
run(struct app *app, bool lmtp)
{
	struct run *r = app_memory(app, sizeof(*r));
	int code;

	if (r == NULL)
		return EXIT_LATER;
	r->app = app;
	r->lmtp = lmtp;
	r->report.put = verdict;
	r->job.started = port_now();
	code = read_words(r);
	if (code == -1)
		return app_help(app);
	if (r->verbose)
		app->log.err_level = LOG_DEBUG;
	if (code == EXIT_OK)
		code = load(r);
	if (code == EXIT_OK)
		code = take(r);
	if (code != EXIT_OK)
		return code;
	r->job.arrived_ms = port_wall_ms() - r->age_s * SECOND;
	return deliver(r, false);
}

int
app_smtp(struct app *app)
{
	return run(app, false);
}

int
app_lmtp(struct app *app)
{
	return run(app, true);
}
