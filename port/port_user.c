/*
 * port_user.c - who calls us, and other users, as /etc/passwd has them.  Users
 * of a directory service are digits: a static binary has no way to ask one.
 */
#include <unistd.h>

#include "port_int.h"

/* Takes the next field off a line of /etc/passwd. */
static struct span
field(struct span *line)
{
	size_t n = span_find(*line, ':');
	struct span f = span_head(*line, n);

	*line = span_tail(*line, n + 1);
	return f;
}

/*
 * A line of /etc/passwd: sought by `name`, or by `uid` if that has no name,
 * and then filled.  What is text lives in `l`.
 */
struct user {
	struct lines l;
	struct span name;
	uint64_t uid;
	uint64_t gid;
	struct span after;	/* behind the group */
};

static bool
read_user(struct user *u, struct span line)
{
	bool by_name = u->name.n > 0;
	struct span name = field(&line);
	uint64_t uid;

	field(&line);			/* password */
	if (!span_number(field(&line), UINT32_MAX - 1, &uid) || name.n == 0 ||
	    !span_number(field(&line), UINT32_MAX - 1, &u->gid) ||
	    (by_name ? !span_eq(name, u->name) : uid != u->uid))
		return false;
	u->name = name;
	u->uid = uid;
	u->after = line;
	return true;
}

static bool
find_user(struct user *u)
{
	struct span line;

	if (lines_open(&u->l, "/etc/passwd") != RC_OK)
		return false;
	while (lines_next(&u->l, &line))
		if (read_user(u, line)) {
			lines_close(&u->l);
			return true;
		}
	return false;
}

enum rc
port_login(uint32_t uid, struct buf *out)
{
	struct user u = { .uid = uid };

	if (find_user(&u)) {
		buf_put(out, u.name);
		return RC_OK;
	}
	buf_fmt(out, "%u", (unsigned)uid);
	return RC_NONE;
}

enum rc
port_account(struct span name, uint32_t *uid)
{
	struct user u = { .name = name };

	if ((name.n == 0 || !find_user(&u)) &&
	    !span_number(name, UINT32_MAX - 1, &u.uid))
		return RC_NONE;
	*uid = (uint32_t)u.uid;
	return RC_OK;
}

enum rc
port_home(struct span name, uint32_t *uid, struct buf *home)
{
	struct user u = { .name = name };

	if (name.n == 0 || !find_user(&u))
		return RC_NONE;
	*uid = (uint32_t)u.uid;
	field(&u.after);		/* the full name */
	buf_put(home, field(&u.after));
	return RC_OK;
}

bool
port_group(uint32_t uid, uint32_t *gid)
{
	struct user u = { .uid = uid };

	if (!find_user(&u))
		return false;
	*gid = (uint32_t)u.gid;
	return true;
}

void
port_user(struct buf *out)
{
	size_t before = out->n;

	if (port_login(getuid(), out) == RC_OK || getuid() != 0)
		return;
	out->n = before;
	buf_puts(out, "root");
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
	buf_put(out, span_tail(login, 1));
}

void
port_user_full(struct buf *out)
{
	struct user u = { .uid = getuid() };
	struct span gecos;

	if (!find_user(&u))
		return;
	gecos = field(&u.after);
	gecos = span_head(gecos, span_find(gecos, ','));
	for (size_t i = 0; i < gecos.n; i++)
		if (gecos.p[i] == '&')
			put_login(out, u.name);
		else
			buf_putc(out, gecos.p[i]);
}
