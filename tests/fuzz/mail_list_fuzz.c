/*
 * mail_list_fuzz.c - any octets as a field of addresses, in pieces and whole.
 *
 * covers: src/mail_list.c
 * covers: src/mail_head.c
 */
#include <stdlib.h>
#include <string.h>

#include "mail_head.h"

#define ROOM	65536
#define HOLDS(x)	do { if (!(x)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What an address came to, as text that can be compared. */
static void
note(struct buf *b, const struct mail_list *l)
{
	HOLDS(l->addr.n > 0 && l->addr.n <= MAIL_ADDR_MAX);
	for (size_t i = 0; i < l->addr.n; i++)
		HOLDS((unsigned char)l->addr.p[i] >= ' ');
	buf_put_cut(b, l->addr);
	buf_putc(b, l->is_bad ? '!' : '+');
	buf_putc(b, l->has_domain ? '@' : '~');
}

static void
read_list(struct buf *b, struct span text, size_t step)
{
	struct mail_list l;

	mail_list_start(&l);
	for (; text.n > 0; text = span_tail(text, step)) {
		struct span s = span_head(text, step);

		while (s.n > 0) {
			size_t took = mail_list_feed(&l, s);

			HOLDS(took <= s.n);
			HOLDS(took == s.n || l.is_ready ||
				(took == 0 && s.p[0] == '<') ||
				s.p[took] == '<');
			s = span_tail(s, took);
			if (l.is_ready)
				note(b, &l);
		}
	}
	if (mail_list_end(&l))
		note(b, &l);
	HOLDS(!mail_list_end(&l));	/* each is given once */
}

/* The words that we write have no line end but before a blank. */
static void
check_words(struct span s)
{
	char room[ROOM];
	struct buf b = BUF(room);

	mail_phrase(&b, s);
	mail_comment(&b, s);
	HOLDS(b.full || !span_has_8bit(buf_span(&b)));
	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] == '\n')
			HOLDS(i + 1 < b.n && b.p[i + 1] == ' ');
		else
			HOLDS((unsigned char)b.p[i] >= ' ');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char whole_room[ROOM], parts_room[ROOM];
	struct buf whole = BUF(whole_room), parts = BUF(parts_room);
	struct span text = { (const char *)data, n < 8000 ? n : 8000 };
	struct span name = mail_field_name(text);

	HOLDS(name.n == 0 || span_find(name, ':') == name.n);
	HOLDS(name.n == 0 || name.p == text.p);
	read_list(&whole, text, text.n + 1);
	read_list(&parts, text, n % 7 + 1);
	HOLDS(span_eq(buf_span(&whole), buf_span(&parts)));
	check_words(text);
	return 0;
}
