/*
 * mail_take.c - the message that standard input holds.
 */
#include "base.h"
#include "mail.h"
#include "port.h"

#define COPY_BYTES	4096	/* on the stack, so no more than a page */

static enum rc
copy(int fd, int64_t most, int64_t *size)
{
	char data[COPY_BYTES];
	size_t got;
	enum rc rc;

	for (*size = 0;; *size += (int64_t)got) {
		rc = port_read(PORT_STDIN, data, sizeof(data), MS_NEVER, &got);
		if (rc == RC_GONE && port_error_is_end())
			return RC_OK;
		if (rc != RC_OK)
			return RC_OS;
		if (most > 0 && (int64_t)got > most - *size)
			return RC_FULL;
		if (port_append(fd, (struct span){ data, got }) != RC_OK)
			return RC_DENY;
	}
}

enum rc
mail_take(int64_t most, struct mail_source *out)
{
	struct port_stat st;
	enum rc rc;
	size_t got;
	char c;

	if (port_stat_fd(PORT_STDIN, &st) != RC_OK)
		return RC_NONE;
	out->start = port_tell(PORT_STDIN);
	if (st.is_file) {
		out->fd = PORT_STDIN;
		out->size = st.size > out->start ? st.size - out->start : 0;
		/* An empty file that is for writing alone is no message. */
		TRY(port_pread(PORT_STDIN, &c, 1, out->start, &got));
		return most > 0 && out->size > most ? RC_FULL : RC_OK;
	}
	out->start = 0;
	if (port_temp(NULL, &out->fd) != RC_OK)
		return RC_DENY;
	rc = copy(out->fd, most, &out->size);
	if (rc != RC_OK) {
		port_close(out->fd);
		out->fd = -1;
	}
	return rc;
}
