/*
 * tls_key.c - our own certificates and their keys, read from files.
 *
 * Secrets are in one block of memory that has nothing else: the window through
 * which files are read, objects as they are decoded, and what stays of them.
 * So it is known what there is to wipe.  (What BearSSL leaves on the stack when
 * it computes is out of our reach.)
 */
#include <stdarg.h>
#include <string.h>

#include "tls_int.h"

#define KEY_BYTES	((size_t)64 * 1024)	/* what isn't touched is free */
#define PATH_TEXT_MAX	1024

/* What a file is read for. */
enum { CERTS = 1, KEY = 2, BOTH = CERTS | KEY };

struct reading {
	struct own_keys *k;
	const struct settings *set;
	const struct log *log;
	const char *protocol;		/* `smtp` */
	const char *setting;		/* `cert_file` */
	struct span path;
	unsigned wants;
	struct pem *pem;
	bool has_key;
	struct own_key now;		/* not yet complete */
};

/* `SETTING = PATH: text` is why there is no TLS. */
PRINTF(2, 3) static enum rc
refuse(const struct reading *r, const char *fmt, ...)
{
	struct buf b = BUF(r->k->why);
	va_list ap;

	buf_fmt(&b, "%s_tls_%s = ", r->protocol, r->setting);
	buf_put_cut(&b, r->path);
	buf_put_cut(&b, SPAN(": "));
	va_start(ap, fmt);
	buf_vfmt_cut(&b, fmt, ap);
	va_end(ap);
	(void)buf_text(&b);
	return RC_DENY;
}

/* A key with its certificates takes its place. */
static enum rc
settle(struct reading *r)
{
	struct own_key *place = r->now.is_ec ? &r->k->ec : &r->k->rsa;
	enum rc rc;

	if (!r->has_key)
		return refuse(r, "there is no private key in it");
	if (r->now.chain_n == 0)
		return refuse(r, "there is no certificate behind a private "
		    "key");
	rc = own_key_fits(&r->now);
	if (rc == RC_WIRE)
		return refuse(r, "the certificate can't be used: it is "
		    "malformed, or its key is neither RSA (up to 4096 bits) "
		    "nor ECDSA on P-256, P-384 or P-521");
	if (rc != RC_OK)
		return refuse(r, "the private key is not that of the "
		    "certificate: give those that belong together");
	if (place->is_set)
		return refuse(r, "this is the second %s key, and only one can "
		    "be used: take one out", r->now.is_ec ? "ECDSA" : "RSA");
	*place = r->now;
	place->is_set = true;
	r->now = (struct own_key){ 0 };
	r->has_key = false;
	return RC_OK;
}

static enum rc
take_cert(struct reading *r, struct buf *der)
{
	struct own_key *k = &r->now;

	if (r->wants == BOTH && !r->has_key)
		return refuse(r, "line %u: a certificate stands ahead of its "
		    "private key: the key comes first", r->pem->begun);
	if (k->chain_n == KEY_CHAIN_MAX)
		return refuse(r, "line %u: more than %d certificates for one "
		    "key", r->pem->begun, KEY_CHAIN_MAX);
	k->chain[k->chain_n++] = (br_x509_certificate){
		(unsigned char *)der->p, der->n
	};
	return RC_OK;
}

static enum rc
take_key(struct reading *r, struct buf *der)
{
	if (r->wants == BOTH && r->has_key)
		TRY(settle(r));
	if (own_key_read(der, &r->now) != RC_OK)
		return refuse(r, "line %u: the private key is malformed, or "
		    "neither RSA nor ECDSA", r->pem->begun);
	r->has_key = true;
	return RC_OK;
}

static bool
is_wanted(const struct reading *r, enum pem_kind kind)
{
	switch (kind) {
	case PEM_CERTIFICATE:
		return r->wants & CERTS;
	case PEM_PRIVATE_KEY:
	case PEM_RSA_KEY:
	case PEM_EC_KEY:
	case PEM_ENCRYPTED:
		return r->wants == BOTH || (r->wants == KEY && !r->has_key);
	default:
		return false;
	}
}

/* One object of a kind that is wanted.  `rc` is what reading it came to. */
static enum rc
take(struct reading *r, enum pem_kind kind, enum rc rc, struct buf *der)
{
	if (kind == PEM_ENCRYPTED)
		return refuse(r, "line %u: the private key needs a pass "
		    "phrase: write it without, with `openssl pkey -in %.*s`",
		    r->pem->begun, SPAN_ARG(r->path));
	if (rc != RC_OK)
		return refuse(r, "line %u: %s", r->pem->line, rc == RC_FULL ?
		    "there is no room for more" : "malformed");
	return kind == PEM_CERTIFICATE ? take_cert(r, der) : take_key(r, der);
}

/* A line that was not decoded to its end lies behind what was. */
static void
wipe_object(struct buf *der)
{
	size_t n = der->n + sizeof(((struct pem *)NULL)->data);

	base_wipe(der->p, n < der->cap ? n : der->cap);
}

static enum rc
read_objects(struct reading *r, bool *has_key)
{
	struct arena *a = &r->k->arena;
	enum rc rc, taken;

	for (;;) {
		struct buf der = arena_room(a);
		enum pem_kind kind = PEM_OTHER;

		rc = pem_next(r->pem, &kind, &der);
		if (rc == RC_NONE)
			return RC_OK;
		if (rc == RC_OS)
			taken = refuse(r, "%s", port_error());
		else if (is_wanted(r, kind))
			taken = take(r, kind, rc, &der);
		else
			taken = RC_NONE;
		*has_key |= kind >= PEM_PRIVATE_KEY;
		if (taken == RC_OK)
			arena_keep(a, &der);
		else
			wipe_object(&der);
		if (taken == RC_DENY)
			return RC_DENY;
	}
}

/* Everybody can be us who can read it. */
static void
guard(const struct reading *r, int fd)
{
	struct port_stat st;

	if (port_stat_fd(fd, &st) == RC_OK && st.mode & 06)
		log_line(r->log, LOG_WARNING, "%s_tls_%s = %.*s holds a "
		    "private key that every user of this machine can %s: "
		    "chmod o= %.*s", r->protocol, r->setting,
		    SPAN_ARG(r->path), st.mode & 02 ? "change" : "read",
		    SPAN_ARG(r->path));
}

static enum rc
read_file(struct reading *r, const char *setting, struct span path,
	unsigned wants)
{
	char text[PATH_TEXT_MAX];
	struct buf b = BUF(text);
	bool has_key = false;
	enum rc rc;
	int fd;

	r->setting = setting;
	r->path = path;
	r->wants = wants;
	buf_put(&b, path);
	if (b.full)
		return refuse(r, "its name is too long");
	if (port_open(buf_text(&b), &fd) != RC_OK)
		return refuse(r, "%s", port_error());
	pem_start(r->pem, fd);
	rc = read_objects(r, &has_key);
	if (has_key && wants & KEY)
		guard(r, fd);
	port_close(fd);
	base_wipe(r->pem, sizeof(*r->pem));
	return rc;
}

/* ---- which files -------------------------------------------------------- */

/* tls_chain_files: keys, each with its certificates behind it. */
static enum rc
read_chains(struct reading *r)
{
	struct span files = r->set->tls_chain_files, path;

	while (span_word(&files, LIST_DIVIDERS, &path))
		TRY(read_file(r, "chain_files", path, BOTH));
	return settle(r);
}

/* A certificate, and elsewhere, or in the same file, its key. */
static enum rc
read_pair(struct reading *r, const char *const *settings, struct span cert,
	struct span key)
{
	if (cert.n == 0)
		return RC_OK;
	TRY(read_file(r, settings[0], cert, CERTS));
	if (r->now.chain_n == 0)
		return refuse(r, "there is no certificate in it");
	TRY(read_file(r, settings[1], key, KEY));
	return settle(r);
}

static enum rc
read_all(struct reading *r)
{
	static const char *const rsa[] = { "cert_file", "key_file" };
	static const char *const ec[] = { "eccert_file", "eckey_file" };
	const struct settings *set = r->set;

	if (set->tls_dcert_file.n > 0)
		log_line(r->log, LOG_WARNING, "%s_tls_dcert_file: there is no "
		    "DSA any more; it is ignored", r->protocol);
	if (set->tls_chain_files.n == 0) {
		TRY(read_pair(r, rsa, set->tls_cert_file, set->tls_key_file));
		return read_pair(r, ec, set->tls_eccert_file,
		    set->tls_eckey_file);
	}
	if (set->tls_cert_file.n > 0 || set->tls_eccert_file.n > 0)
		log_line(r->log, LOG_WARNING, "%s_tls_cert_file and "
		    "%s_tls_eccert_file are ignored, as %s_tls_chain_files "
		    "is set", r->protocol, r->protocol, r->protocol);
	return read_chains(r);
}

/* No half of it stays. */
static void
forget(struct own_keys *k)
{
	base_wipe(k->arena.p, k->arena.used);
	arena_empty(&k->arena);
	k->rsa = k->ec = (struct own_key){ 0 };
}

enum rc
keys_read(struct own_keys *k, const struct settings *set, bool is_lmtp,
	const struct log *log)
{
	struct reading r = { .k = k, .set = set, .log = log,
	    .protocol = is_lmtp ? "lmtp" : "smtp", .setting = "cert_file" };
	void *memory;

	if (k->is_read)
		return k->state;
	*k = (struct own_keys){ .is_read = true, .state = RC_OK };
	if (set->tls_chain_files.n + set->tls_cert_file.n +
	    set->tls_eccert_file.n + set->tls_dcert_file.n == 0)
		return RC_OK;
	memory = port_memory(KEY_BYTES);
	if (memory != NULL)
		arena_init(&k->arena, memory, KEY_BYTES);
	r.pem = arena_take(&k->arena, sizeof(*r.pem));
	k->state = r.pem == NULL ? refuse(&r, "not enough memory") :
	    read_all(&r);
	if (k->state != RC_OK)
		forget(k);
	return k->state;
}
