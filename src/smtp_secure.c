/*
 * smtp_secure.c - TLS in a session: what is demanded of a host, STARTTLS, and
 * the way back to clear text where there is one.  RFC 3207, RFC 8314.
 *
 * A level never gets lower than the policy has it.  Clear text is for level
 * none, and for level may where the server has no TLS or says no to it; and if
 * TLS itself fails there, for mail that has waited already: better late and
 * in clear than never.  A password that may wait inside never gets that way.
 */
#include "port.h"
#include "smtp_int.h"

static bool
is_wanted(const struct settings *set)
{
	return set->tls_security_level > LEVEL_NONE ||
	    (set->tls_security_level == LEVEL_UNSET &&
	    (set->use_tls || set->enforce_tls)) ||
	    set->tls_policy_maps.n > 0 || set->tls_per_site.n > 0 ||
	    set->tls_wrappermode;
}

enum rc
secure_open(struct worker *w)
{
	if (!is_wanted(w->set))
		return RC_OK;
	return tls_open(&w->tls, w->set, w->lmtp, w->log, w->env.arena);
}

void
smtp_prepare(struct worker *w)
{
	char room[512];
	struct buf why = BUF(room);

	if (w->tls != NULL)
		(void)!tls_ready(w->tls, &w->session.tls, &why);
}

/* ---- policy ------------------------------------------------------------- */

static enum rc
later(struct session *s, const char *dsn, const struct buf *why)
{
	return trouble(s->w, AT_SITE, dsn, "%.*s",
	    SPAN_ARG(*why));
}

/*
 * Wrapper mode is for levels that can't go on without TLS.  A UNIX socket's
 * level may will do, as it can't mean anything else there.
 */
static enum rc
check_wrapper(struct session *s, struct buf *why)
{
	int least = s->site.ip.family == IP_NONE ? LEVEL_MAY : LEVEL_ENCRYPT;

	if (!s->tls.wrapper || s->tls.level >= least)
		return RC_OK;
	buf_fmt(why, "%s_tls_wrappermode needs a TLS level of encrypt or more "
	    "for %.*s", s->w->protocol, SPAN_ARG(s->host->name));
	return later(s, "4.3.0", why);
}

enum rc
secure_policy(struct session *s)
{
	struct worker *w = s->w;
	char room[512];
	struct buf why = BUF(room);
	enum rc rc;

	s->tls.level = LEVEL_NONE;
	s->tls.wrapper = false;
	if (w->tls == NULL)
		return RC_OK;
	route_tls_site(w, s->host, &s->site);
	rc = tls_policy_find(w->tls, &s->site, &s->tls, &why);
	if (rc != RC_OK)
		return later(s, rc == RC_DENY ? "4.7.5" : "4.3.0", &why);
	if (tls_dane_find(w->tls, &w->dns, &w->arena, &s->tls, &why) != RC_OK)
		return later(s, "4.7.5", &why);
	return check_wrapper(s, &why);
}

/* ---- the handshake ------------------------------------------------------ */

static void
announce(const struct session *s)
{
	char about[128];
	struct buf b = BUF(about);
	struct span words, trust;

	tls_wire_about(s->chat.tls, &b);
	words = buf_span(&b);
	log_line(s->w->log, LOG_DEBUG, "TLS: %.*s %s", SPAN_ARG(words),
	    s->relay);
	if (s->set->tls_loglevel < 1 || !span_word(&words, " ", &trust))
		return;
	log_line(s->w->log, LOG_INFO, "%.*s TLS connection established to "
	    "%s:%.*s (%u/%u bits)", SPAN_ARG(trust), s->relay,
	    SPAN_ARG(words), tls_wire_bits(s->chat.tls),
	    tls_wire_bits(s->chat.tls));
}

/* Certificates are judged after the handshake, and QUIT goes out inside. */
static enum rc
judge(struct session *s)
{
	char room[512];
	struct buf why = BUF(room);
	bool matched = false;

	s->verified = tls_wire_trust(s->chat.tls, &matched, &why) ==
	    TLS_VERIFIED && matched;
	s->showed_cert = tls_wire_showed_cert(s->chat.tls);
	announce(s);
	if (matched)
		return RC_OK;
	(void)trouble(s->w, AT_HOST, "4.7.5",
	    "Server certificate not verified: %.*s", SPAN_ARG(why));
	hello_quit(s);
	return RC_DENY;
}

static enum rc
handshake(struct session *s)
{
	struct worker *w = s->w;
	struct tls_wire *wire = NULL;
	struct tls_stream over = {
		s->chat.fd, w->set->starttls_timeout, s->chat.end
	};
	char room[512];
	struct buf why = BUF(room);

	if (tls_wire_start(w->tls, &s->tls, &over, &wire, &why) != RC_OK) {
		s->tls_failed = true;
		return trouble(s->w, AT_HOST, "4.7.5",
		    "Cannot start TLS: %.*s", SPAN_ARG(why));
	}
	s->tls_begun = true;
	chat_secure(&s->chat, wire);
	return judge(s);
}

/* No TLS of our own: a server that waits for it can't be helped. */
static enum rc
is_ready(struct session *s, struct buf *why)
{
	enum rc rc = tls_ready(s->w->tls, &s->tls, why);

	if (rc != RC_OK)
		log_line(s->w->log, LOG_WARNING, "%.*s",
		    SPAN_ARG(*why));
	return rc;
}

enum rc
secure_wrap(struct session *s)
{
	char room[512];
	struct buf why = BUF(room);

	if (!s->tls.wrapper)
		return RC_OK;
	if (is_ready(s, &why) == RC_OK)
		return handshake(s);
	return trouble(s->w, AT_HOST, "4.7.5",
	    "TLS is required, but our TLS engine is unavailable: %.*s",
	    SPAN_ARG(why));
}

/* ---- STARTTLS ----------------------------------------------------------- */

/* There must be TLS, and there can't be. */
static enum rc
cannot(struct session *s, const char *dsn, const char *reason,
    struct span more)
{
	(void)trouble(s->w, AT_HOST, dsn, "TLS is required, but %s%.*s",
	    reason, SPAN_ARG(more));
	hello_quit(s);
	return RC_DENY;
}

static enum rc
not_offered(struct session *s)
{
	const struct span peer = { s->relay, s->peer_n };

	return cannot(s, "4.7.4", "was not offered by host ", peer);
}

/* Any 2xx is consent; at level may anything else leaves us where we are. */
static enum rc
ask(struct session *s, bool *yes)
{
	enum rc rc;

	session_stage(s, "receiving the STARTTLS response",
	    s->set->starttls_timeout);
	rc = chat_ask(&s->chat, "STARTTLS", &s->reply);
	if (rc != RC_OK)
		return trouble_lost(s, rc);
	*yes = s->reply.class == 2;
	if (*yes || s->tls.level == LEVEL_MAY)
		return RC_OK;
	(void)trouble_starttls(s);
	hello_quit(s);
	return RC_DENY;
}

static void
note_offer(const struct session *s)
{
	if (s->has & HAS_STARTTLS && s->set->tls_note_starttls_offer)
		log_line(s->w->log, LOG_INFO, "Host offered STARTTLS: [%.*s]",
		    SPAN_ARG(s->host->name));
}

enum rc
secure_start(struct session *s, bool *begun)
{
	bool must = s->tls.level > LEVEL_MAY;
	char room[512];
	struct buf why = BUF(room);

	if (s->chat.tls != NULL)
		return RC_OK;
	if (s->tls.level <= LEVEL_NONE) {
		note_offer(s);
		return RC_OK;
	}
	if (!(s->has & HAS_STARTTLS))
		return must ? not_offered(s) : RC_OK;
	if (is_ready(s, &why) != RC_OK)
		return must ? cannot(s, "4.7.5", "our TLS engine is "
		    "unavailable: ", buf_span(&why)) : RC_OK;
	TRY(ask(s, begun));
	return *begun ? handshake(s) : RC_OK;
}

/*
 * Whoever could put commands ahead of our first one inside TLS is known by
 * their replies (smtp_tls_block_early_mail_reply).
 */
enum rc
secure_no_early_reply(struct session *s)
{
	if (s->chat.tls == NULL || !s->set->tls_block_early_mail_reply ||
	    !chat_has_input(&s->chat))
		return RC_OK;
	return trouble(s->w, AT_HOST, "4.7.0", "the server answers inside "
	    "TLS what it was not asked");
}

/* ---- back to clear text ------------------------------------------------- */

bool
secure_may_retry(struct session *s)
{
	ms_t age = port_wall_ms() - s->w->job->arrived_ms;

	return s->tls.level == LEVEL_MAY &&
	    (s->tls_failed || (s->lost && s->tls_begun)) &&
	    age >= s->set->minimal_backoff_time && !login_is_due(s);
}
