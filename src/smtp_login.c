/*
 * smtp_login.c - AUTH (RFC 4954): whose password it is, and the exchange.
 *
 * What was offered ahead of TLS does not count inside.  A password leaves only
 * by a mechanism that the options for this kind of connection allow; and where
 * there is one, nothing is sent without it.
 */
#include "mail_map.h"
#include "port.h"
#include "smtp_int.h"

/* By what is known of the connection. */
enum { IN_CLEAR, IN_TLS, IN_VERIFIED_TLS, KINDS };

#define ENTRY_MAX	(SASL_USER_MAX + 1 + SASL_PASSWORD_MAX + 1)

struct login {
	unsigned options[KINDS];
	struct sasl sasl;	/* wiped after each session */
};

/* ---- settings ----------------------------------------------------------- */

static enum rc
read_options(struct worker *w, int kind, struct span words)
{
	struct span bad = { 0 };

	if (sasl_options(words, &w->login->options[kind], &bad) == RC_OK)
		return RC_OK;
	log_line(w->log, LOG_FATAL, "unknown word %.*s in "
	    "%s_sasl_security_options or its TLS forms", SPAN_ARG(bad),
	    w->protocol);
	return RC_DENY;
}

static enum rc
check_settings(struct worker *w)
{
	const struct settings *set = w->set;

	if (!span_is(set->sasl_type, "cyrus")) {
		log_line(w->log, LOG_FATAL, "%s_sasl_type = %.*s: there is "
		    "only one implementation, which answers to cyrus",
		    w->protocol, SPAN_ARG(set->sasl_type));
		return RC_DENY;
	}
	if (set->sasl_password_maps.n == 0) {
		log_line(w->log, LOG_FATAL, "%s_sasl_auth_enable = yes needs "
		    "%s_sasl_password_maps, such as texthash:/etc/postern/"
		    "passwd with a line `host user:password'", w->protocol,
		    w->protocol);
		return RC_DENY;
	}
	TRY(read_options(w, IN_CLEAR, set->sasl_security_options));
	TRY(read_options(w, IN_TLS, set->sasl_tls_security_options));
	return read_options(w, IN_VERIFIED_TLS,
	    set->sasl_tls_verified_security_options);
}

enum rc
login_open(struct worker *w)
{
	if (!w->set->sasl_auth_enable)
		return RC_OK;
	w->login = port_memory(sizeof(*w->login));
	return w->login == NULL ? RC_OS : check_settings(w);
}

/* ---- whose password ----------------------------------------------------- */

static enum rc
find_by_sender(struct session *s, struct buf *entry)
{
	const struct mail_map map = {
		.tables = &s->w->filters.passwords,
		.delimiters = s->set->recipient_delimiter,
		.origin = s->set->myorigin
	};
	struct span ext;

	if (!s->set->sender_dependent_authentication)
		return RC_NONE;
	return mail_map_find(&map, s->w->job->sender, entry, &ext);
}

/* The sender's, then the server's, then that of the next hop as written. */
static enum rc
find(struct session *s, struct buf *entry)
{
	const struct table_list *l = &s->w->filters.passwords;
	enum rc rc = find_by_sender(s, entry);

	if (rc == RC_NONE)
		rc = table_find(l, s->host->name, TABLE_ANY, entry);
	if (rc == RC_NONE)
		rc = table_find(l, s->w->route.dest.text, TABLE_ANY, entry);
	return rc;
}

bool
login_is_due(struct session *s)
{
	char room[ENTRY_MAX];
	struct buf entry = BUF(room);
	enum rc rc;

	if (s->w->login == NULL)
		return false;
	rc = find(s, &entry);
	base_wipe(room, sizeof(room));
	return rc != RC_NONE;
}

/* ---- the exchange ------------------------------------------------------- */

/* Given up by ourselves: no reply says why. */
static enum rc
give_up(struct session *s, const char *dsn, const char *why)
{
	(void)trouble(s->w, AT_HOST, dsn, "SASL authentication failed; "
	    "cannot authenticate to server %.*s: %s", PEER_ARG(s), why);
	hello_quit(s);
	return RC_DENY;
}

/* The mechanisms offered that smtp_sasl_mechanism_filter lets pass. */
static enum rc
filter(struct session *s, struct buf *out)
{
	const struct table_names *l = &s->w->filters.mechanisms;
	struct span offered = buf_span(&s->mechs), word;
	enum rc rc;

	while (span_word(&offered, " \t=", &word)) {
		rc = l->first == NULL ? RC_OK : table_names_has(l, word, NULL);
		if (rc == RC_NONE)
			continue;
		TRY(rc);
		buf_put_cut(out, SPAN(" "));
		buf_put_cut(out, word);
	}
	return RC_OK;
}

/* Mechanisms were left, but they would show the password. */
static enum rc
not_sent(struct session *s, int kind)
{
	char room[160];
	struct buf why = BUF(room);
	const char *protocol = s->w->protocol;

	if (kind == IN_CLEAR)
		buf_fmt(&why, "password not sent: no TLS; set "
		    "%s_tls_security_level = secure, and ", protocol);
	else
		buf_puts(&why, "password not sent in plain text, not even "
		    "inside TLS; set ");
	buf_fmt(&why, "%s_sasl_tls_security_options = noanonymous", protocol);
	return give_up(s, "4.7.0", buf_text(&why));
}

static enum rc
choose(struct session *s)
{
	struct login *l = s->w->login;
	int kind = s->chat.tls == NULL ? IN_CLEAR :
	    s->verified ? IN_VERIFIED_TLS : IN_TLS;
	char room[MECHS_MAX];
	struct buf left = BUF(room);
	enum rc rc;

	if (filter(s, &left) != RC_OK)
		return give_up(s, "4.3.0", "the filter of mechanisms cannot "
		    "tell");
	rc = sasl_choose(&l->sasl, buf_span(&left), l->options[kind],
	    s->showed_cert);
	if (rc == RC_OK)
		return RC_OK;
	if (rc == RC_NONE)
		return give_up(s, "4.7.0", "no mechanism available that both "
		    "sides know and the settings allow");
	return not_sent(s, kind);
}

static enum rc
say_first(struct session *s)
{
	struct sasl *x = &s->w->login->sasl;
	char line[32], room[SASL_LINE_MAX];
	struct buf shown = BUF(line), initial = BUF(room);
	enum rc rc;

	buf_fmt(&shown, "AUTH %s ", sasl_name(x->mech));
	rc = sasl_initial(x, &initial);
	if (rc == RC_NONE) {
		TRY(chat_put(&s->chat, "AUTH %s", sasl_name(x->mech)));
		return chat_flush(&s->chat);
	}
	if (rc == RC_OK)
		rc = chat_send_secret(&s->chat, buf_text(&shown),
		    buf_span(&initial));
	base_wipe(room, sizeof(room));
	return rc;
}

/* RC_WIRE: what the server said is no challenge. */
static enum rc
say_next(struct session *s)
{
	char room[SASL_LINE_MAX];
	struct buf answer = BUF(room);
	enum rc rc = s->reply.odd ? RC_WIRE : sasl_answer(&s->w->login->sasl,
	    span_tail(buf_span(&s->reply.text), 4), &answer);

	if (rc == RC_OK)
		rc = chat_send_secret(&s->chat, "", buf_span(&answer));
	base_wipe(room, sizeof(room));
	return rc;
}

/*
 * Mechanisms of ours take two challenges at most, so this ends.  *given_up: the
 * server waits for an answer that we don't have.
 */
static enum rc
talk(struct session *s, bool *given_up)
{
	enum rc rc = say_first(s);

	while (rc == RC_OK) {
		rc = chat_reply(&s->chat, &s->reply);
		if (rc != RC_OK || s->reply.class != 3)
			return rc;
		rc = say_next(s);
		*given_up = rc == RC_WIRE || rc == RC_FULL;
	}
	return rc;
}

static enum rc
refused(struct session *s, bool remembered)
{
	(void)trouble_login(s, remembered);
	hello_quit(s);
	return RC_DENY;
}

static enum rc
exchange(struct session *s)
{
	bool given_up = false;
	enum rc rc;

	session_stage(s, "performing the EHLO handshake",
	    s->set->helo_timeout);
	rc = talk(s, &given_up);
	if (given_up)
		return give_up(s, "4.7.0", "bad protocol: the server's "
		    "challenge makes no sense");
	if (rc != RC_OK)
		return trouble_lost(s, rc);
	if (s->reply.class == 2) {
		s->logged_in = true;
		return RC_OK;
	}
	refused_keep(s, &s->w->login->sasl);
	return refused(s, false);
}

static enum rc
with_entry(struct session *s, struct span entry)
{
	struct sasl *x = &s->w->login->sasl;

	if (sasl_start(x, entry) != RC_OK)
		return give_up(s, "4.3.0", "the entry of the password table "
		    "is too long");
	x->authzid = s->set->send_cyrus_sasl_authzid;
	if (refused_find(s, x))
		return refused(s, true);
	TRY(choose(s));
	return exchange(s);
}

/* Apart, as those who need no login need not have the stack for it. */
static NOINLINE enum rc
login_by_table(struct session *s)
{
	char room[ENTRY_MAX];
	struct buf entry = BUF(room);
	enum rc rc;

	rc = find(s, &entry);
	if (rc == RC_NONE)
		return RC_OK;
	if (rc == RC_OK)
		rc = with_entry(s, buf_span(&entry));
	else
		rc = give_up(s, "4.3.0", "the table of passwords cannot tell");
	base_wipe(room, sizeof(room));
	sasl_end(&s->w->login->sasl);
	return rc;
}

enum rc
login(struct session *s)
{
	if (s->w->login == NULL || !(s->has & HAS_AUTH))
		return RC_OK;
	return login_by_table(s);
}
