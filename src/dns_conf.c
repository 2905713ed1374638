/*
 * dns_conf.c - what resolv.conf says.
 *
 * resolv.conf is written by DHCP clients, VPN scripts and by hand: a line that
 * makes no sense is passed over, as every resolver does, never an error.
 */
#include <string.h>

#include "dns_int.h"

#define RESOLV_CONF	"/etc/resolv.conf"

/* The usual bounds: resolv.conf(5). */
#define TIMEOUT_MAX_S	30
#define ATTEMPTS_MAX	5
#define NDOTS_MAX	15

#define BLANKS		" \t\r"

static void
add_server(struct dns_conf *c, struct span text)
{
	struct port_addr *server = &c->server[c->servers];

	if (c->servers == DNS_SERVERS_MAX || !ip_parse(text, &server->ip))
		return;
	server->port = DNS_PORT;
	c->servers++;
}

/* The last of several such lines counts, and a domain is a list of one. */
static void
set_search(struct dns_conf *c, struct span list, unsigned most)
{
	struct span word;

	c->searches = 0;
	while (c->searches < most && span_word(&list, BLANKS, &word)) {
		struct buf b = BUF(c->search[c->searches]);

		if (word.p[word.n - 1] == '.')
			word.n--;
		if (dns_name_check(word) != RC_OK)
			continue;
		buf_put(&b, word);
		(void)buf_text(&b);
		c->searches++;
	}
}

/* The number of `name:number`, held between least and most. */
static bool
number_of(struct span word, const char *name, unsigned least, unsigned most,
	unsigned *out)
{
	size_t n = strlen(name);
	uint64_t v;

	if (word.n <= n || memcmp(word.p, name, n) != 0
	    || !span_number(span_tail(word, n), UINT32_MAX, &v))
		return false;
	*out = v < least ? least : v > most ? most : (unsigned)v;
	return true;
}

static void
set_option(struct dns_conf *c, struct span word)
{
	unsigned v;

	if (number_of(word, "timeout:", 1, TIMEOUT_MAX_S, &v))
		c->timeout = v * SECOND;
	else if (number_of(word, "attempts:", 1, ATTEMPTS_MAX, &v))
		c->attempts = v;
	else if (number_of(word, "ndots:", 0, NDOTS_MAX, &v))
		c->ndots = v;
	else if (span_is(word, "rotate"))
		c->rotate = true;
	else if (span_is(word, "trust-ad"))
		c->trust_ad = true;
	else if (span_is(word, "use-vc"))
		c->use_vc = true;
	else if (span_is(word, "edns0"))
		c->no_edns = false;	/* as it is by default */
	else if (span_is(word, "no-edns0"))
		c->no_edns = true;	/* ours alone: for odd firewalls */
}

static void
parse_line(struct dns_conf *c, struct span line)
{
	struct span key, word;

	if (line.n > 0 && (line.p[0] == '#' || line.p[0] == ';'))
		return;
	if (!span_word(&line, BLANKS, &key))
		return;
	if (span_is(key, "search"))
		set_search(c, line, DNS_SEARCH_MAX);
	else if (span_is(key, "domain"))
		set_search(c, line, 1);
	else if (span_is(key, "nameserver")) {
		if (span_word(&line, BLANKS, &word))
			add_server(c, word);
	} else if (span_is(key, "options")) {
		while (span_word(&line, BLANKS, &word))
			set_option(c, word);
	}
}

void
dns_conf_parse(struct dns_conf *c, struct span text)
{
	struct span line;

	*c = (struct dns_conf){
		.timeout = 5 * SECOND, .attempts = 2, .ndots = 1
	};
	while (span_line(&text, &line))
		parse_line(c, line);
	if (c->servers == 0)
		add_server(c, SPAN("127.0.0.1"));
}

/* ---- a resolver ---------------------------------------------------------- */

static void
read_conf(struct dns *d)
{
	struct dns_lines f;
	struct span text = { 0 };

	/* Without the file, or one that can't be read: a server of our own. */
	if (dns_lines_open(&f, RESOLV_CONF, d->msg, DNS_TCP_MAX) == RC_OK) {
		if (dns_lines_next(&f, &text) != RC_OK)
			text.n = 0;
		dns_lines_close(&f);
	}
	dns_conf_parse(&d->conf, text);
}

enum rc
dns_open(struct dns *d)
{
	*d = (struct dns){
		.until = MS_NEVER, .families = DNS_V4 | DNS_V6,
		.msg = port_memory(DNS_TCP_MAX + 2)
	};
	if (d->msg == NULL)
		return RC_OS;
	read_conf(d);
	return RC_OK;
}

void
dns_rest(struct dns *d)
{
	port_memory_forget(d->msg, DNS_TCP_MAX + 2);
}
