/*
 * tls_tafile.c - files of trust anchors: smtp_tls_trust_anchor_file, tafile=.
 *
 * These are short and written by the administrator, so what is wrong in one is
 * told and not passed over.
 */
#include "tls_int.h"

#define PATH_TEXT_MAX	1024

/* What was read, a certificate or a key, as an anchor. */
static enum rc
read_anchor(enum pem_kind kind, struct span der, struct anchor *out)
{
	struct pub_key key;

	if (kind == PEM_CERTIFICATE) {
		out->der = der;
		return cert_read_spki(der, &out->spki);
	}
	*out = (struct anchor){ .spki = der };
	return sign_key(der, &key);
}

/* NULL, or what is wrong. */
static const char *
add(struct anchor_list *l, enum pem_kind kind, struct span der)
{
	if (l->n == l->most)
		return "there are too many trust anchors";
	if (read_anchor(kind, der, &l->p[l->n]) != RC_OK)
		return kind == PEM_CERTIFICATE ? "the certificate is malformed"
		    : "a kind of key that can't be used";
	l->n++;
	return NULL;
}

/* NULL: at the end of the file. */
static const char *
read_file(struct pem *p, struct arena *a, struct anchor_list *l)
{
	for (;;) {
		struct buf der = arena_room(a);
		const char *fault = NULL;
		enum pem_kind kind;
		enum rc rc = pem_next(p, &kind, &der);

		if (rc == RC_NONE)
			return NULL;
		if (rc == RC_OS)
			return port_error();
		if (kind != PEM_CERTIFICATE && kind != PEM_PUBLIC_KEY)
			continue;
		if (rc == RC_FULL)
			fault = "there is no room for it";
		else if (rc == RC_WIRE)
			fault = "malformed";
		else
			fault = add(l, kind, buf_span(&der));
		if (fault != NULL)
			return fault;
		arena_keep(a, &der);
	}
}

/* All of one file.  `why` gets a sentence on any result but RC_OK. */
static enum rc
read_path(struct span path, struct arena *a, struct anchor_list *l,
	struct buf *why)
{
	char text[PATH_TEXT_MAX];
	struct buf b = BUF(text);
	const size_t before = l->n;
	const char *fault;
	struct pem p;
	int fd;

	buf_put(&b, path);
	if (b.full || port_open(buf_text(&b), &fd) != RC_OK) {
		buf_fmt(why, "trust anchor file %.*s: %s", SPAN_ARG(path),
		    b.full ? "its name is too long" : port_error());
		return RC_DENY;
	}
	pem_start(&p, fd);
	fault = read_file(&p, a, l);
	if (fault != NULL)
		buf_fmt(why, "trust anchor file %.*s, line %u: %s",
		    SPAN_ARG(path), p.line, fault);
	else if (l->n == before)
		buf_fmt(why, "trust anchor file %.*s has no certificate and "
		    "no public key", SPAN_ARG(path));
	port_close(fd);
	return fault == NULL && l->n > before ? RC_OK : RC_DENY;
}

enum rc
anchors_each(struct span files, struct arena *a, struct anchor_list *out,
	struct buf *why)
{
	struct span path;
	enum rc rc = RC_OK;

	out->n = 0;
	while (rc == RC_OK && span_word(&files, LIST_DIVIDERS, &path))
		rc = read_path(path, a, out, why);
	if (rc != RC_OK)
		out->n = 0;
	return rc;
}
