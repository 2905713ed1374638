/*
 * dns_fault.c - the last failure of a resolver, in words for the log.
 */
#include <string.h>

#include "dns_int.h"

static const struct {
	uint8_t type;
	char name[7];
} types[] = {
	{ DNS_A, "A" }, { DNS_NS, "NS" }, { DNS_CNAME, "CNAME" },
	{ DNS_SOA, "SOA" }, { DNS_MX, "MX" }, { DNS_TXT, "TXT" },
	{ DNS_AAAA, "AAAA" }, { DNS_SRV, "SRV" }, { DNS_OPT, "OPT" },
	{ DNS_DS, "DS" }, { DNS_DNSKEY, "DNSKEY" }, { DNS_TLSA, "TLSA" }
};

const char *
dns_type_name(enum dns_type type)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

bool
dns_type_find(struct span name, enum dns_type *out)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (span_is_case(name, types[i].name)) {
			*out = (enum dns_type)types[i].type;
			return true;
		}
	return false;
}

enum rc
dns_fail(struct dns *d, enum dns_fault fault, enum dns_type type,
	struct span name, enum rc rc)
{
	struct buf b = BUF(d->fault_name);

	d->fault = fault;
	d->fault_type = type;
	buf_put_cut(&b, name);
	(void)buf_text(&b);
	return rc;
}

/* By enum dns_fault, one after the other. */
static const char texts[] =
	"the answer is too long\0"
	"no such name\0"
	"the name has no record of this type\0"
	"the domain takes no mail (null MX)\0"
	"no record is usable\0"
	"aliases go round, or are too many\0"
	"no name server takes this question\0"
	"the name server's answer cannot be read\0"
	"the name server failed, try again\0"
	"no name server answers, try again\0"
	"dns_reply_filter takes out all records\0"
	"dns_reply_filter cannot tell";

static const char *
fault_text(enum dns_fault fault)
{
	const char *text = texts;

	for (unsigned i = 0; i < fault; i++)
		text += strlen(text) + 1;
	return text;
}

void
dns_fault_put(struct buf *b, const struct dns *d)
{
	buf_fmt(b, "name=%s type=%s: %s", d->fault_name,
	    dns_type_name(d->fault_type), fault_text(d->fault));
}
