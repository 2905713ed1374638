/*
 * sim_dns.c - name servers: a zone made of text, answers in wire format over
 * UDP and TCP, and the datagram calls of port.h.  Shares no code with src/.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim_int.h"

enum {
	T_A = 1, T_NS = 2, T_CNAME = 5, T_SOA = 6, T_PTR = 12, T_MX = 15,
	T_TXT = 16, T_AAAA = 28, T_SRV = 33, T_OPT = 41, T_TLSA = 52
};
enum { RCODE_FORMERR = 1, RCODE_SERVFAIL, RCODE_NXDOMAIN, RCODE_NOTIMP,
	RCODE_REFUSED };
enum { FLAG_QR = 0x8000, FLAG_AA = 0x400, FLAG_TC = 0x200, FLAG_RD = 0x100,
	FLAG_RA = 0x80, FLAG_AD = 0x20, FLAG_CD = 0x10 };

static const struct {
	const char *name;
	unsigned type;
} types[] = {
	{ "A", T_A }, { "NS", T_NS }, { "CNAME", T_CNAME }, { "MX", T_MX },
	{ "TXT", T_TXT }, { "AAAA", T_AAAA }, { "SRV", T_SRV },
	{ "TLSA", T_TLSA }, { "PTR", T_PTR }, { "SOA", T_SOA },
};

enum trouble {
	FINE, NO_DATA, NO_NAME, FAILED, REFUSED, NOT_IMPLEMENTED, FORMAT,
	SILENT, TRUNCATED, DELAY, NO_EDNS
};
static const struct {
	const char *word;
	enum trouble what;
} troubles[] = {
	{ "NODATA", NO_DATA }, { "NXDOMAIN", NO_NAME }, { "SERVFAIL", FAILED },
	{ "REFUSED", REFUSED }, { "NOTIMP", NOT_IMPLEMENTED },
	{ "FORMERR", FORMAT }, { "SILENT", SILENT },
	{ "TRUNCATED", TRUNCATED }, { "DELAY", DELAY }, { "NOEDNS", NO_EDNS },
};

/* Numbers ahead of a name (MX, SRV), then a name or plain data. */
struct row {
	struct row *next;
	char *owner;
	enum trouble trouble;
	unsigned type;			/* 0 of a trouble: any */
	ms_t delay;
	bool secure;
	char *target;			/* NULL: none */
	unsigned char *data;
	size_t n;
};

struct server {
	struct server *next;
	char *where;
	enum sim_ns state;
};

struct datagram {
	struct datagram *next;
	ms_t at;
	struct sim_text text;
};

struct udp {
	struct udp *next;
	char *where;
	struct datagram *first;		/* by time of arrival */
	bool unreachable, closed;
};

struct sim_dns {
	struct row *first, **last;
	struct server *servers;
	bool own_servers;		/* the test named some */
	struct udp *udps;
	void (*hook)(struct sim_question *q, void *arg);
	void *hook_arg;
	unsigned questions;
	struct sim_text asked;
	/* while a question is being answered */
	struct udp *udp;
	struct sim_conn *tcp;
};

static void serve_tcp_here(const char *where);

void
sim_dns_begin(void)
{
	struct server *s = sim_alloc(sizeof(*s));

	sim.dns = sim_alloc(sizeof(*sim.dns));
	sim.dns->last = &sim.dns->first;
	s->where = sim_copy("127.0.0.1:53");
	sim.dns->servers = s;
	serve_tcp_here(s->where);
}

/* ---- the zone as text --------------------------------------------------- */

static unsigned
type_of(const char *word)
{
	size_t i;

	for (i = 0; i < COUNT(types); i++)
		if (strcmp(word, types[i].name) == 0)
			return types[i].type;
	if (strncmp(word, "TYPE", 4) == 0)
		return (unsigned)atoi(word + 4);
	sim_fail("zone: unknown type %s", word);
}

static const char *
type_name(unsigned type)
{
	static char text[16];
	size_t i;

	for (i = 0; i < COUNT(types); i++)
		if (type == types[i].type)
			return types[i].name;
	snprintf(text, sizeof(text), "TYPE%u", type);
	return text;
}

static void
add_data(struct row *r, const void *data, size_t n)
{
	unsigned char *all = sim_alloc(r->n + n);

	if (r->n > 0)
		memcpy(all, r->data, r->n);
	memcpy(all + r->n, data, n);
	r->data = all;
	r->n += n;
}

static void
add_number(struct row *r, const char *word, int octets)
{
	unsigned n = word != NULL ? (unsigned)atoi(word) : 0;
	unsigned char two[2] = { (unsigned char)(n >> 8), (unsigned char)n };

	if (word == NULL)
		sim_fail("zone: %s lacks a number", r->owner);
	add_data(r, two + (2 - octets), (size_t)octets);
}

static void
add_hex(struct row *r, const char *hex)
{
	for (; hex != NULL && hex[0] != '\0'; hex += 2) {
		char two[3] = { hex[0], hex[1], '\0' };
		char *end;
		unsigned char c = (unsigned char)strtoul(two, &end, 16);

		if (end != two + 2)
			sim_fail("zone: %s: bad hex %s", r->owner, hex);
		add_data(r, &c, 1);
	}
}

static void
add_strings(struct row *r, const char *text)
{
	do {
		size_t n = strlen(text) < 255 ? strlen(text) : 255;
		unsigned char length = (unsigned char)n;

		add_data(r, &length, 1);
		add_data(r, text, n);
		text += n;
	} while (*text != '\0');
}

static void
add_address(struct row *r, int family, const char *text)
{
	unsigned char a[16];

	if (text == NULL || inet_pton(family, text, a) != 1)
		sim_fail("zone: %s: bad address", r->owner);
	add_data(r, a, family == AF_INET ? 4 : 16);
}

static char *
word(char **rest)
{
	char *w;

	do
		w = strsep(rest, " \t");
	while (w != NULL && *w == '\0');
	return w;
}

static void
read_value(struct row *r, char *rest)
{
	int numbers = r->type == T_MX ? 1 : r->type == T_SRV ? 3 : 0;

	if (rest != NULL && strncmp(rest, "\\#", 2) == 0) {
		(void)word(&rest);
		add_hex(r, word(&rest));
		return;
	}
	switch (r->type) {
	case T_A:
		add_address(r, AF_INET, word(&rest));
		return;
	case T_AAAA:
		add_address(r, AF_INET6, word(&rest));
		return;
	case T_TXT:
		add_strings(r, rest != NULL ? rest : "");
		return;
	case T_TLSA:
		add_number(r, word(&rest), 1);
		add_number(r, word(&rest), 1);
		add_number(r, word(&rest), 1);
		add_hex(r, word(&rest));
		return;
	case T_MX: case T_SRV: case T_CNAME: case T_NS: case T_PTR:
		while (numbers-- > 0)
			add_number(r, word(&rest), 2);
		r->target = word(&rest);
		if (r->target == NULL)
			sim_fail("zone: %s lacks a name", r->owner);
		return;
	default:
		add_hex(r, word(&rest));
	}
}

static bool
read_trouble(struct row *r, const char *name, char *rest)
{
	const char *w;
	size_t i;

	for (i = 0; i < COUNT(troubles); i++)
		if (strcmp(name, troubles[i].word) == 0)
			break;
	if (i == COUNT(troubles))
		return false;
	r->trouble = troubles[i].what;
	w = word(&rest);
	if (r->trouble == DELAY && w != NULL)
		r->delay = (ms_t)(atof(w) * 1000);	/* `3s` */
	else if (w != NULL)
		r->type = type_of(w);
	return true;
}

static void
strip_secure(struct row *r, char *rest)
{
	size_t n = rest != NULL ? strlen(rest) : 0;

	while (n > 0 && (rest[n - 1] == ' ' || rest[n - 1] == '\t'))
		rest[--n] = '\0';
	if (n < 6 || strcmp(rest + n - 6, "secure") != 0 ||
	    (n > 6 && rest[n - 7] != ' '))
		return;
	r->secure = true;
	rest[n > 6 ? n - 7 : 0] = '\0';
}

static void
read_row(char *line)
{
	struct row *r;
	char *rest = line, *owner = word(&rest), *name;

	if (owner == NULL || *owner == '#')
		return;
	name = word(&rest);
	if (name == NULL)
		sim_fail("zone: %s: no type", owner);
	r = sim_alloc(sizeof(*r));
	r->owner = strcmp(owner, ".") == 0 ? sim_copy("") : owner;
	strip_secure(r, rest);
	if (!read_trouble(r, name, rest)) {
		r->type = type_of(name);
		read_value(r, rest);
	}
	*sim.dns->last = r;
	sim.dns->last = &r->next;
}

void
sim_zone(const char *lines)
{
	char *rest = sim_copy(lines), *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		read_row(line);
}

/* ---- wire format -------------------------------------------------------- */

struct sim_message *
sim_dns_message(void)
{
	return sim_alloc(sizeof(struct sim_message));
}

static void
put(struct sim_message *m, const void *data, size_t n)
{
	if (n > sizeof(m->p) - m->n)
		sim_fail("a DNS message of the test is too long");
	if (n > 0)
		memcpy(m->p + m->n, data, n);
	m->n += n;
}

void
sim_dns_16(struct sim_message *m, unsigned value)
{
	unsigned char two[2] = {
		(unsigned char)(value >> 8), (unsigned char)value
	};

	put(m, two, 2);
}

void
sim_dns_head(struct sim_message *m, uint16_t id, uint16_t flags,
	unsigned questions, unsigned answers, unsigned authority,
	unsigned additional)
{
	sim_dns_16(m, id);
	sim_dns_16(m, flags);
	sim_dns_16(m, questions);
	sim_dns_16(m, answers);
	sim_dns_16(m, authority);
	sim_dns_16(m, additional);
}

static void
put_label(struct sim_message *m, const char *label, size_t n)
{
	unsigned char length = (unsigned char)n;

	put(m, &length, 1);
	put(m, label, n);
}

void
sim_dns_name(struct sim_message *m, const char *name)
{
	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t n = strcspn(name, ".");

		put_label(m, name, n);
		name += n + (name[n] == '.');
	}
	put(m, "", 1);
}

void
sim_dns_ask(struct sim_message *m, const char *name, unsigned type)
{
	sim_dns_name(m, name);
	sim_dns_16(m, type);
	sim_dns_16(m, 1);
}

void
sim_dns_record(struct sim_message *m, const char *owner, unsigned type,
	const void *data, size_t n)
{
	sim_dns_ask(m, owner, type);
	sim_dns_16(m, 0);
	sim_dns_16(m, 300);
	sim_dns_16(m, (unsigned)n);
	put(m, data, n);
}

void
sim_dns_use(struct sim_question *q, const struct sim_message *m)
{
	memcpy(q->answer, m->p, m->n);
	q->answer_n = m->n;
}

/* Reads a name (ours or theirs) at *at; false: it is none. */
static bool
get_name(const unsigned char *p, size_t n, size_t *at, char *out)
{
	size_t pos = *at, used = 0;
	int jumps = 0;

	*out = '\0';
	for (;;) {
		unsigned length = pos < n ? p[pos] : 255;

		if (length >= 192 && length < 255 && pos + 1 < n) {
			if (jumps++ == 0)
				*at = pos + 2;
			pos = (size_t)((length & 63) << 8 | p[pos + 1]);
			if (jumps > 20)
				return false;
			continue;
		}
		if (length > 63 || pos + 1 + length > n || used + length > 253)
			return false;
		pos++;
		if (length == 0)
			break;
		used += (size_t)sprintf(out + used, "%s%.*s",
		    used > 0 ? "." : "", (int)length, p + pos);
		pos += length;
	}
	if (jumps == 0)
		*at = pos;
	return true;
}

/* ---- the answer --------------------------------------------------------- */

/*
 * An answer in the making.  Names are compressed wherever their tail, capitals
 * included, stands in the message already: in owners and in record data.
 */
struct answer {
	struct sim_message m;
	size_t name_at[256];
	size_t names;
	size_t limit;
	unsigned answers, authority;
	bool truncated, secure;
	bool denied;			/* and that is proven */
	unsigned rcode;
	const char *name;		/* at the end of the aliases */
};

static bool
find_tail(const struct answer *a, const char *name, size_t *at)
{
	char have[300];
	size_t i;

	for (i = 0; i < a->names; i++) {
		size_t pos = a->name_at[i];

		if (get_name(a->m.p, a->m.n, &pos, have) &&
		    strcmp(have, name) == 0) {
			*at = a->name_at[i];
			return true;
		}
	}
	return false;
}

static void
put_name(struct answer *a, const char *name)
{
	size_t at;

	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t n = strcspn(name, ".");

		if (find_tail(a, name, &at)) {
			sim_dns_16(&a->m, 0xc000 | (unsigned)at);
			return;
		}
		if (a->names < COUNT(a->name_at) && a->m.n < 0x3fff)
			a->name_at[a->names++] = a->m.n;
		put_label(&a->m, name, n);
		name += n + (name[n] == '.');
	}
	put(&a->m, "", 1);
}

/* Whole or not at all, as far as `limit` goes. */
static bool
put_row(struct answer *a, const struct row *r)
{
	size_t start = a->m.n, names = a->names, length_at;

	put_name(a, r->owner);
	sim_dns_16(&a->m, r->type);
	sim_dns_16(&a->m, 1);
	sim_dns_16(&a->m, 0);
	sim_dns_16(&a->m, 300);
	length_at = a->m.n;
	sim_dns_16(&a->m, 0);
	put(&a->m, r->data, r->n);
	if (r->target != NULL)
		put_name(a, r->target);
	a->m.p[length_at] = (unsigned char)((a->m.n - length_at - 2) >> 8);
	a->m.p[length_at + 1] = (unsigned char)(a->m.n - length_at - 2);
	if (a->m.n <= a->limit)
		return true;
	a->m.n = start;
	a->names = names;
	a->truncated = true;
	return false;
}

static void
put_rows(struct answer *a, unsigned type)
{
	const struct row *r;

	for (r = sim.dns->first; r != NULL; r = r->next) {
		if (r->trouble != FINE || r->type != type ||
		    strcasecmp(r->owner, a->name) != 0)
			continue;
		if (!put_row(a, r))
			return;
		a->answers++;
		a->secure &= r->secure;
	}
}

static const struct row *
find_row(const char *name, unsigned type)
{
	const struct row *r;

	for (r = sim.dns->first; r != NULL; r = r->next)
		if (r->trouble == FINE && r->type == type &&
		    strcasecmp(r->owner, name) == 0)
			return r;
	return NULL;
}

static const struct row *
find_trouble(const char *name, unsigned type, enum trouble what)
{
	const struct row *r;

	for (r = sim.dns->first; r != NULL; r = r->next)
		if (r->trouble == what &&
		    (r->type == 0 || r->type == type) &&
		    strcasecmp(r->owner, name) == 0)
			return r;
	return NULL;
}

/* Is anything at this name, or below it? */
static bool
name_exists(const char *name)
{
	size_t n = strlen(name);
	const struct row *r;

	for (r = sim.dns->first; r != NULL; r = r->next) {
		size_t have = strlen(r->owner);

		if (r->trouble == NO_NAME || have < n)
			continue;
		if (n == 0)
			return true;	/* the root */
		if (strcasecmp(r->owner + have - n, name) == 0 &&
		    (have == n || r->owner[have - n - 1] == '.'))
			return true;
	}
	return false;
}

/* A start of authority, so that denials look as they do outside. */
static void
put_authority(struct answer *a)
{
	static const unsigned char numbers[20] = { 0, 0, 0, 1 };
	size_t length_at;

	put_name(a, "example");
	sim_dns_16(&a->m, T_SOA);
	sim_dns_16(&a->m, 1);
	sim_dns_16(&a->m, 0);
	sim_dns_16(&a->m, 300);
	length_at = a->m.n;
	sim_dns_16(&a->m, 0);
	put_name(a, "ns.example");
	put_name(a, "hostmaster.example");
	put(&a->m, numbers, sizeof(numbers));
	a->m.p[length_at + 1] = (unsigned char)(a->m.n - length_at - 2);
	a->authority = 1;
}

static unsigned
rcode_of(const char *name, unsigned type)
{
	if (find_trouble(name, type, FAILED))
		return RCODE_SERVFAIL;
	if (find_trouble(name, type, REFUSED))
		return RCODE_REFUSED;
	if (find_trouble(name, type, NOT_IMPLEMENTED))
		return RCODE_NOTIMP;
	if (find_trouble(name, type, FORMAT))
		return RCODE_FORMERR;
	if (find_trouble(name, type, NO_NAME))
		return RCODE_NXDOMAIN;
	return 0;
}

/* Follows aliases, then adds what was asked for. */
static void
put_answers(struct answer *a, unsigned type)
{
	const struct row *alias, *denial;
	int left = 40;

	while (type != T_CNAME && left-- > 0 &&
	    (alias = find_row(a->name, T_CNAME)) != NULL &&
	    (a->rcode = rcode_of(a->name, type)) == 0) {
		if (!put_row(a, alias))
			return;
		a->answers++;
		a->secure &= alias->secure;
		a->name = alias->target;
	}
	if (a->rcode == 0)
		a->rcode = rcode_of(a->name, type);
	if (a->rcode == 0)
		put_rows(a, type);
	if (a->rcode == 0 && !name_exists(a->name))
		a->rcode = RCODE_NXDOMAIN;
	denial = find_trouble(a->name, type,
	    a->rcode == RCODE_NXDOMAIN ? NO_NAME : NO_DATA);
	a->denied = denial != NULL && denial->secure;
}

static void
put_edns(struct answer *a, const struct sim_question *q)
{
	put(&a->m, "", 1);
	sim_dns_16(&a->m, T_OPT);
	sim_dns_16(&a->m, 1232);
	sim_dns_16(&a->m, 0);
	sim_dns_16(&a->m, q->dnssec_ok ? 0x8000 : 0);
	sim_dns_16(&a->m, 0);
}

static void
set_16(struct sim_message *m, size_t at, unsigned value)
{
	m->p[at] = (unsigned char)(value >> 8);
	m->p[at + 1] = (unsigned char)value;
}

static void
finish_head(struct answer *a, const struct sim_question *q)
{
	unsigned flags = FLAG_QR | FLAG_RA | a->rcode;

	flags |= q->rd ? FLAG_RD : 0;
	flags |= q->cd ? FLAG_CD : 0;
	flags |= a->truncated ? FLAG_TC : 0;
	if (a->secure && (a->answers > 0 || a->denied) &&
	    (q->dnssec_ok || q->ad))
		flags |= FLAG_AD;
	set_16(&a->m, 2, flags);
	set_16(&a->m, 6, a->answers);
	set_16(&a->m, 8, a->authority);
	set_16(&a->m, 10, q->edns && a->rcode != RCODE_FORMERR);
}

static void
answer_from_zone(struct sim_question *q)
{
	struct answer *a = sim_alloc(sizeof(*a));
	bool edns_fault = q->edns && find_trouble(q->name, q->type, NO_EDNS);
	const struct row *delay = find_trouble(q->name, q->type, DELAY);

	a->name = q->name;
	a->secure = true;
	a->limit = q->tcp ? 65535 : q->udp_bytes - (q->edns ? 11u : 0u);
	sim_dns_head(&a->m, q->id, 0, 1, 0, 0, 0);
	put_name(a, q->name);
	sim_dns_16(&a->m, q->type);
	sim_dns_16(&a->m, 1);
	if (edns_fault)
		a->rcode = RCODE_FORMERR;
	else if (!q->tcp && find_trouble(q->name, q->type, TRUNCATED))
		a->truncated = true;
	else
		put_answers(a, q->type);
	if (a->answers == 0 && !a->truncated &&
	    (a->rcode == 0 || a->rcode == RCODE_NXDOMAIN))
		put_authority(a);
	if (q->edns && a->rcode != RCODE_FORMERR)
		put_edns(a, q);
	finish_head(a, q);
	q->delay = delay != NULL ? delay->delay : 0;
	q->drop = find_trouble(q->name, q->type, SILENT) != NULL;
	sim_dns_use(q, &a->m);
}

/* ---- questions ---------------------------------------------------------- */

static unsigned
get_16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The OPT record, which must be the only one behind the question. */
static void
read_edns(struct sim_question *q, size_t at)
{
	const unsigned char *p = q->bytes + at;

	q->udp_bytes = 512;
	if (get_16(q->bytes + 10) == 0) {
		if (at != q->n)
			sim_fail("a question with octets behind its end");
		return;
	}
	if (get_16(q->bytes + 10) != 1 || q->n < at + 11 || p[0] != 0 ||
	    get_16(p + 1) != T_OPT || q->n != at + 11 + get_16(p + 9))
		sim_fail("a question whose additional record is no OPT");
	q->edns = true;
	q->udp_bytes = (uint16_t)get_16(p + 3);
	if (q->udp_bytes < 512)
		q->udp_bytes = 512;
	q->dnssec_ok = (p[7] & 0x80) != 0;
}

/* A question that no server would take is a mistake of the code under test. */
static void
read_question(struct sim_question *q)
{
	size_t at = 12;
	unsigned flags;

	if (q->n < 12 || get_16(q->bytes + 4) != 1 ||
	    get_16(q->bytes + 6) != 0 || get_16(q->bytes + 8) != 0 ||
	    !get_name(q->bytes, q->n, &at, q->name) || at + 4 > q->n ||
	    get_16(q->bytes + at + 2) != 1)
		sim_fail("a question that cannot be read, of %zu octets",
		    q->n);
	q->id = (uint16_t)get_16(q->bytes);
	q->type = (uint16_t)get_16(q->bytes + at);
	flags = get_16(q->bytes + 2);
	if ((flags & (FLAG_QR | 0x7800 | FLAG_TC | 0xf)) != 0)
		sim_fail("a question with flags 0x%x", flags);
	q->rd = (flags & FLAG_RD) != 0;
	q->ad = (flags & FLAG_AD) != 0;
	q->cd = (flags & FLAG_CD) != 0;
	read_edns(q, at + 4);
}

static struct sim_question *
ask(const char *where, bool tcp, const void *data, size_t n)
{
	struct sim_question *q = sim_alloc(sizeof(*q));
	unsigned char *copy = sim_alloc(n);

	memcpy(copy, data, n);
	q->server = where;
	q->tcp = tcp;
	q->number = sim.dns->questions++;
	q->bytes = copy;
	q->n = n;
	q->tcp_length = -1;
	q->tcp_cut = SIZE_MAX;
	read_question(q);
	sim_text_fmt(&sim.dns->asked, "%s %s %s %s\n", where,
	    tcp ? "tcp" : "udp", *q->name != '\0' ? q->name : ".",
	    type_name(q->type));
	answer_from_zone(q);
	if (sim.dns->hook != NULL)
		sim.dns->hook(q, sim.dns->hook_arg);
	return q;
}

void
sim_dns_hook(void (*hook)(struct sim_question *q, void *arg), void *arg)
{
	sim.dns->hook = hook;
	sim.dns->hook_arg = arg;
}

const char *
sim_questions(void)
{
	return sim_text_get(&sim.dns->asked);
}

unsigned
sim_question_count(void)
{
	return sim.dns->questions;
}

/* ---- servers ------------------------------------------------------------ */

static struct server *
find_server(const char *where)
{
	struct server *s;

	for (s = sim.dns->servers; s != NULL; s = s->next)
		if (strcmp(s->where, where) == 0)
			return s;
	return NULL;
}

/* The first call takes the place of the server at 127.0.0.1. */
void
sim_name_server(const char *where)
{
	struct server *s = sim_alloc(sizeof(*s));

	if (!sim.dns->own_servers) {
		sim.dns->own_servers = true;
		sim.dns->servers = NULL;
		sim_dial("127.0.0.1:53", SIM_REFUSED, 0);
	}
	s->where = sim_where(where);
	s->next = sim.dns->servers;
	sim.dns->servers = s;
	if (strcmp(s->where, "127.0.0.1:53") == 0)
		sim_dial_fine(s->where);
	serve_tcp_here(s->where);
}

void
sim_name_server_state(const char *where, enum sim_ns state)
{
	struct server *s = find_server(sim_where(where));

	if (s == NULL)
		sim_fail("no name server at %s", where);
	s->state = state;
	sim_dial_fine(s->where);
	if (state != SIM_NS_FINE)
		sim_dial(where, state == SIM_NS_SILENT ? SIM_TIMEOUT :
		    SIM_REFUSED, 0);
}

/* ---- over TCP ------------------------------------------------------------ */

static void
answer_tcp(struct sim_conn *c, const struct sim_question *q)
{
	size_t length = q->tcp_length >= 0 ? (size_t)q->tcp_length :
	    q->answer_n;
	size_t n = 2 + q->answer_n;
	unsigned char *all = sim_alloc(n);

	if (q->drop)
		return;
	all[0] = (unsigned char)(length >> 8);
	all[1] = (unsigned char)length;
	memcpy(all + 2, q->answer, q->answer_n);
	sim_wait(c, q->delay);
	sim_put(c, all, n < q->tcp_cut ? n : q->tcp_cut);
	if (n > q->tcp_cut)
		sim_close(c);
}

static size_t
take_tcp(struct sim_conn *c, struct span bytes, void *arg)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t n = bytes.n >= 2 ? get_16(p) : 0;

	if (bytes.n < 2 || bytes.n - 2 < n)
		return 0;
	sim.dns->tcp = c;
	answer_tcp(c, ask(arg, true, p + 2, n));
	sim.dns->tcp = NULL;
	return 2 + n;
}

static void
serve_tcp_here(const char *where)
{
	static const struct sim_service svc = { .data = take_tcp };

	sim_serve(where, &svc, sim_copy(where));
}

/* ---- over UDP ------------------------------------------------------------ */

static void
deliver(struct udp *u, const void *data, size_t n, ms_t delay)
{
	struct datagram *d = sim_alloc(sizeof(*d)), **at = &u->first;

	d->at = sim.now + delay;
	sim_text_put(&d->text, data, n);
	while (*at != NULL && (*at)->at <= d->at)
		at = &(*at)->next;
	d->next = *at;
	*at = d;
}

void
sim_dns_send(const void *data, size_t n, ms_t delay)
{
	if (sim.dns->udp != NULL)
		deliver(sim.dns->udp, data, n, delay);
	else if (sim.dns->tcp != NULL)
		sim_put(sim.dns->tcp, data, n);
	else
		sim_fail("sim_dns_send() outside the hook");
}

static void
udp_end(struct sim_open *o)
{
	struct udp *u = o->p, **at;

	u->closed = true;
	for (at = &sim.dns->udps; *at != NULL; at = &(*at)->next)
		if (*at == u) {
			*at = u->next;
			return;
		}
}

static ms_t
udp_next(void *arg)
{
	const struct udp *u = arg;

	if (u->unreachable)
		return sim.now;
	return u->first != NULL ? u->first->at : MS_NEVER;
}

static bool
udp_ready(void *arg)
{
	return udp_next(arg) <= sim.now;
}

static const struct sim_fd_ops udp_ops = {
	SIM_FD_UDP, udp_end, udp_ready, udp_next
};

enum rc
port_udp(const struct port_addr *to, int *out)
{
	struct udp *u;
	const struct server *s;
	int fault;

	if (sim_call_fails("port_udp"))
		return RC_OS;
	sim_jail_check_network("port_udp");
	if (!sim_has_family(to->ip.family))
		return sim_os(EAFNOSUPPORT);
	u = sim_alloc(sizeof(*u));
	u->where = sim_where_of(to);
	s = find_server(u->where);
	u->unreachable = s == NULL || s->state == SIM_NS_UNREACHABLE;
	if (sim_is_cut_off(&to->ip))
		return sim_os(ENETUNREACH);
	fault = s == NULL ? sim_dial_fault(u->where) : -1;
	if (fault == SIM_NO_ROUTE || fault == SIM_NET_DOWN)
		return sim_os(fault == SIM_NO_ROUTE ? EHOSTUNREACH :
		    ENETUNREACH);
	u->next = sim.dns->udps;
	sim.dns->udps = u;
	*out = sim_fd_new(&udp_ops, u);
	return RC_OK;
}

enum rc
port_udp_send(int fd, struct span data)
{
	struct udp *u;
	const struct server *s;
	const struct sim_question *q;

	if (sim_call_fails("port_udp_send"))
		return RC_OS;
	u = sim_fd_of(fd, SIM_FD_UDP);
	s = find_server(u->where);
	if (s == NULL || s->state != SIM_NS_FINE)
		return RC_OK;
	sim.dns->udp = u;
	sim.me->in_world++;
	q = ask(s->where, false, data.p, data.n);
	sim.me->in_world--;
	if (!q->drop)
		deliver(u, q->answer, q->answer_n, q->delay);
	sim.dns->udp = NULL;
	return RC_OK;
}

enum rc
port_udp_recv(int fd, void *out, size_t n, ms_t until, size_t *got)
{
	struct udp *u;
	struct datagram *d;

	if (sim_call_fails("port_udp_recv"))
		return RC_OS;
	u = sim_fd_of(fd, SIM_FD_UDP);
	if (!sim_wait_for(udp_ready, udp_next, u, until))
		return RC_TIME;
	if (u->unreachable) {
		sim.error = ECONNREFUSED;
		return RC_GONE;
	}
	d = u->first;
	u->first = d->next;
	*got = n < d->text.n ? n : d->text.n;
	if (*got > 0)
		memcpy(out, d->text.p, *got);
	return RC_OK;
}

ms_t
sim_udp_next(void)
{
	const struct udp *u;
	ms_t t = MS_NEVER;

	for (u = sim.dns->udps; u != NULL; u = u->next)
		if (u->first != NULL && u->first->at > sim.now &&
		    u->first->at < t)
			t = u->first->at;
	return t;
}
