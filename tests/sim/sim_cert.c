/*
 * sim_cert.c - the certificates of peers that speak TLS: made when they are
 * wanted, from fixed keys, so that they are the same in every run.
 */
#include <stdlib.h>
#include <string.h>

#include "sim_int.h"
#include "sim_tls.h"

#define RSA_BITS	2048

/* ---- DER ---------------------------------------------------------------- */

/* tag, length, and the parts one behind the other. */
static struct span
der(unsigned tag, const struct span *part, size_t parts)
{
	struct sim_text t = { 0 };
	size_t n = 0, i;
	unsigned char head[4] = { (unsigned char)tag };

	for (i = 0; i < parts; i++)
		n += part[i].n;
	if (n < 128) {
		head[1] = (unsigned char)n;
		sim_text_put(&t, head, 2);
	} else {
		head[1] = 0x82;
		head[2] = (unsigned char)(n >> 8);
		head[3] = (unsigned char)n;
		sim_text_put(&t, head, n < 256 ? 3 : 4);
		if (n < 256) {
			t.p[1] = (char)0x81;
			t.p[2] = (char)n;
		}
	}
	for (i = 0; i < parts; i++)
		sim_text_put(&t, part[i].p != NULL ? part[i].p : "",
		    part[i].n);
	return (struct span){ t.p, t.n };
}

#define DER(tag, ...) \
	der((tag), (const struct span[]){ __VA_ARGS__ }, \
	    sizeof((const struct span[]){ __VA_ARGS__ }) / sizeof(struct span))

enum { BOOLEAN = 1, INTEGER = 2, BIT_STRING = 3, OCTET_STRING = 4, OID = 6,
	UTF8_STRING = 12, UTC_TIME = 23, SEQUENCE = 0x30, SET = 0x31,
	DNS_NAME = 0x82, VERSION = 0xa0, EXTENSIONS = 0xa3 };

#define OID_COMMON_NAME		SPAN("\x55\x04\x03")
#define OID_ALT_NAMES		SPAN("\x55\x1d\x11")
#define OID_CONSTRAINTS		SPAN("\x55\x1d\x13")
#define OID_EC_KEY		SPAN("\x2a\x86\x48\xce\x3d\x02\x01")
#define OID_P256		SPAN("\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define OID_ECDSA_SHA256	SPAN("\x2a\x86\x48\xce\x3d\x04\x03\x02")
#define OID_RSA			SPAN("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")

static struct span
name_of(const char *cn)
{
	return DER(SEQUENCE, DER(SET, DER(SEQUENCE, DER(OID, OID_COMMON_NAME),
	    DER(UTF8_STRING, span_of(cn)))));
}

static struct span
alt_names(const char *list)
{
	struct span rest = span_of(list), word, all = { NULL, 0 };

	while (span_word(&rest, ",", &word)) {
		struct span both[2] = { all, DER(DNS_NAME, word) };
		struct sim_text t = { 0 };

		sim_text_put(&t, both[0].p != NULL ? both[0].p : "",
		    both[0].n);
		sim_text_put(&t, both[1].p, both[1].n);
		all = (struct span){ t.p, t.n };
	}
	return DER(SEQUENCE, DER(OID, OID_ALT_NAMES),
	    DER(OCTET_STRING, DER(SEQUENCE, all)));
}

static struct span
is_a_ca(void)
{
	return DER(SEQUENCE, DER(OID, OID_CONSTRAINTS),
	    DER(BOOLEAN, SPAN("\xff")), DER(OCTET_STRING,
	    DER(SEQUENCE, DER(BOOLEAN, SPAN("\xff")))));
}

/* ---- keys --------------------------------------------------------------- */

/* A private key is 32 octets of this value. */
enum { KEY_CA = 0x11, KEY_LEAF = 0x22 };

static br_ec_private_key
ec_key(int value)
{
	unsigned char *x = sim_alloc(32);

	memset(x, value, 32);
	return (br_ec_private_key){ BR_EC_secp256r1, x, 32 };
}

static struct span
bits(struct span s)
{
	struct sim_text t = { 0 };

	sim_text_put(&t, "", 1);	/* no unused bits */
	sim_text_put(&t, s.p, s.n);
	return DER(BIT_STRING, (struct span){ t.p, t.n });
}

static struct span
ec_spki(int value)
{
	br_ec_private_key k = ec_key(value);
	char *point = sim_alloc(BR_EC_KBUF_PUB_MAX_SIZE);
	size_t n = br_ec_compute_pub(br_ec_get_default(), NULL, point, &k);

	return DER(SEQUENCE, DER(SEQUENCE, DER(OID, OID_EC_KEY),
	    DER(OID, OID_P256)), bits((struct span){ point, n }));
}

static struct span
positive(const unsigned char *p, size_t n)
{
	struct sim_text t = { 0 };

	if ((p[0] & 0x80) != 0)
		sim_text_put(&t, "", 1);
	sim_text_put(&t, p, n);
	return DER(INTEGER, (struct span){ t.p, t.n });
}

/* Made once for all worlds, as it takes a while. */
static struct {
	bool done;
	br_rsa_private_key private;
	br_rsa_public_key public;
	unsigned char private_room[BR_RSA_KBUF_PRIV_SIZE(RSA_BITS)];
	unsigned char public_room[BR_RSA_KBUF_PUB_SIZE(RSA_BITS)];
} rsa;

static void
rsa_make(void)
{
	br_hmac_drbg_context random;

	if (rsa.done)
		return;
	br_hmac_drbg_init(&random, &br_sha256_vtable, "sim", 3);
	if (!br_rsa_keygen_get_default()(&random.vtable, &rsa.private,
	    rsa.private_room, &rsa.public, rsa.public_room, RSA_BITS, 65537))
		sim_fail("no RSA key could be made");
	rsa.done = true;
}

static struct span
rsa_spki(void)
{
	rsa_make();
	return DER(SEQUENCE, DER(SEQUENCE, DER(OID, OID_RSA), SPAN("\5\0")),
	    bits(DER(SEQUENCE, positive(rsa.public.n, rsa.public.nlen),
	    positive(rsa.public.e, rsa.public.elen))));
}

/* ---- certificates ------------------------------------------------------- */

#define EVER	"000101000000Z", "491231235959Z"
#define PAST	"000101000000Z", "011231235959Z"

struct plan {
	const char *subject, *issuer, *from, *until;
	struct span spki, extension;
	int signer;
};

static struct span
sign(struct span tbs, int signer)
{
	br_ec_private_key k = ec_key(signer);
	unsigned char hash[32];
	char *out = sim_alloc(80);
	br_sha256_context h;

	br_sha256_init(&h);
	br_sha256_update(&h, tbs.p, tbs.n);
	br_sha256_out(&h, hash);
	return (struct span){ out, br_ecdsa_sign_asn1_get_default()(
	    br_ec_get_default(), &br_sha256_vtable, hash, &k, out) };
}

static struct span
certificate(const struct plan *p)
{
	struct span algorithm = DER(SEQUENCE, DER(OID, OID_ECDSA_SHA256));
	struct span tbs = DER(SEQUENCE,
	    DER(VERSION, DER(INTEGER, SPAN("\2"))),
	    DER(INTEGER, SPAN("\7")), algorithm, name_of(p->issuer),
	    DER(SEQUENCE, DER(UTC_TIME, span_of(p->from)),
	    DER(UTC_TIME, span_of(p->until))), name_of(p->subject), p->spki,
	    DER(EXTENSIONS, DER(SEQUENCE, p->extension)));

	return DER(SEQUENCE, tbs, algorithm, bits(sign(tbs, p->signer)));
}

struct span
sim_tls_ca_der(void)
{
	struct plan p = { "Sim Root", "Sim Root", EVER, ec_spki(KEY_CA),
	    is_a_ca(), KEY_CA };

	return certificate(&p);
}

static const char *
pem_of(struct span cert)
{
	char room[4000];
	struct buf b = BUF(room);
	struct sim_text t = { 0 };
	size_t i;

	code_base64(&b, cert);
	sim_text_puts(&t, "-----BEGIN CERTIFICATE-----\n");
	for (i = 0; i < b.n; i += 64)
		sim_text_fmt(&t, "%.*s\n",
		    SPAN_ARG(span_part(buf_span(&b), i, 64)));
	sim_text_puts(&t, "-----END CERTIFICATE-----\n");
	return t.p;
}

const char *
sim_tls_ca(void)
{
	return pem_of(sim_tls_ca_der());
}

struct span
sim_tls_leaf_der(const struct sim_tls_words *w)
{
	struct plan p = { "Sim Server", "Sim Root", EVER,
	    w->rsa ? rsa_spki() : ec_spki(KEY_LEAF), alt_names(w->names),
	    KEY_CA };
	const char *past[] = { PAST };

	if (w->expired) {
		p.from = past[0];
		p.until = past[1];
	}
	if (w->self && !w->rsa) {
		p.issuer = p.subject;
		p.signer = KEY_LEAF;
	}
	return certificate(&p);
}

const br_rsa_private_key *
sim_tls_rsa_key(void)
{
	rsa_make();
	return &rsa.private;
}

br_ec_private_key
sim_tls_ec_key(void)
{
	return ec_key(KEY_LEAF);
}
