/*
 * table_match_int.h - what tables of patterns share: rules in their order,
 * if and endif.
 */
#ifndef TABLE_MATCH_INT_H
#define TABLE_MATCH_INT_H

#include <regex.h>

#include "table_int.h"

/* Groups that a result may refer to; more would cost stack. */
#define GROUPS_MAX	31

enum rule_kind { RULE_MATCH, RULE_IF, RULE_ENDIF };

struct rule {
	enum rule_kind kind;
	bool is_not;		/* `!`: true where the pattern does not fit */
	size_t number;		/* its place in the table, from 0 */
	struct span result;
	const char *pattern;	/* regexp */
	int flags;		/* of regcomp() */
	struct ip net;		/* cidr */
	unsigned bits;
};

/* What is looked up. */
struct subject {
	const char *text;	/* regexp */
	struct ip ip;		/* cidr */
	regmatch_t group[GROUPS_MAX + 1];	/* of the pattern that fits */
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

/* A compiled pattern that is kept. */
struct slot {
	bool is_used;
	regex_t re;
};

struct rules {
	size_t n;		/* rules there are */
	size_t cap;
	bool *is_bad;		/* of each: it was told and is left out */
	size_t slots;		/* for compiled patterns of the first rules */
	struct slot *slot;
	char *key;		/* room for long ones */
	size_t key_bytes;
};

/* RC_OK: value has the result of the first rule that holds. */
enum rc rules_find(struct table *t, const struct matcher *m,
	struct subject *s, struct buf *value);
/*
 * rules_word - what the line begins with: `if`, `endif`, and any `!`.  They are
 * taken off the line.  NULL, or what is wrong.
 */
const char *rules_word(struct span *line, struct rule *r);

#endif
