/*
 * port_int.h - what the files of port/ share, and nobody else sees.
 */
#ifndef PORT_INT_H
#define PORT_INT_H

#include <sys/socket.h>

#include "port.h"

/*
 * Many calls go to the kernel by syscall(): where libc's own does more, such as
 * stopping threads that we don't have, or what kernels before 2.6.28 needed.
 */

/* Keeps errno (or `code`, an errno value) for port_error(); says RC_OS. */
enum rc port_failed(void);
enum rc port_failed_as(int code);
/* The same for a stream: RC_GONE where `code` means that the peer is away. */
enum rc port_failed_stream(int code);

/* The same for a file: RC_NONE where it is missing. */
enum rc port_failed_file(void);

/* Nobody listens there. */
bool port_error_is_refused(void);

/* errno-like values of our own, outside the system's range. */
enum { PORT_END_OF_STREAM = -1 };

/* RC_TIME if the deadline has passed. */
enum rc port_in_time(ms_t until);
/* Sleeps that long, or until then if that is sooner. */
void port_pause(ms_t pause, ms_t until);
/* RC_OK when one of `events` of poll(2), or an error, is there to be taken. */
enum rc port_await(int fd, short events, ms_t until);
/* What poll(2) takes: -1 for ever; it is asked again after INT_MAX. */
int port_poll_ms(ms_t until);

/* A non-blocking, close-on-exec socket, or -1 with errno. */
int port_socket(int family, int type, int protocol);
/* Fills *out for bind() and connect(); returns its length. */
socklen_t port_sockaddr(const struct port_addr *a,
	struct sockaddr_storage *out);

/*
 * Fills *out with the name of a socket; RC_OS: it is too long.
 * Connects to it; a path where nobody listens is RC_OS.
 */
struct sockaddr_un;
enum rc port_sockaddr_un(const char *path, struct sockaddr_un *out);
enum rc port_dial_path(const char *path, int type, ms_t until, int *out);

/* All of it, waiting where a descriptor would block. */
enum rc port_write_all(int fd, struct span data, ms_t until);

/* Of the names that we make up; far more than any setting has. */
enum { SCRATCH_PATH_MAX = 1024 };
/* Adds 16 random hex digits to path: a name that is free. */
enum rc port_scratch_name(struct buf *path);

/* For a child: the parent's socket to the log is none of ours. */
void port_log_forget(void);

/* The group of an account; false: /etc/passwd doesn't know it. */
bool port_group(uint32_t uid, uint32_t *gid);

/*
 * Messages of the kernel's about its network (rtnetlink), each told whole; a
 * listener returns false when it has heard enough.
 *
 * port_netlink_dump - asks for all of a kind (RTM_GETADDR, RTM_GETROUTE).
 * port_netlink_part - those of one datagram; RC_NONE: an answer ends here.
 */
struct nlmsghdr;
typedef bool port_told(void *arg, struct nlmsghdr *h);
void port_netlink_dump(int kind, int family, port_told *told, void *arg);
enum rc port_netlink_part(void *part, size_t n, port_told *told,
	void *arg);
/* The next datagram; RC_NONE: none there, or the end.  RC_FULL: some lost. */
enum rc port_netlink_take(int fd, port_told *told, void *arg);

/* The last wall of a jail; false: this kernel has no filters. */
bool port_filter_calls(const struct port_jail *j);

/* From now on port_stat_fd(PORT_STDIN) is RC_NONE. */
void port_stdin_was_closed(void);

/*
 * struct lines - a system file read line by line; a line longer than `text`
 * is left out.  Open with lines_open(); lines_next() closes it at the end.
 */
struct lines {
	int fd;
	size_t n;		/* octets in text */
	size_t at;		/* those before are consumed */
	char text[1024];
};

enum rc lines_open(struct lines *l, const char *path);
bool lines_next(struct lines *l, struct span *line);
void lines_close(struct lines *l);

#endif
