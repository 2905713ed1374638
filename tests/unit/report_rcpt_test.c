/*
 * report_rcpt_test.c - recipients from the words of a command.
 */
#include <string.h>

#include "../sim/sim.h"
#include "report.h"

/* Words, ended by NULL: a copy in memory that may be `char *`. */
static enum rc
open_list(struct rcpt_list *l, const char *const *text, size_t *bad)
{
	static char room[20][64];
	static char *words[20];
	size_t n = 0;

	for (; text[n] != NULL; n++) {
		assert_true(n < COUNT(words) && strlen(text[n]) < 64);
		words[n] = strcpy(room[n], text[n]);
	}
	return rcpt_list_open(l, words, n, bad);
}

#define WORDS(...)	((const char *const[]){ __VA_ARGS__, NULL })

static void
check_next(const struct rcpt_list *l, struct rcpt_at *at, const char *addr,
	const char *orcpt, unsigned notify)
{
	struct rcpt rcpt;
	size_t index = at->index;

	assert_true(rcpt_next(l, at, &rcpt));
	assert_true(span_is(rcpt.addr, addr));
	assert_true(span_is(rcpt.orcpt, orcpt));
	assert_int_equal(rcpt.notify, notify);
	assert_int_equal(at->index, index + 1);
}

SIM_TEST(options_hold_for_the_next_recipient_only)
{
	struct rcpt_list l;
	struct rcpt_at at = { 0 };
	struct rcpt rcpt;
	size_t bad;

	assert_int_equal(open_list(&l, WORDS("one@x", "-N", "never",
	    "-O", "rfc822;o t@x", "two@x", "-Osome;t", "-Ndelay,FAILURE",
	    "three@x", "--", "-four@x", "postmaster"), &bad), RC_OK);
	assert_int_equal(l.n, 5);
	assert_int_equal(l.pending, 5);
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(l.state[i], RCPT_PENDING);

	for (int pass = 0; pass < 2; pass++, at = (struct rcpt_at){ 0 }) {
		check_next(&l, &at, "one@x", "", 0);
		check_next(&l, &at, "two@x", "rfc822;o t@x",
		    JOB_NOTIFY_NEVER);
		check_next(&l, &at, "three@x", "some;t",
		    JOB_NOTIFY_DELAY | JOB_NOTIFY_FAILURE);
		check_next(&l, &at, "-four@x", "", 0);
		check_next(&l, &at, "postmaster", "", 0);
		assert_false(rcpt_next(&l, &at, &rcpt));
		assert_int_equal(at.index, 5);
	}
}

SIM_TEST(options_may_stand_ahead_of_a_double_hyphen)
{
	struct rcpt_list l;
	struct rcpt_at at = { 0 };
	size_t bad;

	assert_int_equal(open_list(&l, WORDS("-N", "success", "--", "-N"),
	    &bad), RC_OK);
	check_next(&l, &at, "-N", "", JOB_NOTIFY_SUCCESS);
	assert_int_equal(l.n, 1);
}

SIM_TEST(no_words_are_an_empty_list)
{
	struct rcpt_list l;
	struct rcpt_at at = { 0 };
	struct rcpt rcpt;
	size_t bad;

	assert_int_equal(rcpt_list_open(&l, NULL, 0, &bad), RC_OK);
	assert_int_equal(l.n, 0);
	assert_int_equal(l.pending, 0);
	assert_false(rcpt_next(&l, &at, &rcpt));
}

SIM_TEST(notify_words_are_read_in_any_case_and_order)
{
	static const struct {
		const char *text;
		unsigned bits;
	} good[] = {
		{ "-NNever", JOB_NOTIFY_NEVER },
		{ "-NSUCCESS", JOB_NOTIFY_SUCCESS },
		{ "-Nfailure", JOB_NOTIFY_FAILURE },
		{ "-Ndelay,success,failure", JOB_NOTIFY_DELAY
		    | JOB_NOTIFY_SUCCESS | JOB_NOTIFY_FAILURE },
		{ "-Nfailure,failure", JOB_NOTIFY_FAILURE },
	};

	for (size_t i = 0; i < COUNT(good); i++) {
		struct rcpt_list l;
		struct rcpt_at at = { 0 };
		size_t bad;

		assert_int_equal(open_list(&l, WORDS(good[i].text, "a@x"),
		    &bad), RC_OK);
		check_next(&l, &at, "a@x", "", good[i].bits);
	}
}

static void
check_bad(const char *const *words, size_t where)
{
	struct rcpt_list l;
	size_t bad = 99;

	assert_int_equal(open_list(&l, words, &bad), RC_WIRE);
	assert_int_equal(bad, where);
}

SIM_TEST(malformed_words_are_pointed_at)
{
	check_bad(WORDS("-Nsometimes", "a@x"), 0);
	check_bad(WORDS("-Nnever,delay", "a@x"), 0);
	check_bad(WORDS("-Ndelay,", "a@x"), 0);
	check_bad(WORDS("-N,delay", "a@x"), 0);
	check_bad(WORDS("-Ndelay, failure", "a@x"), 0);
	check_bad(WORDS("b@x", "-N", "", "a@x"), 1);
	check_bad(WORDS("b@x", "-Oa@x", "a@x"), 1);
	check_bad(WORDS("-O;a@x", "a@x"), 0);
	check_bad(WORDS("-Orfc822;a\nb@x", "a@x"), 0);
	check_bad(WORDS("b@x", "-x", "a@x"), 1);
	check_bad(WORDS("b@x", "-", "a@x"), 1);
	check_bad(WORDS("b@x", ""), 1);
	check_bad(WORDS("b@x", "a\r\nDATA@x"), 1);
	check_bad(WORDS("-Nnever", "a\n@x"), 1);
}

SIM_TEST(options_without_recipient_are_pointed_at)
{
	check_bad(WORDS("b@x", "-N"), 1);
	check_bad(WORDS("b@x", "-N", "never"), 1);
	check_bad(WORDS("b@x", "-Nnever"), 1);
	check_bad(WORDS("b@x", "-Nnever", "-O"), 2);
	check_bad(WORDS("b@x", "--"), 1);
	check_bad(WORDS("b@x", "-Nnever", "--", ""), 3);
}

SIM_TEST(lack_of_memory_is_told)
{
	struct rcpt_list l;
	size_t bad;

	sim_memory_limit(0);
	assert_int_equal(open_list(&l, WORDS("a@x"), &bad), RC_OS);
}

SIM_TEST(address_too_long_for_any_command_is_none)
{
	char text[RCPT_ADDR_MAX + 2];
	char *words[] = { text };
	struct rcpt_list l;
	size_t bad = 9;

	memset(text, 'a', sizeof(text));
	text[RCPT_ADDR_MAX] = '\0';
	assert_int_equal(rcpt_list_open(&l, words, 1, &bad), RC_OK);
	text[RCPT_ADDR_MAX] = 'a';
	text[RCPT_ADDR_MAX + 1] = '\0';
	assert_int_equal(rcpt_list_open(&l, words, 1, &bad), RC_WIRE);
	assert_int_equal(bad, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(address_too_long_for_any_command_is_none),
		SIM_RUN(options_hold_for_the_next_recipient_only),
		SIM_RUN(options_may_stand_ahead_of_a_double_hyphen),
		SIM_RUN(no_words_are_an_empty_list),
		SIM_RUN(notify_words_are_read_in_any_case_and_order),
		SIM_RUN(malformed_words_are_pointed_at),
		SIM_RUN(options_without_recipient_are_pointed_at),
		SIM_RUN(lack_of_memory_is_told),
	};
	return sim_main(tests, COUNT(tests));
}
