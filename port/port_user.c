/*
 * port_user.c - who calls us, as /etc/passwd has it.  Users of a directory
 * service are digits: a static binary has no way to ask one.
 */
#include <unistd.h>

#include "port_int.h"

/* Takes the next field off a line of /etc/passwd. */
static struct span
field(struct span *line)
{
	size_t n = span_find(*line, ':');
	struct span f = span_part(*line, 0, n);

	*line = span_part(*line, n + 1, line->n);
	return f;
}

/* The caller's line: login, and all after the group. */
static bool
find_user(struct lines *l, struct span *login, struct span *after)
{
	uint64_t uid;

	if (lines_open(l, "/etc/passwd") != RC_OK)
		return false;
	while (lines_next(l, after)) {
		*login = field(after);
		field(after);		/* password */
		if (span_number(field(after), UINT32_MAX, &uid) &&
		    uid == getuid() && login->n > 0) {
			field(after);	/* group */
			lines_close(l);
			return true;
		}
	}
	return false;
}

void
port_user(struct buf *out)
{
	struct lines l;
	struct span login, after;

	if (find_user(&l, &login, &after))
		buf_put(out, login);
	else if (getuid() == 0)
		buf_puts(out, "root");
	else
		buf_fmt(out, "%u", (unsigned)getuid());
}

uint32_t
port_uid(void)
{
	return geteuid();
}

/* By old custom & stands for the login name, its first letter a capital. */
static void
put_login(struct buf *out, struct span login)
{
	char first = login.p[0];

	if (first >= 'a' && first <= 'z')
		first = (char)(first - 'a' + 'A');
	buf_putc(out, first);
	buf_put(out, span_part(login, 1, login.n));
}

void
port_user_full(struct buf *out)
{
	struct lines l;
	struct span login, after, gecos;

	if (!find_user(&l, &login, &after))
		return;
	gecos = field(&after);
	gecos = span_part(gecos, 0, span_find(gecos, ','));
	for (size_t i = 0; i < gecos.n; i++)
		if (gecos.p[i] == '&')
			put_login(out, login);
		else
			buf_putc(out, gecos.p[i]);
}
