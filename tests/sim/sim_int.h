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
	struct sim_proc *me;		/* who makes the calls now */
	/* machine */
	uint64_t seed, random;
	ms_t random_ready;
	size_t memory, memory_max, heap_room;
	char *hostname, *login, *full;
	struct sim_env *env;
	uint32_t uid;			/* of who is started next */
	bool modes_count;
	bool ended;			/* sim_end() was content */
	struct sim_text notes;
	jmp_buf *exit_to;
	int exit_status;
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

/* A process; the test itself is one. */
struct sim_proc {
	struct sim_fd *fds;		/* that are open */
	struct sim_stdin *in;
	uint32_t uid;
};
ms_t sim_wall_ms(void);
uint32_t sim_uid_now(void);

/* Every call of the port starts with one of these. */
void sim_call(void);
/* true: this call is the one to fail, and the error is set. */
bool sim_call_fails(const char *name);
/* RC_OS with this errno. */
enum rc sim_os(int error);

/*
 * Wait until ready(arg), as the world goes on; next(arg) is when it may become
 * so without the world's doing (MS_NEVER: unknown).  false: the time is over.
 */
bool sim_wait_for(bool (*ready)(void *arg), ms_t (*next)(void *arg), void *arg,
	ms_t until);
void sim_let(ms_t until);		/* pass the time, with what happens */

/*
 * Descriptors (sim_fd.c); numbers are never used twice.  An open file goes, and
 * `end` is called, when the last descriptor for it is closed.
 */
enum sim_fd_kind { SIM_FD_FILE, SIM_FD_CONN, SIM_FD_UDP, SIM_FD_LIST };
struct sim_open {
	enum sim_fd_kind kind;
	unsigned refs;
	void *p;
	void (*end)(struct sim_open *o);
	bool can_write, can_append;	/* files */
};
int sim_fd_new(enum sim_fd_kind kind, void *p,
	void (*end)(struct sim_open *o));
int sim_fd_add(struct sim_open *o);	/* one more for the present process */
void sim_open_hold(struct sim_open *o);
void sim_open_drop(struct sim_open *o);
/* Fails the test when it is none, closed, or of another kind. */
struct sim_open *sim_fd_get(int number);
void *sim_fd_of(int number, enum sim_fd_kind kind);
void sim_fd_close_all(struct sim_proc *p);

/* sim_file.c */
void sim_disk_begin(void);

/* sim_stdin.c */
void sim_stdin_begin(void);
enum rc sim_stdin_get_some(void *out, size_t n, ms_t until, size_t *got);
/* What it is a file of; NULL: a pipe, or closed (errno in error). */
struct node *sim_stdin_node(void);
int64_t sim_stdin_tell(void);

/* sim_net.c */
void sim_net_begin(void);
void sim_net_settle(void);		/* let every peer do what it can now */
ms_t sim_net_next(void);		/* when the next one has something */
void sim_net_finish(void);		/* scripts done? */
void sim_net_report(struct sim_text *t);
/* `where` in the one form that names are kept in. */
char *sim_where(const char *text);
char *sim_where_of(const struct port_addr *a);
/* Dial fault for this address, or -1; uses one up. */
int sim_dial_fault(const char *where);
void sim_dial_fine(const char *where);
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
