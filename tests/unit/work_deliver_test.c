/*
 * work_deliver_test.c - the child that delivers: orders in, a saying for each
 * recipient, behind walls.
 */
#include <stdio.h>
#include <stdlib.h>

#include "queue_world.h"
#include "work.h"

#define CONFIG	"/etc/postern"

struct child {
	struct work work;
	unsigned pid;
	int fd;
	struct queue_order order;
	char message[PORT_MESSAGE_MAX];
	char said[8192];		/* what it said, a line each */
};
static struct child c;
static struct param *loaded;
static char config[1024];

static void
begin(const char *settings)
{
	static char room[65536];
	struct param_from from = { .program = "qmgr", .log = &qw.log,
		.folder = CONFIG };
	struct arena a;
	char why_room[500];
	struct buf why = BUF(why_room);

	queue_world();
	memset(&c, 0, sizeof(c));
	sim_folder("/etc", true);
	sim_folder(CONFIG, true);
	snprintf(config, sizeof(config), "queue_directory = " QUEUE "\n"
	    "mail_owner = 77\nmyhostname = here.example\n"
	    "smtp_tls_security_level = none\n"
	    "smtp_dns_support_level = disabled\n"
	    "data_directory = /var/lib/postern\n%s", settings);
	sim_file(CONFIG "/main.cf", config);
	sim_file("/etc/hosts", "192.0.2.1 mx.example\n"
	    "192.0.2.2 mx2.example\n");
	sim_folder("/var/lib", true);
	sim_uid(0);
	arena_init(&a, room, sizeof(room));
	memset(room, 0, sizeof(room));
	assert_int_equal(param_load(&qw.param, &from, &a, &why), RC_OK);
	loaded = &qw.param;
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	c.work = (struct work){ .param = loaded, .log = &qw.log,
		.folder = CONFIG };
	assert_int_equal(port_spawn(work_deliver, &c.work, &c.pid, &c.fd),
	    RC_OK);
}

static void
order(const char *transport, const char *nexthop, unsigned from, unsigned n)
{
	char room[PORT_MESSAGE_MAX];
	struct buf b = BUF(room);
	int fd;

	c.order = (struct queue_order){ .task = QUEUE_DELIVER, .rcpts = n,
		.transport = span_of(transport), .nexthop = span_of(nexthop),
		.started = port_now() };
	memcpy(c.order.id, qw.id, sizeof(qw.id));
	for (unsigned i = 0; i < n; i++)
		c.order.index[i] = from + i;
	assert_int_equal(queue_order_put(&b, &c.order), RC_OK);
	assert_int_equal(port_open(queue_file("incoming", qw.id), &fd), RC_OK);
	assert_int_equal(port_send(c.fd, buf_span(&b), fd, MS_NEVER), RC_OK);
	port_close(fd);
}

/*
 * What it says up to DONE or BYE, lines of the log left out: `INDEX FATE DSN
 * FLAGS TEXT` for a recipient, then the word.
 */
static const char *
hear(void)
{
	static const char *const words[] = { "", "", "done\n", "bye\n" };
	size_t n = 0, got;
	struct queue_saying s;
	int none;

	c.said[0] = '\0';
	do {
		assert_int_equal(port_recv(c.fd, c.message, sizeof(c.message),
		    MS_NEVER, &got, &none), RC_OK);
		assert_int_equal(queue_saying_take((struct span){ c.message,
		    got }, &s), RC_OK);
		if (s.word == QUEUE_SAYS_RCPT)
			n += (size_t)snprintf(c.said + n, sizeof(c.said) - n,
			    "%u %u %.*s %u %.*s\n", s.index, s.fate,
			    SPAN_ARG(s.dsn), s.flags, SPAN_ARG(s.text));
		n += (size_t)snprintf(c.said + n, sizeof(c.said) - n, "%s",
		    words[s.word]);
	} while (s.word == QUEUE_SAYS_RCPT || s.word == QUEUE_SAYS_LOG);
	return c.said;
}

static void
end(void)
{
	port_close(c.fd);
	assert_int_equal(port_reap(c.pid, MS_NEVER), 0);
	assert_int_equal(sim_open_fds(), 0);
}

/* RC_GONE without a word, or a word on the recipient and DONE. */
static bool
ends_well(void)
{
	struct queue_saying s;
	size_t got;
	int none, rcpts = 0;
	bool sent = false;

	while (port_recv(c.fd, c.message, sizeof(c.message), MS_NEVER, &got,
	    &none) == RC_OK) {
		assert_int_equal(queue_saying_take((struct span){ c.message,
		    got }, &s), RC_OK);
		if (s.word == QUEUE_SAYS_DONE)
			break;
		if (s.word != QUEUE_SAYS_RCPT)
			continue;
		rcpts++;
		sent |= s.fate == FATE_SENT;
		sim_note("%.*s", SPAN_ARG(s.text));
		assert_true(s.fate != FATE_NEVER);
	}
	assert_true(rcpts <= 1);
	port_close(c.fd);
	if (port_reap(c.pid, MS_NEVER) == 0)
		assert_int_equal(rcpts, 1);
	return sent;
}

#define TAKEN \
	"C: MAIL FROM:<s@x.example>  S: 250 ok\n" \
	"C: RCPT TO:<*>  S: 250 ok\n" \
	"C: DATA  S: 354 go\n" \
	"body  S: 250 2.0.0 taken\n"

SIM_TEST(each_recipient_of_an_order_is_answered_for)
{
	begin("");
	queue_submit("s@x.example", "a@d b@d c@d d@d e@d", "Subject: x\n\nb\n");
	sim_play("192.0.2.1:25", "hello PIPELINING\n"
	    "C: MAIL FROM:<s@x.example>  C: RCPT TO:<b@d>\n"
	    "C: RCPT TO:<c@d>  C: RCPT TO:<d@d>  C: DATA\n"
	    "S: 250 ok  S: 250 ok  S: 550 5.1.1 no  S: 450 4.2.0 later\n"
	    "S: 354 go\nbody  S: 250 2.0.0 taken\nC: QUIT  S: 221 bye\n");
	order("smtp", "[mx.example]", 1, 3);
	assert_string_equal(hear(),
	    "2 2 5.1.1 0 host mx.example[192.0.2.1] said: 550 5.1.1 no "
	    "(in reply to RCPT TO command)\n"
	    "3 0 4.2.0 0 host mx.example[192.0.2.1] said: 450 4.2.0 later "
	    "(in reply to RCPT TO command)\n"
	    "1 1 2.0.0 0 250 2.0.0 taken\n"
	    "done\n");
	assert_true(sim_is_jailed(c.pid));
	end();
}

SIM_TEST(orders_follow_one_another_on_one_connection)
{
	begin("smtp_connection_cache_destinations = mx.example\n");
	queue_submit("s@x.example", "a@d b@d", "Subject: x\n\nb\n");
	sim_play("192.0.2.1:25", "hello\n" TAKEN
	    "C: RSET  S: 250 ok\n" TAKEN "C: QUIT  S: 221 bye\n");
	order("smtp", "[mx.example]", 0, 1);
	assert_string_equal(hear(), "0 1 2.0.0 0 250 2.0.0 taken\ndone\n");
	order("smtp", "[mx.example]", 1, 1);
	assert_string_equal(hear(), "1 1 2.0.0 0 250 2.0.0 taken\ndone\n");
	end();
}

SIM_TEST(without_orders_it_says_bye_and_waits_for_the_end)
{
	begin("");
	queue_submit("s@x.example", "a@d", "Subject: x\n\nb\n");
	sim_play("192.0.2.1:25", "hello\n" TAKEN "C: QUIT  S: 221 x\n");
	sim_play("192.0.2.1:25", "hello\n" TAKEN "C: QUIT  S: 221 x\n");
	order("smtp", "[mx.example]", 0, 1);
	hear();
	assert_string_equal(hear(), "bye\n");
	order("smtp", "[mx.example]", 0, 1);	/* it crossed the BYE */
	assert_string_equal(hear(), "0 1 2.0.0 0 250 2.0.0 taken\ndone\n");
	assert_string_equal(hear(), "bye\n");
	end();
}

SIM_TEST(a_password_of_roots_is_read_ahead_of_the_walls)
{
	begin("smtp_sasl_auth_enable = yes\n"
	    "smtp_sasl_security_options =\n"
	    "smtp_sasl_password_maps = texthash:/etc/secret\n");
	sim_file("/etc/secret", "[mx.example] user:pass\n");
	sim_file_mode("/etc/secret", 0, 0600);
	queue_submit("s@x.example", "a@d", "Subject: x\n\nb\n");
	sim_play("192.0.2.1:25", "S: 220 mx.example ESMTP\nC: EHLO *\n"
	    "S: 250-mx.example\nS: 250 AUTH PLAIN\n"
	    "C: AUTH PLAIN AHVzZXIAcGFzcw==  S: 235 ok\n" TAKEN
	    "C: QUIT  S: 221 x\n");
	order("smtp", "[mx.example]", 0, 1);
	assert_string_equal(hear(), "0 1 2.0.0 0 250 2.0.0 taken\ndone\n");
	end();
}

SIM_TEST(what_cannot_be_reached_is_told_from_what_is_away)
{
	begin("");
	queue_submit("s@x.example", "a@d b@d", "Subject: x\n\nb\n");
	sim_dial("192.0.2.1:25", SIM_REFUSED, 1);
	order("smtp", "[mx.example]", 0, 1);
	assert_string_equal(hear(), "0 0 4.4.1 1 connect to "
	    "mx.example[192.0.2.1]:25: Connection refused\ndone\n");
	sim_dial("192.0.2.1:25", SIM_NET_DOWN, 1);
	order("smtp", "[mx.example]", 1, 1);
	assert_string_equal(hear(), "1 0 4.4.1 3 connect to "
	    "mx.example[192.0.2.1]:25: Network is unreachable\ndone\n");
	end();
}

SIM_TEST(a_next_hop_that_is_none_keeps_the_mail)
{
	begin("");
	queue_submit("s@x.example", "a@d b@d", "Subject: x\n\nb\n");
	order("smtp", "[mx.example", 0, 2);
	assert_string_equal(hear(),
	    "0 0 4.3.5 8 the next hop is no destination\n"
	    "1 0 4.3.5 8 the next hop is no destination\n"
	    "done\n");
	end();
}

SIM_TEST(settings_that_cannot_be_used_keep_the_mail)
{
	begin("");
	sim_file(CONFIG "/main.cf", "lmtp_lhlo_timeout = never\n");
	queue_submit("s@x.example", "a@d", "Subject: x\n\nb\n");
	order("lmtp", "[mx.example]", 0, 1);
	assert_non_null(strstr(hear(), "0 0 4.3.5 8 " CONFIG "/main.cf"));
	order("lmtp", "[mx.example]", 0, 1);
	assert_non_null(strstr(hear(), "0 0 4.3.5 8 " CONFIG "/main.cf"));
	end();
}

SIM_TEST(lmtp_has_settings_of_its_own)
{
	begin("lmtp_dns_support_level = disabled\n"
	    "lmtp_lhlo_name = lmtp.example\nlmtp_tcp_port = 2424\n");
	queue_submit("s@x.example", "a@d", "Subject: x\n\nb\n");
	sim_play("192.0.2.1:2424", "S: 220 hi  C: LHLO lmtp.example\n"
	    "S: 250 hi\n" TAKEN "C: QUIT  S: 221 x\n");
	order("lmtp", "inet:mx.example", 0, 1);
	assert_string_equal(hear(), "0 1 2.0.0 0 250 2.0.0 taken\ndone\n");
	end();
}

SIM_TEST(local_mail_goes_into_the_maildir)
{
	begin("postern_maildir = /var/mail/all\n");
	sim_folder("/var/mail", true);
	sim_file_mode("/var/mail", 0, 0755);
	queue_submit("s@x.example", "a@d b@d", "Subject: x\n\nb\n");
	order("local", "here.example", 0, 2);
	assert_string_equal(hear(), "0 1 2.0.0 0 delivered to maildir\n"
	    "1 1 2.0.0 0 delivered to maildir\ndone\n");
	assert_int_equal(sim_count("/var/mail/all/new"), 2);
	end();
}

/* Whichever call fails: no answer, or one for each, and nothing is "never". */
SIM_TEST(whatever_fails_nobody_stays_without_an_answer)
{
	uint64_t first, last;
	unsigned sent = 0;

	for (uint64_t at = 0, n = 1; at <= n; at++) {
		sim_begin();
		begin("");
		queue_submit("s@x.example", "a@d", "Subject: x\n\nb\n");
		sim_play("192.0.2.1:25", "loose\nhello\n" TAKEN
		    "C: QUIT  S: 221 x\n");
		sim_play("192.0.2.1:25", "loose\nhello\n" TAKEN
		    "C: QUIT  S: 221 x\n");
		order("smtp", "[mx.example]", 0, 1);
		first = sim_fallible();
		if (at > 0)
			sim_fail_at(first + at);
		port_sleep(port_now() + SECOND);
		last = sim_fallible();
		sim_fail_at(0);
		if (at == 0)
			n = last - first;
		sent += ends_well();
	}
	assert_true(sent > 2);
	sim_begin();		/* what the last one left of the script */
}

SIM_TEST(a_manager_that_is_gone_ends_it)
{
	begin("");
	queue_submit("s@x.example", "a@d", "Subject: x\n\nb\n");
	sim_play("192.0.2.1:25", "hello\n" TAKEN "C: QUIT  S: 221 x\n");
	order("smtp", "[mx.example]", 0, 1);
	port_close(c.fd);
	assert_int_not_equal(port_reap(c.pid, MS_NEVER), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(each_recipient_of_an_order_is_answered_for),
		SIM_RUN(orders_follow_one_another_on_one_connection),
		SIM_RUN(without_orders_it_says_bye_and_waits_for_the_end),
		SIM_RUN(a_password_of_roots_is_read_ahead_of_the_walls),
		SIM_RUN(what_cannot_be_reached_is_told_from_what_is_away),
		SIM_RUN(a_next_hop_that_is_none_keeps_the_mail),
		SIM_RUN(settings_that_cannot_be_used_keep_the_mail),
		SIM_RUN(lmtp_has_settings_of_its_own),
		SIM_RUN(local_mail_goes_into_the_maildir),
		SIM_RUN(whatever_fails_nobody_stays_without_an_answer),
		SIM_RUN(a_manager_that_is_gone_ends_it),
	};
	return sim_main(tests, COUNT(tests));
}
