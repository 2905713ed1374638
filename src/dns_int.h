/*
 * dns_int.h - the wire format, between dns_msg.c and the other files of dns.
 */
#ifndef POSTERN_DNS_INT_H
#define POSTERN_DNS_INT_H

#include "dns.h"

#define DNS_PORT	53
#define DNS_QUERY_MAX	300	/* header, longest name, type, OPT record */
#define DNS_IN		1	/* the only class there is for us */

enum dns_rcode {
	DNS_NOERROR = 0, DNS_FORMERR = 1, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4, DNS_REFUSED = 5
};

/* A message as it came: borrowed octets, nothing about them is certain. */
struct msg {
	const unsigned char *p;
	size_t n;
};

struct msg_query {
	struct span name;	/* no final dot; empty or "." is the root */
	enum dns_type type;
	uint16_t id;
	bool edns;
	bool secure;		/* DO where there is EDNS0, and AD */
};

/*
 * msg_put_query - writes a question.  Returns its length; 0: the name has an
 * empty label or one that is too long, or is too long as a whole.
 */
size_t msg_put_query(char out[DNS_QUERY_MAX], const struct msg_query *q);

/* Is it a response, long enough to have a header? */
bool msg_is_response(const struct msg *m);
uint16_t msg_id(const struct msg *m);
enum dns_rcode msg_rcode(const struct msg *m);
bool msg_is_truncated(const struct msg *m);
bool msg_is_authentic(const struct msg *m);	/* AD */
/* Nothing but a header, as some servers refuse EDNS0. */
bool msg_is_bare(const struct msg *m);
/* Without additional records, so without OPT: its maker ignores EDNS0. */
bool msg_lacks_opt(const struct msg *m);
/* Nothing answered, by one who neither owns the name nor asks others. */
bool msg_is_referral(const struct msg *m);
/* Is it about this question, and no other?  Case is ignored. */
bool msg_is_about(const struct msg *m, struct span name, enum dns_type type);

/* One record of the answer section; positions are offsets in the message. */
struct msg_record {
	size_t owner;
	uint16_t type;
	uint16_t class;
	uint32_t ttl_s;
	size_t data;
	size_t data_n;		/* data + data_n <= m->n */
};

/* A pass over the answer section; msg_is_about() must hold. */
struct msg_walk {
	const struct msg *m;
	size_t at;
	unsigned left;
};

void msg_walk_start(struct msg_walk *w, const struct msg *m);
/* RC_NONE: that was all; RC_WIRE: cut off, or malformed. */
MUST_USE enum rc msg_walk_next(struct msg_walk *w, struct msg_record *r);

/* Is the name at this offset the same as `name`?  Case is ignored. */
bool msg_name_is(const struct msg *m, size_t at, struct span name);

/*
 * msg_name_put - adds a name with dots, in the letters of the message; the
 * root is ".".  What would make a name look like another one (blanks, control
 * and 8-bit characters, a dot within a label) becomes `?`, which no host name
 * has.
 *
 * end  where the name ends in the message; may be NULL.
 * RC_WIRE: malformed.
 */
MUST_USE enum rc msg_name_put(const struct msg *m, size_t at, struct buf *b,
	size_t *end);

unsigned msg_u16(const struct msg *m, size_t at);	/* at + 2 <= m->n */

/* dns_ask() without a word about what it proves; on failure only d->fault. */
MUST_USE enum rc ask_name(struct dns *d, struct arena *a, struct span name,
	enum dns_type type, struct dns_answer *out);
/*
 * probe_heed - an answer came that was validated, or was not; in doubt, asks
 * the probe.  Changes nothing but d->proof.
 */
void probe_heed(struct dns *d, struct arena *a, bool is_secure);

/* `TLSA`; `?`: none of those in enum dns_type. */
const char *dns_type_name(enum dns_type type);
/* The other way; false: none of them. */
bool dns_type_find(struct span name, enum dns_type *out);
/* A failure that dns_fault_put() will tell of; returns rc. */
enum rc dns_fail(struct dns *d, enum dns_fault fault, enum dns_type type,
	struct span name, enum rc rc);

/*
 * struct dns_lines - a text read in pieces of whole lines, so that a hosts
 * file may be longer than any memory of ours.  A line that is longer than the
 * memory is left out.
 */
struct dns_lines {
	int fd;
	int64_t at;
	char *p;
	size_t n, cap;
	size_t given;		/* octets handed out last time */
	bool is_long;		/* inside a line that is left out */
};

MUST_USE enum rc dns_lines_open(struct dns_lines *f, const char *path,
	void *memory, size_t cap);
/* Borrowed until the next call.  RC_NONE: the end. */
MUST_USE enum rc dns_lines_next(struct dns_lines *f, struct span *lines);
void dns_lines_close(struct dns_lines *f);

/*
 * Characters of domain names (dns_idna_map.c).
 */
uint32_t idna_map(uint32_t c);		/* RFC 5895: case, width */
bool idna_is_stop(uint32_t c);		/* divides labels */
unsigned idna_class(uint32_t c);	/* canonical combining class */
bool idna_is_mark(uint32_t c);		/* may not begin a label */
uint32_t idna_compose(uint32_t base, uint32_t mark);	/* 0: no such */
bool idna_decompose(uint32_t whole, uint32_t *base, uint32_t *mark);
bool idna_is_allowed(uint32_t c);	/* after mapping and composition */

/*
 * dns_filter - RC_OK: the record stays; RC_NONE: it is taken out; RC_DENY: the
 * table cannot tell, or says something else than IGNORE.
 */
MUST_USE enum rc dns_filter(const struct dns *d, struct span owner,
	const struct dns_record *r);

#endif
