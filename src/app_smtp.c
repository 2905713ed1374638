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
	bool any_later, any_never;
	uint64_t age_s;
	struct job job;
	char hop[512];		/* of best_mx_transport; settings are reread */
};

/* ---- the command line --------------------------------------------------- */

static bool
take_flags(struct job *j, struct span letters)
{
	for (; letters.n > 0; letters = span_tail(letters, 1)) {
		size_t i = span_find(SPAN("DORX"), letters.p[0]);

		j->flags |= 1u << i;
		if (i == 4)
			return false;
	}
	return true;
}

static bool
take_attr(struct job *j, struct span v)
{
	size_t equals = span_find(v, '=');
	enum job_attr attr = job_attr_find(span_head(v, equals));

	if (attr == JOB_ATTRS || equals == v.n)
		return false;
	j->attr[attr] = span_tail(v, equals + 1);
	return true;
}

static int
take(struct app *app, int letter, const char *value)
{
	struct run *r = app->call;
	struct job *j = &r->job;
	struct span v = span_of(value);
	bool well = true;

	switch (letter) {
	case 'A':
		well = span_number(v, INT32_MAX, &r->age_s);
		break;
	case 'B':
		well = job_body_find(v, &j->body);
		break;
	case 'F':
		well = take_flags(j, v);
		break;
	case 'R':
		well = job_ret_find(v, &j->ret);
		break;
	case 'V':
		j->envid = v;
		break;
	case 'X':
		well = take_attr(j, v);
		break;
	case 'f':	/* what could end its command is refused here */
		j->sender = v;
		well = mail_addr_is_safe(v) && v.n <= RCPT_ADDR_MAX;
	}
	return well ? EXIT_OK : app_usage(app, APP_NO_VALUE, letter, value);
}

/* Options and operands are in *r then. */
static int
read_words(struct run *r)
{
	struct app *app = r->app;
	size_t bad = 0;
	enum rc rc;

	r->job.smtputf8 = app_given(app, 'u') != NULL;
	r->job.probe = app_given(app, 'p') != NULL;
	if (app_given(app, 'v') != NULL)
		app->log.err_level = LOG_DEBUG;
	if (app->argc < 2)
		return app_usage(app, "a next hop and at least one recipient"
		    " must be given");
	r->job.nexthop = span_of(app->argv[0]);
	rc = rcpt_list_open(&r->job.rcpts, app->argv + 1,
	    (size_t)app->argc - 1, &bad);
	if (rc == RC_WIRE || (rc == RC_OK && r->job.rcpts.n == 0))
		return app_usage(app, "%s: not a recipient, nor an option of"
		    " one", app->argv[1 + bad]);
	if (rc == RC_OK)
		return EXIT_OK;
	app_say(app, "no memory for the recipients");
	return EXIT_LATER;
}

/* ---- the message -------------------------------------------------------- */

static int
take_mail(struct run *r)
{
	const struct settings *set = &r->app->set.param.set;
	struct mail_source *mail = &r->job.mail;

	switch (mail_take(set->message_size_limit, mail)) {
	case RC_OK:
		mail->ends = (enum mail_ends)set->sendmail_fix_line_endings;
		mail->replace_stray = set->cleanup_replace_stray_cr_lf;
		return EXIT_OK;
	case RC_FULL:
		app_say(r->app, "the message is larger than "
		    "message_size_limit = %lld; nothing was sent",
		    (long long)set->message_size_limit);
		return EXIT_LATER;
	case RC_DENY:
		app_say(r->app, "the message cannot be kept while it is sent: "
		    "%s; nothing was sent, try again when there is room in "
		    "TMPDIR", port_error());
		return EXIT_LATER;
	case RC_NONE:
		app_say(r->app, "standard input is closed: there is no "
		    "message; redirect one with < FILE");
		return EXIT_DATA;
	default:
		app_say(r->app, "cannot read the message: %s; nothing was "
		    "sent", port_error());
		return EXIT_DATA;
	}
}

/* ---- delivery ----------------------------------------------------------- */

static enum rc
verdict(struct report *report, const struct job *j, const struct rcpt *to,
    const struct verdict *v)
{
	struct run *r = (struct run *)report;
	struct report_form form = report_form_of(&r->app->set.param.set);
	char room[REPORT_LINE_MAX];
	struct buf b = BUF(room);

	report_line(&b, &form, j, to, v);
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

static enum rc
deliver(struct run *r, bool lmtp)
{
	struct worker *w = app_memory(r->app, smtp_worker_bytes());
	enum rc rc;

	if (w == NULL)
		return RC_OS;
	rc = smtp_worker(w, &r->app->set.param.set, &r->app->log, &r->report,
	    lmtp);
	return rc == RC_OK ? smtp_deliver(w, &r->job) : rc;
}

/*
 * best_mx_transport: this host is where the mail belongs, and another
 * transport of its own is to have it.
 */
static int
hand_over(struct run *r, bool *lmtp)
{
	struct app *app = r->app;
	struct span to = app->set.param.set.best_mx_transport;
	size_t colon = span_find(to, ':');
	int transport = span_index("smtp relay lmtp",
	    span_head(to, colon));
	struct buf hop = BUF(r->hop);

	buf_put(&hop, span_tail(to, colon + 1));
	if (transport < 0 || hop.full) {
		app_say(app, "best_mx_transport = %.*s: the transports are "
		    "smtp, relay and lmtp", SPAN_ARG(to));
		return EXIT_CONFIG;
	}
	if (hop.n > 0)
		r->job.nexthop = buf_span(&hop);
	*lmtp = transport == 2;
	return app_set_load(&app->set, app, app_given(app, 'c'), *lmtp);
}

static int
run(struct app *app, bool lmtp)
{
	struct run *r = app_start(app, sizeof(*r), "o:A:B:F:R:V:X:c:f:puv",
	    take);
	enum rc rc;

	if (r == NULL)
		return app->code;
	r->app = app;
	r->report.put = verdict;
	r->job.started = port_now();
	TRY_CODE(read_words(r));
	TRY_CODE(app_set_load(&app->set, app, app_given(app, 'c'), lmtp));
	TRY_CODE(take_mail(r));
	r->job.arrived_ms = port_wall_ms() - (int64_t)r->age_s * SECOND;
	rc = deliver(r, lmtp);
	if (rc == RC_NONE) {
		TRY_CODE(hand_over(r, &lmtp));
		rc = deliver(r, lmtp);
	}
	if (rc == RC_DENY)
		return EXIT_CONFIG;
	return rc == RC_OK ? exit_code(r) : broken(r);
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
