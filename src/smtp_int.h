/*
 * smtp_int.h - what the smtp_*.c files share, and nobody else sees: one worker
 * with all its memory, its route, its session.
 *
 * Ranks inside the module, low to high:
 *	chat, dest, own		lines and replies; syntax; our own addresses
 *	table			opened: all that settings name
 *	filter			tables that change what is heard and told
 *	change			what is to be changed in a message
 *	trouble			who suffers from a failure
 *	route			which host is next
 *	secure			TLS: demanded or not, begun, given up
 *	refused			logins that servers refused
 *	login			AUTH
 *	hello, xforward, command, body	stages of a session
 *	dot			the content, and what its end comes to
 *	mail			one message, from MAIL on
 *	keep			a connection kept for the next job
 *	job			the loop over hosts
 */
#ifndef POSTERN_SMTP_INT_H
#define POSTERN_SMTP_INT_H

#include "dns.h"
#include "log.h"
#include "mail.h"
#include "mail_content.h"
#include "mail_map.h"
#include "param.h"
#include "port.h"
#include "report.h"
#include "sasl.h"
#include "smtp.h"
#include "state.h"
#include "table.h"
#include "tls.h"

/* ---- chat: lines, replies, the window ----------------------------------- */

#define CHAT_IN_MAX	1024	/* at once; there may be more */
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
	struct tls_wire *tls;	/* what is said goes through it; NULL: clear */
	bool whole;		/* a limit holds for the whole request */
	bool write_dead;	/* writing failed; what was said can be read */
	const struct log *log;
	const struct table_list *filter;	/* of replies; may be NULL */
	char *filtered;		/* CHAT_LINE_MAX, of the filter; may be NULL */
	bool table_failed;	/* it, or another, could not tell */
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
	int class;		/* its first digit */
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
/*
 * chat_close - the end; lost: without goodbye, as there is nobody to hear it.
 */
void chat_close(struct chat *c, bool lost);
/*
 * chat_secure - from here on all goes through tls.  What the server said ahead
 * of it, and was not read, is void: anyone may have said it (RFC 3207, 6).
 */
void chat_secure(struct chat *c, struct tls_wire *tls);
/* The time limit of what follows: per read and write, or for all of it. */
void chat_limit(struct chat *c, ms_t limit);
/* Puts the end of a whole request's limit off, never past now + most. */
void chat_more_time(struct chat *c, ms_t more, ms_t most);
/* A command into the window.  RC_FULL: it does not fit, nothing was added. */
MUST_USE enum rc chat_put(struct chat *c, const char *fmt, ...) PRINTF(2, 3);
/*
 * The same for a line in pieces: what is added to the buf that chat_line()
 * gives goes into the window with chat_put_line(), or is forgotten.
 */
struct buf chat_line(const struct chat *c);
MUST_USE enum rc chat_put_line(struct chat *c, struct buf *line);
/*
 * Everything put so far leaves.  RC_OK also if the peer is gone: its last
 * words can still be read, and reading tells RC_GONE after them.
 */
MUST_USE enum rc chat_flush(struct chat *c);
/*
 * chat_send_secret - puts and flushes a command of two parts, the second of
 * which is not for the log and is wiped here after it has left.
 */
MUST_USE enum rc chat_send_secret(struct chat *c, const char *shown,
	struct span secret);
/* Octets of a message, as they are.  RC_GONE as soon as it is known. */
MUST_USE enum rc chat_data(struct chat *c, struct span data);
/*
 * chat_reply_line - the next line of a reply, lines that are none skipped
 * (RFC 5321, 4.2.1).  *text is what follows the code and its blank or hyphen.
 */
MUST_USE enum rc chat_reply_line(struct chat *c, struct reply *r,
	struct span *text, bool *last);
MUST_USE enum rc chat_reply(struct chat *c, struct reply *r);
/* chat_put, chat_flush, chat_reply */
MUST_USE enum rc chat_ask(struct chat *c, const char *command,
	struct reply *r);
void reply_clear(struct reply *r);
/*
 * reply_dsn - takes `D.D.D` off the front of *text, with one to three digits in
 * the later parts (RFC 3463, 2), and a blank or nothing behind it.
 */
bool reply_dsn(struct span *text, char dsn[DSN_MAX]);
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
 * Returns what is wrong with it; NULL: nothing.
 */
MUST_USE const char *dest_parse(const struct settings *set, struct span text,
	struct dest *out);
/* The destination that a socket's path is, for LMTP. */
void dest_unix(struct span path, struct dest *out);
/* A port number, or a name by known_tcp_ports, then the services file. */
MUST_USE enum rc dest_port(const struct settings *set, struct span text,
	uint16_t *out);

/* ---- own: which addresses are ours -------------------------------------- */

#define OWN_MAX	64	/* interface addresses beyond are not recognised */

struct own {
	unsigned families;	/* DNS_V4, DNS_V6 */
	struct ip bind4, bind6;	/* source addresses, or IP_NONE */
	size_t n;
	struct ip ip[OWN_MAX];
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
	bool mx_secure;		/* see struct tls_site */
	struct span target;	/* dest's host behind aliases, or same */
	struct host *host;	/* its hosts, in the order to try */
	struct host *now;	/* the one in use; NULL: none yet */
	size_t hosts;
	size_t used;		/* of the arena: what comes then is a host's */
	uint16_t best;		/* preference of the best, for loops */
	int sessions;		/* of this destination, past EHLO */
	struct dest dest;	/* the present one */
};

/* ---- filter: tables that change what is heard and told ------------------ */

struct filters {
	struct table_list reply, status, dns, ehlo_words, pix_words;
	struct table_list passwords;
	struct table_names watched, mechanisms;
};

/* ---- change: what is to be changed in a message -------------------------- */

struct changes {
	struct table_list header, mime, nested, body, generic;
	struct table_names local;	/* mydestination */
	struct mail_map map;	/* of generic */
	struct mail_content *content;	/* memory of the port, taken when
					   needed */
};

/* ---- trouble: who suffers ----------------------------------------------- */

/* The last failure; what is still undecided in the end ends with it. */
struct why {
	enum fate fate;
	bool softened;
	unsigned reach;		/* REACH_ */
	char dsn[DSN_MAX];
	const char *relay;
	struct buf text;
};

/* ---- session, worker ---------------------------------------------------- */

enum {	/* what EHLO told; the order is that of `keywords` */
	HAS_PIPELINING = 1, HAS_SIZE = 2, HAS_8BITMIME = 4, HAS_DSN = 8,
	HAS_SMTPUTF8 = 16, HAS_XFORWARD = 32, HAS_STARTTLS = 64,
	HAS_AUTH = 128, HAS_ENHANCED = 256,
	HAS_ALL = 511,
	HAS_SILENT = 1 << 20	/* silent-discard, a word of settings only */
};

#define MECHS_MAX	512	/* of names of SASL mechanisms; more are cut */

#define RELAY_MAX	(DNS_NAME_MAX + 1 + 128)

/* What is used most stands in front, within reach of short addresses. */
struct session {
	struct worker *w;
	const struct settings *set;
	const struct host *host;
	const char *stage;	/* "sending MAIL FROM": what was going on */
	unsigned has;
	unsigned xforward;	/* bits of enum job_attr that it takes */
	int64_t size_limit;	/* 0: none */
	bool wants_ehlo;	/* by the greeting and the settings */
	bool disable_esmtp, delay_dot;	/* PIX workarounds */
	bool last;		/* no other host will be asked after this */
	bool maybe_sent;	/* the final dot left, its reply did not come */
	bool more_early;	/* several replies came ahead of the dot */
	bool lost;		/* the connection broke, or fell silent */
	bool tls_begun;		/* its handshake is done */
	bool verified;		/* and the server is who it should be */
	bool showed_cert;	/* and so are we */
	bool tls_failed;	/* no: it went wrong */
	bool kept;		/* no QUIT was said: another job may come */
	bool always_keep;	/* whether one waits or not */
	bool logged_in;
	unsigned uses;		/* messages on this connection, with this */
	ms_t connected, sending;	/* port_now() at these points */
	size_t peer_n;		/* of relay: without the port */
	struct chat chat;
	ms_t opened;		/* when it came about */
	struct buf mechs;	/* what AUTH lists */
	struct tls_site site;
	struct tls_policy tls;
	char relay[RELAY_MAX];	/* `name[address]:port`, or `name[path]` */
	struct reply reply;
};

/* For %.*s: the server without its port. */
#define PEER_ARG(s)	(int)(s)->peer_n, (s)->relay

#define HOP_MAX	512	/* of a kept connection; longer ones aren't kept */

struct kept {
	bool is_on;		/* w->session is one that can go on */
	ms_t until;
	struct buf hop;		/* whose it is */
	struct table_names always;
};

/*
 * What a plain delivery does not need has its room here, behind everything
 * else: a page that nobody touches costs nothing.
 */
struct rooms {
	char why[REPLY_TEXT_MAX + 512];
	char mechs[MECHS_MAX];
	char hop[HOP_MAX];
	char filtered[CHAT_LINE_MAX];
};

struct worker {
	const struct settings *set;
	const struct log *log;	/* plain_log, or watch_log */
	struct job *job;
	const char *protocol;	/* `smtp`, `lmtp` */
	bool lmtp;
	bool stop;		/* decided for all: no further host */
	bool handover;		/* best_mx_transport is to have this job */
	enum rc broken;		/* a report or the message failed: give up */
	struct report *report;
	struct tls *tls;	/* NULL: no setting asks for it */
	struct login *login;	/* likewise */
	struct mail_facts facts;
	const struct log *plain_log;
	struct log watch_log;	/* for peers of debug_peer_list */
	struct arena keep;	/* of tables */
	struct table_env env;	/* of all of them */
	struct arena arena;
	struct kept kept;
	struct state refused;	/* smtp_sasl_auth_cache_name */
	struct why why;
	struct filters filters;
	struct changes changes;
	struct route route;
	struct own own;
	struct dns dns;
	struct session session;
	struct mail_reader reader;
	char arena_room[ROUTE_ARENA];
	struct rooms rooms;
};

/* All that settings name, but for TLS.  As table_open(). */
MUST_USE enum rc tables_open(struct worker *w);

/*
 * filter_words - puts what the table says for this server's address, if it
 * says anything, in place of *words; room holds it.
 * RC_OK; others: the table cannot tell, *words stays.
 */
MUST_USE enum rc filter_words(const struct session *s,
	const struct table_list *l, struct span *words, struct buf *room);
/* Sets w->log: all is told about a server of debug_peer_list. */
void filter_watch(struct session *s);
/* The status filter; room, of TABLE_VALUE_MAX, may get the new text. */
void filter_status(const struct worker *w, struct verdict *v,
	struct buf *room);

void change_start(struct worker *w);
/* Is 8-bit text to be converted for this server? */
bool change_converts(const struct session *s);
/* All that is to be changed in the message for this server. */
void change_for(const struct session *s, struct mail_change *out);
/*
 * change_address - adds an address of the envelope, mapped by generic maps.
 * RC_FULL: too long.  RC_OS: a table cannot tell, s->chat.table_failed is set.
 */
MUST_USE enum rc change_address(struct session *s, struct span addr,
	struct buf *out);
/*
 * change_sender_is_known - ahead of any connection: RC_DENY, and recorded, if a
 * table cannot tell.
 */
MUST_USE enum rc change_sender_is_known(struct worker *w);
/* Memory for reading a message with changes; NULL: there is none. */
struct mail_content *change_room(struct worker *w);

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
/* `name[address]`, or `name[path]`. */
void route_relay(struct buf *b, const struct host *h);
/* What TLS has to know of a host of the present destination; borrows. */
void route_tls_site(const struct worker *w, const struct host *h,
	struct tls_site *out);

/*
 * Every trouble_ call records what happened and returns RC_DENY: stop this
 * step.  Reach grows from rcpt over message and host to site.  What the server
 * said is in s->reply.
 */

/* Before anything was tried: what is said if nothing comes of it. */
void trouble_start(struct worker *w);
/* The reply to RCPT, or to the dot in LMTP, concerns one recipient. */
void trouble_rcpt(struct session *s, const struct rcpt *to, size_t index,
	const char *command);
/* The same, for a reason of our own. */
void trouble_rcpt_own(struct session *s, const struct rcpt *to, size_t index,
	const char *dsn, const char *text);
/* MAIL, DATA or the dot was refused. */
enum rc trouble_message(struct session *s, const char *command);
/* Greeting or EHLO was refused. */
enum rc trouble_refused(struct session *s);
/* STARTTLS was refused, where there must be TLS. */
enum rc trouble_starttls(struct session *s);
/*
 * AUTH was refused: for now, if smtp_sasl_auth_soft_bounce says so.
 * remembered: an earlier time, and it was not tried again.
 */
enum rc trouble_login(struct session *s, bool remembered);
/* A table of ours could not tell; the server is innocent. */
enum rc trouble_local(struct session *s);
/* The connection is lost, or silent for too long; rc tells which. */
enum rc trouble_lost(struct session *s, enum rc rc);
/* No connection came about. */
enum rc trouble_connect(struct session *s, const char *dsn,
	const char *reason);
enum trouble_at {
	AT_HOST,	/* in a session: the message is not for this server */
	AT_SITE,	/* nothing found, or nothing to be tried; relay=none */
	AT_JOB		/* cannot even begin; relay= is the service's name */
};
/*
 * A reason of our own, in a sentence; the class of dsn tells whether it is for
 * good.  An unusable fallback relay never is.
 */
enum rc trouble(struct worker *w, enum trouble_at at, const char *dsn,
	const char *fmt, ...) PRINTF(4, 5);
/* This recipient has its mail: the reply to the dot says so. */
void trouble_none(struct session *s, const struct rcpt *to, size_t index);
/* So have all that it took. */
void trouble_none_taken(struct session *s);
/* Every recipient not decided yet ends with the last failure. */
void trouble_settle(struct worker *w);

/* The next recipient in this state, as rcpt_next(). */
bool rcpts_next(const struct worker *w, struct rcpt_at *at,
	enum rcpt_state state, struct rcpt *to);
/* Recipients that the last server took or refused for now are open again. */
void rcpts_reopen(struct rcpt_list *l);

/*
 * secure_open - what the settings name for TLS, if they ask for it at all.
 * RC_OS, RC_FULL: no memory.
 */
MUST_USE enum rc secure_open(struct worker *w);
/*
 * secure_policy - what is demanded of TLS with this host, DANE included; to be
 * asked ahead of a connection.  RC_DENY: there must be none.
 */
MUST_USE enum rc secure_policy(struct session *s);
/* TLS right after connecting, if the policy has it so (RFC 8314). */
MUST_USE enum rc secure_wrap(struct session *s);
/*
 * secure_start - STARTTLS after EHLO, where it is wanted and to be had.
 * RC_OK: go on; if *begun, inside TLS, with another EHLO.
 */
MUST_USE enum rc secure_start(struct session *s, bool *begun);
/* Inside: did the server say more than it was asked?  RC_DENY: give it up. */
MUST_USE enum rc secure_no_early_reply(struct session *s);
/*
 * secure_may_retry - may what failed with TLS be tried again without, now,
 * at the same host?
 */
bool secure_may_retry(struct session *s);

/*
 * refused_find - did the server refuse this login not long ago, as far as
 * smtp_sasl_auth_cache_name tells?  s->reply gets what it said then.
 */
bool refused_find(struct session *s, const struct sasl *x);
/* It did now, with s->reply. */
void refused_keep(struct session *s, const struct sasl *x);

/*
 * login_open - the options, if there is to be any AUTH.
 * RC_DENY: a setting is unusable, the log says which; RC_OS.
 */
MUST_USE enum rc login_open(struct worker *w);
/*
 * login - AUTH, if it is offered and there is a password for this server.
 * RC_DENY: it failed; the session is over, and nothing was sent without.
 */
MUST_USE enum rc login(struct session *s);
/* Would a password go to this server?  In doubt, yes. */
bool login_is_due(struct session *s);

/* Is the present destination among them? */
bool keep_is_listed(const struct worker *w);
/* Ahead of the dot: is the connection to be kept after it? */
bool keep_is_due(struct session *s);
/* After it: it is. */
void keep_session(struct session *s);
/*
 * keep_resume - is there a kept connection for this job?  One that doesn't
 * answer to RSET is closed, and that counts against nobody.
 */
bool keep_resume(struct worker *w);

/* Whom it is with. */
void session_start(struct session *s, struct worker *w, const struct host *h);
/* What comes now, and for how long it may keep us waiting. */
void session_stage(struct session *s, const char *stage, ms_t limit);

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
 * RC_OS: it cannot be read; RC_DENY: a table could not tell what to change;
 * RC_GONE, RC_TIME: it cannot be written.
 */
MUST_USE enum rc body_send(struct session *s, const struct rcpt *to);

#endif
