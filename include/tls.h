/*
 * tls.h - TLS with one server: which level is wanted, the connection, and what
 * the peer's certificate is worth.  Rank 5.
 *
 * RFC 3207, 5246, 5280, 6125, 6698, 7671, 7672, 8314.
 *
 * The order of things, for each host:
 *
 *	tls_policy_find()	what does the administrator demand?  no network
 *	tls_dane_find()		and what does the host's own zone say?
 *	tls_ready()		have we all that it takes?
 *	tls_wire_start()	the handshake; a certificate never fails it
 *	wire->trust		is it who it should be?  The caller decides.
 *	tls_wire_read(), tls_wire_write(), tls_wire_close()
 */
#ifndef POSTERN_TLS_H
#define POSTERN_TLS_H

#include "base.h"
#include "dns.h"
#include "log.h"
#include "param.h"
#include "port.h"
#include "table.h"

struct tls;			/* all that is ours in a worker; private */

/*
 * tls_open - what a worker has for TLS: policy tables, and later anchors, keys
 * and remembered sessions.  Files are opened here, before the worker locks
 * itself in; what is wrong with them is told by tls_ready().
 *
 * arena  of the worker's settings; tables live in it.
 *
 * RC_OS, RC_FULL: no memory.
 */
MUST_USE enum rc tls_open(struct tls **out, const struct settings *set,
	bool is_lmtp, const struct log *log, struct arena *arena);

/* ---- policy ------------------------------------------------------------- */

/*
 * Whom we are about to talk to, and how we know of him.  Borrowed; names are in
 * A-label form, without final dots.
 */
struct tls_site {
	struct span nexthop;	/* as configured, with brackets and port, but
				   without inet: or unix: */
	struct span domain;	/* its host part; empty for a path */
	struct span domain_target;	/* behind aliases, or same; as secure as
					   the MX records */
	struct span host;	/* the server, as in relay= */
	struct span asked;	/* the name whose addresses were asked for */
	struct span target;	/* where its aliases ended, or same */
	struct ip ip;		/* IP_NONE: a UNIX socket */
	uint16_t port;
	bool is_literal;	/* the next hop is an address: no name at all */
	bool mx_secure;		/* the answer that named the host was validated,
				   or none did: the next hop itself is it */
	bool host_secure;	/* so was the whole way to the addresses */
};

enum tls_trust {		/* words of the log, and of Postfix */
	TLS_ANONYMOUS,		/* no certificate */
	TLS_UNTRUSTED,
	TLS_TRUSTED,		/* a good chain, or half of what was demanded */
	TLS_VERIFIED		/* all that the level demands was found */
};

struct tlsa_set;		/* usable TLSA records; private */

/* What is demanded of TLS with one host.  All spans are borrowed. */
struct tls_policy {
	const struct tls_site *site;	/* as tls_policy_find() got it */
	int level;		/* LEVEL_NONE to LEVEL_SECURE */
	bool from_table;	/* a table says so, not the general setting */
	bool half_dane;		/* insecure MX: `Trusted` is the best */
	bool wrapper;		/* TLS right after connecting */
	bool reuse;		/* the connection may be kept */
	bool is_lmtp;		/* for names of settings */
	/* Of the table, not read yet.  p NULL: the level's general setting. */
	struct span protocols, grade, exclude;
	struct span match;	/* strategies, names, divided by blanks, : or
				   comma; or digests, by blanks, | or comma */
	struct span tafile;	/* of trust anchors; empty: CAfile, CApath */
	struct span servername;	/* to send; empty: none */
	const struct tlsa_set *tlsa;	/* levels dane, dane-only; else NULL */
};

/*
 * tls_policy_find - by tls_policy_maps, else tls_per_site, else the general
 * settings.  `site` needs nexthop, domain, host and ip.
 *
 * Texts of a table live in t, until the next call.
 *
 * A next hop is looked up as it is written, a plain name then by `.parent`s.
 * Over a UNIX socket level may is none, but with wrapper mode.
 *
 * RC_OK    out is filled; words in protocols, grade and exclude are only
 *          looked at in tls_wire_start(), as Postfix does.
 * RC_DENY  the policy can't be used, policy tables that can't be read now
 *          included, and `why` has a sentence: no connection, 4.7.5.
 * others   tls_per_site can't be read now, with `why` likewise, or there is no
 *          memory: 4.3.0.
 */
MUST_USE enum rc tls_policy_find(struct tls *t, const struct tls_site *site,
	struct tls_policy *out, struct buf *why);

/*
 * tls_dane_find - levels dane and dane-only, which no socket has: looks up TLSA
 * records and settles the level, which may become encrypt, may, or stay.
 * Nothing to do for others.
 *
 * a  gets the records; it must outlive the session.
 *
 * RC_OK    p->level and p->tlsa are settled.
 * RC_DENY  dane-only, and no usable records; `why` says so: no connection.
 * others   a lookup failed: never taken for "no records"; no connection now.
 */
MUST_USE enum rc tls_dane_find(struct tls *t, struct dns *dns,
	struct arena *a, struct tls_policy *p, struct buf *why);

/*
 * tls_ready - our own side: anchors, client certificates, digests.
 * RC_DENY: something is missing or wrong, and `why` names it and the setting.
 * The same answer each time.
 */
MUST_USE enum rc tls_ready(struct tls *t, const struct tls_policy *p,
	struct buf *why);

/* ---- the index of a file of authorities --------------------------------- */

struct tls_index {
	unsigned certificates;	/* in the index */
	unsigned duplicates;	/* left out */
	unsigned bad;		/* left out, each with a warning */
};

/*
 * tls_index_make - compiles FILE.cdb from the certificates in FILE, for use
 * instead of it as long as it is not older.
 *
 * log  gets a warning with file and line for each entry that can't be used.
 *
 * RC_DENY: FILE can't be read, or has no certificate.  RC_FULL: no memory for
 * it.  RC_OS: FILE.cdb can't be written.  Each with a sentence in `why`, and
 * what was there before stays.
 */
MUST_USE enum rc tls_index_make(const char *file, const struct log *log,
	struct tls_index *out, struct buf *why);

/* ---- a connection ------------------------------------------------------- */

struct tls_wire;		/* one connection, in memory of struct tls */

/* A stream to make TLS over; it stays the caller's. */
struct tls_stream {
	int fd;
	ms_t limit;		/* of each read and write of the handshake */
	ms_t end;		/* of the whole handshake, absolute */
};

/*
 * tls_wire_start - the handshake.
 *
 * why    on failure, a sentence part: what the handshake failed of.
 *
 * RC_OK    *out reads and writes; tls_wire_trust() tells of the peer.
 * RC_DENY  settings of the policy can't be used (protocols, ciphers): nothing
 *          was sent.
 * RC_TIME, RC_GONE, RC_WIRE: the handshake failed.  RC_OS: no entropy.
 */
MUST_USE enum rc tls_wire_start(struct tls *t, const struct tls_policy *p,
	const struct tls_stream *over, struct tls_wire **out, struct buf *why);

/*
 * tls_wire_trust - what the peer proved, judged once, after the handshake.
 *
 * matched  all that the policy's level demands was found: go on.  If not, say
 *          QUIT (inside) and give the host up; `why` says what was missing.
 */
enum tls_trust tls_wire_trust(struct tls_wire *w, bool *matched,
	struct buf *why);

/* `Verified TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384`: words of the log. */
void tls_wire_about(const struct tls_wire *w, struct buf *b);
/* Key bits of the cipher, for the log: `(256/256 bits)`. */
unsigned tls_wire_bits(const struct tls_wire *w);
/* Did the server ask for a certificate of ours, and get one? */
bool tls_wire_showed_cert(const struct tls_wire *w);

/* As port_read(), port_write().  RC_WIRE: the peer broke TLS; it is over. */
MUST_USE enum rc tls_wire_read(struct tls_wire *w, void *out, size_t n,
	ms_t until, size_t *got);
/* Everything written leaves at once; at most n octets are taken. */
MUST_USE enum rc tls_wire_write(struct tls_wire *w, const void *data, size_t n,
	ms_t until, size_t *put);
/* Can tls_wire_read() return at once? */
bool tls_wire_readable(struct tls_wire *w);
/*
 * tls_wire_close - close_notify, and with tls_fast_shutdown_enable = no the
 * peer's.  Remembers the session for later ones.  fd stays open.
 */
void tls_wire_close(struct tls_wire *w, ms_t until);
/* The connection is lost: no goodbye, nothing remembered. */
void tls_wire_drop(struct tls_wire *w);

#endif
