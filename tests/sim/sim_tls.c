/*
 * sim_tls.c - a peer's side of TLS: BearSSL's server between the connection and
 * what script or service say and hear.
 */
#include <stdlib.h>
#include <string.h>

#include "sim_int.h"
#include "sim_tls.h"

#define NAMES	"mx.example,mx.dest.example,mx1.dest.example,mx2.dest.example"

enum { ALERT = 21, HANDSHAKE = 22 };

/* A judge of client certificates that takes all of them. */
struct judge {
	const br_x509_class *vtable;
	br_x509_decoder_context decoder;
	bool is_first;
};

struct sim_tls {
	br_ssl_server_context sc;
	struct sim_tls_words words;
	struct judge judge;
	br_x509_certificate chain[1];
	br_ec_private_key ec;
	unsigned char in[BR_SSL_BUFSIZE_INPUT], out[BR_SSL_BUFSIZE_OUTPUT];
	struct sim_text inside;
	size_t taken;
	bool was_open, damage;
	/* After tls-again: the client's refusal, which would end the engine. */
	bool again;
	unsigned char record[BR_SSL_BUFSIZE_INPUT];
	size_t record_n;
};

/* ---- clients' certificates ---------------------------------------------- */

static struct judge *
judge_of(const br_x509_class **ctx)
{
	return (struct judge *)(void *)ctx;
}

static void
start_chain(const br_x509_class **ctx, const char *name)
{
	(void)name;
	judge_of(ctx)->is_first = true;
	br_x509_decoder_init(&judge_of(ctx)->decoder, NULL, NULL);
}

static void
start_cert(const br_x509_class **ctx, uint32_t n)
{
	(void)ctx;
	(void)n;
}

static void
append(const br_x509_class **ctx, const unsigned char *p, size_t n)
{
	if (judge_of(ctx)->is_first)
		br_x509_decoder_push(&judge_of(ctx)->decoder, p, n);
}

static void
end_cert(const br_x509_class **ctx)
{
	judge_of(ctx)->is_first = false;
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	return (unsigned)br_x509_decoder_last_error(&judge_of(ctx)->decoder);
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	struct judge *j = (struct judge *)(uintptr_t)ctx;

	if (usages != NULL)
		*usages = BR_KEYTYPE_SIGN | BR_KEYTYPE_KEYX;
	return br_x509_decoder_get_pkey(&j->decoder);
}

static const br_x509_class judge_class = {
	sizeof(struct judge), start_chain, start_cert, append, end_cert,
	end_chain, get_pkey
};

/* ---- a new one ---------------------------------------------------------- */

static void
read_word(struct sim_tls_words *w, struct span word)
{
	static const struct {
		const char *word;
		size_t at;
	} flags[] = {
#define FLAG(f) { #f, offsetof(struct sim_tls_words, f) }
		FLAG(rsa), FLAG(expired), FLAG(self), FLAG(keep), FLAG(ask),
		FLAG(fails)
	};
	size_t i;

	for (i = 0; i < COUNT(flags); i++)
		if (span_is(word, flags[i].word)) {
			*(bool *)((char *)w + flags[i].at) = true;
			return;
		}
	if (span_is(word, "1.0") || span_is(word, "1.1") ||
	    span_is(word, "1.2"))
		w->version = BR_TLS10 + (unsigned)(word.p[2] - '0');
	else if (span_starts_case(word, "suite="))
		w->suite = (uint16_t)strtoul(word.p + 6, NULL, 16);
	else if (span_starts_case(word, "names="))
		w->names = sim_copy(word.p + 6);
	else
		sim_fail("tls: unknown word: %.*s", SPAN_ARG(word));
}

static void
read_words(struct sim_tls_words *w, const char *words)
{
	char *rest = sim_copy(words), *word;

	w->names = NAMES;
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			read_word(w, span_of(word));
}

/* One memory of sessions for all servers of a world. */
static br_ssl_session_cache_lru *
sessions(void)
{
	if (sim.tls_sessions == NULL) {
		br_ssl_session_cache_lru *lru = sim_alloc(sizeof(*lru));

		br_ssl_session_cache_lru_init(lru, sim_alloc(4000), 4000);
		sim.tls_sessions = lru;
	}
	return sim.tls_sessions;
}

static void
set_up(struct sim_tls *t)
{
	struct span leaf = sim_tls_leaf_der(&t->words);

	t->chain[0] = (br_x509_certificate){
	    (unsigned char *)(uintptr_t)leaf.p, leaf.n };
	t->ec = sim_tls_ec_key();
	if (t->words.rsa)
		br_ssl_server_init_full_rsa(&t->sc, t->chain, 1,
		    sim_tls_rsa_key());
	else
		br_ssl_server_init_full_ec(&t->sc, t->chain, 1,
		    BR_KEYTYPE_EC, &t->ec);
	if (t->words.version != 0)
		br_ssl_engine_set_versions(&t->sc.eng, t->words.version,
		    t->words.version);
	if (t->words.suite != 0)
		br_ssl_engine_set_suites(&t->sc.eng, &t->words.suite, 1);
	if (t->words.keep)
		br_ssl_server_set_cache(&t->sc, &sessions()->vtable);
	if (!t->words.ask)
		return;
	t->judge.vtable = &judge_class;
	br_ssl_engine_set_default_rsavrfy(&t->sc.eng);
	br_ssl_engine_set_default_ecdsa(&t->sc.eng);
	br_ssl_engine_set_x509(&t->sc.eng, &t->judge.vtable);
	br_ssl_server_set_trust_anchor_names(&t->sc, NULL, 0);
	br_ssl_engine_add_flags(&t->sc.eng, BR_OPT_TOLERATE_NO_CLIENT_AUTH);
}

struct sim_tls *
sim_tls_new(const char *words, unsigned number)
{
	struct sim_tls *t = sim_alloc(sizeof(*t));

	read_words(&t->words, words);
	set_up(t);
	br_ssl_engine_inject_entropy(&t->sc.eng, &number, sizeof(number));
	br_ssl_engine_set_buffers_bidi(&t->sc.eng, t->in, sizeof(t->in),
	    t->out, sizeof(t->out));
	if (!br_ssl_server_reset(&t->sc))
		sim_fail("tls: error %d at the start",
		    br_ssl_engine_last_error(&t->sc.eng));
	return t;
}

const char *
sim_tls_leaf(const char *words, size_t *n)
{
	struct sim_tls_words w = { .names = NULL };
	struct span der;

	read_words(&w, words);
	der = sim_tls_leaf_der(&w);
	*n = der.n;
	return der.p;
}

void
sim_tls_edit(void (*edit)(unsigned char *p, size_t n, size_t at, void *arg),
	void *arg)
{
	sim.tls_edit = edit;
	sim.tls_edit_arg = arg;
}

/* ---- records ------------------------------------------------------------ */

static void
send_out(struct sim_tls *t, struct sim_conn *c)
{
	size_t n;
	unsigned char *p;

	while ((p = br_ssl_engine_sendrec_buf(&t->sc.eng, &n)) != NULL) {
		if (t->damage)
			p[n - 1] ^= 1;
		t->damage = false;
		if (sim.tls_edit != NULL)
			sim.tls_edit(p, n, sim_heard_bytes(
			    sim_conn_number(c)), sim.tls_edit_arg);
		sim_put_clear(c, p, n);
		br_ssl_engine_sendrec_ack(&t->sc.eng, n);
	}
}

static void
feed(struct sim_tls *t, struct sim_conn *c, unsigned char octet)
{
	size_t n;
	unsigned char *p = br_ssl_engine_recvrec_buf(&t->sc.eng, &n);

	if (p == NULL)
		return;		/* it is over: nobody listens */
	*p = octet;
	br_ssl_engine_recvrec_ack(&t->sc.eng, 1);
	send_out(t, c);
	while ((p = br_ssl_engine_recvapp_buf(&t->sc.eng, &n)) != NULL) {
		sim_text_put(&t->inside, p, n);
		br_ssl_engine_recvapp_ack(&t->sc.eng, n);
	}
	send_out(t, c);
	if ((br_ssl_engine_current_state(&t->sc.eng) & BR_SSL_SENDAPP) != 0)
		t->was_open = true;
}

/* A whole record, while a refusal is awaited. */
static void
settle_record(struct sim_tls *t, struct sim_conn *c)
{
	br_ssl_engine_context *e = &t->sc.eng;
	size_t n = t->record_n - 5, i;
	unsigned char *p;

	if (t->record[0] != ALERT) {
		for (i = 0; i < t->record_n; i++)
			feed(t, c, t->record[i]);
	} else {
		p = e->in.vtable->decrypt(&e->in.vtable, ALERT, e->version_in,
		    t->record + 5, &n);
		if (p == NULL || n != 2 || p[0] != 1 || p[1] != 100)
			sim_fail("tls-again: the client's alert is not that "
			    "it refuses");
		t->again = false;
	}
	t->record_n = 0;
}

void
sim_tls_take(struct sim_tls *t, struct sim_conn *c, char octet)
{
	if (!t->again) {
		feed(t, c, (unsigned char)octet);
		return;
	}
	t->record[t->record_n++] = (unsigned char)octet;
	if (t->record_n >= 5 && t->record_n ==
	    5u + (size_t)(t->record[3] << 8 | t->record[4]))
		settle_record(t, c);
}

void
sim_tls_put(struct sim_tls *t, struct sim_conn *c, const void *data, size_t n)
{
	const char *from = data;

	while (n > 0) {
		size_t room;
		unsigned char *p = br_ssl_engine_sendapp_buf(&t->sc.eng,
		    &room);

		if (p == NULL)
			return;		/* the client said goodbye */
		if (room > n)
			room = n;
		memcpy(p, from, room);
		br_ssl_engine_sendapp_ack(&t->sc.eng, room);
		br_ssl_engine_flush(&t->sc.eng, 0);
		send_out(t, c);
		from += room;
		n -= room;
	}
}

void
sim_tls_end(struct sim_tls *t, struct sim_conn *c)
{
	br_ssl_engine_close(&t->sc.eng);
	send_out(t, c);
}

/*
 * BearSSL's server takes a refusal for the end, so its HelloRequest is made by
 * hand, and the answer is kept from it.
 */
void
sim_tls_again(struct sim_tls *t, struct sim_conn *c)
{
	br_ssl_engine_context *e = &t->sc.eng;
	unsigned char room[200];
	size_t n = 4;
	unsigned char *p;

	memset(room, 0, sizeof(room));
	p = e->out.vtable->encrypt(&e->out.vtable, HANDSHAKE, e->version_out,
	    room + 100, &n);
	sim_put_clear(c, p, n);
	t->again = true;
}

void
sim_tls_damage(struct sim_tls *t)
{
	t->damage = true;
}

bool
sim_tls_is_open(const struct sim_tls *t)
{
	return t->was_open;
}

bool
sim_tls_is_over(const struct sim_tls *t, int *error)
{
	*error = br_ssl_engine_last_error(&t->sc.eng);
	return br_ssl_engine_current_state(&t->sc.eng) == BR_SSL_CLOSED;
}

bool
sim_tls_may_fail(const struct sim_tls *t)
{
	return t->words.fails;
}

struct sim_text *
sim_tls_inside(struct sim_tls *t)
{
	return &t->inside;
}

size_t *
sim_tls_taken(struct sim_tls *t)
{
	return &t->taken;
}
