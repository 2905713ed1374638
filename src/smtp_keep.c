/*
 * smtp_keep.c - a connection kept from one job to the next.
 *
 * It may be used again by the same worker alone, so for the same next hop, and
 * the same settings of TLS and passwords; where senders have passwords of their
 * own, it isn't kept.  What went wrong once isn't, either.
 */
#include "port.h"
#include "smtp_int.h"

static const struct span *
hop_of(const struct worker *w)
{
	return &w->job->nexthop;
}

bool
keep_is_listed(const struct worker *w)
{
	return w->kept.always.first != NULL &&
	    table_names_has(&w->kept.always, w->route.dest.host, NULL) ==
	    RC_OK;
}

bool
keep_is_due(struct session *s)
{
	struct worker *w = s->w;
	const struct settings *set = w->set;

	if (w->route.at_fallback || (s->chat.tls != NULL && !s->tls.reuse) ||
	    (w->login != NULL && set->sender_dependent_authentication))
		return false;
	if (set->connection_cache_time_limit <= 0 ||
	    port_now() - s->opened >= set->connection_reuse_time_limit ||
	    (set->connection_reuse_count_limit > 0 &&
	    s->uses > (unsigned)set->connection_reuse_count_limit))
		return false;
	return (set->connection_cache_on_demand && w->job->more) ||
	    s->always_keep;
}

void
keep_session(struct session *s)
{
	struct kept *k = &s->w->kept;

	k->hop = BUF(s->w->rooms.hop);
	buf_put(&k->hop, *hop_of(s->w));
	k->until = port_now() + s->set->connection_cache_time_limit;
	k->is_on = !k->hop.full;
}

static bool
fits(struct worker *w)
{
	const struct kept *k = &w->kept;

	return port_now() < k->until && span_eq(buf_span(&k->hop),
	    *hop_of(w)) && !chat_has_input(&w->session.chat) &&
	    port_now() - w->session.opened <
	    w->set->connection_reuse_time_limit;
}

/* Is the server still there, and of the same mind? */
static enum rc
wake(struct session *s)
{
	struct worker *w = s->w;

	s->chat.end = w->job->started + w->set->daemon_timeout;
	session_stage(s, "sending RSET", w->set->rset_timeout);
	TRY(chat_ask(&s->chat, "RSET", &s->reply));
	return s->reply.class == 2 ? RC_OK : RC_DENY;
}

bool
keep_resume(struct worker *w)
{
	struct session *s = &w->session;

	if (!w->kept.is_on)
		return false;
	if (!fits(w)) {
		smtp_rest(w);
		return false;
	}
	w->kept.is_on = false;
	if (wake(s) == RC_OK) {
		s->uses++;
		return true;
	}
	chat_close(&s->chat, true);
	return false;
}

void
smtp_rest(struct worker *w)
{
	struct session *s = &w->session;

	if (!w->kept.is_on)
		return;
	w->kept.is_on = false;
	s->chat.end = port_now() + w->set->quit_timeout;
	hello_quit(s);
	chat_close(&s->chat, false);
}

ms_t
smtp_kept_until(const struct worker *w)
{
	return w->kept.is_on ? w->kept.until : MS_NEVER;
}
