/*
 * sim_machine.c - what a machine says of itself: its name, users and
 * environment; standard output and the log.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim_int.h"

/* ---- who and where ------------------------------------------------------ */

void
sim_hostname(const char *name)
{
	sim.hostname = sim_copy(name);
}

void
sim_user(const char *login, const char *full)
{
	sim.login = sim_copy(login);
	sim.full = sim_copy(full);
}

void
sim_uid(uint32_t uid)
{
	sim.uid = sim.test->uid = uid;
	sim.modes_count = true;
}

uint32_t
sim_uid_now(void)
{
	return sim.me->uid;
}

uint32_t
port_uid(void)
{
	sim_call();
	return sim.me->uid;
}

static struct sim_env *
find_env(const char *name)
{
	struct sim_env *e;

	for (e = sim.env; e != NULL; e = e->next)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

void
sim_env(const char *name, const char *value)
{
	struct sim_env *e = find_env(name);

	if (e == NULL) {
		e = sim_alloc(sizeof(*e));
		e->name = sim_copy(name);
		e->next = sim.env;
		sim.env = e;
	}
	e->value = value != NULL ? sim_copy(value) : NULL;
}

const char *
port_getenv(const char *name)
{
	struct sim_env *e = find_env(name);

	sim_call();
	return e != NULL ? e->value : NULL;
}

void
port_start(void)
{
	sim_call();
}

enum rc
port_here(struct buf *out)
{
	if (sim_call_fails("port_here"))
		return RC_OS;
	buf_puts(out, "/");
	return out->full ? RC_FULL : RC_OK;
}

enum rc
port_self(struct buf *out)
{
	sim_call();
	buf_puts(out, "/sbin/postern");
	return RC_OK;
}

void
port_hostname(struct buf *out)
{
	sim_call();
	buf_puts(out, sim.hostname);
}

void
port_user(struct buf *out)
{
	sim_call();
	buf_puts(out, sim.login);
}

void
port_user_full(struct buf *out)
{
	sim_call();
	buf_puts(out, sim.full);
}

/* ---- standard output and error, log ------------------------------------- */

const char *
sim_out(void)
{
	return sim_text_get(&sim.out);
}

const char *
sim_err(void)
{
	return sim_text_get(&sim.err);
}

const char *
sim_syslog(void)
{
	return sim_text_get(&sim.syslog);
}

void
sim_out_limit(size_t bytes)
{
	sim.out_max = bytes;
}

enum rc
port_out(struct span text)
{
	size_t left, n;

	if (sim_call_fails("port_out"))
		return RC_OS;
	if (sim.me->streams->closed)
		return sim_os(EBADF);
	left = sim.out_max - sim.out.n;
	n = text.n < left ? text.n : left;
	sim_text_put(&sim.out, text.p, n);
	sim_text_put(&sim.me->streams->out, text.p, n);
	return text.n <= left ? RC_OK : sim_os(ENOSPC);
}

void
port_err(struct span text)
{
	sim_call();
	if (sim.me->streams->closed)
		return;
	sim_text_put(&sim.err, text.p, text.n);
	sim_text_put(&sim.me->streams->err, text.p, text.n);
}

void
port_syslog(int facility, enum port_level level, struct span tag,
	struct span text)
{
	(void)facility;
	(void)level;
	sim_call();
	sim_text_put(&sim.syslog, tag.p, tag.n);
	sim_text_puts(&sim.syslog, ": ");
	sim_text_put(&sim.syslog, text.p, text.n);
	sim_text_puts(&sim.syslog, "\n");
}

/* A log file is a file like others, that is made when it isn't there. */
bool
port_log_append(const char *path, struct span head, struct span text)
{
	if (sim_call_fails("port_log_append"))
		return false;
	sim_file_append(path, head);
	sim_file_append(path, text);
	sim_file_append(path, SPAN("\n"));
	return true;
}

/* ---- accounts ----------------------------------------------------------- */

struct sim_account {
	struct sim_account *next;
	char *name;
	uint32_t uid;
};

void
sim_account(const char *name, uint32_t uid)
{
	struct sim_account *a = sim_alloc(sizeof(*a));

	a->name = sim_copy(name);
	a->uid = uid;
	a->next = sim.accounts;
	sim.accounts = a;
}

void
sim_accounts_begin(void)
{
	sim_account("root", 0);
	sim_account("nobody", 65534);
}

enum rc
port_login(uint32_t uid, struct buf *out)
{
	const struct sim_account *a;
	struct sim_text digits = { 0 };

	sim_call();
	if (uid == SIM_UID) {
		buf_puts(out, sim.login);
		return RC_OK;
	}
	for (a = sim.accounts; a != NULL; a = a->next)
		if (a->uid == uid) {
			buf_puts(out, a->name);
			return RC_OK;
		}
	sim_text_fmt(&digits, "%u", uid);
	buf_puts(out, sim_text_get(&digits));
	return RC_NONE;
}

/* /root, or /home/NAME. */
enum rc
port_home(struct span name, uint32_t *uid, struct buf *home)
{
	uint64_t number;

	if (span_number(name, UINT64_MAX, &number))
		return RC_NONE;
	TRY(port_account(name, uid));
	buf_fmt(home, "%s/%.*s", *uid == 0 ? "" : "/home", SPAN_ARG(name));
	return RC_OK;
}

enum rc
port_account(struct span name, uint32_t *uid)
{
	const struct sim_account *a;
	uint64_t number;

	if (sim_call_fails("port_account"))
		return RC_OS;
	for (a = sim.accounts; a != NULL; a = a->next)
		if (span_is(name, a->name)) {
			*uid = a->uid;
			return RC_OK;
		}
	if (span_is(name, sim.login)) {
		*uid = SIM_UID;
		return RC_OK;
	}
	if (!span_number(name, UINT32_MAX - 1, &number))
		return RC_NONE;
	*uid = (uint32_t)number;
	return RC_OK;
}
