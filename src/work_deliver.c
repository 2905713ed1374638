/*
 * work_deliver.c - the manager's child that delivers: one next hop, job after
 * job, on one connection as far as the caching parameters allow.
 *
 * Its settings are those of the manager, or for LMTP loaded anew.  Each order
 * names recipients of one message; each of them is answered with a saying,
 * whatever happens short of a crash, and the order with DONE.  Without an order
 * for a while it says BYE, and goes when its socket ends: an order that crossed
 * the BYE is done.
 *
 * Before it meets the network it opens tables, keys and authorities, some of
 * which may be root's alone, and then gives up root and puts walls around
 * itself; what is left to be written is data_directory, for caches.  Mail for
 * this machine goes nowhere, so whoever delivers it stays as he is, and has a
 * process for each message that becomes its owner (work_local.c).
 */
#include <string.h>

#include "applet.h"
#include "port.h"
#include "smtp.h"
#include "work.h"

#define SETTINGS_BYTES	((size_t)64 * 1024)	/* touched as needed */
#define WHY_MAX		512
#define SCRAPS_BYTES	((size_t)5 << 20)	/* of the longest order */
#define WORDS_EACH	5	/* -N, -O, -G, -- and the address */
/* A new process costs less than one that is kept waiting. */
#define IDLE		(2 * SECOND)

/* What is touched for every mail stands together, as each page is part of the
   budget; lines for the manager are made where the order's scraps end. */
struct deliver {
	struct report report;		/* first: put() gets it */
	struct work_child *child;
	const struct work *work;
	const struct queue_order *order;
	int mail;			/* of the latest order; -1: none */
	const struct settings *set;	/* of its protocol */
	struct worker *worker;		/* NULL: for local mail */
	enum rc state_of_load;		/* RC_NONE: nothing was loaded yet */
	bool is_local;
	struct report_form form;

	struct job job;
	struct arena scraps;		/* of the order */
	char **words;
	const char **addr;		/* of each recipient, among the words */
	unsigned at;			/* the recipient reported last */
	struct buf text;		/* of the words */
	char why[WHY_MAX];

	struct arena arena;
	struct param param;		/* for LMTP */
};

/* ---- what is said -------------------------------------------------------- */

/* The place of a recipient in the order; they come mostly in its order. */
static unsigned
place_of(struct deliver *d, const struct rcpt *to)
{
	for (unsigned i = 0; i < d->order->rcpts; i++) {
		d->at = (d->at + 1) % d->order->rcpts;
		if (d->addr[d->at] == to->addr.p)
			break;
	}
	return d->at;
}

static enum rc
put(struct report *report, const struct job *j, const struct rcpt *to,
	const struct verdict *v)
{
	struct deliver *d = (struct deliver *)report;
	struct buf line = arena_room(&d->scraps);	/* is there */
	struct queue_saying s = {
		.word = QUEUE_SAYS_RCPT,
		.flags = v->reach,
		.index = d->order->index[place_of(d, to)],
		.fate = v->fate,
		.level = LOG_INFO,
		.dsn = span_of(v->dsn),
		.relay = v->relay,
		.text = v->text,
	};

	line.cap = REPORT_LINE_MAX;
	report_line(&line, &d->form, j, to, v);
	s.line = buf_span(&line);
	return work_say(d->child, &s);
}

/* All that nobody has answered for. */
static void
put_rest(struct deliver *d, unsigned reach, const char *dsn,
	struct span text)
{
	struct verdict v = { .fate = FATE_LATER, .reach = reach,
	    .relay = SPAN("none"), .text = text };
	struct rcpt_at at = { 0 };
	struct rcpt to;

	memcpy(v.dsn, dsn, sizeof("4.3.0"));
	while (rcpt_next(&d->job.rcpts, &at, &to))
		if (d->job.rcpts.state[at.index - 1] != RCPT_DONE &&
		    put(&d->report, &d->job, &to, &v) != RC_OK)
			return;
}

/* ---- an order becomes a job ---------------------------------------------- */

static void
add_word(struct deliver *d, const char *option, struct span value)
{
	if (value.n == 0)
		return;
	d->words[d->job.rcpts.words_n++] = d->text.p + d->text.n;
	buf_puts(&d->text, option);
	buf_put(&d->text, value);
	buf_putc(&d->text, '\0');
}

static void
add_rcpt(struct deliver *d, const struct queue_rcpt *r)
{
	char room[40];
	struct buf b = BUF(room);

	rcpt_put_notify(&b, r->to.notify);
	add_word(d, "-N", buf_span(&b));
	add_word(d, "-O", r->to.orcpt);
	add_word(d, "-G", r->given);
	add_word(d, "", SPAN("--"));
	d->addr[d->job.rcpts.n] = d->text.p + d->text.n;
	add_word(d, "", r->to.addr);
	d->job.rcpts.n++;		/* RCPT_PENDING, which is zero */
}

/* The recipients of the order, which rise, out of all. */
static enum rc
read_rcpts(struct deliver *d, struct queue_reader *reader)
{
	struct rcpt_list *l = &d->job.rcpts;
	size_t n = d->order->rcpts;
	struct queue_rcpt r;

	l->state = arena_take(&d->scraps, n);
	d->addr = arena_take(&d->scraps, n * sizeof(*d->addr));
	d->words = arena_take(&d->scraps, n * WORDS_EACH * sizeof(*d->words));
	if (l->state == NULL || d->addr == NULL || d->words == NULL)
		return RC_FULL;
	l->words = d->words;
	d->text = arena_room(&d->scraps);
	for (unsigned i = 0; i < n; i++) {
		do
			TRY(queue_rcpt_next(reader, &r));
		while (r.index < d->order->index[i]);
		if (r.index != d->order->index[i])
			return RC_WIRE;
		add_rcpt(d, &r);
	}
	l->pending = l->n;
	if (d->text.full)
		return RC_FULL;
	arena_keep(&d->scraps, &d->text);
	return RC_OK;
}

static void
fill_job(struct deliver *d, const struct queue_head *h, int fd)
{
	d->job = (struct job){
		.nexthop = d->order->nexthop,
		.queue_id = span_of(d->order->id),
		.body = h->body,
		.ret = h->ret,
		.smtputf8 = (h->flags & QUEUE_UTF8) != 0,
		.more = d->order->more,
		.arrived_ms = h->arrived_ms != 0 ? h->arrived_ms :
		    port_wall_ms(),
		.started = d->order->started,
		.mail = {
			.fd = fd,
			.start = QUEUE_HEAD_BYTES,
			.size = h->body_bytes,
			.ends = MAIL_ENDS_NEVER,  /* submission saw to them */
		},
	};
}

static NOINLINE enum rc
read_job(struct deliver *d, int fd)
{
	struct queue_head head;
	struct queue_envelope env;
	struct queue_reader reader;

	arena_empty(&d->scraps);
	TRY(queue_head_read(fd, &head));
	TRY(queue_reader_start(&reader, fd, &head, &env));
	fill_job(d, &head, fd);
	TRY(arena_copy(&d->scraps, env.sender, &d->job.sender));
	TRY(arena_copy(&d->scraps, env.envid, &d->job.envid));
	for (size_t i = 0; i < JOB_ATTRS; i++)
		TRY(arena_copy(&d->scraps, env.attr[i], &d->job.attr[i]));
	return read_rcpts(d, &reader);
}

/* ---- the work ------------------------------------------------------------ */

/* Where caches may be kept, in the hands of whom workers become. */
static void
make_data_folder(const struct settings *set, const char *path)
{
	struct port_stat st;

	if (set->sasl_auth_cache_name.n + set->tls_session_cache_database.n
	    == 0 || port_stat_path(path, &st) != RC_NONE ||
	    port_folder_make(path, 0700) != RC_OK || port_uid() != 0)
		return;
	(void)!port_set_owner(path, queue_owner(set));
}

static enum rc
put_up_walls(const struct settings *set, struct buf *lacks)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	const struct port_jail jail = {
		.uid = queue_owner(set), .writable = room, .network = true
	};

	buf_put(&path, set->data_directory);
	make_data_folder(set, buf_text(&path));
	return port_jail(&jail, lacks);
}

static enum rc
start_worker(struct deliver *d, bool is_lmtp, struct buf *why)
{
	const struct settings *set = d->set;
	char room[64];
	struct buf lacks = BUF(room);

	d->worker = port_memory(smtp_worker_bytes());
	if (d->worker == NULL)
		return RC_OS;
	if (smtp_worker(d->worker, set, &d->child->log, &d->report, is_lmtp) !=
	    RC_OK) {
		buf_puts(why, "the settings cannot be used: see the log");
		return RC_DENY;
	}
	smtp_prepare(d->worker);
	if (put_up_walls(set, &lacks) == RC_OK)
		return RC_OK;
	buf_fmt(why, "cannot become uid %u (mail_owner): %s",
	    queue_owner(set), port_error());
	return RC_DENY;
}

/* The manager's are those of SMTP. */
static enum rc
load_lmtp(struct deliver *d, struct buf *why)
{
	const struct param_from from = {
		.folder = d->work->folder,
		.options = d->work->options,
		.options_n = d->work->options_n,
		.program = "lmtp",
		.is_lmtp = true,
		.log = &d->child->log,
	};
	void *memory = port_memory(SETTINGS_BYTES);

	if (memory == NULL)
		return RC_OS;
	arena_init(&d->arena, memory, SETTINGS_BYTES);
	d->set = &d->param.set;
	return param_load(&d->param, &from, &d->arena, why);
}

static enum rc
load(struct deliver *d, struct buf *why)
{
	bool is_lmtp = span_is(d->order->transport, "lmtp");

	d->set = &d->work->param->set;
	if (is_lmtp)
		TRY(load_lmtp(d, why));
	d->form = (struct report_form){
		.external = d->set->info_log_address_format == FORMAT_EXTERNAL,
		.ascii_only = !d->set->smtputf8_enable,
		.digits = d->set->delay_logging_resolution_limit,
	};
	return d->is_local ? RC_OK : start_worker(d, is_lmtp, why);
}

static void
deliver_mail(struct deliver *d)
{
	enum rc rc = d->is_local ? work_local(d->set,
	    queue_owner(d->set), &d->job, &d->report) :
	    smtp_deliver(d->worker, &d->job);

	switch (rc) {
	case RC_OK:
		break;
	case RC_DENY:
		put_rest(d, REACH_OURS, "4.3.5",
		    SPAN("the next hop is no destination"));
		break;
	case RC_NONE:
		put_rest(d, REACH_OURS, "4.3.5", SPAN("this host is the"
		    " domain's best exchanger, and best_mx_transport cannot"
		    " be used from the queue: name the domain in"
		    " transport_maps"));
		break;
	default:
		put_rest(d, REACH_OURS, "4.3.0", span_of(port_error()));
	}
}

/* What can't be loaded, or put behind walls, delivers nothing. */
static void
deliver(struct deliver *d)
{
	struct buf why = BUF(d->why);

	if (d->state_of_load == RC_NONE) {
		d->is_local = span_is(d->order->transport, "local");
		d->state_of_load = load(d, &why);
		if (why.n == 0)
			buf_puts(&why, "out of memory");
		buf_text(&why);
	}
	if (d->state_of_load == RC_OK)
		deliver_mail(d);
	else
		put_rest(d, REACH_OURS, d->state_of_load == RC_OS ? "4.3.0" :
		    "4.3.5", span_of(d->why));
}

/* RC_NONE: nothing for a while. */
static enum rc
next_order(struct deliver *d, ms_t until, int *fd)
{
	enum rc rc;

	for (;;) {
		ms_t kept = d->worker != NULL ? smtp_kept_until(d->worker) :
		    MS_NEVER;

		rc = work_hear(d->child, kept < until ? kept : until, fd);
		if (rc != RC_TIME)
			break;
		if (kept >= until)
			return RC_NONE;
		smtp_rest(d->worker);
	}
	/* Whoever hears something else ends, and all that he has with him. */
	return rc == RC_OK && (*fd < 0 || d->order->rcpts == 0) ? RC_WIRE : rc;
}

/*
 * The latest message's file: by the time the next one comes the manager has
 * removed it, and its octets go with the last descriptor.  That takes longer
 * than all the manager does for a message, and here it is done by many.
 */
static void
let_go(struct deliver *d)
{
	port_close(d->mail);
	d->mail = -1;
}

static enum rc
obey(struct deliver *d, int fd)
{
	enum rc rc = read_job(d, fd);

	let_go(d);
	d->mail = fd;
	if (rc != RC_OK)	/* the manager will find out what it is */
		return rc;
	deliver(d);
	return d->child->has_failed ? RC_GONE : work_done(d->child, RC_OK, 0);
}

/* How long to wait for an order; without work it would go. */
static ms_t
patience(const struct deliver *d)
{
	ms_t idle = d->work->param->set.max_idle;

	return port_now() + (idle < IDLE ? idle : IDLE);
}

static enum rc
work(struct deliver *d)
{
	static const struct queue_saying bye = { .word = QUEUE_SAYS_BYE };
	int fd = -1;
	enum rc rc = next_order(d, MS_NEVER, &fd);

	while (rc == RC_OK) {
		TRY(obey(d, fd));
		rc = next_order(d, patience(d), &fd);
		if (rc != RC_NONE)
			continue;
		if (d->worker != NULL)
			smtp_rest(d->worker);
		let_go(d);
		TRY(work_say(d->child, &bye));
		rc = next_order(d, MS_NEVER, &fd);
	}
	if (d->worker != NULL)
		smtp_rest(d->worker);
	return rc == RC_GONE ? RC_OK : rc;
}

int
work_deliver(void *arg, int fd)
{
	struct deliver *d = port_memory(sizeof(*d));
	struct work_child *c = work_child(arg, fd);
	void *scraps = port_memory(SCRAPS_BYTES);

	if (d == NULL || c == NULL || scraps == NULL)
		return EXIT_LATER;
	d->child = c;
	d->work = c->work;
	d->order = &c->order;
	d->mail = -1;
	d->report.put = put;
	d->state_of_load = RC_NONE;
	arena_init(&d->scraps, scraps, SCRAPS_BYTES);
	return work(d) == RC_OK ? EXIT_OK : EXIT_LATER;
}

/* ---- what the kernel lacks ----------------------------------------------- */

/* Behind walls like those of a deliverer: what they lack is its message. */
static int
try_walls(void *arg, int fd)
{
	const struct work *w = arg;
	char room[128];
	struct buf lacks = BUF(room);

	if (put_up_walls(&w->param->set, &lacks) != RC_OK || lacks.n == 0)
		return 0;
	return port_send(fd, buf_span(&lacks), -1, port_now() + SECOND) !=
	    RC_OK;
}

void
work_walls(const struct work *w)
{
	struct work copy = *w;
	char room[128];
	unsigned pid;
	size_t n;
	int fd, none;

	if (port_spawn(try_walls, &copy, &pid, &fd) != RC_OK)
		return;
	if (port_recv(fd, room, sizeof(room), port_now() + SECOND, &n, &none)
	    == RC_OK)
		log_line(w->log, LOG_INFO, "this kernel has no %.*s: fewer "
		    "walls around what meets the network", (int)n, room);
	port_close(fd);
	port_reap(pid, port_now() + SECOND);
}
