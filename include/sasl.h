/*
 * sasl.h - the client's side of authentication: which mechanism, and what it
 * says.  Rank 5.  RFC 4422, 4954, 4616 (PLAIN), 2195 (CRAM-MD5), EXTERNAL of
 * RFC 4422, appendix A; LOGIN, which no RFC describes, asks for the user's name
 * and the password in turn.
 *
 * Nothing here is logged; whoever has a struct sasl wipes it with sasl_end().
 */
#ifndef POSTERN_SASL_H
#define POSTERN_SASL_H

#include "base.h"

#define SASL_USER_MAX	512	/* octets */
#define SASL_PASSWORD_MAX 1024	/* tokens of providers are long */
/* What is said at once, in base64, with its NUL. */
#define SASL_LINE_MAX \
	((2 * SASL_USER_MAX + SASL_PASSWORD_MAX + 4) / 3 * 4 + 4)

/* In the order of preference. */
enum sasl_mech {
	SASL_EXTERNAL, SASL_CRAM_MD5, SASL_PLAIN, SASL_LOGIN, SASL_MECHS
};

/* What a mechanism must not or must be: words of ..._security_options. */
enum {
	SASL_NO_PLAINTEXT = 1, SASL_NO_ACTIVE = 2, SASL_NO_DICTIONARY = 4,
	SASL_NO_ANONYMOUS = 8, SASL_MUTUAL_AUTH = 16,
	SASL_FORWARD_SECRECY = 32
};

/* RC_DENY: *bad is a word that nobody knows. */
MUST_USE enum rc sasl_options(struct span words, unsigned *options,
	struct span *bad);

struct sasl {
	enum sasl_mech mech;
	unsigned step;
	bool authzid;		/* PLAIN names the identity to act as, too */
	bool held;		/* what is said first waits to be asked for */
	struct buf user, password;
	char user_room[SASL_USER_MAX + 1];
	char password_room[SASL_PASSWORD_MAX + 1];
};

/*
 * sasl_start - who logs in, by an entry `user:password`; without a colon the
 * password is empty.  RC_FULL: too long.
 */
MUST_USE enum rc sasl_start(struct sasl *x, struct span entry);

/*
 * sasl_choose - the best mechanism among those offered (words) that keeps to
 * the options.
 *
 * certificate  we showed one in TLS: EXTERNAL will do, if there is no password.
 * RC_OK: x->mech is set.  RC_NONE: there is none.  RC_DENY: there would be one
 * but for SASL_NO_PLAINTEXT.
 */
MUST_USE enum rc sasl_choose(struct sasl *x, struct span offered,
	unsigned options, bool certificate);
const char *sasl_name(enum sasl_mech mech);

/* The line `AUTH mechanism initial-response' with its CRLF (RFC 5321,
 * 4.5.3.1.4). */
#define SASL_COMMAND_MAX 512
/*
 * sasl_initial - adds what goes on the AUTH line behind the mechanism, in
 * base64.  RC_NONE: nothing does; or the line would be too long, and it answers
 * the first challenge, an empty one (RFC 4954, 4).
 */
MUST_USE enum rc sasl_initial(struct sasl *x, struct buf *out);
/*
 * sasl_answer - adds the answer to a challenge (text behind 334), both in
 * base64.  RC_WIRE: it is no challenge, or one too many: give up.
 */
MUST_USE enum rc sasl_answer(struct sasl *x, struct span challenge,
	struct buf *out);
/*
 * sasl_mark - adds, in hexadecimal, what tells whether this login is the same
 * as another one: a digest over salt, server, user and password, which tells
 * nobody whose they are.
 */
#define SASL_MARK_BYTES	32
void sasl_mark(const struct sasl *x, struct span salt, struct span server,
	struct buf *out);
/* Wipes names and passwords. */
void sasl_end(struct sasl *x);

#endif
