/*
 * port.h - all we ask of the system.  Nothing above port/ makes a system call,
 * uses the heap or looks at a clock but through these calls; tests/sim defines
 * the same ones over a virtual world.
 *
 * Deadlines (`until`) are absolute times of port_now(); MS_NEVER waits for
 * ever.  A call that returns RC_OS keeps the reason for port_error(), and so do
 * the calls of the network for RC_GONE, RC_TIME and RC_DENY.
 * Descriptors are plain ints of the port's own making; -1 is none.
 */
#ifndef POSTERN_PORT_H
#define POSTERN_PORT_H

#include "base.h"

/*
 * port_start - once, before all else.  A peer that is away, or a file beyond
 * its limit, becomes a result instead of a signal, and standard streams that
 * were closed are occupied, so that nothing of ours is taken for one
 * (port_stat_fd(PORT_STDIN) tells).  Neither this process nor its children will
 * leave a core: it would hold keys, passwords and other people's mail.
 */
void port_start(void);

/* ---- clock, entropy, process -------------------------------------------- */

ms_t port_now(void);			/* monotonic */
int64_t port_wall(void);		/* seconds since 1970, UTC; may jump */
ms_t port_wall_ms(void);		/* the same in milliseconds */
/*
 * When this program's sources were last changed, s since 1970: a clock that
 * stands before it is wrong.
 */
int64_t port_built(void);
/*
 * What local time (TZ, /etc/localtime) is ahead of UTC at that time, s; less
 * than a day or so, and 0 if there is no sense in what they say.
 */
int port_zone(int64_t unix_s);
void port_sleep(ms_t until);

/*
 * port_random - n octets that nobody can guess.
 * RC_TIME: the kernel's pool was not ready by `until`.
 */
MUST_USE enum rc port_random(void *out, size_t n, ms_t until);

/* Random enough for an order of hosts or a DNS id; never fails. */
uint32_t port_random_u32(void);

/* Absolute path of the running program.  RC_OS: nobody tells. */
MUST_USE enum rc port_self(struct buf *out);
/* The folder that names without a slash in front are below.  RC_OS. */
MUST_USE enum rc port_here(struct buf *out);

unsigned port_pid(void);
/* NULL: not set.  Lives as long as the process. */
const char *port_getenv(const char *name);
/* The machine's own name (may lack a dot); empty when it has none. */
void port_hostname(struct buf *out);
/*
 * Login name of the calling user (real uid); where /etc/passwd does not know
 * him, `root` or digits.
 */
void port_user(struct buf *out);
/* Whose files are ours: the effective uid. */
uint32_t port_uid(void);
/* The full name of the calling user (up to the first comma), or empty. */
void port_user_full(struct buf *out);
_Noreturn void port_exit(int status);

/*
 * port_error - why the last call of this process failed, in the words that
 * mail logs use ("Connection refused"), whatever the libc says.  RC_TIME is
 * "Connection timed out", the end of a stream "Connection closed".  To be read
 * before the next call.
 */
const char *port_error(void);
/* Kinds that decide something above the port. */
bool port_error_is_missing(void);	/* no such file */
bool port_error_is_end(void);	/* RC_GONE in good order, and no reset */
/*
 * No route, link down, no address.  One host behind a router that says so
 * looks the same as a dead network: good for when to try, not for whether.
 */
bool port_error_is_network(void);

/*
 * port_memory - zeroed memory for as long as the process lives.  What is less
 * than a page may share one with an earlier request.  NULL: there is no more.
 */
MUST_USE void *port_memory(size_t bytes);
/*
 * port_memory_forget - gives back what whole pages of it hold.  It stays to be
 * written to; what is read ahead of that means nothing.
 */
void port_memory_forget(void *p, size_t bytes);
/*
 * port_memory_own - what whole pages of it hold is no part of the children that
 * come: what they do not use would count as theirs as soon as we change it.
 */
void port_memory_own(void *p, size_t bytes);

/* ---- standard streams, log ---------------------------------------------- */

/*
 * port_out - to standard output; one write(2) where the kernel takes it.
 * RC_OS: not all of it, or the stream was closed when we were started.
 */
MUST_USE enum rc port_out(struct span text);
/* To standard error, best effort. */
void port_err(struct span text);

enum port_level { PORT_ERR, PORT_WARNING, PORT_INFO, PORT_DEBUG };
/*
 * port_syslog - one record to the system's log, best effort.  facility as
 * syslog(3) numbers it (mail is 2); tag is `name/process`, the pid is
 * added; text is one line, fit for display, of which 2 KiB are kept.
 */
void port_syslog(int facility, enum port_level level, struct span tag,
	struct span text);
/*
 * port_log_append - one line, head and text, at the end of a log file, which is
 * opened for it, so that it may be moved away at any time.  false: not written,
 * or not as a whole.
 */
bool port_log_append(const char *path, struct span head, struct span text);

/* ---- network ------------------------------------------------------------ */

struct port_addr {
	struct ip ip;
	uint16_t port;
};

/*
 * port_dial - open a TCP connection.
 *
 * from         local address, of to's family; NULL, family IP_NONE or the
 *              any-address leave the choice to the system.
 * window       SO_SNDBUF and SO_RCVBUF before connecting; 0 is the system's.
 * out          a stream for port_read() and friends; close with port_close().
 *
 * Nagle's algorithm is off: what is written goes at once, so write whole
 * batches of commands, and buffer above.
 *
 * RC_TIME the deadline passed, or the system gave up for want of an answer;
 * RC_DENY `from` could not be bound; RC_OS the system said no (refused,
 * unreachable...).
 */
MUST_USE enum rc port_dial(const struct port_addr *to, const struct ip *from,
	int window, ms_t until, int *out);
/*
 * The same to a stream socket of the file system.  A path of 108 octets or more
 * is RC_OS ("File name too long"): the system's limit.
 */
MUST_USE enum rc port_dial_unix(const char *path, ms_t until, int *out);

/*
 * port_read - at least one octet, at most n; from pipes as well.
 * RC_GONE: end of stream or reset (port_error() tells).  RC_TIME: also if there
 * is something to read but `until` has passed, or a peer that never pauses
 * would never meet a limit.
 */
MUST_USE enum rc port_read(int fd, void *out, size_t n, ms_t until,
	size_t *got);
/*
 * port_write - at least one octet, at most n.
 * RC_GONE: the peer is away; RC_TIME.
 */
MUST_USE enum rc port_write(int fd, const void *data, size_t n, ms_t until,
	size_t *put);
/* Can port_read() return at once (data, end, error)? */
bool port_readable(int fd);
/*
 * port_push - what has been written leaves now, and apart from what follows:
 * waits up to half a second while the peer's window holds some of it back.
 */
void port_push(int fd);
void port_close(int fd);		/* -1 is allowed */

/*
 * port_udp - a datagram socket to one server, from a random port chosen by the
 * system; datagrams from elsewhere are not received.
 */
MUST_USE enum rc port_udp(const struct port_addr *to, int *out);
/* RC_GONE: not sent, since an earlier one met a closed port. */
MUST_USE enum rc port_udp_send(int fd, struct span data);
/*
 * port_udp_recv - one datagram, maybe an empty one.  What is beyond n is lost
 * without a word: give one octet more than what may be right, to tell.
 * RC_GONE: the server's port is closed.  RC_TIME: as with port_read().
 */
MUST_USE enum rc port_udp_recv(int fd, void *out, size_t n, ms_t until,
	size_t *got);

/*
 * port_own_addresses - the machine's interface addresses.
 * Fills up to `most`, returns how many there are (which may be more).
 */
size_t port_own_addresses(struct ip *out, size_t most);
/* Does the kernel know this family (IP_V4, IP_V6)? */
bool port_has_family(int family);
/*
 * port_service - port of a TCP service, from /etc/services, or well known
 * (smtp, lmtp, submission, submissions, smtps) where that does not have it.
 */
MUST_USE enum rc port_service(const char *name, uint16_t *out);

/* ---- files -------------------------------------------------------------- */

enum { PORT_STDIN = 0 };

struct port_stat {
	int64_t size;
	int64_t mtime_s;
	uint64_t inode;
	uint32_t uid;
	uint32_t links;			/* names that it has */
	uint32_t mode;			/* permission bits */
	bool is_file;
	bool is_folder;
	bool is_pipe;			/* or terminal or socket: no size */
};

/* For reading.  RC_NONE: no such file. */
MUST_USE enum rc port_open(const char *path, int *out);
/* RC_NONE: standard input was closed when we were started. */
MUST_USE enum rc port_stat_fd(int fd, struct port_stat *out);
/* RC_NONE: no such file.  Links are followed. */
MUST_USE enum rc port_stat_path(const char *path, struct port_stat *out);
/* Where reading would go on; 0 for what has no places. */
int64_t port_tell(int fd);
/* At a place, at most n; *got is 0 at the end.  For files. */
MUST_USE enum rc port_pread(int fd, void *out, size_t n, int64_t at,
	size_t *got);
/*
 * port_map - a whole regular file, read-only, for as long as the process
 * lives.  An empty file gives an empty span.  A file that others cut short
 * while it is mapped kills the process: for files that are replaced by rename.
 */
MUST_USE enum rc port_map(const char *path, struct span *out);	/* RC_NONE */
/*
 * port_slurp - adds a whole file, or pipe, to b, or nothing.
 * RC_FULL: longer than b's room; RC_NONE: no such file.
 */
MUST_USE enum rc port_slurp(const char *path, struct buf *b);

/*
 * port_temp - a file without name, for reading and writing: in `folder`, or in
 * $TMPDIR, /tmp, /var/tmp when that is NULL, or in memory where none takes it.
 */
MUST_USE enum rc port_temp(const char *folder, int *out);
MUST_USE enum rc port_append(int fd, struct span data);	/* all of it */

/*
 * port_replace - makes a file of this content under this name, or leaves what
 * was there: temporary file beside it, fsync, rename, fsync of the folder.
 * `mode` holds for a new file (whatever the umask); an existing one keeps its
 * own, and its owner where we may give files away.  A symbolic link that is
 * there is replaced, not followed.
 */
MUST_USE enum rc port_replace(const char *path, struct span data,
	unsigned mode);

/*
 * struct port_draft - the same in pieces: a file in the making, beside the name
 * that it will get, and nobody's to read.
 *
 * fd  for port_append(), port_pread() and port_write_at().
 */
#define PORT_DRAFT_MAX	1024
struct port_draft {
	int fd;
	char name[PORT_DRAFT_MAX];
};

MUST_USE enum rc port_draft_open(const char *path, struct port_draft *out);
/* All of it, over what is at that place of a file of ours, or at its end. */
MUST_USE enum rc port_write_at(int fd, struct span data, int64_t at);
/*
 * port_draft_publish - to the disk, and under `path`, whatever it was; the
 * draft is gone, whatever comes of it.
 *
 * mode  for it, whether or not there was a file.
 * like  its owner will be the owner of this file, if we may give files away;
 *       -1: ours.
 */
MUST_USE enum rc port_draft_publish(struct port_draft *d, const char *path,
	unsigned mode, int like);
void port_draft_drop(struct port_draft *d);

/*
 * port_link - a symbolic link `path` to `target`, replacing a link that is
 * there.  RC_DENY: something that is no link is in the way.
 */
MUST_USE enum rc port_link(const char *target, const char *path);
/* Can we make files there (real uid)?  If not, port_error() tells why. */
bool port_folder_is_writable(const char *path);

/* ---- files that outlive a crash ------------------------------------------ */

/*
 * What was written, renamed or removed survives the death of the process at
 * once, and a power cut only after port_sync() of the file and
 * port_sync_folder() of the folder with its name.
 */

/* A new file, for reading and writing.  RC_DENY: the name is taken. */
MUST_USE enum rc port_create(const char *path, unsigned mode, int *out);
/* For reading and writing in place.  RC_NONE: no such file. */
MUST_USE enum rc port_open_update(const char *path, int *out);
/*
 * port_open_strange - for reading, of a folder that others write to: links are
 * not followed, and nothing waits.  RC_DENY: no regular file.  RC_NONE.
 */
MUST_USE enum rc port_open_strange(const char *path, int *out);
MUST_USE enum rc port_sync(int fd);
MUST_USE enum rc port_sync_folder(const char *path);
/* Within one file system; what was called `to` is gone.  RC_NONE. */
MUST_USE enum rc port_rename(const char *from, const char *to);
MUST_USE enum rc port_remove(const char *path);		/* RC_NONE */
/* RC_NONE: no such file. */
MUST_USE enum rc port_set_mtime(const char *path, int64_t mtime_s);
MUST_USE enum rc port_set_mode(const char *path, unsigned mode);
/*
 * Its owner becomes this one, if we may; RC_OS else.  port_give() is for files
 * in folders that others may change: by the name of one they could have another
 * given away.
 */
MUST_USE enum rc port_set_owner(const char *path, uint32_t uid);
MUST_USE enum rc port_give(int fd, uint32_t uid);
/* This folder alone, not those above it.  RC_DENY: it, or another thing of
   that name, is there already. */
MUST_USE enum rc port_folder_make(const char *path, unsigned mode);

/*
 * port_list_open - the names in a folder, each once, in no order; a name that
 * comes or goes meanwhile may be told or not.  RC_NONE: no such folder.
 *
 * port_list_next - adds the next name; never `.` or `..`.  RC_NONE: no more;
 * RC_FULL: it was longer than name's room, and is passed over.
 * Closed with port_list_close(); a struct of all zero may be closed.
 */
#define PORT_LIST_BYTES	2048
struct port_list {
	int fd;			/* and 1 more, so that zero is none */
	size_t from, n;
	_Alignas(8) char data[PORT_LIST_BYTES];
};
MUST_USE enum rc port_list_open(struct port_list *l, const char *path);
MUST_USE enum rc port_list_next(struct port_list *l, struct buf *name);
void port_list_close(struct port_list *l);

/* Octets that we may still write there, and whether a restart empties it. */
struct port_space {
	int64_t free_bytes;	/* INT64_MAX: none knows */
	int64_t all_bytes;		/* used ones as well; likewise */
	bool is_volatile;		/* tmpfs, ramfs */
};
MUST_USE enum rc port_space(const char *path, struct port_space *out);

/*
 * port_lock - makes the file if it isn't there, and holds it for as long as
 * *out is open, here or in a process that was given it.  RC_DENY: another
 * process holds it.
 */
MUST_USE enum rc port_lock(const char *path, int *out);

/* ---- processes ----------------------------------------------------------- */

/* The code of a process of ours: what it returns is its exit status. */
typedef int port_entry(void *arg, int fd);

/*
 * port_spawn - a child, forked without exec, at the other end of a message
 * socket.  In the child all descriptors but the standard ones and that socket
 * are closed, and signals are as at the start of a program.  It is to use of
 * its inherited memory what `arg` tells it, and to change nothing of it.
 *
 * pid  for port_reap(), which must be called once for each child.
 */
MUST_USE enum rc port_spawn(port_entry *entry, void *arg, unsigned *pid,
	int *fd);
/*
 * port_reap - waits for a child's end, and ends it by force at `until`.
 * Returns its exit status, or 256 and the signal that ended it.
 */
int port_reap(unsigned pid, ms_t until);
/*
 * port_detach - a process that nobody waits for: in a session of its own, in
 * the root folder, its standard streams closed; of the other descriptors it
 * has `keep` alone, as the fd of its entry.  The caller goes on.
 */
MUST_USE enum rc port_detach(port_entry *entry, void *arg, int keep);

/*
 * Messages between processes: each arrives whole and in order, or not at all,
 * and at most one descriptor goes with it.
 *
 * port_send - RC_GONE: the other end is closed.  RC_TIME: it has no room.
 *             An empty message, or one beyond PORT_MESSAGE_MAX: RC_OS.
 * port_recv - one message; what is there is taken even after `until`.
 *             RC_GONE: no more will come.  RC_WIRE: longer than n.
 *             *passed, the descriptor that came, or -1, is the caller's.
 */
#define PORT_MESSAGE_MAX	8192
MUST_USE enum rc port_send(int fd, struct span message, int pass, ms_t until);
MUST_USE enum rc port_recv(int fd, void *out, size_t n, ms_t until,
	size_t *got, int *passed);

/*
 * port_listen - a message socket with a name; what has that name goes.
 * port_accept - the next caller and his uid.  RC_NONE: none waits.
 * port_call   - RC_NONE: nobody listens there; RC_TIME.
 */
MUST_USE enum rc port_listen(const char *path, unsigned mode, int *out);
MUST_USE enum rc port_accept(int fd, int *out, uint32_t *uid);
MUST_USE enum rc port_call(const char *path, ms_t until, int *out);

/*
 * port_wait - until one of them can be read (data, a caller, an event, an
 * end), or a child's socket is gone.  Entries with fd -1 are passed over; there
 * may be PORT_WATCH_MAX of them.  RC_TIME: none by `until`.
 */
#define PORT_WATCH_MAX	256
struct port_watch {
	int fd;
	bool is_ready;		/* set by the call, for each */
};
MUST_USE enum rc port_wait(struct port_watch *w, size_t n, ms_t until);

/*
 * port_signals - from here on these signals are events of a descriptor:
 * SIGTERM and SIGINT (stop), SIGHUP (reload).
 * port_signal_next - which came, PORT_SIGNAL_ bits; 0: none.
 */
enum { PORT_SIGNAL_STOP = 1, PORT_SIGNAL_RELOAD = 2 };
MUST_USE enum rc port_signals(int *out);
unsigned port_signal_next(int fd);

/*
 * port_links - changes of the machine's addresses and routes as events of a
 * descriptor.  RC_OS: the system doesn't tell.
 * port_link_came - takes what is there to be read; true: there is a default
 * route or a global address where there was none before.
 */
MUST_USE enum rc port_links(int *out);
bool port_link_came(int fd);
/* A default route, of either family, stands now. */
bool port_has_route(void);

/* Login name of a uid, or its digits.  RC_NONE: digits it is. */
enum rc port_login(uint32_t uid, struct buf *out);
/* Of an account of that very name, its uid; and its home folder, added. */
MUST_USE enum rc port_home(struct span name, uint32_t *uid, struct buf *home);
/* The uid of an account, by name or digits.  RC_NONE: there is none. */
MUST_USE enum rc port_account(struct span name, uint32_t *uid);

/*
 * port_jail - gives up what a process that meets the network does not need,
 * for good: root and all groups, new privileges, programs, files that could be
 * changed, system calls out of the way.
 *
 * uid       to become where we are root; else ours stays.
 * writable  folder that may still be written to; NULL: none.
 * lacks     added: what this kernel has not, as words; may stay empty.
 *
 * RC_OS: we are still root, or could be again: do not go on.
 */
struct port_jail {
	uint32_t uid;
	const char *writable;
	bool network;		/* sockets of the internet may be made */
};
MUST_USE enum rc port_jail(const struct port_jail *j, struct buf *lacks);

#endif
