/*
 * queue_file.c - the format of a queue file: head, content, envelope, marks and
 * trail.
 *
 * All but the content is text, to be read in a hex dump by people in trouble.
 * The head has fixed places, so that it can be written over in place; numbers
 * are decimal with zeros in front, texts are filled up with blanks:
 *
 *	  0  "POSTERN1"		what it is, and the version of what follows
 *	  9  flags, 4		QUEUE_ bits
 *	 14  body, 1		enum job_body
 *	 16  ret, 1		enum job_ret
 *	 18  arrived_ms, 15
 *	 34  tries, 7
 *	 42  uid, 10
 *	 53  body_bytes, 15
 *	 69  env_bytes, 10
 *	 80  rcpts, 8
 *	 89  dsn, 11
 *	101  hop, 127
 *	229  reason, 199
 *	429  82 blanks
 *
 * Behind each number is a blank, behind each text and at 511 a newline.
 *
 * The content follows, then the envelope: a line each for the sender (`F`), the
 * envelope id (`V`) and the attributes (`0` to `6`, in the order of enum
 * job_attr), maybe empty; then three lines for each recipient:
 *
 *	R, its state, NOTIFY as a hex digit, and the address
 *	its ORCPT, or nothing
 *	the address as it was given, or nothing
 *
 * Addresses may hold any octet but NUL, CR and LF, so lines need no escapes.
 *
 * What stands behind the envelope is the trail, a line for each record:
 *
 *	T, a sum, index, fate, dsn, relay, text		with tabs between them
 *
 * ahead of which another line end stands: what a power cut tore apart ends
 * there, and is passed over, as the sum (FNV-1a of what follows it) does not
 * fit.  It was not synced yet, so its recipient has no mark: it is tried again.
 *
 * Readers trust nothing: a number that is none, a text with control characters,
 * a length beyond what the file has, a line without end and a record out of
 * place are RC_WIRE.
 */
#include <string.h>

#include "queue_int.h"

#define MAGIC		"POSTERN1 "
/* R, state, NOTIFY, one octet of an address, and three line ends. */
#define RCPT_LEAST	7

/* ---- the head ------------------------------------------------------------ */

#define NUMBER(field, digits) { offsetof(struct queue_head, field), digits, \
	sizeof(((struct queue_head *)0)->field) == sizeof(int64_t) }
static const struct number {
	unsigned char at, digits;
	bool is_wide;
} numbers[] = {
	NUMBER(flags, 4),
	NUMBER(body, 1),
	NUMBER(ret, 1),
	NUMBER(arrived_ms, 15),
	NUMBER(tries, 7),
	NUMBER(uid, 10),
	NUMBER(body_bytes, 15),
	NUMBER(env_bytes, 10),
	NUMBER(rcpts, 8),
};

/* Digits of one width; what is too large becomes as large as may be. */
static void
put_number(struct buf *b, const struct queue_head *h, const struct number *n)
{
	const char *from = (const char *)h + n->at;
	char digits[16];
	uint32_t narrow;
	int64_t v;

	memcpy(&narrow, from, sizeof(narrow));
	v = narrow;
	if (n->is_wide)
		memcpy(&v, from, sizeof(v));
	if (v < 0)
		v = 0;
	for (size_t i = n->digits; i-- > 0; v /= 10)
		digits[i] = (char)('0' + v % 10);
	for (size_t i = 0; v > 0 && i < n->digits; i++)
		digits[i] = '9';
	buf_fmt(b, "%.*s ", (int)n->digits, digits);
}

/* Up to place `end`, whose last is the newline. */
static void
put_text(struct buf *b, const char *text, size_t end)
{
	struct buf field = { .p = b->p, .n = b->n, .cap = end };

	text_printable(&field, span_of(text));
	b->n = field.n;
	while (b->n < end - 1)
		buf_putc(b, ' ');
	buf_putc(b, '\n');
}

void
queue_head_put(struct buf *b, const struct queue_head *h)
{
	size_t from = b->n;

	buf_puts(b, MAGIC);
	for (size_t i = 0; i < COUNT(numbers); i++)
		put_number(b, h, &numbers[i]);
	put_text(b, h->dsn, b->n + DSN_MAX);
	put_text(b, h->hop, b->n + QUEUE_HOP_MAX);
	put_text(b, h->reason, b->n + QUEUE_REASON_MAX);
	put_text(b, "", from + QUEUE_HEAD_BYTES);
}

static bool
take_number(struct span *rest, struct queue_head *out, const struct number *n)
{
	char *to = (char *)out + n->at;
	uint32_t narrow;
	uint64_t v;

	if (rest->n <= n->digits || rest->p[n->digits] != ' ' ||
	    !span_number(span_head(*rest, n->digits), n->is_wide ?
	    INT64_MAX : UINT32_MAX, &v))
		return false;
	*rest = span_tail(*rest, n->digits + 1);
	narrow = (uint32_t)v;
	if (n->is_wide)
		memcpy(to, &v, sizeof(v));
	else
		memcpy(to, &narrow, sizeof(narrow));
	return true;
}

/* A field of `n` octets with its newline, as text into as many. */
static bool
take_text(struct span *rest, char *out, size_t n)
{
	struct span field = span_head(*rest, n - 1);

	if (rest->n < n || rest->p[n - 1] != '\n')
		return false;
	for (size_t i = 0; i < field.n; i++)
		if ((unsigned char)field.p[i] < ' ')
			return false;
	*rest = span_tail(*rest, n);
	while (field.n > 0 && field.p[field.n - 1] == ' ')
		field.n--;
	span_copy(field, out, n);
	return true;
}

static bool
parse_head(struct span text, struct queue_head *out)
{
	char filler[QUEUE_HEAD_BYTES];

	if (!span_is(span_head(text, sizeof(MAGIC) - 1), MAGIC))
		return false;
	text = span_tail(text, sizeof(MAGIC) - 1);
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (!take_number(&text, out, &numbers[i]))
			return false;
	return out->body <= JOB_BODY_8BITMIME && out->ret <= JOB_RET_HDRS
	    && take_text(&text, out->dsn, DSN_MAX)
	    && take_text(&text, out->hop, QUEUE_HOP_MAX)
	    && take_text(&text, out->reason, QUEUE_REASON_MAX)
	    && take_text(&text, filler, text.n) && filler[0] == '\0';
}

/* As many octets as that, of a part that must be there. */
static enum rc
read_whole(int fd, void *out, size_t n, int64_t at)
{
	char *p = out;
	size_t got;

	for (; n > 0; n -= got, p += got, at += (int64_t)got) {
		TRY(port_pread(fd, p, n, at, &got));
		if (got == 0)
			return RC_WIRE;
	}
	return RC_OK;
}

enum rc
queue_head_read(int fd, struct queue_head *out)
{
	char room[QUEUE_HEAD_BYTES];
	struct port_stat st;
	int64_t left;
	enum rc rc;

	rc = port_stat_fd(fd, &st);
	if (rc == RC_OK)
		rc = st.is_file ? read_whole(fd, room, sizeof(room), 0)
		    : RC_WIRE;
	if (rc != RC_OK)
		return rc == RC_WIRE ? rc : RC_OS;
	if (!parse_head((struct span){ room, sizeof(room) }, out))
		return RC_WIRE;
	left = st.size - QUEUE_HEAD_BYTES;
	if (out->body_bytes > left || out->env_bytes > left - out->body_bytes)
		return RC_WIRE;
	return out->rcpts <= out->env_bytes / RCPT_LEAST ? RC_OK : RC_WIRE;
}

enum rc
queue_head_write(int fd, const struct queue_head *h)
{
	char room[QUEUE_HEAD_BYTES + 1];
	struct buf b = BUF(room);

	queue_head_put(&b, h);
	return port_write_at(fd, buf_span(&b), 0);
}

/* ---- the envelope -------------------------------------------------------- */

static bool
is_line(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || s.p[i] == '\n' || s.p[i] == '\r')
			return false;
	return true;
}

static const char tags[QUEUE_FIELDS] = { 'F', 'V', '0', '1', '2', '3', '4',
	'5', '6' };

enum rc
queue_envelope_put(struct buf *b, const struct queue_envelope *e)
{
	size_t from = b->n;

	for (unsigned i = 0; i < QUEUE_FIELDS; i++) {
		if (!is_line(e->field[i]))
			return RC_WIRE;
		buf_fmt(b, "%c%.*s\n", tags[i], SPAN_ARG(e->field[i]));
	}
	return b->full || b->n - from > QUEUE_ENVELOPE_BYTES ||
	    e->sender.n > RCPT_ADDR_MAX ? RC_FULL : RC_OK;
}

enum rc
queue_rcpt_put(struct buf *b, const struct rcpt *to, struct span given)
{
	if (to->addr.n == 0 || !is_line(to->addr) || !is_line(to->orcpt) ||
	    !is_line(given) || to->notify > 15)
		return RC_WIRE;
	if (to->addr.n > RCPT_ADDR_MAX || to->orcpt.n > RCPT_ADDR_MAX ||
	    given.n > RCPT_ADDR_MAX)
		return RC_FULL;
	buf_fmt(b, "R%c%x%.*s\n%.*s\n%.*s\n", QUEUE_WAITS, to->notify,
	    SPAN_ARG(to->addr), SPAN_ARG(to->orcpt), SPAN_ARG(given));
	return b->full ? RC_FULL : RC_OK;
}

/* The next line of text; false: it has no end here. */
static bool
take_line(struct span *rest, struct span *line)
{
	size_t n = span_find(*rest, '\n');

	if (n == rest->n)
		return false;
	*line = span_head(*rest, n);
	*rest = span_tail(*rest, n + 1);
	return is_line(*line);
}

static bool
take_tagged(struct span *rest, char tag, struct span *out)
{
	if (rest->n == 0 || rest->p[0] != tag || !take_line(rest, out))
		return false;
	*out = span_tail(*out, 1);
	return true;
}

enum rc
queue_reader_start(struct queue_reader *r, int fd, const struct queue_head *h,
	struct queue_envelope *out)
{
	/* cppcheck-suppress ctuuninitvar ; an address is all that is taken */
	struct span rest = { .p = r->envelope };

	r->fd = fd;
	r->at = QUEUE_HEAD_BYTES + h->body_bytes;
	r->end = r->at + h->env_bytes;
	r->rcpts = h->rcpts;
	r->index = 0;
	r->from = r->n = 0;
	rest.n = h->env_bytes < QUEUE_ENVELOPE_BYTES ? (size_t)h->env_bytes
	    : QUEUE_ENVELOPE_BYTES;
	TRY(read_whole(fd, r->envelope, rest.n, r->at));
	for (unsigned i = 0; i < QUEUE_FIELDS; i++)
		if (!take_tagged(&rest, tags[i], &out->field[i]))
			return RC_WIRE;
	r->at += rest.p - r->envelope;
	return out->sender.n <= RCPT_ADDR_MAX ? RC_OK : RC_WIRE;
}

void
queue_rcpt_seek(struct queue_reader *r, int64_t at, unsigned index)
{
	r->at = at - 1;		/* R stands ahead of the state */
	r->index = index;
	r->from = r->n = 0;
}

/* Lets the next record be in memory as a whole, if it is one. */
static enum rc
fill(struct queue_reader *r)
{
	int64_t left = r->end - r->at - (int64_t)r->n;
	size_t room = sizeof(r->data) - r->n;

	if (left == 0)
		return RC_OK;
	memmove(r->data, r->data + r->from, r->n);
	r->from = 0;
	if ((int64_t)room > left)
		room = (size_t)left;
	TRY(read_whole(r->fd, r->data + r->n, room, r->at + (int64_t)r->n));
	r->n += room;
	return RC_OK;
}

/*
 * `R`, the state, NOTIFY, then the address.  `at` is the place of the record.
 */
static bool
parse_rcpt(struct span *rest, struct queue_rcpt *out)
{
	struct span line;
	size_t notify;

	if (!take_tagged(rest, 'R', &line) || line.n < 3)
		return false;
	out->state = (enum queue_state)line.p[0];
	if (span_find(SPAN("-sSNn"), line.p[0]) == 5)
		return false;
	notify = span_find(SPAN("0123456789abcdef"), line.p[1]);
	out->to.notify = (unsigned)notify;
	out->to.addr = span_tail(line, 2);
	return notify < 16 && take_line(rest, &out->to.orcpt)
	    && take_line(rest, &out->given)
	    && out->to.addr.n <= RCPT_ADDR_MAX
	    && out->to.orcpt.n <= RCPT_ADDR_MAX
	    && out->given.n <= RCPT_ADDR_MAX;
}

enum rc
queue_rcpt_next(struct queue_reader *r, struct queue_rcpt *out)
{
	struct span rest = { r->data + r->from, r->n };
	size_t used;

	*out = (struct queue_rcpt){ .index = r->index, .at = r->at + 1 };
	if (r->at == r->end)
		return r->index == r->rcpts ? RC_NONE : RC_WIRE;
	if (r->index >= r->rcpts)
		return RC_WIRE;
	if (!parse_rcpt(&rest, out)) {
		TRY(fill(r));
		rest = (struct span){ r->data + r->from, r->n };
		if (!parse_rcpt(&rest, out))
			return RC_WIRE;
	}
	used = r->n - rest.n;
	r->from += used;
	r->n -= used;
	r->at += (int64_t)used;
	r->index++;
	return RC_OK;
}

enum rc
queue_mark(int fd, int64_t at, enum queue_state state)
{
	char c = (char)state;

	return port_write_at(fd, (struct span){ &c, 1 }, at);
}

/* ---- the trail ----------------------------------------------------------- */

#define SUM_HEX		8

static uint32_t
sum(struct span s)
{
	uint32_t v = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		v = (v ^ (unsigned char)s.p[i]) * 16777619u;
	return v;
}

/* A field and the tab ahead of it; what does not fit is cut. */
static void
put_piece(struct buf *b, struct span s, size_t most)
{
	buf_putc(b, '\t');
	text_printable(b, span_head(s, most));
}

/* A line end, `T`, the sum of what follows it, the fields, and a line end. */
enum rc
queue_trail_add(int fd, const struct queue_fault *f)
{
	char room[QUEUE_FAULT_BYTES];
	struct buf b = BUF(room), digest = buf_over(room + 2, SUM_HEX + 1);
	struct port_stat st;

	b.cap--;		/* room for the last line end */
	buf_fmt(&b, "\nT%08x\t%u\t%u", 0, f->index, (unsigned)f->fate);
	put_piece(&b, f->dsn, DSN_MAX - 1);
	put_piece(&b, f->relay, QUEUE_RELAY_MAX);
	put_piece(&b, f->text, f->text.n);
	buf_fmt(&digest, "%08x", sum(span_tail(buf_span(&b), 2 + SUM_HEX)));
	b.cap++;
	buf_putc(&b, '\n');
	if (port_stat_fd(fd, &st) != RC_OK)
		return RC_OS;
	return port_write_at(fd, buf_span(&b), st.size);
}

void
queue_trail_start(struct queue_trail *t, int fd, const struct queue_head *h)
{
	t->fd = fd;
	t->at = QUEUE_HEAD_BYTES + h->body_bytes + h->env_bytes;
}

static struct span
take_piece(struct span *rest)
{
	size_t n = span_find(*rest, '\t');
	struct span piece = span_head(*rest, n);

	*rest = span_tail(*rest, n + 1);
	return piece;
}

static bool
parse_fault(struct span line, struct queue_fault *out)
{
	char digest[SUM_HEX + 2];
	struct buf d = BUF(digest);
	struct span rest = span_tail(line, 1 + SUM_HEX);
	uint64_t index, fate;

	buf_fmt(&d, "T%08x", sum(rest));
	if (rest.n == 0 ||
	    !span_eq(span_head(line, 1 + SUM_HEX), buf_span(&d)))
		return false;
	take_piece(&rest);	/* what is ahead of the first tab: nothing */
	if (!span_number(take_piece(&rest), UINT32_MAX, &index) ||
	    !span_number(take_piece(&rest), FATE_NEVER, &fate))
		return false;
	out->index = (unsigned)index;
	out->fate = (enum fate)fate;
	out->dsn = take_piece(&rest);
	out->relay = take_piece(&rest);
	out->text = rest;
	return true;
}

enum rc
queue_trail_next(struct queue_trail *t, struct queue_fault *out)
{
	struct span line;
	size_t got, n;

	for (;;) {
		TRY(port_pread(t->fd, t->data, sizeof(t->data), t->at, &got));
		if (got == 0)
			return RC_NONE;
		line = (struct span){ t->data, got };
		n = span_find(line, '\n');
		t->at += (int64_t)(n < got ? n + 1 : got);
		if (n < got && parse_fault(span_head(line, n), out))
			return RC_OK;
	}
}
