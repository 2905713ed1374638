/*
 * dns_idna_test.c - names of hosts, and what they are in A-labels.
 */
#include <string.h>

#include "../sim/sim.h"
#include "dns.h"

static char text[DNS_NAME_MAX + 1];

static enum rc
convert(const char *name)
{
	struct buf b = BUF(text);
	enum rc rc = dns_to_ascii(span_of(name), &b);

	(void)buf_text(&b);
	return rc;
}

static void
assert_becomes(const char *name, const char *ascii)
{
	sim_note("%s", name);
	assert_int_equal(convert(name), RC_OK);
	assert_string_equal(text, ascii);
}

static void
assert_denied(const char *name)
{
	sim_note("%s", name);
	assert_int_equal(convert(name), RC_DENY);
	assert_string_equal(text, "");
}

static bool
is_name(const char *name)
{
	return dns_name_check(span_of(name)) == RC_OK;
}

SIM_TEST(names_of_letters_digits_hyphens_underscores_are_valid)
{
	assert_true(is_name("localhost"));
	assert_true(is_name("a.b"));
	assert_true(is_name("a-b.c--d.EXAMPLE"));
	assert_true(is_name("_25._tcp.x_y.example"));
	assert_true(is_name("1.2.3.a"));
	assert_true(is_name("4ever"));
	assert_true(is_name("xn--bcher-kva.example"));
}

SIM_TEST(names_that_look_like_numbers_are_not_valid)
{
	assert_false(is_name("1.2.3"));
	assert_false(is_name("127.0.0.1"));
	assert_false(is_name("7"));
}

SIM_TEST(dots_and_hyphens_have_their_places)
{
	assert_false(is_name(""));
	assert_false(is_name("."));
	assert_false(is_name("a."));
	assert_false(is_name(".a"));
	assert_false(is_name("a..b"));
	assert_false(is_name("-a.b"));
	assert_false(is_name("a-.b"));
	assert_false(is_name("a.-"));
}

SIM_TEST(other_characters_are_not_valid)
{
	static const char odd[] = " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}~\177\t\n";
	char name[] = "axb.example";

	for (size_t i = 0; odd[i] != '\0'; i++) {
		name[1] = odd[i];
		assert_false(is_name(name));
	}
	assert_false(is_name("b\303\274cher.example"));
	assert_int_equal(dns_name_check((struct span){ "a\0b", 3 }), RC_DENY);
}

SIM_TEST(labels_and_names_have_a_longest_length)
{
	char name[300];

	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	assert_true(is_name(name));
	name[63] = 'a';
	name[64] = '\0';
	assert_false(is_name(name));
	memset(name, 'a', sizeof(name));
	for (int i = 60; i < 253; i += 61)
		name[i] = '.';
	name[253] = '\0';
	assert_true(is_name(name));
	name[253] = 'a';
	name[254] = '\0';
	assert_false(is_name(name));
}

SIM_TEST(ascii_names_stay_as_they_are)
{
	assert_becomes("Mail.EXAMPLE", "Mail.EXAMPLE");
	assert_becomes("xn--bcher-kva.example", "xn--bcher-kva.example");
	assert_denied("1.2.3");
	assert_denied("a.");
	assert_denied("a b.example");
	assert_denied("");
}

SIM_TEST(letters_beyond_ascii_become_punycode)
{
	assert_becomes("bücher.example", "xn--bcher-kva.example");
	assert_becomes("müller.example", "xn--mller-kva.example");
	assert_becomes("παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp");
	assert_becomes("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f");
	assert_becomes("例え.テスト", "xn--r8jz45g.xn--zckzah");
	assert_becomes("例子.测试", "xn--fsqu00a.xn--0zwm56d");
	assert_becomes("실례.테스트", "xn--9n2bp8q.xn--9t4b11yi5a");
	assert_becomes("उदाहरण.परीक्षा", "xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g");
}

/* The sample strings of RFC 3492, section 7.1, that are domain labels. */
SIM_TEST(samples_of_the_standard_come_out_as_printed)
{
	assert_becomes("他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye");
	assert_becomes("почемужеонинеговорятпорусски",
	    "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l");
	assert_becomes("porquénopuedensimplementehablarenespañol",
	    "xn--porqunopuedensimplementehablarenespaol-fmd56a");
	assert_becomes("tạisaohọkhôngthểchỉnóitiếngviệt",
	    "xn--tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g");
	assert_becomes("3年b組金八先生", "xn--3b-ww4c5e180e575a65lsy2b");
	assert_becomes("パフィーdeルンバ", "xn--de-jg4avhby1noc0d");
}

SIM_TEST(sharp_s_and_final_sigma_stay_themselves)
{
	assert_becomes("straße.example", "xn--strae-oqa.example");
	assert_becomes("STRAẞE.example", "xn--strae-oqa.example");
	assert_becomes("βόλος.com", "xn--nxasmm1c.com");
}

SIM_TEST(capitals_become_small_letters)
{
	assert_becomes("BÜCHER.EXAMPLE", "xn--bcher-kva.example");
	assert_becomes("ПРИМЕР.РФ", "xn--e1afmkfd.xn--p1ai");
	assert_becomes("ΠΑΡΆΔΕΙΓΜΑ.example", "xn--hxajbheg2az3al.example");
	assert_becomes("ՀԱՅ.am", "xn--y9a3aq.am");
	assert_becomes("Łódź.pl", "xn--d-uga0v4h.pl");
	assert_becomes("İ.tr", "xn--i-9bb.tr");
	assert_becomes("ŽŸ.example", "xn--wda7w.example");
}

SIM_TEST(width_is_made_equal)
{
	assert_becomes("ＢÜＣＨＥＲ.ｅxample", "xn--bcher-kva.example");
	assert_becomes("ｅｘａｍｐｌｅ．com", "example.com");
	assert_becomes("ﾃｽﾄ.example", "xn--zckzah.example");
	assert_becomes("ｶﾞ.jp", "xn--mck.jp");
}

SIM_TEST(all_full_stops_divide_labels)
{
	assert_becomes("bücher。example", "xn--bcher-kva.example");
	assert_becomes("bücher．example", "xn--bcher-kva.example");
	assert_becomes("bücher｡example", "xn--bcher-kva.example");
	assert_becomes("a。b", "a.b");
	assert_denied("bücher。");
	assert_denied("ü。。a");
	assert_denied("。ü");
}

SIM_TEST(letter_and_mark_become_one)
{
	assert_becomes("bu\xcc\x88" "cher.example", "xn--bcher-kva.example");
	assert_becomes("BU\xcc\x88" "CHER.example", "xn--bcher-kva.example");
	/* e, circumflex, dot below, in any order. */
	assert_becomes("vi\xe1\xbb\x87t.vn", "xn--vit-5kz.vn");
	assert_becomes("vie\xcc\x82\xcc\xa3t.vn", "xn--vit-5kz.vn");
	assert_becomes("vie\xcc\xa3\xcc\x82t.vn", "xn--vit-5kz.vn");
	assert_becomes("vi\xc3\xaa\xcc\xa3t.vn", "xn--vit-5kz.vn");
	assert_becomes("vi\xe1\xba\xb9\xcc\x82t.vn", "xn--vit-5kz.vn");
	/* A mark above keeps the next one above away from the letter. */
	assert_becomes("a\xcc\x8d\xcc\x81.example", "xn--a-xbb9a.example");
	/* Kana with sound marks, Hangul in letters. */
	assert_becomes("か\xe3\x82\x99.jp", "xn--v8j.jp");
	assert_becomes("ハ\xe3\x82\x9a.jp", "xn--odk.jp");
	assert_becomes("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"
	    "\xe1\x84\x80\xe1\x85\xae\xe1\x86\xa8.kr", "xn--3e0b707e.kr");
}

SIM_TEST(mark_without_a_letter_is_denied)
{
	assert_denied("\xcc\x88u.example");
	assert_denied("a.\xcc\x81");
}

SIM_TEST(what_is_no_part_of_names_is_denied)
{
	assert_denied("bü cher.example");
	assert_denied("bü\tcher.example");
	assert_denied("bü!cher.example");
	assert_denied("bü@cher.example");
	assert_denied("bü\xc2\xa0" "cher.example");	/* no-break space */
	assert_denied("bü\xc2\x85.example");		/* control */
	assert_denied("bü\xc2\xad.example");		/* soft hyphen */
	assert_denied("bü\xe2\x80\x8b.example");	/* zero width */
	assert_denied("bü\xe2\x80\xae.example");	/* right to left */
	assert_denied("bü\xe3\x80\x80.example");	/* wide space */
	assert_denied("bü\xef\xbb\xbf.example");	/* byte order mark */
	assert_denied("I♥NY.example");
	assert_denied("😀.example");
	assert_denied("½.example");
	assert_denied("\xee\x80\x80.example");		/* private use */
	assert_denied("\xef\xbf\xbe.example");		/* no character */
	assert_denied("a\xe2\x81\x84" "b.example");	/* fraction slash */
}

SIM_TEST(text_that_is_not_utf8_is_denied)
{
	assert_denied("b\374cher.example");
	assert_denied("bü\303");
	assert_denied("\355\240\200.example");
	assert_denied("\300\256.example");
}

SIM_TEST(hyphens_of_letters_beyond_ascii_have_their_places)
{
	assert_denied("-ü.example");
	assert_denied("ü-.example");
	assert_denied("ab--ü.example");
	assert_denied("xn--ü.example");
	assert_becomes("a-ü-b.example", "xn--a--b-1ra.example");
}

SIM_TEST(label_that_gets_too_long_is_denied)
{
	char name[600] = "";

	for (int i = 0; i < 57; i++)
		strcat(name, "ü");
	assert_int_equal(convert(name), RC_OK);
	assert_int_equal(strlen(text), DNS_LABEL_MAX);
	strcat(name, "ü");
	assert_denied(name);
	for (int i = 0; i < 200; i++)
		strcat(name, "ü");
	assert_denied(name);
}

SIM_TEST(name_that_gets_too_long_is_denied)
{
	char name[600] = "";

	for (int i = 0; i < 25; i++)
		strcat(name, "ü.");
	strcat(name, "example");
	assert_int_equal(convert(name), RC_OK);
	assert_int_equal(strlen(text), 25 * 8 + 7);
	for (int i = 0; i < 6; i++)
		strcat(name, ".ü");
	assert_denied(name);
}

SIM_TEST(result_is_added_whole_or_not_at_all)
{
	char small[20];
	struct buf b = BUF(small);

	buf_puts(&b, "to ");
	assert_int_equal(dns_to_ascii(SPAN("bücher.example"), &b), RC_FULL);
	assert_string_equal(buf_text(&b), "to ");
}

static const struct CMUnitTest tests[] = {
	SIM_RUN(names_of_letters_digits_hyphens_underscores_are_valid),
	SIM_RUN(names_that_look_like_numbers_are_not_valid),
	SIM_RUN(dots_and_hyphens_have_their_places),
	SIM_RUN(other_characters_are_not_valid),
	SIM_RUN(labels_and_names_have_a_longest_length),
	SIM_RUN(ascii_names_stay_as_they_are),
	SIM_RUN(letters_beyond_ascii_become_punycode),
	SIM_RUN(samples_of_the_standard_come_out_as_printed),
	SIM_RUN(sharp_s_and_final_sigma_stay_themselves),
	SIM_RUN(capitals_become_small_letters),
	SIM_RUN(width_is_made_equal),
	SIM_RUN(all_full_stops_divide_labels),
	SIM_RUN(letter_and_mark_become_one),
	SIM_RUN(mark_without_a_letter_is_denied),
	SIM_RUN(what_is_no_part_of_names_is_denied),
	SIM_RUN(text_that_is_not_utf8_is_denied),
	SIM_RUN(hyphens_of_letters_beyond_ascii_have_their_places),
	SIM_RUN(label_that_gets_too_long_is_denied),
	SIM_RUN(name_that_gets_too_long_is_denied),
	SIM_RUN(result_is_added_whole_or_not_at_all),
};

int
main(void)
{
	return sim_main(tests, COUNT(tests));
}
