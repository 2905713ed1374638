/*
 * mail_rewrite.c - addresses replaced by what generic maps have for them, in
 * the envelope and in header fields (RFC 5322, 3.4).
 *
 * A field with an address that is known is written anew: comments behind their
 * address, regular blanks, list members on lines of some 70 octets.  In what is
 * no address by the grammar nothing is replaced, nor lost.
 */
#include <string.h>

#include "mail_head.h"
#include "mail_int.h"

#define WIDTH	70		/* octets of a line; a member longer than that
				   has a line of its own */

static const char fields[] = "From Sender Reply-To To Cc Bcc Apparently-To "
	"Errors-To Return-Path Return-Receipt-To Disposition-Notification-To "
	"Mail-Followup-To Resent-From Resent-Sender Resent-Reply-To "
	"Resent-To Resent-Cc Resent-Bcc";

/* ---- one address --------------------------------------------------------- */

/* The first address of a table's value, whatever stands around it. */
static void
first_address(struct span value, struct buf *out)
{
	struct mail_list list;

	mail_list_start(&list);
	while (value.n > 0 && !list.is_ready)
		span_skip(&value, mail_list_feed(&list, value));
	if (list.is_ready || mail_list_end(&list))
		buf_put(out, list.addr);
}

void
mail_rewrite_result(const struct mail_change *change, struct span was,
    struct span ext, struct span now, struct buf *out)
{
	struct span local = mail_addr_local(now);
	struct span domain = mail_addr_domain(now);

	if (!mail_addr_has_domain(now))
		domain = change->domain;
	if (local.n == 0) {
		local = mail_addr_local(was);
		ext = (struct span){ 0 };
	}
	buf_put(out, local);
	if (change->extension_stays)
		buf_put(out, ext);
	buf_putc(out, '@');
	buf_put(out, domain);
}

enum rc
mail_rewrite_addr(const struct mail_change *change, struct span addr,
    struct buf *out)
{
	char value_room[TABLE_VALUE_MAX], now_room[MAIL_ADDR_MAX + 1];
	struct buf value = BUF(value_room), now = BUF(now_room);
	struct buf done = buf_attempt(out);
	struct span ext, found;
	enum rc rc = mail_map_find(change->generic, addr, &value, &ext);

	if (rc != RC_OK)
		return rc == RC_NONE ? RC_NONE : RC_DENY;
	found = span_trim(buf_span(&value));
	if (found.n > 0 && found.p[0] == '@')
		buf_put(&now, found);
	else
		first_address(found, &now);
	if (now.n == 0)
		return RC_DENY;
	mail_rewrite_result(change, addr, ext, buf_span(&now), &done);
	if (!mail_addr_is_safe(buf_span(&done)))
		return RC_DENY;
	buf_settle(out, &done);
	return done.full ? RC_FULL : RC_OK;
}

/* ---- one member of a list ------------------------------------------------ */

static enum token
take(struct span *rest, struct span *item)
{
	return token_take(rest, "<>,;:", item);
}

struct member {
	struct span text;	/* without the separator behind it */
	struct span before;	/* of the angle brackets: a phrase */
	struct span inside;	/* of them; or, without any, all of it */
	struct span after;
	bool has_angle;
	char end;		/* `,`, `;`, `:`, or 0: the field is over */
};

/*
 * Up to a separator; inside angle brackets commas and colons divide the hosts
 * of a route.  A bracket that isn't closed opens nothing: `close` is the last
 * that closes any.
 */
static void
next_member(struct span *rest, const char *close, struct member *m)
{
	struct span s = *rest, item;
	size_t open = 0, at = 0;
	bool angle = false;

	*m = (struct member){ .end = '\0' };
	while (s.n > 0) {
		size_t before = at;
		enum token kind = take(&s, &item);

		at += item.n;
		if (kind != TOKEN_SPECIAL)
			continue;
		if (item.p[0] == '<' && !m->has_angle && item.p < close) {
			angle = m->has_angle = true;
			open = before;
		} else if (item.p[0] == '>' && angle) {
			angle = false;
			m->before = span_head(*rest, open);
			m->inside = span_part(*rest, open + 1,
			    before - open - 1);
			m->after = span_part(*rest, at, 0);
		} else if (!angle && item.p[0] != '<' && item.p[0] != '>') {
			m->end = item.p[0];
			at = before;
			break;
		}
	}
	m->text = span_head(*rest, at);
	m->has_angle &= !angle;	/* `close` was a quoted one */
	if (!m->has_angle)
		m->inside = m->text;
	else if (m->after.p != NULL)
		m->after = span_part(m->text, (size_t)(m->after.p -
		    m->text.p), at);
	span_skip(rest, at + (m->end != '\0' ? 1 : 0));
}

/* The comments, or all else, divided by blanks. */
static void
put_items(struct buf *out, struct span text, bool comments)
{
	struct span item;
	bool gap = false;

	while (text.n > 0) {
		enum token kind = take(&text, &item);

		if (kind == TOKEN_BLANK ||
		    (kind == TOKEN_COMMENT) != comments) {
			gap |= kind == TOKEN_BLANK;
			continue;
		}
		if (out->n > 0 && (gap || comments) &&
		    !token_is_blank(out->p[out->n - 1]) &&
		    out->p[out->n - 1] != '<')
			buf_putc(out, ' ');
		buf_put(out, item);
		gap = false;
	}
}

/* What may have blanks and comments on either side inside an address. */
static bool
joins(char c)
{
	return c == '.' || c == '@' || c == ',' || c == ':' || c == '>';
}

/*
 * Without blanks and comments; false: they divide words, so it is no address.
 */
static bool
put_joined(struct buf *out, struct span text)
{
	struct span item;
	bool gap = false;

	while (text.n > 0) {
		enum token kind = take(&text, &item);

		if (kind == TOKEN_BLANK || kind == TOKEN_COMMENT) {
			gap = true;
			continue;
		}
		if (gap && out->n > 0 && !joins(out->p[out->n - 1]) &&
		    !joins(item.p[0]))
			return false;
		buf_put(out, item);
		gap = false;
	}
	return out->n > 0 && !out->full;
}

/* The address of a member, with quotes but without blanks and comments. */
static enum rc
map_member(const struct mail_change *change, const struct member *m,
    struct buf *quoted)
{
	char was_room[MAIL_ADDR_MAX], raw_room[MAIL_ADDR_MAX];
	char now_room[MAIL_ADDR_MAX + 1];
	struct buf raw = BUF(raw_room), was = BUF(was_room);
	struct buf now = BUF(now_room);
	struct span tail;
	size_t stray;

	if (m->end == ':' || !put_joined(&raw, m->inside))
		return RC_NONE;
	stray = m->has_angle ? raw.n : span_find(buf_span(&raw), '>');
	tail = span_tail(buf_span(&raw), stray);
	if (mail_addr_unquote(&was, span_head(buf_span(&raw), stray)) !=
	    RC_OK || was.full || was.n == 0)
		return RC_NONE;
	if (change->map != NULL)
		TRY(change->map(change->arg, buf_span(&was), &now));
	else
		TRY(mail_rewrite_addr(change, buf_span(&was), &now));
	mail_addr_show(quoted, buf_span(&now));
	buf_put(quoted, tail);
	return quoted->full ? RC_FULL : RC_OK;
}

/*
 * addr   what stands in place of the address, or empty: it stays.
 * shown  goes behind the name; one that has none gets it as name.
 */
static void
put_member(struct buf *out, const struct member *m, struct span addr,
    struct span shown)
{
	bool has_angle = m->has_angle || shown.n > 0;

	if (m->has_angle)
		put_items(out, m->before, false);
	if (shown.n > 0) {
		if (span_trim(m->before).n > 0)
			buf_puts(out, " - ");
		buf_put(out, shown);
	}
	if (has_angle) {
		if (out->n > 0 && !token_is_blank(out->p[out->n - 1]))
			buf_putc(out, ' ');
		buf_putc(out, '<');
	}
	if (addr.n > 0)
		buf_put(out, addr);
	else
		put_items(out, m->inside, false);
	if (has_angle)
		buf_putc(out, '>');
	if (m->has_angle)
		put_items(out, m->after, false);
	put_items(out, m->text, true);
	if (m->end != '\0')
		buf_putc(out, m->end);
}

/* ---- the whole field ----------------------------------------------------- */

bool
mail_is_address_field(struct span name)
{
	return span_index(fields, name) >= 0;
}

/*
 * What was added from `piece` on gets a line of its own if the one that it
 * stands on would be too long; `line` is where that one begins.
 */
static void
wrap(struct buf *out, size_t piece, size_t *line)
{
	size_t was = out->n, begin;

	if (out->full || piece == *line || piece == was ||
	    was - *line < WIDTH)
		return;
	begin = piece + token_is_blank(out->p[piece]);
	buf_puts(out, begin > piece ? " " : "  ");
	if (out->full)
		return;
	memmove(out->p + piece + 2, out->p + begin, was - begin);
	out->p[piece] = '\n';
	out->p[piece + 1] = '\t';
	*line = piece + 2;
}

/* RC_OK if any address was found. */
static enum rc
put_members(const struct mail_change *change, struct span rest,
    struct buf *out)
{
	char room[3 * MAIL_ADDR_MAX];
	size_t last = span_find_last(rest, '>'), line = 0, piece = 0;
	const char *close = rest.p + (last < rest.n ? last : 0);
	bool found = false;
	struct member m;
	enum rc rc;

	while (rest.n > 0) {
		struct buf addr = BUF(room);
		struct span shown = { 0 };

		if (change->shown != NULL)
			buf_clear(change->shown);
		next_member(&rest, close, &m);
		rc = map_member(change, &m, &addr);
		if (rc == RC_DENY)
			return RC_DENY;
		found |= rc == RC_OK;
		if (span_trim(m.text).n > 0 &&
		    !token_is_blank(out->p[out->n - 1]))
			buf_putc(out, ' ');
		if (rc == RC_OK && change->shown != NULL)
			shown = buf_span(change->shown);
		put_member(out, &m, rc == RC_OK ? buf_span(&addr) :
		    (struct span){ 0 }, shown);
		if (m.end != ',' && rest.n > 0)
			continue;
		if (piece > 0)
			wrap(out, piece, &line);
		piece = out->n;
	}
	return found ? RC_OK : RC_NONE;
}

enum rc
mail_rewrite_field(const struct mail_change *change, struct span field,
    struct buf *out)
{
	struct span name = mail_field_name(field);
	struct span value = span_tail(field, span_find(field, ':') + 1);
	struct buf done = buf_attempt(out), anew;
	enum rc rc;

	if (!mail_is_address_field(name) || value.n == 0)
		return RC_NONE;
	buf_init(&anew, done.p + done.n, done.cap - done.n);
	buf_put(&anew, name);
	buf_puts(&anew, ": ");
	if (anew.full)
		return RC_FULL;
	rc = put_members(change, value, &anew);
	if (rc != RC_OK || anew.full)
		return rc == RC_OK ? RC_FULL : rc;
	done.n += anew.n;
	buf_settle(out, &done);
	return RC_OK;
}
