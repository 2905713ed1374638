/*
 * mail_list.c - addresses out of a field's text, fed in pieces of any size.
 *
 * What people type is read kindly where only one meaning is possible (a missing
 * comma ahead of `<`), and called bad where mail could go astray: two words
 * without a comma may be two recipients or none.
 */
#include "mail_head.h"

enum step {
	MORE,		/* the octet is taken, the address is not over */
	OVER,		/* the octet ended it */
	OVER_BEFORE	/* it was over ahead of this octet */
};

void
mail_list_start(struct mail_list *l)
{
	*l = (struct mail_list){ 0 };
}

static void
put(struct mail_list *l, char c)
{
	if (l->had_angle)
		return;
	if ((unsigned char)c < ' ' || c == 127 || l->n == sizeof(l->text))
		l->is_bad = true;
	else
		l->text[l->n++] = c;
}

/* A word begins or goes on; dots and @ join, whatever stands between. */
static void
join(struct mail_list *l, char c)
{
	char last = l->n > 0 ? l->text[l->n - 1] : '.';

	if (l->had_gap && c != '.' && c != '@' && last != '.' && last != '@') {
		put(l, ' ');
		l->is_bad |= !l->had_angle;
	}
	l->had_gap = false;
}

/* What was read is no address: a display name, a route, a group's name. */
static void
forget(struct mail_list *l)
{
	l->n = 0;
	l->is_bad = l->has_domain = l->had_gap = false;
}

/* The address is complete; false: there was none. */
static bool
finish(struct mail_list *l)
{
	if (l->n == 0 && !l->is_bad)
		return false;
	if (l->n == 0)
		l->text[l->n++] = '?';	/* bad, and nothing to show for it */
	if (l->has_domain && (l->text[0] == '@' || l->text[l->n - 1] == '@'))
		l->is_bad = true;
	l->addr = (struct span){ l->text, l->n };
	l->is_ready = true;
	return true;
}

static enum step
over(struct mail_list *l, enum step how)
{
	if (finish(l))
		return how;
	mail_list_start(l);
	return how == OVER ? MORE : how;
}

static enum step
comma(struct mail_list *l, char c)
{
	if (!l->in_angle)
		return over(l, OVER);
	put(l, c);		/* of a route, or bad */
	l->is_bad = true;
	return MORE;
}

static void
colon(struct mail_list *l)
{
	bool is_route = l->in_angle && l->n > 0 && l->text[0] == '@';

	if (l->had_angle || (l->has_domain && !is_route))
		l->is_bad = true;
	else
		forget(l);
}

static enum step
open_angle(struct mail_list *l)
{
	if (l->had_angle)
		return over(l, OVER_BEFORE);	/* a comma is missing */
	forget(l);	/* `a@b <a@b>`: many names look like addresses */
	l->is_bad = l->in_angle;
	l->in_angle = true;
	return MORE;
}

static void
close_angle(struct mail_list *l)
{
	l->is_bad |= !l->in_angle;
	l->in_angle = false;
	l->had_angle = true;
}

/* An octet of a word, outside quotes and all else. */
static void
word(struct mail_list *l, char c)
{
	join(l, c);
	put(l, c);
	if (c == '[')
		l->in_literal = true;
	if (c != '@')
		return;
	l->has_domain = true;
	l->is_bad |= l->had_angle;	/* another address, and no comma */
}

static enum step
plain(struct mail_list *l, char c)
{
	switch (c) {
	case '(':
		l->depth = 1;
		l->had_gap = true;
		return MORE;
	case '"':
		join(l, c);
		l->in_quotes = true;
		return MORE;
	case ' ': case '\t': case '\r': case '\n':
		l->had_gap = true;
		return MORE;
	case '<':
		return open_angle(l);
	case '>':
		close_angle(l);
		return MORE;
	case ',': case ';':
		return comma(l, c);
	case ':':
		colon(l);
		return MORE;
	default:
		word(l, c);
		return MORE;
	}
}

static void
comment(struct mail_list *l, char c)
{
	if (c == '(')
		l->depth++;
	else if (c == ')')
		l->depth--;
}

static enum step
take(struct mail_list *l, char c)
{
	if (l->escaped) {
		l->escaped = false;
		if (l->depth == 0)
			put(l, c);
	} else if (c == '\\') {
		l->escaped = true;
		if (l->depth == 0 && !l->in_quotes)
			join(l, c);
	} else if (l->depth > 0) {
		comment(l, c);
	} else if (l->in_quotes) {
		if (c == '"')
			l->in_quotes = false;
		else
			put(l, c);
	} else if (l->in_literal) {
		put(l, c);
		l->in_literal = c != ']';
	} else {
		return plain(l, c);
	}
	return MORE;
}

size_t
mail_list_feed(struct mail_list *l, struct span s)
{
	if (l->is_ready)
		mail_list_start(l);
	for (size_t i = 0; i < s.n; i++) {
		enum step step = take(l, s.p[i]);

		if (step != MORE)
			return step == OVER ? i + 1 : i;
	}
	return s.n;
}

bool
mail_list_end(struct mail_list *l)
{
	if (l->is_ready)
		mail_list_start(l);
	if (l->in_quotes || l->in_angle || l->in_literal || l->escaped ||
	    l->depth > 0)
		l->is_bad = true;
	return finish(l);
}

bool
mail_list_take(struct mail_list *l, struct span *text)
{
	while (text->n > 0) {
		span_skip(text, mail_list_feed(l, *text));
		if (l->is_ready)
			return true;
	}
	return mail_list_end(l);
}
