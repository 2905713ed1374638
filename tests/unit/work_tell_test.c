/*
 * work_tell_test.c - the child that writes notices: who is told of what.
 */
#include <stdio.h>
#include <string.h>

#include "queue_world.h"
#include "work.h"

#define CONFIG	"/etc/postern"

static struct work work;
static struct queue_order order;
static char message[PORT_MESSAGE_MAX];

static void
begin(const char *settings)
{
	static char room[65536], config[1024];
	struct param_from from = { .program = "qmgr", .log = &qw.log,
		.folder = CONFIG };
	char why_room[500];
	struct buf why = BUF(why_room);
	struct arena a;

	queue_world();
	sim_folder("/etc", true);
	sim_folder(CONFIG, true);
	snprintf(config, sizeof(config), "queue_directory = " QUEUE "\n"
	    "mail_owner = 1000\nmyhostname = here.example\n"
	    "mydestination =\nalias_maps =\n%s", settings);
	sim_file(CONFIG "/main.cf", config);
	memset(room, 0, sizeof(room));
	arena_init(&a, room, sizeof(room));
	assert_int_equal(param_load(&qw.param, &from, &a, &why), RC_OK);
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	work = (struct work){ .param = &qw.param, .log = &qw.log,
		.folder = CONFIG };
}

/* What became of the only recipient of the message, as the manager notes it. */
static void
decide(unsigned flags, enum queue_state state, const char *relay)
{
	struct queue_fault f = { .fate = state == QUEUE_NEVER ? FATE_NEVER :
		FATE_SENT, .relay = span_of(relay), .text = SPAN("because"),
		.dsn = state == QUEUE_NEVER ? SPAN("5.1.1") : SPAN("2.0.0") };
	int fd = queue_fd(qw.id);

	assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
	qw.head.flags = flags;
	assert_int_equal(queue_head_write(fd, &qw.head), RC_OK);
	assert_int_equal(queue_reader_start(&qw.reader, fd, &qw.head, &qw.env),
	    RC_OK);
	assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt), RC_OK);
	assert_int_equal(queue_trail_add(fd, &f), RC_OK);
	assert_int_equal(queue_mark(fd, qw.rcpt.at, state), RC_OK);
	port_close(fd);
}

/* One order; `what` in place of a transport. */
static void
tell(const char *what, const char *nexthop)
{
	struct buf b = BUF(message);
	struct queue_saying s;
	int fd, socket, none;
	unsigned pid;
	size_t n;

	order = (struct queue_order){ .task = QUEUE_TELL,
		.transport = span_of(what), .nexthop = span_of(nexthop) };
	memcpy(order.id, qw.id, sizeof(qw.id));
	assert_int_equal(queue_order_put(&b, &order), RC_OK);
	assert_int_equal(port_open(queue_file("incoming", qw.id), &fd), RC_OK);
	assert_int_equal(port_spawn(work_tell, &work, &pid, &socket), RC_OK);
	assert_int_equal(port_send(socket, buf_span(&b), fd, MS_NEVER), RC_OK);
	port_close(fd);
	assert_int_equal(port_recv(socket, message, sizeof(message), MS_NEVER,
	    &n, &none), RC_OK);
	assert_int_equal(queue_saying_take((struct span){ message, n }, &s),
	    RC_OK);
	assert_int_equal(s.word, QUEUE_SAYS_DONE);
	assert_int_equal(s.flags, 0);
	port_close(socket);
	assert_int_equal(port_reap(pid, MS_NEVER), 0);
}

/* The file of the notice to this recipient; NULL: there is none. */
static const char *
notice_to(const char *rcpt)
{
	struct queue_cursor cursor = { .q = &qw.q };
	struct queue_entry e;
	const char *found = NULL, *data;
	size_t n;

	while (queue_cursor_next(&cursor, &e) == RC_OK) {
		int fd = queue_fd(e.id);

		assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
		assert_int_equal(queue_reader_start(&qw.reader, fd, &qw.head,
		    &qw.env), RC_OK);
		assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt), RC_OK);
		port_close(fd);
		if (strcmp(e.id, qw.id) == 0 ||
		    !span_is(qw.rcpt.to.addr, rcpt))
			continue;
		assert_true(sim_file_read(queue_file("incoming", e.id), &data,
		    &n));
		found = data;
	}
	port_list_close(&cursor.list);
	return found;
}

static void
assert_has(const char *text, const char *part)
{
	if (text == NULL || strstr(text, part) == NULL)
		sim_fail("`%s` is not in:\n%s", part, text ? text : "nothing");
}

SIM_TEST(the_sender_is_told_of_a_failure)
{
	begin("");
	queue_submit("s@x.example", "a@d.example", "Subject: x\n\nbody\n");
	decide(0, QUEUE_NEVER, "none");
	tell("", "");
	assert_has(notice_to("s@x.example"), "Action: failed\nStatus: 5.1.1\n");
	assert_has(notice_to("s@x.example"), "Subject: x\n\nbody\n");
	assert_int_equal(queue_names("incoming"), 2);
}

SIM_TEST(a_failure_without_sender_is_postmasters)
{
	begin("notify_classes = 2bounce\n");
	queue_submit("", "a@d.example", "Subject: x\n\nbody\n");
	decide(QUEUE_NOTICE, QUEUE_NEVER, "none");
	tell("", "");
	assert_has(notice_to("postmaster@here.example"), "Nobody was told");
	assert_has(notice_to("postmaster@here.example"), "\n\nbody\n");
}

SIM_TEST(a_failure_without_sender_is_dropped_if_nobody_wants_it)
{
	begin("notify_classes =\n");
	queue_submit("", "a@d.example", "Subject: x\n\nbody\n");
	decide(QUEUE_NOTICE, QUEUE_NEVER, "none");
	tell("", "");
	assert_int_equal(queue_names("incoming"), 1);
}

SIM_TEST(a_report_to_postmaster_is_never_answered)
{
	begin("notify_classes = bounce, 2bounce\n");
	queue_submit("double-bounce@here.example", "postmaster@here.example",
	    "Subject: x\n\nbody\n");
	decide(QUEUE_DOUBLE, QUEUE_NEVER, "none");
	tell("", "");
	assert_int_equal(queue_names("incoming"), 1);
	assert_non_null(strstr(sim_syslog(), "and is dropped"));
}

SIM_TEST(postmaster_gets_the_header_of_what_bounced)
{
	begin("notify_classes = bounce\n");
	queue_submit("s@x.example", "a@d.example", "Subject: x\n\nbody\n");
	decide(0, QUEUE_NEVER, "none");
	tell("", "");
	assert_int_equal(queue_names("incoming"), 3);
	assert_has(notice_to("postmaster@here.example"),
	    "text/rfc822-headers");
	assert_null(strstr(notice_to("postmaster@here.example"), "\nbody\n"));
}

SIM_TEST(mail_given_to_a_server_was_relayed)
{
	begin("");
	queue_submit("s@x.example", "a@d.example", "Subject: x\n\nbody\n");
	decide(0, QUEUE_SENT_TELL, "mx.d.example[192.0.2.1]:25");
	tell("", "");
	assert_has(notice_to("s@x.example"), "Action: relayed\n");
}

SIM_TEST(mail_put_into_a_maildir_was_delivered)
{
	begin("");
	queue_submit("s@x.example", "a@here.example", "Subject: x\n\nbody\n");
	decide(0, QUEUE_SENT_TELL, WORK_LOCAL_RELAY);
	tell("", "");
	assert_has(notice_to("s@x.example"), "Action: delivered\n");
}

SIM_TEST(a_delay_is_told_to_the_sender_alone)
{
	begin("notify_classes = bounce\n");
	queue_submit("s@x.example", "a@d.example", "Subject: x\n\nbody\n");
	tell(QUEUE_TELL_DELAY, "");
	assert_has(notice_to("s@x.example"), "Action: delayed\n");
	assert_int_equal(queue_names("incoming"), 2);
}

SIM_TEST(a_refused_password_is_postmasters)
{
	begin("");
	queue_submit("s@x.example", "a@d.example", "Subject: x\n\nbody\n");
	tell(QUEUE_TELL_LOGIN, "[mx.d.example]:587");
	assert_has(notice_to("postmaster@here.example"),
	    "Password refused by [mx.d.example]:587");
	assert_int_equal(queue_names("incoming"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(the_sender_is_told_of_a_failure),
		SIM_RUN(a_failure_without_sender_is_postmasters),
		SIM_RUN(a_failure_without_sender_is_dropped_if_nobody_wants_it),
		SIM_RUN(a_report_to_postmaster_is_never_answered),
		SIM_RUN(postmaster_gets_the_header_of_what_bounced),
		SIM_RUN(mail_given_to_a_server_was_relayed),
		SIM_RUN(mail_put_into_a_maildir_was_delivered),
		SIM_RUN(a_delay_is_told_to_the_sender_alone),
		SIM_RUN(a_refused_password_is_postmasters),
	};

	return sim_main(tests, COUNT(tests));
}
