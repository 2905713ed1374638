/*
 * port_wide_test.c - kinds of characters as the C library without a locale has
 * them; ours under names of their own, as the library here is another.
 */
#include <wctype.h>

#include "port_test_int.h"

#define iswlower	our_iswlower
#define iswupper	our_iswupper
#define iswalnum	our_iswalnum
#define iswctype	our_iswctype
#define towlower	our_towlower
#define towupper	our_towupper
#define wctype		our_wctype
int our_iswlower(wint_t);
int our_iswupper(wint_t);
int our_iswalnum(wint_t);
int our_iswctype(wint_t, wctype_t);
wint_t our_towlower(wint_t);
wint_t our_towupper(wint_t);
wctype_t our_wctype(const char *);
#include "../../port/port_wide.c"
#undef iswlower
#undef iswupper
#undef iswalnum
#undef iswctype
#undef towlower
#undef towupper
#undef wctype

static void
classes_are_those_of_ascii(void **state)
{
	(void)state;
	for (size_t i = 1; i < COUNT(names); i++) {
		wctype_t ours = our_wctype(names[i]), theirs =
			wctype(names[i]);

		assert_int_not_equal(ours, 0);
		for (wint_t c = 0; c < 128; c++)
			if (!our_iswctype(c, ours) != !iswctype(c, theirs))
				fail_msg("%s: %d", names[i], (int)c);
		/* What musl makes of octets beyond ASCII. */
		for (wint_t c = 0xdf80; c < 0xe000; c++)
			assert_false(our_iswctype(c, ours));
	}
}

static void
letters_have_a_case(void **state)
{
	(void)state;
	for (wint_t c = 0; c < 128; c++) {
		assert_int_equal(our_towlower(c), towlower(c));
		assert_int_equal(our_towupper(c), towupper(c));
		assert_int_equal(!our_iswlower(c), !iswlower(c));
		assert_int_equal(!our_iswupper(c), !iswupper(c));
		assert_int_equal(!our_iswalnum(c), !iswalnum(c));
	}
	assert_int_equal(our_towlower(0xdfc4), 0xdfc4);
	assert_int_equal(our_towupper(0xdfe4), 0xdfe4);
}

static void
a_class_that_nobody_knows_has_nothing(void **state)
{
	(void)state;
	assert_int_equal(our_wctype("letter"), 0);
	assert_int_equal(our_wctype(""), 0);
	for (wint_t c = 0; c < 128; c++)
		assert_false(our_iswctype(c, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_are_those_of_ascii),
		cmocka_unit_test(letters_have_a_case),
		cmocka_unit_test(a_class_that_nobody_knows_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
