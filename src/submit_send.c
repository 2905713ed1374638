/*
 * submit_send.c - one job for each next hop, delivered from here.
 *
 * There is no queue behind this, so what was not sent is the caller's: each
 * recipient that is still without the message gets a line on standard error,
 * and the exit code tells whether it is worth another try.
 */
#include "port.h"
#include "smtp.h"
#include "submit.h"

/* One run; `report` is first, as that is what the worker gives back. */
struct run {
	struct report report;
	struct submit *s;
	struct worker *worker;
	struct submit_list list;
	struct rcpt_list all;
	size_t sent, later, never;
	bool reached;		/* some were refused by a server */
	bool unreached;		/* of some, no server was reached */
	bool misset;		/* the settings name no destination */
};

static void
count(struct run *r, const struct verdict *v)
{
	bool reached = !span_is(v->relay, "none");

	if (v->fate == FATE_SENT) {
		r->sent++;
		return;
	}
	r->reached |= reached;
	if (v->fate == FATE_LATER) {
		r->later++;
		r->unreached |= !reached;
	} else {
		r->never++;
	}
}

/* A verdict: to the log always, to the caller if something is to be done. */
static enum rc
put(struct report *report, const struct job *j, const struct rcpt *to,
	const struct verdict *v)
{
	struct run *r = (struct run *)report;
	const struct submit *s = r->s;
	const struct report_form form = report_form_of(s->set);
	char text[REPORT_LINE_MAX];
	struct buf b = BUF(text);

	report_line(&b, &form, j, to, v);
	log_line(&s->app->log, LOG_INFO, "%s: %s", s->id, buf_text(&b));
	count(r, v);
	if (j->probe) {
		buf_putc(&b, '\n');
		return app_print(s->app, buf_span(&b)) ? RC_OK : RC_OS;
	}
	if (v->fate != FATE_SENT && !s->is_verbose)
		app_say(s->app, "%s", buf_text(&b));
	return RC_OK;
}

/* Recipients that no verdict was given on. */
static void
say_all(const struct run *r, size_t from, size_t to, const char *why)
{
	for (size_t i = from; i < to; i++)
		if (r->all.state[i] != RCPT_DONE)
			app_fail(r->s->app, "to=<%.*s>: %s",
				SPAN_ARG(submit_list_addr(&r->list, i)), why);
}

static void
no_destination(struct run *r, struct span nexthop, size_t from, size_t to)
{
	const struct settings *set = r->s->set;

	if (set->relayhost.n > 0) {
		r->misset = true;
		app_fail(r->s->app, "relayhost = %.*s names no server; write"
			" relayhost = [mail.example.com]:587, or without"
			" brackets for a domain's exchangers",
			SPAN_ARG(nexthop));
		return;
	}
	r->never += to - from;
	say_all(r, from, to, "its domain cannot be a destination; not sent");
}

/* Those from one place of the list to another go to the same next hop. */
static void
send_part(struct run *r, struct span nexthop, size_t from, size_t to)
{
	const struct submit *s = r->s;
	size_t per = r->list.per_rcpt;
	struct job j = {
		.sender = s->from,
		.nexthop = nexthop,
		.envid = s->envid,
		.queue_id = span_of(s->id),
		.body = s->body,
		.ret = s->ret,
		.smtputf8 = s->smtputf8,
		.probe = s->is_probe,
		.arrived_ms = s->arrived_ms,
		.started = port_now(),
		.mail = s->mail,
		.rcpts = {
			.words = r->list.words + from * per,
			.words_n = (to - from) * per,
			.state = r->all.state + from,
			.n = to - from,
			.pending = to - from,
		},
	};

	switch (smtp_deliver(r->worker, &j)) {
	case RC_OK:
		break;
	case RC_DENY:
		no_destination(r, nexthop, from, to);
		break;
	case RC_NONE:	/* best_mx_transport would have it */
		r->later += j.rcpts.pending;
		say_all(r, from, to, "this host is the domain's own mail"
			" server, and delivers nothing itself; not sent");
		break;
	default:
		r->later += j.rcpts.pending;
		say_all(r, from, to, port_error());
	}
}

static void
send_all(struct run *r)
{
	struct span relayhost = r->s->set->relayhost;
	size_t from = 0, to;

	if (relayhost.n > 0) {
		send_part(r, relayhost, 0, r->list.n);
		return;
	}
	while (from < r->list.n) {
		struct span domain =
			mail_addr_domain(submit_list_addr(&r->list, from));

		for (to = from + 1; to < r->list.n; to++)
			if (!span_eq_case(domain, mail_addr_domain(
			    submit_list_addr(&r->list, to))))
				break;
		send_part(r, domain, from, to);
		from = to;
	}
}

bool
submit_has_domain(const struct settings *set)
{
	struct span name = set->myhostname;
	size_t dot = span_find(name, '.');

	return dot < name.n && !span_is_case(span_tail(name, dot),
		".localdomain");
}

/* What the machine's owner can do about it, one line for each reason. */
static void
advise(const struct run *r)
{
	const struct settings *set = r->s->set;
	const struct app *app = r->s->app;

	if (r->unreached && set->relayhost.n == 0)
		app_fail(app, "no relayhost is set and no server of the"
			" recipient was reached; most networks let only a"
			" provider's server be reached: write relayhost ="
			" [mail.example.com]:587 to main.cf");
	if (r->reached && !submit_has_domain(set))
		app_fail(app, "myhostname = %.*s has no domain, which many"
			" servers refuse: write myhostname ="
			" router.example.com to main.cf",
			SPAN_ARG(set->myhostname));
	if (r->later > 0 && r->sent > 0)
		app_fail(app, "%zu of %zu recipients have it; try again with"
			" the others alone, as nothing was kept here",
			r->sent, r->sent + r->later + r->never);
	else if (r->later > 0 && !r->s->is_probe)
		app_fail(app, "not sent, and not kept here: try again later");
}

/* Memory and worker; the lists are there. */
static int
start(struct run *r)
{
	const struct submit *s = r->s;
	size_t bad, n = r->list.n * r->list.per_rcpt;
	enum rc rc = rcpt_list_open(&r->all, r->list.words, n, &bad);

	if (rc == RC_WIRE) {
		app_fail(s->app, "%s is no recipient; nothing was sent",
			r->list.words[bad]);
		return EXIT_USAGE;
	}
	r->worker = rc == RC_OK ? port_memory(smtp_worker_bytes()) : NULL;
	rc = RC_OS;
	if (r->worker != NULL)
		rc = smtp_worker(r->worker, s->set, &s->app->log, &r->report,
			false);
	if (rc == RC_OK)
		return EXIT_OK;
	if (rc == RC_DENY)
		return EXIT_CONFIG;	/* the log has said which */
	app_fail(s->app, "out of memory; nothing was sent");
	return EXIT_LATER;
}

static int
exit_code(const struct run *r)
{
	if (r->misset)
		return EXIT_CONFIG;
	if (r->later > 0)
		return EXIT_LATER;
	return r->never > 0 ? EXIT_BOUNCED : EXIT_OK;
}

int
submit_send(struct submit *s)
{
	struct run r = { .report.put = put, .s = s };
	int code;

	code = submit_gather(s, &r.list);
	if (code != EXIT_OK)
		return code;
	submit_list_options(s, &r.list);
	submit_look_for_utf8(s, &r.list);
	log_line(&s->app->log, LOG_INFO, "%s: from=<%.*s>, size=%lld,"
		" nrcpt=%zu", s->id, SPAN_ARG(s->from),
		(long long)s->mail.size, r.list.n);
	if (r.list.n > 0) {
		if ((code = start(&r)) != EXIT_OK)
			return code;
		send_all(&r);
	}
	submit_say_bad(s);
	r.never += r.list.bad;
	if (exit_code(&r) != EXIT_OK)
		advise(&r);
	return exit_code(&r);
}
