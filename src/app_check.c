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
#include "submit.h"

#define ADDR_BYTES	1100

struct check {
	struct report report;		/* first: put() gets it */
	struct app *app;
	const struct settings *s;
	bool any_wrong;
	char *words[2];
	char dashes[3];			/* RCPT may begin with one */
	char rcpt[ADDR_BYTES];
};

/* One line, at once, as the next may take its time. */
static void PRINTF(3, 4)
tell(struct check *c, const char *how, const char *fmt, ...)
{
	struct buf *b = app_out(c->app);
	va_list ap;

	c->any_wrong |= how[0] == 'W';
	buf_puts(b, how);
	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
	buf_putc(b, '\n');
	app_flush(c->app);
}

#define FINE	"ok    "
#define NOTE	"note  "
#define WRONG	"WRONG "

/* ---- this machine -------------------------------------------------------- */

static void
check_clock(struct check *c)
{
	if (port_wall() < port_built())
		tell(c, WRONG, "the clock stands before this program was built;"
		    " set it: certificates cannot be judged, and mail gets a"
		    " wrong date");
	else
		tell(c, FINE, "the clock");
}

static void
check_names(struct check *c)
{
	bool well = submit_has_domain(c->s);

	tell(c, well ? FINE : WRONG, "myhostname = %.*s%s",
	    SPAN_ARG(c->s->myhostname), well ? "" : " has no domain, which many"
	    " servers refuse; write myhostname = router.example.com");
}

static void
check_room(struct check *c)
{
	const struct queue *q = &c->app->q;
	struct port_space space;
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	int64_t wanted;

	queue_path(q, &path, QUEUE_INCOMING, SPAN(""));
	if (port_space(buf_text(&path), &space) != RC_OK)
		return;
	wanted = queue_wants(c->s, &space);
	if (space.free_bytes < wanted)
		tell(c, WRONG, "%lld KiB are free for the queue, and mail is"
		    " refused below %lld; make room, or lower"
		    " message_size_limit", (long long)(space.free_bytes / 1024),
		    (long long)(wanted / 1024));
	if (q->is_volatile)
		tell(c, WRONG, "the queue is in memory, so a restart loses what"
		    " waits; set queue_directory to a folder on flash or"
		    " disk");
}

static void
check_queue(struct check *c)
{
	struct app *app = c->app;
	struct span folder = c->s->queue_directory;
	enum rc rc = queue_open(&app->q, &app->set.param, &app->log);
	bool is_user = rc == RC_DENY;

	if (rc != RC_OK && !is_user) {
		if (rc == RC_WIRE)
			tell(c, WRONG, "queue_directory = %.*s belongs to"
			    " another mail system; write queue_directory ="
			    " /var/spool/postern", SPAN_ARG(folder));
		else
			tell(c, NOTE, "there is no queue in queue_directory ="
			    " %.*s: sendmail delivers at once, and what fails"
			    " is the caller's", SPAN_ARG(folder));
		return;
	}
	tell(c, FINE, "the queue in %.*s%s", SPAN_ARG(app->q.folder), is_user ?
	    ", by way of drop for this user" : "");
	check_room(c);
	if (queue_ask(&app->q, SPAN("status"), NULL) != RC_NONE)
		tell(c, FINE, "the queue manager runs");
	else
		tell(c, NOTE, "no queue manager runs: %s", is_user ?
		    "what this user sends waits for root's; start postern"
		    " qmgr" : "each sendmail starts one for its mail");
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
			tell(c, WRONG, "smtp_tls_security_level wants"
			    " certificates verified, and no authority is"
			    " trusted; write smtp_tls_CAfile ="
			    " /etc/ssl/certs/ca-certificates.crt");
		return;
	}
	buf_put(&path, file);
	if (port_stat_path(buf_text(&path), &st) != RC_OK) {
		tell(c, WRONG, "smtp_tls_CAfile = %s cannot be read: %s;"
		    " install the certificates (ca-certificates), or name"
		    " another file", room, port_error());
		return;
	}
	buf_puts(&path, ".cdb");
	if (port_stat_path(buf_text(&path), &index) != RC_OK ||
	    index.mtime_s < st.mtime_s)
		tell(c, NOTE, "smtp_tls_CAfile has no index of today, so each"
		    " delivery reads all of it; run postern cacert %.*s",
		    SPAN_ARG(file));
	else
		tell(c, FINE, "smtp_tls_CAfile = %.*s and its index",
		    SPAN_ARG(file));
}

static void
check_relay_words(struct check *c)
{
	bool has_maps = c->s->sasl_password_maps.n > 0;

	if (c->s->relayhost.n == 0)
		tell(c, NOTE, "no relayhost: mail goes to each recipient's own"
		    " server, on port 25, which many networks block; write"
		    " relayhost = [mail.example.com]:587 to use a"
		    " provider's");
	if (c->s->sasl_auth_enable && !has_maps)
		tell(c, WRONG, "smtp_sasl_auth_enable = yes without passwords;"
		    " write smtp_sasl_password_maps ="
		    " texthash:/etc/postern/sasl");
	if (!c->s->sasl_auth_enable && has_maps)
		tell(c, WRONG, "smtp_sasl_password_maps is set and not used;"
		    " write smtp_sasl_auth_enable = yes");
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
		tell(c, FINE, "%.*s takes mail for %.*s: %.*s",
		    SPAN_ARG(v->relay), SPAN_ARG(to->addr), SPAN_ARG(v->text));
	else
		tell(c, WRONG, "mail for %.*s does not go: %s %.*s%s",
		    SPAN_ARG(to->addr), v->dsn, SPAN_ARG(v->text), remedy(v));
	return RC_OK;
}

static enum rc
converse(struct check *c)
{
	struct worker *w = port_memory(smtp_worker_bytes());
	const char *sender = app_given(c->app, 'f');
	struct job j = {
		.probe = true,
		.sender = span_of(sender != NULL ? sender : ""),
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
	bool has_route = port_has_route();

	tell(c, has_route ? FINE : NOTE, has_route ? "a default route" :
	    "there is no default route: mail waits until there is one, unless"
	    " its server is on this network");
	switch (converse(c)) {
	case RC_OK:
		break;
	case RC_DENY:
		tell(c, WRONG, "relayhost = %.*s names no server; write"
		    " relayhost = [mail.example.com]:587",
		    SPAN_ARG(c->s->relayhost));
		break;
	case RC_NONE:
		tell(c, WRONG, "this machine is the mail server of %.*s itself",
		    SPAN_ARG(mail_addr_domain(span_of(c->rcpt))));
		break;
	default:
		tell(c, WRONG, "the server could not be asked: %s",
		    port_error());
	}
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

int
app_check(struct app *app)
{
	struct check *c = app_start(app, sizeof(*c), "o:c:f:nv", NULL);

	if (c == NULL)
		return app->code;
	c->app = app;
	c->dashes[0] = c->dashes[1] = '-';
	app->log.to_syslog = false;	/* somebody is looking */
	if (app_given(app, 'v') != NULL)
		app->log.err_level = LOG_DEBUG;
	TRY_CODE(app_load(app));
	c->s = &app->set.param.set;
	TRY_CODE(settle_rcpt(c));
	tell(c, FINE, "the settings in %.*s", SPAN_ARG(app->set.param.folder));
	check_clock(c);
	check_names(c);
	check_queue(c);
	check_bundle(c);
	check_relay_words(c);
	if (app_given(app, 'n') == NULL)
		check_network(c);
	return c->any_wrong ? EXIT_ERROR : EXIT_OK;
}
