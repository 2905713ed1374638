/*
 * mail_map.c - the keys under which a table may know an address.
 */
#include <string.h>

#include "mail.h"
#include "mail_map.h"

#define KEY_MAX	2048	/* of a quoted address */

static bool
ends_case(struct span s, const char *tail)
{
	size_t n = strlen(tail);

	return s.n >= n && span_is_case(span_tail(s, s.n - n), tail);
}

struct span
mail_map_split(struct span local, struct span delimiters)
{
	size_t i;

	if (span_is_case(local, "mailer-daemon") ||
	    span_is_case(local, "double-bounce"))
		return (struct span){ 0 };
	for (i = 1; i < local.n; i++)
		if (span_find(delimiters, local.p[i]) < delimiters.n)
			break;
	if (i < local.n && local.p[i] == '-' &&
	    (span_starts_case(local, "owner-") ||
	    ends_case(local, "-request")))
		i = local.n;
	return span_tail(local, i);
}

/* local, @ and domain, as far as they are there. */
enum rc
mail_map_try(const struct table_list *tables, struct span local,
    struct span domain, unsigned kinds, struct buf *value)
{
	char room[KEY_MAX], quoted[KEY_MAX];
	struct buf key = BUF(room), q = BUF(quoted);
	enum rc rc;

	buf_put(&key, local);
	if (domain.n > 0) {
		buf_putc(&key, '@');
		buf_put(&key, domain);
	}
	if (key.full)
		return RC_NONE;
	if (local.n > 0)
		mail_addr_quote(&q, buf_span(&key));
	if (q.n > 0 && !q.full && !span_eq(buf_span(&q), buf_span(&key))) {
		rc = table_find(tables, buf_span(&q), kinds, value);
		if (rc != RC_NONE)
			return rc;
	}
	return table_find(tables, buf_span(&key), kinds, value);
}

static enum rc
is_ours(const struct mail_map *m, struct span domain)
{
	if (span_eq_case(domain, m->origin))
		return RC_OK;
	return m->local == NULL ? RC_NONE :
	    table_names_has(m->local, domain, NULL);
}

/* Without the extension, if there is one. */
static enum rc
try_short(const struct mail_map *m, struct span local, struct span domain,
    struct buf *value, struct span *ext)
{
	struct span tail = mail_map_split(local, m->delimiters);
	enum rc rc;

	if (tail.n == 0)
		return RC_NONE;
	rc = mail_map_try(m->tables, span_head(local, local.n - tail.n),
	    domain, TABLE_FIXED, value);
	if (rc == RC_OK)
		*ext = tail;
	return rc;
}

/* An address of ours is known by its local part alone. */
static enum rc
try_local(const struct mail_map *m, struct span local, struct span domain,
    struct buf *value, struct span *ext)
{
	const struct span none = { 0 };
	enum rc rc;

	TRY(is_ours(m, domain));
	rc = mail_map_try(m->tables, local, none, TABLE_FIXED, value);
	return rc == RC_NONE ? try_short(m, local, none, value, ext) : rc;
}

enum rc
mail_map_find(const struct mail_map *m, struct span addr, struct buf *value,
    struct span *ext)
{
	struct span local = mail_addr_local(addr);
	struct span domain = mail_addr_domain(addr);
	const struct span none = { 0 };
	enum rc rc;

	*ext = none;
	if (m->tables->first == NULL || addr.n == 0 ||
	    addr.p[addr.n - 1] == '@')
		return RC_NONE;
	rc = mail_map_try(m->tables, local, domain, TABLE_ANY, value);
	if (rc == RC_NONE)
		rc = try_short(m, local, domain, value, ext);
	if (rc != RC_NONE || domain.n == 0)
		return rc;
	rc = try_local(m, local, domain, value, ext);
	return rc == RC_NONE ? mail_map_try(m->tables, none, domain,
	    TABLE_FIXED, value) : rc;
}
