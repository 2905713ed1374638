/*
 * table_match_int.h - what tables of patterns share: rules in their order,
 * if and endif.
 */
#ifndef TABLE_MATCH_INT_H
#define TABLE_MATCH_INT_H

#include "table_int.h"
#include "table_regex_int.h"

/* Groups that a result may refer to; more would cost stack. */
#define GROUPS_MAX	31

enum rule_kind { RULE_MATCH, RULE_IF, RULE_ENDIF };

struct rule {
	enum rule_kind kind;
	bool is_not;		/* `!`: true where the pattern does not fit */
	size_t number;		/* its place in the table, from 0 */
	struct span result;
	const char *pattern;	/* regexp */
	unsigned flags;		/* of regex_compile() */
	struct ip net;		/* cidr */
	unsigned bits;
};

/* What is looked up. */
struct subject {
	struct ip ip;		/* cidr */
	struct span text;	/* regexp */
	struct span group[GROUPS_MAX + 1];	/* of the pattern that fits */
};

/* What differs between regexp and cidr. */
struct matcher {
	/* Reads a line; it may write into it.  NULL, or what is wrong. */
	const char *(*parse)(struct buf *line, struct rule *r);
	/* NULL, or what else is wrong with a rule; asked once. */
	const char *(*check)(struct table *t, const struct rule *r);
	/* RC_OK: it holds; RC_NONE: not so; RC_WIRE: nobody can tell. */
	enum rc (*test)(struct table *t, const struct rule *r,
		struct subject *s);
	void (*result)(const struct rule *r, const struct subject *s,
		struct buf *value);
};

/*
 * What is known of a table: of each rule, and compiled patterns of the first,
 * some 40 to 300 octets each; others are compiled at each lookup.  In memory of
 * the port, where what is not touched costs nothing.
 */
#define RULES_MAX	32768
#define KEPT_WORDS	8192

/* From RULE_KEPT on, where its pattern is. */
enum { RULE_NEW, RULE_BAD, RULE_KEPT };

struct rules {
	size_t n;		/* rules there are */
	size_t kept_n;		/* words */
	struct regex_room room;
	struct regex_word kept[KEPT_WORDS];
	uint16_t known[RULES_MAX];
};

/* RC_OK: value has the result of the first rule that holds. */
enum rc rules_find(struct table *t, const struct matcher *m,
	struct subject *s, struct buf *value);
/*
 * rules_word - what the line begins with: `if`, `endif`, and any `!`.  They are
 * taken off the line.  NULL, or what is wrong.
 */
const char *rules_word(struct span *line, struct rule *r);
/* A letter or digit of ASCII. */
bool rules_is_alnum(char c);

#endif
