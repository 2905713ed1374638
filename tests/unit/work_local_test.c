/*
 * work_local_test.c - mail for this machine finds a maildir, or a sentence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "queue.h"
#include "work.h"

#define MAIL	"Subject: hi\n\nbody"

struct world {
	struct report report;		/* first: put() gets it */
	struct settings set;
	struct job job;
	char *words[8];
	unsigned char state[8];
	struct verdict verdict;
	char text[1024];
	unsigned verdicts;
	bool has_given;
};
static struct world w;

static enum rc
put(struct report *r, const struct job *j, const struct rcpt *to,
	const struct verdict *v)
{
	struct world *x = (struct world *)r;

	(void)j;
	(void)to;
	x->verdict = *v;
	snprintf(x->text, sizeof(x->text), "%.*s", SPAN_ARG(v->text));
	x->verdicts++;
	return RC_OK;
}

/* Root, with users ann (2001) and root, and one message. */
static void
begin(void)
{
	memset(&w, 0, sizeof(w));
	w.report.put = put;
	w.set.mail_spool_directory = SPAN("/var/mail");
	w.set.recipient_delimiter = SPAN("+");
	w.set.enable_original_recipient = true;
	sim_uid(0);
	sim_account("ann", 2001);
	sim_account("root", 0);
	sim_folder("/home", true);
	sim_folder("/home/ann", true);
	sim_file_mode("/home", 0, 0755);
	sim_file_mode("/home/ann", 2001, 0755);
	sim_folder("/var", true);
	sim_folder("/var/mail", true);
	sim_file_mode("/var", 0, 0755);
	sim_file_mode("/var/mail", 0, 0755);
	sim_file("/tmp/m", "HEAD" MAIL);
	w.job.sender = SPAN("s@x.example");
}

static void
deliver(const char *rcpt)
{
	static char given[] = "-Ggiven@x.example";
	const char *data;
	size_t bad, n;
	int fd;

	w.words[0] = w.has_given ? given : strdup("--");
	w.words[1] = strdup(rcpt);
	assert_int_equal(rcpt_list_open(&w.job.rcpts, w.words, 2, &bad),
	    RC_OK);
	sim_file_read("/tmp/m", &data, &n);
	assert_int_equal(port_open("/tmp/m", &fd), RC_OK);
	w.job.mail = (struct mail_source){ .fd = fd, .start = 4,
	    .size = (int64_t)n - 4, .ends = MAIL_ENDS_NEVER };
	w.verdicts = 0;
	assert_int_equal(work_local(&w.set, 5321, &w.job, &w.report), RC_OK);
	port_close(fd);
	free(w.words[1]);
	if (!w.has_given)
		free(w.words[0]);
	assert_int_equal(w.verdicts, 1);
	assert_int_equal(w.job.rcpts.pending, 0);
	assert_true(span_is(w.verdict.relay, "local"));
	assert_int_equal(sim_processes(), 0);
	assert_int_equal(sim_zombies(), 0);
	assert_int_equal(sim_open_fds(), 0);
}

static void
ends(const char *rcpt, enum fate fate, const char *dsn, const char *text)
{
	deliver(rcpt);
	assert_non_null(strstr(w.text, text));
	assert_string_equal(w.verdict.dsn, dsn);
	assert_int_equal(w.verdict.fate, fate);
}

/* The one message of a maildir: whose it is, and what is in it. */
static const char *
in_maildir(const char *folder, uint32_t uid)
{
	char path[600], name[300];
	struct port_stat st;
	const char *data;
	size_t n;

	snprintf(path, sizeof(path), "%s/tmp", folder);
	assert_int_equal(sim_count(path), 0);
	snprintf(path, sizeof(path), "%s/new", folder);
	assert_int_equal(sim_count(path), 1);
	snprintf(name, sizeof(name), "%s", sim_ls(path));
	name[strcspn(name, "\n")] = '\0';
	snprintf(path, sizeof(path), "%s/new/%s", folder, name);
	assert_true(sim_file_stat(path, &st));
	assert_int_equal(st.uid, uid);
	assert_int_equal(st.mode, 0600);
	assert_true(sim_file_read(path, &data, &n));
	return data;
}

SIM_TEST(a_user_has_a_maildir_at_home)
{
	begin();
	w.set.home_mailbox = SPAN("Maildir/");
	ends("Ann+list@here.example", FATE_SENT, "2.0.0",
	    "delivered to maildir");
	assert_string_equal(in_maildir("/home/ann/Maildir", 2001),
	    "Return-Path: <s@x.example>\n"
	    "Delivered-To: Ann+list@here.example\n" MAIL "\n");
}

SIM_TEST(a_user_has_a_maildir_in_the_spool)
{
	begin();
	w.set.mail_spool_directory = SPAN("/var/mail/");
	ends("ann@here.example", FATE_SENT, "2.0.0", "delivered");
	in_maildir("/var/mail/ann", 2001);
}

SIM_TEST(one_maildir_takes_all_mail)
{
	begin();
	w.set.postern_maildir = SPAN("/home/ann/all/");
	w.set.mailbox_command = SPAN("procmail");
	sim_folder("/home/ann/all", true);
	sim_file_mode("/home/ann/all", 2001, 0700);
	ends("root@here.example", FATE_SENT, "2.0.0", "delivered");
	in_maildir("/home/ann/all", 2001);
}

SIM_TEST(a_maildir_of_nobody_belongs_to_the_owner_of_the_queue)
{
	begin();
	w.set.postern_maildir = SPAN("/var/mail/all");
	ends("whoever@here.example", FATE_SENT, "2.0.0", "delivered");
	in_maildir("/var/mail/all", 5321);
}

SIM_TEST(nothing_is_made_where_others_could_interfere)
{
	begin();
	sim_file_mode("/var/mail", 0, 0777);
	w.set.postern_maildir = SPAN("/var/mail/all");
	ends("whoever@here.example", FATE_SENT, "2.0.0", "delivered");
	in_maildir("/var/mail/all", 5321);	/* made as who owns it */
	sim_file_mode("/home/ann", 2001, 0700);
	w.set.postern_maildir = SPAN("/home/ann/all");
	ends("whoever@here.example", FATE_LATER, "4.2.0",
	    "cannot make /home/ann/all as uid 5321: Permission denied");
}

SIM_TEST(an_address_rewritten_is_shown)
{
	begin();
	w.set.postern_maildir = SPAN("/var/mail/all");
	w.has_given = true;
	ends("ann@here.example", FATE_SENT, "2.0.0", "");
	assert_string_equal(in_maildir("/var/mail/all", 5321),
	    "Return-Path: <s@x.example>\n"
	    "X-Original-To: given@x.example\n"
	    "Delivered-To: ann@here.example\n" MAIL "\n");
}

SIM_TEST(a_name_that_nobody_has_is_unknown)
{
	begin();
	w.set.home_mailbox = SPAN("Maildir/");
	ends("bob@here.example", FATE_NEVER, "5.1.1", "unknown user: \"bob\"");
	ends("2001@here.example", FATE_NEVER, "5.1.1", "unknown user");
	ends("../ann@here.example", FATE_NEVER, "5.1.1", "unknown user");
	w.set.soft_bounce = true;
	ends("bob@here.example", FATE_LATER, "4.1.1", "unknown user");
	assert_true(w.verdict.softened);
	w.set.luser_relay = SPAN("ann");
	ends("bob@here.example", FATE_LATER, "4.3.5", "luser_relay");
}

SIM_TEST(nothing_is_written_as_root)
{
	begin();
	w.set.home_mailbox = SPAN("Maildir/");
	ends("root@here.example", FATE_LATER, "4.3.5", "postern_local_to");
}

SIM_TEST(what_is_no_maildir_keeps_the_mail)
{
	begin();
	ends("ann@here.example", FATE_LATER, "4.3.5", "postern_maildir");
	w.set.home_mailbox = SPAN("Mailbox");
	ends("ann@here.example", FATE_LATER, "4.3.5",
	    "home_mailbox = Mailbox is no maildir");
	w.set.mailbox_command = SPAN("/usr/bin/procmail");
	ends("ann@here.example", FATE_LATER, "4.3.5", "mailbox_command");
	w.set.postern_maildir = SPAN("relative/");
	ends("ann@here.example", FATE_LATER, "4.3.5", "must begin with /");
}

SIM_TEST(commands_and_files_get_nothing)
{
	begin();
	w.set.postern_maildir = SPAN("/var/mail/all");
	ends("|vacation@here.example", FATE_LATER, "4.3.5", "|vacation");
	ends("/dev/null@here.example", FATE_LATER, "4.3.5", "change the alias");
	assert_false(sim_file_exists("/var/mail/all"));
}

SIM_TEST(mail_that_was_here_before_loops)
{
	begin();
	w.set.postern_maildir = SPAN("/var/mail/all");
	sim_file("/tmp/m", "HEADDelivered-To: Ann@here.example\n\nx");
	ends("ann@here.example", FATE_NEVER, "5.4.6",
	    "mail forwarding loop for ann@here.example");
}

SIM_TEST(a_message_beyond_the_limit_is_returned)
{
	begin();
	w.set.postern_maildir = SPAN("/var/mail/all");
	w.set.mailbox_size_limit = sizeof(MAIL) - 1;
	ends("ann@here.example", FATE_SENT, "2.0.0", "");
	w.set.mailbox_size_limit--;
	ends("ann@here.example", FATE_NEVER, "5.2.3", "mailbox_size_limit");
}

SIM_TEST(a_full_disk_keeps_the_mail_and_leaves_nothing)
{
	begin();
	w.set.postern_maildir = SPAN("/var/mail/all");
	sim_disk_free(20);
	ends("ann@here.example", FATE_LATER, "4.2.0", "No space left");
	assert_int_equal(sim_count("/var/mail/all/tmp"), 0);
	assert_int_equal(sim_count("/var/mail/all/new"), 0);
}

SIM_TEST(any_call_that_fails_keeps_the_mail)
{
	uint64_t first, last;

	begin();
	w.set.postern_maildir = SPAN("/var/mail/all");
	first = sim_fallible();
	deliver("ann@here.example");
	last = sim_fallible();
	for (uint64_t at = first + 3; at <= last; at++) {
		sim_begin();
		begin();
		w.set.postern_maildir = SPAN("/var/mail/all");
		sim_fail_at(at);
		deliver("ann@here.example");
		sim_note("call %s: %s", sim_failed_call(), w.text);
		assert_true(w.verdict.fate != FATE_NEVER);
		if (w.verdict.fate == FATE_SENT)
			in_maildir("/var/mail/all", 5321);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_user_has_a_maildir_at_home),
		SIM_RUN(a_user_has_a_maildir_in_the_spool),
		SIM_RUN(one_maildir_takes_all_mail),
		SIM_RUN(a_maildir_of_nobody_belongs_to_the_owner_of_the_queue),
		SIM_RUN(nothing_is_made_where_others_could_interfere),
		SIM_RUN(an_address_rewritten_is_shown),
		SIM_RUN(a_name_that_nobody_has_is_unknown),
		SIM_RUN(nothing_is_written_as_root),
		SIM_RUN(what_is_no_maildir_keeps_the_mail),
		SIM_RUN(commands_and_files_get_nothing),
		SIM_RUN(mail_that_was_here_before_loops),
		SIM_RUN(a_message_beyond_the_limit_is_returned),
		SIM_RUN(a_full_disk_keeps_the_mail_and_leaves_nothing),
		SIM_RUN(any_call_that_fails_keeps_the_mail),
	};
	return sim_main(tests, COUNT(tests));
}
