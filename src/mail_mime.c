/*
 * mail_mime.c - the structure of a message as far as conversion and checks want
 * it: which header is read, where parts begin and end, which label a converted
 * part gets.  RFC 2045, 2046, 6152.
 *
 * Labels decide, not contents: what is not labelled 8bit or binary is left
 * alone.  So is all below multipart/signed, as a signature covers the octets
 * (RFC 1847, 2.1), the kinds of message that must not be encoded (RFC 2046,
 * 5.2), and what has no valid structure.
 */
#include "mail_int.h"

bool
mime_is_content_field(struct span name)
{
	return span_index("MIME-Version Content-Type "
	    "Content-Transfer-Encoding Content-Disposition Content-ID "
	    "Content-Description", name) >= 0;
}

#define DIGEST	0x8000	/* in struct mime's end[], above any place in names */
_Static_assert(MIME_NAMES_MAX < DIGEST, "places and the bit are apart");

/* Without a type it is text, or in a digest a message (RFC 2046, 5.1.5). */
static void
begin_head(struct mime *m, enum mime_head head, enum mime_type type)
{
	m->head = head;
	m->type = type;
	m->is_signed = m->is_digest = m->is_wide = m->converts = false;
	m->boundary_n = m->label_n = 0;
}

void
mime_start(struct mime *m, bool to_7bit, size_t boundary_max)
{
	m->to_7bit = to_7bit;
	m->boundary_max = boundary_max < MIME_BOUNDARY_MAX ? boundary_max :
	    MIME_BOUNDARY_MAX;
	m->left = NULL;
	m->depth = m->frozen = 0;
	m->names_n = m->named_n = 0;
	begin_head(m, MIME_PRIMARY, MIME_LEAF);
}

/* ---- fields -------------------------------------------------------------- */

static enum mime_type
message_type(struct span subtype)
{
	return span_is_case(subtype, "rfc822") ||
	    span_is_case(subtype, "global") ? MIME_MESSAGE : MIME_OPAQUE;
}

/*
 * `type/subtype`; what can't be read is text (RFC 2045, 5.2).  Without a
 * subtype it is none to make anything of, but it may well be a multipart.
 */
static void
note_type(struct mime *m, struct span *rest)
{
	char type_room[32], sub_room[32];
	struct buf type = BUF(type_room), sub = BUF(sub_room);
	char special;

	m->type = MIME_LEAF;
	m->is_signed = m->is_digest = false;
	if (!token_next(rest, &type, &special) || special != '\0')
		return;
	if (rest->n > 0 && rest->p[0] == '/') {
		span_skip(rest, 1);
		(void)token_next(rest, &sub, &special);
	}
	if (span_is_case(buf_span(&type), "multipart")) {
		m->type = MIME_MULTIPART;
		m->is_signed = span_is_case(buf_span(&sub), "signed");
		m->is_digest = span_is_case(buf_span(&sub), "digest");
	} else if (span_is_case(buf_span(&type), "message")) {
		m->type = message_type(buf_span(&sub));
	}
}

/* Longer boundaries are compared as far as the limit goes. */
static void
note_boundary(struct mime *m, struct span *rest)
{
	struct buf b;
	char special;

	m->boundary_n = 0;
	buf_init(&b, m->names + m->names_n, sizeof(m->names) - m->names_n);
	if (!token_next(rest, &b, &special) || special != '\0')
		return;
	m->boundary_n = b.n < m->boundary_max ? b.n : m->boundary_max;
}

static void
note_content_type(struct mime *m, struct span value)
{
	char room[64];
	struct buf word = BUF(room);
	bool semicolon = false, is_boundary = false;
	char special;

	m->boundary_n = 0;
	note_type(m, &value);
	while (token_next(&value, &word, &special)) {
		if (special == '=' && is_boundary && m->boundary_n == 0)
			note_boundary(m, &value);
		is_boundary = semicolon && special == '\0' &&
		    span_is_case(buf_span(&word), "boundary");
		semicolon = special == ';';
	}
}

static void
note_name(struct mime *m, struct span value)
{
	struct buf b = BUF(m->named);

	buf_put_cut(&b, span_head(value, span_find(value, ';')));
	m->named_n = b.n;
}

static bool
note_label(struct mime *m, struct span value, struct span field)
{
	char room[32];
	struct buf word = BUF(room);
	char special;

	m->is_wide = token_next(&value, &word, &special) &&
	    (span_is_case(buf_span(&word), "8bit") ||
	    span_is_case(buf_span(&word), "binary"));
	m->label_n = 0;
	if (!m->is_wide || !m->to_7bit || m->frozen > 0 ||
	    field.n > sizeof(m->label))
		return false;
	for (; m->label_n < field.n; m->label_n++)
		m->label[m->label_n] = field.p[m->label_n];
	return true;
}

bool
mime_field(struct mime *m, struct span name, struct span field)
{
	size_t colon = span_find(field, ':');
	struct span value = span_tail(field, colon + 1);

	if (span_is_case(name, "Content-Type")) {
		note_name(m, span_trim(value));
		note_content_type(m, value);
	}
	if (span_is_case(name, "Content-Transfer-Encoding"))
		return note_label(m, value, field);
	return false;
}

/* What it says may stand in what was not seen: nothing to rely on then. */
void
mime_field_cut(struct mime *m, struct span name, struct span field)
{
	if (!span_is_case(name, "Content-Type"))
		return;
	(void)mime_field(m, name, field);
	m->type = MIME_OPAQUE;
	m->is_signed = m->is_digest = false;
	m->boundary_n = 0;
}

/* ---- the end of a header ------------------------------------------------- */

/* Keeps the boundary; false: there is none, or no room for it. */
static bool
push(struct mime *m)
{
	if (m->boundary_n == 0 || m->depth == MIME_DEPTH_MAX)
		return false;
	m->names_n += m->boundary_n;
	m->end[m->depth++] = (uint16_t)(m->names_n |
	    (m->is_digest ? DIGEST : 0));
	return true;
}

/* Has it an 8-bit label, and neither is converted nor has converted parts? */
static const char *
left(const struct mime *m, enum mime_type type)
{
	if (!m->to_7bit || !m->is_wide || m->converts)
		return NULL;
	if (m->frozen > 0)
		return m->is_signed && m->frozen == m->depth ? NULL :
		    "it is signed";
	if (type == MIME_OPAQUE)
		return m->type == MIME_MULTIPART ? "it has no boundary" :
		    "it must not be encoded";
	return m->label_n == 0 ? "its label is too long" : NULL;
}

bool
mime_head_end(struct mime *m, struct span *label)
{
	const struct span qp = SPAN("Content-Transfer-Encoding: "
	    "quoted-printable");
	const struct span narrow = SPAN("Content-Transfer-Encoding: 7bit");
	bool withheld = m->label_n > 0, inside;
	enum mime_type type = m->type;

	if (type == MIME_MULTIPART && !push(m))
		type = MIME_OPAQUE;
	if (type == MIME_MULTIPART && m->is_signed && m->frozen == 0)
		m->frozen = m->depth;
	m->converts = withheld && type == MIME_LEAF;
	m->relabelled = m->converts || (withheld && type != MIME_OPAQUE &&
	    m->frozen == 0);
	*label = m->converts ? qp : m->relabelled ? narrow :
	    (struct span){ m->label, m->label_n };
	m->left = left(m, type);
	inside = type == MIME_MESSAGE;
	if (inside)
		begin_head(m, MIME_NESTED, MIME_LEAF);
	return inside;
}

/* ---- boundaries ---------------------------------------------------------- */

/* Where the names of so many levels end. */
static size_t
names_end(const struct mime *m, unsigned depth)
{
	return depth > 0 ? m->end[depth - 1] & (DIGEST - 1) : 0;
}

static struct span
boundary(const struct mime *m, unsigned level)
{
	size_t from = names_end(m, level);

	return (struct span){ m->names + from, names_end(m, level + 1) - from };
}

/* From here on only so many multiparts are open. */
static void
leave(struct mime *m, unsigned depth)
{
	m->depth = depth;
	m->names_n = names_end(m, depth);
	if (m->frozen > depth)
		m->frozen = 0;
}

/* How many levels are open ahead of it; MIME_DEPTH_MAX: it is no boundary. */
static unsigned
level_of(const struct mime *m, struct span begin)
{
	struct span line = span_tail(begin, 2), name;
	unsigned level = m->depth;

	if (begin.n < 3 || begin.p[0] != '-' || begin.p[1] != '-')
		return MIME_DEPTH_MAX;
	while (level-- > 0) {
		name = boundary(m, level);
		if (span_eq(span_head(line, name.n), name))
			return level;
	}
	return MIME_DEPTH_MAX;
}

bool
mime_is_boundary(const struct mime *m, struct span begin)
{
	return level_of(m, begin) < MIME_DEPTH_MAX;
}

bool
mime_line(struct mime *m, struct span begin, bool *head)
{
	unsigned level = level_of(m, begin);

	*head = false;
	if (level == MIME_DEPTH_MAX)
		return false;
	span_skip(&begin, 2 + boundary(m, level).n);
	*head = !span_is(span_head(begin, 2), "--");
	leave(m, *head ? level + 1 : level);
	m->named_n = 0;
	begin_head(m, MIME_PART, *head && m->end[level] & DIGEST ?
	    MIME_MESSAGE : MIME_LEAF);
	return true;
}
