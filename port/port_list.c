/*
 * port_list.c - the names in a folder, as the kernel hands them out: readdir()
 * would want the heap.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port_int.h"

/*
 * A record of getdents64(2): inode and place of 8 octets each, its own length,
 * a kind, and the name with its NUL.
 */
enum { AT_LENGTH = 16, AT_NAME = 19 };

enum rc
port_list_open(struct port_list *l, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	l->fd = 0;
	if (fd < 0)
		return port_failed_file();
	l->fd = fd + 1;
	l->from = l->n = 0;
	return RC_OK;
}

void
port_list_close(struct port_list *l)
{
	port_close(l->fd - 1);
	l->fd = 0;
}

/* The next record's name, or NULL: there is no whole one left. */
static const char *
take_name(struct port_list *l)
{
	const char *record = l->data + l->from;
	size_t left = l->n - l->from;
	uint16_t length;

	if (left <= AT_NAME)
		return NULL;
	memcpy(&length, record + AT_LENGTH, sizeof length);
	if (length <= AT_NAME || length > left ||
	    memchr(record + AT_NAME, '\0', length - AT_NAME) == NULL)
		return NULL;
	l->from += length;
	return record + AT_NAME;
}

enum rc
port_list_next(struct port_list *l, struct buf *name)
{
	for (;;) {
		const char *text = take_name(l);
		long n;

		if (text != NULL && strcmp(text, ".") != 0 &&
		    strcmp(text, "..") != 0) {
			buf_puts(name, text);
			return name->full ? RC_FULL : RC_OK;
		}
		if (text != NULL)
			continue;
		n = syscall(SYS_getdents64, l->fd - 1, l->data,
			sizeof l->data);
		if (n < 0)
			return port_failed();
		if (n == 0)
			return RC_NONE;
		l->from = 0;
		l->n = (size_t)n;
	}
}
