/*
 * mail_read_fuzz.c - any octets as a stored message.
 *
 * The first octet chooses how it is read. Octet 1 in the rest stands for a run
 * that nearly fills a piece, as trouble lives at the borders of pieces.
 *
 * covers: src/mail_read.c
 * covers: src/mail_look.c
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "mail.h"

#define RUN		(MAIL_PIECE_MAX - 2)
#define MESSAGE_MAX	(20 * MAIL_PIECE_MAX)
#define HOLDS(x)	do { if (!(x)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t
unpack(const uint8_t *data, size_t n, char *out)
{
	size_t m = 0;

	for (size_t i = 0; i < n && m + RUN < MESSAGE_MAX; i++) {
		size_t run = data[i] == 1 ? RUN : 1;

		memset(out + m, data[i] == 1 ? 'x' : data[i], run);
		m += run;
	}
	return m;
}

/* What the message means: lines, each with LF behind it. */
static size_t
oracle(struct span in, const struct mail_source *src, char *out)
{
	size_t first = span_find(in, '\n'), n = 0;
	bool crlf = src->ends == MAIL_ENDS_ALWAYS
	    || (src->ends == MAIL_ENDS_STRICT && first < in.n && first > 0
	    && in.p[first - 1] == '\r');

	for (size_t i = 0; i < in.n; i++) {
		bool stray = in.p[i] == '\r';

		if (stray && crlf && i + 1 < in.n && in.p[i + 1] == '\n')
			continue;
		out[n++] = stray && src->replace_stray ? ' ' : in.p[i];
	}
	if (in.n > 0 && in.p[in.n - 1] != '\n')
		out[n++] = '\n';
	return n;
}

/* Follows the reader with what the oracle said; returns the wire's octets. */
static int64_t
follow(struct mail_reader *r, const struct mail_source *src,
	const char *want, size_t n)
{
	size_t at = 0;
	int64_t wire = 0;
	struct span piece;
	bool last;
	enum rc rc;

	mail_read_start(r, src);
	while ((rc = mail_read(r, &piece, &last)) == RC_OK) {
		HOLDS(piece.n <= MAIL_PIECE_MAX && piece.n <= n - at);
		HOLDS(span_eq(piece, (struct span){ want + at, piece.n }));
		HOLDS(span_find(piece, '\n') == piece.n);
		at += piece.n;
		wire += (int64_t)piece.n;
		if (last) {
			HOLDS(at < n && want[at] == '\n');
			at++;
			wire += 2;
		}
	}
	HOLDS(rc == RC_NONE && at == n);
	return wire;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct mail_reader reader;
	static char message[MESSAGE_MAX], want[MESSAGE_MAX + 1];
	struct mail_source src = { 0 };
	struct mail_facts facts;
	unsigned how;
	size_t m;

	if (n == 0)
		return 0;
	how = data[0];
	src.ends = (enum mail_ends)(how % 3);
	src.replace_stray = (how & 4) != 0;
	m = unpack(data + 1, n - 1, message);
	src.start = how >> 6;
	if ((size_t)src.start > m)
		src.start = 0;
	src.size = (int64_t)m - src.start;

	sim_begin();
	sim_file_bytes("/message", message, m);
	HOLDS(port_open("/message", &src.fd) == RC_OK);
	m = oracle((struct span){ message + src.start, (size_t)src.size },
	    &src, want);
	HOLDS(mail_look(&reader, &src, SPAN("u@d"), &facts) == RC_OK);
	HOLDS(follow(&reader, &src, want, m) == facts.wire_bytes);

	/* The same file, but a message longer than what is left of it. */
	src.size++;
	HOLDS(mail_look(&reader, &src, SPAN("u@d"), &facts) == RC_OS);
	port_close(src.fd);
	return 0;
}
