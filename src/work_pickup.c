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
#include <string.h>

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
	struct work_child *child;
	struct submit *s;
	unsigned n, left, gone;
	struct file file[BATCH];
	struct queue q;
	struct port_list list;
	struct queue_head head;
	struct queue_envelope env;
	struct queue_reader reader;
	struct submit_in in;
	char login[SUBMIT_LOGIN_MAX];
};

/* ---- as root: names and files -------------------------------------------- */

static void
discard(struct pickup *p, const char *name)
{
	char path[QUEUE_PATH_MAX];

	if (port_remove(queue_at(path, &p->q, QUEUE_DROP, name)) != RC_OK)
		log_line(&p->child->log, LOG_ERROR, "%s: not removed: %s", path,
			port_error());
	else
		p->gone++;
}

static void
set_aside(struct pickup *p, const char *name, const char *why)
{
	p->gone += queue_set_aside(&p->q, QUEUE_DROP, name, why);
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
	struct port_stat st;

	if (port_stat_fd(fd, &st) != RC_OK)
		st.links = 0;
	if (name[0] == '.') {	/* a draft: its writer is at it, or was */
		if (st.links > 0 && port_wall() - st.mtime_s > OLD_S)
			discard(p, name);
	} else if (st.links != 1) {
		set_aside(p, name, "it has other names, too");
	} else if (p->n == BATCH - 1 || count_of(p, st.uid) == PER_UID) {
		p->left++;
	} else {
		memcpy(f->name, name, strlen(name) + 1);
		f->fd = fd;
		f->uid = st.uid;
		p->n++;
		return;
	}
	port_close(fd);
}

static void
look_at(struct pickup *p, struct buf *name)
{
	char path[QUEUE_PATH_MAX];
	const char *text = buf_text(name);
	bool is_draft = text[0] == '.';
	enum rc rc = RC_DENY;
	int fd;

	if (is_draft || queue_id_is_safe(buf_span(name)))
		rc = port_open_strange(queue_at(path, &p->q, QUEUE_DROP, text),
			&fd);
	if (rc == RC_OK)
		keep(p, fd, text);
	else if (is_draft)
		return;
	else if (rc == RC_DENY)
		set_aside(p, text, "no file, or not the name of a message");
	else if (rc != RC_NONE)
		log_line(&p->child->log, LOG_ERROR, "%s: not opened: %s", path,
			port_error());
}

static enum rc
gather(struct pickup *p)
{
	char path[QUEUE_PATH_MAX], text[NAME_BYTES];
	struct buf name = BUF(text);
	enum rc rc;

	TRY(port_list_open(&p->list, queue_at(path, &p->q, QUEUE_DROP, "")));
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
			log_line(&p->child->log, LOG_WARNING, "to=<%.*s>: no"
				" mail address; left out", SPAN_ARG(r.to.addr));
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

/* Why it cannot be taken; NULL: it was, or stays. */
static const char *
take(struct pickup *p, const struct file *f)
{
	struct submit *s = p->s;
	int code;

	s->size = 0;
	if (queue_head_read(f->fd, &p->head) != RC_OK ||
	    queue_reader_start(&p->reader, f->fd, &p->head, &p->env) != RC_OK)
		return "it is no message";
	introduce(p, f->uid);
	if (submit_from(s, p->env.sender, true) != EXIT_OK)
		return buf_text(&s->why);
	if (take_rcpts(p) != RC_OK)
		return "it is no message";
	point_at(p, f->fd);
	code = submit_take(s, &p->in);
	if (code == EXIT_OK)
		code = submit_queue(s);
	if (code == EXIT_OK)
		discard(p, f->name);
	else if (may_stay(s, code))
		log_line(&p->child->log, LOG_WARNING, "drop/%s: %s", f->name,
			buf_text(&s->why));
	else
		return buf_text(&s->why);
	return NULL;
}

static enum rc
work(struct pickup *p)
{
	const struct port_jail jail = { .uid = p->q.owner,
		.writable = p->q.folder_room };
	char room[QUEUE_PATH_MAX], words[256];
	struct buf lacks = BUF(words);

	TRY(gather(p));
	TRY(port_jail(&jail, &lacks));
	for (unsigned i = 0; i < p->n; i++) {
		const char *why = take(p, &p->file[i]);

		if (why != NULL)
			set_aside(p, p->file[i].name, why);
		port_close(p->file[i].fd);
	}
	if (p->gone == 0)
		return RC_OK;
	/* Else what was delivered long ago could come back. */
	return port_sync_folder(queue_at(room, &p->q, QUEUE_DROP, ""));
}

int
work_pickup(void *arg, int fd)
{
	struct pickup *p = port_memory(sizeof(*p));
	struct work_child *c = work_child(arg, fd);
	int passed = -1;
	enum rc rc;

	if (p == NULL || c == NULL)
		return EXIT_LATER;
	p->child = c;
	if (work_hear(c, MS_NEVER, &passed) != RC_OK ||
	    queue_open(&p->q, c->work->param, &c->log) != RC_OK)
		return EXIT_LATER;
	p->s = submit_new(c->work->param, &c->log, &p->q);
	if (p->s == NULL)
		return EXIT_LATER;
	p->s->is_pickup = true;
	rc = work(p);
	return work_done(c, rc, p->gone > 0 ? p->left : 0) == RC_OK ? EXIT_OK :
		EXIT_LATER;
}
