/*
 * sim_int.h - what the files of tests/sim share.  There is one world at a
 * time, `sim`; all its memory comes from sim_alloc() and goes with it.
 */
#ifndef POSTERN_SIM_INT_H
#define POSTERN_SIM_INT_H

#include "sim.h"

/* Text that grows; old copies live until the world ends. */
struct sim_text {
	char *p;		/* NUL-terminated when not NULL */
	size_t n;
	size_t cap;
};

void *sim_alloc(size_t n);	/* zeroed; exact, so that ASan sees overruns */
void sim_free(void *p);		/* ahead of the world's end; NULL is fine */
char *sim_copy(const char *text);
void sim_text_put(struct sim_text *t, const void *data, size_t n);
void sim_text_puts(struct sim_text *t, const char *text);
void sim_text_fmt(struct sim_text *t, const char *fmt, ...) PRINTF(2, 3);
void sim_text_vfmt(struct sim_text *t, const char *fmt, va_list ap)
	PRINTF(2, 0);
const char *sim_text_get(const struct sim_text *t);

struct sim_env {
	struct sim_env *next;
	char *name, *value;
};

struct sim_world {
	/* clock and bounds */
	ms_t now;
	ms_t wall_shift;
	int zone_s;
	ms_t time_max;
	uint64_t calls, calls_max;
	/* failures */
	uint64_t fallible, fail_at, fail_from;
	const char *failed_call;
	int error;			/* errno of port_error(); 0: end */
	/* processes */
	struct sim_proc *me;		/* who makes the calls now */
	struct sim_proc *test;
	struct sim_proc *live;		/* all but those that ended */
	struct sim_proc **procs;	/* by pid */
	unsigned procs_n, live_n;
	unsigned hop, hop_in;
	uint64_t proc_calls, kill_at, power_at;
	const char *died_at;
	const char *failing;		/* sim_fail(), not by the test */
	bool power_due, may_idle, run_over;
	enum sim_ran ran;
	size_t memory_most, message_room;
	struct sim_links *links;
	bool no_route, no_links;
	/* machine */
	uint64_t seed, random;
	ms_t random_ready;
	ms_t random_delay;
	size_t memory_max;
	char *hostname, *login, *full;
	struct sim_env *env;
	struct sim_account *accounts;
	uint32_t uid;			/* of who is started next */
	bool modes_count;
	bool ended;			/* sim_end() was content */
	struct sim_text notes;
	jmp_buf *fail_to;
	const char *failure;
	/* streams of the process */
	struct sim_text out, err, syslog;
	size_t out_max;
	/* chapters */
	struct sim_disk *disk;
	struct sim_net *net;
	struct sim_dns *dns;
	void *tls_sessions;
	void (*tls_edit)(unsigned char *p, size_t n, size_t at, void *arg);
	void *tls_edit_arg;
	struct sim_stdin *in;		/* of who is started next */
	struct sim_fd **fd;		/* all there ever were */
	unsigned fds;
};
extern struct sim_world sim;

/* Standard streams; a child has its parent's. */
struct sim_streams {
	struct sim_text out, err;
	bool closed;
};

/* A process; the test itself is one. */
enum sim_state { SIM_GOES, SIM_WAITS, SIM_HAS_ENDED };
struct sim_proc {
	struct sim_proc *next, **back;	/* of those alive */
	struct sim_proc *parent;	/* who may reap it; NULL: nobody */
	unsigned pid;
	const char *name;
	enum sim_state state;
	int status;
	bool reaped;
	bool is_fresh;			/* has not waited yet */
	unsigned in_world;		/* inside a peer's call-back */
	/* what it waits for, as sim_wait_for() was told */
	bool (*ready)(void *arg);
	ms_t (*wait_next)(void *arg);
	void *wait_arg;
	ms_t until;
	const char *call;		/* the last one of the port */
	/* its own */
	int error;
	struct sim_fd *fds;		/* that are open */
	struct sim_stdin *in;
	struct sim_streams *streams;
	uint32_t uid;
	unsigned signals;		/* PORT_SIGNAL_ bits that came */
	bool takes_signals, is_jailed, jail_network;
	char *jail_writable;
	jmp_buf *exit_to;
	int exit_status;
	size_t memory;
	struct sim_own *own;		/* memory, stack */
	port_entry *entry;
	void *arg;
	int fd;
};
void sim_proc_begin(void);
void sim_proc_forget(void);		/* the world ends */
struct sim_proc *sim_proc_start(const char *name, port_entry *entry,
	void *arg, struct sim_own *parent);
void sim_proc_switch(struct sim_proc *p);	/* it goes on */
void sim_only_the_test(const char *call);
void sim_proc_end(struct sim_proc *p, int status);
_Noreturn void sim_proc_leave(int status);	/* it itself */
void *sim_proc_alloc(size_t n);		/* as long as the process's memory */
struct sim_proc *sim_proc_get(unsigned pid);
/* With the means that sim_fail() and cmocka leave a stack by: to the test's. */
void sim_proc_home(void);
/* The test goes on, and sees to what is due; not its own process. */
_Noreturn void sim_proc_to_test(void);
/* Lets another go on, now and then. */
void sim_proc_hop(void);
/* Every call comes by: death, if it is due. */
void sim_proc_call(void);
/* The call that comes now is the last one: what it writes may be half done. */
bool sim_proc_dies_next(void);
_Noreturn void sim_proc_fail(const char *text);
/* A jailed process does this: the test fails, unless path is writable. */
void sim_jail_check(const char *call, const char *path);
void sim_jail_check_network(const char *call);
void sim_accounts_begin(void);
ms_t sim_wall_ms(void);
uint32_t sim_uid_now(void);

/* Every call of the port starts with one of these. */
#define sim_call()	sim_call_in(__func__)
void sim_call_in(const char *name);
/* true: this call is the one to fail, and the error is set. */
bool sim_call_fails(const char *name);
/* RC_OS with this errno. */
enum rc sim_os(int error);

/*
 * Wait until ready(arg), as the world goes on; next(arg) is when it may become
 * so without the world's doing (MS_NEVER: unknown).  false: the time is over.
 */
void sim_set_clock(ms_t to);
bool sim_wait_for(bool (*ready)(void *arg), ms_t (*next)(void *arg), void *arg,
	ms_t until);
void sim_let(ms_t until);		/* pass the time, with what happens */

/*
 * Descriptors (sim_fd.c); numbers are never used twice.  An open file goes, and
 * `end` is called, when the last descriptor for it is closed.
 */
enum sim_fd_kind {
	SIM_FD_FILE, SIM_FD_CONN, SIM_FD_UDP, SIM_FD_LIST,
	SIM_FD_MESSAGES, SIM_FD_CALLERS, SIM_FD_SIGNALS, SIM_FD_LINKS
};
struct sim_open;
struct sim_fd_ops {
	enum sim_fd_kind kind;
	void (*end)(struct sim_open *o);
	/* Can it be read; and when, if the world does nothing (or NULL)? */
	bool (*ready)(void *p);
	ms_t (*next)(void *p);
};
struct sim_open {
	const struct sim_fd_ops *ops;
	unsigned refs;
	void *p;
	bool can_write, can_append;	/* files */
};
struct sim_open *sim_open_new(const struct sim_fd_ops *ops, void *p);
int sim_fd_new(const struct sim_fd_ops *ops, void *p);
/* One more for a process. */
int sim_fd_add(struct sim_proc *p, struct sim_open *o);
void sim_open_hold(struct sim_open *o);
void sim_open_drop(struct sim_open *o);
/* Fails the test when it is none, closed, or of another kind. */
struct sim_open *sim_fd_get(int number);
void *sim_fd_of(int number, enum sim_fd_kind kind);
void sim_fd_close_all(struct sim_proc *p);
/* They are closed, and what was behind them stays in memory. */
void sim_fd_abandon_all(struct sim_proc *p);
/* Both ends of a socket for messages (sim_ipc.c). */
void sim_message_pair(struct sim_open **out);

/* sim_file.c */
void sim_disk_begin(void);
void sim_disk_power_cut(void);

/* A log's lines: at once, with no thought of what is durable. */
void sim_file_append(const char *path, struct span data);

/* sim_stdin.c */
void sim_stdin_begin(void);
enum rc sim_stdin_get_some(void *out, size_t n, ms_t until, size_t *got);
/* What it is a file of; NULL: a pipe, or closed (errno in error). */
struct node *sim_stdin_node(void);
int64_t sim_stdin_tell(void);
void sim_stdin_power_cut(void);
struct sim_stdin *sim_stdin_none(void);
/* For port_wait(). */
bool sim_stdin_is_ready(void *in);
ms_t sim_stdin_next(void *in);

/* sim_net.c */
void sim_net_begin(void);
void sim_net_settle(void);		/* let every peer do what it can now */
ms_t sim_net_next(void);		/* when the next one has something */
void sim_net_finish(void);		/* scripts done? */
void sim_net_power_cut(void);
void sim_net_report(struct sim_text *t);
/* `where` in the one form that names are kept in. */
char *sim_where(const char *text);
char *sim_where_of(const struct port_addr *a);
/* Dial fault for this address, or -1; uses one up. */
int sim_dial_fault(const char *where);
void sim_dial_fine(const char *where);
bool sim_has_family(int family);
/* There is no route to this address. */
bool sim_is_cut_off(const struct ip *ip);
/* A short form of octets for reports. */
void sim_show(struct sim_text *t, const char *p, size_t n, size_t most);

/* sim_script.c */
struct sim_script;
struct sim_script *sim_script_parse(const char *text);
/* One step further; false: cannot go on now. */
bool sim_script_step(struct sim_conn *c, const struct sim_script *s,
	size_t *at);
bool sim_script_done(const struct sim_script *s, size_t at);
int sim_script_line(const struct sim_script *s, size_t at);

/* What scripts want from a connection (sim_net.c). */
bool sim_conn_line(struct sim_conn *c, struct span *line);
bool sim_conn_eof(const struct sim_conn *c);	/* and all was taken */
size_t sim_conn_waiting(struct sim_conn *c);
void sim_conn_skip(struct sim_conn *c);		/* take all there is */
/* A handshake; false: it goes on.  Then what is inside. */
bool sim_conn_tls(struct sim_conn *c, const char *words, int line);
struct sim_tls *sim_conn_inside(struct sim_conn *c, int line);
void sim_conn_loose(struct sim_conn *c);
bool sim_conn_is_loose(const struct sim_conn *c);
_Noreturn void sim_conn_fail(const struct sim_conn *c, int line,
	const char *fmt, ...) PRINTF(3, 4);

/* sim_dns.c */
void sim_dns_begin(void);
ms_t sim_udp_next(void);

#endif
