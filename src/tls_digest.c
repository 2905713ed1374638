/*
 * tls_digest.c - digests by name: of fingerprints, TLSA records, signatures.
 */
#include "tls_int.h"

static const struct {
	char name[7];
	const br_hash_class *class;
} digests[DIGESTS] = {
	[DIGEST_MD5] = { "md5", &br_md5_vtable },
	[DIGEST_SHA1] = { "sha1", &br_sha1_vtable },
	[DIGEST_SHA224] = { "sha224", &br_sha224_vtable },
	[DIGEST_SHA256] = { "sha256", &br_sha256_vtable },
	[DIGEST_SHA384] = { "sha384", &br_sha384_vtable },
	[DIGEST_SHA512] = { "sha512", &br_sha512_vtable },
};

enum digest
digest_find(struct span name)
{
	char text[16];
	struct buf b = BUF(text);
	unsigned d = 0;

	/* OpenSSL 3 has SHA2-256 for SHA256. */
	if (name.n == 8 && span_starts_case(name, "sha2-")) {
		buf_puts(&b, "sha");
		name = span_tail(name, 5);
	}
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] != '-')
			buf_putc(&b, name.p[i]);
	while (d < DIGESTS && !(span_is_case(buf_span(&b), digests[d].name)
	    && !b.full))
		d++;
	return (enum digest)d;
}

size_t
digest_of(enum digest d, struct span data, unsigned char *out)
{
	const br_hash_class *class = digests[d].class;
	br_hash_compat_context context;

	class->init(&context.vtable);
	class->update(&context.vtable, data.p, data.n);
	class->out(&context.vtable, out);
	return class->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

const unsigned char *
digest_oid(enum digest d)
{
	static const unsigned char oids[][10] = {
		{ 5, 0x2b, 14, 3, 2, 26 },
		{ 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4 },
		{ 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1 },
		{ 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2 },
		{ 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3 }
	};

	return oids[d - DIGEST_SHA1];
}

static int
hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t
digest_read(struct span text, unsigned char *out)
{
	size_t n = 0;
	int high, low;

	for (size_t i = 0; i < text.n; i += 2) {
		if (n > 0 && text.p[i] == ':')
			i++;
		if (text.n - i < 2 || n == DIGEST_MAX)
			return 0;
		high = hex_of(text.p[i]);
		low = hex_of(text.p[i + 1]);
		if (high < 0 || low < 0)
			return 0;
		out[n++] = (unsigned char)(high << 4 | low);
	}
	return n;
}
