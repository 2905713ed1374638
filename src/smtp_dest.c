/*
 * smtp_dest.c - destination syntax as that of relayhost, and ports by number
 * or name.
 */
#include <string.h>

#include "dns.h"
#include "port.h"
#include "smtp_int.h"

/*
 * One group of known_tcp_ports: `smtps=submissions=465`.  The last part is the
 * number, the others are its names.
 */
static bool
group_has(struct span group, struct span name, uint16_t *out)
{
	struct span word;
	bool found = false;
	uint64_t n;

	while (span_word(&group, "=", &word)) {
		word = span_trim(word);
		if (found && group.n == 0 && span_number(word, 65535, &n) &&
		    n > 0) {
			*out = (uint16_t)n;
			return true;
		}
		found |= span_eq(word, name);
	}
	return false;
}

enum rc
dest_port(const struct settings *set, struct span text, uint16_t *out)
{
	struct span groups = set->known_tcp_ports, group;
	char name[64];
	struct buf b = BUF(name);
	uint64_t n;

	if (text.n > 0 && text.p[0] >= '0' && text.p[0] <= '9') {
		if (!span_number(text, 65535, &n) || n == 0)
			return RC_DENY;
		*out = (uint16_t)n;
		return RC_OK;
	}
	while (span_word(&groups, ",", &group))
		if (group_has(group, text, out))
			return RC_OK;
	buf_put(&b, text);
	if (text.n == 0 || b.full)
		return RC_DENY;
	return port_service(buf_text(&b), out) == RC_OK ? RC_OK : RC_DENY;
}

/* `[host]`, `[host]:port`, `host`, `host:port`; *rest is the port's text. */
static enum rc
split(struct span text, bool *brackets, struct span *host, struct span *rest,
    const char **why)
{
	size_t end;

	*brackets = text.n > 0 && text.p[0] == '[';
	if (*brackets) {
		end = span_find(text, ']');
		if (end == text.n) {
			*why = "the bracket is not closed";
			return RC_DENY;
		}
		*host = span_part(text, 1, end - 1);
		*rest = span_part(text, end + 1, text.n);
		if (rest->n > 0 && rest->p[0] != ':') {
			*why = "only a colon and a port may follow the bracket";
			return RC_DENY;
		}
	} else {
		end = span_find(text, ':');
		*host = span_part(text, 0, end);
		*rest = span_part(text, end, text.n);
	}
	span_skip(rest, 1);
	if (host->n == 0) {
		*why = "there is no host in it";
		return RC_DENY;
	}
	return RC_OK;
}

/*
 * An address as RFC 5321, 4.1.3 writes it, and the bare IPv6 form that people
 * write; the prefix is taken off.  RC_NONE: it is a name.
 */
static enum rc
literal(struct span *host, bool brackets, struct ip *out, const char **why)
{
	if (brackets && span_starts_case(*host, "ipv6:")) {
		span_skip(host, 5);
		*why = "there is no IPv6 address behind ipv6:";
		return ip_parse(*host, out) && out->family == IP_V6 ? RC_OK :
		    RC_DENY;
	}
	return ip_parse(*host, out) ? RC_OK : RC_NONE;
}

static enum rc
name_to_ascii(const struct settings *set, struct span host, struct dest *out,
    const char **why)
{
	struct buf room = BUF(out->room);

	if (span_has_8bit(host) && !set->smtputf8_enable) {
		*why = "names beyond ASCII need smtputf8_enable = yes";
		return RC_DENY;
	}
	if (dns_to_ascii(host, &room) == RC_OK && !room.full &&
	    dns_name_check(buf_span(&room)) == RC_OK) {
		out->host = buf_span(&room);
		return RC_OK;
	}
	*why = "the host is no valid domain name";
	return RC_DENY;
}

static enum rc
parse_inet(const struct settings *set, struct span text, struct dest *out,
    const char **why)
{
	struct span host, port;
	bool brackets;
	enum rc rc;

	TRY(split(text, &brackets, &host, &port, why));
	*why = "its port is neither a number from 1 to 65535 nor a service "
	    "name of known_tcp_ports or the services file";
	TRY(dest_port(set, port.n > 0 ? port : set->tcp_port, &out->port));
	rc = literal(&host, brackets, &out->ip, why);
	out->no_mx |= brackets || rc == RC_OK;
	out->host = host;
	return rc == RC_NONE ? name_to_ascii(set, host, out, why) : rc;
}

enum rc
dest_parse(const struct settings *set, struct span text, struct dest *out,
    const char **why)
{
	bool lmtp = out->is_lmtp;

	*out = (struct dest){ .is_lmtp = lmtp, .text = text, .no_mx = lmtp };
	return parse_inet(set, text, out, why);
}

void
dest_unix(struct span path, struct dest *out)
{
	*out = (struct dest){
		.is_lmtp = true, .text = path, .host = path, .is_unix = true,
		.no_mx = true
	};
}
