/*
 * submit.h - a message from a program: taken from standard input, its header
 * completed, its recipients gathered, and delivered from here.  Rank 7, beside
 * the applets.  RFC 5321, 2.3.1 and 6.3; RFC 5322, 3.6; RFC 6409, 8.
 *
 * The calls belong to one process, in this order: submit_start(),
 * submit_rcpt_words(), submit_take() or submit_probe(), submit_send().  Those
 * that return an int return an exit code, and have said why if it is not
 * EXIT_OK.
 */
#ifndef POSTERN_SUBMIT_H
#define POSTERN_SUBMIT_H

#include "applet.h"
#include "mail_head.h"
#include "param.h"
#include "report.h"

#define SUBMIT_ID_MAX	24	/* of the id in log and Received, with NUL */
#define SUBMIT_LINE_MAX	4096	/* of the fields that are added, together */

/* Recipients, as text; about 30,000 of them, and what a list server has. */
#define SUBMIT_RCPT_BYTES	((size_t)1 << 20)

/* Where a recipient was found: the fields of Resent- beat the others. */
enum submit_origin {
	SUBMIT_CALLED = 'c', SUBMIT_FIELD = 'f', SUBMIT_RESENT = 'r'
};

struct submit {
	/* Of the command line; borrowed. */
	const struct app *app;
	const struct settings *set;
	struct span sender;		/* complete, unquoted; empty: null */
	struct span full_name;		/* for a From that is missing */
	struct span notify;		/* of -N; empty: nothing was said */
	struct span envid;
	enum job_body body;
	enum job_ret ret;
	bool from_fields;		/* -t */
	bool dot_is_text;		/* -i */
	bool is_gateway;		/* -G: no field is added */
	bool is_verbose;

	/* Made by submit_start(). */
	char id[SUBMIT_ID_MAX];
	int64_t arrived_ms;
	struct buf rcpt_text;		/* origin, mark, address, NUL */

	/* Made by submit_take(). */
	struct mail_source mail;
	bool head_8bit;
	bool is_resent;			/* it has fields of Resent- */
	bool is_probe;
	bool smtputf8;			/* made by submit_send() */
};

int submit_start(struct submit *s);

/* What is read of a command line is read like a field: names, commas. */
void submit_rcpt_words(struct submit *s, char *const *words, size_t n);
/* Of a list of addresses, the one that is ready. */
void submit_rcpt_add(struct submit *s, enum submit_origin origin,
	const struct mail_list *l);
/*
 * submit_complete - adds an address with the domain it lacks, by myorigin and
 * mydomain.
 */
void submit_complete(const struct submit *s, struct buf *b,
	const struct mail_list *l);

/*
 * submit_take - reads standard input to its end or to the line of a single
 * dot, into a spool of ours, the header completed and its recipients added.
 */
int submit_take(struct submit *s);
/* Instead of a message: the recipients are only asked after. */
int submit_probe(struct submit *s);

/*
 * submit_send - one job for each next hop, all of them tried, once.
 *
 * EXIT_OK, EXIT_LATER and EXIT_BOUNCED as the design has them.
 */
int submit_send(struct submit *s);

/*
 * Lines of standard input, in pieces.  What a CR at the end of a line means is
 * decided here, once, so that the spool has LF alone.
 */
struct submit_in {
	int ends;		/* ENDINGS_, sendmail_fix_line_endings */
	bool dot_ends;
	bool is_over;
	bool in_line;		/* part of the line was given out */
	bool later_line;	/* the first one is over */
	bool crlf_ends;
	size_t from, n;
	char data[MAIL_PIECE_MAX];
};

void submit_in_start(struct submit_in *in, int ends, bool dot_ends);
/*
 * submit_in_piece - a part of a line without its end; borrowed until the next
 * call.  RC_NONE: the message is over.
 */
MUST_USE enum rc submit_in_piece(struct submit_in *in, struct span *piece,
	bool *last);

/* The recipients as struct rcpt_list wants them, in `words` each. */
struct submit_list {
	char **words;
	size_t per_rcpt;	/* words for one of them: 1, 2 or 3 */
	size_t n;		/* recipients */
	size_t bad;		/* no addresses, not among them */
};

/*
 * submit_list_make - the recipients that count, each once (case ignored), in
 * their order or, for `by_domain`, those of a domain together.
 * RC_OS: no memory.
 */
MUST_USE enum rc submit_list_make(struct submit *s, bool by_domain,
	struct submit_list *out);
/* The address of a recipient in it. */
struct span submit_list_addr(const struct submit_list *l, size_t index);
/* The next of those that are no addresses; at is 0 at first. */
bool submit_bad_next(const struct submit *s, size_t *at, struct span *addr);

#endif
