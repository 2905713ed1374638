/*
 * tls_anchor.c - whom we trust: CAfile and CApath.
 *
 * A bundle is never kept in memory.  Where there is no index of it, each search
 * reads it from its beginning and decodes one certificate after the other, in
 * what is left of the caller's arena; only one with the wanted subject stays.
 * What can't be read there is left out: fewer are trusted then, never more.
 */
#include <stdarg.h>

#include "tls_int.h"

#define PATH_TEXT_MAX	1024
#define SUBJECT_CERTS_MAX	64	/* in an index, in a folder */

/* What *at of anchors_find() is: a place and, modulo STORES, of what. */
enum { IN_CAFILE, IN_SYSTEM, IN_FOLDER, STORES = 4 };

/* One search. */
struct look {
	struct anchors *s;
	struct span subject;
	struct arena *a;
	struct span *der;
};

/* Where systems have their own bundle; the first one that is there counts. */
static const char bundles[][36] = {
	"/etc/ssl/certs/ca-certificates.crt",	/* Debian, Alpine, OpenWrt */
	"/etc/ssl/cert.pem",			/* BSD */
	"/etc/pki/tls/certs/ca-bundle.crt",	/* Fedora */
};

static const char *
find_bundle(void)
{
	struct port_stat st;

	for (size_t i = 0; i < COUNT(bundles); i++)
		if (port_stat_path(bundles[i], &st) == RC_OK && st.is_file)
			return bundles[i];
	return NULL;
}

/* The sentence of s->why; too long a one is cut. */
PRINTF(2, 3) static void
say(struct anchors *s, const char *fmt, ...)
{
	struct buf b = BUF(s->why);
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt_cut(&b, fmt, ap);
	va_end(ap);
	(void)buf_text(&b);
}

/* No use of CAfile: what is wrong with it, and what to do. */
static enum rc
refuse(struct anchors *s, const char *reason)
{
	const char *bundle = find_bundle();

	say(s, "%s = %.*s: %s; %s%s", s->setting, SPAN_ARG(s->file[0].path),
	    reason, bundle ? "this machine's own authorities are in " :
	    "it must be a file of certificates of trusted authorities",
	    bundle ? bundle : "");
	return RC_DENY;
}

/* A path of ours with something behind it; false: too long for any file. */
static bool
put_path(struct buf *b, struct span path, const char *behind)
{
	buf_put(b, path);
	buf_puts(b, behind);
	return !b->full && buf_text(b) != NULL;
}

/*
 * Is there a certificate in it?  Something of that name and length must do:
 * there is no room for all of it here.  RC_NONE: no.
 */
static enum rc
look_into(int fd)
{
	char room[256];
	struct buf der = BUF(room);
	enum pem_kind kind;
	struct pem p;
	enum rc rc;

	pem_start(&p, fd);
	for (;;) {
		rc = pem_next(&p, &kind, &der);
		if (rc == RC_NONE || rc == RC_OS)
			return rc;
		if (kind == PEM_CERTIFICATE && (rc == RC_FULL ||
		    (rc == RC_OK && der_at(buf_span(&der), DER_SEQUENCE))))
			return RC_OK;
	}
}

static enum rc
open_file(struct anchor_file *f, struct span path)
{
	char text[PATH_TEXT_MAX];
	struct buf b = BUF(text);

	f->path = path;
	if (!put_path(&b, path, ""))
		return RC_NONE;
	TRY(port_open(text, &f->fd));
	return RC_OK;
}

/* NULL, or why the index of f can't be used. */
static const char *
map_index(struct anchor_file *f)
{
	char text[PATH_TEXT_MAX];
	struct buf b = BUF(text);
	struct port_stat file, index;
	enum rc rc;

	if (!put_path(&b, f->path, ".cdb"))
		return "its name would be too long";
	rc = port_stat_path(text, &index);
	if (rc == RC_OK)
		rc = port_stat_fd(f->fd, &file);
	if (rc == RC_OK && index.mtime_s < file.mtime_s)
		return "it is older";
	if (rc == RC_OK)
		rc = port_map(text, &f->cdb);
	if (rc != RC_OK)
		return rc == RC_NONE ? "there is none" : port_error();
	if (index_is_of(f->cdb, file.size))
		return NULL;
	f->cdb = (struct span){ NULL, 0 };
	return "it is of another file";
}

/* The index instead of the text, if there is one. */
static void
open_index(const struct anchors *s, struct anchor_file *f)
{
	const char *fault = map_index(f);

	if (fault != NULL) {
		log_line(s->log, LOG_INFO, "%.*s is read without an index "
		    "(%s): `postern cacert %.*s` makes one, which saves time",
		    SPAN_ARG(f->path), fault, SPAN_ARG(f->path));
		return;
	}
	port_close(f->fd);
	f->fd = -1;
}

static enum rc
open_cafile(struct anchors *s, struct span path)
{
	struct anchor_file *f = &s->file[IN_CAFILE];
	enum rc rc;

	if (path.n == 0)
		return RC_OK;
	if (open_file(f, path) != RC_OK)
		return refuse(s, port_error());
	open_index(s, f);
	if (f->cdb.n > 0)	/* none is made of nothing */
		return RC_OK;
	rc = look_into(f->fd);
	if (rc != RC_OK)
		return refuse(s, rc == RC_OS ? port_error() :
		    "there is no certificate in it");
	return RC_OK;
}

/* tls_append_default_CA. */
static void
open_system(struct anchors *s)
{
	const char *bundle = find_bundle();

	struct anchor_file *f = &s->file[IN_SYSTEM];

	if (bundle == NULL || open_file(f, span_of(bundle)) != RC_OK)
		log_line(s->log, LOG_WARNING, "tls_append_default_CA: this "
		    "machine has no file of trusted authorities");
	else
		open_index(s, f);
}

static void
look_at_folder(const struct anchors *s, bool is_lmtp)
{
	char text[PATH_TEXT_MAX];
	struct buf b = BUF(text);
	struct port_stat st;

	if (!put_path(&b, s->folder, "") ||
	    port_stat_path(text, &st) != RC_OK || !st.is_folder)
		log_line(s->log, LOG_WARNING, "%s_tls_CApath = %.*s: there is "
		    "no such folder", is_lmtp ? "lmtp" : "smtp",
		    SPAN_ARG(s->folder));
}

/* Nothing is set: that is allowed, but nobody will be trusted. */
static void
advise(struct anchors *s)
{
	const char *bundle = find_bundle();

	say(s, "no authority is trusted: set %s = %s", s->setting,
	    bundle ? bundle : "FILE, a file of certificates of authorities");
}

enum rc
anchors_open(struct anchors *s, const struct settings *set, bool is_lmtp,
	const struct log *log)
{
	if (s->is_opened)
		return s->state;
	*s = (struct anchors){
		.is_opened = true,
		.file = { { .fd = -1 }, { .fd = -1 } },
		.folder = set->tls_CApath,
		.setting = is_lmtp ? "lmtp_tls_CAfile" : "smtp_tls_CAfile",
		.log = log,
	};
	s->state = open_cafile(s, set->tls_CAfile);
	if (s->state != RC_OK)
		return s->state;
	if (s->folder.n > 0)
		look_at_folder(s, is_lmtp);
	if (set->tls_append_default_CA)
		open_system(s);
	if (set->tls_CAfile.n == 0 && s->folder.n == 0 &&
	    s->file[IN_SYSTEM].fd < 0 && s->file[IN_SYSTEM].cdb.n == 0)
		advise(s);
	return RC_OK;
}

/* ---- searching ---------------------------------------------------------- */

/* Once, as it would be said for each search. */
static void
note_bad(struct anchors *s, struct span path, unsigned line)
{
	if (!s->said_bad)
		log_line(s->log, LOG_WARNING, "%.*s, line %u: no certificate "
		    "that can be used; left out", SPAN_ARG(path), line);
	s->said_bad = true;
}

/*
 * Looks at the object that was read.  RC_OK: it is one of those; RC_NONE: it
 * isn't.  RC_WIRE, RC_FULL: it can't be read, or not here.
 */
static enum rc
judge(const struct look *l, enum rc rc, struct buf *der)
{
	struct span subject;

	if (rc == RC_FULL && der->cap > CERT_BYTES_MAX)
		return RC_WIRE;		/* larger than any */
	if (rc != RC_OK)
		return rc;
	TRY(cert_read_subject(buf_span(der), &subject));
	return cert_dn_eq(subject, l->subject) ? RC_OK : RC_NONE;
}

/* The next one in a PEM file.  *at is where to read on. */
static enum rc
scan(const struct look *l, int fd, struct span path, size_t *at)
{
	struct buf der = arena_room(l->a);
	bool is_full = false;
	enum pem_kind kind;
	struct pem p;
	enum rc rc;

	if (der.cap > CERT_BYTES_MAX + 1)
		der.cap = CERT_BYTES_MAX + 1;
	pem_start(&p, fd);
	p.at = (int64_t)*at;
	for (;;) {
		rc = pem_next(&p, &kind, &der);
		if (rc == RC_NONE)
			return is_full ? RC_FULL : RC_NONE;
		if (rc == RC_OS)
			break;
		if (kind != PEM_CERTIFICATE)
			continue;
		rc = judge(l, rc, &der);
		if (rc == RC_OK)
			break;
		if (rc == RC_WIRE && *at == 0)
			note_bad(l->s, path, p.begun);
		is_full |= rc == RC_FULL;
	}
	if (rc == RC_OS) {
		log_line(l->s->log, LOG_WARNING, "%.*s: %s", SPAN_ARG(path),
		    port_error());
		return RC_OS;
	}
	arena_keep(l->a, &der);
	*l->der = buf_span(&der);
	*at = (size_t)p.at - (p.n - p.from);
	return RC_OK;
}

/* *at counts.  The index may be damaged: what it gives is looked at. */
static enum rc
find_in_index(const struct look *l, const struct anchor_file *f, size_t *at)
{
	unsigned char hash[DN_HASH_BYTES];
	struct span subject;
	enum rc rc = RC_NONE;

	if (!dn_hash(l->subject, hash))
		return RC_NONE;
	while (*at < SUBJECT_CERTS_MAX) {
		rc = table_cdb_find(f->cdb, (struct span){ (char *)hash,
		    sizeof(hash) }, (*at)++, l->der);
		if (rc != RC_OK)
			break;
		if (cert_read_subject(*l->der, &subject) == RC_OK &&
		    cert_dn_eq(subject, l->subject))
			return RC_OK;
	}
	if (rc != RC_WIRE)
		return RC_NONE;
	log_line(l->s->log, LOG_WARNING, "%.*s.cdb is damaged: `postern "
	    "cacert %.*s` makes it anew", SPAN_ARG(f->path),
	    SPAN_ARG(f->path));
	return RC_OS;
}

static enum rc
find_in_file(const struct look *l, const struct anchor_file *f, size_t *at)
{
	if (f->cdb.n > 0)
		return find_in_index(l, f, at);
	if (f->fd < 0)
		return RC_NONE;
	return scan(l, f->fd, f->path, at);
}

/* HHHHHHHH.0, HHHHHHHH.1 and so on, each of one certificate. */
static enum rc
find_in_folder(const struct look *l, size_t *at)
{
	unsigned char hash[DN_HASH_BYTES];
	char text[PATH_TEXT_MAX];
	enum rc rc;
	int fd;

	if (l->s->folder.n == 0 || !dn_hash(l->subject, hash))
		return RC_NONE;
	while (*at < SUBJECT_CERTS_MAX) {
		struct buf b = BUF(text);
		size_t from = 0;

		buf_fmt(&b, "%.*s/%02x%02x%02x%02x.%zu",
		    SPAN_ARG(l->s->folder), (unsigned)hash[3],
		    (unsigned)hash[2], (unsigned)hash[1], (unsigned)hash[0],
		    (*at)++);
		if (b.full || (rc = port_open(buf_text(&b), &fd)) == RC_NONE)
			break;
		if (rc == RC_OS) {
			log_line(l->s->log, LOG_WARNING, "%s: %s", text,
			    port_error());
			continue;
		}
		rc = scan(l, fd, buf_span(&b), &from);
		port_close(fd);
		if (rc != RC_NONE)
			return rc;
	}
	return RC_NONE;
}

enum rc
anchors_find(struct anchors *s, struct span subject, size_t *at,
	struct arena *a, struct span *der)
{
	const struct look l = { s, subject, a, der };
	size_t store = *at % STORES, place = *at / STORES;
	enum rc rc;

	if (!s->is_opened || s->state != RC_OK)
		return RC_NONE;
	for (; store <= IN_FOLDER; store++, place = 0) {
		rc = store == IN_FOLDER ? find_in_folder(&l, &place) :
		    find_in_file(&l, &s->file[store], &place);
		if (rc == RC_NONE)
			continue;
		*at = place * STORES + store;
		return rc;
	}
	*at = store;
	return RC_NONE;
}
