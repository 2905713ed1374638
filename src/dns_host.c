/*
 * dns_host.c - from a mail domain to its exchangers, and from a host to its
 * addresses: by name servers, by the hosts file, or by both.
 */
#include <string.h>

#include "dns_int.h"

#define HOSTS_PIECE	4096	/* of the file, held at a time */
#define BLANKS		" \t\r"

/* A failure that is ours, not one question's. */
static enum rc
fail(struct dns *d, enum dns_fault fault, enum dns_type type,
	struct span name, enum rc rc)
{
	struct buf b = BUF(d->fault_name);

	d->fault = fault;
	d->fault_type = type;
	buf_put_cut(&b, name);
	(void)buf_text(&b);
	return rc;
}

/* ---- exchangers ---------------------------------------------------------- */

/* Some domains have an address there instead of a name; it is of use. */
static bool
is_exchanger(struct span name)
{
	struct ip ip;

	return dns_name_check(name) == RC_OK || ip_parse(name, &ip);
}

/* Sorted in, behind those of the same preference. */
static void
insert_mx(struct mx_list *list, const struct dns_record *r)
{
	size_t i = list->n++;

	for (; i > 0 && list->mx[i - 1].preference > r->preference; i--)
		list->mx[i] = list->mx[i - 1];
	list->mx[i] = (struct mx){ r->preference, r->name };
}

enum rc
dns_mx(struct dns *d, struct arena *a, struct span domain, ms_t until,
	struct mx_list *out)
{
	struct dns_answer answer;
	enum rc rc = dns_ask(d, a, domain, DNS_MX, until, &answer);

	*out = (struct mx_list){
		.domain = answer.canonical, .is_secure = answer.is_secure
	};
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < answer.n; i++)
		if (span_is(answer.record[i].name, "."))
			return fail(d, DNS_NULL_MX, DNS_MX, domain, RC_DENY);
	out->mx = arena_take(a, answer.n * sizeof(*out->mx));
	if (out->mx == NULL)
		return RC_FULL;
	for (size_t i = 0; i < answer.n; i++)
		if (is_exchanger(answer.record[i].name))
			insert_mx(out, &answer.record[i]);
	return out->n > 0 ? RC_OK
	    : fail(d, DNS_BAD_RECORDS, DNS_MX, domain, RC_DENY);
}

/* ---- lists of addresses -------------------------------------------------- */

/* Room for n more behind those that are there. */
static enum rc
make_room(struct arena *a, struct ip_list *out, size_t n)
{
	struct ip *more = arena_take(a, (out->n + n) * sizeof(*more));

	if (more == NULL)
		return RC_FULL;
	if (out->n > 0)
		memcpy(more, out->ip, out->n * sizeof(*more));
	out->ip = more;
	return RC_OK;
}

static bool
is_wanted(const struct ip *ip, unsigned families)
{
	return (families & (ip->family == IP_V4 ? DNS_V4 : DNS_V6)) != 0;
}

/* ---- the hosts file ------------------------------------------------------ */

static bool
line_names(struct span line, struct span host, struct ip *ip)
{
	struct span word;

	line.n = span_find(line, '#');
	if (!span_word(&line, BLANKS, &word) || !ip_parse(word, ip))
		return false;
	while (span_word(&line, BLANKS, &word))
		if (span_eq_case(word, host))
			return true;
	return false;
}

/* The next line that gives a wanted address of host. */
static bool
next_line(struct span *text, struct span host, unsigned families,
	struct ip *ip)
{
	struct span line;

	while (span_line(text, &line))
		if (line_names(line, host, ip) && is_wanted(ip, families))
			return true;
	return false;
}

enum rc
dns_hosts_find(struct arena *a, struct span text, struct span host,
	unsigned families, struct ip_list *out)
{
	struct span rest = text;
	struct ip ip;
	size_t n = 0;

	while (out->n + n < DNS_RECORDS_MAX
	    && next_line(&rest, host, families, &ip))
		n++;
	if (n > 0)
		TRY(make_room(a, out, n));
	for (; n > 0 && next_line(&text, host, families, &ip); n--)
		out->ip[out->n++] = ip;
	return out->n > 0 ? RC_OK : RC_NONE;
}

static enum rc
ask_hosts_file(struct dns *d, struct arena *a, struct span host,
	unsigned families, struct ip_list *out)
{
	struct dns_lines f;
	struct span lines;
	enum rc rc;

	TRY(dns_lines_open(&f, "/etc/hosts", d->msg, HOSTS_PIECE));
	while ((rc = dns_lines_next(&f, &lines)) == RC_OK) {
		rc = dns_hosts_find(a, lines, host, families, out);
		if (rc != RC_OK && rc != RC_NONE)
			break;
	}
	dns_lines_close(&f);
	if (rc != RC_NONE || out->n == 0)
		return rc;
	out->canonical = host;
	return RC_OK;
}

/* ---- names that may need a domain ---------------------------------------- */

/* struct search - a host as given, and how names are made of it. */
struct search {
	struct span host;
	enum dns_type type;
	bool defnames;		/* a name without a dot gets a domain */
	bool dnsrch;		/* every domain of the list is tried */
};

static bool
is_certain(enum rc rc)
{
	return rc == RC_NONE || rc == RC_DENY;
}

static size_t
dots(struct span name)
{
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++)
		n += name.p[i] == '.';
	return n;
}

static unsigned
domains(const struct dns *d, const struct search *s)
{
	if (dots(s->host) == 0)
		return !s->defnames || d->conf.searches == 0 ? 0
		    : s->dnsrch ? d->conf.searches : 1;
	return s->dnsrch ? d->conf.searches : 0;
}

static enum rc
ask_below(struct dns *d, struct arena *a, const struct search *s,
	const char *domain, ms_t until, struct dns_answer *out)
{
	char text[DNS_NAME_MAX + 1];
	struct buf b = BUF(text);

	buf_fmt(&b, "%.*s.%s", SPAN_ARG(s->host), domain);
	if (b.full)
		return fail(d, DNS_NO_NAME, s->type, s->host, RC_DENY);
	return dns_ask(d, a, buf_span(&b), s->type, until, out);
}

/*
 * The order of res_search(3): a name with dots enough is tried as it is ahead
 * of the search list, others behind it.  A failure that may pass speaks for
 * all; else the name as it is does.
 */
static enum rc
ask_host(struct dns *d, struct arena *a, const struct search *s, ms_t until,
	struct dns_answer *out)
{
	unsigned n = domains(d, s);
	unsigned as_is = dots(s->host) >= d->conf.ndots ? 0 : n;
	enum dns_fault fault = DNS_NO_DATA;
	enum rc rc, sum = RC_NONE;

	for (unsigned i = 0; i <= n; i++) {
		if (i == as_is)
			rc = dns_ask(d, a, s->host, s->type, until, out);
		else
			rc = ask_below(d, a, s, d->conf.search[as_is == 0
			    ? i - 1 : i], until, out);
		if (rc == RC_OK || rc == RC_FULL)
			return rc;
		if (is_certain(sum) && (i == as_is || !is_certain(rc))) {
			sum = rc;
			fault = d->fault;
		}
		/* Another host must not pass for one not found for now. */
		if (i == as_is && !is_certain(rc))
			break;
	}
	return fail(d, fault, s->type, s->host, sum);
}

/* ---- addresses ----------------------------------------------------------- */

/*
 * Which of two families' failures speaks for the host: one that may pass, then
 * unusable records, then a refused question, then that there is nothing.
 */
static int
weight(enum dns_fault fault)
{
	switch (fault) {
	case DNS_NO_NAME:
	case DNS_NO_DATA:
	case DNS_NULL_MX:
	case DNS_ALIAS_LOOP:
		return 0;
	case DNS_BAD_QUESTION:
		return 1;
	case DNS_BAD_RECORDS:
		return 2;
	default:
		return 3;
	}
}

/* struct finding - the questions about one host, and what came of them. */
struct finding {
	struct dns *d;
	struct arena *a;
	struct search search;
	ms_t until;
	struct ip_list *out;
	enum rc rc;			/* of the failure that decides */
	enum dns_fault fault;
	enum dns_type fault_type;
};

static enum rc
take_answer(struct finding *f, const struct dns_answer *answer)
{
	struct ip_list *out = f->out;
	bool is_first = out->n == 0;

	TRY(make_room(f->a, out, answer->n));
	for (size_t i = 0; i < answer->n; i++)
		out->ip[out->n++] = answer->record[i].ip;
	if (is_first) {
		out->canonical = answer->canonical;
		out->is_alias = answer->is_alias;
		out->is_secure = true;
	}
	out->is_secure = out->is_secure && answer->is_secure;
	return RC_OK;
}

static enum rc
ask_family(struct finding *f, enum dns_type type)
{
	struct dns_answer answer;
	enum rc rc;

	f->search.type = type;
	rc = ask_host(f->d, f->a, &f->search, f->until, &answer);
	if (rc == RC_OK)
		return take_answer(f, &answer);
	if (rc == RC_FULL)
		return rc;
	if (weight(f->d->fault) >= weight(f->fault)) {
		f->rc = rc;
		f->fault = f->d->fault;
		f->fault_type = type;
	}
	return RC_OK;
}

static enum rc
ask_servers(struct dns *d, struct arena *a, const struct search *s,
	unsigned families, ms_t until, struct ip_list *out)
{
	struct finding f = {
		.d = d, .a = a, .search = *s, .until = until, .out = out,
		.rc = RC_NONE, .fault = DNS_NO_DATA, .fault_type = DNS_A
	};

	if ((families & DNS_V4) != 0)
		TRY(ask_family(&f, DNS_A));
	if ((families & DNS_V6) != 0)
		TRY(ask_family(&f, DNS_AAAA));
	if (out->n > 0)
		return RC_OK;
	return fail(d, f.fault, f.fault_type, s->host, f.rc);
}

/* An address given as the name. */
static enum rc
take_literal(struct dns *d, struct arena *a, struct span host,
	const struct ip *ip, unsigned families, struct ip_list *out)
{
	out->canonical = host;
	if (!is_wanted(ip, families))
		return fail(d, DNS_NO_DATA, ip->family == IP_V4 ? DNS_A
		    : DNS_AAAA, host, RC_NONE);
	TRY(make_room(a, out, 1));
	out->ip[out->n++] = *ip;
	return RC_OK;
}

/* Without name servers ahead of it: as getaddrinfo(3) does it. */
static enum rc
ask_natively(struct dns *d, struct arena *a, struct span host,
	unsigned families, ms_t until, struct ip_list *out)
{
	struct search s = { .host = host, .defnames = true, .dnsrch = true };
	enum rc rc = ask_hosts_file(d, a, host, families, out);

	if (rc == RC_OK || rc == RC_FULL)
		return rc;
	return ask_servers(d, a, &s, families, until, out);
}

enum rc
dns_addresses(struct dns *d, struct arena *a, struct span host,
	unsigned families, unsigned ways, ms_t until, struct ip_list *out)
{
	struct search s = {
		.host = host, .defnames = d->defnames, .dnsrch = d->dnsrch
	};
	struct ip ip;
	enum rc rc, hosts;

	*out = (struct ip_list){ 0 };
	if (ip_parse(host, &ip))
		return take_literal(d, a, host, &ip, families, out);
	if ((ways & DNS_BY_DNS) == 0)
		return ask_natively(d, a, host, families, until, out);
	rc = ask_servers(d, a, &s, families, until, out);
	if ((ways & DNS_BY_HOSTS) == 0 || !is_certain(rc)
	    || weight(d->fault) > 0)
		return rc;
	hosts = ask_hosts_file(d, a, host, families, out);
	return hosts == RC_OK || hosts == RC_FULL ? hosts : rc;
}
