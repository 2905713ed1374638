/*
 * table_regex_test.c - regular expressions: by POSIX's own rules, and beside
 * those of the C library.
 */
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../cdb/table_regex_int.h"
#include "../sim/sim.h"

#define GROUPS	10

static struct regex_room room;

static unsigned
flags_of(const char *letters)
{
	unsigned flags = REGEX_EXTENDED;

	for (; *letters != '\0'; letters++)
		flags ^= *letters == 'b' ? REGEX_EXTENDED :
			*letters == 'i' ? REGEX_FOLD : REGEX_LINES;
	return flags;
}

/* `(0,3)(1,2)-`, with a - for each group that took no part; or `no`, `?`. */
static const char *
found(const char *letters, const char *pattern, struct span text)
{
	static char out[256];
	struct buf b = BUF(out);
	struct span group[GROUPS];
	const char *why = regex_compile(&room, pattern, flags_of(letters));
	enum rc rc;

	if (why != NULL)
		sim_fail("/%s/: %s", pattern, why);
	rc = regex_match(&room, &room.re, text, group, GROUPS);
	assert_int_equal(rc, regex_match(&room, &room.re, text, NULL, 0));
	if (rc != RC_OK)
		return rc == RC_NONE ? "no" : "?";
	for (size_t i = 0; i <= room.re.groups && i < GROUPS; i++)
		if (group[i].p == NULL)
			buf_putc(&b, '-');
		else
			buf_fmt(&b, "(%d,%d)", (int)(group[i].p - text.p),
			    (int)(group[i].p - text.p + (long)group[i].n));
	return buf_text(&b);
}

struct row {
	const char *flags, *pattern, *text, *want;
};

static void
check(const struct row *row, size_t n)
{
	for (; n-- > 0; row++) {
		const char *got = found(row->flags, row->pattern,
		    span_of(row->text));

		if (strcmp(got, row->want) != 0)
			sim_fail("/%s/%s on '%s': %s, and not %s",
			    row->pattern, row->flags, row->text, got,
			    row->want);
	}
}

#define CHECK(rows)	check((rows), COUNT(rows))

SIM_TEST(leftmost_match_comes_first_and_of_these_the_longest)
{
	static const struct row rows[] = {
		{ "", "b", "abcb", "(1,2)" },
		{ "", "xyz|xy|x", "axyzxy", "(1,4)" },
		{ "", "x|xy|xyz", "axyzxy", "(1,4)" },
		{ "", "b*", "abbb", "(0,0)" },
		{ "", "b+", "abbb", "(1,4)" },
		{ "", "(a|ab)(c|bcd)", "abcd", "(0,4)(0,1)(1,4)" },
		{ "", "a.*c", "abcbcb", "(0,5)" },
		{ "", "", "abc", "(0,0)" },
		{ "", "x", "", "no" },
		{ "", ".", "", "no" },
		{ "", "abcd", "abc", "no" },
		{ "", "cd|bcde|abcx", "abcd", "(2,4)" },
		{ "", "ab|bcd", "abcd", "(0,2)" },
	};

	CHECK(rows);
}

SIM_TEST(earlier_parts_take_as_much_as_they_can)
{
	static const struct row rows[] = {
		{ "", "(a*)(a*)", "aaa", "(0,3)(0,3)(3,3)" },
		{ "", "(a*)(a+)", "aaa", "(0,3)(0,2)(2,3)" },
		{ "", "a*(a+)", "aaa", "(0,3)(2,3)" },
		{ "", "(a|ab)(c|bcd)(d*)", "abcd", "(0,4)(0,2)(2,3)(3,4)" },
		{ "", "(a|ab)(bcd|c)(d*)", "abcd", "(0,4)(0,2)(2,3)(3,4)" },
		{ "", "((a|ab)(c|bcd))(d*)", "abcd",
			"(0,4)(0,4)(0,1)(1,4)(4,4)" },
		{ "", "(a|ab)((c|bcd)(d*))", "abcd",
			"(0,4)(0,2)(2,4)(2,3)(3,4)" },
		{ "", "x?(ax|a)(x?y)", "axy", "(0,3)(0,2)(2,3)" },
		{ "", "(.?)(b|ab)?(.*)", "abc", "(0,3)(0,1)(1,2)(2,3)" },
		{ "", ".?(b|ab)?(.*)", "abc", "(0,3)(1,2)(2,3)" },
		{ "", "^(.*)@(.*)$", "a@b@c", "(0,5)(0,3)(4,5)" },
	};

	CHECK(rows);
}

SIM_TEST(repeated_group_tells_of_its_last_round)
{
	static const struct row rows[] = {
		{ "", "(a|b)*", "abab", "(0,4)(3,4)" },
		{ "", "(ab|a|b)*", "abab", "(0,4)(2,4)" },
		{ "", "(a|ab|c|bcd)*(d*)", "abcd", "(0,4)(1,4)(4,4)" },
		{ "", "(a|ab|c|bcd){2,9}(d*)", "abcd", "(0,4)(1,4)(4,4)" },
		{ "", "(a|ab|c|bcd){2}(d*)", "abcd", "(0,4)(1,4)(4,4)" },
		{ "", "(a*)+", "aab", "(0,2)(0,2)" },
		{ "", "(aa?)*", "aaa", "(0,3)(2,3)" },
		{ "", "(aa?)+", "aaaa", "(0,4)(2,4)" },
		{ "", "((a)|b)*", "ab", "(0,2)(1,2)-" },
		{ "", "((a)|b){2}", "ab", "(0,2)(1,2)-" },
		{ "", "((a)|(b))*c", "abc", "(0,3)(1,2)-(1,2)" },
		{ "", "(a|b){2}", "abab", "(0,2)(1,2)" },
		{ "", "(a|b){2,3}", "abab", "(0,3)(2,3)" },
		{ "", "(a|b){3,}", "abab", "(0,4)(3,4)" },
		{ "", "(a|b){0}c", "abc", "(2,3)-" },
		{ "", "(a|b){,2}c", "abc", "(0,3)(1,2)" },
		{ "", "([^.]+\\.)*com", "www.a.com", "(0,9)(4,6)" },
	};

	CHECK(rows);
}

SIM_TEST(nothing_is_repeated_only_where_it_must_be)
{
	static const struct row rows[] = {
		{ "", "(a*)*", "", "(0,0)(0,0)" },
		{ "", "(a*)*", "aa", "(0,2)(0,2)" },
		{ "", "(a*)*", "b", "(0,0)(0,0)" },
		{ "", "(a*)?", "b", "(0,0)(0,0)" },
		{ "", "(a+)?", "b", "(0,0)-" },
		{ "", "(a|b)*", "c", "(0,0)-" },
		{ "", "(a*){2}", "aa", "(0,2)(2,2)" },
		{ "", "(a*){0,3}", "aa", "(0,2)(0,2)" },
		{ "", "(a*){1,3}", "aa", "(0,2)(0,2)" },
		{ "", "(a*)(b*)*", "aa", "(0,2)(0,2)(2,2)" },
		{ "", "((a*)|b)*c", "abc", "(0,3)(1,2)-" },
		{ "", "(|a)*b", "aab", "(0,3)(1,2)" },
		{ "", "a**", "aa", "(0,2)" },
		{ "", "(a*)*(x)", "ax", "(0,2)(0,1)(1,2)" },
		{ "", "()*", "a", "(0,0)(0,0)" },
	};

	CHECK(rows);
}

SIM_TEST(anchors_hold_where_they_say)
{
	static const struct row rows[] = {
		{ "", "^a", "ba", "no" },
		{ "", "a$", "ab", "no" },
		{ "", "^$", "", "(0,0)" },
		{ "", "b|^a", "ab", "(0,1)" },
		{ "", "(^|b)a", "bba", "(1,3)(1,2)" },
		{ "", "a($|b)", "aba", "(0,2)(1,2)" },
		{ "", "a^b", "a^b", "no" },
		{ "", "^a", "b\na", "no" },
		{ "m", "^a", "b\na", "(2,3)" },
		{ "m", "a$", "a\nb", "(0,1)" },
		{ "m", "a.b", "a\nb", "no" },
		{ "", "a.b", "a\nb", "(0,3)" },
		{ "m", "a[^x]b", "a\nb", "no" },
		{ "m", "a[\n]b", "a\nb", "(0,3)" },
		{ "m", "a\\Wb", "a\nb", "no" },
		{ "m", "^$", "a\n\nb", "(2,2)" },
		{ "b", "a^b$c", "a^b$c", "(0,5)" },
		{ "b", "^*a", "*a", "(0,2)" },
		{ "b", "\\(^a\\)\\|b$", "ab", "(0,1)(0,1)" },
		{ "b", "x\\(a$\\)", "xa", "(0,2)(1,2)" },
	};

	CHECK(rows);
}

SIM_TEST(words_have_edges)
{
	static const struct row rows[] = {
		{ "", "\\<b", "ab b", "(3,4)" },
		{ "", "a\\>", "ab a", "(3,4)" },
		{ "", "\\bb", "ab b", "(3,4)" },
		{ "", "\\Bb", "b ab", "(3,4)" },
		{ "", "\\w+", " a_1.", "(1,4)" },
		{ "", "\\W", "a1_.", "(3,4)" },
		{ "", "\\<\\w+\\>", "--x1--", "(2,4)" },
		{ "", "\\b", "", "no" },
		{ "", "\\b", " a", "(1,1)" },
		{ "", "x\\B", "x", "no" },
		{ "", "\\s\\S", "a b", "(1,3)" },
		{ "", "\\d\\D", "a1b", "(1,3)" },
		{ "", "\\t\\.\\z", "\t.z", "(0,3)" },
		{ "", "\xe9", "\xe9", "(0,1)" },
	};

	CHECK(rows);
}

SIM_TEST(brackets_hold_what_posix_says)
{
	static const struct row rows[] = {
		{ "", "[]a]+", "a]b", "(0,2)" },
		{ "", "[^]a]", "a]b", "(2,3)" },
		{ "", "[a-]+", "-ab", "(0,2)" },
		{ "", "[-a]+", "-ab", "(0,2)" },
		{ "", "[a-c]+", "abcd", "(0,3)" },
		{ "", "[+--]+", "+,-.", "(0,3)" },
		{ "", "[a\\]+", "a\\b", "(0,2)" },
		{ "", "[\\n]", "n", "(0,1)" },
		{ "", "[.]", "a.", "(1,2)" },
		{ "", "[[:digit:][:upper:]_]+", "aA1_b", "(1,4)" },
		{ "", "[^[:alnum:]]", "a1.", "(2,3)" },
		{ "", "[[:space:]]+", "a \t\n\v\f\rb", "(1,7)" },
		{ "", "[[:punct:]]+", "a!/:@[`{~b", "(1,9)" },
		{ "", "[[:xdigit:]]+", "xfF09g", "(1,5)" },
		{ "", "[[:cntrl:]]+", " \1\x1f\x7f~", "(1,4)" },
		{ "", "[[:graph:]]+", " !~\x7f", "(1,3)" },
		{ "", "[[:print:]]+", "\x1f ~\x7f", "(1,3)" },
		{ "", "[[:blank:]]+", "\n \t\v", "(1,3)" },
		{ "", "[[.a.][=b=]]+", "cab", "(1,3)" },
		{ "", "[[.-.]-[.0.]]+", ",-./01", "(1,5)" },
		{ "", "[\x80-\xff]+", "a\x80\xfe\xff", "(1,4)" },
		{ "", "[[:alpha:]]+", "\xc3\xa4z", "(2,3)" },
		{ "", "[^a]+", "a\xc3\xa4", "(1,3)" },
		{ "i", "[b-d]+", "aBCDe", "(1,4)" },
		{ "i", "[^b-d]+", "BCa", "(2,3)" },
		{ "i", "[[:upper:]]+", "1aB", "(1,3)" },
		{ "i", "a[`-{]Z", "A`z", "(0,3)" },
		{ "i", "[@]", "`", "no" },
	};

	CHECK(rows);
}

SIM_TEST(basic_expressions_quote_their_operators)
{
	static const struct row rows[] = {
		{ "b", "a+b?(c){1}|", "a+b?(c){1}|", "(0,11)" },
		{ "b", "\\(ab\\)*\\1", "ababab", "(0,6)(2,4)" },
		{ "b", "*a\\(*b\\)", "*a*b", "(0,4)(2,4)" },
		{ "b", "a\\{2,3\\}", "aaaa", "(0,3)" },
		{ "b", "a\\+b\\?", "aab", "(0,3)" },
		{ "b", "a\\|b", "b", "(0,1)" },
		{ "b", "a\\*", "a*", "(0,2)" },
		{ "b", "\\.", "a.", "(1,2)" },
		{ "", "a\\+\\(", "a+(", "(0,3)" },
		{ "", "a)", "a)", "(0,2)" },
		{ "", "a}", "a}", "(0,2)" },
		{ "", "(|a)b", "ab", "(0,2)(0,1)" },
		{ "", "a||b", "b", "(0,1)" },
		{ "", "a||b", "c", "(0,0)" },
		{ "", "()a", "a", "(0,1)(0,0)" },
	};

	CHECK(rows);
}

SIM_TEST(references_match_what_their_group_did)
{
	static const struct row rows[] = {
		{ "b", "\\(.*\\)\\1", "abab", "(0,4)(0,2)" },
		{ "", "(a*)b\\1", "aabaa", "(0,5)(0,2)" },
		{ "", "(a*)b\\1", "aaba", "(1,4)(1,2)" },
		{ "", "(.)\\1", "abbc", "(1,3)(1,2)" },
		{ "i", "(.)\\1", "aBbc", "(1,3)(1,2)" },
		{ "", "(.)\\1", "aBbc", "no" },
		{ "", "(a)|b\\1", "b", "no" },
		{ "", "(a|(b))\\2c", "bbc", "(0,3)(0,1)(0,1)" },
		{ "", "^(x*)*\\1$", "xxxx", "(0,4)(2,3)" },
		{ "", "()*\\1a", "a", "(0,1)(0,0)" },
		{ "", "(a)(b)(c)(d)(e)(f)(g)(h)(i)\\9", "abcdefghii",
			"(0,10)(0,1)(1,2)(2,3)(3,4)(4,5)(5,6)(6,7)(7,8)(8,9)"
		},
	};

	CHECK(rows);
}

SIM_TEST(patterns_that_make_no_sense_are_told)
{
	static const char *const bad[][3] = {
		{ "", "(a", "open (" }, { "b", "a\\)", ") without (" },
		{ "b", "\\(a", "open (" }, { "", "[a", "open [" },
		{ "", "[", "open [" }, { "", "[]", "open [" },
		{ "", "[^]", "open [" }, { "", "[[:alpha:]", "open [" },
		{ "", "[[:alphb:]]", "class" }, { "", "[[:", "class" },
		{ "", "[[:alpha]", "class" }, { "", "[b-a]", "range" },
		{ "", "[a-c-e]", "range" }, { "", "[[:alpha:]-z]", "range" },
		{ "", "[[.ab.]]", "[." }, { "", "[[=", "[=" },
		{ "", "*a", "nothing to repeat" },
		{ "", "a|*b", "nothing to repeat" },
		{ "", "(+a)", "nothing to repeat" },
		{ "", "^*", "nothing to repeat" },
		{ "b", "\\{1\\}", "nothing to repeat" },
		{ "", "a{", "{count}" }, { "", "a{1", "{count}" },
		{ "", "a{x}", "{count}" }, { "", "a{2,1}", "{count}" },
		{ "", "a{256}", "{count}" }, { "", "a{1,256}", "{count}" },
		{ "", "a{1,999999999999}", "{count}" },
		{ "", "a{}", "{count}" }, { "b", "a\\{1}", "{count}" },
		{ "b", "a\\{1\\", "{count}" }, { "b", "a\\{1", "{count}" },
		{ "", "a\\", "backslash" }, { "", "a\\1", "refers" },
		{ "", "(a)\\2", "refers" },
		{ "", "a{255}{255}", "too large" },
		{ "", "[a]{255}{2}", "too large" },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *why = regex_compile(&room, bad[i][1],
		    flags_of(bad[i][0]));

		if (why == NULL || strstr(why, bad[i][2]) == NULL)
			sim_fail("/%s/: %s", bad[i][1], why ? why : "fine");
	}
}

/* Whatever fills the room, nothing is written behind it: for the sanitizer. */
SIM_TEST(patterns_fill_the_room_to_its_end)
{
	static const char *const ends[] = { "a", "|", "()", "[a]", "b*", "b+",
		"b?", "b{3}", "(b|c){2,}", "\\w", "^", "$", ".|", "(a", "\\1" };
	char pattern[REGEX_WORDS_MAX + 32];

	for (size_t i = 0; i < COUNT(ends); i++)
		for (size_t n = REGEX_WORDS_MAX - 40; n < REGEX_WORDS_MAX;
		    n++) {
			memset(pattern, 'a', n);
			strcpy(pattern + n, ends[i]);
			(void)regex_compile(&room, pattern, REGEX_EXTENDED);
			assert_true(room.re.words <= REGEX_WORDS_MAX);
		}
	memset(pattern, '(', 300);
	strcpy(pattern + 300, "a");
	assert_non_null(regex_compile(&room, pattern, REGEX_EXTENDED));
}

SIM_TEST(groups_are_found_at_any_depth)
{
	char pattern[200] = "", want[20];

	for (int i = 1; i < REGEX_DEPTH_MAX; i++)
		strcat(pattern, "(x?");
	strcat(pattern, "a");
	for (int i = 1; i < REGEX_DEPTH_MAX; i++)
		strcat(pattern, ")*");
	snprintf(want, sizeof(want), "%s", "(0,1)(0,1)(0,1)");
	assert_memory_equal(found("", pattern, SPAN("a")), want,
	    strlen(want));
}

/* ---- time ---------------------------------------------------------------- */

SIM_TEST(no_text_takes_longer_than_its_length)
{
	static const char *const patterns[] = { "(a*)*b", "(a|aa)*b",
		"(.*)(.*)(.*)(.*)(.*)x", "((a?){20}a{20})*b", "(a|b|ab)*c",
		"^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y|(a+)+$" };
	static char text[20000];
	struct span group[GROUPS];
	clock_t start = clock();

	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < COUNT(patterns); i++) {
		assert_null(regex_compile(&room, patterns[i], REGEX_EXTENDED));
		(void)!regex_match(&room, &room.re,
		    (struct span){ text, sizeof(text) }, group, GROUPS);
	}
	/* Milliseconds without sanitizers; without bound it would be years. */
	assert_true((clock() - start) / CLOCKS_PER_SEC < 60);
}

SIM_TEST(references_are_not_tried_for_ever)
{
	static char text[20000];

	memset(text, 'a', sizeof(text));
	assert_string_equal(found("", "(a*)*(a*)*\\1b", span_of(
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")), "?");
	assert_string_equal(found("", "^(a*)\\1$", (struct span){ text,
	    sizeof(text) }), "?");
	assert_string_equal(found("", "^(a*)\\1$", (struct span){ text, 2000 }),
	    "(0,2000)(0,1000)");
}

/* ---- beside the C library ------------------------------------------------ */

struct maker {
	uint64_t seed;
	char p[400];
	size_t n;
	bool is_basic;
};

static unsigned
roll(struct maker *m, unsigned n)
{
	m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(m->seed >> 33) % n;
}

static void
add(struct maker *m, const char *text)
{
	strcpy(m->p + m->n, text);
	m->n += strlen(text);
}

static void
add_operator(struct maker *m, const char *text)
{
	add(m, m->is_basic ? "\\" : "");
	add(m, text);
}

static void make_branches(struct maker *m, unsigned depth);

static void
make_atom(struct maker *m, unsigned depth)
{
	static const char *const atoms[] = { "a", "b", "c", "a", "b", ".",
		"[ab]", "[^a]", "[[:alpha:]]", "[^[:digit:]b]", "[]a]", "[a-]",
		"[a-c]", "\\." };

	if (depth > 0 && roll(m, 3) == 0) {
		add_operator(m, "(");
		make_branches(m, depth - 1);
		add_operator(m, ")");
	} else {
		add(m, atoms[roll(m, COUNT(atoms))]);
	}
}

static void
make_branches(struct maker *m, unsigned depth)
{
	static const char *const counts[] = { "{0,1}", "{1}", "{2}", "{0,2}",
		"{1,2}", "{2,}", "{1,}" };
	static const char *const repeats[] = { "+", "?" };

	do {
		for (unsigned n = 1 + roll(m, 3); n > 0 && m->n < 200; n--) {
			unsigned kind;

			make_atom(m, depth);
			kind = roll(m, 9);
			if (kind == 0)
				add(m, "*");
			else if (kind < 3)
				add_operator(m, repeats[kind - 1]);
			else if (kind == 3 && m->is_basic)
				add(m, "\\{1,2\\}");
			else if (kind == 3)
				add(m, counts[roll(m, COUNT(counts))]);
		}
	} while (roll(m, 4) == 0 && (add_operator(m, "|"), true));
}

/* One text; 1 if all groups are the same, too. */
static unsigned
compare(const struct maker *m, const regex_t *theirs, const char *text)
{
	struct span g[GROUPS];
	regmatch_t t[GROUPS];
	bool fits = regexec(theirs, text, GROUPS, t, 0) == 0;
	enum rc rc = regex_match(&room, &room.re, span_of(text), g, GROUPS);

	if ((rc == RC_OK) != fits || (fits && (g[0].p - text != t[0].rm_so ||
	    g[0].p - text + (long)g[0].n != t[0].rm_eo)))
		sim_fail("/%s/ on '%s': %d, they %d (%d,%d)", m->p, text, rc,
		    fits, fits ? (int)t[0].rm_so : 0,
		    fits ? (int)t[0].rm_eo : 0);
	for (size_t i = 1; fits && i < GROUPS; i++)
		if (g[i].p == NULL ? t[i].rm_so >= 0 :
		    g[i].p - text != t[i].rm_so ||
		    g[i].p - text + (long)g[i].n != t[i].rm_eo)
			return 0;
	return 1;
}

/*
 * The C library disagrees with POSIX, and with other libraries, about groups in
 * what is repeated, so only nearly all of them may be asked to be the same.
 */
SIM_TEST(whole_matches_are_those_of_the_c_library)
{
	struct maker m = { .seed = 20260101 };
	unsigned same = 0, all = 0;

	for (int i = 0; i < 3000; i++) {
		bool folds = roll(&m, 4) == 0;
		regex_t theirs;

		m.n = 0;
		m.is_basic = roll(&m, 5) == 0;
		make_branches(&m, roll(&m, 3));
		assert_int_equal(regcomp(&theirs, m.p, (m.is_basic ? 0 :
		    REG_EXTENDED) | (folds ? REG_ICASE : 0)), 0);
		assert_null(regex_compile(&room, m.p, (m.is_basic ? 0 :
		    REGEX_EXTENDED) | (folds ? REGEX_FOLD : 0)));
		for (int k = 0; k < 8; k++) {
			char text[16];
			unsigned n = roll(&m, 9);

			for (unsigned c = 0; c < n; c++)
				text[c] = "aabbcA.-1"[roll(&m, 9)];
			text[n] = '\0';
			same += compare(&m, &theirs, text);
			all++;
		}
		regfree(&theirs);
	}
	if (same < all - all / 50)
		sim_fail("%u of %u", same, all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(leftmost_match_comes_first_and_of_these_the_longest),
		SIM_RUN(earlier_parts_take_as_much_as_they_can),
		SIM_RUN(repeated_group_tells_of_its_last_round),
		SIM_RUN(nothing_is_repeated_only_where_it_must_be),
		SIM_RUN(anchors_hold_where_they_say),
		SIM_RUN(words_have_edges),
		SIM_RUN(brackets_hold_what_posix_says),
		SIM_RUN(basic_expressions_quote_their_operators),
		SIM_RUN(references_match_what_their_group_did),
		SIM_RUN(patterns_that_make_no_sense_are_told),
		SIM_RUN(patterns_fill_the_room_to_its_end),
		SIM_RUN(groups_are_found_at_any_depth),
		SIM_RUN(no_text_takes_longer_than_its_length),
		SIM_RUN(references_are_not_tried_for_ever),
		SIM_RUN(whole_matches_are_those_of_the_c_library),
	};
	return sim_main(tests, COUNT(tests));
}
