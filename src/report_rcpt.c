/*
 * report_rcpt.c - the recipients of a job, read from the words they came in.
 */
#include <string.h>

#include "base.h"
#include "port.h"
#include "report.h"

/* In the order of their bits. */
#define NOTIFY_WORDS	"NEVER SUCCESS FAILURE DELAY"

void
rcpt_put_notify(struct buf *b, unsigned notify)
{
	struct span rest = SPAN(NOTIFY_WORDS), word;
	const char *sep = "";

	for (; span_word(&rest, " ", &word); notify >>= 1)
		if ((notify & 1) != 0) {
			buf_fmt(b, "%s%.*s", sep, SPAN_ARG(word));
			sep = ",";
		}
}

bool
rcpt_parse_notify(struct span s, unsigned *out)
{
	unsigned bits = 0;
	size_t n;
	int i;

	for (;; s = span_tail(s, n + 1)) {
		n = span_find(s, ',');
		i = span_index(NOTIFY_WORDS, span_head(s, n));
		if (i < 0)
			return false;
		bits |= 1u << i;
		if (n == s.n)
			break;
	}
	*out = bits;
	return (bits & JOB_NOTIFY_NEVER) == 0 || bits == JOB_NOTIFY_NEVER;
}

bool
rcpt_parse_orcpt(struct span s, struct span *out)
{
	size_t n = span_find(s, ';');

	if (n == 0 || n == s.n || !mail_addr_is_safe(s) || s.n > RCPT_ADDR_MAX)
		return false;
	*out = s;
	return true;
}

/* The value of option word `at`, behind its letter or the next word. */
static bool
value_of(const struct rcpt_list *l, size_t *at, struct span *out)
{
	struct span word = span_of(l->words[*at]);

	if (word.n > 2) {
		*out = span_tail(word, 2);
		return true;
	}
	if (l->words_n - *at < 2)
		return false;
	*out = span_of(l->words[++*at]);
	return true;
}

static bool
option(const struct rcpt_list *l, size_t *at, struct rcpt *out)
{
	char letter = l->words[*at][1];
	struct span value;

	if (span_find(SPAN("NOG"), letter) == 3 || !value_of(l, at, &value))
		return false;
	if (letter == 'G') {
		out->given = value;
		return true;
	}
	return letter == 'N' ? rcpt_parse_notify(value, &out->notify)
	    : rcpt_parse_orcpt(value, &out->orcpt);
}

/*
 * The next recipient.  RC_NONE: no words are left; RC_WIRE: word *at, or what
 * belongs to it, is no recipient.
 */
static enum rc
take(const struct rcpt_list *l, size_t *at, struct rcpt *out)
{
	size_t i = *at;

	*out = (struct rcpt){ 0 };
	if (i == l->words_n)
		return RC_NONE;
	for (; i < l->words_n && l->words[i][0] == '-'; i++) {
		*at = i;
		if (strcmp(l->words[i], "--") == 0) {
			i++;
			break;
		}
		if (!option(l, &i, out))
			return RC_WIRE;
	}
	if (i == l->words_n)
		return RC_WIRE;
	*at = i;
	out->addr = span_of(l->words[i]);
	if (out->addr.n == 0 || out->addr.n > RCPT_ADDR_MAX ||
	    !mail_addr_is_safe(out->addr))
		return RC_WIRE;
	*at = i + 1;
	return RC_OK;
}

enum rc
rcpt_list_open(struct rcpt_list *l, char *const *words, size_t n, size_t *bad)
{
	struct rcpt rcpt;
	size_t at = 0;
	enum rc rc;

	*l = (struct rcpt_list){ .words = words, .words_n = n };
	while ((rc = take(l, &at, &rcpt)) == RC_OK)
		l->n++;
	if (rc != RC_NONE) {
		*bad = at;
		return rc;
	}
	l->pending = l->n;
	if (l->n == 0)
		return RC_OK;
	l->state = port_memory(l->n);	/* zero, that is, RCPT_PENDING */
	return l->state != NULL ? RC_OK : RC_OS;
}

bool
rcpt_next(const struct rcpt_list *l, struct rcpt_at *at, struct rcpt *out)
{
	if (take(l, &at->word, out) != RC_OK)
		return false;
	at->index++;
	return true;
}
