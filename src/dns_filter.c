/*
 * dns_filter.c - smtp_dns_reply_filter: a table that takes records out of
 * answers before anyone makes use of them.
 */
#include "dns_int.h"

/* `mx1.example. 3600 IN MX 10 host.example.`, as dig prints it. */
static void
put_record(struct buf *b, struct span owner, const struct dns_record *r)
{
	buf_fmt(b, "%.*s. %u IN %s ", SPAN_ARG(owner), (unsigned)r->ttl_s,
	    dns_type_name(r->type));
	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		ip_put(b, &r->ip);
		break;
	case DNS_MX:
		buf_fmt(b, "%u %.*s.", r->preference, SPAN_ARG(r->name));
		break;
	case DNS_SRV:
		buf_fmt(b, "%u %u %u %.*s.", r->preference, r->weight,
		    r->port, SPAN_ARG(r->name));
		break;
	case DNS_NS:
	case DNS_CNAME:
		buf_fmt(b, "%.*s.", SPAN_ARG(r->name));
		break;
	case DNS_TLSA:
		if (r->data.n < 3)
			break;
		buf_fmt(b, "%u %u %u ", (unsigned char)r->data.p[0],
		    (unsigned char)r->data.p[1], (unsigned char)r->data.p[2]);
		code_hex(b, span_tail(r->data, 3));
		break;
	default:
		text_printable(b, r->data);
	}
}

/* A root name takes no mail (RFC 7505), and no table makes that undone. */
static bool
is_null_mx(const struct dns_record *r)
{
	return r->type == DNS_MX && r->name.n == 0;
}

enum rc
dns_filter(const struct dns *d, struct span owner,
    const struct dns_record *r)
{
	char key_room[1024], value_room[TABLE_VALUE_MAX];
	struct buf key = BUF(key_room), value = BUF(value_room);
	struct span rest, word = { 0 };
	enum rc rc;

	if (d->filter == NULL || d->filter->first == NULL || is_null_mx(r))
		return RC_OK;
	put_record(&key, owner, r);
	rc = table_find(d->filter, buf_span(&key), TABLE_ANY, &value);
	if (rc == RC_NONE)
		return RC_OK;
	rest = buf_span(&value);
	(void)span_word(&rest, " \t", &word);
	return rc == RC_OK && span_is_case(word, "IGNORE") ? RC_NONE :
	    RC_DENY;
}
