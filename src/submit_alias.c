/*
 * submit_alias.c - one recipient becomes those who get its mail: canonical,
 * virtual aliases (virtual(5)), and aliases of local names (aliases(5)), which
 * Postfix looks up at delivery and we at submission, as everything then is one
 * message with one list.
 *
 * Everything that an address may turn into is kept in a list to be worked off,
 * with the way that led there: an address that leads back to itself is left as
 * it is, and the list's memory and a way's length bound what tables can do.
 *
 * What an alias may say and we don't do, |command and /file, stays in the list
 * of recipients under that name at this host: local delivery keeps it, with the
 * reason.  Names without an alias get their mail here, or as postern_local_to
 * has it.  The sender stays who it is: owner- aliases are not looked at.
 */
#include <string.h>

#include "mail_content.h"
#include "submit.h"

#define WAY_MAX		20	/* aliases of aliases */
#define INCLUDE		":include:"

/* What is to be done with an address of the list. */
enum step {
	ANY = '-', DONE = '!',	/* it stays as it is */
	FILE = 'f'		/* of addresses */
};

/* One of them: step, where the one is that it came from, and its text. */
struct entry {
	enum step step;
	size_t parent;		/* SIZE_MAX: the recipient itself */
	struct span text;
};

static size_t
read_entry(const struct submit *s, size_t at, struct entry *e)
{
	const char *p = s->todo.p + at;

	e->step = (enum step)p[0];
	memcpy(&e->parent, p + 1, sizeof(e->parent));
	e->text = span_of(p + 1 + sizeof(e->parent));
	return at + 1 + sizeof(e->parent) + e->text.n + 1;
}

static enum rc
push(struct submit *s, enum step step, size_t parent, struct span text)
{
	struct entry above = { .parent = parent };
	char bytes[sizeof(parent)];
	unsigned way = 0;

	while (above.parent != SIZE_MAX) {
		read_entry(s, above.parent, &above);
		if (span_eq_case(above.text, text)) {
			if (step == FILE)
				return RC_OK;
			step = DONE;
		}
		if (++way > WAY_MAX)
			return RC_FULL;
	}
	memcpy(bytes, &parent, sizeof(bytes));
	buf_putc(&s->todo, (char)step);
	buf_put(&s->todo, (struct span){ bytes, sizeof(bytes) });
	buf_put(&s->todo, text);
	buf_putc(&s->todo, '\0');
	return s->todo.full ? RC_FULL : RC_OK;
}

/* ---- what tables say ----------------------------------------------------- */

/* What the entry at `parent` turns into: a table's value, lines of a file. */
struct result {
	struct submit *s;
	size_t parent;
	struct span was;	/* the address that it stands for */
	struct span ext;
	bool ext_stays;
	bool is_alias;		/* the form is that of aliases(5) */
	bool any;		/* there was something in it */
};

/* `name`, `\name`, |command, /file or an address, unquoted. */
static enum rc
push_one(struct result *r, struct span text, bool has_domain)
{
	const struct submit *s = r->s;
	const struct mail_change change = {
		.domain = s->set->myorigin,
		.extension_stays = r->ext_stays,
	};
	char full[RCPT_ADDR_MAX + 1], room[RCPT_ADDR_MAX + 1];
	struct buf f = BUF(full), b = BUF(room);
	enum step step = ANY;

	if (r->is_alias && text.p[0] == '\\') {
		span_skip(&text, 1);
		step = DONE;
	}
	if (r->is_alias && !has_domain && strchr("|/", text.p[0]) != NULL) {
		buf_fmt(&f, "%.*s@%.*s", SPAN_ARG(text),
			SPAN_ARG(s->set->myhostname));
		step = DONE;
	} else {
		submit_complete(s, &f, text, has_domain);
	}
	mail_rewrite_result(&change, r->was, r->ext, buf_span(&f), &b);
	if (f.full || b.full || !mail_addr_is_safe(buf_span(&b)))
		return RC_OK;
	r->any = true;
	return push(r->s, step, r->parent, buf_span(&b));
}

/* Addresses, divided by commas. */
static enum rc
push_addresses(struct result *r, struct span text)
{
	struct mail_list l;

	mail_list_start(&l);
	while (mail_list_take(&l, &text))
		if (!l.is_bad)
			TRY(push_one(r, l.addr, l.has_domain));
	return RC_OK;
}

/* The next member of an alias: up to a comma outside of quotes. */
static struct span
next_member(struct span *rest)
{
	bool quoted = false;
	struct span member;
	size_t n = 0;

	for (; n < rest->n && (quoted || rest->p[n] != ','); n++) {
		quoted ^= rest->p[n] == '"';
		n += rest->p[n] == '\\' && n + 1 < rest->n;
	}
	member = span_trim(span_head(*rest, n));
	*rest = span_tail(*rest, n + 1);
	return member;
}

static enum rc
push_alias(struct result *r, struct span text)
{
	while (text.n > 0) {
		struct span m = next_member(&text), inner = m;

		if (inner.n > 1 && inner.p[0] == '"')
			inner = span_part(inner, 1, inner.n - 2);
		if (span_starts_case(inner, INCLUDE)) {
			r->any = true;
			TRY(push(r->s, FILE, r->parent, inner));
		} else if (inner.n > 0 && strchr("|/\\", inner.p[0]) != NULL) {
			TRY(push_one(r, inner, span_find(inner, '@') < inner.n
				&& inner.p[0] == '\\'));
		} else {
			TRY(push_addresses(r, m));
		}
	}
	return RC_OK;
}

/* ---- one step ------------------------------------------------------------ */

/* Each of these: RC_OK, others stand for it now; RC_NONE: none do. */

static enum rc
by_virtual(struct result *r, struct buf *value)
{
	const struct submit *s = r->s;
	struct span text;

	r->ext_stays = s->set->propagate_unmatched_extensions &
		EXTENSION_VIRTUAL;
	TRY(mail_map_find(submit_map_of(r->s, MAP_VIRTUAL), r->was, value,
		&r->ext));
	text = span_trim(buf_span(value));
	if (text.n > 0 && text.p[0] == '@')
		TRY(push_one(r, text, true));
	else
		TRY(push_addresses(r, text));
	return r->any ? RC_OK : RC_WIRE;
}

static enum rc
by_alias(struct result *r, struct span local, struct buf *value)
{
	const struct submit *s = r->s;
	const struct table_list *l = &s->maps.list[MAP_ALIAS];
	enum rc rc = table_find(l, local, TABLE_ANY, value);

	r->is_alias = true;
	r->ext_stays = s->set->propagate_unmatched_extensions &
		EXTENSION_ALIAS;
	r->ext = mail_map_split(local, s->set->recipient_delimiter);
	if (rc == RC_NONE && r->ext.n > 0)
		rc = table_find(l, span_head(local, local.n - r->ext.n),
			TABLE_ANY, value);
	TRY(rc);
	TRY(push_alias(r, buf_span(value)));
	return r->any ? RC_OK : RC_WIRE;
}

static enum rc
by_file(struct result *r)
{
	struct submit_in in;
	struct span piece;
	bool last;
	enum rc rc;

	r->is_alias = true;
	submit_in_start(&in, ENDINGS_ALWAYS, false);
	in.at = 0;
	in.end = INT64_MAX;
	if (port_open(r->was.p + sizeof(INCLUDE) - 1, &in.fd) != RC_OK) {
		log_line(&r->s->app->log, LOG_WARNING, "%s of an alias cannot"
			" be read: %s", r->was.p, port_error());
		return RC_WIRE;
	}
	while ((rc = submit_in_piece(&in, &piece, &last)) == RC_OK) {
		if (piece.n > 0 && piece.p[0] != '#')
			rc = push_alias(r, piece);
		if (rc == RC_OK && !last)
			rc = RC_FULL;	/* a line of 4 KiB */
		if (rc != RC_OK)
			break;
	}
	port_close(in.fd);
	return rc == RC_NONE ? RC_OK : rc;
}

/*
 * `user%site` and `site!user` at this machine go further (RFC 1123, 5.2.16);
 * then there are aliases, names that every machine has, and the one for all
 * others.
 */
static enum rc
by_name(struct result *r, struct buf *value)
{
	const struct submit *s = r->s;
	struct span to = s->set->postern_local_to, domain;
	struct span local = mail_addr_local(r->was);
	char room[RCPT_ADDR_MAX + 1];
	struct buf b = BUF(room);
	enum step step = ANY;
	enum rc rc;

	if (submit_split(s, local, &domain).n < local.n) {
		submit_complete(s, &b, local, false);
		return push(r->s, ANY, r->parent, buf_span(&b));
	}
	rc = by_alias(r, local, value);
	if (rc != RC_NONE)
		return rc;
	if (span_is_case(local, "postmaster")) {
		buf_fmt(&b, "root@%.*s", SPAN_ARG(mail_addr_domain(r->was)));
	} else if (to.n > 0) {
		submit_complete(s, &b, to, mail_addr_has_domain(to));
		step = DONE;
	} else {
		return RC_NONE;
	}
	return push(r->s, step, r->parent, buf_span(&b));
}

static enum rc
step(struct submit *s, size_t at, const struct entry *e)
{
	struct result r = { .s = s, .parent = at, .was = e->text };
	char room[TABLE_VALUE_MAX];
	struct buf value = BUF(room);
	enum rc rc;

	if (e->step == DONE)
		return RC_NONE;
	if (e->step == FILE)
		return by_file(&r);
	rc = by_virtual(&r, &value);
	if (rc != RC_NONE)
		return rc;
	TRY(submit_is_local(s, e->text));
	return by_name(&r, &value);
}

/* ---- all of them --------------------------------------------------------- */

/* Everyone that `addr` leads to. */
static enum rc
work_off(struct submit *s, struct span addr, const struct rcpt *to)
{
	struct entry e;

	buf_clear(&s->todo);
	TRY(push(s, ANY, SIZE_MAX, addr));
	for (size_t at = 0, next; at < s->todo.n; at = next) {
		enum rc rc;

		next = read_entry(s, at, &e);
		rc = step(s, at, &e);
		if (rc == RC_NONE)
			submit_final(s, e.text, to);
		else if (rc != RC_OK)
			return rc == RC_FULL ? RC_FULL : RC_DENY;
	}
	return RC_OK;
}

/* A copy that nobody is to hear of: no notice ever tells its fate. */
static enum rc
copy_to(struct submit *s, struct span text)
{
	const struct rcpt to = { .notify = JOB_NOTIFY_NEVER };
	char room[RCPT_ADDR_MAX + 1];
	struct buf b = BUF(room);

	text = span_trim(text);
	if (submit_map(s, ADDRESS_ENVELOPE_RECIPIENT, text, &b) == RC_DENY)
		return RC_DENY;
	return work_off(s, b.n > 0 ? buf_span(&b) : text, &to);
}

static enum rc
copy_by(struct submit *s, enum submit_map which, struct span addr)
{
	char room[TABLE_VALUE_MAX];
	struct buf value = BUF(room);
	struct span ext;
	enum rc rc = mail_map_find(submit_map_of(s, which), addr, &value, &ext);

	if (rc == RC_OK)
		return copy_to(s, buf_span(&value));
	return rc == RC_NONE ? RC_OK : RC_DENY;
}

enum rc
submit_resolve_copies(struct submit *s)
{
	if (s->set->always_bcc.n > 0)
		TRY(copy_to(s, s->set->always_bcc));
	return copy_by(s, MAP_SENDER_BCC, s->from);
}

enum rc
submit_resolve(struct submit *s, struct rcpt *to)
{
	char room[RCPT_ADDR_MAX + 1];
	struct buf b = BUF(room);
	struct span addr = to->addr;
	enum rc rc = submit_map(s, ADDRESS_ENVELOPE_RECIPIENT, addr, &b);

	if (rc == RC_DENY)
		return RC_DENY;
	if (rc == RC_OK)
		addr = buf_span(&b);
	if (!s->set->enable_original_recipient || s->queue == NULL)
		to->given.n = 0;
	TRY(work_off(s, addr, to));
	return s->is_notice ? RC_OK : copy_by(s, MAP_RECIPIENT_BCC, addr);
}
