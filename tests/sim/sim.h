/*
 * sim.h - the calls of port.h over a world that exists only in memory: a clock
 * that jumps, peers that follow a script, name servers that lie, files that
 * fail.  Tests link tests/sim in place of port/.  Hosted code: libc, cmocka.
 *
 * A test:
 *
 *	SIM_TEST(greeting_is_awaited)
 *	{
 *		sim_zone("dest.example MX 10 mx.dest.example");
 *		sim_zone("mx.dest.example A 192.0.2.1");
 *		sim_play("192.0.2.1:25",
 *		    "wait 10s\n"
 *		    "S: 220 hi\n"
 *		    "C: EHLO here.example    S: 250 hi\n");
 *		... call the code under test ...
 *		assert_string_equal(sim_sent(0), "EHLO here.example\r\n...");
 *	}
 *
 *	int main(void)
 *	{
 *		const struct CMUnitTest tests[] = {
 *			SIM_RUN(greeting_is_awaited),
 *		};
 *		return sim_main(tests, COUNT(tests));
 *	}
 *
 * Every test starts in a fresh world and ends with sim_end(), which fails it
 * if a script was not followed to its end.  What goes wrong in the world
 * itself (a wait that nothing can end, a bound of time or calls met, a
 * descriptor used after it was closed, an ASSERT of the code under test) fails
 * the running test with a message.  A failed test prints its seed, the
 * dialogues and the log; SIM_SEED=n in the environment replays it.
 *
 * Strings given to these calls are copied.  Strings returned live until the
 * end of the test.
 */
#ifndef POSTERN_SIM_H
#define POSTERN_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base.h"
#include "port.h"

/* ---- tests -------------------------------------------------------------- */

#define SIM_TEST(name) \
	static void name##_body(void); \
	static void name(void **state) \
	{ \
		(void)state; \
		name##_body(); \
		sim_end(); \
	} \
	static void name##_body(void)
#define SIM_RUN(name) \
	cmocka_unit_test_setup_teardown(name, sim_setup, sim_teardown)

#define sim_main(tests, n)	sim_main_((tests), (n), __FILE__)
int sim_main_(const struct CMUnitTest *tests, size_t n, const char *file);
int sim_setup(void **state);
int sim_teardown(void **state);

/*
 * sim_begin - a fresh world; the present one goes, with all memory it gave.
 * For tests that loop over many worlds; SIM_TEST has made the first one.  Knows
 * no hosts and no files.  Use the present seed for repeatable loops.
 */
void sim_begin(void);
/*
 * sim_begin_nth - the same with the seed that is `nth` behind the first one:
 * for loops over many seeds.  SIM_SEED=n lets nth 0 be the one to be replayed.
 */
void sim_begin_nth(unsigned nth);
/* Checks of the end of a world; see the head of this file.  May be repeated. */
void sim_end(void);
/* A line of the test's own for the report of a failure, such as `cut at 17`. */
void sim_note(const char *fmt, ...) PRINTF(1, 2);
/* Fails the running test, with the state of the world. */
_Noreturn void sim_fail(const char *fmt, ...) PRINTF(1, 2);

/* Calls f(arg): what sim_fail() would have said, or NULL.  Tests of the
   simulator itself want this. */
const char *sim_failure_of(void (*f)(void *arg), void *arg);

uint64_t sim_seed(void);		/* of the present world */
/* The world's own random source, for the test's decisions: 0 to below - 1. */
unsigned sim_random(unsigned below);

/* ---- clock and bounds --------------------------------------------------- */

/*
 * port_now() starts at SIM_START, port_wall() at SIM_WALL; both move only
 * while something waits.  sim_advance() lets time pass, with what happens in
 * it; sim_wall_jump() moves the wall clock alone.
 */
#define SIM_START	((ms_t)5000000)
#define SIM_WALL	((int64_t)1767225600)	/* 2026-01-01 00:00:00 UTC */
#define SIM_BUILT	((int64_t)1764547200)	/* 2025-12-01: port_built() */
void sim_advance(ms_t by);
void sim_wall_jump(int64_t by_s);
void sim_zone_offset(int seconds);		/* port_zone(); 0 */

/*
 * A world may last `time` and see `calls` of the port; beyond, the test fails.
 * At the beginning: 60 days, 20 million calls.  0 leaves one as it is.
 */
void sim_bound(ms_t time, uint64_t calls);

/* ---- failure injection -------------------------------------------------- */

/*
 * Each call of the port that can fail has a number, from 1 in a fresh world.
 * sim_fail_at(n) lets call n fail with RC_OS (port_memory: NULL) and no effect;
 * sim_fail_from(n) call n and all later ones.  sim_fallible() is the count so
 * far: run once without, then once for each number.
 */
void sim_fail_at(uint64_t n);
void sim_fail_from(uint64_t n);
uint64_t sim_fallible(void);
/* Name of the call that was made to fail, such as `port_read`; NULL: none. */
const char *sim_failed_call(void);
/* All calls of port.h so far, port_now() and the like included. */
uint64_t sim_calls(void);
/* Memory that port_memory() gives each process; SIZE_MAX at the beginning. */
void sim_memory_limit(size_t bytes);
size_t sim_memory_used(void);			/* by the test */

/*
 * sim_exit_of - calls f(arg), with port_exit() bringing it back here.
 * Returns the exit status, or -1 if f returned.
 */
int sim_exit_of(void (*f)(void *arg), void *arg);

/* ---- machine ------------------------------------------------------------ */

void sim_hostname(const char *name);		/* here.example */
void sim_user(const char *login, const char *full);	/* user, A User */
#define SIM_UID		1000	/* port_uid(), and of new files */
void sim_env(const char *name, const char *value);	/* value NULL: unset */
void sim_own_address(const char *ip);		/* added; none at first */
void sim_family(int family, bool there);	/* both are there */
void sim_random_delay(ms_t by);			/* the kernel's pool fills */

/* What came out, each as one string. */
const char *sim_out(void);			/* standard output */
const char *sim_err(void);			/* standard error */
const char *sim_syslog(void);			/* `tag: text\n` each */
/* port_out() fails after so many octets in all; the fitting part is written. */
void sim_out_limit(size_t bytes);

/* ---- files -------------------------------------------------------------- */

/*
 * Files have no descriptors of the system, and only the folders that were made
 * here ("/" and "/tmp" at first) can be written to.  Names are compared as they
 * are: give absolute ones, without `.`, `..` or double slashes.  What a test
 * places, changes or removes with these calls is on the disk at once and
 * survives a power cut.
 */
void sim_file(const char *path, const char *text);
void sim_file_bytes(const char *path, const void *data, size_t n);
void sim_file_mode(const char *path, uint32_t uid, uint32_t mode);
void sim_file_mtime(const char *path, int64_t mtime_s);
void sim_file_remove(const char *path);
void sim_folder(const char *path, bool writable);
/* Reading fails (RC_OS) at and behind this octet. */
void sim_file_broken(const char *path, int64_t at);
/* What is in it now; *data NULL and false: no such file.  Link: its target. */
bool sim_file_read(const char *path, const char **data, size_t *n);
/* No space for more than so many octets, in temporary files, too; what is
   removed, and not open any more, makes room. */
void sim_disk_limit(int64_t bytes);
/* So many octets are free from now on: port_space() says so. */
void sim_disk_free(int64_t bytes);
/* What port_space() tells of its size; as if there were no bound at first. */
void sim_disk_size(int64_t bytes);

/* Other things with a name: a symbolic link, a FIFO, a second name of a file
   (port_stat's links count them). */
void sim_symlink(const char *path, const char *target);
void sim_fifo(const char *path);
void sim_hard_link(const char *path, const char *of);

/* Looking, without a call of the port.  sim_file_stat: false: there is none;
   a symbolic link is what it is. */
bool sim_file_stat(const char *path, struct port_stat *out);
bool sim_file_exists(const char *path);
/* Names in a folder, sorted, a line each; how many there are. */
const char *sim_ls(const char *folder);
unsigned sim_count(const char *folder);
/* Whole trees for reports: a line each, `path size mode uid mtime`. */
const char *sim_ls_all(const char *folder);

/*
 * sim_uid - who the process is, and those that the test starts from now on;
 * SIM_UID at the beginning, when permission bits mean nothing but that a file
 * of mode 0 can't be read.  From the first call on they count: of files, and of
 * the folder that a name is in (search, write, the sticky bit), not of those
 * above it.  There are no groups: who isn't the owner is one of the others.
 * Owner and bits of a folder: sim_file_mode().
 */
void sim_uid(uint32_t uid);

/* The folder, and all that is in it, is kept in memory: port_space() says so,
   and a power cut leaves it empty. */
void sim_volatile(const char *folder);

/* Calls of port_sync() and port_sync_folder() that did it, and octets written
   to files; port_replace() and port_draft_publish() sync twice. */
uint64_t sim_syncs(void);
uint64_t sim_written(void);

/* Standard input: at first an empty file. */
void sim_stdin(const void *data, size_t n);		/* a regular file */
/* A pipe that gives at most `chunk` octets a read, `pace` apart. */
void sim_stdin_pipe(const void *data, size_t n, size_t chunk, ms_t pace);
void sim_stdin_closed(void);

/* ---- processes ---------------------------------------------------------- */

/*
 * The test itself is a process, the first one (SIM_PID).  Others are
 * started by it, as a user would do it (sim_process), or by the code under test
 * (port_spawn, port_detach).  They take turns: whoever waits lets others go on,
 * and so does now and then any call but the test's (sim_hop); who is next is
 * random, by the seed.  Time passes when all wait.  Each has its own
 * descriptors, uid, error and memory; peers, name servers and the disk are
 * there for all.
 *
 * They live in one memory, where real ones have a copy each.  So `arg` and what
 * it points to must stay as it is while a child reads it.  What helps: a child
 * goes first, and nobody else until it waits; the memory of a process, and its
 * stack, stay until its children are gone, too; nothing but `arg` should be
 * needed anyway (port.h).
 *
 * An ASSERT in any of them fails the test, and so does what goes wrong with
 * their descriptors, children or jails.
 */
#define SIM_PID	4711
#define sim_process(entry, arg)	sim_process_(#entry, (entry), (arg))
/* Pid of a new one, with the present sim_uid() and sim_stdin(); its fd is -1.
   It begins when the test waits. */
unsigned sim_process_(const char *name, port_entry *entry, const void *arg);

/*
 * sim_run - lets the world go on until that time of port_now(), and with all
 * that can happen then; MS_NEVER: as long as anything will happen.
 * sim_run_process: until this one has ended; returns sim_status().  Any call of
 * the port that waits lets the world go on, too.
 */
enum sim_ran {
	SIM_RAN_TIME,		/* it is `until` now */
	SIM_RAN_IDLE,		/* nothing will ever happen by itself */
	SIM_RAN_POWER		/* sim_power_at() came */
};
enum sim_ran sim_run(ms_t until);
int sim_run_process(unsigned pid);

/* What it returned, or gave to port_exit(); 256 and a signal's number. */
#define SIM_RUNNING	(-1)
#define SIM_POWERLESS	512	/* the power was cut */
int sim_status(unsigned pid);
/* Processes that have not ended, without the test; ended ones that their
   living parent has not reaped. */
unsigned sim_processes(void);
unsigned sim_zombies(void);
/* A line for each that is alive: pid, parent, name, what it waits for. */
const char *sim_ps(void);
/* Its standard output and error, with those of its children. */
const char *sim_out_of(unsigned pid);
const char *sim_err_of(unsigned pid);
/* Octets of port_memory(): of one; the most of any one but the test. */
size_t sim_memory_of(unsigned pid);
size_t sim_memory_most(void);
unsigned sim_open_fds_of(unsigned pid);

/* PORT_SIGNAL_ bits; who did not ask for them (port_signals) dies of one. */
void sim_signal(unsigned pid, unsigned bits);
void sim_kill(unsigned pid);			/* SIGKILL */
/* About every so many calls another one may go on; 8 at first, 1: after each
   call, 0: only when they wait. */
void sim_hop(unsigned calls);
/* Octets of messages that fit in a socket between processes; 65536. */
void sim_message_room(size_t bytes);
bool sim_is_jailed(unsigned pid);

/*
 * sim_kill_at(n) - the process that makes call number n dies there, ahead of
 * its effect; of what it was about to write, any part may have been written.
 * sim_power_at(n) cuts the power there, and sim_run() returns.  Counted are the
 * calls of all processes but the test: run once without, look at
 * sim_process_calls(), then once for each number.  0: not at all.
 */
void sim_kill_at(uint64_t n);
void sim_power_at(uint64_t n);
uint64_t sim_process_calls(void);
/* `4712 name: port_sync`, of whom sim_kill_at() or sim_power_at() met; NULL. */
const char *sim_died_at(void);

/*
 * sim_power_cut - all processes are gone, with their connections, and so are
 * the test's own descriptors.  The monotonic clock starts again at SIM_START;
 * the wall clock goes on (unless the test lets it jump).  On the disk is:
 *
 *	what a file held at its last port_sync().  Of the later writes all,
 *	none, the first so many octets, or any sectors of 512 octets, each as
 *	of any moment; where a sector was not written, a file may have zeros
 *	time, owner and mode of then, or of now
 *	the names as of the last port_sync_folder() of their folder, or,
 *	where it may not be read, the last port_sync() of a file in it.  Each
 *	later creation, removal and rename may have been done or not, whatever
 *	became of those before it; a rename in one folder as a whole; one
 *	between folders may leave both names, never none
 */
void sim_power_cut(void);

/* ---- the machine's network, accounts ------------------------------------ */

/* A default route; there is one at first.  Without it addresses other than
   the machine itself are out of reach. */
void sim_route(bool there);
/* A route or a global address appears: an event for port_links(); and an event
   that means nothing. */
void sim_link_came(void);
void sim_link_changed(void);
void sim_link_silent(bool silent);		/* port_links() fails */
/* Besides root, nobody, and `user` who is SIM_UID. */
void sim_account(const char *name, uint32_t uid);

/* ---- peers: scripts ----------------------------------------------------- */

/*
 * Addresses are text: "192.0.2.1:25", "[2001:db8::1]:25", "/run/lmtp.sock".
 * Where nothing was placed, connections are refused.
 *
 * sim_play - places one session at an address; another call adds the session
 * that follows it.  When all sessions of an address were used, the next
 * connection fails the test ("not expected").
 *
 * A script is lines of text, obeyed one after the other.  Blank lines and
 * lines that begin with # are skipped.  Several steps on one line are divided
 * by two or more blanks (so `S: a  b` needs `S: a \x20b`).  TEXT knows \r \n \t
 * \0 \\ \xHH.
 *
 *	S: TEXT         send TEXT CR LF
 *	raw: TEXT       send TEXT as it is
 *	C: TEXT         take one line (ended by CR LF); it must be TEXT, where *
 *	                in TEXT stands for anything (\* for itself)
 *	body            take lines up to and with the lone dot
 *	eof             take the client's close; anything else fails the test
 *	rest            take whatever comes, up to the close
 *	quiet           nothing may be waiting to be taken here
 *	wait TIME       do nothing for TIME (10s, 5m, 200ms, 1h; plain: seconds)
 *	drip TIME       from here on octets go out one by one, TIME apart
 *	                (0: all at once)
 *	sip TIME        from here on octets are taken one by one, TIME apart
 *	split           what follows arrives apart from what was sent so far
 *	close           end the connection in order (the session is over)
 *	reset           end it by force
 *	hole            neither send nor take nor close, ever (session over)
 *	window IN OUT   octets that fit in the buffer from, to the client
 *	hello WORDS     stands for `S: 220 mx.example ESMTP`, `C: EHLO *`,
 *	                `S: 250-mx.example`, `S: 250-WORD`..., `S: 250 WORD`
 *	lhlo WORDS      the same with LHLO
 *
 *	tls WORDS       take the client's TLS handshake; what follows is inside
 *	tls-end         say goodbye (close_notify), and leave it open
 *	tls-damage      the next record's last octet is another
 *	tls-again       ask for another handshake; the client must refuse
 *	clear: TEXT     octets as they are, past TLS
 *
 * WORDS of tls, all of which may be left out:
 *	rsa             with a key of RSA, 2048 bits, instead of P-256
 *	names=A,B       names in the certificate; else mx.example,
 *	                mx.dest.example, and mx1, mx2 there
 *	expired         it was good until 2001
 *	self            signed by itself (P-256 only), not by sim_tls_ca()
 *	1.0 1.1 1.2     this version alone
 *	suite=C02B      this cipher suite alone, by its number
 *	keep            sessions can be resumed, at any server of the world
 *	ask             asks for a certificate, and does without
 *	fails           the handshake may fail
 *
 * A session whose client closes early, or whose steps are not all done at
 * sim_end(), fails the test; a script's end without close, reset or hole is
 * `eof`.  After a step `loose` this session is not held to any of it.
 */
void sim_play(const char *where, const char *script);

/* What happens to the next `times` connections to an address, ahead of any
   session placed there; times 0: to all of them. */
enum sim_dial {
	SIM_REFUSED,		/* Connection refused */
	SIM_TIMEOUT,		/* no answer: RC_TIME at the deadline */
	SIM_NO_ROUTE,		/* No route to host; port_error_is_network() */
	SIM_NET_DOWN,		/* Network is unreachable; the same */
	SIM_BAD_FROM		/* RC_DENY, the source address is not ours */
};
void sim_dial(const char *where, enum sim_dial what, unsigned times);
/* Connecting takes so long. */
void sim_dial_delay(const char *where, ms_t by);

/* ---- peers: C ----------------------------------------------------------- */

struct sim_conn;

/*
 * struct sim_service - a server written as call-backs, for any number of
 * connections.  All may be NULL but one of line and data.
 *
 * open   a client is connected.
 * line   a line was taken; text without its CR LF (bare CR and LF stay in it).
 * data   octets were taken (instead of line): returns how many were used.
 * close  the client closed, or the connection was cut.
 */
struct sim_service {
	void (*open)(struct sim_conn *c, void *arg);
	void (*line)(struct sim_conn *c, struct span text, void *arg);
	size_t (*data)(struct sim_conn *c, struct span bytes, void *arg);
	void (*close)(struct sim_conn *c, void *arg);
};
void sim_serve(const char *where, const struct sim_service *svc, void *arg);

/* For use inside the call-backs; the same as the steps of scripts. */
void sim_say(struct sim_conn *c, const char *fmt, ...) PRINTF(2, 3); /*+CRLF*/
void sim_put(struct sim_conn *c, const void *data, size_t n);
void sim_wait(struct sim_conn *c, ms_t by);
void sim_drip(struct sim_conn *c, ms_t each);
void sim_sip(struct sim_conn *c, ms_t each);
void sim_split(struct sim_conn *c);
void sim_window(struct sim_conn *c, size_t in, size_t out);
void sim_close(struct sim_conn *c);
void sim_reset(struct sim_conn *c);
void sim_hole(struct sim_conn *c);
/* From the next octet on; lines are then those inside, and so is sim_put(). */
void sim_tls(struct sim_conn *c, const char *words);
/* A word of the service's own for this connection; NULL at first. */
void **sim_own(struct sim_conn *c);
unsigned sim_conn_number(const struct sim_conn *c);	/* as sim_sent() */

/* The CA's certificate as PEM; the DER of a server's (WORDS as for tls). */
const char *sim_tls_ca(void);
const char *sim_tls_leaf(const char *words, size_t *n);

/*
 * sim_tls_edit - what TLS servers send passes by here, and may be changed; `at`
 * is its place in the connection's stream.
 */
void sim_tls_edit(void (*edit)(unsigned char *p, size_t n, size_t at,
	void *arg), void *arg);

/* ---- accidents ---------------------------------------------------------- */

enum sim_side {
	SIM_SENT,		/* count what the server sent */
	SIM_TAKEN		/* count what the server took from the client */
};
enum sim_end {
	SIM_CLOSE,		/* end of stream behind the last octet */
	SIM_RESET,		/* reset behind the last octet */
	SIM_HOLE		/* silence, both ways */
};
/*
 * sim_cut - connection number `session` (from 0) to an address ends after
 * exactly `bytes` octets of one direction.  What the server said in answer to
 * what it took still reaches the client.  A session that was cut is not held
 * to its script.
 */
void sim_cut(const char *where, unsigned session, enum sim_side side,
	uint64_t bytes, enum sim_end how);

/*
 * sim_chop - the port reads and writes at most `most` octets of a stream at
 * once; 0: as many as there are; SIM_ANY: a random number each time.
 */
#define SIM_ANY		SIZE_MAX
void sim_chop(size_t most);

/* ---- what the connections saw ------------------------------------------- */

/* Connections that were made, in the order of dialling; numbers from 0. */
unsigned sim_conns(void);
const char *sim_conn_where(unsigned number);
/* Octets that the client wrote, and that the server sent; NUL-terminated. */
const char *sim_sent(unsigned number);
size_t sim_sent_bytes(unsigned number);
/* What the client said inside TLS. */
const char *sim_inside(unsigned number);
const char *sim_heard(unsigned number);
size_t sim_heard_bytes(unsigned number);
/* How many octets of the server the client has read. */
size_t sim_heard_read(unsigned number);
/* Octets of the client that the server took. */
size_t sim_taken_bytes(unsigned number);
/* When the client wrote this octet; in which port_write() call, from 0. */
ms_t sim_sent_at(unsigned number, size_t offset);
unsigned sim_sent_write(unsigned number, size_t offset);
bool sim_conn_closed(unsigned number);		/* by the client */
const char *sim_conn_from(unsigned number);	/* `from` as text, or "" */
int sim_conn_window(unsigned number);		/* as port_dial() was told */
/* Dial attempts in order: "192.0.2.1:25 refused\n192.0.2.2:25 ok\n"... */
const char *sim_dials(void);
/* Descriptors of the test that are open now, standard input not counted. */
unsigned sim_open_fds(void);

/* ---- name servers ------------------------------------------------------- */

/*
 * sim_zone - adds records, a line each: NAME TYPE VALUE.
 *
 *	dest.example MX 10 mx.dest.example      nullmx.example MX 0 .
 *	mx.dest.example A 192.0.2.1             mx.dest.example AAAA 2001:db8::1
 *	www.example CNAME real.example          _25._tcp.mx TLSA 3 1 1 00ff...
 *	t.example TXT some text                 _smtp._tcp.x SRV 1 2 25 mx.x
 *	x.example TYPE99 00ff00ff               (any number, data in hex)
 *	x.example TLSA \# 0301                  (so can any type; or no data)
 *	empty.example NODATA                    (it exists, without records)
 *	gone.example NXDOMAIN                   (as any name not mentioned)
 *	sick.example SERVFAIL | REFUSED | NOTIMP | FORMERR | SILENT
 *	big.example TRUNCATED                   (TC set over UDP; TCP is fine)
 *	slow.example DELAY 3s                   old.example NOEDNS
 *
 * The last two rows hold besides records: DELAY for each answer, NOEDNS lets
 * questions with an OPT record fail with FORMERR.  A fault word may be followed
 * by a type: `half.example SERVFAIL AAAA`.  A further word *secure* at the end
 * of a record (`dest.example MX 10 mx secure`) sets AD when all records of the
 * answer have it and the question had DO or AD; behind NODATA and NXDOMAIN it
 * sets AD in the denial (`gone.example NXDOMAIN secure`).  "." owns the root's
 * records.  Names are compared without
 * case, answered in the case of the zone; aliases are followed in one answer.
 */
void sim_zone(const char *lines);
/* Where servers listen, UDP and TCP; at first "127.0.0.1:53" alone. */
void sim_name_server(const char *where);
/* All, or one, stop answering (TCP is refused, UDP lost; unreachable). */
enum sim_ns { SIM_NS_FINE, SIM_NS_SILENT, SIM_NS_UNREACHABLE };
void sim_name_server_state(const char *where, enum sim_ns state);

#define SIM_DNS_MAX	66000
/*
 * struct sim_question - a question as it came in, and the answer that will go
 * out unless the hook changes it.
 */
struct sim_question {
	const char *server;	/* "127.0.0.1:53" */
	bool tcp;
	unsigned number;	/* from 0, in the order of arrival */
	uint16_t id, type;
	char name[256];		/* as asked, no final dot */
	bool rd, ad, cd, edns, dnssec_ok;
	uint16_t udp_bytes;	/* EDNS0; 512 without */
	const unsigned char *bytes;	/* the question's message */
	size_t n;
	/* The answer, without the length prefix of TCP. */
	unsigned char answer[SIM_DNS_MAX];
	size_t answer_n;
	ms_t delay;
	bool drop;		/* no answer */
	int tcp_length;		/* -1: true; else what the prefix says */
	size_t tcp_cut;		/* close after so many octets; SIZE_MAX */
};
/*
 * sim_dns_hook - called for each question; may change the answer.  Extra
 * datagrams for the asking socket (forgeries, duplicates) with sim_dns_send(),
 * which arrive after `delay`, in order; delay 0 is ahead of the answer.
 */
void sim_dns_hook(void (*hook)(struct sim_question *q, void *arg), void *arg);
void sim_dns_send(const void *data, size_t n, ms_t delay);

/*
 * A small encoder of its own, for answers that no zone can express.  All add
 * to m, at most SIM_DNS_MAX octets.
 */
struct sim_message {
	unsigned char p[SIM_DNS_MAX];
	size_t n;
};
struct sim_message *sim_dns_message(void);	/* too big for the stack */
void sim_dns_head(struct sim_message *m, uint16_t id, uint16_t flags,
	unsigned questions, unsigned answers, unsigned authority,
	unsigned additional);
void sim_dns_name(struct sim_message *m, const char *name);
void sim_dns_ask(struct sim_message *m, const char *name, unsigned type);
/* Owner, type, class 1, ttl 300; data in place. */
void sim_dns_record(struct sim_message *m, const char *owner, unsigned type,
	const void *data, size_t n);
void sim_dns_16(struct sim_message *m, unsigned value);
void sim_dns_use(struct sim_question *q, const struct sim_message *m);

/* Questions so far, a line each: "127.0.0.1:53 udp dest.example MX\n". */
const char *sim_questions(void);
unsigned sim_question_count(void);

#endif
