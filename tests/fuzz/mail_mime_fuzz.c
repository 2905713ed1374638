/*
 * mail_mime_fuzz.c - messages made of lines that mean something, converted for
 * a server without 8BITMIME.
 *
 * A reading of our own follows the structure, line by line, with what leaves:
 * parts that are encoded are decoded again and must be what they were, in lines
 * of ASCII and at most 76 octets; all else is the same, but for labels.
 *
 * covers: src/mail_mime.c
 * covers: src/mail_qp.c
 * covers: src/mail_content.c take_room mail_content_start tell give_field
 * covers: src/mail_content.c flush_field start_field end_head convert
 * covers: src/mail_content.c body_piece
 * covers: src/mail_content.c next_piece head_is_over head_piece give
 * covers: src/mail_content.c finish step
 * covers: src/mail_content.c mail_content_read next_step is_plain goes_on
 */
#include "fuzz_content.h"

#define LINES_MAX	2000
#define LEVELS_MAX	600

static const char *const lines[] = {
	"", "Content-Type: multipart/mixed; boundary=b0",
	"Content-Type: multipart/alternative;\n\tboundary=\"b1\"",
	"Content-Type: multipart/signed; boundary=s0",
	"Content-Type: multipart/digest; boundary=(c)d0",
	"Content-Type: message/rfc822", "Content-Type: message/partial",
	"Content-Type: text/plain; charset=x",
	"Content-Transfer-Encoding: 8bit",
	"content-transfer-encoding : binary",
	"Content-Transfer-Encoding: base64", "Subject: x", " folded",
	"--b0", "--b0--", "--b1 ", "--b1--", "--s0", "--s0--", "--d0",
	"--d0--", "Content-Type: multipart/mixed", "From someone",
};

/* Text that begins nothing: no field, no fold, no boundary. */
static size_t
put_text(char *to, const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = (char)data[i];
		if (to[i] == ':' || to[i] == '\n' || to[i] == '\r' ||
		    (i == 0 && strchr(" \t->F", to[i]) != NULL))
			to[i] = '.';
	}
	return n;
}

static size_t
make_message(const uint8_t *data, size_t n, char *out)
{
	size_t m = 0, made = 0;

	for (size_t i = 0; i < n && made < LINES_MAX; made++) {
		uint8_t op = data[i++];

		if (op < COUNT(lines)) {
			strcpy(out + m, lines[op]);
			m += strlen(lines[op]);
		} else {
			size_t left = n - i, most = op % 128;

			left = left < most ? left : most;
			m += put_text(out + m, data + i, left);
			i += left;
		}
		out[m++] = '\n';
	}
	return m;
}

/* ---- our own reading ----------------------------------------------------- */

struct reading {
	struct span in, out;	/* what is left of them */
	bool has_field, wide, withheld, converts;
	char type;		/* t(ext) m(ultipart) r(fc822) o(ther) */
	char name;		/* of its boundary: b0 is b, b1 is c; s, d */
	char label[8192];	/* as it stands in the message */
	unsigned depth, frozen;
	char names[LEVELS_MAX];
};

static struct span
take(struct span *s)
{
	struct span line = { s->p, span_find(*s, '\n') };

	HOLDS(s->n > 0);
	*s = span_tail(*s, line.n + 1);
	return line;
}

static void
comes_out(struct reading *r, struct span line)
{
	struct span got = take(&r->out);

	HOLDS(span_eq(got, line));
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ?
	    c - 'A' + 10 : -1;
}

/* One line of text is on one or more of quoted-printable. */
static void
comes_out_encoded(struct reading *r, struct span line)
{
	size_t at = 0;
	bool soft = true;

	while (soft) {
		struct span q = take(&r->out);

		HOLDS(q.n <= 76);
		soft = q.n > 0 && q.p[q.n - 1] == '=';
		HOLDS(q.n == 0 || soft || (q.p[q.n - 1] > ' '));
		q.n -= soft;
		for (size_t i = 0; i < q.n; i++) {
			char c = q.p[i];

			HOLDS((c >= ' ' && c <= '~') || c == '\t');
			if (c == '=') {
				HOLDS(i + 2 < q.n && digit(q.p[i + 1]) >= 0 &&
				    digit(q.p[i + 2]) >= 0);
				c = (char)(digit(q.p[i + 1]) * 16 +
				    digit(q.p[i + 2]));
				i += 2;
			}
			HOLDS(at < line.n && line.p[at] == c);
			at++;
		}
	}
	HOLDS(at == line.n);
}

static bool
begins(struct span s, const char *with)
{
	return span_starts_case(s, with);
}

static void
fresh_head(struct reading *r, bool message)
{
	r->has_field = r->wide = r->withheld = r->converts = false;
	r->type = message ? 'r' : 't';
	r->name = '\0';
}

static void
read_type(struct reading *r, struct span value)
{
	r->name = '\0';
	r->type = begins(value, " multipart") ? 'm' :
	    begins(value, " message/rfc822") ? 'r' :
	    begins(value, " message") ? 'o' : 't';
	if (r->type != 'm')
		return;
	if (memmem(value.p, value.n, "b0", 2) != NULL)
		r->name = 'b';
	if (memmem(value.p, value.n, "b1", 2) != NULL)
		r->name = 'c';
	if (memmem(value.p, value.n, "s0", 2) != NULL)
		r->name = 's';
	if (memmem(value.p, value.n, "d0", 2) != NULL)
		r->name = 'd';
}

/* A field with its folds. */
static void
read_field(struct reading *r, struct span line)
{
	char text[16384];
	struct buf b = BUF(text);
	size_t colon = span_find(line, ':');
	struct span value;

	buf_put(&b, span_head(line, colon - (line.p[colon - 1] == ' ' &&
	    r->frozen == 0)));
	buf_put(&b, span_tail(line, colon));
	while (r->in.n > 0 && (r->in.p[0] == ' ' || r->in.p[0] == '\t')) {
		buf_putc(&b, '\n');
		buf_put(&b, take(&r->in));
	}
	HOLDS(!b.full);
	value = span_tail(buf_span(&b), span_find(buf_span(&b), ':') + 1);
	if (begins(line, "Content-Type"))
		read_type(r, value);
	if (begins(line, "Content-Transfer")) {
		r->wide = !begins(value, " base64");
		r->withheld = r->wide && r->frozen == 0 && b.n <= 200;
		if (r->withheld) {
			strcpy(r->label, buf_text(&b));
			return;
		}
	}
	value = buf_span(&b);
	while (value.n > 0)
		comes_out(r, take(&value));
}

/* Another header follows: a message is inside. */
static bool
end_of_head(struct reading *r)
{
	struct span label = span_of(r->label);
	char type = r->type;

	if (type == 'm' && (r->name == '\0' || r->depth == 500))
		type = 'o';
	if (type == 'm') {
		r->names[r->depth++] = r->name;
		if (r->name == 's' && r->frozen == 0)
			r->frozen = r->depth;
	}
	r->converts = r->withheld && type == 't';
	if (r->converts)
		label = SPAN("Content-Transfer-Encoding: quoted-printable");
	else if (type != 'o' && r->frozen == 0)
		label = SPAN("Content-Transfer-Encoding: 7bit");
	while (r->withheld && label.n > 0)
		comes_out(r, take(&label));
	if (type == 'r')
		fresh_head(r, false);
	return type == 'r';
}

static bool
is_field(struct span line)
{
	return (begins(line, "Content-") || begins(line, "Subject:")) &&
	    span_find(line, ':') < line.n;
}

/* Which level's boundary is it?  0: none, else the level above it. */
static unsigned
level_of(const struct reading *r, struct span line, bool *ends)
{
	static const char known[] = "b0bb1cs0sd0d";

	for (unsigned i = 0; i < 12; i += 3)
		for (unsigned l = r->depth; l > 0; l--)
			if (line.n >= 4 && line.p[0] == '-' &&
			    line.p[2] == known[i] &&
			    line.p[3] == known[i + 1] &&
			    r->names[l - 1] == known[i + 2]) {
				*ends = line.n >= 6 && line.p[4] == '-';
				return l;
			}
	return 0;
}

static void
read_head(struct reading *r, bool is_first)
{
	bool stays, ends;

	do {
		struct span line;

		if (r->in.n == 0)
			break;
		if (is_first && begins(r->in, "From ")) {
			comes_out(r, take(&r->in));
			while (r->in.n > 0 && r->in.p[0] == ' ')
				comes_out(r, take(&r->in));
			r->has_field = true;
			is_first = false;
			continue;
		}
		is_first = false;
		line = (struct span){ r->in.p, span_find(r->in, '\n') };
		if (is_field(line)) {
			r->has_field = true;
			read_field(r, take(&r->in));
			continue;
		}
		stays = r->frozen > 0 || level_of(r, line, &ends) > 0;
		if (line.n == 0)
			(void)take(&r->in);
		if (!end_of_head(r)) {
			if (line.n == 0 || !stays)
				comes_out(r, SPAN(""));
			return;
		}
		if (line.n == 0 || !stays)
			comes_out(r, SPAN(""));
	} while (true);
	if (r->has_field)
		(void)end_of_head(r);
}

static void
read_body(struct reading *r)
{
	while (r->in.n > 0) {
		struct span line = take(&r->in);
		bool ends = false;
		unsigned level = level_of(r, line, &ends);

		if (level == 0) {
			if (r->converts)
				comes_out_encoded(r, line);
			else
				comes_out(r, line);
			continue;
		}
		comes_out(r, line);
		r->depth = ends ? level - 1 : level;
		if (r->frozen > r->depth)
			r->frozen = 0;
		fresh_head(r, !ends && r->names[level - 1] == 'd');
		if (!ends)
			read_head(r, false);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct content_way w;
	static struct reading r;
	static char message[CONTENT_MAX], once[CONTENT_MAX],
	    twice[CONTENT_MAX];
	size_t m, again;

	if (n > 8000)
		return 0;
	content_way(&w);
	w.change.to_7bit = true;
	r = (struct reading){ .in = { message, make_message(data, n,
	    message) } };
	m = content_pass(&w, r.in, once);
	r.out = (struct span){ once, m };
	fresh_head(&r, false);
	read_head(&r, true);
	read_body(&r);
	HOLDS(r.out.n == 0);
	again = content_pass(&w, (struct span){ once, m }, twice);
	HOLDS(span_eq((struct span){ once, m },
	    (struct span){ twice, again }));
	return 0;
}
