/*
 * param_load_test.c - main.cf and -o to settings.
 */
#include <string.h>

#include "param_world.h"

static void
assert_text(struct span got, const char *want)
{
	if (!span_is(got, want))
		sim_note("got `%.*s`, wanted `%s`", SPAN_ARG(got), want);
	assert_true(span_is(got, want));
}

static void
assert_refused(const char *main_cf, const char *why)
{
	assert_int_equal(load(main_cf), RC_DENY);
	assert_string_equal(buf_text(&w.why), why);
}

/* ---- defaults ----------------------------------------------------------- */

static const struct {
	const char *name, *value;	/* value NULL: the machine's */
} expected[] = {
#define NAME(name)		{ name, NULL },
#define VALUE(name, value)	{ name, value },
#include "param_names.def"
};

SIM_TEST(every_name_of_postfix_has_its_default)
{
	struct span value;
	size_t i;

	assert_int_equal(load(""), RC_OK);
	for (i = 0; i < COUNT(expected); i++) {
		sim_note("%s", expected[i].name);
		assert_int_equal(param_find(&w.p, span_of(expected[i].name),
		    &value), RC_NONE);
		if (expected[i].value != NULL)
			assert_text(value, expected[i].value);
	}
	assert_true(COUNT(expected) > 590);
}

SIM_TEST(defaults_load_for_both_protocols_in_silence)
{
	assert_int_equal(load(""), RC_OK);
	assert_text(w.p.set.helo_name, "here.example");
	assert_int_equal(w.p.set.connect_timeout, 30 * SECOND);
	assert_text(w.p.set.tcp_port, "smtp");
	assert_true(w.p.set.skip_quit_response);
	assert_int_equal(w.p.set.sasl_auth_cache_time, 90 * DAY);
	assert_int_equal(w.p.set.maximal_queue_lifetime, 5 * DAY);
	assert_int_equal(w.p.set.delay_warning_time, 0);
	assert_int_equal(w.p.set.message_size_limit, 10240000);
	assert_int_equal(w.p.set.inet_protocols, INET_IPV4 | INET_IPV6);
	assert_int_equal(w.p.set.host_lookup, LOOKUP_DNS);
	assert_int_equal(w.p.set.notify_classes,
	    NOTIFY_RESOURCE | NOTIFY_SOFTWARE);
	assert_int_equal(w.p.set.tls_security_level, LEVEL_UNSET);
	assert_int_equal(w.p.set.tls_dane_insecure_mx_policy, INSECURE_MAY);
	assert_int_equal(w.p.set.syslog_facility, 2);
	assert_int_equal(w.p.set.mynetworks_style, STYLE_SUBNET);
	assert_int_equal(w.p.set.bind_address.family, IP_NONE);
	assert_text(w.p.set.tls_fingerprint_digest, "md5");
	assert_false(w.p.set.smtputf8_enable);
	assert_true(w.p.set.append_dot_mydomain);

	w.from.is_lmtp = true;
	assert_int_equal(load_again(), RC_OK);
	assert_int_equal(w.p.set.connect_timeout, 0);
	assert_text(w.p.set.tcp_port, "24");
	assert_false(w.p.set.skip_quit_response);
	assert_text(w.p.set.tls_secure_cert_match, "nexthop");
	assert_text(w.p.set.sasl_tls_verified_security_options,
	    "noplaintext, noanonymous");
	assert_string_equal(sim_err(), "");
}

SIM_TEST(every_known_name_is_listed_once)
{
	struct param_cursor c = { 0 };
	char text[PARAM_NAME_MAX], (*names)[PARAM_NAME_MAX];
	struct buf b = BUF(text);
	struct span value;
	size_t n = 0, i;

	assert_int_equal(load(""), RC_OK);
	names = test_calloc(1000, sizeof(*names));
	while (param_next(&c, &b)) {
		assert_false(b.full);
		assert_true(n < 1000);
		for (i = 0; i < n; i++)
			assert_string_not_equal(names[i], buf_text(&b));
		memcpy(names[n++], buf_text(&b), b.n + 1);
		assert_int_equal(param_find(&w.p, buf_span(&b), &value),
		    RC_NONE);
		buf_clear(&b);
	}
	assert_true(n >= COUNT(expected));
	test_free(names);
}

/*
 * The words of param.def and the enumerators of param.h are two lists of one
 * thing.
 */
SIM_TEST(words_have_the_values_of_their_enumerators)
{
	assert_int_equal(load("smtp_tls_security_level = Secure\n"
	    "smtp_dns_support_level = dnssec\n"
	    "smtp_tls_dane_insecure_mx_policy = dane\n"
	    "smtp_address_preference = ipv6\n"
	    "smtp_address_verify_target = data\n"
	    "info_log_address_format = internal\n"
	    "sendmail_fix_line_endings = never\n"
	    "header_from_format = obsolete\n"
	    "mynetworks_style = class\n"
	    "syslog_facility = local7\n"
	    "smtp_dns_resolver_options = res_dnsrch\n"
	    "smtp_host_lookup = native\n"
	    "inet_protocols = ipv6\n"
	    "notify_classes = software\n"
	    "internal_mail_filter_classes = notify\n"
	    "smtputf8_autodetect_classes = all\n"
	    "canonical_classes = header_recipient\n"
	    "propagate_unmatched_extensions = generic\n"
	    "allow_mail_to_files = include\n"), RC_OK);
	assert_int_equal(w.p.set.tls_security_level, LEVEL_SECURE);
	assert_int_equal(w.p.set.dns_support_level, SUPPORT_DNSSEC);
	assert_int_equal(w.p.set.tls_dane_insecure_mx_policy, INSECURE_DANE);
	assert_int_equal(w.p.set.address_preference, FAMILY_IPV6);
	assert_int_equal(w.p.set.address_verify_target, TARGET_DATA);
	assert_int_equal(w.p.set.info_log_address_format, FORMAT_INTERNAL);
	assert_int_equal(w.p.set.sendmail_fix_line_endings, ENDINGS_NEVER);
	assert_int_equal(w.p.set.header_from_format, FROM_OBSOLETE);
	assert_int_equal(w.p.set.mynetworks_style, STYLE_CLASS);
	assert_int_equal(w.p.set.syslog_facility, 23);
	assert_int_equal(w.p.set.dns_resolver_options, RESOLVER_DNSRCH);
	assert_int_equal(w.p.set.host_lookup, LOOKUP_NATIVE);
	assert_int_equal(w.p.set.inet_protocols, INET_IPV6);
	assert_int_equal(w.p.set.notify_classes, NOTIFY_SOFTWARE);
	assert_int_equal(w.p.set.internal_mail_filter_classes, FILTER_NOTIFY);
	assert_int_equal(w.p.set.smtputf8_autodetect_classes, DETECT_ALL);
	assert_int_equal(w.p.set.canonical_classes, ADDRESS_HEADER_RECIPIENT);
	assert_int_equal(w.p.set.propagate_unmatched_extensions,
	    EXTENSION_GENERIC);
	assert_int_equal(w.p.set.allow_mail_to_files, LOCAL_INCLUDE);
}

/* ---- the file ----------------------------------------------------------- */

SIM_TEST(lines_comments_and_continuations_are_read)
{
	assert_int_equal(load("# a comment\n"
	    "  \n"
	    "\n"
	    "relayhost=[a.example]:587,\n"
	    "# a comment within\n"
	    "\n"
	    "   # another one\n"
	    "  \t [b.example]\n"
	    "smtp_helo_name  =  x.example\r\n"
	    "\tsmtp_sasl_path = no line of its own\n"
	    "best_mx_transport =\n"
	    "  lmtp:[a]"), RC_OK);
	assert_text(w.p.set.relayhost, "[a.example]:587,  \t [b.example]");
	assert_text(w.p.set.helo_name,
	    "x.example\tsmtp_sasl_path = no line of its own");
	assert_text(w.p.set.best_mx_transport, "lmtp:[a]");
}

SIM_TEST(the_last_assignment_wins)
{
	assert_int_equal(load("smtp_helo_name = a\n"
	    "smtp_helo_name = b\n"), RC_OK);
	assert_text(w.p.set.helo_name, "b");
}

SIM_TEST(options_win_over_the_file)
{
	const char *options[] = { "smtp_helo_name=x", "smtp_helo_name = y",
	    "{ smtp_sasl_path = a b }" };

	assert_int_equal(load("smtp_helo_name = a\n"), RC_OK);
	w.from.options = options;
	w.from.options_n = COUNT(options);
	assert_int_equal(load_again(), RC_OK);
	assert_text(w.p.set.helo_name, "y");
	assert_text(w.p.set.sasl_path, "a b");
}

SIM_TEST(no_file_is_needed)
{
	set_up();
	assert_int_equal(load_again(), RC_OK);
	assert_text(w.p.set.helo_name, "here.example");
	assert_non_null(strstr(sim_err(), "there is no /cf/main.cf"));
}

SIM_TEST(the_folder_comes_from_the_environment)
{
	sim_env("MAIL_CONFIG", "/elsewhere");
	sim_file("/elsewhere/main.cf", "smtp_helo_name = e.example\n");
	set_up();
	w.from.folder = NULL;
	assert_int_equal(load_again(), RC_OK);
	assert_text(w.p.set.helo_name, "e.example");
	assert_text(w.p.set.config_directory, "/elsewhere");
	sim_env("MAIL_CONFIG", NULL);
	assert_int_equal(load_again(), RC_OK);
	assert_text(w.p.set.config_directory, PARAM_FOLDER);
}

/* 20 KiB of text, most of it comments, so that lines straddle reads. */
SIM_TEST(a_long_file_is_read_in_pieces)
{
	char *text = test_malloc(40000), name[32];
	struct buf b, n = BUF(name);
	struct span value;
	int i;

	buf_init(&b, text, 40000);
	for (i = 0; i < 200; i++)
		buf_fmt(&b, "# %d\nown%d = %d,\n  more of it\n"
		    "smtp_sasl_path = $own%d\n", i, i, i, i);
	assert_false(b.full);
	assert_int_equal(load(buf_text(&b)), RC_OK);
	for (i = 0; i < 200; i++) {
		buf_clear(&n);
		buf_fmt(&n, "own%d", i);
		assert_int_equal(param_find(&w.p, buf_span(&n), &value),
		    RC_OK);
		buf_clear(&n);
		buf_fmt(&n, "%d,  more of it", i);
		assert_text(value, buf_text(&n));
	}
	test_free(text);
}

SIM_TEST(a_broken_read_is_told)
{
	sim_file("/cf/main.cf", "smtp_helo_name = a\n");
	sim_file_broken("/cf/main.cf", 3);
	set_up();
	assert_int_equal(load_again(), RC_OS);
	assert_non_null(strstr(buf_text(&w.why), "/cf/main.cf cannot be "
	    "read: "));
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(too_little_memory_is_told)
{
	size_t cap;
	enum rc rc;

	assert_int_equal(load("relayhost = $smtp_sasl_path$smtp_sasl_path\n"
	    "smtp_sasl_path = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"), RC_OK);
	for (cap = 0; cap < sizeof(w.memory); cap++) {
		arena_init(&w.a, w.memory, cap);
		w.why = BUF(w.why_text);
		rc = param_load(&w.p, &w.from, &w.a, &w.why);
		if (rc == RC_OK)
			break;
		sim_note("%zu octets", cap);
		assert_int_equal(rc, RC_FULL);
		assert_true(w.why.n > 0);
	}
	assert_true(cap > 200 && cap < 4096);
}

/* What a small machine has: a stock file must load in silence, and small. */
SIM_TEST(debian_stock_main_cf_loads_in_silence)
{
	sim_file("/etc/mailname", "mail.here.example\n");
	assert_int_equal(load(
	    "# See /usr/share/postfix/main.cf.dist for a commented version\n"
	    "#myorigin = /etc/mailname\n\n"
	    "smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)\n"
	    "biff = no\n\n"
	    "append_dot_mydomain = no\n\n"
	    "readme_directory = no\n\n"
	    "compatibility_level = 3.6\n\n"
	    "smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem\n"
	    "smtpd_tls_key_file=/etc/ssl/private/ssl-cert-snakeoil.key\n"
	    "smtpd_tls_security_level=may\n\n"
	    "smtp_tls_CApath=/etc/ssl/certs\n"
	    "smtp_tls_security_level=may\n"
	    "smtp_tls_session_cache_database = "
	    "btree:${data_directory}/smtp_scache\n\n"
	    "smtpd_relay_restrictions = permit_mynetworks "
	    "permit_sasl_authenticated defer_unauth_destination\n"
	    "myhostname = here.example\n"
	    "alias_maps = hash:/etc/aliases\n"
	    "alias_database = hash:/etc/aliases\n"
	    "myorigin = /etc/mailname\n"
	    "mydestination = $myhostname, $myorigin, localhost\n"
	    "relayhost = \n"
	    "mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n"
	    "mailbox_size_limit = 0\n"
	    "recipient_delimiter = +\n"
	    "inet_interfaces = all\n"
	    "inet_protocols = all\n"), RC_OK);
	assert_string_equal(sim_err(), "");
	assert_text(w.p.set.myorigin, "mail.here.example");
	assert_text(w.p.set.mydestination,
	    "here.example, mail.here.example, localhost");
	assert_text(w.p.set.tls_session_cache_database,
	    "btree:/var/lib/postfix/smtp_scache");
	assert_text(w.p.set.tls_fingerprint_digest, "sha256");
	assert_true(w.p.set.smtputf8_enable);
	assert_true(sizeof(w.p) + w.a.used < 12 * 1024);
}

/* ---- names of the machine ----------------------------------------------- */

SIM_TEST(a_host_name_without_dot_gets_a_domain)
{
	sim_hostname("router");
	assert_int_equal(load(""), RC_OK);
	assert_text(w.p.set.myhostname, "router.localdomain");
	assert_text(w.p.set.mydomain, "localdomain");
	assert_int_equal(load("mydomain = home.example\n"), RC_OK);
	assert_text(w.p.set.myhostname, "router.home.example");
	assert_text(w.p.set.mydomain, "home.example");
	sim_hostname("");
	assert_int_equal(load(""), RC_OK);
	assert_text(w.p.set.myhostname, "localhost.localdomain");
	sim_hostname("-bad.example");
	assert_refused("", "default of myhostname = -bad.example, which "
	    "main.cf can replace: not a host "
	    "name; write one such as host.example.com");
	sim_hostname("router.");
	assert_refused("", "default of myhostname = router., which "
	    "main.cf can replace: not a host "
	    "name; write one such as host.example.com");
}

SIM_TEST(the_domain_follows_the_host_name)
{
	assert_int_equal(load("myhostname = a.b.example\n"), RC_OK);
	assert_text(w.p.set.mydomain, "b.example");
	assert_text(w.p.set.mydestination,
	    "a.b.example, localhost.b.example, localhost");
	assert_text(w.p.set.local_transport, "local:a.b.example");
	assert_int_equal(load("myhostname = single\n"), RC_OK);
	assert_text(w.p.set.myhostname, "single");
	assert_text(w.p.set.mydomain, "localdomain");
}

SIM_TEST(host_and_domain_that_want_each_other_are_a_loop)
{
	sim_hostname("router");
	assert_refused("mydomain = $myhostname\n", "default of myhostname = , "
	    "which main.cf can replace: "
	    "myhostname refers to itself through mydomain");
}

SIM_TEST(the_origin_may_be_in_a_file)
{
	sim_file("/etc/mailname", "  origin.example \r\nmore\n");
	assert_int_equal(load("myorigin = /etc/mailname\n"
	    "mydestination = $myorigin\n"), RC_OK);
	assert_text(w.p.set.myorigin, "origin.example");
	assert_text(w.p.set.mydestination, "origin.example");
	sim_file("/etc/mailname", "\nx\n");
	assert_refused("myorigin = /etc/mailname\n", "/cf/main.cf, line 1: "
	    "myorigin = /etc/mailname: the file is empty; write the domain "
	    "into its first line");
	assert_refused("\nmyorigin = /none\n", "/cf/main.cf, line 2: "
	    "myorigin = /none: there is no such file; write the domain "
	    "into its first line");
}

/* ---- wrong values ------------------------------------------------------- */

SIM_TEST(wrong_values_are_told_with_line_and_remedy)
{
	assert_refused("\n# x\nsmtp_helo_timeout = 5x\n",
	    "/cf/main.cf, line 3: smtp_helo_timeout = 5x: not a time; write a "
	    "number and s, m, h, d or w");
	assert_refused("smtp_helo_timeout = soon\n",
	    "/cf/main.cf, line 1: smtp_helo_timeout = soon: not a time; write "
	    "a number and s, m, h, d or w");
	assert_refused("smtp_helo_timeout = 0\n",
	    "/cf/main.cf, line 1: smtp_helo_timeout = 0: too small, at least "
	    "1s");
	assert_refused("smtp_line_length_limit = many\n", "/cf/main.cf, "
	    "line 1: smtp_line_length_limit = many: not a decimal number");
	assert_refused("smtp_never_send_ehlo =\n", "/cf/main.cf, line 1: "
	    "smtp_never_send_ehlo = : write yes or no");
	assert_refused("smtp_helo_name =\n", "/cf/main.cf, line 1: "
	    "smtp_helo_name = : must not be empty");
	assert_refused("myhostname = -bad-.example\n", "/cf/main.cf, line 1: "
	    "myhostname = -bad-.example: not a host name; write one such as "
	    "host.example.com");
	assert_refused("inet_protocols = ipv5\n", "/cf/main.cf, line 1: "
	    "inet_protocols = ipv5: ipv5 is not one of ipv4, ipv6, all");
	assert_refused("smtp_host_lookup = ,\n", "/cf/main.cf, line 1: "
	    "smtp_host_lookup = ,: empty; write some of dns, native");
	assert_refused("smtp_dns_resolver_options = RES_DNSRCH\n",
	    "/cf/main.cf, line 1: smtp_dns_resolver_options = RES_DNSRCH: "
	    "RES_DNSRCH is not one of res_defnames, res_dnsrch");
	assert_refused("smtp_tls_security_level = paranoid\n",
	    "/cf/main.cf, line 1: smtp_tls_security_level = paranoid: write "
	    "one of none, may, encrypt, fingerprint, dane, dane-only, verify, "
	    "secure");
	assert_refused("smtp_bind_address = client.example\n", "/cf/main.cf, "
	    "line 1: smtp_bind_address = client.example: not an IPv4 address");
	assert_refused("compatibility_level = new\n", "/cf/main.cf, line 1: "
	    "compatibility_level = new: not a compatibility level; write one "
	    "such as 3.6");
	assert_refused("smtp_helo_name = ${mydomain\n", "/cf/main.cf, "
	    "line 1: smtp_helo_name = ${mydomain: {mydomain: a bracket behind "
	    "$ is not closed");
	assert_refused("relay_destination_rate_delay = x\n", "/cf/main.cf, "
	    "line 1: relay_destination_rate_delay = x: not a time; write a "
	    "number and s, m, h, d or w");
	assert_refused("x y = 1\n", "/cf/main.cf, line 1: x y = 1: not a "
	    "setting; write NAME = VALUE");
	assert_refused("a = 1\nrelayhost\n", "/cf/main.cf, line 2: relayhost: "
	    "not a setting; write NAME = VALUE");
}

SIM_TEST(a_wrong_option_is_told)
{
	const char *time = "smtp_helo_timeout=5x", *none = "smtp_helo_timeout";

	assert_int_equal(load(""), RC_OK);
	w.from.options = &time;
	w.from.options_n = 1;
	assert_int_equal(load_again(), RC_DENY);
	assert_string_equal(buf_text(&w.why), "-o smtp_helo_timeout = 5x: "
	    "not a time; write a number and s, m, h, d or w");
	w.from.options = &none;
	assert_int_equal(load_again(), RC_DENY);
	assert_string_equal(buf_text(&w.why), "-o smtp_helo_timeout: not a "
	    "setting; write NAME = VALUE");
}

SIM_TEST(the_other_protocol_is_not_looked_at)
{
	assert_int_equal(load("lmtp_rcpt_timeout = x\nlmtp_lhlo_name =\n"
	    "lmtp_assume_final = perhaps\nsmtp_rcpt_timeout = 7\n"), RC_OK);
	assert_int_equal(w.p.set.rcpt_timeout, 7 * SECOND);
	w.from.is_lmtp = true;
	assert_int_equal(load_again(), RC_DENY);
	assert_int_equal(load("smtp_rcpt_timeout = x\nsmtp_helo_name =\n"
	    "smtp_never_send_ehlo = perhaps\nlmtp_rcpt_timeout = 8\n"),
	    RC_DENY);
	w.from.is_lmtp = true;
	assert_int_equal(load_again(), RC_OK);
	assert_int_equal(w.p.set.rcpt_timeout, 8 * SECOND);
}

SIM_TEST(a_lenient_load_logs_and_goes_on)
{
	sim_file("/cf/main.cf", "what is this\nsmtp_helo_timeout = x\n"
	    "smtp_mail_timeout = 5\nmyorigin = /none\nbiff = $biff\n"
	    "relay_destination_rate_delay = x\n");
	set_up();
	w.from.is_lenient = true;
	assert_int_equal(load_again(), RC_OK);
	assert_int_equal(w.p.set.helo_timeout, 300 * SECOND);
	assert_int_equal(w.p.set.mail_timeout, 5 * SECOND);
	assert_true(w.p.set.biff);
	assert_non_null(strstr(sim_err(), "error: /cf/main.cf, line 1: "));
	assert_non_null(strstr(sim_err(), "error: /cf/main.cf, line 2: "));
	assert_non_null(strstr(sim_err(), "error: /cf/main.cf, line 4: "));
	assert_non_null(strstr(sim_err(), "error: /cf/main.cf, line 5: "));
	assert_non_null(strstr(sim_err(), "error: /cf/main.cf, line 6: "));
	sim_file_broken("/cf/main.cf", 0);
	assert_int_equal(load_again(), RC_OK);
}

/* ---- values ------------------------------------------------------------- */

SIM_TEST(times_have_units)
{
	assert_int_equal(load("smtp_rcpt_timeout = 90\n"
	    "smtp_mail_timeout = +2m\nsmtp_quit_timeout = 3h\n"
	    "smtp_data_init_timeout = 1w\nsmtp_sasl_auth_cache_time = 2\n"
	    "delay_warning_time = 4\nmaximal_queue_lifetime = 100d\n"
	    "smtp_tls_session_cache_timeout = -1\n"), RC_OK);
	assert_int_equal(w.p.set.rcpt_timeout, 90 * SECOND);
	assert_int_equal(w.p.set.mail_timeout, 2 * MINUTE);
	assert_int_equal(w.p.set.quit_timeout, 3 * HOUR);
	assert_int_equal(w.p.set.data_init_timeout, 7 * DAY);
	assert_int_equal(w.p.set.sasl_auth_cache_time, 2 * DAY);
	assert_int_equal(w.p.set.delay_warning_time, 4 * HOUR);
	assert_int_equal(w.p.set.maximal_queue_lifetime, 100 * DAY);
	assert_int_equal(w.p.set.tls_session_cache_timeout, -SECOND);
	assert_int_equal(load("smtp_rcpt_timeout = 9999999999999w\n"),
	    RC_DENY);
	assert_int_equal(load("maximal_queue_lifetime = 101d\n"), RC_DENY);
	assert_int_equal(load("smtp_rcpt_timeout = 1h30m\n"), RC_OK);
	assert_int_equal(w.p.set.rcpt_timeout, HOUR);
	assert_int_equal(load("smtp_rcpt_timeout = 3H\n"), RC_DENY);
	assert_int_equal(load("smtp_rcpt_timeout = 2 m\n"), RC_DENY);
	assert_int_equal(load("smtp_rcpt_timeout = s\n"), RC_DENY);
	assert_int_equal(load("smtp_rcpt_timeout =\n"), RC_DENY);
}

SIM_TEST(numbers_have_bounds)
{
	assert_int_equal(load("smtp_line_length_limit = -1\n"
	    "message_size_limit = 5000000000\n"
	    "delay_logging_resolution_limit = 6\n"), RC_OK);
	assert_int_equal(w.p.set.line_length_limit, -1);
	assert_int_equal(w.p.set.message_size_limit, 5000000000);
	assert_int_equal(w.p.set.delay_logging_resolution_limit, 6);
	assert_int_equal(load("message_size_limit = -1\n"), RC_DENY);
	assert_int_equal(load("message_size_limit = 9223372036854775808\n"),
	    RC_DENY);
	assert_int_equal(load("delay_logging_resolution_limit = 7\n"),
	    RC_DENY);
	assert_int_equal(load("max_use = 2147483648\n"), RC_DENY);
	assert_int_equal(load("max_use = 0x10\n"), RC_DENY);
	assert_int_equal(load("max_use =\n"), RC_DENY);
}

SIM_TEST(booleans_in_any_case)
{
	assert_int_equal(load("smtp_never_send_ehlo = YeS\nbiff=NO\n"), RC_OK);
	assert_true(w.p.set.never_send_ehlo);
	assert_false(w.p.set.biff);
	assert_int_equal(load("biff = true\n"), RC_DENY);
}

SIM_TEST(addresses_may_have_brackets)
{
	assert_int_equal(load("smtp_bind_address = [192.0.2.1]\n"
	    "smtp_bind_address6 = [IPv6:fd00::7]\n"), RC_OK);
	assert_int_equal(w.p.set.bind_address.family, IP_V4);
	assert_int_equal(w.p.set.bind_address.b[3], 1);
	assert_int_equal(w.p.set.bind_address6.family, IP_V6);
	assert_int_equal(w.p.set.bind_address6.b[15], 7);
	assert_int_equal(load("smtp_bind_address6 = 192.0.2.1\n"), RC_DENY);
}

SIM_TEST(host_names_are_checked)
{
	assert_int_equal(load("myhostname = b_u-cher.example\n"), RC_OK);
	assert_int_equal(load("myhostname = b\xc3\xbc" "cher.example\n"),
	    RC_DENY);
	assert_int_equal(load("myhostname = 192.0.2.1\n"), RC_DENY);
	assert_int_equal(load("myhostname = a..b\n"), RC_DENY);
	assert_int_equal(load("myhostname = a.b.\n"), RC_DENY);
	assert_int_equal(load("myhostname = a b\n"), RC_DENY);
	assert_int_equal(load("mydomain =\n"), RC_DENY);
}

SIM_TEST(raw_values_keep_their_dollars)
{
	assert_int_equal(load("mailbox_command = procmail -a \"$EXTENSION\"\n"
	    "luser_relay = $user@other.example\n"
	    "debugger_command = PATH=/bin ddd $daemon_directory/x ${\n"),
	    RC_OK);
	assert_text(w.p.set.mailbox_command, "procmail -a \"$EXTENSION\"");
	assert_text(w.p.set.luser_relay, "$user@other.example");
}

SIM_TEST(ratios_are_checked)
{
	assert_int_equal(load(
	    "default_destination_concurrency_positive_feedback = "
	    "1/concurrency\n"
	    "smtp_destination_concurrency_negative_feedback = 0.25\n"
	    "relay_destination_concurrency_negative_feedback = 1 / 5\n"),
	    RC_OK);
	assert_int_equal(load("x_destination_concurrency_negative_feedback = "
	    "1.5\n"), RC_DENY);
	assert_int_equal(load("x_destination_concurrency_negative_feedback = "
	    "2/1\n"), RC_DENY);
	assert_int_equal(load("x_destination_concurrency_negative_feedback = "
	    "1/0\n"), RC_DENY);
	assert_int_equal(load("x_destination_concurrency_negative_feedback = "
	    "a/concurrency\n"), RC_DENY);
}

/* ---- transports --------------------------------------------------------- */

SIM_TEST(each_transport_may_have_its_own)
{
	char text[64];
	struct buf b = BUF(text);
	int64_t v;

	assert_int_equal(load("relay_destination_concurrency_limit = 3\n"
	    "smtp_destination_rate_delay = 2m\n"
	    "default_destination_concurrency_limit = 9\n"
	    "my-own_destination_recipient_limit = $max_use\n"), RC_OK);
	assert_string_equal(sim_err(), "");
	assert_int_equal(param_each_number(&w.p, SPAN("relay"),
	    EACH_CONCURRENCY_LIMIT, &v), RC_OK);
	assert_int_equal(v, 3);
	assert_int_equal(param_each_number(&w.p, SPAN("smtp"),
	    EACH_CONCURRENCY_LIMIT, &v), RC_OK);
	assert_int_equal(v, 9);
	assert_int_equal(param_each_number(&w.p, SPAN("smtp"),
	    EACH_DESTINATION_RATE_DELAY, &v), RC_OK);
	assert_int_equal(v, 2 * MINUTE);
	assert_int_equal(param_each_number(&w.p, SPAN("relay"),
	    EACH_DESTINATION_RATE_DELAY, &v), RC_OK);
	assert_int_equal(v, 0);
	assert_int_equal(param_each_number(&w.p, SPAN("my-own"),
	    EACH_RECIPIENT_LIMIT, &v), RC_OK);
	assert_int_equal(v, 100);
	assert_int_equal(param_each_number(&w.p, SPAN("lmtp"),
	    EACH_INITIAL_CONCURRENCY, &v), RC_OK);
	assert_int_equal(v, 5);
	assert_int_equal(param_each_text(&w.p, SPAN("x"),
	    EACH_NEGATIVE_FEEDBACK, &b), RC_OK);
	assert_string_equal(buf_text(&b), "1");
	assert_int_equal(param_each_number(&w.p, SPAN("x"),
	    EACH_NEGATIVE_FEEDBACK, &v), RC_DENY);
}

/* ---- warnings ----------------------------------------------------------- */

SIM_TEST(unknown_names_are_warned_about_unless_used)
{
	assert_int_equal(load("mine = x\nuses = ${mine?{y}}\n"
	    "smtp_helo_name = $uses.example\nno_such = 7\nno_such = 8\n"
	    "no = 1\nvirtual_maps = hash:/x\n"), RC_OK);
	assert_string_equal(sim_err(),
	    "[4711]: warning: /cf/main.cf, line 6: no is no setting, and no "
	    "$no uses it; look for a slip in the name\n"
	    "[4711]: warning: /cf/main.cf, line 5: no_such is no setting, and "
	    "no $no_such uses it; look for a slip in the name\n");
}

SIM_TEST(old_names_are_warned_about_and_count)
{
	assert_int_equal(load("smtp_per_record_deadline = yes\n"
	    "smtp_connection_cache_reuse_limit = 4\n"
	    "fallback_relay = f.example\n"
	    "smtp_skip_4xx_greeting = no\n"
	    "lmtp_cache_connection = no\n"), RC_OK);
	assert_true(w.p.set.per_request_deadline);
	assert_int_equal(w.p.set.connection_reuse_count_limit, 4);
	assert_text(w.p.set.fallback_relay, "f.example");
	assert_non_null(strstr(sim_err(), "line 1: smtp_per_record_deadline "
	    "is out of date; write smtp_per_request_deadline instead\n"));
	assert_non_null(strstr(sim_err(), "line 4: smtp_skip_4xx_greeting is "
	    "out of date and has no effect; remove it\n"));
	assert_true(w.p.set.connection_cache_on_demand);
	w.from.is_lmtp = true;
	assert_int_equal(load_again(), RC_OK);
	assert_false(w.p.set.connection_cache_on_demand);
}

SIM_TEST(the_new_name_wins_over_the_old_one)
{
	assert_int_equal(load("smtp_per_request_deadline = no\n"
	    "smtp_per_record_deadline = yes\n"), RC_OK);
	assert_false(w.p.set.per_request_deadline);
	assert_refused("smtp_per_record_deadline = perhaps\n",
	    "/cf/main.cf, line 1: smtp_per_record_deadline = perhaps: write "
	    "yes or no");
}

/* ---- afterwards --------------------------------------------------------- */

SIM_TEST(names_are_found_with_text_and_place)
{
	char text[64];
	struct buf b = BUF(text);
	struct span value;

	assert_int_equal(load("\nsmtp_helo_name = $mydomain\nmine = 1\n"
	    "mynetworks = $mine\nyours = 2\n"),
	    RC_OK);
	assert_int_equal(param_find(&w.p, SPAN("smtp_helo_name"), &value),
	    RC_OK);
	assert_text(value, "$mydomain");
	param_put_place(&w.p, SPAN("smtp_helo_name"), &b);
	assert_string_equal(buf_text(&b), "/cf/main.cf, line 2");
	assert_int_equal(param_find(&w.p, SPAN("lmtp_lhlo_name"), &value),
	    RC_NONE);
	assert_text(value, "$myhostname");
	assert_int_equal(param_find(&w.p, SPAN("lmtp_rcpt_timeout"), &value),
	    RC_NONE);
	assert_text(value, "300s");
	assert_int_equal(param_find(&w.p, SPAN("mine"), &value), RC_OK);
	assert_int_equal(param_find(&w.p, SPAN("yours"), &value), RC_DENY);
	assert_int_equal(param_find(&w.p, SPAN(""), &value), RC_DENY);
	assert_int_equal(param_find(&w.p, SPAN("lmtp_never_send_ehlo"),
	    &value), RC_DENY);
	assert_int_equal(param_find(&w.p,
	    SPAN("transport_destination_recipient_limit"), &value), RC_NONE);
	assert_text(value, "$default_destination_recipient_limit");
}

/* Each call of the port fails in turn: never a crash, always a reason. */
SIM_TEST(a_failing_port_is_told)
{
	uint64_t n, calls;
	enum rc rc;

	sim_file("/etc/mailname", "x.example\n");
	assert_int_equal(load("myorigin = /etc/mailname\n"), RC_OK);
	calls = sim_fallible();
	assert_true(calls >= 3);
	for (n = 1; n <= calls; n++) {
		sim_begin();
		sim_file("/etc/mailname", "x.example\n");
		sim_fail_at(n);
		rc = load("myorigin = /etc/mailname\n");
		sim_note("call %u, %s", (unsigned)n, sim_failed_call());
		if (rc == RC_OK)
			assert_text(w.p.set.myorigin, "x.example");
		else
			assert_true(w.why.n > 0);
		assert_int_equal(sim_open_fds(), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(every_name_of_postfix_has_its_default),
		SIM_RUN(defaults_load_for_both_protocols_in_silence),
		SIM_RUN(every_known_name_is_listed_once),
		SIM_RUN(words_have_the_values_of_their_enumerators),
		SIM_RUN(lines_comments_and_continuations_are_read),
		SIM_RUN(the_last_assignment_wins),
		SIM_RUN(options_win_over_the_file),
		SIM_RUN(no_file_is_needed),
		SIM_RUN(the_folder_comes_from_the_environment),
		SIM_RUN(a_long_file_is_read_in_pieces),
		SIM_RUN(a_broken_read_is_told),
		SIM_RUN(too_little_memory_is_told),
		SIM_RUN(debian_stock_main_cf_loads_in_silence),
		SIM_RUN(a_host_name_without_dot_gets_a_domain),
		SIM_RUN(the_domain_follows_the_host_name),
		SIM_RUN(host_and_domain_that_want_each_other_are_a_loop),
		SIM_RUN(the_origin_may_be_in_a_file),
		SIM_RUN(wrong_values_are_told_with_line_and_remedy),
		SIM_RUN(a_wrong_option_is_told),
		SIM_RUN(the_other_protocol_is_not_looked_at),
		SIM_RUN(a_lenient_load_logs_and_goes_on),
		SIM_RUN(times_have_units),
		SIM_RUN(numbers_have_bounds),
		SIM_RUN(booleans_in_any_case),
		SIM_RUN(addresses_may_have_brackets),
		SIM_RUN(host_names_are_checked),
		SIM_RUN(raw_values_keep_their_dollars),
		SIM_RUN(ratios_are_checked),
		SIM_RUN(each_transport_may_have_its_own),
		SIM_RUN(unknown_names_are_warned_about_unless_used),
		SIM_RUN(old_names_are_warned_about_and_count),
		SIM_RUN(the_new_name_wins_over_the_old_one),
		SIM_RUN(names_are_found_with_text_and_place),
		SIM_RUN(a_failing_port_is_told),
	};
	return sim_main(tests, COUNT(tests));
}
