/*
 * work_local.c - the transport `local`: mail that ends at this machine, into
 * maildirs.
 *
 * Aliases were looked up when the mail came in.  What is left goes to
 *
 *	postern_maildir		all of it, if that is set
 *	home_mailbox		of the user it is for, if it ends in /
 *	mail_spool_directory	likewise, with his name behind it
 *
 * There are no mailbox files, and no command is ever run, so what asks for them
 * keeps the mail (4.3.5) with a sentence that says which line to change.
 *
 * Nothing is written as root.  A process of its own becomes the user, or the
 * owner of the one maildir, puts walls around itself, and writes one message:
 * into tmp, to the disk, by its new name into new, and that to the disk.
 */
#include <string.h>

#include "mail_map.h"
#include "port.h"
#include "queue.h"
#include "work.h"

#define PATH_BYTES	512
#define CHILD_FOR	(10 * MINUTE)	/* for one message */
#define WHY_BYTES	768

/* Where the mail of one recipient is to go, and as whom. */
struct local {
	const struct settings *set;
	const struct job *job;
	const struct rcpt *to;
	uint32_t owner, uid;
	/* What became of it. */
	enum fate fate;
	char dsn[DSN_MAX];
	struct buf text;
	struct buf folder;		/* without a slash at its end */
	char folder_room[PATH_BYTES];
	char text_room[WHY_BYTES];
};

static enum rc
ends(struct local *l, enum fate fate, const char *dsn, const char *fmt, ...)
	PRINTF(4, 5);

/* Says what becomes of it; RC_DENY, for whoever stops there. */
static enum rc
ends(struct local *l, enum fate fate, const char *dsn, const char *fmt, ...)
{
	__builtin_va_list ap;

	l->fate = fate;
	memcpy(l->dsn, dsn, sizeof("4.3.0"));
	buf_clear(&l->text);
	__builtin_va_start(ap, fmt);
	buf_vfmt_cut(&l->text, fmt, ap);
	__builtin_va_end(ap);
	return RC_DENY;
}

static enum rc
failed(struct local *l, const char *what, const char *path)
{
	return ends(l, FATE_LATER, "4.2.0", "cannot %s %s as uid %u: %s", what,
	    path, port_uid(), port_error());
}

/* ---- one message, in the process that became the user -------------------- */

/* tmp, new or cur, and what is in it. */
static const char *
below(const struct local *l, struct buf *path, const char *part,
	const char *name)
{
	buf_fmt(path, "%.*s/%s%s%s", SPAN_ARG(buf_span(&l->folder)), part,
	    name[0] != '\0' ? "/" : "", name);
	return buf_text(path);
}

static enum rc
ensure(struct local *l, const char *path)
{
	struct port_stat st;

	/* What is there already, or comes just now, is as good. */
	if (port_folder_make(path, 0700) == RC_OK ||
	    (port_stat_path(path, &st) == RC_OK && st.is_folder))
		return RC_OK;
	return failed(l, "make", path);
}

static enum rc
ensure_maildir(struct local *l)
{
	static const char parts[][4] = { "tmp", "new", "cur" };
	char room[PATH_BYTES];
	struct buf path;

	TRY(ensure(l, buf_text(&l->folder)));
	for (size_t i = 0; i < COUNT(parts); i++) {
		path = BUF(room);
		TRY(ensure(l, below(l, &path, parts[i], "")));
	}
	return RC_OK;
}

/* What nobody else makes: https://cr.yp.to/proto/maildir.html. */
static void
put_name(struct buf *b)
{
	char room[128];
	struct buf host = BUF(room);

	port_hostname(&host);
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] == '/' || host.p[i] == ':')
			host.p[i] = '-';
	buf_fmt(b, "%lld.P%uR%08x%08x.%.*s", (long long)port_wall(),
	    port_pid(), port_random_u32(), port_random_u32(),
	    SPAN_ARG(buf_span(&host)));
}

/* An address quoted may be twice as long. */
static enum rc
put_field(int out, const char *name, struct span addr, const char *end)
{
	char room[2 * RCPT_ADDR_MAX + 64];
	struct buf b = BUF(room);

	buf_puts(&b, name);
	mail_addr_show(&b, addr);
	buf_puts(&b, end);
	return port_append(out, buf_span(&b));
}

/* The fields on top: who it is from, and who it is for. */
static NOINLINE enum rc
put_trace(const struct local *l, int out)
{
	TRY(put_field(out, "Return-Path: <", l->job->sender, ">\n"));
	if (l->set->enable_original_recipient && l->to->given.n > 0)
		TRY(put_field(out, "X-Original-To: ", l->to->given, "\n"));
	return put_field(out, "Delivered-To: ", l->to->addr, "\n");
}

static NOINLINE enum rc
copy(const struct job *j, int out)
{
	char room[4096];
	int64_t at = 0;
	size_t got = 0;
	char last = '\n';

	for (; at < j->mail.size; at += (int64_t)got) {
		size_t n = sizeof(room);

		if ((int64_t)n > j->mail.size - at)
			n = (size_t)(j->mail.size - at);
		TRY(port_pread(j->mail.fd, room, n, j->mail.start + at, &got));
		if (got == 0)
			return RC_OS;
		TRY(port_append(out, (struct span){ room, got }));
		last = room[got - 1];
	}
	return last == '\n' ? RC_OK : port_append(out, SPAN("\n"));
}

static enum rc
write_file(struct local *l, const char *path)
{
	enum rc rc;
	int fd;

	if (port_create(path, 0600, &fd) != RC_OK)
		return failed(l, "make", path);
	rc = put_trace(l, fd);
	if (rc == RC_OK)
		rc = copy(l->job, fd);
	if (rc == RC_OK)
		rc = port_sync(fd);
	if (rc != RC_OK)
		failed(l, "write", path);
	port_close(fd);
	return rc;
}

static NOINLINE enum rc
check(struct local *l)
{
	struct mail_reader reader;
	struct mail_facts facts;
	int64_t most = l->set->mailbox_size_limit;

	if (most > 0 && l->job->mail.size > most)
		return ends(l, FATE_NEVER, "5.2.3", "message of %lld octets is "
		    "larger than mailbox_size_limit allows",
		    (long long)l->job->mail.size);
	if (mail_look(&reader, &l->job->mail, l->to->addr, &facts) != RC_OK)
		return ends(l, FATE_LATER, "4.3.0", "the message cannot be "
		    "read: %s", port_error());
	if (facts.delivered_here)
		return ends(l, FATE_NEVER, "5.4.6", "mail forwarding loop for "
		    "%.*s", SPAN_ARG(l->to->addr));
	return RC_OK;
}

/* By way of a draft, which goes if it fails. */
static enum rc
publish(struct local *l, const char *draft, const char *path)
{
	enum rc rc;

	rc = write_file(l, draft);
	if (rc == RC_OK && port_rename(draft, path) != RC_OK)
		rc = failed(l, "rename", draft);
	if (rc != RC_OK)
		(void)!port_remove(draft);
	return rc;
}

static enum rc
deliver(struct local *l)
{
	char name_room[256], draft_room[PATH_BYTES], path_room[PATH_BYTES];
	struct buf name = BUF(name_room), draft = BUF(draft_room);
	struct buf path = BUF(path_room);

	TRY(check(l));
	TRY(ensure_maildir(l));
	buf_putc(&name, '.');
	put_name(&name);
	below(l, &path, "new", buf_text(&name) + 1);
	below(l, &draft, "tmp", buf_text(&name) + 1);
	if (path.full || draft.full || name.full)
		return ends(l, FATE_LATER, "4.3.5", "the maildir's name is too "
		    "long");
	if (publish(l, draft_room, path_room) != RC_OK) {
		/* Linux 5.13 to 5.18 moves nothing between folders behind
		   Landlock; readers pass over what begins with a dot. */
		buf_clear(&draft);
		below(l, &draft, "new", buf_text(&name));
		if (draft.full || publish(l, draft_room, path_room) != RC_OK)
			return RC_DENY;
	}
	buf_clear(&path);
	if (port_sync_folder(below(l, &path, "new", "")) != RC_OK)
		return failed(l, "sync", path_room);
	ends(l, FATE_SENT, "2.0.0", "delivered to maildir");
	return RC_OK;
}

/* The folder above, where the maildir itself may be made. */
static void
put_above(const struct local *l, struct buf *b)
{
	struct span s = buf_span(&l->folder);
	size_t slash = span_find_last(s, '/');

	buf_put(b, span_head(s, slash > 0 ? slash : 1));
	buf_text(b);
}

/* A port_entry; its message brings the mail's descriptor. */
static int
become(void *arg, int fd)
{
	struct local l = *(const struct local *)arg;
	struct job job = *l.job;
	char above_room[PATH_BYTES], lacks_room[256], room[2 * WHY_BYTES];
	struct buf above = BUF(above_room), lacks = BUF(lacks_room);
	struct buf b = BUF(room);
	struct port_jail jail = { .uid = l.uid, .writable = above_room };
	struct port_stat st;
	ms_t until = port_now() + CHILD_FOR;
	size_t got;

	l.job = &job;
	l.text = BUF(l.text_room);
	l.folder.p = l.folder_room;
	if (port_recv(fd, room, sizeof(room), until, &got, &job.mail.fd)
	    != RC_OK)
		return 1;
	put_above(&l, &above);
	if (port_stat_path(l.folder_room, &st) == RC_OK)
		jail.writable = l.folder_room;
	if (port_jail(&jail, &lacks) != RC_OK)
		ends(&l, FATE_LATER, "4.3.0", "cannot become uid %u: %s",
		    l.uid, port_error());
	else
		deliver(&l);
	queue_saying_put(&b, &(struct queue_saying){
		.word = QUEUE_SAYS_RCPT, .fate = l.fate,
		.dsn = span_of(l.dsn), .text = buf_span(&l.text) });
	return port_send(fd, buf_span(&b), -1, until) == RC_OK ? 0 : 1;
}

/* ---- where it goes ------------------------------------------------------- */

static void
crashed(struct local *l, const char *what)
{
	ends(l, FATE_LATER, "4.3.0", "%s the process that delivers: %s", what,
	    port_error());
}

static void
have_delivered(struct local *l)
{
	char room[2 * WHY_BYTES];
	struct queue_saying s;
	ms_t until = port_now() + CHILD_FOR;
	unsigned pid;
	size_t got;
	int fd, none;
	enum rc rc;

	if (port_spawn(become, l, &pid, &fd) != RC_OK) {
		crashed(l, "cannot start");
		return;
	}
	rc = port_send(fd, SPAN("mail"), l->job->mail.fd, until);
	if (rc == RC_OK)
		rc = port_recv(fd, room, sizeof(room), until, &got, &none);
	if (rc == RC_OK)
		rc = queue_saying_take((struct span){ room, got }, &s);
	if (rc == RC_OK) {
		l->fate = (enum fate)s.fate;
		span_copy(s.dsn, l->dsn, sizeof(l->dsn));
		buf_put_cut(&l->text, s.text);
	} else {
		crashed(l, "lost");
	}
	port_close(fd);
	port_reap(pid, until);
}

/*
 * A maildir of the user's may have to be made where only root can.  Not where
 * others could put something else in its place meanwhile.
 */
static void
make_as_root(struct local *l)
{
	char room[PATH_BYTES];
	struct buf above = BUF(room);
	struct port_stat st;

	if (port_uid() != 0 ||
	    port_stat_path(buf_text(&l->folder), &st) != RC_NONE)
		return;
	put_above(l, &above);
	/* If it fails, so does the delivery, and tells why. */
	if (port_stat_path(room, &st) == RC_OK && st.uid == 0 &&
	    ((st.mode & 022) == 0 || (st.mode & 01000) != 0) &&
	    port_folder_make(buf_text(&l->folder), 0700) == RC_OK)
		(void)!port_set_owner(buf_text(&l->folder), l->uid);
}

static enum rc
no_mailbox(struct local *l)
{
	const struct settings *set = l->set;

	if (set->mailbox_command.n > 0)
		return ends(l, FATE_LATER, "4.3.5", "commands are not run "
		    "here: take mailbox_command out of main.cf, or set "
		    "postern_maildir");
	if (set->home_mailbox.n > 0)
		return ends(l, FATE_LATER, "4.3.5", "home_mailbox = %.*s is no "
		    "maildir: let it end in /", SPAN_ARG(set->home_mailbox));
	return ends(l, FATE_LATER, "4.3.5", "there is no mailbox for mail of "
	    "this machine: set postern_maildir = FOLDER or postern_local_to = "
	    "ADDRESS in main.cf");
}

static enum rc
no_user(struct local *l, struct span name)
{
	if (l->set->luser_relay.n > 0)
		return ends(l, FATE_LATER, "4.3.5", "luser_relay is not known "
		    "here: set postern_local_to = ADDRESS or postern_maildir = "
		    "FOLDER in main.cf");
	return ends(l, FATE_NEVER, "5.1.1", "unknown user: \"%.*s\"",
	    SPAN_ARG(name));
}

static bool
is_maildir(struct span s)
{
	return s.n > 0 && s.p[s.n - 1] == '/';
}

/* The account, in lower case; the extension is no part of its name. */
static enum rc
find_user(struct local *l, struct span local)
{
	const struct settings *set = l->set;
	struct span ext = mail_map_split(local, set->recipient_delimiter);
	char room[64], home_room[256];
	struct buf name = BUF(room), home = BUF(home_room);

	local = span_head(local, local.n - ext.n);
	for (size_t i = 0; i < local.n; i++)
		buf_putc(&name, local.p[i] >= 'A' && local.p[i] <= 'Z' ?
		    (char)(local.p[i] + 'a' - 'A') : local.p[i]);
	if (name.full || port_home(buf_span(&name), &l->uid, &home) != RC_OK)
		return no_user(l, local);
	if (set->mailbox_command.n > 0 ||
	    (!is_maildir(set->home_mailbox) && (set->home_mailbox.n > 0 ||
	    !is_maildir(set->mail_spool_directory))))
		return no_mailbox(l);
	if (l->uid == 0)
		return ends(l, FATE_LATER, "4.3.5", "nothing is written as "
		    "root: give mail for root to somebody, in the aliases or "
		    "with postern_local_to");
	if (set->home_mailbox.n > 0)
		buf_fmt(&l->folder, "%.*s/%.*s", SPAN_ARG(buf_span(&home)),
		    SPAN_ARG(set->home_mailbox));
	else
		buf_fmt(&l->folder, "%.*s%.*s",
		    SPAN_ARG(set->mail_spool_directory),
		    SPAN_ARG(buf_span(&name)));
	return RC_OK;
}

static enum rc
find_place(struct local *l)
{
	struct span local = mail_addr_local(l->to->addr);
	struct port_stat st;

	if (local.n > 0 && (local.p[0] == '|' || local.p[0] == '/'))
		return ends(l, FATE_LATER, "4.3.5", "commands and files get no "
		    "mail here: change the alias that names \"%.*s\"",
		    SPAN_ARG(local));
	l->uid = l->owner;
	if (l->set->postern_maildir.n == 0)
		TRY(find_user(l, local));
	else
		buf_put(&l->folder, l->set->postern_maildir);
	while (l->folder.n > 1 && l->folder.p[l->folder.n - 1] == '/')
		l->folder.n--;
	if (l->folder.full || buf_text(&l->folder)[0] != '/')
		return ends(l, FATE_LATER, "4.3.5", "the maildir's name must "
		    "begin with / and be shorter than %d octets", PATH_BYTES);
	if (l->set->postern_maildir.n > 0 &&
	    port_stat_path(l->folder_room, &st) == RC_OK && st.uid != 0)
		l->uid = st.uid;
	make_as_root(l);
	return RC_OK;
}

/* ---- a job --------------------------------------------------------------- */

static enum rc
one(struct local *l, struct report *report)
{
	struct verdict v = { .relay = SPAN(WORK_LOCAL_RELAY),
		.sending = port_now() };

	l->folder = BUF(l->folder_room);
	l->text = BUF(l->text_room);
	if (find_place(l) == RC_OK)
		have_delivered(l);
	if (l->fate == FATE_NEVER && l->set->soft_bounce) {
		l->fate = FATE_LATER;
		l->dsn[0] = '4';
		v.softened = true;
	}
	text_mask(&l->text, 0);
	v.fate = l->fate;
	v.text = buf_span(&l->text);
	memcpy(v.dsn, l->dsn, sizeof(v.dsn));
	return report->put(report, l->job, l->to, &v);
}

enum rc
work_local(const struct settings *set, uint32_t owner, struct job *job,
	struct report *report)
{
	struct rcpt_at at = { 0 };
	struct rcpt to;
	struct local l = { .set = set, .owner = owner, .job = job, .to = &to };

	while (rcpt_next(&job->rcpts, &at, &to)) {
		if (job->rcpts.state[at.index - 1] == RCPT_DONE)
			continue;
		TRY(one(&l, report));
		job->rcpts.state[at.index - 1] = RCPT_DONE;
		job->rcpts.pending--;
	}
	return RC_OK;
}
