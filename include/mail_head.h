/*
 * mail_head.h - the header of a message as people and programs write it: which
 * field a line begins, the addresses in it, words for fields of our own.
 * Rank 5.  RFC 5322, 2047.
 */
#ifndef POSTERN_MAIL_HEAD_H
#define POSTERN_MAIL_HEAD_H

#include "base.h"

/*
 * mail_field_name - the name of the field that a line begins; empty: it begins
 * none.  Blanks ahead of the colon are allowed (RFC 5322, 4.5).
 */
struct span mail_field_name(struct span line);

/*
 * Is it the line that mailbox files, and mail that came by UUCP, have ahead of
 * the header?  Each program on the way may have put a > in front.
 */
bool mail_is_mailbox_line(struct span line);

/* An address; far above the 320 of RFC 5321, 4.5.3.1, for long local parts. */
#define MAIL_ADDR_MAX	1000

/*
 * struct mail_list - an address-list (RFC 5322, 3.4) being read.  It is fed
 * with pieces of text, so that no field is too long: comments, display names,
 * routes and names of groups are dropped, and what remains is unquoted.
 *
 *	while (s.n > 0) {
 *		s = span_part(s, mail_list_feed(&l, s), s.n);
 *		if (l.is_ready)
 *			... l.addr, l.is_bad, l.has_domain ...
 *	}
 *	if (mail_list_end(&l))
 *		... likewise ...
 */
struct mail_list {
	bool is_ready;		/* the next three hold until the next call */
	bool is_bad;		/* addr is what could be made of it */
	bool has_domain;
	struct span addr;	/* unquoted, in `text`; never empty */

	/* What follows is mail_list.c's own. */
	size_t n;
	unsigned depth;		/* of comments */
	bool in_quotes, in_angle, in_literal;
	bool escaped;		/* a backslash came last */
	bool had_angle;		/* the address is over, a comma not yet here */
	bool had_gap;		/* blank or comment since the last word */
	char text[MAIL_ADDR_MAX];
};

void mail_list_start(struct mail_list *l);
/* Reads up to the end of an address or of s; returns how much it took. */
size_t mail_list_feed(struct mail_list *l, struct span s);
/* The field is over: true if there is one more address. */
bool mail_list_end(struct mail_list *l);
/* The next address of a whole list, taken off *text; false: no more. */
bool mail_list_take(struct mail_list *l, struct span *text);

/*
 * mail_phrase - a display name, as it is, in quotes, or, beyond ASCII, in
 * encoded words: UTF-8 where it is that, else ISO-8859-1.
 */
void mail_phrase(struct buf *b, struct span name);
/* The same as what stands inside the parentheses of a comment. */
void mail_comment(struct buf *b, struct span text);

#endif
