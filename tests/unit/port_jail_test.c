/*
 * port_jail_test.c - behind the walls all that a worker needs works, and what
 * it does not need is gone.
 *
 * Each test runs in a process of its own, which tells on a pipe what was not as
 * it should be; what a kernel lacks is not asked for.
 */
#include <grp.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "port_test_int.h"

#include "../../port/port_int.h"

enum { WORKER = 5321 };

static char wrong_text[4096];
static struct buf wrong;
static char lacks_text[128];
static struct buf lacks;

#define CHECK(x) \
	do { \
		if (!(x)) \
			buf_fmt(&wrong, "%d: %s (%s)\n", __LINE__, #x, \
				port_error()); \
	} while (0)

static bool
has_wall(const char *name)
{
	return strstr(buf_text(&lacks), name) == NULL;
}

/* What `f` complains of, run in a process of its own. */
static void
run(void (*f)(void))
{
	char text[4096];
	size_t n = 0;
	ssize_t got;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		wrong = BUF(wrong_text);
		lacks = BUF(lacks_text);
		f();
		/* The sanitizer's own _exit() asks for more. */
		syscall(SYS_exit_group, write(ends[1], wrong.p, wrong.n) !=
			(ssize_t)wrong.n);
	}
	close(ends[1]);
	while ((got = read(ends[0], text + n, sizeof text - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_string_equal(text, "");
	assert_int_equal(status, 0);
}

static void
go_in(const char *writable, bool network)
{
	struct port_jail j = { .uid = WORKER, .writable = writable,
		.network = network };

	CHECK(port_jail(&j, &lacks) == RC_OK);
}

/* Of a namespace that knows the worker, if of any. */
static bool is_root;

/* In a folder that the worker may enter, and write to if it is his. */
static void
prepare(void)
{
	assert_int_equal(chmod(our_folder, 0755), 0);
	assert_int_equal(mkdir(in_folder("mine"), 0755), 0);
	is_root = geteuid() == 0 &&
		chown(in_folder("mine"), WORKER, WORKER) == 0;
	write_file(in_folder("mine/file"), "text\n");
	write_file(in_folder("other"), "other\n");
	if (is_root)
		assert_int_equal(chown(in_folder("other"), WORKER, WORKER), 0);
}

/* --- what works ---------------------------------------------------------- */

static void
use_files(void)
{
	static char text[4096];
	struct buf b = BUF(text);
	struct port_stat s;
	struct port_list l;
	struct span map;
	uint16_t port;
	size_t n;
	int fd;

	go_in(NULL, true);
	CHECK(port_open(in_folder("mine/file"), &fd) == RC_OK);
	CHECK(port_read(fd, text, 4, SOON, &n) == RC_OK && n == 4);
	CHECK(port_tell(fd) == 4);
	CHECK(port_pread(fd, text, 10, 1, &n) == RC_OK && n == 4);
	CHECK(port_stat_fd(fd, &s) == RC_OK && s.size == 5);
	port_close(fd);
	CHECK(port_stat_path("/etc", &s) == RC_OK && s.is_folder);
	CHECK(port_stat_path("/no/such", &s) == RC_NONE);
	CHECK(port_map(in_folder("mine/file"), &map) == RC_OK && map.n == 5 &&
		map.p[0] == 't');
	CHECK(port_slurp("/etc/passwd", &b) != RC_OS);
	CHECK(port_list_open(&l, our_folder) == RC_OK);
	buf_clear(&b);
	CHECK(port_list_next(&l, &b) == RC_OK);
	port_list_close(&l);
	CHECK(port_service("smtp", &port) == RC_OK && port == 25);
	CHECK(!port_folder_is_writable("/"));
	buf_clear(&b);
	CHECK(port_self(&b) == RC_OK);
}

static void
files_can_be_read(void **state)
{
	(void)state;
	run(use_files);
}

static void
keep_files(void)
{
	char text[8];
	size_t n;
	int fd;

	go_in(NULL, false);
	CHECK(port_temp(NULL, &fd) == RC_OK);
	CHECK(port_append(fd, SPAN("text")) == RC_OK);
	CHECK(port_write_at(fd, SPAN("x"), 1) == RC_OK);
	CHECK(port_pread(fd, text, sizeof text, 0, &n) == RC_OK && n == 4);
	CHECK(text[1] == 'x');
	port_close(fd);
	CHECK(port_temp(in_folder("mine"), &fd) == RC_OK);
	CHECK(port_append(fd, SPAN("text")) == RC_OK);
}

static void
temporary_files_stay_possible(void **state)
{
	(void)state;
	run(keep_files);
}

static void
write_files(void)
{
	struct port_draft d;

	umask(0);
	go_in(in_folder("mine"), false);
	CHECK(port_replace(in_folder("mine/file"), SPAN("new"), 0600) ==
		RC_OK);
	CHECK(port_replace(in_folder("mine/more"), SPAN("more"), 0600) ==
		RC_OK);
	CHECK(port_draft_open(in_folder("mine/draft"), &d) == RC_OK);
	CHECK(port_append(d.fd, SPAN("draft")) == RC_OK);
	CHECK(port_draft_publish(&d, in_folder("mine/draft"), 0600, -1) ==
		RC_OK);
	CHECK(port_remove(in_folder("mine/draft")) == RC_OK);
	if (has_wall("Landlock")) {
		CHECK(port_replace(in_folder("other"), SPAN("no"), 0600) ==
			RC_OS);
		CHECK(open(in_folder("other"), O_WRONLY) < 0 &&
			errno == EACCES);
		CHECK(open(in_folder("other"), O_RDONLY | O_TRUNC) < 0);
	}
	CHECK(open(in_folder("other"), O_RDONLY) >= 0);
}

static void
one_folder_stays_writable_and_no_other(void **state)
{
	(void)state;
	run(write_files);
	assert_content(in_folder("mine/file"), "new");
	assert_content(in_folder("mine/more"), "more");
	assert_content(in_folder("other"), "other\n");
}

static int tcp_fd;
static struct port_addr tcp_at;

static void
talk(void)
{
	struct port_addr at;
	struct ip here = { .family = IP_V4, .b = { 127, 0, 0, 1 } }, own[4];
	char text[16];
	struct sockaddr_in from;
	socklen_t n_from = sizeof from;
	int server = bound(SOCK_DGRAM, &at), fd;
	size_t n;

	go_in(NULL, true);
	CHECK(port_dial(&tcp_at, &here, 8192, SOON, &fd) == RC_OK);
	CHECK(port_write(fd, "hello", 5, SOON, &n) == RC_OK && n == 5);
	port_push(fd);
	CHECK(port_read(fd, text, sizeof text, SOON, &n) == RC_OK && n == 5);
	CHECK(port_read(fd, text, sizeof text, SOON, &n) == RC_GONE);
	port_close(fd);

	CHECK(port_udp(&at, &fd) == RC_OK);
	CHECK(port_udp_send(fd, SPAN("ask")) == RC_OK);
	CHECK(recvfrom(server, text, sizeof text, 0, (struct sockaddr *)&from,
		&n_from) == 3);
	CHECK(sendto(server, "tell", 4, 0, (struct sockaddr *)&from,
		n_from) == 4);
	CHECK(port_udp_recv(fd, text, sizeof text, SOON, &n) == RC_OK &&
		n == 4);
	port_close(fd);
	CHECK(port_has_family(IP_V4));
	CHECK(port_own_addresses(own, 4) > 0);
}

static void
the_network_can_be_used(void **state)
{
	pid_t child;
	char text[5];
	int fd;

	(void)state;
	tcp_fd = listening(1, &tcp_at);
	child = fork();
	if (child == 0) {
		fd = accept(tcp_fd, NULL, NULL);
		_exit(fd < 0 || read(fd, text, 5) != 5 ||
			write(fd, text, 5) != 5);
	}
	run(talk);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(tcp_fd);
}

static void
stay_off_the_network(void)
{
	struct port_addr at = tcp_at;
	int fd, listener;

	CHECK(port_listen(in_folder("socket"), 0666, &listener) == RC_OK);
	go_in(NULL, false);
	if (has_wall("seccomp")) {
		CHECK(port_dial(&at, NULL, 0, SOON, &fd) == RC_OS);
		CHECK(strcmp(port_error(), "Permission denied") == 0);
		CHECK(port_udp(&at, &fd) == RC_OS);
	}
	/* As the log's socket. */
	CHECK(port_call(in_folder("socket"), SOON, &fd) == RC_OK);
	CHECK(port_send(fd, SPAN("text"), -1, SOON) == RC_OK);
	port_syslog(2, PORT_DEBUG, SPAN("postern/test"), SPAN("behind walls"));
}

static void
without_the_network_there_are_local_sockets(void **state)
{
	(void)state;
	tcp_fd = listening(1, &tcp_at);
	run(stay_off_the_network);
	close(tcp_fd);
}

static void
go_on(void)
{
	char text[256];
	struct buf b = BUF(text);
	struct port_watch w = { .fd = -1 };
	int ends[2], passed;
	unsigned char *p;
	size_t n;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
		ends) == 0);
	go_in(NULL, true);
	CHECK(port_random(text, 32, SOON) == RC_OK);
	CHECK(port_now() > 0 && port_wall() > 1000000000);
	CHECK(port_zone(0) < 86400);
	port_sleep(port_now() + 2);
	CHECK(port_pid() > 1);
	port_hostname(&b);
	port_user(&b);
	port_user_full(&b);
	CHECK(geteuid() != 0 || (!has_wall("other users") && !is_root));
	p = port_memory(1000000);
	CHECK(p != NULL && p[999999] == 0);
	port_memory_forget(p, 1000000);
	CHECK(port_send(ends[0], SPAN("job"), 1, SOON) == RC_OK);
	w.fd = ends[1];
	CHECK(port_wait(&w, 1, SOON) == RC_OK && w.is_ready);
	CHECK(port_recv(ends[1], text, sizeof text, SOON, &n, &passed) ==
		RC_OK);
	CHECK(passed >= 0);
	port_close(passed);
	CHECK(port_wait(&w, 1, BRIEFLY) == RC_TIME);
	CHECK(port_out(SPAN("")) == RC_OK);
	port_err(SPAN(""));
}

static void
the_process_goes_on(void **state)
{
	(void)state;
	run(go_on);
}

/* --- what is gone -------------------------------------------------------- */

static int
never(void *arg, int fd)
{
	(void)arg;
	return fd;
}

/* By number, so that a libc doesn't go around it. */
static bool
is_unknown(long number)
{
	errno = 0;
	return syscall(number, -1, -1, -1, -1, -1, -1) == -1 &&
		errno == ENOSYS;
}

static void
try_calls(void)
{
	int fd;
	unsigned pid;

	go_in(NULL, true);
	if (!has_wall("seccomp"))
		return;
	CHECK(is_unknown(SYS_execve));
	CHECK(is_unknown(SYS_ptrace));
	CHECK(is_unknown(SYS_clone));
	CHECK(is_unknown(SYS_mount));
	CHECK(is_unknown(SYS_prctl));
	CHECK(is_unknown(SYS_mprotect));
	CHECK(is_unknown(SYS_fchmodat));
	CHECK(is_unknown(SYS_linkat));
	CHECK(is_unknown(SYS_unlinkat));
	CHECK(is_unknown(SYS_mkdirat));
	CHECK(is_unknown(SYS_kill));
	CHECK(is_unknown(SYS_accept4));
	CHECK(is_unknown(SYS_setsid));
	CHECK(is_unknown(SYS_setuid));
	CHECK(is_unknown(SYS_bpf));
	CHECK(is_unknown(SYS_io_uring_setup));
	CHECK(is_unknown(9999));
	CHECK(port_spawn(never, NULL, &pid, &fd) == RC_OS);
	CHECK(syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0) < 0 &&
		errno == EACCES);
	CHECK(syscall(SYS_ioctl, 0, TIOCSTI, "x") < 0 && errno == EACCES);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
		errno == EACCES);
}

static void
calls_out_of_the_way_are_not_there(void **state)
{
	(void)state;
	run(try_calls);
}

/* No test of Landlock: the filter alone keeps these away. */
static void
try_writing(void)
{
	struct port_jail j = { .network = true };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(port_filter_calls(&j));
	CHECK(open(in_folder("other"), O_WRONLY) < 0 && errno == EACCES);
	CHECK(open(in_folder("other"), O_RDWR) < 0 && errno == EACCES);
	CHECK(open(in_folder("other"), O_RDONLY | O_TRUNC) < 0 &&
		errno == EACCES);
	CHECK(open(in_folder("mine"), O_TMPFILE | O_RDWR, 0600) < 0 &&
		errno == EACCES);
	CHECK(open(in_folder("mine/new"), O_RDONLY | O_CREAT, 0600) < 0 &&
		errno == EACCES);
	CHECK(open(in_folder("other"), O_RDONLY) >= 0);
}

static void
without_a_writable_folder_none_is(void **state)
{
	(void)state;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 &&
	    errno == EINVAL)
		skip();
	run(try_writing);
	assert_content(in_folder("other"), "other\n");
}

static void
try_to_be_root(void)
{
	struct rlimit r;
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	setvbuf(f, NULL, _IONBF, 0);
	CHECK(setgroups(2, (const gid_t[]){ 0, 4 }) == 0);
	go_in(NULL, true);
	CHECK(getuid() == WORKER && geteuid() == WORKER);
	CHECK(setuid(0) != 0 && setgid(0) != 0 && setreuid(0, 0) != 0);
	while (fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "Cap", 3) == 0 && line[3] != 'B')
			CHECK(strtoull(line + 8, NULL, 16) == 0);
		if (strncmp(line, "NoNewPrivs:", 11) == 0)
			CHECK(atoi(line + 11) == 1);
		if (strncmp(line, "Uid:", 4) == 0)
			CHECK(strstr(line, "5321\t5321\t5321\t5321"));
		if (strncmp(line, "Gid:", 4) == 0)
			CHECK(strstr(line, "5321\t5321\t5321\t5321"));
		if (strncmp(line, "Groups:", 7) == 0)
			CHECK(strpbrk(line, "0123456789") == NULL);
	}
	CHECK(getrlimit(RLIMIT_NPROC, &r) != 0 || r.rlim_max == 0);
	CHECK(dup2(0, 64) < 0);
}

static void
root_is_given_up_for_good(void **state)
{
	(void)state;
	if (!is_root)
		skip();
	run(try_to_be_root);
}

static void
stay_root(void)
{
	struct port_jail j = { .uid = 0 };

	CHECK(port_jail(&j, &lacks) == RC_OS);
	CHECK(strcmp(port_error(), "Operation not permitted") == 0);
}

static void
nobody_becomes_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	run(stay_root);
}

#ifdef __x86_64__
static void
calls_of_another_architecture_end_the_process(void **state)
{
	struct port_jail j = { .uid = WORKER };
	char text[128];
	struct buf b = BUF(text);
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		long got = 20;		/* getpid, in 32 bits */

		if (port_jail(&j, &b) != RC_OK)
			_exit(1);
		signal(SIGSEGV, SIG_DFL);
		__asm__ volatile("int $0x80" : "+a"(got) : : "memory");
		syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_can_be_read),
		cmocka_unit_test(temporary_files_stay_possible),
		cmocka_unit_test(one_folder_stays_writable_and_no_other),
		cmocka_unit_test(the_network_can_be_used),
		cmocka_unit_test(without_the_network_there_are_local_sockets),
		cmocka_unit_test(the_process_goes_on),
		cmocka_unit_test(calls_out_of_the_way_are_not_there),
		cmocka_unit_test(without_a_writable_folder_none_is),
		cmocka_unit_test(root_is_given_up_for_good),
		cmocka_unit_test(nobody_becomes_root),
#ifdef __x86_64__
		cmocka_unit_test(
		    calls_of_another_architecture_end_the_process),
#endif
	};
	int rc = folder_make(NULL);

	if (rc == 0) {
		prepare();
		rc = cmocka_run_group_tests(tests, NULL, folder_remove);
	}
	return rc;
}
