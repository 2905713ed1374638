/*
 * dns_msg.c - DNS messages: questions are written, answers are read.  RFC 1035,
 * section 4; EDNS0 as of RFC 6891.
 *
 * Everything read here may come from an attacker.  Each offset and length is
 * compared with what the message has before it is used, and a compression
 * pointer may only lead further back than the piece it ends, so that every
 * name comes to its end.
 */
#include "dns_int.h"

#define HEADER		12
#define FIXED		10	/* type, class, TTL, length of a record */
#define QUESTION_FIXED	4	/* type, class of a question */
#define WIRE_NAME_MAX	255	/* RFC 1035, 2.3.4 */

#define POINTER		0xC0	/* both bits: the rest is an offset */
#define JUMPS_MAX	127	/* of one name: it has no more labels */

#define FLAG_QR		0x8000
#define FLAG_OPCODE	0x7800
#define FLAG_AA		0x0400
#define FLAG_TC		0x0200
#define FLAG_RD		0x0100
#define FLAG_RA		0x0080
#define FLAG_AD		0x0020
#define FLAG_RCODE	0x000F

#define OPT_DO		0x8000	/* in the upper half of OPT's TTL */

/* ---- writing ------------------------------------------------------------- */

static void
put_u16(struct buf *b, unsigned v)
{
	buf_putc(b, (char)(v >> 8));
	buf_putc(b, (char)v);
}

/* false: a label is empty or too long, so also behind a final dot. */
static bool
put_name(struct buf *b, struct span name)
{
	if (name.n > DNS_NAME_MAX)
		return false;
	while (name.n > 0 && !span_is(name, ".")) {
		size_t dot = span_find(name, '.');

		if (dot == 0 || dot > DNS_LABEL_MAX || dot + 1 == name.n)
			return false;
		buf_putc(b, (char)dot);
		buf_put(b, span_head(name, dot));
		span_skip(&name, dot + 1);
	}
	buf_putc(b, '\0');
	return true;
}

/* RFC 6891, 6.1.2: the root's name, our buffer as class, flags as TTL. */
static void
put_opt(struct buf *b, bool secure)
{
	buf_putc(b, '\0');
	put_u16(b, DNS_OPT);
	put_u16(b, DNS_UDP_MAX);
	put_u16(b, 0);
	put_u16(b, secure ? OPT_DO : 0);
	put_u16(b, 0);
}

size_t
msg_put_query(char out[DNS_QUERY_MAX], const struct msg_query *q)
{
	struct buf b = buf_over(out, DNS_QUERY_MAX);

	put_u16(&b, q->id);
	put_u16(&b, FLAG_RD | (q->secure ? FLAG_AD : 0));
	buf_put(&b, SPAN("\0\1\0\0\0\0"));	/* one question */
	put_u16(&b, q->edns);
	if (!put_name(&b, q->name))
		return 0;
	put_u16(&b, q->type);
	put_u16(&b, DNS_IN);
	if (q->edns)
		put_opt(&b, q->secure);
	return b.full ? 0 : b.n;
}

/* ---- the header ---------------------------------------------------------- */

unsigned
msg_u16(const struct msg *m, size_t at)
{
	ASSERT(at <= m->n && m->n - at >= 2);
	return (unsigned)m->p[at] << 8 | m->p[at + 1];
}

static unsigned
flags(const struct msg *m)
{
	return msg_u16(m, 2);
}

static unsigned
questions(const struct msg *m)
{
	return msg_u16(m, 4);
}

static unsigned
answers(const struct msg *m)
{
	return msg_u16(m, 6);
}

bool
msg_is_response(const struct msg *m)
{
	return m->n >= HEADER && (flags(m) & FLAG_QR) != 0
	    && (flags(m) & FLAG_OPCODE) == 0;
}

uint16_t
msg_id(const struct msg *m)
{
	return (uint16_t)msg_u16(m, 0);
}

enum dns_rcode
msg_rcode(const struct msg *m)
{
	return (enum dns_rcode)(flags(m) & FLAG_RCODE);
}

bool
msg_is_truncated(const struct msg *m)
{
	return (flags(m) & FLAG_TC) != 0;
}

bool
msg_is_authentic(const struct msg *m)
{
	return (flags(m) & FLAG_AD) != 0;
}

bool
msg_is_bare(const struct msg *m)
{
	return m->n == HEADER && questions(m) == 0;
}

bool
msg_lacks_opt(const struct msg *m)
{
	return msg_u16(m, 10) == 0;
}

bool
msg_is_referral(const struct msg *m)
{
	return msg_rcode(m) == DNS_NOERROR && answers(m) == 0
	    && (flags(m) & (FLAG_AA | FLAG_RA)) == 0;
}

/* ---- names --------------------------------------------------------------- */

/*
 * struct label_walk - goes along a name.  `floor` is where the piece began that
 * is being read: a pointer has to lead to a place ahead of it.
 */
struct label_walk {
	const struct msg *m;
	size_t at;
	size_t floor;
	size_t end;	/* behind the name, where it stands; 0: not known yet */
	size_t wire;	/* octets of the name, uncompressed */
	unsigned jumps;
};

static void
label_start(struct label_walk *w, const struct msg *m, size_t at)
{
	*w = (struct label_walk){ .m = m, .at = at, .floor = at };
}

static bool
follow(struct label_walk *w)
{
	size_t target;

	if (w->m->n - w->at < 2 || ++w->jumps > JUMPS_MAX)
		return false;
	target = msg_u16(w->m, w->at) & 0x3FFF;
	if (target < HEADER || target >= w->floor)
		return false;
	if (w->end == 0)
		w->end = w->at + 2;
	w->at = w->floor = target;
	return true;
}

/* The next label; RC_NONE: the root, w->end is where the name ends. */
static enum rc
label_next(struct label_walk *w, struct span *label)
{
	size_t n;

	for (;;) {
		if (w->at >= w->m->n)
			return RC_WIRE;
		n = w->m->p[w->at];
		if ((n & POINTER) == 0)
			break;
		if ((n & POINTER) != POINTER || !follow(w))
			return RC_WIRE;
	}
	w->at++;
	w->wire += n + 1;
	if (n > w->m->n - w->at || w->wire > WIRE_NAME_MAX)
		return RC_WIRE;
	if (n == 0) {
		if (w->end == 0)
			w->end = w->at;
		return RC_NONE;
	}
	*label = (struct span){ (const char *)w->m->p + w->at, n };
	w->at += n;
	return RC_OK;
}

/* Where the name at `at` ends; 0: malformed. */
static size_t
name_end(const struct msg *m, size_t at)
{
	struct label_walk w;
	struct span label;
	enum rc rc;

	label_start(&w, m, at);
	do
		rc = label_next(&w, &label);
	while (rc == RC_OK);
	return rc == RC_NONE ? w.end : 0;
}

bool
msg_name_is(const struct msg *m, size_t at, struct span name)
{
	struct label_walk w;
	struct span label;
	enum rc rc;

	if (span_is(name, "."))
		name.n = 0;
	label_start(&w, m, at);
	while ((rc = label_next(&w, &label)) == RC_OK) {
		size_t dot = span_find(name, '.');

		if (!span_eq_case(label, span_head(name, dot)))
			return false;
		span_skip(&name, dot + 1);
	}
	return rc == RC_NONE && name.n == 0;
}

static void
put_text(struct buf *b, struct span label)
{
	for (size_t i = 0; i < label.n; i++) {
		unsigned char c = (unsigned char)label.p[i];

		buf_putc(b, c > ' ' && c < 127 && c != '.' ? (char)c : '?');
	}
}

enum rc
msg_name_put(const struct msg *m, size_t at, struct buf *b, size_t *end)
{
	struct label_walk w;
	struct span label;
	size_t before = b->n;
	enum rc rc;

	label_start(&w, m, at);
	while ((rc = label_next(&w, &label)) == RC_OK) {
		if (b->n > before)
			buf_putc(b, '.');
		put_text(b, label);
	}
	if (rc != RC_NONE)
		return RC_WIRE;
	if (b->n == before)
		buf_putc(b, '.');
	if (end != NULL)
		*end = w.end;
	return b->full ? RC_FULL : RC_OK;
}

/* ---- question and answer section ----------------------------------------- */

bool
msg_is_about(const struct msg *m, struct span name, enum dns_type type)
{
	size_t end;

	if (questions(m) != 1 || !msg_name_is(m, HEADER, name))
		return false;
	end = name_end(m, HEADER);
	return m->n - end >= QUESTION_FIXED
	    && msg_u16(m, end) == (unsigned)type
	    && msg_u16(m, end + 2) == DNS_IN;
}

void
msg_walk_start(struct msg_walk *w, const struct msg *m)
{
	*w = (struct msg_walk){
		.m = m,
		.at = name_end(m, HEADER) + QUESTION_FIXED,
		.left = answers(m)
	};
}

enum rc
msg_walk_next(struct msg_walk *w, struct msg_record *r)
{
	size_t at;

	if (w->left == 0)
		return RC_NONE;
	w->left--;
	at = name_end(w->m, w->at);
	if (at == 0 || w->m->n - at < FIXED)
		return RC_WIRE;
	r->owner = w->at;
	r->type = (uint16_t)msg_u16(w->m, at);
	r->class = (uint16_t)msg_u16(w->m, at + 2);
	r->ttl_s = (uint32_t)msg_u16(w->m, at + 4) << 16
	    | msg_u16(w->m, at + 6);
	r->data_n = msg_u16(w->m, at + 8);
	r->data = at + FIXED;
	if (r->data_n > w->m->n - r->data)
		return RC_WIRE;
	w->at = r->data + r->data_n;
	return RC_OK;
}
