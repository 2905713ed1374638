/*
 * dest_fuzz.c - any octets as a destination.
 *
 * The first octet says for which protocol, and whether names beyond ASCII are
 * allowed.  The rest is divided by NUL: the destination, known_tcp_ports, the
 * port setting, and the one name that the services file has.
 *
 * covers: src/smtp_dest.c
 */
#include <stdlib.h>
#include <string.h>

#include "../../src/smtp_int.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define SERVICE_PORT	2525

enum { LMTP = 1, UTF8 = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct span service;

enum rc
port_service(const char *name, uint16_t *out)
{
	HOLDS(name[0] != '\0' && (name[0] < '0' || name[0] > '9'));
	if (!span_is(service, name))
		return RC_NONE;
	*out = SERVICE_PORT;
	return RC_OK;
}

_Noreturn void
assert_failed(const char *file, int line)
{
	(void)file;
	(void)line;
	abort();
}

static bool
is_inside(struct span s, struct span whole)
{
	return s.p >= whole.p && s.p + s.n <= whole.p + whole.n;
}

/* The same host and port written out in full must mean the same. */
static void
check_again(const struct settings *set, const struct dest *d)
{
	static char room[2 * 65536];
	struct buf b = BUF(room);
	struct dest again = { .is_lmtp = d->is_lmtp };

	if (d->ip.family == IP_V6) {
		buf_puts(&b, "[ipv6:");
		ip_put(&b, &d->ip);
	} else {
		buf_puts(&b, "[");
		buf_put(&b, d->host);
	}
	buf_fmt(&b, "]:%u", d->port);
	HOLDS(!b.full);
	HOLDS(dest_parse(set, buf_span(&b), &again) == NULL);
	HOLDS(again.port == d->port && again.no_mx && !again.is_unix);
	HOLDS(ip_eq(&again.ip, &d->ip));
	HOLDS(d->ip.family == IP_V6 || span_eq(again.host, d->host));
}

static void
check_found(const struct settings *set, struct span text, const struct dest *d)
{
	struct span room = { d->room, sizeof(d->room) };

	HOLDS(d->text.p == text.p && d->text.n == text.n);
	HOLDS(d->host.n > 0);
	HOLDS(d->no_mx || !d->is_lmtp);
	if (d->is_unix) {
		HOLDS(d->is_lmtp && is_inside(d->host, text));
		HOLDS(d->host.n + 5 == text.n);
		return;
	}
	HOLDS(d->port > 0);
	if (d->ip.family == IP_NONE) {
		HOLDS(dns_name_check(d->host) == RC_OK);
		HOLDS(is_inside(d->host, room));
		HOLDS(set->smtputf8_enable || !span_has_8bit(text) ||
		    span_find_last(text, ':') < text.n);
	} else {
		HOLDS(d->no_mx && is_inside(d->host, text));
	}
	check_again(set, d);
}

static void
check_refused(const struct dest *d, const char *why)
{
	HOLDS(why != NULL && strlen(why) > 10);
	HOLDS(!d->is_unix || d->host.n == 0);
}

/* Takes what is ahead of the next NUL off. */
static struct span
part(struct span *rest)
{
	size_t n = span_find(*rest, '\0');
	struct span s = span_head(*rest, n);

	*rest = span_tail(*rest, n + 1);
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct settings set;
	static struct dest d;
	struct span rest = { (const char *)data, n }, text;
	const char *why;

	if (n == 0)
		return 0;
	rest = span_part(rest, 1, n);
	text = part(&rest);
	set.known_tcp_ports = part(&rest);
	set.tcp_port = part(&rest);
	if (set.tcp_port.n == 0)
		set.tcp_port = SPAN("25");
	service = rest;
	set.smtputf8_enable = data[0] & UTF8;
	d.is_lmtp = data[0] & LMTP;
	why = dest_parse(&set, text, &d);
	HOLDS(d.is_lmtp == ((data[0] & LMTP) != 0));
	if (why == NULL)
		check_found(&set, text, &d);
	else
		check_refused(&d, why);
	return 0;
}
