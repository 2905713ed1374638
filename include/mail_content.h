/*
 * mail_content.h - a message on its way out, changed as settings and the
 * server want it: header and body checks, addresses of the header rewritten,
 * 8-bit parts as quoted-printable.  Rank 4, above table.  RFC 2045, 2046, 5322,
 * 6152.
 *
 * Reading it is like mail_read(): lines in pieces, which may be longer here.
 * Nothing is looked at, nor changed, where nothing was asked for: then it is
 * mail_read().
 *
 * What is not asked for stays to the octet.  A header field that is changed is
 * written anew; others are not.  What has no valid structure is passed on as it
 * is, as far as the structure is not valid; so is what must not be encoded,
 * with one warning for a message whose 8-bit text goes to a server without
 * 8BITMIME.
 */
#ifndef POSTERN_MAIL_CONTENT_H
#define POSTERN_MAIL_CONTENT_H

#include "base.h"
#include "log.h"
#include "mail.h"
#include "mail_map.h"
#include "table.h"

/* What is to be done.  All of it is borrowed; zero is nothing. */
struct mail_change {
	/* smtp_header_checks and so on; NULL, or first NULL: none */
	const struct table_list *header, *mime, *nested, *body;
	const struct mail_map *generic;	/* NULL: addresses stay */
	bool extension_stays;	/* of an address that a key left out */
	/*
	 * For mail_rewrite_field(), instead of generic: any other way from an
	 * address to what stands for it, with the results of
	 * mail_rewrite_addr().  What it puts into `shown` (words of a phrase)
	 * is shown with the address.
	 */
	enum rc (*map)(void *arg, struct span addr, struct buf *out);
	void *arg;
	struct buf *shown;
	bool to_7bit;		/* the server has no 8BITMIME */
	/*
	 * header_size_limit, octets: of a longer field the rest passes unseen.
	 * It holds up to 256 KiB, which bounds the memory.
	 */
	int64_t header_max;
	int64_t boundary_max;	/* mime_boundary_length_limit, octets */
	struct span domain;	/* for results without one: myorigin */
	const struct log *log;
	struct span log_id;	/* `queue id: `, ahead of what checks log */
};

/*
 * mail_rewrite_addr - an address (unquoted) of the envelope, or any, mapped by
 * change->generic; out gets it unquoted.
 * RC_OK; RC_NONE: it stays.  RC_DENY: a table cannot tell, or says nonsense;
 * RC_FULL: too long for out.
 */
MUST_USE enum rc mail_rewrite_addr(const struct mail_change *change,
	struct span addr, struct buf *out);

/*
 * mail_rewrite_result - adds what a table's result `now` means for the address
 * `was`: `@domain` keeps the local part, what has no domain gets
 * change->domain, and ext is put back where change has it so.
 */
void mail_rewrite_result(const struct mail_change *change, struct span was,
	struct span ext, struct span now, struct buf *out);
/* Is it one of the fields that have addresses? */
bool mail_is_address_field(struct span name);
/*
 * mail_rewrite_field - maps the addresses of one field, if it is one that has
 * some.
 *
 * field  with its name, folds (LF) included, without the last LF.
 * out    gets the field anew.
 * RC_OK: changed; RC_NONE: nothing was found, it stays.  RC_DENY: a table
 * cannot tell; RC_FULL: the new one is too long, it stays.
 */
MUST_USE enum rc mail_rewrite_field(const struct mail_change *change,
	struct span field, struct buf *out);

/* Private but for its size: some KiB, and a header in memory of the port. */
struct mail_content;
size_t mail_content_bytes(void);

/* Does it change, or look at, anything at all? */
bool mail_change_is_any(const struct mail_change *change);

/*
 * mail_content_start - the message from its beginning.
 *
 * c        zeroed memory of mail_content_bytes() at first; may be used again.
 * reader   working memory, in use until the last piece.
 * lead     header lines to go ahead of the message's own (LF between and behind
 *          them); checks and rewriting see them.  Only if there is a change.
 *
 * RC_OS: no memory.
 */
MUST_USE enum rc mail_content_start(struct mail_content *c,
	struct mail_reader *reader, const struct mail_source *src,
	const struct mail_change *change, struct span lead);
/*
 * mail_content_read - as mail_read().  RC_DENY: a table could not tell; the
 * message must not go like this.
 */
MUST_USE enum rc mail_content_read(struct mail_content *c, struct span *piece,
	bool *last);

#endif
