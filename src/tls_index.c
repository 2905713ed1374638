/*
 * tls_index.c - the index of a bundle of certificates: FILE.cdb.
 *
 * A cdb of the certificates in DER, by dn_hash() of the subject; several may
 * have one subject.  Besides, the key `bundle` has the length of FILE in
 * octets: so a table that somebody compiled from a file of that name is none,
 * and FILE replaced by an older one is noticed in most cases.
 *
 * The whole of it is built in memory, as no bundle is longer than a message,
 * and takes its name when it is complete.
 */
#include <string.h>

#include "tls_int.h"

#define BUNDLE_MOST	((int64_t)16 << 20)	/* octets; real ones: 300 KiB */
#define TABLES		256
#define HEAD_BYTES	(TABLES * 8)
#define PATH_TEXT_MAX	1024

static const char bundle_key[] = "bundle";

/* An index being made. */
struct maker {
	unsigned char *p;
	size_t n, cap;
	size_t records;		/* 8 octets each at the end of p, backwards:
				   hash of the key, place of the record */
	struct tls_index count;
	const struct log *log;
	const char *file;
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

static void
put_32(unsigned char *p, size_t v)
{
	for (size_t i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i & 255);
}

static uint32_t
get_32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0];
}

static unsigned char *
record_at(const struct maker *m, size_t i)
{
	return m->p + m->cap - 8 * (i + 1);
}

/*
 * Octets that are left for one more certificate: each record has 8 at the end
 * and two slots in a table, and the record of FILE's length is yet to come.
 */
static size_t
room(const struct maker *m)
{
	size_t used = m->n + (m->records + 2) * (8 + 2 * 8) + 128;

	return used < m->cap ? m->cap - used : 0;
}

/* The value stands already where it will be, behind lengths and key. */
static void
add(struct maker *m, struct span key, size_t value_n)
{
	unsigned char *p = m->p + m->n, *record = record_at(m, m->records);
	uint32_t hash = 5381;

	for (size_t i = 0; i < key.n; i++)
		hash = hash * 33 ^ (unsigned char)key.p[i];
	put_32(record, hash);
	put_32(record + 4, m->n);
	put_32(p, key.n);
	put_32(p + 4, value_n);
	memcpy(p + 8, key.p, key.n);
	m->n += 8 + key.n + value_n;
	m->records++;
}

/* Takes the last record back if it is there already. */
static void
drop_duplicate(struct maker *m)
{
	const unsigned char *last = record_at(m, m->records - 1);
	const unsigned char *it = m->p + get_32(last + 4);
	const size_t n = m->n - get_32(last + 4);

	for (size_t i = 0; i + 1 < m->records; i++) {
		const unsigned char *other = record_at(m, i);

		if (get_32(other) != get_32(last) ||
		    memcmp(m->p + get_32(other + 4), it, n) != 0)
			continue;
		m->records--;
		m->n -= n;
		m->count.duplicates++;
		return;
	}
}

/* Into a table of so many slots, half of which stay free. */
static void
insert(unsigned char *table, size_t slots, const unsigned char *record)
{
	size_t i;

	ASSERT(slots > 0);
	i = (get_32(record) >> 8) % slots;
	while (get_32(table + 8 * i + 4) != 0)
		i = (i + 1) % slots;
	memcpy(table + 8 * i, record, 8);
}

static void
put_table(struct maker *m, unsigned number)
{
	unsigned char *table = m->p + m->n;
	size_t slots = 0;

	for (size_t i = 0; i < m->records; i++)
		slots += record_at(m, i)[0] == number ? 2 : 0;
	memset(table, 0, 8 * slots);
	for (size_t i = 0; i < m->records; i++)
		if (record_at(m, i)[0] == number)
			insert(table, slots, record_at(m, i));
	put_32(m->p + (size_t)8 * number, m->n);
	put_32(m->p + (size_t)8 * number + 4, slots);
	m->n += 8 * slots;
}

static void
bad(struct maker *m, unsigned line, const char *what)
{
	m->count.bad++;
	log_line(m->log, LOG_WARNING, "%s, line %u: %s; left out", m->file,
	    line, what);
}

/* A certificate that stands where its record will be. */
static void
add_cert(struct maker *m, const struct pem *p, struct span der)
{
	unsigned char hash[DN_HASH_BYTES];
	struct cert c;

	if (cert_read(der, &c) != RC_OK) {
		bad(m, p->begun, "the certificate is malformed");
	} else if (!dn_hash(c.subject, hash)) {
		bad(m, p->begun, "the certificate has too long a name");
	} else {
		add(m, (struct span){ (char *)hash, sizeof(hash) }, der.n);
		drop_duplicate(m);
	}
}

/* RC_OS: FILE can't be read. */
static enum rc
add_all(struct maker *m, int fd)
{
	enum pem_kind kind;
	struct buf der;
	struct pem p;
	enum rc rc;

	pem_start(&p, fd);
	for (;;) {
		size_t from = m->n + 8 + DN_HASH_BYTES, left = room(m);

		if (left > CERT_BYTES_MAX + 1)
			left = CERT_BYTES_MAX + 1;
		buf_init(&der, m->p + from, left);
		rc = pem_next(&p, &kind, &der);
		if (rc == RC_NONE || rc == RC_OS)
			return rc == RC_NONE ? RC_OK : rc;
		if (kind != PEM_CERTIFICATE)
			continue;
		if (rc == RC_OK)
			add_cert(m, &p, buf_span(&der));
		else
			bad(m, p.line, rc == RC_FULL ? "too large" :
			    "the text of the certificate is malformed");
	}
}

/* All but reading: the length of FILE, the tables. */
static void
finish(struct maker *m, int64_t bytes)
{
	const struct span key = span_of(bundle_key);
	struct buf b;

	m->count.certificates = (unsigned)m->records;
	buf_init(&b, m->p + m->n + 8 + key.n, 24);
	buf_fmt(&b, "%lld", (long long)bytes);
	add(m, key, b.n);
	for (unsigned i = 0; i < TABLES; i++)
		put_table(m, i);
}

/* Opens FILE, and gets memory for an index of it. */
static enum rc
start(struct maker *m, struct port_stat *st, int *fd, struct buf *why)
{
	enum rc rc = port_open(m->file, fd);

	if (rc == RC_OK && (rc = port_stat_fd(*fd, st)) != RC_OK)
		port_close(*fd);
	if (rc != RC_OK) {
		buf_fmt(why, "%s: %s", m->file, port_error());
		return RC_DENY;
	}
	if (!st->is_file || st->size > BUNDLE_MOST) {
		buf_fmt(why, "%s: %s", m->file, st->is_file ? "too large" :
		    "no file");
		port_close(*fd);
		return RC_DENY;
	}
	/*
	 * What a certificate takes in PEM, a line of marks and a third of its
	 * octets, is more than what it takes here.
	 */
	m->cap = (size_t)st->size / 8 * 8 + HEAD_BYTES + 1024;
	m->p = port_memory(m->cap);
	if (m->p != NULL)
		return RC_OK;
	buf_fmt(why, "%s: not enough memory for its index", m->file);
	port_close(*fd);
	return RC_FULL;
}

/* Nobody wrote to FILE meanwhile: the index would pass for one of that. */
static bool
is_unchanged(const char *file, const struct port_stat *before)
{
	struct port_stat now;

	return port_stat_path(file, &now) == RC_OK &&
	    now.size == before->size && now.mtime_s == before->mtime_s;
}

static enum rc
save(const struct maker *m, struct buf *why)
{
	const struct span data = { (char *)m->p, m->n };
	char text[PATH_TEXT_MAX];
	struct buf path = BUF(text);

	buf_fmt(&path, "%s.cdb", m->file);
	if (!path.full && port_replace(buf_text(&path), data, 0644) == RC_OK)
		return RC_OK;
	buf_fmt(why, "%s.cdb can't be written: %s", m->file,
	    path.full ? "its name is too long" : port_error());
	return RC_OS;
}

enum rc
tls_index_make(const char *file, const struct log *log, struct tls_index *out,
	struct buf *why)
{
	struct maker m = { .n = HEAD_BYTES, .log = log, .file = file };
	struct port_stat st;
	enum rc rc;
	int fd;

	TRY(start(&m, &st, &fd, why));
	rc = add_all(&m, fd);
	if (rc != RC_OK)
		buf_fmt(why, "%s: %s", file, port_error());
	port_close(fd);
	if (rc == RC_OK && m.records == 0)
		buf_fmt(why, "%s: there is no certificate in it", file);
	if (rc != RC_OK || m.records == 0)
		return RC_DENY;
	finish(&m, st.size);
	*out = m.count;
	if (is_unchanged(file, &st))
		return save(&m, why);
	buf_fmt(why, "%s was changed while it was read: try again", file);
	return RC_DENY;
}
