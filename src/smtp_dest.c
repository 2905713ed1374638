/*
 * smtp_dest.c - destination syntax as that of relayhost, and ports by number
 * or name.
 */
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

static const char *
name_to_ascii(const struct settings *set, struct span host, struct dest *out)
{
	struct buf room = BUF(out->room);

	if (span_has_8bit(host) && !set->smtputf8_enable)
		return "names beyond ASCII need smtputf8_enable = yes";
	if (dns_to_ascii(host, &room) != RC_OK || room.full ||
	    dns_name_check(buf_span(&room)) != RC_OK)
		return "the host is no valid domain name";
	out->host = buf_span(&room);
	return NULL;
}

/*
 * An address as RFC 5321, 4.1.3 writes it, and the bare IPv6 form that people
 * write; the prefix is taken off.  Else it is a name.
 */
static const char *
parse_host(const struct settings *set, struct span host, bool brackets,
    struct dest *out)
{
	bool is_v6 = brackets && span_starts_case(host, "ipv6:");

	if (is_v6)
		span_skip(&host, 5);
	out->host = host;
	out->no_mx |= brackets;
	if (!ip_parse(host, &out->ip) && !is_v6)
		return name_to_ascii(set, host, out);
	if (is_v6 && out->ip.family != IP_V6)
		return "there is no IPv6 address behind ipv6:";
	out->no_mx = true;
	return NULL;
}

/* `[host]`, `[host]:port`, `host`, `host:port` */
const char *
dest_parse(const struct settings *set, struct span text, struct dest *out)
{
	bool lmtp = out->is_lmtp, brackets = text.n > 0 && text.p[0] == '[';
	struct span host = text, port;
	size_t end;

	*out = (struct dest){ .is_lmtp = lmtp, .text = text, .no_mx = lmtp };
	if (brackets)
		span_skip(&host, 1);
	end = span_find(host, brackets ? ']' : ':');
	if (brackets && end == host.n)
		return "the bracket is not closed";
	port = span_tail(host, end + brackets);
	if (port.n > 0 && port.p[0] != ':')
		return "only a colon and a port may follow the bracket";
	span_skip(&port, 1);
	host = span_head(host, end);
	if (host.n == 0)
		return "there is no host in it";
	if (dest_port(set, port.n > 0 ? port : set->tcp_port, &out->port) !=
	    RC_OK)
		return "its port is neither a number from 1 to 65535 nor a "
		    "service name of known_tcp_ports or the services file";
	return parse_host(set, host, brackets, out);
}

void
dest_unix(struct span path, struct dest *out)
{
	*out = (struct dest){
		.is_lmtp = true, .text = path, .host = path, .is_unix = true,
		.no_mx = true
	};
}
