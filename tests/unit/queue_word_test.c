/*
 * queue_word_test.c - orders and sayings survive the way.
 */
#include "queue_world.h"

static char room[PORT_MESSAGE_MAX];
static struct queue_order order, got;

static struct buf
put_order(unsigned rcpts)
{
	struct buf b = BUF(room);

	order = (struct queue_order){ .task = QUEUE_TELL, .id = "4C0B2",
		.transport = SPAN("relay"), .nexthop = SPAN("[mx.example]:587"),
		.more = true, .started = 5000123, .rcpts = rcpts };
	for (unsigned i = 0; i < rcpts; i++)
		order.index[i] = i * 70000;
	assert_int_equal(queue_order_put(&b, &order), RC_OK);
	return b;
}

SIM_TEST(an_order_arrives_as_it_was)
{
	struct buf b = put_order(QUEUE_JOB_RCPTS);

	assert_int_equal(queue_order_take(buf_span(&b), &got), RC_OK);
	memset(room, 0, sizeof(room));	/* its texts are its own */
	assert_int_equal(got.task, QUEUE_TELL);
	assert_string_equal(got.id, "4C0B2");
	assert_true(span_is(got.transport, "relay"));
	assert_true(span_is(got.nexthop, "[mx.example]:587"));
	assert_true(got.more);
	assert_int_equal(got.started, 5000123);
	assert_int_equal(got.rcpts, QUEUE_JOB_RCPTS);
	for (unsigned i = 0; i < QUEUE_JOB_RCPTS; i++)
		assert_int_equal(got.index[i], i * 70000);
}

SIM_TEST(an_order_cut_anywhere_is_none)
{
	struct buf b = put_order(3);

	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(queue_order_take(
		    span_head(buf_span(&b), n), &got), RC_WIRE);
	buf_putc(&b, 'x');
	assert_int_equal(queue_order_take(buf_span(&b), &got), RC_WIRE);
}

SIM_TEST(an_order_whose_recipients_do_not_rise_is_none)
{
	struct buf b = BUF(room);

	order.rcpts = 2;
	order.index[0] = order.index[1] = 7;
	assert_int_equal(queue_order_put(&b, &order), RC_OK);
	assert_int_equal(queue_order_take(buf_span(&b), &got), RC_WIRE);
}

static struct queue_saying said = {
	.word = QUEUE_SAYS_RCPT, .flags = QUEUE_HOST_FAULT, .index = 123456,
	.fate = FATE_NEVER, .level = LOG_WARNING, .dsn = { "5.1.1", 5 },
	.relay = { "mx.example[192.0.2.1]:25", 24 },
	.text = { "no such user", 12 }, .line = { "to=<a@b>, ...", 13 },
};

SIM_TEST(a_saying_arrives_as_it_was)
{
	struct buf b = BUF(room);
	struct queue_saying s;

	queue_saying_put(&b, &said);
	assert_int_equal(queue_saying_take(buf_span(&b), &s), RC_OK);
	assert_int_equal(s.word, QUEUE_SAYS_RCPT);
	assert_int_equal(s.flags, QUEUE_HOST_FAULT);
	assert_int_equal(s.index, 123456);
	assert_int_equal(s.fate, FATE_NEVER);
	assert_int_equal(s.level, LOG_WARNING);
	assert_true(span_eq(s.dsn, said.dsn));
	assert_true(span_eq(s.relay, said.relay));
	assert_true(span_eq(s.text, said.text));
	assert_true(span_eq(s.line, said.line));
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(queue_saying_take(
		    span_head(buf_span(&b), n), &s), RC_WIRE);
}

SIM_TEST(texts_that_do_not_fit_are_cut)
{
	static char many[9000];
	struct buf b = BUF(room);
	struct queue_saying s = said, t;

	memset(many, 'x', sizeof(many));
	s.text = s.line = s.relay = (struct span){ many, sizeof(many) };
	queue_saying_put(&b, &s);
	assert_false(b.full);
	assert_int_equal(b.n, PORT_MESSAGE_MAX - 1);
	assert_int_equal(queue_saying_take(buf_span(&b), &t), RC_OK);
	assert_true(t.line.n > REPORT_LINE_MAX);
	assert_true(t.text.n >= 500);
}

SIM_TEST(a_word_that_is_none_is_refused)
{
	struct buf b = BUF(room);
	struct queue_saying s;

	queue_saying_put(&b, &said);
	room[0] = QUEUE_SAYS_BYE + 1;
	assert_int_equal(queue_saying_take(buf_span(&b), &s), RC_WIRE);
	room[0] = QUEUE_SAYS_BYE;
	room[2] = FATE_NEVER + 1;
	assert_int_equal(queue_saying_take(buf_span(&b), &s), RC_WIRE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(an_order_arrives_as_it_was),
		SIM_RUN(an_order_cut_anywhere_is_none),
		SIM_RUN(an_order_whose_recipients_do_not_rise_is_none),
		SIM_RUN(a_saying_arrives_as_it_was),
		SIM_RUN(texts_that_do_not_fit_are_cut),
		SIM_RUN(a_word_that_is_none_is_refused),
	};
	return sim_main(tests, COUNT(tests));
}
