/*
 * submit_map_test.c - addresses of mail that is taken: completed, rewritten,
 * resolved.  The expectations are Postfix's documentation's.
 */
#include "submit_world.h"

/* One message, with these lines of main.cf: from -f, to those of the header. */
static void
take(const char *more, const char *from, const char *message)
{
	submit_world(more);
	TAKES(message, "-t", "-f", from);
	submit_read();
}

#define TO(addr)	"From: x@y.example\nTo: " addr "\n\nx\n"

/* ---- completing ---------------------------------------------------------- */

SIM_TEST(addresses_without_a_domain_get_one)
{
	take("myorigin = origin.example\n", "me",
	    "From: me\nTo: ann (Ann), Bob <bob@host>\nCc: c@d.example\n\nx\n");
	SENDER("me@origin.example");
	RCPTS("ann@origin.example ann 0\nbob@host.example bob@host 0\n"
	    "c@d.example  0\n");
	HAS("\nFrom: me@origin.example\n"
	    "To: ann@origin.example (Ann), Bob <bob@host.example>\n"
	    "Cc: c@d.example\n");
}

SIM_TEST(from_level_1_on_a_host_is_a_domain)
{
	take("compatibility_level = 3.6\n", "me@host", TO("bob@host, ann."));
	SENDER("me@host");
	RCPTS("bob@host  0\nann.@here.example ann. 0\n");
}

SIM_TEST(bang_paths_and_percent_signs_are_domains)
{
	take("", "me", TO("site.example!ann, bob%far.example"));
	RCPTS("ann@site.example site.example!ann 0\n"
	    "bob@far.example bob%far.example 0\n");
	sim_begin();
	take("swap_bangpath = no\nallow_percent_hack = no\n", "me",
	    TO("site!ann, bob%far"));
	RCPTS("site!ann@here.example site!ann 0\n"
	    "bob%far@here.example bob%far 0\n");
}

SIM_TEST(a_route_through_this_machine_goes_on)
{
	take("", "me", TO("ann%far.example@here.example, b%c@else.example"));
	RCPTS("ann@far.example ann%far.example@here.example 0\n"
	    "b%c@else.example  0\n");
}

SIM_TEST(mail_of_a_gateway_keeps_its_header)
{
	submit_world("canonical_maps = inline:{a@here.example=b@c.example}\n");
	TAKES("From: a\nTo: a\n\nx\n", "-t", "-G", "-f", "a");
	submit_read();
	HAS("\nFrom: a\nTo: a\n\n");
	SENDER("b@c.example");
}

/* ---- canonical, masquerading --------------------------------------------- */

SIM_TEST(canonical_maps_change_all_four_kinds_of_address)
{
	take("canonical_maps = inline:{{ann@here.example = Ann.Other@corp."
	    "example}}\n", "ann", "From: Ann <ann>\nTo: ann\n\nx\n");
	SENDER("Ann.Other@corp.example");
	RCPTS("Ann.Other@corp.example ann 0\n");
	HAS("\nFrom: Ann <Ann.Other@corp.example>\n"
	    "To: Ann.Other@corp.example\n");
}

SIM_TEST(classes_say_which_addresses_are_canonical)
{
	take("sender_canonical_maps = static:me@corp.example\n"
	    "sender_canonical_classes = envelope_sender\n", "ann",
	    "From: ann\nTo: bob\n\nx\n");
	SENDER("me@corp.example");
	HAS("\nFrom: ann@here.example\n");
	RCPTS("bob@here.example bob 0\n");
	sim_begin();
	take("recipient_canonical_maps = static:to@corp.example\n"
	    "recipient_canonical_classes = header_recipient\n", "ann",
	    "From: ann\nTo: bob\n\nx\n");
	SENDER("ann@here.example");
	HAS("\nFrom: ann@here.example\nTo: to@corp.example\n");
	RCPTS("bob@here.example bob 0\n");
}

SIM_TEST(canonical_results_are_looked_up_until_they_stay)
{
	take("canonical_maps = inline:{{a@here.example = b@here.example}, "
	    "{b@here.example = c@here.example}}\n", "a", TO("u@d.example"));
	SENDER("c@here.example");
}

SIM_TEST(what_one_canonical_map_lacks_goes_all_the_way_of_the_next)
{
	take("sender_canonical_maps = inline:{x@here.example=y@here.example}\n"
	    "canonical_maps = inline:{{a@here.example = b@here.example}, "
	    "{b@here.example = c@here.example}}\n", "a", TO("u@d.example"));
	SENDER("c@here.example");
}

SIM_TEST(the_null_sender_is_no_address)
{
	take("sender_canonical_maps = static:me@corp.example\n"
	    "postern_from = me@corp.example\n", "", TO("u@d.example"));
	SENDER("");
}

SIM_TEST(host_parts_are_cut_away)
{
	const char *cf = "masquerade_domains = !keep.corp.example corp.example"
	    "\nmasquerade_exceptions = root\n";

	take(cf, "me@a.b.corp.example", "From: me@A.B.corp.example\n"
	    "To: u@x.corp.example, root@h.corp.example\n"
	    "Cc: v@h.keep.corp.example, w@notcorp.example\n\nx\n");
	SENDER("me@corp.example");
	HAS("\nFrom: me@corp.example\n"
	    "To: u@corp.example, root@h.corp.example\n"
	    "Cc: v@h.keep.corp.example, w@notcorp.example\n");
	RCPTS("u@x.corp.example  0\nroot@h.corp.example  0\n"
	    "v@h.keep.corp.example  0\nw@notcorp.example  0\n");
}

/* ---- postern_from -------------------------------------------------------- */

#define FROM	"postern_from = alerts@isp.example\n"

SIM_TEST(system_mail_is_from_the_providers_address)
{
	take(FROM, "root", "From: root (Cron Daemon)\nTo: u@d.example\n\nx\n");
	SENDER("alerts@isp.example");
	HAS("\nX-Original-From: root (Cron Daemon)\n"
	    "From: root on here <alerts@isp.example> (Cron Daemon)\n"
	    "To: ");
	sim_begin();
	take(FROM, "root", "From: Cron Daemon <root@here>\nSender: root\n"
	    "Reply-To: root\nTo: u@d.example\n\nx\n");
	HAS("\nFrom: Cron Daemon - root on here <alerts@isp.example>\n"
	    "Sender: alerts@isp.example\n");
	sim_begin();
	take(FROM, "root", "To: u@d.example\n\nx\n");
	HAS("\nX-Original-From: A User <root@here.example>\n"
	    "From: A User - root on here <alerts@isp.example>\n");
}

SIM_TEST(a_sender_of_another_domain_is_the_users_choice)
{
	take(FROM, "me@other.example", "From: me@other.example\n"
	    "To: root@here.example\n\nx\n");
	SENDER("me@other.example");
	HAS("\nFrom: me@other.example\nTo: root@here.example\n");
	LACKS("X-Original-From");
}

SIM_TEST(what_maps_have_made_of_a_sender_stays)
{
	take(FROM "sender_canonical_maps = inline:{ann@here.example=ann@corp."
	    "example}\n", "ann", "From: ann\nTo: u@d.example\n\nx\n");
	SENDER("ann@corp.example");
	HAS("\nFrom: ann@corp.example\n");
}

/* ---- virtual aliases ----------------------------------------------------- */

SIM_TEST(virtual_aliases_are_for_envelope_recipients_alone)
{
	take("virtual_alias_maps = inline:{{a@x.example = b@y.example, "
	    "C <c@z.example>, bob}, {@all.example = @other.example}}\n", "me",
	    TO("a@x.example, u@all.example"));
	RCPTS("b@y.example a@x.example 0\nc@z.example a@x.example 0\n"
	    "bob@here.example a@x.example 0\n"
	    "u@other.example u@all.example 0\n");
	HAS("\nTo: a@x.example, u@all.example\n");
}

SIM_TEST(aliases_of_aliases_end_where_they_lead_back)
{
	take("virtual_alias_maps = inline:{{a@x.example = b@x.example}, "
	    "{b@x.example = a@x.example, c@x.example}, "
	    "{c@x.example = c@x.example, d@x.example}}\n", "me",
	    TO("a@x.example"));
	RCPTS("a@x.example  0\nc@x.example a@x.example 0\n"
	    "d@x.example a@x.example 0\n");
}

SIM_TEST(extensions_go_over_to_results)
{
	const char *cf = "recipient_delimiter = +\nvirtual_alias_maps = "
	    "inline:{{a@x.example = b@y.example}}\n";

	take(cf, "me", TO("a+ext@x.example"));
	RCPTS("b+ext@y.example a+ext@x.example 0\n");
}

SIM_TEST(aliases_of_aliases_without_end_are_refused)
{
	static char cf[4096];
	size_t n = 0;

	n += (size_t)snprintf(cf, sizeof(cf), "virtual_alias_maps = inline:{");
	for (int i = 0; i < 21; i++)
		n += (size_t)snprintf(cf + n, sizeof(cf) - n,
		    "%s{a%d@x.example = a%d@x.example}", i > 0 ? ", " : "", i,
		    i + 1);
	snprintf(cf + n, sizeof(cf) - n, "}\n");
	submit_world(cf);
	assert_int_equal(SENDMAIL("a0@x.example"), EXIT_DATA);
	assert_non_null(strstr(sim_err(), "aliases without end"));
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
	assert_int_equal(sim_count(QUEUE "/drop"), 0);
	TAKES(SMALL, "a1@x.example");
	submit_read();
	RCPTS("a21@x.example a1@x.example 0\n");
}

SIM_TEST(each_recipient_gets_one_copy_for_each_name)
{
	const char *v = "virtual_alias_maps = inline:{{a@x.example = "
	    "u@d.example, U@d.example}, {b@x.example = u@d.example}}\n";
	char cf[512];

	take(v, "me", TO("a@x.example, b@x.example, a@x.example"));
	RCPTS("u@d.example a@x.example 0\nu@d.example b@x.example 0\n");
	sim_begin();
	snprintf(cf, sizeof(cf), "%senable_original_recipient = no\n", v);
	take(cf, "me", TO("a@x.example, b@x.example, a@x.example"));
	RCPTS("u@d.example  0\n");
}

SIM_TEST(copies_are_sent_in_silence)
{
	take("always_bcc = archive\nsender_bcc_maps = inline:{{me@here.example"
	    " = sent@d.example}}\nrecipient_bcc_maps = inline:{{u@d.example = "
	    "got@d.example}}\n", "me", TO("u@d.example, v@d.example"));
	RCPTS("u@d.example  0\ngot@d.example  1\nv@d.example  0\n"
	    "archive@here.example  1\nsent@d.example  1\n");
}

/* ---- aliases ------------------------------------------------------------- */

static void
take_alias(const char *aliases, const char *rcpt)
{
	submit_world("");
	sim_file("/etc/aliases", aliases);
	submit_config("alias_maps = hash:/etc/aliases\n");
	sim_stdin(SMALL, strlen(SMALL));
	assert_int_equal(SENDMAIL(rcpt), EXIT_OK);
	submit_read();
}

SIM_TEST(local_names_have_aliases)
{
	take_alias("root: ops@d.example, Ann\nann: ann@e.example\n"
	    "postmaster: root\n", "postmaster");
	RCPTS("ops@d.example postmaster 0\nann@e.example postmaster 0\n");
	sim_begin();
	take_alias("root: ops@d.example\n", "ROOT@localhost");
	RCPTS("ops@d.example ROOT@localhost 0\n");
	sim_begin();
	take_alias("root: ops@d.example\n", "root@else.example");
	RCPTS("root@else.example  0\n");
	sim_begin();
	take_alias("bob: \\bob, bob@far.example\nnobody: /dev/null\n", "bob");
	RCPTS("bob@here.example bob 0\nbob@far.example bob 0\n");
}

SIM_TEST(postmaster_is_root_where_nobody_says_otherwise)
{
	take_alias("root: ops@d.example\n", "postmaster");
	RCPTS("ops@d.example postmaster 0\n");
}

SIM_TEST(lists_are_read_from_files)
{
	submit_world("");
	sim_file("/etc/list", "# members\na@d.example, b@d.example\n\n"
	    "C <c@d.example>\n:include:/etc/more\n");
	sim_file("/etc/more", "d@d.example\n:include:/etc/list\n");
	sim_file("/etc/aliases", "list: :include:/etc/list\n"
	    "other: \":include:/etc/more\"\n");
	submit_config("alias_maps = hash:/etc/aliases\n");
	TAKES(SMALL, "list");
	submit_read();
	RCPTS("a@d.example list 0\nb@d.example list 0\nc@d.example list 0\n"
	    "d@d.example list 0\n");
}

SIM_TEST(commands_and_files_stay_with_local_delivery)
{
	take_alias("vacation: \"|/bin/prog arg\", me@d.example\n"
	    "log: /var/log/mail.txt\n", "vacation");
	RCPTS("|/bin/prog arg@here.example vacation 0\n"
	    "me@d.example vacation 0\n");
	sim_begin();
	take_alias("log: /var/log/mail.txt\n", "log");
	RCPTS("/var/log/mail.txt@here.example log 0\n");
}

SIM_TEST(aliases_that_a_machine_lacks_are_no_obstacle)
{
	submit_world("");
	sim_file("/etc/postern/main.cf", "queue_directory = " QUEUE "\n"
	    "mail_owner = 1000\nmyhostname = here.example\n");
	TAKES(SMALL, "root");
	assert_string_equal(sim_err(), "");
	submit_read();
	RCPTS("root@here.example root 0\n");
	sim_file("/etc/aliases", "root: ops@d.example\n");
	sim_file_mtime("/etc/aliases", SIM_WALL - 100);
	submit_empty("incoming");
	TAKES(SMALL, "root");
	submit_read();
	RCPTS("ops@d.example root 0\n");
}

SIM_TEST(local_mail_can_go_to_one_address)
{
	take("postern_local_to = ann@d.example\n", "me",
	    TO("root, bob@localhost, |cmd, u@else.example"));
	RCPTS("ann@d.example root 0\nann@d.example bob@localhost 0\n"
	    "ann@d.example |cmd 0\nu@else.example  0\n");
	sim_begin();
	submit_world("");
	sim_file("/etc/aliases", "root: ops@d.example\n");
	submit_config("alias_maps = hash:/etc/aliases\n"
	    "postern_local_to = ann@d.example\n");
	sim_stdin(SMALL, strlen(SMALL));
	assert_int_equal(SENDMAIL("root", "bob"), EXIT_OK);
	submit_read();
	RCPTS("ops@d.example root 0\nann@d.example bob 0\n");
}

/* ---- tables that cannot tell --------------------------------------------- */

SIM_TEST(mail_waits_in_drop_for_a_table_that_cannot_tell)
{
	static const char *const broken[] = {
		"canonical_maps = hash:/etc/gone\n",
		"virtual_alias_maps = hash:/etc/gone\n",
		"alias_maps = hash:/etc/gone\n",
		"alias_maps = inline:{root=:include:/etc/gone}\n",
		"mydestination = hash:/etc/gone\n",
	};

	for (size_t i = 0; i < COUNT(broken); i++) {
		sim_begin();
		sim_note("%s", broken[i]);
		submit_world(broken[i]);
		TAKES(SMALL, "root");
		assert_int_equal(sim_count(QUEUE "/incoming"), 0);
		submit_read_from("drop", submit_only("drop"));
		SENDER("user@here.example");
		RCPTS("root@here.example root 0\n");
	}
}

/* ---- who may ------------------------------------------------------------- */

SIM_TEST(users_who_may_not_send_are_refused)
{
	submit_world("authorized_submit_users = !user, static:anyone\n");
	assert_int_equal(SENDMAIL("u@d.example"), EXIT_LATER);
	assert_non_null(strstr(sim_err(), "authorized_submit_users"));
	submit_config("local_login_sender_maps = inline:{{user = a@b.example"
	    " @ok.example}}\n");
	assert_int_equal(SENDMAIL("-fx@b.example", "u@d.example"), EXIT_LATER);
	assert_int_equal(SENDMAIL("-f", "", "u@d.example"), EXIT_LATER);
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
	assert_int_equal(SENDMAIL("-fA@b.example", "u@d.example"), EXIT_OK);
	assert_int_equal(SENDMAIL("-fx@ok.example", "u@d.example"), EXIT_OK);
	assert_int_equal(sim_count(QUEUE "/drop"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(addresses_without_a_domain_get_one),
		SIM_RUN(from_level_1_on_a_host_is_a_domain),
		SIM_RUN(bang_paths_and_percent_signs_are_domains),
		SIM_RUN(a_route_through_this_machine_goes_on),
		SIM_RUN(mail_of_a_gateway_keeps_its_header),
		SIM_RUN(canonical_maps_change_all_four_kinds_of_address),
		SIM_RUN(classes_say_which_addresses_are_canonical),
		SIM_RUN(canonical_results_are_looked_up_until_they_stay),
		SIM_RUN(
		    what_one_canonical_map_lacks_goes_all_the_way_of_the_next),
		SIM_RUN(the_null_sender_is_no_address),
		SIM_RUN(host_parts_are_cut_away),
		SIM_RUN(system_mail_is_from_the_providers_address),
		SIM_RUN(a_sender_of_another_domain_is_the_users_choice),
		SIM_RUN(what_maps_have_made_of_a_sender_stays),
		SIM_RUN(virtual_aliases_are_for_envelope_recipients_alone),
		SIM_RUN(aliases_of_aliases_end_where_they_lead_back),
		SIM_RUN(extensions_go_over_to_results),
		SIM_RUN(aliases_of_aliases_without_end_are_refused),
		SIM_RUN(each_recipient_gets_one_copy_for_each_name),
		SIM_RUN(copies_are_sent_in_silence),
		SIM_RUN(local_names_have_aliases),
		SIM_RUN(postmaster_is_root_where_nobody_says_otherwise),
		SIM_RUN(lists_are_read_from_files),
		SIM_RUN(commands_and_files_stay_with_local_delivery),
		SIM_RUN(aliases_that_a_machine_lacks_are_no_obstacle),
		SIM_RUN(local_mail_can_go_to_one_address),
		SIM_RUN(mail_waits_in_drop_for_a_table_that_cannot_tell),
		SIM_RUN(users_who_may_not_send_are_refused),
	};

	return sim_main(tests, COUNT(tests));
}
