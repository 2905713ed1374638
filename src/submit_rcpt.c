/*
 * submit_rcpt.c - recipients: kept as text while the message is read, then
 * sorted out.
 *
 * Which of them count is known only at the end of the header, as a field of
 * Resent- may be its last one.  So each is kept with its origin ahead, and a
 * mark whether it is an address at all:
 *
 *	origin, mark, address, NUL, as it was given, NUL, ORCPT, NUL, NOTIFY
 *
 * Those that they are resolved to are kept likewise, without the first two.
 */
#include <string.h>

#include "port.h"
#include "submit.h"

enum { GOOD = '+', BAD = '!' };
enum { AHEAD = 2 };		/* octets of a record ahead of the address */

/* ---- as they are named --------------------------------------------------- */

static void
put_tail(struct buf *b, const struct rcpt *to, struct span given)
{
	buf_putc(b, '\0');
	buf_put(b, given);
	buf_putc(b, '\0');
	buf_put(b, to->orcpt);
	buf_putc(b, '\0');
	buf_putc(b, (char)('0' + to->notify));
}

static void
add(struct submit *s, enum submit_origin origin, const struct mail_list *l,
	const struct rcpt *to)
{
	struct buf *b = &s->rcpt_text;
	size_t from = b->n + AHEAD;
	bool good = to->addr.n > 0 && mail_addr_is_safe(to->addr) &&
		(to->addr.p[0] != '-' || s->set->allow_min_user) &&
		(l == NULL || !l->is_bad);

	buf_putc(b, (char)origin);
	buf_putc(b, GOOD);
	if (good && l != NULL)
		submit_complete(s, b, to->addr, l->has_domain);
	else
		buf_put(b, to->addr);
	if (b->full)
		return;
	if (!good || b->n - from > RCPT_ADDR_MAX)
		b->p[from - 1] = BAD;
	put_tail(b, to, to->given);
}

void
submit_rcpt_add(struct submit *s, enum submit_origin origin,
	const struct mail_list *l)
{
	const struct rcpt to = {
		.addr = l->addr, .given = l->addr, .notify = s->notify,
	};

	add(s, origin, l, &to);
}

bool
submit_rcpt_put(struct submit *s, const struct rcpt *to)
{
	struct buf *b = &s->rcpt_text;
	size_t from = b->n;

	add(s, SUBMIT_CALLED, NULL, to);
	if (b->full || b->p[from + 1] == GOOD)
		return true;
	b->n = from;
	return false;
}

void
submit_rcpt_words(struct submit *s, char *const *words, size_t n)
{
	struct mail_list l;

	for (size_t i = 0; i < n; i++) {
		struct span word = span_of(words[i]);

		mail_list_start(&l);
		while (mail_list_take(&l, &word))
			submit_rcpt_add(s, SUBMIT_CALLED, &l);
	}
}

static bool
counts(const struct submit *s, char origin)
{
	return origin == SUBMIT_CALLED ||
		(origin == SUBMIT_RESENT) == s->is_resent;
}

/* What stands behind an address; returns what follows the record. */
static const char *
read_tail(const char *addr, struct rcpt *to)
{
	to->addr = span_of(addr);
	to->given = span_of(to->addr.p + to->addr.n + 1);
	to->orcpt = span_of(to->given.p + to->given.n + 1);
	to->notify = (unsigned)(to->orcpt.p[to->orcpt.n + 1] - '0');
	return to->orcpt.p + to->orcpt.n + 2;
}

/* The next record that counts and has this mark. */
static bool
next_record(const struct submit *s, size_t *at, char mark, struct rcpt *to)
{
	while (*at < s->rcpt_text.n) {
		const char *record = s->rcpt_text.p + *at;

		*at = (size_t)(read_tail(record + AHEAD, to) -
			s->rcpt_text.p);
		if (record[1] == mark && counts(s, record[0]))
			return true;
	}
	return false;
}

bool
submit_bad_next(const struct submit *s, size_t *at, struct span *addr)
{
	struct rcpt to;

	if (!next_record(s, at, BAD, &to))
		return false;
	*addr = to.addr;
	return true;
}

void
submit_say_bad(struct submit *s)
{
	struct span addr;
	size_t at = 0;

	while (submit_bad_next(s, &at, &addr))
		app_fail(s->app, "to=<%.*s>: this is no mail address;"
			" not sent", SPAN_ARG(addr));
}

/* ---- as they are resolved ------------------------------------------------ */

void
submit_final(struct submit *s, struct span addr, const struct rcpt *to)
{
	buf_put(&s->final_text, addr);
	put_tail(&s->final_text, to, span_eq(to->given, addr) ?
		SPAN("") : to->given);
}

/* Less than 0, 0, more than 0; capitals count as small letters. */
static int
compare_case(struct span a, struct span b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		int x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];

		x += x >= 'A' && x <= 'Z' ? 'a' - 'A' : 0;
		y += y >= 'A' && y <= 'Z' ? 'a' - 'A' : 0;
		if (x != y)
			return x - y;
	}
	return a.n < b.n ? -1 : a.n > b.n;
}

/* With what was given: one who is reached by two names gets two copies, and
   notices name the right one (enable_original_recipient). */
static int
compare(const char *a, const char *b)
{
	struct rcpt x, y;
	int order;

	read_tail(a, &x);
	read_tail(b, &y);
	order = compare_case(x.addr, y.addr);
	return order != 0 ? order : compare_case(x.given, y.given);
}

static int
compare_domain(const char *a, const char *b)
{
	return compare_case(mail_addr_domain(span_of(a)),
		mail_addr_domain(span_of(b)));
}

/* What is equal stays as it came, by its place. */
static bool
is_before(const char *a, const char *b, int (*order)(const char *,
	const char *))
{
	int d = order != NULL ? order(a, b) : 0;

	return d != 0 ? d < 0 : a < b;
}

/* Shell's sort, with the gaps of Knuth: no recursion, no memory. */
static void
sort(char **v, size_t n, int (*order)(const char *, const char *))
{
	size_t gap = 1;

	while (gap < n / 3)
		gap = 3 * gap + 1;
	for (; gap > 0; gap /= 3)
		for (size_t i = gap; i < n; i++) {
			char *x = v[i];
			size_t j = i;

			for (; j >= gap && is_before(x, v[j - gap], order);
			    j -= gap)
				v[j] = v[j - gap];
			v[j] = x;
		}
}

/* Of equal ones, which stand together, the first stays; how many do. */
static size_t
drop_twins(char **v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || compare(v[kept - 1], v[i]) != 0)
			v[kept++] = v[i];
	return kept;
}

/*
 * What stands ahead of a recipient on a command line: `--`, and -N NOTIFY if
 * there is one; put there from the end, in place.
 */
void
submit_list_options(struct submit *s, struct submit_list *l)
{
	struct buf b = BUF(s->option_text);
	char *dashes = b.p;

	buf_fmt(&b, "--%c-N", '\0');
	rcpt_put_notify(&b, s->notify);
	(void)buf_text(&b);
	l->per_rcpt = s->notify != 0 ? 3 : 2;
	for (size_t i = l->n; i-- > 0; ) {
		char **w = l->words + l->per_rcpt * i;

		w[l->per_rcpt - 1] = l->words[i];
		w[l->per_rcpt - 2] = dashes;
		if (s->notify != 0)
			w[0] = dashes + sizeof("--");
	}
}

/* All who were named, as those who get the mail. */
static enum rc
resolve_all(struct submit *s)
{
	bool as_they_are = s->to_drop || s->is_stuck;
	struct rcpt to;
	bool any = false;
	size_t at = 0;

	buf_clear(&s->final_text);
	for (; next_record(s, &at, GOOD, &to); any = true)
		if (as_they_are)
			submit_final(s, to.addr, &to);
		else
			TRY(submit_resolve(s, &to));
	if (any && !as_they_are && !s->is_probe &&
	    !s->is_notice)
		TRY(submit_resolve_copies(s));
	return s->final_text.full ? RC_FULL : RC_OK;
}

enum rc
submit_list_make(struct submit *s, bool together, struct submit_list *out)
{
	char *p, *end;
	size_t at = 0, n = 0;
	struct rcpt to;

	*out = (struct submit_list){ .per_rcpt = 1 };
	while (submit_bad_next(s, &at, &to.addr))
		out->bad++;
	TRY(resolve_all(s));
	end = s->final_text.p + s->final_text.n;
	for (p = s->final_text.p; p < end; p += read_tail(p, &to) - p)
		n++;
	if (n == 0)
		return RC_OK;
	out->words = port_memory(3 * n * sizeof(*out->words));
	if (out->words == NULL)
		return RC_OS;
	for (p = s->final_text.p; p < end; p += read_tail(p, &to) - p)
		out->words[out->n++] = p;
	sort(out->words, out->n, compare);
	out->n = drop_twins(out->words, out->n);
	sort(out->words, out->n, together ? compare_domain : NULL);
	return RC_OK;
}

struct span
submit_list_addr(const struct submit_list *l, size_t index)
{
	return span_of(l->words[(index + 1) * l->per_rcpt - 1]);
}

void
submit_list_rcpt(const struct submit_list *l, size_t index, struct rcpt *to)
{
	read_tail(l->words[(index + 1) * l->per_rcpt - 1], to);
}

/* ---- what is true of all of them ----------------------------------------- */

/* SMTPUTF8 is asked for if an address or the header wants it: RFC 6531. */
void
submit_look_for_utf8(struct submit *s, const struct submit_list *l)
{
	const unsigned ours = DETECT_SENDMAIL | DETECT_ALL;

	if (!s->set->smtputf8_enable ||
	    (s->set->smtputf8_autodetect_classes & ours) == 0)
		return;
	s->smtputf8 |= s->head_8bit || span_has_8bit(s->from);
	for (size_t i = 0; i < l->n && !s->smtputf8; i++)
		s->smtputf8 = span_has_8bit(submit_list_addr(l, i));
}

int
submit_gather(struct submit *s, struct submit_list *l)
{
	bool direct = s->queue == NULL;
	bool by_relay = !direct || s->set->relayhost.n > 0;
	enum rc rc = submit_list_make(s, !by_relay, l);

	s->is_stuck |= rc == RC_DENY;
	if (s->is_stuck && (direct || s->is_pickup))
		return submit_fail(s, EXIT_LATER, "a table of addresses cannot"
			" tell now; try again later");
	if (rc == RC_DENY)	/* as they were named */
		rc = submit_list_make(s, false, l);
	if (rc == RC_FULL)
		return submit_fail(s, EXIT_DATA, "there are more recipients"
			" than fit, or aliases without end");
	if (rc != RC_OK)
		return submit_fail(s, EXIT_LATER, "out of memory");
	if (l->n + l->bad == 0)
		return submit_fail(s, EXIT_DATA, "%s names no recipient",
			s->from_fields ? "the header (To, Cc, Bcc)" :
			"the command line");
	if (l->n == 0 && !direct)
		return submit_fail(s, EXIT_BOUNCED, "no recipient is a mail"
			" address");
	return EXIT_OK;
}
