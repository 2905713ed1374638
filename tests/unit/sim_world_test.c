/*
 * sim_world_test.c - the simulated port keeps its promises: tests that stand on
 * it prove nothing otherwise.
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "dns.h"

static struct port_addr
at(const char *ip, uint16_t port)
{
	struct port_addr a = { .port = port };

	assert_true(ip_parse(span_of(ip), &a.ip));
	return a;
}

static int
dial(const char *ip)
{
	struct port_addr a = at(ip, 25);
	int fd = -1;

	assert_int_equal(port_dial(&a, NULL, 0, port_now() + MINUTE, &fd),
	    RC_OK);
	return fd;
}

static void
say(int fd, const char *text)
{
	size_t put, n = strlen(text);

	while (n > 0) {
		assert_int_equal(port_write(fd, text, n, port_now() + HOUR,
		    &put), RC_OK);
		text += put;
		n -= put;
	}
}

/* Everything up to and with this text, by reads of at most `most`. */
static void
hear(int fd, const char *text, size_t most)
{
	char line[1000];
	size_t n = 0, got;

	while (n < strlen(text)) {
		assert_true(n + most < sizeof(line));
		assert_int_equal(port_read(fd, line + n, most,
		    port_now() + HOUR, &got), RC_OK);
		n += got;
	}
	line[n] = '\0';
	assert_string_equal(line, text);
}

static enum rc
read_one(int fd, ms_t limit)
{
	char c;
	size_t got;

	return port_read(fd, &c, 1, port_now() + limit, &got);
}

SIM_TEST(time_passes_only_while_something_waits)
{
	assert_int_equal(port_now(), SIM_START);
	assert_int_equal(port_now(), SIM_START);
	port_sleep(SIM_START + 3 * HOUR);
	assert_int_equal(port_now(), SIM_START + 3 * HOUR);
	assert_int_equal(port_wall(), SIM_WALL + 3 * 3600);
	sim_wall_jump(-7200);
	assert_int_equal(port_wall(), SIM_WALL + 3600);
	port_sleep(SIM_START);
	assert_int_equal(port_now(), SIM_START + 3 * HOUR);
}

SIM_TEST(script_and_client_take_turns)
{
	int fd;

	sim_play("192.0.2.1:25",
	    "wait 10s\n"
	    "hello PIPELINING SIZE\n"
	    "C: MAIL FROM:<*>    S: 250 ok\n"
	    "C: QUIT    raw: 221 \\x62ye\\r\\n\n"
	    "close\n");
	fd = dial("192.0.2.1");
	hear(fd, "220 mx.example ESMTP\r\n", 100);
	assert_int_equal(port_now(), SIM_START + 10 * SECOND);
	say(fd, "EHLO here\r\n");
	hear(fd, "250-mx.example\r\n250-PIPELINING\r\n250 SIZE\r\n", 3);
	say(fd, "MAIL FROM:<a@b>\r\nQUIT\r\n");
	hear(fd, "250 ok\r\n221 bye\r\n", 100);
	assert_int_equal(read_one(fd, MINUTE), RC_GONE);
	port_close(fd);
	assert_string_equal(sim_sent(0),
	    "EHLO here\r\nMAIL FROM:<a@b>\r\nQUIT\r\n");
	assert_int_equal(sim_sent_write(0, 10), 0);
	assert_int_equal(sim_sent_write(0, 11), 1);
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(silence_ends_at_the_deadline)
{
	int fd;

	sim_play("192.0.2.1:25", "hole");
	fd = dial("192.0.2.1");
	assert_false(port_readable(fd));
	assert_int_equal(read_one(fd, 5 * MINUTE), RC_TIME);
	assert_int_equal(port_now(), SIM_START + 5 * MINUTE);
	port_close(fd);
}

SIM_TEST(dripped_octets_come_one_by_one)
{
	int fd;

	sim_play("192.0.2.1:25", "loose    drip 1m    S: 220 hi");
	fd = dial("192.0.2.1");
	assert_int_equal(read_one(fd, 59 * SECOND), RC_TIME);
	assert_int_equal(read_one(fd, 2 * SECOND), RC_OK);
	assert_int_equal(port_now(), SIM_START + MINUTE);
	hear(fd, "20 hi\r\n", 100);
	assert_int_equal(port_now(), SIM_START + 8 * MINUTE);
	port_close(fd);
}

SIM_TEST(split_keeps_parts_apart)
{
	char text[20];
	size_t got;
	int fd;

	sim_play("192.0.2.1:25", "raw: ab    split    raw: cd    raw: ef");
	fd = dial("192.0.2.1");
	assert_int_equal(port_read(fd, text, 20, MS_NEVER, &got), RC_OK);
	assert_int_equal(got, 2);
	assert_int_equal(port_read(fd, text, 20, MS_NEVER, &got), RC_OK);
	assert_int_equal(got, 4);
	port_close(fd);
}

SIM_TEST(chop_makes_reads_and_writes_short)
{
	size_t put;
	int fd;

	sim_chop(2);
	sim_play("192.0.2.1:25", "C: abcdef    S: xyz");
	fd = dial("192.0.2.1");
	assert_int_equal(port_write(fd, "abcdef\r\n", 8, MS_NEVER, &put),
	    RC_OK);
	assert_int_equal(put, 2);
	say(fd, "cdef\r\n");
	hear(fd, "xyz\r\n", 100);
	port_close(fd);
}

/* A client that never reads what it is told blocks, as on a real network. */
SIM_TEST(full_buffers_block_the_writer)
{
	size_t put;
	int fd, i;

	sim_play("192.0.2.1:25",
	    "loose    window 10 10\n"
	    "C: 1    S: 0123456789\n"
	    "C: 2    S: 0123456789\n"
	    "C: 3    S: 0123456789\n");
	fd = dial("192.0.2.1");
	say(fd, "1\r\n");
	for (i = 0; i < 3; i++)
		assert_int_equal(port_write(fd, "2\r\n3\r\n4", 7,
		    port_now() + SECOND, &put), i < 2 ? RC_OK : RC_TIME);
	hear(fd, "0123456789\r\n", 1);
	assert_int_equal(port_write(fd, "5", 1, port_now(), &put), RC_OK);
	port_close(fd);
}

SIM_TEST(close_is_met_behind_the_last_octet)
{
	size_t put;
	int fd;

	sim_play("192.0.2.1:25", "S: 421 go    close");
	fd = dial("192.0.2.1");
	assert_int_equal(port_write(fd, "a", 1, MS_NEVER, &put), RC_OK);
	assert_int_equal(port_write(fd, "a", 1, MS_NEVER, &put), RC_GONE);
	assert_string_equal(port_error(), "Broken pipe");
	hear(fd, "421 go\r\n", 100);
	assert_int_equal(read_one(fd, SECOND), RC_GONE);
	port_close(fd);
}

SIM_TEST(reset_is_met_by_the_first_write)
{
	size_t put;
	int fd;

	sim_play("192.0.2.1:25", "S: 421 go    reset");
	fd = dial("192.0.2.1");
	assert_int_equal(port_write(fd, "a", 1, MS_NEVER, &put), RC_GONE);
	hear(fd, "421 go\r\n", 100);
	assert_int_equal(read_one(fd, SECOND), RC_GONE);
	assert_string_equal(port_error(), "Connection reset by peer");
	port_close(fd);
}

SIM_TEST(cut_counts_octets_of_either_side)
{
	int fd, i;

	for (i = 0; i < 2; i++)
		sim_play("192.0.2.1:25",
		    "S: 220 hi\nC: EHLO\nS: 250 a\nC: NOOP\nS: 250 b\n");
	sim_cut("192.0.2.1:25", 0, SIM_SENT, 13, SIM_CLOSE);
	sim_cut("192.0.2.1:25", 1, SIM_TAKEN, 8, SIM_RESET);
	fd = dial("192.0.2.1");
	say(fd, "EHLO\r\nNOOP\r\n");
	hear(fd, "220 hi\r\n250 a", 100);
	assert_int_equal(read_one(fd, SECOND), RC_GONE);
	port_close(fd);
	fd = dial("192.0.2.1");
	say(fd, "EHLO\r\nNOOP\r\n");
	hear(fd, "220 hi\r\n250 a\r\n", 100);
	assert_int_equal(read_one(fd, SECOND), RC_GONE);
	port_close(fd);
	assert_int_equal(sim_taken_bytes(0), 6);
	assert_int_equal(sim_taken_bytes(1), 8);
}

SIM_TEST(addresses_fail_as_they_were_told)
{
	struct port_addr a = at("192.0.2.7", 25), six = at("2001:db8::7", 25);
	struct ip from = a.ip;
	int fd;

	sim_play("192.0.2.7:25", "S: hi    close");
	sim_dial("192.0.2.7:25", SIM_REFUSED, 1);
	sim_dial("192.0.2.7:25", SIM_TIMEOUT, 1);
	sim_dial("192.0.2.7:25", SIM_NO_ROUTE, 1);
	sim_dial("192.0.2.7:25", SIM_BAD_FROM, 1);
	assert_int_equal(port_dial(&a, NULL, 0, MS_NEVER, &fd), RC_OS);
	assert_string_equal(port_error(), "Connection refused");
	assert_false(port_error_is_network());
	assert_int_equal(port_dial(&a, NULL, 0, port_now() + 30 * SECOND, &fd),
	    RC_TIME);
	assert_int_equal(port_now(), SIM_START + 30 * SECOND);
	assert_int_equal(port_dial(&a, NULL, 0, MS_NEVER, &fd), RC_OS);
	assert_true(port_error_is_network());
	assert_int_equal(port_dial(&a, &from, 0, MS_NEVER, &fd), RC_DENY);
	assert_int_equal(port_dial(&a, &from, 99, MS_NEVER, &fd), RC_OK);
	port_close(fd);
	assert_string_equal(sim_conn_from(0), "192.0.2.7");
	assert_int_equal(sim_conn_window(0), 99);
	assert_int_equal(port_dial(&six, NULL, 0, MS_NEVER, &fd), RC_OS);
	assert_string_equal(sim_dials(),
	    "192.0.2.7:25 refused\n192.0.2.7:25 timeout\n"
	    "192.0.2.7:25 no route\n192.0.2.7:25 bad from\n"
	    "192.0.2.7:25 ok\n[2001:db8::7]:25 refused\n");
}

static void
echo_line(struct sim_conn *c, struct span text, void *arg)
{
	sim_wait(c, *(ms_t *)arg);
	sim_say(c, "%.*s!", SPAN_ARG(text));
}

SIM_TEST(service_answers_lines_at_its_own_pace)
{
	static const struct sim_service echo = { .line = echo_line };
	ms_t pause = MINUTE;
	int fd;

	sim_serve("/run/echo.sock", &echo, &pause);
	assert_int_equal(port_dial_unix("/run/other.sock", MS_NEVER, &fd),
	    RC_OS);
	assert_true(port_error_is_missing());
	assert_int_equal(port_dial_unix("/run/echo.sock", MS_NEVER, &fd),
	    RC_OK);
	say(fd, "a\r\nb\r\n");
	hear(fd, "a!\r\n", 4);
	assert_int_equal(port_now(), SIM_START + MINUTE);
	hear(fd, "b!\r\n", 4);
	assert_int_equal(port_now(), SIM_START + 2 * MINUTE);
	port_close(fd);
}

SIM_TEST(the_call_that_was_chosen_fails)
{
	struct port_addr a = at("192.0.2.1", 25);
	uint64_t before = sim_fallible();
	int fd;

	sim_fail_at(before + 2);
	assert_non_null(port_memory(10));
	assert_null(sim_failed_call());
	assert_int_equal(port_dial(&a, NULL, 0, MS_NEVER, &fd), RC_OS);
	assert_string_equal(port_error(), "Input/output error");
	assert_string_equal(sim_failed_call(), "port_dial");
	assert_non_null(port_memory(10));
	sim_fail_from(before + 4);
	assert_null(port_memory(10));
	assert_null(port_memory(10));
}

SIM_TEST(files_are_what_the_test_made)
{
	struct port_stat st;
	struct span text;
	char room[8];
	struct buf b = BUF(room);
	size_t got;
	int fd;

	sim_file("/etc/x", "0123456789");
	sim_file_mode("/etc/x", 0, 0600);
	assert_int_equal(port_open("/etc/y", &fd), RC_NONE);
	assert_int_equal(port_open("/etc/x", &fd), RC_OK);
	assert_int_equal(port_stat_fd(fd, &st), RC_OK);
	assert_int_equal(st.size, 10);
	assert_int_equal(st.mode, 0600);
	assert_int_equal(port_pread(fd, room, 5, 7, &got), RC_OK);
	assert_int_equal(got, 3);
	assert_int_equal(port_pread(fd, room, 5, 10, &got), RC_OK);
	assert_int_equal(got, 0);
	port_close(fd);
	assert_int_equal(port_map("/etc/x", &text), RC_OK);
	assert_true(span_is(text, "0123456789"));
	assert_int_equal(port_slurp("/etc/x", &b), RC_FULL);
	sim_file_broken("/etc/x", 4);
	assert_int_equal(port_map("/etc/x", &text), RC_OS);
}

SIM_TEST(files_are_written_where_folders_allow)
{
	const char *data;
	size_t n;
	int fd;

	assert_int_equal(port_replace("/etc/x", SPAN("a"), 0600), RC_OS);
	sim_folder("/etc", false);
	assert_int_equal(port_replace("/etc/x", SPAN("a"), 0600), RC_OS);
	sim_folder("/etc", true);
	assert_int_equal(port_replace("/etc/x", SPAN("a"), 0600), RC_OK);
	assert_int_equal(port_replace("/etc/x", SPAN("bc"), 0644), RC_OK);
	assert_true(sim_file_read("/etc/x", &data, &n));
	assert_string_equal(data, "bc");
	assert_int_equal(port_link("x", "/etc/x"), RC_DENY);
	assert_int_equal(port_link("/etc/x", "/tmp/l"), RC_OK);
	assert_int_equal(port_temp(NULL, &fd), RC_OK);
	sim_disk_limit(4);
	assert_int_equal(port_append(fd, SPAN("12")), RC_OK);
	assert_int_equal(port_append(fd, SPAN("3")), RC_OS);
	port_close(fd);
}

SIM_TEST(standard_input_is_file_pipe_or_closed)
{
	char room[10];
	struct port_stat st;
	size_t got;

	sim_stdin("abc", 3);
	assert_int_equal(port_pread(PORT_STDIN, room, 10, 1, &got), RC_OK);
	assert_int_equal(got, 2);
	sim_stdin_pipe("abc", 3, 2, SECOND);
	assert_int_equal(port_stat_fd(PORT_STDIN, &st), RC_OK);
	assert_true(st.is_pipe);
	assert_int_equal(port_pread(PORT_STDIN, room, 10, 0, &got), RC_OS);
	assert_int_equal(port_read(PORT_STDIN, room, 10, MS_NEVER, &got),
	    RC_OK);
	assert_int_equal(got, 2);
	assert_int_equal(port_read(PORT_STDIN, room, 10, port_now(), &got),
	    RC_TIME);
	assert_int_equal(port_read(PORT_STDIN, room, 10, MS_NEVER, &got),
	    RC_OK);
	assert_int_equal(port_read(PORT_STDIN, room, 10, MS_NEVER, &got),
	    RC_GONE);
	sim_stdin_closed();
	assert_int_equal(port_stat_fd(PORT_STDIN, &st), RC_NONE);
}

static void
leave(void *arg)
{
	assert_int_equal(port_out(SPAN("out")), RC_OK);
	port_err(SPAN("err"));
	port_syslog(2, PORT_INFO, SPAN("tag"), SPAN("text"));
	if (arg != NULL)
		port_exit(*(int *)arg);
}

SIM_TEST(exit_comes_back_and_output_is_kept)
{
	int status = 75;

	assert_int_equal(sim_exit_of(leave, &status), 75);
	assert_string_equal(sim_out(), "out");
	assert_string_equal(sim_err(), "err");
	assert_string_equal(sim_syslog(), "tag: text\n");
	assert_int_equal(sim_exit_of(leave, NULL), -1);
	sim_out_limit(8);
	assert_int_equal(port_out(SPAN("out")), RC_OS);
	assert_string_equal(sim_out(), "outoutou");
}

/* One question by hand; the answer's flags, counts and length. */
static size_t
ask(const char *name, unsigned type, unsigned char *answer, size_t most)
{
	struct port_addr server = at("127.0.0.1", 53);
	struct sim_message *m = sim_dns_message();
	size_t got = 0;
	int fd;

	sim_dns_head(m, 77, 0x100, 1, 0, 0, 0);
	sim_dns_ask(m, name, type);
	assert_int_equal(port_udp(&server, &fd), RC_OK);
	assert_int_equal(port_udp_send(fd,
	    (struct span){ (char *)m->p, m->n }), RC_OK);
	if (port_udp_recv(fd, answer, most, port_now() + 5 * SECOND, &got) !=
	    RC_OK)
		got = 0;
	port_close(fd);
	return got;
}

SIM_TEST(zone_answers_in_wire_format)
{
	static const unsigned char whole[] =
	    "\0\115\201\200\0\1\0\2\0\0\0\0"
	    "\3www\7example\0\0\17\0\1"
	    "\300\14\0\5\0\1\0\0\1\54\0\7\4dest\300\20"
	    "\300\51\0\17\0\1\0\0\1\54\0\7\0\12\2mx\300\51";
	unsigned char answer[600];

	sim_zone("www.example CNAME dest.example\n"
	    "dest.example MX 10 mx.dest.example\n");
	assert_int_equal(ask("www.example", 15, answer, sizeof(answer)),
	    sizeof(whole) - 1);
	assert_memory_equal(answer, whole, sizeof(whole) - 1);
	assert_string_equal(sim_questions(),
	    "127.0.0.1:53 udp www.example MX\n");
}

SIM_TEST(zone_denies_fails_and_cuts)
{
	unsigned char a[600];

	sim_zone("dest.example A 192.0.2.1\nsick.example SERVFAIL\n"
	    "mute.example SILENT\nbig.example TRUNCATED\n"
	    "big.example A 192.0.2.2\nslow.example DELAY 3s\n"
	    "slow.example A 192.0.2.3\n");
	assert_true(ask("gone.example", 1, a, sizeof(a)) > 12);
	assert_int_equal(a[3], 0x83);
	assert_true(ask("dest.example", 15, a, sizeof(a)) > 12);
	assert_int_equal(a[3], 0x80);
	assert_int_equal(a[7], 0);
	assert_true(ask("sick.example", 1, a, sizeof(a)) > 12);
	assert_int_equal(a[3], 0x82);
	assert_true(ask("big.example", 1, a, sizeof(a)) > 12);
	assert_int_equal(a[2] & 2, 2);
	assert_int_equal(port_now(), SIM_START);
	assert_true(ask("slow.example", 1, a, sizeof(a)) > 12);
	assert_int_equal(port_now(), SIM_START + 3 * SECOND);
	assert_int_equal(ask("mute.example", 1, a, sizeof(a)), 0);
	assert_int_equal(port_now(), SIM_START + 8 * SECOND);
}

static void
spoil(struct sim_question *q, void *arg)
{
	(void)arg;
	sim_dns_send("forged", 6, 0);
	q->answer_n = 13;
	q->delay = SECOND;
}

SIM_TEST(hook_changes_answers_and_adds_forgeries)
{
	struct port_addr server = at("127.0.0.1", 53);
	struct sim_message *m = sim_dns_message();
	unsigned char answer[600];
	size_t got;
	int fd;

	sim_dns_hook(spoil, NULL);
	sim_dns_head(m, 77, 0x100, 1, 0, 0, 0);
	sim_dns_ask(m, "a.example", 1);
	assert_int_equal(port_udp(&server, &fd), RC_OK);
	assert_int_equal(port_udp_send(fd,
	    (struct span){ (char *)m->p, m->n }), RC_OK);
	assert_int_equal(port_udp_recv(fd, answer, 600, MS_NEVER, &got), RC_OK);
	assert_int_equal(got, 6);
	assert_int_equal(port_udp_recv(fd, answer, 600, MS_NEVER, &got), RC_OK);
	assert_int_equal(got, 13);
	assert_int_equal(port_now(), SIM_START + SECOND);
	port_close(fd);
}

SIM_TEST(zone_answers_over_tcp_with_a_length)
{
	struct port_addr server = at("127.0.0.1", 53);
	struct sim_message *m = sim_dns_message();
	unsigned char a[600];
	size_t got, put;
	int fd;

	sim_zone("a.example A 192.0.2.1");
	sim_dns_16(m, 27);
	sim_dns_head(m, 77, 0x100, 1, 0, 0, 0);
	sim_dns_ask(m, "a.example", 1);
	assert_int_equal(m->n, 29);
	assert_int_equal(port_dial(&server, NULL, 0, MS_NEVER, &fd), RC_OK);
	assert_int_equal(port_write(fd, m->p, m->n, MS_NEVER, &put), RC_OK);
	assert_int_equal(put, m->n);
	assert_int_equal(port_read(fd, a, sizeof(a), MS_NEVER, &got), RC_OK);
	assert_int_equal(got, 2 + 27 + 16);
	assert_int_equal(a[1], 27 + 16);
	port_close(fd);
}

SIM_TEST(dead_name_servers_are_silent_or_unreachable)
{
	unsigned char a[600];

	sim_name_server_state("127.0.0.1:53", SIM_NS_SILENT);
	assert_int_equal(ask("x.example", 1, a, sizeof(a)), 0);
	assert_int_equal(port_now(), SIM_START + 5 * SECOND);
	sim_name_server_state("127.0.0.1:53", SIM_NS_UNREACHABLE);
	assert_int_equal(ask("x.example", 1, a, sizeof(a)), 0);
	assert_int_equal(port_now(), SIM_START + 5 * SECOND);
}

SIM_TEST(services_come_from_the_file)
{
	uint16_t port = 0;

	assert_int_equal(port_service("smtp", &port), RC_NONE);
	sim_file("/etc/services",
	    "# x\ntime 37/udp\nsmtp\t25/tcp mail # y\nlmtp 24/tcp\n");
	assert_int_equal(port_service("mail", &port), RC_OK);
	assert_int_equal(port, 25);
	assert_int_equal(port_service("time", &port), RC_NONE);
}

/* ---- what has to fail a test, does -------------------------------------- */

static void
assert_failure(void (*f)(void *arg), const char *part)
{
	const char *text;

	sim_begin();
	text = sim_failure_of(f, NULL);
	if (text == NULL || strstr(text, part) == NULL)
		sim_fail("expected a failure with `%s', have: %s", part,
		    text != NULL ? text : "none");
}

static void
wait_for_ever(void *arg)
{
	(void)arg;
	sim_play("192.0.2.1:25", "C: x");
	assert_int_equal(read_one(dial("192.0.2.1"), MS_NEVER - SIM_START),
	    RC_OK);
}

static void
loop_for_ever(void *arg)
{
	(void)arg;
	sim_bound(0, 1000);
	for (;;)
		port_now();
}

static void
sleep_too_long(void *arg)
{
	(void)arg;
	sim_bound(DAY, 0);
	port_sleep(port_now() + 2 * DAY);
}

static void
read_after_close(void *arg)
{
	int fd;

	(void)arg;
	sim_play("192.0.2.1:25", "S: hi");
	fd = dial("192.0.2.1");
	port_close(fd);
	assert_int_equal(read_one(fd, 0), RC_OK);
}

static void
say_another_thing(void *arg)
{
	(void)arg;
	sim_play("192.0.2.1:25", "C: MAIL FROM:<*>");
	say(dial("192.0.2.1"), "MAIL FROM:<x> SIZE=3\r\n");
}

static void
end_a_line_with_lf(void *arg)
{
	(void)arg;
	sim_play("192.0.2.1:25", "C: QUIT");
	say(dial("192.0.2.1"), "QUIT\n");
}

static void
close_too_early(void *arg)
{
	(void)arg;
	sim_play("192.0.2.1:25", "S: hi    C: QUIT");
	port_close(dial("192.0.2.1"));
}

static void
leave_a_script_unfinished(void *arg)
{
	(void)arg;
	sim_play("192.0.2.1:25", "S: hi    C: QUIT");
	dial("192.0.2.1");
	sim_end();
}

static void
leave_a_session_unused(void *arg)
{
	(void)arg;
	sim_play("192.0.2.1:25", "S: hi");
	sim_end();
}

static void
dial_once_more(void *arg)
{
	(void)arg;
	sim_play("192.0.2.1:25", "S: hi");
	port_close(dial("192.0.2.1"));
	dial("192.0.2.1");
}

static void
speak_too_soon(void *arg)
{
	(void)arg;
	sim_play("192.0.2.1:25", "C: a    quiet    S: b");
	say(dial("192.0.2.1"), "a\r\nb\r\n");
}

static void
break_an_assertion(void *arg)
{
	ASSERT(arg != NULL);
}

static void
exit_unawaited(void *arg)
{
	(void)arg;
	port_exit(3);
}

SIM_TEST(faults_of_the_code_under_test_are_told)
{
	assert_failure(wait_for_ever, "for ever");
	assert_failure(loop_for_ever, "more than 1000 calls");
	assert_failure(sleep_too_long, "virtual time");
	assert_failure(read_after_close, "after it was closed");
	assert_failure(say_another_thing, "MAIL FROM:<x> SIZE=3");
	assert_failure(end_a_line_with_lf, "LF alone");
	assert_failure(close_too_early, "the client closed");
	assert_failure(leave_a_script_unfinished, "did not come to its end");
	assert_failure(leave_a_session_unused, "did not happen");
	assert_failure(dial_once_more, "not expected");
	assert_failure(speak_too_soon, "did not wait");
	assert_failure(break_an_assertion, "sim_world_test.c");
	assert_failure(exit_unawaited, "port_exit(3)");
	sim_begin();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(time_passes_only_while_something_waits),
		SIM_RUN(script_and_client_take_turns),
		SIM_RUN(silence_ends_at_the_deadline),
		SIM_RUN(dripped_octets_come_one_by_one),
		SIM_RUN(split_keeps_parts_apart),
		SIM_RUN(chop_makes_reads_and_writes_short),
		SIM_RUN(full_buffers_block_the_writer),
		SIM_RUN(close_is_met_behind_the_last_octet),
		SIM_RUN(reset_is_met_by_the_first_write),
		SIM_RUN(cut_counts_octets_of_either_side),
		SIM_RUN(addresses_fail_as_they_were_told),
		SIM_RUN(service_answers_lines_at_its_own_pace),
		SIM_RUN(the_call_that_was_chosen_fails),
		SIM_RUN(files_are_what_the_test_made),
		SIM_RUN(files_are_written_where_folders_allow),
		SIM_RUN(standard_input_is_file_pipe_or_closed),
		SIM_RUN(exit_comes_back_and_output_is_kept),
		SIM_RUN(zone_answers_in_wire_format),
		SIM_RUN(zone_denies_fails_and_cuts),
		SIM_RUN(hook_changes_answers_and_adds_forgeries),
		SIM_RUN(zone_answers_over_tcp_with_a_length),
		SIM_RUN(dead_name_servers_are_silent_or_unreachable),
		SIM_RUN(services_come_from_the_file),
		SIM_RUN(faults_of_the_code_under_test_are_told),
	};

	return sim_main(tests, COUNT(tests));
}
