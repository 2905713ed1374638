/*
 * app_check.c - `check`: what is wrong with this set-up, and the line that
 * mends it.
 *
 *	check [-n] [-c DIR] [-o NAME=VALUE] [-f SENDER] [RCPT]
 *
 * From the near to the far: settings, clock, names, queue, route, certificates;
 * then a real conversation with the server that takes mail for RCPT (relayhost
 * or the domain's own), up to the point where a message would begin: name
 * service, connection, TLS and password are tried as they will be.  Nothing is
 * sent.  RCPT is postmaster at the name of this machine if none is given.
 *
 * Each line on standard output begins with `ok`, `note` or `WRONG`, and what is
 * wrong has its remedy behind a semicolon.
 */
#include <stdarg.h>

#include "applet.h"
#include "mail.h"
#include "port.h"
#include "queue.h"
#include "smtp.h"

#define LINE_BYTES	3072
#define ADDR_BYTES	1100

struct check {
	struct report report;		/* first: put() gets it */
	struct app *app;
	struct app_set set;
	struct queue q;
	const struct settings *s;
	const char *folder;
	const char *sender;
	bool stays_here;
	bool any_wrong;
	bool can_print;
	char *words[2];
	char dashes[3];			/* RCPT may begin with one */
	char rcpt[ADDR_BYTES];
};

static void PRINTF(3, 4)
tell(struct check *c, const char *how, const char *fmt, ...)
{
	char room[LINE_BYTES];
	struct buf b = BUF(room);
	va_list ap;

	buf_fmt(&b, "%s ", how);
	va_start(ap, fmt);
	buf_vfmt_cut(&b, fmt, ap);
	va_end(ap);
	b.n = b.n < b.cap - 2 ? b.n : b.cap - 2;
	buf_putc(&b, '\n');
	c->can_print = c->can_print && app_print(c->app, buf_span(&b));
}

#define FINE(c, ...)	tell(c, "ok   ", __VA_ARGS__)
#define NOTE(c, ...)	tell(c, "note ", __VA_ARGS__)
#define WRONG(c, ...)	((c)->any_wrong = true, tell(c, "WRONG", __VA_ARGS__))

/* ---- this machine -------------------------------------------------------- */

static void
check_clock(struct check *c)
{
	if (port_wall() < port_built())
		WRONG(c, "the clock stands before this program was built;"
		    " set it: certificates cannot be judged, and mail gets a"
		    " wrong date");
	else
		FINE(c, "the clock");
}

static void
check_names(struct check *c)
{
	struct span name = c->s->myhostname;
	size_t dot = span_find(name, '.');

	if (dot == name.n || span_is_case(span_part(name, dot, name.n),
	    ".localdomain"))
		WRONG(c, "myhostname = %.*s has no domain, which many servers"
		    " refuse; write myhostname = router.example.com",
		    SPAN_ARG(name));
	else
		FINE(c, "myhostname = %.*s", SPAN_ARG(name));
}

static void
check_room(struct check *c)
{
	struct port_space space;
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	int64_t wanted;

	queue_path(&c->q, &path, QUEUE_INCOMING, SPAN(""));
	if (port_space(buf_text(&path), &space) != RC_OK)
		return;
	wanted = queue_wants(c->s, &space);
	if (space.free_bytes < wanted)
		WRONG(c, "%lld KiB are free for the queue, and mail is refused"
		    " below %lld; make room, or lower message_size_limit",
		    (long long)(space.free_bytes / 1024),
		    (long long)(wanted / 1024));
	if (c->q.is_volatile)
		WRONG(c, "the queue is in memory, so a restart loses what"
		    " waits; set queue_directory to a folder on flash or"
		    " disk");
}

static void
check_queue(struct check *c)
{
	enum rc rc = queue_open(&c->q, &c->set.param, &c->app->log);

	if (rc == RC_NONE) {
		NOTE(c, "there is no queue in queue_directory = %.*s: sendmail"
		    " delivers at once, and what fails is the caller's",
		    SPAN_ARG(c->s->queue_directory));
		return;
	}
	if (rc == RC_WIRE) {
		WRONG(c, "queue_directory = %.*s belongs to another mail"
		    " system; write queue_directory = /var/spool/postern",
		    SPAN_ARG(c->s->queue_directory));
		return;
	}
	FINE(c, "the queue in %.*s%s", SPAN_ARG(c->q.folder), rc == RC_DENY ?
	    ", by way of drop for this user" : "");
	check_room(c);
	if (queue_ask(&c->q, SPAN("status"), NULL) == RC_NONE)
		NOTE(c, "no queue manager runs: %s", rc == RC_DENY ?
		    "what this user sends waits for root's; start postern"
		    " qmgr" : "each sendmail starts one for its mail");
	else
		FINE(c, "the queue manager runs");
}

static void
check_bundle(struct check *c)
{
	struct span file = c->s->tls_CAfile;
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	struct port_stat st, index;
	int level = c->s->tls_security_level;

	if (file.n == 0) {
		if ((level == LEVEL_VERIFY || level == LEVEL_SECURE) &&
		    c->s->tls_CApath.n == 0)
			WRONG(c, "smtp_tls_security_level wants certificates"
			    " verified, and no authority is trusted; write"
			    " smtp_tls_CAfile ="
			    " /etc/ssl/certs/ca-certificates.crt");
		return;
	}
	buf_put(&path, file);
	if (port_stat_path(buf_text(&path), &st) != RC_OK) {
		WRONG(c, "smtp_tls_CAfile = %.*s cannot be read: %s; install"
		    " the certificates (ca-certificates), or name another"
		    " file", SPAN_ARG(file), port_error());
		return;
	}
	buf_puts(&path, ".cdb");
	if (port_stat_path(buf_text(&path), &index) != RC_OK ||
	    index.mtime_s < st.mtime_s)
		NOTE(c, "smtp_tls_CAfile has no index of today, so each"
		    " delivery reads all of it; run postern cacert %.*s",
		    SPAN_ARG(file));
	else
		FINE(c, "smtp_tls_CAfile = %.*s and its index",
		    SPAN_ARG(file));
}

static void
check_relay_words(struct check *c)
{
	if (c->s->relayhost.n == 0)
		NOTE(c, "no relayhost: mail goes to each recipient's own"
		    " server, on port 25, which many networks block; write"
		    " relayhost = [mail.example.com]:587 to use a"
		    " provider's");
	if (c->s->sasl_auth_enable && c->s->sasl_password_maps.n == 0)
		WRONG(c, "smtp_sasl_auth_enable = yes without passwords; write"
		    " smtp_sasl_password_maps = texthash:/etc/postern/sasl");
	if (!c->s->sasl_auth_enable && c->s->sasl_password_maps.n > 0)
		WRONG(c, "smtp_sasl_password_maps is set and not used; write"
		    " smtp_sasl_auth_enable = yes");
}

/* ---- the conversation ---------------------------------------------------- */

/* What a status means for whoever sets this machine up. */
static const char *
remedy(const struct verdict *v)
{
	struct span dsn = span_part(span_of(v->dsn), 2, sizeof(v->dsn));

	if (span_is(dsn, "4.3"))
		return "; look at /etc/resolv.conf: no name server there"
		    " answers";
	if (span_is(dsn, "4.4"))
		return "; look at relayhost, or the recipient's domain";
	if (span_is(dsn, "4.1"))
		return "; is the network up, does a firewall block this port?"
		    " Providers take mail on 587 or 465";
	if (span_is(dsn, "7.8"))
		return "; look at user and password in"
		    " smtp_sasl_password_maps";
	return "";
}

static enum rc
put(struct report *report, const struct job *j, const struct rcpt *to,
	const struct verdict *v)
{
	struct check *c = (struct check *)report;

	(void)j;
	if (v->fate == FATE_SENT)
		FINE(c, "%.*s takes mail for %.*s: %.*s", SPAN_ARG(v->relay),
		    SPAN_ARG(to->addr), SPAN_ARG(v->text));
	else
		WRONG(c, "mail for %.*s does not go: %s %.*s%s",
		    SPAN_ARG(to->addr), v->dsn, SPAN_ARG(v->text), remedy(v));
	return RC_OK;
}

static enum rc
converse(struct check *c)
{
	struct worker *w = port_memory(smtp_worker_bytes());
	struct job j = {
		.probe = true,
		.sender = span_of(c->sender),
		.nexthop = c->s->relayhost,
		.arrived_ms = port_wall_ms(),
		.started = port_now(),
	};
	size_t bad;

	if (w == NULL)
		return RC_OS;
	if (j.nexthop.n == 0)
		j.nexthop = mail_addr_domain(span_of(c->rcpt));
	c->words[0] = c->dashes;
	c->words[1] = c->rcpt;
	TRY(rcpt_list_open(&j.rcpts, c->words, 2, &bad));
	TRY(port_temp(NULL, &j.mail.fd));
	c->report.put = put;
	TRY(smtp_worker(w, c->s, &c->app->log, &c->report, false));
	TRY(smtp_deliver(w, &j));
	smtp_rest(w);
	return RC_OK;
}

static void
check_network(struct check *c)
{
	enum rc rc;

	if (port_has_route())
		FINE(c, "a default route");
	else
		NOTE(c, "there is no default route: mail waits until there"
		    " is one, unless its server is on this network");
	rc = converse(c);
	if (rc == RC_DENY)
		WRONG(c, "relayhost = %.*s names no server; write relayhost ="
		    " [mail.example.com]:587", SPAN_ARG(c->s->relayhost));
	else if (rc == RC_NONE)
		WRONG(c, "this machine is the mail server of %.*s itself",
		    SPAN_ARG(mail_addr_domain(span_of(c->rcpt))));
	else if (rc != RC_OK)
		WRONG(c, "the server could not be asked: %s", port_error());
}

/* ---- the run ------------------------------------------------------------- */

static int
settle_rcpt(struct check *c)
{
	struct buf b = BUF(c->rcpt);
	const struct app *app = c->app;

	if (app->argc > 1)
		return app_usage(app, "one recipient at most");
	if (app->argc == 1)
		buf_puts(&b, app->argv[0]);
	else
		buf_fmt(&b, "postmaster@%.*s", SPAN_ARG(c->s->myorigin));
	if (b.full || !mail_addr_is_safe(buf_span(&b)) ||
	    !mail_addr_has_domain(buf_span(&b)))
		return app_usage(app, "%s is no address with a domain",
		    app->argc > 0 ? app->argv[0] : "myorigin");
	(void)buf_text(&b);
	return EXIT_OK;
}

static int
run(struct check *c)
{
	TRY_CODE(app_set_load(&c->set, c->app, c->folder, false));
	c->s = &c->set.param.set;
	TRY_CODE(settle_rcpt(c));
	c->can_print = true;
	FINE(c, "the settings in %.*s", SPAN_ARG(c->set.param.folder));
	check_clock(c);
	check_names(c);
	check_queue(c);
	check_bundle(c);
	check_relay_words(c);
	if (!c->stays_here)
		check_network(c);
	if (!c->can_print)
		return EXIT_CANT_CREATE;
	return c->any_wrong ? EXIT_ERROR : EXIT_OK;
}

static int
take(struct check *c, int letter, const char *value)
{
	switch (letter) {
	case 'f': c->sender = value; break;
	case 'n': c->stays_here = true; break;
	case 'v': c->app->log.err_level = LOG_DEBUG; break;
	default: return app_set_take(&c->set, c->app, &c->folder, letter,
	    value);
	}
	return EXIT_OK;
}

int
app_check(struct app *app)
{
	struct check *c = app_memory(app, sizeof(*c));
	const char *value = NULL;
	int letter;

	if (c == NULL)
		return EXIT_LATER;
	c->app = app;
	c->sender = "";
	c->dashes[0] = c->dashes[1] = '-';
	app->log.to_syslog = false;	/* somebody is looking */
	while ((letter = app_option(app, "c:f:no:v", &value)) != 0) {
		if (letter == APP_HELP)
			return app_help(app);
		TRY_CODE(take(c, letter, value));
	}
	return run(c);
}
