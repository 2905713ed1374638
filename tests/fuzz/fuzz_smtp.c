/*
 * fuzz_smtp.c - workers that are made once, and jobs for them.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_smtp.h"

#define OPTIONS_MAX	16
#define ROOM_MAX	(256 * 1024)

/* One for each protocol and group of settings. */
struct maker {
	struct param param;
	struct arena arena;
	struct log log;
	struct report report;
	struct worker *w;
	void *fresh;		/* the head of *w as it was made */
	char room[ROOM_MAX];
};

/* Names of the other protocol are not looked at: both may stand here. */
static const char *const settings[][OPTIONS_MAX] = {
	{ NULL },
	{ "smtp_discard_ehlo_keywords=dsn, etrn, nonsense",
	    "lmtp_discard_lhlo_keywords=dsn, etrn, nonsense",
	    "smtp_always_send_ehlo=no", "smtp_skip_quit_response=no",
	    "smtp_skip_5xx_greeting=no", "lmtp_skip_5xx_greeting=no",
	    "smtp_per_request_deadline=yes", "lmtp_per_request_deadline=yes",
	    "smtp_pix_workarounds=delay_dotcrlf, nonsense",
	    "soft_bounce=yes", NULL },
	{ "smtp_send_xforward_command=yes", "lmtp_send_xforward_command=yes",
	    "smtp_line_length_limit=20", "lmtp_line_length_limit=20",
	    "smtp_quote_rfc821_envelope=no", "lmtp_quote_rfc821_envelope=no",
	    "smtp_discard_ehlo_keywords=help, silent-discard",
	    "disable_mime_output_conversion=yes", NULL },
	{ "smtp_never_send_ehlo=yes", "smtp_address_verify_target=data",
	    "lmtp_address_verify_target=data", "smtp_line_length_limit=0",
	    NULL },
};

static const char *const words[] = {
	"b@dest.example",
	"-N", "success,failure,delay", "-O", "rfc822;old@dest.example",
	"c d@dest.example",
	"-Nnever", "-Outf-8;\303\244@dest.example", "\303\251@dest.example",
	"-Ndelay", "e@dest.example",
};

/* ---- the worker --------------------------------------------------------- */

static struct fuzz_job *current;

unsigned
fuzz_rcpt_index(struct span addr)
{
	HOLDS(addr.n > 0);
	switch (addr.p[0]) {
	case 'b': return 0;
	case '"':		/* quoted, for its blank */
	case 'c': return 1;
	case '\303': return 2;
	case 'e': return 3;
	default: abort();
	}
}

static enum rc
catch(struct report *r, const struct job *job, const struct rcpt *to,
	const struct verdict *v)
{
	unsigned i = fuzz_rcpt_index(to->addr);

	(void)r;
	HOLDS(job == &current->job);
	HOLDS(strlen(v->dsn) >= 5 && v->relay.n > 0 && v->text.n > 0);
	HOLDS(v->dsn[0] == (v->fate == FATE_SENT ? '2' :
	    v->fate == FATE_NEVER ? '5' : '4'));
	current->times[i]++;
	current->fate[i] = v->fate;
	return RC_OK;
}

static void
make(struct maker *m, bool lmtp, const char *const *options)
{
	struct param_from from = {
		.options = options, .is_bare = true, .is_lmtp = lmtp,
		.program = lmtp ? "lmtp" : "smtp", .log = &m->log,
	};
	char why_room[500];
	struct buf why = BUF(why_room);

	while (options[from.options_n] != NULL)
		from.options_n++;
	m->log = (struct log){ .tag = SPAN("fuzz"), .to_stderr = true,
		.err_level = from.options_n > 9 ? LOG_DEBUG : LOG_INFO };
	m->report.put = catch;
	arena_init(&m->arena, m->room, sizeof(m->room));
	HOLDS(param_load(&m->param, &from, &m->arena, &why) == RC_OK);
	m->w = calloc(1, smtp_worker_bytes());
	m->fresh = malloc(offsetof(struct worker, arena_room));
	HOLDS(m->w != NULL && m->fresh != NULL);
	HOLDS(smtp_worker(m->w, &m->param.set, &m->log, &m->report, lmtp)
	    == RC_OK);
	m->w->dns.msg = malloc(DNS_TCP_MAX + 2);	/* outlives the world */
	HOLDS(m->w->dns.msg != NULL);
	memcpy(m->fresh, m->w, offsetof(struct worker, arena_room));
}

/*
 * As it was made, so that each input stands for itself.  The arena's memory
 * need not be: what is taken from it is zeroed.
 */
static struct worker *
worker_of(unsigned how)
{
	static struct maker makers[2 * COUNT(settings)];
	struct maker *m = &makers[how % COUNT(makers)];

	if (m->w == NULL)
		make(m, how & FUZZ_LMTP, settings[(how & FUZZ_SETTINGS) / 2]);
	memcpy(m->w, m->fresh, offsetof(struct worker, arena_room));
	return m->w;
}

/* ---- the job ------------------------------------------------------------ */

static void
put_message(struct mail_source *src, unsigned what)
{
	static const char small[] = "From: a@here.example\n\n.first\r\n..\n"
	    "a line that is longer than twenty octets\r.\r\n.\r\n\n"
	    FUZZ_LAST_LINE "\n";
	static char large[3 * CHAT_OUT_MAX];
	size_t n = sizeof(small) - 1;

	if (what & FUZZ_LARGE) {
		if (large[0] == '\0')
			memset(large, 'x', sizeof(large));
		memcpy(large, "A: b\n\n", 6);
		large[CHAT_OUT_MAX] = '\n';
		n = sizeof(large) - 8;
		memcpy(large + n, "\n" FUZZ_LAST_LINE, 8);
		n = sizeof(large);
	}
	sim_stdin(what & FUZZ_LARGE ? large : small, n);
	*src = (struct mail_source){ .fd = PORT_STDIN, .size = (int64_t)n,
		.replace_stray = true };
}

static void
put_attrs(struct job *j)
{
	j->attr[JOB_NAME] = SPAN("client.example");
	j->attr[JOB_ADDR] = SPAN("192.0.2.99");
	j->attr[JOB_PORT] = SPAN("4711");
	j->attr[JOB_PROTO] = SPAN("ESMTP");
	j->attr[JOB_HELO] = SPAN("he lo");
	j->attr[JOB_IDENT] = SPAN("1234");
	j->attr[JOB_SOURCE] = SPAN("remote");
}

void
fuzz_job(struct fuzz_job *f, unsigned how, unsigned what)
{
	static const char *const hops[] = {
		"[192.0.2.1]", "inet:192.0.2.1:24",
		"[192.0.2.1], [192.0.2.2]",
		"inet:192.0.2.1:24 inet:192.0.2.2:24"
	};
	struct job *j = &f->job;
	char *const *all = (char *const *)(uintptr_t)words;
	size_t bad;

	sim_begin();
	*f = (struct fuzz_job){ .w = worker_of(how) };
	current = f;
	j->sender = SPAN("a z@here.example");
	j->nexthop = span_of(hops[how % 2 + (how & FUZZ_TWO_HOPS ? 2 : 0)]);
	j->body = (enum job_body)((what & FUZZ_BODY) / 2 % 3);
	j->smtputf8 = what & FUZZ_UTF8;
	j->probe = what & FUZZ_PROBE;
	j->flags = what & FUZZ_TRACE ? JOB_FLAG_R | JOB_FLAG_X : 0;
	if (what & FUZZ_DSN) {
		j->envid = SPAN("id+1");
		j->ret = how & FUZZ_TWO_HOPS ? JOB_RET_FULL : JOB_RET_HDRS;
	}
	if (what & FUZZ_ATTRS)
		put_attrs(j);
	j->arrived_ms = SIM_WALL * SECOND - 1000 * SECOND;
	j->started = SIM_START;
	put_message(&j->mail, what);
	HOLDS(rcpt_list_open(&j->rcpts, all, COUNT(words), &bad) == RC_OK);
	HOLDS(j->rcpts.n == FUZZ_RCPTS);
}

/* ---- checks ------------------------------------------------------------- */

static void
check_ends(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		HOLDS(p[i] != '\n' || (i > 0 && p[i - 1] == '\r'));
		HOLDS(p[i] != '\r' || i + 1 == n || p[i + 1] == '\n');
	}
}

void
fuzz_check_wire(void)
{
	for (unsigned i = 0; i < sim_conns(); i++)
		check_ends(sim_sent(i), sim_sent_bytes(i));
	HOLDS(sim_open_fds() == 0);
}
