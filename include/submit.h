/*
 * submit.h - a message from a program: its header completed, its addresses
 * rewritten, its recipients gathered and resolved; then into the queue, or
 * delivered from here.  Rank 7, beside the applets.  RFC 5321, 2.3.1 and 6.3;
 * RFC 5322, 3.6; RFC 6409, 8.
 *
 * The calls belong to one process, in this order: submit_start(); for each
 * message submit_from(), recipients, submit_take() or submit_probe(), and
 * submit_queue() or submit_send().  Those that return an int return an exit
 * code; a sentence why is in s->why, unless it has been said.
 *
 *	submit_in.c	lines of the input
 *	submit_rcpt.c	recipients as they are named
 *	submit_map.c	one address rewritten: completed, canonical, masqueraded
 *	submit_alias.c	one recipient becomes those who get its mail
 *	submit_head.c	the header
 *	submit_take.c	the message as a whole
 *	submit_queue.c	into the queue
 *	submit_send.c	delivered from here, without a queue
 *	submit_smtp.c	taken by SMTP
 */
#ifndef POSTERN_SUBMIT_H
#define POSTERN_SUBMIT_H

#include "applet.h"
#include "mail_head.h"
#include "mail_map.h"
#include "param.h"
#include "queue.h"
#include "report.h"
#include "table.h"

#define SUBMIT_LINE_MAX	4096	/* of the fields that are added, together */
#define SUBMIT_WHY_MAX	512
#define SUBMIT_LOGIN_MAX 64

/* Recipients, as text; about 30,000 of them, and what a list server has. */
#define SUBMIT_RCPT_BYTES	((size_t)1 << 20)
/* The same, of those whom one alias leads to, and of the way to them. */
#define SUBMIT_ALIAS_BYTES	((size_t)1 << 18)

/* Where a recipient was found: the fields of Resent- beat the others. */
enum submit_origin {
	SUBMIT_CALLED = 'c', SUBMIT_FIELD = 'f', SUBMIT_RESENT = 'r'
};

/*
 * The tables of addresses, and that of login names.
 */
enum submit_map {
	MAP_SENDER_CANONICAL, MAP_RECIPIENT_CANONICAL, MAP_CANONICAL,
	MAP_VIRTUAL, MAP_SENDER_BCC, MAP_RECIPIENT_BCC,
	MAP_ALIAS, MAP_LOGIN, MAPS
};
struct submit_maps {
	struct arena arena;
	struct table_list list[MAPS];
	struct mail_map map;			/* as submit_map_of() has it */
	struct table_names local;		/* mydestination */
	struct table_names plain;		/* masquerade_exceptions */
	struct table_names users;		/* authorized_submit_users */
};

struct submit {
	/* The caller's; borrowed. */
	struct app *app;
	const struct param *param;
	const struct settings *set;
	struct queue *queue;		/* NULL: delivered from here */
	/* Starts a manager, as none runs; NULL: that is nobody's affair. */
	void (*start_manager)(struct submit *s);
	struct span full_name;		/* for a From that is missing */
	struct span login;		/* of the submitter */
	uint32_t uid;
	unsigned notify;		/* of -N; 0: nothing was said */
	struct span envid;
	enum job_body body;
	enum job_ret ret;
	bool to_drop;			/* as it is: who takes it up from there
					   rewrites, resolves and checks */
	bool is_notice;			/* our own mail: nobody gets copies */
	bool is_pickup;			/* it is in drop, and may stay there */
	bool from_fields;		/* -t */
	bool is_gateway;		/* -G: no field is added */
	bool is_verbose;
	bool smtputf8;			/* it was asked for, or is needed */

	/* Made by submit_start(). */
	struct buf rcpt_text;		/* recipients as they were named */
	struct buf final_text;		/* as they were resolved */
	struct buf todo;		/* of submit_alias.c */
	struct buf held, anew;		/* of submit_head.c */
	struct submit_maps maps;
	struct buf why;

	/* Made by submit_from(). */
	int64_t arrived_ms;
	struct span sender;		/* as named, complete; empty: null */
	struct span from;		/* the same rewritten: the envelope's */

	/* Made by submit_take(). */
	char id[QUEUE_ID_MAX];
	struct queue_draft draft;
	struct mail_source mail;	/* without a queue */
	int64_t size;
	bool head_8bit;
	bool is_resent;			/* it has fields of Resent- */
	bool is_probe;
	bool is_stuck;			/* a table could not tell */

	char option_text[40];		/* of submit_list_options() */
	char sender_text[RCPT_ADDR_MAX + 1];
	char from_text[RCPT_ADDR_MAX + 1];
	char why_text[SUBMIT_WHY_MAX];
};

/* A sentence for s->why, which ends in "nothing was sent"; returns the code. */
int submit_fail(struct submit *s, int code, const char *fmt, ...)
	PRINTF(3, 4);

/*
 * submit_start - memory and tables.  The caller's part is filled, but for who
 * submits.
 */
int submit_start(struct submit *s);
/* One for a child of the manager, started; NULL: that failed. */
struct submit *submit_new(const struct param *param, const struct log *log,
	struct queue *q);
/*
 * submit_from - a message begins: who sends it (unquoted; empty: null), and may
 * this user send it?  complete: it has its domain, and stays as it is up to the
 * tables.
 */
int submit_from(struct submit *s, struct span sender, bool complete);

/* ---- recipients ---------------------------------------------------------- */

/* What is read of a command line is read like a field: names, commas. */
void submit_rcpt_words(struct submit *s, char *const *words, size_t n);
/* Of a list of addresses, the one that is ready. */
void submit_rcpt_add(struct submit *s, enum submit_origin origin,
	const struct mail_list *l);
/* One that was read already; it has its domain.  false: it is no address. */
bool submit_rcpt_put(struct submit *s, const struct rcpt *to);

/* The recipients as struct rcpt_list wants them, in `words` each. */
struct submit_list {
	char **words;
	size_t per_rcpt;	/* words for one of them: 1, 2 or 3 */
	size_t n;		/* recipients */
	size_t bad;		/* no addresses, not among them */
};

/*
 * submit_list_make - the recipients that count, resolved, each once (case
 * ignored), in their order or, for `by_domain`, those of a domain together.
 * RC_OS: no memory.  RC_FULL: too many.  RC_DENY: a table can't tell.
 */
MUST_USE enum rc submit_list_make(struct submit *s, bool by_domain,
	struct submit_list *out);
/* They go into an envelope. */
MUST_USE enum rc submit_list_put(const struct submit_list *l,
	struct queue_draft *d);
/* `--` goes ahead of each of them, and -N if there is need. */
void submit_list_options(struct submit *s, struct submit_list *l);
/* The address of a recipient in it; the rest of one. */
struct span submit_list_addr(const struct submit_list *l, size_t index);
void submit_list_rcpt(const struct submit_list *l, size_t index,
	struct rcpt *to);
/* Decides s->smtputf8, where nobody has. */
void submit_look_for_utf8(struct submit *s, const struct submit_list *l);
/* submit_list_make() for a message, and what to do about its result. */
int submit_gather(struct submit *s, struct submit_list *l);
/* The next of those that are no addresses; at is 0 at first. */
bool submit_bad_next(const struct submit *s, size_t *at, struct span *addr);
/* A line for each of these. */
void submit_say_bad(struct submit *s);
/* Adds one that nothing more is to be done with. */
void submit_final(struct submit *s, struct span addr, const struct rcpt *to);

/* ---- addresses ----------------------------------------------------------- */

/*
 * submit_complete - adds an address with the domain it lacks, by myorigin and
 * mydomain, and with bang paths and percent signs read as settings have it.
 */
void submit_complete(const struct submit *s, struct buf *b, struct span addr,
	bool has_domain);
/* `site!user`, `user%site` or `user`: the user, and the site in *domain. */
struct span submit_split(const struct submit *s, struct span local,
	struct span *domain);
/*
 * submit_map - adds an address as the tables want it: completed, canonical,
 * masqueraded, and postern_from for senders of this machine.
 *
 * where  one of ADDRESS_
 * RC_OK; RC_NONE: it stays, nothing was added.  RC_DENY: a table can't tell.
 */
MUST_USE enum rc submit_map(struct submit *s, unsigned where,
	struct span addr, struct buf *b);
/* Is its domain ours (mydestination)?  RC_OK, RC_NONE, or nobody can tell. */
MUST_USE enum rc submit_is_local(const struct submit *s, struct span addr);
MUST_USE enum rc submit_maps_open(struct submit *s);
/* One of the tables, to be asked about addresses; until the next call. */
const struct mail_map *submit_map_of(struct submit *s, enum submit_map which);

/*
 * submit_resolve - who gets the mail of a recipient: canonical address, copies
 * (recipient_bcc_maps), virtual aliases, aliases of local names.
 *
 * RC_DENY: a table can't tell.  RC_FULL: too many, or aliases without end.
 */
MUST_USE enum rc submit_resolve(struct submit *s, struct rcpt *to);
/* Those whom no program named: always_bcc, sender_bcc_maps. */
MUST_USE enum rc submit_resolve_copies(struct submit *s);

/* ---- the message --------------------------------------------------------- */

/*
 * Lines of the input, in pieces.  What a CR at the end of a line means is
 * decided here, once, so that what is kept has LF alone.
 */
struct submit_in {
	int fd;
	int64_t at, end;	/* of a file that is read so; -1: it isn't */
	int ends;		/* ENDINGS_, sendmail_fix_line_endings */
	bool dot_ends;
	bool replace_stray;	/* a CR that is left becomes a blank */
	bool is_smtp;		/* dots were doubled; more may follow the one */
	bool wants_crlf;	/* nothing else ends a line (RFC 5321, 2.3.8) */
	bool had_cr;		/* the last line ended in CR LF */
	bool saw_dot;
	bool is_over;
	bool in_line;		/* part of the line was given out */
	bool later_line;	/* the first one is over */
	bool crlf_ends;
	size_t from, n;
	char data[MAIL_PIECE_MAX];
};

/* Of standard input. */
void submit_in_start(struct submit_in *in, int ends, bool dot_ends);
/*
 * submit_in_piece - a part of a line without its end; borrowed until the next
 * call.  RC_NONE: the message is over.
 */
MUST_USE enum rc submit_in_piece(struct submit_in *in, struct span *piece,
	bool *last);

/*
 * submit_take - reads the input to its end or to the line of a single dot, into
 * a draft in the queue or a spool of ours, the header completed and its
 * recipients added.
 */
int submit_take(struct submit *s, struct submit_in *in);
/* Instead of a message: the recipients are only asked after. */
int submit_probe(struct submit *s);

/*
 * The header, between submit_take.c and submit_head.c: it puts what is to be
 * kept with `put`, field by field.
 */
struct submit_head {
	struct submit *s;
	struct submit_in *in;
	void (*put)(struct submit_head *h, struct span text);
	unsigned seen, seen_resent;	/* of either kind */
	unsigned field;			/* what the present one is */
	bool in_field;			/* there is a present one */
	bool keeps;			/* ...which is to be kept */
	bool holds;			/* ...once it was rewritten */
	bool is_ours;			/* an address was postern_from's */
	unsigned where;			/* its addresses: ADDRESS_HEADER_ */
	int hops;
	enum rc out_rc;			/* of put: the first failure */
	struct buf shown;		/* beside an address, in `room` */
	struct mail_list list;
	char room[256];
};
void submit_head_received(struct submit_head *h);
/*
 * submit_head - up to and with the empty line; RC_NONE: nothing comes behind
 * it.  A first line that is no field is the body's: *piece and *last are it.
 */
MUST_USE enum rc submit_head(struct submit_head *h, struct span *piece,
	bool *last);

/* ---- where it goes ------------------------------------------------------- */

/*
 * submit_queue - resolves, publishes, tells the manager.  EXIT_OK: it is safe
 * on disk, and so for EXIT_BOUNCED, but that some are no addresses, which was
 * said.  On any other code nothing was kept.
 */
int submit_queue(struct submit *s);
/* Nothing was kept, whatever happened. */
void submit_drop(struct submit *s);

/*
 * submit_send - one job for each next hop, all of them tried, once.
 *
 * EXIT_OK, EXIT_LATER and EXIT_BOUNCED as the design has them.
 */
int submit_send(struct submit *s);

/* Has myhostname a domain, as servers want it to have? */
bool submit_has_domain(const struct settings *set);

/* submit_smtp - sendmail -bs: a session on standard input and output. */
int submit_smtp(struct submit *s, struct submit_in *in);

#endif
