/*
 * submit_rcpt.c - recipients: kept as text while the message is read, then
 * sorted out.
 *
 * Which of them count is known only at the end of the header, as a field of
 * Resent- may be its last one.  So each is kept with its origin ahead, and a
 * mark whether it is an address at all.
 */
#include <string.h>

#include "port.h"
#include "submit.h"

enum { GOOD = '+', BAD = '!' };
enum { AHEAD = 2 };		/* octets of a record ahead of the address */

static struct span
without_dot(struct span addr)
{
	if (addr.n > 1 && addr.p[addr.n - 1] == '.')
		addr.n--;
	return addr;
}

void
submit_complete(const struct submit *s, struct buf *b,
	const struct mail_list *l)
{
	struct span addr = l->has_domain ? without_dot(l->addr) : l->addr;
	struct span domain = mail_addr_domain(addr);

	buf_put(b, addr);
	if (!l->has_domain) {
		if (!s->set->append_at_myorigin)
			return;
		buf_putc(b, '@');
		buf_put(b, s->set->myorigin);
		return;
	}
	if (!s->set->append_dot_mydomain || domain.n == 0 ||
	    domain.p[0] == '[' || span_find(domain, '.') < domain.n)
		return;
	buf_putc(b, '.');
	buf_put(b, s->set->mydomain);
}

void
submit_rcpt_add(struct submit *s, enum submit_origin origin,
	const struct mail_list *l)
{
	struct buf *b = &s->rcpt_text;
	bool is_option = l->addr.p[0] == '-' && !s->set->allow_min_user;
	size_t from;

	buf_putc(b, (char)origin);
	buf_putc(b, GOOD);
	from = b->n;
	if (l->is_bad || is_option || !mail_addr_is_safe(l->addr)) {
		b->p[from - 1] = BAD;
		buf_put(b, l->addr);
	} else {
		submit_complete(s, b, l);
		if (b->n - from > RCPT_ADDR_MAX)
			b->p[from - 1] = BAD;
	}
	buf_putc(b, '\0');
}

static void
add_word(struct submit *s, struct mail_list *l, struct span word)
{
	mail_list_start(l);
	while (word.n > 0) {
		word = span_part(word, mail_list_feed(l, word), word.n);
		if (l->is_ready)
			submit_rcpt_add(s, SUBMIT_CALLED, l);
	}
	if (mail_list_end(l))
		submit_rcpt_add(s, SUBMIT_CALLED, l);
}

void
submit_rcpt_words(struct submit *s, char *const *words, size_t n)
{
	struct mail_list l;

	for (size_t i = 0; i < n; i++)
		add_word(s, &l, span_of(words[i]));
}

static bool
counts(const struct submit *s, char origin)
{
	return origin == SUBMIT_CALLED ||
		(origin == SUBMIT_RESENT) == s->is_resent;
}

/* The next record that counts and has this mark; NULL: there is none. */
static char *
next_record(const struct submit *s, size_t *at, char mark)
{
	while (*at < s->rcpt_text.n) {
		char *record = s->rcpt_text.p + *at;

		*at += strlen(record) + 1;
		if (record[1] == mark && counts(s, record[0]))
			return record + AHEAD;
	}
	return NULL;
}

bool
submit_bad_next(const struct submit *s, size_t *at, struct span *addr)
{
	const char *text = next_record(s, at, BAD);

	if (text == NULL)
		return false;
	*addr = span_of(text);
	return true;
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

/* The orders below: what is equal stays as it came, by its place. */
static bool
by_place(const char *a, const char *b)
{
	return a < b;
}

static bool
by_whole(const char *a, const char *b)
{
	int order = compare_case(span_of(a), span_of(b));

	return order != 0 ? order < 0 : a < b;
}

static bool
by_domain(const char *a, const char *b)
{
	int order = compare_case(mail_addr_domain(span_of(a)),
		mail_addr_domain(span_of(b)));

	return order != 0 ? order < 0 : a < b;
}

/* Shell's sort, with the gaps of Knuth: no recursion, no memory. */
static void
sort(char **v, size_t n, bool (*before)(const char *, const char *))
{
	size_t gap = 1;

	while (gap < n / 3)
		gap = 3 * gap + 1;
	for (; gap > 0; gap /= 3)
		for (size_t i = gap; i < n; i++) {
			char *x = v[i];
			size_t j = i;

			for (; j >= gap && before(x, v[j - gap]); j -= gap)
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
		if (kept == 0 || compare_case(span_of(v[kept - 1]),
		    span_of(v[i])) != 0)
			v[kept++] = v[i];
	return kept;
}

/* Puts n words ahead of each address, from the end, in place. */
static void
spread(struct submit_list *l, char *const *ahead, size_t n)
{
	size_t per = n + 1;

	for (size_t i = l->n; i-- > 0; ) {
		l->words[per * i + n] = l->words[i];
		for (size_t k = 0; k < n; k++)
			l->words[per * i + k] = ahead[k];
	}
	l->per_rcpt = per;
}

/*
 * What stands ahead of a recipient on a command line, -N NOTIFY and `--`, if
 * there is need of it; writable text, as those words are.
 */
static enum rc
add_options(struct submit *s, struct submit_list *l)
{
	size_t cap = s->notify.n + sizeof("-N") + sizeof("--") + 1, n = 0;
	char *ahead[2];
	struct buf b;

	if (s->notify.n == 0 && !s->set->allow_min_user)
		return RC_OK;
	buf_init(&b, port_memory(cap), cap);
	if (b.p == NULL)
		return RC_OS;
	ahead[0] = b.p;
	if (s->notify.n > 0) {
		n = 1;
		buf_fmt(&b, "-N%.*s%c", SPAN_ARG(s->notify), '\0');
	}
	if (s->set->allow_min_user) {
		ahead[n++] = b.p + b.n;
		buf_puts(&b, "--");
	}
	spread(l, ahead, n);
	return RC_OK;
}

enum rc
submit_list_make(struct submit *s, bool together, struct submit_list *out)
{
	size_t at = 0, n = 0;
	struct span unused;
	char *addr;

	*out = (struct submit_list){ .per_rcpt = 1 };
	while (submit_bad_next(s, &at, &unused))
		out->bad++;
	for (at = 0; next_record(s, &at, GOOD) != NULL; )
		n++;
	if (n == 0)
		return RC_OK;
	out->words = port_memory(3 * n * sizeof(*out->words));
	if (out->words == NULL)
		return RC_OS;
	for (at = 0; (addr = next_record(s, &at, GOOD)) != NULL; )
		out->words[out->n++] = addr;
	sort(out->words, out->n, by_whole);
	out->n = drop_twins(out->words, out->n);
	sort(out->words, out->n, together ? by_domain : by_place);
	return add_options(s, out);
}

struct span
submit_list_addr(const struct submit_list *l, size_t index)
{
	return span_of(l->words[(index + 1) * l->per_rcpt - 1]);
}
