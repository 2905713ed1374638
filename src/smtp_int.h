/*
 * smtp_int.h - what the smtp_*.c files share, and nobody else sees: one worker
 * with all its memory, its route, its session.
 *
 * Ranks inside the module, low to high:
 *	able			settings that can't be honoured
 *	chat, dest, own		lines and replies; syntax; our own addresses
 *	trouble			who suffers from a failure
 *	route			which host is next
 *	hello, xforward, command, body	stages of a session
 *	dot			the content, and what its end comes to
 *	mail			one message, from MAIL on
 *	job			the loop over hosts
 */
#ifndef POSTERN_SMTP_INT_H
#define POSTERN_SMTP_INT_H

#include "dns.h"
#include "log.h"
#include "mail.h"
#include "param.h"
#include "port.h"
#include "report.h"
#include "smtp.h"
#include "tls.h"

/* ---- chat: lines, replies, the window ----------------------------------- */

#define CHAT_IN_MAX	4096
/*
 * Commands sent and not answered yet fit into this; their replies then fit
 * into any socket's buffers, so that neither side waits for the other with
 * all of them full (RFC 2920, 3.1).
 */
#define CHAT_OUT_MAX	4096
#define CHAT_LINE_MAX	2048	/* the rest of a longer reply line is dropped */
#define REPLY_TEXT_MAX	2048	/* more would not fit into a log line */

struct chat {
	int fd;
	bool whole;		/* a limit holds for the whole request */
	bool write_dead;	/* writing failed; what was said can be read */
	const struct log *log;
	ms_t limit;
	ms_t until;		/* if `whole` */
	ms_t end;		/* of everything, whatever the limit is */
	struct buf out;
	size_t in_from, in_n;
	char in[CHAT_IN_MAX];
	char out_room[CHAT_OUT_MAX + 1];
	char line[CHAT_LINE_MAX];
};

struct reply {
	int code;		/* of the last line, 0 to 999 */
	bool odd;		/* lines that are no reply came ahead of it */
	char dsn[DSN_MAX];	/* its enhanced code, X.0.0 if it has none */
	struct buf text;	/* all lines, printable, joined by blanks */
	char room[REPLY_TEXT_MAX];
};

/*
 * chat_open - a chat over fd, which it owns from now on.
 *
 * whole  a time limit holds for the whole request it was set for, and not for
 *        each single read and write (smtp_per_request_deadline).
 * end    absolute; a peer that says something again and again without coming
 *        to the point is given up then.
 */
void chat_open(struct chat *c, int fd, bool whole, ms_t end);
void chat_close(struct chat *c);
/* The time limit of what follows: per read and write, or for all of it. */
void chat_limit(struct chat *c, ms_t limit);
/* Puts the end of a whole request's limit off, never past now + most. */
void chat_more_time(struct chat *c, ms_t more, ms_t most);
/* A command into the window.  RC_FULL: it does not fit, nothing was added. */
MUST_USE enum rc chat_put(struct chat *c, const char *fmt, ...) PRINTF(2, 3);
/*
 * Everything put so far leaves.  RC_OK also if the peer is gone: its last
 * words can still be read, and reading tells RC_GONE after them.
 */
MUST_USE enum rc chat_flush(struct chat *c);
MUST_USE enum rc chat_send(struct chat *c, const char *fmt, ...)
	PRINTF(2, 3);	/* chat_put, chat_flush */
/* Octets of a message, as they are.  RC_GONE as soon as it is known. */
MUST_USE enum rc chat_data(struct chat *c, struct span data);
/*
 * chat_reply_line - the next line of a reply, lines that are none skipped
 * (RFC 5321, 4.2.1).  *text is what follows the code and its blank or hyphen.
 */
MUST_USE enum rc chat_reply_line(struct chat *c, struct reply *r,
	struct span *text, bool *last);
MUST_USE enum rc chat_reply(struct chat *c, struct reply *r);
void reply_clear(struct reply *r);
/* Has the server said anything that was not read yet? */
bool chat_has_input(const struct chat *c);

/* ---- dest: destination syntax ------------------------------------------- */

struct dest {
	bool is_lmtp;
	struct span text;	/* as it was written */
	struct span host;	/* A-label form, or the path of a socket */
	uint16_t port;
	bool is_unix;
	bool no_mx;		/* brackets, an address, or LMTP */
	struct ip ip;		/* family IP_NONE: a name */
	char room[DNS_NAME_MAX + 2];	/* of the A-label form */
};

/*
 * dest_parse - one destination, for SMTP or for LMTP (out->is_lmtp).
 *
 * out   is_lmtp is read, everything else is filled; borrows from text.
 * why   on RC_DENY, what is wrong with it.
 */
MUST_USE enum rc dest_parse(const struct settings *set, struct span text,
	struct dest *out, const char **why);
/* The destination that a socket's path is, for LMTP. */
void dest_unix(struct span path, struct dest *out);
/* A port number, or a name by known_tcp_ports, then the services file. */
MUST_USE enum rc dest_port(const struct settings *set, struct span text,
	uint16_t *out);

/* ---- own: which addresses are ours -------------------------------------- */

#define OWN_MAX	64	/* interface addresses beyond are not recognised */

struct own {
	struct ip ip[OWN_MAX];
	size_t n;
	struct ip bind4, bind6;	/* source addresses, or IP_NONE */
	unsigned families;	/* DNS_V4, DNS_V6 */
};

/*
 * Sets the families of dns, too.  RC_DENY: a setting is unusable; it was
 * logged.
 */
MUST_USE enum rc own_init(struct own *o, const struct settings *set,
	struct dns *dns, struct arena *a, const struct log *log);
bool own_has(const struct own *o, const struct ip *ip);

/* ---- route: which host is next ------------------------------------------ */

#define HOSTS_MAX	256	/* of one destination; more are left out */
#define ROUTE_ARENA	(64 * 1024)	/* touched only as lists grow */

struct host {
	struct host *next;
	struct span name;	/* as it stands in relay= */
	struct span asked;	/* whose addresses were asked for */
	struct span target;	/* where its aliases ended, or same */
	bool is_secure;		/* so was the whole way to the addresses */
	struct span path;	/* of a UNIX socket; then ip is IP_NONE */
	struct ip ip;
	uint16_t port;
	uint16_t preference;
	uint32_t order;		/* among equals */
};

struct route {
	struct span rest;	/* destinations not tried yet */
	struct span fallback;	/* fallback relays not tried yet */
	bool is_path;		/* rest is the path of a socket */
	bool at_fallback;
	bool we_are_mx;		/* then fallback relays are not for us */
	struct dest dest;	/* the present one */
	bool mx_secure;		/* see struct tls_site */
	struct span target;	/* its host behind aliases, or same */
	struct host *host;	/* its hosts, in the order to try */
	struct host *now;	/* the one in use; NULL: none yet */
	size_t hosts;
	size_t used;		/* of the arena: what comes then is a host's */
	uint16_t best;		/* preference of the best, for loops */
	int sessions;		/* of this destination, past EHLO */
};

/* ---- trouble: who suffers ----------------------------------------------- */

#define RELAY_MAX	(DNS_NAME_MAX + 1 + 128)

/* The last failure; what is still undecided in the end ends with it. */
struct why {
	enum fate fate;
	bool softened;
	char dsn[DSN_MAX];
	struct buf relay, text;
	char relay_room[RELAY_MAX];
	char text_room[REPLY_TEXT_MAX + 512];
};

/* ---- session, worker ---------------------------------------------------- */

enum {	/* what EHLO told */
	HAS_PIPELINING = 1, HAS_SIZE = 2, HAS_8BITMIME = 4, HAS_DSN = 8,
	HAS_SMTPUTF8 = 16, HAS_XFORWARD = 32, HAS_STARTTLS = 64,
	HAS_AUTH = 128, HAS_ENHANCED = 256,
	HAS_SILENT = 1 << 30	/* silent-discard, a word of settings only */
};

struct session {
	struct worker *w;
	const struct host *host;
	struct chat chat;
	struct reply reply;
	const char *stage;	/* "sending MAIL FROM": what was going on */
	unsigned has;
	unsigned xforward;	/* bits of enum job_attr that it takes */
	int64_t size_limit;	/* 0: none */
	bool esmtp;		/* said EHLO or LHLO, not HELO */
	bool disable_esmtp, delay_dot;	/* PIX workarounds */
	bool last;		/* no other host will be asked after this */
	bool maybe_sent;	/* the final dot left, its reply did not come */
	bool more_early;	/* several replies came ahead of the dot */
	ms_t connected, sending;	/* port_now() at these points */
};

struct worker {
	const struct settings *set;
	const struct log *log;
	struct report *report;
	bool lmtp;
	enum rc broken;		/* a report or the message failed: give up */
	bool stop;		/* decided for all: no further host */
	struct job *job;
	struct mail_facts facts;
	struct own own;
	struct dns dns;
	struct arena arena;
	struct route route;
	struct why why;
	struct session session;
	struct mail_reader reader;
	bool handover;		/* best_mx_transport is to have this job */
	char arena_room[ROUTE_ARENA];
};

/* Looks at the next hop.  RC_DENY: it is no destination; the log has why. */
MUST_USE enum rc route_start(struct worker *w);
/*
 * route_site - go on to the next destination and find its hosts.
 *
 * RC_OK    w->route has hosts.
 * RC_NONE  no destination is left.
 * RC_DENY  this destination is of no use; the reason is in w->why.  w->stop
 *          says that the others must not be tried either.
 */
MUST_USE enum rc route_site(struct worker *w);
/*
 * The next host of this destination, or NULL.  What was taken from the arena
 * for the one before, such as TLSA records, goes.
 */
const struct host *route_host(struct worker *w);
/* Is nothing left to try after the present host, which took EHLO? */
bool route_is_last(const struct worker *w);
/* `name[address]:port`, or `name[path]`; the port only if asked for. */
void route_relay(struct buf *b, const struct host *h, bool with_port);
/* What TLS has to know of a host of the present destination; borrows. */
void route_tls_site(const struct worker *w, const struct host *h,
	struct tls_site *out);

/* RC_DENY: the settings demand what we can't do; the log says what. */
MUST_USE enum rc able_check(const struct worker *w);

/*
 * Every trouble_ call records what happened and returns RC_DENY: stop this
 * step.  Reach grows from rcpt over message and host to site.
 */

/* Before anything was tried: what is said if nothing comes of it. */
void trouble_start(struct worker *w);
/* The reply to RCPT, or to the dot in LMTP, concerns one recipient. */
void trouble_rcpt(struct session *s, const struct rcpt *to, size_t index,
	const struct reply *r, const char *command);
/* The same, for a reason of our own. */
void trouble_rcpt_own(struct session *s, const struct rcpt *to, size_t index,
	const char *dsn, const char *text);
/* MAIL, DATA or the dot was refused. */
enum rc trouble_message(struct session *s, const struct reply *r,
	const char *command);
/* The same, for a reason of our own: no reply, but dsn and a sentence. */
enum rc trouble_own(struct session *s, enum fate fate, const char *dsn,
	const char *fmt, ...) PRINTF(4, 5);
/* Greeting or EHLO was refused. */
enum rc trouble_refused(struct session *s, const struct reply *r);
/* The connection is lost, or silent for too long; rc tells which. */
enum rc trouble_lost(struct session *s, enum rc rc);
/* No connection came about. */
enum rc trouble_connect(struct worker *w, const struct host *h,
	const char *dsn, const char *reason);
/* No session: nothing found, or nothing to be tried.  relay=none. */
enum rc trouble_site(struct worker *w, enum fate fate, const char *dsn,
	const char *fmt, ...) PRINTF(4, 5);
/* A job that cannot even begin; relay= is the service's name. */
enum rc trouble_job(struct worker *w, enum fate fate, const char *dsn,
	const char *fmt, ...) PRINTF(4, 5);
/* This recipient has its mail: the reply to the dot says so. */
void trouble_none(struct session *s, const struct rcpt *to, size_t index,
	const struct reply *r);
/* Every recipient not decided yet ends with the last failure. */
void trouble_settle(struct worker *w);

/* Recipients that the last server took or refused for now are open again. */
void rcpts_reopen(struct rcpt_list *l);

/* hello: greeting, EHLO, HELO, LHLO; RC_OK: a session that can send. */
MUST_USE enum rc hello_session(struct session *s);
void hello_quit(struct session *s);
/* Puts QUIT into the window, and reads its reply later. */
MUST_USE enum rc hello_put_quit(struct session *s);
void hello_hear_quit(struct session *s);

/* The attributes that an EHLO line names: bits 1 << enum job_attr. */
unsigned xforward_offered(struct span words);
/*
 * xforward_put - the XFORWARD command number n (0, 1) into the window.
 * RC_NONE: there is nothing to say in it; RC_FULL as chat_put.
 */
MUST_USE enum rc xforward_put(struct session *s, unsigned n);

/* mail: one message.  RC_OK: the session ended with its QUIT. */
MUST_USE enum rc message_send(struct session *s);

/* command: MAIL, RCPT into the window.  RC_FULL: as chat_put(). */
MUST_USE enum rc command_mail(struct session *s);
MUST_USE enum rc command_rcpt(struct session *s, const struct rcpt *to);

/* dot: the content, its end, and the verdicts.  RC_OK: QUIT was said. */
MUST_USE enum rc content_send(struct session *s);

/*
 * body: the message's octets, ahead of the dot.
 * RC_OS: it cannot be read; RC_GONE, RC_TIME: it cannot be written.
 */
MUST_USE enum rc body_send(struct session *s, const struct rcpt *to);

#endif
