/*
 * work_pickup.c - the manager's child that takes in what lies in drop.
 *
 * Users who have no way into the queue put their mail there, in files of the
 * queue's own form, so anybody can put anything there.  Whose it is, is what
 * the file system says; content and recipients are taken as sendmail takes
 * those of a program, with every check anew.  What lies there is opened as
 * root, as nobody else may read it; looking into it is left to a process that
 * can do nothing but write to the queue.
 *
 * A message leaves drop when it is in the queue, so a crash between the two
 * repeats it; when the child is done it is gone for good.  One that cannot be
 * taken now (a table that can't tell, a full disk) stays; what is no message,
 * or not allowed, is set aside.
 *
 * The answer is one DONE, its index being how many files were not looked at;
 * or 0, if all that were looked at stay: to ask again at once is of no use.
 */
#include "port.h"
#include "submit.h"
#include "work.h"

#define BATCH		64	/* files at a time */
#define PER_UID		16	/* of them: one user's flood is not all */
#define OLD_S		(36 * 3600)	/* of a draft nobody goes on with */
#define NAME_BYTES	256

struct file {
	int fd;
	uint32_t uid;
	char name[QUEUE_ID_MAX];
};

struct pickup {
	const struct work *work;
	int fd;				/* to the manager */
	struct log log;
	struct queue q;
	struct submit *s;
	struct port_list list;
	struct file file[BATCH];
	unsigned n, left, gone;
	struct queue_head head;
	struct queue_envelope env;
	struct queue_reader reader;
	struct submit_in in;
	char login[SUBMIT_LOGIN_MAX];
	char message[PORT_MESSAGE_MAX];
};

static enum rc
say(struct pickup *p, const struct queue_saying *what)
{
	struct buf b = BUF(p->message);

	queue_saying_put(&b, what);
	return port_send(p->fd, buf_span(&b), -1, port_now() +
		p->work->param->set.ipc_timeout);
}

static void
sink(void *arg, enum log_level level, struct span text)
{
	struct queue_saying s = { .word = QUEUE_SAYS_LOG, .level = level,
		.text = text };

	if (say(arg, &s) != RC_OK)
		port_err(text);		/* nobody else is left to hear it */
}

/* ---- as root: names and files -------------------------------------------- */

static void
path_of(const struct pickup *p, struct buf *b, const char *folder,
	const char *name)
{
	queue_path(&p->q, b, folder, span_of(name));
}

static void
discard(struct pickup *p, const char *name)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);

	path_of(p, &path, "drop", name);
	if (port_remove(buf_text(&path)) != RC_OK)
		log_line(&p->log, LOG_ERROR, "%s: not removed: %s", room,
			port_error());
	else
		p->gone++;
}

static void
set_aside(struct pickup *p, const char *name, const char *why)
{
	char from[QUEUE_PATH_MAX], to[QUEUE_PATH_MAX];
	struct buf f = BUF(from), t = BUF(to);

	path_of(p, &f, "drop", name);
	path_of(p, &t, "corrupt", name);
	if (f.full || t.full ||
	    port_rename(buf_text(&f), buf_text(&t)) != RC_OK) {
		log_line(&p->log, LOG_ERROR, "drop/%s: %s; not set aside: %s",
			name, why, port_error());
		return;
	}
	p->gone++;
	log_line(&p->log, LOG_ERROR, "drop/%s: %s; set aside as %s", name,
		why, to);
}

/* A draft: its writer is at it, or was. */
static void
look_at_draft(struct pickup *p, const char *name)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	struct port_stat st;
	int fd;

	path_of(p, &path, "drop", name);
	if (path.full || port_open_strange(buf_text(&path), &fd) != RC_OK)
		return;
	if (port_stat_fd(fd, &st) == RC_OK && port_wall() - st.mtime_s > OLD_S)
		discard(p, name);
	port_close(fd);
}

static unsigned
count_of(const struct pickup *p, uint32_t uid)
{
	unsigned count = 0;

	for (unsigned i = 0; i < p->n; i++)
		count += p->file[i].uid == uid;
	return count;
}

/* A file that may be a message: kept open, or passed over for now. */
static void
keep(struct pickup *p, int fd, const char *name)
{
	struct file *f = &p->file[p->n];
	struct buf copy = BUF(f->name);
	struct port_stat st;

	if (port_stat_fd(fd, &st) != RC_OK || st.links != 1) {
		port_close(fd);
		set_aside(p, name, "it has other names, too");
		return;
	}
	if (p->n == BATCH - 1 || count_of(p, st.uid) == PER_UID) {
		port_close(fd);
		p->left++;
		return;
	}
	buf_puts(&copy, name);
	buf_text(&copy);
	f->fd = fd;
	f->uid = st.uid;
	p->n++;
}

static void
look_at(struct pickup *p, struct buf *name)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	const char *text = buf_text(name);
	enum rc rc;
	int fd;

	if (text[0] == '.') {
		look_at_draft(p, text);
		return;
	}
	path_of(p, &path, "drop", text);
	rc = queue_id_is_safe(buf_span(name)) && !path.full ?
		port_open_strange(buf_text(&path), &fd) : RC_DENY;
	if (rc == RC_OK)
		keep(p, fd, text);
	else if (rc == RC_DENY)
		set_aside(p, text, "no file, or not the name of a message");
	else if (rc != RC_NONE)
		log_line(&p->log, LOG_ERROR, "%s: not opened: %s", room,
			port_error());
}

static enum rc
gather(struct pickup *p)
{
	char room[QUEUE_PATH_MAX], text[NAME_BYTES];
	struct buf path = BUF(room), name = BUF(text);
	enum rc rc;

	path_of(p, &path, "drop", "");
	TRY(port_list_open(&p->list, buf_text(&path)));
	while ((rc = port_list_next(&p->list, &name)) == RC_OK) {
		look_at(p, &name);
		name = BUF(text);
	}
	port_list_close(&p->list);
	return rc == RC_NONE ? RC_OK : rc;
}

/* ---- behind walls: what is in them --------------------------------------- */

static enum rc
take_rcpts(struct pickup *p)
{
	struct queue_rcpt r;
	enum rc rc;

	while ((rc = queue_rcpt_next(&p->reader, &r)) == RC_OK) {
		r.to.given = r.given.n > 0 ? r.given : r.to.addr;
		if (!submit_rcpt_put(p->s, &r.to))
			log_line(&p->log, LOG_WARNING, "to=<%.*s>: no mail"
				" address; left out", SPAN_ARG(r.to.addr));
	}
	return rc == RC_NONE ? RC_OK : rc;
}

/* The content, from where it stands in the file. */
static void
point_at(struct pickup *p, int fd)
{
	const struct settings *set = p->s->set;

	submit_in_start(&p->in, ENDINGS_ALWAYS, false);
	p->in.fd = fd;
	p->in.at = QUEUE_HEAD_BYTES;
	p->in.end = QUEUE_HEAD_BYTES + p->head.body_bytes;
	p->in.replace_stray = set->cleanup_replace_stray_cr_lf;
}

static void
introduce(struct pickup *p, uint32_t uid)
{
	struct submit *s = p->s;
	struct buf login = BUF(p->login);

	(void)port_login(uid, &login);
	s->login = buf_span(&login);
	s->uid = uid;
	s->body = p->head.body;
	s->ret = p->head.ret;
	s->envid = p->env.envid;
	s->smtputf8 = (p->head.flags & QUEUE_UTF8) != 0;
}

/* Is it for now that it can't be taken?  EXIT_LATER has other reasons, too. */
static bool
may_stay(const struct submit *s, int code)
{
	int64_t most = s->set->message_size_limit;

	return code == EXIT_LATER && (most == 0 || s->size <= most);
}

static void
take(struct pickup *p, const struct file *f)
{
	struct submit *s = p->s;
	const char *no_message = "it is no message";
	int code;

	s->size = 0;
	if (queue_head_read(f->fd, &p->head) != RC_OK ||
	    queue_reader_start(&p->reader, f->fd, &p->head, &p->env) !=
	    RC_OK) {
		set_aside(p, f->name, no_message);
		return;
	}
	introduce(p, f->uid);
	if (submit_from(s, p->env.sender, true) != EXIT_OK) {
		set_aside(p, f->name, buf_text(&s->why));
		return;
	}
	if (take_rcpts(p) != RC_OK) {
		set_aside(p, f->name, no_message);
		return;
	}
	point_at(p, f->fd);
	code = submit_take(s, &p->in);
	if (code == EXIT_OK)
		code = submit_queue(s);
	if (code == EXIT_OK)
		discard(p, f->name);
	else if (may_stay(s, code))
		log_line(&p->log, LOG_WARNING, "drop/%s: %s", f->name,
			buf_text(&s->why));
	else
		set_aside(p, f->name, buf_text(&s->why));
}

/* Else what was delivered long ago could come back. */
static enum rc
sync_drop(const struct pickup *p)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);

	path_of(p, &path, "drop", "");
	return port_sync_folder(buf_text(&path));
}

static enum rc
work(struct pickup *p)
{
	struct port_jail jail = { .uid = p->q.owner };
	char room[QUEUE_PATH_MAX], words[256];
	struct buf path = BUF(room), lacks = BUF(words);

	TRY(gather(p));
	path_of(p, &path, "", "");
	jail.writable = buf_text(&path);
	TRY(port_jail(&jail, &lacks));
	for (unsigned i = 0; i < p->n; i++) {
		take(p, &p->file[i]);
		port_close(p->file[i].fd);
	}
	return p->gone > 0 ? sync_drop(p) : RC_OK;
}

static enum rc
take_order(struct pickup *p)
{
	int passed = -1;
	size_t n;

	TRY(port_recv(p->fd, p->message, sizeof(p->message), MS_NEVER, &n,
		&passed));
	port_close(passed);
	return RC_OK;
}

int
work_pickup(void *arg, int fd)
{
	struct pickup *p = port_memory(sizeof(*p));
	struct queue_saying done = { .word = QUEUE_SAYS_DONE };

	if (p == NULL)
		return EXIT_LATER;
	p->work = arg;
	p->fd = fd;
	p->log = *p->work->log;
	p->log.sink = sink;
	p->log.sink_arg = p;
	if (take_order(p) != RC_OK ||
	    queue_open(&p->q, p->work->param, &p->log) != RC_OK)
		return EXIT_LATER;
	p->s = submit_new(p->work->param, &p->log, &p->q);
	if (p->s == NULL)
		return EXIT_LATER;
	p->s->is_pickup = true;
	if (work(p) != RC_OK) {
		done.flags = QUEUE_BUG_FAULT;
		done.text = span_of(port_error());
	}
	done.index = p->gone > 0 ? p->left : 0;
	return say(p, &done) == RC_OK ? EXIT_OK : EXIT_LATER;
}
