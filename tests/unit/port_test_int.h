/*
 * port_test_int.h - what the tests of the port share: a loopback server that
 * the test itself plays, and a folder of its own.
 */
#ifndef PORT_TEST_INT_H
#define PORT_TEST_INT_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "port.h"

/* Long enough for any loaded machine; no test waits for its end. */
#define SOON	(port_now() + 30 * SECOND)
/* For what must run into its deadline. */
#define BRIEFLY	(port_now() + 30)

static inline struct port_addr
loopback(uint16_t port)
{
	struct port_addr a = { .port = port };

	a.ip.family = IP_V4;
	a.ip.b[0] = 127;
	a.ip.b[3] = 1;
	return a;
}

/* A socket bound to 127.0.0.1; its port goes to *out. */
static inline int
bound(int type, struct port_addr *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t n = sizeof in;
	int fd = socket(AF_INET, type, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	*out = loopback(ntohs(in.sin_port));
	return fd;
}

static inline int
listening(int backlog, struct port_addr *out)
{
	int fd = bound(SOCK_STREAM, out);

	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

/* Both ends of a connection over loopback. */
static inline void
connection(int *ours, int *theirs)
{
	struct port_addr at;
	int fd = listening(1, &at);

	assert_int_equal(port_dial(&at, NULL, 0, SOON, ours), RC_OK);
	*theirs = accept(fd, NULL, NULL);
	assert_true(*theirs >= 0);
	close(fd);
}

/* A port where nobody listens: bound, so that nobody else takes it. */
static inline int
closed_port(struct port_addr *out)
{
	return bound(SOCK_STREAM, out);
}

/* One folder per test program, removed at its end. */
static char our_folder[64];

static inline int
folder_make(void **state)
{
	(void)state;
	port_start();
	strcpy(our_folder, "/tmp/postern-unit-XXXXXX");
	return mkdtemp(our_folder) == NULL;
}

static inline int
folder_remove_one(const char *path, const struct stat *s, int kind,
	struct FTW *f)
{
	(void)s, (void)kind, (void)f;
	return remove(path);
}

static inline int
folder_remove(void **state)
{
	(void)state;
	return nftw(our_folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of a name in it; good until the next call but three. */
static inline const char *
in_folder(const char *name)
{
	static char text[4][256];
	static unsigned turn;
	char *t = text[turn++ % 4];

	snprintf(t, sizeof text[0], "%s/%s", our_folder, name);
	return t;
}

static inline void
write_file(const char *path, const char *content)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline void
assert_content(const char *path, const char *content)
{
	char text[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	assert_string_equal(text, content);
}

static inline size_t
files_in_folder(void)
{
	char command[128];
	unsigned n = 0;
	FILE *f;

	snprintf(command, sizeof command, "ls -A %s | wc -l", our_folder);
	f = popen(command, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &n), 1);
	pclose(f);
	return n;
}

#endif
