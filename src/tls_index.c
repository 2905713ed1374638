/*
 * tls_index.c - the index of a bundle of certificates: FILE.cdb.
 *
 * A cdb of the certificates in DER, by dn_hash() of the subject; several may
 * have one subject.  Besides, the key `bundle` has the length of FILE in
 * octets: so a table that somebody compiled from a file of that name is none,
 * and FILE replaced by an older one is noticed in most cases.
 */
#include <string.h>

#include "tls_int.h"

#define BUNDLE_MOST	((int64_t)16 << 20)	/* octets; real ones: 300 KiB */
#define CERT_PEM_LEAST	64	/* octets of one, marks and all */
#define PATH_TEXT_MAX	1024

static const char bundle_key[] = "bundle";

/* An index being made. */
struct maker {
	const char *file;
	const struct log *log;
	struct buf *why;
	struct port_stat st;	/* of FILE, when it was opened */
	int fd;
	struct table_make *out;
	char *der;		/* CERT_BYTES_MAX + 1 */
	uint64_t *seen;		/* digests of certificates, for duplicates */
	size_t most;		/* there is room for */
	struct tls_index count;
	char path[PATH_TEXT_MAX];
};

bool
index_is_of(struct span cdb, int64_t bytes)
{
	struct span text;
	uint64_t n;

	return table_cdb_check(cdb) == RC_OK &&
	    table_cdb_find(cdb, span_of(bundle_key), 0, &text) == RC_OK &&
	    span_number(text, INT64_MAX, &n) && (int64_t)n == bytes;
}

/* ---- making one --------------------------------------------------------- */

/* The index can't be made, for want of memory or by the system's will. */
static enum rc
fail(const struct maker *m, enum rc rc)
{
	buf_fmt(m->why, "%s: %s", m->path, rc == RC_FULL ?
	    "not enough memory" : port_error());
	return rc;
}

static void
bad(struct maker *m, unsigned line, const char *what)
{
	m->count.bad++;
	log_line(m->log, LOG_WARNING, "%s, line %u: %s; left out", m->file,
	    line, what);
}

/* Was the same there before?  A digest's first octets tell. */
static bool
is_duplicate(struct maker *m, struct span der)
{
	unsigned char digest[DIGEST_MAX];
	uint64_t *seen = m->seen + m->count.certificates;

	digest_of(DIGEST_SHA256, der, digest);
	memcpy(seen, digest, sizeof(*seen));
	for (unsigned i = 0; i < m->count.certificates; i++)
		if (m->seen[i] == *seen)
			return true;
	return false;
}

static enum rc
add_cert(struct maker *m, unsigned line, struct span der)
{
	unsigned char hash[DN_HASH_BYTES];
	struct cert c;

	if (cert_read(der, &c) != RC_OK) {
		bad(m, line, "the certificate is malformed");
	} else if (!dn_hash(c.subject, hash)) {
		bad(m, line, "the certificate has too long a name");
	} else if (m->count.certificates == m->most) {
		return RC_FULL;		/* FILE has grown meanwhile */
	} else if (is_duplicate(m, der)) {
		m->count.duplicates++;
	} else {
		m->count.certificates++;
		return table_make_add(m->out, (struct span){ (char *)hash,
		    sizeof(hash) }, der, TABLE_AGAIN);
	}
	return RC_OK;
}

static enum rc
add_all(struct maker *m)
{
	enum pem_kind kind;
	struct buf der;
	struct pem p;
	enum rc rc;

	buf_init(&der, m->der, CERT_BYTES_MAX + 1);
	pem_start(&p, m->fd);
	while ((rc = pem_next(&p, &kind, &der)) != RC_NONE) {
		if (rc == RC_OS) {
			buf_fmt(m->why, "%s: %s", m->file, port_error());
			return RC_DENY;
		}
		if (kind != PEM_CERTIFICATE)
			continue;
		if (rc != RC_OK) {
			bad(m, p.line, rc == RC_FULL ? "too large" :
			    "the text of the certificate is malformed");
			continue;
		}
		rc = add_cert(m, p.begun, buf_span(&der));
		if (rc != RC_OK)
			return fail(m, rc);
	}
	return RC_OK;
}

/* Nobody wrote to FILE meanwhile: the index would pass for one of that. */
static bool
is_unchanged(const struct maker *m)
{
	struct port_stat now;

	return port_stat_path(m->file, &now) == RC_OK &&
	    now.size == m->st.size && now.mtime_s == m->st.mtime_s;
}

/* All that goes into the draft, and what must hold for it to be published. */
static enum rc
fill(struct maker *m)
{
	char text[24];
	struct buf size = BUF(text);
	enum rc rc;

	TRY(add_all(m));
	if (m->count.certificates == 0) {
		buf_fmt(m->why, "%s: there is no certificate in it", m->file);
		return RC_DENY;
	}
	buf_fmt(&size, "%lld", (long long)m->st.size);
	rc = table_make_add(m->out, span_of(bundle_key), buf_span(&size),
	    TABLE_AGAIN);
	if (rc != RC_OK)
		return fail(m, rc);
	if (is_unchanged(m))
		return RC_OK;
	buf_fmt(m->why, "%s was changed while it was read: try again",
	    m->file);
	return RC_DENY;
}

static enum rc
open_file(struct maker *m)
{
	enum rc rc = port_open(m->file, &m->fd);

	if (rc == RC_OK && (rc = port_stat_fd(m->fd, &m->st)) != RC_OK)
		port_close(m->fd);
	if (rc != RC_OK) {
		buf_fmt(m->why, "%s: %s", m->file, port_error());
		return RC_DENY;
	}
	if (m->st.is_file && m->st.size <= BUNDLE_MOST)
		return RC_OK;
	port_close(m->fd);
	buf_fmt(m->why, "%s: %s", m->file, m->st.is_file ? "too large" :
	    "no file");
	return RC_DENY;
}

/* Memory, and the draft. */
static enum rc
make(struct maker *m)
{
	struct buf path = BUF(m->path);
	enum rc rc;

	buf_fmt(&path, "%s.cdb", m->file);
	if (path.full) {
		buf_fmt(m->why, "%s: its name is too long", m->file);
		return RC_DENY;
	}
	(void)buf_text(&path);
	m->most = (size_t)m->st.size / CERT_PEM_LEAST + 1;
	m->der = port_memory(CERT_BYTES_MAX + 1);
	m->seen = port_memory(m->most * sizeof(*m->seen));
	if (m->der == NULL || m->seen == NULL)
		return fail(m, RC_FULL);
	rc = table_make_open(&m->out, m->path);
	if (rc != RC_OK)
		return fail(m, rc);
	rc = fill(m);
	if (rc != RC_OK) {
		table_make_drop(m->out);
		return rc;
	}
	rc = table_make_close(m->out, m->path, 0644, -1);
	return rc == RC_OK ? rc : fail(m, rc);
}

enum rc
tls_index_make(const char *file, const struct log *log, struct tls_index *out,
	struct buf *why)
{
	struct maker m = { .file = file, .log = log, .why = why };
	enum rc rc;

	TRY(open_file(&m));
	rc = make(&m);
	port_close(m.fd);
	*out = m.count;
	return rc;
}
