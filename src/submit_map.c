/*
 * submit_map.c - one address rewritten, as Postfix's trivial-rewrite and
 * cleanup do with mail of this machine: completed, canonical, masqueraded.
 *
 * postern_from comes last.  A provider takes mail from addresses of his own
 * alone, and system mail is from root@router, so a sender whose domain is this
 * machine's (in mydestination, myorigin, or without a dot) becomes the one
 * address that the provider knows; who it was is shown beside it in From.
 * Senders of other domains are the user's own choice and stay:
 * sender_canonical_maps = static:ADDRESS changes these, too.
 */
#include <stddef.h>
#include <string.h>

#include "mail_content.h"
#include "submit.h"

#define ARENA_BYTES	((size_t)64 * 1024)
/* How often canonical tables are asked about their own results. */
#define ROUNDS_MAX	10

/* ---- tables -------------------------------------------------------------- */

/* In the order of enum submit_map. */
#define SETTINGS(X) \
	X(sender_canonical_maps) X(recipient_canonical_maps) \
	X(canonical_maps) X(virtual_alias_maps) X(sender_bcc_maps) \
	X(recipient_bcc_maps) X(alias_maps) X(local_login_sender_maps)

static const uint16_t fields[MAPS] = {
#define X(field)	offsetof(struct settings, field),
	SETTINGS(X)
#undef X
};

static const char names[] =
#define X(field)	#field "\0"
	SETTINGS(X)
#undef X
;

/*
 * The tables of the default are there or not, as the machine has it; one that
 * a user names must be there.  NIS is passed over, as its tables come with
 * those of /etc/aliases in what systems install.
 */
static bool
is_there(struct span word)
{
	char path[QUEUE_PATH_MAX];
	struct buf b = BUF(path);
	struct port_stat st;

	span_skip(&word, span_find(word, ':') + 1);
	buf_put(&b, word);
	if (port_stat_path(buf_text(&b), &st) == RC_OK)
		return true;
	buf_puts(&b, ".cdb");
	return port_stat_path(buf_text(&b), &st) == RC_OK;
}

static struct span
aliases(struct submit *s)
{
	struct span rest = s->set->alias_maps, word;
	struct buf b = arena_room(&s->maps.arena);
	bool is_users = param_find(s->param, SPAN("alias_maps"), &word) ==
		RC_OK;

	while (span_word(&rest, LIST_DIVIDERS, &word))
		if (!span_starts_case(word, "nis:") &&
		    !span_starts_case(word, "nis+:") &&
		    (is_users || is_there(word)))
			buf_fmt(&b, "%.*s ", SPAN_ARG(word));
	if (b.full)
		buf_clear(&b);
	else
		arena_keep(&s->maps.arena, &b);
	return buf_span(&b);
}

enum rc
submit_maps_open(struct submit *s)
{
	struct submit_maps *m = &s->maps;
	const struct table_env env = { &m->arena, &s->app->log };
	void *memory = port_memory(ARENA_BYTES);
	const char *name = names;

	if (memory == NULL)
		return RC_OS;
	arena_init(&m->arena, memory, ARENA_BYTES);
	for (size_t i = 0; i < MAPS; i++, name += strlen(name) + 1) {
		struct span text = *(const struct span *)
			((const char *)s->set + fields[i]);

		/* Who leaves mail in drop may not be able to read them. */
		if (s->to_drop && i != MAP_LOGIN)
			continue;
		if (i == MAP_ALIAS)
			text = aliases(s);
		TRY(table_open(&m->list[i], &env, name, text,
			i == MAP_ALIAS ? TABLE_ALIASES : 0));
	}
	m->map = (struct mail_map){
		.delimiters = s->set->recipient_delimiter,
		.origin = s->set->myorigin,
		.local = &m->local,
	};
	TRY(table_names_open(&m->users, &env, "authorized_submit_users",
		s->set->authorized_submit_users, 0));
	TRY(table_names_open(&m->plain, &env, "masquerade_exceptions",
		s->set->masquerade_exceptions, 0));
	return table_names_open(&m->local, &env, "mydestination",
		s->set->mydestination, TABLE_LIST_DOMAIN);
}

const struct mail_map *
submit_map_of(struct submit *s, enum submit_map which)
{
	s->maps.map.tables = &s->maps.list[which];
	return &s->maps.map;
}

enum rc
submit_is_local(const struct submit *s, struct span addr)
{
	struct span domain = mail_addr_domain(addr);

	return domain.n == 0 ? RC_NONE :
		table_names_has(&s->maps.local, domain, NULL);
}

/* ---- completing ---------------------------------------------------------- */

struct span
submit_split(const struct submit *s, struct span local, struct span *domain)
{
	size_t at = span_find(local, '!');
	bool is_bang = s->set->swap_bangpath && at > 0 && at + 1 < local.n;
	struct span before, after;

	*domain = (struct span){ 0 };
	if (!is_bang) {
		at = span_find_last(local, '%');
		if (!s->set->allow_percent_hack || at == 0 ||
		    at + 1 >= local.n)
			return local;
	}
	before = span_head(local, at);
	after = span_tail(local, at + 1);
	*domain = is_bang ? before : after;
	return is_bang ? after : before;
}

void
submit_complete(const struct submit *s, struct buf *b, struct span addr,
	bool has_domain)
{
	bool is_short = s->set->append_dot_mydomain;
	struct span local, domain;

	if (has_domain) {
		if (addr.n > 1 && addr.p[addr.n - 1] == '.')
			addr.n--;
		local = mail_addr_local(addr);
		domain = mail_addr_domain(addr);
	} else {
		local = submit_split(s, addr, &domain);
		has_domain = domain.n > 0;
		if (!has_domain && s->set->append_at_myorigin) {
			domain = s->set->myorigin;
			has_domain = true;
			is_short = false;	/* it is as it must be */
		}
	}
	buf_put(b, local);
	if (has_domain)
		buf_putc(b, '@');
	buf_put(b, domain);
	if (is_short && domain.n > 0 && domain.p[0] != '[' &&
	    span_find(domain, '.') == domain.n)
		buf_fmt(b, ".%.*s", SPAN_ARG(s->set->mydomain));
}

/* ---- one address after the other ----------------------------------------- */

/* The address as it is now, in one room, and the other one for the next. */
struct now {
	struct submit *s;
	unsigned where;		/* ADDRESS_ */
	struct span addr;
	char room[2][RCPT_ADDR_MAX + 1];
};

static struct buf
next_room(struct now *n)
{
	return BUF(n->room[n->addr.p == n->room[0]]);
}

/* A table's results are looked up again, until they stay. */
static enum rc
canonical(struct now *n, enum submit_map which, unsigned classes)
{
	const struct submit *s = n->s;
	const struct mail_change change = {
		.generic = submit_map_of(n->s, which),
		.extension_stays = s->set->propagate_unmatched_extensions &
			EXTENSION_CANONICAL,
		.domain = s->set->myorigin,
		.log = &s->app->log,
	};

	if ((classes & n->where) == 0)
		return RC_OK;
	for (int i = 0; i < ROUNDS_MAX; i++) {
		struct buf b = next_room(n);
		enum rc rc = mail_rewrite_addr(&change, n->addr, &b);
		bool stays = span_eq_case(buf_span(&b), n->addr);

		if (rc != RC_OK)
			return rc == RC_NONE ? RC_OK : RC_DENY;
		n->addr = buf_span(&b);
		if (stays)
			return RC_OK;
	}
	log_line(&s->app->log, LOG_WARNING, "%s: <%.*s> comes to no end",
		s->maps.list[which].setting, SPAN_ARG(n->addr));
	return RC_DENY;
}

/* Is it below that?  Then its host part is in front. */
static bool
is_below(struct span name, struct span parent)
{
	size_t more = name.n - parent.n;

	return name.n > parent.n && name.p[more - 1] == '.' &&
		span_eq_case(span_part(name, more, parent.n), parent);
}

static enum rc
masquerade(struct now *n)
{
	const struct submit *s = n->s;
	struct span rest = s->set->masquerade_domains, word;
	struct span domain = mail_addr_domain(n->addr);
	struct span local = mail_addr_local(n->addr);
	struct buf b;
	enum rc rc;

	if ((s->set->masquerade_classes & n->where) == 0)
		return RC_OK;
	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		bool is_not = word.p[0] == '!';

		word = span_tail(word, is_not);
		if (!span_eq_case(domain, word) && !is_below(domain, word))
			continue;
		rc = table_names_has(&s->maps.plain, local, NULL);
		if (rc != RC_NONE || is_not)
			return rc == RC_OK || is_not ? RC_OK : RC_DENY;
		b = next_room(n);
		buf_fmt(&b, "%.*s@%.*s", SPAN_ARG(local), SPAN_ARG(word));
		n->addr = buf_span(&b);
		return RC_OK;
	}
	return RC_OK;
}

static enum rc
provider_address(struct now *n)
{
	const struct submit *s = n->s;
	struct span domain = mail_addr_domain(n->addr);
	struct buf b;
	enum rc rc = submit_is_local(s, n->addr);

	if ((n->where & (ADDRESS_ENVELOPE_SENDER | ADDRESS_HEADER_SENDER)) == 0
	    || s->set->postern_from.n == 0)
		return RC_OK;
	if (rc == RC_NONE && !span_eq_case(domain, s->set->myorigin) &&
	    !span_eq_case(domain, s->set->myhostname) &&
	    (domain.n == 0 || span_find(domain, '.') < domain.n))
		return RC_OK;
	if (rc != RC_OK && rc != RC_NONE)
		return RC_DENY;
	b = next_room(n);
	submit_complete(s, &b, s->set->postern_from,
		mail_addr_has_domain(s->set->postern_from));
	n->addr = buf_span(&b);
	return RC_OK;
}

enum rc
submit_map(struct submit *s, unsigned where, struct span addr, struct buf *b)
{
	const unsigned senders = ADDRESS_ENVELOPE_SENDER |
		ADDRESS_HEADER_SENDER;
	const struct settings *set = s->set;
	struct now n = { .s = s, .where = where };
	bool is_sender = (where & senders) != 0;
	struct buf first = next_room(&n);

	submit_complete(s, &first, addr, mail_addr_has_domain(addr));
	if (first.full)
		return RC_NONE;
	n.addr = buf_span(&first);
	TRY(is_sender ? canonical(&n, MAP_SENDER_CANONICAL,
		set->sender_canonical_classes) :
		canonical(&n, MAP_RECIPIENT_CANONICAL,
		set->recipient_canonical_classes));
	TRY(canonical(&n, MAP_CANONICAL, set->canonical_classes));
	TRY(masquerade(&n));
	TRY(provider_address(&n));
	if (span_eq(n.addr, addr) || !mail_addr_is_safe(n.addr))
		return RC_NONE;
	buf_put(b, n.addr);
	return b->full ? RC_NONE : RC_OK;
}
