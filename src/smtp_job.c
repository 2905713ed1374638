/*
 * smtp_job.c - a worker: its memory, and one job taken from host to host until
 * every recipient has its verdict.
 */
#include "port.h"
#include "smtp_int.h"

/*
 * All that a worker owns is in here; nothing grows with a message.  What is
 * not touched is not paid for.
 */
_Static_assert(sizeof(struct worker) <= 128 * 1024, "a worker got too large");

#define KEEP_BYTES	((size_t)64 * 1024)	/* for tables */

size_t
smtp_worker_bytes(void)
{
	return sizeof(struct worker);
}

/* Tables live as long as the worker; untouched, their room costs nothing. */
static enum rc
open_tables(struct worker *w)
{
	void *memory = port_memory(KEEP_BYTES);

	if (memory == NULL)
		return RC_OS;
	arena_init(&w->keep, memory, KEEP_BYTES);
	w->env = (struct table_env){ &w->keep, w->log };
	TRY(secure_open(w));
	TRY(login_open(w));
	w->dns.filter = &w->filters.dns;
	change_start(w);
	return tables_open(w);
}

enum rc
smtp_worker(struct worker *w, const struct settings *set,
    const struct log *log, struct report *report, bool lmtp)
{
	w->set = set;
	w->log = w->plain_log = log;
	w->report = report;
	w->lmtp = lmtp;
	w->protocol = lmtp ? "lmtp" : "smtp";
	arena_init(&w->arena, w->arena_room, sizeof(w->arena_room));
	if (dns_open(&w->dns) != RC_OK)
		return RC_OS;
	w->dns.want_secure = set->dns_support_level == SUPPORT_DNSSEC;
	w->dns.probe = set->dnssec_probe;
	w->dns.defnames = set->dns_resolver_options & RESOLVER_DEFNAMES;
	w->dns.dnsrch = set->dns_resolver_options & RESOLVER_DNSRCH;
	TRY(open_tables(w));
	return own_init(&w->own, set, &w->dns, &w->arena, log);
}

/* ---- one host ----------------------------------------------------------- */

static enum rc
dial_inet(struct worker *w, const struct host *h, ms_t until, int *fd)
{
	const struct ip *from = h->ip.family == IP_V6 ? &w->own.bind6 :
	    &w->own.bind4;
	struct port_addr to = { h->ip, h->port };
	struct ip any = { 0 };
	char text[IP_TEXT_MAX];
	struct buf b = BUF(text);
	enum rc rc;

	rc = port_dial(&to, from, w->set->tcp_windowsize, until, fd);
	if (rc != RC_DENY)
		return rc;
	ip_put(&b, from);
	log_line(w->log, LOG_WARNING, "cannot use source address %.*s: %s",
	    SPAN_ARG(b), port_error());
	if (w->set->bind_address_enforce)
		return RC_DENY;
	return port_dial(&to, &any, w->set->tcp_windowsize, until, fd);
}

static enum rc
dial(struct session *s, int *fd)
{
	const struct host *h = s->host;
	ms_t limit = s->set->connect_timeout;
	ms_t until = limit > 0 ? port_now() + limit : MS_NEVER;
	char path[256];
	struct buf b = BUF(path);
	enum rc rc;

	if (h->ip.family == IP_NONE) {
		buf_put(&b, h->path);
		rc = b.full ? RC_OS :
		    port_dial_unix(buf_text(&b), until, fd);
	} else {
		rc = dial_inet(s->w, h, until, fd);
	}
	if (rc == RC_OK)
		return RC_OK;
	if (rc == RC_DENY)
		return trouble_connect(s, "4.4.0",
		    "the source address of bind_address cannot be used");
	return trouble_connect(s, "4.4.1", port_error());
}

/*
 * From the banner to QUIT, like the RFC.  Whatever ends it, what it means for
 * recipients has been recorded where it happened.
 */
static enum rc
talk(struct session *s)
{
	TRY(hello_session(s));
	s->w->route.sessions++;
	s->last = route_is_last(s->w);
	return message_send(s);
}

static void
end_visit(struct session *s, enum rc rc)
{
	struct worker *w = s->w;

	if (rc != RC_OK)
		log_line(w->log, LOG_DEBUG, "session given up while %s",
		    s->stage);
	if (s->chat.table_failed)
		hello_quit(s);
	if (rc == RC_OK && s->kept)
		keep_session(s);
	if (!w->kept.is_on)
		chat_close(&s->chat, s->lost);
	rcpts_reopen(&w->job->rcpts);
}

static void
visit(struct session *s)
{
	struct worker *w = s->w;
	int fd = -1;

	s->stage = "";
	s->has = s->xforward = 0;
	s->size_limit = 0;
	s->disable_esmtp = s->delay_dot = false;
	s->last = s->maybe_sent = s->more_early = false;
	s->kept = false;
	s->always_keep = keep_is_listed(w);
	s->lost = s->tls_begun = s->tls_failed = false;
	s->verified = s->showed_cert = s->logged_in = false;
	s->connected = s->sending = 0;
	if (dial(s, &fd) != RC_OK)
		return;
	s->connected = s->opened = port_now();
	s->chat.log = w->log;
	s->chat.filter = &w->filters.reply;
	s->chat.filtered = w->rooms.filtered;
	chat_open(&s->chat, fd, w->set->per_request_deadline,
	    w->job->started + w->set->daemon_timeout);
	end_visit(s, talk(s));
}

static bool
is_undecided(const struct worker *w)
{
	return w->job->rcpts.pending > 0 && !w->stop && w->broken == RC_OK;
}

static void
try_host(struct worker *w, const struct host *h)
{
	struct session *s = &w->session;

	session_start(s, w, h);
	filter_watch(s);
	s->uses = 1;
	s->connected = s->sending = 0;
	if (secure_policy(s) != RC_OK)
		return;
	visit(s);
	if (!is_undecided(w) || !secure_may_retry(s))
		return;
	log_line(w->log, LOG_INFO, "trying %.*s again, in clear",
	    SPAN_ARG(h->name));
	s->tls.level = LEVEL_NONE;
	visit(s);
}

/* ---- one job ------------------------------------------------------------ */

/*
 * Trace lines of a single recipient in a message to several would tell each
 * who the others are.
 */
static enum rc
check_flags(struct worker *w)
{
	struct job *j = w->job;
	struct rcpt_at at = { 0 };
	struct rcpt to = { 0 };

	if (j->flags & (JOB_FLAG_D | JOB_FLAG_O) && j->rcpts.n > 1) {
		log_line(w->log, LOG_WARNING, "flags D and O need one "
		    "recipient at a time: set "
		    "%s_destination_recipient_limit = 1", w->protocol);
		return trouble(w, AT_JOB, "4.3.5",
		    "flags D and O with several recipients");
	}
	if (j->flags & JOB_FLAG_D)
		(void)rcpt_next(&j->rcpts, &at, &to);
	if (mail_look(&w->reader, &j->mail, to.addr, &w->facts) != RC_OK) {
		w->broken = RC_OS;
		return RC_OS;
	}
	if (w->facts.delivered_here)
		return trouble(w, AT_JOB, "5.4.6",
		    "mail forwarding loop for %.*s", SPAN_ARG(to.addr));
	return RC_OK;
}

/* On the connection that the job before left, if there is one. */
static void
try_kept(struct worker *w)
{
	struct session *s = &w->session;

	if (!keep_resume(w))
		return;
	s->last = s->maybe_sent = s->more_early = s->lost = s->kept = false;
	s->connected = port_now();
	end_visit(s, message_send(s));
}

static enum rc
try_sites(struct worker *w)
{
	const struct host *h;
	enum rc rc;

	while (is_undecided(w) && (rc = route_site(w)) != RC_NONE) {
		if (rc != RC_OK)
			continue;
		while (is_undecided(w) && (h = route_host(w)) != NULL)
			try_host(w, h);
	}
	return RC_OK;
}

enum rc
smtp_deliver(struct worker *w, struct job *job)
{
	w->job = job;
	w->broken = RC_OK;
	w->stop = w->handover = false;
	w->session.connected = w->session.sending = 0;
	trouble_start(w);
	TRY(route_start(w));
	if (check_flags(w) == RC_OK && change_sender_is_known(w) == RC_OK) {
		try_kept(w);
		TRY(try_sites(w));
	}
	if (w->broken == RC_OK && w->handover)
		return RC_NONE;
	if (w->broken == RC_OK && job->rcpts.pending > 0)
		trouble_settle(w);
	return w->broken;
}
