/*
 * dns_fault.c - the last failure of a resolver, in words for the log.
 */
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

static const char *
fault_text(enum dns_fault fault)
{
	switch (fault) {
	case DNS_FINE: return "the answer is too long";
	case DNS_NO_NAME: return "no such name";
	case DNS_NO_DATA: return "the name has no record of this type";
	case DNS_NULL_MX: return "the domain takes no mail (null MX)";
	case DNS_BAD_RECORDS: return "no record is usable";
	case DNS_ALIAS_LOOP: return "aliases go round, or are too many";
	case DNS_BAD_QUESTION: return "no name server takes this question";
	case DNS_BROKEN: return "the name server's answer cannot be read";
	case DNS_SERVER_FAILED: return "the name server failed, try again";
	case DNS_SILENT: return "no name server answers, try again";
	case DNS_FILTERED: return "dns_reply_filter takes out all records";
	case DNS_BAD_FILTER: return "dns_reply_filter cannot tell";
	}
	return "?";
}

void
dns_fault_put(struct buf *b, const struct dns *d)
{
	buf_fmt(b, "name=%s type=%s: %s", d->fault_name,
	    dns_type_name(d->fault_type), fault_text(d->fault));
}
