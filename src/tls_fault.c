/*
 * tls_fault.c - what a handshake or a connection failed of, in words.
 */
#include <string.h>

#include "tls_int.h"

enum { PROTOCOL_VERSION = 70, HANDSHAKE_FAILURE = 40 };

/* Alerts as RFC 5246, 7.2 and its successors name them: number, name... */
static const char alerts[] =
	"\012unexpected message\0"
	"\024bad record MAC\0"
	"\025decryption failed\0"
	"\026record overflow\0"
	"\036decompression failure\0"
	"\050handshake failure\0"
	"\051no certificate\0"
	"\052bad certificate\0"
	"\053unsupported certificate\0"
	"\054certificate revoked\0"
	"\055certificate expired\0"
	"\056certificate unknown\0"
	"\057illegal parameter\0"
	"\060unknown CA\0"
	"\061access denied\0"
	"\062decode error\0"
	"\063decrypt error\0"
	"\074export restriction\0"
	"\106protocol version\0"
	"\107insufficient security\0"
	"\120internal error\0"
	"\126inappropriate fallback\0"
	"\132user canceled\0"
	"\144no renegotiation\0"
	"\155missing extension\0"
	"\156unsupported extension\0"
	"\160unrecognized name\0"
	"\163unknown PSK identity\0"
	"\164certificate required\0"
	"\170no application protocol\0";

/* BearSSL's errors, which tell what the server sent. */
static const char errors[] =
	"\001a malformed certificate list\0"
	"\004a record of another version\0"
	"\005a record of impossible length\0"
	"\006a record that is too large\0"
	"\007a record that was tampered with (bad MAC)\0"
	"\012a message out of turn\0"
	"\014a bad change of cipher\0"
	"\015a bad alert\0"
	"\016a bad handshake message\0"
	"\017a session id that is too long\0"
	"\020a cipher that was not offered\0"
	"\021compression that was not offered\0"
	"\022a fragment length that was not offered\0"
	"\023bad renegotiation data\0"
	"\024an extension that was not asked for\0"
	"\025a bad answer to the server name\0"
	"\026a bad end of its hello\0"
	"\027a key or signature that is too large\0"
	"\030a finished message that does not fit\0"
	"\031another cipher for a resumed session\0"
	"\032an algorithm that was not offered\0"
	"\033a wrong signature\0"
	"\034a certificate whose key may not be used so\0"
	"\041a malformed certificate\0"
	"\043no certificate\0"
	"\061a certificate with a key of a kind that postern does not have\0"
	"\062a certificate that is too large\0"
	"\074a certificate with a key that is too short\0";

static const char *
word_of(const char *list, size_t n, unsigned number)
{
	const char *end = list + n - 1;

	for (; list < end; list += strlen(list) + 1)
		if ((unsigned char)*list == number)
			return list + 1;
	return NULL;
}

/* The same alert means several things: say the likely one. */
static void
put_reason(struct buf *b, const struct fault *f, unsigned alert)
{
	if (alert == PROTOCOL_VERSION && f->max >= BR_TLS12)
		buf_puts(b, "the server speaks only TLS 1.3, which postern "
		    "does not have");
	else if (alert == PROTOCOL_VERSION)
		buf_fmt(b, "the server has none of the versions %s to %s",
		    suite_version(f->min), suite_version(f->max));
	else if (alert == HANDSHAKE_FAILURE && f->was_asked)
		buf_puts(b, "the server wants another client certificate, or "
		    "one at all");
	else if (alert == HANDSHAKE_FAILURE && !f->has_cert)
		buf_puts(b, "no shared cipher, only TLS 1.3, or a server key "
		    "of a kind that postern does not have");
	else
		buf_puts(b, "the server gave up");
}

static void
put_alert(struct buf *b, const struct fault *f, unsigned alert)
{
	const char *name = word_of(alerts, sizeof(alerts), alert);

	put_reason(b, f, alert);
	if (name != NULL)
		buf_fmt(b, " (%s alert)", name);
	else
		buf_fmt(b, " (alert %u)", alert);
}

void
fault_put(struct buf *b, const struct fault *f)
{
	unsigned error = (unsigned)f->error;
	const char *word;

	if (error >= BR_ERR_RECV_FATAL_ALERT) {
		put_alert(b, f, error % BR_ERR_RECV_FATAL_ALERT);
		return;
	}
	word = word_of(errors, sizeof(errors), error);
	if (f->not_tls)
		buf_puts(b, "what the server sent is no TLS");
	else if (error == BR_ERR_UNSUPPORTED_VERSION)
		buf_fmt(b, "the server chose a version outside %s to %s",
		    suite_version(f->min), suite_version(f->max));
	else if (word != NULL)
		buf_fmt(b, "the server sent %s", word);
	else
		buf_fmt(b, "TLS error %u", error);
}
