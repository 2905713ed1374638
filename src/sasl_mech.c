/*
 * sasl_mech.c - what each mechanism says, and the mark of a login.
 */
#include <string.h>

#include <bearssl.h>

#include "sasl.h"

#define CHALLENGE_MAX	1024	/* decoded; RFC 2195 has some 50 octets */

static enum rc
put_base64(struct buf *out, const struct buf *plain)
{
	if (plain->full)
		return RC_FULL;
	code_base64(out, buf_span(plain));
	return out->full ? RC_FULL : RC_OK;
}

/* `authzid NUL authcid NUL password` (RFC 4616, 2). */
static enum rc
plain(const struct sasl *x, struct buf *out)
{
	char room[2 * SASL_USER_MAX + SASL_PASSWORD_MAX + 4];
	struct buf b = BUF(room);
	enum rc rc;

	if (x->authzid)
		buf_put(&b, buf_span(&x->user));
	buf_putc(&b, '\0');
	buf_put(&b, buf_span(&x->user));
	buf_putc(&b, '\0');
	buf_put(&b, buf_span(&x->password));
	rc = put_base64(out, &b);
	base_wipe(room, sizeof(room));
	return rc;
}

/* `user digest`, the digest keyed with the password (RFC 2195, 2). */
static enum rc
cram_md5(const struct sasl *x, struct span challenge, struct buf *out)
{
	char room[SASL_USER_MAX + 64];
	struct buf b = BUF(room);
	unsigned char mac[br_md5_SIZE];
	br_hmac_key_context key;
	br_hmac_context hmac;

	br_hmac_key_init(&key, &br_md5_vtable, x->password.p, x->password.n);
	br_hmac_init(&hmac, &key, 0);
	br_hmac_update(&hmac, challenge.p, challenge.n);
	br_hmac_out(&hmac, mac);
	base_wipe(&key, sizeof(key));
	base_wipe(&hmac, sizeof(hmac));
	buf_put(&b, buf_span(&x->user));
	buf_putc(&b, ' ');
	code_hex(&b, (struct span){ (const char *)mac, sizeof(mac) });
	return put_base64(out, &b);
}

/* What PLAIN and EXTERNAL have to say. */
static enum rc
first(const struct sasl *x, struct buf *out)
{
	return x->mech == SASL_PLAIN ? plain(x, out) :
	    put_base64(out, &x->user);
}

/* LOGIN's prompts are words for people: what they say does not matter. */
static enum rc
next(struct sasl *x, struct span challenge, struct buf *out)
{
	switch (x->mech) {
	case SASL_CRAM_MD5:
		return x->step > 1 ? RC_WIRE : cram_md5(x, challenge, out);
	case SASL_LOGIN:
		if (x->step > 2)
			return RC_WIRE;
		return put_base64(out, x->step == 1 ? &x->user : &x->password);
	default:		/* mostly all was said on the AUTH line */
		return x->held && x->step == 1 && challenge.n == 0 ?
		    first(x, out) : RC_WIRE;
	}
}

enum rc
sasl_initial(struct sasl *x, struct buf *out)
{
	size_t room = SASL_COMMAND_MAX - strlen("AUTH  \r\n") -
	    strlen(sasl_name(x->mech)), before = out->n;

	if (x->mech != SASL_PLAIN && x->mech != SASL_EXTERNAL)
		return RC_NONE;
	if (x->mech == SASL_EXTERNAL && x->user.n == 0) {
		buf_putc(out, '=');	/* nothing, as AUTH has it (4954, 4) */
		return out->full ? RC_FULL : RC_OK;
	}
	TRY(first(x, out));
	x->held = out->n - before > room;
	if (!x->held)
		return RC_OK;
	base_wipe(out->p + before, out->n - before);
	out->n = before;
	return RC_NONE;
}

enum rc
sasl_answer(struct sasl *x, struct span challenge, struct buf *out)
{
	char room[CHALLENGE_MAX];
	struct buf b = BUF(room);

	if (!code_unbase64(&b, challenge) || b.full)
		return RC_WIRE;
	x->step++;
	return next(x, buf_span(&b), out);
}

/* Each part with its length: no two lists of parts look the same. */
static void
add_part(br_sha256_context *h, struct span s)
{
	uint32_t length = (uint32_t)s.n;

	br_sha256_update(h, &length, sizeof(length));
	if (s.n > 0)
		br_sha256_update(h, s.p, s.n);
}

void
sasl_mark(const struct sasl *x, struct span salt, struct span server,
    struct buf *out)
{
	char sum[SASL_MARK_BYTES];
	br_sha256_context h;

	br_sha256_init(&h);
	add_part(&h, salt);
	add_part(&h, server);
	add_part(&h, buf_span(&x->user));
	add_part(&h, buf_span(&x->password));
	br_sha256_out(&h, sum);
	base_wipe(&h, sizeof(h));
	code_hex(out, (struct span){ sum, sizeof(sum) });
}
