/*
 * tls_wire.c - one connection: the handshake, and records between chat and
 * socket.
 *
 * BearSSL's engine does no input or output of its own.  It says which octets it
 * wants next and which must leave, and we give it exactly those, each under a
 * deadline.  What must leave always goes ahead of reading: the engine can't
 * take in the next record while it waits for room to answer the last.
 */
#include <string.h>

#include "tls_int.h"

/*
 * The largest record of a peer, as few keep to what a client asks for, and a
 * record of 4 KiB to it: what chat writes at once fits into one.
 */
#define IN_BYTES	(16384 + 325)
#define OUT_BYTES	(4096 + 85)
#define SNI_MAX		255	/* BearSSL's; a name has 253 */
/*
 * Of a whole handshake.  Each read has a limit of its own, so that a peer that
 * sends empty records, warnings or certificates for ever would never meet it.
 */
#define HANDSHAKE_BYTES_MAX	(256 * 1024)

#define AHEAD_BYTES	1024

struct tls_wire {
	br_ssl_client_context cc;	/* first: wiped together with out */
	unsigned char out[OUT_BYTES];
	struct tls *t;
	int fd;
	bool write_dead;	/* our octets don't reach the peer any more */
	bool is_open;		/* the handshake is done */
	bool is_offered, is_resumed;	/* a session of an earlier one */
	size_t heard;		/* octets of the peer, in the handshake */
	struct span rest;	/* of ahead: read and not taken by the engine */
	struct suites suites;
	struct key_choice choice;
	struct session session;	/* as offered, then as it is now */
	enum tls_trust trust;
	bool matched;
	struct buf why;
	char why_room[512];
	char ahead[AHEAD_BYTES];
	unsigned char in[IN_BYTES];	/* last: mostly untouched pages */
};

_Static_assert(IN_BYTES >= SESSION_ROOM, "in is session's scratch, too");

/* ---- records ------------------------------------------------------------ */

/* As Postfix has it: 2 the steps, 3 the handshake's octets, 4 all of them. */
static void
trace(const struct tls_wire *w, const char *way, const void *data, size_t n)
{
	char room[160];
	struct span rest = { data, n };

	if (w->t->set->tls_loglevel < (w->is_open ? 4 : 3))
		return;
	while (rest.n > 0) {
		struct buf b = BUF(room);

		code_hex(&b, span_head(rest, 64));
		log_line(w->t->log, LOG_INFO, "TLS %s %s", way, buf_text(&b));
		rest = span_tail(rest, 64);
	}
}

enum { RECORD_CHANGE = 20, RECORD_ALERT = 21, RECORD_HANDSHAKE = 22 };

/* The head of a record; what is behind it in clear names the step. */
static void
trace_step(const struct tls_wire *w, const char *way, const unsigned char *p,
	size_t n)
{
	if (w->t->set->tls_loglevel < 2 || n < 5 || w->is_open)
		return;
	log_line(w->t->log, LOG_INFO, "TLS %s %s record, %u octets", way,
	    p[0] == RECORD_HANDSHAKE ? "handshake" :
	    p[0] == RECORD_CHANGE ? "change of cipher" :
	    p[0] == RECORD_ALERT ? "alert" : "other",
	    (unsigned)(p[3] << 8 | p[4]));
}

/* A part of what has to leave. */
static enum rc
put_some(struct tls_wire *w, ms_t until)
{
	size_t n, put;
	unsigned char *p = br_ssl_engine_sendrec_buf(&w->cc.eng, &n);

	TRY(port_write(w->fd, p, n, until, &put));
	trace_step(w, ">", p, put);
	trace(w, ">", p, put);
	br_ssl_engine_sendrec_ack(&w->cc.eng, put);
	return RC_OK;
}

/* All of it.  What failed once is not tried again. */
static enum rc
put_all(struct tls_wire *w, ms_t until)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && !w->write_dead &&
	    (br_ssl_engine_current_state(&w->cc.eng) & BR_SSL_SENDREC) != 0)
		rc = put_some(w, until);
	if (rc != RC_OK)
		w->write_dead = true;
	return rc;
}

/* One read takes heads of records and what is behind them. */
static enum rc
read_ahead(struct tls_wire *w, ms_t until)
{
	size_t got;

	if (w->rest.n > 0)
		return RC_OK;
	TRY(port_read(w->fd, w->ahead, sizeof(w->ahead), until, &got));
	w->rest = (struct span){ w->ahead, got };
	return RC_OK;
}

/* Octets that the engine waits for: never more than the present record. */
static enum rc
get_some(struct tls_wire *w, ms_t until)
{
	size_t n, got;
	unsigned char *p = br_ssl_engine_recvrec_buf(&w->cc.eng, &n);

	if (p == NULL)
		return RC_GONE;	/* it wants to write first, and can't */
	TRY(read_ahead(w, until));
	got = n < w->rest.n ? n : w->rest.n;
	memcpy(p, w->rest.p, got);
	span_skip(&w->rest, got);
	if (p == w->in)
		trace_step(w, "<", p, got);
	trace(w, "<", p, got);
	w->heard += got;
	br_ssl_engine_recvrec_ack(&w->cc.eng, got);
	return RC_OK;
}

/* Why the engine takes nothing more. */
static enum rc
closed(const struct tls_wire *w)
{
	return br_ssl_engine_last_error(&w->cc.eng) == BR_ERR_OK ? RC_GONE
	    : RC_WIRE;
}

/* ---- the handshake ------------------------------------------------------ */

static ms_t
deadline(const struct tls_stream *over)
{
	ms_t until = port_now() + over->limit;

	return until < over->end ? until : over->end;
}

/*
 * Until application data may flow.  A peer that hangs up early has mostly said
 * why, so a write that fails is no end, but the reads after it.
 */
static enum rc
shake(struct tls_wire *w, const struct tls_stream *over)
{
	for (;;) {
		unsigned state = br_ssl_engine_current_state(&w->cc.eng);

		if (state == BR_SSL_CLOSED)
			return closed(w);
		if ((state & BR_SSL_SENDREC) != 0 && !w->write_dead) {
			if (put_all(w, deadline(over)) == RC_TIME)
				return RC_TIME;
			continue;
		}
		if ((state & BR_SSL_SENDAPP) != 0)
			return RC_OK;
		if (w->heard > HANDSHAKE_BYTES_MAX)
			return RC_FULL;
		TRY(get_some(w, deadline(over)));
	}
}

static void
put_fault(const struct tls_wire *w, enum rc rc, struct buf *why)
{
	struct fault f = {
		.error = br_ssl_engine_last_error(&w->cc.eng),
		.min = w->suites.min, .max = w->suites.max,
		.not_tls = w->heard <= 5,
		.has_cert = w->t->chain.n > 0,
		.was_asked = w->choice.was_asked
	};

	if (rc == RC_OS)
		buf_puts(why, port_error());
	else if (rc == RC_TIME)
		buf_puts(why, "timed out in the TLS handshake");
	else if (rc == RC_GONE)
		buf_fmt(why, "the server closed the connection in the TLS "
		    "handshake (%s)", port_error());
	else if (rc == RC_FULL)
		buf_puts(why, "the TLS handshake has no end");
	else
		fault_put(why, &f);
}

/* RC_OS: nothing that nobody can guess. */
static enum rc
seed(struct tls_wire *w, ms_t until, struct buf *why)
{
	unsigned char random[32];

	if (port_random(random, sizeof(random), until) != RC_OK) {
		buf_puts(why, "no random numbers: ");
		return RC_OS;
	}
	br_ssl_engine_inject_entropy(&w->cc.eng, random, sizeof(random));
	base_wipe(random, sizeof(random));
	return RC_OK;
}

/* NUL-terminated, or empty.  false: no name that could be sent. */
static bool
server_name(const struct tls_policy *p, char *out)
{
	struct span name = p->servername;

	if (name.n > SNI_MAX || span_find(name, '\0') < name.n)
		return false;
	if (name.n > 0)
		memcpy(out, name.p, name.n);
	out[name.n] = '\0';
	return true;
}

/* Offers the session of an earlier connection, if there is one. */
static bool
offer(struct tls_wire *w, const struct tls_policy *p)
{
	unsigned char key[SESSION_KEY];

	if (!session_is_wanted(w->t))
		return false;
	session_key(w->t, p, &w->suites, key);
	memcpy(w->session.key, key, sizeof(key));
	if (!session_find(w->t, key, w->in, &w->session))
		return false;
	br_ssl_engine_set_session_parameters(&w->cc.eng, &w->session.ssl);
	return true;
}

/*
 * Is it the session that was offered?  Only then there is no certificate, and
 * what the earlier one proved holds: who knows the master secret is the same.
 */
static bool
is_same(const struct tls_wire *w, const br_ssl_session_parameters *now)
{
	return now->session_id_len > 0 &&
	    now->session_id_len == w->session.ssl.session_id_len &&
	    memcmp(now->session_id, w->session.ssl.session_id,
	    now->session_id_len) == 0 &&
	    memcmp(now->master_secret, w->session.ssl.master_secret,
	    sizeof(now->master_secret)) == 0;
}

static void
judge(struct tls_wire *w, const struct tls_policy *p)
{
	br_ssl_session_parameters now;

	br_ssl_engine_get_session_parameters(&w->cc.eng, &now);
	w->is_resumed = w->is_offered && is_same(w, &now);
	if (w->is_resumed) {
		w->trust = (enum tls_trust)w->session.trust;
		w->matched = true;	/* others are not kept */
	} else {
		w->trust = check_peer(w->t, &w->t->chain, p, &w->matched,
		    &w->why);
		w->session.ssl = now;
		w->session.trust = (uint8_t)w->trust;
		w->session.made_s = port_wall();
	}
	base_wipe(&now, sizeof(now));
	w->is_open = true;
	if (w->t->set->tls_loglevel >= 2)
		log_line(w->t->log, LOG_INFO, "TLS handshake done, %s%s",
		    w->is_resumed ? "session resumed" : "new session",
		    w->choice.was_asked ? ", client certificate asked for"
		    : "");
}

/* ---- start and end ------------------------------------------------------ */

static enum rc
take_memory(struct tls *t)
{
	if (t->wire == NULL)
		t->wire = port_memory(sizeof(*t->wire));
	if (t->chain_room == NULL)
		t->chain_room = port_memory(CHAIN_BYTES_MAX);
	return t->wire != NULL && t->chain_room != NULL ? RC_OK : RC_OS;
}

/* All but the buffers, which may stay as they are. */
static void
clear(struct tls_wire *w, struct tls *t, int fd)
{
	memset((char *)w + offsetof(struct tls_wire, t), 0,
	    offsetof(struct tls_wire, in) - offsetof(struct tls_wire, t));
	w->t = t;
	w->fd = fd;
	w->why = BUF(w->why_room);
	w->suites = (struct suites){ 0 };
}

/* Everything that a failed or ended connection leaves behind. */
static void
forget(struct tls_wire *w)
{
	base_wipe(w, offsetof(struct tls_wire, t));
	base_wipe(&w->session, sizeof(w->session));
	port_memory_forget(w, sizeof(*w));
}

static void
forget_chain(struct tls *t)
{
	t->chain.n = 0;
	port_memory_forget(t->chain_room, CHAIN_BYTES_MAX);
}

/* The engine, but for what it needs of the port. */
static enum rc
prepare(struct tls_wire *w, const struct tls_policy *p, struct buf *why)
{
	TRY(suite_choose(p, w->t->set, engine_has_aes(), &w->suites, why));
	if (why->n > 0)
		log_line(w->t->log, LOG_WARNING, "%.*s",
		    SPAN_ARG(buf_span(why)));
	buf_clear(why);
	engine_init(&w->cc, &w->suites);
	br_ssl_engine_set_buffers_bidi(&w->cc.eng, w->in, sizeof(w->in),
	    w->out, sizeof(w->out));
	chain_start(&w->t->chain, w->t->chain_room);
	br_ssl_engine_set_x509(&w->cc.eng, &w->t->chain.vtable);
	key_choice_init(&w->choice, &w->t->keys);
	br_ssl_client_set_client_certificate(&w->cc, &w->choice.vtable);
	return RC_OK;
}

/* The hello is ready to leave. */
static enum rc
begin(struct tls_wire *w, const struct tls_policy *p, ms_t until,
	struct buf *why)
{
	char name[SNI_MAX + 1];

	if (!server_name(p, name)) {
		buf_puts(why, "the server name to send is no name");
		return RC_DENY;
	}
	TRY(prepare(w, p, why));
	TRY(seed(w, until, why));
	w->is_offered = offer(w, p);
	return br_ssl_client_reset(&w->cc, name, w->is_offered) ? RC_OK
	    : RC_WIRE;
}

enum rc
tls_wire_start(struct tls *t, const struct tls_policy *p,
	const struct tls_stream *over, struct tls_wire **out, struct buf *why)
{
	struct tls_wire *w;
	enum rc rc = take_memory(t);

	if (rc != RC_OK) {
		buf_puts(why, port_error());
		return rc;
	}
	w = t->wire;
	clear(w, t, over->fd);
	rc = begin(w, p, deadline(over), why);
	if (rc == RC_OK)
		rc = shake(w, over);
	if (rc == RC_OK)
		judge(w, p);
	else if (rc != RC_DENY)
		put_fault(w, rc, why);
	if (rc != RC_OK && w->is_offered)
		session_forget(t, w->session.key, w->in);
	forget_chain(t);
	if (rc != RC_OK)
		forget(w);
	else
		*out = w;
	return rc == RC_FULL ? RC_WIRE : rc;
}

enum tls_trust
tls_wire_trust(struct tls_wire *w, bool *matched, struct buf *why)
{
	*matched = w->matched;
	buf_put_cut(why, buf_span(&w->why));
	return w->trust;
}

void
tls_wire_about(const struct tls_wire *w, struct buf *b)
{
	static const char *const words[] = {
		"Anonymous", "Untrusted", "Trusted", "Verified"
	};

	buf_fmt(b, "%s %s %s", words[w->trust],
	    suite_version(w->session.ssl.version),
	    suite_name(w->session.ssl.cipher_suite));
}

unsigned
tls_wire_bits(const struct tls_wire *w)
{
	return suite_bits(w->session.ssl.cipher_suite);
}

bool
tls_wire_showed_cert(const struct tls_wire *w)
{
	return w->choice.was_asked && w->choice.chosen != NULL;
}

/* ---- data --------------------------------------------------------------- */

/* Is there something to be read, or will there never be? */
static bool
is_settled(const struct tls_wire *w, enum rc *rc)
{
	unsigned state = br_ssl_engine_current_state(&w->cc.eng);

	*rc = state == BR_SSL_CLOSED ? closed(w) : RC_OK;
	return state == BR_SSL_CLOSED || (state & BR_SSL_RECVAPP) != 0;
}

/*
 * One step on the way there.  What the engine has to say leaves first; whether
 * it could is seen by what is read, if anything.
 */
static enum rc
move(struct tls_wire *w, ms_t until)
{
	(void)!put_all(w, until);
	if (br_ssl_engine_current_state(&w->cc.eng) == BR_SSL_CLOSED)
		return RC_OK;
	return get_some(w, until);
}

enum rc
tls_wire_read(struct tls_wire *w, void *out, size_t n, ms_t until, size_t *got)
{
	unsigned char *p;
	size_t have;
	enum rc rc;

	if (port_now() >= until)
		return RC_TIME;	/* as port_read(): also if there is data */
	while (!is_settled(w, &rc))
		TRY(move(w, until));
	TRY(rc);
	p = br_ssl_engine_recvapp_buf(&w->cc.eng, &have);
	*got = have < n ? have : n;
	memcpy(out, p, *got);
	br_ssl_engine_recvapp_ack(&w->cc.eng, *got);
	return RC_OK;
}

enum rc
tls_wire_write(struct tls_wire *w, const void *data, size_t n, ms_t until,
	size_t *put)
{
	unsigned char *p;
	size_t room;

	if (port_now() >= until)
		return RC_TIME;
	TRY(put_all(w, until));
	p = br_ssl_engine_sendapp_buf(&w->cc.eng, &room);
	if (p == NULL || w->write_dead)
		return RC_GONE;
	*put = n < room ? n : room;
	memcpy(p, data, *put);
	br_ssl_engine_sendapp_ack(&w->cc.eng, *put);
	br_ssl_engine_flush(&w->cc.eng, 0);
	return put_all(w, until);
}

/*
 * Part of a record, or a record without data, is nothing to be read yet.  It is
 * taken in, up to a number, as a peer might send such for ever.
 */
bool
tls_wire_readable(struct tls_wire *w)
{
	enum { STEPS_MAX = 100 };
	enum rc rc;

	for (int i = 0; i < STEPS_MAX; i++) {
		if (is_settled(w, &rc))
			return true;
		if (w->rest.n == 0 && !port_readable(w->fd))
			return false;
		if (move(w, port_now() + SECOND) != RC_OK)
			return true;	/* and so will tls_wire_read() say */
	}
	return true;
}

/* ---- the end ------------------------------------------------------------ */

/* What is still unread would keep the engine from hearing the goodbye. */
static void
skip(struct tls_wire *w)
{
	size_t n;

	while (br_ssl_engine_recvapp_buf(&w->cc.eng, &n) != NULL)
		br_ssl_engine_recvapp_ack(&w->cc.eng, n);
}

static void
say_goodbye(struct tls_wire *w, ms_t until)
{
	enum rc rc;

	skip(w);
	br_ssl_engine_close(&w->cc.eng);
	rc = put_all(w, until);
	if (w->t->set->tls_fast_shutdown_enable)
		return;
	while (rc == RC_OK && port_now() < until &&
	    br_ssl_engine_current_state(&w->cc.eng) != BR_SSL_CLOSED)
		rc = get_some(w, until);
}

/*
 * A server that did not resume the session that it was offered gave another id,
 * and one that did still has it.
 */
static void
remember(struct tls_wire *w)
{
	if (session_is_wanted(w->t) && w->matched && !w->is_resumed &&
	    w->session.ssl.session_id_len > 0)
		session_keep(w->t, &w->session, w->in);
}

void
tls_wire_close(struct tls_wire *w, ms_t until)
{
	enum rc rc = RC_OK;

	if (br_ssl_engine_current_state(&w->cc.eng) == BR_SSL_CLOSED)
		rc = closed(w);
	else
		say_goodbye(w, until);
	if (rc != RC_WIRE)
		remember(w);
	forget(w);
}

void
tls_wire_drop(struct tls_wire *w)
{
	forget(w);
}
