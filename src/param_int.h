/*
 * param_int.h - what the param_*.c files share.
 */
#ifndef POSTERN_PARAM_INT_H
#define POSTERN_PARAM_INT_H

#include "param.h"

#define REASON_MAX	256	/* why a value is wrong, without its place */

/* Sets of words, for ENUM and FLAGS. */
enum {
#define WORDS(set, ...)	W_##set,
#include "param.def"
	W_COUNT
};

/* Bounds of param.def. */
#define LEAST	INT32_MIN
#define MOST	INT32_MAX	/* of a SIZE: no bound */

enum param_type {
	T_BOOL, T_INT, T_SIZE, T_TIME, T_HOURS, T_DAYS, T_ENUM, T_FLAGS,
	T_IPV4, T_IPV6,
	/* a struct span of the value's own text */
	T_TEXT, T_LIST, T_MAPS, T_FILE, T_RAW, T_HOST, T_RELEASE, T_RATIO,
	T_COUNT
};

/* What a value must be. */
struct kind {
	int32_t least, most;
	enum param_type type;
};

/* ---- param_row.c: what names there are ---------------------------------- */

/* Rows that are settings, by field. */
enum {
#define BOTH(field, ...)	ROW_##field,
#define PAIR(field, ...)	ROW_##field,
#define ONE(field, ...)		ROW_##field,
#include "param.def"
	ROW_COUNT
};

/*
 * A key is a row and a side of it.  ONE rows have the first side only, which
 * belongs to no protocol unless its name says so.
 */
#define KEY(row, lmtp)	((uint16_t)((row) * 2 + ((lmtp) ? 1 : 0)))
#define KEY_ROW(key)	((key) / 2u)
#define KEY_NONE	UINT16_MAX

#define ROW_VALUE_MAX	160	/* of defaults, with NUL */

/*
 * A row of param.def.  Of BOTH, the other name is the first one with `l` for
 * its `s`; of OLD, the newer name stands in its place.
 */
struct row {
	unsigned number;		/* ROW_... of settings; then others */
	uint8_t head;			/* its kind, and which macro made it */
	uint16_t field;			/* of settings: offset in theirs */
	const uint8_t *name[2], *value[2];	/* packed; NULL: none */
	const uint8_t *end;
};

/* The row behind this one, of { 0 } the first; false: there are no more. */
bool row_next(struct row *r);
struct kind row_kind(const struct row *r);
/* The row's key for this protocol, or for any. */
uint16_t row_key(const struct row *r, bool is_lmtp);
/* Is its name one of the protocol that is not loaded? */
bool row_is_foreign(const struct row *r, bool is_lmtp);
void row_put_name(const struct row *r, unsigned side, struct buf *out);
void row_put_value(const uint8_t *value, struct buf *out);
/* The words of a set, `|` between them. */
void row_put_words(int set, struct buf *out);
#define ROW_WORDS_MAX	192
/* The row of a setting, or of what transports have of their own. */
void row_find_number(unsigned number, struct row *out);
#define ROW_EACH(which)	(ROW_COUNT + (unsigned)(which))

/* What is known of a name. */
struct name_info {
	enum name_is { NAME_UNKNOWN, NAME_SETTING, NAME_EACH, NAME_OLD,
		NAME_KNOWN } is;
	uint16_t key;		/* KEY_NONE: no setting of ours */
	uint16_t new_key;	/* out of date, and this is the setting now */
	const uint8_t *value;	/* the default, for row_put_value() */
	struct row row;		/* unless it is unknown */
};

void row_find(struct span name, struct name_info *out);
/* Is it the default of anything that mentions $name? */
bool row_mentions(struct span name);
/* Does text have $name, ${name or $(name? */
bool text_mentions(struct span text, struct span name);

/* ---- param_line.c: assignments ------------------------------------------ */

struct param_line {
	struct param_line *before;
	struct span name;
	struct span value;	/* joined and trimmed; $ forms as they are */
	unsigned number;	/* in main.cf; 0: from -o */
	uint8_t is;		/* enum name_is */
	uint16_t key;		/* KEY_NONE: not a setting of ours */
	uint16_t counts_for;	/* key of the newer name, or KEY_NONE */
};

/* Results as of param_load(). */
MUST_USE enum rc line_read_file(struct param *p, struct buf *why);
MUST_USE enum rc line_add_option(struct param *p, const char *text,
	struct buf *why);
/* The assignment that counts; NULL: none. */
const struct param_line *line_of_key(const struct param *p, uint16_t key);
const struct param_line *line_of_name(const struct param *p,
	struct span name);
/* Of a name that row_find() was asked about. */
const struct param_line *line_of_info(const struct param *p, struct span name,
	const struct name_info *info);
void line_put_place(const struct param *p, const struct param_line *line,
	struct buf *out);

/* NAME = VALUE, blanks around both off; false: it isn't one. */
bool line_split(struct span text, struct span *name, struct span *value);

/* ---- param_expand.c, param_value.c -------------------------------------- */

/*
 * The value of a name with its $ forms replaced, whether assigned, by default
 * or of the machine.  RC_DENY, with the reason in `why`; RC_FULL.
 */
MUST_USE enum rc expand_name(const struct param *p, struct span name,
	struct buf *out, struct buf *why);
/* Can the value of this row not be told from its text alone? */
bool expand_is_special(unsigned row);

/* Expanded text to the C type of its kind.  RC_DENY, and `why`. */
MUST_USE enum rc value_parse(const struct kind *kind, struct span text,
	void *out, struct buf *why);

/* A compatibility level, `3.10` or `3.10.2`: 0 for what isn't there. */
bool release_parse(struct span text, uint64_t out[3]);

#endif
