/*
 * dns_host.c - from a mail domain to its exchangers, and from a host to its
 * addresses: by name servers, by the hosts file, or by both.
 */
#include <string.h>

#include "dns_int.h"

#define HOSTS		"/etc/hosts"
#define HOSTS_PIECE	4096	/* of the file, held at a time */
#define BLANKS		" \t\r"

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
dns_mx(struct dns *d, struct arena *a, struct span domain,
	struct mx_list *out)
{
	struct dns_answer answer;
	enum rc rc = dns_ask(d, a, domain, DNS_MX, &answer);

	*out = (struct mx_list){
		.domain = answer.canonical, .is_secure = answer.is_secure
	};
	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < answer.n; i++)
		if (span_is(answer.record[i].name, "."))
			return dns_fail(d, DNS_NULL_MX, DNS_MX, domain,
			    RC_DENY);
	out->mx = arena_take(a, answer.n * sizeof(*out->mx));
	if (out->mx == NULL)
		return RC_FULL;
	for (size_t i = 0; i < answer.n; i++)
		if (is_exchanger(answer.record[i].name))
			insert_mx(out, &answer.record[i]);
	return out->n > 0 ? RC_OK
	    : dns_fail(d, DNS_BAD_RECORDS, DNS_MX, domain, RC_DENY);
}

/* ---- one host ------------------------------------------------------------ */

/* struct finding - the questions about one host, and what came of them. */
struct finding {
	struct dns *d;
	struct arena *a;
	struct span host;
	bool defnames;			/* a name without a dot gets a domain */
	bool dnsrch;			/* every domain of the list is tried */
	struct ip_list *out;
	enum dns_type type;		/* asked for now */
	enum rc rc;			/* of the failure that decides */
	enum dns_fault fault;
	enum dns_type fault_type;
};

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

/* Will it be the same next week? */
static bool
is_certain(enum rc rc)
{
	return rc == RC_NONE || rc == RC_DENY;
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
ask_hosts_file(struct finding *f)
{
	struct dns_lines file;
	struct span lines;
	enum rc rc;

	TRY(dns_lines_open(&file, HOSTS, f->d->msg, HOSTS_PIECE));
	while ((rc = dns_lines_next(&file, &lines)) == RC_OK) {
		rc = dns_hosts_find(f->a, lines, f->host, f->d->families,
		    f->out);
		if (rc != RC_OK && rc != RC_NONE)
			break;
	}
	dns_lines_close(&file);
	if (rc != RC_NONE || f->out->n == 0)
		return rc;
	f->out->canonical = f->host;
	return RC_OK;
}

/* ---- names that may need a domain ---------------------------------------- */

static size_t
dots(struct span name)
{
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++)
		n += name.p[i] == '.';
	return n;
}

/* How many domains of the search list are for this host? */
static unsigned
domains(const struct finding *f)
{
	unsigned all = f->d->conf.searches;

	if (dots(f->host) > 0)
		return f->dnsrch ? all : 0;
	if (!f->defnames)
		return 0;
	return f->dnsrch || all == 0 ? all : 1;
}

static enum rc
ask_below(struct finding *f, const char *domain, struct dns_answer *out)
{
	char text[DNS_NAME_MAX + 1];
	struct buf b = BUF(text);

	buf_fmt(&b, "%.*s.%s", SPAN_ARG(f->host), domain);
	if (b.full)
		return dns_fail(f->d, DNS_NO_NAME, f->type, f->host, RC_DENY);
	return dns_ask(f->d, f->a, buf_span(&b), f->type, out);
}

/*
 * The order of res_search(3): a name with dots enough is tried as it is ahead
 * of the search list, others behind it.  A failure that may pass speaks for
 * all; else the name as it is does.
 */
static enum rc
ask_host(struct finding *f, struct dns_answer *out)
{
	const struct dns_conf *conf = &f->d->conf;
	unsigned n = domains(f);
	unsigned as_is = dots(f->host) >= conf->ndots ? 0 : n;
	enum dns_fault fault = DNS_NO_DATA;
	enum rc rc, sum = RC_NONE;

	for (unsigned i = 0; i <= n; i++) {
		if (i == as_is)
			rc = dns_ask(f->d, f->a, f->host, f->type, out);
		else
			rc = ask_below(f, conf->search[as_is == 0
			    ? i - 1 : i], out);
		if (rc == RC_OK || rc == RC_FULL)
			return rc;
		if (is_certain(sum) && (i == as_is || !is_certain(rc))) {
			sum = rc;
			fault = f->d->fault;
		}
		/* Another host must not pass for one not found for now. */
		if (i == as_is && !is_certain(rc))
			break;
	}
	return dns_fail(f->d, fault, f->type, f->host, sum);
}

/* ---- name servers -------------------------------------------------------- */

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

static enum rc
take_answer(const struct finding *f, const struct dns_answer *answer)
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
	struct dns_answer answer = { .n = 0 };
	enum rc rc;

	f->type = type;
	rc = ask_host(f, &answer);
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
ask_servers(struct finding *f)
{
	f->rc = RC_NONE;
	f->fault = DNS_NO_DATA;
	f->fault_type = DNS_A;
	if ((f->d->families & DNS_V4) != 0)
		TRY(ask_family(f, DNS_A));
	if ((f->d->families & DNS_V6) != 0)
		TRY(ask_family(f, DNS_AAAA));
	if (f->out->n > 0)
		return RC_OK;
	return dns_fail(f->d, f->fault, f->fault_type, f->host, f->rc);
}

/* ---- all ways ------------------------------------------------------------ */

/* An address given as the name. */
static enum rc
take_literal(const struct finding *f, const struct ip *ip)
{
	struct ip_list *out = f->out;

	out->canonical = f->host;
	if (!is_wanted(ip, f->d->families))
		return dns_fail(f->d, DNS_NO_DATA, ip->family == IP_V4 ? DNS_A
		    : DNS_AAAA, f->host, RC_NONE);
	TRY(make_room(f->a, out, 1));
	out->ip[out->n++] = *ip;
	return RC_OK;
}

/* Without name servers ahead of it: as getaddrinfo(3) does it. */
static enum rc
ask_natively(struct finding *f)
{
	enum rc servers, rc = ask_hosts_file(f);

	if (rc == RC_OK || rc == RC_FULL)
		return rc;
	f->defnames = f->dnsrch = true;
	servers = ask_servers(f);
	/* A file that can't be read now may have the name. */
	return rc != RC_NONE && is_certain(servers) ? rc : servers;
}

static enum rc
ask_servers_then_hosts_file(struct finding *f)
{
	enum rc hosts, rc = ask_servers(f);

	if (!is_certain(rc) || weight(f->d->fault) > 0)
		return rc;
	hosts = ask_hosts_file(f);
	return hosts != RC_NONE ? hosts : rc;
}

enum rc
dns_addresses(struct dns *d, struct arena *a, struct span host,
	unsigned ways, struct ip_list *out)
{
	struct finding f = {
		.d = d, .a = a, .host = host, .defnames = d->defnames,
		.dnsrch = d->dnsrch, .out = out
	};
	struct ip ip;

	*out = (struct ip_list){ 0 };
	if (ip_parse(host, &ip))
		return take_literal(&f, &ip);
	if ((ways & DNS_BY_DNS) == 0)
		return ask_natively(&f);
	if ((ways & DNS_BY_HOSTS) == 0)
		return ask_servers(&f);
	return ask_servers_then_hosts_file(&f);
}
