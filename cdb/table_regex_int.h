/*
 * table_regex_int.h - POSIX regular expressions, extended and basic.
 *
 * They work on octets, in the C locale: what is not ASCII is itself, and in no
 * class.  The match is the leftmost, of these the longest.  Its groups follow
 * POSIX: from left to right and from outside to inside each part is as long as
 * the rest allows, a repeated one gives what its last round matched, and where
 * two branches of an alternation fit equally, the first does.  A part is
 * repeated over nothing only if it has to be, or if there is nothing at all.
 *
 * Besides POSIX: \w \W \s \S \d \D, \< \> \b \B, \t \n \r \f \a \e; \+
 * \? \| in basic ones; empty branches; {,n}; \1 to \9 in extended ones, too,
 * as GNU has it.  Anchors and \< and the like can't be repeated.
 *
 * Time grows with the length of the text times that of the pattern, whatever
 * the text, for each group once more.  Patterns with \1 are the exception: they
 * are tried in all ways there are, up to a bound, and their groups are those of
 * the first way that gives the longest match.
 */
#ifndef TABLE_REGEX_INT_H
#define TABLE_REGEX_INT_H

#include "base.h"

enum { REGEX_EXTENDED = 1, REGEX_FOLD = 2, REGEX_LINES = 4, REGEX_REFERS = 8 };

/*
 * Of one pattern: a character, an operator, or a parenthesis is a word, a set
 * nine; what is repeated by {3} stands there three times.
 */
#define REGEX_WORDS_MAX	4096
/* With those of one set that did not fit any more. */
#define REGEX_ROOM_WORDS	(REGEX_WORDS_MAX + 16)
/* Parentheses in parentheses. */
#define REGEX_DEPTH_MAX	40

struct regex_word {
	uint8_t op, c;
	uint16_t x;
};

/* A compiled pattern; its words follow it.  It may be copied. */
struct regex {
	uint16_t words;
	uint8_t groups;		/* without the whole */
	uint8_t flags;		/* and REGEX_REFERS: there is a \1 */
};

size_t regex_bytes(const struct regex *re);

struct regex_thread {
	uint16_t pc;
	uint32_t v;
};

/* For both calls, one after the other; what a pattern needs not stays clean. */
struct regex_room {
	uint8_t seen[REGEX_WORDS_MAX / 8];
	struct regex_thread thread[2 * REGEX_WORDS_MAX];
	struct regex re;	/* what was compiled last */
	struct regex_word word[REGEX_ROOM_WORDS];
};

/* room->re becomes the pattern.  NULL, or what is wrong with it. */
const char *regex_compile(struct regex_room *room, const char *pattern,
	unsigned flags);

/*
 * regex_match - does the pattern fit anywhere in the text?
 *
 * group  the whole, and the groups from 1; p is NULL where one took no part.
 * n      how many are wanted; it takes less time to find out about none.
 *
 * RC_NONE: it does not.  RC_FULL: nobody can tell, there are too many ways.
 */
enum rc regex_match(struct regex_room *room, const struct regex *re,
	struct span text, struct span *group, size_t n);

/* ---- the words, for the two files that know them ------------------------- */

/*
 * A program is a pattern in its own order.  x tells how many words further on:
 *
 *	ALT x  branch  JUMP x  branch		to the other branch; to the end
 *	OPT x  part				to the end
 *	PLUS x  part  LOOP x			to the end; back, as a negative
 *	GROUP x  part  CLOSE			to the end; c is its number
 *	PART x  part				to the end: all its rounds
 *
 * The other branch may be an ALT again.  OPT has c set if the part need not be
 * there because others like it are ahead of it.
 */
enum {
	CHAR,			/* c, or x */
	SET,			/* eight words follow, with a bit for each */
	ANY,
	BACK,			/* what group c matched */
	LINE_START, LINE_END, WORD_START, WORD_END, EDGE, NO_EDGE,
	CLOSE, GROUP, PART, PLUS, ALT, OPT, LOOP, JUMP
};

#define SET_WORDS	8

#endif
