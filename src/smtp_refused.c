/*
 * smtp_refused.c - logins that servers refused, remembered in a file, so that
 * no account is locked by trying the same again (smtp_sasl_auth_cache_name).
 *
 * The file is of our own making, whatever its type is called: a mark, then a
 * line for each refusal, the newest first:
 *
 *	SALT DIGEST TIME DSN REPLY
 *
 * The digest, in hexadecimal as the salt, covers salt, server, user and
 * password, so the file tells nobody whose they are; another password is
 * another login.  Of two workers who write at once one loses: one try more.
 */
#include "port.h"
#include "smtp_int.h"

#define MARK		"postern refused logins 1\n"
#define FILE_MAX	6000	/* octets; the oldest make room */
#define REPLY_KEPT	300
#define PATH_LONGEST	512
#define SALT_BYTES	16

struct refusal {
	struct span salt, digest, dsn, text;
	uint64_t made_s;
};

/* `type:path`, or `proxy:type:path`; whatever the type is called. */
static struct span
path_of(const struct worker *w)
{
	struct span rest = w->set->sasl_auth_cache_name, path = { 0 };
	size_t colon;

	(void)span_word(&rest, LIST_DIVIDERS, &path);
	if (span_starts_case(path, "proxy:"))
		path = span_part(path, 6, path.n);
	colon = span_find(path, ':');
	return colon == path.n ? path : span_part(path, colon + 1, path.n);
}

static bool
is_wanted(const struct worker *w)
{
	return !w->refused_off && w->set->sasl_auth_cache_name.n > 0 &&
	    w->set->sasl_auth_cache_time >= SECOND;
}

/* Said once; from then on this worker remembers nothing. */
static void
give_up(struct worker *w, const char *why)
{
	log_line(w->log, LOG_WARNING, "%s_sasl_auth_cache_name: %.*s: %s; "
	    "refused logins are not remembered", w->protocol,
	    SPAN_ARG(path_of(w)), why);
	w->refused_off = true;
}

/* ---- one line ------------------------------------------------------------ */

static bool
parse(struct span line, struct refusal *r)
{
	struct span time;

	if (!span_word(&line, " ", &r->salt) ||
	    !span_word(&line, " ", &r->digest) ||
	    !span_word(&line, " ", &time) || !span_word(&line, " ", &r->dsn))
		return false;
	r->text = span_part(line, 1, line.n);
	return r->salt.n == 2 * SALT_BYTES &&
	    r->digest.n == 2 * SASL_MARK_BYTES && r->dsn.n < DSN_MAX &&
	    r->dsn.p[0] == '5' && r->text.n >= 3 && r->text.n <= REPLY_KEPT &&
	    span_number(time, INT64_MAX / SECOND, &r->made_s);
}

/* What was made after now was made before the clock was set back. */
static bool
is_fresh(const struct worker *w, const struct refusal *r)
{
	int64_t age_s = port_wall() - (int64_t)r->made_s;

	return age_s >= 0 && age_s < w->set->sasl_auth_cache_time / SECOND;
}

static bool
is_of(const struct refusal *r, const struct session *s, const struct sasl *x)
{
	char room[2 * SASL_MARK_BYTES + 1];
	struct buf b = BUF(room);

	sasl_mark(x, r->salt, s->host->name, &b);
	return span_eq(buf_span(&b), r->digest);
}

/* ---- the file ------------------------------------------------------------ */

/* Behind the mark; false: somebody else's file, or a damaged one. */
static bool
is_sound(struct span all, struct span *lines)
{
	struct span mark = SPAN(MARK), rest, line;
	struct refusal r;

	if (!span_eq(span_part(all, 0, mark.n), mark) ||
	    all.p[all.n - 1] != '\n')
		return false;
	rest = span_part(all, mark.n, all.n);
	while (span_line(&rest, &line))
		if (!parse(line, &r))
			return false;
	*lines = span_part(all, mark.n, all.n);
	return true;
}

/* Maybe it is no such file at all: what was in it can be found beside it. */
static void
set_aside(struct worker *w, const char *path, struct span all)
{
	char room[PATH_LONGEST + 16];
	struct buf b = BUF(room);

	buf_fmt(&b, "%s.damaged", path);
	if (port_replace(buf_text(&b), all, 0600) != RC_OK)
		give_up(w, "is no file of refused logins");
	else
		log_line(w->log, LOG_WARNING, "%s is damaged, or no file of "
		    "refused logins: it was set aside as %s, and a new one "
		    "begun", path, buf_text(&b));
}

/* Lines of the file, in b's memory; none, also if there is trouble. */
static struct span
load(struct worker *w, struct buf *path, struct buf *b)
{
	struct span lines = { 0 };
	struct port_stat st;
	enum rc rc;

	buf_put(path, path_of(w));
	if (path->full || path->n == 0) {
		give_up(w, "is no path");
		return lines;
	}
	rc = port_stat_path(buf_text(path), &st);
	if (rc == RC_NONE)
		return lines;
	if (rc == RC_OK && (!st.is_file || st.uid != port_uid() ||
	    (st.mode & 077) != 0)) {
		give_up(w, "belongs to others, or is theirs to read "
		    "(chmod 600)");
		return lines;
	}
	if (rc == RC_OK)
		rc = port_slurp(buf_text(path), b);
	if (rc != RC_OK)
		give_up(w, rc == RC_FULL ? "is too long" : port_error());
	else if (b->n > 0 && !is_sound(buf_span(b), &lines))
		set_aside(w, buf_text(path), buf_span(b));
	return lines;
}

/* ---- refusals ------------------------------------------------------------ */

static void
copy_reply(struct reply *to, const struct refusal *r)
{
	struct buf dsn = BUF(to->dsn);

	reply_clear(to);
	to->code = 535;
	buf_put(&to->text, r->text);
	buf_put(&dsn, r->dsn);
	(void)buf_text(&dsn);
}

bool
refused_find(struct session *s, const struct sasl *x)
{
	char room[FILE_MAX], path_room[PATH_LONGEST];
	struct buf b = BUF(room), path = BUF(path_room);
	struct span lines, line;
	struct refusal r;

	if (!is_wanted(s->w))
		return false;
	lines = load(s->w, &path, &b);
	while (span_line(&lines, &line)) {
		if (!parse(line, &r) || !is_fresh(s->w, &r) || !is_of(&r, s, x))
			continue;
		copy_reply(&s->reply, &r);
		return true;
	}
	return false;
}

/* This one's line; false: no salt was to be had. */
static bool
put_line(struct buf *b, const struct session *s, const struct sasl *x)
{
	char salt[SALT_BYTES], hex_room[2 * SALT_BYTES + 1];
	struct buf hex = BUF(hex_room);

	if (port_random(salt, sizeof(salt), port_now() + SECOND) != RC_OK)
		return false;
	code_hex(&hex, (struct span){ salt, sizeof(salt) });
	buf_put(b, buf_span(&hex));
	buf_putc(b, ' ');
	sasl_mark(x, buf_span(&hex), s->host->name, b);
	buf_fmt(b, " %lld %s ", (long long)port_wall(), s->reply.dsn);
	buf_put(b, span_part(buf_span(&s->reply.text), 0, REPLY_KEPT));
	buf_putc(b, '\n');
	return true;
}

void
refused_keep(struct session *s, const struct sasl *x)
{
	char room[FILE_MAX], path_room[PATH_LONGEST];
	struct buf b = BUF(room), path = BUF(path_room);
	struct buf out = arena_room(&s->w->arena);
	struct span lines, line;
	struct refusal r;

	if (!is_wanted(s->w) || s->reply.code != 535)
		return;
	lines = load(s->w, &path, &b);
	if (out.cap > FILE_MAX)
		out.cap = FILE_MAX;
	buf_puts(&out, MARK);
	if (s->w->refused_off || !put_line(&out, s, x))
		return;
	while (!out.full && span_line(&lines, &line)) {
		if (!parse(line, &r) || !is_fresh(s->w, &r))
			continue;
		buf_put(&out, (struct span){ line.p, line.n + 1 });
	}
	if (port_replace(buf_text(&path), buf_span(&out), 0600) != RC_OK)
		give_up(s->w, port_error());
}
