/*
 * smtp_filter.c - tables by which an administrator changes what is heard and
 * told: words for one server's address, peers to be watched, and the status of
 * a recipient.  Replies are filtered where they are read, in smtp_chat.c.
 */
#include "smtp_int.h"

enum rc
filter_words(const struct session *s, const struct table_list *l,
    struct span *words, struct buf *room)
{
	char text[IP_TEXT_MAX];
	struct buf ip = BUF(text);
	struct span key = s->host->path;
	enum rc rc;

	if (l->first == NULL)
		return RC_OK;
	if (s->host->ip.family != IP_NONE) {
		ip_put(&ip, &s->host->ip);
		key = buf_span(&ip);
	}
	rc = table_find(l, key, TABLE_ANY, room);
	if (rc == RC_OK)
		*words = buf_span(room);
	return rc == RC_NONE ? RC_OK : rc;
}

void
filter_watch(struct session *s)
{
	struct worker *w = s->w;

	w->log = w->plain_log;
	if (w->filters.watched.first == NULL ||
	    table_names_has(&w->filters.watched, s->host->name,
	    s->host->ip.family != IP_NONE ? &s->host->ip : NULL) != RC_OK)
		return;
	w->watch_log = *w->plain_log;
	w->watch_log.err_level = LOG_DEBUG;
	w->log = &w->watch_log;
}

/* ---- the status of a recipient ------------------------------------------ */

/* A code at the front, and the text behind it. */
static bool
take_dsn(struct span *text, char dsn[DSN_MAX])
{
	struct span word = { 0 };

	(void)span_word(text, " \t", &word);
	*text = span_trim(*text);
	if (!reply_dsn(&word, dsn) || word.n > 0)
		return false;
	return dsn[0] == '2' || dsn[0] == '4' || dsn[0] == '5';
}

static void
apply(const struct worker *w, struct verdict *v, struct span text,
    const char dsn[DSN_MAX])
{
	size_t i;

	for (i = 0; i < DSN_MAX; i++)
		v->dsn[i] = dsn[i];
	v->softened = false;
	v->fate = dsn[0] == '2' ? FATE_SENT : dsn[0] == '4' ? FATE_LATER :
	    FATE_NEVER;
	if (text.n > 0)
		v->text = text;
	if (v->fate == FATE_NEVER && w->set->soft_bounce) {
		v->fate = FATE_LATER;
		v->softened = true;
		v->dsn[0] = '4';
	}
}

void
filter_status(const struct worker *w, struct verdict *v, struct buf *room)
{
	char key_room[REPLY_TEXT_MAX + 512 + DSN_MAX + 1], dsn[DSN_MAX] = "";
	struct buf key = BUF(key_room);
	struct span text;

	if (w->filters.status.first == NULL)
		return;
	buf_fmt(&key, "%c%s ", v->softened ? '5' : v->dsn[0], v->dsn + 1);
	buf_put_cut(&key, v->text);
	if (table_find(&w->filters.status, buf_span(&key), TABLE_ANY, room) !=
	    RC_OK)
		return;		/* what cannot tell changes nothing */
	text = buf_span(room);
	if (take_dsn(&text, dsn) && (dsn[0] == '2') == (v->dsn[0] == '2'))
		apply(w, v, text, dsn);
	else
		log_line(w->log, LOG_WARNING, "delivery_status_filter: %.*s is "
		    "no status that may stand for %.*s",
		    SPAN_ARG(buf_span(room)), SPAN_ARG(key));
}
