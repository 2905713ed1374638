/*
 * tls_entry.c - one entry of smtp_tls_policy_maps: a level, and attributes.
 *
 * Some errors here would lower the security that somebody asked for, so none is
 * passed over.
 */
#include "tls_int.h"

#define SHOWN_MAX	64	/* octets of a bad word, in a sentence */

struct entry {
	struct tls_policy *p;
	struct span text;	/* in room */
	struct buf *room;	/* joined lists go behind it */
	struct buf *why;
};

/* Ends the sentence. */
static enum rc
bad(struct entry *e, struct span word, const char *what)
{
	buf_fmt(e->why, "`%.*s' %s", SPAN_ARG(span_head(word, SHOWN_MAX)),
	    what);
	return RC_DENY;
}

static bool
is_pki(int level)
{
	return level == LEVEL_VERIFY || level == LEVEL_SECURE;
}

static const struct {
	char name[12];
	uint8_t level;
} levels[] = {
	{ "none", LEVEL_NONE }, { "may", LEVEL_MAY },
	{ "encrypt", LEVEL_ENCRYPT }, { "fingerprint", LEVEL_FINGERPRINT },
	{ "dane", LEVEL_DANE }, { "dane-only", LEVEL_DANE_ONLY },
	{ "verify", LEVEL_VERIFY }, { "secure", LEVEL_SECURE }
};

static enum rc
read_level(struct entry *e, struct span word)
{
	for (size_t i = 0; i < COUNT(levels); i++) {
		if (span_is_case(word, levels[i].name)) {
			e->p->level = levels[i].level;
			return RC_OK;
		}
	}
	return bad(e, word, "is no security level");
}

struct pair {
	struct span word, name, value;
};

static bool
split(struct span word, struct pair *out)
{
	size_t at = span_find(word, '=');

	out->word = word;
	if (at == 0 || at == word.n)
		return false;
	out->name = span_head(word, at);
	/* An empty value has a place, too: it tells it from none. */
	out->value = (struct span){ word.p + at + 1, word.n - at - 1 };
	return true;
}

/* Several of one name make one list. */
static enum rc
read_many(struct entry *e, const struct pair *a, bool allowed,
    struct span *out)
{
	if (!allowed)
		return bad(e, a->word, "does not go with this level");
	if (a->value.n == 0)
		return bad(e, a->word, "has no value");
	*out = a->value;	/* for now; see gather() */
	return RC_OK;
}

static enum rc
read_reuse(struct entry *e, const struct pair *a)
{
	e->p->reuse = span_is_case(a->value, "yes");
	return e->p->reuse || span_is_case(a->value, "no") ? RC_OK :
	    bad(e, a->word, "is neither yes nor no");
}

/* Where the value of an attribute goes that may stand there once. */
static struct span *
place_of(struct tls_policy *p, struct span name)
{
	if (span_is_case(name, "protocols"))
		return &p->protocols;
	if (span_is_case(name, "ciphers"))
		return &p->grade;
	if (span_is_case(name, "exclude"))
		return &p->exclude;
	if (span_is_case(name, "servername"))
		return &p->servername;
	return NULL;
}

static enum rc
read_once(struct entry *e, const struct pair *a, struct span *out)
{
	if (out->p != NULL)
		return bad(e, a->word, "is one too many of its name");
	*out = a->value;
	if (out == &e->p->grade && a->value.n == 0)
		return bad(e, a->word, "has no value");
	if (out == &e->p->servername && dns_name_check(a->value) != RC_OK)
		return bad(e, a->word, "is no valid host name");
	return RC_OK;
}

static enum rc
read_attribute(struct entry *e, struct span word)
{
	int level = e->p->level;
	struct span *once;
	struct pair a;

	if (!split(word, &a))
		return bad(e, word, "is no attribute=value");
	once = place_of(e->p, a.name);
	if (once != NULL)
		return read_once(e, &a, once);
	if (span_is_case(a.name, "match"))
		return read_many(e, &a, is_pki(level) ||
		    level == LEVEL_FINGERPRINT, &e->p->match);
	if (span_is_case(a.name, "tafile"))
		return read_many(e, &a, is_pki(level), &e->p->tafile);
	if (span_is_case(a.name, "connection_reuse"))
		return read_reuse(e, &a);
	return bad(e, word, "is an attribute that nobody knows");
}

/*
 * Joins the values of all attributes of one name, behind what room holds.
 * One alone stays where it is.
 */
static enum rc
gather(struct entry *e, const char *name, char divider, struct span *out)
{
	struct span rest = e->text, word;
	size_t from = e->room->n, n = 0;
	struct pair a;

	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		if (!split(word, &a) || !span_is_case(a.name, name))
			continue;
		if (n++ > 0)
			buf_putc(e->room, divider);
		buf_put(e->room, a.value);
	}
	if (e->room->full) {
		buf_puts(e->why, "it is too long");
		return RC_DENY;
	}
	if (n > 1)
		*out = span_tail(buf_span(e->room), from);
	else
		e->room->n = from;
	return RC_OK;
}

enum rc
entry_read(struct tls_policy *p, struct buf *room, struct buf *why)
{
	struct entry e = { p, buf_span(room), room, why };
	struct span rest = e.text, word;

	if (!span_word(&rest, LIST_DIVIDERS, &word)) {
		buf_puts(why, "it is empty");
		return RC_DENY;
	}
	TRY(read_level(&e, word));
	p->from_table = true;
	if (p->level == LEVEL_NONE)
		return RC_OK;	/* attributes mean nothing then */
	while (span_word(&rest, LIST_DIVIDERS, &word))
		TRY(read_attribute(&e, word));
	TRY(gather(&e, "match", is_pki(p->level) ? ':' : '|', &p->match));
	return gather(&e, "tafile", ' ', &p->tafile);
}
