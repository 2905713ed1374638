/*
 * param_expand_test.c - the $ forms of values.
 */
#include <string.h>

#include "param_world.h"

/* What `text` comes to beside the assignments of main_cf. */
static const char *
expanded(const char *main_cf, const char *text)
{
	static char out[2048];
	struct buf b = BUF(out);
	enum rc rc;

	assert_int_equal(load(main_cf), RC_OK);
	rc = param_expand(&w.p, span_of(text), &b, &w.why);
	if (rc != RC_OK)
		sim_note("%s", buf_text(&w.why));
	assert_int_equal(rc, RC_OK);
	return buf_text(&b);
}

static const char *
refused(const char *main_cf, const char *text)
{
	char out[2048];
	struct buf b = BUF(out);

	assert_int_equal(load(main_cf), RC_OK);
	buf_puts(&b, "kept");
	assert_int_equal(param_expand(&w.p, span_of(text), &b, &w.why),
	    RC_DENY);
	assert_string_equal(buf_text(&b), "kept");
	return buf_text(&w.why);
}

SIM_TEST(names_are_replaced_in_all_three_forms)
{
	assert_string_equal(expanded("a = x\n", "<$a.${a}b$(a)c>"),
	    "<x.xbxc>");
}

SIM_TEST(values_are_expanded_in_any_order)
{
	assert_string_equal(expanded("a = $b$b\nb = <$c>\nc = 1\n", "$a"),
	    "<1><1>");
}

SIM_TEST(unknown_names_are_empty)
{
	assert_string_equal(expanded("", "x${nosuch}y"), "xy");
}

SIM_TEST(two_dollars_are_one)
{
	assert_string_equal(expanded("", "a$$b$${c}"), "a$b${c}");
}

SIM_TEST(text_after_question_mark_needs_a_value)
{
	assert_string_equal(expanded("a =\nb = x\n",
	    "${a?no}${b?yes}${c?no}${b?{ braced }}"), "yes braced ");
}

SIM_TEST(text_after_colon_needs_no_value)
{
	assert_string_equal(expanded("a =\nb = x\n",
	    "${a:1}${b:2}${c:3}${c:{4}}"), "134");
}

SIM_TEST(both_branches_may_be_given)
{
	assert_string_equal(expanded("b = x\nd = y\n",
	    "${a?{a}:{b.$d}} ${b ? {$b} : {no}}"), "b.y x");
}

SIM_TEST(forms_stand_within_forms)
{
	assert_string_equal(expanded("b = x\n",
	    "${a?{1}:{${b?{<${c:{deep}}>}:{2}}}}"), "<deep>");
}

SIM_TEST(what_is_not_chosen_is_not_expanded)
{
	assert_string_equal(expanded("a = 1\nloop = $loop\n"
	    "smtp_sasl_path = ${a?{fine}:{$loop}}\n", "$smtp_sasl_path"),
	    "fine");
}

SIM_TEST(numbers_are_compared_as_numbers)
{
	assert_string_equal(expanded("n = 10\n",
	    "${{$n} > {9} ? {1} : {0}}${{$n} == {010} ? {1} : {0}}"
	    "${{9} <= {9} ? {1} : {0}}${{9}>={10}?{1}:{0}}"), "1110");
}

SIM_TEST(other_operands_are_compared_as_text)
{
	assert_string_equal(expanded("n = 10x\n",
	    "${{$n} > {9} ? {1} : {0}}${{a} < {b} ? {1} : {0}}"
	    "${{a} != {a} ? {1} : {0}}${{} == {} ? {1} : {0}}"), "0101");
}

SIM_TEST(a_bare_comparison_is_a_truth_value)
{
	assert_string_equal(expanded("", "<${{a} == {a}}><${{a} == {b}}>"),
	    "<true><>");
}

SIM_TEST(levels_are_compared_part_by_part)
{
	assert_string_equal(expanded("compatibility_level = 3.10\n",
	    "${{$compatibility_level} <level {3.9} ? {old} : {new}} "
	    "${{$compatibility_level} >=level {3.10.0} ? {1} : {0}}"
	    "${{$compatibility_level} ==level {3.10} ? {1} : {0}}"
	    "${{$compatibility_level} !=level {3} ? {1} : {0}}"
	    "${{$compatibility_level} >level {4} ? {1} : {0}}"
	    "${{$compatibility_level} <=level {3} ? {1} : {0}}"),
	    "new 11100");
}

SIM_TEST(read_only_names_tell_of_the_program)
{
	char want[64];
	struct buf b = BUF(want);

	buf_fmt(&b, "smtp smtp %u /cf", port_pid());
	assert_string_equal(expanded("process_name = other\n"
	    "config_directory = /other\n",
	    "$process_name $service_name $process_id $config_directory"),
	    buf_text(&b));
}

SIM_TEST(wrong_forms_are_refused_with_a_reason)
{
	assert_non_null(strstr(refused("", "x${mydomain"), "not closed"));
	assert_non_null(strstr(refused("", "x$(mydomain"), "not closed"));
	assert_non_null(strstr(refused("", "100$"), "$$"));
	assert_non_null(strstr(refused("", "$ x"), "$$"));
	assert_non_null(strstr(refused("", "${}"), "not a name"));
	assert_non_null(strstr(refused("", "${a b}"), "not a name"));
	assert_non_null(strstr(refused("", "${a?{b} c}"), "closing brace"));
	assert_non_null(strstr(refused("", "${{a} = {b}}"), "comparison"));
	assert_non_null(strstr(refused("", "${{a} == {b}"), "not closed"));
	assert_non_null(strstr(refused("", "${{a} == {b} x}"), "? or :"));
	assert_non_null(strstr(refused("", "${{a} <level {1}}"), "level"));
}

SIM_TEST(a_loop_names_the_parameter)
{
	assert_non_null(strstr(refused("aa = x$bb\nbb = ${aa}\n", "$aa"),
	    "aa refers to itself through bb"));
	assert_int_equal(load("smtp_helo_name = x$smtp_helo_name\n"), RC_DENY);
	assert_string_equal(buf_text(&w.why), "/cf/main.cf, line 1: "
	    "smtp_helo_name = x$smtp_helo_name: smtp_helo_name refers to "
	    "itself");
}

SIM_TEST(doubling_at_every_level_is_bounded)
{
	char text[4096];
	struct buf b = BUF(text);
	int i;

	for (i = 0; i < 24; i++)
		buf_fmt(&b, "%c%c = $%c%c$%c%c\n", 'a' + i, 'a' + i,
		    'b' + i, 'b' + i, 'b' + i, 'b' + i);
	assert_non_null(strstr(refused(buf_text(&b), "$aa"), "too many"));
}

SIM_TEST(depth_is_bounded)
{
	char text[8192];
	struct buf b = BUF(text);
	int i;

	for (i = 0; i < 900; i++)
		buf_puts(&b, "${a:{");
	for (i = 0; i < 900; i++)
		buf_puts(&b, "}}");
	assert_non_null(strstr(refused("", buf_text(&b)), "too deep"));
}

SIM_TEST(a_full_buffer_is_told)
{
	char out[8];
	struct buf b = BUF(out);

	assert_int_equal(load("a = 0123456789\n"), RC_OK);
	assert_int_equal(param_expand(&w.p, SPAN("$a"), &b, &w.why), RC_FULL);
	assert_int_equal(b.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(names_are_replaced_in_all_three_forms),
		SIM_RUN(values_are_expanded_in_any_order),
		SIM_RUN(unknown_names_are_empty),
		SIM_RUN(two_dollars_are_one),
		SIM_RUN(text_after_question_mark_needs_a_value),
		SIM_RUN(text_after_colon_needs_no_value),
		SIM_RUN(both_branches_may_be_given),
		SIM_RUN(forms_stand_within_forms),
		SIM_RUN(what_is_not_chosen_is_not_expanded),
		SIM_RUN(numbers_are_compared_as_numbers),
		SIM_RUN(other_operands_are_compared_as_text),
		SIM_RUN(a_bare_comparison_is_a_truth_value),
		SIM_RUN(levels_are_compared_part_by_part),
		SIM_RUN(read_only_names_tell_of_the_program),
		SIM_RUN(wrong_forms_are_refused_with_a_reason),
		SIM_RUN(a_loop_names_the_parameter),
		SIM_RUN(doubling_at_every_level_is_bounded),
		SIM_RUN(depth_is_bounded),
		SIM_RUN(a_full_buffer_is_told),
	};
	return sim_main(tests, COUNT(tests));
}
