/*
 * sim_proc_test.c - processes of the simulated world: turns, messages, events,
 * death.
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"

static ms_t
soon(void)
{
	return port_now() + MINUTE;
}

static void
send_text(int fd, const char *text)
{
	assert_int_equal(port_send(fd, span_of(text), -1, soon()), RC_OK);
}

/* The next message as text; `rc` is what port_recv() has to say. */
static const char *
recv_text(int fd, char *text, size_t room, enum rc rc)
{
	size_t got = 0;
	int passed;

	assert_int_equal(port_recv(fd, text, room - 1, soon(), &got, &passed),
	    rc);
	assert_int_equal(passed, -1);
	text[got] = '\0';
	return text;
}

/* ---- beginning, end ----------------------------------------------------- */

static int
sleep_and_tell(void *arg, int fd)
{
	assert_int_equal(fd, -1);
	port_sleep(port_now() + *(ms_t *)arg);
	if (port_out(SPAN("slept ")) != RC_OK)
		return 1;
	return 7;
}

SIM_TEST(time_passes_when_all_wait)
{
	ms_t hour = HOUR, minute = MINUTE;
	unsigned a = sim_process(sleep_and_tell, &hour);
	unsigned b = sim_process(sleep_and_tell, &minute);

	assert_int_equal(sim_status(a), SIM_RUNNING);
	assert_int_equal(sim_run(SIM_START + 2 * MINUTE), SIM_RAN_TIME);
	assert_int_equal(sim_status(a), SIM_RUNNING);
	assert_int_equal(sim_status(b), 7);
	assert_int_equal(sim_processes(), 1);
	assert_non_null(strstr(sim_ps(), "4712 1 sleep_and_tell: waits in "
	    "port_sleep for 3480000 ms more\n"));
	assert_int_equal(sim_run(MS_NEVER), SIM_RAN_IDLE);
	assert_int_equal(sim_status(a), 7);
	assert_int_equal(port_now(), SIM_START + HOUR);
	assert_string_equal(sim_out(), "slept slept ");
	assert_string_equal(sim_out_of(a), "slept ");
}

static int
exit_deep(void *arg, int fd)
{
	int file;

	assert_int_equal(port_create("/tmp/x", 0600, &file), RC_OK);
	assert_int_equal(sim_open_fds_of(port_pid()), fd == -1 ? 1 : 2);
	if (arg != NULL)
		port_exit(*(int *)arg);
	return 0;
}

SIM_TEST(exit_ends_the_process_alone)
{
	int status = 75;
	unsigned pid = sim_process(exit_deep, &status);

	assert_int_equal(sim_run_process(pid), 75);
	assert_int_equal(sim_open_fds_of(pid), 0);
	assert_int_equal(sim_processes(), 0);
}

static int
wait_for_ever(void *arg, int fd)
{
	char text[10];

	(void)arg;
	recv_text(fd, text, sizeof(text), RC_TIME);
	for (;;)
		port_sleep(MS_NEVER - 1);
}

SIM_TEST(a_child_is_reaped_or_ended_by_force)
{
	unsigned pid;
	int fd;

	assert_int_equal(port_spawn(exit_deep, NULL, &pid, &fd), RC_OK);
	assert_int_equal(sim_zombies(), 1);
	assert_int_equal(port_reap(pid, soon()), 0);
	assert_int_equal(sim_zombies(), 0);
	port_close(fd);
	assert_int_equal(port_spawn(wait_for_ever, NULL, &pid, &fd), RC_OK);
	assert_int_equal(port_reap(pid, port_now() + 10 * MINUTE), 256 + 9);
	assert_int_equal(port_now(), SIM_START + 10 * MINUTE);
	port_close(fd);
}

/* ---- messages ----------------------------------------------------------- */

static int
echo(void *arg, int fd)
{
	char text[100];
	size_t got;
	int passed;

	(void)arg;
	while (port_recv(fd, text, sizeof(text), MS_NEVER, &got, &passed) ==
	    RC_OK) {
		text[0]++;
		if (port_send(fd, (struct span){ text, got }, passed,
		    MS_NEVER) != RC_OK)
			return 1;
		port_close(passed);
	}
	return 0;
}

SIM_TEST(messages_stay_whole_and_in_order)
{
	char text[100];
	unsigned pid;
	size_t got;
	int fd, passed;

	assert_int_equal(port_spawn(echo, NULL, &pid, &fd), RC_OK);
	send_text(fd, "ab");
	send_text(fd, "bbb");
	send_text(fd, "cccc");
	assert_string_equal(recv_text(fd, text, 100, RC_OK), "bb");
	assert_string_equal(recv_text(fd, text, 100, RC_OK), "cbb");
	assert_int_equal(port_recv(fd, text, 3, soon(), &got, &passed),
	    RC_WIRE);
	assert_int_equal(port_recv(fd, text, 3, soon(), &got, &passed),
	    RC_TIME);
	port_close(fd);
	assert_int_equal(port_reap(pid, soon()), 0);
}

SIM_TEST(what_was_sent_ahead_of_the_end_is_received)
{
	char text[100];
	unsigned pid;
	int fd;

	assert_int_equal(port_spawn(echo, NULL, &pid, &fd), RC_OK);
	send_text(fd, "a");
	sim_run(port_now());
	sim_kill(pid);
	recv_text(fd, text, 100, RC_OK);
	recv_text(fd, text, 100, RC_GONE);
	assert_int_equal(port_send(fd, SPAN("x"), -1, soon()), RC_GONE);
	assert_int_equal(port_reap(pid, soon()), 256 + 9);
	port_close(fd);
}

SIM_TEST(a_full_socket_takes_no_more)
{
	unsigned pid;
	int fd, n = 0;

	sim_message_room(20);
	assert_int_equal(port_spawn(wait_for_ever, NULL, &pid, &fd), RC_OK);
	sim_run(port_now() + HOUR);		/* it does not read */
	assert_int_equal(port_send(fd, SPAN(""), -1, soon()), RC_OS);
	while (port_send(fd, SPAN("12345678"), -1, port_now() + SECOND) ==
	    RC_OK)
		n++;
	assert_int_equal(n, 3);
	assert_int_equal(port_now(), SIM_START + HOUR + SECOND);
	port_close(fd);
}

SIM_TEST(a_descriptor_goes_with_a_message_and_stays_open)
{
	char text[100];
	unsigned pid;
	size_t got;
	int fd, file, back;

	sim_file("/tmp/a", "content");
	assert_int_equal(port_spawn(echo, NULL, &pid, &fd), RC_OK);
	assert_int_equal(port_open("/tmp/a", &file), RC_OK);
	assert_int_equal(port_send(fd, SPAN("x"), file, soon()), RC_OK);
	port_close(file);
	sim_file_remove("/tmp/a");
	assert_int_equal(port_recv(fd, text, 100, soon(), &got, &back), RC_OK);
	assert_true(back != -1 && back != file);
	assert_int_equal(port_pread(back, text, 100, 0, &got), RC_OK);
	assert_memory_equal(text, "content", 7);
	assert_int_equal(sim_open_fds(), 2);
	assert_int_equal(sim_open_fds_of(pid), 1);
	port_close(back);
	port_close(fd);
	assert_int_equal(port_reap(pid, soon()), 0);
}

static int
hold_lock(void *arg, int fd)
{
	(void)arg;
	assert_true(fd != -1);
	port_sleep(port_now() + HOUR);
	return 0;
}

static int
lock_and_leave(void *arg, int fd)
{
	(void)arg;
	if (port_lock("/tmp/lock", &fd) != RC_OK)
		return 1;
	return port_detach(hold_lock, NULL, fd) == RC_OK ? 0 : 2;
}

SIM_TEST(a_lock_lives_as_long_as_the_last_who_has_it)
{
	int fd;

	assert_int_equal(sim_run_process(sim_process(lock_and_leave, NULL)),
	    0);
	assert_int_equal(port_lock("/tmp/lock", &fd), RC_DENY);
	port_sleep(SIM_START + HOUR + 1);
	assert_int_equal(port_lock("/tmp/lock", &fd), RC_OK);
	port_close(fd);
}

static int
speak_to_nobody(void *arg, int fd)
{
	char c;
	size_t got;

	assert_int_equal(fd, -1);
	assert_int_equal(port_out(SPAN("out")), RC_OS);
	port_err(SPAN("err"));
	assert_int_equal(port_read(PORT_STDIN, &c, 1, MS_NEVER, &got), RC_OS);
	*(bool *)arg = true;
	return 0;
}

SIM_TEST(who_is_detached_has_no_streams_and_no_parent)
{
	bool done = false;

	sim_stdin("input", 5);
	assert_int_equal(port_detach(speak_to_nobody, &done, -1), RC_OK);
	sim_run(MS_NEVER);
	assert_true(done);
	assert_string_equal(sim_out(), "");
	assert_string_equal(sim_err(), "");
	assert_int_equal(sim_zombies(), 0);
}

/* ---- sockets with a name, waiting, events ------------------------------- */

static int
call_in(void *arg, int fd)
{
	char text[20];

	assert_int_equal(fd, -1);
	switch (port_call("/tmp/s", soon(), &fd)) {
	case RC_OK:
		send_text(fd, arg);
		return recv_text(fd, text, 20, RC_OK)[0];
	case RC_NONE:
		return 1;
	default:
		return 2;
	}
}

SIM_TEST(callers_are_accepted_with_their_uid)
{
	struct port_watch w[2] = { { .fd = -1 }, { .fd = -1 } };
	unsigned pid, before = sim_process(call_in, "early");
	char text[20];
	uint32_t uid;
	int fd;

	assert_int_equal(sim_run_process(before), 1);
	assert_int_equal(port_listen("/tmp/s", 0666, &w[1].fd), RC_OK);
	assert_int_equal(port_accept(w[1].fd, &fd, &uid), RC_NONE);
	assert_int_equal(port_wait(w, 2, soon()), RC_TIME);
	sim_uid(1234);
	pid = sim_process(call_in, "hello");
	assert_int_equal(port_wait(w, 2, soon()), RC_OK);
	assert_false(w[0].is_ready);
	assert_true(w[1].is_ready);
	assert_int_equal(port_accept(w[1].fd, &fd, &uid), RC_OK);
	assert_int_equal(uid, 1234);
	assert_string_equal(recv_text(fd, text, 20, RC_OK), "hello");
	send_text(fd, "Z");
	assert_int_equal(sim_run_process(pid), 'Z');
	port_close(fd);
	assert_int_equal(port_sync_folder("/tmp"), RC_OK);
	sim_power_cut();
	assert_int_equal(sim_run_process(sim_process(call_in, "late")), 1);
	assert_true(sim_file_exists("/tmp/s"));
}

SIM_TEST(several_descriptors_are_waited_for)
{
	struct port_addr to = { .port = 25 };
	struct port_watch w[4];
	unsigned pid;

	assert_true(ip_parse(SPAN("192.0.2.1"), &to.ip));
	sim_play("192.0.2.1:25", "wait 5s    S: 220 hi");
	assert_int_equal(port_dial(&to, NULL, 0, soon(), &w[0].fd), RC_OK);
	assert_int_equal(port_signals(&w[1].fd), RC_OK);
	assert_int_equal(port_links(&w[2].fd), RC_OK);
	assert_int_equal(port_spawn(echo, NULL, &pid, &w[3].fd), RC_OK);
	assert_int_equal(port_wait(w, 4, port_now() + SECOND), RC_TIME);
	assert_int_equal(port_wait(w, 4, MS_NEVER), RC_OK);
	assert_int_equal(port_now(), SIM_START + 5 * SECOND);
	assert_true(w[0].is_ready && !w[1].is_ready && !w[2].is_ready &&
	    !w[3].is_ready);
	sim_signal(port_pid(), PORT_SIGNAL_RELOAD | PORT_SIGNAL_STOP);
	sim_link_changed();
	sim_kill(pid);
	assert_int_equal(port_wait(w, 4, port_now()), RC_OK);
	assert_true(w[1].is_ready && w[2].is_ready && w[3].is_ready);
	assert_int_equal(port_signal_next(w[1].fd),
	    PORT_SIGNAL_RELOAD | PORT_SIGNAL_STOP);
	assert_int_equal(port_signal_next(w[1].fd), 0);
	assert_false(port_link_came(w[2].fd));
	assert_int_equal(port_reap(pid, soon()), 256 + 9);
	port_close(w[0].fd);
}

static int
count_to_ten(void *arg, int fd)
{
	(void)fd;
	for (; *(int *)arg < 10; ++*(int *)arg)
		port_sleep(port_now());
	return 0;
}

SIM_TEST(a_run_ends_when_all_was_done_that_could_be)
{
	int a = 0, b = 0;

	sim_process(count_to_ten, &a);
	sim_process(count_to_ten, &b);
	assert_int_equal(sim_run(port_now()), SIM_RAN_TIME);
	assert_int_equal(a + b, 20);
	assert_int_equal(port_now(), SIM_START);
}

SIM_TEST(who_did_not_ask_for_signals_dies_of_them)
{
	ms_t hour = HOUR;
	unsigned a = sim_process(sleep_and_tell, &hour);

	sim_run(port_now());
	sim_signal(a, PORT_SIGNAL_STOP);
	assert_int_equal(sim_status(a), 256 + 15);
}

SIM_TEST(routes_come_and_go)
{
	struct port_addr to = { .port = 25 };
	int fd, links;

	assert_true(ip_parse(SPAN("192.0.2.1"), &to.ip));
	assert_true(port_has_route());
	assert_int_equal(port_links(&links), RC_OK);
	sim_route(false);
	assert_false(port_has_route());
	assert_true(port_readable(links));
	assert_false(port_link_came(links));
	assert_int_equal(port_dial(&to, NULL, 0, soon(), &fd), RC_OS);
	assert_true(port_error_is_network());
	assert_int_equal(port_udp(&to, &fd), RC_OS);
	sim_link_came();
	assert_true(port_has_route());
	assert_true(port_link_came(links));
	assert_false(port_link_came(links));
	port_close(links);
	sim_link_silent(true);
	assert_int_equal(port_links(&links), RC_OS);
}

SIM_TEST(accounts_have_names)
{
	char room[40];
	struct buf b = BUF(room);
	uint32_t uid = 1;

	sim_account("postern", 5321);
	assert_int_equal(port_account(SPAN("postern"), &uid), RC_OK);
	assert_int_equal(uid, 5321);
	assert_int_equal(port_account(SPAN("77"), &uid), RC_OK);
	assert_int_equal(uid, 77);
	assert_int_equal(port_account(SPAN("gone"), &uid), RC_NONE);
	assert_int_equal(port_login(5321, &b), RC_OK);
	assert_int_equal(port_login(SIM_UID, &b), RC_OK);
	assert_int_equal(port_login(0, &b), RC_OK);
	assert_int_equal(port_login(78, &b), RC_NONE);
	assert_string_equal(buf_text(&b), "posternuserroot78");
}

/* ---- memory ------------------------------------------------------------- */

static int
take_memory(void *arg, int fd)
{
	(void)fd;
	memset(port_memory(*(size_t *)arg), 1, *(size_t *)arg);
	port_sleep(port_now() + SECOND);
	return sim_memory_of(port_pid()) == *(size_t *)arg ? 0 : 1;
}

SIM_TEST(memory_is_each_process_s_own)
{
	size_t small = 100, big = 5000;
	unsigned a = sim_process(take_memory, &small);
	unsigned b = sim_process(take_memory, &big);

	sim_memory_limit(5000);
	assert_int_equal(sim_run_process(a), 0);
	assert_int_equal(sim_run_process(b), 0);
	assert_int_equal(sim_memory_most(), 5000);
	assert_int_equal(sim_memory_used(), 0);
}

struct told {
	char *heap;
	const char *stack;
};

static int
read_of_parent(void *arg, int fd)
{
	const struct told *t = arg;

	(void)fd;
	port_sleep(port_now() + HOUR);		/* the parent is gone */
	return strcmp(t->heap, "heap") == 0 && strcmp(t->stack, "stack") == 0 ?
	    port_exit(33), 0 : 0;
}

static int
tell_child(void *arg, int fd)
{
	struct told *t = port_memory(sizeof(*t));
	char text[] = "stack";

	(void)fd;
	t->heap = port_memory(5);
	t->stack = text;
	strcpy(t->heap, "heap");
	*(unsigned *)arg = port_pid() + 1;
	return port_detach(read_of_parent, t, -1) == RC_OK ? 0 : 1;
}

SIM_TEST(what_a_parent_left_is_there_for_its_child)
{
	unsigned child = 0;

	assert_int_equal(sim_run_process(sim_process(tell_child, &child)), 0);
	sim_run(MS_NEVER);
	assert_int_equal(sim_status(child), 33);
}

/* ---- turns -------------------------------------------------------------- */

static struct sim_order {
	char text[64];
	size_t n;
} order;

static int
write_turns(void *arg, int fd)
{
	int i;

	(void)fd;
	for (i = 0; i < 4; i++) {
		order.text[order.n++] = *(const char *)arg;
		port_now();
	}
	return 0;
}

static const char *
turns(unsigned nth, unsigned hop)
{
	sim_begin_nth(nth);
	memset(&order, 0, sizeof(order));
	sim_hop(hop);
	sim_process(write_turns, "a");
	sim_process(write_turns, "b");
	sim_run(MS_NEVER);
	return order.text;
}

SIM_TEST(turns_are_random_and_repeatable)
{
	char first[64], kinds[200][64];
	unsigned i, k, n = 0;

	for (i = 0; i < 200; i++) {
		strcpy(first, turns(i, 1));
		assert_string_equal(turns(i, 1), first);
		for (k = 0; k < n && strcmp(kinds[k], first) != 0; k++)
			continue;
		if (k == n)
			strcpy(kinds[n++], first);
	}
	assert_true(n > 50);		/* of 70 */
	for (i = 0; i < 50; i++) {
		turns(i, 0);
		assert_true(strcmp(order.text, "aaaabbbb") == 0 ||
		    strcmp(order.text, "bbbbaaaa") == 0);
	}
}

/* ---- death -------------------------------------------------------------- */

static int
write_file(void *arg, int fd)
{
	int file;

	(void)arg;
	(void)fd;
	if (port_lock("/tmp/lock", &fd) != RC_OK)	/* call 1 */
		return 1;
	if (port_create("/tmp/a", 0600, &file) != RC_OK)
		return 1;
	if (port_append(file, SPAN("0123456789")) != RC_OK)
		return 1;
	return 0;
}

static uint64_t
run_killed(unsigned nth, uint64_t at)
{
	unsigned pid;

	sim_begin_nth(nth);
	sim_kill_at(at);
	pid = sim_process(write_file, NULL);
	assert_int_equal(sim_run_process(pid), at == 0 ? 0 : 256 + 9);
	return sim_process_calls();
}

SIM_TEST(death_comes_ahead_of_the_chosen_call)
{
	int fd;

	assert_int_equal(run_killed(0, 0), 3);
	assert_null(sim_died_at());
	run_killed(0, 1);
	assert_false(sim_file_exists("/tmp/lock"));
	run_killed(0, 2);
	assert_string_equal(sim_died_at(), "4712 write_file: port_create");
	assert_false(sim_file_exists("/tmp/a"));
	assert_int_equal(port_lock("/tmp/lock", &fd), RC_OK);
	port_close(fd);
}

SIM_TEST(who_dies_may_have_written_half_of_it)
{
	unsigned seen = 0, i;
	const char *data;
	size_t n;

	for (i = 0; i < 200; i++) {
		run_killed(i, 3);
		assert_true(sim_file_read("/tmp/a", &data, &n));
		assert_memory_equal(data, "0123456789", n);
		seen |= 1u << n;
	}
	assert_int_equal(seen, 0x7ff);
}

static int
say_hello(void *arg, int fd)
{
	struct port_addr to = { .port = 25 };
	size_t put;

	(void)arg;
	if (!ip_parse(SPAN("192.0.2.1"), &to.ip) ||
	    port_dial(&to, NULL, 0, MS_NEVER, &fd) != RC_OK)
		return 1;
	return port_write(fd, "EHLO here\r\n", 11, MS_NEVER, &put) == RC_OK ?
	    0 : 1;
}

SIM_TEST(peers_see_the_end_of_who_dies)
{
	sim_play("192.0.2.1:25", "loose    C: EHLO*");
	sim_kill_at(2);
	assert_int_equal(sim_run_process(sim_process(say_hello, NULL)),
	    256 + 9);
	assert_true(sim_conn_closed(0));
	assert_true(sim_sent_bytes(0) < 12);
}

/* ---- what has to fail a test, does -------------------------------------- */

static void
assert_failure(void (*f)(void *arg), void *arg, const char *part)
{
	const char *text;

	sim_begin();
	text = sim_failure_of(f, arg);
	if (text == NULL || strstr(text, part) == NULL)
		sim_fail("expected a failure with `%s', have: %s", part,
		    text != NULL ? text : "none");
}

static int
break_an_assertion(void *arg, int fd)
{
	char frame[3000];

	(void)fd;
	memset(frame, 0, sizeof(frame));
	port_sleep(port_now() + SECOND);
	ASSERT(arg != NULL && frame[77] == 1);
	return 0;
}

static int
wait_endlessly(void *arg, int fd)
{
	struct port_watch w = { .fd = -1 };

	(void)arg;
	(void)fd;
	return (int)port_wait(&w, 1, MS_NEVER);
}

static int
use_a_descriptor_of_the_test(void *arg, int fd)
{
	char c;
	size_t got;

	(void)fd;
	return (int)port_pread(*(int *)arg, &c, 1, 0, &got);
}

static int
spawn_in_jail(void *arg, int fd)
{
	const struct port_jail j = { .uid = 5321 };
	unsigned pid;

	(void)arg;
	if (port_jail(&j, NULL) != RC_OK)
		return 1;
	return (int)port_spawn(echo, NULL, &pid, &fd);
}

static int
write_in_jail(void *arg, int fd)
{
	const struct port_jail j = { .uid = 5321, .writable = "/tmp" };

	if (port_jail(&j, NULL) != RC_OK)
		return 1;
	return (int)port_create(arg, 0600, &fd);
}

static void
run_write_in_jail(void *arg)
{
	sim_folder("/etc", true);
	if (sim_run_process(sim_process(write_in_jail, arg)) == 0)
		return;
	sim_fail("it could not");
}

static void
run_one(void *arg)
{
	sim_run_process(sim_process((port_entry *)(uintptr_t)arg, NULL));
}

static void
run_with_a_file(void *arg)
{
	int fd;

	(void)arg;
	sim_file("/tmp/a", "");
	assert_int_equal(port_open("/tmp/a", &fd), RC_OK);
	sim_run_process(sim_process(use_a_descriptor_of_the_test, &fd));
}

static void
reap_twice(void *arg)
{
	unsigned pid;
	int fd;

	(void)arg;
	assert_int_equal(port_spawn(exit_deep, NULL, &pid, &fd), RC_OK);
	port_reap(pid, soon());
	port_reap(pid, soon());
}

SIM_TEST(faults_of_processes_are_told)
{
	char away[] = "/etc/x", allowed[] = "/tmp/x";

	assert_failure(run_one, (void *)(uintptr_t)break_an_assertion,
	    "sim_proc_test.c");
	assert_failure(run_one, (void *)(uintptr_t)wait_endlessly, "for ever");
	assert_failure(run_with_a_file, NULL, "belongs to another process");
	assert_failure(run_one, (void *)(uintptr_t)spawn_in_jail,
	    "port_spawn() in a jail");
	assert_failure(run_write_in_jail, away, "/etc/x) in a jail");
	assert_failure(reap_twice, NULL, "was reaped before");
	sim_begin();
	run_write_in_jail(allowed);
	sim_begin();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(time_passes_when_all_wait),
		SIM_RUN(exit_ends_the_process_alone),
		SIM_RUN(a_child_is_reaped_or_ended_by_force),
		SIM_RUN(messages_stay_whole_and_in_order),
		SIM_RUN(what_was_sent_ahead_of_the_end_is_received),
		SIM_RUN(a_full_socket_takes_no_more),
		SIM_RUN(a_descriptor_goes_with_a_message_and_stays_open),
		SIM_RUN(a_lock_lives_as_long_as_the_last_who_has_it),
		SIM_RUN(who_is_detached_has_no_streams_and_no_parent),
		SIM_RUN(callers_are_accepted_with_their_uid),
		SIM_RUN(several_descriptors_are_waited_for),
		SIM_RUN(a_run_ends_when_all_was_done_that_could_be),
		SIM_RUN(who_did_not_ask_for_signals_dies_of_them),
		SIM_RUN(routes_come_and_go),
		SIM_RUN(accounts_have_names),
		SIM_RUN(memory_is_each_process_s_own),
		SIM_RUN(what_a_parent_left_is_there_for_its_child),
		SIM_RUN(turns_are_random_and_repeatable),
		SIM_RUN(death_comes_ahead_of_the_chosen_call),
		SIM_RUN(who_dies_may_have_written_half_of_it),
		SIM_RUN(peers_see_the_end_of_who_dies),
		SIM_RUN(faults_of_processes_are_told),
	};

	return sim_main(tests, COUNT(tests));
}
