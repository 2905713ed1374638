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
#define SALT_BYTES	16

struct refusal {
	struct span salt, digest, dsn, text;
	uint64_t made_s;
};

static bool
is_wanted(const struct worker *w)
{
	return w->set->sasl_auth_cache_name.n > 0 &&
	    w->set->sasl_auth_cache_time >= SECOND;
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
	r->text = span_tail(line, 1);
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

	if (!span_eq(span_head(all, mark.n), mark) ||
	    all.p[all.n - 1] != '\n')
		return false;
	rest = span_tail(all, mark.n);
	while (span_line(&rest, &line))
		if (!parse(line, &r))
			return false;
	*lines = span_tail(all, mark.n);
	return true;
}

/* The next of its lines that still count. */
static bool
next_fresh(const struct worker *w, struct span *lines, struct span *line,
    struct refusal *r)
{
	while (span_line(lines, line))
		if (parse(*line, r) && is_fresh(w, r))
			return true;
	return false;
}

/* Lines of the file, in b's memory; none, also if there is trouble. */
static struct span
load(struct worker *w, struct buf *b)
{
	struct state *f = &w->refused;
	struct span lines = { 0 };

	f->log = w->log;
	f->protocol = w->protocol;
	f->setting = "sasl_auth_cache_name";
	f->what = "refused logins";
	f->effect = "refused logins are not remembered";
	f->path = state_path(w->set->sasl_auth_cache_name);
	if (state_load(f, b) && !is_sound(buf_span(b), &lines))
		state_set_aside(f, buf_span(b));
	return lines;
}

/* ---- refusals ------------------------------------------------------------ */

static void
copy_reply(struct reply *to, const struct refusal *r)
{
	struct buf dsn = BUF(to->dsn);

	reply_clear(to);
	to->code = 535;
	to->class = 5;
	buf_put(&to->text, r->text);
	buf_put(&dsn, r->dsn);
	(void)buf_text(&dsn);
}

bool
refused_find(struct session *s, const struct sasl *x)
{
	char room[FILE_MAX];
	struct buf b = BUF(room);
	struct span lines, line;
	struct refusal r;

	if (!is_wanted(s->w))
		return false;
	lines = load(s->w, &b);
	while (next_fresh(s->w, &lines, &line, &r))
		if (is_of(&r, s, x)) {
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
	buf_put(b, span_head(buf_span(&s->reply.text), REPLY_KEPT));
	buf_putc(b, '\n');
	return true;
}

void
refused_keep(struct session *s, const struct sasl *x)
{
	char room[FILE_MAX];
	struct buf b = BUF(room), out = arena_room(&s->w->arena);
	struct span lines, line;
	struct refusal r;

	if (!is_wanted(s->w) || s->reply.code != 535)
		return;
	lines = load(s->w, &b);
	if (out.cap > FILE_MAX)
		out.cap = FILE_MAX;
	buf_puts(&out, MARK);
	if (s->w->refused.is_off || !put_line(&out, s, x))
		return;
	while (!out.full && next_fresh(s->w, &lines, &line, &r))
		buf_put(&out, (struct span){ line.p, line.n + 1 });
	state_save(&s->w->refused, buf_span(&out));
}
