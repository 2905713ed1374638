/*
 * tls_session.c - sessions remembered, in a worker's memory and in a file that
 * all of them share, as smtp_tls_session_cache_database names it.
 *
 * The file is of our own making, whatever its type is called: a mark, a digest
 * of all that follows, and records as they are in memory, for this machine and
 * no other.  It is read as a whole and replaced as a whole, so that a reader
 * sees the old or the new one.  Of two who write at once one loses: a session
 * less costs a handshake, and no more.
 *
 * It holds master secrets, and what it says of a peer is believed: it must
 * belong to us, and to nobody else.
 */
#include <string.h>

#include "tls_int.h"

/* OpenSSL's and Postfix's bounds for smtp_tls_session_cache_timeout. */
#define LIFE_LEAST_S	120
#define LIFE_MOST_S	(100 * DAY / SECOND)

#define MARK		"postern sessions 2\n"
#define MARK_BYTES	(sizeof(MARK) - 1)
#define HEAD_BYTES	(MARK_BYTES + br_sha256_SIZE)
#define RECORD_BYTES	sizeof(struct session)
#define RECORDS_MAX	120	/* in the file; the oldest make room */

_Static_assert(HEAD_BYTES + (RECORDS_MAX + 1) * RECORD_BYTES < SESSION_ROOM,
	"the file and one more record fit into the scratch");

/* ---- settings ----------------------------------------------------------- */

bool
session_is_wanted(struct tls *t)
{
	struct sessions *c = &t->sessions;
	int64_t s = t->set->tls_session_cache_timeout / SECOND;

	if (c->is_ready)
		return c->is_wanted;
	c->is_ready = true;
	c->file = (struct state){
		.log = t->log,
		.protocol = t->is_lmtp ? "lmtp" : "smtp",
		.setting = "tls_session_cache_database",
		.what = "sessions",
		.effect = "no TLS sessions are kept there",
		.path = state_path(t->set->tls_session_cache_database)
	};
	c->is_wanted = c->file.path.n > 0 && s > 0;
	c->life_s = s < LIFE_LEAST_S ? LIFE_LEAST_S :
	    s > LIFE_MOST_S ? LIFE_MOST_S : s;
	return c->is_wanted;
}

/* ---- the key ------------------------------------------------------------ */

/* Each part with its length: no two lists of parts look the same. */
static void
add(br_sha256_context *h, const void *p, size_t n)
{
	uint32_t length = (uint32_t)n;

	br_sha256_update(h, &length, sizeof(length));
	if (n > 0)
		br_sha256_update(h, p, n);
}

static void
add_span(br_sha256_context *h, struct span s)
{
	add(h, s.p, s.n);
}

static void
add_site(br_sha256_context *h, const struct tls_site *site)
{
	add_span(h, site->nexthop);
	add_span(h, site->domain);
	add_span(h, site->domain_target);
	add_span(h, site->host);
	add_span(h, site->asked);
	add_span(h, site->target);
	add(h, site->ip.b, site->ip.family == IP_V6 ? 16 :
	    site->ip.family == IP_V4 ? 4 : 0);
	add(h, &site->port, sizeof(site->port));
}

static void
add_tlsa(br_sha256_context *h, const struct tlsa_set *set)
{
	if (set == NULL)
		return;
	add_span(h, set->base);
	for (size_t i = 0; i < set->n; i++) {
		const struct tlsa *r = &set->record[i];
		unsigned char head[3] = { r->usage, r->selector, r->digest };

		add(h, head, sizeof(head));
		add_span(h, r->data);
	}
}

/* Who we are: a session is one with that client certificate. */
static void
add_own(br_sha256_context *h, const struct own_key *k)
{
	if (k->is_set && k->chain_n > 0)
		add(h, k->chain[0].data, k->chain[0].data_len);
	else
		add(h, NULL, 0);
}

/* A new file of an old name is another one. */
static void
add_file(br_sha256_context *h, struct span path)
{
	char room[512];
	struct buf b = BUF(room);
	struct port_stat s;

	add_span(h, path);
	buf_put(&b, path);
	if (path.n == 0 || b.full || port_stat_path(buf_text(&b), &s) != RC_OK)
		return;
	add(h, &s.mtime_s, sizeof(s.mtime_s));
	add(h, &s.size, sizeof(s.size));
}

static void
add_anchors(br_sha256_context *h, const struct tls *t, struct span tafile)
{
	struct span word;

	add(h, &t->set->tls_append_default_CA,
	    sizeof(t->set->tls_append_default_CA));
	add_file(h, t->set->tls_CAfile);
	add_file(h, t->set->tls_CApath);
	while (span_word(&tafile, LIST_DIVIDERS, &word))
		add_file(h, word);
}

static void
add_policy(br_sha256_context *h, const struct tls *t,
	const struct tls_policy *p)
{
	const unsigned char level[2] = { (unsigned char)p->level,
	    p->half_dane };

	add(h, level, sizeof(level));
	add_span(h, p->match);
	add_span(h, p->servername);
	add_tlsa(h, p->tlsa);
	add(h, &t->set->tls_scert_verifydepth,
	    sizeof(t->set->tls_scert_verifydepth));
	add_span(h, t->set->tls_fingerprint_digest);
}

void
session_key(const struct tls *t, const struct tls_policy *p,
	const struct suites *s, unsigned char *key)
{
	const unsigned version[2] = { s->min, s->max };
	br_sha256_context h;

	br_sha256_init(&h);
	add_site(&h, p->site);
	add_policy(&h, t, p);
	add(&h, version, sizeof(version));
	add(&h, s->suite, s->n * sizeof(s->suite[0]));
	add_anchors(&h, t, p->tafile);
	add_own(&h, &t->keys.rsa);
	add_own(&h, &t->keys.ec);
	br_sha256_out(&h, key);
}

/* ---- records ------------------------------------------------------------ */

/* Takes the next one off; false: no session can look so. */
static bool
take_record(struct span *rest, struct session *out)
{
	memcpy(out, rest->p, sizeof(*out));
	*rest = span_tail(*rest, sizeof(*out));
	return out->trust <= TLS_VERIFIED && out->ssl.session_id_len > 0 &&
	    out->ssl.session_id_len <= sizeof(out->ssl.session_id);
}

/* What was made after now was made before the clock was set back. */
static bool
is_fresh(const struct tls *t, const struct session *s, int64_t now)
{
	return s->made_s <= now && s->made_s > now - t->sessions.life_s;
}

static bool
is_of(const struct session *s, const unsigned char *key)
{
	return s->ssl.session_id_len > 0 &&
	    memcmp(s->key, key, SESSION_KEY) == 0;
}

/* ---- the file ----------------------------------------------------------- */

static bool
is_sound(struct span all)
{
	unsigned char sum[br_sha256_SIZE];
	br_sha256_context h;

	if (all.n < HEAD_BYTES || (all.n - HEAD_BYTES) % RECORD_BYTES != 0 ||
	    memcmp(all.p, MARK, MARK_BYTES) != 0)
		return false;
	br_sha256_init(&h);
	br_sha256_update(&h, all.p + HEAD_BYTES, all.n - HEAD_BYTES);
	br_sha256_out(&h, sum);
	return memcmp(sum, all.p + MARK_BYTES, sizeof(sum)) == 0;
}

/*
 * Records of the file; none if there is no file, or none to be used.  all  gets
 * its octets.
 */
static struct span
load(struct tls *t, struct buf *all)
{
	struct state *f = &t->sessions.file;

	if (!state_load(f, all))
		return (struct span){ NULL, 0 };
	if (is_sound(buf_span(all)))
		return span_tail(buf_span(all), HEAD_BYTES);
	state_set_aside(f, buf_span(all));
	return (struct span){ NULL, 0 };
}

static void
save(struct tls *t, struct buf *all)
{
	br_sha256_context h;

	memcpy(all->p, MARK, MARK_BYTES);
	br_sha256_init(&h);
	br_sha256_update(&h, all->p + HEAD_BYTES, all->n - HEAD_BYTES);
	br_sha256_out(&h, all->p + MARK_BYTES);
	state_save(&t->sessions.file, buf_span(all));
}

/* Moves what stays to the front: fresh ones of other keys. */
static size_t
sift(const struct tls *t, char *first, size_t n, const unsigned char *key)
{
	struct span rest = { first, n };
	char *to = first;
	int64_t now = port_wall();
	struct session s = { .trust = TLS_UNTRUSTED };

	while (rest.n > 0) {
		const char *from = rest.p;

		if (take_record(&rest, &s) && is_fresh(t, &s, now) &&
		    !is_of(&s, key)) {
			memmove(to, from, RECORD_BYTES);
			to += RECORD_BYTES;
		}
	}
	base_wipe(&s, sizeof(s));
	return (size_t)(to - first);
}

/*
 * The file without that key, and with that session, if any, at its end: so the
 * oldest stand first.
 */
static void
change(struct tls *t, const unsigned char *key, const struct session *s,
	void *room)
{
	struct buf all = { .p = room, .cap = SESSION_ROOM };
	size_t was = load(t, &all).n, n = was, over, used = all.n;

	if (n > 0)
		n = sift(t, all.p + HEAD_BYTES, n, key);
	if (!t->sessions.file.is_off && (s != NULL || n < was)) {
		over = n / RECORD_BYTES > RECORDS_MAX - 1 ?
		    n - (RECORDS_MAX - 1) * RECORD_BYTES : 0;
		memmove(all.p + HEAD_BYTES, all.p + HEAD_BYTES + over,
		    n - over);
		all.n = HEAD_BYTES + n - over;
		if (s != NULL)
			buf_put(&all, (struct span){ (const char *)s,
			    sizeof(*s) });
		save(t, &all);
	}
	base_wipe(room, used > all.n ? used : all.n);
}

static bool
find_filed(struct tls *t, const unsigned char *key, void *room,
	struct session *out)
{
	struct buf all = { .p = room, .cap = SESSION_ROOM };
	struct span rest = load(t, &all);
	int64_t now = port_wall();
	bool found = false;

	while (rest.n > 0 && !found)
		found = take_record(&rest, out) && is_of(out, key) &&
		    is_fresh(t, out, now);
	base_wipe(room, all.n);
	return found;
}

/* ---- sessions ----------------------------------------------------------- */

static struct session *
held(struct tls *t, const unsigned char *key)
{
	for (size_t i = 0; i < SESSIONS_HELD; i++)
		if (is_of(&t->sessions.held[i], key))
			return &t->sessions.held[i];
	return NULL;
}

bool
session_find(struct tls *t, const unsigned char *key, void *room,
	struct session *out)
{
	const struct session *s = held(t, key);
	bool found = true;

	if (s != NULL && is_fresh(t, s, port_wall()))
		*out = *s;
	else
		found = find_filed(t, key, room, out);
	if (!found)
		*out = (struct session){ 0 };
	memcpy(out->key, key, SESSION_KEY);
	return found;
}

void
session_keep(struct tls *t, const struct session *s, void *room)
{
	struct session *to = held(t, s->key);

	for (size_t i = 0; to == NULL && i < SESSIONS_HELD; i++)
		if (t->sessions.held[i].ssl.session_id_len == 0)
			to = &t->sessions.held[i];
	if (to == NULL) {	/* they stand in the order they were made in */
		to = &t->sessions.held[SESSIONS_HELD - 1];
		memmove(t->sessions.held, t->sessions.held + 1,
		    sizeof(t->sessions.held) - sizeof(*to));
	}
	*to = *s;
	change(t, s->key, s, room);
}

void
session_forget(struct tls *t, const unsigned char *key, void *room)
{
	struct session *s = held(t, key);

	if (s != NULL)
		base_wipe(s, sizeof(*s));
	change(t, key, NULL, room);
}
