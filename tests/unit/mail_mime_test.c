/*
 * mail_mime_test.c - where headers and parts begin and end, and what becomes of
 * their labels.
 */
#include <string.h>

#include "../sim/sim.h"
#include "../../src/mail_int.h"

static struct mime m;

static void
begin(bool to_7bit)
{
	mime_start(&m, to_7bit, 2048);
}

/* A field; is it withheld? */
static bool
field(const char *text)
{
	struct span s = span_of(text);

	return mime_field(&m, span_head(s, span_find(s, ':')), s);
}

/* The end of a header; the label that is put in, or "". */
static const char *
label(void)
{
	static char room[MIME_LABEL_MAX + 1];
	struct buf b = BUF(room);
	struct span s;

	(void)mime_head_end(&m, &s);
	buf_put(&b, s);
	assert_false(b.full);
	return buf_text(&b);
}

/* `-`: no boundary; `h`: a header follows; `e`: the end. */
static char
line(const char *text)
{
	bool head, is = mime_line(&m, span_of(text), &head);

	assert_true(is || !head);
	return !is ? '-' : head ? 'h' : 'e';
}

/* A multipart whose header was read. */
static void
multipart(const char *type)
{
	char room[200];
	struct buf b = BUF(room);

	begin(true);
	buf_fmt(&b, "Content-Type: %s", type);
	assert_false(field(buf_text(&b)));
	assert_string_equal(label(), "");
}

#define QP	"Content-Transfer-Encoding: quoted-printable"
#define NARROW	"Content-Transfer-Encoding: 7bit"
#define WIDE	"Content-Transfer-Encoding: 8bit"

SIM_TEST(six_fields_describe_content)
{
	assert_true(mime_is_content_field(SPAN("mime-version")));
	assert_true(mime_is_content_field(SPAN("Content-ID")));
	assert_false(mime_is_content_field(SPAN("Content-Length")));
	assert_false(mime_is_content_field(SPAN("Content")));
}

SIM_TEST(wide_text_gets_another_label_and_is_converted)
{
	begin(true);
	assert_false(field("Content-Type: text/plain"));
	assert_true(field(WIDE));
	assert_string_equal(label(), QP);
	assert_true(m.converts && m.relabelled && m.left == NULL);
	begin(true);
	assert_true(field("content-transfer-encoding: (odd) BINARY ; x"));
	assert_string_equal(label(), QP);
}

SIM_TEST(nothing_is_withheld_where_nothing_is_converted)
{
	begin(false);
	assert_false(field(WIDE));
	assert_string_equal(label(), "");
	assert_true(!m.converts && m.left == NULL);
}

SIM_TEST(other_labels_stay)
{
	const char *const stay[] = { "7bit", "base64", "quoted-printable",
	    "x-8bit", "", "\"", "(8bit", "=8bit" };

	for (size_t i = 0; i < COUNT(stay); i++) {
		char room[100];
		struct buf b = BUF(room);

		begin(true);
		buf_fmt(&b, "Content-Transfer-Encoding: %s", stay[i]);
		assert_false(field(buf_text(&b)));
		assert_string_equal(label(), "");
		assert_false(m.converts);
	}
}

SIM_TEST(last_of_two_labels_counts)
{
	begin(true);
	assert_true(field(WIDE));
	assert_false(field(NARROW));
	assert_string_equal(label(), "");
	assert_false(m.converts);
}

SIM_TEST(label_too_long_to_be_kept_stays_and_is_told)
{
	char room[400] = WIDE " (";
	size_t n = strlen(room);

	memset(room + n, 'x', MIME_LABEL_MAX);
	room[n + MIME_LABEL_MAX] = ')';
	begin(true);
	assert_false(field(room));
	assert_string_equal(label(), "");
	assert_non_null(m.left);
}

SIM_TEST(multipart_and_message_become_7bit)
{
	begin(true);
	assert_true(field(WIDE));
	assert_false(field("Content-Type: multipart/mixed; boundary=b"));
	assert_string_equal(label(), NARROW);
	assert_true(!m.converts && m.left == NULL);
	begin(true);
	assert_true(field(WIDE));
	assert_false(field("Content-Type: message/rfc822"));
	assert_string_equal(label(), NARROW);
	assert_int_equal(m.head, MIME_NESTED);
}

SIM_TEST(message_that_must_not_be_encoded_keeps_its_label)
{
	const char *const types[] = { "message/partial",
	    "message/external-body",
	    "message/delivery-status", "MESSAGE/Disposition-Notification",
	    "message", "multipart/mixed", "multipart/mixed; boundary=\"\"",
	    "multipart" };

	for (size_t i = 0; i < COUNT(types); i++) {
		char room[100];
		struct buf b = BUF(room);

		begin(true);
		buf_fmt(&b, "Content-Type: %s", types[i]);
		assert_true(field(WIDE));
		assert_false(field(buf_text(&b)));
		assert_string_equal(label(), WIDE);
		assert_true(!m.converts && !m.relabelled && m.left != NULL);
	}
}

SIM_TEST(unreadable_type_is_text)
{
	const char *const types[] = { "", "/", ";", "text", "x/y/z", "\"multi",
	    "(multipart/mixed", "multipartmixed; boundary=b" };

	for (size_t i = 0; i < COUNT(types); i++) {
		char room[100];
		struct buf b = BUF(room);

		begin(true);
		buf_fmt(&b, "Content-Type: %s", types[i]);
		assert_true(field(WIDE));
		assert_false(field(buf_text(&b)));
		assert_string_equal(label(), QP);
	}
}

SIM_TEST(boundaries_are_found_as_rfc_2046_writes_them)
{
	multipart("multipart/mixed; charset=x;\n\tboundary = (c) \"a \\\"b\"");
	assert_int_equal(line("--a \"b"), 'h');
	assert_int_equal(line("--a \"b--"), 'e');
	multipart("Multipart/Alternative; BOUNDARY=simple-boundary; x=y");
	assert_int_equal(line("--simple-boundary  "), 'h');
	assert_int_equal(line("-simple-boundary"), '-');
	assert_int_equal(line("--Simple-boundary"), '-');
	assert_int_equal(line("--"), '-');
	assert_int_equal(line(""), '-');
	assert_int_equal(line("--simple-boundary-and-more"), 'h');
	assert_int_equal(line("--simple-boundary--more"), 'e');
	assert_int_equal(line("--simple-boundary"), '-');
}

SIM_TEST(parameter_is_not_the_word_elsewhere)
{
	multipart("multipart/boundary; x=boundary; boundary=b; boundary=c");
	assert_int_equal(line("--c"), '-');
	assert_int_equal(line("--b"), 'h');
	multipart("multipart/mixed boundary=b");
	assert_int_equal(line("--b"), '-');
}

SIM_TEST(outer_boundary_ends_the_inner_parts)
{
	multipart("multipart/mixed; boundary=outer");
	assert_int_equal(line("--outer"), 'h');
	assert_false(field("Content-Type: multipart/mixed; boundary=inner"));
	assert_string_equal(label(), "");
	assert_int_equal(line("--inner"), 'h');
	assert_string_equal(label(), "");
	assert_int_equal(line("--outer"), 'h');
	assert_string_equal(label(), "");
	assert_int_equal(line("--inner"), '-');
	assert_int_equal(line("--outer--"), 'e');
	assert_int_equal(line("--outer"), '-');
	assert_int_equal(m.names_n, 0);
}

SIM_TEST(part_of_a_digest_is_a_message_by_default)
{
	struct span none;

	multipart("multipart/digest; boundary=d");
	assert_int_equal(line("--d"), 'h');
	assert_true(field(WIDE));
	assert_true(mime_head_end(&m, &none));
	assert_true(span_is(none, NARROW));
	assert_int_equal(m.head, MIME_NESTED);
	assert_int_equal(line("--d"), 'h');
	assert_false(field("Content-Type: text/plain"));
	assert_true(field(WIDE));
	assert_string_equal(label(), QP);
	assert_int_equal(line("--d--"), 'e');
	multipart("multipart/mixed; boundary=m");
	assert_int_equal(line("--m"), 'h');
	assert_false(mime_head_end(&m, &none));
}

SIM_TEST(all_inside_a_signed_multipart_is_left_alone)
{
	multipart("multipart/mixed; boundary=o");
	assert_int_equal(line("--o"), 'h');
	assert_true(field(WIDE));
	assert_false(field("Content-Type: multipart/signed; boundary=s"));
	assert_string_equal(label(), WIDE);
	assert_true(m.frozen == 2 && m.left == NULL);
	assert_int_equal(line("--s"), 'h');
	assert_false(field("Content-Type: text/plain"));
	assert_false(field(WIDE));
	assert_string_equal(label(), "");
	assert_false(m.converts);
	assert_string_equal(m.left, "it is signed");
	assert_int_equal(line("--s--"), 'e');
	assert_int_equal(m.frozen, 0);
	assert_int_equal(line("--o"), 'h');
	assert_true(field(WIDE));
	assert_string_equal(label(), QP);
}

SIM_TEST(field_that_was_cut_is_nothing_to_rely_on)
{
	begin(true);
	assert_true(field(WIDE));
	assert_false(field("Content-Type: text/plain"));
	mime_field_cut(&m, SPAN("Subject"), SPAN("Subject: x"));
	assert_int_equal(m.type, MIME_LEAF);
	mime_field_cut(&m, SPAN("content-type"), SPAN("content-type: x/y"));
	assert_memory_equal(m.named, "x/y", 3);
	assert_string_equal(label(), WIDE);
	assert_false(m.converts);
}

SIM_TEST(boundaries_beyond_the_bounds_are_opaque)
{
	unsigned depth;

	begin(true);
	for (depth = 0; depth < MIME_DEPTH_MAX + 5; depth++) {
		assert_false(field("Content-Type: multipart/mixed; "
		    "boundary=x"));
		assert_string_equal(label(), "");
		assert_int_equal(line("--x"), 'h');
	}
	assert_int_equal(m.depth, MIME_DEPTH_MAX);
	assert_int_equal(line("--x--"), 'e');
	assert_int_equal(m.depth, MIME_DEPTH_MAX - 1);
}

SIM_TEST(names_beyond_their_room_are_opaque)
{
	char room[1100] = "Content-Type: multipart/mixed; boundary=";
	size_t n = strlen(room);

	memset(room + n, 'x', 1000);
	begin(true);
	for (unsigned i = 0; i < 40; i++) {
		assert_false(field(room));
		(void)field(WIDE);
		(void)label();
	}
	assert_true(m.names_n <= MIME_NAMES_MAX && m.depth == 16);
	assert_int_equal(m.type, MIME_MULTIPART);
	assert_non_null(m.left);
}

SIM_TEST(boundary_is_compared_up_to_its_limit)
{
	mime_start(&m, true, 3);
	assert_false(field("Content-Type: multipart/mixed; boundary=abcdef"));
	assert_string_equal(label(), "");
	assert_int_equal(line("--abcX"), 'h');
	assert_int_equal(line("--abX"), '-');
	mime_start(&m, true, (size_t)1 << 60);
	assert_int_equal(m.boundary_max, MIME_BOUNDARY_MAX);
}

/* ---- tokens -------------------------------------------------------------- */

static void
expect_tokens(const char *text, const char *want)
{
	char room[200], word[40];
	struct buf b = BUF(room), w = BUF(word);
	struct span rest = span_of(text);
	char special;

	while (token_next(&rest, &w, &special)) {
		if (special != '\0')
			buf_fmt(&b, "%c", special);
		else
			buf_fmt(&b, "{%.*s}", SPAN_ARG(buf_span(&w)));
	}
	assert_string_equal(buf_text(&b), want);
}

SIM_TEST(tokens_are_words_strings_and_specials)
{
	expect_tokens("text/plain; charset=\"us ascii\"",
	    "{text}/{plain};{charset}={us ascii}");
	expect_tokens(" a(b(c)\\)d)e ", "{a}{e}");
	expect_tokens("\"a\\\"b\\\\\"", "{a\"b\\}");
	expect_tokens("\"a\n b\"", "{a b}");
	expect_tokens("\"open", "{open}");
	expect_tokens("(open (a)", "");
	expect_tokens("\"\"", "{}");
	expect_tokens("a@b<c>[d]?e:f,g", "{a}@{b}<{c}>[{d}]?{e}:{f},{g}");
	expect_tokens("\"x\\", "{x\\}");
	expect_tokens("", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(six_fields_describe_content),
		SIM_RUN(wide_text_gets_another_label_and_is_converted),
		SIM_RUN(nothing_is_withheld_where_nothing_is_converted),
		SIM_RUN(other_labels_stay),
		SIM_RUN(last_of_two_labels_counts),
		SIM_RUN(label_too_long_to_be_kept_stays_and_is_told),
		SIM_RUN(multipart_and_message_become_7bit),
		SIM_RUN(message_that_must_not_be_encoded_keeps_its_label),
		SIM_RUN(unreadable_type_is_text),
		SIM_RUN(boundaries_are_found_as_rfc_2046_writes_them),
		SIM_RUN(parameter_is_not_the_word_elsewhere),
		SIM_RUN(outer_boundary_ends_the_inner_parts),
		SIM_RUN(part_of_a_digest_is_a_message_by_default),
		SIM_RUN(all_inside_a_signed_multipart_is_left_alone),
		SIM_RUN(field_that_was_cut_is_nothing_to_rely_on),
		SIM_RUN(boundaries_beyond_the_bounds_are_opaque),
		SIM_RUN(names_beyond_their_room_are_opaque),
		SIM_RUN(boundary_is_compared_up_to_its_limit),
		SIM_RUN(tokens_are_words_strings_and_specials),
	};

	return sim_main(tests, COUNT(tests));
}
