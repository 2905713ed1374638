/*
 * tls_pem_fuzz.c - any octets as a file of text armour.
 *
 * The first two octets say how much each read gives and what room an object
 * has.  What must hold: reads of any length say the same, what was read is read
 * alike out of a fresh armour, and there is an end.
 *
 * covers: src/tls_pem.c
 * covers: src/base_code.c code_unbase64 take_three value64
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/tls_int.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define ROOM		(256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct {
	struct span text;
	size_t piece;		/* octets of one read */
} file;

enum rc
port_pread(int fd, void *out, size_t n, int64_t at, size_t *got)
{
	struct span s = span_part(file.text, (size_t)at, file.piece);

	HOLDS(fd == 3 && n > 0);
	*got = s.n < n ? s.n : n;
	if (*got > 0)
		memcpy(out, s.p, *got);
	return RC_OK;
}

void
assert_failed(const char *name, int line)
{
	(void)name;
	(void)line;
	abort();
}

/* Adds an object in a line or two of armour. */
static void
put_pem(struct buf *out, enum pem_kind kind, struct span der)
{
	static const char *const labels[] = { "OTHER", "CERTIFICATE",
		"PUBLIC KEY", "PRIVATE KEY", "RSA PRIVATE KEY",
		"EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY" };

	buf_fmt(out, "-----BEGIN %s-----\n", labels[kind]);
	code_base64(out, der);
	buf_fmt(out, "\n-----END %s-----\n", labels[kind]);
}

/*
 * Reads all: what came, in words, to `log`, and the good ones as armour to
 * `again`.
 */
static void
read_all(struct buf *log, struct buf *again, size_t cap)
{
	static char room[4096];
	unsigned line = 0;
	struct buf der;
	struct pem p;

	buf_init(&der, room, cap);
	pem_start(&p, 3);
	for (;;) {
		enum pem_kind kind = PEM_OTHER;
		enum rc rc = pem_next(&p, &kind, &der);

		HOLDS(rc == RC_OK || rc == RC_WIRE || rc == RC_FULL ||
		    rc == RC_NONE);
		HOLDS(der.n < cap && (rc == RC_OK ? !der.full :
		    der.full || rc != RC_FULL));
		if (rc == RC_NONE)
			break;
		HOLDS(p.begun > line && p.line >= p.begun);
		line = p.begun;
		buf_fmt(log, "%d %d %u %u ", (int)rc, (int)kind, p.begun,
		    p.line);
		if (rc != RC_OK)
			continue;
		code_base64(log, buf_span(&der));
		put_pem(again, kind, buf_span(&der));
	}
	HOLDS(pem_next(&p, &(enum pem_kind){ PEM_OTHER }, &der) == RC_NONE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char rooms[6][ROOM];
	struct buf one = BUF(rooms[0]), two = BUF(rooms[1]);
	struct buf again = BUF(rooms[2]), ignored = BUF(rooms[3]);
	struct buf same = BUF(rooms[4]), more = BUF(rooms[5]);
	size_t cap;

	if (n < 2)
		return 0;
	cap = 1 + (size_t)data[1] * 8;
	file.text = (struct span){ (const char *)data + 2, n - 2 };
	file.piece = SIZE_MAX;
	read_all(&one, &again, cap);
	file.piece = 1 + data[0];
	read_all(&two, &ignored, cap);
	HOLDS(span_eq(buf_span(&one), buf_span(&two)));
	HOLDS(!one.full && !again.full);

	file.text = buf_span(&again);
	read_all(&same, &more, cap);
	HOLDS(span_eq(buf_span(&again), buf_span(&more)));
	return 0;
}
