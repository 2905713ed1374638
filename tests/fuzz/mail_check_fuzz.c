/*
 * mail_check_fuzz.c - messages of lines that tables know, and of others; header
 * and body checks against a reading of our own.
 *
 * covers: src/mail_check.c
 * covers: src/mail_content.c kind_of check_field flush_field cut_field
 * covers: src/mail_content.c pass_rest add_piece start_field check_line
 * covers: src/mail_content.c check_lines body_piece head_is_over head_piece
 */
#include "fuzz_content.h"

#define LINES_MAX	400
#define PIECE		2048	/* of a body line */

static const char *const lines[] = {
	"", "X:drop", "X:rep", "X:pre", "X:odd", "X:strip", "X:warn",
	"X \t:drop", " fold", "Subject: s", "From me", "drop", "rep", "pre",
	"none", "bad field", "MIME-Version:drop",
};

static const struct {
	const char *key, *value;
	char act;		/* of the reading: d, r, p or blank */
} known[] = {
	{ "drop", "IGNORE", 'd' }, { "strip", "STRIP", 'd' },
	{ "rep", "REPLACE New: text", 'r' },
	{ "pre", "PREPEND New: text", 'p' },
	{ "odd", "REJECT", ' ' }, { "warn", "WARN x", ' ' },
};

static void
tables(struct content_way *w)
{
	char text[800];
	struct buf b = BUF(text);

	buf_puts(&b, "inline:{");
	for (size_t i = 0; i < COUNT(known); i++)
		buf_fmt(&b, "{x:%s=%s},{%s=%s},", known[i].key,
		    known[i].value, known[i].key, known[i].value);
	b.n--;
	buf_puts(&b, "}");
	content_table(w, &w->header, buf_text(&b));
	content_table(w, &w->body, buf_text(&b));
}

static size_t
make_message(const uint8_t *data, size_t n, char *out)
{
	size_t m = 0, made = 0;

	for (size_t i = 0; i < n && made < LINES_MAX; made++) {
		uint8_t op = data[i++];

		if (op >= 128) {	/* a long one, with more behind it */
			size_t run = (op % 4 + 1) * 1024 + (op % 3 == 0);

			memset(out + m, 'a', run);
			out[m] = '\xE4';	/* in no field's name */
			m += run;
		}
		op %= COUNT(lines);
		strcpy(out + m, lines[op]);
		m += strlen(lines[op]);
		out[m++] = '\n';
	}
	return m;
}

/* ---- our own reading ----------------------------------------------------- */

static char want[CONTENT_MAX];
static size_t want_n;

static void
add(struct span s)
{
	if (s.n > 0)
		memcpy(want + want_n, s.p, s.n);
	want_n += s.n;
}

static void
add_line(struct span s)
{
	add(s);
	add(SPAN("\n"));
}

static char
act_on(struct span s)
{
	if (span_starts_case(s, "x:"))
		s = span_tail(s, 2);
	for (size_t i = 0; i < COUNT(known); i++)
		if (span_is_case(s, known[i].key))
			return known[i].act;
	return ' ';
}

static bool
is_field(struct span s)
{
	return span_find(s, ':') < s.n && (s.p[0] == 'X' || s.p[0] == 'S' ||
	    s.p[0] == 'M');
}

/* The text that is looked at, then what passes behind it. */
static void
read_field(struct span *in, struct span line, size_t limit)
{
	char text[8192];
	struct buf b = BUF(text);
	size_t colon = span_find(line, ':');
	struct span fold;
	bool goes = true, cut = false;
	char act;

	buf_put(&b, span_trim(span_head(line, colon)));
	buf_put(&b, span_tail(line, colon));
	while (in->n > 0 && in->p[0] == ' ' && b.n <= limit) {
		buf_putc(&b, '\n');
		HOLDS(span_line(in, &fold));
		buf_put(&b, fold);
	}
	cut = in->n > 0 && in->p[0] == ' ';
	act = span_starts_case(buf_span(&b), "mime") ? ' ' :
	    act_on(buf_span(&b));
	if (act == 'p' || act == 'r')
		add_line(SPAN("New: text"));
	goes = act != 'd' && act != 'r';
	if (goes)
		add_line(buf_span(&b));
	while (cut && in->n > 0 && in->p[0] == ' ') {
		HOLDS(span_line(in, &fold));
		if (goes)
			add_line(fold);
	}
}

static void
read_body_line(struct span line)
{
	bool is_out = line.n == 0;

	while (line.n > 0) {
		struct span part = span_head(line, PIECE);
		char act = act_on(part);

		line = span_tail(line, part.n);
		if (act == 'p' && !is_out)
			add_line(SPAN("New: text"));
		if (act == 'r')
			part = SPAN("New: text");
		if (act == 'd')
			continue;
		add(part);
		is_out = true;
	}
	if (is_out)
		add(SPAN("\n"));
}

static void
read_message(struct span in, size_t limit)
{
	struct span line;
	bool first = true;

	want_n = 0;
	for (; in.n > 0; first = false) {
		struct span at = in;

		HOLDS(span_line(&in, &line));
		if (first && span_starts_case(line, "From ")) {
			add_line(line);
			while (in.n > 0 && in.p[0] == ' ' &&
			    span_line(&in, &line))
				add_line(line);
		} else if (is_field(line)) {
			read_field(&in, line, limit);
		} else {
			add_line(SPAN(""));
			in = line.n == 0 ? in : at;
			break;
		}
	}
	while (span_line(&in, &line))
		read_body_line(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int64_t limits[] = { 102400, 12, 1, INT64_MAX };
	static struct content_way w;
	static char message[CONTENT_MAX], out[CONTENT_MAX];
	struct span in;
	size_t m;

	if (n == 0)
		return 0;
	content_way(&w);
	w.log.to_stderr = false;
	tables(&w);
	w.change.header_max = limits[data[0] % 4];
	in = (struct span){ message, make_message(data + 1, n - 1, message) };
	m = content_pass(&w, in, out);
	read_message(in, w.change.header_max > CONTENT_MAX ? CONTENT_MAX :
	    (size_t)w.change.header_max);
	HOLDS(span_eq((struct span){ out, m },
	    (struct span){ want, want_n }));
	return 0;
}
