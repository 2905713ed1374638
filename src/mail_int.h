/*
 * mail_int.h - what the files of mail_content.h share, and nobody else sees.
 *
 * Ranks inside, low to high:
 *	token		words and quoted strings of structured fields
 *	mime, qp	the structure of a message; its new encoding
 *	check, rewrite	one field or line against tables; one field's addresses
 *	content		all of it together
 */
#ifndef POSTERN_MAIL_INT_H
#define POSTERN_MAIL_INT_H

#include "mail_content.h"

/* ---- mime: where we are in a message (RFC 2045, 2046) -------------------- */

#define MIME_DEPTH_MAX	500	/* boundaries in force; inner ones count not */
#define MIME_NAMES_MAX	(16 * 1024)	/* octets of them all */
#define MIME_LABEL_MAX	200	/* of a Content-Transfer-Encoding field */
#define MIME_BOUNDARY_MAX 2048	/* well inside a line's first piece */

enum mime_head {	/* whose header it is */
	MIME_PRIMARY,		/* the message's own */
	MIME_PART,		/* of a part of a multipart */
	MIME_NESTED		/* of a message inside */
};

enum mime_type {
	MIME_LEAF,		/* text, pictures, anything without parts */
	MIME_MULTIPART,
	MIME_MESSAGE,		/* rfc822, global: a header follows */
	MIME_OPAQUE		/* other message types: not for conversion */
};

struct mime {
	bool to_7bit;
	size_t boundary_max;	/* octets of one that are compared */
	enum mime_head head;

	/* Of the header that is being read. */
	enum mime_type type;
	bool is_signed;		/* multipart/signed */
	bool is_digest;		/* multipart/digest: parts are messages */
	bool is_wide;		/* labelled 8bit or binary */
	size_t boundary_n;	/* of its own, at the end of names */
	size_t named_n;
	size_t label_n;

	/* Of the header that ended last, and its body. */
	bool converts;		/* its lines become quoted-printable */
	bool relabelled;	/* its label is one of ours */
	const char *left;	/* why it may keep 8-bit text; NULL: not so */
	unsigned depth;
	unsigned frozen;	/* depth of a signed multipart; 0: none */
	size_t names_n;
	char named[48];		/* its type as it stands there, cut */
	char label[MIME_LABEL_MAX];	/* withheld, in case it is to stay */
	uint16_t end[MIME_DEPTH_MAX];	/* of each boundary in names, and
					   whether parts are messages */
	char names[MIME_NAMES_MAX];
};

void mime_start(struct mime *m, bool to_7bit, size_t boundary_max);
/* Is it one of the fields that describe content (RFC 2045, 3)? */
bool mime_is_content_field(struct span name);
/* A field, folds included.  true: it is withheld. */
bool mime_field(struct mime *m, struct span name, struct span field);
/* The same of a field whose end is not known. */
void mime_field_cut(struct mime *m, struct span name, struct span field);
/*
 * mime_head_end - the header is over.
 *
 * label  the field (without LF) for one withheld, until the next field; empty:
 *        there was none.
 *
 * Returns true if another header follows at once: a message is inside.
 */
bool mime_head_end(struct mime *m, struct span *label);
/* Is it a boundary that is in force?  Nothing comes of it. */
bool mime_is_boundary(const struct mime *m, struct span begin);
/*
 * mime_line - the beginning of a body line.  Is it a boundary?  *head says that
 * a part's header follows it.
 */
bool mime_line(struct mime *m, struct span begin, bool *head);

/* ---- token: structured fields (RFC 2045, 5.1; RFC 5322, 3.2) ------------- */

enum token { TOKEN_BLANK, TOKEN_COMMENT, TOKEN_WORD, TOKEN_SPECIAL };

/*
 * token_take - the next item off *rest, which is not empty: blanks, a comment,
 * one of `specials`, or a word; quoted strings are words, and what stands in
 * square brackets, if these are not special.
 */
enum token token_take(struct span *rest, const char *specials,
	struct span *item);
bool token_is_blank(char c);
/*
 * token_next - the next token off *rest: a word, a quoted string (unquoted into
 * out), or one of the specials, which *special tells.  Comments and blanks are
 * passed over.  false: there is none.
 */
bool token_next(struct span *rest, struct buf *out, char *special);

/* ---- qp: quoted-printable (RFC 2045, 6.7) -------------------------------- */

struct qp {
	size_t column;
	char held;		/* a blank that may be the line's last; or 0 */
};

#define QP_GROWTH	4	/* octets out for each in, at most */

/* Adds a piece of a line, encoded; last: and ends the line, with LF. */
void qp_put(struct qp *q, struct buf *out, struct span piece, bool last);

/* ---- check: tables of actions (header_checks(5)) ------------------------- */

enum check { CHECK_PASS, CHECK_DROP, CHECK_REPLACE, CHECK_PREPEND };

/* What is looked at, for the log. */
struct check_of {
	const struct mail_change *change;
	const char *what;	/* `header`, `mime header`, `body`... */
	bool is_field;		/* so what comes in its place must be one */
};

/*
 * check_text - what the table wants of this text, without its LF.
 * more  gets the text of CHECK_REPLACE and CHECK_PREPEND.
 * RC_DENY: the table cannot tell.
 */
MUST_USE enum rc check_text(const struct check_of *of,
	const struct table_list *table, struct span text, enum check *act,
	struct buf *more);

#endif
