/*
 * queue_file_test.c - what is written can be read again, in place and out of
 * damaged files.
 */
#include "queue_world.h"

#define ADDR_MAX	RCPT_ADDR_MAX

static struct queue_trail trail;
static struct queue_fault fault;

static void
start_reading(int fd)
{
	assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
	assert_int_equal(queue_reader_start(&qw.reader, fd, &qw.head, &qw.env),
	    RC_OK);
}

static void
next_is(const char *addr)
{
	assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt), RC_OK);
	assert_true(span_is(qw.rcpt.to.addr, addr));
}

SIM_TEST(the_head_is_read_as_it_was_written)
{
	struct queue_head h = {
		.flags = QUEUE_NOTICE | QUEUE_DOUBLE, .tries = 12,
		.body = JOB_BODY_8BITMIME, .ret = JOB_RET_HDRS,
		.arrived_ms = 1767225600123, .uid = UINT32_MAX,
		.body_bytes = 0, .env_bytes = 0, .rcpts = 0,
		.dsn = "4.123.456", .hop = "smtp:[mx.example]:587",
		.reason = "host mx.example said: \xc3\xa4 no (in reply to ...)"
	};
	int fd;

	queue_world_open();
	assert_int_equal(port_create("/tmp/f", 0600, &fd), RC_OK);
	assert_int_equal(queue_head_write(fd, &h), RC_OK);
	assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
	assert_memory_equal(&qw.head, &h, offsetof(struct queue_head, dsn));
	assert_string_equal(qw.head.dsn, h.dsn);
	assert_string_equal(qw.head.hop, h.hop);
	assert_string_equal(qw.head.reason, h.reason);
	port_close(fd);
}

SIM_TEST(texts_and_numbers_beyond_their_fields_are_cut)
{
	struct queue_head h = { .arrived_ms = -5, .tries = 2000000000 };
	int fd;

	queue_world_open();
	memset(h.hop, 'h', sizeof(h.hop) - 1);
	memset(h.reason, 'r', sizeof(h.reason) - 1);
	h.reason[7] = '\n';
	memset(h.dsn, '5', sizeof(h.dsn) - 1);
	assert_int_equal(port_create("/tmp/f", 0600, &fd), RC_OK);
	assert_int_equal(queue_head_write(fd, &h), RC_OK);
	assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
	h.reason[7] = '?';
	assert_string_equal(qw.head.hop, h.hop);
	assert_string_equal(qw.head.reason, h.reason);
	assert_string_equal(qw.head.dsn, h.dsn);
	assert_int_equal(qw.head.arrived_ms, 0);
	assert_int_equal(qw.head.tries, 9999999);
	port_close(fd);
}

SIM_TEST(the_head_is_text_of_512_octets)
{
	const char *data;
	size_t n;

	queue_world_open();
	queue_submit("a@b", "c@d", "x\n");
	assert_true(sim_file_read(queue_file("incoming", qw.id), &data, &n));
	assert_int_equal(strncmp(data, "POSTERN1 0000 0 0 000000000000000 "
	    "0000000 0000000000 000000000000002 0000000030 00000001 ", 89), 0);
	assert_int_equal(data[100], '\n');
	assert_int_equal(data[228], '\n');
	assert_int_equal(data[428], '\n');
	assert_int_equal(strncmp(data + 511, "\nx\nFa@b\nV\n0\n1\n2\n3\n4\n"
	    "5\n6\nR-0c@d\n\n\n", n - 511), 0);
	assert_int_equal(n, 512 + 2 + 30);
}

SIM_TEST(the_head_changes_in_place)
{
	int fd;

	queue_world_open();
	fd = queue_fd(queue_submit("a@b", "c@d e@f", "body\n"));
	start_reading(fd);
	qw.head.tries = 3;
	memcpy(qw.head.reason, "why", 4);
	assert_int_equal(queue_head_write(fd, &qw.head), RC_OK);
	start_reading(fd);
	assert_int_equal(qw.head.tries, 3);
	assert_string_equal(qw.head.reason, "why");
	next_is("c@d");
	port_close(fd);
}

/* Every octet but three, in as long an address as may be. */
static void
fill(char *p, size_t n, unsigned c)
{
	for (size_t i = 0; i < n; i++, c = (c + 1) % 256) {
		while (c == 0 || c == '\r' || c == '\n')
			c++;
		p[i] = (char)c;
	}
}

SIM_TEST(any_octet_but_three_may_stand_in_an_address)
{
	static char sender[300], rcpt[ADDR_MAX], orcpt[ADDR_MAX],
	    given[ADDR_MAX];
	struct queue_envelope e = { .sender = { sender, sizeof(sender) },
		.envid = SPAN("an id"), .attr[JOB_HELO] = SPAN("h e l o"),
		.attr[JOB_SOURCE] = SPAN("LOCAL") };
	int fd;

	fill(sender, sizeof(sender), 1);
	fill(rcpt, sizeof(rcpt), 'R');
	fill(orcpt, sizeof(orcpt), 0);
	fill(given, sizeof(given), 200);
	queue_world_open();
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_OK);
	assert_int_equal(queue_draft_envelope(&qw.draft, &e), RC_OK);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(queue_draft_rcpt(&qw.draft, &(struct rcpt){
		    .addr = { rcpt, sizeof(rcpt) - i }, .notify = i,
		    .orcpt = { orcpt, i % 2 ? sizeof(orcpt) : i } },
		    (struct span){ given, sizeof(given) }), RC_OK);
	assert_int_equal(queue_draft_publish(&qw.draft), RC_OK);
	fd = queue_fd(qw.draft.id);
	start_reading(fd);
	assert_true(span_eq(qw.env.sender, e.sender));
	assert_true(span_is(qw.env.envid, "an id"));
	assert_true(span_is(qw.env.attr[JOB_HELO], "h e l o"));
	assert_true(span_is(qw.env.attr[JOB_SOURCE], "LOCAL"));
	assert_int_equal(qw.env.attr[JOB_NAME].n, 0);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt), RC_OK);
		assert_int_equal(qw.rcpt.index, i);
		assert_int_equal(qw.rcpt.to.notify, i);
		assert_int_equal(qw.rcpt.to.addr.n, sizeof(rcpt) - i);
		assert_memory_equal(qw.rcpt.to.addr.p, rcpt, sizeof(rcpt) - i);
		assert_int_equal(qw.rcpt.to.orcpt.n,
		    i % 2 ? sizeof(orcpt) : i);
		assert_memory_equal(qw.rcpt.given.p, given, sizeof(given));
	}
	assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt), RC_NONE);
	port_close(fd);
}

static enum rc
add_rcpt(struct span addr, struct span orcpt, struct span given)
{
	return queue_draft_rcpt(&qw.draft, &(struct rcpt){ .addr = addr,
	    .orcpt = orcpt }, given);
}

SIM_TEST(texts_that_would_break_the_lines_are_refused)
{
	static char long_[ADDR_MAX + 1];
	struct queue_envelope e = { .envid = SPAN("a\nb") };
	struct span ok = SPAN("a@b"), none = { 0 };

	queue_world_open();
	memset(long_, 'a', sizeof(long_));
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_OK);
	assert_int_equal(queue_draft_envelope(&qw.draft, &e), RC_WIRE);
	e = (struct queue_envelope){ .attr[3] = SPAN("\r") };
	assert_int_equal(queue_draft_envelope(&qw.draft, &e), RC_WIRE);
	e = (struct queue_envelope){ .sender = { long_, sizeof(long_) } };
	assert_int_equal(queue_draft_envelope(&qw.draft, &e), RC_FULL);
	e = (struct queue_envelope){ .sender = ok };
	assert_int_equal(queue_draft_envelope(&qw.draft, &e), RC_OK);
	assert_int_equal(add_rcpt(SPAN("a\nb"), none, none), RC_WIRE);
	assert_int_equal(add_rcpt(none, none, none), RC_WIRE);
	assert_int_equal(add_rcpt(ok, SPAN("\r"), none), RC_WIRE);
	assert_int_equal(add_rcpt(ok, none, SPAN("\0")), RC_WIRE);
	assert_int_equal(add_rcpt((struct span){ long_, sizeof(long_) }, none,
	    none), RC_FULL);
	assert_int_equal(add_rcpt(ok, none, none), RC_OK);
	assert_int_equal(queue_draft_publish(&qw.draft), RC_OK);
	start_reading(queue_fd(qw.draft.id));
	next_is("a@b");
	assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt), RC_NONE);
	port_close(qw.reader.fd);
}

SIM_TEST(a_thousand_recipients_are_read_in_their_order)
{
	char text[40];
	struct queue_envelope e = { 0 };
	int64_t seen = 0;
	int fd;

	queue_world_open();
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_OK);
	assert_int_equal(queue_draft_envelope(&qw.draft, &e), RC_OK);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%0*d@x", i % 30 + 1, i);
		assert_int_equal(add_rcpt(span_of(text), SPAN(""), SPAN("")),
		    RC_OK);
	}
	assert_int_equal(queue_draft_publish(&qw.draft), RC_OK);
	fd = queue_fd(qw.draft.id);
	start_reading(fd);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%0*d@x", i % 30 + 1, i);
		next_is(text);
		if (i == 777)
			seen = qw.rcpt.at;
	}
	assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt), RC_NONE);
	queue_rcpt_seek(&qw.reader, seen, 777);
	next_is("0000000000000000000000000777@x");
	assert_int_equal(qw.rcpt.index, 777);
	next_is("00000000000000000000000000778@x");
	port_close(fd);
}

SIM_TEST(a_mark_changes_one_octet)
{
	static const char states[] = "-sSNn";
	int64_t at[3];
	int fd;

	queue_world_open();
	fd = queue_fd(queue_submit("", "a@x b@x c@x", "body\n"));
	for (size_t k = 0; k < sizeof(states) - 1; k++) {
		start_reading(fd);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt),
			    RC_OK);
			at[i] = qw.rcpt.at;
		}
		assert_int_equal(queue_mark(fd, at[1],
		    (enum queue_state)states[k]), RC_OK);
		start_reading(fd);
		next_is("a@x");
		assert_int_equal(qw.rcpt.state, QUEUE_WAITS);
		next_is("b@x");
		assert_int_equal(qw.rcpt.state, states[k]);
		next_is("c@x");
		assert_int_equal(qw.rcpt.state, QUEUE_WAITS);
	}
	port_close(fd);
}

/* ---- damage -------------------------------------------------------------- */

/* All of it that can be read, as whoever looks for mail does. */
static enum rc
read_all(const char *path)
{
	enum rc rc;
	int fd;

	assert_int_equal(port_open(path, &fd), RC_OK);
	rc = queue_head_read(fd, &qw.head);
	if (rc == RC_OK)
		rc = queue_reader_start(&qw.reader, fd, &qw.head, &qw.env);
	while (rc == RC_OK)
		rc = queue_rcpt_next(&qw.reader, &qw.rcpt);
	port_close(fd);
	return rc == RC_NONE ? RC_OK : rc;
}

static char copy[8192];

static size_t
copy_message(void)
{
	const char *data;
	size_t n;

	queue_submit("s@x", "one@x two@x three@x", "Subject: x\n\nbody\n");
	assert_true(sim_file_read(queue_file("incoming", qw.id), &data, &n));
	assert_true(n < sizeof(copy));
	memcpy(copy, data, n);
	return n;
}

SIM_TEST(a_file_cut_anywhere_is_no_message)
{
	size_t n;

	queue_world_open();
	n = copy_message();
	for (size_t i = 0; i < n; i++) {
		sim_file_bytes("/tmp/f", copy, i);
		assert_int_equal(read_all("/tmp/f"), RC_WIRE);
	}
	sim_file_bytes("/tmp/f", copy, n);
	assert_int_equal(read_all("/tmp/f"), RC_OK);
}

SIM_TEST(zeros_anywhere_but_in_the_content_are_no_message)
{
	size_t n, body = 512 + sizeof("Subject: x\n\nbody\n") - 1;
	char was;

	queue_world_open();
	n = copy_message();
	for (size_t i = 0; i < n; i++) {
		if (i >= 512 && i < body)
			continue;
		was = copy[i];
		copy[i] = '\0';
		sim_file_bytes("/tmp/f", copy, n);
		assert_int_equal(read_all("/tmp/f"), RC_WIRE);
		copy[i] = was;
	}
}

/* A message with so many octets at a place of its head. */
static enum rc
read_with(size_t n, size_t at, const char *text)
{
	char was[QUEUE_HEAD_BYTES];

	memcpy(was, copy, sizeof(was));
	memcpy(copy + at, text, strlen(text));
	sim_file_bytes("/tmp/f", copy, n);
	memcpy(copy, was, sizeof(was));
	return read_all("/tmp/f");
}

SIM_TEST(a_head_that_lies_is_no_message)
{
	size_t n;

	queue_world_open();
	n = copy_message();
	assert_int_equal(read_with(n, 0, "POSTERN1"), RC_OK);
	assert_int_equal(read_with(n, 0, "POSTERN2"), RC_WIRE);
	assert_int_equal(read_with(n, 14, "3"), RC_WIRE);	/* body */
	assert_int_equal(read_with(n, 16, "3"), RC_WIRE);	/* ret */
	assert_int_equal(read_with(n, 42, "4294967296"), RC_WIRE);
	assert_int_equal(read_with(n, 53, "999999999999999"), RC_WIRE);
	assert_int_equal(read_with(n, 53, "-00000000000001"), RC_WIRE);
	assert_int_equal(read_with(n, 69, "9999999999"), RC_WIRE);
	assert_int_equal(read_with(n, 80, "00000002"), RC_WIRE);
	assert_int_equal(read_with(n, 80, "00000004"), RC_WIRE);
	assert_int_equal(read_with(n, 80, "99999999"), RC_WIRE);
	assert_int_equal(read_with(n, 101, "\x1b"), RC_WIRE);
	assert_int_equal(read_with(n, 500, "x"), RC_WIRE);
}

SIM_TEST(a_disk_that_cannot_be_read_is_no_damage)
{
	queue_world_open();
	queue_submit("s@x", "one@x", "body\n");
	sim_file_broken(queue_file("incoming", qw.id), 0);
	assert_int_equal(read_all(qw.path), RC_OS);
	sim_file_broken(qw.path, 520);
	assert_int_equal(read_all(qw.path), RC_OS);
}

/* ---- the trail ----------------------------------------------------------- */

static int
start_trail(void)
{
	int fd;

	queue_world_open();
	fd = queue_fd(queue_submit("s@x", "one@x two@x", "body\n"));
	assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
	queue_trail_start(&trail, fd, &qw.head);
	return fd;
}

static void
trail_add(int fd, unsigned index, struct span text)
{
	assert_int_equal(queue_trail_add(fd, &(struct queue_fault){
	    .index = index, .fate = FATE_NEVER, .dsn = SPAN("5.1.1"),
	    .relay = SPAN("mx[192.0.2.1]:25"), .text = text }), RC_OK);
}

SIM_TEST(the_trail_gives_back_what_was_added)
{
	int fd = start_trail();

	assert_int_equal(queue_trail_next(&trail, &fault), RC_NONE);
	trail_add(fd, 1, SPAN("host mx said:\tno\n"));
	trail_add(fd, 0, SPAN(""));
	assert_int_equal(queue_trail_next(&trail, &fault), RC_OK);
	assert_int_equal(fault.index, 1);
	assert_int_equal(fault.fate, FATE_NEVER);
	assert_true(span_is(fault.dsn, "5.1.1"));
	assert_true(span_is(fault.relay, "mx[192.0.2.1]:25"));
	assert_true(span_is(fault.text, "host mx said:?no?"));
	assert_int_equal(queue_trail_next(&trail, &fault), RC_OK);
	assert_int_equal(fault.index, 0);
	assert_int_equal(fault.text.n, 0);
	assert_int_equal(queue_trail_next(&trail, &fault), RC_NONE);
	assert_int_equal(read_all(queue_file("incoming", qw.id)), RC_OK);
	port_close(fd);
}

SIM_TEST(a_text_too_long_for_the_trail_is_cut)
{
	static char many[5000];
	int fd = start_trail();

	memset(many, 'x', sizeof(many));
	trail_add(fd, 1, (struct span){ many, sizeof(many) });
	trail_add(fd, 0, SPAN("short"));
	assert_int_equal(queue_trail_next(&trail, &fault), RC_OK);
	assert_true(fault.text.n > 2000);
	assert_int_equal(queue_trail_next(&trail, &fault), RC_OK);
	assert_true(span_is(fault.text, "short"));
	port_close(fd);
}

/* Whatever a power cut left of a record, those around it are whole. */
SIM_TEST(a_torn_record_is_passed_over)
{
	const char *data;
	size_t n, from;
	int fd = start_trail();

	trail_add(fd, 0, SPAN("first"));
	sim_file_read(queue_file("incoming", qw.id), &data, &from);
	trail_add(fd, 1, SPAN("torn one"));
	sim_file_read(qw.path, &data, &n);
	port_close(fd);
	memcpy(copy, data, n);
	for (size_t i = from; i < n; i++) {
		for (int zeros = 0; zeros < 2; zeros++) {
			sim_file_bytes("/tmp/f", copy, i);
			if (zeros) {
				memset(copy + i, 0, 512);
				sim_file_bytes("/tmp/f", copy, i + 512);
				memcpy(copy, data, n);
			}
			assert_int_equal(port_open_update("/tmp/f", &fd),
			    RC_OK);
			trail_add(fd, 1, SPAN("again"));
			queue_trail_start(&trail, fd, &qw.head);
			assert_int_equal(queue_trail_next(&trail, &fault),
			    RC_OK);
			assert_true(span_is(fault.text, "first"));
			assert_int_equal(queue_trail_next(&trail, &fault),
			    RC_OK);
			assert_true(span_is(fault.text, "again") ||
			    i == n - 1);
			port_close(fd);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(the_head_is_read_as_it_was_written),
		SIM_RUN(texts_and_numbers_beyond_their_fields_are_cut),
		SIM_RUN(the_head_is_text_of_512_octets),
		SIM_RUN(the_head_changes_in_place),
		SIM_RUN(any_octet_but_three_may_stand_in_an_address),
		SIM_RUN(texts_that_would_break_the_lines_are_refused),
		SIM_RUN(a_thousand_recipients_are_read_in_their_order),
		SIM_RUN(a_mark_changes_one_octet),
		SIM_RUN(a_file_cut_anywhere_is_no_message),
		SIM_RUN(zeros_anywhere_but_in_the_content_are_no_message),
		SIM_RUN(a_head_that_lies_is_no_message),
		SIM_RUN(a_disk_that_cannot_be_read_is_no_damage),
		SIM_RUN(the_trail_gives_back_what_was_added),
		SIM_RUN(a_text_too_long_for_the_trail_is_cut),
		SIM_RUN(a_torn_record_is_passed_over),
	};
	return sim_main(tests, COUNT(tests));
}
