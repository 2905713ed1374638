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

#include "mail_content.h"
#include "submit.h"

#define ARENA_BYTES	((size_t)64 * 1024)
/* How often canonical tables are asked about their own results. */
#define ROUNDS_MAX	10

/* ---- tables -------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t at;
} settings[MAPS] = {
#define ROW(field)	{ #field, offsetof(struct settings, field) }
	ROW(sender_canonical_maps), ROW(recipient_canonical_maps),
	ROW(canonical_maps), ROW(virtual_alias_maps), ROW(sender_bcc_maps),
	ROW(recipient_bcc_maps), ROW(alias_maps)
};

/*
 * The tables of the default are there or not, as the machine has it; one that
 * a user names must be there.  NIS is passed over, as its tables come with
 * those of /etc/aliases in what systems install.
 */
static bool
is_wanted(const struct submit *s, struct span word)
{
	struct span value;
	size_t colon = span_find(word, ':');
	char path[QUEUE_PATH_MAX];
	struct buf b = BUF(path);
	struct port_stat st;

	if (span_starts_case(word, "nis:") || span_starts_case(word, "nis+:"))
		return false;
	if (param_find(s->param, SPAN("alias_maps"), &value) == RC_OK)
		return true;
	buf_put(&b, span_part(word, colon + 1, word.n));
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

	while (span_word(&rest, LIST_DIVIDERS, &word))
		if (is_wanted(s, word)) {
			buf_put(&b, word);
			buf_putc(&b, ' ');
		}
	if (b.full || b.n == 0)
		return (struct span){ 0 };
	arena_keep(&s->maps.arena, &b);
	return buf_span(&b);
}

enum rc
submit_maps_open(struct submit *s)
{
	struct submit_maps *m = &s->maps;
	const struct table_env env = { &m->arena, &s->app->log };
	void *memory = port_memory(ARENA_BYTES);

	if (memory == NULL)
		return RC_OS;
	arena_init(&m->arena, memory, ARENA_BYTES);
	/* Who only leaves mail in drop may not be able to read them. */
	for (size_t i = 0; i < MAPS && !s->to_drop; i++) {
		struct span text = *(const struct span *)
			((const char *)s->set + settings[i].at);

		if (i == MAP_ALIAS)
			text = aliases(s);
		TRY(table_open(&m->list[i], &env, settings[i].name, text,
			i == MAP_ALIAS ? TABLE_ALIASES : 0));
		if (i < MAP_ALIAS)
			m->map[i] = (struct mail_map){
				.tables = &m->list[i],
				.delimiters = s->set->recipient_delimiter,
				.origin = s->set->myorigin,
				.local = &m->local,
			};
	}
	TRY(table_open(&m->senders, &env, "local_login_sender_maps",
		s->set->local_login_sender_maps, 0));
	TRY(table_names_open(&m->users, &env, "authorized_submit_users",
		s->set->authorized_submit_users, 0));
	TRY(table_names_open(&m->plain, &env, "masquerade_exceptions",
		s->set->masquerade_exceptions, 0));
	return table_names_open(&m->local, &env, "mydestination",
		s->set->mydestination, TABLE_LIST_DOMAIN);
}

enum rc
submit_is_local(const struct submit *s, struct span addr)
{
	struct span domain = mail_addr_domain(addr);

	return domain.n == 0 ? RC_NONE :
		table_names_has(&s->maps.local, domain, NULL);
}

/* ---- completing ---------------------------------------------------------- */

static struct span
without_dot(struct span addr)
{
	if (addr.n > 1 && addr.p[addr.n - 1] == '.')
		addr.n--;
	return addr;
}

struct span
submit_split(const struct submit *s, struct span local, struct span *domain)
{
	size_t bang = span_find(local, '!'), percent;

	*domain = (struct span){ 0 };
	if (s->set->swap_bangpath && bang > 0 && bang + 1 < local.n) {
		*domain = span_part(local, 0, bang);
		return span_part(local, bang + 1, local.n);
	}
	percent = span_find_last(local, '%');
	if (s->set->allow_percent_hack && percent > 0 &&
	    percent + 1 < local.n) {
		*domain = span_part(local, percent + 1, local.n);
		return span_part(local, 0, percent);
	}
	return local;
}

void
submit_complete(const struct submit *s, struct buf *b, struct span addr,
	bool has_domain)
{
	struct span local, domain;

	if (has_domain) {
		addr = without_dot(addr);
		local = mail_addr_local(addr);
		domain = mail_addr_domain(addr);
	} else {
		local = submit_split(s, addr, &domain);
		if (domain.n == 0 && s->set->append_at_myorigin) {
			buf_put(b, local);
			buf_putc(b, '@');
			buf_put(b, s->set->myorigin);
			return;
		}
	}
	buf_put(b, local);
	if (has_domain || domain.n > 0)
		buf_putc(b, '@');
	buf_put(b, domain);
	if (!s->set->append_dot_mydomain || domain.n == 0 ||
	    domain.p[0] == '[' || span_find(domain, '.') < domain.n)
		return;
	buf_putc(b, '.');
	buf_put(b, s->set->mydomain);
}

/* ---- one address after the other ----------------------------------------- */

/* The address as it is now, and room for the next one. */
struct now {
	struct submit *s;
	unsigned where;		/* ADDRESS_ */
	struct span addr;
	unsigned turn;
	char room[2][RCPT_ADDR_MAX + 1];
};

static struct buf
next_room(struct now *n)
{
	struct buf b;

	n->turn ^= 1;
	buf_init(&b, n->room[n->turn], sizeof(n->room[0]));
	return b;
}

/* A table's results are looked up again, until they stay. */
static enum rc
canonical(struct now *n, enum submit_map which, unsigned classes)
{
	const struct submit *s = n->s;
	const struct mail_change change = {
		.generic = &s->maps.map[which],
		.extension_stays = s->set->propagate_unmatched_extensions &
			EXTENSION_CANONICAL,
		.domain = s->set->myorigin,
		.log = &s->app->log,
	};

	if ((classes & n->where) == 0 || s->maps.list[which].first == NULL)
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
		settings[which].name, SPAN_ARG(n->addr));
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

		word = span_part(word, is_not, word.n);
		if (!span_eq_case(domain, word) && !is_below(domain, word))
			continue;
		rc = table_names_has(&s->maps.plain, local, NULL);
		if (rc != RC_NONE || is_not)
			return rc == RC_OK || is_not ? RC_OK : RC_DENY;
		b = next_room(n);
		buf_put(&b, local);
		buf_putc(&b, '@');
		buf_put(&b, word);
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
