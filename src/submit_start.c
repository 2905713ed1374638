/*
 * submit_start.c - memory, tables, and who may send mail as whom.
 *
 * Both are asked where mail is taken for good: of what an unprivileged user
 * leaves in drop, the manager asks again, by the file's owner.
 */
#include <stdarg.h>

#include "port.h"
#include "submit.h"

/* Of a field that is rewritten; longer ones pass as they are. */
#define FIELD_MAX	((int64_t)100 * 1024)

int
submit_fail(struct submit *s, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_clear(&s->why);
	buf_vfmt_cut(&s->why, fmt, ap);
	va_end(ap);
	buf_put_cut(&s->why, SPAN("; nothing was sent"));
	return code;
}

static bool
take_memory(struct buf *b, size_t bytes)
{
	buf_init(b, port_memory(bytes), bytes);
	return b->p != NULL;
}

int
submit_start(struct submit *s)
{
	int64_t field = s->set->header_size_limit;

	if (field > FIELD_MAX)
		field = FIELD_MAX;
	s->why = BUF(s->why_text);
	if (!take_memory(&s->rcpt_text, SUBMIT_RCPT_BYTES) ||
	    !take_memory(&s->final_text, SUBMIT_RCPT_BYTES) ||
	    !take_memory(&s->todo, SUBMIT_ALIAS_BYTES) ||
	    !take_memory(&s->held, (size_t)field) ||
	    !take_memory(&s->anew, 2 * (size_t)field))
		return submit_fail(s, EXIT_LATER, "out of memory");
	if (submit_maps_open(s) == RC_OK)
		return EXIT_OK;
	return submit_fail(s, EXIT_LATER, "the tables of addresses cannot be"
		" opened");
}

struct submit *
submit_new(const struct param *param, const struct log *log, struct queue *q)
{
	struct {
		struct submit s;	/* first: it is what is returned */
		struct app app;
	} *both = port_memory(sizeof(*both));

	if (both == NULL)
		return NULL;
	both->app = (struct app){ .name = "qmgr", .log = *log };
	both->s.app = &both->app;
	both->s.param = param;
	both->s.set = &param->set;
	both->s.queue = q;
	return submit_start(&both->s) == EXIT_OK ? &both->s : NULL;
}

/* ---- senders ------------------------------------------------------------- */

/* `@domain`, `<>`, `*` or an address, in what the table has for a login. */
static bool
is_listed(struct span list, struct span sender)
{
	struct span word;

	while (span_word(&list, LIST_DIVIDERS, &word)) {
		if (span_is(word, "*") || span_eq_case(word, sender) ||
		    (sender.n == 0 && span_is(word, "<>")))
			return true;
		if (word.p[0] == '@' && span_eq_case(mail_addr_domain(sender),
		    span_tail(word, 1)))
			return true;
	}
	return false;
}

static enum rc
may_send_as(struct submit *s)
{
	char room[TABLE_VALUE_MAX], key[SUBMIT_LOGIN_MAX];
	struct buf value = BUF(room), k = BUF(key);
	struct span login = s->login, name = login;

	if (login.n > 0 && login.p[0] >= '0' && login.p[0] <= '9') {
		login = SPAN("unknown");	/* it is a number */
		buf_fmt(&k, "uid:%u", (unsigned)s->uid);
		name = buf_span(&k);
	}
	TRY(table_names_has(&s->maps.users, login, NULL));
	TRY(table_find(&s->maps.list[MAP_LOGIN], name, TABLE_ANY, &value));
	return is_listed(buf_span(&value), s->sender) ? RC_OK : RC_NONE;
}

int
submit_from(struct submit *s, struct span sender, bool complete)
{
	struct buf b = BUF(s->sender_text), from = BUF(s->from_text);
	enum rc rc = RC_NONE;

	s->arrived_ms = port_wall_ms();
	s->is_stuck = false;
	buf_clear(&s->rcpt_text);
	if (complete || sender.n == 0)
		buf_put(&b, sender);
	else
		submit_complete(s, &b, sender, mail_addr_has_domain(sender));
	s->sender = s->from = buf_span(&b);
	if (b.full || !mail_addr_is_safe(s->sender) || (sender.n > 0 &&
	    sender.p[0] == '-' && !s->set->allow_min_user))
		return submit_fail(s, EXIT_USAGE, "%.*s: this is no address",
			SPAN_ARG(sender));
	rc = may_send_as(s);
	if (rc == RC_NONE || (rc != RC_OK && !s->to_drop))
		return submit_fail(s, EXIT_LATER, "user %.*s may not send mail"
			" as <%.*s> (authorized_submit_users,"
			" local_login_sender_maps)", SPAN_ARG(s->login),
			SPAN_ARG(s->sender));
	if (s->sender.n == 0 || s->to_drop)
		return EXIT_OK;
	rc = submit_map(s, ADDRESS_ENVELOPE_SENDER, s->sender, &from);
	if (rc == RC_OK)
		s->from = buf_span(&from);
	s->is_stuck = rc == RC_DENY;
	return EXIT_OK;
}
