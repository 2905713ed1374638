/*
 * dns_ask.c - one question: to which servers it goes, how long an answer is
 * waited for, which answers are believed, and where aliases lead.
 *
 * Whoever can send datagrams in a server's name is kept out by three things he
 * has to guess: our port, the id, and the question itself.  What does not fit
 * is ignored and the waiting goes on, so a wrong guess costs us nothing.
 */
#include "dns_int.h"

/* What is sent to a server: the question without EDNS0, and with it. */
enum { PLAIN, EDNS, FORMS };

/* A lookup under way. */
struct ask {
	struct dns *d;
	struct span name;	/* asked for now: an alias' target later on */
	struct buf text;	/* holds that target */
	enum dns_type type;
	struct msg answer;	/* in d->msg */
	bool is_trusted;	/* the way to who gave it */
	bool is_alias;		/* the answer led from `name` to another one */
	enum dns_fault fault;
};

/* One server is asked, once. */
struct attempt {
	struct ask *k;
	unsigned server;
	int fd;
	uint16_t id[FORMS];
	bool is_sent[FORMS];
};

static ms_t
earlier(ms_t a, ms_t b)
{
	return a < b ? a : b;
}

static enum rc
fail(struct ask *k, enum dns_fault fault, enum rc rc)
{
	k->fault = fault;
	return rc;
}

/* ---- one server ---------------------------------------------------------- */

static size_t
put_query(const struct attempt *t, int form, char *out)
{
	struct msg_query q = {
		.name = t->k->name,
		.type = t->k->type,
		.id = t->id[form],
		.edns = form == EDNS,
		.secure = t->k->d->want_secure
	};

	return msg_put_query(out, &q);
}

static int
form_to_begin_with(const struct attempt *t)
{
	const struct dns *d = t->k->d;

	if (d->conf.no_edns || (d->plain >> t->server & 1) != 0)
		return PLAIN;
	return EDNS;
}

/*
 * Servers older than EDNS0 answer such questions with an error: RFC 6891,
 * section 7, and RFC 2671, 5.3, for SERVFAIL.  Those who know it put an OPT
 * record even into their errors, which then mean what they say.
 */
static bool
refuses_edns(const struct msg *m)
{
	switch (msg_rcode(m)) {
	case DNS_FORMERR:
	case DNS_NOTIMP:
	case DNS_SERVFAIL:
		return msg_lacks_opt(m);
	default:
		return false;
	}
}

/* Does the message answer what we sent?  *form: which of them. */
static bool
is_answer(const struct attempt *t, int *form)
{
	const struct msg *m = &t->k->answer;

	if (!msg_is_response(m))
		return false;
	for (*form = PLAIN; *form < FORMS; ++*form)
		if (t->is_sent[*form] && msg_id(m) == t->id[*form])
			break;
	if (*form == FORMS)
		return false;
	if (*form == EDNS && msg_is_bare(m) && refuses_edns(m))
		return true;
	return msg_is_about(m, t->k->name, t->k->type);
}

static void
note_no_edns(const struct attempt *t)
{
	t->k->d->plain |= 1u << t->server;
}

static enum rc
send_udp(struct attempt *t, int form)
{
	char query[DNS_QUERY_MAX];
	size_t n = put_query(t, form, query);

	t->is_sent[form] = true;
	return port_udp_send(t->fd, (struct span){ query, n });
}

static enum rc
wait_udp(struct attempt *t, ms_t until)
{
	struct ask *k = t->k;
	int form;
	size_t n;

	for (;;) {
		TRY(port_udp_recv(t->fd, k->d->msg, DNS_TCP_MAX, until, &n));
		k->answer = (struct msg){ k->d->msg, n };
		if (is_answer(t, &form)) {
			if (form == PLAIN && t->is_sent[EDNS])
				note_no_edns(t);
			if (form == PLAIN || !refuses_edns(&k->answer))
				return RC_OK;
			if (!t->is_sent[PLAIN])
				TRY(send_udp(t, PLAIN));
		}
		/* A flood of lies must not carry us past the end. */
		if (port_now() >= until)
			return RC_TIME;
	}
}

/*
 * Some servers, and some firewalls ahead of them, drop questions with EDNS0.
 * So after half the time it is asked without, and the first answer is taken.
 */
static enum rc
talk_udp(struct attempt *t, ms_t until)
{
	int form = form_to_begin_with(t);
	ms_t now = port_now();
	enum rc rc;

	TRY(send_udp(t, form));
	if (form == PLAIN)
		return wait_udp(t, until);
	rc = wait_udp(t, now + (until - now) / 2);
	if (rc != RC_TIME)
		return rc;
	if (!t->is_sent[PLAIN])
		TRY(send_udp(t, PLAIN));
	return wait_udp(t, until);
}

static enum rc
write_all(int fd, const char *p, size_t n, ms_t until)
{
	size_t put;

	for (; n > 0; p += put, n -= put)
		TRY(port_write(fd, p, n, until, &put));
	return RC_OK;
}

static enum rc
read_all(int fd, unsigned char *p, size_t n, ms_t until)
{
	size_t got;

	for (; n > 0; p += got, n -= got) {
		TRY(port_read(fd, p, n, until, &got));
		if (port_now() >= until && got < n)
			return RC_TIME;
	}
	return RC_OK;
}

static enum rc
talk_tcp(struct attempt *t, int form, ms_t until)
{
	char query[2 + DNS_QUERY_MAX];
	unsigned char head[2];
	struct ask *k = t->k;
	size_t n = put_query(t, form, query + 2);
	int answered;

	query[0] = (char)(n >> 8);
	query[1] = (char)n;
	t->is_sent[form] = true;
	TRY(write_all(t->fd, query, n + 2, until));
	TRY(read_all(t->fd, head, 2, until));
	n = (size_t)head[0] << 8 | head[1];
	TRY(read_all(t->fd, k->d->msg, n, until));
	k->answer = (struct msg){ k->d->msg, n };
	return is_answer(t, &answered) ? RC_OK : RC_WIRE;
}

static enum rc
ask_tcp(struct attempt *t, int form, ms_t until)
{
	enum rc rc;

	TRY(port_dial(&t->k->d->conf.server[t->server], NULL, 0, until,
	    &t->fd));
	rc = talk_tcp(t, form, until);
	port_close(t->fd);
	return rc;
}

static enum rc
ask_udp(struct attempt *t, ms_t until)
{
	enum rc rc;

	TRY(port_udp(&t->k->d->conf.server[t->server], &t->fd));
	rc = talk_udp(t, until);
	port_close(t->fd);
	return rc;
}

/* Each way to a server has the time of one try. */
static ms_t
try_until(const struct ask *k)
{
	return earlier(k->d->until, port_now() + k->d->conf.timeout);
}

static enum rc
ask_server(struct ask *k, unsigned server)
{
	uint32_t random = port_random_u32();
	struct attempt t = { .k = k, .server = server, .fd = -1 };
	int form;
	enum rc rc;

	t.id[PLAIN] = (uint16_t)(random >> 16);
	t.id[EDNS] = (uint16_t)random;
	if (!k->d->conf.use_vc) {
		TRY(ask_udp(&t, try_until(k)));
		if (!msg_is_truncated(&k->answer))
			return RC_OK;
	}
	form = form_to_begin_with(&t);
	rc = ask_tcp(&t, form, try_until(k));
	if (rc == RC_OK && form == EDNS && refuses_edns(&k->answer)) {
		note_no_edns(&t);
		rc = ask_tcp(&t, PLAIN, try_until(k));
	}
	return rc;
}

/* ---- all servers --------------------------------------------------------- */

static enum rc
check_records(const struct msg *m)
{
	struct msg_walk w;
	struct msg_record r;
	enum rc rc;

	msg_walk_start(&w, m);
	do
		rc = msg_walk_next(&w, &r);
	while (rc == RC_OK);
	return rc == RC_NONE ? RC_OK : rc;
}

/* Is this an answer, or should another server be asked? */
static enum rc
check_answer(struct ask *k)
{
	switch (msg_rcode(&k->answer)) {
	case DNS_NOERROR:
		if (msg_is_referral(&k->answer))
			return fail(k, DNS_SERVER_FAILED, RC_WIRE);
		if (check_records(&k->answer) != RC_OK)
			return fail(k, DNS_BROKEN, RC_WIRE);
		return RC_OK;
	case DNS_FORMERR:
	case DNS_NXDOMAIN:
		return RC_OK;
	default:
		return fail(k, DNS_SERVER_FAILED, RC_WIRE);
	}
}

static enum rc
exchange_with(struct ask *k, unsigned server)
{
	const struct dns_conf *conf = &k->d->conf;

	TRY(ask_server(k, server));
	k->is_trusted = conf->trust_ad
	    || ip_is_loopback(&conf->server[server].ip);
	return check_answer(k);
}

/*
 * The servers in turn, as often as resolv.conf says.  One that gave a useless
 * answer, or is not there, is left out from then on: only silence may be due
 * to a datagram that got lost.
 */
static enum rc
exchange(struct ask *k)
{
	const struct dns_conf *conf = &k->d->conf;
	unsigned first = conf->rotate ? k->d->turn++ : 0;
	unsigned tries = conf->servers * conf->attempts;
	unsigned useless = 0;
	enum rc rc, last = RC_TIME;

	k->fault = DNS_SILENT;
	for (unsigned i = 0; i < tries && port_now() < k->d->until; i++) {
		unsigned server = (first + i) % conf->servers;

		if ((useless >> server & 1) != 0)
			continue;
		rc = exchange_with(k, server);
		if (rc == RC_OK)
			return fail(k, DNS_FINE, RC_OK);
		if (rc != RC_TIME)
			useless |= 1u << server;
		if (k->fault == DNS_SILENT)
			last = rc;
	}
	return k->fault == DNS_SILENT ? last : RC_WIRE;
}

/* ---- what the answer says ------------------------------------------------ */

/* Finds the next record of this type that belongs to the name asked for. */
static bool
next_of(const struct ask *k, struct msg_walk *w, enum dns_type type,
	struct msg_record *r)
{
	while (msg_walk_next(w, r) == RC_OK)
		if (r->class == DNS_IN && r->type == (unsigned)type
		    && msg_name_is(&k->answer, r->owner, k->name))
			return true;
	return false;
}

static size_t
count(const struct ask *k)
{
	struct msg_walk w;
	struct msg_record r;
	size_t n = 0;

	msg_walk_start(&w, &k->answer);
	while (n < DNS_RECORDS_MAX && next_of(k, &w, k->type, &r))
		n++;
	return n;
}

/* Are there records of the type that belong to somebody else? */
static bool
has_strays(const struct ask *k)
{
	struct msg_walk w;
	struct msg_record r;

	msg_walk_start(&w, &k->answer);
	while (msg_walk_next(&w, &r) == RC_OK)
		if (r.class == DNS_IN && r.type == (unsigned)k->type)
			return true;
	return false;
}

/* From an alias to its target, which need not be in this answer. */
static enum rc
follow(struct ask *k, const struct msg_record *r)
{
	size_t end;

	buf_clear(&k->text);
	if (msg_name_put(&k->answer, r->data, &k->text, &end) != RC_OK
	    || end != r->data + r->data_n)
		return fail(k, DNS_BROKEN, RC_WIRE);
	k->name = buf_span(&k->text);
	if (dns_name_check(k->name) != RC_OK)
		return fail(k, DNS_BAD_RECORDS, RC_DENY);
	k->is_alias = true;
	return RC_OK;
}

/* Follows aliases as far as the answer goes; *n records are there. */
static enum rc
chase(struct ask *k, size_t *n)
{
	struct msg_walk w;
	struct msg_record r;

	for (unsigned i = 0; i <= DNS_ALIASES_MAX; i++) {
		*n = count(k);
		msg_walk_start(&w, &k->answer);
		if (*n > 0 || !next_of(k, &w, DNS_CNAME, &r))
			return RC_OK;
		TRY(follow(k, &r));
	}
	return fail(k, DNS_ALIAS_LOOP, RC_DENY);
}

static enum rc
read_name(const struct msg *m, const struct msg_record *r, size_t skip,
	struct arena *a, struct span *out)
{
	char text[DNS_NAME_MAX + 1];
	struct buf b = BUF(text);
	size_t end;

	if (r->data_n <= skip)
		return RC_WIRE;
	TRY(msg_name_put(m, r->data + skip, &b, &end));
	if (end != r->data + r->data_n)
		return RC_WIRE;
	return arena_copy(a, buf_span(&b), out);
}

static enum rc
read_ip(const struct msg *m, const struct msg_record *r, struct ip *out)
{
	size_t n = r->type == DNS_A ? 4 : 16;

	if (r->data_n != n)
		return RC_WIRE;
	*out = (struct ip){ .family = r->type == DNS_A ? IP_V4 : IP_V6 };
	for (size_t i = 0; i < n; i++)
		out->b[i] = m->p[r->data + i];
	return RC_OK;
}

/* RC_WIRE: the data are not what the type demands. */
static enum rc
read_record(const struct msg *m, const struct msg_record *r, struct arena *a,
	struct dns_record *out)
{
	*out = (struct dns_record){
		.type = (enum dns_type)r->type, .ttl_s = r->ttl_s
	};
	switch (out->type) {
	case DNS_A:
	case DNS_AAAA:
		return read_ip(m, r, &out->ip);
	case DNS_NS:
	case DNS_CNAME:
		return read_name(m, r, 0, a, &out->name);
	case DNS_MX:
		TRY(read_name(m, r, 2, a, &out->name));
		out->preference = (uint16_t)msg_u16(m, r->data);
		return RC_OK;
	case DNS_SRV:
		TRY(read_name(m, r, 6, a, &out->name));
		out->preference = (uint16_t)msg_u16(m, r->data);
		out->weight = (uint16_t)msg_u16(m, r->data + 2);
		out->port = (uint16_t)msg_u16(m, r->data + 4);
		return RC_OK;
	default:
		return arena_copy(a, (struct span){
		    (const char *)m->p + r->data, r->data_n }, &out->data);
	}
}

/*
 * Takes over the records.  A malformed one is left out: it shall not make the
 * others useless.
 */
static enum rc
collect(struct ask *k, struct arena *a, size_t n, struct dns_answer *out)
{
	struct msg_walk w;
	struct msg_record r;
	bool filtered = false;
	enum rc rc;

	out->record = arena_take(a, n * sizeof(*out->record));
	if (out->record == NULL)
		return RC_FULL;
	msg_walk_start(&w, &k->answer);
	for (; n > 0 && next_of(k, &w, k->type, &r); n--) {
		rc = read_record(&k->answer, &r, a, &out->record[out->n]);
		if (rc == RC_WIRE)
			continue;
		TRY(rc);
		rc = dns_filter(k->d, k->name, &out->record[out->n]);
		if (rc == RC_OK)
			out->n++;
		else if (rc == RC_DENY)
			return fail(k, DNS_BAD_FILTER, RC_WIRE);
		filtered |= rc == RC_NONE;
	}
	if (out->n > 0)
		return RC_OK;
	return fail(k, filtered ? DNS_FILTERED : DNS_BROKEN, RC_WIRE);
}

/*
 * One question and its answer.  RC_NONE: no such record; if k->is_alias the
 * answer led to another name, which has to be asked for next.
 */
static enum rc
step(struct ask *k, struct arena *a, struct dns_answer *out)
{
	size_t n;

	k->is_alias = false;
	TRY(exchange(k));
	if (!k->is_trusted || !msg_is_authentic(&k->answer))
		out->is_secure = false;
	if (msg_rcode(&k->answer) == DNS_FORMERR)
		return fail(k, DNS_BAD_QUESTION, RC_DENY);
	if (msg_rcode(&k->answer) == DNS_NXDOMAIN)
		return fail(k, DNS_NO_NAME, RC_DENY);
	TRY(chase(k, &n));
	out->is_alias |= k->is_alias;
	if (n > 0)
		return collect(k, a, n, out);
	/*
	 * Records of a name that nobody asked for: a lie, or a server that
	 * cannot be relied on.  What it does not say proves nothing then.
	 */
	if (!k->is_alias && has_strays(k))
		return fail(k, DNS_BROKEN, RC_WIRE);
	return fail(k, DNS_NO_DATA, RC_NONE);
}

static enum rc
ask_along(struct ask *k, struct arena *a, struct dns_answer *out)
{
	enum rc rc;

	for (unsigned i = 0; i < DNS_QUESTIONS_MAX; i++) {
		rc = step(k, a, out);
		if (rc == RC_NONE && k->is_alias)
			continue;
		if (rc == RC_OK || rc == RC_NONE)
			TRY(arena_copy(a, k->name, &out->canonical));
		return rc;
	}
	return fail(k, DNS_ALIAS_LOOP, RC_DENY);
}

enum rc
ask_name(struct dns *d, struct arena *a, struct span name, enum dns_type type,
	struct dns_answer *out)
{
	char text[DNS_NAME_MAX + 1];
	char query[DNS_QUERY_MAX];
	struct msg_query q = { .name = name, .type = type };
	struct ask k = {
		.d = d, .name = name, .text = BUF(text), .type = type
	};
	size_t used = a->used;
	enum rc rc;

	*out = (struct dns_answer){ .is_secure = d->want_secure };
	if (msg_put_query(query, &q) == 0)
		rc = fail(&k, DNS_BAD_QUESTION, RC_DENY);
	else
		rc = ask_along(&k, a, out);
	if (rc == RC_OK)
		return rc;
	d->fault = k.fault;
	if (rc != RC_NONE) {
		a->used = used;		/* nothing there is of use */
		out->record = NULL;
		out->n = 0;
		/* That a name does not exist may be proven, nothing else. */
		if (k.fault != DNS_NO_NAME)
			out->is_secure = false;
	}
	return rc;
}

enum rc
dns_ask(struct dns *d, struct arena *a, struct span name, enum dns_type type,
	struct dns_answer *out)
{
	enum rc rc = ask_name(d, a, name, type, out);

	/* Who is silent would be so towards the probe, too. */
	if (d->want_secure && (rc == RC_OK || d->fault != DNS_SILENT))
		probe_heed(d, a, out->is_secure);
	return rc == RC_OK ? RC_OK : dns_fail(d, d->fault, type, name, rc);
}
