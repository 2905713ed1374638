/*
 * mail_split_test.c - the pieces that lines come in make no difference.
 *
 * The reader is replaced by one that gives them as it likes: only the first of
 * a line is as long as names, boundaries and labels here.
 */
#include "mail_world.h"

#define FIRST_LEAST	80

static struct span rest;
static bool whole, in_line;

void
mail_read_start(struct mail_reader *r, const struct mail_source *src)
{
	(void)r;
	(void)src;
	in_line = false;
}

enum rc
mail_read(struct mail_reader *r, struct span *piece, bool *last)
{
	size_t left = span_find(rest, '\n');
	size_t n = (in_line ? 0 : FIRST_LEAST) + sim_random(100);

	(void)r;
	if (rest.n == 0 && !in_line)
		return RC_NONE;
	*last = whole || n >= left;
	*piece = span_head(rest, *last ? left : n);
	in_line = !*last;
	rest = span_tail(rest, piece->n + *last);
	return RC_OK;
}

static size_t
put_line(char *to, unsigned kind)
{
	static const char *const lines[] = {
		"", "Subject: x", "Content-Transfer-Encoding: 8bit",
		"Content-Transfer-Encoding: binary",
		"To: a@b, \"c d\" <e@f> (g)",
		"Content-Type: multipart/mixed;\n\tboundary=bb", "--bb",
		"--bb--",
		"Content-Type: multipart/signed; boundary=\"ss\"", "--ss",
		"--ss--", "Content-Type: message/rfc822", " folded\t",
		"Content-Type: message/partial", "From a@b", "bad", ".", "="
	};
	size_t n;

	if (kind < COUNT(lines)) {
		strcpy(to, lines[kind]);
		n = strlen(to);
	} else {
		if (kind % 3 == 0)
			strcpy(to, "X-Any: ");
		for (n = kind % 3 == 0 ? 7 : 0; n < 300 + sim_random(4000);
		    n++)
			to[n] = (char)(sim_random(9) == 0 ? ' ' :
			    128 + sim_random(128));
	}
	to[n] = '\n';
	return n + 1;
}

static void
check_splits(const char *text, size_t n)
{
	static char want[1024 * 1024];
	size_t want_n;

	whole = true;
	rest = (struct span){ text, n };
	pass_bytes(text, n);
	assert_int_equal(mw.rc, RC_NONE);
	assert_true(mw.n < sizeof(want));
	want_n = mw.n;
	memcpy(want, mw.out, want_n);
	whole = false;
	for (unsigned i = 0; i < 5; i++) {
		rest = (struct span){ text, n };
		pass_bytes(text, n);
		assert_int_equal(mw.rc, RC_NONE);
		assert_int_equal(mw.n, want_n);
		assert_memory_equal(mw.out, want, want_n);
	}
}

MAIL_TEST(pieces_of_any_size_give_the_same_message)
{
	static char text[128 * 1024];

	mw.content = port_memory(mail_content_bytes());
	for (unsigned round = 0; round < 300; round++) {
		size_t n = 0, lines = sim_random(40);

		while (lines-- > 0 && n + 5000 < sizeof(text))
			n += put_line(text + n, sim_random(24));
		mw.change.to_7bit = round % 2 == 0;
		if (round == 100)
			generic("inline:{a@b=x@y, e@f=z@w}");
		if (round == 200)
			patterns(&mw.body, "/body", "/^bad/ IGNORE\n"
			    "/^=$/ REPLACE ==\n/[a-c]/ PREPEND pre\n");
		check_splits(text, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(pieces_of_any_size_give_the_same_message),
	};

	return sim_main(tests, COUNT(tests));
}
