/*
 * dns_tlsa.c - what a host's own zone says of its certificate, and which of the
 * host's names that zone vouches for.  RFC 6698, 3; RFC 7672, 2.1 and 2.2.3.
 *
 * Three ends, and mail depends on the difference: validated records, none, and
 * "nobody can tell".  Who could turn the third into the second would switch
 * DANE off.
 */
#include "dns_int.h"

#define PREFIX_MAX	16	/* `_65535._tcp.`, and NUL */

static enum rc
proven(const struct dns *d, enum rc rc, const struct dns_answer *answer)
{
	if (rc == RC_OK)
		return answer->is_secure ? RC_OK : RC_NONE;
	if (rc == RC_DENY)
		return d->fault == DNS_NO_NAME ? RC_NONE : RC_WIRE;
	return rc;
}

enum rc
dns_tlsa(struct dns *d, struct arena *a, struct span host, uint16_t port,
	struct dns_answer *out)
{
	char text[PREFIX_MAX + DNS_NAME_MAX];
	struct buf b = BUF(text);

	*out = (struct dns_answer){ 0 };
	buf_fmt(&b, "_%u._tcp.%.*s", port, SPAN_ARG(host));
	/* Where there is no room for the prefix nobody can have records. */
	if (b.full || b.n > DNS_NAME_MAX)
		return RC_NONE;
	return proven(d, dns_ask(d, a, buf_span(&b), DNS_TLSA, out), out);
}

enum rc
dns_alias(struct dns *d, struct arena *a, struct span name)
{
	struct dns_answer answer;
	size_t used = a->used;
	enum rc rc = dns_ask(d, a, name, DNS_CNAME, &answer);

	a->used = used;
	return proven(d, rc, &answer);
}
