/*
 * smtp_hello.c - how a session begins and ends: banner, EHLO or LHLO, HELO for
 * those who know no better, and QUIT.  RFC 5321, 3.1 and 3.2; RFC 2033, 4.1.
 *
 * TLS and AUTH have their place between hello() and the mail; both are asked
 * for by what EHLO told (s->has).  After TLS has begun all that is void, and
 * everything starts over but for the banner (RFC 3207, 4.2).
 */
#include <string.h>

#include "smtp_int.h"

/*
 * Extensions, in the order of their bits; behind them those that may be
 * discarded though we never use them, and the word that keeps this out of the
 * log.
 */
static const char keywords[] = "PIPELINING SIZE 8BITMIME DSN SMTPUTF8 "
	"XFORWARD STARTTLS AUTH ENHANCEDSTATUSCODES "
	"CHUNKING BINARYMIME BURL ETRN VRFY VERP XVERP XCLIENT HELP EXPN "
	"DELIVERBY silent-discard";

static unsigned
bit_of(struct span word)
{
	int i = span_index(keywords, word);

	return i < 0 ? 0 : 1u << i;
}

static unsigned
bits_of(const struct session *s, struct span rest)
{
	struct span word;
	unsigned bits = 0, bit;

	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		bit = bit_of(word);
		if (bit == 0)
			log_line(s->w->log, LOG_WARNING,
			    "%s_discard_%chlo_keywords: unknown EHLO keyword "
			    "%.*s is ignored", s->w->protocol,
			    s->w->lmtp ? 'l' : 'e', SPAN_ARG(word));
		bits |= bit;
	}
	return bits;
}

static NOINLINE unsigned
discarded_here(struct session *s, struct span words)
{
	char room[TABLE_VALUE_MAX];
	struct buf b = BUF(room);

	if (filter_words(s, &s->w->filters.ehlo_words, &words, &b) != RC_OK)
		s->chat.table_failed = true;
	return bits_of(s, words);
}

/* The extensions that settings tell us not to see. */
static unsigned
discarded(struct session *s)
{
	struct span words = s->set->discard_ehlo_keywords;

	return s->w->filters.ehlo_words.first != NULL ?
	    discarded_here(s, words) : bits_of(s, words);
}

/* ---- what EHLO tells ---------------------------------------------------- */

/* No number, a negative or a huge one tells no limit (RFC 1870, 4). */
static void
note_size(struct session *s, struct span rest)
{
	struct span word;
	uint64_t n;

	if (span_word(&rest, " ", &word) && span_number(word, INT64_MAX, &n))
		s->size_limit = (int64_t)n;
}

/*
 * One line behind the first; `AUTH=` of old servers is `AUTH `.  A tab is no
 * blank here (RFC 5321, 4.1.1.1).
 */
static void
note_keyword(struct session *s, struct span line, unsigned discard,
    struct buf *gone)
{
	struct span word;
	unsigned bit;

	if (!span_word(&line, " =", &word))
		return;
	span_skip(&line, 1);
	bit = bit_of(word) & HAS_ALL;
	if (bit & discard) {
		buf_fmt(gone, " %.*s", SPAN_ARG(word));
		return;
	}
	s->has |= bit;
	if (bit == HAS_SIZE)
		note_size(s, line);
	if (bit == HAS_XFORWARD)
		s->xforward |= xforward_offered(line);
	if (bit == HAS_AUTH) {
		buf_put_cut(&s->mechs, SPAN(" "));
		buf_put_cut(&s->mechs, line);
	}
}

/*
 * Our own name at the other end: this is us, or somebody who took our name.
 * Content filters on other ports may well be called like us.
 */
static bool
is_own_name(const struct session *s, struct span line)
{
	struct span word;

	return !s->w->lmtp && s->host->port == 25 &&
	    s->host->ip.family != IP_NONE && span_word(&line, " ", &word) &&
	    span_eq_case(word, s->set->myhostname);
}

static void
forget_features(struct session *s)
{
	s->has = s->xforward = 0;
	s->size_limit = 0;
	s->mechs = BUF(s->w->rooms.mechs);
}

/* The first line with a word on it has the server's name; then keywords. */
static enum rc
hear_features(struct session *s, bool *own)
{
	unsigned discard = discarded(s);
	char names[128];
	struct buf gone = BUF(names);
	struct span text;
	bool last = false, named = false, is_us = false, room;

	reply_clear(&s->reply);
	forget_features(s);
	while (!last) {
		/* No honest server fills a reply; the rest is not heeded. */
		room = s->reply.text.n + 1 < REPLY_TEXT_MAX;
		TRY(chat_reply_line(&s->chat, &s->reply, &text, &last));
		if (named && room)
			note_keyword(s, text, discard, &gone);
		else if (!named)
			is_us = is_own_name(s, text);
		named |= span_trim(text).n > 0;
	}
	if (s->chat.table_failed)
		return RC_OS;
	/* Who refuses has not introduced itself: our name is a quotation. */
	*own |= is_us && s->reply.class == 2;
	if (gone.n > 0 && !(discard & HAS_SILENT))
		log_line(s->w->log, LOG_INFO, "EHLO keywords discarded:%.*s",
		    SPAN_ARG(gone));
	return RC_OK;
}

void
session_start(struct session *s, struct worker *w, const struct host *h)
{
	struct buf relay = BUF(s->relay);

	s->w = w;
	s->set = w->set;
	s->host = h;
	route_relay(&relay, h);
	s->peer_n = relay.n;
	if (h->ip.family != IP_NONE)
		buf_fmt(&relay, ":%u", h->port);
	(void)buf_text(&relay);
}

void
session_stage(struct session *s, const char *stage, ms_t limit)
{
	s->stage = stage;
	chat_limit(&s->chat, limit);
}

/* ---- the stages --------------------------------------------------------- */

/* A PIX firewall in its fixup mode shows only these (PIX-01, PIX-02). */
static bool
is_pix(const struct reply *r)
{
	struct span t = buf_span(&r->text);
	size_t i;

	for (i = 0; i < t.n; i++)
		if (!strchr("20* ", t.p[i]) || t.p[i] == '\0')
			return false;
	return true;
}

static void
pix_workarounds(struct session *s)
{
	struct span rest = s->set->pix_workarounds, word;
	int64_t age = port_wall_ms() - s->w->job->arrived_ms;
	char room[TABLE_VALUE_MAX];
	struct buf words = BUF(room);

	if (!is_pix(&s->reply))
		return;
	/* What cannot tell changes nothing. */
	(void)!filter_words(s, &s->w->filters.pix_words, &rest, &words);
	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		if (span_is_case(word, "disable_esmtp"))
			s->disable_esmtp = true;
		else if (span_is_case(word, "delay_dotcrlf"))
			s->delay_dot = age >=
			    s->set->pix_workaround_threshold_time;
		else
			log_line(s->w->log, LOG_WARNING, "unknown word %.*s in "
			    "pix_workarounds is ignored", SPAN_ARG(word));
	}
	log_line(s->w->log, LOG_INFO, "PIX workarounds for %s:%s%s",
	    s->relay, s->disable_esmtp ? " disable_esmtp" : "",
	    s->delay_dot ? " delay_dotcrlf" : "");
}

/*
 * A refusal to talk concerns this host; other classes than 4 and 5 everyone.
 * skip: a 5xx is taken for 4xx, so that the next host may be better.
 */
static enum rc
refused(struct session *s, bool skip)
{
	if (skip && s->reply.class == 5) {
		s->reply.class = 4;
		s->reply.dsn[0] = '4';
	}
	(void)trouble_refused(s);	/* ahead of QUIT's reply */
	hello_quit(s);
	return RC_DENY;
}

static struct span
behind_code(const struct reply *r)
{
	return span_tail(buf_span(&r->text), 4);
}

static bool
wants_ehlo(const struct session *s)
{
	struct span text = buf_span(&s->reply.text), word;

	if (s->disable_esmtp || s->set->never_send_ehlo)
		return false;
	if (s->set->always_send_ehlo)
		return true;
	while (span_word(&text, " ", &word))
		if (span_is_case(word, "ESMTP"))
			return true;
	return false;
}

static enum rc
banner(struct session *s, bool *own)
{
	enum rc rc;

	session_stage(s, "receiving the initial server greeting",
	    s->set->helo_timeout);
	rc = chat_reply(&s->chat, &s->reply);
	if (rc != RC_OK)
		return trouble_lost(s, rc);
	if (s->reply.class != 2)
		return refused(s, s->set->skip_5xx_greeting);
	*own |= is_own_name(s, behind_code(&s->reply));
	pix_workarounds(s);
	s->wants_ehlo = wants_ehlo(s);
	return RC_OK;
}

/* One of EHLO, LHLO, HELO; the reply is in s->reply. */
static enum rc
introduce(struct session *s, const char *verb, const char *stage, bool *own)
{
	enum rc rc;

	session_stage(s, stage, s->set->helo_timeout);
	rc = chat_put(&s->chat, "%s %.*s", verb,
	    SPAN_ARG(s->set->helo_name));
	if (rc == RC_OK)
		rc = chat_flush(&s->chat);
	if (rc == RC_OK)
		rc = hear_features(s, own);
	return rc == RC_OK ? RC_OK : trouble_lost(s, rc);
}

static enum rc
consent(struct session *s)
{
	return s->reply.class == 2 ? RC_OK : refused(s, false);
}

static enum rc
hello(struct session *s, bool *own)
{
	bool ignored = false;

	if (s->w->lmtp) {
		TRY(introduce(s, "LHLO", "performing the LHLO handshake",
		    own));
		return consent(s);
	}
	if (s->wants_ehlo) {
		TRY(introduce(s, "EHLO", "performing the EHLO handshake",
		    own));
		if (s->reply.class == 2)
			return RC_OK;
		if (s->reply.code == 421)
			return refused(s, false);
	}
	TRY(introduce(s, "HELO", "performing the HELO handshake", &ignored));
	forget_features(s);
	return consent(s);
}

/*
 * The best exchanger answers by our name: the mail would come back for ever.
 * A worse one is just not asked.
 */
static enum rc
loop(struct session *s)
{
	const struct route *r = &s->w->route;
	bool best = s->host->preference == r->best;

	hello_quit(s);
	return trouble(s->w, AT_HOST, best ? "5.4.6" : "4.4.6",
	    "mail for %.*s loops back to myself", SPAN_ARG(r->dest.host));
}

enum rc
hello_session(struct session *s)
{
	bool own = false, begun = false;

	TRY(secure_wrap(s));
	TRY(banner(s, &own));
	TRY(hello(s, &own));
	if (own)
		return loop(s);
	TRY(secure_start(s, &begun));
	if (begun)
		TRY(hello(s, &own));
	if (own)
		return loop(s);
	TRY(secure_no_early_reply(s));
	return login(s);
}

/* ---- QUIT --------------------------------------------------------------- */

enum rc
hello_put_quit(struct session *s)
{
	return chat_put(&s->chat, "QUIT");
}

/* Whatever comes, or not: what was decided stands (TRX-10). */
void
hello_hear_quit(struct session *s)
{
	chat_limit(&s->chat, s->set->quit_timeout);
	if (!s->set->skip_quit_response &&
	    chat_reply(&s->chat, &s->reply) != RC_OK)
		log_line(s->w->log, LOG_DEBUG, "no reply to QUIT");
}

void
hello_quit(struct session *s)
{
	chat_limit(&s->chat, s->set->quit_timeout);
	if (hello_put_quit(s) == RC_OK && chat_flush(&s->chat) == RC_OK)
		hello_hear_quit(s);
}
