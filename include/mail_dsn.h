/*
 * mail_dsn.h - the text of a notice: what became of a message, for its sender
 * or the postmaster.  Rank 5.  RFC 3461, 5 and 6; RFC 3462; RFC 3464; RFC 6533
 * for mail that needs SMTPUTF8; RFC 3834, 3.1.7 for Auto-Submitted.
 *
 * A notice is written from top to bottom, in one pass, in this order:
 *
 *	mail_dsn_start()
 *	mail_dsn_tell()		for each recipient: what people read
 *	mail_dsn_status()
 *	mail_dsn_fields()	for each of them again: what programs read
 *	mail_dsn_original()	then the original itself, by the caller
 *	mail_dsn_end()
 *
 * Lines end in LF.  The first failure of `put` stays in `rc`, and nothing more
 * is written after it.
 */
#ifndef POSTERN_MAIL_DSN_H
#define POSTERN_MAIL_DSN_H

#include "base.h"

enum mail_dsn_kind {
	MAIL_DSN_FAILED,	/* it will not be tried again */
	MAIL_DSN_DELAYED,	/* it waits, and will be */
	MAIL_DSN_DONE		/* delivered, or given to who tells nobody */
};

/* All of it is borrowed. */
struct mail_dsn {
	enum mail_dsn_kind kind;
	bool to_postmaster;	/* a report on somebody else's mail */
	bool is_double;		/* ...whose own notice could not be given */
	bool is_utf8;		/* the forms of RFC 6533 */
	bool is_8bit;		/* the original has octets above 127 */
	bool whole;		/* the original is returned, and not its header
				   alone */
	struct span host;	/* myhostname */
	struct span product;	/* mail_name */
	struct span from;	/* local part or address in From, no name */
	struct span to;		/* unquoted */
	struct span id;		/* of the original, in the queue */
	struct span notice_id;	/* of the notice: makes boundary, Message-ID */
	struct span sender;	/* of the original; empty: null */
	struct span envid;	/* not in xtext; empty: none */
	int64_t now_s;
	int zone_s;
	int64_t arrived_s;	/* of the original; 0: not known */
	int64_t until_s;	/* delayed: how long it will be tried */

	enum rc (*put)(void *arg, struct span text);
	void *arg;
	enum rc rc;		/* RC_OK at first */
};

struct mail_dsn_rcpt {
	struct span addr;	/* unquoted */
	struct span orcpt;	/* `type;address`, not in xtext; or empty */
	struct span dsn;	/* RFC 3463 */
	struct span relay;	/* `none`, `host[address]:port` */
	struct span text;	/* of the verdict */
	bool relayed;		/* done: a server without DSN has it */
};

void mail_dsn_start(struct mail_dsn *d);
void mail_dsn_tell(struct mail_dsn *d, const struct mail_dsn_rcpt *r);
void mail_dsn_status(struct mail_dsn *d);
void mail_dsn_fields(struct mail_dsn *d, const struct mail_dsn_rcpt *r);
void mail_dsn_original(struct mail_dsn *d);
void mail_dsn_end(struct mail_dsn *d);

#endif
