/*
 * mail.h - addresses and messages as text: quoting, line ends, what a message
 * is like.  Rank 4.  RFC 5321, 5322.
 */
#ifndef POSTERN_MAIL_H
#define POSTERN_MAIL_H

#include "base.h"
#include "port.h"

/*
 * Addresses inside postern are unquoted, as Postfix keeps them: what stands
 * after the last @ is the domain, all ahead of it the local part, octet by
 * octet.
 */
struct span mail_addr_local(struct span addr);
struct span mail_addr_domain(struct span addr);	/* empty: there is none */
bool mail_addr_has_domain(struct span addr);

/*
 * mail_addr_is_safe - can it stand in a command or a header?  No CR, LF, NUL.
 * To be asked where an address comes in; what follows puts `?` for them.
 */
bool mail_addr_is_safe(struct span addr);

/*
 * mail_addr_quote - adds the address, its local part quoted where RFC 5321,
 * 4.1.2 demands: the form of MAIL and RCPT.  The null sender adds nothing.
 */
void mail_addr_quote(struct buf *b, struct span addr);

/*
 * mail_addr_show - the same for headers, log lines and ORCPT, where a source
 * route in front (`@one,@two:`) is left as it is.
 */
void mail_addr_show(struct buf *b, struct span addr);

/*
 * mail_addr_unquote - the reverse, of one address without comments; quotes and
 * backslashes go.  RC_WIRE: quotes do not match.
 */
MUST_USE enum rc mail_addr_unquote(struct buf *b, struct span quoted);

/*
 * Reading a message.  Stored lines end in LF; what a CR means is decided by
 * two settings (design: nothing of a sender's making may end a message early).
 */
enum mail_ends { MAIL_ENDS_ALWAYS, MAIL_ENDS_STRICT, MAIL_ENDS_NEVER };

struct mail_source {
	int fd;			/* can be read at any place */
	int64_t start;		/* where in it the message begins */
	int64_t size;		/* octets, as stored; no more are looked at */
	enum mail_ends ends;	/* sendmail_fix_line_endings */
	bool replace_stray;	/* cleanup_replace_stray_cr_lf: to blanks */
};

#define MAIL_PIECE_MAX	4096	/* of a line, given out at once */

/*
 * struct mail_reader - one pass over a message, in pieces of lines.  Any
 * number of passes may be made over one source.
 */
struct mail_reader {
	struct mail_source src;
	int64_t at;		/* the next octet to load */
	size_t from, n;		/* what is loaded and not given out */
	bool ends_known;	/* strict: has the first line been seen? */
	bool crlf_ends;		/* CR LF is a line end here */
	bool in_line;		/* part of the current line was given out */
	char data[MAIL_PIECE_MAX];
};

void mail_read_start(struct mail_reader *r, const struct mail_source *src);

/*
 * mail_read - the next piece of a line.
 *
 * piece  without line end; borrowed until the next call; may be empty.
 * last   the piece ends its line (also at the end of a message that lacks a
 *        final newline).
 * RC_NONE: the message is over.  RC_OS: it cannot be read, or has become
 * shorter than it was.
 */
MUST_USE enum rc mail_read(struct mail_reader *r, struct span *piece,
	bool *last);

/* What one must know of a message before it is sent. */
struct mail_facts {
	int64_t wire_bytes;	/* with CR LF, ahead of dots and folding */
	bool head_8bit;		/* octets above 127 in the header */
	bool body_8bit;
	bool delivered_here;	/* a Delivered-To field names `rcpt` */
};

/*
 * mail_look - one pass; r is working memory.  `rcpt` (unquoted, may be empty)
 * is what Delivered-To fields are compared with: quoted as we write it, all on
 * the field's first line, nothing behind it; ASCII case ignored.
 *
 * The header ends at the first line that is neither a field nor goes on with
 * one; a mailbox's `From ` line in front is passed over.
 */
MUST_USE enum rc mail_look(struct mail_reader *r,
	const struct mail_source *src, struct span rcpt,
	struct mail_facts *out);

/*
 * mail_take - the rest of standard input as a source: the file itself, if it
 * can be read at any place, else a copy in an unlinked temporary file.
 *
 * most  octets allowed, 0 for any (message_size_limit).
 * out   `ends` and `replace_stray` are the caller's, and stay as they are.
 * RC_FULL: larger than that; RC_OS: cannot be read; RC_DENY: cannot be kept,
 * and port_error() tells why; RC_NONE: standard input is closed.
 */
MUST_USE enum rc mail_take(int64_t most, struct mail_source *out);

#endif
