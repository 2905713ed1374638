/*
 * tls_bundle.h - bundles of certificates, and searches in them, for the tests
 * of anchors.
 */
#ifndef TLS_BUNDLE_H
#define TLS_BUNDLE_H

#include "../../src/tls_int.h"
#include "tls_make.h"

#define CAFILE	"/etc/cas.pem"
#define SYSTEM	"/etc/ssl/certs/ca-certificates.crt"

static char pem_room[1024 * 1024];
static struct buf pem;
static char arena_memory[64 * 1024];
static struct arena arena;
static struct anchors anchors;
static struct settings set;
static struct log info;

UNUSED static void
begin(void)
{
	made_begin();
	buf_init(&pem, pem_room, sizeof(pem_room));
	arena_init(&arena, arena_memory, sizeof(arena_memory));
	memset(&anchors, 0, sizeof(anchors));
	memset(&set, 0, sizeof(set));
	log_init(&info, SPAN("test"));
	info.err_level = LOG_INFO;
}

/* What was opened stays open in a process; the world's end wants it closed. */
UNUSED static void
done(void)
{
	for (size_t i = 0; i < COUNT(anchors.file); i++)
		port_close(anchors.file[i].fd);
}

UNUSED static void
put_pem(const char *label, struct span der)
{
	static char text[64 * 1024];
	struct buf b = BUF(text);

	code_base64(&b, der);
	buf_fmt(&pem, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < b.n; i += 64)
		buf_fmt(&pem, "%.*s\n",
		    SPAN_ARG(span_part(buf_span(&b), i, 64)));
	buf_fmt(&pem, "-----END %s-----\n", label);
	assert_false(b.full || pem.full);
}

UNUSED static struct span
make_named(struct span subject, const char *serial)
{
	return make_cert(&(struct parts){ .subject = subject,
	    .serial = MAKE(2, span_of(serial)) });
}

/* A certificate of that name, as PEM; the serial tells it from others. */
UNUSED static struct span
put_named(const char *name, const char *serial)
{
	struct span der = make_named(make_cn(name), serial);

	put_pem("CERTIFICATE", der);
	return der;
}

UNUSED static enum rc
open_them(void)
{
	return anchors_open(&anchors, &set, false, &info);
}

UNUSED static void
with_cafile(void)
{
	sim_file(CAFILE, buf_text(&pem));
	set.tls_CAfile = SPAN(CAFILE);
	assert_int_equal(open_them(), RC_OK);
}

UNUSED static void
next_is(struct span name, size_t *at, struct span expected)
{
	struct span der;

	assert_int_equal(anchors_find(&anchors, name, at, &arena, &der),
	    RC_OK);
	assert_true(span_eq(der, expected));
}

UNUSED static void
no_more(struct span name, size_t *at)
{
	struct span der;

	for (int i = 0; i < 2; i++)
		assert_int_equal(anchors_find(&anchors, name, at, &arena,
		    &der), RC_NONE);
}

UNUSED static void
only_is(const char *name, struct span expected)
{
	size_t at = 0;

	next_is(make_cn(name), &at, expected);
	no_more(make_cn(name), &at);
}

UNUSED static void
none_is(const char *name)
{
	size_t at = 0;

	no_more(make_cn(name), &at);
}

UNUSED static void
why_has(const char *text)
{
	assert_non_null(strstr(anchors.why, text));
}

UNUSED static unsigned
count(const char *in, const char *what)
{
	unsigned n = 0;

	for (; (in = strstr(in, what)) != NULL; in += strlen(what))
		n++;
	return n;
}

#endif
